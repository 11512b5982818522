/* app/ops/plans.h - the end of plans, and what must go when they end. */
#ifndef AZUKARI_APP_OPS_PLANS_H
#define AZUKARI_APP_OPS_PLANS_H

#include "app/act.h"
#include "app/home.h"
#include "vault/register_plan.h"

/* Within an act of the register: rows and entries that end ${plan}; an export
 * of it that is under way fails.  ${why} is `expired`, `denied`, `revoked` or
 * `abandoned`.  After act_commit call plans_end_files. */
enum err plans_end_rows(struct act *a, const struct register_plan *plan,
    const char *why) MUST_USE;

enum err plans_end_files(struct home *h,
    const struct register_plan *plan) MUST_USE;

/* The same as an act of its own, with everything that must go.  ERR_STATE with
 * a sentence when it is done or over. */
enum err plans_end(struct home *h, const char *plan, const char *why) MUST_USE;

/* Overwrite and remove the plan's secret and every share released to it. */
enum err plans_destroy_secrets(struct home *h, const char *plan) MUST_USE;

/* A plan is carried out by one process (or thread of the service) at a time.
 * The lock is on its secret, which is there as long as there is anything to be
 * done; without one nothing is locked.  ERR_BUSY at once, with a sentence. */
enum err plans_lock(struct home *h, const char *plan,
    struct fs_lock *ret) MUST_USE;

/* HOME/run/plans/PLAN.SEAT.shares */
enum err plans_shares_path(const struct home *h, const char *plan,
    const char *seat, char ret[FS_PATH_MAX]) MUST_USE;

/* End every plan whose time is over, and finish what processes that died left
 * behind: secrets of plans that ended, recalls half carried out.  To be called wherever plans are looked at. */
enum err plans_expire(struct home *h) MUST_USE;

#endif
