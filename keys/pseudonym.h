/* keys/pseudonym.h - what a project key gives: pseudonyms, notices, receipts.
 *
 * Derivations of docs/FORMATS.md 9.1 to 9.3.  A project key is dealt like an
 * epoch's (keys/epoch.h) and is whole only during an export.  Derived keys
 * are written into the caller's locked memory.
 */
#ifndef AZUKARI_KEYS_PSEUDONYM_H
#define AZUKARI_KEYS_PSEUDONYM_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"
#include "keys/digest.h"
#include "keys/epoch.h"
#include "keys/record.h"

#define PSEUDONYM_LEN 16
#define PSEUDONYM_TEXT_LEN 27           /* 26 of base32 and a check character */
#define PSEUDONYM_KEY_LEN 32
#define PSEUDONYM_RECEIPT_LEN 16
#define PSEUDONYM_BLOCK_LEN 16

/* The key of a project's pseudonyms. */
void pseudonym_key(const uint8_t project_key[EPOCH_KEY_LEN],
    const uint8_t project_epoch_sha256[DIGEST_LEN],
    uint8_t ret[PSEUDONYM_KEY_LEN]);

/* The pseudonym of a respondent tag under that key. */
void pseudonym_make(const uint8_t key[PSEUDONYM_KEY_LEN],
    const uint8_t tag[RECORD_TAG_LEN], uint8_t ret[PSEUDONYM_LEN]);

/* As text, and back: ERR_SYNTAX (length, alphabet, last bits), ERR_MISMATCH
 * (check character). */
void pseudonym_format(const uint8_t pseudonym[PSEUDONYM_LEN],
    char ret[PSEUDONYM_TEXT_LEN + 1]);
enum err pseudonym_parse(struct bytes text,
    uint8_t ret[PSEUDONYM_LEN]) MUST_USE;
/* Only whether it is one; a million of them is 30 ms. */
enum err pseudonym_check(struct bytes text) MUST_USE;

/* Dates of a respondent are moved by so many whole weeks in this project: -26
 * to 26, never 0, the same in all its releases and unlike in any other. */
#define PSEUDONYM_SHIFT_WEEKS 26
void pseudonym_shift_key(const uint8_t project_key[EPOCH_KEY_LEN],
    const uint8_t project_epoch_sha256[DIGEST_LEN],
    uint8_t ret[PSEUDONYM_KEY_LEN]);
int pseudonym_shift_weeks(const uint8_t key[PSEUDONYM_KEY_LEN],
    const uint8_t tag[RECORD_TAG_LEN]);

/* binding.txt's salt and notice key. */
void pseudonym_salt(const uint8_t project_key[EPOCH_KEY_LEN],
    const uint8_t plan_sha256[DIGEST_LEN], const char *export_id,
    uint8_t ret[32]);
void pseudonym_notice_key(const uint8_t project_key[EPOCH_KEY_LEN],
    const uint8_t plan_sha256[DIGEST_LEN], uint8_t ret[32]);

/* consents.csv's receipt of one respondent. */
void pseudonym_receipt(const uint8_t project_key[EPOCH_KEY_LEN],
    const uint8_t plan_sha256[DIGEST_LEN],
    const uint8_t pseudonym[PSEUDONYM_LEN],
    uint8_t ret[PSEUDONYM_RECEIPT_LEN]);

/* What a partner shows to prove that it opened: receipt-proof from the salt in
 * binding.txt; and the commitment to it in STATEMENT.txt. */
void pseudonym_receipt_proof(const char *export_id, const uint8_t salt[32],
    uint8_t ret[DIGEST_LEN]);
void pseudonym_receipt_commitment(const uint8_t proof[DIGEST_LEN],
    uint8_t ret[DIGEST_LEN]);

/* Notice blocks: a pseudonym as one AES-256 block under a plan's notice key.
 * One object does both directions; not for two threads at once. */
struct pseudonym_notice;

/* ${key} is copied.  ERR_NOMEM, ERR_CRYPTO.  The caller owns the result. */
enum err pseudonym_notice_new(const uint8_t key[32],
    struct pseudonym_notice **ret) MUST_USE;
void pseudonym_notice_free(struct pseudonym_notice *n);
void pseudonym_notice_cleanup(struct pseudonym_notice **n);

/* The gateway's direction (export), and the partner's (notice apply). */
enum err pseudonym_notice_block(struct pseudonym_notice *n,
    const uint8_t pseudonym[PSEUDONYM_LEN],
    uint8_t ret[PSEUDONYM_BLOCK_LEN]) MUST_USE;
enum err pseudonym_notice_open(struct pseudonym_notice *n,
    const uint8_t block[PSEUDONYM_BLOCK_LEN],
    uint8_t ret[PSEUDONYM_LEN]) MUST_USE;

#endif
