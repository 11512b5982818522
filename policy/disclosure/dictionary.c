/* policy/disclosure/dictionary.c - distinct texts and their numbers. */
#include "policy/disclosure/dictionary.h"

#include <stdlib.h>

void
dictionary_release(struct dictionary *d)
{
	buf_release(&d->all);
	free(d->at);
	free(d->slots);
	*d = (struct dictionary){0};
}

struct bytes
dictionary_text(const struct dictionary *d, uint32_t number)
{
	return bytes_str((const char *)d->all.data + d->at[number]);
}

static size_t
hash_of(struct bytes text)
{
	uint64_t h = 0xcbf29ce484222325u;
	size_t i;

	for (i = 0; i < text.len; i++)
		h = (h ^ text.data[i]) * 0x100000001b3u;
	return (size_t)(h ^ h >> 32);
}

static size_t
probe(const struct dictionary *d, struct bytes text)
{
	size_t at = hash_of(text) & d->mask;

	while (d->slots[at] != 0 &&
	    !bytes_equal(text, dictionary_text(d, d->slots[at] - 1)))
		at = (at + 1) & d->mask;
	return at;
}

static enum err
grow(struct dictionary *d)
{
	size_t cap = d->cap == 0 ? 16 : d->cap * 2, i;
	size_t *at = realloc(d->at, cap * sizeof(*at));
	uint32_t *slots = calloc(cap * 2, sizeof(*slots));

	if (at != NULL)
		d->at = at;
	if (at == NULL || slots == NULL) {
		free(slots);
		return ERR_NOMEM;
	}
	free(d->slots);
	d->slots = slots;
	d->mask = cap * 2 - 1;
	d->cap = cap;
	for (i = 0; i < d->len; i++)
		slots[probe(d, dictionary_text(d, (uint32_t)i))] = (uint32_t)i + 1;
	return ERR_OK;
}

enum err
dictionary_number(struct dictionary *d, struct bytes text, uint32_t *ret, int *ret_new)
{
	size_t at;

	if (d->len == d->cap)
		RETURN_IF(grow(d));
	at = probe(d, text);
	*ret_new = d->slots[at] == 0;
	if (*ret_new) {
		d->at[d->len] = d->all.len;
		d->all.max = (size_t)1 << 30;
		RETURN_IF(buf_append(&d->all, text.data, text.len));
		RETURN_IF(buf_append_u8(&d->all, '\0'));
		d->slots[at] = (uint32_t)++d->len;
	}
	*ret = d->slots[at] - 1;
	return ERR_OK;
}

enum err
dictionary_find(const struct dictionary *d, struct bytes text, uint32_t *ret)
{
	uint32_t number;

	if (d->len == 0)
		return ERR_NOT_FOUND;
	number = d->slots[probe(d, text)];
	if (number == 0)
		return ERR_NOT_FOUND;
	*ret = number - 1;
	return ERR_OK;
}
