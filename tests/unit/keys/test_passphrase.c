#include "tests/unit/keys/keys_test.h"

#include <fcntl.h>
#include <poll.h>
#include <termios.h>

#include <sys/ioctl.h>
#include <sys/stat.h>

#include "keys/passphrase.h"

static void
assert_secret(const struct secret *s, const char *text)
{
	assert_int_equal(secret_len(s), strlen(text));
	assert_memory_equal(secret_bytes(s), text, strlen(text));
}

/* ---- descriptor ---- */

static int
pipe_with(struct bytes text)
{
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	assert_ok(fs_write_all(fds[1], text));
	assert_int_equal(close(fds[1]), 0);
	return fds[0];
}

static enum err
from_pipe(struct bytes text, struct secret **ret)
{
	struct passphrase_from from = {.source = PASSPHRASE_DESCRIPTOR};
	enum err e;

	from.fd = pipe_with(text);
	e = passphrase_read(&from, ret);
	assert_int_equal(close(from.fd), 0);
	return e;
}

static void
test_descriptor(void **state)
{
	CLEANUP(secret_cleanup) struct secret *a = NULL;
	CLEANUP(secret_cleanup) struct secret *b = NULL;
	CLEANUP(secret_cleanup) struct secret *c = NULL;
	struct secret *none = NULL;

	(void)state;
	assert_ok(from_pipe(bytes_str("a phrase\n"), &a));
	assert_secret(a, "a phrase");
	assert_ok(from_pipe(bytes_str(" no newline "), &b));
	assert_secret(b, " no newline ");
	assert_ok(from_pipe(bytes_str("\xe7\xa7\x98\xe5\xaf\x86\n"), &c));
	assert_secret(c, "\xe7\xa7\x98\xe5\xaf\x86");
	assert_err(from_pipe(bytes_str(""), &none), ERR_PASSPHRASE);
	assert_err(from_pipe(bytes_str("\n"), &none), ERR_PASSPHRASE);
	assert_err(from_pipe(bytes_str("a\tb\n"), &none), ERR_ENCODING);
	assert_err(from_pipe(bytes_str("a\r\n"), &none), ERR_ENCODING);
	assert_err(from_pipe(bytes_of("a\0b\n", 4), &none), ERR_ENCODING);
	assert_err(from_pipe(bytes_str("a\x7f\n"), &none), ERR_ENCODING);
	assert_null(none);
}

/* Only its own line is read: the next one is for the next reader. */
static void
test_descriptor_reads_one_line(void **state)
{
	CLEANUP(secret_cleanup) struct secret *a = NULL;
	CLEANUP(secret_cleanup) struct secret *b = NULL;
	struct passphrase_from from = {.source = PASSPHRASE_DESCRIPTOR};

	(void)state;
	from.fd = pipe_with(bytes_str("first\nsecond\n"));
	assert_ok(passphrase_read(&from, &a));
	assert_secret(a, "first");
	assert_ok(passphrase_read(&from, &b));
	assert_secret(b, "second");
	assert_err(passphrase_read(&from, &a), ERR_PASSPHRASE);
	assert_int_equal(close(from.fd), 0);
	assert_err(passphrase_read(&from, &a), ERR_IO);
}

static void
test_lengths(void **state)
{
	char text[PASSPHRASE_MAX + 3];
	CLEANUP(secret_cleanup) struct secret *a = NULL;
	CLEANUP(secret_cleanup) struct secret *b = NULL;
	struct secret *none = NULL;

	(void)state;
	memset(text, 'x', sizeof(text));
	assert_ok(from_pipe(bytes_of(text, PASSPHRASE_MAX), &a));
	assert_int_equal(secret_len(a), PASSPHRASE_MAX);
	text[PASSPHRASE_MAX] = '\n';
	assert_ok(from_pipe(bytes_of(text, PASSPHRASE_MAX + 1), &b));
	assert_int_equal(secret_len(b), PASSPHRASE_MAX);
	text[PASSPHRASE_MAX] = 'x';
	assert_err(from_pipe(bytes_of(text, PASSPHRASE_MAX + 1), &none),
	    ERR_LIMIT);
	text[PASSPHRASE_MAX + 1] = '\n';
	assert_err(from_pipe(bytes_of(text, PASSPHRASE_MAX + 2), &none),
	    ERR_LIMIT);
	text[PASSPHRASE_MAX + 1] = 'x';
	assert_err(from_pipe(bytes_of(text, sizeof(text)), &none), ERR_LIMIT);
	assert_null(none);
}

/* ---- file ---- */

static enum err
from_file(const char *path, const char *text, struct secret **ret)
{
	const struct passphrase_from from = {.source = PASSPHRASE_FILE,
	    .path = path};

	assert_ok(fs_write_file(path, bytes_str(text), 0600));
	return passphrase_read(&from, ret);
}

static void
test_file(void **state)
{
	CLEANUP(secret_cleanup) struct secret *a = NULL;
	struct passphrase_from from = {.source = PASSPHRASE_FILE};
	char dir[FS_PATH_MAX], path[FS_PATH_MAX], big[3000];
	struct secret *none = NULL;

	(void)state;
	keys_test_mkdir(dir);
	assert_ok(fs_path(path, "%s/pass", dir));
	from.path = path;
	assert_err(passphrase_read(&from, &none), ERR_NOT_FOUND);
	assert_ok(from_file(path, "a phrase\n", &a));
	assert_secret(a, "a phrase");
	assert_err(from_file(path, "two\nlines\n", &none), ERR_ENCODING);
	assert_err(from_file(path, "phrase\n\n", &none), ERR_ENCODING);
	assert_err(from_file(path, "", &none), ERR_PASSPHRASE);
	assert_err(from_file(path, "\n", &none), ERR_PASSPHRASE);
	memset(big, 'x', sizeof(big));
	big[sizeof(big) - 1] = '\0';
	assert_err(from_file(path, big, &none), ERR_LIMIT);
	assert_ok(fs_write_file(path, bytes_str("a phrase\n"), 0600));
	assert_int_equal(chmod(path, 0604), 0);
	assert_err(passphrase_read(&from, &none), ERR_REFUSED);
	from.path = dir;
	assert_err(passphrase_read(&from, &none), ERR_REFUSED);
	assert_null(none);
	keys_test_rmdir(dir);
}

/* ---- terminal ---- */

/* What the user types, in order, each after a prompt ("> "). */
struct session {
	enum passphrase_source source;
	const char *typed[2];
	enum err want;
	const char *want_text;
};

static int
open_terminal(int *ret_master)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), slave;

	assert_true(master >= 0 && grantpt(master) == 0 &&
	    unlockpt(master) == 0);
	slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(slave >= 0);
	*ret_master = master;
	return slave;
}

static int
echoes(int slave)
{
	struct termios t;

	assert_int_equal(tcgetattr(slave, &t), 0);
	return (t.c_lflag & ECHO) != 0 && (t.c_lflag & ISIG) != 0;
}

/* In a process of its own, whose controlling terminal ${slave} is. */
static int
ask(int slave, const struct session *s)
{
	CLEANUP(secret_cleanup) struct secret *got = NULL;
	const struct passphrase_from from = {.source = s->source,
	    .prompt = "> ", .again = "again> "};

	if (setsid() < 0 || ioctl(slave, TIOCSCTTY, 0) != 0)
		return 2;
	if (passphrase_read(&from, &got) != s->want)
		return 3;
	if (s->want_text != NULL && (secret_len(got) !=
	    strlen(s->want_text) || memcmp(secret_bytes(got), s->want_text,
	    secret_len(got)) != 0))
		return 4;
	return echoes(slave) ? 0 : 5;
}

/* Appends what the terminal shows until it ends with a prompt. */
static int
read_prompt(int master, char *seen, size_t max)
{
	size_t len = strlen(seen);
	struct pollfd p = {.fd = master, .events = POLLIN};

	while (poll(&p, 1, 10000) == 1 && len < max - 1) {
		ssize_t got = read(master, seen + len, max - 1 - len);

		if (got <= 0)
			return 0;
		len += (size_t)got;
		seen[len] = '\0';
		if (len >= 2 && strcmp(seen + len - 2, "> ") == 0)
			return 1;
	}
	return 0;
}

static void
hold(const struct session *s)
{
	char seen[4096] = "";
	int master, slave = open_terminal(&master), status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(ask(slave, s));
	for (size_t i = 0; i < 2 && s->typed[i] != NULL; i++) {
		assert_true(read_prompt(master, seen, sizeof(seen)));
		assert_false(echoes(slave));
		assert_ok(fs_write_all(master, bytes_str(s->typed[i])));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	/* Nothing of what was typed was ever shown. */
	assert_null(strstr(seen, "horse"));
	(void)close(slave);
	(void)close(master);
}

static void
test_terminal(void **state)
{
	static const struct session sessions[] = {
		{PASSPHRASE_TERMINAL, {"correct horse\r"}, ERR_OK,
		    "correct horse"},
		{PASSPHRASE_TERMINAL, {"horsf\x7f" "e\n"}, ERR_OK, "horse"},
		{PASSPHRASE_TERMINAL, {"\r"}, ERR_PASSPHRASE, NULL},
		{PASSPHRASE_TERMINAL, {"\x03"}, ERR_CANCELLED, NULL},
		{PASSPHRASE_TERMINAL, {"horse\x03"}, ERR_CANCELLED, NULL},
		{PASSPHRASE_TERMINAL, {"\x04"}, ERR_CANCELLED, NULL},
		{PASSPHRASE_TERMINAL_CONFIRM, {"horse 1\r", "horse 1\r"},
		    ERR_OK, "horse 1"},
		{PASSPHRASE_TERMINAL_CONFIRM, {"horse 1\r", "horse 2\r"},
		    ERR_PASSPHRASE, NULL},
		{PASSPHRASE_TERMINAL_CONFIRM, {"horse 1\r", "\x03"},
		    ERR_CANCELLED, NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(sessions); i++)
		hold(&sessions[i]);
}

/* Without a terminal there is no passphrase, and no waiting for one. */
static void
test_no_terminal(void **state)
{
	const struct passphrase_from from = {.source = PASSPHRASE_TERMINAL,
	    .prompt = "> "};
	int status;
	pid_t pid;

	(void)state;
	if ((pid = fork()) == 0) {
		struct secret *got = NULL;

		(void)setsid();
		_exit(passphrase_read(&from, &got) == ERR_PASSPHRASE ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void
test_ask_needs_a_terminal(void **state)
{
	struct secret *none = NULL;
	int fd = pipe_with(bytes_str("horse\n"));

	(void)state;
	assert_err(passphrase_ask(fd, "> ", &none), ERR_PASSPHRASE);
	assert_int_equal(close(fd), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_descriptor),
		cmocka_unit_test(test_descriptor_reads_one_line),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_terminal),
		cmocka_unit_test(test_no_terminal),
		cmocka_unit_test(test_ask_needs_a_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
