/* policy/duo.h - Data Use Ontology codes and their three-valued matching.
 *
 * One side is what is allowed (a policy or a consent text: permission codes,
 * diseases, modifiers), the other what is asked (a request's purpose codes
 * and diseases).  A request states a modifier's code to say that it keeps
 * that condition.  The answer is approve, deny, or ask a person; deny wins
 * over ask, ask over approve.
 */
#ifndef AZUKARI_POLICY_DUO_H
#define AZUKARI_POLICY_DUO_H

#include <stddef.h>

#include "core/err.h"

enum duo_kind {
	DUO_PERMISSION,
	DUO_MODIFIER,
};

struct duo_code {
	const char *id;         /* "DUO:0000007" */
	const char *shorthand;  /* "DS" */
	enum duo_kind kind;
	const char *en, *ja;    /* what it means, in a few words */
};

/* The code of that id; NULL when unknown or not usable in matching. */
const struct duo_code *duo_find(const char *id);
size_t duo_count(void);
const struct duo_code *duo_at(size_t i);

enum duo_answer {
	DUO_APPROVE,
	DUO_ASK,
	DUO_DENY,
};

struct duo_list {
	const char *const *items;
	size_t len;
};

/* What is known about diseases: ${child} is a kind of ${parent}.  Chains are
 * followed; cycles do no harm. */
struct duo_kinship {
	const char *child, *parent;
};

struct duo_terms {
	struct duo_list permissions;    /* any one of them may cover */
	struct duo_list diseases;       /* for DS */
	struct duo_list modifiers;
};

struct duo_purpose {
	struct duo_list codes;          /* permissions asked, modifiers kept */
	struct duo_list diseases;
	int has_ethics;                 /* an ethics approval in force */
};

struct duo_world {
	const struct duo_kinship *kinship;
	size_t kinship_len;
};

/* One permission asked against the terms' permissions and diseases.
 * ${ret_disease} (may be NULL) is set to the disease that is not covered when
 * that is why, else NULL. */
enum duo_answer duo_match_permission(const struct duo_terms *terms,
    const char *asked, struct duo_list diseases,
    const struct duo_world *world, const char **ret_disease);

/* One modifier of the terms against the whole purpose. */
enum duo_answer duo_match_modifier(const char *modifier,
    const struct duo_purpose *purpose);

/* 1 when the purpose states a condition that the terms do not name: what it
 * means here is for a person to judge (conditions on profit excepted). */
int duo_states_more(const struct duo_terms *terms, const char *stated);

/* Everything at once: every permission asked must be covered (a purpose
 * without one is denied), every modifier of the terms kept. */
enum duo_answer duo_match(const struct duo_terms *terms,
    const struct duo_purpose *purpose, const struct duo_world *world);

/* 1 when ${child} is ${ancestor} or a kind of it. */
int duo_disease_within(const char *child, const char *ancestor,
    const struct duo_world *world);

#endif
