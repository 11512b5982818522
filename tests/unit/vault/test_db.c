#include "tests/unit/vault/fixture.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <sys/stat.h>
#include <sys/wait.h>

#include "vault/db_internal.h"

static enum err
open_as(const char *path, uint8_t key, enum db_kind kind,
    enum db_open_mode mode, struct db **ret)
{
	const struct db_open_args args = {
		.kind = kind, .mode = mode, .path = path,
		.key = fixture_key(key), .busy_ms = 0,
	};

	return db_open(&args, ret);
}

enum { ADD_TEXT, COUNT_TEXT, HAS_TEXT };
static const char *const SQL[] = {
	[ADD_TEXT] = ("INSERT INTO draft (owner, name, bytes) "
	    "VALUES (?1, ?2, ?3)"),
	[COUNT_TEXT] = "SELECT count(*) FROM draft",
	[HAS_TEXT] = "SELECT bytes FROM draft WHERE owner = ?1 AND name = ?2",
};
/* a slot of the schema that these tests leave alone otherwise */
static const struct db_table TABLE = DB_TABLE(DB_SLOT_NOTICE, SQL);

static enum err
add_draft(struct db *db, const char *name, const void *bytes, size_t len)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};

	RETURN_IF(db_stmt_begin(db, &TABLE, ADD_TEXT, &st));
	db_bind_text(&st, 1, "14");
	db_bind_text(&st, 2, name);
	db_bind_blob(&st, 3, bytes, len);
	return db_run(&st);
}

static uint64_t
count_drafts(struct db *db)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};

	assert_ok(db_stmt_begin(db, &TABLE, COUNT_TEXT, &st));
	assert_ok(db_one(&st));
	return db_col_u64(&st, 0);
}

static void
add_committed(struct db *db, const char *name, const void *bytes, size_t len)
{
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};

	assert_ok(db_tx_begin(db, &tx));
	assert_ok(add_draft(db, name, bytes, len));
	assert_ok(db_tx_commit(&tx));
}

static void
test_create_open_close(void **state)
{
	const char *path = fixture_path("a.db");
	uint8_t id[DB_ID_LEN], again[DB_ID_LEN];
	struct db *db = NULL;
	struct stat sb;
	uint64_t generation = 7;

	(void)state;
	assert_err(open_as(path, 1, DB_REGISTER, DB_OPEN, &db), ERR_NOT_FOUND);
	assert_ok(open_as(path, 1, DB_REGISTER, DB_CREATE, &db));
	assert_ok(db_id(db, id));
	assert_ok(db_generation(db, &generation));
	assert_int_equal(generation, 0);
	db_close(db);
	assert_int_equal(stat(path, &sb), 0);
	assert_int_equal(sb.st_mode & 0777, 0600);
	assert_false(fs_exists(fixture_path("a.db.new")));
	assert_err(open_as(path, 1, DB_REGISTER, DB_CREATE, &db), ERR_EXISTS);
	assert_ok(open_as(path, 1, DB_REGISTER, DB_OPEN, &db));
	assert_ok(db_id(db, again));
	assert_memory_equal(id, again, sizeof(id));
	db_close(db);
}

static void
test_refuses_wrong_key_and_kind(void **state)
{
	const char *path = fixture_path("b.db");
	struct db *db = NULL;

	(void)state;
	db_close(fixture_db(DB_REGISTER, "b.db"));
	assert_err(open_as(path, 2, DB_REGISTER, DB_OPEN, &db), ERR_DECRYPT);
	assert_err(open_as(path, 2, DB_REGISTER, DB_READ_ONLY, &db),
	    ERR_DECRYPT);
	assert_err(open_as(path, 1, DB_STORE, DB_OPEN, &db), ERR_MISMATCH);
	assert_err(open_as(path, 1, DB_ERASE, DB_OPEN, &db), ERR_MISMATCH);
	assert_ok(open_as(path, 1, DB_REGISTER, DB_READ_ONLY, &db));
	db_close(db);
}

static void
test_refuses_plain(void **state)
{
	const char *path = fixture_path("plain.db");
	sqlite3 *plain = NULL;
	struct db *db = NULL;

	(void)state;
	assert_int_equal(sqlite3_open(path, &plain), SQLITE_OK);
	assert_int_equal(sqlite3_exec(plain, "CREATE TABLE t (a)", NULL, NULL,
	    NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(plain), SQLITE_OK);
	assert_err(open_as(path, 1, DB_REGISTER, DB_OPEN, &db),
	    ERR_NOT_ENCRYPTED);
	assert_err(open_as(path, 1, DB_REGISTER, DB_READ_ONLY, &db),
	    ERR_NOT_ENCRYPTED);
}

static void
test_refuses_rubbish(void **state)
{
	const char *path = fixture_path("rubbish.db");
	static uint8_t bytes[40000];
	struct db *db = NULL;

	(void)state;
	assert_ok(fs_write_file(path, bytes_of("", 0), 0600));
	assert_err(open_as(path, 1, DB_REGISTER, DB_OPEN, &db), ERR_TRUNCATED);
	memset(bytes, 0x5a, sizeof(bytes));
	assert_ok(fs_write_file(path, bytes_of(bytes, sizeof(bytes)), 0600));
	assert_err(open_as(path, 1, DB_REGISTER, DB_OPEN, &db), ERR_DECRYPT);
}

/* With other page settings (SQLCipher's own) a right key must not open. */
static void
test_refuses_other_page_size(void **state)
{
	static const char key[] =
	    "x'0101010101010101010101010101010101010101010101010101010101010101'";
	const char *path = fixture_path("pages.db");
	sqlite3 *other = NULL;
	struct db *db = NULL;

	(void)state;
	assert_int_equal(sqlite3_open(path, &other), SQLITE_OK);
	assert_int_equal(sqlite3_key_v2(other, "main", key, 67), SQLITE_OK);
	assert_int_equal(sqlite3_exec(other, "CREATE TABLE t (a)", NULL, NULL,
	    NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(other), SQLITE_OK);
	assert_err(open_as(path, 1, DB_REGISTER, DB_OPEN, &db), ERR_DECRYPT);
}

/* The key is the raw 32 bytes, not a passphrase: another program opens the
 * file with x'...' and 16 KiB pages. */
static void
test_key_is_raw(void **state)
{
	static const char key[] =
	    "x'0101010101010101010101010101010101010101010101010101010101010101'";
	sqlite3 *other = NULL;

	(void)state;
	db_close(fixture_db(DB_REGISTER, "raw.db"));
	assert_int_equal(sqlite3_open(fixture_path("raw.db"), &other),
	    SQLITE_OK);
	assert_int_equal(sqlite3_key_v2(other, "main", key, 67), SQLITE_OK);
	assert_int_equal(sqlite3_exec(other, "PRAGMA cipher_page_size = 16384;"
	    "SELECT count(*) FROM meta", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(other), SQLITE_OK);
}

static void
test_newer_schema_refused(void **state)
{
	const char *path = fixture_path("newer.db");
	struct db *db = fixture_db(DB_STORE, "newer.db");

	(void)state;
	assert_int_equal(sqlite3_exec(db->handle, "PRAGMA user_version = 999",
	    NULL, NULL, NULL), SQLITE_OK);
	db_close(db);
	assert_err(open_as(path, 1, DB_STORE, DB_OPEN, &db), ERR_UNSUPPORTED);
	assert_err(open_as(path, 1, DB_STORE, DB_READ_ONLY, &db),
	    ERR_UNSUPPORTED);
}

/* A new empty file under key 1, brought to ${version} only. */
static void
build_at(enum db_kind kind, const char *path, unsigned version)
{
	struct db db = {.kind = kind};

	assert_ok(fs_write_new_file(path, bytes_of("", 0), 0600));
	assert_ok(db_open_raw(path, SQLITE_OPEN_READWRITE, fixture_key(1),
	    &db.handle));
	assert_int_equal(sqlite3_exec(db.handle, "PRAGMA journal_mode = WAL",
	    NULL, NULL, NULL), SQLITE_OK);
	assert_ok(db_migrate(&db, 1, 1, version));
	db_stmt_drop_all(&db);
	assert_int_equal(sqlite3_close(db.handle), SQLITE_OK);
}

static int
append_row(void *ctx, int cols, char **values, char **names)
{
	(void)names;
	for (int i = 0; i < cols; i++)
		if (buf_printf(ctx, "%s|", values[i]) != ERR_OK)
			return 1;
	return buf_append_str(ctx, "\n") != ERR_OK;
}

static void
dump_schema(struct db *db, struct buf *out)
{
	assert_int_equal(sqlite3_exec(db->handle,
	    "SELECT type, name, sql FROM sqlite_master "
	    "UNION ALL SELECT 'version', '', (SELECT count(*) FROM meta) "
	    "ORDER BY 1, 2", append_row, out, NULL), SQLITE_OK);
}

static void
test_migrates_from_every_version(void **state)
{
	static const enum db_kind kinds[] = {DB_REGISTER, DB_STORE, DB_ERASE};
	char name[64];

	(void)state;
	for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
		CLEANUP(buf_release) struct buf fresh = {0};

		snprintf(name, sizeof(name), "fresh-%zu.db", k);
		struct db *db = fixture_db(kinds[k], name);
		dump_schema(db, &fresh);
		db_close(db);
		assert_true(fresh.len > 200);
		for (unsigned v = 1; v <= db_migrate_latest(kinds[k]); v++) {
			CLEANUP(buf_release) struct buf moved = {0};

			snprintf(name, sizeof(name), "from-%zu-%u.db", k, v);
			build_at(kinds[k], fixture_path(name), v);
			assert_ok(open_as(fixture_path(name), 1, kinds[k],
			    DB_OPEN, &db));
			dump_schema(db, &moved);
			db_close(db);
			assert_string_equal(buf_text(&fresh),
			    buf_text(&moved));
		}
	}
}

/* Every table that carries an act is emptied when the act is void, and none
 * of those is named so that a reader could take it for what counts. */
static void
test_every_act_column_is_guarded(void **state)
{
	static const char find[] =
	    "SELECT count(*), sum(name LIKE '%\\_row' ESCAPE '\\'), "
	    "sum((SELECT sql FROM sqlite_master WHERE name = 'act_void') "
	    "LIKE '%DELETE FROM ' || name || ' WHERE act = NEW.id%') "
	    "FROM sqlite_master WHERE type = 'table' "
	    "AND sql LIKE '%act INTEGER NOT NULL REFERENCES act (id)%'";
	static const enum db_kind kinds[] = {DB_REGISTER, DB_STORE};
	static const char *const expected[] = {"11|11|11|\n", "9|9|9|\n"};

	(void)state;
	for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
		CLEANUP(buf_release) struct buf got = {0};
		struct db *db = fixture_db(kinds[k], k == 0 ? "g0" : "g1");

		assert_int_equal(sqlite3_exec(db->handle, find, append_row,
		    &got, NULL), SQLITE_OK);
		db_close(db);
		assert_string_equal(buf_text(&got), expected[k]);
	}
}

static void
test_writes_need_a_transaction(void **state)
{
	struct db *db = fixture_db(DB_REGISTER, "tx.db");

	(void)state;
	assert_err(add_draft(db, "a", "x", 1), ERR_STATE);
	assert_int_equal(count_drafts(db), 0);
	add_committed(db, "a", "x", 1);
	assert_err(add_draft(db, "b", "x", 1), ERR_STATE);
	assert_int_equal(count_drafts(db), 1);
	db_close(db);
}

static void
roll_back_one(struct db *db)
{
	CLEANUP(db_tx_rollback) struct db_tx tx = {0}, second = {0};

	assert_ok(db_tx_begin(db, &tx));
	assert_true(db_in_tx(db));
	assert_err(db_tx_begin(db, &second), ERR_STATE);
	assert_ok(add_draft(db, "gone", "x", 1));
	assert_err(add_draft(db, "gone", "x", 1), ERR_EXISTS);
	assert_int_equal(count_drafts(db), 1);
	assert_err(db_checkpoint(db), ERR_STATE);
	assert_err(db_rekey(db, fixture_key(2)), ERR_STATE);
}

static void
test_rollback_at_scope_end(void **state)
{
	struct db *db = fixture_db(DB_REGISTER, "rb.db");
	uint64_t before, after, later;

	(void)state;
	assert_ok(db_stamp(db, &before));
	roll_back_one(db);
	assert_false(db_in_tx(db));
	assert_int_equal(count_drafts(db), 0);
	assert_ok(db_stamp(db, &after));
	assert_true(before != after);
	add_committed(db, "a", "x", 1);
	assert_ok(db_stamp(db, &later));
	assert_true(later == after);    /* our own commit is no surprise */
	db_close(db);
}

static void
test_two_connections(void **state)
{
	struct db *db = fixture_db(DB_REGISTER, "two.db"), *second = NULL;
	struct db *reader = NULL;
	CLEANUP(db_tx_rollback) struct db_tx tx = {0}, other = {0};
	CLEANUP(db_snapshot_end) struct db_snapshot snap = {0};
	uint64_t before, after;

	(void)state;
	assert_ok(open_as(fixture_path("two.db"), 1, DB_REGISTER, DB_OPEN,
	    &second));
	assert_ok(db_open_again(db, &reader));
	assert_ok(db_stamp(second, &before));
	assert_ok(db_snapshot_begin(reader, &snap));
	assert_ok(db_tx_begin(db, &tx));
	assert_err(db_tx_begin(second, &other), ERR_BUSY);
	assert_false(db_in_tx(second));
	assert_ok(add_draft(db, "a", "x", 1));
	assert_int_equal(count_drafts(second), 0);
	assert_ok(db_tx_commit(&tx));
	assert_int_equal(count_drafts(second), 1);
	assert_ok(db_stamp(second, &after));
	assert_true(before != after);
	/* the snapshot stays, and stands in the way of cutting the WAL */
	assert_int_equal(count_drafts(reader), 0);
	assert_err(db_checkpoint(db), ERR_BUSY);
	db_snapshot_end(&snap);
	assert_int_equal(count_drafts(reader), 1);
	assert_ok(db_checkpoint(db));
	assert_err(db_tx_begin(reader, &other), ERR_STATE);
	db_close(reader);
	db_close(second);
	db_close(db);
}

static void
test_generation_only_rises(void **state)
{
	struct db *db = fixture_db(DB_ERASE, "gen.db");
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};
	uint64_t g = 0;

	(void)state;
	assert_err(db_set_generation(db, 1), ERR_STATE);
	assert_ok(db_tx_begin(db, &tx));
	assert_ok(db_set_generation(db, 3));
	assert_err(db_set_generation(db, 3), ERR_ROLLBACK);
	assert_err(db_set_generation(db, 2), ERR_ROLLBACK);
	assert_ok(db_tx_commit(&tx));
	assert_ok(db_generation(db, &g));
	assert_int_equal(g, 3);
	db_close(db);
}

static const char MARK[] = "a mark that must not be readable on disk";

/* Data larger than a page, so that its pages hold nothing else. */
static void
add_marks(struct db *db, const char *name)
{
	CLEANUP(buf_release) struct buf b = {0};

	while (b.len < 60000)
		assert_ok(buf_append_str(&b, MARK));
	add_committed(db, name, b.data, b.len);
}

static void
test_nothing_readable_on_disk(void **state)
{
	struct db *db = fixture_db(DB_REGISTER, "marks.db");

	(void)state;
	add_marks(db, "m");
	/* positive control: the searcher finds it where it is */
	assert_ok(fs_write_file(fixture_path("plain.txt"), bytes_str(MARK),
	    0600));
	assert_true(fixture_file_has(fixture_path("plain.txt"), MARK,
	    strlen(MARK)));
	assert_false(fixture_file_has(fixture_path("marks.db"), MARK, 12));
	assert_false(fixture_file_has(fixture_path("marks.db-wal"), MARK, 12));
	assert_ok(db_checkpoint(db));
	assert_false(fixture_file_has(fixture_path("marks.db"), MARK, 12));
	db_close(db);
}

static void
test_flipped_page_is_found(void **state)
{
	const char *path = fixture_path("flip.db");
	struct db *db = fixture_db(DB_REGISTER, "flip.db");
	uint64_t len, pages;

	(void)state;
	add_marks(db, "m");
	assert_ok(db_checkpoint(db));
	assert_ok(db_check_all_pages(db));
	db_close(db);
	assert_ok(fs_size(path, &len));
	pages = len / 16384;
	assert_true(pages > 10 && len % 16384 == 0);
	for (uint64_t i = 0; i < pages; i++) {
		fixture_copy(path, fixture_path("flipped.db"));
		fixture_flip(fixture_path("flipped.db"), i * 16384 + 5000);
		enum err e = open_as(fixture_path("flipped.db"), 1,
		    DB_REGISTER, DB_READ_ONLY, &db);
		if (e == ERR_OK) {
			e = db_check_all_pages(db);
			assert_err(db_check_all_pages(db), e);
			db_close(db);
			assert_int_equal(e, ERR_CORRUPT);
		} else {
			assert_true(e == ERR_DECRYPT || e == ERR_CORRUPT);
		}
	}
}

/* A page that is damaged under an open handle makes that handle dead. */
static void
test_dead_after_corrupt(void **state)
{
	const char *path = fixture_path("dead.db");
	struct db *db = fixture_db(DB_REGISTER, "dead.db");
	uint64_t len;

	(void)state;
	add_marks(db, "m");
	assert_ok(db_checkpoint(db));
	db_close(db);
	assert_ok(fs_size(path, &len));
	assert_ok(open_as(path, 1, DB_REGISTER, DB_OPEN, &db));
	fixture_flip(path, len - 9000);
	assert_err(db_check_all_pages(db), ERR_CORRUPT);
	CLEANUP(db_stmt_end) struct db_stmt st = {0};
	assert_err(db_stmt_begin(db, &TABLE, COUNT_TEXT, &st), ERR_CORRUPT);
	db_close(db);
}

static void
test_rekey(void **state)
{
	const char *path = fixture_path("rekey.db");
	struct db *db = fixture_db(DB_REGISTER, "rekey.db"), *other = NULL;
	CLEANUP(buf_release) struct buf old = {0};
	uint64_t len;

	(void)state;
	add_marks(db, "m");
	assert_ok(db_checkpoint(db));
	assert_ok(fs_read_file(path, (size_t)1 << 24, &old));
	/* positive control: a page of the file is found in the file */
	for (size_t i = 0; i + 16384 <= old.len; i += 16384)
		assert_true(fixture_file_has(path, old.data + i + 100, 32));
	assert_ok(db_rekey(db, fixture_key(9)));
	assert_ok(fs_size(fixture_path("rekey.db-wal"), &len));
	assert_int_equal(len, 0);
	for (size_t i = 0; i + 16384 <= old.len; i += 16384)
		assert_false(fixture_file_has(path, old.data + i + 100, 32));
	assert_int_equal(count_drafts(db), 1);
	add_committed(db, "after", "x", 1);
	db_close(db);
	assert_err(open_as(path, 1, DB_REGISTER, DB_OPEN, &other),
	    ERR_DECRYPT);
	assert_ok(open_as(path, 9, DB_REGISTER, DB_OPEN, &other));
	assert_int_equal(count_drafts(other), 2);
	assert_ok(db_check_all_pages(other));
	db_close(other);
}

static void
test_rekey_refused_while_read(void **state)
{
	struct db *db = fixture_db(DB_REGISTER, "rekey2.db"), *reader = NULL;
	CLEANUP(db_snapshot_end) struct db_snapshot snap = {0};

	(void)state;
	assert_ok(db_open_again(db, &reader));
	assert_ok(db_snapshot_begin(reader, &snap));
	add_committed(db, "a", "x", 1);
	assert_err(db_rekey(db, fixture_key(2)), ERR_BUSY);
	db_snapshot_end(&snap);
	db_close(reader);
	assert_ok(db_rekey(db, fixture_key(2)));
	db_close(db);
}

static void
test_copy(void **state)
{
	struct db *db = fixture_db(DB_REGISTER, "copy.db"), *copy = NULL;
	const char *to = fixture_path("copied.db");

	(void)state;
	add_marks(db, "m");
	assert_ok(db_copy_to(db, to));
	assert_err(db_copy_to(db, to), ERR_EXISTS);
	add_committed(db, "later", "x", 1);
	assert_false(fixture_file_has(to, MARK, 12));
	assert_err(open_as(to, 2, DB_REGISTER, DB_OPEN, &copy), ERR_DECRYPT);
	assert_ok(open_as(to, 1, DB_REGISTER, DB_OPEN, &copy));
	assert_int_equal(count_drafts(copy), 1);
	db_close(copy);
	db_close(db);
}

/* Killed between any two statements of a transaction: all or nothing. */
static void
kill_after(const char *path, unsigned statements)
{
	struct db *db = NULL;
	struct db_tx tx = {0};
	char name[16];

	fixture_forget_keys();
	if (open_as(path, 1, DB_REGISTER, DB_OPEN, &db) != ERR_OK ||
	    db_tx_begin(db, &tx) != ERR_OK)
		_exit(3);
	for (unsigned i = 0; i < 4; i++) {
		if (i == statements)
			(void)raise(SIGKILL);
		snprintf(name, sizeof(name), "k%u", i);
		if (add_draft(db, name, MARK, sizeof(MARK)) != ERR_OK)
			_exit(4);
	}
	if (statements == 4)
		(void)raise(SIGKILL);
	if (db_tx_commit(&tx) != ERR_OK)
		_exit(5);
	(void)raise(SIGKILL);
}

static void
test_kill_leaves_all_or_nothing(void **state)
{
	char name[32];

	(void)state;
	for (unsigned n = 0; n <= 5; n++) {
		struct db *db;
		int status;

		snprintf(name, sizeof(name), "kill-%u.db", n);
		db_close(fixture_db(DB_REGISTER, name));
		pid_t pid = fork();
		assert_true(pid >= 0);
		if (pid == 0)
			kill_after(fixture_path(name), n);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status) &&
		    WTERMSIG(status) == SIGKILL);
		assert_ok(open_as(fixture_path(name), 1, DB_REGISTER, DB_OPEN,
		    &db));
		assert_int_equal(count_drafts(db), n == 5 ? 4 : 0);
		assert_ok(db_check_all_pages(db));
		db_close(db);
	}
}

/* A crash while a new file is built leaves the place free. */
static void
test_unfinished_creation(void **state)
{
	struct db *db = NULL;

	(void)state;
	assert_ok(fs_write_file(fixture_path("half.db.new"),
	    bytes_str("rubbish"), 0600));
	assert_ok(fs_write_file(fixture_path("half.db.new-wal"),
	    bytes_str("rubbish"), 0600));
	assert_ok(open_as(fixture_path("half.db"), 1, DB_STORE, DB_CREATE,
	    &db));
	db_close(db);
}

static void
test_nested_same_statement(void **state)
{
	struct db *db = fixture_db(DB_REGISTER, "nested.db");
	CLEANUP(db_stmt_end) struct db_stmt outer = {0};

	(void)state;
	add_committed(db, "a", "x", 1);
	assert_ok(db_stmt_begin(db, &TABLE, COUNT_TEXT, &outer));
	assert_ok(db_one(&outer));
	assert_int_equal(count_drafts(db), 1);
	assert_int_equal(db_col_u64(&outer, 0), 1);
	db_stmt_end(&outer);
	db_close(db);
}

static void
test_attach_is_off(void **state)
{
	struct db *db = fixture_db(DB_REGISTER, "attach.db");

	(void)state;
	assert_true(sqlite3_exec(db->handle, "ATTACH 'x' AS y KEY ''", NULL,
	    NULL, NULL) != SQLITE_OK);
	db_close(db);
}

/* Every page of a file through a handle of its own. */
static struct db *
read_all(const char *path)
{
	const struct db_open_args args = {.kind = DB_REGISTER,
		.mode = DB_OPEN, .path = path, .key = fixture_key(1),
		.large_cache = 1};
	struct db *db = NULL;

	assert_ok(db_open(&args, &db));
	assert_ok(db_check_all_pages(db));
	return db;
}

/* What all keep together stays near the limit, and nothing is lost by it. */
static void
test_memory_has_a_limit(void **state)
{
	const char *path = fixture_path("large.db");
	struct db *db = fixture_db(DB_REGISTER, "large.db"), *more[3];
	const uint64_t limit = 8 << 20;
	uint64_t without, with;
	uint8_t *bytes = calloc(1, 1 << 20);
	char name[16];

	(void)state;
	for (unsigned i = 0; i < 24; i++) {
		snprintf(name, sizeof(name), "%u", i);
		add_committed(db, name, bytes, 1 << 20);
	}
	free(bytes);
	db_close(db);
	for (size_t i = 0; i < ARRAY_LEN(more); i++)
		more[i] = read_all(path);
	without = db_memory_used();
	for (size_t i = 0; i < ARRAY_LEN(more); i++)
		db_close(more[i]);
	db_memory_limit(limit);
	for (size_t i = 0; i < ARRAY_LEN(more); i++)
		more[i] = read_all(path);
	with = db_memory_used();
	add_committed(more[1], "one more", "x", 1);
	for (size_t i = 0; i < ARRAY_LEN(more); i++) {
		assert_int_equal(count_drafts(more[i]), 25);
		db_close(more[i]);
	}
	db_memory_limit(0);
	assert_true(without > 4 * limit);
	/* each has its first hundred pages in one piece */
	assert_true(with < limit + ARRAY_LEN(more) * (2 << 20));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_create_open_close),
		cmocka_unit_test(test_refuses_wrong_key_and_kind),
		cmocka_unit_test(test_refuses_plain),
		cmocka_unit_test(test_refuses_rubbish),
		cmocka_unit_test(test_refuses_other_page_size),
		cmocka_unit_test(test_key_is_raw),
		cmocka_unit_test(test_newer_schema_refused),
		cmocka_unit_test(test_migrates_from_every_version),
		cmocka_unit_test(test_every_act_column_is_guarded),
		cmocka_unit_test(test_writes_need_a_transaction),
		cmocka_unit_test(test_rollback_at_scope_end),
		cmocka_unit_test(test_two_connections),
		cmocka_unit_test(test_generation_only_rises),
		cmocka_unit_test(test_nothing_readable_on_disk),
		cmocka_unit_test(test_flipped_page_is_found),
		cmocka_unit_test(test_dead_after_corrupt),
		cmocka_unit_test(test_rekey),
		cmocka_unit_test(test_rekey_refused_while_read),
		cmocka_unit_test(test_copy),
		cmocka_unit_test(test_kill_leaves_all_or_nothing),
		cmocka_unit_test(test_unfinished_creation),
		cmocka_unit_test(test_nested_same_statement),
		cmocka_unit_test(test_attach_is_off),
		cmocka_unit_test(test_memory_has_a_limit),
	};

	return cmocka_run_group_tests(tests, fixture_up, fixture_down);
}
