/* The epochs of a run: opened when first needed, closed at its end. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ingest_internal.h"

enum err ingest_epochs_init(struct ingest_epochs *e, size_t surveys)
{
	e->items = calloc(surveys + 1, sizeof(*e->items));
	if (e->items == NULL)
		return ERR_NOMEM;
	e->len = surveys + 1;
	return ERR_OK;
}

void ingest_epochs_release(struct ingest_epochs *e)
{
	for (size_t i = 0; i < e->len; i++) {
		secret_free(TAKE(e->items[i].keys));
		epoch_lists_release(&e->items[i].lists);
		epoch_opened_release(&e->items[i].opened);
	}
	free(e->items);
	*e = (struct ingest_epochs){0};
}

/* ---- what records may refer to ---- */

static enum err list_text(void *ctx, const struct register_document *doc)
{
	enum err e = epoch_lists_add_text(ctx, doc->sha256);

	return e == ERR_LIMIT ? ERR_OK : e;
}

static enum err list_source(void *ctx, const struct register_source *source)
{
	enum err e = epoch_lists_add_source(ctx, bytes_str(source->source));

	return e == ERR_LIMIT ? ERR_OK : e;
}

/* This run's source and the batch's texts, which must fit; then whatever else
 * is registered now, so that a day seldom needs a second epoch. */
static enum err make_lists(const struct ingest_args *args,
    const struct epoch_lists *needed, struct epoch_lists *ret)
{
	struct owner *w = args->owner;
	struct register_query texts = {.kind = REGISTER_CONSENT_TEXT,
	    .owner = w->code};

	RETURN_IF(epoch_lists_copy(needed, ret));
	RETURN_IF(epoch_lists_add_source(ret,
	    bytes_str(args->rules->source)));
	RETURN_IF(register_source_each(w->home->reg, w->code, list_source,
	    ret));
	return register_document_each(w->home->reg, &texts, list_text, ret);
}

/* ---- opening ---- */

struct batch_of_epochs {
	struct epoch_wanted wanted[EPOCH_OPEN_MAX];
	char subjects[EPOCH_OPEN_MAX][EPOCH_SUBJECT_MAX + 1];
	size_t index[EPOCH_OPEN_MAX];
	size_t len;
	struct epoch_lists lists;       /* of all of them */
};

static void batch_of_epochs_release(struct batch_of_epochs *b)
{
	epoch_lists_release(&b->lists);
}

static enum err want(struct batch_of_epochs *b,
    const struct ingest_args *args, size_t i)
{
	const struct intake_rules *rules = args->rules;
	struct epoch_wanted *wanted = &b->wanted[b->len];
	int len;

	*wanted = (struct epoch_wanted){.kind = EPOCH_KIND_EPOCH,
	    .subject = "register", .lists = &b->lists};
	if (i < rules->surveys_len) {
		len = snprintf(b->subjects[b->len], sizeof(b->subjects[0]),
		    "survey %s %u", rules->surveys[i]->name,
		    rules->surveys[i]->version);
		if (len < 0 || (size_t)len >= sizeof(b->subjects[0]))
			return ERR_LIMIT;
		wanted->subject = b->subjects[b->len];
		wanted->subject_sha256 = args->survey_sha256[i];
	}
	b->index[b->len++] = i;
	return ERR_OK;
}

/* What seals is derived at once; the epoch's own key is not needed again. */
static enum err take_keys(struct ingest_epoch *e)
{
	RETURN_IF(secret_new(sizeof(struct record_epoch_keys), &e->keys));
	struct record_epoch_keys *k = (void *)secret_bytes_mut(e->keys);

	record_epoch_keys_derive(k, secret_bytes(e->opened.ek),
	    e->opened.row.sha256, e->opened.row.subject_sha256);
	secret_free(TAKE(e->opened.ek));
	e->is_open = 1;
	return ERR_OK;
}

static enum err take_lists(struct ingest_epoch *e,
    const struct epoch_lists *lists)
{
	RETURN_IF(epoch_lists_copy(lists, &e->lists));
	e->lists.opened_unix_s = e->opened.row.opened_unix_s;
	return ERR_OK;
}

#define OPEN_TRIES 3            /* while new charters come into force */

static enum err open_under_charter(const struct ingest_args *args,
    const struct batch_of_epochs *b, struct epoch_opened *ret)
{
	struct owner *w = args->owner;
	enum err e = ERR_CHANGED;

	for (int i = 0; i < OPEN_TRIES && e == ERR_CHANGED; i++) {
		CLEANUP(paper_charter_release) struct paper_charter c = {0};

		RETURN_IF(papers_charter(w->home, w->code, &c));
		e = epoch_open_all(w, &c, b->wanted, b->len, ret);
	}
	return e;
}

static enum err open_batch(struct ingest_epochs *e,
    const struct ingest_args *args, struct batch_of_epochs *b)
{
	struct epoch_opened opened[EPOCH_OPEN_MAX] = {0};
	enum err err = ERR_OK;

	if (b->len == 0)
		return ERR_OK;
	RETURN_IF(open_under_charter(args, b, opened));
	for (size_t i = 0; i < b->len; i++)
		e->items[b->index[i]].opened = opened[i];
	for (size_t i = 0; i < b->len && err == ERR_OK; i++)
		err = take_keys(&e->items[b->index[i]]);
	for (size_t i = 0; i < b->len && err == ERR_OK; i++)
		err = take_lists(&e->items[b->index[i]], &b->lists);
	b->len = 0;
	return err;
}

/* Lists of an open epoch never change: what they lack needs the next one. */
static enum err close_one(struct ingest_epoch *e, struct owner *w)
{
	int64_t number = e->opened.row.number;

	secret_free(TAKE(e->keys));
	RETURN_IF(epoch_close_all(w, &number, 1, NULL));
	epoch_opened_release(&e->opened);
	epoch_lists_release(&e->lists);
	*e = (struct ingest_epoch){0};
	return ERR_OK;
}

enum err ingest_epochs_open(struct ingest_epochs *e,
    const struct ingest_args *args, const uint8_t *wanted,
    const struct epoch_lists *needed, uint64_t *ret_opened)
{
	CLEANUP(batch_of_epochs_release) struct batch_of_epochs b = {0};

	*ret_opened = 0;
	for (size_t i = 0; i < e->len; i++) {
		if (wanted[i] == INGEST_EPOCH_ANEW)
			RETURN_IF(close_one(&e->items[i], args->owner));
		if (wanted[i] == INGEST_EPOCH_UNUSED || e->items[i].is_open)
			continue;
		if (b.lists.sources_len == 0)
			RETURN_IF(make_lists(args, needed, &b.lists));
		RETURN_IF(want(&b, args, i));
		*ret_opened += 1;
		if (b.len == EPOCH_OPEN_MAX)
			RETURN_IF(open_batch(e, args, &b));
	}
	return open_batch(e, args, &b);
}

/* ---- closing ---- */

enum err ingest_epochs_close(struct ingest_epochs *e, struct owner *w)
{
	int64_t numbers[EPOCH_OPEN_MAX];
	size_t len = 0;
	enum err err = ERR_OK;

	for (size_t i = 0; i < e->len; i++)
		secret_free(TAKE(e->items[i].keys));
	for (size_t i = 0; i < e->len && err == ERR_OK; i++) {
		if (e->items[i].opened.row.number != 0)
			numbers[len++] = e->items[i].opened.row.number;
		if (len == EPOCH_OPEN_MAX || (len > 0 && i + 1 == e->len)) {
			err = epoch_close_all(w, numbers, len, NULL);
			len = 0;
		}
	}
	for (size_t i = 0; i < e->len; i++) {
		epoch_opened_release(&e->items[i].opened);
		epoch_lists_release(&e->items[i].lists);
		e->items[i] = (struct ingest_epoch){0};
	}
	return err;
}
