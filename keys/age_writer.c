#include <stdlib.h>
#include <string.h>

#include "keys/age.h"
#include "keys/age_header.h"
#include "keys/age_stream.h"
#include "keys/age_wrap.h"

/* `age-encryption.org/v1`, stanzas of 98 bytes, a MAC line, a nonce. */
#define VERSION_LEN 22
#define X25519_LEN 98
#define MAC_LINE_LEN 48

struct age_writer {
	age_output_fn output;
	void *ctx;
	struct age_stream stream;
	struct secret_pool pool;
	uint8_t *plain;         /* AGE_CHUNK bytes of the pool */
	size_t plain_len;
	uint8_t *sealed;        /* AGE_STREAM_SEALED bytes of the pool */
	enum err e;             /* the first failure */
	int finished;
};

void
age_writer_free(struct age_writer *w)
{
	if (w == NULL)
		return;
	age_stream_release(&w->stream);
	secret_pool_release(&w->pool);
	free(w);
}

void
age_writer_cleanup(struct age_writer **w)
{
	age_writer_free(*w);
	*w = NULL;
}

static enum err
make(age_output_fn output, void *ctx, struct age_writer **ret)
{
	CLEANUP(age_writer_cleanup) struct age_writer *w =
	    calloc(1, sizeof(*w));

	if (w == NULL)
		return ERR_NOMEM;
	RETURN_IF(secret_pool_init(&w->pool, AGE_CHUNK + AGE_STREAM_SEALED));
	w->output = output;
	w->ctx = ctx;
	w->plain = w->pool.data;
	w->sealed = w->pool.data + AGE_CHUNK;
	*ret = TAKE(w);
	return ERR_OK;
}

/* Close the header in ${head} and send it with the payload's nonce. */
static enum err
start(struct age_writer *w, const uint8_t file_key[AGE_HEADER_FILE_KEY_LEN],
    struct buf *head)
{
	uint8_t nonce[AGE_STREAM_NONCE_LEN];

	RETURN_IF(age_header_end(file_key, head));
	secret_random(nonce, sizeof(nonce));
	RETURN_IF(buf_append(head, nonce, sizeof(nonce)));
	RETURN_IF(age_stream_init(&w->stream, 1, file_key, nonce));
	return w->output(w->ctx, bytes_buf(head));
}

static enum err
check_recipients(const struct age_recipient *r, size_t count)
{
	if (count < 1 || count > AGE_RECIPIENTS_MAX)
		return ERR_RANGE;
	for (size_t i = 1; i < count; i++)
		for (size_t j = 0; j < i; j++)
			if (age_recipient_equal(&r[i], &r[j]))
				return ERR_DUPLICATE;
	return ERR_OK;
}

enum err
age_writer_new(const struct age_recipient *recipients, size_t count,
    age_output_fn output, void *ctx, struct age_writer **ret)
{
	CLEANUP(age_writer_cleanup) struct age_writer *w = NULL;
	CLEANUP(buf_release) struct buf head = {0};
	SECRET_BYTES(file_key, AGE_HEADER_FILE_KEY_LEN);

	RETURN_IF(check_recipients(recipients, count));
	RETURN_IF(make(output, ctx, &w));
	secret_random(file_key, sizeof(file_key));
	RETURN_IF(age_header_begin(&head));
	for (size_t i = 0; i < count; i++)
		RETURN_IF(age_wrap_x25519(file_key, &recipients[i], &head));
	RETURN_IF(start(w, file_key, &head));
	*ret = TAKE(w);
	return ERR_OK;
}

enum err
age_writer_new_passphrase(const struct secret *passphrase, unsigned log_n,
    age_output_fn output, void *ctx, struct age_writer **ret)
{
	CLEANUP(age_writer_cleanup) struct age_writer *w = NULL;
	CLEANUP(buf_release) struct buf head = {0};
	SECRET_BYTES(file_key, AGE_HEADER_FILE_KEY_LEN);

	if (log_n < 1 || log_n > AGE_LOG_N_CEILING)
		return ERR_RANGE;
	RETURN_IF(make(output, ctx, &w));
	secret_random(file_key, sizeof(file_key));
	RETURN_IF(age_header_begin(&head));
	RETURN_IF(age_wrap_scrypt(file_key, passphrase, log_n, &head));
	RETURN_IF(start(w, file_key, &head));
	*ret = TAKE(w);
	return ERR_OK;
}

static enum err
send_chunk(struct age_writer *w, const uint8_t *plain, size_t len, int last)
{
	RETURN_IF(age_stream_seal(&w->stream, plain, len, last, w->sealed));
	return w->output(w->ctx, bytes_of(w->sealed, len + AGE_STREAM_TAG));
}

static void
keep(struct age_writer *w, struct bytes *from, size_t len)
{
	if (len > from->len)
		len = from->len;
	if (len == 0)
		return;
	memcpy(w->plain + w->plain_len, from->data, len);
	w->plain_len += len;
	*from = bytes_of(from->data + len, from->len - len);
}

/* A chunk is only sent once it is known not to be the last: more follows it. */
static enum err
update(struct age_writer *w, struct bytes plain)
{
	if (w->plain_len > 0) {
		keep(w, &plain, AGE_CHUNK - w->plain_len);
		if (plain.len == 0)
			return ERR_OK;
		RETURN_IF(send_chunk(w, w->plain, AGE_CHUNK, 0));
		w->plain_len = 0;
	}
	for (; plain.len > AGE_CHUNK; plain.data += AGE_CHUNK,
	    plain.len -= AGE_CHUNK)
		RETURN_IF(send_chunk(w, plain.data, AGE_CHUNK, 0));
	keep(w, &plain, AGE_CHUNK);
	return ERR_OK;
}

enum err
age_writer_update(struct age_writer *w, struct bytes plain)
{
	MUST_HOLD(!w->finished);
	if (w->e == ERR_OK)
		w->e = update(w, plain);
	return w->e;
}

enum err
age_writer_finish(struct age_writer *w)
{
	MUST_HOLD(!w->finished);
	if (w->e == ERR_OK)
		w->e = send_chunk(w, w->plain, w->plain_len, 1);
	w->finished = 1;
	return w->e;
}

uint64_t
age_sealed_len(uint64_t plain_len, size_t count)
{
	uint64_t chunks = plain_len == 0 ? 1 :
	    (plain_len + AGE_CHUNK - 1) / AGE_CHUNK;

	return VERSION_LEN + count * X25519_LEN + MAC_LINE_LEN +
	    AGE_STREAM_NONCE_LEN + plain_len + chunks * AGE_STREAM_TAG;
}
