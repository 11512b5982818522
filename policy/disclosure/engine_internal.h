/* policy/disclosure/engine_internal.h - the parts of the search.
 *
 * engine_columns.c  leaves as paths in their tree: a level is a mask
 * engine_table.c    distinct keys with counts, and grouping them
 * engine_rules.c    what a class must satisfy
 * engine_metric.c   values, and bounds for boxes
 * engine_people.c   respondents with several rows
 * engine_node.c     one vector
 * engine_search.c   boxes of vectors
 */
#ifndef AZUKARI_POLICY_DISCLOSURE_ENGINE_INTERNAL_H
#define AZUKARI_POLICY_DISCLOSURE_ENGINE_INTERNAL_H

#include "policy/disclosure/engine.h"

#define ENGINE_WORDS_MAX 32

/* ---- columns ---- */

struct engine_coded {
	unsigned from, to, span;        /* span = to - from + 1 */
	unsigned height;                /* of the whole hierarchy, levels - 1 */
	unsigned word;                  /* of the key */
	size_t first_leaf;              /* where its leaves are among all */
	size_t labels[ENGINE_LEVELS_MAX];       /* by level - from */
	uint64_t mask[ENGINE_LEVELS_MAX];       /* by level - from */
	uint64_t *path;                 /* by leaf: its bits of the key */
	uint32_t *size;                 /* [leaf * span + level - from]: leaves
	                                 * of the hierarchy under its label */
	uint64_t domain;
	double weight;                  /* at most 1 */
	/* over all rows, by level - from */
	uint64_t marginal[ENGINE_LEVELS_MAX];   /* sum of sizes */
	double entropy[ENGINE_LEVELS_MAX];      /* >= 0 */
	double entropy_all;             /* of one class of everybody */
};

/* Encodes ${c}; ${rows_of} has the number of rows of each leaf; ${ret_bits}
 * the bits a key needs (0..64).  The word is not set. */
enum err engine_columns_code(const struct engine_column *c,
    const uint64_t *rows_of, uint64_t rows, struct engine_coded *ret,
    unsigned *ret_bits) MUST_USE;
void engine_columns_release(struct engine_coded *c);
/* Moves all bits of a column up by ${shift}. */
void engine_columns_shift(struct engine_coded *c, size_t leaves,
    unsigned shift);

/* ---- tables ---- */

/* A value of one rule's sensitive column, so many times. */
struct engine_pair {
	uint32_t value, count;
};

/* Distinct keys at some levels. */
struct engine_table {
	unsigned refs;
	uint8_t levels[ENGINE_COLUMNS_MAX];
	size_t len;
	uint64_t *keys;                 /* len * words */
	uint32_t *rows, *people;        /* people: with one tuple only */
	uint32_t *tuple;                /* one of its tuples */
	double *weight;                 /* ENGINE_DIVERGENCE: sum over distinct
	                                 * tuples of rows squared */
	/* of each rule: pairs of entry i from starts[i] to starts[i + 1] */
	uint32_t *starts[ENGINE_RULES_MAX];
	struct engine_pair *pairs[ENGINE_RULES_MAX];
	uint32_t *entry_of;             /* by tuple; only with people */
};

void engine_table_unref(struct engine_table *t);
size_t engine_table_bytes(const struct engine *e,
    const struct engine_table *t);

/* The groups of a table's entries under some levels: scratch of an engine. */
struct engine_group {
	uint32_t people, rows;
	uint32_t tuple, entry;          /* its first */
	uint32_t dead;
};
struct engine_slot {
	uint64_t tag;
	uint32_t group;                 /* + 1; 0: free */
};
struct engine_groups {
	uint32_t *of;                   /* by entry */
	struct engine_group *all;
	uint32_t *people;               /* by group, while counting */
	size_t len, cap;
	struct engine_slot *slots;
	size_t slots_len, slots_cap;
	unsigned shift;                 /* 64 - bits of slots_len */
	/* entries in the order of their groups; made by engine_groups_order */
	uint32_t *order, *begin;
};

/* Groups the entries of ${t} at ${levels}; gives up with ERR_LIMIT when there
 * are more than ${max}. */
enum err engine_table_group(struct engine *e, const struct engine_table *t,
    const uint8_t *levels, size_t max) MUST_USE;
/* Entries by group, for rules. */
void engine_table_order(struct engine *e, const struct engine_table *t);
/* A new table of the groups made last, from ${t} at ${levels}. */
enum err engine_table_collapse(struct engine *e, const struct engine_table *t,
    const uint8_t *levels, struct engine_table **ret) MUST_USE;
/* The table of all rows at the finest levels, and row -> entry. */
enum err engine_table_base(struct engine *e, struct engine_table **ret)
    MUST_USE;

/* ---- people with several tuples ---- */

struct engine_people {
	size_t len;
	uint32_t *starts;               /* len + 1, into tuples */
	uint32_t *tuples;               /* distinct ones of each */
	uint32_t *rows;                 /* how many rows of each tuple */
	uint32_t *who;                  /* respondent's dense number */
	uint8_t *gone;                  /* suppressed at the node under way */
	/* joined: what each shows, groups and how often, and their classes */
	uint64_t *shown;                /* as tuples; shown_len of each */
	uint32_t *shown_len;
	uint32_t *class_of, *class_size;
	size_t classes;
	uint32_t *slots;                /* person + 1 */
	size_t mask;
};

/* Splits rows into people of one tuple (counted in ${e}->single) and these. */
enum err engine_people_init(struct engine *e) MUST_USE;
void engine_people_release(struct engine_people *p);
/* Adds them to the groups' people. */
void engine_people_count(struct engine *e, const struct engine_table *t);
/* Suppresses to the fixpoint: groups of fewer than ${min} are dead. */
void engine_people_settle(struct engine *e, const struct engine_table *t,
    uint32_t min);

/* Joined: the people with several rows into classes; those of fewer than
 * ${min} are gone. */
void engine_people_join(struct engine *e, const struct engine_table *t,
    uint32_t min);

/* ---- rules ---- */

struct engine_judge {
	const struct engine_rule *rule;
	double *share;                  /* of each value in the whole table */
	uint64_t *total;                /* rows of each value */
	uint64_t rows;
	double log_l;
	double *most;                   /* share a value may have; LIKENESS and
	                                 * DISCLOSURE */
	uint32_t least;                 /* people a class needs at least */
	/* T_HIERARCHICAL: parent of each node, children before parents */
	uint32_t *parent, *level_of;
	size_t nodes;
	int64_t *flow, *positive, *negative;
	/* scratch */
	uint32_t *count;                /* by value; zero between classes */
	uint32_t *met;                  /* values with a count */
	uint32_t *sorted;
};

enum err engine_rules_init(struct engine *e) MUST_USE;
void engine_rules_release(struct engine *e);
/* 1 when the class of entries order[begin..end) satisfies rule ${i}.  Else
 * ${ret_forced}: at least so many rows of the class, and of any classes it may
 * be split into, must be suppressed before the rest satisfies it. */
int engine_rules_hold(struct engine *e, size_t i, const struct engine_table *t,
    const uint32_t *order, size_t len, uint64_t *ret_forced);

/* ---- one vector ---- */

#define ENGINE_VALUE_MAX ENGINE_COLUMNS_MAX

/* What evaluating one vector found; shared by boxes that end there. */
struct engine_node {
	unsigned refs;
	int feasible;                   /* keeps to the limit */
	int hopeless;                   /* nothing below it does either */
	int is_judged;
	double judged;                  /* its value then */
	uint64_t rows_gone, people_gone;
	uint64_t groups, smallest, largest, sum_of_sizes;
	/* certain: suppressed in every vector below, too */
	uint64_t rows_certain;
	/* may be any rows, but so many are suppressed in every vector below */
	uint64_t rows_forced;
	/* of class sizes in rows: of all rows, of those that stay */
	double squares, squares_kept;
	/* ambiguity, divergence or information loss */
	double of_classes;
	double low;                     /* metrics of the whole table: of no
	                                 * vector from lo on it is less */
	/* by column */
	uint64_t size_gone[ENGINE_COLUMNS_MAX]; /* at its level */
	uint64_t forced_size[ENGINE_COLUMNS_MAX];
	double entropy_gone[ENGINE_COLUMNS_MAX];
	double entropy_certain[ENGINE_COLUMNS_MAX];
	/* [column * ENGINE_LEVELS_MAX + level - from]: sizes of those certain */
	uint64_t size_certain[];
};

void engine_node_unref(struct engine_node *n);
/* Evaluates ${levels} from the entries of ${t} (whose levels are at most
 * these), to bound vectors from ${lo} on.  ${lo} NULL: for its own sake, all
 * figures whatever the limit. */
enum err engine_node_new(struct engine *e, const struct engine_table *t,
    const uint8_t *lo, const uint8_t *levels,
    struct engine_node **ret) MUST_USE;

/* ---- metric ---- */

/* Numbers a value has (1, or one per column for ENGINE_RANK). */
size_t engine_metric_len(const struct engine *e);
/* The value of an evaluated vector. */
void engine_metric_value(const struct engine *e, const uint8_t *levels,
    const struct engine_node *n, double *ret);
/* Not more than the value of any vector from ${lo} to that of ${hi}. */
void engine_metric_bound(const struct engine *e, const uint8_t *lo,
    const struct engine_node *hi, double *ret);
void engine_metric_columns(const struct engine *e, const uint8_t *levels,
    const struct engine_node *n, double *ret);
int engine_metric_compare(const struct engine *e, const double *a,
    const double *b);
int engine_metric_of_columns(const struct engine *e);

/* ---- the engine ---- */

struct engine {
	struct engine_input in;
	size_t columns_len, words;
	struct engine_coded *columns;
	double g, s;                    /* factors of the balance */
	uint64_t rows, respondents, allowed;
	uint32_t min_people;            /* a class needs, by all rules */
	struct engine_table *base;
	uint32_t *entry_of_tuple;       /* into base */
	uint32_t *single;               /* by tuple: people with only it */
	uint32_t *rows_of;              /* by tuple */
	struct engine_people people;
	struct engine_judge judges[ENGINE_RULES_MAX];
	struct engine_groups groups;
	size_t leaves_len;              /* of all columns */
	uint32_t *leaf_rows;            /* scratch by leaf; zero in between */
	uint32_t *label_count;          /* scratch for entropies */
	uint32_t *label_met;
	/* metrics of the whole table, by entry of the table under way: rows of
	 * its group at lo, and whether it is the first of it */
	uint32_t *lo_rows;
	uint8_t *lo_first;
	double divergence;              /* its part that no vector changes */
	uint64_t evaluated;
	int searched;
};

#endif
