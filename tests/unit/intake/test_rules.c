#include "tests/unit/intake/env.h"

static void
test_survey(void **state)
{
	struct env v;
	size_t at = 9;

	(void)state;
	env_init(&v);
	assert_ok(intake_rules_survey(&v.rules, bytes_str("t"), 1, &at));
	assert_int_equal(at, 0);
	assert_err(intake_rules_survey(&v.rules, bytes_str("t"), 2, &at),
	    ERR_NOT_FOUND);
	assert_err(intake_rules_survey(&v.rules, bytes_str("tt"), 1, &at),
	    ERR_NOT_FOUND);
	assert_err(intake_rules_survey(&v.rules, bytes_str("t"), -1, &at),
	    ERR_NOT_FOUND);
	env_release(&v);
}

static void
test_text(void **state)
{
	struct env v;
	uint8_t other[32];

	(void)state;
	env_init(&v);
	memcpy(other, v.text[0], 32);
	assert_true(intake_rules_knows_text(&v.rules, other));
	other[31] ^= 1;
	assert_false(intake_rules_knows_text(&v.rules, other));
	env_release(&v);
}

static void
test_time(void **state)
{
	struct env v;

	(void)state;
	env_init(&v);
	assert_ok(intake_rules_check_time(&v.rules, 0));
	assert_ok(intake_rules_check_time(&v.rules, ENV_NOW + 600));
	assert_err(intake_rules_check_time(&v.rules, ENV_NOW + 601),
	    ERR_RANGE);
	assert_err(intake_rules_check_time(&v.rules, -1), ERR_RANGE);
	env_release(&v);
}

static void
test_scopes(void **state)
{
	(void)state;
	assert_int_equal(intake_scope_bit(bytes_str("support")), 1);
	assert_int_equal(intake_scope_bit(bytes_str("research")), 2);
	assert_int_equal(intake_scope_bit(bytes_str("recontact")), 4);
	assert_int_equal(intake_scope_bit(bytes_str("all")), 128);
	assert_int_equal(intake_scope_bit(bytes_str("")), 0);
	assert_int_equal(intake_scope_bit(bytes_str("Support")), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_survey),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_scopes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
