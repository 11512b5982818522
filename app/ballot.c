#include "app/ballot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys/sshsig.h"

void ballot_release(struct ballot *b)
{
	for (size_t i = 0; i < b->votes_len; i++) {
		votes_approval_release(&b->votes[i].parsed);
		buf_release(&b->votes[i].text);
		buf_release(&b->votes[i].sig);
	}
	for (size_t i = 0; i < b->stops_len; i++) {
		votes_stop_release(&b->stops[i].parsed);
		buf_release(&b->stops[i].text);
	}
	plan_release(&b->plan);
	plan_epochs_release(&b->epochs);
	paper_charter_release(&b->charter);
	buf_release(&b->plan_text);
	buf_release(&b->plan_sig);
	buf_release(&b->epochs_text);
	b->votes_len = b->stops_len = 0;
}

int ballot_seat_signed(const struct charter *c, const char *seat,
    enum sshsig_ns ns, struct bytes armour, struct bytes text)
{
	const struct charter_seat *s = charter_seat(c, seat);
	uint8_t key[SSHSIG_PUBLIC_LEN];

	return s != NULL &&
	    sshsig_public_parse(bytes_str(s->ssh), key) == ERR_OK &&
	    sshsig_check(armour, ns, key, text) == ERR_OK;
}

const struct ballot_vote *ballot_vote(const struct ballot *b,
    const char *seat)
{
	for (size_t i = 0; i < b->votes_len; i++)
		if (strcmp(b->votes[i].seat, seat) == 0)
			return &b->votes[i];
	return NULL;
}

/* ---- the plan's own papers ---- */

static enum err one_signature(void *ctx, const char *signer,
    struct bytes armour)
{
	struct buf *out = ctx;

	(void)signer;
	buf_clear(out);
	return buf_append(out, armour.data, armour.len);
}

static enum err load_plan(struct home *h, const char *plan, struct ballot *b)
{
	CLEANUP(paper_release) struct paper p = {0};
	struct register_query q = {.kind = REGISTER_PLAN, .name = plan};
	enum err e = register_plan_get(h->reg, plan, &b->row);

	if (e == ERR_NOT_FOUND)
		return outcome_refuse(h->outcome, e,
		    "there is no plan %s; see: azukari plan list",
		    "計画%sはありません。azukari plan list を見てください", plan);
	RETURN_IF(e);
	RETURN_IF(papers_find(h, &q, &p));
	if (memcmp(p.sha256, b->row.sha256, DIGEST_LEN) != 0)
		return ERR_CORRUPT;
	b->act = p.row.act;
	RETURN_IF(register_signature_each(h->reg, p.row.id, one_signature,
	    &b->plan_sig));
	RETURN_IF(buf_append(&b->plan_text, p.bytes.data, p.bytes.len));
	return plan_parse(bytes_buf(&b->plan_text), &b->plan,
	    &h->outcome->info);
}

enum err ballot_goes_on(struct home *h, const struct ballot *b)
{
	const char *id = b->row.id;
	enum err e;

	if (!plan_is_outdated(&b->plan) ||
	    b->row.state == REGISTER_PLAN_DONE ||
	    b->row.state == REGISTER_PLAN_ENDED)
		return ERR_OK;
	e = outcome_refuse(h->outcome, ERR_STATE,
	    "%s was frozen by an earlier version and does not say what officers must know today; it cannot be carried out any more, and nothing of it has left",
	    "%sは以前の版で確定されたため、現在必要な事項が書かれていません。実行できず、何も提供されていません",
	    id);
	outcome_add(h->outcome, OUTCOME_HINT,
	    "give it up and freeze the request anew: azukari plan end %s; azukari plan freeze %s %s",
	    "この計画を終了し、同じ申請で確定し直してください: azukari plan end %s、azukari plan freeze %s %s",
	    id, b->row.owner, b->row.request);
	return e;
}

static enum err load_epochs(struct home *h, const char *plan, struct ballot *b)
{
	CLEANUP(paper_release) struct paper p = {0};
	struct register_query q = {.kind = REGISTER_EPOCHS, .name = plan};

	RETURN_IF(papers_find(h, &q, &p));
	if (memcmp(p.sha256, b->plan.epochs_sha256, DIGEST_LEN) != 0)
		return ERR_CORRUPT;
	b->epochs_text.max = REGISTER_DOCUMENT_MAX;
	RETURN_IF(buf_append(&b->epochs_text, p.bytes.data, p.bytes.len));
	return plan_epochs_parse(bytes_buf(&b->epochs_text), &b->epochs,
	    &h->outcome->info);
}

/* ---- votes ---- */

struct walk {
	struct home *h;
	struct ballot *b;
};

static enum err take_approval(void *ctx, const struct register_document *doc)
{
	struct walk *w = ctx;
	struct ballot *b = w->b;
	struct ballot_vote *v = &b->votes[b->votes_len];

	if (b->votes_len == BALLOT_SEATS_MAX)
		return ERR_LIMIT;
	*v = (struct ballot_vote){.act = doc->act};
	(void)snprintf(v->seat, sizeof(v->seat), "%s", doc->name);
	b->votes_len++;
	RETURN_IF(register_document_bytes(w->h->reg, doc->id, &v->text));
	RETURN_IF(register_signature_each(w->h->reg, doc->id, one_signature,
	    &v->sig));
	digest_sha256(bytes_buf(&v->text), v->sha256);
	if (memcmp(v->sha256, doc->sha256, DIGEST_LEN) != 0)
		return ERR_CORRUPT;
	v->signature_ok = ballot_seat_signed(&b->charter.charter, v->seat,
	    SSHSIG_APPROVAL, bytes_buf(&v->sig), bytes_buf(&v->text));
	return votes_approval_parse(bytes_buf(&v->text), &v->parsed,
	    &w->h->outcome->info);
}

static enum err take_stop(void *ctx, const struct register_document *doc)
{
	struct walk *w = ctx;
	struct ballot *b = w->b;
	struct ballot_stop *s = &b->stops[b->stops_len];
	CLEANUP(buf_release) struct buf sig = {0};
	int denial = doc->kind == REGISTER_DENIAL;

	if (b->stops_len == ARRAY_LEN(b->stops))
		return ERR_LIMIT;
	*s = (struct ballot_stop){0};
	b->stops_len++;
	RETURN_IF(register_document_bytes(w->h->reg, doc->id, &s->text));
	RETURN_IF(register_signature_each(w->h->reg, doc->id, one_signature,
	    &sig));
	RETURN_IF(votes_stop_parse(bytes_buf(&s->text),
	    denial ? VOTES_DENIAL : VOTES_REVOCATION, &s->parsed,
	    &w->h->outcome->info));
	s->signature_ok = ballot_seat_signed(&b->charter.charter,
	    s->parsed.seat, denial ? SSHSIG_DENIAL : SSHSIG_REVOCATION,
	    bytes_buf(&sig), bytes_buf(&s->text));
	return ERR_OK;
}

static enum err load_votes(struct home *h, struct ballot *b)
{
	struct walk w = {.h = h, .b = b};
	struct register_query q = {.kind = REGISTER_APPROVAL,
	    .owner = b->row.owner, .subject = b->row.id};

	RETURN_IF(register_document_each(h->reg, &q, take_approval, &w));
	q.kind = REGISTER_DENIAL;
	RETURN_IF(register_document_each(h->reg, &q, take_stop, &w));
	q.kind = REGISTER_REVOCATION;
	return register_document_each(h->reg, &q, take_stop, &w);
}

enum err ballot_load(struct home *h, const char *plan, struct ballot *ret)
{
	RETURN_IF(load_plan(h, plan, ret));
	RETURN_IF(load_epochs(h, plan, ret));
	RETURN_IF(papers_charter(h, ret->row.owner, &ret->charter));
	return load_votes(h, ret);
}

void ballot_votes(const struct ballot *b, struct ballot_more more,
    struct decision_approval *approvals, struct decision_stop *stops,
    struct decision_votes *ret)
{
	struct decision_votes v = {.approvals = approvals, .stops = stops};

	for (size_t i = 0; i < b->votes_len; i++)
		approvals[v.approvals_len++] = (struct decision_approval){
			.text = &b->votes[i].parsed, .logged = 1,
			.signature_ok = b->votes[i].signature_ok};
	if (more.approval != NULL)
		approvals[v.approvals_len++] = *more.approval;
	for (size_t i = 0; i < b->stops_len; i++)
		stops[v.stops_len++] = (struct decision_stop){
			.text = &b->stops[i].parsed,
			.signature_ok = b->stops[i].signature_ok};
	if (more.stop != NULL)
		stops[v.stops_len++] = *more.stop;
	*ret = v;
}

enum err ballot_tally(const struct ballot *b, struct ballot_more more,
    int64_t now_unix_s, struct decision_tally *ret, struct reasons *reasons)
{
	struct decision_approval approvals[BALLOT_SEATS_MAX + 1];
	struct decision_stop stops[2 * BALLOT_SEATS_MAX + 1];
	struct decision_votes v;
	const struct decision_ballot all = {.plan = &b->plan,
		.charter = &b->charter.charter, .plan_sha256 = b->row.sha256,
		.votes = &v, .now_unix_s = now_unix_s};

	ballot_votes(b, more, approvals, stops, &v);
	return decision_tally(&all, ret, reasons);
}

enum err ballot_new(struct ballot **ret)
{
	*ret = calloc(1, sizeof(**ret));
	return *ret == NULL ? ERR_NOMEM : ERR_OK;
}

void ballot_free(struct ballot **b)
{
	if (*b == NULL)
		return;
	ballot_release(*b);
	free(*b);
}

enum err ballot_still_granted(struct home *h, const char *plan)
{
	CLEANUP(reasons_release) struct reasons why = {0};
	CLEANUP(ballot_free) struct ballot *b = calloc(1, sizeof(*b));
	struct decision_tally tally;

	if (b == NULL)
		return ERR_NOMEM;
	RETURN_IF(ballot_load(h, plan, b));
	RETURN_IF(ballot_tally(b, (struct ballot_more){0}, h->now_unix_s,
	    &tally, &why));
	if ((b->row.state != REGISTER_PLAN_FROZEN &&
	    b->row.state != REGISTER_PLAN_STARTED) || tally.ended ||
	    !tally.granted)
		return ERR_CHANGED;
	return ERR_OK;
}
