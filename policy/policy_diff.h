/* policy/policy_diff.h - what a new policy would change, before it is signed.
 */
#ifndef AZUKARI_POLICY_POLICY_DIFF_H
#define AZUKARI_POLICY_POLICY_DIFF_H

#include "policy/decision.h"

enum policy_diff_way {
	POLICY_DIFF_OTHER,      /* neither more nor less */
	POLICY_DIFF_WIDER,      /* more may leave, or longer, or to more */
	POLICY_DIFF_NARROWER,
};

struct policy_diff_line {
	enum policy_diff_way way;
	char *place;            /* "release.corona/1.Q08" */
	char *before, *after;   /* "-" where there was or is nothing */
};

/* A live request under both policies. */
struct policy_diff_request {
	const char *request;            /* borrowed from the case */
	enum decision_verdict before, after;
	struct reasons reasons;         /* under the new policy */
};

struct policy_diff {
	struct policy_diff_line *lines;
	size_t lines_len;
	struct policy_diff_request *requests;
	size_t requests_len;
};

/* Compares rule by rule.  ${cases} are the live requests as they would be
 * decided now; their policy is replaced by ${next} (with ${next_sha256}, taken
 * as signed) for the second decision.  ERR_NOMEM. */
struct policy_diff_live {
	const struct decision_case *cases;
	size_t len;
};
enum err policy_diff_make(const struct policy *old, const struct policy *next,
    const uint8_t next_sha256[32], struct policy_diff_live live,
    struct policy_diff *ret) MUST_USE;
void policy_diff_release(struct policy_diff *d);        /* CLEANUP-able */

#endif
