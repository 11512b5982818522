#include "app/serve/line.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/serve/line_internal.h"
#include "app/serve/problem.h"
#include "app/serve/routes.h"

#define OWNERS_MAX 47
#define STOP_SECONDS 5

struct line {
	struct serve *serve;
	struct line_settings settings;
	struct line_counters counters;
	struct line_send *send;
	pthread_rwlock_t lock;          /* of the list */
	struct line_owner *owners[OWNERS_MAX];
	size_t owners_len;
};

static const struct line_settings usual = {
	.endpoint = "https://api.line.me", .queue = 4096, .batch = 512,
	.linger_ms = 0, .dialogues = 100000, .replies = 10000,
};

/* ---- settings ---- */

static enum err take_number(const struct json_doc *section, const char *key,
    int64_t min, int64_t max, unsigned *ret, struct err_info *info)
{
	int64_t v;

	if (json_doc_get(section, key) == NULL)
		return ERR_OK;
	RETURN_IF(json_doc_need_int(section, key, min, max, "serve: line", &v,
	    info));
	*ret = (unsigned)v;
	return ERR_OK;
}

/* Answers and ids do not travel in clear, but to this machine itself. */
/* With a user before it ("127.0.0.1:x@…") the host is another one. */
static int is_endpoint(const char *text)
{
	return strlen(text) < sizeof(usual.endpoint) &&
	    strchr(text, '@') == NULL &&
	    (strncmp(text, "https://", 8) == 0 ||
	    strncmp(text, "http://127.0.0.1:", 17) == 0 ||
	    strncmp(text, "http://[::1]:", 13) == 0);
}

static enum err take_endpoint(const struct json_doc *section,
    struct line_settings *s, struct err_info *info)
{
	const struct json_doc *v = json_doc_get(section, "endpoint");
	const char *text = json_doc_string(v);

	if (v == NULL)
		return ERR_OK;
	if (text == NULL || !is_endpoint(text))
		return err_at(info, ERR_SYNTAX, 0, "serve: line: \"endpoint\" "
		    "is https://HOST, or http:// on this machine");
	(void)snprintf(s->endpoint, sizeof(s->endpoint), "%s", text);
	return ERR_OK;
}

static enum err take_settings(const struct json_doc *section,
    struct line_settings *s, struct err_info *info)
{
	static const char *const keys[] = {"endpoint", "push", "queue",
	    "batch", "linger_ms", "dialogues", "replies", NULL};

	*s = usual;
	if (section == NULL)
		return ERR_OK;
	RETURN_IF(json_doc_only(section, keys, "serve: line", info));
	RETURN_IF(take_endpoint(section, s, info));
	s->push = json_doc_bool(json_doc_get(section, "push"), 0);
	RETURN_IF(take_number(section, "queue", 1, 100000, &s->queue, info));
	RETURN_IF(take_number(section, "batch", 1, 8192, &s->batch, info));
	RETURN_IF(take_number(section, "linger_ms", 0, 1000, &s->linger_ms,
	    info));
	RETURN_IF(take_number(section, "dialogues", 100, 10000000,
	    &s->dialogues, info));
	return take_number(section, "replies", 0, 1000000, &s->replies, info);
}

/* ---- owners ---- */

struct codes {
	char items[OWNERS_MAX][NAMES_OWNER_LEN + 1];
	size_t len;
};

static enum err add_code(void *ctx, const struct register_owner *owner)
{
	struct codes *c = ctx;

	if (c->len < OWNERS_MAX)
		memcpy(c->items[c->len++], owner->code, 3);
	return ERR_OK;
}

static struct line_owner *owner_of(struct line *l, const char *code)
{
	for (size_t i = 0; i < l->owners_len; i++)
		if (strcmp(line_owner_code(l->owners[i]), code) == 0)
			return l->owners[i];
	return NULL;
}

/* Owners whose channels do not open are told, and the others go on. */
static void start_owner(struct line *l, const char *code, struct outcome *o)
{
	const struct line_owner_args args = {.serve = l->serve, .code = code,
	    .settings = &l->settings, .counters = &l->counters,
	    .send = l->send};
	struct line_owner *w = NULL;
	enum err e = line_owner_start(&args, o, &w);

	if (e == ERR_OK) {
		pthread_rwlock_wrlock(&l->lock);
		l->owners[l->owners_len++] = w;
		pthread_rwlock_unlock(&l->lock);
	} else if (e != ERR_NOT_FOUND) {
		serve_log("line-not-started", "owner", code, "error",
		    err_name(e), NULL);
	}
}

/* Is there any channel file of this owner? */
static enum err list_codes(struct line *l, struct outcome *o,
    struct codes *ret)
{
	CLEANUP(home_cleanup) struct home *h = NULL;

	RETURN_IF(serve_home_open(l->serve, o, &h));
	return register_owner_each(h->reg, add_code, ret);
}

static enum err start_owners(struct line *l, struct outcome *o)
{
	struct codes codes = {.len = 0};

	RETURN_IF(list_codes(l, o, &codes));
	for (size_t i = 0; i < codes.len; i++) {
		struct line_owner *known = owner_of(l, codes.items[i]);

		if (known != NULL)
			line_owner_look(known);
		else
			start_owner(l, codes.items[i], o);
	}
	return ERR_OK;
}

/* ---- the part ---- */

static void stop(void *part)
{
	struct line *l = part;

	if (l == NULL)
		return;
	for (size_t i = 0; i < l->owners_len; i++)
		line_owner_stop(l->owners[i]);
	line_send_stop(l->send, STOP_SECONDS);
	pthread_rwlock_destroy(&l->lock);
	free(l);
}

static enum err begin(struct line *l, const struct json_doc *section,
    struct outcome *o)
{
	RETURN_IF(take_settings(section, &l->settings, &o->info));
	RETURN_IF(line_send_start(&l->settings, &l->counters, &l->send));
	return start_owners(l, o);
}

static enum err start(struct serve *s, const struct json_doc *section,
    struct outcome *o, void **ret)
{
	struct line *l = calloc(1, sizeof(*l));
	enum err e;

	if (l == NULL)
		return ERR_NOMEM;
	l->serve = s;
	pthread_rwlock_init(&l->lock, NULL);
	e = begin(l, section, o);
	if (e != ERR_OK) {
		stop(l);
		return e;
	}
	*ret = l;
	return ERR_OK;
}

/* Settings stay as they were; owners and channels are looked at anew. */
static enum err reload(void *part, const struct json_doc *section,
    struct outcome *o)
{
	struct line_settings unused;

	RETURN_IF(take_settings(section, &unused, &o->info));
	return start_owners(part, o);
}

/* ---- numbers ---- */

static enum err put(struct buf *out, const char *name, const char *label,
    const char *value, uint64_t v)
{
	if (label == NULL)
		return buf_printf(out, "azukari_line_%s %llu\n", name,
		    (unsigned long long)v);
	return buf_printf(out, "azukari_line_%s{%s=\"%s\"} %llu\n", name,
	    label, value, (unsigned long long)v);
}

static void put_kinds(struct line_counters *c, struct buf *out)
{
	static const char *const kinds[LINE_KIND_COUNT] = {"text",
	    "other_message", "postback", "follow", "unfollow", "unsend",
	    "unknown"};
	static const char *const skips[LINE_SKIP_COUNT] = {NULL, "type",
	    "group", "nobody", "broken"};

	for (size_t i = 0; i < LINE_KIND_COUNT; i++)
		(void)!put(out, "events_total", "kind", kinds[i],
		    atomic_load(&c->events[i]));
	for (size_t i = 1; i < LINE_SKIP_COUNT; i++)
		(void)!put(out, "skipped_total", "why", skips[i],
		    atomic_load(&c->skipped[i]));
}

static void metrics(void *part, struct buf *out)
{
	struct line *l = part;
	struct line_counters *c = &l->counters;
	const struct {
		const char *name, *label, *value;
		uint64_t v;
	} rows[] = {
		{"requests_total", NULL, NULL, atomic_load(&c->requests)},
		{"refused_total", "why", "signature",
		    atomic_load(&c->bad_signature)},
		{"refused_total", "why", "body", atomic_load(&c->bad_body)},
		{"refused_total", "why", "busy", atomic_load(&c->busy)},
		{"refused_total", "why", "store", atomic_load(&c->failed)},
		{"skipped_total", "why", "duplicate",
		    atomic_load(&c->duplicates)},
		{"skipped_total", "why", "late", atomic_load(&c->late)},
		{"skipped_total", "why", "future", atomic_load(&c->future)},
		{"skipped_total", "why", "withdrawn",
		    atomic_load(&c->refused)},
		{"unsent_total", NULL, NULL, atomic_load(&c->unsent)},
		{"taken_total", "type", "response",
		    atomic_load(&c->responses)},
		{"taken_total", "type", "consent", atomic_load(&c->consents)},
		{"taken_total", "type", "withdrawal",
		    atomic_load(&c->withdrawals)},
		{"taken_total", "type", "step", atomic_load(&c->steps)},
		{"commits_total", NULL, NULL, atomic_load(&c->commits)},
		{"commit_milliseconds_total", NULL, NULL,
		    atomic_load(&c->commit_ms)},
		{"waiting", NULL, NULL, atomic_load(&c->waiting)},
		{"dialogues", NULL, NULL, atomic_load(&c->dialogues)},
		{"dialogues_dropped_total", NULL, NULL,
		    atomic_load(&c->dialogues_dropped)},
		{"replies_total", "how", "reply",
		    atomic_load(&c->replies_sent)},
		{"replies_total", "how", "push", atomic_load(&c->pushes_sent)},
		{"replies_total", "how", "dropped",
		    atomic_load(&c->replies_dropped)},
		{"replies_retried_total", NULL, NULL,
		    atomic_load(&c->replies_retried)},
		{"replies_waiting", NULL, NULL, line_send_waiting(l->send)},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		(void)!put(out, rows[i].name, rows[i].label, rows[i].value,
		    rows[i].v);
	put_kinds(c, out);
}

const struct serve_part line_part = {.name = "line", .start = start,
	.stop = stop, .metrics = metrics, .reload = reload};

/* ---- the route ---- */

const char *line_source_of(const char *param,
    char ret_owner[NAMES_OWNER_LEN + 1])
{
	int named = param[0] >= '0' && param[0] <= '9' && param[1] >= '0' &&
	    param[1] <= '9' && param[2] == '-';

	if (ret_owner != NULL)
		(void)snprintf(ret_owner, NAMES_OWNER_LEN + 1, "%.*s",
		    named ? NAMES_OWNER_LEN : 0, param);
	return named ? param + 3 : param;
}

/* The one owner with a channel of this name; NULL: none, or several. */
static struct line_owner *find_owner(struct line *l, const char *param)
{
	char code[NAMES_OWNER_LEN + 1];
	const char *source = line_source_of(param, code);
	struct line_owner *found = NULL;

	for (size_t i = 0; i < l->owners_len; i++) {
		if (code[0] != '\0' &&
		    strcmp(line_owner_code(l->owners[i]), code) != 0)
			continue;
		if (!line_owner_has(l->owners[i], source))
			continue;
		if (found != NULL)
			return NULL;
		found = l->owners[i];
	}
	return found;
}

/* A source that is not there is told like a signature that is not right. */
static enum err refuse_unknown(struct serve_request *q)
{
	q->reply.status = 401;
	q->reply.type = PROBLEM_TYPE;
	return problem_plain(401, "signature", &q->reply.bytes);
}

static enum err post_line(struct serve_request *q)
{
	struct line *l = serve_part_state(q->serve, "line");
	struct line_owner *w;
	enum err e;

	if (l == NULL)
		return ERR_NOT_FOUND;
	atomic_fetch_add(&l->counters.requests, 1);
	pthread_rwlock_rdlock(&l->lock);
	w = find_owner(l, q->params[0]);
	e = w == NULL ? refuse_unknown(q) : line_owner_put(w, q);
	pthread_rwlock_unlock(&l->lock);
	if (e == ERR_BUSY)
		q->reply.retry_after_s = 1;
	return e;
}

static const struct serve_route rows[] = {
	{.method = "POST", .path = "/line/{source}", .who = SERVE_SOURCE,
	    .lane = SERVE_AT_ONCE, .takes = "application/json",
	    .body_max = LINE_BODY_MAX, .unlimited_rate = 1, .run = post_line,
	    .operation = "receiveLineWebhook"},
};

const struct serve_routes line_routes = {rows, ARRAY_LEN(rows)};
