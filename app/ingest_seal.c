/* Lines into sealed records, records into segments.
 *
 * Sealing is the dearest step of all, so a large batch is sealed in two parts
 * at once; each part fills segments of its own, and nothing is shared but what
 * nobody changes meanwhile. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "app/ingest_internal.h"
#include "core/clock.h"
#include "keys/record_plain.h"
#include "vault/store_segment.h"

#define TWO_PARTS_FROM 2048     /* lines; below, a thread costs more */

/* ---- plaintexts ---- */

static enum record_kind kind_of(const struct intake_event *event)
{
	switch (event->type) {
	case INTAKE_RESPONSE:
		return RECORD_RESPONSE;
	case INTAKE_CONSENT:
		return RECORD_CONSENT;
	case INTAKE_STEP:
		return RECORD_CONVERSATION;
	case INTAKE_WITHDRAWAL:
	case INTAKE_NOTE:       /* leaves no record */
	default:
		return RECORD_WITHDRAWAL;
	}
}

static const struct epoch_lists *lists_of(const struct ingest_part *part,
    size_t epoch)
{
	return &part->sealer->epochs->items[epoch].lists;
}

static enum err make_body(struct ingest_part *part, size_t epoch,
    const struct intake_event *event, struct bytes *ret)
{
	struct record_plain_consent c = {.scopes = event->scopes};
	struct record_plain_withdrawal w = {.scopes = event->scopes,
	    .permanent = event->permanent};

	if (ingest_is_answer(event)) {
		*ret = event->answers;
		return ERR_OK;
	}
	buf_clear(&part->body);
	memcpy(c.text_sha256, event->text_sha256, sizeof(c.text_sha256));
	RETURN_IF(event->type == INTAKE_CONSENT ?
	    record_plain_consent_write(lists_of(part, epoch), &c,
	    &part->body) :
	    record_plain_withdrawal_write(&w, &part->body));
	*ret = bytes_buf(&part->body);
	return ERR_OK;
}

static enum err make_plain(struct ingest_part *part, size_t epoch,
    const struct intake_event *event, const struct ingest_verdict *v)
{
	uint8_t packed[RECORD_PLAIN_LINE_LEN];
	struct record_plain p = {
		.source = bytes_str(part->sealer->args->rules->source),
		.has_consent = v->consent.scopes != 0,
		.consent_scopes = v->consent.scopes,
		.consent_given_unix_s = v->consent.given_unix_s,
		.event_unix_s = (uint32_t)event->time_unix_s,
		.received_unix_s = (uint32_t)event->received_unix_s};
	enum err e;

	memcpy(p.consent_text, v->consent.text, sizeof(p.consent_text));
	RETURN_IF(make_body(part, epoch, event, &p.body));
	RETURN_IF(record_plain_set_user(&p, event->respondent, packed));
	buf_clear(&part->plain);
	e = record_plain_build(kind_of(event), lists_of(part, epoch), &p,
	    &part->plain);
	secret_wipe(packed, sizeof(packed));
	return e;
}

static enum err make_plain_bad(struct ingest_part *part, size_t epoch,
    const struct intake_bad *bad)
{
	const struct intake_rules *rules = part->sealer->args->rules;
	uint32_t now = (uint32_t)rules->now_unix_s;
	struct record_plain_quarantine q = {.line = bad->raw,
	    .reason = bytes_str(bad->message)};
	struct record_plain p = {.user_code = RECORD_PLAIN_NOBODY,
	    .source = bytes_str(rules->source),
	    .event_unix_s = now, .received_unix_s = now};

	buf_clear(&part->body);
	RETURN_IF(record_plain_quarantine_write(&q, &part->body));
	p.body = bytes_buf(&part->body);
	buf_clear(&part->plain);
	return record_plain_build(RECORD_QUARANTINE, lists_of(part, epoch), &p,
	    &part->plain);
}

/* ---- segments ---- */

/* A fresh segment, with the memory of an earlier one where there is one. */
static enum err next_segment(struct ingest_part *part, size_t epoch)
{
	struct ingest_segment *segment;

	if (part->len == part->cap) {
		size_t cap = part->cap == 0 ? 16 : part->cap * 2;
		void *more = reallocarray(part->segments, cap,
		    sizeof(*part->segments));

		if (more == NULL)
			return ERR_NOMEM;
		part->segments = more;
		memset(part->segments + part->cap, 0,
		    (cap - part->cap) * sizeof(*part->segments));
		part->cap = cap;
	}
	segment = &part->segments[part->len++];
	segment_builder_clear(&segment->builder);
	segment->epoch = epoch;
	segment->first_day = segment->last_day = 0;
	part->current[epoch] = part->len;
	return ERR_OK;
}

static enum err room_in(struct ingest_part *part, size_t epoch, size_t bytes)
{
	const struct ingest_segment *now;

	if (part->current[epoch] == 0)
		return next_segment(part, epoch);
	now = &part->segments[part->current[epoch] - 1];
	if (segment_builder_len(&now->builder) + bytes <= SEGMENT_BYTES_GOAL)
		return ERR_OK;
	return next_segment(part, epoch);
}

static enum err seal_into(struct ingest_part *part, size_t epoch,
    const struct record_ref *ref, struct segment_entry *entry)
{
	const struct record_epoch_keys *keys = (const void *)secret_bytes(
	    part->sealer->epochs->items[epoch].keys);
	struct ingest_segment *segment;
	uint8_t *room;

	entry->length = (uint32_t)(part->plain.len + RECORD_OVERHEAD);
	entry->kind = (uint8_t)ref->kind;
	RETURN_IF(room_in(part, epoch, SEGMENT_ENTRY_LEN + entry->length));
	segment = &part->segments[part->current[epoch] - 1];
	RETURN_IF(segment_builder_room(&segment->builder, entry, &room));
	part->last = room;
	return record_seal_many(keys, ref, &part->random,
	    bytes_buf(&part->plain), room);
}

static void note_day(struct ingest_segment *s, int64_t time_unix_s)
{
	int32_t day = clock_jst_day(time_unix_s);

	if (s->first_day == 0 || day < s->first_day)
		s->first_day = day;
	if (day > s->last_day)
		s->last_day = day;
}

static enum err seal_event(struct ingest_part *part,
    const struct intake_event *event, const struct ingest_verdict *v,
    const uint8_t tag[RECORD_TAG_LEN])
{
	const struct ingest_sealer *s = part->sealer;
	const struct ingest_person *p = &s->people->items[v->person];
	size_t key = s->keys->of_person[v->person];
	size_t epoch = ingest_is_answer(event) ? event->survey :
	    s->epochs->len - 1;
	struct record_ref ref = {.tag = tag, .generation = v->generation,
	    .respondent_key = s->keys->pool.data + key * RECORD_KEY_LEN,
	    .kind = kind_of(event)};
	struct segment_entry entry = {.respondent = p->number,
	    .generation = v->generation};

	RETURN_IF(make_plain(part, epoch, event, v));
	RETURN_IF(seal_into(part, epoch, &ref, &entry));
	if (event->type == INTAKE_RESPONSE)
		note_day(&part->segments[part->current[epoch] - 1],
		    event->time_unix_s);
	return ERR_OK;
}

static enum err seal_bad(struct ingest_part *part,
    const struct intake_bad *bad)
{
	size_t epoch = part->sealer->epochs->len - 1;
	struct record_ref ref = {.kind = RECORD_QUARANTINE};
	struct segment_entry entry = {.respondent = SEGMENT_NO_RESPONDENT};

	RETURN_IF(make_plain_bad(part, epoch, bad));
	return seal_into(part, epoch, &ref, &entry);
}

/* ---- a batch ---- */

static enum err part_begin(struct ingest_part *part,
    const struct ingest_sealer *s, size_t first, size_t end)
{
	part->sealer = s;
	part->first = first;
	part->end = end;
	part->len = 0;
	if (part->current == NULL)
		part->current = calloc(s->epochs->len, sizeof(*part->current));
	if (part->current == NULL)
		return ERR_NOMEM;
	memset(part->current, 0, s->epochs->len * sizeof(*part->current));
	return ERR_OK;
}

/* Where the record of event ${i} is, for those who want to know. */
static void note_place(struct ingest_part *part, size_t i)
{
	const struct ingest_sealer *s = part->sealer;
	const struct intake_event *event = &s->slot->batch.events[i];
	struct ingest_place *place;

	if (s->places == NULL || !ingest_is_answer(event))
		return;
	place = &s->places[i];
	place->part = part;
	place->segment = part->current[event->survey] - 1;
	memcpy(place->record, part->last, RECORD_ID_LEN);
}

static enum err seal_part(struct ingest_part *part)
{
	const struct ingest_sealer *s = part->sealer;
	const struct ingest_verdict *verdicts = s->judgement->verdicts;

	for (size_t i = part->first; i < part->end; i++) {
		if (!verdicts[i].sealed)
			continue;
		RETURN_IF(seal_event(part, &s->slot->batch.events[i],
		    &verdicts[i], s->slot->tags[i]));
		note_place(part, i);
	}
	return ERR_OK;
}

static void *sealing(void *arg)
{
	struct ingest_part *part = arg;

	part->e = seal_part(part);
	return NULL;
}

/* Where no thread can be had, one after the other will do. */
static enum err seal_both(struct ingest_sealer *s)
{
	pthread_t thread;
	int threaded = pthread_create(&thread, NULL, sealing,
	    &s->parts[1]) == 0;
	enum err e = seal_part(&s->parts[0]);

	if (!threaded) {
		RETURN_IF(e);
		return seal_part(&s->parts[1]);
	}
	(void)pthread_join(thread, NULL);
	RETURN_IF(e);
	return s->parts[1].e;
}

static enum err quarantine_row(struct ingest_sealer *s,
    const struct intake_bad *bad)
{
	const struct ingest_part *part = &s->parts[0];
	size_t segment = part->current[s->epochs->len - 1] - 1;

	if (s->quarantine_len == s->quarantine_cap) {
		size_t cap = s->quarantine_cap == 0 ? 64 :
		    s->quarantine_cap * 2;
		void *more = reallocarray(s->quarantine, cap,
		    sizeof(*s->quarantine));

		if (more == NULL)
			return ERR_NOMEM;
		s->quarantine = more;
		s->quarantine_cap = cap;
	}
	/* the segment's number is known once it is stored */
	s->quarantine[s->quarantine_len++] = (struct store_quarantine){
		.line = bad->line, .reason = (uint16_t)bad->reason,
		.segment = (int64_t)segment,
		.index = part->segments[segment].builder.count - 1};
	return ERR_OK;
}

enum err ingest_seal_batch(struct ingest_sealer *s)
{
	const struct intake_batch *b = &s->slot->batch;
	size_t half = b->events_len < TWO_PARTS_FROM ? b->events_len :
	    b->events_len / 2;

	s->quarantine_len = 0;
	RETURN_IF(part_begin(&s->parts[0], s, 0, half));
	RETURN_IF(part_begin(&s->parts[1], s, half, b->events_len));
	RETURN_IF(half == b->events_len ? seal_part(&s->parts[0]) :
	    seal_both(s));
	for (size_t i = 0; i < b->bad_len; i++) {
		if (s->judgement->seen[b->events_len + i])
			continue;
		RETURN_IF(seal_bad(&s->parts[0], &b->bad[i]));
		RETURN_IF(quarantine_row(s, &b->bad[i]));
	}
	return ERR_OK;
}

/* ---- into the store ---- */

static enum err store_segments(const struct ingest_sealer *s,
    struct ingest_part *part, int64_t batch)
{
	for (size_t i = 0; i < part->len; i++) {
		struct ingest_segment *segment = &part->segments[i];
		struct store_segment head = {.batch = batch,
		    .epoch = s->epochs->items[segment->epoch].opened.row.number,
		    .first_answer_day = segment->first_day,
		    .last_answer_day = segment->last_day};

		RETURN_IF(store_segment_add(s->args->owner->store, &head,
		    &segment->builder, &segment->number));
	}
	return ERR_OK;
}

enum err ingest_seal_store(struct ingest_sealer *s, int64_t batch)
{
	RETURN_IF(store_segments(s, &s->parts[0], batch));
	RETURN_IF(store_segments(s, &s->parts[1], batch));
	for (size_t i = 0; i < s->quarantine_len; i++) {
		struct store_quarantine *q = &s->quarantine[i];

		q->batch = batch;
		q->segment = s->parts[0].segments[q->segment].number;
	}
	return s->quarantine_len == 0 ? ERR_OK : store_batch_quarantine_add(
	    s->args->owner->store, s->quarantine, s->quarantine_len);
}

static void part_release(struct ingest_part *part)
{
	for (size_t i = 0; i < part->cap; i++)
		segment_builder_release(&part->segments[i].builder);
	free(part->segments);
	free(part->current);
	buf_release(&part->body);
	buf_release(&part->plain);
}

void ingest_seal_release(struct ingest_sealer *s)
{
	part_release(&s->parts[0]);
	part_release(&s->parts[1]);
	free(s->quarantine);
	*s = (struct ingest_sealer){0};
}
