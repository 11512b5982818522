/* intake/fhir.c - a line with one resource: which it is, whose, and when. */
#include <stdio.h>
#include <string.h>

#include "intake/fhir_internal.h"
#include "intake/json_fault.h"

struct bytes
fhir_text(const struct json_doc *v)
{
	return json_doc_string(v) == NULL ? bytes_of("", 0) :
	    bytes_of(json_doc_string(v), json_doc_string_len(v));
}

/* ---- members ---- */

/* What any resource may have, and what changes nothing about an answer. */
static int
is_common(const char *key)
{
	static const char *const common[] = {"resourceType", "id", "meta",
	    "language", "text", "contained", "extension", "identifier"};
	size_t i;

	for (i = 0; i < ARRAY_LEN(common); i++)
		if (strcmp(key, common[i]) == 0)
			return 1;
	return 0;
}

enum err
fhir_only(struct fhir_line *l, const char *const *keys)
{
	const char *key = json_doc_next_key(l->resource, NULL);
	size_t i;

	for (; key != NULL; key = json_doc_next_key(l->resource, key)) {
		if (strcmp(key, "modifierExtension") == 0 ||
		    strcmp(key, "implicitRules") == 0)
			return draft_refuse(l->draft, INTAKE_REASON_RESOURCE,
			    "%s: may change the meaning of the whole", key);
		for (i = 0; keys[i] != NULL; i++)
			if (strcmp(key, keys[i]) == 0)
				break;
		if (keys[i] == NULL && !is_common(key))
			return draft_refuse(l->draft, INTAKE_REASON_MEMBER,
			    "an unknown member");
	}
	return ERR_OK;
}

/* FHIR's id: 1 to 64 letters, digits, - and . */
static int
is_fhir_id(struct bytes id)
{
	size_t i;

	if (id.len < 1 || id.len > 64)
		return 0;
	for (i = 0; i < id.len; i++) {
		uint8_t c = id.data[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		    (c >= '0' && c <= '9') || c == '-' || c == '.'))
			return 0;
	}
	return 1;
}

enum err
fhir_event(struct fhir_line *l, const char *type, const char *suffix)
{
	struct bytes id = fhir_text(json_doc_get(l->resource, "id"));
	const struct json_doc *meta = json_doc_get(l->resource, "meta");
	const struct json_doc *version = json_doc_get(meta, "versionId");
	int len;

	if (!is_fhir_id(id))
		return draft_refuse(l->draft, INTAKE_REASON_EVENT, "id: must "
		    "be 1 to 64 letters, digits, - and .");
	if (version != NULL && !is_fhir_id(fhir_text(version)))
		return draft_refuse(l->draft, INTAKE_REASON_EVENT,
		    "meta.versionId: must be 1 to 64 letters, digits, - and .");
	len = snprintf(l->event, sizeof(l->event), "%s/%s%s%s%s", type,
	    json_doc_string(json_doc_get(l->resource, "id")),
	    version == NULL ? "" : "/_history/",
	    version == NULL ? "" : json_doc_string(version), suffix);
	if (len < 0 || (size_t)len >= sizeof(l->event) ||
	    (size_t)len > INTAKE_EVENT_ID_MAX)
		return draft_refuse(l->draft, INTAKE_REASON_EVENT,
		    "id: too long together with meta.versionId");
	l->draft->seen |= DRAFT_TYPE | DRAFT_EVENT;
	return draft_set_event(l->draft, bytes_of(l->event, (size_t)len));
}

/* ---- whose, and when ---- */

/* The logical reference: an identifier, of the system the mapping names. */
static enum err
set_identifier(struct fhir_line *l, const char *key,
    const struct json_doc *identifier)
{
	const char *system = l->map == NULL ? NULL : l->map->subject_system;
	const struct json_doc *has = json_doc_get(identifier, "system");

	if (system != NULL && (json_doc_string(has) == NULL ||
	    strcmp(json_doc_string(has), system) != 0))
		return draft_refuse(l->draft, INTAKE_REASON_RESPONDENT,
		    "%s: its identifier is not of the mapping's system", key);
	return draft_set_respondent(l->draft, fhir_text(json_doc_get(
	    identifier, "value")));
}

/* "Patient/ID", also behind a server's base; a contained one ("#x") and a
 * urn: have no id that would be the same in the next line. */
static enum err
set_reference(struct fhir_line *l, const char *key, struct bytes reference)
{
	static const char type[] = "Patient/";
	const size_t type_len = sizeof(type) - 1;
	struct bytes id;
	size_t at = reference.len;

	while (at > 0 && reference.data[at - 1] != '/')
		at--;
	id = bytes_of(reference.data + at, reference.len - at);
	if (at < type_len || memcmp(reference.data + at - type_len, type,
	    type_len) != 0 || (at > type_len &&
	    reference.data[at - type_len - 1] != '/') || !is_fhir_id(id))
		return draft_refuse(l->draft, INTAKE_REASON_RESPONDENT,
		    "%s: must have an identifier, or refer to Patient/ID", key);
	return draft_set_respondent(l->draft, id);
}

enum err
fhir_subject(struct fhir_line *l, const char *key)
{
	const struct json_doc *subject = json_doc_get(l->resource, key);
	const struct json_doc *identifier = json_doc_get(subject,
	    "identifier");

	if (subject == NULL || json_doc_type(subject) != JSON_DOC_OBJECT)
		return draft_refuse(l->draft, INTAKE_REASON_RESPONDENT,
		    "%s: is missing", key);
	l->draft->seen |= DRAFT_RESPONDENT;
	if (identifier != NULL)
		return set_identifier(l, key, identifier);
	if (l->map != NULL && l->map->subject_system != NULL)
		return draft_refuse(l->draft, INTAKE_REASON_RESPONDENT,
		    "%s: has no identifier, and the mapping asks for one",
		    key);
	return set_reference(l, key, fhir_text(json_doc_get(subject,
	    "reference")));
}

#define DAY_LEN 10

enum err
fhir_time(struct fhir_line *l, const char *key)
{
	struct bytes text = fhir_text(json_doc_get(l->resource, key));

	if (text.len == 0)
		return draft_refuse(l->draft, INTAKE_REASON_TIME,
		    "%s: is missing", key);
	l->draft->seen |= DRAFT_TIME;
	return text.len == DAY_LEN ? draft_set_day(l->draft, text) :
	    draft_set_time_text(l->draft, text);
}

/* ---- a line ---- */

static enum err
parse(struct draft *d, struct bytes line, struct json_doc **ret)
{
	enum err e = json_doc_parse(line, INTAKE_LINE_MAX, ret, NULL);

	if (e == ERR_NOMEM)
		return e;
	if (e == ERR_ENCODING)
		return draft_refuse(d, INTAKE_REASON_ENCODING,
		    "not UTF-8, or a NUL character");
	if (e != ERR_OK || json_doc_type(*ret) != JSON_DOC_OBJECT)
		return draft_refuse(d, INTAKE_REASON_JSON,
		    JSON_FAULT_GENERAL);
	return ERR_OK;
}

enum err
fhir_parse(struct fhir_line *l, struct bytes line, struct json_doc **ret_doc)
{
	const char *type;

	RETURN_IF(parse(l->draft, line, ret_doc));
	l->resource = *ret_doc;
	l->items = 0;
	type = json_doc_string(json_doc_get(l->resource, "resourceType"));
	if (type != NULL && strcmp(type, "QuestionnaireResponse") == 0)
		return fhir_response(l);
	if (type != NULL && strcmp(type, "Consent") == 0)
		return fhir_consent(l);
	return draft_refuse(l->draft, INTAKE_REASON_TYPE, "resourceType: must "
	    "be QuestionnaireResponse or Consent");
}
