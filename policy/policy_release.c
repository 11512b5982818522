/* policy/policy_release.c - the rules under `release`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/grammar.h"
#include "policy/plan.h"
#include "policy/policy_internal.h"

#define WHERE_MAX 128

static enum err
read_ladder_rule(const struct policy *p, const struct json_doc *v,
    const char *where, struct policy_rule *r, struct err_info *info)
{
	static const char *const keys[] = {"ladder", "from", "to", NULL};
	static const int64_t levels[2] = {0, PLAN_LEVEL_MAX};

	RETURN_IF(json_doc_only(v, keys, where, info));
	RETURN_IF(policy_name(v, "ladder", where, &r->ladder, info));
	RETURN_IF(policy_uint(v, "from", levels, where, &r->from, info));
	RETURN_IF(policy_uint(v, "to", levels, where, &r->to, info));
	if (r->to < r->from)
		return err_at(info, ERR_RANGE, 0, "%s: \"to\" is below "
		    "\"from\"", where);
	if (policy_find_ladder(p, r->ladder) == NULL)
		return err_at(info, ERR_NOT_FOUND, 0, "%s: ladder \"%s\" is "
		    "not under ladders", where, r->ladder);
	r->kind = POLICY_LADDER;
	return ERR_OK;
}

static enum err
read_rule(const struct policy *p, const struct json_doc *v, const char *where,
    struct policy_rule *r, struct err_info *info)
{
	const char *word = json_doc_string(v);

	if (!grammar_is_field(bytes_str(r->field)))
		return err_at(info, ERR_SYNTAX, 0, "%s: not a field name",
		    where);
	if (json_doc_type(v) == JSON_DOC_OBJECT)
		return read_ladder_rule(p, v, where, r, info);
	if (word == NULL)
		return err_at(info, ERR_SYNTAX, 0, "%s: a rule is a word or "
		    "an object", where);
	if (strcmp(word, "never") == 0)
		r->kind = POLICY_NEVER;
	else if (strcmp(word, "as-is") == 0)
		r->kind = POLICY_AS_IS;
	else
		return err_at(info, ERR_UNKNOWN, 0,
		    "%s: unknown rule \"%.32s\"", where, word);
	return ERR_OK;
}

static enum err
read_rules(const struct policy *p, struct policy_release *r,
    const struct json_doc *v, struct err_info *info)
{
	size_t i, len = json_doc_len(v);
	char where[WHERE_MAX];
	struct policy_rule *rule;

	for (i = 0; i < len; i++) {
		rule = &r->rules[i];
		rule->field = json_doc_key_at(v, i);
		(void)snprintf(where, sizeof(where), "release.%s/%u.%.40s",
		    r->survey, r->version, rule->field);
		RETURN_IF(read_rule(p, json_doc_value_at(v, i), where, rule,
		    info));
	}
	r->rules_len = len;
	return ERR_OK;
}

static enum err
open_rules(struct policy_release *r, const struct json_doc *fields,
    const char *where, struct err_info *info)
{
	size_t len = json_doc_len(fields);

	if (fields == NULL || json_doc_type(fields) != JSON_DOC_OBJECT)
		return err_at(info, ERR_SYNTAX, 0,
		    "%s: \"fields\" must be given, as an object", where);
	if (len > POLICY_RULES_MAX)
		return err_at(info, ERR_LIMIT, 0, "%s: more than %d fields",
		    where, POLICY_RULES_MAX);
	r->rules = calloc(len + 1, sizeof(*r->rules));
	return r->rules != NULL ? ERR_OK : ERR_NOMEM;
}

static enum err
read_release(struct policy *p, const struct json_doc *v, size_t i,
    struct err_info *info)
{
	static const char *const keys[] = {"survey", "version", "fields",
	    NULL};
	static const int64_t versions[2] = {1, 65535};
	struct policy_release *r = &p->releases[i];
	const struct json_doc *fields = json_doc_get(v, "fields");
	char where[WHERE_MAX];
	size_t j;

	(void)snprintf(where, sizeof(where), "release[%zu]", i);
	if (json_doc_type(v) != JSON_DOC_OBJECT)
		return err_at(info, ERR_SYNTAX, 0, "%s: must be an object",
		    where);
	RETURN_IF(json_doc_only(v, keys, where, info));
	RETURN_IF(policy_name(v, "survey", where, &r->survey, info));
	RETURN_IF(policy_uint(v, "version", versions, where, &r->version,
	    info));
	if (policy_find_survey(p, r->survey, r->version) == NULL)
		return err_at(info, ERR_NOT_FOUND, 0, "%s: this survey is not "
		    "under surveys", where);
	for (j = 0; j < i; j++)
		if (strcmp(p->releases[j].survey, r->survey) == 0 &&
		    p->releases[j].version == r->version)
			return err_at(info, ERR_DUPLICATE, 0,
			    "%s: this survey is given twice", where);
	RETURN_IF(open_rules(r, fields, where, info));
	p->releases_len = i + 1;
	return read_rules(p, r, fields, info);
}

enum err
policy_read_releases(struct policy *p, const struct json_doc *v,
    struct err_info *info)
{
	struct policy_list list = {v, "release", 0, POLICY_SURVEYS_MAX};
	void *items;
	size_t i;

	RETURN_IF(policy_list_open(&list, sizeof(*p->releases), &items,
	    info));
	p->releases = items;
	for (i = 0; i < json_doc_len(v); i++)
		RETURN_IF(read_release(p, json_doc_at(v, i), i, info));
	return ERR_OK;
}
