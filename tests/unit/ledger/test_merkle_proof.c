#include "tests/unit/unit.h"

#include <ftw.h>

#include "core/encode.h"
#include "core/fs.h"
#include "core/json_doc.h"
#include "keys/merkle.h"
#include "ledger/merkle_proof.h"

#define LEAVES 300

/* A tree in memory as a source: hashes computed the plain recursive way. */
struct tree {
	uint8_t leaf[LEAVES][MERKLE_HASH_LEN];
	uint64_t size;
};

static enum err
tree_get(void *ctx, unsigned level, uint64_t index,
    uint8_t ret[MERKLE_HASH_LEN])
{
	struct tree *t = ctx;
	uint64_t n = (uint64_t)1 << level, first = index * n;

	assert_true(first + n <= t->size);
	merkle_root(t->leaf[first], (size_t)n, ret);
	return ERR_OK;
}

static void
tree_make(struct tree *t)
{
	uint8_t entry[2];
	size_t i;

	for (i = 0; i < LEAVES; i++) {
		entry[0] = (uint8_t)(i >> 8);
		entry[1] = (uint8_t)i;
		merkle_leaf(bytes_of(entry, 2), t->leaf[i]);
	}
	t->size = LEAVES;
}

static void
a_root_out_of_subtrees_is_the_plain_root(void **state)
{
	static struct tree t;
	const struct merkle_proof_source source = {tree_get, &t};
	uint8_t got[MERKLE_HASH_LEN], want[MERKLE_HASH_LEN];
	size_t n;

	(void)state;
	tree_make(&t);
	for (n = 0; n <= LEAVES; n++) {
		t.size = n;
		assert_ok(merkle_proof_root(&source, n, got));
		merkle_root(t.leaf[0], n, want);
		assert_memory_equal(got, want, sizeof(want));
	}
	assert_err(merkle_proof_root(&source, MERKLE_PROOF_SIZE_MAX + 1, got),
	    ERR_RANGE);
}

/* Every leaf of every size up to 70, and single larger ones. */
static void
every_inclusion_proof_holds_for_its_leaf_only(void **state)
{
	static struct tree t;
	const struct merkle_proof_source source = {tree_get, &t};
	uint8_t root[MERKLE_HASH_LEN];
	uint64_t i, n;

	(void)state;
	tree_make(&t);
	for (n = 1; n <= LEAVES; n += n < 70 ? 1 : 23) {
		assert_ok(merkle_proof_root(&source, n, root));
		for (i = 0; i < n; i++) {
			CLEANUP(buf_release) struct buf p = {0};

			assert_ok(merkle_proof_inclusion(&source, i, n, &p));
			assert_ok(merkle_proof_check_inclusion(i, n,
			    t.leaf[i], bytes_buf(&p), root));
			if (n == 1)
				continue;
			assert_err(merkle_proof_check_inclusion((i + 1) % n,
			    n, t.leaf[i], bytes_buf(&p), root), ERR_MISMATCH);
			assert_err(merkle_proof_check_inclusion(i, n,
			    t.leaf[(i + 1) % n], bytes_buf(&p), root),
			    ERR_MISMATCH);
		}
	}
}

static void
every_consistency_proof_holds_for_its_sizes_only(void **state)
{
	static struct tree t;
	const struct merkle_proof_source source = {tree_get, &t};
	uint8_t roots[LEAVES + 1][MERKLE_HASH_LEN];
	uint64_t m, n;

	(void)state;
	tree_make(&t);
	for (n = 0; n <= LEAVES; n++)
		assert_ok(merkle_proof_root(&source, n, roots[n]));
	for (n = 1; n <= LEAVES; n += n < 70 ? 1 : 23)
		for (m = 1; m <= n; m++) {
			CLEANUP(buf_release) struct buf p = {0};

			assert_ok(merkle_proof_consistency(&source, m, n,
			    &p));
			assert_int_equal(p.len == 0, m == n);
			assert_ok(merkle_proof_check_consistency(m, roots[m],
			    n, roots[n], bytes_buf(&p)));
			assert_err(merkle_proof_check_consistency(m,
			    roots[m - 1], n, roots[n], bytes_buf(&p)),
			    ERR_MISMATCH);
			assert_err(merkle_proof_check_consistency(m, roots[m],
			    n, roots[n - 1], bytes_buf(&p)), ERR_MISMATCH);
		}
}

static void
makers_and_checkers_bound_their_numbers(void **state)
{
	static struct tree t;
	const struct merkle_proof_source source = {tree_get, &t};
	CLEANUP(buf_release) struct buf p = {0};
	const uint8_t *h = t.leaf[0];

	(void)state;
	tree_make(&t);
	assert_err(merkle_proof_inclusion(&source, 5, 5, &p), ERR_RANGE);
	assert_err(merkle_proof_inclusion(&source, 0, 0, &p), ERR_RANGE);
	assert_err(merkle_proof_inclusion(&source, 0, UINT64_MAX, &p),
	    ERR_RANGE);
	assert_err(merkle_proof_consistency(&source, 6, 5, &p), ERR_RANGE);
	assert_ok(merkle_proof_consistency(&source, 0, 5, &p));
	assert_int_equal(p.len, 0);
	assert_err(merkle_proof_check_inclusion(0, 0, h, bytes_of(NULL, 0), h),
	    ERR_RANGE);
	assert_err(merkle_proof_check_inclusion(0, UINT64_MAX, h,
	    bytes_of(NULL, 0), h), ERR_RANGE);
	assert_err(merkle_proof_check_consistency(0, h, 5, h,
	    bytes_of(NULL, 0)), ERR_RANGE);
	assert_err(merkle_proof_check_consistency(5, h, 4, h,
	    bytes_of(NULL, 0)), ERR_RANGE);
	assert_err(merkle_proof_check_consistency(1, h, UINT64_MAX, h,
	    bytes_of(NULL, 0)), ERR_RANGE);
	/* an empty proof says nothing about a larger tree */
	assert_err(merkle_proof_check_consistency(4, h, 5, h,
	    bytes_of(NULL, 0)), ERR_MISMATCH);
	assert_err(merkle_proof_check_consistency(3, h, 5, h,
	    bytes_of(NULL, 0)), ERR_MISMATCH);
}

/* 31, 33 and far too many bytes; trees of nearly 2^63 leaves. */
static void
a_proof_is_whole_hashes_and_not_too_many(void **state)
{
	static struct tree t;
	const uint64_t huge = MERKLE_PROOF_SIZE_MAX;
	const uint8_t *h = t.leaf[0];
	size_t n;

	(void)state;
	tree_make(&t);
	for (n = 1; n < 100; n++) {
		enum err want = n % 32 != 0 ? ERR_SYNTAX : ERR_MISMATCH;

		assert_err(merkle_proof_check_inclusion(2, 5, h,
		    bytes_of(t.leaf, n), h), want);
		assert_err(merkle_proof_check_consistency(2, h, 5, h,
		    bytes_of(t.leaf, n)), want);
	}
	for (n = 0; n <= LEAVES; n++) {
		assert_err(merkle_proof_check_inclusion(huge - 1, huge, h,
		    bytes_of(t.leaf, n * 32), h), ERR_MISMATCH);
		assert_err(merkle_proof_check_inclusion(0, huge, h,
		    bytes_of(t.leaf, n * 32), h), ERR_MISMATCH);
		assert_err(merkle_proof_check_consistency(huge - 1, h, huge,
		    h, bytes_of(t.leaf, n * 32)), ERR_MISMATCH);
		assert_err(merkle_proof_check_consistency(
		    (uint64_t)1 << 62, h, huge, h,
		    bytes_of(t.leaf, n * 32)), ERR_MISMATCH);
	}
}

/* A source that knows no tree: proofs of the largest sizes stay in bounds. */
static enum err
fake_get(void *ctx, unsigned level, uint64_t index,
    uint8_t ret[MERKLE_HASH_LEN])
{
	uint64_t n[2] = {level, index};

	(void)ctx;
	assert_true(level < 63);
	merkle_leaf(bytes_of(n, sizeof(n)), ret);
	return ERR_OK;
}

static void
the_largest_trees_have_proofs(void **state)
{
	const struct merkle_proof_source source = {fake_get, NULL};
	const uint64_t huge = MERKLE_PROOF_SIZE_MAX;
	CLEANUP(buf_release) struct buf p = {0};

	(void)state;
	assert_ok(merkle_proof_inclusion(&source, 0, huge, &p));
	assert_int_equal(p.len / 32, 63);
	buf_clear(&p);
	assert_ok(merkle_proof_consistency(&source, 1, huge, &p));
	assert_int_equal(p.len / 32, 63);
	buf_clear(&p);
	assert_ok(merkle_proof_consistency(&source, huge - 1, huge, &p));
	assert_true(p.len / 32 <= MERKLE_PROOF_HASHES_MAX);
}

static void
every_flipped_bit_breaks_a_proof(void **state)
{
	static struct tree t;
	const struct merkle_proof_source source = {tree_get, &t};
	CLEANUP(buf_release) struct buf in = {0}, con = {0};
	uint8_t root[MERKLE_HASH_LEN], old[MERKLE_HASH_LEN];
	size_t bit;

	(void)state;
	tree_make(&t);
	assert_ok(merkle_proof_root(&source, 213, root));
	assert_ok(merkle_proof_root(&source, 77, old));
	assert_ok(merkle_proof_inclusion(&source, 100, 213, &in));
	assert_ok(merkle_proof_consistency(&source, 77, 213, &con));
	for (bit = 0; bit < in.len * 8; bit++) {
		in.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_err(merkle_proof_check_inclusion(100, 213, t.leaf[100],
		    bytes_buf(&in), root), ERR_MISMATCH);
		in.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (bit = 0; bit < con.len * 8; bit++) {
		con.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_err(merkle_proof_check_consistency(77, old, 213, root,
		    bytes_buf(&con)), ERR_MISMATCH);
		con.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (bit = 0; bit < con.len; bit += 32)
		assert_err(merkle_proof_check_consistency(77, old, 213, root,
		    bytes_of(con.data, bit)), ERR_MISMATCH);
}

static void
lines_of_a_proof_are_44_characters(void **state)
{
	static struct tree t;
	CLEANUP(buf_release) struct buf text = {0}, back = {0};
	struct bytes rest, line;
	size_t i;

	(void)state;
	tree_make(&t);
	assert_ok(merkle_proof_put_lines(bytes_of(t.leaf, 3 * 32), &text));
	assert_int_equal(text.len, 3 * 45);
	rest = bytes_buf(&text);
	while (bytes_take_line(&rest, &line) == ERR_OK)
		assert_ok(merkle_proof_take_line(line, &back));
	assert_int_equal(back.len, 3 * 32);
	assert_memory_equal(back.data, t.leaf, back.len);

	assert_err(merkle_proof_put_lines(bytes_of(t.leaf, 33), &text),
	    ERR_SYNTAX);
	/* 31, 33 and 12 bytes, no padding, other alphabet, space */
	for (i = 0; i < 6; i++) {
		static const char *const bad[] = {
			"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==",
			"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
			"AAAAAAAAAAAAAAAA",
			"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
			"_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
			" AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
		};

		assert_err(merkle_proof_take_line(bytes_str(bad[i]), &back),
		    ERR_SYNTAX);
	}
	line = bytes_str("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
	while (back.len < MERKLE_PROOF_HASHES_MAX * 32)
		assert_ok(merkle_proof_take_line(line, &back));
	assert_err(merkle_proof_take_line(line, &back), ERR_LIMIT);
}

/* Exactly 32 bytes, else the vector is refused before any checking. */
static enum err
vector_hash(const struct json_doc *doc, const char *key,
    uint8_t ret[MERKLE_HASH_LEN])
{
	CLEANUP(buf_release) struct buf hash = {0};
	const char *text = json_doc_string(json_doc_get(doc, key));

	RETURN_IF(merkle_proof_take_line(bytes_str(text == NULL ? "" : text),
	    &hash));
	memcpy(ret, hash.data, MERKLE_HASH_LEN);
	return ERR_OK;
}

static enum err
vector_proof(const struct json_doc *doc, struct buf *ret)
{
	const struct json_doc *proof = json_doc_get(doc, "proof");
	size_t i;

	for (i = 0; i < json_doc_len(proof); i++) {
		const char *text = json_doc_string(json_doc_at(proof, i));

		RETURN_IF(merkle_proof_take_line(
		    bytes_str(text == NULL ? "" : text), ret));
	}
	return ERR_OK;
}

/* Sizes go up to 2^64 - 1, beyond what json_doc reads: they are taken out of
 * the text first, leaving a zero. */
static uint64_t
take_number(struct buf *file, const char *key)
{
	char *at = strstr((char *)file->data, key), *end;
	uint64_t n;

	if (at == NULL)
		return 0;
	at = strchr(at, ':') + 1;
	n = strtoull(at, &end, 10);
	memset(at, ' ', (size_t)(end - at));
	*at = '0';
	return n;
}

/* What a vector has, whichever kind it is. */
struct numbers {
	uint64_t index, size, old_size;
};

static enum err
check_inclusion(const struct json_doc *doc, const struct numbers *n)
{
	CLEANUP(buf_release) struct buf proof = {0};
	uint8_t root[MERKLE_HASH_LEN], leaf[MERKLE_HASH_LEN];

	RETURN_IF(vector_hash(doc, "root", root));
	RETURN_IF(vector_hash(doc, "leafHash", leaf));
	RETURN_IF(vector_proof(doc, &proof));
	return merkle_proof_check_inclusion(n->index, n->size, leaf,
	    bytes_buf(&proof), root);
}

static enum err
check_consistency(const struct json_doc *doc, const struct numbers *n)
{
	CLEANUP(buf_release) struct buf proof = {0};
	uint8_t old_root[MERKLE_HASH_LEN], root[MERKLE_HASH_LEN];

	RETURN_IF(vector_hash(doc, "root1", old_root));
	RETURN_IF(vector_hash(doc, "root2", root));
	RETURN_IF(vector_proof(doc, &proof));
	return merkle_proof_check_consistency(n->old_size, old_root, n->size,
	    root, bytes_buf(&proof));
}

static unsigned vectors_run, vectors_good;

static int
run_vector(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	CLEANUP(json_doc_cleanup) struct json_doc *doc = NULL;
	CLEANUP(buf_release) struct buf file = {0};
	struct numbers n;
	int want_err;
	enum err e;

	(void)st;
	(void)ftw;
	if (type != FTW_F || strstr(path, ".json") == NULL)
		return 0;
	assert_ok(fs_read_file(path, 1 << 20, &file));
	n.index = take_number(&file, "\"leafIdx\"");
	n.old_size = take_number(&file, "\"size1\"");
	n.size = take_number(&file, "\"treeSize\"") |
	    take_number(&file, "\"size2\"");
	assert_ok(json_doc_parse(bytes_buf(&file), JSON_DOC_SIZE_MAX, &doc,
	    NULL));
	want_err = json_doc_bool(json_doc_get(doc, "wantErr"), 1);
	e = json_doc_get(doc, "leafIdx") != NULL ?
	    check_inclusion(doc, &n) : check_consistency(doc, &n);
	/* The one good case that uses 12-byte words for its equal roots:
	 * here a root that is not 32 bytes does not exist. */
	if (strcmp(json_doc_string(json_doc_get(doc, "desc")),
	    "sizes are equal (one) and proof is empty") == 0) {
		assert_err(e, ERR_SYNTAX);
		want_err = 1;
	}
	if ((e != ERR_OK) != want_err)
		fail_msg("%s: %s", path, err_name(e));
	vectors_run++;
	vectors_good += e == ERR_OK ? 1 : 0;
	return 0;
}

static void
the_public_vectors(void **state)
{
	char path[FS_PATH_MAX];

	(void)state;
	if (!unit_shared(path, sizeof(path), "vectors/merkle/inclusion"))
		UNIT_SKIP("no vectors at %s", path);
	vectors_run = vectors_good = 0;
	assert_int_equal(nftw(path, run_vector, 8, FTW_PHYS), 0);
	assert_int_equal(vectors_run, 98);
	assert_true(vectors_good > 0);
	assert_true(unit_shared(path, sizeof(path),
	    "vectors/merkle/consistency"));
	vectors_run = vectors_good = 0;
	assert_int_equal(nftw(path, run_vector, 8, FTW_PHYS), 0);
	assert_int_equal(vectors_run, 98);
	assert_true(vectors_good > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_root_out_of_subtrees_is_the_plain_root),
		cmocka_unit_test(
		    every_inclusion_proof_holds_for_its_leaf_only),
		cmocka_unit_test(
		    every_consistency_proof_holds_for_its_sizes_only),
		cmocka_unit_test(makers_and_checkers_bound_their_numbers),
		cmocka_unit_test(a_proof_is_whole_hashes_and_not_too_many),
		cmocka_unit_test(the_largest_trees_have_proofs),
		cmocka_unit_test(every_flipped_bit_breaks_a_proof),
		cmocka_unit_test(lines_of_a_proof_are_44_characters),
		cmocka_unit_test(the_public_vectors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
