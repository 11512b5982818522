/* vault/store_message.c - runs of entries, read only when one is unsent. */
#include "vault/store_message.h"

#include <string.h>

#include "vault/store_internal.h"
#include "vault/store_segment.h"

#define ENTRY_LEN (STORE_MESSAGE_LEN + 8 + SEGMENT_ID_LEN)

#define RUN_BYTES_GOAL ((size_t)16000)  /* one page */
#define RUN_SECONDS 3600                /* so that whole runs expire */

enum { LAST, ADD, SET, EACH, EXPIRE };
static const char *const SQL[] = {
	[LAST] = "SELECT number, bytes FROM message_run WHERE at > ?1 "
	    "AND number = (SELECT max(number) FROM message_run)",
	[SET] = "UPDATE message_run SET bytes = ?2 WHERE number = ?1",
	[ADD] = "INSERT INTO message_run (at, bytes) VALUES (?1, ?2)",
	[EACH] = "SELECT bytes FROM message_run "
	    "ORDER BY number DESC",
	[EXPIRE] = "DELETE FROM message_run WHERE at < ?1",
};
static const struct db_table TABLE = DB_TABLE(DB_SLOT_MESSAGE, SQL);

static enum err
put_entry(const struct store_message *m, struct buf *out)
{
	RETURN_IF(buf_append(out, m->message, STORE_MESSAGE_LEN));
	RETURN_IF(buf_append_u64be(out, (uint64_t)m->segment));
	return buf_append(out, m->record, SEGMENT_ID_LEN);
}

/* The latest run, where there is room in it; number 0: none. */
static enum err
last_run(struct store *s, int64_t at_unix_s, int64_t *ret_number,
    struct buf *ret)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};
	struct bytes bytes;
	int row;

	*ret_number = 0;
	RETURN_IF(db_stmt_begin(s->db, &TABLE, LAST, &st));
	db_bind_int(&st, 1, at_unix_s - RUN_SECONDS);
	RETURN_IF(db_step(&st, &row));
	if (!row)
		return ERR_OK;
	bytes = db_col_blob(&st, 1);
	if (bytes.len >= RUN_BYTES_GOAL)
		return ERR_OK;
	*ret_number = db_col_int(&st, 0);
	return buf_append(ret, bytes.data, bytes.len);
}

enum err
store_message_add(struct store *s, int64_t at_unix_s,
    const struct store_message *entries, size_t len)
{
	CLEANUP(buf_release) struct buf bytes = {0};
	CLEANUP(db_stmt_end) struct db_stmt st = {0};
	int64_t number;

	if (len == 0)
		return ERR_OK;
	RETURN_IF(last_run(s, at_unix_s, &number, &bytes));
	for (size_t i = 0; i < len; i++)
		RETURN_IF(put_entry(&entries[i], &bytes));
	RETURN_IF(db_stmt_begin(s->db, &TABLE, number == 0 ? ADD : SET, &st));
	db_bind_int(&st, 1, number == 0 ? at_unix_s : number);
	db_bind_blob(&st, 2, bytes.data, bytes.len);
	return db_run(&st);
}

/* Where one message's records are; several, as each step of a dialogue and
 * its whole are records of their own. */
#define PLACES_MAX 64

struct places {
	struct store_message items[PLACES_MAX];
	size_t len;
};

static enum err
look(struct places *p, struct bytes run, const uint8_t *message)
{
	if (run.len % ENTRY_LEN != 0)
		return ERR_CORRUPT;
	for (; run.len > 0; run = bytes_of(run.data + ENTRY_LEN,
	    run.len - ENTRY_LEN)) {
		struct bytes rest = bytes_of(run.data + STORE_MESSAGE_LEN,
		    ENTRY_LEN - STORE_MESSAGE_LEN);
		struct store_message *m = &p->items[p->len];
		uint64_t segment;

		if (memcmp(run.data, message, STORE_MESSAGE_LEN) != 0)
			continue;
		if (p->len == PLACES_MAX)
			return ERR_LIMIT;
		RETURN_IF(bytes_take_u64be(&rest, &segment));
		m->segment = (int64_t)segment;
		memcpy(m->record, rest.data, SEGMENT_ID_LEN);
		p->len++;
	}
	return ERR_OK;
}

static enum err
find(struct store *s, const uint8_t *message, struct places *ret)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};

	RETURN_IF(db_stmt_begin(s->db, &TABLE, EACH, &st));
	for (;;) {
		struct bytes run;
		int row;

		RETURN_IF(db_step(&st, &row));
		if (!row)
			return ERR_OK;
		run = db_col_blob(&st, 0);
		RETURN_IF(look(ret, run, message));
	}
}

enum err
store_message_remove(struct store *s,
    const uint8_t message[STORE_MESSAGE_LEN], uint64_t *ret_removed)
{
	struct places p = {.len = 0};
	uint64_t removed = 0;

	RETURN_IF(find(s, message, &p));
	for (size_t i = 0; i < p.len; i++) {
		enum err e = store_segment_remove(s, p.items[i].segment,
		    p.items[i].record);

		if (e != ERR_OK && e != ERR_NOT_FOUND)
			return e;
		removed += e == ERR_OK;
	}
	*ret_removed = removed;
	return ERR_OK;
}

enum err
store_message_expire(struct store *s, int64_t at_unix_s)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};

	RETURN_IF(db_stmt_begin(s->db, &TABLE, EXPIRE, &st));
	db_bind_int(&st, 1, at_unix_s);
	return db_run(&st);
}
