/* vault/actlog.c - the acts of a database. */
#include "vault/actlog.h"

#include <string.h>

#include "vault/db_internal.h"

enum { ADD, GET, EACH_QUEUED, COUNT_QUEUED, MARK_LOGGED, MARK_VOID,
	LAST_INDEX, EACH, EACH_OF_KIND };
static const char *const SQL[] = {
	[ADD] = "INSERT INTO act (class, kind, entry, leaf, tree_size_then) "
	    "VALUES (?1, ?2, ?3, ?4, ?5)",
	[GET] = "SELECT id, class, kind, leaf, tree_size_then, state, "
	    "ledger_index FROM act WHERE id = ?1",
	/* state = 0 literally, so that the partial index serves */
	[EACH_QUEUED] = "SELECT id, class, kind, leaf, tree_size_then, state, "
	    "ledger_index, entry FROM act WHERE state = 0 ORDER BY id",
	[COUNT_QUEUED] = "SELECT count(*) FROM act "
	    "WHERE state = 0 AND class = ?1",
	[MARK_LOGGED] = "UPDATE act SET state = 1, ledger_index = ?2 "
	    "WHERE id = ?1 AND state = 0",
	[MARK_VOID] = "UPDATE act SET state = 2 "
	    "WHERE id = ?1 AND state = 0 AND class = 1",
	[EACH] = "SELECT id, class, kind, leaf, tree_size_then, state, "
	    "ledger_index, entry FROM act ORDER BY id",
	[EACH_OF_KIND] = "SELECT id, class, kind, leaf, tree_size_then, "
	    "state, ledger_index, entry FROM act WHERE state = 1 AND "
	    "kind = ?1 ORDER BY id DESC",
	[LAST_INDEX] = "SELECT ledger_index FROM act WHERE state = 1 "
	    "ORDER BY ledger_index DESC LIMIT 1",
};
static const struct db_table TABLE = DB_TABLE(DB_SLOT_ACTLOG, SQL);

static enum err
check_act(struct db *db, const struct actlog_act *act)
{
	uint64_t queued;

	if (act->entry.len == 0 || act->entry.len > ACTLOG_ENTRY_MAX)
		return ERR_LIMIT;
	if (act->class_ != ACTLOG_GRANT && act->class_ != ACTLOG_STOP)
		return ERR_RANGE;
	if (act->tree_size_then > INT64_MAX)
		return ERR_RANGE;
	if (act->class_ == ACTLOG_STOP)
		return ERR_OK;
	RETURN_IF(actlog_count_queued(db, ACTLOG_STOP, &queued));
	return queued == 0 ? ERR_OK : ERR_STATE;
}

enum err
actlog_add(struct db *db, const struct actlog_act *act, int64_t *ret_id)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};
	enum err e;

	RETURN_IF(check_act(db, act));
	RETURN_IF(db_stmt_begin(db, &TABLE, ADD, &st));
	db_bind_int(&st, 1, act->class_);
	db_bind_text(&st, 2, act->kind);
	db_bind_blob(&st, 3, act->entry.data, act->entry.len);
	db_bind_blob(&st, 4, act->leaf, sizeof(act->leaf));
	db_bind_int(&st, 5, (int64_t)act->tree_size_then);
	e = db_run(&st);
	if (e != ERR_OK)
		return e == ERR_EXISTS ? ERR_DUPLICATE : e;
	*ret_id = db_last_id(db);
	return ERR_OK;
}

static enum err
read_act(struct db_stmt *st, struct actlog_act *ret)
{
	struct actlog_act act = {.id = db_col_int(st, 0)};

	act.class_ = (enum actlog_class)db_col_int(st, 1);
	RETURN_IF(db_col_text(st, 2, act.kind, sizeof(act.kind)));
	RETURN_IF(db_col_fixed(st, 3, act.leaf, sizeof(act.leaf)));
	act.tree_size_then = db_col_u64(st, 4);
	act.state = (enum actlog_state)db_col_int(st, 5);
	act.ledger_index = db_col_u64(st, 6);
	*ret = act;
	return ERR_OK;
}

enum err
actlog_get(struct db *db, int64_t id, struct actlog_act *ret)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};

	RETURN_IF(db_stmt_begin(db, &TABLE, GET, &st));
	db_bind_int(&st, 1, id);
	RETURN_IF(db_one(&st));
	return read_act(&st, ret);
}

enum err
actlog_last_index(struct db *db, uint64_t *ret)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};

	RETURN_IF(db_stmt_begin(db, &TABLE, LAST_INDEX, &st));
	RETURN_IF(db_one(&st));
	*ret = db_col_u64(&st, 0);
	return ERR_OK;
}

static enum err
walk(struct db_stmt *st, actlog_each_fn each, void *ctx)
{
	struct actlog_act act;
	int row;

	for (;;) {
		RETURN_IF(db_step(st, &row));
		if (!row)
			return ERR_OK;
		RETURN_IF(read_act(st, &act));
		act.entry = db_col_blob(st, 7);
		RETURN_IF(each(ctx, &act));
	}
}

enum err
actlog_each_queued(struct db *db, actlog_each_fn each, void *ctx)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};

	RETURN_IF(db_stmt_begin(db, &TABLE, EACH_QUEUED, &st));
	return walk(&st, each, ctx);
}

enum err
actlog_each(struct db *db, const char *kind, actlog_each_fn each, void *ctx)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};

	RETURN_IF(db_stmt_begin(db, &TABLE, kind == NULL ? EACH :
	    EACH_OF_KIND, &st));
	if (kind != NULL)
		db_bind_text(&st, 1, kind);
	return walk(&st, each, ctx);
}

enum err
actlog_count_queued(struct db *db, enum actlog_class class_, uint64_t *ret)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};

	RETURN_IF(db_stmt_begin(db, &TABLE, COUNT_QUEUED, &st));
	db_bind_int(&st, 1, class_);
	RETURN_IF(db_one(&st));
	*ret = db_col_u64(&st, 0);
	return ERR_OK;
}

/* Nothing changed: say whether it is not there or not in that state. */
static enum err
why_unchanged(struct db *db, int64_t id)
{
	struct actlog_act act;

	RETURN_IF(actlog_get(db, id, &act));
	return ERR_STATE;
}

enum err
actlog_mark_logged(struct db *db, int64_t id, uint64_t ledger_index)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};

	if (ledger_index > INT64_MAX)
		return ERR_RANGE;
	RETURN_IF(db_stmt_begin(db, &TABLE, MARK_LOGGED, &st));
	db_bind_int(&st, 1, id);
	db_bind_int(&st, 2, (int64_t)ledger_index);
	RETURN_IF(db_run(&st));
	return db_changes(db) == 1 ? ERR_OK : why_unchanged(db, id);
}

enum err
actlog_mark_void(struct db *db, int64_t id)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};

	RETURN_IF(db_stmt_begin(db, &TABLE, MARK_VOID, &st));
	db_bind_int(&st, 1, id);
	RETURN_IF(db_run(&st));
	return db_changes(db) == 1 ? ERR_OK : why_unchanged(db, id);
}
