/* The two tables of a payload: their columns, the consent texts that go with
 * them, and the second counter on their bytes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/job_internal.h"
#include "policy/policy.h"

/* ---- the second counter ---- */

void job_tables_tap_release(struct job_tables_tap *t)
{
	counter_free(t->responses);
	tally_free(t->tally);
	counter_free(t->consents);
}

enum err job_tables_tap_bytes(void *ctx, enum payload_which which,
    struct bytes piece)
{
	struct job_tables_tap *t = ctx;

	return counter_feed(which == PAYLOAD_RESPONSES ? t->responses :
	    t->consents, piece);
}

/* Names of the quasi-identifying CSV columns; ${names} is large enough. */
static size_t quasi_names(const struct job_scan *s,
    char (*names)[SURVEY_COLUMN_NAME_MAX + 1], const char **list)
{
	size_t len = 0;

	for (size_t i = 0; i < s->columns_len; i++) {
		const struct job_column *c = &s->columns[i];
		size_t cells = c->plan->ladder[0] != '\0' ? 1 :
		    c->field->columns;

		for (size_t k = 0; c->quasi && k < cells; k++, len++) {
			if (c->plan->ladder[0] != '\0')
				(void)snprintf(names[len],
				    sizeof(names[len]), "%s", c->field->name);
			else
				answers_column_name(c->field, k, names[len]);
			list[len] = names[len];
		}
	}
	return len;
}

static int counts_joined(const struct plan *p)
{
#ifdef AZUKARI_MUTATION_JOINED_COUNTER
	(void)p;
	return 0;
#else
	return p->visits == PLAN_VISITS_JOINED;
#endif
}

enum err job_tables_tap_init(const struct job_scan *s, const struct plan *plan,
    struct job_tables_tap *ret)
{
	static const char *const consent_columns[] = {"text", "scopes", "day"};
	struct counter_args consents = {.pseudonym = "pseudonym",
	    .columns = consent_columns, .columns_len = 3};
	struct counter_args responses = {.pseudonym = "pseudonym",
	    .joined = counts_joined(plan)};
	char (*names)[SURVEY_COLUMN_NAME_MAX + 1] =
	    calloc(s->cells + 1, sizeof(*names));
	const char **list = calloc(s->cells + 1, sizeof(*list));
	enum err e = ERR_NOMEM;

	if (names != NULL && list != NULL) {
		responses.columns_len = quasi_names(s, names, list);
		responses.columns = list;
		e = ERR_OK;
		if (s->models != NULL)
			e = job_models_tally(s->models, plan->k, &ret->tally);
		if (e == ERR_OK && ret->tally != NULL)
			tally_watch(ret->tally, &responses);
		if (e == ERR_OK)
			e = counter_new(&responses, &ret->responses);
	}
	free(names);
	free(list);
	RETURN_IF(e);
	return counter_new(&consents, &ret->consents);
}

enum err job_tables_tallied(struct job_tables_tap *t)
{
#ifdef AZUKARI_MUTATION_TALLY
	(void)t;
	return ERR_OK;
#else
	size_t rule;

	return t->tally == NULL ? ERR_OK : tally_end(t->tally, &rule);
#endif
}

/* ---- columns ---- */

/* A relative date is a number of days. */
static void name_days(const struct job_scan *s, const struct job_column *c,
    struct column_set *set)
{
	const char *field = s->survey->fields[c->field->index].name;

	if (c->plan->date != POLICY_DATE_RELATIVE)
		return;
	for (size_t i = 0; i < set->len; i++)
		if (strcmp(set->columns[i].field, field) == 0)
			set->columns[i].type = COLUMN_INTEGER;
}

enum err job_tables_columns(const struct job_scan *s,
    struct column_set *ret)
{
	struct column_rule *rules = calloc(s->columns_len, sizeof(*rules));
	char (*names)[48] = calloc(s->columns_len, sizeof(*names));
	enum err e = ERR_NOMEM;

	if (rules != NULL && names != NULL) {
		for (size_t i = 0; i < s->columns_len; i++) {
			const struct job_column *c = &s->columns[i];
			int ladder = c->plan->ladder[0] != '\0';

			(void)snprintf(names[i], sizeof(names[i]), "%s%s",
			    ladder ? "ladder:" : "", ladder ? c->plan->ladder :
			    policy_date_words[c->plan->date]);
			rules[i] = (struct column_rule){
				.choice = {.field = c->field->index,
				    .generalised = ladder},
				.rule = names[i], .level = c->level};
		}
		e = column_set_add_survey(ret, s->survey, rules,
		    s->columns_len);
		for (size_t i = 0; i < s->columns_len; i++)
			name_days(s, &s->columns[i], ret);
	}
	free(rules);
	free(names);
	return e;
}

/* ---- consent texts ---- */

void job_tables_texts_release(struct job_tables_texts *t)
{
	for (size_t i = 0; i < t->len; i++)
		buf_release(&t->bytes[i]);
}

static int by_digest(const void *a, const void *b)
{
	return memcmp(((const struct payload_consent_text *)a)->sha256,
	    ((const struct payload_consent_text *)b)->sha256, DIGEST_LEN);
}

static int text_is_used(const struct job_scan *s, const uint8_t sha256[32])
{
	for (uint32_t i = 0; i < s->respondents; i++)
		if (job_scan_keeps(s, i) && memcmp(
		    s->consents[s->consent_of[i]].sha256, sha256, 32) == 0)
			return 1;
	return 0;
}

enum err job_tables_texts(struct home *h, const struct job_case *c,
    const struct job_scan *s, struct job_tables_texts *ret)
{
	for (size_t i = 0; i < c->plan.texts_len; i++) {
		const uint8_t *sha256 = c->plan.texts[i].sha256;
		struct register_query q = {.kind = REGISTER_CONSENT_TEXT,
		    .owner = c->row.owner, .sha256 = sha256};
		struct register_document doc;
		struct payload_consent_text *t = &ret->items[ret->len];

		if (!text_is_used(s, sha256))
			continue;
		ret->bytes[ret->len++] = (struct buf){0};
		RETURN_IF(register_document_find(h->reg, &q, &doc));
		RETURN_IF(register_document_bytes(h->reg, doc.id,
		    &ret->bytes[ret->len - 1]));
		memcpy(t->sha256, sha256, DIGEST_LEN);
		t->text = bytes_buf(&ret->bytes[ret->len - 1]);
	}
	qsort(ret->items, ret->len, sizeof(ret->items[0]), by_digest);
	return ERR_OK;
}
