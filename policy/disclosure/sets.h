/* policy/disclosure/sets.h - k^m-anonymity of set-valued answers.
 *
 * Whoever knows up to m of a person's items (symptoms, say) finds at least k
 * people with them: every combination of 1 to m items that anybody has is had
 * by k.  Checked by counting every such combination.
 */
#ifndef AZUKARI_POLICY_DISCLOSURE_SETS_H
#define AZUKARI_POLICY_DISCLOSURE_SETS_H

#include <stddef.h>
#include <stdint.h>

#include "core/err.h"

#define SETS_M_MAX 4
#define SETS_ITEMS_MAX 65535            /* item numbers are below */
#define SETS_COMBINATIONS_MAX ((size_t)64 << 20)

/* Person i has items[starts[i]] to before items[starts[i + 1]]: all that he
 * or she ever answered, in any order; an item twice counts once. */
struct sets_input {
	const uint32_t *starts;         /* people + 1 */
	const uint32_t *items;
	size_t people;
	unsigned k, m;                  /* k >= 1, 1 <= m <= SETS_M_MAX */
};

struct sets_result {
	uint64_t combinations;          /* distinct ones that somebody has */
	uint64_t rare;                  /* of them had by fewer than k */
	uint64_t least;                 /* people of the rarest; 0: none */
	uint64_t people_gone;
};

/* ${ret_gone}: a byte for each person, 1 when suppressed, so that what stays
 * satisfies k^m (again and again, until nothing is rare); NULL to only count.
 * The figures are those before anybody is suppressed.  ERR_RANGE; ERR_LIMIT:
 * more combinations than SETS_COMBINATIONS_MAX; ERR_NOMEM. */
enum err sets_check(const struct sets_input *in, struct sets_result *ret,
    uint8_t *ret_gone) MUST_USE;

#endif
