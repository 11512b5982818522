/* ledger/witness.h - being a witness, and asking one: C2SP tlog-witness texts.
 *
 * The request and the reply are plain texts, so that they travel over HTTP and
 * on a USB stick alike.  A witness signs only growth: its state file is
 * compared and stored under a lock, durably, before the cosignature exists.
 */
#ifndef AZUKARI_LEDGER_WITNESS_H
#define AZUKARI_LEDGER_WITNESS_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"
#include "ledger/log.h"

#define WITNESS_REQUEST_MAX (NOTE_MAX + ((size_t)16 << 10))

/* Append `old N`, the consistency proof, a blank line and ${note}: a signed
 * checkpoint of this log of at least ${old_size} entries, or an empty one for
 * the published checkpoint.  ERR_RANGE; ERR_ROLLBACK: the note is of another
 * tree. */
enum err witness_request_write(struct log *l, uint64_t old_size,
    struct bytes note, struct buf *out) MUST_USE;

struct witness_request {
	uint64_t old_size;
	struct buf hashes;
	struct buf note;        /* unverified */
};
/* Parse into ${ret} (overwritten; untouched on failure).  ERR_SYNTAX,
 * ERR_LIMIT, ERR_RANGE. */
enum err witness_request_parse_unverified(struct bytes body,
    struct witness_request *ret) MUST_USE;
void witness_request_release(struct witness_request *r);

/* Is the checkpoint of ${r} signed by the log and does it extend ${old}, which
 * the caller has known before (size 0: nothing known)?  ERR_STATE: the request
 * begins at another size than ${old}; ERR_ROLLBACK: the same size, another
 * root; ERR_MISMATCH: the proof does not hold; ERR_RANGE: a tree of no
 * entries, or smaller than where it begins; and the errors of
 * checkpoint_verify. */
enum err witness_request_verify(const struct witness_request *r,
    const struct note_key *log_key, const struct checkpoint *old,
    struct checkpoint *ret) MUST_USE;

/* What a witness knows and signs with; all borrowed for the call. */
struct witness_config {
	const char *state_path;         /* one file per log; its lock beside */
	const struct note_key *log_key;
	const struct note_signer *signer;       /* type 0x04 */
	unsigned wait_ms;                       /* for the lock */
};

/* The checkpoint this witness cosigned last; size 0 where there is none yet.
 * ERR_CORRUPT: the state file is not a checkpoint of that log. */
enum err witness_state(const struct witness_config *config,
    struct checkpoint *ret) MUST_USE;

/* Verify a request against the stored state, store the new state durably, then
 * append the cosignature line to ${out}.  ${ret_size} is set to the stored
 * size with ERR_STATE and on success, so that the asker can begin there.
 * Errors as above; ERR_BUSY; ERR_UNSUPPORTED: not a witness's signer. */
enum err witness_cosign(const struct witness_config *config,
    struct bytes request, int64_t now_unix_s, uint64_t *ret_size,
    struct buf *out) MUST_USE;

/* What to send back over HTTP, by C2SP tlog-witness: the answer to a POST of
 * `add-checkpoint`. */
struct witness_reply {
	unsigned status;        /* 200, 400, 403, 404, 409, 422, 500, 503 */
	const char *content_type;       /* static; NULL: an empty body */
	struct buf body;
};
void witness_reply_release(struct witness_reply *r);    /* CLEANUP-able */

/* Cosign or refuse; the value is that of witness_cosign, ${ret} is always set. */
enum err witness_reply_make(const struct witness_config *config,
    struct bytes request, int64_t now_unix_s,
    struct witness_reply *ret) MUST_USE;

/* The portable proof (ledger/misbehaviour.h) that a refused request gives,
 * where it gives one: its checkpoint contradicts the one cosigned last.
 * ERR_NOT_FOUND: it proves nothing. */
enum err witness_misbehaviour(const struct witness_config *config,
    struct bytes request, struct buf *out) MUST_USE;

#endif
