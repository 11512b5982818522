/* Rows of one range in locked memory: an index from the front, packed answers
 * from the back. */
#include <stdlib.h>
#include <string.h>

#include "app/job_internal.h"
#include "core/secret.h"

#define FETCH_AHEAD 8

struct entry {
	uint32_t respondent, event_unix_s;
	uint8_t id[16];
	uint32_t offset, len;
};

struct job_arena {
	struct secret_pool pool;
	struct entry *entries;          /* at the front of the pool */
	size_t len;
	size_t back;                    /* first byte in use at the back */
	uint32_t *order;                /* of entries, once sorted */
	size_t sorted;
};

enum err job_arena_new(size_t bytes, struct job_arena **ret)
{
	struct job_arena *a = calloc(1, sizeof(*a));
	enum err e;

	if (a == NULL)
		return ERR_NOMEM;
	if (bytes > UINT32_MAX)
		bytes = UINT32_MAX;
	e = secret_pool_init(&a->pool, bytes);
	if (e != ERR_OK) {
		free(a);
		return e;
	}
	a->entries = (void *)a->pool.data;
	a->back = a->pool.len;
	*ret = a;
	return ERR_OK;
}

void job_arena_free(struct job_arena *a)
{
	if (a == NULL)
		return;
	secret_pool_release(&a->pool);
	free(a->order);
	free(a);
}

void job_arena_cleanup(struct job_arena **a)
{
	job_arena_free(*a);
}

void job_arena_clear(struct job_arena *a)
{
	secret_wipe(a->pool.data, a->len * sizeof(struct entry));
	secret_wipe(a->pool.data + a->back, a->pool.len - a->back);
	a->len = 0;
	a->sorted = 0;
	a->back = a->pool.len;
}

size_t job_arena_room(const struct job_arena *a)
{
	return a->pool.len;
}

size_t job_arena_cost(size_t packed_len)
{
	return sizeof(struct entry) + packed_len;
}

size_t job_arena_len(const struct job_arena *a)
{
	return a->sorted;
}

enum err job_arena_add(struct job_arena *a, const struct job_arena_row *row)
{
	size_t used = a->len * sizeof(struct entry);
	struct entry *e = &a->entries[a->len];

	if (a->back - used < job_arena_cost(row->packed.len))
		return ERR_LIMIT;
	a->back -= row->packed.len;
	memcpy(a->pool.data + a->back, row->packed.data, row->packed.len);
	*e = (struct entry){.respondent = row->respondent,
	    .event_unix_s = row->event_unix_s, .offset = (uint32_t)a->back,
	    .len = (uint32_t)row->packed.len};
	memcpy(e->id, row->id, sizeof(e->id));
	a->len++;
	return ERR_OK;
}

void job_arena_row(const struct job_arena *a, size_t i,
    struct job_arena_row *ret)
{
	const struct entry *e = &a->entries[a->order[i]];

	ret->respondent = e->respondent;
	ret->event_unix_s = e->event_unix_s;
	memcpy(ret->id, e->id, sizeof(ret->id));
	ret->packed = bytes_of(a->pool.data + e->offset, e->len);
}

/* Rows lie in the order in which they were read. */
void job_arena_fetch(const struct job_arena *a, size_t i)
{
	if (i + 2 * FETCH_AHEAD < a->sorted)
		__builtin_prefetch(&a->entries[a->order[i + 2 * FETCH_AHEAD]]);
	if (i + FETCH_AHEAD < a->sorted)
		__builtin_prefetch(a->pool.data +
		    a->entries[a->order[i + FETCH_AHEAD]].offset);
}

static int before(const struct entry *a, const struct entry *b)
{
	if (a->event_unix_s != b->event_unix_s)
		return a->event_unix_s < b->event_unix_s;
	return memcmp(a->id, b->id, sizeof(a->id)) < 0;
}

/* Of one person, by time and id: a few rows. */
static void sort_few(const struct entry *entries, uint32_t *order, size_t len)
{
	for (size_t i = 1; i < len; i++) {
		uint32_t moving = order[i];
		size_t at = i;

		for (; at > 0 && before(&entries[moving],
		    &entries[order[at - 1]]); at--)
			order[at] = order[at - 1];
		order[at] = moving;
	}
}

/* ${ends} has, per rank, where its rows end in the order. */
static void order_rows(struct job_arena *a, const uint32_t *rank,
    uint32_t *ends, size_t ranks)
{
	for (size_t i = 0; i < a->len; i++)
		if (rank[a->entries[i].respondent] < ranks)
			ends[rank[a->entries[i].respondent]]++;
	for (size_t i = 1; i < ranks; i++)
		ends[i] += ends[i - 1];
	a->sorted = ends[ranks - 1];
	for (size_t i = a->len; i-- > 0;)
		if (rank[a->entries[i].respondent] < ranks)
			a->order[--ends[rank[a->entries[i].respondent]]] =
			    (uint32_t)i;
	/* What were ends are beginnings now. */
	for (size_t i = 0; i < ranks; i++)
		sort_few(a->entries, a->order + ends[i],
		    (i + 1 < ranks ? ends[i + 1] : a->sorted) - ends[i]);
}

enum err job_arena_sort(struct job_arena *a, const uint32_t *rank,
    size_t ranks)
{
	uint32_t *ends = calloc(ranks + 1, sizeof(*ends));

	free(a->order);
	a->sorted = 0;
	a->order = malloc((a->len + 1) * sizeof(*a->order));
	if (ends == NULL || a->order == NULL) {
		free(ends);
		return ERR_NOMEM;
	}
	if (ranks > 0)
		order_rows(a, rank, ends, ranks);
	free(ends);
	return ERR_OK;
}
