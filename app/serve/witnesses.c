#include "app/serve/witnesses.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "app/ops/witness_ask.h"
#include "app/serve/metrics.h"
#include "ledger/decimal.h"

#define SECONDS 60
#define ANSWER_MAX ((size_t)64 << 10)
#define WITNESSES_MAX 32
#define NAME_LEN 256
#define URL_LEN 512
#define ANSWER_SECONDS 20

struct witnesses {
	struct serve *serve;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	pthread_t thread;
	int started, stopping;
	int64_t seconds;                /* from round to round */
	int64_t answer_seconds;         /* one witness may take */
	char ca[FS_PATH_MAX];
	_Atomic uint64_t asked, cosigned, failed;
};

/* Whom to ask in this round. */
struct round {
	struct {
		char name[NAME_LEN], url[URL_LEN];
	} items[WITNESSES_MAX];
	size_t len;
};

static enum err add(void *ctx, const struct witness_ask_row *row)
{
	struct round *r = ctx;

	if (row->url[0] == '\0' || row->cosigned >= row->size ||
	    r->len == WITNESSES_MAX || strlen(row->name) >= NAME_LEN ||
	    strlen(row->url) >= URL_LEN - 32)
		return ERR_OK;
	(void)snprintf(r->items[r->len].name, NAME_LEN, "%s", row->name);
	(void)snprintf(r->items[r->len].url, URL_LEN, "%s", row->url);
	r->len++;
	return ERR_OK;
}

/* ---- one exchange ---- */

static size_t keep(char *data, size_t one, size_t len, void *ctx)
{
	return buf_append(ctx, data, one * len) == ERR_OK ? one * len : 0;
}

static size_t pass(char *data, size_t one, size_t len, void *ctx)
{
	(void)data;
	(void)ctx;
	return one * len;
}

/* 1 ends the transfer: the service stops. */
static int is_stopping(void *ctx, curl_off_t a, curl_off_t b, curl_off_t c,
    curl_off_t d)
{
	struct witnesses *w = ctx;
	int stopping;

	(void)a;
	(void)b;
	(void)c;
	(void)d;
	pthread_mutex_lock(&w->lock);
	stopping = w->stopping;
	pthread_mutex_unlock(&w->lock);
	return stopping;
}

static int is_usable(const char *url)
{
	return strncmp(url, "https://", 8) == 0 ||
	    strncmp(url, "http://127.0.0.1:", 17) == 0;
}

static void curl_cleanup(CURL **c)
{
	if (*c != NULL)
		curl_easy_cleanup(*c);
}

static CURLcode set_options(CURL *c, struct witnesses *w,
    const char *url, const struct buf *request, struct buf *answer)
{
	CURLcode e = curl_easy_setopt(c, CURLOPT_URL, url);

	e = e ? e : curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "https,http");
	e = e ? e : curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	e = e ? e : curl_easy_setopt(c, CURLOPT_TIMEOUT,
	    (long)w->answer_seconds);
	e = e ? e : curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	e = e ? e : curl_easy_setopt(c, CURLOPT_POST, 1L);
	e = e ? e : curl_easy_setopt(c, CURLOPT_POSTFIELDS, request->data);
	e = e ? e : curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE,
	    (curl_off_t)request->len);
	e = e ? e : curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, keep);
	e = e ? e : curl_easy_setopt(c, CURLOPT_WRITEDATA, answer);
	e = e ? e : curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, pass);
	e = e ? e : curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
	e = e ? e : curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, is_stopping);
	e = e ? e : curl_easy_setopt(c, CURLOPT_XFERINFODATA, w);
	if (w->ca[0] != '\0')
		e = e ? e : curl_easy_setopt(c, CURLOPT_CAINFO, w->ca);
	return e;
}

/* 0: no answer. */
static long post(struct witnesses *w, const char *base,
    const struct buf *request, struct buf *answer)
{
	CLEANUP(curl_cleanup) CURL *c = curl_easy_init();
	char url[URL_LEN];
	size_t len = strlen(base);
	long status = 0;

	while (len > 0 && base[len - 1] == '/')
		len--;
	(void)snprintf(url, sizeof(url), "%.*s/add-checkpoint", (int)len,
	    base);
	if (c == NULL || !is_usable(url) ||
	    set_options(c, w, url, request, answer) != CURLE_OK ||
	    curl_easy_perform(c) != CURLE_OK)
		return 0;
	(void)curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
	return status;
}

/* "N" LF: where it stands. */
static int64_t size_in(const struct buf *answer)
{
	struct bytes rest = bytes_buf(answer), line;
	uint64_t n;

	if (bytes_take_line(&rest, &line) != ERR_OK || rest.len != 0 ||
	    decimal_parse(line, INT64_MAX, &n) != ERR_OK)
		return -1;
	return (int64_t)n;
}

/* Asks once; ${from} as in struct witness_ask, moved by a 409. */
static enum err ask_from(struct witnesses *w, struct home *h,
    const char *name, const char *url, int64_t *from)
{
	CLEANUP(buf_release) struct buf request = {0};
	CLEANUP(buf_release) struct buf answer = {.max = ANSWER_MAX};
	const struct witness_ask ask = {.witness = name, .from = *from};
	uint64_t size;
	long status;

	RETURN_IF(witness_ask_text(h, &ask, &request, &size));
	atomic_fetch_add(&w->asked, 1);
	status = post(w, url, &request, &answer);
	if (status == 200)
		return witness_ask_accept(h, bytes_buf(&answer));
	if (status == 409) {
		*from = size_in(&answer);
		return *from < 0 ? ERR_SYNTAX : ERR_CHANGED;
	}
	serve_log("witness-refused", "witness", name, "error",
	    status == 0 ? "no answer" : status >= 500 ? "its own" : "refused",
	    NULL);
	return status == 0 || status >= 500 ? ERR_BUSY : ERR_REFUSED;
}

static void ask_one(struct witnesses *w, struct home *h, const char *name,
    const char *url)
{
	int64_t from = -1;
	enum err e = ask_from(w, h, name, url, &from);

	if (e == ERR_CHANGED)
		e = ask_from(w, h, name, url, &from);
	if (e == ERR_OK) {
		atomic_fetch_add(&w->cosigned, 1);
		return;
	}
	atomic_fetch_add(&w->failed, 1);
	if (e != ERR_BUSY)
		serve_log("witness-failed", "witness", name, "error",
		    err_name(e), NULL);
}

static void round_free(struct round **r)
{
	free(*r);
}

static enum err ask_all(struct witnesses *w, struct outcome *o)
{
	CLEANUP(home_cleanup) struct home *h = NULL;
	CLEANUP(round_free) struct round *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return ERR_NOMEM;
	RETURN_IF(serve_home_open(w->serve, o, &h));
	RETURN_IF(witness_ask_each(h, add, r));
	for (size_t i = 0; i < r->len; i++)
		ask_one(w, h, r->items[i].name, r->items[i].url);
	return ERR_OK;
}

/* ---- the thread ---- */

static void *watch(void *arg)
{
	struct witnesses *w = arg;
	int stopping = 0;

	while (!stopping) {
		CLEANUP(outcome_release) struct outcome o = {0};
		struct timespec until;
		enum err e = ask_all(w, &o);

		if (e != ERR_OK)
			serve_log("witnesses-failed", "error", err_name(e),
			    NULL);
		(void)clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_sec += w->seconds;
		pthread_mutex_lock(&w->lock);
		if (!w->stopping)
			(void)pthread_cond_clockwait(&w->wake, &w->lock,
			    CLOCK_MONOTONIC, &until);
		stopping = w->stopping;
		pthread_mutex_unlock(&w->lock);
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
	pthread_cond_broadcast(&w->wake);
	pthread_mutex_unlock(&w->lock);
	if (w->started)
		(void)pthread_join(w->thread, NULL);
	pthread_cond_destroy(&w->wake);
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
	pthread_cond_init(&w->wake, NULL);
	RETURN_IF(read_section(w, section, &o->info));
	if (pthread_create(&w->thread, NULL, watch, w) != 0)
		return ERR_NOMEM;
	w->started = 1;
	*ret = TAKE(w);
	return ERR_OK;
}

static void put(struct buf *out, const char *name, const char *help,
    _Atomic uint64_t *n)
{
	metrics_put(out, &(struct metrics_line){name, "counter", help, NULL,
	    (double)atomic_load(n)});
}

static void metrics(void *part, struct buf *out)
{
	struct witnesses *w = part;

	put(out, "azukari_witness_asked_total", "requests to witnesses",
	    &w->asked);
	put(out, "azukari_witness_cosigned_total", "cosignatures taken in",
	    &w->cosigned);
	put(out, "azukari_witness_failed_total", "rounds without one",
	    &w->failed);
}

const struct serve_part witnesses_part = {.name = "witnesses",
	.start = start, .stop = stop, .metrics = metrics};
