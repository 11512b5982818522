/* core/fs.c - durable moves on the file system. */
#include "core/fs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sys/file.h>
#include <sys/stat.h>

#include "core/clock.h"

#define FS_TREE_DEPTH_MAX 64
#define FS_LOCK_POLL_MS 20
#define FS_READ_CHUNK ((size_t)64 << 10)

enum err
fs_error(int errno_value)
{
	switch (errno_value) {
	case ENOSPC:
	case EDQUOT:
		return ERR_NO_SPACE;
	case ENOENT:
	case ENOTDIR:
		return ERR_NOT_FOUND;
	case EEXIST:
		return ERR_EXISTS;
	default:
		return ERR_IO;
	}
}

/* Result of a call that returns 0 or -1. */
static enum err
fs_result(int r)
{
	return r == 0 ? ERR_OK : fs_error(errno);
}

void
fs_fd_cleanup(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

static void
dir_cleanup(DIR **d)
{
	if (*d != NULL)
		(void)closedir(*d);
}

enum err
fs_path(char ret[FS_PATH_MAX], const char *fmt, ...)
{
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(ret, FS_PATH_MAX, fmt, ap);
	va_end(ap);
	return len < 0 || len >= FS_PATH_MAX ? ERR_LIMIT : ERR_OK;
}

enum err
fs_folder_of(const char *path, char ret[FS_PATH_MAX])
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		return fs_path(ret, "%s", path[0] == '\0' ? "" : ".");
	return fs_path(ret, "%.*s", slash == path ? 1 : (int)(slash - path),
	    path);
}

enum err
fs_absolute(const char *path, char ret[FS_PATH_MAX])
{
	char *found = realpath(path, NULL);
	enum err e;

	if (found == NULL)
		return fs_error(errno);
	e = fs_path(ret, "%s", found);
	free(found);
	return e;
}

int
fs_exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

int
fs_is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

enum err
fs_size(const char *path, uint64_t *ret_bytes)
{
	struct stat st;

	RETURN_IF(fs_result(stat(path, &st)));
	if (!S_ISREG(st.st_mode))
		return ERR_IO;
	*ret_bytes = (uint64_t)st.st_size;
	return ERR_OK;
}

/* Read ${fd} to its end, at most ${max} bytes. */
static enum err
read_to_end(int fd, size_t max, struct buf *out)
{
	size_t total = 0;
	ssize_t n;

	for (;;) {
		RETURN_IF(buf_reserve(out, FS_READ_CHUNK));
		n = read(fd, out->data + out->len, FS_READ_CHUNK);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fs_error(errno);
		if (n == 0)
			break;
		if ((size_t)n > max - total)
			return ERR_LIMIT;
		total += (size_t)n;
		out->len += (size_t)n;
	}
	out->data[out->len] = '\0';
	return ERR_OK;
}

enum err
fs_read_file(const char *path, size_t max, struct buf *out)
{
	/* Not blocking, so that opening a pipe by mistake cannot hang. */
	CLEANUP(fs_fd_cleanup) int fd =
	    open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	CLEANUP(buf_release) struct buf all = {0};
	struct stat st;

	if (fd < 0 || fstat(fd, &st) != 0)
		return fs_error(errno);
	if (!S_ISREG(st.st_mode))
		return ERR_IO;
	if ((uint64_t)st.st_size > max)
		return ERR_LIMIT;
	if (max > SIZE_MAX / 8)
		max = SIZE_MAX / 8;
	all.max = max + FS_READ_CHUNK;
	RETURN_IF(buf_reserve(&all, (size_t)st.st_size + FS_READ_CHUNK));
	RETURN_IF(read_to_end(fd, max, &all));
	return buf_append(out, all.data, all.len);
}

enum err
fs_check_private(const char *path)
{
	struct stat st;

	RETURN_IF(fs_result(stat(path, &st)));
	if (!S_ISREG(st.st_mode) || (st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		return ERR_REFUSED;
	return st.st_uid == geteuid() || st.st_uid == 0 ? ERR_OK :
	    ERR_REFUSED;
}

enum err
fs_write_all(int fd, struct bytes bytes)
{
	ssize_t n;

	while (bytes.len > 0) {
		n = write(fd, bytes.data, bytes.len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fs_error(errno);
		bytes.data += n;
		bytes.len -= (size_t)n;
	}
	return ERR_OK;
}

enum err
fs_sync(int fd)
{
	return fs_result(fsync(fd));
}

/* Length of the folder part of ${path}, its slash included; 0 for none. */
static size_t
folder_len(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? (size_t)(slash - path) + 1 : 0;
}

static enum err
folder_of(const char *path, char ret[FS_PATH_MAX])
{
	size_t len = folder_len(path);

	if (len == 0)
		return fs_path(ret, ".");
	return fs_path(ret, "%.*s", (int)(len < FS_PATH_MAX ? len :
	    FS_PATH_MAX), path);
}

enum err
fs_sync_parent(const char *path)
{
	char folder[FS_PATH_MAX];

	RETURN_IF(folder_of(path, folder));
	CLEANUP(fs_fd_cleanup) int fd =
	    open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return fs_error(errno);
	return fs_sync(fd);
}

static enum err
write_fd(int fd, struct bytes bytes, mode_t mode)
{
	RETURN_IF(fs_result(fchmod(fd, mode)));
	RETURN_IF(fs_write_all(fd, bytes));
	return fs_sync(fd);
}

/* The bytes, durable, under a fresh hidden name beside ${path}. */
static enum err
write_temporary(const char *path, struct bytes bytes, mode_t mode,
    char ret[FS_PATH_MAX])
{
	size_t dir = folder_len(path);
	enum err e;
	int fd;

	if (dir >= FS_PATH_MAX)
		return ERR_LIMIT;
	RETURN_IF(fs_path(ret, "%.*s.%.64s.XXXXXX", (int)dir, path,
	    path + dir));
	if ((fd = mkostemp(ret, O_CLOEXEC)) < 0)
		return fs_error(errno);
	e = write_fd(fd, bytes, mode);
	if (close(fd) != 0 && e == ERR_OK)
		e = fs_error(errno);
	if (e != ERR_OK)
		(void)unlink(ret);
	return e;
}

/* Move without replacing; a link where the file system has no such rename. */
static enum err
move_new(const char *from, const char *to)
{
	if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
		return ERR_OK;
	if (errno != EINVAL && errno != ENOSYS)
		return fs_error(errno);
	RETURN_IF(fs_result(link(from, to)));
	return fs_result(unlink(from));
}

static enum err
move_over(const char *from, const char *to)
{
	return fs_result(rename(from, to));
}

static enum err
write_by(enum err (*move)(const char *, const char *), const char *path,
    struct bytes bytes, mode_t mode)
{
	char temporary[FS_PATH_MAX];
	enum err e;

	RETURN_IF(write_temporary(path, bytes, mode, temporary));
	if ((e = move(temporary, path)) != ERR_OK) {
		(void)unlink(temporary);
		return e;
	}
	return fs_sync_parent(path);
}

enum err
fs_write_file(const char *path, struct bytes bytes, mode_t mode)
{
	return write_by(move_over, path, bytes, mode);
}

enum err
fs_write_new_file(const char *path, struct bytes bytes, mode_t mode)
{
	if (fs_exists(path))
		return ERR_EXISTS;
	return write_by(move_new, path, bytes, mode);
}

enum err
fs_mkdir(const char *path, mode_t mode)
{
	RETURN_IF(fs_result(mkdir(path, mode)));
	return fs_sync_parent(path);
}

static enum err
mkdir_or_present(const char *path, mode_t mode)
{
	struct stat st;
	enum err e = fs_mkdir(path, mode);

	if (e != ERR_EXISTS)
		return e;
	RETURN_IF(fs_result(stat(path, &st)));
	return S_ISDIR(st.st_mode) ? ERR_OK : ERR_EXISTS;
}

enum err
fs_mkdir_all(const char *path, mode_t mode)
{
	char part[FS_PATH_MAX];
	char *p;

	RETURN_IF(fs_path(part, "%s", path));
	for (p = part + 1; part[0] != '\0' && *p != '\0'; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		RETURN_IF(mkdir_or_present(part, mode));
		*p = '/';
	}
	return mkdir_or_present(path, mode);
}

enum err
fs_rename(const char *from, const char *to)
{
	RETURN_IF(fs_result(rename(from, to)));
	return fs_sync_parent(to);
}

enum err
fs_remove(const char *path)
{
	if (unlink(path) == 0)
		return fs_sync_parent(path);
	return errno == ENOENT ? ERR_OK : fs_error(errno);
}

/* Overwrite ${left} bytes of ${fd} from its start. */
static enum err
write_zeros(int fd, uint64_t left)
{
	static const uint8_t zeros[4096];
	size_t n;

	while (left > 0) {
		n = left < sizeof(zeros) ? (size_t)left : sizeof(zeros);
		RETURN_IF(fs_write_all(fd, bytes_of(zeros, n)));
		left -= n;
	}
	return fs_sync(fd);
}

enum err
fs_shred(const char *path)
{
	CLEANUP(fs_fd_cleanup) int fd =
	    open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;

	if (fd < 0 && errno == ENOENT)
		return ERR_OK;
	if (fd < 0 || fstat(fd, &st) != 0)
		return fs_error(errno);
	if (!S_ISREG(st.st_mode))
		return ERR_IO;
	RETURN_IF(write_zeros(fd, (uint64_t)st.st_size));
	return fs_remove(path);
}

static enum err remove_tree_at(int at, const char *name, unsigned depth);

static int
is_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static enum err
remove_entries(DIR *d, unsigned depth)
{
	struct dirent *entry;

	for (;;) {
		errno = 0;
		if ((entry = readdir(d)) == NULL)
			return errno == 0 ? ERR_OK : fs_error(errno);
		if (is_dots(entry->d_name))
			continue;
		RETURN_IF(remove_tree_at(dirfd(d), entry->d_name, depth));
	}
}

static enum err
remove_folder_at(int at, const char *name, unsigned depth)
{
	CLEANUP(dir_cleanup) DIR *d = NULL;
	int fd;

	if (depth == FS_TREE_DEPTH_MAX)
		return ERR_LIMIT;
	fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
	    O_CLOEXEC);
	if (fd < 0)
		return fs_error(errno);
	if ((d = fdopendir(fd)) == NULL) {
		(void)close(fd);
		return ERR_NOMEM;
	}
	RETURN_IF(remove_entries(d, depth + 1));
	return fs_result(unlinkat(at, name, AT_REMOVEDIR));
}

/* A name is a folder to be emptied only if it is one itself, not a link. */
static enum err
remove_tree_at(int at, const char *name, unsigned depth)
{
	struct stat st;

	if (fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT ? ERR_OK : fs_error(errno);
	if (S_ISDIR(st.st_mode))
		return remove_folder_at(at, name, depth);
	return fs_result(unlinkat(at, name, 0));
}

enum err
fs_remove_tree(const char *path)
{
	RETURN_IF(remove_tree_at(AT_FDCWD, path, 0));
	return fs_sync_parent(path);
}

static int
compare_names(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;

	return strcmp(*x, *y);
}

static enum err
names_add(struct fs_names *n, size_t *cap, const char *name)
{
	char **names;

	if (n->len == *cap) {
		*cap = *cap == 0 ? 16 : *cap * 2;
		names = reallocarray(n->names, *cap, sizeof(*names));
		if (names == NULL)
			return ERR_NOMEM;
		n->names = names;
	}
	if ((n->names[n->len] = strdup(name)) == NULL)
		return ERR_NOMEM;
	n->len++;
	return ERR_OK;
}

static enum err
names_read(DIR *d, struct fs_names *n)
{
	struct dirent *entry;
	size_t cap = 0;

	for (;;) {
		errno = 0;
		if ((entry = readdir(d)) == NULL)
			return errno == 0 ? ERR_OK : fs_error(errno);
		if (!is_dots(entry->d_name))
			RETURN_IF(names_add(n, &cap, entry->d_name));
	}
}

enum err
fs_list(const char *path, struct fs_names *ret)
{
	CLEANUP(dir_cleanup) DIR *d = opendir(path);
	CLEANUP(fs_names_release) struct fs_names n = {0};

	if (d == NULL)
		return fs_error(errno);
	RETURN_IF(names_read(d, &n));
	if (n.len > 1)
		qsort(n.names, n.len, sizeof(*n.names), compare_names);
	*ret = n;
	n = (struct fs_names){0};
	return ERR_OK;
}

void
fs_names_release(struct fs_names *n)
{
	size_t i;

	for (i = 0; i < n->len; i++)
		free(n->names[i]);
	free(n->names);
	*n = (struct fs_names){0};
}

/* Try at once, then every FS_LOCK_POLL_MS until ${wait_ms} have passed. */
static enum err
lock_fd(int fd, int how, unsigned wait_ms)
{
	const struct timespec pause = {0, FS_LOCK_POLL_MS * 1000000L};
	int64_t end = clock_monotonic_ms() + wait_ms;

	while (flock(fd, how | LOCK_NB) != 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return fs_error(errno);
		if (clock_monotonic_ms() >= end)
			return ERR_BUSY;
		(void)nanosleep(&pause, NULL);
	}
	return ERR_OK;
}

static enum err
take_lock(const char *path, int how, unsigned wait_ms, struct fs_lock *ret)
{
	CLEANUP(fs_fd_cleanup) int fd =
	    open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return fs_error(errno);
	RETURN_IF(lock_fd(fd, how, wait_ms));
	ret->fd_plus_one = fd + 1;
	fd = -1;
	return ERR_OK;
}

enum err
fs_lock_take(const char *path, unsigned wait_ms, struct fs_lock *ret)
{
	return take_lock(path, LOCK_EX, wait_ms, ret);
}

enum err
fs_lock_share(const char *path, unsigned wait_ms, struct fs_lock *ret)
{
	return take_lock(path, LOCK_SH, wait_ms, ret);
}

void
fs_lock_release(struct fs_lock *l)
{
	if (l->fd_plus_one > 0)
		(void)close(l->fd_plus_one - 1);
	l->fd_plus_one = 0;
}
