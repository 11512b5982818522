/* Connections and their clocks.  libmicrohttpd's own timeout starts anew with
 * every byte; these do not. */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "app/serve/serve_internal.h"

struct conns {
	pthread_mutex_t lock;
	struct conn *first;
	size_t len;
};

struct conns *conns_new(void)
{
	struct conns *c = calloc(1, sizeof(*c));

	if (c != NULL)
		pthread_mutex_init(&c->lock, NULL);
	return c;
}

void conns_free(struct conns *c)
{
	if (c == NULL)
		return;
	while (c->first != NULL)
		conns_remove(c, c->first);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

struct conn *conns_add(struct conns *c, int fd,
    const char address[SERVE_ADDRESS_LEN])
{
	struct conn *conn = calloc(1, sizeof(*conn));

	if (conn == NULL)
		return NULL;
	conn->fd = fd;
	memcpy(conn->address, address, SERVE_ADDRESS_LEN);
	pthread_mutex_lock(&c->lock);
	conn->next = c->first;
	if (c->first != NULL)
		c->first->prev = conn;
	c->first = conn;
	c->len++;
	pthread_mutex_unlock(&c->lock);
	return conn;
}

void conns_remove(struct conns *c, struct conn *conn)
{
	pthread_mutex_lock(&c->lock);
	if (conn->prev != NULL)
		conn->prev->next = conn->next;
	else
		c->first = conn->next;
	if (conn->next != NULL)
		conn->next->prev = conn->prev;
	c->len--;
	pthread_mutex_unlock(&c->lock);
	free(conn->spare);
	free(conn);
}

size_t conns_count(struct conns *c)
{
	size_t len;

	pthread_mutex_lock(&c->lock);
	len = c->len;
	pthread_mutex_unlock(&c->lock);
	return len;
}

size_t conns_of(struct conns *c, const char *address)
{
	size_t count = 0;

	pthread_mutex_lock(&c->lock);
	for (struct conn *conn = c->first; conn != NULL; conn = conn->next)
		count += strcmp(conn->address, address) == 0;
	pthread_mutex_unlock(&c->lock);
	return count;
}

/* Under the lock a connection is still there, so its descriptor is its own. */
size_t conns_reap(struct conns *c, int64_t now_ms)
{
	size_t count = 0;

	pthread_mutex_lock(&c->lock);
	for (struct conn *conn = c->first; conn != NULL; conn = conn->next) {
		int64_t deadline = atomic_load(&conn->deadline_ms);

		if (deadline == 0 || deadline > now_ms)
			continue;
		(void)shutdown(conn->fd, SHUT_RDWR);
		atomic_store(&conn->deadline_ms, 0);
		count++;
	}
	pthread_mutex_unlock(&c->lock);
	return count;
}
