/* policy/disclosure/ladder_json.c - ladders that are computed. */
#include <stdlib.h>
#include <string.h>

#include "core/json_doc.h"
#include "policy/disclosure/ladder_internal.h"

#define STEP_MAX 1000000000

/* The field, if it is known, is of one of those kinds. */
static enum err
need_kind(const struct ladder *l, const char *kind,
    const enum survey_kind *fit, size_t fit_len, struct err_info *info)
{
	size_t i;

	if (l->field == NULL)
		return ERR_OK;
	for (i = 0; i < fit_len; i++)
		if (l->field->kind == fit[i])
			return ERR_OK;
	return err_at(info, ERR_UNSUPPORTED, 0, "a ladder of kind %s does not "
	    "fit field %s", kind, l->field->name);
}

/* `levels`: their number bounds the ladder. */
static enum err
need_levels(const struct json_doc *doc, const struct json_doc **ret,
    struct err_info *info)
{
	const struct json_doc *levels = json_doc_get(doc, "levels");

	if (levels == NULL || json_doc_type(levels) != JSON_DOC_ARRAY)
		return err_at(info, ERR_SYNTAX, 0,
		    "levels: must be given, as an array");
	if (json_doc_len(levels) < 1)
		return err_at(info, ERR_RANGE, 0, "levels: there is none");
	/* Level 0 and the last one come on top. */
	if (json_doc_len(levels) > LADDER_LEVELS_MAX - 2)
		return err_at(info, ERR_LIMIT, 0, "levels: more than %d",
		    LADDER_LEVELS_MAX - 2);
	*ret = levels;
	return ERR_OK;
}

static enum err
read_numbers(struct ladder *l, const struct json_doc *levels,
    struct err_info *info)
{
	const struct json_doc *item;
	size_t i;

	for (i = 0; i < json_doc_len(levels); i++) {
		item = json_doc_at(levels, i);
		if (json_doc_type(item) != JSON_DOC_INT)
			return err_at(info, ERR_SYNTAX, 0,
			    "levels[%zu]: must be a whole number", i);
		l->steps[i] = json_doc_int(item, 0);
		if (l->steps[i] < 1 || l->steps[i] > STEP_MAX)
			return err_at(info, ERR_RANGE, 0,
			    "levels[%zu]: must be from 1 to %d", i, STEP_MAX);
	}
	l->steps_len = i;
	return ERR_OK;
}

static enum err
read_edge(const struct json_doc *doc, const char *key, int *ret_has,
    int64_t *ret, struct err_info *info)
{
	if (json_doc_get(doc, key) == NULL)
		return ERR_OK;
	*ret_has = 1;
	return json_doc_need_int(doc, key, -STEP_MAX, STEP_MAX, "ladder", ret,
	    info);
}

static enum err
read_bands(struct ladder *l, const struct json_doc *doc,
    struct err_info *info)
{
	static const char *const keys[] = {"azukari", "kind", "levels",
	    "bottom", "top", NULL};
	static const enum survey_kind fit[] = {SURVEY_KIND_INTEGER,
	    SURVEY_KIND_NUMBER};
	const struct json_doc *levels;
	size_t i;

	RETURN_IF(need_kind(l, "bands", fit, ARRAY_LEN(fit), info));
	RETURN_IF(json_doc_only(doc, keys, "ladder", info));
	RETURN_IF(need_levels(doc, &levels, info));
	RETURN_IF(read_numbers(l, levels, info));
	for (i = 1; i < l->steps_len; i++)
		if (l->steps[i] <= l->steps[i - 1] ||
		    l->steps[i] % l->steps[i - 1] != 0)
			return err_at(info, ERR_MISMATCH, 0, "levels[%zu]: "
			    "bands of %lld do not nest in bands of %lld", i,
			    (long long)l->steps[i - 1],
			    (long long)l->steps[i]);
	RETURN_IF(read_edge(doc, "bottom", &l->has_bottom, &l->bottom, info));
	RETURN_IF(read_edge(doc, "top", &l->has_top, &l->top, info));
	if (l->has_bottom && l->has_top && l->bottom >= l->top)
		return err_at(info, ERR_RANGE, 0,
		    "top: must be above bottom");
	l->kind = LADDER_BANDS;
	return ERR_OK;
}

static enum err
read_date(struct ladder *l, const struct json_doc *doc, struct err_info *info)
{
	static const char *const keys[] = {"azukari", "kind", "levels", NULL};
	static const char *const units[] = {"week", "third", "month", "year"};
	static const enum survey_kind fit[] = {SURVEY_KIND_DATE};
	const struct json_doc *levels;
	const char *word;
	size_t i, unit;

	RETURN_IF(need_kind(l, "date", fit, ARRAY_LEN(fit), info));
	RETURN_IF(json_doc_only(doc, keys, "ladder", info));
	RETURN_IF(need_levels(doc, &levels, info));
	for (i = 0; i < json_doc_len(levels); i++) {
		word = json_doc_string(json_doc_at(levels, i));
		for (unit = 0; unit < ARRAY_LEN(units); unit++)
			if (word != NULL && strcmp(word, units[unit]) == 0)
				break;
		if (unit == ARRAY_LEN(units))
			return err_at(info, ERR_UNKNOWN, 0, "levels[%zu]: "
			    "must be week, third, month or year", i);
		if (i > 0 && (int64_t)unit <= l->steps[i - 1])
			return err_at(info, ERR_MISMATCH, 0, "levels[%zu]: "
			    "must be coarser than the one before", i);
		l->steps[i] = (int64_t)unit;
	}
	l->steps_len = i;
	l->kind = LADDER_DATE;
	return ERR_OK;
}

static enum err
read_prefix(struct ladder *l, const struct json_doc *doc,
    struct err_info *info)
{
	static const char *const keys[] = {"azukari", "kind", "levels", NULL};
	static const enum survey_kind fit[] = {SURVEY_KIND_CODE,
	    SURVEY_KIND_DIGITS, SURVEY_KIND_TEXT};
	const struct json_doc *levels;
	size_t i;

	RETURN_IF(need_kind(l, "prefix", fit, ARRAY_LEN(fit), info));
	RETURN_IF(json_doc_only(doc, keys, "ladder", info));
	RETURN_IF(need_levels(doc, &levels, info));
	RETURN_IF(read_numbers(l, levels, info));
	for (i = 1; i < l->steps_len; i++)
		if (l->steps[i] >= l->steps[i - 1])
			return err_at(info, ERR_MISMATCH, 0, "levels[%zu]: "
			    "must be shorter than the one before", i);
	l->kind = LADDER_PREFIX;
	return ERR_OK;
}

static enum err
read_kind(struct ladder *l, const struct json_doc *doc, struct err_info *info)
{
	const char *version, *kind;

	if (json_doc_type(doc) != JSON_DOC_OBJECT)
		return err_at(info, ERR_SYNTAX, 0, "not an object");
	RETURN_IF(json_doc_need_string(doc, "azukari", "ladder", &version,
	    info));
	if (strcmp(version, "ladder v1") != 0)
		return err_at(info, ERR_UNSUPPORTED, 0,
		    "azukari: must be \"ladder v1\"");
	RETURN_IF(json_doc_need_string(doc, "kind", "ladder", &kind, info));
	if (strcmp(kind, "bands") == 0)
		return read_bands(l, doc, info);
	if (strcmp(kind, "date") == 0)
		return read_date(l, doc, info);
	if (strcmp(kind, "prefix") == 0)
		return read_prefix(l, doc, info);
	return err_at(info, ERR_UNKNOWN, 0,
	    "kind: must be bands, date or prefix");
}

enum err
ladder_read_json(struct ladder *l, struct bytes file, struct err_info *info)
{
	CLEANUP(json_doc_cleanup) struct json_doc *doc = NULL;

	RETURN_IF(json_doc_parse(file, LADDER_FILE_MAX, &doc, info));
	RETURN_IF(read_kind(l, doc, info));
	l->levels = (unsigned)l->steps_len + 2;
	l->top_is_one = 1;
	return ERR_OK;
}
