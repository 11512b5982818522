/* vault/store_segment.c - segments in the store. */
#include "vault/store_segment.h"

#include <stdlib.h>
#include <string.h>

#include "keys/merkle.h"
#include "vault/store_internal.h"

enum {
	IS_OPEN, ADD, BODY_ADD, LIST, GET, READ, BODY_SET, HEAD_SET, REMOVE_ROW,
	QUARANTINE_MOVE, HEADS_BEFORE,
};
#define HEAD_COLUMNS "number, epoch, batch, records, removed, version, " \
	"bytes, first_day, last_day, leaf"
static const char *const SQL[] = {
	/* without epoch.txt and its shares, which every small commit would read */
	[IS_OPEN] = "SELECT number FROM epoch "
	    "WHERE number = ?1 AND closed_at IS NULL",
	[ADD] = "INSERT INTO segment (epoch, batch, records, removed, "
	    "version, bytes, first_day, last_day, leaf) "
	    "VALUES (?1, ?2, ?3, ?4, 1, ?5, ?6, ?7, ?8)",
	[BODY_ADD] = "INSERT INTO segment_body (number, bytes) "
	    "VALUES (?1, ?2)",
	/* epochs that do not count yet have no segments to be seen */
	[LIST] = "SELECT " HEAD_COLUMNS " FROM segment "
	    "WHERE (?1 = 0 OR epoch = ?1) AND (?2 = 0 OR batch = ?2) "
	    "ORDER BY number",
	[GET] = "SELECT " HEAD_COLUMNS " FROM segment WHERE number = ?1",
	[READ] = "SELECT s.version, b.bytes FROM segment s "
	    "JOIN segment_body b ON b.number = s.number WHERE s.number = ?1",
	[BODY_SET] = "UPDATE segment_body SET bytes = ?2 WHERE number = ?1",
	[HEAD_SET] = "UPDATE segment SET records = ?2, removed = ?3, "
	    "version = version + 1, bytes = ?4, first_day = ?5, "
	    "last_day = ?6, leaf = ?7 WHERE number = ?1",
	[REMOVE_ROW] = "DELETE FROM segment WHERE number = ?1",
	/* all of it is there before the first row is: sorted */
	[HEADS_BEFORE] = "SELECT max(number) FROM segment WHERE number < ?1 "
	    "GROUP BY epoch ORDER BY 1 DESC",
	[QUARANTINE_MOVE] = "UPDATE quarantine SET segment = ?3, "
	    "place = place + ?4 WHERE batch = ?1 AND segment = ?2",
};
static const struct db_table TABLE = DB_TABLE(DB_SLOT_SEGMENT, SQL);

static enum err
add_head(struct store *s, const struct store_segment *head)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};

	RETURN_IF(db_stmt_begin(s->db, &TABLE, ADD, &st));
	db_bind_int(&st, 1, head->epoch);
	db_bind_int(&st, 2, head->batch);
	db_bind_int(&st, 3, head->records);
	db_bind_int(&st, 4, head->removed);
	db_bind_int(&st, 5, head->bytes);
	db_bind_int(&st, 6, head->first_answer_day);
	db_bind_int(&st, 7, head->last_answer_day);
	db_bind_blob(&st, 8, head->leaf, sizeof(head->leaf));
	return db_run(&st);
}

static enum err
put_body(struct store *s, size_t statement, int64_t number,
    const struct buf *bytes)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};

	RETURN_IF(db_stmt_begin(s->db, &TABLE, statement, &st));
	db_bind_int(&st, 1, number);
	db_bind_blob(&st, 2, bytes->data, bytes->len);
	return db_run(&st);
}

static enum err
check_open(struct store *s, int64_t epoch)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};
	int row;

	RETURN_IF(db_stmt_begin(s->db, &TABLE, IS_OPEN, &st));
	db_bind_int(&st, 1, epoch);
	RETURN_IF(db_step(&st, &row));
	return row ? ERR_OK : ERR_STATE;
}

enum err
store_segment_add(struct store *s, const struct store_segment *head,
    const struct segment_builder *builder, int64_t *ret_number)
{
	struct buf *bytes = &s->scratch;
	struct store_segment full = *head;
	int64_t number;

	RETURN_IF(check_open(s, head->epoch));
	bytes->len = 0;         /* ciphertext: no need to wipe first */
	RETURN_IF(segment_builder_finish(builder, bytes));
	RETURN_IF(segment_leaf(bytes_buf(bytes), full.leaf));
	full.records = builder->count;
	full.removed = builder->removed;
	full.bytes = (uint32_t)bytes->len;
	RETURN_IF(add_head(s, &full));
	number = db_last_id(s->db);
	RETURN_IF(put_body(s, BODY_ADD, number, bytes));
	*ret_number = number;
	return ERR_OK;
}

static enum err
read_head(struct db_stmt *st, struct store_segment *ret)
{
	*ret = (struct store_segment){
		.number = db_col_int(st, 0), .epoch = db_col_int(st, 1),
		.batch = db_col_int(st, 2), .records = db_col_u32(st, 3),
		.removed = db_col_u32(st, 4), .version = db_col_u32(st, 5),
		.bytes = db_col_u32(st, 6),
		.first_answer_day = (int32_t)db_col_int(st, 7),
		.last_answer_day = (int32_t)db_col_int(st, 8),
	};
	return db_col_fixed(st, 9, ret->leaf, sizeof(ret->leaf));
}

void
store_segment_list_release(struct store_segment_list *l)
{
	free(l->items);
	*l = (struct store_segment_list){0};
}

static enum err
list_room(struct store_segment_list *l, size_t *cap)
{
	size_t more = *cap == 0 ? 64 : *cap * 2;
	void *p;

	if (l->len < *cap)
		return ERR_OK;
	p = reallocarray(l->items, more, sizeof(*l->items));
	if (p == NULL)
		return ERR_NOMEM;
	l->items = p;
	*cap = more;
	return ERR_OK;
}

enum err
store_segment_list(struct store *s, int64_t epoch, int64_t batch,
    struct store_segment_list *ret)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};
	CLEANUP(store_segment_list_release) struct store_segment_list l = {0};
	size_t cap = 0;
	int row;

	RETURN_IF(db_stmt_begin(s->db, &TABLE, LIST, &st));
	db_bind_int(&st, 1, epoch);
	db_bind_int(&st, 2, batch);
	for (;;) {
		RETURN_IF(db_step(&st, &row));
		if (!row)
			break;
		RETURN_IF(list_room(&l, &cap));
		RETURN_IF(read_head(&st, &l.items[l.len]));
		l.len++;
	}
	*ret = l;
	l = (struct store_segment_list){0};
	return ERR_OK;
}

static enum err
get_head(struct store *s, int64_t number, struct store_segment *ret)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};

	RETURN_IF(db_stmt_begin(s->db, &TABLE, GET, &st));
	db_bind_int(&st, 1, number);
	RETURN_IF(db_one(&st));
	return read_head(&st, ret);
}

enum err
store_segment_read(struct store *s, int64_t number, uint32_t version,
    struct buf *out)
{
	return store_segment_read_db(s->db, number, version, out);
}

enum err
store_segment_read_db(struct db *db, int64_t number, uint32_t version,
    struct buf *out)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};
	struct bytes b;

	RETURN_IF(db_stmt_begin(db, &TABLE, READ, &st));
	db_bind_int(&st, 1, number);
	RETURN_IF(db_one(&st));
	if (db_col_u32(&st, 0) != version)
		return ERR_CHANGED;
	b = db_col_blob(&st, 1);
	out->len = 0;           /* ciphertext: no need to wipe first */
	return buf_append(out, b.data, b.len);
}

enum err
store_segment_root(const struct store_segment_list *l,
    uint8_t ret[SEGMENT_LEAF_LEN], uint64_t *ret_records)
{
	struct merkle_range r = {0};
	uint64_t records = 0;

	for (size_t i = 0; i < l->len; i++) {
		merkle_range_add(&r, l->items[i].leaf);
		records += l->items[i].records;
	}
	merkle_range_root(&r, ret);
	*ret_records = records;
	return ERR_OK;
}

/* ---- changing ---- */

static enum err
set_head(struct store *s, const struct store_segment *head)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};

	RETURN_IF(db_stmt_begin(s->db, &TABLE, HEAD_SET, &st));
	db_bind_int(&st, 1, head->number);
	db_bind_int(&st, 2, head->records);
	db_bind_int(&st, 3, head->removed);
	db_bind_int(&st, 4, head->bytes);
	db_bind_int(&st, 5, head->first_answer_day);
	db_bind_int(&st, 6, head->last_answer_day);
	db_bind_blob(&st, 7, head->leaf, sizeof(head->leaf));
	return db_run(&st);
}

static enum err
drop_from(struct store *s, int64_t number, segment_drop_fn drop, void *ctx,
    uint32_t *ret_dropped)
{
	CLEANUP(buf_release) struct buf old = {0}, fresh = {0};
	struct store_segment head;
	uint32_t dropped;

	RETURN_IF(get_head(s, number, &head));
	RETURN_IF(store_segment_read(s, number, head.version, &old));
	RETURN_IF(segment_rewrite(bytes_buf(&old), drop, ctx, &fresh,
	    &dropped));
	*ret_dropped = dropped;
	if (dropped == 0)
		return ERR_OK;
	head.removed += dropped;
	head.bytes = (uint32_t)fresh.len;
	RETURN_IF(put_body(s, BODY_SET, number, &fresh));
	return set_head(s, &head);
}

static int
has_id(void *ctx, uint32_t index, const struct segment_record *r)
{
	(void)index;
	return memcmp(r->sealed, ctx, SEGMENT_ID_LEN) == 0;
}

/* A segment that is no longer there was joined to the last one before it of
 * its epoch; of which epoch it was, nobody knows any more. */
static enum err
remove_joined(struct store *s, int64_t number, uint8_t want[SEGMENT_ID_LEN])
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};
	uint32_t dropped = 0;
	int row;

	RETURN_IF(db_stmt_begin(s->db, &TABLE, HEADS_BEFORE, &st));
	db_bind_int(&st, 1, number);
	while (dropped == 0) {
		RETURN_IF(db_step(&st, &row));
		if (!row)
			return ERR_NOT_FOUND;
		RETURN_IF(drop_from(s, db_col_int(&st, 0), has_id, want,
		    &dropped));
	}
	return ERR_OK;
}

enum err
store_segment_remove(struct store *s, int64_t number,
    const uint8_t id[SEGMENT_ID_LEN])
{
	uint8_t want[SEGMENT_ID_LEN];
	uint32_t dropped;
	enum err e;

	memcpy(want, id, sizeof(want));
	e = drop_from(s, number, has_id, want, &dropped);
	if (e == ERR_NOT_FOUND)
		return remove_joined(s, number, want);
	RETURN_IF(e);
	return dropped == 0 ? ERR_NOT_FOUND : ERR_OK;
}

static int
every_one(void *ctx, uint32_t index, const struct segment_record *r)
{
	(void)ctx;
	(void)index;
	(void)r;
	return 1;
}

enum err
store_segment_remove_batch(struct store *s, int64_t batch,
    uint64_t *ret_removed)
{
	CLEANUP(store_segment_list_release) struct store_segment_list l = {0};
	uint64_t removed = 0;
	uint32_t dropped;

	if (batch <= 0)
		return ERR_RANGE;
	RETURN_IF(store_segment_list(s, 0, batch, &l));
	for (size_t i = 0; i < l.len; i++) {
		RETURN_IF(drop_from(s, l.items[i].number, every_one, NULL,
		    &dropped));
		removed += dropped;
	}
	*ret_removed = removed;
	return ERR_OK;
}

/* The key is gone: erased, or the record is of a generation before. */
static int
key_is_gone(void *ctx, uint32_t index, const struct segment_record *r)
{
	const struct store_index *x = ctx;
	const struct store_slim *slim;

	(void)index;
	if (r->entry.respondent >= x->len)
		return 0;               /* quarantine, or a fault: keep */
	slim = &x->items[r->entry.respondent];
	return slim->state == STORE_ERASED ||
	    slim->state == STORE_STOP_LISTED ||
	    r->entry.generation < slim->generation;
}

enum err
store_segment_count_dead(struct store *s, const struct store_segment *segment,
    uint32_t *ret)
{
	CLEANUP(buf_release) struct buf bytes = {0};
	struct segment_view v;
	struct segment_record r;
	uint32_t dead = 0;

	RETURN_IF(store_refresh(s));
	RETURN_IF(store_index_load(&s->index, s));
	RETURN_IF(store_segment_read(s, segment->number, segment->version,
	    &bytes));
	RETURN_IF(segment_view_open(bytes_buf(&bytes), &v));
	while (segment_view_next(&v, &r))
		dead += !(r.entry.flags & SEGMENT_REMOVED) &&
		    key_is_gone(&s->index, v.next - 1, &r);
	*ret = dead;
	return ERR_OK;
}

enum err
store_segment_compact(struct store *s, int64_t number, uint32_t *ret_removed,
    uint64_t *ret_bytes)
{
	struct store_segment before, after;

	RETURN_IF(store_refresh(s));
	RETURN_IF(store_index_load(&s->index, s));
	RETURN_IF(get_head(s, number, &before));
	RETURN_IF(drop_from(s, number, key_is_gone, &s->index, ret_removed));
	RETURN_IF(get_head(s, number, &after));
	*ret_bytes = before.bytes - after.bytes;
	return ERR_OK;
}

/* ---- joining ---- */

static enum err
append_records(struct segment_builder *b, struct bytes bytes)
{
	struct segment_view v;
	struct segment_record r;

	RETURN_IF(segment_view_open(bytes, &v));
	while (segment_view_next(&v, &r))
		RETURN_IF(segment_builder_add(b, &r.entry, r.sealed));
	return ERR_OK;
}

static enum err
remove_row(struct store *s, int64_t number)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};

	RETURN_IF(db_stmt_begin(s->db, &TABLE, REMOVE_ROW, &st));
	db_bind_int(&st, 1, number);
	return db_run(&st);
}

static void
widen_days(struct store_segment *to, const struct store_segment *from)
{
	if (from->first_answer_day == 0)
		return;
	if (to->first_answer_day == 0 ||
	    from->first_answer_day < to->first_answer_day)
		to->first_answer_day = from->first_answer_day;
	if (from->last_answer_day > to->last_answer_day)
		to->last_answer_day = from->last_answer_day;
}

/* Quarantine rows name a record's place: they go with it. */
static enum err
move_quarantine(struct store *s, const struct store_segment *from,
    int64_t to, uint32_t behind)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};

	RETURN_IF(db_stmt_begin(s->db, &TABLE, QUARANTINE_MOVE, &st));
	db_bind_int(&st, 1, from->batch);
	db_bind_int(&st, 2, from->number);
	db_bind_int(&st, 3, to);
	db_bind_int(&st, 4, behind);
	return db_run(&st);
}

/* The ${len} segments from ${g} on become the first of them. */
static enum err
join_run(struct store *s, const struct store_segment *g, size_t len)
{
	CLEANUP(segment_builder_release) struct segment_builder b = {0};
	CLEANUP(buf_release) struct buf bytes = {0};
	struct store_segment head = g[0];

	for (size_t i = 0; i < len; i++) {
		if (i > 0)
			RETURN_IF(move_quarantine(s, &g[i], head.number,
			    b.count));
		RETURN_IF(store_segment_read(s, g[i].number, g[i].version,
		    &bytes));
		RETURN_IF(append_records(&b, bytes_buf(&bytes)));
		widen_days(&head, &g[i]);
	}
	buf_clear(&bytes);
	RETURN_IF(segment_builder_finish(&b, &bytes));
	RETURN_IF(segment_leaf(bytes_buf(&bytes), head.leaf));
	head.records = b.count;
	head.removed = b.removed;
	head.bytes = (uint32_t)bytes.len;
	for (size_t i = 1; i < len; i++)
		RETURN_IF(remove_row(s, g[i].number));
	RETURN_IF(put_body(s, BODY_SET, head.number, &bytes));
	return set_head(s, &head);
}

/* How many from ${g} on go together. */
static size_t
run_len(const struct store_segment *g, size_t len)
{
	size_t bytes = g[0].bytes, records = g[0].records, n = 1;

	while (n < len && g[n].batch == g[0].batch &&
	    bytes + g[n].bytes <= SEGMENT_BYTES_GOAL &&
	    records + g[n].records <= SEGMENT_RECORDS_MAX) {
		bytes += g[n].bytes;
		records += g[n].records;
		n++;
	}
	return n;
}

enum err
store_segment_join(struct store *s, int64_t epoch, uint32_t most,
    uint32_t *ret_joined)
{
	CLEANUP(store_segment_list_release) struct store_segment_list l = {0};
	uint32_t joined = 0;

	RETURN_IF(check_open(s, epoch));
	RETURN_IF(store_segment_list(s, epoch, 0, &l));
	for (size_t i = 0; i < l.len && joined < most;) {
		size_t n = run_len(&l.items[i], l.len - i);

		if (n > 1)
			RETURN_IF(join_run(s, &l.items[i], n));
		joined += (uint32_t)(n - 1);
		i += n;
	}
	*ret_joined = joined;
	return ERR_OK;
}

/* ---- finding ---- */

static enum err
find_in(struct bytes bytes, uint32_t respondent, int64_t number,
    store_segment_found_fn each, void *ctx)
{
	struct segment_view v;
	struct segment_record r;

	RETURN_IF(segment_view_open(bytes, &v));
	while (segment_view_next(&v, &r))
		if (r.entry.respondent == respondent &&
		    !(r.entry.flags & SEGMENT_REMOVED))
			RETURN_IF(each(ctx, number, &r));
	return ERR_OK;
}

enum err
store_segment_find(struct store *s, int64_t epoch, uint32_t respondent,
    store_segment_found_fn each, void *ctx)
{
	CLEANUP(store_segment_list_release) struct store_segment_list l = {0};
	CLEANUP(buf_release) struct buf bytes = {0};

	RETURN_IF(store_segment_list(s, epoch, 0, &l));
	for (size_t i = 0; i < l.len; i++) {
		RETURN_IF(store_segment_read(s, l.items[i].number,
		    l.items[i].version, &bytes));
		RETURN_IF(find_in(bytes_buf(&bytes), respondent,
		    l.items[i].number, each, ctx));
	}
	return ERR_OK;
}
