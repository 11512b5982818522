/* One batch of lines into the owner's stores. */
#include <stdlib.h>
#include <string.h>

#include "app/ingest_internal.h"
#include "app/step.h"
#include "vault/store_event.h"

/* ---- what a batch adds up to ---- */

struct batch_sum {
	struct ingest_counts counts;
	uint64_t accepted, refused;
};

static void count_event(struct batch_sum *sum, const struct intake_event *e,
    const struct ingest_verdict *v)
{
	struct ingest_counts *c = &sum->counts;

	if (v->fate == INGEST_SEEN) {
		c->duplicates++;
		return;
	}
	if (v->fate == INGEST_REFUSED) {
		c->refused[v->refusal]++;
		sum->refused++;
		return;
	}
	sum->accepted++;
	c->responses += e->type == INTAKE_RESPONSE;
	c->consents += e->type == INTAKE_CONSENT;
	c->withdrawals += e->type == INTAKE_WITHDRAWAL;
}

static void count_batch(const struct ingest *g, const struct ingest_slot *slot,
    struct batch_sum *ret)
{
	const struct ingest_judgement *j = &g->judgement;
	const struct intake_batch *b = &slot->batch;

	*ret = (struct batch_sum){0};
	for (size_t i = 0; i < b->events_len; i++)
		count_event(ret, &b->events[i], &j->verdicts[i]);
	if (g->args.dry_run)
		return;
	for (size_t i = 0; i < b->bad_len; i++)
		ret->counts.quarantined += !j->seen[b->events_len + i];
	ret->counts.new_respondents = g->people.fresh_count;
}

static void add_counts(struct ingest_counts *to, const struct batch_sum *sum)
{
	const struct ingest_counts *c = &sum->counts;

	to->responses += c->responses;
	to->consents += c->consents;
	to->withdrawals += c->withdrawals;
	to->duplicates += c->duplicates;
	to->quarantined += c->quarantined;
	to->new_respondents += c->new_respondents;
	for (size_t i = 0; i < INGEST_REFUSED_COUNT; i++)
		to->refused[i] += c->refused[i];
}

/* ---- the epochs a batch needs ---- */

/* The text a record refers to, NULL for none. */
static const uint8_t *text_of(const struct intake_event *event,
    const struct ingest_verdict *v)
{
	if (event->type == INTAKE_CONSENT)
		return event->text_sha256;
	return v->consent.scopes != 0 ? v->consent.text : NULL;
}

static enum err want_epoch(struct ingest *g, size_t epoch, const uint8_t *text)
{
	const struct ingest_epoch *e = &g->epochs.items[epoch];

	if (g->wanted[epoch] == INGEST_EPOCH_UNUSED)
		g->wanted[epoch] = INGEST_EPOCH_WANTED;
	if (text == NULL)
		return ERR_OK;
	if (e->is_open && epoch_lists_text(&e->lists, text) == 0)
		g->wanted[epoch] = INGEST_EPOCH_ANEW;
	return epoch_lists_add_text(&g->needed, text);
}

static enum err want_epochs(struct ingest *g, const struct intake_batch *b)
{
	const struct ingest_judgement *j = &g->judgement;
	size_t reg = g->epochs.len - 1;

	memset(g->wanted, INGEST_EPOCH_UNUSED, g->epochs.len);
	epoch_lists_release(&g->needed);
	for (size_t i = 0; i < b->events_len; i++)
		if (j->verdicts[i].sealed)
			RETURN_IF(want_epoch(g,
			    ingest_is_answer(&b->events[i]) ?
			    b->events[i].survey : reg,
			    text_of(&b->events[i], &j->verdicts[i])));
	for (size_t i = 0; i < b->bad_len; i++)
		if (!j->seen[b->events_len + i])
			RETURN_IF(want_epoch(g, reg, NULL));
	return ERR_OK;
}

static enum err open_epochs(struct ingest *g, const struct ingest_slot *slot)
{
	uint64_t opened;
	enum err e = want_epochs(g, &slot->batch);

	g->too_many_texts = e == ERR_LIMIT;
	RETURN_IF(e);
	RETURN_IF(ingest_epochs_open(&g->epochs, &g->args, g->wanted,
	    &g->needed, &opened));
	g->counts.epochs += opened;
	return ERR_OK;
}

/* ---- inside the transaction ---- */

static enum err revive_people(struct ingest *g)
{
	for (size_t i = 0; i < g->people.len; i++)
		if (g->people.items[i].revived)
			RETURN_IF(store_respondent_revive(
			    g->args.owner->store, g->people.items[i].number));
	return ERR_OK;
}

static void free_changes(struct store_consent_change **c)
{
	free(*c);
}

static enum err put_consents(struct ingest *g,
    const struct ingest_change *changes, size_t len)
{
	CLEANUP(free_changes) struct store_consent_change *list =
	    calloc(len + 1, sizeof(*list));

	if (list == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < len; i++)
		list[i] = changes[i].consent;
	return store_respondent_consent(g->args.owner->store, list, len);
}

/* What is left goes in the order of the lines: a withdrawal, a run of
 * consents, a withdrawal, ... */
static enum err put_changes(struct ingest *g, int64_t act,
    struct withdraw_result *result)
{
	const struct ingest_judgement *j = &g->judgement;
	size_t first = 0;

	RETURN_IF(store_respondent_consent(g->args.owner->store, j->consents,
	    j->consents_len));
	for (size_t i = 0; i <= j->changes_len; i++) {
		if (i < j->changes_len && !j->changes[i].is_withdrawal)
			continue;
		RETURN_IF(put_consents(g, j->changes + first, i - first));
		if (i < j->changes_len)
			RETURN_IF(withdraw_rows(g->args.owner, &g->terms,
			    &j->changes[i].withdrawal, 1, act, result));
		first = i + 1;
	}
	return ERR_OK;
}

/* Refused events are not remembered: they may be taken in another time. */
static enum err remember_events(struct ingest *g,
    const struct ingest_slot *slot)
{
	const struct ingest_judgement *j = &g->judgement;
	const struct intake_batch *b = &slot->batch;
	size_t total = b->events_len + b->bad_len, len = 0;

	if (total > g->events_cap) {
		void *more = reallocarray(g->events, total,
		    sizeof(*g->events));

		if (more == NULL)
			return ERR_NOMEM;
		g->events = more;
		g->events_cap = total;
	}
	for (size_t i = 0; i < total; i++) {
		if (j->seen[i] || (i < b->events_len &&
		    j->verdicts[i].fate != INGEST_TAKEN))
			continue;
		memcpy(g->events[len++], slot->events[i], RECORD_EVENT_LEN);
	}
	return len == 0 ? ERR_OK : store_event_add(g->args.owner->store,
	    g->events[0], len);
}

static enum err put_counts(struct ingest *g, const struct ingest_slot *slot,
    const struct batch_sum *sum)
{
	struct store_batch more = {.number = g->batch,
	    .accepted = sum->accepted, .refused = sum->refused,
	    .duplicate = sum->counts.duplicates, .bad = slot->batch.bad_len};

	return store_batch_count(g->args.owner->store, &more);
}

static enum err put_batch(struct ingest *g, const struct ingest_slot *slot,
    const struct batch_sum *sum)
{
	struct store *s = g->args.owner->store;

	if (g->batch == 0)
		RETURN_IF(store_batch_add(s, g->args.rules->source,
		    g->args.owner->home->now_unix_s, &g->batch));
	RETURN_IF(store_respondent_add(s));
	RETURN_IF(revive_people(g));
	RETURN_IF(ingest_seal_store(&g->sealer, g->batch));
	RETURN_IF(remember_events(g, slot));
	RETURN_IF(ingest_give_store(g));
	return put_counts(g, slot, sum);
}

/* What was judged must still be so: under the lock of the store, nobody else
 * has changed it since the respondents were looked up. */
static enum err still_as_judged(struct ingest *g)
{
	uint32_t version;

	RETURN_IF(db_data_version(store_db(g->args.owner->store), &version));
	return version == g->people.data_version ? ERR_OK : ERR_CHANGED;
}

/* A batch with withdrawals is a stop act: seen and applied are one. */
static enum err put_with_withdrawals(struct ingest *g,
    const struct ingest_slot *slot, const struct batch_sum *sum)
{
	CLEANUP(act_abort) struct act a = {0};
	struct owner *w = g->args.owner;
	struct withdraw_result result = {0};
	int64_t act;

	RETURN_IF(act_begin(w->home, store_db(w->store), &a));
	RETURN_IF(still_as_judged(g));
	RETURN_IF(withdraw_entry(&a, w, &result, &act));
	RETURN_IF(put_batch(g, slot, sum));
	RETURN_IF(put_changes(g, act, &result));
	RETURN_IF(act_commit(&a));
	g->people.withdrawn_loaded = 0;
	g->counts.notices += result.notices;
	return ERR_OK;
}

static enum err put_data(struct ingest *g, const struct ingest_slot *slot,
    const struct batch_sum *sum)
{
	CLEANUP(act_abort) struct act a = {0};
	struct owner *w = g->args.owner;

	RETURN_IF(act_data_begin(w->home, store_db(w->store), &a));
	RETURN_IF(still_as_judged(g));
	RETURN_IF(put_batch(g, slot, sum));
	RETURN_IF(put_changes(g, 0, NULL));
	return act_data_commit(&a);
}

/* ---- one batch ---- */

/* Outside of the transaction: it takes the longest, and others may write. */
static enum err seal_lines(struct ingest *g, const struct ingest_slot *slot)
{
	struct ingest_sealer *s = &g->sealer;

	s->args = &g->args;
	s->slot = slot;
	s->judgement = &g->judgement;
	s->people = &g->people;
	s->keys = &g->keys;
	s->epochs = &g->epochs;
	s->places = g->given == NULL ? NULL : g->places;
	if (s->places != NULL)
		memset(s->places, 0, (slot->batch.events_len + 1) *
		    sizeof(*s->places));
	return ingest_seal_batch(s);
}

static enum err try_batch(struct ingest *g, const struct ingest_slot *slot)
{
	int64_t batch_before = g->batch;
	struct batch_sum sum;
	enum err e;

	RETURN_IF(ingest_judge(&g->judgement, &g->people,
	    g->args.owner->store, slot));
	count_batch(g, slot, &sum);
	if (!g->args.dry_run) {
		RETURN_IF(open_epochs(g, slot));
		RETURN_IF(ingest_keys_load(&g->keys, g->args.owner,
		    &g->people));
		RETURN_IF(seal_lines(g, slot));
		e = g->judgement.withdrawals > 0 ?
		    put_with_withdrawals(g, slot, &sum) :
		    put_data(g, slot, &sum);
		if (e != ERR_OK) {
			g->batch = batch_before;
			return e;
		}
		step_reached(STEP_INGEST_BATCH);
	}
	add_counts(&g->counts, &sum);
	intake_counts_add(&g->counts.read, &slot->batch);
	return ERR_OK;
}

#define BATCH_TRIES 50          /* while another process changes the store */

static enum err store_lines(struct ingest *g, const struct ingest_slot *slot)
{
	enum err e = ERR_CHANGED;

	g->too_many_texts = 0;
	for (int i = 0; i < BATCH_TRIES && e == ERR_CHANGED; i++)
		e = try_batch(g, slot);
	return e;
}

/* The lines [from, to) of ${slot}, with its bad lines where they are the last:
 * their hashes lie behind those of all events. */
static struct ingest_slot part_of(const struct ingest_slot *slot, size_t from,
    size_t to)
{
	struct ingest_slot part = *slot;
	int last = to == slot->batch.events_len;

	part.batch.events += from;
	part.batch.events_len = to - from;
	part.tags += from;
	part.events += from;
	if (!last) {
		part.batch.bad_len = 0;
		part.batch.lines = 0;
	}
	return part;
}

/* More consent texts than one epoch can list: the lines go in two parts, one
 * behind the other, each under an epoch of its own where that is needed. */
enum err ingest_store_batch(struct ingest *g, const struct ingest_slot *slot)
{
	size_t len = slot->batch.events_len;
	enum err e = store_lines(g, slot);

	if (e != ERR_LIMIT || !g->too_many_texts)
		return e;
	struct ingest_slot first = part_of(slot, 0, len / 2);
	struct ingest_slot second = part_of(slot, len / 2, len);

	RETURN_IF(ingest_store_batch(g, &first));
	return ingest_store_batch(g, &second);
}
