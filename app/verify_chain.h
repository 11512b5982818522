/* app/verify_chain.h - statement ← plan ← request: do the papers say one thing?
 *
 * Signatures and digests show who wrote the papers and that they belong together
 * (verify.c); this looks at what they say.  What officers approved is plan.txt,
 * so nothing may be stated that is not in it, and nothing be in it that was not
 * asked for (FORMATS 8.1, 8.2, 9.1).
 */
#ifndef AZUKARI_APP_VERIFY_CHAIN_H
#define AZUKARI_APP_VERIFY_CHAIN_H

#include "core/err.h"
#include "core/text.h"
#include "exporters/statement.h"
#include "policy/plan.h"
#include "policy/request.h"
#include "policy/votes.h"

/* Every value that plan.txt takes from request.txt, whose signature file is
 * ${request_sig}.  ERR_MISMATCH, the key in ${info}. */
enum err verify_chain_plan(const struct plan *p, const struct request *r,
    struct bytes request_sig, struct err_info *info) MUST_USE;

/* Every value that STATEMENT.txt takes from request and plan, levels within the
 * plan's, k no smaller than asked for, and counts that add up as far as they
 * are told.  ERR_MISMATCH, ERR_SYNTAX (a line of a list), the key in ${info}. */
enum err verify_chain_statement(const struct statement *s,
    const struct plan *p, const struct request *r,
    struct err_info *info) MUST_USE;

/* An approval counts from the plan's freezing (ten minutes for clocks that
 * differ) and until it expires: when it was logged, by its entry's ${text}, and
 * when the statement was made.  ERR_MISMATCH, ERR_EXPIRED. */
enum err verify_chain_approval(const struct votes_approval *a,
    const struct plan *p, const struct statement *s,
    const struct text *entry, struct err_info *info) MUST_USE;

#endif
