/* A stream read, checked and hashed in a thread of its own, one batch ahead of
 * the stores. */
#include <stdlib.h>
#include <string.h>

#include "app/ingest_internal.h"
#include "keys/gateway_key.h"

static enum err slot_room(struct ingest_slot *s, size_t need)
{
	uint8_t (*tags)[RECORD_TAG_LEN];
	uint8_t (*events)[RECORD_EVENT_LEN];

	if (need <= s->cap)
		return ERR_OK;
	tags = reallocarray(s->tags, need, sizeof(*tags));
	if (tags == NULL)
		return ERR_NOMEM;
	s->tags = tags;
	events = reallocarray(s->events, need, sizeof(*events));
	if (events == NULL)
		return ERR_NOMEM;
	s->events = events;
	s->cap = need;
	return ERR_OK;
}

static void release_slot(struct ingest_slot *s)
{
	intake_batch_release(&s->batch);
	free(s->tags);
	free(s->events);
	*s = (struct ingest_slot){0};
}

/* A bad line is known again by its bytes: as the event whose id is a zero
 * byte, which no source can send, and the line's digest. */
static void hash_bad(const struct secret *key, const char *source,
    const struct intake_bad *bad, uint8_t ret[RECORD_EVENT_LEN])
{
	uint8_t id[1 + DIGEST_LEN] = {0};

	digest_sha256(bad->raw, id + 1);
	record_event(key, source, bytes_of(id, sizeof(id)), ret);
}

/* Lines of one respondent often follow each other: consent, then answer. */
static void hash_respondent(const struct ingest_args *args,
    const struct secret *key, struct ingest_slot *s, size_t i)
{
	const struct intake_event *events = s->batch.events;

	if (i > 0 && bytes_equal(events[i].respondent,
	    events[i - 1].respondent)) {
		memcpy(s->tags[i], s->tags[i - 1], RECORD_TAG_LEN);
	} else {
		record_tag(key, args->owner->code, args->id_namespace,
		    events[i].respondent, s->tags[i]);
		store_tag_fit(args->owner->store, s->tags[i]);
	}
}

static enum err hash_lines(const struct ingest_args *args,
    struct ingest_slot *s)
{
	const struct owner *w = args->owner;
	const struct gateway_key *keys = w->home->keys;
	const struct secret *index_key = gateway_key_index_key(keys, w->code);
	const struct secret *event_key = gateway_key_event_key(keys, w->code);
	const char *source = args->rules->source;
	const struct intake_batch *b = &s->batch;

	RETURN_IF(slot_room(s, b->events_len + b->bad_len + 1));
	for (size_t i = 0; i < b->events_len; i++) {
		hash_respondent(args, index_key, s, i);
		record_event(event_key, source, b->events[i].event,
		    s->events[i]);
	}
	for (size_t i = 0; i < b->bad_len; i++)
		hash_bad(event_key, source, &b->bad[i],
		    s->events[b->events_len + i]);
	return ERR_OK;
}

static enum err read_batch(struct ingest_pipe *p, struct ingest_slot *s)
{
	size_t max = p->args->batch_lines;

	intake_batch_clear(&s->batch);
	RETURN_IF(p->csv != NULL ?
	    csv_map_reader_next(p->csv, max, &s->batch) :
	    ndjson_reader_next(p->ndjson, max, &s->batch));
	return hash_lines(p->args, s);
}

/* Waits for a free slot; NULL when the pipe is being closed. */
static struct ingest_slot *free_slot(struct ingest_pipe *p)
{
	struct ingest_slot *s = NULL;

	(void)pthread_mutex_lock(&p->lock);
	while (!p->stop && p->filled - p->taken == INGEST_SLOTS)
		(void)pthread_cond_wait(&p->moved, &p->lock);
	if (!p->stop)
		s = &p->slots[p->filled % INGEST_SLOTS];
	(void)pthread_mutex_unlock(&p->lock);
	return s;
}

static void *reading(void *arg)
{
	struct ingest_pipe *p = arg;
	struct ingest_slot *s;
	int more = 1;

	while (more && (s = free_slot(p)) != NULL) {
		s->e = read_batch(p, s);
		more = s->e == ERR_OK;
		(void)pthread_mutex_lock(&p->lock);
		p->filled++;
		(void)pthread_cond_broadcast(&p->moved);
		(void)pthread_mutex_unlock(&p->lock);
	}
	return NULL;
}

static enum err open_reader(struct ingest_pipe *p,
    const struct ingest_stream *stream)
{
	struct err_info *info = &p->args->owner->home->outcome->info;

	if (stream->format == INGEST_CSV)
		return csv_map_reader_new(stream->read, stream->ctx,
		    stream->map, stream->name, &p->csv, info);
	RETURN_IF(ndjson_reader_new(stream->read, stream->ctx, p->args->rules,
	    stream->format == INGEST_FHIR ? NDJSON_FHIR : NDJSON_FAST,
	    &p->ndjson));
	ndjson_reader_map(p->ndjson, stream->fhir);
	return ERR_OK;
}

enum err ingest_pipe_open(struct ingest_pipe *p,
    const struct ingest_args *args, const struct ingest_stream *stream)
{
	p->args = args;
	RETURN_IF(open_reader(p, stream));
	if (pthread_mutex_init(&p->lock, NULL) != 0)
		return ERR_NOMEM;
	if (pthread_cond_init(&p->moved, NULL) != 0) {
		(void)pthread_mutex_destroy(&p->lock);
		return ERR_NOMEM;
	}
	if (pthread_create(&p->thread, NULL, reading, p) != 0) {
		(void)pthread_cond_destroy(&p->moved);
		(void)pthread_mutex_destroy(&p->lock);
		return ERR_NOMEM;
	}
	p->started = 1;
	return ERR_OK;
}

struct ingest_slot *ingest_pipe_take(struct ingest_pipe *p)
{
	(void)pthread_mutex_lock(&p->lock);
	while (p->filled == p->taken)
		(void)pthread_cond_wait(&p->moved, &p->lock);
	(void)pthread_mutex_unlock(&p->lock);
	return &p->slots[p->taken % INGEST_SLOTS];
}

void ingest_pipe_give(struct ingest_pipe *p)
{
	(void)pthread_mutex_lock(&p->lock);
	p->taken++;
	(void)pthread_cond_broadcast(&p->moved);
	(void)pthread_mutex_unlock(&p->lock);
}

static void stop_thread(struct ingest_pipe *p)
{
	(void)pthread_mutex_lock(&p->lock);
	p->stop = 1;
	(void)pthread_cond_broadcast(&p->moved);
	(void)pthread_mutex_unlock(&p->lock);
	(void)pthread_join(p->thread, NULL);
	(void)pthread_cond_destroy(&p->moved);
	(void)pthread_mutex_destroy(&p->lock);
	p->started = 0;
}

void ingest_pipe_close(struct ingest_pipe *p)
{
	if (p->started)
		stop_thread(p);
	ndjson_reader_free(TAKE(p->ndjson));
	csv_map_reader_free(TAKE(p->csv));
	for (size_t i = 0; i < INGEST_SLOTS; i++)
		release_slot(&p->slots[i]);
}
