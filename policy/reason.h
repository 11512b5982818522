/* policy/reason.h - why something is refused, in the words of its reader.
 *
 * A decision is a list of every reason, not the first one.  Each has a stable
 * code, the rule it comes from (a place in the policy, the charter or the
 * request), a sentence in Japanese and in English, and what would change it.
 * Reasons never contain an answer, a user id or a key.
 */
#ifndef AZUKARI_POLICY_REASON_H
#define AZUKARI_POLICY_REASON_H

#include <stddef.h>

#include "core/err.h"

enum reason_weight {
	REASON_REFUSE,    /* this alone refuses */
	REASON_ASK,       /* a person must judge this */
	REASON_NOTE,      /* worth seeing; changes nothing */
};

enum reason_code {
	/* who asks, and with what */
	REASON_REQUEST_SIGNATURE = 1,
	REASON_REQUEST_EXPIRED,
	REASON_REQUEST_FROM_FUTURE,
	REASON_REQUEST_USED,
	REASON_OWNER_NOT_ASKED,
	REASON_PARTNER_UNKNOWN,
	REASON_PARTNER_INSTITUTION,
	REASON_PARTNER_INVESTIGATOR,
	REASON_PARTNER_RECIPIENT,
	REASON_PARTNER_SIGNER,
	REASON_PARTNER_HOLDS_SEAT,
	REASON_PARTNER_IS_OPERATOR,
	/* policy and charter themselves */
	REASON_POLICY_UNSIGNED,
	REASON_POLICY_NOT_YET,
	REASON_POLICY_OVER,
	REASON_POLICY_CHARTER,
	REASON_CHARTER_UNSIGNED,
	/* what for */
	REASON_PURPOSE_DENIED,
	REASON_PURPOSE_ASK,
	REASON_DISEASE_DENIED,
	REASON_CONDITION_DENIED,
	REASON_CONDITION_ASK,
	REASON_LEGAL_BASIS,
	REASON_ETHICS_MISSING,
	REASON_ETHICS_EXPIRED,
	REASON_NO_CONSENT_TEXT,
	REASON_CONSENT_TEXT_ASK,
	REASON_CONSENT_TEXT_NOT,
	/* what */
	REASON_SURVEY_UNKNOWN,
	REASON_SURVEY_DIGEST,
	REASON_FIELD_UNKNOWN,
	REASON_FIELD_UNCLASSIFIED,
	REASON_FIELD_IDENTIFYING,
	REASON_FIELD_NEVER,
	REASON_FIELD_NOT_LISTED,
	REASON_LADDER_MISSING,
	REASON_SCHEME_FROZEN,
	REASON_PROFILE,
	REASON_PERIOD_FUTURE,
	REASON_RETENTION_TOO_LONG,
	REASON_RETENTION_PAST,
	/* how much */
	REASON_QUOTA_EXPORTS,
	REASON_QUOTA_RESPONDENTS,
	REASON_SUPERSEDES_UNKNOWN,
	/* a plan against its request, policy and charter */
	REASON_PLAN_DIFFERS,
	REASON_PLAN_EXPIRED,
	REASON_PLAN_FROM_FUTURE,
	REASON_PLAN_LASTS_TOO_LONG,
	REASON_PLAN_RECIPIENT_REUSED,
	REASON_PLAN_SIGNATURE,
	REASON_PLAN_NOT_LOGGED,
	REASON_PLAN_EPOCHS,
	REASON_REIDENT_LIMIT,
	/* votes */
	REASON_VOTES_MISSING,
	REASON_VOTE_FOREIGN,
	REASON_VOTE_SIGNATURE,
	REASON_VOTE_NOT_LOGGED,
	REASON_VOTE_EXPIRED,
	REASON_VOTE_TWICE,
	REASON_VOTE_REVOKED,
	REASON_DENIED,
	REASON_END
};

struct reason {
	enum reason_code code;
	enum reason_weight weight;
	char *rule;               /* "policy: release.Q10" */
	char *ja, *en;            /* what is refused, and why */
	char *change_ja, *change_en;  /* what would change it */
};

struct reasons {
	struct reason *items;
	size_t len, cap;
};

/* Adds one.  ${rule} says where; ${a} and ${b} (may be NULL) go into the
 * sentences.  All are copied.  ERR_NOMEM. */
enum err reasons_add(struct reasons *r, enum reason_code code,
    const char *rule, const char *a, const char *b) MUST_USE;
void reasons_release(struct reasons *r);     /* CLEANUP-able */

int reasons_have(const struct reasons *r, enum reason_code code);
size_t reasons_count(const struct reasons *r, enum reason_weight weight);

/* Stable word of a code for machines ("field-never"); never NULL. */
const char *reason_word(enum reason_code code);
enum reason_weight reason_weight_of(enum reason_code code);

#endif
