/* app/papers.h - the signed documents in force, read from the register.
 *
 * What is stored was verified when it came in; it is parsed again on every
 * use, and its digest is recomputed, so that a changed row is seen.
 */
#ifndef AZUKARI_APP_PAPERS_H
#define AZUKARI_APP_PAPERS_H

#include "app/home.h"
#include "keys/digest.h"
#include "keys/sshsig.h"
#include "policy/charter.h"
#include "policy/policy.h"

/* One document's bytes.  Zeroed is empty. */
struct paper {
	struct buf bytes;
	uint8_t sha256[DIGEST_LEN];
	struct register_document row;
};
void paper_release(struct paper *p);            /* CLEANUP-able */

/* The latest match of ${q}.  ERR_NOT_FOUND; ERR_CORRUPT when the stored bytes
 * are not of the stored digest. */
enum err papers_find(struct home *h, const struct register_query *q,
    struct paper *ret) MUST_USE;

struct paper_charter {
	struct paper paper;
	struct charter charter;
};
void paper_charter_release(struct paper_charter *p);    /* CLEANUP-able */

/* The charter in force; ERR_STATE with a sentence when the owner has not been
 * activated yet. */
enum err papers_charter(struct home *h, const char *owner,
    struct paper_charter *ret) MUST_USE;

/* The policy in force, for who needs its terms alone (a decision goes through
 * app/docket.h).  ERR_NOT_FOUND, without a sentence, when there is none yet. */
enum err papers_policy(struct home *h, const char *owner,
    struct policy *ret) MUST_USE;

/* Which seats' signatures among ${document}'s verify over ${bytes} under the
 * keys of ${charter}, as bits by seat index.  A signature of a key that the
 * seat no longer has counts for nobody. */
enum err papers_signed_seats(struct home *h, int64_t document,
    struct bytes bytes, enum sshsig_ns ns, const struct charter *charter,
    uint32_t *ret) MUST_USE;

#endif
