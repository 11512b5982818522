/* ledger/checkpoint.h - C2SP checkpoints: origin, size and root of a log.
 *
 * The log's key has the log's origin as its name (type 0x01).  Extension
 * lines are allowed by the format and covered by the signatures, but carry no
 * meaning here; we never write any.
 */
#ifndef AZUKARI_LEDGER_CHECKPOINT_H
#define AZUKARI_LEDGER_CHECKPOINT_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"
#include "ledger/merkle_proof.h"
#include "ledger/note.h"

struct checkpoint {
	char origin[NOTE_KEY_NAME_MAX + 1];
	uint64_t size;
	uint8_t root[MERKLE_PROOF_HASH_LEN];
};

/* Parse a note's text.  ERR_SYNTAX, ERR_LIMIT, ERR_RANGE (size). */
enum err checkpoint_parse_unverified(struct bytes text,
    struct checkpoint *ret) MUST_USE;

/* Append the three lines. */
enum err checkpoint_write(const struct checkpoint *cp,
    struct buf *out) MUST_USE;

/* Append the signed note.  ERR_REFUSED for size 0, ERR_MISMATCH where the
 * signer's name is not the origin, ERR_UNSUPPORTED where its type is not 0x01. */
enum err checkpoint_sign(const struct checkpoint *cp,
    const struct note_signer *signer, struct buf *out) MUST_USE;

/* Parse and verify a note under the log's key; the origin must be the key's
 * name (ERR_MISMATCH).  Other errors as note_parse, note_verify and
 * checkpoint_parse_unverified. */
enum err checkpoint_verify(struct bytes note, const struct note_key *log_key,
    struct checkpoint *ret) MUST_USE;

/* The same for a log of others whose origin, any line of text, is not the name
 * of its key (C2SP tlog-checkpoint asks for that, but some differ). */
enum err checkpoint_verify_origin(struct bytes note,
    const struct note_key *log_key, const char *origin,
    struct checkpoint *ret) MUST_USE;

/* Same origin, size and root. */
int checkpoint_equal(const struct checkpoint *a, const struct checkpoint *b);

#endif
