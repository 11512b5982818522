/* keys/record_plain.h - the plaintext of a record, format 2 (FORMATS.md 5.1).
 *
 * User id, source, times, the consent in force, then a body that depends on
 * the kind; padded with 0x80 and zeros to a multiple of 16.  Source and text
 * are numbers in the lists of the epoch, times are differences: a record can
 * be read only with the epoch_lists it was written with.  One plaintext has
 * one encoding: the reader refuses every other.  Parsed values are borrowed
 * from the bytes, and from the lists, they were read with.
 *
 * Where the lists say so the record is of format 1 (FORMATS.md 5.6), which is
 * read and never written: record_plain_first.c.
 */
#ifndef AZUKARI_KEYS_RECORD_PLAIN_H
#define AZUKARI_KEYS_RECORD_PLAIN_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"
#include "keys/digest.h"
#include "keys/epoch_lists.h"
#include "keys/record.h"

#define RECORD_PLAIN_USER_MAX 255       /* bytes of a user id */
#define RECORD_PLAIN_LINE_LEN 16        /* a packed LINE id */

/* Bits of scopes. */
#define RECORD_PLAIN_SUPPORT 1u
#define RECORD_PLAIN_RESEARCH 2u
#define RECORD_PLAIN_RECONTACT 4u
#define RECORD_PLAIN_ALL 128u

enum record_plain_code {
	RECORD_PLAIN_NOBODY = 0,        /* quarantined lines, and only those */
	RECORD_PLAIN_LINE = 1,          /* `U` and 32 hex digits, as 16 bytes */
	RECORD_PLAIN_UTF8 = 2,
};

struct record_plain {
	enum record_plain_code user_code;
	struct bytes user;              /* as stored: packed, or UTF-8 */
	struct bytes source;            /* empty: a trial's */
	int has_consent;
	uint8_t consent_text[DIGEST_LEN];
	uint8_t consent_scopes;
	uint32_t consent_given_unix_s;
	uint32_t event_unix_s;
	uint32_t received_unix_s;
	struct bytes body;
};

/* Set user and user_code of ${p} from a user id's text; a LINE id is packed
 * into ${store}, which ${p} then borrows, anything else is borrowed itself.
 * ERR_RANGE unless 1 to 255 bytes. */
enum err record_plain_set_user(struct record_plain *p, struct bytes text,
    uint8_t store[RECORD_PLAIN_LINE_LEN]) MUST_USE;

/* Append the user id as text to ${out} (nothing for RECORD_PLAIN_NOBODY). */
enum err record_plain_get_user(const struct record_plain *p,
    struct buf *out) MUST_USE;

/* Append header, body and padding to ${out}.  ERR_UNKNOWN for a source or text
 * that ${lists} does not have; ERR_RANGE for what the format cannot hold or the
 * kind does not allow; ${out} is then unchanged.  Only under empty lists (a
 * trial) a record has no source. */
enum err record_plain_build(enum record_kind kind,
    const struct epoch_lists *lists, const struct record_plain *p,
    struct buf *out) MUST_USE;

/* Read a plaintext of ${kind}.  ERR_UNSUPPORTED (format), ERR_TRUNCATED,
 * ERR_CORRUPT (padding, codes, numbers the lists do not have, times before 1970
 * or after 2106, bytes that have another encoding). */
enum err record_plain_parse(enum record_kind kind,
    const struct epoch_lists *lists, struct bytes plain,
    struct record_plain *ret) MUST_USE;

/* Bodies.  Readers return ERR_CORRUPT for another length or value; a consent's
 * text must be in the lists (ERR_UNKNOWN). */
struct record_plain_consent {           /* kind 2 */
	uint8_t scopes;
	uint8_t text_sha256[DIGEST_LEN];
};
enum err record_plain_consent_write(const struct epoch_lists *lists,
    const struct record_plain_consent *c, struct buf *out) MUST_USE;
enum err record_plain_consent_read(const struct epoch_lists *lists,
    struct bytes body, struct record_plain_consent *ret) MUST_USE;

struct record_plain_withdrawal {        /* kind 3 */
	uint8_t scopes;
	int permanent;
};
enum err record_plain_withdrawal_write(
    const struct record_plain_withdrawal *w, struct buf *out) MUST_USE;
enum err record_plain_withdrawal_read(struct bytes body,
    struct record_plain_withdrawal *ret) MUST_USE;

struct record_plain_quarantine {        /* kind 5 */
	struct bytes reason;            /* 1-255 bytes */
	struct bytes line;
};
enum err record_plain_quarantine_write(
    const struct record_plain_quarantine *q, struct buf *out) MUST_USE;
enum err record_plain_quarantine_read(struct bytes body,
    struct record_plain_quarantine *ret) MUST_USE;

#endif
