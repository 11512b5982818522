/* tests/unit/policy/engine_tables.h - small random tables for the engine, and
 * a checker that tries every vector and counts by comparing rows.
 */
#ifndef AZUKARI_TESTS_UNIT_POLICY_ENGINE_TABLES_H
#define AZUKARI_TESTS_UNIT_POLICY_ENGINE_TABLES_H

#include "policy/disclosure/engine.h"

#define ENGINE_TABLES_COLUMNS 12
#define ENGINE_TABLES_LEVELS 4
#define ENGINE_TABLES_LEAVES 12
#define ENGINE_TABLES_ROWS 64
#define ENGINE_TABLES_VALUES 5
#define ENGINE_TABLES_RULES 3

struct engine_tables {
	uint64_t made_from;
	uint64_t seed;                  /* of the dice, as they lie */
	uint32_t labels[ENGINE_TABLES_COLUMNS][ENGINE_TABLES_LEVELS][ENGINE_TABLES_LEAVES];
	const uint32_t *level_of[ENGINE_TABLES_COLUMNS][ENGINE_TABLES_LEVELS];
	struct engine_column columns[ENGINE_TABLES_COLUMNS];
	uint32_t tuples[ENGINE_TABLES_ROWS * ENGINE_TABLES_COLUMNS], tuple_of[ENGINE_TABLES_ROWS], people[ENGINE_TABLES_ROWS];
	uint32_t values[ENGINE_TABLES_ROWS], value_labels[3][ENGINE_TABLES_VALUES];
	const uint32_t *value_level[3];
	struct engine_rule rules[ENGINE_TABLES_RULES];
	/* leaves of the hierarchy under each leaf's label: each leaf stands in
	 * ${times} lines of it */
	uint32_t sizes[ENGINE_TABLES_COLUMNS][ENGINE_TABLES_LEVELS][ENGINE_TABLES_LEAVES], times[ENGINE_TABLES_COLUMNS][ENGINE_TABLES_LEAVES];
	const uint32_t *sizes_of[ENGINE_TABLES_COLUMNS][ENGINE_TABLES_LEVELS];
	struct engine_input in;
	size_t people_len;
};

/* Below ${below}, from the table's own dice. */
unsigned engine_tables_roll(struct engine_tables *t, unsigned below);
/* A table of so many columns from ${seed}. */
void engine_tables_make(struct engine_tables *t, uint64_t seed,
    size_t columns);

struct engine_tables_verdict {
	int gone[ENGINE_TABLES_ROWS];
	size_t class_of[ENGINE_TABLES_ROWS];          /* the first row like it */
	size_t rows_gone, people_gone, groups;
	int feasible;
	double value[ENGINE_TABLES_COLUMNS];          /* one, or for rank one per column */
};

/* One vector, slowly. */
void engine_tables_try(const struct engine_tables *t, const unsigned *levels,
    struct engine_tables_verdict *ret);
/* The best of all vectors; 0: none will do. */
int engine_tables_best(const struct engine_tables *t,
    struct engine_tables_verdict *ret);
/* Ten digits are all that values have. */
double engine_tables_tolerance(double a);
int engine_tables_compare(const struct engine_tables *t, const double *a,
    const double *b);

#endif
