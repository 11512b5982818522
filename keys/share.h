/* keys/share.h - share texts: read, check, combine, hand on.
 *
 * A share text (`azukari-share v1`, docs/FORMATS.md 4.3) binds a Shamir share
 * to its epoch and seat; the SHA-256 of exactly its bytes stands in epoch.txt
 * or in the arrangement in force.  Nothing is combined before every digest is
 * checked; a wrong share names its seat in err_info.
 *
 * Share texts are secrets in text form: keep them in struct buf (wiped), never
 * in a file outside age.  A share's value and an epoch key go into the
 * caller's locked memory.
 */
#ifndef AZUKARI_KEYS_SHARE_H
#define AZUKARI_KEYS_SHARE_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/secret.h"
#include "keys/age.h"
#include "keys/epoch.h"

#define SHARE_TEXT_MAX ((size_t)4 << 10)
#define SHARE_FILE_MAX ((size_t)8 << 10)
#define SHARE_LIST_MAX ((size_t)64 << 20)

/* The labels of a share; its value is kept apart. */
struct share {
	enum epoch_kind kind;
	char owner[NAMES_OWNER_LEN + 1];
	uint8_t epoch[EPOCH_ID_LEN];
	char subject[EPOCH_SUBJECT_MAX + 1];
	uint8_t subject_sha256[DIGEST_LEN];
	int32_t day;
	uint8_t charter_sha256[DIGEST_LEN];     /* of those who hold shares */
	uint8_t commitment[DIGEST_LEN];         /* as in epoch.txt */
	char seat[NAMES_WORD_MAX + 1];
	uint8_t x;
	unsigned threshold;
	size_t seats;
	uint8_t sha256[DIGEST_LEN];             /* of the text */
};

/* Parse a text; its value goes to ${ret_value} (locked or wiped memory).  What
 * text_parse returns, ERR_SYNTAX, ERR_RANGE, ERR_UNKNOWN.  Nothing is checked
 * against an epoch yet.  ${info} may be NULL. */
enum err share_parse(struct bytes text, struct share *ret,
    uint8_t ret_value[EPOCH_KEY_LEN], struct err_info *info) MUST_USE;

/* Append the text; ${s}'s sha256 is not used. */
enum err share_write(const struct share *s,
    const uint8_t value[EPOCH_KEY_LEN], struct buf *out) MUST_USE;

/* Check labels and digest against an epoch.  ${in_force} are the seats of the
 * arrangement in force, NULL where the epoch was never redistributed.
 * ERR_MISMATCH (labels of another epoch, plan of seats or seat), ERR_SHARE
 * (labels fit, the digest does not); ${info} (may be NULL) names the seat. */
enum err share_check(const struct share *s, const struct epoch *epoch,
    const struct epoch_seats *in_force, struct err_info *info) MUST_USE;

/* Shares that are to be combined; everything borrowed. */
struct share_set {
	const struct epoch *epoch;
	const struct epoch_seats *in_force;     /* or NULL */
	const struct bytes *texts;
	size_t len;
};

/* Check every text as share_check does, then distinct seats and x
 * (ERR_DUPLICATE), then that there are enough (ERR_THRESHOLD); combine; compare
 * with the key commitment in constant time (ERR_SHARE).  All texts given must
 * hold, also those beyond the threshold.  The first form writes EK into the
 * caller's locked memory, the second gives it to the caller. */
enum err share_combine_into(const struct share_set *set,
    uint8_t ret_ek[EPOCH_KEY_LEN], struct err_info *info) MUST_USE;
enum err share_combine(const struct share_set *set, struct secret **ret_ek,
    struct err_info *info) MUST_USE;

/* Split the next share text off a list of them, one behind the other (the
 * plaintext of shares.age).  ERR_NOT_FOUND at the end, ERR_SYNTAX when what is
 * left does not begin as a share text, ERR_LIMIT when one is too long. */
enum err share_next(struct bytes *rest, struct bytes *ret_text) MUST_USE;

/* Open a share's age file with ${keys}; append the text to ${out}.  As
 * age_open_buf; ERR_LIMIT for a file or text too long. */
enum err share_open(const struct age_keys *keys, struct bytes file,
    struct buf *out) MUST_USE;

/* Seal a list of texts, one behind the other, byte-exact, to ${count} (1 or 2)
 * recipients and append the age file to ${out}: release, hand-over. */
enum err share_seal(const struct age_recipient *to, size_t count,
    struct bytes texts, struct buf *out) MUST_USE;

#endif
