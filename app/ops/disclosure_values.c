/* The order of sensitive values. */
#include <stdlib.h>
#include <string.h>

#include "app/ops/disclosure.h"

struct ranked {
	const char *text;
	double number;
	uint32_t came;
};

static int by_text(const void *a, const void *b)
{
	return strcmp(((const struct ranked *)a)->text,
	    ((const struct ranked *)b)->text);
}

static int by_number(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	return x->number < y->number ? -1 : x->number > y->number ? 1 :
	    by_text(a, b);
}

static enum err rank_values(const struct disclosure_args *a,
    enum engine_model model, const char *column, const struct dictionary *d,
    struct ranked *r, struct outcome *o)
{
	for (size_t i = 0; i < d->len; i++) {
		char *end = NULL;

		r[i].text = (const char *)dictionary_text(d,
		    (uint32_t)i).data;
		r[i].came = (uint32_t)i;
		r[i].number = strtod(r[i].text, &end);
		if (a->numeric_order && model == ENGINE_T_ORDERED &&
		    (end == r[i].text || *end != '\0'))
			return outcome_refuse(o, ERR_SYNTAX,
			    "column %s has a value that is no number",
			    "列%sに数でない値があります", column);
	}
	if (model == ENGINE_T_ORDERED)
		qsort(r, d->len, sizeof(*r), a->numeric_order ? by_number :
		    by_text);
	return ERR_OK;
}

enum err disclosure_values_order(const struct disclosure_args *a,
    struct disclosure_table *t, size_t i, struct outcome *o)
{
	struct disclosure_sensitive *s = &t->sensitive[i];
	size_t len = s->texts.len;
	struct ranked *r = calloc(len + 1, sizeof(*r));
	uint32_t *rank = calloc(len + 1, sizeof(*rank));
	enum err e = r == NULL || rank == NULL ? ERR_NOMEM :
	    rank_values(a, a->rules[i].model, s->column.name, &s->texts, r,
	    o);

	s->values = len;
	s->came = calloc(len + 1, sizeof(*s->came));
	if (s->came == NULL)
		e = ERR_NOMEM;
	if (e == ERR_OK) {
		for (size_t v = 0; v < len; v++) {
			rank[r[v].came] = (uint32_t)v;
			s->came[v] = r[v].came;
		}
		for (size_t row = 0; row < t->rows; row++)
			s->of_row[row] = rank[s->of_row[row]];
	}
	free(r);
	free(rank);
	return e;
}
