/* The rules on answers beside k: their values, and the levels that keep them.
 *
 * The search for k alone comes first.  Where the rules hold at its levels, or
 * take nobody more away, these are the best there are, since no others lose
 * less with k alone.  Else policy/disclosure/models_search.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/job_internal.h"
#include "core/text.h"
#include "policy/disclosure/models_search.h"

#define PLACES_MAX 8192         /* values with an order or a ladder */

/* A rule, and what was answered. */
struct answered {
	const struct model_rule *rule;
	const struct job_column *col;
	struct ladder *ladder;
	struct ladder_map *map;
	unsigned level;                 /* of the map, at which it leaves */
	uint32_t *leaf_of;              /* by row */
	size_t len, cap;
	/* once all is read */
	uint32_t *value_of;             /* by answer, in people's order */
	uint32_t *by_place, *item_starts, *items;
	uint32_t *labels[MODELS_LEVELS_MAX];
	unsigned levels;
	char **texts;                   /* of each value */
	/* for the count behind it */
	const char **names, **words;
	char (*options)[SURVEY_COLUMN_NAME_MAX + 1];
	struct tally_path *paths;
	const char **path_labels;
};

struct job_models {
	struct answered all[MODEL_RULES_MAX];
	size_t len;
	struct model_rule rules[MODEL_RULES_MAX];
	struct models_column columns[MODEL_RULES_MAX];
	struct tally_rule tallies[MODEL_RULES_MAX];
	size_t *starts;                 /* by person, into answers */
	uint8_t *gone;                  /* by person */
	uint8_t *left_out;              /* by respondent, once chosen */
	struct models *models;
};

static void answered_release(struct answered *a)
{
	free(a->leaf_of);
	free(a->value_of);
	free(a->by_place);
	free(a->item_starts);
	free(a->items);
	for (size_t i = 0; i < ARRAY_LEN(a->labels); i++)
		free(a->labels[i]);
	for (size_t i = 0; a->texts != NULL && a->texts[i] != NULL; i++)
		free(a->texts[i]);
	free(a->texts);
	free(a->names);
	free(a->words);
	free(a->options);
	free(a->paths);
	free(a->path_labels);
	ladder_map_free(a->map);
	ladder_free(a->ladder);
}

void job_models_free(struct job_models *m)
{
	if (m == NULL)
		return;
	models_free(m->models);
	for (size_t i = 0; i < m->len; i++)
		answered_release(&m->all[i]);
	free(m->starts);
	free(m->gone);
	free(m->left_out);
	free(m);
}

/* ---- while rows are read ---- */

static const struct job_column *column_of(const struct job_scan *s,
    const char *field)
{
	for (size_t i = 0; i < s->columns_len; i++)
		if (strcmp(s->columns[i].plan->field, field) == 0)
			return &s->columns[i];
	return NULL;
}

static enum err open_map(struct answered *a, const struct docket *d)
{
	const char *name = a->rule->kind == MODEL_T_LADDER ?
	    a->rule->ladder : a->col->plan->ladder;

	if (name[0] == '\0')
		RETURN_IF(ladder_new_as_is(a->col->field, &a->ladder));
	for (size_t i = 0; i < d->ladders_len; i++)
		if (a->ladder == NULL && strcmp(d->files[i].name, name) == 0)
			RETURN_IF(ladder_parse(d->files[i].bytes,
			    a->col->field, &a->ladder, NULL));
	if (a->ladder == NULL)
		return ERR_NOT_FOUND;
	if (a->col->plan->ladder[0] != '\0')
		a->level = a->col->level;
	return ladder_map_new(a->ladder, 0, &a->map);
}

enum err job_models_new(const struct job_scan *s, const struct job_case *c,
    struct job_models **ret)
{
	struct job_models *m = calloc(1, sizeof(*m));

	if (m == NULL)
		return ERR_NOMEM;
	*ret = m;
	for (size_t i = 0; i < c->plan.models_len; i++) {
		struct answered *a = &m->all[m->len++];

		m->rules[i] = c->plan.models[i];
		a->rule = &m->rules[i];
		a->col = column_of(s, a->rule->field);
		if (a->col == NULL || a->col->quasi)
			return ERR_NOT_FOUND;
		RETURN_IF(open_map(a, &c->docket));
	}
	return ERR_OK;
}

enum err job_models_note(struct job_models *m, const struct answers_value *v)
{
	for (size_t i = 0; i < m->len; i++) {
		struct answered *a = &m->all[i];

		if (a->len == a->cap) {
			size_t cap = a->cap == 0 ? 65536 : a->cap * 5 / 4;
			uint32_t *leaf_of = reallocarray(a->leaf_of, cap,
			    sizeof(*leaf_of));

			if (leaf_of == NULL)
				return ERR_NOMEM;
			a->leaf_of = leaf_of;
			a->cap = cap;
		}
		RETURN_IF(ladder_map_leaf(a->map, &v[a->col->field->index],
		    &a->leaf_of[a->len++]));
	}
	return ERR_OK;
}

/* ---- values ---- */

static size_t values_of(const struct answered *a)
{
	return ladder_map_labels(a->map, a->level);
}

static enum err make_texts(struct answered *a)
{
	a->texts = calloc(values_of(a) + 1, sizeof(*a->texts));
	if (a->texts == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < values_of(a); i++) {
		struct bytes b = ladder_map_label(a->map, a->level,
		    (uint32_t)i);

		a->texts[i] = strndup(b.len == 0 ? "" :
		    (const char *)b.data, b.len);
		if (a->texts[i] == NULL)
			return ERR_NOMEM;
	}
	return ERR_OK;
}

static size_t category_of(const struct survey_field *f, struct bytes code)
{
	size_t i = 0;

	while (i < f->categories_len &&
	    !bytes_equal(code, f->categories[i].value))
		i++;
	return i;
}

enum value_order { BY_NUMBER, BY_TEXT, BY_CATEGORY };

static enum value_order order_of(const struct survey_field *f)
{
	if (f->categories_len > 0)
		return BY_CATEGORY;
	return f->kind == SURVEY_KIND_INTEGER || f->kind == SURVEY_KIND_NUMBER ?
	    BY_NUMBER : BY_TEXT;
}

/* < 0: value x stands before value y; no answer is first. */
static int compare_places(const struct answered *a, uint32_t x, uint32_t y)
{
	const struct survey_field *f = a->col->field;
	const char *p = a->texts[x], *q = a->texts[y];
	double m, n;

	if (p[0] == '\0' || q[0] == '\0')
		return (p[0] != '\0') - (q[0] != '\0');
	switch (order_of(f)) {
	case BY_NUMBER:
		m = strtod(p, NULL);
		n = strtod(q, NULL);
		return (m > n) - (m < n);
	case BY_CATEGORY:
		return category_of(f, bytes_str(p)) <
		    category_of(f, bytes_str(q)) ? -1 : 1;
	case BY_TEXT:
	default:
		return strcmp(p, q);
	}
}

static enum err make_places(struct answered *a)
{
	size_t n = values_of(a);

	a->by_place = calloc(n + 1, sizeof(*a->by_place));
	if (a->by_place == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < n; i++) {
		size_t at = i;

		for (; at > 0 && compare_places(a, (uint32_t)i,
		    a->by_place[at - 1]) < 0; at--)
			a->by_place[at] = a->by_place[at - 1];
		a->by_place[at] = (uint32_t)i;
	}
	return ERR_OK;
}

/* A list's value is the codes of its options, separated by spaces. */
static enum err make_items(struct answered *a)
{
	const struct survey_field *f = a->col->field;
	size_t n = values_of(a), len = 0;

	a->item_starts = calloc(n + 2, sizeof(*a->item_starts));
	a->items = calloc(n * f->categories_len + 1, sizeof(*a->items));
	if (a->item_starts == NULL || a->items == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < n; i++) {
		struct bytes rest = bytes_str(a->texts[i]), code;

		while (rest.len > 0 && text_list_next(&rest, &code)) {
			size_t item = category_of(f, code);

			if (item == f->categories_len)
				return ERR_CORRUPT;
			a->items[len++] = (uint32_t)item;
		}
		a->item_starts[i + 1] = (uint32_t)len;
	}
	return ERR_OK;
}

/* Dense numbers for the labels of a level, by value; how many. */
static size_t dense(const uint32_t *label_of, size_t values, uint32_t *labels)
{
	size_t len = 0;

	for (size_t i = 0; i < values; i++) {
		size_t k = 0;

		while (k < i && label_of[k] != label_of[i])
			k++;
		labels[i] = k < i ? labels[k] : (uint32_t)len++;
	}
	return len;
}

/* The ladder above the level at which the values leave, up to one root. */
static enum err make_tree(struct answered *a)
{
	size_t n = values_of(a), labels = 2;
	unsigned top = ladder_levels(a->ladder);
	uint32_t *label_of = calloc(n + 1, sizeof(*label_of));
	enum err e = label_of == NULL ? ERR_NOMEM : ERR_OK;

	for (a->levels = 1; e == ERR_OK && labels > 1; a->levels++) {
		unsigned level = a->level + a->levels;
		const uint32_t *here = ladder_map_level(a->map, a->level);
		const uint32_t *up = level < top ?
		    ladder_map_level(a->map, level) : NULL;

		if (a->levels >= MODELS_LEVELS_MAX) {
			e = ERR_LIMIT;
			break;
		}
		for (size_t i = 0; i < ladder_map_leaves(a->map); i++)
			label_of[here[i]] = up == NULL ? 0 : up[i];
		a->labels[a->levels] = calloc(n + 1, sizeof(uint32_t));
		if (a->labels[a->levels] == NULL)
			e = ERR_NOMEM;
		else
			labels = dense(label_of, n, a->labels[a->levels]);
	}
	free(label_of);
	return e;
}

static enum err make_values(struct answered *a, const uint32_t *order)
{
	const uint32_t *value = ladder_map_level(a->map, a->level);

	a->value_of = calloc(a->len + 1, sizeof(*a->value_of));
	if (a->value_of == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < a->len; i++)
		a->value_of[i] = value[a->leaf_of[order[i]]];
	free(TAKE(a->leaf_of));
	RETURN_IF(make_texts(a));
	if ((a->rule->kind == MODEL_T_ORDERED ||
	    a->rule->kind == MODEL_T_LADDER) && values_of(a) > PLACES_MAX)
		return ERR_LIMIT;
	if (a->rule->kind == MODEL_T_ORDERED)
		return make_places(a);
	if (a->rule->kind == MODEL_SETS)
		return make_items(a);
	return a->rule->kind == MODEL_T_LADDER ? make_tree(a) : ERR_OK;
}

static enum err open_models(const struct job_scan *s, struct job_models *m,
    unsigned k)
{
	size_t people;
	const struct kanon_row *rows = job_visits_people(s, &people);
	struct models_input in = {.people = people, .k = k,
	    .rules = m->rules, .columns = m->columns, .rules_len = m->len};

	m->starts = calloc(people + 1, sizeof(*m->starts));
	m->gone = calloc(people + 1, 1);
	m->left_out = calloc((size_t)s->respondents + 1, 1);
	if (m->starts == NULL || m->gone == NULL || m->left_out == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < people; i++)
		m->starts[i + 1] = m->starts[i] +
		    s->answers[rows[i].respondent];
	in.starts = m->starts;
	for (size_t i = 0; i < m->len; i++) {
		struct answered *a = &m->all[i];

		RETURN_IF(make_values(a, job_visits_order(s)));
		m->columns[i] = (struct models_column){
		    .value_of = a->value_of, .values = values_of(a),
		    .by_place = a->by_place,
		    .labels = (const uint32_t *const *)a->labels,
		    .levels = a->levels, .item_starts = a->item_starts,
		    .items = a->items};
	}
	return models_new(&in, &m->models);
}

/* ---- the levels ---- */

static const uint32_t *leaves_of(const void *scan, uint32_t tuple)
{
	return job_visits_leaves(scan, tuple);
}

static struct models_table table_of(const struct job_scan *s,
    const struct plan *plan)
{
	struct models_table t = {.kanon = s->kanon,
	    .models = s->models->models, .columns = job_visits_columns(s),
	    .columns_len = s->dimensions, .leaves = leaves_of, .ctx = s};

	t.rows = job_visits_people(s, &t.people);
	t.allowed = (uint64_t)t.people * plan->suppression_limit / 10000;
	return t;
}

/* As found, once more: who does not leave. */
static enum err take(const struct job_scan *s, const struct models_table *t,
    const struct models_found *f, struct kanon_result *r)
{
	struct models_found again;

	RETURN_IF(models_try(t, f->levels, s->models->gone, &again));
	if (again.suppressed != f->suppressed)
		return ERR_MISMATCH;
	memcpy(r->levels, f->levels, sizeof(r->levels));
	r->suppressed_respondents = f->suppressed;
	r->loss = f->loss;
	r->bound = f->bound;
	for (size_t i = 0; i < t->people; i++)
		s->models->left_out[t->rows[i].respondent] =
		    s->models->gone[i];
	return ERR_OK;
}

enum err job_models_choose(struct job_scan *s, const struct plan *plan)
{
	struct models_table t;
	struct models_found f;
	enum err e = ERR_OK;

	RETURN_IF(open_models(s, s->models, plan->k));
	t = table_of(s, plan);
	RETURN_IF(models_try(&t, s->result.levels, s->models->gone, &f));
	f.bound = s->result.bound;
	if (f.suppressed != f.for_k || f.suppressed > t.allowed)
		e = models_search(&t, &f);
	if (e == ERR_REFUSED || e == ERR_LIMIT) {
		s->rules_refused = 1;
		return ERR_REFUSED;
	}
	return e == ERR_OK ? take(s, &t, &f, &s->result) : e;
}

int job_models_leave_out(const struct job_models *m, uint32_t respondent)
{
	return m->left_out != NULL && m->left_out[respondent];
}

/* ---- for the count of what was written ---- */

static enum err name_columns(struct answered *a, struct tally_rule *t)
{
	const struct survey_field *f = a->col->field;
	size_t n = a->rule->kind == MODEL_SETS ? f->columns : 1;

	a->names = calloc(n + 1, sizeof(*a->names));
	a->options = calloc(n + 1, sizeof(*a->options));
	if (a->names == NULL || a->options == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < n; i++) {
		if (a->rule->kind == MODEL_SETS)
			answers_column_name(f, i, a->options[i]);
		else
			(void)snprintf(a->options[i], sizeof(a->options[i]),
			    "%s", f->name);
		a->names[i] = a->options[i];
	}
	t->columns = a->names;
	t->columns_len = n;
	return ERR_OK;
}

static enum err name_words(struct answered *a, struct tally_rule *t)
{
	static const enum tally_order orders[] = {[BY_NUMBER] = TALLY_NUMBERS,
	    [BY_TEXT] = TALLY_TEXT, [BY_CATEGORY] = TALLY_WORDS};
	const struct survey_field *f = a->col->field;

	t->order = orders[order_of(f)];
	a->words = calloc(f->categories_len + 1, sizeof(*a->words));
	if (a->words == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < f->categories_len; i++)
		a->words[i] = (const char *)f->categories[i].value.data;
	t->words = a->words;
	t->words_len = f->categories_len;
	return ERR_OK;
}

/* Label k of a value stands for its node: the first value's text under it. */
static enum err name_paths(struct answered *a, struct tally_rule *t)
{
	size_t n = values_of(a), up = a->levels - 1;

	a->paths = calloc(n + 1, sizeof(*a->paths));
	a->path_labels = calloc(n * up + 1, sizeof(*a->path_labels));
	if (a->paths == NULL || a->path_labels == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < n; i++) {
		a->paths[i] = (struct tally_path){a->texts[i],
		    a->path_labels + i * up};
		for (size_t l = 1; l <= up; l++) {
			size_t k = 0;

			while (a->labels[l][k] != a->labels[l][i])
				k++;
			a->path_labels[i * up + l - 1] = a->texts[k];
		}
	}
	t->paths = a->paths;
	t->paths_len = n;
	t->levels = (unsigned)up;
	return ERR_OK;
}

enum err job_models_tally(struct job_models *m, uint64_t k, struct tally **ret)
{
	for (size_t i = 0; i < m->len; i++) {
		struct answered *a = &m->all[i];
		struct tally_rule *t = &m->tallies[i];

		t->rule = m->rules[i];
		RETURN_IF(name_columns(a, t));
		if (t->rule.kind == MODEL_T_ORDERED)
			RETURN_IF(name_words(a, t));
		if (t->rule.kind == MODEL_T_LADDER)
			RETURN_IF(name_paths(a, t));
	}
	return tally_new(m->tallies, m->len, k, ret);
}
