/* policy/disclosure/engine_rules.c - what a class must satisfy.
 *
 * Definitions as ARX has them (distributions are of the whole table, before
 * anything is suppressed).  But for distinct l and the size of a class none is
 * kept by splitting, so a class that breaks a rule says nothing for sure
 * about its parts.  Yet classes that satisfy a rule satisfy it together
 * (entropy and distance are convex): so from how badly a class breaks it
 * follows how many of its rows at least must go, however it is split.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "policy/disclosure/engine_internal.h"

/* so much may be lost to rounding before a bound is claimed */
#define SLACK 1e-9
#define VALUES_MAX ((size_t)1 << 24)

static void
judge_release(struct engine_judge *j)
{
	free(j->share);
	free(j->most);
	free(j->total);
	free(j->parent);
	free(j->level_of);
	free(j->flow);
	free(j->positive);
	free(j->negative);
	free(j->count);
	free(j->met);
	free(j->sorted);
	*j = (struct engine_judge){0};
}

void
engine_rules_release(struct engine *e)
{
	size_t i;

	for (i = 0; i < ENGINE_RULES_MAX; i++)
		judge_release(&e->judges[i]);
}

/* ---- the tree of a hierarchical distance ---- */

static uint32_t
node_label(const struct engine_rule *r, unsigned level, size_t value)
{
	return level == 0 ? (uint32_t)value : r->labels[level][value];
}

static size_t
labels_len(const struct engine_rule *r, unsigned level)
{
	size_t max = 0, v;

	for (v = 0; v < r->values; v++)
		if (node_label(r, level, v) >= max)
			max = (size_t)node_label(r, level, v) + 1;
	return max;
}

static enum err
make_tree(struct engine_judge *j)
{
	const struct engine_rule *r = j->rule;
	size_t begin[ENGINE_LEVELS_MAX + 1] = {0}, v, at, up;
	unsigned level;

	if (r->levels < 2 || r->levels > ENGINE_LEVELS_MAX ||
	    labels_len(r, r->levels - 1) != 1)
		return ERR_RANGE;
	for (level = 0; level < r->levels; level++)
		begin[level + 1] = begin[level] + labels_len(r, level);
	j->nodes = begin[r->levels];
	j->parent = calloc(j->nodes, sizeof(*j->parent));
	j->level_of = calloc(j->nodes, sizeof(*j->level_of));
	j->flow = calloc(j->nodes, sizeof(*j->flow));
	j->positive = calloc(j->nodes, sizeof(*j->positive));
	j->negative = calloc(j->nodes, sizeof(*j->negative));
	if (j->parent == NULL || j->level_of == NULL || j->flow == NULL ||
	    j->positive == NULL || j->negative == NULL)
		return ERR_NOMEM;
	for (level = 0; level < r->levels; level++)
		for (v = 0; v < r->values; v++) {
			at = begin[level] + node_label(r, level, v);
			j->level_of[at] = level;
			if (level + 1 == r->levels)
				continue;
			up = begin[level + 1] + node_label(r, level + 1, v);
			if (j->parent[at] != 0 && j->parent[at] != up)
				return ERR_MISMATCH;
			j->parent[at] = (uint32_t)up;
		}
	return ERR_OK;
}

/* ---- preparing ---- */

/* What share of a class a value may have, from its share of all. */
static double
most_of(const struct engine_rule *r, double share)
{
	double times = r->t;

	if (r->model == ENGINE_DISCLOSURE)
		return share * exp2(times);
	if (r->model == ENGINE_LIKENESS_ENHANCED && -log(share) < times)
		times = -log(share);
	return share * (1 + times);
}

static enum err
set_most(struct engine_judge *j)
{
	size_t i;

	j->most = calloc(j->rule->values, sizeof(*j->most));
	if (j->most == NULL)
		return ERR_NOMEM;
	for (i = 0; i < j->rule->values; i++)
		if (j->total[i] > 0)
			j->most[i] = most_of(j->rule, j->share[i]);
	return ERR_OK;
}

static enum err
judge_init(const struct engine *e, const struct engine_rule *r,
    struct engine_judge *j)
{
	size_t i;

	if (r->values == 0 || r->values > VALUES_MAX || r->of_row == NULL)
		return ERR_RANGE;
	j->rule = r;
	j->rows = e->rows;
	j->share = calloc(r->values, sizeof(*j->share));
	j->total = calloc(r->values, sizeof(*j->total));
	j->count = calloc(r->values, sizeof(*j->count));
	j->met = calloc(r->values, sizeof(*j->met));
	j->sorted = calloc(r->values, sizeof(*j->sorted));
	if (j->share == NULL || j->total == NULL || j->count == NULL ||
	    j->met == NULL || j->sorted == NULL)
		return ERR_NOMEM;
	for (i = 0; i < e->rows; i++) {
		if (r->of_row[i] >= r->values)
			return ERR_RANGE;
		j->total[r->of_row[i]]++;
	}
	for (i = 0; i < r->values; i++)
		j->share[i] = (double)j->total[i] / (double)e->rows;
	if (r->model >= ENGINE_DISCLOSURE)
		return set_most(j);
	return r->model == ENGINE_T_HIERARCHICAL ? make_tree(j) : ERR_OK;
}

static enum err
check_numbers(const struct engine_rule *r, uint32_t *ret_least)
{
	*ret_least = 1;
	if (r->model >= ENGINE_DISCLOSURE)
		return r->t > 0 ? ERR_OK : ERR_RANGE;
	if (r->model >= ENGINE_T_EQUAL)
		return r->t >= 0 && r->t <= 1 ? ERR_OK : ERR_RANGE;
	if (!(r->l >= 1 && r->l <= UINT32_MAX / 2) ||
	    (r->model == ENGINE_RECURSIVE_CL && !(r->c > 0)))
		return ERR_RANGE;
	*ret_least = (uint32_t)ceil(r->l);
	return ERR_OK;
}

enum err
engine_rules_init(struct engine *e)
{
	const struct engine_rule *r;
	struct engine_judge *j;
	size_t i;

	if (e->in.rules_len > ENGINE_RULES_MAX)
		return ERR_LIMIT;
	for (i = 0; i < e->in.rules_len; i++) {
		r = &e->in.rules[i];
		j = &e->judges[i];
		RETURN_IF(check_numbers(r, &j->least));
		RETURN_IF(judge_init(e, r, j));
		j->log_l = r->model < ENGINE_T_EQUAL ? log(r->l) : 0;
		if (j->least > e->min_people)
			e->min_people = j->least;
	}
	return ERR_OK;
}

/* ---- one class ---- */

/* Rows that must go at least when ${excess} of the class is too much and the
 * worst row takes ${worst} of it. */
static uint64_t
forced_rows(double share, uint64_t rows)
{
	double n = ceil(share * (double)rows - SLACK * (double)rows - SLACK);

	if (!(n > 0))
		return 0;
	return n < (double)rows ? (uint64_t)n : rows;
}

/* Grassberger's psi, from its series; even numbers at or below n. */
static double
psi_grassberger(uint32_t n)
{
	static const double euler = 0.57721566490153286061;
	double g = -euler - log(2), m;
	uint32_t half = n / 2, i;

	if (n > 100) {
		m = 1.0 / ((double)half * half);
		return log(2.0 * half) + m * (1.0 / 24 - m * (7.0 / 960 -
		    m * (31.0 / 8064)));
	}
	for (i = 0; i < half; i++)
		g += 2.0 / (2 * i + 1);
	return g;
}

static double
psi(const struct engine_judge *j, uint32_t n)
{
	return j->rule->model == ENGINE_GRASSBERGER_L ? psi_grassberger(n) :
	    log((double)n);
}

/* ARX leaves its sum as soon as it is too much, and psi(1) is negative: the
 * order counts.  It is that of a table with a third more places than values,
 * a power of two. */
static void
order_by_place(struct engine_judge *j, size_t met)
{
	uint32_t places = 8, a, b;
	size_t i, k;

	while (4 * met > 3 * (size_t)places)
		places *= 2;
	for (i = 1; i < met; i++)
		for (k = i; k > 0; k--) {
			a = j->met[k - 1];
			b = j->met[k];
			if (a % places < b % places ||
			    (a % places == b % places && a < b))
				break;
			j->met[k - 1] = b;
			j->met[k] = a;
		}
}

static int
hold_entropy(struct engine_judge *j, size_t met, uint32_t rows,
    uint64_t *ret_forced)
{
	double sum = 0, most = (double)rows * (psi(j, rows) - j->log_l);
	double entropy;
	int holds = 1;
	size_t i;

	if (j->rule->model == ENGINE_GRASSBERGER_L)
		order_by_place(j, met);
	for (i = 0; i < met; i++) {
		sum += (double)j->count[j->met[i]] *
		    psi(j, j->count[j->met[i]]);
		holds &= !(most < sum);
	}
	if (holds)
		return 1;
	if (j->rule->model == ENGINE_ENTROPY_L && j->log_l > 0) {
		entropy = psi(j, rows) - sum / (double)rows;
		*ret_forced = forced_rows(1 - entropy / j->log_l, rows);
	}
	return 0;
}

static int
compare_counts(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return *x < *y ? 1 : *x > *y ? -1 : 0;
}

static int
hold_recursive(const struct engine_judge *j, size_t met, uint32_t rows,
    uint64_t *ret_forced)
{
	double tail = 0, most;
	size_t i;

	for (i = 0; i < met; i++)
		j->sorted[i] = j->count[j->met[i]];
	qsort(j->sorted, met, sizeof(*j->sorted), compare_counts);
	for (i = met; i >= j->least && i > 0; i--)
		tail += (double)j->sorted[i - 1];
	most = (double)j->sorted[0];
	if (most < tail * j->rule->c)
		return 1;
	/* each row that goes takes at most one from the most frequent value
	 * and adds nothing to the tail */
	*ret_forced = forced_rows((most - tail * j->rule->c) / (double)rows,
	    rows);
	return 0;
}

static double
distance_equal(const struct engine_judge *j, size_t met, uint32_t rows)
{
	double sum = 1, q;
	size_t i;

	for (i = 0; i < met; i++) {
		q = j->share[j->met[i]];
		sum += fabs(q - (double)j->count[j->met[i]] / (double)rows) -
		    q;
	}
	return sum / 2;
}

static double
distance_ordered(const struct engine_judge *j, uint32_t rows)
{
	double sum = 0, all = 0;
	size_t i;

	if (j->rule->values < 2)
		return 0;
	for (i = 0; i < j->rule->values; i++) {
		sum += (double)j->count[i] / (double)rows - j->share[i];
		all += fabs(sum);
	}
	return all / (double)(j->rule->values - 1);
}

/* What is too much in one part of the tree fills up what is missing in
 * another, at the height of the node where they meet. */
static double
distance_hierarchical(const struct engine_judge *j, uint32_t rows)
{
	double cost = 0, height = (double)(j->rule->levels - 1);
	size_t i, up;
	int64_t flow;

	memset(j->positive, 0, j->nodes * sizeof(*j->positive));
	memset(j->negative, 0, j->nodes * sizeof(*j->negative));
	for (i = 0; i < j->nodes; i++) {
		if (i < j->rule->values)
			flow = (int64_t)j->total[i] * (int64_t)rows -
			    (int64_t)j->count[i] * (int64_t)j->rows;
		else
			flow = j->positive[i] - j->negative[i];
		if (i >= j->rule->values)
			cost += j->level_of[i] / height *
			    (double)(j->positive[i] < j->negative[i] ?
			    j->positive[i] : j->negative[i]);
		if (i + 1 == j->nodes)
			break;
		up = j->parent[i];
		if (flow > 0)
			j->positive[up] += flow;
		else
			j->negative[up] -= flow;
	}
	return cost / ((double)j->rows * (double)rows);
}

static int
hold_distance(const struct engine_judge *j, size_t met, uint32_t rows,
    uint64_t *ret_forced)
{
	double d, t = j->rule->t;

	if (j->rule->model == ENGINE_T_EQUAL)
		d = distance_equal(j, met, rows);
	else if (j->rule->model == ENGINE_T_ORDERED)
		d = distance_ordered(j, rows);
	else
		d = distance_hierarchical(j, rows);
	if (d <= t)
		return 1;
	/* no part is farther than 1 */
	*ret_forced = t < 1 ? forced_rows((d - t) / (1 - t), rows) : 0;
	return 0;
}

/* As ARX computes them, to the last bit. */
static int
share_holds(const struct engine_judge *j, double p, double q)
{
	double times = (p - q) / q, t = j->rule->t;

	if (j->rule->model == ENGINE_DISCLOSURE)
		return fabs(log(p / q) / log(2)) < t;
	if (j->rule->model == ENGINE_LIKENESS_ENHANCED && -log(q) < t)
		t = -log(q);
	return times <= t;
}

/* A value that is too frequent stays so in a mixture until enough has gone; one
 * that is too rare may be in a part where it is frequent. */
static int
hold_shares(const struct engine_judge *j, size_t met, uint32_t rows,
    uint64_t *ret_forced)
{
	double p, most, worst = 0;
	int holds = 1;
	uint32_t v;
	size_t i;

	for (i = 0; i < met; i++) {
		v = j->met[i];
		p = (double)j->count[v] / (double)rows;
		if (share_holds(j, p, j->share[v]))
			continue;
		holds = 0;
		most = j->most[v];
		if (most < 1 && (p - most) / (1 - most) > worst)
			worst = (p - most) / (1 - most);
	}
	if (!holds)
		*ret_forced = forced_rows(worst, rows);
	return holds;
}

/* Counts the values of the entries; how many there are. */
static size_t
count_values(struct engine_judge *j, size_t rule, const struct engine_table *t,
    const uint32_t *order, size_t len, uint32_t *ret_rows)
{
	const struct engine_pair *p, *end;
	size_t i, met = 0;
	uint32_t rows = 0;

	for (i = 0; i < len; i++) {
		end = t->pairs[rule] + t->starts[rule][order[i] + 1];
		for (p = t->pairs[rule] + t->starts[rule][order[i]]; p < end;
		    p++) {
			if (j->count[p->value] == 0)
				j->met[met++] = p->value;
			j->count[p->value] += p->count;
			rows += p->count;
		}
	}
	*ret_rows = rows;
	return met;
}

static int
judge_class(struct engine_judge *j, size_t met, uint32_t rows,
    uint64_t *ret_forced)
{
	*ret_forced = 0;
	if (met < j->least) {
		/* no part has more values */
		*ret_forced = rows;
		return 0;
	}
	switch (j->rule->model) {
	case ENGINE_DISTINCT_L:
		return 1;
	case ENGINE_ENTROPY_L:
	case ENGINE_GRASSBERGER_L:
		return hold_entropy(j, met, rows, ret_forced);
	case ENGINE_RECURSIVE_CL:
		return hold_recursive(j, met, rows, ret_forced);
	case ENGINE_DISCLOSURE:
	case ENGINE_LIKENESS:
	case ENGINE_LIKENESS_ENHANCED:
		return hold_shares(j, met, rows, ret_forced);
	case ENGINE_T_EQUAL:
	case ENGINE_T_ORDERED:
	case ENGINE_T_HIERARCHICAL:
	default:
		return hold_distance(j, met, rows, ret_forced);
	}
}

int
engine_rules_hold(struct engine *e, size_t i, const struct engine_table *t,
    const uint32_t *order, size_t len, uint64_t *ret_forced)
{
	struct engine_judge *j = &e->judges[i];
	uint32_t rows = 0;
	size_t met, m;
	int ret;

	met = count_values(j, i, t, order, len, &rows);
	ret = judge_class(j, met, rows, ret_forced);
	for (m = 0; m < met; m++)
		j->count[j->met[m]] = 0;
	return ret;
}
