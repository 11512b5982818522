/* policy/plan.c - reading plan.txt. */
#include "policy/plan.h"

#include <stdlib.h>
#include <string.h>

#include "core/encode.h"
#include "core/clock.h"
#include "policy/consent.h"
#include "policy/grammar.h"
#include "policy/plan_internal.h"
#include "policy/policy.h"
#include "policy/values_internal.h"

static const char *const plan_keys[] = {"plan", "owner", "export", "nonce",
    "request-sha256", "request-sig-sha256", "policy-sha256",
    "policy-version", "charter-sha256", "threshold", "partner",
    "partner-institution", "recipient", "recipient-sha256",
    "requester-fingerprint", "project", "project-epoch-sha256",
    "project-release", "survey", "column-#", "date-#", "scheme-sha256", "k",
    "suppression-limit", "minimum-cell", "?visits", "rule-#", "prior-releases-sha256",
    "consent-text-#", "purpose", "disease", "legal-basis", "ethics-approval",
    "ethics-expiry", "period", "retention-until", "supersedes",
    "?reident-export", "?reident-pseudonyms", "?reident-reason", "epochs",
    "epochs-sha256", "also-key-#", "rederive-#", "byte-release", "denial-rule", "ledger-origin",
    "ledger-size", "ledger-root", "witness-policy-sha256", "plan-recipient",
    "gateway-key", "frozen", "expires", NULL};

const struct text_schema plan_schema = {"plan", plan_keys};

const char *const plan_byte_release_words[] = {"no", "required", NULL};
const char *const plan_key_words[] = {"memory", NULL};
const char *const plan_denial_words[] = {"veto", "vote", NULL};
const char *const plan_visits_words[] = {"single", "joined", NULL};

void
plan_release(struct plan *p)
{
	text_free(p->text);
	free(p->columns);
	free(p->texts);
	words_release(&p->purpose);
	words_release(&p->disease);
	*p = (struct plan){0};
}

enum err
plan_add_column(struct plan *p, const struct plan_column *c)
{
	struct plan_column *columns;

	if (p->columns_len >= PLAN_COLUMNS_MAX)
		return ERR_LIMIT;
	columns = reallocarray(p->columns, p->columns_len + 1,
	    sizeof(*columns));
	if (columns == NULL)
		return ERR_NOMEM;
	p->columns = columns;
	p->columns[p->columns_len++] = *c;
	return ERR_OK;
}

enum err
plan_add_text(struct plan *p, const struct plan_text *t)
{
	struct plan_text *texts;

	if (p->texts_len >= PLAN_TEXTS_MAX)
		return ERR_LIMIT;
	texts = reallocarray(p->texts, p->texts_len + 1, sizeof(*texts));
	if (texts == NULL)
		return ERR_NOMEM;
	p->texts = texts;
	p->texts[p->texts_len++] = *t;
	return ERR_OK;
}

int
plan_same_models(const struct plan *a, const struct plan *b)
{
	size_t i;

	for (i = 0; i < a->models_len && i < b->models_len; i++)
		if (!model_equal(&a->models[i], &b->models[i]))
			return 0;
	return a->models_len == b->models_len;
}

static void
copy_name(char ret[33], struct bytes name)
{
	MUST_HOLD(name.len <= 32);
	memcpy(ret, name.data, name.len);
	ret[name.len] = '\0';
}

/* `FROM..TO` */
static int
parse_levels(struct bytes text, struct plan_column *c)
{
	const uint8_t *dots = memmem(text.data, text.len, "..", 2);
	uint64_t from, to;
	struct bytes a, b;

	if (dots == NULL)
		return 0;
	a = bytes_of(text.data, (size_t)(dots - text.data));
	b = bytes_of(dots + 2, text.len - a.len - 2);
	if (values_uint(a, 0, PLAN_LEVEL_MAX, &from) != ERR_OK ||
	    values_uint(b, from, PLAN_LEVEL_MAX, &to) != ERR_OK)
		return 0;
	c->from = (unsigned)from;
	c->to = (unsigned)to;
	return 1;
}

/* `as-is` or `ladder:NAME` */
static int
parse_rule(struct bytes text, struct plan_column *c)
{
	static const char prefix[] = "ladder:";
	struct bytes head;

	if (bytes_equal(text, bytes_str("as-is")))
		return c->from == 0 && c->to == 0;
	if (bytes_take(&text, sizeof(prefix) - 1, &head) != ERR_OK ||
	    !bytes_equal(head, bytes_str(prefix)) || !grammar_is_name(text))
		return 0;
	copy_name(c->ladder, text);
	return 1;
}

/* `FIELD RULE FROM..TO` */
static int
parse_column(const char *line, struct plan_column *ret)
{
	struct bytes rest = bytes_str(line), field, rule, levels, none;
	struct plan_column c = {0};

	if (!text_list_next(&rest, &field) || !grammar_is_field(field) ||
	    !text_list_next(&rest, &rule) || !text_list_next(&rest, &levels) ||
	    text_list_next(&rest, &none) || !parse_levels(levels, &c) ||
	    !parse_rule(rule, &c))
		return 0;
	copy_name(c.field, field);
	*ret = c;
	return 1;
}

static int
has_column(const struct plan *p, const char *field)
{
	size_t i;

	for (i = 0; i < p->columns_len; i++)
		if (strcmp(p->columns[i].field, field) == 0)
			return 1;
	return 0;
}

static enum err
parse_columns(struct plan *p, struct err_info *info)
{
	size_t i, len = text_run_len(p->text, "column-#");
	struct plan_column c;

	if (len < 1)
		return err_at(info, ERR_SYNTAX, 0, "column: there is none");
	for (i = 0; i < len; i++) {
		if (!parse_column(text_run_get(p->text, "column-#", i), &c))
			return err_at(info, ERR_SYNTAX, 0, "column-%02zu: not "
			    "\"FIELD RULE FROM..TO\"", i + 1);
		if (has_column(p, c.field))
			return err_at(info, ERR_DUPLICATE, 0,
			    "column-%02zu: %s is given twice", i + 1, c.field);
		RETURN_IF(plan_add_column(p, &c));
	}
	return ERR_OK;
}

/* `FIELD MODE`, of a column, in their order. */
static int
parse_date(struct plan *p, const char *line, size_t *at)
{
	struct bytes rest = bytes_str(line), field, mode, none;
	unsigned m;

	if (!text_list_next(&rest, &field) || !text_list_next(&rest, &mode) ||
	    text_list_next(&rest, &none))
		return 0;
	while (*at < p->columns_len && !bytes_equal(field,
	    bytes_str(p->columns[*at].field)))
		(*at)++;
	for (m = POLICY_DATE_RELATIVE; policy_date_words[m] != NULL; m++)
		if (bytes_equal(mode, bytes_str(policy_date_words[m])))
			break;
	if (*at == p->columns_len || policy_date_words[m] == NULL ||
	    (m == POLICY_DATE_RELATIVE && p->columns[*at].ladder[0] != '\0'))
		return 0;
	p->columns[(*at)++].date = m;
	return 1;
}

static enum err
parse_dates(struct plan *p, struct err_info *info)
{
	size_t i, at = 0, len = text_run_len(p->text, "date-#");

	for (i = 0; i < len; i++)
		if (!parse_date(p, text_run_get(p->text, "date-#", i), &at))
			return err_at(info, ERR_SYNTAX, 0, "date-%02zu: not "
			    "\"FIELD relative|shifted\" of a column, in their "
			    "order", i + 1);
	return ERR_OK;
}

/* `SHA256 SCOPES` */
static int
parse_text(const char *line, struct plan_text *ret)
{
	struct bytes rest = bytes_str(line), digest, scopes, none;

	return text_list_next(&rest, &digest) &&
	    decode_hex(digest, ret->sha256, sizeof(ret->sha256)) == ERR_OK &&
	    text_list_next(&rest, &scopes) &&
	    consent_scopes_parse(scopes, &ret->scopes) == ERR_OK &&
	    !text_list_next(&rest, &none);
}

/* Texts are told apart by 16 bytes: that is what answers are sealed with. */
static int
has_text(const struct plan *p, const uint8_t *sha256)
{
	size_t i;

	for (i = 0; i < p->texts_len; i++)
		if (memcmp(p->texts[i].sha256, sha256, 16) == 0)
			return 1;
	return 0;
}

static enum err
parse_texts(struct plan *p, struct err_info *info)
{
	size_t i, len = text_run_len(p->text, "consent-text-#");
	struct plan_text t;

	if (len < 1)
		return err_at(info, ERR_SYNTAX, 0,
		    "consent-text: there is none");
	for (i = 0; i < len; i++) {
		if (!parse_text(text_run_get(p->text, "consent-text-#", i),
		    &t))
			return err_at(info, ERR_SYNTAX, 0,
			    "consent-text-%02zu: not \"SHA256 SCOPES\"",
			    i + 1);
		if (has_text(p, t.sha256))
			return err_at(info, ERR_DUPLICATE, 0,
			    "consent-text-%02zu: given twice", i + 1);
		RETURN_IF(plan_add_text(p, &t));
	}
	return ERR_OK;
}

static enum err
parse_ids(struct plan *p, struct err_info *info)
{
	const struct text *t = p->text;
	uint64_t n;

	RETURN_IF(values_need(t, "plan", &values_plan, &p->id, info));
	RETURN_IF(values_need(t, "owner", &values_owner, &p->owner, info));
	RETURN_IF(values_need(t, "export", &values_export, &p->export_id,
	    info));
	if (!grammar_plan_matches_export(p->id, p->export_id))
		return err_at(info, ERR_MISMATCH, 0,
		    "export: its year and number are not the plan's");
	RETURN_IF(text_get_hex(t, "nonce", p->nonce, 16, info));
	RETURN_IF(text_get_hex(t, "request-sha256", p->request_sha256, 32,
	    info));
	RETURN_IF(text_get_hex(t, "request-sig-sha256",
	    p->request_sig_sha256, 32, info));
	RETURN_IF(text_get_hex(t, "policy-sha256", p->policy_sha256, 32,
	    info));
	RETURN_IF(text_get_uint(t, "policy-version", 1, INT32_MAX,
	    &p->policy_version, info));
	RETURN_IF(text_get_hex(t, "charter-sha256", p->charter_sha256, 32,
	    info));
	RETURN_IF(text_get_uint(t, "threshold", 1, 16, &n, info));
	p->threshold = (unsigned)n;
	return ERR_OK;
}

static enum err
parse_partner(struct plan *p, struct err_info *info)
{
	const struct text *t = p->text;

	RETURN_IF(values_need(t, "partner", &values_name, &p->partner, info));
	RETURN_IF(values_need(t, "partner-institution", &values_any,
	    &p->partner_institution, info));
	RETURN_IF(values_need(t, "recipient", &values_age, &p->recipient,
	    info));
	RETURN_IF(text_get_hex(t, "recipient-sha256", p->recipient_sha256, 32,
	    info));
	RETURN_IF(values_need(t, "requester-fingerprint",
	    &values_fingerprint, &p->requester_fingerprint, info));
	RETURN_IF(values_need(t, "project", &values_name, &p->project, info));
	RETURN_IF(text_get_hex(t, "project-epoch-sha256",
	    p->project_epoch_sha256, 32, info));
	return text_get_uint(t, "project-release", 1, INT32_MAX,
	    &p->project_release, info);
}

/* Plans from before there was a choice say nothing. */
static enum err
parse_visits(struct plan *p, struct err_info *info)
{
	size_t word;

	if (text_get(p->text, "visits") == NULL)
		return ERR_OK;
	RETURN_IF(values_one_of(p->text, "visits", plan_visits_words, &word,
	    info));
	p->visits = word == 0 ? PLAN_VISITS_SINGLE : PLAN_VISITS_JOINED;
	return ERR_OK;
}

/* Of columns, in their order. */
static enum err
parse_models(struct plan *p, struct err_info *info)
{
	size_t i, at = 0, len = text_run_len(p->text, "rule-#");

	if (len > MODEL_RULES_MAX)
		return err_at(info, ERR_LIMIT, 0, "rule: more than %d",
		    MODEL_RULES_MAX);
	if (len > 0 && p->visits != PLAN_VISITS_JOINED)
		return err_at(info, ERR_SYNTAX, 0,
		    "rule-01: needs visits joined");
	for (i = 0; i < len; i++) {
		struct model_rule *m = &p->models[i];
		enum err e = model_parse(bytes_str(text_run_get(p->text,
		    "rule-#", i)), m);

		while (e == ERR_OK && at < p->columns_len &&
		    strcmp(p->columns[at].field, m->field) != 0)
			at++;
		if (e != ERR_OK || at == p->columns_len)
			return err_at(info, e != ERR_OK ? e : ERR_SYNTAX, 0,
			    "rule-%02zu: not a rule of a column, in their "
			    "order", i + 1);
		p->models_len = i + 1;
	}
	return ERR_OK;
}

static enum err
parse_disclosure(struct plan *p, struct err_info *info)
{
	const struct text *t = p->text;
	uint64_t n;

	RETURN_IF(values_survey(t, "survey", p->survey_name,
	    &p->survey_version, p->survey_sha256, info));
	RETURN_IF(parse_columns(p, info));
	RETURN_IF(parse_dates(p, info));
	RETURN_IF(text_get_hex(t, "scheme-sha256", p->scheme_sha256, 32,
	    info));
	RETURN_IF(text_get_uint(t, "k", 1, 1000000, &n, info));
	p->k = (unsigned)n;
	RETURN_IF(text_get_uint(t, "suppression-limit", 0, 10000, &n, info));
	p->suppression_limit = (unsigned)n;
	RETURN_IF(text_get_uint(t, "minimum-cell", 1, 1000000, &n, info));
	p->minimum_cell = (unsigned)n;
	RETURN_IF(parse_visits(p, info));
	RETURN_IF(parse_models(p, info));
	return values_optional_sha256(t, "prior-releases-sha256",
	    &p->has_prior_releases, p->prior_releases_sha256, info);
}

static enum err
parse_purpose(struct plan *p, struct err_info *info)
{
	const struct text *t = p->text;

	RETURN_IF(parse_texts(p, info));
	RETURN_IF(values_purpose(t, &p->purpose, &p->disease, info));
	RETURN_IF(values_need(t, "legal-basis", &values_name,
	    &p->legal_basis, info));
	RETURN_IF(values_optional(t, "ethics-approval", &values_any,
	    &p->ethics_approval, info));
	RETURN_IF(values_optional_day(t, "ethics-expiry",
	    &p->has_ethics_expiry, &p->ethics_expiry_day, info));
	RETURN_IF(values_period(t, "period", &p->period_from_day,
	    &p->period_to_day, info));
	RETURN_IF(values_day(t, "retention-until", &p->retention_until_day,
	    info));
	RETURN_IF(values_optional(t, "supersedes", &values_export,
	    &p->supersedes, info));
	return reident_get(t, &p->reident, info);
}

const struct plan_key *
plan_find_key(const struct plan *p, enum plan_key_purpose purpose)
{
	size_t i;

	for (i = 0; i < p->also_keys_len; i++)
		if (p->also_keys[i].purpose == purpose)
			return &p->also_keys[i];
	return NULL;
}

/* `PURPOSE EPOCH EPOCH-SHA256` */
static int
parse_key(const char *line, struct plan_key *ret)
{
	struct bytes rest = bytes_str(line), word, id, digest, none;
	size_t i;

	if (!text_list_next(&rest, &word))
		return 0;
	for (i = 0; plan_key_words[i] != NULL; i++)
		if (bytes_equal(word, bytes_str(plan_key_words[i])))
			break;
	ret->purpose = (enum plan_key_purpose)i;
	return plan_key_words[i] != NULL && text_list_next(&rest, &id) &&
	    decode_hex(id, ret->id, sizeof(ret->id)) == ERR_OK &&
	    text_list_next(&rest, &digest) &&
	    decode_hex(digest, ret->sha256, sizeof(ret->sha256)) == ERR_OK &&
	    !text_list_next(&rest, &none);
}

static enum err
parse_keys(struct plan *p, struct err_info *info)
{
	size_t i, len = text_run_len(p->text, "also-key-#");
	struct plan_key k;

	for (i = 0; i < len; i++) {
		if (!parse_key(text_run_get(p->text, "also-key-#", i), &k))
			return err_at(info, ERR_SYNTAX, 0, "also-key-%02zu: not "
			    "\"PURPOSE EPOCH SHA256\"", i + 1);
		if (plan_find_key(p, k.purpose) != NULL)
			return err_at(info, ERR_DUPLICATE, 0,
			    "also-key-%02zu: a second key of that purpose",
			    i + 1);
		p->also_keys[p->also_keys_len++] = k;
	}
	return ERR_OK;
}

/* `EXPORT PLAN-SHA256 FROZEN` */
static int
parse_again(const char *line, struct plan_rederive *ret)
{
	struct bytes rest = bytes_str(line), id, digest, frozen, none;

	if (!text_list_next(&rest, &id) || !grammar_is_export(id) ||
	    id.len >= sizeof(ret->export_id) ||
	    !text_list_next(&rest, &digest) ||
	    decode_hex(digest, ret->plan_sha256,
	    sizeof(ret->plan_sha256)) != ERR_OK ||
	    !text_list_next(&rest, &frozen) ||
	    clock_parse_utc(frozen, &ret->frozen_unix_s) != ERR_OK ||
	    text_list_next(&rest, &none))
		return 0;
	memcpy(ret->export_id, id.data, id.len);
	ret->export_id[id.len] = '\0';
	return 1;
}

static enum err
parse_rederive(struct plan *p, struct err_info *info)
{
	size_t len = text_run_len(p->text, "rederive-#");

	if (len > 1)
		return err_at(info, ERR_DUPLICATE, 0,
		    "rederive-02: a plan derives one export again");
	if (len == 1 && (!parse_again(text_run_get(p->text, "rederive-#", 0),
	    &p->rederive) || strcmp(p->rederive.export_id, p->export_id) == 0))
		return err_at(info, ERR_SYNTAX, 0, "rederive-01: not "
		    "\"EXPORT PLAN-SHA256 FROZEN\" of an earlier export");
	return ERR_OK;
}

static enum err
parse_rules(struct plan *p, struct err_info *info)
{
	const struct text *t = p->text;
	size_t word;

	RETURN_IF(text_get_uint(t, "epochs", 1, PLAN_EPOCHS_MAX, &p->epochs,
	    info));
	RETURN_IF(text_get_hex(t, "epochs-sha256", p->epochs_sha256, 32,
	    info));
	RETURN_IF(parse_keys(p, info));
	RETURN_IF(parse_rederive(p, info));
	RETURN_IF(values_one_of(t, "byte-release", plan_byte_release_words,
	    &word, info));
	p->byte_release = word == 1;
	RETURN_IF(values_one_of(t, "denial-rule", plan_denial_words, &word,
	    info));
	p->denial_is_vote = word == 1;
	RETURN_IF(values_need(t, "ledger-origin", &values_origin,
	    &p->ledger_origin, info));
	RETURN_IF(text_get_uint(t, "ledger-size", 1, INT64_MAX,
	    &p->ledger_size, info));
	RETURN_IF(text_get_hex(t, "ledger-root", p->ledger_root, 32, info));
	return values_optional_sha256(t, "witness-policy-sha256",
	    &p->has_witness_policy, p->witness_policy_sha256, info);
}

static enum err
parse_end(struct plan *p, struct err_info *info)
{
	const struct text *t = p->text;

	RETURN_IF(values_need(t, "plan-recipient", &values_age,
	    &p->plan_recipient, info));
	if (strcmp(p->plan_recipient, p->recipient) == 0)
		return err_at(info, ERR_DUPLICATE, 0,
		    "plan-recipient: is the partner's own key");
	RETURN_IF(values_need(t, "gateway-key", &values_ssh, &p->gateway_key,
	    info));
	RETURN_IF(text_get_time(t, "frozen", &p->frozen_unix_s, info));
	RETURN_IF(text_get_time(t, "expires", &p->expires_unix_s, info));
	if (p->expires_unix_s <= p->frozen_unix_s)
		return err_at(info, ERR_RANGE, 0,
		    "expires: is not after frozen");
	return ERR_OK;
}

enum err
plan_parse(struct bytes bytes, struct plan *ret, struct err_info *info)
{
	CLEANUP(plan_release) struct plan p = {0};

	RETURN_IF(text_parse(bytes, &plan_schema, &p.text, info));
	RETURN_IF(parse_ids(&p, info));
	RETURN_IF(parse_partner(&p, info));
	RETURN_IF(parse_disclosure(&p, info));
	RETURN_IF(parse_purpose(&p, info));
	RETURN_IF(parse_rules(&p, info));
	RETURN_IF(parse_end(&p, info));
	*ret = p;
	p = (struct plan){0};
	return ERR_OK;
}
