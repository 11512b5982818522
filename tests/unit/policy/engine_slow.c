/* Every vector, by comparing rows. */
#include <math.h>
#include <string.h>

#include "tests/unit/policy/engine_tables.h"

#define COLUMNS ENGINE_TABLES_COLUMNS
#define LEVELS ENGINE_TABLES_LEVELS
#define LEAVES ENGINE_TABLES_LEAVES
#define ROWS ENGINE_TABLES_ROWS
#define VALUES ENGINE_TABLES_VALUES

static uint32_t
label(const struct engine_tables *t, size_t row, size_t c, unsigned level)
{
	size_t tuple = t->in.tuple_of != NULL ? t->tuple_of[row] : row;

	return t->labels[c][level][t->tuples[tuple * t->in.columns_len + c]];
}

static uint32_t
person(const struct engine_tables *t, size_t row)
{
	return t->in.respondents != NULL ? t->people[row] : (uint32_t)row;
}

static void
slow_classes(const struct engine_tables *t, const unsigned *levels, struct engine_tables_verdict *v)
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
slow_people(const struct engine_tables *t, const struct engine_tables_verdict *v, size_t class)
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
slow_tree(const struct engine_tables *t, const double *d, unsigned level,
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
slow_distance(const struct engine_tables *t, const struct engine_rule *r,
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

/* Each value's share of the class against that of the table. */
static int
slow_shares(const struct engine_tables *t, const struct engine_rule *r,
    const double *n, double all)
{
	double q, p, most;
	size_t v, i;

	for (v = 0; v < VALUES; v++) {
		for (q = 0, i = 0; i < t->in.rows_len; i++)
			q += t->values[i] == v;
		q /= (double)t->in.rows_len;
		p = n[v] / all;
		if (p == 0)
			continue;
		most = r->t;
		if (r->model == ENGINE_LIKENESS_ENHANCED && -log(q) < most)
			most = -log(q);
		if (r->model == ENGINE_DISCLOSURE ? fabs(log2(p / q)) >=
		    r->t : (p - q) / q > most)
			return 0;
	}
	return 1;
}

static int
slow_rule(const struct engine_tables *t, const struct engine_tables_verdict *v, size_t class,
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
	if (r->model >= ENGINE_DISCLOSURE)
		return slow_shares(t, r, n, all);
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
slow_holds(const struct engine_tables *t, const struct engine_tables_verdict *v, size_t class)
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
rows_in(const struct engine_tables *t, const struct engine_tables_verdict *v, uint32_t who,
    size_t class)
{
	size_t i, n = 0;

	for (i = 0; i < t->in.rows_len; i++)
		n += person(t, i) == who && v->class_of[i] == class;
	return n;
}

static int
is_alike(const struct engine_tables *t, const struct engine_tables_verdict *v, uint32_t a,
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
is_first_row(const struct engine_tables *t, size_t row)
{
	size_t i;

	for (i = 0; i < row; i++)
		if (person(t, i) == person(t, row))
			return 0;
	return 1;
}

/* People with the same rows, each as often. */
static void
slow_joined(const struct engine_tables *t, struct engine_tables_verdict *v)
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
slow_suppress(const struct engine_tables *t, struct engine_tables_verdict *v)
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
slow_count(const struct engine_tables *t, struct engine_tables_verdict *v)
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
factor_s(const struct engine_tables *t)
{
	double b = t->in.has_balance ? t->in.balance : 0.5;

	return b < 0.5 ? 2 * b : 1;
}

static double
factor_g(const struct engine_tables *t)
{
	double b = t->in.has_balance ? t->in.balance : 0.5;

	return b <= 0.5 ? 1 : 2 - 2 * b;
}

/* Lines of the hierarchy. */
static double
domain_of(const struct engine_tables *t, size_t c)
{
	double n = 0;
	size_t i;

	for (i = 0; i < t->columns[c].leaves; i++)
		n += t->times[c][i];
	return n;
}

static double
share_of(const struct engine_tables *t, size_t row, size_t c, unsigned level)
{
	double n = 0;
	size_t i;

	for (i = 0; i < t->columns[c].leaves; i++)
		if (t->labels[c][level][i] == label(t, row, c, level))
			n += t->times[c][i];
	return n / domain_of(t, c);
}

static double
slow_loss(const struct engine_tables *t, const struct engine_tables_verdict *v, size_t c,
    unsigned level)
{
	double g = factor_g(t), s = factor_s(t), n = (double)t->in.rows_len;
	double d = domain_of(t, c), sum = 0, share, x;
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
alike(const struct engine_tables *t, const struct engine_tables_verdict *v, size_t row, size_t c,
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
slow_column_entropy(const struct engine_tables *t, const struct engine_tables_verdict *v, size_t c,
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
slow_column(const struct engine_tables *t, const struct engine_tables_verdict *v, size_t c,
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

/* A row's part of the divergence, or of the information lost. */
static double
slow_part(const struct engine_tables *t, const struct engine_tables_verdict *v,
    size_t row, double area, double most)
{
	double n = (double)t->in.rows_len, same = 0, class = 0;
	size_t i, c;

	if (t->in.metric == ENGINE_INFORMATION) {
		if (v->gone[row])
			return factor_s(t);
		return most > 1 ? factor_g(t) * log(area) / log(most) : 0;
	}
	for (i = 0; i < t->in.rows_len; i++) {
		for (c = 0; c < t->in.columns_len &&
		    label(t, i, c, 0) == label(t, row, c, 0); c++)
			;
		same += c == t->in.columns_len;
		class += v->gone[row] ? v->gone[i] :
		    v->class_of[i] == v->class_of[row];
	}
	return same / n * log2(same * (v->gone[row] ? most : area) / class);
}

static double
slow_whole(const struct engine_tables *t, const struct engine_tables_verdict *v,
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
		most *= domain_of(t, c);
	for (i = 0; i < t->in.rows_len; i++) {
		for (area = 1, c = 0; c < t->in.columns_len; c++)
			area *= share_of(t, i, c, levels[c]) *
			    domain_of(t, c);
		if (t->in.metric >= ENGINE_DIVERGENCE)
			sum += slow_part(t, v, i, area, most);
		else if (t->in.metric == ENGINE_AMBIGUITY)
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
how(const struct engine_tables *t)
{
	if (t->in.aggregate != ENGINE_DEFAULT)
		return t->in.aggregate;
	return t->in.metric == ENGINE_LOSS ? ENGINE_GEOMETRIC :
	    t->in.metric == ENGINE_PRECISION ||
	    t->in.metric == ENGINE_PRECISION_MONOTONE ? ENGINE_ARITHMETIC :
	    ENGINE_SUM;
}

static double
weight(const struct engine_tables *t, size_t c)
{
	double max = 0;
	size_t i;

	for (i = 0; i < t->in.columns_len; i++)
		max = fmax(max, t->columns[i].weight);
	return max > 0 ? t->columns[c].weight / max : 1;
}

static void
slow_value(const struct engine_tables *t, const unsigned *levels, struct engine_tables_verdict *v)
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

void
engine_tables_try(const struct engine_tables *t, const unsigned *levels, struct engine_tables_verdict *v)
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

double
engine_tables_tolerance(double a)
{
	return 1e-8 * (1 + fabs(a));
}

int
engine_tables_compare(const struct engine_tables *t, const double *a, const double *b)
{
	size_t n = how(t) == ENGINE_RANK &&
	    t->in.metric <= ENGINE_ENTROPY_NORMALISED ? t->in.columns_len : 1;
	size_t i;

	for (i = 0; i < n; i++)
		if (fabs(a[i] - b[i]) > engine_tables_tolerance(a[i]))
			return a[i] < b[i] ? -1 : 1;
	return 0;
}

static int
next_vector(const struct engine_tables *t, unsigned *levels)
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

int
engine_tables_best(const struct engine_tables *t, struct engine_tables_verdict *best)
{
	unsigned levels[COLUMNS];
	struct engine_tables_verdict v;
	int found = 0;
	size_t c;

	for (c = 0; c < t->in.columns_len; c++)
		levels[c] = t->columns[c].from;
	do {
		engine_tables_try(t, levels, &v);
		if (!v.feasible || (found && engine_tables_compare(t, v.value,
		    best->value) >= 0))
			continue;
		*best = v;
		found = 1;
	} while (next_vector(t, levels));
	return found;
}
