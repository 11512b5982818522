#include "exporters/pipeline.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "core/secret.h"

struct worker {
	struct pipeline *pipeline;
	size_t index;
	struct pipeline_stage stage;
	pthread_t thread;
	int started;
};

/* Blocks are numbered from 0; block n lies in slot n % PIPELINE_BLOCKS.  Stage
 * i may look at block n once done[i - 1] > n, the producer may fill it once the
 * last stage is done with block n - PIPELINE_BLOCKS.  Each thread waits on a
 * condition of its own, the producer on the last one: a block that moves on
 * wakes only who can take it up. */
struct pipeline {
	pthread_mutex_t lock;
	pthread_cond_t moved[PIPELINE_STAGES_MAX + 1];
	size_t moved_made;
	const uint64_t *awaited;        /* by the producer; NULL: nothing */
	uint64_t produced;
	uint64_t done[PIPELINE_STAGES_MAX];
	enum err e;             /* first failure */
	int stop;
	struct worker workers[PIPELINE_STAGES_MAX];
	size_t count;
	struct secret_pool memory;
	size_t len[PIPELINE_BLOCKS];
	unsigned tags[PIPELINE_BLOCKS];
	/* the producer's own */
	size_t used;            /* of the block being filled */
	unsigned tag;
	int ready;              /* the mutex exists */
};

static uint8_t *
block_of(const struct pipeline *p, uint64_t n)
{
	return p->memory.data + n % PIPELINE_BLOCKS * PIPELINE_BLOCK_BYTES;
}

static void
wake_all_locked(struct pipeline *p)
{
	size_t i;

	for (i = 0; i < p->moved_made; i++)
		(void)pthread_cond_signal(&p->moved[i]);
}

static void
fail_locked(struct pipeline *p, enum err e)
{
	if (p->e == ERR_OK)
		p->e = e;
	wake_all_locked(p);
}

static void
done_locked(struct worker *w, uint64_t blocks)
{
	struct pipeline *p = w->pipeline;

	p->done[w->index] = blocks;
	if (w->index + 1 < p->count)
		(void)pthread_cond_signal(&p->moved[w->index + 1]);
	if (p->awaited == &p->done[w->index])
		(void)pthread_cond_signal(&p->moved[p->count]);
}

/* Waits for block ${n} of stage ${w}; 0 when everything is to end. */
static int
wait_block(struct worker *w, uint64_t n)
{
	struct pipeline *p = w->pipeline;
	const uint64_t *before = w->index == 0 ? &p->produced :
	    &p->done[w->index - 1];
	int go;

	(void)pthread_mutex_lock(&p->lock);
	while (p->e == ERR_OK && !p->stop && *before <= n)
		(void)pthread_cond_wait(&p->moved[w->index], &p->lock);
	go = p->e == ERR_OK && !p->stop;
	(void)pthread_mutex_unlock(&p->lock);
	return go;
}

static void *
work(void *ctx)
{
	struct worker *w = ctx;
	struct pipeline *p = w->pipeline;
	uint64_t n;
	size_t slot;
	enum err e;

	for (n = 0; wait_block(w, n); n++) {
		slot = n % PIPELINE_BLOCKS;
		e = w->stage.run(w->stage.ctx, p->tags[slot],
		    bytes_of(block_of(p, n), p->len[slot]));
		(void)pthread_mutex_lock(&p->lock);
		if (e == ERR_OK)
			done_locked(w, n + 1);
		else
			fail_locked(p, e);
		(void)pthread_mutex_unlock(&p->lock);
	}
	return NULL;
}

static enum err
start_all(struct pipeline *p, const struct pipeline_stage *stages)
{
	struct worker *w;
	size_t i;

	for (i = 0; i < p->count; i++) {
		w = &p->workers[i];
		w->pipeline = p;
		w->index = i;
		w->stage = stages[i];
		if (pthread_create(&w->thread, NULL, work, w) != 0)
			return ERR_NOMEM;
		w->started = 1;
	}
	return ERR_OK;
}

static enum err
make_conditions(struct pipeline *p)
{
	for (; p->moved_made <= p->count; p->moved_made++)
		if (pthread_cond_init(&p->moved[p->moved_made], NULL) != 0)
			return ERR_NOMEM;
	return ERR_OK;
}

enum err
pipeline_new(const struct pipeline_stage *stages, size_t count,
    struct pipeline **ret)
{
	CLEANUP(pipeline_cleanup) struct pipeline *p = NULL;

	MUST_HOLD(count > 0 && count <= PIPELINE_STAGES_MAX);
	if ((p = calloc(1, sizeof(*p))) == NULL)
		return ERR_NOMEM;
	p->count = count;
	RETURN_IF(secret_pool_init(&p->memory,
	    PIPELINE_BLOCKS * PIPELINE_BLOCK_BYTES));
	if (pthread_mutex_init(&p->lock, NULL) != 0)
		return ERR_NOMEM;
	p->ready = 1;
	RETURN_IF(make_conditions(p));
	RETURN_IF(start_all(p, stages));
	*ret = TAKE(p);
	return ERR_OK;
}

static void
stop_all(struct pipeline *p)
{
	size_t i;

	(void)pthread_mutex_lock(&p->lock);
	p->stop = 1;
	wake_all_locked(p);
	(void)pthread_mutex_unlock(&p->lock);
	for (i = 0; i < p->count; i++)
		if (p->workers[i].started)
			(void)pthread_join(p->workers[i].thread, NULL);
	for (i = 0; i < p->moved_made; i++)
		(void)pthread_cond_destroy(&p->moved[i]);
	(void)pthread_mutex_destroy(&p->lock);
}

void
pipeline_free(struct pipeline *p)
{
	if (p == NULL)
		return;
	if (p->ready)
		stop_all(p);
	secret_pool_release(&p->memory);
	free(p);
}

void
pipeline_cleanup(struct pipeline **p)
{
	pipeline_free(*p);
}

/* Waits until ${counter} is at least ${least}. */
static enum err
wait_count(struct pipeline *p, const uint64_t *counter, uint64_t least)
{
	enum err e;

	(void)pthread_mutex_lock(&p->lock);
	p->awaited = counter;
	while (p->e == ERR_OK && *counter < least)
		(void)pthread_cond_wait(&p->moved[p->count], &p->lock);
	p->awaited = NULL;
	e = p->e;
	(void)pthread_mutex_unlock(&p->lock);
	return e;
}

/* Makes sure the slot of the next block is free before it is filled. */
static enum err
take_slot(struct pipeline *p)
{
	uint64_t n = p->produced;

	return wait_count(p, &p->done[p->count - 1],
	    n < PIPELINE_BLOCKS ? 0 : n - PIPELINE_BLOCKS + 1);
}

/* Hands the block being filled to the first stage. */
static enum err
hand_over(struct pipeline *p)
{
	size_t slot = p->produced % PIPELINE_BLOCKS;
	enum err e;

	(void)pthread_mutex_lock(&p->lock);
	e = p->e;
	if (p->used > 0) {
		p->len[slot] = p->used;
		p->tags[slot] = p->tag;
		p->produced++;
		p->used = 0;
		(void)pthread_cond_signal(&p->moved[0]);
	}
	(void)pthread_mutex_unlock(&p->lock);
	return e;
}

enum err
pipeline_put(struct pipeline *p, struct bytes bytes)
{
	size_t n;

	while (bytes.len > 0) {
		if (p->used == 0)
			RETURN_IF(take_slot(p));
		n = PIPELINE_BLOCK_BYTES - p->used;
		n = bytes.len < n ? bytes.len : n;
		memcpy(block_of(p, p->produced) + p->used, bytes.data, n);
		p->used += n;
		bytes.data += n;
		bytes.len -= n;
		if (p->used == PIPELINE_BLOCK_BYTES)
			RETURN_IF(hand_over(p));
	}
	return ERR_OK;
}

enum err
pipeline_tag(struct pipeline *p, unsigned tag)
{
	RETURN_IF(hand_over(p));
	p->tag = tag;
	return ERR_OK;
}

enum err
pipeline_wait(struct pipeline *p, size_t stage)
{
	MUST_HOLD(stage < p->count);
	RETURN_IF(hand_over(p));
	return wait_count(p, &p->done[stage], p->produced);
}
