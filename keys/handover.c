/* keys/handover.c - a seat's shares, sealed anew to its successor. */
#include "keys/handover.h"

#include <string.h>

#include "core/encode.h"
#include "keys/epoch_internal.h"
#include "keys/share.h"

static const char *const handover_keys[] = {
	"owner", "old-charter-sha256", "new-charter-sha256", "seat",
	"successor", "shares", "shares-sha256", "nonce", NULL,
};
static const struct text_schema handover_schema = {
	.kind = "handover", .keys = handover_keys,
};

/* ---- the list ---- */

void
handover_list_release(struct handover_list *l)
{
	buf_release(&l->lines);
	l->len = 0;
}

enum err
handover_list_add(struct handover_list *l, const uint8_t epoch[EPOCH_ID_LEN],
    const uint8_t share_sha256[DIGEST_LEN])
{
	char id[2 * EPOCH_ID_LEN + 1], digest[DIGEST_HEX_LEN + 1];

	encode_hex(epoch, EPOCH_ID_LEN, id);
	digest_to_hex(share_sha256, digest);
	RETURN_IF(buf_printf(&l->lines, "%s %s\n", id, digest));
	l->len++;
	return ERR_OK;
}

enum err
handover_check_list(const struct handover_text *t,
    const struct handover_list *l)
{
	uint8_t sha256[DIGEST_LEN];

	digest_sha256(bytes_buf(&l->lines), sha256);
	if (t->shares != l->len ||
	    memcmp(t->shares_sha256, sha256, DIGEST_LEN) != 0)
		return ERR_MISMATCH;
	return ERR_OK;
}

/* ---- the predecessor ---- */

void
handover_release(struct handover *h)
{
	handover_list_release(&h->list);
	*h = (struct handover){.to_len = 0};
}

enum err
handover_begin(struct handover *h, const struct handover_facts *facts,
    const char *spare)
{
	struct handover begun = {.facts = *facts, .to_len = 1};

	if (!names_is_owner(bytes_str(facts->owner)) ||
	    !names_is_word(bytes_str(facts->seat)))
		return ERR_SYNTAX;
	RETURN_IF(age_recipient_parse(bytes_str(facts->successor),
	    &begun.to[0]));
	if (spare != NULL) {
		RETURN_IF(age_recipient_parse(bytes_str(spare), &begun.to[1]));
		if (age_recipient_equal(&begun.to[0], &begun.to[1]))
			return ERR_DUPLICATE;
		begun.to_len = 2;
	}
	*h = begun;
	return ERR_OK;
}

static enum err
check(const struct handover *h, const struct handover_item *item,
    struct bytes text, struct share *ret, struct err_info *info)
{
	SECRET_BYTES(value, EPOCH_KEY_LEN);

	RETURN_IF(share_parse(text, ret, value, info));
	RETURN_IF(share_check(ret, item->epoch, item->in_force, info));
	if (strcmp(ret->owner, h->facts.owner) != 0 ||
	    strcmp(ret->seat, h->facts.seat) != 0)
		return err_at(info, ERR_MISMATCH, 0,
		    "the share is of seat %s of owner %s", ret->seat,
		    ret->owner);
	return ERR_OK;
}

enum err
handover_add(struct handover *h, const struct age_keys *keys,
    const struct handover_item *item, struct buf *out, struct err_info *info)
{
	CLEANUP(buf_release) struct buf text = {0}, file = {0};
	struct share s;
	enum err e;

	if ((e = share_open(keys, item->file, &text)) != ERR_OK)
		return err_at(info, e, 0,
		    "a share of seat %s cannot be opened", h->facts.seat);
	RETURN_IF(check(h, item, bytes_buf(&text), &s, info));
	RETURN_IF(share_seal(h->to, h->to_len, bytes_buf(&text), &file));
	RETURN_IF(buf_reserve(out, file.len));
	RETURN_IF(handover_list_add(&h->list, s.epoch, s.sha256));
	return buf_append(out, file.data, file.len);
}

enum err
handover_finish(struct handover *h, struct buf *out, struct err_info *info)
{
	const struct handover_facts *f = &h->facts;
	uint8_t sha256[DIGEST_LEN];
	struct text_writer w;

	if (h->list.len == 0)
		return ERR_STATE;
	digest_sha256(bytes_buf(&h->list.lines), sha256);
	text_begin(&w, &handover_schema, out);
	text_put(&w, "owner", f->owner);
	text_put_hex(&w, "old-charter-sha256", f->old_charter_sha256,
	    DIGEST_LEN);
	text_put_hex(&w, "new-charter-sha256", f->new_charter_sha256,
	    DIGEST_LEN);
	text_put(&w, "seat", f->seat);
	text_put(&w, "successor", f->successor);
	text_put_uint(&w, "shares", h->list.len);
	text_put_hex(&w, "shares-sha256", sha256, DIGEST_LEN);
	text_put_hex(&w, "nonce", f->nonce, HANDOVER_NONCE_LEN);
	return text_end(&w, info);
}

/* ---- reading ---- */

static enum err
get_successor(const struct text *t, char ret[BECH32_RECIPIENT_LEN + 1],
    struct err_info *info)
{
	const char *value = text_get(t, "successor");
	struct age_recipient r;

	if (age_recipient_parse(bytes_str(value), &r) != ERR_OK)
		return err_at(info, ERR_SYNTAX, 0,
		    "successor: not an age1... recipient");
	memcpy(ret, value, BECH32_RECIPIENT_LEN + 1);
	return ERR_OK;
}

static enum err
get_all(const struct text *t, struct handover_text *ret,
    struct err_info *info)
{
	struct handover_facts *f = &ret->facts;

	RETURN_IF(epoch_head_owner(t, "owner", f->owner, info));
	RETURN_IF(text_get_hex(t, "old-charter-sha256",
	    f->old_charter_sha256, DIGEST_LEN, info));
	RETURN_IF(text_get_hex(t, "new-charter-sha256",
	    f->new_charter_sha256, DIGEST_LEN, info));
	RETURN_IF(epoch_head_word(t, "seat", f->seat, info));
	RETURN_IF(get_successor(t, f->successor, info));
	RETURN_IF(text_get_uint(t, "shares", 1, UINT32_MAX, &ret->shares,
	    info));
	RETURN_IF(text_get_hex(t, "shares-sha256", ret->shares_sha256,
	    DIGEST_LEN, info));
	return text_get_hex(t, "nonce", f->nonce, HANDOVER_NONCE_LEN, info);
}

enum err
handover_parse(struct bytes text, struct handover_text *ret,
    struct err_info *info)
{
	CLEANUP(text_cleanup) struct text *t = NULL;
	struct handover_text h = {.shares = 0};

	RETURN_IF(text_parse(text, &handover_schema, &t, info));
	RETURN_IF(get_all(t, &h, info));
	*ret = h;
	return ERR_OK;
}
