/* app/job.h - an export: the only place where policy, vault and exporters
 * meet.
 *
 * The order is an invariant, held by a test:
 *
 *   decide     policy on request, plan and votes: a grant, or every reason
 *   ledger     `export-started`
 *   open       shares → keys in locked memory → rows under the grant
 *   export     payload and bundle, temporary; no plaintext on any disk
 *   verify     the bytes that leave: independent count, then the whole bundle
 *              as a stranger would
 *   ledger     `notice-book`, `exported`, consent asked again, where the plan
 *              asks for them the cosignatures of the witnesses' quorum and the
 *              seats' signatures on SHA256SUMS, `released`
 *   publish    rename into the outbox, secrets of the plan destroyed
 *
 * A job that was killed is simply run again: the same plan, snapshot and keys
 * give the same payload.
 */
#ifndef AZUKARI_APP_JOB_H
#define AZUKARI_APP_JOB_H

#include "app/home.h"
#include "vault/register_plan.h"

#define JOB_ARENA_DEFAULT ((size_t)192 << 20)
#define JOB_ARENA_LEAST ((size_t)1 << 20)

struct job_options {
	/* What keys, people and opened rows may take together, as far as they
	 * need it.  Where people take more than half of it, the rows have the
	 * other half nevertheless.  0: JOB_ARENA_DEFAULT, but for the rows not
	 * less than people take. */
	size_t arena_bytes;
	unsigned threads;               /* 0: 2 */
	int rederive;                   /* only compute the payload's digests */
	void (*progress)(void *ctx, const char *stage, uint64_t done);
	/* asked again and again; 1 ends the job with ERR_CANCELLED, as if it
	 * had been killed: it may be run again.  May be NULL. */
	int (*cancelled)(void *ctx);
	void *progress_ctx;             /* of both; may be NULL */
};

struct job_result {
	char export_id[REGISTER_NAME_MAX + 1];
	char path[FS_PATH_MAX];         /* of the bundle; "" when re-derived */
	uint64_t considered, rows, respondents;
	uint64_t no_consent, withdrawn, suppressed_rows;
	uint64_t suppressed_respondents;
	uint64_t k_achieved, groups;
	uint64_t covered_by_later;
	int waits;                      /* built, waits for byte release */
	unsigned minimum_cell;          /* smaller counts are not to be shown */
	uint8_t tagmanifest_sha256[32]; /* of the payload's inside */
	const char *what;               /* of job_rederive: equal, different,
	                                 * withdrawn; else NULL */
};

/* Export ${plan}.  ERR_REFUSED, ERR_THRESHOLD with every reason; ERR_EXPIRED;
 * ERR_CHANGED after repeated changes under the job; else what broke.  On
 * failure nothing is in the outbox; a plan whose disclosure rules cannot be met
 * ends. */
enum err job_run(struct home *h, const char *plan,
    const struct job_options *options, struct job_result *ret) MUST_USE;

/* Compute the payload of the earlier export that ${plan} names again, without
 * writing any of it, and compare the digest of its inside with that bundle's
 * STATEMENT.txt; the plan ends, and the ledger says how.  ERR_MISMATCH with a
 * sentence: it differs.  People who withdrew since are no failure: ret->what
 * says `withdrawn`.  Else as job_run. */
enum err job_rederive(struct home *h, const char *plan,
    const struct job_options *options, struct job_result *ret) MUST_USE;

/* How many people whose answers are in this built or released bundle have
 * withdrawn since its export began. */
enum err job_consent_count(struct home *h, struct owner *w,
    const struct register_export *e, uint64_t *ret) MUST_USE;

/* Has anybody whose answers are in this built or released bundle withdrawn
 * since its export began? */
enum err job_consent_moved(struct home *h, struct owner *w,
    const struct register_export *e, int *ret) MUST_USE;

/* The last part, for a bundle that is built: ask consent again, finish, verify
 * as a stranger would, log `released`, publish, destroy the plan's secrets.
 * job_run does it; it may be called again after a crash.  ${ret_path} is the
 * bundle in the outbox.  ERR_CHANGED: an exported respondent has withdrawn
 * meanwhile, the built bundle is destroyed and the export is to be run again.
 * ERR_THRESHOLD, without a sentence: the plan asks for byte release, and too
 * few seats have signed SHA256SUMS; the bundle stays as it is. */
enum err job_publish(struct home *h, struct owner *w, const char *export_id,
    char ret_path[FS_PATH_MAX]) MUST_USE;

/* What stands around a built bundle's SHA256SUMS, as it will be published. */
struct job_seals {
	struct buf sums, sig, entry, proof;
	uint8_t sums_sha256[32];
};
void job_seals_release(struct job_seals *s);            /* CLEANUP-able */
enum err job_publish_seals(struct home *h, const char *export_id,
    struct job_seals *ret) MUST_USE;

/* Has somebody in the built bundle withdrawn since it was begun? */
enum err job_publish_stale(struct home *h, struct owner *w,
    const char *export_id, int *ret) MUST_USE;

#endif
