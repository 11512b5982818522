/* survey/answers.h - answers: checked values, packed bytes, cells of text.
 *
 * The packed form is FORMATS section 5.2.  It is canonical: one list of
 * answers has exactly one encoding, and decoding refuses every other.
 */
#ifndef AZUKARI_SURVEY_ANSWERS_H
#define AZUKARI_SURVEY_ANSWERS_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"
#include "survey/survey.h"

#define ANSWERS_FORMAT 1
#define ANSWERS_PACKED_MAX ((size_t)64 << 10)
#define ANSWERS_CELL_MAX 32       /* scratch of answers_cell */

struct answers_value {
	int answered;
	int64_t number;         /* by survey_kind; 0 where it has none */
	struct bytes bytes;     /* text, or a list's bit set, maybe cut short */
};

/* ---- making: one builder per survey, used again for each answer ---- */

struct answers_builder {
	const struct survey *survey;     /* borrowed */
	struct answers_value *values;    /* one per field */
	uint8_t *lists;                  /* bit sets of answered list fields */
	size_t lists_used;
	size_t values_bytes, lists_bytes;
};

/* ${s} is borrowed and must outlive the builder.  ERR_NOMEM. */
enum err answers_builder_init(struct answers_builder *b,
    const struct survey *s) MUST_USE;
void answers_builder_release(struct answers_builder *b);  /* wipes */

/* Forget all values (wiped). */
void answers_clear(struct answers_builder *b);

/* Set one field from a value as it was given.  ${f} is a field of the
 * builder's survey.  ERR_MISMATCH: not this field's type; ERR_RANGE: below
 * minimum, above maximum, more decimals than the field has; ERR_UNKNOWN: no
 * such category; ERR_SYNTAX: pattern; ERR_LIMIT: too long; ERR_ENCODING: text
 * that is not clean; ERR_DUPLICATE: set twice, or an option given twice. */
enum err answers_set_text(struct answers_builder *b,
    const struct survey_field *f, struct bytes text) MUST_USE;
       /* code, date (YYYY-MM-DD), digits or text; text is borrowed until
        * the builder is cleared */
enum err answers_set_integer(struct answers_builder *b,
    const struct survey_field *f, int64_t v) MUST_USE;
       /* integer or number; for a number v is not yet scaled */
enum err answers_set_scaled(struct answers_builder *b,
    const struct survey_field *f, int64_t v) MUST_USE;
       /* number: v is value * 10^decimals */
enum err answers_set_real(struct answers_builder *b,
    const struct survey_field *f, double v) MUST_USE;
       /* number: must be a decimal of at most `decimals` places */
enum err answers_set_boolean(struct answers_builder *b,
    const struct survey_field *f, int v) MUST_USE;
enum err answers_set_cell(struct answers_builder *b,
    const struct survey_field *f, struct bytes text) MUST_USE;
       /* any type but list, as answers_cell writes it */
enum err answers_set_list(struct answers_builder *b,
    const struct survey_field *f) MUST_USE;          /* answered, no option */
enum err answers_add_option(struct answers_builder *b,
    const struct survey_field *f, struct bytes code) MUST_USE;

/* The rules across fields: required (ERR_NOT_FOUND), only_if (ERR_STATE),
 * exclusive (ERR_RANGE).  ${ret_field} (may be NULL) is the offender. */
enum err answers_check(const struct answers_builder *b,
    const struct survey_field **ret_field) MUST_USE;

/* 1 when field ${f} is asked, given the answers before it (one value per field
 * of ${s}). */
int answers_asked(const struct survey *s, const struct answers_value *values,
    const struct survey_field *f);

/* Append the packed bytes.  ERR_LIMIT above ANSWERS_PACKED_MAX. */
enum err answers_encode(const struct survey *s,
    const struct answers_value *values, struct buf *out) MUST_USE;

/* ---- reading ---- */

/* Decode into ${ret}, survey->fields_len values of the caller; texts and bit
 * sets are borrowed from ${packed}.  Nothing is allocated.  ERR_CORRUPT for
 * bytes this survey's encoder would not have made: unknown format, a value
 * outside its categories or bounds, a second encoding, bytes left over.
 * Patterns and the rules across fields were checked when it was made. */
enum err answers_decode(const struct survey *s, struct bytes packed,
    struct answers_value *ret) MUST_USE;

/* 1 when the list has category ${option}; 0 also when not answered. */
int answers_list_has(const struct answers_value *v, size_t option);

/* Cell ${column} (0 .. field->columns-1) as CSV has it, unquoted: "" when not
 * answered; a list's option "0" or "1"; a code itself; number with its
 * decimals; date YYYY-MM-DD; boolean "true" or "false".  The bytes are static,
 * of the survey, of the value or of ${scratch}, and are not NUL-terminated. */
struct bytes answers_cell(const struct survey_field *f,
    const struct answers_value *v, size_t column,
    char scratch[ANSWERS_CELL_MAX]);

/* Name of column ${column}: FIELD, or FIELD_OPTION for a list. */
void answers_column_name(const struct survey_field *f, size_t column,
    char ret[SURVEY_COLUMN_NAME_MAX + 1]);

#endif
