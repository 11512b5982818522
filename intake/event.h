/* intake/event.h - what a source delivers, checked and ready to be sealed.
 *
 * A batch owns its events' bytes; they stay where they are until the batch is
 * cleared (wiped) or released.
 */
#ifndef AZUKARI_INTAKE_EVENT_H
#define AZUKARI_INTAKE_EVENT_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"

#define INTAKE_LINE_MAX ((size_t)64 << 10)
#define INTAKE_EVENT_ID_MAX 128
#define INTAKE_RESPONDENT_MAX 255
#define INTAKE_MESSAGE_MAX 160
/* Readers end a batch early when its arena holds this much. */
#define INTAKE_BATCH_BYTES ((size_t)32 << 20)

#define INTAKE_SCOPE_SUPPORT 1u
#define INTAKE_SCOPE_RESEARCH 2u
#define INTAKE_SCOPE_RECONTACT 4u
#define INTAKE_SCOPE_ALL 128u           /* withdrawals only, alone */

enum intake_type {
	INTAKE_RESPONSE = 1, INTAKE_CONSENT = 2, INTAKE_WITHDRAWAL = 3,
	/* of dialogues only: an answer to one question; nothing but an id to
	 * be remembered */
	INTAKE_STEP = 4, INTAKE_NOTE = 5,
};

struct intake_event {
	enum intake_type type;
	unsigned long line;       /* line or record it came from, from 1 */
	struct bytes event;       /* the source's event id */
	struct bytes respondent;  /* the source's user id */
	int64_t time_unix_s;
	int64_t received_unix_s;  /* rules->now_unix_s */
	size_t survey;            /* response, step: index into rules->surveys */
	struct bytes answers;     /* response, step: packed (survey/answers.h) */
	uint8_t scopes;           /* consent, withdrawal: INTAKE_SCOPE_ bits */
	uint8_t permanent;        /* withdrawal */
	uint8_t text_sha256[32];  /* consent: digest of the text shown */
};

/* Why a line is bad: the class that is counted. */
enum intake_reason {
	INTAKE_REASON_JSON,        /* not one JSON object, or a key twice */
	INTAKE_REASON_TOO_LONG,
	INTAKE_REASON_ENCODING,    /* bad UTF-8, or characters never allowed */
	INTAKE_REASON_CSV,         /* not a record of the mapping's columns */
	INTAKE_REASON_MEMBER,      /* unknown, missing or ill-typed member */
	INTAKE_REASON_TYPE,        /* unknown type of line */
	INTAKE_REASON_EVENT,       /* event id */
	INTAKE_REASON_RESPONDENT,
	INTAKE_REASON_TIME,        /* not a time, or too far from now */
	INTAKE_REASON_SURVEY,      /* name or version nobody registered */
	INTAKE_REASON_CONSENT_TEXT,/* digest nobody registered */
	INTAKE_REASON_SCOPE,
	INTAKE_REASON_FIELD,       /* not a field of the survey */
	INTAKE_REASON_ANSWER_TYPE,
	INTAKE_REASON_CODE,        /* not a category of the field */
	INTAKE_REASON_VALUE,       /* range, pattern, length, date */
	INTAKE_REASON_REQUIRED,
	INTAKE_REASON_ONLY_IF,
	INTAKE_REASON_EXCLUSIVE,
	INTAKE_REASON_RESOURCE,    /* FHIR: what cannot be taken in as it is meant */
	INTAKE_REASON_COUNT
};

/* One phrase, static; for reports. */
const char *intake_reason_text(enum intake_reason r, int japanese);

/* ${message} says which member or field offends against what; never a value. */
struct intake_bad {
	unsigned long line;
	enum intake_reason reason;
	char message[INTAKE_MESSAGE_MAX];
	struct bytes raw;         /* at most INTAKE_LINE_MAX bytes, without LF */
	int raw_cut;              /* 1 when the line was longer */
};

/* A zeroed struct is a valid empty batch. */
struct intake_batch {
	struct intake_event *events;
	size_t events_len, events_cap;
	struct intake_bad *bad;
	size_t bad_len, bad_cap;
	unsigned long lines;             /* lines or records read into it */
	size_t bytes;                    /* of the arena in use */
	struct intake_block *blocks;     /* private: the arena, newest first */
	struct intake_block *spare;      /* private: wiped, to be used again */
};

/* Empties keeping memory; every used byte is wiped. */
void intake_batch_clear(struct intake_batch *b);
/* Wipes and frees.  CLEANUP-able. */
void intake_batch_release(struct intake_batch *b);

/* ---- for readers of intake/ ---- */

/* ${len} bytes of the arena; NULL only when memory is out. */
uint8_t *intake_batch_alloc(struct intake_batch *b, size_t len);
/* Copy ${from} into the arena.  ERR_NOMEM. */
enum err intake_batch_copy(struct intake_batch *b, struct bytes from,
    struct bytes *ret) MUST_USE;
/* Append a zeroed event; valid until the next append.  ERR_NOMEM. */
enum err intake_batch_add(struct intake_batch *b,
    struct intake_event **ret) MUST_USE;
/* Append a bad line; ${raw} is copied and cut.  ERR_NOMEM. */
enum err intake_batch_add_bad(struct intake_batch *b,
    const struct intake_bad *bad) MUST_USE;

/* Pull of input bytes: got 0 means the end.  An error ends the reading. */
typedef enum err (*intake_read_fn)(void *ctx, uint8_t *dst, size_t max,
    size_t *ret_got);

#endif
