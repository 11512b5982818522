/* policy/disclosure/memory.h - what a release and an earlier one tell
 * together.
 *
 * Whoever has two releases can take one from the other.  What is left must be
 * nobody or at least k respondents, in every group that both can be coarsened
 * to (the columns and levels they share: the meet).  The record of a release
 * (FORMATS 9.6) holds for each of its groups the number of people and of rows,
 * under keyed tokens in place of values, and no answers; who was in it is
 * known from its notice book.  Pure: keys, rows and books are the caller's.
 */
#ifndef AZUKARI_POLICY_DISCLOSURE_MEMORY_H
#define AZUKARI_POLICY_DISCLOSURE_MEMORY_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"

#define MEMORY_TOKEN_LEN 16
#define MEMORY_FIELD_MAX 32
#define MEMORY_COLUMNS_MAX 64
#define MEMORY_LEVELS_MAX 33

/* A quasi-identifying column as it was released. */
struct memory_column {
	char field[MEMORY_FIELD_MAX + 1];
	uint8_t ladder_sha256[32];      /* zeros: as it is */
	unsigned level;
	unsigned levels;                /* tokens of a label: at level, level+1,
	                                 * … up to the coarsest */
	size_t labels;
	uint8_t *tokens;                /* labels * levels * MEMORY_TOKEN_LEN */
};

struct memory_group {
	uint32_t people, rows;
};

/* A release's groups: each has one label of every column. */
struct memory_release {
	uint32_t rows_max;              /* rows of one person, at most */
	struct memory_column columns[MEMORY_COLUMNS_MAX];
	size_t columns_len;
	uint32_t *labels;               /* groups_len * columns_len */
	struct memory_group *groups;
	size_t groups_len;
};
void memory_release_free(struct memory_release *r);     /* CLEANUP-able */

/* The record's plaintext, appended; and back.  ERR_UNSUPPORTED (magic),
 * ERR_TRUNCATED, ERR_RANGE, ERR_LIMIT, ERR_NOMEM. */
enum err memory_write(const struct memory_release *r,
    struct buf *out) MUST_USE;
enum err memory_read(struct bytes plain, struct memory_release *ret) MUST_USE;

/* Both releases' groups numbered by what they have in common. */
struct memory_meet {
	uint32_t *before, *now;         /* group → cell */
	size_t cells;
};
void memory_meet_release(struct memory_meet *m);        /* CLEANUP-able */
enum err memory_meet_make(const struct memory_release *before,
    const struct memory_release *now, struct memory_meet *ret) MUST_USE;

/* One group of the meet. */
struct memory_cell {
	uint64_t rows_before;
	uint64_t people_before;         /* at least so many */
	/* of this release, rows that the earlier one had too */
	uint64_t rows_kept, people_kept;
	/* people with a row that the earlier one did not have */
	uint64_t people_new;
};
/* What the record says of each cell; ${ret} has meet.cells, zeroed. */
void memory_cells_before(const struct memory_release *before,
    const struct memory_meet *m, struct memory_cell *ret);

/* Who of the earlier release is missing in this one, and why. */
struct memory_missing {
	uint64_t left_out;              /* withdrawn, erased or suppressed: for
	                                 * that they may be missing */
	uint64_t others;                /* not asked for this time */
};

enum memory_finding {
	MEMORY_FINE,
	MEMORY_NEW,     /* fewer than k people have a row that is new */
	MEMORY_MORE,    /* fewer than k rows of people who were there */
	MEMORY_GONE,    /* fewer than k people were there and are not */
	MEMORY_LOST,    /* rows of fewer than k people are missing */
};

struct memory_question {
	const struct memory_cell *cells;
	size_t len;
	unsigned k;
	uint32_t rows_max;              /* of the earlier release */
	struct memory_missing missing;
};
/* The first difference that isolates fewer than k respondents. */
enum memory_finding memory_judge(const struct memory_question *q);

#endif
