/* app/ops/restore.h - a home from the two sets of one backup. */
#ifndef AZUKARI_APP_OPS_RESTORE_H
#define AZUKARI_APP_OPS_RESTORE_H

#include "app/home.h"

struct restore_args {
	const char *home;               /* absent or empty */
	const char *sets[2];            /* in any order */
	const char *gateway_key;        /* keys/gateway.key, kept elsewhere */
	const char *seen;               /* what a witness holds: its file `state`;
	                                 * "none", NULL: not given */
};

struct restore_result {
	int64_t taken_unix_s;
	uint64_t ledger_size;
	uint8_t ledger_root[32];
	size_t plans_ended, epochs_closed, owners;
};

/* First step: files.  Every file is checked against the list of its set; sets
 * of two backups are refused (ERR_ROLLBACK).  config.json comes last, so that a
 * half-restored folder is no home; on failure nothing is left. */
enum err restore_files(const struct restore_args *args, struct outcome *o,
    struct restore_result *ret) MUST_USE;
/* Undo it: the folder was made by restore_files. */
enum err restore_undo(const char *home) MUST_USE;

/* Second step, in the opened home: the ledger is audited, every database read
 * to its last page and held against the others; then the entry `restore`, and
 * the end of what a backup cannot bring back: live plans, open epochs.  Where a
 * policy names witnesses and ${args->seen} is not given, ERR_STATE before
 * anything is signed.  On failure the home is to be undone. */
enum err restore_finish(struct home *h, const struct restore_args *args,
    struct restore_result *ret) MUST_USE;

#endif
