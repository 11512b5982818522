/* vault/store_event.c - events seen, in sorted runs that are merged eight at
 * a time (a log-structured tree), behind a filter in memory. */
#include "vault/store_event.h"

#include <stdlib.h>
#include <string.h>

#include "vault/store_internal.h"

#define CHUNK_BYTES ((size_t)16200)      /* whole events, one page */
#define MERGE_RUNS 8

enum {
	RUN_ADD, RUN_COUNT, RUN_REMOVE, RUNS, RUNS_AT, CHUNK_ADD, CHUNK_AT,
	CHUNKS_OF, CHUNKS_ALL, SUM,
};
static const char *const SQL[] = {
	[RUN_ADD] = "INSERT INTO event_run (level, events) VALUES (?1, 0)",
	[RUN_COUNT] = "UPDATE event_run SET events = ?2 WHERE number = ?1",
	[RUN_REMOVE] = "DELETE FROM event_run WHERE number = ?1",
	[RUNS] = "SELECT number FROM event_run ORDER BY number",
	[RUNS_AT] = "SELECT number FROM event_run WHERE level = ?1 "
	    "ORDER BY number LIMIT 8",
	[CHUNK_ADD] = "INSERT INTO event_chunk (run, place, first, bytes) "
	    "VALUES (?1, ?2, ?3, ?4)",
	[CHUNK_AT] = "SELECT bytes FROM event_chunk "
	    "WHERE run = ?1 AND first <= ?2 ORDER BY first DESC LIMIT 1",
	[CHUNKS_OF] = "SELECT bytes FROM event_chunk WHERE run = ?1 "
	    "ORDER BY first",
	[CHUNKS_ALL] = "SELECT bytes FROM event_chunk",
	[SUM] = "SELECT ifnull(sum(events), 0) FROM event_run",
};
static const struct db_table TABLE = DB_TABLE(DB_SLOT_EVENT, SQL);

/* ---- sorting a batch ---- */

struct unsorted {
	const uint8_t *events;          /* STORE_EVENT_LEN each */
	size_t len;
	size_t kept;                    /* of each; the rest counts as zero */
};

struct item {
	uint8_t event[STORE_EVENT_LEN];
	uint32_t at;                    /* place in the caller's array */
};

static int
by_event(const void *a, const void *b)
{
	const struct item *x = a, *y = b;
	int c = memcmp(x->event, y->event, STORE_EVENT_LEN);

	return c != 0 ? c : x->at < y->at ? -1 : x->at > y->at;
}

static void
insertion_sort(struct item *items, size_t len)
{
	for (size_t i = 1; i < len; i++) {
		struct item v = items[i];
		size_t j = i;

		for (; j > 0 && by_event(&items[j - 1], &v) > 0; j--)
			items[j] = items[j - 1];
		items[j] = v;
	}
}

static uint32_t
bucket_of(const uint8_t *event, unsigned bits)
{
	uint32_t top = (uint32_t)event[0] << 24 | (uint32_t)event[1] << 16 |
	    (uint32_t)event[2] << 8 | event[3];

	return bits == 0 ? 0 : top >> (32 - bits);
}

/* Hashes are even, so distributing by their first bits nearly sorts them. */
static void
distribute(const struct unsorted *u, struct item *items, uint32_t *starts,
    unsigned bits)
{
	uint32_t buckets = UINT32_C(1) << bits, sum = 0;

	for (size_t i = 0; i < u->len; i++)
		starts[bucket_of(u->events + i * STORE_EVENT_LEN, bits)]++;
	for (uint32_t b = 0; b < buckets; b++) {
		uint32_t n = starts[b];

		starts[b] = sum;
		sum += n;
	}
	for (size_t i = 0; i < u->len; i++) {
		const uint8_t *event = u->events + i * STORE_EVENT_LEN;
		struct item *to = &items[starts[bucket_of(event, bits)]++];

		*to = (struct item){.at = (uint32_t)i};
		memcpy(to->event, event, u->kept);
	}
}

static enum err
sort_items(const struct unsorted *u, struct item *items)
{
	unsigned bits = 0;
	uint32_t *starts, from = 0;

	while (bits < 20 && (size_t)8 << bits < u->len)
		bits++;
	starts = calloc((size_t)1 << bits, sizeof(*starts));
	if (starts == NULL)
		return ERR_NOMEM;
	distribute(u, items, starts, bits);
	for (uint32_t b = 0; b < UINT32_C(1) << bits; b++) {
		uint32_t n = starts[b] - from;  /* starts are ends by now */

		if (n <= 32)
			insertion_sort(items + from, n);
		else
			qsort(items + from, n, sizeof(*items), by_event);
		from = starts[b];
	}
	free(starts);
	return ERR_OK;
}

static void
free_items(struct item **items)
{
	free(*items);
}

static enum err
sorted(const struct store *s, const uint8_t *events, size_t len,
    struct item **ret)
{
	const struct unsorted u = {events, len, s->layout->event_len};
	CLEANUP(free_items) struct item *items = NULL;

	if (len > UINT32_MAX / 2)
		return ERR_LIMIT;
	items = reallocarray(NULL, len == 0 ? 1 : len, sizeof(*items));
	if (items == NULL)
		return ERR_NOMEM;
	RETURN_IF(sort_items(&u, items));
	*ret = TAKE(items);
	return ERR_OK;
}

static int
same(const struct item *a, const struct item *b)
{
	return memcmp(a->event, b->event, STORE_EVENT_LEN) == 0;
}

/* ---- the filter ---- */

static enum err
check_chunk(const struct store *s, struct bytes b)
{
	return b.len == 0 || b.len > CHUNK_BYTES ||
	    b.len % s->layout->event_len != 0 ? ERR_CORRUPT : ERR_OK;
}

static enum err
fill_filter(struct store *s)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};
	int row;

	RETURN_IF(db_stmt_begin(s->db, &TABLE, CHUNKS_ALL, &st));
	for (;;) {
		struct bytes b;

		RETURN_IF(db_step(&st, &row));
		if (!row)
			return ERR_OK;
		b = db_col_blob(&st, 0);
		RETURN_IF(check_chunk(s, b));
		for (size_t i = 0; i < b.len; i += s->layout->event_len)
			store_filter_add(&s->filter, b.data + i);
	}
}

static enum err
count_events(struct store *s, uint64_t *ret)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};

	RETURN_IF(db_stmt_begin(s->db, &TABLE, SUM, &st));
	RETURN_IF(db_one(&st));
	*ret = db_col_u64(&st, 0);
	return ERR_OK;
}

/* Loaded, and with room for ${more}. */
static enum err
ready(struct store *s, size_t more)
{
	uint64_t there;

	RETURN_IF(store_refresh(s));
	if (s->filter.loaded && s->filter.count + more <= s->filter.capacity)
		return ERR_OK;
	store_filter_release(&s->filter);
	RETURN_IF(count_events(s, &there));
	RETURN_IF(store_filter_init(&s->filter, (there + more) * 2));
	RETURN_IF(fill_filter(s));
	s->filter.loaded = 1;
	return ERR_OK;
}

/* ---- looking up ---- */

/* Run numbers, few. */
struct runs {
	int64_t *numbers;
	size_t len;
};

static void
runs_release(struct runs *r)
{
	free(r->numbers);
	*r = (struct runs){0};
}

static enum err
list_runs(struct store *s, size_t statement, int64_t level, struct runs *ret)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};
	CLEANUP(runs_release) struct runs r = {0};
	int row;

	RETURN_IF(db_stmt_begin(s->db, &TABLE, statement, &st));
	if (statement == RUNS_AT)
		db_bind_int(&st, 1, level);
	for (;;) {
		void *p;

		RETURN_IF(db_step(&st, &row));
		if (!row)
			break;
		p = reallocarray(r.numbers, r.len + 1, sizeof(*r.numbers));
		if (p == NULL)
			return ERR_NOMEM;
		r.numbers = p;
		r.numbers[r.len++] = db_col_int(&st, 0);
	}
	*ret = r;
	r = (struct runs){0};
	return ERR_OK;
}

static int
chunk_has(struct bytes chunk, const uint8_t *event, size_t event_len)
{
	size_t from = 0, to = chunk.len / event_len;

	while (from < to) {
		size_t mid = from + (to - from) / 2;
		int c = memcmp(chunk.data + mid * event_len, event, event_len);

		if (c == 0)
			return 1;
		if (c < 0)
			from = mid + 1;
		else
			to = mid;
	}
	return 0;
}

/* Candidates rise, so a chunk in hand serves all up to its last event. */
static enum err
look_in_run(struct store *s, int64_t run, const struct item *items,
    size_t len, uint8_t *ret_seen)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};
	const size_t event_len = s->layout->event_len;
	struct bytes chunk = {0};
	int row = 0;

	RETURN_IF(db_stmt_begin(s->db, &TABLE, CHUNK_AT, &st));
	for (size_t i = 0; i < len; i++) {
		const uint8_t *event = items[i].event;

		if (ret_seen[items[i].at])
			continue;
		if (!row || memcmp(event, chunk.data + chunk.len - event_len,
		    event_len) > 0) {
			db_stmt_again(&st);
			db_bind_int(&st, 1, run);
			db_bind_blob(&st, 2, event, STORE_EVENT_LEN);
			RETURN_IF(db_step(&st, &row));
			if (!row)
				continue;
			chunk = db_col_blob(&st, 0);
			RETURN_IF(check_chunk(s, chunk));
		}
		if (chunk_has(chunk, event, event_len))
			ret_seen[items[i].at] = 1;
	}
	return ERR_OK;
}

/* Keep of ${items} those the filter cannot rule out, marking repeats. */
static size_t
sift(const struct store *s, struct item *items, size_t len, uint8_t *ret_seen)
{
	size_t kept = 0;

	for (size_t i = 0; i < len; i++) {
		/* the first of equals is the earliest in the array */
		if (i > 0 && same(&items[i], &items[i - 1]))
			ret_seen[items[i].at] = 1;
	}
	for (size_t i = 0; i < len; i++)
		if (!ret_seen[items[i].at] &&
		    store_filter_has(&s->filter, items[i].event))
			items[kept++] = items[i];
	return kept;
}

enum err
store_event_check(struct store *s, const uint8_t *events,
    size_t len, uint8_t *ret_seen)
{
	CLEANUP(free_items) struct item *items = NULL;
	CLEANUP(runs_release) struct runs runs = {0};
	size_t kept;

	RETURN_IF(ready(s, 0));
	RETURN_IF(sorted(s, events, len, &items));
	memset(ret_seen, 0, len);
	kept = sift(s, items, len, ret_seen);
	if (kept == 0)
		return ERR_OK;
	RETURN_IF(list_runs(s, RUNS, 0, &runs));
	for (size_t i = 0; i < runs.len; i++)
		RETURN_IF(look_in_run(s, runs.numbers[i], items, kept,
		    ret_seen));
	return ERR_OK;
}

/* ---- writing a run ---- */

struct run_writer {
	struct store *s;
	int64_t run;
	uint64_t events;
	int64_t place;
	size_t len;
	uint8_t bytes[CHUNK_BYTES];
};

static enum err
run_begin(struct run_writer *w, struct store *s, int64_t level)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};

	RETURN_IF(db_stmt_begin(s->db, &TABLE, RUN_ADD, &st));
	db_bind_int(&st, 1, level);
	RETURN_IF(db_run(&st));
	w->s = s;
	w->run = db_last_id(s->db);
	w->events = 0;
	w->place = 0;
	w->len = 0;
	return ERR_OK;
}

static enum err
run_flush(struct run_writer *w)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};
	uint8_t first[STORE_EVENT_LEN] = {0};

	if (w->len == 0)
		return ERR_OK;
	memcpy(first, w->bytes, w->s->layout->event_len);
	RETURN_IF(db_stmt_begin(w->s->db, &TABLE, CHUNK_ADD, &st));
	db_bind_int(&st, 1, w->run);
	db_bind_int(&st, 2, w->place++);
	db_bind_blob(&st, 3, first, sizeof(first));
	db_bind_blob(&st, 4, w->bytes, w->len);
	RETURN_IF(db_run(&st));
	w->len = 0;
	return ERR_OK;
}

/* Events must come in order; one that repeats the last is left out. */
static enum err
run_put(struct run_writer *w, const uint8_t *event)
{
	const size_t event_len = w->s->layout->event_len;

	if (w->len > 0 && memcmp(w->bytes + w->len - event_len, event,
	    event_len) == 0)
		return ERR_OK;
	if (w->len == CHUNK_BYTES)
		RETURN_IF(run_flush(w));
	memcpy(w->bytes + w->len, event, event_len);
	w->len += event_len;
	w->events++;
	return ERR_OK;
}

static enum err
run_end(struct run_writer *w)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};

	RETURN_IF(run_flush(w));
	RETURN_IF(db_stmt_begin(w->s->db, &TABLE, RUN_COUNT, &st));
	db_bind_int(&st, 1, w->run);
	db_bind_int(&st, 2, (int64_t)w->events);
	return db_run(&st);
}

static void
free_writer(struct run_writer **w)
{
	free(*w);
}

static enum err
write_run(struct store *s, const struct item *items, size_t len)
{
	CLEANUP(free_writer) struct run_writer *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return ERR_NOMEM;
	RETURN_IF(run_begin(w, s, 0));
	for (size_t i = 0; i < len; i++) {
		if (i > 0 && same(&items[i], &items[i - 1]))
			continue;
		RETURN_IF(run_put(w, items[i].event));
		store_filter_add(&s->filter, items[i].event);
	}
	return run_end(w);
}

/* ---- merging ---- */

struct run_reader {
	struct db_stmt st;
	struct bytes chunk;             /* what is left of the one in hand */
	int done;
};

static enum err
reader_fill(const struct store *s, struct run_reader *r)
{
	int row;

	if (r->done || r->chunk.len > 0)
		return ERR_OK;
	RETURN_IF(db_step(&r->st, &row));
	if (!row) {
		r->done = 1;
		return ERR_OK;
	}
	r->chunk = db_col_blob(&r->st, 0);
	return check_chunk(s, r->chunk);
}

static enum err
merge_into(struct run_writer *w, struct run_reader *readers, size_t len)
{
	const size_t event_len = w->s->layout->event_len;

	for (;;) {
		struct run_reader *least = NULL;

		for (size_t i = 0; i < len; i++) {
			RETURN_IF(reader_fill(w->s, &readers[i]));
			if (!readers[i].done && (least == NULL ||
			    memcmp(readers[i].chunk.data, least->chunk.data,
			    event_len) < 0))
				least = &readers[i];
		}
		if (least == NULL)
			return ERR_OK;
		RETURN_IF(run_put(w, least->chunk.data));
		least->chunk.data += event_len;
		least->chunk.len -= event_len;
	}
}

static enum err
merge_runs(struct store *s, int64_t level, const struct runs *runs)
{
	CLEANUP(free_writer) struct run_writer *w = calloc(1, sizeof(*w));
	struct run_reader readers[MERGE_RUNS] = {0};
	enum err e = w == NULL ? ERR_NOMEM : run_begin(w, s, level + 1);

	for (size_t i = 0; i < runs->len && e == ERR_OK; i++) {
		e = db_stmt_begin(s->db, &TABLE, CHUNKS_OF, &readers[i].st);
		if (e == ERR_OK)
			db_bind_int(&readers[i].st, 1, runs->numbers[i]);
	}
	if (e == ERR_OK)
		e = merge_into(w, readers, runs->len);
	for (size_t i = 0; i < MERGE_RUNS; i++)
		db_stmt_end(&readers[i].st);
	return e == ERR_OK ? run_end(w) : e;
}

static enum err
remove_runs(struct store *s, const struct runs *runs)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};

	RETURN_IF(db_stmt_begin(s->db, &TABLE, RUN_REMOVE, &st));
	for (size_t i = 0; i < runs->len; i++) {
		db_stmt_again(&st);
		db_bind_int(&st, 1, runs->numbers[i]);
		RETURN_IF(db_run(&st));
	}
	return ERR_OK;
}

static enum err
settle_levels(struct store *s)
{
	for (int64_t level = 0;; level++) {
		CLEANUP(runs_release) struct runs runs = {0};

		RETURN_IF(list_runs(s, RUNS_AT, level, &runs));
		if (runs.len < MERGE_RUNS)
			return ERR_OK;
		RETURN_IF(merge_runs(s, level, &runs));
		RETURN_IF(remove_runs(s, &runs));
	}
}

enum err
store_event_add(struct store *s, const uint8_t *events,
    size_t len)
{
	CLEANUP(free_items) struct item *items = NULL;

	if (!db_in_tx(s->db))
		return ERR_STATE;
	if (len == 0)
		return ERR_OK;
	RETURN_IF(ready(s, len));
	RETURN_IF(sorted(s, events, len, &items));
	RETURN_IF(write_run(s, items, len));
	return settle_levels(s);
}
