/* exporters/files.h - files and folders that appear whole or not at all. */
#ifndef AZUKARI_EXPORTERS_FILES_H
#define AZUKARI_EXPORTERS_FILES_H

#include "core/err.h"
#include "core/fs.h"

/* Makes a private folder; ${path} ends in XXXXXX and gets its name.  ${path} is
 * "" on failure, so that a cleanup knows there is none. */
enum err files_temp_dir(char path[FS_PATH_MAX]) MUST_USE;

/* Creates the file ROOT/NAME (0600, not there before), and its folder when NAME
 * has one.  The caller closes ${ret_fd}. */
enum err files_create(const char *root, const char *name,
    int *ret_fd) MUST_USE;

/* Closes ${*fd} (-1: none) and sets it to -1. */
enum err files_close(int *fd) MUST_USE;
void files_cleanup(int *fd);            /* CLEANUP-able */

/* Renames durably.  When that fails half-way, ${from} is put back. */
enum err files_publish(const char *from, const char *to) MUST_USE;

#endif
