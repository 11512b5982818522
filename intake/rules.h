/* intake/rules.h - what a line is held against.
 *
 * Made by app/ from what the owner has registered; intake knows neither vault
 * nor policy.  All pointers are borrowed and outlive the readers.
 */
#ifndef AZUKARI_INTAKE_RULES_H
#define AZUKARI_INTAKE_RULES_H

#include <stdint.h>

#include "survey/survey.h"

#define INTAKE_AHEAD_MAX_S 600      /* a time may be this far after now */
#define INTAKE_SURVEYS_MAX 1024

struct intake_rules {
	const struct survey *const *surveys;   /* registered, any order */
	size_t surveys_len;
	const uint8_t (*texts)[32];            /* digests of known consent texts */
	size_t texts_len;
	int64_t now_unix_s;
	const char *source;                    /* source id of all these lines */
};

/* Index of the survey NAME/VERSION; ERR_NOT_FOUND. */
enum err intake_rules_survey(const struct intake_rules *r, struct bytes name,
    int64_t version, size_t *ret) MUST_USE;

/* 1 when the digest is of a known text. */
int intake_rules_knows_text(const struct intake_rules *r,
    const uint8_t sha256[32]);

/* ERR_RANGE unless 1970 .. now + INTAKE_AHEAD_MAX_S. */
enum err intake_rules_check_time(const struct intake_rules *r,
    int64_t time_unix_s) MUST_USE;

/* "support" -> its bit; 0 when unknown. */
uint8_t intake_scope_bit(struct bytes name);

#endif
