/* vault/actlog.h - the acts of a database, and their entries for the ledger.
 *
 * Every database has a table of acts.  Rows that a grant brings carry its id
 * and are visible to every reader only once that act is logged; a stop act's
 * rows are visible at once.  A void grant's rows are gone.  No reader can get
 * around it: reading goes through views that join the acts.
 *
 * Only app/act.c calls the functions that change something.
 */
#ifndef AZUKARI_VAULT_ACTLOG_H
#define AZUKARI_VAULT_ACTLOG_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"
#include "vault/db.h"

#define ACTLOG_LEAF_LEN 32
#define ACTLOG_ENTRY_MAX 65535
#define ACTLOG_KIND_MAX 32

enum actlog_class { ACTLOG_GRANT = 1, ACTLOG_STOP = 2 };
enum actlog_state { ACTLOG_QUEUED = 0, ACTLOG_LOGGED = 1, ACTLOG_VOID = 2 };

struct actlog_act {
	int64_t id;                     /* set by actlog_add */
	enum actlog_class class_;
	char kind[ACTLOG_KIND_MAX + 1]; /* "epoch-opened" */
	struct bytes entry;             /* exact bytes; borrowed */
	uint8_t leaf[ACTLOG_LEAF_LEN];  /* SHA256(0x00 | entry) */
	uint64_t tree_size_then;        /* size of the tree when it was queued */
	enum actlog_state state;
	uint64_t ledger_index;          /* when logged */
};

/* Inside a transaction: a queued act.  ERR_LIMIT (entry), ERR_DUPLICATE (the
 * same leaf is there), ERR_STATE: ${act} is a grant and this database still
 * has a queued stop act. */
enum err actlog_add(struct db *db, const struct actlog_act *act,
    int64_t *ret_id) MUST_USE;

/* Inside a transaction: queued -> logged, or (grants only) queued -> void.
 * ERR_NOT_FOUND; ERR_STATE when it is not queued or not a grant. */
enum err actlog_mark_logged(struct db *db, int64_t id,
    uint64_t ledger_index) MUST_USE;
enum err actlog_mark_void(struct db *db, int64_t id) MUST_USE;

/* Calls ${each} for every queued act in order of id; its act is valid during
 * the call.  An error of ${each} ends the walk and is returned. */
typedef enum err (*actlog_each_fn)(void *ctx, const struct actlog_act *act);
enum err actlog_each_queued(struct db *db, actlog_each_fn each,
    void *ctx) MUST_USE;

/* Every act, or with ${kind} (not NULL) the logged ones of that kind, newest
 * first; in order of id otherwise.  An error of ${each} ends the walk and is
 * returned. */
enum err actlog_each(struct db *db, const char *kind, actlog_each_fn each,
    void *ctx) MUST_USE;

enum err actlog_count_queued(struct db *db, enum actlog_class class_,
    uint64_t *ret) MUST_USE;

/* The greatest place in the ledger of an act of this database.  ERR_NOT_FOUND:
 * none is logged. */
enum err actlog_last_index(struct db *db, uint64_t *ret) MUST_USE;

/* One act by id: class, kind, state, leaf and index (entry stays empty). */
enum err actlog_get(struct db *db, int64_t id, struct actlog_act *ret) MUST_USE;

#endif
