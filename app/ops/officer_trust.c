/* Whose papers are these?  The charter stands on what this officer signed or
 * remembers, everything else on the charter. */
#include <stdio.h>
#include <string.h>

#include "app/ballot.h"
#include "app/ops/officer_internal.h"

/* ---- the charter ---- */

struct trust {
	struct charter old;             /* remembered */
	int has_old;
	uint8_t old_sha256[DIGEST_LEN];
	struct charter_signers signers;
};

static void trust_release(struct trust *t)
{
	charter_release(&t->old);
}

static enum err remembered(const struct officer *w, struct trust *t,
    struct outcome *o)
{
	const struct buf *bytes = &w->memory.charter;

	if (bytes->len == 0)
		return ERR_OK;
	digest_sha256(bytes_buf(bytes), t->old_sha256);
	t->has_old = 1;
	officer_at(o, "charter.txt");
	if (charter_parse(bytes_buf(bytes), &t->old, NULL) != ERR_OK)
		return err_at(&o->info, ERR_CORRUPT, 0,
		    "the charter remembered on this machine is damaged");
	return ERR_OK;
}

/* The seat that holds a key, as a bit; 0: none. */
static uint32_t seat_of_key(const struct charter *c,
    const uint8_t key[SSHSIG_PUBLIC_LEN])
{
	char ssh[SSHSIG_PUBLIC_TEXT_LEN + 1];

	sshsig_public_format(key, ssh);
	for (size_t i = 0; i < c->seats_len; i++)
		if (strcmp(c->seats[i].ssh, ssh) == 0)
			return (uint32_t)1 << i;
	return 0;
}

/* One signature, by a seat of this charter or of the one remembered.  Of a
 * later charter some signers may have had keys that only the charter before
 * knew: what is not known here does not count. */
static enum err charter_sig(struct officer *w, const char *file,
    struct trust *t, struct outcome *o)
{
	const struct charter *c = &w->docket.charter;
	struct sshsig sig;
	struct bytes armour;
	uint32_t now, before = 0;

	RETURN_IF(officer_need(w, file, &armour, o));
	if (sshsig_parse(armour, SSHSIG_CHARTER, &sig) != ERR_OK ||
	    sshsig_verify(&sig, bytes_buf(&w->docket.charter_bytes)) != ERR_OK)
		return err_at(&o->info, ERR_SIGNATURE, 0,
		    "it is not a signature of charter.txt");
	now = seat_of_key(c, sig.public_key);
	if (t->has_old)
		before = seat_of_key(&t->old, sig.public_key);
	if ((now | before) == 0 && c->version == 1)
		return err_at(&o->info, ERR_UNTRUSTED, 0,
		    "it is not by a seat of the charter");
	t->signers.new_seats |= now;
	t->signers.old_seats |= before;
	return ERR_OK;
}

static enum err charter_sigs(struct officer *w, struct trust *t,
    struct outcome *o)
{
	char seat[40];

	for (size_t i = 0; i < w->pack.len; i++) {
		const char *name = w->pack.files[i].name;

		if (officer_between(name, "charter.", ".sig", seat))
			RETURN_IF(charter_sig(w, name, t, o));
	}
	return ERR_OK;
}

/* The first charter is in force only with every seat's signature. */
static enum err check_first(const struct officer *w, const struct trust *t,
    struct outcome *o)
{
	struct charter_change change = {0};

	if (w->docket.charter.version != 1)
		return ERR_OK;
	RETURN_IF(charter_change_check(NULL, NULL, &w->docket.charter,
	    t->signers, &change));
	if (change.in_force)
		return ERR_OK;
	officer_at(o, "charter.txt");
	return err_at(&o->info, ERR_THRESHOLD, 0,
	    "the first charter must be signed by all its seats");
}

static int follows(const struct officer *w, const struct trust *t)
{
	struct charter_change change = {0};

	return charter_change_check(&t->old, t->old_sha256,
	    &w->docket.charter, t->signers, &change) == ERR_OK &&
	    change.in_force;
}

/* How this officer knows the charter; refused when nothing vouches for it. */
static enum err vouch(const struct officer *w, const struct trust *t,
    struct outcome *o)
{
	const uint8_t *sha256 = w->docket.dcase.facts.charter_sha256;

	o->info.file[0] = '\0';
	if (w->args.charter_sha256 != NULL) {
		if (memcmp(w->args.charter_sha256, sha256, DIGEST_LEN) == 0)
			return ERR_OK;
		return outcome_refuse(o, ERR_MISMATCH,
		    "the charter in the packet is not the one whose digest was given",
		    "ファイルにある憲章は、指定されたダイジェストのものではありません");
	}
	if (t->has_old) {
		if (memcmp(t->old_sha256, sha256, DIGEST_LEN) == 0 ||
		    follows(w, t))
			return ERR_OK;
		outcome_add(o, OUTCOME_HINT,
		    "ask another officer for sha256sum charter.txt, and give it: --charter-sha256 DIGEST",
		    "他の保管官に sha256sum charter.txt の値を確かめ、--charter-sha256 で指定してください");
		return outcome_refuse(o, ERR_UNTRUSTED,
		    "the charter in the packet neither is the one known here nor follows from it by its seats' signatures",
		    "ファイルにある憲章は、この機械が知るものではなく、その席の署名で引き継がれたものでもありません");
	}
	if (t->signers.new_seats >> w->seat & 1)
		return ERR_OK;
	outcome_add(o, OUTCOME_HINT,
	    "ask another officer for sha256sum charter.txt, and give it: --charter-sha256 DIGEST",
	    "他の保管官に sha256sum charter.txt の値を確かめ、--charter-sha256 で指定してください");
	return outcome_refuse(o, ERR_UNTRUSTED,
	    "this machine knows no charter of owner %s, and this identity has not signed the one in the packet",
	    "この機械は所有者%sの憲章を知らず、ファイルの憲章にこの鍵の署名もありません",
	    w->docket.charter.owner);
}

enum err officer_check_charter(struct officer *w, struct outcome *o)
{
	CLEANUP(trust_release) struct trust t = {0};

	RETURN_IF(remembered(w, &t, o));
	RETURN_IF(charter_sigs(w, &t, o));
	RETURN_IF(check_first(w, &t, o));
	RETURN_IF(vouch(w, &t, o));
	w->docket.dcase.facts.charter_in_force = 1;
	if (t.has_old)
		outcome_add(o, OUTCOME_CHECK,
		    "the charter is the one known here, or follows from it",
		    "憲章は、この機械が知るものか、それを引き継ぐものです");
	else
		outcome_add(o, OUTCOME_CHECK,
		    "the charter is signed by this identity",
		    "憲章にはこの鍵の署名があります");
	return ERR_OK;
}

/* ---- policy, request, survey, ladders ---- */

static enum err check_policy(struct officer *w, struct outcome *o)
{
	const struct charter *c = &w->docket.charter;
	struct bytes policy, sig;
	uint32_t signers = 0;
	char seat[40];

	RETURN_IF(officer_need(w, "policy.json", &policy, o));
	for (size_t i = 0; i < w->pack.len; i++) {
		const char *name = w->pack.files[i].name;

		if (!officer_between(name, "policy.", ".sig", seat))
			continue;
		RETURN_IF(officer_need(w, name, &sig, o));
		if (!ballot_seat_signed(c, seat, SSHSIG_POLICY, sig, policy))
			return err_at(&o->info, ERR_SIGNATURE, 0,
			    "it is not a signature of policy.json by seat %s",
			    seat);
		signers |= (uint32_t)1 << charter_seat_index(c, seat);
	}
	officer_at(o, "policy.json");
	if (!charter_has_quorum(c, signers))
		return err_at(&o->info, ERR_THRESHOLD, 0,
		    "it is not signed by %u seats", c->threshold);
	RETURN_IF(docket_put_policy(&w->docket, policy, signers, &o->info));
	outcome_add(o, OUTCOME_CHECK, "the policy is signed by the seats",
	    "方針は各席の署名があります");
	return ERR_OK;
}

static enum err check_request(struct officer *w, struct outcome *o)
{
	struct bytes request, sig;

	RETURN_IF(officer_need(w, "request.txt.sig", &sig, o));
	RETURN_IF(officer_need(w, "request.txt", &request, o));
	RETURN_IF(docket_put_request(&w->docket, request, sig, &o->info));
	officer_at(o, "request.txt.sig");
	if (!w->docket.dcase.facts.request_signature_ok)
		return err_at(&o->info, ERR_SIGNATURE, 0,
		    "it is not a signature of request.txt by its requester-key");
	return ERR_OK;
}

static enum err check_survey(struct officer *w, struct outcome *o)
{
	const struct request *r = &w->docket.request;
	const struct policy_survey *known = policy_find_survey(
	    &w->docket.policy, r->survey_name, r->survey_version);
	struct bytes survey;

	RETURN_IF(officer_need(w, "survey.json", &survey, o));
	RETURN_IF(docket_put_survey(&w->docket, survey, &o->info));
	if (known == NULL || memcmp(known->sha256,
	    w->docket.dcase.facts.survey_sha256, DIGEST_LEN) != 0)
		return err_at(&o->info, ERR_MISMATCH, 0,
		    "it is not the survey that the policy names");
	return ERR_OK;
}

static enum err check_ladder(struct officer *w, const char *file,
    const char *name, struct outcome *o)
{
	const struct policy_ladder *known =
	    policy_find_ladder(&w->docket.policy, name);
	uint8_t sha256[DIGEST_LEN];
	struct bytes bytes;

	RETURN_IF(officer_need(w, file, &bytes, o));
	digest_sha256(bytes, sha256);
	if (known == NULL || memcmp(known->sha256, sha256, DIGEST_LEN) != 0)
		return err_at(&o->info, ERR_MISMATCH, 0,
		    "it is not a ladder that the policy names");
	return docket_put_ladder(&w->docket, known->name, bytes);
}

/* What was released before: the plan, checked later, names its digest. */
static enum err check_prior(struct officer *w, struct outcome *o)
{
	struct bytes text;

	if (!officer_may(w, "prior-releases.txt", &text))
		return ERR_OK;
	officer_at(o, "prior-releases.txt");
	return docket_put_prior(&w->docket, text, &o->info);
}

enum err officer_check_papers(struct officer *w, struct outcome *o)
{
	char name[40];

	RETURN_IF(check_policy(w, o));
	RETURN_IF(check_request(w, o));
	RETURN_IF(check_survey(w, o));
	RETURN_IF(check_prior(w, o));
	for (size_t i = 0; i < w->pack.len; i++) {
		const char *file = w->pack.files[i].name;

		if (officer_between(file, "ladders/", "", name))
			RETURN_IF(check_ladder(w, file, name, o));
	}
	return ERR_OK;
}
