/* app/ops/officer.h - on the officer's own machine: no home, no gateway.
 *
 * A packet comes from a gateway that may be hostile.  Opening it makes every
 * check of PROTOCOL 3.2 and gives nothing to show before all of them hold:
 *
 *   charter      the one pinned here, or one that follows from it by
 *                signatures, or one this officer's own key has signed
 *   policy       t valid signatures of the charter's seats
 *   request      the investigator's signature, under the key in the policy
 *   plan         signed by the charter's gateway key; in the ledger; the
 *                ledger extends what was seen here before
 *   decision     policy/ run again, with the plan held against it
 *   recipient    never used by another plan seen here
 *   shares       this seat's own: every one opens, and is of the epoch that
 *                the plan names
 *   approvals    those that came along: signed, logged, of this plan
 *
 * What is remembered between runs (docs/FORMATS.md 8.10) has no secrets: the
 * charter, the ledger's last checkpoint, the plans that were answered and the
 * last approved plan.
 */
#ifndef AZUKARI_APP_OPS_OFFICER_H
#define AZUKARI_APP_OPS_OFFICER_H

#include "app/outcome.h"
#include "core/buf.h"
#include "core/fs.h"
#include "keys/identity.h"
#include "policy/plan.h"
#include "policy/votes.h"

struct officer_args {
	const char *packet;
	const char *state_dir;          /* made where it is absent */
	const uint8_t *charter_sha256;  /* told by someone trusted; or NULL */
	const struct identity *identity;        /* borrowed until the end */
	int64_t now_unix_s;
};

struct officer;

/* Open and check.  The refusal names the member of the packet in o->info, or
 * every reason of the decision in ${o}; checks that hold are told there too.
 * ${o} is not kept. */
enum err officer_open(const struct officer_args *args, struct outcome *o,
    struct officer **ret) MUST_USE;
void officer_close(struct officer *w);
void officer_cleanup(struct officer **w);

/* Borrowed, until officer_close. */
const struct plan *officer_plan(const struct officer *w);
const char *officer_owner(const struct officer *w);         /* "14" */
const char *officer_owner_name(const struct officer *w);    /* 神奈川県 */
const char *officer_seat(const struct officer *w);

/* 1: this seat's approval is in the packet already; the answer then only adds
 * the shares. */
int officer_has_approved(const struct officer *w);
/* 1: with this seat's, enough approvals stand: shares will go. */
int officer_will_release(const struct officer *w);
/* Differences from the last plan approved here, routine ones left out; -1
 * when there was none before. */
long officer_changes(const struct officer *w);

/* Append half a page for a person: who, why, until when, which items how
 * coarse, at most how many people, and what differs from the last one. */
enum err officer_show(const struct officer *w, int japanese,
    struct buf *out) MUST_USE;

/* Sign, and release where enough approvals stand; write the answer to ${path}
 * (new) and remember.  Checks again what another answer may have changed. */
enum err officer_answer(struct officer *w, const char *path,
    struct outcome *o) MUST_USE;

/* A denial or a revocation, from a packet of which only plan and charter are
 * looked at. */
struct officer_no {
	enum votes_stop_kind kind;
	const char *reason;
	const char *path;               /* of the answer, new */
};
enum err officer_stop(const struct officer_args *args,
    const struct officer_no *no, struct outcome *o) MUST_USE;

/* Do this seat's share files open, and are they the ones that were dealt?  Of
 * a plan's packet or one of all shares.  Every bad one is told in ${o}. */
enum err officer_check_shares(const struct officer_args *args,
    struct outcome *o) MUST_USE;

#endif
