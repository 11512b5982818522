/* app/ops/recall.h - calling an export back after a revocation. */
#ifndef AZUKARI_APP_OPS_RECALL_H
#define AZUKARI_APP_OPS_RECALL_H

#include "app/act.h"
#include "app/home.h"
#include "vault/register_plan.h"

/* Within an act of the register: the entry and the state of an export that is
 * built or released (ERR_STATE otherwise). */
enum err recall_rows(struct act *a, const struct register_export *e,
    const char *why) MUST_USE;

/* After the commit: take the bundle out of the outbox, so that it is fetched
 * no more.  Repeatable.
 *
 * The notice to the partner is the next step and may be made at any later
 * time, also after a crash: an export in state RECALLED to whose partner no
 * notice with reason `recall` was issued is owed one (see notices). */
enum err recall_files(struct home *h, const struct register_export *e) MUST_USE;

#endif
