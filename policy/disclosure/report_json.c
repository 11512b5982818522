/* policy/disclosure/report_json.c - disclosure.json.
 *
 * Every text in it is a name of FORMATS 1.1 or a constant: nothing needs an
 * escape.
 */
#include "policy/disclosure/report_internal.h"

static enum err
put_figure(struct buf *out, const char *key, struct report_figure f)
{
	if (!f.shown)
		return buf_printf(out, "\"%s\":null", key);
	return buf_printf(out, "\"%s\":%.6g", key, f.value);
}

static enum err
put_more(struct buf *out, const char *key, struct report_figure f)
{
	RETURN_IF(buf_append_str(out, ","));
	return put_figure(out, key, f);
}

static enum err
put_rules(const struct report *r, struct buf *out)
{
	size_t i;

	RETURN_IF(buf_append_str(out, "\"rules\":["));
	for (i = 0; i < r->rules_len; i++)
		RETURN_IF(buf_printf(out, "%s\"%s\"", i > 0 ? "," : "",
		    r->rules[i]));
	return buf_append_str(out, "],\n");
}

static enum err
put_counts(const struct report *r, struct buf *out)
{
	static const struct { enum report_count at; const char *key; } items[] =
	{
		{REPORT_ROWS, "rows_considered"},
		{REPORT_ROWS_OUT, "rows_exported"},
		{REPORT_NO_CONSENT, "rows_without_consent"},
		{REPORT_WITHDRAWN, "rows_withdrawn"},
		{REPORT_ROWS_SUPPRESSED, "rows_suppressed"},
		{REPORT_PEOPLE, "respondents"},
		{REPORT_PEOPLE_OUT, "respondents_exported"},
		{REPORT_PEOPLE_SUPPRESSED, "respondents_suppressed"},
		{REPORT_AT_RISK, "respondents_below_k_as_answered"},
		{REPORT_UNIQUE, "respondents_unique_as_answered"},
	};
	char text[MASK_TEXT_LEN];
	size_t i;

	RETURN_IF(buf_append_str(out, "\"counts\":{"));
	for (i = 0; i < ARRAY_LEN(items); i++) {
		const struct mask_count *c = &r->counts[items[i].at];

		mask_text(c, r->minimum_cell, text);
		RETURN_IF(buf_printf(out, "%s\"%s\":", i == 0 ? "" : ",",
		    items[i].key));
		if (c->state == MASK_HIDDEN)
			RETURN_IF(buf_append_str(out, "null"));
		else
			RETURN_IF(buf_printf(out, c->state == MASK_SHOWN ?
			    "%s" : "\"%s\"", text));
	}
	return buf_append_str(out, "},\n");
}

static enum err
put_risks(const struct report *r, struct buf *out)
{
	struct report_risks k = report_risks(r);

	RETURN_IF(buf_append_str(out, "\"risk\":{"));
	RETURN_IF(put_figure(out, "prosecutor_highest", k.highest));
	RETURN_IF(put_more(out, "prosecutor_average", k.average));
	RETURN_IF(put_more(out, "journalist_highest", k.highest));
	RETURN_IF(put_more(out, "journalist_average", k.average));
	RETURN_IF(put_more(out, "marketer", k.average));
	RETURN_IF(buf_append_str(out, ",\"respondents_below_k\":0},\n"));
	RETURN_IF(buf_append_str(out, "\"risk_with_suppressed_as_star\":{"));
	RETURN_IF(put_figure(out, "highest", k.star_highest));
	RETURN_IF(put_more(out, "average", k.star_average));
	RETURN_IF(buf_append_str(out, "},\n\"quality\":{"));
	RETURN_IF(put_figure(out, "loss", (struct report_figure){1,
	    r->loss}));
	RETURN_IF(put_more(out, "loss_of_domains", (struct report_figure){1,
	    r->loss_of_domain}));
	RETURN_IF(buf_printf(out, ",\"proved\":%s", r->gap <= 0 ? "true" :
	    "false"));
	RETURN_IF(put_more(out, "gap", (struct report_figure){1, r->gap}));
	RETURN_IF(put_more(out, "average_group", k.size));
	RETURN_IF(put_more(out, "suppressed_share", report_share(r,
	    REPORT_PEOPLE_SUPPRESSED, REPORT_PEOPLE)));
	return buf_append_str(out, "},\n");
}

static enum err
put_unique(const struct report *r, struct buf *out)
{
	RETURN_IF(buf_append_str(out, "\"uniqueness\":{"));
	RETURN_IF(put_figure(out, "sample_as_answered",
	    report_share(r, REPORT_UNIQUE, REPORT_PEOPLE)));
	RETURN_IF(put_more(out, "sample", (struct report_figure){1, 0}));
	RETURN_IF(put_more(out, "population_as_answered",
	    report_population(r, &r->before, 1)));
	RETURN_IF(put_more(out, "population",
	    report_population(r, &r->after, 0)));
	RETURN_IF(buf_printf(out,
	    ",\"estimator_as_answered\":\"%s\",\"estimator\":\"%s\"",
	    uniqueness_name(r->before.unique.model),
	    uniqueness_name(r->after.unique.model)));
	RETURN_IF(put_more(out, "sampling_fraction", report_fraction(r)));
	return buf_printf(out,
	    ",\"population_size\":%llu,\"population_source\":\"%s\"},\n",
	    (unsigned long long)r->population, r->population_source);
}

static enum err
put_columns(const struct report *r, struct buf *out)
{
	const struct report_column *c;
	size_t i;

	RETURN_IF(buf_append_str(out, "\"columns\":[\n"));
	for (i = 0; i < r->columns_len; i++) {
		c = &r->columns[i];
		RETURN_IF(buf_printf(out,
		    "{\"field\":\"%s\",\"class\":\"%s\",\"rule\":\"%s%s\","
		    "\"level\":%u,\"from\":%u,\"to\":%u", c->field,
		    c->disclosure, c->ladder[0] != '\0' ? "ladder:" : "as-is",
		    c->ladder, c->level, c->from, c->to));
		if (c->quasi)
			RETURN_IF(buf_printf(out, ",\"values_as_answered\":%llu,"
			    "\"values\":%llu,\"loss\":%.6g",
			    (unsigned long long)c->values,
			    (unsigned long long)c->labels, c->loss));
		if (c->quasi && c->domain > 0)
			RETURN_IF(buf_printf(out, ",\"domain\":%llu,"
			    "\"loss_of_domain\":%.6g",
			    (unsigned long long)c->domain,
			    c->loss_of_domain));
		RETURN_IF(buf_printf(out, "}%s\n",
		    i + 1 < r->columns_len ? "," : ""));
	}
	return buf_append_str(out, "]}\n");
}

enum err
report_json(const struct report *r, struct buf *out)
{
	RETURN_IF(buf_printf(out,
	    "{\"azukari\":\"disclosure v1\",\"export\":\"%s\",\n"
	    "\"model\":\"k-anonymity in respondents\",\"visits\":\"%s\","
	    "\"k\":%u,"
	    "\"k_achieved\":%llu,\"groups\":%llu,"
	    "\"suppression_limit_basis_points\":%u,\"minimum_cell\":%llu,\n",
	    r->export_id, r->joined ? "joined" : "single", r->k,
	    (unsigned long long)r->k_achieved,
	    (unsigned long long)r->after.groups, r->suppression_limit,
	    (unsigned long long)r->minimum_cell));
	RETURN_IF(put_rules(r, out));
	RETURN_IF(put_counts(r, out));
	RETURN_IF(put_risks(r, out));
	RETURN_IF(put_unique(r, out));
	return put_columns(r, out);
}
