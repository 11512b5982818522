/* intake/csv_map.c - the mapping document, checked against the survey. */
#include "intake/csv_map.h"

#include <stdlib.h>
#include <string.h>

#include "core/utf8.h"
#include "intake/csv_map_internal.h"

int
csv_map_counts_rows(const struct csv_map *m)
{
	return m->event.prefix != NULL;
}

void
csv_map_free(struct csv_map *m)
{
	size_t i;

	if (m == NULL)
		return;
	for (i = 0; i < m->fields_len; i++) {
		free(m->fields[i].codes);
		free(m->fields[i].yes.items);
		free(m->fields[i].no.items);
	}
	free(m->fields);
	free(m->cells);
	free(m->missing.items);
	free(m->scopes.items);
	json_doc_free(m->doc);
	free(m);
}

void
csv_map_cleanup(struct csv_map **m)
{
	csv_map_free(*m);
	*m = NULL;
}

int
csv_map_has(const struct csv_map_texts *t, struct bytes text)
{
	size_t i;

	for (i = 0; i < t->len; i++)
		if (bytes_equal(t->items[i], text))
			return 1;
	return 0;
}

static struct bytes
string_bytes(const struct json_doc *v)
{
	return bytes_of(json_doc_string(v), json_doc_string_len(v));
}

static int
is_string(const struct json_doc *v)
{
	return v != NULL && json_doc_type(v) == JSON_DOC_STRING;
}

/* An object with no members but ${keys}. */
static enum err
need_object(const struct json_doc *v, const char *const *keys,
    const char *where, struct err_info *info)
{
	if (v == NULL || json_doc_type(v) != JSON_DOC_OBJECT)
		return err_at(info, ERR_SYNTAX, 0,
		    "%s: must be given, as an object", where);
	return json_doc_only(v, keys, where, info);
}

static enum err
parse_texts(const struct json_doc *v, const char *where,
    struct csv_map_texts *ret, struct err_info *info)
{
	size_t i, len = json_doc_len(v);

	if (v == NULL || json_doc_type(v) != JSON_DOC_ARRAY ||
	    len > CSV_MAP_VALUES_MAX)
		return err_at(info, ERR_SYNTAX, 0, "%s: must be a list of at "
		    "most %d texts", where, CSV_MAP_VALUES_MAX);
	ret->items = calloc(len + 1, sizeof(*ret->items));
	if (ret->items == NULL)
		return ERR_NOMEM;
	for (i = 0; i < len; i++) {
		if (!is_string(json_doc_at(v, i)))
			return err_at(info, ERR_SYNTAX, 0,
			    "%s: must be a list of texts", where);
		if (csv_map_has(ret, string_bytes(json_doc_at(v, i))))
			return err_at(info, ERR_DUPLICATE, 0,
			    "%s: a text is given twice", where);
		ret->items[ret->len++] = string_bytes(json_doc_at(v, i));
	}
	return ERR_OK;
}

static enum err
parse_column(const struct json_doc *v, const char *key, const char *where,
    const char **ret, struct err_info *info)
{
	RETURN_IF(json_doc_need_string(v, key, where, ret, info));
	if ((*ret)[0] == '\0')
		return err_at(info, ERR_SYNTAX, 0, "%s: \"%s\" is empty",
		    where, key);
	return ERR_OK;
}

static enum err
parse_source(const struct json_doc *doc, const char *key,
    struct csv_map_source *ret, struct err_info *info)
{
	static const char *const keys[] = {"column", "row", NULL};
	const struct json_doc *v = json_doc_get(doc, key);

	RETURN_IF(need_object(v, keys, key, info));
	if (json_doc_len(v) != 1)
		return err_at(info, ERR_SYNTAX, 0,
		    "%s: either \"column\" or \"row\"", key);
	if (json_doc_get(v, "column") != NULL)
		return parse_column(v, "column", key, &ret->column, info);
	RETURN_IF(json_doc_need_string(v, "row", key, &ret->prefix, info));
	if (strlen(ret->prefix) > CSV_MAP_PREFIX_MAX ||
	    utf8_check_clean(bytes_str(ret->prefix), NULL) != ERR_OK)
		return err_at(info, ERR_SYNTAX, 0, "%s: \"row\" must be clean "
		    "text of at most %d bytes", key, CSV_MAP_PREFIX_MAX);
	return ERR_OK;
}

static enum err
parse_time(struct csv_map *m, struct err_info *info)
{
	static const char *const keys[] = {"column", "format", NULL};
	const struct json_doc *v = json_doc_get(m->doc, "time");
	const char *format;

	RETURN_IF(need_object(v, keys, "time", info));
	RETURN_IF(parse_column(v, "column", "time", &m->time_column, info));
	RETURN_IF(json_doc_need_string(v, "format", "time", &format, info));
	m->time_is_date = strcmp(format, "date") == 0;
	if (!m->time_is_date && strcmp(format, "rfc3339") != 0)
		return err_at(info, ERR_UNKNOWN, 0,
		    "time: \"format\" must be date or rfc3339");
	return ERR_OK;
}

/* Held to the same rules as a consent line, by the same code. */
static enum err
check_consent(struct csv_map *m, struct err_info *info)
{
	struct draft d;
	enum err e;
	size_t i;

	RETURN_IF(draft_init(&d, m->rules));
	draft_start(&d);
	e = draft_set_text(&d, m->consent_text);
	for (i = 0; e == ERR_OK && i < m->scopes.len; i++)
		e = draft_add_scope(&d, m->scopes.items[i]);
	if (e == ERR_OK && (d.scopes == 0 || d.scopes & INTAKE_SCOPE_ALL))
		e = draft_refuse(&d, INTAKE_REASON_SCOPE, "scopes: must be "
		    "one or more of support, research, recontact");
	if (e == ERR_SYNTAX)
		e = err_at(info, d.reason == INTAKE_REASON_CONSENT_TEXT ?
		    ERR_NOT_FOUND : e, 0, "consent: %s", d.message);
	draft_release(&d);
	return e;
}

static enum err
parse_consent(struct csv_map *m, struct err_info *info)
{
	static const char *const keys[] = {"text", "scopes", NULL};
	const struct json_doc *v = json_doc_get(m->doc, "consent");
	const char *text;

	if (v == NULL)
		return ERR_OK;
	m->has_consent = 1;
	RETURN_IF(need_object(v, keys, "consent", info));
	RETURN_IF(json_doc_need_string(v, "text", "consent", &text, info));
	m->consent_text = bytes_str(text);
	RETURN_IF(parse_texts(json_doc_get(v, "scopes"), "consent: scopes",
	    &m->scopes, info));
	return check_consent(m, info);
}

/* What a code stands for must be an answer of its field. */
static enum err
check_code(const struct csv_map *m, const struct survey_field *f,
    struct bytes code, struct err_info *info)
{
	CLEANUP(answers_builder_release) struct answers_builder b = {0};
	enum err e;

	RETURN_IF(answers_builder_init(&b, m->survey));
	e = answers_set_cell(&b, f, code);
	if (e != ERR_OK && e != ERR_NOMEM)
		return err_at(info, ERR_RANGE, 0, "field %s: \"codes\" leads "
		    "to a value this field does not take", f->name);
	return e;
}

static enum err
parse_codes(const struct csv_map *m, struct csv_map_field *field,
    const struct json_doc *codes, struct err_info *info)
{
	const char *raw;

	if (json_doc_type(codes) != JSON_DOC_OBJECT ||
	    json_doc_len(codes) > CSV_MAP_VALUES_MAX)
		return err_at(info, ERR_SYNTAX, 0, "field %s: \"codes\" must "
		    "be an object of at most %d texts", field->field->name,
		    CSV_MAP_VALUES_MAX);
	field->codes = calloc(json_doc_len(codes) + 1, sizeof(*field->codes));
	if (field->codes == NULL)
		return ERR_NOMEM;
	for (raw = json_doc_next_key(codes, NULL); raw != NULL;
	    raw = json_doc_next_key(codes, raw)) {
		const struct json_doc *code = json_doc_get(codes, raw);

		if (!is_string(code))
			return err_at(info, ERR_SYNTAX, 0,
			    "field %s: \"codes\" must lead to texts",
			    field->field->name);
		RETURN_IF(check_code(m, field->field, string_bytes(code),
		    info));
		field->codes[field->codes_len++] = (struct csv_map_code){
		    bytes_str(raw), string_bytes(code)};
	}
	return ERR_OK;
}

/* The next cell; there is room for one per output column of the survey. */
static void
add_cell(struct csv_map *m, const struct survey_field *f, const char *column,
    size_t option)
{
	m->cells[m->cells_len++] = (struct csv_map_cell){.field = f,
	    .column = column, .option = option,
	    .field_entry = m->fields_len - 1};
}

static enum err
parse_plain_field(struct csv_map *m, struct csv_map_field *field,
    const struct json_doc *v, struct err_info *info)
{
	static const char *const keys[] = {"column", "codes", NULL};
	const char *column;

	RETURN_IF(need_object(v, keys, field->field->name, info));
	RETURN_IF(parse_column(v, "column", field->field->name, &column,
	    info));
	add_cell(m, field->field, column, 0);
	if (json_doc_get(v, "codes") == NULL)
		return ERR_OK;
	return parse_codes(m, field, json_doc_get(v, "codes"), info);
}

static enum err
parse_list_columns(struct csv_map *m, const struct survey_field *f,
    const struct json_doc *columns, struct err_info *info)
{
	const char *code, *column;
	size_t option;

	if (columns == NULL || json_doc_type(columns) != JSON_DOC_OBJECT ||
	    json_doc_len(columns) == 0)
		return err_at(info, ERR_SYNTAX, 0, "%s: \"columns\" must be "
		    "an object that is not empty", f->name);
	for (code = json_doc_next_key(columns, NULL); code != NULL;
	    code = json_doc_next_key(columns, code)) {
		if (survey_find_category(f, bytes_str(code),
		    &option) != ERR_OK)
			return err_at(info, ERR_UNKNOWN, 0, "%s: \"columns\" "
			    "names an option this field has not", f->name);
		RETURN_IF(parse_column(columns, code, f->name, &column,
		    info));
		add_cell(m, f, column, option);
	}
	return ERR_OK;
}

static enum err
parse_list_field(struct csv_map *m, struct csv_map_field *field,
    const struct json_doc *v, struct err_info *info)
{
	static const char *const keys[] = {"columns", "true", "false", NULL};
	const struct survey_field *f = field->field;
	size_t i;

	RETURN_IF(need_object(v, keys, f->name, info));
	RETURN_IF(parse_list_columns(m, f, json_doc_get(v, "columns"), info));
	RETURN_IF(parse_texts(json_doc_get(v, "true"), f->name, &field->yes,
	    info));
	RETURN_IF(parse_texts(json_doc_get(v, "false"), f->name, &field->no,
	    info));
	for (i = 0; i < field->yes.len; i++)
		if (csv_map_has(&field->no, field->yes.items[i]))
			return err_at(info, ERR_DUPLICATE, 0,
			    "%s: a text is in \"true\" and in \"false\"",
			    f->name);
	return ERR_OK;
}

static enum err
parse_fields(struct csv_map *m, struct err_info *info)
{
	const struct json_doc *fields = json_doc_get(m->doc, "fields");
	const char *name;

	if (fields == NULL || json_doc_type(fields) != JSON_DOC_OBJECT ||
	    json_doc_len(fields) == 0)
		return err_at(info, ERR_SYNTAX, 0, "mapping: \"fields\" must "
		    "be an object that is not empty");
	m->fields = calloc(m->survey->fields_len, sizeof(*m->fields));
	m->cells = calloc(m->survey->columns, sizeof(*m->cells));
	if (m->fields == NULL || m->cells == NULL)
		return ERR_NOMEM;
	for (name = json_doc_next_key(fields, NULL); name != NULL;
	    name = json_doc_next_key(fields, name)) {
		const struct json_doc *v = json_doc_get(fields, name);
		struct csv_map_field *field;
		const struct survey_field *f = survey_find(m->survey,
		    bytes_str(name));

		if (f == NULL)
			return err_at(info, ERR_UNKNOWN, 0, "mapping: "
			    "survey %s/%u has no field %.64s",
			    m->survey->name, m->survey->version, name);
		field = &m->fields[m->fields_len++];
		field->field = f;
		RETURN_IF(f->kind == SURVEY_KIND_LIST ?
		    parse_list_field(m, field, v, info) :
		    parse_plain_field(m, field, v, info));
	}
	return ERR_OK;
}

static enum err
parse_survey(struct csv_map *m, struct err_info *info)
{
	const char *name;
	int64_t version;
	size_t at;

	RETURN_IF(json_doc_need_string(m->doc, "survey", "mapping", &name,
	    info));
	RETURN_IF(json_doc_need_int(m->doc, "version", 1, 65535, "mapping",
	    &version, info));
	if (intake_rules_survey(m->rules, bytes_str(name), version,
	    &at) != ERR_OK)
		return err_at(info, ERR_NOT_FOUND, 0,
		    "mapping: survey %.64s/%d is not registered", name,
		    (int)version);
	m->survey = m->rules->surveys[at];
	m->survey_name = bytes_str(m->survey->name);
	return ERR_OK;
}

/* Printable ASCII or a tab, but nothing CSV itself needs. */
static enum err
parse_delimiter(struct csv_map *m, struct err_info *info)
{
	const struct json_doc *v = json_doc_get(m->doc, "delimiter");
	const char *text = json_doc_string(v);

	m->delimiter = ',';
	if (v == NULL)
		return ERR_OK;
	if (text == NULL || strlen(text) != 1 || text[0] == '"' ||
	    (text[0] != '\t' && (text[0] < 0x20 || text[0] > 0x7e)))
		return err_at(info, ERR_SYNTAX, 0, "mapping: \"delimiter\" "
		    "must be one ASCII character, not a quote");
	m->delimiter = text[0];
	return ERR_OK;
}

static enum err
parse_missing(struct csv_map *m, struct err_info *info)
{
	const struct json_doc *v = json_doc_get(m->doc, "missing");

	if (v != NULL)
		return parse_texts(v, "missing", &m->missing, info);
	m->missing.items = calloc(1, sizeof(*m->missing.items));
	if (m->missing.items == NULL)
		return ERR_NOMEM;
	m->missing.items[0] = bytes_of("", 0);
	m->missing.len = 1;
	return ERR_OK;
}

static enum err
parse_all(struct csv_map *m, struct err_info *info)
{
	static const char *const keys[] = {"azukari", "survey", "version",
	    "delimiter", "missing", "event", "respondent", "time", "consent",
	    "fields", NULL};
	const char *kind;

	if (json_doc_type(m->doc) != JSON_DOC_OBJECT)
		return err_at(info, ERR_SYNTAX, 0,
		    "mapping: must be a JSON object");
	RETURN_IF(json_doc_need_string(m->doc, "azukari", "mapping", &kind,
	    info));
	if (strcmp(kind, "mapping v1") != 0)
		return err_at(info, ERR_UNSUPPORTED, 0,
		    "mapping: \"azukari\" must be \"mapping v1\"");
	RETURN_IF(json_doc_only(m->doc, keys, "mapping", info));
	RETURN_IF(parse_survey(m, info));
	RETURN_IF(parse_delimiter(m, info));
	RETURN_IF(parse_missing(m, info));
	RETURN_IF(parse_source(m->doc, "event", &m->event, info));
	RETURN_IF(parse_source(m->doc, "respondent", &m->respondent, info));
	RETURN_IF(parse_time(m, info));
	RETURN_IF(parse_consent(m, info));
	return parse_fields(m, info);
}

enum err
csv_map_parse(struct bytes text, const struct intake_rules *rules,
    struct csv_map **ret, struct err_info *info)
{
	CLEANUP(csv_map_cleanup) struct csv_map *m = calloc(1, sizeof(*m));

	if (m == NULL)
		return ERR_NOMEM;
	m->rules = rules;
	RETURN_IF(json_doc_parse(text, JSON_DOC_SIZE_MAX, &m->doc, info));
	RETURN_IF(parse_all(m, info));
	*ret = TAKE(m);
	return ERR_OK;
}
