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
 *   ledger     `notice-book`, `exported`, consent asked again, `released`
 *   publish    rename into the outbox, secrets of the plan destroyed
 *
 * A job that was killed is simply run again: the same plan, snapshot and keys
 * give the same payload.
 */
#ifndef AZUKARI_APP_JOB_H
#define AZUKARI_APP_JOB_H

#include "app/home.h"

#define JOB_ARENA_DEFAULT ((size_t)256 << 20)
#define JOB_ARENA_LEAST ((size_t)1 << 20)

struct job_options {
	size_t arena_bytes;             /* 0: JOB_ARENA_DEFAULT */
	unsigned threads;               /* 0: 2 */
	int rederive;                   /* only compute the payload's digests */
	void (*progress)(void *ctx, const char *stage, uint64_t done);
	void *progress_ctx;             /* may be NULL */
};

struct job_result {
	char export_id[REGISTER_NAME_MAX + 1];
	char path[FS_PATH_MAX];         /* of the bundle; "" when re-derived */
	uint64_t considered, rows, respondents;
	uint64_t no_consent, withdrawn, suppressed_rows;
	uint64_t suppressed_respondents;
	uint64_t k_achieved, groups;
	uint64_t covered_by_later;
	unsigned minimum_cell;          /* smaller counts are not to be shown */
	uint8_t tagmanifest_sha256[32]; /* of the payload's inside */
};

/* Export ${plan}.  ERR_REFUSED, ERR_THRESHOLD with every reason; ERR_EXPIRED;
 * ERR_CHANGED after repeated changes under the job; else what broke.  On
 * failure nothing is in the outbox; a plan whose disclosure rules cannot be met
 * ends. */
enum err job_run(struct home *h, const char *plan,
    const struct job_options *options, struct job_result *ret) MUST_USE;

/* The last part, for a bundle that is built: ask consent again, finish, verify
 * as a stranger would, log `released`, publish, destroy the plan's secrets.
 * job_run does it unless the plan asks for byte release; it may be called
 * again after a crash.  ${ret_path} is the bundle in the outbox.  ERR_CHANGED:
 * an exported respondent has withdrawn meanwhile, the built bundle is destroyed
 * and the export is to be run again. */
enum err job_publish(struct home *h, struct owner *w, const char *export_id,
    char ret_path[FS_PATH_MAX]) MUST_USE;

#endif
