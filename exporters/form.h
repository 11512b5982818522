/* exporters/form.h - signed texts as structs: one table per kind.
 *
 * A kind is a table of (key, where in the struct, grammar).  Members of the
 * struct are `const char *` or, for `key-#`, `struct form_run`.  The writer
 * borrows them; parsed ones belong to the struct's `struct form_doc` and live
 * until form_release.  Writer and parser check the same grammar, so nothing
 * can be written that is not read back.
 */
#ifndef AZUKARI_EXPORTERS_FORM_H
#define AZUKARI_EXPORTERS_FORM_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/text.h"

#define FORM_FIELDS_MAX 64

enum form_kind {
	FORM_TEXT,            /* any value of a signed text */
	FORM_EXPORT,          /* EXP-YYYY-NNNN */
	FORM_EXPORT_OR_NONE,
	FORM_DAY_OR_NONE,
	FORM_HEX32,           /* 64 hex digits */
	FORM_HEX32_OR_NONE,
	FORM_HEX16,           /* 32 hex digits */
	FORM_OWNER,           /* 01 to 47 */
	FORM_NAME,            /* [a-z][a-z0-9-]{0,31} */
	FORM_AGE,             /* age1… as text; keys/age.h checks the key */
	FORM_DAY,
	FORM_TIME,
	FORM_UINT,
	FORM_COUNT,           /* digits, `<N`, or `-` */
	FORM_REASON,          /* withdrawal, erasure, recall */
	FORM_RUN,             /* struct form_run of TEXT */
	FORM_RUN_HEX16,       /* struct form_run of HEX16 */
};

struct form_run {
	const char *const *items;
	size_t len;
};

/* Owner of what was parsed; zeroed in a struct that is only written. */
struct form_doc {
	struct text *text;      /* to be freed only: its schema is gone */
	const char **items;
};
void form_release(struct form_doc *d);

struct form_field {
	const char *key;
	size_t offset;          /* of the member in the struct */
	enum form_kind kind;
};

struct form_type {
	const char *kind;               /* "statement" */
	const struct form_field *fields;
	size_t count;                   /* at most FORM_FIELDS_MAX */
};

/* Append the text of ${values} (a struct of that type).  ERR_SYNTAX naming the
 * key for a value outside its grammar or a member that is NULL. */
enum err form_write(const struct form_type *type, const void *values,
    struct buf *out, struct err_info *info) MUST_USE;

/* Parse ${bytes} into the members of ${values} (void on failure) and
 * ${ret_doc} (untouched on failure).  Errors of text_parse, ERR_SYNTAX naming
 * the key. */
enum err form_parse(const struct form_type *type, struct bytes bytes,
    void *values, struct form_doc *ret_doc, struct err_info *info) MUST_USE;

/* 1 when ${text} is EXP-YYYY-NNNN (four digits or more). */
int form_is_export(const char *text);

#endif
