/* app/ops/ledger_check.h - one entry and its proof, without a home. */
#ifndef AZUKARI_APP_OPS_LEDGER_CHECK_H
#define AZUKARI_APP_OPS_LEDGER_CHECK_H

#include "app/outcome.h"
#include "ledger/proof.h"

struct ledger_check_args {
	const char *entry, *proof;      /* files */
	const char *vkey;               /* the log's key, text or file; or */
	const char *policy;             /* a C2SP tlog-policy with its quorum */
};

/* Is ENTRY in the log of PROOF's checkpoint, under the log's key or under a
 * policy and its quorum?  ${ret_index} is its place.  Errors of
 * proof_parse_unverified and proof_verify with a sentence. */
enum err ledger_check(const struct ledger_check_args *args,
    uint64_t *ret_index, struct checkpoint *ret, struct outcome *o) MUST_USE;

#endif
