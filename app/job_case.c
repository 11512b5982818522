/* The case of an export: papers, votes, and the grant they give. */
#include <stdlib.h>
#include <string.h>

#include "app/act.h"
#include "app/ballot.h"
#include "app/job_internal.h"
#include "keys/sshsig.h"

void job_case_release(struct job_case *c)
{
	for (size_t i = 0; i < c->votes_len; i++) {
		votes_approval_release(&c->votes[i].parsed);
		buf_release(&c->votes[i].text);
		buf_release(&c->votes[i].sig);
	}
	witness_set_release(&c->witnesses);
	grant_free(TAKE(c->grant));
	plan_release(&c->plan);
	plan_epochs_release(&c->epochs);
	docket_release(&c->docket);
	buf_release(&c->plan_text);
	buf_release(&c->plan_sig);
	buf_release(&c->epochs_text);
	c->votes_len = 0;
}

/* A plan does not count against itself. */
static enum err leave_out_itself(struct home *h, struct job_case *c)
{
	struct decision_facts *f = &c->docket.dcase.facts;
	struct register_export e;
	enum err err = register_export_get(h->reg, c->row.export_id, &e);

	if (c->plan.reident.export_id[0] != '\0')
		f->request_plans = 0;   /* the export came before it */
	else if (c->row.state != REGISTER_PLAN_ENDED && f->request_plans > 0)
		f->request_plans--;
	if (err == ERR_NOT_FOUND)
		return ERR_OK;
	RETURN_IF(err);
	if (e.state != REGISTER_EXPORT_FAILED && f->exports_this_year > 0)
		f->exports_this_year--;
	return ERR_OK;
}

/* ---- the decision ---- */

static const uint8_t *file_digest(void *ctx, const char *name)
{
	const struct docket *d = ctx;

	for (size_t i = 0; i < d->ladders_len; i++)
		if (strcmp(d->files[i].name, name) == 0)
			return d->files[i].sha256;
	return NULL;
}

static enum err plan_facts(const struct job_case *c,
    struct decision_plan_facts *ret)
{
	CLEANUP(buf_release) struct buf scheme = {0};
	uint8_t key[SSHSIG_PUBLIC_LEN];
	struct docket *d = (struct docket *)(uintptr_t)&c->docket;

	RETURN_IF(sshsig_public_parse(bytes_str(c->docket.charter.gateway_key),
	    key));
	RETURN_IF(plan_scheme_bytes(c->plan.columns, c->plan.columns_len,
	    file_digest, d, &scheme));
	*ret = (struct decision_plan_facts){
		/* the register shows a plan only once it is in the ledger,
		 * and takes no plan recipient twice */
		.logged = 1, .recipient_fresh = 1, .epochs = &c->epochs};
	ret->signature_ok = sshsig_check(bytes_buf(&c->plan_sig), SSHSIG_PLAN,
	    key, bytes_buf(&c->plan_text)) == ERR_OK;
	digest_sha256(bytes_buf(&c->plan_text), ret->plan_sha256);
	digest_sha256(bytes_buf(&c->epochs_text), ret->epochs_sha256);
	digest_sha256(bytes_buf(&scheme), ret->scheme_sha256);
	return ERR_OK;
}

static enum err decide(struct home *h, struct job_case *c,
    const struct ballot *b)
{
	CLEANUP(decision_release) struct decision d = {0};
	struct decision_approval approvals[BALLOT_SEATS_MAX + 1];
	struct decision_stop stops[2 * BALLOT_SEATS_MAX + 1];
	struct decision_votes votes = {.approvals = approvals,
	    .stops = stops};
	struct decision_plan_facts facts;
	enum err e;

	RETURN_IF(plan_facts(c, &facts));
	ballot_votes(b, (struct ballot_more){0}, approvals, stops, &votes);
	facts.votes = &votes;
	e = decision_grant(&c->docket.dcase, &c->plan, &facts, &d,
	    &c->grant);
	if (e == ERR_REFUSED || e == ERR_THRESHOLD)
		docket_tell(&d, h->outcome);
	return e;
}

/* ---- what the job goes on with ---- */

static void take_plan(struct ballot *b, struct job_case *c)
{
	c->row = b->row;
	c->plan_text = b->plan_text;
	c->plan_sig = b->plan_sig;
	c->epochs_text = b->epochs_text;
	c->plan = b->plan;
	c->epochs = b->epochs;
	b->plan_text = b->plan_sig = b->epochs_text = (struct buf){0};
	b->plan = (struct plan){0};
	b->epochs = (struct plan_epochs){0};
}

/* Only those that stand go on, and into the bundle: not one that was taken
 * back, nor one whose time is over. */
static void take_votes(struct ballot *b, uint32_t standing,
    struct job_case *c)
{
	for (size_t i = 0; i < b->votes_len; i++) {
		struct ballot_vote *from = &b->votes[i];
		struct job_vote *to = &c->votes[c->votes_len];
		size_t seat = charter_seat_index(&b->charter.charter,
		    from->seat);

		if (seat == CHARTER_NO_SEAT || !(standing >> seat & 1))
			continue;
		*to = (struct job_vote){.act = from->act, .text = from->text,
		    .sig = from->sig, .parsed = from->parsed};
		memcpy(to->seat, from->seat, sizeof(to->seat));
		from->text = from->sig = (struct buf){0};
		from->parsed = (struct votes_approval){0};
		c->votes_len++;
	}
}

enum err job_case_load(struct home *h, const char *plan, struct job_case *ret)
{
	CLEANUP(ballot_free) struct ballot *b = calloc(1, sizeof(*b));
	CLEANUP(reasons_release) struct reasons why = {0};
	struct decision_tally tally;

	if (b == NULL)
		return ERR_NOMEM;
	RETURN_IF(ballot_load(h, plan, b));
	RETURN_IF(ballot_goes_on(h, b));
	RETURN_IF(ballot_tally(b, (struct ballot_more){0}, h->now_unix_s,
	    &tally, &why));
	take_plan(b, ret);
	docket_of_plan(&ret->docket, &ret->plan);
	RETURN_IF(docket_load(h, ret->row.owner, ret->row.request,
	    &ret->docket));
	RETURN_IF(docket_load_prior(h, ret->row.owner, &ret->plan,
	    &ret->docket));
	RETURN_IF(leave_out_itself(h, ret));
	RETURN_IF(decide(h, ret, b));
	take_votes(b, tally.approved, ret);
	return ret->plan.has_witness_policy ? witness_set_load(h,
	    ret->plan.witness_policy_sha256, &ret->witnesses) : ERR_OK;
}

/* ---- the shares ---- */

enum err job_case_released(const struct home *h, const struct job_case *c)
{
	char path[FS_PATH_MAX];
	unsigned released = 0;

	for (size_t i = 0; i < c->votes_len; i++) {
		RETURN_IF(home_path(h, path, "run/plans/%s.%s.shares",
		    c->row.id, c->votes[i].seat));
		released += fs_exists(path) ? 1 : 0;
	}
	if (released >= c->plan.threshold)
		return ERR_OK;
	return outcome_refuse(h->outcome, ERR_THRESHOLD,
	    "%u of %u seats have released their shares; the others run azukari approve once more",
	    "シェアを開示した席は%u、必要なのは%uです。他の席はもう一度 azukari approve を実行してください",
	    released, c->plan.threshold);
}

/* ---- the witnesses ---- */

enum err job_case_cosigned(struct home *h, const struct job_case *c,
    struct buf *ret_note)
{
	uint64_t latest = 0;
	enum err e;

	if (c->witnesses.file == NULL)
		return ERR_OK;
	for (size_t i = 0; i < c->votes_len; i++) {
		struct actlog_act act;

		RETURN_IF(actlog_get(register_db(h->reg), c->votes[i].act,
		    &act));
		if (act.ledger_index > latest)
			latest = act.ledger_index;
	}
	e = witness_set_note(h, &c->witnesses, latest, ret_note);
	return e == ERR_NOT_FOUND ? witness_set_wait(h, &c->witnesses,
	    latest, c->row.id) : e;
}
