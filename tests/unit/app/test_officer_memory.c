#include "tests/unit/unit.h"
#include "tests/unit/fault.h"

#include "app/ops/officer_memory.h"
#include "core/secret.h"

#define OWNER "14"

struct fixture {
	char dir[FS_PATH_MAX - 64];
	struct identity *id;
	struct officer_memory m;
};

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct err_info info = {.line = 0};

	unit_temp_dir(f->dir, sizeof(f->dir));
	assert_ok(identity_generate("a", 1000, &f->id));
	assert_ok(officer_memory_load(f->dir, f->id, OWNER, &f->m, &info));
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	officer_memory_release(&f->m);
	identity_free(f->id);
	assert_ok(fs_remove_tree(f->dir));
	free(f);
	return 0;
}

static struct checkpoint
checkpoint(uint64_t size, uint8_t byte)
{
	struct checkpoint c = {.origin = "ledger.example/x", .size = size};

	memset(c.root, byte, sizeof(c.root));
	return c;
}

static struct consistency_points
proven(uint64_t size, uint8_t byte)
{
	struct consistency_points p = {.len = 1};

	p.items[0].size = size;
	memset(p.items[0].root, byte, sizeof(p.items[0].root));
	return p;
}

static void
saw(struct officer_memory *m, uint64_t size, uint8_t byte,
    const struct consistency_points *p)
{
	const struct checkpoint c = checkpoint(size, byte);

	assert_ok(officer_memory_saw(m, &c, bytes_str("note\n"), p));
}

static enum err
fits(const struct officer_memory *m, uint64_t size, uint8_t byte,
    const struct consistency_points *p)
{
	const struct checkpoint c = checkpoint(size, byte);

	return officer_memory_fits(m, &c, p);
}

static void
anything_is_the_first(void **state)
{
	struct fixture *f = *state;
	const struct consistency_points none = {.len = 0};

	assert_int_equal(f->m.last.size, 0);
	assert_ok(fits(&f->m, 10, 1, &none));
}

static void
a_ledger_only_grows(void **state)
{
	struct fixture *f = *state;
	const struct consistency_points none = {.len = 0};
	const struct consistency_points ten = proven(10, 1);
	const struct consistency_points other = proven(10, 9);
	struct checkpoint stranger = checkpoint(20, 2);

	saw(&f->m, 10, 1, &none);
	assert_ok(fits(&f->m, 10, 1, &none));
	assert_err(fits(&f->m, 10, 9, &none), ERR_ROLLBACK);
	assert_ok(fits(&f->m, 20, 2, &ten));
	assert_err(fits(&f->m, 20, 2, &other), ERR_ROLLBACK);
	assert_err(fits(&f->m, 20, 2, &none), ERR_STATE);
	assert_err(fits(&f->m, 5, 5, &none), ERR_STATE);
	stranger.origin[0] = 'x';
	assert_err(officer_memory_fits(&f->m, &stranger, &ten),
	    ERR_ROLLBACK);
}

/* Packets may be answered in any order: what was proven to be inside the last
 * tree is known. */
static void
an_older_tree_that_is_known(void **state)
{
	struct fixture *f = *state;
	const struct consistency_points none = {.len = 0};
	struct consistency_points both = proven(10, 1);

	saw(&f->m, 10, 1, &none);
	both.len = 2;
	both.items[1].size = 15;
	memset(both.items[1].root, 7, sizeof(both.items[1].root));
	saw(&f->m, 20, 2, &both);
	assert_ok(fits(&f->m, 15, 7, &none));
	assert_err(fits(&f->m, 15, 8, &none), ERR_ROLLBACK);
	saw(&f->m, 15, 7, &none);
	assert_int_equal(f->m.last.size, 20);
	assert_err(fits(&f->m, 16, 7, &none), ERR_STATE);
}

static struct officer_memory_plan
a_plan(const char *id, uint8_t sha256, char recipient)
{
	struct officer_memory_plan p = {.id = ""};

	(void)snprintf(p.id, sizeof(p.id), "%s", id);
	memset(p.sha256, sha256, sizeof(p.sha256));
	memset(p.recipient, recipient, BECH32_RECIPIENT_LEN);
	return p;
}

static void
plans_are_told_apart(void **state)
{
	struct fixture *f = *state;
	const struct officer_memory_plan one = a_plan("PLAN-2026-0001", 1,
	    'a');
	struct officer_memory_plan p = one;

	assert_ok(officer_memory_plan_fits(&f->m, &one));
	assert_ok(officer_memory_plan_add(&f->m, &one));
	assert_ok(officer_memory_plan_add(&f->m, &one));
	assert_int_equal(f->m.plans_len, 1);
	assert_ok(officer_memory_plan_fits(&f->m, &one));
	p = a_plan("PLAN-2026-0001", 2, 'b');
	assert_err(officer_memory_plan_fits(&f->m, &p), ERR_MISMATCH);
	p = a_plan("PLAN-2026-0002", 2, 'a');
	assert_err(officer_memory_plan_fits(&f->m, &p), ERR_EXISTS);
	p = a_plan("PLAN-2026-0002", 2, 'b');
	assert_ok(officer_memory_plan_fits(&f->m, &p));
}

static void
fill(struct fixture *f)
{
	const struct consistency_points ten = proven(10, 1);
	const struct officer_memory_plan one = a_plan("PLAN-2026-0001", 1,
	    'a');

	saw(&f->m, 20, 2, &ten);
	assert_ok(officer_memory_plan_add(&f->m, &one));
	assert_ok(buf_append_str(&f->m.charter, "charter\n"));
	assert_ok(buf_append_str(&f->m.last_plan, "plan\n"));
}

static void
is_kept(void **state)
{
	struct fixture *f = *state;
	CLEANUP(officer_memory_release) struct officer_memory again = {0};
	CLEANUP(officer_memory_release) struct officer_memory other = {0};
	CLEANUP(identity_cleanup) struct identity *b = NULL;
	struct err_info info = {.line = 0};

	fill(f);
	assert_ok(officer_memory_save(&f->m, &info));
	assert_ok(officer_memory_save(&f->m, &info));
	assert_ok(officer_memory_load(f->dir, f->id, OWNER, &again, &info));
	assert_int_equal(again.last.size, 20);
	assert_memory_equal(again.last.root, f->m.last.root, 32);
	assert_string_equal(again.origin, "ledger.example/x");
	assert_int_equal(again.older.len, 1);
	assert_int_equal(again.plans_len, 1);
	assert_memory_equal(&again.plans[0], &f->m.plans[0],
	    sizeof(again.plans[0]));
	assert_string_equal(buf_text(&again.charter), "charter\n");
	assert_string_equal(buf_text(&again.checkpoint), "note\n");
	assert_string_equal(buf_text(&again.last_plan), "plan\n");

	assert_ok(identity_generate("b", 1000, &b));
	assert_ok(officer_memory_load(f->dir, b, OWNER, &other, &info));
	assert_int_equal(other.last.size, 0);
	officer_memory_release(&other);
	assert_ok(officer_memory_load(f->dir, f->id, "13", &other, &info));
	assert_int_equal(other.last.size, 0);
}

static enum err
load_changed(struct fixture *f, const char *text)
{
	CLEANUP(officer_memory_release) struct officer_memory m = {0};
	struct err_info info = {.line = 0};
	char path[FS_PATH_MAX + 16];

	(void)snprintf(path, sizeof(path), "%s/seen.txt", f->m.dir);
	assert_ok(fs_write_file(path, bytes_str(text), 0600));
	return officer_memory_load(f->dir, f->id, OWNER, &m, &info);
}

static void
damage_is_noticed(void **state)
{
	struct fixture *f = *state;
	struct err_info info = {.line = 0};
#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"
#define HEAD "azukari-seen v1\nowner: 14\norigin: x/y\nsize: 3\nroot: " ZEROS "\n"
	static const char *const bad[] = {
		"", "hello\n", "azukari-seen v2\n",
		"azukari-seen v1\nowner: 13\norigin: x/y\nsize: 3\nroot: " ZEROS
		"\n", "azukari-seen v1\nowner: 14\norigin: x/y\nsize: -1\nroot: "
		ZEROS "\n", HEAD "also-01: 1\n", HEAD "also-01: 1 00\n",
		HEAD "also-01: 1 " ZEROS " x\n", HEAD "plan-01: PLAN\n",
		HEAD "plan-01: PLAN-2026-0001 " ZEROS " age1\n"};
	size_t i;

	fill(f);
	assert_ok(officer_memory_save(&f->m, &info));
	assert_ok(load_changed(f, HEAD));
	for (i = 1; i < ARRAY_LEN(bad); i++)
		if (load_changed(f, bad[i]) != ERR_CORRUPT)
			fail_msg("%s", bad[i]);
}

/* Whatever fails, the memory on disk is the one before or the new one. */
static void
every_failure(struct fixture *f, enum fault_kind kind)
{
	struct err_info info = {.line = 0};
	enum err e = ERR_IO;
	unsigned n;
	int came = 1;

	assert_ok(officer_memory_save(&f->m, &info));
	fill(f);
	for (n = 1; came && n < 1000; n++) {
		CLEANUP(officer_memory_release) struct officer_memory m = {0};

		fault_set(kind, n);
		e = officer_memory_save(&f->m, &info);
		came = fault_end();
		assert_true(e == ERR_OK || came);
		assert_ok(officer_memory_load(f->dir, f->id, OWNER, &m,
		    &info));
		assert_true(m.last.size == 0 || m.last.size == 20);
		assert_true(e != ERR_OK || m.last.size == 20);
	}
	assert_ok(e);
	assert_true(n > 3);
}

static void
every_disk_failure(void **state)
{
	every_failure(*state, FAULT_DISK);
}

static void
every_allocation(void **state)
{
	every_failure(*state, FAULT_MEMORY);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(anything_is_the_first, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(a_ledger_only_grows, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(an_older_tree_that_is_known,
		    setup, teardown),
		cmocka_unit_test_setup_teardown(plans_are_told_apart, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(is_kept, setup, teardown),
		cmocka_unit_test_setup_teardown(damage_is_noticed, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(every_disk_failure, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(every_allocation, setup,
		    teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
