#include "keys/age.h"

#include <sodium.h>
#include <string.h>

#include "keys/age_header.h"
#include "keys/age_stream.h"
#include "keys/bech32.h"

enum err
age_recipient_parse(struct bytes text, struct age_recipient *ret)
{
	struct age_recipient got;
	SECRET_BYTES(any, 32);
	SECRET_BYTES(shared, 32);

	RETURN_IF(bech32_decode_recipient(text, got.key));
	/* Any scalar is made a multiple of the cofactor, so it takes exactly
	 * the points of small order to zero. */
	secret_random(any, sizeof(any));
	if (crypto_scalarmult(shared, any, got.key) != 0)
		return ERR_RANGE;
	*ret = got;
	return ERR_OK;
}

int
age_recipient_equal(const struct age_recipient *a,
    const struct age_recipient *b)
{
	return memcmp(a->key, b->key, sizeof(a->key)) == 0;
}

enum err
age_secret_new(struct secret **ret)
{
	return secret_new_random(32, ret);
}

enum err
age_secret_recipient(const struct secret *secret, struct age_recipient *ret)
{
	MUST_HOLD(secret_len(secret) == 32);
	if (crypto_scalarmult_base(ret->key, secret_bytes(secret)) != 0)
		return ERR_CRYPTO;
	return ERR_OK;
}

enum err
age_output_buf(void *ctx, struct bytes piece)
{
	return buf_append(ctx, piece.data, piece.len);
}

/* ${out} as it was, with nothing behind its end. */
static void
cut_back(struct buf *out, size_t len)
{
	if (out->len == len)
		return;
	secret_wipe(out->data + len, out->len - len);
	out->len = len;
}

static enum err
seal_all(struct age_writer *w, struct bytes plain)
{
	RETURN_IF(age_writer_update(w, plain));
	return age_writer_finish(w);
}

enum err
age_seal_buf(const struct age_recipient *recipients, size_t count,
    struct bytes plain, struct buf *out)
{
	CLEANUP(age_writer_cleanup) struct age_writer *w = NULL;
	size_t before = out->len;
	enum err e = age_writer_new(recipients, count, age_output_buf, out, &w);

	if (e == ERR_OK)
		e = seal_all(w, plain);
	if (e != ERR_OK)
		cut_back(out, before);
	return e;
}

enum err
age_seal_passphrase_buf(const struct secret *passphrase, unsigned log_n,
    struct bytes plain, struct buf *out)
{
	CLEANUP(age_writer_cleanup) struct age_writer *w = NULL;
	size_t before = out->len;
	enum err e = age_writer_new_passphrase(passphrase, log_n,
	    age_output_buf, out, &w);

	if (e == ERR_OK)
		e = seal_all(w, plain);
	if (e != ERR_OK)
		cut_back(out, before);
	return e;
}

static enum err
open_all(const struct age_keys *keys, struct bytes sealed,
    age_output_fn output, void *ctx)
{
	CLEANUP(age_reader_cleanup) struct age_reader *r = NULL;

	RETURN_IF(age_reader_new(keys, output, ctx, &r));
	RETURN_IF(age_reader_update(r, sealed));
	return age_reader_finish(r);
}

enum err
age_open_buf(const struct age_keys *keys, struct bytes sealed, struct buf *out)
{
	size_t before = out->len;
	enum err e = open_all(keys, sealed, age_output_buf, out);

	if (e != ERR_OK)
		cut_back(out, before);
	return e;
}

/* A struct secret being filled. */
struct filling {
	struct secret *into;
	size_t len;
};

static enum err
output_secret(void *ctx, struct bytes piece)
{
	struct filling *f = ctx;

	if (piece.len > secret_len(f->into) - f->len)
		return ERR_CORRUPT;
	memcpy(secret_bytes_mut(f->into) + f->len, piece.data, piece.len);
	f->len += piece.len;
	return ERR_OK;
}

/* What a sealed file of this length holds, once its header is known. */
static enum err
plain_len_of(struct bytes sealed, size_t max, size_t *ret)
{
	struct age_stanza_count count;
	enum err e = age_count_stanzas(sealed, &count);
	size_t payload, chunks;

	if (e != ERR_OK)
		return e == ERR_TRUNCATED ? ERR_SYNTAX : e;
	payload = sealed.len - count.header_len;
	if (payload < AGE_STREAM_NONCE_LEN)
		return ERR_SYNTAX;
	payload -= AGE_STREAM_NONCE_LEN;
	chunks = (payload + AGE_STREAM_SEALED - 1) / AGE_STREAM_SEALED;
	if (payload <= chunks * AGE_STREAM_TAG)
		return ERR_TRUNCATED;
	*ret = payload - chunks * AGE_STREAM_TAG;
	return *ret > max ? ERR_LIMIT : ERR_OK;
}

enum err
age_open_secret(const struct age_keys *keys, struct bytes sealed, size_t max,
    struct secret **ret)
{
	CLEANUP(secret_cleanup) struct secret *into = NULL;
	struct filling f = {0};
	size_t len;

	RETURN_IF(plain_len_of(sealed, max, &len));
	RETURN_IF(secret_new(len, &into));
	f.into = into;
	RETURN_IF(open_all(keys, sealed, output_secret, &f));
	if (f.len != len)
		return ERR_CORRUPT;
	*ret = TAKE(into);
	return ERR_OK;
}

enum err
age_count_stanzas(struct bytes head, struct age_stanza_count *ret)
{
	struct age_header h;
	size_t scan = 0, len;

	if (head.len > AGE_HEADER_MAX)
		head.len = AGE_HEADER_MAX;
	if (!age_header_find_end(head, &scan, &len)) {
		enum err e = age_header_explain(head);

		return e == ERR_TRUNCATED && head.len == AGE_HEADER_MAX ?
		    ERR_LIMIT : e;
	}
	RETURN_IF(age_header_parse(head, &h));
	*ret = (struct age_stanza_count){h.x25519, h.scrypt, h.other, h.len};
	return ERR_OK;
}
