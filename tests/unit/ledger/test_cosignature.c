#include "tests/unit/ledger/ledger_test.h"

#include "ledger/cosignature.h"

static void
make_checkpoint(struct buf *out)
{
	CLEANUP(note_signer_cleanup) struct note_signer *s = test_log_signer();
	struct checkpoint cp = {.origin = TEST_ORIGIN, .size = 9};

	memset(cp.root, 9, sizeof(cp.root));
	assert_ok(checkpoint_sign(&cp, s, out));
}

/* Append the cosignature line of witness ${i} over the note. */
static void
cosign(const struct buf *note, unsigned i, int64_t unix_s, struct buf *out)
{
	CLEANUP(note_signer_cleanup) struct note_signer *w = test_witness(i);
	CLEANUP(note_cleanup) struct note *n = NULL;

	assert_ok(note_parse(bytes_buf(note), &n));
	assert_ok(cosignature_sign(n, w, unix_s, out));
}

static struct note_key
witness_key(unsigned i)
{
	CLEANUP(note_signer_cleanup) struct note_signer *w = test_witness(i);

	return *note_signer_key(w);
}

static enum err
verify(const struct buf *note, const struct note_key *key, int64_t *ret)
{
	CLEANUP(note_cleanup) struct note *n = NULL;

	RETURN_IF(note_parse(bytes_buf(note), &n));
	return cosignature_verify(n, key, ret);
}

static void
the_message_is_two_lines_and_the_text(void **state)
{
	CLEANUP(buf_release) struct buf m = {0};

	(void)state;
	assert_ok(cosignature_message(bytes_str("o\n1\nr\n"), 1679315147, &m));
	assert_string_equal(buf_text(&m),
	    "cosignature/v1\ntime 1679315147\no\n1\nr\n");
	assert_err(cosignature_message(bytes_str("o\n"), -1, &m), ERR_RANGE);
}

static void
a_cosignature_carries_its_time(void **state)
{
	CLEANUP(buf_release) struct buf note = {0}, line = {0};
	struct note_key key = witness_key(1), stranger = witness_key(2);
	int64_t time = 0;

	(void)state;
	make_checkpoint(&note);
	cosign(&note, 1, INT64_MAX, &line);
	assert_ok(buf_append(&note, line.data, line.len));
	assert_ok(verify(&note, &key, &time));
	assert_true(time == INT64_MAX);
	assert_err(verify(&note, &stranger, &time), ERR_UNTRUSTED);
}

static void
a_log_key_does_not_cosign(void **state)
{
	CLEANUP(note_signer_cleanup) struct note_signer *s = test_log_signer();
	CLEANUP(buf_release) struct buf note = {0}, line = {0};
	CLEANUP(note_cleanup) struct note *n = NULL;
	int64_t time;

	(void)state;
	make_checkpoint(&note);
	assert_ok(note_parse(bytes_buf(&note), &n));
	assert_err(cosignature_sign(n, s, 1, &line), ERR_UNSUPPORTED);
	assert_err(cosignature_verify(n, note_signer_key(s), &time),
	    ERR_UNSUPPORTED);
}

/* A time with its highest bit set is not a time, however well signed. */
static void
times_beyond_the_range_are_bad_signatures(void **state)
{
	CLEANUP(note_signer_cleanup) struct note_signer *w = test_witness(1);
	CLEANUP(buf_release) struct buf note = {0}, sig = {0};
	struct note_key key = witness_key(1);
	int64_t time;

	(void)state;
	make_checkpoint(&note);
	assert_ok(note_signer_sign(w, bytes_str("x\n"), 5, &sig));
	sig.data[0] |= 0x80;
	assert_ok(note_put_line(bytes_str(key.name), key.id, bytes_buf(&sig),
	    &note));
	assert_err(verify(&note, &key, &time), ERR_SIGNATURE);
}

static void
merging_adds_known_good_new_lines_only(void **state)
{
	CLEANUP(buf_release) struct buf note = {0}, reply = {0}, out = {0};
	CLEANUP(buf_release) struct buf again = {0};
	struct note_key keys[2] = {witness_key(1), witness_key(2)};
	struct note_key unknown = witness_key(3);
	int64_t time;

	(void)state;
	make_checkpoint(&note);
	cosign(&note, 1, 100, &reply);
	cosign(&note, 3, 101, &reply);
	cosign(&note, 1, 102, &reply);
	cosign(&note, 2, 103, &reply);
	assert_ok(cosignature_merge(bytes_buf(&note), bytes_buf(&reply), keys,
	    2, &out));
	assert_ok(verify(&out, &keys[0], &time));
	assert_true(time == 100);
	assert_ok(verify(&out, &keys[1], &time));
	assert_err(verify(&out, &unknown, &time), ERR_UNTRUSTED);
	assert_memory_equal(out.data, note.data, note.len);
	/* the same once more: nothing new */
	assert_err(cosignature_merge(bytes_buf(&out), bytes_buf(&reply), keys,
	    2, &again), ERR_UNTRUSTED);
	assert_int_equal(again.len, 0);
}

static void
bad_replies_add_nothing(void **state)
{
	CLEANUP(buf_release) struct buf note = {0}, other = {0}, reply = {0};
	CLEANUP(buf_release) struct buf out = {0}, split = {0};
	struct note_key key = witness_key(1);
	size_t i;
	static const char *const bad[] = {
		"", "\n", "hello\n", "\xe2\x80\x94 a AAAAAQI=",
	};

	(void)state;
	make_checkpoint(&note);
	for (i = 0; i < ARRAY_LEN(bad); i++)
		assert_err(cosignature_merge(bytes_buf(&note),
		    bytes_str(bad[i]), &key, 1, &out), ERR_SYNTAX);
	/* a cosignature over another checkpoint */
	assert_ok(buf_append_str(&other, "o\n1\nr\n\n\xe2\x80\x94 a AAAAAQI=\n"));
	cosign(&other, 1, 5, &reply);
	assert_err(cosignature_merge(bytes_buf(&note), bytes_buf(&reply),
	    &key, 1, &out), ERR_SIGNATURE);
	/* a reply that would move the end of the text */
	assert_ok(buf_append_str(&split, "more\n\n"));
	cosign(&note, 1, 5, &split);
	assert_err(cosignature_merge(bytes_buf(&note), bytes_buf(&split),
	    &key, 1, &out), ERR_SYNTAX);
	assert_int_equal(out.len, 0);
}

static void
a_note_never_gets_more_lines_than_a_reader_takes(void **state)
{
	CLEANUP(buf_release) struct buf note = {0}, reply = {0}, out = {0};
	struct note_key key = witness_key(1);
	unsigned i;

	(void)state;
	make_checkpoint(&note);
	for (i = 1; i < NOTE_SIGNATURES_MAX; i++)
		assert_ok(buf_append_str(&note,
		    "\xe2\x80\x94 a AAAAAQI=\n"));
	cosign(&note, 1, 5, &reply);
	assert_err(cosignature_merge(bytes_buf(&note), bytes_buf(&reply),
	    &key, 1, &out), ERR_LIMIT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_message_is_two_lines_and_the_text),
		cmocka_unit_test(a_cosignature_carries_its_time),
		cmocka_unit_test(a_log_key_does_not_cosign),
		cmocka_unit_test(times_beyond_the_range_are_bad_signatures),
		cmocka_unit_test(merging_adds_known_good_new_lines_only),
		cmocka_unit_test(bad_replies_add_nothing),
		cmocka_unit_test(
		    a_note_never_gets_more_lines_than_a_reader_takes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
