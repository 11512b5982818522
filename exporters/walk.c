#include "exporters/walk.h"

#include <string.h>
#include <sys/stat.h>

#include "core/fs.h"
#include "exporters/tar.h"

struct walk {
	walk_fn visit;
	void *ctx;
	struct err_info *info;
	size_t files;
};

static enum err walk_level(struct walk *w, const char *path, const char *name,
    unsigned depth);

static enum err
walk_one(struct walk *w, const char *path, const char *name, unsigned depth)
{
	struct stat st;

	if (!tar_name_ok(name))
		return err_at(w->info, ERR_SYNTAX, 0,
		    "a file's name is not allowed");
	if (lstat(path, &st) != 0)
		return ERR_IO;
	if (S_ISDIR(st.st_mode))
		return walk_level(w, path, name, depth + 1);
	if (!S_ISREG(st.st_mode))
		return err_at(w->info, ERR_UNSUPPORTED, 0,
		    "%s is neither file nor folder", name);
	if (++w->files > WALK_FILES_MAX)
		return err_at(w->info, ERR_LIMIT, 0, "too many files");
	return w->visit(w->ctx, path, name, w->info);
}

static enum err
walk_level(struct walk *w, const char *path, const char *name, unsigned depth)
{
	CLEANUP(fs_names_release) struct fs_names names = {0};
	char below[FS_PATH_MAX], inner[FS_PATH_MAX];
	size_t i;

	if (depth > WALK_DEPTH_MAX)
		return err_at(w->info, ERR_LIMIT, 0, "folders are too deep");
	RETURN_IF(fs_list(path, &names));
	for (i = 0; i < names.len; i++) {
		RETURN_IF(fs_path(below, "%s/%s", path, names.names[i]));
		RETURN_IF(fs_path(inner, "%s%s%s", name,
		    name[0] == '\0' ? "" : "/", names.names[i]));
		RETURN_IF(walk_one(w, below, inner, depth));
	}
	return ERR_OK;
}

enum err
walk_folder(const char *path, walk_fn visit, void *ctx, struct err_info *info)
{
	struct walk w = {visit, ctx, info, 0};

	return walk_level(&w, path, "", 0);
}
