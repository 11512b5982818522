/* Byte release on the officer's own machine: no home, no gateway. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/ops/byterelease.h"
#include "app/ops/officer_memory.h"
#include "app/pack.h"
#include "app/verify.h"
#include "exporters/bundle.h"
#include "keys/sshsig.h"
#include "policy/charter.h"
#include "policy/plan.h"
#include "policy/votes.h"

struct byterelease {
	struct byterelease_args args;
	struct verify_result verified;
	struct plan plan;
	uint8_t plan_sha256[DIGEST_LEN];
	char seat[40];
};

void byterelease_close(struct byterelease *b)
{
	if (b == NULL)
		return;
	plan_release(&b->plan);
	verify_result_release(&b->verified);
	free(b);
}

void byterelease_cleanup(struct byterelease **b)
{
	byterelease_close(*b);
}

const char *byterelease_export(const struct byterelease *b)
{
	return b->plan.export_id;
}

const char *byterelease_seat(const struct byterelease *b)
{
	return b->seat;
}

/* ---- whose keys are they? ---- */

/* Every key that the packet trusts for gateway and seats is the charter's. */
static int keys_are_of(const struct signers *s, const struct charter *c)
{
	char ssh[SSHSIG_PUBLIC_TEXT_LEN + 1], principal[64];

	for (size_t i = 0; i < s->len; i++) {
		const struct signers_entry *e = &s->entries[i];
		const char *want = NULL;

		sshsig_public_format(e->public_key, ssh);
		if (strncmp(e->principal, "partner-", 8) == 0)
			continue;
		if (strcmp(e->principal, "gateway") == 0)
			want = c->gateway_key;
		for (size_t k = 0; k < c->seats_len; k++) {
			(void)snprintf(principal, sizeof(principal),
			    "owner-%s/%s", c->owner, c->seats[k].name);
			if (strcmp(e->principal, principal) == 0)
				want = c->seats[k].ssh;
		}
		if (want == NULL || strcmp(want, ssh) != 0)
			return 0;
	}
	return 1;
}

static int ledger_is_of(const struct note_key *key, const struct charter *c)
{
	struct note_key known;

	return note_key_parse(bytes_str(c->ledger_key), &known) == ERR_OK &&
	    note_key_equal(&known, key);
}

static enum err unknown_charter(const struct byterelease *b,
    struct outcome *o)
{
	outcome_add(o, OUTCOME_HINT,
	    "give your own copies of allowed_signers, ledger.vkey and witness-policy: --trust DIR",
	    "手元の allowed_signers、ledger.vkey、witness-policy を --trust DIR で指定してください");
	return outcome_refuse(o, ERR_UNTRUSTED,
	    "this machine does not know the charter that %s was approved under",
	    "この機械は、%sが承認された憲章を知りません", b->plan.id);
}

/* Without a folder of one's own: the charter remembered from the approval. */
static enum err check_memory(const struct byterelease *b, struct outcome *o)
{
	CLEANUP(officer_memory_release) struct officer_memory m = {0};
	CLEANUP(charter_release) struct charter c = {0};
	uint8_t sha256[DIGEST_LEN];

	RETURN_IF(officer_memory_load(b->args.state_dir, b->args.identity,
	    b->plan.owner, &m, &o->info));
	digest_sha256(bytes_buf(&m.charter), sha256);
	if (m.charter.len == 0 || memcmp(sha256, b->plan.charter_sha256,
	    DIGEST_LEN) != 0)
		return unknown_charter(b, o);
	RETURN_IF(charter_parse(bytes_buf(&m.charter), &c, &o->info));
	if (!keys_are_of(&b->verified.signers, &c) ||
	    !ledger_is_of(&b->verified.log_key, &c))
		return outcome_refuse(o, ERR_UNTRUSTED,
		    "the packet trusts other keys than those of the charter known here",
		    "ファイルが信頼する鍵は、この機械が知る憲章の鍵ではありません");
	outcome_add(o, OUTCOME_CHECK,
	    "its keys are those of the charter known here",
	    "鍵は、この機械が知る憲章のものです");
	return ERR_OK;
}

static enum err find_seat(struct byterelease *b, struct outcome *o)
{
	const struct signers_entry *e = signers_find(&b->verified.signers,
	    identity_public(b->args.identity)->ssh);
	char prefix[16];

	(void)snprintf(prefix, sizeof(prefix), "owner-%s/", b->plan.owner);
	if (e != NULL && strncmp(e->principal, prefix, strlen(prefix)) == 0 &&
	    (e->namespaces & SIGNERS_NS(SSHSIG_BYTERELEASE)) != 0) {
		(void)snprintf(b->seat, sizeof(b->seat), "%.39s",
		    e->principal + strlen(prefix));
		return ERR_OK;
	}
	return outcome_refuse(o, ERR_UNTRUSTED,
	    "this identity holds no seat of owner %s",
	    "この鍵は、所有者%sのどの席のものでもありません", b->plan.owner);
}

/* ---- opening ---- */

int byterelease_is_packet(const char *path)
{
	CLEANUP(fs_fd_cleanup) int fd = open(path, O_RDONLY | O_CLOEXEC);
	char head[4];

	return fd >= 0 && read(fd, head, sizeof(head)) == sizeof(head) &&
	    memcmp(head, "EXP-", sizeof(head)) == 0;
}

static enum err read_plan(struct byterelease *b, struct outcome *o)
{
	struct bytes plan;

	RETURN_IF(bundle_read_member(b->verified.reader, "plan.txt", &plan));
	RETURN_IF(plan_parse(plan, &b->plan, &o->info));
	digest_sha256(plan, b->plan_sha256);
	if (b->plan.byte_release)
		return ERR_OK;
	return outcome_refuse(o, ERR_STATE,
	    "%s does not ask for byte release",
	    "%sは開示前の確認を求めていません", b->plan.id);
}

enum err byterelease_open(const struct byterelease_args *args,
    struct outcome *o, struct byterelease **ret)
{
	CLEANUP(byterelease_cleanup) struct byterelease *b =
	    calloc(1, sizeof(*b));
	const struct verify_args v = {.bundle = args->packet,
	    .trust = args->trust, .now_unix_s = args->now_unix_s,
	    .papers = 1};

	if (b == NULL)
		return ERR_NOMEM;
	b->args = *args;
	RETURN_IF(verify_bundle(&v, &b->verified, o));
	RETURN_IF(read_plan(b, o));
	RETURN_IF(find_seat(b, o));
	if (args->trust == NULL)
		RETURN_IF(check_memory(b, o));
	*ret = TAKE(b);
	return ERR_OK;
}

enum err byterelease_show(const struct byterelease *b, struct buf *out)
{
	struct bytes report, sums;
	char hex[DIGEST_HEX_LEN + 1];

	RETURN_IF(bundle_read_member(b->verified.reader, "disclosure.txt",
	    &report));
	RETURN_IF(bundle_read_member(b->verified.reader, BUNDLE_SUMS, &sums));
	RETURN_IF(buf_append(out, report.data, report.len));
	RETURN_IF(buf_append_str(out, "\n" BUNDLE_SUMS "\n"));
	RETURN_IF(buf_append(out, sums.data, sums.len));
	digest_to_hex(bundle_read_sums_sha256(b->verified.reader), hex);
	return buf_printf(out, "\nsha256sum " BUNDLE_SUMS ": %s\n", hex);
}

/* ---- the answer ---- */

static enum err write_answer(const struct byterelease *b,
    const struct pack *p, const char *path, struct outcome *o)
{
	if (fs_exists(path))
		return outcome_refuse(o, ERR_EXISTS, "%s is there already",
		    "%sはすでに存在します", path);
	return pack_write(p, path, b->args.now_unix_s);
}

enum err byterelease_sign(const struct byterelease *b, const char *path,
    struct outcome *o)
{
	CLEANUP(pack_release) struct pack p = {0};
	CLEANUP(buf_release) struct buf sig = {0};
	char name[PACK_NAME_MAX + 1];
	struct bytes sums;

	RETURN_IF(bundle_read_member(b->verified.reader, BUNDLE_SUMS, &sums));
	RETURN_IF(sshsig_sign(identity_sign_seed(b->args.identity),
	    SSHSIG_BYTERELEASE, sums, &sig));
	(void)snprintf(p.folder, sizeof(p.folder), "%s-%s-byterelease",
	    b->plan.export_id, b->seat);
	(void)snprintf(name, sizeof(name), "release/%s.sig", b->seat);
	RETURN_IF(pack_add(&p, BUNDLE_SUMS, sums));
	RETURN_IF(pack_add(&p, name, bytes_buf(&sig)));
	RETURN_IF(write_answer(b, &p, path, o));
	outcome_add(o, OUTCOME_DONE,
	    "seat %s lets these bytes of %s leave; hand %s to the gateway: azukari byterelease accept",
	    "席%sは%sのこの内容の提供を認めました。%sをゲートウェイに渡してください: azukari byterelease accept",
	    b->seat, b->plan.export_id, path);
	return ERR_OK;
}

static enum err write_denial(const struct byterelease *b, const char *reason,
    struct buf *out, struct outcome *o)
{
	struct votes_stop s = {.kind = VOTES_DENIAL, .plan = b->plan.id,
	    .owner = b->plan.owner, .seat = b->seat, .reason = reason,
	    .at_unix_s = b->args.now_unix_s};

	memcpy(s.plan_sha256, b->plan_sha256, DIGEST_LEN);
	secret_random(s.nonce, sizeof(s.nonce));
	return votes_stop_write(&s, out, &o->info);
}

enum err byterelease_deny(const struct byterelease *b, const char *reason,
    const char *path, struct outcome *o)
{
	CLEANUP(pack_release) struct pack p = {0};
	CLEANUP(buf_release) struct buf text = {0};
	CLEANUP(buf_release) struct buf sig = {0};

	RETURN_IF(write_denial(b, reason, &text, o));
	RETURN_IF(sshsig_sign(identity_sign_seed(b->args.identity),
	    SSHSIG_DENIAL, bytes_buf(&text), &sig));
	(void)snprintf(p.folder, sizeof(p.folder), "%s-%s-answer", b->plan.id,
	    b->seat);
	RETURN_IF(pack_add(&p, "denial.txt", bytes_buf(&text)));
	RETURN_IF(pack_add(&p, "denial.txt.sig", bytes_buf(&sig)));
	RETURN_IF(write_answer(b, &p, path, o));
	outcome_add(o, OUTCOME_DONE,
	    "seat %s refuses to let %s leave; hand %s to the gateway: azukari byterelease accept",
	    "席%sは%sの提供を拒否しました。%sをゲートウェイに渡してください: azukari byterelease accept",
	    b->seat, b->plan.export_id, path);
	return ERR_OK;
}
