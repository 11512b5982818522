/* policy/disclosure/engine_node.c - one vector: who is suppressed, and what
 * that says about the vectors below. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "policy/disclosure/engine_internal.h"

enum { ALIVE, CERTAIN, DEAD };  /* engine_group.dead */

void
engine_node_unref(struct engine_node *n)
{
	if (n != NULL && --n->refs == 0)
		free(n);
}

static enum err
node_alloc(const struct engine *e, struct engine_node **ret)
{
	size_t sums = e->columns_len * ENGINE_LEVELS_MAX;
	struct engine_node *n = calloc(1, sizeof(*n) +
	    sums * sizeof(n->size_certain[0]));

	if (n == NULL)
		return ERR_NOMEM;
	n->refs = 1;
	*ret = n;
	return ERR_OK;
}

/* More groups than this cannot keep to the limit: those that stay have
 * min_people each, those that go at least one. */
static size_t
most_groups(const struct engine *e, int exact)
{
	if (exact || e->people.len > 0 || e->min_people <= 1)
		return SIZE_MAX;
	return (size_t)(e->allowed + (e->respondents - e->allowed) /
	    e->min_people);
}

static uint32_t
size_of(const struct engine *e, size_t column, uint32_t tuple, unsigned level)
{
	const struct engine_coded *c = &e->columns[column];
	uint32_t leaf = e->in.tuples[(size_t)tuple * e->columns_len + column];

	return c->size[(size_t)leaf * c->span + level - c->from];
}

/* ---- classes that die ---- */

static void
judge_size(struct engine *e, const struct engine_table *t)
{
	struct engine_groups *g = &e->groups;
	size_t i;

	if (e->people.len > 0 && e->in.joined) {
		engine_people_join(e, t, e->min_people);
	} else if (e->people.len > 0) {
		engine_people_count(e, t);
		engine_people_settle(e, t, e->min_people);
	}
	/* a group without rows of its own has only people who are joined */
	for (i = 0; i < g->len; i++)
		g->all[i].dead = g->all[i].rows > 0 &&
		    g->all[i].people < e->min_people ? CERTAIN : ALIVE;
}

static void
force(struct engine *e, struct engine_node *n, const struct engine_group *g,
    uint64_t rows, const uint8_t *levels)
{
	size_t i;

	n->rows_forced += rows;
	for (i = 0; i < e->columns_len; i++)
		n->forced_size[i] += rows * size_of(e, i, g->tuple,
		    levels[i]);
}

static void
judge_group(struct engine *e, const struct engine_table *t, size_t group,
    const uint8_t *levels, struct engine_node *n)
{
	struct engine_groups *g = &e->groups;
	uint64_t forced = 0, most = 0;
	int holds = 1;
	size_t i;

	for (i = 0; i < e->in.rules_len; i++) {
		holds &= engine_rules_hold(e, i, t, g->order +
		    g->begin[group], g->begin[group + 1] - g->begin[group],
		    &forced);
		most = forced > most ? forced : most;
	}
	if (holds)
		return;
	if (most == g->all[group].rows) {
		g->all[group].dead = CERTAIN;
		return;
	}
	g->all[group].dead = DEAD;
	force(e, n, &g->all[group], most, levels);
}

static void
judge_rules(struct engine *e, const struct engine_table *t,
    const uint8_t *levels, struct engine_node *n)
{
	size_t i;

	if (e->in.rules_len == 0)
		return;
	engine_table_order(e, t);
	for (i = 0; i < e->groups.len; i++)
		if (e->groups.all[i].dead == ALIVE)
			judge_group(e, t, i, levels, n);
}

/* ---- figures ---- */

static void
add_gone_sizes(const struct engine *e, uint32_t tuple, uint64_t rows,
    const uint8_t *levels, struct engine_node *n)
{
	size_t i;

	for (i = 0; i < e->columns_len; i++)
		n->size_gone[i] += rows * size_of(e, i, tuple, levels[i]);
}

static void
add_class(uint32_t people, struct engine_node *n)
{
	n->smallest = n->groups == 0 || people < n->smallest ? people :
	    n->smallest;
	n->largest = people > n->largest ? people : n->largest;
	n->sum_of_sizes += people;
	n->groups++;
}

static void
add_group(const struct engine_group *g, struct engine_node *n)
{
	if (g->dead != ALIVE) {
		n->rows_gone += g->rows;
		n->people_gone += g->people;
		n->rows_certain += g->dead == CERTAIN ? g->rows : 0;
		return;
	}
	if (g->people == 0)
		return;
	n->squares_kept += (double)g->rows * (double)g->rows;
	add_class(g->people, n);
}

/* 1 when the rows of a person who is gone are gone with their group already:
 * a joined person is in no group. */
static int
is_gone_anyway(const struct engine *e, const struct engine_table *t,
    size_t tuple)
{
	return !e->in.joined && e->groups.all[e->groups.of[t->entry_of[
	    e->people.tuples[tuple]]]].dead != ALIVE;
}

/* Rows that people who are gone have in classes that stay. */
static void
add_people(const struct engine *e, const struct engine_table *t,
    struct engine_node *n)
{
	const struct engine_people *p = &e->people;
	size_t i, j;

	for (i = 0; i < p->classes; i++)
		if (p->class_size[i] >= e->min_people)
			add_class(p->class_size[i], n);
	for (i = 0; i < p->len; i++) {
		if (!p->gone[i])
			continue;
		n->people_gone++;
		for (j = p->starts[i]; j < p->starts[i + 1]; j++) {
			if (is_gone_anyway(e, t, j))
				continue;
			n->rows_gone += p->rows[j];
			n->rows_certain += p->rows[j];
			if (!e->in.joined)
				e->groups.all[e->groups.of[t->entry_of[
				    p->tuples[j]]]].rows -= p->rows[j];
		}
	}
}

static double
area_of(const struct engine *e, uint32_t tuple, const uint8_t *levels)
{
	double area = 1;
	size_t i;

	for (i = 0; i < e->columns_len; i++)
		area *= size_of(e, i, tuple, levels[i]);
	return area;
}

/* What all columns together can be generalised to. */
static double
whole_area(const struct engine *e)
{
	double most = 1;
	size_t i;

	for (i = 0; i < e->columns_len; i++)
		most *= (double)e->columns[i].domain;
	return most;
}

static void
add_ambiguity(const struct engine *e, const uint8_t *levels,
    struct engine_node *n)
{
	const struct engine_groups *g = &e->groups;
	size_t i;

	n->of_classes = whole_area(e) * (double)n->rows_gone;
	for (i = 0; i < g->len; i++)
		if (g->all[i].dead == ALIVE)
			n->of_classes += (double)g->all[i].rows *
			    area_of(e, g->all[i].tuple, levels);
}

/* How much of what a row says is lost in that class, 0 to 1. */
static double
information_of(const struct engine *e, uint32_t tuple, const uint8_t *levels)
{
	double all = log2(whole_area(e)), x;

	if (!(all > 0) || !isfinite(all))
		return 0;
	x = log2(area_of(e, tuple, levels)) / all;
	return x < 0 ? 0 : x > 1 ? 1 : x;
}

static void
add_information(const struct engine *e, const uint8_t *levels,
    struct engine_node *n)
{
	const struct engine_groups *g = &e->groups;
	size_t i;

	n->of_classes = e->s * (double)n->rows_gone;
	for (i = 0; i < g->len; i++)
		if (g->all[i].dead == ALIVE)
			n->of_classes += e->g * (double)g->all[i].rows *
			    information_of(e, g->all[i].tuple, levels);
}

/* Each row of c equal ones: (c / N) log2 of how much likelier it is than its
 * class, spread over its area, says; all that are gone are one class. */
static void
add_divergence(const struct engine *e, const struct engine_table *t,
    const uint8_t *levels, struct engine_node *n)
{
	const struct engine_group *g;
	double sum = e->divergence;
	size_t i;

	for (i = 0; i < t->len; i++) {
		g = &e->groups.all[e->groups.of[i]];
		sum += t->weight[i] * (g->dead == ALIVE ?
		    log2(area_of(e, g->tuple, levels) / g->rows) :
		    log2(whole_area(e) / (double)n->rows_gone));
	}
	n->of_classes = sum / (double)e->rows;
}

static uint32_t
label_of(const struct engine *e, size_t column, unsigned level,
    uint32_t tuple)
{
	const struct engine_column *c = &e->in.columns[column];
	uint32_t leaf = e->in.tuples[(size_t)tuple * e->columns_len + column];

	return level == 0 && c->labels[0] == NULL ? leaf :
	    c->labels[level][leaf];
}

/* Counts of labels, in scratch of the engine. */
struct tally {
	struct engine *e;
	size_t column, met;
	unsigned level;
	double all;
};

static void
tally_rows(struct tally *t, uint32_t tuple, uint32_t rows)
{
	uint32_t label = label_of(t->e, t->column, t->level, tuple);

	if (t->e->label_count[label] == 0)
		t->e->label_met[t->met++] = label;
	t->e->label_count[label] += rows;
	t->all += rows;
}

/* -sum c log2(c/n), and the scratch is zero again. */
static double
tally_entropy(struct tally *t)
{
	double sum = 0;
	uint32_t *count;
	size_t i;

	for (i = 0; i < t->met; i++) {
		count = &t->e->label_count[t->e->label_met[i]];
		if (*count > 0)
			sum -= (double)*count * log2((double)*count / t->all);
		*count = 0;
	}
	return sum > 0 ? sum : 0;
}

/* Of the rows that are gone, or only of those that are so for certain. */
static double
entropy_of_gone(struct engine *e, const struct engine_table *table,
    size_t column, unsigned level, int certain)
{
	struct tally t = {.e = e, .column = column, .level = level};
	const struct engine_groups *g = &e->groups;
	const struct engine_people *p = &e->people;
	size_t i, j;

	for (i = 0; i < g->len; i++)
		if (g->all[i].dead == CERTAIN ||
		    (g->all[i].dead == DEAD && !certain))
			tally_rows(&t, g->all[i].tuple, g->all[i].rows);
	for (i = 0; i < p->len; i++)
		for (j = p->starts[i]; p->gone[i] && j < p->starts[i + 1]; j++)
			if (!is_gone_anyway(e, table, j))
				tally_rows(&t, p->tuples[j], p->rows[j]);
	return tally_entropy(&t);
}

static void
add_entropies(struct engine *e, const struct engine_table *t,
    const uint8_t *levels, struct engine_node *n)
{
	size_t i;

	for (i = 0; i < e->columns_len; i++) {
		n->entropy_gone[i] = entropy_of_gone(e, t, i, levels[i], 0);
		n->entropy_certain[i] = n->rows_certain == n->rows_gone ?
		    n->entropy_gone[i] : entropy_of_gone(e, t, i, levels[i],
		    1);
	}
}

/* ---- what is certain below ---- */

/* Levels of each column that the box has, counted from the column's first. */
struct range {
	unsigned first[ENGINE_COLUMNS_MAX], last[ENGINE_COLUMNS_MAX];
};

static void
add_certain_row(const struct engine *e, uint32_t tuple, uint64_t rows,
    const struct range *range, struct engine_node *n)
{
	const uint32_t *leaf = e->in.tuples + (size_t)tuple * e->columns_len;
	const struct engine_coded *c;
	const uint32_t *size;
	uint64_t *sum;
	unsigned l;
	size_t i;

	for (i = 0; i < e->columns_len; i++) {
		c = &e->columns[i];
		size = c->size + (size_t)leaf[i] * c->span;
		sum = n->size_certain + i * ENGINE_LEVELS_MAX;
		for (l = range->first[i]; l <= range->last[i]; l++)
			sum[l] += rows * size[l];
	}
}

/* Takes the rows that are counted by leaf of one column, times their sizes;
 * the counts are zero again. */
static void
add_leaves(struct engine *e, size_t column, const struct range *range,
    struct engine_node *n)
{
	const struct engine_coded *c = &e->columns[column];
	uint32_t *rows = e->leaf_rows + c->first_leaf;
	uint64_t *sum = n->size_certain + column * ENGINE_LEVELS_MAX;
	size_t leaves = e->in.columns[column].leaves, i;
	unsigned l;

	for (i = 0; i < leaves; i++) {
		if (rows[i] == 0)
			continue;
		for (l = range->first[column]; l <= range->last[column]; l++)
			sum[l] += (uint64_t)rows[i] * c->size[i * c->span + l];
		rows[i] = 0;
	}
}

/* The same for all entries of the table that are certain: rows by leaf first,
 * then each leaf's sizes once. */
static void
add_certain_entries(struct engine *e, const struct engine_table *t,
    const struct range *range, struct engine_node *n)
{
	uint32_t *rows_of[ENGINE_COLUMNS_MAX], rows;
	const struct engine_groups *g = &e->groups;
	size_t i, c, len = e->columns_len;
	const uint32_t *leaf;

	for (c = 0; c < len; c++)
		rows_of[c] = e->leaf_rows + e->columns[c].first_leaf;
	for (i = 0; i < t->len; i++) {
		if (g->all[g->of[i]].dead != CERTAIN)
			continue;
		leaf = e->in.tuples + (size_t)t->tuple[i] * len;
		rows = t->rows[i];
		for (c = 0; c < len; c++)
			rows_of[c][leaf[c]] += rows;
	}
	for (c = 0; c < len; c++)
		add_leaves(e, c, range, n);
}

static void
add_certain(struct engine *e, const struct engine_table *t,
    const struct range *range, struct engine_node *n)
{
	const struct engine_people *p = &e->people;
	const struct engine_groups *g = &e->groups;
	size_t i, j;

	if (t->len >= e->leaves_len)
		add_certain_entries(e, t, range, n);
	for (i = 0; i < t->len && t->len < e->leaves_len; i++)
		if (g->all[g->of[i]].dead == CERTAIN)
			add_certain_row(e, t->tuple[i], t->rows[i], range, n);
	for (i = 0; i < p->len; i++)
		for (j = p->starts[i]; p->gone[i] && j < p->starts[i + 1]; j++)
			if (!is_gone_anyway(e, t, j))
				add_certain_row(e, p->tuples[j], p->rows[j],
				    range, n);
}

/* Groups of the box's lower corner, by entry: no class of it is smaller. */
static enum err
note_lo(struct engine *e, const struct engine_table *t, const uint8_t *lo)
{
	const struct engine_groups *g = &e->groups;
	size_t i;

	if (memcmp(lo, t->levels, e->columns_len) == 0) {
		memcpy(e->lo_rows, t->rows, t->len * sizeof(*e->lo_rows));
		memset(e->lo_first, 1, t->len);
		return ERR_OK;
	}
	RETURN_IF(engine_table_group(e, t, lo, SIZE_MAX));
	for (i = 0; i < t->len; i++) {
		e->lo_rows[i] = g->all[g->of[i]].rows;
		e->lo_first[i] = g->all[g->of[i]].entry == i;
	}
	return ERR_OK;
}

/* One entry's part of the least there can be; ${stays}: it is not certain to
 * be suppressed. */
static double
least_of_entry(const struct engine *e, const struct engine_table *t, size_t i,
    const uint8_t *lo, int stays)
{
	double rows = t->rows[i], size = e->lo_rows[i], x, most;

	switch (e->in.metric) {
	case ENGINE_DISCERNIBILITY_MONOTONE:
		return rows * size;
	case ENGINE_DISCERNIBILITY:
		if (!stays)
			return rows * (double)e->rows;
		return rows * (size > e->min_people ? size : e->min_people);
	case ENGINE_AMBIGUITY:
		return rows * (stays ? area_of(e, t->tuple[i], lo) :
		    whole_area(e));
	case ENGINE_INFORMATION:
		x = e->g * information_of(e, t->tuple[i], lo);
		return rows * (stays && x < e->s ? x : e->s);
	case ENGINE_DIVERGENCE:
		most = e->allowed > 0 ? log2(whole_area(e) /
		    (double)e->allowed) : HUGE_VAL;
		x = log2(area_of(e, t->tuple[i], lo) /
		    e->groups.all[e->groups.of[i]].rows);
		return t->weight[i] * (stays && x < most ? x : most);
	case ENGINE_CLASS_SIZE: /* how many classes there can be */
	case ENGINE_LOSS:
	case ENGINE_PRECISION:
	case ENGINE_PRECISION_MONOTONE:
	case ENGINE_HEIGHT:
	case ENGINE_ENTROPY:
	case ENGINE_ENTROPY_MONOTONE:
	case ENGINE_ENTROPY_NORMALISED:
	case ENGINE_METRICS:
	default:
		return stays && e->lo_first[i];
	}
}

static double
low_of_table(const struct engine *e, const struct engine_table *t,
    const uint8_t *lo, const struct engine_node *n)
{
	const struct engine_groups *g = &e->groups;
	double low = 0, cap;
	size_t i;

	/* of somebody with several tuples a part of an entry may go */
	if (e->people.len > 0)
		return 0;
	for (i = 0; i < t->len; i++)
		low += least_of_entry(e, t, i, lo,
		    g->all[g->of[i]].dead != CERTAIN);
	if (e->in.metric == ENGINE_CLASS_SIZE) {
		cap = (double)(e->rows - n->rows_certain) / e->min_people;
		low = (low < cap ? low : cap) * e->s + e->g;
		return low > 0 ? (double)e->rows / low : 0;
	}
	if (e->in.metric == ENGINE_DIVERGENCE)
		return (e->divergence + low - 1e-10 * (fabs(low) +
		    fabs(e->divergence))) / (double)e->rows;
	/* sums of logarithms and of products are not exact */
	return e->in.metric < ENGINE_AMBIGUITY ? low : low * (1 - 1e-10);
}

static void
sum_up(struct engine *e, const struct engine_table *t, struct engine_node *n)
{
	const struct engine_groups *g = &e->groups;
	size_t i;

	for (i = 0; i < g->len; i++)
		n->squares += (double)g->all[i].rows * (double)g->all[i].rows;
	if (e->people.len > 0)
		add_people(e, t, n);
	for (i = 0; i < g->len; i++)
		add_group(&g->all[i], n);
	n->feasible = n->people_gone <= e->allowed &&
	    (n->people_gone < e->respondents || e->allowed == e->respondents);
	/* people and rows are the same where there are rules */
	n->hopeless = e->in.rules_len == 0 ? n->people_gone > e->allowed :
	    n->rows_certain + n->rows_forced > e->allowed;
}

/* What the metric and its bound need. */
static void
add_metric(struct engine *e, const struct engine_table *t,
    const uint8_t *lo, const uint8_t *levels, struct engine_node *n)
{
	const struct engine_groups *g = &e->groups;
	struct range range;
	size_t i;

	if (e->in.metric == ENGINE_LOSS) {
		for (i = 0; i < e->columns_len; i++) {
			range.first[i] = (lo != NULL ? lo : levels)[i] -
			    e->columns[i].from;
			range.last[i] = levels[i] - e->columns[i].from;
		}
		if (n->rows_certain > 0)
			add_certain(e, t, &range, n);
		for (i = 0; i < e->columns_len; i++)
			n->size_gone[i] = n->size_certain[i *
			    ENGINE_LEVELS_MAX + range.last[i]];
		for (i = 0; n->rows_certain < n->rows_gone && i < g->len; i++)
			if (g->all[i].dead == DEAD)
				add_gone_sizes(e, g->all[i].tuple,
				    g->all[i].rows, levels, n);
	} else if ((e->in.metric == ENGINE_ENTROPY ||
	    e->in.metric == ENGINE_ENTROPY_NORMALISED) && n->rows_gone > 0) {
		add_entropies(e, t, levels, n);
	} else if (!engine_metric_of_columns(e)) {
		if (e->in.metric == ENGINE_AMBIGUITY)
			add_ambiguity(e, levels, n);
		else if (e->in.metric == ENGINE_DIVERGENCE)
			add_divergence(e, t, levels, n);
		else if (e->in.metric == ENGINE_INFORMATION)
			add_information(e, levels, n);
		n->low = lo == NULL ? 0 : low_of_table(e, t, lo, n);
	}
}

enum err
engine_node_new(struct engine *e, const struct engine_table *t,
    const uint8_t *lo, const uint8_t *levels, struct engine_node **ret)
{
	int exact = lo == NULL;
	struct engine_node *n = NULL;
	enum err err;

	if (!exact && !engine_metric_of_columns(e) && e->people.len == 0)
		RETURN_IF(note_lo(e, t, lo));
	RETURN_IF(node_alloc(e, &n));
	e->evaluated++;
	err = engine_table_group(e, t, levels, most_groups(e, exact));
	if (err == ERR_LIMIT) {
		n->hopeless = 1;
		err = ERR_OK;
	} else if (err == ERR_OK) {
		judge_size(e, t);
		judge_rules(e, t, levels, n);
		sum_up(e, t, n);
		if (exact || !n->hopeless)
			add_metric(e, t, lo, levels, n);
	}
	if (err != ERR_OK) {
		engine_node_unref(n);
		return err;
	}
	*ret = n;
	return ERR_OK;
}
