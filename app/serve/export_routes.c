/* Exports: listed, and fetched by the partner they are for. */
#include <stdio.h>
#include <string.h>

#include "app/ops/fetch.h"
#include "app/report.h"
#include "app/serve/body.h"
#include "app/serve/problem.h"
#include "app/serve/range.h"
#include "app/serve/routes.h"
#include "app/serve/visible.h"

#define TAR_TYPE "application/x-tar"

static enum err get_exports(struct serve_request *q)
{
	struct report_filter f;

	visible_filter(q, &f);
	return report_exports(q->home, &f, &q->result);
}

static enum err get_export(struct serve_request *q)
{
	struct register_export e;

	RETURN_IF(visible_export(q, q->params[0], &e));
	return visible_row(q, report_exports, "export", e.id);
}

/* ---- fetch ---- */

static enum err reply_none(struct serve_request *q, const struct fetch *f,
    unsigned status)
{
	struct serve_reply *p = &q->reply;

	p->status = status;
	p->type = status == 304 ? TAR_TYPE : PROBLEM_TYPE;
	(void)snprintf(p->etag, sizeof(p->etag), "%s", f->etag);
	if (status == 416)
		(void)snprintf(p->content_range, sizeof(p->content_range),
		    "bytes */%llu", (unsigned long long)f->bytes);
	if (status == 304)
		return ERR_OK;
	return problem_plain(status, status == 416 ? "range" : "changed",
	    &p->bytes);
}

static void reply_bytes(struct serve_request *q, struct fetch *f,
    const struct range_served *r)
{
	struct serve_reply *p = &q->reply;

	p->status = r->status;
	p->type = TAR_TYPE;
	(void)snprintf(p->etag, sizeof(p->etag), "%s", f->etag);
	if (r->status == 206)
		(void)snprintf(p->content_range, sizeof(p->content_range),
		    "bytes %llu-%llu/%llu", (unsigned long long)r->first,
		    (unsigned long long)(r->first + r->len - 1),
		    (unsigned long long)f->bytes);
	p->fd_plus_one = f->fd_plus_one;
	p->fd_offset = r->first;
	p->fd_len = r->len;
	f->fd_plus_one = 0;
}

static enum err get_bundle(struct serve_request *q)
{
	CLEANUP(fetch_release) struct fetch f = {0};
	const struct fetch_who who = {q->caller.owner, q->caller.name};
	struct range_asked asked = {
		.range = serve_header(q, "Range"),
		.if_range = serve_header(q, "If-Range"),
		.if_none_match = serve_header(q, "If-None-Match"),
		.if_match = serve_header(q, "If-Match"), .etag = f.etag};
	struct range_served r;

	RETURN_IF(fetch_open(q->home, &who, q->params[0], &f));
	asked.bytes = f.bytes;
	range_decide(&asked, &r);
	if (r.status != 200 && r.status != 206)
		return reply_none(q, &f, r.status);
	if (!serve_is_head(q))
		RETURN_IF(fetch_log(q->home, &f, r.first));
	reply_bytes(q, &f, &r);
	return ERR_OK;
}

static const struct serve_route rows[] = {
	{.method = "GET", .path = "/v1/exports",
	    .who = SERVE_CUSTODIAN | SERVE_PARTNER | SERVE_OPERATOR,
	    .lane = SERVE_DESK, .run = get_exports,
	    .operation = "listExports"},
	{.method = "GET", .path = "/v1/exports/{export}",
	    .who = SERVE_CUSTODIAN | SERVE_PARTNER | SERVE_OPERATOR,
	    .lane = SERVE_DESK, .run = get_export, .operation = "showExport"},
	{.method = "GET", .path = "/v1/exports/{export}/bundle",
	    .who = SERVE_PARTNER, .lane = SERVE_DESK, .run = get_bundle,
	    .operation = "fetchBundle"},
};

const struct serve_routes export_routes = {rows, ARRAY_LEN(rows)};
