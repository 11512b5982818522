#include "tests/unit/vault/fixture.h"

#include "vault/db_internal.h"
#include "vault/store_message.h"

static struct store *
open_store(const char *name)
{
	struct store *s = NULL;

	assert_ok(store_open(fixture_path(name), DB_CREATE, fixture_key(1),
	    "14", &s));
	return s;
}

static int64_t
count_runs(struct store *s)
{
	sqlite3_stmt *st = NULL;
	int64_t n;

	assert_int_equal(sqlite3_prepare_v2(store_db(s)->handle,
	    "SELECT count(*) FROM message_run", -1, &st, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	n = sqlite3_column_int64(st, 0);
	(void)sqlite3_finalize(st);
	return n;
}

static void
add(struct store *s, int64_t at, uint8_t message, size_t len)
{
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};
	struct store_message m[400] = {{.segment = 7}};

	for (size_t i = 0; i < len; i++) {
		m[i].segment = 7;
		memset(m[i].message, message, STORE_MESSAGE_LEN);
	}
	assert_ok(db_tx_begin(store_db(s), &tx));
	assert_ok(store_message_add(s, at, m, len));
	assert_ok(db_tx_commit(&tx));
}

/* Runs are filled up, but not over an hour; whole runs expire. */
static void
test_runs(void **state)
{
	struct store *s = open_store("m1");
	struct db_tx tx = {0};

	(void)state;
	add(s, 10000, 1, 1);
	add(s, 10001, 2, 1);
	assert_int_equal(count_runs(s), 1);
	add(s, 10002, 3, 399);
	add(s, 10003, 4, 1);            /* the first is full */
	assert_int_equal(count_runs(s), 2);
	add(s, 10003 + 3601, 5, 1);     /* the second is old */
	assert_int_equal(count_runs(s), 3);
	add(s, 0, 6, 0);
	assert_int_equal(count_runs(s), 3);
	assert_ok(db_tx_begin(store_db(s), &tx));
	assert_ok(store_message_expire(s, 10003));
	assert_ok(db_tx_commit(&tx));
	assert_int_equal(count_runs(s), 2);
	store_close(s);
}

static void
test_needs_a_transaction(void **state)
{
	struct store *s = open_store("m2");
	struct store_message m = {.segment = 1};
	uint64_t removed = 9;

	(void)state;
	assert_err(store_message_add(s, 1, &m, 1), ERR_STATE);
	assert_err(store_message_expire(s, 1), ERR_STATE);
	/* nobody's message removes nothing */
	assert_ok(store_message_remove(s, m.message, &removed));
	assert_int_equal(removed, 0);
	store_close(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_runs),
		cmocka_unit_test(test_needs_a_transaction),
	};

	return cmocka_run_group_tests(tests, fixture_up, fixture_down);
}
