/* ledger/cosignature.h - what witnesses say: C2SP cosignatures, type 0x04.
 *
 * A cosignature states that at its time this was the largest consistent tree
 * its witness had seen.  Verifiers take time from here, never from texts.
 */
#ifndef AZUKARI_LEDGER_COSIGNATURE_H
#define AZUKARI_LEDGER_COSIGNATURE_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"
#include "ledger/checkpoint.h"
#include "ledger/note.h"

#define COSIGNATURE_LEN 72      /* u64 time, Ed25519 signature */

/* Append the message that is signed: two header lines, then the text. */
enum err cosignature_message(struct bytes text, int64_t unix_s,
    struct buf *out) MUST_USE;

/* Append one cosignature line over the text of ${note} (a checkpoint that the
 * caller has verified).  ${signer} is of type 0x04 (ERR_UNSUPPORTED). */
enum err cosignature_sign(const struct note *note,
    const struct note_signer *signer, int64_t unix_s,
    struct buf *out) MUST_USE;

/* Verify one witness's cosignature in ${note}.  ERR_UNTRUSTED: it is not
 * there; ERR_SIGNATURE: it is, and bad. */
enum err cosignature_verify(const struct note *note,
    const struct note_key *witness, int64_t *ret_unix_s) MUST_USE;

/* Append ${note} with the cosignature lines of ${lines} that ${keys} verify
 * and that are not in it yet; others are left out.  ERR_UNTRUSTED when nothing
 * was to add; ERR_SIGNATURE when a known key's line is bad. */
enum err cosignature_merge(struct bytes note, struct bytes lines,
    const struct note_key *keys, size_t count, struct buf *out) MUST_USE;

#endif
