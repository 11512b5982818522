/* app/serve/line_internal.h - the parts of the LINE webhook.
 *
 *     line            the part of the service: channels, routes, numbers
 *     line_owner      one thread per owner: requests in, batches out
 *     line_run        a channel: verify, take turns, store, answer
 *     line_table      the dialogues of a channel, in memory
 *     line_send       what is said, to LINE, later and again
 *
 * A request waits (its connection is suspended) until its owner's thread has
 * stored it, with whatever else was waiting then: one commit for all, and no
 * lingering.  Dialogues are in memory only: their answers are sealed one by
 * one as records of kind 4, which nobody here can open again, so that a
 * restart begins them anew (docs/line.md).
 */
#ifndef AZUKARI_APP_SERVE_LINE_INTERNAL_H
#define AZUKARI_APP_SERVE_LINE_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "app/ingest.h"
#include "app/rulebook.h"
#include "app/serve/serve.h"
#include "intake/line_say.h"
#include "keys/line_channel.h"

#define LINE_CHANNELS_MAX 64            /* of one owner */

/* Settings of section "line" of serve.json. */
struct line_settings {
	char endpoint[256];             /* of the Messaging API */
	unsigned queue;                 /* requests of an owner that may wait */
	unsigned batch;                 /* requests of one commit */
	unsigned linger_ms;             /* wait for more; 0: never */
	unsigned dialogues;             /* of a channel, in memory */
	unsigned replies;               /* that may wait for LINE */
	int push;                       /* what a reply could not bring */
};

struct line_counters {
	_Atomic uint64_t requests, bad_signature, bad_body, busy, failed;
	_Atomic uint64_t events[LINE_KIND_COUNT], skipped[LINE_SKIP_COUNT];
	_Atomic uint64_t duplicates, late, unsent, future;
	_Atomic uint64_t responses, consents, withdrawals, steps, refused;
	_Atomic uint64_t commits, commit_ms, waiting;
	_Atomic uint64_t replies_sent, replies_dropped, replies_retried,
	    pushes_sent;
	_Atomic uint64_t dialogues, dialogues_dropped;
};

/* ---- line_send.c ---- */

struct line_send;
/* A channel's access token, shared with what waits to be sent. */
struct line_token;
enum err line_token_new(const struct secret *s,
    struct line_token **ret) MUST_USE;
void line_token_unref(struct line_token *t);

enum err line_send_start(const struct line_settings *settings,
    struct line_counters *counters, struct line_send **ret) MUST_USE;
/* Sends what waits for at most ${seconds}, then ends; drops the rest. */
void line_send_stop(struct line_send *s, unsigned seconds);
/* 1 when there is room; so that nothing is made up in vain. */
int line_send_has_room(struct line_send *s);
size_t line_send_waiting(struct line_send *s);
/* Say ${messages} (a JSON list, copied) in reply to ${reply_token}; ${user} is
 * whom to push to instead.  Never waits; what finds no room is counted. */
struct line_said {
	struct line_token *token;       /* borrowed */
	struct bytes reply_token, user, messages;
};
void line_send_put(struct line_send *s, const struct line_said *said);

/* ---- line_table.c ---- */

struct line_entry {
	uint8_t tag[16];                /* first half of the respondent's */
	struct dialogue d;
	int64_t used_unix_s;
	uint64_t touched;               /* in which batch; see undo */
	struct line_entry *newer, *older;
};
struct line_table {
	struct line_entry **slots;
	size_t slots_len, len, max;     /* a power of two */
	struct line_entry *newest, *oldest;
	struct line_undo *undo;
	size_t undo_len, undo_cap;
	uint64_t batch;
	struct line_counters *counters;
};
enum err line_table_init(struct line_table *t, size_t max,
    struct line_counters *counters) MUST_USE;
void line_table_release(struct line_table *t);  /* wipes */
/* A batch begins; what it changes can be undone until the next. */
void line_table_begin(struct line_table *t);
/* The dialogue of a respondent, made where there is none, as it was noted for
 * undoing; valid until the batch ends.  ERR_NOMEM. */
enum err line_table_get(struct line_table *t, const uint8_t *tag,
    int64_t now_unix_s, struct line_entry **ret) MUST_USE;
/* All dialogues as they were when the batch began. */
void line_table_undo(struct line_table *t);
/* Forget dialogues not used since ${before}, and the oldest above the bound.
 * Between batches. */
void line_table_sweep(struct line_table *t, int64_t before_unix_s);

/* ---- line_run.c ---- */

/* A webhook on its way. */
struct line_request {
	struct serve_request *q;
	struct line_request *next;
	struct line_batch body;
	enum err e;
};

struct line_run {
	struct owner *owner;            /* borrowed */
	const struct line_settings *settings;
	struct line_counters *counters;
	struct line_send *send;
	struct line_channel channel;
	struct line_token *token;
	struct register_source source;
	struct rulebook rules;
	size_t survey;                  /* index into the rules' */
	struct buf consent_text;
	struct dialogue_script script;
	struct dialogue_desk desk;
	int desk_ready;
	struct line_table table;
	struct ingest *ingest;          /* NULL: none begun */
	struct ingest_given given;
	struct line_item *items;        /* of the batch */
	size_t items_len, items_cap, messages_cap;
	uint8_t (*unsent)[RECORD_MESSAGE_LEN];
	size_t unsent_cap, marks_cap, hashes_cap, tags_cap, events_cap;
	uint8_t *hashes, *seen;
	const char *problem;            /* why it does not open; static */
};

/* Open the channel of ${source}.  ERR_NOT_FOUND: it has none; ERR_STATE: what
 * it names (survey, text, field) is not there. */
enum err line_run_open(struct line_run *r, struct owner *w,
    const char *source) MUST_USE;
void line_run_close(struct line_run *r);        /* closes its epochs; wipes */
/* ERR_SIGNATURE; else ERR_OK with the body parsed, or why not. */
enum err line_run_verify(struct line_run *r,
    struct line_request *request) MUST_USE;
/* Take in what these verified requests bring, as one commit; each one's `e`. */
void line_run_batch(struct line_run *r, struct line_request **list,
    size_t len, int64_t now_unix_s);
/* Once in a while: sweep, and close epochs when their day is over. */
void line_run_rest(struct line_run *r, int64_t now_unix_s);
/* The dialogues of ${from}, for a channel that was opened anew. */
void line_run_inherit(struct line_run *r, struct line_run *from);

/* ---- line.c ---- */

/* "SOURCE", or "14-SOURCE" where several owners have one of that name: the
 * source, and the owner into ${ret_owner} ("" for any; may be NULL). */
const char *line_source_of(const char *param,
    char ret_owner[NAMES_OWNER_LEN + 1]);

/* ---- line_owner.c ---- */

struct line_owner;
struct line_owner_args {
	struct serve *serve;
	const char *code;
	const struct line_settings *settings;
	struct line_counters *counters;
	struct line_send *send;
};
/* Starts the owner's thread; returns once its channels are open (or why not).
 * ERR_NOT_FOUND: the owner has none. */
enum err line_owner_start(const struct line_owner_args *args,
    struct outcome *o, struct line_owner **ret) MUST_USE;
/* Finishes what waits, closes the epochs. */
void line_owner_stop(struct line_owner *w);
const char *line_owner_code(const struct line_owner *w);
/* Has it a channel of this name?  From any thread. */
int line_owner_has(struct line_owner *w, const char *source);
/* Take ${q}, which is answered later.  ERR_BUSY: too much waits. */
enum err line_owner_put(struct line_owner *w,
    struct serve_request *q) MUST_USE;
/* Channels may have changed: look before the next batch. */
void line_owner_look(struct line_owner *w);

#endif
