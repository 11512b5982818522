#include "app/ops/notices.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/act.h"
#include "core/clock.h"
#include "core/encode.h"
#include "exporters/notice.h"
#include "keys/digest.h"
#include "keys/sshsig.h"
#include "vault/register_plan.h"
#include "vault/store_notice.h"
#include "vault/store_respondent.h"

#define BLOCKS_MAX 10000
#define DAY_S 86400

/* ---- what is queued ---- */

struct due_list {
	struct store_notice_due *items;
	size_t len, cap;
};

static void due_list_release(struct due_list *d)
{
	free(d->items);
	*d = (struct due_list){0};
}

static enum err add_due(void *ctx, const struct store_notice_due *due)
{
	struct due_list *d = ctx;

	if (d->len == d->cap) {
		size_t cap = d->cap == 0 ? 64 : d->cap * 2;
		struct store_notice_due *items = realloc(d->items,
		    cap * sizeof(*items));

		if (items == NULL)
			return ERR_NOMEM;
		d->items = items;
		d->cap = cap;
	}
	d->items[d->len++] = *due;
	return ERR_OK;
}

static int belongs(const struct store_notice_due *a,
    const struct store_notice_due *b)
{
	return strcmp(a->export_id, b->export_id) == 0 &&
	    strcmp(a->partner, b->partner) == 0 && a->reason == b->reason &&
	    a->scopes == b->scopes;
}

/* ---- one notice ---- */

struct issuing {
	struct home *h;
	const char *owner;
	struct register_export export_row;
	const char *reason, *scope;
	const struct store_notice_due *due;     /* NULL for a recall */
	size_t due_len;
	uint64_t number;
	uint8_t sha256[DIGEST_LEN];
	struct buf text, sig;
};

static void issuing_release(struct issuing *i)
{
	buf_release(&i->text);
	buf_release(&i->sig);
}

struct notice_texts {
	char number[24], previous[65], plan[65], issued[CLOCK_UTC_LEN + 1];
	char answer_by[CLOCK_DAY_LEN + 1];
	char (*blocks)[33];
	const char **items;
};

static void notice_texts_release(struct notice_texts *t)
{
	free(t->blocks);
	free(t->items);
}

static enum err fill_blocks(const struct issuing *i, struct notice_texts *t,
    struct notice *n)
{
	t->blocks = calloc(i->due_len + 1, sizeof(*t->blocks));
	t->items = calloc(i->due_len + 1, sizeof(*t->items));
	if (t->blocks == NULL || t->items == NULL)
		return ERR_NOMEM;
	for (size_t k = 0; k < i->due_len; k++) {
		encode_hex(i->due[k].block, STORE_BLOCK_LEN, t->blocks[k]);
		t->items[k] = t->blocks[k];
	}
	n->blocks.items = t->items;
	n->blocks.len = i->due_len;
	return ERR_OK;
}

static int is_zero(const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (bytes[i] != 0)
			return 0;
	return 1;
}

/* The text of the next number; within the act's transaction. */
static enum err write_notice(struct issuing *i)
{
	CLEANUP(notice_texts_release) struct notice_texts t = {0};
	struct home *h = i->h;
	uint8_t previous[DIGEST_LEN];
	struct register_plan plan;
	struct notice n = {.number = t.number, .previous = t.previous,
	    .owner = i->owner, .partner = i->export_row.partner,
	    .project = i->export_row.project, .export_id = i->export_row.id,
	    .plan_sha256 = t.plan, .reason = i->reason, .scope = i->scope,
	    .issued = t.issued, .answer_by = t.answer_by};

	RETURN_IF(register_notice_next(h->reg, i->owner,
	    i->export_row.partner, &i->number, previous));
	RETURN_IF(register_plan_get(h->reg, i->export_row.plan, &plan));
	(void)snprintf(t.number, sizeof(t.number), "%llu",
	    (unsigned long long)i->number);
	(void)strcpy(t.previous, "-");
	if (!is_zero(previous, sizeof(previous)))
		encode_hex(previous, sizeof(previous), t.previous);
	encode_hex(plan.sha256, DIGEST_LEN, t.plan);
	clock_format_utc(h->now_unix_s, t.issued);
	clock_format_day(clock_jst_day(h->now_unix_s +
	    (int64_t)NOTICES_ANSWER_DAYS * DAY_S), t.answer_by);
	RETURN_IF(fill_blocks(i, &t, &n));
	RETURN_IF(notice_write(&n, &i->text, &h->outcome->info));
	digest_sha256(bytes_buf(&i->text), i->sha256);
	return sshsig_sign(gateway_key_export_seed(h->keys), SSHSIG_NOTICE,
	    bytes_buf(&i->text), &i->sig);
}

static enum err put_notice(struct issuing *i, int64_t act)
{
	struct register_document doc = {.kind = REGISTER_NOTICE,
	    .version = i->number, .added_unix_s = i->h->now_unix_s,
	    .act = act};
	struct register_duty duty = {.kind = REGISTER_DUTY_NOTICE,
	    .number = i->number, .act = act,
	    .due_unix_s = i->h->now_unix_s +
	    (int64_t)NOTICES_ANSWER_DAYS * DAY_S};
	int64_t id;

	memcpy(doc.owner, i->owner, 3);
	memcpy(duty.owner, i->owner, 3);
	(void)snprintf(doc.subject, sizeof(doc.subject), "%s",
	    i->export_row.partner);
	(void)snprintf(duty.partner, sizeof(duty.partner), "%s",
	    i->export_row.partner);
	(void)snprintf(duty.export_id, sizeof(duty.export_id), "%s",
	    i->export_row.id);
	memcpy(doc.sha256, i->sha256, DIGEST_LEN);
	RETURN_IF(register_document_add(i->h->reg, &doc, bytes_buf(&i->text),
	    &id));
	RETURN_IF(register_signature_add(i->h->reg, id, "gateway",
	    bytes_buf(&i->sig), act));
	return register_duty_add(i->h->reg, &duty);
}

static enum err log_notice(struct issuing *i)
{
	CLEANUP(act_abort) struct act a = {0};
	struct entry_writer w;
	int64_t act;

	RETURN_IF(act_begin(i->h, register_db(i->h->reg), &a));
	RETURN_IF(write_notice(i));
	act_entry(&a, ENTRY_NOTICE, i->owner, &w);
	entry_put(&w, "partner", i->export_row.partner);
	entry_put_uint(&w, "number", i->number);
	entry_put_hex(&w, "notice-sha256", i->sha256, DIGEST_LEN);
	RETURN_IF(act_entry_end(&a, &w, &act));
	RETURN_IF(put_notice(i, act));
	return act_commit(&a);
}

static enum err put_files(const struct issuing *i)
{
	char dir[FS_PATH_MAX], path[FS_PATH_MAX];

	RETURN_IF(home_path(i->h, dir, "outbox/notices/%s/%s-%04llu",
	    i->export_row.partner, i->owner, (unsigned long long)i->number));
	RETURN_IF(fs_mkdir_all(dir, 0700));
	RETURN_IF(fs_path(path, "%s/notice.txt", dir));
	RETURN_IF(fs_write_file(path, bytes_buf(&i->text), 0644));
	RETURN_IF(fs_path(path, "%s/notice.txt.sig", dir));
	RETURN_IF(fs_write_file(path, bytes_buf(&i->sig), 0644));
	outcome_add(i->h->outcome, OUTCOME_DONE,
	    "notice %llu to %s about %s is in %s",
	    "%2$s宛ての通知第%1$llu号（%3$s）を%4$sに置きました",
	    (unsigned long long)i->number, i->export_row.partner,
	    i->export_row.id, dir);
	return ERR_OK;
}

/* ---- all that is queued ---- */

static enum err mark_sent(struct owner *w, const struct issuing *i)
{
	CLEANUP(act_abort) struct act a = {0};
	int64_t *ids = calloc(i->due_len, sizeof(*ids));
	enum err e;

	if (ids == NULL)
		return ERR_NOMEM;
	for (size_t k = 0; k < i->due_len; k++)
		ids[k] = i->due[k].id;
	e = act_data_begin(w->home, store_db(w->store), &a);
	if (e == ERR_OK)
		e = store_notice_sent(w->store, ids, i->due_len, i->number);
	if (e == ERR_OK)
		e = act_data_commit(&a);
	free(ids);
	return e;
}

static const char *scope_word(uint8_t scopes)
{
	if (scopes & STORE_SCOPE_ALL)
		return "all";
	return scopes & STORE_SCOPE_RESEARCH ? "research" : "other";
}

/* A released bundle's partner is told; one that never left needs no notice. */
static enum err issue_group(struct owner *w,
    const struct store_notice_due *due, size_t len, size_t *issued)
{
	CLEANUP(issuing_release) struct issuing i = {.h = w->home,
	    .owner = w->code, .due = due, .due_len = len,
	    .reason = due->reason == STORE_NOTICE_ERASURE ? "erasure" :
	    "withdrawal", .scope = scope_word(due->scopes)};

	RETURN_IF(register_export_get(w->home->reg, due->export_id,
	    &i.export_row));
	if (i.export_row.state != REGISTER_EXPORT_RELEASED &&
	    i.export_row.state != REGISTER_EXPORT_RECALLED)
		return ERR_OK;
	RETURN_IF(log_notice(&i));
	RETURN_IF(put_files(&i));
	*issued += 1;
	return mark_sent(w, &i);
}

enum err notices_issue(struct owner *w, size_t *ret_issued)
{
	CLEANUP(due_list_release) struct due_list d = {0};
	size_t issued = 0, from = 0;

	RETURN_IF(store_notice_each_due(w->store, add_due, &d));
	while (from < d.len) {
		size_t to = from + 1;

		while (to < d.len && to - from < BLOCKS_MAX &&
		    belongs(&d.items[from], &d.items[to]))
			to++;
		RETURN_IF(issue_group(w, &d.items[from], to - from, &issued));
		from = to;
	}
	if (ret_issued != NULL)
		*ret_issued = issued;
	return ERR_OK;
}

enum err notices_recall(struct home *h, const char *owner,
    const char *export_id)
{
	CLEANUP(issuing_release) struct issuing i = {.h = h, .owner = owner,
	    .reason = "recall", .scope = "all"};

	RETURN_IF(register_export_get(h->reg, export_id, &i.export_row));
	RETURN_IF(log_notice(&i));
	return put_files(&i);
}
