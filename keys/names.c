/* keys/names.c - the grammar of short names. */
#include "keys/names.h"

int
names_is_owner(struct bytes name)
{
	unsigned tens, ones;

	if (name.len != NAMES_OWNER_LEN)
		return 0;
	tens = (unsigned)name.data[0] - '0';
	ones = (unsigned)name.data[1] - '0';
	if (tens > 9 || ones > 9)
		return 0;
	return tens * 10 + ones >= 1 && tens * 10 + ones <= 47;
}

static int
is_letter(uint8_t c)
{
	return c >= 'a' && c <= 'z';
}

int
names_is_word(struct bytes name)
{
	if (name.len < 1 || name.len > NAMES_WORD_MAX ||
	    !is_letter(name.data[0]))
		return 0;
	for (size_t i = 1; i < name.len; i++) {
		uint8_t c = name.data[i];

		if (!is_letter(c) && !(c >= '0' && c <= '9') && c != '-')
			return 0;
	}
	return 1;
}
