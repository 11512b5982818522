#include "app/act.h"

#include <stdio.h>
#include <string.h>

#include "app/configuration.h"
#include "app/step.h"
#include "app/witnesses.h"
#include "ledger/log.h"

static enum err lock_acts(struct home *h, struct fs_lock *ret)
{
	char path[FS_PATH_MAX];

	RETURN_IF(home_path(h, path, "gateway.lock"));
	return fs_lock_take(path, HOME_WAIT_MS, ret);
}

enum err act_hold(struct home *h, struct fs_lock *ret)
{
	step_reached(STEP_ACTS_LOCK);
	return lock_acts(h, ret);
}

/* The register's `signed` state; its checkpoint goes to ${note}. */
static enum err signed_state(struct home *h, struct log_signed *ret,
    struct buf *note)
{
	struct register_signed s;

	RETURN_IF(register_signed_get(h->reg, &s, note));
	ret->size = s.size;
	memcpy(ret->root, s.root, sizeof(ret->root));
	ret->checkpoint = bytes_buf(note);
	return ERR_OK;
}

/* Opens the log for writing at the committed state, under the acts' lock.  What
 * witnesses have seen must be in it, or nothing is signed any more. */
enum err act_log_writer(struct home *h, struct log **ret)
{
	CLEANUP(log_cleanup) struct log *log = NULL;
	CLEANUP(buf_release) struct buf note = {0};
	struct log_signed state = {0};
	char dir[FS_PATH_MAX];
	struct log_config config = {
		.dir = dir, .signer = h->log_signer, .wait_ms = HOME_WAIT_MS};

	RETURN_IF(home_path(h, dir, "ledger"));
	RETURN_IF(signed_state(h, &state, &note));
	RETURN_IF(log_open(&config, &state, &log, &h->outcome->info));
	RETURN_IF(witnesses_check(h, log, &h->cosigned_unix_s));
	*ret = TAKE(log);
	return ERR_OK;
}

enum err act_log_reader(struct home *h, struct log **ret)
{
	char dir[FS_PATH_MAX];

	RETURN_IF(home_path(h, dir, "ledger"));
	return log_open_reader(dir, note_signer_key(h->log_signer), NULL, ret);
}

/* An owner's store counts its acts, and the register remembers how many it
 * has seen, so that an older copy of vault.db is noticed (home_owner_open). */
static enum err note_seen(const struct act *a)
{
	if (a == NULL || db_kind(a->db) != DB_STORE || a->owner[0] == '\0')
		return ERR_OK;
	return register_seen_put(a->home->reg, a->owner, a->db);
}

static enum err count_act(const struct act *a)
{
	uint64_t generation;

	if (db_kind(a->db) != DB_STORE)
		return ERR_OK;
	RETURN_IF(db_generation(a->db, &generation));
	return db_set_generation(a->db, generation + 1);
}

/* The log's commit point: what is staged becomes the `signed` state.  ${a} is
 * NULL in a repair. */
static enum err commit_signed(struct home *h, const struct act *a,
    const struct log_signed *staged)
{
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};
	struct register_signed s = {.size = staged->size};

	memcpy(s.root, staged->root, sizeof(s.root));
	RETURN_IF(db_tx_begin(register_db(h->reg), &tx));
	RETURN_IF(register_signed_put(h->reg, &s, staged->checkpoint));
	RETURN_IF(note_seen(a));
	return db_tx_commit(&tx);
}

struct bytes_run {
	const struct bytes *items;
	size_t len;
};

/* Appends ${run}; the first gets index ${ret_first}. */
static enum err append(struct home *h, const struct act *a, struct log *log,
    const struct bytes_run *run, uint64_t *ret_first)
{
	struct log_signed staged;

	*ret_first = log_size(log);
	RETURN_IF(log_stage(log, run->items, run->len));
	step_reached(STEP_ACT_STAGED);
	staged = log_staged(log);
	RETURN_IF(commit_signed(h, a, &staged));
	step_reached(STEP_ACT_SIGNED);
	RETURN_IF(log_publish(log));
	step_reached(STEP_ACT_PUBLISHED);
	return ERR_OK;
}

static enum err repair_left(struct home *h, struct db *db) MUST_USE;

/* The settings this home is run with are in the ledger before any act under
 * them.  What stops something is not held up by it. */
static void enter_settings(struct home *h)
{
	uint8_t sha256[DIGEST_LEN];
	int entered;

	if (h->settings_seen)
		return;
	h->settings_seen = 1;           /* what follows is an act, too */
	h->settings_err = configuration_of_home(h, sha256);
	if (h->settings_err == ERR_OK)
		h->settings_err = configuration_enter(h,
		    CONFIGURATION_GATEWAY, sha256, &entered);
	h->settings_seen = h->settings_err == ERR_OK;
}

enum err act_begin(struct home *h, struct db *db, struct act *ret)
{
	*ret = (struct act){.home = h, .db = db};
	enter_settings(h);
	step_reached(STEP_ACTS_LOCK);
	RETURN_IF(lock_acts(h, &ret->lock));
	RETURN_IF(repair_left(h, db));
	return db_tx_begin(db, &ret->tx);
}

void act_entry(struct act *a, enum entry_kind kind, const char *owner,
    struct entry_writer *w)
{
	if (owner != NULL)
		(void)snprintf(a->owner, sizeof(a->owner), "%s", owner);
	entry_begin(w, kind, a->home->now_unix_s, owner, &a->entry);
}

static enum err queue(struct act *a, enum entry_kind kind, struct bytes entry,
    int64_t *ret_id)
{
	const struct entry_info *info = entry_info(kind);
	struct actlog_act row = {.entry = entry};
	struct register_signed s;
	CLEANUP(buf_release) struct buf note = {0};

	RETURN_IF(register_signed_get(a->home->reg, &s, &note));
	row.class_ = info->class == ENTRY_STOP ? ACTLOG_STOP : ACTLOG_GRANT;
	row.tree_size_then = s.size;
	(void)strncpy(row.kind, info->name, ACTLOG_KIND_MAX);
	entry_leaf(entry, row.leaf);
	return actlog_add(a->db, &row, ret_id);
}

/* Verifiers take time from cosignatures; a clock far behind them is wrong.
 * What stops something is never held up by it. */
static enum err check_clock(struct home *h, enum entry_kind kind)
{
	if (entry_info(kind)->class == ENTRY_STOP ||
	    h->now_unix_s >= h->cosigned_unix_s - WITNESSES_CLOCK_SLACK_S)
		return ERR_OK;
	return outcome_refuse(h->outcome, ERR_STATE,
	    "the clock of this machine is more than ten minutes behind the last cosignature of the ledger; nothing is granted until it is set right",
	    "この機械の時計が、台帳の最後の副署より10分以上遅れています。直すまで何も許可できません");
}

enum err act_entry_end(struct act *a, struct entry_writer *w, int64_t *ret_act)
{
	size_t start = w->text.start;
	struct bytes entry;
	enum err e;

	RETURN_IF(entry_end(w, &a->home->outcome->info));
	RETURN_IF(check_clock(a->home, w->kind));
	if (entry_info(w->kind)->class == ENTRY_GRANT)
		RETURN_IF(a->home->settings_err);
	if (a->len == ACT_ENTRIES_MAX)
		return ERR_LIMIT;
	entry = bytes_of(a->entry.data + start, a->entry.len - start);
	e = queue(a, w->kind, entry, &a->ids[a->len]);
	if (e == ERR_STATE)
		return outcome_refuse(a->home->outcome, e,
		    "acts that stop something still wait for the ledger; nothing can be granted before they are in it",
		    "停止の記録が台帳への記載を待っているため、新しい許可はできません");
	RETURN_IF(e);
	*ret_act = a->ids[a->len++];
	return ERR_OK;
}

/* One queued act on its way to the log. */
struct pending {
	int64_t id;
	size_t start, len;              /* its entry within `entries` */
	enum actlog_class class_;
	uint8_t leaf[ACTLOG_LEAF_LEN];
	uint64_t tree_size_then;
};

struct pending_list {
	struct pending items[ACT_ENTRIES_MAX];
	size_t len;
	int more;                       /* there are further ones */
	struct buf entries;
};

static void pending_release(struct pending_list *p)
{
	buf_release(&p->entries);
}

static enum err collect(void *ctx, const struct actlog_act *act)
{
	struct pending_list *p = ctx;
	struct pending *item;

	if (p->len == ACT_ENTRIES_MAX) {
		p->more = 1;
		return ERR_OK;
	}
	item = &p->items[p->len];
	*item = (struct pending){.id = act->id, .start = p->entries.len,
	    .len = act->entry.len, .class_ = act->class_,
	    .tree_size_then = act->tree_size_then};
	memcpy(item->leaf, act->leaf, sizeof(item->leaf));
	RETURN_IF(buf_append(&p->entries, act->entry.data, act->entry.len));
	p->len++;
	return ERR_OK;
}

static enum err mark(struct db *db, const struct pending *item, int logged,
    uint64_t index)
{
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};

	RETURN_IF(db_tx_begin(db, &tx));
	if (logged)
		RETURN_IF(actlog_mark_logged(db, item->id, index));
	else
		RETURN_IF(actlog_mark_void(db, item->id));
	return db_tx_commit(&tx);
}

static enum err append_pending(const struct act *a, struct log *log,
    const struct pending_list *p, uint64_t *ret_first)
{
	struct bytes entries[ACT_ENTRIES_MAX];
	const struct bytes_run run = {entries, p->len};

	for (size_t i = 0; i < p->len; i++)
		entries[i] = bytes_of(p->entries.data + p->items[i].start,
		    p->items[i].len);
	return append(a->home, a, log, &run, ret_first);
}

/* All in the log, the first at ${first}: from now on they are in effect. */
static enum err mark_all(struct act *a, const struct pending_list *p,
    uint64_t first)
{
	for (size_t i = 0; i < p->len; i++) {
		RETURN_IF(mark(a->db, &p->items[i], 1, first + i));
		for (size_t k = 0; k < a->len; k++)
			if (a->ids[k] == p->items[i].id)
				a->indexes[k] = first + i;
	}
	return ERR_OK;
}

/* Logs everything queued in a->db: this act's entries, and nothing else,
 * since whatever was left before was repaired when it began. */
static enum err log_queued(struct act *a)
{
	CLEANUP(log_cleanup) struct log *log = NULL;
	CLEANUP(pending_release) struct pending_list p = {0};
	uint64_t first = 0;

	RETURN_IF(actlog_each_queued(a->db, collect, &p));
	RETURN_IF(act_log_writer(a->home, &log));
#ifdef AZUKARI_MUTATION_LEDGER
	RETURN_IF(mark_all(a, &p, log_size(log)));
	RETURN_IF(append_pending(a, log, &p, &first));
#else
	RETURN_IF(append_pending(a, log, &p, &first));
	RETURN_IF(mark_all(a, &p, first));
#endif
	step_reached(STEP_ACT_LOGGED);
	return ERR_OK;
}

enum err act_commit(struct act *a)
{
	enum err e;

	MUST_HOLD(a->len > 0);
	RETURN_IF(count_act(a));
	RETURN_IF(db_tx_commit(&a->tx));
	step_reached(STEP_ACT_QUEUED);
	e = log_queued(a);
	fs_lock_release(&a->lock);
	buf_release(&a->entry);
	return e;
}

void act_abort(struct act *a)
{
	db_tx_rollback(&a->tx);
	fs_lock_release(&a->lock);
	buf_release(&a->entry);
}

enum err act_data_begin(struct home *h, struct db *db, struct act *ret)
{
	*ret = (struct act){.home = h, .db = db};
	return db_tx_begin(db, &ret->tx);
}

enum err act_data_commit(struct act *a)
{
	MUST_HOLD(a->len == 0);
	return db_tx_commit(&a->tx);
}

/* What a dead process queued: in the log already, to be appended (stop), or
 * never to take effect (grant). */
static enum err repair_one(struct home *h, struct db *db, struct log *log,
    const struct pending_list *p, size_t i)
{
	const struct pending *item = &p->items[i];
	struct bytes entry = bytes_of(p->entries.data + item->start, item->len);
	uint64_t index = 0;
	enum err e = log_find(log, item->tree_size_then, item->leaf, &index);

	if (e == ERR_OK)
		return mark(db, item, 1, index);
	if (e != ERR_NOT_FOUND)
		return e;
	if (item->class_ == ACTLOG_GRANT) {
		outcome_add(h->outcome, OUTCOME_WARNING,
		    "an interrupted act had not reached the ledger and does not take effect",
		    "中断された操作は台帳に届いていなかったため、無効としました");
		return mark(db, item, 0, 0);
	}
	RETURN_IF(append(h, NULL, log, &(struct bytes_run){&entry, 1},
	    &index));
	outcome_add(h->outcome, OUTCOME_WARNING,
	    "an interrupted stop has now been entered in the ledger",
	    "中断された停止の操作を台帳に記載しました");
	return mark(db, item, 1, index);
}

static enum err repair_queued(struct home *h, struct db *db, struct log *log,
    int *ret_more)
{
	CLEANUP(pending_release) struct pending_list p = {0};

	RETURN_IF(actlog_each_queued(db, collect, &p));
	for (size_t i = 0; i < p.len; i++)
		RETURN_IF(repair_one(h, db, log, &p, i));
	*ret_more = p.more;
	return ERR_OK;
}

/* With the acts' lock held. */
static enum err repair_all(struct home *h, struct db *db)
{
	CLEANUP(log_cleanup) struct log *log = NULL;
	int more = 1;

	RETURN_IF(act_log_writer(h, &log));
	while (more)
		RETURN_IF(repair_queued(h, db, log, &more));
	return ERR_OK;
}

/* A home may be open for long: what another process left in ${db} when it died
 * meanwhile must not be entered twice, nor a grant of it at all. */
static enum err repair_left(struct home *h, struct db *db)
{
	uint64_t grants, stops;

	RETURN_IF(actlog_count_queued(db, ACTLOG_GRANT, &grants));
	RETURN_IF(actlog_count_queued(db, ACTLOG_STOP, &stops));
	return grants + stops == 0 ? ERR_OK : repair_all(h, db);
}

enum err act_repair(struct home *h, struct db *db)
{
	CLEANUP(fs_lock_release) struct fs_lock lock = {0};

	RETURN_IF(lock_acts(h, &lock));
	return repair_all(h, db);
}
