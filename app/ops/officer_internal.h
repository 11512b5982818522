/* app/ops/officer_internal.h - a packet on its way through the checks. */
#ifndef AZUKARI_APP_OPS_OFFICER_INTERNAL_H
#define AZUKARI_APP_OPS_OFFICER_INTERNAL_H

#include "app/docket.h"
#include "app/ops/officer.h"
#include "app/ops/officer_memory.h"
#include "app/pack.h"
#include "keys/epoch.h"
#include "ledger/note_key.h"
#include "ledger/policy_file.h"
#include "policy/decision.h"
#include "policy/plan_diff.h"

#define OFFICER_SEATS_MAX CHARTER_SEATS_MAX

struct officer_vote {
	char seat[40];
	struct bytes text, sig;         /* in the pack */
	struct votes_approval parsed;
};

struct officer {
	struct officer_args args;
	struct pack pack;
	uint8_t *used;                  /* by file of the pack */
	struct docket docket;
	struct officer_memory memory;
	size_t seat;                    /* index in the charter */
	/* the plan */
	struct bytes plan_bytes;
	uint8_t plan_sha256[DIGEST_LEN];
	struct plan plan;
	struct plan_epochs epochs;
	/* the ledger */
	struct note_key ledger_key;
	struct policy_file *witnesses;  /* NULL: none asked for */
	struct checkpoint now;          /* size 0: no proof seen yet */
	struct buf note;
	struct consistency_points proven;
	/* this seat's share texts, in order */
	struct buf shares;
	uint64_t shares_len, records;
	/* votes that came along */
	struct officer_vote votes[OFFICER_SEATS_MAX];
	size_t votes_len;
	uint32_t standing;              /* seats whose vote counts */
	struct decision decision;
	/* against the last approved plan */
	struct plan last_plan;
	struct plan_diff diff;
	int has_last;
};

/* From here on errors are about this member of the packet. */
void officer_at(struct outcome *o, const char *member);

/* A member that must be there, and one that may (NULL bytes: absent); both
 * count as looked at. */
enum err officer_need(struct officer *w, const char *name, struct bytes *ret,
    struct outcome *o) MUST_USE;
int officer_may(struct officer *w, const char *name, struct bytes *ret);

/* `PREFIXxSUFFIX` → x; 0 when ${name} is not of that form. */
int officer_between(const char *name, const char *prefix, const char *suffix,
    char ret[40]);

/* Read the packet, the charter, and find this identity's seat. */
enum err officer_read(struct officer *w, struct outcome *o) MUST_USE;

/* officer_trust.c: is this the owner's charter, and whose policy is it? */
enum err officer_check_charter(struct officer *w, struct outcome *o) MUST_USE;
enum err officer_check_papers(struct officer *w, struct outcome *o) MUST_USE;

/* officer_check.c: plan, ledger, votes, decision */
enum err officer_check_plan(struct officer *w, struct outcome *o) MUST_USE;
enum err officer_check_votes(struct officer *w, struct outcome *o) MUST_USE;
enum err officer_check_memory(struct officer *w, struct outcome *o) MUST_USE;
/* The plan as it is remembered. */
void officer_this_plan(const struct officer *w,
    struct officer_memory_plan *ret);
enum err officer_decide(struct officer *w, struct outcome *o) MUST_USE;

/* officer_shares.c: epochs.txt and one share after the other.  Every bad
 * share is told; the first one's error is returned. */
enum err officer_check_epochs(struct officer *w, struct outcome *o) MUST_USE;

#endif
