/* policy/disclosure/engine_columns.c - leaves as paths in their tree.
 *
 * A leaf's bits say which child to take at each level, the top first.  The
 * label of a level is then the bits down to that level: generalising a whole
 * tuple is one AND for each word of its key.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "policy/disclosure/engine_internal.h"

void
engine_columns_release(struct engine_coded *c)
{
	free(c->path);
	free(c->size);
	*c = (struct engine_coded){0};
}

static uint32_t
label_of(const struct engine_column *c, unsigned level, size_t leaf)
{
	if (level == 0 && c->labels[0] == NULL)
		return (uint32_t)leaf;
	return c->labels[level][leaf];
}

static size_t
labels_bound(const struct engine_column *c, unsigned level)
{
	uint32_t max = 0;
	size_t i;

	for (i = 0; i < c->leaves; i++)
		if (label_of(c, level, i) >= max)
			max = label_of(c, level, i);
	return (size_t)max + 1;
}

static unsigned
bits_for(size_t children)
{
	unsigned bits = 0;

	while (bits < 63 && (UINT64_C(1) << bits) < children)
		bits++;
	return bits;
}

/* One step down: labels of ${level} are numbered within their parents. */
struct step {
	uint32_t *parent;               /* label of the level above, + 1 */
	uint32_t *number;
	uint32_t *children;             /* of each label above */
	size_t most;
};

static void
step_release(struct step *s)
{
	free(s->parent);
	free(s->number);
	free(s->children);
}

static enum err
number_children(const struct engine_column *c, unsigned level, unsigned top,
    struct step *s)
{
	uint32_t label, parent;
	size_t i;

	for (i = 0; i < c->leaves; i++) {
		label = label_of(c, level, i);
		parent = level == top ? 0 : label_of(c, level + 1, i);
		if (s->parent[label] != 0 && s->parent[label] != parent + 1)
			return ERR_MISMATCH;
		if (s->parent[label] != 0)
			continue;
		s->parent[label] = parent + 1;
		s->number[label] = s->children[parent]++;
		if (s->children[parent] > s->most)
			s->most = s->children[parent];
	}
	return ERR_OK;
}

/* Adds the bits of one level below those that are there. */
static enum err
add_level(const struct engine_column *c, unsigned level, uint64_t *path,
    unsigned *bits)
{
	CLEANUP(step_release) struct step s = {0};
	size_t n = labels_bound(c, level), i;
	size_t above = level == c->to ? 1 : labels_bound(c, level + 1);
	unsigned more;

	if (n > (size_t)64 << 20 || above > (size_t)64 << 20)
		return ERR_LIMIT;
	s.parent = calloc(n, sizeof(*s.parent));
	s.number = calloc(n, sizeof(*s.number));
	s.children = calloc(above, sizeof(*s.children));
	if (s.parent == NULL || s.number == NULL || s.children == NULL)
		return ERR_NOMEM;
	RETURN_IF(number_children(c, level, c->to, &s));
	more = bits_for(s.most);
	if (*bits + more > 64)
		return ERR_LIMIT;
	for (i = 0; i < c->leaves; i++)
		path[i] = (more == 64 ? 0 : path[i] << more) |
		    s.number[label_of(c, level, i)];
	*bits += more;
	return ERR_OK;
}

static enum err
make_paths(const struct engine_column *c, struct engine_coded *ret,
    unsigned *ret_bits)
{
	unsigned level = c->to, bits = 0, l, down[ENGINE_LEVELS_MAX];

	ret->path = calloc(c->leaves + 1, sizeof(*ret->path));
	if (ret->path == NULL)
		return ERR_NOMEM;
	for (;; level--) {
		ret->labels[level - c->from] = labels_bound(c, level);
		RETURN_IF(add_level(c, level, ret->path, &bits));
		down[level - c->from] = bits;
		if (level == c->from)
			break;
	}
	for (l = 0; l < ret->span; l++)
		ret->mask[l] = down[l] == 0 ? 0 :
		    (UINT64_MAX >> (64 - down[l])) << (bits - down[l]);
	*ret_bits = bits;
	return ERR_OK;
}

void
engine_columns_shift(struct engine_coded *c, size_t leaves, unsigned shift)
{
	unsigned l;
	size_t i;

	if (shift == 0)
		return;
	for (i = 0; i < leaves; i++)
		c->path[i] <<= shift;
	for (l = 0; l < c->span; l++)
		c->mask[l] <<= shift;
}

/* Leaves under each leaf's label, by counting when nobody says. */
static enum err
make_sizes(const struct engine_column *c, struct engine_coded *ret)
{
	uint32_t *count;
	unsigned l;
	size_t i;

	ret->size = calloc(c->leaves + 1, ret->span * sizeof(*ret->size));
	if (ret->size == NULL)
		return ERR_NOMEM;
	for (l = 0; l < ret->span; l++) {
		if (c->sizes != NULL) {
			for (i = 0; i < c->leaves; i++)
				ret->size[i * ret->span + l] =
				    c->sizes[c->from + l][i];
			continue;
		}
		count = calloc(labels_bound(c, c->from + l), sizeof(*count));
		if (count == NULL)
			return ERR_NOMEM;
		for (i = 0; i < c->leaves; i++)
			count[label_of(c, c->from + l, i)]++;
		for (i = 0; i < c->leaves; i++)
			ret->size[i * ret->span + l] =
			    count[label_of(c, c->from + l, i)];
		free(count);
	}
	return ERR_OK;
}

/* -sum a log2(a/b): a rows of a leaf, b of its label. */
static enum err
make_entropy(const struct engine_column *c, unsigned l,
    const uint64_t *rows_of, struct engine_coded *ret)
{
	uint64_t *b = calloc(labels_bound(c, c->from + l), sizeof(*b));
	double sum = 0;
	size_t i;

	if (b == NULL)
		return ERR_NOMEM;
	for (i = 0; i < c->leaves; i++)
		b[label_of(c, c->from + l, i)] += rows_of[i];
	for (i = 0; i < c->leaves; i++)
		if (rows_of[i] > 0)
			sum -= (double)rows_of[i] * log2((double)rows_of[i] /
			    (double)b[label_of(c, c->from + l, i)]);
	ret->entropy[l] = sum > 0 ? sum : 0;
	free(b);
	return ERR_OK;
}

static enum err
make_marginals(const struct engine_column *c, const uint64_t *rows_of,
    uint64_t rows, struct engine_coded *ret)
{
	unsigned l;
	size_t i;

	for (l = 0; l < ret->span; l++) {
		for (i = 0; i < c->leaves; i++)
			ret->marginal[l] += rows_of[i] *
			    ret->size[i * ret->span + l];
		RETURN_IF(make_entropy(c, l, rows_of, ret));
	}
	for (i = 0; i < c->leaves; i++)
		if (rows_of[i] > 0)
			ret->entropy_all -= (double)rows_of[i] *
			    log2((double)rows_of[i] / (double)rows);
	return ERR_OK;
}

enum err
engine_columns_code(const struct engine_column *c, const uint64_t *rows_of,
    uint64_t rows, struct engine_coded *ret, unsigned *ret_bits)
{
	if (c->levels == 0 || c->levels > ENGINE_LEVELS_MAX)
		return ERR_LIMIT;
	if (c->from > c->to || c->to >= c->levels || !(c->weight >= 0))
		return ERR_RANGE;
	if (c->leaves > UINT32_MAX - 1)
		return ERR_LIMIT;
	ret->from = c->from;
	ret->to = c->to;
	ret->span = c->to - c->from + 1;
	ret->height = c->levels - 1;
	ret->domain = c->domain > 0 ? c->domain : c->leaves;
	ret->weight = c->weight;
	RETURN_IF(make_paths(c, ret, ret_bits));
	RETURN_IF(make_sizes(c, ret));
	return make_marginals(c, rows_of, rows, ret);
}
