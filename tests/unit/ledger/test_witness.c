#include "tests/unit/ledger/log_test.h"

#include "ledger/cosignature.h"
#include "ledger/witness.h"

#define NOW 1795334400

/* A log, and a witness beside it. */
struct fixture {
	struct home home;
	struct note_signer *signer, *witness;
	struct log *log;
	char state[FS_PATH_MAX];
	struct witness_config config;
};

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	home_make(&f->home);
	f->signer = test_log_signer();
	f->witness = test_witness(1);
	assert_ok(home_open(&f->home, f->signer, &f->log, NULL));
	assert_ok(fs_path(f->state, "%s/witness", f->home.base));
	f->config = (struct witness_config){
		.state_path = f->state, .signer = f->witness,
		.log_key = note_signer_key(f->signer),
	};
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	log_close(f->log);
	home_remove(&f->home);
	note_signer_free(f->signer);
	note_signer_free(f->witness);
	free(f);
	return 0;
}

/* Ask from ${old} to the published checkpoint. */
static enum err
ask(struct fixture *f, uint64_t old, uint64_t *ret_size, struct buf *out)
{
	CLEANUP(buf_release) struct buf request = {0};

	assert_ok(witness_request_write(f->log, old, bytes_of(NULL, 0),
	    &request));
	return witness_cosign(&f->config, bytes_buf(&request), NOW, ret_size,
	    out);
}

static enum err
ask_text(struct fixture *f, struct bytes request)
{
	CLEANUP(buf_release) struct buf out = {0};
	uint64_t size;
	enum err e = witness_cosign(&f->config, request, NOW, &size, &out);

	assert_true((e == ERR_OK) == (out.len > 0));
	return e;
}

static uint64_t
state_size(const struct fixture *f)
{
	struct checkpoint cp;

	assert_ok(witness_state(&f->config, &cp));
	return cp.size;
}

static void
growth_is_cosigned_step_by_step(void **state)
{
	static const unsigned sizes[] = {1, 2, 7, 256, 300, 600};
	struct fixture *f = *state;
	uint64_t old = 0, size = 99;
	size_t i;

	assert_true(state_size(f) == 0);
	for (i = 0; i < ARRAY_LEN(sizes); i++) {
		CLEANUP(buf_release) struct buf line = {0}, note = {0};
		CLEANUP(note_cleanup) struct note *n = NULL;
		int64_t time;

		grow(&f->home, f->log, sizes[i]);
		assert_ok(ask(f, old, &size, &line));
		assert_true(size == sizes[i] && state_size(f) == sizes[i]);
		assert_ok(cosignature_merge(log_note(f->log),
		    bytes_buf(&line), note_signer_key(f->witness), 1, &note));
		assert_ok(log_store_cosigned(f->log, bytes_buf(&note)));
		assert_ok(note_parse(log_note(f->log), &n));
		assert_ok(cosignature_verify(n, note_signer_key(f->witness),
		    &time));
		assert_true(time == NOW);
		old = sizes[i];
	}
	/* the same tree once more: a newer time for the same state */
	{
		CLEANUP(buf_release) struct buf line = {0};

		assert_ok(ask(f, old, &size, &line));
		assert_true(size == old && line.len > 0);
	}
}

static void
another_beginning_is_told_where_we_stand(void **state)
{
	struct fixture *f = *state;
	CLEANUP(buf_release) struct buf line = {0};
	uint64_t size = 99;

	append(&f->home, f->log, 5);
	assert_err(ask(f, 3, &size, &line), ERR_STATE);
	assert_true(size == 0);
	assert_ok(ask(f, 0, &size, &line));
	buf_clear(&line);
	append(&f->home, f->log, 4);
	assert_err(ask(f, 0, &size, &line), ERR_STATE);
	assert_true(size == 5);
	assert_err(ask(f, 9, &size, &line), ERR_STATE);
	assert_int_equal(line.len, 0);
	assert_true(state_size(f) == 5);
	assert_ok(ask(f, 5, &size, &line));
}

/* A second log with the same key, and the witness of the first. */
static void
a_fork_is_refused_at_any_size(void **state)
{
	struct fixture *f = *state;
	CLEANUP(buf_release) struct buf line = {0};
	static struct home other;
	struct log *fork = NULL;
	uint64_t size, i;

	append(&f->home, f->log, 5);
	assert_ok(ask(f, 0, &size, &line));
	home_make(&other);
	assert_ok(home_open(&other, f->signer, &fork, NULL));
	for (i = 0; i < 9; i++) {
		CLEANUP(buf_release) struct buf request = {0};
		struct bytes entry = bytes_str("another history\n");

		assert_ok(log_stage(fork, &entry, 1));
		home_commit(&other, log_staged(fork));
		assert_ok(log_publish(fork));
		if (i < 4)
			continue;
		assert_ok(witness_request_write(fork, 5, bytes_of(NULL, 0),
		    &request));
		assert_err(ask_text(f, bytes_buf(&request)), i == 4 ?
		    ERR_ROLLBACK : ERR_MISMATCH);
	}
	assert_true(state_size(f) == 5);
	log_close(fork);
	home_remove(&other);
}

/* An older checkpoint of the very same log. */
static void
a_smaller_tree_is_refused(void **state)
{
	struct fixture *f = *state;
	CLEANUP(buf_release) struct buf old = {0}, line = {0}, request = {0};
	uint64_t size;

	append(&f->home, f->log, 5);
	assert_ok(buf_append(&old, log_note(f->log).data,
	    log_note(f->log).len));
	append(&f->home, f->log, 4);
	assert_ok(ask(f, 0, &size, &line));
	assert_ok(witness_request_write(f->log, 5, bytes_buf(&old),
	    &request));
	assert_err(ask_text(f, bytes_buf(&request)), ERR_STATE);
	buf_clear(&request);
	assert_err(witness_request_write(f->log, 9, bytes_buf(&old),
	    &request), ERR_RANGE);
	assert_ok(buf_append_str(&request, "old 9\n\n"));
	assert_ok(buf_append(&request, old.data, old.len));
	assert_err(ask_text(f, bytes_buf(&request)), ERR_RANGE);
	assert_true(state_size(f) == 9);
}

static void
every_changed_byte_of_a_request_is_refused(void **state)
{
	struct fixture *f = *state;
	CLEANUP(buf_release) struct buf request = {0}, line = {0};
	uint64_t size;
	size_t i;

	append(&f->home, f->log, 5);
	assert_ok(ask(f, 0, &size, &line));
	append(&f->home, f->log, 70);
	assert_ok(witness_request_write(f->log, 5, bytes_of(NULL, 0),
	    &request));
	for (i = 0; i < request.len; i++) {
		request.data[i] ^= 1;
		assert_int_not_equal(ask_text(f, bytes_buf(&request)),
		    ERR_OK);
		request.data[i] ^= 1;
		assert_int_not_equal(ask_text(f, bytes_of(request.data, i)),
		    ERR_OK);
	}
	assert_true(state_size(f) == 5);
	assert_ok(ask_text(f, bytes_buf(&request)));
	assert_true(state_size(f) == 75);
}

static void
malformed_requests_are_refused(void **state)
{
	static const struct {
		const char *text;
		enum err want;
	} bad[] = {
		{"", ERR_SYNTAX}, {"old 0", ERR_SYNTAX},
		{"old 0\n", ERR_SYNTAX}, {"old 0\n\n", ERR_SYNTAX},
		{"old -1\n\nx\n", ERR_SYNTAX}, {"old 01\n\nx\n", ERR_SYNTAX},
		{"old 9223372036854775808\n\nx\n", ERR_RANGE},
		{"new 0\n\nx\n", ERR_SYNTAX},
		{"old 0\nAAAA\n\nx\n", ERR_SYNTAX},
		{"old 0\n\nx\n", ERR_SYNTAX},
	};
	CLEANUP(buf_release) struct buf b = {0};
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < ARRAY_LEN(bad); i++)
		assert_err(ask_text(f, bytes_str(bad[i].text)), bad[i].want);
	assert_ok(buf_append_str(&b, "old 1\n"));
	for (i = 0; i <= MERKLE_PROOF_HASHES_MAX; i++)
		assert_ok(buf_append_str(&b,
		    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"));
	assert_err(ask_text(f, bytes_buf(&b)), ERR_LIMIT);
	while (b.len <= WITNESS_REQUEST_MAX)
		assert_ok(buf_append_str(&b, "0123456789abcdef"));
	assert_err(ask_text(f, bytes_buf(&b)), ERR_LIMIT);
}

static void
a_stranger_log_or_a_first_proof_is_refused(void **state)
{
	struct fixture *f = *state;
	CLEANUP(note_signer_cleanup) struct note_signer *stranger =
	    test_signer(TEST_ORIGIN, NOTE_KEY_ED25519, 77);
	CLEANUP(buf_release) struct buf request = {0};
	struct checkpoint cp;

	append(&f->home, f->log, 5);
	cp = *log_checkpoint(f->log);
	assert_ok(buf_append_str(&request, "old 0\n\n"));
	assert_ok(checkpoint_sign(&cp, stranger, &request));
	assert_err(ask_text(f, bytes_buf(&request)), ERR_UNTRUSTED);
	buf_clear(&request);
	assert_ok(buf_append_str(&request, "old 0\n"
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n"));
	assert_ok(checkpoint_sign(&cp, f->signer, &request));
	assert_err(ask_text(f, bytes_buf(&request)), ERR_MISMATCH);
	/* a signed tree of no entries (we never sign one, others may) */
	buf_clear(&request);
	assert_ok(buf_append_str(&request, "old 0\n\n"));
	assert_ok(note_sign(bytes_str(TEST_ORIGIN "\n0\n"
	    "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"), f->signer, 0,
	    &request));
	assert_err(ask_text(f, bytes_buf(&request)), ERR_RANGE);
	assert_true(state_size(f) == 0);
}

static void
a_damaged_state_cosigns_nothing(void **state)
{
	struct fixture *f = *state;
	CLEANUP(buf_release) struct buf line = {0}, file = {0};
	uint64_t size;

	append(&f->home, f->log, 5);
	assert_ok(ask(f, 0, &size, &line));
	buf_clear(&line);
	assert_ok(fs_read_file(f->state, NOTE_MAX, &file));
	file.data[file.len - 5] ^= 1;
	assert_ok(fs_write_file(f->state, bytes_buf(&file), 0600));
	assert_err(ask(f, 5, &size, &line), ERR_CORRUPT);
	assert_ok(fs_write_file(f->state, bytes_str(""), 0600));
	assert_err(ask(f, 5, &size, &line), ERR_CORRUPT);
	assert_int_equal(line.len, 0);
}

/* No line leaves before its state is on disk. */
static void
without_its_state_stored_nothing_is_cosigned(void **state)
{
	struct fixture *f = *state;
	CLEANUP(buf_release) struct buf line = {0};
	uint64_t size;

	append(&f->home, f->log, 5);
	assert_ok(fs_path(f->state, "%s/none/witness", f->home.base));
	assert_int_not_equal(ask(f, 0, &size, &line), ERR_OK);
	assert_ok(fs_path(f->state, "%s/witness", f->home.base));
	f->config.signer = f->signer;
	assert_err(ask(f, 0, &size, &line), ERR_UNSUPPORTED);
	assert_int_equal(line.len, 0);
	f->config.signer = f->witness;
	assert_true(state_size(f) == 0);
}

static void
two_at_once_wait_for_each_other(void **state)
{
	struct fixture *f = *state;
	CLEANUP(fs_lock_release) struct fs_lock lock = {0};
	CLEANUP(buf_release) struct buf line = {0};
	char path[FS_PATH_MAX];
	uint64_t size;

	append(&f->home, f->log, 5);
	assert_ok(fs_path(path, "%s/witness.lock", f->home.base));
	assert_ok(fs_lock_take(path, 0, &lock));
	assert_err(ask(f, 0, &size, &line), ERR_BUSY);
	assert_int_equal(line.len, 0);
}

/* An officer's tool asks the same question without signing. */
static void
growth_can_be_checked_without_cosigning(void **state)
{
	struct fixture *f = *state;
	CLEANUP(buf_release) struct buf request = {0};
	CLEANUP(witness_request_release) struct witness_request r = {0};
	struct checkpoint seen, now;

	append(&f->home, f->log, 5);
	seen = *log_checkpoint(f->log);
	append(&f->home, f->log, 6);
	assert_ok(witness_request_write(f->log, 5, bytes_of(NULL, 0),
	    &request));
	assert_ok(witness_request_parse_unverified(bytes_buf(&request), &r));
	assert_ok(witness_request_verify(&r, f->config.log_key, &seen, &now));
	assert_true(checkpoint_equal(&now, log_checkpoint(f->log)));
	seen.root[0] ^= 1;
	assert_err(witness_request_verify(&r, f->config.log_key, &seen, &now),
	    ERR_MISMATCH);
	seen.size = 4;
	assert_err(witness_request_verify(&r, f->config.log_key, &seen, &now),
	    ERR_STATE);
}

int
main(void)
{
#define WITH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		WITH(growth_is_cosigned_step_by_step),
		WITH(another_beginning_is_told_where_we_stand),
		WITH(a_fork_is_refused_at_any_size),
		WITH(a_smaller_tree_is_refused),
		WITH(every_changed_byte_of_a_request_is_refused),
		WITH(malformed_requests_are_refused),
		WITH(a_stranger_log_or_a_first_proof_is_refused),
		WITH(a_damaged_state_cosigns_nothing),
		WITH(without_its_state_stored_nothing_is_cosigned),
		WITH(two_at_once_wait_for_each_other),
		WITH(growth_can_be_checked_without_cosigning),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
