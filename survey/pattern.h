/* survey/pattern.h - the few regular expressions a survey may use.
 *
 * `^ITEM...$` where an ITEM is a character (ASCII letters, digits, space and
 * -_./:@#) or a class `[A-Z0-9_-]`, then nothing, `{n}`, `{n,m}`, `?`, `+` or
 * `*`.  An item of variable length must share no character with what can
 * follow it, so that matching is one pass.  Anything else is refused when the
 * survey is loaded, never guessed at.
 */
#ifndef AZUKARI_SURVEY_PATTERN_H
#define AZUKARI_SURVEY_PATTERN_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"

#define PATTERN_ITEMS_MAX 16
#define PATTERN_COUNT_MAX 255

struct pattern_item {
	uint64_t set[2];        /* ASCII characters, one bit each */
	uint16_t min, max;
};

struct pattern {
	size_t len;             /* 0: no pattern, everything matches */
	struct pattern_item items[PATTERN_ITEMS_MAX];
};

/* ERR_UNSUPPORTED with ${ret_why} (static; may be NULL). */
enum err pattern_parse(const char *text, struct pattern *ret,
    const char **ret_why) MUST_USE;

/* 1 when all of ${text} matches. */
int pattern_matches(const struct pattern *p, struct bytes text);

/* n when the pattern is exactly n digits, else 0. */
unsigned pattern_digits(const struct pattern *p);

#endif
