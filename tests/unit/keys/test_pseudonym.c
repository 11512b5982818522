#include "tests/unit/keys/keys_vectors.h"
#include "tests/unit/keys/seats_test.h"

#include "keys/pseudonym.h"

#define EXPORT "EXP-2026-0007"

static void
count(uint8_t *bytes, size_t len, uint8_t from)
{
	for (size_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)(from + i);
}

static void
assert_hex(const uint8_t *got, size_t len, const char *want)
{
	char hex[256];

	assert_true(2 * len < sizeof(hex));
	encode_hex(got, len, hex);
	assert_string_equal(hex, want);
}

static void
derivations_equal_python(void **state)
{
	uint8_t project[32], epoch[32], plan[32], key[32], out[32],
	    pseudonym[PSEUDONYM_LEN], salt[32], proof[32];
	char text[PSEUDONYM_TEXT_LEN + 1];
	CLEANUP(buf_release) struct buf tag = {0};

	(void)state;
	count(project, 32, 0);
	count(epoch, 32, 0x20);
	count(plan, 32, 0x40);
	seats_hex(KEYS_TAG, &tag);
	pseudonym_key(project, epoch, key);
	pseudonym_make(key, tag.data, pseudonym);
	assert_hex(pseudonym, PSEUDONYM_LEN, KEYS_PSEUDONYM);
	pseudonym_format(pseudonym, text);
	assert_string_equal(text, KEYS_PSEUDONYM_TEXT);
	pseudonym_notice_key(project, plan, out);
	assert_hex(out, 32, KEYS_NOTICE_KEY);
	pseudonym_salt(project, plan, EXPORT, salt);
	assert_hex(salt, 32, KEYS_SALT);
	pseudonym_receipt(project, plan, pseudonym, out);
	assert_hex(out, PSEUDONYM_RECEIPT_LEN, KEYS_RECEIPT);
	pseudonym_receipt_proof(EXPORT, salt, proof);
	assert_hex(proof, 32, KEYS_RECEIPT_PROOF);
	pseudonym_receipt_commitment(proof, out);
	assert_hex(out, 32, KEYS_RECEIPT_COMMITMENT);
}

/* As Python's hashlib has it; within a project stable, across unlike. */
static void
weeks_of_a_shift(void **state)
{
	static const int want[] = {-25, -21, -6, 23};
	uint8_t project[32], epoch[32], other[32] = {1}, key[32], key2[32];
	uint8_t tag[32];
	int seen[2 * PSEUDONYM_SHIFT_WEEKS + 1] = {0};
	size_t same = 0, i;

	(void)state;
	count(project, 32, 0);
	count(epoch, 32, 0x20);
	pseudonym_shift_key(project, epoch, key);
	pseudonym_shift_key(other, epoch, key2);
	for (i = 0; i < 4000; i++) {
		int weeks;

		memset(tag, (int)(i & 255), sizeof(tag));
		if (i > 255)
			tag[0] = (uint8_t)(i >> 8), tag[1] = 1;
		weeks = pseudonym_shift_weeks(key, tag);
		if (i < ARRAY_LEN(want))
			assert_int_equal(weeks, want[i]);
		assert_in_range(weeks + PSEUDONYM_SHIFT_WEEKS, 0,
		    2 * PSEUDONYM_SHIFT_WEEKS);
		seen[weeks + PSEUDONYM_SHIFT_WEEKS]++;
		assert_int_equal(weeks, pseudonym_shift_weeks(key, tag));
		same += weeks == pseudonym_shift_weeks(key2, tag);
	}
	for (i = 0; i < ARRAY_LEN(seen); i++)
		assert_int_equal(seen[i] > 0, i != PSEUDONYM_SHIFT_WEEKS);
	assert_in_range(same, 4000 / 52 / 2, 4000 / 52 * 2);
}

/* P8: the same person under two projects, plans or keys. */
static void
nothing_is_stable_across_projects(void **state)
{
	uint8_t a[32] = {1}, b[32] = {2}, e1[32] = {3}, e2[32] = {4}, tag[32] =
	    {5}, k1[32], k2[32], k3[32], p1[16], p2[16], p3[16];

	(void)state;
	pseudonym_key(a, e1, k1);
	pseudonym_key(b, e1, k2);
	pseudonym_key(a, e2, k3);
	pseudonym_make(k1, tag, p1);
	pseudonym_make(k2, tag, p2);
	pseudonym_make(k3, tag, p3);
	assert_memory_not_equal(p1, p2, 16);
	assert_memory_not_equal(p1, p3, 16);
	assert_memory_not_equal(p2, p3, 16);
	pseudonym_receipt(a, e1, p1, k1);
	pseudonym_receipt(a, e2, p1, k2);
	assert_memory_not_equal(k1, k2, PSEUDONYM_RECEIPT_LEN);
}

static void
text_and_back(void **state)
{
	uint8_t p[PSEUDONYM_LEN], got[PSEUDONYM_LEN];
	char text[PSEUDONYM_TEXT_LEN + 1];

	(void)state;
	for (int round = 0; round < 2000; round++) {
		if (round < 2)
			memset(p, round == 0 ? 0 : 0xff, sizeof(p));
		else
			secret_random(p, sizeof(p));
		pseudonym_format(p, text);
		assert_int_equal(strlen(text), PSEUDONYM_TEXT_LEN);
		assert_ok(pseudonym_parse(bytes_str(text), got));
		assert_memory_equal(p, got, sizeof(p));
	}
}

/* What people do when they copy: one character wrong, two exchanged.  `a` for
 * `7` is the one pair the check cannot tell apart (0 and 31 modulo 31). */
static void
slips_are_found(void **state)
{
	static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
	uint8_t p[PSEUDONYM_LEN], got[PSEUDONYM_LEN];
	char text[PSEUDONYM_TEXT_LEN + 1], bad[PSEUDONYM_TEXT_LEN + 1];

	(void)state;
	secret_random(p, sizeof(p));
	pseudonym_format(p, text);
	for (size_t i = 0; i < PSEUDONYM_TEXT_LEN; i++) {
		memcpy(bad, text, sizeof(bad));
		for (size_t c = 0; c < 32; c++) {
			bad[i] = alphabet[c];
			if (bad[i] == text[i] || (i < 26 &&
			    strchr("a7", bad[i]) != NULL &&
			    strchr("a7", text[i]) != NULL))
				continue;
			assert_true(pseudonym_parse(bytes_str(bad), got) !=
			    ERR_OK);
		}
		memcpy(bad, text, sizeof(bad));
		if (i + 1 >= 26 || text[i] == text[i + 1] ||
		    (strchr("a7", text[i]) != NULL &&
		    strchr("a7", text[i + 1]) != NULL))
			continue;
		bad[i] = text[i + 1];
		bad[i + 1] = text[i];
		assert_true(pseudonym_parse(bytes_str(bad), got) != ERR_OK);
	}
}

static void
what_is_no_pseudonym(void **state)
{
	uint8_t got[PSEUDONYM_LEN];
	char text[PSEUDONYM_TEXT_LEN + 2] = KEYS_PSEUDONYM_TEXT;

	(void)state;
	assert_ok(pseudonym_parse(bytes_str(text), got));
	for (size_t len = 0; len < PSEUDONYM_TEXT_LEN; len++)
		assert_err(pseudonym_parse(bytes_of(text, len), got),
		    ERR_SYNTAX);
	text[27] = 'a';
	assert_err(pseudonym_parse(bytes_of(text, 28), got), ERR_SYNTAX);
	text[27] = '\0';
	text[26] = '7';                 /* no character of the check */
	assert_err(pseudonym_parse(bytes_str(text), got), ERR_SYNTAX);
	text[26] = text[26] == 'b' ? 'c' : 'b';
	assert_err(pseudonym_parse(bytes_str(text), got), ERR_MISMATCH);
	memcpy(text, KEYS_PSEUDONYM_TEXT, 28);
	text[0] = 'A';
	assert_err(pseudonym_parse(bytes_str(text), got), ERR_SYNTAX);
	memcpy(text, KEYS_PSEUDONYM_TEXT, 28);
	text[25] = 'b';                 /* bits behind the 128th */
	assert_err(pseudonym_parse(bytes_str(text), got), ERR_SYNTAX);
}

static void
notice_blocks(void **state)
{
	CLEANUP(pseudonym_notice_cleanup) struct pseudonym_notice *n = NULL,
	    *other = NULL;
	CLEANUP(buf_release) struct buf key = {0}, pseudonym = {0};
	uint8_t block[PSEUDONYM_BLOCK_LEN], got[PSEUDONYM_LEN];

	(void)state;
	seats_hex(KEYS_NOTICE_KEY, &key);
	seats_hex(KEYS_PSEUDONYM, &pseudonym);
	assert_ok(pseudonym_notice_new(key.data, &n));
	for (int i = 0; i < 3; i++) {   /* the context keeps no state */
		assert_ok(pseudonym_notice_block(n, pseudonym.data, block));
		assert_hex(block, sizeof(block), KEYS_NOTICE_BLOCK);
		assert_ok(pseudonym_notice_open(n, block, got));
		assert_memory_equal(got, pseudonym.data, PSEUDONYM_LEN);
	}
	key.data[31] ^= 1;
	assert_ok(pseudonym_notice_new(key.data, &other));
	assert_ok(pseudonym_notice_open(other, block, got));
	assert_memory_not_equal(got, pseudonym.data, PSEUDONYM_LEN);
	pseudonym_notice_free(NULL);
}

static void
aes_as_fips_197_has_it(void **state)
{
	CLEANUP(pseudonym_notice_cleanup) struct pseudonym_notice *n = NULL;
	uint8_t key[32], in[16], out[16];

	(void)state;
	count(key, sizeof(key), 0);
	for (uint8_t i = 0; i < 16; i++)
		in[i] = (uint8_t)(i * 0x11);
	assert_ok(pseudonym_notice_new(key, &n));
	assert_ok(pseudonym_notice_block(n, in, out));
	assert_hex(out, 16, "8ea2b7ca516745bfeafc49904b496089");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(weeks_of_a_shift),
		cmocka_unit_test(derivations_equal_python),
		cmocka_unit_test(nothing_is_stable_across_projects),
		cmocka_unit_test(text_and_back),
		cmocka_unit_test(slips_are_found),
		cmocka_unit_test(what_is_no_pseudonym),
		cmocka_unit_test(notice_blocks),
		cmocka_unit_test(aes_as_fips_197_has_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
