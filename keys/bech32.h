/* keys/bech32.h - age's key strings, strict.
 *
 * A recipient is `age1...` (62 characters, lower case), a secret key
 * `AGE-SECRET-KEY-1...` (74 characters, upper case).  Refused: every other
 * human-readable part (plugins, hybrid keys, SSH), the wrong or a mixed case,
 * a bad checksum, non-zero padding, anything but 32 bytes, white space.
 */
#ifndef AZUKARI_KEYS_BECH32_H
#define AZUKARI_KEYS_BECH32_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/secret.h"

#define BECH32_RECIPIENT_LEN 62
#define BECH32_SECRET_LEN 74

/* The X25519 public key of a recipient string; ERR_SYNTAX. */
enum err bech32_decode_recipient(struct bytes text,
    uint8_t ret[32]) MUST_USE;

/* BECH32_RECIPIENT_LEN characters and a NUL. */
void bech32_encode_recipient(const uint8_t key[32],
    char ret[BECH32_RECIPIENT_LEN + 1]);

/* The X25519 secret of a secret key string; the caller owns it.  ERR_SYNTAX,
 * ERR_NOMEM, ERR_MEMORY_LOCK. */
enum err bech32_decode_secret(struct bytes text, struct secret **ret) MUST_USE;

/* BECH32_SECRET_LEN characters, no NUL; meant for SECRET_BYTES or for memory
 * of a struct secret. */
void bech32_encode_secret(const uint8_t key[32],
    uint8_t ret[BECH32_SECRET_LEN]);

#endif
