/* Is it alive, is it ready, and in numbers. */
#include <string.h>

#include "app/serve/body.h"
#include "app/serve/metrics.h"
#include "app/serve/routes.h"
#include "app/serve/serve_internal.h"

#define PROMETHEUS "text/plain; version=0.0.4; charset=utf-8"

static enum err get_healthz(struct serve_request *q)
{
	return body_reply_text(q, bytes_str("ok\n"),
	    "text/plain; charset=utf-8");
}

/* Ready: it takes work and its stores answered when they were last looked at
 * (gauges.h).  A service that is drained says so and is taken out of use. */
static enum err get_readyz(struct serve_request *q)
{
	const char *word = atomic_load(&q->serve->draining) ? "draining\n" :
	    atomic_load(&q->serve->unwell) ? "stores\n" : "ready\n";

	if (strcmp(word, "ready\n") != 0)
		q->reply.status = 503;
	return body_reply_text(q, bytes_str(word),
	    "text/plain; charset=utf-8");
}

static enum err get_metrics(struct serve_request *q)
{
	RETURN_IF(metrics_write(q->serve, q->now_unix_s, &q->reply.bytes));
	q->reply.type = PROMETHEUS;
	return ERR_OK;
}

static const struct serve_route rows[] = {
	{.method = "GET", .path = "/healthz", .run = get_healthz,
	    .unlimited_rate = 1, .operation = "isAlive"},
	{.method = "GET", .path = "/readyz", .run = get_readyz,
	    .unlimited_rate = 1, .operation = "isReady"},
	{.method = "GET", .path = "/metrics",
	    .who = SERVE_LOCAL | SERVE_OPERATOR, .run = get_metrics,
	    .operation = "showMetrics"},
};

const struct serve_routes health_routes = {rows, ARRAY_LEN(rows)};
