/* policy/plan_diff.h - what differs from the last plan you approved. */
#ifndef AZUKARI_POLICY_PLAN_DIFF_H
#define AZUKARI_POLICY_PLAN_DIFF_H

#include "policy/plan.h"

struct plan_diff_line {
	const char *what_ja, *what_en;  /* static: 目的 / purpose */
	char *before, *after;           /* "-" where there was or is nothing */
	int routine;                    /* differs in every plan: period, epochs,
	                                 * retention, release number */
};

struct plan_diff {
	struct plan_diff_line *lines;
	size_t len;
	size_t notable;                 /* lines that are not routine */
};

/* Ids, nonces, digests of signatures, times of freezing and the ledger's
 * size, which always differ, are left out.  ERR_NOMEM. */
enum err plan_diff_make(const struct plan *before, const struct plan *after,
    struct plan_diff *ret) MUST_USE;
void plan_diff_release(struct plan_diff *d);            /* CLEANUP-able */

#endif
