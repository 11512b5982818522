/* keys/recovery.h - what an owner needs to read its vault without us.
 *
 * `azukari-recovery v1` (docs/FORMATS.md section 4.5), sealed to each seat.
 */
#ifndef AZUKARI_KEYS_RECOVERY_H
#define AZUKARI_KEYS_RECOVERY_H

#include "core/buf.h"
#include "core/err.h"
#include "keys/erase_key.h"
#include "keys/gateway_key.h"

/* Append one age file with the recovery text of ${erase}'s owner to ${out},
 * sealed to one seat's ${count} (1 or 2) recipients.  ERR_NOT_FOUND when the
 * gateway has no keys of that owner. */
enum err recovery_seal(const struct gateway_key *gateway,
    const struct erase_key *erase, int64_t created_unix_s,
    const struct age_recipient *recipients, size_t count,
    struct buf *out) MUST_USE;

#endif
