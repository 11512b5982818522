#include "app/ops/status.h"

#include <string.h>

#include "app/act.h"
#include "app/ops/byterelease.h"
#include "app/ops/drill.h"
#include "app/papers.h"
#include "core/clock.h"
#include "policy/plan.h"
#include "vault/store_batch.h"
#include "vault/store_respondent.h"

struct adding {
	struct status *status;
	const char *only;               /* NULL: all */
};

static enum err add_owner(void *ctx, const struct register_owner *owner)
{
	const struct adding *a = ctx;
	struct status *s = a->status;

	if (a->only != NULL && strcmp(a->only, owner->code) != 0)
		return ERR_OK;
	if (s->len == STATUS_OWNERS_MAX)
		return ERR_LIMIT;
	s->owners[s->len] = (struct status_owner){.owner = *owner};
	s->len++;
	return ERR_OK;
}

/* ---- from the register ---- */

static enum err load_papers(struct home *h, struct status_owner *o)
{
	CLEANUP(paper_release) struct paper p = {0};
	CLEANUP(charter_release) struct charter c = {0};
	struct register_query q = {.kind = REGISTER_CHARTER,
	    .owner = o->owner.code};
	struct register_document policy;
	enum err e = papers_find(h, &q, &p);

	if (e == ERR_NOT_FOUND)
		return ERR_OK;
	RETURN_IF(e);
	RETURN_IF(charter_parse(bytes_buf(&p.bytes), &c, &h->outcome->info));
	o->charter_version = c.version;
	o->threshold = c.threshold;
	o->seats = (unsigned)c.seats_len;
	q.kind = REGISTER_POLICY;
	e = register_document_find(h->reg, &q, &policy);
	if (e == ERR_OK)
		o->policy_version = policy.version;
	return e == ERR_NOT_FOUND ? ERR_OK : e;
}

struct counting {
	struct home *h;
	struct status_owner *o;
};

static enum err is_outdated(struct home *h, const char *plan, int *ret)
{
	CLEANUP(paper_release) struct paper paper = {0};
	CLEANUP(plan_release) struct plan p = {0};
	const struct register_query q = {.kind = REGISTER_PLAN, .name = plan};

	RETURN_IF(papers_find(h, &q, &paper));
	RETURN_IF(plan_parse(bytes_buf(&paper.bytes), &p, &h->outcome->info));
	*ret = plan_is_outdated(&p);
	return ERR_OK;
}

static enum err count_plan(void *ctx, const struct register_plan *plan)
{
	const struct counting *x = ctx;
	int outdated;

	x->o->plans_waiting += plan->state == REGISTER_PLAN_FROZEN;
	x->o->plans_started += plan->state == REGISTER_PLAN_STARTED;
	if (plan->state != REGISTER_PLAN_FROZEN &&
	    plan->state != REGISTER_PLAN_STARTED)
		return ERR_OK;
	RETURN_IF(is_outdated(x->h, plan->id, &outdated));
	x->o->plans_outdated += outdated != 0;
	return ERR_OK;
}

static enum err count_export(void *ctx, const struct register_export *e)
{
	const struct counting *x = ctx;
	unsigned have = 0, needed = 0;
	int outdated;

	x->o->exports[e->state]++;
	if (e->state != REGISTER_EXPORT_BUILT)
		return ERR_OK;
	RETURN_IF(is_outdated(x->h, e->plan, &outdated));
	if (outdated)
		return ERR_OK;
	RETURN_IF(byterelease_standing(x->h, e->id, e->plan, &have, &needed));
	x->o->bytes_waiting += have < needed;
	return ERR_OK;
}

static enum err count_duty(void *ctx, const struct register_duty *duty)
{
	uint64_t *counts = ctx;

	counts[duty->kind]++;
	return ERR_OK;
}

static enum err load_register(struct home *h, struct status_owner *o)
{
	const char *code = o->owner.code;
	struct register_export_query q = {.owner = code};
	struct counting x = {h, o};

	RETURN_IF(load_papers(h, o));
	RETURN_IF(register_plan_each(h->reg, code, 0, count_plan, &x));
	RETURN_IF(register_export_each(h->reg, &q, count_export, &x));
	RETURN_IF(register_duty_each_open(h->reg, code, INT64_MAX, count_duty,
	    o->open_duties));
	return register_duty_each_open(h->reg, code, h->now_unix_s,
	    count_duty, o->overdue);
}

/* ---- from the owner's store ---- */

static enum err count_number(void *ctx, uint32_t number)
{
	uint64_t *count = ctx;

	(void)number;
	(*count)++;
	return ERR_OK;
}

static enum err count_batch(void *ctx, const struct store_batch *b)
{
	uint64_t *count = ctx;

	(void)b;
	(*count)++;
	return ERR_OK;
}

static enum err load_store(struct home *h, struct status_owner *o)
{
	CLEANUP(home_owner_cleanup) struct owner *w = NULL;

	RETURN_IF(home_owner_open(h, o->owner.code, &w));
	RETURN_IF(store_count(w->store, &o->counts));
	RETURN_IF(store_batch_each(w->store, count_batch, &o->batches));
	return store_respondent_each_stopping(w->store, h->now_unix_s,
	    count_number, &o->erasures_due);
}

/* ---- what needs a person ---- */

static void need(struct home *h, uint64_t count, const char *en,
    const char *ja, const char *owner)
{
	if (count > 0)
		outcome_add(h->outcome, OUTCOME_WARNING, en, ja, owner,
		    (unsigned long long)count);
}

struct undrilled {
	struct home *h;
	struct status_owner *o;
};

static void tell_undrilled(void *ctx, const char *seat, int64_t last_unix_s)
{
	const struct undrilled *u = ctx;
	char last[CLOCK_UTC_LEN + 1];

	clock_format_utc(last_unix_s, last);
	u->o->drills_due++;
	outcome_add(u->h->outcome, OUTCOME_WARNING,
	    "owner %s: the key of seat %s has shown nothing for more than %u days, last %s (seat drill pack)",
	    "所有者%s：席%sの鍵は%u日以上確かめられていません。最後は%s（seat drill pack）",
	    u->o->owner.code, seat, DRILL_DUE_DAYS, last);
}

static enum err load_drills(struct home *h, struct status_owner *o)
{
	struct undrilled u = {h, o};

	return o->threshold == 0 ? ERR_OK : drill_due(h, o->owner.code,
	    DRILL_DUE_DAYS, tell_undrilled, &u);
}

static void tell_seats(struct home *h, const struct status_owner *o)
{
	const char *code = o->owner.code;

	if (o->threshold == 0)
		outcome_add(h->outcome, OUTCOME_WARNING,
		    "owner %s is not live: its seats have not all signed (owner pack, owner join, owner activate)",
		    "所有者%sはまだ有効ではありません。席の署名が揃っていません",
		    code);
	else if (o->seats == o->threshold)
		outcome_add(h->outcome, OUTCOME_WARNING,
		    "owner %s: every one of its %u seats is needed; one more loss makes the data unreadable",
		    "所有者%s：%u席すべてが必要です。あと1席失うとデータを読めなくなります",
		    code, o->seats);
	if (o->threshold > 0 && o->policy_version == 0)
		outcome_add(h->outcome, OUTCOME_WARNING,
		    "owner %s has no policy: nothing can be released",
		    "所有者%sには方針がなく、何も提供できません", code);
}

static void tell_needs(struct home *h, const struct status_owner *o)
{
	const char *code = o->owner.code;

	tell_seats(h, o);
	need(h, o->counts.epochs_open,
	    "owner %s: %llu epochs are open: an intake runs, or was interrupted (epoch close)",
	    "所有者%s：開いた期間が%lluあります。受け入れ中か、中断されています", code);
	need(h, o->counts.quarantined,
	    "owner %s: %llu bad lines are set aside (quarantine list)",
	    "所有者%s：隔離された行が%llu件あります（quarantine list）", code);
	need(h, o->plans_waiting,
	    "owner %s: %llu plans wait for officers",
	    "所有者%s：保管官の判断を待つ計画が%llu件あります", code);
	need(h, o->plans_outdated,
	    "owner %s: %llu plans were frozen by an earlier version and cannot be carried out any more (plan end, then plan freeze)",
	    "所有者%s：以前の版で確定され、もう実行できない計画が%llu件あります（plan end、plan freeze）", code);
	need(h, o->bytes_waiting,
	    "owner %s: %llu finished bundles wait for byte release (byterelease pack)",
	    "所有者%s：開示前の確認を待つ提供が%llu件あります（byterelease pack）", code);
	need(h, o->erasures_due,
	    "owner %s: %llu keys are to be deleted (erase run)",
	    "所有者%s：消去すべき鍵が%llu件あります（erase run）", code);
	need(h, o->counts.to_compact,
	    "owner %s: the sealed records of %llu erased people still take space (compact)",
	    "所有者%s：消去済み%llu人の封印済み記録が残っています（compact）", code);
	need(h, o->counts.notices_due,
	    "owner %s: %llu removals wait to be told to partners (notice issue)",
	    "所有者%s：提供先に通知すべき削除が%llu件あります（notice issue）", code);
	need(h, o->overdue[REGISTER_DUTY_RECEIPT],
	    "owner %s: %llu receipts are overdue",
	    "所有者%s：期限を過ぎた受領書が%llu件あります", code);
	need(h, o->overdue[REGISTER_DUTY_DESTRUCTION],
	    "owner %s: %llu certificates of destruction are overdue",
	    "所有者%s：期限を過ぎた廃棄証明が%llu件あります", code);
	need(h, o->overdue[REGISTER_DUTY_NOTICE],
	    "owner %s: %llu answers to notices are overdue",
	    "所有者%s：期限を過ぎた通知への回答が%llu件あります", code);
}

enum err status_load(struct home *h, const char *owner, struct status *ret)
{
	struct adding adding = {.status = ret, .only = owner};
	CLEANUP(log_cleanup) struct log *log = NULL;

	*ret = (struct status){0};
	RETURN_IF(act_log_reader(h, &log));
	ret->ledger_size = log_size(log);
	RETURN_IF(register_owner_each(h->reg, add_owner, &adding));
	for (size_t i = 0; i < ret->len; i++) {
		RETURN_IF(load_register(h, &ret->owners[i]));
		RETURN_IF(load_store(h, &ret->owners[i]));
		tell_needs(h, &ret->owners[i]);
		RETURN_IF(load_drills(h, &ret->owners[i]));
	}
	return ERR_OK;
}
