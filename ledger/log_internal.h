/* ledger/log_internal.h - what the parts of the log share. */
#ifndef AZUKARI_LEDGER_LOG_INTERNAL_H
#define AZUKARI_LEDGER_LOG_INTERNAL_H

#include "core/buf.h"
#include "core/fs.h"
#include "keys/merkle.h"
#include "ledger/log.h"
#include "ledger/tiles_source.h"

struct log {
	char dir[FS_PATH_MAX];
	const struct note_signer *signer;       /* NULL for a reader */
	struct note_key key;
	void (*step)(void *ctx, enum log_step step);
	void *step_ctx;
	struct fs_lock lock;

	struct checkpoint published;            /* size 0 before the first */
	struct buf note;
	struct merkle_range range;              /* of the published tree */
	struct tiles_source source;

	int is_staged;
	struct checkpoint staged;
	struct buf staged_note;
	struct merkle_range staged_range;
	int has_surplus;        /* tiles beyond `published` may be on disk */
};

/* Tell a test which step comes next. */
void log_at_step(const struct log *l, enum log_step step);

/* DIR/checkpoint. */
enum err log_checkpoint_path(const struct log *l,
    char ret[FS_PATH_MAX]) MUST_USE;

/* Write ${note} as the checkpoint file, durably. */
enum err log_write_checkpoint(struct log *l, struct bytes note) MUST_USE;

/* Stand at ${cp}: read from its tiles from now on. */
void log_stand_at(struct log *l, const struct checkpoint *cp);

#endif
