/* Who one is, proven to a service. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/gateway_internal.h"
#include "app/serve/session.h"
#include "app/unlock.h"
#include "core/clock.h"
#include "keys/sshsig.h"

/* --as ROLE:OWNER/NAME, or ROLE:NAME for operators and auditors. */
struct claim {
	char role[16], owner[4], name[80];
	char host[SESSION_HOST_MAX + 1];        /* whom we asked */
};

static enum err bad_claim(struct cli *cli)
{
	return outcome_refuse(&cli->outcome, ERR_USAGE,
	    "say who asks: --as custodian:OWNER/SEAT, partner:OWNER/ID, operator:NAME or auditor:NAME, with --identity FILE.key (or --token-file FILE)",
	    "誰として接続するかを --as custodian:所有者/席、partner:所有者/ID、operator:名前、auditor:名前 と --identity FILE.key（または --token-file FILE）で指定してください");
}

static int take_part(const char **at, const char *stop, char *ret, size_t size)
{
	size_t len = strcspn(*at, stop);

	if (len == 0 || len >= size || (*at)[len] == '\0')
		return 0;
	memcpy(ret, *at, len);
	ret[len] = '\0';
	*at += len + 1;
	return 1;
}

static enum err parse_claim(struct cli *cli, struct claim *ret)
{
	const char *at = cli->as;

	*ret = (struct claim){0};
	if (at == NULL || !take_part(&at, ":", ret->role, sizeof(ret->role)))
		return bad_claim(cli);
	if (strcmp(ret->role, "custodian") == 0 ||
	    strcmp(ret->role, "partner") == 0) {
		if (!take_part(&at, "/", ret->owner, sizeof(ret->owner)))
			return bad_claim(cli);
	}
	if (*at == '\0' || strlen(at) >= sizeof(ret->name))
		return bad_claim(cli);
	memcpy(ret->name, at, strlen(at) + 1);
	return ERR_OK;
}

/* What is signed is exactly who we said we are, to whom we said it, for a short
 * time: a challenge that another service gave names that one. */
static enum err check_challenge(struct gateway *g, const char *text,
    const struct claim *c)
{
	CLEANUP(text_cleanup) struct text *t = NULL;
	struct err_info *info = &g->cli->outcome.info;
	int64_t expires;

	RETURN_IF(text_parse(bytes_str(text), &session_schema, &t, info));
	RETURN_IF(text_get_time(t, "expires", &expires, info));
	if (strcmp(text_get(t, "role"), c->role) != 0 ||
	    strcmp(text_get(t, "name"), c->name) != 0 ||
	    strcmp(text_get(t, "owner"), c->owner[0] == '\0' ? "-" :
	    c->owner) != 0)
		return err_at(info, ERR_MISMATCH, 0,
		    "the service asks to sign for somebody else");
	if (strcmp(text_get(t, "host"), c->host) != 0)
		return err_at(info, ERR_MISMATCH, 0,
		    "the service asks to sign for another service");
	return ERR_OK;
}

static enum err ask_challenge(struct gateway *g, const struct claim *c,
    struct buf *ret)
{
	CLEANUP(json_doc_cleanup) struct json_doc *doc =
	    json_doc_new_object();
	const char *text;

	json_doc_set_string(doc, "role", c->role);
	json_doc_set_string(doc, "name", c->name);
	json_doc_set_string(doc, "host", c->host);
	if (c->owner[0] != '\0')
		json_doc_set_string(doc, "owner", c->owner);
	RETURN_IF(gateway_post_json(g, "/v1/challenge", doc));
	text = json_doc_string(json_doc_get(g->cli->result, "challenge"));
	if (text == NULL)
		return ERR_SYNTAX;
	RETURN_IF(check_challenge(g, text, c));
	return buf_append_str(ret, text);
}

static int is_token(const char *text, size_t len)
{
	return len > 0 && len < GATEWAY_TOKEN_MAX && strspn(text,
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "0123456789_-") == len;
}

static enum err prove(struct gateway *g, const struct buf *challenge)
{
	CLEANUP(identity_cleanup) struct identity *id = NULL;
	CLEANUP(json_doc_cleanup) struct json_doc *doc =
	    json_doc_new_object();
	CLEANUP(buf_release) struct buf sig = {0};
	const char *token;

	RETURN_IF(unlock_identity(g->cli, g->cli->identity, &id));
	RETURN_IF(sshsig_sign(identity_sign_seed(id), SSHSIG_SESSION,
	    bytes_buf(challenge), &sig));
	json_doc_set_string(doc, "challenge", buf_text(challenge));
	json_doc_set_string(doc, "signature", buf_text(&sig));
	RETURN_IF(gateway_post_json(g, "/v1/session", doc));
	token = json_doc_string(json_doc_get(g->cli->result, "token"));
	if (token == NULL || !is_token(token, strlen(token)))
		return ERR_SYNTAX;
	memcpy(g->token, token, strlen(token) + 1);
	g->own_session = 1;
	return ERR_OK;
}

static enum err bad_address(struct gateway *g)
{
	return outcome_refuse(&g->cli->outcome, ERR_USAGE,
	    "%s is no address of a service (https://HOST[:PORT])",
	    "%sはサービスのアドレスではありません（https://ホスト[:ポート]）",
	    g->cli->gateway);
}

static enum err login(struct gateway *g)
{
	CLEANUP(buf_release) struct buf challenge = {0};
	struct claim c;
	enum err e;

	RETURN_IF(parse_claim(g->cli, &c));
	if (g->cli->identity == NULL)
		return bad_claim(g->cli);
	if (!session_host_of(g->base, c.host))
		return bad_address(g);
	e = ask_challenge(g, &c, &challenge);
	if (e == ERR_OK)
		e = prove(g, &challenge);
	return e;
}

static enum err read_token(struct gateway *g)
{
	CLEANUP(buf_release) struct buf text = {0};

	RETURN_IF(fs_check_private(g->cli->token_file));
	RETURN_IF(gateway_read(g, g->cli->token_file, &text));
	if (text.len > 0 && text.data[text.len - 1] == '\n')
		text.data[--text.len] = '\0';
	if (!is_token(buf_text(&text), text.len))
		return err_at(&g->cli->outcome.info, ERR_SYNTAX, 0,
		    "%s: no token", g->cli->token_file);
	memcpy(g->token, text.data, text.len + 1);
	return ERR_OK;
}

/* ---- the connection ---- */

/* With a user before it ("127.0.0.1:x@…") the host is another one. */
static int is_loopback(const char *url)
{
	return (strncmp(url, "http://127.0.0.1:", 17) == 0 ||
	    strncmp(url, "http://[::1]:", 13) == 0) &&
	    strchr(url, '@') == NULL;
}

static enum err set_base(struct gateway *g)
{
	size_t len;

	if (strncmp(g->cli->gateway, "https://", 8) != 0 &&
	    !is_loopback(g->cli->gateway))
		return bad_address(g);
	RETURN_IF(fs_path(g->base, "%s", g->cli->gateway));
	len = strlen(g->base);
	while (len > 8 && g->base[len - 1] == '/')
		g->base[--len] = '\0';
	return ERR_OK;
}

/* Slow is fine, silent is not: a minute without a byte ends it. */
static enum err set_options(struct gateway *g)
{
	CURL *c = g->curl;

	if (curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "https,http") !=
	    CURLE_OK ||
	    curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L) != CURLE_OK ||
	    curl_easy_setopt(c, CURLOPT_SSLVERSION,
	    (long)CURL_SSLVERSION_TLSv1_3) != CURLE_OK ||
	    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, 15L) != CURLE_OK ||
	    curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, 1L) != CURLE_OK ||
	    curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, 60L) != CURLE_OK ||
	    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L) != CURLE_OK ||
	    curl_easy_setopt(c, CURLOPT_USERAGENT, "azukari") != CURLE_OK)
		return ERR_NOMEM;
	if (g->cli->ca != NULL &&
	    curl_easy_setopt(c, CURLOPT_CAINFO, g->cli->ca) != CURLE_OK)
		return ERR_NOMEM;
	return ERR_OK;
}

enum err gateway_open(struct cli *cli, struct gateway **ret)
{
	CLEANUP(gateway_cleanup) struct gateway *g = calloc(1, sizeof(*g));

	if (g == NULL || curl_global_init(CURL_GLOBAL_DEFAULT) != 0)
		return ERR_NOMEM;
	g->cli = cli;
	g->curl = curl_easy_init();
	if (g->curl == NULL)
		return ERR_NOMEM;
	RETURN_IF(set_base(g));
	RETURN_IF(set_options(g));
	RETURN_IF(cli->token_file != NULL ? read_token(g) : login(g));
	*ret = TAKE(g);
	return ERR_OK;
}
