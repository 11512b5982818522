/* keys/identity.h - a person's keys: one to open with, one to sign with.
 *
 * An identity is an X25519 secret (age) and an Ed25519 seed (SSHSIG) under one
 * name.  `NAME.key` holds both behind a passphrase, `NAME.pub` both public
 * halves (docs/FORMATS.md section 2); both files serve `age` and `ssh-keygen`
 * as they are.  Reading is strict: a file is taken only if writing the same
 * identity again would give the same bytes.
 */
#ifndef AZUKARI_KEYS_IDENTITY_H
#define AZUKARI_KEYS_IDENTITY_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/secret.h"
#include "keys/age.h"

#define IDENTITY_NAME_MAX 64
#define IDENTITY_FILE_MAX ((size_t)8 << 10)

struct identity;                /* secret and public halves */

struct identity_public {
	char name[IDENTITY_NAME_MAX + 1];
	struct age_recipient age;
	uint8_t ssh[32];        /* Ed25519 public key */
};

/* 1 when ${name} is [A-Za-z0-9][A-Za-z0-9._-]{0,63}. */
int identity_name_is_valid(struct bytes name);

/* New keys made at ${made}; ERR_SYNTAX for a bad name.  The caller owns. */
enum err identity_generate(const char *name, int64_t made_unix_s,
    struct identity **ret) MUST_USE;
void identity_free(struct identity *id);
void identity_cleanup(struct identity **id);

/* Borrowed, valid until identity_free.  By purpose: */
const struct secret *identity_open_secret(const struct identity *id);
const struct secret *identity_sign_seed(const struct identity *id); /* 32 */
const struct identity_public *identity_public(const struct identity *id);
int64_t identity_made_unix_s(const struct identity *id);

/* Write DIR/NAME.key (mode 0600) and DIR/NAME.pub (0644); both must be new
 * (ERR_EXISTS writes nothing). */
enum err identity_write(const struct identity *id, const char *dir,
    const struct secret *passphrase, unsigned log_n) MUST_USE;

/* Read a NAME.key: mode as fs_check_private asks (ERR_REFUSED), passphrase
 * (ERR_PASSPHRASE), age file (as keys/age.h), contents (ERR_SYNTAX, also when the halves of its signing key
 * do not belong together).  The name inside counts, not the file's. */
enum err identity_read(const char *path, const struct secret *passphrase,
    struct identity **ret, struct err_info *info) MUST_USE;

/* The two lines of NAME.pub, from bytes, from a file, and back. */
enum err identity_public_parse(struct bytes text, struct identity_public *ret,
    struct err_info *info) MUST_USE;
enum err identity_public_read(const char *path, struct identity_public *ret,
    struct err_info *info) MUST_USE;
enum err identity_public_append(const struct identity_public *pub,
    struct buf *out) MUST_USE;

/* Append `ssh-ed25519 BASE64` without a comment (parsed by
 * sshsig_public_parse). */
enum err identity_ssh_append(const uint8_t key[32], struct buf *out) MUST_USE;

/* The Ed25519 public key of a 32-byte seed; ERR_CRYPTO for another length. */
enum err identity_seed_public(const struct secret *seed,
    uint8_t ret[32]) MUST_USE;

#endif
