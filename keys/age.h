/* keys/age.h - age v1 files (age-encryption.org/v1): writer and reader.
 *
 * Binary files with X25519 or scrypt stanzas, no armour (docs/FORMATS.md
 * section 2).  The writer seals to one or two X25519 recipients or to one
 * passphrase; the file key is always fresh.  Both directions are streams in
 * 64 KiB chunks with bounded memory (about 128 KiB, locked), pushed by the
 * caller, results going to a callback.  A writer or reader may live in any
 * thread, but in one at a time; different ones share nothing.
 *
 * Causes of failure of the reader, one for each class:
 *   ERR_SYNTAX       header: not of the grammar, incl. truncated headers
 *   ERR_UNSUPPORTED  header: another version of age, armour
 *   ERR_LIMIT        header: longer than AGE_HEADER_MAX, or a work factor
 *                    above the caller's bound
 *   ERR_NO_MATCH     no identity given fits any stanza
 *   ERR_PASSPHRASE   the passphrase given does not fit the scrypt stanza
 *   ERR_MISMATCH     the header's MAC is wrong
 *   ERR_DECRYPT      payload: a chunk does not authenticate, data behind the
 *                    last chunk, an empty last chunk behind others
 *   ERR_TRUNCATED    payload: ends before its last chunk
 * and ERR_NOMEM, ERR_MEMORY_LOCK, ERR_CRYPTO, or what the callback returned.
 */
#ifndef AZUKARI_KEYS_AGE_H
#define AZUKARI_KEYS_AGE_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/secret.h"

#define AGE_CHUNK ((size_t)64 << 10)
#define AGE_HEADER_MAX ((size_t)64 << 10)
#define AGE_RECIPIENTS_MAX 2
/* scrypt work factors, log2 of N: what we write (256 MiB, about a second),
 * the least a program should accept from its user, and the most the reader is
 * ever willing to take (callers may give it a lower bound). */
#define AGE_LOG_N_DEFAULT 18
#define AGE_LOG_N_FLOOR 15
#define AGE_LOG_N_CEILING 22

/* ---- keys ---- */

struct age_recipient {
	uint8_t key[32];        /* X25519 public key */
};

/* A recipient string (keys/bech32.h).  ERR_SYNTAX; ERR_RANGE for a point of
 * small order, to which nothing can be sealed. */
enum err age_recipient_parse(struct bytes text,
    struct age_recipient *ret) MUST_USE;
int age_recipient_equal(const struct age_recipient *a,
    const struct age_recipient *b);

/* A fresh X25519 secret; the caller owns it. */
enum err age_secret_new(struct secret **ret) MUST_USE;
/* The recipient of a 32-byte X25519 secret. */
enum err age_secret_recipient(const struct secret *secret,
    struct age_recipient *ret) MUST_USE;

/* What a reader may open with; everything is borrowed for its life time. */
struct age_keys {
	const struct secret *const *identities; /* X25519 secrets */
	size_t identities_len;
	const struct secret *passphrase;        /* or NULL */
	unsigned max_log_n;                     /* 0: AGE_LOG_N_CEILING */
};

/* Receives pieces of output in order; an error ends the stream with it. */
typedef enum err (*age_output_fn)(void *ctx, struct bytes piece);

/* An output that appends to a struct buf (${ctx}). */
enum err age_output_buf(void *ctx, struct bytes piece) MUST_USE;

/* ---- writing ---- */

struct age_writer;

/* Begin a file to ${count} (1 to AGE_RECIPIENTS_MAX) distinct recipients: the
 * header goes out at once.  ERR_RANGE for a count outside or a recipient of
 * small order, ERR_DUPLICATE for the same one twice. */
enum err age_writer_new(const struct age_recipient *recipients, size_t count,
    age_output_fn output, void *ctx, struct age_writer **ret) MUST_USE;

/* Begin a file to a passphrase with work factor 2^${log_n} (1 to
 * AGE_LOG_N_CEILING, else ERR_RANGE). */
enum err age_writer_new_passphrase(const struct secret *passphrase,
    unsigned log_n, age_output_fn output, void *ctx,
    struct age_writer **ret) MUST_USE;

/* Seal more.  After a failure every further call returns the same cause. */
enum err age_writer_update(struct age_writer *w, struct bytes plain) MUST_USE;

/* Write the last chunk.  Only a file finished with ERR_OK is whole; nothing
 * may follow but age_writer_free. */
enum err age_writer_finish(struct age_writer *w) MUST_USE;

void age_writer_free(struct age_writer *w);
void age_writer_cleanup(struct age_writer **w);

/* Bytes of the whole file for ${plain_len} bytes to ${count} recipients. */
uint64_t age_sealed_len(uint64_t plain_len, size_t count);

/* ---- reading ---- */

struct age_reader;

/* ${keys} and what it points to are borrowed until age_reader_free. */
enum err age_reader_new(const struct age_keys *keys, age_output_fn output,
    void *ctx, struct age_reader **ret) MUST_USE;

/* Feed the next bytes of the file, however cut.  Plaintext goes out in whole
 * authenticated chunks only, yet until age_reader_finish returned ERR_OK it is
 * not known to be all.  After a failure every further call returns it. */
enum err age_reader_update(struct age_reader *r, struct bytes sealed) MUST_USE;
enum err age_reader_finish(struct age_reader *r) MUST_USE;

void age_reader_free(struct age_reader *r);
void age_reader_cleanup(struct age_reader **r);

/* ---- small files, in one piece ---- */

/* Append the sealed file to ${out}; unchanged on failure. */
enum err age_seal_buf(const struct age_recipient *recipients, size_t count,
    struct bytes plain, struct buf *out) MUST_USE;
enum err age_seal_passphrase_buf(const struct secret *passphrase,
    unsigned log_n, struct bytes plain, struct buf *out) MUST_USE;

/* Append the whole plaintext to ${out}; unchanged on failure, so nothing of a
 * file that does not hold is ever seen. */
enum err age_open_buf(const struct age_keys *keys, struct bytes sealed,
    struct buf *out) MUST_USE;

/* Into locked memory; the caller owns it.  An empty plaintext is
 * ERR_TRUNCATED, one above ${max} bytes ERR_LIMIT. */
enum err age_open_secret(const struct age_keys *keys, struct bytes sealed,
    size_t max, struct secret **ret) MUST_USE;

/* ---- looking at a header without a key ---- */

struct age_stanza_count {
	size_t x25519, scrypt, other;
	size_t header_len;      /* bytes up to and including the MAC's line */
};

/* Count the stanzas of a file from its first bytes.  The header must be whole
 * and strict; its MAC is not checked (that needs a key).  ERR_TRUNCATED when
 * ${head} may be the beginning of a header, else as the reader. */
enum err age_count_stanzas(struct bytes head,
    struct age_stanza_count *ret) MUST_USE;

#endif
