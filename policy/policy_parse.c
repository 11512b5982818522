/* policy/policy_parse.c - the document as a whole, and its plain numbers. */
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "policy/grammar.h"
#include "policy/policy_internal.h"

#define TOP "policy"

static const char *const top_keys[] = {"azukari", "owner", "version",
    "previous", "charter", "valid_from", "valid_until", "surveys",
    "consent_texts", "partners", "purposes", "legal_bases", "ladders",
    "release", "disclosure", "retention_days", "plan_valid_days", "quotas",
    "byte_release", "denial", "withdrawal", "accept_guessable_ids",
    "witnesses", NULL};

/* An object member with exactly these keys. */
static enum err
need_object(const struct json_doc *v, const char *key,
    const char *const *keys, const struct json_doc **ret,
    struct err_info *info)
{
	const struct json_doc *member = json_doc_get(v, key);

	if (member == NULL || json_doc_type(member) != JSON_DOC_OBJECT)
		return err_at(info, ERR_SYNTAX, 0,
		    "%s: must be given, as an object", key);
	RETURN_IF(json_doc_only(member, keys, key, info));
	*ret = member;
	return ERR_OK;
}

/* A digest, or null. */
static enum err
optional_sha256(const struct json_doc *v, const char *key, const char *where,
    int *ret_has, uint8_t ret[32], struct err_info *info)
{
	const struct json_doc *member = json_doc_get(v, key);

	if (member == NULL)
		return err_at(info, ERR_SYNTAX, 0,
		    "%s: \"%s\" must be given: a digest or null", where, key);
	*ret_has = json_doc_type(member) != JSON_DOC_NULL;
	return *ret_has ? policy_sha256(v, key, where, ret, info) : ERR_OK;
}

static enum err
read_day(const struct json_doc *v, const char *key, int32_t *ret,
    struct err_info *info)
{
	const char *text;
	enum err e;

	RETURN_IF(json_doc_need_string(v, key, TOP, &text, info));
	if ((e = clock_parse_day(bytes_str(text), ret)) != ERR_OK)
		return err_at(info, e, 0,
		    "%s: not a day like 2020-04-01", key);
	return ERR_OK;
}

static enum err
read_head(struct policy *p, const struct json_doc *v, struct err_info *info)
{
	const char *kind;
	int64_t n;

	RETURN_IF(json_doc_need_string(v, "azukari", TOP, &kind, info));
	if (strcmp(kind, "policy v1") != 0)
		return err_at(info, ERR_UNSUPPORTED, 0,
		    "azukari: must be \"policy v1\"");
	RETURN_IF(json_doc_only(v, top_keys, TOP, info));
	RETURN_IF(policy_text(v, "owner", TOP, &p->owner, info));
	if (!grammar_is_owner(bytes_str(p->owner)))
		return err_at(info, ERR_SYNTAX, 0,
		    "owner: not a prefecture code from 01 to 47");
	RETURN_IF(json_doc_need_int(v, "version", 1, INT32_MAX, TOP, &n,
	    info));
	p->version = (uint64_t)n;
	RETURN_IF(optional_sha256(v, "previous", TOP, &p->has_previous,
	    p->previous, info));
	if ((p->version == 1) != !p->has_previous)
		return err_at(info, ERR_RANGE, 0, "previous: must be null for "
		    "version 1, and a digest for every other");
	RETURN_IF(policy_sha256(v, "charter", TOP, p->charter_sha256, info));
	RETURN_IF(read_day(v, "valid_from", &p->valid_from_day, info));
	RETURN_IF(read_day(v, "valid_until", &p->valid_until_day, info));
	if (p->valid_until_day < p->valid_from_day)
		return err_at(info, ERR_RANGE, 0,
		    "valid_until: is before valid_from");
	return ERR_OK;
}

static enum err
read_disclosure(struct policy *p, const struct json_doc *v,
    struct err_info *info)
{
	static const char *const keys[] = {"k",
	    "suppression_limit_basis_points", "minimum_cell", "profile",
	    "dates", "residence", "birth", "early_wave_until", "population",
	    "reident_maximum", "visits", "rules", NULL};
	static const int64_t count[2] = {1, 1000000}, points[2] = {0, 10000};
	const struct json_doc *d;

	RETURN_IF(need_object(v, "disclosure", keys, &d, info));
	RETURN_IF(policy_uint(d, "k", count, "disclosure", &p->k, info));
	RETURN_IF(policy_uint(d, "suppression_limit_basis_points", points,
	    "disclosure", &p->suppression_limit, info));
	RETURN_IF(policy_uint(d, "minimum_cell", count, "disclosure",
	    &p->minimum_cell, info));
	return policy_read_disclosure(p, d, info);
}

static enum err
read_limits(struct policy *p, const struct json_doc *v,
    struct err_info *info)
{
	static const char *const keys[] = {"exports_per_year",
	    "respondents_per_export", NULL};
	static const int64_t retention[2] = {1, 36500}, valid[2] = {1, 365},
	    exports[2] = {0, 100000};
	const struct json_doc *q;
	int64_t n;

	RETURN_IF(policy_uint(v, "retention_days", retention, TOP,
	    &p->retention_days, info));
	RETURN_IF(policy_uint(v, "plan_valid_days", valid, TOP,
	    &p->plan_valid_days, info));
	RETURN_IF(need_object(v, "quotas", keys, &q, info));
	RETURN_IF(policy_uint(q, "exports_per_year", exports, "quotas",
	    &p->exports_per_year, info));
	RETURN_IF(json_doc_need_int(q, "respondents_per_export", 1,
	    1000000000, "quotas", &n, info));
	p->respondents_per_export = (uint64_t)n;
	return ERR_OK;
}

static enum err
read_withdrawal(struct policy *p, const struct json_doc *v,
    struct err_info *info)
{
	static const char *const keys[] = {"hold_hours", "erase_backup_days",
	    "daily_limit", NULL};
	static const int64_t hours[2] = {0, 8760}, days[2] = {1, 365};
	const struct json_doc *w;
	int64_t n;

	RETURN_IF(need_object(v, "withdrawal", keys, &w, info));
	RETURN_IF(policy_uint(w, "hold_hours", hours, "withdrawal",
	    &p->hold_hours, info));
	RETURN_IF(policy_uint(w, "erase_backup_days", days, "withdrawal",
	    &p->erase_backup_days, info));
	RETURN_IF(json_doc_need_int(w, "daily_limit", 1, 1000000000,
	    "withdrawal", &n, info));
	p->withdrawal_daily_limit = (uint64_t)n;
	return ERR_OK;
}

static enum err
read_switches(struct policy *p, const struct json_doc *v,
    struct err_info *info)
{
	static const char *const keys[] = {"policy_sha256", NULL};
	const struct json_doc *w;
	const char *denial;

	RETURN_IF(policy_bool(v, "byte_release", TOP, &p->byte_release,
	    info));
	RETURN_IF(json_doc_need_string(v, "denial", TOP, &denial, info));
	p->denial_is_vote = strcmp(denial, "vote") == 0;
	if (!p->denial_is_vote && strcmp(denial, "veto") != 0)
		return err_at(info, ERR_UNKNOWN, 0,
		    "denial: must be \"veto\" or \"vote\"");
	RETURN_IF(policy_bool(v, "accept_guessable_ids", TOP,
	    &p->accept_guessable_ids, info));
	RETURN_IF(need_object(v, "witnesses", keys, &w, info));
	return optional_sha256(w, "policy_sha256", "witnesses",
	    &p->has_witness_policy, p->witness_policy_sha256, info);
}

static enum err
read_legal_bases(struct policy *p, const struct json_doc *v,
    struct err_info *info)
{
	struct policy_words list = {json_doc_get(v, "legal_bases"),
	    "legal_bases", 1, 32, NULL, ERR_OK};
	size_t i;

	RETURN_IF(policy_words(&list, &p->legal_bases, info));
	for (i = 0; i < p->legal_bases.len; i++)
		if (!grammar_is_name(bytes_str(p->legal_bases.items[i])))
			return err_at(info, ERR_SYNTAX, 0, "legal_bases[%zu]: "
			    "not a name of lower-case letters, digits and -",
			    i);
	return ERR_OK;
}

static enum err
read_all(struct policy *p, const struct json_doc *v, struct err_info *info)
{
	RETURN_IF(read_head(p, v, info));
	RETURN_IF(policy_read_surveys(p, json_doc_get(v, "surveys"), info));
	RETURN_IF(policy_read_texts(p, json_doc_get(v, "consent_texts"),
	    info));
	RETURN_IF(policy_read_partners(p, json_doc_get(v, "partners"), info));
	RETURN_IF(policy_read_purposes(p, json_doc_get(v, "purposes"), info));
	RETURN_IF(read_legal_bases(p, v, info));
	RETURN_IF(policy_read_ladders(p, json_doc_get(v, "ladders"), info));
	RETURN_IF(policy_read_releases(p, json_doc_get(v, "release"), info));
	RETURN_IF(read_disclosure(p, v, info));
	RETURN_IF(read_limits(p, v, info));
	RETURN_IF(read_withdrawal(p, v, info));
	return read_switches(p, v, info);
}

enum err
policy_parse(struct bytes text, struct policy *ret, struct err_info *info)
{
	CLEANUP(policy_release) struct policy p = {0};

	RETURN_IF(json_doc_parse(text, POLICY_SIZE_MAX, &p.doc, info));
	if (json_doc_type(p.doc) != JSON_DOC_OBJECT)
		return err_at(info, ERR_SYNTAX, 0, "not an object");
	RETURN_IF(read_all(&p, p.doc, info));
	*ret = p;
	p = (struct policy){0};
	return ERR_OK;
}

static void
free_releases(struct policy *p)
{
	size_t i;

	for (i = 0; i < p->releases_len; i++)
		free(p->releases[i].rules);
	free(p->releases);
}

void
policy_release(struct policy *p)
{
	size_t i;

	for (i = 0; i < p->texts_len; i++) {
		words_release(&p->texts[i].purposes);
		words_release(&p->texts[i].diseases);
	}
	free(p->texts);
	free(p->surveys);
	free(p->partners);
	free(p->ladders);
	free_releases(p);
	words_release(&p->diseases);
	words_release(&p->modifiers);
	words_release(&p->legal_bases);
	json_doc_free(p->doc);
	*p = (struct policy){0};
}
