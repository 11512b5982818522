/* vault/store.h - an owner's store (owners/NN/vault.db): the handle.
 *
 * The rest of Azukari sees this folder's headers only, so that another engine
 * can stand behind them.  What is stored: store_respondent.h (who, consent
 * state), store_epoch.h (epochs, shares, project keys), store_segment.h
 * (sealed records), store_event.h (events seen), store_batch.h (batches,
 * quarantine), store_notice.h (notice book, notices due, release memory).
 * Answers can be opened only through reader.h, against a grant.
 *
 * Numbers, not names, are handed around: respondents and segments have dense
 * numbers, epochs and batches row numbers.  Writers need a transaction on
 * store_db().  Caches inside drop themselves when another process has
 * committed or a transaction was rolled back.
 */
#ifndef AZUKARI_VAULT_STORE_H
#define AZUKARI_VAULT_STORE_H

#include <stdint.h>

#include "core/err.h"
#include "vault/db.h"

#define STORE_SHA256_LEN 32
#define STORE_NAME_MAX 64

struct store;

/* ${owner} is two digits.  DB_CREATE writes it into the new file, otherwise
 * another owner's file is ERR_MISMATCH.  Other errors as db_open. */
enum err store_open(const char *path, enum db_open_mode mode,
    const struct secret *key, const char *owner, struct store **ret) MUST_USE;
void store_close(struct store *s);
void store_cleanup(struct store **s);
struct db *store_db(struct store *s);           /* borrowed */
const char *store_owner(const struct store *s); /* two digits */

/* Everything SQL cannot promise: numbers dense, tags unique, counts and
 * leaves of every segment, roots of closed epochs.  Reads the whole file.
 * ERR_CORRUPT. */
enum err store_check(struct store *s) MUST_USE;

/* For people: sizes of things. */
struct store_counts {
	uint64_t respondents, erased, stopping, stop_listed;
	uint64_t epochs, epochs_open;   /* without keys of projects */
	uint64_t segments;
	uint64_t records, removed;      /* of all segments */
	uint64_t quarantined, events, notices_due;
	uint64_t to_compact;            /* erased, with bytes still there */
};
enum err store_count(struct store *s, struct store_counts *ret) MUST_USE;

/* Transaction.  Compaction (store_segment_compact) of every segment is done for
 * all erasures up to act ${act}; store_compact_last gives the last one there
 * is, 0 for none. */
enum err store_compact_last(struct store *s, int64_t *ret_act) MUST_USE;
enum err store_compact_mark(struct store *s, int64_t act) MUST_USE;

/* Digests of consent texts of which a store of schema 1 knew the first half
 * only: how many are still half (zero bytes behind it), and, in a transaction,
 * one made whole; nothing where none begins like ${sha256}. */
enum err store_text_halves(struct store *s, uint64_t *ret) MUST_USE;
enum err store_text_complete(struct store *s,
    const uint8_t sha256[STORE_SHA256_LEN]) MUST_USE;

/* The generation of erase.db this store belongs to.  ${confirmed} is the last
 * one known to be done, ${intended} the same or one more while an erasure is
 * on its way.  Both need a transaction; ERR_STATE, ERR_ROLLBACK. */
enum err store_erasure_intend(struct store *s, uint64_t generation) MUST_USE;
enum err store_erasure_confirm(struct store *s, uint64_t generation) MUST_USE;
enum err store_erasure_get(struct store *s, uint64_t *ret_confirmed,
    uint64_t *ret_intended) MUST_USE;

#endif
