#include "tests/unit/keys/keys_test.h"

#include "keys/digest.h"

static const char abc_hex[] =
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
static const char empty_hex[] =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

static void
test_sha256_known_answers(void **state)
{
	char hex[DIGEST_HEX_LEN + 1];

	(void)state;
	digest_sha256_hex(bytes_str("abc"), hex);
	assert_string_equal(hex, abc_hex);
	digest_sha256_hex(bytes_of(NULL, 0), hex);
	assert_string_equal(hex, empty_hex);
}

/* Short messages and long ones take different libraries: across the border
 * the one-shot must agree with the stream and with pieces. */
static void
test_sha256_paths_agree(void **state)
{
	static uint8_t data[2048];
	uint8_t a[DIGEST_LEN], b[DIGEST_LEN], c[DIGEST_LEN];

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7 + i / 256);
	for (size_t len = 0; len <= sizeof(data); len += len < 600 ? 1 : 61) {
		struct digest_stream s;
		const struct bytes parts[] = {bytes_of(data, len / 3),
		    bytes_of(NULL, 0), bytes_of(data + len / 3, len - len / 3)};

		digest_sha256(bytes_of(data, len), a);
		digest_sha256_parts(parts, ARRAY_LEN(parts), b);
		assert_ok(digest_stream_init(&s));
		for (size_t i = 0; i < len; i++)
			digest_stream_update(&s, bytes_of(data + i, 1));
		assert_ok(digest_stream_end(&s, c));
		assert_memory_equal(a, b, sizeof(a));
		assert_memory_equal(a, c, sizeof(a));
	}
}

static void
test_sha256_long_known_answer(void **state)
{
	CLEANUP(buf_release) struct buf million = {0};
	char hex[DIGEST_HEX_LEN + 1];

	(void)state;
	assert_ok(buf_reserve(&million, 1000000));
	memset(million.data, 'a', 1000000);
	million.len = 1000000;
	digest_sha256_hex(bytes_buf(&million), hex);
	assert_string_equal(hex,
	    "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void
test_hex_is_strict(void **state)
{
	uint8_t d[DIGEST_LEN], want[DIGEST_LEN];
	char bad[DIGEST_HEX_LEN + 2];

	(void)state;
	digest_sha256(bytes_str("abc"), want);
	assert_ok(digest_from_hex(bytes_str(abc_hex), d));
	assert_memory_equal(d, want, sizeof(d));
	assert_err(digest_from_hex(bytes_of(abc_hex, 63), d), ERR_SYNTAX);
	(void)snprintf(bad, sizeof(bad), "%s0", abc_hex);
	assert_err(digest_from_hex(bytes_str(bad), d), ERR_SYNTAX);
	(void)snprintf(bad, sizeof(bad), "%s", abc_hex);
	bad[0] = 'B';
	assert_err(digest_from_hex(bytes_str(bad), d), ERR_SYNTAX);
	bad[0] = 'g';
	assert_err(digest_from_hex(bytes_str(bad), d), ERR_SYNTAX);
}

static void
test_sha256_file(void **state)
{
	char dir[FS_PATH_MAX], path[FS_PATH_MAX];
	uint8_t d[DIGEST_LEN], want[DIGEST_LEN];
	CLEANUP(buf_release) struct buf b = {0};
	uint64_t len = 1;

	(void)state;
	keys_test_mkdir(dir);
	assert_ok(fs_path(path, "%s/f", dir));
	assert_err(digest_sha256_file(path, d, NULL), ERR_NOT_FOUND);
	assert_ok(fs_write_file(path, bytes_of(NULL, 0), 0600));
	assert_ok(digest_sha256_file(path, d, &len));
	digest_sha256(bytes_of(NULL, 0), want);
	assert_memory_equal(d, want, sizeof(d));
	assert_int_equal(len, 0);
	for (int i = 0; i < 100000; i++)
		assert_ok(buf_append_u16be(&b, (uint16_t)i));
	assert_ok(fs_write_file(path, bytes_buf(&b), 0600));
	assert_ok(digest_sha256_file(path, d, &len));
	digest_sha256(bytes_buf(&b), want);
	assert_memory_equal(d, want, sizeof(d));
	assert_int_equal(len, 200000);
	assert_err(digest_sha256_file(dir, d, NULL), ERR_IO);
	keys_test_rmdir(dir);
}

/* Made with hashlib.blake2b(msg, key=bytes(range(32)), person=..., digest_size=n)
 * of Python. */
static void
test_kb_equals_python(void **state)
{
	uint8_t key[32], got[64];
	char hex[129];

	(void)state;
	for (uint8_t i = 0; i < 32; i++)
		key[i] = i;
	digest_kb(got, 32, key, "azk1.tag", bytes_str("hello"));
	encode_hex(got, 32, hex);
	assert_string_equal(hex,
	    "c733af8d32236c15759afc459d9ee63dcca9365243dc7f729de72035c8d3a457");
	digest_kb(got, 16, key, "azk1.pseudonym", bytes_of(NULL, 0));
	encode_hex(got, 16, hex);
	assert_string_equal(hex,
	    "e0a5475720c4d25c88202e982cef9b34");
	digest_kb(got, 64, key, "sixteen letters!", bytes_str("x"));
	encode_hex(got, 64, hex);
	assert_string_equal(hex,
	    "a00e5c51ede0acdadf4ac9553ff92366cd81a6f7310701977548f0c7e44b7fe9"
	    "4bb74047c7daa2386519f5a0c8d0e4eb6b7338e91a21f8abd6db4c264448d868");
}

static void
test_kb_pieces(void **state)
{
	uint8_t key[32] = {1}, a[32], b[32], c[32];
	const struct bytes parts[] = {bytes_str("14"), bytes_of(NULL, 0),
	    bytes_str("line"), bytes_str("U123")};
	CLEANUP(buf_release) struct buf lp = {0};

	(void)state;
	digest_kb(a, 32, key, "azk1.tag", bytes_str("14lineU123"));
	digest_kb_parts(b, 32, key, "azk1.tag", parts, ARRAY_LEN(parts));
	assert_memory_equal(a, b, 32);
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		assert_ok(buf_append_lp(&lp, parts[i].data, parts[i].len));
	digest_kb(a, 32, key, "azk1.tag", bytes_buf(&lp));
	digest_kb_lp(b, 32, key, "azk1.tag", parts, ARRAY_LEN(parts));
	assert_memory_equal(a, b, 32);
	digest_kb(c, 32, key, "azk1.taf", bytes_buf(&lp));
	assert_memory_not_equal(a, c, 32);
	key[31] ^= 1;
	digest_kb(c, 32, key, "azk1.tag", bytes_buf(&lp));
	assert_memory_not_equal(a, c, 32);
}

static void
check_hmac(const struct json_doc *group, const struct json_doc *test)
{
	CLEANUP(buf_release) struct buf key = {0};
	CLEANUP(buf_release) struct buf msg = {0};
	CLEANUP(buf_release) struct buf tag = {0};
	size_t tag_len = (size_t)json_doc_int(
	    json_doc_get(group, "tagSize"), 0) / 8;
	uint8_t got[DIGEST_LEN];

	keys_test_hex(keys_test_str(test, "key"), &key);
	keys_test_hex(keys_test_str(test, "msg"), &msg);
	keys_test_hex(keys_test_str(test, "tag"), &tag);
	assert_in_range(tag_len, 16, DIGEST_LEN);
	assert_int_equal(tag.len, tag_len);
	digest_hmac_sha256(bytes_buf(&key), bytes_buf(&msg), got);
	assert_int_equal(memcmp(got, tag.data, tag_len) == 0,
	    keys_test_is(test, "valid"));
}

static void
test_hmac_wycheproof(void **state)
{
	CLEANUP(json_doc_cleanup) struct json_doc *doc =
	    keys_test_wycheproof("hmac_sha256_test.json");

	(void)state;
	assert_int_equal(keys_test_each(doc, check_hmac), 174);
}

static void
check_hkdf(const struct json_doc *group, const struct json_doc *test)
{
	CLEANUP(buf_release) struct buf ikm = {0};
	CLEANUP(buf_release) struct buf salt = {0};
	CLEANUP(buf_release) struct buf info = {0};
	CLEANUP(buf_release) struct buf okm = {0};
	size_t len = (size_t)json_doc_int(json_doc_get(test, "size"), 0);
	static uint8_t got[255 * 32];
	enum err e;

	(void)group;
	keys_test_hex(keys_test_str(test, "ikm"), &ikm);
	keys_test_hex(keys_test_str(test, "salt"), &salt);
	keys_test_hex(keys_test_str(test, "info"), &info);
	keys_test_hex(keys_test_str(test, "okm"), &okm);
	e = digest_hkdf_sha256(bytes_buf(&ikm), bytes_buf(&salt),
	    bytes_buf(&info), got, len);
	if (!keys_test_is(test, "valid")) {
		assert_err(e, ERR_RANGE);
		return;
	}
	assert_ok(e);
	assert_int_equal(okm.len, len);
	assert_memory_equal(got, okm.data, len);
}

static void
test_hkdf_wycheproof(void **state)
{
	CLEANUP(json_doc_cleanup) struct json_doc *doc =
	    keys_test_wycheproof("hkdf_sha256_test.json");

	(void)state;
	assert_int_equal(keys_test_each(doc, check_hkdf), 86);
}

static void
test_hkdf_bounds(void **state)
{
	static uint8_t got[255 * 32 + 1];
	struct bytes none = bytes_of(NULL, 0);

	(void)state;
	assert_ok(digest_hkdf_sha256(none, none, none, got, 255 * 32));
	assert_err(digest_hkdf_sha256(none, none, none, got, 255 * 32 + 1),
	    ERR_RANGE);
	assert_err(digest_hkdf_sha256(none, none, none, got, 0), ERR_RANGE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sha256_known_answers),
		cmocka_unit_test(test_sha256_paths_agree),
		cmocka_unit_test(test_sha256_long_known_answer),
		cmocka_unit_test(test_hex_is_strict),
		cmocka_unit_test(test_sha256_file),
		cmocka_unit_test(test_kb_equals_python),
		cmocka_unit_test(test_kb_pieces),
		cmocka_unit_test(test_hmac_wycheproof),
		cmocka_unit_test(test_hkdf_wycheproof),
		cmocka_unit_test(test_hkdf_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
