#include "tests/unit/vault/world.h"

#include <signal.h>
#include <unistd.h>

#include <sys/wait.h>

#include "vault/db_internal.h"

static const uint8_t ZERO[ERASE_KEY_LEN];

static enum err
try_open(struct store *s, const char *name, uint8_t key, uint8_t next,
    int *ret_which)
{
	CLEANUP(erase_cleanup) struct erase *e = NULL;
	const struct erase_open_args args = {
		.path = fixture_path(name), .mode = DB_OPEN,
		.key = fixture_key(key), .store = s,
		.next = next == 0 ? NULL : fixture_key(next),
	};

	return erase_open(&args, &e, ret_which);
}

static void
test_pair(void **state)
{
	struct world a, b;
	const struct erase_open_args again = {
		.path = fixture_path("a-erase.db"), .mode = DB_CREATE,
		.key = fixture_key(2),
	};
	struct erase_open_args args = again;
	struct erase *e = NULL;
	int which = 9;

	(void)state;
	world_open(&a, "a");
	world_open(&b, "b");
	assert_ok(try_open(a.store, "a-erase.db", 2, 0, &which));
	assert_int_equal(which, 0);
	assert_err(try_open(a.store, "b-erase.db", 2, 0, &which),
	    ERR_MISMATCH);
	assert_err(try_open(a.store, "a-erase.db", 3, 0, &which),
	    ERR_DECRYPT);
	assert_ok(try_open(a.store, "a-erase.db", 3, 2, &which));
	assert_int_equal(which, 1);
	assert_err(try_open(a.store, "a-erase.db", 3, 4, &which),
	    ERR_DECRYPT);
	assert_err(try_open(a.store, "c-erase.db", 2, 0, &which),
	    ERR_NOT_FOUND);
	args.store = a.store;
	assert_err(erase_open(&args, &e, &which), ERR_STATE);
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};
	assert_ok(db_tx_begin(store_db(a.store), &tx));
	assert_err(erase_open(&args, &e, &which), ERR_EXISTS);
	/* a store has one erase store in its life */
	args.path = fixture_path("second.db");
	assert_err(erase_open(&args, &e, &which), ERR_MISMATCH);
	db_tx_rollback(&tx);
	world_close(&a);
	world_close(&b);
}

static void
add(struct erase *e, const uint32_t *numbers, const uint16_t *generations,
    size_t len)
{
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};

	assert_ok(db_tx_begin(erase_db(e), &tx));
	assert_ok(erase_add(e, numbers, generations, len));
	assert_ok(db_tx_commit(&tx));
}

static void
test_add_and_get(void **state)
{
	struct world w;
	static const uint32_t numbers[] = {3, 0, 900, 448, 447};
	static const uint32_t unknown[] = {1, 901, 5000};
	uint8_t keys[5][32], again[5][32];
	uint16_t generations[5];
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};

	(void)state;
	world_open(&w, "add");
	assert_err(erase_add(w.erase, numbers, NULL, 5), ERR_STATE);
	assert_err(erase_add_range(w.erase, 0, 1), ERR_STATE);
	add(w.erase, numbers, NULL, 5);
	assert_ok(erase_get(w.erase, numbers, 5, keys[0], generations));
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(generations[i], 1);
		assert_memory_not_equal(keys[i], ZERO, 32);
		for (size_t k = 0; k < i; k++)
			assert_memory_not_equal(keys[i], keys[k], 32);
	}
	/* again keeps them: a batch that was begun before a crash */
	add(w.erase, numbers, NULL, 5);
	world_reopen(&w);
	assert_ok(erase_get(w.erase, numbers, 5, again[0], generations));
	assert_memory_equal(keys, again, sizeof(keys));
	assert_ok(erase_get(w.erase, unknown, 3, again[0], generations));
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(generations[i], 0);
		assert_memory_equal(again[i], ZERO, 32);
	}
	assert_ok(db_tx_begin(erase_db(w.erase), &tx));
	const uint16_t second = 2, none = 0;
	assert_err(erase_add(w.erase, numbers, &second, 1), ERR_STATE);
	assert_err(erase_add(w.erase, numbers, &none, 1), ERR_RANGE);
	const uint32_t beyond = STORE_RESPONDENTS_MAX;
	assert_err(erase_add(w.erase, &beyond, NULL, 1), ERR_RANGE);
	assert_err(erase_add_range(w.erase, STORE_RESPONDENTS_MAX, 1),
	    ERR_RANGE);
	assert_err(erase_add_range(w.erase, 1, UINT32_MAX), ERR_RANGE);
	db_tx_rollback(&tx);
	world_close(&w);
}

static void
test_load_all(void **state)
{
	enum { N = 2000 };
	struct world w;
	CLEANUP(erase_keys_release) struct erase_keys all = {0};
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};
	static uint32_t numbers[N];
	static uint8_t keys[N * 32];
	static uint16_t generations[N];

	(void)state;
	world_open(&w, "load");
	assert_ok(erase_load(w.erase, &all));
	assert_int_equal(all.count, 0);
	erase_keys_release(&all);
	assert_ok(db_tx_begin(erase_db(w.erase), &tx));
	assert_ok(erase_add_range(w.erase, 0, N));
	assert_ok(db_tx_commit(&tx));
	assert_ok(erase_load(w.erase, &all));
	assert_int_equal(all.count, N);
	for (uint32_t i = 0; i < N; i++) {
		numbers[i] = N - 1 - i;
		assert_int_equal(all.generations[i], 1);
	}
	assert_ok(erase_get(w.erase, numbers, N, keys, generations));
	for (uint32_t i = 0; i < N; i++)
		assert_memory_equal(keys + (size_t)i * 32,
		    all.pool.data + (size_t)(N - 1 - i) * 32, 32);
	world_close(&w);
}

/* The table in memory follows what is added, deleted and rolled back. */
static void
test_kept_keys_follow(void **state)
{
	struct world w;
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};
	uint32_t numbers[ERASE_MANY];
	uint8_t keys[ERASE_MANY * 32], one[32];
	uint16_t generations[ERASE_MANY], generation;

	(void)state;
	world_open(&w, "kept");
	for (uint32_t i = 0; i < ERASE_MANY; i++)
		numbers[i] = i;
	assert_ok(erase_get(w.erase, numbers, ERASE_MANY, keys, generations));
	assert_int_equal(generations[0], 0);
	assert_ok(db_tx_begin(erase_db(w.erase), &tx));
	assert_ok(erase_add_range(w.erase, 0, 5));
	assert_ok(erase_get(w.erase, numbers, 1, one, &generation));
	assert_int_equal(generation, 1);
	db_tx_rollback(&tx);
	assert_ok(erase_get(w.erase, numbers, ERASE_MANY, keys, generations));
	assert_int_equal(generations[0], 0);
	assert_ok(db_tx_begin(erase_db(w.erase), &tx));
	assert_ok(erase_add_range(w.erase, 0, 3000));
	assert_ok(db_tx_commit(&tx));
	assert_ok(erase_get(w.erase, numbers, ERASE_MANY, keys, generations));
	assert_int_equal(generations[ERASE_MANY - 1], 1);
	world_reopen(&w);
	assert_ok(erase_get(w.erase, numbers + 9, 1, one, &generation));
	assert_memory_equal(one, keys + 9 * 32, 32);
	assert_ok(erase_get(w.erase, numbers, ERASE_MANY, keys, generations));
	assert_ok(db_tx_begin(store_db(w.store), &tx));
	assert_ok(store_erasure_intend(w.store, 1));
	assert_ok(db_tx_commit(&tx));
	assert_ok(db_tx_begin(erase_db(w.erase), &tx));
	assert_ok(erase_delete(w.erase, numbers + 9, 1, 1));
	assert_ok(db_tx_commit(&tx));
	assert_ok(erase_get(w.erase, numbers, ERASE_MANY, keys, generations));
	assert_int_equal(generations[9], 0);
	assert_memory_equal(keys + 9 * 32, ZERO, 32);
	assert_int_equal(generations[8], 1);
	world_close(&w);
}

static void
intend(struct world *w, uint64_t generation)
{
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};

	assert_ok(db_tx_begin(store_db(w->store), &tx));
	assert_ok(store_erasure_intend(w->store, generation));
	assert_ok(db_tx_commit(&tx));
}

static void
delete_keys(struct world *w, const uint32_t *numbers, size_t len,
    uint64_t generation)
{
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};

	assert_ok(db_tx_begin(erase_db(w->erase), &tx));
	assert_ok(erase_delete(w->erase, numbers, len, generation));
	assert_ok(db_tx_commit(&tx));
}

static void
confirm(struct world *w, uint64_t generation)
{
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};

	assert_ok(db_tx_begin(store_db(w->store), &tx));
	assert_ok(store_erasure_confirm(w->store, generation));
	assert_ok(db_tx_commit(&tx));
}

static void
test_delete_and_rollback_of_files(void **state)
{
	struct world w;
	static const uint32_t numbers[] = {1, 700, 12345};
	uint16_t generations[3], second = 2;
	uint8_t keys[3][32];
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};
	int which;

	(void)state;
	world_open(&w, "delete");
	add(w.erase, numbers, NULL, 2);
	assert_err(erase_delete(w.erase, numbers, 1, 1), ERR_STATE);
	assert_ok(db_checkpoint(erase_db(w.erase)));
	fixture_copy(fixture_path("delete-erase.db"),
	    fixture_path("old-erase.db"));
	intend(&w, 1);
	/* stopped here, the old file is still the right one */
	assert_ok(try_open(w.store, "old-erase.db", 2, 0, &which));
	delete_keys(&w, numbers, 3, 1);
	/* stopped here, both are possible; the erasure is repeated */
	assert_ok(try_open(w.store, "old-erase.db", 2, 0, &which));
	assert_ok(try_open(w.store, "delete-erase.db", 2, 0, &which));
	assert_ok(db_tx_begin(erase_db(w.erase), &tx));
	assert_err(erase_delete(w.erase, numbers, 1, 1), ERR_ROLLBACK);
	db_tx_rollback(&tx);
	confirm(&w, 1);
	/* now the old copy is refused */
	assert_err(try_open(w.store, "old-erase.db", 2, 0, &which),
	    ERR_ROLLBACK);
	assert_ok(try_open(w.store, "delete-erase.db", 2, 0, &which));
	assert_ok(erase_get(w.erase, numbers, 3, keys[0], generations));
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(generations[i], 0);
		assert_memory_equal(keys[i], ZERO, 32);
	}
	/* the respondent may come back under another key */
	add(w.erase, numbers, &second, 1);
	assert_ok(erase_get(w.erase, numbers, 1, keys[0], generations));
	assert_int_equal(generations[0], 2);
	world_close(&w);
}

/* An old vault.db beside a newer erase.db is as wrong. */
static void
test_old_store(void **state)
{
	struct world w;
	struct store *old = NULL;
	const uint32_t number = 0;
	int which;

	(void)state;
	world_open(&w, "oldstore");
	add(w.erase, &number, NULL, 1);
	assert_ok(db_checkpoint(store_db(w.store)));
	fixture_copy(fixture_path("oldstore-vault.db"),
	    fixture_path("kept-vault.db"));
	world_erase(&w, 1);
	assert_ok(store_open(fixture_path("kept-vault.db"), DB_OPEN,
	    fixture_key(1), "14", &old));
	assert_err(try_open(old, "oldstore-erase.db", 2, 0, &which),
	    ERR_ROLLBACK);
	store_close(old);
	world_close(&w);
}

/* The deleted key's bytes, as the file would show them to someone who has its
 * storage key: gone from every page, also from unused ones. */
static int
plaintext_has(const char *name, uint8_t key, const uint8_t *bytes, size_t len)
{
	sqlite3 *from = NULL, *to = NULL;
	sqlite3_backup *b;
	int found;

	assert_ok(db_open_raw(fixture_path(name), SQLITE_OPEN_READWRITE,
	    fixture_key(key), &from));
	assert_ok(fs_remove(fixture_path("plain.out")));
	assert_int_equal(sqlite3_open(fixture_path("plain.out"), &to),
	    SQLITE_OK);
	b = sqlite3_backup_init(to, "main", from, "main");
	assert_non_null(b);
	assert_int_equal(sqlite3_backup_step(b, -1), SQLITE_DONE);
	assert_int_equal(sqlite3_backup_finish(b), SQLITE_OK);
	assert_int_equal(sqlite3_close(to), SQLITE_OK);
	assert_int_equal(sqlite3_close(from), SQLITE_OK);
	found = fixture_file_has(fixture_path("plain.out"), bytes, len);
	assert_ok(fs_remove(fixture_path("plain.out")));
	return found;
}

static void
test_deleted_bytes_are_gone(void **state)
{
	struct world w;
	static const uint32_t numbers[] = {1, 2};
	uint8_t keys[2][32];
	uint16_t generations[2];

	(void)state;
	world_open(&w, "gone");
	add(w.erase, numbers, NULL, 2);
	assert_ok(erase_get(w.erase, numbers, 2, keys[0], generations));
	assert_ok(db_checkpoint(erase_db(w.erase)));
	/* positive control: the search sees a key where it is */
	assert_true(plaintext_has("gone-erase.db", 2, keys[0], 32));
	assert_true(plaintext_has("gone-erase.db", 2, keys[1], 32));
	intend(&w, 1);
	delete_keys(&w, numbers, 1, 1);
	assert_ok(db_checkpoint(erase_db(w.erase)));
	assert_false(plaintext_has("gone-erase.db", 2, keys[0], 32));
	assert_true(plaintext_has("gone-erase.db", 2, keys[1], 32));
	world_close(&w);
}

static void
test_rotate(void **state)
{
	struct world w;
	static const uint32_t numbers[] = {1, 2};
	uint8_t keys[2][32], after[2][32];
	uint16_t generations[2];
	CLEANUP(buf_release) struct buf old = {0};
	int which;

	(void)state;
	world_open(&w, "rotate");
	add(w.erase, numbers, NULL, 2);
	assert_ok(erase_get(w.erase, numbers, 2, keys[0], generations));
	assert_ok(db_checkpoint(erase_db(w.erase)));
	assert_ok(fs_read_file(fixture_path("rotate-erase.db"),
	    (size_t)1 << 24, &old));
	for (size_t at = 0; at < old.len; at += 16384)
		assert_true(fixture_file_has(fixture_path("rotate-erase.db"),
		    old.data + at + 500, 64));
	assert_ok(erase_rotate(w.erase, fixture_key(3)));
	for (size_t at = 0; at < old.len; at += 16384) {
		assert_false(fixture_file_has(fixture_path("rotate-erase.db"),
		    old.data + at + 500, 64));
		assert_false(fixture_file_has(
		    fixture_path("rotate-erase.db-wal"),
		    old.data + at + 500, 64));
	}
	assert_ok(erase_get(w.erase, numbers, 2, after[0], generations));
	assert_memory_equal(keys, after, sizeof(keys));
	assert_err(try_open(w.store, "rotate-erase.db", 2, 0, &which),
	    ERR_DECRYPT);
	assert_ok(try_open(w.store, "rotate-erase.db", 2, 3, &which));
	assert_int_equal(which, 1);
	world_close(&w);
}

/* Killed in the middle: before, within and behind the rewriting of pages.
 * Exactly one of both keys opens the file, and the keys are all there. */
static void
rotate_and_die(const char *name, int where)
{
	char wal[FS_PATH_MAX];
	sqlite3 *db = NULL;
	uint8_t next[68];

	fixture_forget_keys();
	snprintf(wal, sizeof(wal), "%s", fixture_path(name));
	if (db_open_raw(wal, SQLITE_OPEN_READWRITE, fixture_key(2), &db) !=
	    ERR_OK || sqlite3_exec(db, "PRAGMA wal_autocheckpoint = 0;"
	    "SELECT count(*) FROM meta", NULL, NULL, NULL) != SQLITE_OK)
		_exit(3);
	memset(next, '0', sizeof(next));
	memcpy(next, "x'", 2);
	for (size_t i = 2; i < 66; i++)
		next[i] = i % 2 == 0 ? '0' : '3';
	next[66] = '\'';
	if (where > 0 && sqlite3_rekey_v2(db, "main", next, 67) != SQLITE_OK)
		_exit(4);
	if (where > 1 && sqlite3_wal_checkpoint_v2(db, "main",
	    SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL) != SQLITE_OK)
		_exit(5);
	(void)raise(SIGKILL);
}

static void
test_rotation_killed(void **state)
{
	static const uint32_t numbers[] = {1, 2};
	uint16_t generations[2];
	uint8_t keys[2][32], after[2][32];
	char name[32], file[64];

	(void)state;
	for (int where = 0; where < 3; where++) {
		struct world w;
		struct erase *e = NULL;
		struct erase_open_args args = {
			.mode = DB_OPEN, .key = fixture_key(2),
			.next = fixture_key(3),
		};
		int status, which;

		snprintf(name, sizeof(name), "killed%d", where);
		snprintf(file, sizeof(file), "%s-erase.db", name);
		world_open(&w, name);
		add(w.erase, numbers, NULL, 2);
		assert_ok(erase_get(w.erase, numbers, 2, keys[0],
		    generations));
		erase_close(w.erase);
		w.erase = NULL;
		pid_t pid = fork();
		assert_true(pid >= 0);
		if (pid == 0)
			rotate_and_die(file, where);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
		args.path = fixture_path(file);
		args.store = w.store;
		assert_ok(erase_open(&args, &e, &which));
		assert_int_equal(which, where > 0);
		assert_ok(erase_get(e, numbers, 2, after[0], generations));
		assert_memory_equal(keys, after, sizeof(keys));
		assert_ok(db_check_all_pages(erase_db(e)));
		erase_close(e);
		world_close(&w);
	}
}

static void
test_corrupt_block(void **state)
{
	struct world w;
	CLEANUP(erase_keys_release) struct erase_keys all = {0};
	static const uint32_t number = 1;
	uint16_t generation;
	uint8_t key[32];

	(void)state;
	world_open(&w, "corrupt");
	add(w.erase, &number, NULL, 1);
	assert_int_equal(sqlite3_exec(erase_db(w.erase)->handle,
	    "UPDATE key_block SET bytes = x'0001'", NULL, NULL, NULL),
	    SQLITE_OK);
	assert_err(erase_load(w.erase, &all), ERR_CORRUPT);
	assert_err(erase_get(w.erase, &number, 1, key, &generation),
	    ERR_CORRUPT);
	world_close(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pair),
		cmocka_unit_test(test_add_and_get),
		cmocka_unit_test(test_load_all),
		cmocka_unit_test(test_kept_keys_follow),
		cmocka_unit_test(test_delete_and_rollback_of_files),
		cmocka_unit_test(test_old_store),
		cmocka_unit_test(test_deleted_bytes_are_gone),
		cmocka_unit_test(test_rotate),
		cmocka_unit_test(test_rotation_killed),
		cmocka_unit_test(test_corrupt_block),
	};

	return cmocka_run_group_tests(tests, fixture_up, fixture_down);
}
