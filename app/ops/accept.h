/* app/ops/accept.h - what an officer sent back, taken in at the gateway.
 *
 * Everything in it is hostile.  An approval is entered; shares are kept only
 * once t approvals of this plan are in the ledger, and only if they are the
 * shares of this plan's epochs; a denial or a revocation takes effect at once.
 */
#ifndef AZUKARI_APP_OPS_ACCEPT_H
#define AZUKARI_APP_OPS_ACCEPT_H

#include "app/home.h"

struct accept_args {
	const char *answer;     /* a packet; or one text made by hand ... */
	const char *sig;        /* ... with its signature file */
	const char *shares;     /* ... and, for a release, shares.age */
	const char *plan;       /* only an answer about this plan; or NULL */
};

struct accept_result {
	char plan[REGISTER_NAME_MAX + 1];
	char seat[REGISTER_NAME_MAX + 1];
	int approved, released, denied, revoked;        /* what came */
	int ended;              /* the plan is over */
	int recalled;           /* its export was called back */
};

/* ERR_REFUSED, ERR_EXISTS, ERR_EXPIRED, ERR_STATE, ERR_THRESHOLD,
 * ERR_MISMATCH, ERR_SIGNATURE, ERR_UNTRUSTED, ERR_SHARE, each with a sentence;
 * else what broke.  A packet with an approval and a release whose release is
 * refused has still entered the approval. */
enum err accept_answer(struct home *h, const struct accept_args *args,
    struct accept_result *ret) MUST_USE;

#endif
