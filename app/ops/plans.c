#include "app/ops/plans.h"

#include <stdlib.h>
#include <string.h>

#include "app/ops/freeze.h"
#include "app/ops/recall.h"

enum err plans_shares_path(const struct home *h, const char *plan,
    const char *seat, char ret[FS_PATH_MAX])
{
	return home_path(h, ret, "run/plans/%s.%s.shares", plan, seat);
}

/* ---- what must go ---- */

/* 1 when ${name} is `PLAN.` and something, or that half-written behind another
 * dot by a process that died; the plan's id goes to ${ret}. */
static int plan_of_file(const char *name, char ret[REGISTER_NAME_MAX + 1])
{
	const char *dot = strchr(name += name[0] == '.', '.');
	size_t len = dot == NULL ? 0 : (size_t)(dot - name);

	if (len == 0 || len > REGISTER_NAME_MAX)
		return 0;
	memcpy(ret, name, len);
	ret[len] = '\0';
	return 1;
}

typedef enum err (*secret_file_fn)(struct home *h, const char *plan,
    const char *path, const void *ctx);

static enum err each_secret_file(struct home *h, secret_file_fn each,
    const void *ctx)
{
	CLEANUP(fs_names_release) struct fs_names names = {0};
	char dir[FS_PATH_MAX], path[FS_PATH_MAX];
	char plan[REGISTER_NAME_MAX + 1];

	RETURN_IF(home_path(h, dir, "run/plans"));
	RETURN_IF(fs_list(dir, &names));
	for (size_t i = 0; i < names.len; i++) {
		if (!plan_of_file(names.names[i], plan))
			continue;
		RETURN_IF(fs_path(path, "%s/%s", dir, names.names[i]));
		RETURN_IF(each(h, plan, path, ctx));
	}
	return ERR_OK;
}

/* Another process may have been faster. */
static enum err shred(const char *path)
{
	enum err e = fs_shred(path);

	return e == ERR_NOT_FOUND ? ERR_OK : e;
}

static enum err shred_of_plan(struct home *h, const char *plan,
    const char *path, const void *ctx)
{
	(void)h;
	return strcmp(plan, ctx) == 0 ? shred(path) : ERR_OK;
}

enum err plans_destroy_secrets(struct home *h, const char *plan)
{
	return each_secret_file(h, shred_of_plan, plan);
}

/* ---- one at a time ---- */

enum err plans_lock(struct home *h, const char *plan, struct fs_lock *ret)
{
	char path[FS_PATH_MAX];
	enum err e;

	RETURN_IF(freeze_key_path(h, plan, path));
	if (strchr(plan, '/') != NULL || !fs_exists(path))
		return ERR_OK;
	e = fs_lock_take(path, 0, ret);
	if (e == ERR_BUSY)
		return outcome_refuse(h->outcome, e,
		    "%s is being carried out already", "%sはすでに実行中です",
		    plan);
	return e;
}

/* Ciphertext of an export that never left. */
static enum err remove_unfinished(struct home *h, const char *export_id)
{
	char path[FS_PATH_MAX];

	RETURN_IF(home_path(h, path, "tmp/%s", export_id));
	return fs_remove_tree(path);
}

/* ---- the end ---- */

static enum err fail_export(struct act *a, const struct register_plan *p,
    const char *why)
{
	struct home *h = a->home;
	struct register_export e;
	struct entry_writer w;
	int64_t act;
	enum err err = register_export_get(h->reg, p->export_id, &e);

	if (err == ERR_NOT_FOUND)
		return ERR_OK;
	RETURN_IF(err);
	if (e.state != REGISTER_EXPORT_STARTED &&
	    e.state != REGISTER_EXPORT_BUILT)
		return ERR_OK;
	act_entry(a, ENTRY_EXPORT_FAILED, p->owner, &w);
	entry_put(&w, "export", p->export_id);
	entry_put_hex(&w, "plan-sha256", p->sha256, sizeof(p->sha256));
	entry_put(&w, "why", why);
	RETURN_IF(act_entry_end(a, &w, &act));
	return register_export_move(h->reg, p->export_id,
	    REGISTER_EXPORT_FAILED, why, h->now_unix_s, act);
}

enum err plans_end_rows(struct act *a, const struct register_plan *p,
    const char *why)
{
	struct home *h = a->home;
	struct entry_writer w;
	int64_t act;

	RETURN_IF(fail_export(a, p, why));
	act_entry(a, ENTRY_PLAN_ENDED, p->owner, &w);
	entry_put_hex(&w, "plan-sha256", p->sha256, sizeof(p->sha256));
	entry_put(&w, "why", why);
	RETURN_IF(act_entry_end(a, &w, &act));
	return register_plan_move(h->reg, p->id, REGISTER_PLAN_ENDED, why,
	    h->now_unix_s, act);
}

enum err plans_end_files(struct home *h, const struct register_plan *plan)
{
	RETURN_IF(plans_destroy_secrets(h, plan->id));
	return remove_unfinished(h, plan->export_id);
}

static enum err end_one(struct home *h, const struct register_plan *p,
    const char *why)
{
	CLEANUP(act_abort) struct act a = {0};

	RETURN_IF(act_begin(h, register_db(h->reg), &a));
	RETURN_IF(plans_end_rows(&a, p, why));
	RETURN_IF(act_commit(&a));
	return plans_end_files(h, p);
}

enum err plans_end(struct home *h, const char *plan, const char *why)
{
	struct register_plan p;
	enum err e = register_plan_get(h->reg, plan, &p);

	if (e == ERR_NOT_FOUND)
		return outcome_refuse(h->outcome, e, "there is no plan %s",
		    "計画%sはありません", plan);
	RETURN_IF(e);
	if (p.state == REGISTER_PLAN_DONE)
		return outcome_refuse(h->outcome, ERR_STATE,
		    "%s was exported; what has left can only be recalled: azukari revoke",
		    "%sは提供済みです。提供後は取り消し（azukari revoke）だけができます",
		    plan);
	if (p.state == REGISTER_PLAN_ENDED)
		return outcome_refuse(h->outcome, ERR_STATE,
		    "%s has ended: %s", "%sは終了しています: %s", plan, p.why);
	RETURN_IF(end_one(h, &p, why));
	outcome_add(h->outcome, OUTCOME_DONE,
	    "%s has ended (%s); its secret and every share released to it are destroyed",
	    "%sを終了しました（%s）。その秘密鍵と、開示されたシェアは破棄しました",
	    plan, why);
	return ERR_OK;
}

/* ---- time ---- */

struct due {
	int64_t now_unix_s;
	struct register_plan *items;
	size_t len;
};

static void due_release(struct due *d)
{
	free(d->items);
}

static enum err add_due(void *ctx, const struct register_plan *p)
{
	struct due *d = ctx;
	struct register_plan *items;

	if ((p->state != REGISTER_PLAN_FROZEN &&
	    p->state != REGISTER_PLAN_STARTED) ||
	    p->expires_unix_s > d->now_unix_s)
		return ERR_OK;
	items = reallocarray(d->items, d->len + 1, sizeof(*items));
	if (items == NULL)
		return ERR_NOMEM;
	d->items = items;
	d->items[d->len++] = *p;
	return ERR_OK;
}

/* A secret that outlived its plan: the process that ended it died. */
static enum err sweep(struct home *h, const char *plan, const char *path,
    const void *ctx)
{
	struct register_plan p;
	enum err e = register_plan_get(h->reg, plan, &p);

	(void)ctx;
	if (e == ERR_NOT_FOUND)
		return ERR_OK;          /* being frozen by another process */
	RETURN_IF(e);
	if (p.state != REGISTER_PLAN_ENDED && p.state != REGISTER_PLAN_DONE)
		return ERR_OK;
	return shred(path);
}

enum err plans_expire(struct home *h)
{
	CLEANUP(due_release) struct due d = {.now_unix_s = h->now_unix_s};

	RETURN_IF(register_plan_each(h->reg, NULL, 0, add_due, &d));
	for (size_t i = 0; i < d.len; i++) {
		RETURN_IF(end_one(h, &d.items[i], "expired"));
		outcome_add(h->outcome, OUTCOME_WARNING,
		    "%s has expired; its secret and every share released to it are destroyed",
		    "%sは期限が切れました。その秘密鍵と、開示されたシェアは破棄しました",
		    d.items[i].id);
	}
	RETURN_IF(each_secret_file(h, sweep, NULL));
	return recall_repair(h);
}
