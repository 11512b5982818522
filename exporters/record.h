/* exporters/record.h - signed texts as structs: one table per kind.
 *
 * A kind is a table of (key, where in the struct, grammar).  Members of the
 * struct are `const char *` or, for `key-#`, `struct record_run`.  The writer
 * borrows them; parsed ones belong to the struct's `struct record_doc` and live
 * until record_release.  Writer and parser check the same grammar, so nothing
 * can be written that is not read back.
 */
#ifndef AZUKARI_EXPORTERS_RECORD_H
#define AZUKARI_EXPORTERS_RECORD_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/text.h"

#define RECORD_FIELDS_MAX 64

enum record_kind {
	RECORD_TEXT,            /* any value of a signed text */
	RECORD_EXPORT,          /* EXP-YYYY-NNNN */
	RECORD_EXPORT_OR_NONE,
	RECORD_HEX32,           /* 64 hex digits */
	RECORD_HEX32_OR_NONE,
	RECORD_HEX16,           /* 32 hex digits */
	RECORD_OWNER,           /* 01 to 47 */
	RECORD_NAME,            /* [a-z][a-z0-9-]{0,31} */
	RECORD_AGE,             /* age1… as text; keys/age.h checks the key */
	RECORD_DAY,
	RECORD_TIME,
	RECORD_UINT,
	RECORD_COUNT,           /* digits, `<N`, or `-` */
	RECORD_REASON,          /* withdrawal, erasure, recall */
	RECORD_RUN,             /* struct record_run of TEXT */
	RECORD_RUN_HEX16,       /* struct record_run of HEX16 */
};

struct record_run {
	const char *const *items;
	size_t len;
};

/* Owner of what was parsed; zeroed in a struct that is only written. */
struct record_doc {
	struct text *text;
	const char **items;
};
void record_release(struct record_doc *d);

struct record_field {
	const char *key;
	size_t offset;          /* of the member in the struct */
	enum record_kind kind;
};

struct record_type {
	const char *kind;               /* "statement" */
	const struct record_field *fields;
	size_t count;                   /* at most RECORD_FIELDS_MAX */
};

/* Append the text of ${values} (a struct of that type).  ERR_SYNTAX naming the
 * key for a value outside its grammar or a member that is NULL. */
enum err record_write(const struct record_type *type, const void *values,
    struct buf *out, struct err_info *info) MUST_USE;

/* Parse ${bytes} into the members of ${ret_values} and ${ret_doc}; both are
 * untouched on failure.  Errors of text_parse, ERR_SYNTAX naming the key. */
enum err record_parse(const struct record_type *type, struct bytes bytes,
    void *ret_values, struct record_doc *ret_doc,
    struct err_info *info) MUST_USE;

/* 1 when ${text} is EXP-YYYY-NNNN (four digits or more). */
int record_is_export(const char *text);

#endif
