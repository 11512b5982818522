/* policy/disclosure/mask.c - hiding small counts, and what would give them
 * away. */
#include "policy/disclosure/mask.h"

#include <stdio.h>

#define UNBOUNDED ((uint64_t)1 << 52)
#define COUNT_MAX ((uint64_t)1 << 48)

struct mask {
	struct mask_count *counts;
	size_t len;
	const struct mask_sum *sums;
	size_t sums_len;
	uint64_t min;
	uint64_t low[MASK_COUNTS_MAX], high[MASK_COUNTS_MAX];
};

static enum err
check_sum(const struct mask *m, const struct mask_sum *s)
{
	uint64_t sum = 0;
	size_t i;

	if (s->total >= m->len)
		return ERR_RANGE;
	for (i = 0; i < s->parts_len; i++) {
		if (s->parts[i] >= m->len)
			return ERR_RANGE;
		sum += m->counts[s->parts[i]].value;
	}
	return sum == m->counts[s->total].value ? ERR_OK : ERR_MISMATCH;
}

static void
mark_small(struct mask *m)
{
	struct mask_count *c;
	size_t i;

	for (i = 0; i < m->len; i++) {
		c = &m->counts[i];
		c->state = c->value > 0 && c->value < m->min ? MASK_SMALL :
		    MASK_SHOWN;
	}
}

/* ---- what a reader can work out ---- */

static void
begin_bounds(struct mask *m)
{
	size_t i;

	for (i = 0; i < m->len; i++) {
		m->low[i] = m->high[i] = m->counts[i].value;
		if (m->counts[i].state == MASK_SMALL) {
			m->low[i] = 1;
			m->high[i] = m->min - 1;
		} else if (m->counts[i].state == MASK_HIDDEN) {
			m->low[i] = 0;
			m->high[i] = UNBOUNDED;
		}
	}
}

static uint64_t
sum_of(const uint64_t *bounds, const struct mask_sum *s)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < s->parts_len; i++)
		sum += bounds[s->parts[i]];
	return sum;
}

static int
narrow(struct mask *m, size_t i, uint64_t low, uint64_t high)
{
	int changed = low > m->low[i] || high < m->high[i];

	m->low[i] = low > m->low[i] ? low : m->low[i];
	m->high[i] = high < m->high[i] ? high : m->high[i];
	return changed;
}

/* ${a} less ${b}, not below nothing. */
static uint64_t
less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

static int
narrow_by_sum(struct mask *m, const struct mask_sum *s)
{
	uint64_t lows = sum_of(m->low, s), highs = sum_of(m->high, s);
	size_t i, p;
	int changed;

	changed = narrow(m, s->total, lows, highs);
	for (i = 0; i < s->parts_len; i++) {
		p = s->parts[i];
		changed |= narrow(m, p,
		    less(m->low[s->total], highs - m->high[p]),
		    less(m->high[s->total], lows - m->low[p]));
		lows = sum_of(m->low, s);
		highs = sum_of(m->high, s);
	}
	return changed;
}

static void
find_bounds(struct mask *m)
{
	size_t i, rounds;
	int changed = 1;

	begin_bounds(m);
	/* Bounds cross a chain of sums in as many rounds as it has links. */
	for (rounds = 0; changed && rounds <= 2 * m->len; rounds++) {
		changed = 0;
		for (i = 0; i < m->sums_len; i++)
			changed |= narrow_by_sum(m, &m->sums[i]);
	}
}

/* A small count of which more is known than `<min`. */
static int
is_given_away(const struct mask *m)
{
	size_t i;

	for (i = 0; i < m->len; i++)
		if (m->counts[i].state == MASK_SMALL && (m->low[i] > 1 ||
		    m->high[i] < m->min - 1))
			return 1;
	return 0;
}

/* ---- hiding more ---- */

static int
has_secret(const struct mask *m, const struct mask_sum *s)
{
	size_t i;

	for (i = 0; i < s->parts_len; i++)
		if (m->counts[s->parts[i]].state != MASK_SHOWN)
			return 1;
	return m->counts[s->total].state != MASK_SHOWN;
}

/* Is ${a} better hidden than ${b}? The smallest count that is not 0: it costs
 * the reader least. */
static int
is_better(const struct mask *m, size_t a, size_t b)
{
	uint64_t x = m->counts[a].value, y = m->counts[b].value;

	return y == 0 ? x > 0 : x > 0 && x < y;
}

/* The count to hide next: a shown part of a sum with something hidden in it;
 * a total only where no part is left.  0 when nothing is left. */
static int
choose(const struct mask *m, size_t *ret)
{
	const struct mask_sum *s;
	size_t i, j;
	int found = 0;

	for (i = 0; i < m->sums_len; i++) {
		s = &m->sums[i];
		for (j = 0; has_secret(m, s) && j < s->parts_len; j++) {
			if (m->counts[s->parts[j]].state != MASK_SHOWN)
				continue;
			if (!found || is_better(m, s->parts[j], *ret))
				*ret = s->parts[j];
			found = 1;
		}
	}
	for (i = 0; !found && i < m->sums_len; i++) {
		s = &m->sums[i];
		if (!has_secret(m, s) ||
		    m->counts[s->total].state != MASK_SHOWN)
			continue;
		*ret = s->total;
		found = 1;
	}
	return found;
}

enum err
mask_counts(struct mask_count *counts, size_t len,
    const struct mask_sum *sums, size_t sums_len, uint64_t min)
{
	struct mask m = {.counts = counts, .len = len, .sums = sums,
	    .sums_len = sums_len, .min = min};
	size_t i, next = 0;

	if (len > MASK_COUNTS_MAX)
		return ERR_LIMIT;
	for (i = 0; i < len; i++)
		if (counts[i].value > COUNT_MAX)
			return ERR_LIMIT;
	for (i = 0; i < sums_len; i++)
		RETURN_IF(check_sum(&m, &sums[i]));
	mark_small(&m);
	for (find_bounds(&m); is_given_away(&m); find_bounds(&m)) {
		if (!choose(&m, &next))
			break;
		counts[next].state = MASK_HIDDEN;
	}
	return ERR_OK;
}

void
mask_text(const struct mask_count *c, uint64_t min, char ret[MASK_TEXT_LEN])
{
	if (c->state == MASK_SHOWN)
		(void)snprintf(ret, MASK_TEXT_LEN, "%llu",
		    (unsigned long long)c->value);
	else if (c->state == MASK_SMALL)
		(void)snprintf(ret, MASK_TEXT_LEN, "<%llu",
		    (unsigned long long)min);
	else
		(void)snprintf(ret, MASK_TEXT_LEN, "-");
}
