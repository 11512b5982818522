/* A batch of a channel: who says what in which order, the turns that makes,
 * one commit, and only then replies. */
#include <stdlib.h>
#include <string.h>

#include "app/serve/line_run_internal.h"
#include "vault/store_event.h"
#include "vault/store_respondent.h"

/* A message that was unsent before it came is remembered as the event whose
 * id is this byte and the message's; no id of LINE's has it. */
#define UNSENT_MARK 1
#define ID_MAX 200

static void count(_Atomic uint64_t *c)
{
	atomic_fetch_add_explicit(c, 1, memory_order_relaxed);
}

/* ---- the events ---- */

static enum err grow(void *list, size_t *cap, size_t need, size_t size)
{
	void **at = list, *more;
	size_t to = *cap == 0 ? 64 : *cap;

	if (need <= *cap)
		return ERR_OK;
	while (to < need)
		to *= 2;
	more = reallocarray(*at, to, size);
	if (more == NULL)
		return ERR_NOMEM;
	*at = more;
	*cap = to;
	return ERR_OK;
}

static int is_ahead(const struct line_run *r, const struct line_event *ev)
{
	return intake_rules_check_time(&r->rules.rules, ev->time_ms / 1000) !=
	    ERR_OK;
}

static void hash_item(const struct line_run *r, struct line_item *it)
{
	const struct owner *w = r->owner;
	const struct gateway_key *keys = w->home->keys;

	record_tag(gateway_key_index_key(keys, w->code), w->code,
	    r->source.id_namespace, it->ev->user, it->tag);
	store_tag_fit(w->store, it->tag);
	it->has_message = it->ev->message.len > 0;
	if (it->has_message)
		record_message(gateway_key_event_key(keys, w->code),
		    r->source.source, it->ev->message, it->message);
}

static enum err collect(struct line_run *r, struct line_request *request)
{
	if (!request->body.is_list)
		count(&r->counters->skipped[LINE_SKIP_BROKEN]);
	for (size_t i = 0; i < request->body.len; i++) {
		const struct line_event *ev = &request->body.events[i];
		struct line_item *it;

		count(&r->counters->events[ev->kind]);
		if (ev->skip != LINE_TAKEN) {
			count(&r->counters->skipped[ev->skip]);
			continue;
		}
		if (is_ahead(r, ev)) {
			count(&r->counters->future);
			continue;
		}
		RETURN_IF(grow(&r->items, &r->items_cap, r->items_len + 1,
		    sizeof(*r->items)));
		it = &r->items[r->items_len];
		*it = (struct line_item){.ev = ev, .request = request,
		    .arrival = r->items_len};
		hash_item(r, it);
		r->items_len++;
	}
	return ERR_OK;
}

static int by_time(const void *a, const void *b)
{
	const struct line_item *x = a, *y = b;

	if (x->ev->time_ms != y->ev->time_ms)
		return x->ev->time_ms < y->ev->time_ms ? -1 : 1;
	return x->arrival < y->arrival ? -1 : 1;
}

/* "\1" and the id of the message. */
static size_t unsent_id(struct bytes message, uint8_t ret[ID_MAX])
{
	size_t len = message.len < ID_MAX - 1 ? message.len : ID_MAX - 1;

	ret[0] = UNSENT_MARK;
	memcpy(ret + 1, message.data, len);
	return len + 1;
}

/* Two hashes for each item: its event, and the mark of its message. */
static enum err check_seen(struct line_run *r)
{
	const struct owner *w = r->owner;
	const struct secret *key = gateway_key_event_key(w->home->keys,
	    w->code);
	size_t n = 2 * r->items_len;
	uint8_t id[ID_MAX];

	if (n > r->hashes_cap) {
		free(r->hashes);
		free(r->seen);
		r->hashes_cap = 0;
		r->hashes = calloc(n, RECORD_EVENT_LEN);
		r->seen = calloc(n, 1);
		if (r->hashes == NULL || r->seen == NULL)
			return ERR_NOMEM;
		r->hashes_cap = n;
	}
	for (size_t i = 0; i < r->items_len; i++) {
		const struct line_event *ev = r->items[i].ev;
		uint8_t *at = r->hashes + 2 * i * RECORD_EVENT_LEN;

		record_event(key, r->source.source, ev->id, at);
		if (ev->message.len == 0)       /* and nothing to unsend */
			memcpy(at + RECORD_EVENT_LEN, at, RECORD_EVENT_LEN);
		else
			record_event(key, r->source.source, bytes_of(id,
			    unsent_id(ev->message, id)),
			    at + RECORD_EVENT_LEN);
	}
	RETURN_IF(store_event_check(w->store, r->hashes, n, r->seen));
	for (size_t i = 0; i < r->items_len; i++) {
		r->items[i].seen = r->seen[2 * i];
		r->items[i].unsent = r->items[i].has_message &&
		    r->items[i].ev->kind != LINE_UNSEND && r->seen[2 * i + 1];
	}
	return ERR_OK;
}

/* ---- what a turn brings ---- */

/* The hashes of the last event: of whose it is, and of its id; the latter is one
 * that check_seen made of the item. */
static enum err add_hashes(struct line_run *r, const struct line_item *it,
    const uint8_t *event)
{
	struct ingest_given *g = &r->given;
	size_t len = g->batch.events_len;

	RETURN_IF(grow(&g->tags, &r->tags_cap, len, sizeof(*g->tags)));
	RETURN_IF(grow(&g->events, &r->events_cap, len, sizeof(*g->events)));
	memcpy(g->tags[len - 1], it->tag, sizeof(*g->tags));
	memcpy(g->events[len - 1], event, sizeof(*g->events));
	return ERR_OK;
}

/* Of the item's event (0) or of the mark of its message (1). */
static const uint8_t *hash_of(const struct line_run *r,
    const struct line_item *it, size_t which)
{
	return r->hashes + (2 * (size_t)(it - r->items) + which) *
	    RECORD_EVENT_LEN;
}

static enum err add_event(struct line_run *r, struct line_item *it,
    enum intake_type type, struct intake_event **ret)
{
	struct ingest_given *g = &r->given;
	struct intake_event *ev;

	RETURN_IF(intake_batch_add(&g->batch, &ev));
	RETURN_IF(add_hashes(r, it, hash_of(r, it, 0)));
	ev->type = type;
	ev->event = it->ev->id;
	ev->respondent = it->ev->user;
	ev->time_unix_s = it->ev->time_ms / 1000;
	ev->received_unix_s = r->rules.rules.now_unix_s;
	if (it->count == 0)
		it->first = g->batch.events_len - 1;
	it->count++;
	*ret = ev;
	return ERR_OK;
}

static enum err add_message(struct line_run *r, const uint8_t *message)
{
	struct ingest_given *g = &r->given;
	struct ingest_message *m;

	RETURN_IF(grow(&g->messages, &r->messages_cap, g->messages_len + 1,
	    sizeof(*g->messages)));
	m = &g->messages[g->messages_len++];
	m->event = g->batch.events_len - 1;
	memcpy(m->message, message, RECORD_MESSAGE_LEN);
	return ERR_OK;
}

static enum err add_answers(struct line_run *r, struct line_item *it,
    const struct dialogue_turn *t)
{
	int whole = t->effect == DIALOGUE_COMPLETE;
	struct intake_event *ev;

	RETURN_IF(add_event(r, it, whole ? INTAKE_RESPONSE : INTAKE_STEP,
	    &ev));
	ev->survey = r->survey;
	RETURN_IF(intake_batch_copy(&r->given.batch, t->answers,
	    &ev->answers));
	if (!whole)
		return it->has_message ? add_message(r, it->message) : ERR_OK;
	for (size_t i = 0; i < r->desk.messages_len; i++)
		RETURN_IF(add_message(r, r->desk.messages[i].key));
	return ERR_OK;
}

/* Where a turn brings a consent and answers, the second has an id of its own:
 * the first's with "#answers" behind it. */
static enum err rename_second(struct line_run *r, struct line_item *it)
{
	static const char suffix[] = "#answers";
	struct intake_event *ev;
	uint8_t *room = intake_batch_alloc(&r->given.batch,
	    it->ev->id.len + sizeof(suffix));

	if (room == NULL)
		return ERR_NOMEM;
	memcpy(room, it->ev->id.data, it->ev->id.len);
	memcpy(room + it->ev->id.len, suffix, sizeof(suffix));
	ev = &r->given.batch.events[r->given.batch.events_len - 1];
	ev->event = bytes_of(room, it->ev->id.len + sizeof(suffix) - 1);
	record_event(gateway_key_event_key(r->owner->home->keys,
	    r->owner->code), r->source.source, ev->event,
	    r->given.events[r->given.batch.events_len - 1]);
	return ERR_OK;
}

static enum err add_consent(struct line_run *r, struct line_item *it,
    const struct dialogue_turn *t)
{
	struct intake_event *ev;

	RETURN_IF(add_event(r, it, INTAKE_CONSENT, &ev));
	ev->scopes = t->scopes;
	memcpy(ev->text_sha256, r->script.text_sha256, DIGEST_LEN);
	return ERR_OK;
}

static enum err add_effect(struct line_run *r, struct line_item *it,
    const struct dialogue_turn *t)
{
	struct intake_event *ev;

	switch (t->effect) {
	case DIALOGUE_STEP:
		return add_answers(r, it, t);
	case DIALOGUE_COMPLETE:
		if (t->scopes == 0)
			return add_answers(r, it, t);
		RETURN_IF(add_consent(r, it, t));
		RETURN_IF(add_answers(r, it, t));
		return rename_second(r, it);
	case DIALOGUE_AGREED:
		return add_consent(r, it, t);
	case DIALOGUE_WITHDREW:
		RETURN_IF(add_event(r, it, INTAKE_WITHDRAWAL, &ev));
		ev->scopes = t->scopes;
		return ERR_OK;
	case DIALOGUE_NOTED:
	default:
		return add_event(r, it, INTAKE_NOTE, &ev);
	}
}

/* ---- what is said ---- */

static enum err say(struct line_run *r, struct line_item *it,
    const struct dialogue_turn *t)
{
	CLEANUP(json_doc_cleanup) struct json_doc *list = NULL;

	if (t->silent || it->ev->standby || it->ev->reply_token.len == 0 ||
	    r->token == NULL || !line_send_has_room(r->send))
		return ERR_OK;
	RETURN_IF(line_say(&r->desk, &it->entry->d, t, &list));
	buf_clear(&it->said);
	return json_doc_dump(list, 0, &it->said);
}

/* ---- one event ---- */

/* A message taken back: out of the dialogue now, out of the store with this
 * batch; and should the message come later, it will not count. */
static enum err take_unsend(struct line_run *r, struct line_item *it)
{
	struct ingest_given *g = &r->given;
	struct intake_event *ev;
	uint8_t id[ID_MAX];
	enum err e;

	RETURN_IF(line_table_get(&r->table, it->tag,
	    r->rules.rules.now_unix_s, &it->entry));
	e = dialogue_unsend(&r->desk, &it->entry->d, it->message);
	if (e != ERR_OK && e != ERR_NOT_FOUND)
		return e;
	RETURN_IF(add_event(r, it, INTAKE_NOTE, &ev));
	RETURN_IF(add_event(r, it, INTAKE_NOTE, &ev));
	RETURN_IF(intake_batch_copy(&g->batch, bytes_of(id,
	    unsent_id(it->ev->message, id)), &ev->event));
	memcpy(g->events[g->batch.events_len - 1], hash_of(r, it, 1),
	    sizeof(*g->events));
	RETURN_IF(grow(&r->unsent, &r->unsent_cap, g->unsent_len + 1,
	    sizeof(*r->unsent)));
	memcpy(r->unsent[g->unsent_len++], it->message, RECORD_MESSAGE_LEN);
	count(&r->counters->unsent);
	return ERR_OK;
}

static enum err take_turn(struct line_run *r, struct line_item *it)
{
	const struct line_event *ev = it->ev;
	const struct dialogue_said said = {.kind = ev->kind, .text = ev->text,
	    .date = ev->date, .time_ms = ev->time_ms,
	    .key = ev->kind == LINE_TEXT && it->has_message ?
	    it->message : NULL};
	struct dialogue_turn t;
	enum err e;

	RETURN_IF(line_table_get(&r->table, it->tag,
	    r->rules.rules.now_unix_s, &it->entry));
	e = dialogue_turn(&r->desk, &it->entry->d, &said, &t);
	if (e == ERR_LIMIT || e == ERR_CORRUPT) {
		dialogue_release(&it->entry->d);
		t = (struct dialogue_turn){.effect = DIALOGUE_NOTED,
		    .phrase = DIALOGUE_SAY_CANCELLED};
	} else {
		RETURN_IF(e);
	}
	if (t.late)
		count(&r->counters->late);
	RETURN_IF(add_effect(r, it, &t));
	return say(r, it, &t);
}

static enum err take_item(struct line_run *r, struct line_item *it)
{
	struct intake_event *ev;

	if (it->seen) {
		count(&r->counters->duplicates);
		return ERR_OK;
	}
	if (it->ev->kind == LINE_UNSEND)
		return take_unsend(r, it);
	if (it->unsent)
		return add_event(r, it, INTAKE_NOTE, &ev);
	return take_turn(r, it);
}

/* ---- the commit ---- */

typedef const uint8_t (*const_digests)[DIGEST_LEN];

static enum err begin_ingest(struct line_run *r)
{
	struct ingest_args args = {.owner = r->owner,
	    .rules = &r->rules.rules,
	    .survey_sha256 = (const_digests)r->rules.survey_sha256,
	    .id_namespace = r->source.id_namespace};

	return r->ingest != NULL ? ERR_OK : ingest_begin(&args, &r->ingest);
}

static enum err commit(struct line_run *r)
{
	struct ingest_given *g = &r->given;
	int64_t began = clock_monotonic_ms();

	if (g->batch.events_len == 0)
		return ERR_OK;
	g->unsent = (const uint8_t (*)[RECORD_MESSAGE_LEN])r->unsent;
	RETURN_IF(grow(&g->marks, &r->marks_cap, g->batch.events_len,
	    sizeof(*g->marks)));
	RETURN_IF(begin_ingest(r));
	RETURN_IF(ingest_give(r->ingest, g));
	count(&r->counters->commits);
	atomic_fetch_add(&r->counters->commit_ms,
	    (uint64_t)(clock_monotonic_ms() - began));
	return ERR_OK;
}

/* ---- afterwards ---- */

static void count_taken(struct line_run *r, const struct intake_event *ev,
    const struct ingest_mark *m)
{
	struct line_counters *c = r->counters;

	if (!m->taken) {
		count(m->seen ? &c->duplicates : &c->refused);
		return;
	}
	switch (ev->type) {
	case INTAKE_RESPONSE:
		count(&c->responses);
		break;
	case INTAKE_CONSENT:
		count(&c->consents);
		break;
	case INTAKE_WITHDRAWAL:
		count(&c->withdrawals);
		break;
	case INTAKE_STEP:
		count(&c->steps);
		break;
	case INTAKE_NOTE:
	default:
		break;
	}
}

/* Consent or answers of one who withdrew: the dialogue ends. */
static enum err say_refused(struct line_run *r, struct line_item *it)
{
	const struct dialogue_turn t = {.phrase = DIALOGUE_SAY_REFUSED};
	uint8_t language = it->entry->d.language;
	int64_t last_ms = it->entry->d.last_ms;

	dialogue_release(&it->entry->d);
	it->entry->d.language = language;
	it->entry->d.last_ms = last_ms;
	return say(r, it, &t);
}

static void settle_item(struct line_run *r, struct line_item *it)
{
	struct line_said said = {.token = r->token,
	    .reply_token = it->ev->reply_token, .user = it->ev->user};
	int refused = 0;

	for (size_t i = it->first; i < it->first + it->count; i++) {
		const struct ingest_mark *m = &r->given.marks[i];

		count_taken(r, &r->given.batch.events[i], m);
		refused |= !m->taken && !m->seen;
	}
	if (refused && it->entry != NULL && say_refused(r, it) != ERR_OK)
		return;
	said.messages = bytes_buf(&it->said);
	if (it->said.len > 0)
		line_send_put(r->send, &said);
}

static enum err run_batch(struct line_run *r, struct line_request **list,
    size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (list[i]->e == ERR_OK)
			RETURN_IF(collect(r, list[i]));
	if (r->items_len == 0)
		return ERR_OK;
	qsort(r->items, r->items_len, sizeof(*r->items), by_time);
	RETURN_IF(check_seen(r));
	for (size_t i = 0; i < r->items_len; i++)
		RETURN_IF(take_item(r, &r->items[i]));
	return commit(r);
}

static void clear_batch(struct line_run *r)
{
	for (size_t i = 0; i < r->items_len; i++)
		buf_release(&r->items[i].said);
	if (r->items_len > 0)
		secret_wipe(r->items, r->items_len * sizeof(*r->items));
	r->items_len = 0;
	intake_batch_clear(&r->given.batch);
	r->given.messages_len = r->given.unsent_len = 0;
}

/* Nothing of it was taken in: LINE is told so and delivers it again. */
static void fail_batch(struct line_run *r, struct line_request **list,
    size_t len, enum err e)
{
	serve_log("webhook-not-stored", "owner", r->owner->code, "source",
	    r->channel.source, "error", err_name(e), NULL);
	line_table_undo(&r->table);
	line_run_end(r);
	for (size_t i = 0; i < len; i++)
		if (list[i]->e == ERR_OK) {
			list[i]->e = ERR_BUSY;
			count(&r->counters->failed);
		}
}

void line_run_batch(struct line_run *r, struct line_request **list, size_t len,
    int64_t now_unix_s)
{
	enum err e;

	r->rules.rules.now_unix_s = now_unix_s;
	r->owner->home->now_unix_s = now_unix_s;
	line_run_rest(r, now_unix_s);
	line_table_begin(&r->table);
	e = run_batch(r, list, len);
	if (e != ERR_OK)
		fail_batch(r, list, len, e);
	else
		for (size_t i = 0; i < r->items_len; i++)
			settle_item(r, &r->items[i]);
	clear_batch(r);
}
