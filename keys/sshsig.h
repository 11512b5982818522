/* keys/sshsig.h - OpenSSH signatures (ssh-keygen -Y) and ssh-ed25519 keys.
 *
 * One signature format for people and gateway: SSHSIG version 1, ssh-ed25519,
 * SHA-512, empty reserved field, in armour exactly as ssh-keygen writes it.
 * Everything else is refused: other key types and hashes, other armour line
 * lengths, trailing bytes, base64 that is not canonical.  A signature has one
 * namespace of the closed list of docs/FORMATS.md 1.3.
 */
#ifndef AZUKARI_KEYS_SSHSIG_H
#define AZUKARI_KEYS_SSHSIG_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/secret.h"

#define SSHSIG_PUBLIC_LEN 32         /* raw Ed25519 public key */
#define SSHSIG_SEED_LEN 32           /* raw Ed25519 seed */
#define SSHSIG_SIGNATURE_LEN 64
#define SSHSIG_DIGEST_LEN 64         /* SHA-512 of the message */
#define SSHSIG_PUBLIC_TEXT_LEN 80    /* `ssh-ed25519 AAAA...` */
#define SSHSIG_FINGERPRINT_LEN 50    /* `SHA256:...` as ssh-keygen -l has it */
#define SSHSIG_ARMOUR_MAX 4096       /* a longer file is no signature of ours */

/* The closed list.  The number is the position in a bit set (signers.h). */
enum sshsig_ns {
	SSHSIG_CHARTER,
	SSHSIG_POLICY,
	SSHSIG_REQUEST,
	SSHSIG_PLAN,
	SSHSIG_APPROVAL,
	SSHSIG_RELEASE,
	SSHSIG_DENIAL,
	SSHSIG_REVOCATION,
	SSHSIG_EXPORT,
	SSHSIG_BYTERELEASE,
	SSHSIG_RECEIPT,
	SSHSIG_DESTRUCTION,
	SSHSIG_NOTICE,
	SSHSIG_REIDENT,
	SSHSIG_HANDOVER,
	SSHSIG_SESSION,
	SSHSIG_DRILL,
	SSHSIG_ERASURE,
	SSHSIG_NS_COUNT
};

/* "charter@azukari"; static.  A number outside the list aborts. */
const char *sshsig_ns_name(enum sshsig_ns ns);

/* The reverse; ERR_UNKNOWN for a name outside the list. */
enum err sshsig_ns_parse(struct bytes name, enum sshsig_ns *ret) MUST_USE;

/* Sign ${message} with the 32-byte Ed25519 seed and append the armour, final
 * LF included, to ${out}.  ERR_CRYPTO when the seed is not 32 bytes; what
 * buf_append returns.  The second form takes SHA-512 of the message. */
enum err sshsig_sign(const struct secret *seed, enum sshsig_ns ns,
    struct bytes message, struct buf *out) MUST_USE;
enum err sshsig_sign_digest(const struct secret *seed, enum sshsig_ns ns,
    const uint8_t sha512[SSHSIG_DIGEST_LEN], struct buf *out) MUST_USE;

/* A parsed signature: who claims to have signed, not yet verified. */
struct sshsig {
	enum sshsig_ns ns;
	uint8_t public_key[SSHSIG_PUBLIC_LEN];
	uint8_t signature_unverified[SSHSIG_SIGNATURE_LEN];
};

/* Parse armour.  ERR_SYNTAX (armour, base64, structure, trailing bytes),
 * ERR_LIMIT (too long), ERR_UNSUPPORTED (version, key type, hash, reserved
 * field), ERR_UNKNOWN (a namespace outside the list), ERR_MISMATCH (a
 * namespace of the list, but not ${expected}). */
enum err sshsig_parse(struct bytes armour, enum sshsig_ns expected,
    struct sshsig *ret) MUST_USE;

/* ERR_SIGNATURE unless ${sig} is over ${message} by sig->public_key.  The
 * caller decides whether it trusts that key. */
enum err sshsig_verify(const struct sshsig *sig,
    struct bytes message) MUST_USE;
enum err sshsig_verify_digest(const struct sshsig *sig,
    const uint8_t sha512[SSHSIG_DIGEST_LEN]) MUST_USE;

/* All at once: parse, ERR_UNTRUSTED unless made by ${public_key}, verify. */
enum err sshsig_check(struct bytes armour, enum sshsig_ns expected,
    const uint8_t public_key[SSHSIG_PUBLIC_LEN], struct bytes message) MUST_USE;

/* SHA-512 of a message, for the _digest forms. */
void sshsig_hash(struct bytes message, uint8_t ret[SSHSIG_DIGEST_LEN]);

/* Public key of a seed.  ERR_CRYPTO when it is not 32 bytes. */
enum err sshsig_public_of(const struct secret *seed,
    uint8_t ret[SSHSIG_PUBLIC_LEN]) MUST_USE;

/* Exactly `ssh-ed25519 BASE64`, nothing behind it.  ERR_SYNTAX,
 * ERR_UNSUPPORTED (another key type). */
enum err sshsig_public_parse(struct bytes text,
    uint8_t ret[SSHSIG_PUBLIC_LEN]) MUST_USE;
void sshsig_public_format(const uint8_t public_key[SSHSIG_PUBLIC_LEN],
    char ret[SSHSIG_PUBLIC_TEXT_LEN + 1]);

/* `SHA256:` and 43 characters, as `ssh-keygen -l` prints it. */
void sshsig_fingerprint(const uint8_t public_key[SSHSIG_PUBLIC_LEN],
    char ret[SSHSIG_FINGERPRINT_LEN + 1]);

#endif
