/* app/ops/witness_ask.h - a gateway asks the witnesses of its ledger.
 *
 * Requests and answers are the texts of C2SP tlog-witness: what a memory stick
 * carries and what HTTP carries are the same bytes.  The service sends
 * witness_ask_text to each witness of witness_ask_each that has a URL, and
 * gives what comes back to witness_ask_accept.
 */
#ifndef AZUKARI_APP_OPS_WITNESS_ASK_H
#define AZUKARI_APP_OPS_WITNESS_ASK_H

#include "app/witnesses.h"

/* Whom, and from where. */
struct witness_ask {
	const char *witness;    /* a name of the policy, or of the key; NULL:
	                         * the only one there is */
	const struct note_key *key;     /* this very one; NULL: by name, which
	                         * policies may give to several */
	int64_t from;           /* what the witness says it has cosigned; -1:
	                         * what we have of it */
};

/* Append the request (`old N`, proof, checkpoint) to ${out}; ${ret_size} is
 * the size of the tree it asks about.  Where another member of a quorum that
 * is not complete has cosigned a checkpoint, the same one is asked for.
 * ERR_NOT_FOUND: no owner's policy names (such) a witness; ERR_USAGE: there
 * are several; ERR_STATE: it has cosigned everything; all with a sentence. */
enum err witness_ask_text(struct home *h, const struct witness_ask *ask,
    struct buf *out, uint64_t *ret_size) MUST_USE;

/* Take in an answer: cosignature lines, or the checkpoint that a witness holds
 * (its state), which must be of this ledger.  ERR_ROLLBACK: it is not, and
 * from now on nothing is signed here; ERR_SIGNATURE, ERR_UNTRUSTED, ERR_EXISTS,
 * ERR_RANGE (its clock), ERR_SYNTAX; all with a sentence. */
enum err witness_ask_accept(struct home *h, struct bytes answer) MUST_USE;

/* The witnesses of all owners' policies in force. */
struct witness_ask_row {
	const char *name, *url;         /* of the policy; "" without URL */
	const struct note_key *key;
	uint64_t cosigned;              /* entries, as far as we know */
	int64_t unix_s;                 /* when; 0: never */
	uint64_t size;                  /* of the ledger now */
};
typedef enum err (*witness_ask_fn)(void *ctx,
    const struct witness_ask_row *row);
enum err witness_ask_each(struct home *h, witness_ask_fn each,
    void *ctx) MUST_USE;

#endif
