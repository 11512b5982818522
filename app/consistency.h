/* app/consistency.h - consistency.txt: "the ledger you saw is still in this
 * one".
 *
 * Travels in an officer's packet (docs/FORMATS.md 8.4): one checkpoint, and
 * for each tree the officer may remember the proof that it is a prefix.
 */
#ifndef AZUKARI_APP_CONSISTENCY_H
#define AZUKARI_APP_CONSISTENCY_H

#include <stdint.h>

#include "core/text.h"
#include "ledger/checkpoint.h"
#include "ledger/log.h"

#define CONSISTENCY_POINTS_MAX 128

/* A tree: its size and root. */
struct consistency_point {
	uint64_t size;
	uint8_t root[MERKLE_PROOF_HASH_LEN];
};

struct consistency_points {
	struct consistency_point items[CONSISTENCY_POINTS_MAX];
	size_t len;
};

/* 1 when that very tree is there. */
int consistency_has(const struct consistency_points *p,
    const struct consistency_point *point);
/* Add what is not there; when full the first goes. */
void consistency_add(struct consistency_points *p,
    const struct consistency_point *point);

/* Append the text for ${log}'s published state and every tree of ${sizes} that
 * is not larger; sizes of 0 are left out. */
enum err consistency_write(struct log *log, const uint64_t *sizes, size_t len,
    struct buf *out) MUST_USE;

/* Parse, verify every proof, and give the older trees that are prefixes of
 * ${now}.  ERR_MISMATCH: it is about another checkpoint, or a proof does not
 * hold; else as text_parse. */
enum err consistency_check(struct bytes text, const struct checkpoint *now,
    struct consistency_points *ret, struct err_info *info) MUST_USE;

#endif
