/* intake/csv_map.h - records of a CSV file into events, by a mapping document
 * (FORMATS section 6.3).
 */
#ifndef AZUKARI_INTAKE_CSV_MAP_H
#define AZUKARI_INTAKE_CSV_MAP_H

#include "intake/event.h"
#include "intake/rules.h"

struct csv_map;
struct csv_map_reader;

/* Parse and check a mapping against ${rules}' surveys (and, where it gives
 * consent, known texts).  The caller owns the result; ${rules} is borrowed.
 * Offences are named in ${info} (may be NULL). */
enum err csv_map_parse(struct bytes text, const struct intake_rules *rules,
    struct csv_map **ret, struct err_info *info) MUST_USE;
/* 1 where event ids are a prefix and the record's number, so that another file
 * needs a mapping with another prefix. */
int csv_map_counts_rows(const struct csv_map *m);
void csv_map_free(struct csv_map *m);
void csv_map_cleanup(struct csv_map **m);

/* Opens the stream and reads the header: ERR_NOT_FOUND naming a column of the
 * mapping that is not there, ERR_DUPLICATE for one that is there twice, other
 * errors of the CSV reader.  ${map} is borrowed. */
enum err csv_map_reader_new(intake_read_fn read, void *ctx,
    const struct csv_map *map, const char *name,
    struct csv_map_reader **ret, struct err_info *info) MUST_USE;
void csv_map_reader_free(struct csv_map_reader *r);
void csv_map_reader_cleanup(struct csv_map_reader **r);

/* Read up to ${max_records} further records, appending to ${batch}; as
 * ndjson_reader_next. */
enum err csv_map_reader_next(struct csv_map_reader *r, size_t max_records,
    struct intake_batch *batch) MUST_USE;

#endif
