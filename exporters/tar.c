#include "exporters/tar.h"

#include <stdlib.h>
#include <string.h>

#include <archive.h>
#include <archive_entry.h>

/* Eleven octal digits. */
#define TIME_MAX (((int64_t)1 << 33) - 1)
#define USTAR_NAME 100
#define USTAR_PREFIX 155

struct tar_writer {
	struct archive *archive;
	struct archive_entry *entry;
	tar_write_fn write;
	void *ctx;
	int64_t mtime_unix_s;
	uint64_t left;          /* bytes the present file still lacks */
	enum err e;             /* first failure; repeated from then on */
};

static int
is_name_start(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	    (c >= '0' && c <= '9');
}

static int
is_name_char(char c)
{
	return is_name_start(c) || c == '.' || c == '_' || c == '-';
}

/* Whether ustar can hold ${name}, given one more byte for a folder's slash:
 * short enough, or with a slash that splits it into prefix and name. */
static int
fits_ustar(const char *name, size_t len)
{
	size_t i;

	if (len + 1 <= USTAR_NAME)
		return 1;
	for (i = 1; i < len && i <= USTAR_PREFIX; i++)
		if (name[i] == '/' && len - i <= USTAR_NAME)
			return 1;
	return 0;
}

int
tar_name_ok(const char *name)
{
	size_t i, len = strnlen(name, TAR_NAME_MAX + 1);
	int at_start = 1;

	if (len == 0 || len > TAR_NAME_MAX)
		return 0;
	for (i = 0; i < len; i++) {
		if (name[i] == '/' && !at_start) {
			at_start = 1;
			continue;
		}
		if (at_start ? !is_name_start(name[i]) : !is_name_char(name[i]))
			return 0;
		at_start = 0;
	}
	return !at_start && fits_ustar(name, len);
}

/* What libarchive hands out goes to the sink; nothing after a failure. */
static la_ssize_t
writer_output(struct archive *a, void *ctx, const void *bytes, size_t len)
{
	struct tar_writer *w = ctx;

	if (w->e == ERR_OK)
		w->e = w->write(w->ctx, bytes_of(bytes, len));
	if (w->e != ERR_OK) {
		archive_set_error(a, 1, "output failed");
		return -1;
	}
	return (la_ssize_t)len;
}

/* Remembers ${e} unless the sink failed before. */
static enum err
writer_fail(struct tar_writer *w, enum err e)
{
	if (w->e == ERR_OK)
		w->e = e;
	return w->e;
}

static enum err
writer_archive(struct tar_writer *w, int result)
{
	if (result == ARCHIVE_OK && w->e == ERR_OK)
		return ERR_OK;
	return writer_fail(w, ERR_IO);
}

static enum err
writer_open(struct tar_writer *w)
{
	struct archive *a = w->archive = archive_write_new();

	if (a == NULL || (w->entry = archive_entry_new()) == NULL)
		return ERR_NOMEM;
	if (archive_write_set_format_ustar(a) != ARCHIVE_OK ||
	    archive_write_set_bytes_per_block(a, 0) != ARCHIVE_OK ||
	    archive_write_open(a, w, NULL, writer_output, NULL) != ARCHIVE_OK)
		return ERR_NOMEM;
	return ERR_OK;
}

enum err
tar_writer_new(tar_write_fn write, void *ctx, int64_t mtime_unix_s,
    struct tar_writer **ret)
{
	CLEANUP(tar_writer_cleanup) struct tar_writer *w = NULL;

	if (mtime_unix_s < 0 || mtime_unix_s > TIME_MAX)
		return ERR_RANGE;
	if ((w = calloc(1, sizeof(*w))) == NULL)
		return ERR_NOMEM;
	w->write = write;
	w->ctx = ctx;
	w->mtime_unix_s = mtime_unix_s;
	RETURN_IF(writer_open(w));
	*ret = TAKE(w);
	return ERR_OK;
}

void
tar_writer_free(struct tar_writer *w)
{
	if (w == NULL)
		return;
	/* Closing frees what libarchive holds; what it would still write does
	 * not get past writer_output. */
	if (w->e == ERR_OK)
		w->e = ERR_CANCELLED;
	if (w->archive != NULL) {
		(void)archive_write_close(w->archive);
		(void)archive_write_free(w->archive);
	}
	archive_entry_free(w->entry);
	free(w);
}

void
tar_writer_cleanup(struct tar_writer **w)
{
	tar_writer_free(*w);
}

/* Everything a header says; nothing is taken from the machine. */
static enum err
writer_header(struct tar_writer *w, const char *name, int is_folder,
    uint64_t size)
{
	struct archive_entry *e = archive_entry_clear(w->entry);

	archive_entry_set_pathname(e, name);
	archive_entry_set_filetype(e, is_folder ? AE_IFDIR : AE_IFREG);
	archive_entry_set_perm(e, is_folder ? 0755 : 0644);
	archive_entry_set_size(e, (la_int64_t)size);
	archive_entry_set_mtime(e, (time_t)w->mtime_unix_s, 0);
	archive_entry_set_uid(e, 0);
	archive_entry_set_gid(e, 0);
	return writer_archive(w, archive_write_header(w->archive, e));
}

static enum err
writer_begin(struct tar_writer *w, const char *name, int is_folder,
    uint64_t size)
{
	if (w->e != ERR_OK)
		return w->e;
	if (w->left > 0)
		return writer_fail(w, ERR_STATE);
	if (!tar_name_ok(name))
		return writer_fail(w, ERR_SYNTAX);
	if (size > TAR_MEMBER_MAX)
		return writer_fail(w, ERR_LIMIT);
	RETURN_IF(writer_header(w, name, is_folder, size));
	w->left = size;
	return ERR_OK;
}

enum err
tar_writer_folder(struct tar_writer *w, const char *name)
{
	return writer_begin(w, name, 1, 0);
}

enum err
tar_writer_file(struct tar_writer *w, const char *name, uint64_t size)
{
	return writer_begin(w, name, 0, size);
}

enum err
tar_writer_data(struct tar_writer *w, struct bytes data)
{
	la_ssize_t n;

	if (w->e != ERR_OK)
		return w->e;
	if (data.len > w->left)
		return writer_fail(w, ERR_MISMATCH);
	if (data.len == 0)
		return ERR_OK;
	n = archive_write_data(w->archive, data.data, data.len);
	if (n < 0 || (size_t)n != data.len)
		return writer_fail(w, ERR_IO);
	w->left -= data.len;
	return ERR_OK;
}

enum err
tar_writer_add(struct tar_writer *w, const char *name, struct bytes data)
{
	RETURN_IF(tar_writer_file(w, name, data.len));
	return tar_writer_data(w, data);
}

enum err
tar_writer_end(struct tar_writer *w)
{
	if (w->e != ERR_OK)
		return w->e;
	if (w->left > 0)
		return writer_fail(w, ERR_MISMATCH);
	RETURN_IF(writer_archive(w, archive_write_close(w->archive)));
	/* Further calls on a closed archive are refused, not passed on. */
	w->e = ERR_STATE;
	return ERR_OK;
}
