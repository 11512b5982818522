/* core/text_write.c - writing signed texts; what a reader would refuse is
 * refused here, first value by value, then as a whole. */
#include <stdio.h>
#include <string.h>

#include "core/clock.h"
#include "core/encode.h"
#include "core/text.h"
#include "core/text_internal.h"

/* Remembers the first failure. */
static void
note(struct text_writer *w, enum err e)
{
	if (w->e == ERR_OK)
		w->e = e;
}

void
text_begin(struct text_writer *w, const struct text_schema *schema,
    struct buf *out)
{
	*w = (struct text_writer){
		.schema = schema, .out = out, .start = out->len,
	};
	note(w, buf_printf(out, "azukari-%s v1\n", schema->kind));
}

static int
is_in_schema(const struct text_schema *s, const char *key)
{
	size_t i;

	for (i = 0; s->keys[i] != NULL; i++)
		if (strcmp(text_key_of(s->keys[i]).name, key) == 0)
			return 1;
	return 0;
}

/* `${key}: ${v}`, key and value already fit to be written. */
static enum err
put_line(struct text_writer *w, const char *key, struct bytes v)
{
	const char *why;

	RETURN_IF(text_check_value(v, &why));
	RETURN_IF(buf_append_str(w->out, key));
	RETURN_IF(buf_append_str(w->out, ": "));
	RETURN_IF(buf_append(w->out, v.data, v.len));
	return buf_append_u8(w->out, '\n');
}

void
text_put_bytes(struct text_writer *w, const char *key, struct bytes v)
{
	MUST_HOLD(is_in_schema(w->schema, key) && !text_key_of(key).run);
	if (w->e == ERR_OK)
		note(w, put_line(w, key, v));
}

void
text_put(struct text_writer *w, const char *key, const char *value)
{
	if (value != NULL)
		text_put_bytes(w, key, bytes_str(value));
}

void
text_put_uint(struct text_writer *w, const char *key, uint64_t v)
{
	text_put_format(w, key, "%llu", (unsigned long long)v);
}

void
text_put_hex(struct text_writer *w, const char *key, const uint8_t *b,
    size_t len)
{
	CLEANUP(buf_release) struct buf hex = {0};

	if (len > TEXT_VALUE_MAX / 2) {
		note(w, ERR_LIMIT);
		return;
	}
	if (buf_reserve(&hex, 2 * len) != ERR_OK) {
		note(w, ERR_NOMEM);
		return;
	}
	encode_hex(b, len, (char *)hex.data);
	text_put_bytes(w, key, bytes_of(hex.data, 2 * len));
}

void
text_put_time(struct text_writer *w, const char *key, int64_t unix_s)
{
	char time[CLOCK_UTC_LEN + 1];

	clock_format_utc(unix_s, time);
	text_put(w, key, time);
}

void
text_put_format(struct text_writer *w, const char *key, const char *fmt, ...)
{
	char value[TEXT_VALUE_MAX + 1];
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(value, sizeof(value), fmt, ap);
	va_end(ap);
	if (len < 0 || (size_t)len >= sizeof(value))
		note(w, ERR_LIMIT);
	else
		text_put(w, key, value);
}

void
text_put_run(struct text_writer *w, const char *key, size_t i,
    const char *value)
{
	struct text_key k = text_key_of(key);
	char name[128];
	int len;

	MUST_HOLD(is_in_schema(w->schema, key) && k.run);
	len = snprintf(name, sizeof(name), "%.*s%02zu", (int)k.base_len,
	    k.name, i + 1);
	MUST_HOLD(len > 0 && (size_t)len < sizeof(name));
	if (w->e == ERR_OK)
		note(w, put_line(w, name, bytes_str(value)));
}

/* The writer's bytes are taken out of the buffer again. */
static enum err
take_back(struct text_writer *w, enum err e)
{
	if (w->out->len > w->start) {
		explicit_bzero(w->out->data + w->start,
		    w->out->len - w->start);
		w->out->len = w->start;
	}
	return e;
}

enum err
text_end(struct text_writer *w, struct err_info *info)
{
	CLEANUP(text_cleanup) struct text *t = NULL;
	enum err e;

	if (w->e != ERR_OK)
		return take_back(w, err_at(info, w->e, 0,
		    "a value that azukari-%s cannot hold", w->schema->kind));
	e = text_parse(bytes_of(w->out->data + w->start,
	    w->out->len - w->start), w->schema, &t, info);
	return e == ERR_OK ? ERR_OK : take_back(w, e);
}
