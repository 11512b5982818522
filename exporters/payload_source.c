#include "exporters/payload_source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <zstd.h>
#include <zstd_errors.h>

#include "core/buf.h"
#include "core/secret.h"

#define READ_BYTES ((size_t)256 << 10)
#define WINDOW_LOG_MAX 27

struct payload_source {
	struct bundle_payload payload;
	uint64_t at;            /* bytes of the file read so far */
	struct digest_stream digest;
	struct age_reader *age;
	int age_done;
	struct buf packed;      /* what age gave and zstd has not taken */
	size_t packed_at;
	ZSTD_DCtx *zstd;
	int frame_done;
	int pending;            /* zstd may hold output it had no room for */
	uint8_t *block;         /* READ_BYTES of ciphertext */
};

static enum err
source_open(struct payload_source *s, const struct age_keys *keys)
{
	if ((s->block = malloc(READ_BYTES)) == NULL ||
	    (s->zstd = ZSTD_createDCtx()) == NULL ||
	    ZSTD_isError(ZSTD_DCtx_setParameter(s->zstd, ZSTD_d_windowLogMax,
	    WINDOW_LOG_MAX)))
		return ERR_NOMEM;
	RETURN_IF(digest_stream_init(&s->digest));
	return age_reader_new(keys, age_output_buf, &s->packed, &s->age);
}

enum err
payload_source_new(const struct bundle_payload *payload,
    const struct age_keys *keys, struct payload_source **ret)
{
	CLEANUP(payload_source_cleanup) struct payload_source *s =
	    calloc(1, sizeof(*s));

	if (s == NULL)
		return ERR_NOMEM;
	s->payload = *payload;
	RETURN_IF(source_open(s, keys));
	*ret = TAKE(s);
	return ERR_OK;
}

void
payload_source_free(struct payload_source *s)
{
	if (s == NULL)
		return;
	age_reader_free(s->age);
	digest_stream_release(&s->digest);
	buf_release(&s->packed);
	(void)ZSTD_freeDCtx(s->zstd);
	free(s->block);
	free(s);
}

void
payload_source_cleanup(struct payload_source **s)
{
	payload_source_free(*s);
}

/* The next block of the file through digest and age. */
static enum err
read_sealed(struct payload_source *s)
{
	uint64_t left = s->payload.bytes - s->at;
	size_t want = left < READ_BYTES ? (size_t)left : READ_BYTES;
	ssize_t n;

	do
		n = pread(s->payload.fd, s->block, want,
		    (off_t)(s->payload.offset + s->at));
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return n < 0 ? ERR_IO : ERR_TRUNCATED;
	s->at += (uint64_t)n;
	digest_stream_update(&s->digest, bytes_of(s->block, (size_t)n));
	return age_reader_update(s->age, bytes_of(s->block, (size_t)n));
}

/* More packed bytes, or the proof that there are none. */
static enum err
refill(struct payload_source *s)
{
	buf_clear(&s->packed);
	s->packed_at = 0;
	if (s->at < s->payload.bytes)
		return read_sealed(s);
	s->age_done = 1;
	return age_reader_finish(s->age);
}

static enum err
unpack(struct payload_source *s, ZSTD_outBuffer *out)
{
	ZSTD_inBuffer in = {s->packed.data, s->packed.len, s->packed_at};
	size_t left = ZSTD_decompressStream(s->zstd, out, &in);

	if (ZSTD_isError(left))
		return ZSTD_getErrorCode(left) ==
		    ZSTD_error_frameParameter_windowTooLarge ? ERR_LIMIT :
		    ERR_CORRUPT;
	s->packed_at = in.pos;
	s->frame_done = left == 0;
	s->pending = left != 0 && out->pos == out->size;
	return ERR_OK;
}

enum err
payload_source_read(void *ctx, uint8_t *dst, size_t max, size_t *ret_got)
{
	struct payload_source *s = ctx;
	ZSTD_outBuffer out = {dst, max, 0};

	while (out.pos == 0) {
		if (s->packed_at < s->packed.len || s->pending) {
			if (s->frame_done)
				return ERR_CORRUPT;
			RETURN_IF(unpack(s, &out));
		} else if (!s->age_done) {
			RETURN_IF(refill(s));
		} else if (s->frame_done) {
			break;
		} else {
			return ERR_TRUNCATED;
		}
	}
	*ret_got = out.pos;
	return ERR_OK;
}

enum err
payload_source_end(struct payload_source *s)
{
	uint8_t digest[DIGEST_LEN];

	if (!s->age_done)
		return ERR_STATE;
	RETURN_IF(digest_stream_end(&s->digest, digest));
	return memcmp(digest, s->payload.sha256, DIGEST_LEN) == 0 ? ERR_OK :
	    ERR_MISMATCH;
}
