/* app/epoch_open.h - opening and closing epochs as acts.
 *
 * Opening deals a fresh key to the seats of the charter in force and enters
 * the epoch, with all its shares, in the ledger before anybody can seal
 * anything under it (a grant).  Closing fixes the number of records and their
 * root (a stop).  Project keys and trial keys are opened in the same way.
 *
 * An epoch that takes in records belongs to the process that opened it: while
 * that process lives it holds a lock on the epoch's own byte of
 * owners/NN/epoch.lock.  An open epoch whose lock can be had is abandoned: its
 * key is gone, and epoch_close_abandoned closes it.
 */
#ifndef AZUKARI_APP_EPOCH_OPEN_H
#define AZUKARI_APP_EPOCH_OPEN_H

#include "app/home.h"
#include "app/papers.h"
#include "keys/epoch.h"
#include "vault/store_epoch.h"

#define EPOCH_OPEN_MAX 32       /* epochs opened or closed in one act */

/* What a new epoch is for; borrowed. */
struct epoch_wanted {
	enum epoch_kind kind;
	const char *subject;            /* "survey corona 1", "register", ... */
	const uint8_t *subject_sha256;  /* DIGEST_LEN bytes; NULL: of nothing */
	/* what its records may refer to; NULL: nothing */
	const struct epoch_lists *lists;
};

/* An epoch of this process.  Zeroed may be released. */
struct epoch_opened {
	struct secret *ek;              /* EPOCH_KEY_LEN bytes, owned */
	struct store_epoch row;
	int lock_plus_one;              /* descriptor; 0: no lock held */
};
/* Wipes the key, lets go of the lock.  The epoch stays as it is.  CLEANUP-able
 * for one. */
void epoch_opened_release(struct epoch_opened *o);

/* Deal ${len} (1 to EPOCH_OPEN_MAX) new epochs under ${charter}, which must be
 * the one in force (ERR_CHANGED: another came between), as one granted act of
 * the owner's store; logged on return.  ${ret} (${len} of them) is untouched on
 * failure; what failed after its rows were written stays invisible, or is
 * closed as abandoned. */
enum err epoch_open_all(struct owner *w, const struct paper_charter *charter,
    const struct epoch_wanted *wanted, size_t len,
    struct epoch_opened *ret) MUST_USE;
/* The same for one. */
enum err epoch_open(struct owner *w, const struct paper_charter *charter,
    const struct epoch_wanted *wanted, struct epoch_opened *ret) MUST_USE;

/* Close ${len} (up to EPOCH_OPEN_MAX) epochs by row number, as one stop act.
 * One that is closed already is left alone.  ${ret} (may be NULL, else ${len}
 * of them) are the epochs as closed. */
enum err epoch_close_all(struct owner *w, const int64_t *numbers, size_t len,
    struct store_epoch *ret) MUST_USE;

/* Close what processes that died left open (surveys and register epochs);
 * those of living processes are not touched.  Told in the home's outcome.
 * ${ret_closed} may be NULL. */
enum err epoch_close_abandoned(struct owner *w, size_t *ret_closed) MUST_USE;

#endif
