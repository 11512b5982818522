/* vault/store_notice.c - notice book, notices due, release memory. */
#include "vault/store_notice.h"

#include <stdlib.h>
#include <string.h>

#include "keys/digest.h"
#include "vault/store_internal.h"

#define ROW_LEN (4 + STORE_BLOCK_LEN)
#define CHUNK_ROWS 800                  /* 16,000 bytes: one page */
#define CHUNK_BYTES ((size_t)CHUNK_ROWS * ROW_LEN)

enum {
	BOOK_ADD, BOOK_GET, BOOKS_LIVE, BOOKS_EXPIRE, CHUNK_ADD, CHUNKS_OF,
	CHUNK_AT, DUE_ADD, DUE_EACH, DUE_SENT, RELEASE_ADD, RELEASE_EACH,
};
#define BOOK_COLUMNS "number, export, project, partner, plan_sha256, " \
	"retention_until, rows, sha256, act"
static const char *const SQL[] = {
	[BOOK_ADD] = "INSERT INTO book_row (export, project, partner, "
	    "plan_sha256, retention_until, rows, sha256, act) "
	    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
	[BOOK_GET] = "SELECT " BOOK_COLUMNS " FROM book WHERE export = ?1 "
	    "ORDER BY number DESC LIMIT 1",
	[BOOKS_LIVE] = "SELECT " BOOK_COLUMNS " FROM book "
	    "WHERE retention_until >= ?1 ORDER BY number",
	[BOOKS_EXPIRE] = "DELETE FROM book_row WHERE number IN "
	    "(SELECT number FROM book WHERE retention_until < ?1)",
	[CHUNK_ADD] = "INSERT INTO book_chunk (book, first, bytes) "
	    "VALUES (?1, ?2, ?3)",
	[CHUNKS_OF] = "SELECT bytes FROM book_chunk WHERE book = ?1 "
	    "ORDER BY first",
	[CHUNK_AT] = "SELECT bytes FROM book_chunk "
	    "WHERE book = ?1 AND first <= ?2 ORDER BY first DESC LIMIT 1",
	[DUE_ADD] = "INSERT INTO notice_due_row (export, partner, reason, "
	    "scopes, block, since, act) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
	[DUE_EACH] = "SELECT id, export, partner, reason, scopes, block, since "
	    "FROM notice_due WHERE sent IS NULL ORDER BY partner, export, id",
	[DUE_SENT] = "UPDATE notice_due_row SET sent = ?2 "
	    "WHERE id = ?1 AND sent IS NULL",
	[RELEASE_ADD] = "INSERT INTO release_row (export, bytes, act) "
	    "VALUES (?1, ?2, ?3)",
	[RELEASE_EACH] = "SELECT export, bytes FROM release_memory ORDER BY id",
};
static const struct db_table TABLE = DB_TABLE(DB_SLOT_NOTICE, SQL);

static void
put_row(uint8_t p[ROW_LEN], const struct store_book_row *row)
{
	p[0] = (uint8_t)(row->respondent >> 24);
	p[1] = (uint8_t)(row->respondent >> 16);
	p[2] = (uint8_t)(row->respondent >> 8);
	p[3] = (uint8_t)row->respondent;
	memcpy(p + 4, row->block, STORE_BLOCK_LEN);
}

static struct store_book_row
get_row(const uint8_t p[ROW_LEN])
{
	struct store_book_row row = {
		.respondent = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
		    (uint32_t)p[2] << 8 | p[3],
	};

	memcpy(row.block, p + 4, STORE_BLOCK_LEN);
	return row;
}

static enum err
rows_rise(const struct store_book_row *rows, size_t len)
{
	for (size_t i = 1; i < len; i++)
		if (rows[i].respondent <= rows[i - 1].respondent)
			return ERR_RANGE;
	return ERR_OK;
}

enum err
store_notice_book_digest(const struct store_book_row *rows, size_t len,
    uint8_t ret[STORE_SHA256_LEN])
{
	CLEANUP(digest_stream_release) struct digest_stream d = {0};
	uint8_t packed[ROW_LEN];

	RETURN_IF(rows_rise(rows, len));
	RETURN_IF(digest_stream_init(&d));
	for (size_t i = 0; i < len; i++) {
		put_row(packed, &rows[i]);
		digest_stream_update(&d, bytes_of(packed, sizeof(packed)));
	}
	return digest_stream_end(&d, ret);
}

static enum err
add_book(struct store *s, const struct store_book *book, size_t len,
    const uint8_t sha256[STORE_SHA256_LEN])
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};

	RETURN_IF(db_stmt_begin(s->db, &TABLE, BOOK_ADD, &st));
	db_bind_text(&st, 1, book->export_id);
	db_bind_text(&st, 2, book->project);
	db_bind_text(&st, 3, book->partner);
	db_bind_blob(&st, 4, book->plan_sha256, STORE_SHA256_LEN);
	db_bind_int(&st, 5, book->retention_until_unix_s);
	db_bind_int(&st, 6, (int64_t)len);
	db_bind_blob(&st, 7, sha256, STORE_SHA256_LEN);
	db_bind_int(&st, 8, book->act);
	return db_run(&st);
}

static enum err
add_chunk(struct store *s, int64_t book, const struct store_book_row *rows,
    size_t len)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};
	CLEANUP(buf_release) struct buf b = {0};

	RETURN_IF(buf_reserve(&b, len * ROW_LEN));
	for (size_t i = 0; i < len; i++)
		put_row(b.data + i * ROW_LEN, &rows[i]);
	b.len = len * ROW_LEN;
	RETURN_IF(db_stmt_begin(s->db, &TABLE, CHUNK_ADD, &st));
	db_bind_int(&st, 1, book);
	db_bind_int(&st, 2, rows[0].respondent);
	db_bind_blob(&st, 3, b.data, b.len);
	return db_run(&st);
}

enum err
store_notice_book_add(struct store *s, const struct store_book *book,
    const struct store_book_row *rows, size_t len)
{
	uint8_t sha256[STORE_SHA256_LEN];
	int64_t number;

	RETURN_IF(store_notice_book_digest(rows, len, sha256));
	RETURN_IF(add_book(s, book, len, sha256));
	number = db_last_id(s->db);
	for (size_t i = 0; i < len; i += CHUNK_ROWS)
		RETURN_IF(add_chunk(s, number, rows + i,
		    len - i < CHUNK_ROWS ? len - i : CHUNK_ROWS));
	return ERR_OK;
}

static enum err
read_book(struct db_stmt *st, struct store_book *ret)
{
	struct store_book b = {
		.retention_until_unix_s = db_col_int(st, 5),
		.rows = db_col_u64(st, 6), .act = db_col_int(st, 8),
	};

	RETURN_IF(db_col_text(st, 1, b.export_id, sizeof(b.export_id)));
	RETURN_IF(db_col_text(st, 2, b.project, sizeof(b.project)));
	RETURN_IF(db_col_text(st, 3, b.partner, sizeof(b.partner)));
	RETURN_IF(db_col_fixed(st, 4, b.plan_sha256, sizeof(b.plan_sha256)));
	RETURN_IF(db_col_fixed(st, 7, b.sha256, sizeof(b.sha256)));
	*ret = b;
	return ERR_OK;
}

static enum err
check_chunk(struct bytes b)
{
	return b.len == 0 || b.len > CHUNK_BYTES || b.len % ROW_LEN != 0 ?
	    ERR_CORRUPT : ERR_OK;
}

static enum err
walk_chunks(struct store *s, int64_t book, store_book_row_fn each, void *ctx)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};
	struct store_book_row row;
	int more;

	RETURN_IF(db_stmt_begin(s->db, &TABLE, CHUNKS_OF, &st));
	db_bind_int(&st, 1, book);
	for (;;) {
		struct bytes b;

		RETURN_IF(db_step(&st, &more));
		if (!more)
			return ERR_OK;
		b = db_col_blob(&st, 0);
		RETURN_IF(check_chunk(b));
		for (size_t i = 0; i < b.len; i += ROW_LEN) {
			row = get_row(b.data + i);
			RETURN_IF(each(ctx, &row));
		}
	}
}

struct digesting {
	struct digest_stream d;
	uint64_t rows;
};

static enum err
digest_row(void *ctx, const struct store_book_row *row)
{
	struct digesting *g = ctx;
	uint8_t packed[ROW_LEN];

	put_row(packed, row);
	digest_stream_update(&g->d, bytes_of(packed, sizeof(packed)));
	g->rows++;
	return ERR_OK;
}

static enum err
check_rows(struct store *s, int64_t number, const struct store_book *book)
{
	struct digesting g = {0};
	uint8_t sha256[STORE_SHA256_LEN];
	enum err e;

	RETURN_IF(digest_stream_init(&g.d));
	e = walk_chunks(s, number, digest_row, &g);
	if (e != ERR_OK) {
		digest_stream_release(&g.d);
		return e;
	}
	RETURN_IF(digest_stream_end(&g.d, sha256));
	return g.rows == book->rows &&
	    memcmp(sha256, book->sha256, sizeof(sha256)) == 0 ? ERR_OK :
	    ERR_CORRUPT;
}

static enum err
get_book(struct store *s, const char *export_id, struct store_book *ret,
    int64_t *ret_number)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};

	RETURN_IF(db_stmt_begin(s->db, &TABLE, BOOK_GET, &st));
	db_bind_text(&st, 1, export_id);
	RETURN_IF(db_one(&st));
	*ret_number = db_col_int(&st, 0);
	return read_book(&st, ret);
}

enum err
store_notice_book_get(struct store *s, const char *export_id,
    struct store_book *ret)
{
	struct store_book book;
	int64_t number;

	RETURN_IF(get_book(s, export_id, &book, &number));
	RETURN_IF(check_rows(s, number, &book));
	*ret = book;
	return ERR_OK;
}

enum err
store_notice_book_rows(struct store *s, const char *export_id,
    store_book_row_fn each, void *ctx)
{
	struct store_book book;
	int64_t number;

	RETURN_IF(get_book(s, export_id, &book, &number));
	return walk_chunks(s, number, each, ctx);
}

/* ERR_NOT_FOUND when the book does not hold the respondent. */
static enum err
find_block(struct store *s, int64_t book, uint32_t respondent,
    uint8_t ret[STORE_BLOCK_LEN])
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};
	struct bytes b;

	RETURN_IF(db_stmt_begin(s->db, &TABLE, CHUNK_AT, &st));
	db_bind_int(&st, 1, book);
	db_bind_int(&st, 2, respondent);
	RETURN_IF(db_one(&st));
	b = db_col_blob(&st, 0);
	RETURN_IF(check_chunk(b));
	for (size_t i = 0; i < b.len; i += ROW_LEN) {
		const struct store_book_row row = get_row(b.data + i);

		if (row.respondent == respondent) {
			memcpy(ret, row.block, STORE_BLOCK_LEN);
			return ERR_OK;
		}
	}
	return ERR_NOT_FOUND;
}

enum err
store_notice_books_of(struct store *s, uint32_t respondent,
    int64_t now_unix_s, store_book_fn each, void *ctx)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};
	struct store_book book;
	uint8_t block[STORE_BLOCK_LEN];
	enum err e;
	int row;

	RETURN_IF(db_stmt_begin(s->db, &TABLE, BOOKS_LIVE, &st));
	db_bind_int(&st, 1, now_unix_s);
	for (;;) {
		RETURN_IF(db_step(&st, &row));
		if (!row)
			return ERR_OK;
		e = find_block(s, db_col_int(&st, 0), respondent, block);
		if (e == ERR_NOT_FOUND)
			continue;
		if (e != ERR_OK)
			return e;
		RETURN_IF(read_book(&st, &book));
		RETURN_IF(each(ctx, &book, block));
	}
}

enum err
store_notice_books_expire(struct store *s, int64_t now_unix_s,
    uint64_t *ret_removed)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};

	RETURN_IF(db_stmt_begin(s->db, &TABLE, BOOKS_EXPIRE, &st));
	db_bind_int(&st, 1, now_unix_s);
	RETURN_IF(db_run(&st));
	*ret_removed = db_changes(s->db);
	return ERR_OK;
}

/* ---- notices due ---- */

struct queueing {
	struct store *s;
	struct store_notice_due due;
	int64_t act;
	uint64_t queued;
};

static enum err
queue_one(void *ctx, const struct store_book *book,
    const uint8_t block[STORE_BLOCK_LEN])
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};
	struct queueing *q = ctx;

	RETURN_IF(db_stmt_begin(q->s->db, &TABLE, DUE_ADD, &st));
	db_bind_text(&st, 1, book->export_id);
	db_bind_text(&st, 2, book->partner);
	db_bind_int(&st, 3, q->due.reason);
	db_bind_int(&st, 4, q->due.scopes);
	db_bind_blob(&st, 5, block, STORE_BLOCK_LEN);
	db_bind_int(&st, 6, q->due.since_unix_s);
	db_bind_int(&st, 7, q->act);
	RETURN_IF(db_run(&st));
	q->queued++;
	return ERR_OK;
}

enum err
store_notice_queue(struct store *s, uint32_t respondent,
    enum store_notice_reason reason, uint8_t scopes, int64_t now_unix_s,
    int64_t act, uint64_t *ret_queued)
{
	struct queueing q = {
		.s = s, .act = act,
		.due = {.reason = reason, .scopes = scopes,
		    .since_unix_s = now_unix_s},
	};

	if (!db_in_tx(s->db))
		return ERR_STATE;
	RETURN_IF(store_notice_books_of(s, respondent, now_unix_s, queue_one,
	    &q));
	*ret_queued = q.queued;
	return ERR_OK;
}

static enum err
read_due(struct db_stmt *st, struct store_notice_due *ret)
{
	struct store_notice_due d = {
		.id = db_col_int(st, 0),
		.reason = (enum store_notice_reason)db_col_int(st, 3),
		.scopes = (uint8_t)db_col_int(st, 4),
		.since_unix_s = db_col_int(st, 6),
	};

	RETURN_IF(db_col_text(st, 1, d.export_id, sizeof(d.export_id)));
	RETURN_IF(db_col_text(st, 2, d.partner, sizeof(d.partner)));
	RETURN_IF(db_col_fixed(st, 5, d.block, sizeof(d.block)));
	*ret = d;
	return ERR_OK;
}

enum err
store_notice_each_due(struct store *s, store_notice_due_fn each, void *ctx)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};
	struct store_notice_due d;
	int row;

	RETURN_IF(db_stmt_begin(s->db, &TABLE, DUE_EACH, &st));
	for (;;) {
		RETURN_IF(db_step(&st, &row));
		if (!row)
			return ERR_OK;
		RETURN_IF(read_due(&st, &d));
		RETURN_IF(each(ctx, &d));
	}
}

enum err
store_notice_sent(struct store *s, const int64_t *ids, size_t len,
    uint64_t number)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};

	RETURN_IF(db_stmt_begin(s->db, &TABLE, DUE_SENT, &st));
	for (size_t i = 0; i < len; i++) {
		db_stmt_again(&st);
		db_bind_int(&st, 1, ids[i]);
		db_bind_int(&st, 2, (int64_t)number);
		RETURN_IF(db_run(&st));
		if (db_changes(s->db) != 1)
			return ERR_NOT_FOUND;
	}
	return ERR_OK;
}

/* ---- release memory ---- */

enum err
store_notice_release_add(struct store *s, const char *export_id,
    struct bytes sealed, int64_t act)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};

	RETURN_IF(db_stmt_begin(s->db, &TABLE, RELEASE_ADD, &st));
	db_bind_text(&st, 1, export_id);
	db_bind_blob(&st, 2, sealed.data, sealed.len);
	db_bind_int(&st, 3, act);
	return db_run(&st);
}

enum err
store_notice_release_each(struct store *s, store_release_fn each, void *ctx)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};
	char export_id[STORE_NAME_MAX + 1];
	int row;

	RETURN_IF(db_stmt_begin(s->db, &TABLE, RELEASE_EACH, &st));
	for (;;) {
		RETURN_IF(db_step(&st, &row));
		if (!row)
			return ERR_OK;
		RETURN_IF(db_col_text(&st, 0, export_id, sizeof(export_id)));
		RETURN_IF(each(ctx, export_id, db_col_blob(&st, 1)));
	}
}
