#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "app/act.h"
#include "app/erase.h"
#include "app/home.h"

static enum err keys_dir(const struct home *h, char ret[FS_PATH_MAX])
{
	return home_path(h, ret, "keys");
}

static enum err ensure_keys(struct home *h, const char *code)
{
	char dir[FS_PATH_MAX];
	CLEANUP(erase_key_release) struct erase_key key = {0};
	enum err e;

	if (gateway_key_vault_key(h->keys, code) == NULL) {
		RETURN_IF(gateway_key_add_owner(h->keys, code));
		RETURN_IF(home_write_keys(h));
	}
	RETURN_IF(keys_dir(h, dir));
	RETURN_IF(erase_key_new(code, h->now_unix_s, &key));
	e = erase_key_write(h->keys, dir, ERASE_KEY_CURRENT, &key);
	return e == ERR_EXISTS ? ERR_OK : e;
}

static enum err open_store(struct home *h, const char *code,
    enum db_open_mode mode, struct store **ret)
{
	char path[FS_PATH_MAX];

	RETURN_IF(home_path(h, path, "owners/%s/vault.db", code));
	return home_store_fault(h, store_open(path, mode,
	    gateway_key_vault_key(h->keys, code), code, ret),
	    "owners/%s/vault.db", code);
}

static enum err create_erase(struct home *h, struct store *store,
    const struct erase_key *key)
{
	CLEANUP(act_abort) struct act a = {0};
	CLEANUP(erase_cleanup) struct erase *erase = NULL;
	char path[FS_PATH_MAX];
	struct erase_open_args args = {.path = path, .mode = DB_CREATE,
	    .key = key->key, .store = store};
	int which;

	RETURN_IF(home_path(h, path, "owners/%s/erase.db", key->owner));
	RETURN_IF(act_data_begin(h, store_db(store), &a));
	RETURN_IF(erase_open(&args, &erase, &which));
	return act_data_commit(&a);
}

/* A folder without a registered owner is a crashed creation, or the register
 * is an old copy: whatever it is, it is put aside and never deleted. */
static enum err put_aside(struct home *h, const char *path)
{
	char aside[FS_PATH_MAX];

	if (!fs_exists(path))
		return ERR_OK;
	RETURN_IF(fs_path(aside, "%s.aside-%lld", path,
	    (long long)h->now_unix_s));
	outcome_add(h->outcome, OUTCOME_WARNING,
	    "%s was there but not registered; it was put aside as %s",
	    "%sは登録のないまま存在していたため、%sに退避しました", path,
	    aside);
	return fs_rename(path, aside);
}

enum err home_owner_create(struct home *h, const char *code)
{
	CLEANUP(store_cleanup) struct store *store = NULL;
	CLEANUP(erase_key_release) struct erase_key key = {0};
	struct register_owner known;
	char path[FS_PATH_MAX], keys[FS_PATH_MAX];
	enum err e = register_owner_get(h->reg, code, &known);

	if (e != ERR_NOT_FOUND)
		return e == ERR_OK ? ERR_EXISTS : e;
	RETURN_IF(home_path(h, path, "owners/%s", code));
	RETURN_IF(put_aside(h, path));
	RETURN_IF(fs_mkdir_all(path, 0700));
	RETURN_IF(home_path(h, path, "owners/%s/recovery", code));
	RETURN_IF(fs_mkdir_all(path, 0700));
	RETURN_IF(ensure_keys(h, code));
	RETURN_IF(keys_dir(h, keys));
	RETURN_IF(erase_key_read(h->keys, keys, ERASE_KEY_CURRENT, code, &key));
	RETURN_IF(open_store(h, code, DB_CREATE, &store));
	return create_erase(h, store, &key);
}

void home_owner_close(struct owner *w)
{
	if (w == NULL)
		return;
	erase_close(w->erase);
	store_close(w->store);
	erase_key_release(&w->erase_key);
	free(w);
}

void home_owner_cleanup(struct owner **w)
{
	home_owner_close(*w);
}

/* Differs once another process has promoted a key (a rename). */
static enum err key_stamp(const struct owner *w, uint64_t *ret)
{
	char path[FS_PATH_MAX];
	struct stat st;

	RETURN_IF(home_path(w->home, path, "keys/erase-%s.key", w->code));
	if (stat(path, &st) != 0)
		return home_store_fault(w->home, fs_error(errno),
		    "keys/erase-%s.key", w->code);
	*ret = (uint64_t)st.st_ino * 1000003U ^
	    (uint64_t)st.st_mtim.tv_sec * 1000000000U ^
	    (uint64_t)st.st_mtim.tv_nsec;
	return ERR_OK;
}

/* Opens erase.db with the key in use or, after a crash in a rotation, the
 * next one; and settles which of both stays. */
static enum err open_erase(struct owner *w)
{
	CLEANUP(erase_key_release) struct erase_key next = {0};
	struct home *h = w->home;
	char dir[FS_PATH_MAX], path[FS_PATH_MAX];
	struct erase_open_args args = {.path = path, .mode = DB_OPEN,
	    .store = w->store};
	int which = 0;
	enum err e;

	RETURN_IF(keys_dir(h, dir));
	RETURN_IF(home_path(h, path, "owners/%s/erase.db", w->code));
	RETURN_IF(home_store_fault(h, erase_key_read(h->keys, dir,
	    ERASE_KEY_CURRENT, w->code, &w->erase_key), "keys/erase-%s.key",
	    w->code));
	e = erase_key_read(h->keys, dir, ERASE_KEY_NEXT, w->code, &next);
	if (e != ERR_OK && e != ERR_NOT_FOUND)
		return e;
	args.key = w->erase_key.key;
	args.next = next.key;
	e = erase_open(&args, &w->erase, &which);
	if (e == ERR_DECRYPT && w->erase_key.generation > 1)
		return outcome_refuse(h->outcome, ERR_ROLLBACK,
		    "owners/%s/erase.db does not open with the key in use: it is an old copy, from before an erasure, or damaged",
		    "owners/%s/erase.db は現在の鍵で開けません。消去より前の古い写しか、壊れています",
		    w->code);
	if (e == ERR_ROLLBACK)
		return outcome_refuse(h->outcome, e,
		    "owners/%s/erase.db is an old copy, from before an erasure",
		    "owners/%s/erase.db は消去より前の古い写しです", w->code);
	RETURN_IF(home_store_fault(h, e, "owners/%s/erase.db", w->code));
	if (which == 0) {
		RETURN_IF(erase_key_drop_next(dir, w->code));
		return key_stamp(w, &w->key_stamp);
	}
	RETURN_IF(erase_key_promote(dir, w->code));
	erase_key_release(&w->erase_key);
	w->erase_key = next;
	next = (struct erase_key){0};
	return key_stamp(w, &w->key_stamp);
}

enum err home_owner_renew(struct owner *w)
{
	uint64_t now;

	RETURN_IF(key_stamp(w, &now));
	if (now == w->key_stamp)
		return ERR_OK;
	erase_close(TAKE(w->erase));
	erase_key_release(&w->erase_key);
	w->erase_key = (struct erase_key){0};
	return open_erase(w);
}

enum err home_owner_known(struct home *h, const char *code,
    struct register_owner *ret)
{
	enum err e;

	if (strlen(code) != 2)
		return outcome_refuse(h->outcome, ERR_NOT_FOUND,
		    "an owner is two digits, 01 to 47",
		    "所有者は01から47までの2桁で指定してください");
	e = register_owner_get(h->reg, code, ret);
	if (e == ERR_NOT_FOUND)
		return outcome_refuse(h->outcome, e,
		    "owner %s is not enrolled here; see: azukari owner add",
		    "所有者%sは登録されていません。azukari owner add を見てください",
		    code);
	return e;
}

/* The register knows how many acts this store had (app/act.c). */
static enum err refuse_old_store(struct owner *w)
{
	enum err e = register_seen_check(w->home->reg, w->code,
	    store_db(w->store));

	if (e == ERR_ROLLBACK)
		return outcome_refuse(w->home->outcome, e,
		    "owners/%s/vault.db is an older copy than the one used last; a backup is put back as a whole (gateway.db, ledger, vault.db), with the latest erase.db and its key",
		    "owners/%s/vault.db は前回使われたものより古い写しです。復旧するときは gateway.db、ledger、vault.db をまとめて戻し、erase.db とその鍵は最新のものを使ってください",
		    w->code);
	return e == ERR_NOT_FOUND ? ERR_OK : e;
}

static enum err open_known_store(struct owner *w)
{
	enum err e = open_store(w->home, w->code, DB_OPEN, &w->store);

	if (e == ERR_UNSUPPORTED)
		return outcome_refuse(w->home->outcome, e,
		    "owners/%s/vault.db was made by a newer version of Azukari, which this one does not read",
		    "owners/%s/vault.db はより新しい版の Azukari が作ったもので、この版では読めません",
		    w->code);
	return e;
}

/* ---- a store of an earlier version ---- */

static enum err complete_text(void *ctx, const struct register_document *doc)
{
	return store_text_complete(ctx, doc->sha256);
}

/* A store of schema 1 knew half the digest of a text; lines with any but a
 * registered one were never taken in. */
static enum err complete_texts(struct owner *w)
{
	CLEANUP(act_abort) struct act a = {0};
	const struct register_query texts = {.kind = REGISTER_CONSENT_TEXT,
	    .owner = w->code};
	uint64_t halves;

	RETURN_IF(store_text_halves(w->store, &halves));
	if (halves == 0)
		return ERR_OK;
	RETURN_IF(act_data_begin(w->home, store_db(w->store), &a));
	RETURN_IF(register_document_each(w->home->reg, &texts, complete_text,
	    w->store));
	return act_data_commit(&a);
}

static void tell_migration(struct owner *w)
{
	if (db_was_migrated(store_db(w->store)) ||
	    db_was_migrated(erase_db(w->erase)))
		outcome_add(w->home->outcome, OUTCOME_WARNING,
		    "the stores of owner %s were made by an earlier version and have been brought up to date; no answer was opened for it",
		    "所有者%sの保管庫は以前の版で作られていたため、現在の形式に改めました。回答は開いていません",
		    w->code);
}

/* Has an erasure or a new key been left half-way?  Under the lock nobody is
 * about to do either. */
static enum err is_half_way(struct owner *w, int *ret)
{
	char path[FS_PATH_MAX];
	uint64_t confirmed, intended;

	RETURN_IF(home_path(w->home, path, "keys/erase-%s.key.next", w->code));
	RETURN_IF(store_erasure_get(w->store, &confirmed, &intended));
	*ret = fs_exists(path) || confirmed != intended;
	return ERR_OK;
}

/* Not between the pages of an erasure and the key they are under. */
static enum err open_keys(struct owner *w)
{
	CLEANUP(fs_lock_release) struct fs_lock lock = {0};
	int half_way = 0;

	RETURN_IF(erase_lock_share(w->home, w->code, &lock));
	RETURN_IF(is_half_way(w, &half_way));
	if (half_way) {
		fs_lock_release(&lock);
		RETURN_IF(erase_lock(w->home, w->code, &lock));
	}
	RETURN_IF(open_erase(w));
	return erase_repair(w);
}

static enum err open_owner(struct owner *w)
{
	RETURN_IF(open_known_store(w));
	RETURN_IF(refuse_old_store(w));
	RETURN_IF(act_repair(w->home, store_db(w->store)));
	RETURN_IF(complete_texts(w));
	RETURN_IF(open_keys(w));
	tell_migration(w);
	return ERR_OK;
}

enum err home_owner_open(struct home *h, const char *code, struct owner **ret)
{
	CLEANUP(home_owner_cleanup) struct owner *w = calloc(1, sizeof(*w));
	struct register_owner known;

	if (w == NULL)
		return ERR_NOMEM;
	w->home = h;
	RETURN_IF(home_owner_known(h, code, &known));
	memcpy(w->code, code, 3);
	RETURN_IF(open_owner(w));
	*ret = TAKE(w);
	return ERR_OK;
}
