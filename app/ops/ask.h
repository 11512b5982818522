/* app/ops/ask.h - requests: drafted and signed by a researcher, submitted at
 * the gateway, decided there owner by owner. */
#ifndef AZUKARI_APP_OPS_ASK_H
#define AZUKARI_APP_OPS_ASK_H

#include "app/home.h"
#include "policy/decision.h"

/* What a researcher says; strings are borrowed; days as YYYY-MM-DD. */
struct ask_draft {
	const char *id, *project, *title;
	const char *partner, *institution, *investigator;
	const char *purpose, *disease;          /* lists; disease may be NULL */
	const char *legal_basis;
	const char *ethics_approval, *ethics_expiry;    /* may be NULL */
	const char *owners;                     /* list */
	const char *survey;                     /* "NAME VERSION" */
	const char *fields;                     /* list */
	const char *period;                     /* DAY..DAY */
	const char *identity_pub;               /* path of the PI's NAME.pub */
	const char *retention_until;
	const char *supersedes;                 /* may be NULL */
	uint64_t valid_days;
};
/* Write request.txt to ${path} (new).  No home. */
enum err ask_write(const struct ask_draft *draft, const char *path,
    int64_t now_unix_s, struct outcome *o) MUST_USE;

/* Enter a signed request for every owner it names that is enrolled here, and
 * decide for each.  ${each} gets every decision.  ERR_REFUSED when all of them
 * refuse. */
typedef void (*ask_decided_fn)(void *ctx, const char *owner,
    const struct decision *d);
enum err ask_submit(struct home *h, const char *path, const char *sig_path,
    ask_decided_fn each, void *ctx) MUST_USE;

/* Decide again, as things stand now. */
enum err ask_decide(struct home *h, const char *owner, const char *request,
    struct decision *ret) MUST_USE;

/* Decide on files, before anything is signed: for a researcher who asks what
 * would be refused, with the documents the owner has published.  No home;
 * signatures and quotas are not judged. */
struct ask_ladder {
	const char *name, *path;
};
struct ask_files {
	const char *request, *charter, *policy, *survey;
	const struct ask_ladder *ladders;
	size_t ladders_len;
};
enum err ask_check(const struct ask_files *files, int64_t now_unix_s,
    struct decision *ret, struct outcome *o) MUST_USE;

#endif
