/* app/serve/notify.h - what a service manager expects (sd_notify(3),
 * sd_listen_fds(3), sd_watchdog_enabled(3)), by its documented protocol. */
#ifndef AZUKARI_APP_SERVE_NOTIFY_H
#define AZUKARI_APP_SERVE_NOTIFY_H

#include <stddef.h>
#include <stdint.h>

#define NOTIFY_SOCKETS_MAX 8

/* A listening socket that was handed over. */
struct notify_socket {
	int fd;
	char name[64];                  /* "tls", "plain", "local"; or "" */
};

/* The sockets of LISTEN_FDS, made close-on-exec; unsets the variables. */
size_t notify_sockets(struct notify_socket ret[NOTIFY_SOCKETS_MAX]);

/* Send ${state} ("READY=1") to NOTIFY_SOCKET; nothing where there is none. */
void notify_send(const char *state);

/* Seconds between signs of life that are asked for; 0: none. */
unsigned notify_watchdog_seconds(void);

#endif
