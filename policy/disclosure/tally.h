/* policy/disclosure/tally.h - the rules of policy/model.h, a second time, over
 * the bytes that leave.
 *
 * counter.h hands over each pseudonym with its group and its cells.  They are
 * put into a list, sorted and counted: nothing of models.c, levels or leaves
 * is used, and the distances are computed by other formulas.  Values are what
 * stands in the cells; an empty one is a value.
 */
#ifndef AZUKARI_POLICY_DISCLOSURE_TALLY_H
#define AZUKARI_POLICY_DISCLOSURE_TALLY_H

#include "policy/disclosure/counter.h"
#include "policy/model.h"

/* How values of T_ORDERED are ordered; an empty cell comes first. */
enum tally_order {
	TALLY_NUMBERS,
	TALLY_TEXT,                     /* bytewise: days, false and true */
	TALLY_WORDS,                    /* as listed */
};

/* A value and its labels, one a level above it. */
struct tally_path {
	const char *value;
	const char *const *labels;
};

struct tally_rule {
	struct model_rule rule;
	const char *const *columns;     /* CSV names: one, or each option of a
	                                 * list */
	size_t columns_len;
	enum tally_order order;
	const char *const *words;       /* TALLY_WORDS */
	size_t words_len;
	const struct tally_path *paths; /* T_LADDER */
	size_t paths_len;
	unsigned levels;                /* labels of a path; the last is one
	                                 * for all */
};

#define TALLY_WATCHED_MAX 4096

struct tally;

/* ${rules} is borrowed; ${k} for k-to-m. */
enum err tally_new(const struct tally_rule *rules, size_t len, uint64_t k,
    struct tally **ret) MUST_USE;
void tally_free(struct tally *t);
void tally_cleanup(struct tally **t);

/* Sets what a joined counter's arguments need; they borrow from ${t}. */
void tally_watch(struct tally *t, struct counter_args *args);

/* Once the counter has ended.  ERR_OK: all rules hold; ERR_REFUSED: rule
 * ${ret_rule} does not; ERR_NOT_FOUND: a value that TALLY_WORDS or the paths
 * lack; ERR_LIMIT; ERR_NOMEM. */
enum err tally_end(struct tally *t, size_t *ret_rule) MUST_USE;

#endif
