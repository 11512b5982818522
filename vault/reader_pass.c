/* vault/reader_pass.c - passes: segments are opened into slots, up to four
 * ahead of the caller; whoever has nothing better to do, caller or worker,
 * takes the next one.  They come out in the order of the list. */
#include "vault/reader_internal.h"

#include <stdlib.h>
#include <string.h>

enum err
reader_pass_read(struct db *db, const struct reader_segment *g,
    struct buf *bytes, struct segment_view *ret)
{
	uint8_t leaf[SEGMENT_LEAF_LEN];
	enum err e = store_segment_read_db(db, g->number, g->version, bytes);

	if (e != ERR_OK)
		return e == ERR_NOT_FOUND ? ERR_CHANGED : e;
	RETURN_IF(segment_view_open(bytes_buf(bytes), ret));
	RETURN_IF(segment_leaf(bytes_buf(bytes), leaf));
	return ret->count == g->records &&
	    memcmp(leaf, g->leaf, sizeof(leaf)) == 0 ? ERR_OK : ERR_CORRUPT;
}

/* ---- one segment ---- */

static int
is_wanted(const struct reader *r, uint32_t respondent)
{
	if (r->only == NULL)
		return 1;
	return respondent / 8 < r->only_len &&
	    (r->only[respondent / 8] >> (respondent % 8) & 1) != 0;
}

static void
count_fate(struct reader_counts *c, enum reader_fate fate, int later)
{
	switch (fate) {
	case READER_YIELD:
		c->considered++;
		c->yielded++;
		c->covered_by_later += later != 0;
		break;
	case READER_NO_CONSENT:
		c->considered++;
		c->no_consent++;
		break;
	case READER_WITHDRAWN:
		c->considered++;
		c->withdrawn++;
		break;
	case READER_OUT_OF_PERIOD:
		c->out_of_period++;
		break;
	case READER_GONE:
		c->erased++;
		break;
	}
}

/* Open one answer at ${plain}; ${ret_used} bytes stay in use when it is to
 * come out. */
static enum err
open_answer(const struct reader *r, const struct reader_segment *g,
    const struct segment_record *rec, uint8_t *plain, struct reader_slot *s,
    size_t *ret_used)
{
	struct reader_record *out = &s->records[s->len];
	size_t len = rec->entry.length - RECORD_OVERHEAD;
	struct record_plain p;
	struct record_ref ref;
	enum reader_fate fate;
	int gone;

	*ret_used = 0;
	RETURN_IF(reader_judge_ref(r, &rec->entry, &ref, &gone));
	if (gone) {
		count_fate(&s->counts, READER_GONE, 0);
		return ERR_OK;
	}
	RETURN_IF(record_open(r->keys[g->epoch], &ref,
	    bytes_of(rec->sealed, rec->entry.length), plain));
	RETURN_IF(record_plain_parse(RECORD_RESPONSE, r->lists[g->epoch],
	    bytes_of(plain, len), &p));
	*out = (struct reader_record){
		.respondent = rec->entry.respondent,
		.event_unix_s = p.event_unix_s, .epoch = g->epoch,
		.packed = p.body,
	};
	memcpy(out->id, rec->sealed, sizeof(out->id));
	if (grant_reident(r->grant)[0] != '\0') {
		out->user_code = (uint8_t)p.user_code;
		out->user = p.user;
		out->source = p.source;
	}
	RETURN_IF(reader_judge_answer(r, &p, out, &fate));
	count_fate(&s->counts, fate, out->consent_is_later);
	if (fate != READER_YIELD)
		return ERR_OK;
	s->len++;
	*ret_used = len;
	return ERR_OK;
}

/* Plaintext is shorter than the sealed bytes it comes from. */
static enum err
make_room(struct reader_slot *s, uint32_t records)
{
	size_t need = s->bytes.len;

	if (s->cap < records) {
		void *p = reallocarray(s->records, records,
		    sizeof(*s->records));

		if (p == NULL)
			return ERR_NOMEM;
		s->records = p;
		s->cap = records;
	}
	if (s->plain.len >= need)
		return ERR_OK;
	secret_pool_release(&s->plain);
	return secret_pool_init(&s->plain, need + need / 2);
}

/* Keys and tags lie far apart: ask for them before they are needed. */
static void
fetch_ahead(const struct reader *r, const struct segment_view *v)
{
	uint32_t who = segment_view_peek(v, 3);

	if (who >= r->respondents || who >= r->secrets.count)
		return;
	__builtin_prefetch(r->secrets.pool.data + (size_t)who * ERASE_KEY_LEN);
	__builtin_prefetch(r->tags + (size_t)who * STORE_TAG_LEN);
	__builtin_prefetch(&r->states[who]);
	__builtin_prefetch(&r->generations[who]);
	__builtin_prefetch(&r->secrets.generations[who]);
}

static enum err
open_segment(const struct reader *r, struct db *db, struct reader_slot *s)
{
	const struct reader_segment *g = &r->answers.items[s->segment];
	struct segment_view v;
	struct segment_record rec;
	size_t at = 0, used;

	s->len = 0;
	s->counts = (struct reader_counts){0};
	RETURN_IF(reader_pass_read(db, g, &s->bytes, &v));
	RETURN_IF(make_room(s, v.count));
	while (segment_view_next(&v, &rec)) {
		fetch_ahead(r, &v);
		if (rec.entry.flags & SEGMENT_REMOVED) {
			s->counts.removed++;
		} else if (rec.entry.kind != RECORD_RESPONSE) {
			s->counts.other_kinds++;
		} else if (is_wanted(r, rec.entry.respondent)) {
			RETURN_IF(open_answer(r, g, &rec, s->plain.data + at,
			    s, &used));
			at += used;
		}
	}
	return ERR_OK;
}

/* ---- slots ---- */

static struct reader_slot *
slot_of(struct reader *r, size_t segment)
{
	return &r->slots[segment % READER_SLOTS];
}

/* Under the lock: take the next segment if its slot is free. */
static struct reader_slot *
claim(struct reader *r)
{
	struct reader_slot *s = slot_of(r, r->claimed);

	if (r->claimed >= r->answers.len || s->state != READER_FREE)
		return NULL;
	s->state = READER_TAKEN;
	s->segment = r->claimed++;
	return s;
}

/* Takes the lock away while it works. */
static void
work(struct reader *r, struct db *db, struct reader_slot *s)
{
	(void)pthread_mutex_unlock(&r->lock);
	s->e = open_segment(r, db, s);
	(void)pthread_mutex_lock(&r->lock);
	s->state = READER_READY;
	(void)pthread_cond_broadcast(&r->moved);
}

static void *
worker_main(void *ctx)
{
	struct reader *r = ctx;

	(void)pthread_mutex_lock(&r->lock);
	while (!r->stop) {
		struct reader_slot *s = claim(r);

		if (s != NULL)
			work(r, r->worker_db, s);
		else
			(void)pthread_cond_wait(&r->moved, &r->lock);
	}
	(void)pthread_mutex_unlock(&r->lock);
	return NULL;
}

enum err
reader_pass_start(struct reader *r, unsigned threads)
{
	if (pthread_mutex_init(&r->lock, NULL) != 0)
		return ERR_NOMEM;
	r->lock_made = 1;
	if (pthread_cond_init(&r->moved, NULL) != 0)
		return ERR_NOMEM;
	r->cond_made = 1;
	if (threads < 2)
		return ERR_OK;
	RETURN_IF(db_open_again(r->db, &r->worker_db));
	if (pthread_create(&r->worker, NULL, worker_main, r) != 0)
		return ERR_NOMEM;
	r->worker_runs = 1;
	return ERR_OK;
}

void
reader_pass_stop(struct reader *r)
{
	if (r->worker_runs) {
		(void)pthread_mutex_lock(&r->lock);
		r->stop = 1;
		(void)pthread_cond_broadcast(&r->moved);
		(void)pthread_mutex_unlock(&r->lock);
		(void)pthread_join(r->worker, NULL);
		r->worker_runs = 0;
	}
	if (r->cond_made)
		(void)pthread_cond_destroy(&r->moved);
	if (r->lock_made)
		(void)pthread_mutex_destroy(&r->lock);
	r->cond_made = r->lock_made = 0;
	for (size_t i = 0; i < READER_SLOTS; i++) {
		buf_release(&r->slots[i].bytes);
		secret_pool_release(&r->slots[i].plain);
		free(TAKE(r->slots[i].records));
		r->slots[i] = (struct reader_slot){0};
	}
	r->given = NULL;
	db_close(TAKE(r->worker_db));
}

static void
give_back(struct reader *r)
{
	if (r->given == NULL)
		return;
	r->given->state = READER_FREE;
	r->given = NULL;
	(void)pthread_cond_broadcast(&r->moved);
}

/* Under the lock: until segment r->next is open. */
static struct reader_slot *
wait_for_next(struct reader *r)
{
	for (;;) {
		struct reader_slot *s = slot_of(r, r->next), *mine;

		if (s->state == READER_READY && s->segment == r->next)
			return s;
		mine = claim(r);
		if (mine != NULL)
			work(r, r->db, mine);
		else
			(void)pthread_cond_wait(&r->moved, &r->lock);
	}
}

static void
add_counts(struct reader_counts *to, const struct reader_counts *c)
{
	to->considered += c->considered;
	to->yielded += c->yielded;
	to->no_consent += c->no_consent;
	to->withdrawn += c->withdrawn;
	to->erased += c->erased;
	to->out_of_period += c->out_of_period;
	to->removed += c->removed;
	to->other_kinds += c->other_kinds;
	to->covered_by_later += c->covered_by_later;
}

static enum err
next_locked(struct reader *r, struct reader_batch *ret)
{
	struct reader_slot *s;

	do {
		give_back(r);
		if (r->next >= r->answers.len) {
			*ret = (struct reader_batch){0};
			return ERR_OK;
		}
		s = wait_for_next(r);
		RETURN_IF(s->e);
		r->given = s;
		r->next++;
		add_counts(&r->counts, &s->counts);
	} while (s->len == 0);
	*ret = (struct reader_batch){.records = s->records, .len = s->len};
	return ERR_OK;
}

enum err
reader_next(struct reader *r, struct reader_batch *ret)
{
	enum err e;

	(void)pthread_mutex_lock(&r->lock);
	e = next_locked(r, ret);
	(void)pthread_mutex_unlock(&r->lock);
	return e;
}

/* Under the lock: no segment is in anybody's hands. */
static void
drain(struct reader *r)
{
	int busy;

	give_back(r);
	r->claimed = r->answers.len;    /* nobody begins another one */
	do {
		busy = 0;
		for (size_t i = 0; i < READER_SLOTS; i++)
			busy |= r->slots[i].state == READER_TAKEN;
		if (busy)
			(void)pthread_cond_wait(&r->moved, &r->lock);
	} while (busy);
}

enum err
reader_rewind(struct reader *r, const uint8_t *only, size_t only_len)
{
	(void)pthread_mutex_lock(&r->lock);
	drain(r);
	for (size_t i = 0; i < READER_SLOTS; i++)
		r->slots[i].state = READER_FREE;
	r->only = only;
	r->only_len = only_len;
	r->counts = (struct reader_counts){0};
	r->next = 0;
	r->claimed = 0;
	(void)pthread_cond_broadcast(&r->moved);
	(void)pthread_mutex_unlock(&r->lock);
	return ERR_OK;
}

void
reader_count(const struct reader *r, struct reader_counts *ret)
{
	*ret = r->counts;
}
