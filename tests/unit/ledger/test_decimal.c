#include "tests/unit/unit.h"

#include "ledger/decimal.h"

static enum err
parse(const char *text, uint64_t max, uint64_t *ret)
{
	return decimal_parse(bytes_str(text), max, ret);
}

static void
numbers_have_one_spelling(void **state)
{
	static const char *const bad[] = {
		"", "00", "01", "+1", "-1", " 1", "1 ", "1a", "0x1", "1.0",
		"\xef\xbc\x91",
	};
	uint64_t v = 77;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++)
		assert_err(parse(bad[i], UINT64_MAX, &v), ERR_SYNTAX);
	assert_true(v == 77);
	assert_ok(parse("0", 0, &v));
	assert_true(v == 0);
	assert_ok(parse("1203", 1203, &v));
	assert_true(v == 1203);
}

static void
the_bound_holds_at_its_edge(void **state)
{
	uint64_t v;

	(void)state;
	assert_ok(parse("18446744073709551615", UINT64_MAX, &v));
	assert_true(v == UINT64_MAX);
	assert_err(parse("18446744073709551616", UINT64_MAX, &v), ERR_RANGE);
	assert_err(parse("99999999999999999999999", UINT64_MAX, &v),
	    ERR_RANGE);
	assert_err(parse("1204", 1203, &v), ERR_RANGE);
	assert_err(parse("1", 0, &v), ERR_RANGE);
}

static void
a_word_may_stand_before(void **state)
{
	uint64_t v;

	(void)state;
	assert_ok(decimal_parse_after(bytes_str("index 12"), "index", 12, &v));
	assert_true(v == 12);
	assert_err(decimal_parse_after(bytes_str("index  1"), "index", 9, &v),
	    ERR_SYNTAX);
	assert_err(decimal_parse_after(bytes_str("index"), "index", 9, &v),
	    ERR_SYNTAX);
	assert_err(decimal_parse_after(bytes_str("indez 1"), "index", 9, &v),
	    ERR_SYNTAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_have_one_spelling),
		cmocka_unit_test(the_bound_holds_at_its_edge),
		cmocka_unit_test(a_word_may_stand_before),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
