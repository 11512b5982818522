/* vault/register.c - gateway.db: owners, documents, signatures, sources. */
#include "vault/register.h"

#include <stdlib.h>
#include <string.h>

#include "vault/register_internal.h"

enum {
	OWNER_ADD, OWNER_GET, OWNER_EACH, DOCUMENT_ADD, BYTES_ADD, BYTES_GET,
	FIND, EACH, SIGNATURE_ADD, SIGNATURE_EACH, DRAFT_PUT, DRAFT_GET,
	DRAFT_REMOVE, DRAFT_EACH, SOURCE_ADD, SOURCE_GET, SOURCE_EACH,
	SIGNED_PUT, SIGNED_GET, SEEN_PUT, SEEN_GET,
};
#define DOCUMENT_COLUMNS "id, kind, owner, subject, name, version, sha256, " \
	"added, act"
#define DOCUMENT_MATCH "WHERE kind = ?1 AND (?2 IS NULL OR owner = ?2) " \
	"AND (?3 IS NULL OR name = ?3) AND (?4 IS NULL OR subject = ?4) " \
	"AND (?5 = 0 OR version = ?5) AND (?6 IS NULL OR sha256 = ?6) "
static const char *const SQL[] = {
	[OWNER_ADD] = "INSERT INTO owner_row (code, name, added, act) "
	    "VALUES (?1, ?2, ?3, ?4)",
	[OWNER_GET] = "SELECT code, name, added FROM owner WHERE code = ?1",
	[OWNER_EACH] = "SELECT code, name, added FROM owner ORDER BY code",
	[DOCUMENT_ADD] = "INSERT INTO document_row (kind, owner, subject, "
	    "name, version, sha256, added, act) "
	    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
	[BYTES_ADD] = "INSERT INTO document_bytes (document, bytes) "
	    "VALUES (?1, ?2)",
	[BYTES_GET] = "SELECT b.bytes FROM document d "
	    "JOIN document_bytes b ON b.document = d.id WHERE d.id = ?1",
	[FIND] = "SELECT " DOCUMENT_COLUMNS " FROM document " DOCUMENT_MATCH
	    "ORDER BY version DESC, id DESC LIMIT 1",
	[EACH] = "SELECT " DOCUMENT_COLUMNS " FROM document " DOCUMENT_MATCH
	    "ORDER BY id",
	[SIGNATURE_ADD] = "INSERT INTO signature_row (document, signer, "
	    "bytes, act) VALUES (?1, ?2, ?3, ?4)",
	[SIGNATURE_EACH] = "SELECT signer, bytes FROM signature "
	    "WHERE document = ?1 ORDER BY signer",
	[DRAFT_PUT] = "INSERT OR REPLACE INTO draft (owner, name, bytes) "
	    "VALUES (?1, ?2, ?3)",
	[DRAFT_GET] = "SELECT bytes FROM draft WHERE owner = ?1 AND name = ?2",
	[DRAFT_REMOVE] = "DELETE FROM draft WHERE owner = ?1 AND name = ?2",
	[DRAFT_EACH] = "SELECT name, bytes FROM draft WHERE owner = ?1 "
	    "ORDER BY name",
	[SOURCE_ADD] = "INSERT INTO source_row (owner, source, id_namespace, "
	    "act) VALUES (?1, ?2, ?3, ?4)",
	[SOURCE_GET] = "SELECT owner, source, id_namespace, act FROM source "
	    "WHERE owner = ?1 AND source = ?2",
	[SOURCE_EACH] = "SELECT owner, source, id_namespace, act FROM source "
	    "WHERE owner = ?1 ORDER BY source",
	[SIGNED_PUT] = "INSERT OR REPLACE INTO signed (one, size, root, "
	    "checkpoint) VALUES (1, ?1, ?2, ?3)",
	[SIGNED_GET] = "SELECT size, root, checkpoint FROM signed",
	[SEEN_PUT] = "INSERT OR REPLACE INTO seen (owner, kind, database_id, "
	    "generation) VALUES (?1, ?2, ?3, ?4)",
	[SEEN_GET] = "SELECT database_id, generation FROM seen "
	    "WHERE owner = ?1 AND kind = ?2",
};
static const struct db_table TABLE = DB_TABLE(DB_SLOT_REGISTER, SQL);

enum err
register_open(const char *path, enum db_open_mode mode,
    const struct secret *key, struct register_store **ret)
{
	CLEANUP(register_cleanup) struct register_store *r =
	    calloc(1, sizeof(*r));
	const struct db_open_args args = {
		.kind = DB_REGISTER, .mode = mode, .path = path, .key = key,
		.busy_ms = 10000,
	};

	if (r == NULL)
		return ERR_NOMEM;
	RETURN_IF(db_open(&args, &r->db));
	*ret = TAKE(r);
	return ERR_OK;
}

void
register_close(struct register_store *r)
{
	if (r == NULL)
		return;
	db_close(r->db);
	free(r);
}

void
register_cleanup(struct register_store **r)
{
	register_close(*r);
}

struct db *
register_db(struct register_store *r)
{
	return r->db;
}

/* ---- owners ---- */

enum err
register_owner_add(struct register_store *r,
    const struct register_owner *owner, int64_t act)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};

	RETURN_IF(db_stmt_begin(r->db, &TABLE, OWNER_ADD, &st));
	db_bind_text(&st, 1, owner->code);
	db_bind_text(&st, 2, owner->name);
	db_bind_int(&st, 3, owner->added_unix_s);
	db_bind_int(&st, 4, act);
	return db_run(&st);
}

static enum err
read_owner(struct db_stmt *st, struct register_owner *ret)
{
	struct register_owner o = {.added_unix_s = db_col_int(st, 2)};

	RETURN_IF(db_col_text(st, 0, o.code, sizeof(o.code)));
	RETURN_IF(db_col_text(st, 1, o.name, sizeof(o.name)));
	*ret = o;
	return ERR_OK;
}

enum err
register_owner_get(struct register_store *r, const char *code,
    struct register_owner *ret)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};

	RETURN_IF(db_stmt_begin(r->db, &TABLE, OWNER_GET, &st));
	db_bind_text(&st, 1, code);
	RETURN_IF(db_one(&st));
	return read_owner(&st, ret);
}

enum err
register_owner_each(struct register_store *r, register_owner_fn each,
    void *ctx)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};
	struct register_owner o;
	int row;

	RETURN_IF(db_stmt_begin(r->db, &TABLE, OWNER_EACH, &st));
	for (;;) {
		RETURN_IF(db_step(&st, &row));
		if (!row)
			return ERR_OK;
		RETURN_IF(read_owner(&st, &o));
		RETURN_IF(each(ctx, &o));
	}
}

/* ---- documents ---- */

static enum err
add_document(struct register_store *r, const struct register_document *doc)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};

	RETURN_IF(db_stmt_begin(r->db, &TABLE, DOCUMENT_ADD, &st));
	db_bind_int(&st, 1, doc->kind);
	db_bind_text(&st, 2, doc->owner);
	db_bind_text(&st, 3, doc->subject);
	db_bind_text(&st, 4, doc->name);
	db_bind_int(&st, 5, (int64_t)doc->version);
	db_bind_blob(&st, 6, doc->sha256, sizeof(doc->sha256));
	db_bind_int(&st, 7, doc->added_unix_s);
	db_bind_int(&st, 8, doc->act);
	return db_run(&st);
}

enum err
register_document_add(struct register_store *r,
    const struct register_document *doc, struct bytes bytes, int64_t *ret_id)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};
	int64_t id;

	if (doc->kind < REGISTER_CHARTER || doc->kind >= REGISTER_KIND_END ||
	    doc->version > INT64_MAX)
		return ERR_RANGE;
	if (bytes.len == 0 || bytes.len > REGISTER_DOCUMENT_MAX)
		return ERR_LIMIT;
	RETURN_IF(add_document(r, doc));
	id = db_last_id(r->db);
	RETURN_IF(db_stmt_begin(r->db, &TABLE, BYTES_ADD, &st));
	db_bind_int(&st, 1, id);
	db_bind_blob(&st, 2, bytes.data, bytes.len);
	RETURN_IF(db_run(&st));
	*ret_id = id;
	return ERR_OK;
}

static enum err
read_document(struct db_stmt *st, struct register_document *ret)
{
	struct register_document d = {
		.id = db_col_int(st, 0),
		.kind = (enum register_kind)db_col_int(st, 1),
		.version = db_col_u64(st, 5),
		.added_unix_s = db_col_int(st, 7),
		.act = db_col_int(st, 8),
	};

	RETURN_IF(db_col_text(st, 2, d.owner, sizeof(d.owner)));
	RETURN_IF(db_col_text(st, 3, d.subject, sizeof(d.subject)));
	RETURN_IF(db_col_text(st, 4, d.name, sizeof(d.name)));
	RETURN_IF(db_col_fixed(st, 6, d.sha256, sizeof(d.sha256)));
	*ret = d;
	return ERR_OK;
}

static void
bind_query(struct db_stmt *st, const struct register_query *q)
{
	db_bind_int(st, 1, q->kind);
	if (q->owner != NULL)
		db_bind_text(st, 2, q->owner);
	if (q->name != NULL)
		db_bind_text(st, 3, q->name);
	if (q->subject != NULL)
		db_bind_text(st, 4, q->subject);
	db_bind_int(st, 5, (int64_t)q->version);
	if (q->sha256 != NULL)
		db_bind_blob(st, 6, q->sha256, REGISTER_SHA256_LEN);
}

enum err
register_document_find(struct register_store *r,
    const struct register_query *q, struct register_document *ret)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};

	RETURN_IF(db_stmt_begin(r->db, &TABLE, FIND, &st));
	bind_query(&st, q);
	RETURN_IF(db_one(&st));
	return read_document(&st, ret);
}

enum err
register_document_each(struct register_store *r,
    const struct register_query *q, register_document_fn each, void *ctx)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};
	struct register_document d;
	int row;

	RETURN_IF(db_stmt_begin(r->db, &TABLE, EACH, &st));
	bind_query(&st, q);
	for (;;) {
		RETURN_IF(db_step(&st, &row));
		if (!row)
			return ERR_OK;
		RETURN_IF(read_document(&st, &d));
		RETURN_IF(each(ctx, &d));
	}
}

static enum err
append_one(struct db_stmt *st, struct buf *out)
{
	struct bytes b;

	RETURN_IF(db_one(st));
	b = db_col_blob(st, 0);
	return buf_append(out, b.data, b.len);
}

enum err
register_document_bytes(struct register_store *r, int64_t id, struct buf *out)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};

	RETURN_IF(db_stmt_begin(r->db, &TABLE, BYTES_GET, &st));
	db_bind_int(&st, 1, id);
	return append_one(&st, out);
}

/* ---- signatures ---- */

enum err
register_signature_add(struct register_store *r, int64_t document,
    const char *signer, struct bytes armour, int64_t act)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};

	if (armour.len == 0 || armour.len > REGISTER_SIGNATURE_MAX)
		return ERR_LIMIT;
	RETURN_IF(db_stmt_begin(r->db, &TABLE, SIGNATURE_ADD, &st));
	db_bind_int(&st, 1, document);
	db_bind_text(&st, 2, signer);
	db_bind_blob(&st, 3, armour.data, armour.len);
	db_bind_int(&st, 4, act);
	return db_run(&st);
}

enum err
register_signature_each(struct register_store *r, int64_t document,
    register_signature_fn each, void *ctx)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};
	char signer[REGISTER_NAME_MAX + 1];
	int row;

	RETURN_IF(db_stmt_begin(r->db, &TABLE, SIGNATURE_EACH, &st));
	db_bind_int(&st, 1, document);
	for (;;) {
		RETURN_IF(db_step(&st, &row));
		if (!row)
			return ERR_OK;
		RETURN_IF(db_col_text(&st, 0, signer, sizeof(signer)));
		RETURN_IF(each(ctx, signer, db_col_blob(&st, 1)));
	}
}

/* ---- drafts ---- */

enum err
register_draft_put(struct register_store *r, const char *owner,
    const char *name, struct bytes bytes)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};

	if (bytes.len > REGISTER_DOCUMENT_MAX)
		return ERR_LIMIT;
	RETURN_IF(db_stmt_begin(r->db, &TABLE, DRAFT_PUT, &st));
	db_bind_text(&st, 1, owner);
	db_bind_text(&st, 2, name);
	db_bind_blob(&st, 3, bytes.data, bytes.len);
	return db_run(&st);
}

enum err
register_draft_get(struct register_store *r, const char *owner,
    const char *name, struct buf *out)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};

	RETURN_IF(db_stmt_begin(r->db, &TABLE, DRAFT_GET, &st));
	db_bind_text(&st, 1, owner);
	db_bind_text(&st, 2, name);
	return append_one(&st, out);
}

enum err
register_draft_remove(struct register_store *r, const char *owner,
    const char *name)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};

	RETURN_IF(db_stmt_begin(r->db, &TABLE, DRAFT_REMOVE, &st));
	db_bind_text(&st, 1, owner);
	db_bind_text(&st, 2, name);
	return db_run(&st);
}

enum err
register_draft_each(struct register_store *r, const char *owner,
    register_draft_fn each, void *ctx)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};
	char name[4 * REGISTER_NAME_MAX + 1];
	int row;

	RETURN_IF(db_stmt_begin(r->db, &TABLE, DRAFT_EACH, &st));
	db_bind_text(&st, 1, owner);
	for (;;) {
		RETURN_IF(db_step(&st, &row));
		if (!row)
			return ERR_OK;
		RETURN_IF(db_col_text(&st, 0, name, sizeof(name)));
		RETURN_IF(each(ctx, name, db_col_blob(&st, 1)));
	}
}

/* ---- sources ---- */

enum err
register_source_add(struct register_store *r,
    const struct register_source *source)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};

	RETURN_IF(db_stmt_begin(r->db, &TABLE, SOURCE_ADD, &st));
	db_bind_text(&st, 1, source->owner);
	db_bind_text(&st, 2, source->source);
	db_bind_text(&st, 3, source->id_namespace);
	db_bind_int(&st, 4, source->act);
	return db_run(&st);
}

static enum err
read_source(struct db_stmt *st, struct register_source *ret)
{
	struct register_source s = {.act = db_col_int(st, 3)};

	RETURN_IF(db_col_text(st, 0, s.owner, sizeof(s.owner)));
	RETURN_IF(db_col_text(st, 1, s.source, sizeof(s.source)));
	RETURN_IF(db_col_text(st, 2, s.id_namespace, sizeof(s.id_namespace)));
	*ret = s;
	return ERR_OK;
}

enum err
register_source_get(struct register_store *r, const char *owner,
    const char *source, struct register_source *ret)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};

	RETURN_IF(db_stmt_begin(r->db, &TABLE, SOURCE_GET, &st));
	db_bind_text(&st, 1, owner);
	db_bind_text(&st, 2, source);
	RETURN_IF(db_one(&st));
	return read_source(&st, ret);
}

enum err
register_source_each(struct register_store *r, const char *owner,
    register_source_fn each, void *ctx)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};
	struct register_source s;
	int row;

	RETURN_IF(db_stmt_begin(r->db, &TABLE, SOURCE_EACH, &st));
	db_bind_text(&st, 1, owner);
	for (;;) {
		RETURN_IF(db_step(&st, &row));
		if (!row)
			return ERR_OK;
		RETURN_IF(read_source(&st, &s));
		RETURN_IF(each(ctx, &s));
	}
}

/* ---- the ledger's commit point ---- */

enum err
register_signed_get(struct register_store *r, struct register_signed *ret,
    struct buf *ret_checkpoint)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};
	struct register_signed s = {0};
	struct bytes checkpoint = {0};
	int row;

	RETURN_IF(db_stmt_begin(r->db, &TABLE, SIGNED_GET, &st));
	RETURN_IF(db_step(&st, &row));
	if (row) {
		s.size = db_col_u64(&st, 0);
		RETURN_IF(db_col_fixed(&st, 1, s.root, sizeof(s.root)));
		checkpoint = db_col_blob(&st, 2);
	}
	buf_clear(ret_checkpoint);
	RETURN_IF(buf_append(ret_checkpoint, checkpoint.data, checkpoint.len));
	*ret = s;
	return ERR_OK;
}

/* The same size again must be the same tree. */
static enum err
check_extends(struct register_store *r, const struct register_signed *s)
{
	CLEANUP(buf_release) struct buf checkpoint = {0};
	struct register_signed now;

	RETURN_IF(register_signed_get(r, &now, &checkpoint));
	if (s->size > INT64_MAX)
		return ERR_RANGE;
	if (s->size < now.size || (s->size == now.size && now.size != 0 &&
	    memcmp(s->root, now.root, sizeof(s->root)) != 0))
		return ERR_ROLLBACK;
	return ERR_OK;
}

enum err
register_signed_put(struct register_store *r, const struct register_signed *s,
    struct bytes checkpoint)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};

	RETURN_IF(check_extends(r, s));
	RETURN_IF(db_stmt_begin(r->db, &TABLE, SIGNED_PUT, &st));
	db_bind_int(&st, 1, (int64_t)s->size);
	db_bind_blob(&st, 2, s->root, sizeof(s->root));
	db_bind_blob(&st, 3, checkpoint.data, checkpoint.len);
	return db_run(&st);
}

/* ---- what was seen of other databases ---- */

enum err
register_seen_put(struct register_store *r, const char *owner,
    struct db *other)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};
	uint8_t id[DB_ID_LEN];
	uint64_t generation;

	RETURN_IF(db_id(other, id));
	RETURN_IF(db_generation(other, &generation));
	RETURN_IF(db_stmt_begin(r->db, &TABLE, SEEN_PUT, &st));
	db_bind_text(&st, 1, owner);
	db_bind_int(&st, 2, db_kind(other));
	db_bind_blob(&st, 3, id, sizeof(id));
	db_bind_int(&st, 4, (int64_t)generation);
	return db_run(&st);
}

enum err
register_seen_check(struct register_store *r, const char *owner,
    struct db *other)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};
	uint8_t id[DB_ID_LEN], seen[DB_ID_LEN];
	uint64_t generation;

	RETURN_IF(db_id(other, id));
	RETURN_IF(db_generation(other, &generation));
	RETURN_IF(db_stmt_begin(r->db, &TABLE, SEEN_GET, &st));
	db_bind_text(&st, 1, owner);
	db_bind_int(&st, 2, db_kind(other));
	RETURN_IF(db_one(&st));
	RETURN_IF(db_col_fixed(&st, 0, seen, sizeof(seen)));
	if (memcmp(id, seen, sizeof(id)) != 0)
		return ERR_MISMATCH;
	return generation < db_col_u64(&st, 1) ? ERR_ROLLBACK : ERR_OK;
}
