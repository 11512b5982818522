/* keys/merkle.h - RFC 6962 tree hashes, for the ledger and for segment roots.
 *
 * Leaf: SHA256(0x00 | entry).  Node: SHA256(0x01 | left | right).  The tree
 * over nothing has the hash SHA256("").  Nothing here can fail; proofs are
 * built on top of this in ledger/.
 */
#ifndef AZUKARI_KEYS_MERKLE_H
#define AZUKARI_KEYS_MERKLE_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"

#define MERKLE_HASH_LEN 32
#define MERKLE_LEVELS 64
#define MERKLE_PARTS_MAX 8

/* Hash of a leaf: of one entry; of an entry given in at most MERKLE_PARTS_MAX
 * pieces (else abort). */
void merkle_leaf(struct bytes entry, uint8_t ret[MERKLE_HASH_LEN]);
void merkle_leaf_parts(const struct bytes *parts, size_t count,
    uint8_t ret[MERKLE_HASH_LEN]);

/* Hash of an inner node.  ${ret} may be one of the children. */
void merkle_node(const uint8_t left[MERKLE_HASH_LEN],
    const uint8_t right[MERKLE_HASH_LEN], uint8_t ret[MERKLE_HASH_LEN]);

/* Hash of the tree over ${count} leaf hashes lying one behind the other. */
void merkle_root(const uint8_t *leaves, size_t count,
    uint8_t ret[MERKLE_HASH_LEN]);

/* A compact range: all that is needed to go on appending to a tree.  It holds
 * the hashes of the perfect subtrees of a tree of ${size} leaves, the largest
 * (leftmost) first: one for each bit set in ${size}.  A zeroed struct is the
 * empty tree; one read back from storage is filled by hand. */
struct merkle_range {
	uint64_t size;
	uint8_t hash[MERKLE_LEVELS][MERKLE_HASH_LEN];
};

/* How many of ${hash} are in use. */
unsigned merkle_range_len(const struct merkle_range *r);

/* Append a leaf hash.  Amortised one node hash. */
void merkle_range_add(struct merkle_range *r,
    const uint8_t leaf[MERKLE_HASH_LEN]);

/* Hash of the whole tree. */
void merkle_range_root(const struct merkle_range *r,
    uint8_t ret[MERKLE_HASH_LEN]);

#endif
