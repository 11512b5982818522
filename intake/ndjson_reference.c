/* intake/ndjson_reference.c - a line by way of core/json_doc: slow, plain,
 * and what the fast reader is held against. */
#include <string.h>

#include "core/json_doc.h"
#include "intake/json_fault.h"
#include "intake/ndjson_internal.h"

static struct bytes
string_bytes(const struct json_doc *v)
{
	return bytes_of(json_doc_string(v), json_doc_string_len(v));
}

static enum err
need_string(struct draft *d, const struct json_doc *v, const char *key)
{
	if (json_doc_type(v) != JSON_DOC_STRING)
		return draft_refuse(d, INTAKE_REASON_MEMBER,
		    "%s: must be a string", key);
	return ERR_OK;
}

static enum err
set_list(struct draft *d, const struct survey_field *f,
    const struct json_doc *v)
{
	size_t i;

	RETURN_IF(draft_answer(d, f, answers_set_list(d->builder, f)));
	for (i = 0; i < json_doc_len(v); i++) {
		const struct json_doc *item = json_doc_at(v, i);

		if (json_doc_type(item) != JSON_DOC_STRING)
			return draft_answer(d, f, ERR_MISMATCH);
		RETURN_IF(draft_answer(d, f, answers_add_option(d->builder, f,
		    string_bytes(item))));
	}
	return ERR_OK;
}

static enum err
set_answer(struct draft *d, const struct survey_field *f,
    const struct json_doc *v)
{
	struct answers_builder *b = d->builder;

	switch (json_doc_type(v)) {
	case JSON_DOC_NULL:
		return ERR_OK;
	case JSON_DOC_STRING:
		return draft_answer(d, f, answers_set_text(b, f,
		    string_bytes(v)));
	case JSON_DOC_INT:
		return draft_answer(d, f, answers_set_integer(b, f,
		    json_doc_int(v, 0)));
	case JSON_DOC_REAL:
		return draft_answer(d, f, answers_set_real(b, f,
		    json_doc_real(v, 0)));
	case JSON_DOC_BOOL:
		return draft_answer(d, f, answers_set_boolean(b, f,
		    json_doc_bool(v, 0)));
	case JSON_DOC_ARRAY:
		return set_list(d, f, v);
	case JSON_DOC_OBJECT:
	default:
		return draft_answer(d, f, ERR_MISMATCH);
	}
}

static enum err
set_answers(struct draft *d, const struct json_doc *answers)
{
	const char *key = json_doc_next_key(answers, NULL);

	RETURN_IF(draft_find_survey(d));
	for (; key != NULL; key = json_doc_next_key(answers, key)) {
		const struct survey_field *f = survey_find(d->builder->survey,
		    bytes_str(key));

		if (f == NULL)
			return draft_refuse(d, INTAKE_REASON_FIELD,
			    "answers: a field the survey has not");
		RETURN_IF(set_answer(d, f, json_doc_get(answers, key)));
	}
	return ERR_OK;
}

static enum err
set_scopes(struct draft *d, const struct json_doc *v)
{
	size_t i;

	if (json_doc_type(v) != JSON_DOC_ARRAY)
		return draft_refuse(d, INTAKE_REASON_MEMBER,
		    "scopes: must be a list");
	for (i = 0; i < json_doc_len(v); i++) {
		RETURN_IF(need_string(d, json_doc_at(v, i), "scopes"));
		RETURN_IF(draft_add_scope(d, string_bytes(json_doc_at(v,
		    i))));
	}
	return ERR_OK;
}

static enum err
set_version(struct draft *d, const struct json_doc *v)
{
	if (json_doc_type(v) != JSON_DOC_INT)
		return draft_refuse(d, INTAKE_REASON_MEMBER,
		    "version: must be a whole number");
	d->version = json_doc_int(v, 0);
	return ERR_OK;
}

static enum err
set_permanent(struct draft *d, const struct json_doc *v)
{
	if (json_doc_type(v) != JSON_DOC_BOOL)
		return draft_refuse(d, INTAKE_REASON_MEMBER,
		    "permanent: must be true or false");
	d->permanent = (uint8_t)json_doc_bool(v, 0);
	return ERR_OK;
}

static enum err
set_string(struct draft *d, const char *key, unsigned bit,
    const struct json_doc *v)
{
	RETURN_IF(need_string(d, v, key));
	switch (bit) {
	case DRAFT_TYPE:
		return draft_set_type(d, string_bytes(v));
	case DRAFT_EVENT:
		return draft_set_event(d, string_bytes(v));
	case DRAFT_TIME:
		return draft_set_time_text(d, string_bytes(v));
	case DRAFT_RESPONDENT:
		return draft_set_respondent(d, string_bytes(v));
	case DRAFT_TEXT:
		return draft_set_text(d, string_bytes(v));
	default:
		d->survey_name = string_bytes(v);
		return ERR_OK;
	}
}

static enum err
set_member(struct draft *d, const char *key, const struct json_doc *v)
{
	unsigned bit = draft_member_bit(bytes_str(key));

	RETURN_IF(draft_see(d, bit));
	switch (bit) {
	case DRAFT_VERSION:
		return set_version(d, v);
	case DRAFT_SCOPES:
		return set_scopes(d, v);
	case DRAFT_PERMANENT:
		return set_permanent(d, v);
	case DRAFT_ANSWERS:
		return ERR_OK;          /* last, when the survey is known */
	default:
		return set_string(d, key, bit, v);
	}
}

static enum err
parse(struct draft *d, struct bytes line, struct json_doc **ret)
{
	enum err e = json_doc_parse(line, INTAKE_LINE_MAX, ret, NULL);

	if (e == ERR_NOMEM)
		return e;
	if (e == ERR_ENCODING)
		return draft_refuse(d, INTAKE_REASON_ENCODING,
		    "not UTF-8, or a NUL character");
	if (e != ERR_OK)
		return draft_refuse(d, INTAKE_REASON_JSON,
		    JSON_FAULT_GENERAL);
	if (json_doc_type(*ret) != JSON_DOC_OBJECT)
		return draft_refuse(d, INTAKE_REASON_JSON,
		    "not a JSON object");
	return ERR_OK;
}

enum err
ndjson_reference_parse(struct draft *d, struct bytes line,
    struct json_doc **ret_doc)
{
	const struct json_doc *answers;
	const char *key;

	RETURN_IF(parse(d, line, ret_doc));
	key = json_doc_next_key(*ret_doc, NULL);
	for (; key != NULL; key = json_doc_next_key(*ret_doc, key))
		RETURN_IF(set_member(d, key, json_doc_get(*ret_doc, key)));
	answers = json_doc_get(*ret_doc, "answers");
	if (answers == NULL || (d->seen & (DRAFT_SURVEY | DRAFT_VERSION)) !=
	    (DRAFT_SURVEY | DRAFT_VERSION))
		return ERR_OK;          /* draft_finish names what is missing */
	if (json_doc_type(answers) != JSON_DOC_OBJECT)
		return draft_refuse(d, INTAKE_REASON_MEMBER,
		    "answers: must be an object");
	return set_answers(d, answers);
}
