/* app/plan_page.h - what a plan says, for a person who decides: who, why, until
 * when, which items how coarse, at most how many people. */
#ifndef AZUKARI_APP_PLAN_PAGE_H
#define AZUKARI_APP_PLAN_PAGE_H

#include "app/docket.h"
#include "policy/plan.h"

struct plan_page {
	const struct docket *docket;    /* charter, policy, request, survey */
	const struct plan *plan;
	uint64_t records;               /* in the plan's epochs */
	uint64_t respondents_max;       /* 0: no bound but the records */
};

/* Append the text. */
enum err plan_page_write(const struct plan_page *in, int japanese,
    struct buf *out) MUST_USE;

#endif
