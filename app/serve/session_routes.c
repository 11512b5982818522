/* Proving who one is: challenge, signature, token. */
#include <string.h>

#include "app/serve/body.h"
#include "app/serve/route.h"
#include "app/serve/routes.h"
#include "app/serve/serve_internal.h"
#include "app/serve/tls.h"
#include "core/clock.h"
#include "keys/sshsig.h"

#define EVERY_ROLE (SERVE_CUSTODIAN | SERVE_PARTNER | SERVE_AUDITOR | \
	SERVE_OPERATOR)

static enum err parse_role(struct serve_request *q, const char *text,
    enum serve_role *ret)
{
	static const enum serve_role roles[] = {SERVE_CUSTODIAN,
	    SERVE_PARTNER, SERVE_AUDITOR, SERVE_OPERATOR};

	for (size_t i = 0; i < ARRAY_LEN(roles); i++)
		if (strcmp(text, route_role_name(roles[i])) == 0) {
			*ret = roles[i];
			return ERR_OK;
		}
	return err_at(&q->outcome.info, ERR_RANGE, 0,
	    "body: role is custodian, partner, auditor or operator");
}

static int is_owner(const char *text)
{
	return strlen(text) == 2 && text[0] >= '0' && text[0] <= '9' &&
	    text[1] >= '0' && text[1] <= '9';
}

/* A name that the caller reached us by and that is ours: of the certificate,
 * of the file, or this machine's own. */
static enum err parse_host(struct serve_request *q,
    const struct json_doc *doc, char ret[SESSION_HOST_MAX + 1])
{
	const char *host;
	int ours;

	RETURN_IF(body_text(q, doc, "host", &host));
	if (!session_is_host(host))
		return err_at(&q->outcome.info, ERR_RANGE, 0, "body: host");
	pthread_rwlock_rdlock(&q->serve->config_lock);
	ours = config_is_name(q->serve->config, host);
	pthread_rwlock_unlock(&q->serve->config_lock);
	if (!ours && !session_is_loopback(host) && !tls_is_name(host))
		return err_at(&q->outcome.info, ERR_MISMATCH, 0,
		    "body: host is no name of this service");
	memcpy(ret, host, strlen(host) + 1);
	return ERR_OK;
}

static enum err parse_claim(struct serve_request *q,
    struct serve_caller *ret, char ret_host[SESSION_HOST_MAX + 1])
{
	static const char *const keys[] = {"role", "owner", "name", "host",
	    NULL};
	CLEANUP(json_doc_cleanup) struct json_doc *doc = NULL;
	struct err_info *info = &q->outcome.info;
	const char *role, *owner, *name;

	RETURN_IF(body_json(q, keys, &doc));
	RETURN_IF(parse_host(q, doc, ret_host));
	RETURN_IF(body_text(q, doc, "role", &role));
	RETURN_IF(body_text(q, doc, "name", &name));
	RETURN_IF(parse_role(q, role, &ret->role));
	if (name[0] == '\0' || strlen(name) > REGISTER_NAME_MAX)
		return err_at(info, ERR_RANGE, 0, "body: name");
	memcpy(ret->name, name, strlen(name) + 1);
	if (ret->role == SERVE_AUDITOR || ret->role == SERVE_OPERATOR)
		return ERR_OK;
	RETURN_IF(body_text(q, doc, "owner", &owner));
	if (!is_owner(owner))
		return err_at(info, ERR_RANGE, 0,
		    "body: owner is two digits");
	memcpy(ret->owner, owner, 3);
	return ERR_OK;
}

static enum err post_challenge(struct serve_request *q)
{
	CLEANUP(buf_release) struct buf text = {0};
	struct serve_caller who = {0};
	char host[SESSION_HOST_MAX + 1];
	const struct session_place place = {q->serve->origin, host};

	RETURN_IF(parse_claim(q, &who, host));
	RETURN_IF(sessions_challenge(q->serve->sessions, &who, &place,
	    q->now_unix_s, &text));
	q->result = json_doc_new_object();
	json_doc_set_string(q->result, "challenge", buf_text(&text));
	return ERR_OK;
}

/* Whatever is wrong, the answer is the same: nothing here. */
static enum err prove(struct serve_request *q, struct serve_caller *ret)
{
	static const char *const keys[] = {"challenge", "signature", NULL};
	CLEANUP(json_doc_cleanup) struct json_doc *doc = NULL;
	const char *challenge, *signature;
	uint8_t key[32];

	RETURN_IF(body_json(q, keys, &doc));
	RETURN_IF(body_text(q, doc, "challenge", &challenge));
	RETURN_IF(body_text(q, doc, "signature", &signature));
	if (sessions_redeem(q->serve->sessions, bytes_str(challenge),
	    q->now_unix_s, ret) != ERR_OK)
		return ERR_NOT_FOUND;
	if (serve_caller_key(q->serve, q->home, ret, key) != ERR_OK)
		return ERR_NOT_FOUND;
	if (sshsig_check(bytes_str(signature), SSHSIG_SESSION, key,
	    bytes_str(challenge)) != ERR_OK)
		return ERR_NOT_FOUND;
	memcpy(ret->ssh, key, sizeof(key));
	return ERR_OK;
}

static void put_caller(struct serve_request *q, const struct serve_caller *c)
{
	q->result = json_doc_new_object();
	json_doc_set_string(q->result, "role", route_role_name(c->role));
	json_doc_set_string(q->result, "owner", c->owner[0] == '\0' ? "-" :
	    c->owner);
	json_doc_set_string(q->result, "name", c->name);
}

static enum err post_session(struct serve_request *q)
{
	struct serve_caller who = {0};
	char token[SESSION_TOKEN_LEN + 1], expires[CLOCK_UTC_LEN + 1];
	int64_t until = q->now_unix_s +
	    (int64_t)q->serve->limits.session_minutes * 60;

	RETURN_IF(prove(q, &who));
	RETURN_IF(sessions_open(q->serve->sessions, &who, q->now_unix_s,
	    until, token));
	put_caller(q, &who);
	clock_format_utc(until, expires);
	json_doc_set_string(q->result, "token", token);
	json_doc_set_string(q->result, "expires", expires);
	serve_log("session", "role", route_role_name(who.role), "owner",
	    who.owner[0] == '\0' ? "-" : who.owner, NULL);
	return ERR_OK;
}

static enum err get_session(struct serve_request *q)
{
	put_caller(q, &q->caller);
	return ERR_OK;
}

static enum err delete_session(struct serve_request *q)
{
	const char *auth = serve_header(q, "Authorization");

	sessions_close(q->serve->sessions, auth + strlen("Bearer "));
	return ERR_OK;
}

static const struct serve_route rows[] = {
	{.method = "POST", .path = "/v1/challenge", .takes = BODY_JSON,
	    .body_max = 4096, .run = post_challenge,
	    .operation = "askChallenge"},
	{.method = "POST", .path = "/v1/session", .lane = SERVE_DESK,
	    .takes = BODY_JSON, .body_max = 16384, .run = post_session,
	    .operation = "openSession"},
	{.method = "GET", .path = "/v1/session", .who = EVERY_ROLE,
	    .lane = SERVE_DESK, .run = get_session, .operation = "showSession"},
	{.method = "DELETE", .path = "/v1/session", .who = EVERY_ROLE,
	    .run = delete_session, .operation = "closeSession"},
};

const struct serve_routes session_routes = {rows, ARRAY_LEN(rows)};
