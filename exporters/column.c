#include "exporters/column.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/csv.h"

void
column_set_release(struct column_set *set)
{
	size_t i;

	for (i = 0; i < set->len; i++)
		free(set->memory[i]);
	free(set->memory);
	free(set->columns);
	memset(set, 0, sizeof(*set));
}

static int
name_ok(const char *name)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz";
	static const char rest[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789_";
	size_t len = strlen(name);

	return len > 0 && len <= COLUMN_NAME_MAX &&
	    strchr(letters, name[0]) != NULL && strspn(name, rest) == len;
}

static int
name_taken(const struct column_set *set, const char *name)
{
	size_t i;

	if (strcmp(name, COLUMN_PSEUDONYM) == 0 ||
	    strcmp(name, COLUMN_ANSWER) == 0)
		return 1;
	for (i = 0; i < set->len; i++)
		if (strcmp(set->columns[i].name, name) == 0)
			return 1;
	return 0;
}

static enum err
make_room(struct column_set *set)
{
	size_t cap = set->cap == 0 ? 32 : set->cap * 2;
	struct column *columns;
	void **memory;

	if (set->len + COLUMN_FIXED >= CSV_FIELDS_MAX)
		return ERR_LIMIT;
	if (set->len < set->cap)
		return ERR_OK;
	if ((columns = reallocarray(set->columns, cap, sizeof(*columns))) ==
	    NULL)
		return ERR_NOMEM;
	set->columns = columns;
	if ((memory = reallocarray(set->memory, cap, sizeof(*memory))) == NULL)
		return ERR_NOMEM;
	set->memory = memory;
	set->cap = cap;
	return ERR_OK;
}

/* One block of memory holds all of a column's texts: measured first (base
 * NULL), then filled. */
struct packer {
	char *base;
	size_t used;
};

static const char *
pack_text(struct packer *p, const char *text)
{
	size_t size;
	char *to;

	if (text == NULL)
		return NULL;
	size = strlen(text) + 1;
	to = p->base == NULL ? NULL : p->base + p->used;
	if (to != NULL)
		memcpy(to, text, size);
	p->used += size;
	return to;
}

static void
pack_column(struct packer *p, const struct column *c, struct column *ret)
{
	struct column_category *categories =
	    (struct column_category *)(void *)p->base;
	struct column_category category;
	size_t i;

	*ret = *c;
	p->used = c->category_count * sizeof(*categories);
	ret->categories = categories;
	for (i = 0; i < c->category_count; i++) {
		category.value = pack_text(p, c->categories[i].value);
		category.label = pack_text(p, c->categories[i].label);
		category.label_en = pack_text(p, c->categories[i].label_en);
		if (categories != NULL)
			categories[i] = category;
	}
	ret->name = pack_text(p, c->name);
	ret->field = pack_text(p, c->field);
	ret->title = pack_text(p, c->title);
	ret->title_en = pack_text(p, c->title_en);
	ret->description = pack_text(p, c->description);
	ret->pattern = pack_text(p, c->pattern);
	ret->minimum = pack_text(p, c->minimum);
	ret->maximum = pack_text(p, c->maximum);
	ret->rule = pack_text(p, c->rule);
}

enum err
column_set_add(struct column_set *set, const struct column *c)
{
	struct packer p = {0};
	struct column copy;

	if (!name_ok(c->name) || !name_ok(c->field))
		return ERR_SYNTAX;
	if (name_taken(set, c->name))
		return ERR_DUPLICATE;
	RETURN_IF(make_room(set));
	pack_column(&p, c, &copy);
	if ((p.base = calloc(1, p.used)) == NULL)
		return ERR_NOMEM;
	pack_column(&p, c, &copy);
	set->columns[set->len] = copy;
	set->memory[set->len++] = p.base;
	return ERR_OK;
}

static enum column_type
type_of(const struct codebook_column *c)
{
	if (c->generalised)
		return COLUMN_STRING;
	if (c->categories_are_integers)
		return COLUMN_FLAG;
	switch (c->field->type) {
	case SURVEY_INTEGER:
		return COLUMN_INTEGER;
	case SURVEY_NUMBER:
		return COLUMN_NUMBER;
	case SURVEY_DATE:
		return COLUMN_DATE;
	case SURVEY_BOOLEAN:
		return COLUMN_BOOLEAN;
	case SURVEY_STRING:
	case SURVEY_LIST:
		break;
	}
	return COLUMN_STRING;
}

#define NUMBER_TEXT_MAX 32

/* ${value} of a field as a JSON number: 365 with one decimal is 36.5. */
static void
number_text(int64_t value, unsigned decimals, char ret[NUMBER_TEXT_MAX])
{
	int64_t scale = 1, size = value < 0 ? -value : value;
	unsigned i;

	for (i = 0; i < decimals; i++)
		scale *= 10;
	if (decimals == 0)
		(void)snprintf(ret, NUMBER_TEXT_MAX, "%" PRId64, value);
	else
		(void)snprintf(ret, NUMBER_TEXT_MAX, "%s%" PRId64 ".%0*" PRId64,
		    value < 0 ? "-" : "", size / scale, (int)decimals,
		    size % scale);
}

/* What is copied into the set while these live. */
struct draft {
	struct column column;
	struct column_category categories[SURVEY_OPTIONS_MAX];
	char minimum[NUMBER_TEXT_MAX], maximum[NUMBER_TEXT_MAX];
	struct buf title, title_en;
};

static void
draft_free(struct draft **d)
{
	if (*d == NULL)
		return;
	buf_release(&(*d)->title);
	buf_release(&(*d)->title_en);
	free(*d);
}

/* An option's column is called "TITLE: LABEL". */
static enum err
draft_titles(struct draft *d, const struct codebook_column *c)
{
	buf_clear(&d->title);
	buf_clear(&d->title_en);
	RETURN_IF(buf_append_str(&d->title, c->title));
	RETURN_IF(buf_append_str(&d->title_en, c->title_en));
	if (c->option_label != NULL)
		RETURN_IF(buf_printf(&d->title, ": %s", c->option_label));
	if (c->option_label_en != NULL)
		RETURN_IF(buf_printf(&d->title_en, ": %s",
		    c->option_label_en));
	d->column.title = buf_text(&d->title);
	d->column.title_en = buf_text(&d->title_en);
	return ERR_OK;
}

/* Values the survey allows, where the cells still are such values. */
static void
draft_constraints(struct draft *d, const struct codebook_column *c)
{
	const struct survey_field *f = c->field;
	size_t i;

	for (i = 0; i < c->categories_len && i < SURVEY_OPTIONS_MAX; i++)
		d->categories[i] = (struct column_category){
			(const char *)c->categories[i].value.data,
			c->categories[i].label, c->categories[i].label_en};
	d->column.categories = d->categories;
	d->column.category_count = i;
	if (c->generalised || c->categories_are_integers)
		return;
	d->column.pattern = f->pattern_text;
	if (f->kind != SURVEY_KIND_INTEGER && f->kind != SURVEY_KIND_NUMBER)
		return;
	number_text(f->minimum, f->decimals, d->minimum);
	number_text(f->maximum, f->decimals, d->maximum);
	d->column.minimum = f->has_minimum ? d->minimum : NULL;
	d->column.maximum = f->has_maximum ? d->maximum : NULL;
}

static enum err
add_column(struct column_set *set, struct draft *d,
    const struct codebook_column *c, const struct column_rule *rule)
{
	memset(&d->column, 0, sizeof(d->column));
	d->column.name = c->name;
	d->column.field = c->field->name;
	d->column.type = type_of(c);
	d->column.description = c->description;
	d->column.rule = rule->rule;
	d->column.level = rule->level;
	RETURN_IF(draft_titles(d, c));
	draft_constraints(d, c);
	return column_set_add(set, &d->column);
}

enum err
column_set_add_survey(struct column_set *set, const struct survey *s,
    const struct column_rule *rules, size_t count)
{
	CLEANUP(draft_free) struct draft *d = calloc(1, sizeof(*d));
	struct codebook_column c;
	struct codebook book;
	size_t i;

	if (d == NULL)
		return ERR_NOMEM;
	for (i = 0; i < count; i++) {
		codebook_start(&book, s, &rules[i].choice, 1);
		while (codebook_next(&book, &c))
			RETURN_IF(add_column(set, d, &c, &rules[i]));
	}
	return ERR_OK;
}
