/* survey/survey.h - a survey document, parsed, checked and immutable.
 *
 * FORMATS section 6.1.  A document that offends against any rule does not
 * load; the error names file, line where known, field and rule.  A loaded
 * survey may be shared by threads.
 */
#ifndef AZUKARI_SURVEY_SURVEY_H
#define AZUKARI_SURVEY_SURVEY_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"
#include "survey/pattern.h"

#define SURVEY_NAME_MAX 32
#define SURVEY_FIELDS_MAX 256
#define SURVEY_OPTIONS_MAX 1000
#define SURVEY_COLUMNS_MAX 4000       /* one per field, per option of a list */
#define SURVEY_COLUMN_NAME_MAX (2 * SURVEY_NAME_MAX + 1)
#define SURVEY_TEXT_MAX 4096          /* bytes of one free text answer */
#define SURVEY_DECIMALS_MAX 6
/* Integers and scaled numbers have at most 15 digits: exact in every tool. */
#define SURVEY_NUMBER_MAX INT64_C(999999999999999)
#define SURVEY_DATE_FIRST 10957       /* 2000-01-01 as a day number */
#define SURVEY_DATE_DAYS 65535        /* that a field's dates can span */
#define SURVEY_DATE_LEAST (-135140)   /* 1600-01-01 */

enum survey_type {
	SURVEY_STRING, SURVEY_LIST, SURVEY_INTEGER, SURVEY_NUMBER, SURVEY_DATE,
	SURVEY_BOOLEAN,
};

enum survey_disclosure {
	SURVEY_UNCLASSIFIED,    /* may be taken in, is never exported */
	SURVEY_IDENTIFYING, SURVEY_QUASI_IDENTIFYING, SURVEY_SENSITIVE,
	SURVEY_INSENSITIVE,
};

/* How a field's answer is held; follows from the document. */
enum survey_kind {
	SURVEY_KIND_CODE,       /* string with categories: number = its index */
	SURVEY_KIND_LIST,       /* bytes = bit set, bit i+1 = category i */
	SURVEY_KIND_INTEGER,    /* number */
	SURVEY_KIND_NUMBER,     /* number = value * 10^decimals */
	SURVEY_KIND_DATE,       /* number = day number (core/clock.h) */
	SURVEY_KIND_BOOLEAN,    /* number = 0 or 1 */
	SURVEY_KIND_DIGITS,     /* string of n digits: number = their value */
	SURVEY_KIND_TEXT,       /* bytes = the text */
};

struct survey_category {
	struct bytes value;          /* NUL-terminated */
	const char *label;           /* never NULL; the value where none given */
	const char *label_en;        /* never NULL; label where none given */
	int exclusive;               /* list: stands alone */
};

struct survey_condition {
	int present;
	size_t field;                /* index, smaller than the field's own */
	size_t len;
	const int64_t *in;           /* category indexes, integers, or 0/1 */
};

struct survey_field {
	size_t index;
	const char *name;
	size_t name_len;
	enum survey_type type;
	enum survey_kind kind;
	enum survey_disclosure disclosure;
	const char *title, *title_en;      /* never NULL; the name where none */
	const char *description;           /* may be NULL */
	const struct survey_category *categories;
	size_t categories_len;             /* 0: none */
	int required;
	int has_exclusive;                 /* a list: some category stands alone */
	int has_minimum, has_maximum;
	int64_t minimum, maximum;          /* in the unit of `kind`'s number; its
	                                    * own limits where none are given */
	unsigned decimals;                 /* SURVEY_KIND_NUMBER */
	unsigned digits;                   /* SURVEY_KIND_DIGITS: how many */
	const char *pattern_text;          /* may be NULL */
	struct pattern pattern;
	size_t max_length;                 /* characters; 0: not given */
	struct survey_condition only_if;
	size_t columns;                    /* list: categories_len, else 1 */
	uint32_t *lookup;                  /* private to survey/ */
	size_t lookup_mask;
};

struct survey {
	const char *name;
	unsigned version;
	const char *title, *title_en;      /* never NULL */
	const struct survey_field *fields;
	size_t fields_len;
	const size_t *ruled;               /* indexes of fields that answers_check
	                                    * has something to say about */
	size_t ruled_len;
	size_t columns;                    /* sum over the fields */
	size_t list_bytes;                 /* sum of all lists' bit sets */
	uint32_t *lookup;                  /* private to survey/ */
	size_t lookup_mask;
	struct survey_memory *memory;      /* private to survey/ */
};

/* Parse and check ${text}; the caller owns the result (survey_free).  Any
 * offence is an error with ${info} (may be NULL; info->file is kept). */
enum err survey_parse(struct bytes text, struct survey **ret,
    struct err_info *info) MUST_USE;
void survey_free(struct survey *s);
void survey_cleanup(struct survey **s);

/* By name; NULL when there is none. */
const struct survey_field *survey_find(const struct survey *s,
    struct bytes name);

/* Index of a category by its code; ERR_UNKNOWN. */
enum err survey_find_category(const struct survey_field *f, struct bytes code,
    size_t *ret) MUST_USE;

/* "string", "list", ... and "quasi-identifying", ... ("" when unclassified). */
const char *survey_type_name(enum survey_type t);
const char *survey_disclosure_name(enum survey_disclosure d);

/* The day from which a date field's answers are counted (docs/FORMATS.md 5.2):
 * 2000-01-01, or its minimum where that is earlier. */
int64_t survey_date_base(const struct survey_field *f);

/* Bytes of a list's bit set when none is cut. */
size_t survey_list_bytes(const struct survey_field *f);

#endif
