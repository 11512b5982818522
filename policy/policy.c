/* policy/policy.c - a policy against surveys, ladders and the charter. */
#include "policy/policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/disclosure/ladder.h"
#include "policy/grammar.h"
#include "survey/survey.h"

const struct policy_partner *
policy_find_partner(const struct policy *p, const char *id)
{
	size_t i;

	for (i = 0; i < p->partners_len; i++)
		if (strcmp(p->partners[i].id, id) == 0)
			return &p->partners[i];
	return NULL;
}

const struct policy_survey *
policy_find_survey(const struct policy *p, const char *name, unsigned version)
{
	size_t i;

	for (i = 0; i < p->surveys_len; i++)
		if (strcmp(p->surveys[i].name, name) == 0 &&
		    p->surveys[i].version == version)
			return &p->surveys[i];
	return NULL;
}

const struct policy_ladder *
policy_find_ladder(const struct policy *p, const char *name)
{
	size_t i;

	for (i = 0; i < p->ladders_len; i++)
		if (strcmp(p->ladders[i].name, name) == 0)
			return &p->ladders[i];
	return NULL;
}

static const struct policy_release *
find_release(const struct policy *p, const char *survey, unsigned version)
{
	size_t i;

	for (i = 0; i < p->releases_len; i++)
		if (strcmp(p->releases[i].survey, survey) == 0 &&
		    p->releases[i].version == version)
			return &p->releases[i];
	return NULL;
}

const struct policy_rule *
policy_find_rule(const struct policy *p, const char *survey, unsigned version,
    const char *field)
{
	const struct policy_release *r = find_release(p, survey, version);
	size_t i;

	for (i = 0; r != NULL && i < r->rules_len; i++)
		if (strcmp(r->rules[i].field, field) == 0)
			return &r->rules[i];
	return NULL;
}

const struct consent_text *
policy_find_text(const struct policy *p, const uint8_t sha256[32])
{
	size_t i;

	for (i = 0; i < p->texts_len; i++)
		if (memcmp(p->texts[i].sha256, sha256, 32) == 0)
			return &p->texts[i];
	return NULL;
}

/* ---- surveys ---- */

static enum err
check_class(const struct survey_field *f, const struct policy_rule *r,
    enum policy_date_mode date, struct err_info *info)
{
	if (f->disclosure == SURVEY_IDENTIFYING)
		return err_at(info, ERR_REFUSED, 0, "release.%s: the field "
		    "is identifying and can only be \"never\"", r->field);
	if (f->disclosure == SURVEY_UNCLASSIFIED)
		return err_at(info, ERR_REFUSED, 0, "release.%s: the field "
		    "has no disclosure class and can only be \"never\"",
		    r->field);
	if (date != POLICY_DATE_AS_IS && f->kind != SURVEY_KIND_DATE)
		return err_at(info, ERR_UNSUPPORTED, 0, "disclosure.dates.%s: "
		    "the field is no date", r->field);
	if (date == POLICY_DATE_RELATIVE && r->kind == POLICY_LADDER)
		return err_at(info, ERR_UNSUPPORTED, 0, "disclosure.dates.%s: "
		    "a relative date has no ladder", r->field);
	if (r->kind != POLICY_LADDER)
		return ERR_OK;
	if (f->kind == SURVEY_KIND_LIST)
		return err_at(info, ERR_UNSUPPORTED, 0, "release.%s: a list "
		    "has no ladder", r->field);
	/* Only quasi-identifying columns take part in the search for levels. */
	if (f->disclosure != SURVEY_QUASI_IDENTIFYING && r->from != r->to)
		return err_at(info, ERR_UNSUPPORTED, 0, "release.%s: a field "
		    "that is not quasi-identifying needs \"from\" equal to "
		    "\"to\"", r->field);
	return ERR_OK;
}

static int
has_order(const struct survey_field *f)
{
	return f->kind == SURVEY_KIND_INTEGER || f->kind == SURVEY_KIND_NUMBER ||
	    f->kind == SURVEY_KIND_DATE || f->kind == SURVEY_KIND_BOOLEAN ||
	    f->categories_len > 0;
}

/* Why a rule beside k cannot be on that field; NULL: it can. */
static const char *
model_fault(const struct model_rule *m, const struct survey_field *f,
    const struct policy_rule *r)
{
	if (f->disclosure == SURVEY_QUASI_IDENTIFYING)
		return "is quasi-identifying: those who are alike are equal in it";
	if ((m->kind == MODEL_SETS) != (f->kind == SURVEY_KIND_LIST))
		return m->kind == MODEL_SETS ? "is no list" :
		    "is a list, which only k-to-m fits";
	if (m->kind == MODEL_T_ORDERED &&
	    (!has_order(f) || r->kind == POLICY_LADDER))
		return "has no order as it leaves";
	if (m->kind == MODEL_T_LADDER && r->kind == POLICY_LADDER &&
	    strcmp(r->ladder, m->ladder) != 0)
		return "leaves by another ladder";
	return NULL;
}

static enum err
check_models(const struct policy *p, const struct survey *s,
    struct err_info *info)
{
	const struct survey_field *f;
	const struct policy_rule *rule;
	const char *fault;
	size_t i;

	for (i = 0; i < p->models_len; i++) {
		rule = policy_find_rule(p, s->name, s->version,
		    p->models[i].field);
		f = survey_find(s, bytes_str(p->models[i].field));
		if (f == NULL || rule == NULL || rule->kind == POLICY_NEVER)
			continue;       /* of another survey */
		if ((fault = model_fault(&p->models[i], f, rule)) != NULL)
			return err_at(info, ERR_UNSUPPORTED, 0,
			    "disclosure.rules: %s %s", f->name, fault);
	}
	return ERR_OK;
}

enum err
policy_check_survey(const struct policy *p, const struct survey *s,
    const uint8_t sha256[32], struct err_info *info)
{
	const struct policy_survey *named =
	    policy_find_survey(p, s->name, s->version);
	const struct policy_release *r;
	const struct survey_field *f;
	size_t i;

	if (named == NULL)
		return err_at(info, ERR_NOT_FOUND, 0,
		    "surveys: %s version %u is not named", s->name,
		    s->version);
	if (memcmp(named->sha256, sha256, 32) != 0)
		return err_at(info, ERR_MISMATCH, 0, "surveys: the document "
		    "of %s version %u is another one", s->name, s->version);
	if ((r = find_release(p, s->name, s->version)) == NULL)
		return ERR_OK;
	for (i = 0; i < r->rules_len; i++) {
		f = survey_find(s, bytes_str(r->rules[i].field));
		if (f == NULL)
			return err_at(info, ERR_NOT_FOUND, 0, "release.%s: "
			    "survey %s version %u has no such field",
			    r->rules[i].field, s->name, s->version);
		if (r->rules[i].kind != POLICY_NEVER)
			RETURN_IF(check_class(f, &r->rules[i],
			    policy_find_date(p, f->name), info));
	}
	return check_models(p, s, info);
}

static const struct policy_ladder_file *
find_file(const struct policy_ladder_file *files, size_t len,
    const char *name)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (strcmp(files[i].name, name) == 0)
			return &files[i];
	return NULL;
}

static enum err
check_ladder(const struct policy *p, const struct policy_rule *r,
    const struct policy_ladder_file *file, const struct survey_field *f,
    struct err_info *info)
{
	CLEANUP(ladder_cleanup) struct ladder *l = NULL;
	enum err e;

	if (file == NULL)
		return err_at(info, ERR_NOT_FOUND, 0,
		    "release.%s: ladder %s is not there", r->field, r->ladder);
	if (memcmp(file->sha256, policy_find_ladder(p, r->ladder)->sha256,
	    32) != 0)
		return err_at(info, ERR_MISMATCH, 0, "release.%s: ladder %s "
		    "is another file than the policy names", r->field,
		    r->ladder);
	e = ladder_parse(file->bytes, f, &l, info);
	if (e != ERR_OK && info != NULL)
		(void)snprintf(info->file, sizeof(info->file), "ladder %s",
		    r->ladder);
	RETURN_IF(e);
	if (r->to >= ladder_levels(l))
		return err_at(info, ERR_RANGE, 0, "release.%s: ladder %s has "
		    "levels 0 to %u, not %u", r->field, r->ladder,
		    ladder_levels(l) - 1, r->to);
	return ERR_OK;
}

enum err
policy_check_ladders(const struct policy *p, const struct survey *s,
    const struct policy_ladder_file *files, size_t files_len,
    struct err_info *info)
{
	const struct policy_release *r = find_release(p, s->name, s->version);
	const struct survey_field *f;
	const struct policy_rule *rule;
	size_t i;

	for (i = 0; r != NULL && i < r->rules_len; i++) {
		rule = &r->rules[i];
		if (rule->kind != POLICY_LADDER)
			continue;
		if ((f = survey_find(s, bytes_str(rule->field))) == NULL)
			return err_at(info, ERR_NOT_FOUND, 0,
			    "release.%s: no such field", rule->field);
		RETURN_IF(check_ladder(p, rule, find_file(files, files_len,
		    rule->ladder), f, info));
	}
	for (i = 0; r != NULL && i < p->models_len; i++) {
		struct policy_rule of = {.field = p->models[i].field,
		    .kind = POLICY_LADDER, .ladder = p->models[i].ladder};

		f = survey_find(s, bytes_str(of.field));
		if (p->models[i].kind == MODEL_T_LADDER && f != NULL)
			RETURN_IF(check_ladder(p, &of, find_file(files,
			    files_len, of.ladder), f, info));
	}
	return ERR_OK;
}

/* ---- charter and succession ---- */

static int
shares_key(const struct policy_partner *partner, const struct charter *c,
    const struct charter_seat *s)
{
	return strcmp(partner->age, s->age) == 0 ||
	    (s->spare != NULL && strcmp(partner->age, s->spare) == 0) ||
	    strcmp(partner->ssh, s->ssh) == 0 ||
	    strcmp(partner->ssh, c->gateway_key) == 0;
}

int
policy_partner_conflict(const struct policy_partner *partner,
    const struct charter *c, const char **ret)
{
	size_t i;

	for (i = 0; i < c->seats_len; i++) {
		if (shares_key(partner, c, &c->seats[i])) {
			*ret = "key";
			return 1;
		}
		if (grammar_same_institution(partner->institution,
		    c->seats[i].institution)) {
			*ret = "institution";
			return 1;
		}
	}
	if (grammar_same_institution(partner->institution, c->operator_name)) {
		*ret = "operator";
		return 1;
	}
	return 0;
}

enum err
policy_check_charter(const struct policy *p, const struct charter *c,
    const uint8_t charter_sha256[32], struct err_info *info)
{
	const char *what;
	size_t i;

	if (strcmp(p->owner, c->owner) != 0)
		return err_at(info, ERR_MISMATCH, 0,
		    "owner: is not the charter's");
	if (memcmp(p->charter_sha256, charter_sha256, 32) != 0)
		return err_at(info, ERR_MISMATCH, 0,
		    "charter: is not the digest of the charter in force");
	for (i = 0; i < p->partners_len; i++)
		if (policy_partner_conflict(&p->partners[i], c, &what))
			return err_at(info, ERR_REFUSED, 0, "partners[%zu]: "
			    "%s shares its %s with %s", i, p->partners[i].id,
			    strcmp(what, "operator") == 0 ? "institution" :
			    what, strcmp(what, "operator") == 0 ?
			    "the operator" : "a seat that decides");
	return ERR_OK;
}

enum err
policy_check_successor(const struct policy *old, const uint8_t old_sha256[32],
    const struct policy *next, struct err_info *info)
{
	if (strcmp(old->owner, next->owner) != 0)
		return err_at(info, ERR_MISMATCH, 0,
		    "owner: is not the one of the policy before");
	if (next->version != old->version + 1)
		return err_at(info, ERR_MISMATCH, 0,
		    "version: must be %llu",
		    (unsigned long long)old->version + 1);
	if (!next->has_previous ||
	    memcmp(next->previous, old_sha256, 32) != 0)
		return err_at(info, ERR_MISMATCH, 0,
		    "previous: is not the digest of the policy before");
	return ERR_OK;
}
