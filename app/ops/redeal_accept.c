/* The answers of all new seats become an arrangement for every epoch. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/act.h"
#include "app/ops/redeal_internal.h"
#include "core/encode.h"

struct answer {
	struct pack pack;
	struct bytes list;              /* what is left of shares.txt */
};

struct accepting {
	struct home *h;
	struct owner *w;
	struct seats_change c;
	struct answer by_seat[CHARTER_SEATS_MAX];
	int has[CHARTER_SEATS_MAX];
	struct buf dealt;               /* dealt.txt of the first answer */
	struct seats_list pending;
	struct arrangement *made;       /* pending.len of them */
	size_t *number;                 /* of the share file in the answers */
	struct buf *text;
	size_t len;
};

static void accepting_free(struct accepting **at)
{
	struct accepting *a = *at;

	if (a == NULL)
		return;
	for (size_t i = 0; i < CHARTER_SEATS_MAX; i++)
		pack_release(&a->by_seat[i].pack);
	for (size_t i = 0; i < a->len; i++)
		buf_release(&a->text[i]);
	free(a->made);
	free(a->number);
	free(a->text);
	buf_release(&a->dealt);
	seats_list_release(&a->pending);
	seats_change_release(&a->c);
	home_owner_close(a->w);
	free(a);
}

static enum err make_room(struct accepting *a)
{
	size_t n = a->pending.len;

	a->made = calloc(n, sizeof(*a->made));
	a->number = calloc(n, sizeof(*a->number));
	a->text = calloc(n, sizeof(*a->text));
	return a->made == NULL || a->number == NULL || a->text == NULL ?
	    ERR_NOMEM : ERR_OK;
}

/* ---- answers ---- */

static enum err check_dealing(struct accepting *a, const struct pack *p,
    const char *path)
{
	struct outcome *o = a->h->outcome;
	struct bytes charter, dealt;

	RETURN_IF(pack_need(p, "charter.txt", &charter, &o->info));
	RETURN_IF(pack_need(p, "dealt.txt", &dealt, &o->info));
	if (a->dealt.len == 0)
		RETURN_IF(buf_append(&a->dealt, dealt.data, dealt.len));
	if (bytes_equal(charter, bytes_buf(&a->c.bytes)) &&
	    bytes_equal(dealt, bytes_buf(&a->dealt)))
		return ERR_OK;
	return outcome_refuse(o, ERR_MISMATCH,
	    "%s is of another dealing than the other answers, or of another charter than the one in force",
	    "%sは他の回答と別の配り直しのものか、現行でない憲章のものです",
	    path);
}

static enum err take_answer(struct accepting *a, const char *path)
{
	CLEANUP(pack_release) struct pack p = {0};
	struct outcome *o = a->h->outcome;
	struct bytes seat, line;

	(void)snprintf(o->info.file, sizeof(o->info.file), "%s", path);
	RETURN_IF(pack_read(path, &p, &o->info));
	RETURN_IF(check_dealing(a, &p, path));
	RETURN_IF(pack_need(&p, "seat.txt", &seat, &o->info));
	if (bytes_take_line(&seat, &line) != ERR_OK)
		return ERR_SYNTAX;
	for (size_t i = 0; i < a->c.next.seats_len; i++) {
		struct answer *to = &a->by_seat[i];

		if (!bytes_equal(line, bytes_str(a->c.next.seats[i].name)))
			continue;
		if (a->has[i])
			return outcome_refuse(o, ERR_DUPLICATE,
			    "seat %s answered twice", "席%sの回答が2つあります",
			    a->c.next.seats[i].name);
		to->pack = p;
		p = (struct pack){0};
		a->has[i] = 1;
		o->info.file[0] = '\0';
		return pack_need(&to->pack, "shares.txt", &to->list,
		    &o->info);
	}
	return outcome_refuse(o, ERR_MISMATCH,
	    "%s is not an answer of a seat of this charter",
	    "%sはこの憲章の席からの回答ではありません", path);
}

static enum err check_all(const struct accepting *a)
{
	enum err e = ERR_OK;

	for (size_t i = 0; i < a->c.next.seats_len; i++)
		if (!a->has[i])
			e = outcome_refuse(a->h->outcome, ERR_THRESHOLD,
			    "the answer of seat %s is missing",
			    "席%sの回答がありません",
			    a->c.next.seats[i].name);
	return e;
}

/* ---- one epoch ---- */

/* `EPOCH SHA256` */
static enum err next_line(struct answer *from, uint8_t ret_id[EPOCH_ID_LEN],
    uint8_t ret_sha256[DIGEST_LEN])
{
	struct bytes line;
	size_t id_len = 2 * EPOCH_ID_LEN;

	RETURN_IF(bytes_take_line(&from->list, &line));
	if (line.len != id_len + 1 + DIGEST_HEX_LEN ||
	    line.data[id_len] != ' ')
		return ERR_SYNTAX;
	RETURN_IF(decode_hex(bytes_of(line.data, id_len), ret_id,
	    EPOCH_ID_LEN));
	return digest_from_hex(bytes_of(line.data + id_len + 1,
	    DIGEST_HEX_LEN), ret_sha256);
}

/* The same epoch in every answer, with each seat's digest. */
static enum err next_lines(struct accepting *a, uint8_t id[EPOCH_ID_LEN],
    struct epoch_seats *ret)
{
	const struct charter *c = &a->c.next;
	uint8_t other[EPOCH_ID_LEN];

	*ret = (struct epoch_seats){.threshold = c->threshold,
	    .len = c->seats_len};
	memcpy(ret->charter_sha256, a->c.sha256, DIGEST_LEN);
	for (size_t i = 0; i < c->seats_len; i++) {
		struct epoch_line *line = &ret->line[i];
		uint8_t *to = i == 0 ? id : other;

		RETURN_IF(next_line(&a->by_seat[i], to, line->share_sha256));
		if (memcmp(to, id, EPOCH_ID_LEN) != 0)
			return ERR_MISMATCH;
		(void)snprintf(line->seat, sizeof(line->seat), "%s",
		    c->seats[i].name);
		(void)snprintf(line->age, sizeof(line->age), "%s",
		    c->seats[i].age);
	}
	return ERR_OK;
}

static const struct store_epoch *find_pending(const struct accepting *a,
    const uint8_t id[EPOCH_ID_LEN])
{
	for (size_t i = 0; i < a->pending.len; i++)
		if (memcmp(a->pending.items[i].id, id, EPOCH_ID_LEN) == 0)
			return &a->pending.items[i];
	return NULL;
}

static enum err arrange_one(struct accepting *a, size_t n,
    const struct store_epoch *row, const struct epoch_seats *seats)
{
	CLEANUP(seats_epoch_release) struct seats_epoch e = {0};
	struct err_info *info = &a->h->outcome->info;
	struct buf *text = &a->text[a->len];

	for (size_t i = 0; i < a->len; i++)
		if (memcmp(a->made[i].epoch, row->id, EPOCH_ID_LEN) == 0)
			return ERR_DUPLICATE;
	RETURN_IF(seats_epoch_read(a->w, row, &e));
	a->number[a->len] = n;
	RETURN_IF(arrangement_write(&e.epoch, (uint64_t)row->arrangement + 1,
	    seats, text, info));
	a->len++;
	return arrangement_parse(bytes_buf(text), &e.epoch,
	    &a->made[a->len - 1], info);
}

static enum err arrange_all(struct accepting *a)
{
	struct epoch_seats seats;
	uint8_t id[EPOCH_ID_LEN];
	enum err e;

	for (size_t n = 1;; n++) {
		const struct store_epoch *row;

		e = next_lines(a, id, &seats);
		if (e == ERR_NOT_FOUND)
			return ERR_OK;
		if (e != ERR_OK)
			return outcome_refuse(a->h->outcome, e,
			    "the answers do not agree on epoch %zu",
			    "回答どうしで期間%zuが一致しません", n);
		row = find_pending(a, id);
		if (row != NULL)
			RETURN_IF(arrange_one(a, n, row, &seats));
	}
}

/* ---- the act ---- */

static enum err check_file(const struct accepting *a, size_t seat, size_t n,
    struct bytes *ret)
{
	const struct charter_seat *s = &a->c.next.seats[seat];
	const struct pack_file *file = pack_find_numbered(
	    &a->by_seat[seat].pack, "shares", n, ".age");
	struct age_stanza_count count;

	if (file == NULL || file->bytes.len > STORE_SHARE_MAX ||
	    age_count_stanzas(bytes_buf(&file->bytes), &count) != ERR_OK ||
	    count.x25519 != (s->spare == NULL ? 1u : 2u) ||
	    count.scrypt + count.other != 0)
		return outcome_refuse(a->h->outcome, ERR_MISMATCH,
		    "share file %zu of seat %s is missing, or not sealed as its keys ask",
		    "席%2$sのシェア%1$zuがないか、席の鍵に合う封ではありません",
		    n, s->name);
	*ret = bytes_buf(&file->bytes);
	return ERR_OK;
}

static enum err put_one(struct accepting *a, size_t i, int64_t act)
{
	struct store_share shares[CHARTER_SEATS_MAX] = {0};
	struct store_epoch row;

	for (size_t k = 0; k < a->c.next.seats_len; k++) {
		(void)snprintf(shares[k].seat, sizeof(shares[k].seat), "%s",
		    a->c.next.seats[k].name);
		memcpy(shares[k].charter_sha256, a->c.sha256, DIGEST_LEN);
		RETURN_IF(check_file(a, k, a->number[i],
		    &shares[k].age_file));
	}
	RETURN_IF(store_epoch_by_id(a->w->store, a->made[i].epoch, &row));
	return store_epoch_arrange(a->w->store, row.number,
	    (uint32_t)a->made[i].number, bytes_buf(&a->text[i]), shares,
	    a->c.next.seats_len, act);
}

static enum err list_digest(const struct accepting *a,
    uint8_t ret[DIGEST_LEN])
{
	struct arrangement *sorted = calloc(a->len, sizeof(*sorted));
	enum err e;

	if (sorted == NULL)
		return ERR_NOMEM;
	memcpy(sorted, a->made, a->len * sizeof(*sorted));
	e = arrangement_digest(sorted, a->len, ret);
	free(sorted);
	return e;
}

static enum err put_all(struct accepting *a)
{
	CLEANUP(act_abort) struct act act = {0};
	struct entry_writer w;
	uint8_t sha256[DIGEST_LEN];
	int64_t id;

	RETURN_IF(list_digest(a, sha256));
	RETURN_IF(act_begin(a->h, store_db(a->w->store), &act));
	act_entry(&act, ENTRY_REDISTRIBUTION, a->c.next.owner, &w);
	entry_put_hex(&w, "old-charter-sha256", a->c.next.previous,
	    DIGEST_LEN);
	entry_put_hex(&w, "new-charter-sha256", a->c.sha256, DIGEST_LEN);
	entry_put_hex(&w, "arrangements-sha256", sha256, DIGEST_LEN);
	RETURN_IF(act_entry_end(&act, &w, &id));
	for (size_t i = 0; i < a->len; i++)
		RETURN_IF(put_one(a, i, id));
	return act_commit(&act);
}

static enum err tell(struct accepting *a)
{
	CLEANUP(seats_list_release) struct seats_list left = {0};

	RETURN_IF(seats_pending_any(a->w, &a->c, &left));
	outcome_add(a->h->outcome, OUTCOME_DONE,
	    "%zu epochs of owner %s are held by the seats of charter version %llu now; %zu are still under an old arrangement",
	    "所有者%2$sの%1$zu個の期間を憲章第%3$llu版の席に移しました。以前の配り方のままの期間は%4$zu個です",
	    a->len, a->c.next.owner, (unsigned long long)a->c.next.version,
	    left.len);
	outcome_put(a->h->outcome, OUTCOME_HINT,
	    "old shares stay good: every seat that left destroys its key",
	    "古いシェアは有効なままです。離れた席は鍵を廃棄してください");
	return ERR_OK;
}

static enum err take_all(struct accepting *a, const char *const *answers,
    size_t len)
{
	for (size_t i = 0; i < len; i++)
		RETURN_IF(take_answer(a, answers[i]));
	RETURN_IF(check_all(a));
	RETURN_IF(seats_pending_any(a->w, &a->c, &a->pending));
	if (a->pending.len == 0)
		return ERR_OK;
	RETURN_IF(make_room(a));
	return arrange_all(a);
}

enum err redeal_accept(struct home *h, const char *owner,
    const char *const *answers, size_t len)
{
	CLEANUP(accepting_free) struct accepting *a = calloc(1, sizeof(*a));
	CLEANUP(paper_charter_release) struct paper_charter now = {0};

	if (a == NULL)
		return ERR_NOMEM;
	a->h = h;
	RETURN_IF(papers_charter(h, owner, &now));
	RETURN_IF(seats_change_load(h, owner, bytes_buf(&now.paper.bytes),
	    &a->c));
	RETURN_IF(home_owner_open(h, owner, &a->w));
	RETURN_IF(take_all(a, answers, len));
	if (a->len > 0)
		RETURN_IF(put_all(a));
	RETURN_IF(seats_recovery(a->w, &a->c));
	return tell(a);
}
