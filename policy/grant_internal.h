/* policy/grant_internal.h - making a grant; for decision.c alone.
 *
 * Nothing here checks anything: decision_grant does, before it calls.
 */
#ifndef AZUKARI_POLICY_GRANT_INTERNAL_H
#define AZUKARI_POLICY_GRANT_INTERNAL_H

#include "policy/grant.h"
#include "policy/plan.h"

struct grant_text {
	uint8_t sha256[GRANT_SHA256_LEN];
	uint8_t scopes;
	uint32_t valid_days;
	int covers_earlier;
};

struct grant_parts {
	const struct plan *plan;
	const uint8_t *plan_sha256;
	const struct plan_epochs *epochs;
	const struct grant_text *texts;
	size_t texts_len;
	uint8_t scopes;
	uint64_t respondents_max;
	int64_t expires_unix_s;
};

/* Copies everything.  ERR_NOMEM. */
enum err grant_new(const struct grant_parts *parts, struct grant **ret)
    MUST_USE;

#endif
