/* core/buf.h - a growable, bounded byte buffer that is wiped when it goes.
 *
 * A zeroed struct is a valid empty buffer bounded by BUF_MAX_DEFAULT.  Growth
 * copies and wipes the old bytes, so a buffer may hold plaintext (but keys
 * belong into `struct secret`).  Also here: a cursor over borrowed bytes.
 */
#ifndef AZUKARI_CORE_BUF_H
#define AZUKARI_CORE_BUF_H

#include <stdint.h>

#include "core/err.h"

#define BUF_MAX_DEFAULT ((size_t)64 << 20)

struct buf {
	uint8_t *data;  /* NULL while empty; always followed by a NUL byte */
	size_t len, cap;
	size_t max;     /* bound on len in bytes; 0 means BUF_MAX_DEFAULT */
};

/* Empties ${b} keeping its memory (bytes are wiped). */
void buf_clear(struct buf *b);

/* Wipes and frees; ${b} is a valid empty buffer afterwards.  CLEANUP-able. */
void buf_release(struct buf *b);

/* Make room for ${more} bytes beyond len.  ERR_LIMIT, ERR_NOMEM. */
enum err buf_reserve(struct buf *b, size_t more) MUST_USE;

/* Append.  On failure (ERR_LIMIT, ERR_NOMEM) the buffer is unchanged. */
enum err buf_append(struct buf *b, const void *bytes, size_t len) MUST_USE;
enum err buf_append_str(struct buf *b, const char *text) MUST_USE;
enum err buf_append_u8(struct buf *b, uint8_t v) MUST_USE;
enum err buf_append_u16be(struct buf *b, uint16_t v) MUST_USE;
enum err buf_append_u32be(struct buf *b, uint32_t v) MUST_USE;
enum err buf_append_u64be(struct buf *b, uint64_t v) MUST_USE;
enum err buf_printf(struct buf *b, const char *fmt, ...)
    PRINTF_LIKE(2, 3) MUST_USE;

/* LP(): u32be length, then the bytes (PROTOCOL section 2). */
enum err buf_append_lp(struct buf *b, const void *bytes, size_t len) MUST_USE;
enum err buf_append_lp_str(struct buf *b, const char *text) MUST_USE;

/* The buffer as text: its bytes with the NUL behind them ("" when empty).
 * Valid until the next change. */
const char *buf_text(const struct buf *b);

/* Borrowed bytes and a cursor over them. */
struct bytes {
	const uint8_t *data;
	size_t len;
};

struct bytes bytes_of(const void *data, size_t len);
struct bytes bytes_str(const char *text);
struct bytes bytes_buf(const struct buf *b);
int bytes_equal(struct bytes a, struct bytes b);    /* not constant time */

/* Take from the front of ${c}; ERR_TRUNCATED leaves ${c} unchanged. */
enum err bytes_take(struct bytes *c, size_t len, struct bytes *ret) MUST_USE;
enum err bytes_take_u8(struct bytes *c, uint8_t *ret) MUST_USE;
enum err bytes_take_u16be(struct bytes *c, uint16_t *ret) MUST_USE;
enum err bytes_take_u32be(struct bytes *c, uint32_t *ret) MUST_USE;
enum err bytes_take_u64be(struct bytes *c, uint64_t *ret) MUST_USE;

/* Next line without its LF into ${ret}; ERR_NOT_FOUND at the end,
 * ERR_TRUNCATED when the last line has no LF. */
enum err bytes_take_line(struct bytes *c, struct bytes *ret) MUST_USE;

#endif
