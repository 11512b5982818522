/* app/serve/hardening.h - what the process gives up before it listens.
 *
 * core/secret.h has seen to core dumps, ptrace and locked memory already.
 * Here: the user, new privileges, system calls nobody here needs (seccomp),
 * and every file but those named (Landlock).  The threads that parse bytes
 * from the network give up opening files, connecting, running and tracing
 * altogether; they inherit it from the thread that starts them.
 *
 * One address space stays one address space: SECURITY.md says how far this
 * goes.
 */
#ifndef AZUKARI_APP_SERVE_HARDENING_H
#define AZUKARI_APP_SERVE_HARDENING_H

#include <stddef.h>

#include "core/err.h"

/* Become ${user} for good when started as root; nothing otherwise.
 * ERR_NOT_FOUND: no such user; ERR_IO. */
enum err hardening_drop(const char *user) MUST_USE;

/* A file that only the service may see: regular, mode 0600 or less, owned by
 * root, by us, or by ${user} ("" none).  ERR_REFUSED. */
enum err hardening_private(const char *path, const char *user) MUST_USE;

/* Folders and files: ${write} may be changed, ${read} only read. */
struct hardening_paths {
	const char *write[8], *read[16];
	size_t write_len, read_len;
};

/* What a kernel has of it is used; the words say what holds. */
struct hardening_report {
	const char *seccomp, *landlock;         /* "on", "absent" */
};

/* For the calling thread and all it starts from now on. */
void hardening_process(const struct hardening_paths *paths,
    struct hardening_report *ret);

/* For a net thread: no file at all. */
void hardening_net_thread(struct hardening_report *ret);

#endif
