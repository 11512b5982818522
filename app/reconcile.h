/* app/reconcile.h - do the stores and the ledger tell the same story?
 *
 * Every database has a log of its acts (vault/actlog.h); rows of a grant count
 * only once their act is logged.  Here each act is held against the ledger:
 * what is said to be logged is there, at its place, byte for byte and of its
 * class; what is void is not there; and no entry is without its act.  A store
 * that was edited, or put back alone from an old copy, does not pass.
 */
#ifndef AZUKARI_APP_RECONCILE_H
#define AZUKARI_APP_RECONCILE_H

#include "app/home.h"

#define RECONCILE_TOLD_MAX 20

struct reconciled {
	uint64_t acts, entries;
	uint64_t findings;
};

/* Acts are held back while it looks.  What differs is told as reasons in
 * h->outcome (RECONCILE_TOLD_MAX of them) and is ERR_CORRUPT; also errors of
 * home_owner_open. */
enum err reconcile_home(struct home *h, struct reconciled *ret) MUST_USE;

#endif
