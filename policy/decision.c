/* policy/decision.c - the request as a whole: who asks, under which policy,
 * until when, how often. */
#include "policy/decision.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "policy/decision_internal.h"
#include "policy/grammar.h"
#include "policy/profile.h"

#define DAY_S 86400

void
decision_day_text(int32_t day, char ret[DECISION_TEXT_MAX])
{
	char text[CLOCK_DAY_LEN + 1];

	clock_format_day(day, text);
	(void)snprintf(ret, DECISION_TEXT_MAX, "%s", text);
}

void
decision_time_text(int64_t unix_s, char ret[DECISION_TEXT_MAX])
{
	char text[CLOCK_UTC_LEN + 1];

	clock_format_utc(unix_s, text);
	(void)snprintf(ret, DECISION_TEXT_MAX, "%s", text);
}

void
decision_number_text(int64_t n, char ret[DECISION_TEXT_MAX])
{
	(void)snprintf(ret, DECISION_TEXT_MAX, "%lld", (long long)n);
}

static int32_t
today(const struct decision_case *c)
{
	return clock_jst_day(c->facts.now_unix_s);
}

int
decision_has_ethics(const struct decision_case *c)
{
	return c->request->ethics_approval != NULL &&
	    c->request->has_ethics_expiry &&
	    c->request->ethics_expiry_day >= today(c);
}

static enum err
judge_request(const struct decision_case *c, struct reasons *r)
{
	const struct request *q = c->request;
	int64_t now = c->facts.now_unix_s;
	char text[DECISION_TEXT_MAX];

	if (!c->facts.request_signature_ok)
		RETURN_IF(reasons_add(r, REASON_REQUEST_SIGNATURE,
		    "request: requester-key", NULL, NULL));
	if (now >= q->expires_unix_s) {
		decision_time_text(q->expires_unix_s, text);
		RETURN_IF(reasons_add(r, REASON_REQUEST_EXPIRED,
		    "request: expires", text, NULL));
	}
	if (q->created_unix_s > now + DECISION_SKEW_S) {
		decision_time_text(q->created_unix_s, text);
		RETURN_IF(reasons_add(r, REASON_REQUEST_FROM_FUTURE,
		    "request: created", text, NULL));
	}
	if (c->facts.request_plans > 0) {
		decision_number_text(c->facts.request_plans, text);
		RETURN_IF(reasons_add(r, REASON_REQUEST_USED,
		    "request: request", text, NULL));
	}
	if (!words_has(&q->owners, c->policy->owner))
		RETURN_IF(reasons_add(r, REASON_OWNER_NOT_ASKED,
		    "request: owners", c->policy->owner, NULL));
	return ERR_OK;
}

static enum err
judge_signatures(const struct decision_case *c, struct reasons *r)
{
	uint32_t signers = c->facts.policy_signers;
	char have[DECISION_TEXT_MAX], need[DECISION_TEXT_MAX];

	if (!c->facts.charter_in_force)
		RETURN_IF(reasons_add(r, REASON_CHARTER_UNSIGNED,
		    "charter: seat", NULL, NULL));
	if (charter_has_quorum(c->charter, signers))
		return ERR_OK;
	decision_number_text(__builtin_popcount(signers), have);
	decision_number_text(c->charter->threshold, need);
	return reasons_add(r, REASON_POLICY_UNSIGNED, "charter: threshold",
	    have, need);
}

static enum err
judge_policy(const struct decision_case *c, struct reasons *r)
{
	const struct policy *p = c->policy;
	char text[DECISION_TEXT_MAX];

	RETURN_IF(judge_signatures(c, r));
	if (today(c) < p->valid_from_day) {
		decision_day_text(p->valid_from_day, text);
		RETURN_IF(reasons_add(r, REASON_POLICY_NOT_YET,
		    "policy: valid_from", text, NULL));
	}
	if (today(c) > p->valid_until_day) {
		decision_day_text(p->valid_until_day, text);
		RETURN_IF(reasons_add(r, REASON_POLICY_OVER,
		    "policy: valid_until", text, NULL));
	}
	if (strcmp(p->owner, c->charter->owner) != 0)
		RETURN_IF(reasons_add(r, REASON_POLICY_CHARTER,
		    "policy: owner", "owner", NULL));
	if (memcmp(p->charter_sha256, c->facts.charter_sha256, 32) != 0)
		RETURN_IF(reasons_add(r, REASON_POLICY_CHARTER,
		    "policy: charter", "charter", NULL));
	return ERR_OK;
}

/* What the partner shares with those who decide. */
static enum err
judge_conflict(const struct decision_case *c,
    const struct policy_partner *partner, struct reasons *r)
{
	const char *what;

	if (!policy_partner_conflict(partner, c->charter, &what))
		return ERR_OK;
	if (strcmp(what, "operator") == 0)
		return reasons_add(r, REASON_PARTNER_IS_OPERATOR,
		    "charter: operator", partner->id, NULL);
	return reasons_add(r, REASON_PARTNER_HOLDS_SEAT, "charter: seat",
	    partner->id, strcmp(what, "key") == 0 ? "鍵 (key)" :
	    "機関 (institution)");
}

static enum err
judge_partner(const struct decision_case *c, struct reasons *r)
{
	const struct request *q = c->request;
	const struct policy_partner *p =
	    policy_find_partner(c->policy, q->partner);

	if (p == NULL)
		return reasons_add(r, REASON_PARTNER_UNKNOWN,
		    "policy: partners", q->partner, NULL);
	if (strcmp(p->institution, q->institution) != 0)
		RETURN_IF(reasons_add(r, REASON_PARTNER_INSTITUTION,
		    "policy: partners.institution", q->institution,
		    p->institution));
	if (strcmp(p->investigator, q->investigator) != 0)
		RETURN_IF(reasons_add(r, REASON_PARTNER_INVESTIGATOR,
		    "policy: partners.investigator", q->investigator,
		    p->investigator));
	if (strcmp(p->age, q->recipient) != 0)
		RETURN_IF(reasons_add(r, REASON_PARTNER_RECIPIENT,
		    "policy: partners.age", p->id, NULL));
	if (strcmp(p->ssh, q->requester_key) != 0)
		RETURN_IF(reasons_add(r, REASON_PARTNER_SIGNER,
		    "policy: partners.ssh", p->id, NULL));
	return judge_conflict(c, p, r);
}

static enum err
judge_profile(const struct decision_case *c, struct reasons *r)
{
	const struct request *q = c->request;
	const struct profile_case p = {.policy = c->policy,
	    .survey = c->survey, .ladders = c->ladders,
	    .ladders_len = c->ladders_len,
	    .fields = (const char *const *)q->fields.items,
	    .fields_len = q->fields.len, .has_period = 1,
	    .from_day = q->period_from_day};

	return profile_judge(&p, r);
}

static enum err
judge_days(const struct decision_case *c, struct reasons *r)
{
	const struct request *q = c->request;
	int32_t last = today(c) + (int32_t)c->policy->retention_days;
	char text[DECISION_TEXT_MAX], limit[DECISION_TEXT_MAX];

	decision_day_text(q->retention_until_day, text);
	decision_day_text(last, limit);
	if (q->retention_until_day > last)
		RETURN_IF(reasons_add(r, REASON_RETENTION_TOO_LONG,
		    "policy: retention_days", text, limit));
	if (q->retention_until_day < today(c))
		RETURN_IF(reasons_add(r, REASON_RETENTION_PAST,
		    "request: retention-until", text, NULL));
	if (q->period_from_day > today(c)) {
		decision_day_text(q->period_from_day, text);
		RETURN_IF(reasons_add(r, REASON_PERIOD_FUTURE,
		    "request: period", text, NULL));
	}
	return ERR_OK;
}

static enum err
judge_quotas(const struct decision_case *c, struct reasons *r)
{
	const struct decision_facts *f = &c->facts;
	char have[DECISION_TEXT_MAX], limit[DECISION_TEXT_MAX];

	if (f->exports_this_year >= 0 &&
	    f->exports_this_year >= (int64_t)c->policy->exports_per_year) {
		decision_number_text(f->exports_this_year, have);
		decision_number_text(c->policy->exports_per_year, limit);
		RETURN_IF(reasons_add(r, REASON_QUOTA_EXPORTS,
		    "policy: quotas.exports_per_year", have, limit));
	}
	if (f->respondents >
	    (int64_t)c->policy->respondents_per_export) {
		decision_number_text(f->respondents, have);
		decision_number_text(
		    (int64_t)c->policy->respondents_per_export, limit);
		RETURN_IF(reasons_add(r, REASON_QUOTA_RESPONDENTS,
		    "policy: quotas.respondents_per_export", have, limit));
	}
	if (c->request->supersedes != NULL && f->supersedes_known == 0)
		RETURN_IF(reasons_add(r, REASON_SUPERSEDES_UNKNOWN,
		    "request: supersedes", c->request->supersedes, NULL));
	return ERR_OK;
}

static int64_t
earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

int64_t
decision_expires_max(const struct decision_case *c, int64_t frozen_unix_s)
{
	int64_t max = frozen_unix_s +
	    (int64_t)c->policy->plan_valid_days * DAY_S;

	max = earlier(max, c->request->expires_unix_s);
	max = earlier(max, clock_jst_day_start_unix_s(
	    c->policy->valid_until_day + 1));
	if (c->request->has_ethics_expiry)
		max = earlier(max, clock_jst_day_start_unix_s(
		    c->request->ethics_expiry_day + 1));
	return max;
}

void
decision_weigh(struct decision *d)
{
	if (reasons_count(&d->reasons, REASON_REFUSE) > 0)
		d->verdict = DECISION_REFUSED;
	else if (reasons_count(&d->reasons, REASON_ASK) > 0)
		d->verdict = DECISION_ASK;
	else
		d->verdict = DECISION_ELIGIBLE;
}

/* Those on what is asked for, in the order of the columns. */
static void
take_models(const struct policy *p, struct decision *d)
{
	size_t i, k;

	for (i = 0; i < d->columns_len; i++)
		for (k = 0; k < p->models_len; k++)
			if (strcmp(p->models[k].field,
			    d->columns[i].field) == 0)
				d->models[d->models_len++] = p->models[k];
}

static void
take_rules(const struct decision_case *c, struct decision *d)
{
	const struct policy *p = c->policy;

	d->k = p->k;
	d->suppression_limit = p->suppression_limit;
	d->minimum_cell = p->minimum_cell;
	d->visits = p->visits_single ? PLAN_VISITS_SINGLE :
	    PLAN_VISITS_JOINED;
	take_models(p, d);
	d->respondents_max = p->respondents_per_export;
	d->byte_release = p->byte_release;
	d->denial_is_vote = p->denial_is_vote;
	d->expires_max_unix_s = decision_expires_max(c,
	    c->facts.now_unix_s);
}

enum err
decision_make(const struct decision_case *c, struct decision *ret)
{
	CLEANUP(decision_release) struct decision d = {0};

	RETURN_IF(judge_request(c, &d.reasons));
	RETURN_IF(judge_policy(c, &d.reasons));
	RETURN_IF(judge_partner(c, &d.reasons));
	RETURN_IF(decision_judge_purpose(c, &d));
	RETURN_IF(decision_judge_texts(c, &d));
	RETURN_IF(decision_judge_fields(c, &d));
	RETURN_IF(judge_profile(c, &d.reasons));
	RETURN_IF(judge_days(c, &d.reasons));
	RETURN_IF(judge_quotas(c, &d.reasons));
	take_rules(c, &d);
	decision_weigh(&d);
	*ret = d;
	d = (struct decision){0};
	return ERR_OK;
}

void
decision_release(struct decision *d)
{
	reasons_release(&d->reasons);
	free(d->columns);
	free(d->texts);
	*d = (struct decision){0};
}
