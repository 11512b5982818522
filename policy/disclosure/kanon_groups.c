/* policy/disclosure/kanon_groups.c - which tuples are one group.
 *
 * A tuple's key is the mixed-radix number of its labels.  Where that would
 * outgrow 64 bits, what is there so far is replaced by its dense number, so
 * keys are exact whatever the columns: equal keys are equal groups.
 */
#include <stdlib.h>
#include <string.h>

#include "policy/disclosure/kanon_internal.h"

/* Keys below this are found by index, larger ones by hashing. */
#define DIRECT_PER_TUPLE 4
#define DIRECT_MIN 65536

void
kanon_groups_release(struct kanon_groups *g)
{
	free(g->of_tuple);
	free(g->keys);
	free(g->slots);
	free(g->slot_keys);
	*g = (struct kanon_groups){0};
}

enum err
kanon_groups_init(struct kanon_groups *g, size_t tuples)
{
	size_t len = DIRECT_MIN;

	while (len < DIRECT_PER_TUPLE * tuples / 2)
		len *= 2;
	g->of_tuple = calloc(tuples + 1, sizeof(*g->of_tuple));
	g->keys = calloc(tuples + 1, sizeof(*g->keys));
	g->slots = calloc(len, sizeof(*g->slots));
	g->slot_keys = calloc(len, sizeof(*g->slot_keys));
	if (g->of_tuple == NULL || g->keys == NULL || g->slots == NULL ||
	    g->slot_keys == NULL)
		return ERR_NOMEM;
	g->tuples = tuples;
	g->slots_len = len;
	return ERR_OK;
}

static uint64_t
mix(uint64_t h)
{
	h ^= h >> 32;
	h *= 0xd6e8feb86659fd93u;
	h ^= h >> 32;
	return h;
}

static void
rank_directly(struct kanon_groups *g)
{
	uint32_t *slot;
	size_t i;

	for (i = 0; i < g->tuples; i++) {
		slot = &g->slots[g->keys[i]];
		if (*slot == 0)
			*slot = (uint32_t)++g->len;
		g->of_tuple[i] = *slot - 1;
	}
}

static void
rank_by_hash(struct kanon_groups *g)
{
	size_t i, at, mask = g->slots_len - 1;
	uint64_t key;

	for (i = 0; i < g->tuples; i++) {
		key = g->keys[i];
		at = (size_t)mix(key) & mask;
		while (g->slots[at] != 0 && g->slot_keys[at] != key)
			at = (at + 1) & mask;
		if (g->slots[at] == 0) {
			g->slots[at] = (uint32_t)++g->len;
			g->slot_keys[at] = key;
		}
		g->of_tuple[i] = g->slots[at] - 1;
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

static void
add_column(struct kanon_groups *g, const struct kanon_input *in,
    size_t column, const uint32_t *labels, uint64_t radix)
{
	const uint32_t *leaf = in->tuples + column;
	size_t i;

	for (i = 0; i < g->tuples; i++, leaf += in->columns_len)
		g->keys[i] = g->keys[i] * radix + labels[*leaf];
}

enum err
kanon_groups_make(struct kanon_groups *g, const struct kanon_input *in,
    const unsigned *levels)
{
	uint64_t range = 1, radix;
	size_t i, j;

	memset(g->keys, 0, g->tuples * sizeof(*g->keys));
	for (i = 0; i < in->columns_len; i++) {
		radix = in->columns[i].labels_len[levels[i]];
		if (radix <= 1)
			continue;
		if (range > UINT64_MAX / radix) {
			rank(g, range);
			for (j = 0; j < g->tuples; j++)
				g->keys[j] = g->of_tuple[j];
			range = g->len;
		}
		add_column(g, in, i, in->columns[i].labels[levels[i]], radix);
		range *= radix;
	}
	rank(g, range);
	return ERR_OK;
}
