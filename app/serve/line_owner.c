/* An owner's thread: the only writer of its LINE channels. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "app/serve/line_run_internal.h"
#include "app/serve/problem.h"
#include "core/clock.h"

#define REST_MS 1000

struct line_owner {
	struct line_owner_args args;
	char code[NAMES_OWNER_LEN + 1];
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t more;
	/* under the lock */
	struct line_request *first, **last;
	size_t waiting;
	int stopping, started;
	char names[LINE_CHANNELS_MAX][NAMES_WORD_MAX + 1];
	size_t names_len;
	enum err opened;                /* of the first look */
	_Atomic int look;
	/* of the thread */
	struct home *home;
	struct owner *owner;
	struct outcome outcome;
	struct line_run *runs[LINE_CHANNELS_MAX];
	size_t runs_len;
	struct timespec keys_changed;
	int64_t rested_ms;
	int64_t moved_ms;               /* when the keys did; 0: looked since */
};

/* ---- channels ---- */

struct sources {
	char names[LINE_CHANNELS_MAX][NAMES_WORD_MAX + 1];
	size_t len;
};

static enum err add_source(void *ctx, const struct register_source *source)
{
	struct sources *s = ctx;

	if (s->len < LINE_CHANNELS_MAX &&
	    strlen(source->source) <= NAMES_WORD_MAX)
		memcpy(s->names[s->len++], source->source,
		    strlen(source->source) + 1);
	return ERR_OK;
}

static void close_run(struct line_run *r)
{
	if (r == NULL)
		return;
	line_run_close(r);
	free(r);
}

static struct line_run *find_run(const struct line_owner *w, const char *name)
{
	for (size_t i = 0; i < w->runs_len; i++)
		if (w->runs[i] != NULL &&
		    strcmp(w->runs[i]->channel.source, name) == 0)
			return w->runs[i];
	return NULL;
}

static struct line_run *open_run(struct line_owner *w, const char *name)
{
	struct line_run *r = calloc(1, sizeof(*r));
	struct line_run *old = find_run(w, name);
	enum err e;

	if (r == NULL)
		return NULL;
	r->settings = w->args.settings;
	r->counters = w->args.counters;
	r->send = w->args.send;
	e = line_run_open(r, w->owner, name);
	if (e == ERR_OK) {
		if (old != NULL)
			line_run_inherit(r, old);
		return r;
	}
	if (e != ERR_NOT_FOUND)
		serve_log("channel-not-open", "owner", w->code, "source",
		    name, "error", err_name(e), "why",
		    r->problem == NULL ? "" : r->problem, NULL);
	close_run(r);
	return NULL;
}

static void close_runs(struct line_owner *w)
{
	for (size_t i = 0; i < w->runs_len; i++)
		close_run(TAKE(w->runs[i]));
	w->runs_len = 0;
}

static void publish_names(struct line_owner *w)
{
	pthread_mutex_lock(&w->lock);
	w->names_len = w->runs_len;
	for (size_t i = 0; i < w->runs_len; i++)
		memcpy(w->names[i], w->runs[i]->channel.source,
		    sizeof(w->names[i]));
	pthread_mutex_unlock(&w->lock);
}

/* All channels as the register and the key files have them now.  The runs
 * there were end first: their epochs are theirs. */
static enum err open_runs(struct line_owner *w)
{
	struct sources s = {.len = 0};
	struct line_run *fresh[LINE_CHANNELS_MAX];
	size_t len = 0;

	RETURN_IF(register_source_each(w->home->reg, w->code, add_source,
	    &s));
	for (size_t i = 0; i < s.len; i++) {
		fresh[len] = open_run(w, s.names[i]);
		len += fresh[len] != NULL;
	}
	close_runs(w);
	memcpy(w->runs, fresh, len * sizeof(fresh[0]));
	w->runs_len = len;
	publish_names(w);
	return len == 0 ? ERR_NOT_FOUND : ERR_OK;
}

static enum err open_home(struct line_owner *w)
{
	RETURN_IF(serve_home_open(w->args.serve, &w->outcome, &w->home));
	return home_owner_open(w->home, w->code, &w->owner);
}

static void close_home(struct line_owner *w)
{
	close_runs(w);
	home_owner_close(TAKE(w->owner));
	home_close(TAKE(w->home));
	outcome_release(&w->outcome);
	w->outcome = (struct outcome){0};
}

/* Key files are replaced by renaming, which the folder's time tells. */
static int keys_moved(struct line_owner *w)
{
	char dir[FS_PATH_MAX];
	struct stat st;

	if (home_path(w->home, dir, "keys") != ERR_OK || stat(dir, &st) != 0)
		return 0;
	if (st.st_mtim.tv_sec == w->keys_changed.tv_sec &&
	    st.st_mtim.tv_nsec == w->keys_changed.tv_nsec)
		return 0;
	w->keys_changed = st.st_mtim;
	return 1;
}

/* ---- requests ---- */

static void answer(struct line_request *request, struct serve_wakes *wakes)
{
	struct serve_request *q = request->q;
	enum err e = request->e;

	line_batch_release(&request->body);
	free(request);
	if (e == ERR_OK) {
		q->reply.empty = 1;
	} else if (e == ERR_SIGNATURE) {
		q->reply.status = 401;
		q->reply.type = PROBLEM_TYPE;
		e = problem_plain(401, "signature", &q->reply.bytes);
	} else if (e == ERR_BUSY) {
		q->reply.retry_after_s = 1;
	}
	serve_done_quietly(q, e, wakes);
}

/* The channel named in the path, when its secret signed the body. */
static struct line_run *verify(struct line_owner *w,
    struct line_request *request)
{
	struct line_run *r = find_run(w,
	    line_source_of(request->q->params[0], NULL));

	request->e = ERR_SIGNATURE;
	if (r == NULL || line_run_verify(r, request) != ERR_OK)
		return NULL;
	return r;
}

/* From the front of the queue: those of one channel after the other. */
static size_t take_waiting(struct line_owner *w, struct line_request **list,
    size_t max)
{
	size_t len = 0;

	while (w->first != NULL && len < max) {
		list[len++] = w->first;
		w->first = w->first->next;
	}
	if (w->first == NULL)
		w->last = &w->first;
	w->waiting -= len;
	return len;
}

static void run_channel(struct line_run *r, struct line_request **list,
    struct line_run *const *of, size_t len, struct line_request **mine)
{
	size_t count = 0;

	for (size_t i = 0; i < len; i++)
		if (of[i] == r && list[i]->e == ERR_OK)
			mine[count++] = list[i];
	if (count > 0)
		line_run_batch(r, mine, count, clock_now_unix_s());
}

/* Signatures first, over the bytes as they came. */
static void run_requests(struct line_owner *w, struct line_request **list,
    size_t len, struct line_run **of)
{
	struct line_request **mine = list + w->args.settings->batch;
	struct serve_wakes wakes = {.len = 0};

	for (size_t i = 0; i < len; i++) {
		of[i] = verify(w, list[i]);
		if (of[i] == NULL)
			atomic_fetch_add(&w->args.counters->bad_signature, 1);
	}
	for (size_t i = 0; i < w->runs_len; i++)
		run_channel(w->runs[i], list, of, len, mine);
	for (size_t i = 0; i < len; i++)
		answer(list[i], &wakes);
	serve_wake(&wakes);
	atomic_fetch_sub(&w->args.counters->waiting, len);
}

/* ---- the thread ---- */

static void wait_until(struct line_owner *w, int64_t ms)
{
	struct timespec at;

	(void)clock_gettime(CLOCK_MONOTONIC, &at);
	at.tv_sec += ms / 1000;
	at.tv_nsec += (ms % 1000) * 1000000;
	if (at.tv_nsec >= 1000000000) {
		at.tv_sec++;
		at.tv_nsec -= 1000000000;
	}
	(void)pthread_cond_clockwait(&w->more, &w->lock, CLOCK_MONOTONIC, &at);
}

/* What waits; 0 when a second has passed or the owner stops. */
static size_t next_requests(struct line_owner *w, struct line_request **list)
{
	const struct line_settings *s = w->args.settings;
	size_t len;

	pthread_mutex_lock(&w->lock);
	if (w->first == NULL && !w->stopping)
		wait_until(w, REST_MS);
	if (w->first != NULL && s->linger_ms > 0 && w->waiting < s->batch &&
	    !w->stopping)
		wait_until(w, s->linger_ms);
	len = take_waiting(w, list, s->batch);
	pthread_mutex_unlock(&w->lock);
	return len;
}

/* An erasure by another process gave the erase store a new key: what was opened
 * with the old one reads it no more.  Epochs end first; they are of the old. */
static enum err reopen_owner(struct line_owner *w)
{
	struct owner *fresh = NULL;

	for (size_t i = 0; i < w->runs_len; i++)
		line_run_end(w->runs[i]);
	RETURN_IF(home_owner_open(w->home, w->code, &fresh));
	home_owner_close(w->owner);
	w->owner = fresh;
	return ERR_OK;
}

/* A folder's time is coarse: what comes right behind a change does not move it
 * again, so a second later is looked once more. */
static void look(struct line_owner *w)
{
	int64_t now = clock_monotonic_ms();

	if (keys_moved(w)) {
		w->moved_ms = now;
	} else if (w->moved_ms != 0 && now - w->moved_ms >= REST_MS) {
		w->moved_ms = 0;
	} else if (!atomic_exchange(&w->look, 0)) {
		return;
	}
	w->home->now_unix_s = clock_now_unix_s();
	if (reopen_owner(w) != ERR_OK)
		atomic_store(&w->look, 1);      /* once more, later */
	else if (open_runs(w) != ERR_OK)
		serve_log("no-channel-left", "owner", w->code, NULL);
}

/* Between batches: changed channels, a day that is over. */
static void rest(struct line_owner *w)
{
	int64_t now = clock_monotonic_ms();

	if (now - w->rested_ms < REST_MS && !atomic_load(&w->look))
		return;
	w->rested_ms = now;
	look(w);
	for (size_t i = 0; i < w->runs_len; i++)
		line_run_rest(w->runs[i], clock_now_unix_s());
}

static int is_over(struct line_owner *w)
{
	int over;

	pthread_mutex_lock(&w->lock);
	over = w->stopping && w->first == NULL;
	pthread_mutex_unlock(&w->lock);
	return over;
}

static void serve_requests(struct line_owner *w)
{
	size_t batch = w->args.settings->batch;
	struct line_request **list = calloc(2 * batch, sizeof(struct line_request *));
	struct line_run **of = calloc(batch, sizeof(struct line_run *));
	size_t len;

	MUST_HOLD(list != NULL && of != NULL);
	while (!is_over(w)) {
		len = next_requests(w, list);
		if (len > 0) {
			look(w);        /* what was told to go is gone now */
			run_requests(w, list, len, of);
		}
		rest(w);
	}
	free(list);
	free(of);
}

static void *work(void *arg)
{
	struct line_owner *w = arg;
	enum err e = open_home(w);

	if (e == ERR_OK) {
		(void)keys_moved(w);
		e = open_runs(w);
	}
	pthread_mutex_lock(&w->lock);
	w->opened = e;
	w->started = 1;
	pthread_cond_broadcast(&w->more);
	pthread_mutex_unlock(&w->lock);
	if (e == ERR_OK)
		serve_requests(w);
	close_home(w);
	return NULL;
}

/* ---- from other threads ---- */

static void free_owner(struct line_owner *w)
{
	pthread_cond_destroy(&w->more);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

enum err line_owner_start(const struct line_owner_args *args,
    struct outcome *o, struct line_owner **ret)
{
	struct line_owner *w = calloc(1, sizeof(*w));
	enum err e;

	if (w == NULL)
		return ERR_NOMEM;
	w->args = *args;
	memcpy(w->code, args->code, sizeof(w->code));
	w->last = &w->first;
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->more, NULL);
	if (pthread_create(&w->thread, NULL, work, w) != 0) {
		free_owner(w);
		return ERR_NOMEM;
	}
	pthread_mutex_lock(&w->lock);
	while (!w->started)
		pthread_cond_wait(&w->more, &w->lock);
	e = w->opened;
	pthread_mutex_unlock(&w->lock);
	if (e != ERR_OK) {
		(void)pthread_join(w->thread, NULL);
		free_owner(w);
		return e == ERR_NOT_FOUND ? e : outcome_refuse(o, e,
		    "the LINE channels of owner %s cannot be opened",
		    "所有者%sのLINEチャネルを開けません", args->code);
	}
	*ret = w;
	return ERR_OK;
}

void line_owner_stop(struct line_owner *w)
{
	if (w == NULL)
		return;
	pthread_mutex_lock(&w->lock);
	w->stopping = 1;
	pthread_cond_broadcast(&w->more);
	pthread_mutex_unlock(&w->lock);
	(void)pthread_join(w->thread, NULL);
	free_owner(w);
}

const char *line_owner_code(const struct line_owner *w)
{
	return w->code;
}

int line_owner_has(struct line_owner *w, const char *source)
{
	int has = 0;

	pthread_mutex_lock(&w->lock);
	for (size_t i = 0; i < w->names_len && !has; i++)
		has = strcmp(w->names[i], source) == 0;
	pthread_mutex_unlock(&w->lock);
	return has;
}

enum err line_owner_put(struct line_owner *w, struct serve_request *q)
{
	struct line_request *request = calloc(1, sizeof(*request));
	int put = 0;

	if (request == NULL)
		return ERR_NOMEM;
	request->q = q;
	pthread_mutex_lock(&w->lock);
	if (w->waiting < w->args.settings->queue && !w->stopping) {
		serve_later(q);
		*w->last = request;
		w->last = &request->next;
		w->waiting++;
		put = 1;
		atomic_fetch_add(&w->args.counters->waiting, 1);
		if (w->waiting == 1)
			pthread_cond_signal(&w->more);
	}
	pthread_mutex_unlock(&w->lock);
	if (put)
		return ERR_OK;
	free(request);
	atomic_fetch_add(&w->args.counters->busy, 1);
	return ERR_BUSY;
}

void line_owner_look(struct line_owner *w)
{
	atomic_store(&w->look, 1);
}
