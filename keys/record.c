/* keys/record.c - one record, sealed under keys of its own. */
#include "keys/record.h"

#include <sodium.h>
#include <string.h>

#include "keys/record_internal.h"

#define AAD_MAGIC "azkrec1"             /* with its NUL: 8 bytes */
#define AAD_LEN 126
#define KEY_LEN 32
#define NONCE_LEN 24
#define POLY_LEN 16
#define EVENT_FULL_LEN 16               /* of which 12 are kept */

_Static_assert(RECORD_OVERHEAD == RECORD_ID_LEN + POLY_LEN, "sealed length");
_Static_assert(NONCE_LEN == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
    "nonce");

void
record_epoch_keys_derive(struct record_epoch_keys *ret,
    const uint8_t ek[EPOCH_KEY_LEN], const uint8_t epoch_sha256[DIGEST_LEN],
    const uint8_t subject_sha256[DIGEST_LEN])
{
	const struct bytes epoch = bytes_of(epoch_sha256, DIGEST_LEN);

	digest_kb(ret->rec, sizeof(ret->rec), ek, "azk1.epoch.rec", epoch);
	digest_kb(ret->id, sizeof(ret->id), ek, "azk1.epoch.id", epoch);
	memcpy(ret->epoch_sha256, epoch_sha256, DIGEST_LEN);
	memcpy(ret->subject_sha256, subject_sha256, DIGEST_LEN);
	ret->format = RECORD_FORMAT;
}

void
record_tag(const struct secret *key, const char *owner,
    const char *id_namespace, struct bytes user_id,
    uint8_t ret[RECORD_TAG_LEN])
{
	const struct bytes parts[] = {
		bytes_str(owner), bytes_str(id_namespace), user_id,
	};

	MUST_HOLD(secret_len(key) == KEY_LEN);
	digest_kb_lp(ret, RECORD_TAG_LEN, secret_bytes(key), "azk1.tag",
	    parts, ARRAY_LEN(parts));
}

void
record_event(const struct secret *key, const char *source,
    struct bytes event_id, uint8_t ret[RECORD_EVENT_LEN])
{
	const struct bytes parts[] = {bytes_str(source), event_id};
	uint8_t full[EVENT_FULL_LEN];

	MUST_HOLD(secret_len(key) == KEY_LEN);
	digest_kb_lp(full, sizeof(full), secret_bytes(key), "azk1.event",
	    parts, ARRAY_LEN(parts));
	memcpy(ret, full, RECORD_EVENT_LEN);
}

void
record_message(const struct secret *key, const char *source,
    struct bytes message_id, uint8_t ret[RECORD_MESSAGE_LEN])
{
	const struct bytes parts[] = {bytes_str(source), message_id};

	MUST_HOLD(secret_len(key) == KEY_LEN);
	digest_kb_lp(ret, RECORD_MESSAGE_LEN, secret_bytes(key),
	    "azk1.message", parts, ARRAY_LEN(parts));
}

/* ---- what is derived for one record ---- */

static const uint8_t nobody[RECORD_TAG_LEN];    /* 32 zero bytes */

/* A quarantined line has no respondent, everything else has one. */
static void
check_ref(const struct record_ref *ref)
{
	MUST_HOLD(ref->kind >= RECORD_RESPONSE &&
	    ref->kind <= RECORD_QUARANTINE);
	if (ref->kind == RECORD_QUARANTINE)
		MUST_HOLD(ref->respondent_key == NULL && ref->tag == NULL &&
		    ref->generation == 0);
	else
		MUST_HOLD(ref->respondent_key != NULL && ref->tag != NULL);
}

static void
put_u32(uint8_t *at, uint32_t v)
{
	at[0] = (uint8_t)(v >> 24);
	at[1] = (uint8_t)(v >> 16);
	at[2] = (uint8_t)(v >> 8);
	at[3] = (uint8_t)v;
}

/* respondent key 32 | generation u32 | kind u8 | id 16 */
static void
record_key(const struct record_epoch_keys *keys, const struct record_ref *ref,
    const uint8_t id[RECORD_ID_LEN], uint8_t ret[KEY_LEN])
{
	SECRET_BYTES(msg, RECORD_KEY_LEN + 4 + 1 + RECORD_ID_LEN);

	memcpy(msg, ref->respondent_key != NULL ? ref->respondent_key : nobody,
	    RECORD_KEY_LEN);
	put_u32(msg + RECORD_KEY_LEN, ref->generation);
	msg[RECORD_KEY_LEN + 4] = (uint8_t)ref->kind;
	memcpy(msg + RECORD_KEY_LEN + 5, id, RECORD_ID_LEN);
	digest_kb(ret, KEY_LEN, keys->rec, "azk1.record",
	    bytes_of(msg, sizeof(msg)));
}

/* magic 8 | epoch-sha256 32 | subject-sha256 32 | tag 32 | generation u32 |
 * kind u8 | format u8 | id 16 */
static void
record_aad(const struct record_epoch_keys *keys, const struct record_ref *ref,
    const uint8_t id[RECORD_ID_LEN], uint8_t ret[AAD_LEN])
{
	memcpy(ret, AAD_MAGIC, 8);
	memcpy(ret + 8, keys->epoch_sha256, DIGEST_LEN);
	memcpy(ret + 40, keys->subject_sha256, DIGEST_LEN);
	memcpy(ret + 72, ref->tag != NULL ? ref->tag : nobody, RECORD_TAG_LEN);
	put_u32(ret + 104, ref->generation);
	ret[108] = (uint8_t)ref->kind;
	ret[109] = keys->format;
	memcpy(ret + 110, id, RECORD_ID_LEN);
}

static void
record_nonce(const uint8_t id[RECORD_ID_LEN], uint8_t ret[NONCE_LEN])
{
	memcpy(ret, id, RECORD_ID_LEN);
	memset(ret + RECORD_ID_LEN, 0, NONCE_LEN - RECORD_ID_LEN);
}

static int
is_plain_len(const struct record_epoch_keys *keys, size_t len)
{
	size_t block = keys->format == RECORD_FORMAT_FIRST ?
	    RECORD_BLOCK_FIRST : RECORD_BLOCK;

	return len > 0 && len % block == 0 && len <= RECORD_PLAIN_MAX;
}

/* ---- sealing and opening ---- */

enum err
record_seal_with(const struct record_epoch_keys *keys,
    const struct record_ref *ref, const uint8_t random[RECORD_RANDOM_LEN],
    struct bytes plain, uint8_t *ret_sealed)
{
	const struct bytes parts[] = {
		bytes_of(random, RECORD_RANDOM_LEN), plain,
	};
	SECRET_BYTES(key, KEY_LEN);
	uint8_t aad[AAD_LEN], nonce[NONCE_LEN], *id = ret_sealed;

	check_ref(ref);
	MUST_HOLD(keys->format == RECORD_FORMAT);
	if (!is_plain_len(keys, plain.len))
		return ERR_RANGE;
	digest_kb_parts(id, RECORD_ID_LEN, keys->id, "azk1.rid", parts,
	    ARRAY_LEN(parts));
	record_key(keys, ref, id, key);
	record_aad(keys, ref, id, aad);
	record_nonce(id, nonce);
	(void)crypto_aead_xchacha20poly1305_ietf_encrypt(
	    ret_sealed + RECORD_ID_LEN, NULL, plain.data, plain.len, aad,
	    sizeof(aad), NULL, nonce, key);
	return ERR_OK;
}

enum err
record_seal(const struct record_epoch_keys *keys, const struct record_ref *ref,
    struct bytes plain, uint8_t *ret_sealed)
{
	uint8_t random[RECORD_RANDOM_LEN];

	secret_random(random, sizeof(random));
	return record_seal_with(keys, ref, random, plain, ret_sealed);
}

enum err
record_seal_many(const struct record_epoch_keys *keys,
    const struct record_ref *ref, struct record_random *random,
    struct bytes plain, uint8_t *ret_sealed)
{
	if (random->left < RECORD_RANDOM_LEN) {
		secret_random(random->bytes, sizeof(random->bytes));
		random->left = sizeof(random->bytes);
	}
	random->left -= RECORD_RANDOM_LEN;      /* each but once */
	return record_seal_with(keys, ref, random->bytes + random->left,
	    plain, ret_sealed);
}

enum err
record_open(const struct record_epoch_keys *keys, const struct record_ref *ref,
    struct bytes sealed, uint8_t *ret_plain)
{
	SECRET_BYTES(key, KEY_LEN);
	uint8_t aad[AAD_LEN], nonce[NONCE_LEN];
	const uint8_t *id = sealed.data;

	check_ref(ref);
	if (sealed.len < RECORD_OVERHEAD + RECORD_BLOCK)
		return ERR_TRUNCATED;
	if (!is_plain_len(keys, sealed.len - RECORD_OVERHEAD))
		return ERR_RANGE;
	record_key(keys, ref, id, key);
	record_aad(keys, ref, id, aad);
	record_nonce(id, nonce);
	if (crypto_aead_xchacha20poly1305_ietf_decrypt(ret_plain, NULL, NULL,
	    sealed.data + RECORD_ID_LEN, sealed.len - RECORD_ID_LEN, aad,
	    sizeof(aad), nonce, key) != 0)
		return ERR_DECRYPT;
	return ERR_OK;
}
