/* keys/epoch_deal.c - from a fresh key to epoch.txt and its share files. */
#include <string.h>

#include "core/clock.h"
#include "keys/age.h"
#include "keys/epoch_internal.h"
#include "keys/share.h"
#include "keys/share_internal.h"

void
epoch_dealt_release(struct epoch_dealt *d)
{
	buf_release(&d->text);
	for (size_t i = 0; i < EPOCH_SEATS_MAX; i++)
		buf_release(&d->file[i]);
	*d = (struct epoch_dealt){0};
}

/* Share texts on their way from dealing to sealing. */
struct texts {
	struct buf of[EPOCH_SEATS_MAX];
};

static void
texts_release(struct texts *t)
{
	for (size_t i = 0; i < EPOCH_SEATS_MAX; i++)
		buf_release(&t->of[i]);
}

static void
roster_xs(const struct epoch_roster *roster, uint8_t ret[EPOCH_SEATS_MAX])
{
	for (size_t i = 0; i < roster->len; i++)
		ret[i] = roster->seat[i].x;
}

/* All of an epoch but its share lines' digests and its own. */
static enum err
describe(const struct secret *ek, const struct epoch_facts *facts,
    const struct epoch_roster *roster, struct epoch *ret,
    struct err_info *info)
{
	struct epoch_head head;

	*ret = (struct epoch){.facts = *facts};
	ret->day = clock_jst_day(facts->opened_unix_s);
	epoch_text_head(ret, &head);
	RETURN_IF(epoch_head_check(&head, info));
	epoch_commit(secret_bytes(ek), facts, ret->commitment);
	memcpy(ret->dealt.charter_sha256, facts->charter_sha256, DIGEST_LEN);
	ret->dealt.threshold = roster->threshold;
	ret->dealt.len = roster->len;
	for (size_t i = 0; i < roster->len; i++) {
		struct epoch_line *line = &ret->dealt.line[i];

		memcpy(line->seat, roster->seat[i].name,
		    strlen(roster->seat[i].name) + 1);
		memcpy(line->age, roster->seat[i].age,
		    sizeof(line->age));
	}
	return ERR_OK;
}

/* Split, and write every share's text and digest. */
static enum err
split(const struct secret *ek, const struct epoch_roster *roster,
    struct epoch *e, struct texts *ret)
{
	SECRET_BYTES(values, EPOCH_SEATS_MAX * EPOCH_KEY_LEN);
	uint8_t xs[EPOCH_SEATS_MAX];

	roster_xs(roster, xs);
	RETURN_IF(shamir_split(bytes_of(secret_bytes(ek), EPOCH_KEY_LEN),
	    roster->threshold, bytes_of(xs, roster->len), values));
	for (size_t i = 0; i < roster->len; i++) {
		struct share s;

		share_labels(e, &e->dealt, &roster->seat[i], &s);
		RETURN_IF(share_write(&s, values + i * EPOCH_KEY_LEN,
		    &ret->of[i]));
		digest_sha256(bytes_buf(&ret->of[i]),
		    e->dealt.line[i].share_sha256);
	}
	return ERR_OK;
}

/* Read back what was written, as those will who combine: every text against
 * epoch.txt, then subsets of them against the key. */
static enum err
check(const struct secret *ek, const struct epoch *e,
    const struct texts *texts, struct err_info *info)
{
	SECRET_BYTES(values, EPOCH_SEATS_MAX * EPOCH_KEY_LEN);
	uint8_t xs[EPOCH_SEATS_MAX];

	for (size_t i = 0; i < e->dealt.len; i++) {
		struct share s;

		RETURN_IF(share_parse(bytes_buf(&texts->of[i]), &s,
		    values + i * EPOCH_KEY_LEN, info));
		RETURN_IF(share_check(&s, e, NULL, info));
		xs[i] = s.x;
	}
	RETURN_IF(epoch_check_key(e, secret_bytes(ek)));
	return shamir_check(bytes_of(xs, e->dealt.len), e->dealt.threshold,
	    values, bytes_of(secret_bytes(ek), EPOCH_KEY_LEN));
}

static enum err
seal(const struct epoch_roster *roster, const struct texts *texts,
    struct epoch_dealt *ret)
{
	struct age_recipient to[AGE_RECIPIENTS_MAX];
	size_t count;

	for (size_t i = 0; i < roster->len; i++) {
		RETURN_IF(epoch_seat_recipients(&roster->seat[i], to, &count));
		RETURN_IF(share_seal(to, count, bytes_buf(&texts->of[i]),
		    &ret->file[i]));
	}
	ret->len = roster->len;
	return ERR_OK;
}

enum err
epoch_deal(const struct secret *ek, const struct epoch_facts *facts,
    const struct epoch_roster *roster, struct epoch_dealt *ret,
    struct err_info *info)
{
	CLEANUP(epoch_dealt_release) struct epoch_dealt d = {0};
	CLEANUP(texts_release) struct texts texts = {0};

	if (secret_len(ek) != EPOCH_KEY_LEN)
		return ERR_CRYPTO;
	RETURN_IF(epoch_roster_check(roster, info));
	RETURN_IF(describe(ek, facts, roster, &d.epoch, info));
	RETURN_IF(split(ek, roster, &d.epoch, &texts));
	RETURN_IF(epoch_text_write(&d.epoch, &d.text, info));
	RETURN_IF(epoch_parse(bytes_buf(&d.text), &d.epoch, info));
	RETURN_IF(check(ek, &d.epoch, &texts, info));
	RETURN_IF(seal(roster, &texts, &d));
	epoch_dealt_release(ret);
	*ret = d;
	d = (struct epoch_dealt){0};    /* moved */
	return ERR_OK;
}
