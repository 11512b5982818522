/* vault/store_batch.h - batches of intake, and the list of quarantined lines.
 *
 * A quarantined line's content is a sealed record (kind 5) of the register
 * epoch; here stand only where it is, its line number and a reason class.
 */
#ifndef AZUKARI_VAULT_STORE_BATCH_H
#define AZUKARI_VAULT_STORE_BATCH_H

#include <stdint.h>

#include "core/err.h"
#include "vault/store.h"

struct store_batch {
	int64_t number;                 /* from 1; set by add and reading */
	char source[STORE_NAME_MAX + 1];
	int64_t started_unix_s;
	int64_t ended_unix_s;           /* 0: not finished */
	uint64_t accepted, duplicate, bad, refused;
	int64_t erased_unix_s;          /* 0: not erased */
};

enum err store_batch_add(struct store *s, const char *source,
    int64_t started_unix_s, int64_t *ret_number) MUST_USE;  /* transaction */
/* Transaction: add to the counts; ${ended_unix_s} 0 leaves it open. */
enum err store_batch_count(struct store *s, const struct store_batch *more)
    MUST_USE;
enum err store_batch_mark_erased(struct store *s, int64_t number,
    int64_t at_unix_s) MUST_USE;                            /* transaction */
enum err store_batch_get(struct store *s, int64_t number,
    struct store_batch *ret) MUST_USE;
typedef enum err (*store_batch_fn)(void *ctx, const struct store_batch *b);
enum err store_batch_each(struct store *s, store_batch_fn each,
    void *ctx) MUST_USE;                                    /* oldest first */

struct store_quarantine {
	int64_t batch;
	uint64_t line;
	uint16_t reason;                /* class; intake defines them */
	int64_t segment;
	uint32_t index;                 /* of its record in the segment */
};
enum err store_batch_quarantine_add(struct store *s,
    const struct store_quarantine *rows, size_t len) MUST_USE; /* transaction */
typedef enum err (*store_quarantine_fn)(void *ctx,
    const struct store_quarantine *q);
/* ${batch} 0: all; by batch, then line. */
enum err store_batch_quarantine_each(struct store *s, int64_t batch,
    store_quarantine_fn each, void *ctx) MUST_USE;

#endif
