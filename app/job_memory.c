/* What was released before, held against what is about to be released. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/act.h"
#include "app/job_internal.h"
#include "app/papers.h"
#include "app/prior_load.h"
#include "core/clock.h"
#include "vault/store_notice.h"
#include "vault/store_respondent.h"

/* An earlier release of the same survey. */
struct earlier {
	const struct prior_export *prior;
	struct memory_release release;
	uint8_t *epochs;        /* 1: it had this place of the plan's epochs */
	uint8_t *book;          /* bitmap by respondent */
	uint64_t people;        /* in the book */
	int covered;            /* this plan asks for all that it had */
};

/* A row of this export, as far as earlier ones may have had it. */
struct note {
	uint32_t respondent, tuple, epoch;
	int32_t day;
};

struct job_memory {
	struct home *h;
	struct owner *w;
	const struct job_case *c;
	const struct memory_key *key;
	const struct job_scan *scan;    /* once checked */
	uint32_t respondents;
	struct prior prior;
	struct earlier *earlier;
	size_t earlier_len;
	struct note *notes;
	size_t notes_len, notes_cap;
	struct memory_release now;
	struct job_groups groups;
};

void job_memory_free(struct job_memory *m)
{
	if (m == NULL)
		return;
	for (size_t i = 0; i < m->earlier_len; i++) {
		memory_release_free(&m->earlier[i].release);
		free(m->earlier[i].epochs);
		free(m->earlier[i].book);
	}
	free(m->earlier);
	free(m->notes);
	memory_release_free(&m->now);
	job_groups_release(&m->groups);
	prior_release(&m->prior);
	free(m);
}

void job_memory_cleanup(struct job_memory **m)
{
	job_memory_free(*m);
}

/* ---- what an earlier release had: its plan and its book ---- */

struct was {
	struct plan plan;
	struct plan_epochs epochs;
};

static void was_release(struct was *x)
{
	plan_release(&x->plan);
	plan_epochs_release(&x->epochs);
}

static enum err read_was(struct job_memory *m, const char *export_id,
    struct was *ret)
{
	CLEANUP(paper_release) struct paper plan = {0};
	CLEANUP(paper_release) struct paper epochs = {0};
	struct register_export e;
	struct register_query q = {.kind = REGISTER_PLAN,
	    .owner = m->w->code};

	RETURN_IF(register_export_get(m->h->reg, export_id, &e));
	q.name = e.plan;
	RETURN_IF(papers_find(m->h, &q, &plan));
	RETURN_IF(plan_parse(bytes_buf(&plan.bytes), &ret->plan, NULL));
	q.kind = REGISTER_EPOCHS;
	RETURN_IF(papers_find(m->h, &q, &epochs));
	return plan_epochs_parse(bytes_buf(&epochs.bytes), &ret->epochs,
	    NULL);
}

static int has_epoch(const struct plan_epochs *e, const uint8_t *id)
{
	for (size_t i = 0; i < e->len; i++)
		if (memcmp(e->items[i].id, id, sizeof(e->items[i].id)) == 0)
			return 1;
	return 0;
}

static int has_text(const struct plan *p, const uint8_t *sha256)
{
	for (size_t i = 0; i < p->texts_len; i++)
		if (memcmp(p->texts[i].sha256, sha256, 32) == 0)
			return 1;
	return 0;
}

/* Does this plan ask for every row that the earlier one asked for? */
static int covers(const struct job_case *c, const struct was *was)
{
	if (c->plan.period_from_day > was->plan.period_from_day ||
	    c->plan.period_to_day < was->plan.period_to_day)
		return 0;
	for (size_t i = 0; i < was->plan.texts_len; i++)
		if (!has_text(&c->plan, was->plan.texts[i].sha256))
			return 0;
	for (size_t i = 0; i < was->epochs.len; i++)
		if (!has_epoch(&c->epochs, was->epochs.items[i].id))
			return 0;
	return 1;
}

static enum err take_plan(struct job_memory *m, struct earlier *e)
{
	CLEANUP(was_release) struct was was = {0};
	const struct plan_epochs *now = &m->c->epochs;

	RETURN_IF(read_was(m, e->prior->export_id, &was));
	e->covered = covers(m->c, &was);
	e->epochs = calloc(now->len + 1, 1);
	if (e->epochs == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < now->len; i++)
		e->epochs[i] = (uint8_t)has_epoch(&was.epochs,
		    now->items[i].id);
	return ERR_OK;
}

struct book {
	struct job_memory *m;
	struct earlier *e;
};

static enum err take_person(void *ctx, const struct store_book_row *row)
{
	const struct book *b = ctx;

	if (row->respondent >= b->m->respondents)
		return ERR_CORRUPT;
	b->e->book[row->respondent / 8] |=
	    (uint8_t)(1u << row->respondent % 8);
	b->e->people++;
	return ERR_OK;
}

static int is_in_book(const struct earlier *e, uint32_t respondent)
{
	return e->book[respondent / 8] >> (respondent % 8) & 1;
}

static enum err take_book(struct job_memory *m, struct earlier *e)
{
	struct book b = {.m = m, .e = e};

	e->book = calloc((size_t)m->respondents / 8 + 1, 1);
	if (e->book == NULL)
		return ERR_NOMEM;
	return store_notice_book_rows(m->w->store, e->prior->export_id,
	    take_person, &b);
}

/* ---- its sealed record ---- */

struct sought {
	struct job_memory *m;
	struct earlier *e;
	int found;
};

static enum err take_record(void *ctx, const char *export_id,
    struct bytes sealed)
{
	struct sought *s = ctx;
	CLEANUP(buf_release) struct buf plain = {.max = (size_t)1 << 32};
	uint8_t sha256[DIGEST_LEN];

	if (s->found || strcmp(export_id, s->e->prior->export_id) != 0)
		return ERR_OK;
	digest_sha256(sealed, sha256);
	if (memcmp(sha256, s->e->prior->record_sha256, DIGEST_LEN) != 0)
		return ERR_OK;
	RETURN_IF(memory_key_open(s->m->key, export_id, sealed, &plain));
	s->found = 1;
	return memory_read(bytes_buf(&plain), &s->e->release);
}

/* Past its retention an earlier release has been destroyed, and its book here
 * with it. */
static int is_over(struct job_memory *m, const char *export_id)
{
	struct register_export e;

	return register_export_get(m->h->reg, export_id, &e) == ERR_OK &&
	    e.retention_until_unix_s < m->h->now_unix_s;
}

static void tell_unrecorded(struct home *h, const char *export_id)
{
	outcome_add(h->outcome, OUTCOME_WARNING,
	    "%s was released by an earlier version, which kept no record of it: this export is not compared with it",
	    "%sは以前の版で提供され、提供記録がありません。今回の提供とは比較されません",
	    export_id);
}

static enum err take_earlier(struct job_memory *m,
    const struct prior_export *prior)
{
	struct earlier *e = &m->earlier[m->earlier_len];
	struct sought s = {.m = m, .e = e};

	if (strcmp(prior->survey, m->c->plan.survey_name) != 0 ||
	    is_over(m, prior->export_id))
		return ERR_OK;
	if (!prior->has_record) {
		tell_unrecorded(m->h, prior->export_id);
		return ERR_OK;
	}
	e->prior = prior;
	m->earlier_len++;
	RETURN_IF(take_plan(m, e));
	RETURN_IF(take_book(m, e));
	RETURN_IF(store_notice_release_each(m->w->store, take_record, &s));
	return s.found ? ERR_OK : ERR_CORRUPT;
}

static enum err count_respondents(struct job_memory *m)
{
	struct store_counts counts;

	RETURN_IF(store_count(m->w->store, &counts));
	if (counts.respondents > UINT32_MAX)
		return ERR_LIMIT;
	m->respondents = (uint32_t)counts.respondents;
	return ERR_OK;
}

static enum err load_prior(struct job_memory *m, struct prior *ret)
{
	const struct prior_wanted wanted = {.project = m->c->plan.project,
	    .partner = m->c->plan.partner, .except = m->c->plan.export_id};

	return prior_load(m->w, &wanted, ret);
}

static enum err open_all(struct job_memory *m)
{
	RETURN_IF(count_respondents(m));
	RETURN_IF(load_prior(m, &m->prior));
	m->earlier = calloc(m->prior.len + 1, sizeof(*m->earlier));
	if (m->earlier == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < m->prior.len; i++)
		RETURN_IF(take_earlier(m, &m->prior.releases[i]));
	return ERR_OK;
}

enum err job_memory_open(struct home *h, struct owner *w,
    const struct job_case *c, const struct job_keys *keys,
    struct job_memory **ret)
{
	CLEANUP(job_memory_cleanup) struct job_memory *m =
	    calloc(1, sizeof(*m));

	if (m == NULL)
		return ERR_NOMEM;
	m->h = h;
	m->w = w;
	m->c = c;
	m->key = keys->memory;
	RETURN_IF(open_all(m));
	*ret = TAKE(m);
	return ERR_OK;
}

/* ---- rows ---- */

enum err job_memory_note(struct job_memory *m, uint32_t tuple,
    const struct reader_record *r)
{
	if (m->earlier_len == 0)
		return ERR_OK;
	if (m->notes_len == m->notes_cap) {
		size_t cap = m->notes_cap == 0 ? 65536 : m->notes_cap * 3 / 2;
		struct note *notes = realloc(m->notes, cap * sizeof(*notes));

		if (notes == NULL)
			return ERR_NOMEM;
		m->notes = notes;
		m->notes_cap = cap;
	}
	m->notes[m->notes_len++] = (struct note){r->respondent, tuple,
	    r->epoch, clock_jst_day((int64_t)r->event_unix_s)};
	return ERR_OK;
}

static int by_respondent(const void *a, const void *b)
{
	const struct note *x = a, *y = b;

	return (x->respondent > y->respondent) -
	    (x->respondent < y->respondent);
}

static int had(const struct earlier *e, const struct note *n)
{
	return is_in_book(e, n->respondent) && e->epochs[n->epoch] &&
	    n->day >= e->prior->from_day && n->day <= e->prior->to_day;
}

/* ---- one comparison ---- */

struct comparing {
	struct job_memory *m;
	const struct job_scan *s;
	const struct earlier *e;
	struct memory_meet meet;
	struct memory_cell *cells;
	uint32_t *last_new, *last_kept;         /* respondent + 1, by cell */
};

static void comparing_release(struct comparing *x)
{
	memory_meet_release(&x->meet);
	free(x->cells);
	free(x->last_new);
	free(x->last_kept);
}

static void count_rows(struct comparing *x)
{
	for (size_t i = 0; i < x->m->notes_len; i++) {
		const struct note *n = &x->m->notes[i];
		uint32_t cell, who = n->respondent + 1;

		if (!job_scan_keeps(x->s, n->respondent))
			continue;
		cell = x->meet.now[x->m->groups.of_tuple[n->tuple]];
		if (!had(x->e, n)) {
			x->cells[cell].people_new +=
			    x->last_new[cell] != who;
			x->last_new[cell] = who;
			continue;
		}
		x->cells[cell].rows_kept++;
		x->cells[cell].people_kept += x->last_kept[cell] != who;
		x->last_kept[cell] = who;
	}
}

/* Is there a reason why that respondent is missing: stopped, withdrawn, or
 * left out for k? */
static enum err is_left_out(const struct comparing *x, uint32_t respondent,
    int *ret)
{
	struct store_respondent who;
	uint8_t tag[STORE_TAG_LEN];

	*ret = x->e->covered || x->s->answers[respondent] > 0;
	if (*ret)
		return ERR_OK;
	RETURN_IF(store_respondent_get_number(x->m->w->store, respondent,
	    &who, tag));
	*ret = who.state != STORE_ACTIVE;
	if (*ret)
		return ERR_OK;
	return store_respondent_withdrew_since(x->m->w->store, respondent,
	    STORE_SCOPE_RESEARCH, 0, ret);
}

static enum err count_missing(const struct comparing *x,
    struct memory_missing *ret)
{
	int left_out;

	for (uint32_t i = 0; i < x->m->respondents; i++) {
		if (!is_in_book(x->e, i) || job_scan_keeps(x->s, i))
			continue;
		RETURN_IF(is_left_out(x, i, &left_out));
		if (left_out)
			ret->left_out++;
		else
			ret->others++;
	}
	return ERR_OK;
}

static enum err refuse(struct job_memory *m, const struct earlier *e,
    enum memory_finding f)
{
	static const char *const en[] = {
		[MEMORY_NEW] = "there are new answers of fewer than k people in a group",
		[MEMORY_MORE] = "there are fewer than k more answers in a group",
		[MEMORY_GONE] = "fewer than k people who were in an earlier release are left out",
		[MEMORY_LOST] = "answers of fewer than k people in a group are left out",
	};
	static const char *const ja[] = {
		[MEMORY_NEW] = "ある集団にk人未満の新しい回答が加わります",
		[MEMORY_MORE] = "ある集団の回答がk件未満だけ増えます",
		[MEMORY_GONE] = "以前に含まれたk人未満の人が除かれます",
		[MEMORY_LOST] = "ある集団でk人未満の回答が除かれます",
	};

	outcome_put(m->h->outcome, OUTCOME_REASON, en[f], ja[f]);
	return outcome_refuse(m->h->outcome, ERR_REFUSED,
	    "whoever has %s and this release (k = %u) could take one from the other and single them out: nothing leaves and the plan has ended. Ask again when more people have answered, for a period that contains the earlier one or does not meet it, or for coarser levels in a new project",
	    "%sとこの提供（k = %u）の両方を持つ者が差を取れば、その人たちを特定できます。何も提供されず、計画は終了しました。回答者が増えてから、以前の期間を含むか重ならない期間で、または新しい課題でより粗い段階を求めてください",
	    e->prior->export_id, m->c->plan.k);
}

static enum err compare(struct job_memory *m, const struct job_scan *s,
    const struct earlier *e)
{
	CLEANUP(comparing_release) struct comparing x = {.m = m, .s = s,
	    .e = e};
	struct memory_question q = {.k = m->c->plan.k,
	    .rows_max = e->release.rows_max};
	enum memory_finding f;

	RETURN_IF(memory_meet_make(&e->release, &m->now, &x.meet));
	x.cells = calloc(x.meet.cells + 1, sizeof(*x.cells));
	x.last_new = calloc(x.meet.cells + 1, sizeof(*x.last_new));
	x.last_kept = calloc(x.meet.cells + 1, sizeof(*x.last_kept));
	if (x.cells == NULL || x.last_new == NULL || x.last_kept == NULL)
		return ERR_NOMEM;
	memory_cells_before(&e->release, &x.meet, x.cells);
	count_rows(&x);
	RETURN_IF(count_missing(&x, &q.missing));
	q.cells = x.cells;
	q.len = x.meet.cells;
	f = memory_judge(&q);
	return f == MEMORY_FINE ? ERR_OK : refuse(m, e, f);
}

enum err job_memory_check(struct job_memory *m, const struct job_scan *s)
{
	m->scan = s;
	RETURN_IF(job_groups_make(s, 1, &m->groups));
	RETURN_IF(job_memory_describe(s, m->c, m->key, &m->groups, &m->now));
	if (m->notes_len > 0)
		qsort(m->notes, m->notes_len, sizeof(*m->notes),
		    by_respondent);
	for (size_t i = 0; i < m->earlier_len; i++)
		RETURN_IF(compare(m, s, &m->earlier[i]));
	return ERR_OK;
}

/* ---- the record of this release ---- */

static const uint8_t *ladder_digest(const struct job_memory *m,
    const char *name)
{
	for (size_t i = 0; i < m->c->docket.ladders_len; i++)
		if (strcmp(m->c->docket.files[i].name, name) == 0)
			return m->c->docket.files[i].sha256;
	return NULL;
}

/* Of what has a ladder, and of dates, which may leave in several ways. */
static enum err write_levels(const struct job_memory *m, struct prior *one)
{
	for (size_t i = 0; i < m->scan->columns_len; i++) {
		const struct job_column *col = &m->scan->columns[i];
		const struct survey_field *f =
		    &m->scan->survey->fields[col->field->index];
		const uint8_t *sha256 = ladder_digest(m, col->plan->ladder);
		struct decision_level l = {.level = col->level,
		    .date = col->plan->date};

		if (sha256 == NULL && f->kind != SURVEY_KIND_DATE)
			continue;
		(void)snprintf(l.field, sizeof(l.field), "%s", f->name);
		if (sha256 != NULL)
			memcpy(l.ladder_sha256, sha256, DIGEST_LEN);
		RETURN_IF(prior_add_level(one, &l));
	}
	return ERR_OK;
}

static enum err write_text(struct job_memory *m, const uint8_t sha256[32],
    struct buf *out)
{
	CLEANUP(prior_release) struct prior one = {0};
	struct prior_export e = {.survey_version = m->c->plan.survey_version,
	    .has_record = 1,
	    .from_day = m->c->plan.period_from_day,
	    .to_day = m->c->plan.period_to_day};
	const struct plan *p = &m->c->plan;

	memcpy(one.owner, m->w->code, 3);
	(void)snprintf(e.export_id, sizeof(e.export_id), "%s", p->export_id);
	(void)snprintf(e.project, sizeof(e.project), "%s", p->project);
	(void)snprintf(e.partner, sizeof(e.partner), "%s", p->partner);
	(void)snprintf(e.survey, sizeof(e.survey), "%s", p->survey_name);
	memcpy(e.record_sha256, sha256, DIGEST_LEN);
	RETURN_IF(prior_add(&one, &e));
	RETURN_IF(write_levels(m, &one));
	buf_clear(out);
	return prior_write(&one, out, &m->h->outcome->info);
}

static enum err log_record(struct job_memory *m, struct bytes sealed,
    const uint8_t sha256[32])
{
	CLEANUP(act_abort) struct act a = {0};
	const char *id = m->c->plan.export_id;
	struct entry_writer w;
	int64_t act;

	RETURN_IF(act_begin(m->h, store_db(m->w->store), &a));
	act_entry(&a, ENTRY_RELEASE_RECORD, m->w->code, &w);
	entry_put(&w, "export", id);
	entry_put_hex(&w, "record-sha256", sha256, DIGEST_LEN);
	RETURN_IF(act_entry_end(&a, &w, &act));
	RETURN_IF(store_notice_release_add(m->w->store, id, sealed, act));
	return act_commit(&a);
}

enum err job_memory_put(struct job_memory *m, struct buf *ret_text)
{
	CLEANUP(buf_release) struct buf plain = {.max = (size_t)1 << 32};
	CLEANUP(buf_release) struct buf sealed = {.max = (size_t)1 << 32};
	uint8_t sha256[DIGEST_LEN];

	RETURN_IF(memory_write(&m->now, &plain));
	RETURN_IF(memory_key_seal(m->key, m->c->plan.export_id,
	    bytes_buf(&plain), &sealed));
	digest_sha256(bytes_buf(&sealed), sha256);
	RETURN_IF(write_text(m, sha256, ret_text));
	return log_record(m, bytes_buf(&sealed), sha256);
}

enum err job_memory_check_again(struct job_memory *m)
{
	CLEANUP(prior_release) struct prior now = {0};

	RETURN_IF(load_prior(m, &now));
	if (now.len != m->prior.len)
		return ERR_CHANGED;
	for (size_t i = 0; i < now.len; i++)
		if (memcmp(now.releases[i].record_sha256,
		    m->prior.releases[i].record_sha256, DIGEST_LEN) != 0)
			return ERR_CHANGED;
	return ERR_OK;
}
