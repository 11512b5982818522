#include "tests/unit/ledger/log_test.h"

#include "app/consistency.h"

struct fixture {
	struct home home;
	struct note_signer *signer;
	struct log *log;
	struct buf text;
};

static const uint64_t sizes[] = {1, 5, 8, 13, 0, 99, 21};

/* A log of 21 entries and the text for all smaller sizes. */
static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct err_info info = {.line = 0};

	home_make(&f->home);
	f->signer = test_log_signer();
	assert_ok(home_open(&f->home, f->signer, &f->log, &info));
	grow(&f->home, f->log, 21);
	assert_ok(consistency_write(f->log, sizes, ARRAY_LEN(sizes),
	    &f->text));
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	log_close(f->log);
	note_signer_free(f->signer);
	home_remove(&f->home);
	buf_release(&f->text);
	free(f);
	return 0;
}

static struct consistency_point
point(uint64_t size)
{
	struct consistency_point p = {.size = size};

	test_root(size, p.root);
	return p;
}

static void
proves_older_trees(void **state)
{
	const struct fixture *f = *state;
	struct consistency_points got = {.len = 0};
	struct consistency_point p;
	const uint64_t there[] = {1, 5, 8, 13, 21}, absent[] = {2, 20};
	size_t i;

	assert_ok(consistency_check(bytes_buf(&f->text),
	    log_checkpoint(f->log), &got, NULL));
	assert_int_equal(got.len, ARRAY_LEN(there));
	for (i = 0; i < ARRAY_LEN(there); i++) {
		p = point(there[i]);
		assert_true(consistency_has(&got, &p));
		p.root[7] ^= 1;
		assert_false(consistency_has(&got, &p));
	}
	for (i = 0; i < ARRAY_LEN(absent); i++) {
		p = point(absent[i]);
		assert_false(consistency_has(&got, &p));
	}
}

static void
is_about_one_checkpoint(void **state)
{
	const struct fixture *f = *state;
	struct checkpoint other = *log_checkpoint(f->log);
	struct consistency_points got = {.len = 0};
	struct err_info info = {.line = 0};

	other.root[0] ^= 1;
	assert_err(consistency_check(bytes_buf(&f->text), &other, &got,
	    &info), ERR_MISMATCH);
	assert_non_null(strstr(info.message, "another checkpoint"));
	other = *log_checkpoint(f->log);
	other.size++;
	assert_err(consistency_check(bytes_buf(&f->text), &other, &got,
	    &info), ERR_MISMATCH);
	other = *log_checkpoint(f->log);
	other.origin[0] ^= 1;
	assert_err(consistency_check(bytes_buf(&f->text), &other, &got,
	    &info), ERR_MISMATCH);
}

/* Nothing mutated is taken; the result is untouched. */
static void
every_bit_counts(void **state)
{
	const struct fixture *f = *state;
	struct consistency_points got = {.len = 77};
	CLEANUP(buf_release) struct buf bad = {0};
	size_t i;

	for (i = 0; i < f->text.len * 8; i++) {
		buf_clear(&bad);
		assert_ok(buf_append(&bad, f->text.data, f->text.len));
		bad.data[i / 8] ^= (uint8_t)(1 << i % 8);
		if (consistency_check(bytes_buf(&bad), log_checkpoint(f->log),
		    &got, NULL) == ERR_OK)
			fail_msg("bit %zu of byte %zu", i % 8, i / 8);
	}
	assert_int_equal(got.len, 77);
}

/* Cut between two lines it proves less, anywhere else nothing. */
static void
cut_short(void **state)
{
	const struct fixture *f = *state;
	struct consistency_points got = {.len = 0};
	size_t whole = 0;
	size_t i;

	for (i = 0; i < f->text.len; i++) {
		if (consistency_check(bytes_of(f->text.data, i),
		    log_checkpoint(f->log), &got, NULL) != ERR_OK)
			continue;
		assert_int_equal(f->text.data[i - 1], '\n');
		assert_int_equal(got.len, whole++);
	}
	assert_int_equal(whole, 5);
}

static void
refuse(const struct fixture *f, const char *from, enum err want)
{
	const struct checkpoint *now = log_checkpoint(f->log);
	CLEANUP(buf_release) struct buf text = {0};
	struct consistency_points got = {.len = 0};
	struct err_info info = {.line = 0};
	char root[65];
	size_t i;

	for (i = 0; i < 32; i++)
		(void)snprintf(root + 2 * i, 3, "%02x", now->root[i]);
	assert_ok(buf_printf(&text, "azukari-consistency v1\norigin: %s\n"
	    "size: %llu\nroot: %s\nfrom-01: %s\n", now->origin,
	    (unsigned long long)now->size, root, from));
	assert_err(consistency_check(bytes_buf(&text), now, &got, &info),
	    want);
	assert_non_null(strstr(info.message, "from-01"));
}

static void
hostile_lines(void **state)
{
	const struct fixture *f = *state;
	const char *hash = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
	const char *hex = "0000000000000000000000000000000000000000000000000000"
	    "000000000000";
	char line[300];

	refuse(f, "1", ERR_SYNTAX);
	refuse(f, "x y", ERR_SYNTAX);
	refuse(f, "01 00", ERR_SYNTAX);
	refuse(f, "99999999999999999999 00", ERR_SYNTAX);
	(void)snprintf(line, sizeof(line), "0 %s", hex);
	refuse(f, line, ERR_RANGE);
	(void)snprintf(line, sizeof(line), "22 %s", hex);
	refuse(f, line, ERR_RANGE);
	(void)snprintf(line, sizeof(line), "5 %s %s", hex, hash);
	refuse(f, line, ERR_MISMATCH);
	(void)snprintf(line, sizeof(line), "5 %s AAAA", hex);
	refuse(f, line, ERR_SYNTAX);
	(void)snprintf(line, sizeof(line), "5 %s  %s", hex, hash);
	refuse(f, line, ERR_SYNTAX);
}

static void
points_are_a_ring(void **state)
{
	struct consistency_points p = {.len = 0};
	struct consistency_point x = {.size = 0};
	uint64_t i;

	(void)state;
	for (i = 1; i <= CONSISTENCY_POINTS_MAX; i++) {
		x.size = i;
		consistency_add(&p, &x);
		consistency_add(&p, &x);
	}
	assert_int_equal(p.len, CONSISTENCY_POINTS_MAX);
	x.size = 1;
	assert_true(consistency_has(&p, &x));
	x.size = 1000;
	consistency_add(&p, &x);
	assert_int_equal(p.len, CONSISTENCY_POINTS_MAX);
	assert_true(consistency_has(&p, &x));
	x.size = 1;
	assert_false(consistency_has(&p, &x));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(proves_older_trees, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(is_about_one_checkpoint,
		    setup, teardown),
		cmocka_unit_test_setup_teardown(every_bit_counts, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(cut_short, setup, teardown),
		cmocka_unit_test_setup_teardown(hostile_lines, setup,
		    teardown),
		cmocka_unit_test(points_are_a_ring),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
