/* tests/unit/intake/line_reference.h - what jansson makes of a webhook's body
 * against what the scanner makes of it. */
#ifndef AZUKARI_TESTS_LINE_REFERENCE_H
#define AZUKARI_TESTS_LINE_REFERENCE_H

#include <stdlib.h>
#include <string.h>

#include "core/json_doc.h"
#include "intake/line_scan_internal.h"

#define LINE_REFERENCE_MAX 64

struct line_reference_list {
	struct line_batch batch;        /* first, so that a cast finds us */
	struct line_raw raws[LINE_REFERENCE_MAX];
	size_t len;
};

static inline enum err
line_reference_add(struct line_batch *b, const struct line_raw *raw)
{
	struct line_reference_list *l = (void *)b;

	if (l->len < LINE_REFERENCE_MAX)
		l->raws[l->len] = *raw;
	l->len++;
	return ERR_OK;
}

static inline int
line_reference_text(const struct json_doc *v, const char *key, struct bytes got)
{
	const struct json_doc *m = json_doc_get(v, key);
	struct bytes want = json_doc_string(m) == NULL ? bytes_of("", 0) :
	    bytes_of(json_doc_string(m), json_doc_string_len(m));

	return bytes_equal(want, got) && got.data[got.len] == '\0';
}

static inline int
line_reference_event(const struct json_doc *v, const struct line_raw *r)
{
	const struct json_doc *source = json_doc_get(v, "source");
	const struct json_doc *message = json_doc_get(v, "message");
	const struct json_doc *postback = json_doc_get(v, "postback");

	return line_reference_text(v, "type", r->type) &&
	    line_reference_text(v, "mode", r->mode) &&
	    line_reference_text(v, "webhookEventId", r->id) &&
	    line_reference_text(v, "replyToken", r->reply_token) &&
	    line_reference_text(source, "type", r->source_type) &&
	    line_reference_text(source, "userId", r->user) &&
	    line_reference_text(message, "id", r->message_id) &&
	    line_reference_text(message, "type", r->message_type) &&
	    line_reference_text(message, "text", r->text) &&
	    line_reference_text(postback, "data", r->data) &&
	    line_reference_text(json_doc_get(postback, "params"), "date",
	    r->date) && line_reference_text(json_doc_get(v, "unsend"),
	    "messageId", r->unsent) &&
	    json_doc_int(json_doc_get(v, "timestamp"), -1) == r->time_ms &&
	    json_doc_bool(json_doc_get(json_doc_get(v, "deliveryContext"),
	    "isRedelivery"), 0) == r->redelivered;
}

static inline int
line_reference_same(const struct json_doc *doc,
    const struct line_reference_list *l)
{
	const struct json_doc *events = json_doc_get(doc, "events");
	size_t len = events == NULL ||
	    json_doc_type(events) != JSON_DOC_ARRAY ? 0 : json_doc_len(events);

	if (len != l->len || !line_reference_text(doc, "destination",
	    l->batch.destination))
		return 0;
	for (size_t i = 0; i < len && i < LINE_REFERENCE_MAX; i++)
		if (!line_reference_event(json_doc_at(events, i),
		    &l->raws[i]))
			return 0;
	return 1;
}

/* What jansson takes the scanner takes, and reads the same of it.  What it
 * does not, the scanner refuses, but for numbers without end, keys twice, and
 * halves of characters. */
static inline int
line_reference_agrees(struct bytes body)
{
	static struct line_reference_list l;
	CLEANUP(json_doc_cleanup) struct json_doc *doc = NULL;
	enum err want, got;
	int same;

	if (memchr(body.data, '\0', body.len) != NULL || body.len == 0)
		return 1;
	l.len = 0;
	want = json_doc_parse(body, LINE_BODY_MAX, &doc, NULL);
	MUST_HOLD(buf_append(&l.batch.text, body.data, body.len) == ERR_OK);
	got = line_scan(&l.batch, line_reference_add);
	if (want == ERR_OK)
		same = got == ERR_OK && line_reference_same(doc, &l);
	else if (want == ERR_RANGE || want == ERR_DUPLICATE ||
	    memmem(body.data, body.len, "\\u", 2) != NULL ||
	    strchr("[{", body.data[0]) == NULL)
		same = 1;
	else
		same = got != ERR_OK;
	line_batch_release(&l.batch);
	return same;
}

#endif
