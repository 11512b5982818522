/* vault/db_stmt.c - prepared statements as scopes, typed binding, results. */
#include "vault/db_internal.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "core/fs.h"

static enum err
constraint_result(int rc)
{
	switch (rc) {
	case SQLITE_CONSTRAINT_UNIQUE:
	case SQLITE_CONSTRAINT_PRIMARYKEY:
	case SQLITE_CONSTRAINT_ROWID:
		return ERR_EXISTS;
	case SQLITE_CONSTRAINT_FOREIGNKEY:
		return ERR_NOT_FOUND;
	default:
		return ERR_RANGE;
	}
}

/* SQLite says "full" of writes alone, not of an fsync or a file that cannot
 * grow; the system's word for these is the last one it had. */
static enum err
io_result(const struct db *db)
{
	return fs_error(sqlite3_system_errno(db->handle)) == ERR_NO_SPACE ?
	    ERR_NO_SPACE : ERR_IO;
}

enum err
db_result(struct db *db, int rc)
{
	switch (rc & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return ERR_OK;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return ERR_BUSY;
	case SQLITE_NOMEM:
		return ERR_NOMEM;
	case SQLITE_FULL:
		return ERR_NO_SPACE;
	case SQLITE_IOERR:
		return rc == SQLITE_IOERR_NOMEM ? ERR_NOMEM : io_result(db);
	case SQLITE_CANTOPEN:
		return io_result(db);
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		db->dead = 1;
		return ERR_CORRUPT;
	case SQLITE_CONSTRAINT:
		return constraint_result(rc);
	case SQLITE_TOOBIG:
		return ERR_LIMIT;
	case SQLITE_READONLY:
		return ERR_STATE;
	default:
		return ERR_STORE;
	}
}

static enum err
prepare(struct db *db, const char *sql, sqlite3_stmt **ret)
{
	sqlite3_stmt *stmt = NULL;
	const char *rest = NULL;
	int rc = sqlite3_prepare_v2(db->handle, sql, -1, &stmt, &rest);

	if (rc != SQLITE_OK)
		return db_result(db, rc);
	MUST_HOLD(stmt != NULL && *rest == '\0');
	*ret = stmt;
	return ERR_OK;
}

static enum err
shared_statement(struct db *db, const struct db_table *t, size_t index,
    struct db_prepared **ret)
{
	struct db_stmts *s = &db->stmts[t->slot];

	if (s->items == NULL) {
		s->items = calloc(t->len, sizeof(*s->items));
		if (s->items == NULL)
			return ERR_NOMEM;
		s->len = t->len;
	}
	MUST_HOLD(s->len == t->len);
	if (s->items[index].stmt == NULL)
		RETURN_IF(prepare(db, t->sql[index], &s->items[index].stmt));
	*ret = &s->items[index];
	return ERR_OK;
}

enum err
db_stmt_begin(struct db *db, const struct db_table *table, size_t index,
    struct db_stmt *ret)
{
	struct db_stmt st = {.db = db};

	MUST_HOLD(index < table->len && table->sql[index] != NULL);
	if (db->dead)
		return ERR_CORRUPT;
	RETURN_IF(shared_statement(db, table, index, &st.shared));
	if (!sqlite3_stmt_readonly(st.shared->stmt) && !db->in_tx)
		return ERR_STATE;
	if (st.shared->in_use) {
		/* the same statement further out, in a walk's callback */
		st.shared = NULL;
		RETURN_IF(prepare(db, table->sql[index], &st.stmt));
	} else {
		st.stmt = st.shared->stmt;
		st.shared->in_use = 1;
	}
	*ret = st;
	return ERR_OK;
}

void
db_stmt_again(struct db_stmt *st)
{
	(void)sqlite3_reset(st->stmt);
	(void)sqlite3_clear_bindings(st->stmt);
}

void
db_stmt_end(struct db_stmt *st)
{
	if (st->stmt == NULL)
		return;
	if (st->shared == NULL) {
		(void)sqlite3_finalize(st->stmt);
	} else {
		db_stmt_again(st);
		st->shared->in_use = 0;
	}
	st->stmt = NULL;
}

void
db_stmt_drop_all(struct db *db)
{
	for (size_t slot = 0; slot < DB_SLOT_END; slot++) {
		struct db_stmts *s = &db->stmts[slot];

		for (size_t i = 0; i < s->len; i++)
			(void)sqlite3_finalize(s->items[i].stmt);
		free(s->items);
		*s = (struct db_stmts){0};
	}
}

static void
note(struct db_stmt *st, int rc)
{
	if (rc != SQLITE_OK && st->e == ERR_OK)
		st->e = db_result(st->db, rc);
}

void
db_bind_int(struct db_stmt *st, int pos, int64_t v)
{
	note(st, sqlite3_bind_int64(st->stmt, pos, v));
}

void
db_bind_text(struct db_stmt *st, int pos, const char *text)
{
	note(st, sqlite3_bind_text(st->stmt, pos, text, -1, SQLITE_TRANSIENT));
}

void
db_bind_blob(struct db_stmt *st, int pos, const void *bytes, size_t len)
{
	/* a NULL pointer would bind NULL, an empty blob is meant */
	note(st, sqlite3_bind_blob64(st->stmt, pos, len == 0 ? "" : bytes,
	    len, SQLITE_STATIC));
}

enum err
db_step(struct db_stmt *st, int *ret_row)
{
	int rc;

	if (st->e != ERR_OK)
		return st->e;
	if (st->db->dead)
		return ERR_CORRUPT;
	rc = sqlite3_step(st->stmt);
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		return st->e = db_result(st->db,
		    sqlite3_extended_errcode(st->db->handle));
	*ret_row = rc == SQLITE_ROW;
	return ERR_OK;
}

enum err
db_run(struct db_stmt *st)
{
	int row;

	RETURN_IF(db_step(st, &row));
	MUST_HOLD(!row);
	return ERR_OK;
}

enum err
db_one(struct db_stmt *st)
{
	int row;

	RETURN_IF(db_step(st, &row));
	return row ? ERR_OK : ERR_NOT_FOUND;
}

int64_t
db_col_int(struct db_stmt *st, int col)
{
	return sqlite3_column_int64(st->stmt, col);
}

uint64_t
db_col_u64(struct db_stmt *st, int col)
{
	int64_t v = db_col_int(st, col);

	return v < 0 ? 0 : (uint64_t)v;
}

uint32_t
db_col_u32(struct db_stmt *st, int col)
{
	int64_t v = db_col_int(st, col);

	return v < 0 ? 0 : v > (int64_t)UINT32_MAX ? UINT32_MAX : (uint32_t)v;
}

struct bytes
db_col_blob(struct db_stmt *st, int col)
{
	const void *p = sqlite3_column_blob(st->stmt, col);
	int len = sqlite3_column_bytes(st->stmt, col);

	return p == NULL || len <= 0 ? bytes_of("", 0) : bytes_of(p, (size_t)len);
}

enum err
db_col_fixed(struct db_stmt *st, int col, uint8_t *ret, size_t len)
{
	struct bytes b = db_col_blob(st, col);

	if (b.len != len)
		return ERR_CORRUPT;
	memcpy(ret, b.data, len);
	return ERR_OK;
}

enum err
db_col_text(struct db_stmt *st, int col, char *ret, size_t max)
{
	struct bytes b = db_col_blob(st, col);

	if (b.len >= max || memchr(b.data, '\0', b.len) != NULL)
		return ERR_CORRUPT;
	memcpy(ret, b.data, b.len);
	ret[b.len] = '\0';
	return ERR_OK;
}

int64_t
db_last_id(struct db *db)
{
	return sqlite3_last_insert_rowid(db->handle);
}

uint64_t
db_changes(struct db *db)
{
	int n = sqlite3_changes(db->handle);

	return n < 0 ? 0 : (uint64_t)n;
}

enum err
db_exec(struct db *db, const char *constant_sql)
{
	if (db->dead)
		return ERR_CORRUPT;
	if (sqlite3_exec(db->handle, constant_sql, NULL, NULL, NULL) !=
	    SQLITE_OK)
		return db_result(db, sqlite3_extended_errcode(db->handle));
	return ERR_OK;
}
