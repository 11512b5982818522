#include "app/gateway.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/gateway_internal.h"
#include "core/utf8.h"

#define JSON_TYPE "application/json"

/* ---- one exchange ---- */

static enum err failed(struct gateway *g, CURLcode code)
{
	struct outcome *o = &g->cli->outcome;

	if (g->e != ERR_OK)             /* our own writing */
		return g->e;
	if (code == CURLE_PEER_FAILED_VERIFICATION ||
	    code == CURLE_SSL_CACERT_BADFILE)
		return outcome_refuse(o, ERR_UNTRUSTED,
		    "%s does not prove to be itself; --ca FILE names another certificate",
		    "%sの証明書を確認できません。--ca FILE で証明書を指定できます",
		    g->cli->gateway);
	if (code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL)
		return outcome_refuse(o, ERR_USAGE,
		    "%s is no address of a service (https://HOST[:PORT])",
		    "%sはサービスのアドレスではありません（https://ホスト[:ポート]）",
		    g->cli->gateway);
	return outcome_refuse(o, ERR_BUSY, "%s does not answer: %s",
	    "%sが応答しません: %s", g->cli->gateway, curl_easy_strerror(code));
}

static enum err add_header(struct curl_slist **list, const char *fmt,
    const char *value)
{
	CLEANUP(buf_release) struct buf line = {0};
	struct curl_slist *more;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	RETURN_IF(buf_printf(&line, fmt, value));
#pragma GCC diagnostic pop
	more = curl_slist_append(*list, buf_text(&line));
	if (more == NULL)
		return ERR_NOMEM;
	*list = more;
	return ERR_OK;
}

static void slist_cleanup(struct curl_slist **list)
{
	curl_slist_free_all(*list);
}

static enum err set_stream(struct gateway *g, const struct gateway_ask *ask,
    const struct gateway_more *more)
{
	CURL *c = g->curl;

	return curl_easy_setopt(c, CURLOPT_POST, 1L) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, ask->method) ==
	    CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_POSTFIELDS, NULL) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE,
	    (curl_off_t)more->read_bytes) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_READFUNCTION, more->read) ==
	    CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_READDATA, more->ctx) == CURLE_OK ?
	    ERR_OK : ERR_NOMEM;
}

static enum err set_body(struct gateway *g, const struct gateway_ask *ask,
    const struct gateway_more *more)
{
	CURL *c = g->curl;

	if (more->read != NULL)
		return set_stream(g, ask, more);
	if (ask->type == NULL)
		return curl_easy_setopt(c, CURLOPT_HTTPGET, 1L) == CURLE_OK &&
		    curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, ask->method) ==
		    CURLE_OK ? ERR_OK : ERR_NOMEM;
	return curl_easy_setopt(c, CURLOPT_POST, 1L) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, ask->method) ==
	    CURLE_OK && curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE,
	    (curl_off_t)ask->body.len) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_POSTFIELDS, ask->body.data) ==
	    CURLE_OK ? ERR_OK : ERR_NOMEM;
}

static enum err set_headers(struct gateway *g, const struct gateway_ask *ask,
    const struct gateway_more *more, struct curl_slist **list)
{
	if (g->token[0] != '\0')
		RETURN_IF(add_header(list, "Authorization: Bearer %s",
		    g->token));
	if (ask->type != NULL)
		RETURN_IF(add_header(list, "Content-Type: %s", ask->type));
	RETURN_IF(add_header(list, "%s", "Expect:"));
	if (more->read != NULL && more->read_bytes < 0)
		RETURN_IF(add_header(list, "%s",
		    "Transfer-Encoding: chunked"));
	if (more->range != NULL)
		RETURN_IF(add_header(list, "Range: %s", more->range));
	if (more->if_range != NULL)
		RETURN_IF(add_header(list, "If-Range: %s", more->if_range));
	return curl_easy_setopt(g->curl, CURLOPT_HTTPHEADER, *list) ==
	    CURLE_OK ? ERR_OK : ERR_NOMEM;
}

enum err gateway_exchange(struct gateway *g, const struct gateway_ask *ask,
    const struct gateway_more *more, long *ret_status)
{
	CLEANUP(slist_cleanup) struct curl_slist *headers = NULL;
	char url[FS_PATH_MAX];
	CURLcode code;

	RETURN_IF(fs_path(url, "%s%s", g->base, ask->path));
	g->e = ERR_OK;
	g->answers = 0;
	RETURN_IF(set_body(g, ask, more));
	RETURN_IF(set_headers(g, ask, more, &headers));
	if (curl_easy_setopt(g->curl, CURLOPT_URL, url) != CURLE_OK ||
	    curl_easy_setopt(g->curl, CURLOPT_WRITEFUNCTION, more->write) !=
	    CURLE_OK || curl_easy_setopt(g->curl, CURLOPT_WRITEDATA,
	    more->ctx) != CURLE_OK || curl_easy_setopt(g->curl,
	    CURLOPT_HEADERFUNCTION, more->header) != CURLE_OK ||
	    curl_easy_setopt(g->curl, CURLOPT_HEADERDATA, more->ctx) !=
	    CURLE_OK)
		return ERR_NOMEM;
	code = curl_easy_perform(g->curl);
	(void)curl_easy_setopt(g->curl, CURLOPT_HTTPHEADER, NULL);
	if (code != CURLE_OK)
		return failed(g, code);
	(void)curl_easy_getinfo(g->curl, CURLINFO_RESPONSE_CODE, ret_status);
	g->answers = 1;
	return ERR_OK;
}

/* ---- replies of JSON ---- */

struct keeping {
	struct gateway *g;
	struct buf bytes;
	int fd;                         /* of what is sent */
};

static size_t send_more(char *to, size_t one, size_t len, void *ctx)
{
	struct keeping *k = ctx;
	ssize_t n = read(k->fd, to, one * len);

	if (n >= 0)
		return (size_t)n;
	k->g->e = ERR_IO;
	return CURL_READFUNC_ABORT;
}

static size_t keep(char *data, size_t one, size_t len, void *ctx)
{
	struct keeping *k = ctx;

	k->g->e = buf_append(&k->bytes, data, one * len);
	return k->g->e == ERR_OK ? one * len : 0;
}

/* Without a function of its own libcurl would give headers to the one of the
 * body. */
static size_t pass(char *data, size_t one, size_t len, void *ctx)
{
	(void)data;
	(void)ctx;
	return one * len;
}

/* Nothing that could speak to a terminal in its own words. */
static enum err check_clean(const struct json_doc *v, unsigned depth)
{
	const char *text = json_doc_string(v), *key = NULL;
	const char *why;

	if (depth > 16)
		return ERR_LIMIT;
	for (const char *c = text; c != NULL && *c != '\0'; c++) {
		size_t line = strcspn(c, "\n");

		RETURN_IF(utf8_check_clean(bytes_of(c, line), &why));
		c += line;
		if (*c == '\0')
			break;
	}
	if (json_doc_type(v) == JSON_DOC_ARRAY)
		for (size_t i = 0; i < json_doc_len(v); i++)
			RETURN_IF(check_clean(json_doc_at(v, i), depth + 1));
	if (json_doc_type(v) == JSON_DOC_OBJECT)
		while ((key = json_doc_next_key(v, key)) != NULL)
			RETURN_IF(check_clean(json_doc_get(v, key),
			    depth + 1));
	return ERR_OK;
}

static enum err not_ours(struct gateway *g, long status)
{
	return outcome_refuse(&g->cli->outcome,
	    status == 429 || status == 503 || status == 502 || status == 504 ?
	    ERR_BUSY : ERR_SYNTAX,
	    "%s answered with status %ld, not as this program does",
	    "%sの応答（状態%ld）はこのプログラムのものではありません",
	    g->cli->gateway, status);
}

/* Lines and error; a detail where there is no line. */
enum err gateway_take(struct gateway *g, struct bytes reply, long status)
{
	CLEANUP(json_doc_cleanup) struct json_doc *doc = NULL;
	struct outcome *o = &g->cli->outcome;
	const struct json_doc *result;
	const char *detail;
	size_t before = o->len;
	enum err e;

	if (json_doc_parse(reply, GATEWAY_REPLY_MAX, &doc, NULL) != ERR_OK ||
	    check_clean(doc, 0) != ERR_OK ||
	    json_doc_string(json_doc_get(doc, "error")) == NULL)
		return not_ours(g, status);
	e = outcome_from_json(doc, o);
	detail = json_doc_string(json_doc_get(doc, "detail"));
	if (e != ERR_OK && o->len == before && detail != NULL)
		outcome_put(o, OUTCOME_REASON, detail,
		    "存在しないか、閲覧の権限がないか、セッションが終了しています");
	result = json_doc_get(doc, "result");
	if (result == NULL)
		return e;
	json_doc_free(TAKE(g->cli->result));
	g->cli->result = json_doc_copy(result);
	return e;
}

enum err gateway_ask(struct gateway *g, const struct gateway_ask *ask)
{
	struct keeping k = {.g = g, .bytes = {.max = GATEWAY_REPLY_MAX}};
	const struct gateway_more more = {.write = keep, .header = pass,
	    .ctx = &k};
	long status = 0;
	enum err e = gateway_exchange(g, ask, &more, &status);

	if (e == ERR_OK)
		e = gateway_take(g, bytes_buf(&k.bytes), status);
	buf_release(&k.bytes);
	return e;
}

enum err gateway_send(struct gateway *g, const struct gateway_ask *ask,
    int fd)
{
	struct keeping k = {.g = g, .fd = fd,
	    .bytes = {.max = GATEWAY_REPLY_MAX}};
	struct stat st;
	struct gateway_more more = {.write = keep, .header = pass, .ctx = &k,
	    .read = send_more, .read_bytes = -1};
	long status = 0;
	enum err e;

	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		more.read_bytes = st.st_size;
	e = gateway_exchange(g, ask, &more, &status);
	if (e == ERR_OK)
		e = gateway_take(g, bytes_buf(&k.bytes), status);
	buf_release(&k.bytes);
	return e;
}

enum err gateway_get(struct gateway *g, const char *path)
{
	return gateway_ask(g, &(struct gateway_ask){.method = "GET",
	    .path = path});
}

enum err gateway_post_json(struct gateway *g, const char *path,
    const struct json_doc *body)
{
	CLEANUP(buf_release) struct buf text = {0};

	RETURN_IF(json_doc_dump(body, 0, &text));
	return gateway_ask(g, &(struct gateway_ask){.method = "POST",
	    .path = path, .type = JSON_TYPE, .body = bytes_buf(&text)});
}

enum err gateway_post_signed(struct gateway *g, const char *path,
    const char *file, const char *sig)
{
	CLEANUP(json_doc_cleanup) struct json_doc *doc =
	    json_doc_new_object();
	CLEANUP(buf_release) struct buf text = {0};
	CLEANUP(buf_release) struct buf armour = {0};

	RETURN_IF(gateway_read(g, file, &text));
	RETURN_IF(gateway_read(g, sig, &armour));
	json_doc_set_string(doc, "text", buf_text(&text));
	json_doc_set_string(doc, "signature", buf_text(&armour));
	return gateway_post_json(g, path, doc);
}

enum err gateway_read(struct gateway *g, const char *path, struct buf *out)
{
	enum err e = fs_read_file(path, GATEWAY_REPLY_MAX, out);

	if (e != ERR_OK)
		(void)snprintf(g->cli->outcome.info.file,
		    sizeof(g->cli->outcome.info.file), "%.250s", path);
	if (e == ERR_NOT_FOUND)
		return err_at(&g->cli->outcome.info, e, 0, "cannot be opened");
	return e;
}

/* ---- the end ---- */

#define GOODBYE_MS 5000L

/* The service holds few sessions of one person: a command that is over takes
 * none of them.  Whatever comes of it, the command has said what it had to. */
static void end_session(struct gateway *g)
{
	const struct gateway_ask ask = {.method = "DELETE",
	    .path = "/v1/session"};
	const struct gateway_more more = {.write = pass, .header = pass};
	CLEANUP(slist_cleanup) struct curl_slist *headers = NULL;
	char url[FS_PATH_MAX];

	if (fs_path(url, "%s%s", g->base, ask.path) == ERR_OK &&
	    set_body(g, &ask, &more) == ERR_OK &&
	    set_headers(g, &ask, &more, &headers) == ERR_OK &&
	    curl_easy_setopt(g->curl, CURLOPT_URL, url) == CURLE_OK &&
	    curl_easy_setopt(g->curl, CURLOPT_TIMEOUT_MS, GOODBYE_MS) ==
	    CURLE_OK &&
	    curl_easy_setopt(g->curl, CURLOPT_WRITEFUNCTION, pass) ==
	    CURLE_OK &&
	    curl_easy_setopt(g->curl, CURLOPT_HEADERFUNCTION, pass) ==
	    CURLE_OK)
		(void)curl_easy_perform(g->curl);
}

void gateway_close(struct gateway *g)
{
	if (g == NULL)
		return;
	if (g->own_session && g->answers)
		end_session(g);
	if (g->curl != NULL)
		curl_easy_cleanup(g->curl);
	secret_wipe(g->token, sizeof(g->token));
	free(g);
}

void gateway_cleanup(struct gateway **g)
{
	gateway_close(*g);
}

const char *gateway_token(struct gateway *g)
{
	g->own_session = 0;
	return g->token;
}
