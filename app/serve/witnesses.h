/* app/serve/witnesses.h - asking the witnesses of the ledger over HTTPS.
 *
 * C2SP tlog-witness: POST URL/add-checkpoint with the texts of
 * app/ops/witness_ask.h, to every witness of a policy in force that has a URL
 * and lags behind, all at one time, every minute ("witnesses": {"seconds": N,
 * "answer_seconds": N, "ca": FILE}); a witness that says where it stands (409)
 * is asked from there.  One that does not answer within its seconds is asked
 * again in the next round, which begins on time: it holds up no other, and
 * nothing is released without its quorum meanwhile.
 */
#ifndef AZUKARI_APP_SERVE_WITNESSES_H
#define AZUKARI_APP_SERVE_WITNESSES_H

#include "app/serve/serve.h"

extern const struct serve_part witnesses_part;

#endif
