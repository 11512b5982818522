/* This seat's own shares: opened one by one and held against epoch.txt. */
#include <stdio.h>
#include <string.h>

#include "app/ops/officer_internal.h"
#include "keys/arrangement.h"
#include "keys/share.h"

/* What the plan says of an epoch; NULL members where there is no plan. */
struct expected {
	const uint8_t *sha256;
	const struct plan_epoch *epoch;         /* NULL: one of the others */
	const struct plan_key *key;             /* NULL: the project's */
};

static enum err numbered(char ret[PACK_NAME_MAX + 1], const char *folder,
    size_t number, const char *suffix)
{
	int len = snprintf(ret, PACK_NAME_MAX + 1, "%s/%05zu%s", folder,
	    number, suffix);

	return len < 0 || len > PACK_NAME_MAX ? ERR_LIMIT : ERR_OK;
}

/* ---- is it the epoch that the plan is about? ---- */

static int is_project(const struct officer *w, const struct epoch *e)
{
	char subject[EPOCH_SUBJECT_MAX + 1];

	(void)snprintf(subject, sizeof(subject), "project %s %s",
	    w->plan.project, w->plan.partner);
	return e->facts.kind == EPOCH_KIND_PROJECT &&
	    strcmp(e->facts.subject, subject) == 0 &&
	    memcmp(e->facts.subject_sha256, w->plan.recipient_sha256,
	    DIGEST_LEN) == 0;
}

static int is_memory(const struct epoch *e, const struct plan_key *k)
{
	return k->purpose == PLAN_KEY_MEMORY &&
	    e->facts.kind == EPOCH_KIND_PROJECT &&
	    strcmp(e->facts.subject, "memory") == 0 &&
	    memcmp(e->facts.id, k->id, sizeof(k->id)) == 0;
}

static int is_answers(const struct officer *w, const struct epoch *e,
    const struct plan_epoch *p)
{
	char subject[EPOCH_SUBJECT_MAX + 1];

	if (e->facts.kind != EPOCH_KIND_EPOCH || e->day != p->day ||
	    memcmp(e->facts.id, p->id, sizeof(p->id)) != 0)
		return 0;
	if (strcmp(e->facts.subject, "register") == 0)
		return 1;
	(void)snprintf(subject, sizeof(subject), "survey %s %u",
	    w->plan.survey_name, w->plan.survey_version);
	return strcmp(e->facts.subject, subject) == 0 &&
	    memcmp(e->facts.subject_sha256, w->plan.survey_sha256,
	    DIGEST_LEN) == 0;
}

static enum err check_subject(const struct officer *w, const struct epoch *e,
    const struct expected *want, struct outcome *o)
{
	if (strcmp(e->facts.owner, w->docket.charter.owner) != 0)
		return err_at(&o->info, ERR_MISMATCH, 0,
		    "it is of another owner");
	if (want->sha256 == NULL)
		return ERR_OK;
	if (memcmp(e->sha256, want->sha256, DIGEST_LEN) != 0)
		return err_at(&o->info, ERR_MISMATCH, 0,
		    "it is not the epoch that the plan names");
	if (want->epoch != NULL ? is_answers(w, e, want->epoch) :
	    want->key != NULL ? is_memory(e, want->key) : is_project(w, e))
		return ERR_OK;
	return err_at(&o->info, ERR_MISMATCH, 0,
	    "it is an epoch of something else than the plan is about");
}

/* ---- one share ---- */

static enum err open_share(struct officer *w, struct bytes file,
    struct buf *text)
{
	const struct secret *identities[1] = {
		identity_open_secret(w->args.identity)};
	const struct age_keys keys = {.identities = identities,
	    .identities_len = 1};

	return share_open(&keys, file, text);
}

static enum err check_share(struct officer *w, const char *name,
    const struct epoch *e, const struct epoch_seats *in_force,
    struct outcome *o)
{
	CLEANUP(buf_release) struct buf text = {0};
	SECRET_BYTES(value, EPOCH_KEY_LEN);
	struct share share;
	struct bytes file;
	enum err err;

	RETURN_IF(officer_need(w, name, &file, o));
	err = open_share(w, file, &text);
	if (err != ERR_OK)
		return err_at(&o->info, err, 0,
		    "this share cannot be opened with this identity");
	RETURN_IF(share_parse(bytes_buf(&text), &share, value, &o->info));
	if (strcmp(share.seat, officer_seat(w)) != 0)
		return err_at(&o->info, ERR_MISMATCH, 0,
		    "it is the share of seat %s, this identity is seat %s",
		    share.seat, officer_seat(w));
	RETURN_IF(share_check(&share, e, in_force, &o->info));
	return buf_append(&w->shares, text.data, text.len);
}

static enum err check_one(struct officer *w, size_t number,
    const struct expected *want, struct outcome *o)
{
	char name[PACK_NAME_MAX + 1];
	struct bytes bytes;
	struct epoch e;
	struct arrangement a;
	int arranged;

	RETURN_IF(numbered(name, "epochs", number, ".txt"));
	RETURN_IF(officer_need(w, name, &bytes, o));
	RETURN_IF(epoch_parse(bytes, &e, &o->info));
	RETURN_IF(check_subject(w, &e, want, o));
	RETURN_IF(numbered(name, "arrangements", number, ".txt"));
	arranged = officer_may(w, name, &bytes);
	if (arranged) {
		officer_at(o, name);
		RETURN_IF(arrangement_parse(bytes, &e, &a, &o->info));
	}
	RETURN_IF(numbered(name, "shares", number, ".age"));
	RETURN_IF(check_share(w, name, &e, arranged ? &a.seats : NULL, o));
	w->shares_len++;
	if (want->epoch != NULL && strcmp(e.facts.subject, "register") != 0)
		w->records += want->epoch->records;
	return ERR_OK;
}

/* ---- all of them ---- */

struct tally {
	enum err first;
	struct err_info info;           /* of the first */
	size_t bad;
};

/* A custodian wants to know of every bad one, not only the first. */
static void tell_bad(struct tally *t, enum err e, struct outcome *o)
{
	if (t->bad == 0) {
		t->first = e;
		t->info = o->info;
	}
	t->bad++;
	if (t->bad <= 20)
		outcome_add(o, OUTCOME_REASON, "%1$s: %2$s", "%1$s：%3$s（%2$s）",
		    o->info.file, o->info.message[0] != '\0' ?
		    o->info.message : outcome_error_text(e, 0),
		    outcome_error_text(e, 1));
	o->info.message[0] = '\0';
}

static enum err finish(struct tally *t, struct outcome *o)
{
	if (t->bad == 0)
		return ERR_OK;
	o->info = t->info;
	return t->first;
}

static enum err read_epochs(struct officer *w, struct outcome *o)
{
	uint8_t sha256[DIGEST_LEN];
	struct bytes text;

	RETURN_IF(officer_need(w, "epochs.txt", &text, o));
	digest_sha256(text, sha256);
	if (memcmp(sha256, w->plan.epochs_sha256, DIGEST_LEN) != 0)
		return err_at(&o->info, ERR_MISMATCH, 0,
		    "it is not the list that plan.txt names");
	return plan_epochs_parse(text, &w->epochs, &o->info);
}

/* Epochs, then the plan's other keys, the project's last. */
static struct expected expected_at(const struct officer *w, size_t i)
{
	const struct plan_epoch *p;

	if (i < w->epochs.len) {
		p = &w->epochs.items[i];
		return (struct expected){.epoch = p, .sha256 = p->sha256};
	}
	i -= w->epochs.len;
	if (i < w->plan.also_keys_len)
		return (struct expected){.key = &w->plan.also_keys[i],
		    .sha256 = w->plan.also_keys[i].sha256};
	return (struct expected){.sha256 = w->plan.project_epoch_sha256};
}

static enum err check_of_plan(struct officer *w, struct outcome *o)
{
	struct tally t = {0};

	RETURN_IF(read_epochs(w, o));
	for (size_t i = 0; i <= w->epochs.len + w->plan.also_keys_len; i++) {
		const struct expected want = expected_at(w, i);
		enum err e = check_one(w, i + 1, &want, o);

		if (e != ERR_OK)
			tell_bad(&t, e, o);
	}
	RETURN_IF(finish(&t, o));
	outcome_add(o, OUTCOME_CHECK,
	    "all %llu shares of seat %s open and are those of the plan's epochs",
	    "席%2$sのシェア%1$llu件を開き、計画のものであることを確認しました",
	    (unsigned long long)w->shares_len, officer_seat(w));
	return ERR_OK;
}

/* A packet of all shares has no plan: as many as there are. */
static enum err check_without_plan(struct officer *w, struct outcome *o)
{
	const struct expected any = {0};
	struct tally t = {0};

	for (size_t n = 1; pack_find_numbered(&w->pack, "epochs", n,
	    ".txt") != NULL; n++) {
		enum err e = check_one(w, n, &any, o);

		if (e != ERR_OK)
			tell_bad(&t, e, o);
	}
	return finish(&t, o);
}

enum err officer_check_epochs(struct officer *w, struct outcome *o)
{
	struct bytes plan;

	if (w->plan.text == NULL && officer_may(w, "plan.txt", &plan)) {
		officer_at(o, "plan.txt");
		RETURN_IF(plan_parse(plan, &w->plan, &o->info));
	}
	return w->plan.text != NULL ? check_of_plan(w, o) :
	    check_without_plan(w, o);
}
