/* policy/disclosure/models.c - classes against rules, to the fixpoint. */
#include "policy/disclosure/models.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "policy/disclosure/sets.h"

#define ENTROPY_SLACK 1e-9

__extension__ typedef __int128 wide;

/* One rule at work. */
struct judge {
	const struct model_rule *rule;
	const struct models_column *col;
	uint64_t *total;                /* answers of each value that leave */
	uint64_t all, met_values;
	uint32_t *count;                /* by value; zero between classes */
	uint32_t *met, *sorted;
	size_t met_len;
	/* T_LADDER */
	uint32_t *parent, *level_of;
	int64_t *plus, *minus;
	size_t nodes;
};

struct models {
	struct models_input in;
	struct judge judges[MODEL_RULES_MAX];
	size_t *begin;                  /* by class, into members */
	uint32_t *members;
	size_t classes_cap;
};

static void
judge_release(struct judge *j)
{
	free(j->total);
	free(j->count);
	free(j->met);
	free(j->sorted);
	free(j->parent);
	free(j->level_of);
	free(j->plus);
	free(j->minus);
}

void
models_free(struct models *m)
{
	size_t i;

	if (m == NULL)
		return;
	for (i = 0; i < MODEL_RULES_MAX; i++)
		judge_release(&m->judges[i]);
	free(m->begin);
	free(m->members);
	free(m);
}

void
models_cleanup(struct models **m)
{
	models_free(*m);
	*m = NULL;
}

/* ---- preparing ---- */

static uint32_t
label_of(const struct models_column *c, unsigned level, size_t value)
{
	return level == 0 ? (uint32_t)value : c->labels[level][value];
}

static size_t
labels_len(const struct models_column *c, unsigned level)
{
	size_t v, len = 0;

	for (v = 0; v < c->values; v++)
		if (label_of(c, level, v) >= len)
			len = (size_t)label_of(c, level, v) + 1;
	return len;
}

/* Nodes level by level, so that children come before parents. */
static enum err
make_tree(struct judge *j)
{
	const struct models_column *c = j->col;
	size_t begin[MODELS_LEVELS_MAX + 1] = {0}, v, at, up;
	unsigned l;

	if (c->levels < 1 || c->levels > MODELS_LEVELS_MAX ||
	    (c->values > 0 && labels_len(c, c->levels - 1) != 1))
		return ERR_RANGE;
	for (l = 0; l < c->levels; l++)
		begin[l + 1] = begin[l] + labels_len(c, l);
	j->nodes = begin[c->levels];
	j->parent = calloc(j->nodes + 1, sizeof(*j->parent));
	j->level_of = calloc(j->nodes + 1, sizeof(*j->level_of));
	j->plus = calloc(j->nodes + 1, sizeof(*j->plus));
	j->minus = calloc(j->nodes + 1, sizeof(*j->minus));
	if (j->parent == NULL || j->level_of == NULL || j->plus == NULL ||
	    j->minus == NULL)
		return ERR_NOMEM;
	for (l = 0; l + 1 < c->levels; l++)
		for (v = 0; v < c->values; v++) {
			at = begin[l] + label_of(c, l, v);
			up = begin[l + 1] + label_of(c, l + 1, v);
			if (j->parent[at] != 0 && j->parent[at] != up)
				return ERR_MISMATCH;
			j->parent[at] = (uint32_t)up;
			j->level_of[up] = l + 1;
		}
	return ERR_OK;
}

static enum err
judge_init(const struct models_input *in, size_t i, struct judge *j)
{
	const struct models_column *c = &in->columns[i];
	size_t a, answers = in->starts[in->people];

	j->rule = &in->rules[i];
	j->col = c;
	j->total = calloc(c->values + 1, sizeof(*j->total));
	j->count = calloc(c->values + 1, sizeof(*j->count));
	j->met = calloc(c->values + 1, sizeof(*j->met));
	j->sorted = calloc(c->values + 1, sizeof(*j->sorted));
	if (j->total == NULL || j->count == NULL || j->met == NULL ||
	    j->sorted == NULL)
		return ERR_NOMEM;
	for (a = 0; a < answers; a++)
		if (c->value_of[a] >= c->values)
			return ERR_RANGE;
	return j->rule->kind == MODEL_T_LADDER ? make_tree(j) : ERR_OK;
}

enum err
models_new(const struct models_input *in, struct models **ret)
{
	CLEANUP(models_cleanup) struct models *m = calloc(1, sizeof(*m));
	size_t i;

	if (m == NULL)
		return ERR_NOMEM;
	if (in->rules_len > MODEL_RULES_MAX || in->people > UINT32_MAX - 1)
		return ERR_LIMIT;
	m->in = *in;
	for (i = 0; i < in->rules_len; i++)
		RETURN_IF(judge_init(in, i, &m->judges[i]));
	m->members = calloc(in->people + 1, sizeof(*m->members));
	if (m->members == NULL)
		return ERR_NOMEM;
	*ret = TAKE(m);
	return ERR_OK;
}

/* ---- one rule on one class ---- */

static void
count_values(struct judge *j, const struct models *m, const uint32_t *people,
    size_t len, size_t answer)
{
	uint32_t v;
	size_t i;

	j->met_len = 0;
	for (i = 0; i < len; i++) {
		v = j->col->value_of[m->in.starts[people[i]] + answer];
		if (j->count[v]++ == 0)
			j->met[j->met_len++] = v;
	}
}

static double
entropy_of(const struct judge *j, size_t len)
{
	double sum = 0, p;
	size_t i;

	for (i = 0; i < j->met_len; i++) {
		p = (double)j->count[j->met[i]] / (double)len;
		sum -= p * log(p);
	}
	return sum;
}

static double
entropy_wanted(const struct judge *j)
{
	return log(j->rule->thousandths / 1000.0);
}

static int
more_first(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x < *y) - (*x > *y);
}

/* The most frequent value, and all from the l-th most frequent on. */
static uint64_t
count_tail(const struct judge *j, uint64_t *ret_most)
{
	uint64_t tail = 0;
	size_t i;

	for (i = 0; i < j->met_len; i++)
		j->sorted[i] = j->count[j->met[i]];
	qsort(j->sorted, j->met_len, sizeof(*j->sorted), more_first);
	for (i = j->rule->whole - 1; i < j->met_len; i++)
		tail += j->sorted[i];
	*ret_most = j->sorted[0];
	return tail;
}

static int
holds_recursive(const struct judge *j)
{
	uint64_t most, tail = count_tail(j, &most);

	return (wide)most * 1000 < (wide)tail * j->rule->thousandths;
}

/* How much more of a value the class has than all, times both sizes. */
static wide
excess(const struct judge *j, size_t v, size_t len)
{
	return (wide)j->count[v] * (wide)j->all -
	    (wide)j->total[v] * (wide)len;
}

static wide
positive(wide x)
{
	return x < 0 ? -x : x;
}

/* A distance is sum / (per * both sizes). */
struct far {
	wide sum;
	size_t per;
};

static struct far
far_equal(const struct judge *j, size_t len)
{
	struct far f = {0, 2};
	uint64_t here = 0;
	size_t i;

	for (i = 0; i < j->met_len; i++) {
		f.sum += positive(excess(j, j->met[i], len));
		here += j->total[j->met[i]];
	}
	/* values that nobody of the class has */
	f.sum += (wide)(j->all - here) * (wide)len;
	return f;
}

static struct far
far_ordered(const struct judge *j, size_t len)
{
	struct far f = {0, j->met_values < 2 ? 1 : j->met_values - 1};
	wide so_far = 0;
	size_t i;

	for (i = 0; i < j->col->values && j->met_values > 1; i++) {
		uint32_t v = j->col->by_place[i];

		if (j->total[v] == 0)
			continue;
		so_far += excess(j, v, len);
		f.sum += positive(so_far);
	}
	return f;
}

/* What one part of the tree has too much fills what another lacks, at the
 * height of the node where they meet. */
static struct far
far_ladder(struct judge *j, size_t len)
{
	struct far f = {0, j->col->levels < 2 ? 1 : j->col->levels - 1};
	size_t i, up;
	int64_t flow;

	if (j->col->levels < 2)
		return f;
	memset(j->plus, 0, j->nodes * sizeof(*j->plus));
	memset(j->minus, 0, j->nodes * sizeof(*j->minus));
	for (i = 0; i < j->nodes; i++) {
		flow = i < j->col->values ? (int64_t)excess(j, i, len) :
		    j->plus[i] - j->minus[i];
		if (i >= j->col->values)
			f.sum += (wide)j->level_of[i] * (j->plus[i] <
			    j->minus[i] ? j->plus[i] : j->minus[i]);
		if (i + 1 == j->nodes)
			break;
		up = j->parent[i];
		if (flow > 0)
			j->plus[up] += flow;
		else
			j->minus[up] -= flow;
	}
	return f;
}

static struct far
far_of(struct judge *j, size_t len)
{
	if (j->rule->kind == MODEL_T_EQUAL)
		return far_equal(j, len);
	return j->rule->kind == MODEL_T_ORDERED ? far_ordered(j, len) :
	    far_ladder(j, len);
}

static int
is_near(struct judge *j, size_t len)
{
	struct far f = far_of(j, len);

	return f.sum * 1000 <= (wide)j->rule->thousandths * (wide)f.per *
	    (wide)len * (wide)j->all;
}

static int
holds_answer(struct judge *j, size_t len)
{
	switch (j->rule->kind) {
	case MODEL_DISTINCT:
		return j->met_len >= j->rule->whole;
	case MODEL_ENTROPY:
		return entropy_of(j, len) >= entropy_wanted(j) - ENTROPY_SLACK;
	case MODEL_RECURSIVE:
		return holds_recursive(j);
	case MODEL_T_EQUAL:
	case MODEL_T_ORDERED:
	case MODEL_T_LADDER:
		return is_near(j, len);
	case MODEL_SETS:
	default:
		return 1;
	}
}

static int
holds(struct judge *j, const struct models *m, const uint32_t *people,
    size_t len)
{
	size_t answers = m->in.starts[people[0] + 1] -
	    m->in.starts[people[0]], a, i;
	int ok = 1;

	for (a = 0; a < answers && ok; a++) {
		count_values(j, m, people, len, a);
		ok = holds_answer(j, len);
		for (i = 0; i < j->met_len; i++)
			j->count[j->met[i]] = 0;
	}
	return ok;
}

/* ---- everybody ---- */

static void
sum_totals(struct models *m, const uint8_t *gone)
{
	size_t r, p, a;

	for (r = 0; r < m->in.rules_len; r++) {
		struct judge *j = &m->judges[r];

		memset(j->total, 0, j->col->values * sizeof(*j->total));
		j->all = j->met_values = 0;
		for (p = 0; p < m->in.people; p++)
			for (a = m->in.starts[p]; !gone[p] &&
			    a < m->in.starts[p + 1]; a++) {
				j->met_values +=
				    j->total[j->col->value_of[a]]++ == 0;
				j->all++;
			}
	}
}

static enum err
order_members(struct models *m, const uint32_t *class_of, size_t classes)
{
	size_t i;

	if (classes + 2 > m->classes_cap) {
		free(m->begin);
		m->begin = calloc(classes + 2, sizeof(*m->begin));
		m->classes_cap = m->begin == NULL ? 0 : classes + 2;
		if (m->begin == NULL)
			return ERR_NOMEM;
	}
	memset(m->begin, 0, (classes + 2) * sizeof(*m->begin));
	for (i = 0; i < m->in.people; i++) {
		if (class_of[i] >= classes)
			return ERR_RANGE;
		m->begin[class_of[i] + 2]++;
	}
	for (i = 2; i < classes + 2; i++)
		m->begin[i] += m->begin[i - 1];
	for (i = 0; i < m->in.people; i++)
		m->members[m->begin[class_of[i] + 1]++] = (uint32_t)i;
	return ERR_OK;
}

/* Those of a class who are there, in front. */
static size_t
present(uint32_t *people, size_t len, const uint8_t *gone)
{
	size_t i, n = 0;
	uint32_t p;

	for (i = 0; i < len; i++)
		if (!gone[people[i]]) {
			p = people[i];
			people[i] = people[n];
			people[n++] = p;
		}
	return n;
}

/* Of ${certain} only what no splitting can mend. */
static int
class_holds(struct models *m, const uint32_t *people, size_t len, int certain)
{
	size_t r;

	if (len < m->in.k)
		return 0;
	for (r = 0; r < m->in.rules_len; r++) {
		if (certain && m->in.rules[r].kind != MODEL_DISTINCT)
			continue;
		if (!holds(&m->judges[r], m, people, len))
			return 0;
	}
	return 1;
}

static int
judge_classes(struct models *m, size_t classes, int certain, uint8_t *gone)
{
	size_t c, i, len;
	uint32_t *people;
	int any = 0;

	for (c = 0; c < classes; c++) {
		people = m->members + m->begin[c];
		len = present(people, m->begin[c + 1] - m->begin[c], gone);
		if (len == 0 || class_holds(m, people, len, certain))
			continue;
		any = 1;
		for (i = 0; i < len; i++)
			gone[people[i]] = 1;
	}
	return any;
}

/* ---- options known of somebody ---- */

struct having {
	uint32_t *who, *starts, *items;
	uint8_t *gone;
};

static void
having_release(struct having *h)
{
	free(h->who);
	free(h->starts);
	free(h->items);
	free(h->gone);
}

static size_t
items_of(const struct models *m, const struct models_column *c, size_t person,
    uint32_t *ret)
{
	size_t a, len = 0;
	uint32_t v, i;

	for (a = m->in.starts[person]; a < m->in.starts[person + 1]; a++) {
		v = c->value_of[a];
		for (i = c->item_starts[v]; i < c->item_starts[v + 1]; i++) {
			if (ret != NULL)
				ret[len] = c->items[i];
			len++;
		}
	}
	return len;
}

static enum err
having_make(const struct models *m, const struct models_column *c,
    const uint8_t *gone, struct having *h, size_t *ret_people)
{
	size_t p, items = 0, n = 0;

	for (p = 0; p < m->in.people; p++)
		if (!gone[p])
			items += items_of(m, c, p, NULL);
	if (items > UINT32_MAX)
		return ERR_LIMIT;
	h->who = calloc(m->in.people + 1, sizeof(*h->who));
	h->starts = calloc(m->in.people + 1, sizeof(*h->starts));
	h->items = calloc(items + 1, sizeof(*h->items));
	h->gone = calloc(m->in.people + 1, 1);
	if (h->who == NULL || h->starts == NULL || h->items == NULL ||
	    h->gone == NULL)
		return ERR_NOMEM;
	for (p = 0; p < m->in.people; p++) {
		if (gone[p])
			continue;
		h->starts[n + 1] = h->starts[n] + (uint32_t)items_of(m, c, p,
		    h->items + h->starts[n]);
		h->who[n++] = (uint32_t)p;
	}
	*ret_people = n;
	return ERR_OK;
}

static enum err
judge_sets(const struct models *m, const struct judge *j, uint8_t *gone,
    int *ret_any)
{
	CLEANUP(having_release) struct having h = {0};
	struct sets_input in = {.k = m->in.k, .m = j->rule->whole};
	struct sets_result r;
	size_t i;

	RETURN_IF(having_make(m, j->col, gone, &h, &in.people));
	in.starts = h.starts;
	in.items = h.items;
	RETURN_IF(sets_check(&in, &r, h.gone));
	for (i = 0; i < in.people; i++)
		if (h.gone[i]) {
			gone[h.who[i]] = 1;
			*ret_any = 1;
		}
	return ERR_OK;
}

static enum err
settle(struct models *m, size_t classes, int certain, uint8_t *gone)
{
	int again = 1;
	size_t r;

	while (again) {
		sum_totals(m, gone);
		again = judge_classes(m, classes, certain, gone);
		for (r = 0; r < m->in.rules_len; r++)
			if (m->in.rules[r].kind == MODEL_SETS)
				RETURN_IF(judge_sets(m, &m->judges[r], gone,
				    &again));
	}
	return ERR_OK;
}

enum err
models_settle(struct models *m, const uint32_t *class_of, size_t classes,
    uint8_t *gone)
{
	RETURN_IF(order_members(m, class_of, classes));
	return settle(m, classes, 0, gone);
}

/* ---- what is certain of finer classes ---- */

/* Answers that can go with ${people} people, at most. */
static uint64_t
answers_of(const struct models *m, uint64_t people)
{
	size_t p, most = 0, n;

	for (p = 0; p < m->in.people; p++) {
		n = m->in.starts[p + 1] - m->in.starts[p];
		most = n > most ? n : most;
	}
	return people * most;
}

/* How many values can go with so many answers: the order closes up. */
static size_t
values_lost(struct judge *j, uint64_t answers)
{
	size_t i, n = 0;

	for (i = 0; i < j->col->values; i++)
		n += j->total[i] > 0 && j->total[i] <= answers;
	return n;
}

/* How much further from all that is there now a class may be, when as much as
 * ${answers} of it go yet. */
static double
leeway(struct judge *j, uint64_t answers)
{
	double ret = (double)answers / (double)j->all;

	if (j->rule->kind == MODEL_T_ORDERED && j->met_values > 1)
		ret += (double)values_lost(j, answers) /
		    (double)(j->met_values - 1);
	return ret;
}

static uint32_t
people_of(double share, size_t len)
{
	double n = ceil((share - ENTROPY_SLACK) * (double)len -
	    ENTROPY_SLACK);

	if (!(n > 0))
		return 0;
	return n < (double)len ? (uint32_t)n : (uint32_t)len;
}

/* Of what is counted in ${j}: a mixture of what holds and of whatever goes. */
static uint32_t
forced_by(struct judge *j, size_t len, uint64_t answers)
{
	uint64_t most, tail;
	double t;
	struct far f;

	switch (j->rule->kind) {
	case MODEL_ENTROPY:
		return people_of(1 - entropy_of(j, len) /
		    (entropy_wanted(j) - ENTROPY_SLACK), len);
	case MODEL_RECURSIVE:
		/* each takes at most one from the most frequent value and
		 * adds nothing to the tail */
		tail = count_tail(j, &most);
		return people_of(((double)most - (double)tail *
		    j->rule->thousandths / 1000.0) / (double)len, len);
	case MODEL_T_EQUAL:
	case MODEL_T_ORDERED:
	case MODEL_T_LADDER:
		t = j->rule->thousandths / 1000.0 + leeway(j, answers);
		f = far_of(j, len);
		return t >= 1 ? 0 : people_of(((double)f.sum / ((double)f.per *
		    (double)len * (double)j->all) - t) / (1 - t), len);
	case MODEL_DISTINCT:
	case MODEL_SETS:
	default:
		return 0;
	}
}

static uint32_t
forced_in(struct models *m, struct judge *j, const uint32_t *people,
    size_t len, uint64_t answers)
{
	size_t all = m->in.starts[people[0] + 1] - m->in.starts[people[0]];
	uint32_t most = 0, n;
	size_t a, i;

	for (a = 0; a < all; a++) {
		count_values(j, m, people, len, a);
		n = forced_by(j, len, answers);
		most = n > most ? n : most;
		for (i = 0; i < j->met_len; i++)
			j->count[j->met[i]] = 0;
	}
	return most;
}

static int
can_force(const struct model_rule *r)
{
	return r->kind != MODEL_DISTINCT && r->kind != MODEL_SETS;
}

enum err
models_least(struct models *m, const uint32_t *class_of, size_t classes,
    uint64_t allowed, uint8_t *gone, uint32_t *forced)
{
	uint64_t n = 0, answers;
	size_t c, i, len;
	uint32_t *people, f;

	RETURN_IF(order_members(m, class_of, classes));
	RETURN_IF(settle(m, classes, 1, gone));
	memset(forced, 0, classes * sizeof(*forced));
	for (i = 0; i < m->in.people; i++)
		n += gone[i];
	if (n > allowed)
		return ERR_OK;
	answers = answers_of(m, allowed - n);
	for (c = 0; c < classes; c++) {
		people = m->members + m->begin[c];
		len = present(people, m->begin[c + 1] - m->begin[c], gone);
		for (i = 0; i < m->in.rules_len && len > 0; i++) {
			if (!can_force(&m->in.rules[i]))
				continue;
			f = forced_in(m, &m->judges[i], people, len, answers);
			forced[c] = f > forced[c] ? f : forced[c];
		}
	}
	return ERR_OK;
}
