/* Both directions against the `age` program of the distribution. */
#include "tests/unit/keys/keys_test.h"

#include "keys/age.h"
#include "keys/bech32.h"

static const size_t sizes[] = {0, 1, 65535, 65536, 65537};

struct place {
	char dir[FS_PATH_MAX - 64];
	struct secret *secret;
	struct age_recipient pub;
	char recipient[BECH32_RECIPIENT_LEN + 1];
};

static int
setup(void **state)
{
	struct place *p = calloc(1, sizeof(*p));
	uint8_t text[BECH32_SECRET_LEN + 1];
	char path[FS_PATH_MAX];

	assert_non_null(p);
	unit_temp_dir(p->dir, sizeof(p->dir));
	assert_ok(age_secret_new(&p->secret));
	assert_ok(age_secret_recipient(p->secret, &p->pub));
	bech32_encode_recipient(p->pub.key, p->recipient);
	bech32_encode_secret(secret_bytes(p->secret), text);
	text[BECH32_SECRET_LEN] = '\n';
	assert_ok(fs_path(path, "%s/id", p->dir));
	assert_ok(fs_write_file(path, bytes_of(text, sizeof(text)), 0600));
	*state = p;
	return 0;
}

static int
teardown(void **state)
{
	struct place *p = *state;

	keys_test_rmdir(p->dir);
	secret_free(p->secret);
	free(p);
	return 0;
}

static void
write_in(const struct place *p, const char *name, struct bytes b)
{
	char path[FS_PATH_MAX];

	assert_ok(fs_path(path, "%s/%s", p->dir, name));
	assert_ok(fs_write_file(path, b, 0600));
}

static void
read_in(const struct place *p, const char *name, struct buf *out)
{
	char path[FS_PATH_MAX];

	assert_ok(fs_path(path, "%s/%s", p->dir, name));
	assert_ok(fs_read_file(path, (size_t)1 << 20, out));
}

static void
fill(struct buf *b, size_t len)
{
	for (size_t i = 0; i < len; i++)
		assert_ok(buf_append_u8(b, (uint8_t)(i * 13 + i / 255)));
}

static void
test_ours_opened_by_age(void **state)
{
	const struct place *p = *state;

	keys_test_need("age");
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		CLEANUP(buf_release) struct buf plain = {0};
		CLEANUP(buf_release) struct buf sealed = {0};
		CLEANUP(buf_release) struct buf opened = {0};

		fill(&plain, sizes[i]);
		assert_ok(age_seal_buf(&p->pub, 1, bytes_buf(&plain),
		    &sealed));
		write_in(p, "ours.age", bytes_buf(&sealed));
		assert_int_equal(keys_test_run("cd %s && age -d -i id "
		    "ours.age > ours.out", p->dir), 0);
		read_in(p, "ours.out", &opened);
		assert_true(bytes_equal(bytes_buf(&plain),
		    bytes_buf(&opened)));
	}
}

static void
test_ages_opened_by_us(void **state)
{
	const struct place *p = *state;
	const struct age_keys keys = {
		.identities = (const struct secret *const *)&p->secret,
		.identities_len = 1,
	};

	keys_test_need("age");
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		CLEANUP(buf_release) struct buf plain = {0};
		CLEANUP(buf_release) struct buf sealed = {0};
		CLEANUP(buf_release) struct buf opened = {0};

		fill(&plain, sizes[i]);
		write_in(p, "plain", bytes_buf(&plain));
		assert_int_equal(keys_test_run("cd %s && age -r %s -o "
		    "theirs.age plain", p->dir, p->recipient), 0);
		read_in(p, "theirs.age", &sealed);
		assert_ok(age_open_buf(&keys, bytes_buf(&sealed), &opened));
		assert_true(bytes_equal(bytes_buf(&plain),
		    bytes_buf(&opened)));
	}
}

static void
pty(const struct place *p, const char *passphrase, const char *command,
    int want)
{
	const char *source = getenv("AZUKARI_SOURCE");

	assert_int_equal(keys_test_run("cd %s && /usr/bin/python3 "
	    "%s/tests/unit/keys/age_pty.py '%s' %s 2>/dev/null", p->dir,
	    source != NULL ? source : ".", passphrase, command) == 0,
	    want == 0);
}

static void
test_passphrase_both_ways(void **state)
{
	const struct place *p = *state;
	CLEANUP(secret_cleanup) struct secret *pass =
	    keys_test_secret("correct horse");
	CLEANUP(buf_release) struct buf sealed = {0};
	CLEANUP(buf_release) struct buf opened = {0};
	CLEANUP(buf_release) struct buf theirs = {0};
	const struct age_keys keys = {.passphrase = pass};

	keys_test_need("age");
	assert_ok(age_seal_passphrase_buf(pass, 10, bytes_str("ours\n"),
	    &sealed));
	write_in(p, "pass.age", bytes_buf(&sealed));
	pty(p, "wrong horse", "age -d -o pass.out pass.age", 1);
	pty(p, "correct horse", "age -d -o pass.out pass.age", 0);
	read_in(p, "pass.out", &opened);
	assert_string_equal(buf_text(&opened), "ours\n");
	buf_clear(&opened);
	write_in(p, "plain", bytes_str("theirs\n"));
	pty(p, "correct horse", "age -p -o pass2.age plain", 0);
	read_in(p, "pass2.age", &theirs);
	assert_ok(age_open_buf(&keys, bytes_buf(&theirs), &opened));
	assert_string_equal(buf_text(&opened), "theirs\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ours_opened_by_age),
		cmocka_unit_test(test_ages_opened_by_us),
		cmocka_unit_test(test_passphrase_both_ways),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
