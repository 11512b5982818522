/* tests/unit/unit.h - what every unit test includes: cmocka, and a few words.
 *
 * One cmocka group per program (its output is read as TAP).
 */
#ifndef AZUKARI_TESTS_UNIT_UNIT_H
#define AZUKARI_TESTS_UNIT_UNIT_H

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/resource.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "core/err.h"

/* The exact cause, shown by name when it is another. */
#define assert_err(expr, want)                                             \
	do {                                                               \
		enum err assert_got_ = (expr), assert_want_ = (want);      \
		if (assert_got_ != assert_want_)                           \
			fail_msg("%s: %s instead of %s", #expr,            \
			    err_name(assert_got_), err_name(assert_want_)); \
	} while (0)
#define assert_ok(expr) assert_err((expr), ERR_OK)

/* `UNIT_SKIP("no vectors at %s", path)`: the reason ends up in the report. */
#define UNIT_SKIP(...)                                  \
	do {                                            \
		printf("# skipped %s: ", __func__);     \
		printf(__VA_ARGS__);                    \
		printf("\n");                           \
		skip();                                 \
	} while (0)

/* Writes "$AZUKARI_SHARED/NAME" to ${ret}; 0 when there is no such file. */
static inline int
unit_shared(char *ret, size_t max, const char *name)
{
	const char *dir = getenv("AZUKARI_SHARED");
	int len = snprintf(ret, max, "%s/%s", dir != NULL ? dir : ".", name);

	return len > 0 && (size_t)len < max && access(ret, R_OK) == 0;
}

/* 1 when ${fn}(${arg}) ends the process by abort. */
static inline int
unit_aborts(void (*fn)(void *), void *arg)
{
	const struct rlimit no_core = {0, 0};
	int status;
	pid_t pid;

	(void)fflush(NULL);
	if ((pid = fork()) == 0) {
		(void)setrlimit(RLIMIT_CORE, &no_core);
		(void)fclose(stderr);
		fn(arg);
		_exit(0);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid &&
	    WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

/* A new folder under $TMPDIR, its name in ${ret}. */
static inline void
unit_temp_dir(char *ret, size_t max)
{
	const char *base = getenv("TMPDIR");
	int len = snprintf(ret, max, "%s/azukari-unit-XXXXXX",
	    base != NULL ? base : "/tmp");

	assert_true(len > 0 && (size_t)len < max);
	assert_non_null(mkdtemp(ret));
}

#endif
