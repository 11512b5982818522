#include "keys/age_stream.h"

#include <string.h>

#include "core/secret.h"
#include "keys/digest.h"
#include "keys/libcrypto.h"

#define CHUNK_NONCE_LEN 12

static enum err
payload_key(const uint8_t file_key[AGE_HEADER_FILE_KEY_LEN],
    const uint8_t nonce[AGE_STREAM_NONCE_LEN], uint8_t ret[32])
{
	return digest_hkdf_sha256(bytes_of(file_key, AGE_HEADER_FILE_KEY_LEN),
	    bytes_of(nonce, AGE_STREAM_NONCE_LEN), bytes_str("payload"), ret,
	    32);
}

enum err
age_stream_init(struct age_stream *s, int sealing,
    const uint8_t file_key[AGE_HEADER_FILE_KEY_LEN],
    const uint8_t nonce[AGE_STREAM_NONCE_LEN])
{
	SECRET_BYTES(key, 32);
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();

	s->ctx = ctx;
	s->counter = 0;
	if (ctx == NULL)
		return ERR_NOMEM;
	RETURN_IF(payload_key(file_key, nonce, key));
	if (EVP_CipherInit_ex(ctx, EVP_chacha20_poly1305(), NULL, key, NULL,
	    sealing) != 1)
		return ERR_CRYPTO;
	return ERR_OK;
}

void
age_stream_release(struct age_stream *s)
{
	EVP_CIPHER_CTX_free(s->ctx);    /* wipes; NULL is fine */
	s->ctx = NULL;
}

/* 11 bytes of counter, then 1 for the last chunk. */
static enum err
set_nonce(const struct age_stream *s, int last)
{
	uint8_t nonce[CHUNK_NONCE_LEN] = {0};

	for (unsigned i = 0; i < 8; i++)
		nonce[10 - i] = (uint8_t)(s->counter >> 8 * i);
	nonce[11] = last ? 1 : 0;
	/* -1: sealing or opening, as it was set up; the key stays. */
	if (EVP_CipherInit_ex(s->ctx, NULL, NULL, NULL, nonce, -1) != 1)
		return ERR_CRYPTO;
	return ERR_OK;
}

static enum err
cipher(const struct age_stream *s, const uint8_t *in, size_t len, uint8_t *out)
{
	int got = 0;

	if (len > 0 && (EVP_CipherUpdate(s->ctx, out, &got, in,
	    (int)len) != 1 || got != (int)len))
		return ERR_CRYPTO;
	return ERR_OK;
}

enum err
age_stream_seal(struct age_stream *s, const uint8_t *plain, size_t len,
    int last, uint8_t *ret)
{
	int none = 0;

	MUST_HOLD(len <= AGE_CHUNK);
	RETURN_IF(set_nonce(s, last));
	RETURN_IF(cipher(s, plain, len, ret));
	if (EVP_CipherFinal_ex(s->ctx, ret + len, &none) != 1 ||
	    EVP_CIPHER_CTX_ctrl(s->ctx, EVP_CTRL_AEAD_GET_TAG,
	    (int)AGE_STREAM_TAG, ret + len) != 1)
		return ERR_CRYPTO;
	s->counter++;
	return ERR_OK;
}

enum err
age_stream_open(struct age_stream *s, const uint8_t *sealed, size_t len,
    int last, uint8_t *ret)
{
	uint8_t tag[AGE_STREAM_TAG], unused[AGE_STREAM_TAG];
	size_t plain_len = len - AGE_STREAM_TAG;
	int none = 0;

	MUST_HOLD(len >= AGE_STREAM_TAG && len <= AGE_STREAM_SEALED);
	memcpy(tag, sealed + plain_len, sizeof(tag));
	RETURN_IF(set_nonce(s, last));
	if (EVP_CIPHER_CTX_ctrl(s->ctx, EVP_CTRL_AEAD_SET_TAG,
	    (int)sizeof(tag), tag) != 1)
		return ERR_CRYPTO;
	RETURN_IF(cipher(s, sealed, plain_len, ret));
	if (EVP_CipherFinal_ex(s->ctx, unused, &none) != 1) {
		secret_wipe(ret, plain_len);
		return ERR_DECRYPT;
	}
	s->counter++;
	return ERR_OK;
}
