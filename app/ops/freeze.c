#include "app/ops/freeze.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/act.h"
#include "app/ballot.h"
#include "app/docket.h"
#include "app/epoch_open.h"
#include "app/ingest.h"
#include "app/prior_load.h"
#include "app/reident_list.h"
#include "app/terms.h"
#include "core/clock.h"
#include "keys/bech32.h"
#include "keys/plan_key.h"
#include "keys/sshsig.h"

struct freezing {
	struct home *h;
	struct owner *w;
	struct docket docket;
	struct decision decision;
	struct plan plan;
	struct plan_epochs epochs;
	struct buf epochs_text, plan_text, sig;
	struct buf gateway_key, note, prior_text, list_text;
	const struct freeze_reident *reident;   /* NULL: an export */
	struct ballot *again;           /* to be derived again; NULL: none */
	struct register_plan row;
	char recipient[BECH32_RECIPIENT_LEN + 1];
};

static void freezing_release(struct freezing *f)
{
	plan_release(&f->plan);
	plan_epochs_release(&f->epochs);
	decision_release(&f->decision);
	docket_release(&f->docket);
	buf_release(&f->epochs_text);
	buf_release(&f->plan_text);
	buf_release(&f->sig);
	buf_release(&f->gateway_key);
	buf_release(&f->note);
	buf_release(&f->prior_text);
	buf_release(&f->list_text);
	ballot_free(&f->again);
	home_owner_close(f->w);
}

enum err freeze_key_path(const struct home *h, const char *plan,
    char ret[FS_PATH_MAX])
{
	return home_path(h, ret, "run/plans/%s.key", plan);
}

/* What was released before, and the levels that this fixes. */
static enum err earlier_releases(struct freezing *f)
{
	const struct request *r = &f->docket.request;
	struct decision_facts *facts = &f->docket.dcase.facts;
	struct prior_wanted wanted = {.project = r->project,
	    .partner = r->partner};

	RETURN_IF(prior_load(f->w, &wanted, &f->docket.prior));
	facts->frozen = f->docket.prior.levels;
	facts->frozen_len = f->docket.prior.levels_len;
	return ERR_OK;
}

/* prior-releases.txt, where there is anything to say. */
static enum err fix_prior(struct freezing *f)
{
	struct prior *prior = &f->docket.prior;

	if (prior->len == 0)
		return ERR_OK;
	memcpy(prior->plan, f->row.id, strlen(f->row.id) + 1);
	RETURN_IF(prior_write(prior, &f->prior_text, &f->h->outcome->info));
	f->plan.has_prior_releases = 1;
	digest_sha256(bytes_buf(&f->prior_text),
	    f->plan.prior_releases_sha256);
	return ERR_OK;
}

static enum err decide(struct freezing *f, const char *owner,
    const char *request)
{
	struct home *h = f->h;
	struct store_counts counts;

	RETURN_IF(docket_load(h, owner, request, &f->docket));
	RETURN_IF(home_owner_open(h, owner, &f->w));
	RETURN_IF(store_count(f->w->store, &counts));
	f->docket.dcase.facts.respondents = (int64_t)counts.respondents;
	RETURN_IF(earlier_releases(f));
	if (f->reident != NULL)
		f->docket.dcase.facts.request_plans = 0;
	RETURN_IF(decision_make(&f->docket.dcase, &f->decision));
	docket_tell(&f->decision, h->outcome);
	return f->decision.verdict == DECISION_REFUSED ? ERR_REFUSED : ERR_OK;
}

/* ---- an earlier export, again ---- */

static enum err load_again(struct freezing *f, const char *owner,
    const char *export_id)
{
	struct home *h = f->h;
	struct register_export e;
	enum err err = register_export_get(h->reg, export_id, &e);

	if (err == ERR_NOT_FOUND || (err == ERR_OK &&
	    strcmp(e.owner, owner) != 0))
		return outcome_refuse(h->outcome, ERR_NOT_FOUND,
		    "owner %s has no export %s", "所有者%sに提供%sはありません",
		    owner, export_id);
	RETURN_IF(err);
	if (e.state != REGISTER_EXPORT_RELEASED &&
	    e.state != REGISTER_EXPORT_RECALLED)
		return outcome_refuse(h->outcome, ERR_STATE,
		    "%s was not released: there is nothing to compare with",
		    "%sは提供されていないため、比べるものがありません",
		    export_id);
	if (h->now_unix_s > e.retention_until_unix_s)
		return outcome_refuse(h->outcome, ERR_STATE,
		    "the retention of %s is over, and with it the list of who was in it: nothing can be compared any more",
		    "%sの保存期間は終わり、対象者の記録もないため、比べられません",
		    export_id);
	RETURN_IF(ballot_new(&f->again));
	return ballot_load(h, e.plan, f->again);
}

/* As it was decided then, by the policy of then. */
static enum err decide_again(struct freezing *f, const char *owner,
    const char *export_id)
{
	const struct plan *p;
	struct decision_case then;

	RETURN_IF(load_again(f, owner, export_id));
	p = &f->again->plan;
	f->docket.policy_wanted = p->policy_sha256;
	RETURN_IF(docket_load(f->h, owner, f->again->row.request,
	    &f->docket));
	RETURN_IF(docket_load_prior(f->h, owner, p, &f->docket));
	RETURN_IF(home_owner_open(f->h, owner, &f->w));
	then = decision_as_of(&f->docket.dcase, p->frozen_unix_s);
	RETURN_IF(decision_make(&then, &f->decision));
	docket_tell(&f->decision, f->h->outcome);
	f->decision.expires_max_unix_s = f->h->now_unix_s +
	    (int64_t)f->docket.policy.plan_valid_days * 86400;
	return f->decision.verdict == DECISION_REFUSED ? ERR_REFUSED : ERR_OK;
}

static enum err epochs_again(struct freezing *f)
{
	const struct plan_epochs *e = &f->again->epochs;

	for (size_t i = 0; i < e->len; i++)
		RETURN_IF(plan_epochs_add(&f->epochs, &e->items[i]));
	f->epochs.owner = f->w->code;
	f->epochs.plan = f->row.id;
	return plan_epochs_write(&f->epochs, &f->epochs_text,
	    &f->h->outcome->info);
}

static enum err name_again(struct freezing *f)
{
	const struct plan *then = &f->again->plan;
	struct plan_rederive *r = &f->plan.rederive;

	if (strlen(then->export_id) >= sizeof(r->export_id))
		return ERR_LIMIT;
	memcpy(r->export_id, then->export_id, strlen(then->export_id) + 1);
	memcpy(r->plan_sha256, f->again->row.sha256, DIGEST_LEN);
	r->frozen_unix_s = then->frozen_unix_s;
	f->plan.project_release = then->project_release;
	f->plan.visits = then->visits;
	f->plan.epochs = then->epochs;
	return ERR_OK;
}

/* What is frozen must ask for what was asked for then. */
static enum err check_again(struct freezing *f)
{
	if (plan_is_again(&f->plan, &f->again->plan, f->again->row.sha256))
		return ERR_OK;
	return outcome_refuse(f->h->outcome, ERR_STATE,
	    "what %s was made from is no longer here as it was",
	    "%sの元になったものが当時のままではありません",
	    f->again->plan.export_id);
}

/* ---- the project's key ---- */

static enum err open_project(struct freezing *f, struct store_epoch *ret)
{
	CLEANUP(paper_charter_release) struct paper_charter charter = {0};
	CLEANUP(epoch_opened_release) struct epoch_opened opened = {0};
	const struct request *r = &f->docket.request;
	char subject[EPOCH_SUBJECT_MAX + 1];
	struct epoch_wanted wanted = {.kind = EPOCH_KIND_PROJECT,
	    .subject = subject,
	    .subject_sha256 = f->docket.dcase.facts.recipient_sha256};

	RETURN_IF(papers_charter(f->h, f->w->code, &charter));
	(void)snprintf(subject, sizeof(subject), "project %s %s", r->project,
	    r->partner);
	RETURN_IF(epoch_open(f->w, &charter, &wanted, &opened));
	*ret = opened.row;
	return ERR_OK;
}

/* Dealt at the project's first plan; the same for all that follow. */
static enum err project_epoch(struct freezing *f)
{
	const struct request *r = &f->docket.request;
	struct store_epoch row;
	enum err e = store_epoch_project(f->w->store, r->project, r->partner,
	    &row);

	if (e == ERR_NOT_FOUND)
		e = open_project(f, &row);
	RETURN_IF(e);
	if (memcmp(row.subject_sha256,
	    f->docket.dcase.facts.recipient_sha256, DIGEST_LEN) != 0)
		return outcome_refuse(f->h->outcome, ERR_MISMATCH,
		    "project %s was begun with another recipient key; use a new project",
		    "研究課題%sは別の受取鍵で始められています。新しい課題にしてください",
		    r->project);
	memcpy(f->plan.project_epoch_sha256, row.sha256, DIGEST_LEN);
	return ERR_OK;
}

static enum err open_memory(struct freezing *f, struct store_epoch *ret)
{
	CLEANUP(paper_charter_release) struct paper_charter charter = {0};
	CLEANUP(epoch_opened_release) struct epoch_opened opened = {0};
	struct epoch_wanted wanted = {.kind = EPOCH_KIND_PROJECT,
	    .subject = "memory"};

	RETURN_IF(papers_charter(f->h, f->w->code, &charter));
	RETURN_IF(epoch_open(f->w, &charter, &wanted, &opened));
	*ret = opened.row;
	return ERR_OK;
}

static enum err take_epoch(void *ctx, const struct store_epoch *e)
{
	*(struct store_epoch *)ctx = *e;
	return ERR_OK;
}

/* The key of the release records: dealt at the owner's first plan. */
static enum err memory_epoch(struct freezing *f)
{
	struct store_epoch_query q = {.kind = STORE_EPOCH_PROJECT,
	    .subject = "memory"};
	struct store_epoch row = {0};
	struct plan_key *k = &f->plan.also_keys[0];

	RETURN_IF(store_epoch_each(f->w->store, &q, take_epoch, &row));
	if (row.number == 0)
		RETURN_IF(open_memory(f, &row));
	k->purpose = PLAN_KEY_MEMORY;
	memcpy(k->id, row.id, sizeof(k->id));
	memcpy(k->sha256, row.sha256, sizeof(k->sha256));
	f->plan.also_keys_len = 1;
	return ERR_OK;
}

struct release_count {
	uint64_t released;
};

static enum err count_release(void *ctx, const struct register_export *e)
{
	struct release_count *c = ctx;

	if (e->state != REGISTER_EXPORT_FAILED)
		c->released++;
	return ERR_OK;
}

static enum err project_release(struct freezing *f)
{
	const struct request *r = &f->docket.request;
	struct register_export_query q = {.owner = f->w->code,
	    .partner = r->partner, .project = r->project};
	struct release_count c = {0};

	RETURN_IF(register_export_each(f->h->reg, &q, count_release, &c));
	f->plan.project_release = c.released + 1;
	return ERR_OK;
}

/* ---- the epochs ---- */

static enum err add_epoch(void *ctx, const struct store_epoch *e)
{
	struct freezing *f = ctx;
	struct plan_epoch item = {.day = e->day, .records = e->records};

	if (e->records == 0)
		return ERR_OK;
	memcpy(item.id, e->id, sizeof(item.id));
	memcpy(item.sha256, e->sha256, sizeof(item.sha256));
	memcpy(item.root, e->root, sizeof(item.root));
	return plan_epochs_add(&f->epochs, &item);
}

/* ---- re-identification ---- */

static enum err no_such_export(struct freezing *f)
{
	return outcome_refuse(f->h->outcome, ERR_NOT_FOUND,
	    "%s is no released export of this owner, project and partner",
	    "%sは、この所有者・課題・提供先の提供ではありません",
	    f->reident->export_id);
}

/* The list in its one form, and what the plan says of it. */
static enum err fix_reident(struct freezing *f)
{
	CLEANUP(reident_list_release) struct reident_list list = {0};
	struct reident *r = &f->plan.reident;
	struct err_info *info = &f->h->outcome->info;
	struct register_export e;
	enum err err;

	if (f->reident == NULL)
		return ERR_OK;
	err = register_export_get(f->h->reg, f->reident->export_id, &e);
	if (err == ERR_NOT_FOUND || (err == ERR_OK &&
	    (e.state != REGISTER_EXPORT_RELEASED ||
	    strcmp(e.owner, f->w->code) != 0 ||
	    strcmp(e.project, f->docket.request.project) != 0 ||
	    strcmp(e.partner, f->docket.request.partner) != 0)))
		return no_such_export(f);
	RETURN_IF(err);
	(void)snprintf(info->file, sizeof(info->file), "%s",
	    f->reident->file);
	RETURN_IF(reident_list_read(f->reident->pseudonyms, &list, info));
	info->file[0] = '\0';
	if (list.len > f->docket.policy.reident_maximum)
		return outcome_refuse(f->h->outcome, ERR_REFUSED,
		    "%zu pseudonyms are asked for; the policy allows %u (disclosure.reident_maximum)",
		    "仮名%zu件の再識別が求められましたが、方針が許すのは%u件です（disclosure.reident_maximum）",
		    list.len, f->docket.policy.reident_maximum);
	RETURN_IF(reident_list_write(&list, &f->list_text));
	if (strlen(e.id) >= sizeof(r->export_id))
		return ERR_LIMIT;
	(void)strcpy(r->export_id, e.id);
	r->with_answers = f->reident->with_answers;
	r->count = list.len;
	digest_sha256(bytes_buf(&f->list_text), r->sha256);
	r->reason = f->reident->reason;
	return ERR_OK;
}

/* Those of the export, and no others. */
static enum err same_epochs(struct freezing *f)
{
	CLEANUP(paper_release) struct paper paper = {0};
	CLEANUP(plan_epochs_release) struct plan_epochs then = {0};
	struct register_export e;
	struct register_query q = {.kind = REGISTER_EPOCHS,
	    .owner = f->w->code};

	RETURN_IF(register_export_get(f->h->reg, f->reident->export_id, &e));
	q.name = e.plan;
	RETURN_IF(papers_find(f->h, &q, &paper));
	RETURN_IF(plan_epochs_parse(bytes_buf(&paper.bytes), &then, NULL));
	for (size_t i = 0; i < then.len; i++)
		RETURN_IF(plan_epochs_add(&f->epochs, &then.items[i]));
	f->epochs.owner = f->w->code;
	f->epochs.plan = f->row.id;
	return plan_epochs_write(&f->epochs, &f->epochs_text,
	    &f->h->outcome->info);
}

static int wants_later_consents(const struct policy *p)
{
	for (size_t i = 0; i < p->texts_len; i++)
		if (p->texts[i].covers_earlier)
			return 1;
	return 0;
}

static enum err fix_epochs(struct freezing *f)
{
	const struct request *r = &f->docket.request;
	char subject[STORE_NAME_MAX * 2];
	struct store_epoch_query q = {.kind = STORE_EPOCH_SURVEY,
	    .filter = STORE_EPOCHS_CLOSED, .subject = subject,
	    .first_answer_day = r->period_from_day,
	    .last_answer_day = r->period_to_day};
	struct store_epoch_query later = {.kind = STORE_EPOCH_REGISTER,
	    .filter = STORE_EPOCHS_CLOSED};

	if (f->again != NULL)
		return epochs_again(f);
	(void)snprintf(subject, sizeof(subject), "survey %s %u",
	    r->survey_name, r->survey_version);
	if (f->reident != NULL)
		return same_epochs(f);
	RETURN_IF(ingest_close_abandoned(f->w));
	RETURN_IF(store_epoch_each(f->w->store, &q, add_epoch, f));
	if (f->epochs.len == 0)
		return outcome_refuse(f->h->outcome, ERR_NOT_FOUND,
		    "owner %s has no answers to this survey in the period asked for",
		    "所有者%sには、求められた期間のこの調査への回答がありません",
		    f->w->code);
	if (wants_later_consents(&f->docket.policy))
		RETURN_IF(store_epoch_each(f->w->store, &later, add_epoch, f));
	f->epochs.owner = f->w->code;
	f->epochs.plan = f->row.id;
	return plan_epochs_write(&f->epochs, &f->epochs_text,
	    &f->h->outcome->info);
}

/* ---- names, times, ledger ---- */

static enum err take_number(struct freezing *f)
{
	CLEANUP(act_abort) struct act a = {0};
	unsigned number = 0;
	int year, month, mday, weekday;

	clock_day_parts(clock_jst_day(f->h->now_unix_s), &year, &month, &mday,
	    &weekday);
	RETURN_IF(act_data_begin(f->h, register_db(f->h->reg), &a));
	RETURN_IF(register_plan_next_number(f->h->reg, (unsigned)year,
	    &number));
	RETURN_IF(act_data_commit(&a));
	(void)snprintf(f->row.id, sizeof(f->row.id), "PLAN-%04d-%04u", year,
	    number);
	(void)snprintf(f->row.export_id, sizeof(f->row.export_id),
	    "EXP-%04d-%04u", year, number);
	return ERR_OK;
}

static const uint8_t *ladder_digest(void *ctx, const char *name)
{
	const struct policy_ladder *l = policy_find_ladder(ctx, name);

	return l == NULL ? NULL : l->sha256;
}

static enum err fix_scheme(struct freezing *f)
{
	CLEANUP(buf_release) struct buf scheme = {0};

	RETURN_IF(plan_scheme_bytes(f->plan.columns, f->plan.columns_len,
	    ladder_digest, &f->docket.policy, &scheme));
	digest_sha256(bytes_buf(&scheme), f->plan.scheme_sha256);
	return ERR_OK;
}

static enum err fix_ledger(struct freezing *f)
{
	struct register_signed s;

	RETURN_IF(register_signed_get(f->h->reg, &s, &f->note));
	f->plan.ledger_origin = gateway_key_origin(f->h->keys);
	f->plan.ledger_size = s.size;
	memcpy(f->plan.ledger_root, s.root, sizeof(f->plan.ledger_root));
	return ERR_OK;
}

static void fix_times(struct freezing *f, unsigned valid_days)
{
	int64_t now = f->h->now_unix_s;
	int64_t until = f->decision.expires_max_unix_s;

	if (valid_days > 0 && now + (int64_t)valid_days * 86400 < until)
		until = now + (int64_t)valid_days * 86400;
	f->plan.frozen_unix_s = f->row.frozen_unix_s = now;
	f->plan.expires_unix_s = f->row.expires_unix_s = until;
}

static enum err write_plan(struct freezing *f)
{
	struct plan *p = &f->plan;
	uint8_t key[32];

	p->id = f->row.id;
	p->export_id = f->row.export_id;
	secret_random(p->nonce, sizeof(p->nonce));
	p->epochs = f->epochs.len;
	digest_sha256(bytes_buf(&f->epochs_text), p->epochs_sha256);
	p->plan_recipient = f->recipient;
	RETURN_IF(identity_seed_public(gateway_key_export_seed(f->h->keys),
	    key));
	RETURN_IF(identity_ssh_append(key, &f->gateway_key));
	p->gateway_key = buf_text(&f->gateway_key);
	RETURN_IF(plan_write(p, &f->plan_text, &f->h->outcome->info));
	digest_sha256(bytes_buf(&f->plan_text), f->row.sha256);
	return sshsig_sign(gateway_key_export_seed(f->h->keys), SSHSIG_PLAN,
	    bytes_buf(&f->plan_text), &f->sig);
}

static enum err plan_secret(struct freezing *f)
{
	struct age_recipient to;
	char path[FS_PATH_MAX];

	RETURN_IF(freeze_key_path(f->h, f->row.id, path));
	RETURN_IF(plan_key_create(f->h->keys, path, &to));
	memcpy(f->row.plan_recipient, to.key, sizeof(to.key));
	bech32_encode_recipient(to.key, f->recipient);
	return ERR_OK;
}

/* ---- the act ---- */

static enum err put_document(struct freezing *f, enum register_kind kind,
    struct bytes bytes, int64_t act, int64_t *ret)
{
	struct register_document doc = {.kind = kind,
	    .added_unix_s = f->h->now_unix_s, .act = act};

	memcpy(doc.owner, f->w->code, 3);
	memcpy(doc.name, f->row.id, sizeof(doc.name));
	digest_sha256(bytes, doc.sha256);
	return register_document_add(f->h->reg, &doc, bytes, ret);
}

/* The same list may be asked for again; it is kept once. */
static enum err put_list(struct freezing *f, int64_t act)
{
	struct register_query q = {.kind = REGISTER_PSEUDONYMS,
	    .owner = f->w->code, .sha256 = f->plan.reident.sha256};
	struct register_document doc;
	int64_t id;
	enum err e;

	if (f->reident == NULL)
		return ERR_OK;
	e = register_document_find(f->h->reg, &q, &doc);
	if (e != ERR_NOT_FOUND)
		return e;
	return put_document(f, REGISTER_PSEUDONYMS,
	    bytes_buf(&f->list_text), act, &id);
}

static void fill_row(struct freezing *f, int64_t act)
{
	const struct request *r = &f->docket.request;

	memcpy(f->row.owner, f->w->code, 3);
	(void)snprintf(f->row.request, sizeof(f->row.request), "%s", r->id);
	(void)snprintf(f->row.project, sizeof(f->row.project), "%s",
	    r->project);
	(void)snprintf(f->row.partner, sizeof(f->row.partner), "%s",
	    r->partner);
	f->row.act = act;
}

static enum err is_newest(struct freezing *f, enum register_kind kind,
    const uint8_t sha256[DIGEST_LEN])
{
	struct register_query q = {.kind = kind, .owner = f->w->code};
	struct register_document doc;

	RETURN_IF(register_document_find(f->h->reg, &q, &doc));
	return memcmp(doc.sha256, sha256, DIGEST_LEN) == 0 ? ERR_OK :
	    outcome_refuse(f->h->outcome, ERR_STATE,
	    "the owner's charter or policy was replaced meanwhile: freeze again",
	    "凍結の間に所有者の憲章か方針が改められました。もう一度凍結してください");
}

/* Under the acts' lock: what the plan was decided by is what counts now. */
static enum err still_in_force(struct freezing *f)
{
	RETURN_IF(is_newest(f, REGISTER_CHARTER, f->plan.charter_sha256));
	return f->again != NULL ? ERR_OK :
	    is_newest(f, REGISTER_POLICY, f->plan.policy_sha256);
}

static enum err put_plan(struct freezing *f)
{
	CLEANUP(act_abort) struct act a = {0};
	struct home *h = f->h;
	struct entry_writer w;
	int64_t act, plan, epochs, prior;

	RETURN_IF(act_begin(h, register_db(h->reg), &a));
	RETURN_IF(still_in_force(f));
	act_entry(&a, ENTRY_PLAN, f->w->code, &w);
	entry_put(&w, "plan", f->row.id);
	entry_put_hex(&w, "plan-sha256", f->row.sha256, DIGEST_LEN);
	entry_put(&w, "export", f->row.export_id);
	entry_put(&w, "plan-recipient", f->recipient);
	terms_put_plan(&w, &f->plan);
	RETURN_IF(act_entry_end(&a, &w, &act));
	fill_row(f, act);
	RETURN_IF(register_plan_add(h->reg, &f->row));
	RETURN_IF(put_document(f, REGISTER_PLAN, bytes_buf(&f->plan_text), act,
	    &plan));
	RETURN_IF(register_signature_add(h->reg, plan, "gateway",
	    bytes_buf(&f->sig), act));
	RETURN_IF(put_document(f, REGISTER_EPOCHS, bytes_buf(&f->epochs_text),
	    act, &epochs));
	RETURN_IF(put_list(f, act));
	if (f->plan.has_prior_releases)
		RETURN_IF(put_document(f, REGISTER_PRIOR_RELEASES,
		    bytes_buf(&f->prior_text), act, &prior));
	return act_commit(&a);
}

static enum err build(struct freezing *f, unsigned valid_days)
{
	RETURN_IF(take_number(f));
	RETURN_IF(decision_fill_plan(&f->docket.dcase, &f->decision,
	    &f->plan));
	RETURN_IF(project_epoch(f));
	RETURN_IF(project_release(f));
	RETURN_IF(fix_reident(f));
	RETURN_IF(memory_epoch(f));
	RETURN_IF(fix_prior(f));
	RETURN_IF(fix_epochs(f));
	RETURN_IF(fix_scheme(f));
	if (f->again != NULL) {
		RETURN_IF(name_again(f));
		RETURN_IF(check_again(f));
	}
	RETURN_IF(fix_ledger(f));
	fix_times(f, valid_days);
	RETURN_IF(plan_secret(f));
	return write_plan(f);
}

static void freezing_free(struct freezing **f)
{
	if (*f != NULL)
		freezing_release(*f);
	free(*f);
}

static enum err freeze(struct freezing *f, const char *owner,
    const char *request, unsigned valid_days, struct register_plan *ret)
{
	RETURN_IF(decide(f, owner, request));
	RETURN_IF(build(f, valid_days));
	RETURN_IF(put_plan(f));
	*ret = f->row;
	outcome_add(f->h->outcome, OUTCOME_DONE,
	    "%s is frozen over %zu closed epochs; %u of %zu seats must approve it",
	    "%sを確定しました（締め切り済みの期間%zu件）。承認には%u席（全%zu席）が必要です",
	    f->row.id, f->epochs.len, f->docket.charter.threshold,
	    f->docket.charter.seats_len);
	return ERR_OK;
}

enum err freeze_plan(struct home *h, const char *owner, const char *request,
    unsigned valid_days, struct register_plan *ret)
{
	CLEANUP(freezing_free) struct freezing *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return ERR_NOMEM;
	f->h = h;
	return freeze(f, owner, request, valid_days, ret);
}

enum err freeze_reident(struct home *h, const char *owner,
    const char *request, const struct freeze_reident *what,
    struct register_plan *ret)
{
	CLEANUP(freezing_free) struct freezing *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return ERR_NOMEM;
	f->h = h;
	f->reident = what;
	return freeze(f, owner, request, 0, ret);
}

enum err freeze_rederive(struct home *h, const char *owner,
    const char *export_id, unsigned valid_days, struct register_plan *ret)
{
	CLEANUP(freezing_free) struct freezing *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return ERR_NOMEM;
	f->h = h;
	RETURN_IF(decide_again(f, owner, export_id));
	RETURN_IF(build(f, valid_days));
	RETURN_IF(put_plan(f));
	*ret = f->row;
	outcome_add(h->outcome, OUTCOME_DONE,
	    "%s is frozen: it computes %s again and hands nothing out; %u of %zu seats must approve it",
	    "%sを確定しました。%sを計算し直すもので、何も提供しません。承認には%u席（全%zu席）が必要です",
	    f->row.id, export_id, f->docket.charter.threshold,
	    f->docket.charter.seats_len);
	return ERR_OK;
}
