/* ledger/entry_shape.h - the shape of every value in the ledger, by its key.
 *
 * One table, so that no entry can carry more than digests, numbers, names and
 * words: the log cannot forget.
 */
#ifndef AZUKARI_LEDGER_ENTRY_SHAPE_H
#define AZUKARI_LEDGER_ENTRY_SHAPE_H

#include "core/err.h"

/* 1 when the table has ${key}. */
int entry_shape_is_known(const char *key);

/* ERR_RANGE when ${value} is not of its key's shape; an unknown key aborts. */
enum err entry_shape_check(const char *key, const char *value) MUST_USE;

#endif
