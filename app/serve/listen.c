/* Listening sockets: "1.2.3.4:5", "[::]:5", "unix:/path". */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "app/serve/serve_internal.h"

#define BACKLOG 1024

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	struct sockaddr_un un;
};

static enum err parse_port(const char *text, in_port_t *ret)
{
	char *end = NULL;
	unsigned long n;

	if (text[0] < '0' || text[0] > '9')
		return ERR_SYNTAX;
	n = strtoul(text, &end, 10);
	if (*end != '\0' || n > 65535)
		return ERR_SYNTAX;
	*ret = htons((uint16_t)n);
	return ERR_OK;
}

static enum err parse_inet(const char *text, union address *ret,
    socklen_t *ret_len)
{
	const char *colon = strrchr(text, ':');
	char host[CONFIG_ADDRESS_MAX] = "";
	size_t len = colon == NULL ? 0 : (size_t)(colon - text);

	if (len == 0)
		return ERR_SYNTAX;
	if (text[0] == '[' && text[len - 1] == ']') {
		memcpy(host, text + 1, len - 2);
		ret->v6.sin6_family = AF_INET6;
		*ret_len = sizeof(ret->v6);
		if (inet_pton(AF_INET6, host, &ret->v6.sin6_addr) != 1)
			return ERR_SYNTAX;
		return parse_port(colon + 1, &ret->v6.sin6_port);
	}
	memcpy(host, text, len);
	ret->v4.sin_family = AF_INET;
	*ret_len = sizeof(ret->v4);
	if (inet_pton(AF_INET, host, &ret->v4.sin_addr) != 1)
		return ERR_SYNTAX;
	return parse_port(colon + 1, &ret->v4.sin_port);
}

static enum err parse(const char *text, union address *ret,
    socklen_t *ret_len)
{
	struct stat st;

	memset(ret, 0, sizeof(*ret));
	if (strncmp(text, "unix:", 5) != 0)
		return parse_inet(text, ret, ret_len);
	text += 5;
	if (strlen(text) >= sizeof(ret->un.sun_path))
		return ERR_LIMIT;
	ret->un.sun_family = AF_UNIX;
	memcpy(ret->un.sun_path, text, strlen(text) + 1);
	*ret_len = sizeof(ret->un);
	/* what a service that was killed left there */
	if (stat(text, &st) == 0 && S_ISSOCK(st.st_mode))
		return fs_remove(text);
	return ERR_OK;
}

/* The port that was chosen. */
static void write_back(struct config_listener *l, int fd)
{
	union address a;
	socklen_t len = sizeof(a);
	char host[INET6_ADDRSTRLEN] = "";

	memset(&a, 0, sizeof(a));
	if (getsockname(fd, &a.any, &len) != 0)
		return;
	if (a.any.sa_family == AF_INET) {
		(void)inet_ntop(AF_INET, &a.v4.sin_addr, host, sizeof(host));
		(void)snprintf(l->address, sizeof(l->address), "%s:%u", host,
		    ntohs(a.v4.sin_port));
	} else if (a.any.sa_family == AF_INET6) {
		(void)inet_ntop(AF_INET6, &a.v6.sin6_addr, host, sizeof(host));
		(void)snprintf(l->address, sizeof(l->address), "[%s]:%u",
		    host, ntohs(a.v6.sin6_port));
	}
}

enum err listen_open(struct config_listener *l, int *ret_fd,
    struct err_info *info)
{
	CLEANUP(fs_fd_cleanup) int fd = -1;
	union address a;
	socklen_t len = 0;
	int on = 1;

	if (parse(l->address, &a, &len) != ERR_OK)
		return err_at(info, ERR_SYNTAX, 0,
		    "serve: %s is no address", l->address);
	fd = socket(a.any.sa_family,
	    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return ERR_IO;
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, &a.any, len) != 0 || listen(fd, BACKLOG) != 0)
		return err_at(info, ERR_IO, 0,
		    "serve: cannot listen on %s", l->address);
	if (a.any.sa_family == AF_UNIX)
		(void)chmod(a.un.sun_path, 0660);
	write_back(l, fd);
	*ret_fd = fd;
	fd = -1;
	return ERR_OK;
}
