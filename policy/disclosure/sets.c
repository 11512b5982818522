/* policy/disclosure/sets.c - combinations of items and who has them. */
#include "policy/disclosure/sets.h"

#include <stdlib.h>
#include <string.h>

/* A combination is up to four items of 16 bits, ascending, each + 1. */
struct slot {
	uint64_t combination;
	uint64_t people;
};

struct counts {
	struct slot *slots;             /* combination 0: free */
	size_t len, mask;
};

static void
counts_release(struct counts *c)
{
	free(c->slots);
}

static size_t
place(const struct counts *c, uint64_t combination)
{
	uint64_t h = combination * 0x9e3779b97f4a7c15u;
	size_t at = (size_t)(h ^ h >> 32) & c->mask;

	while (c->slots[at].combination != 0 &&
	    c->slots[at].combination != combination)
		at = (at + 1) & c->mask;
	return at;
}

static enum err
grow(struct counts *c)
{
	struct counts bigger = {.len = c->len, .mask = c->mask * 2 + 1};
	size_t i;

	if (c->slots == NULL)
		bigger.mask = 1023;
	bigger.slots = calloc(bigger.mask + 1, sizeof(*bigger.slots));
	if (bigger.slots == NULL)
		return ERR_NOMEM;
	for (i = 0; c->slots != NULL && i <= c->mask; i++)
		if (c->slots[i].combination != 0)
			bigger.slots[place(&bigger, c->slots[i].combination)] =
			    c->slots[i];
	free(c->slots);
	*c = bigger;
	return ERR_OK;
}

static enum err
count_one(struct counts *c, uint64_t combination)
{
	struct slot *s;

	if (c->slots == NULL || c->len * 2 > c->mask)
		RETURN_IF(grow(c));
	s = &c->slots[place(c, combination)];
	if (s->combination == 0) {
		if (c->len++ == SETS_COMBINATIONS_MAX)
			return ERR_LIMIT;
		s->combination = combination;
	}
	s->people++;
	return ERR_OK;
}

/* ---- one person's combinations ---- */

struct person {
	const uint32_t *items;          /* ascending, distinct */
	size_t len;
	unsigned m;
	struct counts *counts;
	int rare;                       /* when looking: one of them is */
	unsigned k;
};

/* All combinations that go on after ${combination}, whose last item is before
 * ${from}. */
static enum err
each_combination(struct person *p, uint64_t combination, size_t from,
    unsigned left)
{
	uint64_t next;
	size_t i;

	for (i = from; i < p->len && left > 0 && !p->rare; i++) {
		next = combination << 16 | (p->items[i] + 1);
		if (p->k == 0)
			RETURN_IF(count_one(p->counts, next));
		else if (p->counts->slots[place(p->counts, next)].people <
		    p->k)
			p->rare = 1;
		RETURN_IF(each_combination(p, next, i + 1, left - 1));
	}
	return ERR_OK;
}

static int
compare_items(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static size_t
sort_items(const struct sets_input *in, size_t person, uint32_t *ret)
{
	size_t len = in->starts[person + 1] - in->starts[person], i, n = 0;

	if (len == 0)
		return 0;
	memcpy(ret, in->items + in->starts[person], len * sizeof(*ret));
	qsort(ret, len, sizeof(*ret), compare_items);
	for (i = 0; i < len; i++)
		if (i == 0 || ret[i] != ret[i - 1])
			ret[n++] = ret[i];
	return n;
}

/* ---- everybody ---- */

static enum err
count_people(const struct sets_input *in, const uint8_t *gone,
    uint32_t *scratch, struct counts *ret)
{
	size_t i;

	for (i = 0; i < in->people; i++) {
		struct person p = {.items = scratch, .m = in->m,
		    .counts = ret};

		if (gone != NULL && gone[i])
			continue;
		p.len = sort_items(in, i, scratch);
		RETURN_IF(each_combination(&p, 0, 0, in->m));
	}
	return ret->slots == NULL ? grow(ret) : ERR_OK;
}

/* 1 in ${ret_any} when somebody goes. */
static enum err
suppress(const struct sets_input *in, struct counts *counts,
    uint32_t *scratch, uint8_t *gone, int *ret_any)
{
	size_t i;

	*ret_any = 0;
	for (i = 0; i < in->people; i++) {
		struct person p = {.items = scratch, .m = in->m,
		    .counts = counts, .k = in->k};

		if (gone[i])
			continue;
		p.len = sort_items(in, i, scratch);
		RETURN_IF(each_combination(&p, 0, 0, in->m));
		gone[i] = (uint8_t)p.rare;
		*ret_any |= p.rare;
	}
	return ERR_OK;
}

static void
sum_up(const struct sets_input *in, const struct counts *c,
    struct sets_result *r)
{
	size_t i;

	r->combinations = c->len;
	for (i = 0; i <= c->mask; i++) {
		if (c->slots[i].combination == 0)
			continue;
		r->rare += c->slots[i].people < in->k;
		if (r->least == 0 || c->slots[i].people < r->least)
			r->least = c->slots[i].people;
	}
}

static enum err
check_input(const struct sets_input *in, size_t *ret_longest)
{
	size_t i, longest = 0;

	if (in->k == 0 || in->m == 0 || in->m > SETS_M_MAX)
		return ERR_RANGE;
	for (i = 0; i < in->people; i++) {
		if (in->starts[i] > in->starts[i + 1])
			return ERR_RANGE;
		if (in->starts[i + 1] - in->starts[i] > longest)
			longest = in->starts[i + 1] - in->starts[i];
	}
	for (i = 0; in->people > 0 && i < in->starts[in->people]; i++)
		if (in->items[i] >= SETS_ITEMS_MAX)
			return ERR_RANGE;
	*ret_longest = longest;
	return ERR_OK;
}

static enum err
run(const struct sets_input *in, uint32_t *scratch, struct sets_result *r,
    uint8_t *gone)
{
	int again = gone != NULL, first = 1;
	size_t i;

	do {
		CLEANUP(counts_release) struct counts c = {0};

		RETURN_IF(count_people(in, gone, scratch, &c));
		if (first)
			sum_up(in, &c, r);
		first = 0;
		if (again)
			RETURN_IF(suppress(in, &c, scratch, gone, &again));
	} while (again);
	for (i = 0; gone != NULL && i < in->people; i++)
		r->people_gone += gone[i];
	return ERR_OK;
}

enum err
sets_check(const struct sets_input *in, struct sets_result *ret,
    uint8_t *ret_gone)
{
	struct sets_result r = {0};
	uint32_t *scratch;
	size_t longest = 0;
	enum err e;

	RETURN_IF(check_input(in, &longest));
	if ((scratch = calloc(longest + 1, sizeof(*scratch))) == NULL)
		return ERR_NOMEM;
	if (ret_gone != NULL)
		memset(ret_gone, 0, in->people);
	e = run(in, scratch, &r, ret_gone);
	free(scratch);
	if (e == ERR_OK)
		*ret = r;
	return e;
}
