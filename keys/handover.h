/* keys/handover.h - a seat changes hands (docs/FORMATS.md 4.4).
 *
 * The predecessor opens each own share and seals the same bytes to the
 * successor; no digest in epoch.txt or in an arrangement changes.  What was
 * handed out, in which order, is in `azukari-handover v1`, which the
 * predecessor signs (handover@azukari).
 *
 *   predecessor  handover_begin, handover_add per epoch, handover_finish
 *   gateway      handover_parse, then handover_list over its own digests and
 *                handover_check_list
 *   successor    opens each new file and checks it with share_check
 */
#ifndef AZUKARI_KEYS_HANDOVER_H
#define AZUKARI_KEYS_HANDOVER_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"
#include "keys/age.h"
#include "keys/epoch.h"

#define HANDOVER_NONCE_LEN 16

struct handover_facts {
	char owner[NAMES_OWNER_LEN + 1];
	uint8_t old_charter_sha256[DIGEST_LEN];
	uint8_t new_charter_sha256[DIGEST_LEN];
	char seat[NAMES_WORD_MAX + 1];
	char successor[BECH32_RECIPIENT_LEN + 1];
	uint8_t nonce[HANDOVER_NONCE_LEN];
};

/* The list that shares-sha256 covers: lines `EPOCH SHA256(share text)`.  A
 * zeroed struct is an empty list. */
struct handover_list {
	struct buf lines;
	uint64_t len;
};
void handover_list_release(struct handover_list *l);   /* CLEANUP-able */
enum err handover_list_add(struct handover_list *l,
    const uint8_t epoch[EPOCH_ID_LEN],
    const uint8_t share_sha256[DIGEST_LEN]) MUST_USE;

/* One epoch whose share is handed over; borrowed. */
struct handover_item {
	const struct epoch *epoch;
	const struct epoch_seats *in_force;     /* or NULL */
	struct bytes file;                      /* the predecessor's age file */
};

struct handover {
	struct handover_facts facts;
	struct age_recipient to[2];             /* successor, spare */
	size_t to_len;
	struct handover_list list;
};

/* Begin.  ${spare} is the successor's spare recipient or NULL.  ERR_SYNTAX for
 * bad facts, ERR_DUPLICATE when spare and successor are the same. */
enum err handover_begin(struct handover *h, const struct handover_facts *facts,
    const char *spare) MUST_USE;
void handover_release(struct handover *h);      /* CLEANUP-able */

/* Open one share with the predecessor's ${keys}, check it against its epoch and
 * that it is this seat's (ERR_MISMATCH, ERR_SHARE with ${info}), seal it to the
 * successor into ${out}, and note it. */
enum err handover_add(struct handover *h, const struct age_keys *keys,
    const struct handover_item *item, struct buf *out,
    struct err_info *info) MUST_USE;

/* Append the text over all that was added.  ERR_STATE when nothing was. */
enum err handover_finish(struct handover *h, struct buf *out,
    struct err_info *info) MUST_USE;

struct handover_text {
	struct handover_facts facts;
	uint64_t shares;
	uint8_t shares_sha256[DIGEST_LEN];
};
enum err handover_parse(struct bytes text, struct handover_text *ret,
    struct err_info *info) MUST_USE;

/* ERR_MISMATCH unless number and digest of ${l} are those of ${t}. */
enum err handover_check_list(const struct handover_text *t,
    const struct handover_list *l) MUST_USE;

#endif
