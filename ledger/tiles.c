/* ledger/tiles.c - names of tiles, and their bytes on disk. */
#include "ledger/tiles.h"

#include <stdio.h>
#include <string.h>

#include "core/fs.h"

#define FILE_MODE 0644
#define FOLDER_MODE 0755
#define BUNDLE_MAX ((size_t)TILES_WIDTH * (TILES_ENTRY_MAX + 2))

/* Bounded append to a path that is known to fit. */
static void
put(char ret[TILES_PATH_MAX], const char *text)
{
	size_t len = strlen(ret), more = strlen(text);

	MUST_HOLD(len + more < TILES_PATH_MAX);
	memcpy(ret + len, text, more + 1);
}

/* Groups of three digits, all but the last behind an `x`. */
static void
put_index(char ret[TILES_PATH_MAX], uint64_t index)
{
	uint64_t unit = 1;
	char group[8];

	while (index / unit >= 1000)
		unit *= 1000;
	for (; unit > 0; unit /= 1000) {
		(void)snprintf(group, sizeof(group), "%s%03u%s",
		    unit > 1 ? "x" : "", (unsigned)(index / unit % 1000),
		    unit > 1 ? "/" : "");
		put(ret, group);
	}
}

void
tiles_path(const struct tiles_id *id, char ret[TILES_PATH_MAX])
{
	char part[24];

	MUST_HOLD(id->level >= TILES_ENTRIES && id->level <= TILES_LEVEL_MAX &&
	    id->width <= TILES_WIDTH);
	ret[0] = '\0';
	if (id->level == TILES_ENTRIES)
		(void)snprintf(part, sizeof(part), "tile/entries/");
	else
		(void)snprintf(part, sizeof(part), "tile/%d/", id->level);
	put(ret, part);
	put_index(ret, id->index);
	if (id->width == TILES_WIDTH)
		return;
	put(ret, ".p");
	if (id->width > 0) {
		(void)snprintf(part, sizeof(part), "/%u", id->width);
		put(ret, part);
	}
}

uint64_t
tiles_count(int level, uint64_t size)
{
	return level == TILES_ENTRIES ? size : size >> (8 * level);
}

enum err
tiles_id_at(int level, uint64_t at, uint64_t size, struct tiles_id *ret)
{
	uint64_t count = tiles_count(level, size), left;

	if (at >= count)
		return ERR_RANGE;
	left = count - at / TILES_WIDTH * TILES_WIDTH;
	*ret = (struct tiles_id){
		.level = level, .index = at / TILES_WIDTH,
		.width = left < TILES_WIDTH ? (unsigned)left : TILES_WIDTH,
	};
	return ERR_OK;
}

static enum err
full_path(const char *dir, const struct tiles_id *id, char ret[FS_PATH_MAX])
{
	char name[TILES_PATH_MAX];

	tiles_path(id, name);
	return fs_path(ret, "%s/%s", dir, name);
}

/* The file itself, else the full tile, else a wider partial one (a log is
 * copied while it grows); ${ret_whole} says whether it may hold more than the
 * width asked for. */
static enum err
read_either(const char *dir, const struct tiles_id *id, struct buf *out,
    int *ret_whole)
{
	struct tiles_id other = *id;
	char path[FS_PATH_MAX];
	enum err e;

	*ret_whole = 0;
	RETURN_IF(full_path(dir, id, path));
	e = fs_read_file(path, BUNDLE_MAX, out);
	for (other.width = TILES_WIDTH; e == ERR_NOT_FOUND &&
	    other.width > id->width; other.width--) {
		*ret_whole = 1;
		RETURN_IF(full_path(dir, &other, path));
		e = fs_read_file(path, BUNDLE_MAX, out);
	}
	return e == ERR_LIMIT ? ERR_CORRUPT : e;
}

/* Length of the first ${width} entries of a bundle. */
static enum err
bundle_len(struct bytes bundle, unsigned width, size_t *ret_len)
{
	struct bytes rest = bundle, entry;
	unsigned i;

	for (i = 0; i < width; i++)
		if (tiles_take_entry(&rest, &entry) != ERR_OK)
			return ERR_CORRUPT;
	*ret_len = bundle.len - rest.len;
	return ERR_OK;
}

enum err
tiles_read(const char *dir, const struct tiles_id *id, struct buf *out)
{
	CLEANUP(buf_release) struct buf bytes = {0};
	size_t len = (size_t)id->width * TILES_HASH_LEN;
	int whole;

	MUST_HOLD(id->width > 0);
	RETURN_IF(read_either(dir, id, &bytes, &whole));
	if (id->level == TILES_ENTRIES)
		RETURN_IF(bundle_len(bytes_buf(&bytes), id->width, &len));
	if (whole ? bytes.len < len : bytes.len != len)
		return ERR_CORRUPT;
	return buf_append(out, bytes.data, len);
}

static enum err
make_folder_of(const char *path)
{
	char folder[FS_PATH_MAX];
	char *slash;

	RETURN_IF(fs_path(folder, "%s", path));
	slash = strrchr(folder, '/');
	MUST_HOLD(slash != NULL);
	*slash = '\0';
	return fs_mkdir_all(folder, FOLDER_MODE);
}

enum err
tiles_write(const char *dir, const struct tiles_id *id, struct bytes bytes)
{
	char path[FS_PATH_MAX];
	enum err e;

	MUST_HOLD(id->width > 0);
	RETURN_IF(full_path(dir, id, path));
	if ((e = fs_write_file(path, bytes, FILE_MODE)) != ERR_NOT_FOUND)
		return e;
	RETURN_IF(make_folder_of(path));
	return fs_write_file(path, bytes, FILE_MODE);
}

enum err
tiles_take_entry(struct bytes *bundle, struct bytes *ret_entry)
{
	struct bytes rest = *bundle;
	uint16_t len;

	if (rest.len == 0)
		return ERR_NOT_FOUND;
	RETURN_IF(bytes_take_u16be(&rest, &len));
	RETURN_IF(bytes_take(&rest, len, ret_entry));
	*bundle = rest;
	return ERR_OK;
}

enum err
tiles_put_entry(struct bytes entry, struct buf *bundle)
{
	if (entry.len > TILES_ENTRY_MAX)
		return ERR_LIMIT;
	RETURN_IF(buf_reserve(bundle, entry.len + 2));
	RETURN_IF(buf_append_u16be(bundle, (uint16_t)entry.len));
	return buf_append(bundle, entry.data, entry.len);
}
