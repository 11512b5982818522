/* Rows of one range in locked memory: an index from the front, packed answers
 * from the back. */
#include <stdlib.h>
#include <string.h>

#include "app/job_internal.h"
#include "core/secret.h"

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
	return a->len;
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
	const struct entry *e = &a->entries[i];

	ret->respondent = e->respondent;
	ret->event_unix_s = e->event_unix_s;
	memcpy(ret->id, e->id, sizeof(ret->id));
	ret->packed = bytes_of(a->pool.data + e->offset, e->len);
}

static int before(const void *x, const void *y, void *ctx)
{
	const struct entry *a = x, *b = y;
	const uint32_t *rank = ctx;
	uint32_t ra = rank[a->respondent], rb = rank[b->respondent];

	if (ra != rb)
		return ra < rb ? -1 : 1;
	if (a->event_unix_s != b->event_unix_s)
		return a->event_unix_s < b->event_unix_s ? -1 : 1;
	return memcmp(a->id, b->id, sizeof(a->id));
}

/* qsort_r may take memory of its own for large arrays; what it copies are
 * numbers and record ids, never answers. */
void job_arena_sort(struct job_arena *a, const uint32_t *rank)
{
	size_t kept = 0;

	for (size_t i = 0; i < a->len; i++)
		if (rank[a->entries[i].respondent] != UINT32_MAX)
			a->entries[kept++] = a->entries[i];
	a->len = kept;
	qsort_r(a->entries, a->len, sizeof(struct entry), before,
	    (void *)(uintptr_t)rank);
}
