/* core/clock.h - times: UTC seconds inside, RFC 3339 outside, days in JST.
 *
 * Nothing below app/ asks for "now": it is handed in.
 */
#ifndef AZUKARI_CORE_CLOCK_H
#define AZUKARI_CORE_CLOCK_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"

#define CLOCK_UTC_LEN 20        /* 2026-11-22T08:00:00Z */
#define CLOCK_DAY_LEN 10        /* 2026-11-22 */

int64_t clock_now_unix_s(void);
int64_t clock_monotonic_ms(void);

/* `YYYY-MM-DDTHH:MM:SS[.fff](Z|+HH:MM|-HH:MM)`; real dates only, years
 * 1970-2999, no leap second.  Fractions are cut.  ERR_SYNTAX, ERR_RANGE. */
enum err clock_parse_rfc3339(struct bytes text, int64_t *ret_unix_s) MUST_USE;
/* Signed texts: exactly `YYYY-MM-DDTHH:MM:SSZ`. */
enum err clock_parse_utc(struct bytes text, int64_t *ret_unix_s) MUST_USE;
/* Writes CLOCK_UTC_LEN characters and a NUL; years outside 0-9999 abort. */
void clock_format_utc(int64_t unix_s, char ret[CLOCK_UTC_LEN + 1]);

/* Days are numbered from 1970-01-01; the day of an instant is its JST day. */
int32_t clock_jst_day(int64_t unix_s);
int64_t clock_jst_day_start_unix_s(int32_t day);
enum err clock_parse_day(struct bytes text, int32_t *ret_day) MUST_USE;
/* The same from year 1000 on: a date that somebody answers, like one of
 * birth. */
enum err clock_parse_date(struct bytes text, int32_t *ret_day) MUST_USE;
void clock_format_day(int32_t day, char ret[CLOCK_DAY_LEN + 1]);
/* Proleptic Gregorian parts of a day number; ${weekday} 1 = Monday. */
void clock_day_parts(int32_t day, int *ret_year, int *ret_month, int *ret_mday,
    int *ret_weekday);

#endif
