#include "app/job.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/act.h"
#include "app/ballot.h"
#include "app/compact.h"
#include "app/job_internal.h"
#include "app/ops/freeze.h"
#include "app/ops/plans.h"
#include "app/step.h"
#include "core/clock.h"
#include "keys/pseudonym.h"
#include "vault/store_notice.h"

#define ATTEMPTS_MAX 3

struct job {
	struct home *h;
	struct owner *w;
	const struct job_options *options;
	struct job_case c;
	struct job_keys keys;
	struct job_arena *arena;
	struct job_built built;
	struct fs_lock pin;             /* no compaction meanwhile */
	int waits;                      /* built; officers are to see it */
	int is_again;                   /* an earlier export, computed again */
	struct job_again then;
};

static void job_release(struct job *j)
{
	job_figures_release(&j->built.figures);
	buf_release(&j->built.record_text);
	job_arena_free(j->arena);
	job_keys_release(&j->keys);
	job_again_release(&j->then);
	job_case_release(&j->c);
	home_owner_close(j->w);
	fs_lock_release(&j->pin);
}

static void job_free(struct job **j)
{
	if (*j != NULL)
		job_release(*j);
	free(*j);
}

/* ---- decide ---- */

static enum err check_state(const struct job *j)
{
	struct outcome *o = j->h->outcome;
	const struct register_plan *p = &j->c.row;

	if (j->c.plan.reident.export_id[0] != '\0')
		return outcome_refuse(o, ERR_STATE,
		    "%s is a plan to re-identify, not to export: azukari reidentify",
		    "%sは提供ではなく再識別の計画です: azukari reidentify",
		    p->id);
	if (p->state == REGISTER_PLAN_DONE && !j->options->rederive)
		return outcome_refuse(o, ERR_STATE,
		    "%s was exported already; one plan gives one bundle",
		    "%sはすでに提供済みです。1つの計画から作れるのは1つだけです",
		    p->id);
	if (j->options->rederive && !j->is_again &&
	    p->state == REGISTER_PLAN_FROZEN)
		return outcome_refuse(o, ERR_STATE,
		    "the export of %s has not begun: there is nothing to derive again",
		    "%sの提供はまだ始まっておらず、作り直して比べるものがありません", p->id);
	if (j->options->rederive && p->state == REGISTER_PLAN_DONE)
		return outcome_refuse(o, ERR_STATE,
		    "what was released to %s was destroyed when its bundle left; nothing of it can be derived again",
		    "%sのために開示されたものは提供と同時に破棄したため、作り直すことはできません", p->id);
	if (p->state == REGISTER_PLAN_ENDED)
		return outcome_refuse(o, ERR_STATE, "%s has ended: %s",
		    "%sは終了しています: %s", p->id, p->why);
	return ERR_OK;
}

static enum err check_cosigned(const struct job *j)
{
	CLEANUP(buf_release) struct buf note = {0};

	return job_case_cosigned(j->h, &j->c, &note);
}

/* ---- ledger: export-started ---- */

static enum err put_started(struct job *j)
{
	CLEANUP(act_abort) struct act a = {0};
	const struct register_plan *p = &j->c.row;
	struct register_export e = {.started_unix_s = j->h->now_unix_s};
	struct entry_writer w;

	(void)snprintf(e.id, sizeof(e.id), "%s", p->export_id);
	memcpy(e.owner, p->owner, 3);
	(void)snprintf(e.plan, sizeof(e.plan), "%s", p->id);
	(void)snprintf(e.project, sizeof(e.project), "%s", p->project);
	(void)snprintf(e.partner, sizeof(e.partner), "%s", p->partner);
	e.retention_until_unix_s =
	    clock_jst_day_start_unix_s(j->c.plan.retention_until_day + 1) - 1;
	RETURN_IF(act_begin(j->h, register_db(j->h->reg), &a));
	/* A seat may have taken its approval back since the case was read. */
	RETURN_IF(ballot_still_granted(j->h, p->id));
	act_entry(&a, ENTRY_EXPORT_STARTED, p->owner, &w);
	entry_put(&w, "export", p->export_id);
	entry_put_hex(&w, "plan-sha256", p->sha256, DIGEST_LEN);
	RETURN_IF(act_entry_end(&a, &w, &e.act));
	RETURN_IF(register_plan_move(j->h->reg, p->id, REGISTER_PLAN_STARTED,
	    NULL, j->h->now_unix_s, e.act));
	RETURN_IF(register_export_add(j->h->reg, &e));
	return act_commit(&a);
}

/* A bundle destroyed for a withdrawal is begun again, and the ledger says so. */
static enum err log_started_again(struct job *j)
{
	CLEANUP(act_abort) struct act a = {0};
	const struct register_plan *p = &j->c.row;
	struct entry_writer w;
	int64_t act;

	RETURN_IF(act_begin(j->h, register_db(j->h->reg), &a));
	/* A seat may have taken its approval back since the case was read. */
	RETURN_IF(ballot_still_granted(j->h, p->id));
	act_entry(&a, ENTRY_EXPORT_STARTED, p->owner, &w);
	entry_put(&w, "export", p->export_id);
	entry_put_hex(&w, "plan-sha256", p->sha256, DIGEST_LEN);
	RETURN_IF(act_entry_end(&a, &w, &act));
	RETURN_IF(register_export_move(j->h->reg, p->export_id,
	    REGISTER_EXPORT_STARTED, NULL, j->h->now_unix_s, act));
	return act_commit(&a);
}

/* A job that died between destroying a bundle and beginning it again. */
static enum err start_again_if_owed(struct job *j)
{
	struct register_export e;

	RETURN_IF(register_export_get(j->h->reg, j->c.row.export_id, &e));
	if (e.state != REGISTER_EXPORT_STARTED ||
	    strcmp(e.why, JOB_WHY_WITHDRAWN) != 0)
		return ERR_OK;
	return log_started_again(j);
}

/* ---- a plan that cannot be carried out ---- */

static enum err put_failed(struct job *j, const char *why)
{
	CLEANUP(act_abort) struct act a = {0};
	const struct register_plan *p = &j->c.row;
	struct entry_writer w;
	int64_t act;

	RETURN_IF(act_begin(j->h, register_db(j->h->reg), &a));
	act_entry(&a, ENTRY_EXPORT_FAILED, p->owner, &w);
	entry_put(&w, "export", p->export_id);
	entry_put_hex(&w, "plan-sha256", p->sha256, DIGEST_LEN);
	entry_put(&w, "why", why);
	RETURN_IF(act_entry_end(&a, &w, &act));
	RETURN_IF(register_export_move(j->h->reg, p->export_id,
	    REGISTER_EXPORT_FAILED, why, j->h->now_unix_s, act));
	RETURN_IF(register_plan_move(j->h->reg, p->id, REGISTER_PLAN_ENDED,
	    why, j->h->now_unix_s, act));
	RETURN_IF(act_commit(&a));
	RETURN_IF(job_work_remove(j->h, p->export_id));
	return plans_destroy_secrets(j->h, j->c.row.id);
}

/* The disclosure rules cannot be met: nothing leaves, the plan is over. */
static enum err refuse_disclosure(struct job *j, const struct job_scan *s)
{
	RETURN_IF(put_failed(j, "disclosure"));
	if (s->rows_len == 0)
		return outcome_refuse(j->h->outcome, ERR_REFUSED,
		    "nothing may leave: no answer of the period is covered by a live consent",
		    "提供できる回答がありません。期間内に有効な同意のある回答がないためです");
	if (s->rules_refused)
		return outcome_refuse(j->h->outcome, ERR_REFUSED,
		    "at no levels that the plan allows do its rules on answers hold without suppressing more than %u.%02u %% of the respondents; the plan has ended, a new one needs coarser levels, a higher limit, weaker rules or a longer period",
		    "計画で許されたどの区分でも、対象者の%u.%02u%%を超えて除かずに回答の開示規則を満たすことはできません。計画は終了しました。より粗い区分、より高い上限、より緩い規則、またはより長い期間の計画が必要です",
		    j->c.plan.suppression_limit / 100,
		    j->c.plan.suppression_limit % 100);
	return outcome_refuse(j->h->outcome, ERR_REFUSED,
	    "even at the coarsest levels the plan allows, groups of %u people cannot be kept without suppressing more than %u.%02u %% of the respondents; the plan has ended, a new one needs coarser levels, a higher limit or a longer period",
	    "計画で許された最も粗い区分でも、%u人以上の集団を保つと対象者の%u.%02u%%を超えて除く必要があります。計画は終了しました。より粗い区分、より高い上限、またはより長い期間の計画が必要です",
	    j->c.plan.k, j->c.plan.suppression_limit / 100,
	    j->c.plan.suppression_limit % 100);
}

/* ---- export: the payload ---- */

static uint64_t people_needed(const struct job *j)
{
#ifdef AZUKARI_MUTATION_COUNTER
	(void)j;
	return 0;
#else
	return j->c.plan.k;
#endif
}

/* Fail closed: what was written is not what was decided. */
static enum err check_counts(const struct job *j, const struct job_scan *s,
    struct job_tables_tap *t, struct counter_result *ret)
{
	struct counter_result consents;
	uint64_t k = people_needed(j);
	enum err e;

	RETURN_IF(counter_end(t->responses, ret));
	RETURN_IF(counter_end(t->consents, &consents));
	e = job_tables_tallied(t);
	if (e != ERR_OK && e != ERR_REFUSED && e != ERR_NOT_FOUND)
		return e;
	if (ret->smallest < k || consents.smallest < k ||
	    ret->rows != s->kept_rows ||
	    ret->pseudonyms != s->kept_respondents ||
	    consents.rows != s->kept_respondents || e != ERR_OK)
		return outcome_refuse(j->h->outcome, ERR_CORRUPT,
		    "the independent count of the written rows disagrees with the decision; nothing leaves",
		    "書き出した行を独立に数えた結果が判断と一致しません。何も提供されません");
	return ERR_OK;
}

static enum err fill_binding(const struct job *j, struct binding *ret)
{
	uint8_t plan_sha256[DIGEST_LEN];

	digest_sha256(bytes_buf(&j->c.plan_text), plan_sha256);
	if (strlen(j->c.row.export_id) >= sizeof(ret->export_id))
		return ERR_LIMIT;
	memcpy(ret->export_id, j->c.row.export_id,
	    strlen(j->c.row.export_id) + 1);
	memcpy(ret->plan_sha256, plan_sha256, DIGEST_LEN);
	memcpy(ret->request_sha256, j->c.plan.request_sha256, DIGEST_LEN);
	(void)snprintf(ret->recipient, sizeof(ret->recipient), "%s",
	    j->c.plan.recipient);
	RETURN_IF(secret_new(32, &ret->salt));
	RETURN_IF(secret_new(32, &ret->notice_key));
	pseudonym_salt(j->keys.project, plan_sha256, j->c.row.export_id,
	    secret_bytes_mut(ret->salt));
	pseudonym_notice_key(j->keys.project, plan_sha256,
	    secret_bytes_mut(ret->notice_key));
	return ERR_OK;
}

struct writing {
	struct binding binding;
	struct column_set columns;
	struct job_tables_texts texts;
	struct job_tables_tap tap;
	struct job_rows rows;
	struct job_ahead *responses, *consents;
	const struct job_options *options;
	uint64_t rows_out;
	struct payload_spec spec;
};

static void writing_release(struct writing *x)
{
	/* Threads end before what they read. */
	job_ahead_free(x->responses);
	job_ahead_free(x->consents);
	binding_release(&x->binding);
	column_set_release(&x->columns);
	job_tables_texts_release(&x->texts);
	job_tables_tap_release(&x->tap);
	job_rows_release(&x->rows);
}

static unsigned threads_of(const struct job *j)
{
	return j->options->threads == 0 ? 2 : j->options->threads;
}

static enum err next_written(void *ctx, struct rows_batch *ret)
{
	struct writing *x = ctx;
	struct rows_source rows = job_ahead_source(x->responses);

	RETURN_IF(rows.next(rows.ctx, ret));
	x->rows_out += ret->rows;
	if (x->options->progress != NULL && ret->rows > 0)
		x->options->progress(x->options->progress_ctx, "write",
		    x->rows_out);
	if (x->options->cancelled != NULL &&
	    x->options->cancelled(x->options->progress_ctx))
		return ERR_CANCELLED;
	return ERR_OK;
}

/* Cells may point into the arena, which changes from range to range: only where
 * one range is all does a thread make the next rows. */
static enum err prepare_writing(struct job *j, struct job_scan *s,
    struct reader **r, struct writing *x)
{
	uint64_t head = 0, consents_head = 0;

	RETURN_IF(fill_binding(j, &x->binding));
	RETURN_IF(job_tables_columns(s, &x->columns));
	RETURN_IF(job_tables_texts(j->h, &j->c, s, &x->texts));
	RETURN_IF(job_tables_tap_init(s, &j->c.plan, &x->tap));
	x->rows.threads = threads_of(j);
	RETURN_IF(job_rows_init(&x->rows, s, *r, &j->keys,
	    x->binding.plan_sha256));
	if (s->all_in_arena)
		reader_close(TAKE(*r));
	x->options = j->options;
	RETURN_IF(job_ahead_new(job_rows_responses(&x->rows),
	    s->all_in_arena ? threads_of(j) : 1, &x->responses));
	RETURN_IF(job_ahead_new(job_rows_consents(&x->rows), threads_of(j),
	    &x->consents));
	RETURN_IF(payload_header_bytes(&x->columns, &head, &consents_head));
	x->spec = (struct payload_spec){.binding = &x->binding,
	    .frozen_unix_s = j->c.plan.frozen_unix_s,
	    .owner_name = j->c.docket.charter.owner_name,
	    .title = s->survey->title, .title_en = s->survey->title_en,
	    .columns = &x->columns,
	    .responses = {{x, next_written}, s->kept_rows,
	        head + s->csv_bytes},
	    .consents = {job_ahead_source(x->consents), s->kept_respondents,
	        consents_head + s->consents_bytes},
	    .consent_texts = x->texts.items,
	    .consent_text_count = x->texts.len,
	    .tap = job_tables_tap_bytes, .tap_ctx = &x->tap};
	return ERR_OK;
}

static enum err write_file(const struct payload_spec *spec, const char *path,
    struct payload_result *ret)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	enum err e;

	if (fd < 0)
		return fs_error(errno);
	e = payload_write(spec, fd, ret);
	if (e == ERR_OK)
		e = fs_sync(fd);
	if (close(fd) != 0 && e == ERR_OK)
		e = ERR_IO;
	if (e != ERR_OK)
		(void)unlink(path);
	return e;
}

static enum err write_payload(struct job *j, struct job_scan *s,
    struct reader **r, struct writing *x)
{
	char survey[SURVEY_NAME_MAX + 16], path[FS_PATH_MAX];
	uint8_t proof[DIGEST_LEN];

	RETURN_IF(prepare_writing(j, s, r, x));
	(void)snprintf(survey, sizeof(survey), "%s %u", s->survey->name,
	    s->survey->version);
	x->spec.survey = survey;
	if (j->options->rederive)
		RETURN_IF(payload_rederive(&x->spec, &j->built.payload));
	RETURN_IF(home_path(j->h, path, "tmp/%s/payload",
	    j->c.row.export_id));
	if (!j->options->rederive) {
		RETURN_IF(job_work_begin(j->h, j->c.row.export_id));
		RETURN_IF(write_file(&x->spec, path, &j->built.payload));
	}
	pseudonym_receipt_proof(j->c.row.export_id,
	    secret_bytes(x->binding.salt), proof);
	pseudonym_receipt_commitment(proof, j->built.receipt_commitment);
	step_reached(STEP_JOB_PAYLOAD);
	return check_counts(j, s, &x->tap, &j->built.counted);
}

/* ---- ledger: the notice book ---- */

static enum err book_rows(const struct job *j, const struct job_rows *rows,
    struct store_book_row *ret)
{
	CLEANUP(pseudonym_notice_cleanup) struct pseudonym_notice *n = NULL;
	SECRET_BYTES(key, 32);
	uint8_t plan_sha256[DIGEST_LEN];

	digest_sha256(bytes_buf(&j->c.plan_text), plan_sha256);
	pseudonym_notice_key(j->keys.project, plan_sha256, key);
	RETURN_IF(pseudonym_notice_new(key, &n));
	for (uint32_t i = 0; i < rows->scan->respondents; i++) {
		if (rows->rank[i] == UINT32_MAX)
			continue;
		ret->respondent = i;
		RETURN_IF(pseudonym_notice_block(n,
		    rows->people[rows->rank[i]].pseudonym, ret->block));
		ret++;
	}
	return ERR_OK;
}

static enum err log_book(struct job *j, const struct store_book_row *rows,
    size_t len)
{
	CLEANUP(act_abort) struct act a = {0};
	const struct register_plan *p = &j->c.row;
	struct store_book book = {0};
	struct entry_writer w;

	(void)snprintf(book.export_id, sizeof(book.export_id), "%s",
	    p->export_id);
	(void)snprintf(book.project, sizeof(book.project), "%s", p->project);
	(void)snprintf(book.partner, sizeof(book.partner), "%s", p->partner);
	digest_sha256(bytes_buf(&j->c.plan_text), book.plan_sha256);
	book.retention_until_unix_s =
	    clock_jst_day_start_unix_s(j->c.plan.retention_until_day + 1) - 1;
	RETURN_IF(act_begin(j->h, store_db(j->w->store), &a));
	act_entry(&a, ENTRY_NOTICE_BOOK, p->owner, &w);
	entry_put(&w, "export", p->export_id);
	entry_put_hex(&w, "notice-book-sha256", j->built.notice_book_sha256,
	    DIGEST_LEN);
	RETURN_IF(act_entry_end(&a, &w, &book.act));
	RETURN_IF(store_notice_book_add(j->w->store, &book, rows, len));
	return act_commit(&a);
}

static enum err put_book(struct job *j, const struct job_rows *rows)
{
	struct store_book_row *book = calloc(rows->people_len + 1,
	    sizeof(*book));
	enum err e = book == NULL ? ERR_NOMEM : ERR_OK;

	if (e == ERR_OK)
		e = book_rows(j, rows, book);
	if (e == ERR_OK)
		e = store_notice_book_digest(book, rows->people_len,
		    j->built.notice_book_sha256);
	if (e == ERR_OK)
		e = log_book(j, book, rows->people_len);
	free(book);
	return e;
}

/* ---- one attempt ---- */

static void fill_result(const struct job *j, const struct job_scan *s,
    struct job_result *ret)
{
	const struct reader_counts *c = &j->built.counts;

	(void)snprintf(ret->export_id, sizeof(ret->export_id), "%s",
	    j->c.row.export_id);
	ret->considered = c->considered;
	ret->no_consent = c->no_consent;
	ret->withdrawn = c->withdrawn;
	ret->covered_by_later = c->covered_by_later;
	ret->minimum_cell = j->c.plan.minimum_cell;
	ret->rows = s->kept_rows;
	ret->respondents = s->kept_respondents;
	ret->suppressed_rows = s->result.suppressed_rows;
	ret->suppressed_respondents = s->result.suppressed_respondents;
	ret->k_achieved = j->built.counted.smallest;
	ret->groups = j->built.counted.groups;
	memcpy(ret->tagmanifest_sha256, j->built.payload.tagmanifest_sha256,
	    32);
}

static enum err open_reader(struct job *j, struct reader **ret)
{
	const struct reader_args args = {.grant = j->c.grant,
	    .epochs = j->keys.epochs, .epochs_len = j->keys.len,
	    .now_unix_s = j->is_again ? j->then.made_unix_s :
	        j->h->now_unix_s,
	    .threads = threads_of(j)};

	return job_reader_open(j->w, &args, ret);
}

static enum err write_bundle(struct job *j, struct job_scan *s,
    struct reader **r)
{
	CLEANUP(writing_release) struct writing x = {0};

	RETURN_IF(write_payload(j, s, r, &x));
	if (j->options->rederive)
		return ERR_OK;
	s->arena = NULL;        /* the rows are written */
	job_arena_free(TAKE(j->arena));
	RETURN_IF(put_book(j, &x.rows));
	RETURN_IF(job_memory_put(s->memory, &j->built.record_text));
	RETURN_IF(job_figures_make(&j->c, s, &j->built));
	return job_bundle_build(j->h, &j->c, s, &j->built);
}

/* What people take is known only now.  Unless a bound was asked for, rows may
 * take as much: each pass over those that do not fit costs a tenth more. */
static enum err make_arena(struct job *j, uint32_t respondents)
{
	size_t all = j->options->arena_bytes == 0 ? JOB_ARENA_DEFAULT :
	    j->options->arena_bytes;
	size_t people = (size_t)respondents * (READER_BYTES_PER_RESPONDENT +
	    JOB_SCAN_BYTES_PER_RESPONDENT);
	size_t rows = people > all / 2 ? all / 2 : all - people;

	if (j->options->arena_bytes == 0 && people > rows)
		rows = people;
	job_arena_free(TAKE(j->arena));
	return job_arena_new(rows, &j->arena);
}

/* A difference from what was released before that would isolate people ends
 * the plan like any other rule that cannot be met. */
static enum err remember(struct job *j, struct job_scan *s)
{
	enum err e;

	if (s->memory == NULL)
		return ERR_OK;
	e = job_memory_check(s->memory, s);
	if (e == ERR_REFUSED)
		RETURN_IF(put_failed(j, "difference"));
	return e;
}

static enum err attempt(struct job *j, struct job_result *ret)
{
	CLEANUP(reader_cleanup) struct reader *r = NULL;
	CLEANUP(job_memory_cleanup) struct job_memory *m = NULL;
	CLEANUP(job_scan_release) struct job_scan s = {0};
	enum err e;

	RETURN_IF(open_reader(j, &r));
	RETURN_IF(make_arena(j, reader_respondents(r)));
	RETURN_IF(job_scan_init(&s, &j->c, j->arena));
	if (!j->options->rederive)
		RETURN_IF(job_memory_open(j->h, j->w, &j->c, &j->keys, &m));
	s.memory = m;
	RETURN_IF(job_dates_prepare(&s.dates, r, &j->keys));
	RETURN_IF(job_scan_read(&s, r, j->options));
	reader_count(r, &j->built.counts);
	if (s.all_in_arena)     /* nothing is read again: its keys go now */
		reader_end_passes(r);
	e = job_scan_choose(&s, &j->c.plan);
	if (e == ERR_REFUSED && !j->options->rederive)
		return refuse_disclosure(j, &s);
	RETURN_IF(e);
	step_reached(STEP_JOB_COUNTED);
	RETURN_IF(job_scan_sizes(&s));
	RETURN_IF(remember(j, &s));
	RETURN_IF(write_bundle(j, &s, &r));
	fill_result(j, &s, ret);
	return ERR_OK;
}

/* ---- all of it ---- */

/* An export that died between its release in the ledger and the end of its
 * publication: the plan is done, its work folder is still there. */
static enum err finish_released(struct job *j, const char *plan,
    struct job_result *ret, int *ret_done)
{
	char folder[FS_PATH_MAX];
	const char *id = j->c.row.export_id;

	if (register_plan_get(j->h->reg, plan, &j->c.row) != ERR_OK ||
	    j->c.row.state != REGISTER_PLAN_DONE || j->options->rederive)
		return ERR_OK;
	RETURN_IF(job_work_path(j->h, id, folder));
	if (!fs_exists(folder))
		return ERR_OK;
	RETURN_IF(home_owner_open(j->h, j->c.row.owner, &j->w));
	RETURN_IF(job_publish(j->h, j->w, id, ret->path));
	(void)snprintf(ret->export_id, sizeof(ret->export_id), "%s", id);
	*ret_done = 1;
	return ERR_OK;
}

static enum err begin(struct job *j, const char *plan)
{
	size_t arena = j->options->arena_bytes;

	if (arena != 0 && arena < JOB_ARENA_LEAST)
		return ERR_RANGE;
	RETURN_IF(job_again_check_kind(j->h, plan, j->is_again));
	/* First whether it is over: that says more than what is missing. */
	if (register_plan_get(j->h->reg, plan, &j->c.row) == ERR_OK)
		RETURN_IF(check_state(j));
	RETURN_IF(job_case_load(j->h, plan, &j->c));
	RETURN_IF(check_state(j));
	RETURN_IF(home_owner_open(j->h, j->c.row.owner, &j->w));
	RETURN_IF(compact_hold_off(j->w, &j->pin));
	if (j->c.row.state == REGISTER_PLAN_FROZEN) {
		RETURN_IF(job_case_released(j->h, &j->c));
		RETURN_IF(check_cosigned(j));
		RETURN_IF(j->is_again ? job_again_start(j->h, &j->c) :
		    put_started(j));
	} else if (!j->options->rederive) {
		RETURN_IF(start_again_if_owed(j));
	}
	step_reached(STEP_JOB_STARTED);
	return ERR_OK;
}

/* What was released to a plan is gone where a machine was restored or its
 * memory lost: such a plan can only end. */
static enum err check_secrets(struct job *j)
{
	char path[FS_PATH_MAX];
	const char *plan = j->c.row.id;
	enum err e;

	RETURN_IF(freeze_key_path(j->h, plan, path));
	e = fs_exists(path) ? job_case_released(j->h, &j->c) : ERR_THRESHOLD;
	if (e != ERR_THRESHOLD || j->c.row.state != REGISTER_PLAN_STARTED ||
	    (j->options->rederive && !j->is_again))
		return e;
	RETURN_IF(plans_end(j->h, plan, "abandoned"));
	return outcome_refuse(j->h->outcome, ERR_STATE,
	    "the keys that were released to %s are no longer here, so its bundle cannot be built again: the plan has ended; freeze a new one",
	    "%sのために開示された鍵が失われたため、作り直せません。計画は終了しました。新しい計画を確定してください",
	    plan);
}

static enum err open_keys(struct job *j)
{
	RETURN_IF(check_secrets(j));
	RETURN_IF(job_keys_combine(j->w, &j->c, &j->keys));
	step_reached(STEP_JOB_COMBINED);
	return ERR_OK;
}

/* ERR_CHANGED: someone withdrew, or a segment moved under the reader. */
static enum err build_and_publish(struct job *j, struct job_result *ret)
{
	enum err e = ERR_CHANGED;

	for (int i = 0; i < ATTEMPTS_MAX && e == ERR_CHANGED; i++) {
		e = attempt(j, ret);
		if (e != ERR_OK || j->options->rederive)
			continue;
		e = job_publish(j->h, j->w, j->c.row.export_id, ret->path);
		if (e == ERR_CHANGED)
			RETURN_IF(log_started_again(j));
	}
	if (e == ERR_THRESHOLD && j->c.plan.byte_release) {
		j->waits = 1;
		return ERR_OK;
	}
	return e;
}

/* A job that died after `exported` or `released`: what is left to do is
 * publishing, unless the built bundle is gone. */
static enum err resume(struct job *j, struct job_result *ret, int *ret_done)
{
	struct register_export e;
	enum err err = register_export_get(j->h->reg, j->c.row.export_id, &e);

	*ret_done = 0;
	if (err == ERR_NOT_FOUND || j->options->rederive)
		return ERR_OK;
	RETURN_IF(err);
	if (e.state != REGISTER_EXPORT_BUILT)
		return ERR_OK;
	err = job_publish(j->h, j->w, e.id, ret->path);
	if (err == ERR_THRESHOLD)
		return job_byterelease_refuse(j->h, e.id, j->c.row.id);
	if (err == ERR_CHANGED)
		return log_started_again(j);
	RETURN_IF(err);
	(void)snprintf(ret->export_id, sizeof(ret->export_id), "%s", e.id);
	*ret_done = 1;
	return ERR_OK;
}

static enum err run(struct job *j, const char *plan, struct job_result *ret)
{
	int done = 0;

	RETURN_IF(finish_released(j, plan, ret, &done));
	if (done)
		return ERR_OK;
	RETURN_IF(begin(j, plan));
	RETURN_IF(resume(j, ret, &done));
	if (!done) {
		RETURN_IF(open_keys(j));
		RETURN_IF(build_and_publish(j, ret));
	}
	if (j->options->rederive)
		return ERR_OK;
	if (!j->waits)
		return plans_destroy_secrets(j->h, j->c.row.id);
	ret->waits = 1;
	job_byterelease_tell(j->h, j->c.row.export_id);
	return ERR_OK;
}

/* Where somebody in it withdrew there is nothing to open. */
static enum err run_again(struct job *j, const char *plan,
    struct job_result *ret)
{
	const uint8_t *computed = NULL;
	enum err e;

	RETURN_IF(begin(j, plan));
	RETURN_IF(job_again_load(j->h, j->w, &j->c, &j->then));
	if (j->then.withdrawn == 0) {
		RETURN_IF(open_keys(j));
		job_again_become(&j->then, &j->c);
		e = build_and_publish(j, ret);
		if (e == ERR_OK)
			computed = ret->tagmanifest_sha256;
		else if (e != ERR_REFUSED)      /* no levels: not the same */
			return e;
	}
	RETURN_IF(job_again_end(j->h, &j->c, &j->then, computed, &ret->what));
	RETURN_IF(plans_destroy_secrets(j->h, j->c.row.id));
	(void)snprintf(ret->export_id, sizeof(ret->export_id), "%s",
	    j->then.export_row.id);
	return job_again_tell(j->h, &j->then, ret->what,
	    j->c.plan.minimum_cell);
}

static enum err prepare(struct home *h, const char *plan,
    const struct job_options *options, int is_again, struct job_result *ret)
{
	CLEANUP(job_free) struct job *j = calloc(1, sizeof(*j));
	CLEANUP(fs_lock_release) struct fs_lock lock = {0};

	if (j == NULL)
		return ERR_NOMEM;
	j->h = h;
	j->options = options;
	j->is_again = is_again;
	*ret = (struct job_result){0};
	RETURN_IF(plans_lock(h, plan, &lock));
	return is_again ? run_again(j, plan, ret) : run(j, plan, ret);
}

enum err job_run(struct home *h, const char *plan,
    const struct job_options *options, struct job_result *ret)
{
	static const struct job_options defaults = {0};

	return prepare(h, plan, options == NULL ? &defaults : options, 0, ret);
}

enum err job_rederive(struct home *h, const char *plan,
    const struct job_options *options, struct job_result *ret)
{
	struct job_options o = {0};

	if (options != NULL)
		o = *options;
	o.rederive = 1;
	return prepare(h, plan, &o, 1, ret);
}
