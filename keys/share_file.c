/* keys/share_file.c - shares in age files, one or many. */
#include <string.h>

#include "keys/share.h"

#define FIRST_LINE "azukari-share v1\n"

/* Where the next share text begins: the first line of one, at the beginning
 * of a line.  No value can hold it, a value having no line end. */
static size_t
text_end_at(struct bytes rest)
{
	static const char next[] = "\n" FIRST_LINE;
	const uint8_t *at = memmem(rest.data, rest.len, next, sizeof(next) - 1);

	return at != NULL ? (size_t)(at - rest.data) + 1 : rest.len;
}

enum err
share_next(struct bytes *rest, struct bytes *ret_text)
{
	const size_t first = sizeof(FIRST_LINE) - 1;
	size_t len;

	if (rest->len == 0)
		return ERR_NOT_FOUND;
	if (rest->len < first || memcmp(rest->data, FIRST_LINE, first) != 0)
		return ERR_SYNTAX;
	len = text_end_at(*rest);
	if (len > SHARE_TEXT_MAX)
		return ERR_LIMIT;
	return bytes_take(rest, len, ret_text);
}

enum err
share_open(const struct age_keys *keys, struct bytes file, struct buf *out)
{
	CLEANUP(buf_release) struct buf text = {.max = SHARE_TEXT_MAX};

	if (file.len > SHARE_FILE_MAX)
		return ERR_LIMIT;
	RETURN_IF(age_open_buf(keys, file, &text));
	return buf_append(out, text.data, text.len);
}

enum err
share_seal(const struct age_recipient *to, size_t count, struct bytes texts,
    struct buf *out)
{
	return age_seal_buf(to, count, texts, out);
}
