#include "tests/unit/unit.h"

#include "core/clock.h"

static void
utc_texts_and_seconds(void **state)
{
	static const struct {
		const char *text;
		int64_t unix_s;
	} cases[] = {
		{"1970-01-01T00:00:00Z", 0},
		{"2000-02-29T23:59:59Z", 951868799},
		{"2020-04-01T00:00:00Z", 1585699200},
		{"2026-11-22T08:00:00Z", 1795334400},
		{"2100-03-01T00:00:00Z", 4107542400},
		{"2999-12-31T23:59:59Z", 32503679999},
	};
	char text[CLOCK_UTC_LEN + 1];
	int64_t got;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		assert_ok(clock_parse_utc(bytes_str(cases[i].text), &got));
		assert_true(got == cases[i].unix_s);
		clock_format_utc(got, text);
		assert_string_equal(text, cases[i].text);
	}
	clock_format_utc(-1, text);
	assert_string_equal(text, "1969-12-31T23:59:59Z");
}

static void
offsets_and_fractions(void **state)
{
	static const struct {
		const char *text;
		int64_t unix_s;
	} cases[] = {
		{"2020-03-27T12:34:56+09:00", 1585280096},
		{"2020-03-27T03:34:56Z", 1585280096},
		{"2020-03-27T03:34:56.999Z", 1585280096},
		{"2020-03-26T22:04:56.5-05:30", 1585280096},
		{"1970-01-01T09:00:00+09:00", 0},
	};
	int64_t got;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		assert_ok(clock_parse_rfc3339(bytes_str(cases[i].text), &got));
		assert_true(got == cases[i].unix_s);
	}
}

static void
bad_times_by_cause(void **state)
{
	static const struct {
		const char *text;
		enum err want;
	} cases[] = {
		{"", ERR_SYNTAX},
		{"2020-03-27", ERR_SYNTAX},
		{"2020-03-27 03:34:56Z", ERR_SYNTAX},
		{"2020-03-27t03:34:56Z", ERR_SYNTAX},
		{"2020-03-27T03:34:56z", ERR_SYNTAX},
		{"2020-03-27T03:34:56", ERR_SYNTAX},
		{"2020-03-27T03:34Z", ERR_SYNTAX},
		{"2020-03-27T03:34:56.Z", ERR_SYNTAX},
		{"2020-03-27T03:34:56.0123456789Z", ERR_SYNTAX},
		{"2020-03-27T03:34:56+0900", ERR_SYNTAX},
		{"2020-03-27T03:34:56+09:00 ", ERR_SYNTAX},
		{" 2020-03-27T03:34:56Z", ERR_SYNTAX},
		{"+020-03-27T03:34:56Z", ERR_SYNTAX},
		{"2020-3-27T03:34:56Z", ERR_SYNTAX},
		{"2020-02-30T03:34:56Z", ERR_RANGE},
		{"2021-02-29T03:34:56Z", ERR_RANGE},
		{"2100-02-29T03:34:56Z", ERR_RANGE},
		{"2020-13-01T03:34:56Z", ERR_RANGE},
		{"2020-00-01T03:34:56Z", ERR_RANGE},
		{"2020-01-00T03:34:56Z", ERR_RANGE},
		{"2020-01-01T24:00:00Z", ERR_RANGE},
		{"2020-01-01T23:60:00Z", ERR_RANGE},
		{"2016-12-31T23:59:60Z", ERR_RANGE},
		{"1969-12-31T23:59:59Z", ERR_RANGE},
		{"3000-01-01T00:00:00Z", ERR_RANGE},
		{"1970-01-01T00:00:00+09:00", ERR_RANGE},
		{"2999-12-31T23:59:59-01:00", ERR_RANGE},
		{"2020-01-01T00:00:00+24:00", ERR_RANGE},
	};
	int64_t got = 42;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++)
		assert_err(clock_parse_rfc3339(bytes_str(cases[i].text), &got),
		    cases[i].want);
	assert_err(clock_parse_utc(bytes_str("2020-03-27T12:34:56+09:00"),
	    &got), ERR_SYNTAX);
	assert_err(clock_parse_utc(bytes_str("2020-03-27T12:34:56.0Z"), &got),
	    ERR_SYNTAX);
	assert_true(got == 42);
}

static void
days_are_japanese(void **state)
{
	int64_t t;
	int32_t day, other;
	char text[CLOCK_DAY_LEN + 1];

	(void)state;
	assert_ok(clock_parse_day(bytes_str("2020-03-27"), &day));
	assert_ok(clock_parse_utc(bytes_str("2020-03-26T15:00:00Z"), &t));
	assert_int_equal(clock_jst_day(t), day);
	assert_int_equal(clock_jst_day(t - 1), day - 1);
	assert_int_equal(clock_jst_day(t + 86399), day);
	assert_true(clock_jst_day_start_unix_s(day) == t);
	clock_format_day(day, text);
	assert_string_equal(text, "2020-03-27");
	assert_err(clock_parse_day(bytes_str("2020-03-27Z"), &other),
	    ERR_SYNTAX);
	assert_err(clock_parse_day(bytes_str("2020-02-30"), &other),
	    ERR_RANGE);
	assert_err(clock_parse_day(bytes_str("1969-12-31"), &other),
	    ERR_RANGE);
	assert_ok(clock_parse_date(bytes_str("1600-01-01"), &other));
	assert_int_equal(other, -135140);
	assert_err(clock_parse_date(bytes_str("1900-02-29"), &other),
	    ERR_RANGE);
	assert_err(clock_parse_date(bytes_str("0999-12-31"), &other),
	    ERR_RANGE);
	assert_int_equal(clock_jst_day(-9 * 3600 - 1), -1);
	assert_int_equal(clock_jst_day(0), 0);
}

/* Every day of ten centuries, counted the slow way beside it. */
static void
every_day_there_and_back(void **state)
{
	static const int len[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30,
	    31};
	int y = 1970, m = 1, d = 1, w = 4, gy, gm, gd, gw;
	char text[CLOCK_DAY_LEN + 1];
	int32_t day, back;

	(void)state;
	for (day = 0; y < 3000; day++) {
		int leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;

		clock_day_parts(day, &gy, &gm, &gd, &gw);
		if (gy != y || gm != m || gd != d || gw != w)
			fail_msg("day %d is %d-%d-%d/%d", day, gy, gm, gd, gw);
		clock_format_day(day, text);
		assert_ok(clock_parse_day(bytes_str(text), &back));
		assert_int_equal(back, day);
		w = w % 7 + 1;
		if (++d > len[m - 1] + (m == 2 && leap)) {
			d = 1;
			if (++m > 12) {
				m = 1;
				y++;
			}
		}
	}
}

static void
days_before_the_epoch(void **state)
{
	int y, m, d, w;

	(void)state;
	clock_day_parts(-1, &y, &m, &d, &w);
	assert_int_equal(y, 1969);
	assert_int_equal(m, 12);
	assert_int_equal(d, 31);
	assert_int_equal(w, 3);
	clock_day_parts(-719528, &y, &m, &d, &w);
	assert_int_equal(y, 0);
	assert_int_equal(m * 100 + d, 101);
}

static void
now_moves_forward(void **state)
{
	int64_t a = clock_monotonic_ms();

	(void)state;
	assert_true(clock_now_unix_s() > 1585699200);
	assert_true(clock_monotonic_ms() >= a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(utc_texts_and_seconds),
		cmocka_unit_test(offsets_and_fractions),
		cmocka_unit_test(bad_times_by_cause),
		cmocka_unit_test(days_are_japanese),
		cmocka_unit_test(every_day_there_and_back),
		cmocka_unit_test(days_before_the_epoch),
		cmocka_unit_test(now_moves_forward),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
