/* vault/reader.h - the only way to answers: against a grant.
 *
 * A reader takes a short snapshot (keys, segment lists, respondents, consent
 * state) and then yields opened records of kind 1 in batches.  A record comes
 * out only if
 *   - its respondent is active, and the consent in force now still holds the
 *     scopes the grant asks for,
 *   - none of these scopes was withdrawn since the consent was given that is
 *     sealed with the record,
 *   - that consent covers it (grant_covers), or a later one does whose text
 *     covers earlier answers: those are collected from the register epochs of
 *     the plan when the reader opens,
 *   - its own time lies in the period of the grant.
 * Everything else is withheld and counted.  There is no switch to turn any of
 * this off.
 *
 * Records and root of every epoch are recomputed and compared with the plan's:
 * of the segments as listed when the reader opens, of each segment's bytes as
 * it is read.  A difference is ERR_CORRUPT; nothing that came out of a pass may
 * leave the machine before the pass has ended with ERR_OK.  A respondent key
 * that is missing though its respondent is not erased is ERR_CORRUPT.  A
 * segment that changed since the snapshot is ERR_CHANGED: start over.
 *
 * Memory: READER_BYTES_PER_RESPONDENT, 12 per later consent that covers
 * earlier answers, and a few buffers of one segment each.  Plaintext stays in
 * secret pools.  One thread uses a reader; a second one may work inside.
 */
#ifndef AZUKARI_VAULT_READER_H
#define AZUKARI_VAULT_READER_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"
#include "policy/grant.h"
#include "vault/erase.h"
#include "vault/store.h"

struct record_epoch_keys;        /* keys/record.h */
struct epoch_lists;              /* keys/epoch_lists.h */

#define READER_BYTES_PER_RESPONDENT 69  /* tag, key, states, generations */

struct reader_epoch {
	uint8_t id[16];                         /* of epoch.txt */
	const struct record_epoch_keys *keys;   /* borrowed for the life time */
	/* of the epoch.txt whose digest is in the keys; borrowed likewise */
	const struct epoch_lists *lists;
};

struct reader_args {
	struct store *store;            /* borrowed for reader_open only */
	struct erase *erase;            /* borrowed for reader_open only */
	const struct grant *grant;      /* borrowed for the life time */
	const struct reader_epoch *epochs;      /* all of the grant's */
	size_t epochs_len;
	int64_t now_unix_s;
	unsigned threads;               /* 0 or 1: in the caller; 2: a worker */
};

/* Of the current pass.  In a pass over some respondents only (reader_rewind)
 * all but `removed` and `other_kinds` are about those. */
struct reader_counts {
	uint64_t considered;            /* answers of the period: the sum of */
	uint64_t yielded;
	uint64_t no_consent;            /* absent, over, or not covering */
	uint64_t withdrawn;             /* stopping, or scope withdrawn */
	/* not considered */
	uint64_t erased;                /* key gone; period unknown */
	uint64_t out_of_period;
	uint64_t removed;               /* tombstones and compacted ones */
	uint64_t other_kinds;
	uint64_t covered_by_later;      /* of those yielded */
};

struct reader;

/* ERR_REFUSED: an epoch that is not the grant's, or one of the grant's is
 * missing, or of another owner.  ERR_EXPIRED: the plan is over.  ERR_STATE: an
 * epoch is not closed.  ERR_MISMATCH: keys or store have another epoch.txt or
 * subject.  ERR_CORRUPT, ERR_CHANGED, ERR_DECRYPT (wrong epoch keys), and what
 * the machine can do.  The caller owns ${ret}. */
enum err reader_open(const struct reader_args *args,
    struct reader **ret) MUST_USE;
void reader_close(struct reader *r);            /* wipes; NULL is fine */
void reader_cleanup(struct reader **r);

struct reader_record {
	uint32_t respondent;
	uint32_t event_unix_s;
	uint32_t epoch;                 /* place in reader_args.epochs */
	uint8_t id[16];
	/* the consent that covers it; its text is one of the grant's */
	uint8_t consent_text[32];
	uint32_t consent_given_unix_s;
	uint8_t consent_scopes;
	uint8_t consent_is_later;
	struct bytes packed;            /* plaintext: packed answers (5.2) */
	/* under a grant that re-identifies; else empty */
	uint8_t user_code;              /* enum record_plain_code */
	struct bytes user, source;
};
struct reader_batch {
	const struct reader_record *records;
	size_t len;                     /* 0: end of the pass */
};

/* The next batch, valid until the next call.  After a batch of 0 the pass is
 * complete and verified; after an error the reader is only to be closed. */
enum err reader_next(struct reader *r, struct reader_batch *ret) MUST_USE;
/* Begin another pass over the same snapshot, over all respondents or those
 * whose bit is set in ${only} (bit n%8 of byte n/8; ${only_len} bytes, borrowed
 * until the next rewind; NULL: all). */
enum err reader_rewind(struct reader *r, const uint8_t *only,
    size_t only_len) MUST_USE;

/* No further pass: keys and opened records are wiped now; counts and tags stay
 * until close.  No batch may be in use. */
void reader_end_passes(struct reader *r);

/* Final after the end of a pass. */
void reader_count(const struct reader *r, struct reader_counts *ret);
uint32_t reader_respondents(const struct reader *r);  /* numbers below this */
/* Tag of a respondent that was yielded (for pseudonyms); valid until close. */
const uint8_t *reader_tag(const struct reader *r, uint32_t respondent);

#endif
