/* keys/sshsig_public.c - ssh-ed25519 public keys as text, and fingerprints. */
#include <sodium.h>
#include <string.h>

#include "core/encode.h"
#include "keys/sshsig.h"

#define KEY_TYPE "ssh-ed25519"
#define PUBLIC_BLOB_LEN (4 + 11 + 4 + SSHSIG_PUBLIC_LEN)

static const uint8_t public_prefix[PUBLIC_BLOB_LEN - SSHSIG_PUBLIC_LEN] = {
	0, 0, 0, 11, 's', 's', 'h', '-', 'e', 'd', '2', '5', '5', '1', '9',
	0, 0, 0, 32,
};

static void
public_blob(const uint8_t public_key[SSHSIG_PUBLIC_LEN],
    uint8_t ret[PUBLIC_BLOB_LEN])
{
	memcpy(ret, public_prefix, sizeof(public_prefix));
	memcpy(ret + sizeof(public_prefix), public_key, SSHSIG_PUBLIC_LEN);
}

enum err
sshsig_public_parse(struct bytes text, uint8_t ret[SSHSIG_PUBLIC_LEN])
{
	const size_t type_len = strlen(KEY_TYPE " ");
	uint8_t blob[PUBLIC_BLOB_LEN];
	struct bytes type;
	size_t len;

	if (text.len == 0 || memchr(text.data, ' ', text.len) == NULL)
		return ERR_SYNTAX;
	if (bytes_take(&text, type_len, &type) != ERR_OK ||
	    !bytes_equal(type, bytes_str(KEY_TYPE " ")))
		return ERR_UNSUPPORTED;
	if (decode_b64(text, 1, blob, sizeof(blob), &len) != ERR_OK ||
	    len != sizeof(blob) ||
	    memcmp(blob, public_prefix, sizeof(public_prefix)) != 0)
		return ERR_SYNTAX;
	memcpy(ret, blob + sizeof(public_prefix), SSHSIG_PUBLIC_LEN);
	return ERR_OK;
}

void
sshsig_public_format(const uint8_t public_key[SSHSIG_PUBLIC_LEN],
    char ret[SSHSIG_PUBLIC_TEXT_LEN + 1])
{
	uint8_t blob[PUBLIC_BLOB_LEN];
	const size_t type_len = strlen(KEY_TYPE " ");

	public_blob(public_key, blob);
	memcpy(ret, KEY_TYPE " ", type_len);
	sodium_bin2base64(ret + type_len,
	    SSHSIG_PUBLIC_TEXT_LEN + 1 - type_len, blob, sizeof(blob),
	    sodium_base64_VARIANT_ORIGINAL);
}

void
sshsig_fingerprint(const uint8_t public_key[SSHSIG_PUBLIC_LEN],
    char ret[SSHSIG_FINGERPRINT_LEN + 1])
{
	uint8_t blob[PUBLIC_BLOB_LEN], digest[crypto_hash_sha256_BYTES];
	const size_t head_len = strlen("SHA256:");

	public_blob(public_key, blob);
	crypto_hash_sha256(digest, blob, sizeof(blob));
	memcpy(ret, "SHA256:", head_len);
	sodium_bin2base64(ret + head_len,
	    SSHSIG_FINGERPRINT_LEN + 1 - head_len, digest, sizeof(digest),
	    sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
}
