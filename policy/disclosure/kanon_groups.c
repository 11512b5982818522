/* policy/disclosure/kanon_groups.c - which tuples are one group.
 *
 * A tuple's key is the mixed-radix number of its labels.  Where that would
 * outgrow 64 bits, what is there so far is replaced by its dense number, so
 * keys are exact whatever the columns: equal keys are equal groups.
 */
#include <stdlib.h>
#include <string.h>

#include "policy/disclosure/kanon_internal.h"

#define SLOTS_MIN 65536
#define BLOCK 256

void
kanon_groups_release(struct kanon_groups *g)
{
	free(g->of_tuple);
	free(g->keys);
	free(g->slots);
	*g = (struct kanon_groups){0};
}

enum err
kanon_groups_init(struct kanon_groups *g, size_t tuples)
{
	size_t len = SLOTS_MIN;

	while (len < 2 * tuples)
		len *= 2;
	g->of_tuple = calloc(tuples + 1, sizeof(*g->of_tuple));
	g->keys = calloc(tuples + 1, sizeof(*g->keys));
	g->slots = calloc(len, sizeof(*g->slots));
	if (g->of_tuple == NULL || g->keys == NULL || g->slots == NULL)
		return ERR_NOMEM;
	g->tuples = tuples;
	g->slots_len = len;
	return ERR_OK;
}

static size_t
slot_of(const struct kanon_groups *g, uint64_t key)
{
	key ^= key >> 32;
	key *= 0xd6e8feb86659fd93u;
	key ^= key >> 32;
	return (size_t)key & (g->slots_len - 1);
}

/* Keys that are below the number of slots are their own places. */
static void
rank_directly(struct kanon_groups *g)
{
	uint32_t *group;
	size_t i;

	for (i = 0; i < g->tuples; i++) {
		group = &g->slots[g->keys[i]].group;
		if (*group == 0)
			*group = (uint32_t)++g->len;
		g->of_tuple[i] = *group - 1;
	}
}

static uint32_t
find_or_add(struct kanon_groups *g, uint64_t key)
{
	size_t mask = g->slots_len - 1, at = slot_of(g, key);

	while (g->slots[at].group != 0 && g->slots[at].key != key)
		at = (at + 1) & mask;
	if (g->slots[at].group == 0)
		g->slots[at] = (struct kanon_slot){key, (uint32_t)++g->len};
	return g->slots[at].group - 1;
}

/* A few keys ahead the slot is asked for, so that memory is not waited for
 * one key after the other. */
static void
rank_by_hash(struct kanon_groups *g)
{
	enum { AHEAD = 12 };
	size_t i;

	for (i = 0; i < g->tuples; i++) {
		if (i + AHEAD < g->tuples)
			__builtin_prefetch(
			    &g->slots[slot_of(g, g->keys[i + AHEAD])], 1);
		g->of_tuple[i] = find_or_add(g, g->keys[i]);
	}
}

/* Dense numbers for the keys, which are below ${range}. */
static void
rank(struct kanon_groups *g, uint64_t range)
{
	size_t used = range < g->slots_len ? (size_t)range : g->slots_len;

	memset(g->slots, 0, used * sizeof(*g->slots));
	g->len = 0;
	if (range <= g->slots_len)
		rank_directly(g);
	else
		rank_by_hash(g);
}

/* The columns from ${first} to before ${end} are added to the keys, a block
 * of tuples at a time so that a block's leaves are read from memory once. */
static void
add_columns(struct kanon_groups *g, const struct kanon_input *in,
    const unsigned *levels, size_t first, size_t end)
{
	const uint32_t *labels, *leaf;
	size_t start, stop, c, i;
	uint64_t radix;

	for (start = 0; start < g->tuples; start = stop) {
		stop = g->tuples - start < BLOCK ? g->tuples : start + BLOCK;
		for (c = first; c < end; c++) {
			labels = in->columns[c].labels[levels[c]];
			radix = in->columns[c].labels_len[levels[c]];
			leaf = in->tuples + start * in->columns_len + c;
			for (i = start; i < stop;
			    i++, leaf += in->columns_len)
				g->keys[i] = g->keys[i] * radix +
				    labels[*leaf];
		}
	}
}

/* How many columns from ${first} on fit in 64 bits beside what is there;
 * ${range} becomes the bound of the keys with them. */
static size_t
columns_that_fit(const struct kanon_input *in, const unsigned *levels,
    size_t first, uint64_t *range)
{
	uint64_t radix;
	size_t c;

	for (c = first; c < in->columns_len; c++) {
		radix = in->columns[c].labels_len[levels[c]];
		if (radix > 0 && *range > UINT64_MAX / radix)
			break;
		*range *= radix > 0 ? radix : 1;
	}
	return c;
}

void
kanon_groups_make(struct kanon_groups *g, const struct kanon_input *in,
    const unsigned *levels)
{
	uint64_t range = 1;
	size_t first = 0, end, i;

	memset(g->keys, 0, g->tuples * sizeof(*g->keys));
	for (;;) {
		end = columns_that_fit(in, levels, first, &range);
		add_columns(g, in, levels, first, end);
		rank(g, range);
		if (end == in->columns_len)
			return;
		for (i = 0; i < g->tuples; i++)
			g->keys[i] = g->of_tuple[i];
		range = g->len;
		first = end;
	}
}
