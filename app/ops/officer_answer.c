/* What goes back: an approval, shares once enough approvals stand, or a no. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ops/officer_internal.h"
#include "core/clock.h"
#include "keys/share.h"
#include "keys/sshsig.h"

/* An answer under construction. */
struct answer {
	struct pack pack;
	struct buf approval, release, shares;
};

static void answer_release(struct answer *a)
{
	pack_release(&a->pack);
	buf_release(&a->approval);
	buf_release(&a->release);
	buf_release(&a->shares);
}

static enum err add_signed(struct pack *p, const struct identity *id,
    const char *name, enum sshsig_ns ns, struct bytes text)
{
	CLEANUP(buf_release) struct buf sig = {0};
	char sig_name[PACK_NAME_MAX + 1];

	RETURN_IF(sshsig_sign(identity_sign_seed(id), ns, text, &sig));
	RETURN_IF(pack_add(p, name, text));
	(void)snprintf(sig_name, sizeof(sig_name), "%s.sig", name);
	return pack_add(p, sig_name, bytes_buf(&sig));
}

static void name_folder(struct pack *p, const char *plan, const char *seat)
{
	(void)snprintf(p->folder, sizeof(p->folder), "%s-%s-answer", plan,
	    seat);
}

/* ---- the approval ---- */

static const struct officer_vote *own_vote(const struct officer *w)
{
	for (size_t i = 0; i < w->votes_len; i++)
		if (strcmp(w->votes[i].seat, officer_seat(w)) == 0)
			return &w->votes[i];
	return NULL;
}

static enum err write_approval(const struct officer *w, struct buf *out,
    struct outcome *o)
{
	struct votes_approval a = {.plan = w->plan.id,
	    .owner = w->plan.owner, .seat = officer_seat(w),
	    .ledger_size = w->now.size,
	    .approved_unix_s = w->args.now_unix_s,
	    .expires_unix_s = w->plan.expires_unix_s};

	memcpy(a.plan_sha256, w->plan_sha256, DIGEST_LEN);
	memcpy(a.charter_sha256, w->plan.charter_sha256, DIGEST_LEN);
	memcpy(a.ledger_root, w->now.root, sizeof(a.ledger_root));
	secret_random(a.nonce, sizeof(a.nonce));
	return votes_approval_write(&a, out, &o->info);
}

/* The seat's approval: the one that stands already, or a new one. */
static enum err add_approval(const struct officer *w, struct answer *a,
    struct outcome *o)
{
	const struct officer_vote *own = own_vote(w);

	if (own != NULL) {
		RETURN_IF(buf_append(&a->approval, own->text.data,
		    own->text.len));
		RETURN_IF(pack_add(&a->pack, "approval.txt", own->text));
		return pack_add(&a->pack, "approval.txt.sig", own->sig);
	}
	RETURN_IF(write_approval(w, &a->approval, o));
	return add_signed(&a->pack, w->args.identity, "approval.txt",
	    SSHSIG_APPROVAL, bytes_buf(&a->approval));
}

/* ---- the release ---- */

static int by_seat(const void *a, const void *b)
{
	const struct officer_vote *const *x = a, *const *y = b;

	return strcmp((*x)->seat, (*y)->seat);
}

/* This seat's approval and the t − 1 others that come first by name. */
static enum err approvals_digest(const struct officer *w,
    const struct answer *a, uint8_t ret[DIGEST_LEN])
{
	CLEANUP(buf_release) struct buf lines = {0};
	const struct officer_vote *others[OFFICER_SEATS_MAX];
	struct plan_vote votes[OFFICER_SEATS_MAX + 1];
	size_t len = 0;

	for (size_t i = 0; i < w->votes_len; i++) {
		size_t seat = charter_seat_index(&w->docket.charter,
		    w->votes[i].seat);

		if (seat != w->seat && (w->standing >> seat & 1))
			others[len++] = &w->votes[i];
	}
	qsort(others, len, sizeof(others[0]), by_seat);
	if (len + 1 < w->plan.threshold)
		return ERR_THRESHOLD;
	votes[0].seat = officer_seat(w);
	digest_sha256(bytes_buf(&a->approval), votes[0].sha256);
	for (size_t i = 1; i < w->plan.threshold; i++) {
		votes[i].seat = others[i - 1]->seat;
		digest_sha256(others[i - 1]->text, votes[i].sha256);
	}
	RETURN_IF(plan_votes_bytes(votes, w->plan.threshold, &lines));
	digest_sha256(bytes_buf(&lines), ret);
	return ERR_OK;
}

static enum err seal_shares(const struct officer *w, struct answer *a)
{
	struct age_recipient to;

	a->shares.max = SHARE_LIST_MAX;
	RETURN_IF(age_recipient_parse(bytes_str(w->plan.plan_recipient),
	    &to));
	return share_seal(&to, 1, bytes_buf(&w->shares), &a->shares);
}

static enum err add_release(const struct officer *w, struct answer *a,
    struct outcome *o)
{
	struct votes_release r = {.plan = w->plan.id, .owner = w->plan.owner,
	    .seat = officer_seat(w), .shares = w->shares_len,
	    .plan_recipient = w->plan.plan_recipient};

	RETURN_IF(seal_shares(w, a));
	memcpy(r.plan_sha256, w->plan_sha256, DIGEST_LEN);
	memcpy(r.charter_sha256, w->plan.charter_sha256, DIGEST_LEN);
	RETURN_IF(approvals_digest(w, a, r.approvals_sha256));
	digest_sha256(bytes_buf(&a->shares), r.shares_sha256);
	secret_random(r.nonce, sizeof(r.nonce));
	RETURN_IF(votes_release_write(&r, &a->release, &o->info));
	RETURN_IF(add_signed(&a->pack, w->args.identity, "release.txt",
	    SSHSIG_RELEASE, bytes_buf(&a->release)));
	return pack_add(&a->pack, "shares.age", bytes_buf(&a->shares));
}

/* ---- what is remembered ---- */

/* Another packet may have been answered since this one was opened. */
static enum err reload_memory(struct officer *w, struct outcome *o)
{
	CLEANUP(officer_memory_release) struct officer_memory fresh = {0};

	RETURN_IF(officer_memory_load(w->args.state_dir, w->args.identity,
	    w->plan.owner, &fresh, &o->info));
	officer_memory_release(&w->memory);
	w->memory = fresh;
	fresh = (struct officer_memory){0};
	return officer_check_memory(w, o);
}

static enum err replace(struct buf *to, struct bytes from)
{
	buf_clear(to);
	return buf_append(to, from.data, from.len);
}

static enum err remember(struct officer *w, struct outcome *o)
{
	struct officer_memory *m = &w->memory;
	struct officer_memory_plan plan;

	officer_this_plan(w, &plan);
	RETURN_IF(replace(&m->charter, bytes_buf(&w->docket.charter_bytes)));
	RETURN_IF(replace(&m->last_plan, w->plan_bytes));
	RETURN_IF(officer_memory_saw(m, &w->now, bytes_buf(&w->note),
	    &w->proven));
	RETURN_IF(officer_memory_plan_add(m, &plan));
	return officer_memory_save(m, &o->info);
}

/* ---- the answer ---- */

static void tell(const struct officer *w, const char *path, int releasing,
    struct outcome *o)
{
	char until[CLOCK_UTC_LEN + 1];

	clock_format_utc(w->plan.expires_unix_s, until);
	if (!officer_has_approved(w))
		outcome_add(o, OUTCOME_DONE,
		    "seat %s approves %s; you can still take this back until the export starts, at the latest %s: azukari revoke",
		    "席%sは%sを承認しました。提供が始まるまで（遅くとも%s）取り消せます: azukari revoke",
		    officer_seat(w), w->plan.id, until);
	if (releasing)
		outcome_add(o, OUTCOME_DONE,
		    "%u approvals stand: %llu shares are in %s, for this plan only",
		    "承認が%u席そろいました。この計画のためだけに、シェア%llu件を%sに入れました",
		    w->plan.threshold, (unsigned long long)w->shares_len, path);
	else if (w->witnesses != NULL)
		outcome_add(o, OUTCOME_DONE,
		    "no share has left this machine: it waits until the witnesses have cosigned the approvals. Run this again with a newer packet once they have",
		    "シェアはまだ渡していません。立会人が承認に副署した後の新しいファイルで、もう一度実行してください");
	else
		outcome_add(o, OUTCOME_DONE,
		    "no share has left this machine: the other seats' approvals are not there yet. Run this again with a newer packet once they are",
		    "シェアはまだ渡していません。他の席の承認がそろった後の新しいファイルで、もう一度実行してください");
	outcome_add(o, OUTCOME_HINT,
	    "hand %s to the gateway: azukari plan accept",
	    "%sをゲートウェイに渡してください: azukari plan accept", path);
}

static enum err nothing_to_add(const struct officer *w, struct outcome *o)
{
	return outcome_refuse(o, ERR_THRESHOLD,
	    "seat %s has approved %s already, and fewer than %u approvals are in this packet; run this again with a newer one",
	    "席%sは%sをすでに承認しています。このファイルの承認は%u席に足りません。新しいファイルでもう一度実行してください",
	    officer_seat(w), w->plan.id, w->plan.threshold);
}

static enum err refuse_existing(const char *path, struct outcome *o)
{
	if (!fs_exists(path))
		return ERR_OK;
	return outcome_refuse(o, ERR_EXISTS, "%s is there already",
	    "%sはすでに存在します", path);
}

enum err officer_answer(struct officer *w, const char *path,
    struct outcome *o)
{
	CLEANUP(answer_release) struct answer a = {0};
	int releasing = officer_will_release(w);

	if (officer_has_approved(w) && !releasing)
		return nothing_to_add(w, o);
	RETURN_IF(refuse_existing(path, o));
	RETURN_IF(reload_memory(w, o));
	name_folder(&a.pack, w->plan.id, officer_seat(w));
	RETURN_IF(add_approval(w, &a, o));
	if (releasing)
		RETURN_IF(add_release(w, &a, o));
	/* First remembered, then handed out: never the other way round. */
	RETURN_IF(remember(w, o));
	RETURN_IF(pack_write(&a.pack, path, w->args.now_unix_s));
	tell(w, path, releasing, o);
	return ERR_OK;
}

/* ---- no ---- */

static enum err write_stop(const struct officer *w,
    const struct officer_no *no, struct buf *out, struct outcome *o)
{
	struct votes_stop s = {.kind = no->kind, .plan = w->plan.id,
	    .owner = w->plan.owner, .seat = officer_seat(w),
	    .reason = no->reason, .at_unix_s = w->args.now_unix_s};

	memcpy(s.plan_sha256, w->plan_sha256, DIGEST_LEN);
	secret_random(s.nonce, sizeof(s.nonce));
	return votes_stop_write(&s, out, &o->info);
}

static enum err read_for_stop(struct officer *w, struct outcome *o)
{
	RETURN_IF(officer_read(w, o));
	RETURN_IF(officer_need(w, "plan.txt", &w->plan_bytes, o));
	RETURN_IF(plan_parse(w->plan_bytes, &w->plan, &o->info));
	digest_sha256(w->plan_bytes, w->plan_sha256);
	if (strcmp(w->plan.owner, w->docket.charter.owner) != 0 ||
	    memcmp(w->plan.charter_sha256,
	    w->docket.dcase.facts.charter_sha256, DIGEST_LEN) != 0)
		return err_at(&o->info, ERR_MISMATCH, 0,
		    "it is not a plan under the charter in the packet");
	o->info.file[0] = '\0';
	return ERR_OK;
}

static void tell_stop(const struct officer *w, const struct officer_no *no,
    struct outcome *o)
{
	if (no->kind == VOTES_DENIAL)
		outcome_add(o, OUTCOME_DONE,
		    "seat %s refuses %s; hand %s to the gateway: azukari plan accept",
		    "席%sは%sを拒否しました。%sをゲートウェイに渡してください: azukari plan accept",
		    officer_seat(w), w->plan.id, no->path);
	else
		outcome_add(o, OUTCOME_DONE,
		    "seat %s takes back its approval of %s; hand %s to the gateway: azukari plan accept. If the export has begun by then, it is a recall",
		    "席%sは%sの承認を取り消しました。%sをゲートウェイに渡してください: azukari plan accept。提供が始まった後は回収の扱いになります",
		    officer_seat(w), w->plan.id, no->path);
}

enum err officer_stop(const struct officer_args *args,
    const struct officer_no *no, struct outcome *o)
{
	CLEANUP(officer_cleanup) struct officer *w = calloc(1, sizeof(*w));
	CLEANUP(pack_release) struct pack answer = {0};
	CLEANUP(buf_release) struct buf text = {0};
	int denial = no->kind == VOTES_DENIAL;

	if (w == NULL)
		return ERR_NOMEM;
	w->args = *args;
	RETURN_IF(refuse_existing(no->path, o));
	RETURN_IF(read_for_stop(w, o));
	RETURN_IF(write_stop(w, no, &text, o));
	name_folder(&answer, w->plan.id, officer_seat(w));
	RETURN_IF(add_signed(&answer, args->identity,
	    denial ? "denial.txt" : "revocation.txt",
	    denial ? SSHSIG_DENIAL : SSHSIG_REVOCATION, bytes_buf(&text)));
	RETURN_IF(pack_write(&answer, no->path, args->now_unix_s));
	tell_stop(w, no, o);
	return ERR_OK;
}
