/* Rows of one range in locked memory, in blocks that are taken as rows come:
 * each row is its header and, behind it, its packed answers. */
#include <stdlib.h>
#include <string.h>

#include "app/job_internal.h"
#include "core/secret.h"

#define FETCH_AHEAD 8
#define BLOCK ((size_t)1 << 20)         /* bytes; the longest row fits */
#define UNIT sizeof(uint32_t)           /* rows begin at multiples of it */
#define BLOCK_UNITS (BLOCK / UNIT)

struct entry {
	uint32_t respondent, event_unix_s;
	uint8_t id[16];
	uint32_t len;
	uint8_t packed[];
};

_Static_assert(sizeof(struct entry) + ANSWERS_PACKED_MAX + UNIT <= BLOCK,
    "a row fits a block");

struct block {
	struct secret_pool pool;
	size_t used;            /* bytes */
};

struct job_arena {
	size_t room, used;      /* bytes of rows */
	struct block *blocks;
	size_t blocks_len, blocks_cap;
	size_t at;              /* block under way */
	size_t len;             /* rows */
	uint32_t *order;        /* where rows begin, in units; once sorted */
	size_t sorted;
};

enum err job_arena_new(size_t bytes, struct job_arena **ret)
{
	struct job_arena *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return ERR_NOMEM;
	a->room = bytes > UINT32_MAX ? UINT32_MAX : bytes;
	*ret = a;
	return ERR_OK;
}

void job_arena_free(struct job_arena *a)
{
	if (a == NULL)
		return;
	for (size_t i = 0; i < a->blocks_len; i++)
		secret_pool_release(&a->blocks[i].pool);
	free(a->blocks);
	free(a->order);
	free(a);
}

void job_arena_cleanup(struct job_arena **a)
{
	job_arena_free(*a);
}

/* Blocks stay, wiped, for what comes next. */
void job_arena_clear(struct job_arena *a)
{
	for (size_t i = 0; i < a->blocks_len; i++) {
		secret_wipe(a->blocks[i].pool.data, a->blocks[i].used);
		a->blocks[i].used = 0;
	}
	a->used = 0;
	a->at = 0;
	a->len = 0;
	a->sorted = 0;
}

size_t job_arena_room(const struct job_arena *a)
{
	return a->room;
}

size_t job_arena_cost(size_t packed_len)
{
	return (sizeof(struct entry) + packed_len + UNIT - 1) / UNIT * UNIT;
}

size_t job_arena_len(const struct job_arena *a)
{
	return a->sorted;
}

static enum err add_block(struct job_arena *a)
{
	if (a->blocks_len == a->blocks_cap) {
		size_t cap = a->blocks_cap * 2 + 16;
		struct block *blocks = reallocarray(a->blocks, cap,
		    sizeof(*blocks));

		if (blocks == NULL)
			return ERR_NOMEM;
		a->blocks = blocks;
		a->blocks_cap = cap;
	}
	a->blocks[a->blocks_len] = (struct block){0};
	RETURN_IF(secret_pool_init(&a->blocks[a->blocks_len].pool, BLOCK));
	a->blocks_len++;
	return ERR_OK;
}

/* A block with room for ${cost} bytes becomes the one under way. */
static enum err make_room(struct job_arena *a, size_t cost)
{
	if (a->blocks_len > 0 && BLOCK - a->blocks[a->at].used < cost)
		a->at++;
	return a->at < a->blocks_len ? ERR_OK : add_block(a);
}

enum err job_arena_add(struct job_arena *a, const struct job_arena_row *row)
{
	size_t cost = job_arena_cost(row->packed.len);
	struct block *b;
	struct entry *e;

	if (a->room - a->used < cost || cost > BLOCK)
		return ERR_LIMIT;
	RETURN_IF(make_room(a, cost));
	b = &a->blocks[a->at];
	e = (void *)(b->pool.data + b->used);
	*e = (struct entry){.respondent = row->respondent,
	    .event_unix_s = row->event_unix_s,
	    .len = (uint32_t)row->packed.len};
	memcpy(e->id, row->id, sizeof(e->id));
	memcpy(e->packed, row->packed.data, row->packed.len);
	b->used += cost;
	a->used += cost;
	a->len++;
	return ERR_OK;
}

static const struct entry *entry_at(const struct job_arena *a, uint32_t place)
{
	return (const void *)(a->blocks[place / BLOCK_UNITS].pool.data +
	    place % BLOCK_UNITS * UNIT);
}

void job_arena_row(const struct job_arena *a, size_t i,
    struct job_arena_row *ret)
{
	const struct entry *e = entry_at(a, a->order[i]);

	ret->respondent = e->respondent;
	ret->event_unix_s = e->event_unix_s;
	memcpy(ret->id, e->id, sizeof(ret->id));
	ret->packed = bytes_of(e->packed, e->len);
}

/* Rows lie in the order in which they were read. */
void job_arena_fetch(const struct job_arena *a, size_t i)
{
	const uint8_t *row;

	if (i + FETCH_AHEAD >= a->sorted)
		return;
	row = (const void *)entry_at(a, a->order[i + FETCH_AHEAD]);
	__builtin_prefetch(row);
	__builtin_prefetch(row + 64);
}

static int before(const struct entry *a, const struct entry *b)
{
	if (a->event_unix_s != b->event_unix_s)
		return a->event_unix_s < b->event_unix_s;
	return memcmp(a->id, b->id, sizeof(a->id)) < 0;
}

/* Of one person, by time and id: a few rows. */
static void sort_few(const struct job_arena *a, uint32_t *order, size_t len)
{
	for (size_t i = 1; i < len; i++) {
		uint32_t moving = order[i];
		size_t at = i;

		for (; at > 0 && before(entry_at(a, moving),
		    entry_at(a, order[at - 1])); at--)
			order[at] = order[at - 1];
		order[at] = moving;
	}
}

/* The rows of one block and where they begin, in the order they came. */
static size_t next_in(const struct block *b, size_t at,
    const struct entry **ret)
{
	*ret = (const void *)(b->pool.data + at);
	return at + job_arena_cost((*ret)->len);
}

/* How many rows each rank has, into ${ends}[rank + 1]. */
static void count_ranks(const struct job_arena *a, const uint32_t *rank,
    uint32_t *ends, size_t ranks)
{
	const struct entry *e;

	for (size_t i = 0; i < a->blocks_len; i++)
		for (size_t at = 0; at < a->blocks[i].used;) {
			at = next_in(&a->blocks[i], at, &e);
			if (rank[e->respondent] < ranks)
				ends[rank[e->respondent] + 1]++;
		}
}

/* ${begins}[rank] is where the next row of that rank goes. */
static void place_rows(struct job_arena *a, const uint32_t *rank,
    uint32_t *begins, size_t ranks)
{
	const struct entry *e;

	for (size_t i = 0; i < a->blocks_len; i++)
		for (size_t at = 0, from = 0; at < a->blocks[i].used;
		    from = at) {
			at = next_in(&a->blocks[i], at, &e);
			if (rank[e->respondent] < ranks)
				a->order[begins[rank[e->respondent]]++] =
				    (uint32_t)(i * BLOCK_UNITS + from / UNIT);
		}
}

static void order_rows(struct job_arena *a, const uint32_t *rank,
    uint32_t *begins, size_t ranks)
{
	size_t from = 0;

	count_ranks(a, rank, begins, ranks);
	for (size_t i = 0; i < ranks; i++)
		begins[i + 1] += begins[i];
	a->sorted = begins[ranks];
	place_rows(a, rank, begins, ranks);
	/* What were beginnings are ends now. */
	for (size_t i = 0; i < ranks; from = begins[i++])
		sort_few(a, a->order + from, begins[i] - from);
}

enum err job_arena_sort(struct job_arena *a, const uint32_t *rank,
    size_t ranks)
{
	uint32_t *begins = calloc(ranks + 1, sizeof(*begins));

	free(a->order);
	a->sorted = 0;
	a->order = malloc((a->len + 1) * sizeof(*a->order));
	if (begins == NULL || a->order == NULL) {
		free(begins);
		return ERR_NOMEM;
	}
	order_rows(a, rank, begins, ranks);
	free(begins);
	return ERR_OK;
}
