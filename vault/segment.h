/* vault/segment.h - the bytes of a segment (docs/FORMATS.md section 5.3).
 *
 * Pure: no SQL, no keys.  A builder collects sealed records of one epoch; a
 * view walks stored bytes, every length checked first.  Sealed bytes are
 * ciphertext, so ordinary memory will do.
 */
#ifndef AZUKARI_VAULT_SEGMENT_H
#define AZUKARI_VAULT_SEGMENT_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"

#define SEGMENT_HEAD_LEN 12             /* magic, count */
#define SEGMENT_ENTRY_LEN 6             /* per record, in front of all bytes */
#define SEGMENT_ENTRY_WIDE 8            /* where a generation takes two bytes */
#define SEGMENT_ENTRY_FIRST 12          /* of the first version: only read */
#define SEGMENT_ID_LEN 16
#define SEGMENT_TAG_LEN 16              /* Poly1305 */
#define SEGMENT_SEALED_MIN 32           /* id and tag */
#define SEGMENT_UNIT 16                 /* sealed - 32 is a multiple of this */
#define SEGMENT_UNITS_MAX 8191
#define SEGMENT_SEALED_MAX \
	(SEGMENT_SEALED_MIN + (size_t)SEGMENT_UNITS_MAX * SEGMENT_UNIT)
#define SEGMENT_RECORDS_MAX 65536
#define SEGMENT_BYTES_MAX ((size_t)8 << 20)
/* Close a builder here: eight overflow pages of 16 KiB to the last byte, and
 * the 2,025 bytes that SQLite keeps in the row, of which eight fill a page. */
#define SEGMENT_BYTES_GOAL ((size_t)8 * 16332 + 2020)
#define SEGMENT_LEAF_LEN 32
#define SEGMENT_NO_RESPONDENT UINT32_MAX        /* quarantine */

#define SEGMENT_REMOVED 1               /* flag: id and tag are left */

struct segment_entry {
	uint32_t respondent;
	uint16_t generation;
	uint8_t kind;                   /* FORMATS 5: 1 to 5 */
	uint8_t flags;
	uint32_t length;                /* of the sealed bytes */
};

/* Builder.  Zeroed is empty; release or clear when done. */
struct segment_builder {
	struct buf entries, sealed;
	uint32_t count;
	uint32_t removed;
	int wide;                       /* needs SEGMENT_ENTRY_WIDE */
};
void segment_builder_clear(struct segment_builder *b);
void segment_builder_release(struct segment_builder *b); /* CLEANUP-able */

/* Append one record; ${entry->length} bytes are copied from ${sealed}.
 * ERR_LIMIT: the segment is full (unchanged); ERR_RANGE: bad entry. */
enum err segment_builder_add(struct segment_builder *b,
    const struct segment_entry *entry, const uint8_t *sealed) MUST_USE;

/* The same without a copy: room for ${entry->length} bytes, to be written at
 * once by the caller; valid until the next call. */
enum err segment_builder_room(struct segment_builder *b,
    const struct segment_entry *entry, uint8_t **ret) MUST_USE;

/* Bytes the finished segment will have. */
size_t segment_builder_len(const struct segment_builder *b);

/* Append the segment's bytes to ${out}.  ERR_STATE when it has no record. */
enum err segment_builder_finish(const struct segment_builder *b,
    struct buf *out) MUST_USE;

/* View over borrowed bytes.  open checks everything (ERR_UNSUPPORTED for the
 * magic, ERR_CORRUPT for the rest), so that walking cannot fail. */
struct segment_view {
	struct bytes bytes;
	size_t entry_len;
	uint32_t count;
	uint32_t next;                  /* index of the record to come */
	size_t at;                      /* offset of its sealed bytes */
};
struct segment_record {
	struct segment_entry entry;
	const uint8_t *sealed;          /* entry.length bytes, borrowed */
};
enum err segment_view_open(struct bytes bytes,
    struct segment_view *ret) MUST_USE;
/* Respondent of the record ${ahead} places behind the next one
 * (SEGMENT_NO_RESPONDENT behind the end): for fetching its key in time. */
uint32_t segment_view_peek(const struct segment_view *v, uint32_t ahead);
/* 1 and the next record, or 0 at the end. */
int segment_view_next(struct segment_view *v, struct segment_record *ret);

/* SHA256(0x00 | for each record: id | Poly1305 tag). */
enum err segment_leaf(struct bytes bytes,
    uint8_t ret[SEGMENT_LEAF_LEN]) MUST_USE;

/* Write ${from} to ${out} with every record for which ${drop} says 1 in its
 * removed form; leaf and count stay.  ${ret_dropped}: how many were newly
 * removed. */
typedef int (*segment_drop_fn)(void *ctx, uint32_t index,
    const struct segment_record *record);
enum err segment_rewrite(struct bytes from, segment_drop_fn drop, void *ctx,
    struct buf *out, uint32_t *ret_dropped) MUST_USE;

#endif
