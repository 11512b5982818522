/* intake/line_event.h - the body of a LINE webhook into its events.
 *
 * The caller has verified the signature over the raw bytes.  The Messaging API
 * adds members and types at any time, so unknown ones are tolerated here and
 * counted; nothing else in intake is.
 */
#ifndef AZUKARI_INTAKE_LINE_EVENT_H
#define AZUKARI_INTAKE_LINE_EVENT_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"

#define LINE_BODY_MAX ((size_t)256 << 10)
#define LINE_EVENTS_MAX 1000            /* of one body */
#define LINE_TEXT_MAX 20000             /* bytes of one message */

enum line_kind {
	LINE_TEXT,              /* a text message */
	LINE_OTHER_MESSAGE,     /* an image, a sticker, ... */
	LINE_POSTBACK,          /* a button */
	LINE_FOLLOW,
	LINE_UNFOLLOW,
	LINE_UNSEND,
	LINE_UNKNOWN,           /* every other type */
	LINE_KIND_COUNT
};

/* Why an event has no effect. */
enum line_skip {
	LINE_TAKEN,
	LINE_SKIP_TYPE,         /* of an unknown type */
	LINE_SKIP_GROUP,        /* from a group or a room */
	LINE_SKIP_NOBODY,       /* without a user id */
	LINE_SKIP_BROKEN,       /* without what its type must have */
	LINE_SKIP_COUNT
};

/* Texts are borrowed from the batch, NUL-terminated. */
struct line_event {
	enum line_kind kind;
	enum line_skip skip;
	int64_t time_ms;
	int standby;            /* another bot talks: do not reply */
	int redelivered;
	struct bytes id;        /* webhookEventId; else "message:" and its id */
	struct bytes user;
	struct bytes reply_token;       /* empty: none */
	struct bytes message;   /* id of the message (unsend: of which) */
	struct bytes text;      /* text, or a postback's data */
	struct bytes date;      /* what a date picker chose; empty: none */
	char made_id[80];       /* room for `id` where it was made here */
};

/* Zeroed is empty. */
struct line_batch {
	struct buf text;                /* the body, unescaped in place */
	struct bytes destination;       /* empty: not given */
	struct line_event *events;
	size_t len, cap;
	int is_list;                    /* it has a list of events */
};
void line_batch_release(struct line_batch *b);  /* wipes; CLEANUP-able */

/* ERR_SYNTAX: not JSON, or a member that is read is there twice; ERR_ENCODING:
 * not UTF-8; ERR_LIMIT; ERR_NOMEM.  Events that are broken or unknown are no
 * error, and neither is JSON without a list of events. */
enum err line_batch_parse(struct bytes body, struct line_batch *ret) MUST_USE;

#endif
