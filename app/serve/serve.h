/* app/serve/serve.h - what a handler of the service sees.
 *
 * The service is one process.  Threads of three kinds:
 *
 *   net      libmicrohttpd's: TLS, HTTP, the front check, the route table.
 *            They hold no keys, cannot open files and must never wait.
 *   desk     a few, each with an open home of its own: they run the handlers
 *            that call app/ops, one request at a time
 *   stream   as desk, for requests whose body is read while it comes in
 *
 * A request goes: front check -> route -> session -> lane -> handler -> reply.
 * A handler is a list of guard clauses around a function of app/ops.  It
 * returns an error by its cause; the service turns it into a problem
 * (RFC 9457), success into the same JSON that `--json` prints.
 *
 * To add handlers: one `struct serve_routes` in a file of your own, listed in
 * routes.c; what must live longer than a request is a `struct serve_part`,
 * listed in parts.c.  Each route also goes into docs/openapi.json.
 */
#ifndef AZUKARI_APP_SERVE_SERVE_H
#define AZUKARI_APP_SERVE_SERVE_H

#include <stdint.h>

#include "app/home.h"
#include "app/outcome.h"
#include "core/buf.h"
#include "core/json_doc.h"
#include "keys/digest.h"

struct serve;                   /* the service */
struct serve_wire;              /* libmicrohttpd's side; private to server.c */

/* ---- who calls ---- */

/* Roles are bits, so that a route can name several. */
enum serve_role {
	SERVE_ANYONE = 0,       /* no session is asked for */
	SERVE_CUSTODIAN = 1,    /* a seat of the charter in force */
	SERVE_PARTNER = 2,      /* a partner of the policy in force */
	SERVE_AUDITOR = 4,      /* of the service's configuration */
	SERVE_OPERATOR = 8,
	SERVE_SOURCE = 16,      /* the handler itself proves who it is: a MAC
	                         * over the raw body, or a client certificate */
	SERVE_LOCAL = 32,       /* whoever reaches the local listener */
};

struct serve_caller {
	enum serve_role role;           /* SERVE_ANYONE without a session */
	char owner[3];                  /* "14"; "" for auditor and operator */
	char name[REGISTER_NAME_MAX + 1];       /* seat, partner id, ... */
	uint8_t ssh[32];                /* the key that was proven */
};

/* ---- a request ---- */

#define SERVE_PARAMS_MAX 4
#define SERVE_PARAM_LEN 128
#define SERVE_QUERY_MAX 512
#define SERVE_ADDRESS_LEN 64

struct serve_route;

struct serve_request {
	struct serve *serve;
	const struct serve_route *route;
	/* the values of {name} in the path, in their order: printable ASCII,
	 * never empty, no slash (but {*} takes the rest, slashes included) */
	char params[SERVE_PARAMS_MAX][SERVE_PARAM_LEN + 1];
	struct serve_caller caller;
	int64_t now_unix_s;
	char address[SERVE_ADDRESS_LEN];        /* for limits; never logged */
	int local;                      /* by the local listener */
	/* SHA-256 of the client certificate, DER, whose chain was verified
	 * against `client_ca`; has_client_cert is 0 without one */
	int has_client_cert;
	uint8_t client_cert_sha256[DIGEST_LEN];

	struct buf body;                /* whole, as it came (not streams) */

	/* desk and stream lanes: an open home; its outcome is the one here and
	 * its time is this request's.  NULL in the lane SERVE_AT_ONCE. */
	struct home *home;
	struct outcome outcome;

	/* what the handler answers with.  On ERR_OK: `result` in the usual
	 * envelope; or, when reply.type is set, reply.bytes or reply.fd as
	 * they are. */
	struct json_doc *result;        /* owned; may be NULL */
	struct serve_reply {
		unsigned status;        /* 0: 200, or by the error */
		const char *type;       /* static; NULL: the envelope */
		struct buf bytes;
		int fd_plus_one;        /* a regular file, taken; 0: none */
		uint64_t fd_offset, fd_len;
		char etag[80];          /* with its quotes; "" none */
		char content_range[80]; /* value of Content-Range; "" none */
		unsigned retry_after_s; /* 0: none */
		int empty;              /* `{}` with status 200, nothing else */
	} reply;

	void *part;                     /* for the handler's own use */
	struct serve_wire *wire;        /* private */
};

/* 1 when only the head is asked for: nothing leaves, so nothing is logged. */
int serve_is_head(const struct serve_request *q);

/* A request header by name (ASCII case ignored), NULL when absent or given
 * twice.  Valid until the reply.  Clean: no control characters. */
const char *serve_header(const struct serve_request *q, const char *name);

/* A parameter of the query by name, decoded: 0 when it is absent, too long or
 * not printable ASCII.  The first of several counts. */
int serve_query(const struct serve_request *q, const char *name,
    char ret[SERVE_QUERY_MAX]);

/* ---- routes ---- */

enum serve_lane {
	SERVE_AT_ONCE,  /* on a net thread: must not wait, has no home */
	SERVE_DESK,
	SERVE_STREAM,   /* the handler starts with the header and reads the
	                 * body by serve_body_read */
};

struct serve_route {
	const char *method;             /* "GET" answers HEAD as well */
	const char *path;               /* "/v1/plans/{plan}/packet" */
	unsigned who;                   /* bits of enum serve_role */
	enum serve_lane lane;
	/* media type a body must have, without parameters ("" any, NULL: no
	 * body is taken), and its bound in bytes.  A list: by spaces. */
	const char *takes;
	uint64_t body_max;
	int unlimited_rate;             /* not counted against an address */
	enum err (*run)(struct serve_request *q);
	const char *operation;          /* operationId in docs/openapi.json */
};

struct serve_routes {
	const struct serve_route *rows;
	size_t len;
};

/* ---- answering later (lane SERVE_AT_ONCE only) ----
 *
 * serve_later(q) first; then hand ${q} to another thread; then return ERR_OK
 * (what is returned is not looked at).  That thread fills outcome, result or
 * reply and calls serve_done exactly once; ${q} is not its own afterwards.  The
 * caller may have hung up meanwhile: nothing changes for the handler. */
void serve_later(struct serve_request *q);
void serve_done(struct serve_request *q, enum err e);
/* The same for many at once, whose connections are woken together at the end:
 * waking a thread costs more than an answer. */
#define SERVE_WAKES_MAX 16
struct serve_wakes {
	struct net_loop *loops[SERVE_WAKES_MAX];
	size_t len;
};
void serve_done_quietly(struct serve_request *q, enum err e,
    struct serve_wakes *wakes);
void serve_wake(struct serve_wakes *wakes);

/* ---- bodies that are read while they come (lane SERVE_STREAM) ----
 *
 * Waits for bytes; 0 in ${ret_len} at the end of the body.  What is not read
 * holds the sender back (a bounded pipe).  ERR_LIMIT: longer than the route
 * allows; ERR_TRUNCATED: the sender went away or was too slow; ERR_CANCELLED:
 * the service stops.  Fits intake_read_fn by a cast-free wrapper. */
enum err serve_body_read(struct serve_request *q, uint8_t *ret, size_t max,
    size_t *ret_len) MUST_USE;

/* ---- parts: what lives as long as the service ---- */

struct serve_part {
	const char *name;               /* also its section of serve.json */
	/* ${section} is borrowed, NULL when the file has none.  The home is
	 * opened by the part itself (serve_home_open). */
	enum err (*start)(struct serve *s, const struct json_doc *section,
	    struct outcome *o, void **ret);
	/* about once a second, from the main thread; must be short; may be
	 * NULL */
	void (*tick)(void *part, int64_t now_unix_s);
	/* no request will come any more: finish what was accepted, close
	 * epochs; then stop is called once no request is left */
	void (*drain)(void *part);
	void (*stop)(void *part);
	/* append Prometheus text; may be NULL; from a net thread */
	void (*metrics)(void *part, struct buf *out);
	/* the configuration was read again (SIGHUP); may be NULL.  What is
	 * refused leaves the old one in force. */
	enum err (*reload)(void *part, const struct json_doc *section,
	    struct outcome *o);
};

/* The state of a part by name; NULL when it did not start. */
void *serve_part_state(const struct serve *s, const char *name);

/* A home for a thread of one's own, opened with the service's key; the caller
 * closes it (home_close).  ${o} must outlive it.  A home that was opened
 * before an owner was added does not know that owner's keys: see
 * serve_keys_moved. */
enum err serve_home_open(struct serve *s, struct outcome *o,
    struct home **ret) MUST_USE;
/* A number that moves when the gateway's key file has changed. */
uint64_t serve_keys_moved(struct serve *s);

/* What a request said, without the folders of this machine (done for every
 * handler's outcome). */
void serve_scrub(const struct serve *s, struct outcome *o);

/* ---- log: one line of JSON to standard error, no personal data ----
 *
 * ${event} is a short word with dashes; then pairs of key and text, NULL at
 * the end.  Ids of owners, plans, exports and sources may stand there; ids of
 * respondents or events, addresses, bodies and tokens may not. */
void serve_log(const char *event, ...) __attribute__((sentinel));

#endif
