#include "tests/unit/ledger/log_test.h"

#include "ledger/misbehaviour.h"
#include "ledger/witness.h"

#define NOW 1795334400

/* Two logs of one key: the second has another first entry. */
struct fixture {
	struct home one, two;
	struct note_signer *signer, *witness;
	struct log *first, *second;
};

/* As append(), but the very first entry is another one. */
static void
grow_other(struct home *h, struct log *l, uint64_t size)
{
	const struct bytes entry = bytes_str("another entry\n");

	assert_ok(log_stage(l, &entry, 1));
	home_commit(h, log_staged(l));
	assert_ok(log_publish(l));
	grow(h, l, size);
}

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->signer = test_log_signer();
	f->witness = test_witness(1);
	home_make(&f->one);
	home_make(&f->two);
	assert_ok(home_open(&f->one, f->signer, &f->first, NULL));
	assert_ok(home_open(&f->two, f->signer, &f->second, NULL));
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	log_close(f->first);
	log_close(f->second);
	home_remove(&f->one);
	home_remove(&f->two);
	note_signer_free(f->signer);
	note_signer_free(f->witness);
	free(f);
	return 0;
}

/* What proves that the second log contradicts the first one's checkpoint. */
static void
write_proof(struct fixture *f, struct buf *out)
{
	CLEANUP(buf_release) struct buf hashes = {0};
	uint8_t root[MERKLE_HASH_LEN];
	uint64_t old = log_size(f->first), size = log_size(f->second);
	struct misbehaviour_case c = {
		.log_key = note_signer_key(f->signer),
		.first = log_note(f->first), .second = log_note(f->second),
	};

	if (old != size) {
		assert_ok(log_root(f->second, old, root));
		assert_ok(log_consistency(f->second, old, size, &hashes));
		c.root_in_second = root;
		c.hashes = bytes_buf(&hashes);
	}
	assert_ok(misbehaviour_write(&c, out));
}

static void
both_kinds_are_proven(void **state)
{
	static const uint64_t sizes[][2] = {
		{1, 1}, {7, 7}, {1, 2}, {3, 9}, {8, 9}, {8, 300}, {255, 256},
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(sizes); i++) {
		CLEANUP(buf_release) struct buf file = {0};
		struct misbehaviour m;
		struct fixture *f;

		if (i > 0)
			assert_true(setup(state) == 0);
		f = *state;
		grow(&f->one, f->first, sizes[i][0]);
		grow_other(&f->two, f->second, sizes[i][1]);
		write_proof(f, &file);
		assert_ok(misbehaviour_check(bytes_buf(&file),
		    note_signer_key(f->signer), &m, NULL));
		assert_true(m.first.size == sizes[i][0]);
		assert_true(m.second.size == sizes[i][1]);
		if (i + 1 < ARRAY_LEN(sizes))
			assert_true(teardown(state) == 0);
	}
}

static void
an_honest_log_cannot_be_accused(void **state)
{
	struct fixture *f = *state;
	CLEANUP(buf_release) struct buf old = {0}, hashes = {0}, out = {0};
	uint8_t root[MERKLE_HASH_LEN];
	struct misbehaviour_case c = {.log_key = note_signer_key(f->signer)};

	grow(&f->one, f->first, 5);
	assert_ok(buf_append(&old, log_note(f->first).data,
	    log_note(f->first).len));
	c.first = c.second = bytes_buf(&old);
	assert_int_equal(misbehaviour_write(&c, &out), ERR_REFUSED);
	grow(&f->one, f->first, 9);
	c.second = log_note(f->first);
	assert_int_equal(misbehaviour_write(&c, &out), ERR_REFUSED);
	/* its true root, and a false one */
	assert_ok(log_root(f->first, 5, root));
	assert_ok(log_consistency(f->first, 5, 9, &hashes));
	c.root_in_second = root;
	c.hashes = bytes_buf(&hashes);
	assert_int_equal(misbehaviour_write(&c, &out), ERR_REFUSED);
	root[3] ^= 1;
	assert_int_equal(misbehaviour_write(&c, &out), ERR_REFUSED);
	/* the other way round */
	c.first = log_note(f->first);
	c.second = bytes_buf(&old);
	assert_int_equal(misbehaviour_write(&c, &out), ERR_REFUSED);
	assert_true(out.len == 0);
}

static void
no_changed_bit_proves_anything(void **state)
{
	struct fixture *f = *state;
	CLEANUP(buf_release) struct buf file = {0};
	struct misbehaviour m;
	size_t i, held = 0;

	grow(&f->one, f->first, 3);
	grow_other(&f->two, f->second, 6);
	write_proof(f, &file);
	for (i = 0; i < file.len * 8; i++) {
		file.data[i / 8] ^= (uint8_t)(1u << (i % 8));
		held += misbehaviour_check(bytes_buf(&file),
		    note_signer_key(f->signer), &m, NULL) == ERR_OK;
		file.data[i / 8] ^= (uint8_t)(1u << (i % 8));
	}
	assert_true(held == 0);
	for (i = 0; i < file.len; i++)
		assert_true(misbehaviour_check(bytes_of(file.data, i),
		    note_signer_key(f->signer), &m, NULL) != ERR_OK);
}

static void
another_key_is_not_accused(void **state)
{
	struct fixture *f = *state;
	struct note_signer *other = test_signer(TEST_ORIGIN, NOTE_KEY_ED25519,
	    9);
	struct note_signer *name = test_signer("other.example/x",
	    NOTE_KEY_ED25519, 1);
	CLEANUP(buf_release) struct buf file = {0};
	struct misbehaviour m;

	grow(&f->one, f->first, 3);
	grow_other(&f->two, f->second, 3);
	write_proof(f, &file);
	assert_int_equal(misbehaviour_check(bytes_buf(&file),
	    note_signer_key(other), &m, NULL), ERR_UNTRUSTED);
	assert_int_equal(misbehaviour_check(bytes_buf(&file),
	    note_signer_key(name), &m, NULL), ERR_MISMATCH);
	note_signer_free(other);
	note_signer_free(name);
}

/* ---- as a witness meets it ---- */

static struct witness_config
witness_of(const struct fixture *f, char path[FS_PATH_MAX])
{
	assert_ok(fs_path(path, "%s/witness", f->one.base));
	return (struct witness_config){.state_path = path,
		.signer = f->witness, .log_key = note_signer_key(f->signer)};
}

static void
meet(struct fixture *f, const struct witness_config *config, uint64_t old,
    struct log *log, enum err want, unsigned status)
{
	CLEANUP(buf_release) struct buf request = {0};
	CLEANUP(witness_reply_release) struct witness_reply reply = {0};

	(void)f;
	assert_ok(witness_request_write(log, old, bytes_of(NULL, 0),
	    &request));
	assert_int_equal(witness_reply_make(config, bytes_buf(&request), NOW,
	    &reply), want);
	assert_int_equal(reply.status, status);
	assert_true((status == 200 || status == 409) == (reply.body.len > 0));
}

static enum err
accuse(const struct witness_config *config, uint64_t old, struct log *log)
{
	CLEANUP(buf_release) struct buf request = {0}, proof = {0};
	struct misbehaviour m;

	assert_ok(witness_request_write(log, old, bytes_of(NULL, 0),
	    &request));
	RETURN_IF(witness_misbehaviour(config, bytes_buf(&request), &proof));
	assert_ok(misbehaviour_check(bytes_buf(&proof), config->log_key, &m,
	    NULL));
	return ERR_OK;
}

static void
a_witness_refuses_and_proves(void **state)
{
	struct fixture *f = *state;
	char path[FS_PATH_MAX];
	const struct witness_config config = witness_of(f, path);
	struct checkpoint cp;

	grow(&f->one, f->first, 6);
	grow_other(&f->two, f->second, 6);
	meet(f, &config, 0, f->first, ERR_OK, 200);
	/* the same size, another root */
	meet(f, &config, 6, f->second, ERR_ROLLBACK, 422);
	assert_ok(accuse(&config, 6, f->second));
	/* a larger tree that does not hold the first */
	grow(&f->two, f->second, 11);
	meet(f, &config, 6, f->second, ERR_MISMATCH, 422);
	assert_ok(accuse(&config, 6, f->second));
	/* which it cannot slip past by another beginning */
	meet(f, &config, 0, f->second, ERR_STATE, 409);
	meet(f, &config, 3, f->second, ERR_STATE, 409);
	assert_int_equal(accuse(&config, 3, f->second), ERR_NOT_FOUND);
	/* nor is an honest one accused */
	grow(&f->one, f->first, 12);
	assert_int_equal(accuse(&config, 6, f->first), ERR_NOT_FOUND);
	assert_ok(witness_state(&config, &cp));
	assert_true(cp.size == 6);
	meet(f, &config, 6, f->first, ERR_OK, 200);
}

static void
statuses_are_the_specifications(void **state)
{
	struct fixture *f = *state;
	char path[FS_PATH_MAX];
	struct witness_config config = witness_of(f, path);
	struct note_signer *other = test_signer("other.example/x",
	    NOTE_KEY_ED25519, 7);
	struct note_signer *unknown = test_signer(TEST_ORIGIN,
	    NOTE_KEY_ED25519, 8);
	CLEANUP(witness_reply_release) struct witness_reply reply = {0};

	grow(&f->one, f->first, 6);
	config.log_key = note_signer_key(other);
	meet(f, &config, 0, f->first, ERR_NOT_FOUND, 404);
	config.log_key = note_signer_key(unknown);
	meet(f, &config, 0, f->first, ERR_UNTRUSTED, 403);
	config.log_key = note_signer_key(f->signer);
	meet(f, &config, 3, f->first, ERR_STATE, 409);
	meet(f, &config, 0, f->first, ERR_OK, 200);
	meet(f, &config, 0, f->first, ERR_STATE, 409);
	assert_int_equal(witness_reply_make(&config, bytes_str("nonsense\n"),
	    NOW, &reply), ERR_SYNTAX);
	assert_int_equal(reply.status, 400);
	note_signer_free(other);
	note_signer_free(unknown);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(both_kinds_are_proven, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(
		    an_honest_log_cannot_be_accused, setup, teardown),
		cmocka_unit_test_setup_teardown(no_changed_bit_proves_anything,
		    setup, teardown),
		cmocka_unit_test_setup_teardown(another_key_is_not_accused,
		    setup, teardown),
		cmocka_unit_test_setup_teardown(a_witness_refuses_and_proves,
		    setup, teardown),
		cmocka_unit_test_setup_teardown(
		    statuses_are_the_specifications, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
