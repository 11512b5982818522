/* keys/pseudonym.c - what a project key gives. */
#include "keys/pseudonym.h"

#include <string.h>

#include "core/encode.h"

#define B32_LEN 26
#define CHECK_MODULUS 31

static const char check_alphabet[CHECK_MODULUS + 1] =
    "abcdefghijklmnopqrstuvwxyz23456";

void
pseudonym_key(const uint8_t project_key[EPOCH_KEY_LEN],
    const uint8_t project_epoch_sha256[DIGEST_LEN],
    uint8_t ret[PSEUDONYM_KEY_LEN])
{
	digest_kb(ret, PSEUDONYM_KEY_LEN, project_key, "azk1.pseu.key",
	    bytes_of(project_epoch_sha256, DIGEST_LEN));
}

void
pseudonym_make(const uint8_t key[PSEUDONYM_KEY_LEN],
    const uint8_t tag[RECORD_TAG_LEN], uint8_t ret[PSEUDONYM_LEN])
{
	digest_kb(ret, PSEUDONYM_LEN, key, "azk1.pseudonym",
	    bytes_of(tag, RECORD_TAG_LEN));
}

void
pseudonym_shift_key(const uint8_t project_key[EPOCH_KEY_LEN],
    const uint8_t project_epoch_sha256[DIGEST_LEN],
    uint8_t ret[PSEUDONYM_KEY_LEN])
{
	digest_kb(ret, PSEUDONYM_KEY_LEN, project_key, "azk1.shift.key",
	    bytes_of(project_epoch_sha256, DIGEST_LEN));
}

int
pseudonym_shift_weeks(const uint8_t key[PSEUDONYM_KEY_LEN],
    const uint8_t tag[RECORD_TAG_LEN])
{
	SECRET_BYTES(hash, PSEUDONYM_LEN);
	uint64_t n = 0;
	int weeks;

	digest_kb(hash, PSEUDONYM_LEN, key, "azk1.shift",
	    bytes_of(tag, RECORD_TAG_LEN));
	for (size_t i = 0; i < 8; i++)
		n = n << 8 | hash[i];
	weeks = (int)(n % (2 * PSEUDONYM_SHIFT_WEEKS)) - PSEUDONYM_SHIFT_WEEKS;
	return weeks < 0 ? weeks : weeks + 1;
}

/* ---- as text ---- */

/* The next five bits of 16 bytes, most significant first; beyond the end they
 * are zero. */
static unsigned
five_bits(const uint8_t p[PSEUDONYM_LEN], unsigned at)
{
	unsigned bit = at * 5, byte = bit / 8, pair = (unsigned)p[byte] << 8;

	if (byte + 1 < PSEUDONYM_LEN)
		pair |= p[byte + 1];
	return (pair >> (11 - bit % 8)) & 31u;
}

void
pseudonym_format(const uint8_t pseudonym[PSEUDONYM_LEN],
    char ret[PSEUDONYM_TEXT_LEN + 1])
{
	static const char b32[] = "abcdefghijklmnopqrstuvwxyz234567";
	unsigned i, v, sum = 0;

	for (i = 0; i < B32_LEN; i++) {
		v = five_bits(pseudonym, i);
		sum += (i + 1) * v;
		ret[i] = b32[v];
	}
	ret[B32_LEN] = check_alphabet[sum % CHECK_MODULUS];
	ret[PSEUDONYM_TEXT_LEN] = '\0';
}

/* Value + 1 of a base32 character, 0 for any other. */
static const uint8_t b32_values[256] = {
	['a'] = 1, ['b'] = 2, ['c'] = 3, ['d'] = 4, ['e'] = 5, ['f'] = 6,
	['g'] = 7, ['h'] = 8, ['i'] = 9, ['j'] = 10, ['k'] = 11, ['l'] = 12,
	['m'] = 13, ['n'] = 14, ['o'] = 15, ['p'] = 16, ['q'] = 17,
	['r'] = 18, ['s'] = 19, ['t'] = 20, ['u'] = 21, ['v'] = 22,
	['w'] = 23, ['x'] = 24, ['y'] = 25, ['z'] = 26, ['2'] = 27,
	['3'] = 28, ['4'] = 29, ['5'] = 30, ['6'] = 31, ['7'] = 32,
};

enum err
pseudonym_check(struct bytes text)
{
	unsigned i, v = 0, sum = 0, bad = 0;

	if (text.len != PSEUDONYM_TEXT_LEN ||
	    memchr(check_alphabet, text.data[B32_LEN], CHECK_MODULUS) == NULL)
		return ERR_SYNTAX;
	for (i = 0; i < B32_LEN; i++) {
		v = b32_values[text.data[i]];
		bad |= v == 0;
		sum += (i + 1) * (v - 1);
	}
	/* 130 bits for 128: the last two are zero. */
	if (bad || ((v - 1) & 3u) != 0)
		return ERR_SYNTAX;
	return text.data[B32_LEN] ==
	    (uint8_t)check_alphabet[sum % CHECK_MODULUS] ? ERR_OK :
	    ERR_MISMATCH;
}

enum err
pseudonym_parse(struct bytes text, uint8_t ret[PSEUDONYM_LEN])
{
	RETURN_IF(pseudonym_check(text));
	return decode_b32(bytes_of(text.data, B32_LEN), ret, PSEUDONYM_LEN);
}

/* ---- binding.txt, consents.csv, receipts ---- */

void
pseudonym_salt(const uint8_t project_key[EPOCH_KEY_LEN],
    const uint8_t plan_sha256[DIGEST_LEN], const char *export_id,
    uint8_t ret[32])
{
	const struct bytes parts[] = {
		bytes_of(plan_sha256, DIGEST_LEN), bytes_str(export_id),
	};

	digest_kb_lp(ret, 32, project_key, "azk1.salt", parts,
	    ARRAY_LEN(parts));
}

void
pseudonym_notice_key(const uint8_t project_key[EPOCH_KEY_LEN],
    const uint8_t plan_sha256[DIGEST_LEN], uint8_t ret[32])
{
	digest_kb(ret, 32, project_key, "azk1.notice",
	    bytes_of(plan_sha256, DIGEST_LEN));
}

void
pseudonym_receipt(const uint8_t project_key[EPOCH_KEY_LEN],
    const uint8_t plan_sha256[DIGEST_LEN],
    const uint8_t pseudonym[PSEUDONYM_LEN],
    uint8_t ret[PSEUDONYM_RECEIPT_LEN])
{
	const struct bytes parts[] = {
		bytes_of(plan_sha256, DIGEST_LEN),
		bytes_of(pseudonym, PSEUDONYM_LEN),
	};

	digest_kb_lp(ret, PSEUDONYM_RECEIPT_LEN, project_key, "azk1.receipt",
	    parts, ARRAY_LEN(parts));
}

static void
length_of(size_t len, uint8_t ret[4])
{
	ret[0] = (uint8_t)(len >> 24);
	ret[1] = (uint8_t)(len >> 16);
	ret[2] = (uint8_t)(len >> 8);
	ret[3] = (uint8_t)len;
}

void
pseudonym_receipt_proof(const char *export_id, const uint8_t salt[32],
    uint8_t ret[DIGEST_LEN])
{
	uint8_t id_len[4], salt_len[4];
	const struct bytes parts[] = {
		bytes_str("azukari-receipt"), bytes_of(id_len, 4),
		bytes_str(export_id), bytes_of(salt_len, 4),
		bytes_of(salt, 32),
	};

	length_of(strlen(export_id), id_len);
	length_of(32, salt_len);
	digest_sha256_parts(parts, ARRAY_LEN(parts), ret);
}

void
pseudonym_receipt_commitment(const uint8_t proof[DIGEST_LEN],
    uint8_t ret[DIGEST_LEN])
{
	digest_sha256(bytes_of(proof, DIGEST_LEN), ret);
}
