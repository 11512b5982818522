/* keys/digest.h - SHA-256, keyed BLAKE2b (KB), HMAC and HKDF.
 *
 * SHA-256 is used wherever a person checks with `sha256sum`; KB wherever keys,
 * tags and ids are derived (docs/FORMATS.md section 1).  Everything here that
 * returns void cannot fail.  All functions may be used from any thread.
 */
#ifndef AZUKARI_KEYS_DIGEST_H
#define AZUKARI_KEYS_DIGEST_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"

#define DIGEST_LEN 32
#define DIGEST_HEX_LEN 64
#define DIGEST_KB_MIN 16
#define DIGEST_KB_MAX 64

/* SHA-256 of ${msg}; of several pieces one behind the other. */
void digest_sha256(struct bytes msg, uint8_t ret[DIGEST_LEN]);
void digest_sha256_parts(const struct bytes *parts, size_t count,
    uint8_t ret[DIGEST_LEN]);

/* The same as 64 lower-case hex digits and a NUL. */
void digest_sha256_hex(struct bytes msg, char ret[DIGEST_HEX_LEN + 1]);

/* A digest as hex, and back (ERR_SYNTAX: not exactly 64 lower-case digits). */
void digest_to_hex(const uint8_t digest[DIGEST_LEN],
    char ret[DIGEST_HEX_LEN + 1]);
enum err digest_from_hex(struct bytes text, uint8_t ret[DIGEST_LEN]) MUST_USE;

/* SHA-256 of a regular file and, unless NULL, its length.  ERR_NOT_FOUND,
 * ERR_IO, ERR_NOMEM. */
enum err digest_sha256_file(const char *path, uint8_t ret[DIGEST_LEN],
    uint64_t *ret_len) MUST_USE;

/* SHA-256 of a stream.  After init, update as often as needed, then end once;
 * end releases.  A failure inside update is remembered and returned by end
 * (ERR_CRYPTO).  A zeroed struct may be released. */
struct digest_stream {
	void *ctx;
	enum err e;
};
enum err digest_stream_init(struct digest_stream *s) MUST_USE;
void digest_stream_update(struct digest_stream *s, struct bytes piece);
enum err digest_stream_end(struct digest_stream *s,
    uint8_t ret[DIGEST_LEN]) MUST_USE;
void digest_stream_release(struct digest_stream *s);   /* CLEANUP-able */

/* KB(n, key, person, msg): n bytes (DIGEST_KB_MIN to DIGEST_KB_MAX) under a
 * 32-byte key, zero salt, ${person} of at most 16 ASCII characters padded with
 * NUL.  Other lengths abort.  ${ret} may overlap neither key nor message. */
void digest_kb(uint8_t *ret, size_t n, const uint8_t key[32],
    const char *person, struct bytes msg);

/* KB over ${count} pieces one behind the other, without copying them. */
void digest_kb_parts(uint8_t *ret, size_t n, const uint8_t key[32],
    const char *person, const struct bytes *parts, size_t count);

/* KB over LP(part, part, ...). */
void digest_kb_lp(uint8_t *ret, size_t n, const uint8_t key[32],
    const char *person, const struct bytes *parts, size_t count);

/* HMAC-SHA-256 with a key of any length. */
void digest_hmac_sha256(struct bytes key, struct bytes msg,
    uint8_t ret[DIGEST_LEN]);

/* HKDF-SHA-256 (RFC 5869), ${len} bytes.  ERR_RANGE when len is 0 or more
 * than 255 * 32. */
enum err digest_hkdf_sha256(struct bytes ikm, struct bytes salt,
    struct bytes info, uint8_t *ret, size_t len) MUST_USE;

#endif
