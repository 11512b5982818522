/* The report of an export: estimators against an independent computation
 * (plain sums and bisection, in Python), and documents that keep a hidden
 * count hidden. */
#include "tests/unit/unit.h"

#include <math.h>

#include "core/json_doc.h"
#include "policy/disclosure/report.h"

static const struct uniqueness_class small[] = {{1, 40}, {2, 12}, {3, 6},
    {5, 3}, {9, 1}};
static const struct uniqueness_class alone[] = {{1, 7}};
static const struct uniqueness_class safe[] = {{5, 10}, {6, 2}};

static void
near(double have, double want)
{
	if (!(fabs(have - want) <= 1e-6 * fabs(want)))
		fail_msg("%.9g is not %.9g", have, want);
}

static void
test_models(void **state)
{
	struct uniqueness_sample s = {small, ARRAY_LEN(small), 10000};

	(void)state;
	near(uniqueness_pitman(&s), 100.31997383493827);
	near(uniqueness_zayatz(&s), 1451.0649503842853);
	s.population = 300;
	near(uniqueness_zayatz(&s), 68.57578528406175);
	near(uniqueness_snb(&s), 56.49446131773035);
	s.population = 212;
	near(uniqueness_snb(&s), 50.811606975466376);
}

static void
test_rule(void **state)
{
	struct uniqueness_sample s = {small, ARRAY_LEN(small), 1060};
	struct uniqueness u;

	(void)state;
	uniqueness_estimate(&s, &u);        /* exactly a tenth */
	assert_int_equal(u.model, UNIQUENESS_PITMAN);
	s.population = 300;
	uniqueness_estimate(&s, &u);
	assert_int_equal(u.model, UNIQUENESS_SNB);
	near(u.people, 56.49446131773035);
	assert_string_equal(uniqueness_name(u.model), "SNB");
}

static void
test_edges(void **state)
{
	struct uniqueness_sample s = {safe, ARRAY_LEN(safe), 100000};
	struct uniqueness u;

	(void)state;
	uniqueness_estimate(&s, &u);
	assert_int_equal(u.model, UNIQUENESS_NONE);
	assert_true(u.people == 0);
	/* all of the population: who is alone is alone */
	s = (struct uniqueness_sample){alone, 1, 0};
	uniqueness_estimate(&s, &u);
	near(u.people, 7);
	/* Pitman has no solution where everyone is alone */
	s.population = 1000000;
	uniqueness_estimate(&s, &u);
	assert_int_equal(u.model, UNIQUENESS_ZAYATZ);
	near(u.people, 1000000);
}

/* ---- the documents ---- */

struct scene {
	struct mask_count counts[REPORT_COUNTS];
	struct report_column columns[2];
	struct report report;
	struct buf text, json, svg;
};

static void
scene_release(struct scene *s)
{
	buf_release(&s->text);
	buf_release(&s->json);
	buf_release(&s->svg);
}

static void
scene_make(struct scene *s)
{
	static const uint64_t values[REPORT_COUNTS] = {1000, 900, 60, 15, 25,
	    700, 680, 20, 90, 610, 30, 670};
	size_t i;

	*s = (struct scene){.columns = {
	    {"Q08", "quasi-identifying", "age", 2, 1, 4, 81, 9, 0.25, 122, 0.125,
	        1},
	    {"Q03", "sensitive", "", 0, 0, 0, 0, 0, 0, 0, 0, 0}},
	    .report = {.export_id = "EXP-2026-0001", .k = 5,
	    .k_achieved = 6,
	    .suppression_limit = 500, .minimum_cell = 10,
	    .after = {.groups = 50, .smallest = 6, .largest = 80,
	        .memberships = 700},
	    .before = {.unique = {UNIQUENESS_PITMAN, 4000}},
	    .population = 100000, .population_source = "census",
	    .dates = "", .dates_ja = "", .loss = 0.25, .loss_of_domain = 0.125,
	    .columns_len = 2}};
	s->report.counts = s->counts;
	s->report.columns = s->columns;
	for (i = 0; i < REPORT_COUNTS; i++)
		s->counts[i].value = values[i];
}

static void
scene_write(struct scene *s)
{
	buf_clear(&s->text);
	buf_clear(&s->json);
	buf_clear(&s->svg);
	assert_ok(report_text(&s->report, &s->text));
	assert_ok(report_json(&s->report, &s->json));
	assert_ok(report_svg(&s->report, &s->svg));
}

static int
says(const struct buf *b, const char *what)
{
	return strstr(buf_text(b), what) != NULL;
}

static void
test_documents(void **state)
{
	CLEANUP(scene_release) struct scene s;
	struct json_doc *doc = NULL;

	(void)state;
	scene_make(&s);
	scene_write(&s);
	assert_ok(json_doc_parse(bytes_buf(&s.json), 100000, &doc, NULL));
	json_doc_free(doc);
	assert_true(says(&s.json, "\"prosecutor_highest\":0.166667,"
	    "\"prosecutor_average\":0.0714286,"));
	assert_true(says(&s.json, "\"marketer\":0.0714286"));
	/* ARX's reading: 51 groups over 720; its smallest is still 6 */
	assert_true(says(&s.json, "\"risk_with_suppressed_as_star\":{"
	    "\"highest\":0.166667,\"average\":0.0708333}"));
	assert_true(says(&s.json, "\"population_as_answered\":0.04,"));
	assert_true(says(&s.json, "\"sampling_fraction\":0.007,"));
	assert_true(says(&s.json, "\"suppressed_share\":0.0285714"));
	assert_true(says(&s.text, "achieved 6   groups: 50"));
	assert_true(says(&s.text, "Q08          quasi-identifying  "
	    "ladder:age 2 (of 1..4)  81 -> 9  0.2500 (0.1250, 122)\n"));
	assert_true(says(&s.text, "over the domains of the ladders: 0.125"));
	assert_true(says(&s.json, "\"loss\":0.25,\"loss_of_domains\":0.125,"));
	assert_true(says(&s.json, "\"proved\":true,\"gap\":0,"));
	assert_true(says(&s.text, "levels: proved, no others of the plan"));
	s.report.gap = 0.0625;
	scene_write(&s);
	assert_true(says(&s.json, "\"proved\":false,\"gap\":0.0625,"));
	assert_true(says(&s.text, "levels: not proved, others of the plan may "
	    "lose up to 0.062500 less\n"));
	assert_true(says(&s.json, "\"domain\":122,\"loss_of_domain\":0.125}"));
	assert_true(says(&s.svg, "suppressed 25"));
	assert_false(says(&s.svg, "script"));
	assert_false(says(&s.svg, "href"));
}

/* What is hidden in the counts stands nowhere, and nothing made of it. */
static void
test_hidden(void **state)
{
	CLEANUP(scene_release) struct scene s;
	size_t i;

	(void)state;
	scene_make(&s);
	s.counts[REPORT_PEOPLE_SUPPRESSED] = (struct mask_count){7,
	    MASK_SMALL};
	s.counts[REPORT_PEOPLE_OUT] = (struct mask_count){693, MASK_HIDDEN};
	s.counts[REPORT_ROWS_SUPPRESSED] = (struct mask_count){9, MASK_SMALL};
	s.counts[REPORT_UNIQUE] = (struct mask_count){3, MASK_SMALL};
	scene_write(&s);
	for (i = 0; i < 3; i++) {
		const struct buf *b = i == 0 ? &s.text : i == 1 ? &s.json :
		    &s.svg;

		assert_false(says(b, "693"));
		assert_false(says(b, "0.0099")); /* 7 of 707 */
		assert_false(says(b, "0.0042857")); /* 3 of 700 */
		assert_false(says(b, "0.99 %"));
	}
	assert_true(says(&s.json, "\"respondents_exported\":null,"
	    "\"respondents_suppressed\":\"<10\""));
	assert_true(says(&s.json, "\"prosecutor_average\":null"));
	assert_true(says(&s.json, "\"population_as_answered\":null"));
	assert_true(says(&s.json, "{\"highest\":null,\"average\":null}"));
	assert_true(says(&s.svg, "suppressed &lt;10"));
}

static void
test_loss(void **state)
{
	struct report_column c[2] = {{.quasi = 1, .loss = 1,
	    .loss_of_domain = 0.5}, {.quasi = 1, .loss = 0,
	    .loss_of_domain = 0.5}};

	(void)state;
	near(report_loss(30, 10, 5), (30.0 / 5 - 2) / 8);
	assert_true(report_loss(10, 10, 5) == 0);
	near(report_loss(50, 10, 5), 1);
	assert_true(report_loss(10, 10, 1) == 0);
	near(report_loss_all(c, 2, 0), sqrt(2) - 1);
	near(report_loss_all(c, 2, 1), 0.5);
	c[1].quasi = 0;
	near(report_loss_all(c, 2, 0), 1);
	assert_true(report_loss_all(c, 0, 0) == 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_models),
		cmocka_unit_test(test_rule),
		cmocka_unit_test(test_edges),
		cmocka_unit_test(test_documents),
		cmocka_unit_test(test_hidden),
		cmocka_unit_test(test_loss),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
