/* policy/decision.h - may this leave? Every reason, or a grant.
 *
 * Three questions, one set of rules:
 *   decision_make        a request against policy, charter and survey
 *   decision_check_plan  a frozen plan against all of them (gateway, officer's
 *                        tool and verifier ask the same)
 *   decision_grant       a plan with its verified votes: the only way to a
 *                        struct grant
 * Whatever needs a clock, a key, a file or a database comes in as a fact that
 * the caller has verified; what a caller leaves zero counts against the
 * request.
 */
#ifndef AZUKARI_POLICY_DECISION_H
#define AZUKARI_POLICY_DECISION_H

#include <stdint.h>

#include "policy/charter.h"
#include "policy/duo.h"
#include "policy/plan.h"
#include "policy/policy.h"
#include "policy/reason.h"
#include "policy/request.h"
#include "policy/votes.h"

struct grant;
struct survey;

/* A level at which a project's column was released before and stays. */
struct decision_level {
	char field[33];
	uint8_t ladder_sha256[32];  /* zeros: it had no ladder */
	unsigned level;
	unsigned date;              /* enum policy_date_mode */
};

struct decision_facts {
	int64_t now_unix_s;
	/* digests of the bytes as they lie */
	uint8_t request_sha256[32], request_sig_sha256[32];
	uint8_t policy_sha256[32], charter_sha256[32], survey_sha256[32];
	/* verified by the caller */
	int request_signature_ok;   /* by requester_key, over these bytes */
	int charter_in_force;       /* signed as charter_change_check asks */
	uint32_t policy_signers;    /* seats of the charter, as bits */
	/* from the register; -1 where it cannot be known (the officer's tool),
	 * and then not judged */
	int64_t exports_this_year;  /* of this owner to this partner */
	int64_t request_plans;      /* live or exported plans of this owner for
	                             * this request before this one */
	int64_t respondents;        /* at most, in the epochs of the period */
	int supersedes_known;       /* 1 an export of this owner, project and
	                             * partner; 0 not */
	/* digests and prints of strings, for the plan */
	uint8_t recipient_sha256[32];       /* of request.recipient */
	const char *requester_fingerprint;  /* of request.requester_key */
	struct duo_world world;
	/* of earlier releases of the project: borrowed */
	const struct decision_level *frozen;
	size_t frozen_len;
};

struct decision_case {
	const struct request *request;
	const struct policy *policy;
	const struct charter *charter;
	const struct survey *survey;
	const struct policy_ladder_file *ladders;
	size_t ladders_len;
	struct decision_facts facts;
};

enum decision_verdict {
	DECISION_REFUSED,
	DECISION_ASK,       /* the officers must judge what the reasons say */
	DECISION_ELIGIBLE,
};

struct decision {
	enum decision_verdict verdict;
	struct reasons reasons;     /* every one of them */
	/* when not refused: what a plan may hold */
	struct plan_column *columns;
	size_t columns_len;
	struct plan_text *texts;
	size_t texts_len;
	unsigned k, suppression_limit, minimum_cell;
	enum plan_visits visits;
	struct model_rule models[MODEL_RULES_MAX];  /* on these columns */
	size_t models_len;
	uint64_t respondents_max;
	int byte_release, denial_is_vote;
	int64_t expires_max_unix_s;     /* a plan may not last longer */
};

/* Decides.  A refusal is ERR_OK with verdict DECISION_REFUSED; errors are
 * ERR_NOMEM only.  The policy must have passed policy_parse. */
enum err decision_make(const struct decision_case *c, struct decision *ret)
    MUST_USE;
void decision_release(struct decision *d);      /* CLEANUP-able */

/* Fills what request, policy, charter and decision say into ${ret} (zeroed by
 * the caller; plan_release): everything but id, export_id, nonce, project
 * epoch and release, scheme digest, prior releases, epochs, ledger, plan
 * recipient, frozen and expires.  Strings are borrowed from the case. */
enum err decision_fill_plan(const struct decision_case *c,
    const struct decision *d, struct plan *ret) MUST_USE;

/* The case as of ${then_unix_s}, when a plan that is derived again was frozen:
 * its quotas, which that export has used, are not counted once more. */
struct decision_case decision_as_of(const struct decision_case *c,
    int64_t then_unix_s);

struct decision_votes;

struct decision_plan_facts {
	uint8_t plan_sha256[32];
	int signature_ok;           /* by the charter's gateway key */
	int logged;                 /* inclusion proven, and cosigned where the
	                             * witness policy asks for it */
	int recipient_fresh;        /* in no other plan entry seen */
	uint8_t scheme_sha256[32];  /* of plan_scheme_bytes over the packet */
	uint8_t epochs_sha256[32];  /* of the bytes of epochs.txt */
	const struct plan_epochs *epochs;
	const struct decision_votes *votes;     /* for decision_grant */
};

/* Decides anew and compares the plan with it, field by field; a plan that
 * derives an earlier export again is decided as of that one's plan.  ${ret} as of
 * decision_make, with a reason REASON_PLAN_* for each difference. */
enum err decision_check_plan(const struct decision_case *c,
    const struct plan *plan, const struct decision_plan_facts *facts,
    struct decision *ret) MUST_USE;

/* One vote as it arrived.  The text's own claims (seat, plan, owner, charter,
 * times) are compared here. */
struct decision_approval {
	const struct votes_approval *text;
	int signature_ok;           /* by that seat's key of the charter */
	int logged;                 /* as for the plan */
};
struct decision_stop {
	const struct votes_stop *text;
	int signature_ok;
};
struct decision_votes {
	const struct decision_approval *approvals;
	size_t approvals_len;
	const struct decision_stop *stops;      /* denials and revocations */
	size_t stops_len;
};

/* How the votes stand. Seats are bits. */
struct decision_tally {
	uint32_t approved;          /* distinct seats with a valid approval */
	uint32_t denied, revoked;
	unsigned needed;
	int granted;                /* t approvals, and nothing stops it */
	int ended;                  /* t can no more be reached, or a veto */
};
struct decision_ballot {
	const struct plan *plan;
	const struct charter *charter;
	const uint8_t *plan_sha256;
	const struct decision_votes *votes;
	int64_t now_unix_s;
};
/* ${reasons} (borrowed; may hold others already) gets one for every vote that
 * does not count, and for what is missing. */
enum err decision_tally(const struct decision_ballot *b,
    struct decision_tally *ret, struct reasons *reasons) MUST_USE;

/* A grant for this plan, if decision_check_plan does not refuse and the votes
 * carry it; otherwise ERR_REFUSED or ERR_THRESHOLD, ${ret} untouched and every
 * reason in ${ret_decision} (zeroed by the caller; decision_release in all
 * cases). */
enum err decision_grant(const struct decision_case *c,
    const struct plan *plan, const struct decision_plan_facts *facts,
    struct decision *ret_decision, struct grant **ret) MUST_USE;

#endif
