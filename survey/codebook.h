/* survey/codebook.h - what each output column is, for whoever describes it.
 *
 * Pull: codebook_start, then codebook_next until 0.  Pure; nothing allocated.
 */
#ifndef AZUKARI_SURVEY_CODEBOOK_H
#define AZUKARI_SURVEY_CODEBOOK_H

#include "survey/answers.h"

struct codebook_choice {
	size_t field;           /* index in the survey */
	int generalised;        /* 1: texts of a ladder; the column is a string
	                         * (one column, also for a list) without
	                         * categories */
};

struct codebook_column {
	char name[SURVEY_COLUMN_NAME_MAX + 1];
	const struct survey_field *field;
	const char *type;       /* string, integer, number, date, boolean */
	const char *title, *title_en;           /* of the field */
	const char *option_label, *option_label_en; /* NULL unless an option */
	const char *description;                /* may be NULL */
	const struct survey_category *categories;  /* NULL when none apply */
	size_t categories_len;
	int categories_are_integers;  /* options of a list: values 0 and 1 */
	int generalised;
};

struct codebook {
	const struct survey *survey;             /* borrowed */
	const struct codebook_choice *choices;   /* borrowed */
	size_t choices_len;
	size_t choice, column;                   /* position */
};

void codebook_start(struct codebook *c, const struct survey *s,
    const struct codebook_choice *choices, size_t choices_len);

/* Fills ${ret} with the next column, in the order of the choices, and returns
 * 1; 0 at the end.  Borrowed parts live as long as the survey. */
int codebook_next(struct codebook *c, struct codebook_column *ret);

/* Number of columns all choices make together. */
size_t codebook_columns(const struct codebook *c);

#endif
