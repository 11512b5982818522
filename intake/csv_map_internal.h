/* intake/csv_map_internal.h - a mapping as parsed, for its reader. */
#ifndef AZUKARI_INTAKE_CSV_MAP_INTERNAL_H
#define AZUKARI_INTAKE_CSV_MAP_INTERNAL_H

#include "core/json_doc.h"
#include "intake/csv_map.h"
#include "intake/draft_internal.h"

#define CSV_MAP_VALUES_MAX 1000        /* codes, missing, true, false */
#define CSV_MAP_PREFIX_MAX 64
#define CSV_MAP_CONSENT_SUFFIX "#consent"

/* Texts are NUL-terminated and borrowed from the mapping's document. */
struct csv_map_source {
	const char *column;     /* NULL: a row source */
	const char *prefix;     /* NULL: a column source */
};

struct csv_map_code {
	struct bytes raw, code;
};

struct csv_map_texts {
	struct bytes *items;
	size_t len;
};

/* One column of the survey's answers. */
struct csv_map_cell {
	const struct survey_field *field;
	const char *column;
	size_t option;          /* list: category index */
	size_t field_entry;     /* index into fields: codes, true, false */
};

struct csv_map_field {
	const struct survey_field *field;
	struct csv_map_code *codes;
	size_t codes_len;
	struct csv_map_texts yes, no;   /* list */
};

struct csv_map {
	const struct intake_rules *rules;
	const struct survey *survey;
	struct bytes survey_name;
	struct json_doc *doc;
	char delimiter;
	struct csv_map_texts missing;
	struct csv_map_source event, respondent;
	const char *time_column;
	int time_is_date;
	int has_consent;
	struct bytes consent_text;      /* "sha256:..." */
	struct csv_map_texts scopes;
	struct csv_map_field *fields;
	size_t fields_len;
	struct csv_map_cell *cells;
	size_t cells_len;
};

/* 1 when ${text} is among ${t}. */
int csv_map_has(const struct csv_map_texts *t, struct bytes text);

#endif
