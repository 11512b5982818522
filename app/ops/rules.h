/* app/ops/rules.h - putting a policy in force, and what it would change. */
#ifndef AZUKARI_APP_OPS_RULES_H
#define AZUKARI_APP_OPS_RULES_H

#include "app/home.h"
#include "policy/policy_diff.h"

/* Check policy.json at ${path} against charter, surveys, ladders and the
 * policy in force; ${ret} gets what would change first, also for every live
 * request (policy_diff_release).  Nothing is changed. */
enum err rules_check(struct home *h, const char *owner, const char *path,
    struct policy_diff *ret) MUST_USE;

/* Put it in force with the signature files of t seats.  ${witnesses} is the
 * tlog-policy file whose digest it names; NULL where it names none, or one that
 * was given before. */
struct rules_put_args {
	const char *owner, *path;
	const char *const *sigs;
	size_t sigs_len;
	const char *witnesses;
};
enum err rules_put(struct home *h,
    const struct rules_put_args *args) MUST_USE;

#endif
