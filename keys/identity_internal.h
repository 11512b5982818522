/* keys/identity_internal.h - what the files of an identity share. */
#ifndef AZUKARI_KEYS_IDENTITY_INTERNAL_H
#define AZUKARI_KEYS_IDENTITY_INTERNAL_H

#include "keys/identity.h"

struct identity {
	struct identity_public pub;
	int64_t made_unix_s;
	uint32_t check;                 /* of the OpenSSH key's text */
	struct secret *open_secret;     /* X25519 */
	struct secret *sign_seed;       /* Ed25519 */
};

/* An identity of these parts; takes both secrets, also on failure. */
enum err identity_make(struct bytes name, int64_t made_unix_s, uint32_t check,
    struct secret *open_secret, struct secret *sign_seed,
    struct identity **ret) MUST_USE;

/* The plaintext of NAME.key, read; ERR_SYNTAX. */
enum err identity_parse_text(struct bytes text,
    struct identity **ret) MUST_USE;

#endif
