#include "app/ops/partner.h"

#include <stdio.h>
#include <string.h>

#include "app/verify.h"
#include "core/clock.h"
#include "core/encode.h"
#include "core/fs.h"
#include "exporters/payload_read.h"
#include "exporters/receipt.h"
#include "keys/pseudonym.h"
#include "keys/sshsig.h"

static enum err verified(const struct partner_args *args,
    struct verify_result *ret, struct outcome *o)
{
	struct verify_args v = {.bundle = args->bundle, .trust = args->trust,
	    .now_unix_s = args->now_unix_s};

	return verify_bundle(&v, ret, o);
}

/* ---- open ---- */

static enum err read_payload(const struct partner_args *args,
    const struct verify_result *v, const char *dir,
    struct payload_read_result *ret, struct outcome *o)
{
	const struct secret *identities[1] = {
		identity_open_secret(args->identity)};
	struct age_keys keys = {.identities = identities, .identities_len = 1};
	struct payload_read_spec spec = {.statement = &v->statement,
	    .text_scopes = v->text_scopes, .keys = &keys, .out_dir = dir};

	bundle_read_payload(v->reader, &spec.payload);
	return payload_read(&spec, ret, &o->info);
}

enum err partner_open(const struct partner_args *args, const char *dir,
    struct partner_opened *ret, struct outcome *o)
{
	CLEANUP(verify_result_release) struct verify_result v = {0};
	CLEANUP(payload_read_result_release) struct payload_read_result r = {0};

	if (!fs_is_folder(dir))
		return outcome_refuse(o, ERR_NOT_FOUND,
		    "there is no folder %s to open it into",
		    "開く先のフォルダ%sがありません", dir);
	RETURN_IF(verified(args, &v, o));
	RETURN_IF(read_payload(args, &v, dir, &r, o));
	(void)snprintf(ret->folder, sizeof(ret->folder), "%s-data",
	    v.statement.export_id);
	ret->rows = r.rows;
	ret->respondents = r.respondents;
	outcome_put(o, OUTCOME_CHECK,
	    "the inside is whole: manifests, codebook, pseudonyms, consents and binding agree with the statement",
	    "中身は完全です。目録、項目定義、仮IDと同意、結び付けが記載と一致します");
	return ERR_OK;
}

/* ---- signing ---- */

static enum err write_signed(const char *path, const struct buf *text,
    enum sshsig_ns ns, const struct identity *id)
{
	CLEANUP(buf_release) struct buf sig = {0};
	char sig_path[FS_PATH_MAX];

	RETURN_IF(fs_path(sig_path, "%s.sig", path));
	RETURN_IF(sshsig_sign(identity_sign_seed(id), ns, bytes_buf(text),
	    &sig));
	RETURN_IF(fs_write_new_file(path, bytes_buf(text), 0644));
	return fs_write_new_file(sig_path, bytes_buf(&sig), 0644);
}

static void nonce(char ret[33])
{
	uint8_t bytes[16];

	secret_random(bytes, sizeof(bytes));
	encode_hex(bytes, sizeof(bytes), ret);
}

/* ---- receipt ---- */

static enum err read_binding(const char *data, const struct statement *s,
    struct binding *ret, struct outcome *o)
{
	CLEANUP(buf_release) struct buf text = {0};
	char path[FS_PATH_MAX];

	RETURN_IF(fs_path(path, "%s/binding.txt", data));
	(void)snprintf(o->info.file, sizeof(o->info.file), "%.250s", path);
	RETURN_IF(fs_read_file(path, TEXT_MAX_DEFAULT, &text));
	RETURN_IF(binding_parse(bytes_buf(&text), ret, &o->info));
	if (strcmp(ret->export_id, s->export_id) != 0)
		return err_at(&o->info, ERR_MISMATCH, 0,
		    "the opened folder is of another export");
	o->info.file[0] = '\0';
	return ERR_OK;
}

enum err partner_receipt(const struct partner_args *args, const char *data,
    const char *path, struct outcome *o)
{
	CLEANUP(verify_result_release) struct verify_result v = {0};
	CLEANUP(binding_release) struct binding b = {0};
	CLEANUP(buf_release) struct buf text = {0};
	char sums[65], proof_hex[65], when[CLOCK_UTC_LEN + 1], n[33];
	uint8_t proof[DIGEST_LEN];
	struct receipt r = {.sha256sums_sha256 = sums,
	    .receipt_proof = proof_hex, .received = when, .nonce = n};

	RETURN_IF(verified(args, &v, o));
	RETURN_IF(read_binding(data, &v.statement, &b, o));
	pseudonym_receipt_proof(b.export_id, secret_bytes(b.salt), proof);
	encode_hex(proof, DIGEST_LEN, proof_hex);
	encode_hex(bundle_read_sums_sha256(v.reader), DIGEST_LEN, sums);
	clock_format_utc(args->now_unix_s, when);
	nonce(n);
	r.export_id = v.statement.export_id;
	r.request_sha256 = v.statement.request_sha256;
	r.partner = v.statement.partner;
	r.recipient = v.statement.recipient;
	RETURN_IF(receipt_write(&r, &text, &o->info));
	RETURN_IF(write_signed(path, &text, SSHSIG_RECEIPT, args->identity));
	outcome_add(o, OUTCOME_DONE,
	    "%1$s and %1$s.sig acknowledge %2$s; send both to the gateway",
	    "%2$sの受領書%1$sと%1$s.sigを作りました。両方をゲートウェイに送ってください",
	    path, r.export_id);
	return ERR_OK;
}

/* ---- destroyed ---- */

enum err partner_destroyed(const struct partner_args *args,
    const char *method, const char *copies, const char *path,
    struct outcome *o)
{
	CLEANUP(verify_result_release) struct verify_result v = {0};
	CLEANUP(buf_release) struct buf text = {0};
	char sums[65], when[CLOCK_UTC_LEN + 1], n[33];
	struct receipt_destruction d = {.sha256sums_sha256 = sums,
	    .method = method, .copies = copies, .destroyed = when,
	    .nonce = n};

	RETURN_IF(verified(args, &v, o));
	encode_hex(bundle_read_sums_sha256(v.reader), DIGEST_LEN, sums);
	clock_format_utc(args->now_unix_s, when);
	nonce(n);
	d.export_id = v.statement.export_id;
	d.partner = v.statement.partner;
	RETURN_IF(receipt_destruction_write(&d, &text, &o->info));
	RETURN_IF(write_signed(path, &text, SSHSIG_DESTRUCTION,
	    args->identity));
	outcome_add(o, OUTCOME_DONE,
	    "%1$s and %1$s.sig certify that %2$s is destroyed; send both to the gateway",
	    "%2$sの廃棄証明%1$sと%1$s.sigを作りました。両方をゲートウェイに送ってください",
	    path, d.export_id);
	return ERR_OK;
}
