#include "app/pack.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/fs.h"
#include "exporters/tar.h"

void pack_release(struct pack *p)
{
	for (size_t i = 0; i < p->len; i++)
		buf_release(&p->files[i].bytes);
	free(p->files);
	free(p->index);
	*p = (struct pack){0};
}

/* ---- by name: a plan may have a file or three for each of thousands of
 * epochs ---- */

/* Where ${name} stands in the index, or the free place for it. */
static size_t place(const struct pack *p, const char *name)
{
	uint64_t hash = 14695981039346656037u;
	size_t at;

	for (const char *c = name; *c != '\0'; c++)
		hash = (hash ^ (uint8_t)*c) * 1099511628211u;
	at = (size_t)(hash ^ hash >> 32) & (p->index_len - 1);
	while (p->index[at] != 0 &&
	    strcmp(p->files[p->index[at] - 1].name, name) != 0)
		at = (at + 1) & (p->index_len - 1);
	return at;
}

static void index_add(struct pack *p, size_t file)
{
	p->index[place(p, p->files[file].name)] = (uint32_t)file + 1;
}

/* Room for ${cap} files; the index is at most half full. */
static enum err index_grow(struct pack *p, size_t cap)
{
	uint32_t *index = calloc(cap * 2, sizeof(*index));

	if (index == NULL)
		return ERR_NOMEM;
	free(p->index);
	p->index = index;
	p->index_len = cap * 2;
	for (size_t i = 0; i < p->len; i++)
		index_add(p, i);
	return ERR_OK;
}

static enum err grow(struct pack *p)
{
	size_t cap = p->cap == 0 ? 32 : p->cap * 2;
	struct pack_file *files;

	if (p->len < p->cap)
		return ERR_OK;
	if (p->len >= PACK_FILES_MAX)
		return ERR_LIMIT;
	files = realloc(p->files, cap * sizeof(*files));
	if (files == NULL)
		return ERR_NOMEM;
	p->files = files;
	RETURN_IF(index_grow(p, cap));
	p->cap = cap;
	return ERR_OK;
}

/* Room for a file of that name. */
static enum err add_slot(struct pack *p, const char *name,
    struct pack_file **ret)
{
	if (strlen(name) > PACK_NAME_MAX || !tar_name_ok(name))
		return ERR_SYNTAX;
	if (pack_find(p, name) != NULL)
		return ERR_DUPLICATE;
	RETURN_IF(grow(p));
	*ret = &p->files[p->len];
	**ret = (struct pack_file){.bytes = {.max = PACK_BYTES_MAX}};
	(void)strcpy((*ret)->name, name);
	return ERR_OK;
}

/* The slot just filled is in from now on. */
static void keep_slot(struct pack *p)
{
	index_add(p, p->len);
	p->len++;
}

enum err pack_add(struct pack *p, const char *name, struct bytes bytes)
{
	struct pack_file *file;

	RETURN_IF(add_slot(p, name, &file));
	RETURN_IF(buf_append(&file->bytes, bytes.data, bytes.len));
	keep_slot(p);
	return ERR_OK;
}

static enum err numbered(char ret[PACK_NAME_MAX + 1], const char *folder,
    size_t number, const char *suffix)
{
	int len = snprintf(ret, PACK_NAME_MAX + 1, "%s/%05zu%s", folder,
	    number, suffix);

	return len < 0 || len > PACK_NAME_MAX ? ERR_LIMIT : ERR_OK;
}

enum err pack_add_numbered(struct pack *p, const char *folder, size_t number,
    const char *suffix, struct bytes bytes)
{
	char name[PACK_NAME_MAX + 1];

	RETURN_IF(numbered(name, folder, number, suffix));
	return pack_add(p, name, bytes);
}

const struct pack_file *pack_find(const struct pack *p, const char *name)
{
	size_t at;

	if (p->index_len == 0)
		return NULL;
	at = place(p, name);
	return p->index[at] == 0 ? NULL : &p->files[p->index[at] - 1];
}

const struct pack_file *pack_find_numbered(const struct pack *p,
    const char *folder, size_t number, const char *suffix)
{
	char name[PACK_NAME_MAX + 1];

	if (numbered(name, folder, number, suffix) != ERR_OK)
		return NULL;
	return pack_find(p, name);
}

enum err pack_need(const struct pack *p, const char *name, struct bytes *ret,
    struct err_info *info)
{
	const struct pack_file *file = pack_find(p, name);

	if (file == NULL)
		return err_at(info, ERR_NOT_FOUND, 0, "%s is missing in it",
		    name);
	*ret = bytes_buf(&file->bytes);
	return ERR_OK;
}

/* ---- writing ---- */

static enum err to_buf(void *ctx, struct bytes bytes)
{
	return buf_append(ctx, bytes.data, bytes.len);
}

static enum err write_files(const struct pack *p, struct tar_writer *w)
{
	char name[2 * PACK_NAME_MAX + 2];

	RETURN_IF(tar_writer_folder(w, p->folder));
	for (size_t i = 0; i < p->len; i++) {
		(void)snprintf(name, sizeof(name), "%s/%s", p->folder,
		    p->files[i].name);
		RETURN_IF(tar_writer_add(w, name,
		    bytes_buf(&p->files[i].bytes)));
	}
	return tar_writer_end(w);
}

enum err pack_write(const struct pack *p, const char *path,
    int64_t mtime_unix_s)
{
	CLEANUP(tar_writer_cleanup) struct tar_writer *w = NULL;
	CLEANUP(buf_release) struct buf out = {.max = PACK_BYTES_MAX};

	RETURN_IF(tar_writer_new(to_buf, &out, mtime_unix_s, &w));
	RETURN_IF(write_files(p, w));
	return fs_write_new_file(path, bytes_buf(&out), 0600);
}

/* ---- reading ---- */

static enum err read_fd(void *ctx, uint8_t *dst, size_t max, size_t *ret_got)
{
	ssize_t got = read(*(int *)ctx, dst, max);

	if (got < 0)
		return ERR_IO;
	*ret_got = (size_t)got;
	return ERR_OK;
}

/* One folder, first; then files in it, at most two levels deep. */
static enum err allow(void *ctx, const struct tar_member *m,
    struct err_info *info)
{
	struct pack *p = ctx;
	size_t folder = strlen(p->folder);

	if (folder == 0) {
		if (!m->is_folder || strchr(m->name, '/') != NULL ||
		    strlen(m->name) > PACK_NAME_MAX)
			return err_at(info, ERR_UNKNOWN, 0,
			    "it does not begin with its one folder");
		(void)strcpy(p->folder, m->name);
		return ERR_OK;
	}
	if (m->is_folder || strncmp(m->name, p->folder, folder) != 0 ||
	    m->name[folder] != '/')
		return err_at(info, ERR_UNKNOWN, 0,
		    "%s does not belong into it", m->name);
	return ERR_OK;
}

static enum err read_members(struct tar_reader *r, struct pack *p,
    struct err_info *info)
{
	for (;;) {
		struct tar_member m;
		struct pack_file *file;
		enum err e = tar_reader_next(r, &m, info);

		if (e == ERR_NOT_FOUND)
			return ERR_OK;
		RETURN_IF(e);
		if (m.is_folder)
			continue;
		RETURN_IF(add_slot(p, m.name + strlen(p->folder) + 1, &file));
		keep_slot(p);
		RETURN_IF(tar_reader_slurp(r, &file->bytes, info));
	}
}

static enum err read_pack(int fd, struct pack *p, struct err_info *info)
{
	CLEANUP(tar_reader_cleanup) struct tar_reader *r = NULL;
	struct tar_rules rules = {.allow = allow, .ctx = p,
	    .max_member = PACK_BYTES_MAX, .max_total = PACK_BYTES_MAX,
	    .max_members = PACK_FILES_MAX};

	RETURN_IF(tar_reader_new(read_fd, &fd, &rules, &r));
	return read_members(r, p, info);
}

enum err pack_read(const char *path, struct pack *ret, struct err_info *info)
{
	struct pack p = {0};
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	enum err e;

	(void)snprintf(info->file, sizeof(info->file), "%s", path);
	if (fd < 0)
		return err_at(info, ERR_NOT_FOUND, 0, "cannot be opened");
	e = read_pack(fd, &p, info);
	(void)close(fd);
	if (e != ERR_OK) {
		pack_release(&p);
		return e;
	}
	info->file[0] = '\0';
	*ret = p;
	return ERR_OK;
}
