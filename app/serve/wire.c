#include "app/serve/wire.h"

#include <stdlib.h>
#include <string.h>

#include "core/clock.h"

/* How much of a body that nobody wants is read and thrown away, so that the
 * sender sees the answer. */
#define DISCARD_MAX ((uint64_t)256 << 10)

/* ---- life ---- */

/* A request is larger than what malloc has at hand, and a connection has one
 * behind the other: it keeps the room of the last one. */
struct serve_wire *wire_new(struct conn *c)
{
	struct serve_wire *w = TAKE(c->spare);

	if (w == NULL)
		w = malloc(sizeof(*w));
	if (w == NULL)
		return NULL;
	*w = (struct serve_wire){.refs = 1, .conn = c};
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->moved, NULL);
	return w;
}

static void release_wire(struct serve_wire *w)
{
	struct serve_request *q = &w->q;

	if (q->reply.fd_plus_one != 0)
		fs_fd_cleanup(&(int){q->reply.fd_plus_one - 1});
	buf_release(&q->reply.bytes);
	buf_release(&q->body);
	buf_release(&w->headers);
	json_doc_free(TAKE(q->result));
	outcome_release(&q->outcome);
	if (w->ring != NULL)
		secret_wipe(w->ring, WIRE_PIPE_LEN);
	free(w->ring);
	pthread_cond_destroy(&w->moved);
	pthread_mutex_destroy(&w->lock);
}

static unsigned drop_ref(struct serve_wire *w)
{
	unsigned left;

	pthread_mutex_lock(&w->lock);
	left = --w->refs;
	pthread_mutex_unlock(&w->lock);
	return left;
}

void wire_unref(struct serve_wire *w)
{
	if (drop_ref(w) > 0)
		return;
	release_wire(w);
	free(w);
}

/* The same, from the thread of the connection, which is still there. */
static void unref_here(struct serve_wire *w, struct conn *c)
{
	if (drop_ref(w) > 0)
		return;
	release_wire(w);
	if (c->spare == NULL)
		c->spare = w;
	else
		free(w);
}

/* With the lock held: the net thread stops looking until wake. */
static void sleep_net(struct serve_wire *w)
{
	if (w->suspended)
		return;
	w->suspended = 1;
	atomic_store(&w->conn->deadline_ms, 0);
	MHD_suspend_connection(w->connection);
}

/* The loop that is to be woken; NULL: none. */
static struct net_loop *resume_net(struct serve_wire *w)
{
	if (!w->suspended || w->gone)
		return NULL;
	w->suspended = 0;
	MHD_resume_connection(w->connection);
	return w->conn->loop;
}

static void wake_net(struct serve_wire *w)
{
	struct net_loop *loop = resume_net(w);

	if (loop != NULL)
		net_loop_wake(loop);
}

/* The loop outlives the connection. */
static struct net_loop *finish(struct serve_wire *w, enum err e)
{
	struct net_loop *loop;

	pthread_mutex_lock(&w->lock);
	w->e = e;
	w->state = WIRE_DONE;
	loop = resume_net(w);
	pthread_mutex_unlock(&w->lock);
	wire_unref(w);
	return loop;
}

void wire_done(struct serve_wire *w, enum err e)
{
	struct net_loop *loop = finish(w, e);

	if (loop != NULL)
		net_loop_wake(loop);
}

/* ---- answering later ---- */

void serve_later(struct serve_request *q)
{
	struct serve_wire *w = q->wire;

	pthread_mutex_lock(&w->lock);
	w->refs++;
	w->state = WIRE_RUNNING;
	sleep_net(w);
	pthread_mutex_unlock(&w->lock);
}

void serve_done(struct serve_request *q, enum err e)
{
	wire_done(q->wire, e);
}

void serve_done_quietly(struct serve_request *q, enum err e,
    struct serve_wakes *wakes)
{
	struct net_loop *loop = finish(q->wire, e);

	for (size_t i = 0; i < wakes->len; i++)
		if (wakes->loops[i] == loop)
			return;
	if (loop == NULL)
		return;
	if (wakes->len == SERVE_WAKES_MAX)
		net_loop_wake(loop);
	else
		wakes->loops[wakes->len++] = loop;
}

void serve_wake(struct serve_wakes *wakes)
{
	for (size_t i = 0; i < wakes->len; i++)
		net_loop_wake(wakes->loops[i]);
	wakes->len = 0;
}

/* ---- bodies that are read while they come ---- */

enum err serve_body_read(struct serve_request *q, uint8_t *ret, size_t max,
    size_t *ret_len)
{
	struct serve_wire *w = q->wire;
	size_t len, first;
	enum err e = ERR_OK;

	pthread_mutex_lock(&w->lock);
	while (w->ring_len == 0 && !w->ended && !w->gone)
		pthread_cond_wait(&w->moved, &w->lock);
	if (w->refused != 0)
		e = ERR_LIMIT;
	else if (w->gone && !w->ended)
		e = ERR_TRUNCATED;
	len = w->ring_len < max ? w->ring_len : max;
	first = WIRE_PIPE_LEN - w->ring_start;
	if (first > len)
		first = len;
	if (e == ERR_OK && len > 0) {
		memcpy(ret, w->ring + w->ring_start, first);
		memcpy(ret + first, w->ring, len - first);
		w->ring_start = (w->ring_start + len) % WIRE_PIPE_LEN;
		w->ring_len -= len;
		if (!w->ended)
			wake_net(w);
	}
	pthread_mutex_unlock(&w->lock);
	if (e == ERR_OK)
		*ret_len = len;
	return e;
}

/* As much as fits; the rest stays with libmicrohttpd, which holds the sender
 * back. */
static size_t fill_ring(struct serve_wire *w, const char *data, size_t len)
{
	size_t free_bytes = WIRE_PIPE_LEN - w->ring_len;
	size_t n = len < free_bytes ? len : free_bytes;
	size_t at = (w->ring_start + w->ring_len) % WIRE_PIPE_LEN;
	size_t first = WIRE_PIPE_LEN - at < n ? WIRE_PIPE_LEN - at : n;

	memcpy(w->ring + at, data, first);
	memcpy(w->ring, data + first, n - first);
	w->ring_len += n;
	return n;
}

/* ---- a body on its way in ---- */

static void move_deadline(struct serve_wire *w, size_t bytes)
{
	const struct config_limits *l = &w->q.serve->limits;
	int64_t now = clock_monotonic_ms();
	int64_t most = now + (int64_t)l->request_seconds * 1000;
	int64_t at = atomic_load(&w->conn->deadline_ms);

	/* a stream goes on as long as it brings 4 KiB a second */
	if (w->ring == NULL)
		return;
	at = (at == 0 ? most : at) + (int64_t)bytes / 4;
	atomic_store(&w->conn->deadline_ms, at > most ? most : at);
}

/* ${bytes} more count against what all bodies may take together. */
static int reserve(struct serve_wire *w, size_t bytes)
{
	struct serve *s = w->q.serve;

	if (atomic_fetch_add(&s->bodies_bytes, bytes) + bytes >
	    s->limits.bodies_bytes) {
		atomic_fetch_sub(&s->bodies_bytes, bytes);
		return 0;
	}
	w->reserved += bytes;
	return 1;
}

static void keep_body(struct serve_wire *w, const char *data, size_t len)
{
	if (w->got > w->q.route->body_max)
		w->refused = MHD_HTTP_CONTENT_TOO_LARGE;
	else if (!reserve(w, len) ||
	    buf_append(&w->q.body, data, len) != ERR_OK)
		w->refused = MHD_HTTP_SERVICE_UNAVAILABLE;
}

/* Returns what was not taken. */
static size_t stream_body(struct serve_wire *w, const char *data, size_t len)
{
	size_t taken = len;

	pthread_mutex_lock(&w->lock);
	if (w->got > w->q.route->body_max)
		w->refused = MHD_HTTP_CONTENT_TOO_LARGE;
	else if (w->state != WIRE_DONE)
		taken = fill_ring(w, data, len);
	if (w->refused != 0)
		w->ended = 1;
	pthread_cond_broadcast(&w->moved);
	if (taken < len)
		sleep_net(w);
	pthread_mutex_unlock(&w->lock);
	return len - taken;
}

/* A stream's handler may end before its body. */
static int is_answered(struct serve_wire *w)
{
	int done;

	if (w->ring == NULL)
		return 0;
	pthread_mutex_lock(&w->lock);
	done = w->state == WIRE_DONE;
	pthread_mutex_unlock(&w->lock);
	return done;
}

static enum MHD_Result take_body(struct serve_wire *w, const char *data,
    size_t *len)
{
	size_t left = 0;

	move_deadline(w, *len);
	w->got += *len;
	atomic_fetch_add(&w->q.serve->counters.bytes_in, *len);
	if (w->refused != 0 || is_answered(w)) {
		/* the answer is known; the sender may not know it yet */
		if (w->got > w->q.route->body_max + DISCARD_MAX)
			return MHD_NO;
	} else if (w->ring != NULL) {
		left = stream_body(w, data, *len);
	} else {
		keep_body(w, data, *len);
	}
	w->got -= left;
	*len = left;
	return MHD_YES;
}

/* ---- the body is there ---- */

static enum MHD_Result hand_over(struct serve_wire *w)
{
	int put;

	pthread_mutex_lock(&w->lock);
	w->refs++;
	w->state = WIRE_RUNNING;
	put = desk_put(w->q.serve->desk, w);
	if (put)
		sleep_net(w);
	else
		w->refs--;
	pthread_mutex_unlock(&w->lock);
	if (put)
		return MHD_YES;
	atomic_fetch_add(&w->q.serve->counters.busy_refused, 1);
	w->e = ERR_BUSY;
	w->q.reply.retry_after_s = 1;
	w->state = WIRE_DONE;
	return wire_reply(w);
}

static enum MHD_Result run_here(struct serve_wire *w)
{
	enum err e = w->q.route->run(&w->q);
	int later;

	pthread_mutex_lock(&w->lock);
	later = w->state != WIRE_BODY;
	pthread_mutex_unlock(&w->lock);
	if (later)
		return MHD_YES;
	w->e = e;
	w->state = WIRE_DONE;
	return wire_reply(w);
}

/* A stream's handler runs already; the answer comes when it has read all. */
static enum MHD_Result end_stream(struct serve_wire *w)
{
	int done;

	pthread_mutex_lock(&w->lock);
	w->ended = 1;
	pthread_cond_broadcast(&w->moved);
	done = w->state == WIRE_DONE;
	if (!done)
		sleep_net(w);
	pthread_mutex_unlock(&w->lock);
	return done ? wire_reply(w) : MHD_YES;
}

static enum MHD_Result body_ended(struct serve_wire *w)
{
	if (w->ring != NULL)
		return end_stream(w);
	if (w->state == WIRE_DONE || w->refused != 0)
		return wire_reply(w);
	if (w->q.route->lane == SERVE_AT_ONCE)
		return run_here(w);
	return hand_over(w);
}

/* ---- the callbacks ---- */

static struct conn *conn_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
	    connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info == NULL ? NULL : info->socket_context;
}

/* The handler of a stream starts with the head. */
static enum MHD_Result begin(struct serve_wire *w)
{
	w->state = WIRE_BODY;
	if (w->q.route->lane != SERVE_STREAM)
		return MHD_YES;
	w->ring = malloc(WIRE_PIPE_LEN);
	if (w->ring == NULL)
		return MHD_NO;
	pthread_mutex_lock(&w->lock);
	w->refs++;
	w->state = WIRE_RUNNING;
	if (!desk_put(w->q.serve->desk, w)) {
		w->refs--;
		w->state = WIRE_DONE;
		w->e = ERR_BUSY;
		w->q.reply.retry_after_s = 1;
	}
	pthread_mutex_unlock(&w->lock);
	return MHD_YES;
}

static enum MHD_Result first_call(struct serve *s,
    struct MHD_Connection *connection, const char *method,
    const char *version, void **con_cls)
{
	struct conn *c = conn_of(connection);
	struct wire_refusal refusal = {0};
	struct serve_wire *w = NULL;

	if (c == NULL)
		return MHD_NO;
	if (wire_head(s, c, connection, method, version, &w, &refusal) != 0)
		return wire_refuse(s, c, connection, &refusal);
	*con_cls = w;
	atomic_fetch_add(&s->requests_open, 1);
	atomic_store(&c->deadline_ms, clock_monotonic_ms() +
	    (int64_t)s->limits.request_seconds * 1000);
	return begin(w);
}

enum MHD_Result wire_access(void *cls, struct MHD_Connection *connection,
    const char *url, const char *method, const char *version,
    const char *upload_data, size_t *upload_data_size, void **con_cls)
{
	struct serve_wire *w = *con_cls;

	(void)url;              /* unescaped; the raw one is in the conn */
	if (w == NULL)
		return first_call(cls, connection, method, version, con_cls);
	if (*upload_data_size > 0)
		return take_body(w, upload_data, upload_data_size);
	return body_ended(w);
}

void wire_completed(void *cls, struct MHD_Connection *connection,
    void **con_cls, enum MHD_RequestTerminationCode toe)
{
	struct serve *s = cls;
	struct serve_wire *w = *con_cls;
	struct conn *c = conn_of(connection);

	(void)toe;
	if (c != NULL)
		atomic_store(&c->deadline_ms, clock_monotonic_ms() +
		    (int64_t)s->limits.idle_seconds * 1000);
	if (w == NULL)
		return;
	*con_cls = NULL;
	atomic_fetch_sub(&s->bodies_bytes, w->reserved);
	atomic_fetch_sub(&s->requests_open, 1);
	pthread_mutex_lock(&w->lock);
	w->gone = 1;
	pthread_cond_broadcast(&w->moved);
	pthread_mutex_unlock(&w->lock);
	if (c != NULL)
		unref_here(w, c);
	else
		wire_unref(w);
}
