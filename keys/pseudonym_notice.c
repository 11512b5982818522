/* keys/pseudonym_notice.c - a pseudonym as one block of AES-256. */
#include <stdlib.h>

#include "keys/libcrypto.h"
#include "keys/pseudonym.h"

/* One block under a key used for nothing else: ECB is the block cipher itself,
 * a permutation, without anything to repeat. */
struct pseudonym_notice {
	EVP_CIPHER_CTX *seal, *open;
};

static enum err
prepare(EVP_CIPHER_CTX *ctx, const uint8_t key[32], int sealing)
{
	if (EVP_CipherInit_ex(ctx, EVP_aes_256_ecb(), NULL, key, NULL,
	    sealing) != 1 || EVP_CIPHER_CTX_set_padding(ctx, 0) != 1)
		return ERR_CRYPTO;
	return ERR_OK;
}

enum err
pseudonym_notice_new(const uint8_t key[32], struct pseudonym_notice **ret)
{
	CLEANUP(pseudonym_notice_cleanup) struct pseudonym_notice *n =
	    calloc(1, sizeof(*n));

	if (n == NULL || (n->seal = EVP_CIPHER_CTX_new()) == NULL ||
	    (n->open = EVP_CIPHER_CTX_new()) == NULL)
		return ERR_NOMEM;
	RETURN_IF(prepare(n->seal, key, 1));
	RETURN_IF(prepare(n->open, key, 0));
	*ret = TAKE(n);
	return ERR_OK;
}

/* OpenSSL wipes a context's key when it is freed. */
void
pseudonym_notice_free(struct pseudonym_notice *n)
{
	if (n == NULL)
		return;
	EVP_CIPHER_CTX_free(n->seal);
	EVP_CIPHER_CTX_free(n->open);
	free(n);
}

void
pseudonym_notice_cleanup(struct pseudonym_notice **n)
{
	pseudonym_notice_free(*n);
	*n = NULL;
}

static enum err
one_block(EVP_CIPHER_CTX *ctx, const uint8_t in[16], uint8_t ret[16])
{
	int len;

	if (EVP_CipherUpdate(ctx, ret, &len, in, 16) != 1 || len != 16)
		return ERR_CRYPTO;
	return ERR_OK;
}

enum err
pseudonym_notice_block(struct pseudonym_notice *n,
    const uint8_t pseudonym[PSEUDONYM_LEN], uint8_t ret[PSEUDONYM_BLOCK_LEN])
{
	return one_block(n->seal, pseudonym, ret);
}

enum err
pseudonym_notice_open(struct pseudonym_notice *n,
    const uint8_t block[PSEUDONYM_BLOCK_LEN], uint8_t ret[PSEUDONYM_LEN])
{
	return one_block(n->open, block, ret);
}
