#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>

#include <sys/stat.h>

#include "core/clock.h"
#include "core/fs.h"

static char dir[256];

static int
setup(void **state)
{
	(void)state;
	unit_temp_dir(dir, sizeof(dir));
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	return fs_remove_tree(dir) == ERR_OK && !fs_exists(dir) ? 0 : -1;
}

/* "${dir}/NAME", valid until the fourth next call. */
static const char *
in_dir(const char *name)
{
	static char paths[4][FS_PATH_MAX];
	static unsigned next;
	char *path = paths[next++ % 4];

	assert_ok(fs_path(path, "%s/%s", dir, name));
	return path;
}

static void
assert_content(const char *name, const char *want)
{
	CLEANUP(buf_release) struct buf b = {0};

	assert_ok(fs_read_file(in_dir(name), 1000, &b));
	assert_string_equal(buf_text(&b), want);
}

static void
causes_of_errno(void **state)
{
	(void)state;
	assert_err(fs_error(ENOSPC), ERR_NO_SPACE);
	assert_err(fs_error(EDQUOT), ERR_NO_SPACE);
	assert_err(fs_error(ENOENT), ERR_NOT_FOUND);
	assert_err(fs_error(EEXIST), ERR_EXISTS);
	assert_err(fs_error(EACCES), ERR_IO);
	assert_err(fs_error(0), ERR_IO);
}

static void
paths_are_bounded(void **state)
{
	char path[FS_PATH_MAX];

	(void)state;
	assert_ok(fs_path(path, "%s/%02d", "owners", 1));
	assert_string_equal(path, "owners/01");
	assert_ok(fs_path(path, "%04095d", 0));
	assert_err(fs_path(path, "%04096d", 0), ERR_LIMIT);
}

static void
write_replaces_write_new_does_not(void **state)
{
	struct stat st;

	(void)state;
	assert_ok(fs_write_new_file(in_dir("f"), bytes_str("one"), 0640));
	assert_content("f", "one");
	assert_err(fs_write_new_file(in_dir("f"), bytes_str("two"), 0640),
	    ERR_EXISTS);
	assert_content("f", "one");
	assert_ok(fs_write_file(in_dir("f"), bytes_str("three"), 0600));
	assert_content("f", "three");
	assert_int_equal(stat(in_dir("f"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
}

static void
failed_writes_leave_nothing(void **state)
{
	CLEANUP(fs_names_release) struct fs_names names = {0};

	(void)state;
	assert_ok(fs_mkdir(in_dir("taken"), 0700));
	assert_ok(fs_write_file(in_dir("taken/x"), bytes_str(""), 0600));
	assert_err(fs_write_file(in_dir("taken"), bytes_str("x"), 0600),
	    ERR_IO);
	assert_err(fs_write_new_file(in_dir("taken"), bytes_str("x"), 0600),
	    ERR_EXISTS);
	assert_err(fs_write_file(in_dir("none/f"), bytes_str("x"), 0600),
	    ERR_NOT_FOUND);
	assert_ok(fs_list(dir, &names));
	assert_int_equal(names.len, 1);
	assert_string_equal(names.names[0], "taken");
}

static void
names_of_any_length_can_be_written(void **state)
{
	char name[256];

	(void)state;
	memset(name, 'n', 255);
	name[255] = '\0';
	assert_ok(fs_write_file(in_dir(name), bytes_str("x"), 0600));
	assert_content(name, "x");
}

static void
reading_is_bounded_and_exact(void **state)
{
	CLEANUP(buf_release) struct buf b = {0};
	CLEANUP(buf_release) struct buf big = {0};
	CLEANUP(buf_release) struct buf back = {0};
	uint64_t size;

	(void)state;
	assert_ok(fs_write_file(in_dir("f"), bytes_of("a\0b", 3), 0600));
	assert_ok(buf_append_str(&b, "<"));
	assert_err(fs_read_file(in_dir("f"), 2, &b), ERR_LIMIT);
	assert_err(fs_read_file(in_dir("none"), 2, &b), ERR_NOT_FOUND);
	assert_err(fs_read_file(dir, 2, &b), ERR_IO);
	assert_string_equal(buf_text(&b), "<");
	assert_ok(fs_read_file(in_dir("f"), 3, &b));
	assert_int_equal(b.len, 4);
	assert_memory_equal(b.data, "<a\0b", 5);
	assert_ok(fs_size(in_dir("f"), &size));
	assert_true(size == 3);
	assert_err(fs_size(in_dir("none"), &size), ERR_NOT_FOUND);
	assert_err(fs_size(dir, &size), ERR_IO);
	while (big.len < 300000)
		assert_ok(buf_append_str(&big, "0123456789"));
	assert_ok(fs_write_file(in_dir("big"), bytes_buf(&big), 0600));
	assert_ok(fs_read_file(in_dir("big"), SIZE_MAX, &back));
	assert_true(bytes_equal(bytes_buf(&big), bytes_buf(&back)));
}

static void
pipes_and_devices_are_not_read(void **state)
{
	CLEANUP(buf_release) struct buf b = {0};

	(void)state;
	assert_int_equal(mkfifo(in_dir("pipe"), 0600), 0);
	assert_err(fs_read_file(in_dir("pipe"), 10, &b), ERR_IO);
	assert_err(fs_read_file("/dev/null", 10, &b), ERR_IO);
	assert_err(fs_shred("/dev/null"), ERR_IO);
}

static void
private_files(void **state)
{
	const char *f = in_dir("key");

	(void)state;
	assert_ok(fs_write_file(f, bytes_str("k"), 0600));
	assert_ok(fs_check_private(f));
	assert_int_equal(chmod(f, 0640), 0);
	assert_err(fs_check_private(f), ERR_REFUSED);
	assert_int_equal(chmod(f, 0604), 0);
	assert_err(fs_check_private(f), ERR_REFUSED);
	assert_err(fs_check_private(dir), ERR_REFUSED);
	assert_err(fs_check_private(in_dir("none")), ERR_NOT_FOUND);
	if (geteuid() == 0) {
		assert_int_equal(chmod(f, 0600), 0);
		assert_int_equal(chown(f, 65534, 65534), 0);
		assert_err(fs_check_private(f), ERR_REFUSED);
	}
}

static void
folders(void **state)
{
	(void)state;
	assert_ok(fs_mkdir(in_dir("a"), 0700));
	assert_err(fs_mkdir(in_dir("a"), 0700), ERR_EXISTS);
	assert_err(fs_mkdir(in_dir("x/y"), 0700), ERR_NOT_FOUND);
	assert_ok(fs_mkdir_all(in_dir("a/b/c"), 0700));
	assert_ok(fs_mkdir_all(in_dir("a/b/c"), 0700));
	assert_true(fs_exists(in_dir("a/b/c")));
	assert_ok(fs_write_file(in_dir("a/file"), bytes_str(""), 0600));
	assert_err(fs_mkdir_all(in_dir("a/file"), 0700), ERR_EXISTS);
	assert_err(fs_mkdir_all(in_dir("a/file/c"), 0700), ERR_EXISTS);
	assert_ok(fs_rename(in_dir("a/file"), in_dir("moved")));
	assert_false(fs_exists(in_dir("a/file")));
	assert_true(fs_exists(in_dir("moved")));
	assert_err(fs_rename(in_dir("none"), in_dir("b")), ERR_NOT_FOUND);
}

static void
removing(void **state)
{
	(void)state;
	assert_ok(fs_write_file(in_dir("f"), bytes_str("secret"), 0600));
	assert_ok(fs_remove(in_dir("f")));
	assert_ok(fs_remove(in_dir("f")));
	assert_false(fs_exists(in_dir("f")));
	assert_ok(fs_write_file(in_dir("f"), bytes_str("secret"), 0600));
	assert_int_equal(link(in_dir("f"), in_dir("other")), 0);
	assert_ok(fs_shred(in_dir("f")));
	assert_ok(fs_shred(in_dir("f")));
	assert_false(fs_exists(in_dir("f")));
	CLEANUP(buf_release) struct buf b = {0};
	assert_ok(fs_read_file(in_dir("other"), 10, &b));
	assert_int_equal(b.len, 6);
	assert_memory_equal(b.data, "\0\0\0\0\0\0", 6);
}

static void
trees_are_removed_but_links_not_followed(void **state)
{
	(void)state;
	assert_ok(fs_mkdir_all(in_dir("t/a/b"), 0700));
	assert_ok(fs_write_file(in_dir("t/a/b/f"), bytes_str("x"), 0600));
	assert_ok(fs_mkdir(in_dir("kept"), 0700));
	assert_ok(fs_write_file(in_dir("kept/f"), bytes_str("x"), 0600));
	assert_int_equal(symlink("../kept", in_dir("t/link")), 0);
	assert_int_equal(symlink("kept", in_dir("outer")), 0);
	assert_ok(fs_remove_tree(in_dir("t")));
	assert_ok(fs_remove_tree(in_dir("t")));
	assert_false(fs_exists(in_dir("t")));
	assert_true(fs_exists(in_dir("kept/f")));
	assert_ok(fs_remove_tree(in_dir("outer")));
	assert_true(fs_exists(in_dir("kept/f")));
}

static void
lists_are_sorted_bytewise(void **state)
{
	CLEANUP(fs_names_release) struct fs_names n = {0};
	CLEANUP(fs_names_release) struct fs_names none = {0};
	static const char *const want[] = {".hidden", "B", "a", "b", "神"};
	size_t i;

	(void)state;
	for (i = ARRAY_LEN(want); i-- > 0;)
		assert_ok(fs_write_file(in_dir(want[i]), bytes_str(""), 0600));
	assert_ok(fs_list(dir, &n));
	assert_int_equal(n.len, ARRAY_LEN(want));
	for (i = 0; i < n.len; i++)
		assert_string_equal(n.names[i], want[i]);
	assert_err(fs_list(in_dir("none"), &none), ERR_NOT_FOUND);
}

static void
locks_exclude_and_wait(void **state)
{
	CLEANUP(fs_lock_release) struct fs_lock a = {0}, b = {0};
	int64_t start = clock_monotonic_ms();

	(void)state;
	assert_ok(fs_lock_take(in_dir("lock"), 0, &a));
	assert_err(fs_lock_take(in_dir("lock"), 0, &b), ERR_BUSY);
	assert_err(fs_lock_take(in_dir("lock"), 60, &b), ERR_BUSY);
	assert_true(clock_monotonic_ms() - start >= 60);
	assert_int_equal(b.fd_plus_one, 0);
	fs_lock_release(&a);
	fs_lock_release(&a);
	assert_ok(fs_lock_take(in_dir("lock"), 0, &b));
}

static void
a_full_device_is_no_space(void **state)
{
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

	(void)state;
	if (fd < 0)
		UNIT_SKIP("no /dev/full");
	assert_err(fs_write_all(fd, bytes_str("x")), ERR_NO_SPACE);
	(void)close(fd);
	assert_err(fs_write_all(-1, bytes_str("x")), ERR_IO);
	assert_err(fs_sync(-1), ERR_IO);
}

#define FS_TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(causes_of_errno),
		cmocka_unit_test(paths_are_bounded),
		FS_TEST(write_replaces_write_new_does_not),
		FS_TEST(failed_writes_leave_nothing),
		FS_TEST(names_of_any_length_can_be_written),
		FS_TEST(reading_is_bounded_and_exact),
		FS_TEST(pipes_and_devices_are_not_read),
		FS_TEST(private_files),
		FS_TEST(folders),
		FS_TEST(removing),
		FS_TEST(trees_are_removed_but_links_not_followed),
		FS_TEST(lists_are_sorted_bytewise),
		FS_TEST(locks_exclude_and_wait),
		FS_TEST(a_full_device_is_no_space),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
