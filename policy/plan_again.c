/* policy/plan_again.c - a plan that computes an earlier export again. */
#include <string.h>

#include "policy/plan_internal.h"

int
plan_rederives(const struct plan *p)
{
	return p->rederive.export_id[0] != '\0';
}

int
plan_is_outdated(const struct plan *p)
{
	return plan_find_key(p, PLAN_KEY_MEMORY) == NULL ||
	    (p->visits == PLAN_VISITS_UNSAID && !plan_rederives(p));
}

int
plan_same_columns(const struct plan *a, const struct plan *b)
{
	size_t i;

	if (a->columns_len != b->columns_len)
		return 0;
	for (i = 0; i < a->columns_len; i++) {
		const struct plan_column *x = &a->columns[i];
		const struct plan_column *y = &b->columns[i];

		if (strcmp(x->field, y->field) != 0 ||
		    strcmp(x->ladder, y->ladder) != 0 ||
		    x->from != y->from || x->to != y->to ||
		    x->date != y->date)
			return 0;
	}
	return 1;
}

int
plan_same_texts(const struct plan *a, const struct plan *b)
{
	size_t i;

	if (a->texts_len != b->texts_len)
		return 0;
	for (i = 0; i < a->texts_len; i++)
		if (memcmp(a->texts[i].sha256, b->texts[i].sha256, 32) != 0 ||
		    a->texts[i].scopes != b->texts[i].scopes)
			return 0;
	return 1;
}

static int
same_papers(const struct plan *a, const struct plan *b)
{
	return strcmp(a->owner, b->owner) == 0 &&
	    memcmp(a->request_sha256, b->request_sha256, 32) == 0 &&
	    memcmp(a->policy_sha256, b->policy_sha256, 32) == 0 &&
	    memcmp(a->survey_sha256, b->survey_sha256, 32) == 0 &&
	    memcmp(a->scheme_sha256, b->scheme_sha256, 32) == 0 &&
	    memcmp(a->project_epoch_sha256, b->project_epoch_sha256, 32) == 0;
}

int
plan_is_again(const struct plan *p, const struct plan *earlier,
    const uint8_t sha256[32])
{
	return strcmp(p->rederive.export_id, earlier->export_id) == 0 &&
	    memcmp(p->rederive.plan_sha256, sha256, 32) == 0 &&
	    p->rederive.frozen_unix_s == earlier->frozen_unix_s &&
	    !plan_rederives(earlier) && same_papers(p, earlier) &&
	    plan_same_columns(p, earlier) && plan_same_texts(p, earlier) &&
	    p->k == earlier->k && p->epochs == earlier->epochs &&
	    p->suppression_limit == earlier->suppression_limit &&
	    p->minimum_cell == earlier->minimum_cell &&
	    p->visits == earlier->visits && plan_same_models(p, earlier) &&
	    p->period_from_day == earlier->period_from_day &&
	    p->period_to_day == earlier->period_to_day;
}
