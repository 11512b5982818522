#include "exporters/datapackage.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "core/clock.h"
#include "core/csv.h"
#include "core/json_doc.h"
#include "exporters/tar.h"

#define SCHEMA_URL "https://datapackage.org/profiles/2.0/datapackage.json"
#define PSEUDONYM_PATTERN "^[a-z2-7]{26}[a-z2-6]$"
#define HASH_PREFIX "sha256:"
#define NAME_MAX_BYTES 64

static const char *
type_name(enum column_type type)
{
	switch (type) {
	case COLUMN_INTEGER:
	case COLUMN_FLAG:
		return "integer";
	case COLUMN_NUMBER:
		return "number";
	case COLUMN_DATE:
		return "date";
	case COLUMN_BOOLEAN:
		return "boolean";
	case COLUMN_STRING:
		break;
	}
	return "string";
}

static struct json_doc *
new_field(const char *name, const char *type, const char *title,
    const char *title_en)
{
	struct json_doc *f = json_doc_new_object();

	json_doc_set_string(f, "name", name);
	json_doc_set_string(f, "type", type);
	if (title != NULL)
		json_doc_set_string(f, "title", title);
	if (title_en != NULL)
		json_doc_set_string(f, "title_en", title_en);
	return f;
}

/* A category's value in the field's own type. */
static void
set_value(struct json_doc *obj, const struct column *c, const char *value)
{
	if (c->type == COLUMN_FLAG)
		json_doc_set_int(obj, "value", value[0] == '1');
	else
		json_doc_set_string(obj, "value", value);
}

/* `categories` for readers of v2, `constraints.enum` for those of v1. */
static void
set_categories(struct json_doc *field, struct json_doc *constraints,
    const struct column *c)
{
	struct json_doc *list = json_doc_new_array();
	struct json_doc *values = json_doc_new_array();
	struct json_doc *one;
	size_t i;

	for (i = 0; i < c->category_count; i++) {
		one = json_doc_new_object();
		set_value(one, c, c->categories[i].value);
		if (c->categories[i].label != NULL)
			json_doc_set_string(one, "label",
			    c->categories[i].label);
		if (c->categories[i].label_en != NULL)
			json_doc_set_string(one, "label_en",
			    c->categories[i].label_en);
		json_doc_add(list, one);
		if (c->type == COLUMN_FLAG)
			json_doc_add_int(values, c->categories[i].value[0] ==
			    '1');
		else
			json_doc_add_string(values, c->categories[i].value);
	}
	json_doc_set(field, "categories", list);
	json_doc_set(constraints, "enum", values);
}

/* ${text} (survey's own number) under ${key}. */
static void
set_number(struct json_doc *obj, const char *key, const char *text,
    enum column_type type)
{
	double real;
	long long whole;

	if (text == NULL)
		return;
	if (type == COLUMN_INTEGER && sscanf(text, "%lld", &whole) == 1)
		json_doc_set_int(obj, key, whole);
	else if (sscanf(text, "%lf", &real) == 1)
		json_doc_set_real(obj, key, real);
}

static struct json_doc *
survey_column(const struct column *c)
{
	struct json_doc *f = new_field(c->name, type_name(c->type), c->title,
	    c->title_en);
	struct json_doc *constraints = json_doc_new_object();
	struct json_doc *ours = json_doc_new_object();

	if (c->description != NULL)
		json_doc_set_string(f, "description", c->description);
	if (c->category_count > 0)
		set_categories(f, constraints, c);
	if (c->pattern != NULL)
		json_doc_set_string(constraints, "pattern", c->pattern);
	set_number(constraints, "minimum", c->minimum, c->type);
	set_number(constraints, "maximum", c->maximum, c->type);
	json_doc_set(f, "constraints", constraints);
	json_doc_set_string(ours, "field", c->field);
	json_doc_set_string(ours, "generalisation", c->rule);
	json_doc_set_int(ours, "level", c->level);
	json_doc_set(f, "azukari", ours);
	return f;
}

/* A column of ours: always there, never empty. */
static struct json_doc *
own_column(const char *name, const char *type, const char *title,
    const char *title_en, const char *pattern)
{
	struct json_doc *f = new_field(name, type, title, title_en);
	struct json_doc *constraints = json_doc_new_object();

	json_doc_set_bool(constraints, "required", 1);
	if (pattern != NULL)
		json_doc_set_string(constraints, "pattern", pattern);
	if (strcmp(type, "integer") == 0)
		json_doc_set_int(constraints, "minimum", 1);
	json_doc_set(f, "constraints", constraints);
	return f;
}

static struct json_doc *
response_fields(const struct column_set *set)
{
	struct json_doc *fields = json_doc_new_array();
	size_t i;

	json_doc_add(fields, own_column(COLUMN_PSEUDONYM, "string",
	    "仮名", "pseudonym", PSEUDONYM_PATTERN));
	json_doc_add(fields, own_column(COLUMN_ANSWER, "integer",
	    "回答の番号", "number of the answer", NULL));
	for (i = 0; i < set->len; i++)
		json_doc_add(fields, survey_column(&set->columns[i]));
	return fields;
}

static struct json_doc *
consent_fields(void)
{
	struct json_doc *fields = json_doc_new_array();

	json_doc_add(fields, own_column("pseudonym", "string", "仮名",
	    "pseudonym", PSEUDONYM_PATTERN));
	json_doc_add(fields, own_column("text", "string", "同意文のSHA-256",
	    "SHA-256 of the text shown", "^[0-9a-f]{64}$"));
	json_doc_add(fields, own_column("scopes", "string", "同意の範囲",
	    "scopes consented to", NULL));
	json_doc_add(fields, own_column("day", "string", "同意の時期",
	    "when, coarsened", NULL));
	json_doc_add(fields, own_column("receipt", "string", "受領番号",
	    "receipt of the consent", "^[0-9a-f]{32}$"));
	return fields;
}

/* Every person of responses.csv has one line in consents.csv. */
static struct json_doc *
foreign_keys(void)
{
	struct json_doc *list = json_doc_new_array();
	struct json_doc *key = json_doc_new_object();
	struct json_doc *reference = json_doc_new_object();
	struct json_doc *names = json_doc_new_array();

	json_doc_add_string(names, "pseudonym");
	json_doc_set(key, "fields", names);
	names = json_doc_new_array();
	json_doc_add_string(names, "pseudonym");
	json_doc_set_string(reference, "resource", "consents");
	json_doc_set(reference, "fields", names);
	json_doc_set(key, "reference", reference);
	json_doc_add(list, key);
	return list;
}

static struct json_doc *
table_schema(struct json_doc *fields, int is_responses)
{
	struct json_doc *schema = json_doc_new_object();
	struct json_doc *key = json_doc_new_array();
	struct json_doc *missing = json_doc_new_array();

	json_doc_set(schema, "fields", fields);
	json_doc_add_string(missing, "");
	json_doc_set(schema, "missingValues", missing);
	json_doc_add_string(key, COLUMN_PSEUDONYM);
	if (is_responses)
		json_doc_add_string(key, COLUMN_ANSWER);
	json_doc_set(schema, "primaryKey", key);
	if (is_responses)
		json_doc_set(schema, "foreignKeys", foreign_keys());
	return schema;
}

static struct json_doc *
csv_dialect(void)
{
	struct json_doc *d = json_doc_new_object();

	json_doc_set_string(d, "delimiter", ",");
	json_doc_set_string(d, "lineTerminator", "\n");
	json_doc_set_string(d, "quoteChar", "\"");
	json_doc_set_bool(d, "doubleQuote", 1);
	json_doc_set_bool(d, "header", 1);
	return d;
}

static void
hash_text(const uint8_t digest[DIGEST_LEN], char ret[80])
{
	char hex[DIGEST_HEX_LEN + 1];

	digest_to_hex(digest, hex);
	(void)snprintf(ret, 80, HASH_PREFIX "%s", hex);
}

static struct json_doc *
resource(const char *name, const char *path, const struct datapackage_file *f,
    struct json_doc *schema)
{
	struct json_doc *r = json_doc_new_object();
	char hash[80];

	hash_text(f->sha256, hash);
	json_doc_set_string(r, "name", name);
	json_doc_set_string(r, "path", path);
	json_doc_set_string(r, "type", "table");
	json_doc_set_string(r, "profile", "tabular-data-resource");
	json_doc_set_string(r, "format", "csv");
	json_doc_set_string(r, "mediatype", "text/csv");
	json_doc_set_string(r, "encoding", "utf-8");
	json_doc_set_int(r, "bytes", (int64_t)f->bytes);
	json_doc_set_int(r, "rows", (int64_t)f->rows);
	json_doc_set_string(r, "hash", hash);
	json_doc_set(r, "dialect", csv_dialect());
	json_doc_set(r, "schema", schema);
	return r;
}

/* Names of packages are lower case. */
static void
package_name(const char *export_id, char ret[NAME_MAX_BYTES])
{
	size_t i;

	for (i = 0; export_id[i] != '\0' && i + 6 < NAME_MAX_BYTES; i++)
		ret[i] = (char)tolower((unsigned char)export_id[i]);
	memcpy(ret + i, "-data", 6);
}

static struct json_doc *
contributors(const char *owner_name)
{
	struct json_doc *list = json_doc_new_array();
	struct json_doc *one = json_doc_new_object();
	struct json_doc *roles = json_doc_new_array();

	json_doc_set_string(one, "title", owner_name);
	json_doc_add_string(roles, "rightsHolder");
	json_doc_set(one, "roles", roles);
	json_doc_add(list, one);
	return list;
}

static void
set_head(struct json_doc *doc, const struct datapackage *d)
{
	char name[NAME_MAX_BYTES], created[CLOCK_UTC_LEN + 1];

	package_name(d->export_id, name);
	clock_format_utc(d->created_unix_s, created);
	json_doc_set_string(doc, "$schema", SCHEMA_URL);
	json_doc_set_string(doc, "name", name);
	json_doc_set_string(doc, "id", d->export_id);
	json_doc_set_string(doc, "title", d->title);
	if (d->title_en != NULL)
		json_doc_set_string(doc, "title_en", d->title_en);
	json_doc_set_string(doc, "survey", d->survey);
	json_doc_set_string(doc, "created", created);
	json_doc_set(doc, "contributors", contributors(d->owner_name));
}

enum err
datapackage_write(const struct datapackage *d, struct buf *out)
{
	CLEANUP(json_doc_cleanup) struct json_doc *doc = json_doc_new_object();
	struct json_doc *resources = json_doc_new_array();

	set_head(doc, d);
	json_doc_add(resources, resource("responses", "responses.csv",
	    &d->responses, table_schema(response_fields(d->columns), 1)));
	json_doc_add(resources, resource("consents", "consents.csv",
	    &d->consents, table_schema(consent_fields(), 0)));
	json_doc_set(doc, "resources", resources);
	return json_doc_dump(doc, 1, out);
}

void
datapackage_facts_release(struct datapackage_facts *f)
{
	buf_release(&f->header);
	memset(f, 0, sizeof(*f));
}

static enum err
take_file(const struct json_doc *r, const char *name,
    struct datapackage_file *ret, struct err_info *info)
{
	const char *value;
	int64_t n;

	RETURN_IF(json_doc_need_string(r, "name", name, &value, info));
	if (strcmp(value, name) != 0)
		return err_at(info, ERR_UNKNOWN, 0,
		    "datapackage.json: the resource is not %s", name);
	RETURN_IF(json_doc_need_string(r, "path", name, &value, info));
	if (strncmp(value, name, strlen(name)) != 0 ||
	    strcmp(value + strlen(name), ".csv") != 0)
		return err_at(info, ERR_UNKNOWN, 0,
		    "datapackage.json: the path of %s is not %s.csv", name,
		    name);
	RETURN_IF(json_doc_need_int(r, "bytes", 0, (int64_t)TAR_MEMBER_MAX,
	    name, &n, info));
	ret->bytes = (uint64_t)n;
	RETURN_IF(json_doc_need_int(r, "rows", 0, (int64_t)TAR_MEMBER_MAX,
	    name, &n, info));
	ret->rows = (uint64_t)n;
	RETURN_IF(json_doc_need_string(r, "hash", name, &value, info));
	if (strncmp(value, HASH_PREFIX, sizeof(HASH_PREFIX) - 1) != 0 ||
	    digest_from_hex(bytes_str(value + sizeof(HASH_PREFIX) - 1),
	    ret->sha256) != ERR_OK)
		return err_at(info, ERR_SYNTAX, 0,
		    "datapackage.json: the hash of %s is not sha256", name);
	return ERR_OK;
}

static enum err
take_header(const struct json_doc *r, struct datapackage_facts *f,
    struct err_info *info)
{
	const struct json_doc *fields =
	    json_doc_get(json_doc_get(r, "schema"), "fields");
	const char *name;
	size_t i;

	f->columns = json_doc_len(fields);
	if (f->columns == 0 || json_doc_type(fields) != JSON_DOC_ARRAY ||
	    f->columns > CSV_FIELDS_MAX)
		return err_at(info, ERR_SYNTAX, 0,
		    "datapackage.json: responses have no fields");
	for (i = 0; i < f->columns; i++) {
		RETURN_IF(json_doc_need_string(json_doc_at(fields, i), "name",
		    "field", &name, info));
		RETURN_IF(csv_append_field(&f->header, bytes_str(name), ','));
		RETURN_IF(buf_append_u8(&f->header,
		    i + 1 == f->columns ? '\n' : ','));
	}
	return ERR_OK;
}

enum err
datapackage_parse(struct bytes text, struct datapackage_facts *ret,
    struct err_info *info)
{
	CLEANUP(json_doc_cleanup) struct json_doc *doc = NULL;
	CLEANUP(datapackage_facts_release) struct datapackage_facts f = {0};
	const struct json_doc *resources;

	RETURN_IF(json_doc_parse(text, JSON_DOC_SIZE_MAX, &doc, info));
	resources = json_doc_get(doc, "resources");
	if (resources == NULL || json_doc_type(resources) != JSON_DOC_ARRAY ||
	    json_doc_len(resources) != 2)
		return err_at(info, ERR_UNKNOWN, 0,
		    "datapackage.json does not have two resources");
	RETURN_IF(take_file(json_doc_at(resources, 0), "responses",
	    &f.responses, info));
	RETURN_IF(take_file(json_doc_at(resources, 1), "consents",
	    &f.consents, info));
	RETURN_IF(take_header(json_doc_at(resources, 0), &f, info));
	*ret = f;
	memset(&f, 0, sizeof(f));       /* transferred */
	return ERR_OK;
}
