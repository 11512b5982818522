/* vault/erase.c - respondent keys by number, in blocks of one page. */
#include "vault/erase.h"

#include <stdlib.h>
#include <string.h>

#include "vault/store_internal.h"
#include "vault/store_respondent.h"

/* Packed key of a respondent, docs/FORMATS.md section 5.4: generation (0: no
 * key), key. */
#define ENTRY_LEN (2 + ERASE_KEY_LEN)
#define BLOCK_ENTRIES 478               /* 16,252 bytes: one page */
#define BLOCK_ENTRIES_BEFORE 448        /* of files made before */
#define BLOCK_BYTES ((size_t)BLOCK_ENTRIES * ENTRY_LEN)

enum {
	HOLDER_ADD, HOLDER_GET, LAYOUT_GET, BLOCKS, BLOCK_GET, BLOCK_PUT, BLOCK_LAST,
};
static const char *const SQL[] = {
	[HOLDER_ADD] = "INSERT INTO holder (one, owner, store_id, layout) "
	    "VALUES (1, ?1, ?2, 2)",
	[HOLDER_GET] = "SELECT owner, store_id FROM holder",
	[LAYOUT_GET] = "SELECT layout FROM holder",
	[BLOCKS] = "SELECT block, bytes FROM key_block ORDER BY block",
	[BLOCK_GET] = "SELECT bytes FROM key_block WHERE block = ?1",
	[BLOCK_PUT] = "INSERT OR REPLACE INTO key_block (block, bytes) "
	    "VALUES (?1, ?2)",
	[BLOCK_LAST] = "SELECT block, length(bytes) FROM key_block "
	    "ORDER BY block DESC LIMIT 1",
};
static const struct db_table TABLE = DB_TABLE(DB_SLOT_ERASE, SQL);

struct erase {
	struct db *db;
	uint32_t block_entries;
	/* all keys, from the first large erase_get on; len of the pool may be
	 * more than they need */
	struct erase_keys cache;
	int cached;
	uint64_t stamp;                 /* of db_stamp, for the cache */
};

/* ---- the pair ---- */

static enum err
add_holder(struct erase *e, struct store *store)
{
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};
	CLEANUP(db_stmt_end) struct db_stmt st = {0};
	uint8_t store_id[DB_ID_LEN];

	RETURN_IF(db_id(store->db, store_id));
	RETURN_IF(db_tx_begin(e->db, &tx));
	RETURN_IF(db_stmt_begin(e->db, &TABLE, HOLDER_ADD, &st));
	db_bind_text(&st, 1, store->owner);
	db_bind_blob(&st, 2, store_id, sizeof(store_id));
	RETURN_IF(db_run(&st));
	db_stmt_end(&st);
	return db_tx_commit(&tx);
}

static enum err
check_holder(struct erase *e, struct store *store)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};
	uint8_t store_id[DB_ID_LEN], named[DB_ID_LEN];
	char owner[3];
	enum err err;

	RETURN_IF(db_id(store->db, store_id));
	RETURN_IF(db_stmt_begin(e->db, &TABLE, HOLDER_GET, &st));
	err = db_one(&st);
	if (err != ERR_OK)
		return err == ERR_NOT_FOUND ? ERR_MISMATCH : err;
	RETURN_IF(db_col_text(&st, 0, owner, sizeof(owner)));
	RETURN_IF(db_col_fixed(&st, 1, named, sizeof(named)));
	return strcmp(owner, store->owner) == 0 &&
	    memcmp(named, store_id, sizeof(named)) == 0 ? ERR_OK :
	    ERR_MISMATCH;
}

/* Both name each other, and the generation is one the store expects. */
static enum err
check_pair(struct erase *e, struct store *store)
{
	uint8_t id[DB_ID_LEN], named[DB_ID_LEN];
	uint64_t confirmed, intended, generation;

	RETURN_IF(check_holder(e, store));
	RETURN_IF(db_id(e->db, id));
	RETURN_IF(store_erase_id_get(store, named));
	if (memcmp(id, named, sizeof(id)) != 0)
		return ERR_MISMATCH;
	RETURN_IF(db_generation(e->db, &generation));
	RETURN_IF(store_erasure_get(store, &confirmed, &intended));
	return generation < confirmed || generation > intended ?
	    ERR_ROLLBACK : ERR_OK;
}

static enum err
take_layout(struct erase *e)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};
	int64_t n;

	RETURN_IF(db_stmt_begin(e->db, &TABLE, LAYOUT_GET, &st));
	RETURN_IF(db_one(&st));
	n = db_col_int(&st, 0);
	if (n != 1 && n != 2)
		return ERR_CORRUPT;
	e->block_entries = n == 1 ? BLOCK_ENTRIES_BEFORE : BLOCK_ENTRIES;
	return ERR_OK;
}

static enum err
make_pair(struct erase *e, struct store *store)
{
	uint8_t id[DB_ID_LEN];

	RETURN_IF(add_holder(e, store));
	RETURN_IF(db_id(e->db, id));
	return store_erase_id_set(store, id);
}

static enum err
open_with(const struct erase_open_args *args, const struct secret *key,
    struct db **ret)
{
	const struct db_open_args open = {
		.kind = DB_ERASE, .mode = args->mode, .path = args->path,
		.key = key, .busy_ms = 10000,
	};

	return db_open(&open, ret);
}

enum err
erase_open(const struct erase_open_args *args, struct erase **ret,
    int *ret_which)
{
	CLEANUP(erase_cleanup) struct erase *e = calloc(1, sizeof(*e));
	int which = 0;
	enum err err;

	if (e == NULL)
		return ERR_NOMEM;
	if (args->mode == DB_CREATE && !db_in_tx(args->store->db))
		return ERR_STATE;
	err = open_with(args, args->key, &e->db);
	if (err == ERR_DECRYPT && args->next != NULL) {
		which = 1;
		err = open_with(args, args->next, &e->db);
	}
	RETURN_IF(err);
	if (args->mode == DB_CREATE)
		RETURN_IF(make_pair(e, args->store));
	RETURN_IF(check_pair(e, args->store));
	RETURN_IF(take_layout(e));
	*ret = TAKE(e);
	*ret_which = which;
	return ERR_OK;
}

static void
drop_cache(struct erase *e)
{
	erase_keys_release(&e->cache);
	e->cached = 0;
}

void
erase_close(struct erase *e)
{
	if (e == NULL)
		return;
	drop_cache(e);
	db_close(e->db);
	free(e);
}

void
erase_cleanup(struct erase **e)
{
	erase_close(*e);
}

struct db *
erase_db(struct erase *e)
{
	return e->db;
}

enum err
erase_rotate(struct erase *e, const struct secret *next)
{
	return db_rekey(e->db, next);
}

/* ---- one block in hand ---- */

struct block {
	struct erase *owner;
	struct db *db;
	struct secret *bytes;           /* BLOCK_BYTES */
	struct secret *fresh;           /* random keys in store, many at once */
	size_t fresh_left;
	size_t len;
	int64_t number;                 /* -1: none */
	int dirty;
};

static void
block_release(struct block *b)
{
	secret_free(b->bytes);
	secret_free(b->fresh);
	b->bytes = b->fresh = NULL;
}

static enum err
block_init(struct block *b, struct erase *e)
{
	*b = (struct block){.owner = e, .db = e->db, .number = -1};
	return secret_new(BLOCK_BYTES, &b->bytes);
}

static enum err
block_flush(struct block *b)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};

	if (!b->dirty)
		return ERR_OK;
	RETURN_IF(db_stmt_begin(b->db, &TABLE, BLOCK_PUT, &st));
	db_bind_int(&st, 1, b->number);
	db_bind_blob(&st, 2, secret_bytes(b->bytes), b->len);
	RETURN_IF(db_run(&st));
	b->dirty = 0;
	return ERR_OK;
}

static enum err
check_block(const struct erase *e, struct bytes b)
{
	return b.len > (size_t)e->block_entries * ENTRY_LEN ||
	    b.len % ENTRY_LEN != 0 ? ERR_CORRUPT : ERR_OK;
}

static enum err
block_load(struct block *b, int64_t number)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};
	struct bytes bytes = {0};
	int row;

	if (b->number == number)
		return ERR_OK;
	RETURN_IF(block_flush(b));
	RETURN_IF(db_stmt_begin(b->db, &TABLE, BLOCK_GET, &st));
	db_bind_int(&st, 1, number);
	RETURN_IF(db_step(&st, &row));
	if (row)
		bytes = db_col_blob(&st, 0);
	RETURN_IF(check_block(b->owner, bytes));
	memset(secret_bytes_mut(b->bytes), 0, BLOCK_BYTES);
	if (bytes.len > 0)
		memcpy(secret_bytes_mut(b->bytes), bytes.data, bytes.len);
	b->len = bytes.len;
	b->number = number;
	return ERR_OK;
}

/* The entry of ${number}, NULL behind the end of its block. */
static enum err
block_entry(struct block *b, uint32_t number, int may_grow, uint8_t **ret)
{
	uint32_t entries = b->owner->block_entries;
	size_t at = (size_t)(number % entries) * ENTRY_LEN;

	RETURN_IF(block_load(b, number / entries));
	if (at + ENTRY_LEN > b->len && may_grow)
		b->len = at + ENTRY_LEN;
	*ret = at + ENTRY_LEN > b->len ? NULL :
	    secret_bytes_mut(b->bytes) + at;
	return ERR_OK;
}

static uint16_t
generation_of(const uint8_t *entry)
{
	return (uint16_t)(entry[0] << 8 | entry[1]);
}

/* ---- all keys in memory ---- */

/* Pools do not grow: a larger one takes over. */
static enum err
cache_room(struct erase_keys *k, uint32_t count)
{
	CLEANUP(erase_keys_release) struct erase_keys more = {0};
	uint32_t room = count + count / 2;
	struct erase_keys old = *k;

	if (k->pool.data != NULL &&
	    (uint64_t)count * ERASE_KEY_LEN <= k->pool.len)
		return ERR_OK;
	RETURN_IF(secret_pool_init(&more.pool, (size_t)room * ERASE_KEY_LEN));
	more.generations = calloc(room, sizeof(*more.generations));
	if (more.generations == NULL)
		return ERR_NOMEM;
	memcpy(more.pool.data, k->pool.data,
	    (size_t)k->count * ERASE_KEY_LEN);
	memcpy(more.generations, k->generations,
	    k->count * sizeof(*k->generations));
	more.count = k->count;
	*k = more;
	more = old;
	return ERR_OK;
}

/* An entry as it is in its block now; nothing where no cache is. */
static enum err
cache_set(struct erase *e, uint32_t number, const uint8_t *entry)
{
	struct erase_keys *k = &e->cache;

	if (!e->cached)
		return ERR_OK;
	RETURN_IF(cache_room(k, number + 1));
	memcpy(k->pool.data + (size_t)number * ERASE_KEY_LEN, entry + 2,
	    ERASE_KEY_LEN);
	k->generations[number] = generation_of(entry);
	if (number >= k->count)
		k->count = number + 1;
	return ERR_OK;
}

/* After a rollback or another process's commit it is not to be believed. */
static enum err
cache_refresh(struct erase *e)
{
	uint64_t now;

	RETURN_IF(db_stamp(e->db, &now));
	if (now != e->stamp)
		drop_cache(e);
	e->stamp = now;
	return ERR_OK;
}

static enum err
cache_fill(struct erase *e)
{
	if (e->cached)
		return ERR_OK;
	RETURN_IF(erase_load(e, &e->cache));
	e->cached = 1;
	return ERR_OK;
}

static void
get_cached(const struct erase_keys *k, uint32_t number, uint8_t *ret,
    uint16_t *ret_generation)
{
	if (number >= k->count) {
		memset(ret, 0, ERASE_KEY_LEN);
		*ret_generation = 0;
		return;
	}
	memcpy(ret, k->pool.data + (size_t)number * ERASE_KEY_LEN,
	    ERASE_KEY_LEN);
	*ret_generation = k->generations[number];
}

/* ---- adding, getting, deleting ---- */

#define FRESH_KEYS 128

/* Asking the system for keys one by one would cost more than storing them. */
static enum err
take_fresh(struct block *b, uint8_t ret[ERASE_KEY_LEN])
{
	uint8_t *key;

	if (b->fresh == NULL)
		RETURN_IF(secret_new((size_t)FRESH_KEYS * ERASE_KEY_LEN,
		    &b->fresh));
	if (b->fresh_left == 0) {
		secret_random(secret_bytes_mut(b->fresh),
		    secret_len(b->fresh));
		b->fresh_left = FRESH_KEYS;
	}
	key = secret_bytes_mut(b->fresh) + --b->fresh_left * ERASE_KEY_LEN;
	memcpy(ret, key, ERASE_KEY_LEN);
	secret_wipe(key, ERASE_KEY_LEN);
	return ERR_OK;
}

static enum err
add_one(struct block *b, uint32_t number, uint16_t generation)
{
	uint8_t *entry;

	if (number >= STORE_RESPONDENTS_MAX || generation == 0)
		return ERR_RANGE;
	RETURN_IF(block_entry(b, number, 1, &entry));
	if (generation_of(entry) == generation)
		return ERR_OK;
	if (generation_of(entry) != 0)
		return ERR_STATE;
	entry[0] = (uint8_t)(generation >> 8);
	entry[1] = (uint8_t)generation;
	RETURN_IF(take_fresh(b, entry + 2));
	b->dirty = 1;
	return cache_set(b->owner, number, entry);
}

enum err
erase_add(struct erase *e, const uint32_t *numbers,
    const uint16_t *generations, size_t len)
{
	CLEANUP(block_release) struct block b = {0};

	if (!db_in_tx(e->db))
		return ERR_STATE;
	RETURN_IF(cache_refresh(e));
	RETURN_IF(block_init(&b, e));
	for (size_t i = 0; i < len; i++)
		RETURN_IF(add_one(&b, numbers[i],
		    generations == NULL ? 1 : generations[i]));
	return block_flush(&b);
}

enum err
erase_add_range(struct erase *e, uint32_t first, uint32_t count)
{
	CLEANUP(block_release) struct block b = {0};

	if (!db_in_tx(e->db))
		return ERR_STATE;
	if (first > STORE_RESPONDENTS_MAX ||
	    count > STORE_RESPONDENTS_MAX - first)
		return ERR_RANGE;
	RETURN_IF(cache_refresh(e));
	RETURN_IF(block_init(&b, e));
	for (uint32_t i = 0; i < count; i++)
		RETURN_IF(add_one(&b, first + i, 1));
	return block_flush(&b);
}

static enum err
get_one(struct block *b, uint32_t number, uint8_t *ret,
    uint16_t *ret_generation)
{
	uint8_t *entry;

	RETURN_IF(block_entry(b, number, 0, &entry));
	*ret_generation = entry == NULL ? 0 : generation_of(entry);
	if (entry == NULL)
		memset(ret, 0, ERASE_KEY_LEN);
	else
		memcpy(ret, entry + 2, ERASE_KEY_LEN);
	return ERR_OK;
}

enum err
erase_get(struct erase *e, const uint32_t *numbers, size_t len, uint8_t *ret,
    uint16_t *ret_generations)
{
	CLEANUP(block_release) struct block b = {0};

	RETURN_IF(cache_refresh(e));
	if (len >= ERASE_MANY)
		RETURN_IF(cache_fill(e));
	if (!e->cached)
		RETURN_IF(block_init(&b, e));
	for (size_t i = 0; i < len; i++) {
		uint8_t *to = ret + i * ERASE_KEY_LEN;

		if (e->cached)
			get_cached(&e->cache, numbers[i], to,
			    &ret_generations[i]);
		else
			RETURN_IF(get_one(&b, numbers[i], to,
			    &ret_generations[i]));
	}
	return ERR_OK;
}

/* The one place where a respondent's key ends. */
static void
forget(uint8_t *entry)
{
#ifdef AZUKARI_MUTATION_ERASURE
	(void)entry;
#else
	secret_wipe(entry, ENTRY_LEN);
#endif
}

enum err
erase_delete(struct erase *e, const uint32_t *numbers, size_t len,
    uint64_t generation)
{
	CLEANUP(block_release) struct block b = {0};
	uint8_t *entry;

	RETURN_IF(db_set_generation(e->db, generation));
	RETURN_IF(cache_refresh(e));
	RETURN_IF(block_init(&b, e));
	for (size_t i = 0; i < len; i++) {
		RETURN_IF(block_entry(&b, numbers[i], 0, &entry));
		if (entry == NULL)
			continue;
		forget(entry);
		b.dirty = 1;
		RETURN_IF(cache_set(e, numbers[i], entry));
	}
	return block_flush(&b);
}

/* ---- all of them ---- */

void
erase_keys_release(struct erase_keys *k)
{
	secret_pool_release(&k->pool);
	free(k->generations);
	*k = (struct erase_keys){0};
}

static enum err
count_keys(struct erase *e, uint32_t *ret)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};
	uint64_t count = 0;
	int row;

	RETURN_IF(db_stmt_begin(e->db, &TABLE, BLOCK_LAST, &st));
	RETURN_IF(db_step(&st, &row));
	if (row)
		count = db_col_u64(&st, 0) * e->block_entries +
		    db_col_u64(&st, 1) / ENTRY_LEN;
	if (count > STORE_RESPONDENTS_MAX)
		return ERR_CORRUPT;
	*ret = (uint32_t)count;
	return ERR_OK;
}

static enum err
take_block(const struct erase *e, struct erase_keys *k, uint64_t block,
    struct bytes b)
{
	uint64_t first = block * e->block_entries;

	RETURN_IF(check_block(e, b));
	if (first + b.len / ENTRY_LEN > k->count)
		return ERR_CORRUPT;
	for (size_t i = 0; i < b.len / ENTRY_LEN; i++) {
		const uint8_t *entry = b.data + i * ENTRY_LEN;

		k->generations[first + i] = generation_of(entry);
		memcpy(k->pool.data + (first + i) * ERASE_KEY_LEN, entry + 2,
		    ERASE_KEY_LEN);
	}
	return ERR_OK;
}

static enum err
load_blocks(struct erase *e, struct erase_keys *k)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};
	int row;

	RETURN_IF(db_stmt_begin(e->db, &TABLE, BLOCKS, &st));
	for (;;) {
		RETURN_IF(db_step(&st, &row));
		if (!row)
			return ERR_OK;
		RETURN_IF(take_block(e, k, db_col_u64(&st, 0),
		    db_col_blob(&st, 1)));
	}
}

enum err
erase_load(struct erase *e, struct erase_keys *ret)
{
	CLEANUP(erase_keys_release) struct erase_keys k = {0};
	CLEANUP(db_snapshot_end) struct db_snapshot snap = {0};
	size_t room;

	RETURN_IF(db_snapshot_begin(e->db, &snap));
	RETURN_IF(count_keys(e, &k.count));
	room = k.count == 0 ? 1 : k.count;
	RETURN_IF(secret_pool_init(&k.pool, room * ERASE_KEY_LEN));
	k.generations = calloc(room, sizeof(*k.generations));
	if (k.generations == NULL)
		return ERR_NOMEM;
	RETURN_IF(load_blocks(e, &k));
	db_forget_pages(e->db);
	*ret = k;
	k = (struct erase_keys){0};
	return ERR_OK;
}
