/* survey/codebook.c - columns described from the survey alone. */
#include "survey/codebook.h"

#include <string.h>

void
codebook_start(struct codebook *c, const struct survey *s,
    const struct codebook_choice *choices, size_t choices_len)
{
	size_t i;

	for (i = 0; i < choices_len; i++)
		MUST_HOLD(choices[i].field < s->fields_len);
	*c = (struct codebook){.survey = s, .choices = choices,
	    .choices_len = choices_len};
}

static size_t
choice_columns(const struct codebook *c, size_t i)
{
	const struct codebook_choice *choice = &c->choices[i];

	return choice->generalised ? 1 :
	    c->survey->fields[choice->field].columns;
}

size_t
codebook_columns(const struct codebook *c)
{
	size_t i, n = 0;

	for (i = 0; i < c->choices_len; i++)
		n += choice_columns(c, i);
	return n;
}

static void
describe_generalised(const struct survey_field *f, struct codebook_column *ret)
{
	memcpy(ret->name, f->name, f->name_len + 1);
	ret->type = "string";
	ret->generalised = 1;
}

static void
describe_option(const struct survey_field *f, size_t column,
    struct codebook_column *ret)
{
	static const struct survey_category chosen[] = {
		{{(const uint8_t *)"0", 1}, "選択なし", "not chosen", 0},
		{{(const uint8_t *)"1", 1}, "選択", "chosen", 0},
	};

	answers_column_name(f, column, ret->name);
	ret->type = "integer";
	ret->option_label = f->categories[column].label;
	ret->option_label_en = f->categories[column].label_en;
	ret->categories = chosen;
	ret->categories_len = ARRAY_LEN(chosen);
	ret->categories_are_integers = 1;
}

static void
describe_field(const struct survey_field *f, struct codebook_column *ret)
{
	memcpy(ret->name, f->name, f->name_len + 1);
	ret->type = survey_type_name(f->type);
	ret->categories = f->categories;
	ret->categories_len = f->categories_len;
}

int
codebook_next(struct codebook *c, struct codebook_column *ret)
{
	const struct codebook_choice *choice;
	const struct survey_field *f;

	if (c->choice == c->choices_len)
		return 0;
	choice = &c->choices[c->choice];
	f = &c->survey->fields[choice->field];
	*ret = (struct codebook_column){.field = f, .title = f->title,
	    .title_en = f->title_en, .description = f->description};
	if (choice->generalised)
		describe_generalised(f, ret);
	else if (f->kind == SURVEY_KIND_LIST)
		describe_option(f, c->column, ret);
	else
		describe_field(f, ret);
	if (++c->column == choice_columns(c, c->choice)) {
		c->choice++;
		c->column = 0;
	}
	return 1;
}
