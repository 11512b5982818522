/* vault/store_event.h - events seen: 12-byte keyed hashes in sorted runs; of
 * each the store keeps and compares the first 10 bytes (a store made before all
 * of them).
 *
 * A run per commit, merged as they grow; a filter in memory keeps the check of
 * a new event away from the runs.
 */
#ifndef AZUKARI_VAULT_STORE_EVENT_H
#define AZUKARI_VAULT_STORE_EVENT_H

#include <stdint.h>

#include "core/err.h"
#include "vault/store.h"

#define STORE_EVENT_LEN 12

/* ${events} are ${len} hashes, one behind the other.  ${ret_seen}[i] = 1 where
 * ${events}[i] is in the store or stands earlier in the same array, else 0. */
enum err store_event_check(struct store *s,
    const uint8_t *events, size_t len,
    uint8_t *ret_seen) MUST_USE;

/* Transaction: remember them (those already there are fine). */
enum err store_event_add(struct store *s,
    const uint8_t *events, size_t len) MUST_USE;

#endif
