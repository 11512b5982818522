/* One table from file to file. */
#include "app/ops/disclosure.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/clock.h"

void disclosure_done_release(struct disclosure_done *d)
{
	disclosure_table_release(&d->table);
	*d = (struct disclosure_done){0};
}

static double now_ms(void)
{
	struct timespec t = {0};

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

struct deadline {
	double at_ms;
};

static int go_on(void *ctx)
{
	const struct deadline *d = ctx;

	return now_ms() < d->at_ms;
}

/* ---- columns ---- */

/* ARX's weight of a column nobody weighs. */
#define WEIGHT_DEFAULT 0.5

static enum err weight_of(const char *weights, const char *name, double *ret,
    struct outcome *o)
{
	size_t len = strlen(name);
	char *end = NULL;

	*ret = WEIGHT_DEFAULT;
	for (const char *p = weights; p != NULL;
	    p = strchr(p, ',') == NULL ? NULL : strchr(p, ',') + 1) {
		if (strncmp(p, name, len) != 0 || p[len] != '=')
			continue;
		*ret = strtod(p + len + 1, &end);
		if (end == p + len + 1 || (*end != ',' && *end != '\0') ||
		    !(*ret >= 0))
			return outcome_refuse(o, ERR_USAGE,
			    "the weight of %s is no number",
			    "%sの重みが数ではありません", name);
	}
	return ERR_OK;
}

static enum err known_weights(const struct disclosure_args *a,
    const struct disclosure_table *t, struct outcome *o)
{
	for (const char *p = a->weights; p != NULL;
	    p = strchr(p, ',') == NULL ? NULL : strchr(p, ',') + 1) {
		size_t len = strcspn(p, "=,"), i = 0;

		while (i < t->columns_len && (strlen(t->columns[i].name) !=
		    len || memcmp(t->columns[i].name, p, len) != 0))
			i++;
		if (i == t->columns_len || p[len] != '=')
			return outcome_refuse(o, ERR_USAGE,
			    "weights are NAME=NUMBER of quasi-identifiers: "
			    "%.64s", "重みは準識別子のNAME=NUMBERです：%.64s",
			    p);
	}
	return ERR_OK;
}

static enum err fill_columns(const struct disclosure_args *a,
    const struct disclosure_table *t, struct engine_column *ret,
    struct outcome *o)
{
	RETURN_IF(known_weights(a, t, o));
	for (size_t i = 0; i < t->columns_len; i++) {
		const struct hierarchy *h = t->columns[i].hierarchy;

		ret[i] = (struct engine_column){
		    .levels = hierarchy_levels(h),
		    .to = hierarchy_levels(h) - 1,
		    .labels = hierarchy_labels(h),
		    .leaves = hierarchy_leaves(h),
		    .sizes = hierarchy_sizes(h),
		    .domain = hierarchy_lines(h)};
		RETURN_IF(weight_of(a->weights, t->columns[i].name,
		    &ret[i].weight, o));
	}
	return ERR_OK;
}

static struct engine_rule rule_of(const struct disclosure_rule *rule,
    const struct disclosure_sensitive *s)
{
	struct engine_rule r = {.model = rule->model, .l = rule->l,
	    .c = rule->c, .t = rule->t, .of_row = s->of_row,
	    .values = s->values};

	if (rule->model == ENGINE_T_HIERARCHICAL) {
		r.labels = hierarchy_labels(s->column.hierarchy);
		r.levels = hierarchy_levels(s->column.hierarchy);
	}
	return r;
}

/* ---- the run ---- */

static enum err search(const struct disclosure_args *a,
    struct disclosure_done *d, struct engine **ret, struct outcome *o)
{
	struct engine_column columns[ENGINE_COLUMNS_MAX];
	struct engine_rule rules[ENGINE_RULES_MAX];
	struct deadline deadline = {now_ms() + (double)a->budget_ms};
	struct engine_input in = {.columns = columns,
	    .columns_len = d->table.columns_len, .tuples = d->table.leaves,
	    .tuples_len = d->table.rows, .rows_len = d->table.rows,
	    .respondents = d->table.respondents, .joined = a->joined,
	    .k = a->k,
	    .limit = a->limit, .rules = rules, .rules_len = a->rules_len,
	    .metric = a->metric, .aggregate = a->aggregate,
	    .has_balance = a->has_balance, .balance = a->balance,
	    .nodes_max = a->nodes_max,
	    .go_on = a->budget_ms > 0 ? go_on : NULL, .ctx = &deadline};

	if (d->table.rows == 0)
		return outcome_refuse(o, ERR_REFUSED, "the file has no row",
		    "ファイルに行がありません");
	RETURN_IF(fill_columns(a, &d->table, columns, o));
	for (size_t i = 0; i < a->rules_len; i++)
		rules[i] = rule_of(&a->rules[i], &d->table.sensitive[i]);
	RETURN_IF(engine_new(&in, ret));
	return engine_search(*ret, &d->result);
}

enum err disclosure_run(const struct disclosure_args *a,
    struct disclosure_done *ret, struct outcome *o)
{
	CLEANUP(engine_cleanup) struct engine *e = NULL;
	double begun = now_ms(), read;
	enum err err;

	RETURN_IF(disclosure_table_read(a, &ret->table, o));
	read = now_ms();
	ret->read_ms = read - begun;
	err = search(a, ret, &e, o);
	ret->search_ms = now_ms() - read;
	if (err != ERR_OK || a->out == NULL)
		return err;
	return disclosure_table_write(a, &ret->table, e, ret->result.levels,
	    o);
}
