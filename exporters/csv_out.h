/* exporters/csv_out.h - released rows as CSV, straight into an output.
 *
 * Comma, LF, minimal quoting, a header line.  Bytes and rows are counted as
 * they go; the digest is left to whoever takes the bytes.  Staged in one
 * block, so the sink sees large pieces.
 */
#ifndef AZUKARI_EXPORTERS_CSV_OUT_H
#define AZUKARI_EXPORTERS_CSV_OUT_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/rows.h"

/* Takes ${bytes} (valid during the call only); an error ends the output. */
typedef enum err (*csv_out_fn)(void *ctx, struct bytes bytes);

struct csv_out;

/* ${write} and ${ctx} are borrowed until free; rows must have ${columns}
 * cells.  The caller owns the result.  ERR_RANGE for 0 or more than
 * CSV_FIELDS_MAX columns, ERR_NOMEM. */
enum err csv_out_new(csv_out_fn write, void *ctx, size_t columns,
    struct csv_out **ret) MUST_USE;
void csv_out_free(struct csv_out *o);                /* wipes; NULL is fine */
void csv_out_cleanup(struct csv_out **o);

/* The header line: ${columns} names.  Not counted as a row. */
enum err csv_out_header(struct csv_out *o, const char *const *names) MUST_USE;

/* All rows of ${batch}.  ERR_MISMATCH for another number of columns,
 * ERR_LIMIT for a cell above CSV_FIELD_MAX, or what the sink returned. */
enum err csv_out_batch(struct csv_out *o,
    const struct rows_batch *batch) MUST_USE;

/* Hands the staged rest to the sink.  Call once, last. */
enum err csv_out_end(struct csv_out *o) MUST_USE;

/* Bytes (header included) and rows so far. */
uint64_t csv_out_bytes(const struct csv_out *o);
uint64_t csv_out_rows(const struct csv_out *o);

/* Bytes a line of these cells takes, LF included: what a caller sums to know
 * the size of a file before it is written. */
uint64_t csv_out_line_len(const struct bytes *cells, size_t count);
uint64_t csv_out_header_len(const char *const *names, size_t count);

#endif
