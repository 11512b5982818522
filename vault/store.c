/* vault/store.c - an owner's store: handle, caches, counts, check. */
#include "vault/store.h"

#include <stdlib.h>
#include <string.h>

#include "vault/segment.h"
#include "vault/store_epoch.h"
#include "vault/store_internal.h"
#include "vault/store_segment.h"

enum {
	HOLDER_ADD, HOLDER_GET, LAYOUT_GET, PAIR_GET, PAIR_SET, INTEND, CONFIRM,
	COUNT_EPOCHS, COUNT_SEGMENTS,
	COUNT_QUARANTINED, COUNT_EVENTS, COUNT_NOTICES, COUNT_TO_COMPACT,
	COMPACT_LAST, COMPACT_MARK, TEXTS, TEXT_ADD, TEXT_HALF, TEXT_COMPLETE,
};
static const char *const SQL[] = {
	[HOLDER_ADD] = "INSERT INTO holder (one, owner, erase_confirmed, "
	    "erase_intended, layout) VALUES (1, ?1, 0, 0, 2)",
	[HOLDER_GET] = "SELECT owner, erase_confirmed, erase_intended "
	    "FROM holder",
	[LAYOUT_GET] = "SELECT layout FROM holder",
	[PAIR_GET] = "SELECT erase_id FROM holder",
	[PAIR_SET] = "UPDATE holder SET erase_id = ?1 WHERE erase_id IS NULL",
	[INTEND] = "UPDATE holder SET erase_intended = ?1",
	[CONFIRM] = "UPDATE holder SET erase_confirmed = ?1, "
	    "erase_intended = ?1",
	[COUNT_EPOCHS] = "SELECT count(*), count(closed_at) FROM epoch "
	    "WHERE kind <> 3"     /* a key of a project holds no records */,
	[COUNT_SEGMENTS] = "SELECT count(*), ifnull(sum(records), 0), "
	    "ifnull(sum(removed), 0) FROM segment",
	[COUNT_QUARANTINED] = "SELECT count(*) FROM quarantine",
	[COUNT_EVENTS] = "SELECT ifnull(sum(events), 0) FROM event_run",
	[COUNT_NOTICES] = "SELECT count(*) FROM notice_due WHERE sent IS NULL",
	[COUNT_TO_COMPACT] = "SELECT count(*) FROM erasure "
	    "WHERE act > (SELECT compacted FROM holder)",
	[COMPACT_LAST] = "SELECT ifnull(max(act), 0) FROM erasure",
	[COMPACT_MARK] = "UPDATE holder SET compacted = ?1 "
	    "WHERE compacted <= ?1",
	[TEXTS] = "SELECT number, sha256 FROM text ORDER BY number",
	[TEXT_ADD] = "INSERT INTO text (number, sha256) VALUES (?1, ?2)",
	[TEXT_HALF] = "SELECT count(*) FROM text "
	    "WHERE substr(sha256, 17) = zeroblob(16)",
	[TEXT_COMPLETE] = "UPDATE text SET sha256 = ?1 WHERE "
	    "substr(sha256, 1, 16) = substr(?1, 1, 16) AND "
	    "substr(sha256, 17) = zeroblob(16)",
};
static const struct db_table TABLE = DB_TABLE(DB_SLOT_STORE, SQL);

static enum err
add_holder(struct store *s, const char *owner)
{
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};
	CLEANUP(db_stmt_end) struct db_stmt st = {0};

	RETURN_IF(db_tx_begin(s->db, &tx));
	RETURN_IF(db_stmt_begin(s->db, &TABLE, HOLDER_ADD, &st));
	db_bind_text(&st, 1, owner);
	RETURN_IF(db_run(&st));
	db_stmt_end(&st);
	return db_tx_commit(&tx);
}

/* The row of the owner is written behind the new file's birth: a crash between
 * leaves a file without one, which whoever opens it next completes. */
static enum err
settle_holder(struct store *s, const char *owner, int may_write)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};
	enum err e;

	RETURN_IF(db_stmt_begin(s->db, &TABLE, HOLDER_GET, &st));
	e = db_one(&st);
	if (e == ERR_NOT_FOUND && may_write) {
		db_stmt_end(&st);
		return add_holder(s, owner);
	}
	if (e != ERR_OK)
		return e == ERR_NOT_FOUND ? ERR_CORRUPT : e;
	RETURN_IF(db_col_text(&st, 0, s->owner, sizeof(s->owner)));
	return strcmp(s->owner, owner) == 0 ? ERR_OK : ERR_MISMATCH;
}

static enum err
take_layout(struct store *s)
{
	static const struct store_layout layouts[] = {
		{.tag_len = 32, .entry_len = 42, .block_entries = 384,
		    .event_len = 12},
		{.tag_len = 16, .entry_len = 26, .block_entries = 624,
		    .event_len = 10},
	};
	CLEANUP(db_stmt_end) struct db_stmt st = {0};
	int64_t n;

	RETURN_IF(db_stmt_begin(s->db, &TABLE, LAYOUT_GET, &st));
	RETURN_IF(db_one(&st));
	n = db_col_int(&st, 0);
	if (n < 1 || n > (int64_t)ARRAY_LEN(layouts))
		return ERR_CORRUPT;
	s->layout = &layouts[n - 1];
	return ERR_OK;
}

enum err
store_open(const char *path, enum db_open_mode mode, const struct secret *key,
    const char *owner, struct store **ret)
{
	CLEANUP(store_cleanup) struct store *s = calloc(1, sizeof(*s));
	const struct db_open_args args = {
		.kind = DB_STORE, .mode = mode, .path = path, .key = key,
		.busy_ms = 10000, .large_cache = 1,
	};

	if (s == NULL)
		return ERR_NOMEM;
	if (strlen(owner) != 2)
		return ERR_SYNTAX;
	RETURN_IF(db_open(&args, &s->db));
	RETURN_IF(settle_holder(s, owner, mode != DB_READ_ONLY));
	memcpy(s->owner, owner, sizeof(s->owner));
	RETURN_IF(take_layout(s));
	RETURN_IF(db_stamp(s->db, &s->stamp));
	*ret = TAKE(s);
	return ERR_OK;
}

static void
drop_caches(struct store *s)
{
	store_index_release(&s->index);
	store_filter_release(&s->filter);
	store_withdrawn_list_release(&s->withdrawn);
	s->withdrawn_loaded = 0;
	free(s->texts.sha256);
	s->texts = (struct store_texts){0};
	s->fresh.count = 0;
}

void
store_close(struct store *s)
{
	if (s == NULL)
		return;
	drop_caches(s);
	free(s->fresh.tags);
	buf_release(&s->scratch);
	db_close(s->db);
	free(s);
}

void
store_cleanup(struct store **s)
{
	store_close(*s);
}

struct db *
store_db(struct store *s)
{
	return s->db;
}

const char *
store_owner(const struct store *s)
{
	return s->owner;
}

void
store_tag_fit(const struct store *s, uint8_t tag[STORE_TAG_LEN])
{
	memset(tag + s->layout->tag_len, 0, STORE_TAG_LEN - s->layout->tag_len);
}

enum err
store_refresh(struct store *s)
{
	uint64_t now;

	RETURN_IF(db_stamp(s->db, &now));
	if (now != s->stamp)
		drop_caches(s);
	s->stamp = now;
	return ERR_OK;
}

static enum err
ask_numbers(struct store *s, size_t statement, uint64_t *const *ret, int len)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};

	RETURN_IF(db_stmt_begin(s->db, &TABLE, statement, &st));
	RETURN_IF(db_one(&st));
	for (int i = 0; i < len; i++)
		*ret[i] = db_col_u64(&st, i);
	return ERR_OK;
}

/* Texts */

static enum err
load_texts(struct store *s)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};
	uint32_t len = 0;
	int row;

	RETURN_IF(db_stmt_begin(s->db, &TABLE, TEXTS, &st));
	for (;;) {
		RETURN_IF(db_step(&st, &row));
		if (!row)
			break;
		if (db_col_int(&st, 0) != (int64_t)len + 1)
			return ERR_CORRUPT;
		void *p = reallocarray(s->texts.sha256, len + 1,
		    sizeof(*s->texts.sha256));
		if (p == NULL)
			return ERR_NOMEM;
		s->texts.sha256 = p;
		RETURN_IF(db_col_fixed(&st, 1, s->texts.sha256[len],
		    STORE_TEXT_LEN));
		len++;
	}
	s->texts.len = len;
	return ERR_OK;
}

const uint8_t *
store_text_get(const struct store *s, uint16_t number)
{
	return number == 0 || number > s->texts.len ? NULL :
	    s->texts.sha256[number - 1];
}

enum err
store_text_find(struct store *s, const uint8_t sha256[STORE_TEXT_LEN],
    uint16_t *ret)
{
	if (s->texts.len == 0)
		RETURN_IF(load_texts(s));
	for (uint32_t i = 0; i < s->texts.len; i++)
		if (memcmp(s->texts.sha256[i], sha256, STORE_TEXT_LEN) == 0) {
			*ret = (uint16_t)(i + 1);
			return ERR_OK;
		}
	*ret = 0;
	return ERR_OK;
}

enum err
store_text_make(struct store *s, const uint8_t sha256[STORE_TEXT_LEN],
    uint16_t *ret)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};

	RETURN_IF(store_text_find(s, sha256, ret));
	if (*ret != 0)
		return ERR_OK;
	if (s->texts.len >= UINT16_MAX)
		return ERR_LIMIT;
	RETURN_IF(db_stmt_begin(s->db, &TABLE, TEXT_ADD, &st));
	db_bind_int(&st, 1, (int64_t)s->texts.len + 1);
	db_bind_blob(&st, 2, sha256, STORE_TEXT_LEN);
	RETURN_IF(db_run(&st));
	db_stmt_end(&st);
	RETURN_IF(load_texts(s));
	*ret = (uint16_t)s->texts.len;
	return ERR_OK;
}

enum err
store_text_halves(struct store *s, uint64_t *ret)
{
	return ask_numbers(s, TEXT_HALF, (uint64_t *const[]){ret}, 1);
}

enum err
store_text_complete(struct store *s, const uint8_t sha256[STORE_TEXT_LEN])
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};

	RETURN_IF(db_stmt_begin(s->db, &TABLE, TEXT_COMPLETE, &st));
	db_bind_blob(&st, 1, sha256, STORE_TEXT_LEN);
	RETURN_IF(db_run(&st));
	drop_caches(s);
	return ERR_OK;
}

/* The pair with erase.db */

enum err
store_erase_id_get(struct store *s, uint8_t ret[DB_ID_LEN])
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};

	RETURN_IF(db_stmt_begin(s->db, &TABLE, PAIR_GET, &st));
	RETURN_IF(db_one(&st));
	return db_col_fixed(&st, 0, ret, DB_ID_LEN) == ERR_OK ? ERR_OK :
	    ERR_MISMATCH;
}

enum err
store_erase_id_set(struct store *s, const uint8_t id[DB_ID_LEN])
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};

	RETURN_IF(db_stmt_begin(s->db, &TABLE, PAIR_SET, &st));
	db_bind_blob(&st, 1, id, DB_ID_LEN);
	RETURN_IF(db_run(&st));
	return db_changes(s->db) == 1 ? ERR_OK : ERR_MISMATCH;
}

enum err
store_erasure_get(struct store *s, uint64_t *ret_confirmed,
    uint64_t *ret_intended)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};

	RETURN_IF(db_stmt_begin(s->db, &TABLE, HOLDER_GET, &st));
	RETURN_IF(db_one(&st));
	*ret_confirmed = db_col_u64(&st, 1);
	*ret_intended = db_col_u64(&st, 2);
	return ERR_OK;
}

static enum err
set_erasure(struct store *s, size_t statement, uint64_t generation)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};

	RETURN_IF(db_stmt_begin(s->db, &TABLE, statement, &st));
	db_bind_int(&st, 1, (int64_t)generation);
	return db_run(&st);
}

enum err
store_erasure_intend(struct store *s, uint64_t generation)
{
	uint64_t confirmed, intended;

	RETURN_IF(store_erasure_get(s, &confirmed, &intended));
	if (generation <= confirmed)
		return ERR_ROLLBACK;
	if (generation != confirmed + 1)
		return ERR_STATE;
	return set_erasure(s, INTEND, generation);
}

enum err
store_erasure_confirm(struct store *s, uint64_t generation)
{
	uint64_t confirmed, intended;

	RETURN_IF(store_erasure_get(s, &confirmed, &intended));
	if (generation < confirmed)
		return ERR_ROLLBACK;
	if (generation != intended)
		return ERR_STATE;
	return set_erasure(s, CONFIRM, generation);
}

/* Counts */

static enum err
count_state(void *ctx, uint32_t number, const struct store_entry *e)
{
	struct store_counts *c = ctx;

	(void)number;
	c->respondents++;
	c->erased += e->state == STORE_ERASED;
	c->stopping += e->state == STORE_STOPPING;
	c->stop_listed += e->state == STORE_STOP_LISTED;
	return ERR_OK;
}

enum err
store_count(struct store *s, struct store_counts *ret)
{
	struct store_counts c = {0};
	uint64_t closed;

	RETURN_IF(store_entry_each(s, count_state, &c));
	db_forget_pages(s->db);  /* all of them were touched */
	RETURN_IF(ask_numbers(s, COUNT_EPOCHS,
	    (uint64_t *const[]){&c.epochs, &closed}, 2));
	c.epochs_open = c.epochs - closed;
	RETURN_IF(ask_numbers(s, COUNT_SEGMENTS,
	    (uint64_t *const[]){&c.segments, &c.records, &c.removed}, 3));
	RETURN_IF(ask_numbers(s, COUNT_QUARANTINED,
	    (uint64_t *const[]){&c.quarantined}, 1));
	RETURN_IF(ask_numbers(s, COUNT_EVENTS,
	    (uint64_t *const[]){&c.events}, 1));
	RETURN_IF(ask_numbers(s, COUNT_NOTICES,
	    (uint64_t *const[]){&c.notices_due}, 1));
	RETURN_IF(ask_numbers(s, COUNT_TO_COMPACT,
	    (uint64_t *const[]){&c.to_compact}, 1));
	*ret = c;
	return ERR_OK;
}

enum err
store_compact_last(struct store *s, int64_t *ret_act)
{
	uint64_t act;

	RETURN_IF(ask_numbers(s, COMPACT_LAST, (uint64_t *const[]){&act}, 1));
	*ret_act = (int64_t)act;
	return ERR_OK;
}

enum err
store_compact_mark(struct store *s, int64_t act)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};

	RETURN_IF(db_stmt_begin(s->db, &TABLE, COMPACT_MARK, &st));
	db_bind_int(&st, 1, act);
	return db_run(&st);
}

/* Check */

static enum err
check_segment(struct store *s, const struct store_segment *g)
{
	CLEANUP(buf_release) struct buf bytes = {0};
	struct segment_view v;
	struct segment_record r;
	uint8_t leaf[SEGMENT_LEAF_LEN];
	uint32_t removed = 0;

	RETURN_IF(store_segment_read(s, g->number, g->version, &bytes));
	RETURN_IF(segment_leaf(bytes_buf(&bytes), leaf));
	RETURN_IF(segment_view_open(bytes_buf(&bytes), &v));
	while (segment_view_next(&v, &r))
		removed += (r.entry.flags & SEGMENT_REMOVED) != 0;
	return memcmp(leaf, g->leaf, sizeof(leaf)) == 0 &&
	    v.count == g->records && removed == g->removed &&
	    bytes.len == g->bytes ? ERR_OK : ERR_CORRUPT;
}

static enum err
check_epoch(void *ctx, const struct store_epoch *epoch)
{
	CLEANUP(store_segment_list_release) struct store_segment_list l = {0};
	uint8_t root[SEGMENT_LEAF_LEN];
	uint64_t records;

	RETURN_IF(store_segment_list(ctx, epoch->number, 0, &l));
	for (size_t i = 0; i < l.len; i++)
		RETURN_IF(check_segment(ctx, &l.items[i]));
	RETURN_IF(store_segment_root(&l, root, &records));
	if (epoch->closed && (records != epoch->records ||
	    memcmp(root, epoch->root, sizeof(root)) != 0))
		return ERR_CORRUPT;
	return ERR_OK;
}

enum err
store_check(struct store *s)
{
	static const struct store_epoch_query all = {0};

	RETURN_IF(db_check_all_pages(s->db));
	/* loading checks that numbers are dense and tags single */
	store_index_release(&s->index);
	RETURN_IF(store_index_load(&s->index, s));
	return store_epoch_each(s, &all, check_epoch, s);
}
