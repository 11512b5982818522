/* policy/grant.h - the right to open an owner's rows, for one plan.
 *
 * There is no constructor here: a grant comes only out of a decision over a
 * plan with t verified approvals (policy/decision.h).  Whoever opens rows asks
 * the grant, record by record, and has no way past it.
 *
 * This header stands alone: it names no other type of policy/.
 */
#ifndef AZUKARI_POLICY_GRANT_H
#define AZUKARI_POLICY_GRANT_H

#include <stddef.h>
#include <stdint.h>

#include "core/err.h"

#define GRANT_SHA256_LEN 32
#define GRANT_EPOCH_LEN 16

struct grant;

void grant_free(struct grant *g);           /* NULL is fine */
void grant_cleanup(struct grant **g);       /* for CLEANUP() */

/* Borrowed; valid until grant_free. */
const char *grant_owner(const struct grant *g);
const char *grant_plan(const struct grant *g);
const char *grant_export(const struct grant *g);
/* The earlier export whose pseudonyms this plan re-identifies, "" where it
 * exports: only then does the reader yield user ids. */
const char *grant_reident(const struct grant *g);
const uint8_t *grant_plan_sha256(const struct grant *g);
const uint8_t *grant_policy_sha256(const struct grant *g);
const uint8_t *grant_survey_sha256(const struct grant *g);
const uint8_t *grant_project_epoch_sha256(const struct grant *g);

/* Epochs of the plan, in the order of epochs.txt. */
struct grant_epoch {
	uint8_t id[GRANT_EPOCH_LEN];
	uint8_t sha256[GRANT_SHA256_LEN];
	uint8_t root[GRANT_SHA256_LEN];
	uint64_t records;
	int32_t day;
};
size_t grant_epochs_len(const struct grant *g);
const struct grant_epoch *grant_epoch(const struct grant *g, size_t i);
/* The epoch of that id, or NULL: rows of other epochs are not covered. */
const struct grant_epoch *grant_find_epoch(const struct grant *g,
    const uint8_t id[GRANT_EPOCH_LEN]);

/* The period asked for: days of Japan, both included; it is about the
 * answer's own time. */
void grant_period(const struct grant *g, int32_t *ret_from, int32_t *ret_to);
int grant_in_period(const struct grant *g, int64_t answer_unix_s);

/* Respondents at most. */
uint64_t grant_respondents_max(const struct grant *g);

/* First second at which the plan is over. */
int64_t grant_expires_unix_s(const struct grant *g);

/* One consent of one respondent, and one answer it might cover.  Times in
 * seconds since 1970. */
struct grant_consent {
	int have;                  /* 0: none was in force; the rest is void */
	uint8_t text[GRANT_SHA256_LEN];
	uint8_t scopes;            /* bits of FORMATS 5.1 */
	int64_t given_unix_s;
	int64_t until_unix_s;      /* an end of its own; 0 for none */
	uint8_t withdrawn_scopes;  /* 0: nothing was withdrawn */
	int64_t withdrawn_unix_s;  /* the latest withdrawal of those scopes */
	int64_t answer_unix_s;     /* the answer's own time */
};

enum grant_verdict {
	GRANT_COVERS = 0,
	GRANT_COVERS_EARLIER,      /* a later consent whose text says so */
	GRANT_NO_CONSENT,
	GRANT_WITHDRAWN,
	GRANT_EXPIRED,             /* the consent's validity is over */
	GRANT_TEXT_UNKNOWN,        /* the text is not one the plan accepts */
	GRANT_SCOPE,               /* given, but not for this scope */
	GRANT_LATER,               /* later than the answer, text silent */
	GRANT_FROM_FUTURE,         /* given after now: some clock is wrong */
	GRANT_OVER,                /* the plan itself is over */
	GRANT_VERDICTS             /* their number, for counters */
};

/* Does this consent let this answer out now?  An answer goes out only under
 * GRANT_COVERS or GRANT_COVERS_EARLIER.  For an answer the caller asks with
 * the consent sealed beside it first; only where that one does not cover may
 * it ask again with a later one.  ${ret_text} (may be NULL) becomes the index
 * of the accepted text when it is known, else (size_t)-1. */
enum grant_verdict grant_covers(const struct grant *g,
    const struct grant_consent *consent, int64_t now_unix_s,
    size_t *ret_text);

static inline int
grant_verdict_is_yes(enum grant_verdict v)
{
	return v == GRANT_COVERS || v == GRANT_COVERS_EARLIER;
}

/* The scopes an answer's consent must hold (bits of FORMATS 5.1). */
uint8_t grant_scopes(const struct grant *g);

/* Accepted texts, in the order of the plan. */
size_t grant_texts_len(const struct grant *g);
const uint8_t *grant_text_sha256(const struct grant *g, size_t i);

#endif
