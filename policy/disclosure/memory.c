/* policy/disclosure/memory.c - two releases side by side. */
#include "policy/disclosure/memory.h"

#include <stdlib.h>
#include <string.h>

void
memory_release_free(struct memory_release *r)
{
	size_t i;

	for (i = 0; i < r->columns_len; i++)
		free(r->columns[i].tokens);
	free(r->labels);
	free(r->groups);
	*r = (struct memory_release){0};
}

void
memory_meet_release(struct memory_meet *m)
{
	free(m->before);
	free(m->now);
	*m = (struct memory_meet){0};
}

/* ---- the meet ---- */

/* What a column gives to the key of a group, at the level both have. */
struct shared {
	size_t before, now;             /* columns */
	unsigned level;
};

struct meeting {
	const struct memory_release *before, *now;
	struct shared shared[MEMORY_COLUMNS_MAX];
	size_t len;
};

static int
reaches(const struct memory_column *c, unsigned level)
{
	return level >= c->level && level < c->level + c->levels;
}

static void
find_shared(struct meeting *m)
{
	const struct memory_column *a, *b;
	unsigned level;
	size_t i, j;

	for (i = 0; i < m->before->columns_len; i++)
		for (j = 0; j < m->now->columns_len; j++) {
			a = &m->before->columns[i];
			b = &m->now->columns[j];
			level = a->level > b->level ? a->level : b->level;
			if (strcmp(a->field, b->field) != 0 ||
			    memcmp(a->ladder_sha256, b->ladder_sha256, 32) != 0
			    || !reaches(a, level) || !reaches(b, level))
				continue;
			m->shared[m->len++] = (struct shared){i, j, level};
		}
}

struct keyed {
	uint8_t key[MEMORY_TOKEN_LEN];  /* tokens of all columns together */
	uint32_t group;
	int is_now;
};

static void
mix(const struct memory_release *r, size_t column, unsigned level,
    struct keyed *k)
{
	const struct memory_column *c = &r->columns[column];
	uint32_t label = r->labels[k->group * r->columns_len + column];
	const uint8_t *token = c->tokens + (label * c->levels +
	    (level - c->level)) * MEMORY_TOKEN_LEN;
	size_t i;

	/* tokens are keyed hashes over field, level and label: together they
	 * stand for the group */
	for (i = 0; i < MEMORY_TOKEN_LEN; i++)
		k->key[i] ^= token[i];
}

static void
fill_keys(const struct meeting *m, int is_now, struct keyed *ret)
{
	const struct memory_release *r = is_now ? m->now : m->before;
	size_t i, g;

	for (g = 0; g < r->groups_len; g++) {
		ret[g] = (struct keyed){.group = (uint32_t)g,
		    .is_now = is_now};
		for (i = 0; i < m->len; i++)
			mix(r, is_now ? m->shared[i].now : m->shared[i].before,
			    m->shared[i].level, &ret[g]);
	}
}

static int
by_key(const void *a, const void *b)
{
	return memcmp(((const struct keyed *)a)->key,
	    ((const struct keyed *)b)->key, MEMORY_TOKEN_LEN);
}

static void
number_cells(struct keyed *keys, size_t len, struct memory_meet *ret)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (i == 0 || by_key(&keys[i - 1], &keys[i]) != 0)
			ret->cells++;
		(keys[i].is_now ? ret->now : ret->before)[keys[i].group] =
		    (uint32_t)ret->cells - 1;
	}
}

enum err
memory_meet_make(const struct memory_release *before,
    const struct memory_release *now, struct memory_meet *ret)
{
	CLEANUP(memory_meet_release) struct memory_meet m = {0};
	struct meeting meeting = {.before = before, .now = now};
	size_t len = before->groups_len + now->groups_len;
	struct keyed *keys = calloc(len + 1, sizeof(*keys));

	m.before = calloc(before->groups_len + 1, sizeof(*m.before));
	m.now = calloc(now->groups_len + 1, sizeof(*m.now));
	if (keys == NULL || m.before == NULL || m.now == NULL) {
		free(keys);
		return ERR_NOMEM;
	}
	find_shared(&meeting);
	fill_keys(&meeting, 0, keys);
	fill_keys(&meeting, 1, keys + before->groups_len);
	qsort(keys, len, sizeof(*keys), by_key);
	number_cells(keys, len, &m);
	free(keys);
	*ret = m;
	m = (struct memory_meet){0};
	return ERR_OK;
}

void
memory_cells_before(const struct memory_release *before,
    const struct memory_meet *m, struct memory_cell *ret)
{
	struct memory_cell *c;
	size_t i;

	for (i = 0; i < before->groups_len; i++) {
		c = &ret[m->before[i]];
		c->rows_before += before->groups[i].rows;
		/* groups may share people, so their sum would be too many */
		if (before->groups[i].people > c->people_before)
			c->people_before = before->groups[i].people;
	}
}

/* ---- judging ---- */

static int
isolates(uint64_t people, unsigned k)
{
	return people > 0 && people < k;
}

/* At least so many people have lost rows of a cell. */
static uint64_t
losers(const struct memory_cell *c, uint32_t rows_max)
{
	uint64_t rows = c->rows_before - c->rows_kept;
	uint64_t by_rows = (rows + rows_max - 1) / rows_max;
	uint64_t by_people = c->people_before > c->people_kept ?
	    c->people_before - c->people_kept : 0;

	return by_rows > by_people ? by_rows : by_people;
}

static uint64_t
rows_kept(const struct memory_question *q)
{
	uint64_t rows = 0;
	size_t i;

	for (i = 0; i < q->len; i++)
		rows += q->cells[i].rows_kept;
	return rows;
}

static enum memory_finding
judge_added(const struct memory_question *q)
{
	const struct memory_cell *c;
	size_t i;

	for (i = 0; i < q->len; i++) {
		c = &q->cells[i];
		if (isolates(c->people_new, q->k))
			return MEMORY_NEW;
		if (c->rows_kept > c->rows_before &&
		    isolates(c->rows_kept - c->rows_before, q->k))
			return MEMORY_MORE;
	}
	return MEMORY_FINE;
}

static enum memory_finding
judge_missing(const struct memory_question *q)
{
	uint32_t rows_max = q->rows_max > 0 ? q->rows_max : 1;
	const struct memory_cell *c;
	uint64_t unexplained = 0;
	size_t i;

	if (isolates(q->missing.others, q->k))
		return MEMORY_GONE;
	for (i = 0; i < q->len; i++) {
		c = &q->cells[i];
		if (c->rows_kept < c->rows_before &&
		    isolates(losers(c, rows_max), q->k))
			unexplained += c->rows_before - c->rows_kept;
	}
	return unexplained > q->missing.left_out * rows_max ? MEMORY_LOST :
	    MEMORY_FINE;
}

enum memory_finding
memory_judge(const struct memory_question *q)
{
	enum memory_finding f;

#ifdef AZUKARI_MUTATION_MEMORY
	return MEMORY_FINE;
#endif
	f = judge_added(q);
	/* Releases without a row in common: nothing can be taken away. */
	if (f != MEMORY_FINE || rows_kept(q) == 0)
		return f;
	return judge_missing(q);
}
