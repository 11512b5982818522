#include "app/ops/plan_pack.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/act.h"
#include "app/ballot.h"
#include "app/consistency.h"
#include "app/docket.h"
#include "app/pack.h"
#include "app/witnesses.h"
#include "ledger/proof.h"
#include "vault/store_epoch.h"

#define SIZES_MAX 64            /* trees handed out that are remembered */
#define CHECKPOINT_MAX ((size_t)64 << 10)

struct packing {
	struct home *h;
	struct owner *w;
	const char *seat;
	struct ballot ballot;
	struct docket docket;
	struct witness_set witnesses;   /* of the plan; empty: none */
	struct log *log;
	uint64_t sizes[SIZES_MAX + 1];
	size_t sizes_len;
	struct pack pack;
};

static void packing_free(struct packing **p)
{
	if (*p == NULL)
		return;
	pack_release(&(*p)->pack);
	witness_set_release(&(*p)->witnesses);
	log_close((*p)->log);
	docket_release(&(*p)->docket);
	ballot_release(&(*p)->ballot);
	home_owner_close((*p)->w);
	free(*p);
}

/* ---- papers ---- */

static enum err load_rules(struct packing *p)
{
	struct home *h = p->h;
	const struct plan *plan = &p->ballot.plan;
	struct docket *d = &p->docket;

	docket_of_plan(d, plan);
	RETURN_IF(docket_load_rules(h, p->ballot.row.owner, plan->survey_name,
	    plan->survey_version, d));
	if (memcmp(d->dcase.facts.policy_sha256, plan->policy_sha256,
	    DIGEST_LEN) != 0)
		return outcome_refuse(h->outcome, ERR_STATE,
		    "another policy is in force since %s was frozen; freeze a new plan",
		    "%sの確定後に方針が変わりました。新しい計画を確定してください",
		    plan->id);
	if (memcmp(d->dcase.facts.charter_sha256, plan->charter_sha256,
	    DIGEST_LEN) != 0)
		return outcome_refuse(h->outcome, ERR_STATE,
		    "another charter is in force since %s was frozen; freeze a new plan",
		    "%sの確定後に憲章が変わりました。新しい計画を確定してください",
		    plan->id);
	return ERR_OK;
}

struct sigs {
	struct pack *pack;
	const char *prefix;             /* "policy", "charter"; NULL: one */
	const char *name;               /* of the only one */
};

static enum err add_sig(void *ctx, const char *signer, struct bytes armour)
{
	const struct sigs *s = ctx;
	char name[PACK_NAME_MAX + 1];

	if (s->prefix == NULL)
		return pack_add(s->pack, s->name, armour);
	if (snprintf(name, sizeof(name), "%s.%s.sig", s->prefix, signer) >=
	    (int)sizeof(name))
		return ERR_LIMIT;
	return pack_add(s->pack, name, armour);
}

/* A document of this owner as ${name}, with its signatures. */
static enum err add_document(struct packing *p,
    const struct register_query *q, const char *name, struct sigs sigs)
{
	CLEANUP(paper_release) struct paper paper = {0};

	RETURN_IF(papers_find(p->h, q, &paper));
	RETURN_IF(pack_add(&p->pack, name, bytes_buf(&paper.bytes)));
	sigs.pack = &p->pack;
	return register_signature_each(p->h->reg, paper.row.id, add_sig,
	    &sigs);
}

static enum err add_signed_papers(struct packing *p, const char *owner)
{
	const struct plan *plan = &p->ballot.plan;
	const struct register_query request = {.kind = REGISTER_REQUEST,
	    .owner = owner, .sha256 = plan->request_sha256};
	const struct register_query policy = {.kind = REGISTER_POLICY,
	    .owner = owner, .sha256 = plan->policy_sha256};
	const struct register_query charter = {.kind = REGISTER_CHARTER,
	    .owner = owner, .sha256 = plan->charter_sha256};

	RETURN_IF(add_document(p, &request, "request.txt",
	    (struct sigs){.name = "request.txt.sig"}));
	RETURN_IF(add_document(p, &policy, "policy.json",
	    (struct sigs){.prefix = "policy"}));
	return add_document(p, &charter, "charter.txt",
	    (struct sigs){.prefix = "charter"});
}

static enum err add_rules(struct packing *p)
{
	const struct docket *d = &p->docket;
	char name[PACK_NAME_MAX + 1];

	if (d->survey == NULL)
		return ERR_NOT_FOUND;
	RETURN_IF(pack_add(&p->pack, "survey.json",
	    bytes_buf(&d->survey_bytes)));
	for (size_t i = 0; i < d->ladders_len; i++) {
		(void)snprintf(name, sizeof(name), "ladders/%s",
		    d->ladders[i].name);
		RETURN_IF(pack_add(&p->pack, name,
		    bytes_buf(&d->ladders[i].bytes)));
	}
	return ERR_OK;
}

static enum err add_witness_policy(struct packing *p)
{
	const struct plan *plan = &p->ballot.plan;
	enum err e;

	if (!plan->has_witness_policy)
		return ERR_OK;
	e = witness_set_load(p->h, plan->witness_policy_sha256,
	    &p->witnesses);
	if (e == ERR_NOT_FOUND)
		return outcome_refuse(p->h->outcome, e,
		    "the witness policy that %s names is not registered here",
		    "%sが指定する立会人の方針が登録されていません", plan->id);
	RETURN_IF(e);
	return pack_add(&p->pack, "witness-policy",
	    bytes_buf(&p->witnesses.bytes));
}

/* ---- ledger ---- */

static enum err index_of(struct packing *p, int64_t act, uint64_t *ret)
{
	struct actlog_act row;

	RETURN_IF(actlog_get(register_db(p->h->reg), act, &row));
	*ret = row.ledger_index;
	return ERR_OK;
}

/* An officer with witnesses looks at the ledger as their quorum cosigned it
 * last, and no further. */
static enum err open_cosigned(struct packing *p, uint64_t plan_index)
{
	CLEANUP(buf_release) struct buf note = {0};
	struct bytes bytes;
	char dir[FS_PATH_MAX];
	enum err e = witness_set_note(p->h, &p->witnesses, plan_index, &note);

	if (e == ERR_NOT_FOUND)
		return witness_set_wait(p->h, &p->witnesses, plan_index,
		    p->ballot.row.id);
	RETURN_IF(e);
	bytes = bytes_buf(&note);
	RETURN_IF(home_path(p->h, dir, "ledger"));
	return log_open_reader(dir, note_signer_key(p->h->log_signer), &bytes,
	    &p->log);
}

static enum err open_log(struct packing *p)
{
	uint64_t index;

	if (p->witnesses.file == NULL)
		return act_log_reader(p->h, &p->log);
	RETURN_IF(index_of(p, p->ballot.act, &index));
	return open_cosigned(p, index);
}

/* FILE.entry and FILE.tlog-proof of the act ${act} of the register. */
static enum err add_proof(struct packing *p, const char *file, int64_t act)
{
	CLEANUP(buf_release) struct buf entry = {0};
	CLEANUP(buf_release) struct buf proof = {.max = PROOF_MAX};
	struct actlog_act row;
	char name[PACK_NAME_MAX + 1];

	RETURN_IF(actlog_get(register_db(p->h->reg), act, &row));
	RETURN_IF(log_entry(p->log, row.ledger_index, &entry));
	RETURN_IF(log_proof(p->log, row.ledger_index, (struct bytes){0},
	    &proof));
	(void)snprintf(name, sizeof(name), "%s.entry", file);
	RETURN_IF(pack_add(&p->pack, name, bytes_buf(&entry)));
	(void)snprintf(name, sizeof(name), "%s.tlog-proof", file);
	return pack_add(&p->pack, name, bytes_buf(&proof));
}

static enum err add_plan(struct packing *p)
{
	const struct ballot *b = &p->ballot;

	RETURN_IF(pack_add(&p->pack, "plan.txt", bytes_buf(&b->plan_text)));
	RETURN_IF(pack_add(&p->pack, "plan.txt.sig", bytes_buf(&b->plan_sig)));
	return add_proof(p, "plan", b->act);
}

/* An approval that the witnesses have not cosigned does not count yet. */
static enum err is_shown(struct packing *p, const struct ballot_vote *v,
    int *ret)
{
	uint64_t index;

	RETURN_IF(index_of(p, v->act, &index));
	*ret = index < log_size(p->log);
	if (!*ret)
		outcome_add(p->h->outcome, OUTCOME_WARNING,
		    "the approval of seat %s waits for the witnesses and is not in this packet",
		    "席%sの承認は立会人の副署を待っているため、このファイルに入れていません",
		    v->seat);
	return ERR_OK;
}

/* What was released before, what is to be re-identified, and the plan that is
 * derived again, as the plan names them. */
static enum err add_prior(struct packing *p)
{
	const struct plan *plan = &p->ballot.plan;
	const struct register_query list = {.kind = REGISTER_PSEUDONYMS,
	    .owner = p->ballot.row.owner, .sha256 = plan->reident.sha256};
	const struct register_query q = {.kind = REGISTER_PRIOR_RELEASES,
	    .owner = p->ballot.row.owner,
	    .sha256 = plan->prior_releases_sha256};
	const struct register_query again = {.kind = REGISTER_PLAN,
	    .owner = p->ballot.row.owner, .sha256 = plan->rederive.plan_sha256};

	if (plan->reident.export_id[0] != '\0')
		RETURN_IF(add_document(p, &list, "pseudonyms.txt",
		    (struct sigs){0}));
	if (plan_rederives(plan))
		RETURN_IF(add_document(p, &again, "rederive-plan.txt",
		    (struct sigs){.name = "rederive-plan.txt.sig"}));
	if (!plan->has_prior_releases)
		return ERR_OK;
	return add_document(p, &q, "prior-releases.txt", (struct sigs){0});
}

static enum err add_approval(struct packing *p, const struct ballot_vote *v)
{
	char name[PACK_NAME_MAX + 1];
	int shown = 0;

	RETURN_IF(is_shown(p, v, &shown));
	if (!shown)
		return ERR_OK;
	(void)snprintf(name, sizeof(name), "approvals/%s.txt", v->seat);
	RETURN_IF(pack_add(&p->pack, name, bytes_buf(&v->text)));
	(void)snprintf(name, sizeof(name), "approvals/%s.txt.sig", v->seat);
	RETURN_IF(pack_add(&p->pack, name, bytes_buf(&v->sig)));
	(void)snprintf(name, sizeof(name), "approvals/%s", v->seat);
	return add_proof(p, name, v->act);
}

/* Those that still count: not taken back, not expired. */
static enum err add_approvals(struct packing *p)
{
	CLEANUP(reasons_release) struct reasons why = {0};
	const struct ballot *b = &p->ballot;
	struct decision_tally tally;

	RETURN_IF(ballot_tally(b, (struct ballot_more){0},
	    p->h->now_unix_s, &tally, &why));
	for (size_t i = 0; i < b->votes_len; i++) {
		size_t seat = charter_seat_index(&b->charter.charter,
		    b->votes[i].seat);

		if (seat != CHARTER_NO_SEAT && (tally.approved >> seat & 1))
			RETURN_IF(add_approval(p, &b->votes[i]));
	}
	return ERR_OK;
}

/* ---- trees the officer may remember ---- */

static enum err draft_name(const char *seat, char ret[64])
{
	return snprintf(ret, 64, "packed-%s", seat) < 64 ? ERR_OK : ERR_LIMIT;
}

static enum err read_sizes(struct packing *p, const char *owner)
{
	CLEANUP(buf_release) struct buf draft = {0};
	struct bytes rest, line;
	char name[64];
	enum err e;

	RETURN_IF(draft_name(p->seat, name));
	e = register_draft_get(p->h->reg, owner, name, &draft);
	if (e == ERR_NOT_FOUND)
		return ERR_OK;
	RETURN_IF(e);
	rest = bytes_buf(&draft);
	while (bytes_take_line(&rest, &line) == ERR_OK &&
	    p->sizes_len < SIZES_MAX) {
		char text[24];

		if (line.len >= sizeof(text))
			return ERR_CORRUPT;
		memcpy(text, line.data, line.len);
		text[line.len] = '\0';
		p->sizes[p->sizes_len++] = strtoull(text, NULL, 10);
	}
	return ERR_OK;
}

/* A checkpoint from the officer: ours, of a tree that ours extends? */
static enum err read_since(struct packing *p, const char *path)
{
	CLEANUP(buf_release) struct buf note = {0};
	struct outcome *o = p->h->outcome;
	struct checkpoint seen;
	uint8_t root[MERKLE_PROOF_HASH_LEN];

	if (path == NULL)
		return ERR_OK;
	(void)snprintf(o->info.file, sizeof(o->info.file), "%s", path);
	RETURN_IF(fs_read_file(path, CHECKPOINT_MAX, &note));
	RETURN_IF(checkpoint_verify(bytes_buf(&note),
	    note_signer_key(p->h->log_signer), &seen));
	o->info.file[0] = '\0';
	if (p->witnesses.file != NULL && seen.size > log_size(p->log))
		return witness_set_wait(p->h, &p->witnesses, seen.size - 1,
		    p->ballot.row.id);
	if (seen.size > log_size(p->log))
		return outcome_refuse(o, ERR_ROLLBACK,
		    "the officer has seen a ledger of %llu entries, this one has %llu",
		    "保管官が見た台帳は%llu件ですが、この台帳は%llu件です",
		    (unsigned long long)seen.size,
		    (unsigned long long)log_size(p->log));
	RETURN_IF(log_root(p->log, seen.size, root));
	if (memcmp(root, seen.root, sizeof(root)) != 0)
		return outcome_refuse(o, ERR_ROLLBACK,
		    "the officer has seen another ledger signed by this gateway's key: stop and find out why",
		    "保管官は、このゲートウェイの鍵で署名された別の台帳を見ています。作業を止めて原因を調べてください");
	p->sizes[p->sizes_len++] = seen.size;
	return ERR_OK;
}

static enum err add_consistency(struct packing *p, const char *since)
{
	CLEANUP(buf_release) struct buf text = {0};
	uint64_t sizes[ARRAY_LEN(p->sizes) + 1];

	RETURN_IF(read_sizes(p, p->ballot.row.owner));
	RETURN_IF(read_since(p, since));
	sizes[0] = p->ballot.plan.ledger_size;
	memcpy(sizes + 1, p->sizes, p->sizes_len * sizeof(sizes[0]));
	RETURN_IF(consistency_write(p->log, sizes, p->sizes_len + 1, &text));
	return pack_add(&p->pack, "consistency.txt", bytes_buf(&text));
}

/* From now on the officer may remember this tree. */
static enum err keep_size(struct packing *p)
{
	CLEANUP(act_abort) struct act a = {0};
	CLEANUP(buf_release) struct buf draft = {0};
	uint64_t size = log_size(p->log);
	size_t first = p->sizes_len >= SIZES_MAX ?
	    p->sizes_len - SIZES_MAX + 1 : 0;
	char name[64];

	for (size_t i = first; i < p->sizes_len; i++)
		if (p->sizes[i] != size)
			RETURN_IF(buf_printf(&draft, "%llu\n",
			    (unsigned long long)p->sizes[i]));
	RETURN_IF(buf_printf(&draft, "%llu\n", (unsigned long long)size));
	RETURN_IF(draft_name(p->seat, name));
	RETURN_IF(act_data_begin(p->h, register_db(p->h->reg), &a));
	RETURN_IF(register_draft_put(p->h->reg, p->ballot.row.owner, name,
	    bytes_buf(&draft)));
	return act_data_commit(&a);
}

/* ---- epochs and shares ---- */

static enum err add_epoch(struct packing *p, size_t number,
    const struct store_epoch *row)
{
	CLEANUP(buf_release) struct buf text = {0};
	CLEANUP(buf_release) struct buf share = {0};
	CLEANUP(buf_release) struct buf arranged = {0};

	RETURN_IF(store_epoch_text(p->w->store, row->number, &text));
	RETURN_IF(pack_add_numbered(&p->pack, "epochs", number, ".txt",
	    bytes_buf(&text)));
	RETURN_IF(store_epoch_share(p->w->store, row->number, p->seat,
	    &share));
	RETURN_IF(pack_add_numbered(&p->pack, "shares", number, ".age",
	    bytes_buf(&share)));
	if (row->arrangement == 0)
		return ERR_OK;
	RETURN_IF(store_epoch_arrangement_text(p->w->store, row->number,
	    &arranged));
	return pack_add_numbered(&p->pack, "arrangements", number, ".txt",
	    bytes_buf(&arranged));
}

static enum err add_epochs(struct packing *p)
{
	const struct ballot *b = &p->ballot;
	struct store_epoch row;

	RETURN_IF(pack_add(&p->pack, "epochs.txt",
	    bytes_buf(&b->epochs_text)));
	for (size_t i = 0; i < b->epochs.len; i++) {
		RETURN_IF(store_epoch_by_id(p->w->store,
		    b->epochs.items[i].id, &row));
		RETURN_IF(add_epoch(p, i + 1, &row));
	}
	for (size_t i = 0; i < b->plan.also_keys_len; i++) {
		RETURN_IF(store_epoch_by_id(p->w->store,
		    b->plan.also_keys[i].id, &row));
		RETURN_IF(add_epoch(p, b->epochs.len + 1 + i, &row));
	}
	RETURN_IF(store_epoch_project(p->w->store, b->row.project,
	    b->row.partner, &row));
	return add_epoch(p, b->epochs.len + b->plan.also_keys_len + 1, &row);
}

/* ---- all of it ---- */

static enum err check_seat(struct packing *p, const struct charter *c)
{
	if (charter_seat(c, p->seat) != NULL)
		return ERR_OK;
	return outcome_refuse(p->h->outcome, ERR_NOT_FOUND,
	    "owner %s has no seat %s", "所有者%sに席%sはありません", c->owner,
	    p->seat);
}

static enum err check_waiting(struct packing *p)
{
	const struct register_plan *row = &p->ballot.row;

	if (row->state == REGISTER_PLAN_ENDED)
		return outcome_refuse(p->h->outcome, ERR_STATE,
		    "%s has ended: %s", "%sは終了しています: %s", row->id,
		    row->why);
	if (row->state != REGISTER_PLAN_FROZEN)
		return outcome_refuse(p->h->outcome, ERR_STATE,
		    "the export of %s has begun; it asks for no more approvals",
		    "%sの提供はすでに始まっています。承認はもう不要です",
		    row->id);
	return check_seat(p, &p->ballot.charter.charter);
}

static enum err fill(struct packing *p, const char *since)
{
	RETURN_IF(load_rules(p));
	RETURN_IF(home_owner_open(p->h, p->ballot.row.owner, &p->w));
	(void)snprintf(p->pack.folder, sizeof(p->pack.folder), "%s-%s",
	    p->ballot.row.id, p->seat);
	RETURN_IF(add_witness_policy(p));
	RETURN_IF(open_log(p));
	RETURN_IF(add_plan(p));
	RETURN_IF(add_signed_papers(p, p->ballot.row.owner));
	RETURN_IF(add_rules(p));
	RETURN_IF(add_prior(p));
	RETURN_IF(add_epochs(p));
	RETURN_IF(add_approvals(p));
	return add_consistency(p, since);
}

static enum err new_packing(struct home *h, const char *seat,
    struct packing **ret)
{
	struct packing *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return ERR_NOMEM;
	p->h = h;
	p->seat = seat;
	*ret = p;
	return ERR_OK;
}

enum err plan_pack(struct home *h, const struct plan_pack_args *args)
{
	CLEANUP(packing_free) struct packing *p = NULL;

	RETURN_IF(new_packing(h, args->seat, &p));
	RETURN_IF(ballot_load(h, args->plan, &p->ballot));
	RETURN_IF(check_waiting(p));
	RETURN_IF(ballot_goes_on(h, &p->ballot));
	RETURN_IF(fill(p, args->since));
	RETURN_IF(pack_write(&p->pack, args->path, h->now_unix_s));
	RETURN_IF(keep_size(p));
	plan_pack_tell(h->outcome, args);
	return ERR_OK;
}

void plan_pack_tell(struct outcome *o, const struct plan_pack_args *args)
{
	outcome_add(o, OUTCOME_DONE,
	    "%s: %s for seat %s; on that officer's machine: azukari approve %s --identity NAME.key -o FILE",
	    "%1$s：席%3$s宛ての%2$sです。保管官の機械で azukari approve %4$s --identity 名前.key -o ファイル を実行してください",
	    args->path, args->plan, args->seat, args->path);
}

/* ---- every share of a seat ---- */

struct all_epochs {
	struct store_epoch *items;
	size_t len;
};

static void all_epochs_release(struct all_epochs *a)
{
	free(a->items);
}

static enum err collect(void *ctx, const struct store_epoch *e)
{
	struct all_epochs *a = ctx;
	struct store_epoch *items;

	if (e->kind == STORE_EPOCH_TRIAL)
		return ERR_OK;
	items = reallocarray(a->items, a->len + 1, sizeof(*items));
	if (items == NULL)
		return ERR_NOMEM;
	a->items = items;
	a->items[a->len++] = *e;
	return ERR_OK;
}

static enum err add_charter(struct packing *p, const char *owner)
{
	const struct register_query q = {.kind = REGISTER_CHARTER,
	    .owner = owner};
	CLEANUP(paper_charter_release) struct paper_charter c = {0};

	RETURN_IF(papers_charter(p->h, owner, &c));
	RETURN_IF(check_seat(p, &c.charter));
	return add_document(p, &q, "charter.txt",
	    (struct sigs){.prefix = "charter"});
}

enum err plan_pack_shares(struct home *h, const char *owner, const char *seat,
    const char *path)
{
	CLEANUP(packing_free) struct packing *p = NULL;
	CLEANUP(all_epochs_release) struct all_epochs all = {0};
	const struct store_epoch_query q = {0};

	RETURN_IF(new_packing(h, seat, &p));
	RETURN_IF(add_charter(p, owner));
	RETURN_IF(home_owner_open(h, owner, &p->w));
	RETURN_IF(store_epoch_each(p->w->store, &q, collect, &all));
	(void)snprintf(p->pack.folder, sizeof(p->pack.folder), "%s-%s-shares",
	    owner, seat);
	for (size_t i = 0; i < all.len; i++)
		RETURN_IF(add_epoch(p, i + 1, &all.items[i]));
	RETURN_IF(pack_write(&p->pack, path, h->now_unix_s));
	outcome_add(h->outcome, OUTCOME_DONE,
	    "%s: %zu share files of seat %s; test them with: azukari seat check %s --identity NAME.key",
	    "%1$s：席%3$sのシェア%2$zu件です。azukari seat check %4$s --identity 名前.key で確認できます",
	    path, all.len, seat, path);
	return ERR_OK;
}
