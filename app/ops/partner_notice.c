/* A withdrawal's notice, applied at the university. */
#include <stdio.h>
#include <string.h>

#include "app/ops/partner.h"
#include "core/clock.h"
#include "core/encode.h"
#include "core/fs.h"
#include "exporters/notice_apply.h"
#include "keys/digest.h"
#include "keys/signers.h"

#define NOTICE_MAX ((size_t)4 << 20)

struct incoming {
	struct buf text, sig, signers_text;
	struct signers signers;
	struct notice notice;
	uint8_t sha256[DIGEST_LEN];
};

static void incoming_release(struct incoming *in)
{
	notice_release(&in->notice);
	signers_release(&in->signers);
	buf_release(&in->text);
	buf_release(&in->sig);
	buf_release(&in->signers_text);
}

static enum err read_named(const char *path, size_t max, struct buf *out,
    struct outcome *o)
{
	(void)snprintf(o->info.file, sizeof(o->info.file), "%.250s", path);
	return fs_read_file(path, max, out);
}

static enum err read_notice(const struct partner_args *args,
    const char *path, struct incoming *in, struct outcome *o)
{
	struct signers_claim claim = {"gateway", SSHSIG_NOTICE,
	    args->now_unix_s};
	char sig[FS_PATH_MAX], trust[FS_PATH_MAX];
	enum err e;

	RETURN_IF(fs_path(sig, "%s.sig", path));
	RETURN_IF(fs_path(trust, "%s/allowed_signers", args->trust));
	RETURN_IF(read_named(trust, SIGNERS_SIZE_MAX, &in->signers_text, o));
	RETURN_IF(signers_parse(bytes_buf(&in->signers_text), &in->signers,
	    &o->info));
	RETURN_IF(read_named(sig, SSHSIG_ARMOUR_MAX, &in->sig, o));
	RETURN_IF(read_named(path, NOTICE_MAX, &in->text, o));
	e = signers_verify(&in->signers, &claim, bytes_buf(&in->sig),
	    bytes_buf(&in->text));
	if (e != ERR_OK)
		return err_at(&o->info, e, 0,
		    "it is not signed by the gateway for notice@azukari");
	RETURN_IF(notice_parse(bytes_buf(&in->text), &in->notice, &o->info));
	digest_sha256(bytes_buf(&in->text), in->sha256);
	o->info.file[0] = '\0';
	return ERR_OK;
}

static enum err write_answer(const struct partner_args *args,
    const struct incoming *in, const struct notice_apply_result *r,
    const char *path, struct outcome *o)
{
	CLEANUP(buf_release) struct buf text = {0};
	CLEANUP(buf_release) struct buf sig = {0};
	char digest[65], people[24], rows[24], when[CLOCK_UTC_LEN + 1];
	char nonce[33], sig_path[FS_PATH_MAX];
	uint8_t random[16];
	struct notice_applied a = {.notice_sha256 = digest,
	    .export_id = in->notice.export_id, .partner = in->notice.partner,
	    .pseudonyms_removed = people, .rows_removed = rows,
	    .applied = when, .nonce = nonce};

	encode_hex(in->sha256, DIGEST_LEN, digest);
	(void)snprintf(people, sizeof(people), "%llu",
	    (unsigned long long)r->pseudonyms_removed);
	(void)snprintf(rows, sizeof(rows), "%llu",
	    (unsigned long long)r->rows_removed);
	clock_format_utc(args->now_unix_s, when);
	secret_random(random, sizeof(random));
	encode_hex(random, sizeof(random), nonce);
	RETURN_IF(notice_applied_write(&a, &text, &o->info));
	RETURN_IF(sshsig_sign(identity_sign_seed(args->identity),
	    SSHSIG_NOTICE, bytes_buf(&text), &sig));
	RETURN_IF(fs_path(sig_path, "%s.sig", path));
	RETURN_IF(fs_write_new_file(path, bytes_buf(&text), 0644));
	return fs_write_new_file(sig_path, bytes_buf(&sig), 0644);
}

/* Is the notice of this digest among those that the data in ${dir} holds? */
static enum err has_notice(const char *dir, const char *digest, int *ret)
{
	CLEANUP(fs_names_release) struct fs_names names = {0};
	char folder[FS_PATH_MAX], path[FS_PATH_MAX], hex[DIGEST_HEX_LEN + 1];
	uint8_t found[DIGEST_LEN];

	*ret = 0;
	RETURN_IF(fs_path(folder, "%s/notices", dir));
	RETURN_IF(fs_list(folder, &names));
	for (size_t i = 0; i < names.len && !*ret; i++) {
		RETURN_IF(fs_path(path, "%s/%s", folder, names.names[i]));
		RETURN_IF(digest_sha256_file(path, found, NULL));
		encode_hex(found, DIGEST_LEN, hex);
		*ret = strcmp(hex, digest) == 0;
	}
	return ERR_OK;
}

/* Notices to a partner are one chain over all of its exports. */
static enum err warn_of_gap(const struct notice *n, const char *dir,
    struct outcome *o)
{
	int there;

	if (strcmp(n->previous, "-") == 0)
		return ERR_OK;
	RETURN_IF(has_notice(dir, n->previous, &there));
	if (!there)
		outcome_add(o, OUTCOME_WARNING,
		    "notice %s follows one that was not applied to this data: if that one is about %s too, apply it as well",
		    "通知第%s号の直前の通知は、このデータに適用されていません。それも%sについてのものであれば、適用してください",
		    n->number, n->export_id);
	return ERR_OK;
}

enum err partner_apply(const struct partner_args *args,
    const struct partner_notice *n, struct partner_applied *ret,
    struct outcome *o)
{
	CLEANUP(incoming_release) struct incoming in = {0};
	struct notice_apply_result r = {0};

	RETURN_IF(read_notice(args, n->notice, &in, o));
	if (notice_is_recall(&in.notice))
		return outcome_refuse(o, ERR_STATE,
		    "the owner recalls %s as a whole: destroy it and send the certificate (azukari destroyed)",
		    "所有者は%s全体を回収します。廃棄し、証明を送ってください（azukari destroyed）",
		    in.notice.export_id);
	RETURN_IF(notice_apply(n->data, n->out, &in.notice, &r, &o->info));
	RETURN_IF(warn_of_gap(&in.notice, n->out, o));
	RETURN_IF(write_answer(args, &in, &r, n->answer, o));
	*ret = (struct partner_applied){r.pseudonyms_removed, r.rows_removed,
	    r.rows_left};
	outcome_add(o, OUTCOME_DONE,
	    "%s is a copy without the withdrawn people; work with it, destroy the old one, and send %s with its .sig to the gateway",
	    "%sは撤回した方を除いた写しです。以後はこれを使い、古いものを廃棄し、%sとその.sigをゲートウェイに送ってください",
	    n->out, n->answer);
	return ERR_OK;
}
