/* core/secret.c - libsodium's guarded memory, with the lock really checked:
 * sodium_malloc itself ignores a failing mlock. */
#include "core/secret.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <sodium.h>

#include "core/secret_internal.h"

struct secret {
	uint8_t *bytes;         /* sodium_malloc */
	size_t len;
	unsigned generation;    /* of the process that made it, see below */
};

/* Pages of secrets read as zeros in a forked child (WIPEONFORK).  A child
 * must never take those for a key, so it counts as another generation. */
static unsigned fork_generation;
static pthread_once_t ready_once = PTHREAD_ONCE_INIT;

static void
after_fork_in_child(void)
{
	fork_generation++;
}

static void
make_ready(void)
{
	MUST_HOLD(sodium_init() >= 0);
	MUST_HOLD(pthread_atfork(NULL, NULL, after_fork_in_child) == 0);
}

static void
ready(void)
{
	MUST_HOLD(pthread_once(&ready_once, make_ready) == 0);
}

static size_t
page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

static void
close_file(FILE **f)
{
	if (*f != NULL)
		(void)fclose(*f);
}

/* /proc/swaps is a heading and one line for each swap. */
static int
lists_no_swap(const char *path)
{
	CLEANUP(close_file) FILE *f = fopen(path, "re");
	char line[512];
	int lines = 0;

	if (f == NULL)
		return 0;
	while (fgets(line, sizeof(line), f) != NULL)
		lines++;
	return !ferror(f) && lines == 1;
}

/* Our version 2 cgroup is the line `0::/path`. */
static int
read_cgroup_path(const char *file, char *ret, size_t max)
{
	CLEANUP(close_file) FILE *f = fopen(file, "re");
	char line[2048];

	if (f == NULL)
		return 0;
	while (fgets(line, sizeof(line), f) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, "0::/", 4) != 0)
			continue;
		return snprintf(ret, max, "%s", line + 3) < (int)max;
	}
	return 0;
}

static int
swap_max_is_zero(const char *cgroup_fs, const char *group)
{
	char path[4096], value[32];
	int len = snprintf(path, sizeof(path), "%s%s/memory.swap.max",
	    cgroup_fs, group);

	if (len < 0 || (size_t)len >= sizeof(path))
		return 0;
	CLEANUP(close_file) FILE *f = fopen(path, "re");
	return f != NULL && fgets(value, sizeof(value), f) != NULL &&
	    strcmp(value, "0\n") == 0;
}

/* A bound on a group binds all groups below it. */
static int
cgroup_forbids_swap(const struct secret_swap_files *f)
{
	char group[2048], *slash;

	if (!read_cgroup_path(f->cgroup, group, sizeof(group)) ||
	    strstr(group, "..") != NULL)
		return 0;
	for (;;) {
		if (swap_max_is_zero(f->cgroup_fs, group))
			return 1;
		if ((slash = strrchr(group, '/')) == NULL)
			return 0;
		*slash = '\0';
	}
}

int
secret_swap_is_off_at(const struct secret_swap_files *f)
{
	return lists_no_swap(f->swaps) || cgroup_forbids_swap(f);
}

int
secret_swap_is_off(void)
{
	static const struct secret_swap_files files = {
		"/proc/swaps", "/proc/self/cgroup", "/sys/fs/cgroup",
	};

	return secret_swap_is_off_at(&files);
}

int
secret_may_go_on(int mlock_result, int swap_off)
{
	return mlock_result == 0 || swap_off;
}

/* 1 when locked memory has no bound (after asking for that). */
static int
raise_lock_limit(void)
{
	struct rlimit lim = {RLIM_INFINITY, RLIM_INFINITY};

	if (setrlimit(RLIMIT_MEMLOCK, &lim) == 0)
		return 1;
	if (getrlimit(RLIMIT_MEMLOCK, &lim) != 0)
		return 0;
	lim.rlim_cur = lim.rlim_max;
	return setrlimit(RLIMIT_MEMLOCK, &lim) == 0 &&
	    lim.rlim_cur == RLIM_INFINITY;
}

static int
forbid_dumps(void)
{
	const struct rlimit none = {0, 0};

	return setrlimit(RLIMIT_CORE, &none) == 0 &&
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0;
}

static enum err
refuse(const char **ret_why, const char *why)
{
	if (ret_why != NULL)
		*ret_why = why;
	return ERR_MEMORY_LOCK;
}

enum err
secret_process_init(const char **ret_why)
{
	int unbounded;

	ready();
	if (!forbid_dumps())
		return refuse(ret_why, "core dumps cannot be switched off");
	unbounded = raise_lock_limit();
	if (secret_swap_is_off())
		return ERR_OK;
	/* Plaintext also lies in the heaps of libraries, which only a lock on
	 * everything covers; under a bound that would fail later, mid-work. */
	if (unbounded &&
	    mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) == 0)
		return ERR_OK;
	return refuse(ret_why, "memory could be swapped to disk: switch swap "
	    "off, or set MemorySwapMax=0 for this service, or lift the limit "
	    "on locked memory (LimitMEMLOCK=infinity, ulimit -l unlimited)");
}

/* Lock ${len} bytes at ${p} (whole pages), keep them out of dumps and forks. */
static enum err
shield(void *p, size_t len)
{
	size_t page = page_size();
	size_t before = (uintptr_t)p % page;
	uint8_t *start = (uint8_t *)p - before;
	size_t span = (before + len + page - 1) / page * page;
	int locked;

	if (madvise(start, span, MADV_DONTDUMP) != 0 ||
	    madvise(start, span, MADV_WIPEONFORK) != 0)
		return ERR_MEMORY_LOCK;
	locked = mlock(start, span);
	if (!secret_may_go_on(locked, locked != 0 && secret_swap_is_off()))
		return ERR_MEMORY_LOCK;
	return ERR_OK;
}

enum err
secret_new(size_t len, struct secret **ret)
{
	CLEANUP(secret_cleanup) struct secret *s = NULL;

	MUST_HOLD(len > 0);
	ready();
	if ((s = calloc(1, sizeof(*s))) == NULL)
		return ERR_NOMEM;
	s->generation = fork_generation;
	if ((s->bytes = sodium_malloc(len)) == NULL)
		return ERR_NOMEM;
	s->len = len;
	RETURN_IF(shield(s->bytes, len));
	sodium_memzero(s->bytes, len);
	*ret = TAKE(s);
	return ERR_OK;
}

enum err
secret_new_copy(const uint8_t *bytes, size_t len, struct secret **ret)
{
	struct secret *s;

	RETURN_IF(secret_new(len, &s));
	memcpy(s->bytes, bytes, len);
	*ret = s;
	return ERR_OK;
}

enum err
secret_new_random(size_t len, struct secret **ret)
{
	struct secret *s;

	RETURN_IF(secret_new(len, &s));
	randombytes_buf(s->bytes, len);
	*ret = s;
	return ERR_OK;
}

void
secret_free(struct secret *s)
{
	if (s == NULL)
		return;
	/* In a forked child the pages are zeros, libsodium's canary too, and
	 * there is nothing left to wipe. */
	if (s->generation == fork_generation)
		sodium_free(s->bytes);
	free(s);
}

void
secret_cleanup(struct secret **s)
{
	secret_free(*s);
	*s = NULL;
}

const uint8_t *
secret_bytes(const struct secret *s)
{
	MUST_HOLD(s->generation == fork_generation);
	return s->bytes;
}

uint8_t *
secret_bytes_mut(struct secret *s)
{
	MUST_HOLD(s->generation == fork_generation);
	return s->bytes;
}

size_t
secret_len(const struct secret *s)
{
	return s->len;
}

int
secret_equal(const struct secret *a, const struct secret *b)
{
	return a->len == b->len &&
	    secret_bytes_equal(secret_bytes(a), secret_bytes(b), a->len);
}

int
secret_bytes_equal(const void *a, const void *b, size_t len)
{
	return len == 0 || sodium_memcmp(a, b, len) == 0;
}

void
secret_wipe(void *bytes, size_t len)
{
	if (len > 0)
		sodium_memzero(bytes, len);
}

void
secret_random(void *bytes, size_t len)
{
	ready();
	randombytes_buf(bytes, len);
}

void
secret_scope_end(struct secret_scope *s)
{
	secret_wipe(s->bytes, s->len);
}

enum err
secret_pool_init(struct secret_pool *p, size_t len)
{
	size_t page = page_size();
	struct secret_pool pool = {NULL, len, 0};
	void *map;

	MUST_HOLD(len > 0);
	ready();
	if (len > SIZE_MAX - page)
		return ERR_NOMEM;
	pool.mapped = (len + page - 1) / page * page;
	map = mmap(NULL, pool.mapped, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (map == MAP_FAILED)
		return ERR_NOMEM;
	if (shield(map, pool.mapped) != ERR_OK) {
		(void)munmap(map, pool.mapped);
		return ERR_MEMORY_LOCK;
	}
	pool.data = map;
	*p = pool;
	return ERR_OK;
}

void
secret_pool_release(struct secret_pool *p)
{
	if (p->data != NULL) {
		secret_wipe(p->data, p->mapped);
		(void)munmap(p->data, p->mapped);
	}
	*p = (struct secret_pool){0};
}
