/* policy/disclosure/mask.h - published counts that give nobody away.
 *
 * FORMATS 9.1: a count from 1 to min - 1 is written `<min`; then further
 * counts of the same sums are hidden until a reader who knows the sums, the
 * shown counts and this rule learns no more about a small one than `<min`
 * says.  What such a reader can work out is found by bounds: from each sum
 * the least and the most that each count can be, again and again.
 */
#ifndef AZUKARI_POLICY_DISCLOSURE_MASK_H
#define AZUKARI_POLICY_DISCLOSURE_MASK_H

#include <stddef.h>
#include <stdint.h>

#include "core/err.h"

enum mask_state {
	MASK_SHOWN,
	MASK_SMALL,         /* write `<N` */
	MASK_HIDDEN,        /* write `-` */
};

#define MASK_COUNTS_MAX 256

struct mask_count {
	uint64_t value;
	enum mask_state state;      /* set by mask_counts */
};

/* Counts of which the first is the sum of some others: `total = sum of the
 * counts in parts`.  Several sums may share counts. */
struct mask_sum {
	size_t total;               /* index */
	const size_t *parts;        /* indexes */
	size_t parts_len;
};

/* Sets every state for a minimum cell of ${min} (0 and 1 hide nothing).
 * ERR_MISMATCH when a sum does not hold, ERR_RANGE for an index outside,
 * ERR_LIMIT above MASK_COUNTS_MAX counts. */
enum err mask_counts(struct mask_count *counts, size_t len,
    const struct mask_sum *sums, size_t sums_len, uint64_t min) MUST_USE;

/* Writes the count as text: `123`, `<10` or `-`, and a NUL. */
#define MASK_TEXT_LEN 24
void mask_text(const struct mask_count *c, uint64_t min,
    char ret[MASK_TEXT_LEN]);

#endif
