/* policy/disclosure/cells.h - may one cell of a table be shown?
 *
 * Rules for counts and for sums (magnitudes): a minimum of people, dominance
 * (the n largest contributions are not more than a share of the sum) and the
 * p-ratio (whoever contributed second cannot tell the largest one closely).
 * Hiding further cells so that nobody subtracts is mask.h's part.
 */
#ifndef AZUKARI_POLICY_DISCLOSURE_CELLS_H
#define AZUKARI_POLICY_DISCLOSURE_CELLS_H

#include <stddef.h>
#include <stdint.h>

#include "core/err.h"

struct cells_rules {
	uint64_t minimum;               /* people; 0 and 1: no rule */
	int zero_is_disclosive;         /* else a cell of nobody may be shown */
	/* dominance: the ${dominant} largest make at most ${dominant_ppm}
	 * millionths of the sum; 0: no rule */
	unsigned dominant;
	uint32_t dominant_ppm;
	/* p-ratio: what all but the two largest give is at least ${ratio_ppm}
	 * millionths of the largest; 0: no rule */
	uint32_t ratio_ppm;
};

enum cells_verdict {
	CELLS_SHOWN,
	CELLS_FEW,                      /* fewer people than the minimum */
	CELLS_ZERO,
	CELLS_DOMINATED,
	CELLS_RATIO,
};

/* A count of people. */
enum cells_verdict cells_count(const struct cells_rules *r, uint64_t people);

/* A sum of contributions, one for each person, each below 2^40; first the
 * minimum, then dominance, then the ratio.  ERR_RANGE; ERR_LIMIT above 2^20
 * people of whom the rules need an order; ERR_NOMEM. */
enum err cells_sum(const struct cells_rules *r, const uint64_t *contributions,
    size_t people, enum cells_verdict *ret) MUST_USE;

/* The rules of ACRO's default (threshold 10, two make at most 90 %, ratio
 * 10 %, zero is disclosive). */
struct cells_rules cells_acro(void);

#endif
