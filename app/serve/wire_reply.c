/* What goes back: one place for status, headers and bytes. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/serve/problem.h"
#include "app/serve/wire.h"
#include "core/clock.h"

#define JSON_TYPE "application/json"
#define SLOWEST_READER 16384            /* bytes a second */

static void count(struct serve *s, unsigned status)
{
	atomic_fetch_add(&s->counters.requests[status / 100 % 6], 1);
}

static void put(struct MHD_Response *r, const char *name, const char *value)
{
	(void)!MHD_add_response_header(r, name, value);
}

static void put_usual(struct MHD_Response *r, const char *type)
{
	put(r, "Content-Type", type);
	put(r, "Cache-Control", "no-store");
	put(r, "X-Content-Type-Options", "nosniff");
	put(r, "Content-Security-Policy", "default-src 'none'");
	put(r, "Referrer-Policy", "no-referrer");
}

static void put_strict(struct MHD_Response *r)
{
	put(r, "Strict-Transport-Security", "max-age=31536000");
}

/* ${r} stays the caller's. */
static enum MHD_Result queue_kept(struct serve *s, struct conn *c,
    struct MHD_Connection *connection, unsigned status, uint64_t len,
    struct MHD_Response *r)
{
	int64_t ms = (int64_t)s->limits.request_seconds * 1000 +
	    (int64_t)(len / SLOWEST_READER) * 1000;

	atomic_store(&c->deadline_ms, clock_monotonic_ms() + ms);
	count(s, status);
	return MHD_queue_response(connection, status, r);
}

static enum MHD_Result queue(struct serve *s, struct conn *c,
    struct MHD_Connection *connection, unsigned status, uint64_t len,
    struct MHD_Response *r)
{
	enum MHD_Result done;

	if (c->kind == CONFIG_TLS)
		put_strict(r);
	done = queue_kept(s, c, connection, status, len, r);
	MHD_destroy_response(r);
	return done;
}

/* ---- `{}`, which nothing changes, is made once ---- */

static const char empty_json[] = "{}\n";

enum err wire_empties_init(struct wire_empties *e)
{
	for (int tls = 0; tls < 2; tls++) {
		/* the library keeps the pointer and does not write there */
		union {
			const char *in;
			void *out;
		} bytes = {empty_json};
		struct MHD_Response *r = MHD_create_response_from_buffer(
		    sizeof(empty_json) - 1, bytes.out,
		    MHD_RESPMEM_PERSISTENT);

		if (r == NULL)
			return ERR_NOMEM;
		put_usual(r, JSON_TYPE);
		if (tls)
			put_strict(r);
		e->replies[tls] = r;
	}
	return ERR_OK;
}

void wire_empties_release(struct wire_empties *e)
{
	for (int tls = 0; tls < 2; tls++)
		if (e->replies[tls] != NULL)
			MHD_destroy_response(e->replies[tls]);
	*e = (struct wire_empties){{NULL, NULL}};
}

static enum MHD_Result send_empty(struct serve_wire *w)
{
	struct serve *s = w->q.serve;

	return queue_kept(s, w->conn, w->connection, MHD_HTTP_OK,
	    sizeof(empty_json) - 1,
	    s->empties.replies[w->conn->kind == CONFIG_TLS]);
}

/* Of bytes that are copied. */
static enum MHD_Result send_copy(struct serve *s, struct conn *c,
    struct MHD_Connection *connection, const struct wire_refusal *what,
    const struct buf *bytes)
{
	struct MHD_Response *r = MHD_create_response_from_buffer(bytes->len,
	    bytes->data, MHD_RESPMEM_MUST_COPY);

	if (r == NULL)
		return MHD_NO;
	put_usual(r, PROBLEM_TYPE);
	if (what->close)
		put(r, "Connection", "close");
	if (what->status == MHD_HTTP_TOO_MANY_REQUESTS ||
	    what->status == MHD_HTTP_SERVICE_UNAVAILABLE)
		put(r, "Retry-After", "1");
	return queue(s, c, connection, what->status, bytes->len, r);
}

enum MHD_Result wire_refuse(struct serve *s, struct conn *c,
    struct MHD_Connection *connection, const struct wire_refusal *what)
{
	CLEANUP(buf_release) struct buf b = {0};
	enum err e = what->name == NULL ? problem_nothing(&b) :
	    problem_plain(what->status, what->name, &b);

	return e == ERR_OK ? send_copy(s, c, connection, what, &b) : MHD_NO;
}

/* ---- the reply of a handler ---- */

static struct MHD_Response *response_of(struct serve_wire *w)
{
	struct serve_reply *p = &w->q.reply;
	struct MHD_Response *r;

	if (p->fd_plus_one == 0)
		return MHD_create_response_from_buffer(p->bytes.len,
		    p->bytes.data, MHD_RESPMEM_PERSISTENT);
	r = MHD_create_response_from_fd_at_offset64(p->fd_len,
	    p->fd_plus_one - 1, p->fd_offset);
	if (r != NULL)
		p->fd_plus_one = 0;     /* closed with the response */
	return r;
}

static void put_reply_headers(const struct serve_reply *p,
    struct MHD_Response *r)
{
	char seconds[16];

	put_usual(r, p->type);
	if (p->etag[0] != '\0') {
		put(r, "ETag", p->etag);
		put(r, "Accept-Ranges", "bytes");
	}
	if (p->content_range[0] != '\0')
		put(r, "Content-Range", p->content_range);
	if (p->retry_after_s > 0) {
		(void)snprintf(seconds, sizeof(seconds), "%u",
		    p->retry_after_s);
		put(r, "Retry-After", seconds);
	}
}

/* Fill type, status and bytes where the handler left them to us. */
static enum err envelope(struct serve_wire *w)
{
	struct serve_request *q = &w->q;
	struct serve_reply *p = &q->reply;

	if (w->e == ERR_OK && p->empty) {
		p->type = JSON_TYPE;
		RETURN_IF(buf_append_str(&p->bytes, empty_json));
	}
	if (w->e == ERR_OK && p->type != NULL) {
		p->status = p->status == 0 ? MHD_HTTP_OK : p->status;
		return ERR_OK;
	}
	buf_clear(&p->bytes);
	p->fd_len = 0;
	p->etag[0] = p->content_range[0] = '\0';
	if (p->fd_plus_one != 0) {
		(void)close(p->fd_plus_one - 1);
		p->fd_plus_one = 0;
	}
	p->type = w->e == ERR_OK ? JSON_TYPE : PROBLEM_TYPE;
	if (w->e == ERR_OK) {
		p->status = p->status == 0 ? MHD_HTTP_OK : p->status;
		return problem_done(&q->outcome, TAKE(q->result), &p->bytes);
	}
	/* the operator may see everything, so may be told what is not there */
	if (w->e == ERR_NOT_FOUND && q->caller.role != SERVE_OPERATOR) {
		p->status = PROBLEM_NOTHING_STATUS;
		return problem_nothing(&p->bytes);
	}
	p->status = (unsigned)outcome_http_status(w->e);
	return problem_of(w->e, &q->outcome, &p->bytes);
}

static const char *refusal_name(unsigned status)
{
	return status == MHD_HTTP_CONTENT_TOO_LARGE ? "body-too-large" :
	    "busy";
}

enum MHD_Result wire_reply(struct serve_wire *w)
{
	struct serve *s = w->q.serve;
	struct serve_reply *p = &w->q.reply;
	struct MHD_Response *r;
	uint64_t len;

	if (w->refused != 0)
		return wire_refuse(s, w->conn, w->connection,
		    &(struct wire_refusal){w->refused,
			refusal_name(w->refused), 1});
	if (w->e == ERR_OK && p->empty && !atomic_load(&s->draining))
		return send_empty(w);
	if (envelope(w) != ERR_OK)
		return MHD_NO;
	len = p->fd_plus_one != 0 ? p->fd_len : p->bytes.len;
	r = response_of(w);
	if (r == NULL)
		return MHD_NO;
	put_reply_headers(p, r);
	if (atomic_load(&s->draining))
		put(r, "Connection", "close");
	return queue(s, w->conn, w->connection, p->status, len, r);
}
