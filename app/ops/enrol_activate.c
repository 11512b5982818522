/* Enrolment at the gateway: all n answers put the charter in force. */
#include <stdio.h>
#include <string.h>

#include "app/act.h"
#include "app/ops/enrol.h"
#include "app/ops/recover.h"
#include "app/pack.h"
#include "app/terms.h"
#include "keys/record.h"
#include "keys/share.h"
#include "keys/sshsig.h"
#include "policy/charter.h"

struct activation {
	struct buf charter_bytes, epoch_bytes, record;
	struct charter charter;
	struct epoch epoch;
	uint8_t sha256[DIGEST_LEN];
	struct buf sigs[ENROL_SEATS_MAX];       /* by seat index */
	struct buf shares[ENROL_SEATS_MAX];
};

static void activation_release(struct activation *a)
{
	charter_release(&a->charter);
	buf_release(&a->charter_bytes);
	buf_release(&a->epoch_bytes);
	buf_release(&a->record);
	for (size_t i = 0; i < ENROL_SEATS_MAX; i++) {
		buf_release(&a->sigs[i]);
		buf_release(&a->shares[i]);
	}
}

static enum err read_drafts(struct home *h, const char *owner,
    struct activation *a)
{
	enum err e = register_draft_get(h->reg, owner, "charter",
	    &a->charter_bytes);

	if (e == ERR_NOT_FOUND)
		return outcome_refuse(h->outcome, e,
		    "owner %s has no enrolment under way",
		    "所有者%sの登録手続きはありません", owner);
	RETURN_IF(e);
	RETURN_IF(register_draft_get(h->reg, owner, "trial-epoch",
	    &a->epoch_bytes));
	RETURN_IF(register_draft_get(h->reg, owner, "trial-record",
	    &a->record));
	RETURN_IF(charter_parse(bytes_buf(&a->charter_bytes), &a->charter,
	    &h->outcome->info));
	digest_sha256(bytes_buf(&a->charter_bytes), a->sha256);
	return epoch_parse(bytes_buf(&a->epoch_bytes), &a->epoch,
	    &h->outcome->info);
}

/* An answer's signature file names its seat. */
static enum err seat_of_answer(const struct pack *p,
    const struct activation *a, size_t *ret, struct outcome *o)
{
	char name[PACK_NAME_MAX + 1];

	for (size_t i = 0; i < a->charter.seats_len; i++) {
		(void)snprintf(name, sizeof(name), "charter.%s.sig",
		    a->charter.seats[i].name);
		if (pack_find(p, name) != NULL) {
			*ret = i;
			return ERR_OK;
		}
	}
	return outcome_refuse(o, ERR_MISMATCH,
	    "%s is not an answer of a seat of this charter",
	    "%sはこの憲章の席からの回答ではありません", p->folder);
}

static enum err check_answer(struct activation *a, const struct pack *p,
    size_t seat, struct outcome *o)
{
	struct bytes sig, text;
	char name[PACK_NAME_MAX + 1];
	uint8_t key[SSHSIG_PUBLIC_LEN];
	SECRET_BYTES(value, EPOCH_KEY_LEN);
	struct share share;

	(void)snprintf(name, sizeof(name), "charter.%s.sig",
	    a->charter.seats[seat].name);
	RETURN_IF(pack_need(p, name, &sig, &o->info));
	RETURN_IF(pack_need(p, "share.txt", &text, &o->info));
	RETURN_IF(sshsig_public_parse(bytes_str(a->charter.seats[seat].ssh),
	    key));
	RETURN_IF(sshsig_check(sig, SSHSIG_CHARTER, key,
	    bytes_buf(&a->charter_bytes)));
	RETURN_IF(share_parse(text, &share, value, &o->info));
	if (strcmp(share.seat, a->charter.seats[seat].name) != 0)
		return ERR_MISMATCH;
	RETURN_IF(share_check(&share, &a->epoch, NULL, &o->info));
	RETURN_IF(buf_append(&a->sigs[seat], sig.data, sig.len));
	return buf_append(&a->shares[seat], text.data, text.len);
}

static enum err take_answer(struct activation *a, const char *path,
    struct outcome *o)
{
	CLEANUP(pack_release) struct pack p = {0};
	size_t seat = 0;

	RETURN_IF(pack_read(path, &p, &o->info));
	RETURN_IF(seat_of_answer(&p, a, &seat, o));
	if (a->sigs[seat].len > 0)
		return outcome_refuse(o, ERR_DUPLICATE,
		    "seat %s answered twice", "席%sの回答が2つあります",
		    a->charter.seats[seat].name);
	return check_answer(a, &p, seat, o);
}

static enum err check_all_joined(const struct activation *a, struct outcome *o)
{
	enum err e = ERR_OK;

	for (size_t i = 0; i < a->charter.seats_len; i++)
		if (a->sigs[i].len == 0)
			e = outcome_refuse(o, ERR_THRESHOLD,
			    "seat %s has not joined",
			    "席%sが参加していません",
			    a->charter.seats[i].name);
	return e;
}

/* A packet written by the first version has a record of the first format. */
static enum err open_trial(const struct activation *a,
    struct record_epoch_keys *k)
{
	struct record_ref ref = {.kind = RECORD_QUARANTINE};
	uint8_t plain[512];
	enum err e;

	if (a->record.len > sizeof(plain))
		return ERR_CORRUPT;
	e = record_open(k, &ref, bytes_buf(&a->record), plain);
	if (e != ERR_DECRYPT)
		return e;
	k->format = RECORD_FORMAT_FIRST;
	return record_open(k, &ref, bytes_buf(&a->record), plain);
}

/* The trial: shares of ${first}.. combine and open what was sealed. */
static enum err try_open(const struct activation *a, size_t first,
    struct outcome *o)
{
	CLEANUP(secret_cleanup) struct secret *ek = NULL;
	CLEANUP(secret_cleanup) struct secret *keys = NULL;
	struct bytes texts[ENROL_SEATS_MAX];
	struct share_set set = {.epoch = &a->epoch, .texts = texts,
	    .len = a->charter.threshold};

	for (size_t i = 0; i < set.len; i++)
		texts[i] = bytes_buf(&a->shares[first + i]);
	RETURN_IF(share_combine(&set, &ek, &o->info));
	RETURN_IF(secret_new(sizeof(struct record_epoch_keys), &keys));
	struct record_epoch_keys *k = (void *)secret_bytes_mut(keys);

	record_epoch_keys_derive(k, secret_bytes(ek), a->epoch.sha256,
	    a->epoch.facts.subject_sha256);
	return open_trial(a, k);
}

static enum err trial(const struct activation *a, struct outcome *o)
{
	for (size_t first = 0;
	    first + a->charter.threshold <= a->charter.seats_len; first++)
		RETURN_IF(try_open(a, first, o));
	outcome_add(o, OUTCOME_CHECK,
	    "a record sealed under a trial key was opened by the seats' shares",
	    "試験用の鍵で封をした記録を、各席のシェアで開けました");
	return ERR_OK;
}

static enum err put_charter(struct home *h, const struct activation *a,
    int64_t act)
{
	struct register_document doc = {.kind = REGISTER_CHARTER,
	    .version = a->charter.version, .added_unix_s = h->now_unix_s,
	    .act = act};
	int64_t id;

	memcpy(doc.owner, a->charter.owner, 3);
	memcpy(doc.sha256, a->sha256, DIGEST_LEN);
	RETURN_IF(register_document_add(h->reg, &doc,
	    bytes_buf(&a->charter_bytes), &id));
	for (size_t i = 0; i < a->charter.seats_len; i++)
		RETURN_IF(register_signature_add(h->reg, id,
		    a->charter.seats[i].name, bytes_buf(&a->sigs[i]), act));
	return ERR_OK;
}

static enum err remove_drafts(struct home *h, const struct activation *a)
{
	const char *owner = a->charter.owner;
	char name[64];

	RETURN_IF(register_draft_remove(h->reg, owner, "charter"));
	RETURN_IF(register_draft_remove(h->reg, owner, "trial-epoch"));
	RETURN_IF(register_draft_remove(h->reg, owner, "trial-record"));
	for (size_t i = 0; i < a->charter.seats_len; i++) {
		(void)snprintf(name, sizeof(name), "trial-share-%s",
		    a->charter.seats[i].name);
		RETURN_IF(register_draft_remove(h->reg, owner, name));
	}
	return ERR_OK;
}

static enum err put_in_force(struct home *h, const struct activation *a)
{
	CLEANUP(act_abort) struct act act = {0};
	CLEANUP(act_abort) struct act drafts = {0};
	struct entry_writer w;
	int64_t id;

	RETURN_IF(act_begin(h, register_db(h->reg), &act));
	act_entry(&act, ENTRY_CHARTER, a->charter.owner, &w);
	entry_put_uint(&w, "version", a->charter.version);
	entry_put_hex(&w, "charter-sha256", a->sha256, DIGEST_LEN);
	entry_put(&w, "previous", "-");
	RETURN_IF(terms_put_charter(&w, &a->charter));
	RETURN_IF(act_entry_end(&act, &w, &id));
	RETURN_IF(put_charter(h, a, id));
	RETURN_IF(act_commit(&act));
	RETURN_IF(act_data_begin(h, register_db(h->reg), &drafts));
	RETURN_IF(remove_drafts(h, a));
	return act_data_commit(&drafts);
}

enum err enrol_activate(struct home *h, const char *owner,
    const char *const *answers, size_t len)
{
	CLEANUP(activation_release) struct activation a = {0};
	CLEANUP(home_owner_cleanup) struct owner *w = NULL;

	RETURN_IF(read_drafts(h, owner, &a));
	for (size_t i = 0; i < len; i++)
		RETURN_IF(take_answer(&a, answers[i], h->outcome));
	RETURN_IF(check_all_joined(&a, h->outcome));
	RETURN_IF(trial(&a, h->outcome));
	RETURN_IF(home_owner_open(h, owner, &w));
	RETURN_IF(recover_seal(w, &a.charter));
	RETURN_IF(put_in_force(h, &a));
	if (charter_warning(&a.charter, 0) != NULL)
		outcome_put(h->outcome, OUTCOME_WARNING,
		    charter_warning(&a.charter, 0),
		    charter_warning(&a.charter, 1));
	outcome_add(h->outcome, OUTCOME_DONE,
	    "owner %s is live: %u of %zu seats decide. Where %zu or more are lost, nobody can read its answers",
	    "所有者%sは有効になりました。決定には%u席（全%zu席）が必要です。%zu席以上を失うと誰も回答を読めません",
	    owner, a.charter.threshold, a.charter.seats_len,
	    a.charter.seats_len - a.charter.threshold + 1);
	return ERR_OK;
}
