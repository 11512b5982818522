/* Dealing and receiving: on the seats' own machines, no home. */
#include <stdio.h>
#include <string.h>

#include "app/ops/enrol.h"
#include "app/ops/redeal_internal.h"
#include "core/encode.h"
#include "keys/sshsig.h"

/* ---- dealers ---- */

enum err redeal_dealers_add(struct redeal_dealers *d, struct bytes seat)
{
	if (!names_is_word(seat))
		return ERR_SYNTAX;
	if (d->len == EPOCH_SEATS_MAX)
		return ERR_LIMIT;
	for (size_t i = 0; i < d->len; i++)
		if (bytes_equal(seat, bytes_str(d->seat[i])))
			return ERR_DUPLICATE;
	memcpy(d->seat[d->len], seat.data, seat.len);
	d->seat[d->len++][seat.len] = '\0';
	return ERR_OK;
}

enum err redeal_dealers_write(const struct redeal_dealers *d, struct buf *out)
{
	for (size_t i = 0; i < d->len; i++)
		RETURN_IF(buf_printf(out, "%s\n", d->seat[i]));
	return ERR_OK;
}

static enum err parse_dealers(struct bytes text, struct redeal_dealers *ret,
    struct err_info *info)
{
	struct bytes line;
	enum err e;

	*ret = (struct redeal_dealers){0};
	while ((e = bytes_take_line(&text, &line)) == ERR_OK)
		if ((e = redeal_dealers_add(ret, line)) != ERR_OK)
			break;
	if (e == ERR_NOT_FOUND && ret->len > 0)
		return ERR_OK;
	return err_at(info, e == ERR_NOT_FOUND ? ERR_SYNTAX : e, 0,
	    "dealers.txt: not a list of seats");
}

uint8_t redeal_x(const struct seats_epoch *e, const char *seat)
{
	const struct epoch_seats *s = seats_holders(e);

	for (size_t i = 0; i < s->len; i++)
		if (strcmp(s->line[i].seat, seat) == 0)
			return (uint8_t)(i + 1);
	return 0;
}

int redeal_is_dealer(const struct redistribute_plan *plan, uint8_t x)
{
	for (size_t i = 0; i < plan->dealers_len; i++)
		if (plan->dealers[i] == x)
			return 1;
	return 0;
}

/* Ascending, as the plan wants them. */
static void insert_x(struct redistribute_plan *p, uint8_t x)
{
	size_t i = p->dealers_len++;

	for (; i > 0 && p->dealers[i - 1] > x; i--)
		p->dealers[i] = p->dealers[i - 1];
	p->dealers[i] = x;
}

enum err redeal_plan(const struct seats_epoch *e,
    const struct redeal_dealers *d, const struct epoch_roster *roster,
    const uint8_t charter_sha256[DIGEST_LEN], struct redistribute_plan *ret,
    struct err_info *info)
{
	struct redistribute_plan p = {.epoch = &e->epoch,
	    .in_force = seats_in_force(e), .to = roster};
	unsigned needed = seats_holders(e)->threshold;

	memcpy(p.new_charter_sha256, charter_sha256, DIGEST_LEN);
	for (size_t i = 0; i < d->len && p.dealers_len < needed; i++) {
		uint8_t x = redeal_x(e, d->seat[i]);

		if (x != 0)
			insert_x(&p, x);
	}
	if (p.dealers_len < needed)
		return err_at(info, ERR_THRESHOLD, 0,
		    "%zu of the dealers hold shares of an epoch that needs %u",
		    p.dealers_len, needed);
	*ret = p;
	return ERR_OK;
}

enum err redeal_piece_name(size_t n, const char *seat,
    char ret[PACK_NAME_MAX + 1])
{
	int len = snprintf(ret, PACK_NAME_MAX + 1, "pieces/%05zu.%s.age", n,
	    seat);

	return len < 0 || len > PACK_NAME_MAX ? ERR_LIMIT : ERR_OK;
}

/* ---- packets ---- */

void redeal_packet_release(struct redeal_packet *p)
{
	charter_release(&p->charter);
	pack_release(&p->pack);
}

enum err redeal_packet_read(const char *path, struct redeal_packet *ret,
    struct err_info *info)
{
	struct bytes dealers;

	RETURN_IF(pack_read(path, &ret->pack, info));
	RETURN_IF(pack_need(&ret->pack, "charter.txt", &ret->charter_bytes,
	    info));
	RETURN_IF(pack_need(&ret->pack, "dealers.txt", &dealers, info));
	RETURN_IF(charter_parse(ret->charter_bytes, &ret->charter, info));
	digest_sha256(ret->charter_bytes, ret->charter_sha256);
	RETURN_IF(parse_dealers(dealers, &ret->dealers, info));
	return enrol_roster(&ret->charter, &ret->roster);
}

static enum err copy_text(const struct redeal_packet *in, const char *name,
    struct pack *out, struct err_info *info)
{
	struct bytes bytes;

	RETURN_IF(pack_need(&in->pack, name, &bytes, info));
	return pack_add(out, name, bytes);
}

/* ---- a dealer ---- */

struct dealing {
	struct redeal_packet in;
	struct pack out;
	const struct identity *id;
	char seat[NAMES_WORD_MAX + 1];  /* known from the first share */
	size_t done;
};

static void dealing_release(struct dealing *d)
{
	redeal_packet_release(&d->in);
	pack_release(&d->out);
}

/* Whoever could slip in a charter would be dealt to: only what this identity
 * has signed itself counts. */
static enum err check_signed(const struct dealing *d, struct outcome *o)
{
	for (size_t i = 0; i < d->in.pack.len; i++) {
		const struct pack_file *f = &d->in.pack.files[i];

		if (strncmp(f->name, "charter.", 8) == 0 &&
		    sshsig_check(bytes_buf(&f->bytes), SSHSIG_CHARTER,
		    identity_public(d->id)->ssh, d->in.charter_bytes) ==
		    ERR_OK)
			return ERR_OK;
	}
	return outcome_refuse(o, ERR_UNTRUSTED,
	    "this identity has not signed the charter in the packet: nothing was dealt",
	    "ファイルの憲章に、この鍵の署名がありません。何も配っていません");
}

static enum err put_pieces(struct dealing *d, size_t n,
    const struct redistribute_files *files)
{
	char name[PACK_NAME_MAX + 1];

	for (size_t i = 0; i < files->len; i++) {
		RETURN_IF(redeal_piece_name(n, d->in.roster.seat[i].name,
		    name));
		RETURN_IF(pack_add(&d->out, name, bytes_buf(&files->file[i])));
	}
	return ERR_OK;
}

static enum err open_own(struct dealing *d, size_t n, struct buf *text,
    struct share *ret, struct err_info *info)
{
	const struct pack_file *file = pack_find_numbered(&d->in.pack,
	    "shares", n, ".age");
	const struct secret *identities[1] = {identity_open_secret(d->id)};
	const struct age_keys keys = {.identities = identities,
	    .identities_len = 1};
	SECRET_BYTES(value, EPOCH_KEY_LEN);
	enum err e;

	if (file == NULL)
		return err_at(info, ERR_NOT_FOUND, 0,
		    "shares/%05zu.age is missing in it", n);
	e = share_open(&keys, bytes_buf(&file->bytes), text);
	if (e != ERR_OK)
		return err_at(info, e, 0,
		    "shares/%05zu.age cannot be opened with this identity",
		    n);
	return share_parse(bytes_buf(text), ret, value, info);
}

static enum err deal_one(struct dealing *d, size_t n, struct outcome *o)
{
	CLEANUP(seats_epoch_release) struct seats_epoch e = {0};
	CLEANUP(redistribute_files_release) struct redistribute_files files =
	    {.len = 0};
	CLEANUP(buf_release) struct buf text = {0};
	struct redistribute_plan plan;
	struct share own;

	RETURN_IF(seats_epoch_unpack(&d->in.pack, n, &e, &o->info));
	RETURN_IF(seats_epoch_pack(&e, n, &d->out));
	RETURN_IF(redeal_plan(&e, &d->in.dealers, &d->in.roster,
	    d->in.charter_sha256, &plan, &o->info));
	RETURN_IF(open_own(d, n, &text, &own, &o->info));
	if (d->seat[0] == '\0')
		memcpy(d->seat, own.seat, sizeof(d->seat));
	if (strcmp(d->seat, own.seat) != 0 ||
	    strcmp(own.owner, d->in.charter.owner) != 0)
		return err_at(&o->info, ERR_MISMATCH, 0,
		    "shares/%05zu.age is of another seat or owner", n);
	if (!redeal_is_dealer(&plan, own.x))
		return ERR_OK;
	RETURN_IF(redistribute_deal(&plan, bytes_buf(&text), &files,
	    &o->info));
	d->done++;
	return put_pieces(d, n, &files);
}

static enum err put_seat(struct dealing *d)
{
	CLEANUP(buf_release) struct buf line = {0};

	RETURN_IF(buf_printf(&line, "%s\n", d->seat));
	(void)snprintf(d->out.folder, sizeof(d->out.folder), "%s-%s-dealt",
	    d->in.charter.owner, d->seat);
	return pack_add(&d->out, "seat.txt", bytes_buf(&line));
}

enum err redeal_deal(const char *packet, const struct identity *id,
    const char *path, int64_t now_unix_s, struct outcome *o)
{
	CLEANUP(dealing_release) struct dealing d = {.id = id};

	RETURN_IF(redeal_packet_read(packet, &d.in, &o->info));
	RETURN_IF(check_signed(&d, o));
	RETURN_IF(copy_text(&d.in, "charter.txt", &d.out, &o->info));
	RETURN_IF(copy_text(&d.in, "dealers.txt", &d.out, &o->info));
	for (size_t n = 1; pack_find_numbered(&d.in.pack, "epochs", n,
	    ".txt") != NULL; n++)
		RETURN_IF(deal_one(&d, n, o));
	if (d.seat[0] == '\0')
		return err_at(&o->info, ERR_NOT_FOUND, 0,
		    "it has no epochs");
	RETURN_IF(put_seat(&d));
	RETURN_IF(pack_write(&d.out, path, now_unix_s));
	outcome_add(o, OUTCOME_DONE,
	    "seat %s dealt %zu shares to %zu seats; hand %s to the gateway",
	    "席%sのシェア%zu件を%zu席に配り直しました。%sをゲートウェイに渡してください",
	    d.seat, d.done, d.in.roster.len, path);
	return ERR_OK;
}

/* ---- a new seat ---- */

struct adding {
	struct redeal_packet in;
	struct pack out;
	const struct identity *id;
	size_t seat;                    /* of the roster */
	struct buf list;                /* lines EPOCH SHA256 */
	size_t done;
};

static void adding_release(struct adding *a)
{
	redeal_packet_release(&a->in);
	pack_release(&a->out);
	buf_release(&a->list);
}

static enum err find_seat(struct adding *a, struct outcome *o)
{
	char ssh[SSHSIG_PUBLIC_TEXT_LEN + 1];

	sshsig_public_format(identity_public(a->id)->ssh, ssh);
	for (a->seat = 0; a->seat < a->in.charter.seats_len; a->seat++)
		if (strcmp(a->in.charter.seats[a->seat].ssh, ssh) == 0)
			return ERR_OK;
	return outcome_refuse(o, ERR_UNTRUSTED,
	    "this identity holds no seat of this charter",
	    "この鍵はこの憲章のどの席のものでもありません");
}

struct opened_pieces {
	struct buf text[EPOCH_SEATS_MAX];
	struct bytes bytes[EPOCH_SEATS_MAX];
	size_t len;
};

static void opened_pieces_release(struct opened_pieces *p)
{
	for (size_t i = 0; i < EPOCH_SEATS_MAX; i++)
		buf_release(&p->text[i]);
}

/* The piece of every dealer of this epoch. */
static enum err open_pieces(struct adding *a, size_t n,
    const struct seats_epoch *e, const struct redistribute_plan *plan,
    struct opened_pieces *ret, struct err_info *info)
{
	const struct secret *identities[1] = {identity_open_secret(a->id)};
	const struct age_keys keys = {.identities = identities,
	    .identities_len = 1};
	char name[PACK_NAME_MAX + 1];
	struct bytes file;

	for (size_t i = 0; i < a->in.dealers.len; i++) {
		const char *dealer = a->in.dealers.seat[i];

		if (!redeal_is_dealer(plan, redeal_x(e, dealer)))
			continue;
		RETURN_IF(redeal_piece_name(n, dealer, name));
		RETURN_IF(pack_need(&a->in.pack, name, &file, info));
		enum err err = share_open(&keys, file, &ret->text[ret->len]);

		if (err != ERR_OK)
			return err_at(info, err, 0,
			    "%s cannot be opened with this identity", name);
		ret->bytes[ret->len] = bytes_buf(&ret->text[ret->len]);
		ret->len++;
	}
	return ERR_OK;
}

static enum err put_line(struct adding *a, const struct seats_epoch *e,
    const struct epoch_line *line)
{
	char id[2 * EPOCH_ID_LEN + 1], digest[DIGEST_HEX_LEN + 1];

	encode_hex(e->epoch.facts.id, EPOCH_ID_LEN, id);
	digest_to_hex(line->share_sha256, digest);
	a->done++;
	return buf_printf(&a->list, "%s %s\n", id, digest);
}

static enum err receive_one(struct adding *a, size_t n, struct outcome *o)
{
	CLEANUP(seats_epoch_release) struct seats_epoch e = {0};
	CLEANUP(opened_pieces_release) struct opened_pieces p = {.len = 0};
	CLEANUP(redistribute_new_release) struct redistribute_new fresh = {
		.line = {.seat = ""}};
	struct redistribute_plan plan;
	struct redistribute_set set = {.plan = &plan, .seat = a->seat,
	    .texts = p.bytes};

	RETURN_IF(seats_epoch_unpack(&a->in.pack, n, &e, &o->info));
	if (strcmp(e.epoch.facts.owner, a->in.charter.owner) != 0)
		return ERR_MISMATCH;
	RETURN_IF(redeal_plan(&e, &a->in.dealers, &a->in.roster,
	    a->in.charter_sha256, &plan, &o->info));
	RETURN_IF(open_pieces(a, n, &e, &plan, &p, &o->info));
	set.len = p.len;
	RETURN_IF(redistribute_receive(&set, &fresh, &o->info));
	RETURN_IF(put_line(a, &e, &fresh.line));
	return pack_add_numbered(&a->out, "shares", n, ".age",
	    bytes_buf(&fresh.file));
}

enum err redeal_receive(const char *packet, const struct identity *id,
    const char *path, int64_t now_unix_s, struct outcome *o)
{
	CLEANUP(adding_release) struct adding a = {.id = id};
	const char *seat;

	RETURN_IF(redeal_packet_read(packet, &a.in, &o->info));
	RETURN_IF(find_seat(&a, o));
	seat = a.in.charter.seats[a.seat].name;
	(void)snprintf(a.out.folder, sizeof(a.out.folder), "%s-%s-received",
	    a.in.charter.owner, seat);
	RETURN_IF(copy_text(&a.in, "charter.txt", &a.out, &o->info));
	RETURN_IF(copy_text(&a.in, "dealt.txt", &a.out, &o->info));
	for (size_t n = 1; pack_find_numbered(&a.in.pack, "epochs", n,
	    ".txt") != NULL; n++)
		RETURN_IF(receive_one(&a, n, o));
	if (a.done == 0)
		return err_at(&o->info, ERR_NOT_FOUND, 0, "it has no epochs");
	RETURN_IF(pack_add(&a.out, "shares.txt", bytes_buf(&a.list)));
	buf_clear(&a.list);
	RETURN_IF(buf_printf(&a.list, "%s\n", seat));
	RETURN_IF(pack_add(&a.out, "seat.txt", bytes_buf(&a.list)));
	RETURN_IF(pack_write(&a.out, path, now_unix_s));
	outcome_add(o, OUTCOME_DONE,
	    "seat %s has its shares of %zu epochs; hand %s to the gateway",
	    "席%sは%zu個の期間のシェアを得ました。%sをゲートウェイに渡してください",
	    seat, a.done, path);
	return ERR_OK;
}
