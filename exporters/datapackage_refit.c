#include "exporters/datapackage.h"

#include <stdio.h>
#include <string.h>

#include "core/json_doc.h"

/* A deep copy that replaces the facts of both resources. */
struct refit {
	const struct datapackage_file *files[2];
	const struct datapackage_file *file;    /* NULL: not in a resource */
	unsigned depth;
	enum err e;
};

static struct json_doc *copy(const struct json_doc *v, const char *key,
    struct refit *r);

/* 1 when ${key} of a resource was replaced. */
static int
replace(struct json_doc *to, const char *key, const struct datapackage_file *f)
{
	char hex[DIGEST_HEX_LEN + 1], hash[80];

	if (f == NULL)
		return 0;
	if (strcmp(key, "bytes") == 0) {
		json_doc_set_int(to, key, (int64_t)f->bytes);
		return 1;
	}
	if (strcmp(key, "rows") == 0) {
		json_doc_set_int(to, key, (int64_t)f->rows);
		return 1;
	}
	if (strcmp(key, "hash") != 0)
		return 0;
	digest_to_hex(f->sha256, hex);
	(void)snprintf(hash, sizeof(hash), "sha256:%s", hex);
	json_doc_set_string(to, key, hash);
	return 1;
}

static void
copy_member(struct json_doc *to, const char *key, const struct json_doc *v,
    struct refit *r)
{
	switch (json_doc_type(v)) {
	case JSON_DOC_STRING:
		json_doc_set_string(to, key, json_doc_string(v));
		return;
	case JSON_DOC_INT:
		json_doc_set_int(to, key, json_doc_int(v, 0));
		return;
	case JSON_DOC_REAL:
		json_doc_set_real(to, key, json_doc_real(v, 0));
		return;
	case JSON_DOC_BOOL:
		json_doc_set_bool(to, key, json_doc_bool(v, 0));
		return;
	case JSON_DOC_ARRAY:
	case JSON_DOC_OBJECT:
		json_doc_set(to, key, copy(v, key, r));
		return;
	case JSON_DOC_NULL:
		r->e = ERR_UNSUPPORTED;
		return;
	}
}

static void
copy_item(struct json_doc *to, const struct json_doc *v, struct refit *r)
{
	switch (json_doc_type(v)) {
	case JSON_DOC_STRING:
		json_doc_add_string(to, json_doc_string(v));
		return;
	case JSON_DOC_INT:
		json_doc_add_int(to, json_doc_int(v, 0));
		return;
	case JSON_DOC_ARRAY:
	case JSON_DOC_OBJECT:
		json_doc_add(to, copy(v, "", r));
		return;
	case JSON_DOC_REAL:
	case JSON_DOC_BOOL:
	case JSON_DOC_NULL:
		r->e = ERR_UNSUPPORTED;         /* nothing we write */
		return;
	}
}

static struct json_doc *
copy_array(const struct json_doc *v, const char *key, struct refit *r)
{
	struct json_doc *to = json_doc_new_array();
	int resources = r->depth == 1 && strcmp(key, "resources") == 0;
	size_t i;

	for (i = 0; i < json_doc_len(v); i++) {
		if (resources && i < ARRAY_LEN(r->files))
			r->file = r->files[i];
		copy_item(to, json_doc_at(v, i), r);
	}
	return to;
}

/* An object inside a resource is none: its members are not replaced. */
static struct json_doc *
copy_object(const struct json_doc *v, struct refit *r)
{
	const struct datapackage_file *file = r->file;
	struct json_doc *to = json_doc_new_object();
	const char *key;

	r->file = NULL;
	r->depth++;
	for (key = json_doc_next_key(v, NULL); key != NULL;
	    key = json_doc_next_key(v, key))
		if (!replace(to, key, file))
			copy_member(to, key, json_doc_get(v, key), r);
	r->depth--;
	return to;
}

static struct json_doc *
copy(const struct json_doc *v, const char *key, struct refit *r)
{
	return json_doc_type(v) == JSON_DOC_OBJECT ? copy_object(v, r) :
	    copy_array(v, key, r);
}

enum err
datapackage_refit(struct bytes text, const struct datapackage_file *responses,
    const struct datapackage_file *consents, struct buf *out)
{
	CLEANUP(json_doc_cleanup) struct json_doc *from = NULL;
	CLEANUP(json_doc_cleanup) struct json_doc *to = NULL;
	struct refit r = {.files = {responses, consents}};

	RETURN_IF(json_doc_parse(text, JSON_DOC_SIZE_MAX, &from, NULL));
	if (json_doc_type(from) != JSON_DOC_OBJECT)
		return ERR_SYNTAX;
	to = copy_object(from, &r);
	RETURN_IF(r.e);
	return json_doc_dump(to, 1, out);
}
