/* core/json_doc.h - JSON documents (jansson inside, nowhere else).
 *
 * For documents people write or machines exchange: policy, survey, mapping,
 * Data Package, --json output.  Duplicate keys, invalid UTF-8, NUL, more than
 * JSON_DOC_DEPTH_MAX levels or a document above the given size are refused
 * with file and line.  Values are borrowed from the document that owns them.
 */
#ifndef AZUKARI_CORE_JSON_DOC_H
#define AZUKARI_CORE_JSON_DOC_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"

#define JSON_DOC_DEPTH_MAX 32
#define JSON_DOC_SIZE_MAX ((size_t)8 << 20)

struct json_doc;                 /* owned root, or borrowed inner value */

/* Parse an object or an array; the caller owns the result.  ${info} may be
 * NULL; its message never quotes the document.  ERR_LIMIT (size, depth),
 * ERR_ENCODING, ERR_SYNTAX, ERR_DUPLICATE, ERR_RANGE, ERR_TRUNCATED. */
enum err json_doc_parse(struct bytes text, size_t max,
    struct json_doc **ret, struct err_info *info) MUST_USE;
void json_doc_free(struct json_doc *doc);
void json_doc_cleanup(struct json_doc **doc);

enum json_doc_type {
	JSON_DOC_NULL, JSON_DOC_BOOL, JSON_DOC_INT, JSON_DOC_REAL,
	JSON_DOC_STRING, JSON_DOC_ARRAY, JSON_DOC_OBJECT,
};
enum json_doc_type json_doc_type(const struct json_doc *v);

/* Borrowed members; NULL when absent or ${v} is not of that kind. */
const struct json_doc *json_doc_get(const struct json_doc *v, const char *key);
const struct json_doc *json_doc_at(const struct json_doc *v, size_t i);
size_t json_doc_len(const struct json_doc *v);   /* array or object */
/* Walking an object in the order of the document: the key after ${previous}
 * (NULL for the first), NULL at the end.  One step costs one look-up. */
const char *json_doc_next_key(const struct json_doc *v, const char *previous);
/* Object member by position; walks there, so not for loops. */
const char *json_doc_key_at(const struct json_doc *v, size_t i);
const struct json_doc *json_doc_value_at(const struct json_doc *v, size_t i);

/* Typed reading: NULL / fallback when ${v} is NULL or of another type.  A
 * whole number may be read as a real one, not the other way. */
const char *json_doc_string(const struct json_doc *v);
size_t json_doc_string_len(const struct json_doc *v);
int64_t json_doc_int(const struct json_doc *v, int64_t fallback);
double json_doc_real(const struct json_doc *v, double fallback);
int json_doc_bool(const struct json_doc *v, int fallback);

/* ERR_UNKNOWN naming the first member that is not in ${keys}
 * (NULL-terminated); ${where} names the object in the message. */
enum err json_doc_only(const struct json_doc *v, const char *const *keys,
    const char *where, struct err_info *info) MUST_USE;

/* Required typed members: ERR_SYNTAX naming ${where} and the key. */
enum err json_doc_need_string(const struct json_doc *v, const char *key,
    const char *where, const char **ret, struct err_info *info) MUST_USE;
enum err json_doc_need_int(const struct json_doc *v, const char *key,
    int64_t min, int64_t max, const char *where, int64_t *ret,
    struct err_info *info) MUST_USE;

/* Building.  Setters take ownership of ${child} even on failure.  A failed
 * allocation (or a string that is not UTF-8) is remembered for the thread and
 * returned as ERR_NOMEM by its next json_doc_dump. */
struct json_doc *json_doc_new_object(void);
struct json_doc *json_doc_new_array(void);
/* A whole copy, owned by the caller. */
struct json_doc *json_doc_copy(const struct json_doc *v);
void json_doc_set(struct json_doc *obj, const char *key,
    struct json_doc *child);
void json_doc_set_string(struct json_doc *obj, const char *key,
    const char *value);
void json_doc_set_int(struct json_doc *obj, const char *key, int64_t value);
void json_doc_set_real(struct json_doc *obj, const char *key, double value);
void json_doc_set_bool(struct json_doc *obj, const char *key, int value);
void json_doc_add(struct json_doc *array, struct json_doc *child);
void json_doc_add_string(struct json_doc *array, const char *value);
void json_doc_add_int(struct json_doc *array, int64_t value);

/* Append the document's text: members in insertion order, deterministic, reals
 * with 15 digits; ${indent} (up to 31) 0 for one line.  Always ends with LF. */
enum err json_doc_dump(const struct json_doc *doc, unsigned indent,
    struct buf *out) MUST_USE;

#endif
