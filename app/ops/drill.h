/* app/ops/drill.h - does a seat's key still open and sign?  (docs/FORMATS.md
 * 8.15)  A text with a nonce that only the seat can read, signed by it. */
#ifndef AZUKARI_APP_OPS_DRILL_H
#define AZUKARI_APP_OPS_DRILL_H

#include "app/home.h"
#include "app/ops/officer.h"
#include "core/text.h"
#include "keys/digest.h"

#define DRILL_NONCE_LEN 32
#define DRILL_DAYS_DEFAULT 30
#define DRILL_DAYS_MAX 366
#define DRILL_DUE_DAYS 180              /* for status */

/* drill.txt, parsed. */
struct drill_text {
	struct text *text;
	const char *owner, *seat;
	uint8_t charter_sha256[DIGEST_LEN], ledger_root[DIGEST_LEN];
	uint64_t ledger_size;
	int64_t created_unix_s, expires_unix_s;
};
void drill_text_release(struct drill_text *d);          /* CLEANUP-able */
enum err drill_text_parse(struct bytes bytes, struct drill_text *ret,
    struct err_info *info) MUST_USE;

/* At the gateway: make one for ${seat}, remember it, write its packet to
 * ${path} (new).  It takes the place of an earlier one.  ERR_NOT_FOUND,
 * ERR_RANGE (days), with a sentence. */
struct drill_pack_args {
	const char *owner, *seat, *path;
	uint64_t days;                  /* 0: DRILL_DAYS_DEFAULT */
};
enum err drill_pack(struct home *h, const struct drill_pack_args *args)
    MUST_USE;

/* What it says when it is done; also by who has the packet from a service. */
void drill_pack_tell(struct outcome *o, const struct drill_pack_args *args);

/* On the custodian's machine: open, check, sign; the answer goes to ${path}. */
enum err drill_sign(const struct officer_args *args, const char *path,
    struct outcome *o) MUST_USE;

/* At the gateway: an answer, or (${sig} not NULL) drill.txt with its
 * signature.  ERR_NOT_FOUND (no such drill waits), ERR_EXPIRED, ERR_SIGNATURE,
 * ERR_UNTRUSTED, ERR_STATE, each with a sentence. */
enum err drill_accept(struct home *h, const char *answer,
    const char *sig) MUST_USE;

/* Seats of the charter in force whose keys have shown nothing for longer than
 * ${days}: no drill, nor the signature on a charter with which they joined.
 * Calls ${each} for every one. */
typedef void (*drill_due_fn)(void *ctx, const char *seat, int64_t last_unix_s);
enum err drill_due(struct home *h, const char *owner, uint64_t days,
    drill_due_fn each, void *ctx) MUST_USE;

#endif
