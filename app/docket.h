/* app/docket.h - all papers of one case, as a decision needs them.
 *
 * Gateway, officer's tool and verifier decide the same way (policy/decision.h)
 * on the same bytes; they differ only in where the bytes come from: the
 * register, an officer's packet, or files beside a request.
 */
#ifndef AZUKARI_APP_DOCKET_H
#define AZUKARI_APP_DOCKET_H

#include "app/home.h"
#include "app/pack.h"
#include "keys/digest.h"
#include "keys/sshsig.h"
#include "policy/decision.h"
#include "policy/prior.h"
#include "survey/survey.h"

struct docket_ladder {
	char name[40];
	struct buf bytes;
};

/* Zeroed is empty. */
struct docket {
	struct buf request_bytes, request_sig;
	struct buf policy_bytes, charter_bytes, survey_bytes;
	struct request request;
	struct policy policy;
	struct charter charter;
	struct survey *survey;
	struct docket_ladder ladders[POLICY_LADDERS_MAX];
	struct policy_ladder_file files[POLICY_LADDERS_MAX];
	size_t ladders_len;
	struct prior prior;             /* earlier releases */
	/* Set by the caller before loading: the policy of that digest; NULL:
	 * the one in force. */
	const uint8_t *policy_wanted;
	char fingerprint[SSHSIG_FINGERPRINT_LEN + 1];
	struct decision_case dcase;
};
void docket_release(struct docket *d);          /* CLEANUP-able */

/* ---- in steps; each fills bytes, digests and parsed forms ---- */

/* A request with its signature: who signed it is judged by decision_make. */
enum err docket_put_request(struct docket *d, struct bytes request,
    struct bytes sig, struct err_info *info) MUST_USE;
enum err docket_put_charter(struct docket *d, struct bytes charter,
    int in_force, struct err_info *info) MUST_USE;
/* Needs the charter.  ${signers} are seats whose signatures verified. */
enum err docket_put_policy(struct docket *d, struct bytes policy,
    uint32_t signers, struct err_info *info) MUST_USE;
enum err docket_put_survey(struct docket *d, struct bytes survey,
    struct err_info *info) MUST_USE;
enum err docket_put_ladder(struct docket *d, const char *name,
    struct bytes file) MUST_USE;
/* prior-releases.txt. */
enum err docket_put_prior(struct docket *d, struct bytes text,
    struct err_info *info) MUST_USE;
/* All is put: fills dcase.facts for ${now}; what the register alone can know
 * stays -1 and is set by whoever knows. */
void docket_close(struct docket *d, int64_t now_unix_s);

/* ---- from the register ---- */

/* Charter and policy in force, with the survey and the ladders the policy
 * names for ${survey} (NULL: none of both).  ERR_STATE with a sentence when
 * the owner has no policy. */
enum err docket_load_rules(struct home *h, const char *owner, const char *name,
    unsigned version, struct docket *ret) MUST_USE;

/* The whole case of a submitted request, by id.  ERR_NOT_FOUND with a
 * sentence. */
enum err docket_load(struct home *h, const char *owner, const char *request,
    struct docket *ret) MUST_USE;

/* The list of earlier releases that ${plan} names, if any, and the levels that
 * it fixes. */
enum err docket_load_prior(struct home *h, const char *owner,
    const struct plan *plan, struct docket *d) MUST_USE;

/* For a plan that derives an earlier export again: the policy is the one that
 * was in force then. */
void docket_of_plan(struct docket *d, const struct plan *plan);

/* Print a decision's reasons into the outcome. */
void docket_tell(const struct decision *d, struct outcome *o);

#endif
