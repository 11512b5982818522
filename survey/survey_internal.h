/* survey/survey_internal.h - shared by the files of survey/ only. */
#ifndef AZUKARI_SURVEY_SURVEY_INTERNAL_H
#define AZUKARI_SURVEY_SURVEY_INTERNAL_H

#include "core/json_doc.h"
#include "survey/survey.h"

/* Blocks that live as long as their survey. */
struct survey_memory {
	struct survey_memory *next;
};

/* What the parser of a document carries along. */
struct survey_parser {
	struct survey *s;               /* being built */
	struct survey_field *fields;    /* s->fields, writable */
	struct err_info *info;          /* may be NULL */
	char where[SURVEY_NAME_MAX + 16];  /* "field Q04" for messages */
};

/* Zeroed memory that is freed with ${s}; NULL when there is none. */
void *survey_alloc(struct survey *s, size_t count, size_t size);
/* Copy of ${len} bytes with a NUL behind; NULL when memory is out. */
char *survey_copy(struct survey *s, const void *bytes, size_t len);

/* A table of names: open addressing, slots hold index + 1. */
struct survey_names {
	uint32_t *slots;
	size_t mask;
};
/* Room for ${len} names; the slots live as long as ${s}. */
enum err survey_names_init(struct survey *s, size_t len,
    struct survey_names *ret) MUST_USE;
uint64_t survey_hash(struct bytes name);

/* Fill field ${index} from ${v}; its name is set and checked already. */
enum err survey_field_parse(struct survey_parser *p,
    const struct json_doc *v, size_t index) MUST_USE;
/* constraints other than enum, and the kind that follows. */
enum err survey_constraints_parse(struct survey_parser *p,
    const struct json_doc *v, struct survey_field *f) MUST_USE;
enum err survey_only_if_parse(struct survey_parser *p,
    const struct json_doc *v, struct survey_field *f) MUST_USE;

/* Optional human text ${key} of ${v}, copied; ${fallback} where it is absent.
 * ERR_SYNTAX, ERR_ENCODING, ERR_LIMIT. */
enum err survey_text_parse(struct survey_parser *p, const struct json_doc *v,
    const char *key, const char *fallback, const char **ret) MUST_USE;

/* `[A-Za-z0-9_]{1,32}`. */
int survey_is_code(const char *code, size_t len);

/* ${v} * 10^${decimals} when that is a whole number of at most 15 digits:
 * ERR_RANGE otherwise.  ${v} must be the double nearest to its decimal. */
enum err survey_scale_real(double v, unsigned decimals,
    int64_t *ret) MUST_USE;
enum err survey_scale_integer(int64_t v, unsigned decimals,
    int64_t *ret) MUST_USE;

#endif
