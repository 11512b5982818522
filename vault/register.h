/* vault/register.h - gateway.db: owners, documents, signatures, sources, the
 * ledger's `signed` state.  Plans and exports are in register_plan.h.
 *
 * A document is bytes that were signed or logged; they are stored once, as
 * they came, under (kind, owner, SHA-256) and never changed.  Everything here
 * that a grant brings is visible only when its act is logged (actlog.h).
 *
 * Writers need a transaction on register_db() and the id of an act of it.
 */
#ifndef AZUKARI_VAULT_REGISTER_H
#define AZUKARI_VAULT_REGISTER_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"
#include "vault/db.h"

#define REGISTER_SHA256_LEN 32
#define REGISTER_NAME_MAX 64            /* every id and name, without NUL */
#define REGISTER_DOCUMENT_MAX ((size_t)16 << 20)
#define REGISTER_SIGNATURE_MAX 4096

struct register_store;

/* ${mode} as in db_open; errors of db_open. */
enum err register_open(const char *path, enum db_open_mode mode,
    const struct secret *key, struct register_store **ret) MUST_USE;
void register_close(struct register_store *r);
void register_cleanup(struct register_store **r);
struct db *register_db(struct register_store *r);  /* borrowed */

/* Owners.  ${code} is two digits; "-" stands for the gateway as a whole
 * wherever an owner is asked for. */
struct register_owner {
	char code[3];
	char name[REGISTER_NAME_MAX * 3 + 1];
	int64_t added_unix_s;
};
enum err register_owner_add(struct register_store *r,
    const struct register_owner *owner, int64_t act) MUST_USE; /* ERR_EXISTS */
enum err register_owner_get(struct register_store *r, const char *code,
    struct register_owner *ret) MUST_USE;
typedef enum err (*register_owner_fn)(void *ctx,
    const struct register_owner *owner);
enum err register_owner_each(struct register_store *r, register_owner_fn each,
    void *ctx) MUST_USE;

/* Documents. */
enum register_kind {
	REGISTER_CHARTER = 1,   /* version */
	REGISTER_POLICY,        /* version */
	REGISTER_SURVEY,        /* name, version */
	REGISTER_LADDER,        /* name */
	REGISTER_CONSENT_TEXT,  /* name: title */
	REGISTER_REQUEST,       /* name: request id; subject: partner */
	REGISTER_REFUSAL,       /* name: request id */
	REGISTER_PLAN,          /* name: plan id */
	REGISTER_EPOCHS,        /* name: plan id */
	REGISTER_APPROVAL,      /* subject: plan id; name: seat */
	REGISTER_RELEASE,       /* subject: plan id; name: seat */
	REGISTER_DENIAL,        /* subject: plan id; name: seat */
	REGISTER_REVOCATION,    /* subject: plan id; name: seat */
	REGISTER_STATEMENT,     /* name: export id */
	REGISTER_DISCLOSURE,    /* name: export id */
	REGISTER_SHA256SUMS,    /* name: export id */
	REGISTER_RECEIPT,       /* subject: export id; name: partner */
	REGISTER_DESTRUCTION,   /* subject: export id; name: partner */
	REGISTER_NOTICE,        /* subject: partner; version: number */
	REGISTER_NOTICE_APPLIED,/* subject: partner; version: number */
	REGISTER_HANDOVER,      /* name: seat */
	REGISTER_ARRANGEMENT,   /* name: epoch id */
	REGISTER_WITNESS_POLICY,
	REGISTER_DRILL,         /* name: seat */
	REGISTER_ERASURE_ORDER,
	REGISTER_PRIOR_RELEASES,/* name: plan id */
	REGISTER_RELEASE_RECORD,/* name: export id */
	REGISTER_PSEUDONYMS,    /* name: plan id */
	REGISTER_KIND_END,
};

struct register_document {
	int64_t id;                     /* set by reading */
	enum register_kind kind;
	char owner[3];
	char name[REGISTER_NAME_MAX + 1];      /* "" where it has none */
	char subject[REGISTER_NAME_MAX + 1];   /* "" where it has none */
	uint64_t version;                      /* 0 where it has none */
	uint8_t sha256[REGISTER_SHA256_LEN];
	int64_t added_unix_s;
	int64_t act;
};

/* Store ${bytes} (at most REGISTER_DOCUMENT_MAX) as ${doc} with doc->act.
 * ${doc->sha256} is believed; the caller has hashed.  ERR_EXISTS for the same
 * (kind, owner, sha256), or the same (kind, owner, subject, name, version). */
enum err register_document_add(struct register_store *r,
    const struct register_document *doc, struct bytes bytes,
    int64_t *ret_id) MUST_USE;

/* What to look for; unset members ("" / 0 / NULL) match everything. */
struct register_query {
	enum register_kind kind;        /* required */
	const char *owner;
	const char *name;
	const char *subject;
	uint64_t version;
	const uint8_t *sha256;          /* REGISTER_SHA256_LEN bytes */
};

/* The latest match (highest version, then latest added).  ERR_NOT_FOUND.
 * register_document_bytes appends its bytes to ${out}. */
enum err register_document_find(struct register_store *r,
    const struct register_query *q, struct register_document *ret) MUST_USE;
enum err register_document_bytes(struct register_store *r, int64_t id,
    struct buf *out) MUST_USE;
typedef enum err (*register_document_fn)(void *ctx,
    const struct register_document *doc);
/* All matches, oldest first. */
enum err register_document_each(struct register_store *r,
    const struct register_query *q, register_document_fn each,
    void *ctx) MUST_USE;

/* Signature files of a document: one per signer, as armoured bytes. */
enum err register_signature_add(struct register_store *r, int64_t document,
    const char *signer, struct bytes armour, int64_t act) MUST_USE;
typedef enum err (*register_signature_fn)(void *ctx, const char *signer,
    struct bytes armour);
enum err register_signature_each(struct register_store *r, int64_t document,
    register_signature_fn each, void *ctx) MUST_USE;

/* Drafts: bytes that wait for something (a charter collecting signatures, a
 * policy not yet signed).  No act; never authority.  put replaces. */
enum err register_draft_put(struct register_store *r, const char *owner,
    const char *name, struct bytes bytes) MUST_USE;
enum err register_draft_get(struct register_store *r, const char *owner,
    const char *name, struct buf *out) MUST_USE;
enum err register_draft_remove(struct register_store *r, const char *owner,
    const char *name) MUST_USE;                        /* absent: ok */
typedef enum err (*register_draft_fn)(void *ctx, const char *name,
    struct bytes bytes);
enum err register_draft_each(struct register_store *r, const char *owner,
    register_draft_fn each, void *ctx) MUST_USE;

/* Sources of answers. */
struct register_source {
	char owner[3];
	char source[REGISTER_NAME_MAX + 1];
	char id_namespace[REGISTER_NAME_MAX + 1];
	int64_t act;
};
enum err register_source_add(struct register_store *r,
    const struct register_source *source) MUST_USE;    /* ERR_EXISTS */
enum err register_source_get(struct register_store *r, const char *owner,
    const char *source, struct register_source *ret) MUST_USE;
typedef enum err (*register_source_fn)(void *ctx,
    const struct register_source *source);
enum err register_source_each(struct register_store *r, const char *owner,
    register_source_fn each, void *ctx) MUST_USE;

/* The log's commit point (PROTOCOL 8, step 3).  put refuses to shrink the
 * tree (ERR_ROLLBACK); get of a fresh register: size 0, empty checkpoint. */
struct register_signed {
	uint64_t size;
	uint8_t root[32];
};
enum err register_signed_put(struct register_store *r,
    const struct register_signed *s, struct bytes checkpoint) MUST_USE;
enum err register_signed_get(struct register_store *r,
    struct register_signed *ret, struct buf *ret_checkpoint) MUST_USE;

/* What the register last knew of another database: an older copy of it shows
 * a smaller generation or another id (ERR_ROLLBACK, ERR_MISMATCH); one never
 * seen is ERR_NOT_FOUND.  put needs a transaction on the register. */
enum err register_seen_put(struct register_store *r, const char *owner,
    struct db *other) MUST_USE;
enum err register_seen_check(struct register_store *r, const char *owner,
    struct db *other) MUST_USE;

#endif
