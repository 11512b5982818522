/* policy/policy_lists.c - the lists of policy.json: surveys, consent texts,
 * partners, purposes, ladders. */
#include <stdio.h>
#include <string.h>

#include "policy/duo.h"
#include "policy/grammar.h"
#include "policy/policy_internal.h"

#define WHERE_MAX 64

/* "NAME[3]", the place of an item, which must be an object of these keys. */
static enum err
enter(const struct json_doc *item, const char *name, size_t i,
    const char *const *keys, char ret_where[WHERE_MAX],
    struct err_info *info)
{
	(void)snprintf(ret_where, WHERE_MAX, "%s[%zu]", name, i);
	if (json_doc_type(item) != JSON_DOC_OBJECT)
		return err_at(info, ERR_SYNTAX, 0, "%s: must be an object",
		    ret_where);
	return json_doc_only(item, keys, ret_where, info);
}

static enum err
twice(const char *where, const char *what, struct err_info *info)
{
	return err_at(info, ERR_DUPLICATE, 0, "%s: this %s is given twice",
	    where, what);
}

static enum err
read_survey(struct policy *p, const struct json_doc *v, size_t i,
    struct err_info *info)
{
	static const char *const keys[] = {"name", "version", "sha256", NULL};
	static const int64_t versions[2] = {1, 65535};
	struct policy_survey *s = &p->surveys[i];
	char where[WHERE_MAX];

	RETURN_IF(enter(v, "surveys", i, keys, where, info));
	RETURN_IF(policy_name(v, "name", where, &s->name, info));
	RETURN_IF(policy_uint(v, "version", versions, where, &s->version,
	    info));
	RETURN_IF(policy_sha256(v, "sha256", where, s->sha256, info));
	if (policy_find_survey(p, s->name, s->version) != NULL)
		return twice(where, "survey", info);
	p->surveys_len = i + 1;
	return ERR_OK;
}

enum err
policy_read_surveys(struct policy *p, const struct json_doc *v,
    struct err_info *info)
{
	struct policy_list list = {v, "surveys", 1, POLICY_SURVEYS_MAX};
	void *items;
	size_t i;

	RETURN_IF(policy_list_open(&list, sizeof(*p->surveys), &items, info));
	p->surveys = items;
	for (i = 0; i < json_doc_len(v); i++)
		RETURN_IF(read_survey(p, json_doc_at(v, i), i, info));
	return ERR_OK;
}

static enum err
read_scopes(const struct json_doc *v, const char *where, uint8_t *ret,
    struct err_info *info)
{
	CLEANUP(words_release) struct words w = {0};
	struct policy_words list = {json_doc_get(v, "scopes"), where, 1, 4,
	    NULL, ERR_OK};
	uint8_t bit;
	size_t i;

	RETURN_IF(policy_words(&list, &w, info));
	for (i = 0; i < w.len; i++) {
		bit = consent_scope_bit(bytes_str(w.items[i]));
		if (bit == 0)
			return err_at(info, ERR_UNKNOWN, 0,
			    "%s: unknown scope \"%.32s\"", where, w.items[i]);
		*ret |= bit;
	}
	return ERR_OK;
}

static int
is_duo(const char *word)
{
	return duo_find(word) != NULL;
}

/* A disease-specific permission needs a disease to be specific about. */
static enum err
check_permissions(const struct words *codes, const struct words *diseases,
    const char *where, struct err_info *info)
{
	size_t i;
	int permissions = 0;

	for (i = 0; i < codes->len; i++)
		permissions += duo_find(codes->items[i])->kind ==
		    DUO_PERMISSION;
	if (permissions == 0)
		return err_at(info, ERR_RANGE, 0,
		    "%s: purposes name no permission", where);
	if (words_has(codes, "DUO:0000007") && diseases->len == 0)
		return err_at(info, ERR_RANGE, 0,
		    "%s: DUO:0000007 needs diseases", where);
	return ERR_OK;
}

static int
has_text(const struct policy *p, const uint8_t *sha256)
{
	size_t i;

	for (i = 0; i < p->texts_len; i++)
		if (memcmp(p->texts[i].sha256, sha256, 32) == 0)
			return 1;
	return 0;
}

static enum err
read_text_purposes(struct consent_text *t, const struct json_doc *v,
    const char *where, struct err_info *info)
{
	struct policy_words purposes = {json_doc_get(v, "purposes"), where, 1,
	    32, is_duo, ERR_UNKNOWN};
	struct policy_words diseases = {json_doc_get(v, "diseases"), where, 0,
	    64, policy_is_disease, ERR_SYNTAX};

	RETURN_IF(policy_words(&purposes, &t->purposes, info));
	RETURN_IF(policy_words(&diseases, &t->diseases, info));
	return check_permissions(&t->purposes, &t->diseases, where, info);
}

static enum err
read_text(struct policy *p, const struct json_doc *v, size_t i,
    struct err_info *info)
{
	static const char *const keys[] = {"sha256", "title", "scopes",
	    "purposes", "diseases", "valid_days", "covers_earlier", NULL};
	static const int64_t days[2] = {1, 36500};
	struct consent_text *t = &p->texts[i];
	char where[WHERE_MAX];
	unsigned valid;

	RETURN_IF(enter(v, "consent_texts", i, keys, where, info));
	RETURN_IF(policy_sha256(v, "sha256", where, t->sha256, info));
	if (has_text(p, t->sha256))
		return twice(where, "text", info);
	p->texts_len = i + 1;
	RETURN_IF(policy_text(v, "title", where, &t->title, info));
	RETURN_IF(read_scopes(v, where, &t->scopes, info));
	RETURN_IF(read_text_purposes(t, v, where, info));
	RETURN_IF(policy_uint(v, "valid_days", days, where, &valid, info));
	t->valid_days = valid;
	return policy_bool(v, "covers_earlier", where, &t->covers_earlier,
	    info);
}

enum err
policy_read_texts(struct policy *p, const struct json_doc *v,
    struct err_info *info)
{
	struct policy_list list = {v, "consent_texts", 0, POLICY_TEXTS_MAX};
	void *items;
	size_t i;

	RETURN_IF(policy_list_open(&list, sizeof(*p->texts), &items, info));
	p->texts = items;
	for (i = 0; i < json_doc_len(v); i++)
		RETURN_IF(read_text(p, json_doc_at(v, i), i, info));
	return ERR_OK;
}

static enum err
read_partner_texts(struct policy_partner *r, const struct json_doc *v,
    const char *where, struct err_info *info)
{
	RETURN_IF(policy_name(v, "id", where, &r->id, info));
	RETURN_IF(policy_text(v, "name", where, &r->name, info));
	RETURN_IF(policy_text(v, "name_en", where, &r->name_en, info));
	RETURN_IF(policy_text(v, "institution", where, &r->institution,
	    info));
	RETURN_IF(policy_text(v, "address", where, &r->address, info));
	RETURN_IF(policy_text(v, "representative", where, &r->representative,
	    info));
	RETURN_IF(policy_text(v, "investigator", where, &r->investigator,
	    info));
	RETURN_IF(policy_text(v, "age", where, &r->age, info));
	RETURN_IF(policy_text(v, "ssh", where, &r->ssh, info));
	if (!grammar_is_age(bytes_str(r->age)))
		return err_at(info, ERR_SYNTAX, 0,
		    "%s: \"age\" is not a recipient age1...", where);
	if (!grammar_is_ssh(bytes_str(r->ssh)))
		return err_at(info, ERR_SYNTAX, 0,
		    "%s: \"ssh\" is not a key \"ssh-ed25519 BASE64\"", where);
	return ERR_OK;
}

static enum err
read_partner(struct policy *p, const struct json_doc *v, size_t i,
    struct err_info *info)
{
	static const char *const keys[] = {"id", "name", "name_en",
	    "institution", "address", "representative", "investigator", "age",
	    "ssh", NULL};
	struct policy_partner *r = &p->partners[i], *other;
	char where[WHERE_MAX];
	size_t j;

	RETURN_IF(enter(v, "partners", i, keys, where, info));
	RETURN_IF(read_partner_texts(r, v, where, info));
	for (j = 0; j < i; j++) {
		other = &p->partners[j];
		if (strcmp(other->id, r->id) == 0)
			return twice(where, "partner", info);
		if (strcmp(other->age, r->age) == 0 ||
		    strcmp(other->ssh, r->ssh) == 0)
			return twice(where, "partner's key", info);
	}
	p->partners_len = i + 1;
	return ERR_OK;
}

enum err
policy_read_partners(struct policy *p, const struct json_doc *v,
    struct err_info *info)
{
	struct policy_list list = {v, "partners", 0, POLICY_PARTNERS_MAX};
	void *items;
	size_t i;

	RETURN_IF(policy_list_open(&list, sizeof(*p->partners), &items,
	    info));
	p->partners = items;
	for (i = 0; i < json_doc_len(v); i++)
		RETURN_IF(read_partner(p, json_doc_at(v, i), i, info));
	return ERR_OK;
}

enum err
policy_read_purposes(struct policy *p, const struct json_doc *v,
    struct err_info *info)
{
	static const char *const keys[] = {"permission", "diseases",
	    "modifiers", NULL};
	static const char where[] = "purposes";
	struct policy_words diseases = {json_doc_get(v, "diseases"),
	    "purposes.diseases", 0, 64, policy_is_disease, ERR_SYNTAX};
	struct policy_words modifiers = {json_doc_get(v, "modifiers"),
	    "purposes.modifiers", 0, 32, policy_is_modifier, ERR_UNKNOWN};
	const struct duo_code *code;
	struct words one;

	if (v == NULL || json_doc_type(v) != JSON_DOC_OBJECT)
		return err_at(info, ERR_SYNTAX, 0,
		    "purposes: must be given, as an object");
	RETURN_IF(json_doc_only(v, keys, where, info));
	RETURN_IF(policy_text(v, "permission", where, &p->permission, info));
	code = duo_find(p->permission);
	if (code == NULL || code->kind != DUO_PERMISSION)
		return err_at(info, ERR_UNKNOWN, 0,
		    "purposes.permission: is no DUO permission");
	RETURN_IF(policy_words(&diseases, &p->diseases, info));
	RETURN_IF(policy_words(&modifiers, &p->modifiers, info));
	one = (struct words){NULL, &p->permission, 1};
	return check_permissions(&one, &p->diseases, where, info);
}

static enum err
read_ladder(struct policy *p, const struct json_doc *v, size_t i,
    struct err_info *info)
{
	static const char *const keys[] = {"name", "sha256", NULL};
	struct policy_ladder *l = &p->ladders[i];
	char where[WHERE_MAX];

	RETURN_IF(enter(v, "ladders", i, keys, where, info));
	RETURN_IF(policy_name(v, "name", where, &l->name, info));
	RETURN_IF(policy_sha256(v, "sha256", where, l->sha256, info));
	if (policy_find_ladder(p, l->name) != NULL)
		return twice(where, "ladder", info);
	p->ladders_len = i + 1;
	return ERR_OK;
}

enum err
policy_read_ladders(struct policy *p, const struct json_doc *v,
    struct err_info *info)
{
	struct policy_list list = {v, "ladders", 0, POLICY_LADDERS_MAX};
	void *items;
	size_t i;

	RETURN_IF(policy_list_open(&list, sizeof(*p->ladders), &items, info));
	p->ladders = items;
	for (i = 0; i < json_doc_len(v); i++)
		RETURN_IF(read_ladder(p, json_doc_at(v, i), i, info));
	return ERR_OK;
}
