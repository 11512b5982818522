/* tests/unit/fault.c - wrappers that the linker puts in place of calls. */
#include "tests/unit/fault.h"

#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/stat.h>

static enum fault_kind fault_kind;
static atomic_uint fault_countdown;      /* threads may count too */
static atomic_int fault_fired;

void
fault_set(enum fault_kind kind, unsigned n)
{
	fault_kind = kind;
	fault_countdown = n;
	fault_fired = 0;
}

int
fault_end(void)
{
	fault_countdown = 0;
	return fault_fired;
}

/* 1 when this call is the one to fail. */
static int
fails(enum fault_kind kind)
{
	unsigned left = fault_countdown;

	if (kind != fault_kind)
		return 0;
	do
		if (left == 0)
			return 0;
	while (!atomic_compare_exchange_weak(&fault_countdown, &left,
	    left - 1));
	if (left > 1)
		return 0;
	fault_fired = 1;
	errno = kind == FAULT_MEMORY ? ENOMEM : ENOSPC;
	return 1;
}

#define WRAP(kind, failure, type, name, params, args) \
	type __real_##name params;                    \
	type __wrap_##name params;                    \
	type __wrap_##name params                     \
	{                                             \
		if (fails(kind))                      \
			return failure;               \
		return __real_##name args;            \
	}

WRAP(FAULT_MEMORY, NULL, void *, malloc, (size_t n), (n))
WRAP(FAULT_MEMORY, NULL, void *, calloc, (size_t n, size_t size), (n, size))
WRAP(FAULT_MEMORY, NULL, void *, realloc, (void *p, size_t n), (p, n))
WRAP(FAULT_MEMORY, NULL, void *, reallocarray,
    (void *p, size_t n, size_t size), (p, n, size))
WRAP(FAULT_MEMORY, NULL, char *, strdup, (const char *s), (s))
WRAP(FAULT_MEMORY, NULL, void *, sodium_malloc, (size_t n), (n))

WRAP(FAULT_DISK, -1, ssize_t, write, (int fd, const void *b, size_t n),
    (fd, b, n))
WRAP(FAULT_DISK, -1, int, fsync, (int fd), (fd))
WRAP(FAULT_DISK, -1, int, rename, (const char *a, const char *b), (a, b))
WRAP(FAULT_DISK, -1, int, renameat2,
    (int x, const char *a, int y, const char *b, unsigned flags),
    (x, a, y, b, flags))
WRAP(FAULT_DISK, -1, int, link, (const char *a, const char *b), (a, b))
WRAP(FAULT_DISK, -1, int, mkdir, (const char *p, mode_t mode), (p, mode))
WRAP(FAULT_DISK, -1, int, mkostemp, (char *p, int flags), (p, flags))
WRAP(FAULT_DISK, -1, int, mkostemp64, (char *p, int flags), (p, flags))
