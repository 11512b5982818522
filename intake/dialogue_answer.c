/* intake/dialogue_answer.c - an answer as it is typed. */
#include <stdio.h>
#include <string.h>

#include "intake/dialogue_internal.h"
#include "survey/digits.h"

/* ---- one of several ---- */

static int
is_digits(struct bytes text)
{
	size_t i;

	for (i = 0; i < text.len; i++)
		if (text.data[i] < '0' || text.data[i] > '9')
			return 0;
	return text.len > 0;
}

/* By its place in the list as shown, from 1; by its label in either language;
 * by its code, unless that could be meant as a place. */
static enum err
find_option(const struct survey_field *f, struct bytes text, size_t *ret)
{
	char room[DIGITS_ROOM];
	struct bytes narrow = digits_narrow(text, room);
	size_t i, place = 0;

	for (i = 0; i < f->categories_len; i++)
		if (bytes_equal(text, bytes_str(f->categories[i].label)) ||
		    bytes_equal(text, bytes_str(f->categories[i].label_en))) {
			*ret = i;
			return ERR_OK;
		}
	if (!is_digits(narrow))
		return survey_find_category(f, text, ret);
	for (i = 0; i < narrow.len && i < 5; i++)
		place = place * 10 + (size_t)(narrow.data[i] - '0');
	if (i != narrow.len || place < 1 || place > f->categories_len)
		return ERR_UNKNOWN;
	*ret = place - 1;
	return ERR_OK;
}

static enum err
read_code(struct dialogue_desk *k, const struct survey_field *f,
    struct bytes text)
{
	size_t option;

	RETURN_IF(find_option(f, text, &option));
	return answers_set_text(&k->builder, f, f->categories[option].value);
}

/* ---- several of several ---- */

/* Length of a separator at the front of ${rest}; 0 when there is none. */
static size_t
separator(struct bytes rest)
{
	static const char *const wide[] = {"、", "，", "・", "　", "；"};
	size_t i;

	if (rest.data[0] == ',' || rest.data[0] == ' ' ||
	    rest.data[0] == ';' || rest.data[0] == '\n')
		return 1;
	for (i = 0; i < ARRAY_LEN(wide); i++)
		if (rest.len >= strlen(wide[i]) && memcmp(rest.data, wide[i],
		    strlen(wide[i])) == 0)
			return strlen(wide[i]);
	return 0;
}

static struct bytes
take_item(struct bytes *rest)
{
	struct bytes item = *rest;
	size_t skip = 0;

	for (item.len = 0; item.len < rest->len; item.len++) {
		skip = separator(bytes_of(rest->data + item.len,
		    rest->len - item.len));
		if (skip > 0)
			break;
	}
	*rest = bytes_of(rest->data + item.len + skip,
	    rest->len - item.len - skip);
	return item;
}

/* Options of the list in the builder that stand alone, and all of them. */
static int
is_alone_with_others(const struct survey_field *f,
    const struct answers_value *v)
{
	size_t i, all = 0, alone = 0;

	for (i = 0; i < f->categories_len; i++)
		if (answers_list_has(v, i)) {
			all++;
			alone += f->categories[i].exclusive != 0;
		}
	return alone > 0 && all > 1;
}

static enum err
add_items(struct dialogue_desk *k, const struct survey_field *f,
    struct bytes text)
{
	struct answers_builder *b = &k->builder;
	size_t option;
	enum err e;

	while (text.len > 0) {
		struct bytes item = take_item(&text);

		if (item.len == 0)
			continue;
		RETURN_IF(find_option(f, item, &option));
		e = answers_add_option(b, f, f->categories[option].value);
		if (e != ERR_OK && e != ERR_DUPLICATE)
			return e;       /* said twice is said once */
	}
	return ERR_OK;
}

/* A label may have separators in it, so the whole is tried first. */
static enum err
read_list(struct dialogue_desk *k, const struct survey_field *f,
    struct bytes text)
{
	struct answers_builder *b = &k->builder;
	size_t option;

	RETURN_IF(answers_set_list(b, f));
	if (find_option(f, text, &option) == ERR_OK)
		return answers_add_option(b, f, f->categories[option].value);
	RETURN_IF(add_items(k, f, text));
	return is_alone_with_others(f, &b->values[f->index]) ?
	    ERR_DUPLICATE : ERR_OK;
}

static int
stays(const struct survey_field *f, size_t i, size_t option)
{
	return i != option && !f->categories[option].exclusive &&
	    !f->categories[i].exclusive;
}

enum err
dialogue_toggle(struct dialogue_desk *k, const struct survey_field *f,
    size_t option)
{
	const struct answers_value *before = &k->all[f->index];
	int had = before->answered && answers_list_has(before, option);
	size_t i;

	RETURN_IF(answers_set_list(&k->builder, f));
	for (i = 0; i < f->categories_len; i++) {
		int chosen = i == option ? !had : before->answered &&
		    answers_list_has(before, i) &&
		    (had || stays(f, i, option));

		if (chosen)
			RETURN_IF(answers_add_option(&k->builder, f,
			    f->categories[i].value));
	}
	return ERR_OK;
}

/* ---- numbers, days, yes and no, texts ---- */

/* YYYY-MM-DD also as YYYY/M/D and YYYY年M月D日. */
static enum err
read_date(struct dialogue_desk *k, const struct survey_field *f,
    struct bytes text)
{
	char room[DIGITS_ROOM], copy[2 * DIGITS_ROOM], day[40];
	unsigned y, m, d;
	int end = 0;

	text = digits_narrow(text, room);
	if (text.len >= sizeof(copy))
		return ERR_SYNTAX;
	memcpy(copy, text.data, text.len);
	copy[text.len] = '\0';
	if ((sscanf(copy, "%4u-%2u-%2u%n", &y, &m, &d, &end) != 3 &&
	    sscanf(copy, "%4u/%2u/%2u%n", &y, &m, &d, &end) != 3 &&
	    sscanf(copy, "%4u年%2u月%2u日%n", &y, &m, &d, &end) != 3) ||
	    end == 0 || copy[end] != '\0')
		return ERR_SYNTAX;
	(void)snprintf(day, sizeof(day), "%04u-%02u-%02u", y, m, d);
	return answers_set_text(&k->builder, f, bytes_str(day));
}

static enum err
read_boolean(struct dialogue_desk *k, const struct survey_field *f,
    struct bytes text)
{
	enum dialogue_word word = dialogue_word_of(text);
	char room[DIGITS_ROOM];
	struct bytes narrow = digits_narrow(text, room);

	if (word == WORD_YES || bytes_equal(narrow, bytes_str("1")))
		return answers_set_boolean(&k->builder, f, 1);
	if (word == WORD_NO || bytes_equal(narrow, bytes_str("2")))
		return answers_set_boolean(&k->builder, f, 0);
	return ERR_SYNTAX;
}

static enum err
read_plain(struct dialogue_desk *k, const struct survey_field *f,
    struct bytes text)
{
	char room[DIGITS_ROOM];

	if (f->kind == SURVEY_KIND_DIGITS)
		text = digits_plain(f, text, room);
	else if (f->kind != SURVEY_KIND_TEXT)
		text = digits_narrow(text, room);
	return answers_set_cell(&k->builder, f, text);
}

enum err
dialogue_read_answer(struct dialogue_desk *k, const struct survey_field *f,
    struct bytes text)
{
	switch (f->kind) {
	case SURVEY_KIND_CODE:
		return read_code(k, f, text);
	case SURVEY_KIND_LIST:
		return read_list(k, f, text);
	case SURVEY_KIND_DATE:
		return read_date(k, f, text);
	case SURVEY_KIND_BOOLEAN:
		return read_boolean(k, f, text);
	case SURVEY_KIND_INTEGER:
	case SURVEY_KIND_NUMBER:
	case SURVEY_KIND_DIGITS:
	case SURVEY_KIND_TEXT:
	default:
		return read_plain(k, f, text);
	}
}
