#include "app/ops/accept.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/ops/accept_internal.h"
#include "app/ops/plans.h"
#include "keys/share.h"
#include "keys/sshsig.h"

#define TEXT_FILE_MAX ((size_t)64 << 10)

static void accept_free(struct accept **a)
{
	if (*a == NULL)
		return;
	ballot_release(&(*a)->ballot);
	pack_release(&(*a)->pack);
	free(*a);
}

/* ---- reading: a packet, or one text made by hand ---- */

struct kind {
	const char *member, *sig, *first_line;
	size_t text;                    /* offset in struct accept */
};

static const struct kind kinds[] = {
	{"approval.txt", "approval.txt.sig", "azukari-approval v1\n",
	    offsetof(struct accept, approval)},
	{"release.txt", "release.txt.sig", "azukari-release v1\n",
	    offsetof(struct accept, release)},
	{"denial.txt", "denial.txt.sig", "azukari-denial v1\n",
	    offsetof(struct accept, denial)},
	{"revocation.txt", "revocation.txt.sig", "azukari-revocation v1\n",
	    offsetof(struct accept, revocation)},
};

static enum err read_file(struct accept *a, const char *path, size_t max,
    const char *member)
{
	CLEANUP(buf_release) struct buf bytes = {.max = max};
	struct err_info *info = &a->h->outcome->info;

	(void)snprintf(info->file, sizeof(info->file), "%s", path);
	RETURN_IF(fs_read_file(path, max, &bytes));
	info->file[0] = '\0';
	return pack_add(&a->pack, member, bytes_buf(&bytes));
}

static enum err need_option(struct accept *a, const char *en, const char *ja)
{
	return outcome_refuse(a->h->outcome, ERR_USAGE, en, ja);
}

/* approval.txt and the like, with --sig and, for a release, --shares. */
static enum err read_text(struct accept *a, const struct accept_args *args,
    const struct kind *k)
{
	int release = strcmp(k->member, "release.txt") == 0;

	if (args->sig == NULL)
		return need_option(a,
		    "a text made by hand needs its signature: --sig FILE",
		    "手で作った文書には署名が必要です: --sig ファイル");
	if (release != (args->shares != NULL))
		return need_option(a,
		    "--shares FILE goes with release.txt, and only with it",
		    "--shares ファイルは release.txt とともに指定します");
	RETURN_IF(read_file(a, args->answer, TEXT_FILE_MAX, k->member));
	RETURN_IF(read_file(a, args->sig, SSHSIG_ARMOUR_MAX, k->sig));
	if (!release)
		return ERR_OK;
	return read_file(a, args->shares, SHARE_LIST_MAX, "shares.age");
}

/* What kind of text ${path} begins with; NULL: none. */
static enum err kind_of_file(struct accept *a, const char *path,
    const struct kind **ret)
{
	struct err_info *info = &a->h->outcome->info;
	CLEANUP(fs_fd_cleanup) int fd = open(path, O_RDONLY | O_CLOEXEC);
	char head[32];
	ssize_t len;

	(void)snprintf(info->file, sizeof(info->file), "%s", path);
	if (fd < 0)
		return err_at(info, ERR_NOT_FOUND, 0, "cannot be opened");
	len = read(fd, head, sizeof(head));
	if (len < 0)
		return ERR_IO;
	info->file[0] = '\0';
	*ret = NULL;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if ((size_t)len >= strlen(kinds[i].first_line) &&
		    memcmp(head, kinds[i].first_line,
		    strlen(kinds[i].first_line)) == 0)
			*ret = &kinds[i];
	return ERR_OK;
}

static enum err refuse_member(struct accept *a, const char *member,
    const char *why)
{
	struct err_info *info = &a->h->outcome->info;

	(void)snprintf(info->file, sizeof(info->file), "%s", member);
	return err_at(info, ERR_UNKNOWN, 0, "%s", why);
}

static struct accept_text *text_of(struct accept *a, const struct kind *k)
{
	return (struct accept_text *)(void *)((char *)a + k->text);
}

static enum err take_kind(struct accept *a, const struct kind *k,
    size_t *ret_taken)
{
	struct err_info *info = &a->h->outcome->info;
	struct accept_text *t = text_of(a, k);

	if (pack_find(&a->pack, k->member) == NULL)
		return ERR_OK;
	RETURN_IF(pack_need(&a->pack, k->member, &t->text, info));
	RETURN_IF(pack_need(&a->pack, k->sig, &t->sig, info));
	digest_sha256(t->text, t->sha256);
	digest_sha256(t->sig, t->sig_sha256);
	*ret_taken += 2;
	return ERR_OK;
}

/* An approval, perhaps with a release; or a denial; or a revocation. */
static enum err sort_members(struct accept *a)
{
	size_t taken = 0, alone;

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		RETURN_IF(take_kind(a, &kinds[i], &taken));
	if (a->release.text.len > 0) {
		RETURN_IF(pack_need(&a->pack, "shares.age", &a->shares,
		    &a->h->outcome->info));
		taken++;
	}
	alone = (size_t)(a->denial.text.len > 0) +
	    (size_t)(a->revocation.text.len > 0);
	if (taken == 0 || taken != a->pack.len || alone > 1 ||
	    (alone == 1 && taken != 2))
		return refuse_member(a, a->pack.folder,
		    "it is not the answer of an officer: an approval, perhaps with a release, or a denial, or a revocation");
	return ERR_OK;
}

static enum err read_answer(struct accept *a, const struct accept_args *args)
{
	const struct kind *k;

	RETURN_IF(kind_of_file(a, args->answer, &k));
	if (k != NULL)
		RETURN_IF(read_text(a, args, k));
	else if (args->sig != NULL || args->shares != NULL)
		return need_option(a,
		    "--sig and --shares go with a text made by hand, not with a packet",
		    "--sig と --shares は手で作った文書とともに指定します");
	else
		RETURN_IF(pack_read(args->answer, &a->pack,
		    &a->h->outcome->info));
	return sort_members(a);
}

/* ---- whose plan, whose seat ---- */

static enum err foreign(struct accept *a, const char *seat)
{
	return outcome_refuse(a->h->outcome, ERR_MISMATCH,
	    "what seat %s sent is about another plan, owner or charter than %s",
	    "席%sの文書は、%sとは別の計画・所有者・憲章のものです", seat,
	    a->ballot.row.id);
}

enum err accept_load(struct accept *a, const struct accept_claim *c)
{
	struct ballot *b = &a->ballot;

	if (a->only_plan != NULL && strcmp(a->only_plan, c->plan) != 0)
		return outcome_refuse(a->h->outcome, ERR_MISMATCH,
		    "this answer is not about %s",
		    "%sについての回答ではありません", a->only_plan);
	if (b->plan.text == NULL)
		RETURN_IF(ballot_load(a->h, c->plan, b));
	if (strcmp(c->plan, b->row.id) != 0 ||
	    strcmp(c->owner, b->row.owner) != 0 ||
	    memcmp(c->plan_sha256, b->row.sha256, DIGEST_LEN) != 0 ||
	    memcmp(b->charter.paper.sha256, b->plan.charter_sha256,
	    DIGEST_LEN) != 0)
		return foreign(a, c->seat);
	if (charter_seat(&b->charter.charter, c->seat) == NULL)
		return outcome_refuse(a->h->outcome, ERR_UNTRUSTED,
		    "owner %s has no seat %s", "所有者%sに席%sはありません",
		    b->row.owner, c->seat);
	if (b->row.state == REGISTER_PLAN_ENDED)
		return outcome_refuse(a->h->outcome, strcmp(b->row.why,
		    "expired") == 0 ? ERR_EXPIRED : ERR_STATE,
		    "%s has ended: %s", "%sは終了しています: %s", b->row.id,
		    b->row.why);
	(void)snprintf(a->result->plan, sizeof(a->result->plan), "%s",
	    b->row.id);
	(void)snprintf(a->result->seat, sizeof(a->result->seat), "%s",
	    c->seat);
	return ERR_OK;
}

enum err accept_signed(struct accept *a, const struct accept_text *t,
    const char *seat, enum sshsig_ns ns)
{
	const struct charter_seat *s =
	    charter_seat(&a->ballot.charter.charter, seat);
	uint8_t key[SSHSIG_PUBLIC_LEN];
	enum err e;

	RETURN_IF(sshsig_public_parse(bytes_str(s->ssh), key));
	e = sshsig_check(t->sig, ns, key, t->text);
	if (e == ERR_UNTRUSTED)
		return outcome_refuse(a->h->outcome, e,
		    "the signature is not by the key of seat %s",
		    "署名は席%sの鍵によるものではありません", seat);
	if (e != ERR_OK)
		return outcome_refuse(a->h->outcome, ERR_SIGNATURE,
		    "the signature of seat %s does not verify (%s)",
		    "席%sの署名が検証できません（%s）", seat,
		    sshsig_ns_name(ns));
	return ERR_OK;
}

/* ---- the register ---- */

enum err accept_still_frozen(struct accept *a)
{
	struct register_plan now;

	RETURN_IF(register_plan_get(a->h->reg, a->ballot.row.id, &now));
	return now.state == REGISTER_PLAN_FROZEN ? ERR_OK : ERR_CHANGED;
}

enum err accept_put(struct accept *a, enum register_kind kind,
    const char *seat, const struct accept_text *t, int64_t act)
{
	struct register_document doc = {.kind = kind,
	    .added_unix_s = a->h->now_unix_s, .act = act};
	int64_t id;

	memcpy(doc.owner, a->ballot.row.owner, 3);
	(void)snprintf(doc.subject, sizeof(doc.subject), "%s",
	    a->ballot.row.id);
	(void)snprintf(doc.name, sizeof(doc.name), "%s", seat);
	memcpy(doc.sha256, t->sha256, DIGEST_LEN);
	RETURN_IF(register_document_add(a->h->reg, &doc, t->text, &id));
	return register_signature_add(a->h->reg, id, seat, t->sig, act);
}

enum err accept_known(struct accept *a, enum register_kind kind,
    const char *seat, const struct accept_text *t, int *ret)
{
	const struct register_query q = {.kind = kind,
	    .owner = a->ballot.row.owner, .subject = a->ballot.row.id,
	    .name = seat};
	struct register_document doc;
	enum err e = register_document_find(a->h->reg, &q, &doc);

	*ret = 0;
	if (e == ERR_NOT_FOUND)
		return ERR_OK;
	RETURN_IF(e);
	if (memcmp(doc.sha256, t->sha256, DIGEST_LEN) != 0)
		return outcome_refuse(a->h->outcome, ERR_EXISTS,
		    "seat %s has answered %s already, with another text",
		    "席%sは%sに、すでに別の文書で回答しています", seat,
		    a->ballot.row.id);
	*ret = 1;
	return ERR_OK;
}

/* ---- all of it ---- */

static enum err take_in(struct accept *a)
{
	if (a->denial.text.len > 0)
		return accept_stop(a, VOTES_DENIAL);
	if (a->revocation.text.len > 0)
		return accept_stop(a, VOTES_REVOCATION);
	if (a->approval.text.len > 0)
		RETURN_IF(accept_approval(a));
	if (a->release.text.len > 0)
		RETURN_IF(accept_release(a));
	return ERR_OK;
}

/* A release beside an approval is of the same seat, for the same plan: they
 * take effect together or not at all. */
static enum err check_together(struct accept *a)
{
	CLEANUP(votes_approval_release) struct votes_approval v = {0};
	CLEANUP(votes_release_release) struct votes_release r = {0};
	struct err_info *info = &a->h->outcome->info;

	if (a->approval.text.len == 0 || a->release.text.len == 0)
		return ERR_OK;
	(void)strcpy(info->file, "approval.txt");
	RETURN_IF(votes_approval_parse(a->approval.text, &v, info));
	(void)strcpy(info->file, "release.txt");
	RETURN_IF(votes_release_parse(a->release.text, &r, info));
	info->file[0] = '\0';
	if (memcmp(v.plan_sha256, r.plan_sha256, DIGEST_LEN) != 0 ||
	    strcmp(v.plan, r.plan) != 0)
		return outcome_refuse(a->h->outcome, ERR_MISMATCH,
		    "the approval is for %s, but the release is for %s",
		    "承認は%s、シェアの開示は%sについてのものです", v.plan,
		    r.plan);
	if (strcmp(v.seat, r.seat) != 0)
		return outcome_refuse(a->h->outcome, ERR_MISMATCH,
		    "the approval is of seat %s, but the release is of seat %s",
		    "承認は席%s、シェアの開示は席%sのものです", v.seat,
		    r.seat);
	return ERR_OK;
}

enum err accept_answer(struct home *h, const struct accept_args *args,
    struct accept_result *ret)
{
	CLEANUP(accept_free) struct accept *a = calloc(1, sizeof(*a));
	struct accept_result result = {0};

	if (a == NULL)
		return ERR_NOMEM;
	a->h = h;
	a->only_plan = args->plan;
	a->result = &result;
	RETURN_IF(read_answer(a, args));
	RETURN_IF(check_together(a));
	RETURN_IF(plans_expire(h));
	RETURN_IF(take_in(a));
	*ret = result;
	return ERR_OK;
}
