/* core/json_doc.c - jansson behind our bounds.
 *
 * A `struct json_doc *` is a json_t in disguise: it never has members of its
 * own, so borrowed and owned values cost nothing.
 */
#include "core/json_doc.h"

#include <stdio.h>
#include <string.h>

#include <jansson.h>

/* A setter cannot report; what it lost is told by the next json_doc_dump of
 * the same thread. */
static _Thread_local int build_failed;

static const json_t *
inner(const struct json_doc *v)
{
	return (const json_t *)(const void *)v;
}

static json_t *
inner_mut(struct json_doc *v)
{
	return (json_t *)(void *)v;
}

/* jansson's iterators take json_t without const, but only read. */
static json_t *
inner_read(const struct json_doc *v)
{
	union {
		const struct json_doc *in;
		json_t *out;
	} u = {v};

	return u.out;
}

static struct json_doc *
outer_mut(json_t *j)
{
	return (struct json_doc *)(void *)j;
}

static const struct json_doc *
outer(const json_t *j)
{
	return (const struct json_doc *)(const void *)j;
}

/* jansson descends by recursion; how far is bounded here, before it begins.
 * Text inside strings does not count; escapes are skipped two by two. */
static enum err
check_depth(struct bytes text, struct err_info *info)
{
	unsigned long line = 1;
	unsigned depth = 0;
	int in_string = 0;
	size_t i;

	for (i = 0; i < text.len; i++) {
		uint8_t c = text.data[i];

		if (c == '\n')
			line++;
		if (c == '"')
			in_string = !in_string;
		else if (in_string)
			i += c == '\\';
		else if (c == '{' || c == '[')
			depth++;
		else if ((c == '}' || c == ']') && depth > 0)
			depth--;
		if (depth > JSON_DOC_DEPTH_MAX)
			return err_at(info, ERR_LIMIT, line,
			    "nested deeper than %d levels",
			    JSON_DOC_DEPTH_MAX);
	}
	return ERR_OK;
}

/* Our words, as jansson's quote the text around the fault. */
static enum err
parse_error(const json_error_t *error, struct err_info *info)
{
	unsigned long line = error->line > 0 ? (unsigned long)error->line : 1;

	switch (json_error_code(error)) {
	case json_error_out_of_memory:
		return ERR_NOMEM;
	case json_error_stack_overflow:
		return err_at(info, ERR_LIMIT, line, "nested too deep");
	case json_error_invalid_utf8:
		return err_at(info, ERR_ENCODING, line, "not UTF-8");
	case json_error_null_character:
	case json_error_null_byte_in_key:
		return err_at(info, ERR_ENCODING, line, "a NUL character");
	case json_error_duplicate_key:
		return err_at(info, ERR_DUPLICATE, line,
		    "a key is given twice in one object");
	case json_error_numeric_overflow:
		return err_at(info, ERR_RANGE, line,
		    "a number is too large");
	case json_error_premature_end_of_input:
		return err_at(info, ERR_TRUNCATED, line,
		    "the document ends too early");
	case json_error_end_of_input_expected:
		return err_at(info, ERR_SYNTAX, line,
		    "text after the end of the document");
	case json_error_unknown:
	case json_error_cannot_open_file:
	case json_error_invalid_argument:
	case json_error_invalid_syntax:
	case json_error_invalid_format:
	case json_error_wrong_type:
	case json_error_null_value:
	case json_error_item_not_found:
	case json_error_index_out_of_range:
	default:
		return err_at(info, ERR_SYNTAX, line, "not JSON");
	}
}

enum err
json_doc_parse(struct bytes text, size_t max, struct json_doc **ret,
    struct err_info *info)
{
	json_error_t error;
	json_t *j;

	if (text.len > max)
		return err_at(info, ERR_LIMIT, 0,
		    "the document is larger than %zu bytes", max);
	if (text.len == 0)
		return err_at(info, ERR_TRUNCATED, 1, "empty document");
	if (memchr(text.data, '\0', text.len) != NULL)
		return err_at(info, ERR_ENCODING, 0, "a NUL character");
	RETURN_IF(check_depth(text, info));
	j = json_loadb((const char *)text.data, text.len,
	    JSON_REJECT_DUPLICATES, &error);
	if (j == NULL)
		return parse_error(&error, info);
	*ret = outer_mut(j);
	return ERR_OK;
}

void
json_doc_free(struct json_doc *doc)
{
	json_decref(inner_mut(doc));
}

void
json_doc_cleanup(struct json_doc **doc)
{
	json_doc_free(*doc);
	*doc = NULL;
}

enum json_doc_type
json_doc_type(const struct json_doc *v)
{
	switch (json_typeof(inner(v))) {
	case JSON_OBJECT:
		return JSON_DOC_OBJECT;
	case JSON_ARRAY:
		return JSON_DOC_ARRAY;
	case JSON_STRING:
		return JSON_DOC_STRING;
	case JSON_INTEGER:
		return JSON_DOC_INT;
	case JSON_REAL:
		return JSON_DOC_REAL;
	case JSON_TRUE:
	case JSON_FALSE:
		return JSON_DOC_BOOL;
	case JSON_NULL:
	default:
		return JSON_DOC_NULL;
	}
}

const struct json_doc *
json_doc_get(const struct json_doc *v, const char *key)
{
	return outer(json_object_get(inner(v), key));
}

const struct json_doc *
json_doc_at(const struct json_doc *v, size_t i)
{
	return outer(json_array_get(inner(v), i));
}

size_t
json_doc_len(const struct json_doc *v)
{
	if (v == NULL)
		return 0;
	return json_is_object(inner(v)) ? json_object_size(inner(v)) :
	    json_array_size(inner(v));
}

const char *
json_doc_next_key(const struct json_doc *v, const char *previous)
{
	json_t *j = inner_read(v);
	void *it;

	if (previous == NULL)
		it = json_object_iter(j);
	else
		it = json_object_iter_next(j, json_object_iter_at(j,
		    previous));
	return it != NULL ? json_object_iter_key(it) : NULL;
}

const char *
json_doc_key_at(const struct json_doc *v, size_t i)
{
	const char *key = json_doc_next_key(v, NULL);

	while (key != NULL && i-- > 0)
		key = json_doc_next_key(v, key);
	return key;
}

const struct json_doc *
json_doc_value_at(const struct json_doc *v, size_t i)
{
	const char *key = json_doc_key_at(v, i);

	return key != NULL ? json_doc_get(v, key) : NULL;
}

const char *
json_doc_string(const struct json_doc *v)
{
	return json_string_value(inner(v));
}

size_t
json_doc_string_len(const struct json_doc *v)
{
	return json_string_length(inner(v));
}

int64_t
json_doc_int(const struct json_doc *v, int64_t fallback)
{
	return json_is_integer(inner(v)) ? json_integer_value(inner(v)) :
	    fallback;
}

double
json_doc_real(const struct json_doc *v, double fallback)
{
	return json_is_number(inner(v)) ? json_number_value(inner(v)) :
	    fallback;
}

int
json_doc_bool(const struct json_doc *v, int fallback)
{
	return json_is_boolean(inner(v)) ? json_is_true(inner(v)) : fallback;
}

static int
is_listed(const char *key, const char *const *keys)
{
	for (; *keys != NULL; keys++)
		if (strcmp(key, *keys) == 0)
			return 1;
	return 0;
}

enum err
json_doc_only(const struct json_doc *v, const char *const *keys,
    const char *where, struct err_info *info)
{
	const char *key = json_doc_next_key(v, NULL);

	for (; key != NULL; key = json_doc_next_key(v, key))
		if (!is_listed(key, keys))
			return err_at(info, ERR_UNKNOWN, 0,
			    "%s: unknown key \"%.64s\"", where, key);
	return ERR_OK;
}

enum err
json_doc_need_string(const struct json_doc *v, const char *key,
    const char *where, const char **ret, struct err_info *info)
{
	const char *text = json_doc_string(json_doc_get(v, key));

	if (text == NULL)
		return err_at(info, ERR_SYNTAX, 0,
		    "%s: \"%s\" must be given, as a string", where, key);
	*ret = text;
	return ERR_OK;
}

enum err
json_doc_need_int(const struct json_doc *v, const char *key, int64_t min,
    int64_t max, const char *where, int64_t *ret, struct err_info *info)
{
	const struct json_doc *member = json_doc_get(v, key);
	int64_t n;

	if (member == NULL || json_doc_type(member) != JSON_DOC_INT)
		return err_at(info, ERR_SYNTAX, 0,
		    "%s: \"%s\" must be given, as a whole number", where, key);
	n = json_doc_int(member, 0);
	if (n < min || n > max)
		return err_at(info, ERR_RANGE, 0,
		    "%s: \"%s\" must be from %lld to %lld", where, key,
		    (long long)min, (long long)max);
	*ret = n;
	return ERR_OK;
}

static struct json_doc *
made(json_t *j)
{
	if (j == NULL)
		build_failed = 1;
	return outer_mut(j);
}

struct json_doc *
json_doc_new_object(void)
{
	return made(json_object());
}

struct json_doc *
json_doc_copy(const struct json_doc *v)
{
	return made(json_deep_copy(inner(v)));
}

struct json_doc *
json_doc_new_array(void)
{
	return made(json_array());
}

void
json_doc_set(struct json_doc *obj, const char *key, struct json_doc *child)
{
	if (json_object_set_new(inner_mut(obj), key, inner_mut(child)) != 0)
		build_failed = 1;
}

void
json_doc_set_string(struct json_doc *obj, const char *key, const char *value)
{
	json_doc_set(obj, key, made(json_string(value)));
}

void
json_doc_set_int(struct json_doc *obj, const char *key, int64_t value)
{
	json_doc_set(obj, key, made(json_integer(value)));
}

void
json_doc_set_real(struct json_doc *obj, const char *key, double value)
{
	json_doc_set(obj, key, made(json_real(value)));
}

void
json_doc_set_bool(struct json_doc *obj, const char *key, int value)
{
	json_doc_set(obj, key, made(json_boolean(value)));
}

void
json_doc_add(struct json_doc *array, struct json_doc *child)
{
	if (json_array_append_new(inner_mut(array), inner_mut(child)) != 0)
		build_failed = 1;
}

void
json_doc_add_string(struct json_doc *array, const char *value)
{
	json_doc_add(array, made(json_string(value)));
}

void
json_doc_add_int(struct json_doc *array, int64_t value)
{
	json_doc_add(array, made(json_integer(value)));
}

struct dump {
	struct buf *out;
	enum err e;
};

static int
dump_piece(const char *text, size_t len, void *data)
{
	struct dump *d = data;

	/* jansson does not look at every result: the first failure stays. */
	if (d->e == ERR_OK)
		d->e = buf_append(d->out, text, len);
	return d->e == ERR_OK ? 0 : -1;
}

enum err
json_doc_dump(const struct json_doc *doc, unsigned indent, struct buf *out)
{
	struct dump d = {out, ERR_OK};
	size_t flags = JSON_REAL_PRECISION(15);
	int failed = build_failed;

	build_failed = 0;
	if (failed || doc == NULL)
		return ERR_NOMEM;
	flags |= indent > 0 ? JSON_INDENT(indent) : JSON_COMPACT;
	if (json_dump_callback(inner(doc), dump_piece, &d, flags) != 0 ||
	    d.e != ERR_OK)
		return d.e != ERR_OK ? d.e : ERR_NOMEM;
	return buf_append_u8(out, '\n');
}
