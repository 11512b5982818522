/* ledger/tiles_source.c - a few tiles in memory answer a whole proof. */
#include "ledger/tiles_source.h"

#include <string.h>

#include "keys/merkle.h"

void
tiles_source_init(struct tiles_source *s, const char *dir, uint64_t size)
{
	memset(s, 0, sizeof(*s));
	s->dir = dir;
	s->size = size;
}

void
tiles_source_release(struct tiles_source *s)
{
	size_t i;

	for (i = 0; i < TILES_SOURCE_SLOTS; i++)
		buf_release(&s->slots[i].bytes);
}

static int
same_tile(const struct tiles_id *a, const struct tiles_id *b)
{
	return a->level == b->level && a->index == b->index &&
	    a->width == b->width;
}

/* The tile's bytes, borrowed until the next call. */
static enum err
load(struct tiles_source *s, const struct tiles_id *id, const uint8_t **ret)
{
	size_t i;

	for (i = 0; i < TILES_SOURCE_SLOTS; i++)
		if (same_tile(&s->slots[i].id, id)) {
			*ret = s->slots[i].bytes.data;
			return ERR_OK;
		}
	i = s->next++ % TILES_SOURCE_SLOTS;
	s->slots[i].id.width = 0;
	buf_clear(&s->slots[i].bytes);
	RETURN_IF(tiles_read(s->dir, id, &s->slots[i].bytes));
	s->slots[i].id = *id;
	*ret = s->slots[i].bytes.data;
	return ERR_OK;
}

/* A tile spans eight levels of the tree; the lower ones are hashed out of its
 * row. */
enum err
tiles_source_get(void *ctx, unsigned level, uint64_t index,
    uint8_t ret[MERKLE_PROOF_HASH_LEN])
{
	struct tiles_source *s = ctx;
	unsigned inside = level % 8;
	uint64_t first = index << inside;
	const uint8_t *row;
	struct tiles_id id;

	MUST_HOLD(level / 8 <= TILES_LEVEL_MAX);
	RETURN_IF(tiles_id_at((int)(level / 8), first, s->size, &id));
	if (first % TILES_WIDTH + ((uint64_t)1 << inside) > id.width)
		return ERR_RANGE;
	RETURN_IF(load(s, &id, &row));
	merkle_root(row + first % TILES_WIDTH * TILES_HASH_LEN,
	    (size_t)1 << inside, ret);
	return ERR_OK;
}
