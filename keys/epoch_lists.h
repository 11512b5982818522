/* keys/epoch_lists.h - what the records of an epoch refer to by number.
 *
 * epoch.txt (docs/FORMATS.md 4.2) lists at its opening the sources and the
 * digests of the consent texts that its records may name; a record then holds
 * one byte, its number in the list from 1 (0: none).  Since epoch-sha256 is in
 * the key and the associated data of every record, the whole digest is bound,
 * not only its number.
 *
 * An epoch that lists no source was opened before there were lists: its records
 * are of format 1 (docs/FORMATS.md 5.6).
 */
#ifndef AZUKARI_KEYS_EPOCH_LISTS_H
#define AZUKARI_KEYS_EPOCH_LISTS_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"
#include "keys/digest.h"
#include "keys/names.h"

#define EPOCH_LIST_MAX 255

/* Owned; zeroed is empty.  No secrets. */
struct epoch_lists {
	int64_t opened_unix_s;          /* times of records count from here */
	int of_first_format;            /* records are; see above */
	size_t sources_len, texts_len;
	char (*sources)[NAMES_WORD_MAX + 1];
	uint8_t (*texts)[DIGEST_LEN];
};
void epoch_lists_release(struct epoch_lists *l);        /* CLEANUP-able */

/* Append unless it is there.  ERR_LIMIT when the list is full, ERR_SYNTAX for
 * what is no source id, ERR_NOMEM; the list is unchanged then. */
enum err epoch_lists_add_source(struct epoch_lists *l,
    struct bytes source) MUST_USE;
enum err epoch_lists_add_text(struct epoch_lists *l,
    const uint8_t sha256[DIGEST_LEN]) MUST_USE;

/* ${ret}, zeroed before, becomes an own copy of ${from}. */
enum err epoch_lists_copy(const struct epoch_lists *from,
    struct epoch_lists *ret) MUST_USE;

/* Its number from 1; 0 when it is not there. */
uint8_t epoch_lists_source(const struct epoch_lists *l, struct bytes source);
uint8_t epoch_lists_text(const struct epoch_lists *l,
    const uint8_t sha256[DIGEST_LEN]);

/* The lists of an epoch.txt, of which everything is checked: what epoch_parse
 * returns.  ${ret} is zeroed before, and untouched on failure.  Records of
 * the first format name texts by the first half of a digest: the caller adds
 * the texts that may be meant. */
enum err epoch_lists_parse(struct bytes text, struct epoch_lists *ret,
    struct err_info *info) MUST_USE;

#endif
