#include "app/prior_load.h"

#include <stdio.h>
#include <string.h>

#include "app/papers.h"
#include "vault/register_plan.h"
#include "vault/store_notice.h"

struct loading {
	struct owner *w;
	const struct prior_wanted *wanted;
	struct prior *prior;
};

/* ---- the texts ---- */

static int has_level(const struct prior *p, const char *field)
{
	for (size_t i = 0; i < p->levels_len; i++)
		if (strcmp(p->levels[i].field, field) == 0)
			return 1;
	return 0;
}

/* The first release of a column fixes its level. */
static enum err take_levels(struct loading *l, const struct prior *one)
{
	const struct prior_export *e = &one->releases[0];

	if (strcmp(e->project, l->wanted->project) != 0 ||
	    strcmp(e->partner, l->wanted->partner) != 0)
		return ERR_OK;
	for (size_t i = 0; i < one->levels_len; i++)
		if (!has_level(l->prior, one->levels[i].field))
			RETURN_IF(prior_add_level(l->prior,
			    &one->levels[i]));
	return ERR_OK;
}

/* What an earlier version handed out has no record: that it left is known from
 * its plan, and that it is not compared is said wherever it is listed. */
static enum err take_unrecorded(struct loading *l,
    const struct register_export *e)
{
	CLEANUP(paper_release) struct paper paper = {0};
	CLEANUP(plan_release) struct plan plan = {0};
	struct register_query q = {.kind = REGISTER_PLAN,
	    .owner = l->w->code, .name = e->plan};
	struct prior_export one = {0};

	RETURN_IF(papers_find(l->w->home, &q, &paper));
	RETURN_IF(plan_parse(bytes_buf(&paper.bytes), &plan,
	    &l->w->home->outcome->info));
	(void)snprintf(one.export_id, sizeof(one.export_id), "%.40s", e->id);
	(void)snprintf(one.project, sizeof(one.project), "%.32s", e->project);
	(void)snprintf(one.partner, sizeof(one.partner), "%.32s", e->partner);
	(void)snprintf(one.survey, sizeof(one.survey), "%.32s",
	    plan.survey_name);
	one.survey_version = plan.survey_version;
	one.from_day = plan.period_from_day;
	one.to_day = plan.period_to_day;
	return prior_add(l->prior, &one);
}

static int has_left(const struct register_export *e)
{
	return e->state == REGISTER_EXPORT_RELEASED ||
	    e->state == REGISTER_EXPORT_RECALLED;
}

static enum err take_export(void *ctx, const struct register_export *e)
{
	CLEANUP(paper_release) struct paper paper = {0};
	CLEANUP(prior_release) struct prior one = {0};
	struct loading *l = ctx;
	struct home *h = l->w->home;
	struct register_query q = {.kind = REGISTER_RELEASE_RECORD,
	    .owner = l->w->code, .name = e->id};
	enum err err;

	if (e->state == REGISTER_EXPORT_FAILED ||
	    (l->wanted->except != NULL &&
	    strcmp(e->id, l->wanted->except) == 0))
		return ERR_OK;
	err = papers_find(h, &q, &paper);
	if (err == ERR_NOT_FOUND)       /* or nothing has been written yet */
		return has_left(e) ? take_unrecorded(l, e) : ERR_OK;
	RETURN_IF(err);
	RETURN_IF(prior_parse(bytes_buf(&paper.bytes), &prior_one_schema,
	    &one, &h->outcome->info));
	if (one.len != 1 || strcmp(one.releases[0].export_id, e->id) != 0)
		return ERR_CORRUPT;
	RETURN_IF(prior_add(l->prior, &one.releases[0]));
	return take_levels(l, &one);
}

/* ---- the sealed records are there ---- */

struct present {
	const struct prior *prior;
	uint8_t *found;                 /* by release */
};

static enum err take_record(void *ctx, const char *export_id,
    struct bytes sealed)
{
	struct present *p = ctx;
	uint8_t sha256[DIGEST_LEN];

	for (size_t i = 0; i < p->prior->len; i++) {
		if (strcmp(p->prior->releases[i].export_id, export_id) != 0)
			continue;
		digest_sha256(sealed, sha256);
		if (memcmp(sha256, p->prior->releases[i].record_sha256,
		    DIGEST_LEN) == 0)
			p->found[i] = 1;
	}
	return ERR_OK;
}

static enum err check_present(struct owner *w, const struct prior *prior)
{
	CLEANUP(buf_release) struct buf found = {0};
	struct present p = {.prior = prior};

	RETURN_IF(buf_reserve(&found, prior->len + 1));
	memset(found.data, 0, prior->len + 1);
	p.found = found.data;
	RETURN_IF(store_notice_release_each(w->store, take_record, &p));
	for (size_t i = 0; i < prior->len; i++)
		if (prior->releases[i].has_record && !p.found[i])
			return outcome_refuse(w->home->outcome, ERR_ROLLBACK,
			    "the store of owner %s has not got the record of %s that the register and the ledger name: an old copy was put back. Restore a newer one",
			    "所有者%sの保管庫に、登録簿と台帳にある%sの提供記録がありません。古い写しに戻されています。新しい写しから復元してください",
			    w->code, prior->releases[i].export_id);
	return ERR_OK;
}

enum err prior_load(struct owner *w, const struct prior_wanted *wanted,
    struct prior *ret)
{
	struct loading l = {.w = w, .wanted = wanted, .prior = ret};
	struct register_export_query q = {.owner = w->code};

	memcpy(ret->owner, w->code, 3);
	RETURN_IF(register_export_each(w->home->reg, &q, take_export, &l));
	return check_present(w, ret);
}
