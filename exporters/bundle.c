#include "exporters/bundle.h"

#include <stdio.h>
#include <string.h>

#include "core/fs.h"
#include "exporters/bundle_internal.h"
#include "exporters/files.h"
#include "exporters/form.h"
#include "exporters/readme.h"
#include "exporters/sums.h"

/* Checks names, sizes and completeness of the parts; their digests into
 * ${ret}. */
static enum err
list_parts(const struct bundle_spec *spec, struct sums *ret,
    struct err_info *info)
{
	const struct bundle_part *part;
	size_t i, total = 0;
	enum err e;

	for (i = 0; i < spec->part_count; i++) {
		part = &spec->parts[i];
		if (bundle_place_of(part->name) != BUNDLE_LISTED ||
		    strcmp(part->name, BUNDLE_PAYLOAD) == 0 ||
		    strcmp(part->name, BUNDLE_README) == 0)
			return err_at(info, ERR_UNKNOWN, 0,
			    "%s is no part of a bundle", part->name);
		total += part->bytes.len;
		if (part->bytes.len > BUNDLE_PART_MAX ||
		    total > BUNDLE_PARTS_MAX)
			return err_at(info, ERR_LIMIT, 0, "%s is too long",
			    part->name);
		if ((e = sums_add_bytes(ret, part->name, part->bytes)) !=
		    ERR_OK)
			return err_at(info, e, 0, "%s is there twice",
			    part->name);
	}
	return ERR_OK;
}

/* A folder being made: PATH/EXP-…/. */
struct draft {
	char path[FS_PATH_MAX];         /* DIR/.bundle-XXXXXX; "" when gone */
	const char *id;
};

static void
draft_remove(struct draft *d)
{
	if (d->path[0] != '\0')
		(void)!fs_remove_tree(d->path);
}

static enum err
draft_make(struct draft *d, const char *dir, const char *export_id)
{
	RETURN_IF(fs_path(d->path, "%s/.bundle-XXXXXX", dir));
	d->id = export_id;
	return files_temp_dir(d->path);
}

/* On disk when it returns: what is signed next must not be lost. */
static __attribute__((noinline)) enum err
draft_write(const struct draft *d, const char *name, struct bytes bytes)
{
	CLEANUP(files_cleanup) int fd = -1;
	char inner[FS_PATH_MAX];

	RETURN_IF(fs_path(inner, "%s/%s", d->id, name));
	RETURN_IF(files_create(d->path, inner, &fd));
	RETURN_IF(fs_write_all(fd, bytes));
	RETURN_IF(fs_sync(fd));
	return files_close(&fd);
}

static enum err
write_parts(const struct draft *d, const struct bundle_spec *spec,
    struct bytes readme, struct bytes sums)
{
	size_t i;

	for (i = 0; i < spec->part_count; i++)
		RETURN_IF(draft_write(d, spec->parts[i].name,
		    spec->parts[i].bytes));
	RETURN_IF(draft_write(d, BUNDLE_README, readme));
	return draft_write(d, BUNDLE_SUMS, sums);
}

/* The payload goes in last and comes back when the folder cannot appear. */
static __attribute__((noinline)) enum err
draft_publish(const struct draft *d, const char *to, const char *payload)
{
	char path[FS_PATH_MAX];
	enum err e;

	RETURN_IF(fs_path(path, "%s/%s/" BUNDLE_PAYLOAD, d->path, d->id));
	RETURN_IF(files_publish(payload, path));
	path[strlen(path) - strlen("/" BUNDLE_PAYLOAD)] = '\0';
	if ((e = files_publish(path, to)) == ERR_OK)
		return ERR_OK;
	path[strlen(path)] = '/';
	(void)rename(path, payload);
	return e;
}

enum err
bundle_build(const char *dir, const struct bundle_spec *spec,
    struct buf *ret_sums, struct err_info *info)
{
	CLEANUP(sums_release) struct sums sums = {0};
	CLEANUP(buf_release) struct buf readme = {0};
	CLEANUP(buf_release) struct buf text = {0};
	CLEANUP(draft_remove) struct draft d = {0};
	char to[FS_PATH_MAX];

	if (!form_is_export(spec->export_id))
		return err_at(info, ERR_SYNTAX, 0, "no export id");
	RETURN_IF(fs_path(to, "%s/%s", dir, spec->export_id));
	if (fs_exists(to))
		return err_at(info, ERR_EXISTS, 0, "%s is there already",
		    spec->export_id);
	RETURN_IF(list_parts(spec, &sums, info));
	RETURN_IF(readme_write(spec->export_id, &readme));
	RETURN_IF(sums_add_bytes(&sums, BUNDLE_README, bytes_buf(&readme)));
	RETURN_IF(sums_add(&sums, BUNDLE_PAYLOAD, spec->payload_sha256));
	RETURN_IF(bundle_complete(&sums, info));
	RETURN_IF(sums_write(&sums, &text));
	RETURN_IF(draft_make(&d, dir, spec->export_id));
	RETURN_IF(write_parts(&d, spec, bytes_buf(&readme), bytes_buf(&text)));
	RETURN_IF(buf_reserve(ret_sums, text.len));
	RETURN_IF(draft_publish(&d, to, spec->payload_path));
	return buf_append(ret_sums, text.data, text.len);
}
