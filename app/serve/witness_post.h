/* app/serve/witness_post.h - requests to several witnesses at one time.
 *
 * A handful of HTTP exchanges that run side by side in the thread that waits
 * for them, each with a bound on the whole of it, the look-up of its name
 * included: none holds another up.  One thread uses it; any may wake it.
 */
#ifndef AZUKARI_APP_SERVE_WITNESS_POST_H
#define AZUKARI_APP_SERVE_WITNESS_POST_H

#include <stddef.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"

#define WITNESS_POST_SLOTS 256          /* at one time */
#define WITNESS_POST_URL_MAX 512
#define WITNESS_POST_ANSWER_MAX ((size_t)64 << 10)

struct witness_post;

/* ${ca} is a file of certificates, "": the system's; borrowed. */
enum err witness_post_new(const char *ca, struct witness_post **ret) MUST_USE;
/* What is under way is given up. */
void witness_post_free(struct witness_post *p);

/* Begin: POST ${base}/add-checkpoint, over https, or http to this machine;
 * ${slot} < WITNESS_POST_SLOTS is the caller's name for it and not under way.
 * It is over after ${ms} at most.  ${request} is taken (left empty). */
enum err witness_post_begin(struct witness_post *p, size_t slot,
    const char *base, struct buf *request, int64_t ms) MUST_USE;

/* Until something comes, ${ms} have passed or it is woken. */
enum err witness_post_wait(struct witness_post *p, int64_t ms) MUST_USE;
void witness_post_wake(struct witness_post *p);

struct witness_post_done {
	size_t slot;
	long status;            /* of HTTP; 0: no answer in time */
	struct bytes answer;    /* until its slot begins anew */
};
/* The next one that is over: 1, and its slot is free; 0: none. */
int witness_post_next(struct witness_post *p, struct witness_post_done *ret);

#endif
