#include "app/reconcile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/act.h"

#define OWNERS_MAX 47

/* Leaves of void acts. */
struct voids {
	uint8_t (*leaves)[ACTLOG_LEAF_LEN];
	size_t len, cap;
};

struct checking {
	struct home *h;
	struct log *log;
	struct owner *owners[OWNERS_MAX];
	size_t owners_len;
	const char *db;         /* whose acts are looked at now */
	uint8_t *claimed;       /* bit by entry */
	struct voids voids;
	struct reconciled *ret;
};

static void checking_release(struct checking *c)
{
	for (size_t i = 0; i < c->owners_len; i++)
		home_owner_close(c->owners[i]);
	log_close(c->log);
	free(c->claimed);
	free(c->voids.leaves);
}

static void lock_cleanup(struct fs_lock *l)
{
	fs_lock_release(l);
}

/* ---- one act ---- */

static void tell(struct checking *c, const struct actlog_act *act,
    const char *en, const char *ja)
{
	CLEANUP(buf_release) struct buf first = {0};
	CLEANUP(buf_release) struct buf second = {0};

	if (++c->ret->findings > RECONCILE_TOLD_MAX)
		return;
	if (buf_printf(&first, "%s: act %lld (%s): %s", c->db,
	    (long long)act->id, act->kind, en) == ERR_OK &&
	    buf_printf(&second, "%s：操作%lld（%s）：%s", c->db,
	    (long long)act->id, act->kind, ja) == ERR_OK)
		outcome_put(c->h->outcome, OUTCOME_REASON, buf_text(&first),
		    buf_text(&second));
}

/* The bytes hash to the leaf, and are of the kind and class the row says. */
static int is_itself(const struct actlog_act *act)
{
	uint8_t leaf[ACTLOG_LEAF_LEN];
	char first[ACTLOG_KIND_MAX + 32];
	enum entry_kind kind;
	int len = snprintf(first, sizeof(first), "azukari-entry-%s v1\n",
	    act->kind);

	entry_leaf(act->entry, leaf);
	return memcmp(leaf, act->leaf, sizeof(leaf)) == 0 &&
	    act->entry.len > (size_t)len &&
	    memcmp(act->entry.data, first, (size_t)len) == 0 &&
	    entry_find(bytes_str(act->kind), &kind) == ERR_OK &&
	    (act->class_ == ACTLOG_STOP) ==
	    (entry_info(kind)->class == ENTRY_STOP);
}

static enum err check_logged(struct checking *c,
    const struct actlog_act *act)
{
	uint64_t i = act->ledger_index;
	uint8_t leaf[ACTLOG_LEAF_LEN];

	if (i >= c->ret->entries) {
		tell(c, act, "it is said to be logged, but the ledger ends before its entry",
		    "記載済みとされていますが、台帳はその前で終わっています");
		return ERR_OK;
	}
	RETURN_IF(log_leaf(c->log, i, leaf));
	if (memcmp(leaf, act->leaf, sizeof(leaf)) != 0)
		tell(c, act, "the ledger has another entry in its place",
		    "台帳のその位置には別の記載があります");
	else if ((c->claimed[i / 8] >> i % 8 & 1) != 0)
		tell(c, act, "its entry belongs to another act",
		    "その記載は別の操作のものです");
	c->claimed[i / 8] |= (uint8_t)(1u << i % 8);
	return ERR_OK;
}

static enum err keep_void(struct checking *c, const struct actlog_act *act)
{
	struct voids *v = &c->voids;
	size_t cap = v->cap == 0 ? 64 : v->cap * 2;
	uint8_t (*more)[ACTLOG_LEAF_LEN];

	if (v->len == v->cap) {
		more = realloc(v->leaves, cap * sizeof(*more));
		if (more == NULL)
			return ERR_NOMEM;
		v->leaves = more;
		v->cap = cap;
	}
	memcpy(v->leaves[v->len++], act->leaf, ACTLOG_LEAF_LEN);
	return ERR_OK;
}

static enum err check_act(void *ctx, const struct actlog_act *act)
{
	struct checking *c = ctx;

	c->ret->acts++;
	if (!is_itself(act))
		tell(c, act, "its row was changed: entry, kind and class do not belong together",
		    "行が書き換えられています。記載、種別、区分が一致しません");
	if (act->state == ACTLOG_LOGGED)
		return check_logged(c, act);
	if (act->state == ACTLOG_VOID)
		return keep_void(c, act);
	tell(c, act, "it still waits for the ledger",
	    "台帳への記載を待ったままです");
	return ERR_OK;
}

/* ---- the entries ---- */

static int by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, ACTLOG_LEAF_LEN);
}

static void tell_entry(struct checking *c, uint64_t index, int is_void)
{
	if (++c->ret->findings > RECONCILE_TOLD_MAX)
		return;
	if (is_void)
		outcome_add(c->h->outcome, OUTCOME_REASON,
		    "entry %llu is in the ledger, but its act is marked void",
		    "記載%lluは台帳にありますが、その操作は無効とされています",
		    (unsigned long long)index);
	else
		outcome_add(c->h->outcome, OUTCOME_REASON,
		    "entry %llu is in the ledger, but no store knows its act",
		    "記載%lluは台帳にありますが、その操作がどの保管庫にもありません",
		    (unsigned long long)index);
}

/* What nobody claimed. */
static enum err check_entries(struct checking *c)
{
	uint8_t leaf[ACTLOG_LEAF_LEN];

	if (c->voids.len > 0)
		qsort(c->voids.leaves, c->voids.len, ACTLOG_LEAF_LEN,
		    by_bytes);
	for (uint64_t i = 0; i < c->ret->entries; i++) {
		if ((c->claimed[i / 8] >> i % 8 & 1) != 0)
			continue;
		RETURN_IF(log_leaf(c->log, i, leaf));
		tell_entry(c, i, c->voids.len > 0 && bsearch(leaf,
		    c->voids.leaves, c->voids.len, ACTLOG_LEAF_LEN,
		    by_bytes) != NULL);
	}
	return ERR_OK;
}

/* ---- the whole ---- */

static enum err open_one(void *ctx, const struct register_owner *owner)
{
	struct checking *c = ctx;

	if (c->owners_len == OWNERS_MAX)
		return ERR_LIMIT;
	RETURN_IF(home_owner_open(c->h, owner->code,
	    &c->owners[c->owners_len]));
	c->owners_len++;
	return ERR_OK;
}

static enum err check_all(struct checking *c)
{
	char name[32];

	RETURN_IF(act_log_reader(c->h, &c->log));
	c->ret->entries = log_size(c->log);
	if ((c->claimed = calloc(c->ret->entries / 8 + 1, 1)) == NULL)
		return ERR_NOMEM;
	c->db = "gateway.db";
	RETURN_IF(actlog_each(register_db(c->h->reg), NULL, check_act, c));
	for (size_t i = 0; i < c->owners_len; i++) {
		(void)snprintf(name, sizeof(name), "owners/%s/vault.db",
		    c->owners[i]->code);
		c->db = name;
		RETURN_IF(actlog_each(store_db(c->owners[i]->store), NULL,
		    check_act, c));
	}
	return check_entries(c);
}

enum err reconcile_home(struct home *h, struct reconciled *ret)
{
	CLEANUP(checking_release) struct checking c = {.h = h, .ret = ret};
	CLEANUP(lock_cleanup) struct fs_lock acts = {0};

	*ret = (struct reconciled){0};
	/* Opening repairs, which is an act. */
	RETURN_IF(register_owner_each(h->reg, open_one, &c));
	RETURN_IF(act_hold(h, &acts));
	RETURN_IF(check_all(&c));
	if (ret->findings == 0)
		return ERR_OK;
	return outcome_refuse(h->outcome, ERR_CORRUPT,
	    "the stores and the ledger do not tell the same story (%llu differences): a store was changed, or put back alone from an old copy",
	    "保管庫と台帳が食い違っています（%llu件）。保管庫が書き換えられたか、古い写しから単独で戻されています",
	    (unsigned long long)ret->findings);
}
