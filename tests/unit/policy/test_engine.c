/* The engine against a checker that tries every vector and counts by
 * comparing rows: thousands of small random tables, every model, metric and
 * aggregate, people with several rows, budgets, keys of many words. */
#include "tests/unit/unit.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "policy/disclosure/engine.h"

#define COLUMNS 12
#define LEVELS 4
#define LEAVES 12
#define ROWS 64
#define VALUES 5

static uint64_t seed;
static unsigned tried;

static unsigned
roll(unsigned below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned)(seed >> 33) % below;
}

struct table {
	uint32_t labels[COLUMNS][LEVELS][LEAVES];
	const uint32_t *level_of[COLUMNS][LEVELS];
	struct engine_column columns[COLUMNS];
	uint32_t tuples[ROWS * COLUMNS], tuple_of[ROWS], people[ROWS];
	uint32_t values[ROWS], value_labels[3][VALUES];
	const uint32_t *value_level[3];
	struct engine_rule rules[2];
	struct engine_input in;
	size_t people_len;
};

/* ---- tables ---- */

static void
make_column(struct table *t, size_t c)
{
	struct engine_column *col = &t->columns[c];
	uint32_t parent[LEAVES];
	unsigned l;
	size_t i;

	*col = (struct engine_column){.levels = 1 + roll(LEVELS),
	    .labels = t->level_of[c], .leaves = 1 + roll(LEAVES),
	    .weight = roll(3) ? 1 : roll(5) / 4.0};
	for (l = 0; l < LEVELS; l++) {
		for (i = 0; i < LEAVES; i++)
			parent[i] = l + 1 >= col->levels && roll(3) ? 0 :
			    roll(LEAVES / (l + 1));
		for (i = 0; i < LEAVES; i++)
			t->labels[c][l][i] = l == 0 ? (uint32_t)i :
			    parent[t->labels[c][l - 1][i]];
		t->level_of[c][l] = l == 0 && roll(2) ? NULL :
		    t->labels[c][l];
	}
	col->to = col->levels - 1;
	if (roll(4) == 0)
		col->to = roll(col->levels);
	if (roll(4) == 0)
		col->from = roll(col->to + 1);
}

static void
make_rows(struct table *t, size_t columns)
{
	struct engine_input *in = &t->in;
	size_t i, c, tuples = 1 + roll(ROWS), longest;

	in->columns = t->columns;
	in->columns_len = columns;
	in->tuples = t->tuples;
	in->tuples_len = tuples;
	for (i = 0; i < tuples; i++)
		for (c = 0; c < columns; c++)
			t->tuples[i * columns + c] = roll(2) ? 0 :
			    roll((unsigned)t->columns[c].leaves);
	in->rows_len = tuples;
	in->tuple_of = NULL;
	if (roll(2)) {
		in->rows_len = 1 + roll(ROWS);
		in->tuple_of = t->tuple_of;
	}
	longest = 1 + roll(ROWS);
	for (i = 0; i < ROWS; i++) {
		t->tuple_of[i] = roll((unsigned)tuples);
		t->people[i] = roll(4) ? (uint32_t)i : roll((unsigned)
		    longest);
		t->values[i] = roll(3) ? roll(2) : roll(VALUES);
	}
	in->respondents = roll(2) ? t->people : NULL;
}

static size_t
people_of(const struct table *t)
{
	size_t i, j, n = 0;

	if (t->in.respondents == NULL)
		return t->in.rows_len;
	for (i = 0; i < t->in.rows_len; i++) {
		for (j = 0; j < i && t->people[j] != t->people[i]; j++)
			;
		n += j == i;
	}
	return n;
}

static void
make_rules(struct table *t)
{
	size_t i;

	for (i = 0; i < VALUES; i++) {
		t->value_labels[0][i] = (uint32_t)i;
		t->value_labels[1][i] = i < 2 ? 0 : i < 4 ? 1 : 2;
		t->value_labels[2][i] = 0;
	}
	for (i = 0; i < 3; i++)
		t->value_level[i] = t->value_labels[i];
	t->in.rules = t->rules;
	t->in.rules_len = roll(3) == 0 ? 2 : 1;
	for (i = 0; i < 2; i++)
		t->rules[i] = (struct engine_rule){
		    .model = (enum engine_model)roll(7),
		    /* no class is exactly on the edge */
		    .l = 1.0171 + roll(5) / 2.0, .c = 0.513 + roll(6) / 2.0,
		    .t = 0.0137 + roll(10) / 10.0, .of_row = t->values,
		    .values = VALUES, .labels = t->value_level, .levels = 3};
}

static void
make_table(struct table *t, size_t columns)
{
	size_t c;

	memset(t, 0, sizeof(*t));
	for (c = 0; c < columns; c++)
		make_column(t, c);
	make_rows(t, columns);
	if (roll(2)) {
		t->in.respondents = NULL;
		make_rules(t);
	}
	t->people_len = people_of(t);
	t->in.k = 1 + roll(5);
	t->in.limit = roll(3) == 0 ? 0 : roll(3) == 0 ? 1 : roll(100) / 100.0;
	t->in.metric = (enum engine_metric)(roll(2) ? 0 : roll(11));
	t->in.aggregate = (enum engine_aggregate)(roll(2) ? 0 : roll(6));
	t->in.joined = t->in.rules_len == 0 && t->in.rows_len <= 24 &&
	    t->in.metric <= ENGINE_ENTROPY_NORMALISED;
	t->in.has_balance = roll(3) == 0;
	t->in.balance = roll(11) / 10.0;
}

/* ---- the slow checker ---- */

struct verdict {
	int gone[ROWS];
	size_t class_of[ROWS];          /* the first row like it */
	size_t rows_gone, people_gone, groups;
	int feasible;
	double value[COLUMNS];          /* one, or for rank one per column */
};

static uint32_t
label(const struct table *t, size_t row, size_t c, unsigned level)
{
	size_t tuple = t->in.tuple_of != NULL ? t->tuple_of[row] : row;

	return t->labels[c][level][t->tuples[tuple * t->in.columns_len + c]];
}

static uint32_t
person(const struct table *t, size_t row)
{
	return t->in.respondents != NULL ? t->people[row] : (uint32_t)row;
}

static void
slow_classes(const struct table *t, const unsigned *levels, struct verdict *v)
{
	size_t i, j, c;

	for (i = 0; i < t->in.rows_len; i++)
		for (j = 0; j <= i; j++) {
			for (c = 0; c < t->in.columns_len; c++)
				if (label(t, i, c, levels[c]) !=
				    label(t, j, c, levels[c]))
					break;
			if (c == t->in.columns_len) {
				v->class_of[i] = j;
				break;
			}
		}
}

/* Distinct people with a row of that class that is not gone. */
static size_t
slow_people(const struct table *t, const struct verdict *v, size_t class)
{
	size_t i, j, n = 0;

	for (i = 0; i < t->in.rows_len; i++) {
		if (v->class_of[i] != class || v->gone[i])
			continue;
		for (j = 0; j < i; j++)
			if (v->class_of[j] == class && !v->gone[j] &&
			    person(t, j) == person(t, i))
				break;
		n += j == i;
	}
	return n;
}

static double
slow_psi(int grassberger, double n)
{
	double g = -0.57721566490153286061 - log(2), i;

	if (!grassberger)
		return log(n);
	for (i = 0; 2 * i + 2 <= n; i++)
		g += 2 / (2 * i + 1);
	return g;
}

/* The sum may at no time be too much: with Grassberger's estimator it can come
 * back (values are met in their order, as there are less than eight). */
static int
slow_entropy(const struct engine_rule *r, const double *n, double all)
{
	int grassberger = r->model == ENGINE_GRASSBERGER_L, holds = 1;
	double h = slow_psi(grassberger, all);
	size_t v;

	for (v = 0; v < VALUES; v++) {
		if (n[v] == 0)
			continue;
		h -= n[v] / all * slow_psi(grassberger, n[v]);
		holds &= h - log(r->l) > -1e-12;
	}
	return holds;
}

static int
slow_recursive(const struct engine_rule *r, const double *n)
{
	double s[VALUES], swap, tail = 0;
	size_t i, j;

	memcpy(s, n, sizeof(s));
	for (i = 0; i < VALUES; i++)
		for (j = i + 1; j < VALUES; j++)
			if (s[j] > s[i]) {
				swap = s[i];
				s[i] = s[j];
				s[j] = swap;
			}
	for (i = (size_t)ceil(r->l) - 1; i < VALUES; i++)
		tail += s[i];
	return s[0] < tail * r->c;
}

/* The cost of moving mass: recursively, from the top. */
static double
slow_tree(const struct table *t, const double *d, unsigned level,
    uint32_t node, double *ret_cost)
{
	double flow, in = 0, out = 0;
	size_t v;

	if (level == 0)
		return d[node];
	for (v = 0; v < VALUES; v++) {
		size_t w;

		if (t->value_labels[level][v] != node)
			continue;
		for (w = 0; w < v; w++)
			if (t->value_labels[level - 1][w] ==
			    t->value_labels[level - 1][v])
				break;
		if (w < v)
			continue;
		flow = slow_tree(t, d, level - 1,
		    t->value_labels[level - 1][v], ret_cost);
		if (flow > 0)
			in += flow;
		else
			out -= flow;
	}
	*ret_cost += level / 2.0 * (in < out ? in : out);
	return in - out;
}

static int
slow_distance(const struct table *t, const struct engine_rule *r,
    const double *n, double all)
{
	double d[VALUES], sum = 0, cost = 0;
	size_t v, i;

	for (v = 0; v < VALUES; v++) {
		double whole = 0;

		for (i = 0; i < t->in.rows_len; i++)
			whole += t->values[i] == v;
		d[v] = n[v] / all - whole / (double)t->in.rows_len;
		sum += d[v];
		cost += r->model == ENGINE_T_EQUAL ? fabs(d[v]) / 2 :
		    r->model == ENGINE_T_ORDERED ? fabs(sum) / (VALUES - 1) :
		    0;
	}
	if (r->model == ENGINE_T_HIERARCHICAL)
		(void)slow_tree(t, d, 2, 0, &cost);
	return cost <= r->t + 1e-12;
}

static int
slow_rule(const struct table *t, const struct verdict *v, size_t class,
    const struct engine_rule *r)
{
	double n[VALUES] = {0}, all = 0, distinct = 0;
	size_t i;

	for (i = 0; i < t->in.rows_len; i++)
		if (v->class_of[i] == class) {
			n[t->values[i]]++;
			all++;
		}
	for (i = 0; i < VALUES; i++)
		distinct += n[i] > 0;
	if (r->model >= ENGINE_T_EQUAL)
		return slow_distance(t, r, n, all);
	if (distinct < ceil(r->l))
		return 0;
	if (r->model == ENGINE_DISTINCT_L)
		return 1;
	return r->model == ENGINE_RECURSIVE_CL ? slow_recursive(r, n) :
	    slow_entropy(r, n, all);
}

static int
slow_holds(const struct table *t, const struct verdict *v, size_t class)
{
	size_t i;

	if (slow_people(t, v, class) < t->in.k)
		return 0;
	for (i = 0; i < t->in.rules_len; i++)
		if (!slow_rule(t, v, class, &t->rules[i]))
			return 0;
	return 1;
}

/* Rows of a person in that class. */
static size_t
rows_in(const struct table *t, const struct verdict *v, uint32_t who,
    size_t class)
{
	size_t i, n = 0;

	for (i = 0; i < t->in.rows_len; i++)
		n += person(t, i) == who && v->class_of[i] == class;
	return n;
}

static int
is_alike(const struct table *t, const struct verdict *v, uint32_t a,
    uint32_t b)
{
	size_t i;

	for (i = 0; i < t->in.rows_len; i++)
		if (rows_in(t, v, a, v->class_of[i]) !=
		    rows_in(t, v, b, v->class_of[i]))
			return 0;
	return 1;
}

static int
is_first_row(const struct table *t, size_t row)
{
	size_t i;

	for (i = 0; i < row; i++)
		if (person(t, i) == person(t, row))
			return 0;
	return 1;
}

/* People with the same rows, each as often. */
static void
slow_joined(const struct table *t, struct verdict *v)
{
	size_t i, j, n;
	int first;

	for (i = 0; i < t->in.rows_len; i++) {
		for (n = 0, first = 1, j = 0; j < t->in.rows_len; j++) {
			if (!is_first_row(t, j) ||
			    !is_alike(t, v, person(t, i), person(t, j)))
				continue;
			first &= n > 0 || person(t, j) == person(t, i);
			n++;
		}
		v->gone[i] = n < t->in.k;
		v->groups += !v->gone[i] && first && is_first_row(t, i);
	}
}

/* Everybody with a row in a class that does not hold goes; again and again.
 * (With rules nobody has two rows, so what goes are whole classes.) */
static void
slow_suppress(const struct table *t, struct verdict *v)
{
	int bad[ROWS], again = 1;
	size_t i, j;

	while (again) {
		again = 0;
		for (i = 0; i < t->in.rows_len; i++)
			bad[i] = !v->gone[i] &&
			    !slow_holds(t, v, v->class_of[i]);
		for (i = 0; i < t->in.rows_len; i++)
			for (j = 0; bad[i] && j < t->in.rows_len; j++)
				if (person(t, j) == person(t, i) &&
				    !v->gone[j])
					again = v->gone[j] = 1;
	}
}

static void
slow_count(const struct table *t, struct verdict *v)
{
	size_t i, j, allowed = (size_t)(t->in.limit * (double)t->people_len);

	for (i = 0; i < t->in.rows_len; i++) {
		for (j = 0; j < i && person(t, j) != person(t, i); j++)
			;
		v->people_gone += v->gone[i] && j == i;
		v->rows_gone += (size_t)v->gone[i];
		for (j = 0; j < i && (v->gone[j] ||
		    v->class_of[j] != v->class_of[i]); j++)
			;
		v->groups += !t->in.joined && !v->gone[i] && j == i;
	}
	v->feasible = v->people_gone <= allowed &&
	    (v->people_gone < t->people_len || allowed == t->people_len);
}

/* ---- slow values ---- */

static double
factor_s(const struct table *t)
{
	double b = t->in.has_balance ? t->in.balance : 0.5;

	return b < 0.5 ? 2 * b : 1;
}

static double
factor_g(const struct table *t)
{
	double b = t->in.has_balance ? t->in.balance : 0.5;

	return b <= 0.5 ? 1 : 2 - 2 * b;
}

static double
share_of(const struct table *t, size_t row, size_t c, unsigned level)
{
	double n = 0;
	size_t i;

	for (i = 0; i < t->columns[c].leaves; i++)
		n += t->labels[c][level][i] == label(t, row, c, level);
	return n / (double)t->columns[c].leaves;
}

static double
slow_loss(const struct table *t, const struct verdict *v, size_t c,
    unsigned level)
{
	double g = factor_g(t), s = factor_s(t), n = (double)t->in.rows_len;
	double d = (double)t->columns[c].leaves, sum = 0, share, x;
	size_t i;

	for (i = 0; i < t->in.rows_len; i++) {
		share = share_of(t, i, c, level);
		sum += !v->gone[i] ? g * share : s >= 1 ? 1 :
		    share + s * (1 - share);
	}
	x = (sum - g * n / d) / (n - g * n / d);
	return x >= 0 ? x : 0;
}

/* Rows like this one in column c; among the gone ones only, or of a leaf. */
static double
alike(const struct table *t, const struct verdict *v, size_t row, size_t c,
    unsigned level, int only_gone)
{
	double n = 0;
	size_t i;

	for (i = 0; i < t->in.rows_len; i++)
		n += (!only_gone || v->gone[i]) &&
		    label(t, i, c, level) == label(t, row, c, level);
	return n;
}

static double
slow_column_entropy(const struct table *t, const struct verdict *v, size_t c,
    unsigned level)
{
	double sum = 0, all = 0, n = (double)t->in.rows_len;
	size_t i;

	for (i = 0; i < t->in.rows_len; i++) {
		sum += factor_g(t) * log2(alike(t, v, i, c, level, 0) /
		    alike(t, v, i, c, 0, 0));
		all += factor_g(t) * log2(n / alike(t, v, i, c, 0, 0));
		if (v->gone[i] && t->in.metric != ENGINE_ENTROPY_MONOTONE)
			sum += factor_s(t) * log2((double)v->rows_gone /
			    alike(t, v, i, c, level, 1));
	}
	if (t->in.metric == ENGINE_ENTROPY_NORMALISED)
		return all > 1e-9 ? sum / all : 0;
	return sum;
}

static double
slow_column(const struct table *t, const struct verdict *v, size_t c,
    unsigned level)
{
	double gone = (double)v->rows_gone, n = (double)t->in.rows_len;
	double share = t->columns[c].levels == 1 ? 0 :
	    level / (double)(t->columns[c].levels - 1);

	if (t->in.metric == ENGINE_LOSS)
		return slow_loss(t, v, c, level);
	if (t->in.metric == ENGINE_HEIGHT)
		return level;
	if (t->in.metric == ENGINE_PRECISION_MONOTONE)
		return share * factor_g(t);
	if (t->in.metric == ENGINE_PRECISION)
		return ((n - gone) * share * factor_g(t) + gone *
		    factor_s(t)) / n;
	return slow_column_entropy(t, v, c, level);
}

static double
slow_whole(const struct table *t, const struct verdict *v,
    const unsigned *levels)
{
	double sum = 0, n = (double)t->in.rows_len, area, most = 1;
	size_t i, j, c;

	if (t->in.metric == ENGINE_CLASS_SIZE) {
		sum = (double)v->groups * factor_s(t) + (v->rows_gone > 0 ?
		    factor_g(t) : 0);
		return sum > 0 ? n / sum : n;
	}
	for (c = 0; c < t->in.columns_len; c++)
		most *= (double)t->columns[c].leaves;
	for (i = 0; i < t->in.rows_len; i++) {
		for (area = 1, c = 0; c < t->in.columns_len; c++)
			area *= share_of(t, i, c, levels[c]) *
			    (double)t->columns[c].leaves;
		if (t->in.metric == ENGINE_AMBIGUITY)
			sum += v->gone[i] ? most : area;
		else if (v->gone[i] && t->in.metric == ENGINE_DISCERNIBILITY)
			sum += n;
		else
			for (j = 0; j < t->in.rows_len; j++)
				sum += v->class_of[j] == v->class_of[i] &&
				    (t->in.metric ==
				    ENGINE_DISCERNIBILITY_MONOTONE ||
				    !v->gone[j]);
	}
	return sum;
}

static enum engine_aggregate
how(const struct table *t)
{
	if (t->in.aggregate != ENGINE_DEFAULT)
		return t->in.aggregate;
	return t->in.metric == ENGINE_LOSS ? ENGINE_GEOMETRIC :
	    t->in.metric == ENGINE_PRECISION ||
	    t->in.metric == ENGINE_PRECISION_MONOTONE ? ENGINE_ARITHMETIC :
	    ENGINE_SUM;
}

static double
weight(const struct table *t, size_t c)
{
	double max = 0;
	size_t i;

	for (i = 0; i < t->in.columns_len; i++)
		max = fmax(max, t->columns[i].weight);
	return max > 0 ? t->columns[c].weight / max : 1;
}

static void
slow_value(const struct table *t, const unsigned *levels, struct verdict *v)
{
	double x[COLUMNS], n = (double)t->in.columns_len, sum = 0, max = 0;
	double product = 1, swap;
	size_t c, d;

	if (t->in.metric > ENGINE_ENTROPY_NORMALISED) {
		v->value[0] = slow_whole(t, v, levels);
		return;
	}
	if (t->in.columns_len == 0)
		return;
	for (c = 0; c < t->in.columns_len; c++) {
		x[c] = slow_column(t, v, c, levels[c]) * weight(t, c);
		sum += x[c];
		max = fmax(max, x[c]);
		product *= pow(1 + x[c], 1 / n);
	}
	v->value[0] = how(t) == ENGINE_SUM ? sum : how(t) == ENGINE_MAXIMUM ?
	    max : how(t) == ENGINE_ARITHMETIC ? sum / n : product - 1;
	if (how(t) != ENGINE_RANK)
		return;
	for (c = 0; c < t->in.columns_len; c++)
		for (d = c + 1; d < t->in.columns_len; d++)
			if (x[d] > x[c]) {
				swap = x[c];
				x[c] = x[d];
				x[d] = swap;
			}
	memcpy(v->value, x, sizeof(v->value));
}

static void
slow(const struct table *t, const unsigned *levels, struct verdict *v)
{
	memset(v, 0, sizeof(*v));
	slow_classes(t, levels, v);
	if (t->in.joined)
		slow_joined(t, v);
	else
		slow_suppress(t, v);
	slow_count(t, v);
	slow_value(t, levels, v);
}

/* Ten digits are all that values have. */
static double
tolerance(double a)
{
	return 1e-8 * (1 + fabs(a));
}

static int
compare(const struct table *t, const double *a, const double *b)
{
	size_t n = how(t) == ENGINE_RANK &&
	    t->in.metric <= ENGINE_ENTROPY_NORMALISED ? t->in.columns_len : 1;
	size_t i;

	for (i = 0; i < n; i++)
		if (fabs(a[i] - b[i]) > tolerance(a[i]))
			return a[i] < b[i] ? -1 : 1;
	return 0;
}

static int
next_vector(const struct table *t, unsigned *levels)
{
	size_t c = t->in.columns_len;

	while (c-- > 0) {
		if (levels[c] < t->columns[c].to) {
			levels[c]++;
			return 1;
		}
		levels[c] = t->columns[c].from;
	}
	return 0;
}

/* ---- the comparison ---- */

/* What was tried, so that it can be tried again. */
static void
describe(const struct table *t, const struct engine_result *r,
    const struct verdict *best, int found)
{
	size_t i;

	print_message("seed %u: joined %d metric %d aggregate %d balance %g k %u limit %g: %zu "
	    "rows %zu people %zu rules; slow finds %d: %.12g, engine %.12g "
	    "(%d), nodes %llu of %g; levels", tried, t->in.joined, (int)t->in.metric,
	    (int)t->in.aggregate, t->in.has_balance ? t->in.balance : 0.5,
	    t->in.k, t->in.limit, t->in.rows_len, t->people_len,
	    t->in.rules_len, found, best->value[0], r->loss, r->optimal,
	    (unsigned long long)r->nodes_evaluated, r->nodes);
	for (i = 0; i < t->in.columns_len; i++)
		print_message(" %u", r->levels[i]);
	for (i = 0; i < t->in.rules_len; i++)
		print_message("; model %d l %g c %g t %g",
		    (int)t->rules[i].model, t->rules[i].l, t->rules[i].c,
		    t->rules[i].t);
	print_message("\n");
}

static void
check_vector(const struct table *t, struct engine *e,
    const struct engine_result *r, const struct verdict *v)
{
	size_t i;

	if (r->suppressed_rows != v->rows_gone ||
	    !(fabs(r->loss - v->value[0]) <= tolerance(r->loss)))
		describe(t, r, v, 1);
	assert_int_equal(r->suppressed_rows, v->rows_gone);
	assert_int_equal(r->suppressed_respondents, v->people_gone);
	assert_int_equal(r->respondents, t->people_len);
	assert_int_equal(r->groups, v->groups);
	assert_true(fabs(r->loss - v->value[0]) <= tolerance(r->loss));
	for (i = 0; i < t->in.rows_len; i++)
		assert_int_equal(engine_is_suppressed(e, i), v->gone[i]);
}

static int
first_vector_of_all(const struct table *t, struct verdict *best)
{
	unsigned levels[COLUMNS];
	struct verdict v;
	int found = 0;
	size_t c;

	for (c = 0; c < t->in.columns_len; c++)
		levels[c] = t->columns[c].from;
	do {
		slow(t, levels, &v);
		if (!v.feasible || (found && compare(t, v.value,
		    best->value) >= 0))
			continue;
		*best = v;
		found = 1;
	} while (next_vector(t, levels));
	return found;
}

static void
check_budget(const struct table *t, const struct verdict *best)
{
	CLEANUP(engine_cleanup) struct engine *e = NULL;
	struct engine_input in = t->in;
	struct engine_result r;
	enum err err;

	in.nodes_max = 1 + roll(8);
	assert_ok(engine_new(&in, &e));
	err = engine_search(e, &r);
	assert_true(err == ERR_OK || err == ERR_REFUSED);
	assert_true(r.bound <= best->value[0] + tolerance(best->value[0]));
	assert_true(err == ERR_OK || !r.optimal);
	if (err == ERR_OK)
		assert_true(r.loss >= best->value[0] -
		    tolerance(best->value[0]));
}

static void
check_table(const struct table *t)
{
	CLEANUP(engine_cleanup) struct engine *e = NULL;
	struct engine_result r;
	struct verdict best = {0}, at;
	enum err err;
	int found;

	assert_ok(engine_new(&t->in, &e));
	err = engine_search(e, &r);
	found = first_vector_of_all(t, &best);
	slow(t, r.levels, &at);
	if (!r.optimal || found != (err == ERR_OK) || (found &&
	    (!at.feasible || compare(t, at.value, best.value) != 0)))
		describe(t, &r, &best, found);
	assert_true(r.optimal);
	assert_int_equal(err, found ? ERR_OK : ERR_REFUSED);
	if (!found)
		return;
	assert_true(at.feasible);
	assert_int_equal(compare(t, at.value, best.value), 0);
	check_vector(t, e, &r, &at);
	check_budget(t, &best);
}

static void
every_model_and_metric_is_optimal(void **state)
{
	struct table t;
	unsigned i;

	(void)state;
	for (i = 0; i < 8000; i++) {
		seed = 20260715 + (uint64_t)i * 7919;
		(void)roll(2);
		make_table(&t, roll(20) == 0 ? 0 : 1 + roll(4));
		tried = i;
		check_table(&t);
	}
}

/* 12 columns of 6 bits: two words. */
static void
keys_of_several_words_are_exact(void **state)
{
	struct table t;
	unsigned i;
	size_t c;

	(void)state;
	for (i = 0; i < 30; i++) {
		seed = 42 + (uint64_t)i * 104729;
		(void)roll(2);
		make_table(&t, COLUMNS);
		for (c = 0; c < COLUMNS; c++) {
			t.columns[c].to = t.columns[c].levels > 1 && c < 8;
			t.columns[c].from = 0;
		}
		check_table(&t);
	}
}

/* ---- what must be refused ---- */

static void
numbers_outside_their_tables_are_refused(void **state)
{
	struct engine *e = NULL;
	struct table t, bad;

	(void)state;
	seed = 7;
	do
		make_table(&t, 2);
	while (t.in.rules_len == 0 || t.columns[0].levels < 2 ||
	    t.in.tuple_of == NULL);
	bad = t;
	t.columns[0].weight = -1;
	assert_int_equal(engine_new(&t.in, &e), ERR_RANGE);
	t = bad;
	t.in.k = 0;
	assert_int_equal(engine_new(&t.in, &e), ERR_RANGE);
	t = bad;
	t.in.limit = 1.01;
	assert_int_equal(engine_new(&t.in, &e), ERR_RANGE);
	t = bad;
	t.in.columns_len = ENGINE_COLUMNS_MAX + 1;
	assert_int_equal(engine_new(&t.in, &e), ERR_LIMIT);
}

static void
labels_that_are_no_tree_are_refused(void **state)
{
	static const uint32_t leaf[] = {0, 1, 2}, one[] = {0, 0, 1},
	    two[] = {0, 1, 1};
	static const uint32_t *const labels[] = {leaf, one, two};
	static const uint32_t tuples[] = {0, 1, 2};
	const struct engine_column c = {.levels = 3, .to = 2,
	    .labels = labels, .leaves = 3, .weight = 1};
	const struct engine_input in = {.columns = &c, .columns_len = 1,
	    .tuples = tuples, .tuples_len = 3, .rows_len = 3, .k = 1};
	struct engine *e = NULL;

	(void)state;
	assert_int_equal(engine_new(&in, &e), ERR_MISMATCH);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_model_and_metric_is_optimal),
		cmocka_unit_test(keys_of_several_words_are_exact),
		cmocka_unit_test(numbers_outside_their_tables_are_refused),
		cmocka_unit_test(labels_that_are_no_tree_are_refused),
	};

	printf("tables are made from seeds 20260715 + 7919 i\n");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
