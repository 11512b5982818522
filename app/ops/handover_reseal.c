/* Hand-over on the machines of predecessor and successor: no home. */
#include <stdio.h>
#include <string.h>

#include "app/ops/handover.h"
#include "app/ops/seats.h"
#include "keys/handover.h"
#include "keys/share.h"
#include "keys/sshsig.h"

struct resealing {
	const struct handover_reseal_args *args;
	struct pack in, out;
	struct bytes next_bytes, before_bytes;
	struct charter next, before;
	const struct charter_seat *seat;        /* of ${next} */
	struct handover handover;
	struct buf text, sig;
	size_t done;
};

static void resealing_release(struct resealing *r)
{
	handover_release(&r->handover);
	charter_release(&r->next);
	charter_release(&r->before);
	buf_release(&r->text);
	buf_release(&r->sig);
	pack_release(&r->in);
	pack_release(&r->out);
}

static enum err read_packet(struct resealing *r, struct outcome *o)
{
	RETURN_IF(pack_read(r->args->packet, &r->in, &o->info));
	RETURN_IF(pack_need(&r->in, "charter.txt", &r->next_bytes, &o->info));
	RETURN_IF(pack_need(&r->in, "before.txt", &r->before_bytes,
	    &o->info));
	RETURN_IF(charter_parse(r->next_bytes, &r->next, &o->info));
	return charter_parse(r->before_bytes, &r->before, &o->info);
}

/* The seat that this identity's signing key held. */
static enum err find_seat(struct resealing *r, struct outcome *o)
{
	char ssh[SSHSIG_PUBLIC_TEXT_LEN + 1];

	sshsig_public_format(identity_public(r->args->identity)->ssh, ssh);
	for (size_t i = 0; i < r->before.seats_len; i++)
		if (strcmp(r->before.seats[i].ssh, ssh) == 0)
			r->seat = charter_seat(&r->next,
			    r->before.seats[i].name);
	if (r->seat != NULL)
		return ERR_OK;
	return outcome_refuse(o, ERR_UNTRUSTED,
	    "this identity holds no seat that is handed over here",
	    "この鍵は、ここで引き継がれる席のものではありません");
}

static int same_recipient(const char *age, const struct age_recipient *r)
{
	char text[BECH32_RECIPIENT_LEN + 1];

	bech32_encode_recipient(r->key, text);
	return age != NULL && strcmp(age, text) == 0;
}

/* The charter's word on the successor is the gateway's word; the key files
 * came from a person. */
static enum err check_successor(const struct resealing *r, struct outcome *o)
{
	struct identity_public pub, spare;
	char ssh[SSHSIG_PUBLIC_TEXT_LEN + 1];
	int ok;

	RETURN_IF(identity_public_read(r->args->successor, &pub, &o->info));
	sshsig_public_format(pub.ssh, ssh);
	ok = same_recipient(r->seat->age, &pub.age) &&
	    strcmp(r->seat->ssh, ssh) == 0;
	if (r->args->spare != NULL) {
		RETURN_IF(identity_public_read(r->args->spare, &spare,
		    &o->info));
		ok = ok && same_recipient(r->seat->spare, &spare.age);
	} else {
		ok = ok && r->seat->spare == NULL;
	}
	if (ok)
		return ERR_OK;
	return outcome_refuse(o, ERR_MISMATCH,
	    "the packet names other keys for seat %s than the successor's key files: nothing was sealed",
	    "ファイルにある席%sの鍵は、後任者の鍵ファイルと異なります。何も封をしていません",
	    r->seat->name);
}

static enum err begin(struct resealing *r)
{
	struct handover_facts f = {0};

	memcpy(f.owner, r->next.owner, NAMES_OWNER_LEN + 1);
	digest_sha256(r->before_bytes, f.old_charter_sha256);
	digest_sha256(r->next_bytes, f.new_charter_sha256);
	(void)snprintf(f.seat, sizeof(f.seat), "%s", r->seat->name);
	(void)snprintf(f.successor, sizeof(f.successor), "%s", r->seat->age);
	secret_random(f.nonce, sizeof(f.nonce));
	return handover_begin(&r->handover, &f, r->seat->spare);
}

static enum err reseal_one(struct resealing *r, size_t n, struct outcome *o)
{
	CLEANUP(seats_epoch_release) struct seats_epoch e = {0};
	CLEANUP(buf_release) struct buf file = {0};
	const struct secret *identities[1] = {
		identity_open_secret(r->args->identity)};
	const struct age_keys keys = {.identities = identities,
	    .identities_len = 1};
	const struct pack_file *share = pack_find_numbered(&r->in, "shares",
	    n, ".age");
	struct handover_item item = {.epoch = &e.epoch};

	RETURN_IF(seats_epoch_unpack(&r->in, n, &e, &o->info));
	if (share == NULL)
		return err_at(&o->info, ERR_NOT_FOUND, 0,
		    "shares/%05zu.age is missing in it", n);
	item.in_force = seats_in_force(&e);
	item.file = bytes_buf(&share->bytes);
	RETURN_IF(handover_add(&r->handover, &keys, &item, &file, &o->info));
	RETURN_IF(seats_epoch_pack(&e, n, &r->out));
	return pack_add_numbered(&r->out, "shares", n, ".age",
	    bytes_buf(&file));
}

static enum err reseal_all(struct resealing *r, struct outcome *o)
{
	while (pack_find_numbered(&r->in, "epochs", r->done + 1, ".txt") !=
	    NULL) {
		RETURN_IF(reseal_one(r, r->done + 1, o));
		r->done++;
	}
	return r->done > 0 ? ERR_OK : err_at(&o->info, ERR_NOT_FOUND, 0,
	    "it has no epochs");
}

static enum err finish(struct resealing *r, struct outcome *o)
{
	(void)snprintf(r->out.folder, sizeof(r->out.folder),
	    "%s-%s-handed-over", r->next.owner, r->seat->name);
	RETURN_IF(handover_finish(&r->handover, &r->text, &o->info));
	RETURN_IF(sshsig_sign(identity_sign_seed(r->args->identity),
	    SSHSIG_HANDOVER, bytes_buf(&r->text), &r->sig));
	RETURN_IF(pack_add(&r->out, "charter.txt", r->next_bytes));
	RETURN_IF(pack_add(&r->out, "before.txt", r->before_bytes));
	RETURN_IF(pack_add(&r->out, "handover.txt", bytes_buf(&r->text)));
	RETURN_IF(pack_add(&r->out, "handover.txt.sig", bytes_buf(&r->sig)));
	return pack_write(&r->out, r->args->path, r->args->now_unix_s);
}

enum err handover_reseal(const struct handover_reseal_args *args,
    struct outcome *o)
{
	CLEANUP(resealing_release) struct resealing r = {.args = args};

	RETURN_IF(read_packet(&r, o));
	RETURN_IF(find_seat(&r, o));
	RETURN_IF(check_successor(&r, o));
	RETURN_IF(begin(&r));
	RETURN_IF(reseal_all(&r, o));
	RETURN_IF(finish(&r, o));
	outcome_add(o, OUTCOME_DONE,
	    "%zu shares of seat %s are sealed to the successor; hand %s to them: azukari seat handover receive",
	    "席%2$sのシェア%1$zu件を後任者宛てに封じました。%3$sを後任者に渡してください: azukari seat handover receive",
	    r.done, r.seat->name, args->path);
	return ERR_OK;
}

/* ---- the successor ---- */

struct receiving {
	struct pack pack;
	struct bytes charter_bytes, before_bytes, text, sig;
	struct charter charter, before;
	struct handover_text handover;
	struct handover_list list;
	const struct identity *id;
};

static void receiving_release(struct receiving *r)
{
	charter_release(&r->charter);
	charter_release(&r->before);
	handover_list_release(&r->list);
	pack_release(&r->pack);
}

static enum err read_answer(const char *path, struct receiving *r,
    struct err_info *info)
{
	RETURN_IF(pack_read(path, &r->pack, info));
	RETURN_IF(pack_need(&r->pack, "charter.txt", &r->charter_bytes,
	    info));
	RETURN_IF(pack_need(&r->pack, "before.txt", &r->before_bytes, info));
	RETURN_IF(pack_need(&r->pack, "handover.txt", &r->text, info));
	RETURN_IF(pack_need(&r->pack, "handover.txt.sig", &r->sig, info));
	RETURN_IF(charter_parse(r->charter_bytes, &r->charter, info));
	RETURN_IF(charter_parse(r->before_bytes, &r->before, info));
	return handover_parse(r->text, &r->handover, info);
}

static enum err check_mine(const struct receiving *r, struct outcome *o)
{
	const struct charter_seat *seat = charter_seat(&r->charter,
	    r->handover.facts.seat);
	const struct charter_seat *before = charter_seat(&r->before,
	    r->handover.facts.seat);
	char ssh[SSHSIG_PUBLIC_TEXT_LEN + 1];
	uint8_t key[SSHSIG_PUBLIC_LEN], sha256[DIGEST_LEN];

	sshsig_public_format(identity_public(r->id)->ssh, ssh);
	if (seat == NULL || before == NULL || strcmp(seat->ssh, ssh) != 0)
		return outcome_refuse(o, ERR_UNTRUSTED,
		    "this identity is not the successor that the charter names",
		    "この鍵は、憲章にある後任者のものではありません");
	digest_sha256(r->charter_bytes, sha256);
	if (memcmp(sha256, r->handover.facts.new_charter_sha256,
	    DIGEST_LEN) != 0)
		return ERR_MISMATCH;
	RETURN_IF(sshsig_public_parse(bytes_str(before->ssh), key));
	return sshsig_check(r->sig, SSHSIG_HANDOVER, key, r->text);
}

static enum err open_one(struct receiving *r, size_t n, struct outcome *o)
{
	CLEANUP(seats_epoch_release) struct seats_epoch e = {0};
	CLEANUP(buf_release) struct buf text = {0};
	const struct secret *identities[1] = {identity_open_secret(r->id)};
	const struct age_keys keys = {.identities = identities,
	    .identities_len = 1};
	const struct pack_file *file = pack_find_numbered(&r->pack, "shares",
	    n, ".age");
	SECRET_BYTES(value, EPOCH_KEY_LEN);
	struct share share;
	enum err err;

	RETURN_IF(seats_epoch_unpack(&r->pack, n, &e, &o->info));
	if (file == NULL)
		return err_at(&o->info, ERR_NOT_FOUND, 0,
		    "shares/%05zu.age is missing in it", n);
	err = share_open(&keys, bytes_buf(&file->bytes), &text);
	if (err != ERR_OK)
		return err_at(&o->info, err, 0,
		    "shares/%05zu.age cannot be opened with this identity",
		    n);
	RETURN_IF(share_parse(bytes_buf(&text), &share, value, &o->info));
	RETURN_IF(share_check(&share, &e.epoch, seats_in_force(&e),
	    &o->info));
	if (strcmp(share.seat, r->handover.facts.seat) != 0)
		return err_at(&o->info, ERR_MISMATCH, 0,
		    "shares/%05zu.age is of seat %s", n, share.seat);
	return handover_list_add(&r->list, share.epoch, share.sha256);
}

enum err handover_receive(const char *answer, const struct identity *id,
    const char *path, struct outcome *o)
{
	CLEANUP(receiving_release) struct receiving r = {.id = id};
	CLEANUP(buf_release) struct buf sig = {0};
	size_t n;

	RETURN_IF(read_answer(answer, &r, &o->info));
	RETURN_IF(check_mine(&r, o));
	for (n = 1; pack_find_numbered(&r.pack, "epochs", n, ".txt") != NULL;
	    n++)
		RETURN_IF(open_one(&r, n, o));
	RETURN_IF(handover_check_list(&r.handover, &r.list));
	RETURN_IF(sshsig_sign(identity_sign_seed(id), SSHSIG_CHARTER,
	    r.charter_bytes, &sig));
	RETURN_IF(fs_write_new_file(path, bytes_buf(&sig), 0644));
	outcome_add(o, OUTCOME_CHECK,
	    "all %zu shares of seat %s open with this identity and are those that were dealt",
	    "席%2$sのシェア%1$zu件はすべてこの鍵で開け、配られたものと一致します",
	    n - 1, r.handover.facts.seat);
	outcome_add(o, OUTCOME_DONE,
	    "the charter is signed: %s; at the gateway: azukari seat handover accept %s %s --sig FILE…",
	    "憲章に署名しました：%s。ゲートウェイで azukari seat handover accept %s %s --sig ファイル… を実行します",
	    path, r.charter.owner, answer);
	return ERR_OK;
}
