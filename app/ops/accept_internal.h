/* app/ops/accept_internal.h - one answer on its way in. */
#ifndef AZUKARI_APP_OPS_ACCEPT_INTERNAL_H
#define AZUKARI_APP_OPS_ACCEPT_INTERNAL_H

#include "app/act.h"
#include "app/ballot.h"
#include "app/ops/accept.h"
#include "app/pack.h"

/* One signed text of an answer.  Empty bytes: it did not come. */
struct accept_text {
	struct bytes text, sig;
	uint8_t sha256[DIGEST_LEN], sig_sha256[DIGEST_LEN];
};

struct accept {
	struct home *h;
	const char *only_plan;          /* NULL: any */
	struct pack pack;               /* owns all bytes */
	struct accept_text approval, release, denial, revocation;
	struct bytes shares;
	struct ballot ballot;
	struct accept_result *result;
};

/* The plan of an incoming vote, its state looked at: who says what about
 * which plan must be the plan's own; the seat must be the charter's. */
struct accept_claim {
	const char *plan, *owner, *seat;
	const uint8_t *plan_sha256;
};
enum err accept_load(struct accept *a, const struct accept_claim *c) MUST_USE;

/* ${t} is signed by the seat ${seat} in ${ns}: ERR_UNTRUSTED, ERR_SIGNATURE,
 * with a sentence. */
enum err accept_signed(struct accept *a, const struct accept_text *t,
    const char *seat, enum sshsig_ns ns) MUST_USE;

/* Inside an act: nothing has come between since the plan was read.
 * ERR_CHANGED. */
enum err accept_still_frozen(struct accept *a) MUST_USE;

/* The document, under the act, with its signature. */
enum err accept_put(struct accept *a, enum register_kind kind,
    const char *seat, const struct accept_text *t, int64_t act) MUST_USE;

/* 1 when these very bytes are in the register; ERR_EXISTS with a sentence when
 * another text of that kind and seat is. */
enum err accept_known(struct accept *a, enum register_kind kind,
    const char *seat, const struct accept_text *t, int *ret) MUST_USE;

/* The four kinds. */
enum err accept_approval(struct accept *a) MUST_USE;
enum err accept_release(struct accept *a) MUST_USE;
enum err accept_stop(struct accept *a, enum votes_stop_kind kind) MUST_USE;

#endif
