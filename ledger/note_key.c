/* ledger/note_key.c - vkeys and the table of signature types. */
#include "ledger/note_key.h"

#include <string.h>

#include <sodium.h>

#include "core/encode.h"
#include "core/utf8.h"
#include "keys/digest.h"
#include "ledger/cosignature.h"

#define VKEY_MAX 512
#define ID_HEX_LEN (2 * NOTE_KEY_ID_LEN)

struct algorithm {
	uint8_t type;
	size_t public_len;
	enum err (*verify)(const struct note_key *key, struct bytes text,
	    struct bytes signature, int64_t *ret_unix_s);
};

static enum err
verify_ed25519(const struct note_key *key, struct bytes text,
    struct bytes signature, int64_t *ret_unix_s)
{
	if (signature.len != crypto_sign_BYTES ||
	    crypto_sign_verify_detached(signature.data, text.data, text.len,
	    key->public_key) != 0)
		return ERR_SIGNATURE;
	*ret_unix_s = 0;
	return ERR_OK;
}

/* u64 time, then an Ed25519 signature over two header lines and the text. */
static enum err
verify_cosignature(const struct note_key *key, struct bytes text,
    struct bytes signature, int64_t *ret_unix_s)
{
	CLEANUP(buf_release) struct buf message = {0};
	struct bytes rest = signature;
	uint64_t time;

	if (signature.len != COSIGNATURE_LEN ||
	    bytes_take_u64be(&rest, &time) != ERR_OK ||
	    time > (uint64_t)INT64_MAX)
		return ERR_SIGNATURE;
	RETURN_IF(cosignature_message(text, (int64_t)time, &message));
	RETURN_IF(verify_ed25519(key, bytes_buf(&message), rest, ret_unix_s));
	*ret_unix_s = (int64_t)time;
	return ERR_OK;
}

static const struct algorithm algorithms[] = {
	{NOTE_KEY_ED25519, crypto_sign_PUBLICKEYBYTES, verify_ed25519},
	{NOTE_KEY_COSIGNATURE, crypto_sign_PUBLICKEYBYTES,
	    verify_cosignature},
};

static const struct algorithm *
find_algorithm(uint8_t type)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(algorithms); i++)
		if (algorithms[i].type == type)
			return &algorithms[i];
	return NULL;
}

/* The next character of valid UTF-8, up to 0xffff exactly (nothing above is a
 * space). */
static unsigned
next_character(struct bytes *text)
{
	unsigned first = text->data[0], c;
	size_t len = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
	size_t i;

	c = len == 1 ? first : first & (0x7fU >> len);
	for (i = 1; i < len; i++)
		c = c << 6 | (text->data[i] & 0x3fU);
	text->data += len;
	text->len -= len;
	return c;
}

/* Unicode White_Space and the control characters. */
static int
is_space_or_control(unsigned c)
{
	return c <= 0x20 || (c >= 0x7f && c <= 0xa0) || c == 0x1680 ||
	    (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 ||
	    c == 0x202f || c == 0x205f || c == 0x3000;
}

int
note_key_is_name(struct bytes name)
{
	unsigned c;

	if (name.len == 0 || name.len > NOTE_KEY_NAME_MAX ||
	    !utf8_is_valid(name))
		return 0;
	while (name.len > 0) {
		c = next_character(&name);
		if (c == '+' || is_space_or_control(c))
			return 0;
	}
	return 1;
}

static void
compute_id(const struct note_key *key, size_t public_len,
    uint8_t ret[NOTE_KEY_ID_LEN])
{
	uint8_t digest[DIGEST_LEN];
	const uint8_t between[2] = {'\n', key->type};
	const struct bytes parts[] = {
		bytes_str(key->name), bytes_of(between, sizeof(between)),
		bytes_of(key->public_key, public_len),
	};

	digest_sha256_parts(parts, ARRAY_LEN(parts), digest);
	memcpy(ret, digest, NOTE_KEY_ID_LEN);
}

static enum err
fill(struct bytes name, uint8_t type, struct bytes public_key,
    struct note_key *ret)
{
	const struct algorithm *a = find_algorithm(type);
	struct note_key key;

	if (name.len > NOTE_KEY_NAME_MAX)
		return ERR_LIMIT;
	if (!note_key_is_name(name))
		return ERR_SYNTAX;
	if (a == NULL)
		return ERR_UNSUPPORTED;
	if (public_key.len != a->public_len)
		return ERR_SYNTAX;
	memset(&key, 0, sizeof(key));
	memcpy(key.name, name.data, name.len);
	key.type = type;
	memcpy(key.public_key, public_key.data, public_key.len);
	compute_id(&key, public_key.len, key.id);
	*ret = key;
	return ERR_OK;
}

enum err
note_key_init(const char *name, uint8_t type,
    const uint8_t public_key[NOTE_KEY_PUBLIC_MAX], struct note_key *ret)
{
	const struct algorithm *a = find_algorithm(type);

	return fill(bytes_str(name), type,
	    bytes_of(public_key, a != NULL ? a->public_len : 0), ret);
}

/* Everything before the next '+', which is taken too. */
static enum err
take_part(struct bytes *rest, struct bytes *ret)
{
	const uint8_t *plus = rest->len == 0 ? NULL :
	    memchr(rest->data, '+', rest->len);

	if (plus == NULL)
		return ERR_SYNTAX;
	*ret = bytes_of(rest->data, (size_t)(plus - rest->data));
	rest->data += ret->len + 1;
	rest->len -= ret->len + 1;
	return ERR_OK;
}

enum err
note_key_parse(struct bytes vkey, struct note_key *ret)
{
	struct bytes name, hex;
	uint8_t id[NOTE_KEY_ID_LEN], raw[VKEY_MAX];
	struct note_key key;
	size_t len;

	if (vkey.len > VKEY_MAX)
		return ERR_LIMIT;
	RETURN_IF(take_part(&vkey, &name));
	RETURN_IF(take_part(&vkey, &hex));
	RETURN_IF(decode_hex(hex, id, sizeof(id)));
	RETURN_IF(decode_b64(vkey, 1, raw, sizeof(raw), &len));
	if (len == 0)
		return ERR_SYNTAX;
	RETURN_IF(fill(name, raw[0], bytes_of(raw + 1, len - 1), &key));
	if (memcmp(key.id, id, sizeof(id)) != 0)
		return ERR_MISMATCH;
	*ret = key;
	return ERR_OK;
}

enum err
note_key_write(const struct note_key *key, struct buf *out)
{
	const struct algorithm *a = find_algorithm(key->type);
	uint8_t raw[1 + NOTE_KEY_PUBLIC_MAX];
	char hex[ID_HEX_LEN + 1];

	if (a == NULL)
		return ERR_UNSUPPORTED;
	raw[0] = key->type;
	memcpy(raw + 1, key->public_key, a->public_len);
	encode_hex(key->id, sizeof(key->id), hex);
	RETURN_IF(buf_printf(out, "%s+%s+", key->name, hex));
	return encode_b64(raw, 1 + a->public_len, 1, out);
}

int
note_key_equal(const struct note_key *a, const struct note_key *b)
{
	return strcmp(a->name, b->name) == 0 && a->type == b->type &&
	    memcmp(a->id, b->id, sizeof(a->id)) == 0 &&
	    memcmp(a->public_key, b->public_key,
	    sizeof(a->public_key)) == 0;
}

enum err
note_key_verify(const struct note_key *key, struct bytes text,
    struct bytes signature, int64_t *ret_unix_s)
{
	const struct algorithm *a = find_algorithm(key->type);
	int64_t time;

	if (a == NULL)
		return ERR_UNSUPPORTED;
	RETURN_IF(a->verify(key, text, signature, &time));
	if (ret_unix_s != NULL)
		*ret_unix_s = time;
	return ERR_OK;
}
