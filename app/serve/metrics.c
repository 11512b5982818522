#include "app/serve/metrics.h"

#include <stdio.h>

#include "app/serve/serve_internal.h"
#include "app/serve/tls.h"
#include "vault/db.h"

void metrics_put(struct buf *out, const struct metrics_line *l)
{
	int braces = l->labels != NULL;

	/* a full buffer shows as a short page, nothing else */
	if (l->help != NULL)
		(void)!buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n",
		    l->name, l->help, l->name, l->type);
	(void)!buf_printf(out, "%s%s%s%s %.15g\n", l->name, braces ? "{" : "",
	    braces ? l->labels : "", braces ? "}" : "", l->value);
}

static void put_one(struct buf *out, const char *name, const char *type,
    const char *help, double value)
{
	metrics_put(out, &(struct metrics_line){name, type, help, NULL,
	    value});
}

static void put_requests(struct serve *s, struct buf *out)
{
	char label[32];

	for (unsigned i = 1; i < 6; i++) {
		(void)snprintf(label, sizeof(label), "class=\"%uxx\"", i);
		metrics_put(out, &(struct metrics_line){
		    "azukari_http_requests_total", "counter",
		    i == 1 ? "requests by status" : NULL, label,
		    (double)atomic_load(&s->counters.requests[i])});
	}
}

static void put_refused(struct serve *s, struct buf *out)
{
	char label[64];

	for (unsigned i = 1; i < FRONT_FAULTS; i++) {
		(void)snprintf(label, sizeof(label), "rule=\"%s\"",
		    front_name((enum front_fault)i));
		metrics_put(out, &(struct metrics_line){
		    "azukari_http_malformed_total", "counter",
		    i == 1 ? "requests refused by the front check" : NULL,
		    label, (double)atomic_load(&s->counters.front[i])});
	}
}

static void put_transport(struct serve *s, int64_t now, struct buf *out)
{
	struct serve_counters *c = &s->counters;

	put_one(out, "azukari_http_rate_refused_total", "counter",
	    "requests above the rate of their address",
	    (double)atomic_load(&c->rate_refused));
	put_one(out, "azukari_http_busy_refused_total", "counter",
	    "requests refused because too many waited",
	    (double)atomic_load(&c->busy_refused));
	put_one(out, "azukari_http_slow_closed_total", "counter",
	    "connections closed by the clock",
	    (double)atomic_load(&c->slow_closed));
	put_one(out, "azukari_http_unauthorised_total", "counter",
	    "requests without a session that may make them",
	    (double)atomic_load(&c->sessions_refused));
	put_one(out, "azukari_http_body_bytes_total", "counter",
	    "bytes of bodies read", (double)atomic_load(&c->bytes_in));
	put_one(out, "azukari_connections", "gauge", "open connections",
	    (double)conns_count(s->conns));
	put_one(out, "azukari_requests_open", "gauge", "requests under way",
	    (double)atomic_load(&s->requests_open));
	put_one(out, "azukari_sessions", "gauge", "live sessions",
	    (double)sessions_count(s->sessions, now));
}

static void put_work(struct serve *s, int64_t now, struct buf *out)
{
	put_one(out, "azukari_desk_waiting", "gauge",
	    "requests that wait for a desk",
	    (double)desk_waiting(s->desk));
	put_one(out, "azukari_desk_seconds_total", "counter",
	    "time spent by handlers",
	    (double)atomic_load(&s->counters.desk_ms) / 1000.0);
	put_one(out, "azukari_desk_requests_total", "counter",
	    "requests handled at desks",
	    (double)atomic_load(&s->counters.desk_runs));
	put_one(out, "azukari_cache_bytes", "gauge",
	    "what all databases keep in memory",
	    (double)db_memory_used());
	put_one(out, "azukari_uptime_seconds", "gauge", "since the start",
	    (double)(now - s->started_unix_s));
	put_one(out, "azukari_certificate_expires_seconds", "gauge",
	    "until the TLS certificate ends; 0 without one",
	    tls_expires_unix_s() == 0 ? 0.0 :
	    (double)(tls_expires_unix_s() - now));
}

enum err metrics_write(struct serve *s, int64_t now_unix_s, struct buf *out)
{
	size_t len;
	const struct serve_part *const *parts = parts_all(&len);

	put_requests(s, out);
	put_refused(s, out);
	put_transport(s, now_unix_s, out);
	put_work(s, now_unix_s, out);
	for (size_t i = 0; i < len && i < s->parts_len; i++)
		if (parts[i]->metrics != NULL)
			parts[i]->metrics(s->parts[i], out);
	return ERR_OK;
}
