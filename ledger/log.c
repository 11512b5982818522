/* ledger/log.c - reading a log: entries, roots and proofs out of tiles. */
#include "ledger/log.h"

#include <string.h>

#include "ledger/log_internal.h"
#include "ledger/proof.h"

uint64_t
log_size(const struct log *l)
{
	return l->published.size;
}

const struct checkpoint *
log_checkpoint(const struct log *l)
{
	return &l->published;
}

const struct note_key *
log_key(const struct log *l)
{
	return &l->key;
}

struct bytes
log_note(const struct log *l)
{
	return bytes_buf(&l->note);
}

static struct merkle_proof_source
source_of(struct log *l)
{
	return (struct merkle_proof_source){tiles_source_get, &l->source};
}

/* The bundle and the row of leaf hashes that hold ${index}. */
struct bundle {
	struct buf entries;
	struct buf leaves;
	unsigned width;
};

static void
bundle_release(struct bundle *b)
{
	buf_release(&b->entries);
	buf_release(&b->leaves);
}

static enum err
bundle_read(const struct log *l, uint64_t index, struct bundle *ret)
{
	struct tiles_id id;

	RETURN_IF(tiles_id_at(TILES_ENTRIES, index, l->published.size, &id));
	RETURN_IF(tiles_read(l->dir, &id, &ret->entries));
	id.level = 0;
	RETURN_IF(tiles_read(l->dir, &id, &ret->leaves));
	ret->width = id.width;
	return ERR_OK;
}

/* Does an entry hash to what its tile says? */
static enum err
check_leaf(const struct bundle *b, unsigned at, struct bytes entry)
{
	uint8_t leaf[MERKLE_HASH_LEN];

	merkle_leaf(entry, leaf);
	return memcmp(leaf, b->leaves.data + at * sizeof(leaf),
	    sizeof(leaf)) == 0 ? ERR_OK : ERR_CORRUPT;
}

/* Call ${each} for the entries of a bundle from position ${from} on. */
static enum err
bundle_each(const struct bundle *b, uint64_t first_index, unsigned from,
    log_each_fn each, void *ctx)
{
	struct bytes rest = bytes_buf(&b->entries), entry;
	unsigned i;

	for (i = 0; i < b->width; i++) {
		if (tiles_take_entry(&rest, &entry) != ERR_OK)
			return ERR_CORRUPT;
		if (i < from)
			continue;
		RETURN_IF(check_leaf(b, i, entry));
		RETURN_IF(each(ctx, first_index + i, entry));
	}
	return ERR_OK;
}

enum err
log_each(struct log *l, uint64_t from, log_each_fn each, void *ctx)
{
	uint64_t first;

	while (from < l->published.size) {
		CLEANUP(bundle_release) struct bundle b = {.width = 0};

		first = from - from % TILES_WIDTH;
		RETURN_IF(bundle_read(l, from, &b));
		RETURN_IF(bundle_each(&b, first,
		    (unsigned)(from % TILES_WIDTH), each, ctx));
		from = first + TILES_WIDTH;
	}
	return ERR_OK;
}

enum err
log_entry(struct log *l, uint64_t index, struct buf *out)
{
	CLEANUP(bundle_release) struct bundle b = {.width = 0};
	unsigned i, at = (unsigned)(index % TILES_WIDTH);
	struct bytes rest, entry = {NULL, 0};

	RETURN_IF(bundle_read(l, index, &b));
	rest = bytes_buf(&b.entries);
	for (i = 0; i <= at; i++)
		if (tiles_take_entry(&rest, &entry) != ERR_OK)
			return ERR_CORRUPT;
	RETURN_IF(check_leaf(&b, at, entry));
	return buf_append(out, entry.data, entry.len);
}

enum err
log_leaf(struct log *l, uint64_t index, uint8_t ret[MERKLE_HASH_LEN])
{
	if (index >= l->published.size)
		return ERR_RANGE;
	return tiles_source_get(&l->source, 0, index, ret);
}

/* Look for a leaf in one row; 1 when ${ret_at} is set. */
static int
find_in_row(struct bytes row, unsigned from,
    const uint8_t leaf[MERKLE_HASH_LEN], unsigned *ret_at)
{
	unsigned i;

	for (i = from; i < row.len / MERKLE_HASH_LEN; i++)
		if (memcmp(row.data + i * MERKLE_HASH_LEN, leaf,
		    MERKLE_HASH_LEN) == 0) {
			*ret_at = i;
			return 1;
		}
	return 0;
}

enum err
log_find(struct log *l, uint64_t from, const uint8_t leaf[MERKLE_HASH_LEN],
    uint64_t *ret_index)
{
	CLEANUP(buf_release) struct buf row = {0};
	struct tiles_id id;
	enum err e;
	unsigned at;

	while (from < l->published.size) {
		RETURN_IF(tiles_id_at(0, from, l->published.size, &id));
		buf_clear(&row);
		/* "Not found" is said of leaves, never of a missing file. */
		e = tiles_read(l->dir, &id, &row);
		RETURN_IF(e == ERR_NOT_FOUND ? ERR_CORRUPT : e);
		if (find_in_row(bytes_buf(&row),
		    (unsigned)(from % TILES_WIDTH), leaf, &at)) {
			*ret_index = id.index * TILES_WIDTH + at;
			return ERR_OK;
		}
		from = (id.index + 1) * TILES_WIDTH;
	}
	return ERR_NOT_FOUND;
}

enum err
log_root(struct log *l, uint64_t size, uint8_t ret_root[MERKLE_HASH_LEN])
{
	const struct merkle_proof_source source = source_of(l);

	if (size > l->published.size)
		return ERR_RANGE;
	return merkle_proof_root(&source, size, ret_root);
}

enum err
log_inclusion(struct log *l, uint64_t index, uint64_t size,
    struct buf *ret_proof)
{
	const struct merkle_proof_source source = source_of(l);

	if (size > l->published.size)
		return ERR_RANGE;
	return merkle_proof_inclusion(&source, index, size, ret_proof);
}

enum err
log_consistency(struct log *l, uint64_t old_size, uint64_t size,
    struct buf *ret_proof)
{
	const struct merkle_proof_source source = source_of(l);

	if (size > l->published.size)
		return ERR_RANGE;
	return merkle_proof_consistency(&source, old_size, size, ret_proof);
}

/* The note is a checkpoint of this very log, no newer than what we publish. */
static enum err
check_own(struct log *l, struct bytes note, struct checkpoint *ret)
{
	uint8_t root[MERKLE_HASH_LEN];

	RETURN_IF(checkpoint_verify(note, &l->key, ret));
	RETURN_IF(log_root(l, ret->size, root));
	return memcmp(root, ret->root, sizeof(root)) == 0 ? ERR_OK :
	    ERR_ROLLBACK;
}

/* Nothing is handed out that its reader would refuse: tiles may be damaged. */
static enum err
check_path(struct log *l, uint64_t index, const struct checkpoint *cp,
    struct bytes path)
{
	CLEANUP(buf_release) struct buf entry = {0};
	uint8_t leaf[MERKLE_HASH_LEN];

	RETURN_IF(log_entry(l, index, &entry));
	merkle_leaf(bytes_buf(&entry), leaf);
	return merkle_proof_check_inclusion(index, cp->size, leaf, path,
	    cp->root) == ERR_OK ? ERR_OK : ERR_CORRUPT;
}

enum err
log_proof(struct log *l, uint64_t index, struct bytes note, struct buf *out)
{
	CLEANUP(buf_release) struct buf path = {0};
	struct checkpoint cp;

	if (note.len == 0)
		note = bytes_buf(&l->note);
	RETURN_IF(check_own(l, note, &cp));
	RETURN_IF(log_inclusion(l, index, cp.size, &path));
	RETURN_IF(check_path(l, index, &cp, bytes_buf(&path)));
	return proof_write(index, bytes_buf(&path), note, out);
}
