/* core/encode.c - strict codecs; hex and base64 are libsodium's, which do not
 * branch on the bytes (keys pass through here). */
#include "core/encode.h"

#include <string.h>

#include <sodium.h>

void
encode_hex(const uint8_t *bytes, size_t len, char *ret)
{
	sodium_bin2hex(ret, 2 * len + 1, bytes, len);
}

/* libsodium reads capitals too: one text form per value is wanted here. */
static int
has_capital(struct bytes text)
{
	size_t i;

	for (i = 0; i < text.len; i++)
		if (text.data[i] >= 'A' && text.data[i] <= 'Z')
			return 1;
	return 0;
}

enum err
decode_hex(struct bytes text, uint8_t *ret, size_t len)
{
	size_t got;

	if (text.len % 2 != 0 || text.len / 2 != len || has_capital(text))
		return ERR_SYNTAX;
	if (len == 0)
		return ERR_OK;
	/* A null end pointer means: all of it, or failure. */
	if (sodium_hex2bin(ret, len, (const char *)text.data, text.len, NULL,
	    &got, NULL) != 0 || got != len) {
		sodium_memzero(ret, len);
		return ERR_SYNTAX;
	}
	return ERR_OK;
}

static int
b64_variant(int padded)
{
	return padded ? sodium_base64_VARIANT_ORIGINAL :
	    sodium_base64_VARIANT_ORIGINAL_NO_PADDING;
}

enum err
encode_b64(const void *bytes, size_t len, int padded, struct buf *out)
{
	size_t need;

	if (len > SIZE_MAX / 2)
		return ERR_LIMIT;
	/* Counts the NUL, for which a buf always has room. */
	need = sodium_base64_encoded_len(len, b64_variant(padded));
	RETURN_IF(buf_reserve(out, need - 1));
	(void)sodium_bin2base64((char *)out->data + out->len, need,
	    bytes, len, b64_variant(padded));
	out->len += need - 1;
	return ERR_OK;
}

/* Bytes that ${text} stands for, if it is base64. */
static size_t
b64_decoded_len(struct bytes text, int padded)
{
	size_t chars = text.len, pads;

	for (pads = 0; padded && pads < 2 && chars > 0 &&
	    text.data[chars - 1] == '='; pads++)
		chars--;
	return chars / 4 * 3 + chars % 4 * 3 / 4;
}

/* libsodium takes some bytes above 127 for letters. */
static int
is_ascii(struct bytes text)
{
	uint8_t any = 0;
	size_t i;

	for (i = 0; i < text.len; i++)
		any |= text.data[i];
	return any < 128;
}

enum err
decode_b64(struct bytes text, int padded, uint8_t *ret, size_t ret_max,
    size_t *ret_len)
{
	size_t got = 0;

	if (text.len == 0) {
		*ret_len = 0;
		return ERR_OK;
	}
	/* Before decoding: libsodium's errno does not tell the two apart. */
	if (b64_decoded_len(text, padded) > ret_max)
		return ERR_LIMIT;
	if (!is_ascii(text) || sodium_base642bin(ret, ret_max,
	    (const char *)text.data, text.len, NULL, &got, NULL,
	    b64_variant(padded)) != 0)
		return ERR_SYNTAX;
	*ret_len = got;
	return ERR_OK;
}

static int
b32_value(uint8_t c)
{
	if (c >= 'a' && c <= 'z')
		return c - 'a';
	if (c >= '2' && c <= '7')
		return c - '2' + 26;
	return -1;
}

enum err
decode_b32(struct bytes text, uint8_t *ret, size_t len)
{
	uint32_t acc = 0;
	unsigned bits = 0;
	size_t i, out = 0;
	int v;

	if (len > SIZE_MAX / 8 || text.len != (len * 8 + 4) / 5)
		return ERR_SYNTAX;
	for (i = 0; i < text.len; i++) {
		if ((v = b32_value(text.data[i])) < 0)
			return ERR_SYNTAX;
		acc = (acc << 5 | (uint32_t)v) & 0xfff;
		if ((bits += 5) >= 8) {
			bits -= 8;
			ret[out++] = (uint8_t)(acc >> bits);
		}
	}
	return (acc & ((1U << bits) - 1)) != 0 ? ERR_SYNTAX : ERR_OK;
}
