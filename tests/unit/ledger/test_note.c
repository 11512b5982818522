#include "tests/unit/ledger/ledger_test.h"

#include "core/encode.h"
#include "ledger/note.h"

#define DASH "\xe2\x80\x94 "

static enum err
parse(const char *text, struct note **ret)
{
	return note_parse(bytes_str(text), ret);
}

static void
the_text_ends_at_the_last_blank_line(void **state)
{
	CLEANUP(note_cleanup) struct note *n = NULL;
	struct note_line line;

	(void)state;
	assert_ok(parse("one\n\n" DASH "x AAAAAAE=\n\ntwo\n\n"
	    DASH "name AAAAAQI=\n" DASH "\xe7\xa5\x9e /////wIDBA==\n", &n));
	assert_true(bytes_equal(note_text_unverified(n),
	    bytes_str("one\n\n" DASH "x AAAAAAE=\n\ntwo\n")));
	assert_int_equal(note_lines(n), 2);
	line = note_line_at(n, 0);
	assert_true(bytes_equal(line.name, bytes_str("name")));
	assert_memory_equal(line.id, "\0\0\0\1", 4);
	assert_int_equal(line.signature.len, 1);
	assert_int_equal(line.signature.data[0], 2);
	line = note_line_at(n, 1);
	assert_memory_equal(line.id, "\xff\xff\xff\xff", 4);
	assert_int_equal(line.signature.len, 3);
}

static void
anything_else_is_no_note(void **state)
{
	static const struct {
		const char *text;
		enum err want;
	} bad[] = {
		{"", ERR_SYNTAX},
		{"text\n", ERR_SYNTAX},
		{"text\n\n", ERR_SYNTAX},
		{"text" DASH "a AAAAAQI=\n", ERR_SYNTAX},
		{"text\n" DASH "a AAAAAQI=\n", ERR_SYNTAX},
		{"text\n\n" DASH "a AAAAAQI=", ERR_SYNTAX},
		{"text\n\n" DASH "a AAAAAQI=\n\n", ERR_SYNTAX},
		{"text\n\n" DASH "a AAAAAQI=\nmore\n", ERR_SYNTAX},
		{"text\n\n" DASH "a AAAAAQI= \n", ERR_SYNTAX},
		{"text\n\n" DASH "a  AAAAAQI=\n", ERR_SYNTAX},
		{"text\n\n" DASH " a AAAAAQI=\n", ERR_SYNTAX},
		{"text\n\n" DASH "a AAAAAQI\n", ERR_SYNTAX},
		{"text\n\n" DASH "a AAAAAQJ=\n", ERR_SYNTAX},
		{"text\n\n" DASH "a AAAAAA==\n", ERR_SYNTAX},
		{"text\n\n" DASH "a \n", ERR_SYNTAX},
		{"text\n\n" DASH "a\n", ERR_SYNTAX},
		{"text\n\n" DASH "\n", ERR_SYNTAX},
		{"text\n\n" DASH "a+b AAAAAQI=\n", ERR_SYNTAX},
		{"text\n\n" DASH "a\xe3\x80\x80 AAAAAQI=\n", ERR_SYNTAX},
		{"text\n\n- a AAAAAQI=\n", ERR_SYNTAX},
		{"text\n\n\xe2\x80\x93 a AAAAAQI=\n", ERR_SYNTAX},
		{"text\n\n\xe2\x80\x94" "a AAAAAQI=\n", ERR_SYNTAX},
		{"te\rxt\n\n" DASH "a AAAAAQI=\n", ERR_ENCODING},
		{"te\txt\n\n" DASH "a AAAAAQI=\n", ERR_ENCODING},
		{"text\r\n\r\n" DASH "a AAAAAQI=\r\n", ERR_ENCODING},
		{"t\xffxt\n\n" DASH "a AAAAAQI=\n", ERR_ENCODING},
		{"t\xc0\x80\n\n" DASH "a AAAAAQI=\n", ERR_ENCODING},
		{"t\xed\xa0\x80\n\n" DASH "a AAAAAQI=\n", ERR_ENCODING},
	};
	struct note *n = NULL;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++)
		if (parse(bad[i].text, &n) != bad[i].want)
			fail_msg("case %zu: %s", i, bad[i].text);
	assert_err(note_parse(bytes_of("a\0\n\n" DASH "a AAAAAQI=\n", 18),
	    &n), ERR_ENCODING);
	assert_null(n);
	note_free(NULL);
}

static void
put_lines(struct buf *b, unsigned count)
{
	while (count-- > 0)
		assert_ok(buf_append_str(b, DASH "a AAAAAQI=\n"));
}

static void
the_bounds_hold(void **state)
{
	CLEANUP(buf_release) struct buf b = {0};
	CLEANUP(buf_release) struct buf big = {0};
	CLEANUP(buf_release) struct buf raw = {0};
	struct note *n = NULL;

	(void)state;
	assert_ok(buf_append_str(&b, "text\n\n"));
	put_lines(&b, NOTE_SIGNATURES_MAX);
	assert_ok(note_parse(bytes_buf(&b), &n));
	assert_int_equal(note_lines(n), NOTE_SIGNATURES_MAX);
	note_free(n);
	put_lines(&b, 1);
	assert_err(note_parse(bytes_buf(&b), &n), ERR_LIMIT);
	put_lines(&b, 5000);
	assert_err(note_parse(bytes_buf(&b), &n), ERR_LIMIT);

	/* the longest signature, and one byte more */
	assert_ok(buf_reserve(&raw, 4 + NOTE_SIGNATURE_LEN_MAX + 4));
	memset(raw.data, 0, 4 + NOTE_SIGNATURE_LEN_MAX + 4);
	assert_ok(buf_append_str(&big, "text\n\n" DASH "a "));
	assert_ok(encode_b64(raw.data, 4 + NOTE_SIGNATURE_LEN_MAX, 1, &big));
	assert_ok(buf_append_u8(&big, '\n'));
	assert_ok(note_parse(bytes_buf(&big), &n));
	note_free(n);
	buf_clear(&big);
	assert_ok(buf_append_str(&big, "text\n\n" DASH "a "));
	assert_ok(encode_b64(raw.data, 4 + NOTE_SIGNATURE_LEN_MAX + 4, 1,
	    &big));
	assert_ok(buf_append_u8(&big, '\n'));
	assert_err(note_parse(bytes_buf(&big), &n), ERR_LIMIT);

	buf_clear(&big);
	while (big.len <= NOTE_MAX)
		assert_ok(buf_append_str(&big, "0123456789abcdef"));
	assert_err(note_parse(bytes_buf(&big), &n), ERR_LIMIT);
	/* a name of 255 bytes is the last one */
	buf_clear(&big);
	assert_ok(buf_printf(&big, "t\n\n" DASH "%0255d AAAAAQI=\n", 1));
	assert_ok(note_parse(bytes_buf(&big), &n));
	note_free(n);
	buf_clear(&big);
	assert_ok(buf_printf(&big, "t\n\n" DASH "%0256d AAAAAQI=\n", 1));
	assert_err(note_parse(bytes_buf(&big), &n), ERR_LIMIT);
}

/* Text, and lines of the log key and of witnesses 1 to ${witnesses}. */
static void
make_note(struct buf *out, unsigned witnesses)
{
	CLEANUP(note_signer_cleanup) struct note_signer *log =
	    test_log_signer();
	struct bytes text = bytes_str("text\nof two lines\n");
	unsigned i;

	assert_ok(note_sign(text, log, 0, out));
	for (i = 1; i <= witnesses; i++) {
		CLEANUP(note_signer_cleanup) struct note_signer *w =
		    test_witness(i);

		assert_ok(note_sign_line(text, w, 1000 + i, out));
	}
}

static enum err
verify(const struct buf *b, const struct note_key *keys, size_t count,
    struct note_verdict *verdicts)
{
	CLEANUP(note_cleanup) struct note *n = NULL;

	RETURN_IF(note_parse(bytes_buf(b), &n));
	return note_verify(n, keys, count, verdicts);
}

static void
keys_of(struct note_key *keys, unsigned witnesses)
{
	CLEANUP(note_signer_cleanup) struct note_signer *log =
	    test_log_signer();
	unsigned i;

	keys[0] = *note_signer_key(log);
	for (i = 1; i <= witnesses; i++) {
		CLEANUP(note_signer_cleanup) struct note_signer *w =
		    test_witness(i);

		keys[i] = *note_signer_key(w);
	}
}

static void
known_keys_are_verified_and_unknown_ones_ignored(void **state)
{
	CLEANUP(buf_release) struct buf b = {0};
	struct note_key keys[5], stranger;
	struct note_verdict v[5];
	unsigned i;

	(void)state;
	make_note(&b, 3);
	keys_of(keys, 4);
	stranger = keys[4];
	assert_ok(verify(&b, keys, 5, v));
	for (i = 0; i < 4; i++) {
		assert_true(v[i].verified);
		assert_true(v[i].unix_s == (i == 0 ? 0 : 1000 + (int)i));
	}
	assert_false(v[4].verified);
	assert_ok(verify(&b, keys + 2, 1, NULL));
	assert_err(verify(&b, &stranger, 1, v), ERR_UNTRUSTED);
	assert_err(verify(&b, keys, 0, NULL), ERR_UNTRUSTED);
	assert_err(verify(&b, keys, NOTE_KEYS_MAX + 1, NULL), ERR_LIMIT);
}

static void
same_name_or_same_id_alone_is_unknown(void **state)
{
	CLEANUP(buf_release) struct buf b = {0};
	struct note_key keys[2], other;

	(void)state;
	make_note(&b, 1);
	keys_of(keys, 1);
	other = keys[0];
	(void)snprintf(other.name, sizeof(other.name), "ledger.example/b");
	assert_err(verify(&b, &other, 1, NULL), ERR_UNTRUSTED);
	other = keys[0];
	other.id[0] ^= 1;
	assert_err(verify(&b, &other, 1, NULL), ERR_UNTRUSTED);
	/* Name and id of a key that is known, but the bytes of another. */
	other = keys[0];
	other.public_key[0] ^= 1;
	assert_err(verify(&b, &other, 1, NULL), ERR_SIGNATURE);
}

/* One bad signature of a known key condemns the note, wherever it stands and
 * whatever else is good. */
static void
a_bad_known_signature_rejects_all(void **state)
{
	CLEANUP(buf_release) struct buf good = {0}, forged = {0};
	CLEANUP(note_signer_cleanup) struct note_signer *log =
	    test_log_signer();
	CLEANUP(note_signer_cleanup) struct note_signer *w = test_witness(2);
	struct note_key keys[4];
	struct note_verdict v[4];

	(void)state;
	make_note(&good, 1);
	keys_of(keys, 3);
	/* the line of witness 2 is over another text */
	assert_ok(buf_append(&forged, good.data, good.len));
	assert_ok(note_sign_line(bytes_str("other text\n"), w, 1, &forged));
	assert_err(verify(&forged, keys, 4, v), ERR_SIGNATURE);
	assert_false(v[0].verified);
	assert_ok(verify(&forged, keys, 2, v));
	assert_true(v[0].verified && v[1].verified);
	/* a second, bad line of a key whose first line is good */
	buf_clear(&forged);
	assert_ok(buf_append(&forged, good.data, good.len));
	assert_ok(note_sign_line(bytes_str("other text\n"), log, 0, &forged));
	assert_err(verify(&forged, keys, 1, NULL), ERR_SIGNATURE);
	/* two good ones of one witness: the earlier time counts */
	assert_ok(note_sign_line(bytes_str("text\nof two lines\n"), w, 900,
	    &good));
	assert_ok(note_sign_line(bytes_str("text\nof two lines\n"), w, 700,
	    &good));
	assert_ok(verify(&good, keys, 4, v));
	assert_true(v[2].verified && v[2].unix_s == 700);
}

/* Every bit of a whole note, and every length. */
static void
every_flipped_bit_and_truncation_is_refused(void **state)
{
	CLEANUP(buf_release) struct buf b = {0};
	struct note_key keys[3];
	struct note_verdict v[3];
	size_t bit, len;

	(void)state;
	make_note(&b, 2);
	keys_of(keys, 2);
	for (bit = 0; bit < b.len * 8; bit++) {
		b.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		/* A flip in a line's name or id makes its key unknown; the
		 * other lines may stand, that one must not. */
		if (verify(&b, keys, 3, v) == ERR_OK)
			assert_false(v[0].verified && v[1].verified &&
			    v[2].verified);
		b.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (len = 0; len < b.len; len++) {
		struct buf cut = {.data = b.data, .len = len};

		if (verify(&cut, keys, 3, v) == ERR_OK)
			assert_false(v[2].verified);
	}
}

static void
only_proper_texts_are_signed(void **state)
{
	CLEANUP(note_signer_cleanup) struct note_signer *s = test_log_signer();
	CLEANUP(buf_release) struct buf out = {0};

	(void)state;
	assert_err(note_sign(bytes_str(""), s, 0, &out), ERR_SYNTAX);
	assert_err(note_sign(bytes_str("no end"), s, 0, &out), ERR_SYNTAX);
	assert_err(note_sign(bytes_str("a\r\n"), s, 0, &out), ERR_ENCODING);
	assert_err(note_sign(bytes_str("\xff\n"), s, 0, &out), ERR_ENCODING);
	assert_int_equal(out.len, 0);
}

/* A text with blank lines, and one that looks like a signature. */
static void
texts_with_blank_lines_verify(void **state)
{
	static const char *const texts[] = {
		"\n", "a\n\n", "a\n\n\nb\n", "a\n\n" DASH "x AAAAAQI=\n",
	};
	CLEANUP(note_signer_cleanup) struct note_signer *s = test_log_signer();
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(texts); i++) {
		CLEANUP(buf_release) struct buf out = {0};
		CLEANUP(note_cleanup) struct note *n = NULL;

		assert_ok(note_sign(bytes_str(texts[i]), s, 0, &out));
		assert_ok(note_parse(bytes_buf(&out), &n));
		assert_true(bytes_equal(note_text_unverified(n),
		    bytes_str(texts[i])));
		assert_true(bytes_equal(note_bytes(n), bytes_buf(&out)));
		assert_ok(note_verify(n, note_signer_key(s), 1, NULL));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_text_ends_at_the_last_blank_line),
		cmocka_unit_test(anything_else_is_no_note),
		cmocka_unit_test(the_bounds_hold),
		cmocka_unit_test(
		    known_keys_are_verified_and_unknown_ones_ignored),
		cmocka_unit_test(same_name_or_same_id_alone_is_unknown),
		cmocka_unit_test(a_bad_known_signature_rejects_all),
		cmocka_unit_test(every_flipped_bit_and_truncation_is_refused),
		cmocka_unit_test(only_proper_texts_are_signed),
		cmocka_unit_test(texts_with_blank_lines_verify),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
