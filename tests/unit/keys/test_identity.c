#include "tests/unit/keys/keys_test.h"

#include <sys/stat.h>

#include "keys/bech32.h"
#include "keys/identity.h"
#include "keys/identity_internal.h"
#include "keys/sshsig.h"

#define TEST_LOG_N 10
#define MADE 1795334400         /* 2026-11-22T08:00:00Z */

static void
test_names(void **state)
{
	static const char *const good[] = {"a", "A", "7", "officer-a",
	    "pi.key", "x_y-z.0",
	    "1234567890123456789012345678901234567890123456789012345678901234"};
	static const char *const bad[] = {"", "-a", ".a", "_a", "a b", "a/b",
	    "a\n", "\xc3\xa9", "a,b",
	    "12345678901234567890123456789012345678901234567890123456789012345"
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		assert_true(identity_name_is_valid(bytes_str(good[i])));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct identity *id = NULL;

		assert_false(identity_name_is_valid(bytes_str(bad[i])));
		assert_err(identity_generate(bad[i], MADE, &id), ERR_SYNTAX);
		assert_null(id);
	}
}

struct place {
	char dir[FS_PATH_MAX];
	char key[FS_PATH_MAX], pub[FS_PATH_MAX];
	struct identity *id;
	struct secret *pass;
};

static int
setup(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	keys_test_mkdir(p->dir);
	assert_ok(fs_path(p->key, "%s/officer-a.key", p->dir));
	assert_ok(fs_path(p->pub, "%s/officer-a.pub", p->dir));
	p->pass = keys_test_secret("correct horse");
	assert_ok(identity_generate("officer-a", MADE, &p->id));
	assert_ok(identity_write(p->id, p->dir, p->pass, TEST_LOG_N));
	*state = p;
	return 0;
}

static int
teardown(void **state)
{
	struct place *p = *state;

	keys_test_rmdir(p->dir);
	identity_free(p->id);
	secret_free(p->pass);
	free(p);
	return 0;
}

static void
assert_same(const struct identity *a, const struct identity *b)
{
	const struct identity_public *pa = identity_public(a);
	const struct identity_public *pb = identity_public(b);

	assert_true(secret_equal(identity_open_secret(a),
	    identity_open_secret(b)));
	assert_true(secret_equal(identity_sign_seed(a),
	    identity_sign_seed(b)));
	assert_int_equal(identity_made_unix_s(a), identity_made_unix_s(b));
	assert_string_equal(pa->name, pb->name);
	assert_true(age_recipient_equal(&pa->age, &pb->age));
	assert_memory_equal(pa->ssh, pb->ssh, sizeof(pa->ssh));
}

static void
test_write_and_read(void **state)
{
	const struct place *p = *state;
	CLEANUP(identity_cleanup) struct identity *id = NULL;
	struct identity_public pub;
	struct stat st;

	assert_ok(identity_read(p->key, p->pass, &id, NULL));
	assert_same(id, p->id);
	assert_ok(identity_public_read(p->pub, &pub, NULL));
	assert_string_equal(pub.name, "officer-a");
	assert_true(age_recipient_equal(&pub.age,
	    &identity_public(id)->age));
	assert_memory_equal(pub.ssh, identity_public(id)->ssh, 32);
	assert_int_equal(stat(p->key, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(stat(p->pub, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
}

static void
test_two_are_different(void **state)
{
	const struct place *p = *state;
	CLEANUP(identity_cleanup) struct identity *other = NULL;

	assert_ok(identity_generate("officer-a", MADE, &other));
	assert_false(secret_equal(identity_open_secret(other),
	    identity_open_secret(p->id)));
	assert_false(secret_equal(identity_sign_seed(other),
	    identity_sign_seed(p->id)));
	assert_false(secret_equal(identity_sign_seed(other),
	    identity_open_secret(other)));
}

static void
test_refusals(void **state)
{
	const struct place *p = *state;
	CLEANUP(secret_cleanup) struct secret *wrong = keys_test_secret("no");
	CLEANUP(buf_release) struct buf sealed = {0};
	char other[FS_PATH_MAX];
	struct identity *id = NULL;
	struct err_info info = {0};

	assert_err(identity_read(p->key, wrong, &id, NULL), ERR_PASSPHRASE);
	assert_int_equal(chmod(p->key, 0640), 0);
	assert_err(identity_read(p->key, p->pass, &id, &info), ERR_REFUSED);
	assert_non_null(strstr(info.message, "0600"));
	assert_int_equal(chmod(p->key, 0600), 0);
	assert_ok(fs_path(other, "%s/none.key", p->dir));
	assert_err(identity_read(other, p->pass, &id, NULL), ERR_NOT_FOUND);
	assert_ok(fs_write_file(other, bytes_str("hello"), 0600));
	assert_err(identity_read(other, p->pass, &id, NULL), ERR_SYNTAX);
	/* An age file, but to a recipient; to the passphrase, but a letter. */
	assert_ok(age_seal_buf(&identity_public(p->id)->age, 1,
	    bytes_str("x\n"), &sealed));
	assert_ok(fs_write_file(other, bytes_buf(&sealed), 0600));
	assert_err(identity_read(other, p->pass, &id, NULL), ERR_SYNTAX);
	buf_clear(&sealed);
	assert_ok(age_seal_passphrase_buf(p->pass, TEST_LOG_N,
	    bytes_str("Dear officer,\n"), &sealed));
	assert_ok(fs_write_file(other, bytes_buf(&sealed), 0600));
	assert_err(identity_read(other, p->pass, &id, NULL), ERR_SYNTAX);
	assert_null(id);
}

/* Neither file of a person is ever written over, nor one without the other. */
static void
test_nothing_is_overwritten(void **state)
{
	const struct place *p = *state;
	CLEANUP(identity_cleanup) struct identity *id = NULL;
	char path[FS_PATH_MAX];

	assert_err(identity_write(p->id, p->dir, p->pass, TEST_LOG_N),
	    ERR_EXISTS);
	assert_ok(identity_generate("b", MADE, &id));
	assert_ok(fs_path(path, "%s/b.pub", p->dir));
	assert_ok(fs_write_file(path, bytes_str("x"), 0644));
	assert_err(identity_write(id, p->dir, p->pass, TEST_LOG_N),
	    ERR_EXISTS);
	assert_ok(fs_path(path, "%s/b.key", p->dir));
	assert_false(fs_exists(path));
}

static void
plaintext(const struct place *p, struct buf *out)
{
	CLEANUP(buf_release) struct buf sealed = {0};
	const struct age_keys keys = {.passphrase = p->pass};

	assert_ok(fs_read_file(p->key, IDENTITY_FILE_MAX, &sealed));
	assert_ok(age_open_buf(&keys, bytes_buf(&sealed), out));
}

/* No bit of the text may be another: every part is bound to some other part.
 * Alone the time could be another time; that is all it says. */
static void
test_text_every_bit_and_length(void **state)
{
	const struct place *p = *state;
	CLEANUP(buf_release) struct buf text = {0};
	struct identity *id = NULL;
	size_t time_at;

	plaintext(p, &text);
	assert_ok(identity_parse_text(bytes_buf(&text), &id));
	assert_same(id, p->id);
	identity_free(id);
	id = NULL;
	time_at = (size_t)(strstr(buf_text(&text), "2026-11-22") -
	    buf_text(&text));
	for (size_t i = 0; i < text.len * 8; i++) {
		if (i / 8 >= time_at && i / 8 < time_at + 20)
			continue;
		text.data[i / 8] ^= (uint8_t)(1 << i % 8);
		if (identity_parse_text(bytes_buf(&text), &id) != ERR_SYNTAX)
			fail_msg("bit %zu", i);
		text.data[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	for (size_t len = 0; len < text.len; len++)
		assert_err(identity_parse_text(bytes_of(text.data, len), &id),
		    ERR_SYNTAX);
	assert_ok(buf_append_str(&text, "\n"));
	assert_err(identity_parse_text(bytes_buf(&text), &id), ERR_SYNTAX);
	assert_null(id);
}

static void
test_public_refusals(void **state)
{
	const struct place *p = *state;
	CLEANUP(buf_release) struct buf good = {0};
	struct identity_public pub;
	struct err_info info = {0};

	assert_ok(identity_public_append(identity_public(p->id), &good));
	assert_ok(identity_public_parse(bytes_buf(&good), &pub, NULL));
	for (size_t len = 0; len < good.len; len++)
		assert_err(identity_public_parse(bytes_of(good.data, len),
		    &pub, NULL), ERR_SYNTAX);
	assert_ok(buf_append_str(&good, "# more\n"));
	assert_err(identity_public_parse(bytes_buf(&good), &pub, &info),
	    ERR_SYNTAX);
	assert_int_equal(info.line, 3);
	good.len -= strlen("# more\n");
	good.data[10] ^= 1;
	assert_err(identity_public_parse(bytes_buf(&good), &pub, &info),
	    ERR_SYNTAX);
	assert_int_equal(info.line, 1);
	good.data[10] ^= 1;
	good.data[BECH32_RECIPIENT_LEN + 1 + SSHSIG_PUBLIC_TEXT_LEN] = '\t';
	assert_err(identity_public_parse(bytes_buf(&good), &pub, &info),
	    ERR_SYNTAX);
	assert_int_equal(info.line, 2);
	memcpy(good.data + BECH32_RECIPIENT_LEN + 1, "ssh-rsa    ", 11);
	good.data[BECH32_RECIPIENT_LEN + 1 + SSHSIG_PUBLIC_TEXT_LEN] = ' ';
	assert_err(identity_public_parse(bytes_buf(&good), &pub, &info),
	    ERR_UNSUPPORTED);
}

/* ---- with the tools everybody has ---- */

static void
unlock_with_age(const struct place *p)
{
	const char *source = getenv("AZUKARI_SOURCE");

	assert_int_equal(keys_test_run("cd %s && /usr/bin/python3 "
	    "%s/tests/unit/keys/age_pty.py 'correct horse' age -d -o id "
	    "officer-a.key 2>/dev/null && chmod 600 id", p->dir,
	    source != NULL ? source : "."), 0);
}

static void
test_age_opens_with_it(void **state)
{
	const struct place *p = *state;

	keys_test_need("age");
	unlock_with_age(p);
	assert_int_equal(keys_test_run("cd %s && printf 'for a\\n' | "
	    "age -r \"$(head -n 1 officer-a.pub)\" -o x.age && "
	    "test \"$(age -d -i id x.age)\" = 'for a'", p->dir), 0);
	keys_test_need("age-keygen");
	assert_int_equal(keys_test_run("cd %s && test "
	    "\"$(age-keygen -y id)\" = \"$(head -n 1 officer-a.pub)\"",
	    p->dir), 0);
}

static void
test_ssh_keygen_signs_with_it(void **state)
{
	const struct place *p = *state;
	CLEANUP(buf_release) struct buf sig = {0};
	char path[FS_PATH_MAX];

	keys_test_need("age");
	keys_test_need("ssh-keygen");
	unlock_with_age(p);
	assert_int_equal(keys_test_run("cd %s && (umask 077; "
	    "sed -n 's/^# \\(-----\\|[A-Za-z0-9+\\/=]\\{1,\\}$\\)/\\1/p' id "
	    "> k) && test \"$(ssh-keygen -y -f k)\" = "
	    "\"$(tail -n 1 officer-a.pub)\"", p->dir), 0);
	assert_int_equal(keys_test_run("cd %s && printf 'yes\\n' > t && "
	    "ssh-keygen -q -Y sign -f k -n approval@azukari t 2>/dev/null",
	    p->dir), 0);
	assert_ok(fs_path(path, "%s/t.sig", p->dir));
	assert_ok(fs_read_file(path, 4096, &sig));
	assert_ok(sshsig_check(bytes_buf(&sig), SSHSIG_APPROVAL,
	    identity_public(p->id)->ssh, bytes_str("yes\n")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test_setup_teardown(test_write_and_read, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_two_are_different, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_refusals, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_nothing_is_overwritten,
		    setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_text_every_bit_and_length, setup, teardown),
		cmocka_unit_test_setup_teardown(test_public_refusals, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_age_opens_with_it, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_ssh_keygen_signs_with_it,
		    setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
