/* Enrolment on the custodian's machine: no home, no gateway. */
#include <stdio.h>
#include <string.h>

#include "app/ops/enrol.h"
#include "app/pack.h"
#include "keys/share.h"
#include "keys/sshsig.h"
#include "policy/charter.h"

struct join {
	struct pack pack;
	struct bytes charter_bytes, epoch_bytes, share_file;
	struct charter charter;
	struct epoch epoch;
	struct buf share;               /* the opened trial share */
	const struct charter_seat *seat;
};

static void join_release(struct join *j)
{
	charter_release(&j->charter);
	buf_release(&j->share);
	pack_release(&j->pack);
}

static enum err read_packet(const char *path, struct join *j,
    struct outcome *o)
{
	RETURN_IF(pack_read(path, &j->pack, &o->info));
	RETURN_IF(pack_need(&j->pack, "charter.txt", &j->charter_bytes,
	    &o->info));
	RETURN_IF(pack_need(&j->pack, "epoch.txt", &j->epoch_bytes, &o->info));
	RETURN_IF(pack_need(&j->pack, "share.age", &j->share_file, &o->info));
	RETURN_IF(charter_parse(j->charter_bytes, &j->charter, &o->info));
	return epoch_parse(j->epoch_bytes, &j->epoch, &o->info);
}

/* The seat that holds this identity's signing key. */
static enum err find_seat(struct join *j, const struct identity *id,
    struct outcome *o)
{
	char ssh[SSHSIG_PUBLIC_TEXT_LEN + 1];

	sshsig_public_format(identity_public(id)->ssh, ssh);
	for (size_t i = 0; i < j->charter.seats_len; i++)
		if (strcmp(j->charter.seats[i].ssh, ssh) == 0)
			j->seat = &j->charter.seats[i];
	if (j->seat == NULL)
		return outcome_refuse(o, ERR_UNTRUSTED,
		    "this identity holds no seat of this charter",
		    "この鍵はこの憲章のどの席のものでもありません");
	return ERR_OK;
}

static enum err check_epoch(const struct join *j, struct outcome *o)
{
	uint8_t sha256[DIGEST_LEN];

	digest_sha256(j->charter_bytes, sha256);
	if (j->epoch.facts.kind != EPOCH_KIND_TRIAL ||
	    strcmp(j->epoch.facts.owner, j->charter.owner) != 0 ||
	    memcmp(j->epoch.facts.charter_sha256, sha256, DIGEST_LEN) != 0)
		return outcome_refuse(o, ERR_MISMATCH,
		    "the trial key is not dealt under this charter",
		    "試験用の鍵はこの憲章のもとで配られたものではありません");
	return ERR_OK;
}

/* Proves the age key: open the trial share and hold it against epoch.txt. */
static enum err open_share(struct join *j, const struct identity *id,
    struct outcome *o)
{
	const struct secret *identities[1] = {identity_open_secret(id)};
	struct age_keys keys = {.identities = identities, .identities_len = 1};
	SECRET_BYTES(value, EPOCH_KEY_LEN);
	struct share share;

	RETURN_IF(share_open(&keys, j->share_file, &j->share));
	RETURN_IF(share_parse(bytes_buf(&j->share), &share, value, &o->info));
	if (strcmp(share.seat, j->seat->name) != 0)
		return outcome_refuse(o, ERR_MISMATCH,
		    "the packet holds the share of seat %s, this identity is seat %s",
		    "このファイルは席%sのシェアで、この鍵は席%sのものです",
		    share.seat, j->seat->name);
	return share_check(&share, &j->epoch, NULL, &o->info);
}

static enum err add_answer(struct join *j, const struct identity *id,
    struct pack *answer)
{
	CLEANUP(buf_release) struct buf sig = {0};
	char name[PACK_NAME_MAX + 1];

	(void)snprintf(answer->folder, sizeof(answer->folder), "%s-%s-joined",
	    j->charter.owner, j->seat->name);
	(void)snprintf(name, sizeof(name), "charter.%s.sig", j->seat->name);
	RETURN_IF(sshsig_sign(identity_sign_seed(id), SSHSIG_CHARTER,
	    j->charter_bytes, &sig));
	RETURN_IF(pack_add(answer, name, bytes_buf(&sig)));
	return pack_add(answer, "share.txt", bytes_buf(&j->share));
}

static enum err sheet_seats(const struct charter *c, struct buf *out)
{
	char print[SSHSIG_FINGERPRINT_LEN + 1];
	uint8_t key[SSHSIG_PUBLIC_LEN];

	for (size_t i = 0; i < c->seats_len; i++) {
		RETURN_IF(sshsig_public_parse(bytes_str(c->seats[i].ssh),
		    key));
		sshsig_fingerprint(key, print);
		RETURN_IF(buf_printf(out, "  %-10s %s\n             %s\n"
		    "             %s\n", c->seats[i].name, print,
		    c->seats[i].age, c->seats[i].institution));
	}
	return ERR_OK;
}

static enum err write_sheet(const struct join *j, struct buf *out)
{
	const struct charter *c = &j->charter;
	size_t too_many = c->seats_len - c->threshold + 1;
	char sha256[DIGEST_HEX_LEN + 1];

	RETURN_IF(buf_printf(out, "憲章 Charter %s  %s (%s)\n"
	    "運用者 Operator: %s   台帳 Ledger: %s\n"
	    "決定 Decisions: %zu席のうち%u席 / %u of %zu seats\n",
	    c->owner, c->owner_name, c->representative, c->operator_name,
	    c->origin, c->seats_len, c->threshold, c->threshold,
	    c->seats_len));
	RETURN_IF(sheet_seats(c, out));
	digest_sha256_hex(j->charter_bytes, sha256);
	return buf_printf(out,
	    "憲章のSHA256 SHA256 of charter.txt（控えること / note it）:\n  %s\n"
	    "%zu席以上の鍵を失うと、預けた回答は誰にも読めなくなります。\n"
	    "If the keys of %zu or more seats are lost, nobody can read the answers again.\n"
	    "上の指紋を、本人どうしで読み合わせてください。\n"
	    "Read these fingerprints to each other before anything is taken in.\n",
	    sha256, too_many, too_many);
}

enum err enrol_join(const char *packet, const struct identity *id,
    const char *path, int64_t now_unix_s, struct buf *ret_sheet,
    struct outcome *o)
{
	CLEANUP(join_release) struct join j = {0};
	CLEANUP(pack_release) struct pack answer = {0};

	RETURN_IF(read_packet(packet, &j, o));
	RETURN_IF(find_seat(&j, id, o));
	RETURN_IF(check_epoch(&j, o));
	RETURN_IF(open_share(&j, id, o));
	RETURN_IF(write_sheet(&j, ret_sheet));
	RETURN_IF(add_answer(&j, id, &answer));
	RETURN_IF(pack_write(&answer, path, now_unix_s));
	outcome_add(o, OUTCOME_DONE,
	    "seat %s signed the charter and opened its trial share; hand %s to the gateway",
	    "席%sは憲章に署名し、試験用シェアを開きました。%sをゲートウェイに渡してください",
	    j.seat->name, path);
	return ERR_OK;
}
