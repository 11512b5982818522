/* intake/fhir.h - FHIR R4 resources into events (FORMATS section 6.4).
 *
 * One resource a line: QuestionnaireResponse becomes an answer, Consent a
 * consent or a withdrawal.  What a resource says and an event cannot hold is
 * never dropped silently: such a line is bad.  A mapping is asked for only
 * where names differ; its reader is ndjson_reader_new with NDJSON_FHIR.
 */
#ifndef AZUKARI_INTAKE_FHIR_H
#define AZUKARI_INTAKE_FHIR_H

#include "intake/rules.h"

struct fhir_map;

/* Parse and check a mapping against ${rules}' surveys and texts.  The caller
 * owns the result; ${rules} is borrowed.  ERR_SYNTAX, ERR_UNKNOWN,
 * ERR_NOT_FOUND (survey, text), ERR_UNSUPPORTED, named in ${info} (may be
 * NULL). */
enum err fhir_map_parse(struct bytes text, const struct intake_rules *rules,
    struct fhir_map **ret, struct err_info *info) MUST_USE;
void fhir_map_free(struct fhir_map *m);
void fhir_map_cleanup(struct fhir_map **m);

#endif
