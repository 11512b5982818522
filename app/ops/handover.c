/* Hand-over at the gateway: the draft and the predecessor's packet. */
#include "app/ops/handover.h"

#include <stdio.h>
#include <string.h>

#include "app/ops/seats.h"
#include "keys/sshsig.h"

/* ---- draft ---- */

struct successor {
	struct identity_public pub, spare;
	char age[BECH32_RECIPIENT_LEN + 1];
	char spare_age[BECH32_RECIPIENT_LEN + 1];
	char ssh[SSHSIG_PUBLIC_TEXT_LEN + 1];
};

static enum err read_pub(const char *path, struct identity_public *ret,
    struct err_info *info)
{
	(void)snprintf(info->file, sizeof(info->file), "%s", path);
	RETURN_IF(identity_public_read(path, ret, info));
	info->file[0] = '\0';
	return ERR_OK;
}

static enum err read_successor(const struct handover_draft_args *args,
    struct successor *s, struct err_info *info)
{
	RETURN_IF(read_pub(args->successor, &s->pub, info));
	bech32_encode_recipient(s->pub.age.key, s->age);
	sshsig_public_format(s->pub.ssh, s->ssh);
	if (args->spare == NULL)
		return ERR_OK;
	RETURN_IF(read_pub(args->spare, &s->spare, info));
	bech32_encode_recipient(s->spare.age.key, s->spare_age);
	return ERR_OK;
}

/* An unfinished change would leave shares with somebody who stands in neither
 * of the two charters that the next change looks at. */
static enum err check_finished(struct home *h, const char *owner)
{
	CLEANUP(seats_change_release) struct seats_change c = {0};
	CLEANUP(home_owner_cleanup) struct owner *w = NULL;
	CLEANUP(paper_charter_release) struct paper_charter now = {0};

	RETURN_IF(papers_charter(h, owner, &now));
	RETURN_IF(seats_change_load(h, owner, bytes_buf(&now.paper.bytes),
	    &c));
	RETURN_IF(home_owner_open(h, owner, &w));
	for (size_t i = 0; i < c.next.seats_len; i++) {
		CLEANUP(seats_list_release) struct seats_list l = {0};

		RETURN_IF(seats_pending(w, &c, c.next.seats[i].name, &l));
		if (l.len > 0)
			return outcome_refuse(h->outcome, ERR_STATE,
			    "the last change of seats is unfinished: seat %s cannot open %zu epochs yet",
			    "前回の席の変更が終わっていません。席%sが開けない期間が%zu個あります",
			    c.next.seats[i].name, l.len);
	}
	return ERR_OK;
}

static enum err write_draft(struct home *h,
    const struct handover_draft_args *args, const struct successor *s,
    struct paper_charter *now)
{
	struct charter next = now->charter;
	size_t i = charter_seat_index(&next, args->seat);

	if (i == CHARTER_NO_SEAT)
		return outcome_refuse(h->outcome, ERR_NOT_FOUND,
		    "owner %s has no seat %s", "所有者%sに席%sはありません",
		    args->owner, args->seat);
	next.version++;
	next.has_previous = 1;
	memcpy(next.previous, now->paper.sha256, DIGEST_LEN);
	next.created_unix_s = h->now_unix_s;
	secret_random(next.nonce, sizeof(next.nonce));
	next.seats[i].age = s->age;
	next.seats[i].spare = args->spare == NULL ? NULL : s->spare_age;
	next.seats[i].ssh = s->ssh;
	if (args->institution != NULL)
		next.seats[i].institution = args->institution;
	return seats_draft(h, &next, args->path);
}

enum err handover_draft(struct home *h, const struct handover_draft_args *args)
{
	CLEANUP(paper_charter_release) struct paper_charter now = {0};
	struct successor s = {0};

	RETURN_IF(papers_charter(h, args->owner, &now));
	RETURN_IF(check_finished(h, args->owner));
	RETURN_IF(read_successor(args, &s, &h->outcome->info));
	RETURN_IF(write_draft(h, args, &s, &now));
	outcome_add(h->outcome, OUTCOME_DONE,
	    "%s: version %llu of the charter, seat %s with new keys; it needs the signatures of %u seats and of the successor",
	    "%s：憲章第%llu版の案です。席%sの鍵が替わります。%u席と後任者の署名が必要です",
	    args->path, (unsigned long long)now.charter.version + 1,
	    args->seat, now.charter.threshold);
	outcome_add(h->outcome, OUTCOME_HINT,
	    "next: azukari sign charter by the seats, and azukari seat handover pack %s --seat %s -o FILE for the predecessor",
	    "次は、各席が azukari sign charter、前任者用に azukari seat handover pack %s --seat %s -o ファイル です",
	    args->owner, args->seat);
	return ERR_OK;
}

/* ---- pack ---- */

static enum err check_new_keys(struct home *h, const struct seats_change *c,
    const char *seat)
{
	const struct charter_seat *next = charter_seat(&c->next, seat);
	const struct charter_seat *before = c->next.has_previous ?
	    charter_seat(&c->before.charter, seat) : NULL;

	if (next == NULL)
		return outcome_refuse(h->outcome, ERR_NOT_FOUND,
		    "owner %s has no seat %s", "所有者%sに席%sはありません",
		    c->next.owner, seat);
	if (before != NULL && strcmp(before->age, next->age) != 0)
		return ERR_OK;
	return outcome_refuse(h->outcome, ERR_STATE,
	    "no charter gives seat %s new keys; begin with: azukari seat handover draft",
	    "席%sに新しい鍵を与える憲章がありません。azukari seat handover draft から始めてください",
	    seat);
}

static enum err pack_epoch(struct owner *w, const struct store_epoch *row,
    const char *seat, size_t n, struct pack *p)
{
	CLEANUP(seats_epoch_release) struct seats_epoch e = {0};
	CLEANUP(buf_release) struct buf share = {0};

	RETURN_IF(seats_epoch_read(w, row, &e));
	RETURN_IF(seats_epoch_pack(&e, n, p));
	RETURN_IF(store_epoch_share(w->store, row->number, seat, &share));
	return pack_add_numbered(p, "shares", n, ".age", bytes_buf(&share));
}

enum err handover_pack(struct home *h, const char *owner, const char *seat,
    const char *path)
{
	CLEANUP(seats_change_release) struct seats_change c = {0};
	CLEANUP(home_owner_cleanup) struct owner *w = NULL;
	CLEANUP(seats_list_release) struct seats_list l = {0};
	CLEANUP(pack_release) struct pack p = {0};

	RETURN_IF(seats_change_draft(h, owner, &c));
	RETURN_IF(check_new_keys(h, &c, seat));
	RETURN_IF(home_owner_open(h, owner, &w));
	RETURN_IF(seats_pending(w, &c, seat, &l));
	if (l.len == 0)
		return outcome_refuse(h->outcome, ERR_STATE,
		    "there is nothing to hand over: no epoch is sealed to the predecessor of seat %s",
		    "引き継ぐものはありません。席%sの前任者宛ての期間はありません",
		    seat);
	(void)snprintf(p.folder, sizeof(p.folder), "%s-%s-handover", owner,
	    seat);
	RETURN_IF(seats_pack_charter(h, &c, &p));
	RETURN_IF(pack_add(&p, "before.txt",
	    bytes_buf(&c.before.paper.bytes)));
	for (size_t i = 0; i < l.len; i++)
		RETURN_IF(pack_epoch(w, &l.items[i], seat, i + 1, &p));
	RETURN_IF(pack_write(&p, path, h->now_unix_s));
	outcome_add(h->outcome, OUTCOME_DONE,
	    "%s: %zu epochs of seat %s; on the predecessor's machine: azukari seat handover reseal",
	    "%s：%zu個の期間（席%s）です。前任者の機械で azukari seat handover reseal を実行してください",
	    path, l.len, seat);
	return ERR_OK;
}
