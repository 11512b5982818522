/* policy/grant.c - what a grant holds, and the question asked for each record.
 */
#include "policy/grant.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "policy/consent.h"
#include "policy/grant_internal.h"

#define ID_MAX 32

struct grant {
	char reident[41];
	char owner[3];
	char plan[ID_MAX], export_id[ID_MAX];
	uint8_t plan_sha256[GRANT_SHA256_LEN];
	uint8_t policy_sha256[GRANT_SHA256_LEN];
	uint8_t survey_sha256[GRANT_SHA256_LEN];
	uint8_t project_epoch_sha256[GRANT_SHA256_LEN];
	struct grant_epoch *epochs;
	size_t epochs_len;
	struct grant_text *texts;
	size_t texts_len;
	uint8_t scopes;
	int32_t period_from_day, period_to_day;
	int64_t period_from_unix_s, period_end_unix_s;
	uint64_t respondents_max;
	int64_t expires_unix_s;
};

void
grant_free(struct grant *g)
{
	if (g == NULL)
		return;
	free(g->epochs);
	free(g->texts);
	free(g);
}

void
grant_cleanup(struct grant **g)
{
	grant_free(*g);
	*g = NULL;
}

static enum err
copy_epochs(struct grant *g, const struct plan_epochs *from)
{
	const struct plan_epoch *e;
	size_t i;

	g->epochs = calloc(from->len + 1, sizeof(*g->epochs));
	if (g->epochs == NULL)
		return ERR_NOMEM;
	for (i = 0; i < from->len; i++) {
		e = &from->items[i];
		memcpy(g->epochs[i].id, e->id, sizeof(e->id));
		memcpy(g->epochs[i].sha256, e->sha256, sizeof(e->sha256));
		memcpy(g->epochs[i].root, e->root, sizeof(e->root));
		g->epochs[i].records = e->records;
		g->epochs[i].day = e->day;
	}
	g->epochs_len = from->len;
	return ERR_OK;
}

static enum err
copy_ids(struct grant *g, const struct plan *p)
{
	if (strlen(p->owner) >= sizeof(g->owner) ||
	    strlen(p->id) >= sizeof(g->plan) ||
	    strlen(p->export_id) >= sizeof(g->export_id))
		return ERR_LIMIT;
	(void)snprintf(g->owner, sizeof(g->owner), "%s", p->owner);
	(void)snprintf(g->plan, sizeof(g->plan), "%s", p->id);
	(void)snprintf(g->export_id, sizeof(g->export_id), "%s", p->export_id);
	memcpy(g->reident, p->reident.export_id, sizeof(g->reident));
	memcpy(g->policy_sha256, p->policy_sha256, GRANT_SHA256_LEN);
	memcpy(g->survey_sha256, p->survey_sha256, GRANT_SHA256_LEN);
	memcpy(g->project_epoch_sha256, p->project_epoch_sha256,
	    GRANT_SHA256_LEN);
	g->period_from_day = p->period_from_day;
	g->period_to_day = p->period_to_day;
	g->period_from_unix_s = clock_jst_day_start_unix_s(p->period_from_day);
	g->period_end_unix_s =
	    clock_jst_day_start_unix_s(p->period_to_day + 1);
	return ERR_OK;
}

enum err
grant_new(const struct grant_parts *parts, struct grant **ret)
{
	CLEANUP(grant_cleanup) struct grant *g = calloc(1, sizeof(*g));

	if (g == NULL)
		return ERR_NOMEM;
	RETURN_IF(copy_ids(g, parts->plan));
	RETURN_IF(copy_epochs(g, parts->epochs));
	g->texts = calloc(parts->texts_len + 1, sizeof(*g->texts));
	if (g->texts == NULL)
		return ERR_NOMEM;
	if (parts->texts_len > 0)
		memcpy(g->texts, parts->texts,
		    parts->texts_len * sizeof(*g->texts));
	g->texts_len = parts->texts_len;
	memcpy(g->plan_sha256, parts->plan_sha256, GRANT_SHA256_LEN);
	g->scopes = parts->scopes;
	g->respondents_max = parts->respondents_max;
	g->expires_unix_s = parts->expires_unix_s;
	*ret = TAKE(g);
	return ERR_OK;
}

const char *
grant_owner(const struct grant *g)
{
	return g->owner;
}

const char *
grant_reident(const struct grant *g)
{
	return g->reident;
}

const char *
grant_plan(const struct grant *g)
{
	return g->plan;
}

const char *
grant_export(const struct grant *g)
{
	return g->export_id;
}

const uint8_t *
grant_plan_sha256(const struct grant *g)
{
	return g->plan_sha256;
}

const uint8_t *
grant_policy_sha256(const struct grant *g)
{
	return g->policy_sha256;
}

const uint8_t *
grant_survey_sha256(const struct grant *g)
{
	return g->survey_sha256;
}

const uint8_t *
grant_project_epoch_sha256(const struct grant *g)
{
	return g->project_epoch_sha256;
}

size_t
grant_epochs_len(const struct grant *g)
{
	return g->epochs_len;
}

const struct grant_epoch *
grant_epoch(const struct grant *g, size_t i)
{
	MUST_HOLD(i < g->epochs_len);
	return &g->epochs[i];
}

const struct grant_epoch *
grant_find_epoch(const struct grant *g, const uint8_t id[GRANT_EPOCH_LEN])
{
	size_t i;

	for (i = 0; i < g->epochs_len; i++)
		if (memcmp(g->epochs[i].id, id, GRANT_EPOCH_LEN) == 0)
			return &g->epochs[i];
	return NULL;
}

void
grant_period(const struct grant *g, int32_t *ret_from, int32_t *ret_to)
{
	*ret_from = g->period_from_day;
	*ret_to = g->period_to_day;
}

int
grant_in_period(const struct grant *g, int64_t answer_unix_s)
{
	return answer_unix_s >= g->period_from_unix_s &&
	    answer_unix_s < g->period_end_unix_s;
}

uint64_t
grant_respondents_max(const struct grant *g)
{
	return g->respondents_max;
}

int64_t
grant_expires_unix_s(const struct grant *g)
{
	return g->expires_unix_s;
}

uint8_t
grant_scopes(const struct grant *g)
{
	return g->scopes;
}

size_t
grant_texts_len(const struct grant *g)
{
	return g->texts_len;
}

const uint8_t *
grant_text_sha256(const struct grant *g, size_t i)
{
	MUST_HOLD(i < g->texts_len);
	return g->texts[i].sha256;
}

static const struct grant_text *
find_text(const struct grant *g, const struct grant_consent *c)
{
	size_t i;

	for (i = 0; i < g->texts_len; i++)
		if (memcmp(g->texts[i].sha256, c->text, GRANT_SHA256_LEN) == 0)
			return &g->texts[i];
	return NULL;
}

/* A withdrawal counts against every consent given before it, or at once. */
static int
is_withdrawn(const struct grant *g, const struct grant_consent *c)
{
	return consent_scopes_hit(c->withdrawn_scopes, g->scopes) &&
	    c->withdrawn_unix_s >= c->given_unix_s;
}

/* Everything about the consent that does not need its text. */
static enum grant_verdict
judge_consent(const struct grant *g, const struct grant_consent *c,
    int64_t now)
{
	if (now >= g->expires_unix_s)
		return GRANT_OVER;
	if (!c->have)
		return GRANT_NO_CONSENT;
	if (is_withdrawn(g, c))
		return GRANT_WITHDRAWN;
	if (c->given_unix_s > now)
		return GRANT_FROM_FUTURE;
	return GRANT_COVERS;
}

static enum grant_verdict
judge_text(const struct grant_text *t, const struct grant_consent *c,
    int64_t now)
{
	if (!consent_scopes_hold(c->scopes, t->scopes))
		return GRANT_SCOPE;
	if (now >= consent_over_unix_s(c->given_unix_s, t->valid_days,
	    c->until_unix_s))
		return GRANT_EXPIRED;
	if (c->given_unix_s <= c->answer_unix_s)
		return GRANT_COVERS;
	return t->covers_earlier ? GRANT_COVERS_EARLIER : GRANT_LATER;
}

enum grant_verdict
grant_covers(const struct grant *g, const struct grant_consent *consent,
    int64_t now_unix_s, size_t *ret_text)
{
	enum grant_verdict v = judge_consent(g, consent, now_unix_s);
	const struct grant_text *t =
	    consent->have ? find_text(g, consent) : NULL;

	if (ret_text != NULL)
		*ret_text = t != NULL ? (size_t)(t - g->texts) : (size_t)-1;
	if (v != GRANT_COVERS)
		return v;
	return t != NULL ? judge_text(t, consent, now_unix_s) :
	    GRANT_TEXT_UNKNOWN;
}
