/* policy/grammar.c - the grammars, one function each. */
#include "policy/grammar.h"

#include <string.h>

#include "core/encode.h"

#define AGE_LEN 62
#define AGE_HRP "age"
#define SSH_PREFIX "ssh-ed25519 "
#define SSH_BLOB_LEN 51
#define VKEY_LEN 33             /* algorithm byte and key */

static int
is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static int
is_lower(uint8_t c)
{
	return c >= 'a' && c <= 'z';
}

static int
is_letter(uint8_t c)
{
	return is_lower(c) || (c >= 'A' && c <= 'Z');
}

static int
all_digits(struct bytes t)
{
	size_t i;

	for (i = 0; i < t.len; i++)
		if (!is_digit(t.data[i]))
			return 0;
	return t.len > 0;
}

/* Takes ${prefix} off the front. */
static int
skip(struct bytes *t, const char *prefix)
{
	struct bytes head;

	if (bytes_take(t, strlen(prefix), &head) != ERR_OK)
		return 0;
	return bytes_equal(head, bytes_str(prefix));
}

int
grammar_is_owner(struct bytes t)
{
	int n;

	if (t.len != 2 || !all_digits(t))
		return 0;
	n = (t.data[0] - '0') * 10 + (t.data[1] - '0');
	return n >= 1 && n <= 47;
}

int
grammar_is_name(struct bytes t)
{
	size_t i;

	if (t.len < 1 || t.len > 32 || !is_lower(t.data[0]))
		return 0;
	for (i = 1; i < t.len; i++)
		if (!is_lower(t.data[i]) && !is_digit(t.data[i]) &&
		    t.data[i] != '-')
			return 0;
	return 1;
}

int
grammar_is_field(struct bytes t)
{
	size_t i;

	if (t.len < 1 || t.len > 32 || !is_letter(t.data[0]))
		return 0;
	for (i = 1; i < t.len; i++)
		if (!is_letter(t.data[i]) && !is_digit(t.data[i]) &&
		    t.data[i] != '_')
			return 0;
	return 1;
}

int
grammar_is_request(struct bytes t)
{
	size_t i;

	if (!skip(&t, "REQ-") || t.len < 1 || t.len > 40)
		return 0;
	for (i = 0; i < t.len; i++)
		if (!is_letter(t.data[i]) && !is_digit(t.data[i]) &&
		    t.data[i] != '-')
			return 0;
	return 1;
}

/* `YYYY-NNNN`, more digits only above 9999. */
static int
is_year_number(struct bytes t)
{
	struct bytes number;

	if (t.len < 9 || t.len > 14 || t.data[4] != '-' ||
	    !all_digits(bytes_of(t.data, 4)) || t.data[0] == '0')
		return 0;
	number = bytes_of(t.data + 5, t.len - 5);
	return all_digits(number) && (number.len == 4 || number.data[0] != '0');
}

int
grammar_is_plan(struct bytes t)
{
	return skip(&t, "PLAN-") && is_year_number(t);
}

int
grammar_is_export(struct bytes t)
{
	return skip(&t, "EXP-") && is_year_number(t);
}

int
grammar_plan_matches_export(const char *plan, const char *export_id)
{
	struct bytes p = bytes_str(plan), e = bytes_str(export_id);

	return skip(&p, "PLAN-") && skip(&e, "EXP-") && bytes_equal(p, e);
}

int
grammar_is_origin(struct bytes t)
{
	const uint8_t *slash;
	size_t i;

	if (t.len < 3 || t.len > 255)
		return 0;
	for (i = 0; i < t.len; i++)
		if (t.data[i] <= ' ' || t.data[i] >= 0x7f || t.data[i] == '+')
			return 0;
	slash = memchr(t.data, '/', t.len);
	return slash != NULL && slash != t.data &&
	    slash != t.data + t.len - 1;
}

/* ---- bech32 (BIP 173) ---- */

static uint32_t
polymod(uint32_t sum, unsigned v)
{
	static const uint32_t gen[5] = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa,
	    0x3d4233dd, 0x2a1462b3};
	uint32_t top = sum >> 25;
	unsigned i;

	sum = (sum & 0x1ffffff) << 5 ^ v;
	for (i = 0; i < 5; i++)
		if ((top >> i & 1) != 0)
			sum ^= gen[i];
	return sum;
}

static int
bech32_value(uint8_t c)
{
	static const char set[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
	const char *at = c != '\0' ? strchr(set, c) : NULL;

	return at != NULL ? (int)(at - set) : -1;
}

int
grammar_is_age(struct bytes t)
{
	static const char hrp[] = AGE_HRP;
	uint32_t sum = 1;
	size_t i;
	int v;

	if (t.len != AGE_LEN || !skip(&t, AGE_HRP "1"))
		return 0;
	for (i = 0; hrp[i] != '\0'; i++)
		sum = polymod(sum, (unsigned)hrp[i] >> 5);
	sum = polymod(sum, 0);
	for (i = 0; hrp[i] != '\0'; i++)
		sum = polymod(sum, (unsigned)hrp[i] & 31);
	for (i = 0; i < t.len; i++) {
		if ((v = bech32_value(t.data[i])) < 0)
			return 0;
		/* 52 characters are 260 bits for 256: the last four are 0. */
		if (i == 51 && (v & 15) != 0)
			return 0;
		sum = polymod(sum, (unsigned)v);
	}
	return sum == 1;
}

int
grammar_is_ssh(struct bytes t)
{
	static const uint8_t head[] = "\0\0\0\x0bssh-ed25519\0\0\0\x20";
	uint8_t blob[SSH_BLOB_LEN];
	size_t len;

	if (!skip(&t, SSH_PREFIX) ||
	    decode_b64(t, 1, blob, sizeof(blob), &len) != ERR_OK)
		return 0;
	return len == sizeof(blob) &&
	    memcmp(blob, head, sizeof(head) - 1) == 0;
}

int
grammar_is_fingerprint(struct bytes t)
{
	uint8_t digest[GRAMMAR_SHA256_LEN];
	size_t len;

	return skip(&t, "SHA256:") && t.len == 43 &&
	    decode_b64(t, 0, digest, sizeof(digest), &len) == ERR_OK &&
	    len == sizeof(digest);
}

int
grammar_is_vkey(struct bytes t)
{
	const uint8_t *plus = t.len > 0 ? memchr(t.data, '+', t.len) : NULL;
	uint8_t id[4], key[VKEY_LEN];
	struct bytes part;
	size_t len;

	if (plus == NULL || !grammar_is_origin(bytes_of(t.data,
	    (size_t)(plus - t.data))))
		return 0;
	t.len -= (size_t)(plus + 1 - t.data);
	t.data = plus + 1;
	if (bytes_take(&t, 8, &part) != ERR_OK ||
	    decode_hex(part, id, sizeof(id)) != ERR_OK || !skip(&t, "+"))
		return 0;
	return decode_b64(t, 1, key, sizeof(key), &len) == ERR_OK &&
	    len == sizeof(key) && key[0] == 1;
}

int
grammar_is_disease(struct bytes t)
{
	return skip(&t, "MONDO:") && t.len == 7 && all_digits(t);
}

/* The next character that counts, lower case; 0 at the end. */
static uint8_t
next_folded(const uint8_t **at)
{
	const uint8_t *p = *at;

	while (*p == ' ' || (p[0] == 0xe3 && p[1] == 0x80 && p[2] == 0x80) ||
	    (p[0] == 0xc2 && p[1] == 0xa0))
		p += *p == ' ' ? 1 : *p == 0xe3 ? 3 : 2;
	*at = p + (*p != 0);
	return *p >= 'A' && *p <= 'Z' ? (uint8_t)(*p + 32) : *p;
}

int
grammar_same_institution(const char *a, const char *b)
{
	const uint8_t *p = (const uint8_t *)a, *q = (const uint8_t *)b;
	uint8_t c;

	do {
		c = next_folded(&p);
		if (c != next_folded(&q))
			return 0;
	} while (c != 0);
	return 1;
}
