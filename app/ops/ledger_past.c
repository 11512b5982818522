#include "app/ops/ledger_past.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/fs.h"

void ledger_past_release(struct ledger_past *p)
{
	for (size_t i = 0; i < p->len; i++)
		free(p->paths[i]);
	free(p->paths);
	*p = (struct ledger_past){0};
}

/* ---- which files ---- */

static int is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static int is_file(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

static enum err keep(struct ledger_past *p, const char *path)
{
	char **more;

	if (p->len == LEDGER_PAST_MAX)
		return ERR_LIMIT;
	more = realloc(p->paths, (p->len + 1) * sizeof(*more));
	if (more == NULL)
		return ERR_NOMEM;
	p->paths = more;
	if ((more[p->len] = strdup(path)) == NULL)
		return ERR_NOMEM;
	p->len++;
	return ERR_OK;
}

/* The files of ${dir} whose names begin with ${prefix} and have more. */
static enum err keep_files(struct ledger_past *p, const char *dir,
    const char *prefix)
{
	CLEANUP(fs_names_release) struct fs_names names = {0};
	size_t len = strlen(prefix);

	RETURN_IF(fs_list(dir, &names));
	for (size_t i = 0; i < names.len; i++) {
		const char *name = names.names[i];
		char path[FS_PATH_MAX];

		if (name[0] == '.' || strncmp(name, prefix, len) != 0 ||
		    name[len] == '\0')
			continue;
		RETURN_IF(fs_path(path, "%s/%s", dir, name));
		if (is_file(path))
			RETURN_IF(keep(p, path));
	}
	return ERR_OK;
}

enum err ledger_past_add(struct ledger_past *p, const char *path,
    struct outcome *o)
{
	size_t before = p->len;
	enum err e;

	if (!is_folder(path))
		return keep(p, path);
	e = keep_files(p, path, "");
	if (e == ERR_LIMIT)
		return outcome_refuse(o, e, "%s has more than %d files",
		    "%sのファイルが%d個を超えています", path, LEDGER_PAST_MAX);
	RETURN_IF(e);
	if (p->len > before)
		return ERR_OK;
	return outcome_refuse(o, ERR_NOT_FOUND, "%s holds no checkpoint",
	    "%sにチェックポイントがありません", path);
}

enum err ledger_past_beside(struct ledger_past *p, const char *dir)
{
	static const char *const prefixes[] = {"checkpoint.", "checkpoint-",
	    "checkpoint_"};
	char path[FS_PATH_MAX];

	if (!is_folder(dir))
		return ERR_OK;
	for (size_t i = 0; i < ARRAY_LEN(prefixes); i++)
		RETURN_IF(keep_files(p, dir, prefixes[i]));
	RETURN_IF(fs_path(path, "%s/checkpoints", dir));
	return is_folder(path) ? keep_files(p, path, "") : ERR_OK;
}

/* ---- opening ---- */

struct opening {
	const struct note_key *key;
	const char *origin;
	struct buf note;                /* of the largest so far */
	struct checkpoint largest;
	int found;
};

static void opening_release(struct opening *x)
{
	buf_release(&x->note);
}

static enum err refuse_origin(const char *path, const struct buf *note,
    const struct opening *x, struct outcome *o)
{
	struct bytes rest = bytes_buf(note), line = {0};
	char origin[NOTE_KEY_NAME_MAX + 1];

	if (bytes_take_line(&rest, &line) != ERR_OK ||
	    line.len > NOTE_KEY_NAME_MAX)
		return ERR_MISMATCH;
	memcpy(origin, line.data, line.len);
	origin[line.len] = '\0';
	return outcome_refuse(o, ERR_MISMATCH,
	    "%s is signed by the key of %s, but is a checkpoint of \"%s\" and not of \"%s\"; where a log has another name than its key, give --origin NAME",
	    "%sは%sの鍵で署名されていますが「%s」のもので、「%s」のチェックポイントではありません。鍵と名前の異なるログには --origin 名前 を指定してください",
	    path, x->key->name, origin, x->origin);
}

static enum err refuse(const char *path, const struct buf *note,
    const struct opening *x, enum err e, struct outcome *o)
{
	if (e == ERR_MISMATCH)
		return refuse_origin(path, note, x, o);
	if (e == ERR_UNTRUSTED || e == ERR_SIGNATURE)
		return outcome_refuse(o, e,
		    "the checkpoint of %s is not signed by the key of %s",
		    "%sのチェックポイントは%sの鍵で署名されていません",
		    path, x->key->name);
	if (e == ERR_NOMEM || e == ERR_IO)
		return e;
	return outcome_refuse(o, e,
	    "%s is not a checkpoint: three lines (name, size, root), a blank line, signatures",
	    "%sはチェックポイントではありません（名前、件数、根の3行、空行、署名）",
	    path);
}

static enum err look_at(struct opening *x, const char *path,
    const char *about, struct outcome *o)
{
	CLEANUP(buf_release) struct buf note = {0};
	struct checkpoint cp;
	enum err e;

	RETURN_IF(fs_read_file(path, NOTE_MAX, &note));
	e = checkpoint_verify_origin(bytes_buf(&note), x->key, x->origin,
	    &cp);
	if (e != ERR_OK)
		return refuse(about, &note, x, e, o);
	if (x->found && cp.size <= x->largest.size)
		return ERR_OK;
	x->found = 1;
	x->largest = cp;
	buf_clear(&x->note);
	return buf_append(&x->note, note.data, note.len);
}

/* DIR/checkpoint, and then whatever is larger. */
static enum err look_at_all(struct opening *x, const struct ledger_past *p,
    const char *dir, struct outcome *o)
{
	char path[FS_PATH_MAX];

	RETURN_IF(fs_path(path, "%s/checkpoint", dir));
	if (is_file(path))
		RETURN_IF(look_at(x, path, dir, o));
	for (size_t i = 0; i < p->len; i++)
		RETURN_IF(look_at(x, p->paths[i], p->paths[i], o));
	if (x->found)
		return ERR_OK;
	return outcome_refuse(o, ERR_NOT_FOUND, "%s holds no checkpoint",
	    "%sにチェックポイントがありません", dir);
}

enum err ledger_past_open(const struct ledger_past *p, const char *dir,
    const struct note_key *key, const char *origin, struct log **ret,
    struct outcome *o)
{
	CLEANUP(opening_release) struct opening x = {.key = key,
	    .origin = origin == NULL ? key->name : origin};
	struct bytes note;

	if (key->type != NOTE_KEY_ED25519)
		return outcome_refuse(o, ERR_UNSUPPORTED,
		    "the key of %s is not one that a log signs with (Ed25519, type 0x01); a witness has another",
		    "%sの鍵はログの署名鍵（Ed25519、種別0x01）ではありません。立会人の鍵は別のものです",
		    key->name);
	if (strlen(x.origin) > NOTE_KEY_NAME_MAX)
		return ERR_LIMIT;
	RETURN_IF(look_at_all(&x, p, dir, o));
	note = bytes_buf(&x.note);
	return log_open_copy(dir, key, x.origin, &note, ret);
}
