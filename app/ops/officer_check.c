/* The plan itself: its signature, its place in the ledger, its votes, and the
 * decision made again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ballot.h"
#include "app/reident_list.h"
#include "app/ops/officer_internal.h"
#include "app/terms.h"
#include "core/encode.h"
#include "ledger/entry.h"
#include "ledger/proof.h"

/* ---- proofs ---- */

/* All proofs of a packet are of one checkpoint: the first one fixes it. */
static enum err same_checkpoint(struct officer *w, const struct proof *p,
    const struct checkpoint *cp, struct outcome *o)
{
	if (w->now.size > 0) {
		if (checkpoint_equal(&w->now, cp))
			return ERR_OK;
		return err_at(&o->info, ERR_MISMATCH, 0,
		    "it is a proof for another checkpoint than the others");
	}
	if (strcmp(cp->origin, w->docket.charter.origin) != 0)
		return err_at(&o->info, ERR_MISMATCH, 0,
		    "it is of another ledger than the charter's");
	w->now = *cp;
	return buf_append(&w->note, p->note.data, p->note.len);
}

static enum err verify_proof(struct officer *w, struct bytes file,
    struct bytes entry, struct outcome *o)
{
	CLEANUP(proof_release) struct proof p = {0};
	struct policy_file_result quorum = {0};
	enum err e;

	RETURN_IF(proof_parse_unverified(file, &p));
	if (w->witnesses != NULL)
		e = proof_verify(&p, entry, w->witnesses, &quorum);
	else
		e = proof_verify_log(&p, entry, &w->ledger_key,
		    &quorum.checkpoint);
	if (e != ERR_OK)
		return err_at(&o->info, e, 0,
		    "it does not prove that the entry is in the ledger");
	return same_checkpoint(w, &p, &quorum.checkpoint, o);
}

/* BASE.entry is of ${kind} and in the ledger, by BASE.tlog-proof. */
static enum err check_logged(struct officer *w, const char *base,
    enum entry_kind kind, struct text **ret, struct outcome *o)
{
	char name[PACK_NAME_MAX + 1];
	struct bytes entry, proof;
	enum entry_kind found;
	enum err e;

	(void)snprintf(name, sizeof(name), "%s.entry", base);
	RETURN_IF(officer_need(w, name, &entry, o));
	RETURN_IF(entry_parse(entry, &found, ret, &o->info));
	if (found != kind || strcmp(text_get(*ret, "owner"),
	    w->docket.charter.owner) != 0)
		return err_at(&o->info, ERR_MISMATCH, 0,
		    "it is another entry than it should be");
	(void)snprintf(name, sizeof(name), "%s.tlog-proof", base);
	RETURN_IF(officer_need(w, name, &proof, o));
	e = verify_proof(w, proof, entry, o);
	if (e != ERR_OK && o->info.message[0] == '\0')
		err_note(&o->info, 0, "it is not a proof of the ledger");
	return e;
}

/* The entry's value of ${key} is this digest. */
static int says(const struct text *entry, const char *key,
    const uint8_t sha256[DIGEST_LEN])
{
	char hex[DIGEST_HEX_LEN + 1];

	digest_to_hex(sha256, hex);
	return strcmp(text_get(entry, key), hex) == 0;
}

/* ---- the plan ---- */

static enum err read_plan(struct officer *w, struct outcome *o)
{
	char folder[PACK_NAME_MAX + 1];

	RETURN_IF(officer_need(w, "plan.txt", &w->plan_bytes, o));
	RETURN_IF(plan_parse(w->plan_bytes, &w->plan, &o->info));
	digest_sha256(w->plan_bytes, w->plan_sha256);
	(void)snprintf(folder, sizeof(folder), "%s-%s", w->plan.id,
	    officer_seat(w));
	if (strcmp(folder, w->pack.folder) == 0)
		return ERR_OK;
	o->info.file[0] = '\0';
	return outcome_refuse(o, ERR_MISMATCH,
	    "this is the packet %s, not %s: it is for another seat",
	    "このファイルは%sで、%sではありません。別の席のものです",
	    w->pack.folder, folder);
}

static enum err check_signature(struct officer *w, struct outcome *o)
{
	uint8_t key[SSHSIG_PUBLIC_LEN];
	struct bytes sig;

	RETURN_IF(officer_need(w, "plan.txt.sig", &sig, o));
	RETURN_IF(sshsig_public_parse(
	    bytes_str(w->docket.charter.gateway_key), key));
	if (sshsig_check(sig, SSHSIG_PLAN, key, w->plan_bytes) != ERR_OK)
		return err_at(&o->info, ERR_SIGNATURE, 0,
		    "it is not a signature of plan.txt by the charter's gateway key");
	return ERR_OK;
}

/* Whose cosignatures the plan asks for. */
static enum err read_witnesses(struct officer *w, struct outcome *o)
{
	uint8_t sha256[DIGEST_LEN];
	struct bytes file;

	RETURN_IF(note_key_parse(bytes_str(w->docket.charter.ledger_key),
	    &w->ledger_key));
	if (!w->plan.has_witness_policy)
		return ERR_OK;
	RETURN_IF(officer_need(w, "witness-policy", &file, o));
	digest_sha256(file, sha256);
	if (memcmp(sha256, w->plan.witness_policy_sha256, DIGEST_LEN) != 0)
		return err_at(&o->info, ERR_MISMATCH, 0,
		    "it is not the witness policy that plan.txt names");
	RETURN_IF(policy_file_parse(file, &w->witnesses, &o->info));
	for (size_t i = 0; i < policy_file_logs(w->witnesses); i++)
		if (note_key_equal(policy_file_log(w->witnesses, i),
		    &w->ledger_key))
			return ERR_OK;
	return err_at(&o->info, ERR_MISMATCH, 0,
	    "it is not about the charter's ledger");
}

static enum err check_plan_logged(struct officer *w, struct outcome *o)
{
	CLEANUP(text_cleanup) struct text *entry = NULL;

	RETURN_IF(check_logged(w, "plan", ENTRY_PLAN, &entry, o));
	if (says(entry, "plan-sha256", w->plan_sha256) &&
	    strcmp(text_get(entry, "plan"), w->plan.id) == 0 &&
	    strcmp(text_get(entry, "export"), w->plan.export_id) == 0 &&
	    strcmp(text_get(entry, "plan-recipient"),
	    w->plan.plan_recipient) == 0 &&
	    terms_match_plan(entry, &w->plan))
		return ERR_OK;
	officer_at(o, "plan.entry");
	return err_at(&o->info, ERR_MISMATCH, 0,
	    "it is the entry of another plan");
}

/* The ledger on which the plan was frozen is in the one shown now. */
static enum err check_growth(struct officer *w, struct outcome *o)
{
	struct consistency_point then = {.size = w->plan.ledger_size};
	struct bytes text;

	memcpy(then.root, w->plan.ledger_root, sizeof(then.root));
	RETURN_IF(officer_need(w, "consistency.txt", &text, o));
	RETURN_IF(consistency_check(text, &w->now, &w->proven, &o->info));
	if (consistency_has(&w->proven, &then))
		return ERR_OK;
	return err_at(&o->info, ERR_MISMATCH, 0,
	    "it does not prove the tree that plan.txt names");
}

/* What a plan of re-identification asks for is what came along. */
static enum err check_pseudonyms(struct officer *w, struct outcome *o)
{
	CLEANUP(reident_list_release) struct reident_list list = {0};
	const struct reident *r = &w->plan.reident;
	uint8_t sha256[DIGEST_LEN];
	struct bytes text;

	if (r->export_id[0] == '\0')
		return ERR_OK;
	RETURN_IF(officer_need(w, "pseudonyms.txt", &text, o));
	RETURN_IF(reident_list_read(text, &list, &o->info));
	digest_sha256(text, sha256);
	if (list.len == r->count && memcmp(sha256, r->sha256, DIGEST_LEN) == 0)
		return ERR_OK;
	return err_at(&o->info, ERR_MISMATCH, 0,
	    "it is not the list that plan.txt names");
}

/* The memory of earlier releases: its key is among the plan's, and the list of
 * them is the one that plan.txt names. */
static enum err check_earlier(struct officer *w, struct outcome *o)
{
	const struct prior *prior = &w->docket.prior;
	uint8_t sha256[DIGEST_LEN];
	struct bytes text;

	officer_at(o, "plan.txt");
	if (plan_find_key(&w->plan, PLAN_KEY_MEMORY) == NULL)
		return err_at(&o->info, ERR_NOT_FOUND, 0,
		    "also-key: the key of the release records is not named, so what was released before could not be compared");
	if (!w->plan.has_prior_releases &&
	    !officer_may(w, "prior-releases.txt", &text))
		return ERR_OK;
	RETURN_IF(officer_need(w, "prior-releases.txt", &text, o));
	digest_sha256(text, sha256);
	if (!w->plan.has_prior_releases ||
	    memcmp(sha256, w->plan.prior_releases_sha256, DIGEST_LEN) != 0 ||
	    strcmp(prior->owner, w->plan.owner) != 0 ||
	    strcmp(prior->plan, w->plan.id) != 0)
		return err_at(&o->info, ERR_MISMATCH, 0,
		    "it is not the list that plan.txt names");
	return ERR_OK;
}

/* A plan that derives again asks for what that plan asked for, and no more. */
static enum err check_again(struct officer *w, struct outcome *o)
{
	CLEANUP(plan_release) struct plan earlier = {0};
	uint8_t key[SSHSIG_PUBLIC_LEN], sha256[DIGEST_LEN];
	struct bytes text, sig;

	if (!plan_rederives(&w->plan))
		return ERR_OK;
	RETURN_IF(officer_need(w, "rederive-plan.txt.sig", &sig, o));
	RETURN_IF(officer_need(w, "rederive-plan.txt", &text, o));
	RETURN_IF(plan_parse(text, &earlier, &o->info));
	digest_sha256(text, sha256);
	RETURN_IF(sshsig_public_parse(
	    bytes_str(w->docket.charter.gateway_key), key));
	if (sshsig_check(sig, SSHSIG_PLAN, key, text) != ERR_OK)
		return err_at(&o->info, ERR_SIGNATURE, 0,
		    "it is not signed by the charter's gateway key");
	if (!plan_is_again(&w->plan, &earlier, sha256))
		return err_at(&o->info, ERR_MISMATCH, 0,
		    "it is not the plan that plan.txt derives again");
	outcome_add(o, OUTCOME_CHECK,
	    "it asks for nothing but what the plan of %s asked for",
	    "%sの計画が求めたもの以外は求めていません", earlier.export_id);
	return ERR_OK;
}

enum err officer_check_plan(struct officer *w, struct outcome *o)
{
	RETURN_IF(read_plan(w, o));
	RETURN_IF(check_signature(w, o));
	outcome_add(o, OUTCOME_CHECK,
	    "the plan is signed by the gateway's export key",
	    "計画はゲートウェイの鍵で署名されています");
	RETURN_IF(read_witnesses(w, o));
	RETURN_IF(check_plan_logged(w, o));
	RETURN_IF(check_growth(w, o));
	RETURN_IF(check_earlier(w, o));
	RETURN_IF(check_pseudonyms(w, o));
	RETURN_IF(check_again(w, o));
	outcome_add(o, OUTCOME_CHECK,
	    "the plan is in the ledger (%llu entries)",
	    "計画は台帳に記載されています（%llu件）",
	    (unsigned long long)w->now.size);
	return ERR_OK;
}

/* ---- what this machine remembers ---- */

static enum err refuse_ledger(const struct officer *w, enum err e,
    struct outcome *o)
{
	const char *dir = w->memory.dir;

	if (e == ERR_ROLLBACK)
		return outcome_refuse(o, e,
		    "this ledger contradicts the one seen here before (%s/checkpoint): the gateway shows different ledgers to different people. Do not approve; tell the other officers",
		    "この台帳は、以前この機械が見た台帳（%s/checkpoint）と矛盾します。ゲートウェイが相手によって違う台帳を見せています。承認せず、他の保管官に知らせてください",
		    dir);
	if (w->now.size < w->memory.last.size)
		return outcome_refuse(o, e,
		    "the packet is older than the ledger seen here: ask for a new one",
		    "このファイルは、この機械が見た台帳より古いものです。新しいものを求めてください");
	outcome_add(o, OUTCOME_HINT,
	    "hand %s/checkpoint to the gateway, for: azukari plan pack %s --seat %s --since checkpoint -o FILE",
	    "%s/checkpoint をゲートウェイに渡し、azukari plan pack %s --seat %s --since checkpoint -o ファイル を求めてください",
	    dir, w->plan.id, officer_seat(w));
	return outcome_refuse(o, e,
	    "the packet does not prove that its ledger extends the one seen here (%llu entries)",
	    "このファイルの台帳が、この機械が見た台帳（%llu件）の続きであることが示されていません",
	    (unsigned long long)w->memory.last.size);
}

void officer_this_plan(const struct officer *w,
    struct officer_memory_plan *ret)
{
	*ret = (struct officer_memory_plan){0};
	(void)snprintf(ret->id, sizeof(ret->id), "%s", w->plan.id);
	(void)snprintf(ret->recipient, sizeof(ret->recipient), "%s",
	    w->plan.plan_recipient);
	memcpy(ret->sha256, w->plan_sha256, DIGEST_LEN);
}

enum err officer_check_memory(struct officer *w, struct outcome *o)
{
	struct officer_memory_plan plan;
	enum err e = officer_memory_fits(&w->memory, &w->now, &w->proven);

	o->info.file[0] = '\0';
	if (e != ERR_OK)
		return refuse_ledger(w, e, o);
	officer_this_plan(w, &plan);
	e = officer_memory_plan_fits(&w->memory, &plan);
	if (e == ERR_EXISTS)
		return outcome_refuse(o, ERR_REFUSED,
		    "the plan's recipient key was used by another plan before: shares for both would meet",
		    "この計画の受取鍵は、別の計画で使われたものです。両方のシェアが集まる恐れがあります");
	if (e == ERR_MISMATCH)
		return outcome_refuse(o, ERR_REFUSED,
		    "another plan with the number %s was answered here before",
		    "番号%sの別の計画に、以前この機械で回答しています",
		    w->plan.id);
	return e;
}

/* ---- votes ---- */

static enum err vote_logged(struct officer *w, const struct officer_vote *v,
    const char *base, struct outcome *o)
{
	CLEANUP(text_cleanup) struct text *entry = NULL;
	uint8_t text[DIGEST_LEN], sig[DIGEST_LEN];

	RETURN_IF(check_logged(w, base, ENTRY_APPROVAL, &entry, o));
	digest_sha256(v->text, text);
	digest_sha256(v->sig, sig);
	if (says(entry, "plan-sha256", w->plan_sha256) &&
	    says(entry, "approval-sha256", text) &&
	    says(entry, "sig-sha256", sig) &&
	    strcmp(text_get(entry, "seat"), v->seat) == 0)
		return ERR_OK;
	return err_at(&o->info, ERR_MISMATCH, 0,
	    "the entry is of another approval");
}

static enum err vote_claims(const struct officer *w,
    const struct officer_vote *v, struct outcome *o)
{
	const struct votes_approval *a = &v->parsed;

	if (strcmp(a->seat, v->seat) == 0 &&
	    strcmp(a->plan, w->plan.id) == 0 &&
	    strcmp(a->owner, w->plan.owner) == 0 &&
	    memcmp(a->plan_sha256, w->plan_sha256, DIGEST_LEN) == 0 &&
	    memcmp(a->charter_sha256, w->plan.charter_sha256,
	    DIGEST_LEN) == 0)
		return ERR_OK;
	return err_at(&o->info, ERR_MISMATCH, 0,
	    "it is an approval of another plan or seat");
}

static enum err check_vote(struct officer *w, const char *seat,
    struct outcome *o)
{
	char name[PACK_NAME_MAX + 1];
	struct officer_vote *v = &w->votes[w->votes_len];

	if (w->votes_len == OFFICER_SEATS_MAX)
		return ERR_LIMIT;
	*v = (struct officer_vote){0};
	(void)snprintf(v->seat, sizeof(v->seat), "%s", seat);
	(void)snprintf(name, sizeof(name), "approvals/%s.txt", seat);
	RETURN_IF(officer_need(w, name, &v->text, o));
	RETURN_IF(votes_approval_parse(v->text, &v->parsed, &o->info));
	w->votes_len++;
	RETURN_IF(vote_claims(w, v, o));
	(void)snprintf(name, sizeof(name), "approvals/%s.txt.sig", seat);
	RETURN_IF(officer_need(w, name, &v->sig, o));
	if (!ballot_seat_signed(&w->docket.charter, seat, SSHSIG_APPROVAL,
	    v->sig, v->text))
		return err_at(&o->info, ERR_SIGNATURE, 0,
		    "it is not a signature of the approval by seat %s", seat);
	(void)snprintf(name, sizeof(name), "approvals/%s", seat);
	return vote_logged(w, v, name, o);
}

/* Those whose time is over do not count, and that is no fault of the packet. */
static enum err count_votes(struct officer *w)
{
	CLEANUP(reasons_release) struct reasons why = {0};
	struct decision_approval approvals[OFFICER_SEATS_MAX];
	struct decision_votes votes = {.approvals = approvals,
	    .approvals_len = w->votes_len};
	const struct decision_ballot ballot = {.plan = &w->plan,
	    .charter = &w->docket.charter, .plan_sha256 = w->plan_sha256,
	    .votes = &votes, .now_unix_s = w->args.now_unix_s};
	struct decision_tally tally;

	for (size_t i = 0; i < w->votes_len; i++)
		approvals[i] = (struct decision_approval){
			.text = &w->votes[i].parsed, .signature_ok = 1,
			.logged = 1};
	RETURN_IF(decision_tally(&ballot, &tally, &why));
	w->standing = tally.approved;
	return ERR_OK;
}

enum err officer_check_votes(struct officer *w, struct outcome *o)
{
	char seat[40];

	for (size_t i = 0; i < w->pack.len; i++) {
		const char *name = w->pack.files[i].name;

		if (officer_between(name, "approvals/", ".txt", seat))
			RETURN_IF(check_vote(w, seat, o));
	}
	if (w->votes_len > 0)
		outcome_add(o, OUTCOME_CHECK,
		    "%zu approvals came along, signed and in the ledger",
		    "承認%zu件が添えられ、署名と台帳の記載を確認しました",
		    w->votes_len);
	return count_votes(w);
}

/* ---- the decision ---- */

static const uint8_t *file_digest(void *ctx, const char *name)
{
	const struct docket *d = ctx;

	for (size_t i = 0; i < d->ladders_len; i++)
		if (strcmp(d->files[i].name, name) == 0)
			return d->files[i].sha256;
	return NULL;
}

static enum err need_ladders(const struct officer *w, struct outcome *o)
{
	char name[PACK_NAME_MAX + 1];

	for (size_t i = 0; i < w->plan.columns_len; i++) {
		const char *ladder = w->plan.columns[i].ladder;

		if (ladder[0] == '\0')
			continue;
		(void)snprintf(name, sizeof(name), "ladders/%s", ladder);
		if (pack_find(&w->pack, name) != NULL)
			continue;
		officer_at(o, name);
		return err_at(&o->info, ERR_NOT_FOUND, 0,
		    "it is missing in the packet");
	}
	return ERR_OK;
}

static enum err scheme_digest(struct officer *w, uint8_t ret[DIGEST_LEN])
{
	CLEANUP(buf_release) struct buf scheme = {0};

	RETURN_IF(plan_scheme_bytes(w->plan.columns, w->plan.columns_len,
	    file_digest, &w->docket, &scheme));
	digest_sha256(bytes_buf(&scheme), ret);
	return ERR_OK;
}

enum err officer_decide(struct officer *w, struct outcome *o)
{
	struct decision_plan_facts facts = {.signature_ok = 1, .logged = 1,
	    .recipient_fresh = 1, .epochs = &w->epochs};
	struct bytes epochs;

	RETURN_IF(officer_need(w, "epochs.txt", &epochs, o));
	RETURN_IF(need_ladders(w, o));
	RETURN_IF(scheme_digest(w, facts.scheme_sha256));
	o->info.file[0] = '\0';
	memcpy(facts.plan_sha256, w->plan_sha256, DIGEST_LEN);
	digest_sha256(epochs, facts.epochs_sha256);
	docket_close(&w->docket, w->args.now_unix_s);
	RETURN_IF(decision_check_plan(&w->docket.dcase, &w->plan, &facts,
	    &w->decision));
	docket_tell(&w->decision, o);
	if (w->decision.verdict == DECISION_REFUSED)
		return ERR_REFUSED;
	outcome_add(o, OUTCOME_CHECK,
	    "the policy allows it: decided again here",
	    "方針に適合しています（この機械で判断し直しました）");
	return ERR_OK;
}
