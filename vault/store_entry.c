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

enum err
store_entry_put(const struct store_layout *l, uint8_t *p,
    const struct store_entry *e)
{
	static const uint8_t none[STORE_TAG_LEN];

	if (memcmp(e->tag + l->tag_len, none, STORE_TAG_LEN - l->tag_len) != 0)
		return ERR_RANGE;
	memcpy(p, e->tag, l->tag_len);
	p += l->tag_len;
	p[0] = (uint8_t)(e->generation >> 8);
	p[1] = (uint8_t)e->generation;
	p[2] = e->state;
	p[3] = e->scopes;
	p[4] = (uint8_t)(e->text >> 8);
	p[5] = (uint8_t)e->text;
	p[6] = (uint8_t)(e->given_unix_s >> 24);
	p[7] = (uint8_t)(e->given_unix_s >> 16);
	p[8] = (uint8_t)(e->given_unix_s >> 8);
	p[9] = (uint8_t)e->given_unix_s;
	return ERR_OK;
}

enum err
store_entry_get(const struct store_layout *l, const uint8_t *p,
    struct store_entry *ret)
{
	const uint8_t *q = p + l->tag_len;
	struct store_entry e = {
		.generation = (uint16_t)(q[0] << 8 | q[1]),
		.state = q[2], .scopes = q[3],
		.text = (uint16_t)(q[4] << 8 | q[5]),
		.given_unix_s = (uint32_t)q[6] << 24 | (uint32_t)q[7] << 16 |
		    (uint32_t)q[8] << 8 | q[9],
	};

	memcpy(e.tag, p, l->tag_len);
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
		count = db_col_u64(&st, 0) * s->layout->block_entries +
		    db_col_u64(&st, 1) / s->layout->entry_len;
	if (count > STORE_RESPONDENTS_MAX)
		return ERR_CORRUPT;
	*ret = (uint32_t)count;
	return ERR_OK;
}

static size_t
full_block(const struct store_layout *l)
{
	return l->block_entries * l->entry_len;
}

static int
is_block(const struct store_layout *l, struct bytes b)
{
	return b.len <= full_block(l) && b.len % l->entry_len == 0;
}

struct walk {
	const struct store_layout *layout;
	store_entry_fn each;
	void *ctx;
};

static enum err
walk_block(const struct walk *w, struct bytes b, uint32_t first)
{
	const size_t len = w->layout->entry_len;
	struct store_entry e;

	for (size_t i = 0; i < b.len / len; i++) {
		RETURN_IF(store_entry_get(w->layout, b.data + i * len, &e));
		RETURN_IF(w->each(w->ctx, first + (uint32_t)i, &e));
	}
	return ERR_OK;
}

enum err
store_entry_each(struct store *s, store_entry_fn each, void *ctx)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};
	const struct walk w = {s->layout, each, ctx};
	const uint32_t entries = s->layout->block_entries;
	size_t before = full_block(s->layout);
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
		    before != full_block(s->layout) || b.len == 0 ||
		    !is_block(s->layout, b) ||
		    block >= STORE_RESPONDENTS_MAX / entries + 1)
			return ERR_CORRUPT;
		before = b.len;
		RETURN_IF(walk_block(&w, b, block * entries));
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
	if (!is_block(b->s->layout, bytes))
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
	const struct store_layout *l = b->s->layout;
	size_t at = number % l->block_entries * l->entry_len;

	RETURN_IF(load(b, number / l->block_entries));
	if (at >= b->len)
		return ERR_NOT_FOUND;
	return store_entry_get(l, b->bytes + at, ret);
}

/* Also into the index, where that is loaded. */
enum err
store_entry_block_set(struct store_entry_block *b, uint32_t number,
    const struct store_entry *e)
{
	const struct store_layout *l = b->s->layout;
	size_t at = number % l->block_entries * l->entry_len;

	RETURN_IF(load(b, number / l->block_entries));
	if (at > b->len)
		return ERR_NOT_FOUND;
	RETURN_IF(store_entry_put(l, b->bytes + at, e));
	if (at == b->len)
		b->len += l->entry_len;
	b->dirty = 1;
	if (b->s->index.loaded && number < b->s->index.len)
		store_index_set(&b->s->index, number, e);
	return ERR_OK;
}
