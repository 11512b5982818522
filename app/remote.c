#include "app/remote.h"

#include <string.h>

#include "app/gateway_internal.h"

/* Rows of another owner are left out. */
static struct json_doc *only_owner(const struct json_doc *rows,
    const char *owner)
{
	struct json_doc *kept = json_doc_new_array();

	for (size_t i = 0; i < json_doc_len(rows); i++) {
		const struct json_doc *row = json_doc_at(rows, i);
		const char *is = json_doc_string(json_doc_get(row, "owner"));

		if (is != NULL && strcmp(is, owner) == 0)
			json_doc_add(kept, json_doc_copy(row));
	}
	return kept;
}

enum err remote_list(struct cli *cli, const char *path, const char *owner)
{
	CLEANUP(gateway_cleanup) struct gateway *g = NULL;
	struct json_doc *kept;

	RETURN_IF(gateway_open(cli, &g));
	RETURN_IF(gateway_get(g, path));
	if (owner == NULL)
		return ERR_OK;
	kept = only_owner(cli->result, owner);
	json_doc_free(cli->result);
	cli->result = kept;
	return ERR_OK;
}

enum err remote_post_signed(struct cli *cli, const char *path,
    const char *file, const char *sig)
{
	CLEANUP(gateway_cleanup) struct gateway *g = NULL;

	RETURN_IF(gateway_open(cli, &g));
	json_doc_free(TAKE(cli->result));
	return gateway_post_signed(g, path, file, sig);
}

enum err remote_post(struct cli *cli, const char *path,
    const struct json_doc *body)
{
	CLEANUP(gateway_cleanup) struct gateway *g = NULL;

	RETURN_IF(gateway_open(cli, &g));
	json_doc_free(TAKE(cli->result));
	return gateway_post_json(g, path, body);
}

enum err remote_packet(struct cli *cli, const struct gateway_ask *ask,
    const char *to, char ret_seat[REMOTE_NAME_MAX])
{
	CLEANUP(gateway_cleanup) struct gateway *g = NULL;
	const char *name;

	RETURN_IF(gateway_open(cli, &g));
	RETURN_IF(gateway_get(g, "/v1/session"));
	name = json_doc_string(json_doc_get(cli->result, "name"));
	if (name == NULL || strlen(name) >= REMOTE_NAME_MAX)
		return ERR_SYNTAX;
	memcpy(ret_seat, name, strlen(name) + 1);
	json_doc_free(TAKE(cli->result));
	return gateway_save(g, ask, to);
}

enum err remote_answer(struct cli *cli, const char *path, const char *answer,
    const char *sig)
{
	CLEANUP(gateway_cleanup) struct gateway *g = NULL;
	CLEANUP(buf_release) struct buf bytes = {0};

	RETURN_IF(gateway_open(cli, &g));
	json_doc_free(TAKE(cli->result));
	if (sig != NULL)
		return gateway_post_signed(g, path, answer, sig);
	RETURN_IF(remote_read(g, answer, &bytes));
	return gateway_ask(g, &(struct gateway_ask){.method = "POST",
	    .path = path, .type = "application/x-tar",
	    .body = bytes_buf(&bytes)});
}

enum err remote_read(struct gateway *g, const char *path, struct buf *out)
{
	return gateway_read(g, path, out);
}
