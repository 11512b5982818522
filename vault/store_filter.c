/* vault/store_filter.c - a blocked Bloom filter: one cache line per event.
 *
 * Events are keyed hashes, so their own bits choose block and bits.  About 12
 * bits an event: one in a hundred unseen ones has to be looked up in vain. */
#include "vault/store_internal.h"

#include <stdlib.h>
#include <string.h>

#define BLOCK_WORDS 8
#define BLOCK_EVENTS 42                 /* 512 bits / 12 */
#define PROBES 6

void
store_filter_release(struct store_filter *f)
{
	free(f->words);
	*f = (struct store_filter){0};
}

enum err
store_filter_init(struct store_filter *f, uint64_t events)
{
	uint64_t blocks = 1024;

	while (blocks * BLOCK_EVENTS < events)
		blocks *= 2;
	f->words = aligned_alloc(64, (size_t)blocks * BLOCK_WORDS * 8);
	if (f->words == NULL)
		return ERR_NOMEM;
	memset(f->words, 0, (size_t)blocks * BLOCK_WORDS * 8);
	f->blocks_mask = blocks - 1;
	f->capacity = blocks * BLOCK_EVENTS;
	f->count = 0;
	return ERR_OK;
}

/* Of the ten bytes that every layout keeps: six times nine bits from the first
 * eight, the block from the last four. */
static uint64_t *
block_of(const struct store_filter *f, const uint8_t event[10])
{
	uint32_t h;

	memcpy(&h, event + 6, sizeof(h));
	return f->words + (h & f->blocks_mask) * BLOCK_WORDS;
}

void
store_filter_add(struct store_filter *f, const uint8_t event[10])
{
	uint64_t *block = block_of(f, event), bits;

	memcpy(&bits, event, sizeof(bits));
	for (int i = 0; i < PROBES; i++, bits >>= 9)
		block[(bits >> 6) & 7] |= UINT64_C(1) << (bits & 63);
	f->count++;
}

int
store_filter_has(const struct store_filter *f, const uint8_t event[10])
{
	const uint64_t *block = block_of(f, event);
	uint64_t bits;

	memcpy(&bits, event, sizeof(bits));
	for (int i = 0; i < PROBES; i++, bits >>= 9)
		if (!(block[(bits >> 6) & 7] >> (bits & 63) & 1))
			return 0;
	return 1;
}
