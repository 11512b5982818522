/* app/ingest.h - the only place where intake feeds a vault.
 *
 * One run takes in any number of streams of one source.  It opens an epoch for
 * each survey it meets, and one for consents, withdrawals and quarantined
 * lines; seals; stores in batches; and closes its epochs at the end, also when
 * it fails.  Within a batch:
 *
 *     events already seen are dropped, respondents are found
 *     keys of new respondents are made durable in erase.db
 *     one transaction of vault.db: respondents, consents, withdrawals (with
 *     their entry), sealed records, events, quarantine, counts
 *
 * so a run that dies at any instant has taken in whole batches, and a second
 * run over the same stream takes in exactly what is missing.  The key of an
 * epoch dies with the run.
 *
 * Lines count in their order: an answer is sealed with the consent that was in
 * force when it came in and was given no later than the answer.
 */
#ifndef AZUKARI_APP_INGEST_H
#define AZUKARI_APP_INGEST_H

#include "app/home.h"
#include "app/papers.h"
#include "intake/counts.h"
#include "intake/csv_map.h"
#include "intake/fhir.h"
#include "intake/ndjson.h"
#include "intake/rules.h"
#include "keys/record.h"

#define INGEST_BATCH_LINES 32768

/* Why a good line was not taken in. */
enum ingest_refusal {
	INGEST_REFUSED_STOPPING,   /* everything withdrawn; erasure under way */
	INGEST_REFUSED_ERASED,     /* erased, and this is no new consent */
	INGEST_REFUSED_STOP_LISTED,/* withdrew for good */
	INGEST_REFUSED_OLDER,      /* older than the withdrawal of everything */
	INGEST_REFUSED_COUNT
};

/* A short phrase, static. */
const char *ingest_refusal_text(enum ingest_refusal r, int japanese);

struct ingest_counts {
	struct intake_counts read;         /* lines, types, bad by reason */
	uint64_t responses, consents, withdrawals;      /* taken in */
	uint64_t duplicates;               /* events seen before */
	uint64_t refused[INGEST_REFUSED_COUNT];
	uint64_t quarantined;              /* bad lines sealed in this run */
	uint64_t new_respondents;
	uint64_t notices;                  /* blocks queued for partners */
	uint64_t epochs;                   /* opened */
};

/* What a run is told.  All borrowed for its life time. */
struct ingest_args {
	struct owner *owner;
	const struct intake_rules *rules;
	const uint8_t (*survey_sha256)[DIGEST_LEN];   /* by rules->surveys */
	const char *id_namespace;          /* of the source */
	int dry_run;                       /* count only, change nothing */
	size_t batch_lines;                /* 0: INGEST_BATCH_LINES */
	/* called after each batch, and for each bad line; may be NULL */
	void (*progress)(void *ctx, const struct ingest_counts *so_far);
	void (*bad)(void *ctx, const char *file, const struct intake_bad *bad);
	void *ctx;
};

struct ingest;

/* Begin a run: closes what dead processes left open.  The caller owns it. */
enum err ingest_begin(const struct ingest_args *args,
    struct ingest **ret) MUST_USE;

enum ingest_format { INGEST_NDJSON = 0, INGEST_CSV, INGEST_FHIR };

/* A stream; CSV needs its mapping, FHIR may have one. */
struct ingest_stream {
	intake_read_fn read;
	void *ctx;
	const char *name;                  /* for messages */
	enum ingest_format format;
	const struct csv_map *map;
	const struct fhir_map *fhir;
};
/* Take in a whole stream.  After a failure only ingest_end is of use.  Bad
 * lines are no failure. */
enum err ingest_stream(struct ingest *g,
    const struct ingest_stream *stream) MUST_USE;

/* ---- events that are given, not read (the service) ---- */

/* An answer of event number ${event} that came from a message. */
struct ingest_message {
	size_t event;
	uint8_t message[RECORD_MESSAGE_LEN];    /* record_message */
};

struct ingest_mark {
	uint8_t taken, seen;            /* neither: refused */
	uint8_t refusal;                /* enum ingest_refusal */
};

/* One batch; the caller's.  `batch` is filled with intake_batch_add. */
struct ingest_given {
	struct intake_batch batch;
	/* by event: record_tag, as the store keeps it (store_tag_fit), and
	 * record_event */
	uint8_t (*tags)[RECORD_TAG_LEN];
	uint8_t (*events)[RECORD_EVENT_LEN];
	struct ingest_message *messages;
	size_t messages_len;
	/* messages whose answers are taken back, in stored records */
	const uint8_t (*unsent)[RECORD_MESSAGE_LEN];
	size_t unsent_len;
	struct ingest_mark *marks;      /* by event: filled */
	uint64_t removed;               /* records of unsent messages: filled */
};

/* Take all of it in, durably, as one transaction.  On failure nothing of it
 * was; the run should then be ended. */
enum err ingest_give(struct ingest *g, struct ingest_given *given) MUST_USE;

/* The day of the run's epochs; ERR_NOT_FOUND: none is open. */
enum err ingest_epochs_day(const struct ingest *g, int32_t *ret_day) MUST_USE;

/* Close the run's epochs and its batch; wipes their keys whatever happens. */
enum err ingest_end(struct ingest *g) MUST_USE;

/* Ends, when that was not done, and frees.  CLEANUP-able. */
void ingest_free(struct ingest *g);
void ingest_cleanup(struct ingest **g);

const struct ingest_counts *ingest_so_far(const struct ingest *g);
int64_t ingest_batch_number(const struct ingest *g);   /* 0: none yet */

/* For others that need closed epochs (freezing a plan): see
 * epoch_close_abandoned. */
enum err ingest_close_abandoned(struct owner *w) MUST_USE;

#endif
