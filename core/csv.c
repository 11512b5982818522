/* core/csv.c - a byte-wise state machine, so that how the bytes are cut into
 * pieces cannot matter; and the minimal writer. */
#include "core/csv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/utf8.h"

#define CSV_CHUNK ((size_t)64 << 10)
#define CSV_END (-1)

enum csv_state {
	CSV_AT_START,       /* before the first character of a field */
	CSV_UNQUOTED,
	CSV_QUOTED,
	CSV_AFTER_QUOTE,    /* a quote within quotes: the end, or doubled */
	CSV_AFTER_CR,       /* a CR outside quotes: LF must follow */
	CSV_SKIPPING,       /* a fault was found: on to the next line */
	CSV_DONE,
};

struct csv_reader {
	csv_read_fn read;
	void *ctx;
	char delimiter;
	char name[256];

	uint8_t *in;
	size_t in_pos, in_len;
	int at_end, past_bom;
	unsigned long line;     /* of the next character */

	enum csv_state state;
	enum err fault;         /* first one of this record */
	const char *fault_text;
	unsigned long fault_line;

	struct buf record;      /* fields, each with a NUL behind */
	size_t *ends;           /* offset of each field's NUL in record */
	struct bytes *fields;   /* what the caller sees */
	size_t count, cap;
};

enum err
csv_read_bytes(void *ctx, uint8_t *dst, size_t max, size_t *ret_got)
{
	struct bytes *rest = ctx, piece = {NULL, 0};
	size_t len = rest->len < max ? rest->len : max;

	RETURN_IF(bytes_take(rest, len, &piece));
	if (len > 0)
		memcpy(dst, piece.data, len);
	*ret_got = len;
	return ERR_OK;
}

enum err
csv_reader_new(csv_read_fn read, void *ctx, char delimiter, const char *name,
    struct csv_reader **ret)
{
	CLEANUP(csv_reader_cleanup) struct csv_reader *r =
	    calloc(1, sizeof(*r));

	MUST_HOLD(delimiter != '"' && delimiter != '\n' && delimiter != '\r' &&
	    delimiter > 0);
	if (r == NULL || (r->in = malloc(CSV_CHUNK)) == NULL)
		return ERR_NOMEM;
	r->read = read;
	r->ctx = ctx;
	r->delimiter = delimiter;
	(void)snprintf(r->name, sizeof(r->name), "%s", name);
	r->line = 1;
	/* One byte more per field for its NUL. */
	r->record.max = CSV_RECORD_MAX + CSV_FIELDS_MAX;
	*ret = TAKE(r);
	return ERR_OK;
}

void
csv_reader_free(struct csv_reader *r)
{
	if (r == NULL)
		return;
	if (r->in != NULL)
		explicit_bzero(r->in, CSV_CHUNK);
	free(r->in);
	buf_release(&r->record);
	free(r->ends);
	free(r->fields);
	free(r);
}

void
csv_reader_cleanup(struct csv_reader **r)
{
	csv_reader_free(*r);
	*r = NULL;
}

/* Read more behind what is unread; sets at_end. */
static enum err
fill(struct csv_reader *r)
{
	size_t got = 0;

	if (r->in_pos > 0) {
		memmove(r->in, r->in + r->in_pos, r->in_len - r->in_pos);
		r->in_len -= r->in_pos;
		r->in_pos = 0;
	}
	RETURN_IF(r->read(r->ctx, r->in + r->in_len, CSV_CHUNK - r->in_len,
	    &got));
	MUST_HOLD(got <= CSV_CHUNK - r->in_len);
	r->in_len += got;
	r->at_end = got == 0;
	return ERR_OK;
}

/* A byte order mark is no part of the first field; that of UTF-16 says that
 * nothing here is UTF-8. */
static enum err
skip_bom(struct csv_reader *r)
{
	static const uint8_t bom[] = {0xef, 0xbb, 0xbf};

	while (!r->at_end && r->in_len < sizeof(bom))
		RETURN_IF(fill(r));
	if (r->in_len >= sizeof(bom) && memcmp(r->in, bom, sizeof(bom)) == 0)
		r->in_pos = sizeof(bom);
	r->past_bom = 1;
	if (r->in_len >= 2 && ((r->in[0] == 0xff && r->in[1] == 0xfe) ||
	    (r->in[0] == 0xfe && r->in[1] == 0xff)))
		return ERR_ENCODING;
	return ERR_OK;
}

/* The next character, or CSV_END. */
static enum err
next_char(struct csv_reader *r, int *ret)
{
	if (r->in_pos == r->in_len && !r->at_end)
		RETURN_IF(fill(r));
	if (r->in_pos == r->in_len)
		*ret = CSV_END;
	else
		*ret = r->in[r->in_pos++];
	return ERR_OK;
}

static void
set_fault(struct csv_reader *r, enum err e, const char *text)
{
	r->fault = e;
	r->fault_text = text;
	r->fault_line = r->line;
	r->state = CSV_SKIPPING;
}

static size_t
field_start(const struct csv_reader *r)
{
	return r->count == 0 ? 0 : r->ends[r->count - 1] + 1;
}

static enum err
grow_fields(struct csv_reader *r)
{
	size_t cap = r->cap == 0 ? 64 : r->cap * 2;
	struct bytes *fields;
	size_t *ends;

	if ((ends = reallocarray(r->ends, cap, sizeof(*ends))) == NULL)
		return ERR_NOMEM;
	r->ends = ends;
	if ((fields = reallocarray(r->fields, cap, sizeof(*fields))) == NULL)
		return ERR_NOMEM;
	r->fields = fields;
	r->cap = cap;
	return ERR_OK;
}

static enum err
add_char(struct csv_reader *r, int c)
{
	if (r->record.len - field_start(r) == CSV_FIELD_MAX) {
		set_fault(r, ERR_LIMIT, "a field is too long");
		return ERR_OK;
	}
	if (r->record.len - r->count == CSV_RECORD_MAX) {
		set_fault(r, ERR_LIMIT, "a record is too long");
		return ERR_OK;
	}
	return buf_append_u8(&r->record, (uint8_t)c);
}

static enum err
end_field(struct csv_reader *r)
{
	if (r->count == CSV_FIELDS_MAX) {
		set_fault(r, ERR_LIMIT, "a record has too many fields");
		return ERR_OK;
	}
	if (r->count == r->cap)
		RETURN_IF(grow_fields(r));
	RETURN_IF(buf_append_u8(&r->record, '\0'));
	r->ends[r->count++] = r->record.len - 1;
	r->state = CSV_AT_START;
	return ERR_OK;
}

static enum err
end_record(struct csv_reader *r)
{
	RETURN_IF(end_field(r));
	r->state = CSV_DONE;
	return ERR_OK;
}

/* What ends a field wherever it may end; 0 when ${c} is something else. */
static int
at_field_end(struct csv_reader *r, int c, enum err *ret)
{
	if (c == r->delimiter) {
		*ret = end_field(r);
	} else if (c == '\n' || c == CSV_END) {
		*ret = end_record(r);
	} else if (c == '\r') {
		r->state = CSV_AFTER_CR;
		*ret = ERR_OK;
	} else {
		return 0;
	}
	return 1;
}

static enum err
step_plain(struct csv_reader *r, int c)
{
	enum err e;

	if (at_field_end(r, c, &e))
		return e;
	if (c != '"') {
		r->state = CSV_UNQUOTED;
		return add_char(r, c);
	}
	if (r->state == CSV_AT_START)
		r->state = CSV_QUOTED;
	else
		set_fault(r, ERR_SYNTAX, "a quote inside an unquoted field");
	return ERR_OK;
}

static enum err
step_quoted(struct csv_reader *r, int c)
{
	if (c == CSV_END) {
		set_fault(r, ERR_SYNTAX, "a quoted field has no end");
		return ERR_OK;
	}
	if (c != '"')
		return add_char(r, c);
	r->state = CSV_AFTER_QUOTE;
	return ERR_OK;
}

static enum err
step_after_quote(struct csv_reader *r, int c)
{
	enum err e;

	if (at_field_end(r, c, &e))
		return e;
	if (c == '"') {
		r->state = CSV_QUOTED;
		return add_char(r, c);
	}
	set_fault(r, ERR_SYNTAX, "characters behind a closing quote");
	return ERR_OK;
}

static enum err
step_after_cr(struct csv_reader *r, int c)
{
	if (c == '\n')
		return end_record(r);
	set_fault(r, ERR_SYNTAX, "a carriage return without line feed");
	return ERR_OK;
}

static enum err
step(struct csv_reader *r, int c)
{
	if (c == '\0' && r->state != CSV_SKIPPING) {
		set_fault(r, ERR_ENCODING, "a NUL character");
		return ERR_OK;
	}
	switch (r->state) {
	case CSV_AT_START:
	case CSV_UNQUOTED:
		return step_plain(r, c);
	case CSV_QUOTED:
		return step_quoted(r, c);
	case CSV_AFTER_QUOTE:
		return step_after_quote(r, c);
	case CSV_AFTER_CR:
		return step_after_cr(r, c);
	case CSV_SKIPPING:
	case CSV_DONE:
		break;
	}
	return ERR_OK;
}

/* Steps until the record, or the line a fault was found in, is over. */
static enum err
read_record(struct csv_reader *r)
{
	int c;

	while (r->state != CSV_DONE) {
		RETURN_IF(next_char(r, &c));
		RETURN_IF(step(r, c));
		if (c == '\n' || c == CSV_END)
			r->line++;
		if (r->state == CSV_SKIPPING && (c == '\n' || c == CSV_END))
			break;
	}
	return ERR_OK;
}

static void
show_fields(struct csv_reader *r)
{
	size_t i, start = 0;

	for (i = 0; i < r->count; i++) {
		r->fields[i] = bytes_of(r->record.data + start,
		    r->ends[i] - start);
		start = r->ends[i] + 1;
	}
}

/* A field cannot end inside a character of another, so all at once. */
static void
check_encoding(struct csv_reader *r, unsigned long line)
{
	if (r->fault != ERR_OK || utf8_is_valid(bytes_buf(&r->record)))
		return;
	r->fault = ERR_ENCODING;
	r->fault_text = "not UTF-8";
	r->fault_line = line;
}

/* 1 when nothing but the end is left. */
static enum err
is_over(struct csv_reader *r, int *ret)
{
	if (!r->past_bom)
		RETURN_IF(skip_bom(r));
	while (r->in_pos == r->in_len && !r->at_end)
		RETURN_IF(fill(r));
	*ret = r->in_pos == r->in_len;
	return ERR_OK;
}

enum err
csv_reader_next(struct csv_reader *r, const struct bytes **ret_fields,
    size_t *ret_count, unsigned long *ret_line, struct err_info *info)
{
	unsigned long line = r->line;
	int over;

	buf_clear(&r->record);
	r->count = 0;
	r->fault = ERR_OK;
	r->state = CSV_AT_START;
	if (info != NULL && r->name[0] != '\0')
		(void)snprintf(info->file, sizeof(info->file), "%s", r->name);
	enum err e = is_over(r, &over);

	if (e == ERR_ENCODING)
		return err_at(info, e, 1,
		    "UTF-16: save it as UTF-8 and take that");
	RETURN_IF(e);
	if (over)
		return ERR_NOT_FOUND;
	RETURN_IF(read_record(r));
	check_encoding(r, line);
	if (r->fault != ERR_OK)
		return err_at(info, r->fault, r->fault_line, "%s",
		    r->fault_text);
	show_fields(r);
	*ret_fields = r->fields;
	*ret_count = r->count;
	*ret_line = line;
	return ERR_OK;
}

unsigned long
csv_reader_line(const struct csv_reader *r)
{
	return r->line;
}

/* Quotes in ${field}, and in ${ret_special} whether it must be quoted. */
static size_t
count_quotes(struct bytes field, char delimiter, int *ret_special)
{
	size_t i, quotes = 0;
	char c;

	*ret_special = 0;
	for (i = 0; i < field.len; i++) {
		c = (char)field.data[i];
		if (c == '"')
			quotes++;
		if (c == '"' || c == delimiter || c == '\n' || c == '\r')
			*ret_special = 1;
	}
	return quotes;
}

size_t
csv_field_len(struct bytes field, char delimiter)
{
	int special;
	size_t quotes = count_quotes(field, delimiter, &special);

	return special ? field.len + quotes + 2 : field.len;
}

enum err
csv_append_field(struct buf *out, struct bytes field, char delimiter)
{
	int special;
	size_t i, quotes = count_quotes(field, delimiter, &special);

	if (!special)
		return buf_append(out, field.data, field.len);
	RETURN_IF(buf_reserve(out, field.len + quotes + 2));
	out->data[out->len++] = '"';
	for (i = 0; i < field.len; i++) {
		if (field.data[i] == '"')
			out->data[out->len++] = '"';
		out->data[out->len++] = field.data[i];
	}
	out->data[out->len++] = '"';
	out->data[out->len] = '\0';
	return ERR_OK;
}
