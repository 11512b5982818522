#include "app/ops/drill.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/act.h"
#include "app/ballot.h"
#include "app/pack.h"
#include "app/papers.h"
#include "keys/age.h"

#define DAY_S 86400
#define TEXT_FILE_MAX ((size_t)64 << 10)

/* ---- the text ---- */

static const struct text_schema schema = {"drill", (const char *const[]){
	"owner", "seat", "charter-sha256", "ledger-size", "ledger-root",
	"created", "expires", "nonce", NULL}};

void drill_text_release(struct drill_text *d)
{
	text_free(TAKE(d->text));
}

enum err drill_text_parse(struct bytes bytes, struct drill_text *ret,
    struct err_info *info)
{
	CLEANUP(drill_text_release) struct drill_text d = {0};
	uint8_t nonce[DRILL_NONCE_LEN];

	RETURN_IF(text_parse(bytes, &schema, &d.text, info));
	d.owner = text_get(d.text, "owner");
	d.seat = text_get(d.text, "seat");
	RETURN_IF(text_get_hex(d.text, "charter-sha256", d.charter_sha256,
	    DIGEST_LEN, info));
	RETURN_IF(text_get_uint(d.text, "ledger-size", 1, INT64_MAX,
	    &d.ledger_size, info));
	RETURN_IF(text_get_hex(d.text, "ledger-root", d.ledger_root,
	    DIGEST_LEN, info));
	RETURN_IF(text_get_time(d.text, "created", &d.created_unix_s, info));
	RETURN_IF(text_get_time(d.text, "expires", &d.expires_unix_s, info));
	RETURN_IF(text_get_hex(d.text, "nonce", nonce, sizeof(nonce), info));
	*ret = d;
	d.text = NULL;
	return ERR_OK;
}

static enum err write_text(struct home *h, const struct drill_pack_args *a,
    const struct paper_charter *c, struct buf *out)
{
	CLEANUP(buf_release) struct buf note = {0};
	struct register_signed s;
	struct text_writer w;
	uint8_t nonce[DRILL_NONCE_LEN];
	uint64_t days = a->days == 0 ? DRILL_DAYS_DEFAULT : a->days;

	RETURN_IF(register_signed_get(h->reg, &s, &note));
	secret_random(nonce, sizeof(nonce));
	text_begin(&w, &schema, out);
	text_put(&w, "owner", a->owner);
	text_put(&w, "seat", a->seat);
	text_put_hex(&w, "charter-sha256", c->paper.sha256, DIGEST_LEN);
	text_put_uint(&w, "ledger-size", s.size);
	text_put_hex(&w, "ledger-root", s.root, DIGEST_LEN);
	text_put_time(&w, "created", h->now_unix_s);
	text_put_time(&w, "expires", h->now_unix_s + (int64_t)days * DAY_S);
	text_put_hex(&w, "nonce", nonce, sizeof(nonce));
	return text_end(&w, &h->outcome->info);
}

/* ---- pack ---- */

static enum err draft_name(const char *seat, char ret[64])
{
	return snprintf(ret, 64, "drill-%s", seat) < 64 ? ERR_OK : ERR_LIMIT;
}

static enum err keep(struct home *h, const char *owner, const char *seat,
    struct bytes text)
{
	CLEANUP(act_abort) struct act a = {0};
	char name[64];

	RETURN_IF(draft_name(seat, name));
	RETURN_IF(act_data_begin(h, register_db(h->reg), &a));
	RETURN_IF(register_draft_put(h->reg, owner, name, text));
	return act_data_commit(&a);
}

static enum err add_sig(void *ctx, const char *signer, struct bytes armour)
{
	char name[PACK_NAME_MAX + 1];

	if (snprintf(name, sizeof(name), "charter.%s.sig", signer) >=
	    (int)sizeof(name))
		return ERR_LIMIT;
	return pack_add(ctx, name, armour);
}

static enum err seal(const struct charter_seat *seat, struct bytes text,
    struct buf *out)
{
	struct age_recipient to[2];
	size_t len = seat->spare == NULL ? 1 : 2;

	RETURN_IF(age_recipient_parse(bytes_str(seat->age), &to[0]));
	if (len == 2)
		RETURN_IF(age_recipient_parse(bytes_str(seat->spare), &to[1]));
	return age_seal_buf(to, len, text, out);
}

static enum err no_seat(struct home *h, const char *owner, const char *seat)
{
	return outcome_refuse(h->outcome, ERR_NOT_FOUND,
	    "owner %s has no seat %s", "所有者%sに席%sはありません", owner,
	    seat);
}

enum err drill_pack(struct home *h, const struct drill_pack_args *args)
{
	CLEANUP(paper_charter_release) struct paper_charter c = {0};
	CLEANUP(pack_release) struct pack p = {0};
	CLEANUP(buf_release) struct buf text = {0};
	CLEANUP(buf_release) struct buf sealed = {0};
	const struct charter_seat *seat;

	if (args->days > DRILL_DAYS_MAX)
		return ERR_RANGE;
	RETURN_IF(papers_charter(h, args->owner, &c));
	seat = charter_seat(&c.charter, args->seat);
	if (seat == NULL)
		return no_seat(h, args->owner, args->seat);
	RETURN_IF(write_text(h, args, &c, &text));
	RETURN_IF(seal(seat, bytes_buf(&text), &sealed));
	(void)snprintf(p.folder, sizeof(p.folder), "%s-%s-drill", args->owner,
	    args->seat);
	RETURN_IF(pack_add(&p, "charter.txt", bytes_buf(&c.paper.bytes)));
	RETURN_IF(register_signature_each(h->reg, c.paper.row.id, add_sig,
	    &p));
	RETURN_IF(pack_add(&p, "drill.age", bytes_buf(&sealed)));
	RETURN_IF(keep(h, args->owner, args->seat, bytes_buf(&text)));
	RETURN_IF(pack_write(&p, args->path, h->now_unix_s));
	drill_pack_tell(h->outcome, args);
	return ERR_OK;
}

void drill_pack_tell(struct outcome *o, const struct drill_pack_args *args)
{
	outcome_add(o, OUTCOME_DONE,
	    "%s: a drill for seat %s; on that custodian's machine: azukari seat drill sign %s --identity NAME.key -o FILE",
	    "%1$s：席%2$sの訓練です。保管官の機械で azukari seat drill sign %3$s --identity 名前.key -o ファイル を実行してください",
	    args->path, args->seat, args->path);
}

/* ---- accept ---- */

struct answer {
	struct pack pack;
	struct buf text_file, sig_file;
	struct bytes text, sig;
	struct drill_text drill;
};

static void answer_release(struct answer *a)
{
	drill_text_release(&a->drill);
	pack_release(&a->pack);
	buf_release(&a->text_file);
	buf_release(&a->sig_file);
}

static enum err read_answer(struct home *h, const char *path, const char *sig,
    struct answer *a)
{
	struct err_info *info = &h->outcome->info;

	if (sig == NULL) {
		RETURN_IF(pack_read(path, &a->pack, info));
		RETURN_IF(pack_need(&a->pack, "drill.txt", &a->text, info));
		RETURN_IF(pack_need(&a->pack, "drill.txt.sig", &a->sig, info));
		return a->pack.len == 2 ? ERR_OK : err_at(info, ERR_UNKNOWN, 0,
		    "it is not the answer to a drill");
	}
	(void)snprintf(info->file, sizeof(info->file), "%s", path);
	RETURN_IF(fs_read_file(path, TEXT_FILE_MAX, &a->text_file));
	(void)snprintf(info->file, sizeof(info->file), "%s", sig);
	RETURN_IF(fs_read_file(sig, SSHSIG_ARMOUR_MAX, &a->sig_file));
	a->text = bytes_buf(&a->text_file);
	a->sig = bytes_buf(&a->sig_file);
	return ERR_OK;
}

/* Exactly the text that was made last for this seat, still in time. */
static enum err check_waits(struct home *h, const struct answer *a)
{
	CLEANUP(buf_release) struct buf made = {0};
	const struct drill_text *d = &a->drill;
	char name[64];
	enum err e;

	RETURN_IF(draft_name(d->seat, name));
	e = register_draft_get(h->reg, d->owner, name, &made);
	if (e != ERR_OK && e != ERR_NOT_FOUND)
		return e;
	if (e == ERR_NOT_FOUND || !bytes_equal(bytes_buf(&made), a->text))
		return outcome_refuse(h->outcome, ERR_NOT_FOUND,
		    "no such drill waits for seat %s: it was answered, or a newer one was made",
		    "席%sにこの訓練の待ちはありません。回答済みか、新しいものが作られています",
		    d->seat);
	if (h->now_unix_s >= d->expires_unix_s)
		return outcome_refuse(h->outcome, ERR_EXPIRED,
		    "the drill of seat %s is over its time; make a new one",
		    "席%sの訓練は期限が切れました。新しく作ってください", d->seat);
	return ERR_OK;
}

static enum err check_seat(struct home *h, const struct answer *a)
{
	CLEANUP(paper_charter_release) struct paper_charter c = {0};
	const struct drill_text *d = &a->drill;

	RETURN_IF(papers_charter(h, d->owner, &c));
	if (memcmp(c.paper.sha256, d->charter_sha256, DIGEST_LEN) != 0)
		return outcome_refuse(h->outcome, ERR_STATE,
		    "another charter is in force since this drill of seat %s was made; make a new one",
		    "席%sの訓練を作った後に憲章が変わりました。新しく作ってください",
		    d->seat);
	if (charter_seat(&c.charter, d->seat) == NULL)
		return no_seat(h, d->owner, d->seat);
	if (ballot_seat_signed(&c.charter, d->seat, SSHSIG_DRILL, a->sig,
	    a->text))
		return ERR_OK;
	return outcome_refuse(h->outcome, ERR_SIGNATURE,
	    "drill.txt is not signed by the key of seat %s (%s)",
	    "drill.txt に席%sの鍵による署名がありません（%s）", d->seat,
	    sshsig_ns_name(SSHSIG_DRILL));
}

static enum err enter(struct home *h, const struct answer *a)
{
	CLEANUP(act_abort) struct act act = {0};
	const struct drill_text *d = &a->drill;
	struct register_document doc = {.kind = REGISTER_DRILL,
	    .added_unix_s = h->now_unix_s};
	uint8_t sig_sha256[DIGEST_LEN];
	struct entry_writer w;
	char name[64];
	int64_t id;

	digest_sha256(a->text, doc.sha256);
	digest_sha256(a->sig, sig_sha256);
	memcpy(doc.owner, d->owner, 3);
	(void)snprintf(doc.name, sizeof(doc.name), "%s", d->seat);
	RETURN_IF(draft_name(d->seat, name));
	RETURN_IF(act_begin(h, register_db(h->reg), &act));
	RETURN_IF(check_waits(h, a));   /* nobody answers it meanwhile */
	act_entry(&act, ENTRY_DRILL, d->owner, &w);
	entry_put(&w, "seat", d->seat);
	entry_put_hex(&w, "drill-sha256", doc.sha256, DIGEST_LEN);
	entry_put_hex(&w, "sig-sha256", sig_sha256, DIGEST_LEN);
	RETURN_IF(act_entry_end(&act, &w, &doc.act));
	RETURN_IF(register_document_add(h->reg, &doc, a->text, &id));
	RETURN_IF(register_signature_add(h->reg, id, d->seat, a->sig,
	    doc.act));
	RETURN_IF(register_draft_put(h->reg, d->owner, name,
	    bytes_str("answered")));
	return act_commit(&act);
}

enum err drill_accept(struct home *h, const char *answer, const char *sig)
{
	CLEANUP(answer_release) struct answer a = {0};
	struct register_owner known;

	RETURN_IF(read_answer(h, answer, sig, &a));
	RETURN_IF(drill_text_parse(a.text, &a.drill, &h->outcome->info));
	h->outcome->info.file[0] = '\0';
	RETURN_IF(home_owner_known(h, a.drill.owner, &known));
	RETURN_IF(check_seat(h, &a));
	RETURN_IF(enter(h, &a));
	outcome_add(h->outcome, OUTCOME_DONE,
	    "the key of seat %s opens and signs; it is in the ledger",
	    "席%sの鍵は開くことも署名することもできます。台帳に記載しました",
	    a.drill.seat);
	return ERR_OK;
}

/* ---- status ---- */

struct watch {
	struct home *h;
	const struct charter *now;
	int64_t last[CHARTER_SEATS_MAX];
};

static int same_keys(const struct charter_seat *a,
    const struct charter_seat *b)
{
	return strcmp(a->ssh, b->ssh) == 0 && strcmp(a->age, b->age) == 0;
}

/* A seat that comes in signs the charter, and opens a share before. */
static enum err see_charter(void *ctx, const struct register_document *doc)
{
	struct watch *w = ctx;
	CLEANUP(buf_release) struct buf bytes = {.max = REGISTER_DOCUMENT_MAX};
	CLEANUP(charter_release) struct charter c = {0};

	RETURN_IF(register_document_bytes(w->h->reg, doc->id, &bytes));
	RETURN_IF(charter_parse(bytes_buf(&bytes), &c, NULL));
	for (size_t i = 0; i < w->now->seats_len; i++) {
		const struct charter_seat *then = charter_seat(&c,
		    w->now->seats[i].name);

		if (then == NULL || !same_keys(then, &w->now->seats[i]))
			w->last[i] = 0;
		else if (w->last[i] == 0)
			w->last[i] = doc->added_unix_s;
	}
	return ERR_OK;
}

static enum err see_drill(void *ctx, const struct register_document *doc)
{
	struct watch *w = ctx;
	size_t i = charter_seat_index(w->now, doc->name);

	if (i != CHARTER_NO_SEAT && w->last[i] != 0 &&
	    w->last[i] < doc->added_unix_s)
		w->last[i] = doc->added_unix_s;
	return ERR_OK;
}

enum err drill_due(struct home *h, const char *owner, uint64_t days,
    drill_due_fn each, void *ctx)
{
	CLEANUP(paper_charter_release) struct paper_charter c = {0};
	struct register_query q = {.kind = REGISTER_CHARTER, .owner = owner};
	struct watch w = {.h = h, .now = &c.charter};

	RETURN_IF(papers_charter(h, owner, &c));
	RETURN_IF(register_document_each(h->reg, &q, see_charter, &w));
	q.kind = REGISTER_DRILL;
	RETURN_IF(register_document_each(h->reg, &q, see_drill, &w));
	for (size_t i = 0; i < c.charter.seats_len; i++)
		if (w.last[i] + (int64_t)days * DAY_S < h->now_unix_s)
			each(ctx, c.charter.seats[i].name, w.last[i]);
	return ERR_OK;
}
