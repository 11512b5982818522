/* app/ops/erasure_order.h - an owner has named respondents erased, by the
 * signatures of t seats (docs/FORMATS.md 8.16).
 *
 * The list holds tags, never ids.  Once it is accepted, everyone in it is
 * withdrawn from all scopes at once, partners are told, and the keys are deleted
 * as after any withdrawal (app/erase.h).  An order counts once.
 */
#ifndef AZUKARI_APP_OPS_ERASURE_ORDER_H
#define AZUKARI_APP_OPS_ERASURE_ORDER_H

#include "app/home.h"
#include "core/text.h"
#include "keys/digest.h"
#include "vault/store_respondent.h"

#define ERASURE_ORDER_PEOPLE_MAX 10000
#define ERASURE_ORDER_DAYS 30

/* erasure.txt, parsed; ${owner} is borrowed from ${text}. */
struct erasure_order_text {
	struct text *text;
	const char *owner;
	uint8_t charter_sha256[DIGEST_LEN];
	int now;                        /* no hold */
	int64_t created_unix_s, expires_unix_s;
	uint8_t (*tags)[STORE_TAG_LEN]; /* ascending */
	size_t tags_len;                /* at least one */
};
void erasure_order_text_release(struct erasure_order_text *t);
/* Says nothing of signatures, time or whether anybody in it is here. */
enum err erasure_order_parse(struct bytes bytes,
    struct erasure_order_text *ret, struct err_info *info) MUST_USE;

/* Write erasure.txt to ${path} (new) from a file of respondents' ids, one a
 * line, of ${source}.  ERR_NOT_FOUND with the line of one who is not here, or
 * when there is no such source; ERR_DUPLICATE; ERR_LIMIT. */
struct erasure_order_draft_args {
	const char *owner, *source, *respondents, *reason, *path;
	int now;                /* to be erased without a hold */
};
enum err erasure_order_draft(struct owner *w,
    const struct erasure_order_draft_args *args) MUST_USE;

struct erasure_order_result {
	size_t stopped;         /* withdrawn by this order */
	size_t before;          /* were stopped or erased already */
	int now;                /* the seats want no hold: erase_run is next */
};
/* Take a signed list in and carry it out, up to the hold.  ERR_THRESHOLD, ERR_SIGNATURE, ERR_STATE (another charter), ERR_EXPIRED,
 * ERR_NOT_FOUND (one who is not here; nothing is done), ERR_EXISTS (carried out
 * before), each with a sentence. */
struct erasure_order_args {
	const char *path;
	const char *const *sigs;
	size_t sigs_len;
};
enum err erasure_order_run(struct owner *w,
    const struct erasure_order_args *args,
    struct erasure_order_result *ret) MUST_USE;

#endif
