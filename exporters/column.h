/* exporters/column.h - the columns of an exported table, with their meaning.
 *
 * The one description from which header line, datapackage.json, load.py and
 * load.R are made.  A list field of the survey is one 0/1 column per option
 * (`FIELD_OPTION`); every other field is one column of its name.  Texts are
 * copied; a zeroed struct is an empty set.
 */
#ifndef AZUKARI_EXPORTERS_COLUMN_H
#define AZUKARI_EXPORTERS_COLUMN_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"
#include "survey/codebook.h"

#define COLUMN_NAME_MAX SURVEY_COLUMN_NAME_MAX  /* FIELD_OPTION */

enum column_type {
	COLUMN_STRING,          /* codes, patterns, everything generalised */
	COLUMN_INTEGER,
	COLUMN_NUMBER,
	COLUMN_DATE,
	COLUMN_BOOLEAN,         /* true, false */
	COLUMN_FLAG,            /* option of a list: 0, 1, empty = not answered */
};

/* The two columns in front of every table of responses. */
#define COLUMN_PSEUDONYM "pseudonym"
#define COLUMN_ANSWER "answer"
#define COLUMN_FIXED 2

struct column_category {
	const char *value;
	const char *label;      /* Japanese; NULL: none */
	const char *label_en;   /* NULL: none */
};

/* One column; texts borrowed while adding, owned by the set when read. */
struct column {
	const char *name;       /* in the CSV */
	const char *field;      /* survey field it comes from */
	enum column_type type;
	const char *title;              /* NULL: none */
	const char *title_en;           /* NULL: none */
	const char *description;        /* NULL: none */
	const struct column_category *categories;
	size_t category_count;
	const char *pattern;            /* NULL: none */
	const char *minimum, *maximum;  /* as JSON numbers; NULL: none */
	const char *rule;               /* "as-is" or "ladder:NAME" */
	unsigned level;                 /* level that was applied; 0 as is */
};

struct column_set {
	struct column *columns;
	void **memory;                  /* of each column; private */
	size_t len, cap;
};

void column_set_release(struct column_set *set);     /* CLEANUP-able */

/* Adds a copy of ${c}.  ERR_SYNTAX for a name outside the grammar of field
 * names joined with an option, ERR_DUPLICATE (also of the two columns every
 * table of responses begins with), ERR_LIMIT, ERR_NOMEM. */
enum err column_set_add(struct column_set *set,
    const struct column *c) MUST_USE;

/* What was decided for one field that leaves. */
struct column_rule {
	struct codebook_choice choice;
	const char *rule;       /* "as-is" or "ladder:NAME" */
	unsigned level;         /* level that was applied */
};

/* Adds the columns of all ${rules}, in their order, as survey/codebook.h
 * describes them.  Errors of column_set_add. */
enum err column_set_add_survey(struct column_set *set, const struct survey *s,
    const struct column_rule *rules, size_t count) MUST_USE;

#endif
