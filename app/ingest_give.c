/* A batch of events from memory: the same way as lines, plus what a dialogue
 * needs, the records of messages that can be unsent. */
#include <stdlib.h>
#include <string.h>

#include "app/ingest_internal.h"
#include "vault/store_message.h"

#define UNSEND_S (24 * 3600)    /* LINE lets people unsend that long */
#define RUN_S 7200              /* a run is filled for an hour */

static enum err places_room(struct ingest *g, size_t need)
{
	if (need > g->places_cap) {
		free(g->places);
		g->places_cap = 0;
		g->places = calloc(need, sizeof(*g->places));
		if (g->places == NULL)
			return ERR_NOMEM;
		g->places_cap = need;
	}
	memset(g->places, 0, need * sizeof(*g->places));
	return ERR_OK;
}

static void free_entries(struct store_message **m)
{
	free(*m);
}

static enum err store_messages(struct ingest *g)
{
	const struct ingest_given *given = g->given;
	CLEANUP(free_entries) struct store_message *entries =
	    calloc(given->messages_len + 1, sizeof(*entries));
	size_t len = 0;

	if (entries == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < given->messages_len; i++) {
		const struct ingest_message *m = &given->messages[i];
		const struct ingest_place *place = &g->places[m->event];

		if (place->part == NULL)
			continue;       /* seen before, or refused */
		memcpy(entries[len].message, m->message, RECORD_MESSAGE_LEN);
		memcpy(entries[len].record, place->record, RECORD_ID_LEN);
		entries[len++].segment =
		    place->part->segments[place->segment].number;
	}
	return store_message_add(g->args.owner->store,
	    g->args.rules->now_unix_s, entries, len);
}

enum err ingest_give_store(struct ingest *g)
{
	struct store *s = g->args.owner->store;
	struct ingest_given *given = g->given;
	uint64_t removed;

	if (given == NULL)
		return ERR_OK;
	RETURN_IF(store_messages(g));
	given->removed = 0;
	for (size_t i = 0; i < given->unsent_len; i++) {
		RETURN_IF(store_message_remove(s, given->unsent[i],
		    &removed));
		given->removed += removed;
	}
	return store_message_expire(s, g->args.rules->now_unix_s - UNSEND_S -
	    RUN_S);
}

static void set_marks(const struct ingest *g, struct ingest_given *given)
{
	for (size_t i = 0; i < given->batch.events_len; i++) {
		const struct ingest_verdict *v = &g->judgement.verdicts[i];

		given->marks[i] = (struct ingest_mark){
			.taken = v->fate == INGEST_TAKEN,
			.seen = v->fate == INGEST_SEEN,
			.refusal = v->refusal};
	}
}

enum err ingest_give(struct ingest *g, struct ingest_given *given)
{
	const struct ingest_slot borrowed = {.batch = given->batch,
	    .tags = given->tags, .events = given->events};
	enum err e;

	MUST_HOLD(!g->ended && given->batch.bad_len == 0);
	RETURN_IF(places_room(g, given->batch.events_len + 1));
	g->given = given;
	e = ingest_store_batch(g, &borrowed);
	g->given = NULL;
	RETURN_IF(e);
	set_marks(g, given);
	return ERR_OK;
}
