/* policy/disclosure/tally.c - what was written, sorted and counted. */
#include "policy/disclosure/tally.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "policy/disclosure/dictionary.h"

#define ENTRIES_MAX ((size_t)48 << 20)
#define SLACK 1e-8
#define LEVELS_MAX 34

__extension__ typedef __int128 wide;

/* Somebody of a group said so, the so-manieth time. */
struct entry {
	uint32_t group, answer, value;
};

/* A combination of options, and how many have it. */
struct combination {
	uint64_t items;                 /* 16 bits each, + 1, ascending */
	uint64_t people;
};

struct column {
	const struct tally_rule *rule;
	size_t first;                   /* among the watched */
	struct dictionary values;       /* k-to-m: a person's options as 0/1 */
	struct entry *entries;
	size_t len, cap;
	uint64_t *people;               /* k-to-m: of each value */
	size_t people_cap;
	uint64_t *total;                /* by value */
	uint32_t *order;                /* T_ORDERED: values in order */
	uint32_t *label;                /* T_LADDER: by value, at one level */
};

struct tally {
	struct column columns[MODEL_RULES_MAX];
	size_t len;
	uint64_t k;
	const char *watched[TALLY_WATCHED_MAX];
	size_t watched_len;
	struct bytes *cells;            /* of one person */
	size_t cells_cap;
};

void
tally_free(struct tally *t)
{
	size_t i;

	if (t == NULL)
		return;
	for (i = 0; i < t->len; i++) {
		dictionary_release(&t->columns[i].values);
		free(t->columns[i].entries);
		free(t->columns[i].people);
		free(t->columns[i].total);
		free(t->columns[i].order);
		free(t->columns[i].label);
	}
	free(t->cells);
	free(t);
}

void
tally_cleanup(struct tally **t)
{
	tally_free(*t);
	*t = NULL;
}

/* Where the rule's columns begin among the watched; two rules may share. */
static enum err
watch(struct tally *t, const struct tally_rule *r, size_t *ret)
{
	size_t i;

	for (i = 0; i < t->watched_len; i++)
		if (strcmp(t->watched[i], r->columns[0]) == 0) {
			*ret = i;
			return ERR_OK;
		}
	if (r->columns_len > TALLY_WATCHED_MAX - t->watched_len)
		return ERR_LIMIT;
	*ret = t->watched_len;
	for (i = 0; i < r->columns_len; i++)
		t->watched[t->watched_len++] = r->columns[i];
	return ERR_OK;
}

enum err
tally_new(const struct tally_rule *rules, size_t len, uint64_t k,
    struct tally **ret)
{
	CLEANUP(tally_cleanup) struct tally *t = calloc(1, sizeof(*t));
	size_t i;

	if (t == NULL)
		return ERR_NOMEM;
	if (len > MODEL_RULES_MAX)
		return ERR_LIMIT;
	t->k = k;
	for (i = 0; i < len; i++) {
		t->columns[i].rule = &rules[i];
		t->len++;
		if (rules[i].columns_len == 0)
			return ERR_RANGE;
		RETURN_IF(watch(t, &rules[i], &t->columns[i].first));
	}
	*ret = TAKE(t);
	return ERR_OK;
}

/* ---- a person ---- */

static enum err
split(struct tally *t, size_t rows, struct bytes cells)
{
	size_t n = rows * t->watched_len, i, len;

	if (n > t->cells_cap) {
		free(t->cells);
		t->cells = calloc(n, sizeof(*t->cells));
		t->cells_cap = t->cells == NULL ? 0 : n;
		if (t->cells == NULL)
			return ERR_NOMEM;
	}
	for (i = 0; i < n; i++) {
		const uint8_t *end = cells.len == 0 ? NULL :
		    memchr(cells.data, '\0', cells.len);

		if (end == NULL)
			return ERR_MISMATCH;
		len = (size_t)(end - cells.data);
		t->cells[i] = bytes_of(cells.data, len);
		cells = bytes_of(end + 1, cells.len - len - 1);
	}
	return cells.len == 0 ? ERR_OK : ERR_MISMATCH;
}

static enum err
add_entry(struct column *c, const struct entry *e)
{
	if (c->len == c->cap) {
		size_t cap = c->cap == 0 ? 4096 : c->cap * 2;
		struct entry *entries;

		if (cap > ENTRIES_MAX)
			return ERR_LIMIT;
		entries = reallocarray(c->entries, cap, sizeof(*entries));
		if (entries == NULL)
			return ERR_NOMEM;
		c->entries = entries;
		c->cap = cap;
	}
	c->entries[c->len++] = *e;
	return ERR_OK;
}

static enum err
take_values(struct tally *t, struct column *c, uint32_t group, size_t rows)
{
	struct entry e = {.group = group};
	size_t i;
	int is_new;

	for (i = 0; i < rows; i++) {
		e.answer = (uint32_t)i;
		RETURN_IF(dictionary_number(&c->values,
		    t->cells[i * t->watched_len + c->first], &e.value,
		    &is_new));
		RETURN_IF(add_entry(c, &e));
	}
	return ERR_OK;
}

static enum err
count_value(struct column *c, uint32_t value)
{
	if (value >= c->people_cap) {
		size_t cap = (size_t)value * 2 + 64;
		uint64_t *people = reallocarray(c->people, cap,
		    sizeof(*people));

		if (people == NULL)
			return ERR_NOMEM;
		memset(people + c->people_cap, 0,
		    (cap - c->people_cap) * sizeof(*people));
		c->people = people;
		c->people_cap = cap;
	}
	c->people[value]++;
	return ERR_OK;
}

/* All options a person ever gave, as one text. */
static enum err
take_options(struct tally *t, struct column *c, size_t rows)
{
	char options[TALLY_WATCHED_MAX];
	size_t n = c->rule->columns_len, i, k;
	uint32_t value;
	int is_new;

	memset(options, '0', n);
	for (i = 0; i < rows; i++)
		for (k = 0; k < n; k++)
			if (bytes_equal(t->cells[i * t->watched_len +
			    c->first + k], bytes_str("1")))
				options[k] = '1';
	RETURN_IF(dictionary_number(&c->values, bytes_of(options, n), &value,
	    &is_new));
	return count_value(c, value);
}

static enum err
take_person(void *ctx, uint32_t group, size_t rows, struct bytes cells)
{
	struct tally *t = ctx;
	size_t i;

	RETURN_IF(split(t, rows, cells));
	for (i = 0; i < t->len; i++) {
		struct column *c = &t->columns[i];

		RETURN_IF(c->rule->rule.kind == MODEL_SETS ?
		    take_options(t, c, rows) :
		    take_values(t, c, group, rows));
	}
	return ERR_OK;
}

void
tally_watch(struct tally *t, struct counter_args *args)
{
	args->watched = t->watched;
	args->watched_len = t->watched_len;
	args->person = take_person;
	args->ctx = t;
}

/* ---- one run: a group's answers of one time ---- */

struct run {
	const struct column *c;
	uint32_t *value;                /* its values, and how often each */
	uint64_t *count;
	size_t len;
	uint64_t n, all;                /* of the run, of the column */
	uint64_t *of;                   /* by value, zero between runs */
};

static int
entropy_holds(const struct run *r)
{
	double sum = 0;
	size_t i;

	for (i = 0; i < r->len; i++)
		sum += (double)r->count[i] * log((double)r->count[i]);
	return log((double)r->n) - sum / (double)r->n + SLACK >=
	    log(r->c->rule->rule.thousandths / 1000.0);
}

/* The most frequent against all from the l-th on, by taking the largest one
 * after the other. */
static int
recursive_holds(const struct run *r)
{
	uint64_t tail = r->n, most = 0;
	size_t taken, i, at;

	for (taken = 0; taken + 1 < r->c->rule->rule.whole; taken++) {
		at = r->len;
		for (i = 0; i < r->len; i++)
			if (r->count[i] > 0 && (at == r->len ||
			    r->count[i] > r->count[at]))
				at = i;
		if (at == r->len)
			break;
		most = r->count[at] > most ? r->count[at] : most;
		tail -= r->count[at];
		r->count[at] = 0;
	}
	return (wide)most * 1000 < (wide)tail * r->c->rule->rule.thousandths;
}

/* Both sizes times (share here - share of all). */
static wide
over(const struct run *r, uint32_t v)
{
	return (wide)r->of[v] * (wide)r->all -
	    (wide)r->c->total[v] * (wide)r->n;
}

static wide
allowed(const struct run *r)
{
	return (wide)r->c->rule->rule.thousandths * (wide)r->n * (wide)r->all;
}

static int
equal_holds(const struct run *r)
{
	wide sum = 0, x;
	size_t i;

	/* what is too much somewhere is missing elsewhere: half of all */
	for (i = 0; i < r->len; i++)
		if ((x = over(r, r->value[i])) > 0)
			sum += x;
	return sum * 1000 <= allowed(r);
}

static int
ordered_holds(const struct run *r)
{
	const struct column *c = r->c;
	wide sum = 0, carried = 0;
	size_t i;

	if (c->values.len < 2)
		return 1;
	/* the last carries nothing on */
	for (i = 0; i + 1 < c->values.len; i++) {
		carried += over(r, c->order[i]);
		sum += carried < 0 ? -carried : carried;
	}
	return sum * 1000 <= allowed(r) * (wide)(c->values.len - 1);
}

/* Each edge of the tree is half a level long: its cost is what must cross. */
static enum err
ladder_holds(const struct run *r, int *ret)
{
	const struct column *c = r->c;
	unsigned levels = c->rule->levels, l;
	wide sum = 0, *flow = calloc(c->values.len + 1, sizeof(*flow));
	size_t v;

	if (flow == NULL)
		return ERR_NOMEM;
	for (l = 0; l < levels; l++) {
		memset(flow, 0, (c->values.len + 1) * sizeof(*flow));
		for (v = 0; v < c->values.len; v++)
			flow[c->label[l * c->values.len + v]] +=
			    over(r, (uint32_t)v);
		for (v = 0; v < c->values.len; v++)
			sum += flow[v] < 0 ? -flow[v] : flow[v];
	}
	free(flow);
	*ret = levels == 0 || sum * 1000 <= allowed(r) * 2 * (wide)levels;
	return ERR_OK;
}

static enum err
judge_run(const struct run *r, int *ret)
{
	switch (r->c->rule->rule.kind) {
	case MODEL_DISTINCT:
		*ret = r->len >= r->c->rule->rule.whole;
		return ERR_OK;
	case MODEL_ENTROPY:
		*ret = entropy_holds(r);
		return ERR_OK;
	case MODEL_RECURSIVE:
		*ret = recursive_holds(r);
		return ERR_OK;
	case MODEL_T_EQUAL:
		*ret = equal_holds(r);
		return ERR_OK;
	case MODEL_T_ORDERED:
		*ret = ordered_holds(r);
		return ERR_OK;
	case MODEL_T_LADDER:
		return ladder_holds(r, ret);
	case MODEL_SETS:
	default:
		return ERR_RANGE;
	}
}

/* ---- a column ---- */

static int
compare_entries(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->group != y->group)
		return x->group < y->group ? -1 : 1;
	if (x->answer != y->answer)
		return x->answer < y->answer ? -1 : 1;
	return (x->value > y->value) - (x->value < y->value);
}

/* The entries of one group and time that begin at ${at}. */
static size_t
read_run(const struct column *c, size_t at, struct run *r)
{
	const struct entry *first = &c->entries[at], *e = first;

	r->len = r->n = 0;
	for (; at < c->len && e->group == first->group &&
	    e->answer == first->answer; at++, e++) {
		if (r->len == 0 || r->value[r->len - 1] != e->value) {
			r->value[r->len] = e->value;
			r->count[r->len++] = 0;
		}
		r->count[r->len - 1]++;
		r->of[e->value]++;
		r->n++;
	}
	return at;
}

static enum err
judge_runs(struct column *c, struct run *r, int *ret)
{
	size_t at = 0, i;

	*ret = 1;
	while (at < c->len && *ret) {
		at = read_run(c, at, r);
		RETURN_IF(judge_run(r, ret));
		for (i = 0; i < r->len; i++)
			r->of[r->value[i]] = 0;
	}
	return ERR_OK;
}

/* ---- order and ladder of the values ---- */

static size_t
word_of(const struct tally_rule *r, const char *text)
{
	size_t i;

	for (i = 0; i < r->words_len; i++)
		if (strcmp(r->words[i], text) == 0)
			break;
	return i;
}

/* < 0: a stands before b. */
static int
compare_values(const struct tally_rule *r, const char *a, const char *b)
{
	double x, y;

	if (a[0] == '\0' || b[0] == '\0')
		return (a[0] != '\0') - (b[0] != '\0');
	if (r->order == TALLY_TEXT)
		return strcmp(a, b);
	x = r->order == TALLY_WORDS ? (double)word_of(r, a) : strtod(a, NULL);
	y = r->order == TALLY_WORDS ? (double)word_of(r, b) : strtod(b, NULL);
	return (x > y) - (x < y);
}

static const char *
text_of(const struct column *c, uint32_t value)
{
	return (const char *)dictionary_text(&c->values, value).data;
}

static enum err
make_order(struct column *c)
{
	size_t i, j;
	uint32_t v;

	c->order = calloc(c->values.len + 1, sizeof(*c->order));
	if (c->order == NULL)
		return ERR_NOMEM;
	for (i = 0; i < c->values.len; i++) {
		v = (uint32_t)i;
		if (c->rule->order == TALLY_WORDS && text_of(c, v)[0] != '\0' &&
		    word_of(c->rule, text_of(c, v)) == c->rule->words_len)
			return ERR_NOT_FOUND;
		for (j = i; j > 0 && compare_values(c->rule,
		    text_of(c, v), text_of(c, c->order[j - 1])) < 0; j--)
			c->order[j] = c->order[j - 1];
		c->order[j] = v;
	}
	return ERR_OK;
}

static const struct tally_path *
path_of(const struct tally_rule *r, const char *value)
{
	size_t i;

	for (i = 0; i < r->paths_len; i++)
		if (strcmp(r->paths[i].value, value) == 0)
			return &r->paths[i];
	return NULL;
}

/* At level l of the values: each one's first value with the same label. */
static enum err
make_labels(struct column *c)
{
	size_t n = c->values.len, v, w;
	const struct tally_path **paths = calloc(n + 1, sizeof(*paths));
	unsigned l;
	enum err e = ERR_OK;

	c->label = calloc(n * (c->rule->levels + 1) + 1, sizeof(*c->label));
	if (paths == NULL || c->label == NULL || c->rule->levels > LEVELS_MAX)
		e = ERR_NOMEM;
	for (v = 0; e == ERR_OK && v < n; v++)
		if ((paths[v] = path_of(c->rule,
		    text_of(c, (uint32_t)v))) == NULL)
			e = ERR_NOT_FOUND;
	for (l = 0; e == ERR_OK && l < c->rule->levels; l++)
		for (v = 0; v < n; v++) {
			for (w = 0; l > 0 && w < v && strcmp(
			    paths[v]->labels[l - 1],
			    paths[w]->labels[l - 1]) != 0; w++)
				;
			c->label[l * n + v] = (uint32_t)(l == 0 ? v : w);
		}
	free(paths);
	return e;
}

static enum err
judge_values(struct column *c, int *ret)
{
	size_t i, n = c->values.len;
	struct run r = {.c = c, .all = c->len,
	    .value = calloc(n + 1, sizeof(*r.value)),
	    .count = calloc(n + 1, sizeof(*r.count)),
	    .of = calloc(n + 1, sizeof(*r.of))};
	enum err e = ERR_OK;

	c->total = calloc(n + 1, sizeof(*c->total));
	if (r.value == NULL || r.count == NULL || r.of == NULL ||
	    c->total == NULL)
		e = ERR_NOMEM;
	for (i = 0; e == ERR_OK && i < c->len; i++)
		c->total[c->entries[i].value]++;
	if (e == ERR_OK && c->rule->rule.kind == MODEL_T_ORDERED)
		e = make_order(c);
	if (e == ERR_OK && c->rule->rule.kind == MODEL_T_LADDER)
		e = make_labels(c);
	if (e == ERR_OK) {
		qsort(c->entries, c->len, sizeof(*c->entries),
		    compare_entries);
		e = judge_runs(c, &r, ret);
	}
	free(r.value);
	free(r.count);
	free(r.of);
	return e;
}

/* ---- combinations ---- */

struct combinations {
	struct combination *all;
	size_t len, cap;
};

static int
compare_combinations(const void *a, const void *b)
{
	const struct combination *x = a, *y = b;

	return (x->items > y->items) - (x->items < y->items);
}

static void
merge(struct combinations *s)
{
	size_t i, n = 0;

	if (s->len > 1)
		qsort(s->all, s->len, sizeof(*s->all), compare_combinations);
	for (i = 0; i < s->len; i++) {
		if (n > 0 && s->all[n - 1].items == s->all[i].items)
			s->all[n - 1].people += s->all[i].people;
		else
			s->all[n++] = s->all[i];
	}
	s->len = n;
}

static enum err
add_combination(struct combinations *s, uint64_t items, uint64_t people)
{
	if (s->len == s->cap) {
		merge(s);
		if (s->len * 2 >= s->cap) {
			size_t cap = s->cap * 2 + 4096;
			struct combination *all;

			if (cap > ENTRIES_MAX)
				return ERR_LIMIT;
			all = reallocarray(s->all, cap, sizeof(*all));
			if (all == NULL)
				return ERR_NOMEM;
			s->all = all;
			s->cap = cap;
		}
	}
	s->all[s->len++] = (struct combination){items, people};
	return ERR_OK;
}

/* All combinations that go on after ${items} with options from ${from} on. */
static enum err
combine(struct combinations *s, const char *options, size_t from,
    unsigned left, const struct combination *so_far)
{
	struct combination next = *so_far;
	size_t i;

	for (i = from; left > 0 && options[i] != '\0'; i++) {
		if (options[i] != '1')
			continue;
		next.items = so_far->items << 16 | (i + 1);
		RETURN_IF(add_combination(s, next.items, next.people));
		RETURN_IF(combine(s, options, i + 1, left - 1, &next));
	}
	return ERR_OK;
}

static enum err
judge_options(const struct column *c, uint64_t k, int *ret)
{
	struct combinations s = {0};
	enum err e = ERR_OK;
	size_t i;

	for (i = 0; e == ERR_OK && i < c->values.len; i++) {
		struct combination none = {0, c->people[i]};

		e = combine(&s, text_of(c, (uint32_t)i), 0,
		    c->rule->rule.whole, &none);
	}
	*ret = 1;
	if (e == ERR_OK && s.all != NULL)
		merge(&s);
	for (i = 0; e == ERR_OK && i < s.len; i++)
		*ret &= s.all[i].people >= k;
	free(s.all);
	return e;
}

enum err
tally_end(struct tally *t, size_t *ret_rule)
{
	int holds = 1;
	size_t i;

	for (i = 0; i < t->len; i++) {
		struct column *c = &t->columns[i];

		*ret_rule = i;
		RETURN_IF(c->rule->rule.kind == MODEL_SETS ?
		    judge_options(c, t->k, &holds) : judge_values(c, &holds));
		if (!holds)
			return ERR_REFUSED;
	}
	return ERR_OK;
}
