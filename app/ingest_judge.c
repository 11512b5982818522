/* Line by line: known already, refused, or taken in; and what that does to the
 * respondent's consent. */
#include <stdlib.h>
#include <string.h>

#include "app/ingest_internal.h"
#include "vault/store_event.h"

void ingest_judge_release(struct ingest_judgement *j)
{
	free(j->verdicts);
	free(j->seen);
	free(j->tags);
	free(j->persons);
	free(j->at);
	free(j->consents);
	free(j->changes);
	*j = (struct ingest_judgement){0};
}

static enum err room(struct ingest_judgement *j, size_t need)
{
	size_t cap = j->cap;

	if (need <= cap)
		return ERR_OK;
	ingest_judge_release(j);
	cap = need;
	j->verdicts = calloc(cap, sizeof(*j->verdicts));
	j->seen = calloc(cap, sizeof(*j->seen));
	j->tags = calloc(cap, sizeof(*j->tags));
	j->persons = calloc(cap, sizeof(*j->persons));
	j->at = calloc(cap, sizeof(*j->at));
	if (j->verdicts == NULL || j->seen == NULL || j->tags == NULL ||
	    j->persons == NULL || j->at == NULL)
		return ERR_NOMEM;
	j->cap = cap;
	return ERR_OK;
}

static enum err add_change(struct ingest_judgement *j,
    const struct ingest_change *change)
{
	if (j->changes_len == j->changes_cap) {
		size_t cap = j->changes_cap == 0 ? 256 : j->changes_cap * 2;
		void *more = reallocarray(j->changes, cap,
		    sizeof(*j->changes));

		if (more == NULL)
			return ERR_NOMEM;
		j->changes = more;
		j->changes_cap = cap;
	}
	j->changes[j->changes_len++] = *change;
	return ERR_OK;
}

static enum err add_consent(struct ingest_judgement *j,
    const struct store_consent_change *consent)
{
	if (j->consents_len == j->consents_cap) {
		size_t cap = j->consents_cap == 0 ? 1024 :
		    j->consents_cap * 2;
		void *more = reallocarray(j->consents, cap,
		    sizeof(*j->consents));

		if (more == NULL)
			return ERR_NOMEM;
		j->consents = more;
		j->consents_cap = cap;
	}
	j->consents[j->consents_len++] = *consent;
	return ERR_OK;
}

static enum err refuse(struct ingest_verdict *v, enum ingest_refusal why)
{
	v->fate = INGEST_REFUSED;
	v->refusal = (uint8_t)why;
	return ERR_OK;
}

static enum err take(struct ingest_verdict *v, struct ingest_person *p)
{
	v->fate = INGEST_TAKEN;
	v->sealed = 1;
	v->generation = p->generation;
	p->sealed_to = 1;
	return ERR_OK;
}

/* Whatever came before everything was withdrawn stays out, also when it comes
 * late or again. */
static int is_older(const struct ingest_person *p,
    const struct intake_event *event)
{
	return event->time_unix_s <= (int64_t)ingest_people_gone_unix_s(p);
}

static enum err judge_response(struct ingest_person *p,
    const struct intake_event *event, struct ingest_verdict *v)
{
	if (p->state == STORE_STOP_LISTED)
		return refuse(v, INGEST_REFUSED_STOP_LISTED);
	if (is_older(p, event))
		return refuse(v, INGEST_REFUSED_OLDER);
	if (p->state == STORE_STOPPING)
		return refuse(v, INGEST_REFUSED_STOPPING);
	if (p->state == STORE_ERASED)
		return refuse(v, INGEST_REFUSED_ERASED);
	if (p->consent.scopes != 0 &&
	    (int64_t)p->consent.given_unix_s <= event->time_unix_s)
		v->consent = p->consent;
	return take(v, p);
}

/* A new consent after an erasure begins a new generation of keys. */
static void revive(struct ingest_person *p)
{
	p->state = STORE_ACTIVE;
	p->generation++;
	p->revived = 1;
	p->consent.scopes = 0;
}

static enum err judge_consent(struct ingest_judgement *j,
    struct ingest_person *p, const struct intake_event *event,
    struct ingest_verdict *v)
{
	struct ingest_change change = {.consent = {.number = p->number}};
	struct store_consent *c = &change.consent.consent;

	if (p->state == STORE_STOP_LISTED)
		return refuse(v, INGEST_REFUSED_STOP_LISTED);
	if (is_older(p, event))
		return refuse(v, INGEST_REFUSED_OLDER);
	if (p->state == STORE_STOPPING)
		return refuse(v, INGEST_REFUSED_STOPPING);
	if (p->state == STORE_ERASED && p->generation == UINT16_MAX)
		return refuse(v, INGEST_REFUSED_ERASED);
	if (p->state == STORE_ERASED)
		revive(p);
	memcpy(c->text, event->text_sha256, sizeof(c->text));
	c->scopes = event->scopes;
	c->given_unix_s = (uint32_t)event->time_unix_s;
	ingest_people_consent(p, c);
	RETURN_IF(p->withdrew ? add_change(j, &change) :
	    add_consent(j, &change.consent));
	return take(v, p);
}

/* A withdrawal is never refused.  Where the key is gone there is nothing left
 * to seal it to; the store remembers it all the same. */
static enum err judge_withdrawal(struct ingest_judgement *j,
    struct ingest_person *p, const struct intake_event *event,
    struct ingest_verdict *v)
{
	struct ingest_change change = {.is_withdrawal = 1, .withdrawal = {
		.number = p->number, .scopes = event->scopes,
		.permanent = event->permanent,
		.at_unix_s = event->time_unix_s}};
	int has_key = p->state == STORE_ACTIVE || p->state == STORE_STOPPING;

	ingest_people_withdraw(p, event->scopes,
	    (uint32_t)event->time_unix_s);
	RETURN_IF(add_change(j, &change));
	p->withdrew = 1;
	j->withdrawals++;
	if (has_key)
		return take(v, p);
	v->fate = INGEST_TAKEN;
	return ERR_OK;
}

static enum err judge_one(struct ingest_judgement *j, struct ingest_person *p,
    const struct intake_event *event, struct ingest_verdict *v)
{
	switch (event->type) {
	case INTAKE_RESPONSE:
	case INTAKE_STEP:
		return judge_response(p, event, v);
	case INTAKE_CONSENT:
		return judge_consent(j, p, event, v);
	case INTAKE_WITHDRAWAL:
	case INTAKE_NOTE:       /* about nobody: never gets here */
	default:
		return judge_withdrawal(j, p, event, v);
	}
}

/* The events nobody has seen, packed for the look-up of respondents. */
static size_t pick_new(struct ingest_judgement *j,
    const struct ingest_slot *slot)
{
	size_t len = 0;

	for (size_t i = 0; i < slot->batch.events_len; i++) {
		j->verdicts[i] = (struct ingest_verdict){.fate = INGEST_SEEN};
		if (j->seen[i])
			continue;
		if (slot->batch.events[i].type == INTAKE_NOTE) {
			j->verdicts[i].fate = INGEST_TAKEN;
			continue;
		}
		memcpy(j->tags[len], slot->tags[i], RECORD_TAG_LEN);
		j->at[len++] = (uint32_t)i;
	}
	return len;
}

enum err ingest_judge(struct ingest_judgement *j, struct ingest_people *p,
    struct store *s, const struct ingest_slot *slot)
{
	const struct intake_batch *b = &slot->batch;
	size_t len;

	RETURN_IF(room(j, b->events_len + b->bad_len + 1));
	j->consents_len = j->changes_len = 0;
	j->withdrawals = 0;
	RETURN_IF(store_event_check(s, slot->events[0],
	    b->events_len + b->bad_len, j->seen));
	len = pick_new(j, slot);
	RETURN_IF(ingest_people_find(p, s, j->tags[0], len, j->persons));
	for (size_t i = 0; i < len; i++) {
		struct ingest_verdict *v = &j->verdicts[j->at[i]];

		v->person = j->persons[i];
		RETURN_IF(judge_one(j, &p->items[v->person],
		    &b->events[j->at[i]], v));
	}
	return ERR_OK;
}
