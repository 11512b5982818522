/* An approval on its way in. */
#include <string.h>

#include "app/ops/accept_internal.h"

static enum err check_frozen(struct accept *a)
{
	RETURN_IF(ballot_goes_on(a->h, &a->ballot));
	if (a->ballot.row.state == REGISTER_PLAN_FROZEN)
		return ERR_OK;
	return outcome_refuse(a->h->outcome, ERR_STATE,
	    "the export of %s has begun; it takes no more approvals",
	    "%sの提供はすでに始まっています。承認はもう受け付けません",
	    a->ballot.row.id);
}

/* The ledger the officer saw must be a part of ours. */
static enum err check_ledger(struct accept *a, const struct votes_approval *v)
{
	CLEANUP(log_cleanup) struct log *log = NULL;
	uint8_t root[MERKLE_PROOF_HASH_LEN];

	RETURN_IF(act_log_reader(a->h, &log));
	if (v->ledger_size <= log_size(log)) {
		RETURN_IF(log_root(log, v->ledger_size, root));
		if (memcmp(root, v->ledger_root, sizeof(root)) == 0)
			return ERR_OK;
	}
	return outcome_refuse(a->h->outcome, ERR_MISMATCH,
	    "the ledger that seat %s saw (%llu entries) is not a part of this one: an old copy of this home was put back, or somebody shows another ledger",
	    "席%sが見た台帳（%llu件）は、この台帳の一部ではありません。古い写しに戻されたか、別の台帳が示されています",
	    v->seat, (unsigned long long)v->ledger_size);
}

static void tell_reasons(struct accept *a, const struct reasons *why)
{
	for (size_t i = 0; i < why->len; i++)
		if (why->items[i].code != REASON_VOTES_MISSING)
			outcome_put(a->h->outcome, OUTCOME_REASON,
			    why->items[i].en, why->items[i].ja);
}

/* By the same rules as everywhere: does this vote count? */
static enum err check_counts(struct accept *a, const struct votes_approval *v)
{
	CLEANUP(reasons_release) struct reasons why = {0};
	const struct decision_approval one = {.text = v, .signature_ok = 1,
	    .logged = 1};
	const struct ballot_more more = {.approval = &one};
	struct decision_tally tally;
	size_t seat = charter_seat_index(&a->ballot.charter.charter, v->seat);

	RETURN_IF(ballot_tally(&a->ballot, more, a->h->now_unix_s, &tally,
	    &why));
	if (!tally.ended && (tally.approved >> seat & 1))
		return ERR_OK;
	tell_reasons(a, &why);
	return reasons_have(&why, REASON_VOTE_EXPIRED) ? ERR_EXPIRED :
	    ERR_REFUSED;
}

static enum err enter(struct accept *a, const char *seat)
{
	CLEANUP(act_abort) struct act act = {0};
	const struct register_plan *p = &a->ballot.row;
	const struct accept_text *t = &a->approval;
	struct entry_writer w;
	int64_t id;

	RETURN_IF(act_begin(a->h, register_db(a->h->reg), &act));
	RETURN_IF(accept_still_frozen(a));
	act_entry(&act, ENTRY_APPROVAL, p->owner, &w);
	entry_put_hex(&w, "plan-sha256", p->sha256, DIGEST_LEN);
	entry_put(&w, "seat", seat);
	entry_put_hex(&w, "approval-sha256", t->sha256, DIGEST_LEN);
	entry_put_hex(&w, "sig-sha256", t->sig_sha256, DIGEST_LEN);
	RETURN_IF(act_entry_end(&act, &w, &id));
	RETURN_IF(accept_put(a, REGISTER_APPROVAL, seat, t, id));
	return act_commit(&act);
}

/* Taken in before: fine when it only comes along with the release. */
static enum err known(struct accept *a, const char *seat)
{
	if (a->release.text.len > 0)
		return ERR_OK;
	return outcome_refuse(a->h->outcome, ERR_EXISTS,
	    "this approval of seat %s was taken in before",
	    "席%sのこの承認は、すでに受け付けています", seat);
}

enum err accept_approval(struct accept *a)
{
	CLEANUP(votes_approval_release) struct votes_approval v = {0};
	struct home *h = a->h;
	int known_already = 0;

	(void)strcpy(h->outcome->info.file, "approval.txt");
	RETURN_IF(votes_approval_parse(a->approval.text, &v,
	    &h->outcome->info));
	h->outcome->info.file[0] = '\0';
	const struct accept_claim claim = {v.plan, v.owner, v.seat,
	    v.plan_sha256};

	RETURN_IF(accept_load(a, &claim));
	RETURN_IF(check_frozen(a));
	RETURN_IF(accept_signed(a, &a->approval, v.seat, SSHSIG_APPROVAL));
	RETURN_IF(accept_known(a, REGISTER_APPROVAL, v.seat, &a->approval,
	    &known_already));
	if (known_already)
		return known(a, v.seat);
	RETURN_IF(check_ledger(a, &v));
	RETURN_IF(check_counts(a, &v));
	RETURN_IF(enter(a, v.seat));
	a->result->approved = 1;
	outcome_add(h->outcome, OUTCOME_DONE,
	    "the approval of %2$s by seat %1$s is in the ledger",
	    "席%1$sによる%2$sの承認を台帳に記載しました", v.seat, v.plan);
	return ERR_OK;
}
