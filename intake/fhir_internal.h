/* intake/fhir_internal.h - the parts of the FHIR reader.
 *
 *     fhir_map        the mapping document
 *     fhir            a line: which resource, whose, when
 *     fhir_response   QuestionnaireResponse
 *     fhir_consent    Consent
 */
#ifndef AZUKARI_INTAKE_FHIR_INTERNAL_H
#define AZUKARI_INTAKE_FHIR_INTERNAL_H

#include "core/json_doc.h"
#include "intake/draft_internal.h"
#include "intake/fhir.h"
#include "survey/digits.h"

#define FHIR_DEPTH_MAX 8                /* groups within groups */
#define FHIR_ITEMS_MAX 1000             /* items of one resource */
#define FHIR_EVENT_MAX 256              /* room for an event id */

/* Everything but `survey` is borrowed from `doc` and NULL where not given. */
struct fhir_map {
	struct json_doc *doc;
	const struct survey *survey;    /* what `questionnaire` stands for */
	const char *questionnaire;      /* canonical, as it is written */
	const char *subject_system;     /* of identifiers that are user ids */
	const struct json_doc *items;   /* linkId -> field name */
	const struct json_doc *codes;   /* field name -> code -> category */
	const struct json_doc *texts;   /* policy uri -> "sha256:..." */
	const struct json_doc *scopes;  /* code -> list of scopes */
};

/* A line on its way; the draft is started, everything else is borrowed. */
struct fhir_line {
	struct draft *draft;
	const struct fhir_map *map;     /* may be NULL */
	const struct json_doc *resource;
	char event[FHIR_EVENT_MAX];
	char digits[DIGITS_ROOM];
	size_t items;                   /* met so far */
};

/* ${doc} as one resource into the draft of ${l}.  ERR_SYNTAX with the draft's
 * reason and message; ERR_NOMEM. */
enum err fhir_parse(struct fhir_line *l, struct bytes line,
    struct json_doc **ret_doc) MUST_USE;

/* The resource's members into the draft. */
enum err fhir_response(struct fhir_line *l) MUST_USE;
enum err fhir_consent(struct fhir_line *l) MUST_USE;

/* ---- for both ---- */

/* A resource has no member but ${keys} (NULL-terminated) and those of every
 * resource; a `modifierExtension` changes the meaning and is refused. */
enum err fhir_only(struct fhir_line *l, const char *const *keys) MUST_USE;
/* A Reference to whom it is about. */
enum err fhir_subject(struct fhir_line *l, const char *key) MUST_USE;
/* A dateTime: a day or an instant. */
enum err fhir_time(struct fhir_line *l, const char *key) MUST_USE;
/* "TYPE/ID", "/_history/VERSION" where that is given, then ${suffix}. */
enum err fhir_event(struct fhir_line *l, const char *type,
    const char *suffix) MUST_USE;
/* The text of a string; "" when ${v} is none. */
struct bytes fhir_text(const struct json_doc *v);

#endif
