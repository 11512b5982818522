/* Groups of equal cells: as answered, or as they leave. */
#include <stdlib.h>

#include "app/job_internal.h"

#define FNV_BASIS 0xcbf29ce484222325u
#define FNV_PRIME 0x100000001b3u

void job_groups_release(struct job_groups *g)
{
	free(g->of_tuple);
	free(g->tuple_of);
	free(g->people);
	free(g->rows);
	*g = (struct job_groups){0};
}

uint32_t job_groups_label(const struct job_groups *g, uint32_t tuple,
    size_t dimension)
{
	const struct job_scan *s = g->scan;
	uint32_t leaf = job_tuples_all(s->tuples)[
	    tuple * s->dimensions + dimension];

	if (!g->is_after || dimension + 1 == s->dimensions)
		return leaf;
	return s->kanon_columns[dimension].labels[
	    s->result.levels[dimension]][leaf];
}

static size_t hash_of(const struct job_groups *g, uint32_t tuple)
{
	uint64_t h = FNV_BASIS;

	for (size_t d = 0; d < g->scan->dimensions; d++)
		h = (h ^ job_groups_label(g, tuple, d)) * FNV_PRIME;
	return (size_t)(h ^ h >> 29);
}

static int same_group(const struct job_groups *g, uint32_t a, uint32_t b)
{
	for (size_t d = 0; d < g->scan->dimensions; d++)
		if (job_groups_label(g, a, d) != job_groups_label(g, b, d))
			return 0;
	return 1;
}

/* ${slots} holds tuples + 1 that stand for their groups. */
static void number_groups(struct job_groups *g, size_t tuples,
    uint32_t *slots, size_t mask)
{
	for (uint32_t i = 0; i < tuples; i++) {
		size_t at = hash_of(g, i) & mask;

		while (slots[at] != 0 && !same_group(g, slots[at] - 1, i))
			at = (at + 1) & mask;
		if (slots[at] == 0) {
			slots[at] = i + 1;
			g->tuple_of[g->len] = i;
			g->of_tuple[i] = (uint32_t)g->len++;
		}
		g->of_tuple[i] = g->of_tuple[slots[at] - 1];
	}
}

/* Rows are sorted by respondent. */
static enum err count_people(struct job_groups *g)
{
	const struct job_scan *s = g->scan;
	uint32_t *last = calloc(g->len + 1, sizeof(*last));

	if (last == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < s->rows_len; i++) {
		uint32_t who = s->rows[i].respondent;
		uint32_t at = g->of_tuple[s->rows[i].tuple];

		if (g->is_after && !job_scan_keeps(s, who))
			continue;
		g->rows[at]++;
		if (last[at] != who + 1)
			g->people[at]++;
		last[at] = who + 1;
	}
	free(last);
	return ERR_OK;
}

enum err job_groups_make(const struct job_scan *s, int is_after,
    struct job_groups *ret)
{
	size_t n = job_tuples_len(s->tuples), size = 64;
	uint32_t *slots;

	while (size < 2 * n)
		size *= 2;
	*ret = (struct job_groups){.scan = s, .is_after = is_after,
	    .of_tuple = calloc(n + 1, sizeof(*ret->of_tuple)),
	    .tuple_of = calloc(n + 1, sizeof(*ret->tuple_of)),
	    .people = calloc(n + 1, sizeof(*ret->people)),
	    .rows = calloc(n + 1, sizeof(*ret->rows))};
	slots = calloc(size, sizeof(*slots));
	if (slots == NULL || ret->of_tuple == NULL || ret->tuple_of == NULL ||
	    ret->people == NULL || ret->rows == NULL) {
		free(slots);
		return ERR_NOMEM;
	}
	number_groups(ret, n, slots, size - 1);
	free(slots);
	return count_people(ret);
}
