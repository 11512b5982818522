/* survey/answers.c - the builder: every value checked as it is set. */
#include "survey/answers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/utf8.h"
#include "survey/survey_internal.h"

enum err
answers_builder_init(struct answers_builder *b, const struct survey *s)
{
	struct answers_builder made = {.survey = s};

	made.values = calloc(s->fields_len, sizeof(*made.values));
	made.values_bytes = s->fields_len * sizeof(*made.values);
	made.lists_bytes = s->list_bytes + 1;
	made.lists = calloc(made.lists_bytes, 1);
	if (made.values == NULL || made.lists == NULL) {
		free(made.values);
		free(made.lists);
		return ERR_NOMEM;
	}
	*b = made;
	return ERR_OK;
}

void
answers_clear(struct answers_builder *b)
{
	explicit_bzero(b->values, b->values_bytes);
	explicit_bzero(b->lists, b->lists_bytes);
	b->lists_used = 0;
}

void
answers_builder_release(struct answers_builder *b)
{
	if (b->values != NULL)
		answers_clear(b);
	free(b->values);
	free(b->lists);
	memset(b, 0, sizeof(*b));
}

/* The slot of ${f}, to be set for the first time. */
static enum err
take_slot(struct answers_builder *b, const struct survey_field *f,
    struct answers_value **ret)
{
	struct answers_value *v = &b->values[f->index];

	if (v->answered)
		return ERR_DUPLICATE;
	*ret = v;
	return ERR_OK;
}

static enum err
set_number(struct answers_builder *b, const struct survey_field *f, int64_t n)
{
	struct answers_value *v;

	if (n < f->minimum || n > f->maximum)
		return ERR_RANGE;
	RETURN_IF(take_slot(b, f, &v));
	v->number = n;
	v->answered = 1;
	return ERR_OK;
}

static enum err
set_code(struct answers_builder *b, const struct survey_field *f,
    struct bytes text)
{
	struct answers_value *v;
	size_t at;

	RETURN_IF(survey_find_category(f, text, &at));
	RETURN_IF(take_slot(b, f, &v));
	v->number = (int64_t)at;
	v->answered = 1;
	return ERR_OK;
}

static enum err
set_date(struct answers_builder *b, const struct survey_field *f,
    struct bytes text)
{
	int32_t day;

	if (clock_parse_date(text, &day) != ERR_OK)
		return ERR_SYNTAX;
	return set_number(b, f, day);
}

static enum err
set_digits(struct answers_builder *b, const struct survey_field *f,
    struct bytes text)
{
	struct answers_value *v;
	int64_t n = 0;
	size_t i;

	if (text.len != f->digits)
		return ERR_SYNTAX;
	for (i = 0; i < text.len; i++) {
		if (text.data[i] < '0' || text.data[i] > '9')
			return ERR_SYNTAX;
		n = n * 10 + (text.data[i] - '0');
	}
	if (f->max_length != 0 && text.len > f->max_length)
		return ERR_LIMIT;
	RETURN_IF(take_slot(b, f, &v));
	v->number = n;
	v->answered = 1;
	return ERR_OK;
}

/* Characters of valid UTF-8: bytes that do not continue one. */
static size_t
count_characters(struct bytes text)
{
	size_t i, n = 0;

	for (i = 0; i < text.len; i++)
		n += (text.data[i] & 0xc0) != 0x80;
	return n;
}

static enum err
set_free_text(struct answers_builder *b, const struct survey_field *f,
    struct bytes text)
{
	struct answers_value *v;

	if (text.len == 0)
		return ERR_SYNTAX;
	if (text.len > SURVEY_TEXT_MAX)
		return ERR_LIMIT;
	RETURN_IF(utf8_check_clean(text, NULL));
	if (f->max_length != 0 && count_characters(text) > f->max_length)
		return ERR_LIMIT;
	if (!pattern_matches(&f->pattern, text))
		return ERR_SYNTAX;
	RETURN_IF(take_slot(b, f, &v));
	v->bytes = text;
	v->answered = 1;
	return ERR_OK;
}

enum err
answers_set_text(struct answers_builder *b, const struct survey_field *f,
    struct bytes text)
{
	switch (f->kind) {
	case SURVEY_KIND_CODE:
		return set_code(b, f, text);
	case SURVEY_KIND_DATE:
		return set_date(b, f, text);
	case SURVEY_KIND_DIGITS:
		return set_digits(b, f, text);
	case SURVEY_KIND_TEXT:
		return set_free_text(b, f, text);
	case SURVEY_KIND_LIST:
	case SURVEY_KIND_INTEGER:
	case SURVEY_KIND_NUMBER:
	case SURVEY_KIND_BOOLEAN:
	default:
		return ERR_MISMATCH;
	}
}

enum err
answers_set_integer(struct answers_builder *b, const struct survey_field *f,
    int64_t v)
{
	if (f->kind == SURVEY_KIND_NUMBER)
		RETURN_IF(survey_scale_integer(v, f->decimals, &v));
	else if (f->kind != SURVEY_KIND_INTEGER)
		return ERR_MISMATCH;
	return set_number(b, f, v);
}

enum err
answers_set_scaled(struct answers_builder *b, const struct survey_field *f,
    int64_t v)
{
	if (f->kind != SURVEY_KIND_NUMBER)
		return ERR_MISMATCH;
	return set_number(b, f, v);
}

enum err
answers_set_real(struct answers_builder *b, const struct survey_field *f,
    double v)
{
	int64_t scaled;

	if (f->kind != SURVEY_KIND_NUMBER)
		return ERR_MISMATCH;
	RETURN_IF(survey_scale_real(v, f->decimals, &scaled));
	return set_number(b, f, scaled);
}

enum err
answers_set_boolean(struct answers_builder *b, const struct survey_field *f,
    int v)
{
	struct answers_value *slot;

	if (f->kind != SURVEY_KIND_BOOLEAN)
		return ERR_MISMATCH;
	RETURN_IF(take_slot(b, f, &slot));
	slot->number = v != 0;
	slot->answered = 1;
	return ERR_OK;
}

enum err
answers_set_list(struct answers_builder *b, const struct survey_field *f)
{
	struct answers_value *v;
	size_t len = survey_list_bytes(f);
	uint8_t *bits;

	if (f->kind != SURVEY_KIND_LIST)
		return ERR_MISMATCH;
	RETURN_IF(take_slot(b, f, &v));
	bits = b->lists + b->lists_used;
	b->lists_used += len;
	MUST_HOLD(b->lists_used <= b->survey->list_bytes);
	bits[0] = 1;
	v->bytes = bytes_of(bits, len);
	v->answered = 1;
	return ERR_OK;
}

enum err
answers_add_option(struct answers_builder *b, const struct survey_field *f,
    struct bytes code)
{
	const struct answers_value *v = &b->values[f->index];
	size_t at;
	uint8_t *byte;

	if (f->kind != SURVEY_KIND_LIST)
		return ERR_MISMATCH;
	MUST_HOLD(v->answered);
	RETURN_IF(survey_find_category(f, code, &at));
	byte = b->lists + (v->bytes.data - b->lists) + (at + 1) / 8;
	if (*byte >> ((at + 1) % 8) & 1)
		return ERR_DUPLICATE;
	*byte = (uint8_t)(*byte | 1u << ((at + 1) % 8));
	return ERR_OK;
}

/* `[-]digits[.digits]` with at most ${decimals} places, as 10^-decimals. */
static enum err
parse_decimal(struct bytes text, unsigned decimals, int64_t *ret)
{
	int negative = text.len > 0 && text.data[0] == '-';
	size_t i = (size_t)negative, first = i;
	unsigned places = 0;
	int64_t n = 0;
	int point = 0;

	for (; i < text.len; i++) {
		uint8_t c = text.data[i];

		if (c == '.' && !point && i > first && i + 1 < text.len) {
			point = 1;
			continue;
		}
		if (c < '0' || c > '9')
			return ERR_SYNTAX;
		if (point && ++places > decimals)
			return ERR_RANGE;
		if ((n = n * 10 + (c - '0')) > SURVEY_NUMBER_MAX)
			return ERR_RANGE;
	}
	if (i == first)
		return ERR_SYNTAX;
	RETURN_IF(survey_scale_integer(n, decimals - places, &n));
	*ret = negative ? -n : n;
	return ERR_OK;
}

enum err
answers_set_cell(struct answers_builder *b, const struct survey_field *f,
    struct bytes text)
{
	int64_t n;

	switch (f->kind) {
	case SURVEY_KIND_INTEGER:
	case SURVEY_KIND_NUMBER:
		RETURN_IF(parse_decimal(text, f->decimals, &n));
		return set_number(b, f, n);
	case SURVEY_KIND_BOOLEAN:
		if (bytes_equal(text, bytes_str("true")))
			return answers_set_boolean(b, f, 1);
		if (bytes_equal(text, bytes_str("false")))
			return answers_set_boolean(b, f, 0);
		return ERR_SYNTAX;
	case SURVEY_KIND_CODE:
	case SURVEY_KIND_DATE:
	case SURVEY_KIND_DIGITS:
	case SURVEY_KIND_TEXT:
	case SURVEY_KIND_LIST:
	default:
		return answers_set_text(b, f, text);
	}
}

static int
condition_holds(const struct survey *s, const struct answers_value *values,
    const struct survey_condition *c)
{
	const struct survey_field *f = &s->fields[c->field];
	const struct answers_value *v = &values[c->field];
	size_t i;

	if (!v->answered)
		return 0;
	for (i = 0; i < c->len; i++)
		if (f->kind == SURVEY_KIND_LIST ?
		    answers_list_has(v, (size_t)c->in[i]) :
		    v->number == c->in[i])
			return 1;
	return 0;
}

int
answers_asked(const struct survey *s, const struct answers_value *values,
    const struct survey_field *f)
{
	return !f->only_if.present || condition_holds(s, values,
	    &f->only_if);
}

/* More than one option chosen; bit 0 only says answered. */
static int
has_company(const struct answers_value *v)
{
	unsigned byte, found = 0;
	size_t i;

	for (i = 0; i < v->bytes.len; i++) {
		byte = v->bytes.data[i] & (i == 0 ? 0xfeu : 0xffu);
		if (byte == 0)
			continue;
		if (found || (byte & (byte - 1)) != 0)
			return 1;
		found = 1;
	}
	return 0;
}

/* At most one option, where one of those chosen stands alone. */
static int
is_exclusive_kept(const struct survey_field *f, const struct answers_value *v)
{
	size_t i;

	if (!has_company(v))
		return 1;
	for (i = 0; i < f->categories_len; i++)
		if (f->categories[i].exclusive && answers_list_has(v, i))
			return 0;
	return 1;
}

static enum err
check_field(const struct answers_builder *b, const struct survey_field *f)
{
	const struct answers_value *v = &b->values[f->index];
	int asked = answers_asked(b->survey, b->values, f);

	if (!v->answered)
		return f->required && asked ? ERR_NOT_FOUND : ERR_OK;
	if (!asked)
		return ERR_STATE;
	if (f->has_exclusive && !is_exclusive_kept(f, v))
		return ERR_RANGE;
	return ERR_OK;
}

enum err
answers_check(const struct answers_builder *b,
    const struct survey_field **ret_field)
{
	size_t i;

	for (i = 0; i < b->survey->ruled_len; i++) {
		const struct survey_field *f =
		    &b->survey->fields[b->survey->ruled[i]];
		enum err e = check_field(b, f);

		if (e == ERR_OK)
			continue;
		if (ret_field != NULL)
			*ret_field = f;
		return e;
	}
	return ERR_OK;
}
