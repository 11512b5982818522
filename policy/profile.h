/* policy/profile.h - rule sets that an owner's policy can bind itself to.
 *
 * A profile is data: thresholds and yes-or-no rules, each with a name, and the
 * published rules they are taken from.  It only ever tightens: what a policy
 * asks for beyond it stays, and what falls short of it is a breach, which
 * refuses.  It is no legal advice and none of these bodies has approved it.
 */
#ifndef AZUKARI_POLICY_PROFILE_H
#define AZUKARI_POLICY_PROFILE_H

#include <stdint.h>

#include "core/err.h"

struct policy;
struct reasons;
struct survey;

struct profile {
	const char *name;               /* "ndb-like" */
	const char *basis_en, *basis_ja;
	unsigned k, minimum_cell;       /* at least; 0: no rule */
	unsigned rounding;              /* published counts, to multiples; 0 */
	int needs_byte_release;
	int needs_residence;            /* NDB: by the population of an area */
	int needs_prefecture;           /* iDB: residence no finer */
	int needs_birth_month;          /* iDB: birth no finer than the month */
	int no_free_text;
	int guards_early_wave;
};

/* NULL when there is none of that name. */
const struct profile *profile_find(const char *name);
/* All of them; NULL behind the last. */
const struct profile *profile_at(size_t i);

/* What a request asks for, where there is one. */
struct profile_case {
	const struct policy *policy;
	const struct survey *survey;    /* NULL: rules about fields are not
	                                 * judged */
	const struct policy_ladder_file *ladders;   /* of the policy */
	size_t ladders_len;
	const char *const *fields;      /* asked for; NULL: all released */
	size_t fields_len;
	int fields_only;                /* 1: not the rules of the whole */
	int has_period;
	int32_t from_day;               /* of the period */
};
/* Adds REASON_PROFILE, with the rule's name, for every breach of the policy's
 * profile; nothing when it has none.  ERR_NOMEM. */
enum err profile_judge(const struct profile_case *c,
    struct reasons *reasons) MUST_USE;

#endif
