/* app/ballot.h - a plan as it stands at the gateway: its papers and its votes.
 *
 * Everything comes from the register and is parsed and verified again; what is
 * read was logged, since the register shows nothing else.
 */
#ifndef AZUKARI_APP_BALLOT_H
#define AZUKARI_APP_BALLOT_H

#include "app/papers.h"
#include "policy/decision.h"
#include "vault/register_plan.h"

#define BALLOT_SEATS_MAX CHARTER_SEATS_MAX

struct ballot_vote {
	char seat[REGISTER_NAME_MAX + 1];
	struct buf text, sig;           /* approval.txt and its signature */
	uint8_t sha256[DIGEST_LEN];     /* of the text */
	int64_t act;                    /* of the register */
	int signature_ok;               /* under the charter in force */
	struct votes_approval parsed;
};

struct ballot_stop {
	struct buf text;
	int signature_ok;
	struct votes_stop parsed;
};

/* Zeroed is empty. */
struct ballot {
	struct register_plan row;
	int64_t act;                    /* of the plan's document */
	struct buf plan_text, plan_sig, epochs_text;
	struct plan plan;
	struct plan_epochs epochs;
	struct paper_charter charter;   /* in force now */
	struct ballot_vote votes[BALLOT_SEATS_MAX];     /* by time */
	size_t votes_len;
	struct ballot_stop stops[2 * BALLOT_SEATS_MAX];
	size_t stops_len;
};
void ballot_release(struct ballot *b);          /* CLEANUP-able */
enum err ballot_new(struct ballot **ret) MUST_USE;      /* of the heap */
void ballot_free(struct ballot **b);            /* for CLEANUP(), of the heap */

/* ERR_NOT_FOUND with a sentence when there is no such plan. */
enum err ballot_load(struct home *h, const char *plan,
    struct ballot *ret) MUST_USE;

/* ERR_STATE, with a sentence and the way out, for a plan of an earlier version
 * that was not carried out by it (plan_is_outdated). */
enum err ballot_goes_on(struct home *h, const struct ballot *b) MUST_USE;

/* How the votes stand at ${now}, with one more that is not in the register yet
 * (each may be NULL).  ${reasons} as of decision_tally. */
struct ballot_more {
	const struct decision_approval *approval;
	const struct decision_stop *stop;
};
enum err ballot_tally(const struct ballot *b, struct ballot_more more,
    int64_t now_unix_s, struct decision_tally *ret,
    struct reasons *reasons) MUST_USE;

/* The same votes as decision_tally and decision_grant take them; arrays of
 * BALLOT_SEATS_MAX + 1 and twice as many stops and one, borrowed by ${ret}. */
void ballot_votes(const struct ballot *b, struct ballot_more more,
    struct decision_approval *approvals, struct decision_stop *stops,
    struct decision_votes *ret);

/* For a caller inside an act of the register: is the plan still to be exported,
 * and do its approvals carry it?  ERR_CHANGED. */
enum err ballot_still_granted(struct home *h, const char *plan) MUST_USE;

/* The vote of a seat; NULL when it has none. */
const struct ballot_vote *ballot_vote(const struct ballot *b,
    const char *seat);

/* 1 when ${armour} is a signature by that seat of ${c} over ${text}. */
int ballot_seat_signed(const struct charter *c, const char *seat,
    enum sshsig_ns ns, struct bytes armour, struct bytes text);

#endif
