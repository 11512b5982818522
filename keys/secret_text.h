/* keys/secret_text.h - texts with keys in them, in locked memory only.
 *
 * Writes and reads `key: value` lines (docs/FORMATS.md section 1.2, printable
 * ASCII) without a byte ever lying in an ordinary heap buffer, which is why
 * core/text is not used for them.  Inside of keys/.
 */
#ifndef AZUKARI_KEYS_SECRET_TEXT_H
#define AZUKARI_KEYS_SECRET_TEXT_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/secret.h"

/* ---- writing: a failure is remembered and told by secret_text_end ---- */

struct secret_text {
	struct secret *mem;     /* owned; its length is the capacity */
	size_t len;
	enum err e;
};

enum err secret_text_init(struct secret_text *t, size_t capacity) MUST_USE;
void secret_text_release(struct secret_text *t);        /* CLEANUP-able */

void secret_text_bytes(struct secret_text *t, struct bytes b);
void secret_text_str(struct secret_text *t, const char *s);
void secret_text_hex(struct secret_text *t, const uint8_t *b, size_t len);
/* `AGE-SECRET-KEY-1...` of a 32-byte secret. */
void secret_text_age(struct secret_text *t, const struct secret *s);

/* Whole lines. */
void secret_text_line(struct secret_text *t, const char *key,
    const char *value);
void secret_text_time(struct secret_text *t, const char *key, int64_t unix_s);
void secret_text_uint(struct secret_text *t, const char *key, uint64_t v);
void secret_text_key(struct secret_text *t, const char *key,
    const struct secret *s);

/* What was written, valid until release; ERR_LIMIT above the capacity. */
enum err secret_text_end(const struct secret_text *t,
    struct bytes *ret) MUST_USE;

/* ---- reading: each takes one line off ${rest} ---- */

/* The line ${line}, exactly; ERR_SYNTAX. */
enum err secret_text_take_exact(struct bytes *rest, const char *line) MUST_USE;

/* The value of `${key}: value`; ERR_SYNTAX unless it is that key and 1 to 4096
 * printable ASCII characters, no space first or last. */
enum err secret_text_take(struct bytes *rest, const char *key,
    struct bytes *ret) MUST_USE;

/* Values of a kind; ERR_SYNTAX, ERR_RANGE.  Secrets become the caller's. */
enum err secret_text_take_time(struct bytes *rest, const char *key,
    int64_t *ret_unix_s) MUST_USE;
enum err secret_text_take_uint(struct bytes *rest, const char *key,
    uint64_t *ret) MUST_USE;
enum err secret_text_take_key(struct bytes *rest, const char *key,
    struct secret **ret) MUST_USE;
enum err secret_text_take_age(struct bytes *rest, const char *key,
    struct secret **ret) MUST_USE;

/* 32 bytes from 64 hex digits. */
enum err secret_text_parse_key(struct bytes hex, struct secret **ret) MUST_USE;

/* ---- files ---- */

/* A private file (fs_check_private: ERR_REFUSED, ERR_NOT_FOUND) of at most
 * ${max} bytes into locked memory.  ERR_TRUNCATED when empty, ERR_LIMIT. */
enum err secret_text_read_file(const char *path, size_t max,
    struct secret **ret) MUST_USE;

#endif
