/* survey/answers_cell.c - values as text, without printf: this runs for every
 * cell of every export. */
#include <stdio.h>
#include <string.h>

#include "core/clock.h"
#include "survey/answers.h"

int
answers_list_has(const struct answers_value *v, size_t option)
{
	size_t byte = (option + 1) / 8;

	return v->answered && byte < v->bytes.len &&
	    (v->bytes.data[byte] >> ((option + 1) % 8) & 1);
}

/* Writes ${v} backwards from ${end}, at least ${digits} digits. */
static char *
write_digits(char *end, uint64_t v, unsigned digits)
{
	for (; v != 0 || digits > 0; v /= 10) {
		*--end = (char)('0' + v % 10);
		if (digits > 0)
			digits--;
	}
	return end;
}

static struct bytes
number_cell(int64_t n, unsigned decimals, char scratch[ANSWERS_CELL_MAX])
{
	char *end = scratch + ANSWERS_CELL_MAX, *at = end;
	uint64_t v = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
	uint64_t power = 1;
	unsigned i;

	if (decimals > 0) {
		for (i = 0; i < decimals; i++)
			power *= 10;
		at = write_digits(at, v % power, decimals);
		*--at = '.';
		v /= power;
	}
	at = write_digits(at, v, 1);
	if (n < 0)
		*--at = '-';
	return bytes_of(at, (size_t)(end - at));
}

static struct bytes
date_cell(int64_t day, char scratch[ANSWERS_CELL_MAX])
{
	int y, m, d, weekday;

	clock_day_parts((int32_t)day, &y, &m, &d, &weekday);
	(void)write_digits(scratch + 4, (uint64_t)y, 4);
	scratch[4] = '-';
	(void)write_digits(scratch + 7, (uint64_t)m, 2);
	scratch[7] = '-';
	(void)write_digits(scratch + 10, (uint64_t)d, 2);
	return bytes_of(scratch, 10);
}

static struct bytes
digits_cell(const struct survey_field *f, int64_t n,
    char scratch[ANSWERS_CELL_MAX])
{
	(void)write_digits(scratch + f->digits, (uint64_t)n, f->digits);
	return bytes_of(scratch, f->digits);
}

struct bytes
answers_cell(const struct survey_field *f, const struct answers_value *v,
    size_t column, char scratch[ANSWERS_CELL_MAX])
{
	if (!v->answered)
		return bytes_of("", 0);
	switch (f->kind) {
	case SURVEY_KIND_CODE:
		return f->categories[v->number].value;
	case SURVEY_KIND_LIST:
		return bytes_of(answers_list_has(v, column) ? "1" : "0", 1);
	case SURVEY_KIND_INTEGER:
	case SURVEY_KIND_NUMBER:
		return number_cell(v->number, f->decimals, scratch);
	case SURVEY_KIND_DATE:
		return date_cell(v->number, scratch);
	case SURVEY_KIND_BOOLEAN:
		return v->number ? bytes_of("true", 4) : bytes_of("false", 5);
	case SURVEY_KIND_DIGITS:
		return digits_cell(f, v->number, scratch);
	case SURVEY_KIND_TEXT:
	default:
		return v->bytes;
	}
}

void
answers_column_name(const struct survey_field *f, size_t column,
    char ret[SURVEY_COLUMN_NAME_MAX + 1])
{
	size_t len = f->name_len;
	struct bytes option;

	MUST_HOLD(column < f->columns);
	memcpy(ret, f->name, len);
	if (f->kind == SURVEY_KIND_LIST) {
		option = f->categories[column].value;
		ret[len++] = '_';
		memcpy(ret + len, option.data, option.len);
		len += option.len;
	}
	ret[len] = '\0';
}
