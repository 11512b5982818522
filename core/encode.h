/* core/encode.h - hex, base64 and base32, strict in both directions.
 *
 * Decoders accept only the canonical form: lower-case hex; standard base64
 * alphabet, exact padding (or none where asked), zero trailing bits; no white
 * space anywhere.  ERR_SYNTAX otherwise, ERR_LIMIT when ${ret_max} is short.
 */
#ifndef AZUKARI_CORE_ENCODE_H
#define AZUKARI_CORE_ENCODE_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"

/* Writes 2*len characters and a NUL to ${ret} (2*len+1 bytes). */
void encode_hex(const uint8_t *bytes, size_t len, char *ret);
/* Exactly ${len} bytes from exactly 2*len characters. */
enum err decode_hex(struct bytes text, uint8_t *ret, size_t len) MUST_USE;

/* Append base64 with or without padding. */
enum err encode_b64(const void *bytes, size_t len, int padded,
    struct buf *out) MUST_USE;
enum err decode_b64(struct bytes text, int padded, uint8_t *ret,
    size_t ret_max, size_t *ret_len) MUST_USE;

/* Lower-case RFC 4648 base32 without padding: 16 bytes from 26 characters. */
enum err decode_b32(struct bytes text, uint8_t *ret, size_t len) MUST_USE;

#endif
