/* vault/db_internal.h - statements, for the modules of this folder only.
 *
 * A module has one constant table of SQL texts, indexed by its enum, and a
 * slot under which each connection keeps the prepared statements.  A statement
 * is a scope:
 *
 *	CLEANUP(db_stmt_end) struct db_stmt st = {0};
 *	int row;
 *	RETURN_IF(db_stmt_begin(db, &TABLE, GET, &st));
 *	db_bind_int(&st, 1, id);
 *	RETURN_IF(db_step(&st, &row));
 *
 * Parameters are bound by position; a failed bind is remembered and returned
 * by the next step.  Bound values are never logged or expanded.
 */
#ifndef AZUKARI_VAULT_DB_INTERNAL_H
#define AZUKARI_VAULT_DB_INTERNAL_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"
#include "vault/db.h"

#define SQLITE_HAS_CODEC 1
#include <sqlite3.h>

enum db_slot {
	DB_SLOT_DB, DB_SLOT_ACTLOG, DB_SLOT_REGISTER, DB_SLOT_REGISTER_PLAN,
	DB_SLOT_STORE, DB_SLOT_ENTRY, DB_SLOT_RESPONDENT, DB_SLOT_EPOCH,
	DB_SLOT_SEGMENT, DB_SLOT_EVENT, DB_SLOT_BATCH, DB_SLOT_NOTICE,
	DB_SLOT_MESSAGE,
	DB_SLOT_ERASE,
	DB_SLOT_END,
};

struct db_table {
	enum db_slot slot;
	const char *const *sql;
	size_t len;
};
#define DB_TABLE(slot_, sql_) {(slot_), (sql_), ARRAY_LEN(sql_)}

struct db_stmts {
	struct db_prepared {
		sqlite3_stmt *stmt;
		int in_use;             /* a scope holds it */
	} *items;
	size_t len;
};

struct db {
	sqlite3 *handle;
	enum db_kind kind;
	char *path;
	struct secret *key;
	struct db_stmts stmts[DB_SLOT_END];
	uint64_t rollbacks;             /* transactions undone, see db_stamp */
	int in_tx, in_snapshot;
	unsigned busy_tries;            /* looks at what another writes */
	int dead;                       /* after ERR_CORRUPT */
	int migrated;                   /* by its opening */
};

/* How sqlite's result maps to ours; remembers that a database is damaged. */
enum err db_result(struct db *db, int rc) MUST_USE;

struct db_stmt {
	struct db *db;
	sqlite3_stmt *stmt;
	enum err e;
	struct db_prepared *shared;     /* NULL: our own, to be finalized */
};
enum err db_stmt_begin(struct db *db, const struct db_table *table,
    size_t index, struct db_stmt *ret) MUST_USE;
void db_stmt_end(struct db_stmt *st);
/* Ready to be bound and stepped again. */
void db_stmt_again(struct db_stmt *st);
/* Finalize all prepared statements of a connection. */
void db_stmt_drop_all(struct db *db);

void db_bind_int(struct db_stmt *st, int pos, int64_t v);
void db_bind_text(struct db_stmt *st, int pos, const char *text);
/* The bytes must live until the statement ends. */
void db_bind_blob(struct db_stmt *st, int pos, const void *bytes, size_t len);

enum err db_step(struct db_stmt *st, int *ret_row) MUST_USE;
/* A statement that gives no row. */
enum err db_run(struct db_stmt *st) MUST_USE;
/* ERR_NOT_FOUND when there is no row. */
enum err db_one(struct db_stmt *st) MUST_USE;

int64_t db_col_int(struct db_stmt *st, int col);
uint64_t db_col_u64(struct db_stmt *st, int col);
uint32_t db_col_u32(struct db_stmt *st, int col);
/* Borrowed until the next step. */
struct bytes db_col_blob(struct db_stmt *st, int col);
/* Exactly ${len} bytes, or ERR_CORRUPT; at most ${max} - 1 characters. */
enum err db_col_fixed(struct db_stmt *st, int col, uint8_t *ret,
    size_t len) MUST_USE;
enum err db_col_text(struct db_stmt *st, int col, char *ret,
    size_t max) MUST_USE;

int64_t db_last_id(struct db *db);
uint64_t db_changes(struct db *db);     /* of the last statement */

/* Changes whenever something cached may be stale: another connection's
 * commit, or a rollback of ours. */
enum err db_stamp(struct db *db, uint64_t *ret) MUST_USE;

/* Give back cached pages after a walk over a whole table. */
void db_forget_pages(struct db *db);

/* Run constant text that returns nothing (pragmas, migrations). */
enum err db_exec(struct db *db, const char *constant_sql) MUST_USE;

/* db_migrate.c */
struct db_migration {
	const char *name;
	const char *sql;
};
unsigned db_migrate_latest(enum db_kind kind);
/* Check kind and version; migrate when ${may_write}, and give a new file its
 * id.  ${limit} 0: to the latest (tests stop earlier). */
enum err db_migrate(struct db *db, int may_write, int is_new,
    unsigned limit) MUST_USE;
/* Open and key ${path} without proof or migration; for copies and tests. */
enum err db_open_raw(const char *path, int sqlite_flags,
    const struct secret *key, sqlite3 **ret) MUST_USE;

#endif
