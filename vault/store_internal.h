/* vault/store_internal.h - what the files of an owner's store share. */
#ifndef AZUKARI_VAULT_STORE_INTERNAL_H
#define AZUKARI_VAULT_STORE_INTERNAL_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"
#include "vault/db_internal.h"
#include "vault/store.h"
#include "vault/store_respondent.h"

/* How a store is laid out, docs/FORMATS.md section 5.4: lengths in bytes.  What
 * is cut off a tag or an event is zero bytes wherever it is not in a file. */
struct store_layout {
	size_t tag_len, entry_len;
	uint32_t block_entries;         /* to a block, which fits a page */
	size_t event_len;
};
#define STORE_ENTRY_MAX 42
#define STORE_BLOCK_MAX 16224           /* bytes */

struct store_entry {
	uint8_t tag[STORE_TAG_LEN];
	uint16_t generation;
	uint8_t state;
	uint8_t scopes;
	uint16_t text;                  /* number; 0: no consent */
	uint32_t given_unix_s;
};
/* ${p} has room for an entry of the layout.  ERR_RANGE: the tag is longer. */
enum err store_entry_put(const struct store_layout *l, uint8_t *p,
    const struct store_entry *e) MUST_USE;
/* ERR_CORRUPT for a state or a combination that is never written. */
enum err store_entry_get(const struct store_layout *l, const uint8_t *p,
    struct store_entry *ret) MUST_USE;

/* Every respondent's entry in order of number; ${raw} is its packed bytes. */
typedef enum err (*store_entry_fn)(void *ctx, uint32_t number,
    const struct store_entry *entry);
enum err store_entry_each(struct store *s, store_entry_fn each,
    void *ctx) MUST_USE;
enum err store_entry_count(struct store *s, uint32_t *ret) MUST_USE;

/* One block in hand, written back when another one is wanted. */
struct store_entry_block {
	struct store *s;
	int64_t number;                 /* -1: none */
	int dirty;
	size_t len;
	uint8_t bytes[STORE_BLOCK_MAX];
};

enum err store_entry_block_new(struct store *s,
    struct store_entry_block **ret) MUST_USE;
void store_entry_block_cleanup(struct store_entry_block **b);
/* ERR_NOT_FOUND behind the last entry. */
enum err store_entry_block_get(struct store_entry_block *b, uint32_t number,
    struct store_entry *ret) MUST_USE;
/* Changes an entry, or adds the one behind the last; into the index, too,
 * where that is loaded.  Written at the latest by flush. */
enum err store_entry_block_set(struct store_entry_block *b, uint32_t number,
    const struct store_entry *e) MUST_USE;
enum err store_entry_block_flush(struct store_entry_block *b) MUST_USE;

/* store_index.c: all tags in memory, from the first batch on. */
struct store_slim {
	uint8_t tag[16];                /* first half: a keyed hash */
	uint32_t given_unix_s;
	uint16_t generation;
	uint16_t text;
	uint8_t state;
	uint8_t scopes;
};
struct store_index {
	struct store_slim *items;       /* by number */
	uint32_t len, cap;
	uint32_t *slots;                /* number + 1; 0: free */
	uint32_t slots_mask;            /* number of slots - 1 */
	int loaded;
};
void store_index_release(struct store_index *x);
/* UINT32_MAX when it is not there. */
uint32_t store_index_find(const struct store_index *x,
    const uint8_t tag[STORE_TAG_LEN]);
enum err store_index_add(struct store_index *x,
    const struct store_entry *entry) MUST_USE;
void store_index_set(struct store_index *x, uint32_t number,
    const struct store_entry *entry);
enum err store_index_load(struct store_index *x, struct store *s) MUST_USE;

/* Texts by number, as few as there are. */
struct store_texts {
	uint8_t (*sha256)[STORE_TEXT_LEN];    /* [0] is number 1 */
	uint32_t len;
};

/* store_filter.c: a blocked Bloom filter over the events seen. */
struct store_filter {
	uint64_t *words;                /* 8 words to a block */
	uint64_t blocks_mask;           /* number of blocks - 1 */
	uint64_t capacity, count;
	int loaded;
};
void store_filter_release(struct store_filter *f);
enum err store_filter_init(struct store_filter *f, uint64_t events) MUST_USE;
void store_filter_add(struct store_filter *f, const uint8_t event[10]);
int store_filter_has(const struct store_filter *f, const uint8_t event[10]);

/* Last withdrawals of those who withdrew anything, by number. */
struct store_withdrawn_list {
	struct store_withdrawn *items;
	size_t len;
};
void store_withdrawn_list_release(struct store_withdrawn_list *l);
const struct store_withdrawn *store_withdrawn_list_find(
    const struct store_withdrawn_list *l, uint32_t number);

struct store {
	struct db *db;
	char owner[3];
	const struct store_layout *layout;
	uint64_t stamp;                 /* of db_stamp, for all caches */
	struct store_index index;
	struct store_texts texts;
	struct store_filter filter;
	struct buf scratch;             /* a segment's bytes on their way in */
	struct store_withdrawn_list withdrawn;
	int withdrawn_loaded;
	/* the fresh ones of the last find */
	struct {
		uint8_t (*tags)[STORE_TAG_LEN];
		uint32_t first, count, cap;
	} fresh;
};

/* Drop what may be stale; every use of a cache begins here. */
enum err store_refresh(struct store *s) MUST_USE;

/* The erase.db this store belongs to; set once.  ERR_MISMATCH: none yet, or
 * another one. */
enum err store_erase_id_get(struct store *s, uint8_t ret[DB_ID_LEN]) MUST_USE;
enum err store_erase_id_set(struct store *s,
    const uint8_t id[DB_ID_LEN]) MUST_USE;

/* store_segment_read on another connection to the same file. */
enum err store_segment_read_db(struct db *db, int64_t number,
    uint32_t version, struct buf *out) MUST_USE;

/* Number of a text, 0 when it was never seen; or made. */
enum err store_text_find(struct store *s,
    const uint8_t sha256[STORE_TEXT_LEN], uint16_t *ret) MUST_USE;
enum err store_text_make(struct store *s,
    const uint8_t sha256[STORE_TEXT_LEN], uint16_t *ret) MUST_USE;
/* Its digest; NULL for a number that is not there. */
const uint8_t *store_text_get(const struct store *s, uint16_t number);

/* Withdrawals of all respondents, merged per respondent, by number. */
enum err store_respondent_withdrawn_all(struct store *s,
    struct store_withdrawn_list *ret) MUST_USE;

#endif
