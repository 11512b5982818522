#include "tests/unit/unit.h"

#include "policy/prior.h"
#include "tests/unit/policy/texts.h"

#define HEX "0102030405060708091011121314151617181920212223242526272829303132"

static const char whole[] = "azukari-prior-releases v1\n"
    "owner: 14\nplan: PLAN-2020-0007\n"
    "release-01: EXP-2020-0003 cohort keio corona 1 "
    "2020-03-01..2020-05-31 " HEX "\n"
    "release-02: EXP-2020-0005 other todai corona 1 "
    "2020-03-01..2020-03-01 " HEX "\n"
    "level-01: Q08 " HEX " 2 as-is\nlevel-02: Q11 " HEX " 1 shifted\n";

static enum err
again(struct bytes bytes, struct buf *out, struct err_info *info)
{
	CLEANUP(prior_release) struct prior p = {0};

	RETURN_IF(prior_parse(bytes, &prior_schema, &p, info));
	return prior_write(&p, out, info);
}

static void
test_values(void **state)
{
	CLEANUP(prior_release) struct prior p = {0};

	(void)state;
	assert_ok(prior_parse(bytes_str(whole), &prior_schema, &p, NULL));
	assert_int_equal(p.len, 2);
	assert_string_equal(p.releases[1].partner, "todai");
	assert_int_equal(p.releases[1].from_day, p.releases[1].to_day);
	assert_int_equal(p.levels_len, 2);
	assert_int_equal(p.levels[0].level, 2);
	assert_int_equal(p.levels[1].date, POLICY_DATE_SHIFTED);
	texts_reads_back(whole, again);
	prior_release(&p);
	assert_err(prior_parse(bytes_str(whole), &prior_one_schema, &p, NULL),
	    ERR_SYNTAX);
}

/* What an earlier version released has no record; what is kept of one release
 * is never without. */
static void
test_without_record(void **state)
{
	static const char list[] = "azukari-prior-releases v1\n"
	    "owner: 14\nplan: PLAN-2020-0007\n"
	    "release-01: EXP-2020-0003 cohort keio corona 1 "
	    "2020-03-01..2020-05-31 -\n";
	static const char one[] = "azukari-release-record v1\n"
	    "owner: 14\n"
	    "release-01: EXP-2020-0003 cohort keio corona 1 "
	    "2020-03-01..2020-05-31 ";
	CLEANUP(buf_release) struct buf text = {0};
	CLEANUP(prior_release) struct prior p = {0};

	(void)state;
	assert_ok(prior_parse(bytes_str(list), &prior_schema, &p, NULL));
	assert_int_equal(p.releases[0].has_record, 0);
	texts_reads_back(list, again);
	prior_release(&p);
	assert_ok(buf_printf(&text, "%s%s\n", one, HEX));
	assert_ok(prior_parse(bytes_buf(&text), &prior_one_schema, &p, NULL));
	assert_int_equal(p.releases[0].has_record, 1);
	prior_release(&p);
	buf_clear(&text);
	assert_ok(buf_printf(&text, "%s-\n", one));
	assert_err(prior_parse(bytes_buf(&text), &prior_one_schema, &p, NULL),
	    ERR_SYNTAX);
}

static void
test_refusals(void **state)
{
	static const struct texts_case cases[] = {
		{"owner: 14", "owner: 48", ERR_SYNTAX, "owner"},
		{"EXP-2020-0005", "EXP-2020-0003", ERR_DUPLICATE,
		    "release-02"},
		{"EXP-2020-0005", "PLAN-2020-0005", ERR_SYNTAX, "release-02"},
		{" todai ", " TODAI ", ERR_SYNTAX, "release-02"},
		{"2020-03-01..2020-03-01", "2020-03-02..2020-03-01",
		    ERR_SYNTAX, "release-02"},
		{"2020-03-01..2020-03-01", "2020-03-01", ERR_SYNTAX,
		    "release-02"},
		{"level-02: Q11", "level-02: Q08", ERR_DUPLICATE, "level-02"},
		{" 2 as-is\n", " 33 as-is\n", ERR_SYNTAX, "level-01"},
		{" 2 as-is\n", " 2 2\n", ERR_SYNTAX, "level-01"},
		{" 2 as-is\n", " 2\n", ERR_SYNTAX, "level-01"},
	};

	(void)state;
	texts_offences(whole, again, cases, ARRAY_LEN(cases));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_without_record),
		cmocka_unit_test(test_refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
