/* policy/disclosure/engine_table.c - distinct keys, and grouping them.
 *
 * Groups get numbers in the order in which their first entries stand, so
 * nothing depends on the hash.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "policy/disclosure/engine_internal.h"

#define SLOTS_BITS_MIN 8
#define BLOCK 32

/* the number of words is a constant in the usual cases */
#define ALWAYS_INLINE static inline __attribute__((always_inline))

void
engine_table_unref(struct engine_table *t)
{
	size_t i;

	if (t == NULL || --t->refs > 0)
		return;
	free(t->keys);
	free(t->rows);
	free(t->people);
	free(t->tuple);
	free(t->weight);
	for (i = 0; i < ENGINE_RULES_MAX; i++) {
		free(t->starts[i]);
		free(t->pairs[i]);
	}
	free(t->entry_of);
	free(t);
}

size_t
engine_table_bytes(const struct engine *e, const struct engine_table *t)
{
	size_t bytes = t->len * (e->words * sizeof(*t->keys) +
	    3 * sizeof(uint32_t)), i;

	for (i = 0; i < e->in.rules_len; i++)
		bytes += t->len * sizeof(uint32_t) +
		    t->starts[i][t->len] * sizeof(struct engine_pair);
	return bytes + (t->entry_of != NULL ?
	    e->in.tuples_len * sizeof(uint32_t) : 0);
}

/* ---- grouping ---- */

static void
slots_free(struct engine_slot **slots)
{
	free(*slots);
}

static uint64_t
mix(uint64_t x)
{
	x ^= x >> 32;
	return x * 0x9e3779b97f4a7c15u;
}

static size_t
place_of(const struct engine_groups *g, uint64_t tag)
{
	return (size_t)(mix(tag) >> g->shift);
}

static enum err
grow_groups(struct engine_groups *g)
{
	size_t cap = g->cap == 0 ? 1024 : g->cap * 2;
	struct engine_group *all = realloc(g->all, cap * sizeof(*all));
	uint32_t *people;

	if (all == NULL)
		return ERR_NOMEM;
	g->all = all;
	people = realloc(g->people, cap * sizeof(*people));
	if (people == NULL)
		return ERR_NOMEM;
	g->people = people;
	g->cap = cap;
	return ERR_OK;
}

/* ${bits}: of the number of slots. */
static enum err
need_slots(struct engine_groups *g, unsigned bits)
{
	size_t len = (size_t)1 << bits;
	struct engine_slot *slots;

	if (len > g->slots_cap) {
		slots = malloc(len * sizeof(*slots));
		if (slots == NULL)
			return ERR_NOMEM;
		free(g->slots);
		g->slots = slots;
		g->slots_cap = len;
	}
	g->slots_len = len;
	g->shift = 64 - bits;
	memset(g->slots, 0, len * sizeof(*g->slots));
	return ERR_OK;
}

static enum err
grow_slots(struct engine_groups *g)
{
	size_t old_len = g->slots_len, i, at;
	CLEANUP(slots_free) struct engine_slot *old = g->slots;
	unsigned bits = 64 - g->shift + 1;

	g->slots = NULL;
	g->slots_cap = 0;
	RETURN_IF(need_slots(g, bits));
	for (i = 0; i < old_len; i++) {
		if (old[i].group == 0)
			continue;
		at = place_of(g, old[i].tag);
		while (g->slots[at].group != 0)
			at = (at + 1) & (g->slots_len - 1);
		g->slots[at] = old[i];
	}
	return ERR_OK;
}

/* The masks of a vector, by word. */
static void
masks_of(const struct engine *e, const uint8_t *levels,
    uint64_t ret[ENGINE_WORDS_MAX])
{
	const struct engine_coded *c;
	size_t i;

	memset(ret, 0, e->words * sizeof(*ret));
	for (i = 0; i < e->columns_len; i++) {
		c = &e->columns[i];
		ret[c->word] |= c->mask[levels[i] - c->from];
	}
}

/* Slots to begin with: for all groups there can be, if that is not much. */
static unsigned
first_bits(const struct engine *e, const struct engine_table *t,
    const uint8_t *levels)
{
	double groups = 1;
	unsigned bits = SLOTS_BITS_MIN;
	size_t i;

	for (i = 0; i < e->columns_len; i++)
		groups *= (double)e->columns[i].labels[levels[i] -
		    e->columns[i].from];
	if (groups > (double)t->len / 4)
		groups = (double)t->len / 4;
	while ((double)((size_t)1 << bits) < 2 * groups + 2)
		bits++;
	return bits;
}

struct pass {
	struct engine_groups *g;
	const struct engine_table *t;
	uint64_t masks[ENGINE_WORDS_MAX];
	size_t words, max;
};

static int
same_key(const struct pass *p, size_t a, size_t b)
{
	const uint64_t *x = p->t->keys + a * p->words;
	const uint64_t *y = p->t->keys + b * p->words;
	size_t w;

	for (w = 0; w < p->words; w++)
		if (((x[w] ^ y[w]) & p->masks[w]) != 0)
			return 0;
	return 1;
}

/* One word: the masked key itself.  Several: a hash of them, so that equal
 * tags have to be compared. */
ALWAYS_INLINE uint64_t
tag_of(const struct pass *p, size_t i, size_t words)
{
	const uint64_t *key = p->t->keys + i * words;
	uint64_t tag = key[0] & p->masks[0];
	size_t w;

	for (w = 1; w < words; w++)
		tag = mix(tag) + (key[w] & p->masks[w]);
	return tag;
}

static enum err
new_group(struct pass *p, struct engine_slot *s, uint64_t tag, size_t entry)
{
	struct engine_groups *g = p->g;

	if (g->len == p->max)
		return ERR_LIMIT;
	if (g->len == g->cap)
		RETURN_IF(grow_groups(g));
	g->all[g->len] = (struct engine_group){.tuple = p->t->tuple[entry],
	    .entry = (uint32_t)entry};
	g->people[g->len] = 0;
	*s = (struct engine_slot){tag, (uint32_t)++g->len};
	return ERR_OK;
}

/* Its group, a new one if need be. */
ALWAYS_INLINE enum err
insert(struct pass *p, size_t i, uint64_t tag, uint32_t *ret, int exact)
{
	struct engine_groups *g = p->g;
	struct engine_slot *s = &g->slots[place_of(g, tag)];
	const struct engine_slot *end = g->slots + g->slots_len;

	for (; s->group != 0; s = s + 1 < end ? s + 1 : g->slots)
		if (s->tag == tag && (exact ||
		    same_key(p, g->all[s->group - 1].entry, i)))
			break;
	if (s->group == 0)
		RETURN_IF(new_group(p, s, tag, i));
	*ret = s->group - 1;
	return ERR_OK;
}

/* A block of tags first, so that their slots are on their way from memory. */
ALWAYS_INLINE enum err
group_all(struct pass *p, size_t words)
{
	const struct engine_table *t = p->t;
	struct engine_groups *g = p->g;
	uint64_t tags[BLOCK];
	size_t start, len, i;
	uint32_t at = 0;

	for (start = 0; start < t->len; start += len) {
		len = t->len - start < BLOCK ? t->len - start : BLOCK;
		if ((g->len + len) * 2 > g->slots_len)
			RETURN_IF(grow_slots(g));
		for (i = 0; i < len; i++) {
			tags[i] = tag_of(p, start + i, words);
			__builtin_prefetch(&g->slots[place_of(g, tags[i])]);
		}
		for (i = 0; i < len; i++) {
			RETURN_IF(insert(p, start + i, tags[i], &at,
			    words == 1));
			g->of[start + i] = at;
			g->people[at] += t->people[start + i];
		}
	}
	return ERR_OK;
}

static void
take_counts(const struct engine *e, const struct engine_table *t,
    struct engine_groups *g)
{
	size_t i;

	for (i = 0; i < g->len; i++)
		g->all[i].people = g->all[i].rows = g->people[i];
	if (e->rows == e->respondents || e->in.joined)
		return;
	for (i = 0; i < g->len; i++)
		g->all[i].rows = 0;
	for (i = 0; i < t->len; i++)
		g->all[g->of[i]].rows += t->rows[i];
}

enum err
engine_table_group(struct engine *e, const struct engine_table *t,
    const uint8_t *levels, size_t max)
{
	struct pass p = {.g = &e->groups, .t = t, .words = e->words,
	    .max = max};

	masks_of(e, levels, p.masks);
	e->groups.len = 0;
	RETURN_IF(need_slots(&e->groups, first_bits(e, t, levels)));
	RETURN_IF(e->words == 1 ? group_all(&p, 1) : e->words == 2 ?
	    group_all(&p, 2) : group_all(&p, p.words));
	take_counts(e, t, &e->groups);
	return ERR_OK;
}

void
engine_table_order(struct engine *e, const struct engine_table *t)
{
	struct engine_groups *g = &e->groups;
	size_t i;

	memset(g->begin, 0, (g->len + 2) * sizeof(*g->begin));
	for (i = 0; i < t->len; i++)
		g->begin[g->of[i] + 2]++;
	for (i = 2; i < g->len + 2; i++)
		g->begin[i] += g->begin[i - 1];
	/* Filling moves each start to its group's end, one place down. */
	for (i = 0; i < t->len; i++)
		g->order[g->begin[g->of[i] + 1]++] = (uint32_t)i;
}

/* ---- new tables ---- */

static enum err
table_new(const struct engine *e, size_t len, struct engine_table **ret)
{
	struct engine_table *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return ERR_NOMEM;
	t->refs = 1;
	t->len = len;
	t->keys = malloc((len * e->words + 1) * sizeof(*t->keys));
	t->rows = calloc(len + 1, sizeof(*t->rows));
	t->people = calloc(len + 1, sizeof(*t->people));
	t->tuple = calloc(len + 1, sizeof(*t->tuple));
	if (e->in.metric == ENGINE_DIVERGENCE) {
		t->weight = calloc(len + 1, sizeof(*t->weight));
		if (t->weight == NULL) {
			engine_table_unref(t);
			return ERR_NOMEM;
		}
	}
	if (t->keys == NULL || t->rows == NULL || t->people == NULL ||
	    t->tuple == NULL) {
		engine_table_unref(t);
		return ERR_NOMEM;
	}
	*ret = t;
	return ERR_OK;
}

/* Pairs of one group: those of its entries, values joined. */
static void
join_pairs(const struct engine_table *from, size_t rule,
    const uint32_t *entries, size_t len, uint32_t *count,
    struct engine_pair *out, size_t *at)
{
	size_t first = *at, i, j;
	const struct engine_pair *p;

	for (i = 0; i < len; i++)
		for (j = from->starts[rule][entries[i]];
		    j < from->starts[rule][entries[i] + 1]; j++) {
			p = &from->pairs[rule][j];
			if (count[p->value] == 0)
				out[(*at)++] = (struct engine_pair){p->value,
				    0};
			count[p->value] += p->count;
		}
	for (i = first; i < *at; i++) {
		out[i].count = count[out[i].value];
		count[out[i].value] = 0;
	}
}

static enum err
collapse_rule(struct engine *e, const struct engine_table *from, size_t rule,
    struct engine_table *t)
{
	const struct engine_groups *g = &e->groups;
	size_t at = 0, i, all = from->starts[rule][from->len];
	struct engine_pair *cut;

	t->starts[rule] = calloc(t->len + 1, sizeof(*t->starts[rule]));
	t->pairs[rule] = malloc((all + 1) * sizeof(*t->pairs[rule]));
	if (t->starts[rule] == NULL || t->pairs[rule] == NULL)
		return ERR_NOMEM;
	for (i = 0; i < t->len; i++) {
		join_pairs(from, rule, g->order + g->begin[i],
		    g->begin[i + 1] - g->begin[i], e->judges[rule].count,
		    t->pairs[rule], &at);
		t->starts[rule][i + 1] = (uint32_t)at;
	}
	cut = realloc(t->pairs[rule], (at + 1) * sizeof(*cut));
	if (cut == NULL)
		return ERR_NOMEM;
	t->pairs[rule] = cut;
	return ERR_OK;
}

static enum err
collapse_rules(struct engine *e, const struct engine_table *from,
    struct engine_table *t)
{
	size_t i;

	if (e->in.rules_len == 0)
		return ERR_OK;
	engine_table_order(e, from);
	for (i = 0; i < e->in.rules_len; i++)
		RETURN_IF(collapse_rule(e, from, i, t));
	return ERR_OK;
}

/* tuple -> entry of the new table, through the old one's. */
static enum err
collapse_tuples(const struct engine *e, const struct engine_table *from,
    struct engine_table *t)
{
	const uint32_t *old = from->entry_of != NULL ? from->entry_of :
	    e->entry_of_tuple;
	size_t i;

	if (e->people.len == 0)
		return ERR_OK;
	t->entry_of = malloc((e->in.tuples_len + 1) * sizeof(*t->entry_of));
	if (t->entry_of == NULL)
		return ERR_NOMEM;
	for (i = 0; i < e->in.tuples_len; i++)
		t->entry_of[i] = e->groups.of[old[i]];
	return ERR_OK;
}

static void
fill_entries(const struct engine *e, const struct engine_table *from,
    struct engine_table *t)
{
	const struct engine_groups *g = &e->groups;
	size_t i, w;

	/* Backwards, so that a group's key is its first entry's. */
	for (i = from->len; i-- > 0;) {
		for (w = 0; w < e->words; w++)
			t->keys[g->of[i] * e->words + w] =
			    from->keys[i * e->words + w];
		t->rows[g->of[i]] += from->rows[i];
		t->people[g->of[i]] += from->people[i];
		t->tuple[g->of[i]] = from->tuple[i];
		if (t->weight != NULL)
			t->weight[g->of[i]] += from->weight[i];
	}
}

enum err
engine_table_collapse(struct engine *e, const struct engine_table *t,
    const uint8_t *levels, struct engine_table **ret)
{
	struct engine_table *made = NULL;
	enum err err;

	RETURN_IF(table_new(e, e->groups.len, &made));
	memcpy(made->levels, levels, e->columns_len);
	fill_entries(e, t, made);
	err = collapse_rules(e, t, made);
	if (err == ERR_OK)
		err = collapse_tuples(e, t, made);
	if (err != ERR_OK) {
		engine_table_unref(made);
		return err;
	}
	*ret = made;
	return ERR_OK;
}

/* ---- the first table ---- */

static size_t
used_tuples(const struct engine *e)
{
	size_t i, n = 0;

	for (i = 0; i < e->in.tuples_len; i++)
		n += e->rows_of[i] > 0;
	return n;
}

/* One entry for each tuple that a row has. */
static void
make_keys(const struct engine *e, struct engine_table *t)
{
	const uint32_t *leaf = e->in.tuples;
	const struct engine_coded *c;
	uint64_t *key = t->keys;
	size_t i, j, at = 0;

	memset(t->keys, 0, (t->len * e->words + 1) * sizeof(*t->keys));
	for (i = 0; i < e->in.tuples_len; i++, leaf += e->columns_len) {
		if (e->rows_of[i] == 0)
			continue;
		for (j = 0; j < e->columns_len; j++) {
			c = &e->columns[j];
			key[c->word] |= c->path[leaf[j]];
		}
		key += e->words;
		t->rows[at] = e->in.joined ? e->single[i] : e->rows_of[i];
		t->people[at] = e->single[i];
		t->tuple[at] = (uint32_t)i;
		e->entry_of_tuple[i] = (uint32_t)at++;
	}
}

/* Each row's value as a pair of its tuple, tuple by tuple. */
static enum err
pairs_of_rows(const struct engine *e, size_t rule, struct engine_table *t)
{
	const uint32_t *of = e->in.tuple_of, *value = e->in.rules[rule].of_row;
	uint32_t *starts = calloc(t->len + 2, sizeof(*starts)), tuple;
	size_t i;

	t->starts[rule] = starts;
	t->pairs[rule] = malloc((e->rows + 1) * sizeof(*t->pairs[rule]));
	if (starts == NULL || t->pairs[rule] == NULL)
		return ERR_NOMEM;
	for (i = 0; i < t->len; i++)
		starts[i + 2] = t->rows[i];
	for (i = 2; i <= t->len; i++)
		starts[i] += starts[i - 1];
	for (i = 0; i < e->rows; i++) {
		tuple = of == NULL ? (uint32_t)i : of[i];
		t->pairs[rule][starts[e->entry_of_tuple[tuple] + 1]++] =
		    (struct engine_pair){value[i], 1};
	}
	return ERR_OK;
}

/* The entries of the finest table are the distinct tuples. */
static void
set_weights_of_tuples(struct engine *e, struct engine_table *t)
{
	double rows;
	size_t i;

	e->divergence = 0;
	for (i = 0; t->weight != NULL && i < t->len; i++) {
		rows = t->rows[i];
		t->weight[i] = rows * rows;
		e->divergence += rows * rows * log2(rows);
	}
}

enum err
engine_table_base(struct engine *e, struct engine_table **ret)
{
	struct engine_table *raw = NULL;
	uint8_t from[ENGINE_COLUMNS_MAX] = {0};
	enum err err;
	size_t i;

	RETURN_IF(table_new(e, used_tuples(e), &raw));
	make_keys(e, raw);
	for (i = 0; i < e->columns_len; i++)
		from[i] = (uint8_t)e->columns[i].from;
	err = engine_table_group(e, raw, from, SIZE_MAX);
	for (i = 0; i < e->in.rules_len && err == ERR_OK; i++)
		err = pairs_of_rows(e, i, raw);
	if (err == ERR_OK) {
		err = engine_table_collapse(e, raw, from, ret);
		if (err == ERR_OK)
			set_weights_of_tuples(e, *ret);
		for (i = 0; i < raw->len; i++)
			e->entry_of_tuple[raw->tuple[i]] = e->groups.of[i];
	}
	engine_table_unref(raw);
	return err;
}
