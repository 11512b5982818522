/* ledger/log_open.c - opening a log: what a crash left is repaired, what an
 * old copy put back would claim is refused. */
#include <stdlib.h>
#include <string.h>

#include "ledger/log.h"
#include "ledger/log_internal.h"
#include "ledger/tiles_drop.h"

#define FOLDER_MODE 0755

static enum err
log_new(const char *dir, const struct note_key *key, struct log **ret)
{
	CLEANUP(log_cleanup) struct log *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return ERR_NOMEM;
	RETURN_IF(fs_path(l->dir, "%s", dir));
	l->key = *key;
	memcpy(l->published.origin, key->name, sizeof(key->name));
	tiles_source_init(&l->source, l->dir, 0);
	*ret = TAKE(l);
	return ERR_OK;
}

void
log_close(struct log *l)
{
	if (l == NULL)
		return;
	tiles_source_release(&l->source);
	buf_release(&l->note);
	buf_release(&l->staged_note);
	fs_lock_release(&l->lock);
	free(l);
}

void
log_cleanup(struct log **l)
{
	log_close(*l);
}

void
log_stand_at(struct log *l, const struct checkpoint *cp)
{
	l->published = *cp;
	tiles_source_release(&l->source);
	tiles_source_init(&l->source, l->dir, cp->size);
}

static enum err
load_range(struct tiles_source *source, struct merkle_range *ret)
{
	struct merkle_range range = {.size = source->size};
	uint64_t start = 0;
	unsigned level, n = 0;

	for (level = 63; level-- > 0;) {
		if ((source->size >> level & 1) == 0)
			continue;
		RETURN_IF(tiles_source_get(source, level, start >> level,
		    range.hash[n++]));
		start += (uint64_t)1 << level;
	}
	*ret = range;
	return ERR_OK;
}

/* The state handed in must be one that we signed. */
static enum err
check_state(const struct log *l, const struct log_signed *state,
    struct checkpoint *ret, struct err_info *info)
{
	struct checkpoint cp = l->published;
	enum err e;

	if (state->size == 0) {
		*ret = cp;
		return ERR_OK;
	}
	e = checkpoint_verify(state->checkpoint, &l->key, &cp);
	if (e != ERR_OK)
		return err_at(info, e, 0,
		    "the signed state is not a checkpoint of this ledger key");
	if (cp.size != state->size ||
	    memcmp(cp.root, state->root, sizeof(cp.root)) != 0)
		return err_at(info, ERR_MISMATCH, 0,
		    "the signed state and its checkpoint differ");
	*ret = cp;
	return ERR_OK;
}

/* The tiles hold the tree of the state, entries included. */
static enum err
check_tiles(struct log *l, struct err_info *info)
{
	CLEANUP(buf_release) struct buf last = {0};
	uint8_t root[MERKLE_HASH_LEN];
	enum err e;

	e = load_range(&l->source, &l->range);
	if (e == ERR_OK && l->published.size > 0)
		e = log_entry(l, l->published.size - 1, &last);
	if (e == ERR_NOT_FOUND)
		return err_at(info, ERR_ROLLBACK, 0,
		    "the ledger's files lack tiles of what was signed: "
		    "an older copy was put back, or files were removed");
	if (e == ERR_CORRUPT)
		return err_at(info, e, 0, "the ledger's tiles are damaged");
	RETURN_IF(e);
	merkle_range_root(&l->range, root);
	if (l->published.size > 0 &&
	    memcmp(root, l->published.root, sizeof(root)) != 0)
		return err_at(info, ERR_CORRUPT, 0,
		    "the ledger's tiles do not hash to what was signed");
	return ERR_OK;
}

/* The published checkpoint ${cp} is not newer than the state and of its
 * tree. */
static enum err
check_published(struct log *l, const struct checkpoint *cp,
    struct err_info *info)
{
	uint8_t root[MERKLE_HASH_LEN];

	if (cp->size > l->published.size)
		return err_at(info, ERR_ROLLBACK, 0,
		    "%llu entries were published, the register knows only "
		    "%llu: an older copy of it was put back",
		    (unsigned long long)cp->size,
		    (unsigned long long)l->published.size);
	RETURN_IF(log_root(l, cp->size, root));
	if (memcmp(root, cp->root, sizeof(root)) != 0)
		return err_at(info, ERR_ROLLBACK, 0,
		    "the published checkpoint is of another tree");
	return ERR_OK;
}

/* Compare with the checkpoint file; ${ret_stale} is 1 when it is to be
 * written again. */
static enum err
check_file(struct log *l, int *ret_stale, struct err_info *info)
{
	CLEANUP(buf_release) struct buf file = {0};
	char path[FS_PATH_MAX];
	struct checkpoint cp;
	enum err e;

	RETURN_IF(log_checkpoint_path(l, path));
	e = fs_read_file(path, NOTE_MAX, &file);
	if (e == ERR_NOT_FOUND) {
		*ret_stale = l->published.size > 0;
		return ERR_OK;
	}
	RETURN_IF(e);
	e = checkpoint_verify(bytes_buf(&file), &l->key, &cp);
	if (e != ERR_OK)
		return err_at(info, e == ERR_NOMEM ? e : ERR_CORRUPT, 0,
		    "the checkpoint file is not one of this ledger key");
	RETURN_IF(check_published(l, &cp, info));
	*ret_stale = cp.size < l->published.size;
	if (*ret_stale)
		return ERR_OK;
	/* It may carry cosignatures that the state does not have. */
	buf_clear(&l->note);
	return buf_append(&l->note, file.data, file.len);
}

/* A crash leaves at most one batch behind the state. */
static enum err
check_surplus(const struct log *l, struct err_info *info)
{
	uint64_t reach;

	RETURN_IF(tiles_drop_reach(l->dir, l->published.size, &reach));
	if (reach > l->published.size + LOG_BATCH_MAX + TILES_WIDTH)
		return err_at(info, ERR_ROLLBACK, 0,
		    "the ledger's files hold far more entries than the "
		    "register knows: an older copy of it was put back");
	return ERR_OK;
}

/* Temporary files of a crashed write of the checkpoint. */
static enum err
drop_temporary(const struct log *l)
{
	CLEANUP(fs_names_release) struct fs_names names = {0};
	char path[FS_PATH_MAX];
	size_t i;

	RETURN_IF(fs_list(l->dir, &names));
	for (i = 0; i < names.len; i++) {
		if (strncmp(names.names[i], ".checkpoint.", 12) != 0)
			continue;
		RETURN_IF(fs_path(path, "%s/%s", l->dir, names.names[i]));
		RETURN_IF(fs_remove(path));
	}
	return ERR_OK;
}

static enum err
repair(struct log *l, int stale)
{
	uint64_t size = l->published.size;

	log_at_step(l, LOG_STEP_DROP_SURPLUS);
	RETURN_IF(tiles_drop_beyond(l->dir, size));
	RETURN_IF(drop_temporary(l));
	if (stale) {
		log_at_step(l, LOG_STEP_CHECKPOINT);
		RETURN_IF(log_write_checkpoint(l, bytes_buf(&l->note)));
	}
	log_at_step(l, LOG_STEP_DROP_PARTIAL);
	return tiles_drop_partial(l->dir,
	    size > LOG_BATCH_MAX ? size - LOG_BATCH_MAX : 0, size);
}

static enum err
open_at(struct log *l, const struct log_signed *state, struct err_info *info)
{
	struct checkpoint cp;
	int stale = 0;

	RETURN_IF(check_state(l, state, &cp, info));
	log_stand_at(l, &cp);
	RETURN_IF(buf_append(&l->note, state->checkpoint.data,
	    state->size > 0 ? state->checkpoint.len : 0));
	RETURN_IF(check_tiles(l, info));
	RETURN_IF(check_file(l, &stale, info));
	RETURN_IF(check_surplus(l, info));
	return repair(l, stale);
}

enum err
log_open(const struct log_config *config, const struct log_signed *state,
    struct log **ret, struct err_info *info)
{
	CLEANUP(log_cleanup) struct log *l = NULL;
	char lock[FS_PATH_MAX];

	RETURN_IF(log_new(config->dir, note_signer_key(config->signer), &l));
	l->signer = config->signer;
	l->step = config->step;
	l->step_ctx = config->step_ctx;
	RETURN_IF(fs_mkdir_all(l->dir, FOLDER_MODE));
	RETURN_IF(fs_path(lock, "%s/lock", l->dir));
	RETURN_IF(fs_lock_take(lock, config->wait_ms, &l->lock));
	RETURN_IF(open_at(l, state, info));
	*ret = TAKE(l);
	return ERR_OK;
}

enum err
log_open_reader(const char *dir, const struct note_key *key,
    const struct bytes *note, struct log **ret)
{
	return log_open_copy(dir, key, key->name, note, ret);
}

enum err
log_open_copy(const char *dir, const struct note_key *key, const char *origin,
    const struct bytes *note, struct log **ret)
{
	CLEANUP(log_cleanup) struct log *l = NULL;
	struct checkpoint cp;
	char path[FS_PATH_MAX];

	RETURN_IF(log_new(dir, key, &l));
	RETURN_IF(log_checkpoint_path(l, path));
	RETURN_IF(note != NULL ? buf_append(&l->note, note->data, note->len) :
	    fs_read_file(path, NOTE_MAX, &l->note));
	RETURN_IF(checkpoint_verify_origin(bytes_buf(&l->note), key, origin,
	    &cp));
	log_stand_at(l, &cp);
	*ret = TAKE(l);
	return ERR_OK;
}
