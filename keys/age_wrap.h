/* keys/age_wrap.h - a file key sealed into a stanza, and out (inside of keys/).
 */
#ifndef AZUKARI_KEYS_AGE_WRAP_H
#define AZUKARI_KEYS_AGE_WRAP_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/secret.h"
#include "keys/age.h"
#include "keys/age_header.h"

/* Append a stanza with ${file_key} to a recipient (fresh ephemeral key;
 * ERR_RANGE for a point of small order) or to a passphrase (fresh salt). */
enum err age_wrap_x25519(const uint8_t file_key[AGE_HEADER_FILE_KEY_LEN],
    const struct age_recipient *to, struct buf *out) MUST_USE;
enum err age_wrap_scrypt(const uint8_t file_key[AGE_HEADER_FILE_KEY_LEN],
    const struct secret *passphrase, unsigned log_n,
    struct buf *out) MUST_USE;

/* Take the file key out of a stanza.  ERR_NO_MATCH, or ERR_PASSPHRASE, when it
 * is not for this key; ERR_SYNTAX for a share of small order; ERR_LIMIT for a
 * work factor above ${max_log_n}. */
enum err age_wrap_open_x25519(const struct age_stanza *s,
    const struct secret *secret,
    uint8_t ret[AGE_HEADER_FILE_KEY_LEN]) MUST_USE;
enum err age_wrap_open_scrypt(const struct age_stanza *s,
    const struct secret *passphrase, unsigned max_log_n,
    uint8_t ret[AGE_HEADER_FILE_KEY_LEN]) MUST_USE;

#endif
