/* app/serve/serve_internal.h - the service's own inside.
 *
 * Locks, in this order: config_lock, a wire's lock, the desk's, a connection's.
 */
#ifndef AZUKARI_APP_SERVE_SERVE_INTERNAL_H
#define AZUKARI_APP_SERVE_SERVE_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "app/serve/config.h"
#include "app/serve/front.h"
#include "app/serve/parts.h"
#include "app/serve/rate.h"
#include "app/serve/serve.h"
#include "app/serve/session.h"

struct desk;
struct net;
struct net_loop;
struct conn;
struct conns;

/* Counted for /metrics; relaxed. */
struct serve_counters {
	_Atomic uint64_t requests[6];           /* by hundreds of the status */
	_Atomic uint64_t front[FRONT_FAULTS];   /* refused by the front check */
	_Atomic uint64_t rate_refused, busy_refused, sessions_refused;
	_Atomic uint64_t slow_closed;           /* by the clock */
	_Atomic uint64_t bytes_in;
	_Atomic uint64_t desk_runs, desk_ms;
};

/* Replies without content, shared by all connections: plain, over TLS. */
struct wire_empties {
	void *replies[2];               /* struct MHD_Response */
};

struct serve {
	char home_dir[FS_PATH_MAX], config_path[FS_PATH_MAX];
	struct home_seal seal;
	pthread_mutex_t seal_lock;
	char origin[GATEWAY_KEY_ORIGIN_MAX + 1];
	pthread_rwlock_t config_lock;
	struct config *config;                  /* replaced by a reload */
	struct config_limits limits;            /* of the start; fixed */
	struct sessions *sessions;
	struct rate *rate;
	struct desk *desk;
	struct conns *conns;
	struct net *net;
	struct wire_empties empties;
	void *parts[PARTS_MAX];
	size_t parts_len;                       /* started */
	int64_t started_unix_s;
	_Atomic int draining;                   /* no new work */
	_Atomic int unwell;                     /* the stores do not answer */
	_Atomic uint64_t requests_open;         /* between head and completion */
	_Atomic uint64_t bodies_bytes;
	struct serve_counters counters;
};

/* ---- wire.c: one request on its way ---- */

enum wire_state { WIRE_HEAD, WIRE_BODY, WIRE_RUNNING, WIRE_DONE };

#define WIRE_PIPE_LEN ((size_t)256 << 10)

struct serve_wire {
	struct serve_request q;
	void *connection;               /* struct MHD_Connection */
	struct conn *conn;
	pthread_mutex_t lock;
	pthread_cond_t moved;           /* of the pipe */
	enum wire_state state;
	unsigned refs;                  /* net thread, worker */
	int suspended, gone, ended;     /* gone: the caller hung up */
	enum err e;
	unsigned refused;               /* status, found while the body came */
	int is_head;                    /* HEAD */
	struct buf headers;             /* name NUL value NUL, in their order */
	char target[FRONT_TARGET_MAX + 2];
	uint64_t got;                   /* bytes of the body */
	uint64_t reserved;              /* of bodies_bytes */
	uint8_t *ring;                  /* WIRE_PIPE_LEN, streams only */
	size_t ring_start, ring_len;
	struct serve_wire *next;        /* in a queue of the desk */
};

/* With one hold and nothing in it; NULL: no memory.  From the thread of ${c}. */
struct serve_wire *wire_new(struct conn *c);
/* The handler is done; lets go of the worker's hold. */
void wire_done(struct serve_wire *w, enum err e);
void wire_unref(struct serve_wire *w);

/* ---- desk.c: threads that hold keys ---- */

enum err desk_start(struct serve *s, struct desk **ret) MUST_USE;
/* 0 when too much waits already. */
int desk_put(struct desk *d, struct serve_wire *w);
size_t desk_waiting(struct desk *d);
/* Runs what waits, then ends the threads. */
void desk_stop(struct desk *d);

/* The key in force of whoever ${who} claims to be.  ERR_NOT_FOUND. */
enum err serve_caller_key(struct serve *s, struct home *h,
    const struct serve_caller *who, uint8_t ret[32]) MUST_USE;

/* ---- conns.c: connections and their clocks ---- */

struct conn {
	int fd;
	struct net_loop *loop;          /* whose thread it belongs to */
	enum config_listener_kind kind;
	_Atomic int64_t deadline_ms;    /* 0: none */
	char address[SERVE_ADDRESS_LEN];
	char target[FRONT_TARGET_MAX + 2];      /* raw, cut */
	uintptr_t target_at;            /* where it stood */
	struct serve_wire *spare;       /* room for the next request, or NULL */
	struct conn *prev, *next;
};

struct conns *conns_new(void);
void conns_free(struct conns *c);
struct conn *conns_add(struct conns *c, int fd,
    const char address[SERVE_ADDRESS_LEN]);     /* NULL: no memory */
void conns_remove(struct conns *c, struct conn *conn);
size_t conns_count(struct conns *c);
size_t conns_of(struct conns *c, const char *address);  /* from there */
/* Shut down what is past its deadline; how many. */
size_t conns_reap(struct conns *c, int64_t now_ms);

/* ---- net.c: libmicrohttpd ---- */

/* Starts the daemons of each socket of ${fds} (as config->listeners), in a
 * thread that has given up files first; the sockets are taken in any case. */
enum err net_start(struct serve *s, const struct config_listener *listeners,
    const int *fds, size_t len, struct net **ret) MUST_USE;
void net_quiesce(struct net *n);        /* accept nothing new */
void net_stop(struct net *n);
/* A connection of that thread was resumed; from any thread. */
void net_loop_wake(struct net_loop *l);

/* ---- listen.c ---- */

/* A listening socket; a port of 0 is chosen and written back. */
enum err listen_open(struct config_listener *l, int *ret_fd,
    struct err_info *info) MUST_USE;

#endif
