/* Shares on their way in: only after t logged approvals, only this plan's, and
 * held against every epoch when they arrive. */
#include <string.h>

#include "app/ops/accept_internal.h"
#include "app/ops/freeze.h"
#include "app/ops/plans.h"
#include "keys/arrangement.h"
#include "keys/plan_key.h"
#include "keys/share.h"
#include "vault/store_epoch.h"

/* ---- is it time? ---- */

/* The votes as they are now that the seat's own may have come. */
static enum err load_again(struct accept *a, const struct votes_release *r)
{
	const struct accept_claim claim = {r->plan, r->owner, r->seat,
	    r->plan_sha256};

	ballot_release(&a->ballot);
	a->ballot = (struct ballot){0};
	return accept_load(a, &claim);
}

static enum err check_time(struct accept *a, const struct votes_release *r,
    struct decision_tally *ret)
{
	CLEANUP(reasons_release) struct reasons why = {0};
	struct outcome *o = a->h->outcome;
	size_t seat = charter_seat_index(&a->ballot.charter.charter, r->seat);

	if (a->ballot.row.state != REGISTER_PLAN_FROZEN)
		return outcome_refuse(o, ERR_STATE,
		    "the export of %s has begun; it takes no more shares",
		    "%sの提供はすでに始まっています。シェアはもう受け付けません",
		    r->plan);
	RETURN_IF(ballot_tally(&a->ballot, (struct ballot_more){0},
	    a->h->now_unix_s, ret, &why));
	if (!(ret->approved >> seat & 1))
		return outcome_refuse(o, ERR_REFUSED,
		    "no standing approval of %s by seat %s is in the ledger; its shares are not kept",
		    "%sへの席%sの有効な承認が台帳にないため、そのシェアは保存しません",
		    r->plan, r->seat);
	if (!ret->granted)
		return outcome_refuse(o, ERR_THRESHOLD,
		    "%d of %u approvals stand: shares are kept only once all are in the ledger",
		    "有効な承認は%d席、必要なのは%u席です。そろうまでシェアは保存しません",
		    __builtin_popcount(ret->approved), ret->needed);
	return ERR_OK;
}

/* ---- what it says ---- */

/* Does SHA-256 over the votes of ${seats} give ${want}? */
static enum err votes_give(const struct ballot *b, uint32_t seats,
    const uint8_t want[DIGEST_LEN], int *ret)
{
	CLEANUP(buf_release) struct buf lines = {0};
	struct plan_vote votes[BALLOT_SEATS_MAX];
	uint8_t sha256[DIGEST_LEN];
	size_t len = 0;

	for (size_t i = 0; i < b->votes_len; i++) {
		size_t seat = charter_seat_index(&b->charter.charter,
		    b->votes[i].seat);

		if (seat == CHARTER_NO_SEAT || !(seats >> seat & 1))
			continue;
		votes[len].seat = b->votes[i].seat;
		memcpy(votes[len++].sha256, b->votes[i].sha256, DIGEST_LEN);
	}
	RETURN_IF(plan_votes_bytes(votes, len, &lines));
	digest_sha256(bytes_buf(&lines), sha256);
	*ret = memcmp(sha256, want, DIGEST_LEN) == 0;
	return ERR_OK;
}

/* Any t of the standing approvals, the seat's own among them. */
static enum err check_approvals(struct accept *a,
    const struct votes_release *r, const struct decision_tally *tally)
{
	uint32_t own = (uint32_t)1 << charter_seat_index(
	    &a->ballot.charter.charter, r->seat);
	uint32_t all = tally->approved;
	int found = 0;

	/* every subset of ${all}, from the largest down */
	for (uint32_t s = all; s != 0 && !found; s = (s - 1) & all)
		if ((s & own) &&
		    (unsigned)__builtin_popcount(s) == tally->needed)
			RETURN_IF(votes_give(&a->ballot, s,
			    r->approvals_sha256, &found));
	if (found)
		return ERR_OK;
	return outcome_refuse(a->h->outcome, ERR_MISMATCH,
	    "approvals-sha256: the release of seat %s rests on other approvals than those that stand; the seat runs azukari approve again",
	    "approvals-sha256：席%sの開示は、現在有効な承認に基づいていません。もう一度 azukari approve を実行してください",
	    r->seat);
}

static enum err differs(struct accept *a, const char *key, const char *seat)
{
	return outcome_refuse(a->h->outcome, ERR_MISMATCH,
	    "%s: the release of seat %s is not of this plan, or its shares are not the ones it names",
	    "%s：席%sの開示はこの計画のものでないか、シェアが記載と一致しません",
	    key, seat);
}

static enum err check_text(struct accept *a, const struct votes_release *r)
{
	const struct plan *p = &a->ballot.plan;
	uint8_t sha256[DIGEST_LEN];

	if (memcmp(r->charter_sha256, p->charter_sha256, DIGEST_LEN) != 0)
		return differs(a, "charter-sha256", r->seat);
	if (strcmp(r->plan_recipient, p->plan_recipient) != 0)
		return differs(a, "plan-recipient", r->seat);
	if (r->shares != (uint64_t)a->ballot.epochs.len +
	    p->also_keys_len + 1)
		return differs(a, "shares", r->seat);
	digest_sha256(a->shares, sha256);
	if (memcmp(sha256, r->shares_sha256, DIGEST_LEN) != 0)
		return differs(a, "shares-sha256", r->seat);
	return ERR_OK;
}

/* ---- the shares themselves ---- */

struct arrival {
	struct accept *a;
	const char *seat;
	struct owner *w;
	struct buf texts;
	struct bytes rest;
};

static void arrival_release(struct arrival *v)
{
	buf_release(&v->texts);
	home_owner_close(v->w);
}

static enum err open_shares(struct arrival *v)
{
	CLEANUP(secret_cleanup) struct secret *secret = NULL;
	struct home *h = v->a->h;
	struct age_stanza_count count;
	char path[FS_PATH_MAX];
	enum err e;

	RETURN_IF(age_count_stanzas(v->a->shares, &count));
	if (count.x25519 != 1 || count.scrypt != 0 || count.other != 0)
		return outcome_refuse(h->outcome, ERR_MISMATCH,
		    "shares.age of seat %s must be sealed to the plan's recipient alone",
		    "席%sの shares.age は、計画の受取鍵だけに宛てたものでなければなりません",
		    v->seat);
	RETURN_IF(freeze_key_path(h, v->a->ballot.row.id, path));
	RETURN_IF(plan_key_read(h->keys, path, &secret));
	const struct secret *identities[1] = {secret};
	const struct age_keys keys = {.identities = identities,
	    .identities_len = 1};

	e = age_open_buf(&keys, v->a->shares, &v->texts);
	if (e == ERR_NOMEM)
		return e;
	if (e != ERR_OK)
		return outcome_refuse(h->outcome, e,
		    "shares.age of seat %s cannot be opened with this plan's key: it is damaged or sealed for another plan",
		    "席%sの shares.age は、この計画の鍵では開けません。壊れているか、別の計画に宛てたものです",
		    v->seat);
	v->rest = bytes_buf(&v->texts);
	return ERR_OK;
}

static enum err read_epoch(struct arrival *v, const struct store_epoch *row,
    struct epoch *ret, struct arrangement *ret_arranged)
{
	CLEANUP(buf_release) struct buf text = {0};
	CLEANUP(buf_release) struct buf arranged = {0};
	struct err_info *info = &v->a->h->outcome->info;

	RETURN_IF(store_epoch_text(v->w->store, row->number, &text));
	RETURN_IF(epoch_parse(bytes_buf(&text), ret, info));
	if (row->arrangement == 0)
		return ERR_OK;
	RETURN_IF(store_epoch_arrangement_text(v->w->store, row->number,
	    &arranged));
	return arrangement_parse(bytes_buf(&arranged), ret, ret_arranged,
	    info);
}

static enum err check_labels(const struct arrival *v, struct bytes text,
    const struct epoch *e, const struct epoch_seats *in_force)
{
	SECRET_BYTES(value, EPOCH_KEY_LEN);
	struct err_info *info = &v->a->h->outcome->info;
	struct share share;

	RETURN_IF(share_parse(text, &share, value, info));
	if (strcmp(share.seat, v->seat) != 0)
		return err_at(info, ERR_MISMATCH, 0,
		    "a share of seat %s came from seat %s", share.seat,
		    v->seat);
	return share_check(&share, e, in_force, info);
}

static enum err check_next(struct arrival *v, size_t number,
    const struct store_epoch *row)
{
	struct epoch e;
	struct arrangement arranged;
	struct bytes text;
	enum err err;

	RETURN_IF(read_epoch(v, row, &e, &arranged));
	err = share_next(&v->rest, &text);
	if (err == ERR_NOT_FOUND)
		err = ERR_SHARE;        /* one too few */
	if (err == ERR_OK)
		err = check_labels(v, text, &e, row->arrangement == 0 ? NULL :
		    &arranged.seats);
	if (err != ERR_OK && err != ERR_NOMEM)
		return outcome_refuse(v->a->h->outcome, err,
		    "share %zu of seat %s is not the one that was dealt for the plan's epoch; nothing of it is kept",
		    "席%2$sのシェア%1$zu番は、計画の期間に対して配られたものではありません。何も保存しません",
		    number, v->seat);
	return err;
}

static enum err check_each(struct arrival *v)
{
	const struct ballot *b = &v->a->ballot;
	struct store_epoch row;

	for (size_t i = 0; i < b->epochs.len; i++) {
		RETURN_IF(store_epoch_by_id(v->w->store,
		    b->epochs.items[i].id, &row));
		RETURN_IF(check_next(v, i + 1, &row));
	}
	for (size_t i = 0; i < b->plan.also_keys_len; i++) {
		RETURN_IF(store_epoch_by_id(v->w->store,
		    b->plan.also_keys[i].id, &row));
		RETURN_IF(check_next(v, b->epochs.len + 1 + i, &row));
	}
	RETURN_IF(store_epoch_project(v->w->store, b->row.project,
	    b->row.partner, &row));
	RETURN_IF(check_next(v, b->epochs.len + b->plan.also_keys_len + 1,
	    &row));
	return v->rest.len == 0 ? ERR_OK : differs(v->a, "shares", v->seat);
}

static enum err check_shares(struct accept *a, const char *seat)
{
	CLEANUP(arrival_release) struct arrival v = {.a = a, .seat = seat,
	    .texts = {.max = SHARE_LIST_MAX}};

	RETURN_IF(open_shares(&v));
	RETURN_IF(home_owner_open(a->h, a->ballot.row.owner, &v.w));
	return check_each(&v);
}

/* ---- the act, then the file ---- */

static enum err enter(struct accept *a, const char *seat)
{
	CLEANUP(act_abort) struct act act = {0};
	const struct register_plan *p = &a->ballot.row;
	const struct accept_text *t = &a->release;
	struct entry_writer w;
	int64_t id;

	RETURN_IF(act_begin(a->h, register_db(a->h->reg), &act));
	RETURN_IF(accept_still_frozen(a));
	act_entry(&act, ENTRY_SHARE_RELEASE, p->owner, &w);
	entry_put_hex(&w, "plan-sha256", p->sha256, DIGEST_LEN);
	entry_put(&w, "seat", seat);
	entry_put_hex(&w, "release-sha256", t->sha256, DIGEST_LEN);
	entry_put_hex(&w, "sig-sha256", t->sig_sha256, DIGEST_LEN);
	RETURN_IF(act_entry_end(&act, &w, &id));
	RETURN_IF(accept_put(a, REGISTER_RELEASE, seat, t, id));
	return act_commit(&act);
}

/* A release that is logged but whose file a crash swallowed may come again. */
static enum err refuse_replay(struct accept *a, const char *seat, int *ret)
{
	char path[FS_PATH_MAX];

	RETURN_IF(accept_known(a, REGISTER_RELEASE, seat, &a->release, ret));
	RETURN_IF(plans_shares_path(a->h, a->ballot.row.id, seat, path));
	if (*ret && fs_exists(path))
		return outcome_refuse(a->h->outcome, ERR_EXISTS,
		    "the shares of seat %s were taken in before",
		    "席%sのシェアは、すでに受け付けています", seat);
	return ERR_OK;
}

/* Under the acts' lock: had the plan ended or the seat taken its approval back
 * since, what is kept now would stay. */
static enum err keep(struct accept *a, const struct votes_release *r)
{
	CLEANUP(fs_lock_release) struct fs_lock acts = {0};
	struct decision_tally tally;
	char path[FS_PATH_MAX];

	RETURN_IF(act_hold(a->h, &acts));
	RETURN_IF(load_again(a, r));
	RETURN_IF(check_time(a, r, &tally));
	RETURN_IF(plans_shares_path(a->h, a->ballot.row.id, r->seat, path));
	return fs_write_file(path, a->shares, 0600);
}

static enum err check_all(struct accept *a, const struct votes_release *r)
{
	struct decision_tally tally;

	RETURN_IF(accept_signed(a, &a->release, r->seat, SSHSIG_RELEASE));
	RETURN_IF(check_time(a, r, &tally));
	RETURN_IF(check_text(a, r));
	RETURN_IF(check_approvals(a, r, &tally));
	return check_shares(a, r->seat);
}

enum err accept_release(struct accept *a)
{
	CLEANUP(votes_release_release) struct votes_release r = {0};
	struct home *h = a->h;
	int logged = 0;

	(void)strcpy(h->outcome->info.file, "release.txt");
	RETURN_IF(votes_release_parse(a->release.text, &r,
	    &h->outcome->info));
	h->outcome->info.file[0] = '\0';
	RETURN_IF(load_again(a, &r));
	RETURN_IF(refuse_replay(a, r.seat, &logged));
	RETURN_IF(check_all(a, &r));
	if (!logged)
		RETURN_IF(enter(a, r.seat));
	RETURN_IF(keep(a, &r));
	a->result->released = 1;
	outcome_add(h->outcome, OUTCOME_DONE,
	    "seat %s has released %llu shares for %s",
	    "席%1$sは、%3$sのためにシェア%2$llu件を開示しました", r.seat,
	    (unsigned long long)r.shares, r.plan);
	return ERR_OK;
}
