#include "intake/line_event.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/json_doc.h"
#include "core/utf8.h"
#include "intake/event.h"

void
line_batch_release(struct line_batch *b)
{
	if (b->events != NULL)
		explicit_bzero(b->events, b->len * sizeof(*b->events));
	free(b->events);
	json_doc_free(b->doc);
	*b = (struct line_batch){0};
}

static struct bytes
text_of(const struct json_doc *v, const char *key)
{
	const struct json_doc *m = json_doc_get(v, key);

	return json_doc_string(m) == NULL ? bytes_of("", 0) :
	    bytes_of(json_doc_string(m), json_doc_string_len(m));
}

static int
is(struct bytes text, const char *word)
{
	return bytes_equal(text, bytes_str(word));
}

/* ---- what it is ---- */

static void
set_message(struct line_event *ev, const struct json_doc *message)
{
	ev->message = text_of(message, "id");
	ev->text = text_of(message, "text");
	ev->kind = is(text_of(message, "type"), "text") ? LINE_TEXT :
	    LINE_OTHER_MESSAGE;
	if (ev->message.len == 0 || (ev->kind == LINE_TEXT &&
	    (ev->text.len == 0 || ev->text.len > LINE_TEXT_MAX)))
		ev->skip = LINE_SKIP_BROKEN;
}

static void
set_postback(struct line_event *ev, const struct json_doc *postback)
{
	ev->kind = LINE_POSTBACK;
	ev->text = text_of(postback, "data");
	ev->date = text_of(json_doc_get(postback, "params"), "date");
	if (ev->text.len == 0)
		ev->skip = LINE_SKIP_BROKEN;
}

static void
set_unsend(struct line_event *ev, const struct json_doc *unsend)
{
	ev->kind = LINE_UNSEND;
	ev->message = text_of(unsend, "messageId");
	if (ev->message.len == 0)
		ev->skip = LINE_SKIP_BROKEN;
}

static void
set_kind(struct line_event *ev, const struct json_doc *v)
{
	struct bytes type = text_of(v, "type");

	if (is(type, "message"))
		set_message(ev, json_doc_get(v, "message"));
	else if (is(type, "postback"))
		set_postback(ev, json_doc_get(v, "postback"));
	else if (is(type, "unsend"))
		set_unsend(ev, json_doc_get(v, "unsend"));
	else if (is(type, "follow"))
		ev->kind = LINE_FOLLOW;
	else if (is(type, "unfollow"))
		ev->kind = LINE_UNFOLLOW;
	else
		ev->skip = LINE_SKIP_TYPE;
}

/* ---- whose, which, when ---- */

/* People are asked one by one: what is said in a group is not an answer, and
 * others read it. */
static void
set_user(struct line_event *ev, const struct json_doc *source)
{
	struct bytes type = text_of(source, "type");

	ev->user = text_of(source, "userId");
	if (ev->skip != LINE_TAKEN)
		return;
	if (is(type, "group") || is(type, "room"))
		ev->skip = LINE_SKIP_GROUP;
	else if (!is(type, "user") || ev->user.len == 0 ||
	    ev->user.len > INTAKE_RESPONDENT_MAX ||
	    utf8_check_clean(ev->user, NULL) != ERR_OK)
		ev->skip = LINE_SKIP_NOBODY;
}

/* Older deliveries have no webhookEventId; a message is known by its own. */
static void
set_id(struct line_event *ev, const struct json_doc *v)
{
	int len;

	ev->id = text_of(v, "webhookEventId");
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
set_event(struct line_event *ev, const struct json_doc *v)
{
	const struct json_doc *context = json_doc_get(v, "deliveryContext");

	*ev = (struct line_event){.kind = LINE_UNKNOWN, .skip = LINE_TAKEN};
	set_kind(ev, v);
	set_user(ev, json_doc_get(v, "source"));
	set_id(ev, v);
	ev->time_ms = json_doc_int(json_doc_get(v, "timestamp"), -1);
	ev->standby = is(text_of(v, "mode"), "standby");
	ev->redelivered = json_doc_bool(json_doc_get(context, "isRedelivery"),
	    0);
	ev->reply_token = text_of(v, "replyToken");
	if (ev->time_ms < 0 && ev->skip == LINE_TAKEN)
		ev->skip = LINE_SKIP_BROKEN;
}

/* ---- a body ---- */

static enum err
parse(struct bytes body, struct line_batch *b)
{
	const struct json_doc *events;
	size_t len;

	RETURN_IF(json_doc_parse(body, LINE_BODY_MAX, &b->doc, NULL));
	events = json_doc_get(b->doc, "events");
	if (events == NULL || json_doc_type(events) != JSON_DOC_ARRAY)
		return ERR_SYNTAX;
	len = json_doc_len(events);
	if (len > LINE_EVENTS_MAX)
		return ERR_LIMIT;
	b->destination = text_of(b->doc, "destination");
	b->events = calloc(len + 1, sizeof(*b->events));
	if (b->events == NULL)
		return ERR_NOMEM;
	for (b->len = 0; b->len < len; b->len++)
		set_event(&b->events[b->len], json_doc_at(events, b->len));
	return ERR_OK;
}

enum err
line_batch_parse(struct bytes body, struct line_batch *ret)
{
	struct line_batch b = {0};
	enum err e = parse(body, &b);

	if (e == ERR_OK) {
		*ret = b;
		return ERR_OK;
	}
	line_batch_release(&b);
	switch ((int)e) {
	case ERR_NOMEM:
	case ERR_LIMIT:
	case ERR_ENCODING:
		return e;
	default:
		return ERR_SYNTAX;
	}
}
