/* vault/db_migrate.c - schemas, built only by running all their migrations.
 *
 * The texts are vault/sql/KIND-NNN.sql, embedded at build.  Each ends by
 * setting user_version to its own number; kind is SQLite's application_id.
 */
#include "vault/db_internal.h"

#include <stdlib.h>
#include <string.h>

#include "core/secret.h"

#include "vault/db_migrations.h"        /* generated, see sql/embed.py */

static const struct {
	const struct db_migration *items;
	unsigned len;
	int32_t application_id;
} SCHEMAS[] = {
	[DB_REGISTER] = {register_migrations,
	    ARRAY_LEN(register_migrations), 0x417a5247},        /* AzRG */
	[DB_STORE] = {store_migrations,
	    ARRAY_LEN(store_migrations), 0x417a5354},           /* AzST */
	[DB_ERASE] = {erase_migrations,
	    ARRAY_LEN(erase_migrations), 0x417a4552},           /* AzER */
};

enum { SET_IDENTITY };
static const char *const SQL[] = {
	[SET_IDENTITY] = "INSERT INTO meta (one, database_id, generation) "
	    "VALUES (1, ?1, 0)",
};

static const char GET_VERSION[] = "PRAGMA user_version";
static const char GET_KIND[] = "PRAGMA application_id";
static const char BEGIN_NOW[] = "BEGIN IMMEDIATE";
static const char COMMIT_ALL[] = "COMMIT";
static const char UNDO_ALL[] = "ROLLBACK";

unsigned
db_migrate_latest(enum db_kind kind)
{
	return SCHEMAS[kind].len;
}

static const struct db_migration *
migration_at(enum db_kind kind, unsigned version)
{
	MUST_HOLD(version >= 1 && version <= SCHEMAS[kind].len);
	return &SCHEMAS[kind].items[version - 1];
}

static enum err
ask_int(struct db *db, const char *pragma, int64_t *ret)
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(db->handle, pragma, -1, &st, NULL);

	if (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		*ret = sqlite3_column_int64(st, 0);
		rc = SQLITE_OK;
	}
	(void)sqlite3_finalize(st);
	return rc == SQLITE_DONE ? ERR_STORE : db_result(db, rc);
}

static enum err
set_identity(struct db *db)
{
	sqlite3_stmt *st = NULL;
	uint8_t id[DB_ID_LEN];
	int rc = sqlite3_prepare_v2(db->handle, SQL[SET_IDENTITY], -1, &st,
	    NULL);

	secret_random(id, sizeof(id));
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_blob(st, 1, id, sizeof(id), SQLITE_STATIC);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(st);
	(void)sqlite3_finalize(st);
	return db_result(db, rc);
}

/* shorten(bytes, from, to): items of ${from} bytes, one behind the other, each
 * cut to its first ${to}. */
static void
shorten(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
	const uint8_t *b = sqlite3_value_blob(argv[0]);
	int len = sqlite3_value_bytes(argv[0]);
	int from = sqlite3_value_int(argv[1]), to = sqlite3_value_int(argv[2]);
	uint8_t *out, *p;

	(void)argc;
	if (from < 1 || to < 1 || to > from || len == 0 || len % from != 0) {
		sqlite3_result_error(ctx, "not whole items", -1);
		return;
	}
	out = p = malloc((size_t)len);
	if (out == NULL) {
		sqlite3_result_error_nomem(ctx);
		return;
	}
	for (; len > 0; len -= from, b += from, p += to)
		memmove(p, b, (size_t)to);
	sqlite3_result_blob(ctx, out, (int)(p - out), free);
}

/* Inside the transaction: from what is there to ${to}. */
static enum err
migrate_inside(struct db *db, int is_new, unsigned to)
{
	int64_t version = 0, kind = 0;

	RETURN_IF(ask_int(db, GET_VERSION, &version));
	if (version < (is_new ? 0 : 1))
		return ERR_MISMATCH;
	RETURN_IF(db_result(db, sqlite3_create_function(db->handle, "shorten",
	    3, SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL, shorten, NULL,
	    NULL)));
	for (unsigned v = (unsigned)version + 1; v <= to; v++)
		RETURN_IF(db_exec(db, migration_at(db->kind, v)->sql));
	RETURN_IF(ask_int(db, GET_VERSION, &version));
	RETURN_IF(ask_int(db, GET_KIND, &kind));
	MUST_HOLD(version >= (int64_t)to &&
	    kind == SCHEMAS[db->kind].application_id);
	return is_new ? set_identity(db) : ERR_OK;
}

static enum err
migrate_all(struct db *db, int is_new, unsigned to)
{
	enum err e;

	RETURN_IF(db_exec(db, BEGIN_NOW));
	e = migrate_inside(db, is_new, to);
	if (e == ERR_OK)
		e = db_exec(db, COMMIT_ALL);
	if (e != ERR_OK && !sqlite3_get_autocommit(db->handle))
		(void)sqlite3_exec(db->handle, UNDO_ALL, NULL, NULL, NULL);
	return e;
}

enum err
db_migrate(struct db *db, int may_write, int is_new, unsigned limit)
{
	unsigned to = limit != 0 ? limit : db_migrate_latest(db->kind);
	int64_t version = 0, kind = 0;

	RETURN_IF(ask_int(db, GET_KIND, &kind));
	if (!is_new && kind != SCHEMAS[db->kind].application_id)
		return ERR_MISMATCH;
	RETURN_IF(ask_int(db, GET_VERSION, &version));
	if (version > (int64_t)db_migrate_latest(db->kind))
		return ERR_UNSUPPORTED;
	if (version >= (int64_t)to)
		return ERR_OK;
	if (!may_write)
		return ERR_UNSUPPORTED;
	RETURN_IF(migrate_all(db, is_new, to));
	db->migrated = !is_new;
	return ERR_OK;
}

int
db_was_migrated(const struct db *db)
{
	return db->migrated;
}
