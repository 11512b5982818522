/* survey/survey_memory.c - memory of one survey, its table of names, and the
 * numbers of its constraints. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "survey/survey_internal.h"

void *
survey_alloc(struct survey *s, size_t count, size_t size)
{
	struct survey_memory *block;
	size_t len;

	if (__builtin_mul_overflow(count, size, &len) ||
	    __builtin_add_overflow(len, sizeof(*block), &len))
		return NULL;
	if ((block = calloc(1, len)) == NULL)
		return NULL;
	block->next = s->memory;
	s->memory = block;
	return block + 1;
}

char *
survey_copy(struct survey *s, const void *bytes, size_t len)
{
	char *copy = survey_alloc(s, len + 1, 1);

	if (copy != NULL)
		memcpy(copy, bytes, len);
	return copy;
}

enum err
survey_names_init(struct survey *s, size_t len, struct survey_names *ret)
{
	size_t slots = 4;

	while (slots < len * 2)
		slots *= 2;
	ret->slots = survey_alloc(s, slots, sizeof(*ret->slots));
	if (ret->slots == NULL)
		return ERR_NOMEM;
	ret->mask = slots - 1;
	return ERR_OK;
}

/* FNV-1a: names are short and of the owner's own making. */
uint64_t
survey_hash(struct bytes name)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);
	size_t i;

	for (i = 0; i < name.len; i++)
		h = (h ^ name.data[i]) * UINT64_C(0x100000001b3);
	return h ^ h >> 32;
}

static const int64_t powers[SURVEY_DECIMALS_MAX + 1] = {
	1, 10, 100, 1000, 10000, 100000, 1000000,
};

enum err
survey_scale_integer(int64_t v, unsigned decimals, int64_t *ret)
{
	int64_t limit = SURVEY_NUMBER_MAX / powers[decimals];

	if (v > limit || v < -limit)
		return ERR_RANGE;
	*ret = v * powers[decimals];
	return ERR_OK;
}

/* With at most 15 digits the nearest double of a decimal is its own: so the
 * decimal has at most ${decimals} places exactly if dividing gives ${v}. */
enum err
survey_scale_real(double v, unsigned decimals, int64_t *ret)
{
	double power = (double)powers[decimals];
	double scaled = round(v * power);

	if (!(fabs(scaled) <= (double)SURVEY_NUMBER_MAX))
		return ERR_RANGE;
	if (scaled / power != v)
		return ERR_RANGE;
	*ret = (int64_t)scaled;
	return ERR_OK;
}
