/* ledger/log_write.c - appending: tiles first, then the signature, and the
 * checkpoint file only after the caller's commit. */
#include <string.h>

#include "ledger/log.h"
#include "ledger/log_internal.h"
#include "ledger/tiles_drop.h"

#define FILE_MODE 0644

void
log_at_step(const struct log *l, enum log_step step)
{
	if (l->step != NULL)
		l->step(l->step_ctx, step);
}

enum err
log_checkpoint_path(const struct log *l, char ret[FS_PATH_MAX])
{
	return fs_path(ret, "%s/checkpoint", l->dir);
}

enum err
log_write_checkpoint(struct log *l, struct bytes note)
{
	char path[FS_PATH_MAX];

	RETURN_IF(log_checkpoint_path(l, path));
	return fs_write_file(path, note, FILE_MODE);
}

/* A tile that is being filled: position ${at} of ${level} comes next. */
struct filling {
	const struct log *l;
	int level;
	uint64_t at;
	struct buf row;
};

static void
filling_release(struct filling *f)
{
	buf_release(&f->row);
}

/* Begin with what the last tile of the published tree holds. */
static enum err
filling_init(struct filling *f, const struct log *l, int level)
{
	struct tiles_id id;

	memset(f, 0, sizeof(*f));
	f->l = l;
	f->level = level;
	f->at = tiles_count(level, l->published.size);
	if (f->at % TILES_WIDTH == 0)
		return ERR_OK;
	RETURN_IF(tiles_id_at(level, f->at - 1, l->published.size, &id));
	return tiles_read(l->dir, &id, &f->row);
}

/* Write what there is of the tile that ends before ${at}. */
static enum err
filling_write(struct filling *f)
{
	struct tiles_id id = {
		.level = f->level, .index = (f->at - 1) / TILES_WIDTH,
		.width = (unsigned)((f->at - 1) % TILES_WIDTH + 1),
	};

	return tiles_write(f->l->dir, &id, bytes_buf(&f->row));
}

/* One position was added to the row; ${ret_full} says whether it was written
 * as a full tile, whose bytes stay in the row until filling_next. */
static enum err
filling_step(struct filling *f, int *ret_full)
{
	f->at++;
	*ret_full = f->at % TILES_WIDTH == 0;
	return *ret_full ? filling_write(f) : ERR_OK;
}

static enum err
filling_end(struct filling *f)
{
	return f->at % TILES_WIDTH != 0 ? filling_write(f) : ERR_OK;
}

static enum err
write_entries(const struct log *l, const struct bytes *entries, size_t count)
{
	CLEANUP(filling_release) struct filling f = {0};
	size_t i;
	int full;

	log_at_step(l, LOG_STEP_ENTRIES);
	RETURN_IF(filling_init(&f, l, TILES_ENTRIES));
	for (i = 0; i < count; i++) {
		RETURN_IF(tiles_put_entry(entries[i], &f.row));
		RETURN_IF(filling_step(&f, &full));
		if (full)
			buf_clear(&f.row);
	}
	return filling_end(&f);
}

/* Add the ${hashes} to a level; the roots of the tiles that became full are
 * appended to ${up}. */
static enum err
write_level(const struct log *l, int level, struct bytes hashes,
    struct buf *up)
{
	CLEANUP(filling_release) struct filling f = {0};
	uint8_t root[MERKLE_HASH_LEN];
	struct bytes hash;
	int full;

	log_at_step(l, LOG_STEP_HASHES);
	RETURN_IF(filling_init(&f, l, level));
	while (bytes_take(&hashes, TILES_HASH_LEN, &hash) == ERR_OK) {
		RETURN_IF(buf_append(&f.row, hash.data, hash.len));
		RETURN_IF(filling_step(&f, &full));
		if (!full)
			continue;
		merkle_root(f.row.data, TILES_WIDTH, root);
		RETURN_IF(buf_append(up, root, sizeof(root)));
		buf_clear(&f.row);
	}
	return filling_end(&f);
}

/* All levels that the new leaves reach. */
static enum err
write_hashes(const struct log *l, struct bytes leaves)
{
	CLEANUP(buf_release) struct buf now = {0}, up = {0};
	struct buf swap;
	int level;

	RETURN_IF(buf_append(&now, leaves.data, leaves.len));
	for (level = 0; now.len > 0; level++) {
		if (level > TILES_LEVEL_MAX)
			return ERR_LIMIT;
		RETURN_IF(write_level(l, level, bytes_buf(&now), &up));
		swap = now;
		now = up;
		up = swap;
		buf_clear(&up);
	}
	return ERR_OK;
}

/* Leaf hashes of the entries, added to the range as well. */
static enum err
hash_entries(const struct bytes *entries, size_t count,
    struct merkle_range *range, struct buf *ret_leaves)
{
	uint8_t leaf[MERKLE_HASH_LEN];
	size_t i;

	for (i = 0; i < count; i++) {
		if (entries[i].len == 0)
			return ERR_RANGE;
		if (entries[i].len > TILES_ENTRY_MAX)
			return ERR_LIMIT;
		merkle_leaf(entries[i], leaf);
		merkle_range_add(range, leaf);
		RETURN_IF(buf_append(ret_leaves, leaf, sizeof(leaf)));
	}
	return ERR_OK;
}

/* The tiles on disk must say what memory says: the root of the range, which
 * grew out of the last signed tree, is the one that is signed. */
static enum err
check_written(const struct log *l, const struct checkpoint *cp)
{
	CLEANUP(tiles_source_release) struct tiles_source source;
	const struct merkle_proof_source hashes = {tiles_source_get, &source};
	uint8_t root[MERKLE_HASH_LEN];

	tiles_source_init(&source, l->dir, cp->size);
	RETURN_IF(merkle_proof_root(&hashes, cp->size, root));
	return memcmp(root, cp->root, sizeof(root)) == 0 ? ERR_OK :
	    ERR_CORRUPT;
}

static enum err
stage(struct log *l, const struct bytes *entries, size_t count)
{
	CLEANUP(buf_release) struct buf leaves = {0};
	struct merkle_range range = l->range;
	struct checkpoint cp = l->published;

	RETURN_IF(hash_entries(entries, count, &range, &leaves));
	cp.size = range.size;
	merkle_range_root(&range, cp.root);
	if (cp.size > MERKLE_PROOF_SIZE_MAX)
		return ERR_LIMIT;
	l->has_surplus = 1;
	RETURN_IF(write_entries(l, entries, count));
	RETURN_IF(write_hashes(l, bytes_buf(&leaves)));
	RETURN_IF(check_written(l, &cp));
	log_at_step(l, LOG_STEP_SIGN);
	buf_clear(&l->staged_note);
	RETURN_IF(checkpoint_sign(&cp, l->signer, &l->staged_note));
	l->staged = cp;
	l->staged_range = range;
	l->is_staged = 1;
	return ERR_OK;
}

/* Remove tiles that a failed or forgotten stage left. */
static enum err
drop_surplus(struct log *l)
{
	if (!l->has_surplus)
		return ERR_OK;
	log_at_step(l, LOG_STEP_DROP_SURPLUS);
	RETURN_IF(tiles_drop_beyond(l->dir, l->published.size));
	l->has_surplus = 0;
	return ERR_OK;
}

enum err
log_stage(struct log *l, const struct bytes *entries, size_t count)
{
	enum err e;

	if (l->signer == NULL || l->is_staged)
		return ERR_STATE;
	if (count == 0 || count > LOG_BATCH_MAX)
		return ERR_LIMIT;
	RETURN_IF(drop_surplus(l));
	e = stage(l, entries, count);
	/* Where this fails too, the next call tries again first. */
	if (e != ERR_OK && drop_surplus(l) != ERR_OK)
		l->has_surplus = 1;
	return e;
}

struct log_signed
log_staged(const struct log *l)
{
	struct log_signed s = {.size = l->staged.size};

	MUST_HOLD(l->is_staged);
	memcpy(s.root, l->staged.root, sizeof(s.root));
	s.checkpoint = bytes_buf(&l->staged_note);
	return s;
}

enum err
log_publish(struct log *l)
{
	uint64_t old = l->published.size;

	if (!l->is_staged)
		return ERR_STATE;
	l->is_staged = 0;
	l->has_surplus = 0;
	log_stand_at(l, &l->staged);
	l->range = l->staged_range;
	buf_release(&l->note);
	l->note = l->staged_note;
	memset(&l->staged_note, 0, sizeof(l->staged_note));
	log_at_step(l, LOG_STEP_CHECKPOINT);
	RETURN_IF(log_write_checkpoint(l, bytes_buf(&l->note)));
	log_at_step(l, LOG_STEP_DROP_PARTIAL);
	RETURN_IF(tiles_drop_partial(l->dir, old, l->published.size));
	log_at_step(l, LOG_STEP_DONE);
	return ERR_OK;
}

enum err
log_drop(struct log *l)
{
	if (!l->is_staged)
		return ERR_STATE;
	l->is_staged = 0;
	return drop_surplus(l);
}

enum err
log_store_cosigned(struct log *l, struct bytes note)
{
	CLEANUP(buf_release) struct buf copy = {0};
	struct checkpoint cp;

	if (l->signer == NULL || l->is_staged)
		return ERR_STATE;
	RETURN_IF(checkpoint_verify(note, &l->key, &cp));
	if (!checkpoint_equal(&cp, &l->published))
		return ERR_MISMATCH;
	RETURN_IF(buf_append(&copy, note.data, note.len));
	RETURN_IF(log_write_checkpoint(l, note));
	buf_release(&l->note);
	l->note = copy;
	memset(&copy, 0, sizeof(copy));
	return ERR_OK;
}
