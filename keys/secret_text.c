#include "keys/secret_text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/encode.h"
#include "core/fs.h"
#include "keys/bech32.h"

#define VALUE_MAX 4096
#define UINT_DIGITS 19          /* none of these overflows 64 bits */

enum err
secret_text_init(struct secret_text *t, size_t capacity)
{
	*t = (struct secret_text){NULL, 0, ERR_OK};
	return secret_new(capacity, &t->mem);
}

void
secret_text_release(struct secret_text *t)
{
	secret_free(t->mem);
	*t = (struct secret_text){NULL, 0, ERR_OK};
}

/* Room for ${len} more bytes, or NULL (remembered). */
static uint8_t *
room(struct secret_text *t, size_t len)
{
	uint8_t *at;

	if (t->e != ERR_OK || len > secret_len(t->mem) - t->len) {
		t->e = t->e != ERR_OK ? t->e : ERR_LIMIT;
		return NULL;
	}
	at = secret_bytes_mut(t->mem) + t->len;
	t->len += len;
	return at;
}

void
secret_text_bytes(struct secret_text *t, struct bytes b)
{
	uint8_t *at = room(t, b.len);

	if (at != NULL && b.len > 0)
		memcpy(at, b.data, b.len);
}

void
secret_text_str(struct secret_text *t, const char *s)
{
	secret_text_bytes(t, bytes_str(s));
}

void
secret_text_hex(struct secret_text *t, const uint8_t *b, size_t len)
{
	/* The NUL behind the digits is given back. */
	uint8_t *at = room(t, 2 * len + 1);

	if (at == NULL)
		return;
	encode_hex(b, len, (char *)at);
	t->len--;
}

void
secret_text_age(struct secret_text *t, const struct secret *s)
{
	uint8_t *at = room(t, BECH32_SECRET_LEN);

	MUST_HOLD(secret_len(s) == 32);
	if (at != NULL)
		bech32_encode_secret(secret_bytes(s), at);
}

static void
begin_line(struct secret_text *t, const char *key)
{
	secret_text_str(t, key);
	secret_text_str(t, ": ");
}

void
secret_text_line(struct secret_text *t, const char *key, const char *value)
{
	begin_line(t, key);
	secret_text_str(t, value);
	secret_text_str(t, "\n");
}

void
secret_text_time(struct secret_text *t, const char *key, int64_t unix_s)
{
	char value[CLOCK_UTC_LEN + 1];

	clock_format_utc(unix_s, value);
	secret_text_line(t, key, value);
}

void
secret_text_uint(struct secret_text *t, const char *key, uint64_t v)
{
	char value[24];

	(void)snprintf(value, sizeof(value), "%llu", (unsigned long long)v);
	secret_text_line(t, key, value);
}

void
secret_text_key(struct secret_text *t, const char *key, const struct secret *s)
{
	begin_line(t, key);
	secret_text_hex(t, secret_bytes(s), secret_len(s));
	secret_text_str(t, "\n");
}

enum err
secret_text_end(const struct secret_text *t, struct bytes *ret)
{
	RETURN_IF(t->e);
	*ret = bytes_of(secret_bytes(t->mem), t->len);
	return ERR_OK;
}

static enum err
take_line(struct bytes *rest, struct bytes *ret)
{
	return bytes_take_line(rest, ret) == ERR_OK ? ERR_OK : ERR_SYNTAX;
}

enum err
secret_text_take_exact(struct bytes *rest, const char *line)
{
	struct bytes got;

	RETURN_IF(take_line(rest, &got));
	return bytes_equal(got, bytes_str(line)) ? ERR_OK : ERR_SYNTAX;
}

static int
is_value(struct bytes b)
{
	if (b.len < 1 || b.len > VALUE_MAX || b.data[0] == ' ' ||
	    b.data[b.len - 1] == ' ')
		return 0;
	for (size_t i = 0; i < b.len; i++)
		if (b.data[i] < 32 || b.data[i] > 126)
			return 0;
	return 1;
}

enum err
secret_text_take(struct bytes *rest, const char *key, struct bytes *ret)
{
	size_t key_len = strlen(key);
	struct bytes line, value;

	RETURN_IF(take_line(rest, &line));
	if (line.len < key_len + 2 || memcmp(line.data, key, key_len) != 0 ||
	    memcmp(line.data + key_len, ": ", 2) != 0)
		return ERR_SYNTAX;
	value = bytes_of(line.data + key_len + 2, line.len - key_len - 2);
	if (!is_value(value))
		return ERR_SYNTAX;
	*ret = value;
	return ERR_OK;
}

enum err
secret_text_take_time(struct bytes *rest, const char *key, int64_t *ret_unix_s)
{
	struct bytes value;

	RETURN_IF(secret_text_take(rest, key, &value));
	return clock_parse_utc(value, ret_unix_s);
}

enum err
secret_text_take_uint(struct bytes *rest, const char *key, uint64_t *ret)
{
	struct bytes value;
	uint64_t v = 0;

	RETURN_IF(secret_text_take(rest, key, &value));
	if (value.data[0] == '0' && value.len > 1)
		return ERR_SYNTAX;
	for (size_t i = 0; i < value.len; i++) {
		if (value.data[i] < '0' || value.data[i] > '9')
			return ERR_SYNTAX;
		if (i >= UINT_DIGITS)
			return ERR_RANGE;
		v = v * 10 + (value.data[i] - (uint64_t)'0');
	}
	*ret = v;
	return ERR_OK;
}

enum err
secret_text_parse_key(struct bytes hex, struct secret **ret)
{
	CLEANUP(secret_cleanup) struct secret *s = NULL;

	RETURN_IF(secret_new(32, &s));
	RETURN_IF(decode_hex(hex, secret_bytes_mut(s), 32));
	*ret = TAKE(s);
	return ERR_OK;
}

enum err
secret_text_take_key(struct bytes *rest, const char *key, struct secret **ret)
{
	struct bytes value;

	RETURN_IF(secret_text_take(rest, key, &value));
	return secret_text_parse_key(value, ret);
}

enum err
secret_text_take_age(struct bytes *rest, const char *key, struct secret **ret)
{
	struct bytes value;

	RETURN_IF(secret_text_take(rest, key, &value));
	return bech32_decode_secret(value, ret);
}

/* Up to ${max} bytes; a full buffer means that there may be more. */
static enum err
read_up_to(int fd, uint8_t *to, size_t max, size_t *ret_len)
{
	size_t len = 0;

	while (len < max) {
		ssize_t got = read(fd, to + len, max - len);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return ERR_IO;
		if (got == 0)
			break;
		len += (size_t)got;
	}
	*ret_len = len;
	return ERR_OK;
}

enum err
secret_text_read_file(const char *path, size_t max, struct secret **ret)
{
	CLEANUP(secret_cleanup) struct secret *all = NULL;
	CLEANUP(fs_fd_cleanup) int fd = -1;
	size_t len;

	RETURN_IF(fs_check_private(path));
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
		return fs_error(errno);
	RETURN_IF(secret_new(max + 1, &all));
	RETURN_IF(read_up_to(fd, secret_bytes_mut(all), max + 1, &len));
	if (len == 0)
		return ERR_TRUNCATED;
	if (len > max)
		return ERR_LIMIT;
	return secret_new_copy(secret_bytes(all), len, ret);
}
