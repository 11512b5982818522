/* ledger/merkle_proof.h - RFC 6962 inclusion and consistency proofs.
 *
 * Making asks a source for hashes of complete subtrees; verifying is pure.  A
 * proof is the concatenation of its 32-byte hashes, bottom up.  Everything
 * handed to the verifiers is hostile: counts and lengths are checked before
 * the first hash is computed.  Comparisons need not be constant time, nothing
 * here is secret.
 */
#ifndef AZUKARI_LEDGER_MERKLE_PROOF_H
#define AZUKARI_LEDGER_MERKLE_PROOF_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"
#include "keys/merkle.h"

#define MERKLE_PROOF_HASH_LEN MERKLE_HASH_LEN
/* A tree of 2^63 - 1 leaves has inclusion proofs of at most 63 hashes and
 * consistency proofs of at most 64. */
#define MERKLE_PROOF_HASHES_MAX 64
#define MERKLE_PROOF_SIZE_MAX ((uint64_t)INT64_MAX)

/* Where hashes come from.  ${get} yields the hash of the complete subtree of
 * 2^${level} leaves that begins at leaf ${index} * 2^${level}; it is asked only
 * for subtrees inside the size given to the maker. */
struct merkle_proof_source {
	enum err (*get)(void *ctx, unsigned level, uint64_t index,
	    uint8_t ret[MERKLE_PROOF_HASH_LEN]);
	void *ctx;
};

/* Root of the tree of ${size} leaves (size 0: SHA-256 of nothing).  Errors of
 * the source pass through; ERR_RANGE above MERKLE_PROOF_SIZE_MAX. */
enum err merkle_proof_root(const struct merkle_proof_source *source,
    uint64_t size, uint8_t ret_root[MERKLE_PROOF_HASH_LEN]) MUST_USE;

/* Append the audit path of leaf ${index} in the tree of ${size} leaves.
 * ERR_RANGE unless index < size.  On failure ${ret_proof} may hold a part. */
enum err merkle_proof_inclusion(const struct merkle_proof_source *source,
    uint64_t index, uint64_t size, struct buf *ret_proof) MUST_USE;

/* Append the proof that the tree of ${old_size} leaves is a prefix of that of
 * ${size}; empty where old_size is 0 or equals size.  ERR_RANGE unless
 * old_size <= size. */
enum err merkle_proof_consistency(const struct merkle_proof_source *source,
    uint64_t old_size, uint64_t size, struct buf *ret_proof) MUST_USE;

/* ERR_RANGE: no such leaf; ERR_SYNTAX: ${proof} is not a number of whole
 * hashes; ERR_MISMATCH: another number of hashes than this tree has, or they
 * do not lead from ${leaf} to ${root}. */
enum err merkle_proof_check_inclusion(uint64_t index, uint64_t size,
    const uint8_t leaf[MERKLE_PROOF_HASH_LEN], struct bytes proof,
    const uint8_t root[MERKLE_PROOF_HASH_LEN]) MUST_USE;

/* Errors as above.  Equal sizes need equal roots and an empty proof.  An old
 * size of 0 is ERR_RANGE: every tree extends nothing, there is no proof. */
enum err merkle_proof_check_consistency(uint64_t old_size,
    const uint8_t old_root[MERKLE_PROOF_HASH_LEN], uint64_t size,
    const uint8_t root[MERKLE_PROOF_HASH_LEN], struct bytes proof) MUST_USE;

/* The root that a consistency proof from ${old_size} leads to, for one who was
 * told another: the proof that a log contradicts itself.  ERR_UNSUPPORTED where
 * old_size is a power of two (such a proof does not carry that root), else as
 * merkle_proof_check_consistency. */
enum err merkle_proof_old_root(uint64_t old_size, uint64_t size,
    const uint8_t root[MERKLE_PROOF_HASH_LEN], struct bytes proof,
    uint8_t ret_old_root[MERKLE_PROOF_HASH_LEN]) MUST_USE;

/* Text form: one hash, padded base64 of exactly 44 characters, a line.
 * ..._put appends "HASH\n" for each; ..._take appends one line's 32 bytes to
 * ${proof}: ERR_SYNTAX, or ERR_LIMIT above MERKLE_PROOF_HASHES_MAX. */
enum err merkle_proof_put_lines(struct bytes proof, struct buf *out) MUST_USE;
enum err merkle_proof_take_line(struct bytes line,
    struct buf *proof) MUST_USE;

#endif
