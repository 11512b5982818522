/* policy/disclosure/engine.h - the best generalisation there is.
 *
 * Columns of leaf numbers and their hierarchies in; the vector of levels with
 * the least loss whose suppression keeps to the limit out, with evidence.
 * Full-domain generalisation: one level per column for the whole table.
 * Pure: no files, clock, keys or printing; equal input gives equal output.
 *
 * What is guaranteed of a result that says `optimal`:
 *  - a class is all rows that are equal in every column at these levels; its
 *    size is the number of DISTINCT respondents in it;
 *  - a respondent with a row in a class that breaks a rule (fewer than k
 *    people, or a sensitive rule) is suppressed with all rows; classes are
 *    counted again without them until nothing changes; what is left over
 *    satisfies every rule;
 *  - suppressed respondents <= floor(limit * respondents);
 *  - no other vector within from..to with these properties has a smaller
 *    value of the metric; among equals it has the smallest sum of levels, then
 *    the smallest sum of their shares in the columns' heights, then the most
 *    labels left, then it is last in lexicographic order.
 * A result that is not `optimal` (a budget ended the search) has the first
 * three, and `bound` is a lower bound on the value of every vector.
 *
 * With `joined` a class is all respondents with the same rows at these levels,
 * and whoever is in one that breaks the rule is suppressed with all rows.
 *
 * With one row per respondent these are the rules of ARX 3.9: its models, its
 * metrics (values agree to 8 digits and more), its suppression.  Of equals ARX
 * keeps the one it meets first: mostly, not always, the same.
 *
 * The search keeps boxes [lo, hi] of vectors.  Whoever is suppressed at hi is
 * suppressed everywhere in the box, and every column's own loss is least at
 * lo: so one evaluation of hi bounds the whole box from below.
 */
#ifndef AZUKARI_POLICY_DISCLOSURE_ENGINE_H
#define AZUKARI_POLICY_DISCLOSURE_ENGINE_H

#include <stddef.h>
#include <stdint.h>

#include "core/err.h"

#define ENGINE_COLUMNS_MAX 64
#define ENGINE_LEVELS_MAX 32
#define ENGINE_RULES_MAX 8

/* One quasi-identifying column.  All arrays are borrowed until engine_free. */
struct engine_column {
	unsigned levels;                /* of the hierarchy, level 0 included */
	unsigned from, to;              /* levels allowed */
	const uint32_t *const *labels;  /* [level][leaf]; needed from..to; must
	                                 * be a tree; NULL at level 0: the leaf */
	size_t leaves;                  /* leaf numbers are below */
	/* [level][leaf]: leaves of the whole hierarchy under that leaf's label;
	 * NULL: counted from labels.  ${domain}: leaves of the whole hierarchy;
	 * 0: ${leaves}. */
	const uint32_t *const *sizes;
	uint64_t domain;
	double weight;                  /* >= 0; if all are 0: all are equal */
};

enum engine_model {
	ENGINE_DISTINCT_L,              /* at least l values */
	ENGINE_ENTROPY_L,               /* entropy of values >= log l */
	ENGINE_GRASSBERGER_L,           /* the same, Grassberger's estimator */
	ENGINE_RECURSIVE_CL,            /* r1 < c * (rl + ... + rm) */
	ENGINE_T_EQUAL,                 /* EMD to the table <= t, by distance */
	ENGINE_T_ORDERED,
	ENGINE_T_HIERARCHICAL,
	/* p of a value in the class, q in the table, for each that is met: */
	ENGINE_DISCLOSURE,              /* |log2(p / q)| < t */
	ENGINE_LIKENESS,                /* (p - q) / q <= t */
	ENGINE_LIKENESS_ENHANCED,       /* the same, and at most -ln q */
};

/* A rule on one sensitive column: what each class must satisfy. */
struct engine_rule {
	enum engine_model model;
	double l, c, t;                 /* as the model needs */
	const uint32_t *of_row;         /* value of each row; borrowed */
	size_t values;                  /* values are below; for T_ORDERED their
	                                 * numbers are their order */
	/* T_HIERARCHICAL: [level][value], level 0 being the value itself
	 * (unused) and the last level one label */
	const uint32_t *const *labels;
	unsigned levels;
};

enum engine_metric {
	ENGINE_LOSS,                    /* several columns: aggregated */
	ENGINE_PRECISION,
	ENGINE_PRECISION_MONOTONE,      /* suppression does not count */
	ENGINE_HEIGHT,
	ENGINE_ENTROPY,                 /* non-uniform entropy */
	ENGINE_ENTROPY_MONOTONE,
	ENGINE_ENTROPY_NORMALISED,
	ENGINE_DISCERNIBILITY,          /* of the whole table */
	ENGINE_DISCERNIBILITY_MONOTONE,
	ENGINE_CLASS_SIZE,              /* average: AECS */
	ENGINE_AMBIGUITY,
	ENGINE_DIVERGENCE,              /* Kullback and Leibler; ${from} 0 */
	ENGINE_INFORMATION,             /* entropy-based information loss */
	ENGINE_METRICS
};

enum engine_aggregate {
	ENGINE_DEFAULT,                 /* the metric's own, as in ARX */
	ENGINE_GEOMETRIC, ENGINE_ARITHMETIC, ENGINE_MAXIMUM, ENGINE_SUM,
	ENGINE_RANK,                    /* vectors, greatest column first */
};

/* What rules that the engine does not know say of a vector. */
struct engine_verdict {
	int feasible;
	int hopeless;                   /* no vector below it is feasible */
	double value;                   /* of the metric: at least the engine's
	                                 * own, without these rules */
	/* In every vector below so many rows more are suppressed, at least,
	 * than for the size of classes; sums of their sizes at this vector by
	 * column, or more. */
	uint64_t forced;
	uint64_t forced_size[ENGINE_COLUMNS_MAX];
};

struct engine_input {
	const struct engine_column *columns;
	size_t columns_len;             /* 0: one class of everybody */
	const uint32_t *tuples;         /* tuples_len * columns_len leaves;
	                                 * borrowed */
	size_t tuples_len;
	/* Row i is of respondent ${respondents}[i] and has tuple
	 * ${tuple_of}[i]; either NULL: i itself (every row is somebody else's;
	 * row i has tuple i).  Borrowed. */
	const uint32_t *respondents, *tuple_of;
	size_t rows_len;
	/* 1: a class is of respondents, not rows: those whose generalised rows
	 * are the same, each as often, so also as many (the pattern of their
	 * visits as far as columns show it).  Nobody is in two classes. */
	int joined;
	unsigned k;                     /* 1: no rule on size */
	double limit;                   /* share of respondents, 0..1 */
	const struct engine_rule *rules;
	size_t rules_len;
	enum engine_metric metric;
	enum engine_aggregate aggregate;
	/* Asked about each vector that keeps to the limit without it; NULL:
	 * nobody is.  With ENGINE_LOSS and no ${rules} only. */
	enum err (*judge)(void *judge_ctx, const unsigned *levels,
	    struct engine_verdict *ret);
	void *judge_ctx;
	/* ARX's balance of generalisation and suppression, 0..1; 0.5: both
	 * count fully.  Taken from ${balance} when ${has_balance}. */
	int has_balance;
	double balance;
	/* Budget; NULL and 0: none.  ${go_on} is asked between evaluations and
	 * returns 0 to end the search. */
	uint64_t nodes_max;
	int (*go_on)(void *ctx);
	void *ctx;
};

struct engine_result {
	unsigned levels[ENGINE_COLUMNS_MAX];
	double loss;                    /* value of the metric; of ENGINE_RANK
	                                 * its first component */
	/* a column's share of it (0..1 for ENGINE_LOSS), weights not applied;
	 * 0 for metrics of the whole table */
	double column_loss[ENGINE_COLUMNS_MAX];
	uint64_t rows, respondents;                     /* all of them */
	uint64_t suppressed_rows, suppressed_respondents;
	uint64_t groups;                /* classes that stay */
	uint64_t smallest, largest;     /* respondents in such a class */
	uint64_t sum_of_sizes;          /* respondents, once for each class */
	uint64_t sample_uniques;        /* classes of one respondent before
	                                 * anything is suppressed */
	uint64_t tuples;                /* distinct, at the finest levels */
	double nodes;                   /* vectors there are */
	uint64_t nodes_evaluated;
	int optimal;
	double bound;                   /* <= the least loss; == loss when
	                                 * optimal */
};

struct engine;

/* Checks and encodes.  ERR_RANGE: a number outside its table; ERR_MISMATCH:
 * labels that are not a tree; ERR_LIMIT: too many columns, levels or rules;
 * ERR_UNSUPPORTED: a sensitive rule where a respondent has several rows, or a
 * metric of the whole table with ${joined}, or a judge with rules or another
 * metric. */
enum err engine_new(const struct engine_input *in, struct engine **ret)
    MUST_USE;
void engine_free(struct engine *e);
void engine_cleanup(struct engine **e);

/* The search.  (With a judge all figures but levels, loss and bound are of the
 * vector without it.)  ERR_REFUSED when no vector within from..to keeps to the limit
 * (or, with a budget, none was found: then ${ret}->optimal is 0); ${ret} then
 * has the figures of the coarsest vector.  At least one respondent stays in
 * every vector that is accepted unless ${in}->limit is 1. */
enum err engine_search(struct engine *e, struct engine_result *ret) MUST_USE;

/* One vector's figures; ERR_OK whether it keeps to the limit or not. */
enum err engine_evaluate(struct engine *e, const unsigned *levels,
    struct engine_result *ret) MUST_USE;

/* 1 when that row is suppressed under the vector of the last engine_evaluate
 * or successful engine_search. */
int engine_is_suppressed(const struct engine *e, size_t row);
/* The rows equal to that row under it have the same number, below
 * engine_classes, whether suppressed or not. */
uint32_t engine_class(const struct engine *e, size_t row);
size_t engine_classes(const struct engine *e);

#endif
