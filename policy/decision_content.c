/* policy/decision_content.c - what for, under which consent, which fields. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/decision_internal.h"
#include "policy/disclosure/ladder.h"
#include "survey/survey.h"

#define IRB "DUO:0000021"
#define RULE_MAX 128

static struct duo_list
list_of(const struct words *w)
{
	return (struct duo_list){w->items, w->len};
}

/* The purpose of the request, as DUO matching takes it; borrowed. */
static struct duo_purpose
purpose_of(const struct decision_case *c)
{
	return (struct duo_purpose){list_of(&c->request->purpose),
	    list_of(&c->request->disease), decision_has_ethics(c)};
}

/* ---- purpose ---- */

static enum err
judge_code(const struct decision_case *c, const struct duo_terms *terms,
    const char *id, struct reasons *r)
{
	const struct duo_code *code = duo_find(id);
	const char *disease = NULL;

	if (code == NULL)
		return reasons_add(r, REASON_PURPOSE_DENIED,
		    "policy: purposes.permission", id, c->policy->permission);
	if (code->kind == DUO_MODIFIER)
		return duo_states_more(terms, id) ? reasons_add(r,
		    REASON_PURPOSE_ASK, "policy: purposes.modifiers", id,
		    code->shorthand) : ERR_OK;
	if (duo_match_permission(terms, id, list_of(&c->request->disease),
	    &c->facts.world, &disease) != DUO_DENY)
		return ERR_OK;
	if (disease != NULL)
		return reasons_add(r, REASON_DISEASE_DENIED,
		    "policy: purposes.diseases", disease, NULL);
	return reasons_add(r, REASON_PURPOSE_DENIED,
	    "policy: purposes.permission", id, c->policy->permission);
}

static enum err
judge_modifier(const struct decision_case *c, const char *id,
    struct reasons *r)
{
	const struct duo_purpose purpose = purpose_of(c);
	const char *shorthand = duo_find(id)->shorthand;

	switch (duo_match_modifier(id, &purpose)) {
	case DUO_DENY:
		/* judge_ethics says it in plainer words */
		if (strcmp(id, IRB) == 0)
			return ERR_OK;
		return reasons_add(r, REASON_CONDITION_DENIED,
		    "policy: purposes.modifiers", id, shorthand);
	case DUO_ASK:
		return reasons_add(r, REASON_CONDITION_ASK,
		    "policy: purposes.modifiers", id, shorthand);
	case DUO_APPROVE:
	default:
		return ERR_OK;
	}
}

static enum err
judge_ethics(const struct decision_case *c, struct reasons *r)
{
	const struct request *q = c->request;
	char day[DECISION_TEXT_MAX];

	if (q->ethics_approval == NULL) {
		if (!words_has(&c->policy->modifiers, IRB))
			return ERR_OK;
		return reasons_add(r, REASON_ETHICS_MISSING,
		    "policy: purposes.modifiers", NULL, NULL);
	}
	if (decision_has_ethics(c))
		return ERR_OK;
	decision_day_text(q->ethics_expiry_day, day);
	return reasons_add(r, REASON_ETHICS_EXPIRED, "request: ethics-expiry",
	    day, NULL);
}

/* A purpose of conditions only asks for nothing that could be permitted. */
static enum err
judge_permissions(const struct decision_case *c, struct reasons *r)
{
	const struct words *codes = &c->request->purpose;
	const struct duo_code *code;
	size_t i;

	for (i = 0; i < codes->len; i++) {
		code = duo_find(codes->items[i]);
		if (code != NULL && code->kind == DUO_PERMISSION)
			return ERR_OK;
	}
	return reasons_add(r, REASON_PURPOSE_DENIED,
	    "policy: purposes.permission", "-", c->policy->permission);
}

enum err
decision_judge_purpose(const struct decision_case *c, struct decision *d)
{
	const struct policy *p = c->policy;
	const struct duo_terms terms = {{&p->permission, 1},
	    list_of(&p->diseases), list_of(&p->modifiers)};
	struct reasons *r = &d->reasons;
	size_t i;

	RETURN_IF(judge_permissions(c, r));
	for (i = 0; i < c->request->purpose.len; i++)
		RETURN_IF(judge_code(c, &terms, c->request->purpose.items[i],
		    r));
	for (i = 0; i < p->modifiers.len; i++)
		RETURN_IF(judge_modifier(c, p->modifiers.items[i], r));
	RETURN_IF(judge_ethics(c, r));
	if (!words_has(&p->legal_bases, c->request->legal_basis))
		RETURN_IF(reasons_add(r, REASON_LEGAL_BASIS,
		    "policy: legal_bases", c->request->legal_basis, NULL));
	return ERR_OK;
}

/* ---- consent texts ---- */

static enum err
judge_text(const struct decision_case *c, const struct consent_text *t,
    struct decision *d)
{
	const struct duo_purpose purpose = purpose_of(c);
	static const char rule[] = "policy: consent_texts";
	struct plan_text *line;

	switch (consent_text_covers(t, &purpose, &c->facts.world)) {
	case DUO_APPROVE:
		line = &d->texts[d->texts_len++];
		memcpy(line->sha256, t->sha256, sizeof(line->sha256));
		line->scopes = CONSENT_EXPORT;
		return ERR_OK;
	case DUO_ASK:
		return reasons_add(&d->reasons, REASON_CONSENT_TEXT_ASK,
		    rule, t->title, NULL);
	case DUO_DENY:
	default:
		return reasons_add(&d->reasons, REASON_CONSENT_TEXT_NOT,
		    rule, t->title, NULL);
	}
}

enum err
decision_judge_texts(const struct decision_case *c, struct decision *d)
{
	const struct policy *p = c->policy;
	size_t i;

	d->texts = calloc(p->texts_len + 1, sizeof(*d->texts));
	if (d->texts == NULL)
		return ERR_NOMEM;
	for (i = 0; i < p->texts_len; i++)
		RETURN_IF(judge_text(c, &p->texts[i], d));
	if (d->texts_len == 0)
		RETURN_IF(reasons_add(&d->reasons, REASON_NO_CONSENT_TEXT,
		    "policy: consent_texts", NULL, NULL));
	return ERR_OK;
}

/* ---- fields ---- */

/* The ladder is there, is the policy's file, and has the levels. */
static enum err
ladder_fits(const struct decision_case *c, const struct policy_rule *rule,
    const struct survey_field *f, int *ret)
{
	CLEANUP(ladder_cleanup) struct ladder *l = NULL;
	const struct policy_ladder *named =
	    policy_find_ladder(c->policy, rule->ladder);
	enum err e;
	size_t i;

	*ret = 0;
	for (i = 0; i < c->ladders_len; i++)
		if (strcmp(c->ladders[i].name, rule->ladder) == 0)
			break;
	if (named == NULL || i == c->ladders_len ||
	    memcmp(named->sha256, c->ladders[i].sha256, 32) != 0)
		return ERR_OK;
	e = ladder_parse(c->ladders[i].bytes, f, &l, NULL);
	if (e == ERR_OK)
		*ret = rule->to < ladder_levels(l);
	return e == ERR_NOMEM ? e : ERR_OK;
}

/* Why the field may not leave by its class alone; 0 where it may. */
static enum reason_code
class_forbids(const struct survey_field *f)
{
	if (f->disclosure == SURVEY_IDENTIFYING)
		return REASON_FIELD_IDENTIFYING;
	return f->disclosure == SURVEY_UNCLASSIFIED ?
	    REASON_FIELD_UNCLASSIFIED : (enum reason_code)0;
}

static const struct decision_level *
find_frozen(const struct decision_facts *f, const char *field)
{
	size_t i;

	for (i = 0; i < f->frozen_len; i++)
		if (strcmp(f->frozen[i].field, field) == 0)
			return &f->frozen[i];
	return NULL;
}

/* A column that was released before goes out as it did then: two levels of one
 * answer would be finer together than either. */
static enum err
freeze_column(const struct decision_case *c, const struct policy_rule *rule,
    const char *place, struct plan_column *column, struct reasons *r)
{
	const struct decision_level *l = find_frozen(&c->facts,
	    column->field);
	static const uint8_t none[32];
	const uint8_t *ladder = none;
	char level[DECISION_TEXT_MAX];

	if (l == NULL)
		return ERR_OK;
	if (rule->kind == POLICY_LADDER)
		ladder = policy_find_ladder(c->policy, rule->ladder)->sha256;
	if (l->level >= column->from && l->level <= column->to &&
	    l->date == column->date &&
	    memcmp(ladder, l->ladder_sha256, 32) == 0) {
		column->from = column->to = l->level;
		return ERR_OK;
	}
	decision_number_text(l->level, level);
	return reasons_add(r, REASON_SCHEME_FROZEN, place, column->field,
	    level);
}

static enum err
add_column(const struct decision_case *c, const struct policy_rule *rule,
    const struct survey_field *f, const char *place, struct decision *d)
{
	struct plan_column *column = &d->columns[d->columns_len];
	int fits = 1;

	if (rule->kind == POLICY_LADDER)
		RETURN_IF(ladder_fits(c, rule, f, &fits));
	if (!fits)
		return reasons_add(&d->reasons, REASON_LADDER_MISSING, place,
		    f->name, rule->ladder);
	(void)snprintf(column->field, sizeof(column->field), "%s", f->name);
	if (rule->kind == POLICY_LADDER) {
		(void)snprintf(column->ladder, sizeof(column->ladder), "%s",
		    rule->ladder);
		column->from = rule->from;
		column->to = rule->to;
	}
	if (f->kind == SURVEY_KIND_DATE)
		column->date = (unsigned)policy_find_date(c->policy, f->name);
	d->columns_len++;
	return freeze_column(c, rule, place, column, &d->reasons);
}

static enum err
judge_field(const struct decision_case *c, const char *name,
    struct decision *d)
{
	const struct survey *s = c->survey;
	const struct survey_field *f = survey_find(s, bytes_str(name));
	const struct policy_rule *rule =
	    policy_find_rule(c->policy, s->name, s->version, name);
	enum reason_code code = 0;
	char place[RULE_MAX];

	(void)snprintf(place, sizeof(place), "policy: release.%s/%u.%s",
	    s->name, s->version, name);
	if (f == NULL)
		code = REASON_FIELD_UNKNOWN;
	else if ((code = class_forbids(f)) != 0)
		;
	else if (rule == NULL)
		code = REASON_FIELD_NOT_LISTED;
	else if (rule->kind == POLICY_NEVER)
		code = REASON_FIELD_NEVER;
	if (code != 0)
		return reasons_add(&d->reasons, code, place, name, NULL);
	return add_column(c, rule, f, place, d);
}

/* The policy names the survey asked for, and this is its document. */
static enum err
judge_survey(const struct decision_case *c, struct reasons *r, int *ret_ok)
{
	const struct request *q = c->request;
	const struct policy_survey *named =
	    policy_find_survey(c->policy, q->survey_name, q->survey_version);
	char text[64];

	*ret_ok = 0;
	(void)snprintf(text, sizeof(text), "%s %u", q->survey_name,
	    q->survey_version);
	if (named == NULL)
		return reasons_add(r, REASON_SURVEY_UNKNOWN,
		    "policy: surveys", text, NULL);
	if (c->survey == NULL ||
	    strcmp(c->survey->name, q->survey_name) != 0 ||
	    c->survey->version != q->survey_version ||
	    memcmp(named->sha256, c->facts.survey_sha256, 32) != 0)
		return reasons_add(r, REASON_SURVEY_DIGEST,
		    "policy: surveys", text, NULL);
	*ret_ok = 1;
	return ERR_OK;
}

enum err
decision_judge_fields(const struct decision_case *c, struct decision *d)
{
	const struct words *fields = &c->request->fields;
	size_t i;
	int ok;

	d->columns = calloc(fields->len + 1, sizeof(*d->columns));
	if (d->columns == NULL)
		return ERR_NOMEM;
	RETURN_IF(judge_survey(c, &d->reasons, &ok));
	for (i = 0; ok && i < fields->len; i++)
		RETURN_IF(judge_field(c, fields->items[i], d));
	return ERR_OK;
}
