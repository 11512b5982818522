/* policy/policy_values.c - members of policy.json by type and grammar. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/encode.h"
#include "core/utf8.h"
#include "policy/duo.h"
#include "policy/grammar.h"
#include "policy/policy_internal.h"

#define POLICY_TEXT_MAX 1024

enum err
policy_list_open(const struct policy_list *list, size_t size, void **ret,
    struct err_info *info)
{
	size_t len = json_doc_len(list->v);
	void *items;

	if (list->v == NULL || json_doc_type(list->v) != JSON_DOC_ARRAY)
		return err_at(info, ERR_SYNTAX, 0,
		    "%s: must be given, as an array", list->where);
	if (len < list->min)
		return err_at(info, ERR_RANGE, 0, "%s: at least %zu needed",
		    list->where, list->min);
	if (len > list->max)
		return err_at(info, ERR_LIMIT, 0, "%s: more than %zu",
		    list->where, list->max);
	if ((items = calloc(len + 1, size)) == NULL)
		return ERR_NOMEM;
	*ret = items;
	return ERR_OK;
}

static enum err
check_text(const char *text, size_t len, const char *where, const char *key,
    struct err_info *info)
{
	const char *why = NULL;
	enum err e;

	if (len == 0 || text[0] == ' ' || text[len - 1] == ' ')
		return err_at(info, ERR_SYNTAX, 0, "%s: \"%s\" is empty, or "
		    "has a space at its start or end", where, key);
	if (len > POLICY_TEXT_MAX)
		return err_at(info, ERR_LIMIT, 0, "%s: \"%s\" is too long",
		    where, key);
	e = utf8_check_clean(bytes_of(text, len), &why);
	if (e == ERR_NOMEM || e == ERR_OK)
		return e;
	return err_at(info, e, 0, "%s: \"%s\": %s", where, key, why);
}

enum err
policy_text(const struct json_doc *v, const char *key, const char *where,
    const char **ret, struct err_info *info)
{
	const char *text;

	RETURN_IF(json_doc_need_string(v, key, where, &text, info));
	RETURN_IF(check_text(text, json_doc_string_len(json_doc_get(v, key)),
	    where, key, info));
	*ret = text;
	return ERR_OK;
}

enum err
policy_name(const struct json_doc *v, const char *key, const char *where,
    const char **ret, struct err_info *info)
{
	const char *text;

	RETURN_IF(policy_text(v, key, where, &text, info));
	if (!grammar_is_name(bytes_str(text)))
		return err_at(info, ERR_SYNTAX, 0, "%s: \"%s\" is not a name "
		    "of lower-case letters, digits and -", where, key);
	*ret = text;
	return ERR_OK;
}

enum err
policy_sha256(const struct json_doc *v, const char *key, const char *where,
    uint8_t ret[32], struct err_info *info)
{
	const char *text;

	RETURN_IF(json_doc_need_string(v, key, where, &text, info));
	if (decode_hex(bytes_str(text), ret, 32) != ERR_OK)
		return err_at(info, ERR_SYNTAX, 0, "%s: \"%s\" is not 64 "
		    "lower-case hexadecimal digits", where, key);
	return ERR_OK;
}

enum err
policy_uint(const struct json_doc *v, const char *key,
    const int64_t range[2], const char *where, unsigned *ret,
    struct err_info *info)
{
	int64_t n;

	RETURN_IF(json_doc_need_int(v, key, range[0], range[1], where, &n,
	    info));
	*ret = (unsigned)n;
	return ERR_OK;
}

enum err
policy_bool(const struct json_doc *v, const char *key, const char *where,
    int *ret, struct err_info *info)
{
	const struct json_doc *member = json_doc_get(v, key);

	if (member == NULL || json_doc_type(member) != JSON_DOC_BOOL)
		return err_at(info, ERR_SYNTAX, 0,
		    "%s: \"%s\" must be given, as true or false", where, key);
	*ret = json_doc_bool(member, 0);
	return ERR_OK;
}

static enum err
add_word(const struct policy_words *list, size_t i, struct words *w,
    struct err_info *info)
{
	const struct json_doc *item = json_doc_at(list->v, i);
	const char *text = json_doc_string(item);
	char at[32];
	enum err e;

	(void)snprintf(at, sizeof(at), "[%zu]", i);
	if (text == NULL)
		return err_at(info, ERR_SYNTAX, 0, "%s%s: must be a string",
		    list->where, at);
	RETURN_IF(check_text(text, json_doc_string_len(item), list->where, at,
	    info));
	if (list->is != NULL && !list->is(text))
		return err_at(info, list->e, 0, "%s%s: \"%.64s\" is not one "
		    "that is known here", list->where, at, text);
	if ((e = words_add(w, text)) == ERR_DUPLICATE)
		return err_at(info, e, 0, "%s%s: \"%.64s\" is given twice",
		    list->where, at, text);
	return e;
}

enum err
policy_words(const struct policy_words *list, struct words *ret,
    struct err_info *info)
{
	CLEANUP(words_release) struct words w = {0};
	size_t i, len = json_doc_len(list->v);

	if (list->v == NULL || json_doc_type(list->v) != JSON_DOC_ARRAY)
		return err_at(info, ERR_SYNTAX, 0,
		    "%s: must be given, as an array", list->where);
	if (len < list->min)
		return err_at(info, ERR_RANGE, 0, "%s: at least %zu needed",
		    list->where, list->min);
	if (len > list->max)
		return err_at(info, ERR_LIMIT, 0, "%s: more than %zu",
		    list->where, list->max);
	for (i = 0; i < len; i++)
		RETURN_IF(add_word(list, i, &w, info));
	*ret = w;
	w = (struct words){0};
	return ERR_OK;
}

int
policy_is_disease(const char *word)
{
	return grammar_is_disease(bytes_str(word));
}

int
policy_is_modifier(const char *word)
{
	const struct duo_code *c = duo_find(word);

	return c != NULL && c->kind == DUO_MODIFIER;
}
