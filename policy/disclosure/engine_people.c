/* policy/disclosure/engine_people.c - respondents with several tuples.
 *
 * People whose rows all have one tuple are numbers in the table.  The others
 * are listed here: only they can carry suppression from one class to another.
 */
#include <stdlib.h>
#include <string.h>

#include "policy/disclosure/engine_internal.h"

#define RESPONDENTS_MAX ((uint32_t)1 << 31)

void
engine_people_release(struct engine_people *p)
{
	free(p->starts);
	free(p->tuples);
	free(p->rows);
	free(p->who);
	free(p->gone);
	free(p->shown);
	free(p->shown_len);
	free(p->class_of);
	free(p->class_size);
	free(p->slots);
	*p = (struct engine_people){0};
}

static uint32_t
tuple_of(const struct engine *e, size_t row)
{
	return e->in.tuple_of == NULL ? (uint32_t)row : e->in.tuple_of[row];
}

static void
everybody_is_single(struct engine *e)
{
	size_t i;

	for (i = 0; i < e->rows; i++) {
		e->single[tuple_of(e, i)]++;
		e->rows_of[tuple_of(e, i)]++;
	}
	e->respondents = e->rows;
}

/* Tuples of the rows, respondent by respondent: those of r begin at
 * starts[r] and end before starts[r + 1]. */
struct sorted {
	uint32_t *starts, *tuples;
	uint32_t max;
};

static void
sorted_release(struct sorted *s)
{
	free(s->starts);
	free(s->tuples);
}

static enum err
sort_rows(const struct engine *e, struct sorted *s)
{
	const uint32_t *who = e->in.respondents;
	size_t i;

	for (i = 0; i < e->rows; i++)
		s->max = who[i] > s->max ? who[i] : s->max;
	if (s->max >= RESPONDENTS_MAX)
		return ERR_LIMIT;
	s->starts = calloc((size_t)s->max + 3, sizeof(*s->starts));
	s->tuples = malloc((e->rows + 1) * sizeof(*s->tuples));
	if (s->starts == NULL || s->tuples == NULL)
		return ERR_NOMEM;
	for (i = 0; i < e->rows; i++)
		s->starts[who[i] + 2]++;
	for (i = 2; i < (size_t)s->max + 3; i++)
		s->starts[i] += s->starts[i - 1];
	for (i = 0; i < e->rows; i++)
		s->tuples[s->starts[who[i] + 1]++] = tuple_of(e, i);
	return ERR_OK;
}

static int
compare_numbers(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* Sorts one respondent's tuples; how many distinct ones. */
static size_t
distinct(uint32_t *tuples, size_t len)
{
	size_t i, n = 1;

	for (i = 1; i < len && tuples[i] == tuples[0]; i++)
		;
	if (i == len)
		return 1;
	qsort(tuples, len, sizeof(*tuples), compare_numbers);
	for (i = 1; i < len; i++)
		n += tuples[i] != tuples[i - 1];
	return n;
}

static enum err
make_room(struct engine_people *p, size_t people, size_t tuples)
{
	p->starts = calloc(people + 1, sizeof(*p->starts));
	p->who = calloc(people + 1, sizeof(*p->who));
	p->gone = calloc(people + 1, 1);
	p->tuples = calloc(tuples + 1, sizeof(*p->tuples));
	p->rows = calloc(tuples + 1, sizeof(*p->rows));
	return p->starts != NULL && p->who != NULL && p->gone != NULL &&
	    p->tuples != NULL && p->rows != NULL ? ERR_OK : ERR_NOMEM;
}

static void
add_person(struct engine_people *p, uint32_t who, const uint32_t *tuples,
    size_t len)
{
	size_t i, at = p->starts[p->len];

	p->who[p->len] = who;
	for (i = 0; i < len; i++) {
		if (i > 0 && tuples[i] != tuples[i - 1])
			at++;
		p->tuples[at] = tuples[i];
		p->rows[at]++;
	}
	p->starts[++p->len] = (uint32_t)at + 1;
}

static enum err
make_joined_room(struct engine_people *p, size_t people, size_t tuples)
{
	size_t slots = 16;

	while (slots < 2 * people + 2)
		slots *= 2;
	p->mask = slots - 1;
	p->shown = calloc(tuples + 1, sizeof(*p->shown));
	p->shown_len = calloc(people + 1, sizeof(*p->shown_len));
	p->class_of = calloc(people + 1, sizeof(*p->class_of));
	p->class_size = calloc(people + 1, sizeof(*p->class_size));
	p->slots = calloc(slots, sizeof(*p->slots));
	return p->shown != NULL && p->shown_len != NULL &&
	    p->class_of != NULL && p->class_size != NULL &&
	    p->slots != NULL ? ERR_OK : ERR_NOMEM;
}

/* 1 when a number in the table says all about that person. */
static int
is_single(const struct engine *e, const uint32_t *tuples, size_t len)
{
	return e->in.joined ? len == 1 : tuples[0] == tuples[len - 1];
}

enum err
engine_people_init(struct engine *e)
{
	CLEANUP(sorted_release) struct sorted s = {0};
	size_t r, n, len, people = 0, tuples = 0;
	const uint32_t *t;

	if (e->in.respondents == NULL || e->rows == 0) {
		everybody_is_single(e);
		return ERR_OK;
	}
	RETURN_IF(sort_rows(e, &s));
	for (r = 0; r <= s.max; r++) {
		len = s.starts[r + 1] - s.starts[r];
		if (len == 0)
			continue;
		e->respondents++;
		n = distinct(s.tuples + s.starts[r], len);
		if (is_single(e, s.tuples + s.starts[r], len))
			continue;
		people++;
		tuples += n;
	}
	RETURN_IF(make_room(&e->people, people, tuples));
	if (e->in.joined)
		RETURN_IF(make_joined_room(&e->people, people, tuples));
	for (r = 0; r <= s.max; r++) {
		t = s.tuples + s.starts[r];
		len = s.starts[r + 1] - s.starts[r];
		for (n = 0; n < len; n++)
			e->rows_of[t[n]]++;
		if (len > 0 && is_single(e, t, len))
			e->single[t[0]]++;
		else if (len > 0)
			add_person(&e->people, (uint32_t)r, t, len);
	}
	return ERR_OK;
}

/* ---- a node ---- */

/* 1 when the person's tuple ${i} is in a group that none of those before it
 * is in. */
static int
is_first_in_group(const struct engine *e, const struct engine_table *t,
    size_t first, size_t i)
{
	const struct engine_people *p = &e->people;
	uint32_t group = e->groups.of[t->entry_of[p->tuples[i]]];
	size_t j;

	for (j = first; j < i; j++)
		if (e->groups.of[t->entry_of[p->tuples[j]]] == group)
			return 0;
	return 1;
}

static void
add_to_groups(struct engine *e, const struct engine_table *t, size_t person,
    uint32_t by)
{
	const struct engine_people *p = &e->people;
	size_t i, first = p->starts[person];

	for (i = first; i < p->starts[person + 1]; i++)
		if (is_first_in_group(e, t, first, i))
			e->groups.all[e->groups.of[t->entry_of[
			    p->tuples[i]]]].people += by;
}

void
engine_people_count(struct engine *e, const struct engine_table *t)
{
	size_t i;

	for (i = 0; i < e->people.len; i++)
		add_to_groups(e, t, i, 1);
}

static int
is_in_dead(const struct engine *e, const struct engine_table *t,
    size_t person, uint32_t min)
{
	const struct engine_people *p = &e->people;
	size_t i;

	for (i = p->starts[person]; i < p->starts[person + 1]; i++)
		if (e->groups.all[e->groups.of[t->entry_of[
		    p->tuples[i]]]].people < min)
			return 1;
	return 0;
}

void
engine_people_settle(struct engine *e, const struct engine_table *t,
    uint32_t min)
{
	struct engine_people *p = &e->people;
	int again = 1;
	size_t i, n;

	memset(p->gone, 0, p->len);
	/* To and fro: a chain in either direction ends in one pass. */
	while (again) {
		again = 0;
		for (n = 0; n < 2 * p->len; n++) {
			i = n < p->len ? n : 2 * p->len - 1 - n;
			if (p->gone[i] || !is_in_dead(e, t, i, min))
				continue;
			p->gone[i] = 1;
			add_to_groups(e, t, i, UINT32_MAX);     /* - 1 */
			again = 1;
		}
	}
}

/* ---- joined ---- */

static int
compare_shown(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* What a person shows: each group with how many rows, in order. */
static void
show(struct engine *e, const struct engine_table *t, size_t person)
{
	struct engine_people *p = &e->people;
	size_t first = p->starts[person], end = p->starts[person + 1], i;
	uint64_t *shown = p->shown + first;
	uint32_t len = 0;

	for (i = first; i < end; i++)
		shown[i - first] = (uint64_t)e->groups.of[t->entry_of[
		    p->tuples[i]]] << 32 | p->rows[i];
	qsort(shown, end - first, sizeof(*shown), compare_shown);
	for (i = 0; i < end - first; i++)
		if (len > 0 && shown[len - 1] >> 32 == shown[i] >> 32)
			shown[len - 1] += shown[i] & UINT32_MAX;
		else
			shown[len++] = shown[i];
	p->shown_len[person] = len;
}

static int
shows_the_same(const struct engine_people *p, size_t a, size_t b)
{
	return p->shown_len[a] == p->shown_len[b] &&
	    memcmp(p->shown + p->starts[a], p->shown + p->starts[b],
	    p->shown_len[a] * sizeof(*p->shown)) == 0;
}

static void
put_in_class(struct engine_people *p, size_t person)
{
	const uint64_t *shown = p->shown + p->starts[person];
	uint64_t h = p->shown_len[person];
	uint32_t i;
	size_t at;

	for (i = 0; i < p->shown_len[person]; i++) {
		h = (h ^ shown[i]) * 0x9e3779b97f4a7c15u;
		h ^= h >> 29;
	}
	for (at = (size_t)h & p->mask; p->slots[at] != 0;
	    at = (at + 1) & p->mask)
		if (shows_the_same(p, p->slots[at] - 1, person))
			break;
	if (p->slots[at] == 0) {
		p->slots[at] = (uint32_t)person + 1;
		p->class_size[p->classes] = 0;
		p->class_of[person] = (uint32_t)p->classes++;
	}
	p->class_of[person] = p->class_of[p->slots[at] - 1];
	p->class_size[p->class_of[person]]++;
}

void
engine_people_join(struct engine *e, const struct engine_table *t,
    uint32_t min)
{
	struct engine_people *p = &e->people;
	size_t i;

	memset(p->slots, 0, (p->mask + 1) * sizeof(*p->slots));
	p->classes = 0;
	for (i = 0; i < p->len; i++) {
		show(e, t, i);
		put_in_class(p, i);
	}
	for (i = 0; i < p->len; i++)
		p->gone[i] = p->class_size[p->class_of[i]] < min;
}
