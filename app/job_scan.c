/* First pass: what is there, in which groups, how many bytes it will take. */
#include <stdlib.h>
#include <string.h>

#include "app/job_internal.h"
#include "core/clock.h"
#include "core/csv.h"

#define CONSENTS_MAX 4096
#define NO_CONSENT UINT16_MAX
#define PSEUDONYM_CELL 27
#define FETCH_AHEAD 8

void job_scan_release(struct job_scan *s)
{
	kanon_free(TAKE(s->kanon));
	job_visits_free(s->visits);
	job_models_free(s->models);
	for (size_t i = 0; i < s->columns_len; i++) {
		free(s->columns[i].alike);
		ladder_map_free(s->columns[i].map);
		ladder_free(s->columns[i].ladder);
	}
	for (size_t i = 0; s->kanon_columns != NULL && i < s->dimensions; i++) {
		free((void *)(uintptr_t)s->kanon_columns[i].labels);
		free((void *)(uintptr_t)s->kanon_columns[i].labels_len);
	}
	free(s->kanon_columns);
	free(s->consent_labels);
	job_dates_release(&s->dates);
	free(s->columns);
	free(s->values);
	free(s->rows);
	job_tuples_free(s->tuples);
	free(s->answers);
	free(s->fixed);
	free(s->packed);
	free(s->consent_of);
	free(s->given);
	free(s->consents);
	*s = (struct job_scan){0};
}

/* ---- columns ---- */

static const struct policy_ladder_file *find_ladder(const struct docket *d,
    const char *name)
{
	for (size_t i = 0; i < d->ladders_len; i++)
		if (strcmp(d->files[i].name, name) == 0)
			return &d->files[i];
	return NULL;
}

static enum err init_ladder(struct job_column *col, const struct docket *d)
{
	const struct policy_ladder_file *f;

	if (col->plan->ladder[0] == '\0' && !col->quasi)
		return ERR_OK;
	if (col->plan->ladder[0] == '\0') {
		RETURN_IF(ladder_new_as_is(col->field, &col->ladder));
		return ladder_map_new(col->ladder, 0, &col->map);
	}
	f = find_ladder(d, col->plan->ladder);
	if (f == NULL)
		return ERR_NOT_FOUND;
	RETURN_IF(ladder_parse(f->bytes, col->field, &col->ladder, NULL));
	return ladder_map_new(col->ladder, 0, &col->map);
}

/* Quasi-identifying columns are counted in groups and coarsened by the search;
 * any other column with a ladder goes out at the first level allowed. */
static enum err init_column(struct job_scan *s, struct job_column *col,
    const struct plan_column *plan, const struct docket *d)
{
	col->plan = plan;
	col->field = survey_find(s->survey, bytes_str(plan->field));
	if (col->field == NULL)
		return ERR_NOT_FOUND;
	job_dates_column(&s->dates, col);
	col->quasi = col->field->disclosure == SURVEY_QUASI_IDENTIFYING;
	col->level = plan->from;
	if (col->quasi)
		col->dimension = s->dimensions++;
	s->cells += plan->ladder[0] != '\0' ? 1 : col->field->columns;
	return init_ladder(col, d);
}

static int joins_visits(const struct plan *p)
{
#ifdef AZUKARI_MUTATION_JOINED
	(void)p;
	return 0;
#else
	return p->visits == PLAN_VISITS_JOINED;
#endif
}

enum err job_scan_init(struct job_scan *s, const struct job_case *c,
    struct job_arena *arena)
{
	const struct plan *p = &c->plan;

	s->survey = c->docket.survey;
	s->grant = c->grant;
	s->arena = arena;
	s->all_in_arena = 1;
	s->columns = calloc(p->columns_len, sizeof(*s->columns));
	s->values = calloc(s->survey->fields_len, sizeof(*s->values));
	s->consents = calloc(CONSENTS_MAX, sizeof(*s->consents));
	if (s->columns == NULL || s->values == NULL || s->consents == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < p->columns_len; i++) {
		s->columns_len++;
		RETURN_IF(init_column(s, &s->columns[i], &p->columns[i],
		    &c->docket));
	}
	s->dimensions++;        /* the consent is the last one */
	if (joins_visits(p))
		RETURN_IF(job_visits_new(&s->visits));
	if (p->models_len > 0)
		RETURN_IF(job_models_new(s, c, &s->models));
	return job_tuples_new(s->dimensions, &s->tuples);
}

static enum err init_people(struct job_scan *s, uint32_t respondents)
{
	size_t n = respondents == 0 ? 1 : respondents;

	s->respondents = respondents;
	s->answers = calloc(n, sizeof(*s->answers));
	s->fixed = calloc(n, sizeof(*s->fixed));
	s->packed = calloc(n, sizeof(*s->packed));
	s->consent_of = malloc(n * sizeof(*s->consent_of));
	s->given = calloc(n, sizeof(*s->given));
	if (s->answers == NULL || s->fixed == NULL || s->packed == NULL ||
	    s->consent_of == NULL || s->given == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < n; i++)
		s->consent_of[i] = NO_CONSENT;
	return ERR_OK;
}

/* ---- one record ---- */

/* Leaves that are one label at the finest level allowed are alike at every
 * level that can be chosen: the first of them stands for all, so that there are
 * no more tuples than could ever leave. */
static enum err first_alike(struct job_column *col, uint32_t *leaf)
{
	uint32_t label;

	if (col->plan->from == 0)
		return ERR_OK;
	label = ladder_map_level(col->map, col->plan->from)[*leaf];
	if (label >= col->alike_len) {
		size_t len = (size_t)label * 2 + 64;
		uint32_t *alike = reallocarray(col->alike, len, sizeof(*alike));

		if (alike == NULL)
			return ERR_NOMEM;
		memset(alike + col->alike_len, 0xff,
		    (len - col->alike_len) * sizeof(*alike));
		col->alike = alike;
		col->alike_len = len;
	}
	if (col->alike[label] == UINT32_MAX)
		col->alike[label] = *leaf;
	*leaf = col->alike[label];
	return ERR_OK;
}

enum err job_scan_leaves(struct job_scan *s, const struct answers_value *v,
    uint32_t *ret)
{
	for (size_t i = 0; i < s->columns_len; i++) {
		struct job_column *col = &s->columns[i];
		uint32_t *leaf = &ret[col->dimension];

		if (!col->quasi)
			continue;
		RETURN_IF(ladder_map_leaf(col->map, &v[col->field->index],
		    leaf));
		RETURN_IF(first_alike(col, leaf));
	}
	return ERR_OK;
}

static uint16_t year_of(uint32_t unix_s)
{
	int year, month, mday, weekday;

	clock_day_parts(clock_jst_day((int64_t)unix_s), &year, &month, &mday,
	    &weekday);
	return (uint16_t)year;
}

/* Records hold half of a text's digest; the plan has the whole. */
static enum err consent_index(struct job_scan *s,
    const struct reader_record *r, uint16_t *ret)
{
	struct job_consent c = {.scopes = r->consent_scopes,
	    .year = year_of(r->consent_given_unix_s)};

	memcpy(c.sha256, r->consent_text, sizeof(c.sha256));
	for (size_t i = 0; i < s->consents_len; i++)
		if (s->consents[i].scopes == c.scopes &&
		    s->consents[i].year == c.year &&
		    memcmp(s->consents[i].sha256, c.sha256,
		    sizeof(c.sha256)) == 0) {
			*ret = (uint16_t)i;
			return ERR_OK;
		}
	if (s->consents_len == CONSENTS_MAX)
		return ERR_LIMIT;
	s->consents[s->consents_len] = c;
	*ret = (uint16_t)s->consents_len++;
	return ERR_OK;
}

/* Cells of one column that no search changes. */
static enum err fixed_cells(struct job_column *col,
    const struct answers_value *v, size_t *bytes)
{
	char scratch[ANSWERS_CELL_MAX];
	uint32_t leaf = 0;

	if (col->plan->ladder[0] == '\0' &&
	    col->field->kind == SURVEY_KIND_LIST) {
		*bytes += v->answered ? col->field->columns : 0;  /* 0 or 1 */
		return ERR_OK;
	}
	if (col->plan->ladder[0] == '\0') {
		for (size_t k = 0; k < col->field->columns; k++)
			*bytes += csv_field_len(answers_cell(col->field, v, k,
			    scratch), ',');
		return ERR_OK;
	}
	if (col->quasi)
		return ERR_OK;
	RETURN_IF(ladder_map_leaf(col->map, v, &leaf));
	*bytes += csv_field_len(ladder_map_label(col->map, col->level,
	    ladder_map_level(col->map, col->level)[leaf]), ',');
	return ERR_OK;
}

/* All of them, with the pseudonym and every separator of the line. */
static enum err fixed_bytes(struct job_scan *s, const struct answers_value *v,
    uint32_t *ret)
{
	size_t bytes = PSEUDONYM_CELL + 2 + s->cells;

	for (size_t i = 0; i < s->columns_len; i++)
		RETURN_IF(fixed_cells(&s->columns[i],
		    &v[s->columns[i].field->index], &bytes));
	if (bytes > UINT32_MAX)
		return ERR_LIMIT;
	*ret = (uint32_t)bytes;
	return ERR_OK;
}

static enum err add_row(struct job_scan *s, uint32_t respondent,
    uint32_t tuple)
{
	if (s->rows_len == s->rows_cap) {
		size_t cap = s->rows_cap == 0 ? 65536 : s->rows_cap * 5 / 4;
		struct kanon_row *rows = realloc(s->rows, cap * sizeof(*rows));

		if (rows == NULL)
			return ERR_NOMEM;
		s->rows = rows;
		s->rows_cap = cap;
	}
	s->rows[s->rows_len++] = (struct kanon_row){.respondent = respondent,
	    .tuple = tuple};
	return ERR_OK;
}

static enum err keep_in_arena(struct job_scan *s,
    const struct reader_record *r)
{
	struct job_arena_row row = {.respondent = r->respondent,
	    .event_unix_s = r->event_unix_s, .packed = r->packed};
	enum err e;

	if (!s->all_in_arena)
		return ERR_OK;
	memcpy(row.id, r->id, sizeof(row.id));
	e = job_arena_add(s->arena, &row);
	if (e != ERR_LIMIT)
		return e;
	job_arena_clear(s->arena);
	s->all_in_arena = 0;
	return ERR_OK;
}

static enum err scan_record(struct job_scan *s, const struct reader_record *r)
{
	uint32_t leaves[KANON_COLUMNS_MAX];
	uint32_t tuple = 0, bytes = 0;
	uint16_t consent = 0;
	uint32_t who = r->respondent;

	if (who >= s->respondents)
		return ERR_CORRUPT;
	RETURN_IF(answers_decode(s->survey, r->packed, s->values));
	job_dates_meet(&s->dates, who);
	job_dates_apply(s, who, s->values);
	RETURN_IF(job_scan_leaves(s, s->values, leaves));
	RETURN_IF(consent_index(s, r, &consent));
	leaves[s->dimensions - 1] = consent;
	RETURN_IF(job_tuples_find(s->tuples, leaves, &tuple));
	RETURN_IF(add_row(s, who, tuple));
	if (s->visits != NULL)
		RETURN_IF(job_visits_note(s->visits, r));
	if (s->models != NULL)
		RETURN_IF(job_models_note(s->models, s->values));
	if (s->memory != NULL)
		RETURN_IF(job_memory_note(s->memory, tuple, r));
	s->answers[who]++;
	RETURN_IF(fixed_bytes(s, s->values, &bytes));
	s->fixed[who] += bytes;
	s->packed[who] += (uint32_t)job_arena_cost(r->packed.len);
	if (s->consent_of[who] == NO_CONSENT ||
	    r->consent_given_unix_s >= s->given[who]) {
		s->consent_of[who] = consent;
		s->given[who] = r->consent_given_unix_s;
	}
	return keep_in_arena(s, r);
}

/* What is kept of each person lies in their order, records do not come in it. */
static void fetch_ahead(const struct job_scan *s,
    const struct reader_batch *batch, size_t i)
{
	uint32_t who = i < batch->len ? batch->records[i].respondent : 0;

	if (who >= s->respondents)
		return;
	__builtin_prefetch(&s->answers[who]);
	__builtin_prefetch(&s->fixed[who]);
	__builtin_prefetch(&s->packed[who]);
	__builtin_prefetch(&s->consent_of[who]);
	__builtin_prefetch(&s->given[who]);
}

enum err job_scan_read(struct job_scan *s, struct reader *r,
    const struct job_options *o)
{
	uint64_t done = 0;

	if (s->dimensions > KANON_COLUMNS_MAX)
		return ERR_LIMIT;
	RETURN_IF(init_people(s, reader_respondents(r)));
	for (;;) {
		struct reader_batch batch;

		RETURN_IF(reader_next(r, &batch));
		if (batch.len == 0)
			return ERR_OK;
		for (size_t i = 0; i < batch.len; i++) {
			fetch_ahead(s, &batch, i + FETCH_AHEAD);
			RETURN_IF(scan_record(s, &batch.records[i]));
		}
		done += batch.len;
		if (o->progress != NULL)
			o->progress(o->progress_ctx, "read", done);
		if (o->cancelled != NULL && o->cancelled(o->progress_ctx))
			return ERR_CANCELLED;
	}
}

/* ---- choosing ---- */

static enum err fill_dimension(struct kanon_column *k,
    const struct job_column *col)
{
	size_t levels = (size_t)col->plan->to + 1;
	const uint32_t **labels = calloc(levels, sizeof(*labels));
	size_t *labels_len = calloc(levels, sizeof(*labels_len));

	*k = (struct kanon_column){.from = col->plan->from,
	    .to = col->plan->to, .labels = labels, .labels_len = labels_len,
	    .leaves = ladder_map_leaves(col->map)};
	if (labels == NULL || labels_len == NULL)
		return ERR_NOMEM;
	for (unsigned l = col->plan->from; l <= col->plan->to; l++) {
		labels[l] = ladder_map_level(col->map, l);
		labels_len[l] = ladder_map_labels(col->map, l);
	}
	return ERR_OK;
}

/* The consent has one level: as it is. */
static enum err fill_consent_dimension(struct job_scan *s,
    struct kanon_column *k)
{
	size_t leaves = s->consents_len;
	uint32_t *same = malloc((leaves + 1) * sizeof(*same));
	const uint32_t **labels = calloc(1, sizeof(*labels));
	size_t *labels_len = calloc(1, sizeof(*labels_len));

	*k = (struct kanon_column){.labels = labels, .labels_len = labels_len,
	    .leaves = leaves};
	s->consent_labels = same;
	if (same == NULL || labels == NULL || labels_len == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < leaves; i++)
		same[i] = (uint32_t)i;
	labels[0] = same;
	labels_len[0] = leaves;
	return ERR_OK;
}

static enum err fill_dimensions(struct job_scan *s)
{
	s->kanon_columns = calloc(s->dimensions, sizeof(*s->kanon_columns));
	if (s->kanon_columns == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < s->columns_len; i++)
		if (s->columns[i].quasi)
			RETURN_IF(fill_dimension(
			    &s->kanon_columns[s->columns[i].dimension],
			    &s->columns[i]));
	return fill_consent_dimension(s,
	    &s->kanon_columns[s->dimensions - 1]);
}

enum err job_scan_choose(struct job_scan *s, const struct plan *plan)
{
	struct kanon_input in = {.rows = s->rows, .rows_len = s->rows_len,
	    .k = plan->k, .limit = plan->suppression_limit};

	if (s->rows_len == 0)
		return ERR_REFUSED;
	RETURN_IF(fill_dimensions(s));
	in.tuples = job_tuples_all(s->tuples);
	in.tuples_len = job_tuples_len(s->tuples);
	in.columns = s->kanon_columns;
	in.columns_len = s->dimensions;
	if (s->visits != NULL)
		RETURN_IF(job_visits_join(s, &in));
	RETURN_IF(kanon_new(&in, &s->kanon));
	RETURN_IF(kanon_search(s->kanon, &s->result));
	if (s->models != NULL)
		RETURN_IF(job_models_choose(s, plan));
	if (job_visits_are_joined(s))
		job_visits_count(s, &s->result);
	for (size_t i = 0; i < s->columns_len; i++) {
		struct job_column *col = &s->columns[i];

		if (!col->quasi)
			continue;
		col->level = s->result.levels[col->dimension];
		col->labels_of = ladder_map_level(col->map, col->level);
	}
	return ERR_OK;
}

int job_scan_keeps(const struct job_scan *s, uint32_t respondent)
{
	return respondent < s->respondents &&
	    !kanon_is_suppressed(s->kanon, respondent) &&
	    (s->models == NULL ||
	    !job_models_leave_out(s->models, respondent));
}

/* ---- sizes ---- */

/* Bytes of the generalised cells of one tuple. */
static uint64_t tuple_bytes(const struct job_scan *s, uint32_t tuple)
{
	const uint32_t *leaves = job_tuples_all(s->tuples) +
	    (size_t)tuple * s->dimensions;
	uint64_t bytes = 0;

	for (size_t i = 0; i < s->columns_len; i++) {
		const struct job_column *col = &s->columns[i];

		if (col->plan->ladder[0] == '\0' || !col->quasi)
			continue;
		bytes += csv_field_len(ladder_map_label(col->map, col->level,
		    col->labels_of[leaves[col->dimension]]), ',');
	}
	return bytes;
}

static uint64_t digits_up_to(uint32_t n)
{
	uint64_t bytes = 0;

	for (uint64_t from = 1, width = 1; from <= n; from *= 10, width++) {
		uint64_t to = from * 10 - 1 < n ? from * 10 - 1 : n;

		bytes += (to - from + 1) * width;
	}
	return bytes;
}

static enum err size_tuples(struct job_scan *s)
{
	size_t n = job_tuples_len(s->tuples);
	uint64_t *bytes = malloc((n + 1) * sizeof(*bytes));

	if (bytes == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < n; i++)
		bytes[i] = tuple_bytes(s, (uint32_t)i);
	for (size_t i = 0; i < s->rows_len; i++)
		if (job_scan_keeps(s, s->rows[i].respondent))
			s->csv_bytes += bytes[s->rows[i].tuple];
	free(bytes);
	return ERR_OK;
}

/* pseudonym, text digest, scopes, year, receipt */
static uint64_t consent_bytes(const struct job_consent *c)
{
	CLEANUP(buf_release) struct buf scopes = {0};

	if (consent_scopes_append(c->scopes, &scopes) != ERR_OK)
		return 0;
	return PSEUDONYM_CELL + 1 + 64 + 1 +
	    csv_field_len(bytes_buf(&scopes), ',') + 1 + 4 + 1 + 32 + 1;
}

enum err job_scan_sizes(struct job_scan *s)
{
	RETURN_IF(size_tuples(s));
	for (uint32_t i = 0; i < s->respondents; i++) {
		if (!job_scan_keeps(s, i))
			continue;
		s->csv_bytes += s->fixed[i] + digits_up_to(s->answers[i]);
		s->consents_bytes += consent_bytes(
		    &s->consents[s->consent_of[i]]);
		s->kept_rows += s->answers[i];
		s->kept_respondents++;
	}
	return ERR_OK;
}
