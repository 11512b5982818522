/* Requests of partners, and what partners send back. */
#include <stdio.h>
#include <string.h>

#include "app/ops/ask.h"
#include "app/ops/notices.h"
#include "app/papers.h"
#include "app/serve/body.h"
#include "app/serve/routes.h"
#include "app/serve/visible.h"
#include "policy/request.h"

#define TEXT_MAX ((uint64_t)256 << 10)
#define READERS (SERVE_CUSTODIAN | SERVE_PARTNER | SERVE_OPERATOR)

/* {"text", "signature"} as FOLDER/NAME and FOLDER/NAME.sig. */
static enum err put_signed(struct serve_request *q,
    const struct body_folder *f, const char *name, char ret[FS_PATH_MAX],
    char ret_sig[FS_PATH_MAX], struct buf *ret_text)
{
	static const char *const keys[] = {"text", "signature", NULL};
	CLEANUP(json_doc_cleanup) struct json_doc *doc = NULL;
	const char *text, *sig;
	char sig_name[64];

	RETURN_IF(body_json(q, keys, &doc));
	RETURN_IF(body_text(q, doc, "text", &text));
	RETURN_IF(body_text(q, doc, "signature", &sig));
	(void)snprintf(sig_name, sizeof(sig_name), "%s.sig", name);
	RETURN_IF(buf_append_str(ret_text, text));
	RETURN_IF(body_folder_put(f, name, bytes_str(text), ret));
	return body_folder_put(f, sig_name, bytes_str(sig), ret_sig);
}

/* ---- requests ---- */

/* Each owner decides alone; this caller hears the decision of its own. */
static void decided(void *ctx, const char *owner, const struct decision *d)
{
	struct serve_request *q = ctx;

	if (strcmp(owner, q->caller.owner) == 0)
		report_decided(q->result, &q->outcome, owner, d);
}

static enum err check_partner(struct serve_request *q,
    const struct buf *text)
{
	CLEANUP(request_release) struct request r = {0};

	RETURN_IF(request_parse(bytes_buf(text), &r, &q->outcome.info));
	if (strcmp(r.partner, q->caller.name) == 0)
		return ERR_OK;
	return outcome_refuse(&q->outcome, ERR_REFUSED,
	    "this is the request of another partner",
	    "これは別の提供先の申請です");
}

static enum err post_request(struct serve_request *q)
{
	CLEANUP(body_folder_remove) struct body_folder f = {0};
	CLEANUP(buf_release) struct buf text = {0};
	char path[FS_PATH_MAX], sig[FS_PATH_MAX];

	RETURN_IF(body_folder_make(q, &f));
	RETURN_IF(put_signed(q, &f, "request.txt", path, sig, &text));
	RETURN_IF(check_partner(q, &text));
	q->result = json_doc_new_array();
	q->reply.status = 201;
	return ask_submit(q->home, path, sig, decided, q);
}

static enum err get_requests(struct serve_request *q)
{
	struct report_filter f;

	visible_filter(q, &f);
	return report_requests(q->home, &f, &q->result);
}

static enum err show_request(struct serve_request *q, const char *owner)
{
	CLEANUP(decision_release) struct decision d = {0};
	CLEANUP(paper_release) struct paper p = {0};
	const struct register_query by_name = {.kind = REGISTER_REQUEST,
	    .owner = owner, .name = q->params[0]};
	struct json_doc *rows = json_doc_new_array();

	q->result = json_doc_new_object();
	json_doc_set(q->result, "decisions", rows);
	RETURN_IF(papers_find(q->home, &by_name, &p));
	if (q->caller.role == SERVE_PARTNER &&
	    strcmp(p.row.subject, q->caller.name) != 0)
		return ERR_NOT_FOUND;
	json_doc_set_string(q->result, "text", buf_text(&p.bytes));
	RETURN_IF(ask_decide(q->home, owner, q->params[0], &d));
	report_decided(rows, &q->outcome, owner, &d);
	return ERR_OK;
}

static enum err get_request(struct serve_request *q)
{
	return show_request(q, q->caller.owner);
}

/* ---- receipts, certificates of destruction, answers to notices ---- */

/* Which export a text speaks of, before it is looked at in earnest. */
static enum err names_export(struct serve_request *q, const struct buf *text)
{
	struct bytes rest = bytes_buf(text), line;
	char wanted[SERVE_PARAM_LEN + 16];

	(void)snprintf(wanted, sizeof(wanted), "export: %s", q->params[0]);
	while (bytes_take_line(&rest, &line) == ERR_OK)
		if (bytes_equal(line, bytes_str(wanted)))
			return ERR_OK;
	return outcome_refuse(&q->outcome, ERR_MISMATCH,
	    "this text is not about %s", "この文書は%sについてのものではありません",
	    q->params[0]);
}

static enum err post_paper(struct serve_request *q)
{
	CLEANUP(body_folder_remove) struct body_folder f = {0};
	CLEANUP(buf_release) struct buf text = {0};
	struct register_export e;
	char path[FS_PATH_MAX], sig[FS_PATH_MAX];

	RETURN_IF(visible_export(q, q->params[0], &e));
	RETURN_IF(body_folder_make(q, &f));
	RETURN_IF(put_signed(q, &f, "answer.txt", path, sig, &text));
	RETURN_IF(names_export(q, &text));
	return notices_accept(q->home, path);
}

/* ---- notices ---- */

static enum err add_notice(void *ctx, const struct register_document *doc)
{
	struct json_doc *row = json_doc_new_object();

	json_doc_set_int(row, "number", (int64_t)doc->version);
	json_doc_set_string(row, "owner", doc->owner);
	json_doc_add(ctx, row);
	return ERR_OK;
}

static enum err get_notices(struct serve_request *q)
{
	const struct register_query all = {.kind = REGISTER_NOTICE,
	    .owner = q->caller.owner, .subject = q->caller.name};

	q->result = json_doc_new_array();
	return register_document_each(q->home->reg, &all, add_notice,
	    q->result);
}

static enum err gateway_sig(void *ctx, const char *signer,
    struct bytes armour)
{
	if (strcmp(signer, "gateway") != 0)
		return ERR_OK;
	return buf_append(ctx, armour.data, armour.len);
}

static enum err get_notice(struct serve_request *q)
{
	CLEANUP(paper_release) struct paper p = {0};
	CLEANUP(buf_release) struct buf sig = {0};
	struct register_query one = {.kind = REGISTER_NOTICE,
	    .owner = q->caller.owner, .subject = q->caller.name};
	uint64_t number = 0;

	for (const char *c = q->params[0]; *c != '\0'; c++) {
		if (*c < '0' || *c > '9' || number > 1000000)
			return ERR_NOT_FOUND;
		number = number * 10 + (uint64_t)(*c - '0');
	}
	if (number == 0)
		return ERR_NOT_FOUND;
	one.version = number;
	RETURN_IF(papers_find(q->home, &one, &p));
	RETURN_IF(register_signature_each(q->home->reg, p.row.id, gateway_sig,
	    &sig));
	q->result = json_doc_new_object();
	json_doc_set_int(q->result, "number", (int64_t)number);
	json_doc_set_string(q->result, "text", buf_text(&p.bytes));
	json_doc_set_string(q->result, "signature", buf_text(&sig));
	return ERR_OK;
}

static const struct serve_route rows[] = {
	{.method = "POST", .path = "/v1/requests", .who = SERVE_PARTNER,
	    .lane = SERVE_DESK, .takes = BODY_JSON, .body_max = TEXT_MAX,
	    .run = post_request, .operation = "submitRequest"},
	{.method = "GET", .path = "/v1/requests", .who = READERS,
	    .lane = SERVE_DESK, .run = get_requests,
	    .operation = "listRequests"},
	{.method = "GET", .path = "/v1/requests/{request}",
	    .who = SERVE_CUSTODIAN | SERVE_PARTNER, .lane = SERVE_DESK,
	    .run = get_request, .operation = "showRequest"},
	{.method = "POST", .path = "/v1/exports/{export}/papers",
	    .who = SERVE_PARTNER, .lane = SERVE_DESK, .takes = BODY_JSON,
	    .body_max = TEXT_MAX, .run = post_paper,
	    .operation = "postPaper"},
	{.method = "GET", .path = "/v1/notices", .who = SERVE_PARTNER,
	    .lane = SERVE_DESK, .run = get_notices,
	    .operation = "listNotices"},
	{.method = "GET", .path = "/v1/notices/{number}",
	    .who = SERVE_PARTNER, .lane = SERVE_DESK, .run = get_notice,
	    .operation = "showNotice"},
};

const struct serve_routes request_routes = {rows, ARRAY_LEN(rows)};
