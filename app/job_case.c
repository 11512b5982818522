/* The case of an export: papers, votes, and the grant they give. */
#include <stdlib.h>
#include <string.h>

#include "app/job_internal.h"
#include "app/papers.h"
#include "keys/sshsig.h"

void job_case_release(struct job_case *c)
{
	for (size_t i = 0; i < c->votes_len; i++) {
		votes_approval_release(&c->votes[i].parsed);
		buf_release(&c->votes[i].text);
		buf_release(&c->votes[i].sig);
	}
	grant_free(TAKE(c->grant));
	plan_release(&c->plan);
	plan_epochs_release(&c->epochs);
	docket_release(&c->docket);
	buf_release(&c->plan_text);
	buf_release(&c->plan_sig);
	buf_release(&c->epochs_text);
	c->votes_len = 0;
}

static enum err one_signature(void *ctx, const char *signer,
    struct bytes armour)
{
	struct buf *out = ctx;

	(void)signer;
	buf_clear(out);
	return buf_append(out, armour.data, armour.len);
}

static enum err load_plan(struct home *h, const char *plan,
    struct job_case *c)
{
	CLEANUP(paper_release) struct paper p = {0};
	CLEANUP(paper_release) struct paper e = {0};
	struct register_query q = {.kind = REGISTER_PLAN, .name = plan};
	struct register_query qe = {.kind = REGISTER_EPOCHS, .name = plan};
	struct err_info *info = &h->outcome->info;
	enum err err = register_plan_get(h->reg, plan, &c->row);

	if (err == ERR_NOT_FOUND)
		return outcome_refuse(h->outcome, err, "there is no plan %s",
		    "計画%sはありません", plan);
	RETURN_IF(err);
	RETURN_IF(papers_find(h, &q, &p));
	RETURN_IF(papers_find(h, &qe, &e));
	RETURN_IF(register_signature_each(h->reg, p.row.id, one_signature,
	    &c->plan_sig));
	RETURN_IF(buf_append(&c->plan_text, p.bytes.data, p.bytes.len));
	c->epochs_text.max = REGISTER_DOCUMENT_MAX;
	RETURN_IF(buf_append(&c->epochs_text, e.bytes.data, e.bytes.len));
	RETURN_IF(plan_parse(bytes_buf(&c->plan_text), &c->plan, info));
	return plan_epochs_parse(bytes_buf(&c->epochs_text), &c->epochs, info);
}

/* A plan does not count against itself. */
static enum err leave_out_itself(struct home *h, struct job_case *c)
{
	struct decision_facts *f = &c->docket.dcase.facts;
	struct register_export e;
	enum err err = register_export_get(h->reg, c->row.export_id, &e);

	if (c->row.state != REGISTER_PLAN_ENDED && f->request_plans > 0)
		f->request_plans--;
	if (err == ERR_NOT_FOUND)
		return ERR_OK;
	RETURN_IF(err);
	if (e.state != REGISTER_EXPORT_FAILED && f->exports_this_year > 0)
		f->exports_this_year--;
	return ERR_OK;
}

/* ---- votes ---- */

struct vote_walk {
	struct home *h;
	struct job_case *c;
	struct votes_stop stops[2 * JOB_SEATS_MAX];
	struct buf stop_texts[2 * JOB_SEATS_MAX];
	struct decision_stop dstops[2 * JOB_SEATS_MAX];
	size_t stops_len;
};

static void vote_walk_release(struct vote_walk *w)
{
	for (size_t i = 0; i < w->stops_len; i++) {
		votes_stop_release(&w->stops[i]);
		buf_release(&w->stop_texts[i]);
	}
}

static int seat_signed(const struct job_case *c, const char *seat,
    enum sshsig_ns ns, struct bytes sig, struct bytes text)
{
	const struct charter_seat *s = charter_seat(&c->docket.charter, seat);
	uint8_t key[SSHSIG_PUBLIC_LEN];

	return s != NULL &&
	    sshsig_public_parse(bytes_str(s->ssh), key) == ERR_OK &&
	    sshsig_check(sig, ns, key, text) == ERR_OK;
}

static enum err take_approval(void *ctx, const struct register_document *doc)
{
	struct vote_walk *w = ctx;
	struct job_case *c = w->c;
	struct job_vote *v = &c->votes[c->votes_len];

	if (c->votes_len == JOB_SEATS_MAX || strlen(doc->name) >=
	    sizeof(v->seat))
		return ERR_LIMIT;
	*v = (struct job_vote){.act = doc->act};
	(void)strcpy(v->seat, doc->name);
	c->votes_len++;
	RETURN_IF(register_document_bytes(w->h->reg, doc->id, &v->text));
	RETURN_IF(register_signature_each(w->h->reg, doc->id, one_signature,
	    &v->sig));
	return votes_approval_parse(bytes_buf(&v->text), &v->parsed,
	    &w->h->outcome->info);
}

static enum err take_stop(void *ctx, const struct register_document *doc)
{
	struct vote_walk *w = ctx;
	CLEANUP(buf_release) struct buf sig = {0};
	size_t i = w->stops_len;
	int denial = doc->kind == REGISTER_DENIAL;

	if (i == ARRAY_LEN(w->stops))
		return ERR_LIMIT;
	w->stops_len++;
	RETURN_IF(register_document_bytes(w->h->reg, doc->id,
	    &w->stop_texts[i]));
	RETURN_IF(register_signature_each(w->h->reg, doc->id, one_signature,
	    &sig));
	RETURN_IF(votes_stop_parse(bytes_buf(&w->stop_texts[i]),
	    denial ? VOTES_DENIAL : VOTES_REVOCATION, &w->stops[i],
	    &w->h->outcome->info));
	w->dstops[i] = (struct decision_stop){.text = &w->stops[i],
	    .signature_ok = seat_signed(w->c, w->stops[i].seat,
	    denial ? SSHSIG_DENIAL : SSHSIG_REVOCATION, bytes_buf(&sig),
	    bytes_buf(&w->stop_texts[i]))};
	return ERR_OK;
}

static enum err load_votes(struct vote_walk *w)
{
	struct register_query q = {.kind = REGISTER_APPROVAL,
	    .subject = w->c->row.id};

	RETURN_IF(register_document_each(w->h->reg, &q, take_approval, w));
	q.kind = REGISTER_DENIAL;
	RETURN_IF(register_document_each(w->h->reg, &q, take_stop, w));
	q.kind = REGISTER_REVOCATION;
	return register_document_each(w->h->reg, &q, take_stop, w);
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
    const struct vote_walk *w)
{
	CLEANUP(decision_release) struct decision d = {0};
	struct decision_approval approvals[JOB_SEATS_MAX];
	struct decision_plan_facts facts;
	struct decision_votes votes = {.approvals = approvals,
	    .approvals_len = c->votes_len, .stops = w->dstops,
	    .stops_len = w->stops_len};
	enum err e;

	RETURN_IF(plan_facts(c, &facts));
	for (size_t i = 0; i < c->votes_len; i++)
		approvals[i] = (struct decision_approval){
			.text = &c->votes[i].parsed, .logged = 1,
			.signature_ok = seat_signed(c, c->votes[i].seat,
			    SSHSIG_APPROVAL, bytes_buf(&c->votes[i].sig),
			    bytes_buf(&c->votes[i].text))};
	facts.votes = &votes;
	e = decision_grant(&c->docket.dcase, &c->plan, &facts, &d,
	    &c->grant);
	if (e == ERR_REFUSED || e == ERR_THRESHOLD)
		docket_tell(&d, h->outcome);
	return e;
}

enum err job_case_load(struct home *h, const char *plan, struct job_case *ret)
{
	CLEANUP(vote_walk_release) struct vote_walk w = {.h = h, .c = ret};

	RETURN_IF(load_plan(h, plan, ret));
	RETURN_IF(docket_load(h, ret->row.owner, ret->row.request,
	    &ret->docket));
	RETURN_IF(leave_out_itself(h, ret));
	RETURN_IF(load_votes(&w));
	return decide(h, ret, &w);
}
