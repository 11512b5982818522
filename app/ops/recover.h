/* app/ops/recover.h - what the seats keep for a day without the operator. */
#ifndef AZUKARI_APP_OPS_RECOVER_H
#define AZUKARI_APP_OPS_RECOVER_H

#include "app/home.h"
#include "policy/charter.h"

/* Seal the owner's storage, index and event keys to every seat of ${charter}
 * (owners/NN/recovery/SEAT.age, replaced).  At enrolment and each rotation. */
enum err recover_seal(struct owner *w, const struct charter *charter) MUST_USE;

#endif
