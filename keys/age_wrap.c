#include "keys/age_wrap.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "keys/digest.h"

#define KEY_LEN AGE_HEADER_FILE_KEY_LEN
#define SALT_LEN 16

static const char x25519_label[] = "age-encryption.org/v1/X25519";
static const char scrypt_label[] = "age-encryption.org/v1/scrypt";

/* A wrapping key is used once, so its nonce is zero. */
static const uint8_t zero_nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES];

static void
seal_file_key(const uint8_t file_key[KEY_LEN], const uint8_t wrap_key[32],
    uint8_t ret[AGE_HEADER_BODY_LEN])
{
	(void)crypto_aead_chacha20poly1305_ietf_encrypt(ret, NULL, file_key,
	    KEY_LEN, NULL, 0, NULL, zero_nonce, wrap_key);
}

static enum err
open_file_key(const uint8_t body[AGE_HEADER_BODY_LEN],
    const uint8_t wrap_key[32], uint8_t ret[KEY_LEN])
{
	if (crypto_aead_chacha20poly1305_ietf_decrypt(ret, NULL, NULL, body,
	    AGE_HEADER_BODY_LEN, NULL, 0, zero_nonce, wrap_key) != 0)
		return ERR_NO_MATCH;
	return ERR_OK;
}

/* ${shared} is secret; both public keys go into the salt. */
static enum err
x25519_wrap_key(const uint8_t shared[32], const uint8_t share[32],
    const uint8_t recipient[32], uint8_t ret[32])
{
	uint8_t salt[64];

	memcpy(salt, share, 32);
	memcpy(salt + 32, recipient, 32);
	return digest_hkdf_sha256(bytes_of(shared, 32),
	    bytes_of(salt, sizeof(salt)), bytes_str(x25519_label), ret, 32);
}

enum err
age_wrap_x25519(const uint8_t file_key[KEY_LEN],
    const struct age_recipient *to, struct buf *out)
{
	SECRET_BYTES(ephemeral, 32);
	SECRET_BYTES(shared, 32);
	SECRET_BYTES(wrap_key, 32);
	uint8_t share[32], body[AGE_HEADER_BODY_LEN];

	secret_random(ephemeral, sizeof(ephemeral));
	if (crypto_scalarmult_base(share, ephemeral) != 0)
		return ERR_CRYPTO;
	if (crypto_scalarmult(shared, ephemeral, to->key) != 0)
		return ERR_RANGE;
	RETURN_IF(x25519_wrap_key(shared, share, to->key, wrap_key));
	seal_file_key(file_key, wrap_key, body);
	return age_header_append_x25519(share, body, out);
}

enum err
age_wrap_open_x25519(const struct age_stanza *s, const struct secret *secret,
    uint8_t ret[KEY_LEN])
{
	SECRET_BYTES(shared, 32);
	SECRET_BYTES(wrap_key, 32);
	uint8_t share[32];
	struct age_recipient own;

	RETURN_IF(age_header_x25519_args(s, share));
	RETURN_IF(age_secret_recipient(secret, &own));
	if (crypto_scalarmult(shared, secret_bytes(secret), share) != 0)
		return ERR_SYNTAX;
	RETURN_IF(x25519_wrap_key(shared, share, own.key, wrap_key));
	return open_file_key(s->body, wrap_key, ret);
}

static enum err
scrypt_wrap_key(const struct secret *passphrase, const uint8_t salt[SALT_LEN],
    unsigned log_n, uint8_t ret[32])
{
	uint8_t labelled[sizeof(scrypt_label) - 1 + SALT_LEN];

	memcpy(labelled, scrypt_label, sizeof(scrypt_label) - 1);
	memcpy(labelled + sizeof(scrypt_label) - 1, salt, SALT_LEN);
	errno = 0;
	if (crypto_pwhash_scryptsalsa208sha256_ll(secret_bytes(passphrase),
	    secret_len(passphrase), labelled, sizeof(labelled),
	    (uint64_t)1 << log_n, 8, 1, ret, 32) != 0)
		return errno == ENOMEM ? ERR_NOMEM : ERR_CRYPTO;
	return ERR_OK;
}

enum err
age_wrap_scrypt(const uint8_t file_key[KEY_LEN],
    const struct secret *passphrase, unsigned log_n, struct buf *out)
{
	SECRET_BYTES(wrap_key, 32);
	uint8_t salt[SALT_LEN], body[AGE_HEADER_BODY_LEN];

	secret_random(salt, sizeof(salt));
	RETURN_IF(scrypt_wrap_key(passphrase, salt, log_n, wrap_key));
	seal_file_key(file_key, wrap_key, body);
	return age_header_append_scrypt(salt, log_n, body, out);
}

enum err
age_wrap_open_scrypt(const struct age_stanza *s,
    const struct secret *passphrase, unsigned max_log_n, uint8_t ret[KEY_LEN])
{
	SECRET_BYTES(wrap_key, 32);
	uint8_t salt[SALT_LEN];
	unsigned log_n;
	enum err e;

	RETURN_IF(age_header_scrypt_args(s, salt, &log_n));
	if (log_n > max_log_n)
		return ERR_LIMIT;
	RETURN_IF(scrypt_wrap_key(passphrase, salt, log_n, wrap_key));
	e = open_file_key(s->body, wrap_key, ret);
	return e == ERR_NO_MATCH ? ERR_PASSPHRASE : e;
}
