#include "tests/unit/keys/keys_test.h"

#include "keys/age.h"
#include "keys/bech32.h"

/* A pair made by age-keygen. */
static const char secret_text[] =
    "AGE-SECRET-KEY-1SCYHZ50X4RX3UP0KFYJHWVYJN8J92DV3Y0DYNQX5LT0SJJSZ0Z8QHVKD70";
static const char recipient_text[] =
    "age1m77d2chcyhf04w8ydw5czzemzqh57qxp3ueyntcvh8gtqrju8uysdgsttn";

static enum err
decode_recipient(const char *text)
{
	uint8_t key[32];

	return bech32_decode_recipient(bytes_str(text), key);
}

static enum err
decode_secret(const char *text)
{
	CLEANUP(secret_cleanup) struct secret *s = NULL;

	return bech32_decode_secret(bytes_str(text), &s);
}

static void
test_pair_of_age_keygen(void **state)
{
	CLEANUP(secret_cleanup) struct secret *s = NULL;
	struct age_recipient made, parsed;
	char text[BECH32_RECIPIENT_LEN + 1];
	uint8_t again[BECH32_SECRET_LEN];

	(void)state;
	assert_ok(bech32_decode_secret(bytes_str(secret_text), &s));
	assert_ok(age_secret_recipient(s, &made));
	assert_ok(age_recipient_parse(bytes_str(recipient_text), &parsed));
	assert_true(age_recipient_equal(&made, &parsed));
	bech32_encode_recipient(made.key, text);
	assert_string_equal(text, recipient_text);
	bech32_encode_secret(secret_bytes(s), again);
	assert_memory_equal(again, secret_text, sizeof(again));
}

static void
test_round_trips(void **state)
{
	(void)state;
	for (int i = 0; i < 200; i++) {
		uint8_t key[32], got[32], text[BECH32_SECRET_LEN];
		char pub[BECH32_RECIPIENT_LEN + 1];
		CLEANUP(secret_cleanup) struct secret *s = NULL;

		secret_random(key, sizeof(key));
		if (i < 2)
			memset(key, i == 0 ? 0 : 0xff, sizeof(key));
		bech32_encode_recipient(key, pub);
		assert_ok(bech32_decode_recipient(bytes_str(pub), got));
		assert_memory_equal(got, key, sizeof(key));
		bech32_encode_secret(key, text);
		assert_ok(bech32_decode_secret(bytes_of(text, sizeof(text)),
		    &s));
		assert_memory_equal(secret_bytes(s), key, sizeof(key));
	}
}

/* Every character replaced by every other printable one: bech32 finds any
 * single error, and a wrong prefix or case is refused before that. */
static void
test_every_single_change(void **state)
{
	char text[BECH32_SECRET_LEN + 1];

	(void)state;
	for (size_t i = 0; i < BECH32_RECIPIENT_LEN; i++)
		for (int c = 0; c < 256; c++) {
			memcpy(text, recipient_text, sizeof(recipient_text));
			if ((char)c == text[i] || c == 0)
				continue;
			text[i] = (char)c;
			assert_err(decode_recipient(text), ERR_SYNTAX);
		}
	for (size_t i = 0; i < BECH32_SECRET_LEN; i++)
		for (int c = 32; c < 127; c++) {
			memcpy(text, secret_text, sizeof(secret_text));
			if ((char)c == text[i])
				continue;
			text[i] = (char)c;
			assert_err(decode_secret(text), ERR_SYNTAX);
		}
}

static void
test_lengths(void **state)
{
	char text[BECH32_SECRET_LEN + 8];
	uint8_t key[32];

	(void)state;
	for (size_t len = 0; len < BECH32_RECIPIENT_LEN; len++)
		assert_err(bech32_decode_recipient(
		    bytes_of(recipient_text, len), key), ERR_SYNTAX);
	(void)snprintf(text, sizeof(text), "%sq", recipient_text);
	assert_err(decode_recipient(text), ERR_SYNTAX);
	(void)snprintf(text, sizeof(text), "%s\n", recipient_text);
	assert_err(decode_recipient(text), ERR_SYNTAX);
	(void)snprintf(text, sizeof(text), " %s", recipient_text);
	assert_err(decode_recipient(text), ERR_SYNTAX);
	(void)snprintf(text, sizeof(text), "%s ", secret_text);
	assert_err(decode_secret(text), ERR_SYNTAX);
	/* A NUL is not a character of the alphabet. */
	memcpy(text, recipient_text, sizeof(recipient_text));
	text[20] = '\0';
	assert_err(bech32_decode_recipient(
	    bytes_of(text, BECH32_RECIPIENT_LEN), key), ERR_SYNTAX);
}

static void
test_case_and_kind(void **state)
{
	char text[BECH32_SECRET_LEN + 1];

	(void)state;
	for (size_t i = 0; i <= BECH32_RECIPIENT_LEN; i++)
		text[i] = (char)(recipient_text[i] >= 'a' ?
		    recipient_text[i] - 32 : recipient_text[i]);
	assert_err(decode_recipient(text), ERR_SYNTAX);
	for (size_t i = 0; i <= BECH32_SECRET_LEN; i++)
		text[i] = (char)(secret_text[i] >= 'A' ?
		    secret_text[i] + 32 : secret_text[i]);
	assert_err(decode_secret(text), ERR_SYNTAX);
	assert_err(decode_recipient(secret_text), ERR_SYNTAX);
	assert_err(decode_secret(recipient_text), ERR_SYNTAX);
	assert_err(decode_recipient("age1yubikey1qwt50d05nh5vutpdzmlg5wn80xq5n"
	    "egzy4ahy0uuaq4xsss9q7jzsnnqwcn"), ERR_SYNTAX);
	assert_err(decode_recipient("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHsKLq"
	    "eplhpW+uObz5dvMgjz1OxfM/XXUB+VHtZ6isGN"), ERR_SYNTAX);
}

/* Checksums that are right over strings that are wrong. */
static uint32_t
step(uint32_t chk, unsigned value)
{
	static const uint32_t g[5] = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa,
	    0x3d4233dd, 0x2a1462b3};
	uint32_t top = chk >> 25;

	chk = (chk & 0x1ffffff) << 5 ^ value;
	for (int i = 0; i < 5; i++)
		if (top >> i & 1)
			chk ^= g[i];
	return chk;
}

static void
make(const char *hrp, const uint8_t *symbols, size_t count, uint32_t final,
    char *ret)
{
	static const char alphabet[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
	uint32_t chk = 1;
	char *at = ret + sprintf(ret, "%s1", hrp);

	for (size_t i = 0; hrp[i] != '\0'; i++)
		chk = step(chk, (unsigned char)hrp[i] >> 5);
	chk = step(chk, 0);
	for (size_t i = 0; hrp[i] != '\0'; i++)
		chk = step(chk, (unsigned char)hrp[i] & 31);
	for (size_t i = 0; i < count; i++) {
		chk = step(chk, symbols[i]);
		*at++ = alphabet[symbols[i]];
	}
	for (int i = 0; i < 6; i++)
		chk = step(chk, 0);
	chk ^= final;
	for (int i = 0; i < 6; i++)
		*at++ = alphabet[chk >> 5 * (5 - i) & 31];
	*at = '\0';
}

static void
test_right_checksum_wrong_string(void **state)
{
	uint8_t symbols[64] = {3, 1, 4, 1, 5, 9, 2, 6};
	char text[128];

	(void)state;
	make("age", symbols, 52, 1, text);
	assert_ok(decode_recipient(text));
	symbols[51] = 16;               /* the last bit of the key */
	make("age", symbols, 52, 1, text);
	assert_ok(decode_recipient(text));
	for (uint8_t pad = 1; pad < 16; pad++) {
		symbols[51] = pad;
		make("age", symbols, 52, 1, text);
		assert_err(decode_recipient(text), ERR_SYNTAX);
	}
	symbols[51] = 0;
	make("age", symbols, 51, 1, text);
	assert_err(decode_recipient(text), ERR_SYNTAX);
	make("age", symbols, 53, 1, text);
	assert_err(decode_recipient(text), ERR_SYNTAX);
	make("agf", symbols, 52, 1, text);
	assert_err(decode_recipient(text), ERR_SYNTAX);
	make("age", symbols, 52, 0x2bc830a3, text);     /* bech32m */
	assert_err(decode_recipient(text), ERR_SYNTAX);
}

static void
test_small_order_recipients(void **state)
{
	static const char *const points[] = {
	    "0000000000000000000000000000000000000000000000000000000000000000",
	    "0100000000000000000000000000000000000000000000000000000000000000",
	    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
	    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(points); i++) {
		CLEANUP(buf_release) struct buf key = {0};
		char text[BECH32_RECIPIENT_LEN + 1];
		struct age_recipient r;

		keys_test_hex(points[i], &key);
		bech32_encode_recipient(key.data, text);
		assert_err(age_recipient_parse(bytes_str(text), &r), ERR_RANGE);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pair_of_age_keygen),
		cmocka_unit_test(test_round_trips),
		cmocka_unit_test(test_every_single_change),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_case_and_kind),
		cmocka_unit_test(test_right_checksum_wrong_string),
		cmocka_unit_test(test_small_order_recipients),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
