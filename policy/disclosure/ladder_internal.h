/* policy/disclosure/ladder_internal.h - a ladder's inside. */
#ifndef AZUKARI_POLICY_DISCLOSURE_LADDER_INTERNAL_H
#define AZUKARI_POLICY_DISCLOSURE_LADDER_INTERNAL_H

#include "policy/disclosure/ladder.h"
#include "survey/answers.h"
#include "survey/survey.h"

enum ladder_kind {
	LADDER_AS_IS, LADDER_TABLE, LADDER_BANDS, LADDER_DATE, LADDER_PREFIX,
};

enum ladder_unit {
	LADDER_WEEK, LADDER_MONTH, LADDER_YEAR,
};

/* Rows of a CSV ladder: labels by row and column, column 0 the value. */
struct ladder_table {
	struct buf texts;          /* all cells, each with a NUL */
	size_t *cells;             /* offsets, rows * columns */
	size_t rows, rows_cap, columns;
	uint32_t *lookup;          /* value -> row + 1, open addressing */
	size_t lookup_mask;
	size_t other;              /* row + 1 of the value `*`; 0: none */
};

struct ladder {
	const struct survey_field *field;   /* borrowed */
	enum ladder_kind kind;
	unsigned levels;                    /* level 0 included */
	int top_is_one;                     /* the coarsest has one label */
	struct ladder_table table;
	int64_t steps[LADDER_LEVELS_MAX];   /* widths, units or lengths */
	size_t steps_len;
	int has_bottom, has_top;
	int64_t bottom, top;
};

/* Fill a zeroed ladder whose field is set. */
enum err ladder_read_csv(struct ladder *l, struct bytes file,
    struct err_info *info) MUST_USE;
enum err ladder_read_json(struct ladder *l, struct bytes file,
    struct err_info *info) MUST_USE;
void ladder_table_release(struct ladder_table *t);

/* Row of a table for that text, the row of `*` for one that is not listed;
 * ERR_UNKNOWN. */
enum err ladder_table_row(const struct ladder_table *t, struct bytes value,
    size_t *ret) MUST_USE;
struct bytes ladder_table_cell(const struct ladder_table *t, size_t row,
    size_t column);

/* Label of an answered value at ${level}, appended to ${out}; ${cell} is its
 * text at level 0. */
enum err ladder_label(const struct ladder *l, unsigned level,
    const struct answers_value *v, struct bytes cell,
    struct buf *out) MUST_USE;

#define LADDER_TOP "*"

/* FNV-1a, for tables. */
uint32_t ladder_hash(struct bytes text);

#endif
