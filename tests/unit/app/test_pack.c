#include "tests/unit/unit.h"

#include "app/pack.h"
#include "core/fs.h"

static void
names_and_doubles(void **state)
{
	CLEANUP(pack_release) struct pack p = {.folder = "f"};
	struct err_info info = {.line = 0};
	struct bytes got;
	char longest[PACK_NAME_MAX + 2];

	(void)state;
	assert_null(pack_find(&p, "a.txt"));
	assert_ok(pack_add(&p, "a.txt", bytes_str("one")));
	assert_ok(pack_add(&p, "b/a.txt", bytes_str("two")));
	assert_err(pack_add(&p, "a.txt", bytes_str("three")), ERR_DUPLICATE);
	assert_err(pack_add(&p, "../a", bytes_str("")), ERR_SYNTAX);
	assert_err(pack_add(&p, "/a", bytes_str("")), ERR_SYNTAX);
	assert_err(pack_add(&p, "", bytes_str("")), ERR_SYNTAX);
	memset(longest, 'a', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_err(pack_add(&p, longest, bytes_str("")), ERR_SYNTAX);
	assert_int_equal(p.len, 2);
	assert_ok(pack_need(&p, "b/a.txt", &got, &info));
	assert_true(bytes_equal(got, bytes_str("two")));
	assert_err(pack_need(&p, "b/b.txt", &got, &info), ERR_NOT_FOUND);
	assert_non_null(strstr(info.message, "b/b.txt"));
}

#define MANY 20000

static void
thousands_are_found(void **state)
{
	CLEANUP(pack_release) struct pack p = {.folder = "f"};
	char text[16];
	size_t i;

	(void)state;
	for (i = 1; i <= MANY; i++) {
		(void)snprintf(text, sizeof(text), "%zu", i);
		assert_ok(pack_add_numbered(&p, "shares", i, ".age",
		    bytes_str(text)));
	}
	assert_int_equal(p.len, MANY);
	for (i = 1; i <= MANY; i++) {
		const struct pack_file *f = pack_find_numbered(&p, "shares",
		    i, ".age");

		assert_non_null(f);
		(void)snprintf(text, sizeof(text), "%zu", i);
		assert_string_equal(buf_text(&f->bytes), text);
	}
	assert_null(pack_find_numbered(&p, "shares", MANY + 1, ".age"));
	assert_null(pack_find_numbered(&p, "epochs", 1, ".age"));
}

static void
there_and_back(void **state)
{
	CLEANUP(pack_release) struct pack p = {.folder = "PLAN-2026-0001-a"};
	CLEANUP(pack_release) struct pack got = {.len = 0};
	struct err_info info = {.line = 0};
	char dir[FS_PATH_MAX - 16], path[FS_PATH_MAX];

	(void)state;
	unit_temp_dir(dir, sizeof(dir));
	(void)snprintf(path, sizeof(path), "%s/packet", dir);
	assert_ok(pack_add(&p, "plan.txt", bytes_str("a plan\n")));
	assert_ok(pack_add(&p, "empty", bytes_str("")));
	assert_ok(pack_add(&p, "shares/00001.age", bytes_of("\0\1\2", 3)));
	assert_ok(pack_write(&p, path, 1000));
	assert_err(pack_write(&p, path, 1000), ERR_EXISTS);
	assert_ok(pack_read(path, &got, &info));
	assert_string_equal(got.folder, p.folder);
	assert_int_equal(got.len, 3);
	assert_true(bytes_equal(bytes_buf(&pack_find(&got,
	    "shares/00001.age")->bytes), bytes_of("\0\1\2", 3)));
	assert_int_equal(pack_find(&got, "empty")->bytes.len, 0);
	assert_ok(fs_remove_tree(dir));
}

/* What is read is whole or nothing, wherever it ends. */
static void
cut_short(void **state)
{
	CLEANUP(pack_release) struct pack p = {.folder = "f"};
	CLEANUP(buf_release) struct buf whole = {0};
	struct err_info info = {.line = 0};
	char dir[FS_PATH_MAX - 16], path[FS_PATH_MAX], cut[FS_PATH_MAX];
	size_t len;

	(void)state;
	unit_temp_dir(dir, sizeof(dir));
	(void)snprintf(path, sizeof(path), "%s/packet", dir);
	(void)snprintf(cut, sizeof(cut), "%s/cut", dir);
	assert_ok(pack_add(&p, "a", bytes_str("hello")));
	assert_ok(pack_write(&p, path, 0));
	assert_ok(fs_read_file(path, 1 << 20, &whole));
	for (len = 0; len < whole.len; len += 256) {
		struct pack got = {.len = 0};

		assert_ok(fs_write_file(cut, bytes_of(whole.data, len),
		    0600));
		if (pack_read(cut, &got, &info) == ERR_OK)
			fail_msg("%zu of %zu bytes", len, whole.len);
		assert_int_equal(got.len, 0);
	}
	assert_err(pack_read(dir, &p, &info), ERR_IO);
	assert_ok(fs_remove_tree(dir));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_and_doubles),
		cmocka_unit_test(thousands_are_found),
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(cut_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
