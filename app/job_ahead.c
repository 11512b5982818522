/* One batch ahead: rows are made in a second thread while those before them are
 * written. */
#include <pthread.h>
#include <stdlib.h>

#include "app/job_internal.h"

#define SLOTS 2

struct job_ahead {
	struct rows_source inner;
	unsigned threads;
	pthread_t thread;
	int started;
	pthread_mutex_t lock;
	pthread_cond_t moved;
	/* under the lock */
	uint64_t asked;                 /* pulls begun */
	uint64_t made;                  /* batches made */
	int ended;                      /* nothing more will be made */
	int stop;
	struct rows_batch batches[SLOTS];
	enum err errors[SLOTS];         /* of making them */
};

/* Batch n may be made once n-1 was asked for: n-2 is then done with. */
static int may_make(struct job_ahead *a, uint64_t n)
{
	int go;

	(void)pthread_mutex_lock(&a->lock);
	while (!a->stop && a->asked < n)
		(void)pthread_cond_wait(&a->moved, &a->lock);
	go = !a->stop;
	(void)pthread_mutex_unlock(&a->lock);
	return go;
}

static void *make_all(void *ctx)
{
	struct job_ahead *a = ctx;
	int ended = 0;

	for (uint64_t n = 0; !ended && may_make(a, n); n++) {
		struct rows_batch b = {0};
		enum err e = a->inner.next(a->inner.ctx, &b);

		ended = e != ERR_OK || b.rows == 0;
		(void)pthread_mutex_lock(&a->lock);
		a->batches[n % SLOTS] = b;
		a->errors[n % SLOTS] = e;
		a->made = n + 1;
		a->ended = ended;
		(void)pthread_cond_signal(&a->moved);
		(void)pthread_mutex_unlock(&a->lock);
	}
	return NULL;
}

enum err job_ahead_new(struct rows_source inner, unsigned threads,
    struct job_ahead **ret)
{
	struct job_ahead *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return ERR_NOMEM;
	a->inner = inner;
	a->threads = threads;
	if (pthread_mutex_init(&a->lock, NULL) != 0) {
		free(a);
		return ERR_NOMEM;
	}
	if (pthread_cond_init(&a->moved, NULL) != 0) {
		(void)pthread_mutex_destroy(&a->lock);
		free(a);
		return ERR_NOMEM;
	}
	*ret = a;
	return ERR_OK;
}

void job_ahead_free(struct job_ahead *a)
{
	if (a == NULL)
		return;
	if (a->started) {
		(void)pthread_mutex_lock(&a->lock);
		a->stop = 1;
		(void)pthread_cond_signal(&a->moved);
		(void)pthread_mutex_unlock(&a->lock);
		(void)pthread_join(a->thread, NULL);
	}
	(void)pthread_cond_destroy(&a->moved);
	(void)pthread_mutex_destroy(&a->lock);
	free(a);
}

void job_ahead_cleanup(struct job_ahead **a)
{
	job_ahead_free(*a);
	*a = NULL;
}

/* The thread begins with the first pull: what ${inner} reads is ready then. */
static int has_thread(struct job_ahead *a)
{
	if (!a->started && a->asked == 0 && a->threads > 1 &&
	    pthread_create(&a->thread, NULL, make_all, a) == 0)
		a->started = 1;
	return a->started;
}

static enum err next_made(void *ctx, struct rows_batch *ret)
{
	struct job_ahead *a = ctx;
	uint64_t n = a->asked;
	enum err e;

	if (!has_thread(a)) {
		a->asked = n + 1;
		return a->inner.next(a->inner.ctx, ret);
	}
	(void)pthread_mutex_lock(&a->lock);
	a->asked = n + 1;
	(void)pthread_cond_signal(&a->moved);
	while (a->made <= n && !a->ended)
		(void)pthread_cond_wait(&a->moved, &a->lock);
	/* Asked once more after the end: the end again. */
	n = a->made > n ? n : a->made - 1;
	*ret = a->batches[n % SLOTS];
	e = a->errors[n % SLOTS];
	(void)pthread_mutex_unlock(&a->lock);
	return e;
}

struct rows_source job_ahead_source(struct job_ahead *a)
{
	return (struct rows_source){.ctx = a, .next = next_made};
}
