/* keys/age_header.h - the text in front of an age file (inside of keys/).
 *
 * Grammar as in docs/FORMATS.md section 2: a version line, stanzas, a line
 * with the MAC; LF only, canonical base64 without padding in lines of 64.
 */
#ifndef AZUKARI_KEYS_AGE_HEADER_H
#define AZUKARI_KEYS_AGE_HEADER_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"

#define AGE_HEADER_FILE_KEY_LEN 16
#define AGE_HEADER_BODY_LEN 32  /* of the stanzas we know: a sealed file key */

struct age_stanza {
	struct bytes type;
	struct bytes args[2];   /* the first two, of args_len */
	size_t args_len;        /* without the type */
	uint8_t body[AGE_HEADER_BODY_LEN];      /* its beginning */
	size_t body_len;
};

struct age_header {
	struct bytes stanzas;   /* for age_header_next */
	struct bytes maced;     /* what the MAC is over */
	uint8_t mac[32];
	size_t len;             /* of the whole header */
	size_t x25519, scrypt, other;   /* stanzas of each kind */
};

/* 1 and the header's length when ${head} begins with a whole header (or with
 * something that ends like one); 0 when its end is not there yet.  ${scan} is
 * 0 at first and remembers, as ${head} grows, how far it was looked at. */
int age_header_find_end(struct bytes head, size_t *scan, size_t *ret_len);

/* Why bytes without such an end are no header: ERR_UNSUPPORTED for another
 * version or armour, ERR_SYNTAX for anything that is not age, and
 * ERR_TRUNCATED for the beginning of a header. */
enum err age_header_explain(struct bytes head) MUST_USE;

/* Parse the header that age_header_find_end found, all stanzas included: those
 * of type X25519 and scrypt in their exact shape, scrypt only alone.
 * ERR_SYNTAX, ERR_UNSUPPORTED.  The result borrows from ${head}. */
enum err age_header_parse(struct bytes head, struct age_header *ret) MUST_USE;

/* Next stanza off ${rest}; ERR_NOT_FOUND behind the last, ERR_SYNTAX. */
enum err age_header_next(struct bytes *rest, struct age_stanza *ret) MUST_USE;

int age_header_is_x25519(const struct age_stanza *s);
int age_header_is_scrypt(const struct age_stanza *s);

/* Arguments in their exact shape: the ephemeral share; salt and log2(N). */
enum err age_header_x25519_args(const struct age_stanza *s,
    uint8_t ret_share[32]) MUST_USE;
enum err age_header_scrypt_args(const struct age_stanza *s,
    uint8_t ret_salt[16], unsigned *ret_log_n) MUST_USE;

/* Writing, in this order: begin, a stanza for each recipient, end. */
enum err age_header_begin(struct buf *out) MUST_USE;
enum err age_header_append_x25519(const uint8_t share[32],
    const uint8_t body[AGE_HEADER_BODY_LEN], struct buf *out) MUST_USE;
enum err age_header_append_scrypt(const uint8_t salt[16], unsigned log_n,
    const uint8_t body[AGE_HEADER_BODY_LEN], struct buf *out) MUST_USE;
/* The MAC under the file key closes the header that is all of ${out}. */
enum err age_header_end(const uint8_t file_key[AGE_HEADER_FILE_KEY_LEN],
    struct buf *out) MUST_USE;

/* The MAC of a header's bytes. */
enum err age_header_mac(const uint8_t file_key[AGE_HEADER_FILE_KEY_LEN],
    struct bytes maced, uint8_t ret[32]) MUST_USE;

#endif
