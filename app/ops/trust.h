/* app/ops/trust.h - what first trust rests on: keys, fingerprints, digests.
 *
 * Everything here is public.  It goes into the agreement on paper, so that who
 * verifies later can compare; a file alone proves only what its sender wrote.
 */
#ifndef AZUKARI_APP_OPS_TRUST_H
#define AZUKARI_APP_OPS_TRUST_H

#include "app/home.h"
#include "keys/signers.h"
#include "policy/charter.h"

/* Add the gateway and all seats of ${c}, each with its namespaces. */
enum err trust_add_charter(struct signers *s,
    const struct charter *c) MUST_USE;
/* Add an investigator: `partner-ID`. */
enum err trust_add_partner(struct signers *s, const char *id,
    const char *ssh) MUST_USE;

/* Append the page of ${owner} to ${out}, in Japanese or English. */
enum err trust_page(struct home *h, const char *owner, int japanese,
    struct buf *out) MUST_USE;

/* Write allowed_signers, ledger.vkey and witness-policy into ${dir} (made):
 * the folder that verifiers give as --trust. */
enum err trust_write(struct home *h, const char *owner,
    const char *dir) MUST_USE;

#endif
