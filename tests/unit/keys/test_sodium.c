/* The primitives of libsodium that signatures and records rest on, held to the
 * public Wycheproof vectors: malformed keys, malleable signatures, wrong
 * lengths and flipped bits must be refused by what we link to. */
#include "tests/unit/keys/seats_test.h"

#include <sodium.h>

typedef void (*check_fn)(const struct json_doc *group,
    const struct json_doc *test);

/* Appends the bytes of a hex member. */
static void
member(const struct json_doc *v, const char *key, struct buf *out)
{
	const char *hex = json_doc_string(json_doc_get(v, key));

	assert_non_null(hex);
	seats_hex(hex, out);
}

static int
is_valid(const struct json_doc *test)
{
	const char *result = json_doc_string(json_doc_get(test, "result"));

	assert_non_null(result);
	return strcmp(result, "valid") == 0;
}

static void
each(const struct json_doc *doc, check_fn check)
{
	const struct json_doc *groups = json_doc_get(doc, "testGroups");
	int64_t count = 0;

	for (size_t i = 0; i < json_doc_len(groups); i++) {
		const struct json_doc *group = json_doc_at(groups, i);
		const struct json_doc *tests = json_doc_get(group, "tests");

		for (size_t j = 0; j < json_doc_len(tests); j++, count++)
			check(group, json_doc_at(tests, j));
	}
	assert_true(count > 0);
	assert_int_equal(count,
	    json_doc_int(json_doc_get(doc, "numberOfTests"), -1));
}

static void
check_ed25519(const struct json_doc *group, const struct json_doc *test)
{
	CLEANUP(buf_release) struct buf pk = {0}, msg = {0}, sig = {0};
	int ok;

	member(json_doc_get(group, "publicKey"), "pk", &pk);
	member(test, "msg", &msg);
	member(test, "sig", &sig);
	assert_int_equal(pk.len, crypto_sign_PUBLICKEYBYTES);
	/* Our format carries exactly 64 bytes; other lengths never arrive. */
	ok = sig.len == crypto_sign_BYTES &&
	    crypto_sign_verify_detached(sig.data, msg.data, msg.len,
	    pk.data) == 0;
	assert_int_equal(ok, is_valid(test));
}

static void
check_xchacha(const struct json_doc *group, const struct json_doc *test)
{
	CLEANUP(buf_release) struct buf key = {0}, iv = {0}, aad = {0},
	    msg = {0}, ct = {0}, out = {0};
	unsigned long long len;
	int ok;

	(void)group;
	member(test, "key", &key);
	member(test, "iv", &iv);
	member(test, "aad", &aad);
	member(test, "msg", &msg);
	member(test, "ct", &ct);
	member(test, "tag", &ct);
	if (iv.len != crypto_aead_xchacha20poly1305_ietf_NPUBBYTES) {
		assert_false(is_valid(test));   /* ours is always 24 bytes */
		return;
	}
	assert_ok(buf_reserve(&out, ct.len + 1));
	ok = crypto_aead_xchacha20poly1305_ietf_decrypt(out.data, &len, NULL,
	    ct.data, ct.len, aad.data, aad.len, iv.data, key.data) == 0;
	assert_int_equal(ok, is_valid(test));
	if (!ok)
		return;
	assert_int_equal(len, msg.len);
	if (msg.len > 0)
		assert_memory_equal(out.data, msg.data, msg.len);
	assert_int_equal(0, crypto_aead_xchacha20poly1305_ietf_encrypt(out.data,
	    &len, msg.data, msg.len, aad.data, aad.len, NULL, iv.data,
	    key.data));
	assert_int_equal(len, ct.len);
	assert_memory_equal(out.data, ct.data, ct.len);
}

static void
run(const char *name, check_fn check)
{
	CLEANUP(json_doc_cleanup) struct json_doc *doc = NULL;
	CLEANUP(buf_release) struct buf text = {0};
	char path[FS_PATH_MAX], below[128];

	(void)snprintf(below, sizeof(below), "vectors/wycheproof/%s", name);
	if (!unit_shared(path, sizeof(path), below))
		UNIT_SKIP("no %s under AZUKARI_SHARED", below);
	assert_ok(fs_read_file(path, (size_t)4 << 20, &text));
	assert_ok(json_doc_parse(bytes_buf(&text), (size_t)4 << 20, &doc,
	    NULL));
	each(doc, check);
}

static void
ed25519_as_wycheproof_has_it(void **state)
{
	(void)state;
	run("ed25519_test.json", check_ed25519);
}

static void
xchacha20_poly1305_as_wycheproof_has_it(void **state)
{
	(void)state;
	run("xchacha20_poly1305_test.json", check_xchacha);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ed25519_as_wycheproof_has_it),
		cmocka_unit_test(xchacha20_poly1305_as_wycheproof_has_it),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
