#include "tests/unit/keys/keys_test.h"

#include <fcntl.h>

#include <sys/stat.h>

#include "keys/erase_key.h"

#define CREATED 1795334400

struct place {
	char dir[FS_PATH_MAX], current[FS_PATH_MAX], next[FS_PATH_MAX];
	struct gateway_key *gw;
};

static int
setup(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	keys_test_mkdir(p->dir);
	assert_ok(fs_path(p->current, "%s/erase-14.key", p->dir));
	assert_ok(fs_path(p->next, "%s/erase-14.key.next", p->dir));
	assert_ok(gateway_key_new("h/p", CREATED, &p->gw));
	*state = p;
	return 0;
}

static int
teardown(void **state)
{
	struct place *p = *state;

	keys_test_rmdir(p->dir);
	gateway_key_free(p->gw);
	free(p);
	return 0;
}

static void
test_write_and_read(void **state)
{
	const struct place *p = *state;
	CLEANUP(erase_key_release) struct erase_key k = {0};
	CLEANUP(erase_key_release) struct erase_key got = {0};
	struct stat st;

	assert_err(erase_key_read(p->gw, p->dir, ERASE_KEY_CURRENT, "14",
	    &got), ERR_NOT_FOUND);
	assert_err(erase_key_new("48", CREATED, &k), ERR_SYNTAX);
	assert_ok(erase_key_new("14", CREATED, &k));
	assert_int_equal(k.generation, 1);
	assert_ok(erase_key_write(p->gw, p->dir, ERASE_KEY_CURRENT, &k));
	assert_int_equal(stat(p->current, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_err(erase_key_write(p->gw, p->dir, ERASE_KEY_CURRENT, &k),
	    ERR_EXISTS);
	assert_ok(erase_key_read(p->gw, p->dir, ERASE_KEY_CURRENT, "14",
	    &got));
	assert_true(secret_equal(got.key, k.key));
	assert_string_equal(got.owner, "14");
	assert_int_equal(got.generation, 1);
	assert_int_equal(got.created_unix_s, CREATED);
}

static void
test_rotation(void **state)
{
	const struct place *p = *state;
	CLEANUP(erase_key_release) struct erase_key first = {0};
	CLEANUP(erase_key_release) struct erase_key second = {0};
	CLEANUP(erase_key_release) struct erase_key got = {0};
	CLEANUP(fs_fd_cleanup) int old = -1;
	uint8_t bytes[64];
	ssize_t n;

	assert_ok(erase_key_new("14", CREATED, &first));
	assert_ok(erase_key_write(p->gw, p->dir, ERASE_KEY_CURRENT, &first));
	assert_err(erase_key_promote(p->dir, "14"), ERR_NOT_FOUND);
	assert_ok(erase_key_next(&first, CREATED + 1, &second));
	assert_int_equal(second.generation, 2);
	assert_false(secret_equal(first.key, second.key));
	assert_ok(erase_key_write(p->gw, p->dir, ERASE_KEY_NEXT, &second));
	/* Both are there until one is chosen. */
	assert_ok(erase_key_read(p->gw, p->dir, ERASE_KEY_CURRENT, "14",
	    &got));
	assert_true(secret_equal(got.key, first.key));
	erase_key_release(&got);
	assert_ok(erase_key_read(p->gw, p->dir, ERASE_KEY_NEXT, "14", &got));
	assert_true(secret_equal(got.key, second.key));
	erase_key_release(&got);
	old = open(p->current, O_RDONLY | O_CLOEXEC);
	assert_true(old >= 0);
	assert_ok(erase_key_promote(p->dir, "14"));
	assert_false(fs_exists(p->next));
	assert_ok(erase_key_read(p->gw, p->dir, ERASE_KEY_CURRENT, "14",
	    &got));
	assert_true(secret_equal(got.key, second.key));
	/* The old file is overwritten, for whoever still holds it open. */
	while ((n = read(old, bytes, sizeof(bytes))) > 0)
		for (ssize_t i = 0; i < n; i++)
			assert_int_equal(bytes[i], 0);
	assert_int_equal(n, 0);
}

static void
test_abandoned_rotation(void **state)
{
	const struct place *p = *state;
	CLEANUP(erase_key_release) struct erase_key first = {0};
	CLEANUP(erase_key_release) struct erase_key second = {0};
	CLEANUP(erase_key_release) struct erase_key third = {0};
	CLEANUP(erase_key_release) struct erase_key got = {0};

	assert_ok(erase_key_new("14", CREATED, &first));
	assert_ok(erase_key_write(p->gw, p->dir, ERASE_KEY_CURRENT, &first));
	assert_ok(erase_key_next(&first, CREATED + 1, &second));
	assert_ok(erase_key_write(p->gw, p->dir, ERASE_KEY_NEXT, &second));
	assert_ok(erase_key_next(&first, CREATED + 2, &third));
	assert_ok(erase_key_write(p->gw, p->dir, ERASE_KEY_NEXT, &third));
	assert_ok(erase_key_read(p->gw, p->dir, ERASE_KEY_NEXT, "14", &got));
	assert_true(secret_equal(got.key, third.key));
	assert_ok(erase_key_drop_next(p->dir, "14"));
	assert_false(fs_exists(p->next));
	assert_ok(erase_key_drop_next(p->dir, "14"));
	erase_key_release(&got);
	assert_ok(erase_key_read(p->gw, p->dir, ERASE_KEY_CURRENT, "14",
	    &got));
	assert_true(secret_equal(got.key, first.key));
}

static void
test_refusals(void **state)
{
	const struct place *p = *state;
	CLEANUP(gateway_key_cleanup) struct gateway_key *other = NULL;
	CLEANUP(erase_key_release) struct erase_key k = {0};
	CLEANUP(buf_release) struct buf sealed = {0};
	struct erase_key got = {0};
	char moved[FS_PATH_MAX];

	assert_ok(erase_key_new("14", CREATED, &k));
	assert_ok(erase_key_write(p->gw, p->dir, ERASE_KEY_CURRENT, &k));
	assert_err(erase_key_read(p->gw, p->dir, ERASE_KEY_CURRENT, "../14",
	    &got), ERR_SYNTAX);
	assert_ok(gateway_key_new("h/p", CREATED, &other));
	assert_err(erase_key_read(other, p->dir, ERASE_KEY_CURRENT, "14",
	    &got), ERR_NO_MATCH);
	/* Another owner's file under this owner's name. */
	assert_ok(fs_path(moved, "%s/erase-13.key", p->dir));
	assert_ok(fs_rename(p->current, moved));
	assert_err(erase_key_read(p->gw, p->dir, ERASE_KEY_CURRENT, "13",
	    &got), ERR_MISMATCH);
	assert_int_equal(chmod(moved, 0604), 0);
	assert_err(erase_key_read(p->gw, p->dir, ERASE_KEY_CURRENT, "13",
	    &got), ERR_REFUSED);
	assert_ok(age_seal_buf(gateway_key_recipient(p->gw), 1,
	    bytes_str("azukari-erase-key v1\nowner: 14\n"), &sealed));
	assert_ok(fs_write_file(p->current, bytes_buf(&sealed), 0600));
	assert_err(erase_key_read(p->gw, p->dir, ERASE_KEY_CURRENT, "14",
	    &got), ERR_SYNTAX);
	assert_null(got.key);
}

/* Every bit and every length of the sealed file. */
static void
test_every_change(void **state)
{
	const struct place *p = *state;
	CLEANUP(erase_key_release) struct erase_key k = {0};
	CLEANUP(buf_release) struct buf sealed = {0};
	struct erase_key got = {0};
	int fd;

	assert_ok(erase_key_new("14", CREATED, &k));
	assert_ok(erase_key_write(p->gw, p->dir, ERASE_KEY_CURRENT, &k));
	assert_ok(fs_read_file(p->current, 4096, &sealed));
	/* In place: thousands of durable replacements would take a minute. */
	fd = open(p->current, O_WRONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	for (size_t i = 0; i < sealed.len * 8; i++) {
		uint8_t changed = sealed.data[i / 8] ^ (uint8_t)(1 << i % 8);

		assert_int_equal(pwrite(fd, &changed, 1, (off_t)(i / 8)), 1);
		if (erase_key_read(p->gw, p->dir, ERASE_KEY_CURRENT, "14",
		    &got) == ERR_OK)
			fail_msg("bit %zu", i);
		assert_int_equal(pwrite(fd, &sealed.data[i / 8], 1,
		    (off_t)(i / 8)), 1);
	}
	for (size_t len = sealed.len; len-- > 0;) {
		assert_int_equal(ftruncate(fd, (off_t)len), 0);
		if (erase_key_read(p->gw, p->dir, ERASE_KEY_CURRENT, "14",
		    &got) == ERR_OK)
			fail_msg("length %zu", len);
	}
	assert_null(got.key);
	(void)close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define WITH_PLACE(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
		WITH_PLACE(test_write_and_read),
		WITH_PLACE(test_rotation),
		WITH_PLACE(test_abandoned_rotation),
		WITH_PLACE(test_refusals),
		WITH_PLACE(test_every_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
