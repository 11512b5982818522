/* keys/openssh_key.h - an Ed25519 key as OpenSSH keeps it (inside of keys/).
 *
 * openssh-key-v1, cipher none: ssh-keygen takes it as it is.  It only ever
 * stands inside an age file, so its own passphrase would add nothing.
 */
#ifndef AZUKARI_KEYS_OPENSSH_KEY_H
#define AZUKARI_KEYS_OPENSSH_KEY_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/secret.h"
#include "keys/secret_text.h"

#define OPENSSH_KEY_COMMENT_MAX 64

struct openssh_key {
	const struct secret *seed;      /* 32 bytes, borrowed */
	const char *comment;            /* at most OPENSSH_KEY_COMMENT_MAX */
	uint32_t check;                 /* written twice; random when new */
};

/* Append the PEM text, each of its lines behind ${prefix}. */
enum err openssh_key_append(const struct openssh_key *key,
    const char *prefix, struct secret_text *out) MUST_USE;

/* Take such a text off ${rest}: seed (the caller owns it) and check number.
 * Only what is needed to write the same text again is looked at; that the text
 * is right is for the caller to see by writing it.  ERR_SYNTAX. */
enum err openssh_key_take(struct bytes *rest, const char *prefix,
    struct secret **ret_seed, uint32_t *ret_check) MUST_USE;

#endif
