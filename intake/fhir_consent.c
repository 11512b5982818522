/* intake/fhir_consent.c - Consent into a consent or a withdrawal.
 *
 * `active` with a provision that permits gives scopes; `inactive`, or a
 * provision that denies, takes them back.  Conditions an event cannot hold
 * (a period, actors, exceptions) would widen a consent if they were left out,
 * so they are refused. */
#include <string.h>

#include "intake/fhir_internal.h"

#define CODES_MAX 32
#define TEXT_URN "urn:sha256:"

/* ---- scopes ---- */

static const struct {
	const char *code;
	uint8_t scopes;
} known[] = {
	{"research", INTAKE_SCOPE_RESEARCH},    /* consentscope */
	{"HRESCH", INTAKE_SCOPE_RESEARCH},      /* v3-ActReason */
	{"treatment", INTAKE_SCOPE_SUPPORT},
	{"TREAT", INTAKE_SCOPE_SUPPORT},
	{"PUBHLTH", INTAKE_SCOPE_SUPPORT},
	{"support", INTAKE_SCOPE_SUPPORT},      /* our own words */
	{"recontact", INTAKE_SCOPE_RECONTACT},
};

static uint8_t
mapped_scopes(const struct json_doc *list)
{
	uint8_t scopes = 0;
	size_t i;

	for (i = 0; i < json_doc_len(list); i++)
		scopes |= intake_scope_bit(fhir_text(json_doc_at(list, i)));
	return scopes;
}

/* What a code stands for; 0 when nobody said. */
static uint8_t
scopes_of(const struct fhir_line *l, const struct json_doc *code)
{
	const char *name = json_doc_string(code);
	size_t i;

	if (name == NULL)
		return 0;
	if (l->map != NULL && l->map->scopes != NULL)
		return mapped_scopes(json_doc_get(l->map->scopes, name));
	for (i = 0; i < ARRAY_LEN(known); i++)
		if (strcmp(known[i].code, name) == 0)
			return known[i].scopes;
	return 0;
}

static enum err
add_code(struct fhir_line *l, const struct json_doc *code, const char *where)
{
	uint8_t scopes = scopes_of(l, code);

	if (scopes == 0)
		return draft_refuse(l->draft, INTAKE_REASON_SCOPE,
		    "%s: a code that stands for no scope", where);
	l->draft->scopes |= scopes;
	l->draft->seen |= DRAFT_SCOPES;
	return ERR_OK;
}

/* ${list} of Coding. */
static enum err
add_codings(struct fhir_line *l, const struct json_doc *list,
    const char *where)
{
	size_t i;

	if (json_doc_type(list) != JSON_DOC_ARRAY || json_doc_len(list) == 0 ||
	    json_doc_len(list) > CODES_MAX)
		return draft_refuse(l->draft, INTAKE_REASON_SCOPE,
		    "%s: must have 1 to %d codings", where, CODES_MAX);
	for (i = 0; i < json_doc_len(list); i++)
		RETURN_IF(add_code(l, json_doc_get(json_doc_at(list, i),
		    "code"), where));
	return ERR_OK;
}

/* The purposes of the provision; where it has none, the consent's scope. */
static enum err
set_scopes(struct fhir_line *l, const struct json_doc *provision)
{
	const struct json_doc *purpose = json_doc_get(provision, "purpose");
	const struct json_doc *coding = json_doc_get(json_doc_get(l->resource,
	    "scope"), "coding");

	if (purpose != NULL)
		return add_codings(l, purpose, "provision.purpose");
	if (coding == NULL)
		return draft_refuse(l->draft, INTAKE_REASON_SCOPE,
		    "scope: is missing");
	return add_codings(l, coding, "scope");
}

/* ---- the text that was shown ---- */

static enum err
set_mapped_text(struct fhir_line *l, const char *uri)
{
	const struct json_doc *text = json_doc_get(l->map->texts, uri);

	if (text == NULL)
		return draft_refuse(l->draft, INTAKE_REASON_CONSENT_TEXT,
		    "policy: a uri the mapping does not name");
	return draft_set_text(l->draft, fhir_text(text));
}

/* "urn:sha256:HEX" is "sha256:HEX" behind its first four characters. */
static enum err
set_urn_text(struct fhir_line *l, const char *uri)
{
	if (strncmp(uri, TEXT_URN, sizeof(TEXT_URN) - 1) != 0)
		return draft_refuse(l->draft, INTAKE_REASON_CONSENT_TEXT,
		    "policy: its uri must be " TEXT_URN " and 64 lower-case "
		    "hex digits, or one the mapping names");
	return draft_set_text(l->draft, bytes_str(uri + 4));
}

static enum err
set_text(struct fhir_line *l)
{
	const struct json_doc *policy = json_doc_get(l->resource, "policy");
	const char *uri = NULL;

	if (policy != NULL && json_doc_type(policy) == JSON_DOC_ARRAY &&
	    json_doc_len(policy) == 1)
		uri = json_doc_string(json_doc_get(json_doc_at(policy, 0),
		    "uri"));
	if (uri == NULL)
		return draft_refuse(l->draft, INTAKE_REASON_CONSENT_TEXT,
		    "policy: must be one, with the uri of the text shown");
	l->draft->seen |= DRAFT_TEXT;
	return l->map != NULL && l->map->texts != NULL ?
	    set_mapped_text(l, uri) : set_urn_text(l, uri);
}

/* ---- what it says ---- */

static enum err
check_provision(struct fhir_line *l, const struct json_doc *provision)
{
	static const char *const keys[] = {"id", "extension", "type",
	    "purpose", NULL};

	if (provision == NULL || json_doc_type(provision) != JSON_DOC_OBJECT)
		return draft_refuse(l->draft, INTAKE_REASON_MEMBER,
		    "provision: must be an object");
	if (json_doc_only(provision, keys, "provision", NULL) != ERR_OK)
		return draft_refuse(l->draft, INTAKE_REASON_RESOURCE,
		    "provision: a condition that cannot be kept with a "
		    "consent");
	return ERR_OK;
}

static int
is_text(const struct json_doc *v, const char *text)
{
	return bytes_equal(fhir_text(v), bytes_str(text));
}

static enum err
give(struct fhir_line *l, const struct json_doc *provision)
{
	l->draft->type = INTAKE_CONSENT;
	RETURN_IF(check_provision(l, provision));
	RETURN_IF(fhir_event(l, "Consent", ""));
	RETURN_IF(set_text(l));
	return set_scopes(l, provision);
}

/* The same resource gives and later takes back: without a version of its own
 * the withdrawal would be taken for a repetition of the consent. */
static enum err
take_back(struct fhir_line *l, const struct json_doc *provision)
{
	const struct json_doc *meta = json_doc_get(l->resource, "meta");

	l->draft->type = INTAKE_WITHDRAWAL;
	RETURN_IF(fhir_event(l, "Consent", json_doc_get(meta, "versionId") ==
	    NULL ? "#withdrawn" : ""));
	return set_scopes(l, provision);
}

static enum err
set_decision(struct fhir_line *l)
{
	const struct json_doc *status = json_doc_get(l->resource, "status");
	const struct json_doc *provision = json_doc_get(l->resource,
	    "provision");
	const struct json_doc *type = json_doc_get(provision, "type");

	if (is_text(status, "inactive"))
		return take_back(l, provision);
	if (!is_text(status, "active"))
		return draft_refuse(l->draft, INTAKE_REASON_RESOURCE,
		    "status: must be active or inactive");
	if (is_text(type, "permit"))
		return give(l, provision);
	if (!is_text(type, "deny"))
		return draft_refuse(l->draft, INTAKE_REASON_RESOURCE,
		    "provision.type: must be permit or deny");
	RETURN_IF(check_provision(l, provision));
	return take_back(l, provision);
}

enum err
fhir_consent(struct fhir_line *l)
{
	static const char *const keys[] = {"status", "scope", "category",
	    "patient", "dateTime", "performer", "organization",
	    "sourceAttachment", "sourceReference", "policy", "policyRule",
	    "verification", "provision", NULL};

	RETURN_IF(fhir_only(l, keys));
	RETURN_IF(fhir_subject(l, "patient"));
	RETURN_IF(fhir_time(l, "dateTime"));
	return set_decision(l);
}
