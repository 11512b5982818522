/* keys/sshsig_internal.h - SSHSIG before its namespace is looked at, for
 * sshsig.c and for tests against signatures in namespaces of others. */
#ifndef AZUKARI_KEYS_SSHSIG_INTERNAL_H
#define AZUKARI_KEYS_SSHSIG_INTERNAL_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"
#include "keys/sshsig.h"

#define SSHSIG_NS_MAX 64

struct sshsig_any {
	char ns[SSHSIG_NS_MAX + 1];
	uint8_t public_key[SSHSIG_PUBLIC_LEN];
	uint8_t signature_unverified[SSHSIG_SIGNATURE_LEN];
};

/* As sshsig_parse, in any namespace of 1 to SSHSIG_NS_MAX bytes without NUL
 * (else ERR_SYNTAX). */
enum err sshsig_any_parse(struct bytes armour, struct sshsig_any *ret) MUST_USE;

/* ERR_SIGNATURE unless it holds over the message with this SHA-512. */
enum err sshsig_any_verify(const struct sshsig_any *sig,
    const uint8_t sha512[SSHSIG_DIGEST_LEN]) MUST_USE;

#endif
