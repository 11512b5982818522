/* policy/plan.h - what officers sign: plan.txt and epochs.txt (FORMATS 8.2,
 * 8.3). */
#ifndef AZUKARI_POLICY_PLAN_H
#define AZUKARI_POLICY_PLAN_H

#include <stdint.h>

#include "core/text.h"
#include "policy/model.h"
#include "policy/reident.h"
#include "policy/words.h"

#define PLAN_COLUMNS_MAX 256
#define PLAN_TEXTS_MAX 64
#define PLAN_LEVEL_MAX 32
#define PLAN_KEYS_MAX 1         /* one of each purpose */

struct plan_column {
	char field[33];
	char ladder[33];            /* "" for as-is */
	unsigned from, to;          /* levels; 0 and 0 for as-is */
	unsigned date;              /* enum policy_date_mode */
};

struct plan_text {
	uint8_t sha256[32];
	uint8_t scopes;             /* bits; see policy/consent.h */
};

/* A key of the owner that this plan's seats release beside its epochs'. */
enum plan_key_purpose {
	PLAN_KEY_MEMORY,            /* of the record of earlier releases */
};

struct plan_key {
	enum plan_key_purpose purpose;
	uint8_t id[16];             /* of its epoch.txt */
	uint8_t sha256[32];
};

/* The earlier export whose payload this plan computes again (8.19).  Such a plan
 * hands nothing out. */
struct plan_rederive {
	char export_id[33];         /* "": an export's plan */
	uint8_t plan_sha256[32];    /* of that export's plan.txt */
	int64_t frozen_unix_s;      /* when that plan was */
};

/* What of a respondent is counted as one. */
enum plan_visits {
	PLAN_VISITS_UNSAID,         /* an old plan: each answer by itself */
	PLAN_VISITS_SINGLE,
	PLAN_VISITS_JOINED,         /* all answers, in their order */
};

/* Strings are borrowed: from `text` when parsed (until plan_release), from the
 * caller when filled to be written.  Lists and arrays are owned. */
struct plan {
	struct text *text;
	const char *id, *owner, *export_id;
	uint8_t nonce[16];
	uint8_t request_sha256[32], request_sig_sha256[32];
	uint8_t policy_sha256[32], charter_sha256[32];
	uint64_t policy_version;
	unsigned threshold;
	const char *partner, *partner_institution;
	const char *recipient;
	uint8_t recipient_sha256[32];
	const char *requester_fingerprint;
	const char *project;
	uint8_t project_epoch_sha256[32];
	uint64_t project_release;   /* from 1 */
	char survey_name[33];
	unsigned survey_version;
	uint8_t survey_sha256[32];
	struct plan_column *columns;
	size_t columns_len;
	uint8_t scheme_sha256[32];
	unsigned k;
	unsigned suppression_limit; /* basis points */
	unsigned minimum_cell;
	enum plan_visits visits;
	struct model_rule models[MODEL_RULES_MAX];  /* in the columns' order */
	size_t models_len;
	int has_prior_releases;
	uint8_t prior_releases_sha256[32];
	struct plan_text *texts;
	size_t texts_len;
	struct words purpose, disease;
	const char *legal_basis;
	const char *ethics_approval;        /* NULL: none */
	int has_ethics_expiry;
	int32_t ethics_expiry_day;
	int32_t period_from_day, period_to_day;
	int32_t retention_until_day;
	const char *supersedes;             /* or NULL */
	struct reident reident;
	uint64_t epochs;
	uint8_t epochs_sha256[32];
	struct plan_key also_keys[PLAN_KEYS_MAX];
	size_t also_keys_len;
	struct plan_rederive rederive;
	int byte_release, denial_is_vote;
	const char *ledger_origin;
	uint64_t ledger_size;
	uint8_t ledger_root[32];
	int has_witness_policy;
	uint8_t witness_policy_sha256[32];
	const char *plan_recipient;
	const char *gateway_key;
	int64_t frozen_unix_s, expires_unix_s;
};

extern const struct text_schema plan_schema;

/* Errors as of text_parse; ERR_SYNTAX, ERR_RANGE, ERR_UNKNOWN, ERR_DUPLICATE
 * for values, ERR_MISMATCH when plan and export differ in year or number;
 * ${info} (may be NULL) names the key. */
enum err plan_parse(struct bytes bytes, struct plan *ret,
    struct err_info *info) MUST_USE;
void plan_release(struct plan *p);              /* CLEANUP-able */

/* Appends the text; refuses what plan_parse would. */
enum err plan_write(const struct plan *p, struct buf *out,
    struct err_info *info) MUST_USE;

/* The key of that purpose; NULL when the plan names none. */
const struct plan_key *plan_find_key(const struct plan *p,
    enum plan_key_purpose purpose);

int plan_rederives(const struct plan *p);
/* 1 when it was frozen before plans said all that is decided now: it names no
 * key of the release records, or does not say who is one of k.  Such a plan is
 * read, and can no more be carried out. */
int plan_is_outdated(const struct plan *p);
int plan_same_models(const struct plan *a, const struct plan *b);

/* 1 when ${p} asks for nothing but what ${earlier}, a plan.txt of the digest
 * ${sha256}, did. */
int plan_is_again(const struct plan *p, const struct plan *earlier,
    const uint8_t sha256[32]);

/* Adding to a plan that is being made.  ERR_NOMEM, ERR_LIMIT. */
enum err plan_add_column(struct plan *p, const struct plan_column *c) MUST_USE;
enum err plan_add_text(struct plan *p, const struct plan_text *t) MUST_USE;

/* The bytes whose digest is scheme-sha256: lines `NAME SHA256` of the ladders
 * used, sorted.  ${sha256} gives the digest of the ladder file of that name
 * (32 bytes, borrowed) or NULL: then ERR_NOT_FOUND. */
typedef const uint8_t *(*plan_ladder_sha256_fn)(void *ctx, const char *name);
enum err plan_scheme_bytes(const struct plan_column *columns, size_t len,
    plan_ladder_sha256_fn sha256, void *ctx, struct buf *out) MUST_USE;

/* The bytes whose digest is approvals-sha256 of a release (8.6): lines
 * `SEAT SHA256`, sorted by seat.  ERR_DUPLICATE for a seat given twice. */
struct plan_vote {
	const char *seat;
	uint8_t sha256[32];         /* of approval.txt */
};
enum err plan_votes_bytes(const struct plan_vote *votes, size_t len,
    struct buf *out) MUST_USE;

/* ---- epochs.txt ---- */

#define PLAN_EPOCHS_MAX TEXT_RUN_MAX

struct plan_epoch {
	uint8_t id[16];
	uint8_t sha256[32];         /* of epoch.txt */
	int32_t day;
	uint64_t records;
	uint8_t root[32];
};

struct plan_epochs {
	struct text *text;          /* when parsed */
	const char *owner, *plan;   /* borrowed, as in struct plan */
	struct plan_epoch *items;   /* owned; by day, then id */
	size_t len;
};

/* ERR_RANGE when the epochs are not in order, ERR_DUPLICATE for an epoch
 * given twice; else as plan_parse. */
enum err plan_epochs_parse(struct bytes bytes, struct plan_epochs *ret,
    struct err_info *info) MUST_USE;
enum err plan_epochs_add(struct plan_epochs *e,
    const struct plan_epoch *epoch) MUST_USE;
/* Sorts, then appends the text. */
enum err plan_epochs_write(struct plan_epochs *e, struct buf *out,
    struct err_info *info) MUST_USE;
void plan_epochs_release(struct plan_epochs *e);        /* CLEANUP-able */

#endif
