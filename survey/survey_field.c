/* survey/survey_field.c - one field: its type, class and categories. */
#include <stdlib.h>
#include <string.h>

#include "survey/survey_internal.h"

static enum err
parse_type(struct survey_parser *p, const struct json_doc *v,
    struct survey_field *f)
{
	const char *name;
	int t;

	RETURN_IF(json_doc_need_string(v, "type", p->where, &name, p->info));
	for (t = SURVEY_STRING; t <= SURVEY_BOOLEAN; t++)
		if (strcmp(name, survey_type_name((enum survey_type)t)) == 0) {
			f->type = (enum survey_type)t;
			return ERR_OK;
		}
	return err_at(p->info, ERR_UNKNOWN, 0, "%s: \"type\" must be string, "
	    "list, integer, number, date or boolean", p->where);
}

static enum err
parse_disclosure(struct survey_parser *p, const struct json_doc *v,
    struct survey_field *f)
{
	const struct json_doc *member = json_doc_get(v, "disclosure");
	const char *name = json_doc_string(member);
	int d;

	f->disclosure = SURVEY_UNCLASSIFIED;
	if (member == NULL)
		return ERR_OK;
	for (d = SURVEY_IDENTIFYING; name && d <= SURVEY_INSENSITIVE; d++)
		if (strcmp(name,
		    survey_disclosure_name((enum survey_disclosure)d)) == 0) {
			f->disclosure = (enum survey_disclosure)d;
			return ERR_OK;
		}
	return err_at(p->info, ERR_UNKNOWN, 0,
	    "%s: \"disclosure\" must be identifying, quasi-identifying, "
	    "sensitive or insensitive", p->where);
}

static enum err
parse_decimals(struct survey_parser *p, const struct json_doc *v,
    struct survey_field *f)
{
	int64_t n;

	if (f->type == SURVEY_NUMBER) {
		RETURN_IF(json_doc_need_int(v, "decimals", 0,
		    SURVEY_DECIMALS_MAX, p->where, &n, p->info));
		f->decimals = (unsigned)n;
		return ERR_OK;
	}
	if (json_doc_get(v, "decimals") != NULL)
		return err_at(p->info, ERR_RANGE, 0,
		    "%s: \"decimals\" belongs to type number only", p->where);
	return ERR_OK;
}

static enum err
add_category_name(struct survey_parser *p, struct survey_field *f,
    struct survey_category *c)
{
	size_t at, known;

	if (survey_find_category(f, c->value, &known) == ERR_OK)
		return err_at(p->info, ERR_DUPLICATE, 0,
		    "%s: category %s is given twice", p->where,
		    (const char *)c->value.data);
	at = survey_hash(c->value) & f->lookup_mask;
	while (f->lookup[at] != 0)
		at = (at + 1) & f->lookup_mask;
	f->lookup[at] = (uint32_t)(c - f->categories) + 1;
	return ERR_OK;
}

static enum err
parse_category(struct survey_parser *p, const struct json_doc *v,
    struct survey_field *f, struct survey_category *c)
{
	static const char *const keys[] = {"value", "label", "label_en", NULL};
	const char *value;
	char *copy;

	if (json_doc_type(v) != JSON_DOC_OBJECT)
		return err_at(p->info, ERR_SYNTAX, 0,
		    "%s: a category must be an object with \"value\"",
		    p->where);
	RETURN_IF(json_doc_only(v, keys, p->where, p->info));
	RETURN_IF(json_doc_need_string(v, "value", p->where, &value,
	    p->info));
	if (!survey_is_code(value, strlen(value)))
		return err_at(p->info, ERR_SYNTAX, 0,
		    "%s: a category's value must be 1 to 32 of [A-Za-z0-9_]",
		    p->where);
	if ((copy = survey_copy(p->s, value, strlen(value))) == NULL)
		return ERR_NOMEM;
	c->value = bytes_str(copy);
	RETURN_IF(survey_text_parse(p, v, "label", copy, &c->label));
	RETURN_IF(survey_text_parse(p, v, "label_en", c->label,
	    &c->label_en));
	return add_category_name(p, f, c);
}

static enum err
make_categories(struct survey_parser *p, const struct json_doc *list,
    struct survey_field *f, struct survey_category **ret)
{
	struct survey_names names;
	size_t len = json_doc_len(list);

	if (json_doc_type(list) != JSON_DOC_ARRAY || len == 0)
		return err_at(p->info, ERR_SYNTAX, 0, "%s: \"categories\" "
		    "must be a list that is not empty", p->where);
	if (len > SURVEY_OPTIONS_MAX)
		return err_at(p->info, ERR_LIMIT, 0,
		    "%s: more than %d categories", p->where,
		    SURVEY_OPTIONS_MAX);
	if (f->type != SURVEY_STRING && f->type != SURVEY_LIST)
		return err_at(p->info, ERR_RANGE, 0, "%s: \"categories\" "
		    "belongs to types string and list only", p->where);
	*ret = survey_alloc(p->s, len, sizeof(**ret));
	if (*ret == NULL)
		return ERR_NOMEM;
	RETURN_IF(survey_names_init(p->s, len, &names));
	f->lookup = names.slots;
	f->lookup_mask = names.mask;
	f->categories = *ret;
	f->categories_len = len;
	return ERR_OK;
}

static enum err
check_enum(struct survey_parser *p, const struct json_doc *list,
    const struct survey_field *f)
{
	size_t i;

	if (list == NULL)
		return ERR_OK;
	if (json_doc_type(list) != JSON_DOC_ARRAY ||
	    json_doc_len(list) != f->categories_len)
		return err_at(p->info, ERR_MISMATCH, 0, "%s: \"enum\" must "
		    "be the list of the categories' values", p->where);
	for (i = 0; i < f->categories_len; i++) {
		const char *value = json_doc_string(json_doc_at(list, i));

		if (value == NULL || !bytes_equal(bytes_str(value),
		    f->categories[i].value))
			return err_at(p->info, ERR_MISMATCH, 0,
			    "%s: \"enum\" differs from the categories' values "
			    "at place %zu", p->where, i + 1);
	}
	return ERR_OK;
}

static enum err
parse_exclusive(struct survey_parser *p, const struct json_doc *list,
    struct survey_field *f, struct survey_category *categories)
{
	size_t i, at;

	if (list == NULL)
		return ERR_OK;
	if (f->type != SURVEY_LIST || json_doc_type(list) != JSON_DOC_ARRAY)
		return err_at(p->info, ERR_SYNTAX, 0, "%s: \"exclusive\" "
		    "must be a list of options, and belongs to type list only",
		    p->where);
	for (i = 0; i < json_doc_len(list); i++) {
		const char *value = json_doc_string(json_doc_at(list, i));

		if (value == NULL || survey_find_category(f, bytes_str(value),
		    &at) != ERR_OK)
			return err_at(p->info, ERR_UNKNOWN, 0, "%s: "
			    "\"exclusive\" names an option that is no "
			    "category", p->where);
		if (categories[at].exclusive)
			return err_at(p->info, ERR_DUPLICATE, 0, "%s: "
			    "\"exclusive\" names option %s twice", p->where,
			    value);
		categories[at].exclusive = 1;
		f->has_exclusive = 1;
	}
	return ERR_OK;
}

/* categories, enum, exclusive. */
static enum err
parse_categories(struct survey_parser *p, const struct json_doc *v,
    struct survey_field *f)
{
	const struct json_doc *list = json_doc_get(v, "categories");
	struct survey_category *categories = NULL;
	size_t i;

	if (list == NULL && f->type == SURVEY_LIST)
		return err_at(p->info, ERR_SYNTAX, 0,
		    "%s: a list needs \"categories\"", p->where);
	if (list != NULL) {
		RETURN_IF(make_categories(p, list, f, &categories));
		for (i = 0; i < f->categories_len; i++)
			RETURN_IF(parse_category(p, json_doc_at(list, i), f,
			    &categories[i]));
	}
	RETURN_IF(check_enum(p, json_doc_get(json_doc_get(v, "constraints"),
	    "enum"), f));
	return parse_exclusive(p, json_doc_get(v, "exclusive"), f,
	    categories);
}

enum err
survey_field_parse(struct survey_parser *p, const struct json_doc *v,
    size_t index)
{
	static const char *const keys[] = {"name", "type", "title",
	    "title_en", "description", "categories", "constraints",
	    "disclosure", "exclusive", "decimals", "only_if", NULL};
	struct survey_field *f = &p->fields[index];

	RETURN_IF(json_doc_only(v, keys, p->where, p->info));
	RETURN_IF(parse_type(p, v, f));
	RETURN_IF(survey_text_parse(p, v, "title", f->name, &f->title));
	RETURN_IF(survey_text_parse(p, v, "title_en", f->title,
	    &f->title_en));
	RETURN_IF(survey_text_parse(p, v, "description", NULL,
	    &f->description));
	RETURN_IF(parse_disclosure(p, v, f));
	RETURN_IF(parse_decimals(p, v, f));
	RETURN_IF(parse_categories(p, v, f));
	RETURN_IF(survey_constraints_parse(p, v, f));
	f->columns = f->type == SURVEY_LIST ? f->categories_len : 1;
	return survey_only_if_parse(p, v, f);
}
