#include "app/ops/withdraw.h"

#include "app/papers.h"
#include "app/step.h"
#include "core/clock.h"
#include "core/encode.h"
#include "vault/store_notice.h"

enum err withdraw_terms_load(struct owner *w, struct withdraw_terms *ret)
{
	CLEANUP(policy_release) struct policy p = {
		.hold_hours = WITHDRAW_HOLD_HOURS_DEFAULT};
	enum err e = papers_policy(w->home, w->code, &p);

	if (e != ERR_OK && e != ERR_NOT_FOUND)
		return e;
	ret->hold_s = (int64_t)p.hold_hours * 3600;
	return ERR_OK;
}

enum err withdraw_entry(struct act *a, const struct owner *w,
    struct withdraw_result *ret, int64_t *ret_act)
{
	uint8_t batch[WITHDRAW_BATCH_LEN];
	struct entry_writer entry;

	secret_random(batch, sizeof(batch));
	encode_hex(batch, sizeof(batch), ret->batch);
	act_entry(a, ENTRY_WITHDRAWAL, w->code, &entry);
	entry_put(&entry, "batch", ret->batch);
	return act_entry_end(a, &entry, ret_act);
}

/* When a withdrawal is noted.  An export looks for those since it began, so
 * this must not be when a home that has long been open was opened: under the
 * acts' lock nothing that began before has not been seen. */
static int64_t noted_unix_s(const struct home *h)
{
	int64_t now = clock_now_unix_s();

	return now > h->now_unix_s ? now : h->now_unix_s;
}

static enum err withdraw_one(struct owner *w,
    const struct withdraw_terms *terms, const struct withdraw_item *item,
    int64_t act, struct withdraw_result *sum)
{
	int64_t now = noted_unix_s(w->home);
	struct store_withdrawal row = {.number = item->number,
	    .scopes = item->scopes, .permanent = item->permanent,
	    .at_unix_s = item->at_unix_s, .noted_unix_s = now,
	    .hold_until_unix_s = item->no_hold ? w->home->now_unix_s :
	        now + terms->hold_s,
	    .act = act};
	uint64_t queued = 0;

	RETURN_IF(store_respondent_withdraw(w->store, &row));
	RETURN_IF(store_notice_queue(w->store, item->number,
	    item->by_owner ? STORE_NOTICE_ERASURE :
	    STORE_NOTICE_WITHDRAWAL, item->scopes, now, act, &queued));
	sum->notices += queued;
	if (item->scopes & STORE_SCOPE_ALL)
		sum->stopped++;
	return ERR_OK;
}

enum err withdraw_rows(struct owner *w, const struct withdraw_terms *terms,
    const struct withdraw_item *items, size_t len, int64_t act,
    struct withdraw_result *sum)
{
	for (size_t i = 0; i < len; i++)
		RETURN_IF(withdraw_one(w, terms, &items[i], act, sum));
	return ERR_OK;
}

enum err withdraw_apply(struct owner *w, const struct withdraw_item *items,
    size_t len, struct withdraw_result *ret)
{
	CLEANUP(act_abort) struct act a = {0};
	struct withdraw_terms terms;
	struct withdraw_result r = {0};
	int64_t act;

	RETURN_IF(withdraw_terms_load(w, &terms));
	RETURN_IF(act_begin(w->home, store_db(w->store), &a));
	RETURN_IF(withdraw_entry(&a, w, &r, &act));
	RETURN_IF(withdraw_rows(w, &terms, items, len, act, &r));
	RETURN_IF(act_commit(&a));
	step_reached(STEP_WITHDRAW_MARKED);
	*ret = r;
	return ERR_OK;
}
