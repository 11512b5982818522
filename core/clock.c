/* core/clock.c - UTC seconds, RFC 3339 texts, JST days. */
#include "core/clock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define DAY_S 86400
#define JST_OFFSET_S (9 * 3600)
#define YEAR_MIN 1970
#define YEAR_MAX 2999
#define YEAR_MIN_DATE 1000
#define DAYS_PER_400_YEARS 146097
#define EPOCH_DAY_FROM_MARCH_0000 719468

int64_t
clock_now_unix_s(void)
{
	struct timespec ts;

	MUST_HOLD(clock_gettime(CLOCK_REALTIME, &ts) == 0);
	return ts.tv_sec;
}

int64_t
clock_monotonic_ms(void)
{
	struct timespec ts;

	MUST_HOLD(clock_gettime(CLOCK_MONOTONIC, &ts) == 0);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int64_t
floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

/* Both ways count in years that begin in March, so that the leap day is the
 * last of its year and month lengths follow (153 m + 2) / 5. */
static int32_t
day_number(int year, int month, int mday)
{
	int y = month <= 2 ? year - 1 : year;
	int m = month <= 2 ? month + 9 : month - 3;

	return y * 365 + y / 4 - y / 100 + y / 400 +
	    (153 * m + 2) / 5 + mday - 1 - EPOCH_DAY_FROM_MARCH_0000;
}

void
clock_day_parts(int32_t day, int *ret_year, int *ret_month, int *ret_mday,
    int *ret_weekday)
{
	int64_t d = (int64_t)day + EPOCH_DAY_FROM_MARCH_0000;
	int64_t era = floor_div(d, DAYS_PER_400_YEARS);
	int in_era = (int)(d - era * DAYS_PER_400_YEARS);
	int y = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096)
	    / 365;
	int in_year = in_era - (365 * y + y / 4 - y / 100);
	int m = (5 * in_year + 2) / 153;

	*ret_mday = in_year - (153 * m + 2) / 5 + 1;
	*ret_month = m < 10 ? m + 3 : m - 9;
	*ret_year = (int)era * 400 + y + (*ret_month <= 2);
	/* Day 0 was a Thursday. */
	*ret_weekday = (int)(((int64_t)day + 3) -
	    floor_div((int64_t)day + 3, 7) * 7) + 1;
}

/* Takes exactly ${count} digits. */
static int
take_digits(struct bytes *c, size_t count, int *ret)
{
	size_t i;
	int v = 0;

	if (c->len < count)
		return 0;
	for (i = 0; i < count; i++) {
		if (c->data[i] < '0' || c->data[i] > '9')
			return 0;
		v = v * 10 + (c->data[i] - '0');
	}
	c->data += count;
	c->len -= count;
	*ret = v;
	return 1;
}

static int
take_char(struct bytes *c, char want)
{
	if (c->len == 0 || c->data[0] != (uint8_t)want)
		return 0;
	c->data++;
	c->len--;
	return 1;
}

static int
month_len(int year, int month)
{
	static const int len[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30,
	    31};
	int leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return len[month - 1] + (month == 2 && leap);
}

static enum err
take_day(struct bytes *c, int year_min, int32_t *ret)
{
	int y, m, d;

	if (!take_digits(c, 4, &y) || !take_char(c, '-') ||
	    !take_digits(c, 2, &m) || !take_char(c, '-') ||
	    !take_digits(c, 2, &d))
		return ERR_SYNTAX;
	if (y < year_min || y > YEAR_MAX || m < 1 || m > 12 ||
	    d < 1 || d > month_len(y, m))
		return ERR_RANGE;
	*ret = day_number(y, m, d);
	return ERR_OK;
}

static enum err
take_time(struct bytes *c, int *ret_s)
{
	int h, m, s;

	if (!take_digits(c, 2, &h) || !take_char(c, ':') ||
	    !take_digits(c, 2, &m) || !take_char(c, ':') ||
	    !take_digits(c, 2, &s))
		return ERR_SYNTAX;
	if (h > 23 || m > 59 || s > 59)
		return ERR_RANGE;
	*ret_s = h * 3600 + m * 60 + s;
	return ERR_OK;
}

/* A fraction, if there is one: a point and one to nine digits, dropped. */
static enum err
skip_fraction(struct bytes *c)
{
	size_t digits = 0;
	int v;

	if (!take_char(c, '.'))
		return ERR_OK;
	while (take_digits(c, 1, &v))
		digits++;
	return digits >= 1 && digits <= 9 ? ERR_OK : ERR_SYNTAX;
}

static enum err
take_offset(struct bytes *c, int *ret_s)
{
	int h, m, sign;

	*ret_s = 0;
	if (take_char(c, 'Z'))
		return ERR_OK;
	if (take_char(c, '+'))
		sign = 1;
	else if (take_char(c, '-'))
		sign = -1;
	else
		return ERR_SYNTAX;
	if (!take_digits(c, 2, &h) || !take_char(c, ':') ||
	    !take_digits(c, 2, &m))
		return ERR_SYNTAX;
	if (h > 23 || m > 59)
		return ERR_RANGE;
	*ret_s = sign * (h * 3600 + m * 60);
	return ERR_OK;
}

enum err
clock_parse_rfc3339(struct bytes text, int64_t *ret_unix_s)
{
	int32_t day;
	int time_s, offset_s;
	int64_t t;

	RETURN_IF(take_day(&text, YEAR_MIN, &day));
	if (!take_char(&text, 'T'))
		return ERR_SYNTAX;
	RETURN_IF(take_time(&text, &time_s));
	RETURN_IF(skip_fraction(&text));
	RETURN_IF(take_offset(&text, &offset_s));
	if (text.len != 0)
		return ERR_SYNTAX;
	t = (int64_t)day * DAY_S + time_s - offset_s;
	if (t < 0 || t >= (int64_t)day_number(YEAR_MAX + 1, 1, 1) * DAY_S)
		return ERR_RANGE;
	*ret_unix_s = t;
	return ERR_OK;
}

enum err
clock_parse_utc(struct bytes text, int64_t *ret_unix_s)
{
	if (text.len != CLOCK_UTC_LEN || text.data[CLOCK_UTC_LEN - 1] != 'Z')
		return ERR_SYNTAX;
	return clock_parse_rfc3339(text, ret_unix_s);
}

void
clock_format_utc(int64_t unix_s, char ret[CLOCK_UTC_LEN + 1])
{
	char day[CLOCK_DAY_LEN + 1];
	int64_t d = floor_div(unix_s, DAY_S);
	unsigned s = (unsigned)(unix_s - d * DAY_S);

	MUST_HOLD(d >= INT32_MIN && d <= INT32_MAX);
	clock_format_day((int32_t)d, day);
	(void)snprintf(ret, CLOCK_UTC_LEN + 1, "%sT%02u:%02u:%02uZ", day,
	    s / 3600 % 24, s / 60 % 60, s % 60);
}

int32_t
clock_jst_day(int64_t unix_s)
{
	int64_t d = floor_div(unix_s + JST_OFFSET_S, DAY_S);

	MUST_HOLD(d >= INT32_MIN && d <= INT32_MAX);
	return (int32_t)d;
}

int64_t
clock_jst_day_start_unix_s(int32_t day)
{
	return (int64_t)day * DAY_S - JST_OFFSET_S;
}

static enum err
parse_day(struct bytes text, int year_min, int32_t *ret_day)
{
	int32_t day;

	RETURN_IF(take_day(&text, year_min, &day));
	if (text.len != 0)
		return ERR_SYNTAX;
	*ret_day = day;
	return ERR_OK;
}

enum err
clock_parse_day(struct bytes text, int32_t *ret_day)
{
	return parse_day(text, YEAR_MIN, ret_day);
}

enum err
clock_parse_date(struct bytes text, int32_t *ret_day)
{
	return parse_day(text, YEAR_MIN_DATE, ret_day);
}

void
clock_format_day(int32_t day, char ret[CLOCK_DAY_LEN + 1])
{
	int y, m, d, weekday;

	clock_day_parts(day, &y, &m, &d, &weekday);
	MUST_HOLD(y >= 0 && y <= 9999);
	(void)snprintf(ret, CLOCK_DAY_LEN + 1, "%04u-%02u-%02u",
	    (unsigned)y % 10000, (unsigned)m % 100, (unsigned)d % 100);
}
