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

enum err
policy_read_disclosure(struct policy *p, const struct json_doc *d,
    struct err_info *info)
{
	static const int64_t population[2] = {1, 2000000000};
	static const int64_t most[2] = {0, REIDENT_MAX};

	RETURN_IF(read_profile(p, d, info));
	RETURN_IF(read_visits(p, d, info));
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
