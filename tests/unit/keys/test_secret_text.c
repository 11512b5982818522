#include "tests/unit/keys/keys_test.h"

#include <sys/stat.h>

#include "keys/secret_text.h"

static void
test_write_and_read(void **state)
{
	CLEANUP(secret_text_release) struct secret_text t = {0};
	CLEANUP(secret_cleanup) struct secret *key = NULL;
	CLEANUP(secret_cleanup) struct secret *age = NULL;
	CLEANUP(secret_cleanup) struct secret *got = NULL;
	CLEANUP(secret_cleanup) struct secret *got_age = NULL;
	struct bytes rest, value;
	int64_t when;
	uint64_t n;

	(void)state;
	assert_ok(secret_new_random(32, &key));
	assert_ok(secret_new_random(32, &age));
	assert_ok(secret_text_init(&t, 1000));
	secret_text_str(&t, "heading v1\n");
	secret_text_line(&t, "name", "some value");
	secret_text_time(&t, "made", 1795334400);
	secret_text_uint(&t, "count", 1234567890123456789);
	secret_text_key(&t, "key", key);
	secret_text_str(&t, "recipient: ");
	secret_text_age(&t, age);
	secret_text_str(&t, "\n");
	assert_ok(secret_text_end(&t, &rest));
	assert_ok(secret_text_take_exact(&rest, "heading v1"));
	assert_ok(secret_text_take(&rest, "name", &value));
	assert_true(bytes_equal(value, bytes_str("some value")));
	assert_ok(secret_text_take_time(&rest, "made", &when));
	assert_int_equal(when, 1795334400);
	assert_ok(secret_text_take_uint(&rest, "count", &n));
	assert_int_equal(n, 1234567890123456789);
	assert_ok(secret_text_take_key(&rest, "key", &got));
	assert_true(secret_equal(got, key));
	assert_ok(secret_text_take_age(&rest, "recipient", &got_age));
	assert_true(secret_equal(got_age, age));
	assert_int_equal(rest.len, 0);
	assert_err(secret_text_take(&rest, "more", &value), ERR_SYNTAX);
}

/* The capacity is a bound, not a wish; and what did not fit is remembered. */
static void
test_capacity(void **state)
{
	CLEANUP(secret_text_release) struct secret_text t = {0};
	CLEANUP(secret_text_release) struct secret_text h = {0};
	const uint8_t two[2] = {0xab, 0xcd};
	struct bytes b;

	(void)state;
	assert_ok(secret_text_init(&t, 4));
	secret_text_str(&t, "abcd");
	assert_ok(secret_text_end(&t, &b));
	assert_true(bytes_equal(b, bytes_str("abcd")));
	secret_text_str(&t, "e");
	assert_err(secret_text_end(&t, &b), ERR_LIMIT);
	secret_text_str(&t, "");
	assert_err(secret_text_end(&t, &b), ERR_LIMIT);
	assert_ok(secret_text_init(&h, 5));
	secret_text_hex(&h, two, sizeof(two));
	assert_ok(secret_text_end(&h, &b));
	assert_true(bytes_equal(b, bytes_str("abcd")));
	secret_text_hex(&h, two, 1);
	assert_err(secret_text_end(&h, &b), ERR_LIMIT);
}

static enum err
take(const char *text)
{
	struct bytes rest = bytes_str(text), value;

	return secret_text_take(&rest, "key", &value);
}

static enum err
take_uint(const char *text)
{
	struct bytes rest = bytes_str(text);
	uint64_t n;

	return secret_text_take_uint(&rest, "key", &n);
}

static void
test_lines_refused(void **state)
{
	(void)state;
	assert_ok(take("key: v\n"));
	assert_ok(take("key: a b\nmore"));
	assert_err(take("key: v"), ERR_SYNTAX);
	assert_err(take("key: \n"), ERR_SYNTAX);
	assert_err(take("key:v\n"), ERR_SYNTAX);
	assert_err(take("key:  v\n"), ERR_SYNTAX);
	assert_err(take("key: v \n"), ERR_SYNTAX);
	assert_err(take("key: v\r\n"), ERR_SYNTAX);
	assert_err(take("key: v\tw\n"), ERR_SYNTAX);
	assert_err(take("key: \xc3\xa9\n"), ERR_SYNTAX);
	assert_err(take("kez: v\n"), ERR_SYNTAX);
	assert_err(take("ke: v\n"), ERR_SYNTAX);
	assert_err(take(""), ERR_SYNTAX);
	assert_ok(take_uint("key: 0\n"));
	assert_ok(take_uint("key: 9999999999999999999\n"));
	assert_err(take_uint("key: 10000000000000000000\n"), ERR_RANGE);
	assert_err(take_uint("key: 01\n"), ERR_SYNTAX);
	assert_err(take_uint("key: -1\n"), ERR_SYNTAX);
	assert_err(take_uint("key: 1x\n"), ERR_SYNTAX);
}

static void
test_keys_refused(void **state)
{
	char text[80];
	struct secret *s = NULL;

	(void)state;
	memset(text, 'a', sizeof(text));
	assert_err(secret_text_parse_key(bytes_of(text, 63), &s), ERR_SYNTAX);
	assert_err(secret_text_parse_key(bytes_of(text, 65), &s), ERR_SYNTAX);
	text[5] = 'A';
	assert_err(secret_text_parse_key(bytes_of(text, 64), &s), ERR_SYNTAX);
	assert_null(s);
	text[5] = 'a';
	assert_ok(secret_text_parse_key(bytes_of(text, 64), &s));
	assert_int_equal(secret_len(s), 32);
	secret_free(s);
}

static void
test_read_file(void **state)
{
	CLEANUP(secret_cleanup) struct secret *s = NULL;
	char dir[FS_PATH_MAX], path[FS_PATH_MAX];
	struct secret *none = NULL;

	(void)state;
	keys_test_mkdir(dir);
	assert_ok(fs_path(path, "%s/f", dir));
	assert_err(secret_text_read_file(path, 10, &none), ERR_NOT_FOUND);
	assert_ok(fs_write_file(path, bytes_str("0123456789"), 0600));
	assert_ok(secret_text_read_file(path, 10, &s));
	assert_int_equal(secret_len(s), 10);
	assert_memory_equal(secret_bytes(s), "0123456789", 10);
	assert_err(secret_text_read_file(path, 9, &none), ERR_LIMIT);
	assert_int_equal(chmod(path, 0660), 0);
	assert_err(secret_text_read_file(path, 10, &none), ERR_REFUSED);
	assert_ok(fs_write_file(path, bytes_str(""), 0600));
	assert_err(secret_text_read_file(path, 10, &none), ERR_TRUNCATED);
	assert_null(none);
	keys_test_rmdir(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_write_and_read),
		cmocka_unit_test(test_capacity),
		cmocka_unit_test(test_lines_refused),
		cmocka_unit_test(test_keys_refused),
		cmocka_unit_test(test_read_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
