#include "tests/unit/vault/fixture.h"

#include "vault/store_batch.h"

static enum err
append_batch(void *ctx, const struct store_batch *b)
{
	return buf_printf(ctx, "%d %s %d-%d %d %d %d %d %d\n", (int)b->number,
	    b->source, (int)b->started_unix_s, (int)b->ended_unix_s,
	    (int)b->accepted, (int)b->duplicate, (int)b->bad, (int)b->refused,
	    (int)b->erased_unix_s);
}

static enum err
append_line(void *ctx, const struct store_quarantine *q)
{
	return buf_printf(ctx, "%d:%d %d %d.%d\n", (int)q->batch,
	    (int)q->line, q->reason, (int)q->segment, (int)q->index);
}

static void
test_batches(void **state)
{
	struct store *s = NULL;
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};
	CLEANUP(buf_release) struct buf out = {0};
	struct store_batch b, more = {
		.number = 1, .accepted = 10, .duplicate = 1, .bad = 2,
		.refused = 3,
	};
	int64_t n;

	(void)state;
	assert_ok(store_open(fixture_path("b"), DB_CREATE, fixture_key(1),
	    "14", &s));
	assert_err(store_batch_add(s, "line", 5, &n), ERR_STATE);
	assert_ok(db_tx_begin(store_db(s), &tx));
	assert_ok(store_batch_add(s, "line", 5, &n));
	assert_int_equal(n, 1);
	assert_ok(store_batch_add(s, "file", 6, &n));
	assert_int_equal(n, 2);
	assert_ok(store_batch_count(s, &more));
	more.ended_unix_s = 9;
	assert_ok(store_batch_count(s, &more));
	more.number = 3;
	assert_err(store_batch_count(s, &more), ERR_NOT_FOUND);
	assert_ok(store_batch_mark_erased(s, 2, 50));
	assert_err(store_batch_mark_erased(s, 2, 51), ERR_STATE);
	assert_err(store_batch_mark_erased(s, 3, 51), ERR_NOT_FOUND);
	assert_ok(db_tx_commit(&tx));
	assert_ok(store_batch_each(s, append_batch, &out));
	assert_string_equal(buf_text(&out), "1 line 5-9 20 2 4 6 0\n"
	    "2 file 6-0 0 0 0 0 50\n");
	assert_ok(store_batch_get(s, 1, &b));
	assert_int_equal(b.accepted, 20);
	assert_err(store_batch_get(s, 9, &b), ERR_NOT_FOUND);
	store_close(s);
}

static void
test_quarantine(void **state)
{
	static const struct store_quarantine rows[] = {
		{.batch = 2, .line = 7, .reason = 4, .segment = 3, .index = 1},
		{.batch = 1, .line = 9, .reason = 5, .segment = 3, .index = 0},
		{.batch = 1, .line = 2, .reason = 4, .segment = 2, .index = 8},
	};
	struct store *s = NULL;
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};
	CLEANUP(buf_release) struct buf out = {0};
	struct store_counts c;
	int64_t n;

	(void)state;
	assert_ok(store_open(fixture_path("q"), DB_CREATE, fixture_key(1),
	    "14", &s));
	assert_err(store_batch_quarantine_add(s, rows, 3), ERR_STATE);
	assert_ok(db_tx_begin(store_db(s), &tx));
	assert_ok(store_batch_add(s, "line", 5, &n));
	assert_err(store_batch_quarantine_add(s, rows, 1), ERR_NOT_FOUND);
	assert_ok(store_batch_add(s, "line", 5, &n));
	assert_ok(store_batch_quarantine_add(s, rows, 3));
	assert_err(store_batch_quarantine_add(s, rows, 1), ERR_EXISTS);
	assert_ok(db_tx_commit(&tx));
	assert_ok(store_batch_quarantine_each(s, 0, append_line, &out));
	assert_string_equal(buf_text(&out), "1:2 4 2.8\n1:9 5 3.0\n2:7 4 3.1\n");
	buf_clear(&out);
	assert_ok(store_batch_quarantine_each(s, 2, append_line, &out));
	assert_string_equal(buf_text(&out), "2:7 4 3.1\n");
	assert_ok(store_count(s, &c));
	assert_int_equal(c.quarantined, 3);
	store_close(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_batches),
		cmocka_unit_test(test_quarantine),
	};

	return cmocka_run_group_tests(tests, fixture_up, fixture_down);
}
