/* intake/json_fault.c - the rule a refused line offends against. */
#include "intake/json_fault.h"

#include <string.h>

#include "core/json_doc.h"
#include "core/utf8.h"

static int
begins(struct bytes line, const char *with)
{
	size_t len = strlen(with);

	return line.len >= len && memcmp(line.data, with, len) == 0;
}

/* Four hex digits behind "\u"; -1. */
static int32_t
escaped(const uint8_t *at, const uint8_t *end)
{
	int32_t v = 0;

	if (end - at < 4)
		return -1;
	for (size_t i = 0; i < 4; i++) {
		const char *digits = "0123456789abcdef", *d =
		    at[i] == '\0' ? NULL : strchr(digits, at[i] | 0x20);

		if (d == NULL)
			return -1;
		v = v * 16 + (int32_t)(d - digits);
	}
	return v;
}

static int
is_pair(int32_t high, const uint8_t *at, const uint8_t *end)
{
	int32_t low = end - at >= 6 && at[0] == '\\' && at[1] == 'u' ?
	    escaped(at + 2, end) : -1;

	return high < 0xdc00 && low >= 0xdc00 && low <= 0xdfff;
}

/* Behind a backslash at ${*at}, which is moved behind what belongs to it. */
static const char *
escape_fault(const uint8_t **at, const uint8_t *end)
{
	int32_t c;

	if (*at == end || **at == '\0' || strchr("\"\\/bfnrtu", **at) == NULL)
		return "not JSON: an escape that JSON has not";
	if (*(*at)++ != 'u')
		return NULL;
	c = escaped(*at, end);
	if (c < 0)
		return "not JSON: \\u without four hex digits";
	*at += 4;
	if (c == 0)
		return "a NUL character";
	if (c < 0xd800 || c > 0xdfff)
		return NULL;
	if (!is_pair(c, *at, end))
		return "half a character: \\ud800 to \\udfff stand in pairs";
	*at += 6;
	return NULL;
}

/* From behind the opening quote; ${*at} ends behind the closing one. */
static const char *
string_fault(const uint8_t **at, const uint8_t *end)
{
	const char *fault;

	while (*at < end && **at != '"') {
		uint8_t c = *(*at)++;

		if (c < ' ')
			return "not JSON: a control character inside a text";
		if (c == '\\' && (fault = escape_fault(at, end)) != NULL)
			return fault;
	}
	if (*at == end)
		return "not JSON: a text has no end";
	(*at)++;
	return NULL;
}

/* Texts and depth; all else is left to the general rule. */
static const char *
inner_fault(struct bytes line)
{
	const uint8_t *at = line.data, *end = line.data + line.len;
	const char *fault;
	size_t depth = 0;

	while (at < end) {
		uint8_t c = *at++;

		if (c == '"' && (fault = string_fault(&at, end)) != NULL)
			return fault;
		if (c == '{' || c == '[')
			depth++;
		else if ((c == '}' || c == ']') && depth > 0)
			depth--;
		if (depth > JSON_DOC_DEPTH_MAX)
			return "nested deeper than any line is";
	}
	return depth > 0 ? "not JSON: it is cut off, or a bracket is missing" :
	    JSON_FAULT_GENERAL;
}

const char *
json_fault(struct bytes line)
{
	if (begins(line, "\xef\xbb\xbf"))
		return "a byte order mark before the line: save it as UTF-8 "
		    "without one";
	if (begins(line, "\xff\xfe") || begins(line, "\xfe\xff"))
		return "UTF-16: save it as UTF-8";
	if (memchr(line.data, '\0', line.len) != NULL)
		return "a NUL character";
	if (!utf8_is_valid(line))
		return "not UTF-8";
	return inner_fault(line);
}
