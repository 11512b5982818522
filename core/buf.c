/* core/buf.c - growable bytes, wiped; and a cursor over borrowed bytes. */
#include "core/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUF_FIRST_CAP 64

static size_t
buf_bound(const struct buf *b)
{
	return b->max != 0 ? b->max : BUF_MAX_DEFAULT;
}

void
buf_clear(struct buf *b)
{
	if (b->data != NULL)
		explicit_bzero(b->data, b->len);
	b->len = 0;
}

void
buf_release(struct buf *b)
{
	/* All of it: someone may have set len back by hand. */
	if (b->data != NULL)
		explicit_bzero(b->data, b->cap);
	free(b->data);
	b->data = NULL;
	b->len = b->cap = 0;
}

/* Capacity for ${need} bytes and a NUL: doubling, so appending stays linear. */
static size_t
buf_next_cap(const struct buf *b, size_t need)
{
	size_t cap = b->cap < BUF_FIRST_CAP ? BUF_FIRST_CAP : b->cap * 2;

	if (cap < need + 1)
		cap = need + 1;
	if (cap > buf_bound(b) + 1)
		cap = buf_bound(b) + 1;
	return cap;
}

enum err
buf_reserve(struct buf *b, size_t more)
{
	size_t bound = buf_bound(b), cap;
	uint8_t *data;

	MUST_HOLD(b->len <= bound && bound < SIZE_MAX / 4);
	if (more > bound - b->len)
		return ERR_LIMIT;
	if (b->cap > b->len + more)
		return ERR_OK;
	cap = buf_next_cap(b, b->len + more);
	/* Not realloc: it could leave the old copy behind. */
	if ((data = malloc(cap)) == NULL)
		return ERR_NOMEM;
	if (b->len > 0)
		memcpy(data, b->data, b->len);
	if (b->data != NULL)
		explicit_bzero(b->data, b->cap);
	data[b->len] = '\0';
	free(b->data);
	b->data = data;
	b->cap = cap;
	return ERR_OK;
}

enum err
buf_append(struct buf *b, const void *bytes, size_t len)
{
	RETURN_IF(buf_reserve(b, len));
	if (len > 0)
		memcpy(b->data + b->len, bytes, len);
	b->len += len;
	b->data[b->len] = '\0';
	return ERR_OK;
}

enum err
buf_append_str(struct buf *b, const char *text)
{
	return buf_append(b, text, strlen(text));
}

enum err
buf_append_u8(struct buf *b, uint8_t v)
{
	return buf_append(b, &v, 1);
}

/* Appends the low ${len} bytes of ${v}, most significant first. */
static enum err
buf_append_be(struct buf *b, uint64_t v, size_t len)
{
	uint8_t bytes[8];
	size_t i;

	for (i = 0; i < len; i++)
		bytes[len - 1 - i] = (uint8_t)(v >> (8 * i));
	return buf_append(b, bytes, len);
}

enum err
buf_append_u16be(struct buf *b, uint16_t v)
{
	return buf_append_be(b, v, 2);
}

enum err
buf_append_u32be(struct buf *b, uint32_t v)
{
	return buf_append_be(b, v, 4);
}

enum err
buf_append_u64be(struct buf *b, uint64_t v)
{
	return buf_append_be(b, v, 8);
}

enum err
buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	MUST_HOLD(len >= 0);
	RETURN_IF(buf_reserve(b, (size_t)len));
	va_start(ap, fmt);
	(void)vsnprintf((char *)b->data + b->len, (size_t)len + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)len;
	return ERR_OK;
}

enum err
buf_append_lp(struct buf *b, const void *bytes, size_t len)
{
	if (len > UINT32_MAX)
		return ERR_LIMIT;
	if (len > SIZE_MAX - 4)
		return ERR_LIMIT;
	RETURN_IF(buf_reserve(b, 4 + len));
	RETURN_IF(buf_append_u32be(b, (uint32_t)len));
	return buf_append(b, bytes, len);
}

enum err
buf_append_lp_str(struct buf *b, const char *text)
{
	return buf_append_lp(b, text, strlen(text));
}

const char *
buf_text(const struct buf *b)
{
	return b->data != NULL ? (const char *)b->data : "";
}

struct bytes
bytes_of(const void *data, size_t len)
{
	return (struct bytes){data, len};
}

struct bytes
bytes_str(const char *text)
{
	return bytes_of(text, strlen(text));
}

struct bytes
bytes_buf(const struct buf *b)
{
	return bytes_of(b->data, b->len);
}

int
bytes_equal(struct bytes a, struct bytes b)
{
	return a.len == b.len &&
	    (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

enum err
bytes_take(struct bytes *c, size_t len, struct bytes *ret)
{
	if (len > c->len)
		return ERR_TRUNCATED;
	*ret = bytes_of(c->data, len);
	if (len > 0)
		c->data += len;
	c->len -= len;
	return ERR_OK;
}

/* Takes a big-endian number of ${len} bytes. */
static enum err
bytes_take_be(struct bytes *c, size_t len, uint64_t *ret)
{
	struct bytes b;
	uint64_t v = 0;
	size_t i;

	RETURN_IF(bytes_take(c, len, &b));
	for (i = 0; i < len; i++)
		v = v << 8 | b.data[i];
	*ret = v;
	return ERR_OK;
}

enum err
bytes_take_u8(struct bytes *c, uint8_t *ret)
{
	uint64_t v;

	RETURN_IF(bytes_take_be(c, 1, &v));
	*ret = (uint8_t)v;
	return ERR_OK;
}

enum err
bytes_take_u16be(struct bytes *c, uint16_t *ret)
{
	uint64_t v;

	RETURN_IF(bytes_take_be(c, 2, &v));
	*ret = (uint16_t)v;
	return ERR_OK;
}

enum err
bytes_take_u32be(struct bytes *c, uint32_t *ret)
{
	uint64_t v;

	RETURN_IF(bytes_take_be(c, 4, &v));
	*ret = (uint32_t)v;
	return ERR_OK;
}

enum err
bytes_take_u64be(struct bytes *c, uint64_t *ret)
{
	return bytes_take_be(c, 8, ret);
}

enum err
bytes_take_line(struct bytes *c, struct bytes *ret)
{
	const uint8_t *lf;

	if (c->len == 0)
		return ERR_NOT_FOUND;
	if ((lf = memchr(c->data, '\n', c->len)) == NULL)
		return ERR_TRUNCATED;
	*ret = bytes_of(c->data, (size_t)(lf - c->data));
	c->data += ret->len + 1;
	c->len -= ret->len + 1;
	return ERR_OK;
}
