/* keys/record_internal.h - sealing with the randomness given, for vectors. */
#ifndef AZUKARI_KEYS_RECORD_INTERNAL_H
#define AZUKARI_KEYS_RECORD_INTERNAL_H

#include "keys/record.h"

#define RECORD_RANDOM_LEN 16

/* As record_seal; ${random} must never be used twice. */
enum err record_seal_with(const struct record_epoch_keys *keys,
    const struct record_ref *ref, const uint8_t random[RECORD_RANDOM_LEN],
    struct bytes plain, uint8_t *ret_sealed) MUST_USE;

#endif
