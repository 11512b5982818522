/* policy/policy_disclosure.c - the rules under `disclosure`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "policy/grammar.h"
#include "policy/policy_internal.h"
#include "policy/profile.h"
#include "policy/reident.h"

#define WHERE "disclosure"

const char *const policy_date_words[] = {"as-is", "relative", "shifted", NULL};
const char *const policy_unit_words[] = {"postcode", "municipality",
    "health-centre", "medical-area", "prefecture", NULL};

/* Index of ${word} among ${words}; their number when it is none of them. */
static size_t
word_index(const char *const *words, const char *word)
{
	size_t i;

	for (i = 0; words[i] != NULL; i++)
		if (word != NULL && strcmp(words[i], word) == 0)
			break;
	return i;
}

static enum err
read_field(const struct json_doc *v, const char *key, const char *where,
    const char **ret, struct err_info *info)
{
	RETURN_IF(policy_text(v, key, where, ret, info));
	if (!grammar_is_field(bytes_str(*ret)))
		return err_at(info, ERR_SYNTAX, 0, "%s: \"%s\" is not the name "
		    "of a field", where, key);
	return ERR_OK;
}

static enum err
read_profile(struct policy *p, const struct json_doc *d,
    struct err_info *info)
{
	const char *name;

	if (json_doc_get(d, "profile") == NULL)
		return ERR_OK;
	RETURN_IF(json_doc_need_string(d, "profile", WHERE, &name, info));
	p->profile = profile_find(name);
	return p->profile != NULL ? ERR_OK : err_at(info, ERR_UNKNOWN, 0,
	    WHERE ": unknown profile \"%.32s\"", name);
}

static enum err
read_dates(struct policy *p, const struct json_doc *d, struct err_info *info)
{
	const struct json_doc *v = json_doc_get(d, "dates");
	size_t i, mode, len = json_doc_len(v);
	const char *field;

	if (v == NULL)
		return ERR_OK;
	if (json_doc_type(v) != JSON_DOC_OBJECT)
		return err_at(info, ERR_SYNTAX, 0, WHERE ".dates: must be an "
		    "object");
	if (len > POLICY_DATES_MAX)
		return err_at(info, ERR_LIMIT, 0, WHERE ".dates: more than %d",
		    POLICY_DATES_MAX);
	for (i = 0; i < len; i++) {
		field = json_doc_key_at(v, i);
		mode = word_index(policy_date_words,
		    json_doc_string(json_doc_value_at(v, i)));
		if (!grammar_is_field(bytes_str(field)))
			return err_at(info, ERR_SYNTAX, 0, WHERE ".dates: "
			    "\"%.40s\" is not the name of a field", field);
		if (policy_date_words[mode] == NULL)
			return err_at(info, ERR_UNKNOWN, 0, WHERE ".dates.%s: "
			    "must be \"as-is\", \"relative\" or \"shifted\"",
			    field);
		p->dates[p->dates_len++] = (struct policy_date){field,
		    (enum policy_date_mode)mode};
	}
	return ERR_OK;
}

static enum err
read_residence(struct policy *p, const struct json_doc *d,
    struct err_info *info)
{
	static const char *const keys[] = {"field", "unit",
	    "smallest_population", NULL};
	const struct json_doc *v = json_doc_get(d, "residence");
	const char *where = WHERE ".residence";
	const char *unit;
	size_t i;

	if (v == NULL)
		return ERR_OK;
	if (json_doc_type(v) != JSON_DOC_OBJECT)
		return err_at(info, ERR_SYNTAX, 0, "%s: must be an object",
		    where);
	RETURN_IF(json_doc_only(v, keys, where, info));
	RETURN_IF(read_field(v, "field", where, &p->residence.field, info));
	RETURN_IF(json_doc_need_string(v, "unit", where, &unit, info));
	i = word_index(policy_unit_words, unit);
	if (policy_unit_words[i] == NULL)
		return err_at(info, ERR_UNKNOWN, 0, "%s: \"unit\" must be "
		    "postcode, municipality, health-centre, medical-area or "
		    "prefecture", where);
	p->residence.unit = (enum policy_unit)i;
	return json_doc_need_int(v, "smallest_population", 0, 1000000000,
	    where, &p->residence.smallest_population, info);
}

static enum err
read_early_wave(struct policy *p, const struct json_doc *d,
    struct err_info *info)
{
	const char *text;
	enum err e;

	if (json_doc_get(d, "early_wave_until") == NULL)
		return ERR_OK;
	RETURN_IF(json_doc_need_string(d, "early_wave_until", WHERE, &text,
	    info));
	if ((e = clock_parse_day(bytes_str(text), &p->early_wave_until_day)) !=
	    ERR_OK)
		return err_at(info, e, 0, WHERE ".early_wave_until: not a day "
		    "like 2020-05-31");
	p->has_early_wave = 1;
	return ERR_OK;
}

static enum err
read_visits(struct policy *p, const struct json_doc *d,
    struct err_info *info)
{
	const char *word;

	if (json_doc_get(d, "visits") == NULL)
		return ERR_OK;
	RETURN_IF(json_doc_need_string(d, "visits", WHERE, &word, info));
	p->visits_single = strcmp(word, "single") == 0;
	return p->visits_single || strcmp(word, "joined") == 0 ? ERR_OK :
	    err_at(info, ERR_UNKNOWN, 0, WHERE ": \"visits\" must be "
	    "\"joined\" or \"single\"");
}

static int
leaves_somewhere(const struct policy *p, const char *field)
{
	const struct policy_rule *r;
	size_t i;

	for (i = 0; i < p->releases_len; i++) {
		r = policy_find_rule(p, p->releases[i].survey,
		    p->releases[i].version, field);
		if (r != NULL && r->kind != POLICY_NEVER)
			return 1;
	}
	return 0;
}

static enum err
read_model(struct policy *p, const struct json_doc *v, size_t i,
    struct err_info *info)
{
	struct model_rule *r = &p->models[i];
	const char *line = json_doc_string(v);
	size_t j;
	enum err e = line == NULL ? ERR_SYNTAX : model_parse(bytes_str(line),
	    r);

	if (e != ERR_OK)
		return err_at(info, e, 0, WHERE ".rules[%zu]: not a rule like "
		    "\"FIELD distinct 3\", \"FIELD t-equal 0.2\" or \"FIELD "
		    "k-to-m 2\", or a number out of bounds", i);
	for (j = 0; j < i; j++)
		if (strcmp(p->models[j].field, r->field) == 0 &&
		    p->models[j].kind == r->kind)
			return err_at(info, ERR_DUPLICATE, 0, WHERE
			    ".rules[%zu]: a second rule of that kind on %s",
			    i, r->field);
	/* else it would be thought to protect */
	if (!leaves_somewhere(p, r->field))
		return err_at(info, ERR_NOT_FOUND, 0, WHERE ".rules[%zu]: %s is "
		    "no field that leaves", i, r->field);
	if (r->kind == MODEL_T_LADDER &&
	    policy_find_ladder(p, r->ladder) == NULL)
		return err_at(info, ERR_NOT_FOUND, 0, WHERE ".rules[%zu]: "
		    "ladder \"%s\" is not under ladders", i, r->ladder);
	return ERR_OK;
}

static enum err
read_models(struct policy *p, const struct json_doc *d,
    struct err_info *info)
{
	const struct json_doc *v = json_doc_get(d, "rules");
	size_t i;

	if (v == NULL)
		return ERR_OK;
	if (json_doc_type(v) != JSON_DOC_ARRAY)
		return err_at(info, ERR_SYNTAX, 0, WHERE ".rules: must be a "
		    "list");
	if (json_doc_len(v) > MODEL_RULES_MAX)
		return err_at(info, ERR_LIMIT, 0, WHERE ".rules: more than %d",
		    MODEL_RULES_MAX);
	if (json_doc_len(v) > 0 && p->visits_single)
		return err_at(info, ERR_UNSUPPORTED, 0, WHERE ".rules: are of "
		    "people, so visits must be joined");
	for (i = 0; i < json_doc_len(v); i++) {
		RETURN_IF(read_model(p, json_doc_at(v, i), i, info));
		p->models_len = i + 1;
	}
	return ERR_OK;
}

enum err
policy_read_disclosure(struct policy *p, const struct json_doc *d,
    struct err_info *info)
{
	static const int64_t population[2] = {1, 2000000000};
	static const int64_t most[2] = {0, REIDENT_MAX};

	RETURN_IF(read_profile(p, d, info));
	RETURN_IF(read_visits(p, d, info));
	RETURN_IF(read_models(p, d, info));
	RETURN_IF(read_dates(p, d, info));
	RETURN_IF(read_residence(p, d, info));
	RETURN_IF(read_early_wave(p, d, info));
	if (json_doc_get(d, "reident_maximum") != NULL)
		RETURN_IF(policy_uint(d, "reident_maximum", most, WHERE,
		    &p->reident_maximum, info));
	if (json_doc_get(d, "birth") != NULL)
		RETURN_IF(read_field(d, "birth", WHERE, &p->birth, info));
	if (json_doc_get(d, "population") != NULL)
		RETURN_IF(policy_uint(d, "population", population, WHERE,
		    &p->population, info));
	return ERR_OK;
}

enum policy_date_mode
policy_find_date(const struct policy *p, const char *field)
{
	size_t i;

	for (i = 0; i < p->dates_len; i++)
		if (strcmp(p->dates[i].field, field) == 0)
			return p->dates[i].mode;
	return POLICY_DATE_AS_IS;
}

const char *
policy_date_text(enum policy_date_mode mode, int japanese)
{
	if (mode == POLICY_DATE_RELATIVE)
		return japanese ? "その人の最初の回答からの日数" :
		    "days since the respondent's first answer";
	if (mode == POLICY_DATE_SHIFTED)
		return japanese ?
		    "人ごとに週単位でずらした日付(間隔と曜日は保つ)" :
		    "moved by whole weeks, each respondent's own; intervals "
		    "and weekdays stay";
	return japanese ? "暦の日付" : "by the calendar";
}

const char *
policy_date_warning(int japanese)
{
	return japanese ?
	    "流行初期には報道が発症日と居住地を伝えるため、暦の日付は少数の患者を特定し得る" :
	    "in an early wave the press tells onset day and place, so a "
	    "calendar date can single out one of few patients";
}
