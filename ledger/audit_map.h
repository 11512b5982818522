/* ledger/audit_map.h - what an audit remembers: facts by key.
 *
 * A key is a kind of fact and its words; a fact has one number.  Keys are
 * stored as SHA-256, so that all have one size.
 */
#ifndef AZUKARI_LEDGER_AUDIT_MAP_H
#define AZUKARI_LEDGER_AUDIT_MAP_H

#include <stdint.h>

#include "core/err.h"

#define AUDIT_MAP_WORDS_MAX 5

struct audit_map_slot;

/* A zeroed struct is an empty map. */
struct audit_map {
	struct audit_map_slot *slots;
	size_t len, cap;
};
void audit_map_release(struct audit_map *m);

/* ${words}: the kind of fact, then what it is about; NULL-terminated, at most
 * AUDIT_MAP_WORDS_MAX. */
enum err audit_map_put(struct audit_map *m, const char *const *words,
    uint64_t value) MUST_USE;

/* The number of a fact; ${fallback} when there is none. */
uint64_t audit_map_get(const struct audit_map *m, const char *const *words,
    uint64_t fallback);

/* `AUDIT_MAP_KEY("plan", owner, digest)` */
#define AUDIT_MAP_KEY(...) ((const char *const[]){__VA_ARGS__, NULL})

#endif
