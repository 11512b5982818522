/* What officers do beside plans: byte release, and the drill of their key. */
#include <string.h>

#include "app/ops/byterelease.h"
#include "app/ops/drill.h"
#include "app/ops/plans.h"
#include "app/report.h"
#include "app/serve/body.h"
#include "app/serve/routes.h"
#include "app/serve/visible.h"

#define TAR_TYPE "application/x-tar"
#define ANSWER_MAX ((uint64_t)1 << 20)

/* What was sent: a packet, or a text and its signature ("" in ${ret_sig}
 * otherwise). */
static enum err put_answer(struct serve_request *q,
    const struct body_folder *f, char ret[FS_PATH_MAX],
    char ret_sig[FS_PATH_MAX])
{
	static const char *const keys[] = {"text", "signature", NULL};
	CLEANUP(json_doc_cleanup) struct json_doc *doc = NULL;
	const char *type = serve_header(q, "Content-Type");
	const char *text, *sig;

	ret_sig[0] = '\0';
	if (type == NULL || strncmp(type, BODY_JSON, strlen(BODY_JSON)) != 0)
		return body_folder_put(f, "answer", bytes_buf(&q->body), ret);
	RETURN_IF(body_json(q, keys, &doc));
	RETURN_IF(body_text(q, doc, "text", &text));
	RETURN_IF(body_text(q, doc, "signature", &sig));
	RETURN_IF(body_folder_put(f, "answer", bytes_str(text), ret));
	return body_folder_put(f, "answer.sig", bytes_str(sig), ret_sig);
}

/* ---- byte release ---- */

static enum err get_byterelease(struct serve_request *q)
{
	CLEANUP(body_folder_remove) struct body_folder f = {0};
	struct register_export e;
	char path[FS_PATH_MAX];

	RETURN_IF(plans_expire(q->home));
	RETURN_IF(visible_export(q, q->params[0], &e));
	RETURN_IF(body_folder_make(q, &f));
	RETURN_IF(fs_path(path, "%s/packet", f.path));
	RETURN_IF(byterelease_pack(q->home, e.id, path));
	return body_reply_file(q, path, TAR_TYPE);
}

static enum err post_byterelease(struct serve_request *q)
{
	CLEANUP(body_folder_remove) struct body_folder f = {0};
	struct byterelease_accept_args args;
	struct byterelease_result r;
	struct register_export e;
	char path[FS_PATH_MAX], sig[FS_PATH_MAX];

	RETURN_IF(plans_expire(q->home));
	RETURN_IF(visible_export(q, q->params[0], &e));
	RETURN_IF(body_folder_make(q, &f));
	RETURN_IF(put_answer(q, &f, path, sig));
	args = (struct byterelease_accept_args){.answer = path,
	    .sig = sig[0] == '\0' ? NULL : sig, .export_id = e.id};
	RETURN_IF(byterelease_accept(q->home, &args, &r));
	q->result = report_byterelease(&r);
	return ERR_OK;
}

/* ---- drill ---- */

/* For the caller's own seat; it takes the place of an earlier one. */
static enum err post_drill(struct serve_request *q)
{
	CLEANUP(body_folder_remove) struct body_folder f = {0};
	char path[FS_PATH_MAX];
	const struct drill_pack_args args = {.owner = q->caller.owner,
	    .seat = q->caller.name, .path = path};

	RETURN_IF(body_folder_make(q, &f));
	RETURN_IF(fs_path(path, "%s/packet", f.path));
	RETURN_IF(drill_pack(q->home, &args));
	return body_reply_file(q, path, TAR_TYPE);
}

static enum err post_drill_answer(struct serve_request *q)
{
	CLEANUP(body_folder_remove) struct body_folder f = {0};
	char path[FS_PATH_MAX], sig[FS_PATH_MAX];

	RETURN_IF(body_folder_make(q, &f));
	RETURN_IF(put_answer(q, &f, path, sig));
	return drill_accept(q->home, path, sig[0] == '\0' ? NULL : sig);
}

static const struct serve_route rows[] = {
	{.method = "GET", .path = "/v1/exports/{export}/byterelease",
	    .who = SERVE_CUSTODIAN, .lane = SERVE_DESK,
	    .run = get_byterelease, .operation = "fetchByteRelease"},
	{.method = "POST", .path = "/v1/exports/{export}/byterelease",
	    .who = SERVE_CUSTODIAN, .lane = SERVE_DESK,
	    .takes = TAR_TYPE " " BODY_JSON, .body_max = ANSWER_MAX,
	    .run = post_byterelease, .operation = "postByteRelease"},
	{.method = "POST", .path = "/v1/drill", .who = SERVE_CUSTODIAN,
	    .lane = SERVE_DESK, .run = post_drill, .operation = "makeDrill"},
	{.method = "POST", .path = "/v1/drill/answer",
	    .who = SERVE_CUSTODIAN, .lane = SERVE_DESK,
	    .takes = TAR_TYPE " " BODY_JSON, .body_max = ANSWER_MAX,
	    .run = post_drill_answer, .operation = "postDrillAnswer"},
};

const struct serve_routes officer_routes = {rows, ARRAY_LEN(rows)};
