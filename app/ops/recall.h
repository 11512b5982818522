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
 * no more, and, where it had been released, write the partner's notice. */
enum err recall_carry_out(struct home *h,
    const struct register_export *e) MUST_USE;

/* The same for every recalled export of which a process that died had not
 * got that far. */
enum err recall_repair(struct home *h) MUST_USE;

#endif
