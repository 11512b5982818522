/* vault/store_segment.h - segments in the store.
 *
 * Numbers rise with insertion; the root of an epoch is over its segments in
 * that order.  Removing and compacting change a segment's bytes and its
 * version, never its leaf.
 */
#ifndef AZUKARI_VAULT_STORE_SEGMENT_H
#define AZUKARI_VAULT_STORE_SEGMENT_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"
#include "vault/segment.h"
#include "vault/store.h"

struct store_segment {
	int64_t number;
	int64_t epoch;                  /* row number */
	int64_t batch;                  /* row number */
	uint32_t records;               /* with removed ones */
	uint32_t removed;
	uint32_t version;               /* moves with every change of bytes */
	uint32_t bytes;
	int32_t first_answer_day, last_answer_day;      /* 0, 0: no answers */
	uint8_t leaf[SEGMENT_LEAF_LEN];
};

/* Transaction: insert what ${builder} holds.  ${head} gives epoch, batch and
 * answer days; ERR_STATE when the epoch is closed or not visible. */
enum err store_segment_add(struct store *s, const struct store_segment *head,
    const struct segment_builder *builder, int64_t *ret_number) MUST_USE;

/* The segments of one epoch (0: of all) or one batch (0: of all), by number,
 * as a list the caller frees. */
struct store_segment_list {
	struct store_segment *items;
	size_t len;
};
enum err store_segment_list(struct store *s, int64_t epoch, int64_t batch,
    struct store_segment_list *ret) MUST_USE;
void store_segment_list_release(struct store_segment_list *l);

/* The bytes of a segment, replacing the contents of ${out}.  ERR_CHANGED when
 * its version is no longer ${version}; ERR_NOT_FOUND. */
enum err store_segment_read(struct store *s, int64_t number, uint32_t version,
    struct buf *out) MUST_USE;

/* RFC 6962 root over leaves in order. */
enum err store_segment_root(const struct store_segment_list *l,
    uint8_t ret[SEGMENT_LEAF_LEN], uint64_t *ret_records) MUST_USE;

/* Transaction: leave only id and tag of one record (ERR_NOT_FOUND).  ${number}
 * is the segment's it was stored in, also where that was joined since. */
enum err store_segment_remove(struct store *s, int64_t number,
    const uint8_t id[SEGMENT_ID_LEN]) MUST_USE;
/* Transaction: of all records of a batch. */
enum err store_segment_remove_batch(struct store *s, int64_t batch,
    uint64_t *ret_removed) MUST_USE;
/* Transaction: drop the bytes of records whose key is gone (respondent erased
 * or of an older generation) in one segment. */
enum err store_segment_compact(struct store *s, int64_t number,
    uint32_t *ret_removed, uint64_t *ret_bytes) MUST_USE;
/* How many records that would drop; reads only. */
enum err store_segment_count_dead(struct store *s,
    const struct store_segment *segment, uint32_t *ret) MUST_USE;
/* Transaction: join neighbouring small segments of an open epoch and one
 * batch into segments of up to SEGMENT_BYTES_GOAL, ${most} of them at least
 * before it stops.  ${ret_joined}: how many segments there are fewer.  A closed
 * epoch's root is over its segments as they are: ERR_STATE. */
enum err store_segment_join(struct store *s, int64_t epoch, uint32_t most,
    uint32_t *ret_joined) MUST_USE;

/* Every live record of one respondent: where it is. */
typedef enum err (*store_segment_found_fn)(void *ctx, int64_t segment,
    const struct segment_record *record);
enum err store_segment_find(struct store *s, int64_t epoch,
    uint32_t respondent, store_segment_found_fn each, void *ctx) MUST_USE;

#endif
