/* policy/reident.c - the lines of a plan that re-identifies. */
#include "policy/reident.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/encode.h"
#include "policy/grammar.h"
#include "policy/values_internal.h"

static const char *const words[] = {"identity", "answers"};

void
reident_put(struct text_writer *w, const struct reident *r)
{
	char line[128], hex[65];

	if (r->export_id[0] == '\0')
		return;
	(void)snprintf(line, sizeof(line), "%s %s", r->export_id,
	    words[r->with_answers != 0]);
	text_put(w, "reident-export", line);
	encode_hex(r->sha256, 32, hex);
	(void)snprintf(line, sizeof(line), "%llu %s",
	    (unsigned long long)r->count, hex);
	text_put(w, "reident-pseudonyms", line);
	text_put(w, "reident-reason", r->reason);
}

/* `EXPORT identity|answers` */
static int
parse_export(const char *line, struct reident *r)
{
	struct bytes rest = bytes_str(line), id, word, none;

	if (!text_list_next(&rest, &id) || !grammar_is_export(id) ||
	    id.len >= sizeof(r->export_id) || !text_list_next(&rest, &word) ||
	    text_list_next(&rest, &none))
		return 0;
	memcpy(r->export_id, id.data, id.len);
	r->export_id[id.len] = '\0';
	r->with_answers = bytes_equal(word, bytes_str(words[1]));
	return r->with_answers || bytes_equal(word,
	    bytes_str(words[0]));
}

static int
parse_count(const char *line, struct reident *r)
{
	struct bytes rest = bytes_str(line), count, digest, none;

	return text_list_next(&rest, &count) &&
	    values_uint(count, 1, REIDENT_MAX, &r->count) == ERR_OK &&
	    text_list_next(&rest, &digest) &&
	    decode_hex(digest, r->sha256, 32) == ERR_OK &&
	    !text_list_next(&rest, &none);
}

enum err
reident_get(const struct text *t, struct reident *ret, struct err_info *info)
{
	const char *export_id = text_get(t, "reident-export");
	const char *count = text_get(t, "reident-pseudonyms");
	const char *reason = text_get(t, "reident-reason");

	if (export_id == NULL && count == NULL && reason == NULL)
		return ERR_OK;
	if (export_id == NULL || count == NULL || reason == NULL)
		return err_at(info, ERR_SYNTAX, 0,
		    "reident-export: the three lines stand together");
	if (!parse_export(export_id, ret))
		return err_at(info, ERR_SYNTAX, 0,
		    "reident-export: not \"EXPORT identity|answers\"");
	if (!parse_count(count, ret))
		return err_at(info, ERR_SYNTAX, 0,
		    "reident-pseudonyms: not \"NUMBER SHA256\"");
	ret->reason = reason;
	return ERR_OK;
}
