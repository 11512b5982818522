#include "exporters/bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/fs.h"
#include "exporters/bundle_internal.h"
#include "exporters/files.h"
#include "exporters/tar.h"
#include "exporters/walk.h"

#define COPY_BYTES ((size_t)256 << 10)

/* The tar being made. */
struct packing {
	const char *folder;             /* on disk */
	const char *id;                 /* its last component: EXP-… */
	struct sums listed;
	struct buf sums;                /* the bytes of SHA256SUMS */
	char tmp[FS_PATH_MAX];          /* "" when gone */
	int fd;
	struct tar_writer *tar;
	uint8_t *copy;                  /* COPY_BYTES */
	char last_folder[TAR_NAME_MAX + 1];
	struct err_info *info;
};

static void
packing_release(struct packing *p)
{
	sums_release(&p->listed);
	buf_release(&p->sums);
	tar_writer_free(p->tar);
	free(p->copy);
	files_cleanup(&p->fd);
	if (p->tmp[0] != '\0')
		(void)!fs_remove(p->tmp);
}

static enum err
on_tar(void *ctx, struct bytes bytes)
{
	struct packing *p = ctx;

	return fs_write_all(p->fd, bytes);
}

/* A file on disk must be listed; SHA256SUMS itself lists. */
static enum err
check_listed(void *ctx, const char *path, const char *name,
    struct err_info *info)
{
	struct packing *p = ctx;

	(void)path;
	if (strcmp(name, BUNDLE_SUMS) == 0 ||
	    sums_find(&p->listed, name) != NULL)
		return ERR_OK;
	return err_at(info, ERR_UNKNOWN, 0, "%s is there but not listed", name);
}

static enum err
read_sums(struct packing *p, const struct bundle_target *t)
{
	char path[FS_PATH_MAX];
	uint8_t digest[DIGEST_LEN];

	RETURN_IF(fs_path(path, "%s/" BUNDLE_SUMS, t->folder));
	RETURN_IF(fs_read_file(path, BUNDLE_PART_MAX, &p->sums));
	digest_sha256(bytes_buf(&p->sums), digest);
	if (memcmp(digest, t->sums_sha256, DIGEST_LEN) != 0)
		return err_at(p->info, ERR_MISMATCH, 0,
		    BUNDLE_SUMS " is not what was signed");
	RETURN_IF(sums_parse(bytes_buf(&p->sums), &p->listed, p->info));
	RETURN_IF(bundle_complete(&p->listed, p->info));
	return walk_folder(t->folder, check_listed, p, p->info);
}

static enum err
open_target(struct packing *p, const struct bundle_target *t)
{
	if (fs_exists(t->tar_path))
		return err_at(p->info, ERR_EXISTS, 0, "%s is there already",
		    t->tar_path);
	RETURN_IF(fs_path(p->tmp, "%s.XXXXXX", t->tar_path));
	if ((p->fd = mkostemp(p->tmp, O_CLOEXEC)) < 0) {
		p->tmp[0] = '\0';
		return fs_error(errno);
	}
	if ((p->copy = malloc(COPY_BYTES)) == NULL)
		return ERR_NOMEM;
	return tar_writer_new(on_tar, p, t->frozen_unix_s, &p->tar);
}

/* Makes ${name}'s folder a member before the first file in it. */
static enum err
put_name(struct packing *p, const char *name, char ret[TAR_NAME_MAX + 1])
{
	const char *slash = strchr(name, '/');
	char folder[TAR_NAME_MAX + 1];
	int len;

	if (slash != NULL) {
		len = snprintf(folder, sizeof(folder), "%s/%.*s", p->id,
		    (int)(slash - name), name);
		if (len < 0 || (size_t)len >= sizeof(folder))
			return ERR_LIMIT;
		if (strcmp(folder, p->last_folder) != 0) {
			memcpy(p->last_folder, folder, (size_t)len + 1);
			RETURN_IF(tar_writer_folder(p->tar, folder));
		}
	}
	len = snprintf(ret, TAR_NAME_MAX + 1, "%s/%s", p->id, name);
	return len > 0 && len <= TAR_NAME_MAX ? ERR_OK : ERR_LIMIT;
}

static enum err
put_bytes(struct packing *p, const char *name, struct bytes bytes)
{
	char full[TAR_NAME_MAX + 1];

	RETURN_IF(put_name(p, name, full));
	return tar_writer_add(p->tar, full, bytes);
}

/* All of ${fd} into the tar, digest in ${ret}. */
static enum err
copy_data(struct packing *p, int fd, uint8_t ret[DIGEST_LEN])
{
	CLEANUP(digest_stream_release) struct digest_stream digest = {0};
	ssize_t n;

	RETURN_IF(digest_stream_init(&digest));
	while ((n = read(fd, p->copy, COPY_BYTES)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return ERR_IO;
		digest_stream_update(&digest, bytes_of(p->copy, (size_t)n));
		RETURN_IF(tar_writer_data(p->tar, bytes_of(p->copy,
		    (size_t)n)));
	}
	return digest_stream_end(&digest, ret);
}

static enum err
put_listed(struct packing *p, const char *name)
{
	char path[FS_PATH_MAX], full[TAR_NAME_MAX + 1];
	uint8_t digest[DIGEST_LEN];
	CLEANUP(files_cleanup) int fd = -1;
	struct stat st;

	RETURN_IF(fs_path(path, "%s/%s", p->folder, name));
	RETURN_IF(put_name(p, name, full));
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || fstat(fd, &st) != 0)
		return err_at(p->info, errno == ENOENT ? ERR_NOT_FOUND :
		    ERR_IO, 0, "%s is missing", name);
	RETURN_IF(tar_writer_file(p->tar, full, (uint64_t)st.st_size));
	RETURN_IF(copy_data(p, fd, digest));
	if (memcmp(digest, sums_find(&p->listed, name), DIGEST_LEN) != 0)
		return err_at(p->info, ERR_MISMATCH, 0,
		    "%s has another digest than listed", name);
	return ERR_OK;
}

static int
compare_names(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;

	return bundle_order(*x, *y);
}

static enum err
put_all_listed(struct packing *p)
{
	const char **names = calloc(p->listed.len, sizeof(*names));
	enum err e = ERR_OK;
	size_t i;

	if (names == NULL)
		return ERR_NOMEM;
	for (i = 0; i < p->listed.len; i++)
		names[i] = p->listed.entries[i].name;
	qsort(names, p->listed.len, sizeof(*names), compare_names);
	for (i = 0; i < p->listed.len && e == ERR_OK; i++)
		e = put_listed(p, names[i]);
	free(names);
	return e;
}

static int
compare_parts(const void *a, const void *b)
{
	const struct bundle_part *const *x = a, *const *y = b;

	return bundle_order((*x)->name, (*y)->name);
}

static enum err
put_releases(struct packing *p, const struct bundle_seals *seals)
{
	size_t i, n = seals->release_count;
	const struct bundle_part **parts = calloc(n + 1, sizeof(*parts));
	enum err e = parts == NULL ? ERR_NOMEM : ERR_OK;

	for (i = 0; i < n && e == ERR_OK; i++) {
		parts[i] = &seals->releases[i];
		if (strncmp(parts[i]->name, "release/", 8) != 0 ||
		    bundle_place_of(parts[i]->name) != BUNDLE_UNLISTED)
			e = err_at(p->info, ERR_UNKNOWN, 0,
			    "%s is no release signature", parts[i]->name);
	}
	if (e == ERR_OK)
		qsort(parts, n, sizeof(*parts), compare_parts);
	for (i = 0; i < n && e == ERR_OK; i++) {
		if (i > 0 && strcmp(parts[i]->name, parts[i - 1]->name) == 0)
			e = err_at(p->info, ERR_DUPLICATE, 0,
			    "%s is there twice", parts[i]->name);
		else
			e = put_bytes(p, parts[i]->name, parts[i]->bytes);
	}
	free(parts);
	return e;
}

static enum err
put_seals(struct packing *p, const struct bundle_seals *seals)
{
	RETURN_IF(put_bytes(p, BUNDLE_SUMS, bytes_buf(&p->sums)));
	RETURN_IF(put_bytes(p, BUNDLE_SUMS ".sig", seals->sig));
	RETURN_IF(put_bytes(p, BUNDLE_SUMS ".entry", seals->entry));
	RETURN_IF(put_bytes(p, BUNDLE_SUMS ".tlog-proof", seals->proof));
	return put_releases(p, seals);
}

static enum err
publish(struct packing *p, const struct bundle_target *t)
{
	RETURN_IF(fs_sync(p->fd));
	RETURN_IF(files_close(&p->fd));
	RETURN_IF(files_publish(p->tmp, t->tar_path));
	p->tmp[0] = '\0';
	return ERR_OK;
}

enum err
bundle_finish(const struct bundle_target *target,
    const struct bundle_seals *seals, struct err_info *info)
{
	CLEANUP(packing_release) struct packing p = {.fd = -1};
	const char *slash = strrchr(target->folder, '/');

	p.folder = target->folder;
	p.id = slash == NULL ? target->folder : slash + 1;
	p.info = info;
	RETURN_IF(read_sums(&p, target));
	RETURN_IF(open_target(&p, target));
	RETURN_IF(tar_writer_folder(p.tar, p.id));
	RETURN_IF(put_all_listed(&p));
	RETURN_IF(put_seals(&p, seals));
	RETURN_IF(tar_writer_end(p.tar));
	return publish(&p, target);
}
