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

/* Append `old N`, the consistency proof, a blank line and ${note}.  An empty
 * ${note} stands for the published checkpoint. */
enum err witness_request_write(struct log *l, uint64_t old_size,
    struct bytes note, struct buf *out) MUST_USE;

struct witness_request {
	uint64_t old_size;
	struct buf hashes;
	struct buf note;        /* unverified */
};
enum err witness_request_parse_unverified(struct bytes body,
    struct witness_request *ret) MUST_USE;
void witness_request_release(struct witness_request *r);

/* What a witness knows and signs with. */
struct witness_config {
	const char *state_path;                 /* one file per log */
	const struct note_key *log_key;
	const struct note_signer *signer;       /* type 0x04 */
	unsigned wait_ms;
};

/* Check a request against the stored state, store the new one, and append the
 * cosignature line to ${out}.  ERR_STATE: the request's old size is not ours;
 * ${ret_size} then has ours (also set on success).  ERR_ROLLBACK: same size,
 * other root, or a smaller tree; ERR_MISMATCH: the proof does not hold;
 * ERR_SIGNATURE, ERR_UNTRUSTED: not signed by the log; ERR_CORRUPT: the state
 * file is not one. */
enum err witness_cosign(const struct witness_config *config,
    struct bytes request, int64_t now_unix_s, uint64_t *ret_size,
    struct buf *out) MUST_USE;

#endif
