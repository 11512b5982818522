/* policy/disclosure/kanon_internal.h - the inside of the count. */
#ifndef AZUKARI_POLICY_DISCLOSURE_KANON_INTERNAL_H
#define AZUKARI_POLICY_DISCLOSURE_KANON_INTERNAL_H

#include "policy/disclosure/kanon.h"

#define KANON_LEVELS_MAX 32

struct kanon_slot {
	uint64_t key;
	uint32_t group;         /* + 1; 0 while the slot is free */
};

/* Tuples numbered by what they become under a vector of levels. */
struct kanon_groups {
	uint32_t *of_tuple;
	size_t tuples;
	size_t len;             /* groups there are: numbers are below */
	uint64_t *keys;         /* scratch: a tuple's key */
	struct kanon_slot *slots;       /* scratch: key -> group */
	size_t slots_len;
};

enum err kanon_groups_init(struct kanon_groups *g, size_t tuples) MUST_USE;
void kanon_groups_make(struct kanon_groups *g, const struct kanon_input *in,
    const unsigned *levels);
void kanon_groups_release(struct kanon_groups *g);

/* The one place that says how many people make a group. */
static inline uint32_t
kanon_threshold(const struct kanon_input *in)
{
#ifdef AZUKARI_MUTATION_K
	return in->k > 1 ? 1 : in->k;
#else
	return in->k;
#endif
}

/* Side by side, since a row needs both. */
struct kanon_group {
	uint32_t people;
	uint32_t last;          /* respondent + 1 that was counted last */
};

struct kanon {
	struct kanon_input in;
	uint64_t respondents;
	uint32_t respondents_max;   /* the highest number there is */
	struct kanon_groups groups;
	struct kanon_group *counts; /* by group */
	uint8_t *kept;              /* bitmap by respondent */
	/* for the fixpoint, made when first needed */
	uint32_t *starts;           /* by group, into members */
	uint32_t *members;          /* row at which a respondent's rows begin */
	size_t members_cap;
	uint32_t *queue;            /* groups that died */
	size_t queue_len;
};

#endif
