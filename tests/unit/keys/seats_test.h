/* What the tests of signatures, shares and epochs share. */
#ifndef AZUKARI_TESTS_UNIT_KEYS_SEATS_TEST_H
#define AZUKARI_TESTS_UNIT_KEYS_SEATS_TEST_H

#include "tests/unit/unit.h"

#include "core/buf.h"
#include "core/encode.h"
#include "core/fs.h"
#include "core/json_doc.h"
#include "core/secret.h"

/* A shell command; its exit status. */
static inline int __attribute__((format(printf, 1, 2)))
seats_run(const char *fmt, ...)
{
	char command[8192];
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(command, sizeof(command), fmt, ap);
	va_end(ap);
	assert_true(len > 0 && (size_t)len < sizeof(command));
	len = system(command);
	return WIFEXITED(len) ? WEXITSTATUS(len) : -1;
}

#define SEATS_NEED(program)                                              \
	do {                                                             \
		if (seats_run("command -v %s >/dev/null", program) != 0) \
			UNIT_SKIP("no %s", program);                     \
	} while (0)

/* A file of ours in a test's folder; and its contents appended to ${out}. */
static inline void
seats_write(const char *dir, const char *name, struct bytes bytes)
{
	char path[FS_PATH_MAX];

	assert_ok(fs_path(path, "%s/%s", dir, name));
	assert_ok(fs_write_file(path, bytes, 0600));
}

static inline void
seats_read(const char *dir, const char *name, struct buf *out)
{
	char path[FS_PATH_MAX];

	assert_ok(fs_path(path, "%s/%s", dir, name));
	assert_ok(fs_read_file(path, (size_t)1 << 20, out));
}

/* Appends the bytes of a hex string. */
static inline void
seats_hex(const char *hex, struct buf *out)
{
	size_t len = strlen(hex) / 2;

	assert_ok(buf_reserve(out, len + 1));
	assert_ok(decode_hex(bytes_str(hex), out->data + out->len, len));
	out->len += len;
}

/* A secret of ${len} equal bytes. */
static inline struct secret *
seats_secret(uint8_t byte, size_t len)
{
	struct secret *s = NULL;

	assert_ok(secret_new(len, &s));
	memset(secret_bytes_mut(s), byte, len);
	return s;
}

/* ${needle} in ${hay} replaced once; the needle must be there. */
static inline void
seats_replace(struct bytes hay, const char *needle, const char *by,
    struct buf *out)
{
	const uint8_t *at = memmem(hay.data, hay.len, needle, strlen(needle));
	size_t before, skip = strlen(needle);

	assert_non_null(at);
	before = (size_t)(at - hay.data);
	buf_clear(out);
	assert_ok(buf_append(out, hay.data, before));
	assert_ok(buf_append_str(out, by));
	assert_ok(buf_append(out, at + skip, hay.len - before - skip));
}

#endif
