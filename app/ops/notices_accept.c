/* What partners send back: receipts, certificates, answers to notices. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/act.h"
#include "app/docket.h"
#include "app/ops/notices.h"
#include "app/papers.h"
#include "core/encode.h"
#include "exporters/notice.h"
#include "exporters/receipt.h"
#include "exporters/statement.h"
#include "keys/pseudonym.h"
#include "vault/register_plan.h"

#define ANSWER_MAX ((size_t)64 << 10)

struct answer {
	struct home *h;
	struct buf text, sig;
	uint8_t sha256[DIGEST_LEN], sig_sha256[DIGEST_LEN];
	struct register_export export_row;
	struct register_built built;
};

static void answer_release(struct answer *a)
{
	buf_release(&a->text);
	buf_release(&a->sig);
}

static enum err read_answer(struct answer *a, const char *path)
{
	struct err_info *info = &a->h->outcome->info;
	char sig[FS_PATH_MAX];

	(void)snprintf(info->file, sizeof(info->file), "%.250s", path);
	RETURN_IF(fs_path(sig, "%s.sig", path));
	RETURN_IF(fs_read_file(path, ANSWER_MAX, &a->text));
	RETURN_IF(fs_read_file(sig, SSHSIG_ARMOUR_MAX, &a->sig));
	digest_sha256(bytes_buf(&a->text), a->sha256);
	digest_sha256(bytes_buf(&a->sig), a->sig_sha256);
	return ERR_OK;
}

/* The export the answer names, and the key its request was signed with. */
static enum err check_signer(struct answer *a, const char *export_id,
    const char *partner, enum sshsig_ns ns)
{
	CLEANUP(paper_release) struct paper p = {0};
	CLEANUP(request_release) struct request r = {0};
	struct register_plan plan;
	struct register_query q = {.kind = REGISTER_REQUEST};
	struct err_info *info = &a->h->outcome->info;
	uint8_t key[SSHSIG_PUBLIC_LEN];
	enum err e = register_export_get(a->h->reg, export_id,
	    &a->export_row);

	if (e == ERR_NOT_FOUND)
		return err_at(info, e, 0, "there is no export %s", export_id);
	RETURN_IF(e);
	if (strcmp(a->export_row.partner, partner) != 0)
		return err_at(info, ERR_MISMATCH, 0,
		    "partner: the export was given to another one");
	RETURN_IF(register_export_get_built(a->h->reg, export_id, &a->built));
	RETURN_IF(register_plan_get(a->h->reg, a->export_row.plan, &plan));
	q.owner = a->export_row.owner;
	q.name = plan.request;
	RETURN_IF(papers_find(a->h, &q, &p));
	RETURN_IF(request_parse(bytes_buf(&p.bytes), &r, info));
	RETURN_IF(sshsig_public_parse(bytes_str(r.requester_key), key));
	e = sshsig_check(bytes_buf(&a->sig), ns, key, bytes_buf(&a->text));
	if (e != ERR_OK)
		return err_at(info, e, 0,
		    "it is not signed by the investigator of the request");
	return ERR_OK;
}

static enum err check_digest(struct answer *a, const char *hex)
{
	char sums[65];

	encode_hex(a->built.sha256sums_sha256, DIGEST_LEN, sums);
	return strcmp(sums, hex) == 0 ? ERR_OK :
	    err_at(&a->h->outcome->info, ERR_MISMATCH, 0,
	    "sha256sums-sha256 is of another bundle");
}

/* ---- one act for all three ---- */

struct kind {
	enum entry_kind entry;
	enum register_kind document;
	enum register_duty_kind duty;
	const char *en, *ja;
};

/* A receipt and a certificate are of the whole bundle: there is one of each.
 * Within the act, so that two at a time are not two. */
static enum err refuse_second(struct answer *a, const struct kind *k)
{
	const struct register_query q = {.kind = k->document,
	    .owner = a->export_row.owner, .subject = a->export_row.id};
	struct register_document doc;
	enum err e = register_document_find(a->h->reg, &q, &doc);

	if (e == ERR_NOT_FOUND)
		return ERR_OK;
	RETURN_IF(e);
	a->h->outcome->info.file[0] = '\0';
	if (memcmp(doc.sha256, a->sha256, DIGEST_LEN) == 0)
		return outcome_refuse(a->h->outcome, ERR_EXISTS,
		    "this very text is recorded for %s already; nothing more is to be done",
		    "%sについて、同じ文書がすでに記録されています。ほかに必要な手続きはありません",
		    a->export_row.id);
	return outcome_refuse(a->h->outcome, ERR_EXISTS,
	    "another one is recorded for %s already; a bundle has one receipt and one certificate of destruction",
	    "%sについて、別の文書がすでに記録されています。受領書と廃棄証明は、提供ごとに1通だけです",
	    a->export_row.id);
}

static enum err put_answer(struct answer *a, const struct kind *k,
    uint64_t number, const char *notice_sha256)
{
	CLEANUP(act_abort) struct act act = {0};
	struct home *h = a->h;
	struct register_document doc = {.kind = k->document,
	    .version = number, .added_unix_s = h->now_unix_s};
	struct register_duty duty = {.kind = k->duty, .number = number};
	struct entry_writer w;
	int64_t id;
	enum err e;

	memcpy(doc.owner, a->export_row.owner, 3);
	memcpy(duty.owner, a->export_row.owner, 3);
	memcpy(doc.sha256, a->sha256, DIGEST_LEN);
	(void)snprintf(duty.partner, sizeof(duty.partner), "%s",
	    a->export_row.partner);
	(void)snprintf(duty.export_id, sizeof(duty.export_id), "%s",
	    a->export_row.id);
	(void)snprintf(doc.subject, sizeof(doc.subject), "%s",
	    number > 0 ? a->export_row.partner : a->export_row.id);
	if (number == 0)
		(void)snprintf(doc.name, sizeof(doc.name), "%s",
		    a->export_row.partner);
	RETURN_IF(act_begin(h, register_db(h->reg), &act));
	if (number == 0)
		RETURN_IF(refuse_second(a, k));
	act_entry(&act, k->entry, a->export_row.owner, &w);
	if (notice_sha256 == NULL) {
		entry_put(&w, "export", a->export_row.id);
		entry_put_hex(&w, "text-sha256", a->sha256, DIGEST_LEN);
		entry_put_hex(&w, "sig-sha256", a->sig_sha256, DIGEST_LEN);
	} else {
		entry_put(&w, "partner", a->export_row.partner);
		entry_put(&w, "notice-sha256", notice_sha256);
		entry_put_hex(&w, "text-sha256", a->sha256, DIGEST_LEN);
	}
	RETURN_IF(act_entry_end(&act, &w, &doc.act));
	RETURN_IF(register_document_add(h->reg, &doc, bytes_buf(&a->text),
	    &id));
	RETURN_IF(register_signature_add(h->reg, id, a->export_row.partner,
	    bytes_buf(&a->sig), doc.act));
	e = register_duty_done(h->reg, &duty, h->now_unix_s, doc.act);
	if (e != ERR_OK && e != ERR_NOT_FOUND)
		return e;
	RETURN_IF(act_commit(&act));
	h->outcome->info.file[0] = '\0';
	outcome_add(h->outcome, OUTCOME_DONE, k->en, k->ja,
	    a->export_row.id);
	return ERR_OK;
}

/* ---- receipt ---- */

static enum err check_proof(struct answer *a, const struct receipt *r)
{
	CLEANUP(paper_release) struct paper p = {0};
	CLEANUP(statement_release) struct statement s = {0};
	struct register_query q = {.kind = REGISTER_STATEMENT,
	    .owner = a->export_row.owner, .name = a->export_row.id};
	struct err_info *info = &a->h->outcome->info;
	uint8_t proof[DIGEST_LEN], commitment[DIGEST_LEN];
	char hex[65];

	RETURN_IF(papers_find(a->h, &q, &p));
	RETURN_IF(statement_parse(bytes_buf(&p.bytes), &s, info));
	RETURN_IF(decode_hex(bytes_str(r->receipt_proof), proof, DIGEST_LEN));
	pseudonym_receipt_commitment(proof, commitment);
	encode_hex(commitment, DIGEST_LEN, hex);
	if (strcmp(hex, s.receipt_commitment) != 0)
		return err_at(info, ERR_MISMATCH, 0,
		    "receipt-proof: it does not show that the payload was opened");
	return ERR_OK;
}

static enum err accept_receipt(struct answer *a)
{
	static const struct kind kind = {ENTRY_RECEIPT, REGISTER_RECEIPT,
	    REGISTER_DUTY_RECEIPT, "the receipt of %s is recorded",
	    "%sの受領書を記録しました"};
	CLEANUP(receipt_release) struct receipt r = {0};

	RETURN_IF(receipt_parse(bytes_buf(&a->text), &r,
	    &a->h->outcome->info));
	RETURN_IF(check_signer(a, r.export_id, r.partner, SSHSIG_RECEIPT));
	RETURN_IF(check_digest(a, r.sha256sums_sha256));
	RETURN_IF(check_proof(a, &r));
	return put_answer(a, &kind, 0, NULL);
}

static enum err accept_destruction(struct answer *a)
{
	static const struct kind kind = {ENTRY_DESTRUCTION,
	    REGISTER_DESTRUCTION, REGISTER_DUTY_DESTRUCTION,
	    "the certificate of destruction of %s is recorded",
	    "%sの廃棄証明を記録しました"};
	CLEANUP(receipt_destruction_release) struct receipt_destruction d = {0};

	RETURN_IF(receipt_destruction_parse(bytes_buf(&a->text), &d,
	    &a->h->outcome->info));
	RETURN_IF(check_signer(a, d.export_id, d.partner,
	    SSHSIG_DESTRUCTION));
	RETURN_IF(check_digest(a, d.sha256sums_sha256));
	return put_answer(a, &kind, 0, NULL);
}

static enum err accept_applied(struct answer *a)
{
	static const struct kind kind = {ENTRY_NOTICE_APPLIED,
	    REGISTER_NOTICE_APPLIED, REGISTER_DUTY_NOTICE,
	    "the answer to the notice about %s is recorded",
	    "%sについての通知への回答を記録しました"};
	CLEANUP(notice_applied_release) struct notice_applied n = {0};
	struct register_document doc;
	uint8_t sha256[DIGEST_LEN];
	struct register_query q = {.kind = REGISTER_NOTICE, .sha256 = sha256};
	struct err_info *info = &a->h->outcome->info;
	enum err e;

	RETURN_IF(notice_applied_parse(bytes_buf(&a->text), &n, info));
	RETURN_IF(check_signer(a, n.export_id, n.partner, SSHSIG_NOTICE));
	RETURN_IF(decode_hex(bytes_str(n.notice_sha256), sha256,
	    sizeof(sha256)));
	q.owner = a->export_row.owner;
	e = register_document_find(a->h->reg, &q, &doc);
	if (e == ERR_NOT_FOUND)
		return err_at(info, e, 0,
		    "notice-sha256: no such notice was sent");
	RETURN_IF(e);
	return put_answer(a, &kind, doc.version, n.notice_sha256);
}

/* ---- by its first line ---- */

enum err notices_accept(struct home *h, const char *path)
{
	static const struct {
		const char *first;
		enum err (*accept)(struct answer *a);
	} kinds[] = {
		{"azukari-receipt v1", accept_receipt},
		{"azukari-destruction v1", accept_destruction},
		{"azukari-notice-applied v1", accept_applied},
	};
	CLEANUP(answer_release) struct answer a = {.h = h};
	struct bytes rest, line;

	RETURN_IF(read_answer(&a, path));
	rest = bytes_buf(&a.text);
	RETURN_IF(bytes_take_line(&rest, &line));
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (bytes_equal(line, bytes_str(kinds[i].first)))
			return kinds[i].accept(&a);
	return err_at(&h->outcome->info, ERR_UNKNOWN, 1,
	    "it is neither a receipt, a certificate of destruction, nor an answer to a notice");
}
