/* What the head of a request alone can be judged by: front check, rate, route,
 * body rules, session. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "app/serve/route.h"
#include "app/serve/tls.h"
#include "app/serve/wire.h"
#include "core/clock.h"

#define BEARER "Bearer "

static unsigned refuse(struct wire_refusal *r, unsigned status,
    const char *name, int close)
{
	*r = (struct wire_refusal){status, name, close};
	return status;
}

/* ---- front check ---- */

struct head {
	struct front front;
	struct buf headers;             /* name NUL value NUL */
	uintptr_t at;                   /* where the next line must begin */
};

static void head_release(struct head *h)
{
	buf_release(&h->headers);
}

/* libmicrohttpd takes lines that end in a bare LF, folded lines, lines without
 * a name and values with a NUL, and hands over what it made of them.  Its
 * strings stand where they came in, so the places tell whether a head was
 * exactly `NAME:` spaces `VALUE` CRLF, line behind line.  Where a version kept
 * them elsewhere, everything would be refused: the tests would tell. */
static void check_line(struct head *h, const char *name, size_t name_len,
    const char *value, size_t value_len)
{
	uintptr_t from = (uintptr_t)name + name_len, to = (uintptr_t)value;

	if ((uintptr_t)name != h->at || to <= from ||
	    to - from > FRONT_VALUE_MAX)
		front_fault(&h->front, FRONT_LINES);
	else
		for (const char *c = name + name_len + 1; c < value; c++)
			if (*c != ' ' && *c != '\t')
				front_fault(&h->front, FRONT_LINES);
	h->at = to + value_len + 2;
}

static enum MHD_Result put_header(void *cls, enum MHD_ValueKind kind,
    const char *name, size_t name_len, const char *value, size_t value_len)
{
	struct head *h = cls;

	(void)kind;
	if (value == NULL)
		front_fault(&h->front, FRONT_LINES);
	else
		check_line(h, name, name_len, value, value_len);
	value = value == NULL ? "" : value;
	front_header(&h->front, bytes_of(name, name_len),
	    bytes_of(value, value_len));
	if (h->front.fault != FRONT_FINE ||
	    buf_append(&h->headers, name, name_len) != ERR_OK ||
	    buf_append_u8(&h->headers, 0) != ERR_OK ||
	    buf_append(&h->headers, value, value_len) != ERR_OK ||
	    buf_append_u8(&h->headers, 0) != ERR_OK)
		return MHD_NO;
	return MHD_YES;
}

/* `METHOD target HTTP/1.1` CRLF, one space each. */
static void check_request_line(struct head *h, const struct conn *c,
    const char *method)
{
	h->at = c->target_at + strlen(c->target) + strlen(" HTTP/1.1\r\n");
	if ((uintptr_t)method + strlen(method) + 1 != c->target_at)
		front_fault(&h->front, FRONT_LINES);
}

/* CRLF and nothing else behind the last line. */
static void check_end(struct head *h, struct MHD_Connection *connection,
    const char *method)
{
	const union MHD_ConnectionInfo *size = MHD_get_connection_info(
	    connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);

	if (size == NULL || (uintptr_t)method + size->header_size != h->at + 2)
		front_fault(&h->front, FRONT_LINES);
}

static unsigned check_front(struct serve *s, struct conn *c,
    struct MHD_Connection *connection, const char *method,
    const char *version, struct head *h, struct wire_refusal *r)
{
	enum front_fault fault;

	const union MHD_ConnectionInfo *size = MHD_get_connection_info(
	    connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);

	/* once for all; where it fails, put_header will, too */
	if (size != NULL)
		(void)!buf_reserve(&h->headers, size->header_size);
	front_line(&h->front, method, version, c->target);
	check_request_line(h, c, method);
	(void)MHD_get_connection_values_n(connection, MHD_HEADER_KIND,
	    put_header, h);
	check_end(h, connection, method);
	fault = front_end(&h->front);
	if (fault == FRONT_FINE)
		return 0;
	atomic_fetch_add(&s->counters.front[fault], 1);
	return refuse(r, front_status(fault), front_name(fault), 1);
}

/* ---- single headers ---- */

static const char *header(const struct buf *headers, const char *name)
{
	const char *at = (const char *)headers->data, *found = NULL;
	const char *end = at + headers->len;
	size_t count = 0;

	while (at < end) {
		const char *value = at + strlen(at) + 1;

		if (strcasecmp(at, name) == 0) {
			found = value;
			count++;
		}
		at = value + strlen(value) + 1;
	}
	return count == 1 ? found : NULL;
}

int serve_is_head(const struct serve_request *q)
{
	return q->wire->is_head;
}

const char *serve_header(const struct serve_request *q, const char *name)
{
	return header(&q->wire->headers, name);
}

/* Behind a proxy the last address it names is the one it has seen. */
static void take_address(const struct conn *c, const struct buf *headers,
    char ret[SERVE_ADDRESS_LEN])
{
	const char *list = header(headers, "X-Forwarded-For");
	const char *last;
	size_t len;

	memcpy(ret, c->address, SERVE_ADDRESS_LEN);
	if (c->kind != CONFIG_PLAIN || list == NULL)
		return;
	last = strrchr(list, ',');
	last = last == NULL ? list : last + 1;
	last += strspn(last, " ");
	len = strlen(last);
	if (len == 0 || len >= SERVE_ADDRESS_LEN)
		return;
	memcpy(ret, last, len + 1);
}

/* ---- route and body ---- */

static const struct serve_route *find_route(const struct conn *c,
    const char *method, struct route_params *params, int *ret_known)
{
	char path[FRONT_TARGET_MAX + 2];
	size_t len = strcspn(c->target, "?");

	memcpy(path, c->target, len);
	path[len] = '\0';
	return route_find(method, path, params, ret_known);
}

static unsigned check_body(const struct serve_route *route,
    const struct front *f, const char *type, struct wire_refusal *r)
{
	if (!front_has_body(f))
		return 0;
	if (route->takes == NULL)
		return refuse(r, MHD_HTTP_BAD_REQUEST, "no-body-here", 1);
	if (f->length > route->body_max)
		return refuse(r, MHD_HTTP_CONTENT_TOO_LARGE, "body-too-large",
		    1);
	if (!route_takes(route, type))
		return refuse(r, MHD_HTTP_UNSUPPORTED_MEDIA_TYPE,
		    "content-type", 1);
	return 0;
}

/* ---- who ---- */

static void take_client_cert(const struct conn *c,
    struct MHD_Connection *connection, struct serve_request *q)
{
	const union MHD_ConnectionInfo *info;

	if (c->kind != CONFIG_TLS)
		return;
	info = MHD_get_connection_info(connection,
	    MHD_CONNECTION_INFO_GNUTLS_SESSION);
	if (info != NULL && info->tls_session != NULL)
		q->has_client_cert = tls_peer(info->tls_session,
		    q->client_cert_sha256) == ERR_OK;
}

/* 1 when the route is for this caller. */
static int is_allowed(struct serve *s, const struct conn *c,
    struct serve_request *q)
{
	const char *auth = serve_header(q, "Authorization");
	unsigned who = q->route->who;

	if (auth != NULL &&
	    strncasecmp(auth, BEARER, strlen(BEARER)) == 0 &&
	    !sessions_find(s->sessions, auth + strlen(BEARER), q->now_unix_s,
	    &q->caller))
		q->caller = (struct serve_caller){0};
	if (who == SERVE_ANYONE || (who & SERVE_SOURCE) != 0)
		return 1;
	if ((who & SERVE_LOCAL) != 0 && c->kind == CONFIG_LOCAL)
		return 1;
	return (who & (unsigned)q->caller.role) != 0;
}

static struct serve_wire *new_wire(struct serve *s, struct conn *c,
    struct MHD_Connection *connection)
{
	struct serve_wire *w = wire_new(c);

	if (w == NULL)
		return NULL;
	w->connection = connection;
	w->conn = c;
	w->q.serve = s;
	w->q.wire = w;
	w->q.now_unix_s = clock_now_unix_s();
	w->q.local = c->kind == CONFIG_LOCAL;
	return w;
}

/* The listener for the operator's own machine serves nothing else, and nobody
 * else is served what is only for there. */
static int is_for_listener(const struct conn *c,
    const struct serve_route *route)
{
	return c->kind != CONFIG_LOCAL || (route->who & SERVE_LOCAL) != 0 ||
	    route->who == SERVE_ANYONE;
}

static unsigned check_rate(struct serve *s, const struct serve_route *route,
    const char *address, struct wire_refusal *r)
{
	if (route != NULL && route->unlimited_rate)
		return 0;
	if (rate_allows(s->rate, address, 1, clock_monotonic_ms()))
		return 0;
	atomic_fetch_add(&s->counters.rate_refused, 1);
	return refuse(r, MHD_HTTP_TOO_MANY_REQUESTS, "too-many-requests", 1);
}

/* Everything is judged but who calls. */
static unsigned make_wire(struct serve *s, struct conn *c,
    struct MHD_Connection *connection, struct head *h,
    struct serve_wire **ret)
{
	struct serve_wire *w = new_wire(s, c, connection);

	if (w == NULL)
		return 0;
	w->headers = h->headers;
	h->headers = (struct buf){0};
	memcpy(w->target, c->target, strlen(c->target) + 1);
	take_client_cert(c, connection, &w->q);
	*ret = w;
	return 1;
}

unsigned wire_head(struct serve *s, struct conn *c,
    struct MHD_Connection *connection, const char *method,
    const char *version, struct serve_wire **ret,
    struct wire_refusal *r)
{
	CLEANUP(head_release) struct head h = {0};
	struct route_params params;
	char address[SERVE_ADDRESS_LEN];
	const struct serve_route *route;
	int known = 0, body;

	if (check_front(s, c, connection, method, version, &h, r) != 0)
		return r->status;
	body = front_has_body(&h.front);
	take_address(c, &h.headers, address);
	route = find_route(c, method, &params, &known);
	if (check_rate(s, route, address, r) != 0)
		return r->status;
	if (route == NULL && known)
		return refuse(r, MHD_HTTP_METHOD_NOT_ALLOWED, "method", body);
	if (route == NULL || !is_for_listener(c, route))
		return refuse(r, MHD_HTTP_NOT_FOUND, NULL, body);
	if (check_body(route, &h.front, header(&h.headers, "Content-Type"),
	    r) != 0)
		return r->status;
	if (!make_wire(s, c, connection, &h, ret))
		return refuse(r, MHD_HTTP_SERVICE_UNAVAILABLE, "no-memory", 1);
	(*ret)->q.route = route;
	(*ret)->is_head = strcmp(method, "HEAD") == 0;
	(*ret)->q.body.max = (size_t)route->body_max;
	memcpy((*ret)->q.params, params.values,
	    params.len * sizeof(params.values[0]));
	memcpy((*ret)->q.address, address, sizeof(address));
	if (is_allowed(s, c, &(*ret)->q))
		return 0;
	atomic_fetch_add(&s->counters.sessions_refused, 1);
	wire_unref(TAKE(*ret));
	return refuse(r, MHD_HTTP_NOT_FOUND, NULL, body);
}

/* ---- the query ---- */

static int hex_value(char c)
{
	return c >= '0' && c <= '9' ? c - '0' :
	    c >= 'a' && c <= 'f' ? c - 'a' + 10 :
	    c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Into ${ret}; 0 when it is too long, or what comes out is not printable. */
static int decode(const char *text, size_t len, char *ret, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		int c = (unsigned char)text[i];

		if (c == '%') {
			if (i + 3 > len || hex_value(text[i + 1]) < 0 ||
			    hex_value(text[i + 2]) < 0)
				return 0;
			c = hex_value(text[i + 1]) * 16 +
			    hex_value(text[i + 2]);
			i += 2;
		}
		if (c < 0x20 || c >= 0x7f || n + 1 >= size)
			return 0;
		ret[n++] = (char)c;
	}
	ret[n] = '\0';
	return 1;
}

int serve_query(const struct serve_request *q, const char *name,
    char ret[SERVE_QUERY_MAX])
{
	const char *at = strchr(q->wire->target, '?');
	size_t name_len = strlen(name);

	while (at != NULL && *at != '\0') {
		size_t len = strcspn(++at, "&");

		if (len > name_len && strncmp(at, name, name_len) == 0 &&
		    at[name_len] == '=')
			return decode(at + name_len + 1, len - name_len - 1,
			    ret, SERVE_QUERY_MAX);
		at += len;
	}
	return 0;
}
