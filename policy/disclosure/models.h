/* policy/disclosure/models.h - rules on what people answered, for classes of
 * people who are alike (policy/model.h; FORMATS 7.1).
 *
 * A class is of people with equally many answers.  A rule on a column must
 * hold for each answer by itself: for what the people of a class said first,
 * for what they said second, and so on, one value a person.  Distances are to
 * the column of all answers that leave.  Combinations of options (k-to-m) are
 * of all that a person ever said, over everybody who leaves.
 *
 * Nothing is rounded: all is compared in whole numbers, but for entropy, where
 * two values that cannot be told apart count as equal.
 */
#ifndef AZUKARI_POLICY_DISCLOSURE_MODELS_H
#define AZUKARI_POLICY_DISCLOSURE_MODELS_H

#include <stddef.h>
#include <stdint.h>

#include "policy/model.h"

#define MODELS_LEVELS_MAX 34

/* The answers to one rule's column.  All is borrowed. */
struct models_column {
	const uint32_t *value_of;       /* by answer; below ${values} */
	size_t values;
	const uint32_t *by_place;       /* T_ORDERED: all values in their
	                                 * order */
	/* T_LADDER: [level][value]; level 0: the value; the last: one label */
	const uint32_t *const *labels;
	unsigned levels;
	/* SETS: value v has items[item_starts[v]] to before
	 * items[item_starts[v + 1]] */
	const uint32_t *item_starts, *items;
};

struct models_input {
	size_t people;
	const size_t *starts;           /* people + 1: answers of each */
	unsigned k;
	const struct model_rule *rules;
	const struct models_column *columns;    /* of each rule */
	size_t rules_len;
};

struct models;

/* ERR_RANGE: a value outside; ERR_LIMIT; ERR_MISMATCH: labels are no tree. */
enum err models_new(const struct models_input *in, struct models **ret)
    MUST_USE;
void models_free(struct models *m);
void models_cleanup(struct models **m);

/* Suppresses to the fixpoint: ${gone} (a byte a person, 1: does not leave) has
 * those who are gone beforehand; then whole classes that are smaller than k or
 * break a rule, and people with a combination too rare, are gone, too, until
 * all that is left keeps every rule.  ${class_of} is below ${classes}. */
enum err models_settle(struct models *m, const uint32_t *class_of,
    size_t classes, uint8_t *gone) MUST_USE;

/* What is certain of every way to split these classes further, as finer levels
 * do, that suppresses at most ${allowed} people in all: who is gone in each of
 * them (into ${gone}, which has those whom k takes away), and how many at least
 * of the people of each class besides (${forced}, by class).  Sizes, values and
 * combinations only become fewer by splitting; entropy, recursive diversity
 * and distances hold for classes together where they hold for each. */
enum err models_least(struct models *m, const uint32_t *class_of,
    size_t classes, uint64_t allowed, uint8_t *gone, uint32_t *forced)
    MUST_USE;

#endif
