/* vault/erase.h - an owner's erase store (owners/NN/erase.db): respondent
 * keys by dense number, and nothing else.
 *
 * Order: a key is durable here before a record uses it; a respondent is marked
 * erased in the store before its key is deleted here.  Each erasure raises the
 * generation, and the file then gets a new storage key (erase_rotate), so that
 * remnants and older copies are under a dead key.
 */
#ifndef AZUKARI_VAULT_ERASE_H
#define AZUKARI_VAULT_ERASE_H

#include <stdint.h>

#include "core/err.h"
#include "core/secret.h"
#include "vault/db.h"
#include "vault/store.h"

#define ERASE_KEY_LEN 32

struct erase;

/* ${key} is the storage key; ${next} (may be NULL) the one of an unfinished
 * rotation.  ${ret_which}: 0 when ${key} opened it, 1 when ${next} did.
 * ${store} is the owner's store: another owner's file, or one that is not of
 * the same pair, is ERR_MISMATCH; a generation below the confirmed or above
 * the intended one is ERR_ROLLBACK.  DB_CREATE makes the pair and needs a
 * transaction on the store (its id is noted there).  Else as db_open. */
struct erase_open_args {
	const char *path;
	enum db_open_mode mode;
	const struct secret *key, *next;        /* borrowed */
	struct store *store;                    /* borrowed for the call */
};
enum err erase_open(const struct erase_open_args *args, struct erase **ret,
    int *ret_which) MUST_USE;
void erase_close(struct erase *e);
void erase_cleanup(struct erase **e);
struct db *erase_db(struct erase *e);           /* borrowed */

/* Transaction: random keys of ${generations}[i] (NULL: 1) for ${numbers}[i].
 * One that has a key of that generation keeps it (a batch begun before a
 * crash); ERR_STATE when a living key of another generation is there. */
enum err erase_add(struct erase *e, const uint32_t *numbers,
    const uint16_t *generations, size_t len) MUST_USE;
/* The same for ${count} numbers from ${first}, generation 1. */
enum err erase_add_range(struct erase *e, uint32_t first,
    uint32_t count) MUST_USE;

/* Keys of ${numbers}[i], 32 bytes each into ${ret} (a secret_pool or
 * SECRET_BYTES of the caller), generations into ${ret_generations}.  A key
 * that is not there is all zero with generation 0.  From the first call for
 * ERASE_MANY or more on, all keys are kept in a secret pool of the handle. */
#define ERASE_MANY 256
enum err erase_get(struct erase *e, const uint32_t *numbers, size_t len,
    uint8_t *ret, uint16_t *ret_generations) MUST_USE;

/* All keys in order: pool of 32 * count bytes, made here, and the generations
 * (malloc, the caller frees).  Missing ones are zero. */
struct erase_keys {
	struct secret_pool pool;
	uint16_t *generations;          /* 0: no key */
	uint32_t count;
};
enum err erase_load(struct erase *e, struct erase_keys *ret) MUST_USE;
void erase_keys_release(struct erase_keys *k);  /* CLEANUP-able */

/* Transaction: delete keys (absent: ok) and raise the generation to
 * ${generation}, which the store intends.  ERR_ROLLBACK. */
enum err erase_delete(struct erase *e, const uint32_t *numbers, size_t len,
    uint64_t generation) MUST_USE;

/* New storage key for the file: see db_rekey.  The caller has made ${next}
 * durable before, and promotes it after. */
enum err erase_rotate(struct erase *e, const struct secret *next) MUST_USE;

#endif
