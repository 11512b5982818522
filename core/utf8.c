/* core/utf8.c - validity, cleanliness and width of text. */
#include "core/utf8.h"

#include <stdlib.h>
#include <string.h>

#include <unictype.h>
#include <uninorm.h>
#include <unistr.h>
#include <uniwidth.h>

int
utf8_is_valid(struct bytes text)
{
	return text.len == 0 || u8_check(text.data, text.len) == NULL;
}

uint8_t *
utf8_put(uint8_t *to, uint32_t c)
{
	int n = u8_uctomb(to, c, 4);

	MUST_HOLD(n > 0);
	return to + n;
}

/* Printable ASCII is clean as it stands; most text is that. */
static int
is_printable_ascii(struct bytes text)
{
	size_t i;

	for (i = 0; i < text.len; i++)
		if (text.data[i] < 0x20 || text.data[i] > 0x7e)
			return 0;
	return 1;
}

/* The rule that ${uc} breaks, or NULL. */
static const char *
character_fault(ucs4_t uc)
{
	static const struct {
		uint32_t classes;
		const char *why;
	} rules[] = {
		{UC_CATEGORY_MASK_Cc, "a control character"},
		{UC_CATEGORY_MASK_Cf, "an invisible format character"},
		{UC_CATEGORY_MASK_Zl | UC_CATEGORY_MASK_Zp,
		    "a line or paragraph separator character"},
		{UC_CATEGORY_MASK_Cs, "a surrogate"},
		{UC_CATEGORY_MASK_Co, "a private-use character"},
		{UC_CATEGORY_MASK_Cn, "an unassigned character"},
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(rules); i++)
		if (uc_is_general_category_withtable(uc, rules[i].classes))
			return rules[i].why;
	return NULL;
}

static const char *
first_character_fault(struct bytes text)
{
	const char *why;
	ucs4_t uc;
	int n;

	while (text.len > 0) {
		if ((n = u8_mbtoucr(&uc, text.data, text.len)) <= 0)
			return "not UTF-8";
		if ((why = character_fault(uc)) != NULL)
			return why;
		text.data += n;
		text.len -= (size_t)n;
	}
	return NULL;
}

/* ERR_NOMEM, or ERR_ENCODING when ${text} is not its own composed form. */
static enum err
check_nfc(struct bytes text)
{
	size_t len = 0;
	uint8_t *nfc = u8_normalize(UNINORM_NFC, text.data, text.len, NULL,
	    &len);
	int same;

	if (nfc == NULL)
		return ERR_NOMEM;
	same = bytes_equal(text, bytes_of(nfc, len));
	explicit_bzero(nfc, len);
	free(nfc);
	return same ? ERR_OK : ERR_ENCODING;
}

enum err
utf8_check_clean(struct bytes text, const char **ret_why)
{
	const char *why = NULL;
	enum err e = ERR_OK;

	if (is_printable_ascii(text))
		return ERR_OK;
	if (!utf8_is_valid(text))
		why = "not UTF-8";
	else
		why = first_character_fault(text);
	if (why == NULL && (e = check_nfc(text)) == ERR_ENCODING)
		why = "not in the composed form NFC";
	if (why == NULL)
		return e;
	if (ret_why != NULL)
		*ret_why = why;
	return ERR_ENCODING;
}

size_t
utf8_width(const char *text)
{
	int width = u8_strwidth((const uint8_t *)text, "UTF-8");

	return width > 0 ? (size_t)width : 0;
}
