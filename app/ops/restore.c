#include "app/ops/restore.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/act.h"
#include "app/epoch_open.h"
#include "app/ops/backup_set.h"
#include "app/ops/ledger.h"
#include "app/ops/plans.h"
#include "app/witnesses.h"
#include "core/clock.h"
#include "vault/register_plan.h"

#define OWNERS_MAX 47
#define KEY_MAX ((size_t)1 << 20)

/* ---- files ---- */

static enum err refuse_used(const char *dir, struct outcome *o)
{
	CLEANUP(fs_names_release) struct fs_names names = {0};
	enum err e = fs_list(dir, &names);

	if (e == ERR_NOT_FOUND || (e == ERR_OK && names.len == 0))
		return ERR_OK;
	RETURN_IF(e);
	return outcome_refuse(o, ERR_EXISTS,
	    "%s is not empty; a backup is never put over a home",
	    "%sは空ではありません。既存のホームの上には復旧できません", dir);
}

struct sets {
	struct backup_set s[2];
};

static void sets_release(struct sets *x)
{
	backup_set_release(&x->s[0]);
	backup_set_release(&x->s[1]);
}

static enum err refuse_mixed(const struct sets *x, struct outcome *o)
{
	char first[CLOCK_UTC_LEN + 1], second[CLOCK_UTC_LEN + 1];

	clock_format_utc(x->s[0].head.taken_unix_s, first);
	clock_format_utc(x->s[1].head.taken_unix_s, second);
	return outcome_refuse(o, ERR_ROLLBACK,
	    "the two sets are of different backups (%s and %s): an old copy of one store beside a newer one would bring back who was erased, or lose keys",
	    "2つの組は別々のバックアップのものです（%sと%s）。古い写しを新しいものと組み合わせると、消去した方が戻るか、鍵が失われます",
	    first, second);
}

static enum err check_sets(const struct sets *x, struct outcome *o)
{
	const struct backup_set_head *a = &x->s[0].head, *b = &x->s[1].head;

	if (a->kind == b->kind)
		return outcome_refuse(o, ERR_USAGE,
		    "give both sets of a backup: vault-… and erase-…",
		    "バックアップの2つの組（vault-… と erase-…）を指定してください");
	if (memcmp(a->id, b->id, sizeof(a->id)) != 0 ||
	    strcmp(a->origin, b->origin) != 0 ||
	    a->taken_unix_s != b->taken_unix_s ||
	    a->ledger_size != b->ledger_size ||
	    memcmp(a->ledger_root, b->ledger_root, DIGEST_LEN) != 0)
		return refuse_mixed(x, o);
	return ERR_OK;
}

static enum err copy_key(const char *from, const char *home)
{
	CLEANUP(buf_release) struct buf key = {0};
	char path[FS_PATH_MAX];

	RETURN_IF(fs_read_file(from, KEY_MAX, &key));
	RETURN_IF(fs_path(path, "%s/keys/gateway.key", home));
	return fs_write_new_file(path, bytes_buf(&key), 0600);
}

/* What a witness has seen: whatever is signed from now on must extend it. */
static enum err copy_seen(const char *seen, const char *home)
{
	CLEANUP(buf_release) struct buf note = {0};
	char path[FS_PATH_MAX];

	if (seen == NULL || strcmp(seen, "none") == 0)
		return ERR_OK;
	RETURN_IF(fs_read_file(seen, NOTE_MAX, &note));
	RETURN_IF(fs_path(path, "%s/witness", home));
	RETURN_IF(fs_mkdir_all(path, 0700));
	RETURN_IF(fs_path(path, "%s/witness/seen", home));
	return fs_write_file(path, bytes_buf(&note), 0600);
}

static enum err copy_sets(const struct restore_args *args,
    const struct sets *x, struct outcome *o)
{
	const struct backup_set *vault = &x->s[0];

	if (vault->head.kind != BACKUP_SET_VAULT)
		vault = &x->s[1];
	RETURN_IF(fs_mkdir_all(args->home, 0700));
	RETURN_IF(backup_set_copy(&x->s[0], args->home, &o->info));
	RETURN_IF(backup_set_copy(&x->s[1], args->home, &o->info));
	(void)snprintf(o->info.file, sizeof(o->info.file), "%.250s",
	    args->gateway_key);
	RETURN_IF(copy_key(args->gateway_key, args->home));
	if (args->seen != NULL)
		(void)snprintf(o->info.file, sizeof(o->info.file), "%.250s",
		    args->seen);
	RETURN_IF(copy_seen(args->seen, args->home));
	o->info.file[0] = '\0';
	return backup_set_copy_config(vault, args->home, &o->info);
}

enum err restore_undo(const char *home)
{
	return fs_remove_tree(home);
}

enum err restore_files(const struct restore_args *args, struct outcome *o,
    struct restore_result *ret)
{
	CLEANUP(sets_release) struct sets x = {0};
	enum err e;

	RETURN_IF(refuse_used(args->home, o));
	RETURN_IF(backup_set_open(args->sets[0], &x.s[0], &o->info));
	RETURN_IF(backup_set_open(args->sets[1], &x.s[1], &o->info));
	RETURN_IF(check_sets(&x, o));
	e = copy_sets(args, &x, o);
	if (e != ERR_OK) {
		enum err undone = restore_undo(args->home);

		return undone == ERR_OK ? e : undone;
	}
	*ret = (struct restore_result){
		.taken_unix_s = x.s[0].head.taken_unix_s,
		.ledger_size = x.s[0].head.ledger_size};
	memcpy(ret->ledger_root, x.s[0].head.ledger_root, DIGEST_LEN);
	return ERR_OK;
}

/* ---- do they belong together? ---- */

/* The ledger is the one that backup.txt says; opening may have added to it. */
static enum err check_root(struct home *h, struct log *log,
    const struct restore_result *result)
{
	uint8_t root[MERKLE_PROOF_HASH_LEN];

	if (log_size(log) < result->ledger_size)
		return outcome_refuse(h->outcome, ERR_ROLLBACK,
		    "the ledger has %llu entries, the backup was made at %llu",
		    "台帳は%llu件ですが、バックアップ時は%llu件でした",
		    (unsigned long long)log_size(log),
		    (unsigned long long)result->ledger_size);
	RETURN_IF(log_root(log, result->ledger_size, root));
	if (memcmp(root, result->ledger_root, sizeof(root)) == 0)
		return ERR_OK;
	return outcome_refuse(h->outcome, ERR_ROLLBACK,
	    "the first %llu entries of the ledger are not those of the backup",
	    "台帳の最初の%llu件が、バックアップ時のものではありません",
	    (unsigned long long)result->ledger_size);
}

static enum err check_ledger(struct home *h,
    const struct restore_result *result)
{
	CLEANUP(log_cleanup) struct log *log = NULL;
	CLEANUP(ledger_verified_release) struct ledger_verified v = {0};
	CLEANUP(outcome_release) struct outcome said = {0};
	struct ledger_verify_args args = {.home = h,
	    .now_unix_s = h->now_unix_s};
	char dir[FS_PATH_MAX];

	RETURN_IF(home_path(h, dir, "ledger"));
	RETURN_IF(act_log_reader(h, &log));
	RETURN_IF(check_root(h, log, result));
	args.dir = dir;
	args.log = log;
	if (ledger_verify(&args, &v, &said) == ERR_OK)
		return ERR_OK;
	return outcome_refuse(h->outcome, ERR_CORRUPT,
	    "the ledger of the backup does not hold against its own rules",
	    "バックアップの台帳は、自らの規則に照らして整合しません");
}

/* Acts that the ledger of this register does not have yet: an older register
 * and ledger beside a newer store. */
static enum err check_acts(struct owner *w, uint64_t size)
{
	uint64_t last = 0;
	enum err e = actlog_last_index(store_db(w->store), &last);

	if (e == ERR_NOT_FOUND || (e == ERR_OK && last < size))
		return ERR_OK;
	RETURN_IF(e);
	return outcome_refuse(w->home->outcome, ERR_ROLLBACK,
	    "gateway.db and ledger are older than owners/%s/vault.db, which has acts they do not know",
	    "gateway.db と台帳が owners/%s/vault.db より古く、そこにある記録を知りません",
	    w->code);
}

/* Every respondent has a place for a key. */
static enum err check_keys(struct owner *w)
{
	CLEANUP(erase_keys_release) struct erase_keys keys = {0};
	struct store_counts n;

	RETURN_IF(store_count(w->store, &n));
	RETURN_IF(erase_load(w->erase, &keys));
	if (keys.count >= n.respondents)
		return ERR_OK;
	return outcome_refuse(w->home->outcome, ERR_ROLLBACK,
	    "owners/%s/erase.db is older than vault.db: it lacks the keys of %llu respondents",
	    "owners/%s/erase.db が vault.db より古く、回答者%llu人分の鍵がありません",
	    w->code, (unsigned long long)(n.respondents - keys.count));
}

struct restoring {
	struct home *h;
	struct restore_result *result;
	char codes[OWNERS_MAX][3];
	size_t witnessed;               /* owners whose policy names some */
};

/* Owners are opened after the walk over them, as in a backup. */
static enum err add_owner(void *ctx, const struct register_owner *o)
{
	struct restoring *r = ctx;

	if (r->result->owners == OWNERS_MAX)
		return ERR_LIMIT;
	memcpy(r->codes[r->result->owners++], o->code, 3);
	return ERR_OK;
}

/* To the last page, and what no page tells alone: numbers, tags, roots. */
static enum err check_whole(struct owner *w)
{
	enum err e = store_check(w->store);

	if (e == ERR_OK)
		e = db_check_all_pages(erase_db(w->erase));
	if (e != ERR_CORRUPT)
		return e;
	return outcome_refuse(w->home->outcome, e,
	    "the stores of owner %s in this backup are damaged: take an older backup",
	    "このバックアップにある所有者%sの保管庫は壊れています。別の古いバックアップを使ってください",
	    w->code);
}

static enum err check_owner(struct restoring *r, const char *code)
{
	CLEANUP(home_owner_cleanup) struct owner *w = NULL;
	enum err e = home_owner_open(r->h, code, &w);

	if (e == ERR_ROLLBACK || e == ERR_MISMATCH)
		return outcome_refuse(r->h->outcome, ERR_ROLLBACK,
		    "the stores of owner %s do not belong together: one of them is an older copy",
		    "所有者%sの保管庫が互いに対応しません。どれかが古い写しです",
		    code);
	RETURN_IF(e);
	RETURN_IF(check_acts(w, r->result->ledger_size));
	RETURN_IF(check_keys(w));
	return check_whole(w);
}

/* ---- what a backup cannot bring back ---- */

struct live {
	char (*ids)[REGISTER_NAME_MAX + 1];
	size_t len;
};

static void live_release(struct live *l)
{
	free(l->ids);
}

static enum err add_live(void *ctx, const struct register_plan *p)
{
	struct live *l = ctx;
	void *ids;

	if (p->state != REGISTER_PLAN_FROZEN &&
	    p->state != REGISTER_PLAN_STARTED)
		return ERR_OK;
	ids = reallocarray(l->ids, l->len + 1, sizeof(l->ids[0]));
	if (ids == NULL)
		return ERR_NOMEM;
	l->ids = ids;
	(void)snprintf(l->ids[l->len++], sizeof(l->ids[0]), "%s", p->id);
	return ERR_OK;
}

static enum err end_plans(struct restoring *r)
{
	CLEANUP(live_release) struct live l = {0};
	struct home *h = r->h;

	RETURN_IF(register_plan_each(h->reg, NULL, 0, add_live, &l));
	for (size_t i = 0; i < l.len; i++) {
		RETURN_IF(plans_end(h, l.ids[i], "abandoned"));
		outcome_add(h->outcome, OUTCOME_WARNING,
		    "%s has ended: what was released to it is never in a backup; freeze a new plan",
		    "%sは終了しました。開示された鍵はバックアップに入りません。新しい計画を確定してください",
		    l.ids[i]);
	}
	r->result->plans_ended = l.len;
	return ERR_OK;
}

static enum err close_epochs(struct restoring *r, const char *code)
{
	CLEANUP(home_owner_cleanup) struct owner *w = NULL;
	size_t closed = 0;

	RETURN_IF(home_owner_open(r->h, code, &w));
	RETURN_IF(epoch_close_abandoned(w, &closed));
	r->result->epochs_closed += closed;
	return ERR_OK;
}

static enum err log_restore(struct home *h)
{
	CLEANUP(act_abort) struct act a = {0};
	struct entry_writer entry;
	int64_t act;

	RETURN_IF(act_begin(h, register_db(h->reg), &a));
	act_entry(&a, ENTRY_RESTORE, NULL, &entry);
	entry_put(&entry, "what", "all-stores");
	RETURN_IF(act_entry_end(&a, &entry, &act));
	return act_commit(&a);
}

static void tell(struct home *h, const struct restore_result *r)
{
	char taken[CLOCK_UTC_LEN + 1];

	clock_format_utc(r->taken_unix_s, taken);
	outcome_add(h->outcome, OUTCOME_DONE,
	    "%s is restored as it was at %s: %zu owners, every store encrypted and whole",
	    "%sを%s時点の状態に復旧しました。所有者%zu、すべての保管庫は暗号化され、損傷はありません",
	    h->dir, taken, r->owners);
	outcome_add(h->outcome, OUTCOME_WARNING,
	    "what came after %s is lost. Withdrawals first: enter every one since then again, before anything else; then send answers and consents again",
	    "%sより後のことは失われています。まず、それ以後の撤回をすべて入れ直してください。その後で回答と同意を送り直してください",
	    taken);
	outcome_add(h->outcome, OUTCOME_WARNING,
	    "the ledger went on from %llu entries: officers and witnesses who have seen more of it will refuse it, and must be told",
	    "台帳は%llu件から続きます。それより多くの記載を見た保管官と立会人はこの台帳を拒否するため、知らせる必要があります",
	    (unsigned long long)r->ledger_size);
	if (r->epochs_closed > 0)
		outcome_add(h->outcome, OUTCOME_WARNING,
		    "%zu epochs were open and are closed; what they had taken in by then is kept",
		    "開いていた期間%zuを閉じました。それまでに受け入れたものは残っています",
		    r->epochs_closed);
}

static enum err count_witnesses(void *ctx, const struct register_owner *o)
{
	CLEANUP(witness_set_release) struct witness_set s = {0};
	struct restoring *r = ctx;
	enum err e = witness_set_of_owner(r->h, o->code, &s);

	r->witnessed += e == ERR_OK;
	return e == ERR_NOT_FOUND ? ERR_OK : e;
}

/* A ledger that goes on from before what a witness has cosigned contradicts
 * it for good. */
static enum err check_seen(struct restoring *r,
    const struct restore_args *args)
{
	RETURN_IF(register_owner_each(r->h->reg, count_witnesses, r));
	if (r->witnessed == 0 || args->seen != NULL)
		return ERR_OK;
	return outcome_refuse(r->h->outcome, ERR_STATE,
	    "a policy here names witnesses: ask one for its file `state` and give it with --seen FILE (`none` where nobody has cosigned yet); a ledger that goes on from before what they have seen contradicts it for good",
	    "方針が立会人を定めています。立会人の state ファイルを --seen FILE で指定してください（まだ誰も副署していなければ none）。立会人が見た時点より前から台帳を続けると、以後ずっと矛盾したままになります");
}

enum err restore_finish(struct home *h, const struct restore_args *args,
    struct restore_result *ret)
{
	struct restoring r = {.h = h, .result = ret};

	RETURN_IF(check_seen(&r, args));
	RETURN_IF(check_ledger(h, ret));
	RETURN_IF(db_check_all_pages(register_db(h->reg)));
	RETURN_IF(register_owner_each(h->reg, add_owner, &r));
	for (size_t i = 0; i < ret->owners; i++)
		RETURN_IF(check_owner(&r, r.codes[i]));
	RETURN_IF(log_restore(h));
	RETURN_IF(end_plans(&r));
	for (size_t i = 0; i < ret->owners; i++)
		RETURN_IF(close_epochs(&r, r.codes[i]));
	tell(h, ret);
	return ERR_OK;
}
