#include "app/ops/enrol.h"

#include <stdio.h>
#include <string.h>

#include "app/act.h"
#include "app/papers.h"
#include "core/encode.h"
#include "keys/epoch.h"
#include "keys/record.h"
#include "keys/record_plain.h"
#include "keys/sshsig.h"
#include "ledger/note_key.h"

#define DRAFT_CHARTER "charter"
#define DRAFT_TRIAL "trial-epoch"
#define DRAFT_RECORD "trial-record"

enum err enrol_roster(const struct charter *charter, struct epoch_roster *ret)
{
	*ret = (struct epoch_roster){.threshold = charter->threshold,
	    .len = charter->seats_len};
	for (size_t i = 0; i < charter->seats_len; i++)
		ret->seat[i] = (struct epoch_seat){
			.name = charter->seats[i].name,
			.age = charter->seats[i].age,
			.spare = charter->seats[i].spare,
			.x = (uint8_t)(i + 1)};
	return ERR_OK;
}

/* ---- owner add: the draft charter ---- */

/* Strings a charter under construction points to. */
struct seat_text {
	struct identity_public pub;
	char age[BECH32_RECIPIENT_LEN + 1];
	char spare[BECH32_RECIPIENT_LEN + 1];
	char ssh[SSHSIG_PUBLIC_TEXT_LEN + 1];
};

struct draft {
	struct seat_text seats[ENROL_SEATS_MAX];
	struct charter charter;
	struct buf gateway_key, ledger_key, text;
};

static void draft_release(struct draft *d)
{
	buf_release(&d->gateway_key);
	buf_release(&d->ledger_key);
	buf_release(&d->text);
}

static enum err fill_seat(struct home *h, const struct enrol_seat *from,
    struct seat_text *t, struct charter_seat *ret)
{
	struct identity_public spare;

	(void)snprintf(h->outcome->info.file, sizeof(h->outcome->info.file),
	    "%s", from->pub);
	RETURN_IF(identity_public_read(from->pub, &t->pub, &h->outcome->info));
	bech32_encode_recipient(t->pub.age.key, t->age);
	sshsig_public_format(t->pub.ssh, t->ssh);
	*ret = (struct charter_seat){.name = t->pub.name, .age = t->age,
	    .ssh = t->ssh, .institution = from->institution};
	if (from->spare_pub != NULL) {
		RETURN_IF(identity_public_read(from->spare_pub, &spare,
		    &h->outcome->info));
		bech32_encode_recipient(spare.age.key, t->spare);
		ret->spare = t->spare;
	}
	h->outcome->info.file[0] = '\0';
	return ERR_OK;
}

static enum err gateway_texts(struct home *h, struct draft *d)
{
	uint8_t key[32];

	RETURN_IF(identity_seed_public(gateway_key_export_seed(h->keys), key));
	RETURN_IF(identity_ssh_append(key, &d->gateway_key));
	return note_key_write(note_signer_key(h->log_signer), &d->ledger_key);
}

static enum err draft_charter(struct home *h, const struct enrol_owner *o,
    struct draft *d)
{
	struct charter *c = &d->charter;

	RETURN_IF(gateway_texts(h, d));
	*c = (struct charter){.owner = o->code, .owner_name = o->name,
	    .representative = o->representative, .version = 1,
	    .threshold = o->threshold, .seats_len = o->seats_len,
	    .origin = gateway_key_origin(h->keys),
	    .gateway_key = buf_text(&d->gateway_key),
	    .ledger_key = buf_text(&d->ledger_key),
	    .operator_name = h->operator_name,
	    .created_unix_s = h->now_unix_s};
	secret_random(c->nonce, sizeof(c->nonce));
	for (size_t i = 0; i < o->seats_len; i++)
		RETURN_IF(fill_seat(h, &o->seats[i], &d->seats[i],
		    &c->seats[i]));
	return charter_write(c, &d->text, &h->outcome->info);
}

/* ---- owner add: the trial key ---- */

static enum err trial_plain(int64_t opened_unix_s, struct buf *out)
{
	uint8_t line[16];
	CLEANUP(buf_release) struct buf body = {0};
	struct record_plain_quarantine q = {.reason = bytes_str("trial"),
	    .line = bytes_of(line, sizeof(line))};
	struct epoch_lists none = {.opened_unix_s = opened_unix_s};
	struct record_plain plain = {.user_code = RECORD_PLAIN_NOBODY,
	    .event_unix_s = (uint32_t)opened_unix_s,
	    .received_unix_s = (uint32_t)opened_unix_s};

	secret_random(line, sizeof(line));
	RETURN_IF(record_plain_quarantine_write(&q, &body));
	plain.body = bytes_buf(&body);
	return record_plain_build(RECORD_QUARANTINE, &none, &plain, out);
}

static enum err seal_trial(const struct secret *ek, const struct epoch *epoch,
    struct buf *out)
{
	CLEANUP(buf_release) struct buf plain = {0};
	CLEANUP(secret_cleanup) struct secret *keys = NULL;
	struct record_ref ref = {.kind = RECORD_QUARANTINE};
	uint8_t sealed[512];

	RETURN_IF(secret_new(sizeof(struct record_epoch_keys), &keys));
	struct record_epoch_keys *k = (void *)secret_bytes_mut(keys);

	record_epoch_keys_derive(k, secret_bytes(ek), epoch->sha256,
	    epoch->facts.subject_sha256);
	RETURN_IF(trial_plain(epoch->facts.opened_unix_s, &plain));
	if (plain.len + RECORD_OVERHEAD > sizeof(sealed))
		return ERR_LIMIT;
	RETURN_IF(record_seal(k, &ref, bytes_buf(&plain), sealed));
	return buf_append(out, sealed, plain.len + RECORD_OVERHEAD);
}

static void trial_facts(const struct home *h, const char *owner,
    const uint8_t charter_sha256[DIGEST_LEN], struct epoch_facts *ret)
{
	*ret = (struct epoch_facts){.kind = EPOCH_KIND_TRIAL,
	    .opened_unix_s = h->now_unix_s};
	memcpy(ret->owner, owner, 3);
	secret_random(ret->id, sizeof(ret->id));
	(void)strcpy(ret->subject, "trial");
	digest_sha256(bytes_str(""), ret->subject_sha256);
	memcpy(ret->charter_sha256, charter_sha256, DIGEST_LEN);
}

struct trial {
	struct epoch_dealt dealt;
	struct buf record;
};

static void trial_release(struct trial *t)
{
	epoch_dealt_release(&t->dealt);
	buf_release(&t->record);
}

static enum err deal_trial(struct home *h, const struct draft *d,
    struct trial *ret)
{
	CLEANUP(secret_cleanup) struct secret *ek = NULL;
	struct epoch_roster roster;
	struct epoch_facts facts;
	uint8_t charter_sha256[DIGEST_LEN];

	digest_sha256(bytes_buf(&d->text), charter_sha256);
	trial_facts(h, d->charter.owner, charter_sha256, &facts);
	RETURN_IF(enrol_roster(&d->charter, &roster));
	RETURN_IF(secret_new_random(EPOCH_KEY_LEN, &ek));
	RETURN_IF(epoch_deal(ek, &facts, &roster, &ret->dealt,
	    &h->outcome->info));
	return seal_trial(ek, &ret->dealt.epoch, &ret->record);
}

static void share_draft_name(const char *seat, char ret[64])
{
	(void)snprintf(ret, 64, "trial-share-%s", seat);
}

static enum err put_drafts(struct home *h, const struct draft *d,
    const struct trial *t)
{
	const char *owner = d->charter.owner;
	char name[64];

	RETURN_IF(register_draft_put(h->reg, owner, DRAFT_CHARTER,
	    bytes_buf(&d->text)));
	RETURN_IF(register_draft_put(h->reg, owner, DRAFT_TRIAL,
	    bytes_buf(&t->dealt.text)));
	RETURN_IF(register_draft_put(h->reg, owner, DRAFT_RECORD,
	    bytes_buf(&t->record)));
	for (size_t i = 0; i < d->charter.seats_len; i++) {
		share_draft_name(d->charter.seats[i].name, name);
		RETURN_IF(register_draft_put(h->reg, owner, name,
		    bytes_buf(&t->dealt.file[i])));
	}
	return ERR_OK;
}

static enum err register_owner(struct home *h, const struct draft *d,
    const struct trial *t)
{
	CLEANUP(act_abort) struct act a = {0};
	struct register_owner row = {.added_unix_s = h->now_unix_s};
	struct entry_writer w;
	int64_t act;

	if (strlen(d->charter.owner_name) >= sizeof(row.name))
		return ERR_LIMIT;
	memcpy(row.code, d->charter.owner, 3);
	(void)strcpy(row.name, d->charter.owner_name);
	RETURN_IF(act_begin(h, register_db(h->reg), &a));
	act_entry(&a, ENTRY_OWNER, row.code, &w);
	entry_put(&w, "owner-name", row.name);
	RETURN_IF(act_entry_end(&a, &w, &act));
	RETURN_IF(register_owner_add(h->reg, &row, act));
	RETURN_IF(put_drafts(h, d, t));
	return act_commit(&a);
}

enum err enrol_owner_add(struct home *h, const struct enrol_owner *owner)
{
	CLEANUP(draft_release) struct draft d = {0};
	CLEANUP(trial_release) struct trial t = {0};
	struct register_owner known;

	RETURN_IF(draft_charter(h, owner, &d));
	RETURN_IF(deal_trial(h, &d, &t));
	if (register_owner_get(h->reg, owner->code, &known) == ERR_OK)
		return outcome_refuse(h->outcome, ERR_EXISTS,
		    "owner %s is registered already", "所有者%sはすでに登録されています",
		    owner->code);
	RETURN_IF(home_owner_create(h, owner->code));
	RETURN_IF(register_owner(h, &d, &t));
	outcome_add(h->outcome, OUTCOME_DONE,
	    "owner %s %s is registered with %zu seats, %u of which decide together; nothing can be taken in before all have joined",
	    "所有者%s %sを登録しました。席は%zu、決定には%u席が必要です。全員が参加するまで受け入れはできません",
	    owner->code, owner->name, owner->seats_len, owner->threshold);
	outcome_add(h->outcome, OUTCOME_HINT,
	    "next: azukari owner pack %s --seat NAME -o FILE, once for each seat",
	    "次は azukari owner pack %s --seat NAME -o FILE を席ごとに実行してください",
	    owner->code);
	return ERR_OK;
}

/* ---- owner pack ---- */

enum err enrol_pack(struct home *h, const char *owner, const char *seat,
    const char *path)
{
	CLEANUP(pack_release) struct pack p = {0};
	CLEANUP(buf_release) struct buf charter = {0};
	CLEANUP(buf_release) struct buf epoch = {0};
	CLEANUP(buf_release) struct buf share = {0};
	char name[64];
	enum err e;

	e = register_draft_get(h->reg, owner, DRAFT_CHARTER, &charter);
	if (e == ERR_NOT_FOUND)
		return outcome_refuse(h->outcome, e,
		    "owner %s has no enrolment under way",
		    "所有者%sの登録手続きはありません", owner);
	RETURN_IF(e);
	share_draft_name(seat, name);
	e = register_draft_get(h->reg, owner, name, &share);
	if (e == ERR_NOT_FOUND)
		return outcome_refuse(h->outcome, e,
		    "owner %s has no seat %s", "所有者%sに席%sはありません",
		    owner, seat);
	RETURN_IF(e);
	RETURN_IF(register_draft_get(h->reg, owner, DRAFT_TRIAL, &epoch));
	(void)snprintf(p.folder, sizeof(p.folder), "%s-%s-join", owner, seat);
	RETURN_IF(pack_add(&p, "charter.txt", bytes_buf(&charter)));
	RETURN_IF(pack_add(&p, "epoch.txt", bytes_buf(&epoch)));
	RETURN_IF(pack_add(&p, "share.age", bytes_buf(&share)));
	return pack_write(&p, path, h->now_unix_s);
}
