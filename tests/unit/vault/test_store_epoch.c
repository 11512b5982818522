#include "tests/unit/vault/world.h"

static const struct store_share SHARES[] = {
	{.seat = "a", .age_file = {(const uint8_t *)"share a", 7}},
	{.seat = "b", .age_file = {(const uint8_t *)"share b", 7}},
};

static struct store_epoch
example(uint8_t n, enum store_epoch_kind kind, const char *subject)
{
	struct store_epoch e = {
		.kind = kind, .day = 100 + n, .opened_unix_s = 5000 + n,
	};

	memset(e.id, n, sizeof(e.id));
	memset(e.sha256, n, sizeof(e.sha256));
	memset(e.charter_sha256, 0xc1, sizeof(e.charter_sha256));
	snprintf(e.subject, sizeof(e.subject), "%s", subject);
	return e;
}

/* Added under a queued grant. */
static int64_t
add(struct store *s, struct store_epoch *e)
{
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};

	assert_ok(db_tx_begin(store_db(s), &tx));
	e->act = fixture_act(store_db(s), ACTLOG_GRANT);
	assert_ok(store_epoch_add(s, e, bytes_str("azukari-epoch v1\n"),
	    SHARES, 2, &e->number));
	assert_ok(db_tx_commit(&tx));
	return e->number;
}

static void
test_invisible_until_logged(void **state)
{
	struct world w;
	struct store_epoch e = example(1, STORE_EPOCH_SURVEY, "survey q 1");
	struct store_epoch got;
	CLEANUP(buf_release) struct buf out = {0};
	CLEANUP(segment_builder_release) struct segment_builder seg = {0};
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};
	struct store_segment head = {0};
	int64_t number;

	(void)state;
	world_open(&w, "invisible");
	head.epoch = add(w.store, &e);
	head.batch = w.batch;
	assert_err(store_epoch_get(w.store, e.number, &got), ERR_NOT_FOUND);
	assert_err(store_epoch_by_id(w.store, e.id, &got), ERR_NOT_FOUND);
	assert_err(store_epoch_text(w.store, e.number, &out), ERR_NOT_FOUND);
	assert_err(store_epoch_share(w.store, e.number, "a", &out),
	    ERR_NOT_FOUND);
	/* nothing can be sealed into it, nor can it be closed */
	const struct segment_entry entry = {
		.respondent = 1, .generation = 1, .kind = 1, .length = 48,
	};
	assert_ok(segment_builder_add(&seg, &entry, (uint8_t[48]){0}));
	assert_ok(db_tx_begin(store_db(w.store), &tx));
	assert_err(store_segment_add(w.store, &head, &seg, &number),
	    ERR_STATE);
	assert_err(store_epoch_close(w.store, e.number, 1, 1, &got),
	    ERR_NOT_FOUND);
	db_tx_rollback(&tx);
	fixture_log(store_db(w.store), e.act);
	assert_ok(store_epoch_get(w.store, e.number, &got));
	assert_memory_equal(got.id, e.id, sizeof(e.id));
	assert_string_equal(got.subject, "survey q 1");
	assert_int_equal(got.day, 101);
	assert_false(got.closed);
	assert_int_equal(got.arrangement, 0);
	assert_ok(store_epoch_text(w.store, e.number, &out));
	assert_string_equal(buf_text(&out), "azukari-epoch v1\n");
	buf_clear(&out);
	assert_ok(store_epoch_share(w.store, e.number, "b", &out));
	assert_string_equal(buf_text(&out), "share b");
	assert_err(store_epoch_share(w.store, e.number, "c", &out),
	    ERR_NOT_FOUND);
	world_close(&w);
}

static void
test_void_leaves_nothing(void **state)
{
	struct world w;
	struct store_epoch e = example(1, STORE_EPOCH_SURVEY, "survey q 1");
	struct store_epoch got;
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};

	(void)state;
	world_open(&w, "void");
	add(w.store, &e);
	assert_ok(db_tx_begin(store_db(w.store), &tx));
	assert_ok(actlog_mark_void(store_db(w.store), e.act));
	assert_ok(db_tx_commit(&tx));
	assert_err(store_epoch_by_id(w.store, e.id, &got), ERR_NOT_FOUND);
	/* the same epoch can be added again */
	add(w.store, &e);
	fixture_log(store_db(w.store), e.act);
	assert_ok(store_epoch_by_id(w.store, e.id, &got));
	world_close(&w);
}

static void
test_refusals(void **state)
{
	struct world w;
	struct store_epoch e = example(1, STORE_EPOCH_SURVEY, "survey q 1");
	struct store_share empty = {.seat = "a"};
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};
	int64_t n;

	(void)state;
	world_open(&w, "refusals");
	add(w.store, &e);
	assert_err(store_epoch_add(w.store, &e, bytes_str("x"), SHARES, 2,
	    &n), ERR_STATE);
	assert_ok(db_tx_begin(store_db(w.store), &tx));
	assert_err(store_epoch_add(w.store, &e, bytes_str("x"), SHARES, 2,
	    &n), ERR_EXISTS);
	memset(e.id, 9, sizeof(e.id));
	memset(e.sha256, 9, sizeof(e.sha256));
	assert_err(store_epoch_add(w.store, &e, bytes_str("x"), SHARES, 0,
	    &n), ERR_RANGE);
	assert_err(store_epoch_add(w.store, &e, bytes_str(""), SHARES, 2,
	    &n), ERR_LIMIT);
	assert_err(store_epoch_add(w.store, &e, bytes_str("x"), &empty, 1,
	    &n), ERR_LIMIT);
	e.act = 4711;
	e.id[0]++;
	e.sha256[0]++;
	assert_err(store_epoch_add(w.store, &e, bytes_str("x"), SHARES, 2,
	    &n), ERR_NOT_FOUND);
	db_tx_rollback(&tx);
	world_close(&w);
}

static void
test_close_fixes_sums(void **state)
{
	const struct world_answer a = {
		.who = 1, .text = 1, .scopes = 2, .given = WORLD_NOON,
		.time = WORLD_NOON, .packed = "x",
	};
	struct world w;
	struct store_epoch got;
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};
	uint8_t root[32];
	uint64_t records;
	size_t e;

	(void)state;
	world_open(&w, "close");
	e = world_epoch(&w, STORE_EPOCH_SURVEY);
	world_answer(&w, e, &a);
	(void)world_flush(&w, e);
	world_answer(&w, e, &a);
	(void)world_flush(&w, e);
	assert_ok(store_epoch_sum(w.store, w.epochs[e].row.number, &records,
	    root));
	assert_int_equal(records, 2);
	world_close_epoch(&w, e);
	assert_ok(store_epoch_get(w.store, w.epochs[e].row.number, &got));
	assert_true(got.closed);
	assert_int_equal(got.records, 2);
	assert_int_equal(got.closed_unix_s, WORLD_NOON + 9);
	assert_int_equal(got.first_answer_day, WORLD_DAY);
	assert_int_equal(got.last_answer_day, WORLD_DAY);
	assert_memory_equal(got.root, root, sizeof(root));
	assert_ok(db_tx_begin(store_db(w.store), &tx));
	assert_err(store_epoch_close(w.store, got.number, 1, 1, &got),
	    ERR_STATE);
	db_tx_rollback(&tx);
	/* an epoch without a record has the root of an empty tree */
	e = world_epoch(&w, STORE_EPOCH_SURVEY);
	world_close_epoch(&w, e);
	assert_int_equal(w.epochs[e].row.records, 0);
	assert_int_equal(w.epochs[e].row.root[0], 0xe3);
	assert_int_equal(w.epochs[e].row.first_answer_day, 0);
	world_close(&w);
}

static enum err
append_id(void *ctx, const struct store_epoch *e)
{
	return buf_printf(ctx, "%d ", e->id[0]);
}

static void
expect_each(struct store *s, const struct store_epoch_query *q,
    const char *expected)
{
	CLEANUP(buf_release) struct buf got = {0};

	assert_ok(store_epoch_each(s, q, append_id, &got));
	assert_string_equal(buf_text(&got), expected);
}

static void
test_each(void **state)
{
	const struct world_answer a = {
		.who = 1, .time = WORLD_NOON, .packed = "x",
	};
	struct world w;
	struct store_epoch p = example(3, STORE_EPOCH_PROJECT,
	    "project colds keio"), got;
	size_t e;

	(void)state;
	world_open(&w, "each");
	e = world_epoch(&w, STORE_EPOCH_SURVEY);        /* id 0x50 */
	world_answer(&w, e, &a);
	world_close_epoch(&w, e);
	(void)world_epoch(&w, STORE_EPOCH_REGISTER);    /* id 0x51 */
	add(w.store, &p);
	expect_each(w.store, &(struct store_epoch_query){0}, "80 81 ");
	assert_err(store_epoch_project(w.store, "colds", "keio", &got),
	    ERR_NOT_FOUND);
	fixture_log(store_db(w.store), p.act);
	assert_ok(store_epoch_project(w.store, "colds", "keio", &got));
	assert_int_equal(got.number, p.number);
	assert_err(store_epoch_project(w.store, "colds", "todai", &got),
	    ERR_NOT_FOUND);
	expect_each(w.store, &(struct store_epoch_query){0}, "3 80 81 ");
	expect_each(w.store, &(struct store_epoch_query){
	    .kind = STORE_EPOCH_REGISTER}, "81 ");
	expect_each(w.store, &(struct store_epoch_query){
	    .filter = STORE_EPOCHS_OPEN}, "3 81 ");
	expect_each(w.store, &(struct store_epoch_query){
	    .filter = STORE_EPOCHS_CLOSED}, "80 ");
	expect_each(w.store, &(struct store_epoch_query){
	    .subject = "survey corona 1"}, "80 ");
	expect_each(w.store, &(struct store_epoch_query){
	    .first_answer_day = WORLD_DAY, .last_answer_day = WORLD_DAY},
	    "80 ");
	expect_each(w.store, &(struct store_epoch_query){
	    .first_answer_day = WORLD_DAY + 1,
	    .last_answer_day = WORLD_DAY + 9}, "");
	world_close(&w);
}

static void
expect_share(struct store *s, int64_t epoch, const char *seat,
    const char *expected)
{
	CLEANUP(buf_release) struct buf got = {0};

	assert_ok(store_epoch_share(s, epoch, seat, &got));
	assert_string_equal(buf_text(&got), expected);
}

static void
test_handover(void **state)
{
	struct world w;
	struct store_epoch e = example(1, STORE_EPOCH_SURVEY, "survey q 1");
	struct store_share fresh = {
		.seat = "a", .age_file = bytes_str("new share a"),
	};
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};
	uint8_t charter[32];
	uint64_t n;
	int64_t act;

	(void)state;
	memset(fresh.charter_sha256, 0xc2, 32);
	memset(charter, 0xc2, 32);
	world_open(&w, "handover");
	add(w.store, &e);
	fixture_log(store_db(w.store), e.act);
	assert_ok(store_epoch_count_pending(w.store, "a", e.charter_sha256,
	    &n));
	assert_int_equal(n, 0);
	assert_ok(store_epoch_count_pending(w.store, "a", charter, &n));
	assert_int_equal(n, 1);
	assert_ok(db_tx_begin(store_db(w.store), &tx));
	act = fixture_act(store_db(w.store), ACTLOG_GRANT);
	fresh.seat[0] = 'z';
	assert_err(store_epoch_reseal(w.store, e.number, &fresh, act),
	    ERR_NOT_FOUND);
	fresh.seat[0] = 'a';
	assert_ok(store_epoch_reseal(w.store, e.number, &fresh, act));
	assert_ok(db_tx_commit(&tx));
	expect_share(w.store, e.number, "a", "share a");
	fixture_log(store_db(w.store), act);
	expect_share(w.store, e.number, "a", "new share a");
	expect_share(w.store, e.number, "b", "share b");
	assert_ok(store_epoch_count_pending(w.store, "a", charter, &n));
	assert_int_equal(n, 0);
	assert_ok(store_epoch_count_pending(w.store, "b", charter, &n));
	assert_int_equal(n, 1);
	world_close(&w);
}

static void
test_redistribution(void **state)
{
	struct world w;
	struct store_epoch e = example(1, STORE_EPOCH_SURVEY, "survey q 1");
	const struct store_share fresh = {
		.seat = "d", .age_file = bytes_str("share d"),
		.charter_sha256 = {7},
	};
	CLEANUP(buf_release) struct buf text = {0};
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};
	int64_t act;

	(void)state;
	world_open(&w, "redistribution");
	add(w.store, &e);
	fixture_log(store_db(w.store), e.act);
	assert_err(store_epoch_arrangement_text(w.store, e.number, &text),
	    ERR_NOT_FOUND);
	assert_ok(db_tx_begin(store_db(w.store), &tx));
	act = fixture_act(store_db(w.store), ACTLOG_GRANT);
	assert_err(store_epoch_arrange(w.store, e.number, 2, bytes_str("x"),
	    &fresh, 1, act), ERR_STATE);
	assert_err(store_epoch_arrange(w.store, e.number, 1, bytes_str("x"),
	    &fresh, 0, act), ERR_RANGE);
	assert_ok(store_epoch_arrange(w.store, e.number, 1,
	    bytes_str("arrangement 1"), &fresh, 1, act));
	assert_ok(db_tx_commit(&tx));
	expect_share(w.store, e.number, "a", "share a");
	fixture_log(store_db(w.store), act);
	expect_share(w.store, e.number, "d", "share d");
	assert_err(store_epoch_share(w.store, e.number, "a", &text),
	    ERR_NOT_FOUND);
	assert_ok(store_epoch_arrangement_text(w.store, e.number, &text));
	assert_string_equal(buf_text(&text), "arrangement 1");
	world_close(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_invisible_until_logged),
		cmocka_unit_test(test_void_leaves_nothing),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_close_fixes_sums),
		cmocka_unit_test(test_each),
		cmocka_unit_test(test_handover),
		cmocka_unit_test(test_redistribution),
	};

	return cmocka_run_group_tests(tests, fixture_up, fixture_down);
}
