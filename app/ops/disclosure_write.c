/* Tables out. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "app/ops/disclosure.h"
#include "core/csv.h"
#include "core/fs.h"

#define WRITE_AT ((size_t)1 << 20)

static struct bytes sensitive_text(const struct disclosure_sensitive *s,
    size_t row)
{
	if (s->column.hierarchy != NULL)
		return hierarchy_text(s->column.hierarchy, 0, s->of_row[row]);
	return dictionary_text(&s->texts, s->came[s->of_row[row]]);
}

/* Several rules may be of one column: it is written once. */
static int is_first_of_column(const struct disclosure_table *t, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (t->sensitive[j].column.at == t->sensitive[i].column.at)
			return 0;
	return 1;
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
	for (size_t i = 0; i < t->sensitive_len; i++)
		if (is_first_of_column(t, i))
			RETURN_IF(write_cell(b, 0,
			    sensitive_text(&t->sensitive[i], row),
			    a->delimiter));
	return buf_append_u8(b, '\n');
}

static enum err write_header(const struct disclosure_args *a,
    const struct disclosure_table *t, struct buf *b)
{
	for (size_t i = 0; i < t->columns_len; i++)
		RETURN_IF(write_cell(b, i == 0, bytes_str(t->columns[i].name),
		    a->delimiter));
	for (size_t i = 0; i < t->sensitive_len; i++)
		if (is_first_of_column(t, i))
			RETURN_IF(write_cell(b, 0,
			    bytes_str(t->sensitive[i].column.name),
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
