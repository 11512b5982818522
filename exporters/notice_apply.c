#include "exporters/notice_apply.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/fs.h"
#include "core/secret.h"
#include "exporters/bag.h"
#include "exporters/csv_scan.h"
#include "exporters/datapackage.h"
#include "exporters/files.h"
#include "exporters/tar.h"
#include "keys/pseudonym.h"

#define TEXT_MAX ((size_t)8 << 20)
#define COPY_BYTES ((size_t)256 << 10)
#define NOTICE_LABEL "Azukari-Notice: "
#define OXUM_LABEL "Payload-Oxum: "

/* The copy while it is being made. */
struct copying {
	const char *from;
	char to[FS_PATH_MAX];           /* temporary; "" when gone */
	struct sums found;              /* of the original */
	struct sums data, tags;         /* of the copy */
	struct notice_names names;      /* withdrawn people */
	struct csv_scan scan;
	struct digest_stream digest;    /* of the file being written */
	struct datapackage_file file;
	uint64_t dropped;
	int fd;                         /* the file being written, or -1 */
	struct buf out;                 /* its bytes not written yet */
	struct err_info *info;
};

static void
copying_release(struct copying *c)
{
	sums_release(&c->found);
	sums_release(&c->data);
	sums_release(&c->tags);
	notice_names_release(&c->names);
	csv_scan_release(&c->scan);
	digest_stream_release(&c->digest);
	buf_release(&c->out);
	files_cleanup(&c->fd);
	if (c->to[0] != '\0')
		(void)!fs_remove_tree(c->to);
}

static enum err
read_text(const struct copying *c, const char *name, struct buf *out)
{
	char path[FS_PATH_MAX];

	RETURN_IF(fs_path(path, "%s/%s", c->from, name));
	return fs_read_file(path, TEXT_MAX, out);
}

/* Who has to leave; the notice must be of this very export. */
static enum err
find_names(struct copying *c, const struct notice *n)
{
	CLEANUP(buf_release) struct buf text = {0};

	RETURN_IF(read_text(c, "binding.txt", &text));
	return notice_names_open(n, bytes_buf(&text), &c->names, c->info);
}

/* ---- writing files of the copy ---- */

static enum err
begin_file(struct copying *c, const char *name)
{
	RETURN_IF(files_create(c->to, name, &c->fd));
	memset(&c->file, 0, sizeof(c->file));
	return digest_stream_init(&c->digest);
}

static enum err
flush(struct copying *c)
{
	struct bytes out = bytes_buf(&c->out);

	if (out.len == 0)
		return ERR_OK;
	digest_stream_update(&c->digest, out);
	c->file.bytes += out.len;
	RETURN_IF(fs_write_all(c->fd, out));
	buf_clear(&c->out);
	return ERR_OK;
}

/* A csv_scan_bytes_fn. */
static enum err
put(void *ctx, struct bytes piece)
{
	struct copying *c = ctx;

	RETURN_IF(buf_append(&c->out, piece.data, piece.len));
	return c->out.len >= COPY_BYTES ? flush(c) : ERR_OK;
}

/* Ends the file; its digest goes into c->file and the manifest it is for. */
static enum err
end_file(struct copying *c, const char *name)
{
	RETURN_IF(flush(c));
	RETURN_IF(fs_sync(c->fd));
	RETURN_IF(files_close(&c->fd));
	RETURN_IF(digest_stream_end(&c->digest, c->file.sha256));
	if (strcmp(name, "tagmanifest-sha256.txt") == 0)
		return ERR_OK;
	return sums_add(bag_is_payload(name) ? &c->data : &c->tags, name,
	    c->file.sha256);
}

static enum err
write_file(struct copying *c, const char *name, struct bytes bytes)
{
	RETURN_IF(begin_file(c, name));
	RETURN_IF(put(c, bytes));
	return end_file(c, name);
}

static enum err
feed_pieces(int fd, uint8_t *block, csv_scan_bytes_fn take, void *ctx)
{
	ssize_t n;

	while ((n = read(fd, block, COPY_BYTES)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return ERR_IO;
		RETURN_IF(take(ctx, bytes_of(block, (size_t)n)));
	}
	return ERR_OK;
}

/* All bytes of a file of the original through ${take}. */
static enum err
feed_file(struct copying *c, const char *name, csv_scan_bytes_fn take,
    void *ctx)
{
	CLEANUP(files_cleanup) int fd = -1;
	char path[FS_PATH_MAX];
	uint8_t *block;
	enum err e;

	RETURN_IF(fs_path(path, "%s/%s", c->from, name));
	if ((fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)) < 0)
		return fs_error(errno);
	if ((block = malloc(COPY_BYTES)) == NULL)
		return ERR_NOMEM;
	e = feed_pieces(fd, block, take, ctx);
	secret_wipe(block, COPY_BYTES);
	free(block);
	return e;
}

/* A file that stays as it is, and was meanwhile not changed. */
static enum err
copy_file(struct copying *c, const char *name)
{
	RETURN_IF(begin_file(c, name));
	RETURN_IF(feed_file(c, name, put, c));
	RETURN_IF(end_file(c, name));
	return memcmp(c->file.sha256, sums_find(&c->found, name),
	    DIGEST_LEN) == 0 ? ERR_OK : err_at(c->info, ERR_CHANGED, 0,
	    "%s was changed meanwhile", name);
}

/* ---- the tables ---- */

static enum err
on_record(void *ctx, struct bytes head, int *ret_keep)
{
	struct copying *c = ctx;
	struct bytes pseudonym;

	RETURN_IF(csv_scan_cell(head, 0, &pseudonym));
	if (pseudonym.len != PSEUDONYM_TEXT_LEN)
		return ERR_CORRUPT;
	if (notice_names_has(&c->names, pseudonym.data)) {
		*ret_keep = 0;
		c->dropped++;
	}
	return ERR_OK;
}

static enum err
on_bytes(void *ctx, struct bytes piece)
{
	return csv_scan_feed(ctx, piece);
}

/* A table without the rows of the people named; what is left in ${ret}. */
static enum err
filter_table(struct copying *c, const char *name, struct datapackage_file *ret,
    uint64_t *ret_dropped)
{
	csv_scan_release(&c->scan);
	c->scan.record = on_record;
	c->scan.bytes = put;
	c->scan.ctx = c;
	c->dropped = 0;
	RETURN_IF(begin_file(c, name));
	RETURN_IF(feed_file(c, name, on_bytes, &c->scan));
	RETURN_IF(csv_scan_end(&c->scan));
	RETURN_IF(end_file(c, name));
	*ret = c->file;
	ret->rows = c->scan.records - c->dropped;
	*ret_dropped = c->dropped;
	return ERR_OK;
}

/* ---- the bag around them ---- */

static int
starts_with(struct bytes line, const char *label)
{
	size_t len = strlen(label);

	return line.len >= len && memcmp(line.data, label, len) == 0;
}

/* bag-info.txt with the new Payload-Oxum and the notice's digest. */
static enum err
write_bag_info(struct copying *c, uint64_t bytes, const char *notice_hex)
{
	CLEANUP(buf_release) struct buf old = {0};
	CLEANUP(buf_release) struct buf text = {0};
	struct bytes rest, line;

	RETURN_IF(read_text(c, "bag-info.txt", &old));
	rest = bytes_buf(&old);
	while (bytes_take_line(&rest, &line) == ERR_OK) {
		if (starts_with(line, NOTICE_LABEL) ||
		    starts_with(line, OXUM_LABEL))
			continue;
		RETURN_IF(buf_append(&text, line.data, line.len));
		RETURN_IF(buf_append_u8(&text, '\n'));
	}
	RETURN_IF(buf_printf(&text, OXUM_LABEL "%llu.%zu\n" NOTICE_LABEL "%s\n",
	    (unsigned long long)bytes, c->data.len, notice_hex));
	return write_file(c, "bag-info.txt", bytes_buf(&text));
}

static enum err
write_manifests(struct copying *c)
{
	CLEANUP(buf_release) struct buf manifest = {0};
	CLEANUP(buf_release) struct buf tagmanifest = {0};

	RETURN_IF(sums_write(&c->data, &manifest));
	RETURN_IF(write_file(c, "manifest-sha256.txt", bytes_buf(&manifest)));
	RETURN_IF(sums_write(&c->tags, &tagmanifest));
	return write_file(c, "tagmanifest-sha256.txt",
	    bytes_buf(&tagmanifest));
}

/* Files that are made anew; all others are copied. */
static int
is_remade(const char *name)
{
	static const char *const names[] = {
		"data/responses.csv", "data/consents.csv",
		"data/datapackage.json", "bag-info.txt", "manifest-sha256.txt",
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(name, names[i]) == 0)
			return 1;
	return 0;
}

static enum err
copy_rest(struct copying *c)
{
	size_t i;

	for (i = 0; i < c->found.len; i++)
		if (!is_remade(c->found.entries[i].name))
			RETURN_IF(copy_file(c, c->found.entries[i].name));
	return ERR_OK;
}

static enum err
write_data(struct copying *c, struct notice_apply_result *ret,
    uint64_t *ret_bytes)
{
	CLEANUP(buf_release) struct buf old = {0};
	CLEANUP(buf_release) struct buf package = {0};
	struct datapackage_file responses, consents;

	RETURN_IF(filter_table(c, "data/responses.csv", &responses,
	    &ret->rows_removed));
	RETURN_IF(filter_table(c, "data/consents.csv", &consents,
	    &ret->pseudonyms_removed));
	ret->rows_left = responses.rows;
	ret->pseudonyms_left = consents.rows;
	RETURN_IF(read_text(c, "data/datapackage.json", &old));
	RETURN_IF(datapackage_refit(bytes_buf(&old), &responses, &consents,
	    &package));
	*ret_bytes = responses.bytes + consents.bytes + package.len;
	return write_file(c, "data/datapackage.json", bytes_buf(&package));
}

static enum err
write_copy(struct copying *c, const struct notice *n,
    struct notice_apply_result *ret)
{
	struct bytes text = text_bytes(n->doc.text);
	char hex[DIGEST_HEX_LEN + 1], name[64];
	uint64_t bytes;

	(void)snprintf(name, sizeof(name), "notices/%s.txt", n->number);
	if (sums_find(&c->found, name) != NULL)
		return err_at(c->info, ERR_STATE, 0,
		    "notice %s was applied before", n->number);
	RETURN_IF(copy_rest(c));
	RETURN_IF(write_data(c, ret, &bytes));
	RETURN_IF(write_file(c, name, text));
	digest_sha256_hex(text, hex);
	RETURN_IF(write_bag_info(c, bytes, hex));
	return write_manifests(c);
}

static enum err
make_folder(struct copying *c, const char *to)
{
	if (fs_exists(to))
		return err_at(c->info, ERR_EXISTS, 0, "%s is there already",
		    to);
	RETURN_IF(fs_path(c->to, "%s.XXXXXX", to));
	return files_temp_dir(c->to);
}

enum err
notice_apply(const char *from, const char *to, const struct notice *notice,
    struct notice_apply_result *ret, struct err_info *info)
{
	CLEANUP(copying_release) struct copying c = {.from = from, .fd = -1};
	struct notice_apply_result r = {0};

	c.info = info;
	if (notice_is_recall(notice))
		return err_at(info, ERR_STATE, 0,
		    "the whole export is recalled: destroy the data");
	RETURN_IF(bag_read_folder(from, &c.found, info));
	RETURN_IF(find_names(&c, notice));
	RETURN_IF(make_folder(&c, to));
	RETURN_IF(write_copy(&c, notice, &r));
	RETURN_IF(bag_check_folder(c.to, info));
	RETURN_IF(files_publish(c.to, to));
	c.to[0] = '\0';
	*ret = r;
	return ERR_OK;
}
