/* app/erase.h - erasure: respondents' keys are deleted, and what held them is
 * put under a new key.
 *
 * The order, each step repeatable; erase_repair finishes at the next opening:
 *
 *     vault.db    intended generation, respondents marked erased, the entry
 *                 `erasure` (a stop act)
 *     erase.db    keys deleted, generation raised
 *     keys/       erase-NN.key.next written
 *     erase.db    every page under the new storage key, WAL cut to nothing
 *     keys/       .next renamed over .key; the old key is gone
 *     vault.db    generation confirmed
 *     recovery/   the seats' texts sealed anew; the entry `key-rotation`
 */
#ifndef AZUKARI_APP_ERASE_H
#define AZUKARI_APP_ERASE_H

#include "app/home.h"

struct erase_result {
	size_t erased;          /* respondents whose keys were deleted */
	size_t held;            /* still within their hold */
	int frozen;             /* more withdrawals in a day than the policy allows:
	                         * nothing was deleted, ${confirm} is needed */
	uint64_t generation;    /* of the erase store, after */
};

/* owners/NN/erase.lock: one process at a time deletes keys or rotates the
 * storage key, and nobody meanwhile opens the store, reads its keys or copies
 * them for a backup, which any number may do together (_share).  Before the
 * acts' lock; ERR_BUSY after HOME_WAIT_MS with a sentence. */
enum err erase_lock(struct home *h, const char *owner,
    struct fs_lock *ret) MUST_USE;
enum err erase_lock_share(struct home *h, const char *owner,
    struct fs_lock *ret) MUST_USE;

/* Delete the keys of everyone whose hold is over (${now_too}: of everyone who
 * is stopping).  ${confirm} goes on where the rate alarm stands. */
enum err erase_run(struct owner *w, int now_too, int confirm,
    struct erase_result *ret) MUST_USE;

/* Finish what an interrupted process left; called when an owner is opened,
 * under the lock. */
enum err erase_repair(struct owner *w) MUST_USE;

#endif
