/* libmicrohttpd: for each listening socket as many daemons as there are threads,
 * started by a thread that has given up files. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/serve/hardening.h"
#include "app/serve/net_internal.h"
#include "app/serve/tls.h"
#include "app/serve/wire.h"
#include "core/clock.h"

/* The largest head and its list; libmicrohttpd clears all of it twice a request. */
#define MEMORY_PER_CONNECTION ((size_t)16 << 10)
#define CA_MAX ((size_t)1 << 20)

#define THREADS_MAX 64          /* of a listener */
#define DAEMONS_MAX ((size_t)CONFIG_LISTENERS_MAX * THREADS_MAX)

struct net_daemon {
	struct net *net;
	enum config_listener_kind kind;
	int fd;                         /* until the loop has it; else -1 */
	unsigned connections;           /* at most */
	struct net_loop *loop;
};

struct net {
	struct serve *serve;
	struct net_daemon daemons[DAEMONS_MAX];
	size_t len;
	struct buf client_ca;           /* PEM, NUL behind it */
	struct hardening_report report;
	enum err e;
};

/* ---- connections come and go ---- */

static void put_address(const struct sockaddr *a, char ret[SERVE_ADDRESS_LEN])
{
	const struct sockaddr_in *v4 = (const void *)a;
	const struct sockaddr_in6 *v6 = (const void *)a;

	memcpy(ret, "local", 6);
	if (a == NULL)
		return;
	if (a->sa_family == AF_INET)
		(void)inet_ntop(AF_INET, &v4->sin_addr, ret,
		    SERVE_ADDRESS_LEN);
	else if (a->sa_family == AF_INET6)
		(void)inet_ntop(AF_INET6, &v6->sin6_addr, ret,
		    SERVE_ADDRESS_LEN);
}

/* One address does not take all places.  Behind a proxy all have its own. */
static enum MHD_Result may_connect(void *cls, const struct sockaddr *a,
    socklen_t len)
{
	const struct net_daemon *d = cls;
	const struct serve *s = d->net->serve;
	char address[SERVE_ADDRESS_LEN];

	(void)len;
	if (d->kind != CONFIG_TLS)
		return MHD_YES;
	put_address(a, address);
	return conns_of(s->conns, address) <
	    s->limits.connections_per_address ? MHD_YES : MHD_NO;
}

static void begin(struct net_daemon *d, struct MHD_Connection *connection,
    void **socket_context)
{
	struct serve *s = d->net->serve;
	const union MHD_ConnectionInfo *fd = MHD_get_connection_info(
	    connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	const union MHD_ConnectionInfo *from = MHD_get_connection_info(
	    connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	char address[SERVE_ADDRESS_LEN];
	struct conn *c;

	put_address(from == NULL ? NULL : from->client_addr, address);
	c = fd == NULL ? NULL : conns_add(s->conns, fd->connect_fd, address);
	*socket_context = c;
	if (c == NULL)
		return;
	c->kind = d->kind;
	c->loop = d->loop;
	atomic_store(&c->deadline_ms, clock_monotonic_ms() +
	    (int64_t)s->limits.header_seconds * 1000);
}

static void on_connection(void *cls, struct MHD_Connection *connection,
    void **socket_context, enum MHD_ConnectionNotificationCode toe)
{
	struct net_daemon *d = cls;

	if (toe == MHD_CONNECTION_NOTIFY_STARTED) {
		begin(d, connection, socket_context);
		return;
	}
	if (*socket_context != NULL)
		conns_remove(d->net->serve->conns, *socket_context);
	*socket_context = NULL;
}

/* The target as it came, before anybody decodes it. */
static void *on_target(void *cls, const char *uri,
    struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
	    connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct conn *c = info == NULL ? NULL : info->socket_context;
	size_t len = strnlen(uri, FRONT_TARGET_MAX + 1);

	(void)cls;
	if (c == NULL)
		return NULL;
	memcpy(c->target, uri, len);
	c->target[len] = '\0';
	c->target_at = (uintptr_t)uri;
	return NULL;
}

/* What libmicrohttpd says may hold bytes of a caller: not logged. */
static void quiet(void *cls, const char *fmt, va_list ap)
{
	(void)cls;
	(void)fmt;
	(void)ap;
}

/* ---- daemons ---- */

#define OPTIONS_MAX 20

static size_t usual_options(struct net_daemon *d, struct MHD_OptionItem *o)
{
	const struct config_limits *l = &d->net->serve->limits;
	size_t n = 0;

	o[n++] = (struct MHD_OptionItem){MHD_OPTION_LISTEN_SOCKET, d->fd,
		NULL};
	o[n++] = (struct MHD_OptionItem){MHD_OPTION_CONNECTION_LIMIT,
		(intptr_t)d->connections, NULL};
	o[n++] = (struct MHD_OptionItem){MHD_OPTION_CONNECTION_TIMEOUT,
		(intptr_t)(l->idle_seconds > l->request_seconds ?
		l->idle_seconds : l->request_seconds), NULL};
	o[n++] = (struct MHD_OptionItem){MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		(intptr_t)MEMORY_PER_CONNECTION, NULL};
	o[n++] = (struct MHD_OptionItem){MHD_OPTION_STRICT_FOR_CLIENT, 1,
		NULL};
	return n;
}

static size_t tls_options(struct net_daemon *d, struct MHD_OptionItem *o,
    size_t n)
{
	static char priorities[] = TLS_PRIORITIES;

	o[n++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_PRIORITIES, 0,
		priorities};
	/* a function travels as a data pointer here (POSIX allows it) */
	o[n++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_CERT_CALLBACK, 0,
		__extension__(void *)tls_retrieve};
	if (d->net->client_ca.len > 0)
		o[n++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_TRUST, 0,
		    d->net->client_ca.data};
	return n;
}

static struct MHD_Daemon *new_daemon(struct net_daemon *d)
{
	struct MHD_OptionItem options[OPTIONS_MAX];
	unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME |
	    MHD_USE_ERROR_LOG;
	size_t n = usual_options(d, options);

	if (d->kind == CONFIG_TLS) {
		flags |= MHD_USE_TLS;
		n = tls_options(d, options, n);
	}
	options[n] = (struct MHD_OptionItem){MHD_OPTION_END, 0, NULL};
	return MHD_start_daemon(flags, 0, may_connect, d, wire_access,
	    d->net->serve, MHD_OPTION_EXTERNAL_LOGGER, quiet, NULL,
	    MHD_OPTION_NOTIFY_CONNECTION, on_connection, d,
	    MHD_OPTION_NOTIFY_COMPLETED, wire_completed, d->net->serve,
	    MHD_OPTION_URI_LOG_CALLBACK, on_target, NULL,
	    MHD_OPTION_ARRAY, options, MHD_OPTION_END);
}

static enum err start_daemon(struct net_daemon *d)
{
	struct MHD_Daemon *mhd;

	d->loop = net_loop_new();
	if (d->loop == NULL)
		return ERR_NOMEM;
	mhd = new_daemon(d);
	if (mhd == NULL)
		return ERR_IO;
	d->fd = -1;
	return net_loop_start(d->loop, mhd);
}

/* What this thread has given up, the threads of the daemons have too. */
static void *start_all(void *arg)
{
	struct net *n = arg;

	hardening_net_thread(&n->report);
	for (size_t i = 0; n->e == ERR_OK && i < n->len; i++)
		n->e = start_daemon(&n->daemons[i]);
	return NULL;
}

static enum err start_in_thread(struct net *n)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, start_all, n) != 0)
		return ERR_NOMEM;
	(void)pthread_join(thread, NULL);
	serve_log("net-threads", "seccomp", n->report.seccomp, "landlock",
	    n->report.landlock, NULL);
	return n->e;
}

/* Each daemon closes a socket of its own. */
static enum err add_daemons(struct net *n, enum config_listener_kind kind,
    int fd)
{
	const struct config_limits *l = &n->serve->limits;

	(void)fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	for (unsigned i = 0; i < l->threads; i++) {
		struct net_daemon *d = &n->daemons[n->len];

		*d = (struct net_daemon){.net = n, .kind = kind,
		    .connections = l->connections / l->threads +
		    (i < l->connections % l->threads), .fd = i == 0 ? fd :
		    fcntl(fd, F_DUPFD_CLOEXEC, 3)};
		if (d->fd < 0)
			return ERR_IO;
		n->len++;
	}
	return ERR_OK;
}

enum err net_start(struct serve *s, const struct config_listener *listeners,
    const int *fds, size_t len, struct net **ret)
{
	struct net *n = calloc(1, sizeof(*n));
	enum err e = ERR_OK;

	if (n == NULL)
		return ERR_NOMEM;       /* the process ends */
	n->serve = s;
	for (size_t i = 0; e == ERR_OK && i < len; i++)
		e = add_daemons(n, listeners[i].kind, fds[i]);
	if (e == ERR_OK)
		e = wire_empties_init(&s->empties);
	if (e == ERR_OK && s->config->client_ca[0] != '\0')
		e = fs_read_file(s->config->client_ca, CA_MAX, &n->client_ca);
	if (e == ERR_OK)
		e = start_in_thread(n);
	if (e != ERR_OK) {
		net_stop(n);
		return e;
	}
	*ret = n;
	return ERR_OK;
}

void net_quiesce(struct net *n)
{
	for (size_t i = 0; i < n->len; i++)
		net_loop_quiesce(n->daemons[i].loop);
}

void net_stop(struct net *n)
{
	if (n == NULL)
		return;
	for (size_t i = 0; i < n->len; i++) {
		net_loop_free(n->daemons[i].loop);
		fs_fd_cleanup(&n->daemons[i].fd);
	}
	wire_empties_release(&n->serve->empties);
	buf_release(&n->client_ca);
	free(n);
}
