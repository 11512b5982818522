/* core/secret_internal.h - the proof that no swap can take our pages, against
 * files given by name, so that tests can bring their own. */
#ifndef AZUKARI_CORE_SECRET_INTERNAL_H
#define AZUKARI_CORE_SECRET_INTERNAL_H

#include <stddef.h>

struct secret_swap_files {
	const char *swaps;      /* like /proc/swaps */
	const char *cgroup;     /* like /proc/self/cgroup */
	const char *cgroup_fs;  /* like /sys/fs/cgroup */
};

/* 1 only when proven: ${f}->swaps lists no swap, or memory.swap.max of our
 * version 2 cgroup or one above it is 0.  What cannot be read proves nothing. */
int secret_swap_is_off_at(const struct secret_swap_files *f);

/* What a locking attempt must end in: 0 of ${mlock_result} is fine, else only
 * when ${swap_off}. */
int secret_may_go_on(int mlock_result, int swap_off);

#endif
