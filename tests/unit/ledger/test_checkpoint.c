#include "tests/unit/ledger/ledger_test.h"

#include "ledger/checkpoint.h"

#define ROOT "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="

static enum err
parse(const char *text, struct checkpoint *ret)
{
	return checkpoint_parse_unverified(bytes_str(text), ret);
}

static void
three_lines_make_a_checkpoint(void **state)
{
	CLEANUP(buf_release) struct buf back = {0};
	struct checkpoint cp;

	(void)state;
	assert_ok(parse("example.com/log\n20852163\n" ROOT "\n", &cp));
	assert_string_equal(cp.origin, "example.com/log");
	assert_true(cp.size == 20852163);
	assert_memory_equal(cp.root, "\x0a\xc5\x18\x6a", 4);
	assert_ok(checkpoint_write(&cp, &back));
	assert_string_equal(buf_text(&back),
	    "example.com/log\n20852163\n" ROOT "\n");
	/* extension lines are allowed and mean nothing */
	assert_ok(parse("o\n0\n" ROOT "\nextension\nanother one\n", &cp));
	assert_true(cp.size == 0);
}

static void
anything_else_is_none(void **state)
{
	static const struct {
		const char *text;
		enum err want;
	} bad[] = {
		{"", ERR_SYNTAX}, {"o\n", ERR_SYNTAX}, {"o\n1\n", ERR_SYNTAX},
		{"o\n1\n" ROOT, ERR_SYNTAX}, {"\n1\n" ROOT "\n", ERR_SYNTAX},
		{"o\n01\n" ROOT "\n", ERR_SYNTAX},
		{"o\n-1\n" ROOT "\n", ERR_SYNTAX},
		{"o\n1 \n" ROOT "\n", ERR_SYNTAX},
		{"o\n\n" ROOT "\n", ERR_SYNTAX},
		{"o o\n1\n" ROOT "\n", ERR_SYNTAX},
		{"o\n9223372036854775808\n" ROOT "\n", ERR_RANGE},
		{"o\n18446744073709551616\n" ROOT "\n", ERR_RANGE},
		{"o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxqw==\n",
		    ERR_SYNTAX},
		{"o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2Ji\n",
		    ERR_SYNTAX},
		{"o\n1\nCsUYapGGPo4=\n", ERR_SYNTAX},
		{"o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I\n",
		    ERR_SYNTAX},
		{"o\n1\nCsUYapGGPo4dkMgIAUqom_Xajj7h2fB2MPA3j2jxq2I=\n",
		    ERR_SYNTAX},
		{"o\n1\n" ROOT "\n\n", ERR_SYNTAX},
		{"o\n1\n" ROOT "\n\nx\n", ERR_SYNTAX},
		{"o\n1\n" ROOT "\nx", ERR_SYNTAX},
	};
	struct checkpoint cp = {.size = 99};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++)
		if (parse(bad[i].text, &cp) != bad[i].want)
			fail_msg("case %zu: %s", i, bad[i].text);
	assert_true(cp.size == 99);
	assert_ok(parse("o\n9223372036854775807\n" ROOT "\n", &cp));
}

static struct checkpoint
example(uint64_t size)
{
	struct checkpoint cp = {.origin = TEST_ORIGIN, .size = size};

	memset(cp.root, 7, sizeof(cp.root));
	return cp;
}

static void
a_signed_one_verifies_under_its_key_and_origin(void **state)
{
	CLEANUP(note_signer_cleanup) struct note_signer *s = test_log_signer();
	CLEANUP(note_signer_cleanup) struct note_signer *other =
	    test_signer(TEST_ORIGIN, NOTE_KEY_ED25519, 2);
	CLEANUP(buf_release) struct buf note = {0};
	struct checkpoint cp = example(5), got;

	(void)state;
	assert_ok(checkpoint_sign(&cp, s, &note));
	assert_ok(checkpoint_verify(bytes_buf(&note), note_signer_key(s),
	    &got));
	assert_true(checkpoint_equal(&cp, &got));
	assert_err(checkpoint_verify(bytes_buf(&note), note_signer_key(other),
	    &got), ERR_UNTRUSTED);
	got.root[3] ^= 1;
	assert_false(checkpoint_equal(&cp, &got));
}

static void
some_things_are_never_signed(void **state)
{
	CLEANUP(note_signer_cleanup) struct note_signer *s = test_log_signer();
	CLEANUP(note_signer_cleanup) struct note_signer *w =
	    test_signer(TEST_ORIGIN, NOTE_KEY_COSIGNATURE, 2);
	CLEANUP(buf_release) struct buf note = {0};
	struct checkpoint cp = example(0);

	(void)state;
	assert_err(checkpoint_sign(&cp, s, &note), ERR_REFUSED);
	cp.size = 1;
	assert_err(checkpoint_sign(&cp, w, &note), ERR_UNSUPPORTED);
	cp.origin[0] = 'L';
	assert_err(checkpoint_sign(&cp, s, &note), ERR_MISMATCH);
	assert_int_equal(note.len, 0);
}

/* Signed by the right key, but in the name of another log. */
static void
another_origin_is_refused(void **state)
{
	CLEANUP(note_signer_cleanup) struct note_signer *s = test_log_signer();
	CLEANUP(buf_release) struct buf note = {0};
	struct checkpoint cp;

	(void)state;
	assert_ok(note_sign(bytes_str("other.example/log\n5\n" ROOT "\n"), s,
	    0, &note));
	assert_err(checkpoint_verify(bytes_buf(&note), note_signer_key(s),
	    &cp), ERR_MISMATCH);
	buf_clear(&note);
	assert_ok(note_sign(bytes_str("not a checkpoint\n"), s, 0, &note));
	assert_err(checkpoint_verify(bytes_buf(&note), note_signer_key(s),
	    &cp), ERR_SYNTAX);
}

static void
every_flipped_bit_and_truncation_is_refused(void **state)
{
	CLEANUP(note_signer_cleanup) struct note_signer *s = test_log_signer();
	CLEANUP(buf_release) struct buf note = {0};
	struct checkpoint cp = example(1234567);
	size_t bit, len;

	(void)state;
	assert_ok(checkpoint_sign(&cp, s, &note));
	for (bit = 0; bit < note.len * 8; bit++) {
		note.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_not_equal(checkpoint_verify(bytes_buf(&note),
		    note_signer_key(s), &cp), ERR_OK);
		note.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (len = 0; len < note.len; len++)
		assert_int_not_equal(checkpoint_verify(bytes_of(note.data,
		    len), note_signer_key(s), &cp), ERR_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(three_lines_make_a_checkpoint),
		cmocka_unit_test(anything_else_is_none),
		cmocka_unit_test(
		    a_signed_one_verifies_under_its_key_and_origin),
		cmocka_unit_test(some_things_are_never_signed),
		cmocka_unit_test(another_origin_is_refused),
		cmocka_unit_test(every_flipped_bit_and_truncation_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
