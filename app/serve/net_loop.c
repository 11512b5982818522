/* A thread that turns one daemon of libmicrohttpd.
 *
 * Not a thread of libmicrohttpd's own: where exactly as many connections
 * become ready at once as its epoll loop takes in one call (128), that loop
 * waits again before it looks at any of them, with all the time it has - as
 * long as a connection may idle.  Turned from outside it is told never to
 * wait; the waiting is done here.  It also saves a wake-up for each of many
 * requests that are answered together.
 */
#include <errno.h>
#include <poll.h>
#include <semaphore.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "app/serve/net_internal.h"

#define STACK ((size_t)512 << 10)
#define LONGEST_MS 1000

struct net_loop {
	struct MHD_Daemon *mhd;         /* owned */
	int wake;                       /* an eventfd */
	_Atomic int woken;              /* it is on its way */
	_Atomic int quiesce, stop;
	sem_t quiesced;
	int started;
	pthread_t thread;
};

void net_loop_wake(struct net_loop *l)
{
	const uint64_t one = 1;

	if (atomic_exchange(&l->woken, 1) == 0)
		(void)!write(l->wake, &one, sizeof(one));
}

static int wait_ms(struct net_loop *l)
{
	MHD_UNSIGNED_LONG_LONG ms;

	if (MHD_get_timeout(l->mhd, &ms) != MHD_YES || ms > LONGEST_MS)
		return LONGEST_MS;
	return (int)ms;
}

/* Whoever wakes from here on is seen by the next turn. */
static void take_wake(struct net_loop *l)
{
	uint64_t count;

	if (atomic_load(&l->woken) == 0)
		return;
	(void)!read(l->wake, &count, sizeof(count));
	atomic_store(&l->woken, 0);
}

static void quiesce_here(struct net_loop *l)
{
	int fd;

	if (atomic_exchange(&l->quiesce, 0) == 0)
		return;
	fd = MHD_quiesce_daemon(l->mhd);
	if (fd >= 0)
		(void)close(fd);
	(void)sem_post(&l->quiesced);
}

static void *turn(void *arg)
{
	struct net_loop *l = arg;
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(l->mhd,
	    MHD_DAEMON_INFO_EPOLL_FD);
	struct pollfd fds[2] = {{.fd = info->epoll_fd, .events = POLLIN},
	    {.fd = l->wake, .events = POLLIN}};

	while (!atomic_load(&l->stop)) {
		(void)poll(fds, 2, wait_ms(l));
		take_wake(l);
		quiesce_here(l);
		(void)MHD_run(l->mhd);
	}
	return NULL;
}

struct net_loop *net_loop_new(void)
{
	struct net_loop *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return NULL;
	(void)sem_init(&l->quiesced, 0, 0);
	l->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (l->wake >= 0)
		return l;
	net_loop_free(l);
	return NULL;
}

enum err net_loop_start(struct net_loop *l, struct MHD_Daemon *mhd)
{
	pthread_attr_t attr;

	l->mhd = mhd;
	if (MHD_get_daemon_info(mhd, MHD_DAEMON_INFO_EPOLL_FD) == NULL ||
	    pthread_attr_init(&attr) != 0)
		return ERR_NOMEM;
	(void)pthread_attr_setstacksize(&attr, STACK);
	l->started = pthread_create(&l->thread, &attr, turn, l) == 0;
	pthread_attr_destroy(&attr);
	return l->started ? ERR_OK : ERR_NOMEM;
}

void net_loop_quiesce(struct net_loop *l)
{
	if (!l->started)
		return;
	atomic_store(&l->quiesce, 1);
	net_loop_wake(l);
	while (sem_wait(&l->quiesced) != 0 && errno == EINTR)
		;
}

void net_loop_free(struct net_loop *l)
{
	if (l == NULL)
		return;
	atomic_store(&l->stop, 1);
	if (l->started) {
		net_loop_wake(l);
		(void)pthread_join(l->thread, NULL);
	}
	if (l->mhd != NULL)
		MHD_stop_daemon(l->mhd);
	if (l->wake >= 0)
		(void)close(l->wake);
	(void)sem_destroy(&l->quiesced);
	free(l);
}
