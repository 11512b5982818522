#include "keys/bech32.h"

#include <string.h>

#define SYMBOLS 58              /* 52 of data, 6 of checksum */
#define DATA_SYMBOLS 52         /* 256 bits and 4 zero bits */

static const char charset_lower[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
static const char charset_upper[] = "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L";

struct form {
	const char *prefix;     /* human-readable part and the separator */
	const char *charset;
};
static const struct form recipient_form = {"age1", charset_lower};
static const struct form secret_form = {"AGE-SECRET-KEY-1", charset_upper};

static uint32_t
polymod_step(uint32_t chk, uint8_t value)
{
	static const uint32_t generator[5] = {0x3b6a57b2, 0x26508e6d,
	    0x1ea119fa, 0x3d4233dd, 0x2a1462b3};
	uint32_t top = chk >> 25;

	chk = (chk & 0x1ffffff) << 5 ^ value;
	for (unsigned i = 0; i < 5; i++)
		chk ^= generator[i] & (0u - (top >> i & 1));
	return chk;
}

static uint8_t
lower(char c)
{
	return (uint8_t)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

/* The checksum's state behind the human-readable part. */
static uint32_t
polymod_prefix(const char *prefix)
{
	size_t len = strlen(prefix) - 1;        /* without the separator */
	uint32_t chk = 1;

	for (size_t i = 0; i < len; i++)
		chk = polymod_step(chk, lower(prefix[i]) >> 5);
	chk = polymod_step(chk, 0);
	for (size_t i = 0; i < len; i++)
		chk = polymod_step(chk, lower(prefix[i]) & 31);
	return chk;
}

static void
pack(const uint8_t symbols[DATA_SYMBOLS], uint8_t ret[32])
{
	uint32_t acc = 0;
	unsigned bits = 0;

	for (size_t i = 0, n = 0; i < DATA_SYMBOLS; i++) {
		acc = (acc << 5 | symbols[i]) & 0xfff;
		bits += 5;
		if (bits >= 8) {
			bits -= 8;
			ret[n++] = (uint8_t)(acc >> bits);
		}
	}
}

static void
unpack(const uint8_t key[32], uint8_t ret[DATA_SYMBOLS])
{
	uint32_t acc = 0;
	unsigned bits = 0;
	size_t n = 0;

	for (size_t i = 0; i < 32; i++) {
		acc = (acc << 8 | key[i]) & 0xfff;
		for (bits += 8; bits >= 5; bits -= 5)
			ret[n++] = acc >> (bits - 5) & 31;
	}
	ret[n] = (uint8_t)(acc << (5 - bits) & 31);
}

/* ERR_SYNTAX when ${c} is not of the alphabet. */
static enum err
symbol_of(const char *charset, uint8_t c, uint8_t *ret)
{
	const char *at = c != '\0' ? strchr(charset, c) : NULL;

	if (at == NULL)
		return ERR_SYNTAX;
	*ret = (uint8_t)(at - charset);
	return ERR_OK;
}

static enum err
decode(struct bytes text, const struct form *form, uint8_t ret[32])
{
	SECRET_BYTES(symbols, SYMBOLS);
	size_t prefix_len = strlen(form->prefix);
	uint32_t chk = polymod_prefix(form->prefix);

	if (text.len != prefix_len + SYMBOLS ||
	    memcmp(text.data, form->prefix, prefix_len) != 0)
		return ERR_SYNTAX;
	for (size_t i = 0; i < SYMBOLS; i++) {
		RETURN_IF(symbol_of(form->charset, text.data[prefix_len + i],
		    &symbols[i]));
		chk = polymod_step(chk, symbols[i]);
	}
	if (chk != 1 || (symbols[DATA_SYMBOLS - 1] & 15) != 0)
		return ERR_SYNTAX;
	pack(symbols, ret);
	return ERR_OK;
}

static void
encode(const uint8_t key[32], const struct form *form, uint8_t *ret)
{
	SECRET_BYTES(symbols, SYMBOLS);
	size_t prefix_len = strlen(form->prefix);
	uint32_t chk = polymod_prefix(form->prefix);

	unpack(key, symbols);
	for (size_t i = 0; i < DATA_SYMBOLS; i++)
		chk = polymod_step(chk, symbols[i]);
	for (size_t i = 0; i < 6; i++)
		chk = polymod_step(chk, 0);
	chk ^= 1;
	for (unsigned i = 0; i < 6; i++)
		symbols[DATA_SYMBOLS + i] = chk >> 5 * (5 - i) & 31;
	memcpy(ret, form->prefix, prefix_len);
	for (size_t i = 0; i < SYMBOLS; i++)
		ret[prefix_len + i] = (uint8_t)form->charset[symbols[i]];
}

enum err
bech32_decode_recipient(struct bytes text, uint8_t ret[32])
{
	return decode(text, &recipient_form, ret);
}

void
bech32_encode_recipient(const uint8_t key[32],
    char ret[BECH32_RECIPIENT_LEN + 1])
{
	encode(key, &recipient_form, (uint8_t *)ret);
	ret[BECH32_RECIPIENT_LEN] = '\0';
}

enum err
bech32_decode_secret(struct bytes text, struct secret **ret)
{
	SECRET_BYTES(key, 32);

	RETURN_IF(decode(text, &secret_form, key));
	return secret_new_copy(key, sizeof(key), ret);
}

void
bech32_encode_secret(const uint8_t key[32], uint8_t ret[BECH32_SECRET_LEN])
{
	encode(key, &secret_form, ret);
}
