/* keys/gateway_key.h - the gateway's own keys (docs/FORMATS.md section 3).
 *
 * HOME/keys/gateway.key holds them all; callers get each by its purpose.  The
 * file is sealed to a passphrase or to the recipient of a key file.
 */
#ifndef AZUKARI_KEYS_GATEWAY_KEY_H
#define AZUKARI_KEYS_GATEWAY_KEY_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/secret.h"
#include "keys/age.h"

#define GATEWAY_KEY_OWNERS_MAX 47
#define GATEWAY_KEY_ORIGIN_MAX 255

struct gateway_key;

/* New keys for the ledger ${origin} (host/path in printable ASCII without
 * spaces or '+', else ERR_SYNTAX).  The caller owns the result. */
enum err gateway_key_new(const char *origin, int64_t created_unix_s,
    struct gateway_key **ret) MUST_USE;
void gateway_key_free(struct gateway_key *k);
void gateway_key_cleanup(struct gateway_key **k);

/* `HOST/PATH` as a name of a ledger may be: ASCII without spaces and '+'. */
int gateway_key_is_origin(struct bytes name);

/* By purpose; borrowed until gateway_key_free.  All secrets have 32 bytes. */
const char *gateway_key_origin(const struct gateway_key *k);
int64_t gateway_key_created_unix_s(const struct gateway_key *k);
const struct secret *gateway_key_export_seed(const struct gateway_key *k);
const struct secret *gateway_key_ledger_seed(const struct gateway_key *k);
const struct secret *gateway_key_register_key(const struct gateway_key *k);
/* The gateway's own recipient, for what it seals to itself. */
const struct secret *gateway_key_open_secret(const struct gateway_key *k);
const struct age_recipient *gateway_key_recipient(const struct gateway_key *k);

/* Fresh vault, index and event keys for a new owner (`01` to `47`).
 * ERR_SYNTAX, ERR_EXISTS.  gateway_key_write makes it last. */
enum err gateway_key_add_owner(struct gateway_key *k,
    const char *owner) MUST_USE;
/* Owners in the order they were added; an index outside aborts. */
size_t gateway_key_owners(const struct gateway_key *k);
const char *gateway_key_owner_at(const struct gateway_key *k, size_t i);

/* Keys of one owner; NULL when the owner is not there. */
const struct secret *gateway_key_vault_key(const struct gateway_key *k,
    const char *owner);
const struct secret *gateway_key_index_key(const struct gateway_key *k,
    const char *owner);
const struct secret *gateway_key_event_key(const struct gateway_key *k,
    const char *owner);

/* How the file is sealed: one of both. */
struct gateway_key_seal {
	const struct secret *passphrase;
	unsigned log_n;                         /* with a passphrase */
	const struct age_recipient *recipient;  /* else: of the key file */
};

/* Write atomically with mode 0600; ${replace} 0 refuses an existing file with
 * ERR_EXISTS.  ERR_USAGE unless ${seal} has exactly one of both. */
enum err gateway_key_write(const struct gateway_key *k, const char *path,
    const struct gateway_key_seal *seal, int replace) MUST_USE;

/* Read it: private mode (ERR_REFUSED), opened with ${keys} (as keys/age.h),
 * strict contents (ERR_SYNTAX, ERR_DUPLICATE, ERR_UNSUPPORTED). */
enum err gateway_key_read(const char *path, const struct age_keys *keys,
    struct gateway_key **ret, struct err_info *info) MUST_USE;

/* A key file for an unattended gateway: one `AGE-SECRET-KEY-1...` line, mode
 * 0600; lines that are empty or begin with '#' are skipped on reading, so that
 * a file of age-keygen will do.  Written only where none is (ERR_EXISTS).
 * Reading: ERR_REFUSED, ERR_NOT_FOUND, ERR_TRUNCATED (empty), ERR_LIMIT,
 * ERR_SYNTAX, ERR_DUPLICATE (more than one key). */
enum err gateway_key_file_write(const char *path,
    const struct secret *secret) MUST_USE;
enum err gateway_key_file_read(const char *path,
    struct secret **ret) MUST_USE;

#endif
