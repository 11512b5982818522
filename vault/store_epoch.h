/* vault/store_epoch.h - epochs and project keys, with their sealed shares.
 *
 * An epoch is inserted with all its shares under a grant act and cannot be
 * seen (or sealed into) before that act is logged.
 */
#ifndef AZUKARI_VAULT_STORE_EPOCH_H
#define AZUKARI_VAULT_STORE_EPOCH_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"
#include "vault/store.h"

#define STORE_EPOCH_ID_LEN 16
#define STORE_EPOCH_TEXT_MAX ((size_t)64 << 10)
#define STORE_SHARE_MAX ((size_t)64 << 10)

enum store_epoch_kind {
	STORE_EPOCH_SURVEY = 1, /* epoch.txt kind `epoch`, subject `survey …` */
	STORE_EPOCH_REGISTER,   /* kind `epoch`, subject `register` */
	STORE_EPOCH_PROJECT,    /* kind `project` */
	STORE_EPOCH_TRIAL,      /* kind `trial` */
};

struct store_epoch {
	int64_t number;                         /* row; set by add and reading */
	enum store_epoch_kind kind;
	uint8_t id[STORE_EPOCH_ID_LEN];
	uint8_t sha256[STORE_SHA256_LEN];       /* of epoch.txt */
	uint8_t subject_sha256[STORE_SHA256_LEN];
	uint8_t charter_sha256[STORE_SHA256_LEN];
	char subject[STORE_NAME_MAX * 2 + 16];  /* as in epoch.txt */
	int32_t day;                            /* core/clock.h */
	int64_t opened_unix_s;
	int64_t act;
	/* set by reading */
	int closed;                             /* the rest holds when closed */
	int64_t closed_unix_s;
	uint64_t records;                       /* with removed ones */
	uint8_t root[STORE_SHA256_LEN];
	/* of what is in it now, open or closed */
	int32_t first_answer_day, last_answer_day;  /* 0, 0: no answer yet */
	uint32_t arrangement;                   /* 0: the one in epoch.txt */
};

struct store_share {
	char seat[STORE_NAME_MAX + 1];
	struct bytes age_file;                  /* borrowed */
	/* the charter it was sealed under; left zero for the epoch's own */
	uint8_t charter_sha256[STORE_SHA256_LEN];
};

/* Transaction.  ERR_EXISTS: its id is known; ERR_RANGE: no share. */
enum err store_epoch_add(struct store *s, const struct store_epoch *epoch,
    struct bytes epoch_txt, const struct store_share *shares,
    size_t shares_len, int64_t *ret_number) MUST_USE;

/* Transaction, stop act.  Joins nothing; fixes records and root as they are
 * in the store now.  ERR_STATE when closed already.  ${ret} is the epoch as
 * closed. */
enum err store_epoch_close(struct store *s, int64_t number,
    int64_t at_unix_s, int64_t act, struct store_epoch *ret) MUST_USE;
/* Records and root as a close would fix them now, for the entry's text. */
enum err store_epoch_sum(struct store *s, int64_t number,
    uint64_t *ret_records, uint8_t ret_root[STORE_SHA256_LEN]) MUST_USE;

enum err store_epoch_get(struct store *s, int64_t number,
    struct store_epoch *ret) MUST_USE;
enum err store_epoch_by_id(struct store *s,
    const uint8_t id[STORE_EPOCH_ID_LEN], struct store_epoch *ret) MUST_USE;
enum err store_epoch_text(struct store *s, int64_t number,
    struct buf *out) MUST_USE;

enum store_epoch_filter { STORE_EPOCHS_ALL, STORE_EPOCHS_OPEN,
	STORE_EPOCHS_CLOSED };
struct store_epoch_query {
	enum store_epoch_kind kind;     /* 0: all */
	enum store_epoch_filter filter;
	const char *subject;            /* NULL: all */
	/* epochs holding an answer of these days; both 0: all */
	int32_t first_answer_day, last_answer_day;
};
typedef enum err (*store_epoch_fn)(void *ctx, const struct store_epoch *e);
/* By day, then id. */
enum err store_epoch_each(struct store *s, const struct store_epoch_query *q,
    store_epoch_fn each, void *ctx) MUST_USE;
/* The project key's epoch of this project and partner; ERR_NOT_FOUND. */
enum err store_epoch_project(struct store *s, const char *project,
    const char *partner, struct store_epoch *ret) MUST_USE;

/* The seat's share in the arrangement in force; appended to ${out}. */
enum err store_epoch_share(struct store *s, int64_t number, const char *seat,
    struct buf *out) MUST_USE;
/* The charter under which that share was sealed. */
enum err store_epoch_share_charter(struct store *s, int64_t number,
    const char *seat, uint8_t ret[STORE_SHA256_LEN]) MUST_USE;
/* Transaction: a hand-over puts another file for one seat into the arrangement
 * in force.  The file before it is deleted when ${act} is logged. */
enum err store_epoch_reseal(struct store *s, int64_t number,
    const struct store_share *share, int64_t act) MUST_USE;
/* Transaction: a redistribution: text and all shares of a new arrangement.
 * ERR_STATE unless ${number} is the one after the arrangement in force. */
enum err store_epoch_arrange(struct store *s, int64_t epoch, uint32_t number,
    struct bytes text, const struct store_share *shares, size_t shares_len,
    int64_t act) MUST_USE;
enum err store_epoch_arrangement_text(struct store *s, int64_t number,
    struct buf *out) MUST_USE;              /* ERR_NOT_FOUND: epoch.txt's */
/* Epochs where ${seat} has no share in force sealed under this charter: what
 * a hand-over or redistribution has left to do. */
enum err store_epoch_count_pending(struct store *s, const char *seat,
    const uint8_t charter_sha256[STORE_SHA256_LEN], uint64_t *ret) MUST_USE;

#endif
