#include "tests/unit/intake/env.h"

#include "intake/counts.h"

static void
test_counts(void **state)
{
	static const char lines[] =
	    "{\"type\":\"withdrawal\",\"event\":\"1\",\"time\":"
	    "\"2020-03-01T00:00:00Z\",\"respondent\":\"u\",\"scopes\":"
	    "[\"all\"]}\n"
	    "{\"type\":\"consent\",\"event\":\"2\",\"time\":"
	    "\"2020-03-01T00:00:00Z\",\"respondent\":\"u\",\"scopes\":"
	    "[\"research\"],\"text\":\"" ENV_TEXT "\"}\n"
	    "{\"type\":\"response\",\"event\":\"3\",\"time\":"
	    "\"2020-03-01T00:00:00Z\",\"respondent\":\"u\",\"survey\":\"t\","
	    "\"version\":1,\"answers\":{}}\n"
	    "x\ny\n{\"type\":\"z\"}\n";
	CLEANUP(intake_batch_release) struct intake_batch b = {0};
	struct intake_counts c = {0};
	struct env v;

	(void)state;
	env_init(&v);
	env_parse(&v, bytes_str(lines), NDJSON_FAST, &b);
	intake_counts_add(&c, &b);
	assert_int_equal(c.lines, 6);
	assert_int_equal(c.responses, 1);
	assert_int_equal(c.consents, 1);
	assert_int_equal(c.withdrawals, 1);
	assert_int_equal(c.bad, 3);
	assert_int_equal(c.reasons[INTAKE_REASON_JSON], 2);
	assert_int_equal(c.reasons[INTAKE_REASON_TYPE], 1);
	intake_counts_add(&c, &b);
	assert_int_equal(c.lines, 12);
	assert_int_equal(c.reasons[INTAKE_REASON_JSON], 4);
	env_release(&v);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
