/* intake/fhir_response.c - QuestionnaireResponse into an answer. */
#include <string.h>

#include "intake/fhir_internal.h"

/* ---- which survey ---- */

/* ".../NAME|VERSION", or a bare "NAME|VERSION". */
static enum err
name_survey(struct fhir_line *l, struct bytes canonical)
{
	size_t bar, at, i;
	int64_t version = 0;

	for (bar = canonical.len; bar > 0 && canonical.data[bar - 1] != '|';)
		bar--;
	for (i = bar; i < canonical.len && i - bar < 5; i++) {
		if (canonical.data[i] < '0' || canonical.data[i] > '9')
			break;
		version = version * 10 + (canonical.data[i] - '0');
	}
	if (bar == 0 || i == bar || i != canonical.len)
		return draft_refuse(l->draft, INTAKE_REASON_SURVEY,
		    "questionnaire: must end with |VERSION");
	for (at = bar - 1; at > 0 && canonical.data[at - 1] != '/';)
		at--;
	l->draft->survey_name = bytes_of(canonical.data + at, bar - 1 - at);
	l->draft->version = version;
	return ERR_OK;
}

static enum err
find_survey(struct fhir_line *l)
{
	struct bytes canonical = fhir_text(json_doc_get(l->resource,
	    "questionnaire"));
	const struct fhir_map *m = l->map;

	if (canonical.len == 0)
		return draft_refuse(l->draft, INTAKE_REASON_SURVEY,
		    "questionnaire: is missing");
	if (m == NULL || m->survey == NULL) {
		RETURN_IF(name_survey(l, canonical));
	} else if (!bytes_equal(canonical, bytes_str(m->questionnaire))) {
		return draft_refuse(l->draft, INTAKE_REASON_SURVEY,
		    "questionnaire: is not the mapping's");
	} else {
		l->draft->survey_name = bytes_str(m->survey->name);
		l->draft->version = m->survey->version;
	}
	l->draft->seen |= DRAFT_SURVEY | DRAFT_VERSION | DRAFT_ANSWERS;
	return draft_find_survey(l->draft);
}

/* ---- values ---- */

static enum err
set_coding(struct fhir_line *l, const struct survey_field *f,
    const struct json_doc *v)
{
	struct answers_builder *b = l->draft->builder;
	const struct json_doc *code = json_doc_get(v, "code"), *codes = NULL;
	struct bytes text = fhir_text(code);

	if (f->categories_len == 0 || text.len == 0)
		return draft_answer(l->draft, f, ERR_MISMATCH);
	if (l->map != NULL && l->map->codes != NULL)
		codes = json_doc_get(l->map->codes, f->name);
	if (codes != NULL) {
		code = json_doc_get(codes, json_doc_string(code));
		if (code == NULL)
			return draft_answer(l->draft, f, ERR_UNKNOWN);
		text = fhir_text(code);
	}
	return draft_answer(l->draft, f, f->kind == SURVEY_KIND_LIST ?
	    answers_add_option(b, f, text) : answers_set_text(b, f, text));
}

static enum err
set_number(struct fhir_line *l, const struct survey_field *f,
    const struct json_doc *v, int may_be_real)
{
	struct answers_builder *b = l->draft->builder;

	if (json_doc_type(v) == JSON_DOC_INT)
		return draft_answer(l->draft, f, answers_set_integer(b, f,
		    json_doc_int(v, 0)));
	if (json_doc_type(v) == JSON_DOC_REAL && may_be_real)
		return draft_answer(l->draft, f, answers_set_real(b, f,
		    json_doc_real(v, 0)));
	return draft_answer(l->draft, f, ERR_MISMATCH);
}

static enum err
set_text(struct fhir_line *l, const struct survey_field *f,
    const struct json_doc *v, int is_date)
{
	struct bytes text = fhir_text(v);

	if (json_doc_type(v) != JSON_DOC_STRING ||
	    (f->kind == SURVEY_KIND_DATE) != is_date ||
	    f->categories_len > 0)
		return draft_answer(l->draft, f, ERR_MISMATCH);
	if (f->kind == SURVEY_KIND_DIGITS)
		text = digits_plain(f, text, l->digits);
	return draft_answer(l->draft, f, answers_set_text(l->draft->builder,
	    f, text));
}

static enum err
set_value(struct fhir_line *l, const struct survey_field *f,
    const char *key, const struct json_doc *v)
{
	if (strcmp(key, "valueCoding") == 0)
		return set_coding(l, f, v);
	if (strcmp(key, "valueInteger") == 0)
		return set_number(l, f, v, 0);
	if (strcmp(key, "valueDecimal") == 0)
		return set_number(l, f, v, 1);
	if (strcmp(key, "valueDate") == 0)
		return set_text(l, f, v, 1);
	if (strcmp(key, "valueString") == 0)
		return set_text(l, f, v, 0);
	if (strcmp(key, "valueBoolean") == 0 &&
	    json_doc_type(v) == JSON_DOC_BOOL)
		return draft_answer(l->draft, f, answers_set_boolean(
		    l->draft->builder, f, json_doc_bool(v, 0)));
	return draft_answer(l->draft, f, ERR_MISMATCH);
}

/* ---- items ---- */

static enum err set_items(struct fhir_line *l, const struct json_doc *items,
    unsigned depth) MUST_USE;

static int
is_value(const char *key)
{
	return strncmp(key, "value", 5) == 0;
}

/* One answer: one value, and perhaps items that depend on it. */
static enum err
set_answer(struct fhir_line *l, const struct survey_field *f,
    const struct json_doc *answer, unsigned depth)
{
	const char *key = json_doc_next_key(answer, NULL);
	size_t values = 0;

	for (; key != NULL; key = json_doc_next_key(answer, key)) {
		const struct json_doc *v = json_doc_get(answer, key);

		if (is_value(key)) {
			values++;
			RETURN_IF(set_value(l, f, key, v));
		} else if (strcmp(key, "item") == 0) {
			RETURN_IF(set_items(l, v, depth + 1));
		} else if (strcmp(key, "extension") != 0 &&
		    strcmp(key, "id") != 0) {
			return draft_refuse(l->draft, INTAKE_REASON_MEMBER,
			    "field %s: an unknown member of its answer",
			    f->name);
		}
	}
	if (values != 1)
		return draft_refuse(l->draft, INTAKE_REASON_MEMBER,
		    "field %s: an answer has exactly one value", f->name);
	return ERR_OK;
}

static const struct survey_field *
find_field(const struct fhir_line *l, const struct json_doc *link)
{
	struct bytes name = fhir_text(link);

	if (l->map != NULL && l->map->items != NULL)
		name = json_doc_string(link) == NULL ? bytes_of("", 0) :
		    fhir_text(json_doc_get(l->map->items,
		    json_doc_string(link)));
	return survey_find(l->draft->builder->survey, name);
}

static enum err
set_answers(struct fhir_line *l, const struct json_doc *item, unsigned depth)
{
	const struct survey_field *f = find_field(l, json_doc_get(item,
	    "linkId"));
	const struct json_doc *answers = json_doc_get(item, "answer");
	size_t i, len = json_doc_len(answers);

	if (json_doc_type(answers) != JSON_DOC_ARRAY)
		return draft_refuse(l->draft, INTAKE_REASON_MEMBER,
		    "answer: must be a list");
	if (f == NULL)
		return draft_refuse(l->draft, INTAKE_REASON_FIELD,
		    "linkId: answered, but not a field of the survey");
	if (f->kind == SURVEY_KIND_LIST && len > 0)
		RETURN_IF(draft_answer(l->draft, f, answers_set_list(
		    l->draft->builder, f)));
	for (i = 0; i < len; i++)
		RETURN_IF(set_answer(l, f, json_doc_at(answers, i), depth));
	return ERR_OK;
}

static enum err
check_item(struct fhir_line *l, const struct json_doc *item)
{
	static const char *const keys[] = {"id", "extension", "linkId",
	    "definition", "text", "answer", "item", NULL};

	if (json_doc_type(item) != JSON_DOC_OBJECT ||
	    json_doc_only(item, keys, "item", NULL) != ERR_OK)
		return draft_refuse(l->draft, INTAKE_REASON_MEMBER,
		    "item: an unknown member");
	if (fhir_text(json_doc_get(item, "linkId")).len == 0)
		return draft_refuse(l->draft, INTAKE_REASON_MEMBER,
		    "item: linkId is missing");
	if (++l->items > FHIR_ITEMS_MAX)
		return draft_refuse(l->draft, INTAKE_REASON_TOO_LONG,
		    "more than %d items", FHIR_ITEMS_MAX);
	return ERR_OK;
}

static enum err
set_items(struct fhir_line *l, const struct json_doc *items, unsigned depth)
{
	size_t i;

	if (json_doc_type(items) != JSON_DOC_ARRAY)
		return draft_refuse(l->draft, INTAKE_REASON_MEMBER,
		    "item: must be a list");
	if (depth > FHIR_DEPTH_MAX)
		return draft_refuse(l->draft, INTAKE_REASON_TOO_LONG,
		    "items more than %d deep", FHIR_DEPTH_MAX);
	for (i = 0; i < json_doc_len(items); i++) {
		const struct json_doc *item = json_doc_at(items, i);

		RETURN_IF(check_item(l, item));
		if (json_doc_get(item, "answer") != NULL)
			RETURN_IF(set_answers(l, item, depth));
		if (json_doc_get(item, "item") != NULL)
			RETURN_IF(set_items(l, json_doc_get(item, "item"),
			    depth + 1));
	}
	return ERR_OK;
}

/* ---- the resource ---- */

static enum err
check_status(struct fhir_line *l)
{
	struct bytes status = fhir_text(json_doc_get(l->resource, "status"));

	if (bytes_equal(status, bytes_str("completed")) ||
	    bytes_equal(status, bytes_str("amended")))
		return ERR_OK;
	return draft_refuse(l->draft, INTAKE_REASON_RESOURCE,
	    "status: must be completed or amended");
}

enum err
fhir_response(struct fhir_line *l)
{
	static const char *const keys[] = {"basedOn", "partOf",
	    "questionnaire", "status", "subject", "encounter", "authored",
	    "author", "source", "item", NULL};
	const struct json_doc *items = json_doc_get(l->resource, "item");

	l->draft->type = INTAKE_RESPONSE;
	RETURN_IF(fhir_only(l, keys));
	RETURN_IF(check_status(l));
	RETURN_IF(fhir_event(l, "QuestionnaireResponse", ""));
	RETURN_IF(fhir_subject(l, "subject"));
	RETURN_IF(fhir_time(l, "authored"));
	RETURN_IF(find_survey(l));
	return items == NULL ? ERR_OK : set_items(l, items, 1);
}
