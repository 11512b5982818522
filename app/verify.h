/* app/verify.h - a bundle held against everything it claims.
 *
 * No home and no key is needed.  Each check that holds is named in the
 * outcome, and whose trust was used: the verifier's own folder (allowed_signers,
 * ledger.vkey, witness-policy), or, with a loud warning, the copies inside the
 * bundle, which prove only that the bundle agrees with itself.
 */
#ifndef AZUKARI_APP_VERIFY_H
#define AZUKARI_APP_VERIFY_H

#include "app/outcome.h"
#include "exporters/bundle_read.h"
#include "exporters/statement.h"
#include "keys/signers.h"
#include "ledger/note_key.h"
#include "policy/plan.h"

struct verify_args {
	const char *bundle;             /* tar or unpacked folder */
	const char *trust;              /* folder; NULL: the bundle's own */
	int64_t now_unix_s;
	int papers;                     /* before its release: no payload and no
	                                 * signatures of seats on SHA256SUMS yet;
	                                 * the caller says whose trust it is */
};

/* A verified bundle, open for reading its payload. */
struct verify_result {
	struct bundle_reader *reader;
	struct statement statement;
	int own_trust;                  /* 1: the verifier's own was used */
	struct signers signers;         /* the trust that was used */
	struct note_key log_key;
	uint8_t text_scopes[PLAN_TEXTS_MAX];    /* a consent to each text of the
	                                         * statement must hold these */
};
void verify_result_release(struct verify_result *r);    /* CLEANUP-able */

/* ERR_OK only when every check held; the first that does not is named in
 * o->info.  ${ret} may be NULL, else it is to be released. */
enum err verify_bundle(const struct verify_args *args,
    struct verify_result *ret, struct outcome *o) MUST_USE;

#endif
