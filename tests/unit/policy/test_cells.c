#include "tests/unit/unit.h"

#include "policy/disclosure/cells.h"

static enum cells_verdict
sum_of(const struct cells_rules *r, const uint64_t *x, size_t n)
{
	enum cells_verdict v;

	assert_ok(cells_sum(r, x, n, &v));
	return v;
}

static void
counts_have_a_minimum(void **state)
{
	struct cells_rules r = {.minimum = 10};

	(void)state;
	assert_int_equal(cells_count(&r, 0), CELLS_SHOWN);
	assert_int_equal(cells_count(&r, 1), CELLS_FEW);
	assert_int_equal(cells_count(&r, 9), CELLS_FEW);
	assert_int_equal(cells_count(&r, 10), CELLS_SHOWN);
	r.zero_is_disclosive = 1;
	assert_int_equal(cells_count(&r, 0), CELLS_ZERO);
}

/* Shares exactly on the edge are allowed. */
static void
two_may_not_dominate(void **state)
{
	const struct cells_rules r = {.dominant = 2, .dominant_ppm = 900000};
	const uint64_t edge[] = {5, 1, 60, 30, 4}, over[] = {5, 1, 61, 30, 3};

	(void)state;
	assert_int_equal(sum_of(&r, edge, 5), CELLS_SHOWN);
	assert_int_equal(sum_of(&r, over, 5), CELLS_DOMINATED);
	assert_int_equal(sum_of(&r, over, 1), CELLS_DOMINATED);
	assert_int_equal(sum_of(&r, over, 0), CELLS_SHOWN);
}

static void
the_second_cannot_tell_the_first(void **state)
{
	const struct cells_rules r = {.ratio_ppm = 100000};
	const uint64_t edge[] = {100, 80, 6, 4}, over[] = {80, 100, 5, 4};

	(void)state;
	assert_int_equal(sum_of(&r, edge, 4), CELLS_SHOWN);
	assert_int_equal(sum_of(&r, over, 4), CELLS_RATIO);
}

static void
rules_come_in_order_and_in_bounds(void **state)
{
	struct cells_rules r = cells_acro();
	const uint64_t zeros[12] = {0}, huge[] = {UINT64_C(1) << 40};
	uint64_t even[12];
	enum cells_verdict v;
	size_t i;

	(void)state;
	for (i = 0; i < 12; i++)
		even[i] = (UINT64_C(1) << 40) - 1;
	assert_int_equal(sum_of(&r, even, 9), CELLS_FEW);
	assert_int_equal(sum_of(&r, even, 12), CELLS_SHOWN);
	assert_int_equal(sum_of(&r, zeros, 12), CELLS_SHOWN);
	assert_int_equal(cells_sum(&r, huge, 1, &v), ERR_RANGE);
	r.dominant = 65;
	assert_int_equal(cells_sum(&r, even, 1, &v), ERR_RANGE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_have_a_minimum),
		cmocka_unit_test(two_may_not_dominate),
		cmocka_unit_test(the_second_cannot_tell_the_first),
		cmocka_unit_test(rules_come_in_order_and_in_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
