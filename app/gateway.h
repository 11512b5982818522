/* app/gateway.h - a gateway's service, from the other side (--gateway URL).
 *
 * A command that is given --gateway asks the service for what it would do in a
 * home: same sentences, same results, same exit codes.  The caller proves who
 * it is with its own identity, which stays here; the token lives as long as
 * the command, or comes from --token-file.  TLS 1.3 only; what the service
 * says is bounded and must be clean text before it reaches a terminal.
 */
#ifndef AZUKARI_APP_GATEWAY_H
#define AZUKARI_APP_GATEWAY_H

#include "app/cli.h"
#include "core/buf.h"
#include "core/fs.h"

#define GATEWAY_REPLY_MAX ((size_t)64 << 20)

struct gateway;

/* Connect as --as and cli->identity say, or with --token-file.  ERR_USAGE
 * where these are missing; ERR_BUSY: not reachable; ERR_UNTRUSTED: not the
 * service its certificate should name; ERR_NOT_FOUND: it does not know us. */
enum err gateway_open(struct cli *cli, struct gateway **ret) MUST_USE;
/* A session that was begun here ends with it. */
void gateway_close(struct gateway *g);
void gateway_cleanup(struct gateway **g);

/* The token, for `azukari session`; valid until gateway_close, which does not
 * end the session then. */
const char *gateway_token(struct gateway *g);

/* One question. */
struct gateway_ask {
	const char *method, *path;
	const char *type;               /* of the body; NULL: none */
	struct bytes body;
};

/* Ask, and take sentences into cli->outcome and the result into cli->result;
 * the service's error is returned as if it were our own. */
enum err gateway_ask(struct gateway *g, const struct gateway_ask *ask)
    MUST_USE;
/* The same with what is read from ${fd} as its body, whatever its size. */
enum err gateway_send(struct gateway *g, const struct gateway_ask *ask,
    int fd) MUST_USE;
/* The usual ones. */
enum err gateway_get(struct gateway *g, const char *path) MUST_USE;
enum err gateway_post_json(struct gateway *g, const char *path,
    const struct json_doc *body) MUST_USE;
/* The file at ${path} and its signature as {"text", "signature"}. */
enum err gateway_post_signed(struct gateway *g, const char *path,
    const char *file, const char *sig) MUST_USE;

/* What comes back into the new file ${to} (ERR_EXISTS). */
enum err gateway_save(struct gateway *g, const struct gateway_ask *ask,
    const char *to) MUST_USE;

/* Into ${part}, going on where an earlier try ended (its ETag is kept in
 * PART.etag), until all is there. */
enum err gateway_resume(struct gateway *g, const char *path,
    const char *part) MUST_USE;

#endif
