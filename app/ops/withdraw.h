/* app/ops/withdraw.h - stopping the use of what a respondent gave.
 *
 * A withdrawal stands at once (a stop act): the respondent's consent is cut
 * back in the store, partners who hold their answers are queued for a notice,
 * and, when everything is withdrawn, the key is marked for deletion at the end
 * of the policy's hold.
 */
#ifndef AZUKARI_APP_OPS_WITHDRAW_H
#define AZUKARI_APP_OPS_WITHDRAW_H

#include "app/act.h"
#include "app/home.h"
#include "vault/store_respondent.h"

#define WITHDRAW_BATCH_LEN 8
#define WITHDRAW_HOLD_HOURS_DEFAULT 24  /* where no policy is in force yet */

struct withdraw_item {
	uint32_t number;        /* of a respondent that is in the store */
	uint8_t scopes;         /* STORE_SCOPE_ bits */
	uint8_t permanent;
	uint8_t no_hold;        /* an officer asked for the erasure now */
	uint8_t by_owner;       /* not the respondent's own wish: partners are
	                         * told of an erasure */
	int64_t at_unix_s;      /* when the respondent said so */
};

/* What one withdrawal act needs to know. */
struct withdraw_terms {
	int64_t hold_s;         /* from policy; see withdraw_terms_load */
};
enum err withdraw_terms_load(struct owner *w,
    struct withdraw_terms *ret) MUST_USE;

struct withdraw_result {
	char batch[2 * WITHDRAW_BATCH_LEN + 1];
	size_t stopped;         /* withdrew everything: key marked */
	uint64_t notices;       /* blocks queued for partners */
};

/* The act on its own: begin, rows, commit.  ERR_NOT_FOUND: a number that is
 * not in the store (nothing is changed then). */
enum err withdraw_apply(struct owner *w, const struct withdraw_item *items,
    size_t len, struct withdraw_result *ret) MUST_USE;

/* For a caller that has an act of this owner's store open (intake): the entry,
 * once, then rows in the caller's order. */
enum err withdraw_entry(struct act *a, const struct owner *w,
    struct withdraw_result *ret, int64_t *ret_act) MUST_USE;
enum err withdraw_rows(struct owner *w, const struct withdraw_terms *terms,
    const struct withdraw_item *items, size_t len, int64_t act,
    struct withdraw_result *sum) MUST_USE;

#endif
