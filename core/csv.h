/* core/csv.h - CSV as RFC 4180 has it, with a chosen delimiter.
 *
 * Reader: a push-pull parser over bytes fed in pieces; quotes, doubled quotes,
 * CRLF or LF, no NUL, fields and records bounded, a bare quote inside an
 * unquoted field refused.  A UTF-8 BOM before the first field is skipped.
 * Writer: minimal quoting, LF.
 */
#ifndef AZUKARI_CORE_CSV_H
#define AZUKARI_CORE_CSV_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"

#define CSV_FIELD_MAX ((size_t)64 << 10)
#define CSV_RECORD_MAX ((size_t)1 << 20)
#define CSV_FIELDS_MAX 4096

struct csv_reader;

/* Reads bytes through ${read}(ctx, dst, max, &got): got 0 means the end.
 * ${name} is the file of error messages (copied); empty: as they have it. */
typedef enum err (*csv_read_fn)(void *ctx, uint8_t *dst, size_t max,
    size_t *ret_got);
enum err csv_reader_new(csv_read_fn read, void *ctx, char delimiter,
    const char *name, struct csv_reader **ret) MUST_USE;
/* For ${read}: from ${ctx}, a struct bytes, which shrinks. */
enum err csv_read_bytes(void *ctx, uint8_t *dst, size_t max,
    size_t *ret_got) MUST_USE;
void csv_reader_free(struct csv_reader *r);
void csv_reader_cleanup(struct csv_reader **r);

/* Next record (an empty line is one empty field): ${ret_fields} (${ret_count} of them, NUL-terminated inside)
 * stay valid until the next call; ${ret_line} is the line it began on.
 * ERR_NOT_FOUND at the end.  After ERR_SYNTAX, ERR_ENCODING or ERR_LIMIT the
 * reader stands at the next line and may be called again. */
enum err csv_reader_next(struct csv_reader *r, const struct bytes **ret_fields,
    size_t *ret_count, unsigned long *ret_line, struct err_info *info) MUST_USE;

/* The line the next record begins on; behind the last record, one more than
 * the last line. */
unsigned long csv_reader_line(const struct csv_reader *r);

/* Length of ${field} once written with ${delimiter}, quotes included. */
size_t csv_field_len(struct bytes field, char delimiter);
/* Append ${field}, quoted only where it must be. */
enum err csv_append_field(struct buf *out, struct bytes field,
    char delimiter) MUST_USE;

#endif
