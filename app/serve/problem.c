#include "app/serve/problem.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static void put_type(struct json_doc *doc, const char *name)
{
	char text[96];

	(void)snprintf(text, sizeof(text), "urn:azukari:problem:%s", name);
	json_doc_set_string(doc, "type", text);
}

enum err problem_plain(unsigned status, const char *name, struct buf *out)
{
	CLEANUP(json_doc_cleanup) struct json_doc *doc = json_doc_new_object();

	put_type(doc, name);
	json_doc_set_string(doc, "title", name);
	json_doc_set_int(doc, "status", (int64_t)status);
	return json_doc_dump(doc, 0, out);
}

enum err problem_nothing(struct buf *out)
{
	CLEANUP(json_doc_cleanup) struct json_doc *doc = json_doc_new_object();

	put_type(doc, "nothing-here");
	json_doc_set_string(doc, "title", "nothing here for this caller");
	json_doc_set_int(doc, "status", PROBLEM_NOTHING_STATUS);
	json_doc_set_string(doc, "detail",
	    "It is not there, it is not yours to see, or the session is over.");
	json_doc_set_string(doc, "error", err_name(ERR_NOT_FOUND));
	json_doc_set_int(doc, "exit", outcome_exit_code(ERR_NOT_FOUND));
	json_doc_set(doc, "lines", json_doc_new_array());
	return json_doc_dump(doc, 0, out);
}

/* ERR_NO_SPACE -> no-space */
static void short_name(enum err e, char *ret, size_t size)
{
	const char *name = err_name(e);
	size_t i;

	if (strncmp(name, "ERR_", 4) == 0)
		name += 4;
	for (i = 0; name[i] != '\0' && i + 1 < size; i++)
		ret[i] = name[i] == '_' ? '-' :
		    (char)tolower((unsigned char)name[i]);
	ret[i] = '\0';
}

enum err problem_of(enum err e, const struct outcome *o, struct buf *out)
{
	CLEANUP(json_doc_cleanup) struct json_doc *doc = json_doc_new_object();
	char name[48];

	short_name(e, name, sizeof(name));
	put_type(doc, name);
	json_doc_set_string(doc, "title", outcome_error_text(e, 0));
	json_doc_set_int(doc, "status", outcome_http_status(e));
	outcome_json(o, e, doc);
	return json_doc_dump(doc, 0, out);
}

enum err problem_done(const struct outcome *o, struct json_doc *result,
    struct buf *out)
{
	CLEANUP(json_doc_cleanup) struct json_doc *doc = json_doc_new_object();

	outcome_json(o, ERR_OK, doc);
	if (result != NULL)
		json_doc_set(doc, "result", result);
	return json_doc_dump(doc, 0, out);
}
