#include "app/ops/byterelease.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/act.h"
#include "app/ballot.h"
#include "app/job_internal.h"
#include "app/ops/accept.h"
#include "app/pack.h"
#include "exporters/bundle_read.h"

#define SUMS_MAX ((size_t)64 << 10)

/* ---- pack ---- */

static enum err refuse_state(struct home *h, const struct register_export *e)
{
	if (e->state == REGISTER_EXPORT_STARTED)
		return outcome_refuse(h->outcome, ERR_STATE,
		    "%s is not built yet: azukari export %s",
		    "%sはまだ作成されていません: azukari export %s", e->id,
		    e->plan);
	if (e->state == REGISTER_EXPORT_RELEASED)
		return outcome_refuse(h->outcome, ERR_STATE,
		    "%s is released already", "%sはすでに提供済みです",
		    e->id);
	return outcome_refuse(h->outcome, ERR_STATE,
	    "%s was given up or recalled (%s)", "%sは中止または回収されました（%s）",
	    e->id, e->why[0] == '\0' ? "-" : e->why);
}

static enum err find_built(struct home *h, const char *export_id,
    struct register_export *ret)
{
	enum err e = register_export_get(h->reg, export_id, ret);

	if (e == ERR_NOT_FOUND)
		return outcome_refuse(h->outcome, e,
		    "there is no export %s; see: azukari export list",
		    "提供%sはありません。azukari export list を見てください",
		    export_id);
	RETURN_IF(e);
	return ret->state == REGISTER_EXPORT_BUILT ? ERR_OK :
	    refuse_state(h, ret);
}

enum err byterelease_standing(struct home *h, const char *export_id,
    const char *plan, unsigned *ret_signed, unsigned *ret_needed)
{
	CLEANUP(job_seals_release) struct job_seals s = {0};
	CLEANUP(job_byterelease_release) struct job_byterelease r = {0};

	RETURN_IF(job_publish_seals(h, export_id, &s));
	RETURN_IF(job_byterelease_load(h, plan, bytes_buf(&s.sums), &r));
	*ret_signed = (unsigned)r.len;
	*ret_needed = r.needed;
	return ERR_OK;
}

static enum err not_asked_for(struct home *h, const char *plan)
{
	return outcome_refuse(h->outcome, ERR_STATE,
	    "%s does not ask for byte release: azukari export %s goes on by itself",
	    "%sは開示前の確認を求めていません。azukari export %s で続けられます",
	    plan, plan);
}

static enum err check_goes_on(struct home *h, const char *plan)
{
	CLEANUP(ballot_free) struct ballot *b = NULL;

	RETURN_IF(ballot_new(&b));
	RETURN_IF(ballot_load(h, plan, b));
	return ballot_goes_on(h, b);
}

static enum err check_waits(struct home *h, const struct register_export *e)
{
	CLEANUP(home_owner_cleanup) struct owner *w = NULL;
	unsigned have = 0, needed = 0;
	int stale = 0;

	RETURN_IF(check_goes_on(h, e->plan));
	RETURN_IF(byterelease_standing(h, e->id, e->plan, &have, &needed));
	if (needed == 0)
		return not_asked_for(h, e->plan);
	RETURN_IF(home_owner_open(h, e->owner, &w));
	RETURN_IF(job_publish_stale(h, w, e->id, &stale));
	if (!stale)
		return ERR_OK;
	return outcome_refuse(h->outcome, ERR_CHANGED,
	    "a respondent withdrew since %s was built; nobody is to sign it. It is built again without them by: azukari export %s",
	    "%sの作成後に同意の撤回がありました。署名の前に、その方を除いて作り直してください: azukari export %s",
	    e->id, e->plan);
}

static enum err add_members(const struct bundle_reader *r, struct pack *p)
{
	const char *name;
	struct bytes bytes;

	for (size_t i = 0; (name = bundle_read_name_at(r, i)) != NULL; i++) {
		if (bundle_place_of(name) != BUNDLE_LISTED ||
		    strcmp(name, BUNDLE_PAYLOAD) == 0)
			continue;
		RETURN_IF(bundle_read_member(r, name, &bytes));
		RETURN_IF(pack_add(p, name, bytes));
	}
	return ERR_OK;
}

static enum err add_seals(const struct job_seals *s, struct pack *p)
{
	RETURN_IF(pack_add(p, BUNDLE_SUMS, bytes_buf(&s->sums)));
	RETURN_IF(pack_add(p, BUNDLE_SUMS ".sig", bytes_buf(&s->sig)));
	RETURN_IF(pack_add(p, BUNDLE_SUMS ".entry", bytes_buf(&s->entry)));
	return pack_add(p, BUNDLE_SUMS ".tlog-proof", bytes_buf(&s->proof));
}

/* The built folder is read whole, payload included: what officers sign is what
 * lies there. */
static enum err fill(struct home *h, const char *export_id, struct pack *p)
{
	CLEANUP(bundle_read_cleanup) struct bundle_reader *r = NULL;
	CLEANUP(job_seals_release) struct job_seals s = {0};
	char folder[FS_PATH_MAX];

	RETURN_IF(job_publish_seals(h, export_id, &s));
	RETURN_IF(home_path(h, folder, "tmp/%s/%s", export_id, export_id));
	RETURN_IF(bundle_read_open_unsealed(folder, &r, &h->outcome->info));
	if (memcmp(bundle_read_sums_sha256(r), s.sums_sha256,
	    DIGEST_LEN) != 0)
		return ERR_MISMATCH;
	(void)snprintf(p->folder, sizeof(p->folder), "%s", export_id);
	RETURN_IF(add_members(r, p));
	return add_seals(&s, p);
}

enum err byterelease_pack(struct home *h, const char *export_id,
    const char *path)
{
	CLEANUP(pack_release) struct pack p = {0};
	struct register_export e;

	RETURN_IF(find_built(h, export_id, &e));
	RETURN_IF(check_waits(h, &e));
	RETURN_IF(fill(h, export_id, &p));
	RETURN_IF(pack_write(&p, path, h->now_unix_s));
	byterelease_pack_tell(h->outcome, export_id, path);
	return ERR_OK;
}

void byterelease_pack_tell(struct outcome *o, const char *export_id,
    const char *path)
{
	outcome_add(o, OUTCOME_DONE,
	    "%s: the report and digests of %s, for every officer; on their machines: azukari byterelease sign %s --identity NAME.key -o FILE",
	    "%s：%sの開示評価とダイジェストです（どの保管官にも同じもの）。保管官の機械で azukari byterelease sign %s --identity 名前.key -o ファイル を実行してください",
	    path, export_id, path);
}

/* ---- accept ---- */

struct answer {
	struct home *h;
	struct pack pack;
	struct buf sums_file, sig_file;
	struct bytes sums, sig;
	const char *export_id;          /* it must be about; NULL: any */
	char named[40];                 /* seat the packet says; "" */
	uint8_t sums_sha256[DIGEST_LEN];
	struct register_document doc;   /* SHA256SUMS */
	struct register_export e;
	struct ballot ballot;
	struct byterelease_result *result;
};

static void answer_free(struct answer **a)
{
	if (*a == NULL)
		return;
	pack_release(&(*a)->pack);
	buf_release(&(*a)->sums_file);
	buf_release(&(*a)->sig_file);
	ballot_release(&(*a)->ballot);
	free(*a);
}

static enum err read_files(struct answer *a,
    const struct byterelease_accept_args *args)
{
	struct err_info *info = &a->h->outcome->info;

	(void)snprintf(info->file, sizeof(info->file), "%s", args->answer);
	RETURN_IF(fs_read_file(args->answer, SUMS_MAX, &a->sums_file));
	(void)snprintf(info->file, sizeof(info->file), "%s", args->sig);
	RETURN_IF(fs_read_file(args->sig, SSHSIG_ARMOUR_MAX, &a->sig_file));
	info->file[0] = '\0';
	a->sums = bytes_buf(&a->sums_file);
	a->sig = bytes_buf(&a->sig_file);
	return ERR_OK;
}

/* SHA256SUMS and release/SEAT.sig, nothing else. */
static enum err sort_members(struct answer *a)
{
	struct err_info *info = &a->h->outcome->info;

	RETURN_IF(pack_need(&a->pack, BUNDLE_SUMS, &a->sums, info));
	for (size_t i = 0; i < a->pack.len; i++) {
		const char *name = a->pack.files[i].name;
		size_t len = strlen(name);

		if (strcmp(name, BUNDLE_SUMS) == 0)
			continue;
		if (a->pack.len != 2 || strncmp(name, "release/", 8) != 0 ||
		    bundle_place_of(name) != BUNDLE_UNLISTED) {
			(void)snprintf(info->file, sizeof(info->file), "%s",
			    name);
			return err_at(info, ERR_UNKNOWN, 0,
			    "it does not belong into an answer to byte release");
		}
		(void)snprintf(a->named, sizeof(a->named), "%.*s",
		    (int)(len - 12), name + 8);
		a->sig = bytes_buf(&a->pack.files[i].bytes);
	}
	return a->named[0] != '\0' ? ERR_OK : err_at(info, ERR_NOT_FOUND, 0,
	    "the signature release/SEAT.sig is missing");
}

static enum err find_bundle(struct answer *a)
{
	struct home *h = a->h;
	const struct register_query q = {.kind = REGISTER_SHA256SUMS,
	    .sha256 = a->sums_sha256};
	struct register_built built;
	enum err e;

	digest_sha256(a->sums, a->sums_sha256);
	e = register_document_find(h->reg, &q, &a->doc);
	if (e == ERR_NOT_FOUND)
		return outcome_refuse(h->outcome, e,
		    "no bundle that was built here has this SHA256SUMS",
		    "このSHA256SUMSを持つ提供ファイルは、ここでは作成されていません");
	RETURN_IF(e);
	if (a->export_id != NULL && strcmp(a->doc.name, a->export_id) != 0)
		return outcome_refuse(h->outcome, ERR_MISMATCH,
		    "this text is not about %s",
		    "この文書は%sについてのものではありません", a->export_id);
	RETURN_IF(find_built(h, a->doc.name, &a->e));
	RETURN_IF(register_export_get_built(h->reg, a->e.id, &built));
	if (memcmp(built.sha256sums_sha256, a->sums_sha256, DIGEST_LEN) == 0)
		return ERR_OK;
	return outcome_refuse(h->outcome, ERR_STATE,
	    "this is of a bundle of %s that was destroyed and built again; pack it anew: azukari byterelease pack %s",
	    "これは作り直す前の%sのものです。改めて書き出してください: azukari byterelease pack %s",
	    a->e.id, a->e.id);
}

/* The seat whose key signed, by what is in the signature itself. */
static enum err find_seat(struct answer *a)
{
	const struct charter *c = &a->ballot.charter.charter;
	struct outcome *o = a->h->outcome;
	char ssh[SSHSIG_PUBLIC_TEXT_LEN + 1];
	struct sshsig sig;
	size_t i = 0;

	if (sshsig_parse(a->sig, SSHSIG_BYTERELEASE, &sig) != ERR_OK ||
	    sshsig_verify(&sig, a->sums) != ERR_OK)
		return outcome_refuse(o, ERR_SIGNATURE,
		    "the signature over SHA256SUMS does not verify (%s)",
		    "SHA256SUMSの署名が検証できません（%s）",
		    sshsig_ns_name(SSHSIG_BYTERELEASE));
	sshsig_public_format(sig.public_key, ssh);
	while (i < c->seats_len && strcmp(c->seats[i].ssh, ssh) != 0)
		i++;
	if (i == c->seats_len)
		return outcome_refuse(o, ERR_UNTRUSTED,
		    "the signature is by no seat of owner %s",
		    "署名は所有者%sのどの席のものでもありません", c->owner);
	if (a->named[0] != '\0' && strcmp(a->named, c->seats[i].name) != 0)
		return outcome_refuse(o, ERR_MISMATCH,
		    "the signature is by seat %s, not by seat %s",
		    "署名は席%sのもので、席%sのものではありません",
		    c->seats[i].name, a->named);
	(void)snprintf(a->result->seat, sizeof(a->result->seat), "%s",
	    c->seats[i].name);
	return ERR_OK;
}

static enum err check_may_sign(struct answer *a)
{
	CLEANUP(reasons_release) struct reasons why = {0};
	struct decision_tally t;
	size_t seat = charter_seat_index(&a->ballot.charter.charter,
	    a->result->seat);

	RETURN_IF(ballot_tally(&a->ballot, (struct ballot_more){0},
	    a->h->now_unix_s, &t, &why));
	if (((t.denied | t.revoked) >> seat & 1) == 0)
		return ERR_OK;
	return outcome_refuse(a->h->outcome, ERR_REFUSED,
	    "seat %s has refused %s or taken its approval back",
	    "席%sは%sを拒否したか、承認を取り消しています", a->result->seat,
	    a->ballot.row.id);
}

struct looking {
	const char *signer;
	int found;
};

static enum err look(void *ctx, const char *signer, struct bytes armour)
{
	struct looking *l = ctx;

	(void)armour;
	l->found |= strcmp(signer, l->signer) == 0;
	return ERR_OK;
}

static enum err refuse_known(struct answer *a, const char *signer)
{
	struct looking l = {.signer = signer};

	RETURN_IF(register_signature_each(a->h->reg, a->doc.id, look, &l));
	if (!l.found)
		return ERR_OK;
	return outcome_refuse(a->h->outcome, ERR_EXISTS,
	    "seat %s has signed the bytes of %s before",
	    "席%sは%sのSHA256SUMSにすでに署名しています", a->result->seat,
	    a->e.id);
}

/* Within the act: the bundle is still the one that was signed. */
static enum err still_waits(struct answer *a)
{
	struct register_export now;
	struct register_built built;

	RETURN_IF(register_export_get(a->h->reg, a->e.id, &now));
	if (now.state != REGISTER_EXPORT_BUILT)
		return ERR_CHANGED;
	RETURN_IF(register_export_get_built(a->h->reg, a->e.id, &built));
	return memcmp(built.sha256sums_sha256, a->sums_sha256,
	    DIGEST_LEN) == 0 ? ERR_OK : ERR_CHANGED;
}

static enum err enter(struct answer *a, const char *signer)
{
	CLEANUP(act_abort) struct act act = {0};
	uint8_t sig_sha256[DIGEST_LEN];
	struct entry_writer w;
	int64_t id;

	digest_sha256(a->sig, sig_sha256);
	RETURN_IF(act_begin(a->h, register_db(a->h->reg), &act));
	RETURN_IF(still_waits(a));
	act_entry(&act, ENTRY_BYTE_RELEASE, a->e.owner, &w);
	entry_put(&w, "export", a->e.id);
	entry_put_hex(&w, "sha256sums-sha256", a->sums_sha256, DIGEST_LEN);
	entry_put(&w, "seat", a->result->seat);
	entry_put_hex(&w, "sig-sha256", sig_sha256, DIGEST_LEN);
	RETURN_IF(act_entry_end(&act, &w, &id));
	RETURN_IF(register_signature_add(a->h->reg, a->doc.id, signer, a->sig,
	    id));
	return act_commit(&act);
}

static enum err tell(struct answer *a)
{
	struct byterelease_result *r = a->result;

	RETURN_IF(byterelease_standing(a->h, a->e.id, a->e.plan,
	    &r->signed_seats, &r->needed));
	outcome_add(a->h->outcome, OUTCOME_DONE,
	    "%s: seat %s has signed its SHA256SUMS, %u of %u seats",
	    "%s：席%sがSHA256SUMSに署名しました（%u/%u席）", a->e.id, r->seat,
	    r->signed_seats, r->needed);
	if (r->signed_seats >= r->needed)
		outcome_add(a->h->outcome, OUTCOME_HINT,
		    "next: azukari export %s", "次は azukari export %s です",
		    a->e.plan);
	return ERR_OK;
}

static enum err take_signature(struct answer *a)
{
	char signer[sizeof(JOB_BYTERELEASE_SIGNER) + REGISTER_NAME_MAX];
	struct byterelease_result *r = a->result;

	RETURN_IF(find_bundle(a));
	(void)snprintf(r->export_id, sizeof(r->export_id), "%s", a->e.id);
	(void)snprintf(r->plan, sizeof(r->plan), "%s", a->e.plan);
	RETURN_IF(ballot_load(a->h, a->e.plan, &a->ballot));
	RETURN_IF(ballot_goes_on(a->h, &a->ballot));
	if (!a->ballot.plan.byte_release)
		return not_asked_for(a->h, a->e.plan);
	RETURN_IF(find_seat(a));
	RETURN_IF(check_may_sign(a));
	(void)snprintf(signer, sizeof(signer), JOB_BYTERELEASE_SIGNER "%s",
	    r->seat);
	RETURN_IF(refuse_known(a, signer));
	RETURN_IF(enter(a, signer));
	return tell(a);
}

static enum err take_denial(struct answer *a, const char *path)
{
	struct accept_args args = {.answer = path};
	struct byterelease_result *r = a->result;
	struct register_export e;
	struct accept_result said;

	if (a->export_id != NULL) {
		RETURN_IF(register_export_get(a->h->reg, a->export_id, &e));
		args.plan = e.plan;
	}
	RETURN_IF(accept_answer(a->h, &args, &said));
	(void)snprintf(r->plan, sizeof(r->plan), "%s", said.plan);
	(void)snprintf(r->seat, sizeof(r->seat), "%s", said.seat);
	r->denied = said.denied;
	r->ended = said.ended;
	return ERR_OK;
}

enum err byterelease_accept(struct home *h,
    const struct byterelease_accept_args *args,
    struct byterelease_result *ret)
{
	CLEANUP(answer_free) struct answer *a = calloc(1, sizeof(*a));
	struct byterelease_result result = {0};

	if (a == NULL)
		return ERR_NOMEM;
	a->h = h;
	a->export_id = args->export_id;
	a->result = &result;
	if (args->sig != NULL) {
		RETURN_IF(read_files(a, args));
	} else {
		RETURN_IF(pack_read(args->answer, &a->pack,
		    &h->outcome->info));
		if (pack_find(&a->pack, "denial.txt") == NULL)
			RETURN_IF(sort_members(a));
	}
	RETURN_IF(a->sums.data == NULL ? take_denial(a, args->answer) :
	    take_signature(a));
	*ret = result;
	return ERR_OK;
}
