#include "app/ops/trust.h"

#include <stdio.h>
#include <string.h>

#include "app/papers.h"
#include "app/witnesses.h"
#include "core/clock.h"
#include "keys/sshsig.h"

/* ---- signers ---- */

static enum err add_signer(struct signers *s, const char *principal,
    uint32_t namespaces, const char *ssh)
{
	struct signers_entry e = {.namespaces = namespaces};

	(void)snprintf(e.principal, sizeof(e.principal), "%s", principal);
	RETURN_IF(sshsig_public_parse(bytes_str(ssh), e.public_key));
	return signers_add(s, &e);
}

enum err trust_add_charter(struct signers *s, const struct charter *c)
{
	uint32_t seat = SIGNERS_NS(SSHSIG_CHARTER) | SIGNERS_NS(SSHSIG_POLICY) |
	    SIGNERS_NS(SSHSIG_APPROVAL) | SIGNERS_NS(SSHSIG_RELEASE) |
	    SIGNERS_NS(SSHSIG_DENIAL) | SIGNERS_NS(SSHSIG_REVOCATION) |
	    SIGNERS_NS(SSHSIG_BYTERELEASE) | SIGNERS_NS(SSHSIG_REIDENT) |
	    SIGNERS_NS(SSHSIG_HANDOVER);
	char principal[SIGNERS_PRINCIPAL_MAX + 1];

	RETURN_IF(add_signer(s, "gateway", SIGNERS_NS(SSHSIG_PLAN) |
	    SIGNERS_NS(SSHSIG_EXPORT) | SIGNERS_NS(SSHSIG_NOTICE),
	    c->gateway_key));
	for (size_t i = 0; i < c->seats_len; i++) {
		(void)snprintf(principal, sizeof(principal), "owner-%s/%s",
		    c->owner, c->seats[i].name);
		RETURN_IF(add_signer(s, principal, seat, c->seats[i].ssh));
	}
	return ERR_OK;
}

enum err trust_add_partner(struct signers *s, const char *id,
    const char *ssh)
{
	char principal[SIGNERS_PRINCIPAL_MAX + 1];

	(void)snprintf(principal, sizeof(principal), "partner-%s", id);
	return add_signer(s, principal, SIGNERS_NS(SSHSIG_REQUEST) |
	    SIGNERS_NS(SSHSIG_RECEIPT) | SIGNERS_NS(SSHSIG_DESTRUCTION) |
	    SIGNERS_NS(SSHSIG_NOTICE), ssh);
}

/* ---- what is in force ---- */

struct trust {
	struct paper_charter charter;
	struct policy policy;
	int has_policy;
	struct witness_set witnesses;   /* empty: none */
};

static void trust_release(struct trust *t)
{
	if (t->has_policy)
		policy_release(&t->policy);
	witness_set_release(&t->witnesses);
	paper_charter_release(&t->charter);
}

static enum err load(struct home *h, const char *owner, struct trust *ret)
{
	enum err e;

	RETURN_IF(papers_charter(h, owner, &ret->charter));
	e = papers_policy(h, owner, &ret->policy);
	if (e == ERR_NOT_FOUND)
		return ERR_OK;
	RETURN_IF(e);
	ret->has_policy = 1;
	if (!ret->policy.has_witness_policy)
		return ERR_OK;
	return witness_set_load(h, ret->policy.witness_policy_sha256,
	    &ret->witnesses);
}

/* ---- the page ---- */

static enum err put_ssh(const char *label, const char *ssh, struct buf *out)
{
	uint8_t key[SSHSIG_PUBLIC_LEN];
	char print[SSHSIG_FINGERPRINT_LEN + 1];

	RETURN_IF(sshsig_public_parse(bytes_str(ssh), key));
	sshsig_fingerprint(key, print);
	return buf_printf(out, "%s\n    %s\n    %s\n", label, ssh, print);
}

static enum err put_digest(const char *label,
    const uint8_t sha256[DIGEST_LEN], struct buf *out)
{
	char hex[DIGEST_HEX_LEN + 1];

	digest_to_hex(sha256, hex);
	return buf_printf(out, "%s\n    %s\n", label, hex);
}

static enum err put_seats(const struct trust *t, int japanese,
    struct buf *out)
{
	const struct charter *c = &t->charter.charter;
	char label[512];

	for (size_t i = 0; i < c->seats_len; i++) {
		(void)snprintf(label, sizeof(label), "%s %s (%s)",
		    japanese ? "席" : "seat", c->seats[i].name,
		    c->seats[i].institution);
		RETURN_IF(put_ssh(label, c->seats[i].ssh, out));
	}
	return ERR_OK;
}

static enum err put_partners(const struct trust *t, int japanese,
    struct buf *out)
{
	char label[512];

	for (size_t i = 0; t->has_policy && i < t->policy.partners_len; i++) {
		const struct policy_partner *p = &t->policy.partners[i];

		(void)snprintf(label, sizeof(label), "%s %s (%s)",
		    japanese ? "提供先" : "partner", p->id, p->institution);
		RETURN_IF(put_ssh(label, p->ssh, out));
		RETURN_IF(buf_printf(out, "    %s\n", p->age));
	}
	return ERR_OK;
}

static enum err put_witnesses(const struct trust *t, int japanese,
    struct buf *out)
{
	if (t->witnesses.file == NULL)
		return buf_printf(out, "%s\n", japanese ?
		    "立会人: なし。運用者以外は誰も台帳に副署しません" :
		    "witnesses: none. Nobody outside the operator cosigns the ledger");
	RETURN_IF(put_digest(japanese ? "立会人の方針 (sha256)" :
	    "witness policy (sha256)", t->witnesses.sha256, out));
	for (size_t i = 0; i < policy_file_witnesses(t->witnesses.file);
	    i++) {
		RETURN_IF(buf_printf(out, "    %s  ",
		    policy_file_witness_name(t->witnesses.file, i)));
		RETURN_IF(note_key_write(policy_file_witness(
		    t->witnesses.file, i), out));
		RETURN_IF(buf_append_str(out, "\n"));
	}
	return buf_append(out, t->witnesses.bytes.data,
	    t->witnesses.bytes.len);
}

static enum err put_head(struct home *h, const struct charter *c,
    int japanese, struct buf *out)
{
	char day[CLOCK_DAY_LEN + 1];

	clock_format_day(clock_jst_day(h->now_unix_s), day);
	RETURN_IF(buf_printf(out, "%s  %s %s  %s\n\n", japanese ?
	    "信頼の起点" : "Where first trust rests", c->owner,
	    c->owner_name, day));
	RETURN_IF(buf_printf(out, "%s\n    %s\n", japanese ?
	    "台帳の鍵" : "ledger key", c->ledger_key));
	RETURN_IF(put_ssh(japanese ? "ゲートウェイの署名鍵" :
	    "gateway's signing key", c->gateway_key, out));
	return buf_printf(out, "%s\n    %s\n", japanese ? "運用者" :
	    "operator", c->operator_name);
}

enum err trust_page(struct home *h, const char *owner, int japanese,
    struct buf *out)
{
	CLEANUP(trust_release) struct trust t = {0};
	char label[128];

	RETURN_IF(load(h, owner, &t));
	RETURN_IF(put_head(h, &t.charter.charter, japanese, out));
	(void)snprintf(label, sizeof(label), japanese ?
	    "憲章 第%llu版 (sha256), %zu席中%u席" :
	    "charter version %llu (sha256), of %zu seats %u decide",
	    (unsigned long long)t.charter.charter.version,
	    t.charter.charter.seats_len, t.charter.charter.threshold);
	RETURN_IF(put_digest(label, t.charter.paper.sha256, out));
	RETURN_IF(put_seats(&t, japanese, out));
	RETURN_IF(put_partners(&t, japanese, out));
	RETURN_IF(put_witnesses(&t, japanese, out));
	return buf_append_str(out, japanese ?
	    "\nこの紙面を協定書に添え、以後の検証ではここに記された値と照合してください。\n" :
	    "\nKeep this page with the agreement, and compare later with what it says.\n");
}

/* ---- the folder ---- */

static enum err write_in(const char *dir, const char *name,
    const struct buf *bytes)
{
	char path[FS_PATH_MAX];

	RETURN_IF(fs_path(path, "%s/%s", dir, name));
	return fs_write_file(path, bytes_buf(bytes), 0644);
}

static enum err signers_text(const struct trust *t, struct buf *out)
{
	CLEANUP(signers_release) struct signers s = {0};

	RETURN_IF(trust_add_charter(&s, &t->charter.charter));
	for (size_t i = 0; t->has_policy && i < t->policy.partners_len; i++)
		RETURN_IF(trust_add_partner(&s, t->policy.partners[i].id,
		    t->policy.partners[i].ssh));
	return signers_write(&s, out);
}

enum err trust_write(struct home *h, const char *owner, const char *dir)
{
	CLEANUP(trust_release) struct trust t = {0};
	CLEANUP(buf_release) struct buf signers = {0};
	CLEANUP(buf_release) struct buf vkey = {0};
	CLEANUP(buf_release) struct buf policy = {0};

	RETURN_IF(load(h, owner, &t));
	RETURN_IF(signers_text(&t, &signers));
	RETURN_IF(buf_printf(&vkey, "%s\n", t.charter.charter.ledger_key));
	if (t.witnesses.file != NULL)
		RETURN_IF(buf_append(&policy, t.witnesses.bytes.data,
		    t.witnesses.bytes.len));
	else
		RETURN_IF(buf_printf(&policy, "log %s\nquorum none\n",
		    t.charter.charter.ledger_key));
	RETURN_IF(fs_mkdir_all(dir, 0755));
	RETURN_IF(write_in(dir, "allowed_signers", &signers));
	RETURN_IF(write_in(dir, "ledger.vkey", &vkey));
	RETURN_IF(write_in(dir, "witness-policy", &policy));
	outcome_add(h->outcome, OUTCOME_DONE,
	    "%s holds allowed_signers, ledger.vkey and witness-policy, for --trust; compare them with the printed page",
	    "%sに allowed_signers、ledger.vkey、witness-policy を書き出しました（--trust 用）。印刷した紙面と照合してください",
	    dir);
	return ERR_OK;
}
