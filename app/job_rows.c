/* Second pass: rows in the order of pseudonyms, as finished cells.
 *
 * People are sorted by pseudonym once.  A range of them is as many as fit the
 * arena; their records are read again (unless the first pass could keep all),
 * sorted, and go out.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/job_internal.h"
#include "core/encode.h"
#include "keys/pseudonym.h"

#define BATCH_ROWS 512
#define BUCKETS ((size_t)1 << 16)

void job_rows_release(struct job_rows *r)
{
	if (r->people != NULL)
		secret_wipe(r->people, r->people_len * sizeof(*r->people));
	free(r->people);
	free(r->rank);
	free(r->only);
	for (size_t i = 0; i < ARRAY_LEN(r->batches); i++) {
		free(r->batches[i].cells);
		free(r->batches[i].scratch);
		free(r->batches[i].names);
		free(r->batches[i].receipts);
	}
	free(r->consent_cells);
	*r = (struct job_rows){0};
}

/* ---- who, in which order ---- */

/* Work on ${from} to ${to} of many; borrows everything. */
struct part {
	struct job_rows *rows;
	const uint8_t *key;             /* of pseudonyms */
	const size_t *ends;             /* of buckets */
	size_t from, to;
};

/* All ${len}, the second half in a thread of its own where there may be one. */
static void in_halves(void *(*fn)(void *), const struct part *all, size_t len)
{
	struct part first = *all, second = *all;
	pthread_t other;
	int is_alone;

	first.to = second.from = len / 2;
	second.to = len;
	is_alone = all->rows->threads < 2 ||
	    pthread_create(&other, NULL, fn, &second) != 0;
	(void)fn(&first);
	if (is_alone)
		(void)fn(&second);
	else
		(void)pthread_join(other, NULL);
}

/* Sorted as text: the order a reader of the file sees. */
static void *name_part(void *ctx)
{
	const struct part *part = ctx;
	struct job_rows *r = part->rows;

	for (size_t i = part->from; i < part->to; i++) {
		struct job_person *p = &r->people[i];

		pseudonym_make(part->key, reader_tag(r->reader,
		    p->respondent), p->pseudonym);
		payload_order_key(p->pseudonym, p->pseudonym);
	}
	return NULL;
}

static void *rank_part(void *ctx)
{
	const struct part *part = ctx;
	struct job_rows *r = part->rows;

	for (size_t i = part->from; i < part->to; i++) {
		struct job_person *p = &r->people[i];

		payload_order_undo(p->pseudonym, p->pseudonym);
		r->rank[p->respondent] = (uint32_t)i;
	}
	return NULL;
}

static int by_pseudonym(const void *a, const void *b)
{
	return memcmp(a, b, PSEUDONYM_LEN);
}

static size_t bucket_of(const struct job_person *p)
{
	return (size_t)p->pseudonym[0] << 8 | p->pseudonym[1];
}

static void *sort_part(void *ctx)
{
	const struct part *part = ctx;
	struct job_person *people = part->rows->people;

	for (size_t i = part->from; i < part->to; i++) {
		size_t begin = i == 0 ? 0 : part->ends[i - 1];

		qsort(people + begin, part->ends[i] - begin, sizeof(*people),
		    by_pseudonym);
	}
	return NULL;
}

/* Everyone into their bucket, in place: whoever lies where a bucket is next to
 * be filled changes places with who belongs there. */
static void fill_buckets(struct job_person *people, size_t *next,
    const size_t *ends)
{
	for (size_t i = 0; i < BUCKETS; i++)
		while (next[i] < ends[i]) {
			struct job_person *here = &people[next[i]];
			size_t home = bucket_of(here);
			struct job_person other = people[next[home]];

			people[next[home]++] = *here;
			if (home != i)
				*here = other;
		}
}

/* Pseudonyms are as good as random: by their first two bytes into buckets, then
 * each bucket, which has few. */
static enum err sort_people(struct job_rows *r)
{
	size_t *next = calloc(2 * BUCKETS + 1, sizeof(*next)), *ends;

	if (next == NULL)
		return ERR_NOMEM;
	ends = next + BUCKETS;
	for (size_t i = 0; i < r->people_len; i++)
		ends[bucket_of(&r->people[i])]++;
	for (size_t i = 1; i < BUCKETS; i++)
		ends[i] += ends[i - 1];
	for (size_t i = 1; i < BUCKETS; i++)
		next[i] = ends[i - 1];
	fill_buckets(r->people, next, ends);
	in_halves(sort_part, &(struct part){.rows = r, .ends = ends}, BUCKETS);
	free(next);
	return ERR_OK;
}

static enum err make_people(struct job_rows *r, const struct job_keys *keys)
{
	const struct job_scan *s = r->scan;
	SECRET_BYTES(key, PSEUDONYM_KEY_LEN);

	for (uint32_t i = 0; i < s->respondents; i++) {
		if (!job_scan_keeps(s, i))
			continue;
		if (r->people_len == s->kept_respondents)
			return ERR_CORRUPT;
		r->people[r->people_len++].respondent = i;
	}
	if (r->people_len != s->kept_respondents)
		return ERR_CORRUPT;
	pseudonym_key(keys->project, keys->project_epoch.sha256, key);
	in_halves(name_part, &(struct part){.rows = r, .key = key},
	    r->people_len);
	RETURN_IF(sort_people(r));
	in_halves(rank_part, &(struct part){.rows = r}, r->people_len);
	return ERR_OK;
}

static enum err init_batch(struct job_batch *b, size_t columns)
{
	b->cells = calloc(BATCH_ROWS * columns, sizeof(*b->cells));
	b->scratch = calloc(BATCH_ROWS * columns, sizeof(*b->scratch));
	b->names = calloc((size_t)BATCH_ROWS * 2, sizeof(*b->names));
	b->receipts = calloc(BATCH_ROWS, sizeof(*b->receipts));
	return b->cells == NULL || b->scratch == NULL || b->names == NULL ||
	    b->receipts == NULL ? ERR_NOMEM : ERR_OK;
}

/* What consents.csv says of each kind of consent. */
static enum err make_consent_cells(struct job_rows *r)
{
	const struct job_scan *s = r->scan;

	r->consent_cells = calloc(s->consents_len + 1,
	    sizeof(*r->consent_cells));
	if (r->consent_cells == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < s->consents_len; i++) {
		struct job_consent_cells *t = &r->consent_cells[i];
		CLEANUP(buf_release) struct buf scopes = {0};

		encode_hex(s->consents[i].sha256, DIGEST_LEN, t->digest);
		RETURN_IF(consent_scopes_append(s->consents[i].scopes,
		    &scopes));
		(void)snprintf(t->scopes, sizeof(t->scopes), "%s",
		    buf_text(&scopes));
		(void)snprintf(t->year, sizeof(t->year), "%04u",
		    s->consents[i].year);
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
	if (r->people == NULL || r->rank == NULL || r->only == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < ARRAY_LEN(r->batches); i++)
		RETURN_IF(init_batch(&r->batches[i], columns));
	RETURN_IF(make_consent_cells(r));
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
	r->at = 0;
	return job_arena_sort(a, r->rank, r->people_len);
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
	struct job_batch *b = &r->batches[r->turn];
	struct job_scan *s = r->scan;
	size_t at = row * (s->cells + 2) + 2;

	for (size_t i = 0; i < s->columns_len; i++) {
		struct job_column *col = &s->columns[i];
		const struct answers_value *value = &v[col->field->index];
		uint32_t leaf = 0;

		if (col->plan->ladder[0] != '\0') {
			RETURN_IF(ladder_map_leaf(col->map, value, &leaf));
			b->cells[at++] = label_cell(col, leaf);
			continue;
		}
		for (size_t k = 0; k < col->field->columns; k++, at++)
			b->cells[at] = answers_cell(col->field, value, k,
			    b->scratch[at]);
	}
	return ERR_OK;
}

/* Decimal digits of ${n} into ${ret}; how many. */
static size_t put_number(size_t n, char ret[32])
{
	char digits[32];
	size_t len = 0;

	do
		digits[len++] = (char)('0' + n % 10);
	while ((n /= 10) > 0);
	for (size_t i = 0; i < len; i++)
		ret[i] = digits[len - 1 - i];
	return len;
}

static void put_names(struct job_rows *r, size_t row, uint32_t rank)
{
	struct job_batch *b = &r->batches[r->turn];
	char *name = b->names[row * 2], *number = b->names[row * 2 + 1];
	struct bytes *cell = &b->cells[row * (r->scan->cells + 2)];

	pseudonym_format(r->people[rank].pseudonym, name);
	r->answer = rank == r->last_rank ? r->answer + 1 : 1;
	r->last_rank = rank;
	cell[0] = bytes_of(name, PSEUDONYM_TEXT_LEN);
	cell[1] = bytes_of(number, put_number(r->answer, number));
}

static enum err put_row(struct job_rows *r, size_t row)
{
	struct job_scan *s = r->scan;
	struct job_arena_row a;

	job_arena_fetch(s->arena, r->at);
	job_arena_row(s->arena, r->at++, &a);
	RETURN_IF(answers_decode(s->survey, a.packed, s->values));
	job_dates_apply(s, a.respondent, s->values);
	put_names(r, row, r->rank[a.respondent]);
	return put_cells(r, row, s->values);
}

static enum err next_responses(void *ctx, struct rows_batch *ret)
{
	struct job_rows *r = ctx;
	size_t rows = 0;

	r->turn ^= 1;
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
	*ret = (struct rows_batch){.rows = rows,
	    .columns = r->scan->cells + 2,
	    .cells = r->batches[r->turn].cells};
	return ERR_OK;
}

struct rows_source job_rows_responses(struct job_rows *r)
{
	return (struct rows_source){.ctx = r, .next = next_responses};
}

/* ---- consents.csv ---- */

static void put_consent(struct job_rows *r, size_t row)
{
	struct job_batch *b = &r->batches[r->turn];
	const struct job_person *p = &r->people[r->consent_at];
	struct job_consent_cells *t =
	    &r->consent_cells[r->scan->consent_of[p->respondent]];
	uint8_t receipt[PSEUDONYM_RECEIPT_LEN];
	struct bytes *cell = &b->cells[row * 5];

	pseudonym_format(p->pseudonym, b->names[row]);
	pseudonym_receipt(r->project, r->plan_sha256, p->pseudonym, receipt);
	encode_hex(receipt, sizeof(receipt), b->receipts[row]);
	cell[0] = bytes_of(b->names[row], PSEUDONYM_TEXT_LEN);
	cell[1] = bytes_str(t->digest);
	cell[2] = bytes_str(t->scopes);
	cell[3] = bytes_str(t->year);
	cell[4] = bytes_str(b->receipts[row]);
}

static enum err next_consents(void *ctx, struct rows_batch *ret)
{
	struct job_rows *r = ctx;
	size_t rows = 0;

	r->turn ^= 1;
	for (; rows < BATCH_ROWS && r->consent_at < r->people_len;
	    rows++, r->consent_at++)
		put_consent(r, rows);
	*ret = (struct rows_batch){.rows = rows, .columns = 5,
	    .cells = r->batches[r->turn].cells};
	return ERR_OK;
}

struct rows_source job_rows_consents(struct job_rows *r)
{
	return (struct rows_source){.ctx = r, .next = next_consents};
}
