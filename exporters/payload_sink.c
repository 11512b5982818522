#include "exporters/payload_internal.h"

#include <stdlib.h>
#include <string.h>

#include <archive.h>
#include <archive_entry.h>

#include "core/fs.h"
#include "keys/age.h"

struct payload_sink {
	struct archive *zstd;   /* libarchive's filter around nothing */
	struct archive_entry *entry;
	struct age_writer *age;
	struct digest_stream digest;
	uint64_t bytes;
	int fd;
	enum err e;             /* why the filter's output failed */
};

/* Ciphertext: counted, hashed, written. */
static enum err
on_sealed(void *ctx, struct bytes piece)
{
	struct payload_sink *s = ctx;

	digest_stream_update(&s->digest, piece);
	s->bytes += piece.len;
	return fs_write_all(s->fd, piece);
}

/* Compressed bytes on their way into the encryption. */
static la_ssize_t
on_compressed(struct archive *a, void *ctx, const void *bytes, size_t len)
{
	struct payload_sink *s = ctx;

	if (s->e == ERR_OK)
		s->e = age_writer_update(s->age, bytes_of(bytes, len));
	if (s->e != ERR_OK) {
		archive_set_error(a, 1, "output failed");
		return -1;
	}
	return (la_ssize_t)len;
}

static enum err
result(const struct payload_sink *s, int ok)
{
	if (ok && s->e == ERR_OK)
		return ERR_OK;
	return s->e != ERR_OK ? s->e : ERR_NOMEM;
}

/* Format `raw` with the zstd filter: a stream with no container around it. */
static enum err
open_zstd(struct payload_sink *s)
{
	struct archive *a = s->zstd = archive_write_new();
	struct archive_entry *e = s->entry = archive_entry_new();

	if (a == NULL || e == NULL)
		return ERR_NOMEM;
	if (archive_write_set_format_raw(a) != ARCHIVE_OK ||
	    archive_write_add_filter_zstd(a) != ARCHIVE_OK ||
	    archive_write_set_filter_option(a, "zstd", "compression-level",
	    "1") != ARCHIVE_OK ||
	    archive_write_set_bytes_per_block(a, 0) != ARCHIVE_OK)
		return ERR_NOMEM;
	archive_entry_set_pathname(e, "payload");
	archive_entry_set_filetype(e, AE_IFREG);
	return result(s, archive_write_open(a, s, NULL, on_compressed, NULL) ==
	    ARCHIVE_OK && archive_write_header(a, e) == ARCHIVE_OK);
}

enum err
payload_sink_new(const char *recipient, int fd, struct payload_sink **ret)
{
	CLEANUP(payload_sink_cleanup) struct payload_sink *s = NULL;
	struct age_recipient to;

	RETURN_IF(age_recipient_parse(bytes_str(recipient), &to));
	if ((s = calloc(1, sizeof(*s))) == NULL)
		return ERR_NOMEM;
	s->fd = fd;
	RETURN_IF(digest_stream_init(&s->digest));
	RETURN_IF(age_writer_new(&to, 1, on_sealed, s, &s->age));
	RETURN_IF(open_zstd(s));
	*ret = TAKE(s);
	return ERR_OK;
}

void
payload_sink_free(struct payload_sink *s)
{
	if (s == NULL)
		return;
	/* Closing frees what libarchive holds; what it would still write does
	 * not get past on_compressed. */
	if (s->e == ERR_OK)
		s->e = ERR_CANCELLED;
	if (s->zstd != NULL) {
		(void)archive_write_close(s->zstd);
		(void)archive_write_free(s->zstd);
	}
	archive_entry_free(s->entry);
	age_writer_free(s->age);
	digest_stream_release(&s->digest);
	free(s);
}

void
payload_sink_cleanup(struct payload_sink **s)
{
	payload_sink_free(*s);
}

enum err
payload_sink_run(void *ctx, unsigned tag, struct bytes block)
{
	struct payload_sink *s = ctx;
	la_ssize_t n = archive_write_data(s->zstd, block.data, block.len);

	(void)tag;
	return result(s, n >= 0 && (size_t)n == block.len);
}

enum err
payload_sink_end(struct payload_sink *s, uint8_t ret[DIGEST_LEN],
    uint64_t *ret_bytes)
{
	RETURN_IF(result(s, archive_write_close(s->zstd) == ARCHIVE_OK));
	s->e = ERR_STATE;       /* nothing more */
	RETURN_IF(age_writer_finish(s->age));
	RETURN_IF(digest_stream_end(&s->digest, ret));
	*ret_bytes = s->bytes;
	return ERR_OK;
}
