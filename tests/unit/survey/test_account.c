#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/clock.h"
#include "survey/account.h"

static int32_t
day(const char *text)
{
	int32_t d;

	assert_int_equal(clock_parse_day(bytes_str(text), &d), ERR_OK);
	return d;
}

static void
test_list_of_nineteen(void **state)
{
	size_t i, len, nineteen = 0;
	uint64_t people = 0;
	const struct account *list = account_list(&len);

	(void)state;
	for (i = 0; i < len; i++) {
		assert_non_null(prefecture_get(list[i].prefecture));
		assert_ptr_equal(account_of(list[i].prefecture), &list[i]);
		assert_true(list[i].start_earliest <= list[i].start_day);
		assert_true(i == 0 ||
		    list[i - 1].start_day <= list[i].start_day);
		if (!(list[i].flags & ACCOUNT_IN_LIST_OF_19))
			continue;
		nineteen++;
		assert_true(list[i].start_day <= day("2020-03-30"));
		people += prefecture_get(list[i].prefecture)->population;
	}
	assert_int_equal(nineteen, 19);
	/* 53.8 percent of the population, by the same source. */
	assert_int_equal(people * 1000 / 126146099, 538);
}

static void
test_days(void **state)
{
	(void)state;
	assert_int_equal(account_of(14)->start_day, day("2020-03-05"));
	assert_int_equal(account_of(13)->start_day, day("2020-03-27"));
	assert_int_equal(account_of(9)->start_day, day("2020-08-20"));
	assert_int_equal(account_of(5)->start_earliest, day("2020-03-25"));
	assert_null(account_of(27));
	assert_null(account_of(0));
}

static void
test_discrepancy_is_kept(void **state)
{
	const struct account *a = account_of(18);

	(void)state;
	assert_true(a->flags & ACCOUNT_SOURCE_DISCREPANCY);
	assert_non_null(strstr(a->display_name, "大阪府"));
	assert_non_null(a->note);
}

static void
test_owner_at(void **state)
{
	(void)state;
	assert_int_equal(account_owner_at(14, day("2020-03-04")), 0);
	assert_int_equal(account_owner_at(14, day("2020-03-05")), 14);
	/* Chiba never had one in 2020: Kanagawa's records. */
	assert_int_equal(account_owner_at(12, day("2020-03-04")), 0);
	assert_int_equal(account_owner_at(12, day("2020-12-31")), 14);
	assert_int_equal(account_owner_at(3, day("2020-04-29")), 14);
	assert_int_equal(account_owner_at(3, day("2020-04-30")), 3);
	assert_int_equal(account_owner_at(27, day("2020-03-30")), 14);
	assert_int_equal(account_owner_at(18, day("2020-03-30")), 18);
	assert_int_equal(account_owner_at(0, day("2020-03-30")), 0);
	assert_int_equal(account_owner_at(48, day("2020-03-30")), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_list_of_nineteen),
		cmocka_unit_test(test_days),
		cmocka_unit_test(test_discrepancy_is_kept),
		cmocka_unit_test(test_owner_at),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
