#include "app/papers.h"

#include <string.h>

#include "keys/sshsig.h"

void paper_release(struct paper *p)
{
	buf_release(&p->bytes);
}

enum err papers_find(struct home *h, const struct register_query *q,
    struct paper *ret)
{
	CLEANUP(paper_release) struct paper p = {
		.bytes = {.max = REGISTER_DOCUMENT_MAX}};

	RETURN_IF(register_document_find(h->reg, q, &p.row));
	RETURN_IF(register_document_bytes(h->reg, p.row.id, &p.bytes));
	digest_sha256(bytes_buf(&p.bytes), p.sha256);
	if (memcmp(p.sha256, p.row.sha256, DIGEST_LEN) != 0)
		return ERR_CORRUPT;
	*ret = p;
	p.bytes = (struct buf){0};
	return ERR_OK;
}

void paper_charter_release(struct paper_charter *p)
{
	charter_release(&p->charter);
	paper_release(&p->paper);
}

enum err papers_charter(struct home *h, const char *owner,
    struct paper_charter *ret)
{
	struct register_query q = {.kind = REGISTER_CHARTER, .owner = owner};
	struct paper_charter p = {0};
	enum err e = papers_find(h, &q, &p.paper);

	if (e == ERR_NOT_FOUND)
		return outcome_refuse(h->outcome, ERR_STATE,
		    "owner %s is not live yet: its charter lacks signatures; see: azukari owner activate",
		    "所有者%sはまだ有効ではありません。憲章に署名がそろっていません。azukari owner activate を見てください",
		    owner);
	RETURN_IF(e);
	e = charter_parse(bytes_buf(&p.paper.bytes), &p.charter,
	    &h->outcome->info);
	if (e != ERR_OK) {
		paper_charter_release(&p);
		return e;
	}
	*ret = p;
	return ERR_OK;
}

enum err papers_policy(struct home *h, const char *owner, struct policy *ret)
{
	CLEANUP(paper_release) struct paper p = {0};
	struct register_query q = {.kind = REGISTER_POLICY, .owner = owner};

	RETURN_IF(papers_find(h, &q, &p));
	return policy_parse(bytes_buf(&p.bytes), ret, &h->outcome->info);
}

struct seat_bits {
	const struct charter *charter;
	struct bytes bytes;
	enum sshsig_ns ns;
	uint32_t seats;
};

static enum err add_seat(void *ctx, const char *signer, struct bytes armour)
{
	struct seat_bits *b = ctx;
	size_t i = charter_seat_index(b->charter, signer);
	uint8_t key[SSHSIG_PUBLIC_LEN];

	if (i == CHARTER_NO_SEAT)
		return ERR_OK;
	RETURN_IF(sshsig_public_parse(bytes_str(b->charter->seats[i].ssh),
	    key));
	/* a seat that changed hands since does not vouch for it any more */
	if (sshsig_check(armour, b->ns, key, b->bytes) == ERR_OK)
		b->seats |= (uint32_t)1 << i;
	return ERR_OK;
}

enum err papers_signed_seats(struct home *h, int64_t document,
    struct bytes bytes, enum sshsig_ns ns, const struct charter *charter,
    uint32_t *ret)
{
	struct seat_bits b = {.charter = charter, .bytes = bytes, .ns = ns};

	RETURN_IF(register_signature_each(h->reg, document, add_seat, &b));
	*ret = b.seats;
	return ERR_OK;
}
