#include "tests/unit/vault/world.h"

#include "keys/merkle.h"
#include "vault/store_batch.h"

static void
answer(struct world *w, size_t epoch, unsigned who)
{
	const struct world_answer a = {
		.who = who, .text = 1, .scopes = 2, .given = WORLD_NOON,
		.time = WORLD_NOON, .packed = "an answer",
	};

	world_answer(w, epoch, &a);
}

static void
list(struct world *w, int64_t epoch, struct store_segment_list *ret)
{
	store_segment_list_release(ret);
	assert_ok(store_segment_list(w->store, epoch, 0, ret));
}

static void
test_list_and_read(void **state)
{
	struct world w;
	CLEANUP(store_segment_list_release) struct store_segment_list l = {0};
	CLEANUP(buf_release) struct buf bytes = {0};
	uint8_t leaves[64], root[32], expected[32], leaf[32];
	uint64_t records;
	size_t e, other;

	(void)state;
	world_open(&w, "list");
	e = world_epoch(&w, STORE_EPOCH_SURVEY);
	other = world_epoch(&w, STORE_EPOCH_SURVEY);
	answer(&w, e, 1);
	answer(&w, e, 2);
	(void)world_flush(&w, e);
	answer(&w, other, 1);
	(void)world_flush(&w, other);
	answer(&w, e, 3);
	(void)world_flush(&w, e);
	list(&w, w.epochs[e].row.number, &l);
	assert_int_equal(l.len, 2);
	assert_int_equal(l.items[0].number, 1);
	assert_int_equal(l.items[1].number, 3);
	assert_int_equal(l.items[0].records, 2);
	assert_int_equal(l.items[0].batch, w.batch);
	for (size_t i = 0; i < 2; i++) {
		assert_ok(store_segment_read(w.store, l.items[i].number,
		    l.items[i].version, &bytes));
		assert_int_equal(bytes.len, l.items[i].bytes);
		assert_ok(segment_leaf(bytes_buf(&bytes), leaf));
		assert_memory_equal(leaf, l.items[i].leaf, 32);
		memcpy(leaves + 32 * i, leaf, 32);
	}
	merkle_root(leaves, 2, expected);
	assert_ok(store_segment_root(&l, root, &records));
	assert_memory_equal(root, expected, 32);
	assert_int_equal(records, 3);
	assert_err(store_segment_read(w.store, 1, 2, &bytes), ERR_CHANGED);
	assert_err(store_segment_read(w.store, 9, 1, &bytes), ERR_NOT_FOUND);
	list(&w, 0, &l);
	assert_int_equal(l.len, 3);
	world_close(&w);
}

static void
test_closed_epochs_take_nothing(void **state)
{
	struct world w;
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};
	struct store_segment head = {0};
	int64_t number;
	size_t e;

	(void)state;
	world_open(&w, "closed");
	e = world_epoch(&w, STORE_EPOCH_SURVEY);
	answer(&w, e, 1);
	world_close_epoch(&w, e);
	answer(&w, e, 2);
	head.epoch = w.epochs[e].row.number;
	head.batch = w.batch;
	assert_err(store_segment_add(w.store, &head, &w.epochs[e].seg,
	    &number), ERR_STATE);
	assert_ok(db_tx_begin(store_db(w.store), &tx));
	assert_err(store_segment_add(w.store, &head, &w.epochs[e].seg,
	    &number), ERR_STATE);
	head.epoch = 77;
	assert_err(store_segment_add(w.store, &head, &w.epochs[e].seg,
	    &number), ERR_STATE);
	db_tx_rollback(&tx);
	world_close(&w);
}

static enum err
take_id(void *ctx, int64_t segment, const struct segment_record *r)
{
	assert_int_equal(segment, 1);
	memcpy(ctx, r->sealed, SEGMENT_ID_LEN);
	return ERR_OK;
}

static enum err
refuse(void *ctx, int64_t segment, const struct segment_record *r)
{
	(void)ctx;
	(void)segment;
	(void)r;
	return ERR_CANCELLED;
}

static void
test_remove_one(void **state)
{
	struct world w;
	CLEANUP(store_segment_list_release) struct store_segment_list l = {0};
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};
	CLEANUP(buf_release) struct buf bytes = {0};
	uint8_t id[SEGMENT_ID_LEN], leaf[32];
	uint32_t number, before;
	size_t e;

	(void)state;
	world_open(&w, "remove");
	e = world_epoch(&w, STORE_EPOCH_SURVEY);
	answer(&w, e, 1);
	answer(&w, e, 2);
	world_close_epoch(&w, e);
	number = world_respondent(&w, 2);
	assert_ok(store_segment_find(w.store, w.epochs[e].row.number, number,
	    take_id, id));
	assert_err(store_segment_find(w.store, 0, number, refuse, NULL),
	    ERR_CANCELLED);
	list(&w, 0, &l);
	before = l.items[0].bytes;
	memcpy(leaf, l.items[0].leaf, 32);
	assert_ok(store_segment_read(w.store, 1, 1, &bytes));
	CLEANUP(buf_release) struct buf body = {0};
	assert_ok(buf_append(&body, bytes.data + bytes.len - 48, 32));
	assert_ok(db_tx_begin(store_db(w.store), &tx));
	assert_ok(store_segment_remove(w.store, 1, id));
	assert_err(store_segment_remove(w.store, 1, id), ERR_NOT_FOUND);
	assert_ok(db_tx_commit(&tx));
	list(&w, 0, &l);
	assert_int_equal(l.items[0].records, 2);
	assert_int_equal(l.items[0].removed, 1);
	assert_int_equal(l.items[0].version, 2);
	assert_true(l.items[0].bytes < before);
	assert_memory_equal(l.items[0].leaf, leaf, 32);
	assert_err(store_segment_read(w.store, 1, 1, &bytes), ERR_CHANGED);
	assert_ok(store_segment_read(w.store, 1, 2, &bytes));
	assert_null(memmem(bytes.data, bytes.len, body.data, body.len));
	assert_ok(store_segment_find(w.store, 0, number, refuse, NULL));
	assert_ok(store_check(w.store));
	world_close(&w);
}

static void
test_remove_batch(void **state)
{
	struct world w;
	CLEANUP(store_segment_list_release) struct store_segment_list l = {0};
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};
	uint64_t removed = 0;
	int64_t first;
	size_t e;

	(void)state;
	world_open(&w, "batch");
	e = world_epoch(&w, STORE_EPOCH_SURVEY);
	first = w.batch;
	answer(&w, e, 1);
	(void)world_flush(&w, e);
	assert_ok(db_tx_begin(store_db(w.store), &tx));
	assert_ok(store_batch_add(w.store, "line", 5, &w.batch));
	assert_ok(db_tx_commit(&tx));
	answer(&w, e, 1);
	answer(&w, e, 2);
	world_close_epoch(&w, e);
	assert_ok(db_tx_begin(store_db(w.store), &tx));
	assert_err(store_segment_remove_batch(w.store, 0, &removed),
	    ERR_RANGE);
	assert_ok(store_segment_remove_batch(w.store, w.batch, &removed));
	assert_int_equal(removed, 2);
	assert_ok(store_segment_remove_batch(w.store, w.batch, &removed));
	assert_int_equal(removed, 0);
	assert_ok(db_tx_commit(&tx));
	assert_ok(store_segment_list(w.store, 0, first, &l));
	assert_int_equal(l.len, 1);
	assert_int_equal(l.items[0].removed, 0);
	assert_ok(store_check(w.store));
	world_close(&w);
}

/* What waits for compaction is what was erased since the mark. */
static void
marks_what_is_done(struct world *w)
{
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};
	struct store_counts c;
	int64_t last;

	assert_ok(store_compact_last(w->store, &last));
	assert_true(last > 0);
	world_erase(w, 2);
	assert_ok(db_tx_begin(store_db(w->store), &tx));
	assert_ok(store_compact_mark(w->store, last));
	assert_ok(db_tx_commit(&tx));
	assert_ok(store_count(w->store, &c));
	assert_int_equal(c.to_compact, 1);
	assert_ok(store_compact_last(w->store, &last));
	assert_ok(db_tx_begin(store_db(w->store), &tx));
	assert_ok(store_compact_mark(w->store, last));
	assert_ok(store_compact_mark(w->store, last - 1));      /* never back */
	assert_ok(db_tx_commit(&tx));
	assert_ok(store_count(w->store, &c));
	assert_int_equal(c.to_compact, 0);
}

static void
test_compact(void **state)
{
	struct world w;
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};
	CLEANUP(store_segment_list_release) struct store_segment_list l = {0};
	struct store_counts c;
	uint32_t dead = 9, before;
	uint32_t removed = 9;
	uint64_t bytes = 9;
	size_t e;

	(void)state;
	world_open(&w, "compact");
	e = world_epoch(&w, STORE_EPOCH_SURVEY);
	for (unsigned i = 0; i < 4; i++)
		answer(&w, e, i % 2);
	world_close_epoch(&w, e);
	assert_ok(db_tx_begin(store_db(w.store), &tx));
	assert_ok(store_segment_compact(w.store, 1, &removed, &bytes));
	assert_int_equal(removed, 0);
	assert_ok(db_tx_commit(&tx));
	list(&w, 0, &l);
	assert_ok(store_segment_count_dead(w.store, &l.items[0], &dead));
	assert_int_equal(dead, 0);
	world_erase(&w, 1);
	assert_ok(store_segment_count_dead(w.store, &l.items[0], &dead));
	assert_int_equal(dead, 2);
	assert_ok(db_tx_begin(store_db(w.store), &tx));
	assert_ok(store_segment_compact(w.store, 1, &removed, &bytes));
	assert_int_equal(removed, 2);
	assert_true(bytes > 0 && bytes % 32 == 0);
	assert_err(store_segment_count_dead(w.store, &l.items[0], &dead),
	    ERR_CHANGED);
	before = l.items[0].bytes;
	list(&w, 0, &l);
	assert_int_equal(before - l.items[0].bytes, bytes);
	assert_ok(store_segment_count_dead(w.store, &l.items[0], &dead));
	assert_int_equal(dead, 0);
	assert_ok(store_respondent_revive(w.store, 1));
	assert_ok(store_segment_compact(w.store, 1, &removed, &bytes));
	assert_int_equal(removed, 0);
	assert_err(store_segment_compact(w.store, 9, &removed, &bytes),
	    ERR_NOT_FOUND);
	assert_ok(db_tx_commit(&tx));
	assert_ok(store_count(w.store, &c));
	assert_int_equal(c.to_compact, 1);
	assert_int_equal(c.records, 4);
	assert_int_equal(c.removed, 2);
	assert_ok(store_check(w.store));
	marks_what_is_done(&w);
	world_close(&w);
}

/* Records of an older generation are dead too, once the respondent is back. */
static void
test_compact_after_revival(void **state)
{
	struct world w;
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};
	const uint32_t number = 0;
	const uint16_t generation = 2;
	uint32_t removed = 9;
	uint64_t bytes = 9;
	size_t e;

	(void)state;
	world_open(&w, "revived");
	e = world_epoch(&w, STORE_EPOCH_SURVEY);
	answer(&w, e, 1);
	world_erase(&w, 1);
	assert_ok(db_tx_begin(erase_db(w.erase), &tx));
	assert_ok(erase_add(w.erase, &number, &generation, 1));
	assert_ok(db_tx_commit(&tx));
	assert_ok(db_tx_begin(store_db(w.store), &tx));
	assert_ok(store_respondent_revive(w.store, 0));
	assert_ok(db_tx_commit(&tx));
	answer(&w, e, 1);
	world_close_epoch(&w, e);
	assert_ok(db_tx_begin(store_db(w.store), &tx));
	assert_ok(store_segment_compact(w.store, 1, &removed, &bytes));
	assert_int_equal(removed, 1);
	assert_ok(db_tx_commit(&tx));
	world_close(&w);
}

static void
test_join(void **state)
{
	struct world w;
	CLEANUP(store_segment_list_release) struct store_segment_list l = {0};
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};
	uint32_t joined = 9;
	int64_t first_batch;
	size_t e, other;

	(void)state;
	world_open(&w, "join");
	e = world_epoch(&w, STORE_EPOCH_SURVEY);
	other = world_epoch(&w, STORE_EPOCH_SURVEY);
	first_batch = w.batch;
	for (unsigned i = 0; i < 5; i++) {
		answer(&w, e, i);
		(void)world_flush(&w, e);
		answer(&w, other, i);
		(void)world_flush(&w, other);
	}
	assert_ok(db_tx_begin(store_db(w.store), &tx));
	assert_ok(store_batch_add(w.store, "line", 5, &w.batch));
	assert_ok(db_tx_commit(&tx));
	for (unsigned i = 0; i < 3; i++) {
		answer(&w, e, i);
		(void)world_flush(&w, e);
	}
	assert_ok(db_tx_begin(store_db(w.store), &tx));
	assert_ok(store_segment_join(w.store, w.epochs[e].row.number,
	    100, &joined));
	assert_ok(db_tx_commit(&tx));
	assert_int_equal(joined, 4 + 2);
	list(&w, w.epochs[e].row.number, &l);
	assert_int_equal(l.len, 2);     /* batches stay apart */
	assert_int_equal(l.items[0].records, 5);
	assert_int_equal(l.items[0].batch, first_batch);
	assert_int_equal(l.items[1].records, 3);
	list(&w, w.epochs[other].row.number, &l);
	assert_int_equal(l.len, 5);
	world_close_epoch(&w, e);
	assert_int_equal(w.epochs[e].row.records, 8);
	assert_ok(store_check(w.store));
	assert_ok(db_tx_begin(store_db(w.store), &tx));
	assert_err(store_segment_join(w.store, w.epochs[e].row.number,
	    100, &joined), ERR_STATE);
	db_tx_rollback(&tx);
	world_close(&w);
}

/* Who remembers where a record was stored finds it after a join, too. */
static void
test_remove_after_join(void **state)
{
	struct world w;
	CLEANUP(store_segment_list_release) struct store_segment_list l = {0};
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};
	uint8_t ids[3][SEGMENT_ID_LEN];
	int64_t numbers[3];
	uint32_t joined;
	size_t e, other;

	(void)state;
	world_open(&w, "removed");
	e = world_epoch(&w, STORE_EPOCH_SURVEY);
	other = world_epoch(&w, STORE_EPOCH_SURVEY);
	for (unsigned i = 0; i < 3; i++) {
		answer(&w, other, i);
		(void)world_flush(&w, other);
		answer(&w, e, i);
		memcpy(ids[i], w.epochs[e].seg.sealed.data, SEGMENT_ID_LEN);
		numbers[i] = world_flush(&w, e);
	}
	assert_ok(db_tx_begin(store_db(w.store), &tx));
	assert_ok(store_segment_join(w.store, w.epochs[e].row.number, 9,
	    &joined));
	assert_int_equal(joined, 2);
	assert_ok(store_segment_remove(w.store, numbers[2], ids[2]));
	assert_ok(store_segment_remove(w.store, numbers[0], ids[0]));
	assert_err(store_segment_remove(w.store, numbers[2], ids[2]),
	    ERR_NOT_FOUND);
	assert_ok(db_tx_commit(&tx));
	list(&w, w.epochs[e].row.number, &l);
	assert_int_equal(l.len, 1);
	assert_int_equal(l.items[0].records, 3);
	assert_int_equal(l.items[0].removed, 2);
	list(&w, w.epochs[other].row.number, &l);
	for (size_t i = 0; i < l.len; i++)
		assert_int_equal(l.items[i].removed, 0);
	assert_ok(store_check(w.store));
	world_close(&w);
}

/* Quarantine rows say where a line is: after a join that is another place. */
static enum err
place_of(void *ctx, const struct store_quarantine *q)
{
	struct store_quarantine *found = ctx;

	found[q->line] = *q;
	return ERR_OK;
}

static void
test_join_moves_quarantine(void **state)
{
	struct world w;
	CLEANUP(store_segment_list_release) struct store_segment_list l = {0};
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};
	struct store_quarantine rows[3] = {{0}}, found[4] = {{0}};
	uint32_t joined;
	size_t e;

	(void)state;
	world_open(&w, "moved");
	e = world_epoch(&w, STORE_EPOCH_REGISTER);
	for (unsigned i = 0; i < 3; i++) {
		for (unsigned k = 0; k <= i; k++)
			world_later_consent(&w, e, k, 1, 2, WORLD_NOON);
		rows[i] = (struct store_quarantine){
			.batch = w.batch, .line = i + 1, .index = i,
			.segment = world_flush(&w, e),
		};
	}
	assert_ok(db_tx_begin(store_db(w.store), &tx));
	assert_ok(store_batch_quarantine_add(w.store, rows, 3));
	assert_ok(store_segment_join(w.store, w.epochs[e].row.number, 1,
	    &joined));
	assert_ok(db_tx_commit(&tx));
	assert_int_equal(joined, 2);
	list(&w, w.epochs[e].row.number, &l);
	assert_int_equal(l.len, 1);
	assert_int_equal(l.items[0].records, 6);
	assert_ok(store_batch_quarantine_each(w.store, 0, place_of, found));
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(found[i + 1].segment, l.items[0].number);
	assert_int_equal(found[1].index, 0);
	assert_int_equal(found[2].index, 1 + 1);
	assert_int_equal(found[3].index, 3 + 2);
	assert_ok(store_check(w.store));
	world_close(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_list_and_read),
		cmocka_unit_test(test_closed_epochs_take_nothing),
		cmocka_unit_test(test_remove_one),
		cmocka_unit_test(test_remove_batch),
		cmocka_unit_test(test_compact),
		cmocka_unit_test(test_compact_after_revival),
		cmocka_unit_test(test_join),
		cmocka_unit_test(test_remove_after_join),
		cmocka_unit_test(test_join_moves_quarantine),
	};

	return cmocka_run_group_tests(tests, fixture_up, fixture_down);
}
