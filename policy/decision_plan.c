/* policy/decision_plan.c - a plan out of a decision, and a plan held against
 * one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "policy/decision_internal.h"
#include "policy/plan_internal.h"

static enum err
copy_words(const struct words *from, struct words *to)
{
	size_t i;

	for (i = 0; i < from->len; i++)
		RETURN_IF(words_add(to, from->items[i]));
	return ERR_OK;
}

static void
fill_strings(const struct decision_case *c, struct plan *p)
{
	const struct request *q = c->request;

	p->owner = c->policy->owner;
	p->partner = q->partner;
	p->partner_institution = q->institution;
	p->recipient = q->recipient;
	p->requester_fingerprint = c->facts.requester_fingerprint;
	p->project = q->project;
	(void)snprintf(p->survey_name, sizeof(p->survey_name), "%s",
	    q->survey_name);
	p->survey_version = q->survey_version;
	p->legal_basis = q->legal_basis;
	p->ethics_approval = q->ethics_approval;
	p->supersedes = q->supersedes;
	p->ledger_origin = c->charter->origin;
	p->gateway_key = c->charter->gateway_key;
}

static void
fill_numbers(const struct decision_case *c, const struct decision *d,
    struct plan *p)
{
	const struct request *q = c->request;

	p->policy_version = c->policy->version;
	p->threshold = c->charter->threshold;
	p->k = d->k;
	p->suppression_limit = d->suppression_limit;
	p->minimum_cell = d->minimum_cell;
	p->visits = d->visits;
	memcpy(p->models, d->models, sizeof(p->models));
	p->models_len = d->models_len;
	p->has_ethics_expiry = q->has_ethics_expiry;
	p->ethics_expiry_day = q->ethics_expiry_day;
	p->period_from_day = q->period_from_day;
	p->period_to_day = q->period_to_day;
	p->retention_until_day = q->retention_until_day;
	p->byte_release = d->byte_release;
	p->denial_is_vote = d->denial_is_vote;
	p->has_witness_policy = c->policy->has_witness_policy;
}

static void
fill_digests(const struct decision_case *c, struct plan *p)
{
	const struct decision_facts *f = &c->facts;

	memcpy(p->request_sha256, f->request_sha256, 32);
	memcpy(p->request_sig_sha256, f->request_sig_sha256, 32);
	memcpy(p->policy_sha256, f->policy_sha256, 32);
	memcpy(p->charter_sha256, f->charter_sha256, 32);
	memcpy(p->survey_sha256, f->survey_sha256, 32);
	memcpy(p->recipient_sha256, f->recipient_sha256, 32);
	memcpy(p->witness_policy_sha256, c->policy->witness_policy_sha256,
	    32);
}

enum err
decision_fill_plan(const struct decision_case *c, const struct decision *d,
    struct plan *ret)
{
	CLEANUP(plan_release) struct plan p = {0};
	size_t i;

	fill_strings(c, &p);
	fill_numbers(c, d, &p);
	fill_digests(c, &p);
	for (i = 0; i < d->columns_len; i++)
		RETURN_IF(plan_add_column(&p, &d->columns[i]));
	for (i = 0; i < d->texts_len; i++)
		RETURN_IF(plan_add_text(&p, &d->texts[i]));
	RETURN_IF(copy_words(&c->request->purpose, &p.purpose));
	RETURN_IF(copy_words(&c->request->disease, &p.disease));
	*ret = p;
	p = (struct plan){0};
	return ERR_OK;
}

/* ---- comparing ---- */

struct comparison {
	const struct plan *want, *have;
	struct reasons *reasons;
	enum err e;
};

static void
expect(struct comparison *m, const char *key, int same)
{
	char rule[64];

	if (same || m->e != ERR_OK)
		return;
	(void)snprintf(rule, sizeof(rule), "plan: %s", key);
	m->e = reasons_add(m->reasons, REASON_PLAN_DIFFERS, rule, key, NULL);
}

static int
same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static int
same_sha256(const uint8_t *a, const uint8_t *b)
{
	return memcmp(a, b, 32) == 0;
}

static void
compare_sources(struct comparison *m)
{
	const struct plan *w = m->want, *h = m->have;

	expect(m, "owner", same_text(w->owner, h->owner));
	expect(m, "request-sha256",
	    same_sha256(w->request_sha256, h->request_sha256));
	expect(m, "request-sig-sha256",
	    same_sha256(w->request_sig_sha256, h->request_sig_sha256));
	expect(m, "policy-sha256",
	    same_sha256(w->policy_sha256, h->policy_sha256));
	expect(m, "policy-version", w->policy_version == h->policy_version);
	expect(m, "charter-sha256",
	    same_sha256(w->charter_sha256, h->charter_sha256));
	expect(m, "threshold", w->threshold == h->threshold);
	expect(m, "ledger-origin",
	    same_text(w->ledger_origin, h->ledger_origin));
	expect(m, "witness-policy-sha256",
	    w->has_witness_policy == h->has_witness_policy &&
	    (!w->has_witness_policy || same_sha256(w->witness_policy_sha256,
	    h->witness_policy_sha256)));
	expect(m, "gateway-key", same_text(w->gateway_key, h->gateway_key));
}

static void
compare_partner(struct comparison *m)
{
	const struct plan *w = m->want, *h = m->have;

	expect(m, "partner", same_text(w->partner, h->partner));
	expect(m, "partner-institution",
	    same_text(w->partner_institution, h->partner_institution));
	expect(m, "recipient", same_text(w->recipient, h->recipient));
	expect(m, "recipient-sha256",
	    same_sha256(w->recipient_sha256, h->recipient_sha256));
	expect(m, "requester-fingerprint",
	    same_text(w->requester_fingerprint, h->requester_fingerprint));
	expect(m, "project", same_text(w->project, h->project));
}

static void
compare_what(struct comparison *m, int is_refused)
{
	const struct plan *w = m->want, *h = m->have;

	expect(m, "survey", strcmp(w->survey_name, h->survey_name) == 0 &&
	    w->survey_version == h->survey_version &&
	    same_sha256(w->survey_sha256, h->survey_sha256));
	/* A refused request has no columns to compare with. */
	expect(m, "column", is_refused || plan_same_columns(w, h));
	expect(m, "consent-text", is_refused || plan_same_texts(w, h));
	expect(m, "k", w->k == h->k);
	expect(m, "suppression-limit",
	    w->suppression_limit == h->suppression_limit);
	expect(m, "minimum-cell", w->minimum_cell == h->minimum_cell);
	/* An export from before there was a choice is computed as it was. */
	expect(m, "visits", w->visits == h->visits || (plan_rederives(h) &&
	    h->visits == PLAN_VISITS_UNSAID));
	/* A refused request has no columns, and so no rules on them. */
	expect(m, "rule", is_refused || plan_same_models(w, h));
}

static void
compare_why(struct comparison *m)
{
	const struct plan *w = m->want, *h = m->have;

	expect(m, "purpose", words_equal(&w->purpose, &h->purpose));
	expect(m, "disease", words_equal(&w->disease, &h->disease));
	expect(m, "legal-basis", same_text(w->legal_basis, h->legal_basis));
	expect(m, "ethics-approval",
	    same_text(w->ethics_approval, h->ethics_approval));
	expect(m, "ethics-expiry",
	    w->has_ethics_expiry == h->has_ethics_expiry &&
	    (!w->has_ethics_expiry ||
	    w->ethics_expiry_day == h->ethics_expiry_day));
	expect(m, "period", w->period_from_day == h->period_from_day &&
	    w->period_to_day == h->period_to_day);
	expect(m, "retention-until",
	    w->retention_until_day == h->retention_until_day);
	expect(m, "supersedes", same_text(w->supersedes, h->supersedes));
	expect(m, "byte-release", w->byte_release == h->byte_release);
	expect(m, "denial-rule", w->denial_is_vote == h->denial_is_vote);
}

struct decision_case
decision_as_of(const struct decision_case *c, int64_t then_unix_s)
{
	struct decision_case then = *c;

	then.facts.now_unix_s = then_unix_s;
	then.facts.request_plans = 0;
	then.facts.exports_this_year = -1;
	then.facts.respondents = 0;
	return then;
}

static enum err
compare(const struct decision_case *c, const struct plan *plan,
    const struct decision_plan_facts *facts, struct decision *d)
{
	CLEANUP(plan_release) struct plan want = {0};
	struct comparison m = {&want, plan, &d->reasons, ERR_OK};

	RETURN_IF(decision_fill_plan(c, d, &want));
	compare_sources(&m);
	compare_partner(&m);
	compare_what(&m, d->verdict == DECISION_REFUSED);
	compare_why(&m);
	expect(&m, "scheme-sha256",
	    same_sha256(facts->scheme_sha256, plan->scheme_sha256));
	return m.e;
}

/* ---- the plan's own state ---- */

static enum err
judge_times(const struct decision_case *c, const struct plan *p,
    struct reasons *r)
{
	int64_t now = c->facts.now_unix_s;
	int64_t max = plan_rederives(p) ? p->frozen_unix_s +
	    (int64_t)c->policy->plan_valid_days * 86400 :
	    decision_expires_max(c, p->frozen_unix_s);
	char text[DECISION_TEXT_MAX], limit[DECISION_TEXT_MAX];

	decision_time_text(p->expires_unix_s, text);
	if (now >= p->expires_unix_s)
		RETURN_IF(reasons_add(r, REASON_PLAN_EXPIRED,
		    "plan: expires", text, NULL));
	if (p->expires_unix_s > max) {
		decision_time_text(max, limit);
		RETURN_IF(reasons_add(r, REASON_PLAN_LASTS_TOO_LONG,
		    "policy: plan_valid_days", text, limit));
	}
	if (p->frozen_unix_s > now + DECISION_SKEW_S) {
		decision_time_text(p->frozen_unix_s, text);
		RETURN_IF(reasons_add(r, REASON_PLAN_FROM_FUTURE,
		    "plan: frozen", text, NULL));
	}
	return ERR_OK;
}

static enum err
judge_proofs(const struct decision_plan_facts *facts, struct reasons *r)
{
	if (!facts->signature_ok)
		RETURN_IF(reasons_add(r, REASON_PLAN_SIGNATURE,
		    "charter: gateway-key", NULL, NULL));
	if (!facts->logged)
		RETURN_IF(reasons_add(r, REASON_PLAN_NOT_LOGGED,
		    "plan: ledger-origin", NULL, NULL));
	if (!facts->recipient_fresh)
		RETURN_IF(reasons_add(r, REASON_PLAN_RECIPIENT_REUSED,
		    "plan: plan-recipient", NULL, NULL));
	return ERR_OK;
}

/* What of the list of epochs is not the plan's; NULL when all fits. */
static const char *
epochs_fault(const struct plan *p, const struct decision_plan_facts *facts)
{
	const struct plan_epochs *e = facts->epochs;
	size_t i;

	if (e == NULL || e->len != p->epochs)
		return "epochs";
	if (!same_sha256(facts->epochs_sha256, p->epochs_sha256))
		return "epochs-sha256";
	if (!same_text(e->owner, p->owner))
		return "owner";
	if (!same_text(e->plan, p->id))
		return "plan";
	for (i = 0; i < e->len; i++)
		if (e->items[i].day > clock_jst_day(p->frozen_unix_s))
			return "day";
	return NULL;
}

static enum err
judge_reident(const struct decision_case *c, const struct reident *r,
    struct reasons *reasons)
{
	char have[DECISION_TEXT_MAX], most[DECISION_TEXT_MAX];

	if (r->export_id[0] == '\0' || r->count <= c->policy->reident_maximum)
		return ERR_OK;
	decision_number_text((int64_t)r->count, have);
	decision_number_text(c->policy->reident_maximum, most);
	return reasons_add(reasons, REASON_REIDENT_LIMIT,
	    "policy: disclosure.reident_maximum", have, most);
}

enum err
decision_check_plan(const struct decision_case *c, const struct plan *plan,
    const struct decision_plan_facts *facts, struct decision *ret)
{
	CLEANUP(decision_release) struct decision d = {0};
	const char *fault;

	struct decision_case then = plan_rederives(plan) ?
	    decision_as_of(c, plan->rederive.frozen_unix_s) : *c;

	RETURN_IF(decision_make(&then, &d));
	RETURN_IF(compare(c, plan, facts, &d));
	RETURN_IF(judge_reident(c, &plan->reident, &d.reasons));
	RETURN_IF(judge_times(c, plan, &d.reasons));
	RETURN_IF(judge_proofs(facts, &d.reasons));
	if ((fault = epochs_fault(plan, facts)) != NULL)
		RETURN_IF(reasons_add(&d.reasons, REASON_PLAN_EPOCHS,
		    "plan: epochs", fault, NULL));
	decision_weigh(&d);
	*ret = d;
	d = (struct decision){0};
	return ERR_OK;
}
