/* ledger/note_signer.c - Ed25519 signing of note texts. */
#include "ledger/note_signer.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "ledger/cosignature.h"

struct note_signer {
	struct note_key key;
	struct secret *secret_key;      /* libsodium's form: seed, public */
};

/* The public key of ${seed}; its expanded secret key into ${secret_key}. */
static enum err
expand(const struct secret *seed, struct secret *secret_key,
    uint8_t ret_public[NOTE_KEY_PUBLIC_MAX])
{
	return crypto_sign_seed_keypair(ret_public,
	    secret_bytes_mut(secret_key), secret_bytes(seed)) == 0 ? ERR_OK :
	    ERR_CRYPTO;
}

enum err
note_signer_new(const char *name, uint8_t type, const struct secret *seed,
    struct note_signer **ret)
{
	CLEANUP(note_signer_cleanup) struct note_signer *s = NULL;
	uint8_t public_key[NOTE_KEY_PUBLIC_MAX];

	if (secret_len(seed) != NOTE_SIGNER_SEED_LEN)
		return ERR_RANGE;
	if ((s = calloc(1, sizeof(*s))) == NULL)
		return ERR_NOMEM;
	RETURN_IF(secret_new(crypto_sign_SECRETKEYBYTES, &s->secret_key));
	RETURN_IF(expand(seed, s->secret_key, public_key));
	RETURN_IF(note_key_init(name, type, public_key, &s->key));
	*ret = TAKE(s);
	return ERR_OK;
}

void
note_signer_free(struct note_signer *s)
{
	if (s == NULL)
		return;
	secret_free(s->secret_key);
	free(s);
}

void
note_signer_cleanup(struct note_signer **s)
{
	note_signer_free(*s);
}

const struct note_key *
note_signer_key(const struct note_signer *s)
{
	return &s->key;
}

static enum err
sign_ed25519(const struct note_signer *s, struct bytes message,
    struct buf *out)
{
	uint8_t signature[crypto_sign_BYTES];

	if (crypto_sign_detached(signature, NULL, message.data, message.len,
	    secret_bytes(s->secret_key)) != 0)
		return ERR_CRYPTO;
	return buf_append(out, signature, sizeof(signature));
}

static enum err
sign_cosignature(const struct note_signer *s, struct bytes text,
    int64_t unix_s, struct buf *out)
{
	CLEANUP(buf_release) struct buf message = {0};

	if (unix_s < 0)
		return ERR_RANGE;
	RETURN_IF(cosignature_message(text, unix_s, &message));
	RETURN_IF(buf_append_u64be(out, (uint64_t)unix_s));
	return sign_ed25519(s, bytes_buf(&message), out);
}

enum err
note_signer_sign(const struct note_signer *s, struct bytes text,
    int64_t unix_s, struct buf *out)
{
	if (s->key.type == NOTE_KEY_COSIGNATURE)
		return sign_cosignature(s, text, unix_s, out);
	return sign_ed25519(s, text, out);
}
