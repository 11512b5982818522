/* What a bundle says of itself: STATEMENT.txt, allowed signers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/job_internal.h"
#include "app/ops/trust.h"
#include "app/version.h"
#include "core/clock.h"
#include "core/encode.h"
#include "exporters/statement.h"
#include "keys/signers.h"

#define HEX_LEN (2 * DIGEST_LEN + 1)
#define LINE_LEN 160

/* ---- STATEMENT.txt ---- */

/* Texts that must live until the statement is written. */
struct texts {
	char hex[8][HEX_LEN];
	char count[6][MASK_TEXT_LEN];
	size_t counts_len;
	char number[8][32];
	char period[2 * CLOCK_DAY_LEN + 3];
	char day[2][CLOCK_DAY_LEN + 1];
	char created[CLOCK_UTC_LEN + 1];
	char survey[96];
	char text_lines[PLAN_TEXTS_MAX][LINE_LEN];
	char level_lines[PLAN_COLUMNS_MAX][LINE_LEN];
	const char *text_items[PLAN_TEXTS_MAX];
	const char *level_items[PLAN_COLUMNS_MAX];
	char rule_lines[MODEL_RULES_MAX][MODEL_TEXT_MAX];
	const char *rule_items[1 + MODEL_RULES_MAX];
	struct buf purpose, disease, items, acquisition, cite, cite_en;
	struct buf destruction, witnesses;
};

static void texts_free(struct texts **t)
{
	if (*t == NULL)
		return;
	buf_release(&(*t)->purpose);
	buf_release(&(*t)->disease);
	buf_release(&(*t)->items);
	buf_release(&(*t)->acquisition);
	buf_release(&(*t)->cite);
	buf_release(&(*t)->cite_en);
	buf_release(&(*t)->destruction);
	buf_release(&(*t)->witnesses);
	free(*t);
}

static const char *hex(struct texts *t, size_t i, const uint8_t *bytes)
{
	encode_hex(bytes, DIGEST_LEN, t->hex[i]);
	return t->hex[i];
}

static const char *number(struct texts *t, size_t i, uint64_t value)
{
	(void)snprintf(t->number[i], sizeof(t->number[i]), "%llu",
	    (unsigned long long)value);
	return t->number[i];
}

static const char *count(struct texts *t, const struct job_figures *f,
    enum report_count which)
{
	size_t i = t->counts_len++;

	MUST_HOLD(i < ARRAY_LEN(t->count));
	mask_text(&f->counts[which], f->report.minimum_cell, t->count[i]);
	return t->count[i];
}

static const char *or_none(const char *text)
{
	return text == NULL || text[0] == '\0' ? "-" : text;
}

static void who(const struct job_case *c, struct texts *t,
    struct statement *s)
{
	const struct charter *ch = &c->docket.charter;
	const struct policy_partner *p = policy_find_partner(
	    &c->docket.policy, c->plan.partner);

	s->owner = c->plan.owner;
	s->owner_name = ch->owner_name;
	s->representative = ch->representative;
	s->partner = c->plan.partner;
	s->recipient_name = p == NULL ? "-" : or_none(p->institution);
	s->recipient_address = p == NULL ? "-" : or_none(p->address);
	s->recipient_representative = p == NULL ? "-" :
	    or_none(p->representative);
	s->investigator = c->docket.request.investigator;
	s->recipient = c->plan.recipient;
	s->requester_fingerprint = c->plan.requester_fingerprint;
	s->export_id = c->plan.export_id;
	s->project = c->plan.project;
	s->project_release = number(t, 0, c->plan.project_release);
	s->supersedes = or_none(c->plan.supersedes);
}

static enum err what_for(const struct job_case *c, struct texts *t,
    struct statement *s)
{
	const struct plan *p = &c->plan;

	RETURN_IF(words_append(&p->purpose, &t->purpose));
	RETURN_IF(words_append(&p->disease, &t->disease));
	s->purpose = buf_text(&t->purpose);
	s->disease = buf_text(&t->disease);
	s->legal_basis = p->legal_basis;
	s->ethics_approval = or_none(p->ethics_approval);
	s->ethics_expiry = "-";
	if (p->has_ethics_expiry) {
		clock_format_day(p->ethics_expiry_day, t->day[0]);
		s->ethics_expiry = t->day[0];
	}
	clock_format_day(p->retention_until_day, t->day[1]);
	s->retention_until = t->day[1];
	RETURN_IF(buf_printf(&t->destruction,
	    "by %s all copies are destroyed and a signed certificate is sent",
	    t->day[1]));
	s->destruction = buf_text(&t->destruction);
	return ERR_OK;
}

struct sources {
	struct buf *out;
};

static enum err add_source(void *ctx, const struct register_source *source)
{
	return buf_printf(((struct sources *)ctx)->out, " %s",
	    source->source);
}

static enum err how_acquired(struct home *h, const struct job_case *c,
    struct texts *t, struct statement *s)
{
	struct sources sources = {.out = &t->acquisition};
	struct buf *items = &t->items;

	RETURN_IF(buf_printf(&t->acquisition,
	    "answers given by the respondents to the owner, survey %s %u, sources",
	    c->plan.survey_name, c->plan.survey_version));
	RETURN_IF(register_source_each(h->reg, c->row.owner, add_source,
	    &sources));
	s->acquisition = buf_text(&t->acquisition);
	for (size_t i = 0; i < c->plan.columns_len; i++)
		RETURN_IF(buf_printf(items, "%s%s", i == 0 ? "" : " ",
		    c->plan.columns[i].field));
	s->items = buf_text(items);
	clock_format_day(c->plan.period_from_day, t->period);
	memcpy(t->period + CLOCK_DAY_LEN, "..", 2);
	clock_format_day(c->plan.period_to_day,
	    t->period + CLOCK_DAY_LEN + 2);
	s->period = t->period;
	(void)snprintf(t->survey, sizeof(t->survey), "%s %u",
	    c->plan.survey_name, c->plan.survey_version);
	s->survey = t->survey;
	return ERR_OK;
}

static void how_many(const struct job_figures *f, struct texts *t,
    struct statement *s)
{
	s->rows_considered = count(t, f, REPORT_ROWS);
	s->rows_exported = count(t, f, REPORT_ROWS_OUT);
	s->withheld_no_consent = count(t, f, REPORT_NO_CONSENT);
	s->withheld_withdrawn = count(t, f, REPORT_WITHDRAWN);
	s->suppressed = count(t, f, REPORT_ROWS_SUPPRESSED);
	s->respondents_exported = count(t, f, REPORT_PEOPLE_OUT);
}

static void lists(const struct job_case *c, const struct job_scan *scan,
    const struct job_figures *f, struct texts *t, struct statement *s)
{
	char digest[HEX_LEN], people[MASK_TEXT_LEN];

	for (size_t i = 0; i < c->plan.texts_len; i++) {
		encode_hex(c->plan.texts[i].sha256, DIGEST_LEN, digest);
		mask_text(&f->counts[REPORT_COUNTS + i],
		    f->report.minimum_cell, people);
		(void)snprintf(t->text_lines[i], LINE_LEN, "%s %s", digest,
		    people);
		t->text_items[i] = t->text_lines[i];
	}
	s->consent_texts.items = t->text_items;
	s->consent_texts.len = c->plan.texts_len;
	for (size_t i = 0; i < scan->columns_len; i++) {
		(void)snprintf(t->level_lines[i], LINE_LEN, "%s %u",
		    scan->columns[i].field->name, scan->columns[i].level);
		t->level_items[i] = t->level_lines[i];
	}
	t->rule_items[0] = c->plan.visits == PLAN_VISITS_JOINED ?
	    "visits joined" : "visits single";
	s->rules.items = t->rule_items;
	s->rules.len = 1;
	for (size_t i = 0; i < c->plan.models_len; i++) {
		model_text(&c->plan.models[i], t->rule_lines[i]);
		t->rule_items[s->rules.len++] = t->rule_lines[i];
	}
	s->levels.items = t->level_items;
	s->levels.len = scan->columns_len;
}

static void digests(const struct job_case *c, const struct job_built *b,
    struct texts *t, struct statement *s)
{
	s->plan_sha256 = hex(t, 0, c->row.sha256);
	s->request_sha256 = hex(t, 1, c->plan.request_sha256);
	s->consent_root = hex(t, 2, b->payload.consent_root);
	s->inner_tagmanifest_sha256 = hex(t, 3,
	    b->payload.tagmanifest_sha256);
	s->receipt_commitment = hex(t, 4, b->receipt_commitment);
	s->notice_book_sha256 = hex(t, 5, b->notice_book_sha256);
	s->payload_bytes = number(t, 1, b->payload.bytes);
	s->k_asked = number(t, 2, c->plan.k);
	s->k_achieved = number(t, 3, b->counted.smallest);
	s->suppression_limit = number(t, 4, c->plan.suppression_limit);
}

static enum err cite(const struct job_case *c, const struct job_scan *scan,
    struct texts *t, struct statement *s)
{
	const struct survey *v = scan->survey;

	RETURN_IF(buf_printf(&t->cite, "%s「%s」%s, %.10s, %.16s",
	    c->docket.charter.owner_name, v->title, c->plan.export_id,
	    t->created, s->inner_tagmanifest_sha256));
	RETURN_IF(buf_printf(&t->cite_en,
	    "%s, \"%s\", %s, %.10s, %.16s", c->docket.charter.owner_name,
	    v->title_en, c->plan.export_id, t->created,
	    s->inner_tagmanifest_sha256));
	s->cite_as = buf_text(&t->cite);
	s->cite_as_en = buf_text(&t->cite_en);
	return ERR_OK;
}

/* A bundle whose ledger nobody outside cosigned says so. */
static enum err witnesses(const struct job_case *c, struct texts *t,
    struct statement *s)
{
	const struct policy_file *file = c->witnesses.file;
	char hex[DIGEST_HEX_LEN + 1];

	s->witnesses = "none: nobody outside the operator cosigned this";
	if (file == NULL)
		return ERR_OK;
	digest_to_hex(c->witnesses.sha256, hex);
	RETURN_IF(buf_printf(&t->witnesses,
	    "the quorum of witness policy %s cosigned this:", hex));
	for (size_t i = 0; i < policy_file_witnesses(file); i++)
		RETURN_IF(buf_printf(&t->witnesses, " %s",
		    policy_file_witness(file, i)->name));
	s->witnesses = buf_text(&t->witnesses);
	return ERR_OK;
}

enum err job_papers_statement(struct home *h, const struct job_case *c,
    const struct job_scan *scan, const struct job_built *b, struct buf *out)
{
	CLEANUP(texts_free) struct texts *t = calloc(1, sizeof(*t));
	struct statement s = {
		.pseudonym_scheme =
		    "azukari 1: keyed BLAKE2b-128 per owner, project and partner",
		.transfer = "encrypted to the recipient, fetched by the partner",
		.third_country = "none",
		.software = VERSION_TEXT};

	if (t == NULL)
		return ERR_NOMEM;
	clock_format_utc(h->now_unix_s, t->created);
	s.created = t->created;
	RETURN_IF(witnesses(c, t, &s));
	who(c, t, &s);
	RETURN_IF(what_for(c, t, &s));
	RETURN_IF(how_acquired(h, c, t, &s));
	how_many(&b->figures, t, &s);
	lists(c, scan, &b->figures, t, &s);
	digests(c, b, t, &s);
	RETURN_IF(cite(c, scan, t, &s));
	return statement_write(&s, out, &h->outcome->info);
}

/* ---- trust/allowed_signers ---- */

enum err job_papers_signers(struct home *h, const struct job_case *c,
    struct buf *out)
{
	CLEANUP(signers_release) struct signers s = {0};

	(void)h;
	RETURN_IF(trust_add_charter(&s, &c->docket.charter));
	RETURN_IF(trust_add_partner(&s, c->plan.partner,
	    c->docket.request.requester_key));
	return signers_write(&s, out);
}
