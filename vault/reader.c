/* vault/reader.c - the snapshot a reader works on. */
#include "vault/reader_internal.h"

#include <stdlib.h>
#include <string.h>

#include "keys/digest.h"
#include "vault/store_epoch.h"

/* ---- epochs ---- */

static enum err
check_grant(const struct reader_args *args)
{
	if (strcmp(grant_owner(args->grant), store_owner(args->store)) != 0)
		return ERR_REFUSED;
	if (args->now_unix_s >= grant_expires_unix_s(args->grant))
		return ERR_EXPIRED;
	return args->epochs_len == grant_epochs_len(args->grant) ? ERR_OK :
	    ERR_REFUSED;
}

/* Each epoch once: as many distinct ones as the grant has are all of them. */
static enum err
check_distinct(const struct reader_args *args, size_t i)
{
	if (grant_find_epoch(args->grant, args->epochs[i].id) == NULL)
		return ERR_REFUSED;
	for (size_t k = 0; k < i; k++)
		if (memcmp(args->epochs[i].id, args->epochs[k].id,
		    sizeof(args->epochs[i].id)) == 0)
			return ERR_REFUSED;
	return ERR_OK;
}

static enum err
check_epoch(const struct reader_args *args, const struct store_epoch *e,
    const struct record_epoch_keys *keys)
{
	const struct grant_epoch *g = grant_find_epoch(args->grant, e->id);

	if (!e->closed)
		return ERR_STATE;
	if (memcmp(g->sha256, e->sha256, sizeof(e->sha256)) != 0 ||
	    memcmp(keys->epoch_sha256, e->sha256, sizeof(e->sha256)) != 0 ||
	    memcmp(keys->subject_sha256, e->subject_sha256,
	    sizeof(e->subject_sha256)) != 0)
		return ERR_MISMATCH;
	if (e->kind == STORE_EPOCH_SURVEY &&
	    memcmp(e->subject_sha256, grant_survey_sha256(args->grant),
	    sizeof(e->subject_sha256)) != 0)
		return ERR_MISMATCH;
	return e->kind == STORE_EPOCH_SURVEY ||
	    e->kind == STORE_EPOCH_REGISTER ? ERR_OK : ERR_REFUSED;
}

static enum err
check_sums(const struct grant_epoch *g, const struct store_segment_list *l)
{
	uint8_t root[SEGMENT_LEAF_LEN];
	uint64_t records;

	RETURN_IF(store_segment_root(l, root, &records));
	return records == g->records &&
	    memcmp(root, g->root, sizeof(root)) == 0 ? ERR_OK : ERR_CORRUPT;
}

static enum err
take_segments(struct reader_segments *to, const struct store_segment_list *l,
    uint32_t epoch)
{
	if (to->len + l->len > to->cap) {
		size_t cap = (to->len + l->len) * 2;
		void *p = reallocarray(to->items, cap, sizeof(*to->items));

		if (p == NULL)
			return ERR_NOMEM;
		to->items = p;
		to->cap = cap;
	}
	for (size_t i = 0; i < l->len; i++) {
		const struct store_segment *g = &l->items[i];
		struct reader_segment *s = &to->items[to->len++];

		*s = (struct reader_segment){
			.number = g->number, .version = g->version,
			.records = g->records, .removed = g->removed,
			.epoch = epoch,
		};
		memcpy(s->leaf, g->leaf, sizeof(s->leaf));
	}
	return ERR_OK;
}

static enum err
take_epoch(struct reader *r, const struct reader_args *args, size_t i)
{
	CLEANUP(store_segment_list_release) struct store_segment_list l = {0};
	const struct reader_epoch *a = &args->epochs[i];
	struct store_epoch e;

	RETURN_IF(check_distinct(args, i));
	RETURN_IF(store_epoch_by_id(args->store, a->id, &e));
	RETURN_IF(check_epoch(args, &e, a->keys));
	RETURN_IF(store_segment_list(args->store, e.number, 0, &l));
	RETURN_IF(check_sums(grant_find_epoch(args->grant, a->id), &l));
	r->keys[i] = a->keys;
	r->lists[i] = a->lists;
	return take_segments(e.kind == STORE_EPOCH_REGISTER ? &r->consents :
	    &r->answers, &l, (uint32_t)i);
}

/* ---- respondents ---- */

static int
holds(uint8_t given, uint8_t needed)
{
	return (given & STORE_SCOPE_ALL) != 0 || (given & needed) == needed;
}

/* What the grant may ask for, one by one. */
static uint8_t
scopes_needed(const struct reader *r)
{
	return r->scopes & STORE_SCOPE_ALL ? STORE_SCOPE_SUPPORT |
	    STORE_SCOPE_RESEARCH | STORE_SCOPE_RECONTACT : r->scopes;
}

static enum err
take_respondent(void *ctx, uint32_t number, const struct store_entry *e)
{
	struct reader *r = ctx;
	uint8_t state = 0;

	if (number >= r->respondents)
		return ERR_CHANGED;
	if (e->state == STORE_ERASED || e->state == STORE_STOP_LISTED)
		state |= READER_ERASED;
	if (e->state == STORE_STOPPING)
		state |= READER_STOPPING;
	if (!holds(e->scopes, scopes_needed(r)))
		state |= READER_NO_SCOPE;
	memcpy(r->tags + (size_t)number * STORE_TAG_LEN, e->tag,
	    STORE_TAG_LEN);
	r->states[number] = state;
	r->generations[number] = e->generation;
	return ERR_OK;
}

static enum err
take_respondents(struct reader *r, struct store *s)
{
	size_t room;

	RETURN_IF(store_entry_count(s, &r->respondents));
	room = r->respondents == 0 ? 1 : r->respondents;
	r->tags = calloc(room, STORE_TAG_LEN);
	r->states = calloc(room, sizeof(*r->states));
	r->generations = calloc(room, sizeof(*r->generations));
	if (r->tags == NULL || r->states == NULL || r->generations == NULL)
		return ERR_NOMEM;
	RETURN_IF(store_entry_each(s, take_respondent, r));
	RETURN_IF(store_respondent_withdrawn_all(s, &r->withdrawn));
	for (size_t i = 0; i < r->withdrawn.len; i++) {
		if (r->withdrawn.items[i].number >= r->respondents)
			return ERR_CORRUPT;
		r->states[r->withdrawn.items[i].number] |= READER_WITHDREW;
	}
	return ERR_OK;
}

/* ---- opening ---- */

static enum err
take_snapshot(struct reader *r, const struct reader_args *args)
{
	CLEANUP(db_snapshot_end) struct db_snapshot snap = {0};

	RETURN_IF(db_snapshot_begin(store_db(args->store), &snap));
	for (size_t i = 0; i < args->epochs_len; i++)
		RETURN_IF(take_epoch(r, args, i));
	RETURN_IF(take_respondents(r, args->store));
	db_forget_pages(store_db(args->store));
	return ERR_OK;
}

enum err
reader_open(const struct reader_args *args, struct reader **ret)
{
	CLEANUP(reader_cleanup) struct reader *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return ERR_NOMEM;
	r->grant = args->grant;
	r->now_unix_s = args->now_unix_s;
	r->scopes = grant_scopes(args->grant);
	RETURN_IF(check_grant(args));
	r->keys = calloc(args->epochs_len + 1, sizeof(*r->keys));
	r->lists = calloc(args->epochs_len + 1, sizeof(*r->lists));
	if (r->keys == NULL || r->lists == NULL)
		return ERR_NOMEM;
	/* Keys before states: who is erased in between is then known as
	 * erased, and a key missing without that stays a fault. */
	RETURN_IF(erase_load(args->erase, &r->secrets));
	RETURN_IF(take_snapshot(r, args));
	RETURN_IF(db_open_again(store_db(args->store), &r->db));
	RETURN_IF(reader_later_collect(r));
	RETURN_IF(reader_pass_start(r, args->threads));
	*ret = TAKE(r);
	return ERR_OK;
}

void
reader_end_passes(struct reader *r)
{
	reader_pass_stop(r);
	erase_keys_release(&r->secrets);
	db_close(TAKE(r->db));
}

void
reader_close(struct reader *r)
{
	if (r == NULL)
		return;
	reader_end_passes(r);
	store_withdrawn_list_release(&r->withdrawn);
	free(r->keys);
	free(r->lists);
	free(r->answers.items);
	free(r->consents.items);
	free(r->tags);
	free(r->states);
	free(r->generations);
	free(r->later);
	free(r);
}

void
reader_cleanup(struct reader **r)
{
	reader_close(*r);
}

uint32_t
reader_respondents(const struct reader *r)
{
	return r->respondents;
}

const uint8_t *
reader_tag(const struct reader *r, uint32_t respondent)
{
	MUST_HOLD(respondent < r->respondents);
	return r->tags + (size_t)respondent * STORE_TAG_LEN;
}
