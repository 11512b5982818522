/* ledger/note.h - C2SP signed notes: a text, a blank line, signature lines.
 *
 * Parsing is strict and bounded; nothing of a note may be believed before
 * note_verify.  Signatures of unknown keys are ignored, one bad signature of a
 * known key (same name and id) rejects the whole note.
 */
#ifndef AZUKARI_LEDGER_NOTE_H
#define AZUKARI_LEDGER_NOTE_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"
#include "ledger/note_key.h"
#include "ledger/note_signer.h"

#define NOTE_MAX ((size_t)1 << 20)
#define NOTE_SIGNATURES_MAX 128
#define NOTE_SIGNATURE_LEN_MAX 8192     /* bytes behind the key id */
#define NOTE_KEYS_MAX 256

struct note;

/* Parse ${bytes} (copied).  Valid UTF-8, no control characters but LF, text
 * and signatures split at the last blank line, at least one signature line.
 * ERR_ENCODING, ERR_SYNTAX, ERR_LIMIT.  The caller owns the result. */
enum err note_parse(struct bytes bytes, struct note **ret) MUST_USE;
void note_free(struct note *n);
void note_cleanup(struct note **n);

/* The signed text with its final LF, unverified as long as note_verify has
 * not said so; valid until note_free. */
struct bytes note_text_unverified(const struct note *n);
/* The whole note as parsed. */
struct bytes note_bytes(const struct note *n);

/* One signature line, as it stands; valid until note_free. */
struct note_line {
	struct bytes name;
	const uint8_t *id;              /* NOTE_KEY_ID_LEN bytes */
	struct bytes signature;         /* behind the id */
};
size_t note_lines(const struct note *n);
struct note_line note_line_at(const struct note *n, size_t i);

/* 1 when name and id of a line are those of ${key}. */
int note_line_is_of(const struct note_line *line, const struct note_key *key);

/* What a key said about a note. */
struct note_verdict {
	int verified;           /* 1: at least one valid signature, no bad one */
	int64_t unix_s;         /* the earliest time among its cosignatures */
};

/* Verify with ${count} <= NOTE_KEYS_MAX known keys; ${ret_verdicts} (may be
 * NULL) gets one verdict per key.  ERR_SIGNATURE: a known key's signature is
 * bad (verdicts are all zero then); ERR_UNTRUSTED: no known key signed. */
enum err note_verify(const struct note *n, const struct note_key *keys,
    size_t count, struct note_verdict *ret_verdicts) MUST_USE;

/* Append ${text} (ending in LF: ERR_SYNTAX; clean of control characters:
 * ERR_ENCODING), a blank line and one signature. */
enum err note_sign(struct bytes text, const struct note_signer *signer,
    int64_t unix_s, struct buf *out) MUST_USE;

/* Append one signature line (em dash, name, base64, LF) over ${text}. */
enum err note_sign_line(struct bytes text, const struct note_signer *signer,
    int64_t unix_s, struct buf *out) MUST_USE;

/* Append a signature line made of its parts. */
enum err note_put_line(struct bytes name, const uint8_t id[NOTE_KEY_ID_LEN],
    struct bytes signature, struct buf *out) MUST_USE;

#endif
