/* exporters/walk.h - the files of a folder that came from outside.
 *
 * Regular files and folders only: a symbolic link, device, socket or a name
 * tar_name_ok refuses ends the walk.  Nothing is followed out of the folder.
 */
#ifndef AZUKARI_EXPORTERS_WALK_H
#define AZUKARI_EXPORTERS_WALK_H

#include <stdint.h>

#include "core/err.h"

#define WALK_DEPTH_MAX 8
#define WALK_FILES_MAX 4096

/* One file: its path, and its name relative to the folder (both valid during
 * the call).  An error ends the walk. */
typedef enum err (*walk_fn)(void *ctx, const char *path, const char *name,
    struct err_info *info);

/* Visits all files below ${path}, folder by folder, names sorted.
 * ERR_NOT_FOUND (no such folder), ERR_UNSUPPORTED, ERR_SYNTAX, ERR_LIMIT,
 * ERR_IO naming the file in ${info} (may be NULL), or what ${visit} said. */
enum err walk_folder(const char *path, walk_fn visit, void *ctx,
    struct err_info *info) MUST_USE;

#endif
