/* What a bundle says of itself: STATEMENT.txt, disclosure.txt, allowed
 * signers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/job_internal.h"
#include "app/version.h"
#include "core/clock.h"
#include "core/encode.h"
#include "exporters/statement.h"
#include "keys/signers.h"
#include "policy/disclosure/mask.h"
#include "policy/disclosure/risk.h"

#define HEX_LEN (2 * DIGEST_LEN + 1)
#define LINE_LEN 160

/* ---- counts that give nobody away ---- */

enum { CONSIDERED, EXPORTED, NO_CONSENT, WITHDRAWN, SUPPRESSED, PEOPLE,
	TEXTS };

struct counts {
	struct mask_count items[TEXTS + PLAN_TEXTS_MAX];
	size_t len;
	uint64_t min;
};

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

static enum err fill_counts(const struct job_case *c,
    const struct job_scan *s, const struct job_built *b, struct counts *ret)
{
	static const size_t rows[] = {EXPORTED, NO_CONSENT, WITHDRAWN,
		SUPPRESSED};
	size_t texts[PLAN_TEXTS_MAX];
	struct mask_sum sums[2] = {
		{.total = CONSIDERED, .parts = rows, .parts_len = 4},
		{.total = PEOPLE, .parts = texts,
		    .parts_len = c->plan.texts_len}};

	ret->min = c->plan.minimum_cell;
	ret->len = TEXTS + c->plan.texts_len;
	ret->items[CONSIDERED].value = b->counts.considered;
	ret->items[EXPORTED].value = s->kept_rows;
	ret->items[NO_CONSENT].value = b->counts.no_consent;
	ret->items[WITHDRAWN].value = b->counts.withdrawn;
	ret->items[SUPPRESSED].value = s->result.suppressed_rows;
	ret->items[PEOPLE].value = s->kept_respondents;
	for (size_t i = 0; i < c->plan.texts_len; i++) {
		texts[i] = TEXTS + i;
		ret->items[TEXTS + i].value = people_of_text(s,
		    c->plan.texts[i].sha256);
	}
	return mask_counts(ret->items, ret->len, sums, 2, ret->min);
}

/* ---- STATEMENT.txt ---- */

/* Texts that must live until the statement is written. */
struct texts {
	char hex[8][HEX_LEN];
	char count[6][MASK_TEXT_LEN];
	char number[8][32];
	char period[2 * CLOCK_DAY_LEN + 3];
	char day[2][CLOCK_DAY_LEN + 1];
	char created[CLOCK_UTC_LEN + 1];
	char survey[96];
	char text_lines[PLAN_TEXTS_MAX][LINE_LEN];
	char level_lines[PLAN_COLUMNS_MAX][LINE_LEN];
	const char *text_items[PLAN_TEXTS_MAX];
	const char *level_items[PLAN_COLUMNS_MAX];
	struct buf purpose, disease, items, acquisition, cite, cite_en;
	struct buf destruction;
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

static const char *count(struct texts *t, const struct counts *c, size_t i)
{
	mask_text(&c->items[i], c->min, t->count[i]);
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

static void how_many(const struct counts *n, struct texts *t,
    struct statement *s)
{
	s->rows_considered = count(t, n, CONSIDERED);
	s->rows_exported = count(t, n, EXPORTED);
	s->withheld_no_consent = count(t, n, NO_CONSENT);
	s->withheld_withdrawn = count(t, n, WITHDRAWN);
	s->suppressed = count(t, n, SUPPRESSED);
	s->respondents_exported = count(t, n, PEOPLE);
}

static void lists(const struct job_case *c, const struct job_scan *scan,
    const struct counts *n, struct texts *t, struct statement *s)
{
	char digest[HEX_LEN], people[MASK_TEXT_LEN];

	for (size_t i = 0; i < c->plan.texts_len; i++) {
		encode_hex(c->plan.texts[i].sha256, DIGEST_LEN, digest);
		mask_text(&n->items[TEXTS + i], n->min, people);
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

enum err job_papers_statement(struct home *h, const struct job_case *c,
    const struct job_scan *scan, const struct job_built *b, struct buf *out)
{
	CLEANUP(texts_free) struct texts *t = calloc(1, sizeof(*t));
	struct counts n = {0};
	struct statement s = {
		.pseudonym_scheme =
		    "azukari 1: keyed BLAKE2b-128 per owner, project and partner",
		.transfer = "encrypted to the recipient, fetched by the partner",
		.third_country = "none",
		.witnesses = "none: nobody outside the operator cosigned this",
		.software = VERSION_TEXT};

	if (t == NULL)
		return ERR_NOMEM;
	clock_format_utc(h->now_unix_s, t->created);
	s.created = t->created;
	RETURN_IF(fill_counts(c, scan, b, &n));
	who(c, t, &s);
	RETURN_IF(what_for(c, t, &s));
	RETURN_IF(how_acquired(h, c, t, &s));
	how_many(&n, t, &s);
	lists(c, scan, &n, t, &s);
	digests(c, b, t, &s);
	RETURN_IF(cite(c, scan, t, &s));
	return statement_write(&s, out, &h->outcome->info);
}

/* ---- disclosure.txt: for people ---- */

static enum err report_head(const struct job_case *c, const struct risk *r,
    struct buf *out)
{
	return buf_printf(out,
	    "開示評価 Disclosure report  %s\n\n"
	    "モデル Model: k-anonymity counted in distinct respondents, full-domain generalisation,\n"
	    "  whole respondents suppressed. 同じ組合せの回答者数で数え、満たない人は全回答を除く。\n"
	    "k: asked %u, achieved %llu   groups: %llu\n"
	    "suppression limit: %u.%02u %% of respondents\n"
	    "risk, in millionths (prosecutor = journalist): highest %llu, average %llu; marketer %llu\n\n",
	    c->plan.export_id, c->plan.k, (unsigned long long)r->k_achieved,
	    (unsigned long long)r->groups, c->plan.suppression_limit / 100,
	    c->plan.suppression_limit % 100,
	    (unsigned long long)r->highest_ppm,
	    (unsigned long long)r->average_ppm,
	    (unsigned long long)r->marketer_ppm);
}

static enum err report_columns(const struct job_scan *s, struct buf *out)
{
	RETURN_IF(buf_append_str(out, "項目 field, class, rule, level\n"));
	for (size_t i = 0; i < s->columns_len; i++) {
		const struct job_column *c = &s->columns[i];

		RETURN_IF(buf_printf(out, "  %-12s %-18s %s%s %u (of %u..%u)\n",
		    c->field->name,
		    survey_disclosure_name(c->field->disclosure),
		    c->plan->ladder[0] != '\0' ? "ladder:" : "as-is",
		    c->plan->ladder, c->level, c->plan->from, c->plan->to));
	}
	return ERR_OK;
}

static enum err report_counts(const struct counts *n, struct buf *out)
{
	static const struct { size_t at; const char *text; } rows[] = {
		{CONSIDERED, "rows considered"}, {EXPORTED, "rows exported"},
		{NO_CONSENT, "withheld: no consent"},
		{WITHDRAWN, "withheld: withdrawn"},
		{SUPPRESSED, "rows suppressed"},
		{PEOPLE, "respondents exported"}};
	char text[MASK_TEXT_LEN];

	RETURN_IF(buf_printf(out, "\n件数 counts (1 to %llu are hidden)\n",
	    (unsigned long long)(n->min == 0 ? 0 : n->min - 1)));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		mask_text(&n->items[rows[i].at], n->min, text);
		RETURN_IF(buf_printf(out, "  %-22s %12s\n", rows[i].text,
		    text));
	}
	return buf_printf(out,
	    "\n除かれた行は提供されず、「*」としても残らない。数は上のとおり。\n"
	    "Suppressed rows do not leave, not even as `*`; they are counted above.\n"
	    "書き出した行を独立の実装で数え直し、同じ結果を得た。\n"
	    "The written rows were counted again by independent code, with the same result.\n");
}

enum err job_papers_disclosure(const struct job_case *c,
    const struct job_scan *s, const struct job_built *b, struct buf *out)
{
	struct counts n = {0};
	struct risk r;

	risk_make(&s->result, &r);
	RETURN_IF(fill_counts(c, s, b, &n));
	RETURN_IF(report_head(c, &r, out));
	RETURN_IF(report_columns(s, out));
	return report_counts(&n, out);
}

/* ---- trust/allowed_signers ---- */

static enum err add_signer(struct signers *s, const char *principal,
    uint32_t namespaces, const char *ssh)
{
	struct signers_entry e = {.namespaces = namespaces};

	(void)snprintf(e.principal, sizeof(e.principal), "%s", principal);
	RETURN_IF(sshsig_public_parse(bytes_str(ssh), e.public_key));
	return signers_add(s, &e);
}

static enum err add_seats(struct signers *s, const struct charter *c)
{
	uint32_t seat = SIGNERS_NS(SSHSIG_CHARTER) | SIGNERS_NS(SSHSIG_POLICY) |
	    SIGNERS_NS(SSHSIG_APPROVAL) | SIGNERS_NS(SSHSIG_RELEASE) |
	    SIGNERS_NS(SSHSIG_DENIAL) | SIGNERS_NS(SSHSIG_REVOCATION) |
	    SIGNERS_NS(SSHSIG_BYTERELEASE) | SIGNERS_NS(SSHSIG_REIDENT) |
	    SIGNERS_NS(SSHSIG_HANDOVER);
	char principal[SIGNERS_PRINCIPAL_MAX + 1];

	for (size_t i = 0; i < c->seats_len; i++) {
		(void)snprintf(principal, sizeof(principal), "owner-%s/%s",
		    c->owner, c->seats[i].name);
		RETURN_IF(add_signer(s, principal, seat, c->seats[i].ssh));
	}
	return ERR_OK;
}

enum err job_papers_signers(struct home *h, const struct job_case *c,
    struct buf *out)
{
	CLEANUP(signers_release) struct signers s = {0};
	char principal[SIGNERS_PRINCIPAL_MAX + 1];

	(void)h;
	RETURN_IF(add_signer(&s, "gateway", SIGNERS_NS(SSHSIG_PLAN) |
	    SIGNERS_NS(SSHSIG_EXPORT) | SIGNERS_NS(SSHSIG_NOTICE),
	    c->docket.charter.gateway_key));
	RETURN_IF(add_seats(&s, &c->docket.charter));
	(void)snprintf(principal, sizeof(principal), "partner-%s",
	    c->plan.partner);
	RETURN_IF(add_signer(&s, principal, SIGNERS_NS(SSHSIG_REQUEST) |
	    SIGNERS_NS(SSHSIG_RECEIPT) | SIGNERS_NS(SSHSIG_DESTRUCTION) |
	    SIGNERS_NS(SSHSIG_NOTICE), c->docket.request.requester_key));
	return signers_write(&s, out);
}
