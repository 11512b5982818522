/* app/home.h - a gateway's home: its keys, register and owners, opened.
 *
 *     HOME/config.json            what this home is
 *     HOME/keys/                  gateway.key, erase-NN.key
 *     HOME/gateway.db             the register
 *     HOME/owners/NN/             vault.db, erase.db, recovery/
 *     HOME/ledger/                the transparency log
 *     HOME/witness/               what witnesses have seen of it
 *     HOME/outbox/                released bundles
 *     HOME/run/plans/             secrets of live plans; never in a backup
 *     HOME/tmp/                   ciphertext being written
 *
 * Opening finishes what an interrupted process left (app/act.h).
 */
#ifndef AZUKARI_APP_HOME_H
#define AZUKARI_APP_HOME_H

#include <stdint.h>

#include "app/outcome.h"
#include "core/fs.h"
#include "keys/erase_key.h"
#include "keys/gateway_key.h"
#include "keys/identity.h"
#include "ledger/note_signer.h"
#include "vault/erase.h"
#include "vault/register.h"
#include "vault/store.h"

#define HOME_WAIT_MS 10000
#define HOME_OPERATOR_MAX 192

/* How the gateway key is sealed; owns what it points to. */
struct home_seal {
	struct secret *passphrase;      /* one of both */
	struct secret *key_file_secret;
	unsigned log_n;
};
void home_seal_release(struct home_seal *s);
/* ${ret} is zeroed; what was copied is there also on failure. */
enum err home_seal_copy(const struct home_seal *from,
    struct home_seal *ret) MUST_USE;

struct home {
	char dir[FS_PATH_MAX];
	char operator_name[HOME_OPERATOR_MAX];
	struct home_seal seal;
	struct gateway_key *keys;
	struct register_store *reg;
	struct note_signer *log_signer;
	int64_t now_unix_s;             /* when it was opened */
	int64_t cosigned_unix_s;        /* the ledger's last cosignature; 0 */
	int settings_seen;              /* config.json is held to the ledger */
	enum err settings_err;          /* why it could not be; stops grants */
	struct outcome *outcome;        /* borrowed: repairs are told here */
};

/* Make a new home in ${dir} (absent or empty, else ERR_EXISTS) for the ledger
 * ${origin}, run by ${operator_name}; its ledger begins with `genesis`.
 * ${seal} is borrowed.  ERR_SYNTAX or ERR_RANGE with a sentence where the names
 * cannot be.  On failure nothing is left of it, unless the machine fails too. */
struct home_create_args {
	const char *dir, *origin, *operator_name;
	const char *key_file;           /* noted in config.json; may be NULL */
	const struct home_seal *seal;
	int64_t now_unix_s;
};
enum err home_create(const struct home_create_args *args,
    struct outcome *o) MUST_USE;
/* What home_create would refuse, before anything is asked for or made; looks
 * at ${dir} and the names only. */
enum err home_create_check(const struct home_create_args *args,
    struct outcome *o) MUST_USE;

/* The key file noted in config.json: "" when none.  For unlocking. */
enum err home_key_file(const char *dir, char ret[FS_PATH_MAX]) MUST_USE;

/* Open ${dir}; ${seal} is taken (also on failure).  Repairs are made and told
 * in ${o}, which must outlive the home. */
enum err home_open(const char *dir, struct home_seal *seal, int64_t now_unix_s,
    struct outcome *o, struct home **ret) MUST_USE;
void home_close(struct home *h);
void home_cleanup(struct home **h);

/* "HOME/" and the rest into ${ret}. */
enum err home_path(const struct home *h, char ret[FS_PATH_MAX],
    const char *fmt, ...) PRINTF_LIKE(3, 4) MUST_USE;

/* Names a file of the home that could not be opened, relative to it (a format):
 * what is gone, damaged, cut off or under another key becomes ERR_CORRUPT, with
 * the rule in outcome->info; any other ${e} is returned as it is. */
enum err home_store_fault(struct home *h, enum err e, const char *fmt, ...)
    PRINTF_LIKE(3, 4) MUST_USE;

/* Seal the gateway key again (after an owner was added). */
enum err home_write_keys(struct home *h) MUST_USE;

/* One owner's stores, opened and repaired. */
struct owner {
	struct home *home;              /* borrowed */
	char code[3];
	struct store *store;
	struct erase *erase;
	struct erase_key erase_key;
	uint64_t key_stamp;             /* of its file, for home_owner_renew */
};

/* Make the stores and keys of a new owner (files only; its act is the
 * caller's).  Repeatable after a crash. */
enum err home_owner_create(struct home *h, const char *code) MUST_USE;

/* Is this owner registered here?  ERR_NOT_FOUND with a sentence. */
enum err home_owner_known(struct home *h, const char *code,
    struct register_owner *ret) MUST_USE;

/* ERR_NOT_FOUND as home_owner_known. */
enum err home_owner_open(struct home *h, const char *code,
    struct owner **ret) MUST_USE;
/* Under erase_lock or erase_lock_share, before w->erase is used by who has been
 * open for a while: opens it anew where another process has put it under
 * another key since.  After a failure ${w} is only to be closed. */
enum err home_owner_renew(struct owner *w) MUST_USE;
void home_owner_close(struct owner *w);
void home_owner_cleanup(struct owner **w);

#endif
