/* policy/disclosure/cells.c - minimum, dominance and p-ratio. */
#include "policy/disclosure/cells.h"

#define PPM 1000000u
#define LARGEST_MAX 64
#define CONTRIBUTION_MAX (UINT64_C(1) << 40)
#define PEOPLE_MAX ((size_t)1 << 20)

enum cells_verdict
cells_count(const struct cells_rules *r, uint64_t people)
{
	if (people == 0)
		return r->zero_is_disclosive ? CELLS_ZERO : CELLS_SHOWN;
	return people < r->minimum ? CELLS_FEW : CELLS_SHOWN;
}

/* The largest few, greatest first, and the sum of all. */
struct largest {
	uint64_t of[LARGEST_MAX], sum;
	size_t len, max;
};

static void
take(struct largest *l, uint64_t x)
{
	size_t i;

	l->sum += x;
	for (i = l->len; i > 0 && l->of[i - 1] < x; i--)
		if (i < l->max)
			l->of[i] = l->of[i - 1];
	if (i < l->max)
		l->of[i] = x;
	if (l->len < l->max)
		l->len++;
}

static uint64_t
sum_first(const struct largest *l, size_t n)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < n && i < l->len; i++)
		sum += l->of[i];
	return sum;
}

/* part / whole > ppm millionths, exactly. */
static int
is_more(uint64_t part, uint64_t whole, uint32_t ppm)
{
	__extension__ typedef unsigned __int128 wide;

	return (wide)part * PPM > (wide)whole * ppm;
}

/* part / whole < ppm millionths. */
static int
is_less(uint64_t part, uint64_t whole, uint32_t ppm)
{
	__extension__ typedef unsigned __int128 wide;

	return (wide)part * PPM < (wide)whole * ppm;
}

enum err
cells_sum(const struct cells_rules *r, const uint64_t *contributions,
    size_t people, enum cells_verdict *ret)
{
	struct largest l = {.max = r->dominant > 2 ? r->dominant : 2};
	enum cells_verdict v = cells_count(r, people);
	size_t i;

	if (r->dominant > LARGEST_MAX || r->dominant_ppm > PPM ||
	    r->ratio_ppm > PPM)
		return ERR_RANGE;
	if (people > PEOPLE_MAX)
		return ERR_LIMIT;
	for (i = 0; i < people; i++) {
		if (contributions[i] >= CONTRIBUTION_MAX)
			return ERR_RANGE;
		take(&l, contributions[i]);
	}
	if (v == CELLS_SHOWN && r->dominant > 0 && l.sum > 0 &&
	    is_more(sum_first(&l, r->dominant), l.sum, r->dominant_ppm))
		v = CELLS_DOMINATED;
	if (v == CELLS_SHOWN && r->ratio_ppm > 0 && l.sum > 0 &&
	    is_less(l.sum - sum_first(&l, 2), l.of[0], r->ratio_ppm))
		v = CELLS_RATIO;
	*ret = v;
	return ERR_OK;
}

struct cells_rules
cells_acro(void)
{
	return (struct cells_rules){.minimum = 10, .zero_is_disclosive = 1,
	    .dominant = 2, .dominant_ppm = 900000, .ratio_ppm = 100000};
}
