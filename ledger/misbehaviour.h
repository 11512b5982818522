/* ledger/misbehaviour.h - two checkpoints of one log that cannot both be true.
 *
 * A portable proof (docs/FORMATS.md section 10.3): whoever knows the log's key
 * can check it, without the log, its witnesses or us.  Either both trees are of
 * one size and differ, or the second is larger and a consistency proof shows
 * that its first leaves are not those of the first.
 */
#ifndef AZUKARI_LEDGER_MISBEHAVIOUR_H
#define AZUKARI_LEDGER_MISBEHAVIOUR_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"
#include "ledger/checkpoint.h"

#define MISBEHAVIOUR_MAX ((size_t)64 << 10)

/* What proves it; all borrowed. */
struct misbehaviour_case {
	const struct note_key *log_key;
	struct bytes first, second;     /* signed notes */
	/* Where the second tree is larger: the root it has at the first one's
	 * size, and the consistency proof from there; else NULL and empty. */
	const uint8_t *root_in_second;
	struct bytes hashes;
};

/* What was proven. */
struct misbehaviour {
	struct checkpoint first, second;
};

/* Append the file.  ERR_REFUSED: these checkpoints do not contradict each
 * other; and the errors of checkpoint_verify. */
enum err misbehaviour_write(const struct misbehaviour_case *c,
    struct buf *out) MUST_USE;

/* Does ${file} prove that ${log_key} signed two trees that contradict each
 * other?  ERR_REFUSED: they do not; ERR_SYNTAX and the like, with ${info};
 * and the errors of checkpoint_verify. */
enum err misbehaviour_check(struct bytes file, const struct note_key *log_key,
    struct misbehaviour *ret, struct err_info *info) MUST_USE;

#endif
