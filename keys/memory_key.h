/* keys/memory_key.h - sealing what was released before (FORMATS 9.6).
 *
 * An owner's release records are sealed under a key of their own, dealt like a
 * project key and whole only during an export.  Group values stand in a
 * record as keyed tokens, so that even an open record names no answer.
 */
#ifndef AZUKARI_KEYS_MEMORY_KEY_H
#define AZUKARI_KEYS_MEMORY_KEY_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"
#include "keys/digest.h"
#include "keys/epoch.h"

#define MEMORY_KEY_TOKEN_LEN 16
#define MEMORY_KEY_OVERHEAD 40          /* nonce and Poly1305 tag */

/* Key bytes: it lives in locked memory. */
struct memory_key {
	uint8_t seal[32], token[32];
	uint8_t epoch_sha256[DIGEST_LEN];
};

void memory_key_derive(struct memory_key *ret,
    const uint8_t key[EPOCH_KEY_LEN], const uint8_t epoch_sha256[DIGEST_LEN]);

/* Token of one label of a column: ${ladder_sha256} is 32 zero bytes where the
 * column goes as it is. */
struct memory_key_label {
	const char *field;
	const uint8_t *ladder_sha256;
	unsigned level;
	struct bytes text;
};
void memory_key_token(const struct memory_key *k,
    const struct memory_key_label *label,
    uint8_t ret[MEMORY_KEY_TOKEN_LEN]);

/* Seal the record of ${export_id}; appended to ${out}.  ERR_NOMEM, ERR_LIMIT. */
enum err memory_key_seal(const struct memory_key *k, const char *export_id,
    struct bytes plain, struct buf *out) MUST_USE;
/* ERR_TRUNCATED, ERR_DECRYPT (another key, export, or a changed byte). */
enum err memory_key_open(const struct memory_key *k, const char *export_id,
    struct bytes sealed, struct buf *out) MUST_USE;

#endif
