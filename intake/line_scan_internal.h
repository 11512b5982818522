/* intake/line_scan_internal.h - between line_event.c and line_scan.c. */
#ifndef AZUKARI_INTAKE_LINE_SCAN_INTERNAL_H
#define AZUKARI_INTAKE_LINE_SCAN_INTERNAL_H

#include "intake/line_event.h"

/* An event as it was written; texts lie in the batch's, NUL behind each, and
 * are empty where absent or of another kind. */
struct line_raw {
	struct bytes destination;       /* of the body */
	struct bytes type, mode, id, reply_token, source_type, user;
	struct bytes message_id, message_type, text, data, date, unsent;
	int64_t time_ms;                /* -1: absent */
	int redelivered;
	uint32_t seen;
};

/* Read ${b}->text, changing it, and hand each element of `events` to
 * ${event}.  ERR_SYNTAX: not JSON, or a member that is read is there twice;
 * ERR_ENCODING; ERR_LIMIT: nested too deep; or what ${event} says. */
enum err line_scan(struct line_batch *b, enum err (*event)(
    struct line_batch *b, const struct line_raw *raw)) MUST_USE;

#endif
