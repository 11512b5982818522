/* core/rows.h - released rows on their way out, in batches.
 *
 * The one shape exporters know: cells of finished text.  A source is pulled;
 * the puller owns nothing, a batch is valid until the next pull.
 */
#ifndef AZUKARI_CORE_ROWS_H
#define AZUKARI_CORE_ROWS_H

#include "core/buf.h"
#include "core/err.h"

struct rows_batch {
	size_t rows;
	size_t columns;
	const struct bytes *cells;    /* rows * columns, row by row */
};

struct rows_source {
	void *ctx;
	/* Fills ${ret}; rows == 0 means the end.  An error ends the stream. */
	enum err (*next)(void *ctx, struct rows_batch *ret);
};

#endif
