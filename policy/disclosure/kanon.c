/* policy/disclosure/kanon.c - groups, their people, and the fixpoint.
 *
 * Rows are sorted by respondent once.  For a vector of levels each distinct
 * tuple gets the number of its group; one pass over the rows then counts
 * people: within one respondent's rows a group counts once (`last`).
 *
 * Fixpoint: only respondents in several groups can carry suppression from one
 * group to another.  When a group falls below k, those of them that are in it
 * are suppressed and leave their other groups; each row is looked at a
 * constant number of times, so a chain of any length is linear.
 */
#include "policy/disclosure/kanon.h"

#include <stdlib.h>
#include <string.h>

#include "policy/disclosure/kanon_internal.h"

static size_t
bitmap_len(const struct kanon *k)
{
	return ((size_t)k->respondents_max + 8) / 8;
}

static int
bit_get(const uint8_t *map, uint32_t i)
{
	return map[i >> 3] >> (i & 7) & 1;
}

static void
bit_set(uint8_t *map, uint32_t i)
{
	map[i >> 3] = (uint8_t)(map[i >> 3] | 1u << (i & 7));
}

static void
bit_drop(uint8_t *map, uint32_t i)
{
	map[i >> 3] = (uint8_t)(map[i >> 3] & ~(1u << (i & 7)));
}

void
kanon_free(struct kanon *k)
{
	if (k == NULL)
		return;
	kanon_groups_release(&k->groups);
	free(k->counts);
	free(k->kept);
	free(k->starts);
	free(k->members);
	free(k->queue);
	free(k);
}

void
kanon_cleanup(struct kanon **k)
{
	kanon_free(*k);
	*k = NULL;
}

static enum err
check_columns(const struct kanon_input *in)
{
	const struct kanon_column *c;
	size_t i, leaf;
	unsigned level;

	if (in->columns_len > KANON_COLUMNS_MAX)
		return ERR_LIMIT;
	for (i = 0; i < in->columns_len; i++) {
		c = &in->columns[i];
		if (c->from > c->to || c->to >= KANON_LEVELS_MAX)
			return ERR_RANGE;
		for (level = c->from; level <= c->to; level++) {
			/* labels are 32 bits; keys count on that */
			if (c->labels_len[level] > UINT32_MAX)
				return ERR_RANGE;
			for (leaf = 0; leaf < c->leaves; leaf++)
				if (c->labels[level][leaf] >=
				    c->labels_len[level])
					return ERR_RANGE;
		}
	}
	return ERR_OK;
}

static enum err
check_rows(const struct kanon_input *in)
{
	size_t i, j;

	if (in->k == 0 || in->limit > 10000)
		return ERR_RANGE;
	if (in->rows_len > UINT32_MAX - 1 || in->tuples_len > UINT32_MAX - 1)
		return ERR_LIMIT;
	for (i = 0; i < in->rows_len; i++)
		if (in->rows[i].tuple >= in->tuples_len ||
		    in->rows[i].respondent == UINT32_MAX)
			return ERR_RANGE;
	for (i = 0; i < in->tuples_len; i++)
		for (j = 0; j < in->columns_len; j++)
			if (in->tuples[i * in->columns_len + j] >=
			    in->columns[j].leaves)
				return ERR_RANGE;
	return ERR_OK;
}

static void
count_respondents(struct kanon *k)
{
	const struct kanon_row *rows = k->in.rows;
	size_t i;

	for (i = 0; i < k->in.rows_len; i++)
		k->respondents += i == 0 ||
		    rows[i].respondent != rows[i - 1].respondent;
	if (k->in.rows_len > 0)
		k->respondents_max = rows[k->in.rows_len - 1].respondent;
}

/* At most one group for each tuple. */
static enum err
make_room(struct kanon *k)
{
	size_t groups = k->in.tuples_len + 1;

	k->counts = calloc(groups, sizeof(*k->counts));
	k->kept = calloc(bitmap_len(k), 1);
	if (k->counts == NULL || k->kept == NULL)
		return ERR_NOMEM;
	return kanon_groups_init(&k->groups, k->in.tuples_len);
}

enum err
kanon_new(const struct kanon_input *in, struct kanon **ret)
{
	CLEANUP(kanon_cleanup) struct kanon *k = NULL;

	RETURN_IF(check_columns(in));
	RETURN_IF(check_rows(in));
	if ((k = calloc(1, sizeof(*k))) == NULL)
		return ERR_NOMEM;
	k->in = *in;
	kanon_sort(k->in.rows, k->in.rows_len);
	count_respondents(k);
	RETURN_IF(make_room(k));
	*ret = TAKE(k);
	return ERR_OK;
}

/* ---- counting ---- */

/* One row more for a respondent, in a group it may be in already. */
static int
is_new_in_group(struct kanon_group *g, uint32_t respondent)
{
	/* respondents are below UINT32_MAX, so + 1 is never 0, "nobody" */
	if (g->last == respondent + 1)
		return 0;
	g->last = respondent + 1;
	return 1;
}

static void
forget_last(struct kanon *k)
{
	size_t i;

	for (i = 0; i < k->groups.len; i++)
		k->counts[i].last = 0;
}

static void
count_people(struct kanon *k)
{
	const uint32_t *group_of = k->groups.of_tuple;
	const struct kanon_row *r = k->in.rows, *end = r + k->in.rows_len;
	struct kanon_group *g;

	memset(k->counts, 0, k->groups.len * sizeof(*k->counts));
	for (; r < end; r++) {
		g = &k->counts[group_of[r->tuple]];
		g->people += (uint32_t)is_new_in_group(g, r->respondent);
	}
}

/* A group is dead when it has fewer than k people: nothing of it leaves. */
static int
is_dead(const struct kanon *k, uint32_t group)
{
	return k->counts[group].people < kanon_threshold(&k->in);
}

/* The end of the run of rows of one respondent. */
static size_t
run_end(const struct kanon *k, size_t start)
{
	const struct kanon_row *rows = k->in.rows;
	size_t i = start + 1;

	while (i < k->in.rows_len &&
	    rows[i].respondent == rows[start].respondent)
		i++;
	return i;
}

/* 1 when the run's rows are of more than one group. */
static int
is_in_several(const struct kanon *k, size_t start, size_t end)
{
	const uint32_t *group_of = k->groups.of_tuple;
	uint32_t first = group_of[k->in.rows[start].tuple];

	for (start++; start < end; start++)
		if (group_of[k->in.rows[start].tuple] != first)
			return 1;
	return 0;
}

/* ---- the fixpoint ---- */

/* starts[g]..starts[g + 1] of members: the first rows of respondents that are
 * in group g and in others too. */
static enum err
index_members(struct kanon *k, size_t *ret_pairs)
{
	const uint32_t *group_of = k->groups.of_tuple;
	size_t i, j, end, pairs = 0;

	memset(k->starts, 0, (k->groups.len + 1) * sizeof(*k->starts));
	for (i = 0; i < k->in.rows_len; i = end) {
		end = run_end(k, i);
		if (!is_in_several(k, i, end))
			continue;
		for (j = i; j < end; j++)
			k->starts[group_of[k->in.rows[j].tuple] + 1]++;
		pairs += end - i;
	}
	for (i = 0; i < k->groups.len; i++)
		k->starts[i + 1] += k->starts[i];
	*ret_pairs = pairs;
	if (pairs <= k->members_cap)
		return ERR_OK;
	free(k->members);
	k->members_cap = 0;
	if ((k->members = malloc(pairs * sizeof(*k->members))) == NULL)
		return ERR_NOMEM;
	k->members_cap = pairs;
	return ERR_OK;
}

static void
fill_members(struct kanon *k)
{
	const uint32_t *group_of = k->groups.of_tuple;
	size_t i, j, end;
	uint32_t group;

	for (i = 0; i < k->in.rows_len; i = end) {
		end = run_end(k, i);
		if (!is_in_several(k, i, end))
			continue;
		for (j = i; j < end; j++) {
			group = group_of[k->in.rows[j].tuple];
			k->members[k->starts[group]++] = (uint32_t)i;
		}
	}
	/* Filling moved every start to its group's end: back by one. */
	for (i = k->groups.len; i > 0; i--)
		k->starts[i] = k->starts[i - 1];
	k->starts[0] = 0;
}

/* The respondent whose rows begin at ${start} leaves all groups; those that
 * fall below k by it are queued. */
static void
suppress(struct kanon *k, size_t start)
{
	uint32_t respondent = k->in.rows[start].respondent, group;
	size_t i, end = run_end(k, start);
	int was_dead;

	if (!bit_get(k->kept, respondent))
		return;
	bit_drop(k->kept, respondent);
	for (i = start; i < end; i++) {
		group = k->groups.of_tuple[k->in.rows[i].tuple];
		if (!is_new_in_group(&k->counts[group], respondent))
			continue;
		was_dead = is_dead(k, group);
		k->counts[group].people--;
		if (!was_dead && is_dead(k, group))
			k->queue[k->queue_len++] = group;
	}
}

static enum err
spread(struct kanon *k)
{
	size_t at, pairs, i;
	uint32_t group;

	RETURN_IF(index_members(k, &pairs));
	if (pairs == 0)
		return ERR_OK;
	fill_members(k);
	forget_last(k);
	for (at = 0; at < k->queue_len; at++) {
		group = k->queue[at];
		for (i = k->starts[group]; i < k->starts[group + 1]; i++)
			suppress(k, k->members[i]);
	}
	return ERR_OK;
}

static void
keep_everybody(struct kanon *k)
{
	size_t i;

	memset(k->kept, 0, bitmap_len(k));
	for (i = 0; i < k->in.rows_len; i++)
		bit_set(k->kept, k->in.rows[i].respondent);
}

static enum err
need_lists(struct kanon *k)
{
	size_t groups = k->in.tuples_len + 1;

	if (k->starts != NULL)
		return ERR_OK;
	k->queue = malloc(groups * sizeof(*k->queue));
	k->starts = malloc((groups + 1) * sizeof(*k->starts));
	if (k->queue != NULL && k->starts != NULL)
		return ERR_OK;
	free(k->queue);
	free(k->starts);
	k->queue = NULL;
	k->starts = NULL;
	return ERR_NOMEM;
}

static enum err
run_fixpoint(struct kanon *k)
{
	uint32_t g;

	k->queue_len = 0;
	for (g = 0; g < k->groups.len; g++) {
		if (!is_dead(k, g))
			continue;
		RETURN_IF(need_lists(k));
		k->queue[k->queue_len++] = g;
	}
	return k->queue_len == 0 ? ERR_OK : spread(k);
}

/* Respondents of dead groups go; what spread() suppressed is gone already. */
static void
drop_dead(struct kanon *k, struct kanon_result *r)
{
	size_t i, j, end;
	uint32_t respondent;
	int dead;

	for (i = 0; i < k->in.rows_len; i = end) {
		end = run_end(k, i);
		respondent = k->in.rows[i].respondent;
		dead = !bit_get(k->kept, respondent);
		for (j = i; j < end && !dead; j++)
			dead = is_dead(k,
			    k->groups.of_tuple[k->in.rows[j].tuple]);
		if (!dead)
			continue;
		bit_drop(k->kept, respondent);
		r->suppressed_respondents++;
		r->suppressed_rows += end - i;
	}
}

static void
sum_groups(const struct kanon *k, struct kanon_result *r)
{
	uint32_t g, people;

	for (g = 0; g < k->groups.len; g++) {
		people = k->counts[g].people;
		if (people == 0 || is_dead(k, g))
			continue;
		r->smallest = r->groups == 0 || people < r->smallest ?
		    people : r->smallest;
		r->largest = people > r->largest ? people : r->largest;
		r->sum_of_sizes += people;
		r->groups++;
	}
}

enum err
kanon_evaluate(struct kanon *k, const unsigned *levels,
    struct kanon_result *ret)
{
	struct kanon_result r = {.rows = k->in.rows_len,
	    .respondents = k->respondents};
	size_t i;

	for (i = 0; i < k->in.columns_len; i++) {
		if (levels[i] < k->in.columns[i].from ||
		    levels[i] > k->in.columns[i].to)
			return ERR_RANGE;
		r.levels[i] = levels[i];
	}
	kanon_groups_make(&k->groups, &k->in, levels);
	count_people(k);
	keep_everybody(k);
	RETURN_IF(run_fixpoint(k));
	drop_dead(k, &r);
	sum_groups(k, &r);
	*ret = r;
	return ERR_OK;
}

int
kanon_is_suppressed(const struct kanon *k, uint32_t respondent)
{
	return respondent > k->respondents_max ||
	    !bit_get(k->kept, respondent);
}

const uint8_t *
kanon_kept(const struct kanon *k, size_t *ret_len)
{
	*ret_len = bitmap_len(k);
	return k->kept;
}

const uint32_t *
kanon_classes(const struct kanon *k, size_t *ret_len)
{
	*ret_len = k->groups.len;
	return k->groups.of_tuple;
}
