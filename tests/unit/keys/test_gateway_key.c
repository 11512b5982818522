#include "tests/unit/keys/keys_test.h"

#include <sys/stat.h>

#include "keys/bech32.h"
#include "keys/gateway_key.h"
#include "keys/gateway_key_internal.h"

#define TEST_LOG_N 10
#define CREATED 1795334400
#define ORIGIN "gateway.example.jp/azukari"

static struct gateway_key *
make(void)
{
	struct gateway_key *k = NULL;

	assert_ok(gateway_key_new(ORIGIN, CREATED, &k));
	assert_ok(gateway_key_add_owner(k, "14"));
	assert_ok(gateway_key_add_owner(k, "01"));
	return k;
}

static void
assert_same(const struct gateway_key *a, const struct gateway_key *b)
{
	assert_string_equal(gateway_key_origin(a), gateway_key_origin(b));
	assert_int_equal(gateway_key_created_unix_s(a),
	    gateway_key_created_unix_s(b));
	assert_true(secret_equal(gateway_key_export_seed(a),
	    gateway_key_export_seed(b)));
	assert_true(secret_equal(gateway_key_ledger_seed(a),
	    gateway_key_ledger_seed(b)));
	assert_true(secret_equal(gateway_key_register_key(a),
	    gateway_key_register_key(b)));
	assert_true(secret_equal(gateway_key_open_secret(a),
	    gateway_key_open_secret(b)));
	assert_true(age_recipient_equal(gateway_key_recipient(a),
	    gateway_key_recipient(b)));
	assert_int_equal(gateway_key_owners(a), gateway_key_owners(b));
	for (size_t i = 0; i < gateway_key_owners(a); i++) {
		const char *o = gateway_key_owner_at(a, i);

		assert_string_equal(o, gateway_key_owner_at(b, i));
		assert_true(secret_equal(gateway_key_vault_key(a, o),
		    gateway_key_vault_key(b, o)));
		assert_true(secret_equal(gateway_key_index_key(a, o),
		    gateway_key_index_key(b, o)));
		assert_true(secret_equal(gateway_key_event_key(a, o),
		    gateway_key_event_key(b, o)));
	}
}

/* No key is two things. */
static void
test_all_keys_differ(void **state)
{
	CLEANUP(gateway_key_cleanup) struct gateway_key *k = make();
	const struct secret *const all[] = {gateway_key_export_seed(k),
	    gateway_key_ledger_seed(k), gateway_key_register_key(k),
	    gateway_key_open_secret(k), gateway_key_vault_key(k, "14"),
	    gateway_key_index_key(k, "14"), gateway_key_event_key(k, "14"),
	    gateway_key_vault_key(k, "01"), gateway_key_index_key(k, "01"),
	    gateway_key_event_key(k, "01")};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		assert_non_null(all[i]);
		assert_int_equal(secret_len(all[i]), 32);
		for (size_t j = 0; j < i; j++)
			assert_false(secret_equal(all[i], all[j]));
	}
	assert_null(gateway_key_vault_key(k, "02"));
	assert_null(gateway_key_index_key(k, "02"));
	assert_null(gateway_key_event_key(k, ""));
}

static void
test_owners(void **state)
{
	CLEANUP(gateway_key_cleanup) struct gateway_key *k = make();
	static const char *const bad[] = {"", "1", "00", "48", "014", "1a",
	    " 1"};
	char owner[3];

	(void)state;
	assert_err(gateway_key_add_owner(k, "14"), ERR_EXISTS);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_err(gateway_key_add_owner(k, bad[i]), ERR_SYNTAX);
	assert_int_equal(gateway_key_owners(k), 2);
	for (unsigned i = 1; i <= 47; i++) {
		(void)snprintf(owner, sizeof(owner), "%02u", i);
		assert_err(gateway_key_add_owner(k, owner),
		    i == 1 || i == 14 ? ERR_EXISTS : ERR_OK);
	}
	assert_int_equal(gateway_key_owners(k), 47);
}

static void
test_origins(void **state)
{
	static const char *const bad[] = {"", "host", "/path", "host/", "a/",
	    "host/pa th", "host/a+b", "host/\xc3\xa9", "host/\n", "/"};
	struct gateway_key *k = NULL;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_err(gateway_key_new(bad[i], CREATED, &k), ERR_SYNTAX);
	assert_null(k);
	assert_ok(gateway_key_new("h/p", CREATED, &k));
	gateway_key_free(k);
}

struct place {
	char dir[FS_PATH_MAX], path[FS_PATH_MAX];
	struct gateway_key *k;
	struct secret *pass;
};

static int
setup(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	keys_test_mkdir(p->dir);
	assert_ok(fs_path(p->path, "%s/gateway.key", p->dir));
	p->k = make();
	p->pass = keys_test_secret("correct horse");
	*state = p;
	return 0;
}

static int
teardown(void **state)
{
	struct place *p = *state;

	keys_test_rmdir(p->dir);
	gateway_key_free(p->k);
	secret_free(p->pass);
	free(p);
	return 0;
}

static void
test_passphrase_file(void **state)
{
	const struct place *p = *state;
	CLEANUP(gateway_key_cleanup) struct gateway_key *got = NULL;
	CLEANUP(secret_cleanup) struct secret *wrong = keys_test_secret("no");
	const struct gateway_key_seal seal = {.passphrase = p->pass,
	    .log_n = TEST_LOG_N};
	struct age_keys keys = {.passphrase = p->pass};
	struct err_info info = {0};
	struct gateway_key *none = NULL;
	struct stat st;

	assert_err(gateway_key_read(p->path, &keys, &none, NULL),
	    ERR_NOT_FOUND);
	assert_ok(gateway_key_write(p->k, p->path, &seal, 0));
	assert_int_equal(stat(p->path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_ok(gateway_key_read(p->path, &keys, &got, NULL));
	assert_same(got, p->k);
	assert_err(gateway_key_write(p->k, p->path, &seal, 0), ERR_EXISTS);
	keys.passphrase = wrong;
	assert_err(gateway_key_read(p->path, &keys, &none, NULL),
	    ERR_PASSPHRASE);
	assert_int_equal(chmod(p->path, 0640), 0);
	assert_err(gateway_key_read(p->path, &keys, &none, &info),
	    ERR_REFUSED);
	assert_non_null(strstr(info.message, "0600"));
	assert_null(none);
}

static void
test_key_file(void **state)
{
	const struct place *p = *state;
	CLEANUP(gateway_key_cleanup) struct gateway_key *got = NULL;
	CLEANUP(secret_cleanup) struct secret *secret = NULL;
	CLEANUP(secret_cleanup) struct secret *read = NULL;
	struct age_recipient recipient;
	const struct gateway_key_seal seal = {.recipient = &recipient};
	const struct secret *const *ids =
	    (const struct secret *const *)&read;
	const struct age_keys keys = {.identities = ids, .identities_len = 1};
	char path[FS_PATH_MAX];

	assert_ok(fs_path(path, "%s/unattended", p->dir));
	assert_ok(age_secret_new(&secret));
	assert_ok(age_secret_recipient(secret, &recipient));
	assert_ok(gateway_key_file_write(path, secret));
	assert_err(gateway_key_file_write(path, secret), ERR_EXISTS);
	assert_ok(gateway_key_file_read(path, &read));
	assert_true(secret_equal(read, secret));
	assert_ok(gateway_key_write(p->k, p->path, &seal, 0));
	assert_ok(gateway_key_read(p->path, &keys, &got, NULL));
	assert_same(got, p->k);
}

static enum err
read_key_file(const struct place *p, const char *text)
{
	CLEANUP(secret_cleanup) struct secret *s = NULL;
	char path[FS_PATH_MAX];

	assert_ok(fs_path(path, "%s/kf", p->dir));
	assert_ok(fs_write_file(path, bytes_str(text), 0600));
	return gateway_key_file_read(path, &s);
}

static void
test_key_files_refused(void **state)
{
	const struct place *p = *state;
	uint8_t key[BECH32_SECRET_LEN];
	char text[512], path[FS_PATH_MAX];
	struct secret *none = NULL;

	bech32_encode_secret(secret_bytes(p->k->open_secret), key);
#define KEY BECH32_SECRET_LEN, (const char *)key
	(void)snprintf(text, sizeof(text), "# made\n\n%.*s\n", KEY);
	assert_ok(read_key_file(p, text));
	(void)snprintf(text, sizeof(text), "%.*s\n%.*s\n", KEY, KEY);
	assert_err(read_key_file(p, text), ERR_DUPLICATE);
	(void)snprintf(text, sizeof(text), "%.*s", KEY);
	assert_err(read_key_file(p, text), ERR_SYNTAX);
	(void)snprintf(text, sizeof(text), " %.*s\n", KEY);
	assert_err(read_key_file(p, text), ERR_SYNTAX);
	(void)snprintf(text, sizeof(text), "%.*s\r\n", KEY);
	assert_err(read_key_file(p, text), ERR_SYNTAX);
#undef KEY
	assert_err(read_key_file(p, "# nothing\n"), ERR_SYNTAX);
	assert_err(read_key_file(p, ""), ERR_TRUNCATED);
	assert_ok(fs_path(path, "%s/kf", p->dir));
	assert_int_equal(chmod(path, 0644), 0);
	assert_err(gateway_key_file_read(path, &none), ERR_REFUSED);
	assert_null(none);
}

static void
test_seal_needs_one_of_both(void **state)
{
	const struct place *p = *state;
	struct age_recipient r = *gateway_key_recipient(p->k);
	const struct gateway_key_seal none = {0};
	const struct gateway_key_seal both = {.passphrase = p->pass,
	    .log_n = TEST_LOG_N, .recipient = &r};

	assert_err(gateway_key_write(p->k, p->path, &none, 0), ERR_USAGE);
	assert_err(gateway_key_write(p->k, p->path, &both, 0), ERR_USAGE);
	assert_false(fs_exists(p->path));
}

static void
test_replace(void **state)
{
	const struct place *p = *state;
	CLEANUP(gateway_key_cleanup) struct gateway_key *got = NULL;
	const struct gateway_key_seal seal = {.passphrase = p->pass,
	    .log_n = TEST_LOG_N};
	const struct age_keys keys = {.passphrase = p->pass};

	assert_ok(gateway_key_write(p->k, p->path, &seal, 0));
	assert_ok(gateway_key_add_owner(p->k, "13"));
	assert_ok(gateway_key_write(p->k, p->path, &seal, 1));
	assert_ok(gateway_key_read(p->path, &keys, &got, NULL));
	assert_int_equal(gateway_key_owners(got), 3);
	assert_same(got, p->k);
}

/* ---- the text ---- */

static void
text_of(const struct place *p, struct buf *out)
{
	CLEANUP(buf_release) struct buf sealed = {0};
	const struct gateway_key_seal seal = {
	    .recipient = gateway_key_recipient(p->k)};
	const struct secret *own = gateway_key_open_secret(p->k);
	const struct age_keys keys = {.identities = &own, .identities_len = 1};

	assert_ok(gateway_key_seal_text(p->k, &seal, &sealed));
	assert_ok(age_open_buf(&keys, bytes_buf(&sealed), out));
}

static void
test_text_is_as_documented(void **state)
{
	const struct place *p = *state;
	CLEANUP(buf_release) struct buf text = {0};
	static const char *const starts[] = {"azukari-gateway-key v1",
	    ("origin: " ORIGIN), "created: 2026-11-22T08:00:00Z",
	    "export-seed: ", "ledger-seed: ", "recipient: AGE-SECRET-KEY-1",
	    "register-key: ", "owner-01: 14 ", "owner-02: 01 "};
	struct bytes rest, line;

	text_of(p, &text);
	rest = bytes_buf(&text);
	for (size_t i = 0; i < ARRAY_LEN(starts); i++) {
		assert_ok(bytes_take_line(&rest, &line));
		assert_in_range(line.len, strlen(starts[i]), 4096);
		assert_memory_equal(line.data, starts[i], strlen(starts[i]));
	}
	assert_int_equal(rest.len, 0);
}

/* Reading is strict in form: whatever bit is changed, either it is refused, or
 * it is another value of the same form, and writing it gives those bytes. */
static void
test_text_every_bit_and_length(void **state)
{
	const struct place *p = *state;
	CLEANUP(buf_release) struct buf text = {0};
	struct gateway_key *k = NULL;
	size_t refused = 0;

	text_of(p, &text);
	for (size_t i = 0; i < text.len * 8; i++) {
		CLEANUP(buf_release) struct buf again = {0};
		struct place changed = *p;

		text.data[i / 8] ^= (uint8_t)(1 << i % 8);
		if (gateway_key_parse_text(bytes_buf(&text), &k, NULL) ==
		    ERR_OK) {
			changed.k = k;
			text_of(&changed, &again);
			assert_true(bytes_equal(bytes_buf(&again),
			    bytes_buf(&text)));
			gateway_key_free(TAKE(k));
		} else {
			refused++;
		}
		text.data[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	assert_in_range(refused, text.len * 4, text.len * 8 - 1);
	for (size_t len = 0; len < text.len; len++) {
		/* Without its last owners a text is one of fewer owners. */
		enum err e = gateway_key_parse_text(bytes_of(text.data, len),
		    &k, NULL);

		if (e == ERR_OK) {
			assert_int_equal(text.data[len - 1], '\n');
			assert_in_range(gateway_key_owners(k), 0, 1);
			gateway_key_free(TAKE(k));
		} else {
			assert_err(e, ERR_SYNTAX);
		}
	}
}

static void
test_texts_refused(void **state)
{
	const struct place *p = *state;
	CLEANUP(buf_release) struct buf text = {0};
	struct err_info info = {0};
	struct gateway_key *k = NULL;
	char *at;

	text_of(p, &text);
	text.data[strlen("azukari-gateway-key v")] = '2';
	assert_err(gateway_key_parse_text(bytes_buf(&text), &k, &info),
	    ERR_UNSUPPORTED);
	text.data[strlen("azukari-gateway-key v")] = '1';
	at = strstr((char *)text.data, "owner-02: 01 ");
	assert_non_null(at);
	memcpy(at, "owner-02: 14 ", 13);
	assert_err(gateway_key_parse_text(bytes_buf(&text), &k, &info),
	    ERR_DUPLICATE);
	assert_int_equal(info.line, 9);
	memcpy(at, "owner-03: 01 ", 13);
	assert_err(gateway_key_parse_text(bytes_buf(&text), &k, &info),
	    ERR_SYNTAX);
	memcpy(at, "owner-02: 48 ", 13);
	assert_err(gateway_key_parse_text(bytes_buf(&text), &k, &info),
	    ERR_SYNTAX);
	memcpy(at, "owner-02: 01 ", 13);
	assert_ok(buf_append_str(&text, "note: x\n"));
	assert_err(gateway_key_parse_text(bytes_buf(&text), &k, &info),
	    ERR_SYNTAX);
	/* A message never shows a key. */
	assert_null(strstr(info.message, "14"));
	assert_null(k);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_keys_differ),
		cmocka_unit_test(test_owners),
		cmocka_unit_test(test_origins),
#define WITH_PLACE(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
		WITH_PLACE(test_passphrase_file),
		WITH_PLACE(test_key_file),
		WITH_PLACE(test_key_files_refused),
		WITH_PLACE(test_seal_needs_one_of_both),
		WITH_PLACE(test_replace),
		WITH_PLACE(test_text_is_as_documented),
		WITH_PLACE(test_text_every_bit_and_length),
		WITH_PLACE(test_texts_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
