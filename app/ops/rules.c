#include "app/ops/rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/act.h"
#include "app/docket.h"
#include "app/papers.h"
#include "app/witnesses.h"
#include "keys/sshsig.h"
#include "policy/profile.h"
#include "vault/register_plan.h"

/* A policy on its way in, with what it is held against. */
struct incoming {
	struct docket docket;           /* charter and the new policy */
	struct policy old;
	struct buf old_bytes;
	uint8_t old_sha256[DIGEST_LEN];
	int has_old;
	struct reasons breaches;        /* of the policy's profile */
	size_t judged;                  /* surveys held against it */
};

static void incoming_release(struct incoming *in)
{
	docket_release(&in->docket);
	policy_release(&in->old);
	reasons_release(&in->breaches);
	buf_release(&in->old_bytes);
}

static enum err load_old(struct home *h, const char *owner,
    struct incoming *in)
{
	CLEANUP(paper_release) struct paper p = {0};
	struct register_query q = {.kind = REGISTER_POLICY, .owner = owner};
	enum err e = papers_find(h, &q, &p);

	if (e == ERR_NOT_FOUND)
		return ERR_OK;
	RETURN_IF(e);
	memcpy(in->old_sha256, p.sha256, DIGEST_LEN);
	RETURN_IF(buf_append(&in->old_bytes, p.bytes.data, p.bytes.len));
	RETURN_IF(policy_parse(bytes_buf(&in->old_bytes), &in->old,
	    &h->outcome->info));
	in->has_old = 1;
	return ERR_OK;
}

static enum err read_policy(struct home *h, const char *owner,
    const char *path, struct incoming *in)
{
	CLEANUP(buf_release) struct buf text = {0};
	CLEANUP(paper_charter_release) struct paper_charter c = {0};
	struct err_info *info = &h->outcome->info;

	RETURN_IF(papers_charter(h, owner, &c));
	RETURN_IF(docket_put_charter(&in->docket, bytes_buf(&c.paper.bytes), 1,
	    info));
	(void)snprintf(info->file, sizeof(info->file), "%s", path);
	RETURN_IF(fs_read_file(path, POLICY_SIZE_MAX, &text));
	return docket_put_policy(&in->docket, bytes_buf(&text), 0, info);
}

/* Ladder files are read from the register, by the policy's own digests. */
static enum err add_ladders(struct home *h, const char *owner,
    struct docket *d)
{
	for (size_t i = 0; i < d->policy.ladders_len; i++) {
		CLEANUP(paper_release) struct paper p = {0};
		const struct policy_ladder *l = &d->policy.ladders[i];
		struct register_query q = {.kind = REGISTER_LADDER,
		    .owner = owner, .name = l->name, .sha256 = l->sha256};
		enum err e = papers_find(h, &q, &p);

		if (e == ERR_NOT_FOUND)
			return err_at(&h->outcome->info, e, 0,
			    "ladders: %s of this digest is not registered; see: azukari owner ladder",
			    l->name);
		RETURN_IF(e);
		RETURN_IF(docket_put_ladder(d, l->name, bytes_buf(&p.bytes)));
	}
	return ERR_OK;
}

/* Every breach, by the rule's name. */
static enum err check_profile(struct incoming *in,
    const struct survey *survey)
{
	const struct docket *d = &in->docket;
	const struct profile_case c = {.policy = &d->policy,
	    .survey = survey, .ladders = d->files,
	    .ladders_len = d->ladders_len, .fields_only = in->judged > 0};

	in->judged++;
	return profile_judge(&c, &in->breaches);
}

static enum err check_survey(struct home *h, const char *owner,
    struct incoming *in, const struct policy_survey *s)
{
	const struct docket *d = &in->docket;
	CLEANUP(paper_release) struct paper p = {0};
	CLEANUP(survey_cleanup) struct survey *survey = NULL;
	struct register_query q = {.kind = REGISTER_SURVEY, .owner = owner,
	    .name = s->name, .version = s->version};
	struct err_info *info = &h->outcome->info;
	enum err e = papers_find(h, &q, &p);

	if (e == ERR_NOT_FOUND)
		return err_at(info, e, 0,
		    "surveys: %s version %u is not registered; see: azukari owner survey",
		    s->name, s->version);
	RETURN_IF(e);
	RETURN_IF(survey_parse(bytes_buf(&p.bytes), &survey, info));
	RETURN_IF(policy_check_survey(&d->policy, survey, p.sha256, info));
	RETURN_IF(policy_check_ladders(&d->policy, survey, d->files,
	    d->ladders_len, info));
	return check_profile(in, survey);
}

static enum err check_texts(struct home *h, const char *owner,
    const struct policy *p)
{
	for (size_t i = 0; i < p->texts_len; i++) {
		struct register_document row;
		struct register_query q = {.kind = REGISTER_CONSENT_TEXT,
		    .owner = owner, .sha256 = p->texts[i].sha256};
		enum err e = register_document_find(h->reg, &q, &row);

		if (e == ERR_NOT_FOUND)
			return err_at(&h->outcome->info, e, 0,
			    "consent_texts: \"%s\" is not registered; see: azukari consent-text add",
			    p->texts[i].title);
		RETURN_IF(e);
	}
	return ERR_OK;
}

static enum err check_all(struct home *h, const char *owner,
    struct incoming *in)
{
	struct docket *d = &in->docket;
	struct err_info *info = &h->outcome->info;

	RETURN_IF(policy_check_charter(&d->policy, &d->charter,
	    d->dcase.facts.charter_sha256, info));
	if (in->has_old)
		RETURN_IF(policy_check_successor(&in->old, in->old_sha256,
		    &d->policy, info));
	else if (d->policy.version != 1 || d->policy.has_previous)
		return err_at(info, ERR_MISMATCH, 0,
		    "version: the first policy has version 1 and no previous one");
	RETURN_IF(add_ladders(h, owner, d));
	for (size_t i = 0; i < d->policy.surveys_len; i++)
		RETURN_IF(check_survey(h, owner, in, &d->policy.surveys[i]));
	RETURN_IF(check_texts(h, owner, &d->policy));
	info->file[0] = '\0';
	if (in->breaches.len == 0)
		return ERR_OK;
	docket_tell(&(struct decision){.reasons = in->breaches}, h->outcome);
	return ERR_REFUSED;
}

static enum err read_and_check(struct home *h, const char *owner,
    const char *path, struct incoming *in)
{
	RETURN_IF(read_policy(h, owner, path, in));
	RETURN_IF(load_old(h, owner, in));
	return check_all(h, owner, in);
}

/* ---- policy check ---- */

#define LIVE_MAX 256

struct live {
	struct home *h;
	const char *owner;
	struct docket dockets[LIVE_MAX];
	struct decision_case cases[LIVE_MAX];
	size_t len;
};

static enum err add_live(void *ctx, const struct register_document *doc)
{
	struct live *l = ctx;

	if (l->len == LIVE_MAX)
		return ERR_OK;
	RETURN_IF(docket_load(l->h, l->owner, doc->name,
	    &l->dockets[l->len]));
	l->cases[l->len] = l->dockets[l->len].dcase;
	l->len++;
	return ERR_OK;
}

static void live_free(struct live **l)
{
	if (*l == NULL)
		return;
	for (size_t i = 0; i < LIVE_MAX; i++)
		docket_release(&(*l)->dockets[i]);
	free(*l);
}

enum err rules_check(struct home *h, const char *owner, const char *path,
    struct policy_diff *ret)
{
	CLEANUP(incoming_release) struct incoming in = {0};
	CLEANUP(live_free) struct live *l = calloc(1, sizeof(*l));
	struct register_query q = {.kind = REGISTER_REQUEST, .owner = owner};

	if (l == NULL)
		return ERR_NOMEM;
	l->h = h;
	l->owner = owner;
	RETURN_IF(read_and_check(h, owner, path, &in));
	if (!in.has_old) {
		outcome_add(h->outcome, OUTCOME_DONE,
		    "this is the first policy of owner %s; it is well formed",
		    "所有者%sの最初の方針です。形式は正しく、登録できます", owner);
		return ERR_OK;
	}
	RETURN_IF(register_document_each(h->reg, &q, add_live, l));
	return policy_diff_make(&in.old, &in.docket.policy,
	    in.docket.dcase.facts.policy_sha256,
	    (struct policy_diff_live){.cases = l->cases, .len = l->len}, ret);
}

/* ---- owner policy ---- */

struct signed_by {
	struct buf sig[CHARTER_SEATS_MAX];
	uint32_t seats;
};

static void signed_by_release(struct signed_by *s)
{
	for (size_t i = 0; i < CHARTER_SEATS_MAX; i++)
		buf_release(&s->sig[i]);
}

/* The seat whose key made ${armour} over the policy. */
static enum err seat_of(const struct incoming *in, struct bytes armour,
    size_t *ret)
{
	const struct charter *c = &in->docket.charter;
	struct sshsig sig;
	char ssh[SSHSIG_PUBLIC_TEXT_LEN + 1];

	RETURN_IF(sshsig_parse(armour, SSHSIG_POLICY, &sig));
	RETURN_IF(sshsig_verify(&sig, bytes_buf(&in->docket.policy_bytes)));
	sshsig_public_format(sig.public_key, ssh);
	for (size_t i = 0; i < c->seats_len; i++)
		if (strcmp(c->seats[i].ssh, ssh) == 0) {
			*ret = i;
			return ERR_OK;
		}
	return ERR_UNTRUSTED;
}

static enum err take_sig(struct home *h, const struct incoming *in,
    const char *path, struct signed_by *s)
{
	CLEANUP(buf_release) struct buf armour = {0};
	struct err_info *info = &h->outcome->info;
	size_t seat = 0;

	(void)snprintf(info->file, sizeof(info->file), "%s", path);
	RETURN_IF(fs_read_file(path, SSHSIG_ARMOUR_MAX, &armour));
	RETURN_IF(seat_of(in, bytes_buf(&armour), &seat));
	info->file[0] = '\0';
	if (s->seats & ((uint32_t)1 << seat))
		return ERR_OK;
	s->seats |= (uint32_t)1 << seat;
	return buf_append(&s->sig[seat], armour.data, armour.len);
}

static enum err put_document(struct home *h, const struct incoming *in,
    const struct signed_by *s, int64_t act)
{
	const struct policy *p = &in->docket.policy;
	const struct charter *c = &in->docket.charter;
	struct register_document doc = {.kind = REGISTER_POLICY,
	    .version = p->version, .added_unix_s = h->now_unix_s, .act = act};
	int64_t id;

	memcpy(doc.owner, p->owner, 3);
	memcpy(doc.sha256, in->docket.dcase.facts.policy_sha256, DIGEST_LEN);
	RETURN_IF(register_document_add(h->reg, &doc,
	    bytes_buf(&in->docket.policy_bytes), &id));
	for (size_t i = 0; i < c->seats_len; i++)
		if (s->seats & ((uint32_t)1 << i))
			RETURN_IF(register_signature_add(h->reg, id,
			    c->seats[i].name, bytes_buf(&s->sig[i]), act));
	return ERR_OK;
}

/* ---- who cosigns ---- */

/* The witnesses that the policy names, out of a file or the register. */
struct named {
	struct witness_set set;         /* empty: none */
	int is_new;                     /* to the register */
};

static void named_release(struct named *n)
{
	witness_set_release(&n->set);
}

static enum err read_witnesses(struct home *h, const char *path,
    struct witness_set *ret)
{
	CLEANUP(buf_release) struct buf bytes = {0};
	struct err_info *info = &h->outcome->info;

	(void)snprintf(info->file, sizeof(info->file), "%.250s", path);
	RETURN_IF(fs_read_file(path, POLICY_FILE_MAX, &bytes));
	RETURN_IF(witness_set_take(h, bytes_buf(&bytes), ret));
	info->file[0] = '\0';
	return ERR_OK;
}

static enum err find_witnesses(struct home *h, const struct policy *p,
    const char *path, struct named *ret)
{
	enum err e = ERR_NOT_FOUND;

	if (!p->has_witness_policy)
		return path == NULL ? ERR_OK : outcome_refuse(h->outcome,
		    ERR_MISMATCH,
		    "%s is given, but witnesses.policy_sha256 of the policy is null",
		    "%sが指定されましたが、方針の witnesses.policy_sha256 は null です",
		    path);
	if (path != NULL)
		RETURN_IF(read_witnesses(h, path, &ret->set));
	if (path != NULL && memcmp(ret->set.sha256, p->witness_policy_sha256,
	    DIGEST_LEN) != 0)
		return outcome_refuse(h->outcome, ERR_MISMATCH,
		    "%s is not the file whose digest the policy names as witnesses.policy_sha256",
		    "%sは、方針の witnesses.policy_sha256 が示すファイルではありません",
		    path);
	if (path == NULL)
		e = witness_set_load(h, p->witness_policy_sha256, &ret->set);
	else
		ret->is_new = 1;
	if (path != NULL || e == ERR_OK)
		return ERR_OK;
	return e != ERR_NOT_FOUND ? e : outcome_refuse(h->outcome, e,
	    "the policy names witnesses: give their file (C2SP tlog-policy) with --witnesses FILE",
	    "方針が立会人を定めています。そのファイル（C2SP tlog-policy）を --witnesses FILE で指定してください");
}

static enum err next_witness_version(struct home *h, const char *owner,
    const struct named *n, uint64_t *ret)
{
	struct register_query q = {.kind = REGISTER_WITNESS_POLICY,
	    .owner = owner};
	struct register_document doc;
	enum err e = register_document_find(h->reg, &q, &doc);

	*ret = e == ERR_OK ? doc.version + 1 : 1;
	RETURN_IF(e == ERR_NOT_FOUND ? ERR_OK : e);
	q.sha256 = n->set.sha256;
	return register_document_find(h->reg, &q, &doc) == ERR_OK ?
	    ERR_EXISTS : ERR_OK;
}

static enum err put_witnesses(struct act *a, const struct incoming *in,
    const struct named *n)
{
	struct home *h = a->home;
	struct register_document doc = {.kind = REGISTER_WITNESS_POLICY,
	    .added_unix_s = h->now_unix_s};
	struct entry_writer w;
	int64_t id;
	enum err e;

	if (n->set.file == NULL)
		return ERR_OK;
	act_entry(a, ENTRY_WITNESS_POLICY, in->docket.policy.owner, &w);
	entry_put_hex(&w, "policy-sha256",
	    in->docket.dcase.facts.policy_sha256, DIGEST_LEN);
	entry_put_hex(&w, "witness-policy-sha256", n->set.sha256, DIGEST_LEN);
	RETURN_IF(act_entry_end(a, &w, &doc.act));
	memcpy(doc.owner, in->docket.policy.owner, 3);
	memcpy(doc.sha256, n->set.sha256, DIGEST_LEN);
	e = n->is_new ? next_witness_version(h, doc.owner, n, &doc.version) :
	    ERR_EXISTS;
	if (e == ERR_EXISTS)
		return ERR_OK;
	RETURN_IF(e);
	return register_document_add(h->reg, &doc, bytes_buf(&n->set.bytes),
	    &id);
}

static enum err put_in_force(struct home *h, const struct incoming *in,
    const struct signed_by *s, const struct named *n)
{
	CLEANUP(act_abort) struct act a = {0};
	const struct policy *p = &in->docket.policy;
	struct entry_writer w;
	int64_t act;

	RETURN_IF(act_begin(h, register_db(h->reg), &a));
	act_entry(&a, ENTRY_POLICY, p->owner, &w);
	entry_put_uint(&w, "version", p->version);
	entry_put_hex(&w, "policy-sha256",
	    in->docket.dcase.facts.policy_sha256, DIGEST_LEN);
	if (in->has_old)
		entry_put_hex(&w, "previous", in->old_sha256, DIGEST_LEN);
	else
		entry_put(&w, "previous", "-");
	RETURN_IF(act_entry_end(&a, &w, &act));
	RETURN_IF(put_document(h, in, s, act));
	RETURN_IF(put_witnesses(&a, in, n));
	return act_commit(&a);
}

enum err rules_put(struct home *h, const struct rules_put_args *args)
{
	CLEANUP(incoming_release) struct incoming in = {0};
	CLEANUP(signed_by_release) struct signed_by s = {0};
	CLEANUP(named_release) struct named n = {0};

	RETURN_IF(read_and_check(h, args->owner, args->path, &in));
	for (size_t i = 0; i < args->sigs_len; i++)
		RETURN_IF(take_sig(h, &in, args->sigs[i], &s));
	if (!charter_has_quorum(&in.docket.charter, s.seats))
		return outcome_refuse(h->outcome, ERR_THRESHOLD,
		    "a policy needs the signatures of %u seats of the charter in force",
		    "方針には現行憲章の%u席の署名が必要です",
		    in.docket.charter.threshold);
	RETURN_IF(find_witnesses(h, &in.docket.policy, args->witnesses, &n));
	RETURN_IF(put_in_force(h, &in, &s, &n));
	outcome_add(h->outcome, OUTCOME_DONE,
	    "policy version %llu of owner %s is in force",
	    "所有者%2$sの方針第%1$llu版が発効しました",
	    (unsigned long long)in.docket.policy.version, args->owner);
	return ERR_OK;
}
