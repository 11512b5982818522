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
		epoch_opened_release(&e->items[i].opened);
	}
	free(e->items);
	*e = (struct ingest_epochs){0};
}

/* ---- opening ---- */

struct batch_of_epochs {
	struct epoch_wanted wanted[EPOCH_OPEN_MAX];
	char subjects[EPOCH_OPEN_MAX][EPOCH_SUBJECT_MAX + 1];
	size_t index[EPOCH_OPEN_MAX];
	size_t len;
};

static enum err want(struct batch_of_epochs *b,
    const struct ingest_args *args, size_t i)
{
	const struct intake_rules *rules = args->rules;
	struct epoch_wanted *wanted = &b->wanted[b->len];
	int len;

	*wanted = (struct epoch_wanted){.kind = EPOCH_KIND_EPOCH,
	    .subject = "register"};
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
	b->len = 0;
	return err;
}

enum err ingest_epochs_open(struct ingest_epochs *e,
    const struct ingest_args *args, const uint8_t *wanted,
    uint64_t *ret_opened)
{
	struct batch_of_epochs b = {0};

	*ret_opened = 0;
	for (size_t i = 0; i < e->len; i++) {
		if (!wanted[i] || e->items[i].is_open)
			continue;
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
		e->items[i].opened = (struct epoch_opened){0};
		e->items[i].is_open = 0;
	}
	return err;
}
