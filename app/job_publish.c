/* From a built bundle to a released one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/act.h"
#include "app/job_internal.h"
#include "app/ops/plans.h"
#include "app/step.h"
#include "app/papers.h"
#include "app/verify.h"
#include "app/witnesses.h"
#include "core/clock.h"
#include "exporters/bundle.h"
#include "keys/sshsig.h"
#include "policy/plan.h"
#include "vault/store_notice.h"
#include "vault/store_respondent.h"

#define RECEIPT_DUE_DAYS 30
#define DAY_S 86400

struct publish {
	struct home *h;
	struct owner *w;
	struct register_export export_row;
	struct register_built built;
	struct register_plan plan;
	struct buf sums, sig, entry, proof;
	struct job_byterelease byterelease;
	char folder[FS_PATH_MAX], tar[FS_PATH_MAX], out[FS_PATH_MAX];
};

static void publish_release(struct publish *p)
{
	buf_release(&p->sums);
	buf_release(&p->sig);
	buf_release(&p->entry);
	buf_release(&p->proof);
	job_byterelease_release(&p->byterelease);
}

static enum err load(struct publish *p, const char *export_id)
{
	struct home *h = p->h;

	RETURN_IF(register_export_get(h->reg, export_id, &p->export_row));
	RETURN_IF(register_export_get_built(h->reg, export_id, &p->built));
	RETURN_IF(register_plan_get(h->reg, p->export_row.plan, &p->plan));
	RETURN_IF(home_path(h, p->folder, "tmp/%s/%s", export_id,
	    export_id));
	RETURN_IF(home_path(h, p->tar, "tmp/%s/%s.tar", export_id,
	    export_id));
	return home_path(h, p->out, "outbox/%s.tar", export_id);
}

/* ---- consent, once more ---- */

struct again {
	struct home *h;
	struct owner *w;
	int64_t since;
	uint64_t stopped;
};

/* Stopped, erased, or research withdrawn since the export began. */
static enum err ask_again(void *ctx, const struct store_book_row *row)
{
	struct again *a = ctx;
	struct store_respondent who;
	uint8_t tag[STORE_TAG_LEN];
	int withdrew;

	RETURN_IF(store_respondent_get_number(a->w->store, row->respondent,
	    &who, tag));
	if (who.state != STORE_ACTIVE) {
		a->stopped++;
		return ERR_OK;
	}
	RETURN_IF(store_respondent_withdrew_since(a->w->store,
	    row->respondent, STORE_SCOPE_RESEARCH, a->since, &withdrew));
	if (withdrew)
		a->stopped++;
	return ERR_OK;
}

/* Only those who withdrew at all since the job began are looked at. */
enum err job_consent_count(struct home *h, struct owner *w,
    const struct register_export *e, uint64_t *ret)
{
	struct again a = {.h = h, .w = w, .since = e->started_unix_s};
	int any = 0;

	RETURN_IF(store_respondent_any_withdrawn_since(w->store, a.since,
	    &any));
	if (any)
		RETURN_IF(store_notice_book_rows(w->store, e->id, ask_again,
		    &a));
	*ret = a.stopped;
	return ERR_OK;
}

enum err job_consent_moved(struct home *h, struct owner *w,
    const struct register_export *e, int *ret)
{
	uint64_t stopped = 0;

	RETURN_IF(job_consent_count(h, w, e, &stopped));
	*ret = stopped > 0;
	return ERR_OK;
}

static enum err consent_again(struct publish *p, int *ret_changed)
{
	return job_consent_moved(p->h, p->w, &p->export_row, ret_changed);
}

static enum err destroy_built(struct publish *p)
{
	CLEANUP(act_abort) struct act a = {0};
	struct entry_writer w;
	int64_t act;

	RETURN_IF(job_work_remove(p->h, p->export_row.id));
	RETURN_IF(act_begin(p->h, register_db(p->h->reg), &a));
	act_entry(&a, ENTRY_EXPORT_FAILED, p->export_row.owner, &w);
	entry_put(&w, "export", p->export_row.id);
	entry_put_hex(&w, "plan-sha256", p->plan.sha256, DIGEST_LEN);
	entry_put(&w, "why", JOB_WHY_WITHDRAWN);
	RETURN_IF(act_entry_end(&a, &w, &act));
	RETURN_IF(register_export_move(p->h->reg, p->export_row.id,
	    REGISTER_EXPORT_STARTED, JOB_WHY_WITHDRAWN, p->h->now_unix_s, act));
	RETURN_IF(act_commit(&a));
	outcome_add(p->h->outcome, OUTCOME_WARNING,
	    "a respondent withdrew while %s was being made; it is built again without them",
	    "%sの作成中に同意の撤回がありました。その方を除いて作り直します",
	    p->export_row.id);
	return ERR_CHANGED;
}

/* ---- finish and verify ---- */

static enum err one_signature(void *ctx, const char *signer,
    struct bytes armour)
{
	struct buf *out = ctx;

	if (strcmp(signer, "gateway") != 0)
		return ERR_OK;
	return buf_append(out, armour.data, armour.len);
}

/* The checkpoint to prove the export under: the witnesses' where the plan asks
 * for them, else the published one (nothing is appended). */
static enum err cosigned(struct publish *p, uint64_t index, struct buf *note)
{
	CLEANUP(paper_release) struct paper paper = {0};
	CLEANUP(plan_release) struct plan plan = {0};
	CLEANUP(witness_set_release) struct witness_set set = {0};
	const struct register_query q = {.kind = REGISTER_PLAN,
	    .sha256 = p->plan.sha256};
	enum err e;

	RETURN_IF(papers_find(p->h, &q, &paper));
	RETURN_IF(plan_parse(bytes_buf(&paper.bytes), &plan,
	    &p->h->outcome->info));
	if (!plan.has_witness_policy)
		return ERR_OK;
	RETURN_IF(witness_set_load(p->h, plan.witness_policy_sha256, &set));
	e = witness_set_note(p->h, &set, index, note);
	return e == ERR_NOT_FOUND ? witness_set_wait(p->h, &set, index,
	    p->export_row.id) : e;
}

static enum err read_exported(struct publish *p)
{
	CLEANUP(buf_release) struct buf note = {0};
	CLEANUP(log_cleanup) struct log *log = NULL;
	struct register_query q = {.kind = REGISTER_SHA256SUMS,
	    .owner = p->export_row.owner, .name = p->export_row.id,
	    .sha256 = p->built.sha256sums_sha256};
	struct register_document doc;
	struct actlog_act act;

	RETURN_IF(register_document_find(p->h->reg, &q, &doc));
	RETURN_IF(register_document_bytes(p->h->reg, doc.id, &p->sums));
	RETURN_IF(register_signature_each(p->h->reg, doc.id, one_signature,
	    &p->sig));
	RETURN_IF(actlog_get(register_db(p->h->reg), doc.act, &act));
	RETURN_IF(cosigned(p, act.ledger_index, &note));
	RETURN_IF(act_log_reader(p->h, &log));
	RETURN_IF(log_entry(log, act.ledger_index, &p->entry));
	return log_proof(log, act.ledger_index, bytes_buf(&note), &p->proof);
}

static enum err finish(struct publish *p)
{
	struct bundle_target target = {.folder = p->folder,
	    .tar_path = p->tar, .frozen_unix_s = p->plan.frozen_unix_s};
	struct bundle_seals seals;

	RETURN_IF(read_exported(p));
	RETURN_IF(job_byterelease_load(p->h, p->plan.id, bytes_buf(&p->sums),
	    &p->byterelease));
	if (p->byterelease.len < p->byterelease.needed)
		return ERR_THRESHOLD;
	seals = (struct bundle_seals){.sig = bytes_buf(&p->sig),
	    .entry = bytes_buf(&p->entry), .proof = bytes_buf(&p->proof),
	    .releases = p->byterelease.parts,
	    .release_count = p->byterelease.len};
	memcpy(target.sums_sha256, p->built.sha256sums_sha256, DIGEST_LEN);
	RETURN_IF(fs_remove(p->tar));
	return bundle_finish(&target, &seals, &p->h->outcome->info);
}

/* As a stranger would, with the trust this gateway would hand out. */
static enum err verify_it(struct publish *p)
{
	CLEANUP(outcome_release) struct outcome said = {0};
	struct verify_args args = {.bundle = p->tar,
	    .now_unix_s = p->h->now_unix_s};
	enum err e = verify_bundle(&args, NULL, &said);

	if (e == ERR_OK)
		return ERR_OK;
	p->h->outcome->info = said.info;
	return outcome_refuse(p->h->outcome, ERR_CORRUPT,
	    "the finished bundle %s does not verify; nothing is released",
	    "完成した%sが検証に通りません。提供しません", p->export_row.id);
}

/* ---- ledger: released ---- */

static enum err put_duty(struct publish *p, enum register_duty_kind kind,
    int64_t due, int64_t act)
{
	struct register_duty d = {.kind = kind, .due_unix_s = due,
	    .act = act};

	memcpy(d.owner, p->export_row.owner, 3);
	(void)snprintf(d.partner, sizeof(d.partner), "%s",
	    p->export_row.partner);
	(void)snprintf(d.export_id, sizeof(d.export_id), "%s",
	    p->export_row.id);
	return register_duty_add(p->h->reg, &d);
}

/* When the partner's copies must be gone: with the release, in the ledger. */
static enum err put_due(struct publish *p, struct act *a)
{
	char until[CLOCK_DAY_LEN + 1];
	struct entry_writer w;
	int64_t act;

	clock_format_day(clock_jst_day(p->export_row.retention_until_unix_s),
	    until);
	act_entry(a, ENTRY_DESTRUCTION_DUE, p->export_row.owner, &w);
	entry_put(&w, "export", p->export_row.id);
	entry_put(&w, "until", until);
	return act_entry_end(a, &w, &act);
}

/* A seat that let these bytes leave may have refused since. */
static enum err bytes_still_released(struct publish *p)
{
	CLEANUP(job_byterelease_release) struct job_byterelease now = {0};

	RETURN_IF(job_byterelease_load(p->h, p->plan.id, bytes_buf(&p->sums),
	    &now));
	for (size_t i = 0; i < p->byterelease.len; i++) {
		size_t k = 0;

		while (k < now.len && strcmp(now.names[k],
		    p->byterelease.names[i]) != 0)
			k++;
		if (k == now.len)
			return ERR_THRESHOLD;
	}
	return ERR_OK;
}

/* Under the acts' lock nobody withdraws or refuses: what is asked here stands
 * when the bundle is released. */
static enum err log_released(struct publish *p, int *ret_changed)
{
	CLEANUP(act_abort) struct act a = {0};
	struct home *h = p->h;
	struct entry_writer w;
	int64_t act, now = h->now_unix_s;

	RETURN_IF(act_begin(h, register_db(h->reg), &a));
	RETURN_IF(consent_again(p, ret_changed));
	if (*ret_changed)
		return ERR_OK;
	RETURN_IF(bytes_still_released(p));
	RETURN_IF(put_due(p, &a));
	act_entry(&a, ENTRY_RELEASED, p->export_row.owner, &w);
	entry_put(&w, "export", p->export_row.id);
	entry_put_hex(&w, "sha256sums-sha256", p->built.sha256sums_sha256,
	    DIGEST_LEN);
	RETURN_IF(act_entry_end(&a, &w, &act));
	RETURN_IF(register_export_move(h->reg, p->export_row.id,
	    REGISTER_EXPORT_RELEASED, NULL, now, act));
	RETURN_IF(register_plan_move(h->reg, p->plan.id, REGISTER_PLAN_DONE,
	    NULL, now, act));
	RETURN_IF(put_duty(p, REGISTER_DUTY_RECEIPT,
	    now + (int64_t)RECEIPT_DUE_DAYS * DAY_S, act));
	RETURN_IF(put_duty(p, REGISTER_DUTY_DESTRUCTION,
	    p->export_row.retention_until_unix_s, act));
	RETURN_IF(act_commit(&a));
	step_reached(STEP_JOB_RELEASED);
	return ERR_OK;
}

/* ---- publish ---- */

static enum err put_out(struct publish *p)
{
	if (!fs_exists(p->out))
		RETURN_IF(fs_rename(p->tar, p->out));
	step_reached(STEP_JOB_PUBLISHED);
	RETURN_IF(plans_destroy_secrets(p->h, p->plan.id));
	/* Last: while it is there, job_run knows that this is to be finished. */
	return job_work_remove(p->h, p->export_row.id);
}

static void publish_free(struct publish **p)
{
	if (*p != NULL)
		publish_release(*p);
	free(*p);
}

static enum err release(struct publish *p)
{
	int changed = 0;

	RETURN_IF(consent_again(p, &changed));
	if (changed)
		return destroy_built(p);
	RETURN_IF(finish(p));
	RETURN_IF(verify_it(p));
	RETURN_IF(log_released(p, &changed));
	return changed ? destroy_built(p) : ERR_OK;
}

enum err job_publish(struct home *h, struct owner *w, const char *export_id,
    char ret_path[FS_PATH_MAX])
{
	CLEANUP(publish_free) struct publish *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return ERR_NOMEM;
	p->h = h;
	p->w = w;
	RETURN_IF(load(p, export_id));
	if (p->export_row.state == REGISTER_EXPORT_BUILT)
		RETURN_IF(release(p));
	else if (p->export_row.state != REGISTER_EXPORT_RELEASED)
		return ERR_STATE;
	RETURN_IF(put_out(p));
	(void)snprintf(ret_path, FS_PATH_MAX, "%s", p->out);
	return ERR_OK;
}

/* ---- for those who look at it before it leaves ---- */

void job_seals_release(struct job_seals *s)
{
	buf_release(&s->sums);
	buf_release(&s->sig);
	buf_release(&s->entry);
	buf_release(&s->proof);
}

enum err job_publish_seals(struct home *h, const char *export_id,
    struct job_seals *ret)
{
	CLEANUP(publish_free) struct publish *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return ERR_NOMEM;
	p->h = h;
	RETURN_IF(load(p, export_id));
	RETURN_IF(read_exported(p));
	*ret = (struct job_seals){.sums = p->sums, .sig = p->sig,
	    .entry = p->entry, .proof = p->proof};
	memcpy(ret->sums_sha256, p->built.sha256sums_sha256, DIGEST_LEN);
	p->sums = p->sig = p->entry = p->proof = (struct buf){0};
	return ERR_OK;
}

enum err job_publish_stale(struct home *h, struct owner *w,
    const char *export_id, int *ret)
{
	CLEANUP(publish_free) struct publish *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return ERR_NOMEM;
	p->h = h;
	p->w = w;
	RETURN_IF(load(p, export_id));
	return consent_again(p, ret);
}
