/* Tables in: CSV, hierarchies, numbers of values. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/ops/disclosure.h"
#include "core/csv.h"
#include "core/fs.h"

#define HIERARCHY_FILE_MAX ((size_t)512 << 20)
#define ROWS_FIRST 4096

void disclosure_table_release(struct disclosure_table *t)
{
	for (size_t i = 0; i < t->columns_len; i++)
		hierarchy_free(t->columns[i].hierarchy);
	for (size_t i = 0; i < t->sensitive_len; i++) {
		hierarchy_free(t->sensitive[i].column.hierarchy);
		dictionary_release(&t->sensitive[i].texts);
		free(t->sensitive[i].of_row);
		free(t->sensitive[i].came);
	}
	free(t->leaves);
	free(t->respondents);
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
	(void)snprintf(o->info.file, sizeof(o->info.file), "%s", dir);
	RETURN_IF(fs_list(dir, &names));
	o->info.file[0] = '\0';
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
	for (size_t i = 0; i < a->rules_len; i++) {
		const struct disclosure_rule *r = &a->rules[i];
		struct disclosure_column *c =
		    &t->sensitive[t->sensitive_len++].column;

		if (r->column.len >= sizeof(c->name))
			return outcome_refuse(o, ERR_LIMIT,
			    "a column's name is too long",
			    "列の名前が長すぎます");
		memcpy(c->name, r->column.data, r->column.len);
		if (r->model != ENGINE_T_HIERARCHICAL)
			continue;
		if (a->sensitive_hierarchy == NULL)
			RETURN_IF(open_column(a, c, o));
		else
			RETURN_IF(read_hierarchy(a->sensitive_hierarchy,
			    a->delimiter, &c->hierarchy, o));
	}
	return ERR_OK;
}

/* ---- rows ---- */

struct input {
	int fd;
	struct csv_reader *csv;
	struct dictionary people;
	size_t respondent_at, cells;
};

static void input_release(struct input *in)
{
	csv_reader_free(in->csv);
	fs_fd_cleanup(&in->fd);
	dictionary_release(&in->people);
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
	size_t found = 0;

	for (size_t i = 0; i < len; i++)
		if (bytes_equal(cells[i], bytes_str(name)) && found++ == 0)
			*ret = i;
	if (found == 1)
		return ERR_OK;
	return found == 0 ? outcome_refuse(o, ERR_NOT_FOUND,
	    "the file has no column %s", "ファイルに列%sがありません", name) :
	    outcome_refuse(o, ERR_DUPLICATE,
	    "the file has %zu columns %s", "ファイルに列が%zu個あります：%s",
	    found, name);
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
	for (size_t i = 0; i < t->sensitive_len; i++)
		RETURN_IF(find_cell(cells, in->cells,
		    t->sensitive[i].column.name, &t->sensitive[i].column.at,
		    o));
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
	for (size_t i = 0; i < t->sensitive_len; i++)
		RETURN_IF(grow_array(&t->sensitive[i].of_row, cap));
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

static enum err read_value(struct disclosure_sensitive *s, size_t row,
    const struct bytes *cells, unsigned long line, struct outcome *o)
{
	int is_new;

	if (s->column.hierarchy != NULL)
		return find_leaf(&s->column, cells[s->column.at], line,
		    &s->of_row[row], o);
	return dictionary_number(&s->texts, cells[s->column.at],
	    &s->of_row[row], &is_new);
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
	for (size_t i = 0; i < t->sensitive_len; i++)
		RETURN_IF(read_value(&t->sensitive[i], t->rows, cells, line,
		    o));
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
	for (size_t i = 0; i < ret->sensitive_len; i++) {
		struct disclosure_sensitive *s = &ret->sensitive[i];

		if (s->column.hierarchy == NULL)
			RETURN_IF(disclosure_values_order(a, ret, i, o));
		else
			s->values = hierarchy_leaves(s->column.hierarchy);
	}
	return ERR_OK;
}
