/* exporters/payload_source.h - the tar inside a payload, pulled.
 *
 * File → SHA-256 → age → zstd → tar bytes.  Exactly one zstd frame with nothing
 * behind it; a window of at most 128 MiB, as `zstd -d` allows.
 */
#ifndef AZUKARI_EXPORTERS_PAYLOAD_SOURCE_H
#define AZUKARI_EXPORTERS_PAYLOAD_SOURCE_H

#include <stdint.h>

#include "core/err.h"
#include "exporters/bundle_read.h"
#include "keys/age.h"

struct payload_source;

/* ${payload} is copied (its descriptor borrowed), ${keys} borrowed until free.
 * ERR_NOMEM, ERR_CRYPTO, ERR_MEMORY_LOCK.  The caller owns the result. */
enum err payload_source_new(const struct bundle_payload *payload,
    const struct age_keys *keys, struct payload_source **ret) MUST_USE;
void payload_source_free(struct payload_source *s);  /* NULL is fine */
void payload_source_cleanup(struct payload_source **s);

/* A tar_read_fn.  Errors of keys/age.h, ERR_CORRUPT (zstd), ERR_TRUNCATED,
 * ERR_LIMIT (window), ERR_IO. */
enum err payload_source_read(void *ctx, uint8_t *dst, size_t max,
    size_t *ret_got) MUST_USE;

/* After a read gave 0 bytes: ERR_MISMATCH unless the file had the digest that
 * was expected. */
enum err payload_source_end(struct payload_source *s) MUST_USE;

#endif
