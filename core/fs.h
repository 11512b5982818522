/* core/fs.h - moves on the file system that survive a crash.
 *
 * Files appear by temporary file, fsync, rename, fsync of the folder.  Every
 * result is checked.  ENOSPC and EDQUOT are ERR_NO_SPACE, ENOENT
 * and ENOTDIR ERR_NOT_FOUND, EEXIST ERR_EXISTS, everything else ERR_IO.
 */
#ifndef AZUKARI_CORE_FS_H
#define AZUKARI_CORE_FS_H

#include <stdint.h>
#include <sys/types.h>

#include "core/buf.h"
#include "core/err.h"

#define FS_PATH_MAX 4096

/* The cause behind an errno value (never ERR_OK). */
enum err fs_error(int errno_value) MUST_USE;

/* Closes a descriptor that is not negative.  CLEANUP-able; for descriptors
 * that were only read, as the result of close is dropped. */
void fs_fd_cleanup(int *fd);

/* Write "DIR/NAME..." into ${ret} (FS_PATH_MAX bytes); ERR_LIMIT. */
enum err fs_path(char ret[FS_PATH_MAX], const char *fmt, ...)
    PRINTF_LIKE(2, 3) MUST_USE;

/* The folder that ${path} is in: "/a/b" gives "/a", "b" gives ".", "" gives
 * "". */
enum err fs_folder_of(const char *path, char ret[FS_PATH_MAX]) MUST_USE;

/* ${path}, which must be there, from the root and without links. */
enum err fs_absolute(const char *path, char ret[FS_PATH_MAX]) MUST_USE;

int fs_exists(const char *path);
int fs_is_folder(const char *path);
enum err fs_size(const char *path, uint64_t *ret_bytes) MUST_USE;

/* Append the whole regular file to ${out}; ERR_LIMIT above ${max} bytes.
 * On failure ${out} is unchanged. */
enum err fs_read_file(const char *path, size_t max, struct buf *out) MUST_USE;

/* For secret files: regular, owned by us or root, no group or other bits;
 * else ERR_REFUSED. */
enum err fs_check_private(const char *path) MUST_USE;

/* Replace or create ${path} atomically with ${mode}; durable on return. */
enum err fs_write_file(const char *path, struct bytes bytes,
    mode_t mode) MUST_USE;
/* The same, but ERR_EXISTS when ${path} is there. */
enum err fs_write_new_file(const char *path, struct bytes bytes,
    mode_t mode) MUST_USE;

/* Write all of ${bytes} to a descriptor, retrying short writes. */
enum err fs_write_all(int fd, struct bytes bytes) MUST_USE;
enum err fs_sync(int fd) MUST_USE;

enum err fs_mkdir(const char *path, mode_t mode) MUST_USE;      /* ERR_EXISTS */
enum err fs_mkdir_all(const char *path, mode_t mode) MUST_USE;  /* exists: ok */
/* rename, then fsync of the target's folder. */
enum err fs_rename(const char *from, const char *to) MUST_USE;
enum err fs_sync_parent(const char *path) MUST_USE;
enum err fs_remove(const char *path) MUST_USE;                  /* absent: ok */

/* Overwrite with zeros, fsync, unlink: a best effort for short key files on
 * file systems that write in place. */
enum err fs_shred(const char *path) MUST_USE;
/* Remove a folder and all in it; symbolic links are not followed. */
enum err fs_remove_tree(const char *path) MUST_USE;

/* Names in a folder, sorted bytewise, without "." and "..".  */
struct fs_names {
	char **names;
	size_t len;
};
enum err fs_list(const char *path, struct fs_names *ret) MUST_USE;
void fs_names_release(struct fs_names *n);

/* Advisory lock on ${path} (created); waits up to ${wait_ms}, ERR_BUSY. */
struct fs_lock {
	int fd_plus_one;        /* 0 when not held */
};
enum err fs_lock_take(const char *path, unsigned wait_ms,
    struct fs_lock *ret) MUST_USE;
/* The same with any number of others that share it. */
enum err fs_lock_share(const char *path, unsigned wait_ms,
    struct fs_lock *ret) MUST_USE;
void fs_lock_release(struct fs_lock *l);         /* CLEANUP-able */

#endif
