/* core/text.c - reading signed texts against their schema. */
#include "core/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/encode.h"
#include "core/text_internal.h"
#include "core/utf8.h"

struct value {
	const char *text;
	size_t len;
	unsigned long line;
};

struct slot {
	size_t first, len;      /* of the values of one schema key */
};

struct text {
	const struct text_schema *schema;
	struct buf raw;         /* as signed */
	struct buf cut;         /* the same with NULs for LFs, for values */
	struct value *values;
	size_t len, cap;
	struct slot *slots;     /* one for each schema key */
};

struct parser {
	struct text *t;
	struct err_info *info;
	size_t at;              /* the schema key that may come next */
	unsigned long line;
};

struct text_key
text_key_of(const char *schema_key)
{
	struct text_key k = {.name = schema_key};
	size_t len;

	if (k.name[0] == '?') {
		k.optional = 1;
		k.name++;
	}
	len = strlen(k.name);
	k.run = len > 2 && strcmp(k.name + len - 2, "-#") == 0;
	k.base_len = k.run ? len - 1 : len;
	return k;
}

void
text_free(struct text *t)
{
	if (t == NULL)
		return;
	buf_release(&t->raw);
	buf_release(&t->cut);
	free(t->values);
	free(t->slots);
	free(t);
}

void
text_cleanup(struct text **t)
{
	text_free(*t);
	*t = NULL;
}

struct bytes
text_bytes(const struct text *t)
{
	return bytes_buf(&t->raw);
}

static size_t
schema_len(const struct text_schema *s)
{
	size_t n = 0;

	while (s->keys[n] != NULL)
		n++;
	return n;
}

/* The number behind a run's base: two digits or more, no needless zeros;
 * 0 when ${key} is not of the run. */
static size_t
run_number(const struct text_key *k, struct bytes key)
{
	size_t i, n = 0, digits = key.len - k->base_len;

	if (!k->run || key.len < k->base_len + 2 || digits > 5 ||
	    memcmp(key.data, k->name, k->base_len) != 0)
		return 0;
	for (i = k->base_len; i < key.len; i++) {
		if (key.data[i] < '0' || key.data[i] > '9')
			return 0;
		n = n * 10 + (size_t)(key.data[i] - '0');
	}
	if (digits > 2 && key.data[k->base_len] == '0')
		return 0;
	return n;
}

/* 1 when ${key} is this schema key, or one of its run. */
static int
key_matches(const struct text_key *k, struct bytes key)
{
	if (k->run)
		return run_number(k, key) != 0;
	return bytes_equal(key, bytes_of(k->name, k->base_len));
}

/* Index in the schema, or its length when unknown. */
static size_t
find_key(const struct text_schema *s, struct bytes key)
{
	struct text_key k;
	size_t i;

	for (i = 0; s->keys[i] != NULL; i++) {
		k = text_key_of(s->keys[i]);
		if (key_matches(&k, key))
			break;
	}
	return i;
}

static int
is_key_char(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}

/* Splits `key: value`. */
static enum err
split_line(const struct parser *p, struct bytes line, struct bytes *ret_key,
    struct bytes *ret_value)
{
	size_t n = 0;

	while (n < line.len && is_key_char(line.data[n]))
		n++;
	if (n == 0 || line.len - n < 2 || line.data[n] != ':' ||
	    line.data[n + 1] != ' ')
		return err_at(p->info, ERR_SYNTAX, p->line,
		    "not of the form \"key: value\"");
	*ret_key = bytes_of(line.data, n);
	*ret_value = bytes_of(line.data + n + 2, line.len - n - 2);
	return ERR_OK;
}

enum err
text_check_value(struct bytes value, const char **ret_why)
{
	if (value.len == 0) {
		*ret_why = "an empty value";
		return ERR_SYNTAX;
	}
	if (value.len > TEXT_VALUE_MAX) {
		*ret_why = "a value that is too long";
		return ERR_LIMIT;
	}
	if (value.data[0] == ' ' || value.data[value.len - 1] == ' ') {
		*ret_why = "a space at the start or end of a value";
		return ERR_SYNTAX;
	}
	return utf8_check_clean(value, ret_why);
}

static enum err
add_value(struct parser *p, struct bytes value)
{
	struct text *t = p->t;
	size_t cap = t->cap == 0 ? 32 : t->cap * 2;
	struct slot *slot = &t->slots[p->at];
	struct value *values;

	if (t->len == t->cap) {
		values = reallocarray(t->values, cap, sizeof(*values));
		if (values == NULL)
			return ERR_NOMEM;
		t->values = values;
		t->cap = cap;
	}
	if (slot->len++ == 0)
		slot->first = t->len;
	t->values[t->len++] = (struct value){(const char *)t->cut.data +
	    (value.data - t->raw.data), value.len, p->line};
	return ERR_OK;
}

/* ${key} is of the run at p->at: it must be its next number. */
static enum err
check_run(const struct parser *p, const struct text_key *k, struct bytes key)
{
	size_t want = p->t->slots[p->at].len + 1, got = run_number(k, key);

	if (got < want)
		return err_at(p->info, ERR_DUPLICATE, p->line,
		    "\"%.*s\" is given twice", (int)key.len, key.data);
	if (got > want)
		return err_at(p->info, ERR_SYNTAX, p->line,
		    "\"%.*s%02zu\" is missing", (int)k->base_len, k->name,
		    want);
	if (want > TEXT_RUN_MAX)
		return err_at(p->info, ERR_LIMIT, p->line,
		    "more than %d entries", TEXT_RUN_MAX);
	return ERR_OK;
}

/* A key that is not the next one: unknown, given before, or out of order. */
static enum err
wrong_key(const struct parser *p, struct bytes key)
{
	size_t i = find_key(p->t->schema, key);
	int len = key.len < 64 ? (int)key.len : 64;
	struct text_key k;

	if (p->t->schema->keys[i] == NULL)
		return err_at(p->info, ERR_UNKNOWN, p->line,
		    "unknown key \"%.*s\"", len, key.data);
	k = text_key_of(p->t->schema->keys[i]);
	if (i < p->at && p->t->slots[i].len > 0 && (!k.run ||
	    run_number(&k, key) <= p->t->slots[i].len))
		return err_at(p->info, ERR_DUPLICATE, p->line,
		    "\"%.*s\" is given twice", len, key.data);
	return err_at(p->info, ERR_SYNTAX, p->line,
	    "\"%.*s\" stands at the wrong place, or a key before it is "
	    "missing", len, key.data);
}

/* Moves p->at to the schema key that ${key} is. */
static enum err
seek_key(struct parser *p, struct bytes key)
{
	const char *const *keys = p->t->schema->keys;
	size_t at = p->at;
	struct text_key k;

	for (; keys[at] != NULL; at++) {
		k = text_key_of(keys[at]);
		if (key_matches(&k, key)) {
			p->at = at;
			return k.run ? check_run(p, &k, key) : ERR_OK;
		}
		if (!k.run && !k.optional)
			break;
	}
	return wrong_key(p, key);
}

static enum err
parse_line(struct parser *p, struct bytes line)
{
	struct bytes key, value;
	const char *why = NULL;
	enum err e;

	RETURN_IF(split_line(p, line, &key, &value));
	RETURN_IF(seek_key(p, key));
	if ((e = text_check_value(value, &why)) == ERR_NOMEM)
		return e;
	if (e != ERR_OK)
		return err_at(p->info, e, p->line, "%.*s: %s", (int)key.len,
		    key.data, why);
	RETURN_IF(add_value(p, value));
	/* A run stays open; anything else is used up. */
	p->at += !text_key_of(p->t->schema->keys[p->at]).run;
	return ERR_OK;
}

/* After the last line nothing required may be left. */
static enum err
check_complete(const struct parser *p)
{
	const char *const *keys = p->t->schema->keys;
	struct text_key k;
	size_t i;

	for (i = p->at; keys[i] != NULL; i++) {
		k = text_key_of(keys[i]);
		if (!k.run && !k.optional)
			return err_at(p->info, ERR_SYNTAX, p->line,
			    "\"%s\" is missing", k.name);
	}
	return ERR_OK;
}

static enum err
check_first_line(const struct parser *p, struct bytes line)
{
	char want[128];
	int len = snprintf(want, sizeof(want), "azukari-%s v1",
	    p->t->schema->kind);

	MUST_HOLD(len > 0 && (size_t)len < sizeof(want));
	if (!bytes_equal(line, bytes_str(want)))
		return err_at(p->info, ERR_SYNTAX, 1,
		    "the first line must be \"%s\"", want);
	return ERR_OK;
}

static enum err
parse_lines(struct parser *p)
{
	struct bytes rest = bytes_buf(&p->t->raw), line;
	enum err e;

	for (;;) {
		p->line++;
		e = bytes_take_line(&rest, &line);
		if (e == ERR_NOT_FOUND && p->line > 1)
			return check_complete(p);
		if (e != ERR_OK)
			return err_at(p->info, ERR_SYNTAX, p->line,
			    "the last line must end with a line feed");
		if (p->line == 1)
			RETURN_IF(check_first_line(p, line));
		else
			RETURN_IF(parse_line(p, line));
	}
}

static enum err
text_new(struct bytes bytes, const struct text_schema *schema,
    struct text **ret)
{
	CLEANUP(text_cleanup) struct text *t = calloc(1, sizeof(*t));
	size_t i;

	if (t == NULL)
		return ERR_NOMEM;
	t->schema = schema;
	t->slots = calloc(schema_len(schema) + 1, sizeof(*t->slots));
	if (t->slots == NULL)
		return ERR_NOMEM;
	RETURN_IF(buf_append(&t->raw, bytes.data, bytes.len));
	RETURN_IF(buf_append(&t->cut, bytes.data, bytes.len));
	for (i = 0; i < t->cut.len; i++)
		if (t->cut.data[i] == '\n')
			t->cut.data[i] = '\0';
	*ret = TAKE(t);
	return ERR_OK;
}

enum err
text_parse(struct bytes bytes, const struct text_schema *schema,
    struct text **ret, struct err_info *info)
{
	CLEANUP(text_cleanup) struct text *t = NULL;
	struct parser p = {.info = info};

	if (bytes.len > TEXT_MAX_DEFAULT)
		return err_at(info, ERR_LIMIT, 0,
		    "the text is larger than %zu bytes", TEXT_MAX_DEFAULT);
	RETURN_IF(text_new(bytes, schema, &t));
	p.t = t;
	RETURN_IF(parse_lines(&p));
	*ret = TAKE(t);
	return ERR_OK;
}

/* Position of ${name} (as written in a schema, without `?`). */
static size_t
schema_index(const struct text_schema *s, const char *name)
{
	size_t i;

	for (i = 0; s->keys[i] != NULL; i++)
		if (strcmp(text_key_of(s->keys[i]).name, name) == 0)
			break;
	MUST_HOLD(s->keys[i] != NULL);
	return i;
}

static const struct value *
single(const struct text *t, const char *key)
{
	size_t i = schema_index(t->schema, key);

	MUST_HOLD(!text_key_of(t->schema->keys[i]).run);
	return t->slots[i].len > 0 ? &t->values[t->slots[i].first] : NULL;
}

const char *
text_get(const struct text *t, const char *key)
{
	const struct value *v = single(t, key);

	return v != NULL ? v->text : NULL;
}

size_t
text_run_len(const struct text *t, const char *key)
{
	return t->slots[schema_index(t->schema, key)].len;
}

const char *
text_run_get(const struct text *t, const char *key, size_t i)
{
	const struct slot *s = &t->slots[schema_index(t->schema, key)];

	MUST_HOLD(i < s->len);
	return t->values[s->first + i].text;
}

/* The value to be read as a type; absent ones are ERR_NOT_FOUND. */
static enum err
need_value(const struct text *t, const char *key, struct bytes *ret,
    unsigned long *ret_line, struct err_info *info)
{
	const struct value *v = single(t, key);

	if (v == NULL)
		return err_at(info, ERR_NOT_FOUND, 0, "%s: absent", key);
	*ret = bytes_of(v->text, v->len);
	*ret_line = v->line;
	return ERR_OK;
}

/* Decimal digits without needless zeros. */
static enum err
parse_uint(struct bytes text, uint64_t *ret)
{
	uint64_t v = 0;
	unsigned digit;
	size_t i;

	if (text.len > 1 && text.data[0] == '0')
		return ERR_SYNTAX;
	for (i = 0; i < text.len; i++) {
		if (text.data[i] < '0' || text.data[i] > '9')
			return ERR_SYNTAX;
		digit = text.data[i] - (unsigned)'0';
		if (v > (UINT64_MAX - digit) / 10)
			return ERR_RANGE;
		v = v * 10 + digit;
	}
	*ret = v;
	return ERR_OK;
}

enum err
text_get_uint(const struct text *t, const char *key, uint64_t min,
    uint64_t max, uint64_t *ret, struct err_info *info)
{
	struct bytes value;
	unsigned long line;
	uint64_t v = 0;
	enum err e;

	RETURN_IF(need_value(t, key, &value, &line, info));
	if ((e = parse_uint(value, &v)) == ERR_SYNTAX)
		return err_at(info, e, line, "%s: not a whole number", key);
	if (e != ERR_OK || v < min || v > max)
		return err_at(info, ERR_RANGE, line,
		    "%s: must be from %llu to %llu", key,
		    (unsigned long long)min, (unsigned long long)max);
	*ret = v;
	return ERR_OK;
}

enum err
text_get_hex(const struct text *t, const char *key, uint8_t *ret, size_t len,
    struct err_info *info)
{
	struct bytes value;
	unsigned long line;

	RETURN_IF(need_value(t, key, &value, &line, info));
	if (decode_hex(value, ret, len) != ERR_OK)
		return err_at(info, ERR_SYNTAX, line,
		    "%s: not %zu lower-case hexadecimal digits", key, 2 * len);
	return ERR_OK;
}

enum err
text_get_time(const struct text *t, const char *key, int64_t *ret_unix_s,
    struct err_info *info)
{
	struct bytes value;
	unsigned long line;
	enum err e;

	RETURN_IF(need_value(t, key, &value, &line, info));
	if ((e = clock_parse_utc(value, ret_unix_s)) != ERR_OK)
		return err_at(info, e, line,
		    "%s: not a time like 2020-04-01T00:00:00Z", key);
	return ERR_OK;
}

int
text_list_next(struct bytes *rest, struct bytes *ret_item)
{
	const uint8_t *space;

	if (rest->len == 0)
		return 0;
	space = memchr(rest->data, ' ', rest->len);
	*ret_item = bytes_of(rest->data, space != NULL ?
	    (size_t)(space - rest->data) : rest->len);
	rest->data += ret_item->len + (space != NULL);
	rest->len -= ret_item->len + (space != NULL);
	return 1;
}
