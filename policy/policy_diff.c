/* policy/policy_diff.c - two policies, rule by rule. */
#include "policy/policy_diff.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/encode.h"
#include "policy/policy_diff_internal.h"
#include "policy/profile.h"

void
policy_diff_release(struct policy_diff *d)
{
	size_t i;

	for (i = 0; i < d->lines_len; i++) {
		free(d->lines[i].place);
		free(d->lines[i].before);
		free(d->lines[i].after);
	}
	for (i = 0; i < d->requests_len; i++)
		reasons_release(&d->requests[i].reasons);
	free(d->lines);
	free(d->requests);
	*d = (struct policy_diff){0};
}

static enum err
append_line(struct policy_diff *d, struct policy_diff_line line)
{
	struct policy_diff_line *lines;

	if (line.place == NULL || line.before == NULL || line.after == NULL)
		return ERR_NOMEM;
	lines = reallocarray(d->lines, d->lines_len + 1, sizeof(*lines));
	if (lines == NULL)
		return ERR_NOMEM;
	d->lines = lines;
	d->lines[d->lines_len++] = line;
	return ERR_OK;
}

void
policy_diff_add(struct policy_diff_work *w, enum policy_diff_way way,
    const char *place, const char *before, const char *after)
{
	struct policy_diff_line line = {.way = way};

	if (w->e != ERR_OK)
		return;
	line.place = strdup(place);
	line.before = strdup(before != NULL ? before : "-");
	line.after = strdup(after != NULL ? after : "-");
	if ((w->e = append_line(w->d, line)) == ERR_OK)
		return;
	free(line.place);
	free(line.before);
	free(line.after);
}

void
policy_diff_number(struct policy_diff_work *w, const char *place,
    int64_t before, int64_t after, enum policy_diff_way more)
{
	enum policy_diff_way less = more == POLICY_DIFF_WIDER ?
	    POLICY_DIFF_NARROWER : more == POLICY_DIFF_NARROWER ?
	    POLICY_DIFF_WIDER : POLICY_DIFF_OTHER;
	char a[24], b[24];

	if (before == after)
		return;
	(void)snprintf(a, sizeof(a), "%lld", (long long)before);
	(void)snprintf(b, sizeof(b), "%lld", (long long)after);
	policy_diff_add(w, after > before ? more : less, place, a, b);
}

void
policy_diff_switch(struct policy_diff_work *w, const char *place,
    const char *const words[2], int before, int after)
{
	if (!before == !after)
		return;
	/* words[1] is the one that lets more out */
	policy_diff_add(w, after ? POLICY_DIFF_WIDER : POLICY_DIFF_NARROWER,
	    place, words[!!before], words[!!after]);
}

void
policy_diff_text(struct policy_diff_work *w, const char *place,
    const char *before, const char *after)
{
	if (strcmp(before, after) != 0)
		policy_diff_add(w, POLICY_DIFF_OTHER, place, before, after);
}

void
policy_diff_words(struct policy_diff_work *w, const char *place,
    const struct words *before, const struct words *after,
    enum policy_diff_way more)
{
	enum policy_diff_way less = more == POLICY_DIFF_WIDER ?
	    POLICY_DIFF_NARROWER : POLICY_DIFF_WIDER;
	size_t i;

	for (i = 0; i < after->len; i++)
		if (!words_has(before, after->items[i]))
			policy_diff_add(w, more, place, NULL,
			    after->items[i]);
	for (i = 0; i < before->len; i++)
		if (!words_has(after, before->items[i]))
			policy_diff_add(w, less, place, before->items[i],
			    NULL);
}

/* ---- rules of the whole ---- */

static void
diff_day(struct policy_diff_work *w, const char *place, int32_t before,
    int32_t after, enum policy_diff_way later)
{
	enum policy_diff_way sooner = later == POLICY_DIFF_WIDER ?
	    POLICY_DIFF_NARROWER : POLICY_DIFF_WIDER;
	char a[CLOCK_DAY_LEN + 1], b[CLOCK_DAY_LEN + 1];

	if (before == after)
		return;
	clock_format_day(before, a);
	clock_format_day(after, b);
	policy_diff_add(w, after > before ? later : sooner, place, a, b);
}

static void
diff_permission(struct policy_diff_work *w, const char *before,
    const char *after)
{
	/* Diseases are compared by themselves; here one stands for all. */
	static const char *const disease = "MONDO:0000000";
	const struct duo_list one = {&disease, 1};
	const struct duo_world nothing = {NULL, 0};
	const struct duo_terms old = {{&before, 1}, one, {NULL, 0}};
	const struct duo_terms next = {{&after, 1}, one, {NULL, 0}};
	enum policy_diff_way way = POLICY_DIFF_OTHER;

	if (strcmp(before, after) == 0)
		return;
	if (duo_match_permission(&next, before, one, &nothing, NULL) ==
	    DUO_APPROVE)
		way = POLICY_DIFF_WIDER;
	else if (duo_match_permission(&old, after, one, &nothing, NULL) ==
	    DUO_APPROVE)
		way = POLICY_DIFF_NARROWER;
	policy_diff_add(w, way, "purposes.permission", before, after);
}

static void
diff_witnesses(struct policy_diff_work *w, const struct policy *a,
    const struct policy *b)
{
	char before[2 * 32 + 1] = "-", after[2 * 32 + 1] = "-";
	enum policy_diff_way way = POLICY_DIFF_OTHER;

	if (a->has_witness_policy)
		encode_hex(a->witness_policy_sha256, 32, before);
	if (b->has_witness_policy)
		encode_hex(b->witness_policy_sha256, 32, after);
	if (strcmp(before, after) == 0)
		return;
	if (!b->has_witness_policy)
		way = POLICY_DIFF_WIDER;
	else if (!a->has_witness_policy)
		way = POLICY_DIFF_NARROWER;
	policy_diff_add(w, way, "witnesses.policy_sha256", before, after);
}

static void
diff_numbers(struct policy_diff_work *w, const struct policy *a,
    const struct policy *b)
{
	policy_diff_number(w, "disclosure.k", a->k, b->k,
	    POLICY_DIFF_NARROWER);
	policy_diff_number(w, "disclosure.suppression_limit_basis_points",
	    a->suppression_limit, b->suppression_limit, POLICY_DIFF_WIDER);
	policy_diff_number(w, "disclosure.minimum_cell", a->minimum_cell,
	    b->minimum_cell, POLICY_DIFF_NARROWER);
	policy_diff_number(w, "retention_days", a->retention_days,
	    b->retention_days, POLICY_DIFF_WIDER);
	policy_diff_number(w, "plan_valid_days", a->plan_valid_days,
	    b->plan_valid_days, POLICY_DIFF_WIDER);
	policy_diff_number(w, "quotas.exports_per_year", a->exports_per_year,
	    b->exports_per_year, POLICY_DIFF_WIDER);
	policy_diff_number(w, "quotas.respondents_per_export",
	    (int64_t)a->respondents_per_export,
	    (int64_t)b->respondents_per_export, POLICY_DIFF_WIDER);
	policy_diff_number(w, "withdrawal.hold_hours", a->hold_hours,
	    b->hold_hours, POLICY_DIFF_WIDER);
	policy_diff_number(w, "withdrawal.erase_backup_days",
	    a->erase_backup_days, b->erase_backup_days, POLICY_DIFF_WIDER);
	policy_diff_number(w, "withdrawal.daily_limit",
	    (int64_t)a->withdrawal_daily_limit,
	    (int64_t)b->withdrawal_daily_limit, POLICY_DIFF_OTHER);
}

static void
diff_profile(struct policy_diff_work *w, const struct policy *a,
    const struct policy *b)
{
	const char *before = a->profile != NULL ? a->profile->name : NULL;
	const char *after = b->profile != NULL ? b->profile->name : NULL;
	enum policy_diff_way way = POLICY_DIFF_OTHER;

	if (a->profile == b->profile)
		return;
	if (after == NULL)
		way = POLICY_DIFF_WIDER;
	else if (before == NULL)
		way = POLICY_DIFF_NARROWER;
	policy_diff_add(w, way, "disclosure.profile", before, after);
}

/* A date by the calendar says more than one that is relative or moved. */
static void
diff_date(struct policy_diff_work *w, const char *field,
    enum policy_date_mode before, enum policy_date_mode after)
{
	enum policy_diff_way way = POLICY_DIFF_OTHER;
	char place[64];

	if (before == after)
		return;
	if (after == POLICY_DATE_AS_IS)
		way = POLICY_DIFF_WIDER;
	else if (before == POLICY_DATE_AS_IS)
		way = POLICY_DIFF_NARROWER;
	(void)snprintf(place, sizeof(place), "disclosure.dates.%.32s", field);
	policy_diff_add(w, way, place, policy_date_words[before],
	    policy_date_words[after]);
}

static void
diff_dates(struct policy_diff_work *w, const struct policy *a,
    const struct policy *b)
{
	size_t i;

	for (i = 0; i < b->dates_len; i++)
		diff_date(w, b->dates[i].field,
		    policy_find_date(a, b->dates[i].field), b->dates[i].mode);
	for (i = 0; i < a->dates_len; i++)
		if (policy_find_date(b, a->dates[i].field) ==
		    POLICY_DATE_AS_IS)
			diff_date(w, a->dates[i].field, a->dates[i].mode,
			    POLICY_DATE_AS_IS);
}

static const char *
residence_text(const struct policy_residence *r, char text[96])
{
	if (r->field == NULL)
		return "-";
	(void)snprintf(text, 96, "%.32s %s %lld", r->field,
	    policy_unit_words[r->unit], (long long)r->smallest_population);
	return text;
}

/* What ${b} lacks of ${a}: without a rule more leaves. */
static void
diff_models(struct policy_diff_work *w, const struct policy *a,
    const struct policy *b, enum policy_diff_way way)
{
	char text[MODEL_TEXT_MAX];
	size_t i, k;

	for (i = 0; i < a->models_len; i++) {
		for (k = 0; k < b->models_len; k++)
			if (model_equal(&a->models[i], &b->models[k]))
				break;
		if (k < b->models_len)
			continue;
		model_text(&a->models[i], text);
		policy_diff_add(w, way, "disclosure.rules",
		    way == POLICY_DIFF_WIDER ? text : NULL,
		    way == POLICY_DIFF_WIDER ? NULL : text);
	}
}

static void
diff_disclosure(struct policy_diff_work *w, const struct policy *a,
    const struct policy *b)
{
	static const char *const visits[] = {"joined", "single"};
	char before[96], after[96];

	diff_profile(w, a, b);
	diff_dates(w, a, b);
	policy_diff_text(w, "disclosure.residence",
	    residence_text(&a->residence, before),
	    residence_text(&b->residence, after));
	policy_diff_text(w, "disclosure.birth", a->birth != NULL ? a->birth :
	    "-", b->birth != NULL ? b->birth : "-");
	diff_day(w, "disclosure.early_wave_until", a->early_wave_until_day,
	    b->early_wave_until_day, POLICY_DIFF_NARROWER);
	policy_diff_number(w, "disclosure.reident_maximum",
	    a->reident_maximum, b->reident_maximum, POLICY_DIFF_WIDER);
	policy_diff_switch(w, "disclosure.visits", visits, a->visits_single,
	    b->visits_single);
	diff_models(w, a, b, POLICY_DIFF_WIDER);
	diff_models(w, b, a, POLICY_DIFF_NARROWER);
	policy_diff_number(w, "disclosure.population", a->population,
	    b->population, POLICY_DIFF_OTHER);
}

static void
diff_rules(struct policy_diff_work *w, const struct policy *a,
    const struct policy *b)
{
	static const char *const byte_release[] = {"true", "false"};
	static const char *const denial[] = {"veto", "vote"};
	static const char *const guessable[] = {"false", "true"};

	diff_day(w, "valid_from", a->valid_from_day, b->valid_from_day,
	    POLICY_DIFF_NARROWER);
	diff_day(w, "valid_until", a->valid_until_day, b->valid_until_day,
	    POLICY_DIFF_WIDER);
	diff_permission(w, a->permission, b->permission);
	policy_diff_words(w, "purposes.diseases", &a->diseases, &b->diseases,
	    POLICY_DIFF_WIDER);
	policy_diff_words(w, "purposes.modifiers", &a->modifiers,
	    &b->modifiers, POLICY_DIFF_NARROWER);
	policy_diff_words(w, "legal_bases", &a->legal_bases, &b->legal_bases,
	    POLICY_DIFF_WIDER);
	diff_numbers(w, a, b);
	policy_diff_switch(w, "byte_release", byte_release, !a->byte_release,
	    !b->byte_release);
	policy_diff_switch(w, "denial", denial, a->denial_is_vote,
	    b->denial_is_vote);
	policy_diff_switch(w, "accept_guessable_ids", guessable,
	    a->accept_guessable_ids, b->accept_guessable_ids);
	diff_disclosure(w, a, b);
	diff_witnesses(w, a, b);
}

/* ---- live requests ---- */

static enum err
decide_both(const struct decision_case *c, const struct policy *next,
    const uint8_t next_sha256[32], struct policy_diff_request *ret)
{
	CLEANUP(decision_release) struct decision before = {0}, after = {0};
	struct decision_case then = *c;

	then.policy = next;
	memcpy(then.facts.policy_sha256, next_sha256, 32);
	then.facts.policy_signers = UINT32_MAX;
	RETURN_IF(decision_make(c, &before));
	RETURN_IF(decision_make(&then, &after));
	ret->request = c->request->id;
	ret->before = before.verdict;
	ret->after = after.verdict;
	ret->reasons = after.reasons;
	after.reasons = (struct reasons){0};
	return ERR_OK;
}

enum err
policy_diff_make(const struct policy *old, const struct policy *next,
    const uint8_t next_sha256[32], struct policy_diff_live live,
    struct policy_diff *ret)
{
	CLEANUP(policy_diff_release) struct policy_diff d = {0};
	struct policy_diff_work w = {&d, ERR_OK};
	size_t i;

	diff_rules(&w, old, next);
	policy_diff_lists(&w, old, next);
	RETURN_IF(w.e);
	d.requests = calloc(live.len + 1, sizeof(*d.requests));
	if (d.requests == NULL)
		return ERR_NOMEM;
	for (i = 0; i < live.len; i++) {
		RETURN_IF(decide_both(&live.cases[i], next, next_sha256,
		    &d.requests[i]));
		d.requests_len = i + 1;
	}
	*ret = d;
	d = (struct policy_diff){0};
	return ERR_OK;
}
