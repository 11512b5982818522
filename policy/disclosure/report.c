/* policy/disclosure/report.c - figures, and disclosure.txt. */
#include "policy/disclosure/report.h"

#include <math.h>

#include "policy/disclosure/report_internal.h"

double
report_loss(double covered, double rows, double leaves)
{
	double min;

	if (rows <= 0 || leaves <= 1)
		return 0;
	min = rows / leaves;
	return fmin(1, fmax(0, (covered / leaves - min) / (rows - min)));
}

double
report_loss_all(const struct report_column *columns, size_t len, int of_domain)
{
	double sum = 0;
	size_t i, n = 0;

	for (i = 0; i < len; i++)
		if (columns[i].quasi) {
			sum += log1p(of_domain ? columns[i].loss_of_domain :
			    columns[i].loss);
			n++;
		}
	return n == 0 ? 0 : expm1(sum / (double)n);
}

/* ---- figures ---- */

int
report_shows(const struct report *r, enum report_count c)
{
	return r->counts[c].state == MASK_SHOWN;
}

static struct report_figure
shown_if(int shown, double value)
{
	return (struct report_figure){shown && isfinite(value), value};
}

struct report_risks
report_risks(const struct report *r)
{
	const struct report_groups *a = &r->after;
	double people = (double)a->memberships;
	double out = (double)r->counts[REPORT_PEOPLE_SUPPRESSED].value;
	/* as ARX reads it, what was suppressed is one group more */
	int other = report_shows(r, REPORT_PEOPLE_SUPPRESSED) &&
	    report_shows(r, REPORT_PEOPLE_OUT);
	double least = out > 0 && out < (double)a->smallest ? out :
	    (double)a->smallest;

	return (struct report_risks){
		.highest = shown_if(1, 1 / (double)a->smallest),
		.average = shown_if(report_shows(r, REPORT_PEOPLE_OUT),
		    (double)a->groups / people),
		.size = shown_if(report_shows(r, REPORT_PEOPLE_OUT),
		    people / (double)a->groups),
		.star_highest = shown_if(other, 1 / least),
		.star_average = shown_if(other,
		    ((double)a->groups + (out > 0)) / (people + out)),
	};
}

struct report_figure
report_share(const struct report *r, enum report_count part,
    enum report_count of)
{
	double all = (double)r->counts[of].value;

	return shown_if(report_shows(r, part) && report_shows(r, of) &&
	    all > 0, (double)r->counts[part].value / all);
}

/* An estimate out of so few that they are hidden is hidden. */
struct report_figure
report_population(const struct report *r, const struct report_groups *g,
    int is_before)
{
	return shown_if((!is_before || report_shows(r, REPORT_UNIQUE)) &&
	    r->population > 0, g->unique.people / (double)r->population);
}

struct report_figure
report_fraction(const struct report *r)
{
	return shown_if(report_shows(r, REPORT_PEOPLE) && r->population > 0,
	    fmin(1, (double)r->counts[REPORT_PEOPLE].value /
	    (double)r->population));
}

/* ---- the text ---- */

#define FIGURE_LEN 32

/* In per cent, four digits. */
static const char *
percent(struct report_figure f, char text[FIGURE_LEN])
{
	if (!f.shown)
		return "-";
	(void)snprintf(text, FIGURE_LEN, "%.4g %%", 100 * f.value);
	return text;
}

static enum err
put_percent(struct buf *out, const char *what, struct report_figure f)
{
	char text[FIGURE_LEN];

	return buf_printf(out, "  %-52s %s\n", what, percent(f, text));
}

static enum err
put_head(const struct report *r, struct buf *out)
{
	return buf_printf(out,
	    "開示評価 Disclosure report  %s\n\n"
	    "モデル Model: k-anonymity counted in distinct respondents, full-domain generalisation,\n"
	    "  whole respondents suppressed. 同じ組合せの回答者数で数え、満たない人は全回答を除く。\n"
	    "  %s\n"
	    "k: asked %u, achieved %llu   groups: %llu\n"
	    "suppression limit: %u.%02u %% of respondents\n",
	    r->export_id, r->joined ?
	    "A group: those whose answers are equal one by one, and as many. 全回答とその回数・順序が等しい人を一つの集団とする。" :
	    "A group: equal answers, each by itself. 回答ごとに、等しいものを一つの集団とする。",
	    r->k, (unsigned long long)r->k_achieved,
	    (unsigned long long)r->after.groups, r->suppression_limit / 100,
	    r->suppression_limit % 100);
}

static enum err
put_models(const struct report *r, struct buf *out)
{
	size_t i;

	if (r->rules_len > 0)
		RETURN_IF(buf_append_str(out,
		    "回答の規則 rules on answers, kept in every group, for the first, the second, ... answer:\n"));
	for (i = 0; i < r->rules_len; i++)
		RETURN_IF(buf_printf(out, "  %s\n", r->rules[i]));
	return ERR_OK;
}

static enum err
put_risks(const struct report *r, struct buf *out)
{
	struct report_risks k = report_risks(r);
	char text[FIGURE_LEN] = "-";

	RETURN_IF(buf_append_str(out,
	    "\n提供する表のリスク risk of what leaves (the sample is taken as the population)\n"));
	RETURN_IF(put_percent(out, "prosecutor = journalist, highest",
	    k.highest));
	RETURN_IF(put_percent(out,
	    "prosecutor = journalist, average; marketer", k.average));
	RETURN_IF(put_percent(out, "respondents in a group below k",
	    (struct report_figure){1, 0}));
	if (k.size.shown)
		(void)snprintf(text, sizeof(text), "%.4g", k.size.value);
	return buf_printf(out, "  %-52s %s\n",
	    "average size of a group, in people", text);
}

static enum err
put_unique(const struct report *r, struct buf *out)
{
	RETURN_IF(buf_append_str(out,
	    "\n一意な人 people alone with their combination of values\n"));
	RETURN_IF(put_percent(out, "of the sample, as answered",
	    report_share(r, REPORT_UNIQUE, REPORT_PEOPLE)));
	RETURN_IF(put_percent(out, "of the sample, as it leaves",
	    (struct report_figure){1, 0}));
	RETURN_IF(put_percent(out, "of the population (estimate), as answered",
	    report_population(r, &r->before, 1)));
	RETURN_IF(put_percent(out, "of the population (estimate), as it leaves",
	    report_population(r, &r->after, 0)));
	RETURN_IF(put_percent(out, "in a group below k, as answered",
	    report_share(r, REPORT_AT_RISK, REPORT_PEOPLE)));
	RETURN_IF(buf_printf(out,
	    "  estimators: %s as answered, %s as it leaves, by Dankar's rule (Pitman up to a tenth\n"
	    "  sampled, Zayatz where it has no solution, above it the smaller of Zayatz and SNB)\n",
	    uniqueness_name(r->before.unique.model),
	    uniqueness_name(r->after.unique.model)));
	RETURN_IF(put_percent(out, "sampling fraction", report_fraction(r)));
	return buf_printf(out, "  population: %llu (%s)\n",
	    (unsigned long long)r->population, r->population_source);
}

static enum err
put_proof(const struct report *r, struct buf *out)
{
	if (r->gap <= 0)
		return buf_append_str(out, "  levels: proved, no others of "
		    "the plan lose less\n");
	return buf_printf(out, "  levels: not proved, others of the plan may "
	    "lose up to %.6f less\n", r->gap);
}

static enum err
put_columns(const struct report *r, struct buf *out)
{
	const struct report_column *c;
	size_t i;

	RETURN_IF(buf_printf(out,
	    "\n品質 quality\n  Loss (ARX's, geometric mean), over the values that occur: %.6f\n"
	    "    over the domains of the ladders: %.6f\n",
	    r->loss, r->loss_of_domain));
	RETURN_IF(put_proof(r, out));
	RETURN_IF(buf_append_str(out,
	    "\n項目 field, class, rule, level, values as answered -> as they leave, Loss (over the domain, its values)\n"));
	for (i = 0; i < r->columns_len; i++) {
		c = &r->columns[i];
		RETURN_IF(buf_printf(out, "  %-12s %-18s %s%s %u (of %u..%u)",
		    c->field, c->disclosure,
		    c->ladder[0] != '\0' ? "ladder:" : "as-is", c->ladder,
		    c->level, c->from, c->to));
		if (c->quasi)
			RETURN_IF(buf_printf(out, "  %llu -> %llu  %.4f",
			    (unsigned long long)c->values,
			    (unsigned long long)c->labels, c->loss));
		if (c->quasi && c->domain > 0)
			RETURN_IF(buf_printf(out, " (%.4f, %llu)",
			    c->loss_of_domain,
			    (unsigned long long)c->domain));
		RETURN_IF(buf_append_str(out, "\n"));
	}
	return ERR_OK;
}

static enum err
put_counts(const struct report *r, struct buf *out)
{
	static const struct { enum report_count at; const char *text; } rows[] =
	{
		{REPORT_ROWS, "rows considered"},
		{REPORT_ROWS_OUT, "rows exported"},
		{REPORT_NO_CONSENT, "withheld: no consent"},
		{REPORT_WITHDRAWN, "withheld: withdrawn"},
		{REPORT_ROWS_SUPPRESSED, "rows suppressed"},
		{REPORT_PEOPLE, "respondents"},
		{REPORT_PEOPLE_OUT, "respondents exported"},
		{REPORT_PEOPLE_SUPPRESSED, "respondents suppressed"},
	};
	char text[MASK_TEXT_LEN];
	size_t i;

	RETURN_IF(buf_printf(out, "\n件数 counts (1 to %llu are hidden)\n",
	    (unsigned long long)(r->minimum_cell == 0 ? 0 :
	    r->minimum_cell - 1)));
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		mask_text(&r->counts[rows[i].at], r->minimum_cell, text);
		RETURN_IF(buf_printf(out, "  %-22s %12s\n", rows[i].text,
		    text));
	}
	return ERR_OK;
}

static enum err
put_rule(const struct report *r, struct buf *out)
{
	struct report_risks k = report_risks(r);

	RETURN_IF(put_percent(out, "suppressed, of respondents",
	    report_share(r, REPORT_PEOPLE_SUPPRESSED, REPORT_PEOPLE)));
	RETURN_IF(buf_append_str(out,
	    "\n除かれた行の読み方 how suppressed rows are read\n"
	    "  除かれた行は提供されず、「*」としても残らない。リスクはすべて提供する行だけで数えた。\n"
	    "  Rule: suppressed rows do not leave, not even as `*`; every figure above is over what leaves.\n"
	    "  The other reading (ARX: they stand as `*` and are one group more):\n"));
	RETURN_IF(put_percent(out, "  highest", k.star_highest));
	RETURN_IF(put_percent(out, "  average", k.star_average));
	return buf_append_str(out,
	    "\n書き出した行を独立の実装で数え直し、同じ結果を得た。\n"
	    "The written rows were counted again by independent code, with the same result.\n");
}

enum err
report_text(const struct report *r, struct buf *out)
{
	RETURN_IF(put_head(r, out));
	RETURN_IF(put_models(r, out));
	RETURN_IF(put_risks(r, out));
	RETURN_IF(put_unique(r, out));
	RETURN_IF(put_columns(r, out));
	if (r->dates[0] != '\0')
		RETURN_IF(buf_printf(out, "\n日付 dates\n  %s\n  %s\n",
		    r->dates_ja, r->dates));
	RETURN_IF(put_counts(r, out));
	return put_rule(r, out);
}
