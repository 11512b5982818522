/* keys/record_plain_first.c - format 1, as homes made by the first version hold
 * it: source, text and times written out. */
#include <string.h>

#include "keys/names.h"
#include "keys/record_plain_internal.h"

#define HALF_LEN 16                     /* of a text's digest */

/* Two texts that begin alike are nobody's accident: neither is taken. */
static void
whole_digest(const struct epoch_lists *lists, const uint8_t half[HALF_LEN],
    uint8_t ret[DIGEST_LEN])
{
	size_t found = 0, at = 0;

	for (size_t i = 0; i < lists->texts_len; i++)
		if (memcmp(lists->texts[i], half, HALF_LEN) == 0) {
			found++;
			at = i;
		}
	memset(ret, 0, DIGEST_LEN);
	memcpy(ret, half, HALF_LEN);
	if (found == 1)
		memcpy(ret, lists->texts[at], DIGEST_LEN);
}

static enum err
take_source(struct bytes *c, struct record_plain *ret)
{
	uint8_t len;

	RETURN_IF(bytes_take_u8(c, &len));
	RETURN_IF(bytes_take(c, len, &ret->source));
	return names_is_word(ret->source) ? ERR_OK : ERR_CORRUPT;
}

static enum err
take_consent(struct bytes *c, const struct epoch_lists *lists,
    struct record_plain *ret)
{
	struct bytes half;
	uint8_t has;

	RETURN_IF(bytes_take_u8(c, &has));
	if (has > 1)
		return ERR_CORRUPT;
	ret->has_consent = has;
	if (!has)
		return ERR_OK;
	RETURN_IF(bytes_take(c, HALF_LEN, &half));
	whole_digest(lists, half.data, ret->consent_text);
	RETURN_IF(bytes_take_u8(c, &ret->consent_scopes));
	return bytes_take_u32be(c, &ret->consent_given_unix_s);
}

enum err
record_plain_first_take(struct bytes *c, const struct epoch_lists *lists,
    struct record_plain *ret)
{
	RETURN_IF(take_source(c, ret));
	RETURN_IF(take_consent(c, lists, ret));
	RETURN_IF(bytes_take_u32be(c, &ret->event_unix_s));
	return bytes_take_u32be(c, &ret->received_unix_s);
}
