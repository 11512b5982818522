/* Every allocation, write, sync and read failing in its turn, ours and the
 * library's: an error comes out, nothing is half done, the next try works. */
#include "tests/unit/vault/world.h"

#include "tests/unit/fault.h"
#include "tests/unit/vault/fault_vfs.h"
#include "vault/store_event.h"

#include "vault/db_internal.h"

#define TRIES_MAX 50000

/* SQLCipher 3.4 loses its codec's context when an allocation fails while a key
 * is set (sqlcipher_codec_ctx_init).  That nothing of SQLite's is lost by us is
 * counted below instead, wherever something else fails. */
const char *__lsan_default_suppressions(void);

const char *
__lsan_default_suppressions(void)
{
	return "leak:libsqlcipher";
}

static struct grant grant;

/* ---- one batch of intake, as app/ does it ---- */

struct intake {
	struct world *w;
	unsigned who;                   /* fresh */
	struct store_respondent found;
	uint8_t tag[32];
};

static enum err
add_key(struct intake *in)
{
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};
	uint32_t first, count;

	RETURN_IF(store_respondent_find(in->w->store, in->tag, 1, &in->found,
	    &first, &count));
	if (count == 0)
		return ERR_OK;
	RETURN_IF(db_tx_begin(erase_db(in->w->erase), &tx));
	RETURN_IF(erase_add_range(in->w->erase, first, count));
	return db_tx_commit(&tx);
}

static enum err
seal(struct intake *in, struct segment_builder *b)
{
	CLEANUP(buf_release) struct buf plain = {0};
	uint8_t key[32], *room;
	uint16_t generation;
	struct record_plain p = {
		.user_code = RECORD_PLAIN_UTF8, .user = bytes_str("user"),
		.source = bytes_str("line"), .has_consent = 1,
		.consent_scopes = 2,
		.consent_given_unix_s = WORLD_NOON,
		.event_unix_s = WORLD_NOON, .received_unix_s = WORLD_NOON,
		.body = bytes_str("answer"),
	};

	world_text(1, p.consent_text);
	RETURN_IF(erase_get(in->w->erase, &in->found.number, 1, key,
	    &generation));
	if (generation != 1)
		return ERR_CORRUPT;
	const struct record_ref ref = {key, in->tag, 1, RECORD_RESPONSE};
	struct segment_entry e = {
		.respondent = in->found.number, .generation = 1, .kind = 1,
	};
	RETURN_IF(record_plain_build(RECORD_RESPONSE, world_lists(), &p,
	    &plain));
	e.length = (uint32_t)(plain.len + RECORD_OVERHEAD);
	RETURN_IF(segment_builder_room(b, &e, &room));
	return record_seal(&in->w->epochs[0].keys, &ref, bytes_buf(&plain),
	    room);
}

static enum err
take_in(struct intake *in)
{
	CLEANUP(segment_builder_release) struct segment_builder b = {0};
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};
	struct store *s = in->w->store;
	struct store_segment head = {
		.epoch = in->w->epochs[0].row.number, .batch = in->w->batch,
		.first_answer_day = WORLD_DAY, .last_answer_day = WORLD_DAY,
	};
	const struct store_batch more = {
		.number = in->w->batch, .accepted = 1,
	};
	struct store_consent_change c = {
		.consent = {.text = {1}, .scopes = 2,
		    .given_unix_s = WORLD_NOON},
	};
	uint8_t seen;
	int64_t number;

	RETURN_IF(store_event_check(s, in->tag, 1, &seen));
	if (seen)
		return ERR_DUPLICATE;
	RETURN_IF(add_key(in));
	RETURN_IF(seal(in, &b));
	c.number = in->found.number;
	RETURN_IF(db_tx_begin(store_db(s), &tx));
	RETURN_IF(store_respondent_add(s));
	RETURN_IF(store_respondent_consent(s, &c, 1));
	RETURN_IF(store_segment_add(s, &head, &b, &number));
	RETURN_IF(store_event_add(s, in->tag, 1));
	RETURN_IF(store_batch_count(s, &more));
	return db_tx_commit(&tx);
}

/* Everything or nothing of it, and the sums hold. */
static void
expect_consistent(struct world *w, unsigned answers)
{
	struct store_counts c;
	struct store_batch b;

	assert_ok(store_check(w->store));
	assert_ok(db_check_all_pages(erase_db(w->erase)));
	assert_ok(store_count(w->store, &c));
	assert_int_equal(c.records, answers);
	assert_int_equal(c.events, answers);
	assert_int_equal(c.respondents, answers);
	assert_ok(store_batch_get(w->store, w->batch, &b));
	assert_int_equal(b.accepted, answers);
}

static void
begin_world(struct world *w, const char *name)
{
	world_open(w, name);
	(void)world_epoch(w, STORE_EPOCH_SURVEY);
}

/* ${set} arms the Nth failure, ${end} disarms and says whether it came. */
static void set_sqlite_memory(unsigned n);

static void
expect_nothing_lost(void (*set)(unsigned n), sqlite3_int64 before)
{
	if (set != set_sqlite_memory)
		assert_int_equal(sqlite3_memory_used(), before);
}

static void
fail_intake(const char *name, void (*set)(unsigned n), int (*end)(void),
    unsigned step)
{
	const sqlite3_int64 before = sqlite3_memory_used();
	struct world w;
	unsigned answers = 0, n = 1, failures = 0;

	begin_world(&w, name);
	for (unsigned tries = 0; tries < TRIES_MAX; tries++) {
		struct intake in = {.w = &w, .who = 100 + answers};

		world_tag(in.who, in.tag);
		set(n);
		enum err e = take_in(&in);
		int came = end();

		answers += e == ERR_OK;
		failures += e != ERR_OK;
		if (e != ERR_OK)
			assert_true(came);
		world_reopen(&w);       /* as the next process would */
		expect_consistent(&w, answers);
		if (e == ERR_OK && !came)
			break;
		n += step;
	}
	assert_true(failures >= 1);
	assert_true(n < TRIES_MAX);
	world_close(&w);
	expect_nothing_lost(set, before);
}

static void
set_memory(unsigned n)
{
	fault_set(FAULT_MEMORY, n);
}

static void
set_sqlite_memory(unsigned n)
{
	fault_vfs_set(FAULT_VFS_MEMORY, n, 0);
}

static void
set_full(unsigned n)
{
	fault_vfs_set(FAULT_VFS_FULL, n, 1);
}

static void
set_sync(unsigned n)
{
	fault_vfs_set(FAULT_VFS_SYNC, n, 0);
}

static void
set_read(unsigned n)
{
	fault_vfs_set(FAULT_VFS_READ, n, 0);
}

static void
test_intake_without_memory(void **state)
{
	(void)state;
	fail_intake("memory", set_memory, fault_end, 1);
	/* some hundred allocations, most of them of statements */
	fail_intake("sqlite", set_sqlite_memory, fault_vfs_end, 5);
}

static void
test_intake_on_a_full_disk(void **state)
{
	(void)state;
	fail_intake("full", set_full, fault_vfs_end, 1);
}

static void
test_intake_on_a_bad_disk(void **state)
{
	(void)state;
	fail_intake("sync", set_sync, fault_vfs_end, 1);
	fail_intake("read", set_read, fault_vfs_end, 1);
}

/* ---- reading ---- */

static enum err
read_once(struct world *w, struct buf *out)
{
	CLEANUP(reader_cleanup) struct reader *r = NULL;

	RETURN_IF(world_reader(w, &grant, 2, &r));
	RETURN_IF(world_read_all(r, out));
	RETURN_IF(reader_rewind(r, NULL, 0));
	buf_clear(out);
	return world_read_all(r, out);
}

static void
fail_reading(const char *name, void (*set)(unsigned n), int (*end)(void),
    unsigned step)
{
	struct world_answer a = {
		.text = 1, .scopes = 2, .given = WORLD_NOON,
		.time = WORLD_NOON, .packed = "x",
	};
	const sqlite3_int64 before = sqlite3_memory_used();
	struct world w;
	unsigned failures = 0;

	begin_world(&w, name);
	for (unsigned i = 0; i < 6; i++) {
		world_consent(&w, i, 1, 2, WORLD_NOON);
		a.who = i;
		world_answer(&w, 0, &a);
		(void)world_flush(&w, 0);
	}
	world_close_epoch(&w, 0);
	world_grant(&w, &grant);
	for (unsigned n = 1;; n += step) {
		CLEANUP(buf_release) struct buf out = {0};

		assert_true(n < TRIES_MAX);
		set(n);
		enum err e = read_once(&w, &out);
		int came = end();

		if (e == ERR_OK) {
			assert_string_equal(buf_text(&out), "x;x;x;x;x;x;");
			if (!came)
				break;
		} else {
			assert_true(came);
			failures++;
		}
	}
	assert_true(failures > 3);
	assert_ok(store_check(w.store));
	world_close(&w);
	expect_nothing_lost(set, before);
}

static void
test_reading_without_memory(void **state)
{
	(void)state;
	fail_reading("rmemory", set_memory, fault_end, 1);
	fail_reading("rsqlite", set_sqlite_memory, fault_vfs_end, 7);
}

static void
test_reading_from_a_bad_disk(void **state)
{
	(void)state;
	fail_reading("rread", set_read, fault_vfs_end, 1);
}

/* ---- files ---- */

static enum err
create_once(const char *path)
{
	CLEANUP(store_cleanup) struct store *s = NULL;

	return store_open(path, DB_CREATE, fixture_key(1), "14", &s);
}

static void
fail_creation(void (*set)(unsigned n), int (*end)(void), unsigned step)
{
	const char *path = fixture_path("created");
	const sqlite3_int64 before = sqlite3_memory_used();
	struct store *s = NULL;
	unsigned failures = 0;

	for (unsigned n = 1;; n += step) {
		assert_true(n < TRIES_MAX);
		set(n);
		enum err e = create_once(path);
		int came = end();

		if (e == ERR_OK && !came)
			break;
		failures += e != ERR_OK;
		/* it is whole or not there */
		if (fs_exists(path)) {
			assert_ok(store_open(path, DB_OPEN, fixture_key(1),
			    "14", &s));
			assert_ok(store_check(s));
			store_close(TAKE(s));
			assert_ok(fs_remove(path));
		}
	}
	assert_true(failures > 3);
	assert_ok(fs_remove(path));
	expect_nothing_lost(set, before);
}

static void
test_creation(void **state)
{
	(void)state;
	fail_creation(set_memory, fault_end, 1);
	fail_creation(set_sqlite_memory, fault_vfs_end, 211);
	fail_creation(set_full, fault_vfs_end, 1);
	fail_creation(set_sync, fault_vfs_end, 1);
}

/* A new storage key, stopped anywhere: one of both opens the file. */
static void
fail_rotation(const char *name, void (*set)(unsigned n), int (*end)(void))
{
	const sqlite3_int64 before = sqlite3_memory_used();
	char file[64];
	struct world w;
	uint8_t now = 2, next = 3;

	begin_world(&w, name);
	for (unsigned i = 0; i < 5; i++)
		(void)world_respondent(&w, i);
	snprintf(file, sizeof(file), "%s-erase.db", name);
	for (unsigned n = 1;; n++) {
		struct erase_open_args args = {
			.mode = DB_OPEN, .path = fixture_path(file),
			.key = fixture_key(now), .next = fixture_key(next),
			.store = w.store,
		};
		CLEANUP(erase_keys_release) struct erase_keys keys = {0};
		int which;

		assert_true(n < TRIES_MAX);
		set(n);
		enum err e = erase_rotate(w.erase, fixture_key(next));
		int came = end();

		erase_close(TAKE(w.erase));
		assert_ok(erase_open(&args, &w.erase, &which));
		if (e == ERR_OK)
			assert_int_equal(which, 1);
		else
			assert_true(came);
		assert_ok(db_check_all_pages(erase_db(w.erase)));
		assert_ok(erase_load(w.erase, &keys));
		assert_int_equal(keys.count, 5);
		if (which == 1) {
			uint8_t old = now;

			now = next;
			next = old;
		}
		if (e == ERR_OK && !came)
			break;
	}
	world_close(&w);
	expect_nothing_lost(set, before);
}

static void
test_rotation(void **state)
{
	(void)state;
	fail_rotation("rotfull", set_full, fault_vfs_end);
	fail_rotation("rotsync", set_sync, fault_vfs_end);
	fail_rotation("rotmemory", set_memory, fault_end);
}

static int
up(void **state)
{
	fault_vfs_install();
	return fixture_up(state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_intake_without_memory),
		cmocka_unit_test(test_intake_on_a_full_disk),
		cmocka_unit_test(test_intake_on_a_bad_disk),
		cmocka_unit_test(test_reading_without_memory),
		cmocka_unit_test(test_reading_from_a_bad_disk),
		cmocka_unit_test(test_creation),
		cmocka_unit_test(test_rotation),
	};

	return cmocka_run_group_tests(tests, up, fixture_down);
}
