/* vault/store_notice.h - notice book, notices to send, release memory.
 *
 * The book holds, for every exported respondent of an export, one block that
 * only the partner can turn into a pseudonym (docs/FORMATS.md section 9.3).
 */
#ifndef AZUKARI_VAULT_STORE_NOTICE_H
#define AZUKARI_VAULT_STORE_NOTICE_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"
#include "vault/store.h"

#define STORE_BLOCK_LEN 16

struct store_book_row {
	uint32_t respondent;
	uint8_t block[STORE_BLOCK_LEN];
};
struct store_book {
	char export_id[STORE_NAME_MAX + 1];
	char project[STORE_NAME_MAX + 1];
	char partner[STORE_NAME_MAX + 1];
	uint8_t plan_sha256[STORE_SHA256_LEN];
	int64_t retention_until_unix_s;
	uint64_t rows;                          /* set by reading */
	uint8_t sha256[STORE_SHA256_LEN];       /* set by reading */
	int64_t act;
};

/* SHA256 over `respondent u32 | block`; rows strictly rising (ERR_RANGE). */
enum err store_notice_book_digest(const struct store_book_row *rows,
    size_t len, uint8_t ret[STORE_SHA256_LEN]) MUST_USE;
/* Transaction: a book under a grant act.  When that is logged it takes the
 * place of an earlier book of the same export (one that was built again). */
enum err store_notice_book_add(struct store *s, const struct store_book *book,
    const struct store_book_row *rows, size_t len) MUST_USE;
/* ERR_NOT_FOUND; ERR_CORRUPT when its rows do not give its digest. */
enum err store_notice_book_get(struct store *s, const char *export_id,
    struct store_book *ret) MUST_USE;
typedef enum err (*store_book_row_fn)(void *ctx,
    const struct store_book_row *row);
enum err store_notice_book_rows(struct store *s, const char *export_id,
    store_book_row_fn each, void *ctx) MUST_USE;
/* Books not past retention at ${now} that hold ${respondent}. */
typedef enum err (*store_book_fn)(void *ctx, const struct store_book *book,
    const uint8_t block[STORE_BLOCK_LEN]);
enum err store_notice_books_of(struct store *s, uint32_t respondent,
    int64_t now_unix_s, store_book_fn each, void *ctx) MUST_USE;
/* Transaction: remove books past their retention. */
enum err store_notice_books_expire(struct store *s, int64_t now_unix_s,
    uint64_t *ret_removed) MUST_USE;

enum store_notice_reason { STORE_NOTICE_WITHDRAWAL = 1, STORE_NOTICE_ERASURE };

/* A block that must be told to a partner. */
struct store_notice_due {
	int64_t id;                             /* set by reading */
	char export_id[STORE_NAME_MAX + 1];
	char partner[STORE_NAME_MAX + 1];
	enum store_notice_reason reason;
	uint8_t scopes;
	uint8_t block[STORE_BLOCK_LEN];
	int64_t since_unix_s;
};
/* Transaction: queue blocks of ${respondent} for every book that holds it,
 * under the withdrawal's stop act. */
enum err store_notice_queue(struct store *s, uint32_t respondent,
    enum store_notice_reason reason, uint8_t scopes, int64_t now_unix_s,
    int64_t act, uint64_t *ret_queued) MUST_USE;
typedef enum err (*store_notice_due_fn)(void *ctx,
    const struct store_notice_due *due);
/* Not yet sent; by partner, export, id. */
enum err store_notice_each_due(struct store *s, store_notice_due_fn each,
    void *ctx) MUST_USE;
/* Transaction: these went out in notice ${number}. */
enum err store_notice_sent(struct store *s, const int64_t *ids, size_t len,
    uint64_t number) MUST_USE;

/* Release memory: what was disclosed before, sealed by the caller. */
enum err store_notice_release_add(struct store *s, const char *export_id,
    struct bytes sealed, int64_t act) MUST_USE;             /* transaction */
typedef enum err (*store_release_fn)(void *ctx, const char *export_id,
    struct bytes sealed);
enum err store_notice_release_each(struct store *s, store_release_fn each,
    void *ctx) MUST_USE;

#endif
