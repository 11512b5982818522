/* tests/preload/no_space.c - a disk that is full, for LD_PRELOAD.
 *
 * Counts every call that takes room on a disk: writing, making durable, naming.
 * From the NO_SPACE_ATth on (or, with NO_SPACE_ONCE, for that one alone) they
 * fail with ENOSPC; with NO_SPACE_KILL the process dies there instead.
 * NO_SPACE_COUNT names a file that gets the count at the end.
 * Standard streams and what is no regular file are left alone.
 */
/* Each name as it is, the ones with 64 apart. */
#undef _FILE_OFFSET_BITS
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static atomic_ulong calls;

/* Is this the call that fails? */
static int
is_full(void)
{
	const char *at = getenv("NO_SPACE_AT");
	unsigned long n = atomic_fetch_add(&calls, 1) + 1;
	unsigned long from = at == NULL ? 0 : strtoul(at, NULL, 10);

	if (from == 0 || n < from)
		return 0;
	if (getenv("NO_SPACE_ONCE") != NULL && n > from)
		return 0;
	if (getenv("NO_SPACE_KILL") != NULL)
		(void)raise(SIGKILL);
	errno = ENOSPC;
	return 1;
}

static int
is_full_for(int fd)
{
	struct stat st;

	return fd > 2 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    is_full();
}

__attribute__((destructor)) static void
tell(void)
{
	const char *path = getenv("NO_SPACE_COUNT");
	FILE *f = path == NULL ? NULL : fopen(path, "w");

	if (f != NULL) {
		(void)fprintf(f, "%lu\n", atomic_load(&calls));
		(void)fclose(f);
	}
}

#define NEXT(name, type) ((type)dlsym(RTLD_NEXT, name))
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"

#define ON_FD(ret, name, params, args)                                    \
	ret name params;                                                  \
	ret name params                                                   \
	{                                                                 \
		if (is_full_for(fd))                                      \
			return -1;                                        \
		return NEXT(#name, ret (*) params) args;                  \
	}
#define ON_NAME(name, params, args)                                       \
	int name params;                                                  \
	int name params                                                   \
	{                                                                 \
		if (is_full())                                            \
			return -1;                                        \
		return NEXT(#name, int (*) params) args;                  \
	}

ON_FD(ssize_t, write, (int fd, const void *b, size_t n), (fd, b, n))
ON_FD(ssize_t, pwrite, (int fd, const void *b, size_t n, off_t o),
    (fd, b, n, o))
ON_FD(ssize_t, pwrite64, (int fd, const void *b, size_t n, off64_t o),
    (fd, b, n, o))
ON_FD(ssize_t, writev, (int fd, const struct iovec *v, int n), (fd, v, n))
ON_FD(int, fsync, (int fd), (fd))
ON_FD(int, fdatasync, (int fd), (fd))
ON_FD(int, ftruncate, (int fd, off_t n), (fd, n))
ON_FD(int, ftruncate64, (int fd, off64_t n), (fd, n))
ON_NAME(rename, (const char *a, const char *b), (a, b))
ON_NAME(renameat, (int d, const char *a, int e, const char *b), (d, a, e, b))
ON_NAME(renameat2, (int d, const char *a, int e, const char *b, unsigned f),
    (d, a, e, b, f))
ON_NAME(link, (const char *a, const char *b), (a, b))
ON_NAME(linkat, (int d, const char *a, int e, const char *b, int f),
    (d, a, e, b, f))
ON_NAME(mkdir, (const char *a, mode_t m), (a, m))
ON_NAME(mkdirat, (int d, const char *a, mode_t m), (d, a, m))
#pragma GCC diagnostic pop
