/* vault/store_entry.c - packed entries of respondents, blocks of one page. */
#include "vault/store_internal.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCKS, BLOCK_GET, BLOCK_PUT, BLOCK_LAST };
static const char *const SQL[] = {
	[BLOCKS] = "SELECT block, bytes FROM respondent_block ORDER BY block",
	[BLOCK_GET] = "SELECT bytes FROM respondent_block WHERE block = ?1",
	[BLOCK_PUT] = "INSERT OR REPLACE INTO respondent_block (block, bytes) "
	    "VALUES (?1, ?2)",
	[BLOCK_LAST] = "SELECT block, length(bytes) FROM respondent_block "
	    "ORDER BY block DESC LIMIT 1",
};
static const struct db_table TABLE = DB_TABLE(DB_SLOT_ENTRY, SQL);

/* ---- packed entries ---- */

void
store_entry_put(uint8_t p[STORE_ENTRY_LEN], const struct store_entry *e)
{
	memcpy(p, e->tag, STORE_TAG_LEN);
	p[32] = (uint8_t)(e->generation >> 8);
	p[33] = (uint8_t)e->generation;
	p[34] = e->state;
	p[35] = e->scopes;
	p[36] = (uint8_t)(e->text >> 8);
	p[37] = (uint8_t)e->text;
	p[38] = (uint8_t)(e->given_unix_s >> 24);
	p[39] = (uint8_t)(e->given_unix_s >> 16);
	p[40] = (uint8_t)(e->given_unix_s >> 8);
	p[41] = (uint8_t)e->given_unix_s;
}

enum err
store_entry_get(const uint8_t p[STORE_ENTRY_LEN], struct store_entry *ret)
{
	struct store_entry e = {
		.generation = (uint16_t)(p[32] << 8 | p[33]),
		.state = p[34], .scopes = p[35],
		.text = (uint16_t)(p[36] << 8 | p[37]),
		.given_unix_s = (uint32_t)p[38] << 24 | (uint32_t)p[39] << 16 |
		    (uint32_t)p[40] << 8 | p[41],
	};

	memcpy(e.tag, p, STORE_TAG_LEN);
	if (e.generation == 0 || e.state > STORE_STOP_LISTED ||
	    (e.text == 0 && (e.scopes != 0 || e.given_unix_s != 0)))
		return ERR_CORRUPT;
	*ret = e;
	return ERR_OK;
}

/* ---- blocks ---- */

enum err
store_entry_count(struct store *s, uint32_t *ret)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};
	uint64_t count = 0;
	int row;

	RETURN_IF(db_stmt_begin(s->db, &TABLE, BLOCK_LAST, &st));
	RETURN_IF(db_step(&st, &row));
	if (row)
		count = db_col_u64(&st, 0) * STORE_BLOCK_ENTRIES +
		    db_col_u64(&st, 1) / STORE_ENTRY_LEN;
	if (count > STORE_RESPONDENTS_MAX)
		return ERR_CORRUPT;
	*ret = (uint32_t)count;
	return ERR_OK;
}

static enum err
walk_block(struct bytes b, uint32_t first, store_entry_fn each, void *ctx)
{
	struct store_entry e;

	for (size_t i = 0; i < b.len / STORE_ENTRY_LEN; i++) {
		RETURN_IF(store_entry_get(b.data + i * STORE_ENTRY_LEN, &e));
		RETURN_IF(each(ctx, first + (uint32_t)i, &e));
	}
	return ERR_OK;
}

enum err
store_entry_each(struct store *s, store_entry_fn each, void *ctx)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};
	size_t before = STORE_BLOCK_BYTES;
	struct bytes b;
	int row;

	RETURN_IF(db_stmt_begin(s->db, &TABLE, BLOCKS, &st));
	for (uint32_t block = 0;; block++) {
		RETURN_IF(db_step(&st, &row));
		if (!row)
			return ERR_OK;
		b = db_col_blob(&st, 1);
		/* dense: every block but the last is full */
		if (db_col_int(&st, 0) != (int64_t)block ||
		    before != STORE_BLOCK_BYTES || b.len == 0 ||
		    b.len > STORE_BLOCK_BYTES || b.len % STORE_ENTRY_LEN != 0 ||
		    block >= STORE_RESPONDENTS_MAX / STORE_BLOCK_ENTRIES + 1)
			return ERR_CORRUPT;
		before = b.len;
		RETURN_IF(walk_block(b, block * STORE_BLOCK_ENTRIES, each,
		    ctx));
	}
}

enum err
store_entry_block_flush(struct store_entry_block *b)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};

	if (!b->dirty)
		return ERR_OK;
	RETURN_IF(db_stmt_begin(b->s->db, &TABLE, BLOCK_PUT, &st));
	db_bind_int(&st, 1, b->number);
	db_bind_blob(&st, 2, b->bytes, b->len);
	RETURN_IF(db_run(&st));
	b->dirty = 0;
	return ERR_OK;
}

static enum err
load(struct store_entry_block *b, int64_t number)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};
	struct bytes bytes = {0};
	int row;

	if (b->number == number)
		return ERR_OK;
	RETURN_IF(store_entry_block_flush(b));
	RETURN_IF(db_stmt_begin(b->s->db, &TABLE, BLOCK_GET, &st));
	db_bind_int(&st, 1, number);
	RETURN_IF(db_step(&st, &row));
	if (row)
		bytes = db_col_blob(&st, 0);
	if (bytes.len > STORE_BLOCK_BYTES || bytes.len % STORE_ENTRY_LEN != 0)
		return ERR_CORRUPT;
	if (bytes.len > 0)
		memcpy(b->bytes, bytes.data, bytes.len);
	b->len = bytes.len;
	b->number = number;
	return ERR_OK;
}

enum err
store_entry_block_new(struct store *s, struct store_entry_block **ret)
{
	struct store_entry_block *b = calloc(1, sizeof(*b));

	if (b == NULL)
		return ERR_NOMEM;
	b->s = s;
	b->number = -1;
	*ret = b;
	return ERR_OK;
}

void
store_entry_block_cleanup(struct store_entry_block **b)
{
	free(*b);
}

enum err
store_entry_block_get(struct store_entry_block *b, uint32_t number,
    struct store_entry *ret)
{
	size_t at = number % STORE_BLOCK_ENTRIES * STORE_ENTRY_LEN;

	RETURN_IF(load(b, number / STORE_BLOCK_ENTRIES));
	if (at >= b->len)
		return ERR_NOT_FOUND;
	return store_entry_get(b->bytes + at, ret);
}

/* Also into the index, where that is loaded. */
enum err
store_entry_block_set(struct store_entry_block *b, uint32_t number,
    const struct store_entry *e)
{
	size_t at = number % STORE_BLOCK_ENTRIES * STORE_ENTRY_LEN;

	RETURN_IF(load(b, number / STORE_BLOCK_ENTRIES));
	if (at > b->len)
		return ERR_NOT_FOUND;
	if (at == b->len)
		b->len += STORE_ENTRY_LEN;
	store_entry_put(b->bytes + at, e);
	b->dirty = 1;
	if (b->s->index.loaded && number < b->s->index.len)
		store_index_set(&b->s->index, number, e);
	return ERR_OK;
}
