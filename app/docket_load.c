/* The papers of a case out of the register. */
#include <string.h>

#include "app/docket.h"
#include "app/papers.h"
#include "core/clock.h"
#include "vault/register_plan.h"

void docket_of_plan(struct docket *d, const struct plan *plan)
{
	if (plan_rederives(plan))
		d->policy_wanted = plan->policy_sha256;
}

static enum err load_charter(struct home *h, const char *owner,
    struct docket *d)
{
	CLEANUP(paper_charter_release) struct paper_charter c = {0};

	RETURN_IF(papers_charter(h, owner, &c));
	return docket_put_charter(d, bytes_buf(&c.paper.bytes), 1,
	    &h->outcome->info);
}

static enum err load_policy(struct home *h, const char *owner,
    struct docket *d)
{
	CLEANUP(paper_release) struct paper p = {0};
	struct register_query q = {.kind = REGISTER_POLICY, .owner = owner,
	    .sha256 = d->policy_wanted};
	uint32_t signers = 0;
	enum err e = papers_find(h, &q, &p);

	if (e == ERR_NOT_FOUND)
		return outcome_refuse(h->outcome, ERR_STATE,
		    "owner %s has no policy yet; see: azukari owner policy",
		    "所有者%sにはまだ方針がありません。azukari owner policy を見てください",
		    owner);
	RETURN_IF(e);
	RETURN_IF(papers_signed_seats(h, p.row.id, bytes_buf(&p.bytes),
	    SSHSIG_POLICY, &d->charter, &signers));
	return docket_put_policy(d, bytes_buf(&p.bytes), signers,
	    &h->outcome->info);
}

/* The registered document of the policy's digest, where it has one; a request
 * for an unknown survey is refused by the decision, with its reason. */
static enum err load_survey(struct home *h, const char *owner,
    const char *name, unsigned version, struct docket *d)
{
	CLEANUP(paper_release) struct paper p = {0};
	struct register_query q = {.kind = REGISTER_SURVEY, .owner = owner,
	    .name = name, .version = version};
	enum err e = papers_find(h, &q, &p);

	if (e == ERR_NOT_FOUND)
		return ERR_OK;
	RETURN_IF(e);
	return docket_put_survey(d, bytes_buf(&p.bytes), &h->outcome->info);
}

static enum err load_ladders(struct home *h, const char *owner,
    struct docket *d)
{
	for (size_t i = 0; i < d->policy.ladders_len; i++) {
		CLEANUP(paper_release) struct paper p = {0};
		const struct policy_ladder *l = &d->policy.ladders[i];
		struct register_query q = {.kind = REGISTER_LADDER,
		    .owner = owner, .name = l->name, .sha256 = l->sha256};
		enum err e = papers_find(h, &q, &p);

		if (e == ERR_NOT_FOUND)
			continue;
		RETURN_IF(e);
		RETURN_IF(docket_put_ladder(d, l->name, bytes_buf(&p.bytes)));
	}
	return ERR_OK;
}

enum err docket_load_rules(struct home *h, const char *owner, const char *name,
    unsigned version, struct docket *ret)
{
	RETURN_IF(load_charter(h, owner, ret));
	RETURN_IF(load_policy(h, owner, ret));
	if (name == NULL)
		return ERR_OK;
	RETURN_IF(load_survey(h, owner, name, version, ret));
	return load_ladders(h, owner, ret);
}

static enum err take_signature(void *ctx, const char *signer,
    struct bytes armour)
{
	struct buf *out = ctx;

	(void)signer;
	buf_clear(out);
	return buf_append(out, armour.data, armour.len);
}

static enum err load_request(struct home *h, const char *owner,
    const char *request, struct docket *d)
{
	CLEANUP(paper_release) struct paper p = {0};
	CLEANUP(buf_release) struct buf sig = {0};
	struct register_query q = {.kind = REGISTER_REQUEST, .owner = owner,
	    .name = request};
	enum err e = papers_find(h, &q, &p);

	if (e == ERR_NOT_FOUND)
		return outcome_refuse(h->outcome, e,
		    "owner %s has no request %s; see: azukari request list",
		    "所有者%sに申請%sはありません。azukari request list を見てください",
		    owner, request);
	RETURN_IF(e);
	RETURN_IF(register_signature_each(h->reg, p.row.id, take_signature,
	    &sig));
	return docket_put_request(d, bytes_buf(&p.bytes), bytes_buf(&sig),
	    &h->outcome->info);
}

/* ---- what only the register knows ---- */

static enum err count_export(void *ctx, const struct register_export *e)
{
	int64_t *count = ctx;

	if (e->state != REGISTER_EXPORT_FAILED)
		*count += 1;
	return ERR_OK;
}

/* Midnight of 1 January in Japan, of the year of ${now}. */
static int64_t year_start_unix_s(int64_t now)
{
	char text[CLOCK_DAY_LEN + 1];
	int32_t day = clock_jst_day(now);

	clock_format_day(day, text);
	memcpy(text + 5, "01-01", 5);
	MUST_HOLD(clock_parse_day(bytes_str(text), &day) == ERR_OK);
	return clock_jst_day_start_unix_s(day);
}

struct plan_count {
	const char *request;
	int64_t live;
};

static enum err count_plan(void *ctx, const struct register_plan *p)
{
	struct plan_count *c = ctx;

	if (strcmp(p->request, c->request) == 0 &&
	    p->state != REGISTER_PLAN_ENDED)
		c->live++;
	return ERR_OK;
}

static enum err count_facts(struct home *h, const char *owner,
    struct docket *d)
{
	struct decision_facts *f = &d->dcase.facts;
	struct register_export_query q = {.owner = owner,
	    .partner = d->request.partner,
	    .started_from_unix_s = year_start_unix_s(f->now_unix_s)};
	struct plan_count plans = {.request = d->request.id};

	f->exports_this_year = 0;
	RETURN_IF(register_export_each(h->reg, &q, count_export,
	    &f->exports_this_year));
	RETURN_IF(register_plan_each(h->reg, owner, 0, count_plan, &plans));
	f->request_plans = plans.live;
	return ERR_OK;
}

static enum err supersedes_fact(struct home *h, const char *owner,
    struct docket *d)
{
	struct register_export e;
	enum err err;

	if (d->request.supersedes == NULL)
		return ERR_OK;
	err = register_export_get(h->reg, d->request.supersedes, &e);
	if (err != ERR_OK && err != ERR_NOT_FOUND)
		return err;
	d->dcase.facts.supersedes_known = err == ERR_OK &&
	    strcmp(e.owner, owner) == 0 &&
	    strcmp(e.project, d->request.project) == 0 &&
	    strcmp(e.partner, d->request.partner) == 0;
	return ERR_OK;
}

enum err docket_load(struct home *h, const char *owner, const char *request,
    struct docket *ret)
{
	RETURN_IF(load_request(h, owner, request, ret));
	RETURN_IF(docket_load_rules(h, owner, ret->request.survey_name,
	    ret->request.survey_version, ret));
	docket_close(ret, h->now_unix_s);
	RETURN_IF(count_facts(h, owner, ret));
	return supersedes_fact(h, owner, ret);
}

enum err docket_load_prior(struct home *h, const char *owner,
    const struct plan *plan, struct docket *d)
{
	CLEANUP(paper_release) struct paper paper = {0};
	struct register_query q = {.kind = REGISTER_PRIOR_RELEASES,
	    .owner = owner, .sha256 = plan->prior_releases_sha256};
	struct decision_facts *f = &d->dcase.facts;

	if (!plan->has_prior_releases)
		return ERR_OK;
	RETURN_IF(papers_find(h, &q, &paper));
	RETURN_IF(docket_put_prior(d, bytes_buf(&paper.bytes),
	    &h->outcome->info));
	f->frozen = d->prior.levels;
	f->frozen_len = d->prior.levels_len;
	return ERR_OK;
}
