/* vault/store_respondent.c - respondents and their consent state. */
#include "vault/store_respondent.h"

#include <stdlib.h>
#include <string.h>

#include "vault/store_internal.h"

enum {
	WITHDRAWAL_ADD,
	WITHDRAWALS_OF, WITHDRAWALS_ALL, WITHDRAWN_SINCE,
	ANY_SINCE, WITHDREW_SINCE, HOLD_OF, ERASURE_ADD,
};
static const char *const SQL[] = {
	[WITHDRAWAL_ADD] = "INSERT INTO withdrawal_row (respondent, scopes, "
	    "permanent, at, noted, hold_until, act) "
	    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
	[WITHDRAWALS_OF] = "SELECT respondent, scopes, at FROM withdrawal "
	    "WHERE respondent = ?1",
	[WITHDRAWALS_ALL] = "SELECT respondent, scopes, at FROM withdrawal "
	    "ORDER BY respondent",
	[WITHDRAWN_SINCE] = "SELECT count(*) FROM withdrawal "
	    "WHERE noted >= ?1 AND (scopes & 128) <> 0",
	[ANY_SINCE] = "SELECT EXISTS (SELECT 1 FROM withdrawal "
	    "WHERE noted >= ?1)",
	[WITHDREW_SINCE] = "SELECT EXISTS (SELECT 1 FROM withdrawal "
	    "WHERE respondent = ?1 AND noted >= ?2 "
	    "AND (scopes & (?3 | 128)) <> 0)",
	[HOLD_OF] = "SELECT max(hold_until), max(permanent) FROM withdrawal "
	    "WHERE respondent = ?1 AND (scopes & 128) <> 0",
	[ERASURE_ADD] = "INSERT INTO erasure_row (respondent, generation, act) "
	    "VALUES (?1, ?2, ?3)",
};
static const struct db_table TABLE = DB_TABLE(DB_SLOT_RESPONDENT, SQL);

#define ANY_SCOPE (STORE_SCOPE_SUPPORT | STORE_SCOPE_RESEARCH | \
	STORE_SCOPE_RECONTACT)

/* ---- finding ---- */

static enum err
fill(const struct store *s, uint32_t number, struct store_respondent *ret)
{
	const struct store_slim *slim = &s->index.items[number];
	struct store_respondent r = {
		.number = number, .generation = slim->generation,
		.state = slim->state,
	};
	const uint8_t *text = store_text_get(s, slim->text);

	if (slim->text != 0) {
		if (text == NULL)
			return ERR_CORRUPT;
		memcpy(r.consent.text, text, sizeof(r.consent.text));
		r.consent.scopes = slim->scopes;
		r.consent.given_unix_s = slim->given_unix_s;
	}
	*ret = r;
	return ERR_OK;
}

static enum err
ready(struct store *s)
{
	static const uint8_t none[STORE_TEXT_LEN];
	uint16_t ignored;

	RETURN_IF(store_refresh(s));
	RETURN_IF(store_index_load(&s->index, s));
	return store_text_find(s, none, &ignored);
}

static enum err
remember_fresh(struct store *s, const uint8_t tag[STORE_TAG_LEN])
{
	if (s->fresh.count == s->fresh.cap) {
		uint32_t cap = s->fresh.cap == 0 ? 256 : s->fresh.cap * 2;
		void *p = reallocarray(s->fresh.tags, cap,
		    sizeof(*s->fresh.tags));

		if (p == NULL)
			return ERR_NOMEM;
		s->fresh.tags = p;
		s->fresh.cap = cap;
	}
	memcpy(s->fresh.tags[s->fresh.count++], tag, STORE_TAG_LEN);
	return ERR_OK;
}

/* Fresh ones live in the index behind the stored ones (${s->fresh.first}) and
 * are taken out again unless store_respondent_add makes them stay. */
static enum err
add_fresh(struct store *s, const uint8_t tag[STORE_TAG_LEN])
{
	struct store_entry e = {.generation = 1, .state = STORE_ACTIVE};

	memcpy(e.tag, tag, STORE_TAG_LEN);
	RETURN_IF(store_index_add(&s->index, &e));
	return remember_fresh(s, tag);
}

static void
forget_fresh(struct store *s)
{
	if (s->fresh.count != 0)
		store_index_release(&s->index);
	s->fresh.count = 0;
}

static enum err
find_all(struct store *s, const uint8_t *tags, size_t len,
    struct store_respondent *ret)
{
	for (size_t i = 0; i < len; i++) {
		const uint8_t *tag = tags + i * STORE_TAG_LEN;
		uint32_t n = store_index_find(&s->index, tag);

		if (n == UINT32_MAX) {
			RETURN_IF(add_fresh(s, tag));
			n = s->index.len - 1;
		}
		RETURN_IF(fill(s, n, &ret[i]));
		ret[i].fresh = n >= s->fresh.first;
	}
	return ERR_OK;
}

enum err
store_respondent_find(struct store *s, const uint8_t *tags, size_t len,
    struct store_respondent *ret, uint32_t *ret_first, uint32_t *ret_count)
{
	enum err e;

	forget_fresh(s);
	RETURN_IF(ready(s));
	s->fresh.first = s->index.len;
	e = find_all(s, tags, len, ret);
	if (e != ERR_OK) {
		forget_fresh(s);
		return e;
	}
	*ret_first = s->fresh.first;
	*ret_count = s->fresh.count;
	return ERR_OK;
}

enum err
store_respondent_add(struct store *s)
{
	CLEANUP(store_entry_block_cleanup) struct store_entry_block *b = NULL;
	struct store_entry e = {.generation = 1, .state = STORE_ACTIVE};
	uint32_t count, stored;

	if (!db_in_tx(s->db))
		return ERR_STATE;
	count = s->fresh.count;
	RETURN_IF(store_refresh(s));
	RETURN_IF(store_entry_count(s, &stored));
	if (s->fresh.count != count || (count > 0 && stored != s->fresh.first))
		return ERR_STATE;       /* another process was faster */
	RETURN_IF(store_entry_block_new(s, &b));
	for (uint32_t i = 0; i < count; i++) {
		memcpy(e.tag, s->fresh.tags[i], STORE_TAG_LEN);
		RETURN_IF(store_entry_block_set(b, s->fresh.first + i, &e));
	}
	RETURN_IF(store_entry_block_flush(b));
	s->fresh.count = 0;
	return ERR_OK;
}

struct one_tag {
	const uint8_t *tag;
	uint32_t number;
	struct store_entry entry;
};

static enum err
match_tag(void *ctx, uint32_t number, const struct store_entry *e)
{
	struct one_tag *want = ctx;

	if (memcmp(e->tag, want->tag, STORE_TAG_LEN) != 0)
		return ERR_OK;
	want->number = number;
	want->entry = *e;
	return ERR_EXISTS;
}

static enum err
fill_entry(struct store *s, uint32_t number, const struct store_entry *e,
    struct store_respondent *ret)
{
	static const uint8_t none[STORE_TEXT_LEN];
	struct store_respondent r = {
		.number = number, .generation = e->generation,
		.state = e->state,
		.consent = {.scopes = e->scopes,
		    .given_unix_s = e->given_unix_s},
	};
	const uint8_t *text;
	uint16_t ignored;

	RETURN_IF(store_text_find(s, none, &ignored));
	text = store_text_get(s, e->text);
	if (e->text != 0 && text == NULL)
		return ERR_CORRUPT;
	if (text != NULL)
		memcpy(r.consent.text, text, STORE_TEXT_LEN);
	*ret = r;
	return ERR_OK;
}

/* One respondent is not worth the index: a scan will do. */
enum err
store_respondent_get(struct store *s, const uint8_t tag[STORE_TAG_LEN],
    struct store_respondent *ret)
{
	struct one_tag want = {.tag = tag};
	enum err e;

	RETURN_IF(store_refresh(s));
	if (s->index.loaded && s->fresh.count == 0) {
		uint32_t n = store_index_find(&s->index, tag);

		if (n == UINT32_MAX)
			return ERR_NOT_FOUND;
		return store_respondent_get_number(s, n, ret,
		    (uint8_t[STORE_TAG_LEN]){0});
	}
	e = store_entry_each(s, match_tag, &want);
	if (e != ERR_EXISTS)
		return e == ERR_OK ? ERR_NOT_FOUND : e;
	return fill_entry(s, want.number, &want.entry, ret);
}

enum err
store_respondent_get_number(struct store *s, uint32_t number,
    struct store_respondent *ret, uint8_t ret_tag[STORE_TAG_LEN])
{
	CLEANUP(store_entry_block_cleanup) struct store_entry_block *b = NULL;
	struct store_entry e;

	RETURN_IF(store_refresh(s));
	RETURN_IF(store_entry_block_new(s, &b));
	RETURN_IF(store_entry_block_get(b, number, &e));
	RETURN_IF(fill_entry(s, number, &e, ret));
	memcpy(ret_tag, e.tag, STORE_TAG_LEN);
	return ERR_OK;
}

/* ---- withdrawals ---- */

static uint32_t
clamp_u32(int64_t v)
{
	return v < 0 ? 0 : v > (int64_t)UINT32_MAX ? UINT32_MAX : (uint32_t)v;
}

static void
raise_to(uint32_t *at, uint32_t v)
{
	if (v > *at)
		*at = v;
}

static void
merge_withdrawal(struct store_withdrawn *w, uint8_t scopes, int64_t at)
{
	if (scopes & (STORE_SCOPE_SUPPORT | STORE_SCOPE_ALL))
		raise_to(&w->support_unix_s, clamp_u32(at));
	if (scopes & (STORE_SCOPE_RESEARCH | STORE_SCOPE_ALL))
		raise_to(&w->research_unix_s, clamp_u32(at));
	if (scopes & (STORE_SCOPE_RECONTACT | STORE_SCOPE_ALL))
		raise_to(&w->recontact_unix_s, clamp_u32(at));
}

enum err
store_respondent_withdrawn(struct store *s, uint32_t number,
    struct store_withdrawn *ret)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};
	struct store_withdrawn w = {.number = number};
	int row;

	RETURN_IF(db_stmt_begin(s->db, &TABLE, WITHDRAWALS_OF, &st));
	db_bind_int(&st, 1, number);
	for (;;) {
		RETURN_IF(db_step(&st, &row));
		if (!row)
			break;
		merge_withdrawal(&w, (uint8_t)db_col_int(&st, 1),
		    db_col_int(&st, 2));
	}
	*ret = w;
	return ERR_OK;
}

void
store_withdrawn_list_release(struct store_withdrawn_list *l)
{
	free(l->items);
	*l = (struct store_withdrawn_list){0};
}

const struct store_withdrawn *
store_withdrawn_list_find(const struct store_withdrawn_list *l,
    uint32_t number)
{
	size_t from = 0, to = l->len;

	while (from < to) {
		size_t mid = from + (to - from) / 2;

		if (l->items[mid].number < number)
			from = mid + 1;
		else
			to = mid;
	}
	return from < l->len && l->items[from].number == number ?
	    &l->items[from] : NULL;
}

static enum err
last_for(struct store_withdrawn_list *l, size_t *cap, uint32_t number,
    struct store_withdrawn **ret)
{
	if (l->len > 0 && l->items[l->len - 1].number == number) {
		*ret = &l->items[l->len - 1];
		return ERR_OK;
	}
	if (l->len == *cap) {
		size_t more = *cap == 0 ? 64 : *cap * 2;
		void *p = reallocarray(l->items, more, sizeof(*l->items));

		if (p == NULL)
			return ERR_NOMEM;
		l->items = p;
		*cap = more;
	}
	l->items[l->len] = (struct store_withdrawn){.number = number};
	*ret = &l->items[l->len++];
	return ERR_OK;
}

enum err
store_respondent_withdrawn_all(struct store *s,
    struct store_withdrawn_list *ret)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};
	CLEANUP(store_withdrawn_list_release) struct store_withdrawn_list l =
	    {0};
	struct store_withdrawn *w;
	size_t cap = 0;
	int row;

	RETURN_IF(db_stmt_begin(s->db, &TABLE, WITHDRAWALS_ALL, &st));
	for (;;) {
		RETURN_IF(db_step(&st, &row));
		if (!row)
			break;
		RETURN_IF(last_for(&l, &cap, db_col_u32(&st, 0), &w));
		merge_withdrawal(w, (uint8_t)db_col_int(&st, 1),
		    db_col_int(&st, 2));
	}
	*ret = l;
	l = (struct store_withdrawn_list){0};
	return ERR_OK;
}

enum err
store_respondent_each_withdrawn(struct store *s, store_withdrawn_fn each,
    void *ctx)
{
	CLEANUP(store_withdrawn_list_release) struct store_withdrawn_list l =
	    {0};

	RETURN_IF(store_respondent_withdrawn_all(s, &l));
	for (size_t i = 0; i < l.len; i++)
		RETURN_IF(each(ctx, &l.items[i]));
	return ERR_OK;
}

static enum err
add_withdrawal(struct store *s, const struct store_withdrawal *w)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};

	RETURN_IF(db_stmt_begin(s->db, &TABLE, WITHDRAWAL_ADD, &st));
	db_bind_int(&st, 1, w->number);
	db_bind_int(&st, 2, w->scopes);
	db_bind_int(&st, 3, w->permanent != 0);
	db_bind_int(&st, 4, w->at_unix_s);
	db_bind_int(&st, 5, w->noted_unix_s);
	db_bind_int(&st, 6, w->hold_until_unix_s);
	db_bind_int(&st, 7, w->act);
	return db_run(&st);
}

enum err
store_respondent_withdraw(struct store *s, const struct store_withdrawal *w)
{
	CLEANUP(store_entry_block_cleanup) struct store_entry_block *b = NULL;
	struct store_entry e;

	if (w->scopes == 0 ||
	    (w->scopes & ~(ANY_SCOPE | STORE_SCOPE_ALL)) != 0)
		return ERR_RANGE;
	RETURN_IF(store_refresh(s));
	RETURN_IF(store_entry_block_new(s, &b));
	RETURN_IF(store_entry_block_get(b, w->number, &e));
	if (w->scopes & STORE_SCOPE_ALL) {
		e.scopes = 0;
		if (e.state == STORE_ACTIVE)
			e.state = STORE_STOPPING;
		/* nothing is left to erase, but a door to be shut */
		if (e.state == STORE_ERASED && w->permanent)
			e.state = STORE_STOP_LISTED;
	} else {
		e.scopes &= (uint8_t)~w->scopes;
	}
	RETURN_IF(add_withdrawal(s, w));
	s->withdrawn_loaded = 0;
	RETURN_IF(store_entry_block_set(b, w->number, &e));
	return store_entry_block_flush(b);
}

enum err
store_respondent_withdrawn_since(struct store *s, int64_t since_unix_s,
    uint64_t *ret)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};

	RETURN_IF(db_stmt_begin(s->db, &TABLE, WITHDRAWN_SINCE, &st));
	db_bind_int(&st, 1, since_unix_s);
	RETURN_IF(db_one(&st));
	*ret = db_col_u64(&st, 0);
	return ERR_OK;
}

enum err
store_respondent_any_withdrawn_since(struct store *s, int64_t since_unix_s,
    int *ret)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};

	RETURN_IF(db_stmt_begin(s->db, &TABLE, ANY_SINCE, &st));
	db_bind_int(&st, 1, since_unix_s);
	RETURN_IF(db_one(&st));
	*ret = db_col_int(&st, 0) != 0;
	return ERR_OK;
}

enum err
store_respondent_withdrew_since(struct store *s, uint32_t number,
    uint8_t scopes, int64_t since_unix_s, int *ret)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};

	RETURN_IF(db_stmt_begin(s->db, &TABLE, WITHDREW_SINCE, &st));
	db_bind_int(&st, 1, number);
	db_bind_int(&st, 2, since_unix_s);
	db_bind_int(&st, 3, scopes);
	RETURN_IF(db_one(&st));
	*ret = db_col_int(&st, 0) != 0;
	return ERR_OK;
}

/* ---- consents ---- */

/* Scopes of ${c} that were not withdrawn at or after it was given.  `all` as
 * a scope given means each of them. */
static uint8_t
left_in_force(const struct store_consent *c, const struct store_withdrawn *w)
{
	uint8_t scopes = c->scopes & STORE_SCOPE_ALL ? ANY_SCOPE : c->scopes;

	if (w->support_unix_s >= c->given_unix_s && w->support_unix_s != 0)
		scopes &= (uint8_t)~STORE_SCOPE_SUPPORT;
	if (w->research_unix_s >= c->given_unix_s && w->research_unix_s != 0)
		scopes &= (uint8_t)~STORE_SCOPE_RESEARCH;
	if (w->recontact_unix_s >= c->given_unix_s && w->recontact_unix_s != 0)
		scopes &= (uint8_t)~STORE_SCOPE_RECONTACT;
	return scopes;
}

static enum err
apply_consent(struct store *s, struct store_entry_block *b,
    const struct store_consent_change *change)
{
	static const struct store_withdrawn never;
	const struct store_consent *c = &change->consent;
	const struct store_withdrawn *w;
	struct store_entry e;
	uint8_t scopes;

	if (c->scopes == 0 ||
	    (c->scopes & ~(ANY_SCOPE | STORE_SCOPE_ALL)) != 0)
		return ERR_RANGE;
	RETURN_IF(store_entry_block_get(b, change->number, &e));
	if (e.state != STORE_ACTIVE)
		return ERR_OK;
	if (e.text != 0 && c->given_unix_s < e.given_unix_s)
		return ERR_OK;
	w = store_withdrawn_list_find(&s->withdrawn, change->number);
	scopes = left_in_force(c, w == NULL ? &never : w);
	if (scopes == 0)
		return ERR_OK;
	RETURN_IF(store_text_make(s, c->text, &e.text));
	e.scopes = scopes;
	e.given_unix_s = c->given_unix_s;
	return store_entry_block_set(b, change->number, &e);
}

static enum err
load_withdrawn(struct store *s)
{
	if (s->withdrawn_loaded)
		return ERR_OK;
	store_withdrawn_list_release(&s->withdrawn);
	RETURN_IF(store_respondent_withdrawn_all(s, &s->withdrawn));
	s->withdrawn_loaded = 1;
	return ERR_OK;
}

struct ordered {
	uint32_t number, at;
};

static int
by_number(const void *a, const void *b)
{
	const struct ordered *x = a, *y = b;

	if (x->number != y->number)
		return x->number < y->number ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

static void
free_ordered(struct ordered **o)
{
	free(*o);
}

enum err
store_respondent_consent(struct store *s,
    const struct store_consent_change *changes, size_t len)
{
	CLEANUP(free_ordered) struct ordered *order = NULL;
	CLEANUP(store_entry_block_cleanup) struct store_entry_block *b = NULL;

	if (len == 0)
		return ERR_OK;
	if (len > UINT32_MAX)
		return ERR_LIMIT;
	RETURN_IF(store_refresh(s));
	RETURN_IF(load_withdrawn(s));
	RETURN_IF(store_entry_block_new(s, &b));
	order = calloc(len, sizeof(*order));
	if (order == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < len; i++)
		order[i] = (struct ordered){changes[i].number, (uint32_t)i};
	qsort(order, len, sizeof(*order), by_number);
	for (size_t i = 0; i < len; i++)
		RETURN_IF(apply_consent(s, b, &changes[order[i].at]));
	return store_entry_block_flush(b);
}

/* ---- erasure ---- */

static enum err
hold_of(struct store *s, uint32_t number, int64_t *ret_until,
    int *ret_permanent)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};

	RETURN_IF(db_stmt_begin(s->db, &TABLE, HOLD_OF, &st));
	db_bind_int(&st, 1, number);
	RETURN_IF(db_one(&st));
	*ret_until = db_col_int(&st, 0);
	*ret_permanent = db_col_int(&st, 1) != 0;
	return ERR_OK;
}

struct state_walk {
	struct store *s;
	int64_t now_unix_s;
	store_number_fn each;
	void *ctx;
};

static enum err
each_stopping(void *ctx, uint32_t number, const struct store_entry *e)
{
	struct state_walk *w = ctx;
	int64_t until;
	int permanent;

	if (e->state != STORE_STOPPING)
		return ERR_OK;
	RETURN_IF(hold_of(w->s, number, &until, &permanent));
	return until <= w->now_unix_s ? w->each(w->ctx, number) : ERR_OK;
}

enum err
store_respondent_each_stopping(struct store *s, int64_t now_unix_s,
    store_number_fn each, void *ctx)
{
	struct state_walk w = {s, now_unix_s, each, ctx};

	return store_entry_each(s, each_stopping, &w);
}

static enum err
each_erased(void *ctx, uint32_t number, const struct store_entry *e)
{
	struct state_walk *w = ctx;

	return e->state == STORE_ERASED || e->state == STORE_STOP_LISTED ?
	    w->each(w->ctx, number) : ERR_OK;
}

enum err
store_respondent_each_erased(struct store *s, store_number_fn each, void *ctx)
{
	struct state_walk w = {.s = s, .each = each, .ctx = ctx};

	return store_entry_each(s, each_erased, &w);
}

static enum err
add_erasure(struct store *s, uint32_t number, uint16_t generation,
    int64_t act)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};

	RETURN_IF(db_stmt_begin(s->db, &TABLE, ERASURE_ADD, &st));
	db_bind_int(&st, 1, number);
	db_bind_int(&st, 2, generation);
	db_bind_int(&st, 3, act);
	return db_run(&st);
}

static enum err
erase_one(struct store *s, struct store_entry_block *b, uint32_t number,
    int64_t act)
{
	struct store_entry e;
	int64_t until;
	int permanent;

	RETURN_IF(store_entry_block_get(b, number, &e));
	if (e.state == STORE_ERASED || e.state == STORE_STOP_LISTED)
		return ERR_OK;
	RETURN_IF(hold_of(s, number, &until, &permanent));
	RETURN_IF(add_erasure(s, number, e.generation, act));
	e.state = permanent ? STORE_STOP_LISTED : STORE_ERASED;
	e.scopes = 0;
	return store_entry_block_set(b, number, &e);
}

enum err
store_respondent_erase(struct store *s, const uint32_t *numbers, size_t len,
    int64_t act)
{
	CLEANUP(store_entry_block_cleanup) struct store_entry_block *b = NULL;

	RETURN_IF(store_refresh(s));
	RETURN_IF(store_entry_block_new(s, &b));
	for (size_t i = 0; i < len; i++)
		RETURN_IF(erase_one(s, b, numbers[i], act));
	return store_entry_block_flush(b);
}

enum err
store_respondent_revive(struct store *s, uint32_t number)
{
	CLEANUP(store_entry_block_cleanup) struct store_entry_block *b = NULL;
	struct store_entry e;

	RETURN_IF(store_refresh(s));
	RETURN_IF(store_entry_block_new(s, &b));
	RETURN_IF(store_entry_block_get(b, number, &e));
	if (e.state == STORE_STOP_LISTED)
		return ERR_REFUSED;
	if (e.state != STORE_ERASED)
		return ERR_STATE;
	if (e.generation == UINT16_MAX)
		return ERR_LIMIT;
	e.generation++;
	e.state = STORE_ACTIVE;
	e.scopes = 0;
	RETURN_IF(store_entry_block_set(b, number, &e));
	return store_entry_block_flush(b);
}
