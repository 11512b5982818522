#include "tests/unit/ledger/ledger_test.h"

#include "ledger/cosignature.h"
#include "ledger/policy_file.h"

/* Append `WORD` and the vkey of a signer, with ${end} behind it. */
static void
put_key(struct buf *out, const char *word, struct note_signer *s,
    const char *end)
{
	assert_ok(buf_append_str(out, word));
	assert_ok(note_key_write(note_signer_key(s), out));
	assert_ok(buf_append_str(out, end));
	note_signer_free(s);
}

/* The log, witnesses w1 to w${count}, then ${rest}. */
static void
make_policy(struct buf *out, unsigned count, const char *rest)
{
	char word[64];
	unsigned i;

	buf_clear(out);
	put_key(out, "# trust\n\nlog ", test_log_signer(),
	    " https://ledger.example/\n");
	for (i = 1; i <= count; i++) {
		(void)snprintf(word, sizeof(word), "witness w%u\t", i);
		put_key(out, word, test_witness(i), "\n");
	}
	assert_ok(buf_append_str(out, rest));
}

static enum err
parse(const struct buf *b, struct err_info *info)
{
	CLEANUP(policy_file_cleanup) struct policy_file *p = NULL;

	return policy_file_parse(bytes_buf(b), &p, info);
}

/* A checkpoint cosigned by the witnesses of a bit set, witness i at 1000+i. */
static void
make_note(struct buf *out, unsigned set)
{
	CLEANUP(note_signer_cleanup) struct note_signer *s = test_log_signer();
	CLEANUP(buf_release) struct buf text = {0};
	struct checkpoint cp = {.origin = TEST_ORIGIN, .size = 9};
	unsigned i;

	buf_clear(out);
	assert_ok(checkpoint_write(&cp, &text));
	assert_ok(checkpoint_sign(&cp, s, out));
	for (i = 1; set >> i != 0; i++) {
		CLEANUP(note_signer_cleanup) struct note_signer *w = NULL;

		if ((set >> i & 1) == 0)
			continue;
		w = test_witness(i);
		assert_ok(note_sign_line(bytes_buf(&text), w, 1000 + i, out));
	}
}

static enum err
evaluate(const struct buf *policy, unsigned set,
    struct policy_file_result *ret)
{
	CLEANUP(policy_file_cleanup) struct policy_file *p = NULL;
	CLEANUP(buf_release) struct buf note = {0};

	assert_ok(policy_file_parse(bytes_buf(policy), &p, NULL));
	make_note(&note, set);
	return policy_file_verify(p, bytes_buf(&note), ret);
}

static void
a_policy_lists_logs_and_witnesses(void **state)
{
	CLEANUP(policy_file_cleanup) struct policy_file *p = NULL;
	CLEANUP(buf_release) struct buf b = {0};

	(void)state;
	make_policy(&b, 3, " \tgroup  g 2 w1 w2 w3\t\nquorum g\n");
	assert_ok(policy_file_parse(bytes_buf(&b), &p, NULL));
	assert_int_equal(policy_file_logs(p), 1);
	assert_string_equal(policy_file_log(p, 0)->name, TEST_ORIGIN);
	assert_int_equal(policy_file_witnesses(p), 3);
	assert_string_equal(policy_file_witness_name(p, 2), "w3");
	assert_string_equal(policy_file_witness(p, 2)->name,
	    TEST_WITNESS "3");
	assert_false(policy_file_quorum_is_none(p));
}

static void
no_quorum_needs_the_log_only(void **state)
{
	CLEANUP(buf_release) struct buf b = {0};
	struct policy_file_result r;

	(void)state;
	make_policy(&b, 1, "quorum none\n");
	assert_ok(evaluate(&b, 0, &r));
	assert_int_equal(r.witnesses, 0);
	assert_true(r.quorum_unix_s == 0 && r.checkpoint.size == 9);
	assert_ok(evaluate(&b, 1 << 1, &r));
	assert_int_equal(r.witnesses, 1);
	assert_true(r.quorum_unix_s == 0);
}

static void
a_single_witness_can_be_the_quorum(void **state)
{
	CLEANUP(buf_release) struct buf b = {0};
	struct policy_file_result r;

	(void)state;
	make_policy(&b, 2, "quorum w2\n");
	assert_ok(evaluate(&b, 1 << 2, &r));
	assert_true(r.quorum_unix_s == 1002);
	assert_err(evaluate(&b, 1 << 1, &r), ERR_THRESHOLD);
	/* witness 3 is nobody here */
	assert_err(evaluate(&b, 1 << 3, &r), ERR_THRESHOLD);
	assert_err(evaluate(&b, 0, &r), ERR_THRESHOLD);
}

/* Two levels: 2 of {1,2,3} and any of {4,5}; all 32 sets of cosigners. */
static void
groups_count_exactly(void **state)
{
	CLEANUP(buf_release) struct buf b = {0};
	struct policy_file_result r;
	unsigned set;

	(void)state;
	make_policy(&b, 5, "group X 2 w1 w2 w3\ngroup Y any w4 w5\n"
	    "group both all X Y\nquorum both\n");
	for (set = 0; set < 64; set += 2) {
		unsigned x = (set >> 1 & 1) + (set >> 2 & 1) + (set >> 3 & 1);
		int want = x >= 2 && (set >> 4 & 3) != 0;

		assert_err(evaluate(&b, set, &r),
		    want ? ERR_OK : ERR_THRESHOLD);
		/* the later of both groups: always one of 4 and 5 */
		if (want)
			assert_true(r.quorum_unix_s ==
			    ((set >> 4 & 1) != 0 ? 1004 : 1005));
	}
}

static void
names_of_a_quorum_may_be_any_group(void **state)
{
	CLEANUP(buf_release) struct buf b = {0};
	struct policy_file_result r;

	(void)state;
	/* what is defined behind the quorum's group does not matter to it */
	make_policy(&b, 3, "group g all w1 w2\ngroup h any w3\nquorum g\n");
	assert_ok(evaluate(&b, 1 << 1 | 1 << 2, &r));
	assert_true(r.quorum_unix_s == 1002);
	assert_err(evaluate(&b, 1 << 1 | 1 << 3, &r), ERR_THRESHOLD);
}

static void
bad_files_are_refused_with_their_line(void **state)
{
	static const struct {
		const char *rest;
		enum err want;
		unsigned long line;     /* 0: of the file as a whole */
	} bad[] = {
		{"", ERR_SYNTAX, 0},
		{"# quorum none\n", ERR_SYNTAX, 0},
		{"quorum none", ERR_SYNTAX, 6},
		{"quorum\n", ERR_SYNTAX, 6},
		{"quorum w1 w2\n", ERR_SYNTAX, 6},
		{"quorum w9\n", ERR_UNKNOWN, 6},
		{"quorum w1\nquorum none\n", ERR_DUPLICATE, 7},
		{"quorum none\r\n", ERR_ENCODING, 6},
		{"quorum\x01none\n", ERR_ENCODING, 6},
		{"quorum none\x7f\n", ERR_ENCODING, 6},
		{"Quorum none\n", ERR_UNKNOWN, 6},
		{"witness\n", ERR_SYNTAX, 6},
		{"witness w3\n", ERR_SYNTAX, 6},
		{"witness w3 x\n", ERR_SYNTAX, 6},
		{"log\n", ERR_SYNTAX, 6},
		{"log a b c\n", ERR_SYNTAX, 6},
		{"group g\n", ERR_SYNTAX, 6},
		{"group g any\n", ERR_SYNTAX, 6},
		{"group g some w1\n", ERR_RANGE, 6},
		{"group g 0 w1\n", ERR_RANGE, 6},
		{"group g 2 w1\n", ERR_RANGE, 6},
		{"group g 01 w1\n", ERR_RANGE, 6},
		{"group g any w3\n", ERR_UNKNOWN, 6},
		{"group g any g\n", ERR_UNKNOWN, 6},
		{"group g any none\n", ERR_UNKNOWN, 6},
		{"group w1 any w2\n", ERR_DUPLICATE, 6},
		{"group none any w1\n", ERR_DUPLICATE, 6},
		{"group g any w1 w1\n", ERR_DUPLICATE, 6},
		{"group g any w1\ngroup h any w1 w2\n", ERR_DUPLICATE, 7},
	};
	CLEANUP(buf_release) struct buf b = {0};
	struct err_info info;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		memset(&info, 0, sizeof(info));
		make_policy(&b, 2, bad[i].rest);
		assert_err(parse(&b, &info), bad[i].want);
		if (info.line != bad[i].line || info.message[0] == '\0')
			fail_msg("case %zu: line %lu, %s", i, info.line,
			    info.message);
	}
}

static void
a_key_counts_once_under_whatever_name(void **state)
{
	CLEANUP(buf_release) struct buf b = {0};

	(void)state;
	make_policy(&b, 1, "");
	put_key(&b, "log ", test_signer("other.example", NOTE_KEY_ED25519, 1),
	    "\nquorum none\n");
	assert_err(parse(&b, NULL), ERR_DUPLICATE);
	make_policy(&b, 1, "");
	put_key(&b, "witness w2 ", test_signer("other.example",
	    NOTE_KEY_COSIGNATURE, 101), "\nquorum none\n");
	assert_err(parse(&b, NULL), ERR_DUPLICATE);
}

static void
keys_stand_where_their_type_belongs(void **state)
{
	CLEANUP(buf_release) struct buf b = {0};

	(void)state;
	make_policy(&b, 0, "");
	put_key(&b, "log ", test_witness(1), "\nquorum none\n");
	assert_err(parse(&b, NULL), ERR_UNSUPPORTED);
	make_policy(&b, 0, "");
	put_key(&b, "witness w ", test_signer("other.example",
	    NOTE_KEY_ED25519, 77), "\nquorum none\n");
	assert_err(parse(&b, NULL), ERR_UNSUPPORTED);
	make_policy(&b, 1, "quorum none\n");
	b.data[strlen("# trust\n\nlog " TEST_ORIGIN) + 1] ^= 1;
	assert_err(parse(&b, NULL), ERR_MISMATCH);
}

static void
the_bounds_hold(void **state)
{
	CLEANUP(buf_release) struct buf b = {0};
	unsigned i;

	(void)state;
	make_policy(&b, 1, "");
	for (i = 0; i < POLICY_FILE_NAMES_MAX - 1; i++)
		assert_ok(buf_printf(&b, "group g%u any %s%u\n", i,
		    i == 0 ? "w" : "g", i == 0 ? 1 : i - 1));
	assert_ok(buf_append_str(&b, "quorum g126\n"));
	assert_ok(parse(&b, NULL));
	assert_ok(buf_append_str(&b, "group more any g126\n"));
	assert_err(parse(&b, NULL), ERR_LIMIT);
	make_policy(&b, 1, "quorum none\n");
	for (i = 0; i < 300; i++)
		assert_ok(buf_append_str(&b, "x "));
	assert_ok(buf_append_str(&b, "\n"));
	assert_err(parse(&b, NULL), ERR_LIMIT);
	make_policy(&b, 1, "quorum none\n");
	while (b.len <= POLICY_FILE_MAX)
		assert_ok(buf_append_str(&b, "################\n"));
	assert_err(parse(&b, NULL), ERR_LIMIT);
}

static void
a_deep_chain_of_groups_is_evaluated(void **state)
{
	CLEANUP(buf_release) struct buf b = {0};
	struct policy_file_result r;
	unsigned i;

	(void)state;
	make_policy(&b, 1, "group g0 any w1\n");
	for (i = 1; i < 100; i++)
		assert_ok(buf_printf(&b, "group g%u all g%u\n", i, i - 1));
	assert_ok(buf_append_str(&b, "quorum g99\n"));
	assert_ok(evaluate(&b, 1 << 1, &r));
	assert_err(evaluate(&b, 0, &r), ERR_THRESHOLD);
}

static enum err
verify(const struct buf *policy, const struct buf *note)
{
	CLEANUP(policy_file_cleanup) struct policy_file *p = NULL;
	struct policy_file_result r;

	assert_ok(policy_file_parse(bytes_buf(policy), &p, NULL));
	return policy_file_verify(p, bytes_buf(note), &r);
}

static void
wrong_notes_are_refused(void **state)
{
	CLEANUP(note_signer_cleanup) struct note_signer *s = test_log_signer();
	CLEANUP(note_signer_cleanup) struct note_signer *w = test_witness(1);
	CLEANUP(buf_release) struct buf b = {0}, note = {0};

	(void)state;
	make_policy(&b, 1, "quorum none\n");
	/* the log's key over a text that is no checkpoint, or another log's */
	assert_ok(note_sign(bytes_str("hello\n"), s, 0, &note));
	assert_err(verify(&b, &note), ERR_SYNTAX);
	buf_clear(&note);
	assert_ok(note_sign(bytes_str("other.example\n1\n"
	    "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"), s, 0, &note));
	assert_err(verify(&b, &note), ERR_MISMATCH);
	/* a witness alone is no log */
	buf_clear(&note);
	assert_ok(note_sign(bytes_str(TEST_ORIGIN "\n1\n"
	    "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"), w, 5, &note));
	assert_err(verify(&b, &note), ERR_UNTRUSTED);
	/* a known witness whose cosignature is of another text */
	make_note(&note, 0);
	assert_ok(note_sign_line(bytes_str("other\n"), w, 5, &note));
	assert_err(verify(&b, &note), ERR_SIGNATURE);
	/* a policy without logs trusts none */
	buf_clear(&b);
	assert_ok(buf_append_str(&b, "quorum none\n"));
	make_note(&note, 0);
	assert_err(verify(&b, &note), ERR_UNTRUSTED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_policy_lists_logs_and_witnesses),
		cmocka_unit_test(no_quorum_needs_the_log_only),
		cmocka_unit_test(a_single_witness_can_be_the_quorum),
		cmocka_unit_test(groups_count_exactly),
		cmocka_unit_test(names_of_a_quorum_may_be_any_group),
		cmocka_unit_test(bad_files_are_refused_with_their_line),
		cmocka_unit_test(a_key_counts_once_under_whatever_name),
		cmocka_unit_test(keys_stand_where_their_type_belongs),
		cmocka_unit_test(the_bounds_hold),
		cmocka_unit_test(a_deep_chain_of_groups_is_evaluated),
		cmocka_unit_test(wrong_notes_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
