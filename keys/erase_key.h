/* keys/erase_key.h - the storage key of an owner's erase.db, which rotates.
 *
 * HOME/keys/erase-OWNER.key, sealed to the gateway's own recipient.  Rotation:
 * erase_key_next, erase_key_write(ERASE_KEY_NEXT), rekey the store and empty
 * its WAL, erase_key_promote.  After a crash both files may be there: the
 * caller keeps the one that opens the store (promote, or drop_next).
 */
#ifndef AZUKARI_KEYS_ERASE_KEY_H
#define AZUKARI_KEYS_ERASE_KEY_H

#include <stdint.h>

#include "core/err.h"
#include "core/secret.h"
#include "keys/gateway_key.h"

enum erase_key_which {
	ERASE_KEY_CURRENT,      /* erase-OWNER.key */
	ERASE_KEY_NEXT,         /* erase-OWNER.key.next */
};

struct erase_key {
	char owner[3];
	uint64_t generation;    /* from 1 */
	int64_t created_unix_s;
	struct secret *key;     /* 32 bytes, owned */
};
void erase_key_release(struct erase_key *k);    /* CLEANUP-able */

/* A fresh key of generation 1, or of the generation after ${prior}. */
enum err erase_key_new(const char *owner, int64_t created_unix_s,
    struct erase_key *ret) MUST_USE;
enum err erase_key_next(const struct erase_key *prior, int64_t created_unix_s,
    struct erase_key *ret) MUST_USE;

/* Write into ${dir} (HOME/keys), durable on return.  ERASE_KEY_CURRENT must be
 * new (ERR_EXISTS); ERASE_KEY_NEXT replaces an abandoned one. */
enum err erase_key_write(const struct gateway_key *gateway, const char *dir,
    enum erase_key_which which, const struct erase_key *k) MUST_USE;

/* ERR_NOT_FOUND when the file is not there; ERR_MISMATCH when it is another
 * owner's; otherwise as gateway_key_read. */
enum err erase_key_read(const struct gateway_key *gateway, const char *dir,
    enum erase_key_which which, const char *owner,
    struct erase_key *ret) MUST_USE;

/* Rename .next over .key, durably (ERR_NOT_FOUND); remove .next (absent: ok).
 * What goes is overwritten first as far as the file system lets us. */
enum err erase_key_promote(const char *dir, const char *owner) MUST_USE;
enum err erase_key_drop_next(const char *dir, const char *owner) MUST_USE;

#endif
