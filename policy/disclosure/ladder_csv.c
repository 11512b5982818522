/* policy/disclosure/ladder_csv.c - ladders written as tables: a tree
 * (hierarchy.h) that has a place for every value of its field. */
#include <stdio.h>

#include "core/clock.h"
#include "policy/disclosure/ladder_internal.h"

/* ---- the field's values, and no others ---- */

/* A whole number as the survey writes it. */
static int
is_integer(const struct survey_field *f, struct bytes v)
{
	int64_t n = 0;
	int minus = v.len > 0 && v.data[0] == '-';
	size_t i = minus ? 1 : 0;

	if (v.len - i < 1 || v.len - i > 15 ||
	    (v.data[i] == '0' && (v.len - i > 1 || minus)))
		return 0;
	for (; i < v.len; i++) {
		if (v.data[i] < '0' || v.data[i] > '9')
			return 0;
		n = n * 10 + (v.data[i] - '0');
	}
	n = minus ? -n : n;
	return (!f->has_minimum || n >= f->minimum) &&
	    (!f->has_maximum || n <= f->maximum);
}

static int
is_digits(struct bytes v, size_t len)
{
	size_t i;

	for (i = 0; i < v.len; i++)
		if (v.data[i] < '0' || v.data[i] > '9')
			return 0;
	return v.len == len;
}

/* 1 when the field can take that value, as far as it can be told. */
static int
is_value(const struct survey_field *f, struct bytes v)
{
	size_t category;
	int32_t day;

	switch (f->kind) {
	case SURVEY_KIND_CODE:
		return survey_find_category(f, v, &category) == ERR_OK;
	case SURVEY_KIND_BOOLEAN:
		return bytes_equal(v, bytes_str("true")) ||
		    bytes_equal(v, bytes_str("false"));
	case SURVEY_KIND_INTEGER:
		return is_integer(f, v);
	case SURVEY_KIND_DATE:
		return clock_parse_date(v, &day) == ERR_OK;
	case SURVEY_KIND_DIGITS:
		return is_digits(v, f->digits);
	case SURVEY_KIND_TEXT:
		return f->pattern.len == 0 || pattern_matches(&f->pattern, v);
	case SURVEY_KIND_NUMBER:
	case SURVEY_KIND_LIST:
	default:
		return 0;
	}
}

static enum err
check_values(const struct ladder *l, struct err_info *info)
{
	struct bytes value;
	uint32_t leaf;

	for (leaf = 0; leaf < hierarchy_leaves(l->tree); leaf++) {
		value = hierarchy_text(l->tree, 0, leaf);
		if (leaf + 1 != l->other && !is_value(l->field, value))
			return err_at(info, ERR_UNKNOWN, 0, "\"%.64s\" is no "
			    "value of field %s", (const char *)value.data,
			    l->field->name);
	}
	return ERR_OK;
}

static enum err
missing(const struct ladder *l, const char *value, struct err_info *info)
{
	return err_at(info, ERR_NOT_FOUND, 0,
	    "\"%.64s\" of field %s is missing", value, l->field->name);
}

static enum err
need_value(const struct ladder *l, const char *value, struct err_info *info)
{
	uint32_t leaf;

	if (hierarchy_find(l->tree, bytes_str(value), &leaf) != ERR_OK)
		return missing(l, value, info);
	return ERR_OK;
}

static enum err
need_integers(const struct ladder *l, struct err_info *info)
{
	char text[24];
	int64_t n;

	for (n = l->field->minimum; n <= l->field->maximum; n++) {
		(void)snprintf(text, sizeof(text), "%lld", (long long)n);
		RETURN_IF(need_value(l, text, info));
	}
	return ERR_OK;
}

/* Every value the field can take has a row.  Where they cannot be listed, the
 * row `*` must say what becomes of the rest. */
static enum err
check_complete(const struct ladder *l, struct err_info *info)
{
	const struct survey_field *f = l->field;
	size_t i;

	if (l->other != 0)
		return ERR_OK;
	if (f->kind == SURVEY_KIND_CODE) {
		for (i = 0; i < f->categories_len; i++)
			RETURN_IF(need_value(l, (const char *)
			    f->categories[i].value.data, info));
		return ERR_OK;
	}
	if (f->kind == SURVEY_KIND_BOOLEAN) {
		RETURN_IF(need_value(l, "false", info));
		return need_value(l, "true", info);
	}
	if (f->kind == SURVEY_KIND_INTEGER && f->has_minimum &&
	    f->has_maximum && f->maximum - f->minimum < HIERARCHY_LADDER_ROWS_MAX)
		return need_integers(l, info);
	return missing(l, LADDER_TOP, info);
}

enum err
ladder_read_csv(struct ladder *l, struct bytes file, struct err_info *info)
{
	uint32_t leaf;

	if (l->field != NULL && l->field->kind == SURVEY_KIND_NUMBER)
		return err_at(info, ERR_UNSUPPORTED, 0, "a table does not fit "
		    "field %s: a number takes bands", l->field->name);
	RETURN_IF(hierarchy_parse(file, ';', HIERARCHY_LADDER, &l->tree,
	    info));
	if (hierarchy_find(l->tree, bytes_str(LADDER_TOP), &leaf) == ERR_OK)
		l->other = leaf + 1;
	l->kind = LADDER_TABLE;
	l->levels = hierarchy_levels(l->tree);
	l->top_is_one = hierarchy_labels_len(l->tree, l->levels - 1) == 1;
	if (l->field == NULL)
		return ERR_OK;
	RETURN_IF(check_values(l, info));
	return check_complete(l, info);
}
