/* Figures of an export for its statement and its report: groups before and
 * after, and counts that give nobody away. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/job_internal.h"
#include "policy/profile.h"
#include "survey/prefecture.h"

void job_figures_release(struct job_figures *f)
{
	free(f->columns);
	buf_release(&f->dates);
	buf_release(&f->dates_ja);
	*f = (struct job_figures){0};
}

/* ---- sizes ---- */

static int by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* Sorts the sizes, which ends what group numbers mean. */
static enum err take_sizes(struct job_groups *g, uint64_t population,
    struct report_groups *ret)
{
	struct uniqueness_class *classes =
	    calloc(g->len + 1, sizeof(*classes));
	struct uniqueness_sample sample = {.classes = classes,
	    .population = population};

	if (classes == NULL)
		return ERR_NOMEM;
	qsort(g->people, g->len, sizeof(*g->people), by_size);
	for (size_t i = 0; i < g->len; i++) {
		uint32_t size = g->people[i];

		if (size == 0)
			continue;
		if (ret->groups++ == 0)
			ret->smallest = size;
		ret->largest = size;
		ret->memberships += size;
		if (sample.len == 0 || classes[sample.len - 1].size != size)
			classes[sample.len++].size = size;
		classes[sample.len - 1].count++;
	}
	uniqueness_estimate(&sample, &ret->unique);
	free(classes);
	return ERR_OK;
}

/* People with an answer in a group of fewer than ${size}; rows are sorted by
 * respondent.  Joined, nobody is in two groups. */
static uint64_t people_below(const struct job_groups *g, uint32_t size)
{
	const struct job_scan *s = g->scan;
	uint64_t people = 0;
	uint32_t last = UINT32_MAX;

	for (size_t i = 0; g->of_tuple == NULL && i < g->len; i++)
		people += g->people[i] < size ? g->people[i] : 0;
	if (g->of_tuple == NULL)
		return people;
	for (size_t i = 0; i < s->rows_len; i++) {
		uint32_t who = s->rows[i].respondent;

		if (who == last ||
		    g->people[g->of_tuple[s->rows[i].tuple]] >= size)
			continue;
		last = who;
		people++;
	}
	return people;
}

static enum err groups_of(const struct job_scan *s, int is_after,
    struct job_groups *ret)
{
	return job_visits_are_joined(s) ?
	    job_visits_groups(s, is_after, ret) :
	    job_groups_make(s, is_after, ret);
}

static enum err count_before(const struct job_case *c,
    const struct job_scan *s, struct job_figures *f)
{
	CLEANUP(job_groups_release) struct job_groups g = {0};

	RETURN_IF(groups_of(s, 0, &g));
	f->counts[REPORT_AT_RISK].value = people_below(&g, c->plan.k);
	f->counts[REPORT_UNIQUE].value = people_below(&g, 2);
	return take_sizes(&g, f->report.population, &f->report.before);
}

static enum err count_after(const struct job_scan *s, struct job_figures *f)
{
	CLEANUP(job_groups_release) struct job_groups g = {0};

	RETURN_IF(groups_of(s, 1, &g));
	return take_sizes(&g, f->report.population, &f->report.after);
}

/* ---- what columns lose ---- */

struct leaf_loss {
	const struct job_column *col;
	const uint32_t *labels;         /* by leaf, at the level chosen */
	uint64_t *under, leaves;        /* of each label, of all */
};

static double covered(const struct job_scan *s, const struct leaf_loss *l)
{
	double sum = 0;

	for (size_t i = 0; i < s->rows_len; i++) {
		uint32_t leaf = job_tuples_all(s->tuples)[
		    s->rows[i].tuple * s->dimensions + l->col->dimension];

		sum += job_scan_keeps(s, s->rows[i].respondent) ?
		    (double)l->under[l->labels[leaf]] : (double)l->leaves;
	}
	return sum;
}

static enum err column_loss(const struct job_scan *s,
    const struct job_column *col, struct report_column *ret)
{
	size_t labels = ladder_map_labels(col->map, col->level);
	struct leaf_loss l = {.col = col,
	    .labels = ladder_map_level(col->map, col->level),
	    .under = calloc(labels + 1, sizeof(*l.under))};
	enum err e;

	if (l.under == NULL)
		return ERR_NOMEM;
	/* leaf 0 is no answer, there or not */
	ret->values = ladder_map_leaves(col->map);
	for (size_t i = 0; i < ret->values; i++)
		ret->labels += l.under[l.labels[i]]++ == 0;
	l.leaves = ret->values;
	ret->loss = report_loss(covered(s, &l), (double)s->rows_len,
	    (double)ret->values);
	ret->loss_of_domain = ret->loss;
	e = ladder_domain(col->ladder, col->map, col->level, l.under,
	    &l.leaves);
	ret->domain = l.leaves;
	if (e == ERR_OK && ret->domain > 0)
		ret->loss_of_domain = report_loss(covered(s, &l),
		    (double)s->rows_len, (double)ret->domain);
	free(l.under);
	return e;
}

static enum err fill_columns(const struct job_scan *s, struct job_figures *f)
{
	f->columns = calloc(s->columns_len, sizeof(*f->columns));
	if (f->columns == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < s->columns_len; i++) {
		const struct job_column *col = &s->columns[i];
		struct report_column *to = &f->columns[i];

		*to = (struct report_column){.field = col->field->name,
		    .disclosure =
		        survey_disclosure_name(col->field->disclosure),
		    .ladder = col->plan->ladder, .level = col->level,
		    .from = col->plan->from, .to = col->plan->to,
		    .quasi = col->quasi};
		if (col->quasi)
			RETURN_IF(column_loss(s, col, to));
	}
	f->report.columns = f->columns;
	f->report.columns_len = s->columns_len;
	f->report.gap = s->result.loss > s->result.bound ?
	    s->result.loss - s->result.bound : 0;
	f->report.loss = report_loss_all(f->columns, s->columns_len, 0);
	f->report.loss_of_domain = report_loss_all(f->columns,
	    s->columns_len, 1);
	return ERR_OK;
}

/* ---- counts that give nobody away ---- */

static uint64_t people_of_text(const struct job_scan *s,
    const uint8_t sha256[32])
{
	uint64_t people = 0;

	for (uint32_t i = 0; i < s->respondents; i++)
		if (job_scan_keeps(s, i) && memcmp(
		    s->consents[s->consent_of[i]].sha256, sha256, 32) == 0)
			people++;
	return people;
}

static void fill_counts(const struct job_case *c, const struct job_scan *s,
    const struct job_built *b, struct mask_count *n)
{
	n[REPORT_ROWS].value = b->counts.considered;
	n[REPORT_ROWS_OUT].value = s->kept_rows;
	n[REPORT_NO_CONSENT].value = b->counts.no_consent;
	n[REPORT_WITHDRAWN].value = b->counts.withdrawn;
	n[REPORT_ROWS_SUPPRESSED].value = s->result.suppressed_rows;
	n[REPORT_PEOPLE].value = s->result.respondents;
	n[REPORT_PEOPLE_OUT].value = s->kept_respondents;
	n[REPORT_PEOPLE_SUPPRESSED].value =
	    s->result.suppressed_respondents;
	n[REPORT_SAFE].value = n[REPORT_PEOPLE].value -
	    n[REPORT_AT_RISK].value;
	n[REPORT_NOT_UNIQUE].value = n[REPORT_PEOPLE].value -
	    n[REPORT_UNIQUE].value;
	for (size_t i = 0; i < c->plan.texts_len; i++)
		n[REPORT_COUNTS + i].value = people_of_text(s,
		    c->plan.texts[i].sha256);
}

/* Statement and report show the same counts, hidden together: what one shows
 * must not give away what the other hides. */
static enum err mask_all(const struct job_case *c, struct mask_count *n)
{
	static const size_t rows[] = {REPORT_ROWS_OUT, REPORT_NO_CONSENT,
		REPORT_WITHDRAWN, REPORT_ROWS_SUPPRESSED};
	static const size_t people[] = {REPORT_PEOPLE_OUT,
		REPORT_PEOPLE_SUPPRESSED};
	static const size_t risk[] = {REPORT_AT_RISK, REPORT_SAFE};
	static const size_t unique[] = {REPORT_UNIQUE, REPORT_NOT_UNIQUE};
	size_t texts[PLAN_TEXTS_MAX];
	const struct mask_sum sums[] = {
		{REPORT_ROWS, rows, 4}, {REPORT_PEOPLE, people, 2},
		{REPORT_PEOPLE, risk, 2}, {REPORT_PEOPLE, unique, 2},
		{REPORT_PEOPLE_OUT, texts, c->plan.texts_len}};

	for (size_t i = 0; i < c->plan.texts_len; i++)
		texts[i] = REPORT_COUNTS + i;
	return mask_counts(n, REPORT_COUNTS + c->plan.texts_len, sums,
	    ARRAY_LEN(sums), c->plan.minimum_cell);
}

/* OpenSAFELY's order: small counts are hidden first, then all are rounded, and
 * what is made of them is made of the rounded ones. */
static uint64_t rounded(uint64_t n, uint64_t to)
{
	return (n + to / 2) / to * to;
}

static void round_all(unsigned to, const struct job_case *c,
    struct job_figures *f)
{
	if (to == 0)
		return;
	for (size_t i = 0; i < REPORT_COUNTS + c->plan.texts_len; i++)
		if (f->counts[i].state == MASK_SHOWN)
			f->counts[i].value = rounded(f->counts[i].value, to);
	f->report.after.memberships =
	    rounded(f->report.after.memberships, to);
}

/* ---- dates ---- */

static enum err put_date(const char *field, unsigned mode, int japanese,
    struct buf *out)
{
	RETURN_IF(buf_printf(out, "%s%s: %s", out->len > 0 ? "; " : "", field,
	    policy_date_text((enum policy_date_mode)mode, japanese)));
	return mode != POLICY_DATE_AS_IS ? ERR_OK :
	    buf_printf(out, " (%s)", policy_date_warning(japanese));
}

static enum err fill_dates(const struct job_scan *s, struct job_figures *f)
{
	for (size_t i = 0; i < s->columns_len; i++) {
		const struct job_column *c = &s->columns[i];

		if (s->survey->fields[c->field->index].kind !=
		    SURVEY_KIND_DATE)
			continue;
		RETURN_IF(put_date(c->plan->field, c->plan->date, 0,
		    &f->dates));
		RETURN_IF(put_date(c->plan->field, c->plan->date, 1,
		    &f->dates_ja));
	}
	f->report.dates = buf_text(&f->dates);
	f->report.dates_ja = buf_text(&f->dates_ja);
	return ERR_OK;
}

/* ---- all of it ---- */

static void fill_rules(const struct job_case *c, struct job_figures *f)
{
	for (size_t i = 0; i < c->plan.models_len; i++) {
		model_text(&c->plan.models[i], f->rule_lines[i]);
		f->rules[i] = f->rule_lines[i];
	}
	f->report.rules = f->rules;
	f->report.rules_len = c->plan.models_len;
}

static void fill_population(const struct job_case *c, struct job_figures *f)
{
	const struct prefecture *p;

	f->report.population_source = "unknown";
	if (c->docket.policy.population > 0) {
		f->report.population = c->docket.policy.population;
		f->report.population_source = "policy: disclosure.population";
		return;
	}
	if (prefecture_parse(bytes_str(c->plan.owner), &p) != ERR_OK)
		return;
	f->report.population = p->population;
	(void)snprintf(f->source, sizeof(f->source),
	    "census of 2020-10-01, prefecture %s", p->text);
	f->report.population_source = f->source;
}

enum err job_figures_make(const struct job_case *c, const struct job_scan *s,
    struct job_built *b)
{
	struct job_figures *f = &b->figures;

	job_figures_release(f);
	f->report = (struct report){.export_id = c->plan.export_id,
	    .k = c->plan.k, .k_achieved = b->counted.smallest,
	    .suppression_limit = c->plan.suppression_limit,
	    .minimum_cell = c->plan.minimum_cell, .counts = f->counts,
	    .joined = c->plan.visits == PLAN_VISITS_JOINED,
	    .dates = "", .dates_ja = ""};
	fill_population(c, f);
	fill_rules(c, f);
	RETURN_IF(count_before(c, s, f));
	RETURN_IF(count_after(s, f));
	RETURN_IF(fill_columns(s, f));
	RETURN_IF(fill_dates(s, f));
	fill_counts(c, s, b, f->counts);
	RETURN_IF(mask_all(c, f->counts));
	if (c->docket.policy.profile != NULL)
		round_all(c->docket.policy.profile->rounding, c, f);
	return ERR_OK;
}
