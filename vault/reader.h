/* vault/reader.h - the only way to answers: against a grant.
 *
 * A reader takes a short snapshot (segment lists, respondents, consent state,
 * keys), evaluates the grant per respondent, and then yields opened records of
 * kind 1 in batches.  A record comes out only if
 *   - its respondent is active and withdrew no scope the grant asks for since
 *     the consent was given,
 *   - the consent sealed with it covers the grant (or a later consent whose
 *     text covers earlier answers does),
 *   - its own time lies in the period of the grant's plan.
 * Everything else is withheld and counted.  There is no switch to turn any of
 * this off.  Counts and roots of every epoch are recomputed on the way;
 * a difference is ERR_CORRUPT, and nothing that came out before the end of a
 * pass may leave the machine before the pass has ended with ERR_OK.
 *
 * A respondent key that is missing though its respondent is not erased is
 * ERR_CORRUPT.  A segment that changed since the snapshot is ERR_CHANGED:
 * start over.  Memory: at most 72 bytes per respondent and a fixed arena.
 */
#ifndef AZUKARI_VAULT_READER_H
#define AZUKARI_VAULT_READER_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"
#include "vault/erase.h"
#include "vault/store.h"

struct grant;                   /* policy/grant.h */
struct record_epoch_keys;       /* keys/record.h */

struct reader_epoch {
	uint8_t id[16];                         /* of epoch.txt */
	const struct record_epoch_keys *keys;   /* borrowed for the life time */
	/* as epochs.txt of the plan has them; both are recomputed */
	uint64_t records;
	uint8_t root[32];
};

struct reader_args {
	struct store *store;            /* borrowed for the life time */
	struct erase *erase;            /* borrowed for reader_open only */
	const struct grant *grant;      /* borrowed for the life time */
	const struct reader_epoch *epochs;
	size_t epochs_len;
	int64_t now_unix_s;
	int32_t first_day, last_day;    /* period, days of the answers */
	const uint8_t *only;            /* bitmap by respondent; NULL: all */
	size_t only_len;                /* in bytes */
	unsigned threads;               /* 0 or 1: in the caller; 2: a worker */
};

struct reader_counts {
	uint64_t considered;            /* answers of the period */
	uint64_t yielded;
	uint64_t no_consent;            /* consent absent or not covering */
	uint64_t withdrawn;             /* stopping, or scope withdrawn */
	uint64_t erased;                /* key gone; period unknown */
	uint64_t out_of_period;         /* not considered */
	uint64_t removed;               /* tombstones and compacted ones */
	uint64_t covered_by_later;      /* of yielded */
};

struct reader;

enum err reader_open(const struct reader_args *args,
    struct reader **ret) MUST_USE;
void reader_close(struct reader *r);            /* wipes; NULL is fine */
void reader_cleanup(struct reader **r);

struct reader_record {
	uint32_t respondent;
	uint32_t event_unix_s;
	uint8_t id[16];
	uint8_t consent_text[16];       /* of the consent that covers it */
	uint8_t consent_scopes;
	uint32_t consent_given_unix_s;
	struct bytes packed;            /* plaintext: packed answers (5.2) */
};
struct reader_batch {
	const struct reader_record *records;
	size_t len;                     /* 0: end of the pass */
};

/* The next batch, valid until the next call.  After a batch of 0 the pass is
 * complete and verified; after an error the reader is only to be closed. */
enum err reader_next(struct reader *r, struct reader_batch *ret) MUST_USE;
/* Begin another pass over the same snapshot; ${only} as in reader_args
 * (borrowed). */
enum err reader_rewind(struct reader *r, const uint8_t *only,
    size_t only_len) MUST_USE;

/* Of the current pass; final after its end. */
void reader_count(const struct reader *r, struct reader_counts *ret);
uint32_t reader_respondents(const struct reader *r);  /* numbers below this */
/* Tag of a respondent that was yielded (for pseudonyms); valid until close. */
const uint8_t *reader_tag(const struct reader *r, uint32_t respondent);

#endif
