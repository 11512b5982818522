/* keys/merkle.c - RFC 6962 tree hashes. */
#include "keys/merkle.h"

#include <string.h>

#include "keys/digest.h"

void
merkle_leaf_parts(const struct bytes *parts, size_t count,
    uint8_t ret[MERKLE_HASH_LEN])
{
	static const uint8_t prefix = 0x00;
	struct bytes all[1 + MERKLE_PARTS_MAX];

	MUST_HOLD(count <= MERKLE_PARTS_MAX);
	all[0] = bytes_of(&prefix, 1);
	for (size_t i = 0; i < count; i++)
		all[1 + i] = parts[i];
	digest_sha256_parts(all, 1 + count, ret);
}

void
merkle_leaf(struct bytes entry, uint8_t ret[MERKLE_HASH_LEN])
{
	merkle_leaf_parts(&entry, 1, ret);
}

void
merkle_node(const uint8_t left[MERKLE_HASH_LEN],
    const uint8_t right[MERKLE_HASH_LEN], uint8_t ret[MERKLE_HASH_LEN])
{
	static const uint8_t prefix = 0x01;
	const struct bytes parts[] = {bytes_of(&prefix, 1),
	    bytes_of(left, MERKLE_HASH_LEN), bytes_of(right, MERKLE_HASH_LEN)};

	digest_sha256_parts(parts, 3, ret);
}

unsigned
merkle_range_len(const struct merkle_range *r)
{
	return (unsigned)__builtin_popcountll(r->size);
}

/* A new leaf closes as many subtrees as ${size} has trailing one bits. */
void
merkle_range_add(struct merkle_range *r, const uint8_t leaf[MERKLE_HASH_LEN])
{
	unsigned top = merkle_range_len(r);
	uint8_t h[MERKLE_HASH_LEN];

	MUST_HOLD(r->size < UINT64_MAX);
	memcpy(h, leaf, sizeof(h));
	for (uint64_t s = r->size; (s & 1) != 0; s >>= 1)
		merkle_node(r->hash[--top], h, h);
	memcpy(r->hash[top], h, sizeof(h));
	r->size++;
}

void
merkle_range_root(const struct merkle_range *r, uint8_t ret[MERKLE_HASH_LEN])
{
	unsigned i = merkle_range_len(r);
	uint8_t h[MERKLE_HASH_LEN];

	if (i == 0) {
		digest_sha256(bytes_of(NULL, 0), ret);
		return;
	}
	memcpy(h, r->hash[--i], sizeof(h));
	while (i > 0)
		merkle_node(r->hash[--i], h, h);
	memcpy(ret, h, sizeof(h));
}

void
merkle_root(const uint8_t *leaves, size_t count, uint8_t ret[MERKLE_HASH_LEN])
{
	struct merkle_range r = {0};

	for (size_t i = 0; i < count; i++)
		merkle_range_add(&r, leaves + i * MERKLE_HASH_LEN);
	merkle_range_root(&r, ret);
}
