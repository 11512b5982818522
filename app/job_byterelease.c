/* Byte release: what seats signed over a built bundle's SHA256SUMS. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ballot.h"
#include "app/job_internal.h"

void job_byterelease_release(struct job_byterelease *r)
{
	for (size_t i = 0; i < r->len; i++)
		buf_release(&r->sigs[i]);
	r->len = 0;
}

struct collecting {
	const struct charter *charter;
	struct bytes sums;
	uint32_t lost;                  /* seats that refused or took back */
	struct job_byterelease *to;
};

/* One signature of SHA256SUMS; the gateway's own is among them. */
static enum err take(void *ctx, const char *signer, struct bytes armour)
{
	struct collecting *c = ctx;
	struct job_byterelease *to = c->to;
	const char *seat = signer + strlen(JOB_BYTERELEASE_SIGNER);
	size_t i;

	if (strncmp(signer, JOB_BYTERELEASE_SIGNER,
	    strlen(JOB_BYTERELEASE_SIGNER)) != 0)
		return ERR_OK;
	i = charter_seat_index(c->charter, seat);
	if (i == CHARTER_NO_SEAT || (c->lost >> i & 1) ||
	    !ballot_seat_signed(c->charter, seat, SSHSIG_BYTERELEASE, armour,
	    c->sums))
		return ERR_OK;
	if (to->len == JOB_SEATS_MAX)
		return ERR_LIMIT;
	to->sigs[to->len] = (struct buf){0};
	RETURN_IF(buf_append(&to->sigs[to->len], armour.data, armour.len));
	(void)snprintf(to->names[to->len], sizeof(to->names[0]),
	    "release/%.40s.sig", seat);
	to->parts[to->len].name = to->names[to->len];
	to->parts[to->len].bytes = bytes_buf(&to->sigs[to->len]);
	to->len++;
	return ERR_OK;
}

static enum err collect(struct home *h, const struct ballot *b,
    struct bytes sums, struct job_byterelease *ret)
{
	CLEANUP(reasons_release) struct reasons why = {0};
	uint8_t sha256[DIGEST_LEN];
	const struct register_query q = {.kind = REGISTER_SHA256SUMS,
	    .owner = b->row.owner, .name = b->row.export_id,
	    .sha256 = sha256};
	struct collecting c = {.charter = &b->charter.charter, .sums = sums,
	    .to = ret};
	struct register_document doc;
	struct decision_tally t;

	digest_sha256(sums, sha256);
	RETURN_IF(ballot_tally(b, (struct ballot_more){0}, h->now_unix_s, &t,
	    &why));
	c.lost = t.denied | t.revoked;
	ret->needed = t.needed;
	RETURN_IF(register_document_find(h->reg, &q, &doc));
	return register_signature_each(h->reg, doc.id, take, &c);
}

enum err job_byterelease_load(struct home *h, const char *plan,
    struct bytes sums, struct job_byterelease *ret)
{
	CLEANUP(ballot_free) struct ballot *b = calloc(1, sizeof(*b));

	job_byterelease_release(ret);
	ret->needed = 0;
	if (b == NULL)
		return ERR_NOMEM;
	RETURN_IF(ballot_load(h, plan, b));
	return b->plan.byte_release ? collect(h, b, sums, ret) : ERR_OK;
}

enum err job_byterelease_refuse(struct home *h, const char *export_id,
    const char *plan)
{
	CLEANUP(job_seals_release) struct job_seals s = {0};
	CLEANUP(job_byterelease_release) struct job_byterelease r = {0};

	RETURN_IF(job_publish_seals(h, export_id, &s));
	RETURN_IF(job_byterelease_load(h, plan, bytes_buf(&s.sums), &r));
	job_byterelease_tell(h, export_id);
	return outcome_refuse(h->outcome, ERR_STATE,
	    "%s is built and waits for byte release: %zu of %u seats have signed its SHA256SUMS",
	    "%sは作成済みで、開示前の確認を待っています。SHA256SUMSに署名した席は%zu、必要なのは%uです",
	    export_id, r.len, r.needed);
}

void job_byterelease_tell(struct home *h, const char *export_id)
{
	outcome_add(h->outcome, OUTCOME_HINT,
	    "%s is built; before it leaves, officers read its disclosure report and sign its SHA256SUMS: azukari byterelease pack %s -o FILE",
	    "%sを作成しました。提供の前に、保管官が開示評価を読み、SHA256SUMSに署名します: azukari byterelease pack %s -o ファイル",
	    export_id, export_id);
}
