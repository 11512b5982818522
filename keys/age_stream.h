/* keys/age_stream.h - the chunks behind an age header (inside of keys/).
 *
 * ChaCha20-Poly1305 in pieces of 64 KiB by OpenSSL, whose vector code is
 * several times faster here than libsodium's; one context for all chunks.
 */
#ifndef AZUKARI_KEYS_AGE_STREAM_H
#define AZUKARI_KEYS_AGE_STREAM_H

#include <stdint.h>

#include "core/err.h"
#include "keys/age.h"
#include "keys/age_header.h"

#define AGE_STREAM_NONCE_LEN 16
#define AGE_STREAM_TAG ((size_t)16)
#define AGE_STREAM_SEALED (AGE_CHUNK + AGE_STREAM_TAG)

struct age_stream {
	void *ctx;              /* EVP_CIPHER_CTX, keyed */
	uint64_t counter;       /* number of the next chunk */
};

/* Begin sealing or opening.  ERR_NOMEM, ERR_CRYPTO. */
enum err age_stream_init(struct age_stream *s, int sealing,
    const uint8_t file_key[AGE_HEADER_FILE_KEY_LEN],
    const uint8_t nonce[AGE_STREAM_NONCE_LEN]) MUST_USE;
void age_stream_release(struct age_stream *s);

/* Seal ${len} (at most AGE_CHUNK) bytes into ${ret}, which takes the tag too.
 * Goes on to the next chunk. */
enum err age_stream_seal(struct age_stream *s, const uint8_t *plain,
    size_t len, int last, uint8_t *ret) MUST_USE;

/* Open ${len} (16 to AGE_STREAM_SEALED) bytes into ${ret} (len - 16).  Goes on
 * to the next chunk; on ERR_DECRYPT nothing is left in ${ret} and the same
 * chunk may be tried again. */
enum err age_stream_open(struct age_stream *s, const uint8_t *sealed,
    size_t len, int last, uint8_t *ret) MUST_USE;

#endif
