/* app/act.h - the only way to change state: rows and ledger entry as one act.
 *
 *     act_begin               lock, transaction
 *     act_entry / act_entry_end     the entry, queued in that transaction
 *     ... rows, carrying the act's id ...
 *     act_commit              commit; append; sign; publish; mark logged
 *
 * A grant's rows are invisible until its entry is in the log; a stop act's
 * rows stand at once (PROTOCOL 8).  Whatever instant a process dies at,
 * act_repair sets it right in the right direction at the next opening.
 *
 * act_data_begin/commit are for what has no entry of its own: sealed records
 * of an epoch whose opening is logged and whose closing will commit to them,
 * drafts, and counters.
 */
#ifndef AZUKARI_APP_ACT_H
#define AZUKARI_APP_ACT_H

#include "app/home.h"
#include "ledger/entry.h"
#include "ledger/log.h"
#include "vault/actlog.h"

#define ACT_ENTRIES_MAX 64

struct act {
	struct home *home;
	struct db *db;
	struct db_tx tx;
	struct fs_lock lock;
	char owner[3];                       /* of its entries; "" is none */
	int64_t ids[ACT_ENTRIES_MAX];
	uint64_t indexes[ACT_ENTRIES_MAX];   /* in the ledger, after commit */
	size_t len;
	struct buf entry;
};

/* ${db} is the register's or a store's.  ERR_BUSY after HOME_WAIT_MS. */
enum err act_begin(struct home *h, struct db *db, struct act *ret) MUST_USE;

/* Begin an entry of ${kind}; put its keys with entry_put*, then act_entry_end
 * queues it and gives the act id for the rows.  ERR_STATE with a sentence for
 * a grant while stop acts are still queued. */
void act_entry(struct act *a, enum entry_kind kind, const char *owner,
    struct entry_writer *w);
enum err act_entry_end(struct act *a, struct entry_writer *w,
    int64_t *ret_act) MUST_USE;

/* Commit and log.  When it fails after the commit of the rows, a grant stays
 * invisible (the next opening logs or voids it) and a stop act stands. */
enum err act_commit(struct act *a) MUST_USE;
void act_abort(struct act *a);          /* for CLEANUP(); nothing after commit */

/* Changes without an entry; see above. */
enum err act_data_begin(struct home *h, struct db *db,
    struct act *ret) MUST_USE;
enum err act_data_commit(struct act *a) MUST_USE;

/* Hold every act of this home back for a while: for a copy of what belongs
 * together.  ERR_BUSY after HOME_WAIT_MS; fs_lock_release lets go. */
enum err act_hold(struct home *h, struct fs_lock *ret) MUST_USE;

/* Finish or void what an interrupted process left in ${db}, and repair the
 * log's files.  Repairs are told in h->outcome. */
enum err act_repair(struct home *h, struct db *db) MUST_USE;

/* The log for writing, for who changes its files without an act while acts are
 * held back (ERR_ROLLBACK as in app/witnesses.h). */
enum err act_log_writer(struct home *h, struct log **ret) MUST_USE;

/* The log for reading at its published state; the caller closes it. */
enum err act_log_reader(struct home *h, struct log **ret) MUST_USE;

#endif
