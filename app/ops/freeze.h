/* app/ops/freeze.h - from an eligible request to a frozen plan. */
#ifndef AZUKARI_APP_OPS_FREEZE_H
#define AZUKARI_APP_OPS_FREEZE_H

#include "app/home.h"
#include "vault/register_plan.h"

/* Decide, deal the project's key where it has none yet, fix the closed epochs,
 * write and sign plan.txt and epochs.txt, and log them.  ${valid_days} 0: as
 * long as the policy allows.  ${ret} is the new plan's row.  ERR_REFUSED with
 * every reason; ERR_NOT_FOUND: nothing was answered in the period. */
enum err freeze_plan(struct home *h, const char *owner, const char *request,
    unsigned valid_days, struct register_plan *ret) MUST_USE;

/* A plan that re-identifies pseudonyms of an earlier export of the request's
 * project, over that export's epochs.  ${pseudonyms} is the file's bytes, one
 * a line; a typo is ERR_MISMATCH with its line. */
struct freeze_reident {
	const char *export_id, *reason;
	const char *file;               /* its name, for errors */
	struct bytes pseudonyms;
	int with_answers;
};
enum err freeze_reident(struct home *h, const char *owner,
    const char *request, const struct freeze_reident *what,
    struct register_plan *ret) MUST_USE;

/* A plan of its own that computes the payload of the released export
 * ${export_id} again: the same request, columns, rules and epochs, decided as
 * of that plan's day by the policy of then, with a fresh recipient.
 * ERR_NOT_FOUND: no such export; ERR_STATE: it was not released, or what its
 * comparison needs is gone. */
enum err freeze_rederive(struct home *h, const char *owner,
    const char *export_id, unsigned valid_days,
    struct register_plan *ret) MUST_USE;

/* HOME/run/plans/PLAN.key */
enum err freeze_key_path(const struct home *h, const char *plan,
    char ret[FS_PATH_MAX]) MUST_USE;

#endif
