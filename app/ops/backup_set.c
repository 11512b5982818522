#include "app/ops/backup_set.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/encode.h"
#include "exporters/tar.h"

#define PIECE ((size_t)256 << 10)
#define CONFIG "config.json"
#define LIST_MAX ((size_t)2 << 20)

static const struct text_schema schema = {"backup", (const char *const[]){
	"set", "id", "origin", "taken", "ledger-size", "ledger-root",
	"file-#", NULL}};
static const char *const kind_words[] = {"vault", "erase"};

/* ---- listing ---- */

struct listing {
	const char *dir;
	struct text_writer *w;
	size_t len;
};

static enum err list_file(struct listing *l, const char *path,
    const char *name)
{
	char hex[DIGEST_HEX_LEN + 1], line[TAR_NAME_MAX + sizeof(hex) + 2];
	uint8_t sha256[DIGEST_LEN];

	RETURN_IF(digest_sha256_file(path, sha256, NULL));
	digest_to_hex(sha256, hex);
	(void)snprintf(line, sizeof(line), "%s %s", hex, name);
	text_put_run(l->w, "file-#", l->len++, line);
	return ERR_OK;
}

static enum err list_folder(struct listing *l, const char *inside);

static enum err list_name(struct listing *l, const char *inside,
    const char *item)
{
	char path[FS_PATH_MAX], name[TAR_NAME_MAX + 1];
	struct stat st;

	if (snprintf(name, sizeof(name), "%s%s%s", inside,
	    inside[0] == '\0' ? "" : "/", item) >= (int)sizeof(name))
		return ERR_LIMIT;
	RETURN_IF(fs_path(path, "%s/%s", l->dir, name));
	if (lstat(path, &st) != 0)
		return fs_error(errno);
	if (S_ISDIR(st.st_mode))
		return list_folder(l, name);
	return S_ISREG(st.st_mode) ? list_file(l, path, name) : ERR_REFUSED;
}

static enum err list_folder(struct listing *l, const char *inside)
{
	CLEANUP(fs_names_release) struct fs_names names = {0};
	char path[FS_PATH_MAX];

	RETURN_IF(fs_path(path, "%s/%s", l->dir, inside));
	RETURN_IF(fs_list(path, &names));
	for (size_t i = 0; i < names.len; i++)
		RETURN_IF(list_name(l, inside, names.names[i]));
	return ERR_OK;
}

enum err backup_set_close(const char *dir,
    const struct backup_set_head *head, struct err_info *info)
{
	CLEANUP(buf_release) struct buf text = {.max = LIST_MAX};
	struct text_writer w;
	struct listing l = {.dir = dir, .w = &w};
	char path[FS_PATH_MAX];

	text_begin(&w, &schema, &text);
	text_put(&w, "set", kind_words[head->kind]);
	text_put_hex(&w, "id", head->id, sizeof(head->id));
	text_put(&w, "origin", head->origin);
	text_put_time(&w, "taken", head->taken_unix_s);
	text_put_uint(&w, "ledger-size", head->ledger_size);
	text_put_hex(&w, "ledger-root", head->ledger_root,
	    sizeof(head->ledger_root));
	RETURN_IF(list_folder(&l, ""));
	RETURN_IF(text_end(&w, info));
	RETURN_IF(fs_path(path, "%s/" BACKUP_SET_LIST, dir));
	return fs_write_new_file(path, bytes_buf(&text), 0600);
}

/* ---- reading ---- */

void backup_set_release(struct backup_set *s)
{
	text_free(TAKE(s->text));
}

static int begins(const char *name, const char *with)
{
	return strncmp(name, with, strlen(with)) == 0;
}

/* What follows `${before}NN`; NULL when it does not begin so. */
static const char *of_owner(const char *name, const char *before)
{
	size_t len = strlen(before);

	if (!begins(name, before) || strspn(name + len, "0123456789") != 2)
		return NULL;
	return name + len + 2;
}

static int is(const char *name, const char *word)
{
	return name != NULL && strcmp(name, word) == 0;
}

/* The erase store, its key and the vault never lie in one set. */
static int belongs(enum backup_set_kind kind, const char *name)
{
	const char *rest = of_owner(name, "owners/");

	if (kind == BACKUP_SET_ERASE)
		return is(of_owner(name, "keys/erase-"), ".key") ||
		    is(rest, "/erase.db");
	return is(name, "gateway.db") || is(name, CONFIG) ||
	    begins(name, "ledger/") || is(rest, "/vault.db") ||
	    (rest != NULL && begins(rest, "/recovery/"));
}

size_t backup_set_len(const struct backup_set *s)
{
	return text_run_len(s->text, "file-#");
}

enum err backup_set_line(const struct backup_set *s, size_t i,
    uint8_t sha256[DIGEST_LEN], const char **ret_name, struct err_info *info)
{
	const char *line = text_run_get(s->text, "file-#", i);

	(void)snprintf(info->file, sizeof(info->file), "%.200s/"
	    BACKUP_SET_LIST, s->dir);
	if (strlen(line) < DIGEST_HEX_LEN + 2 || line[DIGEST_HEX_LEN] != ' ' ||
	    digest_from_hex(bytes_of(line, DIGEST_HEX_LEN), sha256) != ERR_OK ||
	    !tar_name_ok(line + DIGEST_HEX_LEN + 1))
		return err_at(info, ERR_SYNTAX, 0,
		    "file-%02zu is not a digest and a name", i + 1);
	*ret_name = line + DIGEST_HEX_LEN + 1;
	if (!belongs(s->head.kind, *ret_name))
		return err_at(info, ERR_UNKNOWN, 0,
		    "%s does not belong into this set", *ret_name);
	info->file[0] = '\0';
	return ERR_OK;
}

static enum err read_head(struct backup_set *s, struct err_info *info)
{
	const char *set = text_get(s->text, "set");
	const char *origin = text_get(s->text, "origin");
	struct backup_set_head *h = &s->head;

	h->kind = strcmp(set, "erase") == 0 ? BACKUP_SET_ERASE :
	    BACKUP_SET_VAULT;
	if (strcmp(set, kind_words[h->kind]) != 0)
		return err_at(info, ERR_UNKNOWN, 0, "set: vault or erase");
	if (strlen(origin) >= sizeof(h->origin))
		return err_at(info, ERR_LIMIT, 0,
		    "origin: at most %d bytes", BACKUP_SET_ORIGIN_MAX);
	(void)strcpy(h->origin, origin);
	RETURN_IF(text_get_hex(s->text, "id", h->id, sizeof(h->id), info));
	RETURN_IF(text_get_time(s->text, "taken", &h->taken_unix_s, info));
	RETURN_IF(text_get_uint(s->text, "ledger-size", 1, INT64_MAX,
	    &h->ledger_size, info));
	return text_get_hex(s->text, "ledger-root", h->ledger_root,
	    sizeof(h->ledger_root), info);
}

enum err backup_set_parse(struct bytes list, const char *dir,
    struct backup_set *ret, struct err_info *info)
{
	CLEANUP(backup_set_release) struct backup_set s = {0};
	uint8_t sha256[DIGEST_LEN];
	const char *name;

	RETURN_IF(fs_path(s.dir, "%s", dir));
	RETURN_IF(text_parse(list, &schema, &s.text, info));
	RETURN_IF(read_head(&s, info));
	for (size_t i = 0; i < backup_set_len(&s); i++)
		RETURN_IF(backup_set_line(&s, i, sha256, &name, info));
	*ret = s;
	s.text = NULL;
	return ERR_OK;
}

enum err backup_set_open(const char *dir, struct backup_set *ret,
    struct err_info *info)
{
	CLEANUP(buf_release) struct buf bytes = {0};
	char path[FS_PATH_MAX];

	RETURN_IF(fs_path(path, "%s/" BACKUP_SET_LIST, dir));
	(void)snprintf(info->file, sizeof(info->file), "%.200s/"
	    BACKUP_SET_LIST, dir);
	RETURN_IF(fs_read_file(path, LIST_MAX, &bytes));
	RETURN_IF(backup_set_parse(bytes_buf(&bytes), dir, ret, info));
	info->file[0] = '\0';
	return ERR_OK;
}

/* ---- copying ---- */

static enum err copy_fd(int from, int to, uint8_t ret[DIGEST_LEN])
{
	CLEANUP(digest_stream_release) struct digest_stream digest = {0};
	CLEANUP(buf_release) struct buf piece = {0};
	ssize_t got;

	RETURN_IF(digest_stream_init(&digest));
	RETURN_IF(buf_reserve(&piece, PIECE));
	for (;;) {
		got = read(from, piece.data, PIECE);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return ERR_IO;
		if (got == 0)
			break;
		digest_stream_update(&digest, bytes_of(piece.data,
		    (size_t)got));
		RETURN_IF(fs_write_all(to, bytes_of(piece.data,
		    (size_t)got)));
	}
	RETURN_IF(fs_sync(to));
	return digest_stream_end(&digest, ret);
}

static enum err make_parent(char path[FS_PATH_MAX])
{
	char *slash = strrchr(path, '/');
	enum err e;

	*slash = '\0';
	e = fs_mkdir_all(path, 0700);
	*slash = '/';
	return e;
}

/* ERR_MISMATCH: another file than the one that was backed up. */
static enum err copy_checked(const char *from, char to[FS_PATH_MAX],
    const uint8_t sha256[DIGEST_LEN])
{
	CLEANUP(fs_fd_cleanup) int in = open(from, O_RDONLY | O_CLOEXEC |
	    O_NOFOLLOW);
	CLEANUP(fs_fd_cleanup) int out = -1;
	uint8_t found[DIGEST_LEN];

	if (in < 0)
		return fs_error(errno);
	RETURN_IF(make_parent(to));
	out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (out < 0)
		return fs_error(errno);
	RETURN_IF(copy_fd(in, out, found));
	return memcmp(found, sha256, DIGEST_LEN) == 0 ? fs_sync_parent(to) :
	    ERR_MISMATCH;
}

/* Not inlined: paths are large. */
__attribute__((noinline)) static enum err copy_one(const struct backup_set *s,
    const char *home, const char *name, const uint8_t sha256[DIGEST_LEN])
{
	char from[FS_PATH_MAX], to[FS_PATH_MAX];

	RETURN_IF(fs_path(from, "%s/%s", s->dir, name));
	RETURN_IF(fs_path(to, "%s/%s", home, name));
	return copy_checked(from, to, sha256);
}

static enum err copy_some(const struct backup_set *s, const char *home,
    int config, struct err_info *info)
{
	uint8_t sha256[DIGEST_LEN];
	const char *name;
	enum err e;

	for (size_t i = 0; i < backup_set_len(s); i++) {
		RETURN_IF(backup_set_line(s, i, sha256, &name, info));
		if ((strcmp(name, CONFIG) == 0) != config)
			continue;
		e = copy_one(s, home, name, sha256);
		if (e == ERR_OK)
			continue;
		(void)snprintf(info->file, sizeof(info->file), "%.120s/%.120s",
		    s->dir, name);
		return e != ERR_MISMATCH ? e : err_at(info, e, 0,
		    "it is not the file of this backup: an older copy, or damaged");
	}
	return ERR_OK;
}

enum err backup_set_copy(const struct backup_set *s, const char *home,
    struct err_info *info)
{
	return copy_some(s, home, 0, info);
}

enum err backup_set_copy_config(const struct backup_set *s, const char *home,
    struct err_info *info)
{
	return copy_some(s, home, 1, info);
}
