/* policy/disclosure/counter.h - the second, independent count.
 *
 * Reads the very CSV bytes that leave, on their way, and counts distinct
 * pseudonyms in each group of equal quasi-identifying cells.  It knows nothing
 * of tuples, ladders or levels, and shares no code with kanon.c.  Rows must
 * come in order of pseudonym (FORMATS 9.2), which is checked, so memory grows
 * with the number of groups only.
 */
#ifndef AZUKARI_POLICY_DISCLOSURE_COUNTER_H
#define AZUKARI_POLICY_DISCLOSURE_COUNTER_H

#include <stddef.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"

#define COUNTER_MEMORY_DEFAULT ((size_t)512 << 20)

struct counter;

struct counter_args {
	const char *pseudonym;          /* name of that column */
	const char *const *columns;     /* names of the columns that count */
	size_t columns_len;
	size_t memory_max;              /* bytes; 0: the default */
	/* 1: a group is of pseudonyms whose rows have equal counted cells, one
	 * by one, and are as many; 0: of rows */
	int joined;
	/* with joined: columns that do not count, in the order of the file, of
	 * which each pseudonym's cells are handed over when its last row is
	 * behind it: row by row, NUL behind each cell; ${group} is its group's
	 * number.  What ${person} returns ends the count. */
	const char *const *watched;
	size_t watched_len;
	enum err (*person)(void *ctx, uint32_t group, size_t rows,
	    struct bytes cells);
	void *ctx;
};

/* Strings are copied. */
enum err counter_new(const struct counter_args *args,
    struct counter **ret) MUST_USE;
void counter_free(struct counter *c);
void counter_cleanup(struct counter **c);

/* The next bytes of the file, cut anywhere.  ERR_SYNTAX: not CSV as we write
 * it; ERR_NOT_FOUND: a column is missing in the header; ERR_MISMATCH: a
 * pseudonym comes back or out of order, or a row has more or fewer cells;
 * ERR_LIMIT: memory; ERR_NOMEM.  After an error only counter_free. */
enum err counter_feed(struct counter *c, struct bytes piece) MUST_USE;

struct counter_result {
	uint64_t rows, pseudonyms, groups;
	uint64_t smallest;              /* pseudonyms in the smallest group */
	uint64_t largest;
	uint64_t sum_of_sizes;
};

/* The end of the file.  ERR_TRUNCATED when it ends within a row or before the
 * header. */
enum err counter_end(struct counter *c, struct counter_result *ret) MUST_USE;

#endif
