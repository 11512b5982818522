/* keys/passphrase.h - where a passphrase comes from.
 *
 * Three sources and no others: never an argument, never the environment.  A
 * passphrase is 1 to PASSPHRASE_MAX bytes without control characters; one
 * trailing LF is not part of it.
 */
#ifndef AZUKARI_KEYS_PASSPHRASE_H
#define AZUKARI_KEYS_PASSPHRASE_H

#include "core/err.h"
#include "core/secret.h"

#define PASSPHRASE_MAX 1024

enum passphrase_source {
	PASSPHRASE_TERMINAL,            /* asked once, echo off */
	PASSPHRASE_TERMINAL_CONFIRM,    /* asked twice: for a new key */
	PASSPHRASE_DESCRIPTOR,          /* one line, up to LF or the end */
	PASSPHRASE_FILE,                /* the whole file, mode 0600 */
};

struct passphrase_from {
	enum passphrase_source source;
	int fd;                 /* DESCRIPTOR: read from here, left open */
	const char *path;       /* FILE */
	const char *prompt;     /* TERMINAL*: shown as given */
	const char *again;      /* TERMINAL_CONFIRM: the second prompt */
};

/* Read one; the caller owns it.  ERR_PASSPHRASE: no terminal, empty, or the
 * two entries differ.  ERR_LIMIT: longer than PASSPHRASE_MAX.  ERR_ENCODING:
 * a control character.  ERR_CANCELLED: Ctrl-C or Ctrl-D at the terminal.
 * ERR_REFUSED, ERR_NOT_FOUND, ERR_IO: the file or descriptor. */
enum err passphrase_read(const struct passphrase_from *from,
    struct secret **ret) MUST_USE;

/* The same for a terminal that is open already (both ways) as ${tty_fd}. */
enum err passphrase_ask(int tty_fd, const char *prompt,
    struct secret **ret) MUST_USE;

#endif
