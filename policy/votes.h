/* policy/votes.h - what officers send back: approval, release, denial,
 * revocation (FORMATS 8.5 to 8.7).
 *
 * Strings are borrowed: from `text` when parsed (until the release function),
 * from the caller when filled to be written.  Errors as of text_parse;
 * ERR_SYNTAX and ERR_RANGE for values; ${info} (may be NULL) names the key.
 */
#ifndef AZUKARI_POLICY_VOTES_H
#define AZUKARI_POLICY_VOTES_H

#include <stdint.h>

#include "core/text.h"

struct votes_approval {
	struct text *text;
	const char *plan, *owner, *seat;
	uint8_t plan_sha256[32], charter_sha256[32];
	uint64_t ledger_size;
	uint8_t ledger_root[32];
	int64_t approved_unix_s, expires_unix_s;
	uint8_t nonce[16];
};

struct votes_release {
	struct text *text;
	const char *plan, *owner, *seat;
	uint8_t plan_sha256[32], charter_sha256[32];
	const char *plan_recipient;
	uint8_t approvals_sha256[32];
	uint64_t shares;
	uint8_t shares_sha256[32];
	uint8_t nonce[16];
};

/* A denial or a revocation: the two differ in kind and name of the time. */
enum votes_stop_kind {
	VOTES_DENIAL,
	VOTES_REVOCATION,
};

struct votes_stop {
	struct text *text;
	enum votes_stop_kind kind;
	const char *plan, *owner, *seat;
	uint8_t plan_sha256[32];
	const char *reason;
	int64_t at_unix_s;
	uint8_t nonce[16];
};

enum err votes_approval_parse(struct bytes bytes, struct votes_approval *ret,
    struct err_info *info) MUST_USE;
enum err votes_approval_write(const struct votes_approval *a, struct buf *out,
    struct err_info *info) MUST_USE;
void votes_approval_release(struct votes_approval *a);   /* CLEANUP-able */

enum err votes_release_parse(struct bytes bytes, struct votes_release *ret,
    struct err_info *info) MUST_USE;
enum err votes_release_write(const struct votes_release *r, struct buf *out,
    struct err_info *info) MUST_USE;
void votes_release_release(struct votes_release *r);     /* CLEANUP-able */

enum err votes_stop_parse(struct bytes bytes, enum votes_stop_kind kind,
    struct votes_stop *ret, struct err_info *info) MUST_USE;
enum err votes_stop_write(const struct votes_stop *s, struct buf *out,
    struct err_info *info) MUST_USE;
void votes_stop_release(struct votes_stop *s);           /* CLEANUP-able */

#endif
