/* intake/draft_internal.h - an event while its line is being read.
 *
 * Every reader sets members as it meets them, in any order; draft_finish
 * checks the whole and appends it to the batch.  A rule that is broken is
 * ERR_SYNTAX with reason and message in the draft; the only other failure is
 * ERR_NOMEM.  A message never holds anything of the line.
 */
#ifndef AZUKARI_INTAKE_DRAFT_INTERNAL_H
#define AZUKARI_INTAKE_DRAFT_INTERNAL_H

#include "intake/event.h"
#include "intake/rules.h"
#include "survey/answers.h"

enum draft_member {
	DRAFT_TYPE = 1, DRAFT_EVENT = 2, DRAFT_TIME = 4, DRAFT_RESPONDENT = 8,
	DRAFT_SURVEY = 16, DRAFT_VERSION = 32, DRAFT_ANSWERS = 64,
	DRAFT_SCOPES = 128, DRAFT_TEXT = 256, DRAFT_PERMANENT = 512,
};

struct draft {
	const struct intake_rules *rules;
	struct answers_builder *builders;  /* one per survey, made when needed */
	size_t builders_len;
	struct buf packed;                 /* scratch */

	unsigned seen;                     /* draft_member bits */
	enum intake_type type;
	struct bytes event, respondent;    /* borrowed from the line */
	struct bytes survey_name;
	int64_t version, time_unix_s;
	size_t survey;
	struct answers_builder *builder;   /* of that survey, cleared */
	uint8_t scopes, permanent;
	uint8_t text[32];

	enum intake_reason reason;
	char message[INTAKE_MESSAGE_MAX];
};

/* ${rules} is borrowed.  ERR_NOMEM, ERR_LIMIT. */
enum err draft_init(struct draft *d, const struct intake_rules *rules)
    MUST_USE;
void draft_release(struct draft *d);

/* Begin a new line. */
void draft_start(struct draft *d);

/* Reason and message; returns ERR_SYNTAX. */
enum err draft_refuse(struct draft *d, enum intake_reason reason,
    const char *fmt, ...) PRINTF_LIKE(3, 4) MUST_USE;

/* The bit of a member's name; 0 when there is no such member. */
unsigned draft_member_bit(struct bytes name);
/* Note that ${bit} was met: refused when for the second time. */
enum err draft_see(struct draft *d, unsigned bit) MUST_USE;

enum err draft_set_type(struct draft *d, struct bytes name) MUST_USE;
enum err draft_set_event(struct draft *d, struct bytes id) MUST_USE;
enum err draft_set_respondent(struct draft *d, struct bytes id) MUST_USE;
enum err draft_set_time_text(struct draft *d, struct bytes text) MUST_USE;
/* A day alone, YYYY-MM-DD: its noon in Japan, or now where that is to come. */
enum err draft_set_day(struct draft *d, struct bytes text) MUST_USE;
enum err draft_set_text(struct draft *d, struct bytes text) MUST_USE;
enum err draft_add_scope(struct draft *d, struct bytes name) MUST_USE;

/* Once survey name and version are there: finds it, makes its builder. */
enum err draft_find_survey(struct draft *d) MUST_USE;
/* Turns a failure of setting ${f}'s answer into a refusal; passes ERR_OK. */
enum err draft_answer(struct draft *d, const struct survey_field *f,
    enum err e) MUST_USE;

/* All members there and in keeping: the event, copied into ${batch}. */
enum err draft_finish(struct draft *d, unsigned long line,
    struct intake_batch *batch) MUST_USE;

#endif
