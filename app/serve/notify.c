#include "app/serve/notify.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/err.h"
#include "core/fs.h"

#define FIRST_FD 3

static long number_of(const char *name)
{
	const char *text = getenv(name);
	char *end = NULL;
	long n;

	if (text == NULL || text[0] < '0' || text[0] > '9')
		return -1;
	n = strtol(text, &end, 10);
	return *end == '\0' ? n : -1;
}

static const char *take_name(const char *names, char *ret, size_t size)
{
	size_t len = strcspn(names, ":");

	if (len < size) {
		memcpy(ret, names, len);
		ret[len] = '\0';
	}
	return names + len + (names[len] == ':');
}

size_t notify_sockets(struct notify_socket ret[NOTIFY_SOCKETS_MAX])
{
	const char *names = getenv("LISTEN_FDNAMES");
	long count = number_of("LISTEN_FDS"), pid = number_of("LISTEN_PID");
	size_t len = 0;

	if (pid == (long)getpid())
		for (long i = 0; i < count && len < NOTIFY_SOCKETS_MAX; i++) {
			ret[len] = (struct notify_socket){
			    .fd = FIRST_FD + (int)i};
			(void)fcntl(ret[len].fd, F_SETFD, FD_CLOEXEC);
			if (names != NULL)
				names = take_name(names, ret[len].name,
				    sizeof(ret[len].name));
			len++;
		}
	(void)unsetenv("LISTEN_PID");
	(void)unsetenv("LISTEN_FDS");
	(void)unsetenv("LISTEN_FDNAMES");
	return len;
}

void notify_send(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	CLEANUP(fs_fd_cleanup) int fd = -1;
	size_t len = path == NULL ? 0 : strlen(path);

	if (len < 2 || len >= sizeof(to.sun_path) ||
	    (path[0] != '/' && path[0] != '@'))
		return;
	memcpy(to.sun_path, path, len);
	if (path[0] == '@')             /* the abstract name space */
		to.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	/* a manager that does not listen is no reason to fail */
	(void)!sendto(fd, state, strlen(state), MSG_NOSIGNAL,
	    (const struct sockaddr *)&to,
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
}

unsigned notify_watchdog_seconds(void)
{
	long us = number_of("WATCHDOG_USEC"), pid = number_of("WATCHDOG_PID");

	if (us <= 0 || (pid > 0 && pid != (long)getpid()))
		return 0;
	return us < 2000000 ? 1 : (unsigned)(us / 2000000);
}
