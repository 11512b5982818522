/* keys/memory_key.c - sealing of release records. */
#include "keys/memory_key.h"

#include <sodium.h>
#include <string.h>

#include "core/secret.h"

#define NONCE_LEN 24
#define POLY_LEN 16

_Static_assert(MEMORY_KEY_OVERHEAD == NONCE_LEN + POLY_LEN, "overhead");

void
memory_key_derive(struct memory_key *ret, const uint8_t key[EPOCH_KEY_LEN],
    const uint8_t epoch_sha256[DIGEST_LEN])
{
	const struct bytes epoch = bytes_of(epoch_sha256, DIGEST_LEN);

	digest_kb(ret->seal, sizeof(ret->seal), key, "azk1.mem.seal", epoch);
	digest_kb(ret->token, sizeof(ret->token), key, "azk1.mem.tokkey",
	    epoch);
	memcpy(ret->epoch_sha256, epoch_sha256, DIGEST_LEN);
}

void
memory_key_token(const struct memory_key *k,
    const struct memory_key_label *label, uint8_t ret[MEMORY_KEY_TOKEN_LEN])
{
	uint8_t level[4] = {(uint8_t)(label->level >> 24),
	    (uint8_t)(label->level >> 16), (uint8_t)(label->level >> 8),
	    (uint8_t)label->level};
	const struct bytes parts[] = {bytes_str(label->field),
	    bytes_of(label->ladder_sha256, DIGEST_LEN),
	    bytes_of(level, sizeof(level)), label->text};

	digest_kb_lp(ret, MEMORY_KEY_TOKEN_LEN, k->token, "azk1.mem.token",
	    parts, ARRAY_LEN(parts));
}

/* "azkmem1\0" | epoch-sha256 | LP(export id) */
static enum err
make_aad(const struct memory_key *k, const char *export_id, struct buf *out)
{
	RETURN_IF(buf_append(out, "azkmem1", 8));
	RETURN_IF(buf_append(out, k->epoch_sha256, DIGEST_LEN));
	return buf_append_lp_str(out, export_id);
}

enum err
memory_key_seal(const struct memory_key *k, const char *export_id,
    struct bytes plain, struct buf *out)
{
	CLEANUP(buf_release) struct buf aad = {0};
	uint8_t *to;

	RETURN_IF(make_aad(k, export_id, &aad));
	RETURN_IF(buf_reserve(out, plain.len + MEMORY_KEY_OVERHEAD));
	to = out->data + out->len;
	secret_random(to, NONCE_LEN);
	(void)crypto_aead_xchacha20poly1305_ietf_encrypt(to + NONCE_LEN, NULL,
	    plain.data, plain.len, aad.data, aad.len, NULL, to, k->seal);
	out->len += plain.len + MEMORY_KEY_OVERHEAD;
	out->data[out->len] = 0;
	return ERR_OK;
}

enum err
memory_key_open(const struct memory_key *k, const char *export_id,
    struct bytes sealed, struct buf *out)
{
	CLEANUP(buf_release) struct buf aad = {0};
	size_t len;

	if (sealed.len < MEMORY_KEY_OVERHEAD)
		return ERR_TRUNCATED;
	len = sealed.len - MEMORY_KEY_OVERHEAD;
	RETURN_IF(make_aad(k, export_id, &aad));
	RETURN_IF(buf_reserve(out, len + 1));
	if (crypto_aead_xchacha20poly1305_ietf_decrypt(out->data + out->len,
	    NULL, NULL, sealed.data + NONCE_LEN, sealed.len - NONCE_LEN,
	    aad.data, aad.len, sealed.data, k->seal) != 0)
		return ERR_DECRYPT;
	out->len += len;
	out->data[out->len] = 0;
	return ERR_OK;
}
