/* app/ingest_internal.h - the parts of a run of intake.
 *
 *     ingest_pipe     reads and hashes lines in a thread of its own
 *     ingest_people   who the lines of a batch are about
 *     ingest_judge    which lines are taken in, and under which consent
 *     ingest_epochs   the epochs of the run and their keys
 *     ingest_keys     the keys of the people of a batch
 *     ingest_seal     lines into sealed records, in two threads
 *     ingest_store    one batch into the stores
 *     ingest          the run
 */
#ifndef AZUKARI_APP_INGEST_INTERNAL_H
#define AZUKARI_APP_INGEST_INTERNAL_H

#include <pthread.h>

#include "app/act.h"
#include "app/epoch_open.h"
#include "app/ingest.h"
#include "app/ops/withdraw.h"
#include "keys/record.h"
#include "vault/segment.h"
#include "vault/store_batch.h"
#include "vault/store_respondent.h"

/* ---- ingest_pipe.c ---- */

/* One batch of lines with its keyed hashes.  Events come first in `events`,
 * behind them the bad lines of the batch. */
struct ingest_slot {
	struct intake_batch batch;
	uint8_t (*tags)[RECORD_TAG_LEN];
	uint8_t (*events)[RECORD_EVENT_LEN];
	size_t cap;
	enum err e;             /* ERR_NOT_FOUND: the stream has ended */
};

#define INGEST_SLOTS 3

struct ingest_pipe {
	const struct ingest_args *args;
	struct ndjson_reader *ndjson;
	struct csv_map_reader *csv;
	struct ingest_slot slots[INGEST_SLOTS];
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t moved;
	int started, stop;
	size_t filled, taken;   /* slots so far */
};

/* Begin to read ${stream} (borrowed); ${p} is zeroed before. */
enum err ingest_pipe_open(struct ingest_pipe *p,
    const struct ingest_args *args,
    const struct ingest_stream *stream) MUST_USE;
/* The next batch, valid until ingest_pipe_give; waits for it. */
struct ingest_slot *ingest_pipe_take(struct ingest_pipe *p);
void ingest_pipe_give(struct ingest_pipe *p);
void ingest_pipe_close(struct ingest_pipe *p);  /* wipes; CLEANUP-able */

/* ---- ingest_people.c ---- */

/* A respondent as this batch sees and changes it. */
struct ingest_person {
	uint32_t number;
	uint16_t generation;
	uint8_t state;                  /* enum store_respondent_state */
	uint8_t revived;                /* consented again in this batch */
	uint8_t fresh;
	uint8_t sealed_to;              /* needs its key */
	uint8_t withdrew;               /* something, in this batch */
	struct store_consent consent;
	/* last withdrawal of each scope; 0: never */
	uint32_t support_unix_s, research_unix_s, recontact_unix_s;
};

struct ingest_people {
	struct ingest_person *items;
	size_t len, cap;
	uint32_t *slots;                /* index + 1; 0: free */
	size_t slots_len;               /* a power of two */
	uint32_t fresh_first, fresh_count;
	struct store_withdrawn *withdrawn;      /* all of the store, by number */
	size_t withdrawn_len, withdrawn_cap;
	int withdrawn_loaded;
	uint32_t data_version;          /* the store the people were read from */
};
void ingest_people_release(struct ingest_people *p);

/* Look up ${len} ${tags}, one behind the other; ${ret_person}[i] is the index
 * of the person of the i-th. */
enum err ingest_people_find(struct ingest_people *p, struct store *s,
    const uint8_t *tags, size_t len, uint32_t *ret_person) MUST_USE;

/* When everything was withdrawn; 0: not so. */
uint32_t ingest_people_gone_unix_s(const struct ingest_person *p);
/* What a consent or withdrawal changes, as the store will have it. */
void ingest_people_consent(struct ingest_person *p,
    const struct store_consent *c);
void ingest_people_withdraw(struct ingest_person *p, uint8_t scopes,
    uint32_t at_unix_s);

/* ---- ingest_judge.c ---- */

enum ingest_fate { INGEST_TAKEN, INGEST_SEEN, INGEST_REFUSED };

struct ingest_verdict {
	uint8_t fate;                   /* enum ingest_fate */
	uint8_t refusal;                /* enum ingest_refusal */
	uint8_t sealed;                 /* leaves a record */
	uint16_t generation;            /* of the key it is sealed with */
	uint32_t person;                /* index; unset when seen */
	struct store_consent consent;   /* response: sealed with it */
};

/* What changes consent states, in the order of the lines.  Consents of people
 * who withdraw nothing in this batch, or only later in it, come first and in
 * one go; what is left is few. */
struct ingest_change {
	int is_withdrawal;
	struct store_consent_change consent;
	struct withdraw_item withdrawal;
};

struct ingest_judgement {
	struct ingest_verdict *verdicts;        /* by event */
	uint8_t *seen;                          /* by event, then bad line */
	uint8_t (*tags)[RECORD_TAG_LEN];        /* of events not seen */
	uint32_t *persons, *at;                 /* of the same, in order */
	size_t cap;
	struct store_consent_change *consents;
	size_t consents_len, consents_cap;
	struct ingest_change *changes;
	size_t changes_len, changes_cap;
	size_t withdrawals;
};
void ingest_judge_release(struct ingest_judgement *j);

enum err ingest_judge(struct ingest_judgement *j, struct ingest_people *p,
    struct store *s, const struct ingest_slot *slot) MUST_USE;

/* ---- ingest_epochs.c ---- */

struct ingest_epoch {
	struct epoch_opened opened;     /* its key is wiped at once */
	struct secret *keys;            /* struct record_epoch_keys */
	struct epoch_lists lists;       /* as in its epoch.txt */
	int is_open;
};

/* What a batch wants of an epoch. */
enum ingest_want {
	INGEST_EPOCH_UNUSED,
	INGEST_EPOCH_WANTED,
	INGEST_EPOCH_ANEW,              /* its lists lack a text: the next one */
};

/* One for each survey of the rules, then the register's. */
struct ingest_epochs {
	struct ingest_epoch *items;
	size_t len;
};
enum err ingest_epochs_init(struct ingest_epochs *e, size_t surveys) MUST_USE;
/* Open those of ${wanted} (enum ingest_want each) that are not open yet; one to
 * be opened anew is closed before.  ${needed} holds the texts the batch refers
 * to; they come first in the lists of a new epoch, then what else is
 * registered. */
enum err ingest_epochs_open(struct ingest_epochs *e,
    const struct ingest_args *args, const uint8_t *wanted,
    const struct epoch_lists *needed, uint64_t *ret_opened) MUST_USE;
/* Wipe all keys; then close what is open, as stop acts. */
enum err ingest_epochs_close(struct ingest_epochs *e,
    struct owner *w) MUST_USE;
void ingest_epochs_release(struct ingest_epochs *e);

/* ---- ingest_keys.c ---- */

/* Keys of the people of a batch, by number. */
struct ingest_keys {
	uint32_t *numbers;
	uint16_t *generations;
	uint32_t *of_person;            /* index into numbers, by person */
	size_t len, cap;
	struct secret_pool pool;        /* RECORD_KEY_LEN each */
	size_t pool_cap;
};
void ingest_keys_release(struct ingest_keys *k);
/* Make the keys of new people durable, then read all that are needed. */
enum err ingest_keys_load(struct ingest_keys *k, struct owner *w,
    const struct ingest_people *p) MUST_USE;

/* ---- ingest_seal.c ---- */

/* Records that will be one segment of the store. */
struct ingest_segment {
	size_t epoch;                   /* index into the run's epochs */
	struct segment_builder builder;
	int32_t first_day, last_day;    /* of answers; 0, 0: none */
	int64_t number;                 /* in the store, once it is there */
};

/* The events from `first` to before `end`, sealed by one thread. */
struct ingest_part {
	const struct ingest_sealer *sealer;
	size_t first, end;
	struct ingest_segment *segments;        /* those behind len: spare */
	size_t len, cap;
	size_t *current;                /* by epoch: index + 1; 0: none */
	const uint8_t *last;            /* sealed bytes of the last record */
	struct buf body, plain;
	struct record_random random;
	enum err e;
};

/* The record of an answer. */
struct ingest_place {
	const struct ingest_part *part; /* NULL: none */
	size_t segment;                 /* index into the part's */
	uint8_t record[RECORD_ID_LEN];
};

/* A batch being sealed; everything but the parts is borrowed. */
struct ingest_sealer {
	const struct ingest_args *args;
	const struct ingest_slot *slot;
	const struct ingest_judgement *judgement;
	const struct ingest_people *people;
	const struct ingest_keys *keys;
	const struct ingest_epochs *epochs;
	struct ingest_place *places;    /* by event; NULL: nobody asks */
	struct ingest_part parts[2];
	struct store_quarantine *quarantine;
	size_t quarantine_len, quarantine_cap;
};
void ingest_seal_release(struct ingest_sealer *s);
/* Seal what the judgement takes in, and bad lines nobody has seen. */
enum err ingest_seal_batch(struct ingest_sealer *s) MUST_USE;
/* Transaction: what was sealed, as part of batch row ${batch}. */
enum err ingest_seal_store(struct ingest_sealer *s, int64_t batch) MUST_USE;

/* 1 for what is sealed under the epoch of its survey. */
static inline int ingest_is_answer(const struct intake_event *event)
{
	return event->type == INTAKE_RESPONSE || event->type == INTAKE_STEP;
}

/* ---- ingest_give.c ---- */

struct ingest;
/* Transaction: what was given beside the events. */
enum err ingest_give_store(struct ingest *g) MUST_USE;

/* ---- ingest_store.c, ingest.c ---- */

struct ingest {
	struct ingest_args args;
	struct ingest_epochs epochs;
	struct ingest_people people;
	struct ingest_judgement judgement;
	struct ingest_keys keys;
	struct ingest_sealer sealer;
	uint8_t (*events)[RECORD_EVENT_LEN];    /* to be remembered */
	size_t events_cap;
	uint8_t *wanted;                        /* enum ingest_want, by epoch */
	struct epoch_lists needed;              /* texts of the batch */
	int too_many_texts;                     /* for one epoch: cut it up */
	struct withdraw_terms terms;
	struct ingest_counts counts;
	int64_t batch;                          /* row number; 0: none yet */
	struct ingest_given *given;             /* while it is stored */
	struct ingest_place *places;
	size_t places_cap;
	int ended;
};

/* Take in one batch, or (dry run) only judge it. */
enum err ingest_store_batch(struct ingest *g,
    const struct ingest_slot *slot) MUST_USE;

#endif
