#include "tests/unit/vault/fixture.h"

#include <stdlib.h>

#include "keys/digest.h"
#include "vault/store_event.h"
#include "vault/store_internal.h"

/* Event ${n}: a hash, as the real ones are. */
static void
make(uint32_t n, uint8_t ret[STORE_EVENT_LEN])
{
	uint8_t full[32];

	digest_sha256(bytes_of(&n, sizeof(n)), full);
	memcpy(ret, full, STORE_EVENT_LEN);
}

static uint8_t *
range(uint32_t from, uint32_t count)
{
	uint8_t *events = calloc(count, STORE_EVENT_LEN);

	assert_non_null(events);
	for (uint32_t i = 0; i < count; i++)
		make(from + i, events + (size_t)i * STORE_EVENT_LEN);
	return events;
}

static void
add(struct store *s, uint32_t from, uint32_t count)
{
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};
	uint8_t *events = range(from, count);

	assert_ok(db_tx_begin(store_db(s), &tx));
	assert_ok(store_event_add(s, events, count));
	assert_ok(db_tx_commit(&tx));
	free(events);
}

static uint32_t
seen(struct store *s, uint32_t from, uint32_t count)
{
	uint8_t *events = range(from, count), *ret = malloc(count);
	uint32_t sum = 0;

	assert_non_null(ret);
	memset(ret, 7, count);
	assert_ok(store_event_check(s, events, count, ret));
	for (uint32_t i = 0; i < count; i++) {
		assert_true(ret[i] <= 1);
		sum += ret[i];
	}
	free(events);
	free(ret);
	return sum;
}

static struct store *
open_store(const char *name, enum db_open_mode mode)
{
	struct store *s = NULL;

	assert_ok(store_open(fixture_path(name), mode, fixture_key(1), "14",
	    &s));
	return s;
}

static void
test_seen_and_unseen(void **state)
{
	struct store *s = open_store("a", DB_CREATE);

	(void)state;
	assert_int_equal(seen(s, 0, 1000), 0);
	add(s, 0, 1000);
	assert_int_equal(seen(s, 0, 1000), 1000);
	assert_int_equal(seen(s, 500, 1000), 500);
	assert_int_equal(seen(s, 1000, 5000), 0);
	store_close(s);
	s = open_store("a", DB_OPEN);
	assert_int_equal(seen(s, 500, 1000), 500);
	store_close(s);
}

static void
test_repeats_in_one_batch(void **state)
{
	struct store *s = open_store("b", DB_CREATE);
	uint8_t events[5 * STORE_EVENT_LEN], ret[5];
	static const uint32_t numbers[] = {3, 4, 3, 3, 5};
	static const uint8_t expected[] = {0, 0, 1, 1, 0};

	(void)state;
	for (size_t i = 0; i < 5; i++)
		make(numbers[i], events + i * STORE_EVENT_LEN);
	assert_ok(store_event_check(s, events, 5, ret));
	assert_memory_equal(ret, expected, 5);
	assert_ok(store_event_check(s, events, 0, ret));
	store_close(s);
}

/* Many small commits: runs are merged, nothing is lost or made up. */
static void
test_merging(void **state)
{
	struct store *s = open_store("c", DB_CREATE);
	struct store_counts counts;
	uint32_t at = 0;

	(void)state;
	for (uint32_t i = 0; i < 150; i++) {
		uint32_t n = 1 + i * 37 % 700;

		assert_int_equal(seen(s, at, n), 0);
		add(s, at, n);
		at += n;
	}
	assert_int_equal(seen(s, 0, at), at);
	assert_int_equal(seen(s, at, 20000), 0);
	assert_ok(store_count(s, &counts));
	assert_int_equal(counts.events, at);
	store_close(s);
	s = open_store("c", DB_OPEN);
	assert_int_equal(seen(s, 0, at + 100), at);
	assert_ok(store_check(s));
	store_close(s);
}

static void
test_rollback_forgets(void **state)
{
	struct store *s = open_store("d", DB_CREATE);
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};
	uint8_t *events = range(0, 100);

	(void)state;
	assert_err(store_event_add(s, events, 100), ERR_STATE);
	assert_ok(db_tx_begin(store_db(s), &tx));
	assert_ok(store_event_add(s, events, 100));
	assert_int_equal(seen(s, 0, 100), 100);
	db_tx_rollback(&tx);
	assert_int_equal(seen(s, 0, 100), 0);
	free(events);
	store_close(s);
}

static void
test_another_process_is_noticed(void **state)
{
	struct store *s = open_store("e", DB_CREATE);
	struct store *other = open_store("e", DB_OPEN);

	(void)state;
	assert_int_equal(seen(s, 0, 10), 0);
	add(other, 0, 10);
	assert_int_equal(seen(s, 0, 10), 10);
	store_close(other);
	store_close(s);
}

/* Hashes that share their first bytes: slower, not wrong. */
static void
test_uneven_hashes(void **state)
{
	struct store *s = open_store("f", DB_CREATE);
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};
	static uint8_t events[2000 * STORE_EVENT_LEN], ret[2000];

	(void)state;
	for (uint32_t i = 0; i < 2000; i++) {
		events[i * STORE_EVENT_LEN + 8] = (uint8_t)(i * 7 >> 8);
		events[i * STORE_EVENT_LEN + 9] = (uint8_t)(i * 7);
	}
	assert_ok(db_tx_begin(store_db(s), &tx));
	assert_ok(store_event_add(s, events, 1000));
	assert_ok(db_tx_commit(&tx));
	assert_ok(store_event_check(s, events, 2000, ret));
	for (uint32_t i = 0; i < 2000; i++)
		assert_int_equal(ret[i], i < 1000);
	store_close(s);
}

/* A store made before compares all twelve bytes, also after a merge. */
static void
test_events_of_a_store_made_before(void **state)
{
	struct store *s = open_store("older", DB_CREATE);
	uint8_t event[STORE_EVENT_LEN], ret[1];

	(void)state;
	assert_int_equal(sqlite3_exec(store_db(s)->handle,
	    "UPDATE holder SET layout = 1", NULL, NULL, NULL), SQLITE_OK);
	store_close(s);
	s = open_store("older", DB_OPEN);
	for (uint32_t i = 0; i < 9; i++)
		add(s, i * 3000, 3000);
	store_close(s);
	s = open_store("older", DB_OPEN);
	assert_int_equal(seen(s, 0, 27000), 27000);
	assert_int_equal(seen(s, 27000, 3000), 0);
	make(5, event);
	event[11] ^= 1;
	assert_ok(store_event_check(s, event, 1, ret));
	assert_int_equal(ret[0], 0);
	store_close(s);
	s = open_store("now", DB_CREATE);
	add(s, 0, 10);
	assert_ok(store_event_check(s, event, 1, ret));
	assert_int_equal(ret[0], 1);
	store_close(s);
}

/* The filter may say yes in vain, about once in a hundred, never no. */
static void
test_filter(void **state)
{
	struct store_filter f = {0};
	uint8_t event[STORE_EVENT_LEN];
	unsigned wrong = 0;

	(void)state;
	assert_ok(store_filter_init(&f, 40000));
	for (uint32_t i = 0; i < f.capacity; i++) {
		make(i, event);
		store_filter_add(&f, event);
	}
	for (uint32_t i = 0; i < f.capacity; i++) {
		make(i, event);
		assert_true(store_filter_has(&f, event));
		make(i + 1000000, event);
		wrong += store_filter_has(&f, event) != 0;
	}
	assert_true(wrong < f.capacity / 30);
	store_filter_release(&f);
}

static void
test_corrupt_chunk(void **state)
{
	struct store *s = open_store("g", DB_CREATE);
	uint8_t events[STORE_EVENT_LEN] = {1}, ret[1];

	(void)state;
	add(s, 0, 10);
	assert_int_equal(sqlite3_exec(s->db->handle,
	    "UPDATE event_chunk SET bytes = x'00'", NULL, NULL, NULL),
	    SQLITE_OK);
	store_filter_release(&s->filter);
	assert_err(store_event_check(s, events, 1, ret), ERR_CORRUPT);
	store_close(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_seen_and_unseen),
		cmocka_unit_test(test_repeats_in_one_batch),
		cmocka_unit_test(test_merging),
		cmocka_unit_test(test_rollback_forgets),
		cmocka_unit_test(test_another_process_is_noticed),
		cmocka_unit_test(test_uneven_hashes),
		cmocka_unit_test(test_events_of_a_store_made_before),
		cmocka_unit_test(test_filter),
		cmocka_unit_test(test_corrupt_chunk),
	};

	return cmocka_run_group_tests(tests, fixture_up, fixture_down);
}
