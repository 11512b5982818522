/* vault/store_epoch.c - epochs, their closing, shares and arrangements. */
#include "vault/store_epoch.h"

#include <string.h>

#include "vault/store_internal.h"
#include "vault/store_segment.h"

#define EPOCH_COLUMNS \
	"number, kind, id, sha256, subject_sha256, charter_sha256, subject, " \
	"day, opened, act, closed_at, records, root, arrangement, " \
	"(SELECT min(first_day) FROM segment g WHERE g.epoch = epoch.number " \
	"AND first_day <> 0), " \
	"(SELECT max(last_day) FROM segment g WHERE g.epoch = epoch.number)"

enum {
	ADD, CLOSE, GET, BY_ID, TEXT, EACH, PROJECT, SHARE_ADD, SHARE_GET,
	ARRANGE_ADD, ARRANGE_TEXT, PENDING, SHARE_CHARTER,
};
static const char *const SQL[] = {
	[ADD] = "INSERT INTO epoch_row (kind, id, sha256, subject_sha256, "
	    "charter_sha256, subject, day, opened, act, bytes) "
	    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
	[CLOSE] = "INSERT INTO epoch_close_row (epoch, at, records, root, act)"
	    " VALUES (?1, ?2, ?3, ?4, ?5)",
	[GET] = "SELECT " EPOCH_COLUMNS " FROM epoch WHERE number = ?1",
	[BY_ID] = "SELECT " EPOCH_COLUMNS " FROM epoch WHERE id = ?1",
	[TEXT] = "SELECT bytes FROM epoch WHERE number = ?1",
	[EACH] = "SELECT " EPOCH_COLUMNS " FROM epoch "
	    "WHERE (?1 = 0 OR kind = ?1) "
	    "AND (?2 = 0 OR (closed_at IS NULL) = (?2 = 1)) "
	    "AND (?3 IS NULL OR subject = ?3) "
	    "AND (?4 IS NULL OR EXISTS (SELECT 1 FROM segment g "
	    "WHERE g.epoch = epoch.number AND g.first_day <> 0 "
	    "AND g.first_day <= ?5 AND g.last_day >= ?4)) "
	    "ORDER BY day, id",
	[PROJECT] = "SELECT " EPOCH_COLUMNS " FROM epoch "
	    "WHERE kind = 3 AND subject = ?1",
	[SHARE_ADD] = "INSERT INTO share_row (epoch, arrangement, seat, "
	    "charter_sha256, bytes, act) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
	[SHARE_GET] = "SELECT bytes FROM share WHERE epoch = ?1 "
	    "AND arrangement = ?2 AND seat = ?3 ORDER BY id DESC LIMIT 1",
	[ARRANGE_ADD] = "INSERT INTO arrangement_row (epoch, number, bytes, "
	    "act) VALUES (?1, ?2, ?3, ?4)",
	[ARRANGE_TEXT] = "SELECT bytes FROM arrangement WHERE epoch = ?1 "
	    "ORDER BY number DESC LIMIT 1",
	[PENDING] = "SELECT count(*) FROM epoch e WHERE NOT EXISTS "
	    "(SELECT 1 FROM share s WHERE s.epoch = e.number "
	    "AND s.arrangement = e.arrangement AND s.seat = ?1 "
	    "AND s.charter_sha256 = ?2)",
	[SHARE_CHARTER] = "SELECT charter_sha256 FROM share WHERE epoch = ?1 "
	    "AND arrangement = ?2 AND seat = ?3 ORDER BY id DESC LIMIT 1",
};
static const struct db_table TABLE = DB_TABLE(DB_SLOT_EPOCH, SQL);

static enum err
read_close(struct db_stmt *st, struct store_epoch *e)
{
	e->closed = sqlite3_column_type(st->stmt, 10) != SQLITE_NULL;
	if (!e->closed)
		return ERR_OK;
	e->closed_unix_s = db_col_int(st, 10);
	e->records = db_col_u64(st, 11);
	return db_col_fixed(st, 12, e->root, sizeof(e->root));
}

static enum err
read_epoch(struct db_stmt *st, struct store_epoch *ret)
{
	struct store_epoch e = {.number = db_col_int(st, 0)};

	e.kind = (enum store_epoch_kind)db_col_int(st, 1);
	RETURN_IF(db_col_fixed(st, 2, e.id, sizeof(e.id)));
	RETURN_IF(db_col_fixed(st, 3, e.sha256, sizeof(e.sha256)));
	RETURN_IF(db_col_fixed(st, 4, e.subject_sha256,
	    sizeof(e.subject_sha256)));
	RETURN_IF(db_col_fixed(st, 5, e.charter_sha256,
	    sizeof(e.charter_sha256)));
	RETURN_IF(db_col_text(st, 6, e.subject, sizeof(e.subject)));
	e.day = (int32_t)db_col_int(st, 7);
	e.opened_unix_s = db_col_int(st, 8);
	e.act = db_col_int(st, 9);
	RETURN_IF(read_close(st, &e));
	e.arrangement = db_col_u32(st, 13);
	e.first_answer_day = (int32_t)db_col_int(st, 14);
	e.last_answer_day = (int32_t)db_col_int(st, 15);
	*ret = e;
	return ERR_OK;
}

static enum err
add_share(struct store *s, int64_t epoch, uint32_t arrangement,
    const struct store_share *share, int64_t act)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};

	if (share->age_file.len == 0 || share->age_file.len > STORE_SHARE_MAX)
		return ERR_LIMIT;
	RETURN_IF(db_stmt_begin(s->db, &TABLE, SHARE_ADD, &st));
	db_bind_int(&st, 1, epoch);
	db_bind_int(&st, 2, arrangement);
	db_bind_text(&st, 3, share->seat);
	db_bind_blob(&st, 4, share->charter_sha256, STORE_SHA256_LEN);
	db_bind_blob(&st, 5, share->age_file.data, share->age_file.len);
	db_bind_int(&st, 6, act);
	return db_run(&st);
}

static enum err
add_epoch(struct store *s, const struct store_epoch *e, struct bytes text)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};

	RETURN_IF(db_stmt_begin(s->db, &TABLE, ADD, &st));
	db_bind_int(&st, 1, e->kind);
	db_bind_blob(&st, 2, e->id, sizeof(e->id));
	db_bind_blob(&st, 3, e->sha256, sizeof(e->sha256));
	db_bind_blob(&st, 4, e->subject_sha256, sizeof(e->subject_sha256));
	db_bind_blob(&st, 5, e->charter_sha256, sizeof(e->charter_sha256));
	db_bind_text(&st, 6, e->subject);
	db_bind_int(&st, 7, e->day);
	db_bind_int(&st, 8, e->opened_unix_s);
	db_bind_int(&st, 9, e->act);
	db_bind_blob(&st, 10, text.data, text.len);
	return db_run(&st);
}

/* A share that names no charter was sealed under the epoch's own. */
static enum err
add_own_share(struct store *s, const struct store_epoch *e, int64_t number,
    const struct store_share *share)
{
	static const uint8_t none[STORE_SHA256_LEN];
	struct store_share own = *share;

	if (memcmp(own.charter_sha256, none, sizeof(none)) == 0)
		memcpy(own.charter_sha256, e->charter_sha256, sizeof(none));
	return add_share(s, number, 0, &own, e->act);
}

enum err
store_epoch_add(struct store *s, const struct store_epoch *epoch,
    struct bytes epoch_txt, const struct store_share *shares,
    size_t shares_len, int64_t *ret_number)
{
	int64_t number;

	if (shares_len == 0)
		return ERR_RANGE;
	if (epoch_txt.len == 0 || epoch_txt.len > STORE_EPOCH_TEXT_MAX)
		return ERR_LIMIT;
	RETURN_IF(add_epoch(s, epoch, epoch_txt));
	number = db_last_id(s->db);
	for (size_t i = 0; i < shares_len; i++)
		RETURN_IF(add_own_share(s, epoch, number, &shares[i]));
	*ret_number = number;
	return ERR_OK;
}

static enum err
get_one(struct db_stmt *st, struct store_epoch *ret)
{
	RETURN_IF(db_one(st));
	return read_epoch(st, ret);
}

enum err
store_epoch_get(struct store *s, int64_t number, struct store_epoch *ret)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};

	RETURN_IF(db_stmt_begin(s->db, &TABLE, GET, &st));
	db_bind_int(&st, 1, number);
	return get_one(&st, ret);
}

enum err
store_epoch_by_id(struct store *s, const uint8_t id[STORE_EPOCH_ID_LEN],
    struct store_epoch *ret)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};

	RETURN_IF(db_stmt_begin(s->db, &TABLE, BY_ID, &st));
	db_bind_blob(&st, 1, id, STORE_EPOCH_ID_LEN);
	return get_one(&st, ret);
}

enum err
store_epoch_project(struct store *s, const char *project, const char *partner,
    struct store_epoch *ret)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};
	CLEANUP(buf_release) struct buf subject = {0};

	RETURN_IF(buf_printf(&subject, "project %s %s", project, partner));
	RETURN_IF(db_stmt_begin(s->db, &TABLE, PROJECT, &st));
	db_bind_text(&st, 1, buf_text(&subject));
	return get_one(&st, ret);
}

enum err
store_epoch_sum(struct store *s, int64_t number, uint64_t *ret_records,
    uint8_t ret_root[STORE_SHA256_LEN])
{
	CLEANUP(store_segment_list_release) struct store_segment_list l = {0};

	RETURN_IF(store_segment_list(s, number, 0, &l));
	return store_segment_root(&l, ret_root, ret_records);
}

enum err
store_epoch_close(struct store *s, int64_t number, int64_t at_unix_s,
    int64_t act, struct store_epoch *ret)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};
	struct store_epoch e;
	uint64_t records;
	uint8_t root[STORE_SHA256_LEN];

	RETURN_IF(store_epoch_get(s, number, &e));
	if (e.closed)
		return ERR_STATE;
	RETURN_IF(store_epoch_sum(s, number, &records, root));
	RETURN_IF(db_stmt_begin(s->db, &TABLE, CLOSE, &st));
	db_bind_int(&st, 1, number);
	db_bind_int(&st, 2, at_unix_s);
	db_bind_int(&st, 3, (int64_t)records);
	db_bind_blob(&st, 4, root, sizeof(root));
	db_bind_int(&st, 5, act);
	RETURN_IF(db_run(&st));
	return store_epoch_get(s, number, ret);
}

static enum err
append_blob(struct db_stmt *st, struct buf *out)
{
	struct bytes b;

	RETURN_IF(db_one(st));
	b = db_col_blob(st, 0);
	return buf_append(out, b.data, b.len);
}

enum err
store_epoch_text(struct store *s, int64_t number, struct buf *out)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};

	RETURN_IF(db_stmt_begin(s->db, &TABLE, TEXT, &st));
	db_bind_int(&st, 1, number);
	return append_blob(&st, out);
}

enum err
store_epoch_each(struct store *s, const struct store_epoch_query *q,
    store_epoch_fn each, void *ctx)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};
	struct store_epoch e;
	int row;

	RETURN_IF(db_stmt_begin(s->db, &TABLE, EACH, &st));
	db_bind_int(&st, 1, q->kind);
	db_bind_int(&st, 2, q->filter);
	if (q->subject != NULL)
		db_bind_text(&st, 3, q->subject);
	if (q->first_answer_day != 0 || q->last_answer_day != 0) {
		db_bind_int(&st, 4, q->first_answer_day);
		db_bind_int(&st, 5, q->last_answer_day);
	}
	for (;;) {
		RETURN_IF(db_step(&st, &row));
		if (!row)
			return ERR_OK;
		RETURN_IF(read_epoch(&st, &e));
		RETURN_IF(each(ctx, &e));
	}
}

enum err
store_epoch_share(struct store *s, int64_t number, const char *seat,
    struct buf *out)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};
	struct store_epoch e;

	RETURN_IF(store_epoch_get(s, number, &e));
	RETURN_IF(db_stmt_begin(s->db, &TABLE, SHARE_GET, &st));
	db_bind_int(&st, 1, number);
	db_bind_int(&st, 2, e.arrangement);
	db_bind_text(&st, 3, seat);
	return append_blob(&st, out);
}

enum err
store_epoch_share_charter(struct store *s, int64_t number, const char *seat,
    uint8_t ret[STORE_SHA256_LEN])
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};
	struct store_epoch e;

	RETURN_IF(store_epoch_get(s, number, &e));
	RETURN_IF(db_stmt_begin(s->db, &TABLE, SHARE_CHARTER, &st));
	db_bind_int(&st, 1, number);
	db_bind_int(&st, 2, e.arrangement);
	db_bind_text(&st, 3, seat);
	RETURN_IF(db_one(&st));
	return db_col_fixed(&st, 0, ret, STORE_SHA256_LEN);
}

enum err
store_epoch_reseal(struct store *s, int64_t number,
    const struct store_share *share, int64_t act)
{
	CLEANUP(buf_release) struct buf present = {0};
	struct store_epoch e;

	RETURN_IF(store_epoch_get(s, number, &e));
	RETURN_IF(store_epoch_share(s, number, share->seat, &present));
	return add_share(s, number, e.arrangement, share, act);
}

enum err
store_epoch_arrange(struct store *s, int64_t epoch, uint32_t number,
    struct bytes text, const struct store_share *shares, size_t shares_len,
    int64_t act)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};
	struct store_epoch e;

	if (shares_len == 0)
		return ERR_RANGE;
	if (text.len == 0 || text.len > STORE_EPOCH_TEXT_MAX)
		return ERR_LIMIT;
	RETURN_IF(store_epoch_get(s, epoch, &e));
	if (number != e.arrangement + 1)
		return ERR_STATE;
	RETURN_IF(db_stmt_begin(s->db, &TABLE, ARRANGE_ADD, &st));
	db_bind_int(&st, 1, epoch);
	db_bind_int(&st, 2, number);
	db_bind_blob(&st, 3, text.data, text.len);
	db_bind_int(&st, 4, act);
	RETURN_IF(db_run(&st));
	for (size_t i = 0; i < shares_len; i++)
		RETURN_IF(add_share(s, epoch, number, &shares[i], act));
	return ERR_OK;
}

enum err
store_epoch_arrangement_text(struct store *s, int64_t number, struct buf *out)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};

	RETURN_IF(db_stmt_begin(s->db, &TABLE, ARRANGE_TEXT, &st));
	db_bind_int(&st, 1, number);
	return append_blob(&st, out);
}

enum err
store_epoch_count_pending(struct store *s, const char *seat,
    const uint8_t charter_sha256[STORE_SHA256_LEN], uint64_t *ret)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};

	RETURN_IF(db_stmt_begin(s->db, &TABLE, PENDING, &st));
	db_bind_text(&st, 1, seat);
	db_bind_blob(&st, 2, charter_sha256, STORE_SHA256_LEN);
	RETURN_IF(db_one(&st));
	*ret = db_col_u64(&st, 0);
	return ERR_OK;
}
