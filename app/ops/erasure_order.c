#include "app/ops/erasure_order.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/act.h"
#include "app/erase.h"
#include "app/ops/withdraw.h"
#include "app/papers.h"
#include "core/encode.h"
#include "core/text.h"
#include "keys/record.h"
#include "vault/store_notice.h"

#define DAY_S 86400
#define IDS_MAX ((size_t)ERASURE_ORDER_PEOPLE_MAX * 257)
#define NONCE_LEN 16

static const struct text_schema schema = {"erasure", (const char *const[]){
	"owner", "charter-sha256", "reason", "hold", "created", "expires",
	"nonce", "respondent-#", NULL}};
static const char *const hold_words[] = {"policy", "none"};

/* ---- draft ---- */

struct tags {
	uint8_t (*items)[STORE_TAG_LEN];
	size_t len;
};

static void tags_release(struct tags *t)
{
	free(t->items);
}

static int by_tag(const void *a, const void *b)
{
	return memcmp(a, b, STORE_TAG_LEN);
}

static enum err add_id(struct owner *w, const struct register_source *source,
    struct bytes id, struct tags *t)
{
	struct store_respondent who;
	uint8_t *tag = t->items[t->len];

	if (t->len == ERASURE_ORDER_PEOPLE_MAX)
		return ERR_LIMIT;
	record_tag(gateway_key_index_key(w->home->keys, w->code), w->code,
	    source->id_namespace, id, tag);
	store_tag_fit(w->store, tag);
	RETURN_IF(store_respondent_get(w->store, tag, &who));
	t->len++;
	return ERR_OK;
}

/* One id a line; an error names the line, never the id. */
static enum err read_ids(struct owner *w,
    const struct erasure_order_draft_args *args,
    const struct register_source *source, struct tags *t)
{
	CLEANUP(buf_release) struct buf file = {.max = IDS_MAX};
	struct err_info *info = &w->home->outcome->info;
	struct bytes rest, line;
	unsigned number = 0;

	(void)snprintf(info->file, sizeof(info->file), "%s",
	    args->respondents);
	RETURN_IF(fs_read_file(args->respondents, IDS_MAX, &file));
	rest = bytes_buf(&file);
	while (bytes_take_line(&rest, &line) == ERR_OK) {
		enum err e = ERR_OK;

		number++;
		if (line.len > 0)
			e = add_id(w, source, line, t);
		if (e != ERR_OK)
			return err_at(info, e, number,
			    e == ERR_NOT_FOUND ?
			    "this owner holds nothing of this respondent" :
			    "no more than 10000 respondents to a list");
	}
	if (rest.len > 0)
		return err_at(info, ERR_TRUNCATED, number + 1,
		    "the last line has no end");
	info->file[0] = '\0';
	return t->len > 0 ? ERR_OK : ERR_RANGE;
}

static enum err refuse_twice(struct owner *w, struct tags *t)
{
	qsort(t->items, t->len, sizeof(t->items[0]), by_tag);
	for (size_t i = 1; i < t->len; i++)
		if (by_tag(t->items[i - 1], t->items[i]) == 0)
			return outcome_refuse(w->home->outcome, ERR_DUPLICATE,
			    "a respondent stands twice in the list",
			    "同じ回答者が2度記載されています");
	return ERR_OK;
}

static enum err write_list(struct owner *w,
    const struct erasure_order_draft_args *args, const struct tags *t,
    struct buf *out)
{
	CLEANUP(paper_charter_release) struct paper_charter c = {0};
	struct home *h = w->home;
	uint8_t nonce[NONCE_LEN];
	char hex[2 * STORE_TAG_LEN + 1];
	struct text_writer tw;

	RETURN_IF(papers_charter(h, w->code, &c));
	secret_random(nonce, sizeof(nonce));
	text_begin(&tw, &schema, out);
	text_put(&tw, "owner", w->code);
	text_put_hex(&tw, "charter-sha256", c.paper.sha256, DIGEST_LEN);
	text_put(&tw, "reason", args->reason);
	text_put(&tw, "hold", hold_words[args->now != 0]);
	text_put_time(&tw, "created", h->now_unix_s);
	text_put_time(&tw, "expires", h->now_unix_s +
	    (int64_t)ERASURE_ORDER_DAYS * DAY_S);
	text_put_hex(&tw, "nonce", nonce, sizeof(nonce));
	for (size_t i = 0; i < t->len; i++) {
		encode_hex(t->items[i], STORE_TAG_LEN, hex);
		text_put_run(&tw, "respondent-#", i, hex);
	}
	return text_end(&tw, &h->outcome->info);
}

enum err erasure_order_draft(struct owner *w,
    const struct erasure_order_draft_args *args)
{
	CLEANUP(tags_release) struct tags t = {
		.items = calloc(ERASURE_ORDER_PEOPLE_MAX, STORE_TAG_LEN)};
	CLEANUP(buf_release) struct buf text = {0};
	struct home *h = w->home;
	struct register_source source;
	enum err e;

	if (t.items == NULL)
		return ERR_NOMEM;
	e = register_source_get(h->reg, w->code, args->source, &source);
	if (e == ERR_NOT_FOUND)
		return outcome_refuse(h->outcome, e,
		    "owner %s has no source %s", "所有者%sに取得元%sはありません",
		    w->code, args->source);
	RETURN_IF(e);
	RETURN_IF(read_ids(w, args, &source, &t));
	RETURN_IF(refuse_twice(w, &t));
	RETURN_IF(write_list(w, args, &t, &text));
	RETURN_IF(fs_write_new_file(args->path, bytes_buf(&text), 0600));
	outcome_add(h->outcome, OUTCOME_DONE,
	    "%s names %zu respondents by their tags; the seats sign it: azukari sign erasure %s",
	    "%sに回答者%zu人を（識別子ではなくタグで）記しました。各席が署名します: azukari sign erasure %s",
	    args->path, t.len, args->path);
	return ERR_OK;
}

/* ---- the text ---- */

void erasure_order_text_release(struct erasure_order_text *t)
{
	text_free(TAKE(t->text));
	free(t->tags);
	*t = (struct erasure_order_text){0};
}

static enum err take_tags(struct erasure_order_text *t, struct err_info *info)
{
	size_t len = text_run_len(t->text, "respondent-#");

	t->tags = calloc(len + 1, STORE_TAG_LEN);
	if (t->tags == NULL)
		return ERR_NOMEM;
	for (; t->tags_len < len; t->tags_len++) {
		size_t i = t->tags_len;
		const char *hex = text_run_get(t->text, "respondent-#", i);

		if (decode_hex(bytes_str(hex), t->tags[i], STORE_TAG_LEN) !=
		    ERR_OK || (i > 0 && by_tag(t->tags[i - 1], t->tags[i]) >=
		    0))
			return err_at(info, ERR_SYNTAX, 0,
			    "respondent-%02zu is no tag, or not in its place",
			    i + 1);
	}
	return len > 0 ? ERR_OK : err_at(info, ERR_RANGE, 0,
	    "the list names nobody");
}

static enum err take_order(struct erasure_order_text *t,
    struct err_info *info)
{
	const char *hold = text_get(t->text, "hold");
	uint8_t nonce[NONCE_LEN];

	t->owner = text_get(t->text, "owner");
	RETURN_IF(text_get_hex(t->text, "charter-sha256", t->charter_sha256,
	    DIGEST_LEN, info));
	RETURN_IF(text_get_time(t->text, "created", &t->created_unix_s, info));
	RETURN_IF(text_get_time(t->text, "expires", &t->expires_unix_s, info));
	RETURN_IF(text_get_hex(t->text, "nonce", nonce, sizeof(nonce), info));
	t->now = strcmp(hold, hold_words[1]) == 0;
	if (strcmp(hold, hold_words[t->now]) != 0)
		return err_at(info, ERR_UNKNOWN, 0, "hold: policy or none");
	return take_tags(t, info);
}

enum err erasure_order_parse(struct bytes bytes,
    struct erasure_order_text *ret, struct err_info *info)
{
	CLEANUP(erasure_order_text_release) struct erasure_order_text t = {0};

	RETURN_IF(text_parse(bytes, &schema, &t.text, info));
	RETURN_IF(take_order(&t, info));
	*ret = t;
	t = (struct erasure_order_text){0};
	return ERR_OK;
}

/* ---- reading a signed one ---- */

struct order {
	struct owner *w;
	struct buf bytes, sigs[CHARTER_SEATS_MAX];
	char signers[CHARTER_SEATS_MAX][REGISTER_NAME_MAX + 1];
	size_t sigs_len;
	struct erasure_order_text text;
	uint8_t sha256[DIGEST_LEN];
	struct paper_charter charter;
	struct withdraw_item *items;
	size_t len, before;
};

static void order_free(struct order **o)
{
	if (*o == NULL)
		return;
	for (size_t i = 0; i < (*o)->sigs_len; i++)
		buf_release(&(*o)->sigs[i]);
	buf_release(&(*o)->bytes);
	erasure_order_text_release(&(*o)->text);
	paper_charter_release(&(*o)->charter);
	free((*o)->items);
	free(*o);
}

static enum err check_head(const struct order *o)
{
	struct home *h = o->w->home;

	if (strcmp(o->text.owner, o->w->code) == 0 &&
	    memcmp(o->text.charter_sha256, o->charter.paper.sha256,
	    DIGEST_LEN) == 0)
		return ERR_OK;
	return outcome_refuse(h->outcome, ERR_STATE,
	    "the list is of another owner, or another charter is in force since it was drafted",
	    "この一覧は別の所有者のものか、作成後に憲章が変わっています");
}

/* The seat that made this signature; told apart by its key. */
static enum err add_sig(struct order *o, const char *path, uint32_t *seats)
{
	const struct charter *c = &o->charter.charter;
	struct outcome *said = o->w->home->outcome;
	struct buf *armour = &o->sigs[o->sigs_len];
	char ssh[SSHSIG_PUBLIC_TEXT_LEN + 1];
	struct sshsig sig;
	size_t i = 0;

	if (o->sigs_len == CHARTER_SEATS_MAX)
		return ERR_LIMIT;
	RETURN_IF(fs_read_file(path, SSHSIG_ARMOUR_MAX, armour));
	o->sigs_len++;
	if (sshsig_parse(bytes_buf(armour), SSHSIG_ERASURE, &sig) != ERR_OK ||
	    sshsig_verify(&sig, bytes_buf(&o->bytes)) != ERR_OK)
		return outcome_refuse(said, ERR_SIGNATURE,
		    "%s is not a signature of the list (%s)",
		    "%sはこの一覧の署名ではありません（%s）", path,
		    sshsig_ns_name(SSHSIG_ERASURE));
	sshsig_public_format(sig.public_key, ssh);
	while (i < c->seats_len && strcmp(c->seats[i].ssh, ssh) != 0)
		i++;
	if (i == c->seats_len || (*seats >> i & 1))
		return outcome_refuse(said, ERR_UNTRUSTED,
		    "%s is by no seat of owner %s, or by one that signed already",
		    "%sは所有者%sの席のものでないか、同じ席が重複しています",
		    path, c->owner);
	*seats |= (uint32_t)1 << i;
	(void)snprintf(o->signers[o->sigs_len - 1], sizeof(o->signers[0]),
	    "%s", c->seats[i].name);
	return ERR_OK;
}

static enum err check_sigs(struct order *o,
    const struct erasure_order_args *args)
{
	uint32_t seats = 0;

	for (size_t i = 0; i < args->sigs_len; i++)
		RETURN_IF(add_sig(o, args->sigs[i], &seats));
	if (charter_has_quorum(&o->charter.charter, seats))
		return ERR_OK;
	return outcome_refuse(o->w->home->outcome, ERR_THRESHOLD,
	    "%zu seats signed the list, %u are needed",
	    "署名した席は%zu、必要なのは%uです", args->sigs_len,
	    o->charter.charter.threshold);
}

/* Everyone in the list is here; nothing has been done yet. */
static enum err find_people(struct order *o)
{
	struct home *h = o->w->home;
	struct store_respondent who;

	o->items = calloc(o->text.tags_len, sizeof(*o->items));
	if (o->items == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < o->text.tags_len; i++) {
		if (store_respondent_get(o->w->store, o->text.tags[i],
		    &who) != ERR_OK)
			return err_at(&h->outcome->info, ERR_NOT_FOUND, 0,
			    "respondent-%02zu is nobody here", i + 1);
		if (who.state != STORE_ACTIVE) {
			o->before++;
			continue;
		}
		o->items[o->len++] = (struct withdraw_item){
			.number = who.number, .scopes = STORE_SCOPE_ALL,
			.no_hold = o->text.now != 0, .by_owner = 1,
			.at_unix_s = h->now_unix_s};
	}
	return ERR_OK;
}

static enum err read_order(struct order *o,
    const struct erasure_order_args *args)
{
	struct home *h = o->w->home;
	struct err_info *info = &h->outcome->info;

	(void)snprintf(info->file, sizeof(info->file), "%s", args->path);
	RETURN_IF(fs_read_file(args->path, TEXT_MAX_DEFAULT, &o->bytes));
	RETURN_IF(erasure_order_parse(bytes_buf(&o->bytes), &o->text, info));
	digest_sha256(bytes_buf(&o->bytes), o->sha256);
	RETURN_IF(papers_charter(h, o->w->code, &o->charter));
	RETURN_IF(check_head(o));
	RETURN_IF(check_sigs(o, args));
	RETURN_IF(find_people(o));
	info->file[0] = '\0';
	return ERR_OK;
}

/* ---- carrying it out ---- */

/* The draft `erasure-DIGEST` says how far an order has come. */
static void mark_name(const struct order *o, char ret[64])
{
	char hex[DIGEST_HEX_LEN + 1];

	digest_to_hex(o->sha256, hex);
	(void)snprintf(ret, 64, "erasure-%.40s", hex);
}

static enum err put_mark(struct order *o, const char *word)
{
	char name[64];

	mark_name(o, name);
	return register_draft_put(o->w->home->reg, o->w->code, name,
	    bytes_str(word));
}

static enum err check_time(const struct order *o)
{
	struct home *h = o->w->home;

	if (h->now_unix_s < o->text.expires_unix_s &&
	    o->text.created_unix_s <= o->text.expires_unix_s)
		return ERR_OK;
	return outcome_refuse(h->outcome, ERR_EXPIRED,
	    "the list is over its time; draft a new one",
	    "この一覧は期限が切れています。新しく作ってください");
}

static enum err log_order(struct order *o)
{
	CLEANUP(act_abort) struct act a = {0};
	struct home *h = o->w->home;
	struct register_document doc = {.kind = REGISTER_ERASURE_ORDER,
	    .added_unix_s = h->now_unix_s};
	struct entry_writer w;
	int64_t id;

	RETURN_IF(check_time(o));
	memcpy(doc.owner, o->w->code, 3);
	memcpy(doc.sha256, o->sha256, DIGEST_LEN);
	RETURN_IF(act_begin(h, register_db(h->reg), &a));
	act_entry(&a, ENTRY_ERASURE_ORDER, o->w->code, &w);
	entry_put_hex(&w, "text-sha256", o->sha256, DIGEST_LEN);
	RETURN_IF(act_entry_end(&a, &w, &doc.act));
	RETURN_IF(register_document_add(h->reg, &doc, bytes_buf(&o->bytes),
	    &id));
	for (size_t i = 0; i < o->sigs_len; i++)
		RETURN_IF(register_signature_add(h->reg, id, o->signers[i],
		    bytes_buf(&o->sigs[i]), doc.act));
	RETURN_IF(put_mark(o, "begun"));
	return act_commit(&a);
}

static enum err mark_done(struct order *o)
{
	CLEANUP(act_abort) struct act a = {0};

	RETURN_IF(act_data_begin(o->w->home, register_db(o->w->home->reg),
	    &a));
	RETURN_IF(put_mark(o, "done"));
	return act_data_commit(&a);
}

/* ${ret_logged}: an earlier run died before it was through. */
static enum err look_up(struct order *o, int *ret_logged)
{
	CLEANUP(buf_release) struct buf mark = {0};
	char name[64];
	enum err e;

	mark_name(o, name);
	e = register_draft_get(o->w->home->reg, o->w->code, name, &mark);
	*ret_logged = e == ERR_OK;
	if (e == ERR_NOT_FOUND)
		return ERR_OK;
	RETURN_IF(e);
	if (!bytes_equal(bytes_buf(&mark), bytes_str("done")))
		return ERR_OK;
	return outcome_refuse(o->w->home->outcome, ERR_EXISTS,
	    "this list was carried out before; it counts once",
	    "この一覧はすでに実行されています。効力は1回だけです");
}

enum err erasure_order_run(struct owner *w,
    const struct erasure_order_args *args, struct erasure_order_result *ret)
{
	CLEANUP(order_free) struct order *o = calloc(1, sizeof(*o));
	CLEANUP(fs_lock_release) struct fs_lock lock = {0};
	struct withdraw_result stopped = {.stopped = 0};
	int logged = 0;

	if (o == NULL)
		return ERR_NOMEM;
	o->w = w;
	/* Who is in it stays as they are found, and it is begun once. */
	RETURN_IF(erase_lock(w->home, w->code, &lock));
	RETURN_IF(read_order(o, args));
	RETURN_IF(look_up(o, &logged));
	if (!logged)
		RETURN_IF(log_order(o));
	if (o->len > 0)
		RETURN_IF(withdraw_apply(w, o->items, o->len, &stopped));
	RETURN_IF(mark_done(o));
	*ret = (struct erasure_order_result){stopped.stopped, o->before,
	    o->text.now};
	return ERR_OK;
}
