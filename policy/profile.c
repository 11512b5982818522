/* policy/profile.c - the rule sets, and a policy held against one. */
#include "policy/profile.h"

#include <stdio.h>
#include <string.h>

#include "core/clock.h"
#include "policy/disclosure/ladder.h"
#include "policy/policy.h"
#include "policy/reason.h"
#include "survey/answers.h"
#include "survey/survey.h"

#define NDB_NOTHING 2000        /* people in an area: show nothing below */
#define NDB_TWENTY 25000        /* below: no cell under 20 */
#define NDB_TWENTY_CELL 20

static const struct profile profiles[] = {
	{.name = "ndb-like",
	    .basis_en = "MHLW guideline on providing the NDB, rules for tables: no cell under 10 patients; municipality of 2,000 to 25,000 people under 20; under 2,000 nothing",
	    .basis_ja = "NDBの利用に関するガイドライン(公表の最小集計単位): 患者10人未満は不可、人口2,000人以上25,000人未満の市区町村では20人未満、2,000人未満では公表しない",
	    .k = 10, .minimum_cell = 10, .needs_residence = 1},
	{.name = "idb-like",
	    .basis_en = "infectious disease database (Infectious Disease Act, Art. 56-41): birth to year and month, residence to the prefecture, no free text, care for the early epidemic period",
	    .basis_ja = "感染症法第56条の41の感染症データベース(iDB): 生年月まで、居住地は都道府県、自由記載なし、流行初期への配慮",
	    .k = 10, .minimum_cell = 10, .needs_prefecture = 1,
	    .needs_birth_month = 1, .no_free_text = 1,
	    .guards_early_wave = 1},
	{.name = "opensafely-like",
	    .basis_en = "OpenSAFELY output rules: counts of 7 or less are redacted, then counts are rounded to 5; two people check every output",
	    .basis_ja = "OpenSAFELYの出力規則: 7以下を秘匿し、その後5の倍数に丸める。二人が出力を確認する",
	    .k = 8, .minimum_cell = 8, .rounding = 5,
	    .needs_byte_release = 1},
	{.name = "acro-10",
	    .basis_en = "ACRO defaults: threshold 10, output checked by people",
	    .basis_ja = "ACROの既定値: しきい値10、人による出力の確認",
	    .k = 10, .minimum_cell = 10, .needs_byte_release = 1},
};

const struct profile *
profile_at(size_t i)
{
	return i < ARRAY_LEN(profiles) ? &profiles[i] : NULL;
}

const struct profile *
profile_find(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(profiles); i++)
		if (strcmp(profiles[i].name, name) == 0)
			return &profiles[i];
	return NULL;
}

/* ---- breaches ---- */

struct judging {
	const struct profile_case *c;
	const struct profile *profile;
	struct reasons *reasons;
};

/* ${rule} is breached by ${what}; ${needed} would keep it. */
static enum err
breach(const struct judging *j, const char *rule, const char *what,
    const char *needed)
{
	char place[96];

	(void)snprintf(place, sizeof(place), "profile %s: %s",
	    j->profile->name, rule);
	return reasons_add(j->reasons, REASON_PROFILE, place, what, needed);
}

static enum err
at_least(const struct judging *j, const char *rule, unsigned have,
    unsigned need)
{
	char what[48], needed[48];

	if (have >= need)
		return ERR_OK;
	(void)snprintf(what, sizeof(what), "%s = %u", rule, have);
	(void)snprintf(needed, sizeof(needed), "%s >= %u", rule, need);
	return breach(j, rule, what, needed);
}

/* Published cells, and what one person is among, by the smallest area. */
static enum err
judge_numbers(const struct judging *j)
{
	const struct policy *p = j->c->policy;
	unsigned k = j->profile->k, cell = j->profile->minimum_cell;

	if (j->profile->needs_residence && p->residence.field != NULL &&
	    p->residence.smallest_population < NDB_TWENTY)
		k = cell = NDB_TWENTY_CELL;
	RETURN_IF(at_least(j, "k", p->k, k));
	return at_least(j, "minimum_cell", p->minimum_cell, cell);
}

static int
is_asked(const struct profile_case *c, const char *field)
{
	size_t i;

	if (c->fields == NULL)
		return 1;
	for (i = 0; i < c->fields_len; i++)
		if (strcmp(c->fields[i], field) == 0)
			return 1;
	return 0;
}

/* The field's rule, where it leaves in this case; else NULL. */
static const struct policy_rule *
leaving(const struct judging *j, const char *field)
{
	const struct survey *s = j->c->survey;
	const struct policy_rule *r;

	if (s == NULL || field == NULL || !is_asked(j->c, field))
		return NULL;
	r = policy_find_rule(j->c->policy, s->name, s->version, field);
	return r != NULL && r->kind != POLICY_NEVER ? r : NULL;
}

static enum err
judge_residence(const struct judging *j)
{
	const struct policy_residence *r = &j->c->policy->residence;

	if (r->field == NULL)
		return breach(j, "residence", "-", "disclosure.residence");
	if (leaving(j, r->field) == NULL)
		return ERR_OK;
	if (r->unit < POLICY_UNIT_MUNICIPALITY)
		RETURN_IF(breach(j, "residence", policy_unit_words[r->unit],
		    policy_unit_words[POLICY_UNIT_MUNICIPALITY]));
	if (r->unit == POLICY_UNIT_MUNICIPALITY &&
	    r->smallest_population < NDB_NOTHING)
		return breach(j, "residence", "smallest_population < 2000",
		    policy_unit_words[POLICY_UNIT_MEDICAL_AREA]);
	return ERR_OK;
}

static enum err
judge_prefecture(const struct judging *j)
{
	const struct policy_residence *r = &j->c->policy->residence;

	if (r->field == NULL)
		return breach(j, "residence", "-", "disclosure.residence");
	if (leaving(j, r->field) == NULL ||
	    r->unit == POLICY_UNIT_PREFECTURE)
		return ERR_OK;
	return breach(j, "residence", policy_unit_words[r->unit],
	    policy_unit_words[POLICY_UNIT_PREFECTURE]);
}

/* ---- dates ---- */

/* Does the rule leave two days of one month apart? */
static int
tells_days(const struct judging *j, const struct survey_field *f,
    const struct policy_rule *r)
{
	CLEANUP(ladder_cleanup) struct ladder *l = NULL;
	CLEANUP(ladder_map_cleanup) struct ladder_map *m = NULL;
	const struct answers_value days[2] = {
		{.answered = 1, .number = SURVEY_DATE_FIRST + 6000},
		{.answered = 1, .number = SURVEY_DATE_FIRST + 6014}};
	uint32_t leaf[2];
	size_t i;

	if (r->kind != POLICY_LADDER)
		return 1;
	for (i = 0; i < j->c->ladders_len; i++)
		if (strcmp(j->c->ladders[i].name, r->ladder) == 0)
			break;
	/* what cannot be looked at counts as fine */
	if (i == j->c->ladders_len ||
	    ladder_parse(j->c->ladders[i].bytes, f, &l, NULL) != ERR_OK ||
	    r->from >= ladder_levels(l) ||
	    ladder_map_new(l, 0, &m) != ERR_OK ||
	    ladder_map_leaf(m, &days[0], &leaf[0]) != ERR_OK ||
	    ladder_map_leaf(m, &days[1], &leaf[1]) != ERR_OK)
		return 1;
	return ladder_map_level(m, r->from)[leaf[0]] !=
	    ladder_map_level(m, r->from)[leaf[1]];
}

static enum err
judge_birth(const struct judging *j)
{
	const struct policy *p = j->c->policy;
	const struct policy_rule *r = leaving(j, p->birth);
	const struct survey_field *f;

	if (r == NULL)
		return ERR_OK;
	f = survey_find(j->c->survey, bytes_str(p->birth));
	if (f != NULL && f->kind == SURVEY_KIND_DATE && tells_days(j, f, r))
		return breach(j, "birth", p->birth, "YYYY-MM");
	return ERR_OK;
}

/* In an early wave a day and a place name a person whom the press described. */
static enum err
judge_early_date(const struct judging *j, const struct survey_field *f)
{
	const struct policy *p = j->c->policy;
	const struct policy_rule *r = leaving(j, f->name);

	if (r == NULL || f->kind != SURVEY_KIND_DATE ||
	    (p->birth != NULL && strcmp(p->birth, f->name) == 0) ||
	    policy_find_date(p, f->name) != POLICY_DATE_AS_IS ||
	    !tells_days(j, f, r))
		return ERR_OK;
	if (!p->has_early_wave)
		return breach(j, "early-wave", f->name,
		    "disclosure.early_wave_until");
	/* without a period it is for each request to be judged */
	if (!j->c->has_period || j->c->from_day > p->early_wave_until_day)
		return ERR_OK;
	return breach(j, "early-wave", f->name, "relative, YYYY-MM");
}

static enum err
judge_field(const struct judging *j, const struct survey_field *f)
{
	if (j->profile->no_free_text && f->kind == SURVEY_KIND_TEXT) {
		const struct policy_rule *r = leaving(j, f->name);

		if (r != NULL && r->kind == POLICY_AS_IS)
			RETURN_IF(breach(j, "free-text", f->name, "never"));
	}
	return j->profile->guards_early_wave ? judge_early_date(j, f) :
	    ERR_OK;
}

enum err
profile_judge(const struct profile_case *c, struct reasons *reasons)
{
	const struct profile *p = c->policy->profile;
	const struct judging j = {c, p, reasons};
	size_t i;

	if (p == NULL)
		return ERR_OK;
	RETURN_IF(c->fields_only ? ERR_OK : judge_numbers(&j));
	if (!c->fields_only && p->needs_byte_release && !c->policy->byte_release)
		RETURN_IF(breach(&j, "byte_release", "false", "true"));
	if (p->needs_residence)
		RETURN_IF(judge_residence(&j));
	if (p->needs_prefecture)
		RETURN_IF(judge_prefecture(&j));
	if (p->needs_birth_month)
		RETURN_IF(judge_birth(&j));
	for (i = 0; c->survey != NULL && i < c->survey->fields_len; i++)
		RETURN_IF(judge_field(&j, &c->survey->fields[i]));
	return ERR_OK;
}
