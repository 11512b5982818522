/* ledger/tiles_source.h - subtree hashes out of tiles, for proofs and roots.
 */
#ifndef AZUKARI_LEDGER_TILES_SOURCE_H
#define AZUKARI_LEDGER_TILES_SOURCE_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"
#include "ledger/merkle_proof.h"
#include "ledger/tiles.h"

/* A source of subtree hashes for merkle_proof.h over the tiles of a tree of
 * ${size} leaves; keeps the tiles it read last. */
#define TILES_SOURCE_SLOTS 4
struct tiles_source {
	const char *dir;        /* borrowed */
	uint64_t size;
	struct {
		struct tiles_id id;     /* width 0: empty */
		struct buf bytes;
	} slots[TILES_SOURCE_SLOTS];
	unsigned next;
};
void tiles_source_init(struct tiles_source *s, const char *dir, uint64_t size);
void tiles_source_release(struct tiles_source *s);
/* For struct merkle_proof_source; ${ctx} is a struct tiles_source. */
enum err tiles_source_get(void *ctx, unsigned level, uint64_t index,
    uint8_t ret[MERKLE_PROOF_HASH_LEN]) MUST_USE;

#endif
