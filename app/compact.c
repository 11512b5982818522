#include "app/compact.h"

#include "app/act.h"
#include "app/step.h"
#include "vault/store_notice.h"
#include "vault/store_segment.h"

#define SEGMENTS_AT_ONCE 64     /* rewritten in one transaction: 8 MiB */
#define JOINED_AT_ONCE 512

/* ---- jobs and compaction keep out of each other's way ---- */

enum err compact_hold_off(struct owner *w, struct fs_lock *ret)
{
	char path[FS_PATH_MAX];
	enum err e;

	RETURN_IF(home_path(w->home, path, "owners/%s/compact.lock", w->code));
	e = fs_lock_share(path, HOME_WAIT_MS, ret);
	if (e == ERR_BUSY)
		return outcome_refuse(w->home->outcome, e,
		    "azukari compact is running for owner %s; export when it is done",
		    "所有者%sの整理が実行中です。終わってから提供を実行してください",
		    w->code);
	return e;
}

static enum err lock_out_jobs(struct owner *w, struct fs_lock *ret)
{
	char path[FS_PATH_MAX];
	enum err e;

	RETURN_IF(home_path(w->home, path, "owners/%s/compact.lock", w->code));
	e = fs_lock_take(path, HOME_WAIT_MS, ret);
	if (e == ERR_BUSY)
		return outcome_refuse(w->home->outcome, e,
		    "an export of owner %s is running; compact when it is done",
		    "所有者%sの提供が実行中です。終わってから整理してください",
		    w->code);
	return e;
}

/* ---- dropping ---- */

struct chunk {
	const struct store_segment *segments[SEGMENTS_AT_ONCE];
	size_t len;
};

/* The next segments with something dead in them. */
static enum err find_dead(struct owner *w,
    const struct store_segment_list *l, size_t *at, struct chunk *ret)
{
	uint32_t dead;

	ret->len = 0;
	for (; *at < l->len && ret->len < SEGMENTS_AT_ONCE; (*at)++) {
		RETURN_IF(store_segment_count_dead(w->store, &l->items[*at],
		    &dead));
		if (dead > 0)
			ret->segments[ret->len++] = &l->items[*at];
	}
	return ERR_OK;
}

static enum err drop_dead(struct owner *w, const struct chunk *c,
    struct compact_result *sum)
{
	CLEANUP(act_abort) struct act a = {0};
	uint32_t dropped;
	uint64_t bytes;

	if (c->len == 0)
		return ERR_OK;
	RETURN_IF(act_data_begin(w->home, store_db(w->store), &a));
	for (size_t i = 0; i < c->len; i++) {
		RETURN_IF(store_segment_compact(w->store,
		    c->segments[i]->number, &dropped, &bytes));
		sum->dropped += dropped;
		sum->bytes += bytes;
	}
	RETURN_IF(act_data_commit(&a));
	step_reached(STEP_COMPACT_SOME);
	return ERR_OK;
}

static enum err drop_all(struct owner *w, struct compact_result *sum)
{
	CLEANUP(store_segment_list_release) struct store_segment_list l = {0};
	struct chunk c;
	size_t at = 0;

	RETURN_IF(store_segment_list(w->store, 0, 0, &l));
	while (at < l.len) {
		RETURN_IF(find_dead(w, &l, &at, &c));
		RETURN_IF(drop_dead(w, &c, sum));
	}
	return ERR_OK;
}

static enum err drop_books(struct owner *w, struct compact_result *sum)
{
	CLEANUP(act_abort) struct act a = {0};

	RETURN_IF(act_data_begin(w->home, store_db(w->store), &a));
	RETURN_IF(store_notice_books_expire(w->store, w->home->now_unix_s,
	    &sum->books));
	return act_data_commit(&a);
}

/* ---- the act ---- */

static enum err log_compaction(struct owner *w, int64_t last)
{
	CLEANUP(act_abort) struct act a = {0};
	struct store_counts counts;
	struct entry_writer entry;
	uint64_t confirmed, intended;
	int64_t act;

	RETURN_IF(act_begin(w->home, store_db(w->store), &a));
	RETURN_IF(store_erasure_get(w->store, &confirmed, &intended));
	RETURN_IF(store_compact_mark(w->store, last));
	RETURN_IF(store_count(w->store, &counts));
	act_entry(&a, ENTRY_COMPACTION, w->code, &entry);
	entry_put_uint(&entry, "erase-generation", confirmed);
	entry_put_uint(&entry, "records", counts.removed);
	RETURN_IF(act_entry_end(&a, &entry, &act));
	RETURN_IF(act_commit(&a));
	step_reached(STEP_COMPACT_LOGGED);
	return ERR_OK;
}

/* Until the WAL is cut, the bytes are still in it. */
static enum err cut_wal(struct owner *w)
{
	enum err e = db_checkpoint(store_db(w->store));

	if (e == ERR_BUSY)
		return outcome_refuse(w->home->outcome, e,
		    "the bytes are dropped, but another process still reads owner %s's store: run azukari compact once more",
		    "削除は済みましたが、別の処理が所有者%sの保管庫を読んでいます。もう一度 azukari compact を実行してください",
		    w->code);
	return e;
}

enum err compact_run(struct owner *w, struct compact_result *ret)
{
	CLEANUP(fs_lock_release) struct fs_lock lock = {0};
	struct compact_result r = {0};
	struct store_counts counts;
	int64_t last;

	RETURN_IF(lock_out_jobs(w, &lock));
	RETURN_IF(store_compact_last(w->store, &last));
	RETURN_IF(store_count(w->store, &counts));
	r.erased = counts.to_compact;
	RETURN_IF(drop_all(w, &r));
	RETURN_IF(drop_books(w, &r));
	if (r.erased > 0 || r.dropped > 0)
		RETURN_IF(log_compaction(w, last));
	*ret = r;
	return cut_wal(w);
}

/* ---- before an epoch is closed ---- */

enum err compact_join(struct owner *w, int64_t epoch)
{
	uint32_t joined = JOINED_AT_ONCE;

	while (joined >= JOINED_AT_ONCE) {
		CLEANUP(act_abort) struct act a = {0};

		RETURN_IF(act_data_begin(w->home, store_db(w->store), &a));
		RETURN_IF(store_segment_join(w->store, epoch, JOINED_AT_ONCE,
		    &joined));
		RETURN_IF(act_data_commit(&a));
	}
	return ERR_OK;
}
