/* policy/disclosure/engine_table.c - distinct keys, and grouping them.
 *
 * Groups get numbers in the order in which their first entries stand, so
 * nothing depends on the hash.
 */
#include <stdlib.h>
#include <string.h>

#include "policy/disclosure/engine_internal.h"

#define SLOTS_MIN 1024
#define BLOCK 32

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

static uint64_t
mix(uint64_t x)
{
	x ^= x >> 32;
	x *= 0xd6e8feb86659fd93u;
	x ^= x >> 32;
	x *= 0xd6e8feb86659fd93u;
	return x ^ x >> 32;
}

static enum err
grow_groups(struct engine_groups *g)
{
	size_t cap = g->cap == 0 ? 1024 : g->cap * 2;
	struct engine_group *all = realloc(g->all, cap * sizeof(*all));

	if (all == NULL)
		return ERR_NOMEM;
	g->all = all;
	g->cap = cap;
	return ERR_OK;
}

static enum err
need_slots(struct engine_groups *g, size_t len)
{
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
	memset(g->slots, 0, len * sizeof(*g->slots));
	return ERR_OK;
}

/* Four times the slots, with what is in them. */
static enum err
grow_slots(struct engine_groups *g)
{
	size_t old_len = g->slots_len, len = old_len * 4, i, at;
	struct engine_slot *old = g->slots, *slots;

	slots = calloc(len, sizeof(*slots));
	if (slots == NULL)
		return ERR_NOMEM;
	for (i = 0; i < old_len; i++) {
		if (old[i].group == 0)
			continue;
		at = (size_t)mix(old[i].tag) & (len - 1);
		while (slots[at].group != 0)
			at = (at + 1) & (len - 1);
		slots[at] = old[i];
	}
	free(old);
	g->slots = slots;
	g->slots_len = g->slots_cap = len;
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
static inline uint64_t
tag_of(const struct pass *p, size_t i, size_t words)
{
	const uint64_t *key = p->t->keys + i * words;
	uint64_t tag = key[0] & p->masks[0];
	size_t w;

	for (w = 1; w < words; w++)
		tag = mix(tag) + (key[w] & p->masks[w]);
	return tag;
}

static inline enum err
insert(struct pass *p, size_t i, uint64_t tag, uint32_t *ret, int exact)
{
	struct engine_groups *g = p->g;
	size_t at = (size_t)mix(tag) & (g->slots_len - 1);
	struct engine_slot *s;

	for (;; at = (at + 1) & (g->slots_len - 1)) {
		s = &g->slots[at];
		if (s->group == 0)
			break;
		if (s->tag == tag && (exact || same_key(p, s->entry, i))) {
			*ret = s->group - 1;
			return ERR_OK;
		}
	}
	if (g->len == p->max)
		return ERR_LIMIT;
	if (g->len == g->cap)
		RETURN_IF(grow_groups(g));
	*s = (struct engine_slot){tag, (uint32_t)g->len + 1, (uint32_t)i};
	g->all[g->len] = (struct engine_group){.tuple = p->t->tuple[i]};
	*ret = (uint32_t)g->len++;
	return g->len * 2 > g->slots_len ? grow_slots(g) : ERR_OK;
}

/* A block of tags first, so that their slots are on their way from memory. */
static inline enum err
group_all(struct pass *p, size_t words)
{
	const struct engine_table *t = p->t;
	struct engine_groups *g = p->g;
	uint64_t tags[BLOCK], last = 0;
	size_t start, len, i;
	uint32_t at = UINT32_MAX;

	for (start = 0; start < t->len; start += len) {
		len = t->len - start < BLOCK ? t->len - start : BLOCK;
		for (i = 0; i < len; i++)
			tags[i] = tag_of(p, start + i, words);
		if (g->slots_len > 16384)
			for (i = 0; i < len; i++)
				__builtin_prefetch(&g->slots[(size_t)
				    mix(tags[i]) & (g->slots_len - 1)]);
		for (i = 0; i < len; i++) {
			if (at == UINT32_MAX || words > 1 || tags[i] != last)
				RETURN_IF(insert(p, start + i, tags[i], &at,
				    words == 1));
			last = tags[i];
			g->of[start + i] = at;
			g->all[at].people += t->people[start + i];
			g->all[at].rows += t->rows[start + i];
		}
	}
	return ERR_OK;
}

enum err
engine_table_group(struct engine *e, const struct engine_table *t,
    const uint8_t *levels, size_t max)
{
	struct pass p = {.g = &e->groups, .t = t, .words = e->words,
	    .max = max};

	masks_of(e, levels, p.masks);
	e->groups.len = 0;
	RETURN_IF(need_slots(&e->groups, SLOTS_MIN));
	return e->words == 1 ? group_all(&p, 1) : e->words == 2 ?
	    group_all(&p, 2) : group_all(&p, p.words);
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
	if (cut != NULL)
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
		t->rows[at] = e->rows_of[i];
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
		for (i = 0; i < raw->len; i++)
			e->entry_of_tuple[raw->tuple[i]] = e->groups.of[i];
	}
	engine_table_unref(raw);
	return err;
}
