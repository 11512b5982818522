/* vault/db.h - an encrypted database file: opening, proof, transactions.
 *
 * Three kinds of file exist: the register (gateway.db), an owner's store
 * (vault.db) and an owner's erase store (erase.db).  Each has its own schema,
 * built only by its numbered migrations, and its own table of statements;
 * nothing here or above can run SQL that is not in such a table.
 *
 * Invariants:
 * - A file that is not encrypted with the key given never opens, and a fresh
 *   file is proven encrypted after its first write.
 * - A statement that changes anything runs only inside a transaction object;
 *   outside of one it is ERR_STATE.  Only app/act.c begins transactions.
 * - After ERR_CORRUPT the handle is dead: every later call gives ERR_CORRUPT
 *   until it is closed and opened anew.
 *
 * A handle belongs to one thread at a time.
 */
#ifndef AZUKARI_VAULT_DB_H
#define AZUKARI_VAULT_DB_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/secret.h"

#define DB_KEY_LEN 32
#define DB_ID_LEN 16

struct db;

enum db_kind { DB_REGISTER, DB_STORE, DB_ERASE };

enum db_open_mode {
	DB_CREATE,      /* a new file; ERR_EXISTS when it is there */
	DB_OPEN,        /* an existing one; ERR_NOT_FOUND; migrates */
	DB_READ_ONLY,   /* the same, without changing a byte or migrating */
};

struct db_open_args {
	enum db_kind kind;
	enum db_open_mode mode;
	const char *path;               /* borrowed for the call */
	const struct secret *key;       /* DB_KEY_LEN bytes, borrowed; copied */
	unsigned busy_ms;               /* how long to wait for other writers */
	int large_cache;                /* pages: 128 MiB instead of 16 */
};

/* Open and prove.  A new file is built beside its place and moved there when
 * it stands, so a crash leaves no half one.  ERR_NOT_ENCRYPTED: the file is
 * plain SQLite, or came out plain.  ERR_TRUNCATED: it is empty.  ERR_DECRYPT:
 * wrong key, other page settings, or damaged first page. ERR_UNSUPPORTED:
 * schema newer than this program, or (DB_READ_ONLY) older; an older one is
 * brought up to date in one transaction.  ERR_MISMATCH: a database of another
 * kind.  ERR_BUSY, ERR_IO, ERR_NO_SPACE, ERR_STORE,
 * ERR_NOMEM.  The caller owns ${ret}. */
enum err db_open(const struct db_open_args *args, struct db **ret) MUST_USE;

/* A second, read-only connection to the same file (for another thread, or to
 * read much once): it keeps few pages. */
enum err db_open_again(const struct db *db, struct db **ret) MUST_USE;

/* What all databases of this process may keep in memory together, but for the
 * first 1.6 MiB of each: at ${bytes} each gives up pages of its own before it
 * takes more.  0, as it begins: each has its own bound and nothing else. */
void db_memory_limit(uint64_t bytes);
uint64_t db_memory_used(void);

/* 1 where opening it brought an older schema up to date. */
int db_was_migrated(const struct db *db);

void db_close(struct db *db);           /* NULL is fine; rolls back */
void db_cleanup(struct db **db);

/* 16 random bytes drawn when the file was made. */
enum err db_id(struct db *db, uint8_t ret[DB_ID_LEN]) MUST_USE;

/* The generation of the contents: 0 at birth, raised by its owner at events
 * that must never be undone by an old copy.  db_set_generation needs a
 * transaction and refuses to go back or stay (ERR_ROLLBACK). */
enum err db_generation(struct db *db, uint64_t *ret) MUST_USE;
enum err db_set_generation(struct db *db, uint64_t generation) MUST_USE;

/* Moves when another connection has committed: drop what was cached. */
enum err db_data_version(struct db *db, uint32_t *ret) MUST_USE;

/* A write transaction (BEGIN IMMEDIATE), durable when db_tx_commit returns.
 * `CLEANUP(db_tx_rollback) struct db_tx tx = {0};` undoes on every exit that
 * did not commit.  One at a time per handle (ERR_STATE). */
struct db_tx {
	struct db *db;
};
enum err db_tx_begin(struct db *db, struct db_tx *ret) MUST_USE;
enum err db_tx_commit(struct db_tx *tx) MUST_USE;
void db_tx_rollback(struct db_tx *tx);  /* nothing after commit */
int db_in_tx(const struct db *db);

/* A read snapshot: what is read between begin and end belongs together.
 * Keep it short, it pins the WAL. */
struct db_snapshot {
	struct db *db;
};
enum err db_snapshot_begin(struct db *db, struct db_snapshot *ret) MUST_USE;
void db_snapshot_end(struct db_snapshot *s);

/* Move the WAL into the file and cut it to nothing.  ERR_BUSY when a reader
 * or another process stood in the way (nothing is lost then). */
enum err db_checkpoint(struct db *db) MUST_USE;

/* Encrypt every page anew under ${key} (borrowed; copied), then checkpoint
 * and cut the WAL, so that no page under the old key is left in either file.
 * Outside a transaction, and with this connection the only one (ERR_BUSY).
 * When it fails, exactly one of both keys opens the file. */
enum err db_rekey(struct db *db, const struct secret *key) MUST_USE;

/* Read every page that holds anything and check the b-trees: the only way to
 * know that nothing is damaged.  Leaves of the free list are not read, they
 * hold nothing.  ERR_CORRUPT. */
enum err db_check_all_pages(struct db *db) MUST_USE;

/* Consistent copy into a new file ${path} under the same key (backup);
 * ERR_EXISTS, ERR_BUSY. */
enum err db_copy_to(struct db *db, const char *path) MUST_USE;

enum db_kind db_kind(const struct db *db);

#endif
