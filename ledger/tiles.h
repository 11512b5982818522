/* ledger/tiles.h - C2SP tlog-tiles on disk, read and written file by file.
 *
 *   DIR/tile/L/N[.p/W]        hashes of level L, 256 to a full tile
 *   DIR/tile/entries/N[.p/W]  entry bundles, u16 length and bytes each
 *
 * A file is written once, atomically, and is durable on return.  A partial
 * tile may be deleted once its full tile is there; readers then take the full
 * one's beginning.
 */
#ifndef AZUKARI_LEDGER_TILES_H
#define AZUKARI_LEDGER_TILES_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"

#define TILES_WIDTH 256
#define TILES_LEVEL_MAX 7        /* 256^8 leaves and more do not occur */
#define TILES_ENTRIES (-1)       /* the "level" of entry bundles */
#define TILES_ENTRY_MAX 65535
#define TILES_PATH_MAX 96
#define TILES_HASH_LEN 32

/* One file: level 0..TILES_LEVEL_MAX or TILES_ENTRIES; width 1..256. */
struct tiles_id {
	int level;
	uint64_t index;
	unsigned width;
};

/* "tile/0/x001/067.p/5"; relative to the log's folder.  A width of 0 gives
 * the folder of the partial tiles, "tile/0/x001/067.p". */
void tiles_path(const struct tiles_id *id, char ret[TILES_PATH_MAX]);

/* The tile that holds position ${at} of ${level} in a tree of ${size} leaves,
 * with the width it has there.  ERR_RANGE when that tree has no such
 * position. */
enum err tiles_id_at(int level, uint64_t at, uint64_t size,
    struct tiles_id *ret) MUST_USE;

/* Number of positions of ${level} in a tree of ${size} leaves. */
uint64_t tiles_count(int level, uint64_t size);

/* Append the tile's bytes: width * 32 for hashes, exactly width entries for a
 * bundle, cut out of the full tile, or a wider one, where it is gone.
 * ERR_NOT_FOUND; ERR_CORRUPT: not of that shape. */
enum err tiles_read(const char *dir, const struct tiles_id *id,
    struct buf *out) MUST_USE;

/* Write durably, making folders as needed. */
enum err tiles_write(const char *dir, const struct tiles_id *id,
    struct bytes bytes) MUST_USE;

/* Next entry off a bundle.  ERR_TRUNCATED; ERR_NOT_FOUND at the end. */
enum err tiles_take_entry(struct bytes *bundle,
    struct bytes *ret_entry) MUST_USE;
/* Append one entry to a bundle.  ERR_LIMIT above TILES_ENTRY_MAX. */
enum err tiles_put_entry(struct bytes entry, struct buf *bundle) MUST_USE;

#endif
