#include "app/docket.h"

#include <stdio.h>
#include <string.h>

void docket_release(struct docket *d)
{
	prior_release(&d->prior);
	request_release(&d->request);
	policy_release(&d->policy);
	charter_release(&d->charter);
	survey_free(TAKE(d->survey));
	for (size_t i = 0; i < d->ladders_len; i++)
		buf_release(&d->ladders[i].bytes);
	buf_release(&d->request_bytes);
	buf_release(&d->request_sig);
	buf_release(&d->policy_bytes);
	buf_release(&d->charter_bytes);
	buf_release(&d->survey_bytes);
	d->ladders_len = 0;
}

static enum err keep(struct buf *to, struct bytes from)
{
	buf_clear(to);
	return buf_append(to, from.data, from.len);
}

/* The request's own key over the request's own bytes. */
static int signed_by_requester(const struct docket *d)
{
	uint8_t key[SSHSIG_PUBLIC_LEN];

	if (sshsig_public_parse(bytes_str(d->request.requester_key), key) !=
	    ERR_OK)
		return 0;
	return sshsig_check(bytes_buf(&d->request_sig), SSHSIG_REQUEST, key,
	    bytes_buf(&d->request_bytes)) == ERR_OK;
}

enum err docket_put_request(struct docket *d, struct bytes request,
    struct bytes sig, struct err_info *info)
{
	struct decision_facts *f = &d->dcase.facts;
	uint8_t key[SSHSIG_PUBLIC_LEN];

	RETURN_IF(keep(&d->request_bytes, request));
	RETURN_IF(keep(&d->request_sig, sig));
	RETURN_IF(request_parse(bytes_buf(&d->request_bytes), &d->request,
	    info));
	digest_sha256(request, f->request_sha256);
	digest_sha256(sig, f->request_sig_sha256);
	digest_sha256(bytes_str(d->request.recipient), f->recipient_sha256);
	f->request_signature_ok = signed_by_requester(d);
	RETURN_IF(sshsig_public_parse(bytes_str(d->request.requester_key),
	    key));
	sshsig_fingerprint(key, d->fingerprint);
	return ERR_OK;
}

enum err docket_put_charter(struct docket *d, struct bytes charter,
    int in_force, struct err_info *info)
{
	RETURN_IF(keep(&d->charter_bytes, charter));
	RETURN_IF(charter_parse(bytes_buf(&d->charter_bytes), &d->charter,
	    info));
	digest_sha256(charter, d->dcase.facts.charter_sha256);
	d->dcase.facts.charter_in_force = in_force;
	return ERR_OK;
}

enum err docket_put_policy(struct docket *d, struct bytes policy,
    uint32_t signers, struct err_info *info)
{
	RETURN_IF(keep(&d->policy_bytes, policy));
	RETURN_IF(policy_parse(bytes_buf(&d->policy_bytes), &d->policy, info));
	digest_sha256(policy, d->dcase.facts.policy_sha256);
	d->dcase.facts.policy_signers = signers;
	return ERR_OK;
}

enum err docket_put_survey(struct docket *d, struct bytes survey,
    struct err_info *info)
{
	RETURN_IF(keep(&d->survey_bytes, survey));
	RETURN_IF(survey_parse(bytes_buf(&d->survey_bytes), &d->survey, info));
	digest_sha256(survey, d->dcase.facts.survey_sha256);
	return ERR_OK;
}

enum err docket_put_ladder(struct docket *d, const char *name,
    struct bytes file)
{
	struct docket_ladder *l = &d->ladders[d->ladders_len];
	struct policy_ladder_file *f = &d->files[d->ladders_len];

	if (d->ladders_len == POLICY_LADDERS_MAX ||
	    strlen(name) >= sizeof(l->name))
		return ERR_LIMIT;
	l->bytes = (struct buf){0};
	RETURN_IF(buf_append(&l->bytes, file.data, file.len));
	(void)strcpy(l->name, name);
	*f = (struct policy_ladder_file){.name = l->name,
	    .bytes = bytes_buf(&l->bytes)};
	digest_sha256(file, f->sha256);
	d->ladders_len++;
	return ERR_OK;
}

enum err docket_put_prior(struct docket *d, struct bytes text,
    struct err_info *info)
{
	prior_release(&d->prior);
	return prior_parse(text, &prior_schema, &d->prior, info);
}

void docket_close(struct docket *d, int64_t now_unix_s)
{
	struct decision_case *c = &d->dcase;

	c->request = &d->request;
	c->policy = &d->policy;
	c->charter = &d->charter;
	c->survey = d->survey;
	c->ladders = d->files;
	c->ladders_len = d->ladders_len;
	c->facts.now_unix_s = now_unix_s;
	c->facts.requester_fingerprint = d->fingerprint;
	c->facts.exports_this_year = -1;
	c->facts.request_plans = -1;
	c->facts.respondents = -1;
	c->facts.supersedes_known = -1;
	c->facts.frozen = d->prior.levels;
	c->facts.frozen_len = d->prior.levels_len;
}

static void tell_reason(const struct reason *r, struct outcome *o)
{
	enum outcome_role role = r->weight == REASON_REFUSE ? OUTCOME_REASON :
	    OUTCOME_WARNING;
	CLEANUP(buf_release) struct buf en = {0};
	CLEANUP(buf_release) struct buf ja = {0};

	if (buf_printf(&en, "%s [%s]", r->en, r->rule) != ERR_OK ||
	    buf_printf(&ja, "%s [%s]", r->ja, r->rule) != ERR_OK)
		return;
	outcome_put(o, role, buf_text(&en), buf_text(&ja));
	if (r->change_en != NULL && r->change_ja != NULL &&
	    r->change_en[0] != '\0')
		outcome_put(o, OUTCOME_HINT, r->change_en, r->change_ja);
}

void docket_tell(const struct decision *d, struct outcome *o)
{
	for (size_t i = 0; i < d->reasons.len; i++)
		tell_reason(&d->reasons.items[i], o);
}
