/* Plans: frozen by the operator, fetched and answered by officers. */
#include <string.h>

#include "app/ops/accept.h"
#include "app/ops/freeze.h"
#include "app/ops/plan_pack.h"
#include "app/ops/plans.h"
#include "app/serve/body.h"
#include "app/serve/routes.h"
#include "app/serve/visible.h"
#include "core/encode.h"

#define TAR_TYPE "application/x-tar"
#define ANSWER_MAX ((uint64_t)64 << 20)
#define READERS (SERVE_CUSTODIAN | SERVE_PARTNER | SERVE_OPERATOR)

static enum err get_plans(struct serve_request *q)
{
	struct report_filter f;

	RETURN_IF(plans_expire(q->home));
	visible_filter(q, &f);
	return report_plans(q->home, &f, &q->result);
}

/* The row of the list, and the signed text. */
static enum err get_plan(struct serve_request *q)
{
	CLEANUP(ballot_free) struct ballot *b = NULL;
	struct register_plan p;

	RETURN_IF(plans_expire(q->home));
	RETURN_IF(visible_plan(q, q->params[0], &p));
	RETURN_IF(ballot_new(&b));
	RETURN_IF(ballot_load(q->home, p.id, b));
	RETURN_IF(visible_row(q, report_plans, "plan", p.id));
	json_doc_set_string(q->result, "text", buf_text(&b->plan_text));
	json_doc_set_string(q->result, "signature", buf_text(&b->plan_sig));
	return ERR_OK;
}

static enum err post_plan(struct serve_request *q)
{
	static const char *const keys[] = {"owner", "request", "days", NULL};
	CLEANUP(json_doc_cleanup) struct json_doc *doc = NULL;
	const char *owner, *request;
	struct register_plan plan;
	int64_t days = 0;

	RETURN_IF(body_json(q, keys, &doc));
	RETURN_IF(body_text(q, doc, "owner", &owner));
	RETURN_IF(body_text(q, doc, "request", &request));
	if (json_doc_get(doc, "days") != NULL)
		RETURN_IF(json_doc_need_int(doc, "days", 1, 3660, "body",
		    &days, &q->outcome.info));
	RETURN_IF(freeze_plan(q->home, owner, request, (unsigned)days,
	    &plan));
	q->result = json_doc_new_object();
	json_doc_set_string(q->result, "plan", plan.id);
	json_doc_set_string(q->result, "export", plan.export_id);
	q->reply.status = 201;
	return ERR_OK;
}

/* The packet for the caller's own seat. */
static enum err get_packet(struct serve_request *q)
{
	CLEANUP(body_folder_remove) struct body_folder f = {0};
	struct plan_pack_args args = {.seat = q->caller.name};
	struct register_plan p;
	char path[FS_PATH_MAX];

	RETURN_IF(plans_expire(q->home));
	RETURN_IF(visible_plan(q, q->params[0], &p));
	RETURN_IF(body_folder_make(q, &f));
	RETURN_IF(fs_path(path, "%s/packet", f.path));
	args.plan = p.id;
	args.path = path;
	RETURN_IF(plan_pack(q->home, &args));
	return body_reply_file(q, path, TAR_TYPE);
}

/* ---- answers ---- */

static enum err accept(struct serve_request *q, struct accept_args *args)
{
	struct accept_result r;

	args->plan = q->params[0];
	RETURN_IF(accept_answer(q->home, args, &r));
	q->result = report_accepted(&r);
	return report_next(q->home, r.plan);
}

/* shares.age travels in base64 here. */
static enum err put_shares(struct serve_request *q,
    const struct body_folder *f, const char *text, char ret[FS_PATH_MAX])
{
	CLEANUP(buf_release) struct buf bytes = {0};
	size_t len = 0;

	RETURN_IF(buf_reserve(&bytes, strlen(text)));
	if (decode_b64(bytes_str(text), 1, bytes.data, strlen(text),
	    &len) != ERR_OK)
		return err_at(&q->outcome.info, ERR_SYNTAX, 0,
		    "body: shares is base64");
	return body_folder_put(f, "shares.age", bytes_of(bytes.data, len),
	    ret);
}

/* A text made by hand: {"text", "signature", "shares"}. */
static enum err accept_by_hand(struct serve_request *q,
    const struct body_folder *f)
{
	static const char *const keys[] = {"text", "signature", "shares",
	    NULL};
	CLEANUP(json_doc_cleanup) struct json_doc *doc = NULL;
	char text_path[FS_PATH_MAX], sig_path[FS_PATH_MAX];
	char shares_path[FS_PATH_MAX];
	struct accept_args args = {.answer = text_path, .sig = sig_path};
	const char *text, *sig, *shares;

	RETURN_IF(body_json(q, keys, &doc));
	RETURN_IF(body_text(q, doc, "text", &text));
	RETURN_IF(body_text(q, doc, "signature", &sig));
	RETURN_IF(body_folder_put(f, "answer.txt", bytes_str(text),
	    text_path));
	RETURN_IF(body_folder_put(f, "answer.txt.sig", bytes_str(sig),
	    sig_path));
	if (json_doc_get(doc, "shares") != NULL) {
		RETURN_IF(body_text(q, doc, "shares", &shares));
		RETURN_IF(put_shares(q, f, shares, shares_path));
		args.shares = shares_path;
	}
	return accept(q, &args);
}

static enum err post_answer(struct serve_request *q)
{
	CLEANUP(body_folder_remove) struct body_folder f = {0};
	const char *type = serve_header(q, "Content-Type");
	struct accept_args args = {0};
	struct register_plan p;
	char path[FS_PATH_MAX];

	RETURN_IF(visible_plan(q, q->params[0], &p));
	RETURN_IF(body_folder_make(q, &f));
	if (type != NULL && strncmp(type, BODY_JSON, strlen(BODY_JSON)) == 0)
		return accept_by_hand(q, &f);
	RETURN_IF(body_folder_put(&f, "answer", bytes_buf(&q->body), path));
	args.answer = path;
	return accept(q, &args);
}

static const struct serve_route rows[] = {
	{.method = "GET", .path = "/v1/plans", .who = READERS,
	    .lane = SERVE_DESK, .run = get_plans, .operation = "listPlans"},
	{.method = "POST", .path = "/v1/plans", .who = SERVE_OPERATOR,
	    .lane = SERVE_DESK, .takes = BODY_JSON, .body_max = 4096,
	    .run = post_plan, .operation = "freezePlan"},
	{.method = "GET", .path = "/v1/plans/{plan}", .who = READERS,
	    .lane = SERVE_DESK, .run = get_plan, .operation = "showPlan"},
	{.method = "GET", .path = "/v1/plans/{plan}/packet",
	    .who = SERVE_CUSTODIAN, .lane = SERVE_DESK, .run = get_packet,
	    .operation = "fetchPacket"},
	{.method = "POST", .path = "/v1/plans/{plan}/answers",
	    .who = SERVE_CUSTODIAN, .lane = SERVE_DESK,
	    .takes = TAR_TYPE " " BODY_JSON, .body_max = ANSWER_MAX,
	    .run = post_answer, .operation = "postAnswer"},
};

const struct serve_routes plan_routes = {rows, ARRAY_LEN(rows)};
