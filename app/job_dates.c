/* How dates leave: as they are, as days since the respondent's first answer,
 * or moved by whole weeks that are the respondent's own in this project.
 * Values are changed before anything is counted, so that groups are those of
 * what leaves. */
#include <stdlib.h>

#include "app/job_internal.h"
#include "core/clock.h"
#include "keys/pseudonym.h"
#include "policy/policy.h"

#define DAYS_PER_WEEK 7
#define NO_DAY INT32_MAX

void job_dates_release(struct job_dates *d)
{
	free(d->first);
	free(d->weeks);
	secret_wipe(d->shift_key, sizeof(d->shift_key));
	*d = (struct job_dates){0};
}

void job_dates_column(struct job_dates *d, struct job_column *col)
{
	const struct survey_field *f = col->field;

	d->shifts |= col->plan->date == POLICY_DATE_SHIFTED;
	if (col->plan->date != POLICY_DATE_RELATIVE)
		return;
	d->counts_from_first = 1;
	col->as_days = *f;
	col->as_days.type = SURVEY_INTEGER;
	col->as_days.kind = SURVEY_KIND_INTEGER;
	col->as_days.has_minimum = col->as_days.has_maximum = 0;
	col->field = &col->as_days;
}

static enum err make_people(struct job_dates *d, uint32_t respondents)
{
	size_t n = (size_t)respondents + 1;

	if (d->shifts) {
		d->weeks = calloc(n, sizeof(*d->weeks));
		if (d->weeks == NULL)
			return ERR_NOMEM;
	}
	if (!d->counts_from_first)
		return ERR_OK;
	d->first = malloc(n * sizeof(*d->first));
	if (d->first == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < n; i++)
		d->first[i] = NO_DAY;
	return ERR_OK;
}

static void note_first(struct job_dates *d, const struct reader_record *r)
{
	int32_t day = clock_jst_day((int64_t)r->event_unix_s);

	if (day < d->first[r->respondent])
		d->first[r->respondent] = day;
}

/* A pass of its own: the first answer may be read last. */
static enum err find_first(struct job_dates *d, struct reader *r,
    uint32_t respondents)
{
	for (;;) {
		struct reader_batch batch;

		RETURN_IF(reader_next(r, &batch));
		if (batch.len == 0)
			return reader_rewind(r, NULL, 0);
		for (size_t i = 0; i < batch.len; i++) {
			if (batch.records[i].respondent >= respondents)
				return ERR_CORRUPT;
			note_first(d, &batch.records[i]);
		}
	}
}

enum err job_dates_prepare(struct job_dates *d, struct reader *r,
    const struct job_keys *keys)
{
	uint32_t respondents = reader_respondents(r);

	if (!d->shifts && !d->counts_from_first)
		return ERR_OK;
	RETURN_IF(make_people(d, respondents));
	if (d->shifts)
		pseudonym_shift_key(keys->project, keys->project_epoch.sha256,
		    d->shift_key);
	d->reader = r;
	return d->counts_from_first ? find_first(d, r, respondents) : ERR_OK;
}

/* 0 weeks is none that is given: it is yet to be made. */
void job_dates_meet(struct job_dates *d, uint32_t respondent)
{
	if (d->shifts && d->weeks[respondent] == 0)
		d->weeks[respondent] = (int8_t)pseudonym_shift_weeks(
		    d->shift_key, reader_tag(d->reader, respondent));
}

void job_dates_apply(const struct job_scan *s, uint32_t respondent,
    struct answers_value *values)
{
	const struct job_dates *d = &s->dates;

	if (!d->shifts && !d->counts_from_first)
		return;
	for (size_t i = 0; i < s->columns_len; i++) {
		const struct job_column *c = &s->columns[i];
		struct answers_value *v = &values[c->field->index];

		if (!v->answered)
			continue;
		if (c->plan->date == POLICY_DATE_SHIFTED)
			v->number += DAYS_PER_WEEK * d->weeks[respondent];
		else if (c->plan->date == POLICY_DATE_RELATIVE)
			v->number -= d->first[respondent];
	}
}
