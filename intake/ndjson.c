/* intake/ndjson.c - a stream cut into lines, each line into an event or a bad
 * line. */
#include "intake/ndjson.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/json_doc.h"
#include "intake/fhir_internal.h"
#include "intake/json_fault.h"
#include "intake/ndjson_internal.h"

#define CHUNK ((size_t)256 << 10)

struct ndjson_reader {
	intake_read_fn read;
	void *ctx;
	enum ndjson_path path;
	struct draft draft;
	struct fhir_line fhir;
	uint8_t *scratch;       /* INTAKE_LINE_MAX */
	uint8_t *in;            /* CHUNK */
	size_t in_pos, in_len;
	int at_end;
	unsigned long line;     /* number of the last line that was read */
};

enum err
ndjson_reader_new(intake_read_fn read, void *ctx,
    const struct intake_rules *rules, enum ndjson_path path,
    struct ndjson_reader **ret)
{
	CLEANUP(ndjson_reader_cleanup) struct ndjson_reader *r =
	    calloc(1, sizeof(*r));

	if (r == NULL)
		return ERR_NOMEM;
	r->read = read;
	r->ctx = ctx;
	r->path = path;
	RETURN_IF(draft_init(&r->draft, rules));
	r->scratch = malloc(INTAKE_LINE_MAX);
	r->in = malloc(CHUNK);
	if (r->scratch == NULL || r->in == NULL)
		return ERR_NOMEM;
	*ret = TAKE(r);
	return ERR_OK;
}

void
ndjson_reader_map(struct ndjson_reader *r, const struct fhir_map *map)
{
	r->fhir.map = map;
}

void
ndjson_reader_free(struct ndjson_reader *r)
{
	if (r == NULL)
		return;
	draft_release(&r->draft);
	if (r->scratch != NULL)
		explicit_bzero(r->scratch, INTAKE_LINE_MAX);
	if (r->in != NULL)
		explicit_bzero(r->in, CHUNK);
	free(r->scratch);
	free(r->in);
	explicit_bzero(&r->fhir, sizeof(r->fhir));
	free(r);
}

void
ndjson_reader_cleanup(struct ndjson_reader **r)
{
	ndjson_reader_free(*r);
	*r = NULL;
}

static enum err
parse_reference(struct ndjson_reader *r, struct bytes line,
    unsigned long number, struct intake_batch *batch)
{
	CLEANUP(json_doc_cleanup) struct json_doc *doc = NULL;

	draft_start(&r->draft);
	RETURN_IF(ndjson_reference_parse(&r->draft, line, &doc));
	return draft_finish(&r->draft, number, batch);
}

static enum err
parse_fhir(struct ndjson_reader *r, struct bytes line, unsigned long number,
    struct intake_batch *batch)
{
	CLEANUP(json_doc_cleanup) struct json_doc *doc = NULL;

	draft_start(&r->draft);
	r->fhir.draft = &r->draft;
	RETURN_IF(fhir_parse(&r->fhir, line, &doc));
	return draft_finish(&r->draft, number, batch);
}

static enum err
parse_line(struct ndjson_reader *r, struct bytes line, unsigned long number,
    struct intake_batch *batch)
{
	enum err e;

	if (line.len > INTAKE_LINE_MAX)
		return draft_refuse(&r->draft, INTAKE_REASON_TOO_LONG,
		    "the line is longer than 64 KiB");
	if (r->path == NDJSON_FHIR)
		return parse_fhir(r, line, number, batch);
	if (r->path == NDJSON_REFERENCE)
		return parse_reference(r, line, number, batch);
	draft_start(&r->draft);
	e = ndjson_fast_parse(&r->draft, line, r->scratch);
	if (e == ERR_UNSUPPORTED)
		return parse_reference(r, line, number, batch);
	RETURN_IF(e);
	return draft_finish(&r->draft, number, batch);
}

enum err
ndjson_reader_line(struct ndjson_reader *r, struct bytes line,
    unsigned long number, struct intake_batch *batch)
{
	struct intake_bad bad = {.line = number, .raw = line};
	enum err e = parse_line(r, line, number, batch);

	if (e != ERR_SYNTAX)
		return e;
	bad.reason = r->draft.reason;
	memcpy(bad.message, r->draft.message, sizeof(bad.message));
	if (strcmp(bad.message, JSON_FAULT_GENERAL) == 0)
		(void)snprintf(bad.message, sizeof(bad.message), "%s",
		    json_fault(line));
	return intake_batch_add_bad(batch, &bad);
}

/* More bytes behind those not yet read. */
static enum err
fill(struct ndjson_reader *r)
{
	size_t got = 0;

	if (r->in_pos > 0) {
		memmove(r->in, r->in + r->in_pos, r->in_len - r->in_pos);
		r->in_len -= r->in_pos;
		r->in_pos = 0;
	}
	RETURN_IF(r->read(r->ctx, r->in + r->in_len, CHUNK - r->in_len,
	    &got));
	MUST_HOLD(got <= CHUNK - r->in_len);
	r->in_len += got;
	r->at_end = got == 0;
	return ERR_OK;
}

/* Length of the next line without its LF, as far as it matters: what is
 * longer than INTAKE_LINE_MAX is told as INTAKE_LINE_MAX + 1. */
static enum err
find_line(struct ndjson_reader *r, size_t *ret_len)
{
	const uint8_t *lf;
	size_t have, searched = 0;

	for (;;) {
		have = r->in_len - r->in_pos;
		lf = have > searched ? memchr(r->in + r->in_pos + searched,
		    '\n', have - searched) : NULL;
		if (lf != NULL)
			have = (size_t)(lf - (r->in + r->in_pos));
		if (lf != NULL || r->at_end || have > INTAKE_LINE_MAX)
			break;
		searched = have;
		RETURN_IF(fill(r));
	}
	*ret_len = have > INTAKE_LINE_MAX ? INTAKE_LINE_MAX + 1 : have;
	return ERR_OK;
}

/* Past the line's LF, however far away. */
static enum err
skip_line(struct ndjson_reader *r)
{
	const uint8_t *lf;

	for (;;) {
		size_t have = r->in_len - r->in_pos;

		lf = have > 0 ? memchr(r->in + r->in_pos, '\n', have) : NULL;
		if (lf != NULL) {
			r->in_pos = (size_t)(lf - r->in) + 1;
			return ERR_OK;
		}
		r->in_pos = r->in_len;
		if (r->at_end)
			return ERR_OK;
		RETURN_IF(fill(r));
	}
}

static int
is_blank(struct bytes line)
{
	size_t i;

	for (i = 0; i < line.len; i++)
		if (line.data[i] != ' ' && line.data[i] != '\t' &&
		    line.data[i] != '\r')
			return 0;
	return 1;
}

/* One line, blank or not; ERR_NOT_FOUND at the end. */
static enum err
read_line(struct ndjson_reader *r, struct intake_batch *batch)
{
	struct bytes line;
	size_t len;

	RETURN_IF(find_line(r, &len));
	if (len == 0 && r->in_pos == r->in_len)
		return ERR_NOT_FOUND;
	r->line++;
	line = bytes_of(r->in + r->in_pos, len);
	if (len > INTAKE_LINE_MAX || !is_blank(line)) {
		RETURN_IF(ndjson_reader_line(r, line, r->line, batch));
		batch->lines++;
	}
	return skip_line(r);
}

enum err
ndjson_reader_next(struct ndjson_reader *r, size_t max_lines,
    struct intake_batch *batch)
{
	unsigned long before = batch->lines;
	enum err e = ERR_OK;

	while (e == ERR_OK && batch->lines - before < max_lines &&
	    batch->bytes < INTAKE_BATCH_BYTES)
		e = read_line(r, batch);
	if (e == ERR_NOT_FOUND && batch->lines != before)
		return ERR_OK;
	return e;
}
