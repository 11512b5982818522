/* policy/disclosure/kanon.h - k-anonymity counted in people.
 *
 * Rows are (respondent, tuple): tuple is the number of a distinct combination
 * of leaves of the quasi-identifying columns.  For a vector of levels rows
 * whose generalised tuples are equal form a group; its size is the number of
 * DISTINCT respondents in it.  A respondent with any row in a group below k is
 * suppressed whole, which may push other groups below k, and so on until
 * nothing changes.
 *
 * Costs are linear in rows plus tuples for each vector; nothing here depends
 * on how rows were ordered.
 */
#ifndef AZUKARI_POLICY_DISCLOSURE_KANON_H
#define AZUKARI_POLICY_DISCLOSURE_KANON_H

#include <stdint.h>

#include "core/err.h"
#include "policy/disclosure/engine.h"

#define KANON_COLUMNS_MAX 64
#define KANON_VECTORS_MAX 20000

struct kanon_row {
	uint32_t respondent;
	uint32_t tuple;
};

/* One quasi-identifying column: what each of its leaves becomes. */
struct kanon_column {
	unsigned from, to;              /* levels the plan allows */
	const uint32_t *const *labels;  /* [level][leaf]; NULL below `from` */
	const size_t *labels_len;       /* [level]: labels are below this */
	size_t leaves;
	/* [level][leaf]: what of ${domain} that leaf's label covers, for the
	 * loss; NULL: counted from labels, ${domain} being ${leaves} */
	const uint32_t *const *sizes;
	size_t domain;
};

struct kanon_input {
	struct kanon_row *rows;         /* borrowed; sorted in place */
	size_t rows_len;
	const uint32_t *tuples;         /* tuples_len * columns_len leaves */
	size_t tuples_len;
	const struct kanon_column *columns;
	size_t columns_len;             /* 0: one group of everybody */
	unsigned k;                     /* at least 1 */
	unsigned limit;                 /* suppressed respondents allowed, in
	                                 * basis points of all */
};

struct kanon_result {
	unsigned levels[KANON_COLUMNS_MAX];
	uint64_t rows, respondents;                 /* all of them */
	uint64_t suppressed_rows, suppressed_respondents;
	uint64_t groups;                /* that leave */
	uint64_t smallest, largest;     /* people in a group that leaves */
	uint64_t sum_of_sizes;          /* people, once per group they are in */
	uint64_t vectors;               /* evaluated by a search */
	double loss, bound;             /* of a search: bound == loss when no
	                                 * vector can be better */
};

struct kanon;

/* Checks (ERR_RANGE for a number outside its table, ERR_LIMIT) and sorts the
 * rows.  Everything ${in} points to is borrowed until kanon_free. */
enum err kanon_new(const struct kanon_input *in, struct kanon **ret) MUST_USE;
void kanon_free(struct kanon *k);
void kanon_cleanup(struct kanon **k);

/* Evaluates one vector.  ERR_OK whatever comes out; the suppressed respondents
 * stay readable until the next call. */
enum err kanon_evaluate(struct kanon *k, const unsigned *levels,
    struct kanon_result *ret) MUST_USE;

/* The vector within from..to with the least loss (ENGINE_LOSS of engine.h,
 * all columns weighing the same, the leaves being those met) whose suppression
 * keeps to the limit and leaves at least one respondent; it stays evaluated.
 * ERR_REFUSED when there is none: then ${ret} has the figures of the coarsest
 * vector.  After KANON_VECTORS_MAX the best one found, whose bound is below
 * its loss, or ERR_LIMIT.  ERR_MISMATCH: two counts differ. */
enum err kanon_search(struct kanon *k, struct kanon_result *ret) MUST_USE;

/* The same with rules that only the caller knows (engine.h, engine_verdict);
 * ${ret}->loss and bound are with them, its counts without. */
struct kanon_judge {
	enum err (*ask)(void *ctx, const unsigned *levels,
	    struct engine_verdict *ret);
	void *ctx;
};
enum err kanon_search_judged(struct kanon *k, const struct kanon_judge *judge,
    struct kanon_result *ret) MUST_USE;

/* By tuple, the number of its group under the vector evaluated last; numbers
 * are below ${ret_len}.  Valid until the next evaluation. */
const uint32_t *kanon_classes(const struct kanon *k, size_t *ret_len);

/* Rows by respondent, then tuple, in place; kanon_new does it, too. */
void kanon_sort(struct kanon_row *rows, size_t len);

/* 1 when that respondent is suppressed under the vector evaluated last; also 1
 * for a respondent without any row. */
int kanon_is_suppressed(const struct kanon *k, uint32_t respondent);

/* The same for all: a bitmap by respondent, bit set = leaves; its length in
 * bytes into ${ret_len}.  Valid until the next evaluation. */
const uint8_t *kanon_kept(const struct kanon *k, size_t *ret_len);

#endif
