#include "app/reident_list.h"

#include <stdlib.h>
#include <string.h>

#include "policy/reident.h"

void reident_list_release(struct reident_list *l)
{
	free(l->items);
	*l = (struct reident_list){0};
}

static int by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, PSEUDONYM_LEN);
}

static enum err add(struct reident_list *l, struct bytes line,
    unsigned long number, struct err_info *info)
{
	enum err e;

	if (l->len == REIDENT_MAX)
		return err_at(info, ERR_LIMIT, number,
		    "more than %d pseudonyms", REIDENT_MAX);
	e = pseudonym_parse(line, l->items[l->len]);
	if (e == ERR_MISMATCH)
		return err_at(info, e, number,
		    "the check character does not fit: there is a typo in this pseudonym");
	if (e != ERR_OK)
		return err_at(info, e, number, "not a pseudonym");
	l->len++;
	return ERR_OK;
}

/* The next line; the last may do without LF. */
static struct bytes next_line(struct bytes *rest)
{
	const uint8_t *end = memchr(rest->data, '\n', rest->len);
	size_t len = end == NULL ? rest->len : (size_t)(end - rest->data);
	struct bytes line = bytes_of(rest->data, len);
	size_t used = end == NULL ? len : len + 1;

	*rest = bytes_of(rest->data + used, rest->len - used);
	if (line.len > 0 && line.data[line.len - 1] == '\r')
		line.len--;
	return line;
}

enum err reident_list_read(struct bytes text, struct reident_list *ret,
    struct err_info *info)
{
	CLEANUP(reident_list_release) struct reident_list l = {0};
	unsigned long number = 0;

	l.items = calloc(REIDENT_MAX, sizeof(*l.items));
	if (l.items == NULL)
		return ERR_NOMEM;
	while (text.len > 0) {
		struct bytes line = next_line(&text);

		number++;
		if (line.len > 0)
			RETURN_IF(add(&l, line, number, info));
	}
	if (l.len == 0)
		return err_at(info, ERR_RANGE, 0, "there is no pseudonym");
	qsort(l.items, l.len, sizeof(*l.items), by_bytes);
	for (size_t i = 1; i < l.len; i++)
		if (by_bytes(l.items[i - 1], l.items[i]) == 0)
			return err_at(info, ERR_DUPLICATE, 0,
			    "a pseudonym is given twice");
	*ret = l;
	l = (struct reident_list){0};
	return ERR_OK;
}

enum err reident_list_write(const struct reident_list *l, struct buf *out)
{
	char text[PSEUDONYM_TEXT_LEN + 1];

	for (size_t i = 0; i < l->len; i++) {
		pseudonym_format(l->items[i], text);
		RETURN_IF(buf_printf(out, "%s\n", text));
	}
	return ERR_OK;
}

size_t reident_list_find(const struct reident_list *l,
    const uint8_t pseudonym[PSEUDONYM_LEN])
{
	const uint8_t (*found)[PSEUDONYM_LEN] = bsearch(pseudonym, l->items,
	    l->len, sizeof(*l->items), by_bytes);

	return found == NULL ? l->len : (size_t)(found -
	    (const uint8_t (*)[PSEUDONYM_LEN])l->items);
}
