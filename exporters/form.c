#include "exporters/form.h"

#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/encode.h"
#include "keys/names.h"

static int
all_digits(const char *s)
{
	return s[0] != '\0' && strspn(s, "0123456789") == strlen(s);
}

/* Digits without a leading zero, and not too many for 64 bits. */
static int
is_uint(const char *s)
{
	return all_digits(s) && strlen(s) <= 19 && (s[0] != '0' || s[1] == '\0');
}

int
form_is_export(const char *text)
{
	return strncmp(text, "EXP-", 4) == 0 &&
	    strspn(text + 4, "0123456789") >= 4 && text[8] == '-' &&
	    all_digits(text + 9) && strlen(text + 9) >= 4 &&
	    strlen(text + 9) <= 9 && (text[9] != '0' || text[13] == '\0');
}

static int
is_count(const char *s)
{
	return is_uint(s) || strcmp(s, "-") == 0 ||
	    (s[0] == '<' && is_uint(s + 1));
}

static int
is_hex(const char *s, size_t digits)
{
	return strlen(s) == digits && strspn(s, "0123456789abcdef") == digits;
}

static int
is_age(const char *s)
{
	return strncmp(s, "age1", 4) == 0 && strlen(s) == 62 &&
	    strspn(s, "0123456789abcdefghijklmnopqrstuvwxyz") == 62;
}

static int
is_day(const char *s)
{
	int32_t day;

	return clock_parse_day(bytes_str(s), &day) == ERR_OK;
}

static int
is_time(const char *s)
{
	int64_t t;

	return clock_parse_utc(bytes_str(s), &t) == ERR_OK;
}

static int
is_reason(const char *s)
{
	return strcmp(s, "withdrawal") == 0 || strcmp(s, "erasure") == 0 ||
	    strcmp(s, "recall") == 0;
}

/* Whether ${s} is of ${kind}; characters are core/text.h's to check. */
static int
is_of_kind(enum form_kind kind, const char *s)
{
	switch (kind) {
	case FORM_TEXT:
	case FORM_RUN:
		return 1;
	case FORM_EXPORT:
		return form_is_export(s);
	case FORM_EXPORT_OR_NONE:
		return strcmp(s, "-") == 0 || form_is_export(s);
	case FORM_HEX32:
		return is_hex(s, 64);
	case FORM_HEX32_OR_NONE:
		return strcmp(s, "-") == 0 || is_hex(s, 64);
	case FORM_HEX16:
	case FORM_RUN_HEX16:
		return is_hex(s, 32);
	case FORM_OWNER:
		return names_is_owner(bytes_str(s));
	case FORM_NAME:
		return names_is_word(bytes_str(s));
	case FORM_AGE:
		return is_age(s);
	case FORM_DAY_OR_NONE:
		return strcmp(s, "-") == 0 || is_day(s);
	case FORM_DAY:
		return is_day(s);
	case FORM_TIME:
		return is_time(s);
	case FORM_UINT:
		return is_uint(s);
	case FORM_COUNT:
		return is_count(s);
	case FORM_REASON:
		return is_reason(s);
	}
	return 0;
}

static int
is_run(enum form_kind kind)
{
	return kind == FORM_RUN || kind == FORM_RUN_HEX16;
}

static enum err
bad_value(const struct form_field *f, struct err_info *info)
{
	return err_at(info, ERR_SYNTAX, 0, "the value of %s is not allowed",
	    f->key);
}

/* The schema of core/text.h for ${type}; keys into ${keys}. */
static struct text_schema
schema_of(const struct form_type *type,
    const char *keys[FORM_FIELDS_MAX + 1])
{
	size_t i;

	MUST_HOLD(type->count <= FORM_FIELDS_MAX);
	for (i = 0; i < type->count; i++)
		keys[i] = type->fields[i].key;
	keys[i] = NULL;
	return (struct text_schema){type->kind, keys};
}

static const void *
member(const void *values, const struct form_field *f)
{
	return (const char *)values + f->offset;
}

static enum err
put_run(struct text_writer *w, const struct form_field *f,
    const struct form_run *run, struct err_info *info)
{
	size_t i;

	for (i = 0; i < run->len; i++) {
		if (run->items[i] == NULL || !is_of_kind(f->kind, run->items[i]))
			return bad_value(f, info);
		text_put_run(w, f->key, i, run->items[i]);
	}
	return ERR_OK;
}

static enum err
put_field(struct text_writer *w, const struct form_field *f,
    const void *values, struct err_info *info)
{
	const char *value;

	if (is_run(f->kind))
		return put_run(w, f, member(values, f), info);
	memcpy(&value, member(values, f), sizeof(value));
	if (value == NULL || !is_of_kind(f->kind, value))
		return bad_value(f, info);
	text_put(w, f->key, value);
	return ERR_OK;
}

enum err
form_write(const struct form_type *type, const void *values,
    struct buf *out, struct err_info *info)
{
	const char *keys[FORM_FIELDS_MAX + 1];
	struct text_schema schema = schema_of(type, keys);
	CLEANUP(buf_release) struct buf text = {0};
	struct text_writer w;
	size_t i;

	text_begin(&w, &schema, &text);
	for (i = 0; i < type->count; i++)
		RETURN_IF(put_field(&w, &type->fields[i], values, info));
	RETURN_IF(text_end(&w, info));
	return buf_append(out, text.data, text.len);
}

static size_t
count_items(const struct form_type *type, const struct text *t)
{
	size_t i, n = 0;

	for (i = 0; i < type->count; i++)
		if (is_run(type->fields[i].kind))
			n += text_run_len(t, type->fields[i].key);
	return n;
}

/* Checks one key of a parsed text and stores it; ${items} is where a run's
 * pointers go. */
static enum err
take_field(const struct form_field *f, const struct text *t,
    const char ***items, void *values, struct err_info *info)
{
	struct form_run run = {*items, 0};
	const char *value;
	size_t i;

	if (!is_run(f->kind)) {
		value = text_get(t, f->key);
		if (value == NULL || !is_of_kind(f->kind, value))
			return bad_value(f, info);
		memcpy((char *)values + f->offset, &value, sizeof(value));
		return ERR_OK;
	}
	run.len = text_run_len(t, f->key);
	for (i = 0; i < run.len; i++) {
		value = text_run_get(t, f->key, i);
		if (!is_of_kind(f->kind, value))
			return bad_value(f, info);
		*(*items)++ = value;
	}
	memcpy((char *)values + f->offset, &run, sizeof(run));
	return ERR_OK;
}

void
form_release(struct form_doc *d)
{
	text_free(d->text);
	free(d->items);
	memset(d, 0, sizeof(*d));
}

enum err
form_parse(const struct form_type *type, struct bytes bytes,
    void *values, struct form_doc *ret_doc, struct err_info *info)
{
	const char *keys[FORM_FIELDS_MAX + 1];
	struct text_schema schema = schema_of(type, keys);
	CLEANUP(form_release) struct form_doc doc = {0};
	const char **items;
	size_t i;

	RETURN_IF(text_parse(bytes, &schema, &doc.text, info));
	doc.items = calloc(count_items(type, doc.text) + 1, sizeof(*items));
	if (doc.items == NULL)
		return ERR_NOMEM;
	items = doc.items;
	for (i = 0; i < type->count; i++)
		RETURN_IF(take_field(&type->fields[i], doc.text, &items,
		    values, info));
	*ret_doc = doc;
	memset(&doc, 0, sizeof(doc));   /* transferred */
	return ERR_OK;
}
