/* policy/disclosure/engine_metric.c - values of vectors, and bounds of boxes.
 *
 * Values are ARX's.  Sums over rows are whole numbers here (sizes are counts
 * of leaves), so equal vectors have equal values to the last bit.
 *
 * A bound is the value's own formula with the least that each part can be:
 * rows that stay cost what they cost at the box's lower corner, rows that are
 * certain to be suppressed cost what suppressing costs.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "policy/disclosure/engine_internal.h"

#define DIGITS 1e10     /* ARX cuts some values after ten digits */

int
engine_metric_of_columns(const struct engine *e)
{
	return e->in.metric <= ENGINE_ENTROPY_NORMALISED;
}

static enum engine_aggregate
aggregate_of(const struct engine *e)
{
	if (e->in.aggregate != ENGINE_DEFAULT)
		return e->in.aggregate;
	if (e->in.metric == ENGINE_LOSS)
		return ENGINE_GEOMETRIC;
	return e->in.metric == ENGINE_PRECISION ||
	    e->in.metric == ENGINE_PRECISION_MONOTONE ? ENGINE_ARITHMETIC :
	    ENGINE_SUM;
}

size_t
engine_metric_len(const struct engine *e)
{
	return engine_metric_of_columns(e) && e->columns_len > 0 &&
	    aggregate_of(e) == ENGINE_RANK ? e->columns_len : 1;
}

static double
cut(double x)
{
	return floor(x * DIGITS) / DIGITS;
}

/* ---- one column ---- */

/* What is counted of a vector, or at least counted in a box. */
struct counted {
	double kept;            /* rows */
	double gone;
	double kept_size;       /* sums of sizes; LOSS */
	double gone_size;
	double more;            /* cost of further suppressed rows, in sizes */
	double entropy_gone;
};

static double
loss_of(const struct engine *e, const struct engine_coded *c,
    const struct counted *n)
{
	double d = (double)c->domain, rows = (double)e->rows, sum, x;

	sum = e->g * n->kept_size + n->more;
	if (e->s >= 1)
		sum += d * n->gone;
	else
		sum += n->gone_size + e->s * (d * n->gone - n->gone_size);
	x = (sum - e->g * rows) / (rows * (d - e->g));
	return cut(x >= 0 ? x : 0);
}

static double
precision_of(const struct engine *e, const struct engine_coded *c,
    unsigned level, const struct counted *n)
{
	double share = c->height == 0 ? 0 : (double)level / c->height;

	if (e->in.metric == ENGINE_PRECISION_MONOTONE)
		return share * e->g;
	return (n->kept * share * e->g + n->gone * e->s) / (double)e->rows;
}

static double
entropy_of(const struct engine *e, const struct engine_coded *c,
    unsigned level, const struct counted *n)
{
	double x = c->entropy[level - c->from] * e->g, all;

	if (e->in.metric == ENGINE_ENTROPY_MONOTONE)
		return cut(x);
	x = cut(x + n->entropy_gone * e->s);
	if (e->in.metric == ENGINE_ENTROPY)
		return x;
	all = cut(c->entropy_all * e->g);
	return all > 0 ? x / all : 0;
}

static double
column_of(const struct engine *e, size_t i, unsigned level,
    const struct counted *n)
{
	const struct engine_coded *c = &e->columns[i];

	if (e->in.metric == ENGINE_LOSS)
		return loss_of(e, c, n);
	if (e->in.metric == ENGINE_HEIGHT)
		return level;
	return e->in.metric == ENGINE_PRECISION ||
	    e->in.metric == ENGINE_PRECISION_MONOTONE ?
	    precision_of(e, c, level, n) : entropy_of(e, c, level, n);
}

void
engine_metric_columns(const struct engine *e, const uint8_t *levels,
    const struct engine_node *n, double *ret)
{
	const struct engine_coded *c;
	size_t i;

	for (i = 0; i < e->columns_len; i++) {
		c = &e->columns[i];
		ret[i] = column_of(e, i, levels[i], &(struct counted){
		    .kept = (double)(e->rows - n->rows_gone),
		    .gone = (double)n->rows_gone,
		    .kept_size = (double)(c->marginal[levels[i] - c->from] -
		    n->size_gone[i]),
		    .gone_size = (double)n->size_gone[i],
		    .entropy_gone = n->entropy_gone[i]});
	}
}

/* ---- columns together ---- */

static int
greatest_first(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return *x < *y ? 1 : *x > *y ? -1 : 0;
}

static void
aggregate(const struct engine *e, const double *v, double *ret)
{
	double n = (double)e->columns_len, x, sum = 0, product = 1, max = 0;
	enum engine_aggregate how = aggregate_of(e);
	size_t i;

	ret[0] = 0;
	for (i = 0; i < e->columns_len; i++) {
		x = v[i] * e->columns[i].weight;
		if (how == ENGINE_RANK)
			ret[i] = x;
		else if (how == ENGINE_GEOMETRIC)
			product *= pow(x + 1, 1 / n);
		else if (how == ENGINE_MAXIMUM)
			max = x > max ? x : max;
		else if (how == ENGINE_SUM)
			sum += x;
		else
			sum += v[i] / n * e->columns[i].weight;
	}
	if (how == ENGINE_RANK)
		qsort(ret, e->columns_len, sizeof(*ret), greatest_first);
	else
		ret[0] = how == ENGINE_GEOMETRIC ? product - 1 :
		    how == ENGINE_MAXIMUM ? max : sum;
}

/* ---- the whole table ---- */

static double
class_size(const struct engine *e, double groups, int gone)
{
	/* the factors change places, as in ARX */
	double n = groups * e->s + (gone ? e->g : 0);

	return n > 0 ? (double)e->rows / n : (double)e->rows;
}

/* Sums of logarithms in one order or another are the same number. */
static double
even_out(double x)
{
	int exponent;
	double part = frexp(x, &exponent);

	return ldexp(rint(ldexp(part, 40)), exponent - 40);
}

static double
table_value(const struct engine *e, const struct engine_node *n)
{
	double rows = (double)e->rows;

	if (e->in.metric == ENGINE_DISCERNIBILITY)
		return n->squares_kept + rows * (double)n->rows_gone;
	if (e->in.metric == ENGINE_DISCERNIBILITY_MONOTONE)
		return n->squares;
	if (e->in.metric == ENGINE_CLASS_SIZE)
		return class_size(e, (double)n->groups, n->rows_gone > 0);
	return e->in.metric == ENGINE_AMBIGUITY ? n->of_classes :
	    even_out(n->of_classes);
}

void
engine_metric_value(const struct engine *e, const uint8_t *levels,
    const struct engine_node *n, double *ret)
{
	double v[ENGINE_COLUMNS_MAX];

	if (!engine_metric_of_columns(e)) {
		ret[0] = table_value(e, n);
		return;
	}
	engine_metric_columns(e, levels, n, v);
	aggregate(e, v, ret);
}

/* ---- bounds ---- */

static struct counted
least_counted(const struct engine *e, size_t i, unsigned lo,
    const struct engine_node *hi)
{
	const struct engine_coded *c = &e->columns[i];
	uint64_t certain = hi->size_certain[i * ENGINE_LEVELS_MAX + lo -
	    c->from];
	double forced = (double)c->domain * (double)hi->rows_forced -
	    (double)hi->forced_size[i];
	struct counted n = {.gone = (double)hi->rows_certain,
	    .kept = (double)(e->rows - hi->rows_certain),
	    .entropy_gone = hi->entropy_certain[i]};

	n.kept_size = (double)(c->marginal[lo - c->from] - certain);
	n.gone_size = (double)certain;
	/* a row that goes costs this much more than at its costliest stay */
	n.more = e->s >= 1 ? (double)c->domain * (double)hi->rows_forced -
	    e->g * (double)hi->forced_size[i] : e->s * forced;
	return n;
}

static double
least_precision(const struct engine *e, size_t i, unsigned lo,
    const struct counted *n)
{
	const struct engine_coded *c = &e->columns[i];
	double share = c->height == 0 ? 0 : (double)lo / c->height;
	double stay = share * e->g < e->s ? share * e->g : e->s;

	/* where suppressing is cheaper than staying, all may do it */
	return (n->kept * stay + n->gone * e->s) / (double)e->rows;
}

void
engine_metric_bound(const struct engine *e, const uint8_t *lo,
    const struct engine_node *hi, double *ret)
{
	double v[ENGINE_COLUMNS_MAX];
	struct counted n;
	size_t i;

	if (!engine_metric_of_columns(e)) {
		ret[0] = hi->low;
		return;
	}
	for (i = 0; i < e->columns_len; i++) {
		n = least_counted(e, i, lo[i], hi);
		v[i] = e->in.metric == ENGINE_PRECISION ?
		    least_precision(e, i, lo[i], &n) :
		    column_of(e, i, lo[i], &n);
		/* sums of logarithms are not exact */
		if (e->in.metric >= ENGINE_PRECISION &&
		    e->in.metric != ENGINE_HEIGHT)
			v[i] -= fabs(v[i]) * 1e-12;
	}
	aggregate(e, v, ret);
}

int
engine_metric_compare(const struct engine *e, const double *a, const double *b)
{
	size_t i, len = engine_metric_len(e);

	for (i = 0; i < len; i++)
		if (a[i] != b[i])
			return a[i] < b[i] ? -1 : 1;
	return 0;
}
