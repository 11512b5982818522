/* vault/store_batch.c - batches of intake and quarantined lines. */
#include "vault/store_batch.h"

#include "vault/store_internal.h"

enum { ADD, COUNT, MARK_ERASED, GET, EACH, QUARANTINE_ADD, QUARANTINE_EACH };
#define COLUMNS "number, source, started, ended, accepted, duplicate, bad, " \
	"refused, erased"
static const char *const SQL[] = {
	[ADD] = "INSERT INTO batch (source, started, ended, accepted, "
	    "duplicate, bad, refused, erased) "
	    "VALUES (?1, ?2, 0, 0, 0, 0, 0, 0)",
	[COUNT] = "UPDATE batch SET accepted = accepted + ?2, "
	    "duplicate = duplicate + ?3, bad = bad + ?4, "
	    "refused = refused + ?5, ended = max(ended, ?6) "
	    "WHERE number = ?1",
	[MARK_ERASED] = "UPDATE batch SET erased = ?2 "
	    "WHERE number = ?1 AND erased = 0",
	[GET] = "SELECT " COLUMNS " FROM batch WHERE number = ?1",
	[EACH] = "SELECT " COLUMNS " FROM batch ORDER BY number",
	[QUARANTINE_ADD] = "INSERT INTO quarantine (batch, line, reason, "
	    "segment, place) VALUES (?1, ?2, ?3, ?4, ?5)",
	[QUARANTINE_EACH] = "SELECT batch, line, reason, segment, place "
	    "FROM quarantine WHERE ?1 = 0 OR batch = ?1 ORDER BY batch, line",
};
static const struct db_table TABLE = DB_TABLE(DB_SLOT_BATCH, SQL);

enum err
store_batch_add(struct store *s, const char *source, int64_t started_unix_s,
    int64_t *ret_number)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};

	RETURN_IF(db_stmt_begin(s->db, &TABLE, ADD, &st));
	db_bind_text(&st, 1, source);
	db_bind_int(&st, 2, started_unix_s);
	RETURN_IF(db_run(&st));
	*ret_number = db_last_id(s->db);
	return ERR_OK;
}

enum err
store_batch_count(struct store *s, const struct store_batch *more)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};

	RETURN_IF(db_stmt_begin(s->db, &TABLE, COUNT, &st));
	db_bind_int(&st, 1, more->number);
	db_bind_int(&st, 2, (int64_t)more->accepted);
	db_bind_int(&st, 3, (int64_t)more->duplicate);
	db_bind_int(&st, 4, (int64_t)more->bad);
	db_bind_int(&st, 5, (int64_t)more->refused);
	db_bind_int(&st, 6, more->ended_unix_s);
	RETURN_IF(db_run(&st));
	return db_changes(s->db) == 1 ? ERR_OK : ERR_NOT_FOUND;
}

enum err
store_batch_mark_erased(struct store *s, int64_t number, int64_t at_unix_s)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};
	struct store_batch b;

	RETURN_IF(store_batch_get(s, number, &b));
	RETURN_IF(db_stmt_begin(s->db, &TABLE, MARK_ERASED, &st));
	db_bind_int(&st, 1, number);
	db_bind_int(&st, 2, at_unix_s);
	RETURN_IF(db_run(&st));
	return db_changes(s->db) == 1 ? ERR_OK : ERR_STATE;
}

static enum err
read_batch(struct db_stmt *st, struct store_batch *ret)
{
	*ret = (struct store_batch){
		.number = db_col_int(st, 0),
		.started_unix_s = db_col_int(st, 2),
		.ended_unix_s = db_col_int(st, 3),
		.accepted = db_col_u64(st, 4), .duplicate = db_col_u64(st, 5),
		.bad = db_col_u64(st, 6), .refused = db_col_u64(st, 7),
		.erased_unix_s = db_col_int(st, 8),
	};
	return db_col_text(st, 1, ret->source, sizeof(ret->source));
}

enum err
store_batch_get(struct store *s, int64_t number, struct store_batch *ret)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};

	RETURN_IF(db_stmt_begin(s->db, &TABLE, GET, &st));
	db_bind_int(&st, 1, number);
	RETURN_IF(db_one(&st));
	return read_batch(&st, ret);
}

enum err
store_batch_each(struct store *s, store_batch_fn each, void *ctx)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};
	struct store_batch b;
	int row;

	RETURN_IF(db_stmt_begin(s->db, &TABLE, EACH, &st));
	for (;;) {
		RETURN_IF(db_step(&st, &row));
		if (!row)
			return ERR_OK;
		RETURN_IF(read_batch(&st, &b));
		RETURN_IF(each(ctx, &b));
	}
}

enum err
store_batch_quarantine_add(struct store *s,
    const struct store_quarantine *rows, size_t len)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};

	RETURN_IF(db_stmt_begin(s->db, &TABLE, QUARANTINE_ADD, &st));
	for (size_t i = 0; i < len; i++) {
		db_stmt_again(&st);
		db_bind_int(&st, 1, rows[i].batch);
		db_bind_int(&st, 2, (int64_t)rows[i].line);
		db_bind_int(&st, 3, rows[i].reason);
		db_bind_int(&st, 4, rows[i].segment);
		db_bind_int(&st, 5, rows[i].index);
		RETURN_IF(db_run(&st));
	}
	return ERR_OK;
}

enum err
store_batch_quarantine_each(struct store *s, int64_t batch,
    store_quarantine_fn each, void *ctx)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};
	struct store_quarantine q;
	int row;

	RETURN_IF(db_stmt_begin(s->db, &TABLE, QUARANTINE_EACH, &st));
	db_bind_int(&st, 1, batch);
	for (;;) {
		RETURN_IF(db_step(&st, &row));
		if (!row)
			return ERR_OK;
		q = (struct store_quarantine){
			.batch = db_col_int(&st, 0),
			.line = db_col_u64(&st, 1),
			.reason = (uint16_t)db_col_int(&st, 2),
			.segment = db_col_int(&st, 3),
			.index = db_col_u32(&st, 4),
		};
		RETURN_IF(each(ctx, &q));
	}
}
