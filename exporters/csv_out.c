#include "exporters/csv_out.h"

#include <stdlib.h>
#include <string.h>

#include "core/csv.h"
#include "core/secret.h"

/* Holds the longest cell with every byte doubled, quotes and separator. */
#define BLOCK_BYTES ((size_t)256 << 10)
_Static_assert(BLOCK_BYTES > 2 * CSV_FIELD_MAX + 3, "a cell fits the block");

struct csv_out {
	csv_out_fn write;
	void *ctx;
	size_t columns;
	uint64_t bytes_out;     /* handed to the sink */
	uint64_t rows;
	size_t used;            /* bytes of ${block} */
	uint8_t *block;
};

enum err
csv_out_new(csv_out_fn write, void *ctx, size_t columns, struct csv_out **ret)
{
	CLEANUP(csv_out_cleanup) struct csv_out *o = NULL;

	if (columns == 0 || columns > CSV_FIELDS_MAX)
		return ERR_RANGE;
	if ((o = calloc(1, sizeof(*o))) == NULL ||
	    (o->block = malloc(BLOCK_BYTES)) == NULL)
		return ERR_NOMEM;
	o->write = write;
	o->ctx = ctx;
	o->columns = columns;
	*ret = TAKE(o);
	return ERR_OK;
}

void
csv_out_free(struct csv_out *o)
{
	if (o == NULL)
		return;
	if (o->block != NULL)
		secret_wipe(o->block, BLOCK_BYTES);
	free(o->block);
	free(o);
}

void
csv_out_cleanup(struct csv_out **o)
{
	csv_out_free(*o);
}

static enum err
flush(struct csv_out *o)
{
	size_t used = o->used;

	if (used == 0)
		return ERR_OK;
	o->used = 0;
	o->bytes_out += used;
	return o->write(o->ctx, bytes_of(o->block, used));
}

/* The cell between quotes, with its own doubled; room was made. */
static void
put_quoted(struct csv_out *o, struct bytes cell)
{
	uint8_t *p = o->block + o->used;
	size_t i;

	*p++ = '"';
	for (i = 0; i < cell.len; i++) {
		if (cell.data[i] == '"')
			*p++ = '"';
		*p++ = cell.data[i];
	}
	*p++ = '"';
	o->used = (size_t)(p - o->block);
}

/* Most cells are a few plain characters: copy while looking. */
static enum err
put_cell(struct csv_out *o, struct bytes cell, uint8_t end)
{
	uint8_t *p;
	size_t i;
	uint8_t c;

	if (cell.len > CSV_FIELD_MAX)
		return ERR_LIMIT;
	if (BLOCK_BYTES - o->used < 2 * cell.len + 3)
		RETURN_IF(flush(o));
	p = o->block + o->used;
	for (i = 0; i < cell.len; i++) {
		c = cell.data[i];
		if (c == '"' || c == ',' || c == '\n' || c == '\r')
			break;
		p[i] = c;
	}
	if (i == cell.len)
		o->used += cell.len;
	else
		put_quoted(o, cell);
	o->block[o->used++] = end;
	return ERR_OK;
}

static enum err
put_line(struct csv_out *o, const struct bytes *cells)
{
	size_t i;

	for (i = 0; i < o->columns; i++)
		RETURN_IF(put_cell(o, cells[i],
		    i + 1 == o->columns ? '\n' : ','));
	return ERR_OK;
}

enum err
csv_out_header(struct csv_out *o, const char *const *names)
{
	size_t i;

	for (i = 0; i < o->columns; i++)
		RETURN_IF(put_cell(o, bytes_str(names[i]),
		    i + 1 == o->columns ? '\n' : ','));
	return ERR_OK;
}

enum err
csv_out_batch(struct csv_out *o, const struct rows_batch *batch)
{
	size_t i;

	if (batch->columns != o->columns)
		return ERR_MISMATCH;
	for (i = 0; i < batch->rows; i++)
		RETURN_IF(put_line(o, batch->cells + i * o->columns));
	o->rows += batch->rows;
	return ERR_OK;
}

enum err
csv_out_end(struct csv_out *o)
{
	return flush(o);
}

uint64_t
csv_out_bytes(const struct csv_out *o)
{
	return o->bytes_out + o->used;
}

uint64_t
csv_out_rows(const struct csv_out *o)
{
	return o->rows;
}

uint64_t
csv_out_line_len(const struct bytes *cells, size_t count)
{
	uint64_t len = count;   /* separators and LF */
	size_t i;

	for (i = 0; i < count; i++)
		len += csv_field_len(cells[i], ',');
	return len;
}

uint64_t
csv_out_header_len(const char *const *names, size_t count)
{
	uint64_t len = count;
	size_t i;

	for (i = 0; i < count; i++)
		len += csv_field_len(bytes_str(names[i]), ',');
	return len;
}
