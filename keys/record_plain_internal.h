/* keys/record_plain_internal.h - what the files of a plaintext share. */
#ifndef AZUKARI_KEYS_RECORD_PLAIN_INTERNAL_H
#define AZUKARI_KEYS_RECORD_PLAIN_INTERNAL_H

#include "keys/record_plain.h"

/* record_plain_first.c: what stands behind the user id in format 1 (FORMATS.md
 * 5.6).  A text's half digest becomes the one text of ${lists} that begins with
 * it, else it stays half with zeros behind it, which is no text's digest.
 * ERR_TRUNCATED, ERR_CORRUPT. */
enum err record_plain_first_take(struct bytes *c,
    const struct epoch_lists *lists, struct record_plain *ret) MUST_USE;

#endif
