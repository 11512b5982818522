/* app/ops/ledger_past.h - the checkpoints a ledger was signed for before.
 *
 * An auditor keeps them as files, or a log is handed over with its past beside
 * its tiles: checkpoint.N, checkpoint-N or a folder checkpoints/.  A signed
 * checkpoint is a promise whoever holds it, so each one must be a part of the
 * tree.
 */
#ifndef AZUKARI_APP_OPS_LEDGER_PAST_H
#define AZUKARI_APP_OPS_LEDGER_PAST_H

#include "app/outcome.h"
#include "ledger/log.h"

#define LEDGER_PAST_MAX 10000

/* Paths of checkpoint files.  Zeroed is empty. */
struct ledger_past {
	char **paths;
	size_t len;
};
void ledger_past_release(struct ledger_past *p);        /* CLEANUP-able */

/* ${path}, or where it is a folder every file in it but hidden ones.
 * ERR_LIMIT above LEDGER_PAST_MAX, ERR_NOT_FOUND for an empty folder. */
enum err ledger_past_add(struct ledger_past *p, const char *path,
    struct outcome *o) MUST_USE;

/* What lies beside the tiles of ${dir}; nothing is no error. */
enum err ledger_past_beside(struct ledger_past *p, const char *dir) MUST_USE;

/* A copy of a log (a folder of tiles) under ${key}, at DIR/checkpoint or at the
 * largest of what lies beside it in ${p}, each of which must be signed by the
 * key.  ${origin} NULL: the key's name.  ERR_NOT_FOUND, ERR_UNTRUSTED,
 * ERR_SIGNATURE, ERR_MISMATCH, ERR_SYNTAX with a sentence. */
enum err ledger_past_open(const struct ledger_past *p, const char *dir,
    const struct note_key *key, const char *origin, struct log **ret,
    struct outcome *o) MUST_USE;

#endif
