/* app/serve/front.h - the strict check in front of everything.
 *
 * libmicrohttpd is lenient where two readers of one stream could differ about
 * where a request ends: what it lets through is refused here, before a route
 * is looked for, and the connection is closed.  Pure: it is given the method,
 * the raw target and the headers as they came.
 *
 * RFC 9112 3.2 (Host), 5 (field syntax), 6.1-6.3 (framing).
 */
#ifndef AZUKARI_APP_SERVE_FRONT_H
#define AZUKARI_APP_SERVE_FRONT_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"

#define FRONT_HEADERS_MAX 64
#define FRONT_NAME_MAX 64
#define FRONT_VALUE_MAX 4096
#define FRONT_HEADERS_BYTES_MAX 8192
#define FRONT_TARGET_MAX 1024

/* What is wrong: the short name of the rule, for metrics and the problem. */
enum front_fault {
	FRONT_FINE,
	FRONT_METHOD,           /* not a method this service knows */
	FRONT_VERSION,          /* not HTTP/1.1 (or 1.0 without a body) */
	FRONT_TARGET,           /* not a plain origin-form target */
	FRONT_LINES,            /* not line behind line as RFC 9112 has it */
	FRONT_NAME,             /* a field name that is no token */
	FRONT_VALUE,            /* a control character, or bad bytes */
	FRONT_HEADERS,          /* too many, or too long */
	FRONT_HOST,             /* not exactly one Host */
	FRONT_LENGTH,           /* Content-Length not one plain number */
	FRONT_CODING,           /* Transfer-Encoding other than "chunked" */
	FRONT_FRAMING,          /* both of them, or twice */
	FRONT_EXPECT,           /* an expectation other than 100-continue */
	FRONT_FAULTS
};

/* "two-lengths", ...; never NULL. */
const char *front_name(enum front_fault f);
/* 400, 414, 417, 431, 501, 505: never a success. */
unsigned front_status(enum front_fault f);

/* One request's head as it is put in; zeroed is empty. */
struct front {
	enum front_fault fault;         /* the first one found */
	size_t headers, bytes;
	unsigned hosts, lengths, codings;
	uint64_t length;                /* of the body, when lengths is 1 */
	int chunked;
};

void front_line(struct front *f, const char *method, const char *version,
    const char *target);
/* What was found by other means. */
void front_fault(struct front *f, enum front_fault fault);
void front_header(struct front *f, struct bytes name, struct bytes value);
/* The verdict, once all is put in. */
enum front_fault front_end(struct front *f);

/* 1 when there is a body by the framing. */
int front_has_body(const struct front *f);

#endif
