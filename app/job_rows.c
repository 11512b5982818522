/* Second pass: rows in the order of pseudonyms, as finished cells.
 *
 * People are sorted by pseudonym once.  A range of them is as many as fit the
 * arena; their records are read again (unless the first pass could keep all),
 * sorted, and go out.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/job_internal.h"
#include "core/encode.h"
#include "keys/pseudonym.h"

#define BATCH_ROWS 512

void job_rows_release(struct job_rows *r)
{
	if (r->people != NULL)
		secret_wipe(r->people, r->people_len * sizeof(*r->people));
	free(r->people);
	free(r->rank);
	free(r->only);
	free(r->cells);
	free(r->scratch);
	free(r->names);
	free(r->consent_cells);
	*r = (struct job_rows){0};
}

/* ---- who, in which order ---- */

static int by_pseudonym(const void *a, const void *b)
{
	return memcmp(a, b, PSEUDONYM_LEN);
}

static enum err make_people(struct job_rows *r, const struct job_keys *keys)
{
	const struct job_scan *s = r->scan;
	SECRET_BYTES(key, PSEUDONYM_KEY_LEN);
	size_t len = 0;

	pseudonym_key(keys->project, keys->project_epoch.sha256, key);
	for (uint32_t i = 0; i < s->respondents; i++) {
		if (!job_scan_keeps(s, i))
			continue;
		pseudonym_make(key, reader_tag(r->reader, i),
		    r->people[len].pseudonym);
		/* Sorted as text: the order a reader of the file sees. */
		payload_order_key(r->people[len].pseudonym,
		    r->people[len].pseudonym);
		r->people[len++].respondent = i;
	}
	if (len != s->kept_respondents)
		return ERR_CORRUPT;
	r->people_len = len;
	qsort(r->people, len, sizeof(*r->people), by_pseudonym);
	for (size_t i = 0; i < len; i++) {
		payload_order_undo(r->people[i].pseudonym,
		    r->people[i].pseudonym);
		r->rank[r->people[i].respondent] = (uint32_t)i;
	}
	return ERR_OK;
}

enum err job_rows_init(struct job_rows *r, struct job_scan *s,
    struct reader *reader, const struct job_keys *keys,
    const uint8_t plan_sha256[32])
{
	size_t columns = s->cells + 2 < 5 ? 5 : s->cells + 2;

	r->scan = s;
	r->reader = reader;
	r->project = keys->project;
	r->plan_sha256 = plan_sha256;
	r->last_rank = UINT32_MAX;
	r->only_len = s->respondents / 8 + 1;
	r->people = calloc(s->kept_respondents + 1, sizeof(*r->people));
	r->rank = malloc(((size_t)s->respondents + 1) * sizeof(*r->rank));
	r->only = malloc(r->only_len);
	r->cells = calloc(BATCH_ROWS * columns, sizeof(*r->cells));
	r->scratch = calloc(BATCH_ROWS * columns, sizeof(*r->scratch));
	r->names = calloc((size_t)BATCH_ROWS * 2, sizeof(*r->names));
	r->consent_cells = calloc(BATCH_ROWS, sizeof(*r->consent_cells));
	if (r->people == NULL || r->rank == NULL || r->only == NULL ||
	    r->cells == NULL || r->scratch == NULL || r->names == NULL ||
	    r->consent_cells == NULL)
		return ERR_NOMEM;
	memset(r->rank, 0xff, ((size_t)s->respondents + 1) *
	    sizeof(*r->rank));
	return make_people(r, keys);
}

/* ---- ranges ---- */

static enum err fill_arena(struct job_rows *r)
{
	struct job_arena *a = r->scan->arena;

	job_arena_clear(a);
	RETURN_IF(reader_rewind(r->reader, r->only, r->only_len));
	for (;;) {
		struct reader_batch batch;

		RETURN_IF(reader_next(r->reader, &batch));
		if (batch.len == 0)
			return ERR_OK;
		for (size_t i = 0; i < batch.len; i++) {
			const struct reader_record *rec = &batch.records[i];
			struct job_arena_row row = {
				.respondent = rec->respondent,
				.event_unix_s = rec->event_unix_s,
				.packed = rec->packed};

			memcpy(row.id, rec->id, sizeof(row.id));
			RETURN_IF(job_arena_add(a, &row));
		}
	}
}

/* As many people from range_begin on as fit; at least one must. */
static enum err choose_range(struct job_rows *r)
{
	const struct job_scan *s = r->scan;
	size_t room = job_arena_room(s->arena), used = 0;
	size_t i = r->range_begin;

	memset(r->only, 0, r->only_len);
	for (; i < r->people_len; i++) {
		uint32_t who = r->people[i].respondent;

		if (used + s->packed[who] > room)
			break;
		used += s->packed[who];
		r->only[who / 8] |= (uint8_t)(1u << (who % 8));
	}
	r->range_end = i;
	return i == r->range_begin ? ERR_LIMIT : ERR_OK;
}

static enum err next_range(struct job_rows *r)
{
	struct job_arena *a = r->scan->arena;

	r->range_begin = r->range_end;
	if (r->scan->all_in_arena) {
		r->range_end = r->people_len;
	} else {
		RETURN_IF(choose_range(r));
		RETURN_IF(fill_arena(r));
	}
	job_arena_sort(a, r->rank);
	r->at = 0;
	return ERR_OK;
}

/* ---- cells ---- */

static struct bytes label_cell(struct job_column *col, uint32_t leaf)
{
	const uint32_t *labels = col->quasi ? col->labels_of :
	    ladder_map_level(col->map, col->level);

	return ladder_map_label(col->map, col->level, labels[leaf]);
}

static enum err put_cells(struct job_rows *r, size_t row,
    const struct answers_value *v)
{
	struct job_scan *s = r->scan;
	size_t at = row * (s->cells + 2) + 2;

	for (size_t i = 0; i < s->columns_len; i++) {
		struct job_column *col = &s->columns[i];
		const struct answers_value *value = &v[col->field->index];
		uint32_t leaf = 0;

		if (col->plan->ladder[0] != '\0') {
			RETURN_IF(ladder_map_leaf(col->map, value, &leaf));
			r->cells[at++] = label_cell(col, leaf);
			continue;
		}
		for (size_t k = 0; k < col->field->columns; k++, at++)
			r->cells[at] = answers_cell(col->field, value, k,
			    r->scratch[at]);
	}
	return ERR_OK;
}

static void put_names(struct job_rows *r, size_t row, uint32_t rank)
{
	char *name = r->names[row * 2], *number = r->names[row * 2 + 1];
	struct bytes *cell = &r->cells[row * (r->scan->cells + 2)];
	int len;

	pseudonym_format(r->people[rank].pseudonym, name);
	r->answer = rank == r->last_rank ? r->answer + 1 : 1;
	r->last_rank = rank;
	len = snprintf(number, 32, "%zu", r->answer);
	cell[0] = bytes_of(name, PSEUDONYM_TEXT_LEN);
	cell[1] = bytes_of(number, (size_t)len);
}

static enum err put_row(struct job_rows *r, size_t row)
{
	struct job_scan *s = r->scan;
	struct job_arena_row a;

	job_arena_row(s->arena, r->at++, &a);
	RETURN_IF(answers_decode(s->survey, a.packed, s->values));
	put_names(r, row, r->rank[a.respondent]);
	return put_cells(r, row, s->values);
}

static enum err next_responses(void *ctx, struct rows_batch *ret)
{
	struct job_rows *r = ctx;
	size_t rows = 0;

	while (rows < BATCH_ROWS) {
		if (r->range_end == 0 ||
		    r->at == job_arena_len(r->scan->arena)) {
			if (r->range_end == r->people_len)
				break;
			if (rows > 0)
				break;  /* the arena is about to change */
			RETURN_IF(next_range(r));
			continue;
		}
		RETURN_IF(put_row(r, rows++));
	}
	r->rows_out += rows;
	if (r->options->progress != NULL && rows > 0)
		r->options->progress(r->options->progress_ctx, "write",
		    r->rows_out);
	*ret = (struct rows_batch){.rows = rows,
	    .columns = r->scan->cells + 2, .cells = r->cells};
	return ERR_OK;
}

struct rows_source job_rows_responses(struct job_rows *r)
{
	return (struct rows_source){.ctx = r, .next = next_responses};
}

/* ---- consents.csv ---- */

static enum err put_consent(struct job_rows *r, size_t row,
    struct job_consent_cells *t)
{
	const struct job_person *p = &r->people[r->consent_at];
	const struct job_consent *c =
	    &r->scan->consents[r->scan->consent_of[p->respondent]];
	uint8_t receipt[PSEUDONYM_RECEIPT_LEN];
	struct bytes *cell = &r->cells[row * 5];
	CLEANUP(buf_release) struct buf scopes = {0};

	pseudonym_format(p->pseudonym, r->names[row]);
	encode_hex(c->sha256, sizeof(c->sha256), t->digest);
	RETURN_IF(consent_scopes_append(c->scopes, &scopes));
	(void)snprintf(t->scopes, sizeof(t->scopes), "%s", buf_text(&scopes));
	(void)snprintf(t->year, sizeof(t->year), "%04u", c->year);
	pseudonym_receipt(r->project, r->plan_sha256, p->pseudonym, receipt);
	encode_hex(receipt, sizeof(receipt), t->receipt);
	cell[0] = bytes_of(r->names[row], PSEUDONYM_TEXT_LEN);
	cell[1] = bytes_str(t->digest);
	cell[2] = bytes_str(t->scopes);
	cell[3] = bytes_str(t->year);
	cell[4] = bytes_str(t->receipt);
	return ERR_OK;
}

static enum err next_consents(void *ctx, struct rows_batch *ret)
{
	struct job_rows *r = ctx;
	size_t rows = 0;

	for (; rows < BATCH_ROWS && r->consent_at < r->people_len;
	    rows++, r->consent_at++)
		RETURN_IF(put_consent(r, rows, &r->consent_cells[rows]));
	*ret = (struct rows_batch){.rows = rows, .columns = 5,
	    .cells = r->cells};
	return ERR_OK;
}

struct rows_source job_rows_consents(struct job_rows *r)
{
	return (struct rows_source){.ctx = r, .next = next_consents};
}
