#include "tests/unit/ledger/log_test.h"

#include "ledger/cosignature.h"
#include "ledger/proof.h"

struct fixture {
	struct home home;
	struct note_signer *signer;
};

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	home_make(&f->home);
	f->signer = test_log_signer();
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	home_remove(&f->home);
	note_signer_free(f->signer);
	free(f);
	return 0;
}

static struct log *
open_ok(struct fixture *f)
{
	struct err_info info = {.line = 0};
	struct log *l = NULL;
	enum err e = home_open(&f->home, f->signer, &l, &info);

	if (e != ERR_OK)
		fail_msg("%s: %s", err_name(e), info.message);
	return l;
}

/* Opening is refused with ${want} and a reason. */
static void
open_refused(struct fixture *f, enum err want, const char *reason)
{
	struct err_info info = {.line = 0};
	struct log *l = NULL;

	assert_err(home_open(&f->home, f->signer, &l, &info), want);
	assert_null(l);
	if (strstr(info.message, reason) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", info.message, reason);
}

static void
an_empty_log_publishes_nothing(void **state)
{
	struct fixture *f = *state;
	struct log *l = open_ok(f), *reader = NULL;
	char path[FS_PATH_MAX];

	log_file(&f->home, "checkpoint", path);
	assert_false(fs_exists(path));
	assert_true(log_size(l) == 0);
	assert_int_equal(log_note(l).len, 0);
	assert_err(log_publish(l), ERR_STATE);
	assert_err(log_drop(l), ERR_STATE);
	assert_err(log_open_reader(f->home.dir, note_signer_key(f->signer),
	    NULL, &reader), ERR_NOT_FOUND);
	check_whole(l);
	log_close(l);
	log_close(NULL);
}

/* Sizes on both sides of every edge of the layout up to 600. */
static void
what_is_appended_is_there_and_proven(void **state)
{
	static const unsigned batches[] = {1, 1, 2, 250, 1, 1, 1, 255, 1, 87};
	struct fixture *f = *state;
	struct log *l = open_ok(f);
	uint8_t old[MERKLE_HASH_LEN];
	size_t i;

	for (i = 0; i < ARRAY_LEN(batches); i++) {
		CLEANUP(buf_release) struct buf proof = {0};
		uint64_t before = log_size(l);

		memcpy(old, log_checkpoint(l)->root, sizeof(old));
		append(&f->home, l, batches[i]);
		assert_true(log_size(l) == before + batches[i]);
		check_whole(l);
		if (before > 0) {
			assert_ok(log_consistency(l, before, log_size(l),
			    &proof));
			assert_ok(merkle_proof_check_consistency(before, old,
			    log_size(l), log_checkpoint(l)->root,
			    bytes_buf(&proof)));
		}
		log_close(l);
		l = open_ok(f);
		check_whole(l);
	}
	log_close(l);
}

static void
each_entry_has_a_proof_that_verifies(void **state)
{
	struct fixture *f = *state;
	struct log *l = open_ok(f);
	uint64_t i;

	grow(&f->home, l, 300);
	for (i = 0; i < 300; i += 13) {
		CLEANUP(buf_release) struct buf file = {0}, entry = {0};
		CLEANUP(proof_release) struct proof p = {0};
		struct checkpoint cp;

		assert_ok(log_proof(l, i, bytes_of(NULL, 0), &file));
		assert_ok(log_entry(l, i, &entry));
		assert_ok(proof_parse_unverified(bytes_buf(&file), &p));
		assert_ok(proof_verify_log(&p, bytes_buf(&entry),
		    note_signer_key(f->signer), &cp));
		assert_true(cp.size == 300);
	}
	log_close(l);
}

static void
indexes_and_sizes_are_bounded(void **state)
{
	struct fixture *f = *state;
	struct log *l = open_ok(f);
	CLEANUP(buf_release) struct buf b = {0};
	uint8_t root[MERKLE_HASH_LEN];
	uint64_t i;

	append(&f->home, l, 3);
	assert_err(log_entry(l, 3, &b), ERR_RANGE);
	assert_err(log_root(l, 4, root), ERR_RANGE);
	assert_err(log_inclusion(l, 0, 4, &b), ERR_RANGE);
	assert_err(log_inclusion(l, 2, 2, &b), ERR_RANGE);
	assert_err(log_consistency(l, 1, 4, &b), ERR_RANGE);
	assert_err(log_consistency(l, 3, 2, &b), ERR_RANGE);
	assert_err(log_proof(l, 3, bytes_of(NULL, 0), &b), ERR_RANGE);
	assert_err(log_find(l, 3, root, &i), ERR_NOT_FOUND);
	assert_err(log_find(l, 99, root, &i), ERR_NOT_FOUND);
	assert_int_equal(b.len, 0);
	log_close(l);
}

static void
batches_are_bounded(void **state)
{
	struct fixture *f = *state;
	struct log *l = open_ok(f);
	CLEANUP(buf_release) struct buf big = {0};
	struct bytes entry;

	assert_ok(buf_reserve(&big, 65536));
	memset(big.data, 'x', 65536);
	assert_err(stage(l, 0), ERR_LIMIT);
	assert_err(stage(l, LOG_BATCH_MAX + 1), ERR_LIMIT);
	entry = bytes_of(NULL, 0);
	assert_err(log_stage(l, &entry, 1), ERR_RANGE);
	entry = bytes_of(big.data, 65536);
	assert_err(log_stage(l, &entry, 1), ERR_LIMIT);
	entry.len = 65535;
	assert_ok(log_stage(l, &entry, 1));
	assert_ok(log_drop(l));
	append(&f->home, l, LOG_BATCH_MAX);
	check_whole(l);
	log_close(l);
}

static void
nothing_is_published_before_the_commit(void **state)
{
	struct fixture *f = *state;
	struct log *l = open_ok(f), *reader = NULL;

	append(&f->home, l, 3);
	assert_ok(stage(l, 2));
	assert_true(log_size(l) == 3);
	assert_true(log_staged(l).size == 5);
	assert_ok(log_open_reader(f->home.dir, note_signer_key(f->signer),
	    NULL, &reader));
	assert_true(log_size(reader) == 3);
	check_whole(reader);
	log_close(reader);
	assert_err(stage(l, 1), ERR_STATE);
	assert_err(log_store_cosigned(l, log_note(l)), ERR_STATE);
	assert_ok(log_drop(l));
	check_whole(l);
	append(&f->home, l, 260);
	check_whole(l);
	log_close(l);
}

static void
staged_aborts(void *arg)
{
	(void)log_staged(arg);
}

static void
asking_for_what_is_not_staged_aborts(void **state)
{
	struct fixture *f = *state;
	struct log *l = open_ok(f);

	assert_true(unit_aborts(staged_aborts, l));
	log_close(l);
}

static void
a_reader_never_writes(void **state)
{
	struct fixture *f = *state;
	struct log *l = open_ok(f), *reader = NULL;

	append(&f->home, l, 3);
	assert_ok(log_open_reader(f->home.dir, note_signer_key(f->signer),
	    NULL, &reader));
	assert_err(stage(reader, 1), ERR_STATE);
	assert_err(log_store_cosigned(reader, log_note(reader)), ERR_STATE);
	log_close(reader);
	log_close(l);
}

/* A reader may stand at any checkpoint, as long as it is this key's. */
static void
a_reader_stands_where_it_is_told(void **state)
{
	struct fixture *f = *state;
	CLEANUP(note_signer_cleanup) struct note_signer *stranger =
	    test_signer(TEST_ORIGIN, NOTE_KEY_ED25519, 77);
	CLEANUP(buf_release) struct buf note = {0};
	struct log *l = open_ok(f), *reader = NULL;
	struct bytes at;

	append(&f->home, l, 250);
	assert_ok(buf_append(&note, log_note(l).data, log_note(l).len));
	append(&f->home, l, 50);
	log_close(l);
	at = bytes_buf(&note);
	assert_ok(log_open_reader(f->home.dir, note_signer_key(f->signer),
	    &at, &reader));
	assert_true(log_size(reader) == 250);
	check_whole(reader);
	log_close(reader);
	assert_err(log_open_reader(f->home.dir, note_signer_key(stranger),
	    NULL, &reader), ERR_UNTRUSTED);
}

static void
one_writer_at_a_time(void **state)
{
	struct fixture *f = *state;
	struct log *l = open_ok(f), *second = NULL;

	assert_err(home_open(&f->home, f->signer, &second, NULL), ERR_BUSY);
	log_close(l);
	assert_ok(home_open(&f->home, f->signer, &second, NULL));
	log_close(second);
}

static void
leaves_are_found_from_a_size_on(void **state)
{
	struct fixture *f = *state;
	struct log *l = open_ok(f);
	CLEANUP(buf_release) struct buf entry = {0};
	uint8_t leaf[MERKLE_HASH_LEN];
	uint64_t at;

	grow(&f->home, l, 600);
	test_entry(555, &entry);
	merkle_leaf(bytes_buf(&entry), leaf);
	assert_ok(log_find(l, 0, leaf, &at));
	assert_true(at == 555);
	assert_ok(log_find(l, 555, leaf, &at));
	assert_err(log_find(l, 556, leaf, &at), ERR_NOT_FOUND);
	log_close(l);
}

static void
the_commit_decides_at_the_next_start(void **state)
{
	struct fixture *f = *state;
	struct log *l = open_ok(f);
	char path[FS_PATH_MAX];

	/* staged, not committed: gone */
	append(&f->home, l, 250);
	assert_ok(stage(l, 20));
	log_close(l);
	l = open_ok(f);
	assert_true(log_size(l) == 250);
	check_whole(l);
	log_file(&f->home, "tile/0/000", path);
	assert_false(fs_exists(path));
	/* staged and committed, not published: there */
	assert_ok(stage(l, 20));
	home_commit(&f->home, log_staged(l));
	log_close(l);
	l = open_ok(f);
	assert_true(log_size(l) == 270);
	check_whole(l);
	log_close(l);
	/* the very first batch likewise */
	log_file(&f->home, "checkpoint", path);
	assert_ok(fs_remove(path));
	l = open_ok(f);
	assert_true(fs_exists(path));
	log_close(l);
}

static void
an_older_state_is_a_rollback(void **state)
{
	struct fixture *f = *state;
	struct log *l = open_ok(f);
	struct home old;

	append(&f->home, l, 5);
	old = f->home;
	memset(&old.checkpoint, 0, sizeof(old.checkpoint));
	home_commit(&old, home_state(&f->home));
	append(&f->home, l, 1);
	log_close(l);
	buf_release(&f->home.checkpoint);
	f->home = old;
	open_refused(f, ERR_ROLLBACK, "6 entries were published");
	/* no state at all, while something was published */
	f->home.size = 0;
	open_refused(f, ERR_ROLLBACK, "6 entries were published");
}

static void
another_tree_of_the_same_key_is_a_rollback(void **state)
{
	static struct fixture other;
	struct fixture *f = *state;
	char from[FS_PATH_MAX], to[FS_PATH_MAX];
	struct bytes entry = bytes_str("another beginning\n");
	struct log *l = open_ok(f);

	append(&f->home, l, 4);
	log_close(l);
	other.signer = f->signer;
	home_make(&other.home);
	l = open_ok(&other);
	assert_ok(log_stage(l, &entry, 1));
	home_commit(&other.home, log_staged(l));
	assert_ok(log_publish(l));
	log_close(l);
	/* a shorter, an equally long checkpoint file of the other tree */
	log_file(&other.home, "checkpoint", from);
	log_file(&f->home, "checkpoint", to);
	assert_ok(fs_rename(from, to));
	open_refused(f, ERR_ROLLBACK, "another tree");
	home_remove(&other.home);
}

static void
lost_tiles_are_a_rollback_and_damaged_ones_corrupt(void **state)
{
	static const struct {
		const char *name;
		int is_hash;
	} files[] = {
		{"tile/0/001.p/44", 1}, {"tile/1/000.p/1", 1},
		{"tile/entries/001.p/44", 0},
	};
	struct fixture *f = *state;
	struct log *l = open_ok(f);
	char path[FS_PATH_MAX];
	size_t i;

	append(&f->home, l, 300);
	log_close(l);
	for (i = 0; i < ARRAY_LEN(files); i++) {
		CLEANUP(buf_release) struct buf was = {0};

		log_file(&f->home, files[i].name, path);
		assert_ok(fs_read_file(path, 1 << 24, &was));
		assert_ok(fs_remove(path));
		open_refused(f, ERR_ROLLBACK, "lack tiles");
		assert_ok(fs_write_file(path, bytes_buf(&was), 0644));
		flip(&f->home, files[i].name, was.len - 1);
		open_refused(f, ERR_CORRUPT, "tiles");
		assert_ok(fs_write_file(path, bytes_of(was.data,
		    was.len - 1), 0644));
		open_refused(f, ERR_CORRUPT, "damaged");
		assert_ok(fs_write_file(path, bytes_buf(&was), 0644));
		log_close(open_ok(f));
	}
}

static void
an_old_copy_of_the_files_is_a_rollback(void **state)
{
	struct fixture *f = *state;
	struct log *l = open_ok(f);
	char command[2 * FS_PATH_MAX + 64];

	append(&f->home, l, 10);
	(void)snprintf(command, sizeof(command), "cp -r '%s' '%s.old'",
	    f->home.dir, f->home.dir);
	assert_int_equal(system(command), 0);
	append(&f->home, l, 5);
	log_close(l);
	(void)snprintf(command, sizeof(command),
	    "rm -r '%s' && mv '%s.old' '%s'", f->home.dir, f->home.dir,
	    f->home.dir);
	assert_int_equal(system(command), 0);
	open_refused(f, ERR_ROLLBACK, "older copy");
}

static void
a_foreign_state_or_checkpoint_file_is_refused(void **state)
{
	struct fixture *f = *state;
	struct fixture stranger = {.signer = NULL};
	struct log *l = open_ok(f);
	char path[FS_PATH_MAX];

	append(&f->home, l, 5);
	log_close(l);
	stranger.home = f->home;
	stranger.signer = test_signer(TEST_ORIGIN, NOTE_KEY_ED25519, 77);
	open_refused(&stranger, ERR_UNTRUSTED, "not a checkpoint of this");
	note_signer_free(stranger.signer);
	stranger.signer = test_signer("other.example", NOTE_KEY_ED25519, 1);
	open_refused(&stranger, ERR_UNTRUSTED, "not a checkpoint of this");
	note_signer_free(stranger.signer);

	f->home.root[0] ^= 1;
	open_refused(f, ERR_MISMATCH, "differ");
	f->home.root[0] ^= 1;
	f->home.size++;
	open_refused(f, ERR_MISMATCH, "differ");
	f->home.size--;
	f->home.checkpoint.data[f->home.checkpoint.len - 9] ^= 1;
	open_refused(f, ERR_SIGNATURE, "not a checkpoint of this");
	f->home.checkpoint.data[f->home.checkpoint.len - 9] ^= 1;

	log_file(&f->home, "checkpoint", path);
	assert_ok(fs_write_file(path, bytes_str("rubbish\n"), 0644));
	open_refused(f, ERR_CORRUPT, "checkpoint file");
	assert_ok(fs_remove(path));
	log_close(open_ok(f));
}

/* More surplus than one crash can leave: the register is older. */
static void
far_too_many_tiles_are_a_rollback(void **state)
{
	struct fixture *f = *state;
	struct log *l = open_ok(f);
	struct home old;
	char path[FS_PATH_MAX];

	append(&f->home, l, 5);
	old = f->home;
	memset(&old.checkpoint, 0, sizeof(old.checkpoint));
	home_commit(&old, home_state(&f->home));
	grow(&f->home, l, LOG_BATCH_MAX + 600);
	log_close(l);
	log_file(&f->home, "checkpoint", path);
	assert_ok(fs_remove(path));
	buf_release(&f->home.checkpoint);
	f->home = old;
	open_refused(f, ERR_ROLLBACK, "far more entries");
}

/* Someone changes a tile while the log is open: what does not grow out of
 * the last signed tree is not signed. */
static void
nothing_is_signed_over_damaged_tiles(void **state)
{
	struct fixture *f = *state;
	struct log *l = open_ok(f);

	append(&f->home, l, 300);
	flip(&f->home, "tile/0/001.p/44", 3);
	assert_err(stage(l, 1), ERR_CORRUPT);
	flip(&f->home, "tile/0/001.p/44", 3);
	append(&f->home, l, 1);
	flip(&f->home, "tile/1/000.p/1", 3);
	assert_err(stage(l, 1), ERR_CORRUPT);
	flip(&f->home, "tile/1/000.p/1", 3);
	append(&f->home, l, 1);
	check_whole(l);
	log_close(l);
}

static enum err
each_ok(void *ctx, uint64_t index, struct bytes entry)
{
	(void)ctx;
	(void)index;
	(void)entry;
	return ERR_OK;
}

static void
damage_inside_is_seen_when_read(void **state)
{
	struct fixture *f = *state;
	struct log *l = open_ok(f);
	CLEANUP(buf_release) struct buf b = {0};

	append(&f->home, l, 300);
	flip(&f->home, "tile/entries/000", 5);
	assert_err(log_entry(l, 0, &b), ERR_CORRUPT);
	assert_err(log_each(l, 0, each_ok, NULL), ERR_CORRUPT);
	assert_err(log_proof(l, 0, bytes_of(NULL, 0), &b), ERR_CORRUPT);
	assert_ok(log_entry(l, 200, &b));
	assert_ok(log_each(l, 256, each_ok, NULL));
	flip(&f->home, "tile/entries/000", 5);
	/* a hash of the path, not of the entry itself */
	flip(&f->home, "tile/0/000", 32 * 17);
	log_close(l);
	l = open_ok(f);
	buf_clear(&b);
	assert_err(log_proof(l, 16, bytes_of(NULL, 0), &b), ERR_CORRUPT);
	assert_int_equal(b.len, 0);
	log_close(l);
}

static enum err
each_stops(void *ctx, uint64_t index, struct bytes entry)
{
	(void)entry;
	*(uint64_t *)ctx = index;
	return index == 270 ? ERR_CANCELLED : ERR_OK;
}

static void
a_walk_ends_when_asked(void **state)
{
	struct fixture *f = *state;
	struct log *l = open_ok(f);
	uint64_t last = 0;

	append(&f->home, l, 300);
	assert_err(log_each(l, 260, each_stops, &last), ERR_CANCELLED);
	assert_true(last == 270);
	assert_ok(log_each(l, 300, each_stops, &last));
	assert_true(last == 270);
	log_close(l);
}

/* ${note} with a cosignature of witness 1. */
static void
cosigned(struct bytes note, struct buf *out)
{
	CLEANUP(note_signer_cleanup) struct note_signer *w = test_witness(1);
	CLEANUP(note_cleanup) struct note *n = NULL;

	assert_ok(note_parse(note, &n));
	assert_ok(buf_append(out, note.data, note.len));
	assert_ok(cosignature_sign(n, w, 1234, out));
}

static void
cosignatures_stay_with_their_checkpoint(void **state)
{
	struct fixture *f = *state;
	struct log *l = open_ok(f);
	CLEANUP(buf_release) struct buf note = {0}, proof = {0};

	append(&f->home, l, 3);
	cosigned(log_note(l), &note);
	assert_ok(log_store_cosigned(l, bytes_buf(&note)));
	assert_true(bytes_equal(log_note(l), bytes_buf(&note)));
	log_close(l);
	l = open_ok(f);
	assert_true(bytes_equal(log_note(l), bytes_buf(&note)));
	append(&f->home, l, 1);
	assert_err(log_store_cosigned(l, bytes_buf(&note)), ERR_MISMATCH);
	assert_err(log_store_cosigned(l, bytes_str("x\n")), ERR_SYNTAX);
	/* an older cosigned checkpoint still proves what it covers */
	assert_ok(log_proof(l, 2, bytes_buf(&note), &proof));
	assert_non_null(strstr(buf_text(&proof), TEST_WITNESS "1"));
	assert_err(log_proof(l, 3, bytes_buf(&note), &proof), ERR_RANGE);
	log_close(l);
}

static void
a_checkpoint_of_another_tree_proves_nothing(void **state)
{
	struct fixture *f = *state;
	struct log *l = open_ok(f);
	struct checkpoint cp;
	CLEANUP(buf_release) struct buf note = {0}, later = {0}, out = {0};

	append(&f->home, l, 3);
	cp = *log_checkpoint(l);
	cp.root[0] ^= 1;
	assert_ok(checkpoint_sign(&cp, f->signer, &note));
	assert_err(log_proof(l, 0, bytes_buf(&note), &out), ERR_ROLLBACK);
	cp.size = 4;
	assert_ok(checkpoint_sign(&cp, f->signer, &later));
	assert_err(log_proof(l, 0, bytes_buf(&later), &out), ERR_RANGE);
	assert_int_equal(out.len, 0);
	log_close(l);
}

int
main(void)
{
#define WITH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		WITH(an_empty_log_publishes_nothing),
		WITH(what_is_appended_is_there_and_proven),
		WITH(each_entry_has_a_proof_that_verifies),
		WITH(indexes_and_sizes_are_bounded),
		WITH(batches_are_bounded),
		WITH(nothing_is_published_before_the_commit),
		WITH(asking_for_what_is_not_staged_aborts),
		WITH(a_reader_never_writes),
		WITH(a_reader_stands_where_it_is_told),
		WITH(one_writer_at_a_time),
		WITH(leaves_are_found_from_a_size_on),
		WITH(the_commit_decides_at_the_next_start),
		WITH(an_older_state_is_a_rollback),
		WITH(another_tree_of_the_same_key_is_a_rollback),
		WITH(lost_tiles_are_a_rollback_and_damaged_ones_corrupt),
		WITH(an_old_copy_of_the_files_is_a_rollback),
		WITH(a_foreign_state_or_checkpoint_file_is_refused),
		WITH(far_too_many_tiles_are_a_rollback),
		WITH(nothing_is_signed_over_damaged_tiles),
		WITH(damage_inside_is_seen_when_read),
		WITH(a_walk_ends_when_asked),
		WITH(cosignatures_stay_with_their_checkpoint),
		WITH(a_checkpoint_of_another_tree_proves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
