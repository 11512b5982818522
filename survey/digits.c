#include "survey/digits.h"

#include <string.h>

/* Length of one full-width or ASCII digit at ${at}, its value in ${ret}; of a
 * hyphen in its usual forms, with ${ret} -1; 0 for anything else. */
static size_t
digit_at(struct bytes text, size_t at, int *ret)
{
	static const char *const hyphens[] = {"-", "\xef\xbc\x8d",
	    "\xe2\x80\x90", "\xe2\x88\x92"};
	const uint8_t *p = text.data + at;
	size_t i, left = text.len - at;

	if (*p >= '0' && *p <= '9') {
		*ret = *p - '0';
		return 1;
	}
	if (left >= 3 && p[0] == 0xef && p[1] == 0xbc && p[2] >= 0x90 &&
	    p[2] <= 0x99) {
		*ret = p[2] - 0x90;
		return 3;
	}
	*ret = -1;
	for (i = 0; i < ARRAY_LEN(hyphens); i++)
		if (left >= strlen(hyphens[i]) &&
		    memcmp(p, hyphens[i], strlen(hyphens[i])) == 0)
			return strlen(hyphens[i]);
	return 0;
}

struct bytes
digits_plain(const struct survey_field *f, struct bytes text,
    char room[DIGITS_ROOM])
{
	size_t at = 0, len = 0, hyphen_at = 0, step;
	int digit;

	while (at < text.len && len < DIGITS_ROOM) {
		step = digit_at(text, at, &digit);
		if (step == 0 || (digit < 0 && (hyphen_at || f->digits != 7 ||
		    len != 3)))
			return text;
		if (digit < 0)
			hyphen_at = at;
		else
			room[len++] = (char)('0' + digit);
		at += step;
	}
	return at == text.len ? bytes_of(room, len) : text;
}

/* Full-width forms U+FF01 to U+FF5E are ASCII 0x21 to 0x7e. */
static size_t
narrow_at(struct bytes text, size_t at, char *ret)
{
	const uint8_t *p = text.data + at;
	unsigned c;
	int digit;
	size_t step;

	if (*p < 0x80) {
		*ret = (char)*p;
		return 1;
	}
	if (text.len - at >= 3 && p[0] == 0xef && (p[1] == 0xbc ||
	    p[1] == 0xbd)) {
		c = ((p[1] & 0x3fu) << 6 | (p[2] & 0x3fu)) + 0xf000u;
		if (c >= 0xff01 && c <= 0xff5e) {
			*ret = (char)(c - 0xff01 + 0x21);
			return 3;
		}
	}
	step = digit_at(text, at, &digit);
	*ret = '-';
	return step;
}

struct bytes
digits_narrow(struct bytes text, char room[DIGITS_ROOM])
{
	size_t at = 0, len = 0, step;

	while (at < text.len) {
		if (len == DIGITS_ROOM)
			return text;
		step = narrow_at(text, at, &room[len]);
		if (step == 0)
			return text;
		len++;
		at += step;
	}
	return bytes_of(room, len);
}
