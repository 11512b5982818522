/* ledger/log_check.h - are all tiles of a log what its entries make them?
 *
 * For any C2SP tlog-tiles log, ours or not.
 */
#ifndef AZUKARI_LEDGER_LOG_CHECK_H
#define AZUKARI_LEDGER_LOG_CHECK_H

#include <stdint.h>

#include "core/err.h"
#include "ledger/log.h"
#include "ledger/tiles.h"

/* Walk every tile of ${l}'s state: entries hash to the leaves, every hash above
 * is that of the full tile below, and the leaves hash to the root that was
 * signed.  ERR_CORRUPT or ERR_NOT_FOUND with the tile in ${ret_at} (its path;
 * "" for the root); ERR_IO, ERR_NOMEM. */
enum err log_check_tiles(struct log *l, char ret_at[TILES_PATH_MAX]) MUST_USE;

#endif
