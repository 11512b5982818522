/* ledger/log_check.c - the whole log on disk, tile by tile. */
#include "ledger/log_check.h"

#include <string.h>

#include "ledger/log_internal.h"

/* What the tiles of one level say the level above holds. */
struct above {
	const struct log *l;
	int level;
	struct buf row;                 /* the present tile of that level */
	struct tiles_id id;             /* of it; width 0: none yet */
};

static void
above_release(struct above *a)
{
	buf_release(&a->row);
}

/* Hash ${index} of the level above must be ${hash}. */
static enum err
check_above(struct above *a, uint64_t index,
    const uint8_t hash[MERKLE_HASH_LEN])
{
	struct tiles_id id;
	uint64_t size = a->l->published.size;

	RETURN_IF(tiles_id_at(a->level, index, size, &id));
	if (a->id.width == 0 || a->id.index != id.index) {
		buf_clear(&a->row);
		a->id = id;
		RETURN_IF(tiles_read(a->l->dir, &id, &a->row));
	}
	return memcmp(a->row.data + (index % TILES_WIDTH) * MERKLE_HASH_LEN,
	    hash, MERKLE_HASH_LEN) == 0 ? ERR_OK : ERR_CORRUPT;
}

/* Every full tile of ${level} against the hash above it. */
static enum err
check_level(const struct log *l, int level, struct tiles_id *ret_at)
{
	CLEANUP(above_release) struct above a = {.l = l, .level = level + 1};
	uint64_t i, full = tiles_count(level, l->published.size) /
	    TILES_WIDTH;
	uint8_t hash[MERKLE_HASH_LEN];

	for (i = 0; i < full; i++) {
		CLEANUP(buf_release) struct buf row = {0};

		*ret_at = (struct tiles_id){level, i, TILES_WIDTH};
		RETURN_IF(tiles_read(l->dir, ret_at, &row));
		merkle_root(row.data, TILES_WIDTH, hash);
		RETURN_IF(check_above(&a, i, hash));
	}
	return ERR_OK;
}

struct leaves {
	struct merkle_range range;
	struct tiles_id at;
};

/* log_each has compared each entry with its leaf already. */
static enum err
add_leaf(void *ctx, uint64_t index, struct bytes entry)
{
	struct leaves *w = ctx;
	uint8_t leaf[MERKLE_HASH_LEN];

	w->at = (struct tiles_id){TILES_ENTRIES, index / TILES_WIDTH,
	    TILES_WIDTH};
	merkle_leaf(entry, leaf);
	merkle_range_add(&w->range, leaf);
	return ERR_OK;
}

static enum err
check_leaves(struct log *l, struct tiles_id *ret_at)
{
	struct leaves w = {.at = {TILES_ENTRIES, 0, TILES_WIDTH}};
	uint8_t root[MERKLE_HASH_LEN];
	enum err e = log_each(l, 0, add_leaf, &w);

	*ret_at = w.at;
	RETURN_IF(e);
	merkle_range_root(&w.range, root);
	ret_at->width = 0;
	return memcmp(root, l->published.root, sizeof(root)) == 0 ? ERR_OK :
	    ERR_CORRUPT;
}

enum err
log_check_tiles(struct log *l, char ret_at[TILES_PATH_MAX])
{
	struct tiles_id at = {.width = 0};
	enum err e = check_leaves(l, &at);
	int level;

	for (level = 0; e == ERR_OK && level < TILES_LEVEL_MAX &&
	    tiles_count(level, l->published.size) >= TILES_WIDTH; level++)
		e = check_level(l, level, &at);
	ret_at[0] = '\0';
	if (e != ERR_OK && at.width > 0)
		tiles_path(&at, ret_at);
	return e;
}
