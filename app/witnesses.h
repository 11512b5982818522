/* app/witnesses.h - who cosigns this gateway's ledger, and what they cosigned.
 *
 *     HOME/ledger/cosigned/SIZE           a checkpoint with the cosignatures
 *                                         that came for it
 *     HOME/ledger/witness-policy/DIGEST   the policies that were in force
 *     HOME/witness/seen                   the largest checkpoint that a
 *                                         witness is known to have seen
 *
 * The first two may be published with the ledger; the third stands outside of
 * ledger/ and gateway.db, so that an older copy of both is still noticed: what
 * a witness has seen is a prefix of this ledger, or nothing is signed.
 */
#ifndef AZUKARI_APP_WITNESSES_H
#define AZUKARI_APP_WITNESSES_H

#include "app/home.h"
#include "keys/digest.h"
#include "ledger/log.h"
#include "ledger/policy_file.h"

#define WITNESSES_CLOCK_SLACK_S 600

/* One policy of witnesses (C2SP tlog-policy).  Zeroed is empty. */
struct witness_set {
	struct buf bytes;
	uint8_t sha256[DIGEST_LEN];
	struct policy_file *file;
};
void witness_set_release(struct witness_set *s);        /* CLEANUP-able */

/* Take ${bytes} (copied) for this gateway's ledger: it must name its key and a
 * quorum.  ERR_MISMATCH, ERR_REFUSED with a sentence; parse errors with line. */
enum err witness_set_take(struct home *h, struct bytes bytes,
    struct witness_set *ret) MUST_USE;

/* The registered one of that digest; ERR_NOT_FOUND. */
enum err witness_set_load(struct home *h, const uint8_t sha256[DIGEST_LEN],
    struct witness_set *ret) MUST_USE;

/* The one of the owner's policy in force; ERR_NOT_FOUND where it asks for
 * none. */
enum err witness_set_of_owner(struct home *h, const char *owner,
    struct witness_set *ret) MUST_USE;

/* The largest checkpoint that the quorum cosigned and that holds entry
 * ${index}; appended to ${out}.  ERR_NOT_FOUND: there is none yet. */
enum err witness_set_note(struct home *h, const struct witness_set *s,
    uint64_t index, struct buf *out) MUST_USE;

/* Say what is waited for, and how to go on: ERR_BUSY.  ${about} ("EXP-…"). */
enum err witness_set_wait(struct home *h, const struct witness_set *s,
    uint64_t index, const char *about) MUST_USE;

/* ---- checkpoints and their cosignatures ---- */

/* Sizes of the checkpoints that are kept, largest first. */
struct witness_notes {
	uint64_t *sizes;
	size_t len;
};
void witness_notes_release(struct witness_notes *n);    /* CLEANUP-able */
/* ${ledger} is the ledger's folder, at home or a copy; none is no error. */
enum err witness_notes_list(const char *ledger,
    struct witness_notes *ret) MUST_USE;
enum err witness_notes_read(const char *ledger, uint64_t size,
    struct buf *out) MUST_USE;

/* Keep ${note}, a checkpoint of this ledger of ${size} entries. */
enum err witness_notes_put(struct home *h, uint64_t size,
    struct bytes note) MUST_USE;

/* The latest time of a cosignature in ${note}, by its own words; 0: none. */
int64_t witness_notes_time(struct bytes note);

/* ---- what a witness has seen ---- */

/* Remember ${note}, a checkpoint signed by this ledger's key, unless a larger
 * one is known; in any case when it contradicts this ledger. */
enum err witnesses_saw(struct home *h, struct bytes note,
    int contradicts) MUST_USE;

/* Before anything is signed: is what the witnesses have seen in ${log}?
 * ERR_ROLLBACK with the reason in ${h}'s outcome.  ${ret_unix_s} is when it
 * was cosigned, 0 where that is not known. */
enum err witnesses_check(struct home *h, struct log *log,
    int64_t *ret_unix_s) MUST_USE;

#endif
