/* policy/decision_votes.c - counting votes, and the one place that makes a
 * grant. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/consent.h"
#include "policy/decision_internal.h"
#include "policy/grant_internal.h"

#define RULE "charter: threshold"

struct count {
	const struct plan *plan;
	const struct charter *charter;
	const uint8_t *plan_sha256;
	int64_t now;
	struct reasons *reasons;
	uint32_t approved, denied, revoked;
};

/* What all votes say: which plan, whose, from which seat. */
struct claim {
	const char *plan, *owner, *seat;
	const uint8_t *plan_sha256;
};

static int
is_of_plan(const struct count *n, const struct claim *v)
{
	return strcmp(v->plan, n->plan->id) == 0 &&
	    strcmp(v->owner, n->plan->owner) == 0 &&
	    memcmp(v->plan_sha256, n->plan_sha256, 32) == 0 &&
	    charter_seat_index(n->charter, v->seat) != CHARTER_NO_SEAT;
}

static uint32_t
seat_bit(const struct count *n, const char *seat)
{
	return 1u << charter_seat_index(n->charter, seat);
}

/* Why an approval does not count at this time; NULL when it does. */
static const char *
time_fault(const struct count *n, const struct votes_approval *a)
{
	if (n->now >= a->expires_unix_s)
		return "expires";
	if (a->approved_unix_s > n->now + DECISION_SKEW_S)
		return "approved";
	/* Nobody can have approved what was not there. */
	return a->approved_unix_s + DECISION_SKEW_S < n->plan->frozen_unix_s ?
	    "frozen" : NULL;
}

static enum err
count_approval(struct count *n, const struct decision_approval *v)
{
	const struct votes_approval *a = v->text;
	const struct claim claim = {a->plan, a->owner, a->seat,
	    a->plan_sha256};
	const char *fault;

	if (!is_of_plan(n, &claim) || memcmp(a->charter_sha256,
	    n->plan->charter_sha256, 32) != 0)
		return reasons_add(n->reasons, REASON_VOTE_FOREIGN, RULE,
		    a->seat, "承認 (approval)");
	if (!v->signature_ok)
		return reasons_add(n->reasons, REASON_VOTE_SIGNATURE, RULE,
		    a->seat, "承認 (approval)");
	if (!v->logged)
		return reasons_add(n->reasons, REASON_VOTE_NOT_LOGGED, RULE,
		    a->seat, NULL);
	if ((fault = time_fault(n, a)) != NULL)
		return reasons_add(n->reasons, REASON_VOTE_EXPIRED, RULE,
		    a->seat, fault);
	if ((n->approved & seat_bit(n, a->seat)) != 0)
		return reasons_add(n->reasons, REASON_VOTE_TWICE, RULE,
		    a->seat, NULL);
	n->approved |= seat_bit(n, a->seat);
	return ERR_OK;
}

/* Stops count without the ledger: they take effect at once. */
static enum err
count_stop(struct count *n, const struct decision_stop *v)
{
	const struct votes_stop *s = v->text;
	const struct claim claim = {s->plan, s->owner, s->seat,
	    s->plan_sha256};
	const char *what = s->kind == VOTES_DENIAL ? "拒否 (denial)" :
	    "取消し (revocation)";

	if (!is_of_plan(n, &claim))
		return reasons_add(n->reasons, REASON_VOTE_FOREIGN, RULE,
		    s->seat, what);
	if (!v->signature_ok)
		return reasons_add(n->reasons, REASON_VOTE_SIGNATURE, RULE,
		    s->seat, what);
	if (s->kind == VOTES_DENIAL)
		n->denied |= seat_bit(n, s->seat);
	else
		n->revoked |= seat_bit(n, s->seat);
	return ERR_OK;
}

/* t distinct seats have approved: the number that everything hangs on. */
static int
is_enough(unsigned approvals, unsigned needed)
{
#ifdef AZUKARI_MUTATION_THRESHOLD
	(void)needed;
	return approvals >= 1;
#else
	return needed > 0 && approvals >= needed;
#endif
}

static unsigned
bits(uint32_t seats)
{
	return (unsigned)__builtin_popcount(seats);
}

static void
conclude(const struct count *n, struct decision_tally *t)
{
	uint32_t lost = n->denied | n->revoked;
	unsigned seats = (unsigned)n->charter->seats_len;
	int vetoed = n->denied != 0 && !n->plan->denial_is_vote;

	t->approved = n->approved & ~lost;
	t->denied = n->denied;
	t->revoked = n->revoked;
	/* A plan may ask for more than its charter, never for less. */
	t->needed = n->plan->threshold > n->charter->threshold ?
	    n->plan->threshold : n->charter->threshold;
	t->ended = vetoed || seats - bits(lost) < t->needed;
	t->granted = !vetoed && is_enough(bits(t->approved), t->needed);
}

static enum err
explain_seats(const struct count *n, uint32_t seats, enum reason_code code)
{
	size_t i;

	for (i = 0; i < n->charter->seats_len; i++)
		if ((seats >> i & 1) != 0)
			RETURN_IF(reasons_add(n->reasons, code,
			    code == REASON_DENIED ? "plan: denial-rule" : RULE,
			    n->charter->seats[i].name, NULL));
	return ERR_OK;
}

static enum err
explain(const struct count *n, const struct decision_tally *t)
{
	char have[DECISION_TEXT_MAX], need[DECISION_TEXT_MAX];

	RETURN_IF(explain_seats(n, n->revoked, REASON_VOTE_REVOKED));
	if (t->ended)
		RETURN_IF(explain_seats(n, n->denied, REASON_DENIED));
	if (is_enough(bits(t->approved), t->needed))
		return ERR_OK;
	decision_number_text(bits(t->approved), have);
	decision_number_text(t->needed, need);
	return reasons_add(n->reasons, REASON_VOTES_MISSING, RULE, have,
	    need);
}

enum err
decision_tally(const struct decision_ballot *b, struct decision_tally *ret,
    struct reasons *reasons)
{
	struct count n = {.plan = b->plan, .charter = b->charter,
	    .plan_sha256 = b->plan_sha256, .now = b->now_unix_s,
	    .reasons = reasons};
	struct decision_tally t = {0};
	size_t i;

	for (i = 0; i < b->votes->approvals_len; i++)
		RETURN_IF(count_approval(&n, &b->votes->approvals[i]));
	for (i = 0; i < b->votes->stops_len; i++)
		RETURN_IF(count_stop(&n, &b->votes->stops[i]));
	conclude(&n, &t);
	RETURN_IF(explain(&n, &t));
	*ret = t;
	return ERR_OK;
}

/* ---- the grant ---- */

/* A plan's text is the policy's, or decision_check_plan has refused. */
static enum err
grant_texts(const struct policy *policy, const struct plan *plan,
    struct grant_text *texts)
{
	const struct consent_text *t;
	size_t i;

	for (i = 0; i < plan->texts_len; i++) {
		t = policy_find_text(policy, plan->texts[i].sha256);
		if (t == NULL)
			return ERR_REFUSED;
		memcpy(texts[i].sha256, t->sha256, sizeof(t->sha256));
		texts[i].scopes = plan->texts[i].scopes;
		texts[i].valid_days = t->valid_days;
		texts[i].covers_earlier = t->covers_earlier;
	}
	return ERR_OK;
}

static enum err
make_grant(const struct decision_case *c, const struct plan *plan,
    const struct decision_plan_facts *facts, struct grant **ret)
{
	struct grant_text texts[PLAN_TEXTS_MAX] = {0};
	const struct grant_parts parts = {plan, facts->plan_sha256,
	    facts->epochs, texts, plan->texts_len, CONSENT_EXPORT,
	    c->policy->respondents_per_export, plan->expires_unix_s};

	if (plan->texts_len > PLAN_TEXTS_MAX)
		return ERR_LIMIT;
	RETURN_IF(grant_texts(c->policy, plan, texts));
	return grant_new(&parts, ret);
}

enum err
decision_grant(const struct decision_case *c, const struct plan *plan,
    const struct decision_plan_facts *facts, struct decision *ret_decision,
    struct grant **ret)
{
	CLEANUP(decision_release) struct decision d = {0};
	const struct decision_ballot ballot = {plan, c->charter,
	    facts->plan_sha256, facts->votes, c->facts.now_unix_s};
	struct decision_tally t;
	int refused;
	enum err e;

	MUST_HOLD(facts->votes != NULL);
	RETURN_IF(decision_check_plan(c, plan, facts, &d));
	refused = d.verdict == DECISION_REFUSED;
	RETURN_IF(decision_tally(&ballot, &t, &d.reasons));
	decision_weigh(&d);
	if (refused || t.ended)
		e = ERR_REFUSED;
	else if (!t.granted)
		e = ERR_THRESHOLD;
	else
		e = make_grant(c, plan, facts, ret);
	*ret_decision = d;
	d = (struct decision){0};
	return e;
}
