/* Distinct vectors of leaves: a hash table over an array. */
#include <stdlib.h>
#include <string.h>

#include "app/job_internal.h"
#include "core/secret.h"

struct job_tuples {
	size_t width;
	uint32_t *all;                  /* len * width leaves */
	size_t len, cap;
	uint32_t *slots;                /* index + 1; 0: free */
	size_t mask;
};

enum err job_tuples_new(size_t width, struct job_tuples **ret)
{
	struct job_tuples *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return ERR_NOMEM;
	t->width = width;
	t->mask = 1023;
	t->slots = calloc(t->mask + 1, sizeof(*t->slots));
	if (t->slots == NULL) {
		free(t);
		return ERR_NOMEM;
	}
	*ret = t;
	return ERR_OK;
}

void job_tuples_free(struct job_tuples *t)
{
	if (t == NULL)
		return;
	if (t->all != NULL)
		secret_wipe(t->all, t->cap * t->width * sizeof(uint32_t));
	free(t->all);
	free(t->slots);
	free(t);
}

static uint64_t hash(const uint32_t *leaves, size_t width)
{
	uint64_t h = 0x9e3779b97f4a7c15u;

	for (size_t i = 0; i < width; i++) {
		h = (h ^ leaves[i]) * 0xff51afd7ed558ccdu;
		h ^= h >> 32;
	}
	return h;
}

static enum err grow_slots(struct job_tuples *t)
{
	size_t mask = t->mask * 2 + 1;
	uint32_t *slots = calloc(mask + 1, sizeof(*slots));

	if (slots == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < t->len; i++) {
		size_t at = hash(t->all + i * t->width, t->width) & mask;

		while (slots[at] != 0)
			at = (at + 1) & mask;
		slots[at] = (uint32_t)i + 1;
	}
	free(t->slots);
	t->slots = slots;
	t->mask = mask;
	return ERR_OK;
}

static enum err grow_all(struct job_tuples *t)
{
	size_t cap = t->cap == 0 ? 1024 : t->cap * 2;
	size_t row = t->width * sizeof(uint32_t);
	uint32_t *all;

	if (t->len < t->cap)
		return ERR_OK;
	all = malloc(cap * row + 1);
	if (all == NULL)
		return ERR_NOMEM;
	if (t->all != NULL) {
		memcpy(all, t->all, t->len * row);
		secret_wipe(t->all, t->len * row);
	}
	free(t->all);
	t->all = all;
	t->cap = cap;
	return ERR_OK;
}

enum err job_tuples_find(struct job_tuples *t, const uint32_t *leaves,
    uint32_t *ret)
{
	size_t row = t->width * sizeof(uint32_t);
	size_t at = hash(leaves, t->width) & t->mask;

	for (; t->slots[at] != 0; at = (at + 1) & t->mask)
		if (memcmp(t->all + (size_t)(t->slots[at] - 1) * t->width,
		    leaves, row) == 0) {
			*ret = t->slots[at] - 1;
			return ERR_OK;
		}
	if (t->len == UINT32_MAX - 1)
		return ERR_LIMIT;
	RETURN_IF(grow_all(t));
	memcpy(t->all + t->len * t->width, leaves, row);
	t->slots[at] = (uint32_t)t->len + 1;
	*ret = (uint32_t)t->len++;
	return t->len * 2 > t->mask ? grow_slots(t) : ERR_OK;
}

size_t job_tuples_len(const struct job_tuples *t)
{
	return t->len;
}

const uint32_t *job_tuples_all(const struct job_tuples *t)
{
	return t->all;
}
