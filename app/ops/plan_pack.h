/* app/ops/plan_pack.h - the packet to one officer (docs/FORMATS.md 8.4). */
#ifndef AZUKARI_APP_OPS_PLAN_PACK_H
#define AZUKARI_APP_OPS_PLAN_PACK_H

#include "app/home.h"

struct plan_pack_args {
	const char *plan, *seat;
	const char *path;               /* new file */
	const char *since;              /* a checkpoint the officer has seen;
	                                 * NULL: those handed out before */
};

/* Write the packet and note the checkpoint that was handed out.  ERR_NOT_FOUND
 * (plan, seat), ERR_STATE (ended, or exported already), ERR_ROLLBACK: ${since}
 * is not of this ledger - somebody has shown the officer another one. */
enum err plan_pack(struct home *h, const struct plan_pack_args *args) MUST_USE;

/* What it says when it is done; also by who has the packet from a service. */
void plan_pack_tell(struct outcome *o, const struct plan_pack_args *args);

/* A packet of the shares of all the owner's epochs for one seat: for
 * officer_check_shares. */
enum err plan_pack_shares(struct home *h, const char *owner, const char *seat,
    const char *path) MUST_USE;

#endif
