/* Dealing anew, at the gateway: the draft, and the packets both ways. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ops/enrol.h"
#include "app/ops/redeal_internal.h"
#include "keys/sshsig.h"

/* ---- draft ---- */

struct seat_text {
	char age[BECH32_RECIPIENT_LEN + 1];
	char spare[BECH32_RECIPIENT_LEN + 1];
	char ssh[SSHSIG_PUBLIC_TEXT_LEN + 1];
};

struct drafting {
	struct home *h;
	const struct redeal_draft_args *args;
	struct paper_charter now;
	struct charter next;
	struct seat_text text[CHARTER_SEATS_MAX];
};

static void drafting_release(struct drafting *d)
{
	paper_charter_release(&d->now);
}

static int is_dropped(const struct redeal_draft_args *args, const char *seat)
{
	for (size_t i = 0; i < args->drop_len; i++)
		if (strcmp(args->drop[i], seat) == 0)
			return 1;
	return 0;
}

static enum err keep_seats(struct drafting *d)
{
	const struct charter *now = &d->now.charter;

	for (size_t i = 0; i < d->args->drop_len; i++)
		if (charter_seat(now, d->args->drop[i]) == NULL)
			return outcome_refuse(d->h->outcome, ERR_NOT_FOUND,
			    "owner %s has no seat %s",
			    "所有者%sに席%sはありません", now->owner,
			    d->args->drop[i]);
	d->next.seats_len = 0;
	for (size_t i = 0; i < now->seats_len; i++)
		if (!is_dropped(d->args, now->seats[i].name))
			d->next.seats[d->next.seats_len++] = now->seats[i];
	return ERR_OK;
}

static enum err add_seat(struct drafting *d, const struct redeal_seat *from,
    struct seat_text *t)
{
	struct outcome *o = d->h->outcome;
	struct identity_public pub;
	struct charter_seat *s;

	if (d->next.seats_len == CHARTER_SEATS_MAX)
		return ERR_LIMIT;
	(void)snprintf(o->info.file, sizeof(o->info.file), "%s", from->pub);
	RETURN_IF(identity_public_read(from->pub, &pub, &o->info));
	s = &d->next.seats[d->next.seats_len++];
	*s = (struct charter_seat){.name = from->name, .age = t->age,
	    .ssh = t->ssh, .institution = from->institution != NULL ?
	    from->institution : d->next.owner_name};
	bech32_encode_recipient(pub.age.key, t->age);
	sshsig_public_format(pub.ssh, t->ssh);
	if (from->spare_pub != NULL) {
		RETURN_IF(identity_public_read(from->spare_pub, &pub,
		    &o->info));
		bech32_encode_recipient(pub.age.key, t->spare);
		s->spare = t->spare;
	}
	o->info.file[0] = '\0';
	return ERR_OK;
}

static enum err fill(struct drafting *d)
{
	struct charter *next = &d->next;

	*next = d->now.charter;
	next->version++;
	next->has_previous = 1;
	memcpy(next->previous, d->now.paper.sha256, DIGEST_LEN);
	next->created_unix_s = d->h->now_unix_s;
	secret_random(next->nonce, sizeof(next->nonce));
	RETURN_IF(keep_seats(d));
	for (size_t i = 0; i < d->args->add_len; i++)
		RETURN_IF(add_seat(d, &d->args->add[i], &d->text[i]));
	if (d->args->threshold > CHARTER_SEATS_MAX)
		return ERR_RANGE;
	if (d->args->threshold != 0)
		next->threshold = (unsigned)d->args->threshold;
	return ERR_OK;
}

enum err redeal_draft(struct home *h, const struct redeal_draft_args *args)
{
	CLEANUP(drafting_release) struct drafting d = {.h = h, .args = args};

	RETURN_IF(papers_charter(h, args->owner, &d.now));
	RETURN_IF(fill(&d));
	RETURN_IF(seats_draft(h, &d.next, args->path));
	outcome_add(h->outcome, OUTCOME_DONE,
	    "%s: version %llu of the charter, %u of %zu seats; it needs the signatures of %u seats of the one in force and of every seat with new keys",
	    "%1$s：憲章第%2$llu版の案です（%4$zu席中%3$u席）。現行の%5$u席と、鍵が新しい席すべての署名が必要です",
	    args->path, (unsigned long long)d.next.version, d.next.threshold,
	    d.next.seats_len, d.now.charter.threshold);
	outcome_add(h->outcome, OUTCOME_HINT,
	    "every seat that is to deal signs too; then: azukari seat charter %s %s --sig FILE…",
	    "配り直す席も必ず署名し、その後 azukari seat charter %s %s --sig ファイル… を実行してください",
	    args->owner, args->path);
	return ERR_OK;
}

/* ---- what is pending under the charter in force ---- */

struct pending {
	struct seats_change c;
	struct owner *w;
	struct seats_list l;
};

static void pending_release(struct pending *p)
{
	seats_list_release(&p->l);
	home_owner_close(p->w);
	seats_change_release(&p->c);
}

static enum err load_pending(struct home *h, const char *owner,
    struct pending *p)
{
	CLEANUP(paper_charter_release) struct paper_charter now = {0};

	RETURN_IF(papers_charter(h, owner, &now));
	RETURN_IF(seats_change_load(h, owner, bytes_buf(&now.paper.bytes),
	    &p->c));
	RETURN_IF(home_owner_open(h, owner, &p->w));
	RETURN_IF(seats_pending_any(p->w, &p->c, &p->l));
	if (p->l.len > 0)
		return ERR_OK;
	return outcome_refuse(h->outcome, ERR_STATE,
	    "every epoch of owner %s is held by the seats of the charter in force: there is nothing to deal anew (a new charter comes into force with: azukari seat charter)",
	    "所有者%sの期間はすべて現行の憲章の席が持っています。配り直すものはありません（新しい憲章は azukari seat charter で発効します）",
	    owner);
}

/* ---- to a dealer ---- */

static enum err pack_share(struct pending *p, size_t i, const char *seat,
    struct pack *out)
{
	CLEANUP(seats_epoch_release) struct seats_epoch e = {0};
	CLEANUP(buf_release) struct buf share = {0};

	RETURN_IF(seats_epoch_read(p->w, &p->l.items[i], &e));
	RETURN_IF(seats_epoch_pack(&e, i + 1, out));
	RETURN_IF(store_epoch_share(p->w->store, e.row.number, seat, &share));
	return pack_add_numbered(out, "shares", i + 1, ".age",
	    bytes_buf(&share));
}

static enum err put_dealers(const struct redeal_pack_args *args,
    struct redeal_dealers *d, struct pack *out, struct outcome *o)
{
	CLEANUP(buf_release) struct buf text = {0};
	int found = 0;

	for (size_t i = 0; i < args->dealers_len; i++) {
		if (redeal_dealers_add(d, bytes_str(args->dealers[i])) !=
		    ERR_OK)
			return outcome_refuse(o, ERR_USAGE,
			    "--dealer %s: not a seat, or given twice",
			    "--dealer %s：席の名前でないか、重複しています",
			    args->dealers[i]);
		found = found || strcmp(args->dealers[i], args->seat) == 0;
	}
	if (!found)
		return outcome_refuse(o, ERR_USAGE,
		    "seat %s is not among the dealers", "席%sは --dealer にありません",
		    args->seat);
	RETURN_IF(redeal_dealers_write(d, &text));
	return pack_add(out, "dealers.txt", bytes_buf(&text));
}

/* Enough dealers for every epoch, before anybody begins to work. */
static enum err check_dealers(struct pending *p,
    const struct redeal_dealers *d, struct err_info *info)
{
	struct epoch_roster roster;

	RETURN_IF(enrol_roster(&p->c.next, &roster));
	for (size_t i = 0; i < p->l.len; i++) {
		CLEANUP(seats_epoch_release) struct seats_epoch e = {0};
		struct redistribute_plan plan;

		RETURN_IF(seats_epoch_read(p->w, &p->l.items[i], &e));
		RETURN_IF(redeal_plan(&e, d, &roster, p->c.sha256, &plan,
		    info));
	}
	return ERR_OK;
}

enum err redeal_pack(struct home *h, const struct redeal_pack_args *args)
{
	CLEANUP(pending_release) struct pending p = {.w = NULL};
	CLEANUP(pack_release) struct pack out = {0};
	struct redeal_dealers dealers = {.len = 0};

	RETURN_IF(load_pending(h, args->owner, &p));
	RETURN_IF(seats_pack_charter(h, &p.c, &out));
	RETURN_IF(put_dealers(args, &dealers, &out, h->outcome));
	RETURN_IF(check_dealers(&p, &dealers, &h->outcome->info));
	(void)snprintf(out.folder, sizeof(out.folder), "%s-%s-deal",
	    args->owner, args->seat);
	for (size_t i = 0; i < p.l.len; i++) {
		enum err e = pack_share(&p, i, args->seat, &out);

		if (e == ERR_NOT_FOUND)
			return outcome_refuse(h->outcome, e,
			    "seat %s holds no share of one of the %zu epochs that are pending",
			    "席%sは、残る%zu個の期間のどれかのシェアを持っていません",
			    args->seat, p.l.len);
		RETURN_IF(e);
	}
	RETURN_IF(pack_write(&out, args->path, h->now_unix_s));
	outcome_add(h->outcome, OUTCOME_DONE,
	    "%s: %zu epochs are still under an old arrangement; on that seat's machine: azukari seat redeal deal",
	    "%s：以前の配り方のままの期間は%zu個です。席の機械で azukari seat redeal deal を実行してください",
	    args->path, p.l.len);
	return ERR_OK;
}

/* ---- to a new seat ---- */

struct gathering {
	struct home *h;
	const struct redeal_gather_args *args;
	struct pending p;
	struct redeal_packet *dealt;    /* dealt_len of them */
	struct epoch_roster roster;
	struct buf digests;             /* dealt.txt */
	struct pack out;
	size_t epochs;
};

static void gathering_free(struct gathering **at)
{
	struct gathering *g = *at;

	if (g == NULL)
		return;
	if (g->dealt != NULL)
		for (size_t i = 0; i < g->args->dealt_len; i++)
			redeal_packet_release(&g->dealt[i]);
	free(g->dealt);
	pending_release(&g->p);
	buf_release(&g->digests);
	pack_release(&g->out);
	free(g);
}

static enum err refuse_dealt(struct gathering *g, const char *path)
{
	return outcome_refuse(g->h->outcome, ERR_MISMATCH,
	    "%s is not of this dealing: another charter, other dealers, or other epochs; pack and deal anew",
	    "%sはこの配り直しのものではありません（憲章・配る席・期間のいずれかが異なります）。pack と deal をやり直してください",
	    path);
}

/* Who dealt it: a seat of dealers.txt, each once. */
static enum err take_dealer(struct gathering *g, size_t i)
{
	struct outcome *o = g->h->outcome;
	const struct redeal_packet *d = &g->dealt[i];
	struct bytes seat, line;
	char hex[DIGEST_HEX_LEN + 1];
	uint8_t sha256[DIGEST_LEN];

	RETURN_IF(pack_need(&d->pack, "seat.txt", &seat, &o->info));
	line = seat;
	if (i >= d->dealers.len || bytes_take_line(&seat, &line) != ERR_OK ||
	    !bytes_equal(line, bytes_str(d->dealers.seat[i])))
		return outcome_refuse(o, ERR_MISMATCH,
		    "give the answers of the dealers in their order, each once: %s is not that of seat %s",
		    "配る席の回答を順番どおりに1つずつ指定してください。%sは席%sのものではありません",
		    g->args->dealt[i], i < d->dealers.len ?
		    d->dealers.seat[i] : "-");
	RETURN_IF(digest_sha256_file(g->args->dealt[i], sha256, NULL));
	digest_to_hex(sha256, hex);
	return buf_printf(&g->digests, "%s %s\n", d->dealers.seat[i], hex);
}

static enum err read_dealt(struct gathering *g)
{
	struct outcome *o = g->h->outcome;

	g->dealt = calloc(g->args->dealt_len, sizeof(*g->dealt));
	if (g->dealt == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < g->args->dealt_len; i++) {
		struct redeal_packet *d = &g->dealt[i];

		(void)snprintf(o->info.file, sizeof(o->info.file), "%s",
		    g->args->dealt[i]);
		RETURN_IF(redeal_packet_read(g->args->dealt[i], d, &o->info));
		if (memcmp(d->charter_sha256, g->p.c.sha256, DIGEST_LEN) != 0 ||
		    memcmp(&d->dealers, &g->dealt[0].dealers,
		    sizeof(d->dealers)) != 0)
			return refuse_dealt(g, g->args->dealt[i]);
		RETURN_IF(take_dealer(g, i));
		o->info.file[0] = '\0';
	}
	if (g->args->dealt_len == g->dealt[0].dealers.len)
		return ERR_OK;
	return outcome_refuse(o, ERR_THRESHOLD,
	    "the answers of all %zu dealers are needed, %zu are given",
	    "配る席すべて（%zu席）の回答が必要です。指定は%zu件です",
	    g->dealt[0].dealers.len, g->args->dealt_len);
}

/* The piece of one dealer for this seat. */
static enum err gather_piece(struct gathering *g, size_t i, size_t n)
{
	const struct redeal_packet *d = &g->dealt[i];
	const struct pack_file *theirs = pack_find_numbered(&d->pack,
	    "epochs", n, ".txt");
	const struct pack_file *first = pack_find_numbered(
	    &g->dealt[0].pack, "epochs", n, ".txt");
	char from[PACK_NAME_MAX + 1], to[PACK_NAME_MAX + 1];
	struct bytes file;

	if (theirs == NULL || !bytes_equal(bytes_buf(&theirs->bytes),
	    bytes_buf(&first->bytes)))
		return refuse_dealt(g, g->args->dealt[i]);
	RETURN_IF(redeal_piece_name(n, g->args->seat, from));
	RETURN_IF(redeal_piece_name(n, d->dealers.seat[i], to));
	RETURN_IF(pack_need(&d->pack, from, &file, &g->h->outcome->info));
	return pack_add(&g->out, to, file);
}

static enum err gather_epoch(struct gathering *g, size_t n)
{
	CLEANUP(seats_epoch_release) struct seats_epoch theirs = {0};
	CLEANUP(seats_epoch_release) struct seats_epoch ours = {0};
	struct redistribute_plan plan;
	struct store_epoch row;

	RETURN_IF(seats_epoch_unpack(&g->dealt[0].pack, n, &theirs,
	    &g->h->outcome->info));
	RETURN_IF(store_epoch_by_id(g->p.w->store, theirs.epoch.facts.id,
	    &row));
	RETURN_IF(seats_epoch_read(g->p.w, &row, &ours));
	if (!bytes_equal(bytes_buf(&ours.text), bytes_buf(&theirs.text)) ||
	    !bytes_equal(bytes_buf(&ours.arranged),
	    bytes_buf(&theirs.arranged)))
		return refuse_dealt(g, g->args->dealt[0]);
	RETURN_IF(seats_epoch_pack(&ours, n, &g->out));
	RETURN_IF(redeal_plan(&ours, &g->dealt[0].dealers, &g->roster,
	    g->p.c.sha256, &plan, &g->h->outcome->info));
	for (size_t i = 0; i < g->args->dealt_len; i++)
		if (redeal_is_dealer(&plan, redeal_x(&ours,
		    g->dealt[0].dealers.seat[i])))
			RETURN_IF(gather_piece(g, i, n));
	return ERR_OK;
}

static enum err gather(struct gathering *g)
{
	CLEANUP(buf_release) struct buf dealers = {0};

	RETURN_IF(enrol_roster(&g->p.c.next, &g->roster));
	RETURN_IF(seats_pack_charter(g->h, &g->p.c, &g->out));
	RETURN_IF(redeal_dealers_write(&g->dealt[0].dealers, &dealers));
	RETURN_IF(pack_add(&g->out, "dealers.txt", bytes_buf(&dealers)));
	RETURN_IF(pack_add(&g->out, "dealt.txt", bytes_buf(&g->digests)));
	for (size_t n = 1; pack_find_numbered(&g->dealt[0].pack, "epochs", n,
	    ".txt") != NULL; n++) {
		enum err e = gather_epoch(g, n);

		if (e == ERR_NOT_FOUND)
			return refuse_dealt(g, g->args->dealt[0]);
		RETURN_IF(e);
		g->epochs++;
	}
	return ERR_OK;
}

enum err redeal_gather(struct home *h, const struct redeal_gather_args *args)
{
	CLEANUP(gathering_free) struct gathering *g = calloc(1, sizeof(*g));

	if (g == NULL)
		return ERR_NOMEM;
	g->h = h;
	g->args = args;
	RETURN_IF(load_pending(h, args->owner, &g->p));
	if (charter_seat(&g->p.c.next, args->seat) == NULL)
		return outcome_refuse(h->outcome, ERR_NOT_FOUND,
		    "owner %s has no seat %s", "所有者%sに席%sはありません",
		    args->owner, args->seat);
	RETURN_IF(read_dealt(g));
	(void)snprintf(g->out.folder, sizeof(g->out.folder), "%s-%s-receive",
	    args->owner, args->seat);
	RETURN_IF(gather(g));
	RETURN_IF(pack_write(&g->out, args->path, h->now_unix_s));
	outcome_add(h->outcome, OUTCOME_DONE,
	    "%s: the pieces of %zu epochs for seat %s; on its machine: azukari seat redeal receive",
	    "%1$s：席%3$sへの%2$zu個の期間の断片です。その機械で azukari seat redeal receive を実行してください",
	    args->path, g->epochs, args->seat);
	return ERR_OK;
}
