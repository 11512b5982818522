/* app/ops/ledger_fetch.h - a published ledger, brought here as static files.
 *
 * The checkpoint first, held to the ledger's key; then exactly the tiles and
 * entries that a tree of its size has, and, where they are published, the
 * cosigned checkpoints and policies of witnesses.  Nothing is believed before
 * ledger_verify has looked at it.
 */
#ifndef AZUKARI_APP_OPS_LEDGER_FETCH_H
#define AZUKARI_APP_OPS_LEDGER_FETCH_H

#include "app/outcome.h"
#include "core/fs.h"
#include "ledger/note_key.h"

/* 1 when ${word} is an http or https address. */
int ledger_fetch_is_url(const char *word);

struct ledger_fetch_from {
	const char *url;
	const struct note_key *key;     /* of the log */
	const char *origin;             /* its name; NULL: the key's */
	const char *ca;                 /* who certifies it; NULL: the system */
};

/* Fetch into a new folder, whose path goes to ${ret_dir}; the caller removes it
 * (fs_remove_tree), also after a failure unless it is "".  ERR_NOT_FOUND,
 * ERR_IO with a sentence; errors of checkpoint_verify. */
enum err ledger_fetch(const struct ledger_fetch_from *from,
    char ret_dir[FS_PATH_MAX], struct outcome *o) MUST_USE;

#endif
