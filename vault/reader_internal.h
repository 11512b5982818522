/* vault/reader_internal.h - what the files of the reader share.
 *
 * reader.c        the snapshot: epochs, segments, respondents, keys
 * reader_later.c  later consents that cover earlier answers
 * reader_judge.c  one record: open it, ask the grant
 * reader_pass.c   passes over the segments, with or without a worker
 */
#ifndef AZUKARI_VAULT_READER_INTERNAL_H
#define AZUKARI_VAULT_READER_INTERNAL_H

#include <pthread.h>

#include "keys/record.h"
#include "keys/record_plain.h"
#include "vault/db_internal.h"
#include "vault/reader.h"
#include "vault/store_internal.h"
#include "vault/store_segment.h"

/* A consent of a register epoch whose text covers earlier answers. */
struct reader_later {
	uint32_t respondent;
	uint32_t given_unix_s;
	uint16_t text;                  /* index of grant_text_sha256 */
	uint8_t scopes;
};

/* One segment to read, and where its epoch's keys are. */
struct reader_segment {
	int64_t number;
	uint32_t version, records, removed;
	uint32_t epoch;                 /* place in reader_args.epochs */
	uint8_t leaf[SEGMENT_LEAF_LEN];
};
struct reader_segments {
	struct reader_segment *items;
	size_t len, cap;
};

#define READER_SLOTS 4
enum reader_slot_state { READER_FREE, READER_TAKEN, READER_READY };
struct reader_slot {
	enum reader_slot_state state;
	size_t segment;                 /* place in the list */
	enum err e;
	struct buf bytes;               /* the segment as stored */
	struct secret_pool plain;       /* its opened records */
	struct reader_record *records;
	size_t len, cap;
	struct reader_counts counts;
};

struct reader {
	const struct grant *grant;
	const struct record_epoch_keys **keys;  /* by place of the epoch */
	const struct epoch_lists **lists;       /* the same */
	int64_t now_unix_s;
	uint8_t scopes;                 /* that the grant asks for */
	struct reader_segments answers, consents;

	uint32_t respondents;
	uint8_t *tags;                  /* 32 bytes each */
	uint8_t *states;                /* READER_* bits below */
	struct erase_keys secrets;
	uint16_t *generations;          /* as the store has them */
	struct store_withdrawn_list withdrawn;
	struct reader_later *later;
	size_t later_len, later_cap;

	/* the pass */
	const uint8_t *only;
	size_t only_len;
	struct reader_counts counts;
	size_t next;                    /* segment to give to the caller */
	struct reader_slot *given;      /* in the caller's hands */

	/* shared with the worker, under the lock */
	pthread_mutex_t lock;
	pthread_cond_t moved;
	struct reader_slot slots[READER_SLOTS];
	size_t claimed;                 /* segments below this are taken */
	int stop, worker_runs, lock_made, cond_made;
	pthread_t worker;
	struct db *db, *worker_db;
};

#define READER_ERASED 1                 /* key gone */
#define READER_STOPPING 2
#define READER_NO_SCOPE 4               /* consent in force lacks a scope */
#define READER_WITHDREW 8               /* see the list */

/* reader_judge.c */
enum reader_fate { READER_YIELD, READER_NO_CONSENT, READER_WITHDRAWN,
	READER_OUT_OF_PERIOD, READER_GONE };
/* Key and generation of a record's respondent; ERR_CORRUPT when they are
 * missing though it is not erased.  ${ret_gone}: withheld without opening. */
enum err reader_judge_ref(const struct reader *r,
    const struct segment_entry *entry, struct record_ref *ret,
    int *ret_gone) MUST_USE;
/* What becomes of an opened answer; fills the consent of ${ret}. */
enum err reader_judge_answer(const struct reader *r,
    const struct record_plain *plain, struct reader_record *ret,
    enum reader_fate *ret_fate) MUST_USE;
/* Would a later consent under this text cover an answer before it? */
int reader_judge_text_covers_earlier(const struct reader *r, size_t text);

/* reader_later.c: from r->consents into r->later, sorted. */
enum err reader_later_collect(struct reader *r) MUST_USE;
/* The first of one respondent's, NULL when there is none. */
const struct reader_later *reader_later_find(const struct reader *r,
    uint32_t respondent);

/* reader_pass.c */
enum err reader_pass_read(struct db *db, const struct reader_segment *g,
    struct buf *bytes, struct segment_view *ret) MUST_USE;
enum err reader_pass_start(struct reader *r, unsigned threads) MUST_USE;
void reader_pass_stop(struct reader *r);

#endif
