#include "app/ops/ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/act.h"
#include "app/docket.h"
#include "core/clock.h"
#include "keys/bech32.h"
#include "keys/identity.h"
#include "policy/request.h"

/* ---- draft: text in, text out; request_write holds it to the rules ---- */

static enum err day_of(const char *text, const char *what, int32_t *ret,
    struct outcome *o)
{
	if (clock_parse_day(bytes_str(text), ret) != ERR_OK)
		return err_at(&o->info, ERR_SYNTAX, 0,
		    "%s: a day is YYYY-MM-DD", what);
	return ERR_OK;
}

static enum err fill_days(const struct ask_draft *d, struct request *r,
    struct outcome *o)
{
	struct bytes period = bytes_str(d->period);

	if (period.len != 2 * CLOCK_DAY_LEN + 2 ||
	    memcmp(d->period + CLOCK_DAY_LEN, "..", 2) != 0 ||
	    clock_parse_day(bytes_of(d->period, CLOCK_DAY_LEN),
	    &r->period_from_day) != ERR_OK ||
	    clock_parse_day(bytes_str(d->period + CLOCK_DAY_LEN + 2),
	    &r->period_to_day) != ERR_OK)
		return err_at(&o->info, ERR_SYNTAX, 0,
		    "period: write YYYY-MM-DD..YYYY-MM-DD");
	if (d->ethics_expiry != NULL) {
		r->has_ethics_expiry = 1;
		RETURN_IF(day_of(d->ethics_expiry, "ethics-expiry",
		    &r->ethics_expiry_day, o));
	}
	return day_of(d->retention_until, "retention-until",
	    &r->retention_until_day, o);
}

static enum err fill_survey(const char *text, struct request *r,
    struct outcome *o)
{
	const char *space = strchr(text, ' ');
	char *end = NULL;
	unsigned long version;

	if (space == NULL || (size_t)(space - text) >= sizeof(r->survey_name))
		return err_at(&o->info, ERR_SYNTAX, 0,
		    "survey: write \"NAME VERSION\"");
	memcpy(r->survey_name, text, (size_t)(space - text));
	version = strtoul(space + 1, &end, 10);
	if (*end != '\0' || version == 0 || version > 65535)
		return err_at(&o->info, ERR_SYNTAX, 0,
		    "survey: the version is a number from 1");
	r->survey_version = (unsigned)version;
	return ERR_OK;
}

static enum err fill_lists(const struct ask_draft *d, struct request *r)
{
	RETURN_IF(words_parse(d->purpose, 64, &r->purpose));
	RETURN_IF(words_parse(d->disease == NULL ? "-" : d->disease, 64,
	    &r->disease));
	RETURN_IF(words_parse(d->owners, 47, &r->owners));
	return words_parse(d->fields, REQUEST_FIELDS_MAX, &r->fields);
}

static void fill_texts(const struct ask_draft *d, struct request *r)
{
	r->id = d->id;
	r->project = d->project;
	r->title = d->title;
	r->partner = d->partner;
	r->institution = d->institution;
	r->investigator = d->investigator;
	r->legal_basis = d->legal_basis;
	r->ethics_approval = d->ethics_approval;
	r->supersedes = d->supersedes;
}

enum err ask_write(const struct ask_draft *d, const char *path,
    int64_t now_unix_s, struct outcome *o)
{
	CLEANUP(request_release) struct request r = {0};
	CLEANUP(buf_release) struct buf text = {0};
	struct identity_public pub;
	char age[BECH32_RECIPIENT_LEN + 1], ssh[SSHSIG_PUBLIC_TEXT_LEN + 1];

	(void)snprintf(o->info.file, sizeof(o->info.file), "%s",
	    d->identity_pub);
	RETURN_IF(identity_public_read(d->identity_pub, &pub, &o->info));
	o->info.file[0] = '\0';
	bech32_encode_recipient(pub.age.key, age);
	sshsig_public_format(pub.ssh, ssh);
	fill_texts(d, &r);
	RETURN_IF(fill_days(d, &r, o));
	RETURN_IF(fill_survey(d->survey, &r, o));
	RETURN_IF(fill_lists(d, &r));
	r.recipient = age;
	r.requester_key = ssh;
	r.created_unix_s = now_unix_s;
	r.expires_unix_s = now_unix_s + (int64_t)d->valid_days * 86400;
	secret_random(r.nonce, sizeof(r.nonce));
	RETURN_IF(request_write(&r, &text, &o->info));
	return fs_write_new_file(path, bytes_buf(&text), 0644);
}

/* ---- submit ---- */

struct submitted {
	struct buf text, sig;
	struct request request;
	uint8_t sha256[DIGEST_LEN], sig_sha256[DIGEST_LEN];
};

static void submitted_release(struct submitted *s)
{
	request_release(&s->request);
	buf_release(&s->text);
	buf_release(&s->sig);
}

static enum err read_submitted(struct home *h, const char *path,
    const char *sig_path, struct submitted *s)
{
	struct err_info *info = &h->outcome->info;
	uint8_t key[SSHSIG_PUBLIC_LEN];
	enum err e;

	(void)snprintf(info->file, sizeof(info->file), "%s", path);
	RETURN_IF(fs_read_file(path, TEXT_MAX_DEFAULT, &s->text));
	RETURN_IF(request_parse(bytes_buf(&s->text), &s->request, info));
	(void)snprintf(info->file, sizeof(info->file), "%s", sig_path);
	RETURN_IF(fs_read_file(sig_path, SSHSIG_ARMOUR_MAX, &s->sig));
	RETURN_IF(sshsig_public_parse(bytes_str(s->request.requester_key),
	    key));
	e = sshsig_check(bytes_buf(&s->sig), SSHSIG_REQUEST, key,
	    bytes_buf(&s->text));
	if (e != ERR_OK)
		return err_at(info, e, 0,
		    "it is not a signature of the request by its requester-key");
	info->file[0] = '\0';
	digest_sha256(bytes_buf(&s->text), s->sha256);
	digest_sha256(bytes_buf(&s->sig), s->sig_sha256);
	return ERR_OK;
}

static enum err put_request(struct home *h, const struct submitted *s,
    const char *owner)
{
	CLEANUP(act_abort) struct act a = {0};
	struct register_document doc = {.kind = REGISTER_REQUEST,
	    .added_unix_s = h->now_unix_s};
	struct entry_writer w;
	int64_t id;

	memcpy(doc.owner, owner, 3);
	memcpy(doc.sha256, s->sha256, DIGEST_LEN);
	if (strlen(s->request.id) > REGISTER_NAME_MAX)
		return ERR_LIMIT;
	(void)strcpy(doc.name, s->request.id);
	(void)strcpy(doc.subject, s->request.partner);
	RETURN_IF(act_begin(h, register_db(h->reg), &a));
	act_entry(&a, ENTRY_REQUEST, owner, &w);
	entry_put_hex(&w, "request-sha256", s->sha256, DIGEST_LEN);
	entry_put_hex(&w, "request-sig-sha256", s->sig_sha256, DIGEST_LEN);
	entry_put(&w, "partner", s->request.partner);
	RETURN_IF(act_entry_end(&a, &w, &doc.act));
	RETURN_IF(register_document_add(h->reg, &doc, bytes_buf(&s->text),
	    &id));
	RETURN_IF(register_signature_add(h->reg, id, "requester",
	    bytes_buf(&s->sig), doc.act));
	return act_commit(&a);
}

static enum err put_refusal(struct home *h, const char *owner,
    const struct docket *d)
{
	CLEANUP(act_abort) struct act a = {0};
	struct entry_writer w;
	int64_t act;

	RETURN_IF(act_begin(h, register_db(h->reg), &a));
	act_entry(&a, ENTRY_REFUSAL, owner, &w);
	entry_put_hex(&w, "request-sha256", d->dcase.facts.request_sha256,
	    DIGEST_LEN);
	entry_put_hex(&w, "policy-sha256", d->dcase.facts.policy_sha256,
	    DIGEST_LEN);
	RETURN_IF(act_entry_end(&a, &w, &act));
	return act_commit(&a);
}

static enum err submit_to(struct home *h, const struct submitted *s,
    const char *owner, struct decision *ret)
{
	CLEANUP(docket_release) struct docket d = {0};
	enum err e = put_request(h, s, owner);

	if (e != ERR_OK && e != ERR_EXISTS)
		return e;
	RETURN_IF(docket_load(h, owner, s->request.id, &d));
	if (memcmp(d.dcase.facts.request_sha256, s->sha256, DIGEST_LEN) != 0)
		return outcome_refuse(h->outcome, ERR_EXISTS,
		    "another request %s is registered already; choose a new id",
		    "別の申請%sがすでに登録されています。新しい番号にしてください",
		    s->request.id);
	RETURN_IF(decision_make(&d.dcase, ret));
	return ret->verdict == DECISION_REFUSED ? put_refusal(h, owner, &d) :
	    ERR_OK;
}

enum err ask_submit(struct home *h, const char *path, const char *sig_path,
    ask_decided_fn each, void *ctx)
{
	CLEANUP(submitted_release) struct submitted s = {0};
	size_t asked = 0, refused = 0;

	RETURN_IF(read_submitted(h, path, sig_path, &s));
	for (size_t i = 0; i < s.request.owners.len; i++) {
		CLEANUP(decision_release) struct decision d = {0};
		const char *owner = s.request.owners.items[i];
		struct register_owner row;
		enum err e = register_owner_get(h->reg, owner, &row);

		if (e == ERR_NOT_FOUND) {
			outcome_add(h->outcome, OUTCOME_WARNING,
			    "owner %s is not enrolled here",
			    "所有者%sはここに登録されていません", owner);
			continue;
		}
		RETURN_IF(e);
		RETURN_IF(submit_to(h, &s, owner, &d));
		each(ctx, owner, &d);
		asked++;
		refused += d.verdict == DECISION_REFUSED;
	}
	if (asked == 0)
		return ERR_NOT_FOUND;
	return asked == refused ? ERR_REFUSED : ERR_OK;
}

enum err ask_decide(struct home *h, const char *owner, const char *request,
    struct decision *ret)
{
	CLEANUP(docket_release) struct docket d = {0};

	RETURN_IF(docket_load(h, owner, request, &d));
	return decision_make(&d.dcase, ret);
}
