/* Hand-over at the gateway: charter first, then the new share files. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/act.h"
#include "app/ops/handover.h"
#include "app/ops/seats.h"
#include "core/encode.h"
#include "keys/handover.h"
#include "keys/sshsig.h"

struct accepting {
	struct home *h;
	struct owner *w;
	struct pack pack;
	struct bytes text, sig;
	struct seats_change change;
	struct handover_text handover;
	struct handover_list list;      /* over the gateway's own digests */
	struct seats_list rows;         /* in the order of the answer */
};

static void accepting_free(struct accepting **at)
{
	struct accepting *a = *at;

	if (a == NULL)
		return;
	handover_list_release(&a->list);
	seats_list_release(&a->rows);
	seats_change_release(&a->change);
	pack_release(&a->pack);
	home_owner_close(a->w);
	free(a);
}

static enum err read_answer(struct accepting *a, const char *owner,
    const char *path)
{
	struct err_info *info = &a->h->outcome->info;
	struct bytes charter;

	(void)snprintf(info->file, sizeof(info->file), "%s", path);
	RETURN_IF(pack_read(path, &a->pack, info));
	RETURN_IF(pack_need(&a->pack, "charter.txt", &charter, info));
	RETURN_IF(pack_need(&a->pack, "handover.txt", &a->text, info));
	RETURN_IF(pack_need(&a->pack, "handover.txt.sig", &a->sig, info));
	RETURN_IF(handover_parse(a->text, &a->handover, info));
	info->file[0] = '\0';
	return seats_change_load(a->h, owner, charter, &a->change);
}

/* The text is about this change, and by the predecessor. */
static enum err check_text(struct accepting *a)
{
	const struct handover_facts *f = &a->handover.facts;
	const struct seats_change *c = &a->change;
	const struct charter_seat *next = charter_seat(&c->next, f->seat);
	const struct charter_seat *before =
	    charter_seat(&c->before.charter, f->seat);
	uint8_t key[SSHSIG_PUBLIC_LEN];

	if (next == NULL || before == NULL ||
	    strcmp(f->owner, c->next.owner) != 0 ||
	    strcmp(f->successor, next->age) != 0 ||
	    memcmp(f->old_charter_sha256, c->next.previous, DIGEST_LEN) != 0 ||
	    memcmp(f->new_charter_sha256, c->sha256, DIGEST_LEN) != 0)
		return outcome_refuse(a->h->outcome, ERR_MISMATCH,
		    "the hand-over is not about this change of the charter",
		    "引き継ぎの文書は、この憲章の変更のものではありません");
	RETURN_IF(sshsig_public_parse(bytes_str(before->ssh), key));
	if (sshsig_check(a->sig, SSHSIG_HANDOVER, key, a->text) != ERR_OK)
		return outcome_refuse(a->h->outcome, ERR_SIGNATURE,
		    "the hand-over is not signed by the predecessor of seat %s",
		    "席%sの前任者の署名がありません", f->seat);
	return ERR_OK;
}

/* Sealed to as many keys as the seat has; whether they open it, only the
 * successor can tell, and tells it by signing. */
static enum err check_file(const struct accepting *a, size_t n,
    struct bytes *ret)
{
	const struct pack_file *file = pack_find_numbered(&a->pack, "shares",
	    n, ".age");
	const struct charter_seat *seat = charter_seat(&a->change.next,
	    a->handover.facts.seat);
	struct age_stanza_count count;

	if (file == NULL || file->bytes.len > STORE_SHARE_MAX ||
	    age_count_stanzas(bytes_buf(&file->bytes), &count) != ERR_OK ||
	    count.x25519 != (seat->spare == NULL ? 1u : 2u) ||
	    count.scrypt + count.other != 0)
		return outcome_refuse(a->h->outcome, ERR_MISMATCH,
		    "share file %zu of the hand-over is missing, or not sealed as the seat's keys ask",
		    "引き継ぎのシェア%zuがないか、席の鍵に合う封ではありません",
		    n);
	*ret = bytes_buf(&file->bytes);
	return ERR_OK;
}

/* What this gateway knows of the epoch that the answer has as number ${n}. */
static enum err take_epoch(struct accepting *a, size_t n)
{
	CLEANUP(seats_epoch_release) struct seats_epoch theirs = {0};
	CLEANUP(seats_epoch_release) struct seats_epoch ours = {0};
	const struct epoch_line *line;
	struct store_epoch *rows, row;
	struct bytes file;

	RETURN_IF(seats_epoch_unpack(&a->pack, n, &theirs,
	    &a->h->outcome->info));
	RETURN_IF(store_epoch_by_id(a->w->store, theirs.epoch.facts.id, &row));
	RETURN_IF(seats_epoch_read(a->w, &row, &ours));
	line = epoch_seats_find(seats_holders(&ours),
	    a->handover.facts.seat);
	if (line == NULL)
		return ERR_MISMATCH;
	RETURN_IF(check_file(a, n, &file));
	RETURN_IF(handover_list_add(&a->list, row.id, line->share_sha256));
	rows = reallocarray(a->rows.items, n, sizeof(*rows));
	if (rows == NULL)
		return ERR_NOMEM;
	a->rows.items = rows;
	rows[a->rows.len++] = row;
	return ERR_OK;
}

static enum err check_epochs(struct accepting *a)
{
	for (size_t n = 1; pack_find_numbered(&a->pack, "epochs", n,
	    ".txt") != NULL; n++) {
		enum err e = take_epoch(a, n);

		if (e == ERR_NOT_FOUND)
			return outcome_refuse(a->h->outcome, ERR_MISMATCH,
			    "epoch %zu of the hand-over is none of owner %s",
			    "引き継ぎの期間%zuは所有者%sのものではありません",
			    n, a->change.next.owner);
		RETURN_IF(e);
	}
	if (handover_check_list(&a->handover, &a->list) == ERR_OK)
		return ERR_OK;
	return outcome_refuse(a->h->outcome, ERR_SHARE,
	    "the shares handed over are not those that were dealt to seat %s",
	    "引き継がれたシェアは、席%sに配られたものではありません",
	    a->handover.facts.seat);
}

/* The signed text, beside the charter it belongs to. */
static enum err put_text(struct accepting *a)
{
	CLEANUP(act_abort) struct act act = {0};
	struct register_document charter, doc = {.kind = REGISTER_HANDOVER,
	    .version = a->change.next.version,
	    .added_unix_s = a->h->now_unix_s};
	const struct handover_facts *f = &a->handover.facts;
	int64_t id;
	enum err e;

	RETURN_IF(seats_change_row(a->h, &a->change, &charter));
	doc.act = charter.act;
	memcpy(doc.owner, f->owner, sizeof(doc.owner));
	(void)snprintf(doc.name, sizeof(doc.name), "%s", f->seat);
	encode_hex(f->nonce, sizeof(f->nonce), doc.subject);
	digest_sha256(a->text, doc.sha256);
	RETURN_IF(act_data_begin(a->h, register_db(a->h->reg), &act));
	e = register_document_add(a->h->reg, &doc, a->text, &id);
	if (e == ERR_EXISTS)
		return ERR_OK;
	RETURN_IF(e);
	RETURN_IF(register_signature_add(a->h->reg, id, f->seat, a->sig,
	    charter.act));
	return act_data_commit(&act);
}

static enum err put_share(struct accepting *a, size_t i, int64_t act)
{
	struct store_share share = {0};

	(void)snprintf(share.seat, sizeof(share.seat), "%s",
	    a->handover.facts.seat);
	memcpy(share.charter_sha256, a->change.sha256, DIGEST_LEN);
	RETURN_IF(check_file(a, i + 1, &share.age_file));
	return store_epoch_reseal(a->w->store, a->rows.items[i].number, &share,
	    act);
}

static enum err put_shares(struct accepting *a)
{
	const struct handover_facts *f = &a->handover.facts;
	CLEANUP(act_abort) struct act act = {0};
	struct entry_writer w;
	int64_t id;

	RETURN_IF(act_begin(a->h, store_db(a->w->store), &act));
	act_entry(&act, ENTRY_HANDOVER, f->owner, &w);
	entry_put(&w, "seat", f->seat);
	entry_put_hex(&w, "old-charter-sha256", f->old_charter_sha256,
	    DIGEST_LEN);
	entry_put_hex(&w, "new-charter-sha256", f->new_charter_sha256,
	    DIGEST_LEN);
	entry_put_hex(&w, "shares-sha256", a->handover.shares_sha256,
	    DIGEST_LEN);
	RETURN_IF(act_entry_end(&act, &w, &id));
	for (size_t i = 0; i < a->rows.len; i++)
		RETURN_IF(put_share(a, i, id));
	return act_commit(&act);
}

/* How many epochs the successor cannot open yet. */
static enum err count_pending(struct accepting *a, size_t *ret)
{
	CLEANUP(seats_list_release) struct seats_list l = {0};

	RETURN_IF(seats_pending(a->w, &a->change, a->handover.facts.seat, &l));
	*ret = l.len;
	return ERR_OK;
}

static enum err tell(struct accepting *a)
{
	const char *seat = a->handover.facts.seat;
	size_t left;

	RETURN_IF(count_pending(a, &left));
	outcome_add(a->h->outcome, OUTCOME_DONE,
	    "seat %s of owner %s has changed hands; %zu shares are its successor's now",
	    "所有者%2$sの席%1$sを引き継ぎました。シェア%3$zu件は後任者宛てです",
	    seat, a->change.next.owner, a->rows.len);
	if (left > 0)
		outcome_add(a->h->outcome, OUTCOME_WARNING,
		    "%zu epochs opened meanwhile are still the predecessor's: pack, reseal and accept once more",
		    "その間に開いた%zu個の期間がまだ前任者宛てです。もう一度 pack・reseal・accept を行ってください",
		    left);
	outcome_put(a->h->outcome, OUTCOME_HINT,
	    "the predecessor destroys its key, and its copies of old backups do not stop being readable by it until then",
	    "前任者は鍵を廃棄してください。廃棄まで、古い控えは前任者にも開けます");
	return ERR_OK;
}

enum err handover_accept(struct home *h, const char *owner, const char *answer,
    const char *const *sigs, size_t len)
{
	CLEANUP(accepting_free) struct accepting *a = calloc(1, sizeof(*a));
	size_t left;

	if (a == NULL)
		return ERR_NOMEM;
	a->h = h;
	RETURN_IF(read_answer(a, owner, answer));
	RETURN_IF(check_text(a));
	RETURN_IF(home_owner_open(h, owner, &a->w));
	RETURN_IF(check_epochs(a));
	RETURN_IF(seats_change_sign(&a->change, sigs, len, h->outcome));
	RETURN_IF(seats_change_complete(&a->change, h->outcome));
	RETURN_IF(count_pending(a, &left));
	RETURN_IF(seats_change_put(h, &a->change));
	RETURN_IF(put_text(a));
	if (left > 0)
		RETURN_IF(put_shares(a));
	RETURN_IF(seats_recovery(a->w, &a->change));
	return tell(a);
}
