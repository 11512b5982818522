/* survey/survey_constraints.c - constraints, the kind of value that follows
 * from them, and only_if. */
#include <string.h>

#include "core/clock.h"
#include "survey/survey_internal.h"

static enum err
parse_bound_date(struct survey_parser *p, const struct json_doc *v,
    int64_t *ret)
{
	const char *text = json_doc_string(v);
	int32_t day;

	if (text == NULL || clock_parse_date(bytes_str(text), &day) != ERR_OK ||
	    day < SURVEY_DATE_LEAST)
		return err_at(p->info, ERR_SYNTAX, 0, "%s: a minimum or "
		    "maximum of a date must be a day, \"YYYY-MM-DD\", of 1600 to 2999",
		    p->where);
	*ret = day;
	return ERR_OK;
}

static enum err
parse_bound_number(struct survey_parser *p, const struct json_doc *v,
    const struct survey_field *f, int64_t *ret)
{
	enum err e = ERR_SYNTAX;

	if (json_doc_type(v) == JSON_DOC_INT)
		e = survey_scale_integer(json_doc_int(v, 0), f->decimals, ret);
	else if (json_doc_type(v) == JSON_DOC_REAL &&
	    f->type == SURVEY_NUMBER)
		e = survey_scale_real(json_doc_real(v, 0), f->decimals, ret);
	if (e == ERR_SYNTAX)
		return err_at(p->info, e, 0, "%s: a minimum or maximum must "
		    "be a number of the field's type", p->where);
	if (e == ERR_RANGE)
		return err_at(p->info, e, 0, "%s: a minimum or maximum has "
		    "more than 15 digits or more than %u decimals", p->where,
		    f->decimals);
	return e;
}

static enum err
parse_bound(struct survey_parser *p, const struct json_doc *v,
    const struct survey_field *f, int *ret_has, int64_t *ret)
{
	*ret_has = v != NULL;
	if (v == NULL)
		return ERR_OK;
	switch (f->type) {
	case SURVEY_DATE:
		return parse_bound_date(p, v, ret);
	case SURVEY_INTEGER:
	case SURVEY_NUMBER:
		return parse_bound_number(p, v, f, ret);
	case SURVEY_STRING:
	case SURVEY_LIST:
	case SURVEY_BOOLEAN:
	default:
		return err_at(p->info, ERR_RANGE, 0, "%s: \"minimum\" and "
		    "\"maximum\" belong to types integer, number and date",
		    p->where);
	}
}

int64_t
survey_date_base(const struct survey_field *f)
{
	return f->has_minimum && f->minimum < SURVEY_DATE_FIRST ? f->minimum :
	    SURVEY_DATE_FIRST;
}

/* Without bounds of its own a field has those of its kind. */
static enum err
parse_bounds(struct survey_parser *p, const struct json_doc *v,
    struct survey_field *f)
{
	int date = f->type == SURVEY_DATE;

	f->minimum = date ? SURVEY_DATE_FIRST : -SURVEY_NUMBER_MAX;
	f->maximum = SURVEY_NUMBER_MAX;
	RETURN_IF(parse_bound(p, json_doc_get(v, "minimum"), f,
	    &f->has_minimum, &f->minimum));
	if (date)
		f->maximum = survey_date_base(f) + SURVEY_DATE_DAYS - 1;
	RETURN_IF(parse_bound(p, json_doc_get(v, "maximum"), f,
	    &f->has_maximum, &f->maximum));
	if (date && f->maximum < SURVEY_DATE_FIRST && !f->has_minimum)
		return err_at(p->info, ERR_RANGE, 0, "%s: dates begin with "
		    "2000-01-01 where there is no earlier \"minimum\"",
		    p->where);
	if (f->minimum > f->maximum)
		return err_at(p->info, ERR_RANGE, 0,
		    "%s: \"minimum\" is above \"maximum\"", p->where);
	if (date && f->maximum - survey_date_base(f) >= SURVEY_DATE_DAYS)
		return err_at(p->info, ERR_RANGE, 0, "%s: dates must lie "
		    "within 65535 days, from 2000-01-01 or an earlier "
		    "\"minimum\"", p->where);
	return ERR_OK;
}

static enum err
parse_pattern(struct survey_parser *p, const struct json_doc *v,
    struct survey_field *f)
{
	const char *text = json_doc_string(v), *why = NULL;
	enum err e;

	if (text == NULL)
		return err_at(p->info, ERR_SYNTAX, 0,
		    "%s: \"pattern\" must be a text", p->where);
	e = pattern_parse(text, &f->pattern, &why);
	if (e != ERR_OK)
		return err_at(p->info, e, 0, "%s: \"pattern\": %s", p->where,
		    why);
	f->pattern_text = survey_copy(p->s, text, strlen(text));
	return f->pattern_text != NULL ? ERR_OK : ERR_NOMEM;
}

static enum err
parse_text_rules(struct survey_parser *p, const struct json_doc *v,
    struct survey_field *f)
{
	const struct json_doc *pattern = json_doc_get(v, "pattern");
	const struct json_doc *length = json_doc_get(v, "maxLength");
	int64_t n;

	if (pattern == NULL && length == NULL)
		return ERR_OK;
	if (f->type != SURVEY_STRING || f->categories_len > 0)
		return err_at(p->info, ERR_RANGE, 0,
		    "%s: \"pattern\" and \"maxLength\" belong to type string "
		    "without categories only", p->where);
	if (pattern != NULL)
		RETURN_IF(parse_pattern(p, pattern, f));
	if (length != NULL) {
		RETURN_IF(json_doc_need_int(v, "maxLength", 1,
		    SURVEY_TEXT_MAX, p->where, &n, p->info));
		f->max_length = (size_t)n;
	}
	return ERR_OK;
}

static enum err
parse_required(struct survey_parser *p, const struct json_doc *v,
    struct survey_field *f)
{
	if (v != NULL && json_doc_type(v) != JSON_DOC_BOOL)
		return err_at(p->info, ERR_SYNTAX, 0,
		    "%s: \"required\" must be true or false", p->where);
	f->required = json_doc_bool(v, 0);
	return ERR_OK;
}

static enum survey_kind
kind_of_string(struct survey_field *f)
{
	unsigned digits = pattern_digits(&f->pattern);

	if (f->categories_len > 0)
		return SURVEY_KIND_CODE;
	if (digits < 1 || digits > 18)
		return SURVEY_KIND_TEXT;
	f->digits = digits;
	return SURVEY_KIND_DIGITS;
}

static enum survey_kind
kind_of(struct survey_field *f)
{
	switch (f->type) {
	case SURVEY_LIST:
		return SURVEY_KIND_LIST;
	case SURVEY_INTEGER:
		return SURVEY_KIND_INTEGER;
	case SURVEY_NUMBER:
		return SURVEY_KIND_NUMBER;
	case SURVEY_DATE:
		return SURVEY_KIND_DATE;
	case SURVEY_BOOLEAN:
		return SURVEY_KIND_BOOLEAN;
	case SURVEY_STRING:
	default:
		return kind_of_string(f);
	}
}

enum err
survey_constraints_parse(struct survey_parser *p, const struct json_doc *v,
    struct survey_field *f)
{
	static const char *const keys[] = {"required", "enum", "minimum",
	    "maximum", "pattern", "maxLength", NULL};
	const struct json_doc *c = json_doc_get(v, "constraints");

	if (c != NULL && json_doc_type(c) != JSON_DOC_OBJECT)
		return err_at(p->info, ERR_SYNTAX, 0,
		    "%s: \"constraints\" must be an object", p->where);
	if (c != NULL)
		RETURN_IF(json_doc_only(c, keys, p->where, p->info));
	RETURN_IF(parse_required(p, json_doc_get(c, "required"), f));
	RETURN_IF(parse_bounds(p, c, f));
	RETURN_IF(parse_text_rules(p, c, f));
	f->kind = kind_of(f);
	return ERR_OK;
}

/* A value of only_if, as the other field's `number` would be. */
static enum err
parse_condition_value(const struct survey_field *other,
    const struct json_doc *v, int64_t *ret)
{
	const char *text = json_doc_string(v);
	size_t at;

	if (other->categories_len > 0 && text != NULL) {
		RETURN_IF(survey_find_category(other, bytes_str(text), &at));
		*ret = (int64_t)at;
	} else if (other->type == SURVEY_INTEGER &&
	    json_doc_type(v) == JSON_DOC_INT) {
		*ret = json_doc_int(v, 0);
	} else if (other->type == SURVEY_BOOLEAN &&
	    json_doc_type(v) == JSON_DOC_BOOL) {
		*ret = json_doc_bool(v, 0);
	} else {
		return ERR_SYNTAX;
	}
	return ERR_OK;
}

static enum err
parse_condition_values(struct survey_parser *p, const struct json_doc *list,
    struct survey_field *f)
{
	const struct survey_field *other = &p->fields[f->only_if.field];
	size_t i, len = json_doc_len(list);
	int64_t *in;

	if (list == NULL || json_doc_type(list) != JSON_DOC_ARRAY ||
	    len == 0 || len > SURVEY_OPTIONS_MAX)
		return err_at(p->info, ERR_SYNTAX, 0, "%s: \"only_if\" needs "
		    "\"in\", a list of 1 to %d values", p->where,
		    SURVEY_OPTIONS_MAX);
	if ((in = survey_alloc(p->s, len, sizeof(*in))) == NULL)
		return ERR_NOMEM;
	for (i = 0; i < len; i++)
		if (parse_condition_value(other, json_doc_at(list, i),
		    &in[i]) != ERR_OK)
			return err_at(p->info, ERR_UNKNOWN, 0, "%s: "
			    "\"only_if\": value %zu of \"in\" is no code, "
			    "integer or truth value of field %s", p->where,
			    i + 1, other->name);
	f->only_if.in = in;
	f->only_if.len = len;
	f->only_if.present = 1;
	return ERR_OK;
}

enum err
survey_only_if_parse(struct survey_parser *p, const struct json_doc *v,
    struct survey_field *f)
{
	static const char *const keys[] = {"field", "in", NULL};
	const struct json_doc *c = json_doc_get(v, "only_if");
	const struct survey_field *other;
	const char *name;

	if (c == NULL)
		return ERR_OK;
	if (json_doc_type(c) != JSON_DOC_OBJECT)
		return err_at(p->info, ERR_SYNTAX, 0,
		    "%s: \"only_if\" must be an object", p->where);
	RETURN_IF(json_doc_only(c, keys, p->where, p->info));
	RETURN_IF(json_doc_need_string(c, "field", p->where, &name, p->info));
	other = survey_find(p->s, bytes_str(name));
	if (other == NULL || other->index >= f->index)
		return err_at(p->info, ERR_UNKNOWN, 0, "%s: \"only_if\" must "
		    "name a field that stands before it", p->where);
	f->only_if.field = other->index;
	return parse_condition_values(p, json_doc_get(c, "in"), f);
}
