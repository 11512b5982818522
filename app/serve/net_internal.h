/* app/serve/net_internal.h - between net.c and net_loop.c. */
#ifndef AZUKARI_APP_SERVE_NET_INTERNAL_H
#define AZUKARI_APP_SERVE_NET_INTERNAL_H

#include <microhttpd.h>

#include "app/serve/serve_internal.h"

/* A thread of its own that turns a daemon.  net_loop_new first, since the
 * daemon's callbacks need it; NULL: no memory or no descriptors. */
struct net_loop *net_loop_new(void);
/* Begin to turn ${mhd}, which was started without threads and is taken in any
 * case.  The thread has given up what the caller has. */
enum err net_loop_start(struct net_loop *l, struct MHD_Daemon *mhd) MUST_USE;
/* Accept nothing new from now on; returns when that is so. */
void net_loop_quiesce(struct net_loop *l);
/* Ends the thread, closes the connections, frees. */
void net_loop_free(struct net_loop *l);

#endif
