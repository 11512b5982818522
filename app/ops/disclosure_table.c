/* Tables in and out: CSV, hierarchies, numbers of values. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/ops/disclosure.h"
#include "core/csv.h"
#include "core/fs.h"
#include "policy/disclosure/dictionary.h"

#define HIERARCHY_FILE_MAX ((size_t)512 << 20)
#define ROWS_FIRST 4096
#define WRITE_AT ((size_t)1 << 20)

void disclosure_table_release(struct disclosure_table *t)
{
	for (size_t i = 0; i < t->columns_len; i++)
		hierarchy_free(t->columns[i].hierarchy);
	hierarchy_free(t->sensitive_column.hierarchy);
	free(t->leaves);
	free(t->respondents);
	free(t->sensitive);
	free(t->sensitive_texts);
	free(t->sensitive_at);
	*t = (struct disclosure_table){0};
}

/* ---- hierarchies ---- */

/* The one file of the folder that ends in _hierarchy_NAME.csv. */
static enum err find_hierarchy(const char *dir, const char *name,
    char ret[FS_PATH_MAX], struct outcome *o)
{
	CLEANUP(fs_names_release) struct fs_names names = {0};
	char end[DISCLOSURE_NAME_MAX + 32];
	const char *found = NULL;

	(void)snprintf(end, sizeof(end), "_hierarchy_%s.csv", name);
	RETURN_IF(fs_list(dir, &names));
	for (size_t i = 0; i < names.len; i++) {
		size_t len = strlen(names.names[i]), tail = strlen(end);

		if (len < tail ||
		    strcmp(names.names[i] + len - tail, end) != 0)
			continue;
		if (found != NULL)
			return outcome_refuse(o, ERR_DUPLICATE,
			    "column %s has two hierarchies: %s and %s",
			    "列%sの階層が二つあります：%sと%s", name, found,
			    names.names[i]);
		found = names.names[i];
	}
	if (found == NULL)
		return outcome_refuse(o, ERR_NOT_FOUND,
		    "column %s has no hierarchy: no file *%s in %s",
		    "列%sの階層がありません：*%sが%sにありません", name, end, dir);
	return fs_path(ret, "%s/%s", dir, found);
}

static enum err read_hierarchy(const char *path, char delimiter,
    struct hierarchy **ret, struct outcome *o)
{
	CLEANUP(buf_release) struct buf file = {.max = HIERARCHY_FILE_MAX};
	const char *warning;
	enum err e = fs_read_file(path, HIERARCHY_FILE_MAX, &file);

	if (e == ERR_OK)
		e = hierarchy_parse(bytes_buf(&file), delimiter, HIERARCHY_ARX, ret,
		    &o->info);
	(void)snprintf(o->info.file, sizeof(o->info.file), "%s", path);
	RETURN_IF(e);
	for (size_t i = 0; (warning = hierarchy_warning(*ret, i)) != NULL; i++)
		outcome_add(o, OUTCOME_WARNING, "%s: %s", "%s：%s", path,
		    warning);
	return ERR_OK;
}

static enum err open_column(const struct disclosure_args *a,
    struct disclosure_column *c, struct outcome *o)
{
	char path[FS_PATH_MAX];

	RETURN_IF(find_hierarchy(a->hierarchies, c->name, path, o));
	return read_hierarchy(path, a->delimiter, &c->hierarchy, o);
}

static enum err open_columns(const struct disclosure_args *a,
    struct disclosure_table *t, struct outcome *o)
{
	for (const char *p = a->quasi, *end; *p != '\0';
	    p = *end == ',' ? end + 1 : end) {
		struct disclosure_column *c = &t->columns[t->columns_len];
		size_t len;

		end = p + strcspn(p, ",");
		len = (size_t)(end - p);
		if (t->columns_len == ENGINE_COLUMNS_MAX ||
		    len >= sizeof(c->name))
			return outcome_refuse(o, ERR_LIMIT,
			    "more than %d quasi-identifiers, or a name too long",
			    "準識別子が%dを超えるか、名前が長すぎます",
			    ENGINE_COLUMNS_MAX);
		memcpy(c->name, p, len);
		c->name[len] = '\0';
		t->columns_len++;
		for (size_t i = 0; i + 1 < t->columns_len; i++)
			if (strcmp(t->columns[i].name, c->name) == 0)
				return outcome_refuse(o, ERR_DUPLICATE,
				    "column %s is named twice",
				    "列%sが二度指定されています", c->name);
		RETURN_IF(open_column(a, c, o));
	}
	return t->columns_len > 0 ? ERR_OK : outcome_refuse(o, ERR_USAGE,
	    "give the quasi-identifiers: --quasi NAME,…",
	    "準識別子を --quasi NAME,… で指定してください");
}

static enum err open_sensitive(const struct disclosure_args *a,
    struct disclosure_table *t, struct outcome *o)
{
	struct disclosure_column *c = &t->sensitive_column;

	if (a->sensitive == NULL)
		return ERR_OK;
	(void)snprintf(c->name, sizeof(c->name), "%s", a->sensitive);
	if (!a->has_model || a->model != ENGINE_T_HIERARCHICAL)
		return ERR_OK;
	return a->sensitive_hierarchy == NULL ? open_column(a, c, o) :
	    read_hierarchy(a->sensitive_hierarchy, a->delimiter,
	    &c->hierarchy, o);
}

/* ---- rows ---- */

struct input {
	int fd;
	struct csv_reader *csv;
	struct dictionary people, values;
	size_t respondent_at, cells;
};

static void input_release(struct input *in)
{
	csv_reader_free(in->csv);
	fs_fd_cleanup(&in->fd);
	dictionary_release(&in->people);
	dictionary_release(&in->values);
}

static enum err read_fd(void *ctx, uint8_t *dst, size_t max, size_t *ret_got)
{
	const int *fd = ctx;
	ssize_t got;

	do
		got = read(*fd, dst, max);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return fs_error(errno);
	*ret_got = (size_t)got;
	return ERR_OK;
}

static enum err find_cell(const struct bytes *cells, size_t len,
    const char *name, size_t *ret, struct outcome *o)
{
	for (size_t i = 0; i < len; i++)
		if (bytes_equal(cells[i], bytes_str(name))) {
			*ret = i;
			return ERR_OK;
		}
	return outcome_refuse(o, ERR_NOT_FOUND, "the file has no column %s",
	    "ファイルに列%sがありません", name);
}

static enum err read_header(const struct disclosure_args *a, struct input *in,
    struct disclosure_table *t, struct outcome *o)
{
	const struct bytes *cells;
	unsigned long line;

	RETURN_IF(csv_reader_next(in->csv, &cells, &in->cells, &line,
	    &o->info));
	for (size_t i = 0; i < t->columns_len; i++)
		RETURN_IF(find_cell(cells, in->cells, t->columns[i].name,
		    &t->columns[i].at, o));
	if (a->sensitive != NULL)
		RETURN_IF(find_cell(cells, in->cells, a->sensitive,
		    &t->sensitive_column.at, o));
	if (a->respondent != NULL)
		RETURN_IF(find_cell(cells, in->cells, a->respondent,
		    &in->respondent_at, o));
	return ERR_OK;
}

static enum err grow_array(uint32_t **array, size_t len)
{
	uint32_t *grown = reallocarray(*array, len, sizeof(*grown));

	if (grown == NULL)
		return ERR_NOMEM;
	*array = grown;
	return ERR_OK;
}

static enum err make_room(const struct disclosure_args *a,
    struct disclosure_table *t)
{
	size_t cap = t->cap == 0 ? ROWS_FIRST : t->cap + t->cap / 2;

	if (t->rows < t->cap)
		return ERR_OK;
	if (t->rows >= UINT32_MAX - 16)
		return ERR_LIMIT;
	RETURN_IF(grow_array(&t->leaves, cap * t->columns_len));
	if (a->respondent != NULL)
		RETURN_IF(grow_array(&t->respondents, cap));
	if (a->sensitive != NULL)
		RETURN_IF(grow_array(&t->sensitive, cap));
	t->cap = cap;
	return ERR_OK;
}

/* Values are data: the sentence names line and column only. */
static enum err find_leaf(const struct disclosure_column *c,
    struct bytes cell, unsigned long line, uint32_t *ret, struct outcome *o)
{
	enum err e = hierarchy_find(c->hierarchy, cell, ret);

	if (e != ERR_NOT_FOUND)
		return e;
	return outcome_refuse(o, ERR_UNKNOWN,
	    "line %lu: the hierarchy of %s lacks the value",
	    "%lu行目：%sの階層にこの値がありません", line, c->name);
}

static enum err read_row(const struct disclosure_args *a, struct input *in,
    struct disclosure_table *t, const struct bytes *cells, unsigned long line,
    struct outcome *o)
{
	int is_new;

	RETURN_IF(make_room(a, t));
	for (size_t i = 0; i < t->columns_len; i++)
		RETURN_IF(find_leaf(&t->columns[i], cells[t->columns[i].at],
		    line, &t->leaves[t->rows * t->columns_len + i], o));
	if (a->respondent != NULL)
		RETURN_IF(dictionary_number(&in->people,
		    cells[in->respondent_at], &t->respondents[t->rows],
		    &is_new));
	if (a->sensitive != NULL && t->sensitive_column.hierarchy != NULL)
		RETURN_IF(find_leaf(&t->sensitive_column,
		    cells[t->sensitive_column.at], line,
		    &t->sensitive[t->rows], o));
	else if (a->sensitive != NULL)
		RETURN_IF(dictionary_number(&in->values,
		    cells[t->sensitive_column.at], &t->sensitive[t->rows],
		    &is_new));
	t->rows++;
	return ERR_OK;
}

static enum err read_rows(const struct disclosure_args *a, struct input *in,
    struct disclosure_table *t, struct outcome *o)
{
	const struct bytes *cells;
	unsigned long line;
	size_t len;
	enum err e;

	for (;;) {
		e = csv_reader_next(in->csv, &cells, &len, &line, &o->info);
		if (e == ERR_NOT_FOUND)
			return ERR_OK;
		RETURN_IF(e);
		if (len == 1 && cells[0].len == 0 && in->cells > 1)
			continue;
		if (len != in->cells)
			return outcome_refuse(o, ERR_SYNTAX,
			    "line %lu has %zu cells instead of %zu",
			    "%lu行目のセルは%zu個です（%zu個のはずです）",
			    line, len, in->cells);
		RETURN_IF(read_row(a, in, t, cells, line, o));
	}
}

/* ---- the order of sensitive values ---- */

struct ranked {
	const char *text;
	double number;
	uint32_t old;
};

static int by_text(const void *a, const void *b)
{
	return strcmp(((const struct ranked *)a)->text,
	    ((const struct ranked *)b)->text);
}

static int by_number(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	return x->number < y->number ? -1 : x->number > y->number ? 1 :
	    by_text(a, b);
}

static enum err rank_values(const struct disclosure_args *a,
    const struct dictionary *d, struct ranked *r, struct outcome *o)
{
	for (size_t i = 0; i < d->len; i++) {
		char *end = NULL;

		r[i].text = (const char *)dictionary_text(d,
		    (uint32_t)i).data;
		r[i].old = (uint32_t)i;
		r[i].number = strtod(r[i].text, &end);
		if (a->numeric_order && (end == r[i].text || *end != '\0'))
			return outcome_refuse(o, ERR_SYNTAX,
			    "column %s has a value that is no number",
			    "列%sに数でない値があります", a->sensitive);
	}
	if (a->model == ENGINE_T_ORDERED)
		qsort(r, d->len, sizeof(*r), a->numeric_order ? by_number :
		    by_text);
	return ERR_OK;
}

/* Numbers of values become their order; their texts are kept for writing. */
static enum err order_values(const struct disclosure_args *a,
    const struct dictionary *d, struct disclosure_table *t, struct outcome *o)
{
	struct ranked *r = calloc(d->len + 1, sizeof(*r));
	uint32_t *rank = calloc(d->len + 1, sizeof(*rank));
	enum err e = r == NULL || rank == NULL ? ERR_NOMEM :
	    rank_values(a, d, r, o);

	t->sensitive_values = d->len;
	t->sensitive_texts = malloc(d->all.len + 1);
	t->sensitive_at = calloc(d->len + 1, sizeof(*t->sensitive_at));
	if (t->sensitive_texts == NULL || t->sensitive_at == NULL)
		e = ERR_NOMEM;
	if (e == ERR_OK && d->len > 0) {
		memcpy(t->sensitive_texts, d->all.data, d->all.len);
		for (size_t i = 0; i < d->len; i++) {
			rank[r[i].old] = (uint32_t)i;
			t->sensitive_at[i] = d->at[r[i].old];
		}
		for (size_t i = 0; i < t->rows; i++)
			t->sensitive[i] = rank[t->sensitive[i]];
	}
	free(r);
	free(rank);
	return e;
}

enum err disclosure_table_read(const struct disclosure_args *a,
    struct disclosure_table *ret, struct outcome *o)
{
	CLEANUP(input_release) struct input in = {.fd = -1};

	RETURN_IF(open_columns(a, ret, o));
	RETURN_IF(open_sensitive(a, ret, o));
	(void)snprintf(o->info.file, sizeof(o->info.file), "%s", a->file);
	in.fd = open(a->file, O_RDONLY | O_CLOEXEC);
	if (in.fd < 0)
		return fs_error(errno);
	RETURN_IF(csv_reader_new(read_fd, &in.fd, a->delimiter, a->file,
	    &in.csv));
	RETURN_IF(read_header(a, &in, ret, o));
	RETURN_IF(read_rows(a, &in, ret, o));
	if (a->sensitive == NULL)
		return ERR_OK;
	if (ret->sensitive_column.hierarchy == NULL)
		return order_values(a, &in.values, ret, o);
	ret->sensitive_values =
	    hierarchy_leaves(ret->sensitive_column.hierarchy);
	return ERR_OK;
}

/* ---- writing ---- */

static struct bytes sensitive_text(const struct disclosure_table *t,
    size_t row)
{
	if (t->sensitive_column.hierarchy != NULL)
		return hierarchy_text(t->sensitive_column.hierarchy, 0,
		    t->sensitive[row]);
	return bytes_str(t->sensitive_texts +
	    t->sensitive_at[t->sensitive[row]]);
}

static enum err write_cell(struct buf *b, int first, struct bytes cell,
    char delimiter)
{
	if (!first)
		RETURN_IF(buf_append_u8(b, (uint8_t)delimiter));
	return csv_append_field(b, cell, delimiter);
}

static enum err write_row(const struct disclosure_args *a,
    const struct disclosure_table *t, size_t row, const unsigned *levels,
    int gone, struct buf *b)
{
	for (size_t i = 0; i < t->columns_len; i++)
		RETURN_IF(write_cell(b, i == 0, gone ? bytes_str("*") :
		    hierarchy_text(t->columns[i].hierarchy, levels[i],
		    t->leaves[row * t->columns_len + i]), a->delimiter));
	if (t->sensitive != NULL)
		RETURN_IF(write_cell(b, 0, sensitive_text(t, row),
		    a->delimiter));
	return buf_append_u8(b, '\n');
}

static enum err write_header(const struct disclosure_args *a,
    const struct disclosure_table *t, struct buf *b)
{
	for (size_t i = 0; i < t->columns_len; i++)
		RETURN_IF(write_cell(b, i == 0, bytes_str(t->columns[i].name),
		    a->delimiter));
	if (t->sensitive != NULL)
		RETURN_IF(write_cell(b, 0, bytes_str(a->sensitive),
		    a->delimiter));
	return buf_append_u8(b, '\n');
}

static enum err write_all(const struct disclosure_args *a,
    const struct disclosure_table *t, const struct engine *e,
    const unsigned *levels, int fd)
{
	CLEANUP(buf_release) struct buf b = {0};

	RETURN_IF(write_header(a, t, &b));
	for (size_t i = 0; i < t->rows; i++) {
		int gone = engine_is_suppressed(e, i);

		if (!gone || !a->drop)
			RETURN_IF(write_row(a, t, i, levels, gone, &b));
		if (b.len < WRITE_AT)
			continue;
		RETURN_IF(fs_write_all(fd, bytes_buf(&b)));
		buf_clear(&b);
	}
	RETURN_IF(fs_write_all(fd, bytes_buf(&b)));
	return fs_sync(fd);
}

enum err disclosure_table_write(const struct disclosure_args *a,
    const struct disclosure_table *t, const struct engine *e,
    const unsigned *levels, struct outcome *o)
{
	CLEANUP(fs_fd_cleanup) int fd = -1;
	char temporary[FS_PATH_MAX];
	enum err err;

	(void)snprintf(o->info.file, sizeof(o->info.file), "%s", a->out);
	RETURN_IF(fs_path(temporary, "%s.part", a->out));
	fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return fs_error(errno);
	err = write_all(a, t, e, levels, fd);
	if (err == ERR_OK)
		err = fs_rename(temporary, a->out);
	if (err != ERR_OK)
		(void)!fs_remove(temporary);
	return err;
}
