/* keys/record.h - sealing and opening of single records (docs/FORMATS.md 5).
 *
 * Every record has a key of its own, derived from the epoch's key, the
 * respondent's key and the record's id: without both keys it is noise.  The
 * associated data binds epoch, subject, respondent tag, key generation, kind,
 * format and id.  No allocation and no state; any thread.
 */
#ifndef AZUKARI_KEYS_RECORD_H
#define AZUKARI_KEYS_RECORD_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/secret.h"
#include "keys/digest.h"
#include "keys/epoch.h"

#define RECORD_ID_LEN 16
#define RECORD_TAG_LEN 32               /* respondent tag, a blind index */
#define RECORD_EVENT_LEN 12
#define RECORD_KEY_LEN 32               /* respondent key */
#define RECORD_OVERHEAD 32              /* sealed length - plaintext length */
#define RECORD_BLOCK 16                 /* plaintexts are multiples of this */
#define RECORD_PLAIN_MAX ((size_t)8191 * RECORD_BLOCK)  /* FORMATS 5.3 */
#define RECORD_FORMAT 2
#define RECORD_FORMAT_FIRST 1           /* opened, never sealed (5.6) */
#define RECORD_BLOCK_FIRST 32

enum record_kind {
	RECORD_RESPONSE = 1,
	RECORD_CONSENT = 2,
	RECORD_WITHDRAWAL = 3,          /* of a scope */
	RECORD_CONVERSATION = 4,
	RECORD_QUARANTINE = 5,
};

/* What an epoch's records are sealed under.  Key bytes: it lives in a
 * secret_pool or behind secret_bytes_mut, never in plain memory. */
struct record_epoch_keys {
	uint8_t rec[32];                /* EKr */
	uint8_t id[32];                 /* EKi */
	uint8_t epoch_sha256[DIGEST_LEN];
	uint8_t subject_sha256[DIGEST_LEN];
	uint8_t format;                 /* of the epoch's records */
};

/* Derive from EK (which the caller has checked with epoch_check_key), for
 * records of RECORD_FORMAT; whoever opens older ones says so afterwards. */
void record_epoch_keys_derive(struct record_epoch_keys *ret,
    const uint8_t ek[EPOCH_KEY_LEN], const uint8_t epoch_sha256[DIGEST_LEN],
    const uint8_t subject_sha256[DIGEST_LEN]);

/* Whose record: borrowed.  A quarantined line has NULL, NULL and 0. */
struct record_ref {
	const uint8_t *respondent_key;  /* RECORD_KEY_LEN, locked memory */
	const uint8_t *tag;             /* RECORD_TAG_LEN */
	uint32_t generation;
	enum record_kind kind;
};

/* tag of a respondent; hash of a source's event id.  ${key} is the owner's
 * index key or event key, 32 bytes (else abort). */
void record_tag(const struct secret *key, const char *owner,
    const char *id_namespace, struct bytes user_id,
    uint8_t ret[RECORD_TAG_LEN]);
void record_event(const struct secret *key, const char *source,
    struct bytes event_id, uint8_t ret[RECORD_EVENT_LEN]);

/* The hash of a message's id, RECORD_MESSAGE_LEN bytes, under the same key. */
#define RECORD_MESSAGE_LEN 16
void record_message(const struct secret *key, const char *source,
    struct bytes message_id, uint8_t ret[RECORD_MESSAGE_LEN]);

/* Seal ${plain} (of record_plain_build) into ${ret_sealed}, plain.len +
 * RECORD_OVERHEAD bytes, which must not overlap it.  ERR_RANGE when the length
 * is 0, no multiple of RECORD_BLOCK or above RECORD_PLAIN_MAX.  A ref that is
 * half a quarantined one, and keys for another format, abort. */
enum err record_seal(const struct record_epoch_keys *keys,
    const struct record_ref *ref, struct bytes plain,
    uint8_t *ret_sealed) MUST_USE;

/* The same where many are sealed: the system is asked for the randomness of 256
 * records at once.  ${random} is one thread's own; zeroed is empty. */
struct record_random {
	uint8_t bytes[4096];
	size_t left;
};
enum err record_seal_many(const struct record_epoch_keys *keys,
    const struct record_ref *ref, struct record_random *random,
    struct bytes plain, uint8_t *ret_sealed) MUST_USE;

/* Open into ${ret_plain}, sealed.len - RECORD_OVERHEAD bytes, which must not
 * overlap it.  ERR_TRUNCATED, ERR_RANGE (a length no record has), ERR_DECRYPT
 * (nothing is written then but zeros). */
enum err record_open(const struct record_epoch_keys *keys,
    const struct record_ref *ref, struct bytes sealed,
    uint8_t *ret_plain) MUST_USE;

#endif
