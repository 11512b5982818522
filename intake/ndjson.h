/* intake/ndjson.h - lines of JSON into events (FORMATS section 6.2).
 *
 * A bad line never stops the stream: it goes to the batch's bad lines.  Two
 * paths read a line: the fast one, a scanner of its own for exactly these
 * shapes, and the reference one over core/json_doc; tests hold them equal.
 */
#ifndef AZUKARI_INTAKE_NDJSON_H
#define AZUKARI_INTAKE_NDJSON_H

#include "intake/event.h"
#include "intake/rules.h"

/* With NDJSON_FHIR a line is a FHIR resource (intake/fhir.h). */
enum ndjson_path { NDJSON_FAST = 0, NDJSON_REFERENCE = 1, NDJSON_FHIR = 2 };

struct ndjson_reader;
struct fhir_map;

/* ${rules} is borrowed.  ERR_NOMEM; ERR_LIMIT with too many surveys. */
enum err ndjson_reader_new(intake_read_fn read, void *ctx,
    const struct intake_rules *rules, enum ndjson_path path,
    struct ndjson_reader **ret) MUST_USE;
/* Of a reader of NDJSON_FHIR: what stands for what; borrowed, NULL for the
 * names as they are. */
void ndjson_reader_map(struct ndjson_reader *r, const struct fhir_map *map);
void ndjson_reader_free(struct ndjson_reader *r);
void ndjson_reader_cleanup(struct ndjson_reader **r);

/* Read up to ${max_lines} further lines, appending to ${batch} (which the
 * caller clears).  Empty lines are skipped; a last line without LF counts.
 * ERR_NOT_FOUND when no line was left; else only the input's own errors. */
enum err ndjson_reader_next(struct ndjson_reader *r, size_t max_lines,
    struct intake_batch *batch) MUST_USE;

/* One line without its LF, as line number ${number}, into ${batch}; for
 * callers that have lines already.  ERR_NOMEM only: a bad line is no error. */
enum err ndjson_reader_line(struct ndjson_reader *r, struct bytes line,
    unsigned long number, struct intake_batch *batch) MUST_USE;

#endif
