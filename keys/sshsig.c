/* keys/sshsig.c - the SSHSIG format: signing, parsing, verifying.
 *
 * The blob in the armour, and the data that is signed (string = u32 length,
 * bytes):
 *
 *   "SSHSIG" | u32 1 | string publickey | string namespace | string reserved |
 *       string hash algorithm | string signature
 *   "SSHSIG" | string namespace | string reserved | string hash algorithm |
 *       string H(message)
 */
#include "keys/sshsig.h"

#include <sodium.h>
#include <string.h>

#include "core/encode.h"
#include "keys/sshsig_internal.h"

#define MAGIC "SSHSIG"
#define MAGIC_LEN 6
#define VERSION 1
#define KEY_TYPE "ssh-ed25519"
#define HASH_NAME "sha512"
#define ARMOUR_BEGIN "-----BEGIN SSH SIGNATURE-----"
#define ARMOUR_END "-----END SSH SIGNATURE-----"
#define ARMOUR_LINE 70
/* Ours has about 200 bytes; an armour of SSHSIG_ARMOUR_MAX holds less than
 * this (enough to say of an RSA signature that it is one). */
#define BLOB_MAX 3072

static const char *const ns_names[SSHSIG_NS_COUNT] = {
	[SSHSIG_CHARTER] = "charter@azukari",
	[SSHSIG_POLICY] = "policy@azukari",
	[SSHSIG_REQUEST] = "request@azukari",
	[SSHSIG_PLAN] = "plan@azukari",
	[SSHSIG_APPROVAL] = "approval@azukari",
	[SSHSIG_RELEASE] = "release@azukari",
	[SSHSIG_DENIAL] = "denial@azukari",
	[SSHSIG_REVOCATION] = "revocation@azukari",
	[SSHSIG_EXPORT] = "export@azukari",
	[SSHSIG_BYTERELEASE] = "byterelease@azukari",
	[SSHSIG_RECEIPT] = "receipt@azukari",
	[SSHSIG_DESTRUCTION] = "destruction@azukari",
	[SSHSIG_NOTICE] = "notice@azukari",
	[SSHSIG_REIDENT] = "reident@azukari",
	[SSHSIG_HANDOVER] = "handover@azukari",
	[SSHSIG_SESSION] = "session@azukari",
	[SSHSIG_DRILL] = "drill@azukari",
	[SSHSIG_ERASURE] = "erasure@azukari",
};

const char *
sshsig_ns_name(enum sshsig_ns ns)
{
	MUST_HOLD((size_t)ns < ARRAY_LEN(ns_names) && ns_names[ns] != NULL);
	return ns_names[ns];
}

enum err
sshsig_ns_parse(struct bytes name, enum sshsig_ns *ret)
{
	for (size_t i = 0; i < ARRAY_LEN(ns_names); i++)
		if (bytes_equal(name, bytes_str(ns_names[i]))) {
			*ret = (enum sshsig_ns)i;
			return ERR_OK;
		}
	return ERR_UNKNOWN;
}

void
sshsig_hash(struct bytes message, uint8_t ret[SSHSIG_DIGEST_LEN])
{
	crypto_hash_sha512(ret, message.data, message.len);
}

/* What the Ed25519 signature is over. */
static enum err
signed_data(const char *ns, const uint8_t sha512[SSHSIG_DIGEST_LEN],
    struct buf *out)
{
	RETURN_IF(buf_append(out, MAGIC, MAGIC_LEN));
	RETURN_IF(buf_append_lp_str(out, ns));
	RETURN_IF(buf_append_lp_str(out, ""));
	RETURN_IF(buf_append_lp_str(out, HASH_NAME));
	return buf_append_lp(out, sha512, SSHSIG_DIGEST_LEN);
}

/* string key type | string bytes: how OpenSSH writes keys and signatures. */
static enum err
append_typed(struct buf *out, const uint8_t *bytes, size_t len)
{
	CLEANUP(buf_release) struct buf inner = {0};

	RETURN_IF(buf_append_lp_str(&inner, KEY_TYPE));
	RETURN_IF(buf_append_lp(&inner, bytes, len));
	return buf_append_lp(out, inner.data, inner.len);
}

static enum err
append_blob(const struct sshsig *sig, struct buf *out)
{
	RETURN_IF(buf_append(out, MAGIC, MAGIC_LEN));
	RETURN_IF(buf_append_u32be(out, VERSION));
	RETURN_IF(append_typed(out, sig->public_key, SSHSIG_PUBLIC_LEN));
	RETURN_IF(buf_append_lp_str(out, sshsig_ns_name(sig->ns)));
	RETURN_IF(buf_append_lp_str(out, ""));
	RETURN_IF(buf_append_lp_str(out, HASH_NAME));
	return append_typed(out, sig->signature_unverified,
	    SSHSIG_SIGNATURE_LEN);
}

static enum err
append_armour(struct bytes blob, struct buf *out)
{
	CLEANUP(buf_release) struct buf b64 = {0};

	RETURN_IF(encode_b64(blob.data, blob.len, 1, &b64));
	RETURN_IF(buf_append_str(out, ARMOUR_BEGIN "\n"));
	for (size_t at = 0; at < b64.len; at += ARMOUR_LINE) {
		size_t n = b64.len - at;

		if (n > ARMOUR_LINE)
			n = ARMOUR_LINE;
		RETURN_IF(buf_append(out, b64.data + at, n));
		RETURN_IF(buf_append_u8(out, '\n'));
	}
	return buf_append_str(out, ARMOUR_END "\n");
}

/* The 64 bytes libsodium calls a secret key: seed and public key. */
static enum err
expand_seed(const struct secret *seed, uint8_t ret_public[SSHSIG_PUBLIC_LEN],
    uint8_t ret_secret[crypto_sign_SECRETKEYBYTES])
{
	if (secret_len(seed) != SSHSIG_SEED_LEN ||
	    crypto_sign_seed_keypair(ret_public, ret_secret,
	    secret_bytes(seed)) != 0)
		return ERR_CRYPTO;
	return ERR_OK;
}

enum err
sshsig_public_of(const struct secret *seed, uint8_t ret[SSHSIG_PUBLIC_LEN])
{
	SECRET_BYTES(expanded, crypto_sign_SECRETKEYBYTES);

	return expand_seed(seed, ret, expanded);
}

enum err
sshsig_sign_digest(const struct secret *seed, enum sshsig_ns ns,
    const uint8_t sha512[SSHSIG_DIGEST_LEN], struct buf *out)
{
	SECRET_BYTES(expanded, crypto_sign_SECRETKEYBYTES);
	CLEANUP(buf_release) struct buf data = {0}, blob = {0}, armour = {0};
	struct sshsig sig = {.ns = ns};

	RETURN_IF(expand_seed(seed, sig.public_key, expanded));
	RETURN_IF(signed_data(sshsig_ns_name(ns), sha512, &data));
	if (crypto_sign_detached(sig.signature_unverified, NULL, data.data,
	    data.len, expanded) != 0)
		return ERR_CRYPTO;
	RETURN_IF(append_blob(&sig, &blob));
	RETURN_IF(append_armour(bytes_buf(&blob), &armour));
	return buf_append(out, armour.data, armour.len);
}

enum err
sshsig_sign(const struct secret *seed, enum sshsig_ns ns,
    struct bytes message, struct buf *out)
{
	uint8_t sha512[SSHSIG_DIGEST_LEN];

	sshsig_hash(message, sha512);
	return sshsig_sign_digest(seed, ns, sha512, out);
}

/* ---- parsing ---- */

/* Lines of exactly ARMOUR_LINE characters, the last one shorter or equal,
 * between the two marks; nothing before or behind. */
static enum err
take_armour(struct bytes armour, struct buf *ret_b64)
{
	struct bytes line;
	size_t last = ARMOUR_LINE;

	if (armour.len > SSHSIG_ARMOUR_MAX)
		return ERR_LIMIT;
	if (bytes_take_line(&armour, &line) != ERR_OK ||
	    !bytes_equal(line, bytes_str(ARMOUR_BEGIN)))
		return ERR_SYNTAX;
	for (;;) {
		if (bytes_take_line(&armour, &line) != ERR_OK)
			return ERR_SYNTAX;
		if (bytes_equal(line, bytes_str(ARMOUR_END)))
			break;
		if (last != ARMOUR_LINE || line.len == 0 ||
		    line.len > ARMOUR_LINE)
			return ERR_SYNTAX;
		last = line.len;
		RETURN_IF(buf_append(ret_b64, line.data, line.len));
	}
	return armour.len == 0 ? ERR_OK : ERR_SYNTAX;
}

static enum err
take_string(struct bytes *c, struct bytes *ret)
{
	uint32_t len;

	if (bytes_take_u32be(c, &len) != ERR_OK ||
	    bytes_take(c, len, ret) != ERR_OK)
		return ERR_SYNTAX;
	return ERR_OK;
}

/* A typed string holding exactly ${len} bytes of our key type. */
static enum err
take_typed(struct bytes *c, uint8_t *ret, size_t len)
{
	struct bytes inner, type, value;

	RETURN_IF(take_string(c, &inner));
	RETURN_IF(take_string(&inner, &type));
	if (!bytes_equal(type, bytes_str(KEY_TYPE)))
		return ERR_UNSUPPORTED;
	RETURN_IF(take_string(&inner, &value));
	if (value.len != len || inner.len != 0)
		return ERR_SYNTAX;
	memcpy(ret, value.data, len);
	return ERR_OK;
}

static enum err
take_magic(struct bytes *c)
{
	struct bytes magic;
	uint32_t version;

	if (bytes_take(c, MAGIC_LEN, &magic) != ERR_OK ||
	    !bytes_equal(magic, bytes_of(MAGIC, MAGIC_LEN)))
		return ERR_SYNTAX;
	if (bytes_take_u32be(c, &version) != ERR_OK)
		return ERR_SYNTAX;
	return version == VERSION ? ERR_OK : ERR_UNSUPPORTED;
}

static enum err
take_ns(struct bytes ns, struct sshsig_any *ret)
{
	if (ns.len == 0 || ns.len > SSHSIG_NS_MAX ||
	    memchr(ns.data, '\0', ns.len) != NULL)
		return ERR_SYNTAX;
	memcpy(ret->ns, ns.data, ns.len);
	ret->ns[ns.len] = '\0';
	return ERR_OK;
}

static enum err
parse_blob(struct bytes blob, struct sshsig_any *ret)
{
	struct bytes ns, reserved, hash;

	RETURN_IF(take_magic(&blob));
	RETURN_IF(take_typed(&blob, ret->public_key, SSHSIG_PUBLIC_LEN));
	RETURN_IF(take_string(&blob, &ns));
	RETURN_IF(take_string(&blob, &reserved));
	RETURN_IF(take_string(&blob, &hash));
	if (reserved.len != 0 || !bytes_equal(hash, bytes_str(HASH_NAME)))
		return ERR_UNSUPPORTED;
	RETURN_IF(take_typed(&blob, ret->signature_unverified,
	    SSHSIG_SIGNATURE_LEN));
	if (blob.len != 0)
		return ERR_SYNTAX;
	return take_ns(ns, ret);
}

enum err
sshsig_any_parse(struct bytes armour, struct sshsig_any *ret)
{
	CLEANUP(buf_release) struct buf b64 = {0};
	uint8_t blob[BLOB_MAX];
	struct sshsig_any any;
	size_t len;

	RETURN_IF(take_armour(armour, &b64));
	RETURN_IF(decode_b64(bytes_buf(&b64), 1, blob, sizeof(blob), &len));
	RETURN_IF(parse_blob(bytes_of(blob, len), &any));
	*ret = any;
	return ERR_OK;
}

enum err
sshsig_parse(struct bytes armour, enum sshsig_ns expected, struct sshsig *ret)
{
	struct sshsig_any any;
	enum sshsig_ns ns;

	RETURN_IF(sshsig_any_parse(armour, &any));
	RETURN_IF(sshsig_ns_parse(bytes_str(any.ns), &ns));
	if (ns != expected)
		return ERR_MISMATCH;
	ret->ns = ns;
	memcpy(ret->public_key, any.public_key, SSHSIG_PUBLIC_LEN);
	memcpy(ret->signature_unverified, any.signature_unverified,
	    SSHSIG_SIGNATURE_LEN);
	return ERR_OK;
}

/* ---- verifying ---- */

static enum err
verify(const char *ns, const uint8_t *public_key, const uint8_t *signature,
    const uint8_t sha512[SSHSIG_DIGEST_LEN])
{
	CLEANUP(buf_release) struct buf data = {0};

	RETURN_IF(signed_data(ns, sha512, &data));
	if (crypto_sign_verify_detached(signature, data.data, data.len,
	    public_key) != 0)
		return ERR_SIGNATURE;
	return ERR_OK;
}

enum err
sshsig_any_verify(const struct sshsig_any *sig,
    const uint8_t sha512[SSHSIG_DIGEST_LEN])
{
	return verify(sig->ns, sig->public_key, sig->signature_unverified,
	    sha512);
}

enum err
sshsig_verify_digest(const struct sshsig *sig,
    const uint8_t sha512[SSHSIG_DIGEST_LEN])
{
	return verify(sshsig_ns_name(sig->ns), sig->public_key,
	    sig->signature_unverified, sha512);
}

enum err
sshsig_verify(const struct sshsig *sig, struct bytes message)
{
	uint8_t sha512[SSHSIG_DIGEST_LEN];

	sshsig_hash(message, sha512);
	return sshsig_verify_digest(sig, sha512);
}

enum err
sshsig_check(struct bytes armour, enum sshsig_ns expected,
    const uint8_t public_key[SSHSIG_PUBLIC_LEN], struct bytes message)
{
	struct sshsig sig;

	RETURN_IF(sshsig_parse(armour, expected, &sig));
	if (memcmp(sig.public_key, public_key, SSHSIG_PUBLIC_LEN) != 0)
		return ERR_UNTRUSTED;
	return sshsig_verify(&sig, message);
}
