/* tools/generate/output.c - a buffer, and numbers without printf. */
#include "tools/generate/output.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/clock.h"

static void
give_up(const char *what)
{
	(void)fprintf(stderr, "azukari-generate: error: %s: %s\n", what,
	    strerror(errno));
	exit(5);
}

void
output_open(struct output *o, int fd)
{
	*o = (struct output){.fd = fd, .bytes = malloc(OUTPUT_BYTES)};
	if (o->bytes == NULL)
		give_up("memory");
}

static void
flush(struct output *o)
{
	size_t done = 0;
	ssize_t n;

	while (done < o->len) {
		n = write(o->fd, o->bytes + done, o->len - done);
		if (n < 0 && errno != EINTR)
			give_up("cannot write");
		if (n > 0)
			done += (size_t)n;
	}
	o->len = 0;
}

void
output_close(struct output *o)
{
	flush(o);
	free(o->bytes);
	o->bytes = NULL;
}

void
output_line(struct output *o)
{
	if (OUTPUT_BYTES - o->len < OUTPUT_LINE_MAX)
		flush(o);
}

void
output_bytes(struct output *o, const char *bytes, size_t len)
{
	if (len > OUTPUT_BYTES - o->len)
		flush(o);
	memcpy(o->bytes + o->len, bytes, len);
	o->len += len;
}

void
output_char(struct output *o, char c)
{
	output_bytes(o, &c, 1);
}

void
output_text(struct output *o, const char *text)
{
	output_bytes(o, text, strlen(text));
}

void
output_number(struct output *o, uint64_t v, unsigned digits)
{
	char room[32], *at = room + sizeof(room);

	for (; v != 0 || digits > 0; v /= 10) {
		*--at = (char)('0' + v % 10);
		if (digits > 0)
			digits--;
	}
	output_bytes(o, at, (size_t)(room + sizeof(room) - at));
}

void
output_tenths(struct output *o, int v)
{
	output_number(o, (uint64_t)v / 10, 1);
	output_char(o, '.');
	output_number(o, (uint64_t)v % 10, 1);
}

void
output_day(struct output *o, int32_t day)
{
	int y, m, d, weekday;

	clock_day_parts(day, &y, &m, &d, &weekday);
	output_number(o, (uint64_t)y, 4);
	output_char(o, '-');
	output_number(o, (uint64_t)m, 2);
	output_char(o, '-');
	output_number(o, (uint64_t)d, 2);
}

void
output_time(struct output *o, int32_t day, unsigned second)
{
	output_day(o, day);
	output_char(o, 'T');
	output_number(o, second / 3600, 2);
	output_char(o, ':');
	output_number(o, second / 60 % 60, 2);
	output_char(o, ':');
	output_number(o, second % 60, 2);
	output_text(o, "+09:00");
}
