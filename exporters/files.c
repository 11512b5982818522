#include "exporters/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum err
files_temp_dir(char path[FS_PATH_MAX])
{
	enum err e;

	if (mkdtemp(path) != NULL)
		return ERR_OK;
	e = fs_error(errno);
	path[0] = '\0';
	return e;
}

/* The folder of a file, one level deep or more. */
static enum err
make_parents(char *path, size_t root_len)
{
	char *slash = path + root_len;
	enum err e = ERR_OK;

	while (e == ERR_OK && (slash = strchr(slash + 1, '/')) != NULL) {
		*slash = '\0';
		if (mkdir(path, 0700) != 0 && errno != EEXIST)
			e = fs_error(errno);
		*slash = '/';
	}
	return e;
}

enum err
files_create(const char *root, const char *name, int *ret_fd)
{
	char path[FS_PATH_MAX];
	int fd;

	RETURN_IF(fs_path(path, "%s/%s", root, name));
	RETURN_IF(make_parents(path, strlen(root)));
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
	    0600);
	if (fd < 0)
		return fs_error(errno);
	*ret_fd = fd;
	return ERR_OK;
}

enum err
files_close(int *fd)
{
	int old = *fd;

	*fd = -1;
	return old < 0 || close(old) == 0 ? ERR_OK : fs_error(errno);
}

void
files_cleanup(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

enum err
files_publish(const char *from, const char *to)
{
	enum err e = fs_rename(from, to);

	/* Renamed, but not known to be on disk: not published. */
	if (e != ERR_OK && !fs_exists(from))
		(void)rename(to, from);
	return e;
}
