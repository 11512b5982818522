/* policy/disclosure/models_search.c - boxes of vectors, judged by rules. */
#include "policy/disclosure/models_search.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "policy/disclosure/report.h"

#define DIGITS 1e10     /* as engine_metric.c */

/* ---- one vector ---- */

static const uint32_t *
leaves_of(const struct models_table *t, size_t person)
{
	return t->leaves(t->ctx, t->rows[person].tuple);
}

/* Whoever is gone is covered by all. */
static double
column_loss(const struct models_table *t, size_t d, unsigned level,
    const uint8_t *gone)
{
	const struct kanon_column *c = &t->columns[d];
	uint64_t covered = 0;
	size_t i;
	double x;

	for (i = 0; i < t->people; i++)
		covered += gone[i] ? c->domain :
		    c->sizes[level][leaves_of(t, i)[d]];
	x = report_loss((double)covered, (double)t->people,
	    (double)c->domain);
	return floor((x > 0 ? x : 0) * DIGITS) / DIGITS;
}

static double
loss_of(const struct models_table *t, const unsigned *levels,
    const uint8_t *gone)
{
	double n = (double)t->columns_len, product = 1;
	size_t d;

	for (d = 0; d < t->columns_len; d++)
		product *= pow(column_loss(t, d, levels[d], gone) + 1, 1 / n);
	return product - 1;
}

static uint64_t
count_gone(const struct models_table *t, const uint8_t *gone)
{
	uint64_t n = 0;
	size_t i;

	for (i = 0; i < t->people; i++)
		n += gone[i];
	return n;
}

/* Who is gone for k, and everybody's class. */
static enum err
evaluate(const struct models_table *t, const unsigned *levels, uint8_t *gone,
    uint32_t *class_of, size_t *ret_classes)
{
	struct kanon_result r;
	const uint32_t *of;
	size_t i;

	RETURN_IF(kanon_evaluate(t->kanon, levels, &r));
	of = kanon_classes(t->kanon, ret_classes);
	for (i = 0; i < t->people; i++) {
		class_of[i] = of[t->rows[i].tuple];
		gone[i] = (uint8_t)kanon_is_suppressed(t->kanon,
		    t->rows[i].respondent);
	}
	return ERR_OK;
}

/* ${gone} has those who are gone for k. */
static enum err
settle(const struct models_table *t, const uint32_t *class_of, size_t classes,
    uint8_t *gone, struct models_found *ret)
{
	ret->suppressed = ret->for_k = count_gone(t, gone);
	if (ret->for_k > t->allowed)
		return ERR_OK;
#ifndef AZUKARI_MUTATION_RULES
	RETURN_IF(models_settle(t->models, class_of, classes, gone));
#else
	(void)class_of;
	(void)classes;
#endif
	ret->suppressed = count_gone(t, gone);
	ret->loss = loss_of(t, ret->levels, gone);
	return ERR_OK;
}

enum err
models_try(const struct models_table *t, const unsigned *levels, uint8_t *gone,
    struct models_found *ret)
{
	uint32_t *class_of = calloc(t->people + 1, sizeof(*class_of));
	struct models_found f = {.suppressed = 0};
	size_t classes = 0;
	enum err e;

	if (class_of == NULL)
		return ERR_NOMEM;
	memcpy(f.levels, levels, t->columns_len * sizeof(*levels));
	e = evaluate(t, levels, gone, class_of, &classes);
	if (e == ERR_OK)
		e = settle(t, class_of, classes, gone, &f);
	free(class_of);
	*ret = f;
	return e;
}

/* ---- the judge ---- */

struct judging {
	const struct models_table *table;
	uint32_t *class_of, *forced;
	size_t forced_cap;
	uint8_t *gone, *certain;
};

static void
judging_release(struct judging *j)
{
	free(j->class_of);
	free(j->forced);
	free(j->gone);
	free(j->certain);
}

static enum err
judging_init(const struct models_table *t, struct judging *j)
{
	j->table = t;
	j->class_of = calloc(t->people + 1, sizeof(*j->class_of));
	j->gone = calloc(t->people + 1, 1);
	j->certain = calloc(t->people + 1, 1);
	return j->class_of != NULL && j->gone != NULL && j->certain != NULL ?
	    ERR_OK : ERR_NOMEM;
}

static enum err
need_forced(struct judging *j, size_t classes)
{
	uint32_t *forced;

	if (classes < j->forced_cap)
		return ERR_OK;
	forced = reallocarray(j->forced, classes + 1, sizeof(*forced));
	if (forced == NULL)
		return ERR_NOMEM;
	j->forced = forced;
	j->forced_cap = classes + 1;
	return ERR_OK;
}

/* People who go in every vector below, but for those gone for k: ${certain},
 * and ${forced} of a class, whoever they are, all of one size. */
static void
add_forced(struct judging *j, const unsigned *levels,
    struct engine_verdict *ret)
{
	const struct models_table *t = j->table;
	uint32_t n;
	size_t i, d;

	for (i = 0; i < t->people; i++) {
		n = j->certain[i] && !j->gone[i];
		if (!j->certain[i]) {
			n = j->forced[j->class_of[i]];
			j->forced[j->class_of[i]] = 0;
		}
		ret->forced += n;
		for (d = 0; n > 0 && d < t->columns_len; d++)
			ret->forced_size[d] += (uint64_t)n *
			    t->columns[d].sizes[levels[d]][
			    leaves_of(t, i)[d]];
	}
}

static enum err
judge(void *ctx, const unsigned *levels, struct engine_verdict *ret)
{
	struct judging *j = ctx;
	const struct models_table *t = j->table;
	struct models_found f = {.suppressed = 0};
	size_t classes = 0;

	memcpy(f.levels, levels, t->columns_len * sizeof(*levels));
	RETURN_IF(evaluate(t, levels, j->gone, j->class_of, &classes));
	RETURN_IF(need_forced(j, classes));
	memcpy(j->certain, j->gone, t->people);
	RETURN_IF(models_least(t->models, j->class_of, classes, t->allowed,
	    j->certain, j->forced));
	add_forced(j, levels, ret);
	ret->hopeless = count_gone(t, j->gone) + ret->forced > t->allowed;
	if (ret->hopeless)
		return ERR_OK;
	RETURN_IF(settle(t, j->class_of, classes, j->gone, &f));
	ret->feasible = f.suppressed <= t->allowed && f.suppressed < t->people;
	ret->value = f.loss;
	return ERR_OK;
}

enum err
models_search(const struct models_table *t, struct models_found *ret)
{
	CLEANUP(judging_release) struct judging j = {0};
	struct kanon_result r;

	RETURN_IF(judging_init(t, &j));
	RETURN_IF(kanon_search_judged(t->kanon,
	    &(struct kanon_judge){judge, &j}, &r));
	RETURN_IF(models_try(t, r.levels, j.gone, ret));
	ret->bound = r.bound;
	ret->vectors = r.vectors;
	return ERR_OK;
}
