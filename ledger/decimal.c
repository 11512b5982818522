/* ledger/decimal.c - the one spelling of a number. */
#include "ledger/decimal.h"

#include <string.h>

enum err
decimal_parse(struct bytes text, uint64_t max, uint64_t *ret)
{
	uint64_t v = 0, digit;
	size_t i;

	if (text.len == 0 || (text.len > 1 && text.data[0] == '0'))
		return ERR_SYNTAX;
	for (i = 0; i < text.len; i++)
		if (text.data[i] < '0' || text.data[i] > '9')
			return ERR_SYNTAX;
	for (i = 0; i < text.len; i++) {
		digit = (uint64_t)(text.data[i] - '0');
		if (v > max / 10 || digit > max - v * 10)
			return ERR_RANGE;
		v = v * 10 + digit;
	}
	*ret = v;
	return ERR_OK;
}

enum err
decimal_parse_after(struct bytes line, const char *word, uint64_t max,
    uint64_t *ret)
{
	size_t len = strlen(word);

	if (line.len <= len || memcmp(line.data, word, len) != 0 ||
	    line.data[len] != ' ')
		return ERR_SYNTAX;
	return decimal_parse(bytes_of(line.data + len + 1,
	    line.len - len - 1), max, ret);
}
