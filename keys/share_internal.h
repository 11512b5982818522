/* keys/share_internal.h - for those that make shares. */
#ifndef AZUKARI_KEYS_SHARE_INTERNAL_H
#define AZUKARI_KEYS_SHARE_INTERNAL_H

#include "keys/epoch.h"
#include "keys/share.h"

/* The labels of ${seat}'s share of ${epoch} under ${seats}. */
void share_labels(const struct epoch *epoch, const struct epoch_seats *seats,
    const struct epoch_seat *seat, struct share *ret);

#endif
