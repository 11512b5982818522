/* ledger/tiles_drop.c - after a crash, and once a tile is full. */
#include "ledger/tiles_drop.h"

#include <string.h>

#include "core/fs.h"
#include "ledger/decimal.h"

/* DIR/tile/L/N, or its folder of partial tiles where ${width} is 0. */
static enum err
path_of(const char *dir, int level, uint64_t index, unsigned width,
    char ret[FS_PATH_MAX])
{
	const struct tiles_id id = {level, index, width};
	char name[TILES_PATH_MAX];

	tiles_path(&id, name);
	return fs_path(ret, "%s/%s", dir, name);
}

static enum err
is_there(const char *dir, int level, uint64_t index, int *ret)
{
	char whole[FS_PATH_MAX], partial[FS_PATH_MAX];

	RETURN_IF(path_of(dir, level, index, TILES_WIDTH, whole));
	RETURN_IF(path_of(dir, level, index, 0, partial));
	*ret = fs_exists(whole) || fs_exists(partial);
	return ERR_OK;
}

/* The first index behind ${index} of which there is nothing. */
static enum err
find_end(const char *dir, int level, uint64_t index, uint64_t *ret)
{
	int there;

	for (;; index++) {
		RETURN_IF(is_there(dir, level, index, &there));
		if (!there)
			break;
	}
	*ret = index;
	return ERR_OK;
}

/* Is ${name}, a file in a folder of partial tiles, wider than ${width}, or no
 * tile at all (a temporary file of a crashed write)? */
static int
is_surplus(const char *name, unsigned width)
{
	uint64_t w;

	return decimal_parse(bytes_str(name), TILES_WIDTH, &w) != ERR_OK ||
	    w > width;
}

static enum err
drop_wider(const char *dir, int level, uint64_t index, unsigned width)
{
	CLEANUP(fs_names_release) struct fs_names names = {0};
	char folder[FS_PATH_MAX], path[FS_PATH_MAX];
	enum err e;
	size_t i;

	RETURN_IF(path_of(dir, level, index, 0, folder));
	e = fs_list(folder, &names);
	if (e == ERR_NOT_FOUND)
		return ERR_OK;
	RETURN_IF(e);
	for (i = 0; i < names.len; i++) {
		if (!is_surplus(names.names[i], width))
			continue;
		RETURN_IF(fs_path(path, "%s/%s", folder, names.names[i]));
		RETURN_IF(fs_remove(path));
	}
	return ERR_OK;
}

/* Temporary files of crashed writes beside a tile. */
static enum err
drop_temporary(const char *dir, int level, uint64_t index)
{
	CLEANUP(fs_names_release) struct fs_names names = {0};
	char folder[FS_PATH_MAX], path[FS_PATH_MAX];
	enum err e;
	size_t i;

	RETURN_IF(path_of(dir, level, index, TILES_WIDTH, folder));
	*strrchr(folder, '/') = '\0';
	e = fs_list(folder, &names);
	if (e == ERR_NOT_FOUND)
		return ERR_OK;
	RETURN_IF(e);
	for (i = 0; i < names.len && names.names[i][0] == '.'; i++) {
		RETURN_IF(fs_path(path, "%s/%s", folder, names.names[i]));
		RETURN_IF(fs_remove(path));
	}
	return ERR_OK;
}

/* The whole folder of a tile's partial forms, if it is there. */
static enum err
drop_partials(const char *dir, int level, uint64_t index)
{
	char path[FS_PATH_MAX];

	RETURN_IF(path_of(dir, level, index, 0, path));
	return fs_exists(path) ? fs_remove_tree(path) : ERR_OK;
}

static enum err
drop_tile(const char *dir, int level, uint64_t index, unsigned keep_width)
{
	char path[FS_PATH_MAX];

	RETURN_IF(path_of(dir, level, index, TILES_WIDTH, path));
	if (fs_exists(path))
		RETURN_IF(fs_remove(path));
	if (keep_width > 0)
		return drop_wider(dir, level, index, keep_width);
	return drop_partials(dir, level, index);
}

/* From the right, so that a crash in here leaves no gap before a rest. */
static enum err
drop_level(const char *dir, int level, uint64_t size)
{
	uint64_t count = tiles_count(level, size);
	uint64_t first = count / TILES_WIDTH, end;

	RETURN_IF(find_end(dir, level, first + 1, &end));
	while (end-- > first)
		RETURN_IF(drop_tile(dir, level, end, end > first ? 0 :
		    (unsigned)(count % TILES_WIDTH)));
	return drop_temporary(dir, level, first);
}

enum err
tiles_drop_beyond(const char *dir, uint64_t size)
{
	int level;

	for (level = TILES_ENTRIES; level <= TILES_LEVEL_MAX; level++)
		RETURN_IF(drop_level(dir, level, size));
	return ERR_OK;
}

enum err
tiles_drop_partial(const char *dir, uint64_t from_size, uint64_t size)
{
	uint64_t index;
	int level;

	for (level = TILES_ENTRIES; level <= TILES_LEVEL_MAX; level++) {
		index = tiles_count(level, from_size) / TILES_WIDTH;
		for (; index < tiles_count(level, size) / TILES_WIDTH;
		    index++)
			RETURN_IF(drop_partials(dir, level, index));
	}
	return ERR_OK;
}

enum err
tiles_drop_reach(const char *dir, uint64_t size, uint64_t *ret_reach)
{
	uint64_t first = size / TILES_WIDTH, end;

	RETURN_IF(find_end(dir, TILES_ENTRIES, first + 1, &end));
	*ret_reach = end == first + 1 ? size : end * TILES_WIDTH;
	return ERR_OK;
}
