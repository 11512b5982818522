/* policy/request.c - request.txt. */
#include "policy/request.h"

#include <string.h>

#include "policy/duo.h"
#include "policy/grammar.h"
#include "policy/values_internal.h"

static const char *const request_keys[] = {"request", "project", "title",
    "partner", "institution", "investigator", "purpose", "disease",
    "legal-basis", "ethics-approval", "ethics-expiry", "owners", "survey",
    "fields", "period", "recipient", "requester-key", "retention-until",
    "supersedes", "created", "expires", "nonce", NULL};

static const struct text_schema request_schema = {"request", request_keys};

void
request_release(struct request *r)
{
	text_free(r->text);
	words_release(&r->purpose);
	words_release(&r->disease);
	words_release(&r->owners);
	words_release(&r->fields);
	*r = (struct request){0};
}

static enum err
parse_who(struct request *r, struct err_info *info)
{
	const struct text *t = r->text;

	RETURN_IF(values_need(t, "request", &values_request, &r->id, info));
	RETURN_IF(values_need(t, "project", &values_name, &r->project, info));
	RETURN_IF(values_need(t, "title", &values_any, &r->title, info));
	RETURN_IF(values_need(t, "partner", &values_name, &r->partner, info));
	RETURN_IF(values_need(t, "institution", &values_any, &r->institution,
	    info));
	RETURN_IF(values_need(t, "investigator", &values_any,
	    &r->investigator, info));
	RETURN_IF(values_need(t, "recipient", &values_age, &r->recipient,
	    info));
	return values_need(t, "requester-key", &values_ssh,
	    &r->requester_key, info);
}

static enum err
parse_why(struct request *r, struct err_info *info)
{
	const struct text *t = r->text;

	RETURN_IF(values_purpose(t, &r->purpose, &r->disease, info));
	RETURN_IF(values_need(t, "legal-basis", &values_name,
	    &r->legal_basis, info));
	RETURN_IF(values_optional(t, "ethics-approval", &values_any,
	    &r->ethics_approval, info));
	RETURN_IF(values_optional_day(t, "ethics-expiry",
	    &r->has_ethics_expiry, &r->ethics_expiry_day, info));
	if (r->has_ethics_expiry != (r->ethics_approval != NULL))
		return err_at(info, ERR_RANGE, 0, "ethics-expiry: goes with "
		    "an ethics-approval, and only with one");
	return ERR_OK;
}

/* Every item of a list that may not be empty. */
static enum err
check_items(const struct words *w, const char *key, values_grammar_fn is,
    struct err_info *info)
{
	size_t i;

	if (w->len == 0)
		return err_at(info, ERR_SYNTAX, 0, "%s: names nothing", key);
	for (i = 0; i < w->len; i++)
		if (!is(bytes_str(w->items[i])))
			return err_at(info, ERR_SYNTAX, 0,
			    "%s: item %zu is not of the grammar", key, i + 1);
	return ERR_OK;
}

static enum err
parse_what(struct request *r, struct err_info *info)
{
	const struct text *t = r->text;

	RETURN_IF(values_words(t, "owners", 47, &r->owners, info));
	RETURN_IF(check_items(&r->owners, "owners", grammar_is_owner, info));
	RETURN_IF(values_survey(t, "survey", r->survey_name,
	    &r->survey_version, NULL, info));
	RETURN_IF(values_words(t, "fields", REQUEST_FIELDS_MAX, &r->fields,
	    info));
	RETURN_IF(check_items(&r->fields, "fields", grammar_is_field, info));
	RETURN_IF(values_period(t, "period", &r->period_from_day,
	    &r->period_to_day, info));
	RETURN_IF(values_day(t, "retention-until", &r->retention_until_day,
	    info));
	return values_optional(t, "supersedes", &values_export,
	    &r->supersedes, info);
}

static enum err
parse_when(struct request *r, struct err_info *info)
{
	const struct text *t = r->text;

	RETURN_IF(text_get_time(t, "created", &r->created_unix_s, info));
	RETURN_IF(text_get_time(t, "expires", &r->expires_unix_s, info));
	if (r->expires_unix_s <= r->created_unix_s)
		return err_at(info, ERR_RANGE, 0,
		    "expires: is not after created");
	return text_get_hex(t, "nonce", r->nonce, sizeof(r->nonce), info);
}

enum err
request_parse(struct bytes bytes, struct request *ret, struct err_info *info)
{
	CLEANUP(request_release) struct request r = {0};

	RETURN_IF(text_parse(bytes, &request_schema, &r.text, info));
	RETURN_IF(parse_who(&r, info));
	RETURN_IF(parse_why(&r, info));
	RETURN_IF(parse_what(&r, info));
	RETURN_IF(parse_when(&r, info));
	*ret = r;
	r = (struct request){0};
	return ERR_OK;
}

static void
put_all(struct text_writer *w, const struct request *r)
{
	values_put(w, "request", r->id);
	values_put(w, "project", r->project);
	values_put(w, "title", r->title);
	values_put(w, "partner", r->partner);
	values_put(w, "institution", r->institution);
	values_put(w, "investigator", r->investigator);
	values_put_words(w, "purpose", &r->purpose);
	values_put_words(w, "disease", &r->disease);
	values_put(w, "legal-basis", r->legal_basis);
	values_put(w, "ethics-approval", r->ethics_approval);
	values_put_day(w, "ethics-expiry", r->has_ethics_expiry,
	    r->ethics_expiry_day);
	values_put_words(w, "owners", &r->owners);
	text_put_format(w, "survey", "%s %u", r->survey_name,
	    r->survey_version);
	values_put_words(w, "fields", &r->fields);
	values_put_period(w, "period", r->period_from_day, r->period_to_day);
	values_put(w, "recipient", r->recipient);
	values_put(w, "requester-key", r->requester_key);
	values_put_day(w, "retention-until", 1, r->retention_until_day);
	values_put(w, "supersedes", r->supersedes);
	text_put_time(w, "created", r->created_unix_s);
	text_put_time(w, "expires", r->expires_unix_s);
	text_put_hex(w, "nonce", r->nonce, sizeof(r->nonce));
}

enum err
request_write(const struct request *r, struct buf *out, struct err_info *info)
{
	CLEANUP(request_release) struct request back = {0};
	struct text_writer w;
	size_t start = out->len;
	enum err e;

	text_begin(&w, &request_schema, out);
	put_all(&w, r);
	if ((e = text_end(&w, info)) == ERR_OK)
		e = request_parse(bytes_of(out->data + start,
		    out->len - start), &back, info);
	return values_finish(out, start, e);
}
