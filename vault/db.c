/* vault/db.c - opening an encrypted database, its identity, transactions. */
#include "vault/db_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/encode.h"
#include "core/fs.h"

/* `x'` + 64 hex digits + `'`: anything else SQLCipher takes as a passphrase. */
#define KEY_TEXT_LEN 67

enum {
	BEGIN_IMMEDIATE, BEGIN_DEFERRED, COMMIT, ROLLBACK, TOUCH,
	META_GET, META_SET_GENERATION, DATA_VERSION,
};
static const char *const SQL[] = {
	[BEGIN_IMMEDIATE] = "BEGIN IMMEDIATE",
	[BEGIN_DEFERRED] = "BEGIN",
	[COMMIT] = "COMMIT",
	[ROLLBACK] = "ROLLBACK",
	[TOUCH] = "SELECT count(*) FROM sqlite_master",
	[META_GET] = "SELECT database_id, generation FROM meta",
	[META_SET_GENERATION] = "UPDATE meta SET generation = ?1",
	[DATA_VERSION] = "PRAGMA data_version",
};
static const struct db_table TABLE = DB_TABLE(DB_SLOT_DB, SQL);

static const char CIPHER_PAGES[] = "PRAGMA cipher_page_size = 16384";
static const char SETTINGS[] =
    "PRAGMA temp_store = MEMORY;"
    "PRAGMA synchronous = FULL;"
    "PRAGMA secure_delete = ON;"
    "PRAGMA foreign_keys = ON;"
    "PRAGMA recursive_triggers = ON;"
    "PRAGMA cell_size_check = ON;"
    "PRAGMA cache_size = -16384;";
static const char LARGE_CACHE[] = "PRAGMA cache_size = -131072";
static const char SMALL_CACHE[] = "PRAGMA cache_size = -1024";
static const char USE_WAL[] = "PRAGMA journal_mode = WAL";
static const char CIPHER_VERSION[] = "PRAGMA cipher_version";

static void
key_text(const struct secret *key, uint8_t ret[KEY_TEXT_LEN + 1])
{
	ret[0] = 'x';
	ret[1] = '\'';
	encode_hex(secret_bytes(key), DB_KEY_LEN, (char *)ret + 2);
	ret[66] = '\'';
	ret[67] = '\0';
}

enum err
db_open_raw(const char *path, int sqlite_flags, const struct secret *key,
    sqlite3 **ret)
{
	SECRET_BYTES(text, KEY_TEXT_LEN + 1);
	sqlite3 *handle = NULL;
	int rc = sqlite3_open_v2(path, &handle,
	    sqlite_flags | SQLITE_OPEN_NOMUTEX, NULL);

	MUST_HOLD(secret_len(key) == DB_KEY_LEN);
	key_text(key, text);
	if (rc == SQLITE_OK)
		rc = sqlite3_key_v2(handle, "main", text, KEY_TEXT_LEN);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(handle, CIPHER_PAGES, NULL, NULL, NULL);
	if (rc != SQLITE_OK) {
		(void)sqlite3_close_v2(handle);
		return rc == SQLITE_NOMEM ? ERR_NOMEM : ERR_IO;
	}
	(void)sqlite3_extended_result_codes(handle, 1);
	*ret = handle;
	return ERR_OK;
}

/* Read through SQLite's own descriptor: closing another one of this file
 * would drop the locks of every connection in the process. */
static enum err
prove_encrypted(struct db *db)
{
	static const char plain[16] = "SQLite format 3";
	sqlite3_file *file = NULL;
	uint8_t head[16];
	int rc = sqlite3_file_control(db->handle, "main",
	    SQLITE_FCNTL_FILE_POINTER, &file);

	if (rc != SQLITE_OK || file == NULL || file->pMethods == NULL)
		return ERR_STORE;
	rc = file->pMethods->xRead(file, head, (int)sizeof(head), 0);
	if (rc == SQLITE_IOERR_SHORT_READ)
		return ERR_TRUNCATED;
	if (rc != SQLITE_OK)
		return ERR_IO;
	return memcmp(head, plain, sizeof(head)) == 0 ? ERR_NOT_ENCRYPTED :
	    ERR_OK;
}

/* The library must be SQLCipher: plain SQLite knows no cipher_version. */
static int
first_row_is_text(void *ctx, int cols, char **values, char **names)
{
	(void)names;
	if (cols == 1 && values[0] != NULL)
		memccpy(ctx, values[0], '\0', 31);
	return 0;
}

static enum err
pragma_text(struct db *db, const char *pragma, char ret[32])
{
	memset(ret, 0, 32);
	if (sqlite3_exec(db->handle, pragma, first_row_is_text, ret, NULL) !=
	    SQLITE_OK)
		return db_result(db, sqlite3_extended_errcode(db->handle));
	return ERR_OK;
}

/* The first read decides whether the key fits. */
static enum err
prove_readable(struct db *db)
{
	char version[32];
	enum err e;
	int rc;

	RETURN_IF(pragma_text(db, CIPHER_VERSION, version));
	if (version[0] == '\0')
		return ERR_NOT_ENCRYPTED;
	rc = sqlite3_exec(db->handle, SQL[TOUCH], NULL, NULL, NULL);
	e = prove_encrypted(db);
	if (e == ERR_NOT_ENCRYPTED)
		return e;
	if ((rc & 0xff) == SQLITE_NOTADB || (rc & 0xff) == SQLITE_CORRUPT)
		return ERR_DECRYPT;
	if (rc != SQLITE_OK)
		return db_result(db, rc);
	return ERR_OK;
}

static enum err
settle(struct db *db, const struct db_open_args *args)
{
	char mode[32];

	RETURN_IF(db_exec(db, SETTINGS));
	if (args->large_cache)
		RETURN_IF(db_exec(db, LARGE_CACHE));
	if (args->mode == DB_READ_ONLY)
		return ERR_OK;
	RETURN_IF(pragma_text(db, USE_WAL, mode));
	return strcmp(mode, "wal") == 0 ? ERR_OK : ERR_STORE;
}

#define BUSY_MS 2

/* Beside a writer that commits again and again the database is free for a
 * moment only.  SQLite's own waiting looks ten times a second in the end, and
 * would miss it for long. */
static int
wait_busy(void *ctx, int tried)
{
	const struct db *db = ctx;

	if ((unsigned)tried >= db->busy_tries)
		return 0;
	(void)usleep(BUSY_MS * 1000);
	return 1;
}

static enum err
db_new(const struct db_open_args *args, const char *path, struct db **ret)
{
	CLEANUP(db_cleanup) struct db *db = calloc(1, sizeof(*db));

	if (db == NULL || (db->path = strdup(path)) == NULL)
		return ERR_NOMEM;
	db->kind = args->kind;
	RETURN_IF(secret_new_copy(secret_bytes(args->key),
	    secret_len(args->key), &db->key));
	RETURN_IF(db_open_raw(path, args->mode == DB_READ_ONLY ?
	    SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE, db->key,
	    &db->handle));
	(void)sqlite3_limit(db->handle, SQLITE_LIMIT_ATTACHED, 0);
	db->busy_tries = args->busy_ms / BUSY_MS;
	(void)sqlite3_busy_handler(db->handle, wait_busy, db);
	*ret = TAKE(db);
	return ERR_OK;
}

static enum err
open_file(const struct db_open_args *args, const char *path, int is_new,
    struct db **ret)
{
	CLEANUP(db_cleanup) struct db *db = NULL;

	RETURN_IF(db_new(args, path, &db));
	RETURN_IF(prove_readable(db));
	RETURN_IF(settle(db, args));
	RETURN_IF(db_migrate(db, args->mode != DB_READ_ONLY, is_new, 0));
	if (is_new)
		RETURN_IF(db_checkpoint(db));
	RETURN_IF(prove_encrypted(db));
	*ret = TAKE(db);
	return ERR_OK;
}

static enum err
make_empty_private(const char *path)
{
	int fd = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);

	if (fd < 0)
		return errno == EEXIST ? ERR_EXISTS :
		    errno == ENOSPC ? ERR_NO_SPACE : ERR_IO;
	return close(fd) == 0 ? ERR_OK : ERR_IO;
}

/* The remains of one that a crash left unfinished. */
static enum err
remove_unfinished(const char *path)
{
	char side[FS_PATH_MAX];

	RETURN_IF(fs_path(side, "%s-wal", path));
	RETURN_IF(fs_remove(side));
	RETURN_IF(fs_path(side, "%s-shm", path));
	RETURN_IF(fs_remove(side));
	return fs_remove(path);
}

static enum err
create_file(const struct db_open_args *args)
{
	CLEANUP(db_cleanup) struct db *db = NULL;
	char unfinished[FS_PATH_MAX];

	if (fs_exists(args->path))
		return ERR_EXISTS;
	RETURN_IF(fs_path(unfinished, "%s.new", args->path));
	RETURN_IF(remove_unfinished(unfinished));
	RETURN_IF(make_empty_private(unfinished));
	RETURN_IF(open_file(args, unfinished, 1, &db));
	db_close(TAKE(db));
	return fs_rename(unfinished, args->path);
}

enum err
db_open(const struct db_open_args *args, struct db **ret)
{
	uint64_t len;

	MUST_HOLD(secret_len(args->key) == DB_KEY_LEN);
	if (args->mode == DB_CREATE)
		RETURN_IF(create_file(args));
	RETURN_IF(fs_size(args->path, &len));
	if (len == 0)
		return ERR_TRUNCATED;
	return open_file(args, args->path, 0, ret);
}

enum err
db_open_again(const struct db *db, struct db **ret)
{
	const struct db_open_args args = {
		.kind = db->kind, .mode = DB_READ_ONLY, .path = db->path,
		.key = db->key, .busy_ms = 10000,
	};
	CLEANUP(db_cleanup) struct db *d = NULL;

	RETURN_IF(db_open(&args, &d));
	/* What is read in order is read once. */
	RETURN_IF(db_exec(d, SMALL_CACHE));
	*ret = TAKE(d);
	return ERR_OK;
}

void
db_memory_limit(uint64_t bytes)
{
	(void)sqlite3_soft_heap_limit64((sqlite3_int64)bytes);
}

uint64_t
db_memory_used(void)
{
	return (uint64_t)sqlite3_memory_used();
}

void
db_close(struct db *db)
{
	if (db == NULL)
		return;
	db_stmt_drop_all(db);
	/* close undoes an open transaction */
	MUST_HOLD(sqlite3_close(db->handle) == SQLITE_OK);
	secret_free(db->key);
	free(db->path);
	free(db);
}

void
db_cleanup(struct db **db)
{
	db_close(*db);
}

void
db_forget_pages(struct db *db)
{
	(void)sqlite3_db_release_memory(db->handle);
}

enum db_kind
db_kind(const struct db *db)
{
	return db->kind;
}

enum err
db_id(struct db *db, uint8_t ret[DB_ID_LEN])
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};

	RETURN_IF(db_stmt_begin(db, &TABLE, META_GET, &st));
	RETURN_IF(db_one(&st));
	return db_col_fixed(&st, 0, ret, DB_ID_LEN);
}

enum err
db_generation(struct db *db, uint64_t *ret)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};

	RETURN_IF(db_stmt_begin(db, &TABLE, META_GET, &st));
	RETURN_IF(db_one(&st));
	*ret = db_col_u64(&st, 1);
	return ERR_OK;
}

enum err
db_set_generation(struct db *db, uint64_t generation)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};
	uint64_t now;

	RETURN_IF(db_generation(db, &now));
	if (generation <= now)
		return ERR_ROLLBACK;
	if (generation > INT64_MAX)
		return ERR_RANGE;
	RETURN_IF(db_stmt_begin(db, &TABLE, META_SET_GENERATION, &st));
	db_bind_int(&st, 1, (int64_t)generation);
	return db_run(&st);
}

enum err
db_data_version(struct db *db, uint32_t *ret)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};

	RETURN_IF(db_stmt_begin(db, &TABLE, DATA_VERSION, &st));
	RETURN_IF(db_one(&st));
	*ret = db_col_u32(&st, 0);
	return ERR_OK;
}

enum err
db_stamp(struct db *db, uint64_t *ret)
{
	uint32_t version;

	RETURN_IF(db_data_version(db, &version));
	*ret = (uint64_t)version << 32 | (db->rollbacks & UINT32_MAX);
	return ERR_OK;
}

static enum err
run_plain(struct db *db, size_t index)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};

	RETURN_IF(db_stmt_begin(db, &TABLE, index, &st));
	return db_run(&st);
}

enum err
db_tx_begin(struct db *db, struct db_tx *ret)
{
	if (db->in_tx || db->in_snapshot)
		return ERR_STATE;
	db->in_tx = 1;          /* BEGIN IMMEDIATE counts as writing */
	enum err e = run_plain(db, BEGIN_IMMEDIATE);
	if (e != ERR_OK) {
		db->in_tx = 0;
		return e;
	}
	ret->db = db;
	return ERR_OK;
}

static void
undo(struct db *db)
{
	/* SQLite may have undone it by itself (full disk, I/O) */
	if (!sqlite3_get_autocommit(db->handle))
		(void)sqlite3_exec(db->handle, SQL[ROLLBACK], NULL, NULL, NULL);
	db->rollbacks++;
}

enum err
db_tx_commit(struct db_tx *tx)
{
	struct db *db = tx->db;
	enum err e;

	MUST_HOLD(db != NULL && db->in_tx);
	e = sqlite3_get_autocommit(db->handle) ? ERR_STORE :
	    run_plain(db, COMMIT);
	if (e != ERR_OK)
		undo(db);
	db->in_tx = 0;
	tx->db = NULL;
	return e;
}

void
db_tx_rollback(struct db_tx *tx)
{
	if (tx->db == NULL)
		return;
	undo(tx->db);
	tx->db->in_tx = 0;
	tx->db = NULL;
}

int
db_in_tx(const struct db *db)
{
	return db->in_tx;
}

enum err
db_snapshot_begin(struct db *db, struct db_snapshot *ret)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};

	if (db->in_tx || db->in_snapshot) {
		ret->db = NULL;         /* inside one already */
		return ERR_OK;
	}
	RETURN_IF(run_plain(db, BEGIN_DEFERRED));
	db->in_snapshot = 1;
	ret->db = db;
	/* BEGIN alone pins nothing, the first read does */
	enum err e = db_stmt_begin(db, &TABLE, TOUCH, &st);
	if (e == ERR_OK)
		e = db_one(&st);
	if (e != ERR_OK)
		db_snapshot_end(ret);
	return e;
}

void
db_snapshot_end(struct db_snapshot *s)
{
	if (s->db == NULL)
		return;
	(void)sqlite3_exec(s->db->handle, SQL[ROLLBACK], NULL, NULL, NULL);
	s->db->in_snapshot = 0;
	s->db = NULL;
}
