/* vault/db_file.c - acts on a whole database file: checkpoint, new key, check
 * of every page, copy. */
#include "vault/db_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/encode.h"
#include "core/fs.h"

static const char INTEGRITY[] = "PRAGMA integrity_check(1)";

static enum err
wal_is_empty(const struct db *db)
{
	char wal[FS_PATH_MAX];
	uint64_t len = 0;
	enum err e;

	RETURN_IF(fs_path(wal, "%s-wal", db->path));
	e = fs_size(wal, &len);
	if (e == ERR_NOT_FOUND)
		return ERR_OK;
	return e != ERR_OK ? e : len == 0 ? ERR_OK : ERR_BUSY;
}

enum err
db_checkpoint(struct db *db)
{
	int rc;

	if (db->dead)
		return ERR_CORRUPT;
	if (db->in_tx || db->in_snapshot)
		return ERR_STATE;
	rc = sqlite3_wal_checkpoint_v2(db->handle, "main",
	    SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	if (rc != SQLITE_OK)
		return db_result(db, rc);
	return wal_is_empty(db);
}

static enum err
rekey_pages(struct db *db, const struct secret *key)
{
	SECRET_BYTES(text, 2 * DB_KEY_LEN + 4);
	int rc;

	text[0] = 'x';
	text[1] = '\'';
	encode_hex(secret_bytes(key), DB_KEY_LEN, (char *)text + 2);
	text[66] = '\'';
	text[67] = '\0';
	rc = sqlite3_rekey_v2(db->handle, "main", text, 67);
	return db_result(db, rc);
}

/* rekey_v2 rewrites all pages in one transaction of its own and says nothing
 * when that fails: what is in the file afterwards is asked of a second
 * connection with the new key. */
static enum err
opens_with(enum db_kind kind, const char *path, const struct secret *key)
{
	CLEANUP(db_cleanup) struct db *again = NULL;
	const struct db_open_args args = {
		.kind = kind, .mode = DB_READ_ONLY, .path = path, .key = key,
	};

	RETURN_IF(db_open(&args, &again));
	return db_check_all_pages(again);
}

enum err
db_rekey(struct db *db, const struct secret *key)
{
	struct secret *copy = NULL;
	enum err e;
	int written;

	MUST_HOLD(secret_len(key) == DB_KEY_LEN);
	if (db->in_tx || db->in_snapshot)
		return ERR_STATE;
	RETURN_IF(db_checkpoint(db));
	RETURN_IF(secret_new_copy(secret_bytes(key), DB_KEY_LEN, &copy));
	db_stmt_drop_all(db);
	errno = 0;
	e = rekey_pages(db, key);
	written = errno;
	if (e == ERR_OK)
		e = db_checkpoint(db);
	/* A commit that found no room leaves its transaction open, which looks
	 * like somebody else's. */
	if (e == ERR_BUSY && fs_error(written) == ERR_NO_SPACE)
		e = ERR_NO_SPACE;
	if (e == ERR_OK)
		e = opens_with(db->kind, db->path, key);
	if (e != ERR_OK) {
		secret_free(copy);
		db->dead = 1;   /* which key holds is found out by opening */
		return e;
	}
	secret_free(db->key);
	db->key = copy;
	return ERR_OK;
}

static int
row_is_ok(void *ctx, int cols, char **values, char **names)
{
	(void)names;
	*(int *)ctx = cols == 1 && values[0] != NULL &&
	    strcmp(values[0], "ok") == 0;
	return 0;
}

enum err
db_check_all_pages(struct db *db)
{
	int ok = 0, rc;

	if (db->dead)
		return ERR_CORRUPT;
	/* pages in the cache were good when they were read */
	(void)sqlite3_db_release_memory(db->handle);
	rc = sqlite3_exec(db->handle, INTEGRITY, row_is_ok, &ok, NULL);
	if (rc != SQLITE_OK)
		return db_result(db, sqlite3_extended_errcode(db->handle));
	if (!ok) {
		db->dead = 1;
		return ERR_CORRUPT;
	}
	return ERR_OK;
}

static enum err
copy_pages(struct db *db, sqlite3 *to)
{
	sqlite3_backup *b = sqlite3_backup_init(to, "main", db->handle,
	    "main");
	int rc;

	if (b == NULL)
		return ERR_STORE;
	(void)sqlite3_backup_step(b, -1);
	rc = sqlite3_backup_finish(b);
	return db_result(db, rc);
}

/* What proving a copy read-only leaves beside it; nothing was written. */
static enum err
remove_empty_log(const char *path)
{
	char name[FS_PATH_MAX];
	uint64_t bytes = 0;

	RETURN_IF(fs_path(name, "%s-wal", path));
	if (fs_exists(name))
		RETURN_IF(fs_size(name, &bytes));
	if (bytes > 0)
		return ERR_STORE;
	RETURN_IF(fs_remove(name));
	RETURN_IF(fs_path(name, "%s-shm", path));
	return fs_remove(name);
}

enum err
db_copy_to(struct db *db, const char *path)
{
	char unfinished[FS_PATH_MAX];
	sqlite3 *to = NULL;
	enum err e;

	if (fs_exists(path))
		return ERR_EXISTS;
	RETURN_IF(fs_path(unfinished, "%s.new", path));
	RETURN_IF(fs_remove(unfinished));
	RETURN_IF(fs_write_new_file(unfinished, bytes_of("", 0), 0600));
	RETURN_IF(db_open_raw(unfinished, SQLITE_OPEN_READWRITE, db->key, &to));
	e = copy_pages(db, to);
	if (sqlite3_close(to) != SQLITE_OK && e == ERR_OK)
		e = ERR_STORE;
	if (e == ERR_OK)
		e = opens_with(db->kind, unfinished, db->key);
	if (e != ERR_OK) {
		enum err removed = fs_remove(unfinished);

		return removed == ERR_OK ? e : removed;
	}
	RETURN_IF(remove_empty_log(unfinished));
	return fs_rename(unfinished, path);
}
