#include "tests/unit/vault/world.h"

#include <stdlib.h>

#include "keys/digest.h"
#include "vault/store_internal.h"

#define R STORE_SCOPE_RESEARCH
#define S STORE_SCOPE_SUPPORT
#define ALL STORE_SCOPE_ALL

static void
tags_of(const unsigned *who, size_t len, uint8_t *ret)
{
	for (size_t i = 0; i < len; i++)
		world_tag(who[i], ret + i * STORE_TAG_LEN);
}

static void
get(struct world *w, unsigned who, struct store_respondent *ret)
{
	uint8_t tag[STORE_TAG_LEN];

	world_tag(who, tag);
	assert_ok(store_respondent_get(w->store, tag, ret));
}

static void
test_find_and_add(void **state)
{
	static const unsigned who[] = {5, 9, 5, 2};
	struct world w;
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};
	uint8_t tags[4 * STORE_TAG_LEN];
	struct store_respondent r[4];
	uint32_t first = 99, count = 99;

	(void)state;
	world_open(&w, "find");
	tags_of(who, 4, tags);
	assert_ok(store_respondent_find(w.store, tags, 4, r, &first, &count));
	assert_int_equal(first, 0);
	assert_int_equal(count, 3);
	assert_int_equal(r[0].number, 0);
	assert_int_equal(r[1].number, 1);
	assert_int_equal(r[2].number, 0);
	assert_int_equal(r[3].number, 2);
	for (size_t i = 0; i < 4; i++) {
		assert_true(r[i].fresh);
		assert_int_equal(r[i].generation, 1);
		assert_int_equal(r[i].state, STORE_ACTIVE);
		assert_int_equal(r[i].consent.scopes, 0);
	}
	assert_err(store_respondent_add(w.store), ERR_STATE);
	assert_ok(db_tx_begin(store_db(w.store), &tx));
	assert_ok(store_respondent_add(w.store));
	assert_ok(db_tx_commit(&tx));
	assert_ok(store_respondent_find(w.store, tags, 4, r, &first, &count));
	assert_int_equal(first, 3);
	assert_int_equal(count, 0);
	assert_int_equal(r[3].number, 2);
	assert_false(r[3].fresh);
	world_reopen(&w);
	assert_ok(store_respondent_find(w.store, tags, 4, r, &first, &count));
	assert_int_equal(count, 0);
	assert_int_equal(r[1].number, 1);
	world_close(&w);
}

static void
test_fresh_ones_go_with_a_rollback(void **state)
{
	static const unsigned who[] = {1, 2};
	struct world w;
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};
	uint8_t tags[2 * STORE_TAG_LEN];
	struct store_respondent r[2];
	uint32_t first, count;

	(void)state;
	world_open(&w, "rollback");
	tags_of(who, 2, tags);
	assert_ok(store_respondent_find(w.store, tags, 2, r, &first, &count));
	assert_ok(db_tx_begin(store_db(w.store), &tx));
	assert_ok(store_respondent_add(w.store));
	db_tx_rollback(&tx);
	assert_ok(store_respondent_find(w.store, tags, 1, r, &first, &count));
	assert_int_equal(count, 1);
	assert_int_equal(first, 0);
	/* a find that is never added leaves nothing */
	assert_ok(store_respondent_find(w.store, tags + STORE_TAG_LEN, 1, r,
	    &first, &count));
	assert_int_equal(r[0].number, 0);
	assert_err(store_respondent_get(w.store, tags, r), ERR_NOT_FOUND);
	world_close(&w);
}

/* Another process adds someone between find and add. */
static void
test_a_faster_process(void **state)
{
	struct world w;
	struct store *other = NULL;
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};
	uint8_t a[STORE_TAG_LEN], b[STORE_TAG_LEN];
	struct store_respondent r;
	uint32_t first, count;

	(void)state;
	world_open(&w, "faster");
	assert_ok(store_open(fixture_path("faster-vault.db"), DB_OPEN,
	    fixture_key(1), "14", &other));
	world_tag(1, a);
	world_tag(2, b);
	assert_ok(store_respondent_find(w.store, a, 1, &r, &first, &count));
	assert_ok(store_respondent_find(other, b, 1, &r, &first, &count));
	assert_ok(db_tx_begin(store_db(other), &tx));
	assert_ok(store_respondent_add(other));
	assert_ok(db_tx_commit(&tx));
	assert_ok(db_tx_begin(store_db(w.store), &tx));
	assert_err(store_respondent_add(w.store), ERR_STATE);
	db_tx_rollback(&tx);
	assert_ok(store_respondent_find(w.store, a, 1, &r, &first, &count));
	assert_int_equal(r.number, 1);
	store_close(other);
	world_close(&w);
}

static void
test_many(void **state)
{
	enum { N = 3000 };
	struct world w;
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};
	uint8_t *tags = calloc(N, STORE_TAG_LEN), tag[STORE_TAG_LEN];
	struct store_respondent *r = calloc(N, sizeof(*r)), one;
	struct store_counts counts;
	uint32_t first, count;

	(void)state;
	assert_true(tags != NULL && r != NULL);
	world_open(&w, "many");
	for (unsigned i = 0; i < N; i++)
		world_tag(i, tags + (size_t)i * STORE_TAG_LEN);
	for (unsigned from = 0; from < N; from += 1000) {
		assert_ok(store_respondent_find(w.store, tags, from + 1000, r,
		    &first, &count));
		assert_int_equal(first, from);
		assert_int_equal(count, 1000);
		assert_ok(db_tx_begin(store_db(w.store), &tx));
		assert_ok(store_respondent_add(w.store));
		assert_ok(db_tx_commit(&tx));
	}
	world_reopen(&w);
	assert_ok(store_respondent_find(w.store, tags, N, r, &first, &count));
	for (unsigned i = 0; i < N; i++)
		assert_int_equal(r[i].number, i);
	assert_ok(store_respondent_get_number(w.store, 2999, &one, tag));
	assert_memory_equal(tag, tags + 2999 * STORE_TAG_LEN, STORE_TAG_LEN);
	assert_err(store_respondent_get_number(w.store, 3000, &one, tag),
	    ERR_NOT_FOUND);
	assert_ok(store_count(w.store, &counts));
	assert_int_equal(counts.respondents, N);
	assert_ok(store_check(w.store));
	world_close(&w);
	free(tags);
	free(r);
}

static void
test_consent(void **state)
{
	struct world w;
	struct store_respondent r;

	(void)state;
	world_open(&w, "consent");
	world_consent(&w, 1, 7, R | S, 1000);
	get(&w, 1, &r);
	assert_int_equal(r.consent.scopes, R | S);
	assert_int_equal(r.consent.given_unix_s, 1000);
	assert_int_equal(r.consent.text[0], 7);
	/* an older one that comes late changes nothing */
	world_consent(&w, 1, 8, R, 999);
	get(&w, 1, &r);
	assert_int_equal(r.consent.text[15], 7);
	/* the latest is in force, also when it holds less */
	world_consent(&w, 1, 8, S, 2000);
	get(&w, 1, &r);
	assert_int_equal(r.consent.scopes, S);
	assert_int_equal(r.consent.text[15], 8);
	world_consent(&w, 1, 8, ALL, 2001);
	get(&w, 1, &r);
	assert_int_equal(r.consent.scopes, R | S | STORE_SCOPE_RECONTACT);
	world_reopen(&w);
	get(&w, 1, &r);
	assert_int_equal(r.consent.text[3], 8);
	assert_int_equal(r.consent.given_unix_s, 2001);
	world_close(&w);
}

static void
test_consent_in_batches(void **state)
{
	struct world w;
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};
	struct store_consent_change c[4] = {
		{.consent = {.text = {1}, .scopes = R, .given_unix_s = 10}},
		{.consent = {.text = {2}, .scopes = R, .given_unix_s = 20}},
		{.consent = {.text = {3}, .scopes = S, .given_unix_s = 20}},
		{.consent = {.text = {4}, .scopes = R, .given_unix_s = 5}},
	};
	struct store_respondent r;

	(void)state;
	world_open(&w, "batches");
	for (unsigned i = 0; i < 4; i++)
		c[i].number = world_respondent(&w, i == 0 ? 2 : 1);
	assert_ok(db_tx_begin(store_db(w.store), &tx));
	assert_ok(store_respondent_consent(w.store, c, 4));
	c[0].consent.scopes = 0;
	assert_err(store_respondent_consent(w.store, c, 1), ERR_RANGE);
	c[0].consent.scopes = 64;
	assert_err(store_respondent_consent(w.store, c, 1), ERR_RANGE);
	c[0].consent.scopes = R;
	c[0].number = 1234;
	assert_err(store_respondent_consent(w.store, c, 1), ERR_NOT_FOUND);
	assert_ok(db_tx_commit(&tx));
	/* equal times: the one that came later */
	get(&w, 1, &r);
	assert_int_equal(r.consent.text[0], 3);
	get(&w, 2, &r);
	assert_int_equal(r.consent.text[0], 1);
	world_close(&w);
}

static void
test_withdraw_a_scope(void **state)
{
	struct world w;
	struct store_respondent r;
	struct store_withdrawn at;
	uint64_t n;
	int any;

	(void)state;
	world_open(&w, "scope");
	world_consent(&w, 1, 7, R | S, 1000);
	assert_ok(store_respondent_any_withdrawn_since(w.store, 0, &any));
	assert_false(any);
	world_withdraw(&w, 1, R, 1500);
	get(&w, 1, &r);
	assert_int_equal(r.consent.scopes, S);
	assert_int_equal(r.state, STORE_ACTIVE);
	assert_ok(store_respondent_withdrawn(w.store, r.number, &at));
	assert_int_equal(at.research_unix_s, 1500);
	assert_int_equal(at.support_unix_s, 0);
	assert_ok(store_respondent_withdrawn_since(w.store, 0, &n));
	assert_int_equal(n, 0);         /* the alarm counts those of all */
	assert_ok(store_respondent_any_withdrawn_since(w.store, 1500, &any));
	assert_true(any);
	assert_ok(store_respondent_any_withdrawn_since(w.store, 1501, &any));
	assert_false(any);
	assert_ok(store_respondent_withdrew_since(w.store, r.number, R, 1,
	    &any));
	assert_true(any);
	assert_ok(store_respondent_withdrew_since(w.store, r.number, S, 1,
	    &any));
	assert_false(any);
	/* a consent from before the withdrawal does not bring it back */
	world_consent(&w, 1, 8, R | S, 1499);
	get(&w, 1, &r);
	assert_int_equal(r.consent.scopes, S);
	/* one from after it does */
	world_consent(&w, 1, 8, R | S, 1501);
	get(&w, 1, &r);
	assert_int_equal(r.consent.scopes, R | S);
	world_close(&w);
}

static enum err
append_number(void *ctx, uint32_t number)
{
	return buf_printf(ctx, "%u ", number);
}

static void
test_withdraw_all_and_erase(void **state)
{
	struct world w;
	CLEANUP(buf_release) struct buf numbers = {0};
	struct store_respondent r;
	struct store_counts counts;
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};
	uint64_t n;

	(void)state;
	world_open(&w, "all");
	world_consent(&w, 1, 7, R | S, 1000);
	world_consent(&w, 2, 7, R | S, 1000);
	world_withdraw(&w, 2, ALL, 1500);
	get(&w, 2, &r);
	assert_int_equal(r.state, STORE_STOPPING);
	assert_int_equal(r.consent.scopes, 0);
	assert_ok(store_respondent_withdrawn_since(w.store, 1500, &n));
	assert_int_equal(n, 1);
	/* nothing is taken while it stops */
	world_consent(&w, 2, 7, R, 1600);
	get(&w, 2, &r);
	assert_int_equal(r.consent.scopes, 0);
	assert_ok(store_respondent_each_stopping(w.store, 1500 + 86399,
	    append_number, &numbers));
	assert_int_equal(numbers.len, 0);
	assert_ok(store_respondent_each_stopping(w.store, 1500 + 86400,
	    append_number, &numbers));
	assert_string_equal(buf_text(&numbers), "1 ");
	assert_ok(db_tx_begin(store_db(w.store), &tx));
	assert_err(store_respondent_revive(w.store, 1), ERR_STATE);
	db_tx_rollback(&tx);
	world_erase(&w, 2);
	get(&w, 2, &r);
	assert_int_equal(r.state, STORE_ERASED);
	buf_clear(&numbers);
	assert_ok(store_respondent_each_erased(w.store, append_number,
	    &numbers));
	assert_string_equal(buf_text(&numbers), "1 ");
	assert_ok(store_count(w.store, &counts));
	assert_int_equal(counts.erased, 1);
	assert_int_equal(counts.stopping, 0);
	assert_ok(db_tx_begin(store_db(w.store), &tx));
	assert_ok(store_respondent_revive(w.store, 1));
	assert_ok(db_tx_commit(&tx));
	get(&w, 2, &r);
	assert_int_equal(r.state, STORE_ACTIVE);
	assert_int_equal(r.generation, 2);
	assert_int_equal(r.consent.scopes, 0);
	world_consent(&w, 2, 7, R, 1499);
	get(&w, 2, &r);
	assert_int_equal(r.consent.scopes, 0);
	world_consent(&w, 2, 7, R, 1501);
	get(&w, 2, &r);
	assert_int_equal(r.consent.scopes, R);
	world_close(&w);
}

static void
test_permanent(void **state)
{
	struct world w;
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};
	struct store_withdrawal row = {
		.scopes = ALL, .permanent = 1, .at_unix_s = 5,
	};
	struct store_respondent r;

	(void)state;
	world_open(&w, "permanent");
	row.number = world_respondent(&w, 1);
	assert_ok(db_tx_begin(store_db(w.store), &tx));
	row.act = fixture_act(store_db(w.store), ACTLOG_STOP);
	assert_ok(store_respondent_withdraw(w.store, &row));
	row.scopes = 0;
	assert_err(store_respondent_withdraw(w.store, &row), ERR_RANGE);
	row.scopes = 8;
	assert_err(store_respondent_withdraw(w.store, &row), ERR_RANGE);
	row.scopes = ALL;
	row.number = 77;
	assert_err(store_respondent_withdraw(w.store, &row), ERR_NOT_FOUND);
	row.number = 0;
	row.act = 12345;
	assert_err(store_respondent_withdraw(w.store, &row), ERR_NOT_FOUND);
	assert_ok(db_tx_commit(&tx));
	world_erase(&w, 1);
	get(&w, 1, &r);
	assert_int_equal(r.state, STORE_STOP_LISTED);
	assert_ok(db_tx_begin(store_db(w.store), &tx));
	assert_err(store_respondent_revive(w.store, 0), ERR_REFUSED);
	assert_ok(db_tx_commit(&tx));
	world_close(&w);
}

/* Damage that the file's own checks cannot see. */
static void
break_entry(const char *name, const char *sql, enum err expected)
{
	struct world w;

	world_open(&w, name);
	for (unsigned i = 0; i < 3; i++)
		(void)world_respondent(&w, i);
	assert_int_equal(sqlite3_exec(store_db(w.store)->handle, sql, NULL,
	    NULL, NULL), SQLITE_OK);
	assert_err(store_check(w.store), expected);
	world_close(&w);
}

static void
test_check_finds_damage(void **state)
{
	(void)state;
	break_entry("ok", "SELECT 1", ERR_OK);
	/* one tag, two numbers */
	break_entry("twice", "UPDATE respondent_block SET bytes = "
	    "cast(substr(bytes, 1, 26) || substr(bytes, 1, 26) || "
	    "substr(bytes, 53, 26) AS BLOB)", ERR_CORRUPT);
	/* a gap */
	break_entry("gap", "UPDATE respondent_block SET block = 1",
	    ERR_CORRUPT);
	/* half an entry */
	break_entry("half", "UPDATE respondent_block SET bytes = "
	    "substr(bytes, 1, 60)", ERR_CORRUPT);
	/* generation 0 */
	break_entry("zero", "UPDATE respondent_block SET bytes = "
	    "zeroblob(78)", ERR_CORRUPT);
}

static void
test_entry_codec(void **state)
{
	static const struct store_layout older = {.tag_len = 32},
	    layout = {.tag_len = 16};
	struct store_entry e = {
		.tag = {1, [15] = 3, [31] = 2}, .generation = 0x0304, .state = 1,
		.scopes = 5, .text = 0x0607, .given_unix_s = 0x08090a0b,
	};
	static const uint8_t expected[10] = {3, 4, 1, 5, 6, 7, 8, 9, 10, 11};
	uint8_t packed[STORE_ENTRY_MAX];
	struct store_entry got;

	(void)state;
	assert_ok(store_entry_put(&older, packed, &e));
	assert_int_equal(packed[0], 1);
	assert_int_equal(packed[31], 2);
	assert_memory_equal(packed + 32, expected, 10);
	assert_ok(store_entry_get(&older, packed, &got));
	assert_memory_equal(got.tag, e.tag, STORE_TAG_LEN);
	/* half a tag is not put for the whole */
	assert_err(store_entry_put(&layout, packed, &e), ERR_RANGE);
	e.tag[31] = 0;
	assert_ok(store_entry_put(&layout, packed, &e));
	assert_int_equal(packed[15], 3);
	assert_memory_equal(packed + 16, expected, 10);
	assert_ok(store_entry_get(&layout, packed, &got));
	assert_memory_equal(got.tag, e.tag, STORE_TAG_LEN);
	assert_int_equal(got.text, e.text);
	assert_int_equal(got.given_unix_s, e.given_unix_s);
	packed[18] = 4;
	assert_err(store_entry_get(&layout, packed, &got), ERR_CORRUPT);
}

#define MANY 1500                       /* more than a block of either layout */

static void
add_many(struct world *w, const uint8_t *tags)
{
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};
	struct store_respondent *r = calloc(MANY, sizeof(*r));
	uint32_t first, count;

	assert_non_null(r);
	assert_ok(store_respondent_find(w->store, tags, MANY, r, &first,
	    &count));
	assert_int_equal(count, MANY);
	free(r);
	assert_ok(db_tx_begin(erase_db(w->erase), &tx));
	assert_ok(erase_add_range(w->erase, first, count));
	assert_ok(db_tx_commit(&tx));
	assert_ok(db_tx_begin(store_db(w->store), &tx));
	assert_ok(store_respondent_add(w->store));
	assert_ok(db_tx_commit(&tx));
}

static int
take_number(void *ctx, int cols, char **values, char **names)
{
	(void)cols;
	(void)names;
	*(size_t *)ctx = (size_t)atol(values[0]);
	return 0;
}

/* Bytes of it. */
static size_t
first_block(struct db *db, const char *table)
{
	char sql[80];
	size_t ret = 0;

	snprintf(sql, sizeof(sql), "SELECT length(bytes) FROM %s "
	    "WHERE block = 0", table);
	assert_int_equal(sqlite3_exec(db->handle, sql, take_number, &ret,
	    NULL), SQLITE_OK);
	return ret;
}

/* The last byte of every tag comes back in the layout that has it, and only
 * there; blocks and keys are as long as each layout says. */
static void
keeps_tags(const char *name, int older, size_t block, size_t key_block)
{
	static uint8_t tags[MANY * STORE_TAG_LEN];
	uint8_t got[STORE_TAG_LEN];
	struct store_respondent r;
	struct world w;

	world_open(&w, name);
	if (older)
		world_make_older(&w);
	for (unsigned i = 0; i < MANY; i++) {
		uint8_t *tag = tags + i * STORE_TAG_LEN;

		digest_sha256(bytes_of(&i, sizeof(i)), tag);
		tag[31] |= 1;
		store_tag_fit(w.store, tag);
		assert_int_equal(tag[31] != 0, older);
	}
	add_many(&w, tags);
	world_reopen(&w);
	assert_ok(store_check(w.store));
	for (unsigned i = 0; i < MANY; i += 7) {
		assert_ok(store_respondent_get_number(w.store, i, &r, got));
		assert_memory_equal(got, tags + i * STORE_TAG_LEN,
		    STORE_TAG_LEN);
	}
	assert_int_equal(first_block(store_db(w.store), "respondent_block"),
	    block);
	assert_int_equal(first_block(erase_db(w.erase), "key_block"),
	    key_block);
	world_close(&w);
}

static void
test_files_made_before(void **state)
{
	(void)state;
	keeps_tags("layout-1", 1, 384 * 42, 448 * 34);
	keeps_tags("layout-2", 0, 624 * 26, 478 * 34);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find_and_add),
		cmocka_unit_test(test_fresh_ones_go_with_a_rollback),
		cmocka_unit_test(test_a_faster_process),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_consent),
		cmocka_unit_test(test_consent_in_batches),
		cmocka_unit_test(test_withdraw_a_scope),
		cmocka_unit_test(test_withdraw_all_and_erase),
		cmocka_unit_test(test_permanent),
		cmocka_unit_test(test_check_finds_damage),
		cmocka_unit_test(test_entry_codec),
		cmocka_unit_test(test_files_made_before),
	};

	return cmocka_run_group_tests(tests, fixture_up, fixture_down);
}
