/* app/compact.h - what nothing needs any more, gone from the disk.
 *
 * Erasing deletes a key; the sealed bytes stay until compaction, which needs no
 * key: of a record that nothing opens any more it keeps id and Poly1305 tag
 * (docs/FORMATS.md 5.3), so that roots stay as they are.  Segments of a closed
 * epoch are never joined, since its root is over them one by one.
 *
 *     vault.db    segment after segment, some in a transaction
 *     vault.db    notice books past the retention of their exports: nobody is
 *                 told of them any more, and who was in them is nobody's business
 *     vault.db    the mark up to which erasures are done, the entry `compaction`
 *     WAL         cut to nothing, and with it the last copies
 *
 * What a process that dies leaves undone, the next run does.  Exports hold
 * compaction back and the other way round (owners/NN/compact.lock).
 */
#ifndef AZUKARI_APP_COMPACT_H
#define AZUKARI_APP_COMPACT_H

#include "app/home.h"

struct compact_result {
	uint64_t erased;        /* people whose records were still there */
	uint64_t dropped;       /* records whose bytes are gone now */
	uint64_t bytes;         /* of these */
	uint64_t books;         /* notice books past their retention, removed */
};

/* ERR_BUSY with a sentence while an export reads, or while somebody else's
 * reading keeps the WAL. */
enum err compact_run(struct owner *w, struct compact_result *ret) MUST_USE;

/* An export's side: no compaction until ${ret} is released.  ERR_BUSY with a
 * sentence while one runs. */
enum err compact_hold_off(struct owner *w, struct fs_lock *ret) MUST_USE;

/* Small segments of epochs that are about to be closed become large ones, as
 * long as no root is over them: those of one epoch, by row number. */
enum err compact_join(struct owner *w, int64_t epoch) MUST_USE;

#endif
