#include "app/reident.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/act.h"
#include "app/ballot.h"
#include "app/compact.h"
#include "app/job_internal.h"
#include "app/ops/plans.h"
#include "app/papers.h"
#include "app/reident_list.h"
#include "core/clock.h"
#include "core/csv.h"
#include "keys/record_plain.h"
#include "keys/share.h"
#include "vault/store_notice.h"

struct running {
	struct home *h;
	struct owner *w;
	struct job_case c;
	struct job_keys keys;
	struct reident_list list;
	struct reader *reader;
	struct fs_lock pin;     /* no compaction meanwhile */
	uint8_t key[PSEUDONYM_KEY_LEN];
	uint32_t *place;        /* by respondent: index in the list, + 1 */
	uint8_t *only;          /* bitmap of those */
	size_t only_len;
	uint64_t matched;
	struct buf *rows;       /* by index in the list */
	struct answers_value *values;
};

static void running_free(struct running **x)
{
	struct running *r = *x;

	if (r == NULL)
		return;
	for (size_t i = 0; r->rows != NULL && i < r->list.len; i++)
		buf_release(&r->rows[i]);
	free(r->rows);
	free(r->values);
	free(r->place);
	free(r->only);
	secret_wipe(r->key, sizeof(r->key));
	reader_close(r->reader);
	reident_list_release(&r->list);
	job_keys_release(&r->keys);
	job_case_release(&r->c);
	home_owner_close(r->w);
	fs_lock_release(&r->pin);
	free(r);
}

/* ---- decide, ledger ---- */

static enum err check_state(struct running *r)
{
	const struct register_plan *p = &r->c.row;
	struct outcome *o = r->h->outcome;

	if (r->c.plan.reident.export_id[0] == '\0')
		return outcome_refuse(o, ERR_STATE,
		    "%s is a plan to export, not to re-identify: azukari export",
		    "%sは再識別ではなく提供の計画です: azukari export", p->id);
	if (p->state == REGISTER_PLAN_DONE)
		return outcome_refuse(o, ERR_STATE,
		    "%s was carried out already", "%sはすでに実施されました",
		    p->id);
	if (p->state == REGISTER_PLAN_ENDED)
		return outcome_refuse(o, ERR_STATE, "%s has ended: %s",
		    "%sは終了しています: %s", p->id, p->why);
	return ERR_OK;
}

static enum err load_list(struct running *r)
{
	CLEANUP(paper_release) struct paper paper = {0};
	struct register_query q = {.kind = REGISTER_PSEUDONYMS,
	    .owner = r->c.row.owner, .sha256 = r->c.plan.reident.sha256};

	RETURN_IF(papers_find(r->h, &q, &paper));
	return reident_list_read(bytes_buf(&paper.bytes), &r->list,
	    &r->h->outcome->info);
}

static enum err log_started(struct running *r)
{
	CLEANUP(act_abort) struct act a = {0};
	const struct register_plan *p = &r->c.row;
	struct entry_writer w;
	int64_t act;

	if (p->state != REGISTER_PLAN_FROZEN)
		return ERR_OK;          /* it died after that */
	RETURN_IF(act_begin(r->h, register_db(r->h->reg), &a));
	/* A seat may have taken its approval back since the case was read. */
	RETURN_IF(ballot_still_granted(r->h, p->id));
	act_entry(&a, ENTRY_REIDENT_STARTED, p->owner, &w);
	entry_put(&w, "export", r->c.plan.reident.export_id);
	entry_put_hex(&w, "plan-sha256", p->sha256, DIGEST_LEN);
	entry_put_hex(&w, "pseudonyms-sha256", r->c.plan.reident.sha256,
	    DIGEST_LEN);
	RETURN_IF(act_entry_end(&a, &w, &act));
	RETURN_IF(register_plan_move(r->h->reg, p->id, REGISTER_PLAN_STARTED,
	    NULL, r->h->now_unix_s, act));
	return act_commit(&a);
}

/* ---- who ---- */

static enum err open_reader(struct running *r)
{
	const struct reader_args args = {.grant = r->c.grant,
	    .epochs = r->keys.epochs, .epochs_len = r->keys.len,
	    .now_unix_s = r->h->now_unix_s, .threads = 1};
	uint32_t respondents;

	RETURN_IF(job_reader_open(r->w, &args, &r->reader));
	respondents = reader_respondents(r->reader);
	r->only_len = respondents / 8 + 1;
	r->only = calloc(r->only_len, 1);
	r->place = calloc((size_t)respondents + 1, sizeof(*r->place));
	r->rows = calloc(r->list.len, sizeof(*r->rows));
	r->values = calloc(r->c.docket.survey->fields_len,
	    sizeof(*r->values));
	return r->only == NULL || r->place == NULL || r->rows == NULL ||
	    r->values == NULL ? ERR_NOMEM : ERR_OK;
}

/* Everybody of the export has a pseudonym; the list's are looked for. */
static enum err match(void *ctx, const struct store_book_row *row)
{
	struct running *r = ctx;
	uint8_t pseudonym[PSEUDONYM_LEN];
	size_t i;

	if (row->respondent >= reader_respondents(r->reader))
		return ERR_CORRUPT;
	pseudonym_make(r->key, reader_tag(r->reader, row->respondent),
	    pseudonym);
	i = reident_list_find(&r->list, pseudonym);
	if (i == r->list.len)
		return ERR_OK;
	r->place[row->respondent] = (uint32_t)i + 1;
	r->only[row->respondent / 8] |= (uint8_t)(1u << row->respondent % 8);
	r->matched++;
	return ERR_OK;
}

static enum err find_people(struct running *r)
{
	const char *id = r->c.plan.reident.export_id;

	pseudonym_key(r->keys.project, r->keys.project_epoch.sha256, r->key);
	RETURN_IF(store_notice_book_rows(r->w->store, id, match, r));
	if (r->matched == r->list.len)
		return ERR_OK;
	/* It never could be carried out: what was released to it goes. */
	RETURN_IF(plans_end(r->h, r->c.row.id, "abandoned"));
	return outcome_refuse(r->h->outcome, ERR_NOT_FOUND,
	    "%llu of the %zu pseudonyms are none of %s; nothing was opened, and the plan has ended",
	    "仮名%2$zu件のうち%1$llu件は%3$sのものではありません。何も開かず、計画は終了しました",
	    (unsigned long long)(r->list.len - r->matched), r->list.len, id);
}

/* ---- their records ---- */

static enum err put_head(struct running *r, const struct reader_record *rec,
    struct buf *out)
{
	CLEANUP(buf_release) struct buf user = {0};
	const struct record_plain p = {
		.user_code = (enum record_plain_code)rec->user_code,
		.user = rec->user};
	size_t i = r->place[rec->respondent] - 1;
	char pseudonym[PSEUDONYM_TEXT_LEN + 1];

	pseudonym_format(r->list.items[i], pseudonym);
	RETURN_IF(record_plain_get_user(&p, &user));
	RETURN_IF(buf_printf(out, "%s,", pseudonym));
	RETURN_IF(csv_append_field(out, rec->source, ','));
	RETURN_IF(buf_append_str(out, ","));
	return csv_append_field(out, bytes_buf(&user), ',');
}

static enum err put_cell(struct running *r, const struct reader_record *rec,
    const struct survey_field *f, size_t cell, struct buf *out)
{
	char name[SURVEY_COLUMN_NAME_MAX + 1], scratch[ANSWERS_CELL_MAX];
	char time[CLOCK_UTC_LEN + 1];

	clock_format_utc((int64_t)rec->event_unix_s, time);
	answers_column_name(f, cell, name);
	RETURN_IF(put_head(r, rec, out));
	RETURN_IF(buf_printf(out, ",%s,%s,", time, name));
	RETURN_IF(csv_append_field(out, answers_cell(f,
	    &r->values[f->index], cell, scratch), ','));
	return buf_append_str(out, "\n");
}

/* What was answered of the plan's columns, as it was answered. */
static enum err put_answers(struct running *r,
    const struct reader_record *rec, struct buf *out)
{
	const struct survey *s = r->c.docket.survey;

	RETURN_IF(answers_decode(s, rec->packed, r->values));
	for (size_t i = 0; i < r->c.plan.columns_len; i++) {
		const struct survey_field *f = survey_find(s,
		    bytes_str(r->c.plan.columns[i].field));

		if (f == NULL)
			return ERR_CORRUPT;
		for (size_t k = 0; r->values[f->index].answered &&
		    k < f->columns; k++)
			RETURN_IF(put_cell(r, rec, f, k, out));
	}
	return ERR_OK;
}

static enum err take_record(struct running *r,
    const struct reader_record *rec)
{
	struct buf *out = &r->rows[r->place[rec->respondent] - 1];

	if (r->c.plan.reident.with_answers)
		return put_answers(r, rec, out);
	if (out->len > 0)
		return ERR_OK;
	RETURN_IF(put_head(r, rec, out));
	return buf_append_str(out, "\n");
}

static enum err read_records(struct running *r)
{
	RETURN_IF(reader_rewind(r->reader, r->only, r->only_len));
	for (;;) {
		struct reader_batch batch;

		RETURN_IF(reader_next(r->reader, &batch));
		if (batch.len == 0)
			return ERR_OK;
		for (size_t i = 0; i < batch.len; i++)
			RETURN_IF(take_record(r, &batch.records[i]));
	}
}

/* ---- the answer ---- */

static enum err write_answer(const struct running *r, struct buf *out,
    uint64_t *ret_found)
{
	*ret_found = 0;
	RETURN_IF(buf_append_str(out, r->c.plan.reident.with_answers ?
	    "pseudonym,source,respondent,time,column,value\n" :
	    "pseudonym,source,respondent\n"));
	for (size_t i = 0; i < r->list.len; i++) {
		*ret_found += r->rows[i].len > 0;
		RETURN_IF(buf_append(out, r->rows[i].data, r->rows[i].len));
	}
	return ERR_OK;
}

static enum err seal_to(struct running *r, const char *seat,
    struct bytes answer, const char *dir, struct buf *lines)
{
	const struct charter_seat *s = charter_seat(&r->c.docket.charter,
	    seat);
	CLEANUP(buf_release) struct buf file = {.max = SHARE_LIST_MAX};
	struct age_recipient to;
	char path[FS_PATH_MAX], hex[DIGEST_HEX_LEN + 1];

	if (s == NULL)
		return ERR_CORRUPT;
	RETURN_IF(age_recipient_parse(bytes_str(s->age), &to));
	RETURN_IF(share_seal(&to, 1, answer, &file));
	RETURN_IF(fs_path(path, "%s/%s-%s.age", dir, r->c.row.id, seat));
	RETURN_IF(fs_write_file(path, bytes_buf(&file), 0600));
	digest_sha256_hex(bytes_buf(&file), hex);
	return buf_printf(lines, "%s %s\n", seat, hex);
}

/* answer-sha256: over lines `SEAT SHA256(file)` in the seats' order. */
static enum err seal_all(struct running *r, struct bytes answer,
    const char *dir, uint8_t ret_sha256[DIGEST_LEN])
{
	CLEANUP(buf_release) struct buf lines = {0};

	RETURN_IF(fs_mkdir_all(dir, 0700));
	for (size_t i = 0; i < r->c.votes_len; i++)
		RETURN_IF(seal_to(r, r->c.votes[i].seat, answer, dir,
		    &lines));
	digest_sha256(bytes_buf(&lines), ret_sha256);
	return ERR_OK;
}

static enum err log_done(struct running *r, const uint8_t sha256[DIGEST_LEN])
{
	CLEANUP(act_abort) struct act a = {0};
	const struct register_plan *p = &r->c.row;
	struct entry_writer w;
	int64_t act;

	RETURN_IF(act_begin(r->h, register_db(r->h->reg), &a));
	act_entry(&a, ENTRY_REIDENTIFIED, p->owner, &w);
	entry_put(&w, "export", r->c.plan.reident.export_id);
	entry_put_hex(&w, "plan-sha256", p->sha256, DIGEST_LEN);
	entry_put_hex(&w, "answer-sha256", sha256, DIGEST_LEN);
	RETURN_IF(act_entry_end(&a, &w, &act));
	RETURN_IF(register_plan_move(r->h->reg, p->id, REGISTER_PLAN_DONE,
	    NULL, r->h->now_unix_s, act));
	RETURN_IF(act_commit(&a));
	return plans_destroy_secrets(r->h, p->id);
}

static enum err answer(struct running *r, const char *dir,
    struct reident_result *ret)
{
	CLEANUP(buf_release) struct buf text = {0};
	uint8_t sha256[DIGEST_LEN];

	RETURN_IF(write_answer(r, &text, &ret->found));
	RETURN_IF(seal_all(r, bytes_buf(&text), dir, sha256));
	ret->pseudonyms = r->list.len;
	ret->seats = (unsigned)r->c.votes_len;
	(void)snprintf(ret->export_id, sizeof(ret->export_id), "%s",
	    r->c.plan.reident.export_id);
	return log_done(r, sha256);
}

enum err reident_run(struct home *h, const char *plan, const char *dir,
    struct reident_result *ret)
{
	CLEANUP(running_free) struct running *r = calloc(1, sizeof(*r));
	CLEANUP(fs_lock_release) struct fs_lock lock = {0};

	if (r == NULL)
		return ERR_NOMEM;
	r->h = h;
	*ret = (struct reident_result){0};
	RETURN_IF(plans_lock(h, plan, &lock));
	RETURN_IF(job_case_load(h, plan, &r->c));
	RETURN_IF(check_state(r));
	/* Before enough shares have arrived nothing is begun. */
	RETURN_IF(job_case_released(r->h, &r->c));
	RETURN_IF(home_owner_open(h, r->c.row.owner, &r->w));
	RETURN_IF(compact_hold_off(r->w, &r->pin));
	RETURN_IF(load_list(r));
	RETURN_IF(log_started(r));
	RETURN_IF(job_keys_combine(r->w, &r->c, &r->keys));
	RETURN_IF(open_reader(r));
	RETURN_IF(find_people(r));
	RETURN_IF(read_records(r));
	RETURN_IF(answer(r, dir, ret));
	outcome_add(h->outcome, OUTCOME_DONE,
	    "%llu of %llu pseudonyms of %s: the answer is sealed to the %u seats that approved, in %s; the others have withdrawn or been erased",
	    "%3$sの仮名%2$llu件のうち%1$llu件：回答は承認した%4$u席に宛てて封じ、%5$s に置きました。残りは撤回または消去されています",
	    (unsigned long long)ret->found,
	    (unsigned long long)ret->pseudonyms, ret->export_id, ret->seats,
	    dir);
	return ERR_OK;
}
