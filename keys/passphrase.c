#include "keys/passphrase.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "core/buf.h"
#include "core/fs.h"
#include "keys/secret_text.h"

/* A passphrase and the LF behind it, so that one byte too many shows. */
#define ROOM (PASSPHRASE_MAX + 2)

/* ---- what counts as one ---- */

/* ${typed} without its one trailing LF. */
static enum err
accept(struct bytes typed, struct secret **ret)
{
	if (typed.len > 0 && typed.data[typed.len - 1] == '\n')
		typed.len--;
	if (typed.len == 0)
		return ERR_PASSPHRASE;
	if (typed.len > PASSPHRASE_MAX)
		return ERR_LIMIT;
	for (size_t i = 0; i < typed.len; i++)
		if (typed.data[i] < 32 || typed.data[i] == 127)
			return ERR_ENCODING;
	return secret_new_copy(typed.data, typed.len, ret);
}

/* Bytes up to LF, ${stop} or the end; byte by byte, so that what follows stays
 * for the next reader. */
static enum err
read_line(int fd, uint8_t stop, struct secret *into, size_t *ret_len)
{
	uint8_t *at = secret_bytes_mut(into);
	size_t len = 0;

	while (len < secret_len(into)) {
		ssize_t got = read(fd, at + len, 1);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return ERR_IO;
		if (got == 0)
			break;
		len++;
		if (at[len - 1] == '\n' || at[len - 1] == stop)
			break;
	}
	*ret_len = len;
	return ERR_OK;
}

/* ---- terminal ---- */

struct silenced {
	int fd;
	int changed;
	struct termios before;
};

static void
speak_again(struct silenced *s)
{
	if (s->changed)
		(void)tcsetattr(s->fd, TCSANOW, &s->before);
}

/* No echo; and Ctrl-C, instead of ending us with the terminal left silent,
 * ends the line like LF and is read as a byte. */
static enum err
silence(int fd, struct silenced *s, uint8_t *ret_interrupt)
{
	struct termios quiet;

	if (tcgetattr(fd, &s->before) != 0)
		return ERR_PASSPHRASE;
	quiet = s->before;
	quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL | ISIG);
	quiet.c_lflag |= ICANON;
	quiet.c_iflag |= ICRNL;
	*ret_interrupt = s->before.c_cc[VINTR];
	quiet.c_cc[VEOL] = *ret_interrupt;
	s->fd = fd;
	s->changed = 1;
	return tcsetattr(fd, TCSAFLUSH, &quiet) == 0 ? ERR_OK : ERR_IO;
}

enum err
passphrase_ask(int tty_fd, const char *prompt, struct secret **ret)
{
	CLEANUP(secret_cleanup) struct secret *line = NULL;
	CLEANUP(speak_again) struct silenced s = {0};
	uint8_t interrupt;
	size_t len;

	RETURN_IF(secret_new(ROOM, &line));
	RETURN_IF(silence(tty_fd, &s, &interrupt));
	RETURN_IF(fs_write_all(tty_fd, bytes_str(prompt)));
	RETURN_IF(read_line(tty_fd, interrupt, line, &len));
	RETURN_IF(fs_write_all(tty_fd, bytes_str("\n")));
	if (len == 0 || secret_bytes(line)[len - 1] == interrupt)
		return ERR_CANCELLED;
	return accept(bytes_of(secret_bytes(line), len), ret);
}

static enum err
from_terminal(const struct passphrase_from *from, int confirm,
    struct secret **ret)
{
	CLEANUP(secret_cleanup) struct secret *first = NULL;
	CLEANUP(secret_cleanup) struct secret *second = NULL;
	CLEANUP(fs_fd_cleanup) int fd =
	    open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return ERR_PASSPHRASE;
	RETURN_IF(passphrase_ask(fd, from->prompt, &first));
	if (confirm) {
		RETURN_IF(passphrase_ask(fd, from->again, &second));
		if (!secret_equal(first, second))
			return ERR_PASSPHRASE;
	}
	*ret = TAKE(first);
	return ERR_OK;
}

/* ---- descriptor and file ---- */

static enum err
from_descriptor(int fd, struct secret **ret)
{
	CLEANUP(secret_cleanup) struct secret *line = NULL;
	size_t len;

	RETURN_IF(secret_new(ROOM, &line));
	RETURN_IF(read_line(fd, '\n', line, &len));
	return accept(bytes_of(secret_bytes(line), len), ret);
}

static enum err
from_file(const char *path, struct secret **ret)
{
	CLEANUP(secret_cleanup) struct secret *all = NULL;
	enum err e = secret_text_read_file(path, ROOM, &all);

	if (e == ERR_TRUNCATED)
		return ERR_PASSPHRASE;
	RETURN_IF(e);
	return accept(bytes_of(secret_bytes(all), secret_len(all)), ret);
}

enum err
passphrase_read(const struct passphrase_from *from, struct secret **ret)
{
	switch (from->source) {
	case PASSPHRASE_TERMINAL:
		return from_terminal(from, 0, ret);
	case PASSPHRASE_TERMINAL_CONFIRM:
		return from_terminal(from, 1, ret);
	case PASSPHRASE_DESCRIPTOR:
		return from_descriptor(from->fd, ret);
	case PASSPHRASE_FILE:
		return from_file(from->path, ret);
	}
	return ERR_USAGE;
}
