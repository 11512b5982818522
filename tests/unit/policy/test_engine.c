/* The engine against a checker that tries every vector and counts by
 * comparing rows: thousands of small random tables, every model, metric and
 * aggregate, people with several rows, budgets, keys of many words. */
#include "tests/unit/unit.h"

#include <math.h>
#include <stdio.h>

#include "tests/unit/policy/engine_tables.h"

/* ---- the comparison ---- */

/* What was tried, so that it can be tried again. */
static void
describe(const struct engine_tables *t, const struct engine_result *r,
    const struct engine_tables_verdict *best, int found)
{
	size_t i;

	print_message("seed %llu: joined %d metric %d aggregate %d balance %g k %u limit %g: %zu "
	    "rows %zu people %zu rules; slow finds %d: %.12g, engine %.12g "
	    "(%d), nodes %llu of %g; levels", (unsigned long long)t->made_from,
	    t->in.joined, (int)t->in.metric,
	    (int)t->in.aggregate, t->in.has_balance ? t->in.balance : 0.5,
	    t->in.k, t->in.limit, t->in.rows_len, t->people_len,
	    t->in.rules_len, found, best->value[0], r->loss, r->optimal,
	    (unsigned long long)r->nodes_evaluated, r->nodes);
	for (i = 0; i < t->in.columns_len; i++)
		print_message(" %u", r->levels[i]);
	for (i = 0; i < t->in.rules_len; i++)
		print_message("; model %d l %g c %g t %g",
		    (int)t->rules[i].model, t->rules[i].l, t->rules[i].c,
		    t->rules[i].t);
	print_message("\n");
}

static void
check_vector(const struct engine_tables *t, struct engine *e,
    const struct engine_result *r, const struct engine_tables_verdict *v)
{
	size_t i;

	if (r->suppressed_rows != v->rows_gone ||
	    !(fabs(r->loss - v->value[0]) <= engine_tables_tolerance(r->loss)))
		describe(t, r, v, 1);
	assert_int_equal(r->suppressed_rows, v->rows_gone);
	assert_int_equal(r->suppressed_respondents, v->people_gone);
	assert_int_equal(r->respondents, t->people_len);
	assert_int_equal(r->groups, v->groups);
	assert_true(fabs(r->loss - v->value[0]) <= engine_tables_tolerance(r->loss));
	for (i = 0; i < t->in.rows_len; i++)
		assert_int_equal(engine_is_suppressed(e, i), v->gone[i]);
}

static void
check_budget(struct engine_tables *t, const struct engine_tables_verdict *best)
{
	CLEANUP(engine_cleanup) struct engine *e = NULL;
	struct engine_input in = t->in;
	struct engine_result r;
	enum err err;

	in.nodes_max = 1 + engine_tables_roll(t, 8);
	assert_ok(engine_new(&in, &e));
	err = engine_search(e, &r);
	assert_true(err == ERR_OK || err == ERR_REFUSED);
	assert_true(r.bound <= best->value[0] + engine_tables_tolerance(best->value[0]));
	assert_true(err == ERR_OK || !r.optimal);
	if (err == ERR_OK)
		assert_true(r.loss >= best->value[0] -
		    engine_tables_tolerance(best->value[0]));
}

static void
check_table(struct engine_tables *t)
{
	CLEANUP(engine_cleanup) struct engine *e = NULL;
	struct engine_result r;
	struct engine_tables_verdict best = {0}, at;
	enum err err;
	int found;

	assert_ok(engine_new(&t->in, &e));
	err = engine_search(e, &r);
	found = engine_tables_best(t, &best);
	engine_tables_try(t, r.levels, &at);
	if (!r.optimal || found != (err == ERR_OK) || (found &&
	    (!at.feasible || engine_tables_compare(t, at.value, best.value) != 0)))
		describe(t, &r, &best, found);
	assert_true(r.optimal);
	assert_int_equal(err, found ? ERR_OK : ERR_REFUSED);
	if (!found)
		return;
	assert_true(at.feasible);
	assert_int_equal(engine_tables_compare(t, at.value, best.value), 0);
	check_vector(t, e, &r, &at);
	check_budget(t, &best);
}

static void
every_model_and_metric_is_optimal(void **state)
{
	struct engine_tables t;
	unsigned i;

	(void)state;
	for (i = 0; i < 8000; i++) {
		engine_tables_make(&t, 20260715 + (uint64_t)i * 7919,
		    i % 20 == 0 ? 0 : 1 + i % 4);
		check_table(&t);
	}
}

/* 12 columns of 6 bits: two words. */
static void
keys_of_several_words_are_exact(void **state)
{
	struct engine_tables t;
	unsigned i;
	size_t c;

	(void)state;
	for (i = 0; i < 30; i++) {
		engine_tables_make(&t, 42 + (uint64_t)i * 104729,
		    ENGINE_TABLES_COLUMNS);
		for (c = 0; c < ENGINE_TABLES_COLUMNS; c++) {
			t.columns[c].to = t.columns[c].levels > 1 && c < 8;
			t.columns[c].from = 0;
		}
		check_table(&t);
	}
}

/* ---- what must be refused ---- */

static void
numbers_outside_their_tables_are_refused(void **state)
{
	struct engine *e = NULL;
	struct engine_tables t, bad;
	uint64_t seed = 7;

	(void)state;
	do
		engine_tables_make(&t, seed++, 2);
	while (t.in.rules_len == 0 || t.columns[0].levels < 2 ||
	    t.in.tuple_of == NULL);
	bad = t;
	t.columns[0].weight = -1;
	assert_int_equal(engine_new(&t.in, &e), ERR_RANGE);
	t = bad;
	t.in.k = 0;
	assert_int_equal(engine_new(&t.in, &e), ERR_RANGE);
	t = bad;
	t.in.limit = 1.01;
	assert_int_equal(engine_new(&t.in, &e), ERR_RANGE);
	t = bad;
	t.in.columns_len = ENGINE_COLUMNS_MAX + 1;
	assert_int_equal(engine_new(&t.in, &e), ERR_LIMIT);
}

static void
labels_that_are_no_tree_are_refused(void **state)
{
	static const uint32_t leaf[] = {0, 1, 2}, one[] = {0, 0, 1},
	    two[] = {0, 1, 1};
	static const uint32_t *const labels[] = {leaf, one, two};
	static const uint32_t tuples[] = {0, 1, 2};
	const struct engine_column c = {.levels = 3, .to = 2,
	    .labels = labels, .leaves = 3, .weight = 1};
	const struct engine_input in = {.columns = &c, .columns_len = 1,
	    .tuples = tuples, .tuples_len = 3, .rows_len = 3, .k = 1};
	struct engine *e = NULL;

	(void)state;
	assert_int_equal(engine_new(&in, &e), ERR_MISMATCH);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_model_and_metric_is_optimal),
		cmocka_unit_test(keys_of_several_words_are_exact),
		cmocka_unit_test(numbers_outside_their_tables_are_refused),
		cmocka_unit_test(labels_that_are_no_tree_are_refused),
	};

	printf("tables are made from seeds 20260715 + 7919 i\n");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
