/* ledger/proof.h - c2sp.org/tlog-proof@v1: "this entry is in that log".
 *
 * The file holds index, audit path and checkpoint; the entry's bytes travel
 * beside it (`X.entry`, `X.tlog-proof`).
 */
#ifndef AZUKARI_LEDGER_PROOF_H
#define AZUKARI_LEDGER_PROOF_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"
#include "ledger/policy_file.h"

#define PROOF_MAX (NOTE_MAX + ((size_t)128 << 10))
#define PROOF_EXTRA_MAX ((size_t)64 << 10)

/* Append a proof file.  ${hashes} is the concatenated path, ${note} the
 * signed checkpoint, verbatim. */
enum err proof_write(uint64_t index, struct bytes hashes, struct bytes note,
    struct buf *out) MUST_USE;

struct proof {
	uint64_t index;
	struct buf hashes;      /* 32 bytes each */
	struct buf extra;       /* decoded, not authenticated by anything */
	struct buf note;        /* the checkpoint, unverified */
};

/* Parse into ${ret} (overwritten; untouched on failure).  ERR_SYNTAX, ERR_LIMIT,
 * ERR_UNSUPPORTED (another version).  The note is checked by proof_verify. */
enum err proof_parse_unverified(struct bytes file, struct proof *ret) MUST_USE;
void proof_release(struct proof *p);

/* Verify that ${entry} is leaf p->index of the checkpoint and that the policy
 * holds for it.  ERR_MISMATCH: another entry, index or tree; ERR_RANGE: index
 * outside the tree; and the errors of policy_file_verify. */
enum err proof_verify(const struct proof *p, struct bytes entry,
    const struct policy_file *policy, struct policy_file_result *ret) MUST_USE;

/* The same under the log's key alone, no witness asked for. */
enum err proof_verify_log(const struct proof *p, struct bytes entry,
    const struct note_key *log_key, struct checkpoint *ret) MUST_USE;

#endif
