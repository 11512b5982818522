/* intake/draft.c - the rules of a line, in one place for all readers. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/encode.h"
#include "core/utf8.h"
#include "intake/draft_internal.h"

#define DRAFT_ALWAYS (DRAFT_TYPE | DRAFT_EVENT | DRAFT_TIME | DRAFT_RESPONDENT)

#define NOON_S (12 * 3600)

#define NAMED(text) text, sizeof(text) - 1

static const struct {
	const char *name;
	size_t len;
	unsigned bit;
} members[] = {
	{NAMED("type"), DRAFT_TYPE}, {NAMED("event"), DRAFT_EVENT},
	{NAMED("time"), DRAFT_TIME}, {NAMED("respondent"), DRAFT_RESPONDENT},
	{NAMED("survey"), DRAFT_SURVEY}, {NAMED("version"), DRAFT_VERSION},
	{NAMED("answers"), DRAFT_ANSWERS}, {NAMED("scopes"), DRAFT_SCOPES},
	{NAMED("text"), DRAFT_TEXT}, {NAMED("permanent"), DRAFT_PERMANENT},
};

/* What each type of line must and may have. */
static const struct {
	const char *name;
	unsigned must, may;
} types[] = {
	[INTAKE_RESPONSE] = {"response", DRAFT_ALWAYS | DRAFT_SURVEY |
	    DRAFT_VERSION | DRAFT_ANSWERS, 0},
	[INTAKE_CONSENT] = {"consent", DRAFT_ALWAYS | DRAFT_SCOPES |
	    DRAFT_TEXT, 0},
	[INTAKE_WITHDRAWAL] = {"withdrawal", DRAFT_ALWAYS | DRAFT_SCOPES,
	    DRAFT_PERMANENT},
};

enum err
draft_init(struct draft *d, const struct intake_rules *rules)
{
	struct draft made = {.rules = rules,
	    .builders_len = rules->surveys_len};

	if (rules->surveys_len > INTAKE_SURVEYS_MAX)
		return ERR_LIMIT;
	made.builders = calloc(rules->surveys_len + 1,
	    sizeof(*made.builders));
	if (made.builders == NULL)
		return ERR_NOMEM;
	*d = made;
	return ERR_OK;
}

void
draft_release(struct draft *d)
{
	size_t i;

	for (i = 0; d->builders != NULL && i < d->builders_len; i++)
		answers_builder_release(&d->builders[i]);
	free(d->builders);
	buf_release(&d->packed);
	explicit_bzero(d, sizeof(*d));
}

void
draft_start(struct draft *d)
{
	d->seen = 0;
	d->builder = NULL;
	d->scopes = 0;
	d->permanent = 0;
}

enum err
draft_refuse(struct draft *d, enum intake_reason reason, const char *fmt, ...)
{
	va_list args;

	d->reason = reason;
	va_start(args, fmt);
	(void)vsnprintf(d->message, sizeof(d->message), fmt, args);
	va_end(args);
	return ERR_SYNTAX;
}

unsigned
draft_member_bit(struct bytes name)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(members); i++)
		if (name.len == members[i].len &&
		    memcmp(name.data, members[i].name, name.len) == 0)
			return members[i].bit;
	return 0;
}

static const char *
member_name(unsigned bits)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(members); i++)
		if (bits & members[i].bit)
			return members[i].name;
	return "?";
}

enum err
draft_see(struct draft *d, unsigned bit)
{
	if (bit == 0)
		return draft_refuse(d, INTAKE_REASON_MEMBER,
		    "an unknown member");
	if (d->seen & bit)
		return draft_refuse(d, INTAKE_REASON_JSON,
		    "a key is given twice in one object");
	d->seen |= bit;
	return ERR_OK;
}

enum err
draft_set_type(struct draft *d, struct bytes name)
{
	size_t i;

	for (i = INTAKE_RESPONSE; i < ARRAY_LEN(types); i++)
		if (bytes_equal(name, bytes_str(types[i].name))) {
			d->type = (enum intake_type)i;
			return ERR_OK;
		}
	return draft_refuse(d, INTAKE_REASON_TYPE,
	    "type: must be response, consent or withdrawal");
}

/* An id is kept for good, so it is held to the rules of displayed text. */
static enum err
check_id(struct draft *d, struct bytes id, size_t max,
    enum intake_reason reason)
{
	const char *name = reason == INTAKE_REASON_EVENT ? "event" :
	    "respondent";
	const char *why = NULL;
	enum err e;

	if (id.len < 1 || id.len > max)
		return draft_refuse(d, reason, "%s: must have 1 to %zu bytes",
		    name, max);
	e = utf8_check_clean(id, &why);
	if (e == ERR_ENCODING)
		return draft_refuse(d, INTAKE_REASON_ENCODING, "%s: %s", name,
		    why);
	return e;
}

enum err
draft_set_event(struct draft *d, struct bytes id)
{
	RETURN_IF(check_id(d, id, INTAKE_EVENT_ID_MAX, INTAKE_REASON_EVENT));
	d->event = id;
	return ERR_OK;
}

enum err
draft_set_respondent(struct draft *d, struct bytes id)
{
	RETURN_IF(check_id(d, id, INTAKE_RESPONDENT_MAX,
	    INTAKE_REASON_RESPONDENT));
	d->respondent = id;
	return ERR_OK;
}

static enum err
set_time(struct draft *d, int64_t unix_s)
{
	if (intake_rules_check_time(d->rules, unix_s) != ERR_OK)
		return draft_refuse(d, INTAKE_REASON_TIME,
		    "time: more than %d minutes after now",
		    INTAKE_AHEAD_MAX_S / 60);
	d->time_unix_s = unix_s;
	return ERR_OK;
}

enum err
draft_set_time_text(struct draft *d, struct bytes text)
{
	int64_t unix_s;

	if (clock_parse_rfc3339(text, &unix_s) != ERR_OK)
		return draft_refuse(d, INTAKE_REASON_TIME, "time: must be "
		    "YYYY-MM-DDTHH:MM:SS with Z or an offset, a real one");
	return set_time(d, unix_s);
}

/* A day is noon in Japan, and on the day itself not later than now. */
enum err
draft_set_day(struct draft *d, struct bytes text)
{
	int64_t noon, now = d->rules->now_unix_s;
	int32_t day;

	if (clock_parse_day(text, &day) != ERR_OK)
		return draft_refuse(d, INTAKE_REASON_TIME,
		    "time: must be a real day, YYYY-MM-DD");
	noon = clock_jst_day_start_unix_s(day) + NOON_S;
	if (day == clock_jst_day(now) && noon > now)
		noon = now;
	return set_time(d, noon);
}

enum err
draft_set_text(struct draft *d, struct bytes text)
{
	static const char prefix[] = "sha256:";
	const size_t len = sizeof(prefix) - 1;

	if (text.len < len || memcmp(text.data, prefix, len) != 0 ||
	    decode_hex(bytes_of(text.data + len, text.len - len), d->text,
	    sizeof(d->text)) != ERR_OK)
		return draft_refuse(d, INTAKE_REASON_MEMBER, "text: must be "
		    "sha256: and 64 lower-case hex digits");
	if (!intake_rules_knows_text(d->rules, d->text))
		return draft_refuse(d, INTAKE_REASON_CONSENT_TEXT,
		    "text: no registered consent text has this digest");
	return ERR_OK;
}

enum err
draft_add_scope(struct draft *d, struct bytes name)
{
	uint8_t bit = intake_scope_bit(name);

	if (bit == 0)
		return draft_refuse(d, INTAKE_REASON_SCOPE, "scopes: must be "
		    "of support, research, recontact, all");
	if (d->scopes & bit)
		return draft_refuse(d, INTAKE_REASON_SCOPE,
		    "scopes: one is given twice");
	d->scopes |= bit;
	return ERR_OK;
}

enum err
draft_find_survey(struct draft *d)
{
	if (intake_rules_survey(d->rules, d->survey_name, d->version,
	    &d->survey) != ERR_OK)
		return draft_refuse(d, INTAKE_REASON_SURVEY,
		    "survey: this name and version are not registered");
	d->builder = &d->builders[d->survey];
	if (d->builder->survey != NULL) {
		answers_clear(d->builder);
		return ERR_OK;
	}
	return answers_builder_init(d->builder, d->rules->surveys[d->survey]);
}

static const char *
form_of(const struct survey_field *f)
{
	switch (f->kind) {
	case SURVEY_KIND_DATE:
		return "not a day that there is, as YYYY-MM-DD";
	case SURVEY_KIND_DIGITS:
		return "not as many digits as the field has";
	case SURVEY_KIND_INTEGER:
	case SURVEY_KIND_NUMBER:
		return "not a number in decimal";
	case SURVEY_KIND_TEXT:
		return "an empty text, or not of the field's pattern";
	case SURVEY_KIND_CODE:
	case SURVEY_KIND_LIST:
	case SURVEY_KIND_BOOLEAN:
	default:
		return "not of the field's form";
	}
}

static enum err
refuse_value(struct draft *d, const struct survey_field *f, enum err e)
{
	switch ((int)e) {
	case ERR_MISMATCH:
		return draft_refuse(d, INTAKE_REASON_ANSWER_TYPE,
		    "field %s: the answer is not of type %s", f->name,
		    survey_type_name(f->type));
	case ERR_UNKNOWN:
		return draft_refuse(d, INTAKE_REASON_CODE,
		    "field %s: not a code of this field", f->name);
	case ERR_DUPLICATE:
		return draft_refuse(d, INTAKE_REASON_VALUE,
		    "field %s: answered twice", f->name);
	case ERR_ENCODING:
		return draft_refuse(d, INTAKE_REASON_ENCODING, "field %s: "
		    "not UTF-8 in the composed form NFC, or a control, "
		    "invisible or unassigned character", f->name);
	case ERR_LIMIT:
		return draft_refuse(d, INTAKE_REASON_VALUE,
		    "field %s: the answer is too long", f->name);
	case ERR_RANGE:
		return draft_refuse(d, INTAKE_REASON_VALUE,
		    "field %s: outside the allowed range%s", f->name,
		    f->type == SURVEY_NUMBER ? ", or more decimals than the "
		    "field has" : f->type == SURVEY_INTEGER ? ", or no whole "
		    "number" : "");
	case ERR_SYNTAX:
		return draft_refuse(d, INTAKE_REASON_VALUE, "field %s: %s",
		    f->name, form_of(f));
	default:
		return e;
	}
}

enum err
draft_answer(struct draft *d, const struct survey_field *f, enum err e)
{
	return e == ERR_OK ? ERR_OK : refuse_value(d, f, e);
}

/* Members, all and no others. */
static enum err
check_members(struct draft *d)
{
	unsigned missing, extra;

	if (!(d->seen & DRAFT_TYPE))
		return draft_refuse(d, INTAKE_REASON_MEMBER,
		    "member type is missing");
	missing = types[d->type].must & ~d->seen;
	extra = d->seen & ~(types[d->type].must | types[d->type].may);
	if (missing != 0)
		return draft_refuse(d, INTAKE_REASON_MEMBER,
		    "member %s is missing", member_name(missing));
	if (extra != 0)
		return draft_refuse(d, INTAKE_REASON_MEMBER,
		    "member %s does not belong to a %s", member_name(extra),
		    types[d->type].name);
	return ERR_OK;
}

/* A consent names what is given; only a withdrawal may say "all", alone. */
static enum err
check_scopes(struct draft *d)
{
	if (d->scopes == 0)
		return draft_refuse(d, INTAKE_REASON_SCOPE,
		    "scopes: must name at least one");
	if (!(d->scopes & INTAKE_SCOPE_ALL))
		return ERR_OK;
	if (d->type == INTAKE_CONSENT)
		return draft_refuse(d, INTAKE_REASON_SCOPE,
		    "scopes: a consent cannot be for all");
	if (d->scopes != INTAKE_SCOPE_ALL)
		return draft_refuse(d, INTAKE_REASON_SCOPE,
		    "scopes: all stands alone");
	return ERR_OK;
}

static enum err
pack_answers(struct draft *d)
{
	const struct survey_field *f = NULL;
	enum err e = answers_check(d->builder, &f);

	if (e == ERR_NOT_FOUND)
		return draft_refuse(d, INTAKE_REASON_REQUIRED,
		    "field %s: an answer is required", f->name);
	if (e == ERR_STATE)
		return draft_refuse(d, INTAKE_REASON_ONLY_IF,
		    "field %s: answered, but not asked given field %s",
		    f->name, d->builder->survey->fields[f->only_if.field].name);
	if (e != ERR_OK)
		return draft_refuse(d, INTAKE_REASON_EXCLUSIVE,
		    "field %s: an option that stands alone has company",
		    f->name);
	buf_clear(&d->packed);
	e = answers_encode(d->builder->survey, d->builder->values,
	    &d->packed);
	if (e == ERR_LIMIT)
		return draft_refuse(d, INTAKE_REASON_TOO_LONG,
		    "answers: more than 64 KiB once packed");
	return e;
}

static enum err
add_event(struct draft *d, unsigned long line, struct intake_batch *batch)
{
	struct intake_event *ev, made = {.type = d->type, .line = line,
	    .time_unix_s = d->time_unix_s,
	    .received_unix_s = d->rules->now_unix_s, .scopes = d->scopes,
	    .permanent = d->permanent};

	RETURN_IF(intake_batch_copy(batch, d->event, &made.event));
	RETURN_IF(intake_batch_copy(batch, d->respondent, &made.respondent));
	if (d->type == INTAKE_RESPONSE) {
		made.survey = d->survey;
		RETURN_IF(intake_batch_copy(batch, bytes_buf(&d->packed),
		    &made.answers));
	}
	if (d->type == INTAKE_CONSENT)
		memcpy(made.text_sha256, d->text, sizeof(d->text));
	RETURN_IF(intake_batch_add(batch, &ev));
	*ev = made;
	return ERR_OK;
}

enum err
draft_finish(struct draft *d, unsigned long line, struct intake_batch *batch)
{
	RETURN_IF(check_members(d));
	if (d->type == INTAKE_RESPONSE)
		RETURN_IF(pack_answers(d));
	else
		RETURN_IF(check_scopes(d));
	return add_event(d, line, batch);
}
