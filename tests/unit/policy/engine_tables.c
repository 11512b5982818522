/* Tables from dice. */
#include "tests/unit/policy/engine_tables.h"

#include <string.h>

#define COLUMNS ENGINE_TABLES_COLUMNS
#define LEVELS ENGINE_TABLES_LEVELS
#define LEAVES ENGINE_TABLES_LEAVES
#define ROWS ENGINE_TABLES_ROWS
#define VALUES ENGINE_TABLES_VALUES

unsigned
engine_tables_roll(struct engine_tables *t, unsigned below)
{
	t->seed ^= t->seed << 13;
	t->seed ^= t->seed >> 7;
	t->seed ^= t->seed << 17;
	return (unsigned)(t->seed >> 33) % below;
}

/* Sometimes a leaf stands in two lines of the hierarchy. */
static void
make_sizes(struct engine_tables *t, size_t c)
{
	struct engine_column *col = &t->columns[c];
	int said = engine_tables_roll(t, 2) == 0;
	size_t i, j;
	unsigned l;

	for (i = 0; i < col->leaves; i++) {
		t->times[c][i] = said && engine_tables_roll(t, 4) == 0 ? 2 : 1;
		col->domain += t->times[c][i];
	}
	for (l = 0; l < LEVELS; l++) {
		for (i = 0; i < col->leaves; i++)
			for (j = 0; j < col->leaves; j++)
				t->sizes[c][l][i] += t->labels[c][l][j] ==
				    t->labels[c][l][i] ? t->times[c][j] : 0;
		t->sizes_of[c][l] = t->sizes[c][l];
	}
	col->sizes = said ? t->sizes_of[c] : NULL;
	col->domain = said ? col->domain : 0;
}

static void
make_column(struct engine_tables *t, size_t c)
{
	struct engine_column *col = &t->columns[c];
	uint32_t parent[LEAVES];
	unsigned l;
	size_t i;

	*col = (struct engine_column){.levels = 1 + engine_tables_roll(t, LEVELS),
	    .labels = t->level_of[c], .leaves = 1 + engine_tables_roll(t, LEAVES),
	    .weight = engine_tables_roll(t, 3) ? 1 : engine_tables_roll(t, 5) / 4.0};
	for (l = 0; l < LEVELS; l++) {
		for (i = 0; i < LEAVES; i++)
			parent[i] = l + 1 >= col->levels && engine_tables_roll(t, 3) ? 0 :
			    engine_tables_roll(t, LEAVES / (l + 1));
		for (i = 0; i < LEAVES; i++)
			t->labels[c][l][i] = l == 0 ? (uint32_t)i :
			    parent[t->labels[c][l - 1][i]];
		t->level_of[c][l] = l == 0 && engine_tables_roll(t, 2) ? NULL :
		    t->labels[c][l];
	}
	make_sizes(t, c);
	col->to = col->levels - 1;
	if (engine_tables_roll(t, 4) == 0)
		col->to = engine_tables_roll(t, col->levels);
	if (engine_tables_roll(t, 4) == 0)
		col->from = engine_tables_roll(t, col->to + 1);
}

static void
make_rows(struct engine_tables *t, size_t columns)
{
	struct engine_input *in = &t->in;
	size_t i, c, tuples = 1 + engine_tables_roll(t, ROWS), longest;

	in->columns = t->columns;
	in->columns_len = columns;
	in->tuples = t->tuples;
	in->tuples_len = tuples;
	for (i = 0; i < tuples; i++)
		for (c = 0; c < columns; c++)
			t->tuples[i * columns + c] = engine_tables_roll(t, 2) ? 0 :
			    engine_tables_roll(t, (unsigned)t->columns[c].leaves);
	in->rows_len = tuples;
	in->tuple_of = NULL;
	if (engine_tables_roll(t, 2)) {
		in->rows_len = 1 + engine_tables_roll(t, ROWS);
		in->tuple_of = t->tuple_of;
	}
	longest = 1 + engine_tables_roll(t, ROWS);
	for (i = 0; i < ROWS; i++) {
		t->tuple_of[i] = engine_tables_roll(t, (unsigned)tuples);
		t->people[i] = engine_tables_roll(t, 4) ? (uint32_t)i : engine_tables_roll(t, (unsigned)
		    longest);
		t->values[i] = engine_tables_roll(t, 3) ? engine_tables_roll(t, 2) : engine_tables_roll(t, VALUES);
	}
	in->respondents = engine_tables_roll(t, 2) ? t->people : NULL;
}

static size_t
people_of(const struct engine_tables *t)
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
make_rules(struct engine_tables *t)
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
	t->in.rules_len = engine_tables_roll(t, 3) > 0 ? 1 :
	    2 + engine_tables_roll(t, 2);
	for (i = 0; i < ENGINE_TABLES_RULES; i++)
		t->rules[i] = (struct engine_rule){
		    .model = (enum engine_model)engine_tables_roll(t, 10),
		    /* no class is exactly on the edge */
		    .l = 1.0171 + engine_tables_roll(t, 5) / 2.0, .c = 0.513 + engine_tables_roll(t, 6) / 2.0,
		    .t = 0.0137 + engine_tables_roll(t, 10) / 10.0, .of_row = t->values,
		    .values = VALUES, .labels = t->value_level, .levels = 3};
}

/* As some metrics need it: each row somebody else's, from the finest level. */
static void
simple(struct engine_tables *t)
{
	size_t c;

	t->in.respondents = NULL;
	t->people_len = people_of(t);
	for (c = 0; c < t->in.columns_len; c++)
		t->columns[c].from = 0;
}

void
engine_tables_make(struct engine_tables *t, uint64_t seed, size_t columns)
{
	size_t c;

	memset(t, 0, sizeof(*t));
	t->made_from = t->seed = seed;
	(void)engine_tables_roll(t, 2);
	for (c = 0; c < columns; c++)
		make_column(t, c);
	make_rows(t, columns);
	if (engine_tables_roll(t, 2)) {
		t->in.respondents = NULL;
		make_rules(t);
	}
	t->people_len = people_of(t);
	t->in.k = 1 + engine_tables_roll(t, 5);
	t->in.limit = engine_tables_roll(t, 3) == 0 ? 0 : engine_tables_roll(t, 3) == 0 ? 1 : engine_tables_roll(t, 100) / 100.0;
	t->in.metric = (enum engine_metric)(engine_tables_roll(t, 2) ? 0 :
	    engine_tables_roll(t, ENGINE_METRICS));
	if (t->in.metric >= ENGINE_DIVERGENCE)
		simple(t);
	t->in.aggregate = (enum engine_aggregate)(engine_tables_roll(t, 2) ? 0 : engine_tables_roll(t, 6));
	t->in.joined = t->in.rules_len == 0 && t->in.rows_len <= 24 &&
	    t->in.metric <= ENGINE_ENTROPY_NORMALISED;
	t->in.has_balance = engine_tables_roll(t, 3) == 0;
	t->in.balance = engine_tables_roll(t, 11) / 10.0;
}
