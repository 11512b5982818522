#include "app/erase.h"

#include <stdlib.h>
#include <string.h>

#include "app/act.h"
#include "app/ops/recover.h"
#include "app/papers.h"
#include "app/step.h"
#include "core/encode.h"
#include "vault/store_respondent.h"

#define BATCH_ID_LEN 8
#define DAY_S 86400

struct numbers {
	uint32_t *items;
	size_t len, cap;
};

static void numbers_release(struct numbers *n)
{
	free(n->items);
	*n = (struct numbers){0};
}

static enum err add_number(void *ctx, uint32_t number)
{
	struct numbers *n = ctx;

	if (n->len == n->cap) {
		size_t cap = n->cap == 0 ? 256 : n->cap * 2;
		uint32_t *items = realloc(n->items, cap * sizeof(*items));

		if (items == NULL)
			return ERR_NOMEM;
		n->items = items;
		n->cap = cap;
	}
	n->items[n->len++] = number;
	return ERR_OK;
}

/* ---- the lock ---- */

typedef enum err (*lock_fn)(const char *path, unsigned wait_ms,
    struct fs_lock *ret);

static enum err lock_by(lock_fn lock, struct home *h, const char *owner,
    struct fs_lock *ret)
{
	char path[FS_PATH_MAX];
	enum err e;

	RETURN_IF(home_path(h, path, "owners/%s/erase.lock", owner));
	e = lock(path, HOME_WAIT_MS, ret);
	if (e == ERR_BUSY)
		return outcome_refuse(h->outcome, e,
		    "another process is erasing or backing up for owner %s",
		    "別の処理が所有者%sの消去またはバックアップを行っています", owner);
	return e;
}

enum err erase_lock(struct home *h, const char *owner, struct fs_lock *ret)
{
	return lock_by(fs_lock_take, h, owner, ret);
}

enum err erase_lock_share(struct home *h, const char *owner,
    struct fs_lock *ret)
{
	return lock_by(fs_lock_share, h, owner, ret);
}

/* ---- the store's side ---- */

/* The batch of this owner's withdrawal that entry ${index} is; ERR_NOT_FOUND
 * when it is something else. */
static enum err batch_of(struct owner *w, struct log *log, uint64_t index,
    char ret[2 * BATCH_ID_LEN + 1])
{
	CLEANUP(buf_release) struct buf entry = {0};
	struct text *text = NULL;
	enum entry_kind kind;
	enum err e = ERR_NOT_FOUND;

	RETURN_IF(log_entry(log, index, &entry));
	RETURN_IF(entry_parse(bytes_buf(&entry), &kind, &text,
	    &w->home->outcome->info));
	if (kind == ENTRY_WITHDRAWAL &&
	    strcmp(text_get(text, "owner"), w->code) == 0) {
		memcpy(ret, text_get(text, "batch"), 2 * BATCH_ID_LEN + 1);
		e = ERR_OK;
	}
	text_free(text);
	return e;
}

/* An erasure names the last withdrawal it covers.  ERR_CORRUPT when the
 * ledger has none, since nobody is stopping without one. */
static enum err last_batch(struct owner *w, char ret[2 * BATCH_ID_LEN + 1])
{
	CLEANUP(log_cleanup) struct log *log = NULL;

	RETURN_IF(act_log_reader(w->home, &log));
	for (uint64_t i = log_size(log); i > 0; i--) {
		enum err e = batch_of(w, log, i - 1, ret);

		if (e != ERR_NOT_FOUND)
			return e;
	}
	return ERR_CORRUPT;
}

static enum err mark_erased(struct owner *w, const struct numbers *n,
    uint64_t generation)
{
	CLEANUP(act_abort) struct act a = {0};
	char batch[2 * BATCH_ID_LEN + 1];
	struct entry_writer entry;
	int64_t act;

	RETURN_IF(last_batch(w, batch));
	RETURN_IF(act_begin(w->home, store_db(w->store), &a));
	act_entry(&a, ENTRY_ERASURE, w->code, &entry);
	entry_put(&entry, "batch", batch);
	entry_put_uint(&entry, "erase-generation", generation);
	RETURN_IF(act_entry_end(&a, &entry, &act));
	RETURN_IF(store_erasure_intend(w->store, generation));
	RETURN_IF(store_respondent_erase(w->store, n->items, n->len, act));
	return act_commit(&a);
}

static enum err confirm_generation(struct owner *w, uint64_t generation)
{
	CLEANUP(act_abort) struct act a = {0};

	RETURN_IF(act_data_begin(w->home, store_db(w->store), &a));
	RETURN_IF(store_erasure_confirm(w->store, generation));
	return act_data_commit(&a);
}

/* ---- the erase store's side ---- */

static enum err delete_keys(struct owner *w, const struct numbers *n,
    uint64_t generation)
{
	CLEANUP(act_abort) struct act a = {0};

	RETURN_IF(act_data_begin(w->home, erase_db(w->erase), &a));
	RETURN_IF(erase_delete(w->erase, n->items, n->len, generation));
	RETURN_IF(act_data_commit(&a));
	step_reached(STEP_ERASE_KEYS);
	return ERR_OK;
}

static enum err log_rotation(struct owner *w)
{
	CLEANUP(act_abort) struct act a = {0};
	struct entry_writer entry;
	int64_t act;

	RETURN_IF(act_begin(w->home, store_db(w->store), &a));
	act_entry(&a, ENTRY_KEY_ROTATION, w->code, &entry);
	entry_put(&entry, "what", "erase-key");
	entry_put_uint(&entry, "generation", w->erase_key.generation);
	RETURN_IF(act_entry_end(&a, &entry, &act));
	return act_commit(&a);
}

/* The seats' recovery texts hold the storage key; before activation there are
 * none. */
static enum err seal_recovery(struct owner *w)
{
	CLEANUP(paper_release) struct paper p = {0};
	CLEANUP(charter_release) struct charter c = {0};
	struct register_query q = {.kind = REGISTER_CHARTER,
	    .owner = w->code};
	enum err e = papers_find(w->home, &q, &p);

	if (e == ERR_NOT_FOUND)
		return ERR_OK;
	RETURN_IF(e);
	RETURN_IF(charter_parse(bytes_buf(&p.bytes), &c,
	    &w->home->outcome->info));
	return recover_seal(w, &c);
}

static enum err rotate_key(struct owner *w)
{
	CLEANUP(erase_key_release) struct erase_key next = {0};
	struct home *h = w->home;
	char dir[FS_PATH_MAX];

	RETURN_IF(home_path(h, dir, "keys"));
	RETURN_IF(erase_key_next(&w->erase_key, h->now_unix_s, &next));
	RETURN_IF(erase_key_write(h->keys, dir, ERASE_KEY_NEXT, &next));
	RETURN_IF(erase_rotate(w->erase, next.key));
	step_reached(STEP_ERASE_ROTATED);
	RETURN_IF(erase_key_promote(dir, w->code));
	erase_key_release(&w->erase_key);
	w->erase_key = next;
	next = (struct erase_key){0};
	RETURN_IF(seal_recovery(w));
	return log_rotation(w);
}

/* From `erasure` logged to everything done; keys that are deleted already
 * show in the erase store's generation. */
static enum err carry_out(struct owner *w, const struct numbers *n,
    uint64_t generation)
{
	uint64_t reached;

	RETURN_IF(db_generation(erase_db(w->erase), &reached));
	if (reached < generation)
		RETURN_IF(delete_keys(w, n, generation));
	RETURN_IF(rotate_key(w));
	return confirm_generation(w, generation);
}

/* ---- running ---- */

/* 1 when more people withdrew within a day than the policy finds normal. */
static enum err rate_alarm(struct owner *w, int *ret)
{
	CLEANUP(policy_release) struct policy p = {0};
	uint64_t withdrawn = 0;
	enum err e = papers_policy(w->home, w->code, &p);

	*ret = 0;
	if (e == ERR_NOT_FOUND)
		return ERR_OK;
	RETURN_IF(e);
	RETURN_IF(store_respondent_withdrawn_since(w->store,
	    w->home->now_unix_s - DAY_S, &withdrawn));
	*ret = withdrawn > p.withdrawal_daily_limit;
	return ERR_OK;
}

enum err erase_run(struct owner *w, int now_too, int confirm,
    struct erase_result *ret)
{
	CLEANUP(numbers_release) struct numbers due = {0};
	CLEANUP(numbers_release) struct numbers all = {0};
	CLEANUP(fs_lock_release) struct fs_lock lock = {0};
	struct erase_result r = {0};
	uint64_t confirmed, intended;

	RETURN_IF(erase_lock(w->home, w->code, &lock));
	RETURN_IF(home_owner_renew(w));
	RETURN_IF(store_respondent_each_stopping(w->store, INT64_MAX,
	    add_number, &all));
	RETURN_IF(store_respondent_each_stopping(w->store,
	    now_too ? INT64_MAX : w->home->now_unix_s, add_number, &due));
	RETURN_IF(store_erasure_get(w->store, &confirmed, &intended));
	RETURN_IF(rate_alarm(w, &r.frozen));
	r.frozen = r.frozen && !confirm && due.len > 0;
	r.held = all.len - due.len;
	r.generation = confirmed;
	if (due.len > 0 && !r.frozen) {
		r.generation = intended + 1;
		RETURN_IF(mark_erased(w, &due, r.generation));
		RETURN_IF(carry_out(w, &due, r.generation));
		r.erased = due.len;
	}
	*ret = r;
	return ERR_OK;
}

enum err erase_repair(struct owner *w)
{
	CLEANUP(numbers_release) struct numbers erased = {0};
	uint64_t confirmed, intended;

	RETURN_IF(store_erasure_get(w->store, &confirmed, &intended));
	if (confirmed == intended)
		return ERR_OK;
	RETURN_IF(store_respondent_each_erased(w->store, add_number,
	    &erased));
	RETURN_IF(carry_out(w, &erased, intended));
	outcome_add(w->home->outcome, OUTCOME_WARNING,
	    "an interrupted erasure of owner %s has been finished",
	    "所有者%sの中断された消去を完了しました", w->code);
	return ERR_OK;
}
