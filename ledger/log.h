/* ledger/log.h - the log on disk, and the order that makes it trustworthy.
 *
 * The commit point of the log is outside: the `signed` state (checkpoint) that
 * the caller keeps in gateway.db (PROTOCOL 8).  An append is
 *
 *     log_stage(entries)        tiles durable, checkpoint signed, nobody told
 *     caller commits log_staged() as its new `signed` state
 *     log_publish()             checkpoint file, then it may be shown
 *
 * Whatever happens between, log_open with the committed state repairs: surplus
 * tiles are dropped, a stale checkpoint file is rewritten.  A state that is
 * older than the checkpoint file, or tiles that do not hash to it, are a
 * rollback and refused.  Nothing is ever signed that does not extend the last
 * signed state, and size 0 is never signed.
 *
 * One writer holds DIR/lock from open to close; readers need no lock.  A
 * struct log is not for use by two threads at once.
 */
#ifndef AZUKARI_LEDGER_LOG_H
#define AZUKARI_LEDGER_LOG_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"
#include "ledger/checkpoint.h"
#include "ledger/note_signer.h"

#define LOG_BATCH_MAX 4096      /* entries of one log_stage */

struct log;

/* Steps of an append and of repair, in their order; ${step} below is told
 * each one *before* it is done, for tests that kill the process there. */
enum log_step {
	LOG_STEP_ENTRIES, LOG_STEP_HASHES, LOG_STEP_SIGN,
	LOG_STEP_CHECKPOINT, LOG_STEP_DROP_PARTIAL, LOG_STEP_DROP_SURPLUS,
	LOG_STEP_DONE,
};

struct log_config {
	const char *dir;                        /* copied; made if absent */
	const struct note_signer *signer;       /* borrowed until log_close */
	unsigned wait_ms;                       /* for the lock */
	void (*step)(void *ctx, enum log_step step);    /* NULL normally */
	void *step_ctx;
};

/* The committed state; size 0 with an empty checkpoint before the first. */
struct log_signed {
	uint64_t size;
	uint8_t root[MERKLE_PROOF_HASH_LEN];
	struct bytes checkpoint;                /* the signed note */
};

/* Open for writing at ${state} and repair.  ${info} (may be NULL) gets the
 * reason in plain words.
 * ERR_BUSY: another writer; ERR_ROLLBACK: the state is older than what was
 * published, of another tree, or the tiles are older than the state;
 * ERR_CORRUPT: tiles do not hash to the state; ERR_SIGNATURE, ERR_MISMATCH,
 * ERR_UNTRUSTED: the state's checkpoint is not of this key; ERR_IO,
 * ERR_NO_SPACE. */
enum err log_open(const struct log_config *config,
    const struct log_signed *state, struct log **ret,
    struct err_info *info) MUST_USE;

/* Open for reading at the published checkpoint file, verified under ${key},
 * or at ${note} (a signed checkpoint from elsewhere, may be NULL).  No lock,
 * nothing is repaired.  ERR_NOT_FOUND: nothing published yet. */
enum err log_open_reader(const char *dir, const struct note_key *key,
    const struct bytes *note, struct log **ret) MUST_USE;

/* The same for a log of others, where ${origin} may be another line than the
 * key's name (checkpoint_verify_origin). */
enum err log_open_copy(const char *dir, const struct note_key *key,
    const char *origin, const struct bytes *note, struct log **ret) MUST_USE;

void log_close(struct log *l);          /* NULL is fine; drops what is staged */
void log_cleanup(struct log **l);

/* Step 1: append ${count} entries (1..LOG_BATCH_MAX, each 1..65535 bytes) to
 * the last published state.  ERR_STATE: something is staged already, or
 * this is a reader; ERR_LIMIT: too many or too long; ERR_RANGE: an empty entry;
 * ERR_CORRUPT: the tiles are no longer those of that state; ERR_NO_SPACE,
 * ERR_IO.  After any failure nothing is staged, the log stands at its old
 * state and may be used on. */
enum err log_stage(struct log *l, const struct bytes *entries,
    size_t count) MUST_USE;
/* What to commit; valid until log_publish, log_drop or log_close.  Aborts when
 * nothing is staged. */
struct log_signed log_staged(const struct log *l);
/* Step 3, after the caller's commit: write the checkpoint file.  On failure
 * the log is at its new state all the same (the file is stale and the next
 * log_open rewrites it). */
enum err log_publish(struct log *l) MUST_USE;
/* The caller's commit failed for certain: forget the staged checkpoint. */
enum err log_drop(struct log *l) MUST_USE;

/* The published state. */
uint64_t log_size(const struct log *l);
const struct checkpoint *log_checkpoint(const struct log *l);
/* The key its checkpoints are verified under; valid until log_close. */
const struct note_key *log_key(const struct log *l);
/* The signed note of that state; valid until the next change. */
struct bytes log_note(const struct log *l);

/* Put cosignatures on disk: ${note} is the present checkpoint with further
 * signature lines; ERR_MISMATCH when its text is another. */
enum err log_store_cosigned(struct log *l, struct bytes note) MUST_USE;

/* Append entry ${index} to ${out}; its leaf hash is checked against the tile.
 * ERR_RANGE, ERR_CORRUPT, ERR_NOT_FOUND (file missing). */
enum err log_entry(struct log *l, uint64_t index, struct buf *out) MUST_USE;

/* Leaf hash ${index} out of its tile.  ERR_RANGE, ERR_CORRUPT, ERR_NOT_FOUND. */
enum err log_leaf(struct log *l, uint64_t index,
    uint8_t ret[MERKLE_PROOF_HASH_LEN]) MUST_USE;

/* Find a leaf by its hash among entries ${from}...; ERR_NOT_FOUND. */
enum err log_find(struct log *l, uint64_t from,
    const uint8_t leaf[MERKLE_PROOF_HASH_LEN], uint64_t *ret_index) MUST_USE;

/* Proofs out of the tiles, for trees up to the published size: ERR_RANGE. */
enum err log_root(struct log *l, uint64_t size,
    uint8_t ret_root[MERKLE_PROOF_HASH_LEN]) MUST_USE;
enum err log_inclusion(struct log *l, uint64_t index, uint64_t size,
    struct buf *ret_proof) MUST_USE;
enum err log_consistency(struct log *l, uint64_t old_size, uint64_t size,
    struct buf *ret_proof) MUST_USE;

/* Append the .tlog-proof of entry ${index} under ${note}: a signed (and
 * perhaps cosigned) checkpoint of this log at any size > index; an empty one
 * stands for the published checkpoint.  ERR_ROLLBACK when its root is not
 * that of our tree. */
enum err log_proof(struct log *l, uint64_t index, struct bytes note,
    struct buf *out) MUST_USE;

/* Call ${each} for the entries ${from}... in order; its error ends the walk
 * and is returned.  ${entry} is borrowed for the call. */
typedef enum err (*log_each_fn)(void *ctx, uint64_t index,
    struct bytes entry);
enum err log_each(struct log *l, uint64_t from, log_each_fn each,
    void *ctx) MUST_USE;

#endif
