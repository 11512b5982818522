/* policy/disclosure/engine.c - checks, set-up, and one vector asked for. */
#include "policy/disclosure/engine.h"

#include <stdlib.h>
#include <string.h>

#include "policy/disclosure/engine_internal.h"

void
engine_free(struct engine *e)
{
	size_t i;

	if (e == NULL)
		return;
	for (i = 0; e->columns != NULL && i < e->columns_len; i++)
		engine_columns_release(&e->columns[i]);
	free(e->columns);
	engine_table_unref(e->base);
	engine_people_release(&e->people);
	engine_rules_release(e);
	free(e->entry_of_tuple);
	free(e->single);
	free(e->rows_of);
	free(e->groups.of);
	free(e->groups.all);
	free(e->groups.people);
	free(e->groups.slots);
	free(e->groups.order);
	free(e->groups.begin);
	free(e->leaf_rows);
	free(e->label_count);
	free(e->label_met);
	free(e->lo_rows);
	free(e->lo_first);
	free(e);
}

void
engine_cleanup(struct engine **e)
{
	engine_free(*e);
	*e = NULL;
}

/* ---- checks ---- */

static enum err
check_numbers(const struct engine_input *in)
{
	if (in->columns_len > ENGINE_COLUMNS_MAX ||
	    in->rows_len > UINT32_MAX - 2 || in->tuples_len > UINT32_MAX - 2)
		return ERR_LIMIT;
	if (in->k == 0 || !(in->limit >= 0 && in->limit <= 1) ||
	    (in->has_balance && !(in->balance >= 0 && in->balance <= 1)) ||
	    in->metric >= ENGINE_METRICS || in->aggregate > ENGINE_RANK)
		return ERR_RANGE;
	if (in->judge != NULL && (in->rules_len > 0 ||
	    in->metric != ENGINE_LOSS || in->aggregate == ENGINE_RANK))
		return ERR_UNSUPPORTED;
	return in->tuple_of == NULL && in->rows_len != in->tuples_len ?
	    ERR_RANGE : ERR_OK;
}

static enum err
check_leaves(const struct engine_input *in)
{
	const uint32_t *leaf = in->tuples;
	size_t i, j;

	for (i = 0; i < in->tuples_len; i++)
		for (j = 0; j < in->columns_len; j++)
			if (*leaf++ >= in->columns[j].leaves)
				return ERR_RANGE;
	for (i = 0; in->tuple_of != NULL && i < in->rows_len; i++)
		if (in->tuple_of[i] >= in->tuples_len)
			return ERR_RANGE;
	return ERR_OK;
}

/* ---- set-up ---- */

static void
set_factors(struct engine *e)
{
	double b = e->in.has_balance ? e->in.balance : 0.5;

	e->s = b < 0.5 ? 2 * b : 1;
	e->g = b <= 0.5 ? 1 : 1 - 2 * (b - 0.5);
}

static void
set_weights(struct engine *e)
{
	double max = 0;
	size_t i;

	for (i = 0; i < e->columns_len; i++)
		if (e->columns[i].weight > max)
			max = e->columns[i].weight;
	for (i = 0; i < e->columns_len; i++)
		e->columns[i].weight = max > 0 ? e->columns[i].weight / max :
		    1;
}

static enum err
code_column(struct engine *e, size_t i, unsigned *ret_bits)
{
	const struct engine_column *c = &e->in.columns[i];
	uint64_t *rows_of = calloc(c->leaves + 1, sizeof(*rows_of));
	enum err err;
	size_t t;

	if (rows_of == NULL)
		return ERR_NOMEM;
	for (t = 0; t < e->in.tuples_len; t++)
		rows_of[e->in.tuples[t * e->columns_len + i]] +=
		    e->rows_of[t];
	err = engine_columns_code(c, rows_of, e->rows, &e->columns[i],
	    ret_bits);
	free(rows_of);
	return err;
}

/* Columns in words of 64 bits; none is cut in two. */
static enum err
code_columns(struct engine *e)
{
	unsigned used[ENGINE_WORDS_MAX] = {0}, bits = 0;
	size_t i, w;

	e->words = 1;
	for (i = 0; i < e->columns_len; i++) {
		RETURN_IF(code_column(e, i, &bits));
		for (w = 0; w < ENGINE_WORDS_MAX && used[w] + bits > 64; w++)
			;
		if (w == ENGINE_WORDS_MAX)
			return ERR_LIMIT;
		if (bits > 0)
			engine_columns_shift(&e->columns[i],
			    e->in.columns[i].leaves, used[w]);
		used[w] += bits;
		e->columns[i].word = (unsigned)w;
		e->words = w + 1 > e->words ? w + 1 : e->words;
	}
	set_weights(e);
	return ERR_OK;
}

static size_t
most_labels(const struct engine_input *in)
{
	size_t max = 1, i, leaf;
	unsigned l;

	for (i = 0; i < in->columns_len; i++) {
		max = in->columns[i].leaves > max ? in->columns[i].leaves : max;
		for (l = in->columns[i].from; l <= in->columns[i].to; l++)
			for (leaf = 0; in->columns[i].labels[l] != NULL &&
			    leaf < in->columns[i].leaves; leaf++)
				if (in->columns[i].labels[l][leaf] >= max)
					max = (size_t)
					    in->columns[i].labels[l][leaf] + 1;
	}
	return max;
}

static enum err
make_room(struct engine *e)
{
	size_t tuples = e->in.tuples_len + 3;

	e->columns = calloc(e->columns_len + 1, sizeof(*e->columns));
	e->entry_of_tuple = calloc(tuples, sizeof(*e->entry_of_tuple));
	e->single = calloc(tuples, sizeof(*e->single));
	e->rows_of = calloc(tuples, sizeof(*e->rows_of));
	e->groups.of = calloc(tuples, sizeof(*e->groups.of));
	if (e->columns == NULL || e->entry_of_tuple == NULL ||
	    e->single == NULL || e->rows_of == NULL || e->groups.of == NULL)
		return ERR_NOMEM;
	if (e->in.rules_len == 0)
		return ERR_OK;
	e->groups.order = calloc(tuples, sizeof(*e->groups.order));
	e->groups.begin = calloc(tuples, sizeof(*e->groups.begin));
	return e->groups.order != NULL && e->groups.begin != NULL ? ERR_OK :
	    ERR_NOMEM;
}

static enum err
make_leaf_room(struct engine *e)
{
	size_t i;

	for (i = 0; i < e->columns_len; i++) {
		e->columns[i].first_leaf = e->leaves_len;
		e->leaves_len += e->in.columns[i].leaves;
	}
	e->leaf_rows = calloc(e->leaves_len + 1, sizeof(*e->leaf_rows));
	return e->leaf_rows == NULL ? ERR_NOMEM : ERR_OK;
}

static enum err
make_entropy_room(struct engine *e)
{
	size_t labels;

	if (e->in.metric != ENGINE_ENTROPY &&
	    e->in.metric != ENGINE_ENTROPY_NORMALISED)
		return ERR_OK;
	labels = most_labels(&e->in);
	e->label_count = calloc(labels, sizeof(*e->label_count));
	e->label_met = calloc(labels, sizeof(*e->label_met));
	return e->label_count != NULL && e->label_met != NULL ? ERR_OK :
	    ERR_NOMEM;
}

static enum err
make_low_room(struct engine *e)
{
	size_t tuples = e->in.tuples_len + 1;

	if (engine_metric_of_columns(e))
		return ERR_OK;
	e->lo_rows = calloc(tuples, sizeof(*e->lo_rows));
	e->lo_first = calloc(tuples, 1);
	return e->lo_rows != NULL && e->lo_first != NULL ? ERR_OK : ERR_NOMEM;
}

/* Metrics that need distinct tuples, each row being somebody else's. */
static int
is_supported(const struct engine *e)
{
	size_t i;

	if (e->in.metric < ENGINE_DIVERGENCE)
		return 1;
	for (i = 0; i < e->columns_len; i++)
		if (e->in.metric == ENGINE_DIVERGENCE &&
		    e->in.columns[i].from > 0)
			return 0;
	return e->rows == e->respondents;
}

static enum err
set_up(struct engine *e)
{
	e->rows = e->in.rows_len;
	e->columns_len = e->in.columns_len;
	e->min_people = e->in.k;
	RETURN_IF(make_room(e));
	RETURN_IF(engine_people_init(e));
	if (e->people.len > 0 && (e->in.rules_len > 0 || (e->in.joined &&
	    !engine_metric_of_columns(e))))
		return ERR_UNSUPPORTED;
	if (!is_supported(e))
		return ERR_UNSUPPORTED;
	e->allowed = (uint64_t)(e->in.limit * (double)e->respondents);
	set_factors(e);
	RETURN_IF(engine_rules_init(e));
	RETURN_IF(code_columns(e));
	RETURN_IF(make_leaf_room(e));
	RETURN_IF(make_entropy_room(e));
	RETURN_IF(make_low_room(e));
	return engine_table_base(e, &e->base);
}

enum err
engine_new(const struct engine_input *in, struct engine **ret)
{
	CLEANUP(engine_cleanup) struct engine *e = NULL;

	RETURN_IF(check_numbers(in));
	RETURN_IF(check_leaves(in));
	if ((e = calloc(1, sizeof(*e))) == NULL)
		return ERR_NOMEM;
	e->in = *in;
	RETURN_IF(set_up(e));
	*ret = TAKE(e);
	return ERR_OK;
}

/* ---- one vector ---- */

static double
nodes_of(const struct engine *e)
{
	double n = 1;
	size_t i;

	for (i = 0; i < e->columns_len; i++)
		n *= e->columns[i].span;
	return n;
}

static uint64_t
uniques_of(const struct engine *e)
{
	uint64_t n = 0;
	size_t i;

	for (i = 0; i < e->groups.len; i++)
		n += e->groups.all[i].people == 1;
	for (i = 0; i < e->people.classes; i++)
		n += e->people.class_size[i] == 1;
	return n;
}

/* How many finest classes have one respondent. */
static enum err
count_uniques(struct engine *e, uint64_t *ret)
{
	uint8_t from[ENGINE_COLUMNS_MAX] = {0};
	size_t i;

	for (i = 0; i < e->columns_len; i++)
		from[i] = (uint8_t)e->columns[i].from;
	RETURN_IF(engine_table_group(e, e->base, from, SIZE_MAX));
	if (e->people.len > 0 && e->in.joined)
		engine_people_join(e, e->base, 1);
	else
		engine_people_count(e, e->base);
	*ret = uniques_of(e);
	return ERR_OK;
}

static void
fill(const struct engine *e, const uint8_t *levels,
    const struct engine_node *n, struct engine_result *r)
{
	double value[ENGINE_VALUE_MAX];

	engine_metric_value(e, levels, n, value);
	r->loss = r->bound = value[0];
	if (engine_metric_of_columns(e))
		engine_metric_columns(e, levels, n, r->column_loss);
	r->rows = e->rows;
	r->respondents = e->respondents;
	r->suppressed_rows = n->rows_gone;
	r->suppressed_respondents = n->people_gone;
	r->groups = n->groups;
	r->smallest = n->smallest;
	r->largest = n->largest;
	r->sum_of_sizes = n->sum_of_sizes;
	r->tuples = e->base->len;
	r->nodes = nodes_of(e);
	r->nodes_evaluated = e->evaluated;
}

enum err
engine_evaluate(struct engine *e, const unsigned *levels,
    struct engine_result *ret)
{
	uint8_t at[ENGINE_COLUMNS_MAX] = {0};
	struct engine_result r = {0};
	struct engine_node *n = NULL;
	size_t i;

	for (i = 0; i < e->columns_len; i++) {
		if (levels[i] < e->columns[i].from ||
		    levels[i] > e->columns[i].to)
			return ERR_RANGE;
		r.levels[i] = levels[i];
		at[i] = (uint8_t)levels[i];
	}
	RETURN_IF(count_uniques(e, &r.sample_uniques));
	RETURN_IF(engine_node_new(e, e->base, NULL, at, &n));
	fill(e, at, n, &r);
	engine_node_unref(n);
	*ret = r;
	return ERR_OK;
}

/* ---- who ---- */

/* The person's place among those of several rows; p->len: not one. */
static size_t
find_person(const struct engine_people *p, uint32_t respondent)
{
	size_t low = 0, high = p->len, at;

	while (low < high) {
		at = low + (high - low) / 2;
		if (p->who[at] == respondent)
			return at;
		if (p->who[at] < respondent)
			low = at + 1;
		else
			high = at;
	}
	return p->len;
}

uint32_t
engine_class(const struct engine *e, size_t row)
{
	uint32_t tuple = e->in.tuple_of == NULL ? (uint32_t)row :
	    e->in.tuple_of[row];

	return e->groups.of[e->entry_of_tuple[tuple]];
}

size_t
engine_classes(const struct engine *e)
{
	return e->groups.len;
}

int
engine_is_suppressed(const struct engine *e, size_t row)
{
	int dead = e->groups.all[engine_class(e, row)].dead != 0;
	size_t person;

	if (e->people.len == 0)
		return dead;
	person = find_person(&e->people, e->in.respondents[row]);
	if (person == e->people.len)
		return dead;
	return (dead && !e->in.joined) || e->people.gone[person];
}
