#include "tests/unit/keys/seats_test.h"

#include <sodium.h>

#include "keys/merkle.h"

#define LEAVES 70

/* RFC 6962 section 2.1, word by word: MTH of D[n] splits at the largest power
 * of two smaller than n. */
static void
naive(const uint8_t (*leaf)[MERKLE_HASH_LEN], size_t n, uint8_t *ret)
{
	uint8_t in[1 + 2 * MERKLE_HASH_LEN];
	size_t k = 1;

	if (n == 0) {
		crypto_hash_sha256(ret, NULL, 0);
		return;
	}
	if (n == 1) {
		memcpy(ret, leaf[0], MERKLE_HASH_LEN);
		return;
	}
	while (k * 2 < n)
		k *= 2;
	in[0] = 1;
	naive(leaf, k, in + 1);
	naive(leaf + k, n - k, in + 1 + MERKLE_HASH_LEN);
	crypto_hash_sha256(ret, in, sizeof(in));
}

static void
make_leaves(uint8_t (*leaf)[MERKLE_HASH_LEN])
{
	for (uint8_t i = 0; i < LEAVES; i++)
		merkle_leaf(bytes_of(&i, 1), leaf[i]);
}

static void
every_size_equals_the_definition(void **state)
{
	uint8_t leaf[LEAVES][MERKLE_HASH_LEN], want[MERKLE_HASH_LEN],
	    got[MERKLE_HASH_LEN];
	struct merkle_range r = {0};

	(void)state;
	make_leaves(leaf);
	for (size_t n = 0; n <= LEAVES; n++) {
		naive((const uint8_t (*)[MERKLE_HASH_LEN])leaf, n, want);
		merkle_root(leaf[0], n, got);
		assert_memory_equal(got, want, MERKLE_HASH_LEN);
		assert_int_equal(r.size, n);
		merkle_range_root(&r, got);
		assert_memory_equal(got, want, MERKLE_HASH_LEN);
		if (n < LEAVES)
			merkle_range_add(&r, leaf[n]);
	}
}

static void
known_answers(void **state)
{
	/* The reference tree of RFC 6962 implementations: these 8 entries. */
	static const char *const entry[] = {"", "00", "10", "2021", "3031",
	    "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"};
	static const char *const root[] = {
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
		"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
		"aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
		"d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
		"4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
		"76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
		"ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
		"5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
	};
	struct merkle_range r = {0};
	uint8_t h[MERKLE_HASH_LEN];
	char hex[2 * MERKLE_HASH_LEN + 1];

	(void)state;
	for (size_t i = 0; i <= ARRAY_LEN(entry); i++) {
		CLEANUP(buf_release) struct buf b = {0};

		merkle_range_root(&r, h);
		encode_hex(h, sizeof(h), hex);
		assert_string_equal(hex, root[i]);
		if (i == ARRAY_LEN(entry))
			break;
		seats_hex(entry[i], &b);
		merkle_leaf(bytes_buf(&b), h);
		merkle_range_add(&r, h);
	}
}

static void
a_range_goes_on_where_it_was_stored(void **state)
{
	uint8_t leaf[LEAVES][MERKLE_HASH_LEN], want[MERKLE_HASH_LEN],
	    got[MERKLE_HASH_LEN];
	struct merkle_range a = {0}, b;

	(void)state;
	make_leaves(leaf);
	for (size_t i = 0; i < 45; i++)
		merkle_range_add(&a, leaf[i]);
	assert_int_equal(merkle_range_len(&a), 4);      /* 32 + 8 + 4 + 1 */
	memset(&b, 0xee, sizeof(b));
	b.size = a.size;
	memcpy(b.hash, a.hash, merkle_range_len(&a) * MERKLE_HASH_LEN);
	for (size_t i = 45; i < LEAVES; i++)
		merkle_range_add(&b, leaf[i]);
	merkle_range_root(&b, got);
	merkle_root(leaf[0], LEAVES, want);
	assert_memory_equal(got, want, MERKLE_HASH_LEN);
}

static void
a_leaf_in_pieces_is_the_same_leaf(void **state)
{
	static uint8_t entry[3000];
	uint8_t whole[MERKLE_HASH_LEN], pieces[MERKLE_HASH_LEN];
	const struct bytes parts[] = {bytes_of(entry, 1), bytes_of(NULL, 0),
	    bytes_of(entry + 1, 1999), bytes_of(entry + 2000, 1000)};

	(void)state;
	for (size_t i = 0; i < sizeof(entry); i++)
		entry[i] = (uint8_t)(i * 7);
	merkle_leaf(bytes_of(entry, sizeof(entry)), whole);
	merkle_leaf_parts(parts, ARRAY_LEN(parts), pieces);
	assert_memory_equal(whole, pieces, sizeof(whole));
	merkle_leaf_parts(parts, 2, pieces);
	merkle_leaf(bytes_of(entry, 1), whole);
	assert_memory_equal(whole, pieces, sizeof(whole));
}

static void
a_leaf_is_not_a_node(void **state)
{
	uint8_t both[2 * MERKLE_HASH_LEN] = {0}, leaf[MERKLE_HASH_LEN],
	    node[MERKLE_HASH_LEN];

	(void)state;
	merkle_leaf(bytes_of(both, sizeof(both)), leaf);
	merkle_node(both, both + MERKLE_HASH_LEN, node);
	assert_memory_not_equal(leaf, node, sizeof(leaf));
	memcpy(both, node, MERKLE_HASH_LEN);
	merkle_node(both, both + MERKLE_HASH_LEN, node);
	merkle_node(both, both + MERKLE_HASH_LEN, both);        /* in place */
	assert_memory_equal(both, node, MERKLE_HASH_LEN);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_size_equals_the_definition),
		cmocka_unit_test(known_answers),
		cmocka_unit_test(a_range_goes_on_where_it_was_stored),
		cmocka_unit_test(a_leaf_in_pieces_is_the_same_leaf),
		cmocka_unit_test(a_leaf_is_not_a_node),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
