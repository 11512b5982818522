/* The libraries' primitives that keys/ calls directly, held to the public
 * vectors in the way keys/ calls them: X25519 must refuse shared secrets of
 * zero, ChaCha20-Poly1305 must agree between both libraries. */
#include "tests/unit/keys/keys_test.h"

#include <sodium.h>

#include "keys/libcrypto.h"

static void
check_x25519(const struct json_doc *group, const struct json_doc *test)
{
	CLEANUP(buf_release) struct buf pub = {0};
	CLEANUP(buf_release) struct buf priv = {0};
	CLEANUP(buf_release) struct buf shared = {0};
	static const uint8_t zero[32];
	uint8_t got[32];
	int r;

	(void)group;
	keys_test_hex(keys_test_str(test, "public"), &pub);
	keys_test_hex(keys_test_str(test, "private"), &priv);
	keys_test_hex(keys_test_str(test, "shared"), &shared);
	r = crypto_scalarmult(got, priv.data, pub.data);
	if (memcmp(shared.data, zero, 32) == 0) {
		assert_int_equal(r, -1);
		return;
	}
	assert_false(keys_test_is(test, "invalid"));
	assert_int_equal(r, 0);
	assert_memory_equal(got, shared.data, 32);
}

static void
test_x25519_wycheproof(void **state)
{
	CLEANUP(json_doc_cleanup) struct json_doc *doc =
	    keys_test_wycheproof("x25519_test.json");

	(void)state;
	assert_int_equal(keys_test_each(doc, check_x25519), 518);
}

struct aead {
	struct buf key, iv, aad, msg, ct, tag;
};

static void
aead_release(struct aead *a)
{
	buf_release(&a->key);
	buf_release(&a->iv);
	buf_release(&a->aad);
	buf_release(&a->msg);
	buf_release(&a->ct);
	buf_release(&a->tag);
}

static int
sodium_opens(const struct aead *a, uint8_t *ret)
{
	return crypto_aead_chacha20poly1305_ietf_decrypt_detached(ret, NULL,
	    a->ct.data, a->ct.len, a->tag.data, a->aad.data, a->aad.len,
	    a->iv.data, a->key.data) == 0;
}

static int
evp_opens(const struct aead *a, uint8_t *ret)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t tag[16], unused[16];
	int n = 0, ok = 1;

	assert_non_null(ctx);
	memcpy(tag, a->tag.data, sizeof(tag));
	/* Key first, nonce later: as keys/age_stream.c has it. */
	ok &= EVP_CipherInit_ex(ctx, EVP_chacha20_poly1305(), NULL,
	    a->key.data, NULL, 0) == 1;
	ok &= EVP_CipherInit_ex(ctx, NULL, NULL, NULL, a->iv.data, -1) == 1;
	ok &= EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, 16, tag) == 1;
	if (a->aad.len > 0)
		ok &= EVP_CipherUpdate(ctx, NULL, &n, a->aad.data,
		    (int)a->aad.len) == 1;
	if (a->ct.len > 0)
		ok &= EVP_CipherUpdate(ctx, ret, &n, a->ct.data,
		    (int)a->ct.len) == 1;
	assert_int_equal(ok, 1);
	ok = EVP_CipherFinal_ex(ctx, unused, &n) == 1;
	EVP_CIPHER_CTX_free(ctx);
	return ok;
}

static void
check_aead(const struct json_doc *group, const struct json_doc *test)
{
	CLEANUP(aead_release) struct aead a = {{0}, {0}, {0}, {0}, {0}, {0}};
	static uint8_t got[8192];

	(void)group;
	keys_test_hex(keys_test_str(test, "key"), &a.key);
	keys_test_hex(keys_test_str(test, "iv"), &a.iv);
	keys_test_hex(keys_test_str(test, "aad"), &a.aad);
	keys_test_hex(keys_test_str(test, "msg"), &a.msg);
	keys_test_hex(keys_test_str(test, "ct"), &a.ct);
	keys_test_hex(keys_test_str(test, "tag"), &a.tag);
	assert_in_range(a.ct.len, 0, sizeof(got));
	if (a.iv.len != 12) {           /* a length no caller here can have */
		assert_true(keys_test_is(test, "invalid"));
		return;
	}
	assert_int_equal(sodium_opens(&a, got), keys_test_is(test, "valid"));
	if (keys_test_is(test, "valid"))
		assert_memory_equal(got, a.msg.data, a.msg.len);
	assert_int_equal(evp_opens(&a, got), keys_test_is(test, "valid"));
	if (keys_test_is(test, "valid"))
		assert_memory_equal(got, a.msg.data, a.msg.len);
}

static void
test_chacha20_poly1305_wycheproof(void **state)
{
	CLEANUP(json_doc_cleanup) struct json_doc *doc =
	    keys_test_wycheproof("chacha20_poly1305_test.json");

	(void)state;
	assert_int_equal(keys_test_each(doc, check_aead), 325);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_x25519_wycheproof),
		cmocka_unit_test(test_chacha20_poly1305_wycheproof),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
