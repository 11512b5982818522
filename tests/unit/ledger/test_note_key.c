#include "tests/unit/ledger/ledger_test.h"

#include <sodium.h>

#include "core/encode.h"
#include "ledger/note_key.h"

/* `NAME+ID+BASE64` with the id computed here, by libsodium. */
static void
make_vkey(const char *name, const uint8_t *key, size_t len, struct buf *out)
{
	CLEANUP(buf_release) struct buf hashed = {0};
	uint8_t digest[32];
	char hex[9];

	assert_ok(buf_printf(&hashed, "%s\n", name));
	assert_ok(buf_append(&hashed, key, len));
	(void)crypto_hash_sha256(digest, hashed.data, hashed.len);
	encode_hex(digest, 4, hex);
	buf_clear(out);
	assert_ok(buf_printf(out, "%s+%s+", name, hex));
	assert_ok(encode_b64(key, len, 1, out));
}

static void
a_vkey_reads_and_writes_back(void **state)
{
	CLEANUP(buf_release) struct buf vkey = {0}, back = {0};
	uint8_t raw[33] = {NOTE_KEY_ED25519, 7, 8, 9};
	struct note_key key, same;
	unsigned type;

	(void)state;
	for (type = 1; type <= 4; type += 3) {
		raw[0] = (uint8_t)type;
		make_vkey("ledger.example/a", raw, sizeof(raw), &vkey);
		assert_ok(note_key_parse(bytes_buf(&vkey), &key));
		assert_string_equal(key.name, "ledger.example/a");
		assert_int_equal(key.type, type);
		assert_memory_equal(key.public_key, raw + 1, 32);
		buf_clear(&back);
		assert_ok(note_key_write(&key, &back));
		assert_string_equal(buf_text(&back), buf_text(&vkey));
		assert_ok(note_key_init(key.name, key.type, key.public_key,
		    &same));
		assert_true(note_key_equal(&key, &same));
	}
	same.public_key[3] ^= 1;
	assert_false(note_key_equal(&key, &same));
}

static void
a_vkey_of_another_type_or_length_is_refused(void **state)
{
	CLEANUP(buf_release) struct buf vkey = {0};
	uint8_t raw[40] = {NOTE_KEY_ED25519};
	struct note_key key = {.name = "untouched"};
	size_t len;
	unsigned type;

	(void)state;
	for (type = 0; type < 256; type++) {
		if (type == NOTE_KEY_ED25519 || type == NOTE_KEY_COSIGNATURE)
			continue;
		raw[0] = (uint8_t)type;
		make_vkey("x", raw, 33, &vkey);
		assert_err(note_key_parse(bytes_buf(&vkey), &key),
		    ERR_UNSUPPORTED);
	}
	raw[0] = NOTE_KEY_ED25519;
	for (len = 0; len <= sizeof(raw); len++) {
		make_vkey("x", raw, len, &vkey);
		assert_err(note_key_parse(bytes_buf(&vkey), &key),
		    len == 33 ? ERR_OK : ERR_SYNTAX);
		(void)snprintf(key.name, sizeof(key.name), "untouched");
	}
	assert_string_equal(key.name, "untouched");
}

static void
every_changed_or_missing_character_of_a_vkey_is_refused(void **state)
{
	CLEANUP(note_signer_cleanup) struct note_signer *s = test_log_signer();
	CLEANUP(buf_release) struct buf vkey = {0};
	struct note_key key;
	size_t i;
	unsigned c;

	(void)state;
	assert_ok(note_key_write(note_signer_key(s), &vkey));
	for (i = 0; i < vkey.len; i++) {
		uint8_t was = vkey.data[i];

		assert_int_not_equal(note_key_parse(bytes_of(vkey.data, i),
		    &key), ERR_OK);
		for (c = 0; c < 256; c++) {
			vkey.data[i] = (uint8_t)c;
			assert_int_equal(note_key_parse(bytes_buf(&vkey),
			    &key) == ERR_OK, c == was);
		}
		vkey.data[i] = was;
	}
	assert_ok(buf_append_u8(&vkey, '\n'));
	assert_err(note_key_parse(bytes_buf(&vkey), &key), ERR_SYNTAX);
}

static void
names_have_no_spaces_no_plus_no_controls(void **state)
{
	static const char *const bad[] = {
		"", "a b", "a+b", "a\tb", "a\nb", "a\x7f", "\xc2\x85",
		"\xc2\xa0", "a\xe3\x80\x80", "\xe2\x80\x8a", "\xe2\x80\xa8",
		"\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe1\x9a\x80",
		"\xff", "a\xc3",
	};
	static const char *const good[] = {
		"a", "ledger.example/azukari", "\xe7\xa5\x9e",
		"\xf0\x9f\x90\x88", "a\xe2\x80\x94",
	};
	char longest[NOTE_KEY_NAME_MAX + 2];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(note_key_is_name(bytes_str(bad[i])));
	for (i = 0; i < ARRAY_LEN(good); i++)
		assert_true(note_key_is_name(bytes_str(good[i])));
	memset(longest, 'x', sizeof(longest));
	assert_true(note_key_is_name(bytes_of(longest, NOTE_KEY_NAME_MAX)));
	assert_false(note_key_is_name(bytes_of(longest,
	    NOTE_KEY_NAME_MAX + 1)));
}

static void
a_name_that_is_too_long_or_wrong_makes_no_key(void **state)
{
	char longest[NOTE_KEY_NAME_MAX + 2];
	uint8_t raw[NOTE_KEY_PUBLIC_MAX] = {1};
	struct note_key key;

	(void)state;
	memset(longest, 'x', sizeof(longest));
	longest[NOTE_KEY_NAME_MAX + 1] = '\0';
	assert_err(note_key_init(longest, NOTE_KEY_ED25519, raw, &key),
	    ERR_LIMIT);
	longest[NOTE_KEY_NAME_MAX] = '\0';
	assert_ok(note_key_init(longest, NOTE_KEY_ED25519, raw, &key));
	assert_err(note_key_init("a b", NOTE_KEY_ED25519, raw, &key),
	    ERR_SYNTAX);
	assert_err(note_key_init("a", 6, raw, &key), ERR_UNSUPPORTED);
}

/* Both types, over a text, against libsodium on its own. */
static void
signatures_verify_and_any_flipped_bit_does_not(void **state)
{
	unsigned type;

	(void)state;
	for (type = 1; type <= 4; type += 3) {
		CLEANUP(note_signer_cleanup) struct note_signer *s =
		    test_signer("a", (uint8_t)type, 9);
		CLEANUP(buf_release) struct buf sig = {0};
		struct bytes text = bytes_str("some text\n");
		int64_t time = -1;
		size_t bit, len;

		assert_ok(note_signer_sign(s, text, 1679315147, &sig));
		assert_int_equal(sig.len, type == 1 ? 64 : 72);
		assert_ok(note_key_verify(note_signer_key(s), text,
		    bytes_buf(&sig), &time));
		assert_true(time == (type == 1 ? 0 : 1679315147));
		for (bit = 0; bit < sig.len * 8; bit++) {
			sig.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
			assert_err(note_key_verify(note_signer_key(s), text,
			    bytes_buf(&sig), &time), ERR_SIGNATURE);
			sig.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
		for (len = 0; len < sig.len; len++)
			assert_err(note_key_verify(note_signer_key(s), text,
			    bytes_of(sig.data, len), NULL), ERR_SIGNATURE);
		assert_ok(buf_append_u8(&sig, 0));
		assert_err(note_key_verify(note_signer_key(s), text,
		    bytes_buf(&sig), NULL), ERR_SIGNATURE);
	}
}

static void
one_type_is_no_other(void **state)
{
	CLEANUP(note_signer_cleanup) struct note_signer *plain =
	    test_signer("a", NOTE_KEY_ED25519, 9);
	CLEANUP(note_signer_cleanup) struct note_signer *witness =
	    test_signer("a", NOTE_KEY_COSIGNATURE, 9);
	CLEANUP(buf_release) struct buf sig = {0}, timed = {0};
	struct bytes text = bytes_str("some text\n");

	(void)state;
	assert_memory_equal(note_signer_key(plain)->public_key,
	    note_signer_key(witness)->public_key, 32);
	assert_memory_not_equal(note_signer_key(plain)->id,
	    note_signer_key(witness)->id, 4);
	assert_ok(note_signer_sign(plain, text, 5, &sig));
	assert_ok(note_signer_sign(witness, text, 5, &timed));
	assert_err(note_key_verify(note_signer_key(witness), text,
	    bytes_buf(&sig), NULL), ERR_SIGNATURE);
	assert_err(note_key_verify(note_signer_key(plain), text,
	    bytes_of(timed.data + 8, 64), NULL), ERR_SIGNATURE);
	assert_err(note_signer_sign(witness, text, -1, &timed), ERR_RANGE);
}

static void
a_seed_has_32_bytes(void **state)
{
	struct note_signer *s = NULL;
	struct secret *seed;

	(void)state;
	assert_ok(secret_new(31, &seed));
	assert_err(note_signer_new("a", NOTE_KEY_ED25519, seed, &s),
	    ERR_RANGE);
	secret_free(seed);
	assert_ok(secret_new(32, &seed));
	assert_err(note_signer_new("a b", NOTE_KEY_ED25519, seed, &s),
	    ERR_SYNTAX);
	assert_err(note_signer_new("a", 9, seed, &s), ERR_UNSUPPORTED);
	secret_free(seed);
	assert_null(s);
	note_signer_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_vkey_reads_and_writes_back),
		cmocka_unit_test(a_vkey_of_another_type_or_length_is_refused),
		cmocka_unit_test(
		    every_changed_or_missing_character_of_a_vkey_is_refused),
		cmocka_unit_test(names_have_no_spaces_no_plus_no_controls),
		cmocka_unit_test(
		    a_name_that_is_too_long_or_wrong_makes_no_key),
		cmocka_unit_test(
		    signatures_verify_and_any_flipped_bit_does_not),
		cmocka_unit_test(one_type_is_no_other),
		cmocka_unit_test(a_seed_has_32_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
