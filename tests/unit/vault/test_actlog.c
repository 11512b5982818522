#include "tests/unit/vault/fixture.h"

#include "core/buf.h"

static int64_t
add(struct db *db, enum actlog_class class_, uint8_t leaf, enum err expected)
{
	struct actlog_act act = {
		.class_ = class_, .kind = "plan",
		.entry = bytes_str("azukari-entry-plan v1\n"),
		.leaf = {leaf}, .tree_size_then = 41,
	};
	int64_t id = -1;

	assert_err(actlog_add(db, &act, &id), expected);
	return id;
}

static enum err
append_act(void *ctx, const struct actlog_act *act)
{
	return buf_printf(ctx, "%d %s %d %d %d %.*s", (int)act->id, act->kind,
	    act->leaf[0], (int)act->tree_size_then, (int)act->state,
	    (int)act->entry.len, act->entry.data);
}

static void
test_queue_and_log(void **state)
{
	struct db *db = fixture_db(DB_ERASE, "acts.db");
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};
	CLEANUP(buf_release) struct buf seen = {0};
	struct actlog_act got;
	uint64_t n = 9;
	int64_t a, b;

	(void)state;
	assert_err(actlog_mark_logged(db, 1, 1), ERR_STATE);
	assert_ok(db_tx_begin(db, &tx));
	a = add(db, ACTLOG_GRANT, 1, ERR_OK);
	b = add(db, ACTLOG_STOP, 2, ERR_OK);
	(void)add(db, ACTLOG_STOP, 2, ERR_DUPLICATE);
	assert_ok(actlog_each_queued(db, append_act, &seen));
	assert_string_equal(buf_text(&seen),
	    "1 plan 1 41 0 azukari-entry-plan v1\n"
	    "2 plan 2 41 0 azukari-entry-plan v1\n");
	assert_ok(actlog_count_queued(db, ACTLOG_STOP, &n));
	assert_int_equal(n, 1);
	assert_err(actlog_last_index(db, &n), ERR_NOT_FOUND);
	assert_ok(actlog_mark_logged(db, b, 77));
	assert_ok(actlog_last_index(db, &n));
	assert_int_equal(n, 77);
	assert_err(actlog_mark_logged(db, b, 78), ERR_STATE);
	assert_err(actlog_mark_logged(db, 99, 78), ERR_NOT_FOUND);
	assert_ok(actlog_mark_void(db, a));
	assert_err(actlog_mark_void(db, a), ERR_STATE);
	assert_err(actlog_mark_logged(db, a, 5), ERR_STATE);
	assert_err(actlog_mark_void(db, 99), ERR_NOT_FOUND);
	assert_ok(actlog_get(db, b, &got));
	assert_int_equal(got.ledger_index, 77);
	assert_int_equal(got.state, ACTLOG_LOGGED);
	assert_int_equal(got.class_, ACTLOG_STOP);
	assert_err(actlog_get(db, 99, &got), ERR_NOT_FOUND);
	assert_ok(db_tx_commit(&tx));
	assert_ok(actlog_count_queued(db, ACTLOG_GRANT, &n));
	assert_int_equal(n, 0);
	db_close(db);
}

static void
test_stop_acts_go_first(void **state)
{
	struct db *db = fixture_db(DB_ERASE, "stops.db");
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};
	int64_t stop;

	(void)state;
	assert_ok(db_tx_begin(db, &tx));
	stop = add(db, ACTLOG_STOP, 1, ERR_OK);
	(void)add(db, ACTLOG_GRANT, 2, ERR_STATE);
	assert_err(actlog_mark_void(db, stop), ERR_STATE);
	assert_ok(actlog_mark_logged(db, stop, 3));
	(void)add(db, ACTLOG_GRANT, 2, ERR_OK);
	db_tx_rollback(&tx);
	db_close(db);
}

static void
test_bounds(void **state)
{
	static uint8_t big[ACTLOG_ENTRY_MAX + 1];
	struct db *db = fixture_db(DB_ERASE, "bounds.db");
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};
	struct actlog_act act = {.class_ = ACTLOG_STOP, .kind = "x"};
	int64_t id;

	(void)state;
	assert_ok(db_tx_begin(db, &tx));
	assert_err(actlog_add(db, &act, &id), ERR_LIMIT);
	act.entry = bytes_of(big, sizeof(big));
	assert_err(actlog_add(db, &act, &id), ERR_LIMIT);
	act.entry.len--;
	assert_ok(actlog_add(db, &act, &id));
	act.class_ = (enum actlog_class)3;
	assert_err(actlog_add(db, &act, &id), ERR_RANGE);
	db_tx_rollback(&tx);
	assert_err(actlog_add(db, &act, &id), ERR_RANGE);
	act.class_ = ACTLOG_STOP;
	assert_err(actlog_add(db, &act, &id), ERR_STATE);
	db_close(db);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_queue_and_log),
		cmocka_unit_test(test_stop_acts_go_first),
		cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests(tests, fixture_up, fixture_down);
}
