/* policy/words.c - lists of words. */
#include "policy/words.h"

#include <stdlib.h>
#include <string.h>

#include "core/text.h"

void
words_release(struct words *w)
{
	free(w->store);
	free(w->items);
	*w = (struct words){0};
}

int
words_has(const struct words *w, const char *item)
{
	size_t i;

	for (i = 0; i < w->len; i++)
		if (strcmp(w->items[i], item) == 0)
			return 1;
	return 0;
}

int
words_equal(const struct words *a, const struct words *b)
{
	size_t i;

	if (a->len != b->len)
		return 0;
	for (i = 0; i < a->len; i++)
		if (strcmp(a->items[i], b->items[i]) != 0)
			return 0;
	return 1;
}

/* Bytes of the store that are in use. */
static size_t
store_len(const struct words *w)
{
	const char *last;

	if (w->len == 0)
		return 0;
	last = w->items[w->len - 1];
	return (size_t)(last - w->store) + strlen(last) + 1;
}

static enum err
add(struct words *w, struct bytes item)
{
	size_t i, len = store_len(w);
	const char **items;
	char *store;

	if ((items = reallocarray(w->items, w->len + 1,
	    sizeof(*items))) == NULL)
		return ERR_NOMEM;
	w->items = items;
	if ((store = malloc(len + item.len + 1)) == NULL)
		return ERR_NOMEM;
	if (len > 0)
		memcpy(store, w->store, len);
	if (item.len > 0)
		memcpy(store + len, item.data, item.len);
	store[len + item.len] = '\0';
	for (i = 0; i < w->len; i++)
		items[i] = store + (items[i] - w->store);
	items[w->len++] = store + len;
	free(w->store);
	w->store = store;
	return words_has(&(struct words){.items = items, .len = w->len - 1},
	    items[w->len - 1]) ? ERR_DUPLICATE : ERR_OK;
}

enum err
words_add(struct words *w, const char *item)
{
	if (words_has(w, item))
		return ERR_DUPLICATE;
	return add(w, bytes_str(item));
}

enum err
words_parse(const char *value, size_t max, struct words *ret)
{
	CLEANUP(words_release) struct words w = {0};
	struct bytes rest = bytes_str(value), item;
	size_t len = strlen(value);

	if (strcmp(value, "-") == 0)
		rest.len = 0;
	else if (len == 0 || value[len - 1] == ' ')
		return ERR_SYNTAX;
	while (text_list_next(&rest, &item)) {
		if (item.len == 0)
			return ERR_SYNTAX;
		if (w.len == max)
			return ERR_LIMIT;
		RETURN_IF(add(&w, item));
	}
	*ret = w;
	w = (struct words){0};
	return ERR_OK;
}

enum err
words_append(const struct words *w, struct buf *out)
{
	size_t i;

	if (w->len == 0)
		return buf_append_str(out, "-");
	for (i = 0; i < w->len; i++) {
		if (i > 0)
			RETURN_IF(buf_append_u8(out, ' '));
		RETURN_IF(buf_append_str(out, w->items[i]));
	}
	return ERR_OK;
}
