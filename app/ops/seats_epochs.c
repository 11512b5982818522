/* Epochs whose shares are not yet where the charter wants them. */
#include <stdlib.h>
#include <string.h>

#include "app/ops/seats.h"

void seats_epoch_release(struct seats_epoch *e)
{
	buf_release(&e->text);
	buf_release(&e->arranged);
}

const struct epoch_seats *seats_in_force(const struct seats_epoch *e)
{
	return e->has_arrangement ? &e->arrangement.seats : NULL;
}

const struct epoch_seats *seats_holders(const struct seats_epoch *e)
{
	return e->has_arrangement ? &e->arrangement.seats : &e->epoch.dealt;
}

static enum err parse(struct seats_epoch *e, struct err_info *info)
{
	RETURN_IF(epoch_parse(bytes_buf(&e->text), &e->epoch, info));
	e->has_arrangement = e->arranged.len > 0;
	if (!e->has_arrangement)
		return ERR_OK;
	return arrangement_parse(bytes_buf(&e->arranged), &e->epoch,
	    &e->arrangement, info);
}

enum err seats_epoch_read(struct owner *w, const struct store_epoch *row,
    struct seats_epoch *ret)
{
	ret->row = *row;
	RETURN_IF(store_epoch_text(w->store, row->number, &ret->text));
	if (row->arrangement != 0)
		RETURN_IF(store_epoch_arrangement_text(w->store, row->number,
		    &ret->arranged));
	return parse(ret, &w->home->outcome->info);
}

enum err seats_epoch_unpack(const struct pack *p, size_t n,
    struct seats_epoch *ret, struct err_info *info)
{
	const struct pack_file *text = pack_find_numbered(p, "epochs", n,
	    ".txt");
	const struct pack_file *arranged = pack_find_numbered(p,
	    "arrangements", n, ".txt");

	if (text == NULL)
		return ERR_NOT_FOUND;
	RETURN_IF(buf_append(&ret->text, text->bytes.data, text->bytes.len));
	if (arranged != NULL)
		RETURN_IF(buf_append(&ret->arranged, arranged->bytes.data,
		    arranged->bytes.len));
	return parse(ret, info);
}

enum err seats_epoch_pack(const struct seats_epoch *e, size_t n,
    struct pack *p)
{
	RETURN_IF(pack_add_numbered(p, "epochs", n, ".txt",
	    bytes_buf(&e->text)));
	if (!e->has_arrangement)
		return ERR_OK;
	return pack_add_numbered(p, "arrangements", n, ".txt",
	    bytes_buf(&e->arranged));
}

/* ---- what is pending ---- */

void seats_list_release(struct seats_list *l)
{
	free(l->items);
	*l = (struct seats_list){0};
}

static enum err add(struct seats_list *l, const struct store_epoch *e)
{
	struct store_epoch *items;

	if (l->len >= PACK_FILES_MAX)
		return ERR_LIMIT;
	items = reallocarray(l->items, l->len + 1, sizeof(*items));
	if (items == NULL)
		return ERR_NOMEM;
	l->items = items;
	l->items[l->len++] = *e;
	return ERR_OK;
}

static enum err collect(void *ctx, const struct store_epoch *e)
{
	return e->kind == STORE_EPOCH_TRIAL ? ERR_OK : add(ctx, e);
}

struct asking {
	struct owner *w;
	const struct seats_change *c;
	struct paper_charter known;     /* the charter looked at last */
};

static void asking_release(struct asking *a)
{
	paper_charter_release(&a->known);
}

static enum err look_up(struct asking *a, const uint8_t sha256[DIGEST_LEN])
{
	struct register_query q = {.kind = REGISTER_CHARTER,
	    .owner = a->w->code, .sha256 = sha256};

	if (a->known.paper.bytes.len > 0 &&
	    memcmp(a->known.paper.sha256, sha256, DIGEST_LEN) == 0)
		return ERR_OK;
	paper_charter_release(&a->known);
	a->known = (struct paper_charter){0};
	RETURN_IF(papers_find(a->w->home, &q, &a->known.paper));
	return charter_parse(bytes_buf(&a->known.paper.bytes),
	    &a->known.charter, &a->w->home->outcome->info);
}

static int same_keys(const struct charter_seat *a,
    const struct charter_seat *b)
{
	if (a == NULL || b == NULL || strcmp(a->age, b->age) != 0)
		return 0;
	if (a->spare == NULL || b->spare == NULL)
		return a->spare == b->spare;
	return strcmp(a->spare, b->spare) == 0;
}

/* Is the share of ${seat} sealed to the keys it has in the next charter? */
static enum err is_sealed(struct asking *a, const struct store_epoch *e,
    const char *seat, int *ret)
{
	uint8_t sha256[STORE_SHA256_LEN];
	enum err err = store_epoch_share_charter(a->w->store, e->number, seat,
	    sha256);

	*ret = 0;
	if (err == ERR_NOT_FOUND)
		return ERR_OK;
	RETURN_IF(err);
	*ret = memcmp(sha256, a->c->sha256, DIGEST_LEN) == 0;
	if (*ret)
		return ERR_OK;
	RETURN_IF(look_up(a, sha256));
	*ret = same_keys(charter_seat(&a->known.charter, seat),
	    charter_seat(&a->c->next, seat));
	return ERR_OK;
}

/* Held by exactly the seats of the next charter, and all of them sealed. */
static enum err is_arranged(struct asking *a, const struct store_epoch *row,
    int *ret)
{
	CLEANUP(seats_epoch_release) struct seats_epoch e = {0};
	const struct charter *c = &a->c->next;

	RETURN_IF(seats_epoch_read(a->w, row, &e));
	*ret = seats_holders(&e)->threshold == c->threshold &&
	    seats_holders(&e)->len == c->seats_len;
	for (size_t i = 0; *ret && i < c->seats_len; i++) {
		RETURN_IF(is_sealed(a, row, c->seats[i].name, ret));
		if (epoch_seats_find(seats_holders(&e), c->seats[i].name) ==
		    NULL)
			*ret = 0;
	}
	return ERR_OK;
}

static enum err pending(struct owner *w, const struct seats_change *c,
    const char *seat, struct seats_list *ret)
{
	CLEANUP(asking_release) struct asking a = {.w = w, .c = c};
	CLEANUP(seats_list_release) struct seats_list all = {0};
	const struct store_epoch_query q = {0};
	int done;

	RETURN_IF(store_epoch_each(w->store, &q, collect, &all));
	for (size_t i = 0; i < all.len; i++) {
		if (seat != NULL)
			RETURN_IF(is_sealed(&a, &all.items[i], seat, &done));
		else
			RETURN_IF(is_arranged(&a, &all.items[i], &done));
		if (!done)
			RETURN_IF(add(ret, &all.items[i]));
	}
	return ERR_OK;
}

enum err seats_pending(struct owner *w, const struct seats_change *c,
    const char *seat, struct seats_list *ret)
{
	return pending(w, c, seat, ret);
}

enum err seats_pending_any(struct owner *w, const struct seats_change *c,
    struct seats_list *ret)
{
	return pending(w, c, NULL, ret);
}
