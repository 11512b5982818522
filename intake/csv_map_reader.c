/* intake/csv_map_reader.c - records through a mapping into events. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/csv.h"
#include "intake/csv_capture_internal.h"
#include "intake/csv_map_internal.h"
#include "survey/digits.h"

#define ID_MAX 512              /* room for an id before it is checked */

struct csv_map_reader {
	const struct csv_map *map;
	struct csv_capture capture;
	struct csv_reader *csv;
	size_t header_len;
	size_t event_at, respondent_at, time_at;  /* columns in the file */
	size_t *cells_at;
	struct draft draft;
	uint64_t record;        /* number of the record last read */
	char event[ID_MAX], respondent[ID_MAX];
	char digits[DIGITS_ROOM];
};

void
csv_map_reader_free(struct csv_map_reader *r)
{
	if (r == NULL)
		return;
	csv_reader_free(r->csv);
	csv_capture_release(&r->capture);
	draft_release(&r->draft);
	free(r->cells_at);
	explicit_bzero(r, sizeof(*r));
	free(r);
}

void
csv_map_reader_cleanup(struct csv_map_reader **r)
{
	csv_map_reader_free(*r);
	*r = NULL;
}

static enum err
find_column(const struct bytes *header, size_t len, const char *name,
    size_t *ret, struct err_info *info)
{
	size_t i, found = len;

	for (i = 0; i < len; i++) {
		if (!bytes_equal(header[i], bytes_str(name)))
			continue;
		if (found != len)
			return err_at(info, ERR_DUPLICATE, 1,
			    "the file has column \"%.64s\" twice", name);
		found = i;
	}
	if (found == len)
		return err_at(info, ERR_NOT_FOUND, 1,
		    "the file has no column \"%.64s\"", name);
	*ret = found;
	return ERR_OK;
}

static enum err
find_source(const struct bytes *header, size_t len,
    const struct csv_map_source *source, size_t *ret, struct err_info *info)
{
	if (source->column == NULL)
		return ERR_OK;
	return find_column(header, len, source->column, ret, info);
}

static enum err
read_header(struct csv_map_reader *r, struct err_info *info)
{
	const struct csv_map *m = r->map;
	const struct bytes *header;
	unsigned long line;
	size_t i, len;
	enum err e;

	e = csv_reader_next(r->csv, &header, &len, &line, info);
	if (e == ERR_NOT_FOUND)
		return err_at(info, ERR_TRUNCATED, 1, "the file is empty");
	RETURN_IF(e);
	r->header_len = len;
	RETURN_IF(find_source(header, len, &m->event, &r->event_at, info));
	RETURN_IF(find_source(header, len, &m->respondent, &r->respondent_at,
	    info));
	RETURN_IF(find_column(header, len, m->time_column, &r->time_at,
	    info));
	r->cells_at = calloc(m->cells_len + 1, sizeof(*r->cells_at));
	if (r->cells_at == NULL)
		return ERR_NOMEM;
	for (i = 0; i < m->cells_len; i++)
		RETURN_IF(find_column(header, len, m->cells[i].column,
		    &r->cells_at[i], info));
	(void)csv_capture_take(&r->capture, csv_reader_line(r->csv));
	return ERR_OK;
}

enum err
csv_map_reader_new(intake_read_fn read, void *ctx, const struct csv_map *map,
    const char *name, struct csv_map_reader **ret, struct err_info *info)
{
	CLEANUP(csv_map_reader_cleanup) struct csv_map_reader *r =
	    calloc(1, sizeof(*r));

	if (r == NULL)
		return ERR_NOMEM;
	r->map = map;
	csv_capture_init(&r->capture, read, ctx);
	RETURN_IF(draft_init(&r->draft, map->rules));
	RETURN_IF(csv_reader_new(csv_capture_read, &r->capture,
	    map->delimiter, name, &r->csv));
	RETURN_IF(read_header(r, info));
	*ret = TAKE(r);
	return ERR_OK;
}

/* ---- cells ---- */

static enum err
set_option(struct csv_map_reader *r, const struct csv_map_cell *cell,
    struct bytes text)
{
	const struct csv_map_field *mf = &r->map->fields[cell->field_entry];
	const struct survey_field *f = cell->field;
	struct answers_builder *b = r->draft.builder;
	int yes = csv_map_has(&mf->yes, text);

	if (!yes && !csv_map_has(&mf->no, text))
		return draft_answer(&r->draft, f, ERR_UNKNOWN);
	if (!b->values[f->index].answered)
		RETURN_IF(draft_answer(&r->draft, f, answers_set_list(b, f)));
	if (!yes)
		return ERR_OK;
	return draft_answer(&r->draft, f, answers_add_option(b, f,
	    f->categories[cell->option].value));
}

static enum err
set_plain(struct csv_map_reader *r, const struct csv_map_cell *cell,
    struct bytes text)
{
	const struct csv_map_field *mf = &r->map->fields[cell->field_entry];
	const struct survey_field *f = cell->field;
	size_t i;

	if (mf->codes != NULL) {
		for (i = 0; i < mf->codes_len; i++)
			if (bytes_equal(mf->codes[i].raw, text))
				break;
		if (i == mf->codes_len)
			return draft_answer(&r->draft, f, ERR_UNKNOWN);
		text = mf->codes[i].code;
	} else if (f->kind == SURVEY_KIND_DIGITS) {
		text = digits_plain(f, text, r->digits);
	}
	return draft_answer(&r->draft, f, answers_set_cell(r->draft.builder,
	    f, text));
}

static enum err
set_answers(struct csv_map_reader *r, const struct bytes *fields)
{
	const struct csv_map *m = r->map;
	size_t i;

	r->draft.survey_name = m->survey_name;
	r->draft.version = m->survey->version;
	RETURN_IF(draft_find_survey(&r->draft));
	for (i = 0; i < m->cells_len; i++) {
		struct bytes text = fields[r->cells_at[i]];

		if (csv_map_has(&m->missing, text))
			continue;
		RETURN_IF(m->cells[i].field->kind == SURVEY_KIND_LIST ?
		    set_option(r, &m->cells[i], text) :
		    set_plain(r, &m->cells[i], text));
	}
	return ERR_OK;
}

/* ---- records ---- */

/* The id of a source, in ${room} when it is made here. */
static struct bytes
source_id(const struct csv_map_reader *r, const struct csv_map_source *source,
    size_t column, const struct bytes *fields, char room[ID_MAX])
{
	int len;

	if (source->column != NULL)
		return fields[column];
	len = snprintf(room, ID_MAX, "%s%llu", source->prefix,
	    (unsigned long long)r->record);
	return bytes_of(room, (size_t)len);
}

static enum err
set_time(struct csv_map_reader *r, struct bytes text)
{
	return r->map->time_is_date ? draft_set_day(&r->draft, text) :
	    draft_set_time_text(&r->draft, text);
}

static enum err
set_envelope(struct csv_map_reader *r, const struct bytes *fields,
    struct bytes event)
{
	const struct csv_map *m = r->map;

	draft_start(&r->draft);
	r->draft.seen = DRAFT_TYPE | DRAFT_EVENT | DRAFT_TIME |
	    DRAFT_RESPONDENT;
	RETURN_IF(draft_set_event(&r->draft, event));
	RETURN_IF(draft_set_respondent(&r->draft, source_id(r,
	    &m->respondent, r->respondent_at, fields, r->respondent)));
	return set_time(r, fields[r->time_at]);
}

/* The consent every record of this mapping carries. */
static enum err
add_consent(struct csv_map_reader *r, const struct bytes *fields,
    unsigned long line, struct bytes event, struct intake_batch *batch)
{
	static const char suffix[] = CSV_MAP_CONSENT_SUFFIX;
	const struct csv_map *m = r->map;
	char id[ID_MAX];
	size_t i;

	if (event.len + sizeof(suffix) > sizeof(id))
		return draft_set_event(&r->draft, event);
	memcpy(id, event.data, event.len);
	memcpy(id + event.len, suffix, sizeof(suffix));
	RETURN_IF(set_envelope(r, fields, bytes_of(id,
	    event.len + sizeof(suffix) - 1)));
	r->draft.type = INTAKE_CONSENT;
	r->draft.seen |= DRAFT_SCOPES | DRAFT_TEXT;
	RETURN_IF(draft_set_text(&r->draft, m->consent_text));
	for (i = 0; i < m->scopes.len; i++)
		RETURN_IF(draft_add_scope(&r->draft, m->scopes.items[i]));
	return draft_finish(&r->draft, line, batch);
}

static enum err
add_record(struct csv_map_reader *r, const struct bytes *fields, size_t count,
    unsigned long line, struct intake_batch *batch)
{
	struct bytes event;

	if (count != r->header_len)
		return draft_refuse(&r->draft, INTAKE_REASON_CSV,
		    "%zu columns where the header has %zu", count,
		    r->header_len);
	event = source_id(r, &r->map->event, r->event_at, fields, r->event);
	if (r->map->has_consent)
		RETURN_IF(add_consent(r, fields, line, event, batch));
	RETURN_IF(set_envelope(r, fields, event));
	r->draft.type = INTAKE_RESPONSE;
	r->draft.seen |= DRAFT_SURVEY | DRAFT_VERSION | DRAFT_ANSWERS;
	RETURN_IF(set_answers(r, fields));
	return draft_finish(&r->draft, line, batch);
}

/* A record is taken whole or not at all. */
static enum err
take_record(struct csv_map_reader *r, const struct bytes *fields, size_t count,
    unsigned long line, struct intake_batch *batch)
{
	size_t before = batch->events_len;
	enum err e = add_record(r, fields, count, line, batch);

	if (e == ERR_SYNTAX && batch->events_len > before) {
		explicit_bzero(&batch->events[before],
		    (batch->events_len - before) * sizeof(*batch->events));
		batch->events_len = before;
	}
	return e;
}

static enum err
refuse_record(struct csv_map_reader *r, enum err e,
    const struct err_info *info)
{
	switch ((int)e) {
	case ERR_SYNTAX:
	case ERR_LIMIT:
		return draft_refuse(&r->draft, INTAKE_REASON_CSV, "%.120s",
		    info->message);
	case ERR_ENCODING:
		return draft_refuse(&r->draft, INTAKE_REASON_ENCODING,
		    "%.120s", info->message);
	default:
		return e;
	}
}

static enum err
add_bad(struct csv_map_reader *r, unsigned long line, struct bytes raw,
    struct intake_batch *batch)
{
	struct intake_bad bad = {.line = line, .raw = raw,
	    .reason = r->draft.reason};

	memcpy(bad.message, r->draft.message, sizeof(bad.message));
	return intake_batch_add_bad(batch, &bad);
}

static enum err
read_record(struct csv_map_reader *r, struct intake_batch *batch)
{
	struct err_info info = {{0}};
	const struct bytes *fields;
	struct bytes raw;
	size_t count;
	unsigned long line = csv_reader_line(r->csv);
	enum err e = csv_reader_next(r->csv, &fields, &count, &line, &info);

	if (e == ERR_NOT_FOUND)
		return e;
	if (e == ERR_OK && count == 1 && fields[0].len == 0) {
		(void)csv_capture_take(&r->capture, csv_reader_line(r->csv));
		return ERR_OK;          /* an empty line */
	}
	r->record++;
	if (e == ERR_OK)
		e = take_record(r, fields, count, line, batch);
	else
		e = refuse_record(r, e, &info);
	raw = csv_capture_take(&r->capture, csv_reader_line(r->csv));
	if (e == ERR_SYNTAX)
		e = add_bad(r, line, raw, batch);
	if (e == ERR_OK)
		batch->lines++;
	return e;
}

enum err
csv_map_reader_next(struct csv_map_reader *r, size_t max_records,
    struct intake_batch *batch)
{
	unsigned long before = batch->lines;
	enum err e = ERR_OK;

	while (e == ERR_OK && batch->lines - before < max_records &&
	    batch->bytes < INTAKE_BATCH_BYTES)
		e = read_record(r, batch);
	if (e == ERR_NOT_FOUND && batch->lines != before)
		return ERR_OK;
	return e;
}
