/* vault/store_index.c - tags of all respondents in memory: a dense array by
 * number and an open-addressing table of numbers over it.
 *
 * A random index in the database would cost many times the answers themselves;
 * reading all entries once is a short sequential scan. */
#include "vault/store_internal.h"

#include <stdlib.h>
#include <string.h>

void
store_index_release(struct store_index *x)
{
	free(x->items);
	free(x->slots);
	*x = (struct store_index){0};
}

/* Tags are keyed hashes: any of their bits are as good as a hash of them. */
static uint32_t
hash_of(const uint8_t *tag)
{
	uint32_t h;

	memcpy(&h, tag, sizeof(h));
	return h;
}

static uint32_t
slot_of(const struct store_index *x, const uint8_t *tag)
{
	uint32_t at = hash_of(tag) & x->slots_mask;

	while (x->slots[at] != 0 && memcmp(x->items[x->slots[at] - 1].tag, tag,
	    sizeof(x->items->tag)) != 0)
		at = (at + 1) & x->slots_mask;
	return at;
}

uint32_t
store_index_find(const struct store_index *x,
    const uint8_t tag[STORE_TAG_LEN])
{
	uint32_t n;

	if (x->slots == NULL)
		return UINT32_MAX;
	n = x->slots[slot_of(x, tag)];
	return n == 0 ? UINT32_MAX : n - 1;
}

static enum err
resize_slots(struct store_index *x, uint32_t slots)
{
	uint32_t *fresh = calloc(slots, sizeof(*fresh));

	if (fresh == NULL)
		return ERR_NOMEM;
	free(x->slots);
	x->slots = fresh;
	x->slots_mask = slots - 1;
	for (uint32_t i = 0; i < x->len; i++)
		x->slots[slot_of(x, x->items[i].tag)] = i + 1;
	return ERR_OK;
}

/* Room for ${len} respondents; the table stays at most 3/4 full. */
static enum err
make_room(struct store_index *x, uint32_t len)
{
	uint32_t cap = x->cap == 0 ? 1024 : x->cap;
	uint32_t slots = x->slots == NULL ? 2048 : x->slots_mask + 1;

	if (len > STORE_RESPONDENTS_MAX)
		return ERR_LIMIT;
	while (cap < len)
		cap += cap / 2;
	if (cap != x->cap) {
		struct store_slim *items = reallocarray(x->items, cap,
		    sizeof(*items));

		if (items == NULL)
			return ERR_NOMEM;
		x->items = items;
		x->cap = cap;
	}
	while (len > slots / 4 * 3)
		slots *= 2;
	if (x->slots != NULL && slots == x->slots_mask + 1)
		return ERR_OK;
	return resize_slots(x, slots);
}

void
store_index_set(struct store_index *x, uint32_t number,
    const struct store_entry *entry)
{
	struct store_slim *slim = &x->items[number];

	MUST_HOLD(number < x->len);
	memcpy(slim->tag, entry->tag, sizeof(slim->tag));
	slim->given_unix_s = entry->given_unix_s;
	slim->generation = entry->generation;
	slim->text = entry->text;
	slim->state = entry->state;
	slim->scopes = entry->scopes;
}

enum err
store_index_add(struct store_index *x, const struct store_entry *entry)
{
	uint32_t at;

	RETURN_IF(make_room(x, x->len + 1));
	at = slot_of(x, entry->tag);
	if (x->slots[at] != 0)
		return ERR_CORRUPT;             /* one tag, two numbers */
	x->len++;
	store_index_set(x, x->len - 1, entry);
	x->slots[at] = x->len;
	return ERR_OK;
}

static enum err
add_entry(void *ctx, uint32_t number, const struct store_entry *entry)
{
	struct store_index *x = ctx;

	MUST_HOLD(number == x->len);
	return store_index_add(x, entry);
}

enum err
store_index_load(struct store_index *x, struct store *s)
{
	struct store_index fresh = {0};
	uint32_t count;
	enum err e;

	if (x->loaded)
		return ERR_OK;
	RETURN_IF(store_entry_count(s, &count));
	e = make_room(&fresh, count == 0 ? 1 : count);
	if (e == ERR_OK)
		e = store_entry_each(s, add_entry, &fresh);
	if (e != ERR_OK) {
		store_index_release(&fresh);
		return e;
	}
	store_index_release(x);
	*x = fresh;
	x->loaded = 1;
	return ERR_OK;
}
