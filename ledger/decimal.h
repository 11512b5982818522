/* ledger/decimal.h - decimal numbers as C2SP texts write them. */
#ifndef AZUKARI_LEDGER_DECIMAL_H
#define AZUKARI_LEDGER_DECIMAL_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"

/* ASCII digits only, no leading zero unless it is "0".  ERR_SYNTAX, or
 * ERR_RANGE above ${max}. */
enum err decimal_parse(struct bytes text, uint64_t max,
    uint64_t *ret) MUST_USE;

/* `WORD NUMBER`: one space between, nothing behind. */
enum err decimal_parse_after(struct bytes line, const char *word, uint64_t max,
    uint64_t *ret) MUST_USE;

#endif
