/* vault/register_plan.h - gateway.db: plans, exports, what partners owe.
 *
 * A plan and its export share year and number.  States are rows, each with
 * its act; the state of a thing is its latest visible row.  A void grant
 * therefore leaves the state before it.
 */
#ifndef AZUKARI_VAULT_REGISTER_PLAN_H
#define AZUKARI_VAULT_REGISTER_PLAN_H

#include <stdint.h>

#include "vault/register.h"

/* Inside a transaction: the next number of ${year}, never given twice. */
enum err register_plan_next_number(struct register_store *r, unsigned year,
    unsigned *ret) MUST_USE;

enum register_plan_state {
	REGISTER_PLAN_FROZEN = 1,   /* waits for approvals and shares */
	REGISTER_PLAN_STARTED,      /* export-started logged */
	REGISTER_PLAN_DONE,         /* its export is built */
	REGISTER_PLAN_ENDED,        /* expired, denied, revoked, abandoned */
};

struct register_plan {
	char id[REGISTER_NAME_MAX + 1];
	char owner[3];
	char export_id[REGISTER_NAME_MAX + 1];
	char request[REGISTER_NAME_MAX + 1];
	char project[REGISTER_NAME_MAX + 1];
	char partner[REGISTER_NAME_MAX + 1];
	uint8_t sha256[REGISTER_SHA256_LEN];
	uint8_t plan_recipient[32];     /* X25519; never in two plans */
	int64_t frozen_unix_s, expires_unix_s;
	int64_t act;
	/* set by reading */
	enum register_plan_state state;
	int64_t state_unix_s;
	char why[REGISTER_NAME_MAX + 1];
};

/* ERR_EXISTS: its id, export id, digest or plan recipient is in use.  The new
 * plan is FROZEN. */
enum err register_plan_add(struct register_store *r,
    const struct register_plan *plan) MUST_USE;
/* ERR_STATE when the move is not one of FROZEN -> STARTED -> DONE or
 * FROZEN/STARTED -> ENDED. */
enum err register_plan_move(struct register_store *r, const char *id,
    enum register_plan_state to, const char *why, int64_t at_unix_s,
    int64_t act) MUST_USE;
enum err register_plan_get(struct register_store *r, const char *id,
    struct register_plan *ret) MUST_USE;
/* Is this plan recipient known, from any plan, logged or not? */
enum err register_plan_recipient_used(struct register_store *r,
    const uint8_t recipient[32], int *ret) MUST_USE;

typedef enum err (*register_plan_fn)(void *ctx,
    const struct register_plan *plan);
/* ${owner} NULL: all; ${state} 0: all. Oldest first. */
enum err register_plan_each(struct register_store *r, const char *owner,
    enum register_plan_state state, register_plan_fn each, void *ctx) MUST_USE;

enum register_export_state {
	REGISTER_EXPORT_STARTED = 1,
	REGISTER_EXPORT_BUILT,
	REGISTER_EXPORT_RELEASED,
	REGISTER_EXPORT_RECALLED,
	REGISTER_EXPORT_FAILED,
};

struct register_export {
	char id[REGISTER_NAME_MAX + 1];
	char owner[3];
	char plan[REGISTER_NAME_MAX + 1];
	char project[REGISTER_NAME_MAX + 1];
	char partner[REGISTER_NAME_MAX + 1];
	int64_t started_unix_s;
	int64_t retention_until_unix_s;
	int64_t act;
	/* set by reading */
	enum register_export_state state;
	int64_t state_unix_s;
	char why[REGISTER_NAME_MAX + 1];
};

/* What is known once the bundle stands. */
struct register_built {
	uint8_t sha256sums_sha256[REGISTER_SHA256_LEN];
	uint8_t consent_root[32];
	uint8_t notice_book_sha256[REGISTER_SHA256_LEN];
	char file[REGISTER_NAME_MAX + 1];
	uint64_t bytes, rows, respondents;
};

enum err register_export_add(struct register_store *r,
    const struct register_export *e) MUST_USE;          /* ERR_EXISTS */
/* STARTED -> BUILT | FAILED; BUILT -> RELEASED | FAILED, or STARTED again (it
 * must be built anew, what was known of it is forgotten); STARTED -> STARTED
 * (that is begun); BUILT or RELEASED -> RECALLED; else ERR_STATE.  BUILT goes through register_export_built. */
enum err register_export_move(struct register_store *r, const char *id,
    enum register_export_state to, const char *why, int64_t at_unix_s,
    int64_t act) MUST_USE;
enum err register_export_built(struct register_store *r, const char *id,
    const struct register_built *built, int64_t at_unix_s,
    int64_t act) MUST_USE;
enum err register_export_get(struct register_store *r, const char *id,
    struct register_export *ret) MUST_USE;
enum err register_export_get_built(struct register_store *r, const char *id,
    struct register_built *ret) MUST_USE;   /* ERR_NOT_FOUND: not built */

typedef enum err (*register_export_fn)(void *ctx,
    const struct register_export *e);
struct register_export_query {
	const char *owner, *partner, *project;  /* NULL: all */
	enum register_export_state state;       /* 0: all */
	int64_t started_from_unix_s;            /* 0: all */
};
enum err register_export_each(struct register_store *r,
    const struct register_export_query *q, register_export_fn each,
    void *ctx) MUST_USE;

/* What a partner owes: a receipt, a destruction, an answer to a notice. */
enum register_duty_kind {
	REGISTER_DUTY_RECEIPT = 1,
	REGISTER_DUTY_DESTRUCTION,
	REGISTER_DUTY_NOTICE,
};
struct register_duty {
	int64_t id;                     /* set by reading */
	enum register_duty_kind kind;
	char owner[3];
	char partner[REGISTER_NAME_MAX + 1];
	char export_id[REGISTER_NAME_MAX + 1];
	uint64_t number;                /* of the notice; else 0 */
	int64_t due_unix_s;
	int64_t act;
};
enum err register_duty_add(struct register_store *r,
    const struct register_duty *duty) MUST_USE;
/* ERR_NOT_FOUND: no open duty of that kind, partner, export and number. */
enum err register_duty_done(struct register_store *r,
    const struct register_duty *duty, int64_t at_unix_s,
    int64_t act) MUST_USE;
typedef enum err (*register_duty_fn)(void *ctx,
    const struct register_duty *duty);
/* Open duties due at or before ${due_until} (INT64_MAX: all), earliest
 * first; ${owner} NULL: all. */
enum err register_duty_each_open(struct register_store *r, const char *owner,
    int64_t due_until_unix_s, register_duty_fn each, void *ctx) MUST_USE;

/* Inside a transaction: the next number of notices to (owner, partner), from
 * 1, and the digest of the one before (all zero when there is none). */
enum err register_notice_next(struct register_store *r, const char *owner,
    const char *partner, uint64_t *ret_number,
    uint8_t ret_previous[REGISTER_SHA256_LEN]) MUST_USE;

#endif
