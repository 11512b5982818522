/* intake/fhir_map.c - what stands for what, where names differ. */
#include <stdlib.h>
#include <string.h>

#include "intake/fhir_internal.h"

#define MAP_ENTRIES_MAX 4000

void
fhir_map_free(struct fhir_map *m)
{
	if (m == NULL)
		return;
	json_doc_free(m->doc);
	free(m);
}

void
fhir_map_cleanup(struct fhir_map **m)
{
	fhir_map_free(*m);
	*m = NULL;
}

/* An optional object of at most MAP_ENTRIES_MAX members. */
static enum err
object(const struct fhir_map *m, const char *key,
    const struct json_doc **ret, struct err_info *info)
{
	const struct json_doc *v = json_doc_get(m->doc, key);

	*ret = v;
	if (v == NULL)
		return ERR_OK;
	if (json_doc_type(v) != JSON_DOC_OBJECT ||
	    json_doc_len(v) > MAP_ENTRIES_MAX)
		return err_at(info, ERR_SYNTAX, 0, "mapping: \"%s\" must be "
		    "an object of at most %d members", key, MAP_ENTRIES_MAX);
	return ERR_OK;
}

static enum err
text(const struct fhir_map *m, const char *key, const char **ret,
    struct err_info *info)
{
	if (json_doc_get(m->doc, key) == NULL)
		return ERR_OK;
	RETURN_IF(json_doc_need_string(m->doc, key, "mapping", ret, info));
	if ((*ret)[0] == '\0')
		return err_at(info, ERR_SYNTAX, 0,
		    "mapping: \"%s\" is empty", key);
	return ERR_OK;
}

/* The survey, and what needs one. */
static enum err
parse_survey(struct fhir_map *m, const struct intake_rules *rules,
    struct err_info *info)
{
	const char *name;
	int64_t version;
	size_t at;

	if (json_doc_get(m->doc, "survey") == NULL) {
		if (m->questionnaire != NULL || m->items != NULL ||
		    m->codes != NULL)
			return err_at(info, ERR_SYNTAX, 0, "mapping: "
			    "\"questionnaire\", \"items\" and \"codes\" need "
			    "\"survey\" and \"version\"");
		return ERR_OK;
	}
	RETURN_IF(json_doc_need_string(m->doc, "survey", "mapping", &name,
	    info));
	RETURN_IF(json_doc_need_int(m->doc, "version", 1, 65535, "mapping",
	    &version, info));
	if (intake_rules_survey(rules, bytes_str(name), version, &at) !=
	    ERR_OK)
		return err_at(info, ERR_NOT_FOUND, 0,
		    "mapping: survey %.64s/%d is not registered", name,
		    (int)version);
	m->survey = rules->surveys[at];
	if (m->questionnaire == NULL)
		return err_at(info, ERR_SYNTAX, 0, "mapping: \"survey\" needs "
		    "\"questionnaire\": which one it stands for");
	return ERR_OK;
}

static enum err
find_field(const struct fhir_map *m, const char *name,
    const struct survey_field **ret, struct err_info *info)
{
	*ret = survey_find(m->survey, bytes_str(name));
	if (*ret == NULL)
		return err_at(info, ERR_UNKNOWN, 0,
		    "mapping: survey %s/%u has no field %.64s",
		    m->survey->name, m->survey->version, name);
	return ERR_OK;
}

/* No field stands for two items. */
static enum err
check_items(const struct fhir_map *m, struct err_info *info)
{
	const struct survey_field *f;
	uint8_t used[SURVEY_FIELDS_MAX] = {0};
	const char *link = json_doc_next_key(m->items, NULL);

	for (; link != NULL; link = json_doc_next_key(m->items, link)) {
		const char *name = json_doc_string(json_doc_get(m->items,
		    link));

		if (name == NULL)
			return err_at(info, ERR_SYNTAX, 0,
			    "mapping: \"items\" must lead to field names");
		RETURN_IF(find_field(m, name, &f, info));
		if (used[f->index])
			return err_at(info, ERR_DUPLICATE, 0, "mapping: field "
			    "%s stands for two items", f->name);
		used[f->index] = 1;
	}
	return ERR_OK;
}

static enum err
check_field_codes(const struct survey_field *f, const struct json_doc *codes,
    struct err_info *info)
{
	const char *raw;
	size_t at;

	if (json_doc_type(codes) != JSON_DOC_OBJECT || f->categories_len == 0)
		return err_at(info, ERR_SYNTAX, 0, "mapping: codes of field "
		    "%s must be an object, and the field must have categories",
		    f->name);
	raw = json_doc_next_key(codes, NULL);
	for (; raw != NULL; raw = json_doc_next_key(codes, raw))
		if (survey_find_category(f, fhir_text(json_doc_get(codes,
		    raw)), &at) != ERR_OK)
			return err_at(info, ERR_UNKNOWN, 0, "mapping: codes "
			    "of field %s lead to one it has not", f->name);
	return ERR_OK;
}

static enum err
check_codes(const struct fhir_map *m, struct err_info *info)
{
	const struct survey_field *f;
	const char *name = json_doc_next_key(m->codes, NULL);

	for (; name != NULL; name = json_doc_next_key(m->codes, name)) {
		RETURN_IF(find_field(m, name, &f, info));
		RETURN_IF(check_field_codes(f, json_doc_get(m->codes, name),
		    info));
	}
	return ERR_OK;
}

/* Held to the rules of a consent line, by the same code. */
static enum err
check_texts(const struct fhir_map *m, struct draft *d, struct err_info *info)
{
	const char *uri = json_doc_next_key(m->texts, NULL);
	enum err e;

	for (; uri != NULL; uri = json_doc_next_key(m->texts, uri)) {
		draft_start(d);
		e = draft_set_text(d, fhir_text(json_doc_get(m->texts, uri)));
		if (e == ERR_SYNTAX)
			return err_at(info, d->reason ==
			    INTAKE_REASON_CONSENT_TEXT ? ERR_NOT_FOUND : e, 0,
			    "mapping: texts: %s", d->message);
		RETURN_IF(e);
	}
	return ERR_OK;
}

static enum err
check_scopes(const struct fhir_map *m, struct draft *d, struct err_info *info)
{
	const char *code = json_doc_next_key(m->scopes, NULL);
	enum err e;

	for (; code != NULL; code = json_doc_next_key(m->scopes, code)) {
		const struct json_doc *list = json_doc_get(m->scopes, code);

		if (json_doc_type(list) != JSON_DOC_ARRAY ||
		    json_doc_len(list) == 0)
			return err_at(info, ERR_SYNTAX, 0, "mapping: scopes "
			    "must lead to lists that are not empty");
		draft_start(d);
		for (size_t i = 0; i < json_doc_len(list); i++) {
			e = draft_add_scope(d, fhir_text(json_doc_at(list,
			    i)));
			if (e == ERR_OK && d->scopes & INTAKE_SCOPE_ALL)
				e = ERR_SYNTAX;
			if (e != ERR_OK)
				return err_at(info, e, 0, "mapping: scopes "
				    "must be of support, research, recontact");
		}
	}
	return ERR_OK;
}

static enum err
check_consents(const struct fhir_map *m, const struct intake_rules *rules,
    struct err_info *info)
{
	CLEANUP(draft_release) struct draft d = {0};

	RETURN_IF(draft_init(&d, rules));
	if (m->texts != NULL)
		RETURN_IF(check_texts(m, &d, info));
	return m->scopes != NULL ? check_scopes(m, &d, info) : ERR_OK;
}

static enum err
parse_all(struct fhir_map *m, const struct intake_rules *rules,
    struct err_info *info)
{
	static const char *const keys[] = {"azukari", "survey", "version",
	    "questionnaire", "subject_system", "items", "codes", "texts",
	    "scopes", NULL};
	const char *kind;

	if (json_doc_type(m->doc) != JSON_DOC_OBJECT)
		return err_at(info, ERR_SYNTAX, 0,
		    "mapping: must be a JSON object");
	RETURN_IF(json_doc_need_string(m->doc, "azukari", "mapping", &kind,
	    info));
	if (strcmp(kind, "fhir mapping v1") != 0)
		return err_at(info, ERR_UNSUPPORTED, 0, "mapping: "
		    "\"azukari\" must be \"fhir mapping v1\"");
	RETURN_IF(json_doc_only(m->doc, keys, "mapping", info));
	RETURN_IF(text(m, "questionnaire", &m->questionnaire, info));
	RETURN_IF(text(m, "subject_system", &m->subject_system, info));
	RETURN_IF(object(m, "items", &m->items, info));
	RETURN_IF(object(m, "codes", &m->codes, info));
	RETURN_IF(object(m, "texts", &m->texts, info));
	RETURN_IF(object(m, "scopes", &m->scopes, info));
	RETURN_IF(parse_survey(m, rules, info));
	if (m->items != NULL)
		RETURN_IF(check_items(m, info));
	if (m->codes != NULL)
		RETURN_IF(check_codes(m, info));
	return check_consents(m, rules, info);
}

enum err
fhir_map_parse(struct bytes bytes, const struct intake_rules *rules,
    struct fhir_map **ret, struct err_info *info)
{
	CLEANUP(fhir_map_cleanup) struct fhir_map *m = calloc(1, sizeof(*m));

	if (m == NULL)
		return ERR_NOMEM;
	RETURN_IF(json_doc_parse(bytes, JSON_DOC_SIZE_MAX, &m->doc, info));
	RETURN_IF(parse_all(m, rules, info));
	*ret = TAKE(m);
	return ERR_OK;
}
