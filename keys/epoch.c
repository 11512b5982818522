/* keys/epoch.c - epoch.txt, and the commitment to its key. */
#include "keys/epoch.h"

#include <string.h>

#include "core/clock.h"
#include "keys/epoch_internal.h"

static const char *const epoch_keys[] = {
	EPOCH_HEAD_KEYS, "opened", "charter-sha256", "threshold", "seats",
	"key-commitment", "share-#", "source-#", "consent-text-#", NULL,
};
static const struct text_schema epoch_schema = {
	.kind = "epoch", .keys = epoch_keys,
};

void
epoch_commit(const uint8_t ek[EPOCH_KEY_LEN], const struct epoch_facts *facts,
    uint8_t ret[DIGEST_LEN])
{
	const struct bytes parts[] = {
		bytes_str(epoch_kind_name(facts->kind)),
		bytes_str(facts->owner),
		bytes_of(facts->id, sizeof(facts->id)),
		bytes_of(facts->subject_sha256, DIGEST_LEN),
		bytes_of(facts->charter_sha256, DIGEST_LEN),
	};

	digest_kb_lp(ret, DIGEST_LEN, ek, "azk1.epoch.com", parts,
	    ARRAY_LEN(parts));
}

enum err
epoch_check_key(const struct epoch *epoch, const uint8_t ek[EPOCH_KEY_LEN])
{
	SECRET_BYTES(commitment, DIGEST_LEN);

	epoch_commit(ek, &epoch->facts, commitment);
	return secret_bytes_equal(commitment, epoch->commitment, DIGEST_LEN) ?
	    ERR_OK : ERR_MISMATCH;
}

void
epoch_text_head(const struct epoch *e, struct epoch_head *ret)
{
	*ret = (struct epoch_head){.kind = e->facts.kind, .day = e->day};
	memcpy(ret->owner, e->facts.owner, sizeof(ret->owner));
	memcpy(ret->id, e->facts.id, sizeof(ret->id));
	memcpy(ret->subject, e->facts.subject, sizeof(ret->subject));
	memcpy(ret->subject_sha256, e->facts.subject_sha256, DIGEST_LEN);
}

static void
take_head(const struct epoch_head *h, struct epoch *ret)
{
	ret->facts.kind = h->kind;
	ret->day = h->day;
	memcpy(ret->facts.owner, h->owner, sizeof(h->owner));
	memcpy(ret->facts.id, h->id, sizeof(h->id));
	memcpy(ret->facts.subject, h->subject, sizeof(h->subject));
	memcpy(ret->facts.subject_sha256, h->subject_sha256, DIGEST_LEN);
}

enum err
epoch_text_write(const struct epoch *e, struct buf *out, struct err_info *info)
{
	struct text_writer w;
	struct epoch_head head;

	epoch_text_head(e, &head);
	text_begin(&w, &epoch_schema, out);
	epoch_head_put(&w, &head);
	text_put_time(&w, "opened", e->facts.opened_unix_s);
	epoch_seats_put_counts(&w, &e->dealt);
	text_put_hex(&w, "key-commitment", e->commitment, DIGEST_LEN);
	epoch_seats_put_lines(&w, &e->dealt);
	epoch_lists_put(&w, e->facts.lists);
	return text_end(&w, info);
}

static enum err
get_all(const struct text *t, struct epoch *ret, struct err_info *info)
{
	struct epoch_head head;

	RETURN_IF(epoch_head_get(t, &head, info));
	take_head(&head, ret);
	RETURN_IF(text_get_time(t, "opened", &ret->facts.opened_unix_s, info));
	if (clock_jst_day(ret->facts.opened_unix_s) != ret->day)
		return err_at(info, ERR_MISMATCH, 0,
		    "day: not the day, in Japan, of opened");
	RETURN_IF(text_get_hex(t, "key-commitment", ret->commitment,
	    DIGEST_LEN, info));
	RETURN_IF(epoch_seats_get(t, &ret->dealt, info));
	memcpy(ret->facts.charter_sha256, ret->dealt.charter_sha256,
	    DIGEST_LEN);
	return ERR_OK;
}

/* Text into both; ${lists} is empty before. */
static enum err
parse_both(struct bytes text, struct epoch *ret, struct epoch_lists *lists,
    struct err_info *info)
{
	CLEANUP(text_cleanup) struct text *t = NULL;

	if (text.len > EPOCH_TEXT_MAX)
		return err_at(info, ERR_LIMIT, 0, "an epoch.txt is shorter");
	RETURN_IF(text_parse(text, &epoch_schema, &t, info));
	RETURN_IF(get_all(t, ret, info));
	return epoch_lists_get(t, ret->facts.kind, lists, info);
}

enum err
epoch_parse(struct bytes text, struct epoch *ret, struct err_info *info)
{
	CLEANUP(epoch_lists_release) struct epoch_lists lists = {0};
	struct epoch e = {0};

	RETURN_IF(parse_both(text, &e, &lists, info));
	digest_sha256(text, e.sha256);
	*ret = e;
	return ERR_OK;
}

enum err
epoch_lists_parse(struct bytes text, struct epoch_lists *ret,
    struct err_info *info)
{
	CLEANUP(epoch_lists_release) struct epoch_lists lists = {0};
	struct epoch e = {0};

	RETURN_IF(parse_both(text, &e, &lists, info));
	lists.opened_unix_s = e.facts.opened_unix_s;
	lists.of_first_format = e.facts.kind == EPOCH_KIND_EPOCH &&
	    lists.sources_len == 0;
	*ret = lists;
	lists = (struct epoch_lists){0};        /* moved */
	return ERR_OK;
}
