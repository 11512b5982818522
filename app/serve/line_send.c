/* What is said, to LINE's Messaging API.
 *
 * A reply token works once and for about a minute, so a reply is tried again
 * only that long; where `push` is set, what it could not bring goes as a push,
 * with one retry key for all attempts (a repetition is then 409, which is
 * success).  Everything is bounded, and what is given up is counted. */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/serve/line_internal.h"
#include "core/clock.h"

#define TRANSFERS 16            /* at the same time */
#define TIMEOUT_S 10L
#define REPLY_MS 50000          /* how long a reply token is worth trying */
#define PUSH_MS 3600000
#define BACKOFF_MS 500          /* then twice as long, up to: */
#define BACKOFF_MOST_MS 60000
#define URL_MAX 320
#define ANSWER_MAX ((size_t)16 << 10)

struct line_token {
	_Atomic unsigned refs;
	struct secret *secret;
};

struct message {
	struct message *next;
	struct line_token *token;
	struct buf body;                /* as it is posted */
	struct buf push;                /* the same as a push; empty: none */
	int is_push;
	char retry_key[37];
	unsigned attempts;
	int64_t due_ms, until_ms;
	/* while it is sent */
	CURL *easy;
	struct curl_slist *headers;
	size_t answer;
};

struct line_send {
	const struct line_settings *settings;
	struct line_counters *counters;
	CURLM *multi;
	pthread_t thread;
	pthread_mutex_t lock;
	/* under the lock */
	struct message *first, **last;  /* that came in */
	size_t waiting;                 /* all that are not done */
	int stopping;
	int64_t stop_ms;
	/* of the thread */
	struct message *due;            /* by time */
	struct message *active[TRANSFERS];
	size_t running;
};

/* ---- tokens ---- */

enum err line_token_new(const struct secret *s, struct line_token **ret)
{
	struct line_token *t = calloc(1, sizeof(*t));
	enum err e;

	if (t == NULL)
		return ERR_NOMEM;
	e = secret_new_copy(secret_bytes(s), secret_len(s), &t->secret);
	if (e != ERR_OK) {
		free(t);
		return e;
	}
	atomic_store(&t->refs, 1);
	*ret = t;
	return ERR_OK;
}

void line_token_unref(struct line_token *t)
{
	if (t == NULL || atomic_fetch_sub(&t->refs, 1) != 1)
		return;
	secret_free(t->secret);
	free(t);
}

/* ---- messages ---- */

static void wipe_headers(struct curl_slist *list)
{
	for (struct curl_slist *h = list; h != NULL; h = h->next)
		secret_wipe(h->data, strlen(h->data));
	curl_slist_free_all(list);
}

static void free_message(struct message *m)
{
	if (m->easy != NULL)
		curl_easy_cleanup(m->easy);
	wipe_headers(m->headers);
	line_token_unref(m->token);
	buf_release(&m->body);
	buf_release(&m->push);
	free(m);
}

/* RFC 4122, version 4. */
static void make_retry_key(char ret[37])
{
	uint8_t b[16];

	secret_random(b, sizeof(b));
	b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
	b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
	(void)snprintf(ret, 37, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-"
	    "%02x%02x%02x%02x%02x%02x", b[0], b[1], b[2], b[3], b[4], b[5],
	    b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
}

/* {"${key}":"${value}","messages":[...]}; ids and tokens of LINE hold nothing
 * that JSON would have to escape, else the message is not sent. */
static enum err make_body(const char *key, struct bytes value,
    struct bytes messages, struct buf *ret)
{
	for (size_t i = 0; i < value.len; i++)
		if (value.data[i] < 0x21 || value.data[i] > 0x7e ||
		    value.data[i] == '"' || value.data[i] == '\\')
			return ERR_SYNTAX;
	RETURN_IF(buf_printf(ret, "{\"%s\":\"%.*s\",\"messages\":", key,
	    (int)value.len, (const char *)value.data));
	RETURN_IF(buf_append(ret, messages.data, messages.len));
	return buf_append_str(ret, "}");
}

static enum err make_message(const struct line_send *s,
    const struct line_said *said, struct message *m)
{
	RETURN_IF(make_body("replyToken", said->reply_token, said->messages,
	    &m->body));
	if (s->settings->push)
		RETURN_IF(make_body("to", said->user, said->messages,
		    &m->push));
	m->token = said->token;
	atomic_fetch_add(&m->token->refs, 1);
	m->due_ms = clock_monotonic_ms();
	m->until_ms = m->due_ms + REPLY_MS;
	return ERR_OK;
}

int line_send_has_room(struct line_send *s)
{
	return line_send_waiting(s) < s->settings->replies;
}

size_t line_send_waiting(struct line_send *s)
{
	size_t waiting;

	pthread_mutex_lock(&s->lock);
	waiting = s->waiting;
	pthread_mutex_unlock(&s->lock);
	return waiting;
}

void line_send_put(struct line_send *s, const struct line_said *said)
{
	struct message *m = calloc(1, sizeof(*m));
	int put = 0;

	if (m == NULL || make_message(s, said, m) != ERR_OK) {
		atomic_fetch_add(&s->counters->replies_dropped, 1);
		if (m != NULL)
			free_message(m);
		return;
	}
	pthread_mutex_lock(&s->lock);
	if (s->waiting < s->settings->replies && !s->stopping) {
		*s->last = m;
		s->last = &m->next;
		s->waiting++;
		put = 1;
	}
	pthread_mutex_unlock(&s->lock);
	if (put) {
		(void)curl_multi_wakeup(s->multi);
		return;
	}
	atomic_fetch_add(&s->counters->replies_dropped, 1);
	free_message(m);
}

/* ---- one transfer ---- */

/* What LINE answers beside the status is of no use here. */
static size_t swallow(char *data, size_t size, size_t count, void *ctx)
{
	struct message *m = ctx;

	(void)data;
	m->answer += size * count;
	return m->answer > ANSWER_MAX ? 0 : size * count;
}

static enum err add_header(struct message *m, const char *text)
{
	struct curl_slist *more = curl_slist_append(m->headers, text);

	if (more == NULL)
		return ERR_NOMEM;
	m->headers = more;
	return ERR_OK;
}

static enum err make_headers(struct message *m)
{
	SECRET_BYTES(line, LINE_CHANNEL_TOKEN_MAX + 32);
	char key[64];

	(void)snprintf((char *)line, sizeof(line), "Authorization: Bearer %.*s",
	    (int)secret_len(m->token->secret),
	    (const char *)secret_bytes(m->token->secret));
	RETURN_IF(add_header(m, (const char *)line));
	RETURN_IF(add_header(m, "Content-Type: application/json"));
	RETURN_IF(add_header(m, "Expect:"));
	if (!m->is_push)
		return ERR_OK;          /* on a reply it would be an error */
	(void)snprintf(key, sizeof(key), "X-Line-Retry-Key: %s",
	    m->retry_key);
	return add_header(m, key);
}

static enum err set_options(const struct line_send *s, struct message *m)
{
	char url[URL_MAX];
	CURL *c = m->easy;

	(void)snprintf(url, sizeof(url), "%s/v2/bot/message/%s",
	    s->settings->endpoint, m->is_push ? "push" : "reply");
	if (curl_easy_setopt(c, CURLOPT_URL, url) != CURLE_OK ||
	    curl_easy_setopt(c, CURLOPT_HTTPHEADER, m->headers) != CURLE_OK ||
	    curl_easy_setopt(c, CURLOPT_POSTFIELDS, m->body.data) != CURLE_OK ||
	    curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE,
	    (curl_off_t)m->body.len) != CURLE_OK ||
	    curl_easy_setopt(c, CURLOPT_TIMEOUT, TIMEOUT_S) != CURLE_OK ||
	    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L) != CURLE_OK ||
	    curl_easy_setopt(c, CURLOPT_NOPROXY, "127.0.0.1,::1,localhost") !=
	    CURLE_OK ||
	    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https") !=
	    CURLE_OK ||
	    curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L) != CURLE_OK ||
	    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, swallow) != CURLE_OK ||
	    curl_easy_setopt(c, CURLOPT_WRITEDATA, m) != CURLE_OK ||
	    curl_easy_setopt(c, CURLOPT_PRIVATE, m) != CURLE_OK)
		return ERR_NOMEM;
	return ERR_OK;
}

static enum err begin_transfer(struct line_send *s, struct message *m)
{
	m->answer = 0;
	m->easy = curl_easy_init();
	if (m->easy == NULL)
		return ERR_NOMEM;
	RETURN_IF(make_headers(m));
	RETURN_IF(set_options(s, m));
	if (curl_multi_add_handle(s->multi, m->easy) != CURLM_OK)
		return ERR_NOMEM;
	m->attempts++;
	s->active[s->running++] = m;
	return ERR_OK;
}

static void end_transfer(struct line_send *s, struct message *m)
{
	(void)curl_multi_remove_handle(s->multi, m->easy);
	curl_easy_cleanup(TAKE(m->easy));
	wipe_headers(TAKE(m->headers));
	for (size_t i = 0; i < s->running; i++)
		if (s->active[i] == m)
			s->active[i] = s->active[--s->running];
}

/* ---- what becomes of it ---- */

static void done(struct line_send *s, struct message *m)
{
	free_message(m);
	pthread_mutex_lock(&s->lock);
	s->waiting--;
	pthread_mutex_unlock(&s->lock);
}

static void put_due(struct line_send *s, struct message *m)
{
	struct message **at = &s->due;

	while (*at != NULL && (*at)->due_ms <= m->due_ms)
		at = &(*at)->next;
	m->next = *at;
	*at = m;
}

static void give_up(struct line_send *s, struct message *m)
{
	int64_t now = clock_monotonic_ms();

	if (m->is_push || m->push.len == 0) {
		atomic_fetch_add(&s->counters->replies_dropped, 1);
		done(s, m);
		return;
	}
	buf_release(&m->body);
	m->body = m->push;
	m->push = (struct buf){0};
	m->is_push = 1;
	m->attempts = 0;
	make_retry_key(m->retry_key);
	m->due_ms = now;
	m->until_ms = now + PUSH_MS;
	put_due(s, m);
}

static void try_again(struct line_send *s, struct message *m)
{
	int64_t wait = BACKOFF_MS;

	for (unsigned i = 1; i < m->attempts && wait < BACKOFF_MOST_MS; i++)
		wait *= 2;
	m->due_ms = clock_monotonic_ms() +
	    (wait < BACKOFF_MOST_MS ? wait : BACKOFF_MOST_MS);
	if (m->due_ms > m->until_ms) {
		give_up(s, m);
		return;
	}
	atomic_fetch_add(&s->counters->replies_retried, 1);
	put_due(s, m);
}

static void settle(struct line_send *s, struct message *m, CURLcode code)
{
	long status = 0;

	(void)curl_easy_getinfo(m->easy, CURLINFO_RESPONSE_CODE, &status);
	end_transfer(s, m);
	if (code == CURLE_OK && ((status >= 200 && status < 300) ||
	    (status == 409 && m->is_push))) {
		atomic_fetch_add(m->is_push ? &s->counters->pushes_sent :
		    &s->counters->replies_sent, 1);
		done(s, m);
	} else if (code != CURLE_OK || status == 429 || status >= 500) {
		try_again(s, m);
	} else {
		give_up(s, m);          /* a token used up or over, or no right */
	}
}

/* ---- the thread ---- */

static int take_new(struct line_send *s)
{
	struct message *m, *next;
	int stop;

	pthread_mutex_lock(&s->lock);
	m = s->first;
	s->first = NULL;
	s->last = &s->first;
	stop = s->stopping && (s->waiting == 0 ||
	    clock_monotonic_ms() >= s->stop_ms);
	pthread_mutex_unlock(&s->lock);
	for (; m != NULL; m = next) {
		next = m->next;
		put_due(s, m);
	}
	return stop;
}

static void start_due(struct line_send *s)
{
	int64_t now = clock_monotonic_ms();

	while (s->due != NULL && s->due->due_ms <= now &&
	    s->running < TRANSFERS) {
		struct message *m = s->due;

		s->due = m->next;
		m->next = NULL;
		if (begin_transfer(s, m) != ERR_OK) {
			atomic_fetch_add(&s->counters->replies_dropped, 1);
			done(s, m);
		}
	}
}

static void settle_ended(struct line_send *s)
{
	CURLMsg *ended;
	int left;

	while ((ended = curl_multi_info_read(s->multi, &left)) != NULL) {
		char *m = NULL;

		if (ended->msg != CURLMSG_DONE)
			continue;
		(void)curl_easy_getinfo(ended->easy_handle, CURLINFO_PRIVATE,
		    &m);
		settle(s, (struct message *)(void *)m, ended->data.result);
	}
}

static int until_next(const struct line_send *s)
{
	int64_t wait = 1000;

	if (s->due != NULL && s->running < TRANSFERS)
		wait = s->due->due_ms - clock_monotonic_ms();
	return wait < 0 ? 0 : wait > 1000 ? 1000 : (int)wait;
}

static void *work(void *arg)
{
	struct line_send *s = arg;
	int running = 0;

	while (!take_new(s)) {
		start_due(s);
		(void)curl_multi_perform(s->multi, &running);
		settle_ended(s);
		(void)curl_multi_poll(s->multi, NULL, 0, until_next(s), NULL);
	}
	return NULL;
}

enum err line_send_start(const struct line_settings *settings,
    struct line_counters *counters, struct line_send **ret)
{
	struct line_send *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return ERR_NOMEM;
	s->settings = settings;
	s->counters = counters;
	s->last = &s->first;
	pthread_mutex_init(&s->lock, NULL);
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK ||
	    (s->multi = curl_multi_init()) == NULL ||
	    pthread_create(&s->thread, NULL, work, s) != 0) {
		if (s->multi != NULL)
			(void)curl_multi_cleanup(s->multi);
		pthread_mutex_destroy(&s->lock);
		free(s);
		return ERR_NOMEM;
	}
	*ret = s;
	return ERR_OK;
}

static void drop_list(struct line_send *s, struct message *m)
{
	struct message *next;

	for (; m != NULL; m = next) {
		next = m->next;
		atomic_fetch_add(&s->counters->replies_dropped, 1);
		free_message(m);
	}
}

void line_send_stop(struct line_send *s, unsigned seconds)
{
	if (s == NULL)
		return;
	pthread_mutex_lock(&s->lock);
	s->stopping = 1;
	s->stop_ms = clock_monotonic_ms() + (int64_t)seconds * 1000;
	pthread_mutex_unlock(&s->lock);
	(void)curl_multi_wakeup(s->multi);
	(void)pthread_join(s->thread, NULL);
	while (s->running > 0) {
		struct message *m = s->active[0];

		end_transfer(s, m);
		m->next = s->due;
		s->due = m;
	}
	drop_list(s, TAKE(s->first));
	drop_list(s, TAKE(s->due));
	(void)curl_multi_cleanup(s->multi);
	pthread_mutex_destroy(&s->lock);
	free(s);
}
