/* app/gateway_internal.h - the client's own inside. */
#ifndef AZUKARI_APP_GATEWAY_INTERNAL_H
#define AZUKARI_APP_GATEWAY_INTERNAL_H

#include <curl/curl.h>

#include "app/gateway.h"
#include "core/secret.h"

#define GATEWAY_TOKEN_MAX 128

struct gateway {
	struct cli *cli;
	CURL *curl;
	char base[FS_PATH_MAX];         /* the URL, without a last slash */
	char token[GATEWAY_TOKEN_MAX];
	int own_session;                /* begun here, and nobody else has it */
	int answers;                    /* the last exchange came to its end */
	enum err e;                     /* of our own callbacks */
};

/* Where the reply goes, and what else is asked. */
struct gateway_more {
	size_t (*write)(char *data, size_t one, size_t len, void *ctx);
	size_t (*header)(char *data, size_t one, size_t len, void *ctx);
	void *ctx;
	const char *range, *if_range;
	/* the body in place of the question's; NULL: none */
	size_t (*read)(char *to, size_t one, size_t len, void *ctx);
	int64_t read_bytes;             /* of it; -1: until it ends */
};
enum err gateway_exchange(struct gateway *g, const struct gateway_ask *ask,
    const struct gateway_more *more, long *ret_status) MUST_USE;

/* A reply of JSON into the outcome. */
enum err gateway_take(struct gateway *g, struct bytes reply,
    long status) MUST_USE;

/* A file of ours, named in the outcome where it cannot be read. */
enum err gateway_read(struct gateway *g, const char *path,
    struct buf *out) MUST_USE;

#endif
