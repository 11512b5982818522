#include "keys/openssh_key.h"

#include <sodium.h>
#include <string.h>

#define LINE_CHARS 70
#define BLOB_MAX 512
#define TEXT_MAX (BLOB_MAX * 4 / 3 + 8)
#define BLOCK 8                 /* padding, also without a cipher */

/* Where the fixed part of the text has the check number and the seed: behind
 * magic, cipher, KDF, its options, the count, the public key, a length; and
 * behind two check numbers, key type and public key. */
#define CHECK_AT (15 + 8 + 8 + 4 + 4 + 55 + 4)
#define SEED_AT (CHECK_AT + 8 + 15 + 36 + 4)

static const char begin_line[] = "-----BEGIN OPENSSH PRIVATE KEY-----";
static const char end_line[] = "-----END OPENSSH PRIVATE KEY-----";
static const char key_type[] = "ssh-ed25519";

static void
put_u32(struct secret_text *b, uint32_t v)
{
	uint8_t be[4] = {(uint8_t)(v >> 24), (uint8_t)(v >> 16),
	    (uint8_t)(v >> 8), (uint8_t)v};

	secret_text_bytes(b, bytes_of(be, sizeof(be)));
}

static void
put_string(struct secret_text *b, struct bytes s)
{
	put_u32(b, (uint32_t)s.len);
	secret_text_bytes(b, s);
}

static void
put_public(struct secret_text *b, const uint8_t public_key[32])
{
	put_string(b, bytes_str(key_type));
	put_string(b, bytes_of(public_key, 32));
}

/* Check numbers, the pair, the comment, then 1, 2, 3, ... to a full block. */
static void
put_private(struct secret_text *b, const struct openssh_key *key,
    const uint8_t pair[64])
{
	size_t start = b->len;

	put_u32(b, key->check);
	put_u32(b, key->check);
	put_public(b, pair + 32);
	put_string(b, bytes_of(pair, 64));
	put_string(b, bytes_str(key->comment));
	for (uint8_t pad = 1; (b->len - start) % BLOCK != 0 &&
	    b->e == ERR_OK; pad++)
		secret_text_bytes(b, bytes_of(&pad, 1));
}

static enum err
make_blob(const struct openssh_key *key, struct secret_text *b)
{
	SECRET_BYTES(pair, 64);         /* seed, then public key */
	uint8_t public_key[32];
	size_t private_len;

	if (secret_len(key->seed) != 32 || crypto_sign_seed_keypair(
	    public_key, pair, secret_bytes(key->seed)) != 0)
		return ERR_CRYPTO;
	private_len = 8 + 15 + 36 + 68 + 4 + strlen(key->comment);
	private_len = (private_len + BLOCK - 1) / BLOCK * BLOCK;
	secret_text_bytes(b, bytes_of("openssh-key-v1", 15));
	put_string(b, bytes_str("none"));
	put_string(b, bytes_str("none"));
	put_string(b, bytes_of(NULL, 0));
	put_u32(b, 1);
	put_u32(b, 4 + sizeof(key_type) - 1 + 4 + 32);
	put_public(b, public_key);
	put_u32(b, (uint32_t)private_len);
	put_private(b, key, pair);
	return b->e;
}

static void
put_line(struct secret_text *out, const char *prefix, struct bytes line)
{
	secret_text_str(out, prefix);
	secret_text_bytes(out, line);
	secret_text_str(out, "\n");
}

enum err
openssh_key_append(const struct openssh_key *key, const char *prefix,
    struct secret_text *out)
{
	CLEANUP(secret_text_release) struct secret_text blob = {0};
	SECRET_BYTES(text, TEXT_MAX);
	size_t len;

	MUST_HOLD(strlen(key->comment) <= OPENSSH_KEY_COMMENT_MAX);
	RETURN_IF(secret_text_init(&blob, BLOB_MAX));
	RETURN_IF(make_blob(key, &blob));
	(void)sodium_bin2base64((char *)text, sizeof(text),
	    secret_bytes(blob.mem), blob.len, sodium_base64_VARIANT_ORIGINAL);
	len = strlen((const char *)text);
	put_line(out, prefix, bytes_str(begin_line));
	for (size_t at = 0; at < len; at += LINE_CHARS)
		put_line(out, prefix, bytes_of(text + at,
		    len - at < LINE_CHARS ? len - at : LINE_CHARS));
	put_line(out, prefix, bytes_str(end_line));
	return out->e;
}

/* The next line without ${prefix}. */
static enum err
take_prefixed(struct bytes *rest, const char *prefix, struct bytes *ret)
{
	size_t len = strlen(prefix);
	struct bytes line;

	if (bytes_take_line(rest, &line) != ERR_OK || line.len < len ||
	    memcmp(line.data, prefix, len) != 0)
		return ERR_SYNTAX;
	*ret = bytes_of(line.data + len, line.len - len);
	return ERR_OK;
}

/* The base64 between both marks, joined. */
static enum err
join_lines(struct bytes *rest, const char *prefix, uint8_t *text,
    size_t *ret_len)
{
	struct bytes line;
	size_t len = 0;

	RETURN_IF(take_prefixed(rest, prefix, &line));
	if (!bytes_equal(line, bytes_str(begin_line)))
		return ERR_SYNTAX;
	for (;;) {
		RETURN_IF(take_prefixed(rest, prefix, &line));
		if (bytes_equal(line, bytes_str(end_line)))
			break;
		if (line.len > LINE_CHARS || line.len > TEXT_MAX - len)
			return ERR_SYNTAX;
		memcpy(text + len, line.data, line.len);
		len += line.len;
	}
	*ret_len = len;
	return ERR_OK;
}

enum err
openssh_key_take(struct bytes *rest, const char *prefix,
    struct secret **ret_seed, uint32_t *ret_check)
{
	SECRET_BYTES(text, TEXT_MAX);
	SECRET_BYTES(blob, BLOB_MAX);
	struct bytes at;
	size_t text_len, len;

	RETURN_IF(join_lines(rest, prefix, text, &text_len));
	if (sodium_base642bin(blob, sizeof(blob), (const char *)text,
	    text_len, NULL, &len, NULL, sodium_base64_VARIANT_ORIGINAL) != 0 ||
	    len < SEED_AT + 32)
		return ERR_SYNTAX;
	at = bytes_of(blob + CHECK_AT, 4);
	RETURN_IF(bytes_take_u32be(&at, ret_check));
	return secret_new_copy(blob + SEED_AT, 32, ret_seed);
}
