#include "tests/unit/vault/fixture.h"

#include <stdlib.h>

#include "keys/digest.h"
#include "vault/db_internal.h"
#include "vault/store_notice.h"

#define N 2000

static struct store_book_row rows[N];

static struct store *
open_store(const char *name)
{
	struct store *s = NULL;

	for (uint32_t i = 0; i < N; i++) {
		rows[i].respondent = 3 * i;
		memset(rows[i].block, (int)(i % 251), STORE_BLOCK_LEN);
	}
	assert_ok(store_open(fixture_path(name), DB_CREATE, fixture_key(1),
	    "14", &s));
	return s;
}

static struct store_book
book_of(const char *export_id, const char *partner)
{
	struct store_book b = {.retention_until_unix_s = 1000};

	snprintf(b.export_id, sizeof(b.export_id), "%s", export_id);
	snprintf(b.partner, sizeof(b.partner), "%s", partner);
	snprintf(b.project, sizeof(b.project), "colds");
	return b;
}

static int64_t
add_book(struct store *s, struct store_book *b, size_t len)
{
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};

	assert_ok(db_tx_begin(store_db(s), &tx));
	b->act = fixture_act(store_db(s), ACTLOG_GRANT);
	assert_ok(store_notice_book_add(s, b, rows, len));
	assert_ok(db_tx_commit(&tx));
	return b->act;
}

static enum err
append_book(void *ctx, const struct store_book *b,
    const uint8_t block[STORE_BLOCK_LEN])
{
	return buf_printf(ctx, "%s %d ", b->export_id, block[15]);
}

static void
expect_books(struct store *s, uint32_t respondent, int64_t now,
    const char *expected)
{
	CLEANUP(buf_release) struct buf got = {0};

	assert_ok(store_notice_books_of(s, respondent, now, append_book,
	    &got));
	assert_string_equal(buf_text(&got), expected);
}

static void
test_digest(void **state)
{
	/* docs/FORMATS.md 9.3: respondent u32 | block, in order */
	uint8_t by_hand[40] = {0, 0, 0, 0}, expected[32], got[32];
	struct store_book_row two[2] = {{.respondent = 0},
	    {.respondent = 0x01020304}};

	(void)state;
	memset(two[1].block, 7, 16);
	by_hand[20] = 1;
	by_hand[21] = 2;
	by_hand[22] = 3;
	by_hand[23] = 4;
	memset(by_hand + 24, 7, 16);
	digest_sha256(bytes_of(by_hand, 40), expected);
	assert_ok(store_notice_book_digest(two, 2, got));
	assert_memory_equal(got, expected, 32);
	two[0].respondent = 0x01020304;
	assert_err(store_notice_book_digest(two, 2, got), ERR_RANGE);
}

struct walk {
	uint32_t next;
};

static enum err
check_row(void *ctx, const struct store_book_row *row)
{
	struct walk *w = ctx;

	assert_int_equal(row->respondent, 3 * w->next);
	assert_int_equal(row->block[0], w->next % 251);
	w->next++;
	return ERR_OK;
}

static void
test_book(void **state)
{
	struct store *s = open_store("book");
	struct store_book b = book_of("EXP-2020-0001", "keio"), got;
	struct walk w = {0};
	uint8_t sha256[32];
	int64_t act;

	(void)state;
	act = add_book(s, &b, N);
	assert_err(store_notice_book_get(s, "EXP-2020-0001", &got),
	    ERR_NOT_FOUND);
	expect_books(s, 3, 0, "");
	fixture_log(store_db(s), act);
	assert_ok(store_notice_book_get(s, "EXP-2020-0001", &got));
	assert_int_equal(got.rows, N);
	assert_ok(store_notice_book_digest(rows, N, sha256));
	assert_memory_equal(got.sha256, sha256, 32);
	assert_ok(store_notice_book_rows(s, "EXP-2020-0001", check_row, &w));
	assert_int_equal(w.next, N);
	expect_books(s, 3, 0, "EXP-2020-0001 1 ");
	expect_books(s, 3 * (N - 1), 1000, "EXP-2020-0001 242 ");
	expect_books(s, 4, 0, "");
	expect_books(s, 3 * N, 0, "");
	expect_books(s, 3, 1001, "");
	store_close(s);
}

static void
test_built_again(void **state)
{
	struct store *s = open_store("again");
	struct store_book b = book_of("EXP-2020-0001", "keio"), got;
	int64_t act;

	(void)state;
	fixture_log(store_db(s), add_book(s, &b, N));
	act = add_book(s, &b, 10);
	expect_books(s, 3 * 20, 0, "EXP-2020-0001 20 ");
	fixture_log(store_db(s), act);
	expect_books(s, 3 * 20, 0, "");
	expect_books(s, 3, 0, "EXP-2020-0001 1 ");
	assert_ok(store_notice_book_get(s, "EXP-2020-0001", &got));
	assert_int_equal(got.rows, 10);
	store_close(s);
}

static void
test_damaged_book(void **state)
{
	struct store *s = open_store("damaged");
	struct store_book b = book_of("EXP-2020-0001", "keio"), got;

	(void)state;
	fixture_log(store_db(s), add_book(s, &b, N));
	assert_int_equal(sqlite3_exec(store_db(s)->handle, "DELETE FROM "
	    "book_chunk WHERE first > 0", NULL, NULL, NULL), SQLITE_OK);
	assert_err(store_notice_book_get(s, "EXP-2020-0001", &got),
	    ERR_CORRUPT);
	assert_int_equal(sqlite3_exec(store_db(s)->handle, "UPDATE book_chunk "
	    "SET bytes = x'00'", NULL, NULL, NULL), SQLITE_OK);
	assert_err(store_notice_book_get(s, "EXP-2020-0001", &got),
	    ERR_CORRUPT);
	store_close(s);
}

static enum err
append_due(void *ctx, const struct store_notice_due *d)
{
	return buf_printf(ctx, "%d %s %s %d %d %d %d\n", (int)d->id,
	    d->partner, d->export_id, (int)d->reason, d->scopes, d->block[0],
	    (int)d->since_unix_s);
}

static void
expect_due(struct store *s, const char *expected)
{
	CLEANUP(buf_release) struct buf got = {0};

	assert_ok(store_notice_each_due(s, append_due, &got));
	assert_string_equal(buf_text(&got), expected);
}

static void
test_due(void **state)
{
	struct store *s = open_store("due");
	struct store_book a = book_of("EXP-2020-0001", "todai");
	struct store_book b = book_of("EXP-2020-0002", "keio");
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};
	const int64_t sent[] = {2};
	struct store_counts c;
	uint64_t n;
	int64_t act;

	(void)state;
	fixture_log(store_db(s), add_book(s, &a, N));
	fixture_log(store_db(s), add_book(s, &b, 10));
	assert_err(store_notice_queue(s, 3, STORE_NOTICE_WITHDRAWAL, 2, 50, 1,
	    &n), ERR_STATE);
	assert_ok(db_tx_begin(store_db(s), &tx));
	act = fixture_act(store_db(s), ACTLOG_STOP);
	assert_ok(store_notice_queue(s, 3, STORE_NOTICE_WITHDRAWAL, 2, 50,
	    act, &n));
	assert_int_equal(n, 2);
	assert_ok(store_notice_queue(s, 3 * 100, STORE_NOTICE_ERASURE, 128,
	    50, act, &n));
	assert_int_equal(n, 1);
	assert_ok(store_notice_queue(s, 1, STORE_NOTICE_ERASURE, 128, 50, act,
	    &n));
	assert_int_equal(n, 0);
	assert_ok(db_tx_commit(&tx));
	/* a stop act stands at once */
	expect_due(s, "2 keio EXP-2020-0002 1 2 1 50\n"
	    "1 todai EXP-2020-0001 1 2 1 50\n"
	    "3 todai EXP-2020-0001 2 128 100 50\n");
	assert_ok(store_count(s, &c));
	assert_int_equal(c.notices_due, 3);
	assert_ok(db_tx_begin(store_db(s), &tx));
	assert_ok(store_notice_sent(s, sent, 1, 7));
	assert_err(store_notice_sent(s, sent, 1, 8), ERR_NOT_FOUND);
	assert_ok(store_notice_books_expire(s, 1000, &n));
	assert_int_equal(n, 0);
	assert_ok(store_notice_books_expire(s, 1001, &n));
	assert_int_equal(n, 2);
	assert_ok(db_tx_commit(&tx));
	expect_books(s, 3, 0, "");
	/* what is owed stays owed when its book is gone */
	expect_due(s, "1 todai EXP-2020-0001 1 2 1 50\n"
	    "3 todai EXP-2020-0001 2 128 100 50\n");
	store_close(s);
}

static enum err
append_release(void *ctx, const char *export_id, struct bytes sealed)
{
	return buf_printf(ctx, "%s %.*s\n", export_id, (int)sealed.len,
	    sealed.data);
}

static void
test_release_memory(void **state)
{
	struct store *s = open_store("release");
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};
	CLEANUP(buf_release) struct buf out = {0};
	int64_t act;

	(void)state;
	assert_ok(db_tx_begin(store_db(s), &tx));
	act = fixture_act(store_db(s), ACTLOG_GRANT);
	assert_ok(store_notice_release_add(s, "EXP-2020-0001",
	    bytes_str("sealed"), act));
	assert_ok(db_tx_commit(&tx));
	assert_ok(store_notice_release_each(s, append_release, &out));
	assert_int_equal(out.len, 0);
	fixture_log(store_db(s), act);
	assert_ok(store_notice_release_each(s, append_release, &out));
	assert_string_equal(buf_text(&out), "EXP-2020-0001 sealed\n");
	store_close(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_digest),
		cmocka_unit_test(test_book),
		cmocka_unit_test(test_built_again),
		cmocka_unit_test(test_damaged_book),
		cmocka_unit_test(test_due),
		cmocka_unit_test(test_release_memory),
	};

	return cmocka_run_group_tests(tests, fixture_up, fixture_down);
}
