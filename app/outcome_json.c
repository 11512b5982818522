/* An outcome as JSON, and back. */
#include <stdio.h>
#include <string.h>

#include "app/outcome.h"
#include "core/json_doc.h"

static const char *const role_names[] = {
	[OUTCOME_DONE] = "done", [OUTCOME_REASON] = "reason",
	[OUTCOME_HINT] = "hint", [OUTCOME_CHECK] = "check",
	[OUTCOME_WARNING] = "warning",
};

static struct json_doc *json_lines(const struct outcome *o)
{
	struct json_doc *array = json_doc_new_array();

	for (size_t i = 0; i < o->len; i++) {
		struct json_doc *line = json_doc_new_object();

		json_doc_set_string(line, "role", role_names[o->lines[i].role]);
		json_doc_set_string(line, "en", o->lines[i].en);
		json_doc_set_string(line, "ja", o->lines[i].ja);
		json_doc_add(array, line);
	}
	return array;
}

void outcome_json(const struct outcome *o, enum err e, struct json_doc *doc)
{
	json_doc_set_string(doc, "error", e == ERR_OK ? "" : err_name(e));
	json_doc_set_int(doc, "exit", outcome_exit_code(e));
	if (o->info.message[0] != '\0' ||
	    (e != ERR_OK && o->info.file[0] != '\0')) {
		struct json_doc *at = json_doc_new_object();

		json_doc_set_string(at, "file", o->info.file);
		json_doc_set_int(at, "line", (int64_t)o->info.line);
		json_doc_set_string(at, "rule", o->info.message);
		json_doc_set(doc, "input", at);
	}
	json_doc_set(doc, "lines", json_lines(o));
}

/* ---- back ---- */

static void take_line(const struct json_doc *line, struct outcome *o)
{
	const char *role = json_doc_string(json_doc_get(line, "role"));
	const char *en = json_doc_string(json_doc_get(line, "en"));
	const char *ja = json_doc_string(json_doc_get(line, "ja"));

	for (size_t i = 0; role != NULL && i < ARRAY_LEN(role_names); i++)
		if (strcmp(role, role_names[i]) == 0 && en != NULL &&
		    ja != NULL)
			outcome_put(o, (enum outcome_role)i, en, ja);
}

static void take_input(const struct json_doc *at, struct outcome *o)
{
	const char *file = json_doc_string(json_doc_get(at, "file"));
	const char *rule = json_doc_string(json_doc_get(at, "rule"));
	int64_t line = json_doc_int(json_doc_get(at, "line"), 0);

	if (rule == NULL)
		return;
	(void)snprintf(o->info.file, sizeof(o->info.file), "%s",
	    file == NULL ? "" : file);
	err_note(&o->info, line > 0 ? (unsigned long)line : 0, "%s", rule);
}

static enum err error_named(const char *name)
{
	for (int e = ERR_USAGE; e >= ERR_CANCELLED; e--)
		if (strcmp(err_name((enum err)e), name) == 0)
			return (enum err)e;
	return ERR_SYNTAX;
}

#define LINES_MAX 10000

enum err outcome_from_json(const struct json_doc *doc, struct outcome *o)
{
	const char *error = json_doc_string(json_doc_get(doc, "error"));
	const struct json_doc *lines = json_doc_get(doc, "lines");
	size_t len = lines == NULL ? 0 : json_doc_len(lines);

	if (error == NULL)
		return ERR_SYNTAX;
	for (size_t i = 0; i < len && i < LINES_MAX; i++)
		take_line(json_doc_at(lines, i), o);
	take_input(json_doc_get(doc, "input"), o);
	return error[0] == '\0' ? ERR_OK : error_named(error);
}
