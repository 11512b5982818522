/* The Nth allocation fails, for each N: ERR_NOMEM, nothing leaked (the
 * sanitizer build sees), nothing half-done. */
#include "tests/unit/unit.h"

#include "policy/disclosure/counter.h"
#include "policy/disclosure/engine.h"
#include "policy/disclosure/hierarchy.h"
#include "policy/disclosure/kanon.h"
#include "policy/disclosure/ladder.h"
#include "policy/plan_diff.h"
#include "policy/policy_diff.h"
#include "survey/answers.h"
#include "tests/unit/fault.h"
#include "tests/unit/policy/fixture.h"

/* Runs ${work} with a failure at each allocation in turn; how many there
 * were. */
static unsigned
fail_each(enum err (*work)(void *), void *arg)
{
	unsigned n;
	enum err e;

	for (n = 1; n < 20000; n++) {
		fault_set(FAULT_MEMORY, n);
		e = work(arg);
		if (!fault_end()) {
			assert_ok(e);
			return n - 1;
		}
		assert_err(e, ERR_NOMEM);
	}
	fail_msg("no end of failures");
	return 0;
}

static enum err
read_documents(void *arg)
{
	CLEANUP(charter_release) struct charter c = {0};
	CLEANUP(policy_release) struct policy p = {0};
	CLEANUP(request_release) struct request r = {0};

	(void)arg;
	RETURN_IF(charter_parse(bytes_str(fixture_charter), &c, NULL));
	RETURN_IF(policy_parse(bytes_str(fixture_policy), &p, NULL));
	return request_parse(bytes_str(fixture_request), &r, NULL);
}

static void
reading(void **state)
{
	(void)state;
	assert_true(fail_each(read_documents, NULL) > 40);
}

static enum err
write_texts(void *arg)
{
	struct fixture *f = arg;
	CLEANUP(buf_release) struct buf out = {0};
	CLEANUP(plan_release) struct plan p = {0};
	CLEANUP(plan_epochs_release) struct plan_epochs e = {0};
	size_t start;

	RETURN_IF(charter_write(&f->charter, &out, NULL));
	RETURN_IF(request_write(&f->request, &out, NULL));
	start = out.len;
	RETURN_IF(plan_write(&f->plan, &out, NULL));
	RETURN_IF(plan_parse(bytes_of(out.data + start, out.len - start), &p,
	    NULL));
	start = out.len;
	RETURN_IF(plan_epochs_write(&f->epochs, &out, NULL));
	return plan_epochs_parse(bytes_of(out.data + start, out.len - start),
	    &e, NULL);
}

static void
writing(void **state)
{
	CLEANUP(fixture_release) struct fixture f;

	(void)state;
	fixture_init(&f, NULL);
	fixture_plan(&f);
	assert_true(fail_each(write_texts, &f) > 60);
}

static enum err
decide(void *arg)
{
	struct fixture *f = arg;
	CLEANUP(decision_release) struct decision d = {0};
	CLEANUP(grant_cleanup) struct grant *g = NULL;
	enum err e = decision_grant(&f->c, &f->plan, &f->plan_facts, &d, &g);

	assert_int_equal(g != NULL, e == ERR_OK);
	return e;
}

static enum err
refuse(void *arg)
{
	struct fixture *f = arg;
	CLEANUP(decision_release) struct decision d = {0};
	CLEANUP(grant_cleanup) struct grant *g = NULL;
	enum err e;

	f->c.facts.request_signature_ok = 0;
	e = decision_grant(&f->c, &f->plan, &f->plan_facts, &d,
	    &g);
	assert_null(g);
	if (e != ERR_REFUSED)
		return e;
	assert_true(reasons_have(&d.reasons, REASON_REQUEST_SIGNATURE));
	return ERR_OK;
}

static void
deciding(void **state)
{
	CLEANUP(fixture_release) struct fixture f;

	(void)state;
	fixture_init(&f, NULL);
	fixture_plan(&f);
	fixture_votes(&f, 2);
	assert_true(fail_each(decide, &f) > 30);
	assert_true(fail_each(refuse, &f) > 30);
}

static enum err
compare(void *arg)
{
	struct fixture *f = arg;
	CLEANUP(policy_diff_release) struct policy_diff d = {0};
	CLEANUP(plan_diff_release) struct plan_diff p = {0};
	const struct policy_diff_live live = {&f[0].c, 1};

	RETURN_IF(policy_diff_make(&f[0].policy, &f[1].policy,
	    f[0].c.facts.policy_sha256, live, &d));
	assert_int_equal(d.lines_len, 2);
	RETURN_IF(plan_diff_make(&f[0].plan, &f[1].plan, &p));
	assert_int_equal(p.len, 2);
	return ERR_OK;
}

static void
comparing(void **state)
{
	struct fixture f[2];
	const struct fixture_texts texts = {.policy = fixture_with(
	    fixture_with(fixture_policy, "\"k\":10", "\"k\":9"),
	    "[\"support\",\"research\"]", "[\"research\"]")};

	(void)state;
	fixture_init(&f[0], NULL);
	fixture_init(&f[1], &texts);
	fixture_plan(&f[0]);
	fixture_plan(&f[1]);
	f[1].plan.project_release = 2;
	assert_true(fail_each(compare, f) > 30);
	fixture_release(&f[0]);
	fixture_release(&f[1]);
}

static enum err
climb(void *arg)
{
	struct fixture *f = arg;
	CLEANUP(ladder_cleanup) struct ladder *l = NULL, *t = NULL;
	CLEANUP(ladder_map_cleanup) struct ladder_map *m = NULL, *n = NULL;
	struct answers_value v = {1, 0, {NULL, 0}};
	char text[16];
	uint32_t leaf;

	RETURN_IF(ladder_parse(bytes_str(fixture_sex_ladder),
	    survey_find(f->survey, bytes_str("Q09")), &l, NULL));
	ladder_free(TAKE(l));
	RETURN_IF(ladder_parse(bytes_str(fixture_age_ladder),
	    survey_find(f->survey, bytes_str("Q08")), &l, NULL));
	RETURN_IF(ladder_map_new(l, 0, &m));
	for (v.number = 0; v.number < 120; v.number++)
		RETURN_IF(ladder_map_leaf(m, &v, &leaf));
	assert_int_equal(leaf, 120);
	RETURN_IF(ladder_new_as_is(survey_find(f->survey, bytes_str("Q24")),
	    &t));
	RETURN_IF(ladder_map_new(t, 0, &n));
	for (v.number = 0; v.number < 70; v.number++) {
		(void)snprintf(text, sizeof(text), "t%d", (int)v.number);
		v.bytes = bytes_str(text);
		RETURN_IF(ladder_map_leaf(n, &v, &leaf));
	}
	assert_int_equal(leaf, 70);
	return ERR_OK;
}

static void
ladders(void **state)
{
	CLEANUP(fixture_release) struct fixture f;

	(void)state;
	fixture_init(&f, NULL);
	assert_true(fail_each(climb, &f) > 100);
}

static enum err
count_people(void *arg)
{
	struct kanon_row rows[] = {{1, 0}, {2, 0}, {2, 1}, {3, 1}, {4, 2}};
	static const uint32_t tuples[] = {0, 1, 2}, labels[] = {0, 1, 2};
	static const uint32_t *const level[] = {labels};
	static const size_t lens[] = {3};
	const struct kanon_column column = {0, 0, level, lens, 3};
	static const char *const counted[] = {"a"};
	const struct counter_args args = {"p", counted, 1, 0};
	CLEANUP(kanon_cleanup) struct kanon *k = NULL;
	CLEANUP(counter_cleanup) struct counter *c = NULL;
	struct kanon_result r;
	struct counter_result counts;
	unsigned zero = 0;

	(void)arg;
	RETURN_IF(kanon_new(&(struct kanon_input){.rows = rows,
	    .rows_len = 5, .tuples = tuples, .tuples_len = 3,
	    .columns = &column, .columns_len = 1, .k = 2, .limit = 10000},
	    &k));
	RETURN_IF(kanon_evaluate(k, &zero, &r));
	assert_int_equal(r.suppressed_respondents, 1);
	RETURN_IF(counter_new(&args, &c));
	RETURN_IF(counter_feed(c, bytes_str("p,a\nx,1\ny,1\nz,2\n")));
	RETURN_IF(counter_end(c, &counts));
	assert_int_equal(counts.groups, 2);
	return ERR_OK;
}

static void
counting(void **state)
{
	(void)state;
	assert_true(fail_each(count_people, NULL) > 12);
}

/* A search with boxes, tables, a rule and people of several rows. */
static enum err
search_levels(void *arg)
{
	enum { ROWS = 96 };
	uint32_t tuples[ROWS * 2], values[ROWS], people[ROWS];
	uint32_t labels[3][16];
	const uint32_t *const level[] = {labels[0], labels[1], labels[2]};
	const struct engine_column columns[2] = {
		{.levels = 3, .to = 2, .labels = level, .leaves = 16,
		    .weight = 1},
		{.levels = 3, .to = 2, .labels = level, .leaves = 16,
		    .weight = 1}};
	const struct engine_rule rule = {.model = ENGINE_DISTINCT_L, .l = 2,
	    .of_row = values, .values = 3};
	struct engine_input in = {.columns = columns, .columns_len = 2,
	    .tuples = tuples, .tuples_len = ROWS, .rows_len = ROWS, .k = 3,
	    .limit = 0.1, .rules = &rule, .rules_len = 1};
	CLEANUP(hierarchy_cleanup) struct hierarchy *h = NULL;
	CLEANUP(engine_cleanup) struct engine *e = NULL;
	struct engine_result r;
	uint32_t i;

	for (i = 0; i < 16; i++) {
		labels[0][i] = i;
		labels[1][i] = i / 4;
		labels[2][i] = 0;
	}
	for (i = 0; i < ROWS; i++) {
		tuples[2 * i] = i * 7 % 16;
		tuples[2 * i + 1] = i * i % 16;
		values[i] = i % 3;
		people[i] = i / 2;
	}
	if (arg != NULL) {
		in.rules_len = 0;
		in.respondents = people;
	}
	RETURN_IF(engine_new(&in, &e));
	RETURN_IF(engine_search(e, &r));
	assert_true(r.optimal);
	RETURN_IF(hierarchy_parse(bytes_str("a;x;*\nb;y;*\nc;y;*\n"), ';',
	    HIERARCHY_ARX, &h, NULL));
	return ERR_OK;
}

static void
searching(void **state)
{
	int several = 1;

	(void)state;
	assert_true(fail_each(search_levels, NULL) > 40);
	assert_true(fail_each(search_levels, &several) > 40);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reading),
		cmocka_unit_test(writing),
		cmocka_unit_test(deciding),
		cmocka_unit_test(comparing),
		cmocka_unit_test(ladders),
		cmocka_unit_test(counting),
		cmocka_unit_test(searching),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
