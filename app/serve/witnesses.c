#include "app/serve/witnesses.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/ops/witness_ask.h"
#include "app/serve/metrics.h"
#include "app/serve/witness_post.h"
#include "core/clock.h"
#include "ledger/decimal.h"

#define SECONDS 60
#define ANSWER_SECONDS 20
#define NAME_LEN 256

/* A witness that is being asked; in the slot of the same number. */
struct asked {
	int under_way;
	struct note_key key;
	char name[NAME_LEN], url[WITNESS_POST_URL_MAX];
	int64_t from;           /* as in struct witness_ask */
	int again;              /* it said where it stands (409) */
	int64_t until_ms;       /* for both requests together */
};

struct witnesses {
	struct serve *serve;
	pthread_mutex_t lock;
	pthread_t thread;
	int started, stopping;
	int64_t seconds;                /* from round to round */
	int64_t answer_seconds;         /* one witness may take */
	char ca[FS_PATH_MAX];
	_Atomic uint64_t asked, cosigned, failed, under_way;
	/* of the thread */
	struct witness_post *post;
	struct asked all[WITNESS_POST_SLOTS];
};

/* ---- whom to ask in this round ---- */

struct round {
	struct witnesses *w;
	size_t slots[WITNESS_POST_SLOTS];
	size_t len;
};

/* A place for one that is not being asked already; none: the next round. */
static struct asked *place_for(struct witnesses *w,
    const struct note_key *key)
{
	struct asked *free_one = NULL;

	for (size_t i = WITNESS_POST_SLOTS; i-- > 0;) {
		if (w->all[i].under_way && note_key_equal(&w->all[i].key, key))
			return NULL;
		if (!w->all[i].under_way)
			free_one = &w->all[i];
	}
	return free_one;
}

static enum err add(void *ctx, const struct witness_ask_row *row)
{
	struct round *r = ctx;
	struct asked *a;

	if (row->url[0] == '\0' || row->cosigned >= row->size ||
	    strlen(row->name) >= NAME_LEN ||
	    strlen(row->url) >= WITNESS_POST_URL_MAX)
		return ERR_OK;
	if ((a = place_for(r->w, row->key)) == NULL)
		return ERR_OK;
	*a = (struct asked){.under_way = 1, .key = *row->key,
	    .from = (int64_t)row->cosigned,
	    .until_ms = clock_monotonic_ms() + r->w->answer_seconds * 1000};
	(void)snprintf(a->name, sizeof(a->name), "%s", row->name);
	(void)snprintf(a->url, sizeof(a->url), "%s", row->url);
	r->slots[r->len++] = (size_t)(a - r->w->all);
	atomic_fetch_add(&r->w->under_way, 1);
	return ERR_OK;
}

/* ---- one of them ---- */

/* "N" LF: where it stands. */
static int64_t size_in(struct bytes answer)
{
	struct bytes line;
	uint64_t n;

	if (bytes_take_line(&answer, &line) != ERR_OK || answer.len != 0 ||
	    decimal_parse(line, INT64_MAX, &n) != ERR_OK)
		return -1;
	return (int64_t)n;
}

static enum err ask(struct witnesses *w, struct home *h, size_t slot)
{
	CLEANUP(buf_release) struct buf request = {0};
	struct asked *a = &w->all[slot];
	const struct witness_ask what = {.key = &a->key, .from = a->from};
	uint64_t size;

	RETURN_IF(witness_ask_text(h, &what, &request, &size));
	atomic_fetch_add(&w->asked, 1);
	return witness_post_begin(w->post, slot, a->url, &request,
	    a->until_ms - clock_monotonic_ms());
}

/* ERR_CHANGED: it stands elsewhere, and is asked from there, once. */
static enum err take(struct home *h, struct asked *a,
    const struct witness_post_done *done)
{
	if (done->status == 200)
		return witness_ask_accept(h, done->answer);
	if (done->status == 409 && !a->again) {
		a->again = 1;
		a->from = size_in(done->answer);
		return a->from < 0 ? ERR_SYNTAX : ERR_CHANGED;
	}
	serve_log("witness-refused", "witness", a->name, "error",
	    done->status == 0 ? "no answer" : done->status >= 500 ?
	    "its own" : "refused", NULL);
	return done->status == 0 || done->status >= 500 ? ERR_BUSY :
	    ERR_REFUSED;
}

static void end(struct witnesses *w, struct asked *a, enum err e)
{
	a->under_way = 0;
	atomic_fetch_sub(&w->under_way, 1);
	atomic_fetch_add(e == ERR_OK ? &w->cosigned : &w->failed, 1);
	if (e != ERR_OK && e != ERR_BUSY)
		serve_log("witness-failed", "witness", a->name, "error",
		    err_name(e), NULL);
}

/* ---- all of them, side by side ---- */

static enum err begin_round(struct witnesses *w)
{
	CLEANUP(outcome_release) struct outcome o = {0};
	CLEANUP(home_cleanup) struct home *h = NULL;
	struct round r = {.w = w};
	enum err e;

	RETURN_IF(serve_home_open(w->serve, &o, &h));
	e = witness_ask_each(h, add, &r);
	for (size_t i = 0; i < r.len; i++) {
		enum err one = e != ERR_OK ? e : ask(w, h, r.slots[i]);

		if (one != ERR_OK)
			end(w, &w->all[r.slots[i]], one);
	}
	return e;
}

/* The home is opened for those that have answered, if any. */
static void take_answers(struct witnesses *w)
{
	CLEANUP(outcome_release) struct outcome o = {0};
	CLEANUP(home_cleanup) struct home *h = NULL;
	struct witness_post_done done;

	while (witness_post_next(w->post, &done)) {
		struct asked *a = &w->all[done.slot];
		enum err e = h != NULL ? ERR_OK :
		    serve_home_open(w->serve, &o, &h);

		if (e == ERR_OK)
			e = take(h, a, &done);
		if (e == ERR_CHANGED && (e = ask(w, h, done.slot)) == ERR_OK)
			continue;
		end(w, a, e);
	}
}

/* ---- the thread ---- */

static int is_stopping(struct witnesses *w)
{
	int stopping;

	pthread_mutex_lock(&w->lock);
	stopping = w->stopping;
	pthread_mutex_unlock(&w->lock);
	return stopping;
}

static enum err told(enum err e)
{
	if (e != ERR_OK)
		serve_log("witnesses-failed", "error", err_name(e), NULL);
	return e;
}

/* Rounds begin on time whoever has not answered yet. */
static void *watch(void *arg)
{
	struct witnesses *w = arg;
	int64_t next_ms = clock_monotonic_ms();

	while (!is_stopping(w)) {
		int64_t now = clock_monotonic_ms();

		if (now >= next_ms) {
			next_ms = now + w->seconds * 1000;
			(void)told(begin_round(w));
			continue;
		}
		if (told(witness_post_wait(w->post, next_ms - now)) != ERR_OK)
			(void)sleep(1);
		take_answers(w);
	}
	return NULL;
}

/* ---- the part ---- */

static void stop(void *part)
{
	struct witnesses *w = part;

	if (w == NULL)
		return;
	pthread_mutex_lock(&w->lock);
	w->stopping = 1;
	pthread_mutex_unlock(&w->lock);
	if (w->post != NULL)
		witness_post_wake(w->post);
	if (w->started)
		(void)pthread_join(w->thread, NULL);
	witness_post_free(w->post);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

static void cleanup(struct witnesses **w)
{
	stop(*w);
}

static enum err read_section(struct witnesses *w, const struct json_doc *v,
    struct err_info *info)
{
	static const char *const keys[] = {"seconds", "answer_seconds",
	    "ca", NULL};
	const char *ca;

	if (v == NULL)
		return ERR_OK;
	RETURN_IF(json_doc_only(v, keys, "serve: witnesses", info));
	if (json_doc_get(v, "seconds") != NULL)
		RETURN_IF(json_doc_need_int(v, "seconds", 1, 86400,
		    "serve: witnesses", &w->seconds, info));
	if (json_doc_get(v, "answer_seconds") != NULL)
		RETURN_IF(json_doc_need_int(v, "answer_seconds", 1, 300,
		    "serve: witnesses", &w->answer_seconds, info));
	if (json_doc_get(v, "ca") == NULL)
		return ERR_OK;
	RETURN_IF(json_doc_need_string(v, "ca", "serve: witnesses", &ca,
	    info));
	return fs_path(w->ca, "%s", ca);
}

static enum err start(struct serve *s, const struct json_doc *section,
    struct outcome *o, void **ret)
{
	CLEANUP(cleanup) struct witnesses *w = calloc(1, sizeof(*w));

	if (w == NULL || curl_global_init(CURL_GLOBAL_DEFAULT) != 0)
		return ERR_NOMEM;
	w->serve = s;
	w->seconds = SECONDS;
	w->answer_seconds = ANSWER_SECONDS;
	pthread_mutex_init(&w->lock, NULL);
	RETURN_IF(read_section(w, section, &o->info));
	RETURN_IF(witness_post_new(w->ca, &w->post));
	if (pthread_create(&w->thread, NULL, watch, w) != 0)
		return ERR_NOMEM;
	w->started = 1;
	*ret = TAKE(w);
	return ERR_OK;
}

static void put(struct buf *out, const char *name, const char *help,
    _Atomic uint64_t *n)
{
	const char *type = strstr(name, "_total") == NULL ? "gauge" :
	    "counter";

	metrics_put(out, &(struct metrics_line){name, type, help, NULL,
	    (double)atomic_load(n)});
}

static void metrics(void *part, struct buf *out)
{
	struct witnesses *w = part;

	put(out, "azukari_witness_asked_total", "requests to witnesses",
	    &w->asked);
	put(out, "azukari_witness_cosigned_total", "cosignatures taken in",
	    &w->cosigned);
	put(out, "azukari_witness_failed_total", "requests without one",
	    &w->failed);
	put(out, "azukari_witness_under_way",
	    "witnesses that have been asked and not answered yet",
	    &w->under_way);
}

const struct serve_part witnesses_part = {.name = "witnesses",
	.start = start, .stop = stop, .metrics = metrics};
