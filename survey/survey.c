/* survey/survey.c - the document as a whole; its fields are parsed in
 * survey_field.c and survey_constraints.c. */
#include "survey/survey.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/utf8.h"
#include "survey/answers.h"
#include "survey/survey_internal.h"

static const char *const type_names[] = {
	"string", "list", "integer", "number", "date", "boolean",
};

static const char *const disclosure_names[] = {
	"", "identifying", "quasi-identifying", "sensitive", "insensitive",
};

const char *
survey_type_name(enum survey_type t)
{
	MUST_HOLD((size_t)t < ARRAY_LEN(type_names));
	return type_names[t];
}

const char *
survey_disclosure_name(enum survey_disclosure d)
{
	MUST_HOLD((size_t)d < ARRAY_LEN(disclosure_names));
	return disclosure_names[d];
}

size_t
survey_list_bytes(const struct survey_field *f)
{
	return (f->categories_len + 1 + 7) / 8;
}

void
survey_free(struct survey *s)
{
	struct survey_memory *block, *next;

	if (s == NULL)
		return;
	for (block = s->memory; block != NULL; block = next) {
		next = block->next;
		free(block);
	}
	free(s);
}

void
survey_cleanup(struct survey **s)
{
	survey_free(*s);
	*s = NULL;
}

/* Codes and names are a few bytes: a call of memcmp costs more than they do. */
static int
is_same(struct bytes a, const uint8_t *b, size_t len)
{
	size_t i;

	if (a.len != len)
		return 0;
	for (i = 0; i < len; i++)
		if (a.data[i] != b[i])
			return 0;
	return 1;
}

const struct survey_field *
survey_find(const struct survey *s, struct bytes name)
{
	size_t at = survey_hash(name) & s->lookup_mask;

	for (; s->lookup[at] != 0; at = (at + 1) & s->lookup_mask) {
		const struct survey_field *f = &s->fields[s->lookup[at] - 1];

		if (is_same(name, (const uint8_t *)f->name, f->name_len))
			return f;
	}
	return NULL;
}

enum err
survey_find_category(const struct survey_field *f, struct bytes code,
    size_t *ret)
{
	size_t at;

	if (f->categories_len == 0)
		return ERR_UNKNOWN;
	at = survey_hash(code) & f->lookup_mask;
	for (; f->lookup[at] != 0; at = (at + 1) & f->lookup_mask) {
		size_t i = f->lookup[at] - 1;

		if (!is_same(code, f->categories[i].value.data,
		    f->categories[i].value.len))
			continue;
		*ret = i;
		return ERR_OK;
	}
	return ERR_UNKNOWN;
}

static int
is_letter(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static int
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

int
survey_is_code(const char *code, size_t len)
{
	size_t i;

	if (len < 1 || len > SURVEY_NAME_MAX)
		return 0;
	for (i = 0; i < len; i++)
		if (!is_letter(code[i]) && !is_digit(code[i]) &&
		    code[i] != '_')
			return 0;
	return 1;
}

static int
is_field_name(const char *name)
{
	return is_letter(name[0]) && survey_is_code(name, strlen(name));
}

/* `[a-z][a-z0-9-]{0,31}` */
static int
is_survey_name(const char *name)
{
	size_t i, len = strlen(name);

	if (len < 1 || len > SURVEY_NAME_MAX || name[0] < 'a' || name[0] > 'z')
		return 0;
	for (i = 1; i < len; i++)
		if (!(name[i] >= 'a' && name[i] <= 'z') &&
		    !is_digit(name[i]) && name[i] != '-')
			return 0;
	return 1;
}

enum err
survey_text_parse(struct survey_parser *p, const struct json_doc *v,
    const char *key, const char *fallback, const char **ret)
{
	const struct json_doc *member = json_doc_get(v, key);
	const char *text = json_doc_string(member), *why = NULL;
	size_t len = json_doc_string_len(member);

	if (member == NULL) {
		*ret = fallback;
		return ERR_OK;
	}
	if (text == NULL || len == 0)
		return err_at(p->info, ERR_SYNTAX, 0,
		    "%s: \"%s\" must be a text that is not empty", p->where,
		    key);
	if (len > SURVEY_TEXT_MAX)
		return err_at(p->info, ERR_LIMIT, 0,
		    "%s: \"%s\" is longer than %d bytes", p->where, key,
		    SURVEY_TEXT_MAX);
	if (utf8_check_clean(bytes_of(text, len), &why) != ERR_OK)
		return err_at(p->info, ERR_ENCODING, 0, "%s: \"%s\": %s",
		    p->where, key, why != NULL ? why : "not clean text");
	*ret = survey_copy(p->s, text, len);
	return *ret != NULL ? ERR_OK : ERR_NOMEM;
}

static enum err
parse_head(struct survey_parser *p, const struct json_doc *doc)
{
	static const char *const keys[] = {"azukari", "name", "version",
	    "title", "title_en", "fields", NULL};
	const char *kind, *name;
	int64_t version;

	if (json_doc_type(doc) != JSON_DOC_OBJECT)
		return err_at(p->info, ERR_SYNTAX, 0,
		    "survey: must be a JSON object");
	RETURN_IF(json_doc_need_string(doc, "azukari", "survey", &kind,
	    p->info));
	if (strcmp(kind, "survey v1") != 0)
		return err_at(p->info, ERR_UNSUPPORTED, 0,
		    "survey: \"azukari\" must be \"survey v1\"");
	RETURN_IF(json_doc_only(doc, keys, "survey", p->info));
	RETURN_IF(json_doc_need_string(doc, "name", "survey", &name, p->info));
	if (!is_survey_name(name))
		return err_at(p->info, ERR_SYNTAX, 0, "survey: \"name\" must "
		    "be [a-z][a-z0-9-]*, at most 32 characters");
	RETURN_IF(json_doc_need_int(doc, "version", 1, 65535, "survey",
	    &version, p->info));
	p->s->version = (unsigned)version;
	if ((p->s->name = survey_copy(p->s, name, strlen(name))) == NULL)
		return ERR_NOMEM;
	RETURN_IF(survey_text_parse(p, doc, "title", p->s->name,
	    &p->s->title));
	return survey_text_parse(p, doc, "title_en", p->s->title,
	    &p->s->title_en);
}

/* Names first, so that every later message can name its field. */
static enum err
parse_name(struct survey_parser *p, const struct json_doc *v, size_t index)
{
	struct survey_field *f = &p->fields[index];
	const char *name;
	size_t at;

	(void)snprintf(p->where, sizeof(p->where), "field %zu", index + 1);
	if (json_doc_type(v) != JSON_DOC_OBJECT)
		return err_at(p->info, ERR_SYNTAX, 0,
		    "%s: must be a JSON object", p->where);
	RETURN_IF(json_doc_need_string(v, "name", p->where, &name, p->info));
	if (!is_field_name(name))
		return err_at(p->info, ERR_SYNTAX, 0, "%s: \"name\" must be "
		    "[A-Za-z][A-Za-z0-9_]*, at most 32 characters", p->where);
	if (survey_find(p->s, bytes_str(name)) != NULL)
		return err_at(p->info, ERR_DUPLICATE, 0,
		    "field %s: the name is given twice", name);
	f->index = index;
	f->name_len = strlen(name);
	if ((f->name = survey_copy(p->s, name, f->name_len)) == NULL)
		return ERR_NOMEM;
	at = survey_hash(bytes_str(name)) & p->s->lookup_mask;
	while (p->s->lookup[at] != 0)
		at = (at + 1) & p->s->lookup_mask;
	p->s->lookup[at] = (uint32_t)index + 1;
	(void)snprintf(p->where, sizeof(p->where), "field %s", f->name);
	return ERR_OK;
}

static enum err
make_fields(struct survey_parser *p, const struct json_doc *fields)
{
	struct survey_names names;
	size_t len = json_doc_len(fields);

	if (fields == NULL || json_doc_type(fields) != JSON_DOC_ARRAY ||
	    len == 0)
		return err_at(p->info, ERR_SYNTAX, 0,
		    "survey: \"fields\" must be a list that is not empty");
	if (len > SURVEY_FIELDS_MAX)
		return err_at(p->info, ERR_LIMIT, 0,
		    "survey: more than %d fields", SURVEY_FIELDS_MAX);
	p->fields = survey_alloc(p->s, len, sizeof(*p->fields));
	if (p->fields == NULL)
		return ERR_NOMEM;
	RETURN_IF(survey_names_init(p->s, len, &names));
	p->s->lookup = names.slots;
	p->s->lookup_mask = names.mask;
	p->s->fields = p->fields;
	p->s->fields_len = len;
	return ERR_OK;
}

/* Columns of output: `pseudonym` and `answer` stand before them, and a list's
 * FIELD_OPTION must not be another column's name. */
static enum err
check_column(struct survey_parser *p, struct survey_names *columns,
    const char *const *seen, size_t count, const char *name)
{
	size_t at = survey_hash(bytes_str(name)) & columns->mask;

	if (strcmp(name, "pseudonym") == 0 || strcmp(name, "answer") == 0)
		return err_at(p->info, ERR_DUPLICATE, 0,
		    "field %s: the name belongs to every export", name);
	for (; columns->slots[at] != 0; at = (at + 1) & columns->mask)
		if (strcmp(seen[columns->slots[at] - 1], name) == 0)
			return err_at(p->info, ERR_DUPLICATE, 0,
			    "column %s: two fields or options would share "
			    "this name", name);
	columns->slots[at] = (uint32_t)count + 1;
	return ERR_OK;
}

static enum err
check_columns(struct survey_parser *p)
{
	struct survey_names columns;
	const char **seen;
	char name[SURVEY_COLUMN_NAME_MAX + 1];
	size_t i, c, count = 0;

	seen = survey_alloc(p->s, p->s->columns, sizeof(*seen));
	if (seen == NULL)
		return ERR_NOMEM;
	RETURN_IF(survey_names_init(p->s, p->s->columns, &columns));
	for (i = 0; i < p->s->fields_len; i++)
		for (c = 0; c < p->fields[i].columns; c++, count++) {
			answers_column_name(&p->fields[i], c, name);
			RETURN_IF(check_column(p, &columns, seen, count,
			    name));
			seen[count] = survey_copy(p->s, name, strlen(name));
			if (seen[count] == NULL)
				return ERR_NOMEM;
		}
	return ERR_OK;
}

static enum err
list_ruled(struct survey *s)
{
	size_t i, *ruled = survey_alloc(s, s->fields_len, sizeof(*ruled));

	if (ruled == NULL)
		return ERR_NOMEM;
	for (i = 0; i < s->fields_len; i++)
		if (s->fields[i].required || s->fields[i].has_exclusive ||
		    s->fields[i].only_if.present)
			ruled[s->ruled_len++] = i;
	s->ruled = ruled;
	return ERR_OK;
}

static enum err
parse_fields(struct survey_parser *p, const struct json_doc *fields)
{
	struct survey *s = p->s;
	size_t i;

	RETURN_IF(make_fields(p, fields));
	for (i = 0; i < s->fields_len; i++) {
		const struct json_doc *v = json_doc_at(fields, i);

		RETURN_IF(parse_name(p, v, i));
		RETURN_IF(survey_field_parse(p, v, i));
		s->columns += p->fields[i].columns;
		if (p->fields[i].kind == SURVEY_KIND_LIST)
			s->list_bytes += survey_list_bytes(&p->fields[i]);
		if (s->columns > SURVEY_COLUMNS_MAX)
			return err_at(p->info, ERR_LIMIT, 0,
			    "%s: more than %d columns of output in all",
			    p->where, SURVEY_COLUMNS_MAX);
	}
	RETURN_IF(list_ruled(s));
	return check_columns(p);
}

enum err
survey_parse(struct bytes text, struct survey **ret, struct err_info *info)
{
	CLEANUP(survey_cleanup) struct survey *s = calloc(1, sizeof(*s));
	CLEANUP(json_doc_cleanup) struct json_doc *doc = NULL;
	struct survey_parser p = {.s = s, .info = info, .where = "survey"};

	if (s == NULL)
		return ERR_NOMEM;
	RETURN_IF(json_doc_parse(text, JSON_DOC_SIZE_MAX, &doc, info));
	RETURN_IF(parse_head(&p, doc));
	RETURN_IF(parse_fields(&p, json_doc_get(doc, "fields")));
	*ret = TAKE(s);
	return ERR_OK;
}
