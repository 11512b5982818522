#include "tests/unit/ledger/ledger_test.h"

#include "keys/merkle.h"
#include "ledger/cosignature.h"
#include "ledger/proof.h"

#define SIZE 11
#define INDEX 6

/* A tree of SIZE test entries, and the proof of entry INDEX. */
struct fixture {
	struct buf note, proof, entry, policy;
	uint8_t leaves[SIZE][MERKLE_HASH_LEN];
};

static enum err
get(void *ctx, unsigned level, uint64_t index, uint8_t ret[MERKLE_HASH_LEN])
{
	struct fixture *f = ctx;

	merkle_root(f->leaves[index << level], (size_t)1 << level, ret);
	return ERR_OK;
}

static void
make_note(struct fixture *f)
{
	CLEANUP(note_signer_cleanup) struct note_signer *s = test_log_signer();
	CLEANUP(note_signer_cleanup) struct note_signer *w = test_witness(1);
	const struct merkle_proof_source source = {get, f};
	struct checkpoint cp = {.origin = TEST_ORIGIN, .size = SIZE};
	CLEANUP(buf_release) struct buf text = {0};

	assert_ok(merkle_proof_root(&source, SIZE, cp.root));
	assert_ok(checkpoint_sign(&cp, s, &f->note));
	assert_ok(checkpoint_write(&cp, &text));
	assert_ok(note_sign_line(bytes_buf(&text), w, 1234, &f->note));
	assert_ok(buf_append_str(&f->policy, "log "));
	assert_ok(note_key_write(note_signer_key(s), &f->policy));
	assert_ok(buf_append_str(&f->policy, "\nwitness w "));
	assert_ok(note_key_write(note_signer_key(w), &f->policy));
	assert_ok(buf_append_str(&f->policy, "\nquorum w\n"));
}

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	const struct merkle_proof_source source = {get, f};
	CLEANUP(buf_release) struct buf path = {0};
	unsigned i;

	for (i = 0; i < SIZE; i++) {
		test_entry(i, &f->entry);
		merkle_leaf(bytes_buf(&f->entry), f->leaves[i]);
	}
	test_entry(INDEX, &f->entry);
	make_note(f);
	assert_ok(merkle_proof_inclusion(&source, INDEX, SIZE, &path));
	assert_ok(proof_write(INDEX, bytes_buf(&path), bytes_buf(&f->note),
	    &f->proof));
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	buf_release(&f->note);
	buf_release(&f->proof);
	buf_release(&f->entry);
	buf_release(&f->policy);
	free(f);
	return 0;
}

/* Parse and verify under the fixture's policy. */
static enum err
verify(const struct fixture *f, struct bytes file, struct bytes entry)
{
	CLEANUP(policy_file_cleanup) struct policy_file *policy = NULL;
	CLEANUP(proof_release) struct proof p = {0};
	struct policy_file_result r;

	assert_ok(policy_file_parse(bytes_buf(&f->policy), &policy, NULL));
	RETURN_IF(proof_parse_unverified(file, &p));
	return proof_verify(&p, entry, policy, &r);
}

static void
a_written_proof_reads_and_verifies(void **state)
{
	const struct fixture *f = *state;
	CLEANUP(note_signer_cleanup) struct note_signer *s = test_log_signer();
	CLEANUP(proof_release) struct proof p = {0};
	struct checkpoint cp;

	assert_memory_equal(f->proof.data, "c2sp.org/tlog-proof@v1\nindex 6\n",
	    31);
	assert_ok(verify(f, bytes_buf(&f->proof), bytes_buf(&f->entry)));
	assert_ok(proof_parse_unverified(bytes_buf(&f->proof), &p));
	assert_true(p.index == INDEX);
	assert_int_equal(p.extra.len, 0);
	assert_true(bytes_equal(bytes_buf(&p.note), bytes_buf(&f->note)));
	assert_ok(proof_verify_log(&p, bytes_buf(&f->entry),
	    note_signer_key(s), &cp));
	assert_true(cp.size == SIZE);
}

static void
another_entry_index_or_log_is_refused(void **state)
{
	const struct fixture *f = *state;
	CLEANUP(note_signer_cleanup) struct note_signer *stranger =
	    test_signer(TEST_ORIGIN, NOTE_KEY_ED25519, 66);
	CLEANUP(buf_release) struct buf other = {0};
	CLEANUP(proof_release) struct proof p = {0};
	struct checkpoint cp;

	test_entry(INDEX + 1, &other);
	assert_err(verify(f, bytes_buf(&f->proof), bytes_buf(&other)),
	    ERR_MISMATCH);
	assert_err(verify(f, bytes_buf(&f->proof), bytes_str("")),
	    ERR_MISMATCH);
	assert_ok(proof_parse_unverified(bytes_buf(&f->proof), &p));
	assert_err(proof_verify_log(&p, bytes_buf(&f->entry),
	    note_signer_key(stranger), &cp), ERR_UNTRUSTED);
	p.index = INDEX + 1;
	stranger = (note_signer_free(stranger), test_log_signer());
	assert_err(proof_verify_log(&p, bytes_buf(&f->entry),
	    note_signer_key(stranger), &cp), ERR_MISMATCH);
	p.index = SIZE;
	assert_err(proof_verify_log(&p, bytes_buf(&f->entry),
	    note_signer_key(stranger), &cp), ERR_RANGE);
}

static void
extra_data_is_read_and_means_nothing(void **state)
{
	const struct fixture *f = *state;
	CLEANUP(buf_release) struct buf file = {0};
	CLEANUP(proof_release) struct proof p = {0};

	assert_ok(buf_append_str(&file, "c2sp.org/tlog-proof@v1\n"
	    "extra aGVsbG8=\n"));
	assert_ok(buf_append(&file, f->proof.data + 23, f->proof.len - 23));
	assert_ok(verify(f, bytes_buf(&file), bytes_buf(&f->entry)));
	assert_ok(proof_parse_unverified(bytes_buf(&file), &p));
	assert_string_equal(buf_text(&p.extra), "hello");
}

#define FIRST "c2sp.org/tlog-proof@v1\n"
#define HASH "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"

static void
malformed_proofs_are_refused(void **state)
{
	static const struct {
		const char *text;
		enum err want;
	} bad[] = {
		{"", ERR_SYNTAX}, {"\n", ERR_SYNTAX}, {FIRST, ERR_SYNTAX},
		{"c2sp.org/tlog-proof@v2\nindex 1\n\nx\n", ERR_UNSUPPORTED},
		{"c2sp.org/tlog-proof\nindex 1\n\nx\n", ERR_SYNTAX},
		{"c2sp.org/tlog-proof@v1 \nindex 1\n\nx\n", ERR_UNSUPPORTED},
		{"c2sp.org/tlog-proof@v1\r\nindex 1\n\nx\n", ERR_UNSUPPORTED},
		{FIRST "index 1\n", ERR_SYNTAX},
		{FIRST "index 1\n\n", ERR_SYNTAX},
		{FIRST "\nindex 1\n\nx\n", ERR_SYNTAX},
		{FIRST "index 01\n\nx\n", ERR_SYNTAX},
		{FIRST "index -1\n\nx\n", ERR_SYNTAX},
		{FIRST "index\n\nx\n", ERR_SYNTAX},
		{FIRST "index 1 \n\nx\n", ERR_SYNTAX},
		{FIRST "index 9223372036854775808\n\nx\n", ERR_RANGE},
		{FIRST "Index 1\n\nx\n", ERR_SYNTAX},
		{FIRST "extra \nindex 1\n\nx\n", ERR_SYNTAX},
		{FIRST "extra ?\nindex 1\n\nx\n", ERR_SYNTAX},
		{FIRST "extra YQ==\nextra YQ==\nindex 1\n\nx\n", ERR_SYNTAX},
		{FIRST "index 1\nextra YQ==\n\nx\n", ERR_SYNTAX},
		{FIRST "index 1\n" HASH HASH, ERR_SYNTAX},
		{FIRST "index 1\nCsUYapGGPo4dkMgIAUqom/Xajg==\n\nx\n",
		    ERR_SYNTAX},
		{FIRST "index 1\n " HASH "\nx\n", ERR_SYNTAX},
	};
	struct proof p = {.index = 77};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++)
		if (proof_parse_unverified(bytes_str(bad[i].text), &p) !=
		    bad[i].want)
			fail_msg("case %zu: %s", i, bad[i].text);
	assert_true(p.index == 77);
}

static void
the_bounds_hold(void **state)
{
	CLEANUP(buf_release) struct buf b = {0};
	struct proof p;
	unsigned i;

	(void)state;
	assert_ok(buf_append_str(&b, FIRST "index 1\n"));
	for (i = 0; i <= MERKLE_PROOF_HASHES_MAX; i++)
		assert_ok(buf_append_str(&b, HASH));
	assert_ok(buf_append_str(&b, "\nx\n"));
	assert_err(proof_parse_unverified(bytes_buf(&b), &p), ERR_LIMIT);
	buf_clear(&b);
	assert_ok(buf_append_str(&b, FIRST "extra "));
	while (b.len < PROOF_EXTRA_MAX / 3 * 4 + 64)
		assert_ok(buf_append_str(&b, "AAAA"));
	assert_ok(buf_append_str(&b, "\nindex 1\n\nx\n"));
	assert_err(proof_parse_unverified(bytes_buf(&b), &p), ERR_LIMIT);
	buf_clear(&b);
	while (b.len <= PROOF_MAX)
		assert_ok(buf_append_str(&b, "0123456789abcdef"));
	assert_err(proof_parse_unverified(bytes_buf(&b), &p), ERR_LIMIT);
}

/* Every bit of the file and of the entry, every length. */
static void
every_flipped_bit_and_truncation_is_refused(void **state)
{
	struct fixture *f = *state;
	size_t bit, len;

	for (bit = 0; bit < f->proof.len * 8; bit++) {
		f->proof.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_not_equal(verify(f, bytes_buf(&f->proof),
		    bytes_buf(&f->entry)), ERR_OK);
		f->proof.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (bit = 0; bit < f->entry.len * 8; bit++) {
		f->entry.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_err(verify(f, bytes_buf(&f->proof),
		    bytes_buf(&f->entry)), ERR_MISMATCH);
		f->entry.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (len = 0; len < f->proof.len; len++)
		assert_int_not_equal(verify(f, bytes_of(f->proof.data, len),
		    bytes_buf(&f->entry)), ERR_OK);
}

int
main(void)
{
#define WITH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		WITH(a_written_proof_reads_and_verifies),
		WITH(another_entry_index_or_log_is_refused),
		WITH(extra_data_is_read_and_means_nothing),
		WITH(malformed_proofs_are_refused),
		WITH(the_bounds_hold),
		WITH(every_flipped_bit_and_truncation_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
