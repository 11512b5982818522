#include "tests/unit/unit.h"

static void
every_cause_has_its_own_name(void **state)
{
	int i, j;

	(void)state;
	for (i = 0; i >= ERR_CANCELLED; i--) {
		assert_int_equal(strncmp(err_name((enum err)i), "ERR_", 4), 0);
		assert_string_not_equal(err_name((enum err)i), "ERR_?");
		for (j = 0; j > i; j--)
			assert_string_not_equal(err_name((enum err)i),
			    err_name((enum err)j));
	}
	assert_string_equal(err_name((enum err)(ERR_CANCELLED - 1)), "ERR_?");
	assert_string_equal(err_name((enum err)1), "ERR_?");
	assert_string_equal(err_name(ERR_SYNTAX), "ERR_SYNTAX");
}

static void
err_at_fills_line_and_message_and_keeps_the_file(void **state)
{
	struct err_info info = {.file = "policy.json", .line = 3};

	(void)state;
	assert_err(err_at(&info, ERR_RANGE, 7, "k is %d", 0), ERR_RANGE);
	assert_string_equal(info.file, "policy.json");
	assert_int_equal(info.line, 7);
	assert_string_equal(info.message, "k is 0");
	assert_err(err_at(NULL, ERR_LIMIT, 7, "nobody listens"), ERR_LIMIT);
}

static void
err_at_cuts_long_messages(void **state)
{
	struct err_info info = {0};

	(void)state;
	assert_err(err_at(&info, ERR_LIMIT, 0, "%01000d", 1), ERR_LIMIT);
	assert_int_equal(strlen(info.message), sizeof(info.message) - 1);
}

static void
break_invariant(void *arg)
{
	MUST_HOLD(arg != NULL);
}

static void
a_broken_invariant_aborts(void **state)
{
	int x;

	(void)state;
	assert_true(unit_aborts(break_invariant, NULL));
	assert_false(unit_aborts(break_invariant, &x));
}

static enum err
returns_early(enum err e, int *ret_reached)
{
	RETURN_IF(e);
	*ret_reached = 1;
	return ERR_OK;
}

static void
return_if_and_take(void **state)
{
	int reached = 0;
	int *p = &reached, *q;

	(void)state;
	assert_err(returns_early(ERR_IO, &reached), ERR_IO);
	assert_int_equal(reached, 0);
	assert_ok(returns_early(ERR_OK, &reached));
	assert_int_equal(reached, 1);
	q = TAKE(p);
	assert_null(p);
	assert_ptr_equal(q, &reached);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_cause_has_its_own_name),
		cmocka_unit_test(
		    err_at_fills_line_and_message_and_keeps_the_file),
		cmocka_unit_test(err_at_cuts_long_messages),
		cmocka_unit_test(a_broken_invariant_aborts),
		cmocka_unit_test(return_if_and_take),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
