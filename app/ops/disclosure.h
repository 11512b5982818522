/* app/ops/disclosure.h - generalise a table of one's own; no home, no vault.
 *
 * For analysts and for comparing: the engine of policy/disclosure/engine.h on
 * a CSV file with ARX's hierarchies.
 */
#ifndef AZUKARI_APP_OPS_DISCLOSURE_H
#define AZUKARI_APP_OPS_DISCLOSURE_H

#include "app/outcome.h"
#include "policy/disclosure/dictionary.h"
#include "policy/disclosure/engine.h"
#include "policy/disclosure/hierarchy.h"

#define DISCLOSURE_NAME_MAX 256

/* What each class must satisfy in one sensitive column. */
struct disclosure_rule {
	struct bytes column;            /* its name; borrowed */
	enum engine_model model;
	double l, c, t;
};

/* What the command line says; texts borrowed. */
struct disclosure_args {
	const char *file, *hierarchies;
	char delimiter;
	const char *quasi;              /* names, with commas */
	const char *respondent;         /* column, or NULL: each row is one */
	int joined;                     /* all rows of one are one view */
	struct disclosure_rule rules[ENGINE_RULES_MAX];
	size_t rules_len;
	const char *sensitive_hierarchy;        /* file, or NULL: from DIR */
	int numeric_order;              /* of ordered distances; else by text */
	unsigned k;
	double limit;
	enum engine_metric metric;
	enum engine_aggregate aggregate;
	int has_balance;
	double balance;
	const char *weights;            /* name=number,… or NULL */
	uint64_t nodes_max, budget_ms;
	const char *out;                /* or NULL */
	int drop;                       /* suppressed rows are left out of it,
	                                 * not written as stars */
};

struct disclosure_column {
	char name[DISCLOSURE_NAME_MAX];
	size_t at;                      /* in a row of the file */
	struct hierarchy *hierarchy;
};

/* The column of one rule.  Each rule has numbers of its own for the values:
 * leaves of its hierarchy, or their order, or as they came. */
struct disclosure_sensitive {
	struct disclosure_column column;        /* a hierarchy where the rule
	                                         * needs one */
	uint32_t *of_row;
	size_t values;
	struct dictionary texts;        /* as they came; without a hierarchy */
	uint32_t *came;                 /* by value: its number in ${texts} */
};

struct disclosure_table {
	struct disclosure_column columns[ENGINE_COLUMNS_MAX];
	size_t columns_len, rows;
	uint32_t *leaves;               /* rows * columns_len */
	uint32_t *respondents;          /* or NULL */
	struct disclosure_sensitive sensitive[ENGINE_RULES_MAX];
	size_t sensitive_len;           /* one for each rule */
	size_t cap;
};
void disclosure_table_release(struct disclosure_table *t);

/* Reads file and hierarchies.  Sentences name a missing hierarchy or column,
 * and the line of a value that its hierarchy lacks. */
enum err disclosure_table_read(const struct disclosure_args *a,
    struct disclosure_table *ret, struct outcome *o) MUST_USE;
/* Numbers of the values of rule ${i}'s column, which has no hierarchy, become
 * their order where the rule asks for one. */
enum err disclosure_values_order(const struct disclosure_args *a,
    struct disclosure_table *t, size_t i, struct outcome *o) MUST_USE;
/* Writes the quasi-identifying columns and the sensitive ones under the vector
 * ${e} evaluated last. */
enum err disclosure_table_write(const struct disclosure_args *a,
    const struct disclosure_table *t, const struct engine *e,
    const unsigned *levels, struct outcome *o) MUST_USE;

struct disclosure_done {
	struct disclosure_table table;
	struct engine_result result;
	double read_ms, search_ms;
};
void disclosure_done_release(struct disclosure_done *d);

/* ERR_REFUSED with ${ret} filled when no vector will do. */
enum err disclosure_run(const struct disclosure_args *a,
    struct disclosure_done *ret, struct outcome *o) MUST_USE;

#endif
