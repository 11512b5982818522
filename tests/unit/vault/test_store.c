#include "tests/unit/vault/world.h"

#include "vault/db_internal.h"

static void
test_open(void **state)
{
	struct store *s = NULL;
	const char *path = fixture_path("s.db");

	(void)state;
	assert_err(store_open(path, DB_OPEN, fixture_key(1), "14", &s),
	    ERR_NOT_FOUND);
	assert_err(store_open(path, DB_CREATE, fixture_key(1), "1", &s),
	    ERR_SYNTAX);
	assert_ok(store_open(path, DB_CREATE, fixture_key(1), "14", &s));
	assert_string_equal(store_owner(s), "14");
	store_close(s);
	assert_err(store_open(path, DB_CREATE, fixture_key(1), "14", &s),
	    ERR_EXISTS);
	assert_err(store_open(path, DB_OPEN, fixture_key(1), "13", &s),
	    ERR_MISMATCH);
	assert_err(store_open(path, DB_OPEN, fixture_key(2), "14", &s),
	    ERR_DECRYPT);
	assert_ok(store_open(path, DB_READ_ONLY, fixture_key(1), "14", &s));
	store_close(s);
	store_close(NULL);
}

static void
test_erasure_counters(void **state)
{
	struct store *s = NULL;
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};
	uint64_t confirmed = 9, intended = 9;

	(void)state;
	assert_ok(store_open(fixture_path("c.db"), DB_CREATE, fixture_key(1),
	    "14", &s));
	assert_err(store_erasure_intend(s, 1), ERR_STATE);
	assert_ok(db_tx_begin(store_db(s), &tx));
	assert_err(store_erasure_confirm(s, 1), ERR_STATE);
	assert_err(store_erasure_intend(s, 2), ERR_STATE);
	assert_err(store_erasure_intend(s, 0), ERR_ROLLBACK);
	assert_ok(store_erasure_intend(s, 1));
	assert_ok(store_erasure_intend(s, 1));  /* repeated after a crash */
	assert_ok(store_erasure_get(s, &confirmed, &intended));
	assert_int_equal(confirmed, 0);
	assert_int_equal(intended, 1);
	assert_err(store_erasure_confirm(s, 2), ERR_STATE);
	assert_ok(store_erasure_confirm(s, 1));
	assert_ok(store_erasure_confirm(s, 1));
	assert_err(store_erasure_confirm(s, 0), ERR_ROLLBACK);
	assert_ok(store_erasure_get(s, &confirmed, &intended));
	assert_int_equal(confirmed, 1);
	assert_int_equal(intended, 1);
	assert_ok(db_tx_commit(&tx));
	store_close(s);
}

static void
test_counts(void **state)
{
	const struct world_answer a = {
		.who = 1, .text = 1, .scopes = 2, .given = WORLD_NOON,
		.time = WORLD_NOON, .packed = "x",
	};
	struct store_counts c;
	struct world w;
	size_t e;

	(void)state;
	world_open(&w, "counts");
	e = world_epoch(&w, STORE_EPOCH_SURVEY);
	(void)world_epoch(&w, STORE_EPOCH_REGISTER);
	(void)world_epoch(&w, STORE_EPOCH_PROJECT);     /* no period */
	world_answer(&w, e, &a);
	world_answer(&w, e, &a);
	world_close_epoch(&w, e);
	world_withdraw(&w, 2, STORE_SCOPE_ALL, WORLD_NOON);
	assert_ok(store_count(w.store, &c));
	assert_int_equal(c.respondents, 2);
	assert_int_equal(c.stopping, 1);
	assert_int_equal(c.epochs, 2);
	assert_int_equal(c.epochs_open, 1);
	assert_int_equal(c.segments, 1);
	assert_int_equal(c.records, 2);
	assert_int_equal(c.removed, 0);
	assert_ok(store_check(w.store));
	world_close(&w);
}

/* What only our own sums can show: a segment that was exchanged for one that
 * is whole in itself. */
static void
break_store(const char *name, const char *sql)
{
	const struct world_answer a = {
		.who = 1, .text = 1, .scopes = 2, .given = WORLD_NOON,
		.time = WORLD_NOON, .packed = "x",
	};
	struct world w;
	size_t e;

	world_open(&w, name);
	e = world_epoch(&w, STORE_EPOCH_SURVEY);
	world_answer(&w, e, &a);
	(void)world_flush(&w, e);
	world_answer(&w, e, &a);
	world_answer(&w, e, &a);
	world_close_epoch(&w, e);
	assert_ok(store_check(w.store));
	assert_int_equal(sqlite3_exec(store_db(w.store)->handle, sql, NULL,
	    NULL, NULL), SQLITE_OK);
	assert_err(store_check(w.store), ERR_CORRUPT);
	world_close(&w);
}

static void
test_check_compares_sums(void **state)
{
	(void)state;
	break_store("body", "UPDATE segment_body SET bytes = (SELECT bytes "
	    "FROM segment_body WHERE number = 1)");
	break_store("leaf", "UPDATE segment SET leaf = zeroblob(32) "
	    "WHERE number = 1");
	break_store("count", "UPDATE segment SET records = records + 1");
	break_store("removed", "UPDATE segment SET removed = 1");
	break_store("root", "UPDATE epoch_close_row SET root = zeroblob(32)");
	break_store("sum", "UPDATE epoch_close_row SET records = 4");
	break_store("gone", "DELETE FROM segment WHERE number = 2");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_open),
		cmocka_unit_test(test_erasure_counters),
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_check_compares_sums),
	};

	return cmocka_run_group_tests(tests, fixture_up, fixture_down);
}
