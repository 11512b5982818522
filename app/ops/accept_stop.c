/* Denials and revocations: they take effect at once. */
#include <stdio.h>
#include <string.h>

#include "app/ops/accept_internal.h"
#include "app/ops/plans.h"
#include "app/ops/recall.h"

/* What this stop does to the plan. */
struct effect {
	int denial;
	int bytes;                      /* of a bundle that waits to leave */
	int ended;                      /* the plan is over */
	int recall;                     /* its bundle is called back */
	struct register_export export_row;
};

static enum err refuse(struct accept *a, const char *en, const char *ja)
{
	return outcome_refuse(a->h->outcome, ERR_STATE, en, ja,
	    a->result->seat, a->ballot.row.id);
}

/* Where the plan asks for byte release, a seat that sees the report may still
 * say no. */
static enum err find_waiting(struct accept *a, struct effect *x)
{
	enum err e;

	if (!x->denial || !a->ballot.plan.byte_release ||
	    a->ballot.row.state != REGISTER_PLAN_STARTED)
		return ERR_OK;
	e = register_export_get(a->h->reg, a->ballot.row.export_id,
	    &x->export_row);
	x->bytes = e == ERR_OK &&
	    x->export_row.state == REGISTER_EXPORT_BUILT;
	return e == ERR_NOT_FOUND ? ERR_OK : e;
}

static enum err check_state(struct accept *a, const struct effect *x)
{
	if (x->denial && !x->bytes &&
	    a->ballot.row.state != REGISTER_PLAN_FROZEN)
		return refuse(a,
		    "seat %s cannot refuse %s any more, its export has begun; a seat that approved may still recall it: azukari revoke",
		    "席%sは%sを拒否できません。提供はすでに始まっています。承認した席は azukari revoke で回収を求められます");
	if (!x->denial && ballot_vote(&a->ballot, a->result->seat) == NULL)
		return refuse(a,
		    "seat %s has not approved %s, there is nothing to take back; to refuse it: azukari deny",
		    "席%sは%sを承認していないため、取り消すものがありません。拒否するには azukari deny を使ってください");
	return ERR_OK;
}

/* Before the export: does the plan live on?  Afterwards: what is called
 * back? */
static enum err find_effect(struct accept *a, const struct votes_stop *s,
    struct effect *x)
{
	CLEANUP(reasons_release) struct reasons why = {0};
	const struct decision_stop one = {.text = s, .signature_ok = 1};
	const struct ballot_more more = {.stop = &one};
	struct decision_tally tally;
	enum err e;

	if (a->ballot.row.state == REGISTER_PLAN_FROZEN || x->bytes) {
		RETURN_IF(ballot_tally(&a->ballot, more, a->h->now_unix_s,
		    &tally, &why));
		/* an approval that is lost now cannot be had again */
		x->ended = tally.ended || (x->bytes && !tally.granted);
		return ERR_OK;
	}
	e = register_export_get(a->h->reg, a->ballot.row.export_id,
	    &x->export_row);
	if (e != ERR_OK && e != ERR_NOT_FOUND)
		return e;
	x->recall = e == ERR_OK &&
	    (x->export_row.state == REGISTER_EXPORT_BUILT ||
	    x->export_row.state == REGISTER_EXPORT_RELEASED);
	x->ended = a->ballot.row.state == REGISTER_PLAN_STARTED;
	return ERR_OK;
}

static enum err enter(struct accept *a, struct act *act,
    const struct effect *x, const struct accept_text *t)
{
	const struct register_plan *p = &a->ballot.row;
	struct entry_writer w;
	int64_t id;

	act_entry(act, x->denial ? ENTRY_DENIAL : ENTRY_REVOCATION, p->owner,
	    &w);
	entry_put_hex(&w, "plan-sha256", p->sha256, DIGEST_LEN);
	entry_put(&w, "seat", a->result->seat);
	entry_put_hex(&w, "text-sha256", t->sha256, DIGEST_LEN);
	entry_put_hex(&w, "sig-sha256", t->sig_sha256, DIGEST_LEN);
	RETURN_IF(act_entry_end(act, &w, &id));
	RETURN_IF(accept_put(a, x->denial ? REGISTER_DENIAL :
	    REGISTER_REVOCATION, a->result->seat, t, id));
	if (x->recall)
		RETURN_IF(recall_rows(act, &x->export_row, "revoked"));
	if (x->ended)
		RETURN_IF(plans_end_rows(act, p, x->denial ? "denied" :
		    "revoked"));
	return act_commit(act);
}

/* Shares of a seat that took its approval back must not stay. */
static enum err clear_files(struct accept *a, const struct effect *x)
{
	char path[FS_PATH_MAX];

	if (x->recall)
		RETURN_IF(recall_carry_out(a->h, &x->export_row));
	if (x->ended)
		return plans_end_files(a->h, &a->ballot.row);
	RETURN_IF(plans_shares_path(a->h, a->ballot.row.id, a->result->seat,
	    path));
	return fs_shred(path);
}

static void tell(struct accept *a, const struct effect *x)
{
	struct outcome *o = a->h->outcome;
	const char *seat = a->result->seat, *plan = a->ballot.row.id;

	if (x->denial)
		outcome_add(o, OUTCOME_DONE, "seat %s has refused %s",
		    "席%sは%sを拒否しました", seat, plan);
	else
		outcome_add(o, OUTCOME_DONE,
		    "seat %s has taken back its approval of %s",
		    "席%sは%sの承認を取り消しました", seat, plan);
	if (x->recall)
		outcome_add(o, OUTCOME_DONE,
		    "%s is recalled and can be fetched no more; what the partner already holds cannot be taken back by us, only asked back",
		    "%sを回収扱いとし、今後は取得できません。提供先がすでに持つものは、返還・廃棄を求めることしかできません",
		    x->export_row.id);
	if (x->ended && x->bytes)
		outcome_add(o, OUTCOME_DONE,
		    "the finished bundle %s is destroyed; it has not left",
		    "完成していた%sは破棄しました。外には出ていません",
		    x->export_row.id);
	if (x->ended)
		outcome_add(o, OUTCOME_DONE,
		    "%s has ended; its secret and every share released to it are destroyed",
		    "%sは終了しました。その秘密鍵と、開示されたシェアは破棄しました",
		    plan);
}

static enum err refuse_known(struct accept *a, const struct effect *x,
    const struct accept_text *t)
{
	int known = 0;

	RETURN_IF(accept_known(a, x->denial ? REGISTER_DENIAL :
	    REGISTER_REVOCATION, a->result->seat, t, &known));
	if (known)
		return outcome_refuse(a->h->outcome, ERR_EXISTS,
		    "this answer of seat %s was taken in before",
		    "席%sのこの回答は、すでに受け付けています",
		    a->result->seat);
	return ERR_OK;
}

/* The plan is read under the acts' lock: had its export begun between reading
 * and entering, a revocation would only take a vote away and recall nothing. */
enum err accept_stop(struct accept *a, enum votes_stop_kind kind)
{
	CLEANUP(act_abort) struct act act = {0};
	CLEANUP(votes_stop_release) struct votes_stop s = {0};
	struct effect x = {.denial = kind == VOTES_DENIAL};
	const struct accept_text *t = x.denial ? &a->denial : &a->revocation;

	(void)strcpy(a->h->outcome->info.file, kind == VOTES_DENIAL ?
	    "denial.txt" : "revocation.txt");
	RETURN_IF(votes_stop_parse(t->text, kind, &s, &a->h->outcome->info));
	a->h->outcome->info.file[0] = '\0';
	const struct accept_claim claim = {s.plan, s.owner, s.seat,
	    s.plan_sha256};

	RETURN_IF(act_begin(a->h, register_db(a->h->reg), &act));
	RETURN_IF(accept_load(a, &claim));
	RETURN_IF(accept_signed(a, t, s.seat, x.denial ? SSHSIG_DENIAL :
	    SSHSIG_REVOCATION));
	RETURN_IF(refuse_known(a, &x, t));
	RETURN_IF(find_waiting(a, &x));
	RETURN_IF(check_state(a, &x));
	RETURN_IF(find_effect(a, &s, &x));
	RETURN_IF(enter(a, &act, &x, t));
	RETURN_IF(clear_files(a, &x));
	a->result->denied = x.denial;
	a->result->revoked = !x.denial;
	a->result->ended = x.ended;
	a->result->recalled = x.recall;
	tell(a, &x);
	return ERR_OK;
}
