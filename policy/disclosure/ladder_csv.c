/* policy/disclosure/ladder_csv.c - ladders written as tables. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/csv.h"
#include "core/utf8.h"
#include "policy/disclosure/ladder_internal.h"

#define LABEL_MAX 256

void
ladder_table_release(struct ladder_table *t)
{
	buf_release(&t->texts);
	free(t->cells);
	free(t->lookup);
	*t = (struct ladder_table){0};
}

struct bytes
ladder_table_cell(const struct ladder_table *t, size_t row, size_t column)
{
	MUST_HOLD(row < t->rows && column < t->columns);
	return bytes_str((const char *)t->texts.data +
	    t->cells[row * t->columns + column]);
}

/* Where that value is, or the free place for it. */
static size_t
probe(const struct ladder_table *t, struct bytes value)
{
	size_t at = ladder_hash(value) & t->lookup_mask;

	while (t->lookup[at] != 0 && !bytes_equal(value,
	    ladder_table_cell(t, t->lookup[at] - 1, 0)))
		at = (at + 1) & t->lookup_mask;
	return at;
}

enum err
ladder_table_row(const struct ladder_table *t, struct bytes value,
    size_t *ret)
{
	size_t row = t->lookup[probe(t, value)];

	if (row == 0)
		row = t->other;
	if (row == 0)
		return ERR_UNKNOWN;
	*ret = row - 1;
	return ERR_OK;
}

/* ---- reading ---- */

static enum err
read_memory(void *ctx, uint8_t *dst, size_t max, size_t *ret_got)
{
	struct bytes *rest = ctx, piece = {NULL, 0};
	size_t len = rest->len < max ? rest->len : max;

	RETURN_IF(bytes_take(rest, len, &piece));
	if (len > 0)
		memcpy(dst, piece.data, len);
	*ret_got = len;
	return ERR_OK;
}

static enum err
check_cell(struct bytes cell, unsigned long line, struct err_info *info)
{
	const char *why = NULL;
	enum err e;

	if (cell.len == 0)
		return err_at(info, ERR_SYNTAX, line, "an empty cell");
	if (cell.len > LABEL_MAX)
		return err_at(info, ERR_LIMIT, line, "a label of more than %d "
		    "bytes", LABEL_MAX);
	if ((e = utf8_check_clean(cell, &why)) != ERR_OK)
		return e == ERR_NOMEM ? e : err_at(info, e, line, "%s", why);
	return ERR_OK;
}

static enum err
make_room(struct ladder_table *t)
{
	size_t cap = t->rows_cap == 0 ? 64 : t->rows_cap * 2;
	size_t *cells;

	if (t->rows < t->rows_cap)
		return ERR_OK;
	cells = reallocarray(t->cells, cap * t->columns, sizeof(*cells));
	if (cells == NULL)
		return ERR_NOMEM;
	t->cells = cells;
	t->rows_cap = cap;
	return ERR_OK;
}

static enum err
add_row(struct ladder_table *t, const struct bytes *fields, size_t count,
    unsigned long line, struct err_info *info)
{
	size_t i;

	if (t->rows == 0)
		t->columns = count;
	if (count != t->columns)
		return err_at(info, ERR_SYNTAX, line, "%zu columns instead of "
		    "%zu", count, t->columns);
	if (count < 2 || count > LADDER_LEVELS_MAX)
		return err_at(info, ERR_RANGE, line, "a ladder has 2 to %d "
		    "columns", LADDER_LEVELS_MAX);
	if (t->rows == LADDER_ROWS_MAX)
		return err_at(info, ERR_LIMIT, line, "more than %d rows",
		    LADDER_ROWS_MAX);
	RETURN_IF(make_room(t));
	for (i = 0; i < count; i++) {
		RETURN_IF(check_cell(fields[i], line, info));
		t->cells[t->rows * t->columns + i] = t->texts.len;
		RETURN_IF(buf_append(&t->texts, fields[i].data,
		    fields[i].len));
		RETURN_IF(buf_append_u8(&t->texts, '\0'));
	}
	t->rows++;
	return ERR_OK;
}

static enum err
read_rows(struct ladder_table *t, struct bytes file, struct err_info *info)
{
	CLEANUP(csv_reader_cleanup) struct csv_reader *r = NULL;
	const struct bytes *fields;
	unsigned long line;
	size_t count;
	enum err e;

	RETURN_IF(csv_reader_new(read_memory, &file, ';', "ladder", &r));
	for (;;) {
		e = csv_reader_next(r, &fields, &count, &line, info);
		if (e == ERR_NOT_FOUND)
			break;
		RETURN_IF(e);
		RETURN_IF(add_row(t, fields, count, line, info));
	}
	if (t->rows == 0)
		return err_at(info, ERR_SYNTAX, 0, "an empty ladder");
	return ERR_OK;
}

static enum err
build_lookup(struct ladder_table *t, struct err_info *info)
{
	size_t size = 16, row, at;
	struct bytes value;

	while (size < 2 * t->rows)
		size *= 2;
	if ((t->lookup = calloc(size, sizeof(*t->lookup))) == NULL)
		return ERR_NOMEM;
	t->lookup_mask = size - 1;
	for (row = 0; row < t->rows; row++) {
		value = ladder_table_cell(t, row, 0);
		at = probe(t, value);
		if (t->lookup[at] != 0)
			return err_at(info, ERR_DUPLICATE, 0, "\"%.64s\" is "
			    "given twice", (const char *)value.data);
		t->lookup[at] = (uint32_t)row + 1;
		if (bytes_equal(value, bytes_str(LADDER_TOP)))
			t->other = row + 1;
	}
	return ERR_OK;
}

/* ---- a tree ---- */

struct edge {
	const char *label, *parent;
};

static int
compare_edges(const void *a, const void *b)
{
	const struct edge *x = a, *y = b;
	int c = strcmp(x->label, y->label);

	return c != 0 ? c : strcmp(x->parent, y->parent);
}

static enum err
check_column(const struct ladder_table *t, size_t column, struct edge *edges,
    struct err_info *info)
{
	size_t i;

	for (i = 0; i < t->rows; i++) {
		edges[i].label =
		    (const char *)ladder_table_cell(t, i, column).data;
		edges[i].parent =
		    (const char *)ladder_table_cell(t, i, column + 1).data;
	}
	qsort(edges, t->rows, sizeof(*edges), compare_edges);
	for (i = 1; i < t->rows; i++)
		if (strcmp(edges[i].label, edges[i - 1].label) == 0 &&
		    strcmp(edges[i].parent, edges[i - 1].parent) != 0)
			return err_at(info, ERR_MISMATCH, 0, "not a tree: "
			    "\"%.64s\" of level %zu can become \"%.64s\" or "
			    "\"%.64s\"", edges[i].label, column,
			    edges[i - 1].parent, edges[i].parent);
	return ERR_OK;
}

static enum err
check_tree(const struct ladder_table *t, struct err_info *info)
{
	struct edge *edges = calloc(t->rows, sizeof(*edges));
	enum err e = ERR_OK;
	size_t c;

	if (edges == NULL)
		return ERR_NOMEM;
	/* Column 0 has no value twice, so it cannot branch. */
	for (c = 1; c + 1 < t->columns && e == ERR_OK; c++)
		e = check_column(t, c, edges, info);
	free(edges);
	return e;
}

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
		return clock_parse_day(v, &day) == ERR_OK;
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
	size_t row;

	for (row = 0; row < l->table.rows; row++) {
		value = ladder_table_cell(&l->table, row, 0);
		if (row + 1 != l->table.other && !is_value(l->field, value))
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
	size_t row;

	if (ladder_table_row(&l->table, bytes_str(value), &row) != ERR_OK)
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

	if (l->table.other != 0)
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
	    f->has_maximum && f->maximum - f->minimum < LADDER_ROWS_MAX)
		return need_integers(l, info);
	return missing(l, LADDER_TOP, info);
}

static int
top_is_one(const struct ladder_table *t)
{
	struct bytes first = ladder_table_cell(t, 0, t->columns - 1);
	size_t row;

	for (row = 1; row < t->rows; row++)
		if (!bytes_equal(first,
		    ladder_table_cell(t, row, t->columns - 1)))
			return 0;
	return 1;
}

enum err
ladder_read_csv(struct ladder *l, struct bytes file, struct err_info *info)
{
	if (l->field->kind == SURVEY_KIND_NUMBER)
		return err_at(info, ERR_UNSUPPORTED, 0, "a table does not fit "
		    "field %s: a number takes bands", l->field->name);
	RETURN_IF(read_rows(&l->table, file, info));
	RETURN_IF(build_lookup(&l->table, info));
	RETURN_IF(check_tree(&l->table, info));
	RETURN_IF(check_values(l, info));
	RETURN_IF(check_complete(l, info));
	l->kind = LADDER_TABLE;
	l->levels = (unsigned)l->table.columns;
	l->top_is_one = top_is_one(&l->table);
	return ERR_OK;
}
