#include "tests/unit/keys/keys_test.h"

#include <sys/stat.h>

#include "keys/witness_file.h"

#define MADE 1795334400
#define LOG_N 10
#define LOG "ledger.example/azukari+00000000+AAAA"

struct place {
	char dir[FS_PATH_MAX], path[FS_PATH_MAX];
	struct secret *passphrase, *wrong;
	struct witness_file file;
};

static void
secret_of(const char *text, struct secret **ret)
{
	assert_ok(secret_new_copy((const uint8_t *)text, strlen(text), ret));
}

static int
setup(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	keys_test_mkdir(p->dir);
	assert_ok(fs_path(p->path, "%s/witness.key", p->dir));
	secret_of("only for tests", &p->passphrase);
	secret_of("another one", &p->wrong);
	assert_ok(witness_file_new("w.example/a", LOG, MADE, &p->file));
	assert_ok(witness_file_write(&p->file, p->path, p->passphrase,
	    LOG_N));
	*state = p;
	return 0;
}

static int
teardown(void **state)
{
	struct place *p = *state;

	keys_test_rmdir(p->dir);
	secret_free(p->passphrase);
	secret_free(p->wrong);
	witness_file_release(&p->file);
	free(p);
	return 0;
}

static void
test_write_and_read(void **state)
{
	const struct place *p = *state;
	CLEANUP(witness_file_release) struct witness_file got = {.seed = NULL};
	struct stat st;

	assert_int_equal(stat(p->path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_ok(witness_file_read(p->path, p->passphrase, &got, NULL));
	assert_string_equal(got.name, "w.example/a");
	assert_string_equal(got.log, LOG);
	assert_true(got.created_unix_s == MADE);
	assert_true(secret_equal(got.seed, p->file.seed));
	assert_err(witness_file_write(&p->file, p->path, p->passphrase,
	    LOG_N), ERR_EXISTS);
}

static void
test_refusals(void **state)
{
	const struct place *p = *state;
	CLEANUP(buf_release) struct buf bytes = {0};
	CLEANUP(witness_file_release) struct witness_file got = {.seed = NULL};
	char long_name[WITNESS_FILE_NAME_MAX + 2];

	assert_err(witness_file_read(p->path, p->wrong, &got, NULL),
	    ERR_PASSPHRASE);
	assert_err(witness_file_new("", LOG, MADE, &got), ERR_LIMIT);
	memset(long_name, 'a', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = '\0';
	assert_err(witness_file_new(long_name, LOG, MADE, &got), ERR_LIMIT);
	assert_ok(fs_read_file(p->path, 8192, &bytes));
	for (size_t i = bytes.len - 60; i < bytes.len; i++) {
		bytes.data[i] ^= 1;
		assert_ok(fs_write_file(p->path, bytes_buf(&bytes), 0600));
		assert_err(witness_file_read(p->path, p->passphrase, &got,
		    NULL), ERR_DECRYPT);
		bytes.data[i] ^= 1;
		i += 12;
	}
	assert_ok(fs_write_file(p->path, bytes_of(bytes.data, bytes.len - 1),
	    0600));
	assert_true(witness_file_read(p->path, p->passphrase, &got,
	    NULL) != ERR_OK);
	assert_ok(fs_write_file(p->path, bytes_buf(&bytes), 0644));
	assert_err(witness_file_read(p->path, p->passphrase, &got, NULL),
	    ERR_REFUSED);
	assert_null(got.seed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_write_and_read, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_refusals, setup,
		    teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
