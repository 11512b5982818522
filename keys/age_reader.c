#include <stdlib.h>
#include <string.h>

#include "keys/age.h"
#include "keys/age_header.h"
#include "keys/age_stream.h"
#include "keys/age_wrap.h"

/* Enough of a file to tell age, its armour and everything else apart. */
#define FIRST_LOOK 32

enum part {
	PART_HEADER,
	PART_NONCE,
	PART_CHUNKS,
	PART_END,
};

struct age_reader {
	struct age_keys keys;
	age_output_fn output;
	void *ctx;
	enum part part;
	enum err e;             /* the first failure */
	struct buf head;        /* the header so far */
	size_t head_scan;
	struct secret *file_key;
	uint8_t nonce[AGE_STREAM_NONCE_LEN];
	size_t nonce_len;
	struct age_stream stream;
	struct secret_pool pool;
	uint8_t *sealed;        /* AGE_STREAM_SEALED bytes of the pool */
	size_t sealed_len;
	uint8_t *plain;         /* AGE_CHUNK bytes of the pool */
};

void
age_reader_free(struct age_reader *r)
{
	if (r == NULL)
		return;
	buf_release(&r->head);
	secret_free(r->file_key);
	age_stream_release(&r->stream);
	secret_pool_release(&r->pool);
	free(r);
}

void
age_reader_cleanup(struct age_reader **r)
{
	age_reader_free(*r);
	*r = NULL;
}

enum err
age_reader_new(const struct age_keys *keys, age_output_fn output, void *ctx,
    struct age_reader **ret)
{
	CLEANUP(age_reader_cleanup) struct age_reader *r =
	    calloc(1, sizeof(*r));

	if (r == NULL)
		return ERR_NOMEM;
	r->keys = *keys;
	if (r->keys.max_log_n == 0 || r->keys.max_log_n > AGE_LOG_N_CEILING)
		r->keys.max_log_n = AGE_LOG_N_CEILING;
	r->output = output;
	r->ctx = ctx;
	r->head.max = AGE_HEADER_MAX;
	RETURN_IF(secret_new(AGE_HEADER_FILE_KEY_LEN, &r->file_key));
	RETURN_IF(secret_pool_init(&r->pool, AGE_STREAM_SEALED + AGE_CHUNK));
	r->sealed = r->pool.data;
	r->plain = r->pool.data + AGE_STREAM_SEALED;
	*ret = TAKE(r);
	return ERR_OK;
}

/* Move up to ${len} bytes from the front of ${from}. */
static size_t
move(uint8_t *to, struct bytes *from, size_t len)
{
	if (len > from->len)
		len = from->len;
	if (len > 0) {
		memcpy(to, from->data, len);
		*from = bytes_of(from->data + len, from->len - len);
	}
	return len;
}

/* ---- the header ---- */

static enum err
try_stanza(struct age_reader *r, const struct age_stanza *s)
{
	uint8_t *file_key = secret_bytes_mut(r->file_key);

	if (age_header_is_scrypt(s) && r->keys.passphrase != NULL)
		return age_wrap_open_scrypt(s, r->keys.passphrase,
		    r->keys.max_log_n, file_key);
	if (!age_header_is_x25519(s))
		return ERR_NO_MATCH;
	for (size_t i = 0; i < r->keys.identities_len; i++) {
		enum err e = age_wrap_open_x25519(s, r->keys.identities[i],
		    file_key);

		if (e != ERR_NO_MATCH)
			return e;
	}
	return ERR_NO_MATCH;
}

static enum err
find_file_key(struct age_reader *r, const struct age_header *h)
{
	struct bytes rest = h->stanzas;
	struct age_stanza s;
	enum err e;

	while (age_header_next(&rest, &s) == ERR_OK)
		if ((e = try_stanza(r, &s)) != ERR_NO_MATCH)
			return e;
	return ERR_NO_MATCH;
}

static enum err
open_header(struct age_reader *r)
{
	struct age_header h;
	uint8_t mac[32];

	RETURN_IF(age_header_parse(bytes_buf(&r->head), &h));
	RETURN_IF(find_file_key(r, &h));
	RETURN_IF(age_header_mac(secret_bytes(r->file_key), h.maced, mac));
	if (!secret_bytes_equal(mac, h.mac, sizeof(mac)))
		return ERR_MISMATCH;
	return ERR_OK;
}

/* Take as much of ${in} as belongs to the header, if its end is in sight. */
static enum err
feed_header(struct age_reader *r, struct bytes *in)
{
	size_t before = r->head.len, room = r->head.max - before, len;
	size_t take = in->len < room ? in->len : room;

	RETURN_IF(buf_append(&r->head, in->data, take));
	if (!age_header_find_end(bytes_buf(&r->head), &r->head_scan, &len)) {
		enum err e = age_header_explain(bytes_buf(&r->head));

		*in = bytes_of(in->data + take, in->len - take);
		if (e != ERR_TRUNCATED && r->head.len >= FIRST_LOOK)
			return e;       /* this will never be a header */
		return r->head.len == r->head.max ? ERR_LIMIT : ERR_OK;
	}
	*in = bytes_of(in->data + (len - before), in->len - (len - before));
	r->head.len = len;
	RETURN_IF(open_header(r));
	buf_release(&r->head);
	r->part = PART_NONCE;
	return ERR_OK;
}

static enum err
feed_nonce(struct age_reader *r, struct bytes *in)
{
	r->nonce_len += move(r->nonce + r->nonce_len, in,
	    sizeof(r->nonce) - r->nonce_len);
	if (r->nonce_len < sizeof(r->nonce))
		return ERR_OK;
	RETURN_IF(age_stream_init(&r->stream, 0, secret_bytes(r->file_key),
	    r->nonce));
	secret_wipe(secret_bytes_mut(r->file_key), AGE_HEADER_FILE_KEY_LEN);
	r->part = PART_CHUNKS;
	return ERR_OK;
}

/* ---- the payload ---- */

static enum err
release(struct age_reader *r, size_t len)
{
	if (len == 0)
		return ERR_OK;
	return r->output(r->ctx, bytes_of(r->plain, len));
}

/* A full chunk with more data behind it.  If it was sealed as the last one,
 * its text is good and goes out, and what follows is the error. */
static enum err
open_inner(struct age_reader *r, const uint8_t *sealed)
{
	enum err e = age_stream_open(&r->stream, sealed, AGE_STREAM_SEALED, 0,
	    r->plain);

	if (e != ERR_DECRYPT) {
		RETURN_IF(e);
		return release(r, AGE_CHUNK);
	}
	RETURN_IF(age_stream_open(&r->stream, sealed, AGE_STREAM_SEALED, 1,
	    r->plain));
	RETURN_IF(release(r, AGE_CHUNK));
	return ERR_DECRYPT;
}

/* The chunk the file ends with.  If it was sealed as an inner one, its text is
 * good and goes out, and the missing rest is the error. */
static enum err
open_last(struct age_reader *r)
{
	size_t len = r->sealed_len - AGE_STREAM_TAG;
	int first = r->stream.counter == 0;
	enum err e;

	if (r->sealed_len < AGE_STREAM_TAG)
		return ERR_TRUNCATED;
	e = age_stream_open(&r->stream, r->sealed, r->sealed_len, 1, r->plain);
	if (e == ERR_OK)
		return len == 0 && !first ? ERR_DECRYPT : release(r, len);
	if (e != ERR_DECRYPT || r->sealed_len < AGE_STREAM_SEALED)
		return e;
	RETURN_IF(age_stream_open(&r->stream, r->sealed, r->sealed_len, 0,
	    r->plain));
	RETURN_IF(release(r, len));
	return ERR_TRUNCATED;
}

static enum err
feed_chunks(struct age_reader *r, struct bytes *in)
{
	if (r->sealed_len > 0) {
		r->sealed_len += move(r->sealed + r->sealed_len, in,
		    AGE_STREAM_SEALED - r->sealed_len);
		if (in->len == 0)
			return ERR_OK;
		RETURN_IF(open_inner(r, r->sealed));
		r->sealed_len = 0;
	}
	while (in->len > AGE_STREAM_SEALED) {
		RETURN_IF(open_inner(r, in->data));
		*in = bytes_of(in->data + AGE_STREAM_SEALED,
		    in->len - AGE_STREAM_SEALED);
	}
	r->sealed_len = move(r->sealed, in, AGE_STREAM_SEALED);
	return ERR_OK;
}

static enum err
feed(struct age_reader *r, struct bytes in)
{
	while (in.len > 0) {
		if (r->part == PART_HEADER)
			RETURN_IF(feed_header(r, &in));
		else if (r->part == PART_NONCE)
			RETURN_IF(feed_nonce(r, &in));
		else
			RETURN_IF(feed_chunks(r, &in));
	}
	return ERR_OK;
}

enum err
age_reader_update(struct age_reader *r, struct bytes sealed)
{
	MUST_HOLD(r->part != PART_END);
	if (r->e == ERR_OK)
		r->e = feed(r, sealed);
	return r->e;
}

static enum err
finish(struct age_reader *r)
{
	enum err e;

	if (r->part == PART_CHUNKS)
		return open_last(r);
	if (r->part == PART_NONCE)
		return ERR_SYNTAX;
	e = age_header_explain(bytes_buf(&r->head));
	return e == ERR_TRUNCATED ? ERR_SYNTAX : e;
}

enum err
age_reader_finish(struct age_reader *r)
{
	MUST_HOLD(r->part != PART_END);
	if (r->e == ERR_OK)
		r->e = finish(r);
	r->part = PART_END;
	return r->e;
}
