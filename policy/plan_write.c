/* policy/plan_write.c - writing plan.txt, and the bytes that its digests and
 * those of votes are taken over. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/encode.h"
#include "policy/consent.h"
#include "policy/plan.h"
#include "policy/plan_internal.h"
#include "policy/policy.h"
#include "policy/values_internal.h"

static void
put_column(struct text_writer *w, size_t i, const struct plan_column *c)
{
	CLEANUP(buf_release) struct buf line = {0};
	enum err e;

	e = buf_printf(&line, "%s %s%s %u..%u", c->field,
	    c->ladder[0] != '\0' ? "ladder:" : "as-is", c->ladder, c->from,
	    c->to);
	if (e != ERR_OK && w->e == ERR_OK)
		w->e = e;
	text_put_run(w, "column-#", i, buf_text(&line));
}

static void
put_text(struct text_writer *w, size_t i, const struct plan_text *t)
{
	CLEANUP(buf_release) struct buf line = {0};
	char hex[2 * 32 + 1];
	enum err e;

	encode_hex(t->sha256, 32, hex);
	if ((e = buf_printf(&line, "%s ", hex)) == ERR_OK)
		e = consent_scopes_append(t->scopes, &line);
	if (e != ERR_OK && w->e == ERR_OK)
		w->e = e;
	text_put_run(w, "consent-text-#", i, buf_text(&line));
}

static void
put_key(struct text_writer *w, size_t i, const struct plan_key *k)
{
	CLEANUP(buf_release) struct buf line = {0};
	char id[2 * 16 + 1], sha256[2 * 32 + 1];
	enum err e;

	encode_hex(k->id, sizeof(k->id), id);
	encode_hex(k->sha256, sizeof(k->sha256), sha256);
	e = buf_printf(&line, "%s %s %s", plan_key_words[k->purpose], id,
	    sha256);
	if (e != ERR_OK && w->e == ERR_OK)
		w->e = e;
	text_put_run(w, "also-key-#", i, buf_text(&line));
}

static void
put_head(struct text_writer *w, const struct plan *p)
{
	values_put(w, "plan", p->id);
	values_put(w, "owner", p->owner);
	values_put(w, "export", p->export_id);
	text_put_hex(w, "nonce", p->nonce, sizeof(p->nonce));
	text_put_hex(w, "request-sha256", p->request_sha256, 32);
	text_put_hex(w, "request-sig-sha256", p->request_sig_sha256, 32);
	text_put_hex(w, "policy-sha256", p->policy_sha256, 32);
	text_put_uint(w, "policy-version", p->policy_version);
	text_put_hex(w, "charter-sha256", p->charter_sha256, 32);
	text_put_uint(w, "threshold", p->threshold);
	values_put(w, "partner", p->partner);
	values_put(w, "partner-institution", p->partner_institution);
	values_put(w, "recipient", p->recipient);
	text_put_hex(w, "recipient-sha256", p->recipient_sha256, 32);
	values_put(w, "requester-fingerprint", p->requester_fingerprint);
	values_put(w, "project", p->project);
	text_put_hex(w, "project-epoch-sha256", p->project_epoch_sha256, 32);
	text_put_uint(w, "project-release", p->project_release);
}

static void
put_dates(struct text_writer *w, const struct plan *p)
{
	size_t i, n = 0;
	char line[64];

	for (i = 0; i < p->columns_len; i++) {
		const struct plan_column *c = &p->columns[i];

		if (c->date == POLICY_DATE_AS_IS)
			continue;
		(void)snprintf(line, sizeof(line), "%s %s", c->field,
		    policy_date_words[c->date]);
		text_put_run(w, "date-#", n++, line);
	}
}

static void
put_what(struct text_writer *w, const struct plan *p)
{
	char hex[2 * 32 + 1], rule[MODEL_TEXT_MAX];
	size_t i;

	encode_hex(p->survey_sha256, 32, hex);
	text_put_format(w, "survey", "%s %u %s", p->survey_name,
	    p->survey_version, hex);
	for (i = 0; i < p->columns_len; i++)
		put_column(w, i, &p->columns[i]);
	put_dates(w, p);
	text_put_hex(w, "scheme-sha256", p->scheme_sha256, 32);
	text_put_uint(w, "k", p->k);
	text_put_uint(w, "suppression-limit", p->suppression_limit);
	text_put_uint(w, "minimum-cell", p->minimum_cell);
	if (p->visits != PLAN_VISITS_UNSAID)
		text_put(w, "visits",
		    plan_visits_words[p->visits - PLAN_VISITS_SINGLE]);
	for (i = 0; i < p->models_len; i++) {
		model_text(&p->models[i], rule);
		text_put_run(w, "rule-#", i, rule);
	}
	values_put_sha256(w, "prior-releases-sha256", p->has_prior_releases,
	    p->prior_releases_sha256);
	for (i = 0; i < p->texts_len; i++)
		put_text(w, i, &p->texts[i]);
	values_put_words(w, "purpose", &p->purpose);
	values_put_words(w, "disease", &p->disease);
	values_put(w, "legal-basis", p->legal_basis);
	values_put(w, "ethics-approval", p->ethics_approval);
	values_put_day(w, "ethics-expiry", p->has_ethics_expiry,
	    p->ethics_expiry_day);
	values_put_period(w, "period", p->period_from_day, p->period_to_day);
	values_put_day(w, "retention-until", 1, p->retention_until_day);
	values_put(w, "supersedes", p->supersedes);
	reident_put(w, &p->reident);
}

static void
put_rederive(struct text_writer *w, const struct plan_rederive *r)
{
	char hex[2 * 32 + 1], frozen[CLOCK_UTC_LEN + 1], line[160];

	if (r->export_id[0] == '\0')
		return;
	encode_hex(r->plan_sha256, 32, hex);
	clock_format_utc(r->frozen_unix_s, frozen);
	(void)snprintf(line, sizeof(line), "%s %s %s", r->export_id, hex,
	    frozen);
	text_put_run(w, "rederive-#", 0, line);
}

static void
put_tail(struct text_writer *w, const struct plan *p)
{
	size_t i;

	text_put_uint(w, "epochs", p->epochs);
	text_put_hex(w, "epochs-sha256", p->epochs_sha256, 32);
	for (i = 0; i < p->also_keys_len; i++)
		put_key(w, i, &p->also_keys[i]);
	put_rederive(w, &p->rederive);
	values_put(w, "byte-release",
	    plan_byte_release_words[p->byte_release != 0]);
	values_put(w, "denial-rule", plan_denial_words[p->denial_is_vote != 0]);
	values_put(w, "ledger-origin", p->ledger_origin);
	text_put_uint(w, "ledger-size", p->ledger_size);
	text_put_hex(w, "ledger-root", p->ledger_root, 32);
	values_put_sha256(w, "witness-policy-sha256", p->has_witness_policy,
	    p->witness_policy_sha256);
	values_put(w, "plan-recipient", p->plan_recipient);
	values_put(w, "gateway-key", p->gateway_key);
	text_put_time(w, "frozen", p->frozen_unix_s);
	text_put_time(w, "expires", p->expires_unix_s);
}

enum err
plan_write(const struct plan *p, struct buf *out, struct err_info *info)
{
	CLEANUP(plan_release) struct plan back = {0};
	struct text_writer w;
	size_t start = out->len;
	enum err e;

	text_begin(&w, &plan_schema, out);
	put_head(&w, p);
	put_what(&w, p);
	put_tail(&w, p);
	if ((e = text_end(&w, info)) == ERR_OK)
		e = plan_parse(bytes_of(out->data + start, out->len - start),
		    &back, info);
	return values_finish(out, start, e);
}

/* ---- lines that digests are taken over ---- */

struct line {
	const char *name;
	const uint8_t *sha256;
};

static int
compare_lines(const void *a, const void *b)
{
	return strcmp(((const struct line *)a)->name,
	    ((const struct line *)b)->name);
}

static enum err
append_lines(struct line *lines, size_t len, struct buf *out)
{
	size_t i, start = out->len;
	char hex[2 * 32 + 1];
	enum err e;

	if (len > 1)
		qsort(lines, len, sizeof(*lines), compare_lines);
	for (i = 0; i < len; i++) {
		if (i > 0 && strcmp(lines[i].name, lines[i - 1].name) == 0)
			return values_finish(out, start, ERR_DUPLICATE);
		encode_hex(lines[i].sha256, 32, hex);
		e = buf_printf(out, "%s %s\n", lines[i].name, hex);
		if (e != ERR_OK)
			return values_finish(out, start, e);
	}
	return ERR_OK;
}

static int
has_line(const struct line *lines, size_t len, const char *name)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (strcmp(lines[i].name, name) == 0)
			return 1;
	return 0;
}

enum err
plan_scheme_bytes(const struct plan_column *columns, size_t len,
    plan_ladder_sha256_fn sha256, void *ctx, struct buf *out)
{
	struct line lines[PLAN_COLUMNS_MAX];
	size_t i, n = 0;

	if (len > PLAN_COLUMNS_MAX)
		return ERR_LIMIT;
	for (i = 0; i < len; i++) {
		if (columns[i].ladder[0] == '\0' ||
		    has_line(lines, n, columns[i].ladder))
			continue;
		lines[n].name = columns[i].ladder;
		lines[n].sha256 = sha256(ctx, columns[i].ladder);
		if (lines[n++].sha256 == NULL)
			return ERR_NOT_FOUND;
	}
	return append_lines(lines, n, out);
}

enum err
plan_votes_bytes(const struct plan_vote *votes, size_t len, struct buf *out)
{
	struct line lines[16];
	size_t i;

	if (len > ARRAY_LEN(lines))
		return ERR_LIMIT;
	for (i = 0; i < len; i++)
		lines[i] = (struct line){votes[i].seat, votes[i].sha256};
	return append_lines(lines, len, out);
}
