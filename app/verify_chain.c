#include "app/verify_chain.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/encode.h"
#include "keys/digest.h"
#include "keys/sshsig.h"

#define SKEW_S 600
#define NUMBER_LEN 24

/* ---- values as texts ---- */

/* What one paper says and the other has to say; texts are borrowed. */
struct same {
	const char *key, *have, *want;
};

static enum err all_same(const struct same *list, size_t len,
    const char *whose, struct err_info *info)
{
	for (size_t i = 0; i < len; i++)
		if (strcmp(list[i].have, list[i].want) != 0)
			return err_at(info, ERR_MISMATCH, 0,
			    "%s: it is not what %s says", list[i].key, whose);
	return ERR_OK;
}

static const char *or_none(const char *text)
{
	return text == NULL ? "-" : text;
}

static enum err words_text(const struct words *w, struct buf *out)
{
	RETURN_IF(words_append(w, out));
	return buf_append(out, "", 1);
}

static void number_text(uint64_t n, char ret[NUMBER_LEN])
{
	(void)snprintf(ret, NUMBER_LEN, "%" PRIu64, n);
}

/* ---- plan ← request ---- */

static int same_fields(const struct plan *p, const struct request *r)
{
	if (p->columns_len != r->fields.len)
		return 0;
	for (size_t i = 0; i < p->columns_len; i++)
		if (strcmp(p->columns[i].field, r->fields.items[i]) != 0)
			return 0;
	return 1;
}

static enum err wants(int ok, const char *key, struct err_info *info)
{
	return ok ? ERR_OK : err_at(info, ERR_MISMATCH, 0,
	    "%s: it is not what request.txt says", key);
}

static enum err plan_key(const struct plan *p, const struct request *r,
    struct bytes request_sig, struct err_info *info)
{
	uint8_t key[SSHSIG_PUBLIC_LEN], sha256[DIGEST_LEN];
	char fingerprint[SSHSIG_FINGERPRINT_LEN + 1];
	struct sshsig sig;

	RETURN_IF(sshsig_public_parse(bytes_str(r->requester_key), key));
	sshsig_fingerprint(key, fingerprint);
	RETURN_IF(wants(strcmp(fingerprint, p->requester_fingerprint) == 0,
	    "requester-fingerprint", info));
	RETURN_IF(sshsig_parse(request_sig, SSHSIG_REQUEST, &sig));
	RETURN_IF(wants(memcmp(sig.public_key, key, sizeof(key)) == 0,
	    "signature by requester-key", info));
	digest_sha256(request_sig, sha256);
	RETURN_IF(wants(memcmp(sha256, p->request_sig_sha256, DIGEST_LEN) == 0,
	    "request-sig-sha256", info));
	digest_sha256(bytes_str(r->recipient), sha256);
	return wants(memcmp(sha256, p->recipient_sha256, DIGEST_LEN) == 0,
	    "recipient-sha256", info);
}

enum err verify_chain_plan(const struct plan *p, const struct request *r,
    struct bytes request_sig, struct err_info *info)
{
	const struct same texts[] = {
		{"partner-institution", p->partner_institution,
		    r->institution},
		{"project", p->project, r->project},
		{"legal-basis", p->legal_basis, r->legal_basis},
		{"ethics-approval", or_none(p->ethics_approval),
		    or_none(r->ethics_approval)},
		{"supersedes", or_none(p->supersedes),
		    or_none(r->supersedes)},
	};

	RETURN_IF(plan_key(p, r, request_sig, info));
	RETURN_IF(all_same(texts, ARRAY_LEN(texts), "request.txt", info));
	RETURN_IF(wants(strcmp(p->survey_name, r->survey_name) == 0 &&
	    p->survey_version == r->survey_version, "survey", info));
	RETURN_IF(wants(same_fields(p, r), "column", info));
	RETURN_IF(wants(words_equal(&p->purpose, &r->purpose), "purpose",
	    info));
	RETURN_IF(wants(words_equal(&p->disease, &r->disease), "disease",
	    info));
	RETURN_IF(wants(p->has_ethics_expiry == r->has_ethics_expiry &&
	    (!p->has_ethics_expiry ||
	    p->ethics_expiry_day == r->ethics_expiry_day), "ethics-expiry",
	    info));
	RETURN_IF(wants(p->period_from_day == r->period_from_day &&
	    p->period_to_day == r->period_to_day, "period", info));
	RETURN_IF(wants(p->expires_unix_s <= r->expires_unix_s, "expires",
	    info));
	return wants(p->retention_until_day == r->retention_until_day,
	    "retention-until", info);
}

/* ---- statement ← plan ---- */

struct planned {
	struct buf purpose, disease, items;
	char survey[64], period[2 * CLOCK_DAY_LEN + 3];
	char ethics[CLOCK_DAY_LEN + 1], retention[CLOCK_DAY_LEN + 1];
	char release[NUMBER_LEN], k[NUMBER_LEN], limit[NUMBER_LEN];
};

static void planned_release(struct planned *t)
{
	buf_release(&t->purpose);
	buf_release(&t->disease);
	buf_release(&t->items);
}

static enum err planned_fill(const struct plan *p, const struct request *r,
    struct planned *t)
{
	RETURN_IF(words_text(&p->purpose, &t->purpose));
	RETURN_IF(words_text(&p->disease, &t->disease));
	RETURN_IF(words_text(&r->fields, &t->items));
	(void)snprintf(t->survey, sizeof(t->survey), "%s %u", p->survey_name,
	    p->survey_version);
	clock_format_day(p->period_from_day, t->period);
	memcpy(t->period + CLOCK_DAY_LEN, "..", 2);
	clock_format_day(p->period_to_day, t->period + CLOCK_DAY_LEN + 2);
	memcpy(t->ethics, "-", 2);
	if (p->has_ethics_expiry)
		clock_format_day(p->ethics_expiry_day, t->ethics);
	clock_format_day(p->retention_until_day, t->retention);
	number_text(p->project_release, t->release);
	number_text(p->k, t->k);
	number_text(p->suppression_limit, t->limit);
	return ERR_OK;
}

static enum err as_planned(const struct statement *s, const struct plan *p,
    const struct request *r, struct err_info *info)
{
	CLEANUP(planned_release) struct planned t = {.release = ""};

	RETURN_IF(planned_fill(p, r, &t));
	const struct same texts[] = {
		{"project-release", s->project_release, t.release},
		{"supersedes", s->supersedes, or_none(p->supersedes)},
		{"recipient-name", s->recipient_name, p->partner_institution},
		{"investigator", s->investigator, r->investigator},
		{"legal-basis", s->legal_basis, p->legal_basis},
		{"purpose", s->purpose, (const char *)t.purpose.data},
		{"disease", s->disease, (const char *)t.disease.data},
		{"ethics-approval", s->ethics_approval,
		    or_none(p->ethics_approval)},
		{"ethics-expiry", s->ethics_expiry, t.ethics},
		{"items", s->items, (const char *)t.items.data},
		{"period", s->period, t.period},
		{"survey", s->survey, t.survey},
		{"k-asked", s->k_asked, t.k},
		{"suppression-limit", s->suppression_limit, t.limit},
		{"retention-until", s->retention_until, t.retention},
	};

	return all_same(texts, ARRAY_LEN(texts), "plan.txt", info);
}

/* `A B` of a list in two; ERR_SYNTAX. */
static enum err two_words(const char *line, char ret_first[80],
    const char **ret_second, const char *key, struct err_info *info)
{
	const char *space = strchr(line, ' ');

	if (space == NULL || (size_t)(space - line) >= 80 ||
	    strchr(space + 1, ' ') != NULL)
		return err_at(info, ERR_SYNTAX, 0, "%s: not of its form", key);
	memcpy(ret_first, line, (size_t)(space - line));
	ret_first[space - line] = '\0';
	*ret_second = space + 1;
	return ERR_OK;
}

static enum err level_within(const char *level, const struct plan_column *c,
    struct err_info *info)
{
	char want[NUMBER_LEN];

	for (unsigned n = c->from; n <= c->to; n++) {
		number_text(n, want);
		if (strcmp(level, want) == 0)
			return ERR_OK;
	}
	return err_at(info, ERR_MISMATCH, 0,
	    "level: %s is not at a level that plan.txt allows", c->field);
}

/* In the order of the plan's columns; only one without a ladder, which leaves
 * as it is, may be left out. */
static enum err levels_within(const struct statement *s,
    const struct plan *p, struct err_info *info)
{
	char field[80];
	const char *level;
	size_t at = 0;

	for (size_t i = 0; i < s->levels.len; i++) {
		RETURN_IF(two_words(s->levels.items[i], field, &level,
		    "level", info));
		while (at < p->columns_len && p->columns[at].ladder[0] == '\0' &&
		    strcmp(field, p->columns[at].field) != 0)
			at++;
		if (at == p->columns_len ||
		    strcmp(field, p->columns[at].field) != 0)
			return err_at(info, ERR_MISMATCH, 0,
			    "level: its fields are not those of plan.txt");
		RETURN_IF(level_within(level, &p->columns[at++], info));
	}
	for (; at < p->columns_len; at++)
		if (p->columns[at].ladder[0] != '\0')
			return err_at(info, ERR_MISMATCH, 0,
			    "level: %s is missing", p->columns[at].field);
	return ERR_OK;
}

/* A count that is told: digits, and no `<N` or `-`. */
static int told(const char *text, uint64_t *ret)
{
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return 0;
	*ret = strtoull(text, &end, 10);
	return *end == '\0';
}

static enum err same_lists(const struct statement *s, const struct plan *p,
    struct err_info *info)
{
	char digest[80], want[DIGEST_HEX_LEN + 1];
	const char *people;

	RETURN_IF(levels_within(s, p, info));
	if (s->consent_texts.len != p->texts_len)
		return err_at(info, ERR_MISMATCH, 0,
		    "consent-text: they are not those of plan.txt");
	for (size_t i = 0; i < p->texts_len; i++) {
		RETURN_IF(two_words(s->consent_texts.items[i], digest,
		    &people, "consent-text", info));
		digest_to_hex(p->texts[i].sha256, want);
		if (strcmp(digest, want) != 0)
			return err_at(info, ERR_MISMATCH, 0,
			    "consent-text: they are not those of plan.txt");
	}
	return ERR_OK;
}

/* Considered = exported + withheld + suppressed, where all of it is told. */
static enum err adds_up(const struct statement *s, struct err_info *info)
{
	const char *const parts[] = {s->rows_exported, s->withheld_no_consent,
		s->withheld_withdrawn, s->suppressed};
	uint64_t all, one, sum = 0;
	size_t hidden = 0;

	if (!told(s->rows_considered, &all))
		return ERR_OK;
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		if (told(parts[i], &one))
			sum += one;
		else
			hidden++;
	}
	if (sum > all || (hidden == 0 && sum != all))
		return err_at(info, ERR_MISMATCH, 0,
		    "rows-considered: the counts do not add up");
	return ERR_OK;
}

static int same_models(const struct statement *s, const struct plan *p)
{
	char text[MODEL_TEXT_MAX];

	if (s->rules.len != 1 + p->models_len)
		return 0;
	for (size_t i = 0; i < p->models_len; i++) {
		model_text(&p->models[i], text);
		if (strcmp(s->rules.items[1 + i], text) != 0)
			return 0;
	}
	return 1;
}

/* How people were counted; plans from before it say nothing. */
static enum err same_rule(const struct statement *s, const struct plan *p,
    struct err_info *info)
{
	const char *want = p->visits == PLAN_VISITS_JOINED ?
	    "visits joined" : "visits single";

	if (p->visits == PLAN_VISITS_UNSAID)
		return ERR_OK;
	if (same_models(s, p) && strcmp(s->rules.items[0], want) == 0)
		return ERR_OK;
	return err_at(info, ERR_MISMATCH, 0,
	    "rule: it is not what plan.txt says of visits and rules");
}

enum err verify_chain_statement(const struct statement *s,
    const struct plan *p, const struct request *r, struct err_info *info)
{
	uint64_t achieved = 0, rows = 1;
	int64_t created;

	RETURN_IF(clock_parse_utc(bytes_str(s->created), &created));
	if (created + SKEW_S < p->frozen_unix_s)
		return err_at(info, ERR_MISMATCH, 0,
		    "created: before the plan was frozen");
	RETURN_IF(as_planned(s, p, r, info));
	RETURN_IF(same_rule(s, p, info));
	RETURN_IF(same_lists(s, p, info));
	if (!told(s->k_achieved, &achieved))
		return err_at(info, ERR_SYNTAX, 0, "k-achieved: no number");
#ifdef AZUKARI_MUTATION_VERIFY
	achieved = p->k;
#endif
	if (achieved < p->k && !(told(s->rows_exported, &rows) && rows == 0))
		return err_at(info, ERR_MISMATCH, 0,
		    "k-achieved: smaller than k of plan.txt");
	return adds_up(s, info);
}

/* ---- approvals ---- */

enum err verify_chain_approval(const struct votes_approval *a,
    const struct plan *p, const struct statement *s,
    const struct text *entry, struct err_info *info)
{
	int64_t logged, created;

	RETURN_IF(clock_parse_utc(bytes_str(text_get(entry, "time")),
	    &logged));
	RETURN_IF(clock_parse_utc(bytes_str(s->created), &created));
	if (a->approved_unix_s + SKEW_S < p->frozen_unix_s)
		return err_at(info, ERR_MISMATCH, 0,
		    "it was approved before the plan was frozen");
	if (logged >= a->expires_unix_s)
		return err_at(info, ERR_EXPIRED, 0,
		    "it had expired when it was entered in the ledger");
	if (created >= a->expires_unix_s)
		return err_at(info, ERR_EXPIRED, 0,
		    "it had expired when the export was made");
	return ERR_OK;
}
