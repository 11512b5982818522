/* Lines into sealed records, records into segments. */
#include <stdlib.h>
#include <string.h>

#include "app/ingest_internal.h"
#include "app/step.h"
#include "core/clock.h"
#include "keys/record_plain.h"
#include "vault/store_segment.h"

/* ---- keys of the people of a batch ---- */

void ingest_keys_release(struct ingest_keys *k)
{
	free(k->numbers);
	free(k->generations);
	free(k->of_person);
	secret_pool_release(&k->pool);
	*k = (struct ingest_keys){0};
}

static enum err keys_room(struct ingest_keys *k, size_t people)
{
	if (people <= k->cap)
		return ERR_OK;
	ingest_keys_release(k);
	k->numbers = calloc(people, sizeof(*k->numbers));
	k->generations = calloc(people, sizeof(*k->generations));
	k->of_person = calloc(people, sizeof(*k->of_person));
	if (k->numbers == NULL || k->generations == NULL ||
	    k->of_person == NULL)
		return ERR_NOMEM;
	RETURN_IF(secret_pool_init(&k->pool, people * RECORD_KEY_LEN));
	k->cap = people;
	return ERR_OK;
}

/* New people's keys, and the next generation of those who came back. */
static enum err add_keys(struct ingest_keys *k, struct owner *w,
    const struct ingest_people *p)
{
	CLEANUP(act_abort) struct act a = {0};
	size_t revived = 0;

	for (size_t i = 0; i < p->len; i++)
		if (p->items[i].revived) {
			k->numbers[revived] = p->items[i].number;
			k->generations[revived++] = p->items[i].generation;
		}
	if (p->fresh_count == 0 && revived == 0)
		return ERR_OK;
	RETURN_IF(act_data_begin(w->home, erase_db(w->erase), &a));
	if (p->fresh_count > 0)
		RETURN_IF(erase_add_range(w->erase, p->fresh_first,
		    p->fresh_count));
	if (revived > 0)
		RETURN_IF(erase_add(w->erase, k->numbers, k->generations,
		    revived));
	RETURN_IF(act_data_commit(&a));
	step_reached(STEP_INGEST_KEYS);
	return ERR_OK;
}

/* Which persons need a key, in order of number, so that neighbours in
 * erase.db are read together. */
struct by_number {
	uint32_t number, person;
};

static int compare_numbers(const void *a, const void *b)
{
	const struct by_number *x = a, *y = b;

	return x->number < y->number ? -1 : x->number > y->number;
}

static void free_order(struct by_number **o)
{
	free(*o);
}

static enum err sort_people(struct ingest_keys *k,
    const struct ingest_people *p)
{
	CLEANUP(free_order) struct by_number *order =
	    calloc(p->len + 1, sizeof(*order));

	if (order == NULL)
		return ERR_NOMEM;
	k->len = 0;
	for (size_t i = 0; i < p->len; i++)
		if (p->items[i].sealed_to)
			order[k->len++] = (struct by_number){
				p->items[i].number, (uint32_t)i};
	qsort(order, k->len, sizeof(*order), compare_numbers);
	for (size_t i = 0; i < k->len; i++) {
		k->numbers[i] = order[i].number;
		k->of_person[order[i].person] = (uint32_t)i;
	}
	return ERR_OK;
}

/* A living respondent without the right key is a fault, never skipped. */
static enum err check_generations(const struct ingest_keys *k,
    const struct ingest_people *p)
{
	for (size_t i = 0; i < p->len; i++)
		if (p->items[i].sealed_to && p->items[i].generation !=
		    k->generations[k->of_person[i]])
			return ERR_CORRUPT;
	return ERR_OK;
}

enum err ingest_keys_load(struct ingest_keys *k, struct owner *w,
    const struct ingest_people *p)
{
	RETURN_IF(keys_room(k, p->len + 1));
	RETURN_IF(add_keys(k, w, p));
	RETURN_IF(sort_people(k, p));
	RETURN_IF(erase_get(w->erase, k->numbers, k->len, k->pool.data,
	    k->generations));
	return check_generations(k, p);
}

/* ---- plaintexts ---- */

static enum record_kind kind_of(const struct intake_event *event)
{
	switch (event->type) {
	case INTAKE_RESPONSE:
		return RECORD_RESPONSE;
	case INTAKE_CONSENT:
		return RECORD_CONSENT;
	case INTAKE_WITHDRAWAL:
	default:
		return RECORD_WITHDRAWAL;
	}
}

static enum err make_body(struct ingest_sealer *s,
    const struct intake_event *event, struct bytes *ret)
{
	struct record_plain_consent c = {.scopes = event->scopes};
	struct record_plain_withdrawal w = {.scopes = event->scopes,
	    .permanent = event->permanent};

	if (event->type == INTAKE_RESPONSE) {
		*ret = event->answers;
		return ERR_OK;
	}
	buf_clear(&s->body);
	memcpy(c.text_sha256, event->text_sha256, sizeof(c.text_sha256));
	RETURN_IF(event->type == INTAKE_CONSENT ?
	    record_plain_consent_write(&c, &s->body) :
	    record_plain_withdrawal_write(&w, &s->body));
	*ret = bytes_buf(&s->body);
	return ERR_OK;
}

static enum err make_plain(struct ingest_sealer *s,
    const struct intake_event *event, const struct ingest_verdict *v)
{
	uint8_t packed[RECORD_PLAIN_LINE_LEN];
	struct record_plain p = {
		.source = bytes_str(s->args->rules->source),
		.has_consent = v->consent.scopes != 0,
		.consent_scopes = v->consent.scopes,
		.consent_given_unix_s = v->consent.given_unix_s,
		.event_unix_s = (uint32_t)event->time_unix_s,
		.received_unix_s = (uint32_t)event->received_unix_s};
	enum err e;

	if (p.has_consent)
		memcpy(p.consent_text, v->consent.text,
		    sizeof(p.consent_text));
	else
		p.consent_given_unix_s = 0;
	RETURN_IF(make_body(s, event, &p.body));
	RETURN_IF(record_plain_set_user(&p, event->respondent, packed));
	buf_clear(&s->plain);
	e = record_plain_build(kind_of(event), &p, &s->plain);
	secret_wipe(packed, sizeof(packed));
	return e;
}

static enum err make_plain_bad(struct ingest_sealer *s,
    const struct intake_bad *bad)
{
	uint32_t now = (uint32_t)s->args->rules->now_unix_s;
	struct record_plain_quarantine q = {.line = bad->raw,
	    .reason = bytes_str(bad->message)};
	struct record_plain p = {.user_code = RECORD_PLAIN_NOBODY,
	    .source = bytes_str(s->args->rules->source),
	    .event_unix_s = now, .received_unix_s = now};

	buf_clear(&s->body);
	RETURN_IF(record_plain_quarantine_write(&q, &s->body));
	p.body = bytes_buf(&s->body);
	buf_clear(&s->plain);
	return record_plain_build(RECORD_QUARANTINE, &p, &s->plain);
}

/* ---- segments ---- */

/* The segment gets its number; quarantined lines in it can be found now. */
static enum err store_builder(struct ingest_sealer *s, size_t epoch)
{
	struct ingest_epoch *e = &s->epochs->items[epoch];
	struct store_segment head = {.epoch = e->opened.row.number,
	    .batch = s->batch, .first_answer_day = e->first_day,
	    .last_answer_day = e->last_day};
	int64_t number;

	if (e->builder.count == 0)
		return ERR_OK;
	RETURN_IF(store_segment_add(s->args->owner->store, &head,
	    &e->builder, &number));
	segment_builder_clear(&e->builder);
	e->first_day = e->last_day = 0;
	if (epoch + 1 != s->epochs->len)
		return ERR_OK;
	for (; s->quarantine_done < s->quarantine_len; s->quarantine_done++)
		s->quarantine[s->quarantine_done].segment = number;
	return ERR_OK;
}

static enum err seal_into(struct ingest_sealer *s, size_t epoch,
    const struct record_ref *ref, struct segment_entry *entry)
{
	struct ingest_epoch *e = &s->epochs->items[epoch];
	const struct record_epoch_keys *keys =
	    (const void *)secret_bytes(e->keys);
	uint8_t *room;

	entry->length = (uint32_t)(s->plain.len + RECORD_OVERHEAD);
	entry->kind = (uint8_t)ref->kind;
	if (e->builder.count > 0 && segment_builder_len(&e->builder) +
	    SEGMENT_ENTRY_LEN + entry->length > SEGMENT_BYTES_GOAL)
		RETURN_IF(store_builder(s, epoch));
	RETURN_IF(segment_builder_room(&e->builder, entry, &room));
	return record_seal(keys, ref, bytes_buf(&s->plain), room);
}

static void note_day(struct ingest_epoch *e, int64_t time_unix_s)
{
	int32_t day = clock_jst_day(time_unix_s);

	if (e->first_day == 0 || day < e->first_day)
		e->first_day = day;
	if (day > e->last_day)
		e->last_day = day;
}

enum err ingest_seal_event(struct ingest_sealer *s,
    const struct intake_event *event, const struct ingest_verdict *v,
    const uint8_t tag[RECORD_TAG_LEN])
{
	const struct ingest_person *p = &s->people->items[v->person];
	size_t key = s->keys->of_person[v->person];
	size_t epoch = event->type == INTAKE_RESPONSE ? event->survey :
	    s->epochs->len - 1;
	struct record_ref ref = {.tag = tag, .generation = v->generation,
	    .respondent_key = s->keys->pool.data + key * RECORD_KEY_LEN,
	    .kind = kind_of(event)};
	struct segment_entry entry = {.respondent = p->number,
	    .generation = v->generation};

	RETURN_IF(make_plain(s, event, v));
	RETURN_IF(seal_into(s, epoch, &ref, &entry));
	if (event->type == INTAKE_RESPONSE)
		note_day(&s->epochs->items[epoch], event->time_unix_s);
	return ERR_OK;
}

static enum err quarantine_room(struct ingest_sealer *s)
{
	size_t cap = s->quarantine_cap == 0 ? 64 : s->quarantine_cap * 2;
	void *more;

	if (s->quarantine_len < s->quarantine_cap)
		return ERR_OK;
	more = reallocarray(s->quarantine, cap, sizeof(*s->quarantine));
	if (more == NULL)
		return ERR_NOMEM;
	s->quarantine = more;
	s->quarantine_cap = cap;
	return ERR_OK;
}

enum err ingest_seal_bad(struct ingest_sealer *s, const struct intake_bad *bad)
{
	const struct segment_builder *b =
	    &s->epochs->items[s->epochs->len - 1].builder;
	struct record_ref ref = {.kind = RECORD_QUARANTINE};
	struct segment_entry entry = {.respondent = SEGMENT_NO_RESPONDENT};

	RETURN_IF(quarantine_room(s));
	RETURN_IF(make_plain_bad(s, bad));
	RETURN_IF(seal_into(s, s->epochs->len - 1, &ref, &entry));
	s->quarantine[s->quarantine_len++] = (struct store_quarantine){
		.batch = s->batch, .line = bad->line,
		.reason = (uint16_t)bad->reason, .index = b->count - 1};
	return ERR_OK;
}

enum err ingest_seal_finish(struct ingest_sealer *s)
{
	for (size_t i = 0; i < s->epochs->len; i++)
		RETURN_IF(store_builder(s, i));
	return s->quarantine_len == 0 ? ERR_OK : store_batch_quarantine_add(
	    s->args->owner->store, s->quarantine, s->quarantine_len);
}

void ingest_seal_release(struct ingest_sealer *s)
{
	buf_release(&s->body);
	buf_release(&s->plain);
	free(s->quarantine);
	*s = (struct ingest_sealer){0};
}
