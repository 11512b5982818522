/* policy/disclosure/kanon_search.c - the first vector of levels that keeps to
 * the limit, from fine to coarse.
 *
 * Coarser levels only join groups, so whoever stays under a vector stays under
 * every coarser one.  Hence: when the coarsest vector fails, all do; and when
 * a column's level fails with all other columns at their coarsest, every
 * vector with that level fails.  Such vectors are passed over, which changes
 * nothing in what is found.
 */
#include <string.h>

#include "policy/disclosure/kanon_internal.h"

struct search {
	struct kanon *k;
	size_t len;
	unsigned from[KANON_COLUMNS_MAX];    /* levels that may still do */
	unsigned to[KANON_COLUMNS_MAX];
	uint64_t vectors;
	struct kanon_result last;            /* of the vector concluded last */
};

/* The lexicographically first vector whose columns from ${start} on have the
 * height ${height} above their `from`; 0 when they cannot. */
static int
first_of_height(const struct search *s, size_t start, unsigned height,
    unsigned *levels)
{
	size_t i = s->len;
	unsigned step;

	/* As much as possible into the last columns. */
	while (i-- > start) {
		step = s->to[i] - s->from[i];
		step = step < height ? step : height;
		levels[i] = s->from[i] + step;
		height -= step;
	}
	return height == 0;
}

/* The next vector of the same height, lexicographically; 0 after the last. */
static int
next_of_height(const struct search *s, unsigned *levels)
{
	size_t i = s->len;
	unsigned behind = 0;

	while (i-- > 0) {
		if (behind > 0 && levels[i] < s->to[i]) {
			levels[i]++;
			return first_of_height(s, i + 1, behind - 1, levels);
		}
		behind += levels[i] - s->from[i];
	}
	return 0;
}

static int
keeps_to_limit(const struct search *s)
{
	const struct kanon_result *r = &s->last;

	return r->suppressed_respondents < r->respondents &&
	    r->suppressed_respondents * 10000 <=
	    r->respondents * s->k->in.limit;
}

/* ERR_OK: it will do; ERR_REFUSED: it will not. */
static enum err
try_vector(struct search *s, const unsigned *levels)
{
	uint64_t allowed = s->k->respondents * s->k->in.limit / 10000;
	int too_many;

	if (s->vectors == KANON_VECTORS_MAX)
		return ERR_LIMIT;
	s->vectors++;
	RETURN_IF(kanon_count(s->k, levels, allowed, &too_many));
	if (too_many)
		return ERR_REFUSED;
	RETURN_IF(kanon_conclude(s->k, levels, &s->last));
	return keeps_to_limit(s) ? ERR_OK : ERR_REFUSED;
}

/* Raises from[i] over levels that fail with all else at its coarsest. */
static enum err
bound_column(struct search *s, size_t i)
{
	unsigned levels[KANON_COLUMNS_MAX];
	enum err e = ERR_REFUSED;

	memcpy(levels, s->to, sizeof(levels));
	while (s->from[i] < s->to[i] && e == ERR_REFUSED) {
		levels[i] = s->from[i];
		if ((e = try_vector(s, levels)) == ERR_REFUSED)
			s->from[i]++;
	}
	return e == ERR_REFUSED ? ERR_OK : e;
}

static enum err
bound(struct search *s)
{
	size_t i;

	RETURN_IF(try_vector(s, s->to));
	for (i = 0; i < s->len; i++)
		RETURN_IF(bound_column(s, i));
	return ERR_OK;
}

static enum err
try_height(struct search *s, unsigned height)
{
	unsigned levels[KANON_COLUMNS_MAX];
	enum err e = ERR_REFUSED;

	if (!first_of_height(s, 0, height, levels))
		return ERR_REFUSED;
	do
		e = try_vector(s, levels);
	while (e == ERR_REFUSED && next_of_height(s, levels));
	return e;
}

static void
begin(struct search *s, struct kanon *k)
{
	size_t i;

	*s = (struct search){.k = k, .len = k->in.columns_len};
	for (i = 0; i < s->len; i++) {
		s->from[i] = k->in.columns[i].from;
		s->to[i] = k->in.columns[i].to;
	}
}

enum err
kanon_search(struct kanon *k, struct kanon_result *ret)
{
	unsigned height = 0;
	struct search s;
	enum err e;

	begin(&s, k);
	/* Heights are counted above the raised `from`: all vectors left have
	 * their other levels, so the order by total height is the same.  The
	 * coarsest vector will do, so the loop ends. */
	if ((e = bound(&s)) == ERR_OK)
		while ((e = try_height(&s, height)) == ERR_REFUSED)
			height++;
	/* With the coarsest one's figures it can be said how far off all are. */
	if (e == ERR_REFUSED)
		RETURN_IF(kanon_evaluate(k, s.to, &s.last));
	s.last.vectors = s.vectors;
	if (e == ERR_OK || e == ERR_REFUSED)
		*ret = s.last;
	return e;
}
