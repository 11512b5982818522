/* ledger/tiles_drop.h - removing tiles that no longer belong to a log.
 */
#ifndef AZUKARI_LEDGER_TILES_DROP_H
#define AZUKARI_LEDGER_TILES_DROP_H

#include <stdint.h>

#include "core/err.h"
#include "ledger/tiles.h"

/* How many leaves the entry bundles behind a tree of ${size} leaves reach to
 * at most; ${size} itself where there is nothing behind. */
enum err tiles_drop_reach(const char *dir, uint64_t size,
    uint64_t *ret_reach) MUST_USE;

/* Remove everything beyond a tree of ${size} leaves: wider partial tiles of
 * the last tile and all tiles behind it.  The tiles of ${size} itself stay. */
enum err tiles_drop_beyond(const char *dir, uint64_t size) MUST_USE;
/* Remove partial tiles whose full tile belongs to a tree of ${size} leaves,
 * looking at tiles from that of ${from_size} on. */
enum err tiles_drop_partial(const char *dir, uint64_t from_size,
    uint64_t size) MUST_USE;

#endif
