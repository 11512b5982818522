/* ledger/note_key.h - keys of C2SP signed notes: vkeys, key ids, algorithms.
 *
 * One table dispatches on the type byte: 0x01 signs the text itself, 0x04 is a
 * witness cosignature with its time.  A later type is one more row.
 */
#ifndef AZUKARI_LEDGER_NOTE_KEY_H
#define AZUKARI_LEDGER_NOTE_KEY_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"

#define NOTE_KEY_NAME_MAX 255
#define NOTE_KEY_ID_LEN 4
#define NOTE_KEY_PUBLIC_MAX 32

#define NOTE_KEY_ED25519 0x01
#define NOTE_KEY_COSIGNATURE 0x04

/* A verifier's key; a value, copied freely. */
struct note_key {
	char name[NOTE_KEY_NAME_MAX + 1];
	uint8_t id[NOTE_KEY_ID_LEN];
	uint8_t type;
	uint8_t public_key[NOTE_KEY_PUBLIC_MAX];
};

/* Fill from parts; the id is computed.  ${name} must satisfy
 * note_key_is_name (ERR_SYNTAX, ERR_LIMIT); ERR_UNSUPPORTED: type. */
enum err note_key_init(const char *name, uint8_t type,
    const uint8_t public_key[NOTE_KEY_PUBLIC_MAX],
    struct note_key *ret) MUST_USE;

/* `NAME+8 hex+base64(type | key)`, nothing around it.  ERR_SYNTAX, ERR_LIMIT,
 * ERR_UNSUPPORTED (type), ERR_MISMATCH (the id is not that of name and key). */
enum err note_key_parse(struct bytes vkey, struct note_key *ret) MUST_USE;

/* Append the vkey string, without LF. */
enum err note_key_write(const struct note_key *key, struct buf *out) MUST_USE;

/* Same name, id, type and key bytes. */
int note_key_equal(const struct note_key *a, const struct note_key *b);

/* Name rules of a signature line as it may come from anyone: UTF-8 of 1 to
 * NOTE_KEY_NAME_MAX bytes, no Unicode space, no '+', no control character. */
int note_key_is_name(struct bytes name);

/* Verify ${signature} (what stands behind the key id) over ${text} by the
 * key's algorithm.  ${ret_unix_s} (may be NULL) is the time a cosignature
 * carries, else 0.  ERR_SIGNATURE. */
enum err note_key_verify(const struct note_key *key, struct bytes text,
    struct bytes signature, int64_t *ret_unix_s) MUST_USE;

#endif
