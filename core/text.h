/* core/text.h - signed texts: `azukari-KIND v1`, then `key: value` lines.
 *
 * Bytes are parsed where they lie and never re-serialised.  A kind has one
 * schema: its keys in their order.  In a schema a key ending in `-#` stands
 * for a run of `-01`, `-02`, ... (any number, up to the run's limit, no gap);
 * a key with a leading `?` may be absent.  Everything else is required, once.
 *
 * Refused: CR, a missing final LF, BOM, invalid UTF-8, text not in NFC,
 * characters of class Cc, Cf, Zl, Zp, unknown, misplaced or repeated keys,
 * empty values, leading or trailing spaces in a value.  "-" is the word for
 * "none".  A list is one value, items separated by one space.
 */
#ifndef AZUKARI_CORE_TEXT_H
#define AZUKARI_CORE_TEXT_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"

#define TEXT_MAX_DEFAULT ((size_t)1 << 20)
#define TEXT_VALUE_MAX 4096
#define TEXT_RUN_MAX 10000

struct text_schema {
	const char *kind;          /* "plan" */
	const char *const *keys;   /* NULL-terminated, in order */
};

struct text;

/* Parse ${bytes} (copied) against ${schema}.  ERR_SYNTAX, ERR_ENCODING,
 * ERR_LIMIT, ERR_UNKNOWN, ERR_DUPLICATE with ${info} (may be NULL).  The
 * caller owns the result (text_free). */
enum err text_parse(struct bytes bytes, const struct text_schema *schema,
    struct text **ret, struct err_info *info) MUST_USE;
void text_free(struct text *t);
void text_cleanup(struct text **t);

/* The exact bytes that were parsed; valid until text_free. */
struct bytes text_bytes(const struct text *t);

/* Value of a key ("" never occurs); NULL when the optional key is absent.
 * Valid until text_free.  Asking for a key outside the schema aborts. */
const char *text_get(const struct text *t, const char *key);

/* Runs: text_run_len(t, "seat-#") entries; text_run_get(t, "seat-#", 0) is
 * the value of seat-01.  An index outside the run aborts. */
size_t text_run_len(const struct text *t, const char *key);
const char *text_run_get(const struct text *t, const char *key, size_t i);

/* Typed reading; the error names the key.  ERR_NOT_FOUND when an optional key
 * is absent, else ERR_SYNTAX, ERR_RANGE.  Numbers have no needless zeros. */
enum err text_get_uint(const struct text *t, const char *key, uint64_t min,
    uint64_t max, uint64_t *ret, struct err_info *info) MUST_USE;
enum err text_get_hex(const struct text *t, const char *key, uint8_t *ret,
    size_t len, struct err_info *info) MUST_USE;
enum err text_get_time(const struct text *t, const char *key,
    int64_t *ret_unix_s, struct err_info *info) MUST_USE;

/* Split the next space-separated item off ${rest}; 0 when none is left. */
int text_list_next(struct bytes *rest, struct bytes *ret_item);

/* Writing: begin with the schema, then put every key in order; text_end
 * checks that the result parses against the schema (so a writer cannot make
 * what a reader refuses).  A bad value is ERR_SYNTAX, ERR_ENCODING, ERR_LIMIT.
 * On failure ${out} is as it was.  A key outside the schema aborts. */
struct text_writer {
	const struct text_schema *schema;
	struct buf *out;           /* borrowed; bytes are appended */
	size_t start;              /* where in ${out} this text begins */
	enum err e;                /* first failure, returned by text_end */
};
void text_begin(struct text_writer *w, const struct text_schema *schema,
    struct buf *out);
/* ${value} NULL writes nothing: for optional keys. */
void text_put(struct text_writer *w, const char *key, const char *value);
void text_put_bytes(struct text_writer *w, const char *key, struct bytes v);
void text_put_uint(struct text_writer *w, const char *key, uint64_t v);
void text_put_hex(struct text_writer *w, const char *key, const uint8_t *b,
    size_t len);
void text_put_time(struct text_writer *w, const char *key, int64_t unix_s);
void text_put_format(struct text_writer *w, const char *key, const char *fmt,
    ...) PRINTF_LIKE(3, 4);
/* `text_put_run(w, "seat-#", 0, v)` writes `seat-01: v`. */
void text_put_run(struct text_writer *w, const char *key, size_t i,
    const char *value);
enum err text_end(struct text_writer *w, struct err_info *info) MUST_USE;

#endif
