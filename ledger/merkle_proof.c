/* ledger/merkle_proof.c - proofs of RFC 6962 trees; the verifying walks are
 * those of RFC 9162, sections 2.1.3.2 and 2.1.4.2. */
#include "ledger/merkle_proof.h"

#include <string.h>

#include "core/encode.h"
#include "keys/merkle.h"

#define LINE_LEN 44     /* base64 of 32 bytes, padded */

/* The leaves [start, start + size) of some tree. */
struct range {
	uint64_t start, size;
};

/* The subtrees a proof names, from the top down. */
struct ranges {
	struct range at[MERKLE_PROOF_HASHES_MAX];
	size_t len;
};

static void
push(struct ranges *r, uint64_t start, uint64_t size)
{
	MUST_HOLD(r->len < ARRAY_LEN(r->at));
	r->at[r->len++] = (struct range){start, size};
}

/* Largest power of two below ${n} > 1: where RFC 6962 splits a tree. */
static uint64_t
split(uint64_t n)
{
	return (uint64_t)1 << (63 - __builtin_clzll(n - 1));
}

/* Hash of a range as RFC 6962 nests it: its start is a multiple of the
 * smallest power of two that is at least its size.  Folds the complete
 * subtrees from the right, the smallest first. */
static enum err
range_hash(const struct merkle_proof_source *source, struct range r,
    uint8_t ret[MERKLE_PROOF_HASH_LEN])
{
	uint8_t left[MERKLE_PROOF_HASH_LEN];
	uint64_t end = r.start + r.size;
	int have = 0;
	unsigned level;

	for (level = 0; r.size >> level != 0; level++) {
		if ((r.size >> level & 1) == 0)
			continue;
		end -= (uint64_t)1 << level;
		RETURN_IF(source->get(source->ctx, level, end >> level, left));
		if (have)
			merkle_node(left, ret, ret);
		else
			memcpy(ret, left, sizeof(left));
		have = 1;
	}
	return ERR_OK;
}

enum err
merkle_proof_root(const struct merkle_proof_source *source, uint64_t size,
    uint8_t ret_root[MERKLE_PROOF_HASH_LEN])
{
	uint8_t root[MERKLE_PROOF_HASH_LEN];

	if (size > MERKLE_PROOF_SIZE_MAX)
		return ERR_RANGE;
	if (size == 0)
		merkle_root(NULL, 0, root);
	else
		RETURN_IF(range_hash(source, (struct range){0, size}, root));
	memcpy(ret_root, root, sizeof(root));
	return ERR_OK;
}

/* Append the hashes of the ranges, the lowest first. */
static enum err
put_ranges(const struct merkle_proof_source *source, const struct ranges *r,
    struct buf *out)
{
	uint8_t hash[MERKLE_PROOF_HASH_LEN];
	size_t i;

	for (i = r->len; i > 0; i--) {
		RETURN_IF(range_hash(source, r->at[i - 1], hash));
		RETURN_IF(buf_append(out, hash, sizeof(hash)));
	}
	return ERR_OK;
}

enum err
merkle_proof_inclusion(const struct merkle_proof_source *source,
    uint64_t index, uint64_t size, struct buf *ret_proof)
{
	struct ranges path = {.len = 0};
	uint64_t start = 0, k;

	if (index >= size || size > MERKLE_PROOF_SIZE_MAX)
		return ERR_RANGE;
	while (size > 1) {
		k = split(size);
		if (index - start < k) {
			push(&path, start + k, size - k);
			size = k;
		} else {
			push(&path, start, k);
			start += k;
			size -= k;
		}
	}
	return put_ranges(source, &path, ret_proof);
}

enum err
merkle_proof_consistency(const struct merkle_proof_source *source,
    uint64_t old_size, uint64_t size, struct buf *ret_proof)
{
	struct ranges path = {.len = 0};
	uint64_t start = 0, k;

	if (old_size > size || size > MERKLE_PROOF_SIZE_MAX)
		return ERR_RANGE;
	if (old_size == 0)
		return ERR_OK;
	while (old_size != size) {
		k = split(size);
		if (old_size <= k) {
			push(&path, start + k, size - k);
			size = k;
		} else {
			push(&path, start, k);
			start += k;
			old_size -= k;
			size -= k;
		}
	}
	/* The old tree itself is known to whoever checks; a part of it, as
	 * the walk leaves it further right, is not. */
	if (start > 0)
		push(&path, start, size);
	return put_ranges(source, &path, ret_proof);
}

/* A proof's hashes, one after the other. */
static enum err
check_shape(struct bytes proof)
{
	if (proof.len % MERKLE_PROOF_HASH_LEN != 0)
		return ERR_SYNTAX;
	if (proof.len / MERKLE_PROOF_HASH_LEN > MERKLE_PROOF_HASHES_MAX)
		return ERR_MISMATCH;
	return ERR_OK;
}

static const uint8_t *
take_hash(struct bytes *proof)
{
	const uint8_t *hash = proof->data;

	proof->data += MERKLE_PROOF_HASH_LEN;
	proof->len -= MERKLE_PROOF_HASH_LEN;
	return hash;
}

/* Where a walk to the root stands: the node's number on its level and that of
 * the level's last node. */
struct walk {
	uint64_t node, last;
};

/* The node is a right child, or the last one of a level, which has no sibling
 * of its own: it meets the next hash from the left on some level above. */
static int
joins_from_left(struct walk *w)
{
	if ((w->node & 1) == 0 && w->node != w->last)
		return 0;
	while ((w->node & 1) == 0 && w->node != 0) {
		w->node >>= 1;
		w->last >>= 1;
	}
	return 1;
}

static void
go_up(struct walk *w)
{
	w->node >>= 1;
	w->last >>= 1;
}

static int
same_hash(const uint8_t *a, const uint8_t *b)
{
	return memcmp(a, b, MERKLE_PROOF_HASH_LEN) == 0;
}

enum err
merkle_proof_check_inclusion(uint64_t index, uint64_t size,
    const uint8_t leaf[MERKLE_PROOF_HASH_LEN], struct bytes proof,
    const uint8_t root[MERKLE_PROOF_HASH_LEN])
{
	struct walk w = {index, size - 1};
	uint8_t hash[MERKLE_PROOF_HASH_LEN];
	const uint8_t *next;

	if (index >= size || size > MERKLE_PROOF_SIZE_MAX)
		return ERR_RANGE;
	RETURN_IF(check_shape(proof));
	memcpy(hash, leaf, sizeof(hash));
	while (proof.len > 0) {
		if (w.last == 0)
			return ERR_MISMATCH;
		next = take_hash(&proof);
		if (joins_from_left(&w))
			merkle_node(next, hash, hash);
		else
			merkle_node(hash, next, hash);
		go_up(&w);
	}
	return w.last == 0 && same_hash(hash, root) ? ERR_OK : ERR_MISMATCH;
}

/* Walk a consistency proof: 0 < old_size < size, and ${first} is the largest
 * subtree on the old tree's right edge.  Gives the roots it leads to. */
static enum err
walk_growth(struct walk w, const uint8_t first[MERKLE_PROOF_HASH_LEN],
    struct bytes proof, uint8_t old_hash[MERKLE_PROOF_HASH_LEN],
    uint8_t hash[MERKLE_PROOF_HASH_LEN])
{
	const uint8_t *next;

	memcpy(old_hash, first, MERKLE_PROOF_HASH_LEN);
	memcpy(hash, first, MERKLE_PROOF_HASH_LEN);
	while (proof.len > 0) {
		if (w.last == 0)
			return ERR_MISMATCH;
		next = take_hash(&proof);
		if (joins_from_left(&w)) {
			merkle_node(next, old_hash, old_hash);
			merkle_node(next, hash, hash);
		} else {
			merkle_node(hash, next, hash);
		}
		go_up(&w);
	}
	return w.last == 0 ? ERR_OK : ERR_MISMATCH;
}

static int
is_power_of_two(uint64_t n)
{
	return (n & (n - 1)) == 0;
}

/* Both roots of a proof between different sizes; ${old_root} stands in where
 * the proof leaves it out. */
static enum err
roots_of(uint64_t old_size, const uint8_t *old_root, uint64_t size,
    struct bytes proof, uint8_t ret[2][MERKLE_PROOF_HASH_LEN])
{
	struct walk w = {old_size - 1, size - 1};
	const uint8_t *first = old_root;

	/* An empty proof would leave the new root unproven. */
	if (proof.len == 0)
		return ERR_MISMATCH;
	/* A complete old tree is a node of the new one and not sent again. */
	if (!is_power_of_two(old_size))
		first = take_hash(&proof);
	while ((w.node & 1) != 0)
		go_up(&w);
	return walk_growth(w, first, proof, ret[0], ret[1]);
}

enum err
merkle_proof_check_consistency(uint64_t old_size,
    const uint8_t old_root[MERKLE_PROOF_HASH_LEN], uint64_t size,
    const uint8_t root[MERKLE_PROOF_HASH_LEN], struct bytes proof)
{
	uint8_t roots[2][MERKLE_PROOF_HASH_LEN];

	if (old_size == 0 || old_size > size || size > MERKLE_PROOF_SIZE_MAX)
		return ERR_RANGE;
	RETURN_IF(check_shape(proof));
	if (old_size == size)
		return proof.len == 0 && same_hash(old_root, root) ? ERR_OK :
		    ERR_MISMATCH;
	RETURN_IF(roots_of(old_size, old_root, size, proof, roots));
	return same_hash(roots[0], old_root) && same_hash(roots[1], root) ?
	    ERR_OK : ERR_MISMATCH;
}

enum err
merkle_proof_old_root(uint64_t old_size, uint64_t size,
    const uint8_t root[MERKLE_PROOF_HASH_LEN], struct bytes proof,
    uint8_t ret_old_root[MERKLE_PROOF_HASH_LEN])
{
	uint8_t roots[2][MERKLE_PROOF_HASH_LEN];

	if (old_size == 0 || old_size >= size || size > MERKLE_PROOF_SIZE_MAX)
		return ERR_RANGE;
	RETURN_IF(check_shape(proof));
	if (is_power_of_two(old_size))
		return ERR_UNSUPPORTED;
	RETURN_IF(roots_of(old_size, NULL, size, proof, roots));
	if (!same_hash(roots[1], root))
		return ERR_MISMATCH;
	memcpy(ret_old_root, roots[0], sizeof(roots[0]));
	return ERR_OK;
}

enum err
merkle_proof_put_lines(struct bytes proof, struct buf *out)
{
	RETURN_IF(check_shape(proof));
	while (proof.len > 0) {
		RETURN_IF(encode_b64(take_hash(&proof), MERKLE_PROOF_HASH_LEN,
		    1, out));
		RETURN_IF(buf_append_u8(out, '\n'));
	}
	return ERR_OK;
}

enum err
merkle_proof_take_line(struct bytes line, struct buf *proof)
{
	uint8_t hash[LINE_LEN / 4 * 3];
	size_t len;

	if (line.len != LINE_LEN)
		return ERR_SYNTAX;
	RETURN_IF(decode_b64(line, 1, hash, sizeof(hash), &len));
	if (len != MERKLE_PROOF_HASH_LEN)
		return ERR_SYNTAX;
	if (proof->len / MERKLE_PROOF_HASH_LEN >= MERKLE_PROOF_HASHES_MAX)
		return ERR_LIMIT;
	return buf_append(proof, hash, MERKLE_PROOF_HASH_LEN);
}
