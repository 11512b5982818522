/* keys/arrangement.h - who holds the shares of an epoch after redistribution.
 *
 * `azukari-arrangement v1` (docs/FORMATS.md 4.4) replaces the share lines of
 * an epoch.txt from then on.  Its number counts from 1; epoch.txt itself is
 * arrangement 0.
 */
#ifndef AZUKARI_KEYS_ARRANGEMENT_H
#define AZUKARI_KEYS_ARRANGEMENT_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"
#include "keys/epoch.h"

struct arrangement {
	char owner[NAMES_OWNER_LEN + 1];
	uint8_t epoch[EPOCH_ID_LEN];
	uint8_t epoch_sha256[DIGEST_LEN];
	uint64_t number;
	struct epoch_seats seats;
	uint8_t sha256[DIGEST_LEN];     /* of the bytes */
};

/* Parse against the epoch it belongs to.  What text_parse returns; ERR_SYNTAX,
 * ERR_RANGE, ERR_DUPLICATE; ERR_MISMATCH when it is another epoch's. */
enum err arrangement_parse(struct bytes text, const struct epoch *epoch,
    struct arrangement *ret, struct err_info *info) MUST_USE;

/* Append the text of arrangement ${number} of ${epoch}. */
enum err arrangement_write(const struct epoch *epoch, uint64_t number,
    const struct epoch_seats *seats, struct buf *out,
    struct err_info *info) MUST_USE;

/* arrangements-sha256 of a ledger entry: SHA256 over the lines `EPOCH
 * SHA256(arrangement text)`, each with LF, sorted by epoch id.  ${list} is
 * sorted in place.  ERR_DUPLICATE for an epoch that is there twice. */
enum err arrangement_digest(struct arrangement *list, size_t len,
    uint8_t ret[DIGEST_LEN]) MUST_USE;

#endif
