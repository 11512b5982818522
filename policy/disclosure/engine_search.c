/* policy/disclosure/engine_search.c - boxes of vectors.
 *
 * A box is every vector from lo to hi.  Its hi has been evaluated; that and
 * lo bound the value of all (engine_metric.c).  A box whose bound is no better
 * than the best vector found goes; of the others the one with the least bound
 * is taken next: levels of hi that cannot be better are cut off, the new hi is
 * evaluated, and what is left is halved in the column where that says most.
 * So the search never holds all vectors, and it can end at any time with the
 * least bound of the open boxes.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "policy/disclosure/engine_internal.h"

#define FAILED_MAX 2048
#define TABLE_SMALL 64          /* not worth collapsing */
#define REFRESH_AFTER 3         /* levels */
#define TABLES_BYTES ((size_t)16 << 20)

struct box {
	uint8_t lo[ENGINE_COLUMNS_MAX], hi[ENGINE_COLUMNS_MAX];
	struct engine_node *node;       /* of hi */
	struct engine_table *table;     /* levels at most lo */
	uint64_t number;
	double bound[];                 /* engine_metric_len */
};

struct search {
	struct engine *e;
	size_t len;                     /* of values */
	struct box **heap;
	size_t heap_len, heap_cap;
	uint64_t boxes;
	/* hopeless vectors: so is every one below them */
	uint8_t (*failed)[ENGINE_COLUMNS_MAX];
	size_t failed_len;
	int found;
	uint8_t best[ENGINE_COLUMNS_MAX];
	double value[ENGINE_VALUE_MAX];
	int stopped;
	size_t bytes, bytes_max;        /* of tables made here */
};

/* ---- boxes ---- */

static void
drop_table(struct search *s, struct engine_table *t)
{
	if (t != NULL && t->refs == 1 && t != s->e->base)
		s->bytes -= engine_table_bytes(s->e, t);
	engine_table_unref(t);
}

static void
box_free(struct search *s, struct box *b)
{
	if (b == NULL)
		return;
	engine_node_unref(b->node);
	drop_table(s, b->table);
	free(b);
}

static void
search_release(struct search *s)
{
	size_t i;

	for (i = 0; i < s->heap_len; i++)
		box_free(s, s->heap[i]);
	free(s->heap);
	free(s->failed);
}

/* Least bound first; of equal ones the youngest, which is the smallest. */
static int
comes_before(const struct search *s, const struct box *a, const struct box *b)
{
	int c = engine_metric_compare(s->e, a->bound, b->bound);

	return c != 0 ? c < 0 : a->number > b->number;
}

/* The box is taken, also on failure. */
static enum err
push(struct search *s, struct box *b)
{
	size_t cap = s->heap_cap == 0 ? 64 : s->heap_cap * 2, i;
	struct box **heap;

	if (s->heap_len == s->heap_cap) {
		heap = realloc(s->heap, cap * sizeof(*heap));
		if (heap == NULL) {
			box_free(s, b);
			return ERR_NOMEM;
		}
		s->heap = heap;
		s->heap_cap = cap;
	}
	b->number = s->boxes++;
	for (i = s->heap_len++; i > 0; i = (i - 1) / 2) {
		if (!comes_before(s, b, s->heap[(i - 1) / 2]))
			break;
		s->heap[i] = s->heap[(i - 1) / 2];
	}
	s->heap[i] = b;
	return ERR_OK;
}

static struct box *
pop(struct search *s)
{
	struct box *first = s->heap[0], *last = s->heap[--s->heap_len];
	size_t i = 0, child;

	while ((child = 2 * i + 1) < s->heap_len) {
		if (child + 1 < s->heap_len && comes_before(s,
		    s->heap[child + 1], s->heap[child]))
			child++;
		if (!comes_before(s, s->heap[child], last))
			break;
		s->heap[i] = s->heap[child];
		i = child;
	}
	if (s->heap_len > 0)
		s->heap[i] = last;
	return first;
}

/* ---- the best so far ---- */

static unsigned
sum_of(const struct search *s, const uint8_t *levels)
{
	unsigned sum = 0;
	size_t i;

	for (i = 0; i < s->e->columns_len; i++)
		sum += levels[i];
	return sum;
}

/* How far a vector goes up, as a share of each column's height, and how many
 * of the labels it takes away: the order in which ARX looks at vectors of one
 * sum.  (As in ARX the first says nothing where a column has no height.) */
static void
rank_of(const struct search *s, const uint8_t *levels, double ret[2])
{
	double n = (double)s->e->columns_len, up = 0, kept = 0;
	const struct engine_coded *c;
	size_t i;

	for (i = 0; i < s->e->columns_len; i++) {
		c = &s->e->columns[i];
		kept += (double)c->labels[levels[i] - c->from] /
		    (double)s->e->in.columns[i].leaves;
		up += c->to > 0 ? (double)levels[i] / c->to : NAN;
	}
	ret[0] = up / n;
	ret[1] = 1 - kept / n;
}

/* 1 when ${a} comes before ${b}, which has the same value. */
static int
is_preferred(const struct search *s, const uint8_t *a, const uint8_t *b)
{
	unsigned sum_a = sum_of(s, a), sum_b = sum_of(s, b);
	double rank_a[2], rank_b[2];
	size_t i;

	if (sum_a != sum_b)
		return sum_a < sum_b;
	rank_of(s, a, rank_a);
	rank_of(s, b, rank_b);
	for (i = 0; i < ARRAY_LEN(rank_a); i++)
		if (rank_a[i] < rank_b[i] || rank_a[i] > rank_b[i])
			return rank_a[i] < rank_b[i];
	return memcmp(a, b, s->e->columns_len) > 0;
}

/* 1 when a vector of that value, with at least these levels, may come before
 * the best.  (Of a box only lo itself has as small a sum.) */
static int
may_be_better(const struct search *s, const double *value, const uint8_t *lo)
{
	int c;

	if (!s->found)
		return 1;
	if ((c = engine_metric_compare(s->e, value, s->value)) != 0)
		return c < 0;
	return is_preferred(s, lo, s->best);
}

/* 1 when it is the best now. */
static int
consider(struct search *s, const uint8_t *levels, const struct engine_node *n)
{
	double value[ENGINE_VALUE_MAX];

	if (!n->feasible)
		return 0;
	engine_metric_value(s->e, levels, n, value);
	if (n->is_judged)
		value[0] = n->judged;
	if (!may_be_better(s, value, levels))
		return 0;
	s->found = 1;
	memcpy(s->best, levels, sizeof(s->best));
	memcpy(s->value, value, s->len * sizeof(*value));
	return 1;
}

static int
is_below(const struct search *s, const uint8_t *a, const uint8_t *b)
{
	size_t i;

	for (i = 0; i < s->e->columns_len; i++)
		if (a[i] > b[i])
			return 0;
	return 1;
}

static int
is_known_hopeless(const struct search *s, const uint8_t *levels)
{
	size_t i;

	for (i = 0; i < s->failed_len; i++)
		if (is_below(s, levels, s->failed[i]))
			return 1;
	return 0;
}

static int
ended(struct search *s)
{
	const struct engine_input *in = &s->e->in;

	if (!s->stopped)
		s->stopped = (in->nodes_max > 0 &&
		    s->e->evaluated >= in->nodes_max) ||
		    (in->go_on != NULL && !in->go_on(in->ctx));
	return s->stopped;
}

/* What the caller's own rules say of a vector, into its node. */
static enum err
ask_judge(const struct search *s, const uint8_t *at, struct engine_node *n)
{
	const struct engine_input *in = &s->e->in;
	struct engine_verdict v = {0};
	unsigned levels[ENGINE_COLUMNS_MAX] = {0};
	size_t i;

	if (in->judge == NULL || n->hopeless || !n->feasible)
		return ERR_OK;
	for (i = 0; i < s->e->columns_len; i++)
		levels[i] = at[i];
	RETURN_IF(in->judge(in->judge_ctx, levels, &v));
	n->feasible = v.feasible;
	n->hopeless = v.hopeless;
	n->is_judged = 1;
	n->judged = v.value;
	n->rows_forced = v.forced;
	memcpy(n->forced_size, v.forced_size, sizeof(n->forced_size));
	return ERR_OK;
}

/* Evaluates; what it says of others is kept. */
static enum err
evaluate(struct search *s, const struct engine_table *t, const uint8_t *lo,
    const uint8_t *levels, struct engine_node **ret)
{
	enum err e;

	RETURN_IF(engine_node_new(s->e, t, lo, levels, ret));
	e = ask_judge(s, levels, *ret);
	if (e != ERR_OK) {
		engine_node_unref(*ret);
		*ret = NULL;
		return e;
	}
	if ((*ret)->hopeless && s->failed_len < FAILED_MAX)
		memcpy(s->failed[s->failed_len++], levels,
		    sizeof(s->failed[0]));
	(void)consider(s, levels, *ret);
	return ERR_OK;
}

/* ---- one box ---- */

static void
bound_box(const struct search *s, struct box *b)
{
	engine_metric_bound(s->e, b->lo, b->node, b->bound);
}

/* The table of the box's own lo, when that is ${after} levels or more above
 * the one it has.  (A box is evaluated too few times for it to pay by speed
 * alone: the root gets one, and boxes of metrics whose bounds need it.) */
static enum err
refresh_table(struct search *s, struct box *b, unsigned after)
{
	struct engine_table *t = NULL;
	size_t bytes;

	if (b->table->len <= TABLE_SMALL || s->bytes > s->bytes_max ||
	    sum_of(s, b->lo) < sum_of(s, b->table->levels) + after)
		return ERR_OK;
	RETURN_IF(engine_table_group(s->e, b->table, b->lo, SIZE_MAX));
	RETURN_IF(engine_table_collapse(s->e, b->table, b->lo, &t));
	bytes = engine_table_bytes(s->e, t);
	s->bytes += bytes;
	drop_table(s, b->table);
	b->table = t;
	return ERR_OK;
}

/* Cuts off the levels of hi that no better vector has; 1 when it did. */
static int
cut_hi(const struct search *s, struct box *b)
{
	double bound[ENGINE_VALUE_MAX];
	int ret = 0;
	uint8_t keep;
	size_t i;

	for (i = 0; i < s->e->columns_len && s->found; i++) {
		keep = b->lo[i];
		while (b->hi[i] > keep) {
			b->lo[i] = b->hi[i];
			engine_metric_bound(s->e, b->lo, b->node, bound);
			if (may_be_better(s, bound, b->lo))
				break;
			b->hi[i]--;
			ret = 1;
		}
		b->lo[i] = keep;
	}
	return ret;
}

/* A new hi: evaluated.  0 in ${ret_open} when nothing of the box is left. */
static enum err
new_hi(struct search *s, struct box *b, int *ret_open)
{
	struct engine_node *n = NULL;

	*ret_open = 0;
	if (is_known_hopeless(s, b->hi))
		return ERR_OK;
	RETURN_IF(evaluate(s, b->table, b->lo, b->hi, &n));
	engine_node_unref(b->node);
	b->node = n;
	if (n->hopeless)
		return ERR_OK;
	bound_box(s, b);
	*ret_open = may_be_better(s, b->bound, b->lo);
	return ERR_OK;
}

/* A new lo, hi's node being there.  Metrics of the whole table need another
 * look at hi for their bound. */
static enum err
new_lo(struct search *s, struct box *b, int *ret_open)
{
	if (!engine_metric_of_columns(s->e) && s->e->people.len == 0)
		return new_hi(s, b, ret_open);
	bound_box(s, b);
	*ret_open = may_be_better(s, b->bound, b->lo);
	return ERR_OK;
}

static struct box *
copy_box(const struct search *s, const struct box *b)
{
	size_t len = sizeof(*b) + s->len * sizeof(b->bound[0]);
	struct box *ret = malloc(len);

	if (ret == NULL)
		return NULL;
	memcpy(ret, b, len);
	ret->node->refs++;
	ret->table->refs++;
	return ret;
}

/* The column that can lose most labels, halved. */
static size_t
choose_half(const struct search *s, const struct box *b, uint8_t *ret_from)
{
	size_t i, ret = s->e->columns_len;
	const struct engine_coded *c;
	double ratio, most = 0;

	for (i = 0; i < s->e->columns_len; i++) {
		c = &s->e->columns[i];
		ratio = (double)c->labels[b->lo[i] - c->from] /
		    (double)c->labels[b->hi[i] - c->from];
		if (b->lo[i] == b->hi[i] || ratio <= most)
			continue;
		most = ratio;
		ret = i;
		*ret_from = (uint8_t)((b->lo[i] + b->hi[i] + 1) / 2);
	}
	return ret;
}

/* The column whose upper half has the worst bound; its lowest level there. */
static size_t
choose_split(const struct search *s, struct box *b, uint8_t *ret_from)
{
	double bound[ENGINE_VALUE_MAX], worst[ENGINE_VALUE_MAX];
	size_t i, ret = s->e->columns_len;
	uint8_t keep, from;

	for (i = 0; i < s->e->columns_len; i++) {
		if (b->lo[i] == b->hi[i])
			continue;
		keep = b->lo[i];
		from = b->hi[i];
		b->lo[i] = from;
		engine_metric_bound(s->e, b->lo, b->node, bound);
		b->lo[i] = keep;
		if (ret < s->e->columns_len &&
		    engine_metric_compare(s->e, bound, worst) <= 0)
			continue;
		memcpy(worst, bound, s->len * sizeof(*bound));
		ret = i;
		*ret_from = from;
	}
	return ret;
}

/* The upper half keeps hi and its node, the lower half gets a new one. */
static enum err
split(struct search *s, struct box *b)
{
	struct box *upper;
	uint8_t from = 0;
	size_t i = engine_metric_of_columns(s->e) ?
	    choose_split(s, b, &from) : choose_half(s, b, &from);
	int open = 0;
	enum err e;

	if (i == s->e->columns_len) {
		box_free(s, b);
		return ERR_OK;
	}
	if ((upper = copy_box(s, b)) == NULL) {
		box_free(s, b);
		return ERR_NOMEM;
	}
	upper->lo[i] = from;
	b->hi[i] = (uint8_t)(from - 1);
	e = new_hi(s, b, &open);
	if (e == ERR_OK && open)
		e = push(s, TAKE(b));
	box_free(s, b);
	if (e == ERR_OK)
		e = new_lo(s, upper, &open);
	if (e == ERR_OK && open)
		e = push(s, TAKE(upper));
	box_free(s, upper);
	return e;
}

static enum err
work_on(struct search *s, struct box *b)
{
	int open = 1;
	enum err e = engine_metric_of_columns(s->e) ? ERR_OK :
	    refresh_table(s, b, REFRESH_AFTER);

	while (e == ERR_OK && open && cut_hi(s, b))
		e = new_hi(s, b, &open);
	if (e == ERR_OK && open)
		return split(s, b);
	box_free(s, b);
	return e;
}

/* ---- the beginning ---- */

/* A walk downwards. */
struct walk {
	uint8_t at[ENGINE_COLUMNS_MAX], stuck[ENGINE_COLUMNS_MAX];
	struct engine_node *node;       /* of at */
};

static void
walk_release(struct walk *w)
{
	engine_node_unref(w->node);
}

/* The column whose next lower level promises most; columns_len: none. */
static size_t
choose_step(const struct search *s, const struct box *root, struct walk *w)
{
	double bound[ENGINE_VALUE_MAX], least[ENGINE_VALUE_MAX];
	size_t i, pick = s->e->columns_len;

	for (i = 0; i < s->e->columns_len; i++) {
		if (w->stuck[i] || w->at[i] == root->lo[i])
			continue;
		w->at[i]--;
		engine_metric_bound(s->e, w->at, w->node, bound);
		w->at[i]++;
		if (pick < s->e->columns_len &&
		    engine_metric_compare(s->e, bound, least) >= 0)
			continue;
		memcpy(least, bound, s->len * sizeof(*bound));
		pick = i;
	}
	return pick;
}

/* One level down in that column, if that is the best vector then. */
static enum err
step(struct search *s, const struct box *root, struct walk *w, size_t column)
{
	struct engine_node *below = NULL;

	w->at[column]--;
	if (!is_known_hopeless(s, w->at)) {
		RETURN_IF(evaluate(s, root->table, root->lo, w->at, &below));
		if (!below->hopeless && below->feasible &&
		    memcmp(w->at, s->best, s->e->columns_len) == 0) {
			engine_node_unref(w->node);
			w->node = below;
			return ERR_OK;
		}
		engine_node_unref(below);
	}
	w->at[column]++;
	w->stuck[column] = 1;
	return ERR_OK;
}

/* Downwards from the top, where it promises most, while it gets better. */
static enum err
dive(struct search *s, const struct box *root)
{
	CLEANUP(walk_release) struct walk w = {.node = root->node};
	size_t column;

	w.node->refs++;
	memcpy(w.at, root->hi, sizeof(w.at));
	while (!ended(s)) {
		column = choose_step(s, root, &w);
		if (column == s->e->columns_len)
			break;
		RETURN_IF(step(s, root, &w, column));
	}
	return ERR_OK;
}

/* Raises the levels that are hopeless whatever the other columns do. */
static enum err
raise_lo(struct search *s, struct box *root)
{
	uint8_t at[ENGINE_COLUMNS_MAX];
	struct engine_node *n = NULL;
	int hopeless = 1;
	size_t i;

	for (i = 0; i < s->e->columns_len; i++) {
		memcpy(at, root->hi, sizeof(at));
		for (hopeless = 1; hopeless && root->lo[i] < root->hi[i];) {
			if (ended(s))
				return ERR_OK;
			at[i] = root->lo[i];
			RETURN_IF(evaluate(s, root->table, root->lo, at,
			    &n));
			hopeless = n->hopeless;
			engine_node_unref(n);
			root->lo[i] = (uint8_t)(root->lo[i] + hopeless);
		}
	}
	return ERR_OK;
}

static enum err
make_root(struct search *s, struct box **ret)
{
	struct engine *e = s->e;
	struct box *b = calloc(1, sizeof(*b) + s->len * sizeof(b->bound[0]));
	enum err err;
	size_t i;

	if (b == NULL)
		return ERR_NOMEM;
	for (i = 0; i < e->columns_len; i++) {
		b->lo[i] = (uint8_t)e->columns[i].from;
		b->hi[i] = (uint8_t)e->columns[i].to;
	}
	b->table = e->base;
	b->table->refs++;
	err = evaluate(s, b->table, b->lo, b->hi, &b->node);
	if (err != ERR_OK) {
		box_free(s, b);
		return err;
	}
	*ret = b;
	return ERR_OK;
}

static enum err
begin(struct search *s)
{
	struct box *root = NULL;
	enum err e;

	s->failed = calloc(FAILED_MAX, sizeof(*s->failed));
	if (s->failed == NULL)
		return ERR_NOMEM;
	RETURN_IF(make_root(s, &root));
	if (root->node->hopeless) {
		box_free(s, root);
		return ERR_OK;
	}
	e = raise_lo(s, root);
	if (e == ERR_OK)
		e = refresh_table(s, root, 1);
	if (e == ERR_OK)
		e = dive(s, root);
	bound_box(s, root);
	if (e == ERR_OK)
		e = push(s, TAKE(root));
	box_free(s, root);
	return e;
}

/* ---- the end ---- */

static enum err
finish(struct search *s, struct engine_result *ret)
{
	struct engine *e = s->e;
	unsigned levels[ENGINE_COLUMNS_MAX] = {0};
	uint64_t evaluated = e->evaluated;
	struct engine_result r;
	size_t i;

	for (i = 0; i < e->columns_len; i++)
		levels[i] = s->found ? s->best[i] : e->columns[i].to;
	RETURN_IF(engine_evaluate(e, levels, &r));
	e->evaluated = evaluated;
	r.nodes_evaluated = evaluated;
	if (e->in.judge != NULL && s->found)
		r.loss = s->value[0];
	r.optimal = s->heap_len == 0;
	r.bound = r.loss;
	if (s->heap_len > 0 && (!s->found || s->heap[0]->bound[0] < r.loss))
		r.bound = s->heap[0]->bound[0];
	*ret = r;
	return s->found ? ERR_OK : ERR_REFUSED;
}

enum err
engine_search(struct engine *e, struct engine_result *ret)
{
	CLEANUP(search_release) struct search s = {.e = e,
	    .len = engine_metric_len(e)};

	s.bytes_max = 2 * engine_table_bytes(e, e->base) + TABLES_BYTES;
	e->evaluated = 0;
	RETURN_IF(begin(&s));
	while (s.heap_len > 0) {
		if (!may_be_better(&s, s.heap[0]->bound, s.heap[0]->lo)) {
			box_free(&s, pop(&s));
			continue;
		}
		if (ended(&s))
			break;
		RETURN_IF(work_on(&s, pop(&s)));
	}
	return finish(&s, ret);
}
