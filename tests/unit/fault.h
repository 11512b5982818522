/* tests/unit/fault.h - the Nth allocation or disk operation fails.
 *
 * For loops over N = 1, 2, ... until the operation gets through: after each
 * failure nothing may be leaked (the sanitizer build sees to that) and nothing
 * half-done may be visible.  Calls made by our own objects are counted, not
 * those inside shared libraries.  In a folder's tests/unit/<folder>/meson.build:
 * `unit_fault = true`.
 */
#ifndef AZUKARI_TESTS_UNIT_FAULT_H
#define AZUKARI_TESTS_UNIT_FAULT_H

enum fault_kind {
	FAULT_MEMORY,   /* malloc, calloc, realloc, reallocarray, strdup and
	                 * sodium_malloc give NULL */
	FAULT_DISK,     /* write, fsync, rename, renameat2, link, mkdir and
	                 * mkostemp fail with ENOSPC */
};

/* From now on the ${n}th call of ${kind} fails, once. */
void fault_set(enum fault_kind kind, unsigned n);

/* Nothing fails any more; 1 when the failure had come. */
int fault_end(void);

#endif
