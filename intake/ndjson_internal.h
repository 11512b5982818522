/* intake/ndjson_internal.h - the two ways to read one line. */
#ifndef AZUKARI_INTAKE_NDJSON_INTERNAL_H
#define AZUKARI_INTAKE_NDJSON_INTERNAL_H

#include "intake/draft_internal.h"

/* Both fill ${d}, started by the caller, from ${line}; what they note in it
 * is borrowed from ${line} or ${scratch} until the next line.  ERR_SYNTAX
 * with the draft's reason and message; ERR_NOMEM. */

/* Needs ${scratch} of at least line.len bytes.  ERR_UNSUPPORTED: the line has
 * a number in a spelling only the reference reads. */
enum err ndjson_fast_parse(struct draft *d, struct bytes line,
    uint8_t *scratch) MUST_USE;

/* ${ret_doc}: what the draft borrows from; the caller frees it. */
struct json_doc;
enum err ndjson_reference_parse(struct draft *d, struct bytes line,
    struct json_doc **ret_doc) MUST_USE;

#endif
