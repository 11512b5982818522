/* keys/share.c - share texts, and whether they are an epoch's. */
#include "keys/share.h"

#include <stdio.h>
#include <string.h>

#include "keys/epoch_internal.h"
#include "keys/share_internal.h"

static const char *const share_keys[] = {
	EPOCH_HEAD_KEYS, "charter-sha256", "key-commitment", "seat", "x",
	"threshold", "seats", "share", NULL,
};
static const struct text_schema share_schema = {
	.kind = "share", .keys = share_keys,
};

static void
take_head(const struct epoch_head *h, struct share *ret)
{
	ret->kind = h->kind;
	ret->day = h->day;
	memcpy(ret->owner, h->owner, sizeof(h->owner));
	memcpy(ret->epoch, h->id, sizeof(h->id));
	memcpy(ret->subject, h->subject, sizeof(h->subject));
	memcpy(ret->subject_sha256, h->subject_sha256, DIGEST_LEN);
}

static void
head_of(const struct share *s, struct epoch_head *ret)
{
	*ret = (struct epoch_head){.kind = s->kind, .day = s->day};
	memcpy(ret->owner, s->owner, sizeof(ret->owner));
	memcpy(ret->id, s->epoch, sizeof(ret->id));
	memcpy(ret->subject, s->subject, sizeof(ret->subject));
	memcpy(ret->subject_sha256, s->subject_sha256, DIGEST_LEN);
}

static enum err
get_labels(const struct text *t, struct share *ret, struct err_info *info)
{
	struct epoch_head head;
	uint64_t x;

	RETURN_IF(epoch_head_get(t, &head, info));
	take_head(&head, ret);
	RETURN_IF(text_get_hex(t, "charter-sha256", ret->charter_sha256,
	    DIGEST_LEN, info));
	RETURN_IF(text_get_hex(t, "key-commitment", ret->commitment,
	    DIGEST_LEN, info));
	RETURN_IF(epoch_head_word(t, "seat", ret->seat, info));
	RETURN_IF(text_get_uint(t, "x", 1, 255, &x, info));
	ret->x = (uint8_t)x;
	return epoch_seats_get_counts(t, &ret->threshold, &ret->seats, info);
}

enum err
share_parse(struct bytes text, struct share *ret,
    uint8_t ret_value[EPOCH_KEY_LEN], struct err_info *info)
{
	CLEANUP(text_cleanup) struct text *t = NULL;
	SECRET_BYTES(value, EPOCH_KEY_LEN);
	struct share s = {0};

	if (text.len > SHARE_TEXT_MAX)
		return err_at(info, ERR_LIMIT, 0, "a share is shorter");
	RETURN_IF(text_parse(text, &share_schema, &t, info));
	RETURN_IF(get_labels(t, &s, info));
	RETURN_IF(text_get_hex(t, "share", value, EPOCH_KEY_LEN, info));
	digest_sha256(text, s.sha256);
	memcpy(ret_value, value, EPOCH_KEY_LEN);
	*ret = s;
	return ERR_OK;
}

enum err
share_write(const struct share *s, const uint8_t value[EPOCH_KEY_LEN],
    struct buf *out)
{
	struct text_writer w;
	struct epoch_head head;

	head_of(s, &head);
	RETURN_IF(epoch_head_check(&head, NULL));
	text_begin(&w, &share_schema, out);
	epoch_head_put(&w, &head);
	text_put_hex(&w, "charter-sha256", s->charter_sha256, DIGEST_LEN);
	text_put_hex(&w, "key-commitment", s->commitment, DIGEST_LEN);
	text_put(&w, "seat", s->seat);
	text_put_uint(&w, "x", s->x);
	text_put_uint(&w, "threshold", s->threshold);
	text_put_uint(&w, "seats", s->seats);
	text_put_hex(&w, "share", value, EPOCH_KEY_LEN);
	return text_end(&w, NULL);
}

void
share_labels(const struct epoch *epoch, const struct epoch_seats *seats,
    const struct epoch_seat *seat, struct share *ret)
{
	struct epoch_head head;

	*ret = (struct share){0};
	epoch_text_head(epoch, &head);
	take_head(&head, ret);
	memcpy(ret->charter_sha256, seats->charter_sha256, DIGEST_LEN);
	memcpy(ret->commitment, epoch->commitment, DIGEST_LEN);
	(void)snprintf(ret->seat, sizeof(ret->seat), "%s", seat->name);
	ret->x = seat->x;
	ret->threshold = seats->threshold;
	ret->seats = seats->len;
}

/* ---- is it this epoch's? ---- */

static int
same_digest(const uint8_t a[DIGEST_LEN], const uint8_t b[DIGEST_LEN])
{
	return memcmp(a, b, DIGEST_LEN) == 0;
}

/* The first label that is not the epoch's; NULL when all are. */
static const char *
wrong_label(const struct share *s, const struct epoch *e,
    const struct epoch_seats *seats)
{
	if (s->kind != e->facts.kind)
		return "kind";
	if (strcmp(s->owner, e->facts.owner) != 0)
		return "owner";
	if (memcmp(s->epoch, e->facts.id, EPOCH_ID_LEN) != 0)
		return "epoch";
	if (strcmp(s->subject, e->facts.subject) != 0)
		return "subject";
	if (!same_digest(s->subject_sha256, e->facts.subject_sha256))
		return "subject-sha256";
	if (s->day != e->day)
		return "day";
	if (!same_digest(s->commitment, e->commitment))
		return "key-commitment";
	if (!same_digest(s->charter_sha256, seats->charter_sha256))
		return "charter-sha256";
	if (s->threshold != seats->threshold)
		return "threshold";
	if (s->seats != seats->len)
		return "seats";
	return NULL;
}

enum err
share_check(const struct share *s, const struct epoch *epoch,
    const struct epoch_seats *in_force, struct err_info *info)
{
	const struct epoch_seats *seats =
	    in_force != NULL ? in_force : &epoch->dealt;
	const struct epoch_line *line = epoch_seats_find(seats, s->seat);
	const char *label = wrong_label(s, epoch, seats);

	if (label != NULL)
		return err_at(info, ERR_MISMATCH, 0,
		    "the share of seat %s is not of this epoch: its %s is "
		    "another", s->seat, label);
	if (line == NULL)
		return err_at(info, ERR_MISMATCH, 0,
		    "seat %s holds no share of this epoch", s->seat);
	if (!same_digest(s->sha256, line->share_sha256))
		return err_at(info, ERR_SHARE, 0,
		    "the share of seat %s is not the one that was dealt: its "
		    "digest does not match", s->seat);
	return ERR_OK;
}
