/* app/prior_load.h - what an owner released before, from the register.
 *
 * Of every export that was not given up the register has a text without
 * answers (policy/prior.h), and the owner's store the sealed record whose
 * digest stands in it and in the ledger.  A store that has not got that record
 * is an old copy that was put back: ERR_ROLLBACK with a sentence.  What left
 * before there were records is listed without one.
 */
#ifndef AZUKARI_APP_PRIOR_LOAD_H
#define AZUKARI_APP_PRIOR_LOAD_H

#include "app/home.h"
#include "policy/plan.h"
#include "policy/prior.h"

struct prior_wanted {
	const char *project, *partner;  /* whose frozen levels */
	const char *except;             /* export left out; NULL: none */
};

/* All releases of the owner, oldest first, and the levels at which the
 * project's columns were first released.  ${ret} is zeroed or released before;
 * its plan stays "". */
enum err prior_load(struct owner *w, const struct prior_wanted *wanted,
    struct prior *ret) MUST_USE;

#endif
