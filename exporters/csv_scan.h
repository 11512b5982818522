/* exporters/csv_scan.h - records of a CSV as they stream by, uncut.
 *
 * Finds where records begin and end (a line end between quotes ends none) and
 * shows the first bytes of each; a filter may then keep or drop the record.
 * Nothing is parsed beyond that, so bytes pass unchanged and fast.
 */
#ifndef AZUKARI_EXPORTERS_CSV_SCAN_H
#define AZUKARI_EXPORTERS_CSV_SCAN_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"

/* Bytes of a record that are shown: enough for a pseudonym and a number, and
 * for a whole line of consents.csv. */
#define CSV_SCAN_HEAD 256

/* A record (not the header line): its first CSV_SCAN_HEAD bytes, or all of it
 * with its LF.  ${ret_keep} is 1 before the call. */
typedef enum err (*csv_scan_record_fn)(void *ctx, struct bytes head,
    int *ret_keep);
/* Bytes of the header line and of kept records. */
typedef enum err (*csv_scan_bytes_fn)(void *ctx, struct bytes piece);

/* To be zeroed, then filled with the first three. */
struct csv_scan {
	csv_scan_record_fn record;
	csv_scan_bytes_fn bytes;        /* NULL: nobody wants them */
	void *ctx;
	uint64_t records;               /* without the header */
	struct buf header;              /* the first line with its LF */
	uint8_t head[CSV_SCAN_HEAD];
	size_t head_len;
	int header_done, in_quotes, decided, keep;
};

/* The next bytes, however cut.  ERR_LIMIT for a header above CSV_RECORD_MAX,
 * or what a callback said. */
enum err csv_scan_feed(struct csv_scan *s, struct bytes piece) MUST_USE;
/* ERR_TRUNCATED unless a record has just ended. */
enum err csv_scan_end(const struct csv_scan *s) MUST_USE;
void csv_scan_release(struct csv_scan *s);           /* CLEANUP-able */

/* Cell ${i} (0 or 1) of a record's head, when it needs no quotes and ends
 * inside the head; ERR_CORRUPT otherwise. */
enum err csv_scan_cell(struct bytes head, unsigned i,
    struct bytes *ret) MUST_USE;

#endif
