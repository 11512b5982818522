/* vault/store_message.h - which records hold the answer of a message.
 *
 * For taking an answer back (`unsend`): a keyed hash of the message's id leads
 * to the records made of it.  Kept only as long as a message can be unsent.
 */
#ifndef AZUKARI_VAULT_STORE_MESSAGE_H
#define AZUKARI_VAULT_STORE_MESSAGE_H

#include <stdint.h>

#include "core/err.h"
#include "vault/segment.h"
#include "vault/store.h"

#define STORE_MESSAGE_LEN 16

struct store_message {
	uint8_t message[STORE_MESSAGE_LEN];     /* keyed hash */
	int64_t segment;
	uint8_t record[SEGMENT_ID_LEN];
};

/* Transaction: ${len} entries, taken in at ${at_unix_s}. */
enum err store_message_add(struct store *s, int64_t at_unix_s,
    const struct store_message *entries, size_t len) MUST_USE;

/* Transaction: leave nothing but id and tag of every record made of this
 * message; how many.  A record that is gone already is passed over. */
enum err store_message_remove(struct store *s,
    const uint8_t message[STORE_MESSAGE_LEN], uint64_t *ret_removed) MUST_USE;

/* Transaction: forget what was taken in before ${at_unix_s}. */
enum err store_message_expire(struct store *s, int64_t at_unix_s) MUST_USE;

#endif
