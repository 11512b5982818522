/* app/serve/witnesses.h - asking the witnesses of the ledger over HTTPS.
 *
 * C2SP tlog-witness: POST URL/add-checkpoint with the texts of
 * app/ops/witness_ask.h, to every witness of a policy in force that has a URL
 * and lags behind; every minute ("witnesses": {"seconds": N, "ca": FILE}), and
 * a witness that says where it stands (409) is asked from there.  One that does
 * not answer is asked again: nothing is released without its quorum meanwhile.
 */
#ifndef AZUKARI_APP_SERVE_WITNESSES_H
#define AZUKARI_APP_SERVE_WITNESSES_H

#include "app/serve/serve.h"

extern const struct serve_part witnesses_part;

#endif
