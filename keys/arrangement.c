/* keys/arrangement.c - share lines that replace those of an epoch.txt. */
#include "keys/arrangement.h"

#include <stdlib.h>
#include <string.h>

#include "core/encode.h"
#include "keys/epoch_internal.h"

static const char *const arrangement_keys[] = {
	"owner", "epoch", "epoch-sha256", "number", "charter-sha256",
	"threshold", "seats", "share-#", NULL,
};
static const struct text_schema arrangement_schema = {
	.kind = "arrangement", .keys = arrangement_keys,
};

static enum err
get_all(const struct text *t, struct arrangement *ret, struct err_info *info)
{
	RETURN_IF(epoch_head_owner(t, "owner", ret->owner, info));
	RETURN_IF(text_get_hex(t, "epoch", ret->epoch, EPOCH_ID_LEN, info));
	RETURN_IF(text_get_hex(t, "epoch-sha256", ret->epoch_sha256,
	    DIGEST_LEN, info));
	RETURN_IF(text_get_uint(t, "number", 1, UINT32_MAX, &ret->number,
	    info));
	return epoch_seats_get(t, &ret->seats, info);
}

static int
is_of(const struct arrangement *a, const struct epoch *epoch)
{
	return strcmp(a->owner, epoch->facts.owner) == 0 &&
	    memcmp(a->epoch, epoch->facts.id, EPOCH_ID_LEN) == 0 &&
	    memcmp(a->epoch_sha256, epoch->sha256, DIGEST_LEN) == 0;
}

enum err
arrangement_parse(struct bytes text, const struct epoch *epoch,
    struct arrangement *ret, struct err_info *info)
{
	CLEANUP(text_cleanup) struct text *t = NULL;
	struct arrangement a = {0};

	if (text.len > EPOCH_TEXT_MAX)
		return err_at(info, ERR_LIMIT, 0, "an arrangement is shorter");
	RETURN_IF(text_parse(text, &arrangement_schema, &t, info));
	RETURN_IF(get_all(t, &a, info));
	if (!is_of(&a, epoch))
		return err_at(info, ERR_MISMATCH, 0,
		    "the arrangement is of another epoch");
	digest_sha256(text, a.sha256);
	*ret = a;
	return ERR_OK;
}

enum err
arrangement_write(const struct epoch *epoch, uint64_t number,
    const struct epoch_seats *seats, struct buf *out, struct err_info *info)
{
	CLEANUP(buf_release) struct buf text = {0};
	struct arrangement parsed;
	struct text_writer w;

	text_begin(&w, &arrangement_schema, &text);
	text_put(&w, "owner", epoch->facts.owner);
	text_put_hex(&w, "epoch", epoch->facts.id, EPOCH_ID_LEN);
	text_put_hex(&w, "epoch-sha256", epoch->sha256, DIGEST_LEN);
	text_put_uint(&w, "number", number);
	epoch_seats_put_counts(&w, seats);
	epoch_seats_put_lines(&w, seats);
	RETURN_IF(text_end(&w, info));
	RETURN_IF(arrangement_parse(bytes_buf(&text), epoch, &parsed, info));
	return buf_append(out, text.data, text.len);
}

static int
by_epoch(const void *a, const void *b)
{
	const struct arrangement *x = a, *y = b;

	return memcmp(x->epoch, y->epoch, EPOCH_ID_LEN);
}

enum err
arrangement_digest(struct arrangement *list, size_t len,
    uint8_t ret[DIGEST_LEN])
{
	CLEANUP(buf_release) struct buf lines = {0};

	if (len > 1)
		qsort(list, len, sizeof(*list), by_epoch);
	for (size_t i = 0; i < len; i++) {
		char id[2 * EPOCH_ID_LEN + 1], digest[DIGEST_HEX_LEN + 1];

		if (i > 0 && by_epoch(&list[i - 1], &list[i]) == 0)
			return ERR_DUPLICATE;
		encode_hex(list[i].epoch, EPOCH_ID_LEN, id);
		digest_to_hex(list[i].sha256, digest);
		RETURN_IF(buf_printf(&lines, "%s %s\n", id, digest));
	}
	digest_sha256(bytes_buf(&lines), ret);
	return ERR_OK;
}
