/* app/serve/problem.h - what a reply's JSON looks like.
 *
 * Success:  {"error":"","exit":0,"lines":[…],"result":…}: what `--json` prints
 * Problem (RFC 9457, application/problem+json): type, title, status, and the
 * same error, exit, lines, input.
 *
 * "Nothing here" is one and the same reply, byte for byte, for a thing that is
 * not there, one of somebody else, no session, one that is over, and a role
 * that may not: who may not see a thing does not learn whether it is.
 */
#ifndef AZUKARI_APP_SERVE_PROBLEM_H
#define AZUKARI_APP_SERVE_PROBLEM_H

#include "app/serve/serve.h"

#define PROBLEM_TYPE "application/problem+json"

/* Of the transport: nothing of the service was touched. */
enum err problem_plain(unsigned status, const char *name,
    struct buf *out) MUST_USE;

/* The one reply for whatever the caller may not see; its status is 404. */
#define PROBLEM_NOTHING_STATUS 404
enum err problem_nothing(struct buf *out) MUST_USE;

/* An error of a handler with what it said. */
enum err problem_of(enum err e, const struct outcome *o,
    struct buf *out) MUST_USE;

/* The envelope; takes ${result} (may be NULL). */
enum err problem_done(const struct outcome *o, struct json_doc *result,
    struct buf *out) MUST_USE;

#endif
