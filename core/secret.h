/* core/secret.h - key bytes, and memory that cannot reach a disk.
 *
 * A single key lives in `struct secret`: guarded, locked, excluded from dumps,
 * wiped by secret_free, without a way to print or grow it.  Tables of keys and
 * columns of plaintext live in a `struct secret_pool` (one mapping).  Short
 * stack copies are declared with SECRET_BYTES and wipe at scope exit.
 *
 * A forked child sees zeros in place of secrets: asking it for their bytes
 * aborts, freeing them is harmless.
 *
 * Where memory cannot be locked a process may go on only if no swap can be
 * used (no swap, or memory.swap.max of its cgroup is 0); else ERR_MEMORY_LOCK.
 */
#ifndef AZUKARI_CORE_SECRET_H
#define AZUKARI_CORE_SECRET_H

#include <stdint.h>

#include "core/err.h"

struct secret;

/* To be called first in main: no core dumps, not dumpable, libsodium ready,
 * limits raised as far as allowed, lock or no-swap proven.  ERR_MEMORY_LOCK
 * with ${ret_why} (borrowed, static; may be NULL) saying what to set. */
enum err secret_process_init(const char **ret_why) MUST_USE;

/* 1 when no swap of this machine or cgroup can take our pages. */
int secret_swap_is_off(void);

/* New secret of ${len} > 0 bytes: zeroed, copied from ${bytes}, or random.
 * The caller owns it.  ERR_NOMEM, ERR_MEMORY_LOCK. */
enum err secret_new(size_t len, struct secret **ret) MUST_USE;
enum err secret_new_copy(const uint8_t *bytes, size_t len,
    struct secret **ret) MUST_USE;
enum err secret_new_random(size_t len, struct secret **ret) MUST_USE;

void secret_free(struct secret *s);         /* NULL is fine */
void secret_cleanup(struct secret **s);     /* for CLEANUP() */

const uint8_t *secret_bytes(const struct secret *s); /* valid until free */
uint8_t *secret_bytes_mut(struct secret *s);
size_t secret_len(const struct secret *s);

/* Constant-time comparison of contents; different lengths are unequal. */
int secret_equal(const struct secret *a, const struct secret *b);

/* Constant-time comparison of ${len} bytes: 1 equal, 0 not. */
int secret_bytes_equal(const void *a, const void *b, size_t len);

/* Wipe ${len} bytes; never optimised away. */
void secret_wipe(void *bytes, size_t len);

/* Fill from the system's random source; cannot fail once initialised. */
void secret_random(void *bytes, size_t len);

struct secret_scope {
	void *bytes;
	size_t len;
};
void secret_scope_end(struct secret_scope *s);

/* `SECRET_BYTES(key, 32);` - a stack array that is wiped at scope exit. */
#define SECRET_BYTES(name, n)                                       \
	uint8_t name[(n)];                                          \
	CLEANUP(secret_scope_end) __attribute__((unused))           \
	struct secret_scope name##_scope_ = {name, sizeof(name)}

/* One mapping for many secrets or plaintext columns: locked or unswappable,
 * DONTDUMP, WIPEONFORK, zeroed at birth, wiped at release. */
struct secret_pool {
	uint8_t *data;
	size_t len;     /* bytes, as asked for */
	size_t mapped;
};

enum err secret_pool_init(struct secret_pool *p, size_t len) MUST_USE;
void secret_pool_release(struct secret_pool *p);   /* CLEANUP-able */

#endif
