/* keys/names.h - the grammar of short names (docs/FORMATS.md section 1.1). */
#ifndef AZUKARI_KEYS_NAMES_H
#define AZUKARI_KEYS_NAMES_H

#include "core/buf.h"
#include "core/err.h"

#define NAMES_OWNER_LEN 2
#define NAMES_WORD_MAX 32

/* 1 when ${name} is an owner, `01` to `47`. */
int names_is_owner(struct bytes name);

/* 1 when ${name} is `[a-z][a-z0-9-]{0,31}`: a seat, source, ladder, project,
 * partner id or survey name. */
int names_is_word(struct bytes name);

#endif
