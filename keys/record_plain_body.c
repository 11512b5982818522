/* keys/record_plain_body.c - bodies of records that are not packed answers. */
#include <string.h>

#include "keys/record_plain.h"

#define SCOPES_KNOWN (RECORD_PLAIN_SUPPORT | RECORD_PLAIN_RESEARCH | \
	RECORD_PLAIN_RECONTACT | RECORD_PLAIN_ALL)

/* At least one scope, all known; `all` where it is allowed, and alone. */
static int
scopes_hold(uint8_t scopes, int all_allowed)
{
	if (scopes == 0 || (scopes & ~SCOPES_KNOWN) != 0)
		return 0;
	if ((scopes & RECORD_PLAIN_ALL) != 0)
		return all_allowed && scopes == RECORD_PLAIN_ALL;
	return 1;
}

/* scopes | digest of the text */
static enum err
read_first(struct bytes body, struct record_plain_consent *ret)
{
	if (body.len != 1 + DIGEST_LEN || !scopes_hold(body.data[0], 0))
		return ERR_CORRUPT;
	ret->scopes = body.data[0];
	memcpy(ret->text_sha256, body.data + 1, DIGEST_LEN);
	return ERR_OK;
}

enum err
record_plain_consent_write(const struct epoch_lists *lists,
    const struct record_plain_consent *c, struct buf *out)
{
	uint8_t text = epoch_lists_text(lists, c->text_sha256);

	if (!scopes_hold(c->scopes, 0))
		return ERR_RANGE;
	if (text == 0)
		return ERR_UNKNOWN;
	RETURN_IF(buf_reserve(out, 2));
	RETURN_IF(buf_append_u8(out, c->scopes));
	return buf_append_u8(out, text);
}

enum err
record_plain_consent_read(const struct epoch_lists *lists, struct bytes body,
    struct record_plain_consent *ret)
{
	if (lists->of_first_format)
		return read_first(body, ret);
	if (body.len != 2 || !scopes_hold(body.data[0], 0) ||
	    body.data[1] == 0 || body.data[1] > lists->texts_len)
		return ERR_CORRUPT;
	ret->scopes = body.data[0];
	memcpy(ret->text_sha256, lists->texts[body.data[1] - 1], DIGEST_LEN);
	return ERR_OK;
}

enum err
record_plain_withdrawal_write(const struct record_plain_withdrawal *w,
    struct buf *out)
{
	if (!scopes_hold(w->scopes, 1))
		return ERR_RANGE;
	RETURN_IF(buf_reserve(out, 2));
	RETURN_IF(buf_append_u8(out, w->scopes));
	return buf_append_u8(out, w->permanent ? 1 : 0);
}

enum err
record_plain_withdrawal_read(struct bytes body,
    struct record_plain_withdrawal *ret)
{
	if (body.len != 2 || !scopes_hold(body.data[0], 1) || body.data[1] > 1)
		return ERR_CORRUPT;
	ret->scopes = body.data[0];
	ret->permanent = body.data[1];
	return ERR_OK;
}

enum err
record_plain_quarantine_write(const struct record_plain_quarantine *q,
    struct buf *out)
{
	if (q->reason.len < 1 || q->reason.len > 255)
		return ERR_RANGE;
	RETURN_IF(buf_reserve(out, 1 + q->reason.len + q->line.len));
	RETURN_IF(buf_append_u8(out, (uint8_t)q->reason.len));
	RETURN_IF(buf_append(out, q->reason.data, q->reason.len));
	return buf_append(out, q->line.data, q->line.len);
}

enum err
record_plain_quarantine_read(struct bytes body,
    struct record_plain_quarantine *ret)
{
	struct record_plain_quarantine q;
	uint8_t len;

	if (bytes_take_u8(&body, &len) != ERR_OK || len == 0 ||
	    bytes_take(&body, len, &q.reason) != ERR_OK)
		return ERR_CORRUPT;
	q.line = body;
	*ret = q;
	return ERR_OK;
}
