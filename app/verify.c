#include "app/verify.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/verify_chain.h"
#include "app/verify_report.h"
#include "core/clock.h"
#include "core/encode.h"
#include "core/fs.h"
#include "keys/age.h"
#include "keys/signers.h"
#include "ledger/entry.h"
#include "ledger/proof.h"
#include "policy/plan.h"
#include "policy/request.h"
#include "policy/votes.h"
#include "exporters/bundle.h"

#define TRUST_MAX ((size_t)8 << 20)
#define SEATS_MAX 16
#define RELEASE "release/"

struct verifying {
	const struct verify_args *args;
	struct outcome *o;
	struct err_info *info;
	struct bundle_reader *reader;
	struct statement statement;
	int own_trust;
	struct signers signers;
	struct policy_file *policy;
	struct note_key log_key;
	struct request request;
	struct plan plan;
	uint8_t plan_sha256[DIGEST_LEN];
	uint64_t latest_approval;       /* greatest index in the ledger */
};

void verify_result_release(struct verify_result *r)
{
	statement_release(&r->statement);
	signers_release(&r->signers);
	bundle_read_free(TAKE(r->reader));
}

static void verifying_release(struct verifying *v)
{
	statement_release(&v->statement);
	bundle_read_free(TAKE(v->reader));
	signers_release(&v->signers);
	policy_file_free(TAKE(v->policy));
	request_release(&v->request);
	plan_release(&v->plan);
}

static void held(struct verifying *v, const char *en, const char *ja)
{
	outcome_put(v->o, OUTCOME_CHECK, en, ja);
}

/* Names the member a failure is about. */
static void about(struct verifying *v, const char *name)
{
	(void)snprintf(v->info->file, sizeof(v->info->file), "%s: %s",
	    v->args->bundle, name);
}

static enum err member(struct verifying *v, const char *name,
    struct bytes *ret)
{
	about(v, name);
	if (bundle_read_member(v->reader, name, ret) != ERR_OK)
		return err_at(v->info, ERR_NOT_FOUND, 0, "it is missing");
	return ERR_OK;
}

static enum err must_be(struct verifying *v, int ok, const char *rule)
{
	return ok ? ERR_OK : err_at(v->info, ERR_MISMATCH, 0, "%s", rule);
}

static int hex_is(const char *hex, const uint8_t bytes[DIGEST_LEN])
{
	char text[2 * DIGEST_LEN + 1];

	encode_hex(bytes, DIGEST_LEN, text);
	return strcmp(text, hex) == 0;
}

/* ---- trust ---- */

static enum err trust_file(struct verifying *v, const char *name,
    struct buf *out)
{
	char path[FS_PATH_MAX], inside[64];
	struct bytes bytes;

	if (v->args->trust != NULL) {
		RETURN_IF(fs_path(path, "%s/%s", v->args->trust, name));
		(void)snprintf(v->info->file, sizeof(v->info->file), "%.250s",
		    path);
		return fs_read_file(path, TRUST_MAX, out);
	}
	(void)snprintf(inside, sizeof(inside), "trust/%s", name);
	RETURN_IF(member(v, inside, &bytes));
	return buf_append(out, bytes.data, bytes.len);
}

/* The two files speak of the same ledger. */
static enum err knows_log(struct verifying *v)
{
	for (size_t i = 0; i < policy_file_logs(v->policy); i++)
		if (note_key_equal(policy_file_log(v->policy, i),
		    &v->log_key))
			return ERR_OK;
	return err_at(v->info, ERR_MISMATCH, 0,
	    "the witness policy does not name the ledger of ledger.vkey");
}

static enum err read_trust(struct verifying *v)
{
	CLEANUP(buf_release) struct buf signers = {0};
	CLEANUP(buf_release) struct buf vkey = {0};
	CLEANUP(buf_release) struct buf policy = {0};
	struct bytes rest, line;

	v->own_trust = v->args->trust != NULL;
	RETURN_IF(trust_file(v, "allowed_signers", &signers));
	RETURN_IF(signers_parse(bytes_buf(&signers), &v->signers, v->info));
	RETURN_IF(trust_file(v, "ledger.vkey", &vkey));
	rest = bytes_buf(&vkey);
	RETURN_IF(bytes_take_line(&rest, &line));
	RETURN_IF(note_key_parse(line, &v->log_key));
	RETURN_IF(trust_file(v, "witness-policy", &policy));
	RETURN_IF(policy_file_parse(bytes_buf(&policy), &v->policy, v->info));
	if (v->own_trust)
		held(v, "trust: your own copies of signers, ledger key and witness policy",
		    "信頼の根拠: 手元の署名者一覧、台帳の鍵、立会人の方針");
	else if (!v->args->papers)
		outcome_put(v->o, OUTCOME_WARNING,
		    "trust: the copies inside the bundle were used; they prove only that it agrees with itself. Give your own with --trust DIR",
		    "信頼の根拠として、この提供ファイルに入っている写しを使いました。これは自己矛盾がないことしか示しません。--trust DIR で手元のものを指定してください");
	return knows_log(v);
}

/* ---- signatures ---- */

static enum err signed_by(struct verifying *v, const char *name,
    const char *sig_name, const struct signers_claim *claim)
{
	struct bytes text, sig;

	RETURN_IF(member(v, name, &text));
	RETURN_IF(member(v, sig_name, &sig));
	enum err e = signers_verify(&v->signers, claim, sig, text);

	if (e != ERR_OK)
		return err_at(v->info, e, 0,
		    "it is not signed by %s for %s", claim->principal,
		    sshsig_ns_name(claim->ns));
	return ERR_OK;
}

static enum err check_sums(struct verifying *v)
{
	struct signers_claim claim = {"gateway", SSHSIG_EXPORT,
	    v->args->now_unix_s};

	RETURN_IF(signed_by(v, BUNDLE_SUMS, BUNDLE_SUMS ".sig", &claim));
	held(v, "SHA256SUMS is signed by the gateway's export key, and the files are exactly those it lists, with those digests",
	    "SHA256SUMSにゲートウェイの署名があり、ファイルは記載どおりで過不足がありません");
	return ERR_OK;
}

static enum err check_request(struct verifying *v)
{
	struct bytes text, statement;
	char principal[SIGNERS_PRINCIPAL_MAX + 1];
	struct signers_claim claim = {principal, SSHSIG_REQUEST,
	    v->args->now_unix_s};
	uint8_t sha256[DIGEST_LEN];

	RETURN_IF(member(v, "request.txt", &text));
	RETURN_IF(request_parse(text, &v->request, v->info));
	digest_sha256(text, sha256);
	(void)snprintf(principal, sizeof(principal), "partner-%.32s",
	    v->request.partner);
	RETURN_IF(signed_by(v, "request.txt", "request.txt.sig", &claim));
	RETURN_IF(member(v, "STATEMENT.txt", &statement));
	RETURN_IF(statement_parse(statement, &v->statement, v->info));
	RETURN_IF(must_be(v, hex_is(v->statement.request_sha256, sha256),
	    "request-sha256 is of another request"));
	RETURN_IF(must_be(v, memcmp(bundle_read_export_id(v->reader),
	    v->statement.export_id, strlen(v->statement.export_id) + 1) == 0,
	    "it is of another export"));
	held(v, "request.txt is signed by the partner's investigator; STATEMENT.txt is of this request",
	    "request.txtに研究責任者の署名があり、STATEMENT.txtはこの申請のものです");
	return ERR_OK;
}

static enum err plan_agrees(struct verifying *v)
{
	const struct plan *p = &v->plan;
	const struct statement *s = &v->statement;
	uint8_t sha256[DIGEST_LEN];
	struct bytes request;

	RETURN_IF(member(v, "request.txt", &request));
	digest_sha256(request, sha256);
	about(v, "plan.txt");
	RETURN_IF(must_be(v, memcmp(sha256, p->request_sha256,
	    DIGEST_LEN) == 0, "request-sha256 is of another request"));
	RETURN_IF(must_be(v, strcmp(p->export_id, s->export_id) == 0,
	    "it is of another export"));
	RETURN_IF(must_be(v, strcmp(p->recipient, v->request.recipient) == 0 &&
	    strcmp(p->recipient, s->recipient) == 0,
	    "the recipient is not the one of request and statement"));
	RETURN_IF(must_be(v, strcmp(p->owner, s->owner) == 0 &&
	    strcmp(p->partner, s->partner) == 0 &&
	    strcmp(p->project, s->project) == 0 &&
	    strcmp(p->requester_fingerprint, s->requester_fingerprint) == 0,
	    "owner, partner, project or requester is not the statement's"));
	return must_be(v, words_has(&v->request.owners, p->owner) &&
	    strcmp(p->partner, v->request.partner) == 0,
	    "owner or partner is not the request's");
}

/* A plan that hands something out, under the keys that are trusted here. */
static enum err plan_is_ours(struct verifying *v)
{
	const struct signers_entry *gateway;
	uint8_t key[SSHSIG_PUBLIC_LEN];

	RETURN_IF(must_be(v, !plan_rederives(&v->plan) &&
	    v->plan.reident.export_id[0] == '\0',
	    "a plan of this kind has no bundle"));
	RETURN_IF(sshsig_public_parse(bytes_str(v->plan.gateway_key), key));
	gateway = signers_find(&v->signers, key);
	RETURN_IF(must_be(v, gateway != NULL &&
	    strcmp(gateway->principal, "gateway") == 0,
	    "gateway-key is not one of the gateway's keys that are trusted"));
	return must_be(v, strcmp(v->plan.ledger_origin,
	    v->log_key.name) == 0, "ledger-origin is another ledger");
}

/* Whose cosignatures the plan asked for, and what STATEMENT.txt says of it. */
static enum err check_witnesses(struct verifying *v)
{
	uint8_t sha256[DIGEST_LEN];
	struct bytes policy;
	int none = strncmp(v->statement.witnesses, "none", 4) == 0;

	about(v, "STATEMENT.txt");
	RETURN_IF(must_be(v, none == !v->plan.has_witness_policy,
	    "witnesses: it says otherwise than the plan"));
	if (none)
		return ERR_OK;
	RETURN_IF(member(v, "trust/witness-policy", &policy));
	digest_sha256(policy, sha256);
	return must_be(v, memcmp(sha256, v->plan.witness_policy_sha256,
	    DIGEST_LEN) == 0,
	    "it is not the witness policy that plan.txt names");
}

static enum err check_plan(struct verifying *v)
{
	struct bytes text, sig;
	struct signers_claim claim = {"gateway", SSHSIG_PLAN,
	    v->args->now_unix_s};

	RETURN_IF(signed_by(v, "plan.txt", "plan.txt.sig", &claim));
	RETURN_IF(member(v, "plan.txt", &text));
	RETURN_IF(plan_parse(text, &v->plan, v->info));
	digest_sha256(text, v->plan_sha256);
	RETURN_IF(plan_agrees(v));
	RETURN_IF(plan_is_ours(v));
	RETURN_IF(member(v, "request.txt.sig", &sig));
	about(v, "plan.txt");
	RETURN_IF(verify_chain_plan(&v->plan, &v->request, sig, v->info));
	about(v, "STATEMENT.txt");
	RETURN_IF(must_be(v, hex_is(v->statement.plan_sha256, v->plan_sha256),
	    "plan-sha256 is of another plan"));
	RETURN_IF(verify_chain_statement(&v->statement, &v->plan, &v->request,
	    v->info));
	RETURN_IF(check_witnesses(v));
	held(v, "plan.txt is signed by the gateway; request, plan and statement say the same of recipient, purpose, fields, period and rules",
	    "plan.txtにゲートウェイの署名があり、受取人・目的・項目・期間・規則について、申請・計画・記載が一致します");
	return ERR_OK;
}

/* ---- the ledger ---- */

struct logged {
	struct text *text;
	enum entry_kind kind;
	uint64_t index;
};

static void logged_release(struct logged *l)
{
	text_free(TAKE(l->text));
}

/* Entry and proof: the entry is in the ledger of the trusted key. */
static enum err check_logged(struct verifying *v, const char *entry_name,
    const char *proof_name, struct logged *ret)
{
	CLEANUP(proof_release) struct proof proof = {0};
	struct policy_file_result result;
	struct bytes entry, file;

	RETURN_IF(member(v, entry_name, &entry));
	RETURN_IF(entry_parse(entry, &ret->kind, &ret->text, v->info));
	RETURN_IF(member(v, proof_name, &file));
	RETURN_IF(proof_parse_unverified(file, &proof));
	enum err e = proof_verify(&proof, entry, v->policy, &result);

	if (e != ERR_OK)
		return err_at(v->info, e, 0,
		    "the proof does not show the entry in the trusted ledger, cosigned as the witness policy asks");
	ret->index = proof.index;
	return ERR_OK;
}

static int entry_has(const struct logged *l, const char *key,
    const uint8_t sha256[DIGEST_LEN])
{
	const char *value = text_get(l->text, key);

	return value != NULL && hex_is(value, sha256);
}

/* ---- approvals ---- */

static enum err approval_text(struct verifying *v, const char *seat,
    struct bytes text, struct votes_approval *a)
{
	RETURN_IF(votes_approval_parse(text, a, v->info));
	RETURN_IF(must_be(v, strcmp(a->seat, seat) == 0 &&
	    strcmp(a->owner, v->plan.owner) == 0 &&
	    strcmp(a->plan, v->plan.id) == 0,
	    "it is of another seat, owner or plan"));
	RETURN_IF(must_be(v, memcmp(a->plan_sha256, v->plan_sha256,
	    DIGEST_LEN) == 0, "plan-sha256 is of another plan"));
	return must_be(v, memcmp(a->charter_sha256,
	    v->plan.charter_sha256, DIGEST_LEN) == 0,
	    "charter-sha256 is of another charter than the plan's");
}

/* The entry is of exactly this text and signature. */
static enum err approval_entry(struct verifying *v, const char *seat,
    const struct logged *l, struct bytes text, struct bytes sig)
{
	uint8_t sha256[DIGEST_LEN], sig_sha256[DIGEST_LEN];

	digest_sha256(text, sha256);
	digest_sha256(sig, sig_sha256);
	return must_be(v, l->kind == ENTRY_APPROVAL &&
	    entry_has(l, "approval-sha256", sha256) &&
	    entry_has(l, "sig-sha256", sig_sha256) &&
	    entry_has(l, "plan-sha256", v->plan_sha256) &&
	    strcmp(text_get(l->text, "owner"), v->plan.owner) == 0 &&
	    strcmp(text_get(l->text, "seat"), seat) == 0,
	    "the ledger entry is not of this approval");
}

static enum err check_approval(struct verifying *v, const char *seat)
{
	CLEANUP(votes_approval_release) struct votes_approval a = {0};
	CLEANUP(logged_release) struct logged l = {0};
	char text_name[80], sig[80], entry[80], proof[80];
	char principal[SIGNERS_PRINCIPAL_MAX + 1];
	struct signers_claim claim = {principal, SSHSIG_APPROVAL,
	    v->args->now_unix_s};
	struct bytes text, sig_bytes;

	(void)snprintf(text_name, sizeof(text_name), "approvals/%s.txt", seat);
	(void)snprintf(sig, sizeof(sig), "approvals/%s.txt.sig", seat);
	(void)snprintf(entry, sizeof(entry), "approvals/%s.entry", seat);
	(void)snprintf(proof, sizeof(proof), "approvals/%s.tlog-proof", seat);
	(void)snprintf(principal, sizeof(principal), "owner-%s/%s",
	    v->plan.owner, seat);
	RETURN_IF(signed_by(v, text_name, sig, &claim));
	RETURN_IF(member(v, sig, &sig_bytes));
	RETURN_IF(member(v, text_name, &text));
	RETURN_IF(approval_text(v, seat, text, &a));
	RETURN_IF(check_logged(v, entry, proof, &l));
	about(v, entry);
	RETURN_IF(approval_entry(v, seat, &l, text, sig_bytes));
	about(v, text_name);
	RETURN_IF(verify_chain_approval(&a, &v->plan, &v->statement, l.text,
	    v->info));
	if (l.index > v->latest_approval)
		v->latest_approval = l.index;
	return ERR_OK;
}

/* The seat of `approvals/SEAT.txt`; 0 for every other name. */
static int approval_seat(const char *name, char ret[40])
{
	const char *seat = name + strlen("approvals/");
	size_t len;

	if (strncmp(name, "approvals/", strlen("approvals/")) != 0)
		return 0;
	len = strlen(seat);
	if (len < 5 || len - 4 >= 40 || strcmp(seat + len - 4, ".txt") != 0)
		return 0;
	memcpy(ret, seat, len - 4);
	ret[len - 4] = '\0';
	return 1;
}

static enum err check_approvals(struct verifying *v)
{
	const char *name;
	unsigned seats = 0;
	char seat[40];

	for (size_t i = 0; (name = bundle_read_name_at(v->reader, i)) != NULL;
	    i++) {
		if (!approval_seat(name, seat))
			continue;
		RETURN_IF(check_approval(v, seat));
		seats++;
	}
	about(v, "approvals");
	if (seats < v->plan.threshold)
		return err_at(v->info, ERR_THRESHOLD, 0,
		    "%u of %u seats approved", seats, v->plan.threshold);
	outcome_add(v->o, OUTCOME_CHECK,
	    "%u of the %u seats that are needed signed this very plan, each in the ledger",
	    "必要な%2$u席に対し、%1$u席がこの計画に署名し、いずれも台帳にあります",
	    seats, v->plan.threshold);
	return ERR_OK;
}

/* ---- the export itself ---- */

static enum err check_export(struct verifying *v)
{
	CLEANUP(logged_release) struct logged l = {0};

	RETURN_IF(check_logged(v, BUNDLE_SUMS ".entry",
	    BUNDLE_SUMS ".tlog-proof", &l));
	about(v, BUNDLE_SUMS ".entry");
	RETURN_IF(must_be(v, l.kind == ENTRY_EXPORTED &&
	    entry_has(&l, "sha256sums-sha256",
	    bundle_read_sums_sha256(v->reader)) &&
	    entry_has(&l, "plan-sha256", v->plan_sha256) &&
	    strcmp(text_get(l.text, "owner"), v->plan.owner) == 0 &&
	    strcmp(text_get(l.text, "export"), v->plan.export_id) == 0,
	    "the ledger entry is not of these bytes"));
	RETURN_IF(must_be(v, strcmp(text_get(l.text, "consent-root"),
	    v->statement.consent_root) == 0 &&
	    strcmp(text_get(l.text, "notice-book-sha256"),
	    v->statement.notice_book_sha256) == 0,
	    "consent root or notice book differ from the statement's"));
	RETURN_IF(must_be(v, l.index > v->latest_approval,
	    "the export was logged before an approval"));
	held(v, "the export is in the ledger, after its approvals, with exactly these digests",
	    "この提供は承認より後に、同じダイジェストで台帳に記載されています");
	return ERR_OK;
}

/* ---- byte release ---- */

static enum err check_seat_release(struct verifying *v, const char *name)
{
	char principal[SIGNERS_PRINCIPAL_MAX + 1];
	struct signers_claim claim = {principal, SSHSIG_BYTERELEASE,
	    v->args->now_unix_s};
	const char *seat = name + strlen(RELEASE);

	/* names come from bundle_order.c: release/SEAT.sig */
	(void)snprintf(principal, sizeof(principal), "owner-%s/%.*s",
	    v->plan.owner, (int)(strlen(seat) - strlen(".sig")), seat);
	return signed_by(v, BUNDLE_SUMS, name, &claim);
}

/* Where the plan asks for it, t seats have signed these very bytes; where it
 * does not, nobody has. */
static enum err check_byte_release(struct verifying *v)
{
	const char *name;
	unsigned seats = 0;
	int wanted = v->plan.byte_release && !v->args->papers;

	for (size_t i = 0; (name = bundle_read_name_at(v->reader, i)) != NULL;
	    i++) {
		if (strncmp(name, RELEASE, strlen(RELEASE)) != 0)
			continue;
		about(v, name);
		if (!wanted)
			return err_at(v->info, ERR_UNKNOWN, 0,
			    "a signature of byte release that is not asked for");
		RETURN_IF(check_seat_release(v, name));
		seats++;
	}
	if (!wanted)
		return ERR_OK;
	about(v, "release");
	if (seats < v->plan.threshold)
		return err_at(v->info, ERR_THRESHOLD, 0,
		    "not released: %u of the %u seats that are needed signed SHA256SUMS",
		    seats, v->plan.threshold);
	outcome_add(v->o, OUTCOME_CHECK,
	    "%u of the %u seats that are needed saw the finished bundle's report and signed its SHA256SUMS",
	    "必要な%2$u席に対し、%1$u席が完成した提供ファイルの評価を見て、SHA256SUMSに署名しています",
	    seats, v->plan.threshold);
	return ERR_OK;
}

static enum err read_head(const struct bundle_payload *p, struct buf *out)
{
	size_t len = p->bytes < AGE_HEADER_MAX ? (size_t)p->bytes :
	    AGE_HEADER_MAX;
	ssize_t got;

	RETURN_IF(buf_reserve(out, len));
	got = pread(p->fd, out->data, len, (off_t)p->offset);
	if (got < 0 || (size_t)got != len)
		return ERR_IO;
	out->len = len;
	return ERR_OK;
}

static enum err check_payload(struct verifying *v)
{
	CLEANUP(buf_release) struct buf head = {0};
	struct bundle_payload p;
	struct age_stanza_count n;
	char bytes[32];

	about(v, BUNDLE_PAYLOAD);
	bundle_read_payload(v->reader, &p);
	RETURN_IF(read_head(&p, &head));
	RETURN_IF(age_count_stanzas(bytes_buf(&head), &n));
	RETURN_IF(must_be(v, n.x25519 == 1 && n.scrypt == 0 && n.other == 0,
	    "it is not encrypted to exactly one recipient"));
	(void)snprintf(bytes, sizeof(bytes), "%llu",
	    (unsigned long long)p.bytes);
	RETURN_IF(must_be(v, strcmp(bytes, v->statement.payload_bytes) == 0,
	    "its size is not the statement's"));
	held(v, "the payload is encrypted to exactly one recipient",
	    "本体はただ1人の受取人に宛てて暗号化されています");
	return ERR_OK;
}

static enum err check_report(struct verifying *v)
{
	struct bytes json, svg;

	RETURN_IF(member(v, "disclosure.json", &json));
	RETURN_IF(member(v, "disclosure.svg", &svg));
	about(v, "disclosure");
	return verify_report(json, svg, &v->statement, v->info);
}

static void tell_witnesses(struct verifying *v)
{
	if (!policy_file_quorum_is_none(v->policy))
		held(v, "the quorum of witnesses cosigned",
		    "必要な数の立会人が副署しています");
	else
		outcome_put(v->o, OUTCOME_WARNING,
		    "no witness outside the operator cosigned the ledger; this trust asks for none",
		    "運用者以外の立会人の副署はありません。この信頼設定では求められていません");
}

static enum err check_all(struct verifying *v)
{
	if (v->args->papers)
		RETURN_IF(bundle_read_open_papers(v->args->bundle, &v->reader,
		    v->info));
	else
		RETURN_IF(bundle_read_open(v->args->bundle, &v->reader,
		    v->info));
	RETURN_IF(read_trust(v));
	RETURN_IF(check_sums(v));
	RETURN_IF(check_request(v));
	RETURN_IF(check_plan(v));
	RETURN_IF(check_report(v));
	RETURN_IF(check_approvals(v));
	RETURN_IF(check_export(v));
	RETURN_IF(check_byte_release(v));
	if (!v->args->papers)
		RETURN_IF(check_payload(v));
	tell_witnesses(v);
	v->info->file[0] = '\0';
	return ERR_OK;
}

enum err verify_bundle(const struct verify_args *args,
    struct verify_result *ret, struct outcome *o)
{
	CLEANUP(verifying_release) struct verifying v = {.args = args, .o = o,
	    .info = &o->info};

	(void)snprintf(o->info.file, sizeof(o->info.file), "%s",
	    args->bundle);
	RETURN_IF(check_all(&v));
	if (ret == NULL)
		return ERR_OK;
	*ret = (struct verify_result){.reader = TAKE(v.reader),
	    .statement = v.statement, .own_trust = v.own_trust,
	    .signers = v.signers, .log_key = v.log_key};
	for (size_t i = 0; i < v.plan.texts_len; i++)
		ret->text_scopes[i] = v.plan.texts[i].scopes;
	v.statement = (struct statement){0};
	v.signers = (struct signers){0};
	return ERR_OK;
}
