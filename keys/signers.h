/* keys/signers.h - an allowed_signers register (ssh-keygen -Y verify -f).
 *
 * The strict subset of docs/FORMATS.md 1.3: one key a line, principals without
 * wildcards, no key twice, `namespaces="..."` always present and of the closed
 * list, `valid-after` and `valid-before` in UTC with Z, no other options, no
 * comments behind the key.  What is written here works with ssh-keygen as is.
 * A principal may stand on several lines (old and new keys).
 *
 *   owner-14/a namespaces="charter@azukari",valid-after="..." ssh-ed25519 ...
 */
#ifndef AZUKARI_KEYS_SIGNERS_H
#define AZUKARI_KEYS_SIGNERS_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"
#include "keys/sshsig.h"

#define SIGNERS_PRINCIPAL_MAX 48
#define SIGNERS_MAX 4096
#define SIGNERS_SIZE_MAX ((size_t)8 << 20)
#define SIGNERS_NS(ns) ((uint32_t)1 << (unsigned)(ns))

/* Principals: `owner-NN/SEAT`, `partner-ID`, `gateway`. */
struct signers_entry {
	char principal[SIGNERS_PRINCIPAL_MAX + 1];
	uint32_t namespaces;          /* SIGNERS_NS(...) | ...; never 0 */
	int64_t valid_after_unix_s;   /* first second; 0 = no beginning */
	int64_t valid_before_unix_s;  /* last second; 0 = no end */
	uint8_t public_key[SSHSIG_PUBLIC_LEN];
};

/* A zeroed struct is an empty register. */
struct signers {
	struct signers_entry *entries;
	size_t len, cap;
};

void signers_release(struct signers *s);   /* CLEANUP-able */

/* Parse a whole file into ${ret} (a released or zeroed register; untouched on
 * failure).  Lines that are empty or begin with # are skipped.  ERR_SYNTAX,
 * ERR_UNKNOWN (option or namespace), ERR_UNSUPPORTED (key type), ERR_DUPLICATE
 * (key), ERR_RANGE (dates), ERR_LIMIT; ${info} (may be NULL) has the line. */
enum err signers_parse(struct bytes file, struct signers *ret,
    struct err_info *info) MUST_USE;

/* Add a copy.  ERR_SYNTAX (principal), ERR_RANGE (namespaces, dates),
 * ERR_DUPLICATE (key), ERR_LIMIT, ERR_NOMEM; the register is then as before. */
enum err signers_add(struct signers *s,
    const struct signers_entry *entry) MUST_USE;

/* Append the register as a file to ${out}, in the order of its entries. */
enum err signers_write(const struct signers *s, struct buf *out) MUST_USE;

/* The entry of a key; NULL when there is none.  Valid until a change. */
const struct signers_entry *signers_find(const struct signers *s,
    const uint8_t public_key[SSHSIG_PUBLIC_LEN]);

/* What a signature is to be checked for. */
struct signers_claim {
	const char *principal;        /* who has to have signed */
	enum sshsig_ns ns;
	int64_t at_unix_s;            /* the instant the key must be valid at */
};

/* Verify ${armour} over ${message}.  What sshsig_parse returns; ERR_UNTRUSTED
 * when its key is not in the register, or not ${claim}'s principal's, or not
 * for this namespace; ERR_EXPIRED when the key is not valid at that instant;
 * ERR_SIGNATURE. */
enum err signers_verify(const struct signers *s,
    const struct signers_claim *claim, struct bytes armour,
    struct bytes message) MUST_USE;

#endif
