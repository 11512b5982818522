#include "intake/line_event.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/utf8.h"
#include "intake/event.h"
#include "intake/line_scan_internal.h"

void
line_batch_release(struct line_batch *b)
{
	if (b->events != NULL)
		explicit_bzero(b->events, b->len * sizeof(*b->events));
	free(b->events);
	buf_release(&b->text);
	*b = (struct line_batch){0};
}

static int
is(struct bytes text, const char *word)
{
	return bytes_equal(text, bytes_str(word));
}

/* ---- what it is ---- */

static void
set_message(struct line_event *ev, const struct line_raw *raw)
{
	ev->message = raw->message_id;
	ev->text = raw->text;
	ev->kind = is(raw->message_type, "text") ? LINE_TEXT :
	    LINE_OTHER_MESSAGE;
	if (ev->message.len == 0 || (ev->kind == LINE_TEXT &&
	    (ev->text.len == 0 || ev->text.len > LINE_TEXT_MAX)))
		ev->skip = LINE_SKIP_BROKEN;
}

static void
set_postback(struct line_event *ev, const struct line_raw *raw)
{
	ev->kind = LINE_POSTBACK;
	ev->text = raw->data;
	ev->date = raw->date;
	if (ev->text.len == 0)
		ev->skip = LINE_SKIP_BROKEN;
}

static void
set_unsend(struct line_event *ev, const struct line_raw *raw)
{
	ev->kind = LINE_UNSEND;
	ev->message = raw->unsent;
	if (ev->message.len == 0)
		ev->skip = LINE_SKIP_BROKEN;
}

static void
set_kind(struct line_event *ev, const struct line_raw *raw)
{
	if (is(raw->type, "message"))
		set_message(ev, raw);
	else if (is(raw->type, "postback"))
		set_postback(ev, raw);
	else if (is(raw->type, "unsend"))
		set_unsend(ev, raw);
	else if (is(raw->type, "follow"))
		ev->kind = LINE_FOLLOW;
	else if (is(raw->type, "unfollow"))
		ev->kind = LINE_UNFOLLOW;
	else
		ev->skip = LINE_SKIP_TYPE;
}

/* ---- whose, which, when ---- */

/* People are asked one by one: what is said in a group is not an answer, and
 * others read it. */
static void
set_user(struct line_event *ev, const struct line_raw *raw)
{
	ev->user = raw->user;
	if (ev->skip != LINE_TAKEN)
		return;
	if (is(raw->source_type, "group") || is(raw->source_type, "room"))
		ev->skip = LINE_SKIP_GROUP;
	else if (!is(raw->source_type, "user") || ev->user.len == 0 ||
	    ev->user.len > INTAKE_RESPONDENT_MAX ||
	    utf8_check_clean(ev->user, NULL) != ERR_OK)
		ev->skip = LINE_SKIP_NOBODY;
}

/* Older deliveries have no webhookEventId; a message is known by its own. */
static void
set_id(struct line_event *ev, const struct line_raw *raw)
{
	int len;

	ev->id = raw->id;
	if (ev->id.len > 0 && ev->id.len <= INTAKE_EVENT_ID_MAX)
		return;
	len = snprintf(ev->made_id, sizeof(ev->made_id), "%s:%.64s",
	    ev->kind == LINE_UNSEND ? "unsend" : "message",
	    ev->message.len == 0 ? "" : (const char *)ev->message.data);
	ev->id = bytes_of(ev->made_id, (size_t)len);
	if (ev->message.len == 0 && ev->skip == LINE_TAKEN)
		ev->skip = LINE_SKIP_BROKEN;
}

static void
set_event(struct line_event *ev, const struct line_raw *raw)
{
	*ev = (struct line_event){.kind = LINE_UNKNOWN, .skip = LINE_TAKEN,
	    .message = bytes_of("", 0), .text = bytes_of("", 0),
	    .date = bytes_of("", 0)};
	set_kind(ev, raw);
	set_user(ev, raw);
	set_id(ev, raw);
	ev->time_ms = raw->time_ms;
	ev->standby = is(raw->mode, "standby");
	ev->redelivered = raw->redelivered;
	ev->reply_token = raw->reply_token;
	if (ev->time_ms < 0 && ev->skip == LINE_TAKEN)
		ev->skip = LINE_SKIP_BROKEN;
}

/* ---- a body ---- */

/* An id that was made lies in the event itself, which has moved. */
static void
rebase_ids(struct line_batch *b)
{
	for (size_t i = 0; i < b->len; i++)
		if (b->events[i].made_id[0] != '\0')
			b->events[i].id.data =
			    (const uint8_t *)b->events[i].made_id;
}

static enum err
add_event(struct line_batch *b, const struct line_raw *raw)
{
	if (b->len == LINE_EVENTS_MAX)
		return ERR_LIMIT;
	if (b->len == b->cap) {
		size_t cap = b->cap == 0 ? 1 : 4 * b->cap;
		void *more = reallocarray(b->events, cap, sizeof(*b->events));

		if (more == NULL)
			return ERR_NOMEM;
		b->events = more;
		b->cap = cap;
	}
	set_event(&b->events[b->len++], raw);
	return ERR_OK;
}

static enum err
parse(struct bytes body, struct line_batch *b)
{
	if (body.len > LINE_BODY_MAX)
		return ERR_LIMIT;
	if (body.len == 0)
		return ERR_SYNTAX;
	if (memchr(body.data, '\0', body.len) != NULL)
		return ERR_ENCODING;
	RETURN_IF(buf_reserve(&b->text, body.len));
	RETURN_IF(buf_append(&b->text, body.data, body.len));
	RETURN_IF(line_scan(b, add_event));
	rebase_ids(b);
	return ERR_OK;
}

enum err
line_batch_parse(struct bytes body, struct line_batch *ret)
{
	struct line_batch b = {0};
	enum err e = parse(body, &b);

	if (e != ERR_OK) {
		line_batch_release(&b);
		return e;
	}
	*ret = b;
	return ERR_OK;
}
