#include "app/ops/backup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "app/act.h"
#include "app/erase.h"
#include "app/ops/backup_set.h"

#define COPY_MAX ((size_t)64 << 20)     /* one file of keys or of the ledger */

#define OWNERS_MAX 47

/* An owner while it is copied: nothing of it is erased meanwhile, and its
 * store is read as it stood when no act was under way. */
struct part {
	char code[3];
	struct owner *w;
	struct fs_lock lock;
	struct db_snapshot snapshot;
};

struct backup {
	struct home *h;
	char vault[FS_PATH_MAX], erase[FS_PATH_MAX];
	struct backup_set_head head;
	struct part parts[OWNERS_MAX];
	size_t len;
};

static void backup_free(struct backup **b)
{
	for (size_t i = 0; *b != NULL && i < (*b)->len; i++) {
		struct part *p = &(*b)->parts[i];

		if (p->snapshot.db != NULL)
			db_snapshot_end(&p->snapshot);
		fs_lock_release(&p->lock);
		home_owner_close(p->w);
	}
	free(*b);
}

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
		if (strcmp(names.names[i], "lock") != 0)
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
__attribute__((noinline)) static enum err copy_erase_key(struct backup *b,
    const char *code)
{
	char from[FS_PATH_MAX], to[FS_PATH_MAX];

	RETURN_IF(home_path(b->h, from, "keys/erase-%s.key", code));
	RETURN_IF(fs_path(to, "%s/keys/erase-%s.key", b->erase, code));
	return copy_file(from, to);
}

/* vault.db before erase.db: a respondent's key is durable before a record uses
 * it, so every record of the copy has its key. */
static enum err copy_owner(struct backup *b, struct part *p)
{
	char vault[FS_PATH_MAX], erase[FS_PATH_MAX], name[32];
	const char *code = p->w->code;

	RETURN_IF(fs_path(vault, "%s/owners/%s", b->vault, code));
	RETURN_IF(fs_path(erase, "%s/owners/%s", b->erase, code));
	RETURN_IF(fs_mkdir_all(vault, 0700));
	RETURN_IF(fs_mkdir_all(erase, 0700));
	RETURN_IF(copy_db(store_db(p->w->store), vault, "vault.db"));
	db_snapshot_end(&p->snapshot);
	p->snapshot.db = NULL;
	RETURN_IF(copy_db(erase_db(p->w->erase), erase, "erase.db"));
	RETURN_IF(copy_erase_key(b, code));
	(void)snprintf(name, sizeof(name), "owners/%s/recovery", code);
	return copy_home_tree(b->h, b->vault, name);
}

/* ---- holding still ---- */

static enum err add_code(void *ctx, const struct register_owner *o)
{
	struct backup *b = ctx;

	if (b->len == OWNERS_MAX)
		return ERR_LIMIT;
	memcpy(b->parts[b->len++].code, o->code, 3);
	return ERR_OK;
}

/* Opened one after the other and not within the walk: a statement that still
 * reads would show the ledger's state as it was when the walk began. */
static enum err hold_erasures(struct backup *b)
{
	RETURN_IF(register_owner_each(b->h->reg, add_code, b));
	for (size_t i = 0; i < b->len; i++) {
		struct part *p = &b->parts[i];

		RETURN_IF(home_owner_open(b->h, p->code, &p->w));
		RETURN_IF(erase_lock_share(b->h, p->code, &p->lock));
		RETURN_IF(home_owner_renew(p->w));
	}
	return ERR_OK;
}

/* While no act can begin: the register, the ledger exactly as the register
 * knows it, and every store pinned.  What comes afterwards is not in it. */
static enum err copy_common(struct backup *b)
{
	CLEANUP(fs_lock_release) struct fs_lock acts = {0};
	CLEANUP(buf_release) struct buf note = {0};
	struct register_signed s;

	RETURN_IF(act_hold(b->h, &acts));
	for (size_t i = 0; i < b->len; i++)
		RETURN_IF(db_snapshot_begin(store_db(b->parts[i].w->store),
		    &b->parts[i].snapshot));
	RETURN_IF(register_signed_get(b->h->reg, &s, &note));
	b->head.ledger_size = s.size;
	memcpy(b->head.ledger_root, s.root, sizeof(b->head.ledger_root));
	RETURN_IF(copy_db(register_db(b->h->reg), b->vault, "gateway.db"));
	return copy_home_tree(b->h, b->vault, "ledger");
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

__attribute__((noinline)) static enum err copy_config(struct backup *b)
{
	char from[FS_PATH_MAX], to[FS_PATH_MAX];

	RETURN_IF(home_path(b->h, from, "config.json"));
	RETURN_IF(fs_path(to, "%s/config.json", b->vault));
	return copy_file(from, to);
}

/* The lists, last: what has none is no backup. */
static enum err close_sets(struct backup *b)
{
	struct err_info *info = &b->h->outcome->info;
	struct backup_set_head *head = &b->head;

	(void)snprintf(head->origin, sizeof(head->origin), "%s",
	    gateway_key_origin(b->h->keys));
	head->taken_unix_s = b->h->now_unix_s;
	secret_random(head->id, sizeof(head->id));
	head->kind = BACKUP_SET_VAULT;
	RETURN_IF(backup_set_close(b->vault, head, info));
	head->kind = BACKUP_SET_ERASE;
	return backup_set_close(b->erase, head, info);
}

static enum err copy_all(struct backup *b)
{
	RETURN_IF(copy_config(b));
	RETURN_IF(hold_erasures(b));
	RETURN_IF(copy_common(b));
	for (size_t i = 0; i < b->len; i++)
		RETURN_IF(copy_owner(b, &b->parts[i]));
	return close_sets(b);
}

enum err backup_make(struct home *h, const char *dir)
{
	CLEANUP(backup_free) struct backup *b = calloc(1, sizeof(*b));

	if (b == NULL)
		return ERR_NOMEM;
	b->h = h;
	RETURN_IF(log_backup(h));
	(void)snprintf(h->outcome->info.file, sizeof(h->outcome->info.file),
	    "%s", dir);
	RETURN_IF(fs_mkdir_all(dir, 0700));
	h->outcome->info.file[0] = '\0';
	RETURN_IF(make_folder(b->vault, dir, "vault", h->now_unix_s));
	RETURN_IF(make_folder(b->erase, dir, "erase", h->now_unix_s));
	RETURN_IF(make_keys_folder(b));
	RETURN_IF(copy_all(b));
	outcome_add(h->outcome, OUTCOME_DONE,
	    "%s and %s: keep them apart, and keep no erase folder longer than the policy says",
	    "%sと%s：別々に保管し、erase の方は方針の日数を超えて保管しないでください",
	    b->vault, b->erase);
	return ERR_OK;
}
