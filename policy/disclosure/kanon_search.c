/* policy/disclosure/kanon_search.c - the vector of levels with the least loss
 * that keeps to the limit: found by the engine, counted again here.
 *
 * The two know respondents and rows in different ways (engine_people.c and
 * kanon.c); when they do not suppress the same people nothing is accepted.
 */
#include <stdlib.h>
#include <string.h>

#include "policy/disclosure/kanon_internal.h"

/* The rows as the engine takes them. */
struct asked {
	struct engine_column columns[KANON_COLUMNS_MAX];
	uint32_t *respondents, *tuple_of;
	struct engine_input in;
};

static void
asked_release(struct asked *a)
{
	free(a->respondents);
	free(a->tuple_of);
}

/* Whole people, and not all of them; half a person more is as many, so no
 * rounding can take one away. */
static double
limit_of(const struct kanon *k)
{
	uint64_t allowed = k->respondents * k->in.limit / 10000;

	if (k->respondents == 0)
		return 0;
	if (allowed == k->respondents)
		allowed--;
	return ((double)allowed + 0.5) / (double)k->respondents;
}

static enum err
ask(const struct kanon *k, struct asked *a)
{
	const struct kanon_input *in = &k->in;
	size_t i;

	a->respondents = malloc((in->rows_len + 1) * sizeof(uint32_t));
	a->tuple_of = malloc((in->rows_len + 1) * sizeof(uint32_t));
	if (a->respondents == NULL || a->tuple_of == NULL)
		return ERR_NOMEM;
	for (i = 0; i < in->rows_len; i++) {
		a->respondents[i] = in->rows[i].respondent;
		a->tuple_of[i] = in->rows[i].tuple;
	}
	for (i = 0; i < in->columns_len; i++)
		a->columns[i] = (struct engine_column){
		    .levels = in->columns[i].to + 1,
		    .from = in->columns[i].from, .to = in->columns[i].to,
		    .labels = in->columns[i].labels,
		    .leaves = in->columns[i].leaves,
		    .sizes = in->columns[i].sizes,
		    .domain = in->columns[i].domain, .weight = 1};
	a->in = (struct engine_input){.columns = a->columns,
	    .columns_len = in->columns_len, .tuples = in->tuples,
	    .tuples_len = in->tuples_len, .respondents = a->respondents,
	    .tuple_of = a->tuple_of, .rows_len = in->rows_len,
	    .k = kanon_threshold(in), .nodes_max = KANON_VECTORS_MAX};
	a->in.limit = limit_of(k);
	return ERR_OK;
}

static enum err
find(const struct kanon *k, const struct kanon_judge *judge,
    struct engine_result *ret)
{
	CLEANUP(engine_cleanup) struct engine *e = NULL;
	CLEANUP(asked_release) struct asked a = {0};

	RETURN_IF(ask(k, &a));
	a.in.judge = judge->ask;
	a.in.judge_ctx = judge->ctx;
	RETURN_IF(engine_new(&a.in, &e));
	return engine_search(e, ret);
}

enum err
kanon_search(struct kanon *k, struct kanon_result *ret)
{
	return kanon_search_judged(k, &(struct kanon_judge){NULL, NULL}, ret);
}

enum err
kanon_search_judged(struct kanon *k, const struct kanon_judge *judge,
    struct kanon_result *ret)
{
	struct engine_result found = {0};
	struct kanon_result r;
	enum err e = find(k, judge, &found);

	if (e != ERR_OK && e != ERR_REFUSED)
		return e;
	RETURN_IF(kanon_evaluate(k, found.levels, &r));
	if (r.suppressed_respondents != found.suppressed_respondents ||
	    r.suppressed_rows != found.suppressed_rows)
		return ERR_MISMATCH;
	if (e == ERR_REFUSED && !found.optimal)
		return ERR_LIMIT;
	if (r.suppressed_respondents == r.respondents)
		e = ERR_REFUSED;
	r.vectors = found.nodes_evaluated;
	r.loss = found.loss;
	r.bound = found.bound;
	*ret = r;
	return e;
}
