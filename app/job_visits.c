/* Whoever answered several times is one: all answers in their order, with how
 * many there are, decide who is alike.
 *
 * For the search that is a table of one row a respondent.  A column's leaf is
 * the leaf of the one answer, or a number for the sequence of leaves; a label
 * at some level is the label, or a number for the sequence of labels.  So a
 * sequence is coarsened answer by answer, its length never.  What a sequence
 * covers of a column is the mean of what its answers do.
 */
#include <stdlib.h>
#include <string.h>

#include "app/job_internal.h"

/* When a row's answer was given, and what decides between two at once. */
struct note {
	uint32_t event_unix_s, id;
};

/* A row of somebody with several. */
struct visit {
	struct note note;
	uint32_t tuple, row;
};

/* Distinct sequences of numbers. */
struct seqs {
	uint32_t *items;
	size_t items_len, items_cap;
	size_t *begin;                  /* len + 1 */
	size_t len, cap;
	uint32_t *slots;                /* index + 1; 0: free */
	size_t mask;
};

struct job_visits {
	struct note *notes;             /* by row, until joined */
	size_t notes_len, notes_cap;
	struct kanon_row *people;       /* one a respondent */
	size_t people_len;
	struct job_tuples *tuples;      /* theirs */
	uint32_t *order;                /* rows by respondent, in their order;
	                                 * with models only */
	struct seqs *seqs;              /* by dimension */
	struct kanon_column *columns;
	size_t columns_len;
};

/* ---- sequences ---- */

static void seqs_release(struct seqs *q)
{
	free(q->items);
	free(q->begin);
	free(q->slots);
	*q = (struct seqs){0};
}

static size_t hash_of(const uint32_t *seq, size_t n)
{
	uint64_t h = 0x9e3779b97f4a7c15u ^ n;

	for (size_t i = 0; i < n; i++) {
		h = (h ^ seq[i]) * 0xff51afd7ed558ccdu;
		h ^= h >> 32;
	}
	return (size_t)h;
}

static size_t place_of(const struct seqs *q, const uint32_t *seq, size_t n)
{
	size_t at = hash_of(seq, n) & q->mask;

	for (; q->slots[at] != 0; at = (at + 1) & q->mask) {
		size_t i = q->slots[at] - 1;

		if (q->begin[i + 1] - q->begin[i] == n && memcmp(q->items +
		    q->begin[i], seq, n * sizeof(*seq)) == 0)
			break;
	}
	return at;
}

static enum err grow_slots(struct seqs *q)
{
	size_t mask = q->slots == NULL ? 255 : q->mask * 2 + 1;
	uint32_t *slots = calloc(mask + 1, sizeof(*slots));

	if (slots == NULL)
		return ERR_NOMEM;
	free(q->slots);
	q->slots = slots;
	q->mask = mask;
	for (size_t i = 0; i < q->len; i++)
		slots[place_of(q, q->items + q->begin[i],
		    q->begin[i + 1] - q->begin[i])] = (uint32_t)i + 1;
	return ERR_OK;
}

static enum err grow_items(struct seqs *q, size_t n)
{
	if (q->items_cap - q->items_len < n) {
		size_t cap = (q->items_len + n) * 2 + 256;
		uint32_t *items = reallocarray(q->items, cap, sizeof(*items));

		if (items == NULL)
			return ERR_NOMEM;
		q->items = items;
		q->items_cap = cap;
	}
	if (q->begin == NULL || q->len + 1 >= q->cap) {
		size_t cap = q->cap * 2 + 256;
		size_t *begin = reallocarray(q->begin, cap, sizeof(*begin));

		if (begin == NULL)
			return ERR_NOMEM;
		begin[0] = 0;
		q->begin = begin;
		q->cap = cap;
	}
	return ERR_OK;
}

/* The number of a sequence, a new one where it was not met before. */
static enum err seqs_find(struct seqs *q, const uint32_t *seq, size_t n,
    uint32_t *ret)
{
	size_t at;

	if (q->len * 2 >= q->mask)
		RETURN_IF(grow_slots(q));
	at = place_of(q, seq, n);
	if (q->slots[at] != 0) {
		*ret = q->slots[at] - 1;
		return ERR_OK;
	}
	RETURN_IF(grow_items(q, n));
	memcpy(q->items + q->items_len, seq, n * sizeof(*seq));
	q->items_len += n;
	*ret = (uint32_t)q->len++;
	q->begin[q->len] = q->items_len;
	q->slots[at] = *ret + 1;
	return ERR_OK;
}

/* ---- what is noted while rows are read ---- */

enum err job_visits_new(struct job_visits **ret)
{
	*ret = calloc(1, sizeof(**ret));
	return *ret == NULL ? ERR_NOMEM : ERR_OK;
}

static void free_columns(struct job_visits *v)
{
	for (size_t i = 0; v->columns != NULL && i < v->columns_len; i++) {
		struct kanon_column *c = &v->columns[i];

		for (unsigned l = c->from; c->labels != NULL && l <= c->to; l++)
			free((void *)(uintptr_t)c->labels[l]);
		for (unsigned l = c->from; c->sizes != NULL && l <= c->to; l++)
			free((void *)(uintptr_t)c->sizes[l]);
		free((void *)(uintptr_t)c->labels);
		free((void *)(uintptr_t)c->labels_len);
		free((void *)(uintptr_t)c->sizes);
	}
	free(v->columns);
	for (size_t i = 0; v->seqs != NULL && i < v->columns_len; i++)
		seqs_release(&v->seqs[i]);
	free(v->seqs);
}

void job_visits_free(struct job_visits *v)
{
	if (v == NULL)
		return;
	free(v->notes);
	free(v->people);
	free(v->order);
	job_tuples_free(v->tuples);
	free_columns(v);
	free(v);
}

enum err job_visits_note(struct job_visits *v, const struct reader_record *r)
{
	if (v->notes_len == v->notes_cap) {
		size_t cap = v->notes_cap == 0 ? 65536 : v->notes_cap * 5 / 4;
		struct note *notes = realloc(v->notes, cap * sizeof(*notes));

		if (notes == NULL)
			return ERR_NOMEM;
		v->notes = notes;
		v->notes_cap = cap;
	}
	v->notes[v->notes_len++] = (struct note){r->event_unix_s,
	    (uint32_t)r->id[0] << 24 | (uint32_t)r->id[1] << 16 |
	    (uint32_t)r->id[2] << 8 | r->id[3]};
	return ERR_OK;
}

/* ---- people with several rows, in the order of the rows ---- */

struct several {
	size_t *starts;                 /* by respondent + 1, into visits */
	struct visit *visits;
	uint32_t *leaves;               /* scratch: the longest sequence */
};

static void several_release(struct several *x)
{
	free(x->starts);
	free(x->visits);
	free(x->leaves);
}

static int by_time(const void *a, const void *b)
{
	const struct visit *x = a, *y = b;

	if (x->note.event_unix_s != y->note.event_unix_s)
		return x->note.event_unix_s < y->note.event_unix_s ? -1 : 1;
	return (x->note.id > y->note.id) - (x->note.id < y->note.id);
}

static enum err several_make(const struct job_scan *s,
    const struct job_visits *v, struct several *ret)
{
	size_t longest = 0, n = s->respondents;

	ret->starts = calloc(n + 2, sizeof(*ret->starts));
	if (ret->starts == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < n; i++) {
		size_t rows = s->answers[i] > 1 ? s->answers[i] : 0;

		ret->starts[i + 2] = ret->starts[i + 1] + rows;
		longest = rows > longest ? rows : longest;
	}
	ret->visits = calloc(ret->starts[n + 1] + 1, sizeof(*ret->visits));
	ret->leaves = calloc(longest + 1, sizeof(*ret->leaves));
	if (ret->visits == NULL || ret->leaves == NULL)
		return ERR_NOMEM;
	/* starts[i + 1] is where the next row of i goes, in the end its end */
	for (size_t i = 0; i < s->rows_len; i++)
		if (s->answers[s->rows[i].respondent] > 1)
			ret->visits[ret->starts[s->rows[i].respondent +
			    1]++] = (struct visit){v->notes[i],
			    s->rows[i].tuple, (uint32_t)i};
	for (size_t i = 0; i < n; i++)
		if (s->answers[i] > 1)
			qsort(ret->visits + ret->starts[i], s->answers[i],
			    sizeof(*ret->visits), by_time);
	return ERR_OK;
}

/* ---- one row a respondent ---- */

static const uint32_t *leaves_of(const struct job_scan *s, uint32_t tuple)
{
	return job_tuples_all(s->tuples) + (size_t)tuple * s->dimensions;
}

static void add_person(struct job_visits *v, uint32_t respondent,
    uint32_t tuple)
{
	v->people[v->people_len++] = (struct kanon_row){
	    .respondent = respondent, .tuple = tuple};
}

/* People of one answer: their tuples are looked up once. */
static enum err join_singles(const struct job_scan *s, struct job_visits *v)
{
	size_t n = job_tuples_len(s->tuples);
	uint32_t *found = malloc((n + 1) * sizeof(*found));
	enum err e = found == NULL ? ERR_NOMEM : ERR_OK;

	for (size_t i = 0; i < n && e == ERR_OK; i++)
		found[i] = UINT32_MAX;
	for (size_t i = 0; i < s->rows_len && e == ERR_OK; i++) {
		uint32_t who = s->rows[i].respondent;
		uint32_t tuple = s->rows[i].tuple;

		if (s->answers[who] != 1)
			continue;
		if (found[tuple] == UINT32_MAX)
			e = job_tuples_find(v->tuples, leaves_of(s, tuple),
			    &found[tuple]);
		if (e == ERR_OK)
			add_person(v, who, found[tuple]);
	}
	free(found);
	return e;
}

static enum err join_person(const struct job_scan *s, struct job_visits *v,
    struct several *x, uint32_t who)
{
	const struct visit *visits = x->visits + x->starts[who];
	uint32_t leaves[KANON_COLUMNS_MAX], number = 0;
	size_t n = s->answers[who];

	for (size_t d = 0; d < s->dimensions; d++) {
		for (size_t i = 0; i < n; i++)
			x->leaves[i] = leaves_of(s, visits[i].tuple)[d];
		RETURN_IF(seqs_find(&v->seqs[d], x->leaves, n, &number));
		leaves[d] = (uint32_t)s->kanon_columns[d].leaves + number;
	}
	RETURN_IF(job_tuples_find(v->tuples, leaves, &number));
	add_person(v, who, number);
	return ERR_OK;
}

/* What rules on answers go by. */
static enum err make_order(const struct job_scan *s, struct job_visits *v,
    const struct several *x)
{
	size_t *starts = calloc((size_t)s->respondents + 2, sizeof(*starts));

	v->order = calloc(s->rows_len + 1, sizeof(*v->order));
	if (starts == NULL || v->order == NULL) {
		free(starts);
		return ERR_NOMEM;
	}
	for (size_t i = 0; i < s->respondents; i++)
		starts[i + 1] = starts[i] + s->answers[i];
	for (size_t i = 0; i < s->rows_len; i++)
		if (s->answers[s->rows[i].respondent] == 1)
			v->order[starts[s->rows[i].respondent]] = (uint32_t)i;
	for (size_t i = 0; i < s->respondents; i++)
		for (size_t k = 0; s->answers[i] > 1 && k < s->answers[i]; k++)
			v->order[starts[i] + k] =
			    x->visits[x->starts[i] + k].row;
	free(starts);
	return ERR_OK;
}

static enum err join_people(const struct job_scan *s, struct job_visits *v)
{
	CLEANUP(several_release) struct several x = {0};

	RETURN_IF(several_make(s, v, &x));
	free(TAKE(v->notes));
	if (s->models != NULL)
		RETURN_IF(make_order(s, v, &x));
	v->people = calloc((size_t)s->respondents + 1, sizeof(*v->people));
	if (v->people == NULL)
		return ERR_NOMEM;
	RETURN_IF(job_tuples_new(s->dimensions, &v->tuples));
	RETURN_IF(join_singles(s, v));
	for (uint32_t i = 0; i < s->respondents; i++)
		if (s->answers[i] > 1)
			RETURN_IF(join_person(s, v, &x, i));
	return ERR_OK;
}

/* ---- columns ---- */

/* A column's sequences at one level. */
struct lifting {
	const struct kanon_column *of;
	const struct seqs *seqs;
	unsigned level;
	uint32_t *labels, *sizes;       /* of the lifted column */
	uint32_t *under;                /* leaves of each plain label */
	uint32_t *sequence;             /* scratch */
};

/* Numbers behind the plain labels; ${ret_len} labels in all. */
static enum err lift_sequences(const struct lifting *x, size_t *ret_len)
{
	CLEANUP(seqs_release) struct seqs found = {0};
	const uint32_t *plain = x->of->labels[x->level];
	const struct seqs *q = x->seqs;

	for (size_t i = 0; i < q->len; i++) {
		const uint32_t *leaves = q->items + q->begin[i];
		size_t n = q->begin[i + 1] - q->begin[i];
		uint64_t sum = 0;
		uint32_t number = 0;

		for (size_t k = 0; k < n; k++) {
			x->sequence[k] = plain[leaves[k]];
			sum += x->under[x->sequence[k]];
		}
		RETURN_IF(seqs_find(&found, x->sequence, n, &number));
		x->labels[x->of->leaves + i] =
		    (uint32_t)x->of->labels_len[x->level] + number;
		x->sizes[x->of->leaves + i] = (uint32_t)((sum + n / 2) / n);
	}
	*ret_len = x->of->labels_len[x->level] + found.len;
	return ERR_OK;
}

static enum err lift_level(struct lifting *x, struct kanon_column *c,
    size_t *ret_len)
{
	const uint32_t *plain = x->of->labels[x->level];

	x->labels = malloc((c->leaves + 1) * sizeof(*x->labels));
	((uint32_t **)(uintptr_t)c->labels)[x->level] = x->labels;
	x->sizes = malloc((c->leaves + 1) * sizeof(*x->sizes));
	((uint32_t **)(uintptr_t)c->sizes)[x->level] = x->sizes;
	if (x->labels == NULL || x->sizes == NULL)
		return ERR_NOMEM;
	memset(x->under, 0, (x->of->labels_len[x->level] + 1) *
	    sizeof(*x->under));
	for (size_t i = 0; i < x->of->leaves; i++)
		x->under[plain[i]]++;
	for (size_t i = 0; i < x->of->leaves; i++) {
		x->labels[i] = plain[i];
		x->sizes[i] = x->under[plain[i]];
	}
	return lift_sequences(x, ret_len);
}

static size_t longest(const struct seqs *q)
{
	size_t most = 0;

	for (size_t i = 0; i < q->len; i++)
		if (q->begin[i + 1] - q->begin[i] > most)
			most = q->begin[i + 1] - q->begin[i];
	return most;
}

static enum err lift_column(const struct kanon_column *of,
    const struct seqs *seqs, struct kanon_column *c)
{
	size_t levels = (size_t)of->to + 1, most = 0;
	size_t *labels_len = calloc(levels, sizeof(*labels_len));
	struct lifting x = {.of = of, .seqs = seqs};
	enum err e = ERR_OK;

	*c = (struct kanon_column){.from = of->from, .to = of->to,
	    .labels = calloc(levels, sizeof(*c->labels)),
	    .sizes = calloc(levels, sizeof(*c->sizes)),
	    .labels_len = labels_len, .leaves = of->leaves + seqs->len,
	    .domain = of->leaves};
	for (unsigned l = of->from; l <= of->to; l++)
		most = of->labels_len[l] > most ? of->labels_len[l] : most;
	x.under = calloc(most + 1, sizeof(*x.under));
	x.sequence = calloc(longest(seqs) + 1, sizeof(*x.sequence));
	if (c->labels == NULL || c->sizes == NULL || labels_len == NULL ||
	    x.under == NULL || x.sequence == NULL)
		e = ERR_NOMEM;
	for (x.level = of->from; e == ERR_OK && x.level <= of->to; x.level++)
		e = lift_level(&x, c, &labels_len[x.level]);
	free(x.under);
	free(x.sequence);
	return e;
}

/* ---- all of it ---- */

static int anybody_has_several(const struct job_scan *s)
{
	for (uint32_t i = 0; i < s->respondents; i++)
		if (s->answers[i] > 1)
			return 1;
	return 0;
}

enum err job_visits_join(struct job_scan *s, struct kanon_input *in)
{
	struct job_visits *v = s->visits;

	if (!anybody_has_several(s) && s->models == NULL) {
		free(TAKE(v->notes));
		return ERR_OK;
	}
	v->columns_len = s->dimensions;
	v->seqs = calloc(s->dimensions, sizeof(*v->seqs));
	v->columns = calloc(s->dimensions, sizeof(*v->columns));
	if (v->seqs == NULL || v->columns == NULL)
		return ERR_NOMEM;
	RETURN_IF(join_people(s, v));
	for (size_t d = 0; d < s->dimensions; d++) {
		RETURN_IF(lift_column(&s->kanon_columns[d], &v->seqs[d],
		    &v->columns[d]));
		seqs_release(&v->seqs[d]);
	}
	kanon_sort(s->rows, s->rows_len);
	in->rows = v->people;
	in->rows_len = v->people_len;
	in->tuples = job_tuples_all(v->tuples);
	in->tuples_len = job_tuples_len(v->tuples);
	in->columns = v->columns;
	return ERR_OK;
}

const struct kanon_row *job_visits_people(const struct job_scan *s,
    size_t *ret_len)
{
	*ret_len = s->visits->people_len;
	return s->visits->people;
}

const uint32_t *job_visits_leaves(const struct job_scan *s, uint32_t tuple)
{
	return job_tuples_all(s->visits->tuples) +
	    (size_t)tuple * s->dimensions;
}

const struct kanon_column *job_visits_columns(const struct job_scan *s)
{
	return s->visits->columns;
}

const uint32_t *job_visits_order(const struct job_scan *s)
{
	return s->visits->order;
}

int job_visits_are_joined(const struct job_scan *s)
{
	return s->visits != NULL && s->visits->people != NULL;
}

void job_visits_count(const struct job_scan *s, struct kanon_result *r)
{
	r->rows = s->rows_len;
	r->suppressed_rows = 0;
	for (uint32_t i = 0; i < s->respondents; i++)
		if (!job_scan_keeps(s, i))
			r->suppressed_rows += s->answers[i];
}

enum err job_visits_groups(const struct job_scan *s, int is_after,
    struct job_groups *ret)
{
	const struct job_visits *v = s->visits;
	size_t tuples = job_tuples_len(v->tuples), groups;
	const uint32_t *of = kanon_classes(s->kanon, &groups);

	*ret = (struct job_groups){.scan = s, .is_after = is_after,
	    .len = is_after ? groups : tuples};
	ret->people = calloc(ret->len + 1, sizeof(*ret->people));
	if (ret->people == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < v->people_len; i++) {
		uint32_t tuple = v->people[i].tuple;

		if (!is_after)
			ret->people[tuple]++;
		else if (job_scan_keeps(s, v->people[i].respondent))
			ret->people[of[tuple]]++;
	}
	return ERR_OK;
}
