#include "tests/unit/vault/world.h"

#include "vault/db_internal.h"
#include "vault/reader_internal.h"

#define R STORE_SCOPE_RESEARCH
#define S STORE_SCOPE_SUPPORT
#define ALL STORE_SCOPE_ALL

static void
read_with(struct world *w, const struct grant *g, unsigned threads,
    const char *expected, struct reader_counts *ret)
{
	CLEANUP(reader_cleanup) struct reader *r = NULL;
	CLEANUP(buf_release) struct buf out = {0};

	assert_ok(world_reader(w, g, threads, &r));
	for (int pass = 0; pass < 2; pass++) {
		buf_clear(&out);
		assert_ok(world_read_all(r, &out));
		assert_string_equal(buf_text(&out), expected);
		reader_count(r, ret);
		assert_int_equal(ret->considered, ret->yielded +
		    ret->no_consent + ret->withdrawn);
		assert_ok(reader_rewind(r, NULL, 0));
	}
}

static void
expect(struct world *w, const char *expected, struct reader_counts *ret)
{
	struct grant g;

	world_grant(w, &g);
	read_with(w, &g, 1, expected, ret);
	read_with(w, &g, 2, expected, ret);
}

/* One answer of one respondent; what comes out of it. */
static void
expect_one(const char *name, struct world_answer a, const char *expected,
    uint64_t no_consent, uint64_t withdrawn)
{
	struct reader_counts c;
	struct world w;
	size_t e;

	world_open(&w, name);
	e = world_epoch(&w, STORE_EPOCH_SURVEY);
	world_consents(&w, a.who);
	world_put(&w, e, a);
	world_close_epoch(&w, e);
	expect(&w, expected, &c);
	assert_int_equal(c.considered, 1);
	assert_int_equal(c.no_consent, no_consent);
	assert_int_equal(c.withdrawn, withdrawn);
	world_close(&w);
}

static void
test_all_come_out(void **state)
{
	CLEANUP(reader_cleanup) struct reader *r = NULL;
	struct reader_counts c;
	struct reader_batch b;
	struct grant g;
	struct world w;
	uint8_t tag[32];
	size_t e;

	(void)state;
	world_open(&w, "all");
	world_consents(&w, 1);
	world_consents(&w, 2);
	e = world_epoch(&w, STORE_EPOCH_SURVEY);
	world_put(&w, e, world_good(1, "a"));
	world_put(&w, e, world_good(2, "b"));
	(void)world_flush(&w, e);
	world_put(&w, e, world_good(1, "c"));
	world_close_epoch(&w, e);
	e = world_epoch(&w, STORE_EPOCH_SURVEY);
	world_close_epoch(&w, e);               /* an empty one */
	e = world_epoch(&w, STORE_EPOCH_SURVEY);
	for (unsigned i = 0; i < 20; i++) {
		world_put(&w, e, world_good(i % 2 + 1, "d"));
		(void)world_flush(&w, e);
	}
	world_close_epoch(&w, e);
	expect(&w, "a;b;c;d;d;d;d;d;d;d;d;d;d;d;d;d;d;d;d;d;d;d;d;", &c);
	assert_int_equal(c.yielded, 23);
	world_grant(&w, &g);
	assert_ok(world_reader(&w, &g, 1, &r));
	assert_int_equal(reader_respondents(r), 2);
	assert_ok(reader_next(r, &b));
	assert_int_equal(b.len, 2);
	assert_int_equal(b.records[1].respondent, 1);
	assert_int_equal(b.records[1].event_unix_s, WORLD_NOON);
	assert_int_equal(b.records[1].consent_scopes, R);
	assert_int_equal(b.records[1].consent_given_unix_s, WORLD_NOON - 3600);
	assert_int_equal(b.records[1].consent_text[15], 1);
	assert_false(b.records[1].consent_is_later);
	world_tag(2, tag);
	assert_memory_equal(reader_tag(r, 1), tag, 32);
	world_close(&w);
}

/* Only a grant that re-identifies yields user ids. */
static void
test_user_ids(void **state)
{
	struct world w;
	struct grant g;
	size_t e;

	(void)state;
	world_open(&w, "userids");
	e = world_epoch(&w, STORE_EPOCH_SURVEY);
	world_consents(&w, 1);
	world_put(&w, e, world_good(1, "a"));
	world_close_epoch(&w, e);
	world_grant(&w, &g);
	for (int reidentifies = 0; reidentifies < 2; reidentifies++) {
		CLEANUP(reader_cleanup) struct reader *r = NULL;
		struct reader_batch b;

		g.reidentifies = reidentifies;
		assert_ok(world_reader(&w, &g, 1, &r));
		assert_ok(reader_next(r, &b));
		assert_int_equal(b.len, 1);
		assert_int_equal(b.records[0].user.len > 0, reidentifies);
		assert_int_equal(b.records[0].user_code != 0, reidentifies);
	}
	world_close(&w);
}

static void
test_sealed_consent_must_cover(void **state)
{
	struct world_answer a = world_good(1, "a");

	(void)state;
	expect_one("yes", a, "a;", 0, 0);
	a.text = 0;
	expect_one("none", a, "", 1, 0);
	a.text = 9;
	expect_one("unknown", a, "", 1, 0);
	a = world_good(1, "a");
	a.scopes = S;
	expect_one("scope", a, "", 1, 0);
	a.scopes = ALL;
	expect_one("allscopes", a, "a;", 0, 0);
	a = world_good(1, "a");
	a.given = WORLD_NOON + 1;
	expect_one("later", a, "", 1, 0);
	a.given = WORLD_NOW + 1;
	expect_one("future", a, "", 1, 0);
	a.given = WORLD_NOW - 365 * 86400;
	expect_one("over", a, "", 1, 0);
	a.given = WORLD_NOW - 365 * 86400 + 1;
	expect_one("notover", a, "a;", 0, 0);
}

static void
test_consent_in_force_must_hold(void **state)
{
	struct reader_counts c;
	struct world w;
	size_t e;

	(void)state;
	world_open(&w, "inforce");
	e = world_epoch(&w, STORE_EPOCH_SURVEY);
	world_consents(&w, 2);
	world_put(&w, e, world_good(1, "nobody asked"));
	world_put(&w, e, world_good(2, "narrowed"));
	world_close_epoch(&w, e);
	expect(&w, "narrowed;", &c);
	assert_int_equal(c.no_consent, 1);
	world_consent(&w, 2, 1, S, WORLD_NOON + 50);
	expect(&w, "", &c);
	assert_int_equal(c.no_consent, 2);
	assert_int_equal(c.withdrawn, 0);
	world_close(&w);
}

static void
test_withdrawals(void **state)
{
	struct world_answer after = world_good(1, "after");
	struct reader_counts c;
	struct world w;
	size_t e;

	(void)state;
	world_open(&w, "withdrawals");
	e = world_epoch(&w, STORE_EPOCH_SURVEY);
	for (unsigned i = 1; i <= 3; i++)
		world_consents(&w, i);
	after.given = after.time = WORLD_NOON + 200;
	world_put(&w, e, world_good(1, "before"));
	world_put(&w, e, after);
	world_put(&w, e, world_good(2, "other scope"));
	world_put(&w, e, world_good(3, "all"));
	world_close_epoch(&w, e);
	expect(&w, "before;after;other scope;all;", &c);
	world_withdraw(&w, 1, R, WORLD_NOON + 100);
	world_withdraw(&w, 2, S, WORLD_NOON + 100);
	/* the consent in force is gone with it, until there is a new one */
	expect(&w, "other scope;all;", &c);
	assert_int_equal(c.withdrawn, 2);
	world_consent(&w, 1, 1, R, WORLD_NOON + 200);
	expect(&w, "after;other scope;all;", &c);
	assert_int_equal(c.withdrawn, 1);
	world_withdraw(&w, 3, ALL, WORLD_NOON + 100);
	expect(&w, "after;other scope;", &c);
	assert_int_equal(c.withdrawn, 2);
	assert_int_equal(c.no_consent, 0);
	world_close(&w);
}

static void
test_erased(void **state)
{
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};
	const uint16_t second = 2;
	uint32_t number;
	struct reader_counts c;
	struct world w;
	size_t e;

	(void)state;
	world_open(&w, "erased");
	e = world_epoch(&w, STORE_EPOCH_SURVEY);
	world_consents(&w, 1);
	world_consents(&w, 2);
	world_put(&w, e, world_good(1, "old"));
	world_put(&w, e, world_good(2, "b"));
	(void)world_flush(&w, e);
	world_withdraw(&w, 1, ALL, WORLD_NOON + 1);
	world_erase(&w, 1);
	number = world_respondent(&w, 1);
	/* back again, under another key */
	assert_ok(db_tx_begin(erase_db(w.erase), &tx));
	assert_ok(erase_add(w.erase, &number, &second, 1));
	assert_ok(db_tx_commit(&tx));
	assert_ok(db_tx_begin(store_db(w.store), &tx));
	assert_ok(store_respondent_revive(w.store, number));
	assert_ok(db_tx_commit(&tx));
	world_consent(&w, 1, 1, R, WORLD_NOON + 2);
	struct world_answer fresh = world_good(1, "new");
	fresh.given = fresh.time = WORLD_NOON + 2;
	world_put(&w, e, fresh);
	world_close_epoch(&w, e);
	expect(&w, "b;new;", &c);
	assert_int_equal(c.erased, 1);
	assert_int_equal(c.considered, 2);
	world_erase(&w, 2);
	expect(&w, "new;", &c);
	assert_int_equal(c.erased, 2);
	world_close(&w);
}

/* What an erasure promises, from the files as they are: with every epoch key
 * and both storage keys the erased answers do not open, the others do. */
static void
test_erased_is_unreadable(void **state)
{
	CLEANUP(store_segment_list_release) struct store_segment_list l = {0};
	CLEANUP(buf_release) struct buf bytes = {0};
	struct segment_view v;
	struct segment_record rec;
	struct world w;
	unsigned opened = 0, failed = 0;
	size_t e;

	(void)state;
	world_open(&w, "unreadable");
	e = world_epoch(&w, STORE_EPOCH_SURVEY);
	world_consents(&w, 1);
	world_consents(&w, 2);
	for (unsigned i = 0; i < 10; i++)
		world_put(&w, e, world_good(1 + i % 2, "x"));
	world_close_epoch(&w, e);
	world_erase(&w, 2);
	assert_ok(store_segment_list(w.store, 0, 0, &l));
	assert_ok(store_segment_read(w.store, 1, 1, &bytes));
	assert_ok(segment_view_open(bytes_buf(&bytes), &v));
	while (segment_view_next(&v, &rec)) {
		uint8_t key[32], tag[32], plain[512];
		uint16_t generation;

		assert_ok(erase_get(w.erase, &rec.entry.respondent, 1, key,
		    &generation));
		world_tag(rec.entry.respondent + 1, tag);
		const struct record_ref ref = {key, tag, 1, RECORD_RESPONSE};
		enum err err = record_open(&w.epochs[e].keys, &ref,
		    bytes_of(rec.sealed, rec.entry.length), plain);

		if (rec.entry.respondent == 0) {
			assert_ok(err);
			opened++;
		} else {
			assert_err(err, ERR_DECRYPT);
			failed++;
		}
	}
	assert_int_equal(opened, 5);
	assert_int_equal(failed, 5);
	world_close(&w);
}

static void
test_missing_key_is_a_fault(void **state)
{
	CLEANUP(reader_cleanup) struct reader *r = NULL;
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};
	CLEANUP(buf_release) struct buf out = {0};
	const uint32_t number = 0;
	struct grant g;
	struct world w;
	size_t e;

	(void)state;
	world_open(&w, "missing");
	e = world_epoch(&w, STORE_EPOCH_SURVEY);
	world_consents(&w, 1);
	world_consents(&w, 2);
	world_put(&w, e, world_good(2, "b"));
	(void)world_flush(&w, e);
	world_put(&w, e, world_good(1, "a"));
	world_close_epoch(&w, e);
	assert_ok(db_tx_begin(erase_db(w.erase), &tx));
	assert_ok(erase_delete(w.erase, &number, 1, 1));
	assert_ok(db_tx_commit(&tx));
	world_grant(&w, &g);
	assert_ok(world_reader(&w, &g, 1, &r));
	assert_err(world_read_all(r, &out), ERR_CORRUPT);
	world_close(&w);
}

static void
test_later_consents(void **state)
{
	struct world_answer none = world_good(1, "a");
	struct reader_counts c;
	struct world w;
	size_t survey, reg;

	(void)state;
	none.text = 0;
	world_open(&w, "laterconsents");
	survey = world_epoch(&w, STORE_EPOCH_SURVEY);
	reg = world_epoch(&w, STORE_EPOCH_REGISTER);
	for (unsigned i = 1; i <= 5; i++) {
		none.who = i;
		none.packed = (const char *[]){"", "1", "2", "3", "4", "5"}[i];
		world_put(&w, survey, none);
	}
	/* text 2 covers earlier answers, text 1 does not */
	world_later_consent(&w, reg, 1, 2, R, WORLD_NOON + 100);
	world_later_consent(&w, reg, 2, 1, R, WORLD_NOON + 100);
	world_later_consent(&w, reg, 3, 2, S, WORLD_NOON + 100);
	world_later_consent(&w, reg, 4, 2, S, WORLD_NOON + 100);
	world_later_consent(&w, reg, 4, 2, R, WORLD_NOON + 200);
	world_close_epoch(&w, survey);
	world_close_epoch(&w, reg);
	expect(&w, "1;4;", &c);
	assert_int_equal(c.covered_by_later, 2);
	assert_int_equal(c.no_consent, 3);
	/* a withdrawal takes it away again */
	world_withdraw(&w, 1, R, WORLD_NOON + 300);
	expect(&w, "4;", &c);
	assert_int_equal(c.withdrawn + c.no_consent, 4);
	world_close(&w);
}

static void
test_period(void **state)
{
	struct world_answer a = world_good(1, "in");
	struct reader_counts c;
	struct world w;
	struct grant g;
	size_t e;

	(void)state;
	world_open(&w, "period");
	e = world_epoch(&w, STORE_EPOCH_SURVEY);
	world_consent(&w, 1, 1, R, WORLD_NOON - 90000);
	a.given = WORLD_NOON - 90000;
	a.time = WORLD_NOON - 86401;
	a.packed = "before";
	world_put(&w, e, a);
	a.time = WORLD_NOON - 86400;
	a.packed = "first";
	world_put(&w, e, a);
	a.time = WORLD_NOON + 20 * 86400;
	a.packed = "after";
	world_put(&w, e, a);
	a.time--;
	a.packed = "last";
	world_put(&w, e, a);
	world_close_epoch(&w, e);
	world_grant(&w, &g);
	read_with(&w, &g, 2, "first;last;", &c);
	assert_int_equal(c.considered, 2);
	assert_int_equal(c.out_of_period, 2);
	world_close(&w);
}

static void
test_only_some(void **state)
{
	CLEANUP(reader_cleanup) struct reader *r = NULL;
	CLEANUP(buf_release) struct buf out = {0};
	const uint8_t second[] = {0, 2};        /* respondent 9 */
	struct reader_counts c;
	struct grant g;
	struct world w;
	size_t e;

	(void)state;
	world_open(&w, "some");
	e = world_epoch(&w, STORE_EPOCH_SURVEY);
	for (unsigned i = 0; i < 20; i++) {
		world_consents(&w, i);
		world_put(&w, e, world_good(i, i == 9 ? "nine" : "x"));
	}
	world_close_epoch(&w, e);
	world_grant(&w, &g);
	assert_ok(world_reader(&w, &g, 2, &r));
	assert_ok(reader_rewind(r, second, sizeof(second)));
	assert_ok(world_read_all(r, &out));
	assert_string_equal(buf_text(&out), "nine;");
	reader_count(r, &c);
	assert_int_equal(c.considered, 1);
	/* an empty bitmap is nobody, not everybody */
	buf_clear(&out);
	assert_ok(reader_rewind(r, second, 0));
	assert_ok(world_read_all(r, &out));
	assert_int_equal(out.len, 0);
	assert_ok(reader_rewind(r, NULL, 0));
	assert_ok(world_read_all(r, &out));
	reader_count(r, &c);
	assert_int_equal(c.yielded, 20);
	world_close(&w);
}

static void
test_removed_and_other_kinds(void **state)
{
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};
	CLEANUP(buf_release) struct buf bytes = {0};
	struct reader_counts c;
	struct segment_view v;
	struct segment_record rec;
	struct world w;
	size_t e;

	(void)state;
	world_open(&w, "removed");
	e = world_epoch(&w, STORE_EPOCH_SURVEY);
	world_consents(&w, 1);
	world_put(&w, e, world_good(1, "a"));
	world_put(&w, e, world_good(1, "b"));
	world_later_consent(&w, e, 1, 1, R, WORLD_NOON + 100);
	world_close_epoch(&w, e);
	assert_ok(store_segment_read(w.store, 1, 1, &bytes));
	assert_ok(segment_view_open(bytes_buf(&bytes), &v));
	assert_true(segment_view_next(&v, &rec));
	assert_ok(db_tx_begin(store_db(w.store), &tx));
	assert_ok(store_segment_remove(w.store, 1, rec.sealed));
	assert_ok(db_tx_commit(&tx));
	expect(&w, "b;", &c);
	assert_int_equal(c.removed, 1);
	assert_int_equal(c.other_kinds, 1);
	assert_int_equal(c.considered, 1);
	world_close(&w);
}

/* ---- the snapshot ---- */

static void
world_of_two(struct world *w, const char *name)
{
	size_t e;

	world_open(w, name);
	e = world_epoch(w, STORE_EPOCH_SURVEY);
	world_consents(w, 1);
	world_consents(w, 2);
	world_put(w, e, world_good(1, "a"));
	(void)world_flush(w, e);
	world_put(w, e, world_good(2, "b"));
	world_close_epoch(w, e);
}

static void
test_changed_segment(void **state)
{
	CLEANUP(reader_cleanup) struct reader *r = NULL, *again = NULL;
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};
	CLEANUP(buf_release) struct buf out = {0};
	struct grant g;
	struct world w;
	uint32_t removed;
	uint64_t bytes;

	(void)state;
	world_of_two(&w, "changed");
	world_grant(&w, &g);
	assert_ok(world_reader(&w, &g, 1, &r));
	world_erase(&w, 2);
	/* the snapshot still has the key: withdrawal is asked again before
	 * a release, compaction ends the job */
	assert_ok(world_read_all(r, &out));
	assert_string_equal(buf_text(&out), "a;b;");
	assert_ok(db_tx_begin(store_db(w.store), &tx));
	assert_ok(store_segment_compact(w.store, 2, &removed, &bytes));
	assert_int_equal(removed, 1);
	assert_ok(db_tx_commit(&tx));
	assert_ok(reader_rewind(r, NULL, 0));
	assert_err(world_read_all(r, &out), ERR_CHANGED);
	assert_ok(world_reader(&w, &g, 1, &again));
	buf_clear(&out);
	assert_ok(world_read_all(again, &out));
	assert_string_equal(buf_text(&out), "a;");
	world_close(&w);
}

static void
run_sql(struct world *w, const char *sql)
{
	assert_int_equal(sqlite3_exec(store_db(w->store)->handle, sql, NULL,
	    NULL, NULL), SQLITE_OK);
}

static void
expect_open(struct world *w, const struct grant *g, enum err expected)
{
	CLEANUP(reader_cleanup) struct reader *r = NULL;

	assert_err(world_reader(w, g, 1, &r), expected);
}

static void
expect_read(struct world *w, const struct grant *g, enum err expected)
{
	CLEANUP(reader_cleanup) struct reader *r = NULL;
	CLEANUP(buf_release) struct buf out = {0};

	for (unsigned threads = 1; threads <= 2; threads++) {
		assert_ok(world_reader(w, g, threads, &r));
		assert_err(world_read_all(r, &out), expected);
		reader_close(TAKE(r));
	}
}

static void
test_sums_are_compared(void **state)
{
	struct grant g, good_grant;
	struct world w;

	(void)state;
	world_of_two(&w, "sums");
	world_grant(&w, &good_grant);
	expect_read(&w, &good_grant, ERR_OK);
	g = good_grant;
	g.epochs[0].root[5] ^= 1;
	expect_open(&w, &g, ERR_CORRUPT);
	g = good_grant;
	g.epochs[0].records++;
	expect_open(&w, &g, ERR_CORRUPT);
	/* a segment that is gone, or was exchanged for another whole one */
	run_sql(&w, "UPDATE segment_body SET bytes = (SELECT bytes "
	    "FROM segment_body WHERE number = 1) WHERE number = 2");
	expect_read(&w, &good_grant, ERR_CORRUPT);
	run_sql(&w, "DELETE FROM segment WHERE number = 2");
	expect_open(&w, &good_grant, ERR_CORRUPT);
	world_close(&w);
}

/* Each byte of a stored segment, flipped: no answer comes out changed. */
static void
test_flipped_bytes(void **state)
{
	CLEANUP(buf_release) struct buf bytes = {0};
	CLEANUP(db_stmt_end) struct db_stmt st = {0};
	static const char *const set[] = {
		"UPDATE segment_body SET bytes = ?1 WHERE number = 1",
	};
	const struct db_table table = DB_TABLE(DB_SLOT_REGISTER, set);
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};
	struct grant g;
	struct world w;

	(void)state;
	world_of_two(&w, "flips");
	world_grant(&w, &g);
	assert_ok(store_segment_read(w.store, 1, 1, &bytes));
	for (size_t i = 0; i < bytes.len; i++) {
		CLEANUP(reader_cleanup) struct reader *r = NULL;
		CLEANUP(buf_release) struct buf out = {0};

		bytes.data[i] ^= 1;
		assert_ok(db_tx_begin(store_db(w.store), &tx));
		assert_ok(db_stmt_begin(store_db(w.store), &table, 0, &st));
		db_bind_blob(&st, 1, bytes.data, bytes.len);
		assert_ok(db_run(&st));
		db_stmt_end(&st);
		assert_ok(db_tx_commit(&tx));
		bytes.data[i] ^= 1;
		assert_ok(world_reader(&w, &g, 1, &r));
		enum err e = world_read_all(r, &out);
		assert_true(e == ERR_CORRUPT || e == ERR_DECRYPT ||
		    e == ERR_UNSUPPORTED);
		assert_int_equal(out.len, 0);
	}
	world_close(&w);
}

static void
test_only_the_grants_epochs(void **state)
{
	struct grant g, good_grant;
	struct world w;
	uint8_t ek[32] = {1};
	size_t e;

	(void)state;
	world_of_two(&w, "epochs");
	world_grant(&w, &good_grant);
	g = good_grant;
	g.epochs[0].id[0] ^= 1;
	expect_open(&w, &g, ERR_REFUSED);
	g = good_grant;
	g.epochs_len = 0;
	expect_open(&w, &g, ERR_REFUSED);
	g = good_grant;
	g.epochs[1] = g.epochs[0];
	g.epochs_len = 2;
	expect_open(&w, &g, ERR_REFUSED);
	g = good_grant;
	memcpy(g.owner, "13", 3);
	expect_open(&w, &g, ERR_REFUSED);
	g = good_grant;
	g.expires_unix_s = WORLD_NOW;
	expect_open(&w, &g, ERR_EXPIRED);
	g = good_grant;
	g.survey_sha256[0] ^= 1;
	expect_open(&w, &g, ERR_MISMATCH);
	g = good_grant;
	g.epochs[0].sha256[0] ^= 1;
	expect_open(&w, &g, ERR_MISMATCH);
	w.epochs[0].keys.subject_sha256[0] ^= 1;
	expect_open(&w, &good_grant, ERR_MISMATCH);
	w.epochs[0].keys.subject_sha256[0] ^= 1;
	w.epochs[0].keys.epoch_sha256[0] ^= 1;
	expect_open(&w, &good_grant, ERR_MISMATCH);
	w.epochs[0].keys.epoch_sha256[0] ^= 1;
	/* keys of another epoch key under the right labels */
	record_epoch_keys_derive(&w.epochs[0].keys, ek, w.epochs[0].row.sha256,
	    w.epochs[0].row.subject_sha256);
	expect_read(&w, &good_grant, ERR_DECRYPT);
	/* an epoch that is still open, as if the plan named it */
	e = world_epoch(&w, STORE_EPOCH_SURVEY);
	w.epochs[e].row.closed = 1;
	world_grant(&w, &g);
	expect_open(&w, &g, ERR_STATE);
	world_close(&w);
}

static void
test_two_times_the_same_epoch(void **state)
{
	struct reader_epoch epochs[2];
	struct reader *r = NULL;
	struct grant g;
	struct world w;

	(void)state;
	world_of_two(&w, "doubled");
	world_grant(&w, &g);
	g.epochs_len = 2;
	memset(g.epochs[1].id, 0x77, 16);
	for (size_t i = 0; i < 2; i++) {
		memcpy(epochs[i].id, w.epochs[0].row.id, 16);
		epochs[i].keys = &w.epochs[0].keys;
	}
	const struct reader_args args = {
		.store = w.store, .erase = w.erase, .grant = &g,
		.epochs = epochs, .epochs_len = 2, .now_unix_s = WORLD_NOW,
	};
	assert_err(reader_open(&args, &r), ERR_REFUSED);
	world_close(&w);
}

static void
test_project_epochs_are_refused(void **state)
{
	struct grant g;
	struct world w;
	size_t e;

	(void)state;
	world_open(&w, "project");
	e = world_epoch(&w, STORE_EPOCH_PROJECT);
	world_close_epoch(&w, e);
	world_grant(&w, &g);
	expect_open(&w, &g, ERR_REFUSED);
	world_close(&w);
}

/* Closing in the middle of a pass with a worker at work. */
static void
test_close_early(void **state)
{
	struct reader_batch b;
	struct grant g;
	struct world w;
	size_t e;

	(void)state;
	world_open(&w, "early");
	e = world_epoch(&w, STORE_EPOCH_SURVEY);
	world_consents(&w, 1);
	for (unsigned i = 0; i < 40; i++) {
		world_put(&w, e, world_good(1, "x"));
		(void)world_flush(&w, e);
	}
	world_close_epoch(&w, e);
	world_grant(&w, &g);
	for (unsigned i = 0; i < 20; i++) {
		struct reader *r = NULL;

		assert_ok(world_reader(&w, &g, 2, &r));
		for (unsigned k = 0; k < i; k++)
			assert_ok(reader_next(r, &b));
		if (i % 3 == 0)
			assert_ok(reader_rewind(r, NULL, 0));
		reader_close(r);
	}
	reader_close(NULL);
	world_close(&w);
}

static void
test_memory_per_respondent(void **state)
{
	(void)state;
	/* what reader.c allocates for each */
	assert_true(STORE_TAG_LEN + ERASE_KEY_LEN +
	    sizeof(*((struct reader *)NULL)->states) +
	    sizeof(*((struct reader *)NULL)->generations) +
	    sizeof(*((struct erase_keys *)NULL)->generations) <= 72);
	assert_int_equal(sizeof(struct reader_later), 12);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_come_out),
		cmocka_unit_test(test_user_ids),
		cmocka_unit_test(test_sealed_consent_must_cover),
		cmocka_unit_test(test_consent_in_force_must_hold),
		cmocka_unit_test(test_withdrawals),
		cmocka_unit_test(test_erased),
		cmocka_unit_test(test_erased_is_unreadable),
		cmocka_unit_test(test_missing_key_is_a_fault),
		cmocka_unit_test(test_later_consents),
		cmocka_unit_test(test_period),
		cmocka_unit_test(test_only_some),
		cmocka_unit_test(test_removed_and_other_kinds),
		cmocka_unit_test(test_changed_segment),
		cmocka_unit_test(test_sums_are_compared),
		cmocka_unit_test(test_flipped_bytes),
		cmocka_unit_test(test_only_the_grants_epochs),
		cmocka_unit_test(test_two_times_the_same_epoch),
		cmocka_unit_test(test_project_epochs_are_refused),
		cmocka_unit_test(test_close_early),
		cmocka_unit_test(test_memory_per_respondent),
	};

	return cmocka_run_group_tests(tests, fixture_up, fixture_down);
}
