/* intake/csv_capture.c - a copy of the stream, line by line let go. */
#include "intake/csv_capture_internal.h"

#include <string.h>

/* The longest record, what was read ahead of it, and room to spare. */
#define KEPT_MAX ((size_t)8 << 20)

void
csv_capture_init(struct csv_capture *c, intake_read_fn read, void *ctx)
{
	*c = (struct csv_capture){.read = read, .ctx = ctx, .line = 1};
	c->kept.max = KEPT_MAX;
}

void
csv_capture_release(struct csv_capture *c)
{
	buf_release(&c->kept);
}

static void
drop_taken(struct csv_capture *c)
{
	size_t left = c->kept.len - c->start;

	if (c->start == 0)
		return;
	memmove(c->kept.data, c->kept.data + c->start, left);
	explicit_bzero(c->kept.data + left, c->start);
	c->kept.len = left;
	c->start = 0;
}

/* Let go of everything, still knowing the line that follows. */
static void
drop_all(struct csv_capture *c)
{
	size_t i;

	for (i = 0; i < c->kept.len; i++)
		c->line += c->kept.data[i] == '\n';
	buf_clear(&c->kept);
}

/* A record that never ends is not kept beyond the bound: its tail is what is
 * shown then, and it is refused for its length all the same. */
enum err
csv_capture_read(void *ctx, uint8_t *dst, size_t max, size_t *ret_got)
{
	struct csv_capture *c = ctx;

	drop_taken(c);
	RETURN_IF(c->read(c->ctx, dst, max, ret_got));
	if (*ret_got > KEPT_MAX - c->kept.len)
		drop_all(c);
	return buf_append(&c->kept, dst, *ret_got);
}

struct bytes
csv_capture_take(struct csv_capture *c, unsigned long end)
{
	size_t from = c->start, to = from;
	const uint8_t *lf;

	while (c->line < end && to < c->kept.len) {
		lf = memchr(c->kept.data + to, '\n', c->kept.len - to);
		to = lf != NULL ? (size_t)(lf - c->kept.data) + 1 :
		    c->kept.len;
		c->line++;
	}
	c->line = end;
	c->start = to;
	if (to > from && c->kept.data[to - 1] == '\n')
		to--;
	if (to > from && c->kept.data[to - 1] == '\r')
		to--;
	return bytes_of(c->kept.data + from, to - from);
}
