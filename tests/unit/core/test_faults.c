/* Every allocation and disk operation of core/ failing in its turn. */
#include "tests/unit/unit.h"

#include "core/csv.h"
#include "core/encode.h"
#include "core/fs.h"
#include "core/secret.h"
#include "core/text.h"
#include "tests/unit/fault.h"

#define FAULT_MAX 1000

static char dir[256];

static enum err
do_buf(void)
{
	CLEANUP(buf_release) struct buf b = {0};
	unsigned i;

	for (i = 0; i < 200; i++)
		RETURN_IF(buf_printf(&b, "%u ", i));
	RETURN_IF(encode_b64(b.data, b.len, 1, &b));
	return buf_append_lp_str(&b, "end");
}

static const char *const keys[] = {"id", "?note", "run-#", NULL};
static const struct text_schema schema = {"sample", keys};

static enum err
do_text(void)
{
	CLEANUP(buf_release) struct buf b = {0};
	CLEANUP(text_cleanup) struct text *t = NULL;
	struct text_writer w;
	char value[16];
	size_t i;

	text_begin(&w, &schema, &b);
	text_put_hex(&w, "id", (const uint8_t *)"\x01\x02", 2);
	for (i = 0; i < 70; i++) {
		(void)snprintf(value, sizeof(value), "v%zu", i);
		text_put_run(&w, "run-#", i, value);
	}
	RETURN_IF(text_end(&w, NULL));
	return text_parse(bytes_buf(&b), &schema, &t, NULL);
}

static enum err
do_csv(void)
{
	CLEANUP(csv_reader_cleanup) struct csv_reader *r = NULL;
	CLEANUP(buf_release) struct buf in = {0};
	const struct bytes *fields;
	unsigned long line;
	struct bytes rest;
	size_t i, count;

	for (i = 0; i < 200; i++)
		RETURN_IF(buf_append_str(&in, "field,"));
	rest = bytes_buf(&in);
	RETURN_IF(csv_reader_new(csv_read_bytes, &rest, ',', "x", &r));
	return csv_reader_next(r, &fields, &count, &line, NULL);
}

static enum err
do_secrets(void)
{
	CLEANUP(secret_cleanup) struct secret *a = NULL, *b = NULL;

	RETURN_IF(secret_new_random(32, &a));
	return secret_new_copy(secret_bytes(a), 32, &b);
}

static enum err
do_files(void)
{
	CLEANUP(fs_names_release) struct fs_names names = {0};
	CLEANUP(buf_release) struct buf b = {0};
	char path[FS_PATH_MAX];

	RETURN_IF(fs_path(path, "%s/file", dir));
	RETURN_IF(fs_write_file(path, bytes_str("text"), 0600));
	RETURN_IF(fs_read_file(path, 100, &b));
	return fs_list(dir, &names);
}

/* Fails once per turn until nothing is left to fail. */
static unsigned
fail_each(enum fault_kind kind, enum err (*operation)(void), enum err want)
{
	unsigned n;
	enum err e;
	int fired;

	for (n = 1; n < FAULT_MAX; n++) {
		fault_set(kind, n);
		e = operation();
		fired = fault_end();
		assert_err(e, fired ? want : ERR_OK);
		if (!fired)
			break;
	}
	assert_true(n < FAULT_MAX);
	return n - 1;
}

static void
each_allocation_may_fail(void **state)
{
	static enum err (*const operations[])(void) = {do_buf, do_text, do_csv,
	    do_secrets, do_files};
	size_t i;

	(void)state;
	unit_temp_dir(dir, sizeof(dir));
	for (i = 0; i < ARRAY_LEN(operations); i++)
		assert_true(fail_each(FAULT_MEMORY, operations[i],
		    ERR_NOMEM) > 1);
	assert_ok(fs_remove_tree(dir));
}

static char target[FS_PATH_MAX];

static enum err
replace_target(void)
{
	return fs_write_file(target, bytes_str("new"), 0600);
}

static enum err
write_new_target(void)
{
	RETURN_IF(fs_remove(target));
	return fs_write_new_file(target, bytes_str("new"), 0600);
}

/* After any failure: the target is old, new or (where it may be) absent, never
 * something between, and nothing else lies in the folder. */
static void
assert_whole(int may_be_absent)
{
	CLEANUP(fs_names_release) struct fs_names names = {0};
	CLEANUP(buf_release) struct buf b = {0};

	assert_ok(fs_list(dir, &names));
	if (names.len == 0 && may_be_absent)
		return;
	assert_int_equal(names.len, 1);
	assert_string_equal(names.names[0], "target");
	assert_ok(fs_read_file(target, 10, &b));
	assert_true(strcmp(buf_text(&b), "new") == 0 ||
	    strcmp(buf_text(&b), "old") == 0);
}

static void
fail_each_disk_operation(enum err (*operation)(void), int may_be_absent)
{
	unsigned n;
	int fired = 1;
	enum err e;

	for (n = 1; fired && n < FAULT_MAX; n++) {
		assert_ok(fs_write_file(target, bytes_str("old"), 0600));
		fault_set(FAULT_DISK, n);
		e = operation();
		fired = fault_end();
		assert_err(e, fired ? ERR_NO_SPACE : ERR_OK);
		assert_whole(may_be_absent);
	}
	assert_true(n > 5 && n < FAULT_MAX);
}

static void
a_full_disk_leaves_old_or_new(void **state)
{
	(void)state;
	unit_temp_dir(dir, sizeof(dir));
	assert_ok(fs_path(target, "%s/target", dir));
	fail_each_disk_operation(replace_target, 0);
	fail_each_disk_operation(write_new_target, 1);
	assert_ok(fs_remove_tree(dir));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_allocation_may_fail),
		cmocka_unit_test(a_full_disk_leaves_old_or_new),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
