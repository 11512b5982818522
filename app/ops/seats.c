#include "app/ops/seats.h"

#include <stdio.h>
#include <string.h>

#include "app/act.h"
#include "app/ops/recover.h"
#include "app/terms.h"
#include "core/fs.h"
#include "keys/sshsig.h"

#define DRAFT "charter-next"

void seats_change_release(struct seats_change *c)
{
	charter_release(&c->next);
	buf_release(&c->bytes);
	paper_charter_release(&c->now);
	paper_charter_release(&c->before);
	for (size_t i = 0; i < SEATS_SIGS_MAX; i++)
		buf_release(&c->sigs[i].bytes);
}

/* ---- drafting and loading ---- */

enum err seats_draft(struct home *h, const struct charter *next,
    const char *path)
{
	CLEANUP(buf_release) struct buf text = {0};
	CLEANUP(act_abort) struct act a = {0};

	RETURN_IF(charter_write(next, &text, &h->outcome->info));
	RETURN_IF(fs_write_new_file(path, bytes_buf(&text), 0644));
	RETURN_IF(act_data_begin(h, register_db(h->reg), &a));
	RETURN_IF(register_draft_put(h->reg, next->owner, DRAFT,
	    bytes_buf(&text)));
	return act_data_commit(&a);
}

static enum err load_before(struct home *h, const char *owner,
    struct seats_change *c)
{
	struct register_query q = {.kind = REGISTER_CHARTER, .owner = owner,
	    .sha256 = c->next.previous};

	if (!c->next.has_previous)
		return ERR_OK;
	RETURN_IF(papers_find(h, &q, &c->before.paper));
	return charter_parse(bytes_buf(&c->before.paper.bytes),
	    &c->before.charter, &h->outcome->info);
}

enum err seats_change_load(struct home *h, const char *owner,
    struct bytes charter, struct seats_change *ret)
{
	struct charter_change change;
	struct charter_signers nobody = {0};

	RETURN_IF(papers_charter(h, owner, &ret->now));
	RETURN_IF(buf_append(&ret->bytes, charter.data, charter.len));
	digest_sha256(charter, ret->sha256);
	RETURN_IF(charter_parse(bytes_buf(&ret->bytes), &ret->next,
	    &h->outcome->info));
	ret->in_force = memcmp(ret->sha256, ret->now.paper.sha256,
	    DIGEST_LEN) == 0;
	if (!ret->in_force && charter_change_check(&ret->now.charter,
	    ret->now.paper.sha256, &ret->next, nobody, &change) != ERR_OK)
		return outcome_refuse(h->outcome, ERR_MISMATCH,
		    "this charter does not follow the one in force of owner %s; draft it again",
		    "この憲章は所有者%sの現行の憲章に続くものではありません。案を作り直してください",
		    owner);
	return load_before(h, owner, ret);
}

enum err seats_change_draft(struct home *h, const char *owner,
    struct seats_change *ret)
{
	CLEANUP(buf_release) struct buf text = {0};
	CLEANUP(paper_charter_release) struct paper_charter now = {0};
	enum err e = register_draft_get(h->reg, owner, DRAFT, &text);

	if (e != ERR_NOT_FOUND) {
		RETURN_IF(e);
		return seats_change_load(h, owner, bytes_buf(&text), ret);
	}
	RETURN_IF(papers_charter(h, owner, &now));
	return seats_change_load(h, owner, bytes_buf(&now.paper.bytes), ret);
}

/* ---- signatures ---- */

/* The seat whose key this is, as a bit; 0: none. */
static uint32_t seat_of_key(const struct charter *c,
    const uint8_t key[SSHSIG_PUBLIC_LEN], const char **ret_name)
{
	char text[SSHSIG_PUBLIC_TEXT_LEN + 1];

	sshsig_public_format(key, text);
	for (size_t i = 0; i < c->seats_len; i++)
		if (strcmp(c->seats[i].ssh, text) == 0) {
			*ret_name = c->seats[i].name;
			return (uint32_t)1 << i;
		}
	return 0;
}

/* Where a seat of the same name has other keys now, the signature under the
 * keys it gives up is stored as NAME.old. */
static enum err put_name(const struct seats_change *c, const char *old_name,
    const char *new_name, struct seats_sig *s)
{
	const char *suffix = new_name == NULL &&
	    charter_seat(&c->next, old_name) != NULL ? ".old" : "";
	int len = snprintf(s->name, sizeof(s->name), "%s%s",
	    new_name != NULL ? new_name : old_name, suffix);

	return len < 0 || len >= (int)sizeof(s->name) ? ERR_LIMIT : ERR_OK;
}

static enum err add_sig(struct seats_change *c, const char *path,
    struct outcome *o)
{
	struct seats_sig *s = &c->sigs[c->sigs_len];
	const char *old_name = NULL, *new_name = NULL;
	struct sshsig sig;
	uint32_t old, new;

	if (c->sigs_len == SEATS_SIGS_MAX)
		return ERR_LIMIT;
	RETURN_IF(fs_read_file(path, SSHSIG_ARMOUR_MAX, &s->bytes));
	RETURN_IF(sshsig_parse(bytes_buf(&s->bytes), SSHSIG_CHARTER, &sig));
	old = seat_of_key(&c->before.charter, sig.public_key, &old_name);
	new = seat_of_key(&c->next, sig.public_key, &new_name);
	if ((old | new) == 0)
		return outcome_refuse(o, ERR_UNTRUSTED,
		    "%s: made with a key of no seat, neither of this charter nor of the one before",
		    "%s：新旧どちらの憲章の席の鍵でもありません", path);
	if (sshsig_verify(&sig, bytes_buf(&c->bytes)) != ERR_OK)
		return outcome_refuse(o, ERR_SIGNATURE,
		    "%s: not a signature over this charter",
		    "%s：この憲章への署名ではありません", path);
	if ((c->signers.old_seats & old) != 0 ||
	    (c->signers.new_seats & new) != 0)
		return outcome_refuse(o, ERR_DUPLICATE,
		    "%s: this seat's signature is given twice",
		    "%s：同じ席の署名が2つあります", path);
	RETURN_IF(put_name(c, old_name, new_name, s));
	c->signers.old_seats |= old;
	c->signers.new_seats |= new;
	c->sigs_len++;
	return ERR_OK;
}

enum err seats_change_sign(struct seats_change *c, const char *const *paths,
    size_t len, struct outcome *o)
{
	for (size_t i = 0; i < len; i++) {
		(void)snprintf(o->info.file, sizeof(o->info.file), "%s",
		    paths[i]);
		RETURN_IF(add_sig(c, paths[i], o));
	}
	o->info.file[0] = '\0';
	return ERR_OK;
}

static unsigned count_bits(uint32_t bits)
{
	unsigned n = 0;

	for (; bits != 0; bits &= bits - 1)
		n++;
	return n;
}

enum err seats_change_complete(const struct seats_change *c,
    struct outcome *o)
{
	struct charter_change change;

	if (c->in_force)
		return ERR_OK;
	RETURN_IF(charter_change_check(&c->now.charter, c->now.paper.sha256,
	    &c->next, c->signers, &change));
	for (size_t i = 0; i < c->next.seats_len; i++)
		if (change.new_missing >> i & 1)
			outcome_add(o, OUTCOME_REASON,
			    "seat %s has new keys and has not signed with them",
			    "席%sは鍵が新しいのに、その鍵の署名がありません",
			    c->next.seats[i].name);
	if (change.in_force)
		return ERR_OK;
	if (count_bits(change.old_signed) < change.old_needed)
		outcome_add(o, OUTCOME_REASON,
		    "%u of the %u signatures needed from seats of the charter in force are there",
		    "現行の憲章の席の署名は%u件です（%u件必要）",
		    count_bits(change.old_signed), change.old_needed);
	return outcome_refuse(o, ERR_THRESHOLD,
	    "the new charter is not in force: signatures are missing; azukari sign charter makes them, --sig brings them",
	    "署名が足りないため、新しい憲章は発効しません。azukari sign charter で署名し、--sig で渡してください");
}

/* ---- in force ---- */

static enum err put_rows(struct home *h, const struct seats_change *c,
    int64_t act)
{
	struct register_document doc = {.kind = REGISTER_CHARTER,
	    .version = c->next.version, .added_unix_s = h->now_unix_s,
	    .act = act};
	int64_t id;

	memcpy(doc.owner, c->next.owner, 3);
	memcpy(doc.sha256, c->sha256, DIGEST_LEN);
	RETURN_IF(register_document_add(h->reg, &doc, bytes_buf(&c->bytes),
	    &id));
	for (size_t i = 0; i < c->sigs_len; i++)
		RETURN_IF(register_signature_add(h->reg, id, c->sigs[i].name,
		    bytes_buf(&c->sigs[i].bytes), act));
	return ERR_OK;
}

/* Another charter may have come into force since it was read. */
static enum err still_in_force(struct home *h, const struct seats_change *c)
{
	struct register_query q = {.kind = REGISTER_CHARTER,
	    .owner = c->next.owner};
	struct register_document row;

	RETURN_IF(register_document_find(h->reg, &q, &row));
	return memcmp(row.sha256, c->now.paper.sha256, DIGEST_LEN) == 0 ?
	    ERR_OK : ERR_CHANGED;
}

static enum err forget_draft(struct home *h, const char *owner)
{
	CLEANUP(act_abort) struct act a = {0};

	RETURN_IF(act_data_begin(h, register_db(h->reg), &a));
	RETURN_IF(register_draft_remove(h->reg, owner, DRAFT));
	return act_data_commit(&a);
}

static enum err put_in_force(struct home *h, struct seats_change *c)
{
	CLEANUP(act_abort) struct act a = {0};
	struct entry_writer w;
	int64_t id;

	RETURN_IF(act_begin(h, register_db(h->reg), &a));
	RETURN_IF(still_in_force(h, c));
	act_entry(&a, ENTRY_CHARTER, c->next.owner, &w);
	entry_put_uint(&w, "version", c->next.version);
	entry_put_hex(&w, "charter-sha256", c->sha256, DIGEST_LEN);
	entry_put_hex(&w, "previous", c->next.previous, DIGEST_LEN);
	RETURN_IF(terms_put_charter(&w, &c->next));
	RETURN_IF(act_entry_end(&a, &w, &id));
	RETURN_IF(put_rows(h, c, id));
	RETURN_IF(act_commit(&a));
	c->in_force = 1;
	return ERR_OK;
}

enum err seats_change_put(struct home *h, struct seats_change *c)
{
	if (c->in_force)
		return forget_draft(h, c->next.owner);
	RETURN_IF(put_in_force(h, c));
	outcome_add(h->outcome, OUTCOME_DONE,
	    "charter version %llu of owner %s is in force; its policy must be signed anew by its seats before anything is released",
	    "憲章第%1$llu版（所有者%2$s）が発効しました。提供の前に、新しい席が方針に署名し直す必要があります",
	    (unsigned long long)c->next.version, c->next.owner);
	if (charter_warning(&c->next, 0) != NULL)
		outcome_put(h->outcome, OUTCOME_WARNING,
		    charter_warning(&c->next, 0),
		    charter_warning(&c->next, 1));
	return forget_draft(h, c->next.owner);
}

enum err seats_change_row(struct home *h, const struct seats_change *c,
    struct register_document *ret)
{
	struct register_query q = {.kind = REGISTER_CHARTER,
	    .owner = c->next.owner, .sha256 = c->sha256};

	return register_document_find(h->reg, &q, ret);
}

/* ---- papers ---- */

static enum err pack_sig(void *ctx, const char *signer, struct bytes armour)
{
	char name[PACK_NAME_MAX + 1];

	(void)snprintf(name, sizeof(name), "charter.%s.sig", signer);
	return pack_add(ctx, name, armour);
}

enum err seats_pack_charter(struct home *h, const struct seats_change *c,
    struct pack *p)
{
	struct register_document row;

	RETURN_IF(pack_add(p, "charter.txt", bytes_buf(&c->bytes)));
	if (!c->in_force)
		return ERR_OK;
	RETURN_IF(seats_change_row(h, c, &row));
	return register_signature_each(h->reg, row.id, pack_sig, p);
}

enum err seats_recovery(struct owner *w, const struct seats_change *c)
{
	const struct charter *before = &c->before.charter;
	char path[FS_PATH_MAX];

	RETURN_IF(recover_seal(w, &c->next));
	for (size_t i = 0; i < before->seats_len; i++) {
		if (charter_seat(&c->next, before->seats[i].name) != NULL)
			continue;
		RETURN_IF(home_path(w->home, path, "owners/%s/recovery/%s.age",
		    w->code, before->seats[i].name));
		RETURN_IF(fs_remove(path));
	}
	return ERR_OK;
}

/* ---- a charter alone ---- */

enum err seats_charter(struct home *h, const char *owner, const char *path,
    const char *const *sigs, size_t len)
{
	CLEANUP(seats_change_release) struct seats_change c = {0};
	CLEANUP(home_owner_cleanup) struct owner *w = NULL;
	CLEANUP(seats_list_release) struct seats_list l = {0};
	CLEANUP(buf_release) struct buf text = {0};

	RETURN_IF(fs_read_file(path, BUF_MAX_DEFAULT, &text));
	RETURN_IF(seats_change_load(h, owner, bytes_buf(&text), &c));
	RETURN_IF(seats_change_sign(&c, sigs, len, h->outcome));
	RETURN_IF(seats_change_complete(&c, h->outcome));
	RETURN_IF(home_owner_open(h, owner, &w));
	RETURN_IF(seats_change_put(h, &c));
	RETURN_IF(seats_recovery(w, &c));
	RETURN_IF(seats_pending_any(w, &c, &l));
	if (l.len > 0)
		outcome_add(h->outcome, OUTCOME_WARNING,
		    "%zu epochs are still arranged for the seats before; hand over, or deal them anew",
		    "%zu個の期間がまだ以前の席のままです。引き継ぎ、または配り直しをしてください",
		    l.len);
	return ERR_OK;
}
