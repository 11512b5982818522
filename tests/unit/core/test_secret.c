#include "tests/unit/unit.h"

#include <sys/mman.h>

#include "core/fs.h"
#include "core/secret.h"
#include "core/secret_internal.h"

static void
born_as_asked(void **state)
{
	CLEANUP(secret_cleanup) struct secret *zero = NULL, *copy = NULL,
	    *a = NULL, *b = NULL;
	static const uint8_t bytes[5] = {1, 2, 3, 4, 5};

	(void)state;
	assert_ok(secret_new(5, &zero));
	assert_memory_equal(secret_bytes(zero), "\0\0\0\0\0", 5);
	assert_ok(secret_new_copy(bytes, 5, &copy));
	assert_memory_equal(secret_bytes(copy), bytes, 5);
	assert_int_equal(secret_len(copy), 5);
	assert_false(secret_equal(zero, copy));
	memcpy(secret_bytes_mut(zero), bytes, 5);
	assert_true(secret_equal(zero, copy));
	assert_ok(secret_new_random(32, &a));
	assert_ok(secret_new_random(32, &b));
	assert_false(secret_equal(a, b));
	assert_false(secret_equal(a, copy));
	secret_free(NULL);
}

/* What the kernel says of the mapping that ${p} lies in. */
static int
mapping_has_flag(const void *p, const char *flag)
{
	FILE *f = fopen("/proc/self/smaps", "re");
	unsigned long from, to;
	int inside = 0, found = 0;
	char line[512];

	assert_non_null(f);
	while (fgets(line, sizeof(line), f) != NULL) {
		if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
			inside = (uintptr_t)p >= from && (uintptr_t)p < to;
		if (inside && strncmp(line, "VmFlags:", 8) == 0)
			found = strstr(line, flag) != NULL;
	}
	(void)fclose(f);
	return found;
}

static int
kernel_shows_flags(const void *p)
{
	return mapping_has_flag(p, " rd");
}

static void
pages_stay_out_of_dumps_and_forks(void **state)
{
	CLEANUP(secret_cleanup) struct secret *s = NULL;
	CLEANUP(secret_pool_release) struct secret_pool pool = {0};

	(void)state;
	assert_ok(secret_new(32, &s));
	assert_ok(secret_pool_init(&pool, 10000));
	if (!kernel_shows_flags(pool.data))
		UNIT_SKIP("this kernel shows no VmFlags in smaps");
	assert_true(mapping_has_flag(secret_bytes(s), " dd"));
	assert_true(mapping_has_flag(secret_bytes(s), " wf"));
	assert_true(mapping_has_flag(pool.data, " dd"));
	assert_true(mapping_has_flag(pool.data, " wf"));
}

static void
use_secret(void *arg)
{
	(void)secret_bytes(arg);
}

static void
free_secret(void *arg)
{
	secret_free(arg);
}

static void
a_forked_child_gets_no_key_but_may_free(void **state)
{
	struct secret *s;

	(void)state;
	assert_ok(secret_new_random(32, &s));
	assert_true(unit_aborts(use_secret, s));
	assert_false(unit_aborts(free_secret, s));
	secret_free(s);
}

static void
constant_time_comparison(void **state)
{
	(void)state;
	assert_true(secret_bytes_equal("abc", "abc", 3));
	assert_false(secret_bytes_equal("abc", "abd", 3));
	assert_false(secret_bytes_equal("abc", "bbc", 3));
	assert_true(secret_bytes_equal(NULL, NULL, 0));
}

/* The array outlives the scope only in this test's eyes. */
static uint8_t seen_after_scope[32];

static void
use_stack_bytes(const uint8_t **ret)
{
	SECRET_BYTES(key, 32);

	memset(key, 0x5a, sizeof(key));
	*ret = key;
}

static void
scope_end_wipes(void **state)
{
	struct secret_scope scope = {seen_after_scope, 32};
	const uint8_t *gone = NULL;

	(void)state;
	memset(seen_after_scope, 0x5a, sizeof(seen_after_scope));
	secret_scope_end(&scope);
	assert_int_equal(seen_after_scope[0] | seen_after_scope[31], 0);
	use_stack_bytes(&gone);
	assert_non_null(gone);
	memset(seen_after_scope, 0x5a, sizeof(seen_after_scope));
	secret_wipe(seen_after_scope, 31);
	assert_int_equal(seen_after_scope[30], 0);
	assert_int_equal(seen_after_scope[31], 0x5a);
}

static void
random_bytes_differ(void **state)
{
	uint8_t a[32], b[32];

	(void)state;
	secret_random(a, sizeof(a));
	secret_random(b, sizeof(b));
	assert_memory_not_equal(a, b, sizeof(a));
}

static void
a_pool_is_zeroed_whole_pages(void **state)
{
	struct secret_pool pool = {0};
	size_t i;

	(void)state;
	assert_ok(secret_pool_init(&pool, 100001));
	assert_int_equal(pool.len, 100001);
	assert_true(pool.mapped >= pool.len);
	for (i = 0; i < pool.mapped; i++)
		assert_int_equal(pool.data[i], 0);
	memset(pool.data, 1, pool.mapped);
	secret_pool_release(&pool);
	assert_null(pool.data);
	secret_pool_release(&pool);
	assert_err(secret_pool_init(&pool, SIZE_MAX / 4), ERR_NOMEM);
	assert_err(secret_pool_init(&pool, SIZE_MAX - 1), ERR_NOMEM);
}

struct fake {
	char dir[256], swaps[FS_PATH_MAX], cgroup[FS_PATH_MAX];
};

static void
put(const char *path, const char *text)
{
	assert_ok(fs_write_file(path, bytes_str(text), 0600));
}

static void
put_swap_max(const struct fake *f, const char *group, const char *value)
{
	char path[FS_PATH_MAX];

	assert_ok(fs_path(path, "%s/fs%s", f->dir, group));
	assert_ok(fs_mkdir_all(path, 0700));
	assert_ok(fs_path(path, "%s/fs%s/memory.swap.max", f->dir, group));
	put(path, value);
}

static int
swap_off(const struct fake *f)
{
	char fs[FS_PATH_MAX];

	assert_ok(fs_path(fs, "%s/fs", f->dir));
	return secret_swap_is_off_at(&(struct secret_swap_files){f->swaps,
	    f->cgroup, fs});
}

static void
fake_start(struct fake *f)
{
	unit_temp_dir(f->dir, sizeof(f->dir));
	assert_ok(fs_path(f->swaps, "%s/swaps", f->dir));
	assert_ok(fs_path(f->cgroup, "%s/cgroup", f->dir));
}

#define SWAPS_HEAD "Filename\tType\tSize\tUsed\tPriority\n"
#define SWAPS_ONE SWAPS_HEAD "/dev/sda2 partition 100 0 -2\n"

static void
no_swap_listed_is_proof(void **state)
{
	struct fake f;

	(void)state;
	fake_start(&f);
	assert_false(swap_off(&f));
	put(f.swaps, "");
	assert_false(swap_off(&f));
	put(f.swaps, SWAPS_HEAD);
	assert_true(swap_off(&f));
	put(f.swaps, SWAPS_ONE);
	assert_false(swap_off(&f));
	assert_ok(fs_remove_tree(f.dir));
}

static void
a_cgroup_bound_of_zero_is_proof(void **state)
{
	struct fake f;

	(void)state;
	fake_start(&f);
	put(f.swaps, SWAPS_ONE);
	put(f.cgroup, "9:memory:/old\n0::/a/b\n");
	assert_false(swap_off(&f));
	put_swap_max(&f, "/a/b", "max\n");
	assert_false(swap_off(&f));
	put_swap_max(&f, "/a/b", "4096\n");
	assert_false(swap_off(&f));
	put_swap_max(&f, "/a/b", "0\n");
	assert_true(swap_off(&f));
	put_swap_max(&f, "/a/b", "max\n");
	put_swap_max(&f, "/a", "0\n");
	assert_true(swap_off(&f));
	assert_ok(fs_remove_tree(f.dir));
}

static void
other_cgroups_prove_nothing(void **state)
{
	struct fake f;

	(void)state;
	fake_start(&f);
	put(f.swaps, SWAPS_ONE);
	put_swap_max(&f, "/a", "0\n");
	put(f.cgroup, "0::/\n");
	assert_false(swap_off(&f));
	put(f.cgroup, "9:memory:/a\n");
	assert_false(swap_off(&f));
	put(f.cgroup, "0::/b\n");
	assert_false(swap_off(&f));
	put(f.cgroup, "0::/b/../a\n");
	assert_false(swap_off(&f));
	assert_ok(fs_remove_tree(f.dir));
}

static void
unlocked_memory_needs_the_proof(void **state)
{
	(void)state;
	assert_true(secret_may_go_on(0, 0));
	assert_true(secret_may_go_on(-1, 1));
	assert_false(secret_may_go_on(-1, 0));
}

/* In a child, as it changes the process for good. */
static void
init_and_use(void *arg)
{
	const char *why = NULL;
	struct rlimit core;
	struct secret *s;
	enum err e = secret_process_init(&why);

	(void)arg;
	if (e == ERR_MEMORY_LOCK && why != NULL && !secret_swap_is_off())
		return;
	MUST_HOLD(e == ERR_OK);
	MUST_HOLD(getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_max == 0);
	MUST_HOLD(secret_new_random(32, &s) == ERR_OK);
	secret_free(s);
}

static void
process_init_holds_or_says_why(void **state)
{
	(void)state;
	assert_false(unit_aborts(init_and_use, NULL));
}

/* More than any default limit: refused, or gone on only without swap. */
static void
many_secrets_beyond_the_lock_limit(void *arg)
{
	const struct rlimit small = {64 << 10, 64 << 10};
	struct secret *s[64];
	size_t i;
	enum err e;

	(void)arg;
	MUST_HOLD(setrlimit(RLIMIT_MEMLOCK, &small) == 0);
	if (geteuid() == 0)
		MUST_HOLD(setuid(65534) == 0);
	for (i = 0; i < ARRAY_LEN(s); i++) {
		e = secret_new(4096, &s[i]);
		MUST_HOLD(e == ERR_OK || (e == ERR_MEMORY_LOCK &&
		    !secret_swap_is_off()));
		if (e != ERR_OK)
			return;
	}
	MUST_HOLD(secret_swap_is_off());
	for (i = 0; i < ARRAY_LEN(s); i++)
		secret_free(s[i]);
}

static void
the_lock_limit_is_noticed(void **state)
{
	(void)state;
	assert_false(unit_aborts(many_secrets_beyond_the_lock_limit, NULL));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(born_as_asked),
		cmocka_unit_test(pages_stay_out_of_dumps_and_forks),
		cmocka_unit_test(a_forked_child_gets_no_key_but_may_free),
		cmocka_unit_test(constant_time_comparison),
		cmocka_unit_test(scope_end_wipes),
		cmocka_unit_test(random_bytes_differ),
		cmocka_unit_test(a_pool_is_zeroed_whole_pages),
		cmocka_unit_test(no_swap_listed_is_proof),
		cmocka_unit_test(a_cgroup_bound_of_zero_is_proof),
		cmocka_unit_test(other_cgroups_prove_nothing),
		cmocka_unit_test(unlocked_memory_needs_the_proof),
		cmocka_unit_test(process_init_holds_or_says_why),
		cmocka_unit_test(the_lock_limit_is_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
