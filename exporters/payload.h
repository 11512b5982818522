/* exporters/payload.h - the payload: rows → CSV → tar → zstd → age → file.
 *
 * Plaintext is in memory only.  The caller's thread formats and packs; a second
 * one hashes the tables and feeds the tap; a third computes the consent root; a
 * fourth compresses, encrypts, hashes the ciphertext and writes it.  Between them lie a few blocks of locked memory
 * (pipeline.h), so memory does not grow with rows.  The plaintext is deterministic:
 * the same spec and rows give the same tar and the same zstd frame.
 */
#ifndef AZUKARI_EXPORTERS_PAYLOAD_H
#define AZUKARI_EXPORTERS_PAYLOAD_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/rows.h"
#include "exporters/binding.h"
#include "exporters/column.h"
#include "keys/digest.h"
#include "keys/pseudonym.h"

/* One table: rows on their way, and what is known of them beforehand.  They
 * must be hit exactly (ERR_MISMATCH), else the payload is void. */
struct payload_table {
	struct rows_source source;
	uint64_t rows;
	uint64_t bytes;         /* header line included: csv_out_line_len */
};

enum payload_which { PAYLOAD_RESPONSES, PAYLOAD_CONSENTS };

/* Sees exactly the CSV bytes that go into the tar, in order, in pieces that
 * end anywhere.  Runs on a thread of the payload's own, never twice at once,
 * and not after payload_write has returned.  An error voids the payload. */
typedef enum err (*payload_tap_fn)(void *ctx, enum payload_which which,
    struct bytes piece);

struct payload_consent_text {
	uint8_t sha256[DIGEST_LEN];     /* ERR_MISMATCH when not of ${text} */
	struct bytes text;
};

/* All borrowed until the call returns. */
struct payload_spec {
	const struct binding *binding;  /* gives export id and recipient */
	int64_t frozen_unix_s;          /* mtime of every member */
	const char *owner_name;
	const char *survey;             /* "NAME VERSION" */
	const char *title, *title_en;   /* of the survey; title_en may be NULL */
	const struct column_set *columns; /* without pseudonym and answer */
	/* Rows: pseudonym, answer, then the columns; ascending by pseudonym
	 * (bytewise as text, see payload_order_key), then answer 1, 2, …
	 * (ERR_CORRUPT otherwise). */
	struct payload_table responses;
	/* Rows: pseudonym, text, scopes, day, receipt; one per respondent of
	 * responses, ascending (ERR_CORRUPT otherwise). */
	struct payload_table consents;
	const struct payload_consent_text *consent_texts; /* any order */
	size_t consent_text_count;
	payload_tap_fn tap;             /* NULL: none */
	void *tap_ctx;
};

struct payload_result {
	uint8_t sha256[DIGEST_LEN];     /* of the file; zero when re-derived */
	uint64_t bytes;                 /* of the file; 0 when re-derived */
	uint64_t plain_bytes;           /* of the tar */
	uint64_t rows, respondents;
	uint8_t tagmanifest_sha256[DIGEST_LEN];
	uint8_t consent_root[DIGEST_LEN];
};

/* Write the payload for ${spec} to ${fd} (at its position; not closed, not
 * synced) for the one recipient of its binding.  Zero respondents are refused
 * (ERR_REFUSED).  On any failure the file's content is void and the caller
 * removes it.  ERR_MISMATCH, ERR_CORRUPT, ERR_LIMIT (a table of 8 GiB or more),
 * ERR_IO, ERR_NO_SPACE, ERR_CRYPTO, ERR_NOMEM, ERR_MEMORY_LOCK, or what a
 * source or the tap said. */
enum err payload_write(const struct payload_spec *spec, int fd,
    struct payload_result *ret) MUST_USE;

/* The same stream without compression, encryption or file: only the digests,
 * for custodians who compare. */
enum err payload_rederive(const struct payload_spec *spec,
    struct payload_result *ret) MUST_USE;

/* A key for sorting: memcmp orders keys as pseudonyms are ordered as text
 * (base32 digits stand before letters in ASCII, behind them by value); and the
 * way back.  ${ret} may be the input. */
void payload_order_key(const uint8_t pseudonym[PSEUDONYM_LEN],
    uint8_t ret[PSEUDONYM_LEN]);
void payload_order_undo(const uint8_t key[PSEUDONYM_LEN],
    uint8_t ret[PSEUDONYM_LEN]);

/* Header lines, for whoever sums sizes: the bytes of each table's first line.
 * ERR_NOMEM. */
enum err payload_header_bytes(const struct column_set *columns,
    uint64_t *ret_responses, uint64_t *ret_consents) MUST_USE;

#endif
