#include "tests/unit/keys/keys_test.h"

#include <sys/stat.h>

#include "keys/plan_key.h"

static void
test_life_of_a_plan_key(void **state)
{
	CLEANUP(gateway_key_cleanup) struct gateway_key *gw = NULL;
	CLEANUP(gateway_key_cleanup) struct gateway_key *other = NULL;
	CLEANUP(secret_cleanup) struct secret *got = NULL;
	char dir[FS_PATH_MAX], path[FS_PATH_MAX];
	struct age_recipient made, again, own;
	struct secret *none = NULL;
	struct stat st;

	(void)state;
	keys_test_mkdir(dir);
	assert_ok(fs_path(path, "%s/PLAN-2026-0001.key", dir));
	assert_ok(gateway_key_new("h/p", 0, &gw));
	assert_ok(gateway_key_new("h/p", 0, &other));
	assert_err(plan_key_read(gw, path, &none), ERR_NOT_FOUND);
	assert_ok(plan_key_create(gw, path, &made));
	assert_err(plan_key_create(gw, path, &again), ERR_EXISTS);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_err(plan_key_read(other, path, &none), ERR_NO_MATCH);
	assert_ok(plan_key_read(gw, path, &got));
	assert_ok(age_secret_recipient(got, &own));
	assert_true(age_recipient_equal(&own, &made));
	assert_ok(plan_key_destroy(path));
	assert_false(fs_exists(path));
	assert_ok(plan_key_destroy(path));
	assert_ok(plan_key_create(gw, path, &again));
	assert_false(age_recipient_equal(&again, &made));
	assert_int_equal(chmod(path, 0640), 0);
	assert_err(plan_key_read(gw, path, &none), ERR_REFUSED);
	assert_null(none);
	keys_test_rmdir(dir);
}

static void
test_other_contents(void **state)
{
	static const char *const texts[] = {"x\n", "AGE-SECRET-KEY-1\n",
	    ("AGE-SECRET-KEY-1QQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQ"
	    "QQQQQQQQQ\n")};
	CLEANUP(gateway_key_cleanup) struct gateway_key *gw = NULL;
	char dir[FS_PATH_MAX], path[FS_PATH_MAX];
	struct secret *none = NULL;

	(void)state;
	keys_test_mkdir(dir);
	assert_ok(fs_path(path, "%s/p.key", dir));
	assert_ok(gateway_key_new("h/p", 0, &gw));
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		CLEANUP(buf_release) struct buf sealed = {0};

		assert_ok(age_seal_buf(gateway_key_recipient(gw), 1,
		    bytes_str(texts[i]), &sealed));
		assert_ok(fs_write_file(path, bytes_buf(&sealed), 0600));
		assert_err(plan_key_read(gw, path, &none), ERR_SYNTAX);
	}
	assert_null(none);
	keys_test_rmdir(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_life_of_a_plan_key),
		cmocka_unit_test(test_other_contents),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
