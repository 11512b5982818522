/* Shares become keys: in locked memory, for the length of one job. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/erase.h"
#include "app/job_internal.h"
#include "app/ops/freeze.h"
#include "keys/arrangement.h"
#include "keys/plan_key.h"
#include "keys/record.h"
#include "keys/share.h"
#include "vault/store_epoch.h"

struct released {
	struct buf texts;               /* all share texts of one seat */
	struct bytes rest;              /* what is not used yet */
};

struct combining {
	struct owner *w;
	const struct job_case *c;
	struct released seats[JOB_SEATS_MAX];
	size_t len;
};

static void combining_release(struct combining *x)
{
	for (size_t i = 0; i < x->len; i++)
		buf_release(&x->seats[i].texts);
}

void job_keys_release(struct job_keys *k)
{
	secret_pool_release(&k->pool);
	for (size_t i = 0; k->lists != NULL && i < k->len; i++)
		epoch_lists_release(&k->lists[i]);
	free(k->lists);
	free(k->epochs);
	*k = (struct job_keys){0};
}

/* ---- opening what the seats released ---- */

static enum err open_seat(struct combining *x, const struct age_keys *keys,
    const char *seat)
{
	struct home *h = x->w->home;
	CLEANUP(buf_release) struct buf file = {.max = SHARE_LIST_MAX};
	struct released *r = &x->seats[x->len];
	char path[FS_PATH_MAX];
	enum err e;

	RETURN_IF(home_path(h, path, "run/plans/%s.%s.shares", x->c->row.id,
	    seat));
	e = fs_read_file(path, SHARE_LIST_MAX, &file);
	if (e == ERR_NOT_FOUND)
		return ERR_OK;
	RETURN_IF(e);
	*r = (struct released){.texts = {.max = SHARE_LIST_MAX}};
	x->len++;
	RETURN_IF(age_open_buf(keys, bytes_buf(&file), &r->texts));
	r->rest = bytes_buf(&r->texts);
	return ERR_OK;
}

static enum err open_seats(struct combining *x)
{
	CLEANUP(secret_cleanup) struct secret *secret = NULL;
	struct home *h = x->w->home;
	char path[FS_PATH_MAX];
	enum err e;

	RETURN_IF(freeze_key_path(h, x->c->row.id, path));
	e = plan_key_read(h->keys, path, &secret);
	if (e == ERR_NOT_FOUND)
		return outcome_refuse(h->outcome, ERR_STATE,
		    "the secret of %s is gone: the plan has ended, freeze a new one",
		    "%sの秘密鍵はもうありません。計画は終わっています。新しく確定してください",
		    x->c->row.id);
	RETURN_IF(e);
	const struct secret *identities[1] = {secret};
	struct age_keys keys = {.identities = identities, .identities_len = 1};

	for (size_t i = 0; i < x->c->votes_len; i++)
		RETURN_IF(open_seat(x, &keys, x->c->votes[i].seat));
	if (x->len < x->c->plan.threshold)
		return outcome_refuse(h->outcome, ERR_THRESHOLD,
		    "%zu of %u seats have released their shares; the others run azukari approve once more",
		    "シェアを開示した席は%zu、必要なのは%uです。他の席はもう一度 azukari approve を実行してください",
		    x->len, x->c->plan.threshold);
	return ERR_OK;
}

/* ---- one key ---- */

/* The next share of every seat belongs to the same epoch. */
static enum err next_shares(struct combining *x, struct bytes *texts)
{
	for (size_t i = 0; i < x->len; i++)
		RETURN_IF(share_next(&x->seats[i].rest, &texts[i]));
	return ERR_OK;
}

static enum err read_epoch(struct combining *x, const struct store_epoch *row,
    struct epoch *ret, struct arrangement *ret_arrangement)
{
	CLEANUP(buf_release) struct buf text = {0};
	CLEANUP(buf_release) struct buf arranged = {0};
	struct err_info *info = &x->w->home->outcome->info;

	RETURN_IF(store_epoch_text(x->w->store, row->number, &text));
	RETURN_IF(epoch_parse(bytes_buf(&text), ret, info));
	if (row->arrangement == 0)
		return ERR_OK;
	RETURN_IF(store_epoch_arrangement_text(x->w->store, row->number,
	    &arranged));
	return arrangement_parse(bytes_buf(&arranged), ret, ret_arrangement,
	    info);
}

static enum err combine_next(struct combining *x,
    const struct store_epoch *row, const uint8_t sha256[DIGEST_LEN],
    struct epoch *epoch, uint8_t *ret_ek)
{
	struct bytes texts[JOB_SEATS_MAX];
	struct arrangement a;
	struct share_set set = {.epoch = epoch, .texts = texts, .len = x->len,
	    .in_force = row->arrangement == 0 ? NULL : &a.seats};

	RETURN_IF(read_epoch(x, row, epoch, &a));
	if (memcmp(epoch->sha256, sha256, DIGEST_LEN) != 0)
		return ERR_CORRUPT;
	RETURN_IF(next_shares(x, texts));
	return share_combine_into(&set, ret_ek, &x->w->home->outcome->info);
}

static enum err list_text(void *ctx, const struct register_document *doc)
{
	enum err e = epoch_lists_add_text(ctx, doc->sha256);

	return e == ERR_LIMIT ? ERR_OK : e;
}

/* Records of the first format name a text by half of its digest: the plan's
 * texts may be meant, and all others, so that one that begins alike is seen. */
static enum err list_texts(const struct combining *x, struct epoch_lists *ret)
{
	const struct plan *p = &x->c->plan;
	const struct register_query all = {.kind = REGISTER_CONSENT_TEXT,
	    .owner = x->w->code};

	for (size_t i = 0; i < p->texts_len; i++)
		RETURN_IF(epoch_lists_add_text(ret, p->texts[i].sha256));
	return register_document_each(x->w->home->reg, &all, list_text, ret);
}

/* What its records refer to, from the epoch.txt that was planned. */
static enum err read_lists(struct combining *x, const struct store_epoch *row,
    const uint8_t sha256[DIGEST_LEN], struct epoch_lists *ret)
{
	CLEANUP(buf_release) struct buf text = {0};
	uint8_t found[DIGEST_LEN];

	RETURN_IF(store_epoch_text(x->w->store, row->number, &text));
	digest_sha256(bytes_buf(&text), found);
	if (memcmp(found, sha256, DIGEST_LEN) != 0)
		return ERR_CORRUPT;
	RETURN_IF(epoch_lists_parse(bytes_buf(&text), ret,
	    &x->w->home->outcome->info));
	return ret->of_first_format ? list_texts(x, ret) : ERR_OK;
}

static enum err combine_epoch(struct combining *x, size_t i,
    struct job_keys *k)
{
	const struct plan_epoch *p = &x->c->epochs.items[i];
	SECRET_BYTES(ek, EPOCH_KEY_LEN);
	struct store_epoch row;
	struct epoch epoch;
	struct reader_epoch *out = &k->epochs[i];

	RETURN_IF(store_epoch_by_id(x->w->store, p->id, &row));
	RETURN_IF(combine_next(x, &row, p->sha256, &epoch, ek));
	RETURN_IF(read_lists(x, &row, p->sha256, &k->lists[i]));
	record_epoch_keys_derive(&k->records[i], ek, epoch.sha256,
	    epoch.facts.subject_sha256);
	if (k->lists[i].of_first_format)
		k->records[i].format = RECORD_FORMAT_FIRST;
	memcpy(out->id, p->id, sizeof(out->id));
	out->keys = &k->records[i];
	out->lists = &k->lists[i];
	return ERR_OK;
}

static enum err combine_project(struct combining *x, struct job_keys *k)
{
	const struct job_case *c = x->c;
	struct store_epoch row;

	RETURN_IF(store_epoch_project(x->w->store, c->row.project,
	    c->row.partner, &row));
	return combine_next(x, &row, c->plan.project_epoch_sha256,
	    &k->project_epoch, k->project);
}

/* The key of the owner's release records. */
static enum err combine_memory(struct combining *x, struct job_keys *k)
{
	const struct plan_key *named = plan_find_key(&x->c->plan,
	    PLAN_KEY_MEMORY);
	SECRET_BYTES(key, EPOCH_KEY_LEN);
	struct store_epoch row;
	struct epoch epoch;

	if (named == NULL)
		return outcome_refuse(x->w->home->outcome, ERR_STATE,
		    "%s names no key of the release records: it was frozen by an older version, freeze a new one",
		    "%sには提供記録の鍵がありません。古い版で確定された計画です。新しく確定してください",
		    x->c->row.id);
	RETURN_IF(store_epoch_by_id(x->w->store, named->id, &row));
	RETURN_IF(combine_next(x, &row, named->sha256, &epoch, key));
	if (epoch.facts.kind != EPOCH_KIND_PROJECT ||
	    strcmp(epoch.facts.subject, "memory") != 0)
		return ERR_CORRUPT;
	memory_key_derive(k->memory, key, epoch.sha256);
	return ERR_OK;
}

static enum err check_used_up(const struct combining *x)
{
	for (size_t i = 0; i < x->len; i++)
		if (x->seats[i].rest.len != 0)
			return ERR_SYNTAX;
	return ERR_OK;
}

static enum err make_room(size_t epochs, struct job_keys *k)
{
	size_t records = epochs * sizeof(*k->records);

	RETURN_IF(secret_pool_init(&k->pool, records + sizeof(*k->memory) +
	    EPOCH_KEY_LEN));
	k->records = (void *)k->pool.data;
	k->memory = (void *)(k->pool.data + records);
	k->project = k->pool.data + records + sizeof(*k->memory);
	k->epochs = calloc(epochs, sizeof(*k->epochs));
	k->lists = calloc(epochs, sizeof(*k->lists));
	k->len = epochs;
	return k->epochs == NULL || k->lists == NULL ? ERR_NOMEM : ERR_OK;
}

enum err job_reader_open(struct owner *w, const struct reader_args *args,
    struct reader **ret)
{
	CLEANUP(fs_lock_release) struct fs_lock lock = {0};
	struct reader_args all = *args;

	RETURN_IF(erase_lock_share(w->home, w->code, &lock));
	RETURN_IF(home_owner_renew(w));
	all.store = w->store;
	all.erase = w->erase;
	return reader_open(&all, ret);
}

enum err job_keys_combine(struct owner *w, const struct job_case *c,
    struct job_keys *ret)
{
	CLEANUP(combining_release) struct combining x = {.w = w, .c = c};

	RETURN_IF(open_seats(&x));
	RETURN_IF(make_room(c->epochs.len, ret));
	for (size_t i = 0; i < c->epochs.len; i++)
		RETURN_IF(combine_epoch(&x, i, ret));
	RETURN_IF(combine_memory(&x, ret));
	RETURN_IF(combine_project(&x, ret));
	return check_used_up(&x);
}
