/* ledger/note_signer.h - keys that sign notes: checkpoints and cosignatures.
 *
 * The secret lives in a struct secret of the signer and never leaves it.
 */
#ifndef AZUKARI_LEDGER_NOTE_SIGNER_H
#define AZUKARI_LEDGER_NOTE_SIGNER_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/secret.h"
#include "ledger/note_key.h"

#define NOTE_SIGNER_SEED_LEN 32

/* A signing key.  Owns its secret; never printed. */
struct note_signer;

/* Ed25519 from ${seed} (copied, NOTE_SIGNER_SEED_LEN bytes, else ERR_RANGE). */
enum err note_signer_new(const char *name, uint8_t type,
    const struct secret *seed, struct note_signer **ret) MUST_USE;
void note_signer_free(struct note_signer *s);
void note_signer_cleanup(struct note_signer **s);

/* The matching verifier's key; valid until note_signer_free. */
const struct note_key *note_signer_key(const struct note_signer *s);

/* Append the signature bytes (without key id) over ${text}.  ${unix_s} is the
 * time of a cosignature (0..INT64_MAX), ignored by type 0x01. */
enum err note_signer_sign(const struct note_signer *s, struct bytes text,
    int64_t unix_s, struct buf *out) MUST_USE;

#endif
