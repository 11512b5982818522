/* The log under crashes, full disks and failing calls: whatever happens, the
 * next start finds the old state or the new one, and goes on. */
#include "tests/unit/ledger/log_test.h"

#include <errno.h>
#include <time.h>

#include <sched.h>
#include <sys/mount.h>

#include "tests/unit/fault.h"

#define CRASHED 85

/* In the child: the process ends before step number ${left}. */
struct crash {
	unsigned left;
};

static void
crash_at(void *ctx, enum log_step step)
{
	struct crash *c = ctx;

	(void)step;
	if (c->left > 0 && --c->left == 0)
		_exit(CRASHED);
}

/* The committed state in a file, as gateway.db would have it. */
static enum err
state_write(const struct home *h, struct log_signed s)
{
	CLEANUP(buf_release) struct buf b = {0};
	char path[FS_PATH_MAX];

	RETURN_IF(fs_path(path, "%s/state", h->base));
	RETURN_IF(buf_append_u64be(&b, s.size));
	RETURN_IF(buf_append(&b, s.root, sizeof(s.root)));
	RETURN_IF(buf_append(&b, s.checkpoint.data, s.checkpoint.len));
	return fs_write_file(path, bytes_buf(&b), 0600);
}

static void
state_read(struct home *h)
{
	CLEANUP(buf_release) struct buf b = {0};
	char path[FS_PATH_MAX];
	struct log_signed s = {.size = 0};
	struct bytes rest, root;

	assert_ok(fs_path(path, "%s/state", h->base));
	if (!fs_exists(path)) {
		h->size = 0;
		buf_clear(&h->checkpoint);
		return;
	}
	assert_ok(fs_read_file(path, NOTE_MAX, &b));
	rest = bytes_buf(&b);
	assert_ok(bytes_take_u64be(&rest, &s.size));
	assert_ok(bytes_take(&rest, sizeof(s.root), &root));
	memcpy(s.root, root.data, sizeof(s.root));
	s.checkpoint = rest;
	home_commit(h, s);
}

/* Open, append ${count}, with a crash before step ${left}; in a child, which
 * needs its own signer (secrets do not survive a fork). */
static void
child_append(const struct home *h, size_t count, unsigned left)
{
	struct crash c = {left};
	struct note_signer *s = test_log_signer();
	const struct log_config config = {
		.dir = h->dir, .signer = s, .step = crash_at, .step_ctx = &c,
	};
	struct log_signed state = home_state(h);
	struct log *l;

	if (log_open(&config, &state, &l, NULL) != ERR_OK ||
	    stage(l, count) != ERR_OK)
		_exit(1);
	crash_at(&c, LOG_STEP_DONE);
	if (state_write(h, log_staged(l)) != ERR_OK)
		_exit(2);
	crash_at(&c, LOG_STEP_DONE);
	if (log_publish(l) != ERR_OK)
		_exit(3);
	log_close(l);
	note_signer_free(s);
	_exit(0);
}

static int
run_child(const struct home *h, size_t count, unsigned left)
{
	int status = 0;
	pid_t pid;

	(void)fflush(NULL);
	if ((pid = fork()) == 0)
		child_append(h, count, left);
	assert_true(pid > 0 && waitpid(pid, &status, 0) == pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* After a crash: open, all is there, and the tree extends the old one. */
static void
check_recovery(struct home *h, uint64_t old_size, uint64_t new_size)
{
	CLEANUP(note_signer_cleanup) struct note_signer *s = test_log_signer();
	CLEANUP(buf_release) struct buf proof = {0};
	struct err_info info = {.line = 0};
	uint8_t old_root[MERKLE_HASH_LEN];
	struct log *l;

	state_read(h);
	assert_true(h->size == old_size || h->size == new_size);
	if (home_open(h, s, &l, &info) != ERR_OK)
		fail_msg("after a crash: %s", info.message);
	assert_true(log_size(l) == h->size);
	check_whole(l);
	if (old_size > 0) {
		test_root(old_size, old_root);
		assert_ok(log_consistency(l, old_size, log_size(l), &proof));
		assert_ok(merkle_proof_check_consistency(old_size, old_root,
		    log_size(l), log_checkpoint(l)->root, bytes_buf(&proof)));
	}
	log_close(l);
}

static void
start_at(struct home *h, uint64_t size)
{
	CLEANUP(note_signer_cleanup) struct note_signer *s = test_log_signer();
	struct log *l;

	home_make(h);
	assert_ok(home_open(h, s, &l, NULL));
	grow(h, l, size);
	if (size > 0)
		assert_ok(state_write(h, home_state(h)));
	log_close(l);
}

/* Each step once, and after each the same home goes on. */
static void
crash_at_every_step(uint64_t size, size_t count, unsigned want_steps)
{
	static struct home h;
	unsigned step;
	int rc = CRASHED;

	start_at(&h, size);
	for (step = 1; rc == CRASHED; step++) {
		uint64_t before = h.size;

		rc = run_child(&h, count, step);
		assert_true(rc == CRASHED || rc == 0);
		check_recovery(&h, before, before + count);
	}
	assert_true(step > want_steps);
	/* entries, hashes, sign, commit, publish: the last ones committed */
	assert_true(h.size >= size + 2 * count);
	home_remove(&h);
}

static void
a_crash_at_any_step_of_the_first_append(void **state)
{
	(void)state;
	crash_at_every_step(0, 1, 8);
	crash_at_every_step(0, 300, 8);
}

static void
a_crash_at_any_step_across_the_edge_of_a_tile(void **state)
{
	(void)state;
	crash_at_every_step(250, 20, 8);
	crash_at_every_step(255, 1, 8);
	crash_at_every_step(256, 256, 8);
	crash_at_every_step(3, 600, 8);
}

static void
a_crash_at_any_step_where_three_levels_grow(void **state)
{
	(void)state;
	crash_at_every_step(65530, 10, 9);
}

static void
kill_after(pid_t pid, long microseconds)
{
	const struct timespec wait = {0, microseconds * 1000};

	(void)nanosleep(&wait, NULL);
	(void)kill(pid, SIGKILL);
}

static void
killed_at_random_instants_nothing_is_lost(void **state)
{
	static struct home h;
	unsigned seed = (unsigned)time(NULL), i;

	(void)state;
	printf("# seed %u\n", seed);
	start_at(&h, 200);
	for (i = 0; i < 60; i++) {
		uint64_t before = h.size;
		int status = 0;
		pid_t pid;

		(void)fflush(NULL);
		if ((pid = fork()) == 0)
			child_append(&h, 17, 0);
		assert_true(pid > 0);
		kill_after(pid, rand_r(&seed) % 5000);
		assert_true(waitpid(pid, &status, 0) == pid);
		check_recovery(&h, before, before + 17);
	}
	printf("# %llu entries after 60 kills\n", (unsigned long long)h.size);
	home_remove(&h);
}

static void
a_retry(struct home *h, struct log *l, size_t count)
{
	uint64_t before = log_size(l);

	append(h, l, count);
	assert_true(log_size(l) == before + count);
	check_whole(l);
}

/* The Nth disk operation of an append fails, for every N. */
static void
every_failing_disk_operation_leaves_the_log_usable(void **state)
{
	CLEANUP(note_signer_cleanup) struct note_signer *s = test_log_signer();
	static struct home h;
	struct log *l;
	unsigned n;
	int fired = 1;

	(void)state;
	start_at(&h, 250);
	assert_ok(home_open(&h, s, &l, NULL));
	for (n = 1; fired; n++) {
		uint64_t before = log_size(l);
		enum err e;

		fault_set(FAULT_DISK, n);
		e = stage(l, 10);
		if (e == ERR_OK) {
			home_commit(&h, log_staged(l));
			e = log_publish(l);
		}
		fired = fault_end();
		assert_err(e, fired ? ERR_NO_SPACE : ERR_OK);
		/* committed or not at all */
		assert_true(log_size(l) == h.size);
		assert_true(h.size == before || h.size == before + 10);
		check_whole(l);
		log_close(l);
		assert_ok(home_open(&h, s, &l, NULL));
		assert_true(log_size(l) == h.size);
		a_retry(&h, l, 1);
	}
	assert_true(n > 12);
	log_close(l);
	home_remove(&h);
}

/* The same without opening again in between. */
static void
after_a_failure_the_same_log_goes_on(void **state)
{
	CLEANUP(note_signer_cleanup) struct note_signer *s = test_log_signer();
	static struct home h;
	struct log *l;
	unsigned n;
	int fired = 1;

	(void)state;
	start_at(&h, 255);
	assert_ok(home_open(&h, s, &l, NULL));
	for (n = 1; fired; n++) {
		fault_set(FAULT_DISK, n);
		if (stage(l, 300) == ERR_OK) {
			home_commit(&h, log_staged(l));
			fired = log_publish(l) != ERR_OK;
		}
		fired |= fault_end();
		a_retry(&h, l, 2);
	}
	log_close(l);
	assert_ok(home_open(&h, s, &l, NULL));
	check_whole(l);
	log_close(l);
	home_remove(&h);
}

static void
memory_runs_out_at_every_allocation(void **state)
{
	CLEANUP(note_signer_cleanup) struct note_signer *s = test_log_signer();
	static struct home h;
	struct log *l = NULL;
	unsigned n;
	int fired = 1;
	enum err e;

	(void)state;
	start_at(&h, 300);
	for (n = 1; fired; n++) {
		fault_set(FAULT_MEMORY, n);
		e = home_open(&h, s, &l, NULL);
		fired = fault_end();
		assert_err(e, fired ? ERR_NOMEM : ERR_OK);
	}
	assert_true(n > 5);
	for (n = 1, fired = 1; fired; n++) {
		CLEANUP(buf_release) struct buf entry = {0};
		struct bytes bytes;

		test_entry(log_size(l), &entry);
		bytes = bytes_buf(&entry);
		fault_set(FAULT_MEMORY, n);
		e = log_stage(l, &bytes, 1);
		fired = fault_end();
		assert_err(e, fired ? ERR_NOMEM : ERR_OK);
		if (fired)
			continue;
		home_commit(&h, log_staged(l));
		assert_ok(log_publish(l));
	}
	check_whole(l);
	log_close(l);
	home_remove(&h);
}

/* Bytes beyond the limit are refused by the kernel. */
static void
a_limit_on_file_size_stops_an_append(void **state)
{
	const struct rlimit small = {2000, RLIM_INFINITY};
	const struct rlimit none = {RLIM_INFINITY, RLIM_INFINITY};
	CLEANUP(note_signer_cleanup) struct note_signer *s = test_log_signer();
	void (*was)(int) = signal(SIGXFSZ, SIG_IGN);
	static struct home h;
	struct log *l;

	(void)state;
	start_at(&h, 10);
	assert_ok(home_open(&h, s, &l, NULL));
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_err(stage(l, 100), ERR_IO);
	assert_err(stage(l, 100), ERR_IO);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	(void)signal(SIGXFSZ, was);
	a_retry(&h, l, 100);
	log_close(l);
	home_remove(&h);
}

/* Mount a small file system over the home, in a name space of our own. */
static int
mount_small(const struct home *h)
{
	return unshare(CLONE_NEWNS) == 0 &&
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	    mount("tmpfs", h->base, "tmpfs", 0, "size=256k") == 0;
}

static void
fill_disk(const struct home *h)
{
	struct note_signer *s = test_log_signer();
	static struct home own;
	struct log *l;
	char path[FS_PATH_MAX];
	enum err e = ERR_OK;
	unsigned i;

	own = *h;
	assert_ok(home_open(&own, s, &l, NULL));
	for (i = 0; i < 1000 && e == ERR_OK; i++) {
		if ((e = stage(l, 50)) != ERR_OK)
			break;
		home_commit(&own, log_staged(l));
		e = log_publish(l);
	}
	assert_err(e, ERR_NO_SPACE);
	assert_true(log_size(l) == own.size && own.size > 50);
	check_whole(l);
	log_close(l);
	/* full as it is, the log still opens and reads */
	e = home_open(&own, s, &l, NULL);
	assert_true(e == ERR_OK || e == ERR_NO_SPACE);
	if (e == ERR_OK) {
		check_whole(l);
		log_close(l);
	}
	/* and with room again it goes on */
	log_file(&own, "tile/0/000.p/50", path);
	assert_ok(fs_remove(path));
	assert_int_equal(mount(NULL, own.base, NULL, MS_REMOUNT,
	    "size=4m"), 0);
	assert_ok(home_open(&own, s, &l, NULL));
	a_retry(&own, l, 50);
	log_close(l);
	note_signer_free(s);
	buf_release(&own.checkpoint);
}

static void
a_full_disk_stops_and_harms_nothing(void **state)
{
	static struct home h;
	int status = 0;
	pid_t pid;

	(void)state;
	home_make(&h);
	(void)fflush(NULL);
	if ((pid = fork()) == 0) {
		if (!mount_small(&h))
			_exit(77);
		fill_disk(&h);
		_exit(0);
	}
	assert_true(pid > 0 && waitpid(pid, &status, 0) == pid);
	home_remove(&h);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		UNIT_SKIP("mounting a file system needs root");
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_crash_at_any_step_of_the_first_append),
		cmocka_unit_test(
		    a_crash_at_any_step_across_the_edge_of_a_tile),
		cmocka_unit_test(a_crash_at_any_step_where_three_levels_grow),
		cmocka_unit_test(killed_at_random_instants_nothing_is_lost),
		cmocka_unit_test(
		    every_failing_disk_operation_leaves_the_log_usable),
		cmocka_unit_test(after_a_failure_the_same_log_goes_on),
		cmocka_unit_test(memory_runs_out_at_every_allocation),
		cmocka_unit_test(a_limit_on_file_size_stops_an_append),
		cmocka_unit_test(a_full_disk_stops_and_harms_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
