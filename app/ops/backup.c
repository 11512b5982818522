#include "app/ops/backup.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "app/act.h"

#define COPY_MAX ((size_t)64 << 20)     /* one file of keys or of the ledger */

struct backup {
	struct home *h;
	char vault[FS_PATH_MAX], erase[FS_PATH_MAX];
};

/* ---- plain files ---- */

static enum err copy_file(const char *from, const char *to)
{
	CLEANUP(buf_release) struct buf bytes = {0};

	RETURN_IF(fs_read_file(from, COPY_MAX, &bytes));
	return fs_write_new_file(to, bytes_buf(&bytes), 0600);
}

static enum err copy_tree(const char *from, const char *to);

static enum err copy_name(const char *from, const char *to, const char *name)
{
	char source[FS_PATH_MAX], target[FS_PATH_MAX];
	struct stat st;

	RETURN_IF(fs_path(source, "%s/%s", from, name));
	RETURN_IF(fs_path(target, "%s/%s", to, name));
	if (lstat(source, &st) != 0)
		return ERR_IO;
	if (S_ISDIR(st.st_mode))
		return copy_tree(source, target);
	return S_ISREG(st.st_mode) ? copy_file(source, target) : ERR_REFUSED;
}

/* Folders of ours are few levels deep: the ledger's tiles, recovery/. */
static enum err copy_tree(const char *from, const char *to)
{
	CLEANUP(fs_names_release) struct fs_names names = {0};

	RETURN_IF(fs_mkdir_all(to, 0700));
	RETURN_IF(fs_list(from, &names));
	for (size_t i = 0; i < names.len; i++)
		RETURN_IF(copy_name(from, to, names.names[i]));
	return ERR_OK;
}

static enum err copy_home_tree(struct home *h, const char *to,
    const char *name)
{
	char from[FS_PATH_MAX], target[FS_PATH_MAX];

	RETURN_IF(home_path(h, from, "%s", name));
	RETURN_IF(fs_path(target, "%s/%s", to, name));
	return copy_tree(from, target);
}

/* ---- databases ---- */

static enum err copy_db(struct db *db, const char *folder, const char *name)
{
	char path[FS_PATH_MAX];

	RETURN_IF(fs_path(path, "%s/%s", folder, name));
	return db_copy_to(db, path);
}

/* Not inlined: paths are large, and the caller has some of its own. */
__attribute__((noinline)) static enum err copy_erase_key(struct backup *b, const char *code)
{
	char from[FS_PATH_MAX], to[FS_PATH_MAX];

	RETURN_IF(home_path(b->h, from, "keys/erase-%s.key", code));
	RETURN_IF(fs_path(to, "%s/keys/erase-%s.key", b->erase, code));
	return copy_file(from, to);
}

static enum err copy_owner(void *ctx, const struct register_owner *o)
{
	struct backup *b = ctx;
	CLEANUP(home_owner_cleanup) struct owner *w = NULL;
	char vault[FS_PATH_MAX], erase[FS_PATH_MAX], name[32];

	RETURN_IF(home_owner_open(b->h, o->code, &w));
	RETURN_IF(fs_path(vault, "%s/owners/%s", b->vault, o->code));
	RETURN_IF(fs_path(erase, "%s/owners/%s", b->erase, o->code));
	RETURN_IF(fs_mkdir_all(vault, 0700));
	RETURN_IF(fs_mkdir_all(erase, 0700));
	RETURN_IF(copy_db(store_db(w->store), vault, "vault.db"));
	RETURN_IF(copy_db(erase_db(w->erase), erase, "erase.db"));
	RETURN_IF(copy_erase_key(b, o->code));
	(void)snprintf(name, sizeof(name), "owners/%s/recovery", o->code);
	return copy_home_tree(b->h, b->vault, name);
}

/* ---- the act ---- */

static enum err log_backup(struct home *h)
{
	CLEANUP(act_abort) struct act a = {0};
	struct entry_writer entry;
	int64_t act;

	RETURN_IF(act_begin(h, register_db(h->reg), &a));
	act_entry(&a, ENTRY_BACKUP, NULL, &entry);
	entry_put(&entry, "what", "all-stores");
	RETURN_IF(act_entry_end(&a, &entry, &act));
	return act_commit(&a);
}

static enum err make_folder(char ret[FS_PATH_MAX], const char *dir,
    const char *kind, int64_t at)
{
	RETURN_IF(fs_path(ret, "%s/%s-%lld", dir, kind, (long long)at));
	RETURN_IF(fs_mkdir(ret, 0700));
	return ERR_OK;
}

__attribute__((noinline)) static enum err make_keys_folder(
    const struct backup *b)
{
	char keys[FS_PATH_MAX];

	RETURN_IF(fs_path(keys, "%s/keys", b->erase));
	return fs_mkdir(keys, 0700);
}

/* The register first: what it has seen of stores and ledger is then never
 * newer than their copies.  The ledger must be exactly its own, so a copy in
 * which another act came between is refused. */
__attribute__((noinline)) static enum err copy_common(struct backup *b)
{
	struct register_signed before, after;
	CLEANUP(buf_release) struct buf note = {0};
	CLEANUP(buf_release) struct buf again = {0};

	RETURN_IF(register_signed_get(b->h->reg, &before, &note));
	RETURN_IF(copy_db(register_db(b->h->reg), b->vault, "gateway.db"));
	RETURN_IF(copy_home_tree(b->h, b->vault, "ledger"));
	RETURN_IF(register_signed_get(b->h->reg, &after, &again));
	return before.size == after.size ? ERR_OK : ERR_CHANGED;
}

enum err backup_make(struct home *h, const char *dir)
{
	struct backup b = {.h = h};

	RETURN_IF(log_backup(h));
	RETURN_IF(fs_mkdir_all(dir, 0700));
	RETURN_IF(make_folder(b.vault, dir, "vault", h->now_unix_s));
	RETURN_IF(make_folder(b.erase, dir, "erase", h->now_unix_s));
	RETURN_IF(make_keys_folder(&b));
	RETURN_IF(copy_common(&b));
	RETURN_IF(register_owner_each(h->reg, copy_owner, &b));
	outcome_add(h->outcome, OUTCOME_DONE,
	    "%s and %s: keep them apart, and keep no erase folder longer than the policy says",
	    "%sと%s：別々に保管し、erase の方は方針の日数を超えて保管しないでください",
	    b.vault, b.erase);
	return ERR_OK;
}
